/* SPDX-License-Identifier: MIT */
/*
 * The loop: a pass serves every place as long as something can be done without
 * waiting, then poll(2) waits for what is missing. The order of the steps is
 * the contract of core/base/io.h.
 *
 *	fd < 0              no channel
 *	opening             a stream that connects
 *	fd >= 0, !opening   open; with `eof` the peer sends no more
 *	no_send, no_recv    the system took, or had, nothing: until poll says
 *	                    otherwise
 *
 * Invariants: an engine hears of EOF at most once, and of the channel's end
 * once (both by `lost`). A place that wants its owner ends the pass, and the
 * next pass begins behind it, so that no place is always first. A place gets
 * STEPS_MAX steps in a pass: a server that sends without end does not keep the
 * others waiting.
 *
 * Source ports of datagrams are drawn at random, since a forged answer must
 * guess them; what came before the socket was connected is thrown away.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../port/posix/addr.h"
#include "../../port/posix/entropy.h"
#include "../../port/posix/posix.h"
#include "../../port/posix/socket.h"
#include "../../port/posix/socket_drawn.h"
#include "check_loop.h"

enum {
	STEPS_MAX = 32, /* of one place in a pass */
	IDLE_MS = 500
};

enum step {
	STUCK, /* nothing that is wanted can be had now */
	MOVED,
	OWNER
};

static void
lose(struct sts_check_place *p, int why)
{
	if (p->fd >= 0) {
		close(p->fd);
	}
	p->fd = -1;
	p->opening = p->eof = p->no_send = p->no_recv = false;
	p->ops->lost(p->engine, why);
}

static int
open_stream(const struct sts_addr *peer)
{
	struct sockaddr_storage s;
	socklen_t len = sts_addr_to_socket(peer, &s);

	return len > 0 ? sts_socket_connect_stream(&s, len)
		       : STS_IO_UNREACHABLE;
}

static enum step
step_open(struct sts_check_loop *l, struct sts_check_place *p, bool dgram)
{
	const struct sts_addr *peer = p->ops->peer(p->engine);

	p->fd = dgram ? sts_socket_open_drawn(peer, &l->urandom)
		      : open_stream(peer);
	if (p->fd < 0) {
		int why = p->fd;

		p->fd = -1;
		lose(p, why);
	} else if (dgram) {
		p->ops->opened(p->engine);
	} else {
		p->opening = true;
	}
	return MOVED;
}

static enum step
step_connect(struct sts_check_place *p)
{
	int rc = sts_socket_connected(p->fd);

	if (rc == STS_IO_AGAIN) {
		return STUCK;
	}
	p->opening = false;
	if (rc == 0) {
		p->ops->opened(p->engine);
	} else {
		lose(p, rc);
	}
	return MOVED;
}

static enum step
step_send(struct sts_check_loop *l, struct sts_check_place *p)
{
	struct sts_text out = p->ops->send_buf(
	    p->engine, sts_span(l->scratch, sizeof l->scratch));
	int n = sts_socket_send(p->fd, out);

	if (n > 0) {
		p->ops->send_ack(p->engine, (size_t)n);
		return MOVED;
	}
	if (n == STS_IO_AGAIN) {
		p->no_send = true;
		return STUCK;
	}
	lose(p, n);
	return MOVED;
}

static enum step
step_recv(struct sts_check_loop *l, struct sts_check_place *p)
{
	struct sts_span room = p->ops->recv_buf(
	    p->engine, sts_span(l->scratch, sizeof l->scratch));
	int n = sts_socket_recv(p->fd, room.p, room.n);

	if (n > 0) {
		p->ops->recv_ack(p->engine, sts_span(room.p, (size_t)n));
		return MOVED;
	}
	if (n == STS_IO_AGAIN) {
		p->no_recv = true;
		return STUCK;
	}
	if (n == STS_IO_EOF) {
		p->eof = true;
		p->ops->lost(p->engine, STS_IO_EOF);
	} else {
		lose(p, n);
	}
	return MOVED;
}

static bool
may_recv(const struct sts_check_place *p, unsigned wants)
{
	return (wants & STS_WANT_RECV) != 0 && p->fd >= 0 && !p->eof &&
	       !p->no_recv;
}

/* A step of a channel that is open, or of work that needs none. */
static enum step
step_work(struct sts_check_loop *l, struct sts_check_place *p, unsigned wants)
{
	if ((wants & STS_WANT_SEND) != 0 && p->fd >= 0 && !p->no_send) {
		return step_send(l, p);
	}
	if ((wants & STS_WANT_WORK) != 0) {
		p->ops->work(p->engine);
		return MOVED;
	}
	return may_recv(p, wants) ? step_recv(l, p) : STUCK;
}

static enum step
step(struct sts_check_loop *l, struct sts_check_place *p)
{
	unsigned wants = p->ops->wants(p->engine);

	if ((wants & STS_WANT_OWNER) != 0) {
		return OWNER;
	}
	if ((wants & STS_WANT_CLOSE) != 0) {
		lose(p, STS_IO_CLOSED);
		return MOVED;
	}
	if (p->opening) {
		return step_connect(p);
	}
	if ((wants & (STS_WANT_DGRAM | STS_WANT_STREAM)) != 0 && p->fd < 0) {
		return step_open(l, p, (wants & STS_WANT_DGRAM) != 0);
	}
	return step_work(l, p, wants);
}

/* Serve one place. `busy`: it could go on at once. True: it wants its owner. */
static bool
serve(struct sts_check_loop *l, struct sts_check_place *p, bool *busy)
{
	enum step done = MOVED;

	l->now = sts_posix_now();
	l->wall_s = sts_posix_wall_s();
	p->ops->tick(p->engine, l->now, l->wall_s);
	for (unsigned i = 0; i < STEPS_MAX && done == MOVED; i++) {
		done = step(l, p);
	}
	*busy = *busy || done == MOVED;
	return done == OWNER;
}

/* What a place waits for. */
static short
events_of(const struct sts_check_place *p)
{
	unsigned wants = p->ops->wants(p->engine);
	bool send = p->opening || (wants & STS_WANT_SEND) != 0;
	bool recv = (wants & STS_WANT_RECV) != 0 && !p->eof;

	return (short)((send ? POLLOUT : 0) | (recv ? POLLIN : 0));
}

/* What poll is to wait for. Returns the milliseconds until a deadline, or
 * IDLE_MS. */
static int
prepare(const struct sts_check_loop *l, struct pollfd fds[STS_CHECK_PLACES])
{
	sts_ms until = l->now + IDLE_MS, at;

	for (unsigned i = 0; i < STS_CHECK_PLACES; i++) {
		const struct sts_check_place *p = &l->place[i];

		fds[i].fd = -1;
		fds[i].events = 0;
		if (p->ops == NULL) {
			continue;
		}
		if (p->ops->deadline(p->engine, &at)) {
			until = sts_earlier(until, at);
		}
		fds[i].events = events_of(p);
		fds[i].fd = fds[i].events != 0 ? p->fd : -1;
	}
	return sts_before(l->now, until) ? (int)(until - l->now) : 0;
}

/* Wait for something to happen. False: nothing has. */
static bool
wait_for(struct sts_check_loop *l)
{
	struct pollfd fds[STS_CHECK_PLACES];
	int ms = prepare(l, fds);
	int n = poll(fds, STS_CHECK_PLACES, ms);

	for (unsigned i = 0; i < STS_CHECK_PLACES; i++) {
		if (n > 0 && fds[i].fd >= 0 && fds[i].revents != 0) {
			l->place[i].no_send = l->place[i].no_recv = false;
		}
	}
	return n != 0 || ms < IDLE_MS;
}

void
sts_check_loop_init(struct sts_check_loop *l, const volatile sig_atomic_t *stop)
{
	memset(l, 0, sizeof *l);
	l->stop = stop;
	l->urandom = -1;
	l->now = sts_posix_now();
	l->wall_s = sts_posix_wall_s();
	for (unsigned i = 0; i < STS_CHECK_PLACES; i++) {
		l->place[i].fd = -1;
	}
}

void
sts_check_loop_add(struct sts_check_loop *l, unsigned place,
    const struct sts_engine_ops *ops, void *engine)
{
	struct sts_check_place *p = &l->place[place];

	STS_ASSERT(place < STS_CHECK_PLACES);
	STS_ASSERT(p->ops == NULL);
	p->ops = ops;
	p->engine = engine;
	p->fd = -1;
	p->opening = p->eof = p->no_send = p->no_recv = false;
}

void
sts_check_loop_drop(struct sts_check_loop *l, unsigned place)
{
	struct sts_check_place *p = &l->place[place];

	STS_ASSERT(place < STS_CHECK_PLACES);
	if (p->fd >= 0) {
		close(p->fd);
	}
	p->fd = -1;
	p->ops = NULL;
}

bool
sts_check_loop_free(const struct sts_check_loop *l, unsigned place)
{
	STS_ASSERT(place < STS_CHECK_PLACES);
	return l->place[place].ops == NULL;
}

sts_ms
sts_check_loop_now(const struct sts_check_loop *l)
{
	return l->now;
}

bool
sts_check_loop_random(struct sts_check_loop *l, uint8_t *out, size_t n)
{
	int rc;

	while ((rc = sts_posix_entropy(&l->urandom, out, n)) == STS_IO_AGAIN &&
	       *l->stop == 0) {
		(void)poll(NULL, 0, 10);
	}
	return rc == 0;
}

bool
sts_check_loop_routed(const struct sts_addr *peer)
{
	struct sockaddr_storage s;
	socklen_t len = sts_addr_to_socket(peer, &s);
	int fd = len > 0 ? sts_socket_open(s.ss_family, SOCK_DGRAM) : -1;
	bool routed =
	    fd >= 0 && connect(fd, (const struct sockaddr *)&s, len) == 0;

	if (fd >= 0) {
		close(fd);
	}
	return routed;
}

/* Serve every place once; a place that wants its owner, or -1. */
static int
pass(struct sts_check_loop *l, bool *busy, bool *any)
{
	for (unsigned i = 0; i < STS_CHECK_PLACES; i++) {
		unsigned place = (l->turn + i) % STS_CHECK_PLACES;

		if (l->place[place].ops == NULL) {
			continue;
		}
		*any = true;
		if (serve(l, &l->place[place], busy)) {
			l->turn = place + 1;
			return (int)place;
		}
	}
	return -1;
}

int
sts_check_loop_next(struct sts_check_loop *l)
{
	while (*l->stop == 0) {
		bool busy = false, any = false;
		int place = pass(l, &busy, &any);

		if (place >= 0) {
			return place;
		}
		if (!any) {
			break;
		}
		if (!busy && !wait_for(l)) {
			return STS_CHECK_LOOP_IDLE;
		}
	}
	return STS_CHECK_LOOP_DONE;
}
