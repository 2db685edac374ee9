/* SPDX-License-Identifier: MIT */
/*
 * struct sts_port over queues in this process. Breaches of the contract by the
 * core are noted in m->fault and not asserted, so that a scenario can report
 * the line that provoked one.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#include "../splitmix.h"

static void
fault(struct mem *m, const char *what)
{
	if (m->fault == NULL) {
		m->fault = what;
	}
}

/* Make room for n more bytes after those that are there. */
static void
make_room(struct mem_bytes *b, size_t n)
{
	size_t off = b->block == NULL ? 0 : (size_t)(b->p - b->block);
	uint8_t *block;

	if (b->size - off - b->n >= n) {
		return;
	}
	b->size = (b->n + n) * 2 + 64;
	block = malloc(b->size);
	if (block == NULL) {
		abort();
	}
	if (b->n > 0) {
		memcpy(block, b->p, b->n);
	}
	free(b->block);
	b->block = b->p = block;
}

void
mem_put(struct mem_bytes *b, const void *p, size_t n)
{
	make_room(b, n);
	if (n > 0) {
		memcpy(b->p + b->n, p, n);
	}
	b->n += n;
}

void
mem_drop(struct mem_bytes *b, size_t n)
{
	b->n -= n;
	b->p = b->n == 0 ? b->block : b->p + n;
}

void
mem_free(struct mem_bytes *b)
{
	free(b->block);
	memset(b, 0, sizeof *b);
}

static void
put_datagram(struct mem_bytes *b, const void *p, size_t n)
{
	uint8_t head[2];

	sts_put16be(head, (uint16_t)n);
	mem_put(b, head, sizeof head);
	mem_put(b, p, n);
}

size_t
mem_datagram(const struct mem_sock *s, const uint8_t **p)
{
	if (s->out.n == 0) {
		return 0;
	}
	*p = s->out.p + 2;
	return sts_get16be(s->out.p);
}

void
mem_datagram_drop(struct mem_sock *s)
{
	mem_drop(&s->out, 2 + (size_t)sts_get16be(s->out.p));
}

static uint32_t
next_of(uint64_t *sequence)
{
	return (uint32_t)(splitmix(sequence) >> 16);
}

uint32_t
mem_random(struct mem *m)
{
	return next_of(&m->random);
}

static bool
chance(struct mem *m, unsigned percent)
{
	return percent > 0 && next_of(&m->weather) % 100 < percent;
}

static struct mem_sock *
new_sock(struct mem *m, enum mem_kind kind, enum mem_state state)
{
	unsigned i;

	for (i = 0; i < MEM_SOCKS && m->sock[i].kind != MEM_FREE; i++) {
	}
	if (i == MEM_SOCKS) {
		fault(m, "the test is out of sockets");
		return NULL;
	}
	if (i >= m->sock_high) {
		m->sock_high = i + 1;
	}
	memset(&m->sock[i], 0, sizeof m->sock[i]);
	m->sock[i].kind = (uint8_t)kind;
	m->sock[i].state = (uint8_t)state;
	m->sock[i].ch = -1;
	m->sock[i].space = m->space;
	m->sock[i].cuts = m->streams += 0x632be59bd9b4e019u;
	return &m->sock[i];
}

static void
free_if_done(struct mem *m, struct mem_sock *s)
{
	if (s->core_gone && s->test_gone) {
		mem_free(&s->in);
		mem_free(&s->out);
		memset(s, 0, sizeof *s);
		while (m->sock_high > 0 &&
		       m->sock[m->sock_high - 1].kind == MEM_FREE) {
			m->sock_high--;
		}
	}
}

static void
bind_channel(struct mem *m, struct mem_sock *s, sts_ch ch, unsigned want)
{
	s->ch = ch;
	s->want = want;
	m->sock_of[ch] = s;
	m->open_count++;
	m->moves++;
}

/* Checks for the opening of any channel. Returns 0 or the failure. */
static int
may_open(struct mem *m, sts_ch ch)
{
	if (ch >= MEM_CHANNELS) {
		fault(m, "channel number out of range");
		return STS_IO_LIMIT;
	}
	if (m->sock_of[ch] != NULL) {
		fault(m, "opened a channel that is open");
		return STS_IO_LIMIT;
	}
	return m->open_count >= m->channels_max ? STS_IO_LIMIT : 0;
}

static int
open_to(struct mem *m, sts_ch ch, const struct sts_addr *peer,
    enum mem_kind kind, uint16_t local_port)
{
	int r = may_open(m, ch);
	struct mem_sock *s;

	if (r != 0) {
		return r;
	}
	if (peer->af != STS_AF_INET && peer->af != STS_AF_INET6) {
		fault(m, "opened to no internet address");
	}
	if (peer->port == 0) {
		fault(m, "opened to port 0");
	}
	if (peer->af == STS_AF_INET6 && m->no_inet6) {
		return STS_IO_UNREACHABLE;
	}
	s = new_sock(m, kind, kind == MEM_DGRAM ? MEM_OPEN : MEM_WAITING);
	if (s == NULL) {
		return STS_IO_LIMIT;
	}
	s->peer = *peer;
	s->local_port = local_port;
	bind_channel(m, s, ch,
	    kind == MEM_DGRAM ? STS_EV_RECV : STS_EV_RECV | STS_EV_SEND);
	return 0;
}

static int
port_dgram(
    void *ctx, sts_ch ch, const struct sts_addr *peer, uint16_t local_port)
{
	struct mem *m = ctx;

	if (local_port < 1024) {
		fault(m, "datagram socket on a privileged port");
	}
	if (m->ports_taken > 0) {
		m->ports_taken--;
		return STS_IO_LIMIT;
	}
	return open_to(m, ch, peer, MEM_DGRAM, local_port);
}

static int
port_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	return open_to(ctx, ch, peer, MEM_STREAM, 0);
}

static bool
is_waiting_client(const struct mem_sock *s)
{
	return s->kind == MEM_CLIENT && s->state == MEM_WAITING;
}

static struct mem_sock *
waiting_client(struct mem *m)
{
	unsigned i;

	for (i = 0; i < m->sock_high; i++) {
		if (is_waiting_client(&m->sock[i])) {
			return &m->sock[i];
		}
	}
	return NULL;
}

static int
port_accept(void *ctx, sts_ch listener, sts_ch fresh)
{
	struct mem *m = ctx;
	struct mem_sock *s = waiting_client(m);
	int r = may_open(m, fresh);

	if (listener >= MEM_CHANNELS || m->sock_of[listener] == NULL ||
	    m->sock_of[listener]->kind != MEM_LISTENER) {
		fault(m, "accept on a channel that does not listen");
		return STS_IO_AGAIN;
	}
	if (s == NULL) {
		return STS_IO_AGAIN;
	}
	if (r != 0) {
		return r;
	}
	s->state = MEM_OPEN;
	bind_channel(m, s, fresh, STS_EV_RECV);
	return 0;
}

/* The open socket of a channel. Returns NULL, and notes a breach, if none
 * is. */
static struct mem_sock *
sock_of(struct mem *m, sts_ch ch)
{
	if (ch >= MEM_CHANNELS || m->sock_of[ch] == NULL) {
		fault(m, "a channel that is not open was used");
		return NULL;
	}
	return m->sock_of[ch];
}

static size_t
at_most(struct mem *m, struct mem_sock *s, size_t n)
{
	size_t piece = m->segment;

	if (piece == 0 || n < 2) {
		return n;
	}
	piece = 1 + next_of(&s->cuts) % piece;
	return piece < n ? piece : n;
}

static int
recv_datagram(struct mem *m, struct mem_sock *s, uint8_t *buf, size_t size)
{
	while (s->in.n > 0) {
		size_t n = sts_get16be(s->in.p);
		size_t fits = n < size ? n : size;

		memcpy(buf, s->in.p + 2, fits);
		mem_drop(&s->in, 2 + n);
		m->moves++;
		if (fits > 0) {
			return (int)fits;
		}
	}
	return STS_IO_AGAIN;
}

static int
recv_bytes(struct mem *m, struct mem_sock *s, uint8_t *buf, size_t size)
{
	size_t n = s->in.n < size ? s->in.n : size;

	if (s->in.n == 0) {
		if (s->eof) {
			m->moves++;
		}
		return s->eof ? STS_IO_EOF : STS_IO_AGAIN;
	}
	n = at_most(m, s, n);
	memcpy(buf, s->in.p, n);
	mem_drop(&s->in, n);
	s->received += n;
	m->moves++;
	return (int)n;
}

static int
port_recv(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	struct mem *m = ctx;
	struct mem_sock *s = sock_of(m, ch);

	if (s == NULL) {
		return STS_IO_RESET;
	}
	if (size == 0 || buf == NULL) {
		fault(m, "recv into no room");
		return STS_IO_AGAIN;
	}
	if (s->kind == MEM_LISTENER) {
		fault(m, "recv on a listener");
		return STS_IO_AGAIN;
	}
	if (s->state == MEM_FAILED) {
		m->moves++;
		return s->failure;
	}
	if (s->state == MEM_WAITING) {
		return STS_IO_AGAIN;
	}
	return s->kind == MEM_DGRAM ? recv_datagram(m, s, buf, size)
				    : recv_bytes(m, s, buf, size);
}

static int
port_send(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	struct mem *m = ctx;
	struct mem_sock *s = sock_of(m, ch);
	size_t n = len;

	if (s == NULL) {
		return STS_IO_RESET;
	}
	if (len == 0 || buf == NULL || s->kind == MEM_LISTENER) {
		fault(m, "send of nothing, or on a listener");
		return STS_IO_AGAIN;
	}
	if (s->state == MEM_FAILED) {
		m->moves++;
		return s->failure;
	}
	if (s->state == MEM_WAITING) {
		fault(m, "send before the stream was connected");
		return STS_IO_AGAIN;
	}
	m->moves++;
	if (s->kind == MEM_DGRAM) {
		put_datagram(&s->out, buf, len);
		return (int)len;
	}
	if (s->out.n >= s->space) {
		return STS_IO_AGAIN;
	}
	n = n < s->space - s->out.n ? n : s->space - s->out.n;
	n = at_most(m, s, n);
	mem_put(&s->out, buf, n);
	s->sent += n;
	return (int)n;
}

static void
port_want(void *ctx, sts_ch ch, unsigned ev)
{
	struct mem *m = ctx;
	struct mem_sock *s = sock_of(m, ch);

	if (s == NULL) {
		return;
	}
	if ((ev & ~(unsigned)(STS_EV_RECV | STS_EV_SEND)) != 0) {
		fault(m, "want of unknown events");
	}
	if (ev == s->want) {
		fault(m, "want called without a change");
	}
	s->want = ev;
	m->moves++;
}

static void
port_close(void *ctx, sts_ch ch)
{
	struct mem *m = ctx;
	struct mem_sock *s = sock_of(m, ch);

	if (s == NULL) {
		return;
	}
	if (s->kind == MEM_LISTENER) {
		fault(m, "the core closed a listener");
		return;
	}
	m->sock_of[ch] = NULL;
	m->open_count--;
	m->moves++;
	s->ch = -1;
	s->core_gone = true;
	free_if_done(m, s);
}

static int
port_entropy(void *ctx, uint8_t *buf, size_t len)
{
	struct mem *m = ctx;
	size_t i;

	if (len == 0) {
		fault(m, "entropy of no bytes");
	}
	if (m->entropy_dry > 0) {
		m->entropy_dry--;
		return STS_IO_AGAIN;
	}
	for (i = 0; i < len; i++) {
		buf[i] = (uint8_t)next_of(&m->entropy);
	}
	m->moves++;
	return 0;
}

static void
port_event(void *ctx, const struct sts_event *e)
{
	struct mem *m = ctx;

	if (e->code >= STS_EVENT_COUNT || e->why >= STS_WHY_COUNT ||
	    e->text_len > STS_NAME_MAX) {
		fault(m, "an event out of range");
		return;
	}
	m->event[m->event_count % MEM_EVENTS] = *e;
	m->event_seen[m->event_count % MEM_EVENTS] = false;
	m->event_count++;
}

void
mem_init(struct mem *m, uint64_t seed)
{
	memset(m, 0, sizeof *m);
	m->random = seed;
	m->entropy = m->streams = ~seed;
	m->weather = seed ^ 0x5555555555555555u;
	m->channels_max = MEM_CHANNELS;
	m->space = 65536;
	m->port.ctx = m;
	m->port.dgram = port_dgram;
	m->port.stream = port_stream;
	m->port.accept = port_accept;
	m->port.recv = port_recv;
	m->port.send = port_send;
	m->port.want = port_want;
	m->port.close = port_close;
	m->port.entropy = port_entropy;
	m->port.event = port_event;
}

void
mem_end(struct mem *m)
{
	unsigned i;

	for (i = 0; i < MEM_SOCKS; i++) {
		mem_free(&m->sock[i].in);
		mem_free(&m->sock[i].out);
	}
}

/* The events that hold on an open socket. */
static unsigned
events_of(struct mem *m, const struct mem_sock *s)
{
	unsigned ev = 0;

	if (s->kind == MEM_LISTENER) {
		return waiting_client(m) != NULL ? STS_EV_RECV : 0;
	}
	if (s->state == MEM_FAILED) {
		return STS_EV_RECV | STS_EV_SEND | STS_EV_LOST;
	}
	if (s->state == MEM_WAITING) {
		return 0;
	}
	if (s->in.n > 0 || s->eof) {
		ev |= STS_EV_RECV;
	}
	if (s->kind == MEM_DGRAM || s->out.n < s->space) {
		ev |= STS_EV_SEND;
	}
	return ev;
}

unsigned
mem_deliver(struct mem *m)
{
	unsigned i, ready = 0;

	for (i = 0; i < m->sock_high; i++) {
		struct mem_sock *s = &m->sock[i];
		unsigned ev;

		if (s->kind == MEM_FREE || s->ch < 0) {
			continue;
		}
		ev = events_of(m, s) & (s->want | STS_EV_LOST);
		if (ev != 0) {
			sts_ready(m->driver, (sts_ch)s->ch, ev);
			ready++;
		}
	}
	return ready;
}

void
mem_listen(struct mem *m, sts_ch ch)
{
	struct mem_sock *s = new_sock(m, MEM_LISTENER, MEM_OPEN);

	if (s != NULL) {
		bind_channel(m, s, ch, STS_EV_RECV);
	}
	m->open_count--;
}

void
mem_unlisten(struct mem *m, sts_ch ch)
{
	struct mem_sock *s = sock_of(m, ch);

	if (s == NULL) {
		return;
	}
	m->sock_of[ch] = NULL;
	s->core_gone = true;
	s->test_gone = true;
	free_if_done(m, s);
}

struct mem_sock *
mem_connect(struct mem *m, sts_ch listener)
{
	(void)listener;
	return new_sock(m, MEM_CLIENT, MEM_WAITING);
}

void
mem_accept(struct mem *m, struct mem_sock *s)
{
	m->moves++;
	s->state = MEM_OPEN;
}

void
mem_fail(struct mem *m, struct mem_sock *s, int failure)
{
	m->moves++;
	if (is_waiting_client(s)) {
		s->core_gone = true; /* never accepted */
	}
	s->state = MEM_FAILED;
	s->failure = failure;
	mem_free(&s->in);
}

static void
swap_last_two(struct mem_bytes *b, size_t before, size_t n)
{
	uint8_t last[2 + 65535];

	memcpy(last, b->p + b->n - n, n);
	memmove(b->p + b->n - before, b->p + b->n - n - before, before);
	memcpy(b->p + b->n - n - before, last, n);
}

static void
send_datagram(struct mem *m, struct mem_sock *s, const void *p, size_t n)
{
	size_t first = s->in.n > 0 ? 2 + (size_t)sts_get16be(s->in.p) : 0;

	if (chance(m, m->loss)) {
		return;
	}
	put_datagram(&s->in, p, n);
	/* Only the datagram directly before it can be overtaken. */
	if (first > 0 && s->in.n == first + 2 + n && chance(m, m->swap)) {
		swap_last_two(&s->in, first, 2 + n);
	}
	if (chance(m, m->twice)) {
		put_datagram(&s->in, p, n);
	}
}

void
mem_send(struct mem *m, struct mem_sock *s, const void *p, size_t n)
{
	if (s->core_gone || s->state == MEM_FAILED) {
		return;
	}
	m->moves++;
	if (s->kind == MEM_DGRAM) {
		send_datagram(m, s, p, n);
	} else {
		mem_put(&s->in, p, n);
	}
}

void
mem_half_close(struct mem_sock *s)
{
	s->eof = true;
}

void
mem_release(struct mem *m, struct mem_sock *s)
{
	s->test_gone = true;
	free_if_done(m, s);
}

void
mem_crash(struct mem *m)
{
	unsigned i;

	for (i = 0; i < MEM_SOCKS; i++) {
		struct mem_sock *s = &m->sock[i];

		if (s->kind == MEM_FREE || s->ch < 0) {
			continue;
		}
		s->ch = -1;
		s->core_gone = true;
		s->test_gone = s->test_gone || s->kind == MEM_LISTENER;
		free_if_done(m, s);
	}
	memset(m->sock_of, 0, sizeof m->sock_of);
	m->open_count = 0;
}

unsigned
mem_open_count(const struct mem *m)
{
	return m->open_count;
}
