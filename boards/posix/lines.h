/* SPDX-License-Identifier: MIT */
/*
 * A text file, line by line, through a buffer of our own (the C library's
 * streams take memory).
 */
#ifndef STS_LINES_H
#define STS_LINES_H

#include "../../core/base/bytes.h"

enum {
	STS_LINE_MAX = 4096,
	STS_LINES_FILE_MAX = 64 << 20 /* octets; more is an error, EFBIG */
};

struct sts_lines {
	/* Of the line that was given last. */
	unsigned number; /* from 1 */
	bool cut; /* it was longer than STS_LINE_MAX; this is its beginning */
	int error; /* errno that ended the reading early, or 0 */
	/* Private. */
	int fd;
	size_t pos, len;
	size_t total; /* octets of the file so far */
	uint8_t buf[STS_LINE_MAX];
};

/* 0, or -1 with errno. Directories (EISDIR) and pipes (ESPIPE) are refused;
 * nothing that has that name makes this wait. */
int sts_lines_open(struct sts_lines *l, const char *path);
void sts_lines_close(struct sts_lines *l);

/* Begin again. */
void sts_lines_rewind(struct sts_lines *l);

/* The next line without its end, valid until the next call; false: no more,
 * or l->error. */
bool sts_lines_next(struct sts_lines *l, struct sts_text *line);

#endif
