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

/* 0, or errno. Ends early where the list is refused. */
static int
feed(int fd, struct sts_preload_read *r)
{
	uint8_t buf[PIECE];
	ssize_t n;

	do {
		n = read(fd, buf, sizeof buf);
		if (n < 0 && errno != EINTR) {
			return errno;
		}
	} while (
	    n < 0 || (n > 0 && sts_preload_feed(r, sts_text(buf, (size_t)n))));
	return 0;
}

bool
sts_preload_file_load(const char *path, struct sts_span area,
    struct sts_preload *list, char why[STS_CONF_WHY_MAX])
{
	static struct sts_preload_read r;
	char shown[SHOWN_MAX];
	int fd = open_file(path);
	int err = errno;

	if (fd >= 0) {
		sts_preload_begin(&r, list, area);
		err = feed(fd, &r);
		close(fd);
	}
	if (fd < 0 || err != 0) {
		snprintf(why, STS_CONF_WHY_MAX, "%s: %s", path, strerror(err));
		return false;
	}
	enum sts_preload_error e = sts_preload_end(&r);

	if (e == STS_PRELOAD_OK) {
		return true;
	}
	sts_log_escape(sts_text(r.name, r.name_len), shown, sizeof shown);
	snprintf(why, STS_CONF_WHY_MAX, "%s:%u: %s%s%s", path, (unsigned)r.line,
	    shown, r.name_len > 0 ? ": " : "", sts_preload_error_text(e));
	return false;
}
