/* SPDX-License-Identifier: MIT */
/*
 * What is asked of the file, carried out: by the parent while it has no child,
 * then by the child, which serves one request after another until the parent is
 * gone, and may block. What was programmed is read back before it is reported
 * as done.
 *
 * The child keeps nothing open but what it needs, since whoever takes it over
 * could use the rest.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "store_parts.h"

enum {
	/* Descriptors are below this, whatever the limit says. */
	FDS_MAX = 1 << 17,
	CHECKED = 4096 /* octets read back at once */
};

const uint8_t *
sts_store_erased(void)
{
	static uint8_t block[STS_STORE_ERASE_SIZE];

	memset(block, 0xff, sizeof block);
	return block;
}

int
sts_store_write_at(int fd, uint64_t off, const uint8_t *p, size_t n)
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

int
sts_store_read_at(int fd, uint64_t off, uint8_t *p, size_t n)
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
		int error = sts_store_read_at(fd, off + at, back, piece);

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
	int error = sts_store_write_at(fd, off, p, n);

	return error != 0 ? error : check_at(fd, off, p, n);
}

/* 0, or errno. */
static int
sync_to_disk(int fd)
{
	return fdatasync(fd) == 0 ? 0 : errno;
}

int
sts_store_carry_out(
    int fd, const struct sts_store_request *q, const uint8_t *from, uint8_t *to)
{
	int error;

	switch (q->op) {
	case STS_STORE_READ:
		return sts_store_read_at(fd, q->off, to, q->len);
	case STS_STORE_PROG:
	case STS_STORE_COMMIT:
		error = prog_at(fd, q->off, from, q->len);
		return error == 0 && q->op == STS_STORE_COMMIT
			   ? sync_to_disk(fd)
			   : error;
	case STS_STORE_ERASE:
		return sts_store_write_at(
		    fd, q->off, sts_store_erased(), STS_STORE_ERASE_SIZE);
	default:
		return sync_to_disk(fd);
	}
}

/* Read the parent's next request, with the octets to be written: there is one
 * at a time, so that it comes whole. False: the parent is gone. */
static bool
take(
    int fd, struct sts_store_request *q, uint8_t message[STS_STORE_MESSAGE_MAX])
{
	size_t have = 0, need = sizeof *q;

	while (have < need) {
		ssize_t r =
		    read(fd, message + have, STS_STORE_MESSAGE_MAX - have);

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
		need = sizeof *q + (sts_store_writes(q) ? q->len : 0);
	}
	return true;
}

/* Send all of it. False: the parent is gone. */
static bool
send_all(int fd, const void *bytes, size_t n)
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
	static uint8_t message[STS_STORE_MESSAGE_MAX];
	uint8_t *bytes = message + sizeof(struct sts_store_request);
	struct sts_store_reply r;
	struct sts_store_request q;

	if (!take(s->far, &q, message)) {
		return false;
	}
	if (q.op == STS_STORE_NAME) {
		r.error = sts_store_has_name(s, s->name) ? 0 : ESTALE;
	} else {
		r.error = sts_store_carry_out(s->fd, &q, bytes, bytes);
	}
	return send_all(s->far, &r, sizeof r) &&
	       (q.op != STS_STORE_READ || send_all(s->far, bytes, q.len));
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
