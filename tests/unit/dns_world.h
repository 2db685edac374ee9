/* SPDX-License-Identifier: MIT */
/*
 * A driver and its name servers for the tests of dns/upstream: virtual time,
 * one channel, and the contract of core/base/io.h, which is checked at each
 * step.
 */
#ifndef STS_DNS_WORLD_H
#define STS_DNS_WORLD_H

#include "../../dns/upstream.h"
#include "dns_build.h"
#include "unit.h"

#define NAME "_mta-sts.example.com"

/* Time wraps soon after the start. */
#define WORLD_START ((sts_ms)0xfffff000U)

enum {
	WORLD_BUDGET = 60000,
	WORLD_BUFFER = STS_DNS_BUFFER_MIN,
	WORLD_TXT_TTL = 300
};

struct world {
	struct sts_upstream u;
	struct sts_dns_servers servers;
	struct sts_dns_health *health; /* or NULL */
	sts_ms now;
	bool open, stream; /* the channel */
	unsigned sent_count; /* queries sent */
	uint16_t id; /* of the last query */
	bool edns;
	bool cd; /* CD: the server is asked not to validate */
	uint8_t rnd[STS_DNS_RND];
	uint8_t scratch[STS_SCRATCH_SIZE];
	uint8_t buffer[WORLD_BUFFER];
	unsigned records; /* taken by world_take since the first */
	size_t taken_len;
	uint8_t taken[BUILD_SIZE]; /* their RDATA, one after another */
};

static inline void
world_ask(struct world *w, uint32_t budget_ms)
{
	struct sts_dns_name_parts name = { unit_span("_mta-sts"),
		unit_span("example.com") };

	w->open = false;
	w->sent_count = 0;
	/* What was in the struct before must not matter. */
	memset(&w->u, 0xff, sizeof w->u);
	sts_upstream_start(&w->u, &w->servers, w->health, name, STS_DNS_TXT,
	    w->now, budget_ms, w->rnd);
}

static inline void
world_start(struct world *w, unsigned count, uint32_t budget_ms)
{
	memset(w, 0, sizeof *w);
	w->now = WORLD_START;
	w->servers.count = count;
	for (unsigned i = 0; i < count; i++) {
		w->servers.addr[i].af = STS_AF_INET;
		w->servers.addr[i].port = (uint16_t)(5300 + i);
		w->servers.trusted[i] = i == 1;
	}
	for (unsigned i = 0; i < STS_DNS_RND; i++) {
		w->rnd[i] = (uint8_t)(0xa0 + i);
	}
	world_ask(w, budget_ms);
}

static inline unsigned
world_wants(const struct world *w)
{
	unsigned wants = sts_upstream_wants(&w->u);
	unsigned without = STS_WANT_DGRAM | STS_WANT_STREAM | STS_WANT_OWNER;

	/* The engine wants at most one thing, and one that fits the channel. */
	ck_assert_uint_eq(wants & (wants - 1), 0);
	if (w->open) {
		ck_assert_uint_eq(wants & without, 0);
		ck_assert_uint_ne(wants, 0);
	} else {
		ck_assert_uint_eq(wants & (STS_WANT_SEND | STS_WANT_RECV), 0);
	}
	return wants;
}

static inline void
world_tick(struct world *w)
{
	sts_ms at;

	sts_upstream_tick(&w->u, w->now);
	if (sts_upstream_deadline(&w->u, &at)) {
		ck_assert(sts_before(w->now, at) || at == w->now);
		ck_assert(!sts_before(WORLD_START + WORLD_BUDGET, at));
	} else {
		ck_assert(sts_upstream_result(&w->u) != STS_PENDING ||
			  sts_upstream_wants(&w->u) == 0 ||
			  sts_upstream_wants(&w->u) == STS_WANT_CLOSE);
	}
}

/* Close the channel if the engine wants that. */
static inline void
world_close(struct world *w)
{
	if (world_wants(w) == STS_WANT_CLOSE) {
		w->open = false;
		sts_upstream_lost(&w->u, STS_IO_CLOSED);
	}
}

/* The channel is lost, or could not be opened. */
static inline void
world_lose(struct world *w, int why)
{
	if (why != STS_IO_EOF) {
		w->open = false;
	}
	sts_upstream_lost(&w->u, why);
	world_close(w);
	world_tick(w);
}

/* The query must be exactly what the codec writes for the next id. */
static inline void
world_check_query(struct world *w, struct sts_text q)
{
	struct sts_dns_name_parts name = { unit_span(""), unit_span(NAME) };
	uint8_t want[STS_DNS_QUERY_MAX];
	size_t off = w->stream ? 2 : 0, n;

	ck_assert_uint_gt(q.n, off + 12);
	w->edns = q.p[off + 11] == 1;
	/* Each query has an id of its own: no two in rnd are the same. */
	ck_assert(w->sent_count == 0 || sts_get16be(q.p + off) != w->id);
	w->id = sts_get16be(q.p + off);
	n = sts_dns_query(want, w->id, name, STS_DNS_TXT, w->edns);
	ck_assert_uint_eq(q.n, off + n);
	want[3] |= w->cd ? 0x10 : 0; /* RFC 4035 3.2.2 */
	ck_assert_mem_eq(q.p + off, want, n);
	ck_assert(!w->stream || sts_get16be(q.p) == n);
	w->sent_count++;
	ck_assert_uint_le(w->sent_count, STS_DNS_TRIES);
}

/* Open the channel that the engine wants to have. */
static inline void
world_open(struct world *w)
{
	unsigned wants = world_wants(w);

	ck_assert_uint_ne(wants & (STS_WANT_DGRAM | STS_WANT_STREAM), 0);
	w->open = true;
	w->stream = wants == STS_WANT_STREAM;
	sts_upstream_opened(&w->u);
}

static inline void
world_send(struct world *w)
{
	struct sts_span lent = sts_span(w->scratch, sizeof w->scratch);
	struct sts_text q;

	ck_assert_uint_eq(world_wants(w), STS_WANT_SEND);
	q = sts_upstream_send_buf(&w->u, lent);
	world_check_query(w, q);
	sts_upstream_send_ack(&w->u, q.n);
	ck_assert_uint_eq(world_wants(w), STS_WANT_RECV);
}

/* Take the part of the answer that has come, as an owner does in recv_ack. */
static inline void
world_take(struct world *w)
{
	struct sts_dns_piece piece;

	while (sts_upstream_next(&w->u, &piece)) {
		if (piece.record == 0 && piece.first) {
			w->records = 0;
			w->taken_len = 0;
		}
		ck_assert_uint_eq(piece.record, w->records);
		memcpy(w->taken + w->taken_len, piece.rdata.p, piece.rdata.n);
		w->taken_len += piece.rdata.n;
		w->records += piece.last;
	}
}

/* Hand over one datagram, or as many bytes of the stream as the engine
 * wants. */
static inline void
world_bytes(struct world *w, const uint8_t *p, size_t n)
{
	while (n > 0 && world_wants(w) == STS_WANT_RECV) {
		struct sts_span at = sts_upstream_recv_buf(
		    &w->u, sts_span(w->scratch, sizeof w->scratch));
		size_t used = n < at.n ? n : at.n;

		ck_assert_uint_ge(at.n, 1);
		ck_assert(w->stream || used == n);
		memcpy(at.p, p, used);
		sts_upstream_recv_ack(&w->u, sts_span(at.p, used));
		world_take(w);
		p += used;
		n -= used;
	}
}

/* Hand over a message as the server sends it, then do what the driver does. */
static inline void
world_message(struct world *w, const struct build *b)
{
	uint8_t length[2];

	if (w->stream) {
		sts_put16be(length, (uint16_t)b->n);
		world_bytes(w, length, 2);
	}
	world_bytes(w, b->p, b->n);
}

/* Answer the last query: FOUND unless flags or text make it something else. */
static inline void
world_answer(struct world *w, struct build *b, unsigned flags, const char *text)
{
	build_begin(b, w->id, ANSWERED | flags, NAME, STS_DNS_TXT);
	if (text != NULL) {
		build_record(
		    b, ANSWER, "@12", STS_DNS_TXT, WORLD_TXT_TTL, text);
	}
}

/* Let time pass until the engine wants something. */
static inline void
world_wait(struct world *w)
{
	sts_ms at;

	world_tick(w);
	world_close(w);
	world_tick(w);
	while ((world_wants(w) == 0 || world_wants(w) == STS_WANT_RECV) &&
	       sts_upstream_deadline(&w->u, &at)) {
		ck_assert(sts_before(w->now, at));
		w->now = at;
		world_tick(w);
		world_close(w);
		world_tick(w);
	}
}

#endif
