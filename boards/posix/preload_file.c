/* SPDX-License-Identifier: MIT */
/* The file of the key preload, through a buffer of our own. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload_file.h"

enum {
	PIECE = 4096,
	SHOWN_MAX = 4 * STS_NAME_MAX + 1
};

/* A descriptor, or -1 with errno. What is no regular file is refused: a pipe
 * must not stop the daemon. */
static int
open_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
		return -1;
	}
	return fd;
}

void
sts_preload_file_begin(struct sts_preload_file *f, const char *path,
    struct sts_span area, struct sts_preload *list)
{
	f->path = path;
	f->fd = open_file(path);
	f->error = f->fd < 0 ? errno : 0;
	f->ended = false;
	sts_preload_begin(&f->read, list, area);
}

bool
sts_preload_file_step(struct sts_preload_file *f)
{
	uint8_t buf[PIECE];
	ssize_t n;

	if (f->error != 0) {
		return false;
	}
	if (f->ended) {
		return sts_preload_work(&f->read);
	}
	n = read(f->fd, buf, sizeof buf);
	if (n < 0 && errno != EINTR) {
		f->error = errno;
	} else if (n >= 0) {
		f->ended = n == 0 || !sts_preload_feed(
					 &f->read, sts_text(buf, (size_t)n));
	}
	return f->error == 0;
}

bool
sts_preload_file_end(struct sts_preload_file *f, char why[STS_CONF_WHY_MAX])
{
	const struct sts_preload_read *r = &f->read;
	char shown[SHOWN_MAX];

	if (f->fd >= 0) {
		close(f->fd);
	}
	if (f->error != 0) {
		snprintf(why, STS_CONF_WHY_MAX, "%s: %s", f->path,
		    strerror(f->error));
		return false;
	}
	enum sts_preload_error e = sts_preload_end(&f->read);

	if (e == STS_PRELOAD_OK) {
		return true;
	}
	sts_log_escape(sts_text(r->name, r->name_len), shown, sizeof shown);
	snprintf(why, STS_CONF_WHY_MAX, "%s:%u: %s%s%s", f->path,
	    (unsigned)r->line, shown, r->name_len > 0 ? ": " : "",
	    sts_preload_error_text(e));
	return false;
}

bool
sts_preload_file_load(struct sts_preload_file *f, const char *path,
    struct sts_span area, struct sts_preload *list, char why[STS_CONF_WHY_MAX])
{
	sts_preload_file_begin(f, path, area, list);
	while (sts_preload_file_step(f)) {
	}
	return sts_preload_file_end(f, why);
}
