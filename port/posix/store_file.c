/* SPDX-License-Identifier: MIT */
/*
 * The file behind a store: opened, locked, made anew, named. `fd` is what is
 * read and written, `lock` the descriptor that the lock belongs to, if it is
 * another one; both stay open as long as the store is, so no second instance
 * writes.
 *
 * The attacker is another user who may write to the folder: links are not
 * followed, what has the name of a new file loses it unread, a pipe is not
 * waited for, and a file whose name leads elsewhere is not taken for ours.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "store_parts.h"

enum {
	FOLDER_MAX = 1024,
	/* A pipe or a terminal in its place is refused, not waited for. */
	FLAGS = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
};

/* Whether the name still leads to the file that was locked. */
static bool
same_file(int fd, const char *path, struct stat *here)
{
	struct stat there;

	return fstat(fd, here) == 0 && lstat(path, &there) == 0 &&
	       here->st_dev == there.st_dev && here->st_ino == there.st_ino;
}

/* Lock the file, and see that it still has its name. 0, or -1 with errno. */
static int
lock(int fd, const char *path, struct stat *st)
{
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		return -1;
	}
	if (!same_file(fd, path, st)) {
		errno =
		    EWOULDBLOCK; /* the owner put another file in its place */
		return -1;
	}
	return 0;
}

/* For reading only, where that is all that the disk, or the file's owner, lets
 * us do; *error then says what forbids the rest. */
static int
open_file(const char *path, int *error)
{
	int fd = open(path, O_RDWR | FLAGS);

	if (fd >= 0 || (errno != EROFS && errno != EACCES && errno != EPERM)) {
		return fd;
	}
	*error = errno;
	return open(path, O_RDONLY | FLAGS);
}

/*
 * A file of that name was left over by a killed instance, unless one still
 * holds its lock; or it is a link that somebody put there, to a file that we
 * may write. So nothing is written to what was there: it loses its name.
 */
static int
create_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | FLAGS, 0600);

	if (fd >= 0 || errno != EEXIST) {
		return fd;
	}
	int left = open(path, O_RDONLY | FLAGS);

	if (left >= 0) {
		int rc = lock(left, path, &st);
		int err = errno;

		if (rc == 0) {
			unlink(path);
		}
		close(left);
		errno = err;
		if (rc != 0) {
			return -1;
		}
	} else if (unlink(path) != 0) {
		return -1;
	}
	return open(path, O_RDWR | O_CREAT | O_EXCL | FLAGS, 0600);
}

/* Fill a block of the new file from the old one, as far as that goes. */
static int
fill_block(struct sts_file_store *s, unsigned area, uint32_t at,
    const struct sts_file_store *old)
{
	static uint8_t block[STS_STORE_ERASE_SIZE];
	uint64_t off = (uint64_t)area * s->store.area_size + at;

	if (old == NULL || at >= old->store.area_size) {
		return sts_store_write_at(
		    s->fd, off, sts_store_erased(), sizeof block);
	}
	int error = sts_store_read_at(old->fd,
	    (uint64_t)area * old->store.area_size + at, block, sizeof block);

	return error != 0 ? error
			  : sts_store_write_at(s->fd, off, block, sizeof block);
}

/* Whether that many octets seem to fit on the disk, where it says what is free.
 * To find out by filling it would take the last octet from all others who write
 * there, the mail queue among them. */
static bool
has_room(int fd, uint64_t octets)
{
	struct statvfs v;

	return fstatvfs(fd, &v) != 0 || v.f_blocks == 0 ||
	       (uint64_t)v.f_bavail * v.f_frsize >= octets;
}

bool
sts_store_has_name(const struct sts_file_store *s, const char *path)
{
	struct stat st;

	return same_file(s->fd, path, &st);
}

bool
sts_store_writable(const struct sts_file_store *s)
{
	return (fcntl(s->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
}

/* The lock belongs to what was opened first, which stays. */
int
sts_store_reopen(struct sts_file_store *s, const char *path)
{
	struct stat was, is;
	int fd = open(path, O_RDWR | FLAGS);

	STS_ASSERT(s->lock < 0);
	if (fd < 0) {
		return -1;
	}
	if (fstat(s->fd, &was) != 0 || fstat(fd, &is) != 0 ||
	    was.st_dev != is.st_dev || was.st_ino != is.st_ino) {
		close(fd);
		errno = ESTALE;
		return -1;
	}
	s->lock = s->fd;
	s->fd = fd;
	return 0;
}

void
sts_store_unlock(const struct sts_file_store *s)
{
	(void)flock(s->lock >= 0 ? s->lock : s->fd, LOCK_UN);
}

void
sts_store_size(const struct sts_file_store *s, uint64_t *size)
{
	struct stat st;

	*size = fstat(s->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

int
sts_store_fill(struct sts_file_store *s, uint32_t area_size,
    const struct sts_file_store *old)
{
	STS_ASSERT(area_size % STS_STORE_ERASE_SIZE == 0);
	STS_ASSERT(old == NULL || old->store.area_size <= area_size);
	STS_ASSERT(
	    old == NULL || old->store.area_size % STS_STORE_ERASE_SIZE == 0);
	if (ftruncate(s->fd, 0) != 0) {
		return -1;
	}
	if (!has_room(s->fd, (uint64_t)area_size * STS_STORE_AREAS)) {
		errno = ENOSPC;
		return -1;
	}
	s->store.area_size = area_size;
	for (unsigned i = 0; i < STS_STORE_AREAS; i++) {
		for (uint32_t at = 0; at < area_size;
		     at += STS_STORE_ERASE_SIZE) {
			int error = fill_block(s, i, at, old);

			if (error != 0) {
				errno = error;
				return -1;
			}
		}
	}
	return fsync(s->fd);
}

int
sts_store_sync_folder(const char *path)
{
	char folder[FOLDER_MAX];
	const char *slash = strrchr(path, '/');
	int n = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);

	if (snprintf(folder, sizeof folder, "%.*s", n,
		slash == NULL ? "." : path) >= (int)sizeof folder) {
		return ENAMETOOLONG;
	}
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		return errno;
	}
	/* Some file systems have nothing to do, and call that an error. */
	int error = fsync(fd) != 0 && errno != EINVAL ? errno : 0;

	close(fd);
	return error;
}

/* Nothing is open yet. */
static void
clear(struct sts_file_store *s)
{
	memset(s, 0, sizeof *s);
	s->link = s->far = s->lock = s->fd = -1;
}

int
sts_store_open(struct sts_file_store *s, const char *path, bool create)
{
	struct stat st;

	clear(s);
	s->fd = create ? create_file(path) : open_file(path, &s->error);
	if (s->fd < 0 || lock(s->fd, path, &st) != 0) {
		return -1;
	}
	return sts_store_bind(s, &st);
}

int
sts_store_look(struct sts_file_store *s, const char *path)
{
	struct stat st;

	clear(s);
	s->fd = open(path, O_RDONLY | FLAGS);
	return s->fd >= 0 && fstat(s->fd, &st) == 0 ? sts_store_bind(s, &st)
						    : -1;
}
