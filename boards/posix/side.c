/* SPDX-License-Identifier: MIT */
/*
 * Listeners beside those of the mail servers. A connection is READING until
 * its request is whole, then ANSWERING; its one buffer holds first the request,
 * then the piece of the answer that is being sent (buf[off..len)). Each run
 * does at most one step for each connection, so that mail servers do not
 * notice. Clients are not trusted to be quick: total_at and until end those
 * that are silent, drip, or do not read. Out of descriptors, accepting pauses
 * until accept_at.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../port/posix/socket.h"
#include "side.h"

enum state {
	FREE = 0,
	READING,
	ANSWERING
};

enum {
	IDLE_MS = 60000, /* nothing is due, but a wait has to end some time */
	NO_FD_MS = 1000 /* until the system may have descriptors again */
};

STS_STATIC_ASSERT(STS_SIDE_BUFFER <= UINT16_MAX, buffer_fits);

/* Two of them: control and metrics. */
STS_STATIC_ASSERT(STS_POSIX_OWN >= 2 * STS_SIDE_OWN, places_of_the_port);

static unsigned
place(const struct sts_side *s, unsigned conn)
{
	return s->own + 1 + conn;
}

static void
accept_more(struct sts_side *s, bool yes)
{
	if (s->fd >= 0 && s->accepting != yes) {
		s->accepting = yes;
		sts_posix_own_want(s->posix, s->own, yes ? STS_EV_RECV : 0);
	}
}

static void
finish(struct sts_side *s, unsigned conn)
{
	struct sts_side_conn *c = &s->conn[conn];

	if (c->state == ANSWERING && s->ops->closed != NULL) {
		s->ops->closed(s->ctx, conn);
	}
	sts_posix_own_close(s->posix, place(s, conn));
	c->state = FREE;
	/* What one client asked is nothing for the next. */
	memset(c->buf, 0, STS_SIDE_BUFFER);
	s->open--;
	accept_more(s, true);
}

/* The request is whole, or hopeless, or more is needed. */
static void
look(struct sts_side *s, unsigned conn, bool last, sts_ms now)
{
	struct sts_side_conn *c = &s->conn[conn];

	if (s->ops->request(s->ctx, conn, sts_text(c->buf, c->len), last)) {
		c->state = ANSWERING;
		c->ended = false;
		c->off = c->len = 0;
		c->until = now + s->ops->stall_ms;
		sts_posix_own_want(s->posix, place(s, conn), 0);
	} else if (last) {
		finish(s, conn);
	}
}

static void
read_some(struct sts_side *s, unsigned conn, sts_ms now)
{
	struct sts_side_conn *c = &s->conn[conn];
	ssize_t n = recv(c->fd, c->buf + c->len, STS_SIDE_BUFFER - c->len, 0);

	if (n > 0) {
		c->len = (uint16_t)(c->len + n);
		look(s, conn, c->len == STS_SIDE_BUFFER, now);
	} else if (n == 0) {
		look(s, conn, true, now);
	} else if (sts_socket_transfer_error(errno) != STS_IO_AGAIN) {
		finish(s, conn);
	}
}

/* Send what is there. False: the connection is over. */
static bool
send_some(struct sts_side *s, unsigned conn, sts_ms now)
{
	struct sts_side_conn *c = &s->conn[conn];
	ssize_t n = send(c->fd, c->buf + c->off, c->len - c->off, MSG_NOSIGNAL);

	if (n > 0) {
		c->off = (uint16_t)(c->off + n);
		c->until = now + s->ops->stall_ms;
	} else if (n < 0 && sts_socket_transfer_error(errno) != STS_IO_AGAIN) {
		finish(s, conn);
		return false;
	}
	sts_posix_own_want(
	    s->posix, place(s, conn), c->off < c->len ? STS_EV_SEND : 0);
	return true;
}

/* The next piece into the empty buffer. What fill says of it. */
static int
next_piece(struct sts_side *s, unsigned conn, sts_ms now)
{
	struct sts_side_conn *c = &s->conn[conn];
	int n = s->ops->fill(s->ctx, conn, sts_span(c->buf, STS_SIDE_BUFFER));

	STS_ASSERT(n >= STS_SIDE_GO_ON);
	STS_ASSERT(n <= STS_SIDE_BUFFER);
	c->ended = n == STS_SIDE_END;
	c->off = 0;
	c->len = (uint16_t)(n > 0 ? n : 0);
	c->until = now + s->ops->stall_ms;
	return n;
}

/* Go on with the answer. True: there may be more to do at once. */
static bool
answer_some(struct sts_side *s, unsigned conn, sts_ms now)
{
	struct sts_side_conn *c = &s->conn[conn];
	int n = STS_SIDE_GO_ON;

	if (c->off == c->len && !c->ended) {
		n = next_piece(s, conn, now);
	}
	if (c->off < c->len) {
		return !send_some(s, conn, now) || c->off == c->len;
	}
	if (c->ended) {
		finish(s, conn);
	}
	return n != STS_SIDE_LATER;
}

static bool
is_over(const struct sts_side_conn *c, sts_ms now)
{
	return !sts_before(now, c->until) || !sts_before(now, c->total_at);
}

/* True: there may be more to do at once. */
static bool
step(struct sts_side *s, unsigned conn, sts_ms now)
{
	struct sts_side_conn *c = &s->conn[conn];
	unsigned ev = sts_posix_own_take(s->posix, place(s, conn));
	bool waits = c->off < c->len; /* for the peer to take something */

	if (is_over(c, now) || (c->state == ANSWERING && (ev & STS_EV_LOST))) {
		finish(s, conn);
		return true;
	}
	if (c->state == READING) {
		if (ev != 0) {
			read_some(s, conn, now);
		}
		return c->state != READING;
	}
	return waits && ev == 0 ? false : answer_some(s, conn, now);
}

static unsigned
free_conn(const struct sts_side *s)
{
	unsigned i = 0;

	while (i < STS_SIDE_CONNS && s->conn[i].state != FREE) {
		i++;
	}
	return i;
}

/* Accept a client. Without a free place or descriptor, accepting pauses: a
 * listener that stays readable would wake the daemon without end. */
static void
take_client(struct sts_side *s, sts_ms now)
{
	unsigned conn = free_conn(s);

	if (conn == STS_SIDE_CONNS) {
		accept_more(s, false);
		s->accept_at = now + IDLE_MS;
		return;
	}
	int fd = accept(s->fd, NULL, NULL);

	if (fd < 0) {
		if (sts_socket_accept_error(errno) == STS_IO_LIMIT) {
			accept_more(s, false);
			s->accept_at = now + NO_FD_MS;
		}
		return;
	}
	if (sts_posix_own(s->posix, place(s, conn), fd, STS_EV_RECV) != 0) {
		close(fd);
		return;
	}
	sts_socket_no_sigpipe(fd);
	struct sts_side_conn *c = &s->conn[conn];

	c->state = READING;
	c->fd = fd;
	c->off = c->len = 0;
	c->until = now + s->ops->request_ms;
	c->total_at = now + s->ops->total_ms;
	s->open++;
}

/* Take a client that waits. Milliseconds until it is to be tried again. */
static sts_ms
run_listener(struct sts_side *s, sts_ms now)
{
	if (s->fd < 0) {
		return IDLE_MS;
	}
	unsigned ev = sts_posix_own_take(s->posix, s->own);

	if (ev & STS_EV_LOST) {
		/* Somebody else who has it has shut it down. */
		accept_more(s, false);
		s->accept_at = now + IDLE_MS;
	} else if (ev != 0) {
		take_client(s, now);
	}
	if (s->accepting) {
		return IDLE_MS;
	}
	if (!sts_before(now, s->accept_at)) {
		accept_more(s, true);
		return 0;
	}
	return s->accept_at - now;
}

sts_ms
sts_side_run(struct sts_side *s, sts_ms now)
{
	if (s->posix == NULL) {
		return IDLE_MS;
	}
	sts_ms wait = run_listener(s, now);

	for (unsigned i = 0; s->open > 0 && i < STS_SIDE_CONNS; i++) {
		struct sts_side_conn *c = &s->conn[i];

		if (c->state == FREE) {
			continue;
		}
		if (step(s, i, now)) {
			wait = 0;
		} else {
			wait = sts_earlier(wait, c->until - now);
			wait = sts_earlier(wait, c->total_at - now);
		}
	}
	return wait;
}

void
sts_side_none(struct sts_side *s)
{
	memset(s, 0, offsetof(struct sts_side, room));
	s->fd = -1;
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		s->conn[i].buf = s->room[i];
	}
}

int
sts_side_open(struct sts_side *s, const struct sts_listen_at *at)
{
	sts_side_none(s);
	s->at = *at;
	s->fd = sts_listen_open(&s->at);
	if (s->fd < 0) {
		return -1;
	}
	if (at->addr.af != STS_AF_LOCAL) {
		/* Port 0 has become one of the system's choice. */
		sts_listen_of(s->fd, &s->at);
	}
	return 0;
}

void
sts_side_inherit(struct sts_side *s, int fd, const struct sts_listen_at *at)
{
	sts_side_none(s);
	s->fd = fd;
	s->at = *at;
	s->inherited = true;
}

/* Give up a listener that nobody serves; errno stays. */
static void
drop_listener(struct sts_side *s)
{
	int error = errno;

	if (!s->inherited) {
		sts_listen_unlink(&s->at);
	}
	close(s->fd);
	s->fd = -1;
	errno = error;
}

bool
sts_side_begin(struct sts_side *s, struct sts_posix *posix, unsigned own,
    const struct sts_side_ops *ops, void *ctx)
{
	s->ops = ops;
	s->ctx = ctx;
	s->own = own;
	if (s->fd < 0) {
		return true;
	}
	if (sts_posix_own(posix, own, s->fd, STS_EV_RECV) != 0) {
		drop_listener(s);
		return false;
	}
	s->posix = posix;
	s->accepting = true;
	return true;
}

bool
sts_side_is_open(const struct sts_side *s)
{
	return s->fd >= 0;
}

void
sts_side_end(struct sts_side *s)
{
	if (s->posix == NULL) {
		return;
	}
	if (s->fd >= 0) {
		/* In this order: once it is closed the path may be another
		 * instance's. */
		if (!s->inherited) {
			sts_listen_unlink(&s->at);
		}
		sts_posix_own_close(s->posix, s->own);
		s->fd = -1;
	}
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		if (s->conn[i].state != FREE) {
			finish(s, i);
		}
	}
	s->posix = NULL;
}
