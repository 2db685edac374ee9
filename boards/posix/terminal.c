/* SPDX-License-Identifier: MIT */
/* What an output can show: see terminal.h. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* struct winsize */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "terminal.h"

enum {
	COLUMNS = 80,
	ROWS = 24
}; /* of a terminal that does not know */

bool
sts_terminal_draws(int fd)
{
	const char *kind = getenv("TERM");

	return isatty(fd) != 0 && kind != NULL && kind[0] != '\0' &&
	       strcmp(kind, "dumb") != 0;
}

bool
sts_terminal_colours(int fd)
{
	const char *no = getenv("NO_COLOR");

	return sts_terminal_draws(fd) && (no == NULL || no[0] == '\0');
}

static size_t
at_least(unsigned n, size_t unknown)
{
	return n == 0 ? unknown : n < STS_TERMINAL_MIN ? STS_TERMINAL_MIN : n;
}

void
sts_terminal_size(int fd, size_t *columns, size_t *rows)
{
	struct winsize size = { 0, 0, 0, 0 };

	*columns = *rows = SIZE_MAX;
	if (isatty(fd) != 0) {
		(void)ioctl(fd, TIOCGWINSZ, &size);
		*columns = at_least(size.ws_col, COLUMNS);
		*rows = at_least(size.ws_row, ROWS);
	}
}
