/* SPDX-License-Identifier: MIT */
/*
 * One question put to the name servers: the node's operations, what time
 * brings, and what is read of what came. upstream_plan.h draws the states and
 * has their invariants; upstream_plan.c decides which server is asked next.
 *
 * Time that is lost because a buffer, port or descriptor of ours is missing
 * does not count against the budget, up to STS_DNS_OURS_MS of each: a shortage
 * of ours says nothing about a domain, and an attacker who causes it must not
 * make other domains' look-ups end as "cannot tell".
 */
#include <string.h>

#include "../core/base/assert.h"
#include "upstream.h"
#include "upstream_plan.h"
#include "wire.h"

enum {
	LENGTH_LEN = 2, /* RFC 1035 4.2.2 */
	LIMITED_MAX = STS_DNS_OURS_MS / STS_DNS_PAUSE_MS
};

STS_STATIC_ASSERT(2 * STS_DNS_TRIES <= STS_DNS_RND, an_id_a_try);
STS_STATIC_ASSERT(
    STS_SCRATCH_SIZE >= STS_DNS_QUERY_MAX + LENGTH_LEN, query_fits_scratch);

/* Whether the state ends at try_until. */
static bool
is_timed(const struct sts_upstream *u)
{
	return u->state == STS_UPSTREAM_PAUSED ||
	       (u->state >= STS_UPSTREAM_OPENING &&
		   u->state <= STS_UPSTREAM_LISTENING);
}

static bool
is_waiting(const struct sts_upstream *u)
{
	return u->found == STS_PENDING && !u->stopped &&
	       u->state != STS_UPSTREAM_IDLE;
}

static size_t
length_len(const struct sts_upstream *u)
{
	return u->over_tcp ? LENGTH_LEN : 0;
}

static uint16_t
query_id(const struct sts_upstream *u)
{
	return sts_get16be(u->rnd + (size_t)2 * u->tries);
}

/* A message that answers another question: a guess, or a broken server. */
static void
heard_stranger(struct sts_upstream *u)
{
	u->mismatches++;
	u->in_message = u->streams = false;
	u->tcp_len = 0;
	u->tcp_want = LENGTH_LEN;
	if (u->mismatches == STS_DNS_MISMATCH_MAX) {
		sts_upstream_plan_by_tcp(u);
	}
}

static bool
is_edns_unknown(const struct sts_dns_verdict *v)
{
	return v->rcode == STS_DNS_FORMERR || v->rcode == STS_DNS_NOTIMP ||
	       v->rcode == STS_DNS_BADVERS;
}

/* A question with EDNS was of no use. */
static void
lose_edns(struct sts_upstream *u)
{
	u->lost_edns |= (uint8_t)sts_upstream_server_bit(u);
	sts_dns_health_lost_edns(
	    u->health, sts_upstream_peer(u), u->began, u->now);
}

/* What an answer shows of EDNS; `answered`: it is one to our question. */
static void
learn_edns(
    struct sts_upstream *u, const struct sts_dns_verdict *v, bool answered)
{
	const struct sts_addr *server = sts_upstream_peer(u);

	if (u->edns && is_edns_unknown(v)) {
		lose_edns(u);
	} else if (u->edns) {
		sts_dns_health_knows_edns(u->health, server, u->now);
		u->lost_edns &= (uint8_t)~sts_upstream_server_bit(u);
	} else if (answered) {
		sts_dns_health_plain(u->health, server, u->now);
	}
}

/* The server has answered something. That it has more to say than fits is an
 * answer in this respect. */
static void
learn(struct sts_upstream *u, const struct sts_dns_verdict *v)
{
	const struct sts_addr *server = sts_upstream_peer(u);
	bool answered =
	    v->found == STS_FOUND || v->found == STS_ABSENT || v->truncated;

	sts_dns_health_heard(u->health, server, u->now);
	if (u->over_tcp) {
		sts_dns_health_clear(u->health, server, STS_DNS_NO_TCP);
	}
	learn_edns(u, v, answered);
	if (answered) {
		sts_dns_health_set_aside(
		    u->health, u->servers, u->silent, u->began, u->now);
	}
}

static void
heard_error(struct sts_upstream *u, const struct sts_dns_verdict *v)
{
	if (v->why == STS_WHY_DNS_ALIAS_LOOP || v->why == STS_WHY_DNS_LARGE) {
		sts_upstream_plan_finish(u, STS_UNKNOWN, v->why);
	} else if (is_edns_unknown(v) && u->edns) {
		sts_upstream_plan_blame(u, v->why);
		u->plain = true;
		sts_upstream_plan_spend(u);
	} else {
		sts_upstream_plan_erred(u, v->why);
	}
}

/* A message was read: act upon its verdict. */
static void
heard(struct sts_upstream *u, const struct sts_dns_verdict *v)
{
	if (v->found == STS_PENDING && !v->truncated) {
		heard_stranger(u);
		return;
	}
	learn(u, v);
	if (v->truncated) {
		sts_upstream_plan_by_tcp(u);
	} else if (v->found == STS_UNKNOWN) {
		heard_error(u, v);
	} else {
		u->ttl_s = v->ttl_s;
		u->ad = v->ad && u->servers->trusted[u->server];
		sts_upstream_plan_finish(u, v->found, v->why);
	}
}

/* Judge a message that is held whole. */
static void
heard_message(struct sts_upstream *u, struct sts_text m)
{
	struct sts_dns_verdict v;

	sts_dns_judge(&v, m, query_id(u), u->name, u->type);
	if (v.found == STS_FOUND) {
		sts_dns_answers(&u->answer.whole, m, &v, u->type);
		u->number = 0;
		u->streams = false;
	}
	heard(u, &v);
}

/* A datagram as long as its room may have lost its end, which the port does not
 * report: treat it as truncated. */
static void
heard_cut(struct sts_upstream *u, struct sts_text m)
{
	struct sts_dns_verdict v;

	if (sts_dns_judge_head(&v, m, query_id(u), u->name, u->type)) {
		v.truncated = true;
	}
	heard(u, &v);
}

/* The two octets before a message over TCP are there. */
static void
heard_length(struct sts_upstream *u)
{
	u->tcp_want = sts_get16be(u->tcp);
	u->tcp_len = 0;
	u->in_message = true;
	if (u->tcp_want == 0) {
		sts_upstream_plan_erred(u, STS_WHY_DNS_MALFORMED);
	} else if (u->tcp_want <= u->tcp_size) {
		return;
	} else if (sts_dns_stream_can(u->type)) {
		sts_dns_stream_start(&u->answer.stream, u->tcp, u->tcp_size,
		    u->tcp_want, query_id(u), u->type);
		u->streams = true;
	} else {
		sts_upstream_plan_finish(u, STS_UNKNOWN, STS_WHY_DNS_LARGE);
	}
}

static void
heard_stream(struct sts_upstream *u, size_t n)
{
	STS_ASSERT(n <= (size_t)(u->tcp_want - u->tcp_len));
	u->tcp_len = (uint16_t)(u->tcp_len + n);
	if (u->tcp_len < u->tcp_want) {
		return;
	}
	if (u->in_message) {
		heard_message(u, sts_text(u->tcp, u->tcp_len));
	} else {
		heard_length(u);
	}
}

/* A piece of a message that is read as it comes. */
static bool
next_streamed(struct sts_upstream *u, struct sts_dns_piece *piece)
{
	struct sts_dns_verdict v;

	switch (sts_dns_stream_next(&u->answer.stream, u->name, piece)) {
	case STS_DNS_STREAM_PIECE:
		return true;
	case STS_DNS_STREAM_END:
		sts_dns_stream_verdict(&u->answer.stream, &v);
		heard(u, &v);
		break;
	case STS_DNS_STREAM_MORE:
		break;
	}
	return false;
}

/* A record of a message that is held. */
static bool
next_held(struct sts_upstream *u, struct sts_dns_piece *piece)
{
	struct sts_dns_rr rr;

	if (!sts_dns_next(&u->answer.whole, &rr)) {
		return false;
	}
	piece->rdata = rr.rdata;
	piece->record = u->number++;
	piece->first = piece->last = true;
	return true;
}

static void
budget_over(struct sts_upstream *u)
{
	if (u->state == STS_UPSTREAM_NEEDS_BUFFER) {
		u->why = STS_WHY_DNS_NO_BUFFER;
	} else if (sts_upstream_has_channel(u)) {
		sts_upstream_plan_blame(u, STS_WHY_DNS_TIMEOUT);
	}
	sts_upstream_plan_give_up(u);
}

/* Nothing came in time: note that against the server, in case it answers later
 * or another one does. */
static void
note_silence(struct sts_upstream *u)
{
	if (!u->over_tcp) {
		u->silent |= (uint8_t)sts_upstream_server_bit(u);
		if (u->edns) {
			lose_edns(u);
		}
	} else if (!u->in_message) {
		/* It has just answered over UDP. */
		sts_dns_health_note(
		    u->health, sts_upstream_peer(u), STS_DNS_NO_TCP, u->now);
	}
}

static void
time_over(struct sts_upstream *u)
{
	if (u->state == STS_UPSTREAM_PAUSED) {
		u->pause = false;
		sts_upstream_plan_settle(u);
	} else {
		note_silence(u);
		sts_upstream_plan_blame(u, STS_WHY_DNS_TIMEOUT);
		sts_upstream_plan_next(u, false);
	}
}

void
sts_upstream_start(struct sts_upstream *u,
    const struct sts_dns_servers *servers, struct sts_dns_health *health,
    struct sts_dns_name_parts name, uint16_t type, sts_ms now,
    uint32_t budget_ms, const uint8_t rnd[STS_DNS_RND])
{
	uint8_t query[STS_DNS_QUERY_MAX];

	STS_ASSERT(servers->count <= STS_DNS_SERVERS_MAX);
	STS_ASSERT(budget_ms <= INT32_MAX);
	memset(u, 0, sizeof *u);
	u->servers = servers;
	u->health = health;
	u->name = name;
	u->type = type;
	u->now = u->began = now;
	u->until = now + budget_ms;
	memcpy(u->rnd, rnd, STS_DNS_RND);
	u->query_len = (uint16_t)sts_dns_query(query, 0, name, type, true);
	if (u->query_len == 0) {
		sts_upstream_plan_finish(u, STS_ABSENT, STS_WHY_KEY_LONG);
	} else if (servers->count == 0) {
		sts_upstream_plan_finish(u, STS_UNKNOWN, STS_WHY_DNS_NO_SERVER);
	} else {
		sts_upstream_plan_begin(u);
		sts_upstream_plan_settle(u);
	}
}

void
sts_upstream_stop(struct sts_upstream *u)
{
	u->stopped = true;
	sts_upstream_plan_leave(u);
}

unsigned
sts_upstream_wants(const struct sts_upstream *u)
{
	switch ((enum sts_upstream_state)u->state) {
	case STS_UPSTREAM_NEEDS_BUFFER:
	case STS_UPSTREAM_OVER:
		return STS_WANT_OWNER;
	case STS_UPSTREAM_OPENING:
		return u->over_tcp ? STS_WANT_STREAM : STS_WANT_DGRAM;
	case STS_UPSTREAM_ASKING:
		return STS_WANT_SEND;
	case STS_UPSTREAM_LISTENING:
		return STS_WANT_RECV;
	case STS_UPSTREAM_CLOSING:
		return STS_WANT_CLOSE;
	case STS_UPSTREAM_IDLE:
	case STS_UPSTREAM_PAUSED:
		break;
	}
	return 0;
}

void
sts_upstream_opened(struct sts_upstream *u)
{
	if (u->state == STS_UPSTREAM_OPENING) {
		u->state = STS_UPSTREAM_ASKING;
		u->sent = 0;
		u->in_message = u->streams = false;
		u->tcp_len = 0;
		u->tcp_want = LENGTH_LEN;
	}
}

/* A buffer was lent: the rest of the budget runs again. */
static void
end_wait(struct sts_upstream *u)
{
	if (u->waited && u->state != STS_UPSTREAM_NEEDS_BUFFER) {
		u->starved = (uint8_t)sts_upstream_starved(u, u->now);
		u->waited = false;
		u->until = u->now + u->try_until;
	}
}

void
sts_upstream_lost(struct sts_upstream *u, int why)
{
	bool closing = u->state == STS_UPSTREAM_CLOSING,
	     opening = u->state == STS_UPSTREAM_OPENING;

	if (!sts_upstream_has_channel(u) || (closing && why == STS_IO_EOF)) {
		return;
	}
	if (why != STS_IO_EOF) {
		u->state = STS_UPSTREAM_IDLE;
	}
	if (closing) {
		sts_upstream_plan_settle(u);
		return;
	}
	if (opening && why == STS_IO_LIMIT) { /* our shortage: the same again,
					       * but later */
		if (++u->limited == LIMITED_MAX) {
			sts_upstream_plan_finish(u, STS_UNKNOWN, STS_WHY_BUSY);
			return;
		}
		sts_upstream_plan_blame(u, STS_WHY_BUSY);
		end_wait(u); /* a buffer may have come since the last tick */
		u->until += STS_DNS_PAUSE_MS;
		u->pause = true;
		sts_upstream_plan_settle(u);
		return;
	}
	sts_upstream_plan_blame(
	    u, why == STS_IO_LIMIT ? STS_WHY_BUSY : STS_WHY_DNS_UNREACHABLE);
	sts_upstream_plan_next(u, true);
}

struct sts_span
sts_upstream_recv_buf(const struct sts_upstream *u, struct sts_span lent)
{
	STS_ASSERT(u->state == STS_UPSTREAM_LISTENING);
	if (u->streams) {
		return sts_dns_stream_room(&u->answer.stream);
	}
	if (u->over_tcp) {
		STS_ASSERT(u->tcp_len < u->tcp_want);
		return sts_span(
		    u->tcp + u->tcp_len, (size_t)(u->tcp_want - u->tcp_len));
	}
	STS_ASSERT(lent.n >= STS_DNS_DATAGRAM_MAX);
	return sts_span(lent.p, STS_DNS_DATAGRAM_MAX);
}

void
sts_upstream_recv_ack(struct sts_upstream *u, struct sts_span got)
{
	STS_ASSERT(u->state == STS_UPSTREAM_LISTENING);
	STS_ASSERT(got.n >= 1);
	if (u->streams) {
		sts_dns_stream_filled(&u->answer.stream, got.n);
	} else if (u->over_tcp) {
		STS_ASSERT(got.p == u->tcp + u->tcp_len);
		heard_stream(u, got.n);
	} else if (got.n < STS_DNS_DATAGRAM_MAX) {
		heard_message(u, sts_text(got.p, got.n));
	} else {
		heard_cut(u, sts_text(got.p, got.n));
	}
}

bool
sts_upstream_next(struct sts_upstream *u, struct sts_dns_piece *piece)
{
	if (u->streams && u->state == STS_UPSTREAM_LISTENING) {
		return next_streamed(u, piece);
	}
	return u->found == STS_FOUND && !u->streams && next_held(u, piece);
}

struct sts_text
sts_upstream_send_buf(const struct sts_upstream *u, struct sts_span lent)
{
	size_t off = length_len(u), len;

	STS_ASSERT(u->state == STS_UPSTREAM_ASKING);
	STS_ASSERT(lent.n >= STS_DNS_QUERY_MAX + LENGTH_LEN);
	len =
	    sts_dns_query(lent.p + off, query_id(u), u->name, u->type, u->edns);
	sts_dns_query_unchecked(lent.p + off, u->unchecked);
	if (u->over_tcp) {
		sts_put16be(lent.p, (uint16_t)len);
	}
	STS_ASSERT(u->sent < off + len);
	return sts_text(lent.p + u->sent, off + len - u->sent);
}

void
sts_upstream_send_ack(struct sts_upstream *u, size_t n)
{
	size_t len =
	    length_len(u) + u->query_len - (u->edns ? 0 : STS_DNS_OPT_LEN);

	STS_ASSERT(u->state == STS_UPSTREAM_ASKING);
	STS_ASSERT(n >= 1);
	STS_ASSERT(n <= len - u->sent);
	u->sent = (uint16_t)(u->sent + n);
	if (u->sent == len) {
		u->state = STS_UPSTREAM_LISTENING;
	}
}

void
sts_upstream_tick(struct sts_upstream *u, sts_ms now)
{
	u->now = now;
	if (!is_waiting(u)) {
		return;
	}
	end_wait(u);
	if (!sts_before(now, u->until)) {
		budget_over(u);
		return;
	}
	if (is_timed(u) && u->timed && !sts_before(now, u->try_until)) {
		time_over(u);
	}
	if (is_timed(u) && !u->timed) {
		u->try_until = now + sts_upstream_plan_time_ms(u);
		u->timed = true;
	}
}

bool
sts_upstream_deadline(const struct sts_upstream *u, sts_ms *at)
{
	if (!is_waiting(u)) {
		return false;
	}
	if (!is_timed(u)) {
		*at = u->until;
	} else if (!u->timed) {
		*at = u->now;
	} else {
		*at = sts_earlier(u->try_until, u->until);
	}
	return true;
}

bool
sts_upstream_needs_buffer(const struct sts_upstream *u)
{
	return u->state == STS_UPSTREAM_NEEDS_BUFFER;
}

void
sts_upstream_lend(struct sts_upstream *u, uint8_t *buf, size_t size)
{
	STS_ASSERT(u->state == STS_UPSTREAM_NEEDS_BUFFER);
	STS_ASSERT(size >= STS_DNS_BUFFER_MIN);
	u->tcp = buf;
	u->tcp_size = (uint16_t)(size < UINT16_MAX ? size : UINT16_MAX);
	sts_upstream_plan_settle(u);
}

uint8_t *
sts_upstream_take_back(struct sts_upstream *u)
{
	uint8_t *buf = u->tcp;

	STS_ASSERT(u->found != STS_PENDING || u->stopped || buf == NULL);
	u->tcp = NULL;
	return buf;
}

bool
sts_upstream_authentic(const struct sts_upstream *u)
{
	return u->ad && !u->unchecked;
}

void
sts_upstream_answers(const struct sts_upstream *u, struct sts_dns_answers *it)
{
	STS_ASSERT(u->found == STS_FOUND);
	STS_ASSERT(!u->streams);
	*it = u->answer.whole;
}
