/* SPDX-License-Identifier: MIT */
/* A text file, line by line. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "lines.h"

int
sts_lines_open(struct sts_lines *l, const char *path)
{
	struct stat st;

	memset(l, 0, sizeof *l);
	/* A pipe must not stop the daemon when it reads this file again; and
	 * a pipe without a writer would be read as an empty file. */
	l->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (l->fd < 0) {
		return -1;
	}
	if (fstat(l->fd, &st) == 0 &&
	    (S_ISDIR(st.st_mode) || S_ISFIFO(st.st_mode))) {
		close(l->fd);
		errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
		return -1;
	}
	return 0;
}

void
sts_lines_close(struct sts_lines *l)
{
	close(l->fd);
	l->fd = -1;
}

void
sts_lines_rewind(struct sts_lines *l)
{
	l->number = 0;
	l->cut = false;
	l->pos = l->len = l->total = 0;
	if (lseek(l->fd, 0, SEEK_SET) < 0) {
		l->error = errno;
	}
}

/* Move what is left to the front and read on. False: nothing came. */
static bool
fill(struct sts_lines *l)
{
	ssize_t n = -1;

	l->len -= l->pos;
	memmove(l->buf, l->buf + l->pos, l->len);
	l->pos = 0;
	if (l->len == sizeof l->buf || l->error != 0) {
		return false;
	}
	if (l->total >= STS_LINES_FILE_MAX) {
		l->error = EFBIG; /* a device, or somebody writes for ever */
		return false;
	}
	do {
		n = read(l->fd, l->buf + l->len, sizeof l->buf - l->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		l->error = errno;
	}
	if (n <= 0) {
		return false;
	}
	l->len += (size_t)n;
	l->total += (size_t)n;
	return true;
}

/* Skip to the end of a line whose beginning was given. */
static void
skip_rest(struct sts_lines *l)
{
	while (l->cut) {
		const uint8_t *end =
		    memchr(l->buf + l->pos, '\n', l->len - l->pos);

		l->cut = end == NULL;
		l->pos = end == NULL ? l->len : (size_t)(end - l->buf) + 1;
		if (l->cut && !fill(l)) {
			l->cut = false;
		}
	}
}

bool
sts_lines_next(struct sts_lines *l, struct sts_text *line)
{
	const uint8_t *end = NULL;

	skip_rest(l);
	do {
		end = memchr(l->buf + l->pos, '\n', l->len - l->pos);
	} while (end == NULL && fill(l));
	size_t left = l->len - l->pos;

	if (l->error != 0 || left == 0) {
		return false;
	}
	l->cut = end == NULL && left == sizeof l->buf;
	line->p = l->buf + l->pos;
	line->n = end == NULL ? left : (size_t)(end - line->p);
	l->pos += end == NULL ? left : line->n + 1;
	l->number++;
	return true;
}
