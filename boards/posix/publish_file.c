/* SPDX-License-Identifier: MIT */
/*
 * A file that others read while it is replaced: they see the old one or the new
 * one and never a half. A full disk is found out before the rename.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../port/posix/store.h"
#include "publish.h"

enum {
	PATH_MAX_ = 1024,
	NAMES = 16, /* of a file beside another */
	MODE = 0644
};

const char *
sts_publish_read(const char *path, uint8_t *buf, size_t size, size_t *n)
{
	/* A pipe must not make this wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t got = 1;

	*n = 0;
	if (fd < 0) {
		return strerror(errno);
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return "it is not a regular file";
	}
	while (got > 0 && *n < size) {
		got = read(fd, buf + *n, size - *n);
		*n += got > 0 ? (size_t)got : 0;
	}
	int err = errno;

	close(fd);
	errno = got < 0 ? err : EFBIG;
	return got < 0 ? strerror(err) : *n == size ? "it is too large" : NULL;
}

/* Whether the file holds exactly the text. */
static bool
holds(const char *path, struct sts_text text)
{
	static uint8_t buf[STS_PUBLISH_FILE_MAX + 1];
	size_t n;

	return sts_publish_read(path, buf, sizeof buf, &n) == NULL &&
	       sts_text_same(sts_text(buf, n), text);
}

/* A web server that reads the old one by its owner or group must be able to read
 * the new one. 0, or errno. */
static int
give(int fd, const struct stat *old)
{
	if (fchown(fd, old->st_uid, old->st_gid) == 0 ||
	    (old->st_mode & S_IROTH) != 0) {
		return 0;
	}
	return errno;
}

/* Write all and make it durable. old: NULL, or whose mode and owner it gets. 0,
 * or errno. */
static int
fill(int fd, struct sts_text text, const struct stat *old)
{
	mode_t mode = old != NULL ? old->st_mode & 0777 : MODE;
	int err = 0;

	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0) {
			return errno;
		}
		text = sts_text(text.p + n, text.n - (size_t)n);
	}
	err = old != NULL ? give(fd, old) : 0;
	if (err != 0) {
		return err;
	}
	/* The web server has to read it, whatever our umask is. */
	return fchmod(fd, mode) != 0 || fsync(fd) != 0 ? errno : 0;
}

/* Make a file beside that of the path; what a process of this number left when
 * it was killed stays, as in a container each has that. A descriptor, or -1 with
 * errno. */
static int
open_beside(const char *path, char name[PATH_MAX_])
{
	int fd = -1;

	errno = EEXIST;
	for (unsigned i = 0; i < NAMES && fd < 0 && errno == EEXIST; i++) {
		int n = snprintf(
		    name, PATH_MAX_, "%s.new-%ld-%u", path, (long)getpid(), i);

		if (n >= PATH_MAX_) {
			errno = ENAMETOOLONG;
			break;
		}
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	}
	return fd;
}

/* Write the text beside the file, and put it in the file's place. 0, or errno,
 * and the file is as it was. */
static int
replace(const char *path, struct sts_text text, const struct stat *old)
{
	static char temporary[PATH_MAX_];
	int fd = open_beside(path, temporary);

	if (fd < 0) {
		return errno;
	}
	int err = fill(fd, text, old);

	err = close(fd) != 0 && err == 0 ? errno : err;
	if (err == 0 && rename(temporary, path) != 0) {
		err = errno;
	}
	if (err != 0) {
		unlink(temporary);
	}
	return err;
}

const char *
sts_publish_write(const char *path, struct sts_text text, bool *changed)
{
	struct stat st;
	const struct stat *old = NULL;

	*changed = false;
	if (lstat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode)) {
			return "what is there is not a regular file";
		}
		if (holds(path, text)) {
			return NULL;
		}
		old = &st;
	}
	int err = replace(path, text, old);

	*changed = err == 0;
	/* The rename is durable once its folder is. */
	err = err == 0 ? sts_store_sync_folder(path) : err;
	return err == 0 ? NULL : strerror(err);
}
