/* SPDX-License-Identifier: MIT */
/*
 * Channels: which descriptor a channel number stands for, what is waited for,
 * and the calls of struct sts_port on it.
 *
 *	FREE -> LISTENER, LISTENER_TCP, REPORTS     handed over by the board
 *	FREE -> DGRAM                               connected at once
 *	FREE -> CONNECTING -> STREAM                ours
 *	FREE -> STREAM, CLIENT_TCP                  accepted
 *	FREE -> WATCHED, STORE, OWN                 in slots after the driver's
 *	any  -> FREE                                release(), the only way
 *
 * Invariants: fd, events and generation of a slot are valid unless it is FREE.
 * `events` is what the wait was given for it, so that a change which is none
 * costs no call. A slot's generation changes with each descriptor it has held,
 * so that an event the system had ready for the former one is not taken for the
 * present one's (a connect would look finished). A call that fails leaves its
 * slot FREE and closes what it opened.
 *
 * The attacker is whoever can reach a socket. Datagrams of others than the peer
 * are not heard. Clients that leave before they are accepted, and reports of
 * users who may not report, are skipped, SKIP_MAX in a call: no queue of such
 * holds the daemon. A mail server's connection ends by a reset unless that
 * could cut a reply that is still on its way.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "addr.h"
#include "entropy.h"
#include "posix.h"
#include "socket.h"

enum {
	/* Clients that were gone before they were taken, skipped in one
	 * call; the event comes again as long as there are more. */
	SKIP_MAX = 64
};

enum kind {
	FREE = 0,
	LISTENER, /* local */
	LISTENER_TCP,
	DGRAM,
	CONNECTING,
	STREAM,
	REPORTS, /* datagrams of mail servers */
	CLIENT_TCP, /* accepted; will be reset, not half-closed */
	WATCHED, /* the board's, in the slot after the driver's, */
	STORE, /* its store's, in the one after that, */
	OWN /* and its sockets */
};

static struct sts_posix_channel *
used(struct sts_posix *p, sts_ch ch)
{
	STS_ASSERT(ch < p->channels);
	STS_ASSERT(p->channel[ch].kind != FREE);
	return &p->channel[ch];
}

static uint32_t
token(const struct sts_posix *p, unsigned slot)
{
	return (uint32_t)p->channel[slot].generation << 16 | slot;
}

/* Give fd to a free slot. 0, or LIMIT; then fd is closed. */
static int
take(
    struct sts_posix *p, unsigned slot, int fd, enum kind kind, unsigned events)
{
	struct sts_posix_channel *c = &p->channel[slot];

	STS_ASSERT(c->kind == FREE);
	if (sts_wait_add(&p->wait, fd, token(p, slot), events) != 0) {
		close(fd);
		return STS_IO_LIMIT;
	}
	c->fd = fd;
	c->kind = (uint8_t)kind;
	c->events = (uint8_t)events;
	/* Nothing was sent yet that a reset could cut. */
	c->sent_at = p->woke - STS_UNSENT_MS;
	return 0;
}

static int
channel_dgram(
    void *ctx, sts_ch ch, const struct sts_addr *peer, uint16_t local_port)
{
	struct sts_posix *p = ctx;
	struct sockaddr_storage s;
	socklen_t len = sts_addr_to_socket(peer, &s);

	STS_ASSERT(ch < p->channels);
	STS_ASSERT(p->channel[ch].kind == FREE);
	if (len == 0) {
		return STS_IO_UNREACHABLE;
	}
	int fd = sts_socket_open(s.ss_family, SOCK_DGRAM);

	if (fd < 0) {
		return fd;
	}
	int rc = sts_socket_connect_dgram(fd, &s, len, peer->af, local_port);

	if (rc != 0) {
		close(fd);
		return rc;
	}
	/* Nothing that came from others before that may be heard. */
	p->channel[ch].peer = *peer;
	return take(p, ch, fd, DGRAM, STS_EV_RECV);
}

/* The socket address of a peer, of whatever kind; 0: there is none. */
static socklen_t
peer_to_socket(const struct sts_posix *p, const struct sts_addr *peer,
    struct sockaddr_storage *out)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)out;
	size_t n;

	if (peer->af != STS_AF_LOCAL) {
		return sts_addr_to_socket(peer, out);
	}
	n = peer->port < p->locals ? strlen(p->local[peer->port]) : 0;
	if (n == 0 || n >= sizeof un->sun_path) {
		return 0;
	}
	memset(out, 0, sizeof *out);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, p->local[peer->port], n + 1);
	return (socklen_t)sizeof *un;
}

static int
channel_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	struct sts_posix *p = ctx;
	struct sockaddr_storage s;
	socklen_t len = peer_to_socket(p, peer, &s);

	STS_ASSERT(ch < p->channels);
	STS_ASSERT(p->channel[ch].kind == FREE);
	if (len == 0) {
		return STS_IO_UNREACHABLE;
	}
	int fd = sts_socket_connect_stream(&s, len);

	if (fd < 0) {
		return fd;
	}
	return take(p, ch, fd, CONNECTING, STS_EV_RECV | STS_EV_SEND);
}

/* Clients that left before they were accepted are skipped, a few in a call. */
static int
channel_accept(void *ctx, sts_ch listener, sts_ch fresh)
{
	struct sts_posix *p = ctx;
	const struct sts_posix_channel *l = used(p, listener);
	int fd = -1;

	STS_ASSERT(l->kind == LISTENER || l->kind == LISTENER_TCP);
	STS_ASSERT(fresh < p->channels);
	for (unsigned i = 0; fd < 0 && i < SKIP_MAX; i++) {
		fd = sts_socket_accept(l->fd);
		if (fd >= 0) {
			break;
		}
		int rc = sts_socket_accept_error(errno);

		if (rc != STS_IO_RESET) {
			return rc;
		}
	}
	if (fd < 0) {
		return STS_IO_AGAIN;
	}
	sts_socket_no_sigpipe(fd);
	if (l->kind == LISTENER) {
		return take(p, fresh, fd, STREAM, STS_EV_RECV);
	}
	sts_socket_no_delay(fd);
	/*
	 * A mail server that finds its idle connection closed by FIN may
	 * defer mail instead of connecting anew; after a reset it always
	 * connects anew. Holds for a killed process too.
	 */
	sts_socket_reset_on_close(fd, true);
	return take(p, fresh, fd, CLIENT_TCP, STS_EV_RECV);
}

/* 0: connected; AGAIN: not yet; else why not. */
static int
finish_connect(struct sts_posix_channel *c)
{
	int rc = c->kind == CONNECTING ? sts_socket_connected(c->fd) : 0;

	if (c->kind == CONNECTING && rc == 0) {
		c->kind = STREAM;
	}
	return rc;
}

static int
recv_stream(struct sts_posix_channel *c, uint8_t *buf, size_t size)
{
	ssize_t n = recv(c->fd, buf, size, 0);

	if (n > 0) {
		return (int)n;
	}
	if (n < 0) {
		return sts_socket_transfer_error(errno);
	}
	if (c->kind == CLIENT_TCP) {
		/* The peer closed first: it needs no reset, and a client that
		 * is half closed must get what was answered. */
		sts_socket_reset_on_close(c->fd, false);
		c->kind = STREAM;
	}
	return STS_IO_EOF;
}

static bool
may_report(const struct sts_report_senders *s, unsigned long uid)
{
	bool may = uid == 0 || uid == STS_SOCKET_NO_UID;

	for (unsigned i = 0; i < s->count; i++) {
		may = may || s->uid[i] == uid;
	}
	return may;
}

/* Receive the next datagram of a user who may report. */
static int
recv_report(struct sts_posix *p, int fd, uint8_t *buf, size_t size)
{
	for (unsigned i = 0; i < SKIP_MAX; i++) {
		unsigned long uid = STS_SOCKET_NO_UID;
		int n = sts_socket_recv_from(fd, buf, size, &uid);

		if (n < 0 || (n > 0 && may_report(&p->senders, uid))) {
			return n;
		}
		p->senders.refused++;
		p->senders.last = uid;
	}
	return STS_IO_AGAIN;
}

static int
channel_recv(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	struct sts_posix_channel *c = used(ctx, ch);

	STS_ASSERT(size >= 1);
	if (size > INT16_MAX) {
		size = INT16_MAX;
	}
	if (c->kind == DGRAM) {
		return sts_socket_recv_dgram(c->fd, &c->peer, buf, size);
	}
	if (c->kind == REPORTS) {
		return recv_report(ctx, c->fd, buf, size);
	}
	int rc = finish_connect(c);

	if (rc != 0) {
		return rc;
	}
	return recv_stream(c, buf, size);
}

/* Whether send's error may mean no more than that the connect is under way, or
 * has failed for a reason that is still to be had. */
static bool
not_connected(int err)
{
	return err == EAGAIN || err == EWOULDBLOCK || err == ENOTCONN ||
	       err == EPIPE;
}

static int
send_failed(struct sts_posix_channel *c, int err, size_t len)
{
	if (c->kind == DGRAM && sts_socket_drops(err)) {
		return (int)len;
	}
	if (c->kind == CONNECTING && not_connected(err)) {
		int rc = finish_connect(c);

		return rc != 0 ? rc : STS_IO_AGAIN;
	}
	return sts_socket_transfer_error(err);
}

/* Something was sent. */
static void
note_sent(const struct sts_posix *p, struct sts_posix_channel *c)
{
	if (c->kind == CLIENT_TCP) {
		c->sent_at = p->woke;
	} else if (c->kind == CONNECTING) {
		c->kind = STREAM;
	}
}

static int
channel_send(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	struct sts_posix_channel *c = used(ctx, ch);

	STS_ASSERT(len >= 1);
	STS_ASSERT(c->kind != DGRAM || len <= INT16_MAX);
	if (len > INT16_MAX) {
		len = INT16_MAX;
	}
	ssize_t n = send(c->fd, buf, len, MSG_NOSIGNAL);

	if (n < 0) {
		return send_failed(c, errno, len);
	}
	if (n > 0) {
		note_sent(ctx, c);
	}
	return n > 0 ? (int)n : STS_IO_AGAIN;
}

static void
want(struct sts_posix *p, unsigned slot, unsigned ev)
{
	struct sts_posix_channel *c = &p->channel[slot];

	STS_ASSERT(c->kind != FREE);
	if (c->events != ev) {
		sts_wait_change(&p->wait, c->fd, token(p, slot), c->events, ev);
		c->events = (uint8_t)ev;
	}
}

static void
channel_want(void *ctx, sts_ch ch, unsigned ev)
{
	struct sts_posix *p = ctx;

	used(p, ch);
	want(p, ch, ev);
}

/*
 * Whether another process may keep a copy of the descriptor, as a supervisor
 * does of a listener's. The journal's child inherits copies of all that were
 * open when it began, but closes them at once; an event that comes meanwhile is
 * recognized by its generation.
 */
static bool
is_shared(const struct sts_posix_channel *c)
{
	return c->kind != DGRAM && c->kind != CONNECTING && c->kind != STREAM &&
	       c->kind != CLIENT_TCP;
}

static void
release(struct sts_posix *p, unsigned slot)
{
	struct sts_posix_channel *c = &p->channel[slot];

	if (c->kind == CLIENT_TCP &&
	    sts_socket_reset_cuts(
		sts_socket_unsent(c->fd), sts_posix_now() - c->sent_at)) {
		/* A reset would take the end of the last reply with it. */
		sts_socket_reset_on_close(c->fd, false);
	}
	sts_wait_remove(&p->wait, c->fd, token(p, slot), is_shared(c));
	close(c->fd);
	c->kind = FREE;
	c->events = 0;
	c->generation++;
}

static void
channel_close(void *ctx, sts_ch ch)
{
	struct sts_posix *p = ctx;

	used(p, ch);
	release(p, ch);
}

static int
channel_entropy(void *ctx, uint8_t *buf, size_t len)
{
	struct sts_posix *p = ctx;

	return sts_posix_entropy(&p->urandom, buf, len);
}

static void
channel_event(void *ctx, const struct sts_event *e)
{
	struct sts_posix *p = ctx;

	if (p->event != NULL) {
		p->event(p->event_ctx, e);
	}
}

size_t
sts_posix_size(unsigned channels)
{
	/* The tables of the wait come first: they may need wider alignment. */
	size_t wait = sts_wait_size(channels + STS_POSIX_WATCHES);
	size_t align = sizeof(void *);

	return (wait + align - 1) / align * align +
	       (channels + STS_POSIX_WATCHES) *
		   sizeof(struct sts_posix_channel);
}

int
sts_posix_init(
    struct sts_posix *p, unsigned channels, void *memory, struct sts_port *port)
{
	size_t table =
	    (channels + STS_POSIX_WATCHES) * sizeof(struct sts_posix_channel);

	STS_ASSERT(channels >= 1);
	STS_ASSERT(channels <= STS_POSIX_CHANNELS_MAX);
	STS_ASSERT(sts_posix_size(channels) <= STS_POSIX_SIZE_MAX(channels));
	memset(p, 0, sizeof *p);
	p->channels = channels;
	p->woke = sts_posix_now();
	p->urandom = -1;
	uint8_t *end = (uint8_t *)memory + sts_posix_size(channels);

	/* Zeros are slots that are FREE: pages that no channel needs yet are
	 * left alone. */
	p->channel = (struct sts_posix_channel *)(void *)(end - table);
	memset(port, 0, sizeof *port);
	port->ctx = p;
	port->dgram = channel_dgram;
	port->stream = channel_stream;
	port->accept = channel_accept;
	port->recv = channel_recv;
	port->send = channel_send;
	port->want = channel_want;
	port->close = channel_close;
	port->entropy = channel_entropy;
	port->event = channel_event;
	return sts_wait_open(&p->wait, channels + STS_POSIX_WATCHES, memory);
}

void
sts_posix_end(struct sts_posix *p)
{
	for (unsigned i = 0; i < p->channels + STS_POSIX_WATCHES; i++) {
		if (p->channel[i].kind != FREE) {
			release(p, i);
		}
	}
	if (p->urandom >= 0) {
		close(p->urandom);
		p->urandom = -1;
	}
	sts_wait_close(&p->wait);
}

void
sts_posix_locals(struct sts_posix *p, const char *const *path, unsigned count)
{
	p->local = path;
	p->locals = count;
}

void
sts_posix_on_event(struct sts_posix *p,
    void (*event)(void *ctx, const struct sts_event *e), void *ctx)
{
	p->event = event;
	p->event_ctx = ctx;
}

/* Like take(), but fd is not closed on failure. */
static int
adopt(
    struct sts_posix *p, unsigned slot, int fd, enum kind kind, unsigned events)
{
	struct sts_posix_channel *c = &p->channel[slot];

	STS_ASSERT(c->kind == FREE);
	if (sts_socket_prepare(fd) != 0 ||
	    sts_wait_add(&p->wait, fd, token(p, slot), events) != 0) {
		return -1;
	}
	c->fd = fd;
	c->kind = (uint8_t)kind;
	c->events = (uint8_t)events;
	return 0;
}

int
sts_posix_listen(struct sts_posix *p, sts_ch ch, int fd)
{
	struct sockaddr_storage s;
	socklen_t len = sizeof s;

	STS_ASSERT(ch < p->channels);
	if (getsockname(fd, (struct sockaddr *)&s, &len) != 0) {
		return -1;
	}
	return adopt(p, ch, fd,
	    s.ss_family == AF_UNIX ? LISTENER : LISTENER_TCP, STS_EV_RECV);
}

void
sts_posix_reporters(
    struct sts_posix *p, const unsigned long *uid, unsigned count)
{
	STS_ASSERT(count <= STS_REPORT_SENDERS);
	p->senders.count = count;
	memcpy(p->senders.uid, uid, count * sizeof *uid);
}

int
sts_posix_reports(struct sts_posix *p, sts_ch ch, int fd,
    const unsigned long *uid, unsigned count)
{
	STS_ASSERT(ch < p->channels);
	sts_posix_reporters(p, uid, count);
	if (sts_socket_want_uid(fd) != 0) {
		return -1;
	}
	return adopt(p, ch, fd, REPORTS, STS_EV_RECV);
}

uint32_t
sts_posix_reports_refused(const struct sts_posix *p)
{
	return p->senders.refused;
}

int
sts_posix_watch(struct sts_posix *p, int fd)
{
	return adopt(p, p->channels, fd, WATCHED, STS_EV_RECV);
}

int
sts_posix_store(struct sts_posix *p, int fd)
{
	return adopt(p, p->channels + 1, fd, STORE, STS_EV_RECV);
}

void
sts_posix_unstore(struct sts_posix *p)
{
	if (p->channel[p->channels + 1].kind != FREE) {
		release(p, p->channels + 1);
	}
}

/* The slot of one of the board's own. */
static unsigned
own_slot(const struct sts_posix *p, unsigned own)
{
	STS_ASSERT(own < STS_POSIX_OWN);
	return p->channels + 2 + own;
}

int
sts_posix_own(struct sts_posix *p, unsigned own, int fd, unsigned events)
{
	p->own_ready[own] = 0;
	return adopt(p, own_slot(p, own), fd, OWN, events);
}

void
sts_posix_own_want(struct sts_posix *p, unsigned own, unsigned events)
{
	want(p, own_slot(p, own), events);
}

unsigned
sts_posix_own_take(struct sts_posix *p, unsigned own)
{
	STS_ASSERT(own < STS_POSIX_OWN);
	unsigned ev = p->own_ready[own];

	p->own_ready[own] = 0;
	return ev;
}

void
sts_posix_own_close(struct sts_posix *p, unsigned own)
{
	unsigned slot = own_slot(p, own);

	if (p->channel[slot].kind != FREE) {
		release(p, slot);
	}
	p->own_ready[own] = 0;
}

/* A listener that is broken was shut down by somebody else who has it: it would
 * be ready for ever, and nobody comes there any more. */
static void
leave_alone(struct sts_posix *p, unsigned slot)
{
	uint8_t kind = p->channel[slot].kind;

	if (kind == LISTENER || kind == LISTENER_TCP) {
		want(p, slot, 0);
	}
}

/* Pass what happened in a slot to the channel that owns it. */
static void
pass_event(
    struct sts_posix *p, struct sts_driver *d, unsigned slot, unsigned ev)
{
	if (slot == p->channels + 1) {
		sts_ready(d, STS_CH_STORE, 0);
	} else if (slot >= own_slot(p, 0)) {
		uint8_t *ready = &p->own_ready[slot - own_slot(p, 0)];

		*ready = (uint8_t)(*ready | ev);
	} else if (ev != 0) {
		sts_ready(d, (sts_ch)slot, ev);
	}
}

bool
sts_posix_wait(struct sts_posix *p, struct sts_driver *d, sts_ms ms)
{
	struct sts_wait_event e[STS_WAIT_BATCH];
	unsigned n = sts_wait_events(&p->wait, ms, e);
	bool watched = false;

	p->woke = sts_posix_now();
	p->others = false;
	for (unsigned i = 0; i < n; i++) {
		unsigned slot = e[i].token & 0xffff;
		const struct sts_posix_channel *c = &p->channel[slot];

		STS_ASSERT(slot < p->channels + STS_POSIX_WATCHES);
		if (c->generation != e[i].token >> 16 || c->kind == FREE) {
			continue;
		}
		/* What is broken cannot be masked: LOST says so. */
		unsigned ev = e[i].broken
				  ? STS_EV_RECV | STS_EV_SEND | STS_EV_LOST
				  : e[i].events & c->events;

		if (e[i].broken) {
			leave_alone(p, slot);
		}
		p->others = p->others || slot >= p->channels;
		if (slot == p->channels) {
			watched = true;
		} else {
			pass_event(p, d, slot, ev);
		}
	}
	return watched;
}

sts_ms
sts_posix_woke(const struct sts_posix *p)
{
	return p->woke;
}

bool
sts_posix_others(const struct sts_posix *p)
{
	return p->others;
}
