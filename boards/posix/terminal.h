/* SPDX-License-Identifier: MIT */
/*
 * What an output can show: lines that are drawn again, colours, how wide and
 * high it is. A pipe, a file and a terminal of TERM=dumb, which has none of the
 * escape sequences, get plain lines.
 */
#ifndef STS_TERMINAL_H
#define STS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum {
	STS_TERMINAL_MIN = 16 /* columns and rows; a smaller one has so many */
};

/* Sequences that every terminal of today knows (ECMA-48). */
#define STS_TERMINAL_LINE "\r\033[K" /* begin this line anew */
#define STS_TERMINAL_TOP "\033[H\033[J" /* an empty screen */
/* Between these a line that is too long is cut, not continued: the sequence
 * that begins it anew would leave its first row behind. */
#define STS_TERMINAL_CUT "\033[?7l"
#define STS_TERMINAL_WRAP "\033[?7h"

/* Whether those sequences do something at `fd`. */
bool sts_terminal_draws(int fd);

/* Whether colours do, and are wanted (NO_COLOR is not set). */
bool sts_terminal_colours(int fd);

/* Columns and rows of `fd`; without a terminal, both SIZE_MAX. */
void sts_terminal_size(int fd, size_t *columns, size_t *rows);

#endif
