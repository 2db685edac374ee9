/* SPDX-License-Identifier: MIT */
/* The promises of core/port.h. */
#include <check.h>
#include <string.h>

#include "port_contract.h"

enum {
	ROUNDS = 100, /* waits before an event counts as missing */
	ROUND_MS = 20,
	BULK = 4 << 20, /* more than any socket buffers */
	A = 0,
	B,
	C,
	LISTENER,
	CLIENT,
	SERVER
};

static unsigned seen[CONTRACT_CHANNELS];

void
sts_ready(struct sts_driver *d, sts_ch ch, unsigned ev)
{
	ck_assert_ptr_null(d);
	ck_assert_uint_lt(ch, CONTRACT_CHANNELS);
	ck_assert_uint_ne(ev, 0);
	seen[ch] |= ev;
}

/* Wait until one of `ev` has come for ch. */
static bool
await(const struct contract_rig *r, sts_ch ch, unsigned ev)
{
	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < ROUNDS && (seen[ch] & ev) == 0; i++) {
		r->wait(r->rig, ROUND_MS);
	}
	return (seen[ch] & ev) != 0;
}

/* Whether anything comes for ch in a short while. */
static bool
disturbed(const struct contract_rig *r, sts_ch ch)
{
	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < 3; i++) {
		r->wait(r->rig, 1);
	}
	return seen[ch] != 0;
}

static int
put(const struct contract_rig *r, sts_ch ch, const char *s)
{
	return r->port->send(r->port->ctx, ch, (const uint8_t *)s, strlen(s));
}

/* Receive, waiting for it, at most `size` bytes, and compare. */
static void
expect(const struct contract_rig *r, sts_ch ch, size_t size, const char *want)
{
	uint8_t buf[64];
	int n = STS_IO_AGAIN;

	ck_assert_uint_le(size, sizeof buf);
	for (unsigned i = 0; i < ROUNDS && n == STS_IO_AGAIN; i++) {
		ck_assert_msg(await(r, ch, STS_EV_RECV), "no event: %s", want);
		n = r->port->recv(r->port->ctx, ch, buf, size);
	}
	ck_assert_int_eq(n, (int)strlen(want));
	ck_assert_mem_eq(buf, want, strlen(want));
}

static int
get(const struct contract_rig *r, sts_ch ch)
{
	uint8_t buf[64];

	return r->port->recv(r->port->ctx, ch, buf, sizeof buf);
}

/* A result other than AGAIN; waits for it. */
static int
outcome(const struct contract_rig *r, sts_ch ch)
{
	int n = get(r, ch);

	for (unsigned i = 0; i < ROUNDS && n == STS_IO_AGAIN; i++) {
		await(r, ch, STS_EV_RECV | STS_EV_SEND);
		n = get(r, ch);
	}
	return n;
}

static void
finish(const struct contract_rig *r, sts_ch ch)
{
	r->port->close(r->port->ctx, ch);
	ck_assert_msg(!disturbed(r, ch), "event after close of %u", ch);
}

static int
dgram(const struct contract_rig *r, sts_ch ch, uint16_t to, uint16_t from)
{
	struct sts_addr peer = r->self;

	peer.port = to;
	return r->port->dgram(r->port->ctx, ch, &peer, from);
}

/* Datagrams: whole, from the peer only, on the port that was asked for. */
static void
datagrams(const struct contract_rig *r)
{
	const uint16_t *p = r->free_port;

	ck_assert_int_eq(dgram(r, A, p[1], p[0]), 0);
	ck_assert_int_eq(dgram(r, B, p[0], p[1]), 0);
	ck_assert_int_eq(dgram(r, C, p[0], p[1]), STS_IO_LIMIT);
	ck_assert_int_eq(get(r, A), STS_IO_AGAIN);
	ck_assert_int_eq(put(r, B, "hello"), 5);
	expect(r, A, 64, "hello");
	ck_assert_int_eq(get(r, A), STS_IO_AGAIN);

	/* One too long is cut; the next one is another. */
	ck_assert_int_eq(put(r, B, "twelve bytes"), 12);
	ck_assert_int_eq(put(r, B, "short"), 5);
	expect(r, A, 11, "twelve byte");
	expect(r, A, 11, "short");

	/* A datagram from a stranger is not received. */
	ck_assert_int_eq(dgram(r, C, p[0], p[2]), 0);
	ck_assert_int_eq(put(r, C, "forged"), 6);
	ck_assert(!disturbed(r, A));
	ck_assert_int_eq(get(r, A), STS_IO_AGAIN);
	finish(r, C);
	finish(r, B);
	finish(r, A);
}

/* A port that nobody holds: refused, or silence, and nothing else. */
static void
datagram_refused(const struct contract_rig *r)
{
	ck_assert_int_eq(dgram(r, A, r->free_port[3], r->free_port[0]), 0);
	ck_assert_int_eq(put(r, A, "anybody?"), 8);
	await(r, A, STS_EV_RECV);
	int n = get(r, A);

	ck_assert_msg(n == STS_IO_REFUSED || n == STS_IO_AGAIN, "got %d", n);
	finish(r, A);
}

/* Make CLIENT and SERVER the two ends of a connection. */
static void
connect_pair(const struct contract_rig *r, const struct sts_addr *at)
{
	const struct sts_port *p = r->port;

	ck_assert_int_eq(p->accept(p->ctx, LISTENER, SERVER), STS_IO_AGAIN);
	ck_assert_int_eq(p->stream(p->ctx, CLIENT, at), 0);
	ck_assert(await(r, LISTENER, STS_EV_RECV));
	ck_assert_int_eq(p->accept(p->ctx, LISTENER, SERVER), 0);
	ck_assert_int_eq(p->accept(p->ctx, LISTENER, A), STS_IO_AGAIN);
	ck_assert(await(r, CLIENT, STS_EV_SEND));
	ck_assert_int_eq(get(r, CLIENT), STS_IO_AGAIN);
}

/* Bytes go both ways; events are level-triggered and obey want. */
static void
events(const struct contract_rig *r, const struct sts_addr *at)
{
	const struct sts_port *p = r->port;

	connect_pair(r, at);
	p->want(p->ctx, CLIENT, STS_EV_RECV);
	ck_assert(!disturbed(r, CLIENT));
	ck_assert(!disturbed(r, SERVER)); /* accepted: RECV only */
	ck_assert_int_eq(put(r, CLIENT, "question"), 8);
	ck_assert(await(r, SERVER, STS_EV_RECV));
	ck_assert(await(r, SERVER, STS_EV_RECV)); /* still there */
	p->want(p->ctx, SERVER, 0);
	ck_assert(!disturbed(r, SERVER));
	p->want(p->ctx, SERVER, STS_EV_SEND);
	ck_assert(await(r, SERVER, STS_EV_SEND));
	ck_assert_uint_eq(seen[SERVER], STS_EV_SEND);
	p->want(p->ctx, SERVER, STS_EV_RECV);
	expect(r, SERVER, 64, "question");
	ck_assert_int_eq(put(r, SERVER, "answer"), 6);
	expect(r, CLIENT, 64, "answer");
	finish(r, CLIENT);
	finish(r, SERVER);
}

/* Receive what is there; the bytes continue the count. */
static size_t
drain(const struct contract_rig *r, size_t from)
{
	uint8_t buf[4096];
	int n = 0;

	while ((n = r->port->recv(r->port->ctx, SERVER, buf, sizeof buf)) > 0) {
		int same = 0; /* an assertion for each byte would take long */

		for (int i = 0; i < n; i++, from++) {
			same += buf[i] == from % 251;
		}
		ck_assert_int_eq(same, n);
	}
	ck_assert_int_eq(n, STS_IO_AGAIN);
	return from;
}

/* More than the system buffers: send returns AGAIN, then SEND comes again. */
static void
bulk(const struct contract_rig *r, const struct sts_addr *at)
{
	const struct sts_port *p = r->port;
	uint8_t buf[251 * 16];
	size_t sent = 0, received = 0;
	bool blocked = false;

	for (size_t i = 0; i < sizeof buf; i++) {
		buf[i] = (uint8_t)(i % 251);
	}
	connect_pair(r, at);
	while (sent < BULK) {
		size_t off = sent % 251;
		int n = p->send(p->ctx, CLIENT, buf + off, sizeof buf - off);

		if (n == STS_IO_AGAIN) {
			blocked = true;
			received = drain(r, received);
			ck_assert(await(r, CLIENT, STS_EV_SEND));
			continue;
		}
		ck_assert_int_ge(n, 1);
		sent += (size_t)n;
	}
	while (received < sent) {
		ck_assert(await(r, SERVER, STS_EV_RECV));
		received = drain(r, received);
	}
	ck_assert(blocked);
	finish(r, CLIENT);
	finish(r, SERVER);
}

/* An accepted channel that closes resets its peer; one that was connected out
 * ends in EOF at its peer, which can still send without a signal. */
static void
endings(const struct contract_rig *r, const struct sts_addr *at)
{
	connect_pair(r, at);
	finish(r, SERVER);
	ck_assert(await(r, CLIENT, STS_EV_LOST));
	ck_assert_int_eq(outcome(r, CLIENT), STS_IO_RESET);
	ck_assert_int_lt(put(r, CLIENT, "x"), 0);
	finish(r, CLIENT);

	connect_pair(r, at);
	ck_assert_int_eq(put(r, CLIENT, "bye"), 3);
	finish(r, CLIENT);
	expect(r, SERVER, 64, "bye");
	ck_assert_uint_eq(seen[SERVER] & STS_EV_LOST, 0);
	ck_assert_int_eq(outcome(r, SERVER), STS_IO_EOF);
	ck_assert_int_eq(put(r, SERVER, "x"), 1);
	finish(r, SERVER);
}

/* Nothing listens: reported at once, or by an event and recv. */
static void
stream_refused(const struct contract_rig *r)
{
	struct sts_addr at = r->self;

	at.port = r->free_port[3];
	int rc = r->port->stream(r->port->ctx, A, &at);

	if (rc == 0) {
		ck_assert(await(r, A, STS_EV_LOST));
		rc = outcome(r, A);
		finish(r, A);
	}
	ck_assert_int_eq(rc, STS_IO_REFUSED);
}

/*
 * A channel number is used again at once while the system holds events of
 * its former use: the new channel must not get them.
 */
static void
reuse(const struct contract_rig *r, const struct sts_addr *at)
{
	const uint16_t *p = r->free_port;

	connect_pair(r, at);
	ck_assert_int_eq(put(r, CLIENT, "late"), 4);
	r->port->close(r->port->ctx, SERVER);
	ck_assert_int_eq(dgram(r, SERVER, p[1], p[0]), 0);
	ck_assert(!disturbed(r, SERVER));
	ck_assert_int_eq(get(r, SERVER), STS_IO_AGAIN);
	finish(r, SERVER);
	finish(r, CLIENT);
}

static void
entropy(const struct contract_rig *r)
{
	uint8_t one[64], two[64], zero[64];

	memset(zero, 0, sizeof zero);
	memset(one, 0, sizeof one);
	memset(two, 0, sizeof two);
	ck_assert_int_eq(r->port->entropy(r->port->ctx, one, sizeof one), 0);
	ck_assert_int_eq(r->port->entropy(r->port->ctx, two, sizeof two), 0);
	ck_assert_mem_ne(one, two, sizeof one);
	ck_assert_mem_ne(one + 48, zero, 16);
}

void
port_contract(const struct contract_rig *r)
{
	struct sts_addr at;

	entropy(r);
	datagrams(r);
	datagram_refused(r);
	stream_refused(r);
	memset(&at, 0, sizeof at);
	r->listener(r->rig, LISTENER, &at);
	events(r, &at);
	bulk(r, &at);
	endings(r, &at);
	reuse(r, &at);
	finish(r, LISTENER);
}
