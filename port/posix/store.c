/* SPDX-License-Identifier: MIT */
/*
 * A file as storage, and the child that writes it. While link < 0 a call does
 * its work at once; else it sends the child one request (asked) and the same
 * call, repeated, gets the reply.
 *
 *	link < 0                   no child: at once
 *	link >= 0                  idle
 *	link >= 0, asked           a request is under way; naming: it asks
 *	                           whether the file has its name
 *	broken                     there is no child any more: writes are errors
 *	                           until there is another
 *
 * Invariants: one request is under way at most, and the parent never blocks: a
 * request fits the link's buffer. `fd` is what is read and written, `lock` the
 * descriptor that the lock belongs to, if it is another one; both stay open as
 * long as the store is, so no second instance writes. `ahead` holds octets of
 * the file only while nothing was written since. What was programmed is read
 * back before it is reported as done.
 *
 * The attackers are a disk that fails or hangs, which stops the child and no
 * answer, and another user who may write to the folder: links are not followed,
 * what has the name of a new file loses it unread, a pipe is not waited for,
 * and a file whose name leads elsewhere is not taken for ours.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "../../core/base/assert.h"
#include "socket.h"
#include "store.h"

enum {
	/* Descriptors are below this, whatever the limit says. */
	FDS_MAX = 1 << 17,
	LINK_BUFFER = 65536, /* more than a request or an answer */
	CHECKED = 4096, /* octets read back at once */
	FOLDER_MAX = 1024
};

enum op {
	READ = 1,
	PROG,
	ERASE,
	SYNC,
	COMMIT, /* PROG, then SYNC */
	NAME
};

struct request {
	uint32_t op, off, len;
};

#define MESSAGE_MAX (sizeof(struct request) + STS_STORE_BUFFER)

static const uint8_t *
erased(void)
{
	static uint8_t block[STS_STORE_ERASE_SIZE];

	memset(block, 0xff, sizeof block);
	return block;
}

/* Write all of it. 0, or errno. */
static int
write_at(int fd, uint64_t off, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t r = pwrite(fd, p, n, (off_t)off);

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r <= 0) {
			return r == 0 ? ENOSPC : errno;
		}
		p += r;
		off += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

/* Read all of it. 0, or errno. */
static int
read_at(int fd, uint64_t off, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t r = pread(fd, p, n, (off_t)off);

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r <= 0) {
			return r == 0 ? EIO : errno;
		}
		p += r;
		off += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

/* Read back what was written. 0, or errno: EIO if it differs. */
static int
check_at(int fd, uint64_t off, const uint8_t *p, size_t n)
{
	uint8_t back[CHECKED];

	for (size_t at = 0; at < n; at += sizeof back) {
		size_t piece = n - at < sizeof back ? n - at : sizeof back;
		int error = read_at(fd, off + at, back, piece);

		if (error != 0 || memcmp(back, p + at, piece) != 0) {
			return error != 0 ? error : EIO;
		}
	}
	return 0;
}

/* 0, or errno. */
static int
prog_at(int fd, uint64_t off, const uint8_t *p, size_t n)
{
	int error = write_at(fd, off, p, n);

	return error != 0 ? error : check_at(fd, off, p, n);
}

/* 0, or errno. */
static int
sync_to_disk(int fd)
{
	return fdatasync(fd) == 0 ? 0 : errno;
}

/* Whether octets to be written follow the request. */
static bool
writes(const struct request *q)
{
	return q->op == PROG || q->op == COMMIT;
}

/* 0, or errno. */
static int
carry_out(int fd, const struct request *q, const uint8_t *from, uint8_t *to)
{
	int error;

	switch (q->op) {
	case READ:
		return read_at(fd, q->off, to, q->len);
	case PROG:
	case COMMIT:
		error = prog_at(fd, q->off, from, q->len);
		return error == 0 && q->op == COMMIT ? sync_to_disk(fd) : error;
	case ERASE:
		return write_at(fd, q->off, erased(), STS_STORE_ERASE_SIZE);
	default:
		return sync_to_disk(fd);
	}
}

static int
outcome(struct sts_file_store *s, int error)
{
	if (error == 0) {
		return 0;
	}
	s->error = error;
	return error == ENOSPC || error == EDQUOT ? STS_IO_LIMIT : STS_IO_RESET;
}

/* The link belongs to its watcher, which sees `broken`. */
static int
give_up(struct sts_file_store *s)
{
	s->broken = true;
	s->link = -1;
	s->asked = s->naming = false;
	return outcome(s, EPIPE);
}

/* The child's answer to the request under way: a reply, then what was read. */
static int
hear(struct sts_file_store *s, uint8_t *bytes, size_t len)
{
	while (s->have < sizeof s->reply + len) {
		bool head = s->have < sizeof s->reply;
		uint8_t *to = head ? (uint8_t *)&s->reply + s->have
				   : bytes + (s->have - sizeof s->reply);
		size_t n = (head ? 0 : len) + sizeof s->reply - s->have;
		ssize_t r = recv(s->link, to, n, MSG_DONTWAIT);

		if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK ||
				 errno == EINTR)) {
			return STS_IO_AGAIN;
		}
		if (r <= 0) {
			return give_up(s);
		}
		s->have += (size_t)r;
	}
	s->asked = false;
	s->answers++;
	return outcome(s, s->reply.error);
}

/* The child is idle and reads at once, and the buffer is larger than this. */
static int
ask(struct sts_file_store *s, const struct request *q, const uint8_t *bytes)
{
	uint8_t message[MESSAGE_MAX];
	size_t n = sizeof *q + (writes(q) ? q->len : 0);

	memcpy(message, q, sizeof *q);
	if (n > sizeof *q) {
		memcpy(message + sizeof *q, bytes, q->len);
	}
	if (send(s->link, message, n, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)n) {
		return give_up(s);
	}
	s->asked = true;
	s->have = 0;
	return STS_IO_AGAIN;
}

void
sts_store_ask_name(struct sts_file_store *s)
{
	struct request q = { NAME, 0, 0 };

	if (s->link >= 0 && !s->broken && !s->asked) {
		(void)ask(s, &q, NULL);
		s->naming = s->asked;
	}
}

bool
sts_store_hear_name(struct sts_file_store *s)
{
	int error = s->error; /* of a call, which this is not */

	if (s->naming && hear(s, NULL, 0) != STS_IO_AGAIN) {
		s->naming = false;
		s->nameless = !s->broken && s->reply.error != 0;
		s->error = s->broken ? s->error : error;
	}
	return !s->naming;
}

/* One of `from` and `to`, or neither, is of len octets. */
static int
call(struct sts_file_store *s, enum op op, uint32_t off, const uint8_t *from,
    uint8_t *to, size_t len)
{
	struct request q = { (uint32_t)op, off, (uint32_t)len };

	STS_ASSERT(len <= STS_STORE_BUFFER);
	if (op != READ) {
		s->ahead_len = 0;
	}
	if (!sts_store_hear_name(s)) {
		return STS_IO_AGAIN;
	}
	if (s->broken && op != READ) {
		return STS_IO_RESET;
	}
	if (s->link < 0) {
		return outcome(s, carry_out(s->fd, &q, from, to));
	}
	return s->asked ? hear(s, to, op == READ ? len : 0) : ask(s, &q, from);
}

/* At the start a journal is read in small pieces, one after another: one
 * system call reads ahead for many of them. */
static int
store_read(void *ctx, uint32_t off, uint8_t *buf, size_t len)
{
	struct sts_file_store *s = ctx;
	uint64_t size = (uint64_t)s->store.area_size * s->store.area_count;

	if (off >= s->ahead_off && off - s->ahead_off < s->ahead_len &&
	    s->ahead_len - (off - s->ahead_off) >= len) {
		memcpy(buf, s->ahead + (off - s->ahead_off), len);
		return 0;
	}
	s->ahead_len = 0;
	if (s->link >= 0 || len > sizeof s->ahead / 2 ||
	    (uint64_t)off + sizeof s->ahead > size) {
		return call(s, READ, off, NULL, buf, len);
	}
	int result = call(s, READ, off, NULL, s->ahead, sizeof s->ahead);

	if (result == 0) {
		s->ahead_off = off;
		s->ahead_len = sizeof s->ahead;
		memcpy(buf, s->ahead, len);
	}
	return result;
}

static int
store_prog(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	return call(ctx, PROG, off, buf, NULL, len);
}

static int
store_commit(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	return call(ctx, COMMIT, off, buf, NULL, len);
}

static int
store_erase(void *ctx, uint32_t off)
{
	return call(ctx, ERASE, off, NULL, NULL, 0);
}

static int
store_sync(void *ctx)
{
	return call(ctx, SYNC, 0, NULL, NULL, 0);
}

/* Whether the name still leads to the file that was locked. */
static bool
same_file(int fd, const char *path, struct stat *here)
{
	struct stat there;

	return fstat(fd, here) == 0 && lstat(path, &there) == 0 &&
	       here->st_dev == there.st_dev && here->st_ino == there.st_ino;
}

enum {
	/* A pipe or a terminal in its place is refused, not waited for. */
	FLAGS = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY
};

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

/* Nothing is open yet. */
static void
clear(struct sts_file_store *s)
{
	memset(s, 0, sizeof *s);
	s->link = s->far = s->lock = s->fd = -1;
}

/* The file that is open is the store from now on. 0, or -1 with errno. */
static int
set_store(struct sts_file_store *s, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || (uint64_t)st->st_size > UINT32_MAX) {
		errno = EINVAL;
		return -1;
	}
	s->store.ctx = s;
	s->store.prog_size = 1;
	s->store.erase_size = STS_STORE_ERASE_SIZE;
	s->store.area_size = (uint32_t)st->st_size / STS_STORE_AREAS;
	s->store.area_count = STS_STORE_AREAS;
	s->store.checks = true;
	s->store.read = store_read;
	s->store.prog = store_prog;
	s->store.erase = store_erase;
	s->store.sync = store_sync;
	s->store.commit = store_commit;
	return 0;
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
	return set_store(s, &st);
}

int
sts_store_look(struct sts_file_store *s, const char *path)
{
	struct stat st;

	clear(s);
	s->fd = open(path, O_RDONLY | FLAGS);
	return s->fd >= 0 && fstat(s->fd, &st) == 0 ? set_store(s, &st) : -1;
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
sts_store_size(const struct sts_file_store *s, uint64_t *size)
{
	struct stat st;

	*size = fstat(s->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Fill a block of the new file from the old one, as far as that goes. */
static int
fill_block(struct sts_file_store *s, unsigned area, uint32_t at,
    const struct sts_file_store *old)
{
	static uint8_t block[STS_STORE_ERASE_SIZE];
	uint64_t off = (uint64_t)area * s->store.area_size + at;

	if (old == NULL || at >= old->store.area_size) {
		return write_at(s->fd, off, erased(), sizeof block);
	}
	int error = read_at(old->fd, (uint64_t)area * old->store.area_size + at,
	    block, sizeof block);

	return error != 0 ? error : write_at(s->fd, off, block, sizeof block);
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

static void
close_one(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
		*fd = -1;
	}
}

void
sts_store_close(struct sts_file_store *s)
{
	close_one(&s->fd);
	close_one(&s->lock);
	close_one(&s->far);
}

int
sts_store_link(struct sts_file_store *s)
{
	int ends[2], size = LINK_BUFFER;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
		return -1;
	}
	(void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	(void)setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	s->link = ends[0];
	s->far = ends[1];
	s->broken = s->asked = s->naming = false;
	return s->link;
}

void
sts_store_unlink(struct sts_file_store *s)
{
	close_one(&s->far);
	s->link = -1;
	s->broken = true;
	s->asked = s->naming = false;
}

void
sts_store_forked(struct sts_file_store *s)
{
	close_one(&s->far);
}

/* Read the parent's next request, with the octets to be written: there is one
 * at a time, so that it comes whole. False: the parent is gone. */
static bool
take(int fd, struct request *q, uint8_t message[MESSAGE_MAX])
{
	size_t have = 0, need = sizeof *q;

	while (have < need) {
		ssize_t r = read(fd, message + have, MESSAGE_MAX - have);

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r <= 0) {
			return false;
		}
		have += (size_t)r;
		if (have < sizeof *q) {
			continue;
		}
		memcpy(q, message, sizeof *q);
		if (q->len > STS_STORE_BUFFER) {
			return false;
		}
		need = sizeof *q + (writes(q) ? q->len : 0);
	}
	return true;
}

/* Send all of it. False: the parent is gone. */
static bool
say(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	while (n > 0) {
		ssize_t r = send(fd, p, n, MSG_NOSIGNAL);

		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r <= 0) {
			return false;
		}
		p += r;
		n -= (size_t)r;
	}
	return true;
}

/* Serve one request. False: the parent is gone. */
static bool
serve_one(const struct sts_file_store *s)
{
	static uint8_t message[MESSAGE_MAX];
	uint8_t *bytes = message + sizeof(struct request);
	struct sts_store_reply r;
	struct request q;

	if (!take(s->far, &q, message)) {
		return false;
	}
	if (q.op == NAME) {
		r.error = sts_store_has_name(s, s->name) ? 0 : ESTALE;
	} else {
		r.error = carry_out(s->fd, &q, bytes, bytes);
	}
	return say(s->far, &r, sizeof r) &&
	       (q.op != READ || say(s->far, bytes, q.len));
}

/* Close the descriptors from first to last, in one call where the system has
 * one. */
#if defined(__linux__) && defined(SYS_close_range)
static bool
close_at_once(int first, int last)
{
	/* Not in every C library. */
	return syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0U) ==
	       0;
}
#else
static bool
close_at_once(int first, int last)
{
	(void)first;
	(void)last;
	return false;
}
#endif

/* Where the system cannot (Linux before 5.9), one by one: a list of those that
 * are open would have to be read in /proc, which a chroot does not have, by a
 * call that the filter does not know. The child does it, nobody waits. */
static void
close_between(int first, int last)
{
	struct rlimit r;
	int max = FDS_MAX;

	if (first > last || close_at_once(first, last)) {
		return;
	}
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < FDS_MAX) {
		max = (int)r.rlim_cur;
	}
	for (int fd = first; fd <= last && fd < max; fd++) {
		close(fd);
	}
}

void
sts_store_close_others(const int *kept, size_t count)
{
	int first = 0, next = 0;

	while (next < INT_MAX) {
		next = INT_MAX;
		for (size_t i = 0; i < count; i++) {
			if (kept[i] >= first && kept[i] < next) {
				next = kept[i];
			}
		}
		close_between(first, next - 1);
		first = next < INT_MAX ? next + 1 : next;
	}
}

void
sts_store_alone(const struct sts_file_store *s, int also)
{
	const int kept[] = { s->fd, s->far, s->lock, STDERR_FILENO, also };

	sts_store_close_others(kept, sizeof kept / sizeof *kept);
}

void
sts_store_serve(struct sts_file_store *s)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sts_store_alone(s, -1);
	close(STDERR_FILENO);
	while (serve_one(s)) {
	}
	_exit(0);
}
