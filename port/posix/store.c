/* SPDX-License-Identifier: MIT */
/*
 * A file as storage: the calls of struct sts_store. While link < 0 a call does
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
 * request fits the link's buffer. `ahead` holds octets of the file only while
 * nothing was written since.
 *
 * A disk that fails or hangs stops the child and no answer.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "socket.h"
#include "store_parts.h"

enum {
	LINK_BUFFER = 65536 /* more than a request or an answer */
};

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
ask(struct sts_file_store *s, const struct sts_store_request *q,
    const uint8_t *bytes)
{
	uint8_t message[STS_STORE_MESSAGE_MAX];
	size_t n = sizeof *q + (sts_store_writes(q) ? q->len : 0);

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
	struct sts_store_request q = { STS_STORE_NAME, 0, 0 };

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
call(struct sts_file_store *s, enum sts_store_op op, uint32_t off,
    const uint8_t *from, uint8_t *to, size_t len)
{
	struct sts_store_request q = { (uint32_t)op, off, (uint32_t)len };

	STS_ASSERT(len <= STS_STORE_BUFFER);
	if (op != STS_STORE_READ) {
		s->ahead_len = 0;
	}
	if (!sts_store_hear_name(s)) {
		return STS_IO_AGAIN;
	}
	if (s->broken && op != STS_STORE_READ) {
		return STS_IO_RESET;
	}
	if (s->link < 0) {
		return outcome(s, sts_store_carry_out(s->fd, &q, from, to));
	}
	return s->asked ? hear(s, to, op == STS_STORE_READ ? len : 0)
			: ask(s, &q, from);
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
		return call(s, STS_STORE_READ, off, NULL, buf, len);
	}
	int result =
	    call(s, STS_STORE_READ, off, NULL, s->ahead, sizeof s->ahead);

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
	return call(ctx, STS_STORE_PROG, off, buf, NULL, len);
}

static int
store_commit(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	return call(ctx, STS_STORE_COMMIT, off, buf, NULL, len);
}

static int
store_erase(void *ctx, uint32_t off)
{
	return call(ctx, STS_STORE_ERASE, off, NULL, NULL, 0);
}

static int
store_sync(void *ctx)
{
	return call(ctx, STS_STORE_SYNC, 0, NULL, NULL, 0);
}

int
sts_store_bind(struct sts_file_store *s, const struct stat *st)
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
		s->broken = true; /* no child, and the parent serves by now */
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
