/* SPDX-License-Identifier: MIT */
/*
 * One question put to the name servers: the retry plan and its state machine.
 *
 *	          start, or the next try
 *	                  |
 *	PAUSED -----------+--> NEEDS_BUFFER --lend--+
 *	(failed before)   |    (TCP, none lent)     |
 *	                  +--> OPENING <------------+
 *	                          | opened
 *	                       ASKING --sent--> LISTENING
 *	                          |                 | answer, error, time
 *	                          +----> CLOSING <--+
 *	                                    | lost
 *	            the next try, or OVER, or IDLE when stopped
 *
 * Invariants: a channel exists, or is being opened, exactly in OPENING to
 * CLOSING. OVER has a result; a result before OVER waits only for the channel
 * to close. `server` is below the count and not spent while PENDING. Time that
 * is lost because a buffer, port or descriptor of ours is missing does not
 * count against the budget, up to STS_DNS_OURS_MS of each: a shortage of ours
 * says nothing about a domain, and an attacker who causes it must not make
 * other domains' look-ups end as "cannot tell".
 */
#include <string.h>

#include "../core/base/assert.h"
#include "upstream.h"
#include "wire.h"

enum state {
	IDLE = 0, /* not begun, or stopped */
	PAUSED, /* the next try waits a little */
	NEEDS_BUFFER, /* the next try waits for lend() */
	OPENING,
	ASKING,
	LISTENING,
	CLOSING,
	OVER
};

enum {
	LENGTH_LEN = 2, /* RFC 1035 4.2.2 */
	LIMITED_MAX = STS_DNS_OURS_MS / STS_DNS_PAUSE_MS
};

/*
 * A row a transmission. The first round is quick, because a datagram may be
 * lost or a server down; the second gives a server time that has to look far.
 * The third try and the last ones go without EDNS, for paths that lose it
 * silently: two lost datagrams may be chance, and what is lost without EDNS is
 * only the size of datagrams. A server that answers that it does not know EDNS
 * (FORMERR, NOTIMP, BADVERS), or is known not to (dns/health.h), is asked
 * without it at once: that is safe, as we depend on AD and not on DO (RFC 6891
 * 6.2.2, RFC 6840 5.7).
 */
static const struct {
	uint16_t udp_ms, tcp_ms;
	bool edns;
} plan[STS_DNS_TRIES] = {
	{ 1500, 4000, true },
	{ 1500, 4000, true },
	{ 3000, 4000, false },
	{ 3000, 4000, true },
	{ 4000, 4000, false },
	{ 4000, 4000, false },
};

STS_STATIC_ASSERT(2 * STS_DNS_TRIES <= STS_DNS_RND, an_id_a_try);
STS_STATIC_ASSERT(STS_WHY_COUNT <= 256, why_fits_an_octet);
STS_STATIC_ASSERT(
    STS_SCRATCH_SIZE >= STS_DNS_QUERY_MAX + LENGTH_LEN, query_fits_scratch);

/* Reasons of UNKNOWN, the least informative first. */
static const uint8_t ranks[] = {
	STS_WHY_NONE,
	STS_WHY_BUSY,
	STS_WHY_DNS_UNREACHABLE,
	STS_WHY_DNS_TIMEOUT,
	STS_WHY_DNS_REFUSED,
	STS_WHY_DNS_MALFORMED,
	STS_WHY_DNS_ERROR,
	STS_WHY_DNS_SERVFAIL,
};

static unsigned
rank(unsigned why)
{
	unsigned i = sizeof ranks / sizeof *ranks - 1;

	while (i > 0 && ranks[i] != why) {
		i--;
	}
	return i;
}

static void
blame(struct sts_upstream *u, enum sts_why why)
{
	if (rank(why) > rank(u->why)) {
		u->why = (uint8_t)why;
	}
}

static bool
has_channel(const struct sts_upstream *u)
{
	return u->state >= OPENING && u->state <= CLOSING;
}

/* Whether the state ends at try_until. */
static bool
is_timed(const struct sts_upstream *u)
{
	return u->state == PAUSED ||
	       (u->state >= OPENING && u->state <= LISTENING);
}

static bool
is_waiting(const struct sts_upstream *u)
{
	return u->found == STS_PENDING && !u->stopped && u->state != IDLE;
}

static unsigned
server_bit(const struct sts_upstream *u)
{
	STS_ASSERT(u->server < u->servers->count);
	return 1U << u->server;
}

/* How long a timed state lasts. */
static uint32_t
time_ms(const struct sts_upstream *u)
{
	STS_ASSERT(u->tries < STS_DNS_TRIES);
	if (u->state == PAUSED) {
		return STS_DNS_PAUSE_MS;
	}
	return u->over_tcp ? plan[u->tries].tcp_ms : plan[u->tries].udp_ms;
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

/* The server at a place in their order: those set aside come last. */
static uint8_t
server_at(const struct sts_upstream *u, unsigned place)
{
	for (unsigned aside = 0; aside <= 1; aside++) {
		for (unsigned i = 0; i < u->servers->count; i++) {
			if ((u->aside >> i & 1U) == aside && place-- == 0) {
				return (uint8_t)i;
			}
		}
	}
	STS_ASSERT(false);
	return 0;
}

static void
put_in_order(struct sts_upstream *u)
{
	u->aside = sts_dns_health_order(u->health, u->servers, u->now);
	u->place = 0;
	u->server = server_at(u, 0);
}

static void
begin_try(struct sts_upstream *u)
{
	STS_ASSERT(u->tries < STS_DNS_TRIES);
	u->edns = plan[u->tries].edns && !u->plain &&
		  !sts_dns_health_ask(
		      u->health, sts_upstream_peer(u), STS_DNS_PLAIN, u->now);
	u->asked = (uint8_t)(u->asked | server_bit(u));
	u->mismatches = 0;
	u->timed = false;
	u->state = OPENING;
}

/* There is no channel: enter the state that is due. */
static void
settle(struct sts_upstream *u)
{
	if (u->stopped) {
		u->state = IDLE;
	} else if (u->found != STS_PENDING) {
		u->state = OVER;
	} else if (u->pause) {
		u->state = PAUSED;
		u->timed = false;
	} else if (u->over_tcp && u->tcp == NULL) {
		u->state = NEEDS_BUFFER;
		u->try_until = u->until - u->now; /* what is left of it */
		u->until = u->now + STS_DNS_OURS_MS;
		u->waited = true;
	} else {
		begin_try(u);
	}
}

/* Done with the channel, if there is one. */
static void
leave(struct sts_upstream *u)
{
	if (has_channel(u)) {
		u->state = CLOSING;
	} else {
		settle(u);
	}
}

static void
finish(struct sts_upstream *u, enum sts_found found, enum sts_why why)
{
	STS_ASSERT(u->found == STS_PENDING);
	STS_ASSERT(found != STS_PENDING);
	u->found = (uint8_t)found;
	u->why = (uint8_t)why;
	leave(u);
}

static void
finish_unknown(struct sts_upstream *u)
{
	finish(u, STS_UNKNOWN,
	    u->why == STS_WHY_NONE ? STS_WHY_DNS_TIMEOUT
				   : (enum sts_why)u->why);
}

/* This try is over; `server` and the way of the next try are set. */
static void
spend_try(struct sts_upstream *u)
{
	u->tries++;
	if (u->tries == STS_DNS_TRIES) {
		finish_unknown(u);
	} else {
		leave(u);
	}
}

/* The next server that may be asked. `quick`: no time has passed. */
static void
ask_next(struct sts_upstream *u, bool quick)
{
	for (unsigned i = 0; i < u->servers->count; i++) {
		u->place = (uint8_t)((u->place + 1U) % u->servers->count);
		u->server = server_at(u, u->place);
		if ((u->spent & server_bit(u)) == 0) {
			u->over_tcp = false;
			u->plain = false;
			u->pause = quick && (u->asked & server_bit(u)) != 0;
			spend_try(u);
			return;
		}
	}
	finish_unknown(u);
}

/* The server answered, but with an error. */
static void
server_erred(struct sts_upstream *u, enum sts_why why)
{
	unsigned bit = server_bit(u);

	blame(u, why);
	u->spent = (uint8_t)(u->spent | (u->erred & bit));
	u->erred = (uint8_t)(u->erred | bit);
	ask_next(u, true);
}

/* Whether another server is left that is not known to be silent over TCP. */
static bool
another_has_tcp(const struct sts_upstream *u)
{
	for (unsigned i = 0; i < u->servers->count; i++) {
		if (i != u->server && (u->spent >> i & 1U) == 0 &&
		    !sts_dns_health_is(u->health, &u->servers->addr[i],
			STS_DNS_NO_TCP, u->now)) {
			return true;
		}
	}
	return false;
}

/* UDP will not do: ask the same server by TCP, unless it was asked so already,
 * or is known to be silent over TCP while another may not be. */
static void
ask_by_tcp(struct sts_upstream *u)
{
	if (u->over_tcp) {
		server_erred(u, STS_WHY_DNS_MALFORMED);
	} else if (another_has_tcp(u) &&
		   sts_dns_health_ask(u->health, sts_upstream_peer(u),
		       STS_DNS_NO_TCP, u->now)) {
		server_erred(u, STS_WHY_DNS_TIMEOUT);
	} else {
		u->over_tcp = true;
		spend_try(u);
	}
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
		ask_by_tcp(u);
	}
}

/* The server has answered something. `answered`: our question; `knows_edns`: it
 * copes with EDNS, if that was used. */
static void
learn(struct sts_upstream *u, bool answered, bool knows_edns)
{
	const struct sts_addr *server = sts_upstream_peer(u);

	sts_dns_health_heard(u->health, server, u->now);
	if (u->over_tcp) {
		sts_dns_health_clear(u->health, server, STS_DNS_NO_TCP);
	}
	if (u->edns && knows_edns) {
		sts_dns_health_knows_edns(u->health, server, u->now);
		u->lost_edns &= (uint8_t)~server_bit(u);
	} else if (u->edns) {
		u->lost_edns |= (uint8_t)server_bit(u);
	} else if (answered && (u->lost_edns & server_bit(u)) != 0) {
		sts_dns_health_lost_edns(u->health, server, u->began, u->now);
	}
	if (answered) {
		sts_dns_health_set_aside(
		    u->health, u->servers, u->silent, u->began, u->now);
	}
}

static bool
is_edns_unknown(const struct sts_dns_verdict *v)
{
	return v->rcode == STS_DNS_FORMERR || v->rcode == STS_DNS_NOTIMP ||
	       v->rcode == STS_DNS_BADVERS;
}

static void
heard_error(struct sts_upstream *u, const struct sts_dns_verdict *v)
{
	if (v->why == STS_WHY_DNS_ALIAS_LOOP || v->why == STS_WHY_DNS_LARGE) {
		finish(u, STS_UNKNOWN, v->why);
	} else if (is_edns_unknown(v) && u->edns) {
		blame(u, v->why);
		u->plain = true;
		spend_try(u);
	} else {
		server_erred(u, v->why);
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
	learn(u, v->found == STS_FOUND || v->found == STS_ABSENT,
	    !is_edns_unknown(v));
	if (v->truncated) {
		ask_by_tcp(u);
	} else if (v->found == STS_UNKNOWN) {
		heard_error(u, v);
	} else {
		u->ttl_s = v->ttl_s;
		u->ad = v->ad && u->servers->trusted[u->server];
		finish(u, v->found, v->why);
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
		server_erred(u, STS_WHY_DNS_MALFORMED);
	} else if (u->tcp_want <= u->tcp_size) {
		return;
	} else if (sts_dns_stream_can(u->type)) {
		sts_dns_stream_start(&u->answer.stream, u->tcp, u->tcp_size,
		    u->tcp_want, query_id(u), u->type);
		u->streams = true;
	} else {
		finish(u, STS_UNKNOWN, STS_WHY_DNS_LARGE);
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
	if (u->state == NEEDS_BUFFER) {
		u->why = STS_WHY_DNS_NO_BUFFER;
	} else if (has_channel(u)) {
		blame(u, STS_WHY_DNS_TIMEOUT);
	}
	finish_unknown(u);
}

/* Nothing came in time: note that against the server, in case it answers later
 * or another one does. */
static void
note_silence(struct sts_upstream *u)
{
	unsigned bit = server_bit(u);

	if (!u->over_tcp) {
		u->silent |= (uint8_t)bit;
		u->lost_edns |= (uint8_t)(u->edns ? bit : 0);
	} else if (!u->in_message) {
		/* It has just answered over UDP. */
		sts_dns_health_note(
		    u->health, sts_upstream_peer(u), STS_DNS_NO_TCP, u->now);
	}
}

static void
time_over(struct sts_upstream *u)
{
	if (u->state == PAUSED) {
		u->pause = false;
		settle(u);
	} else {
		note_silence(u);
		blame(u, STS_WHY_DNS_TIMEOUT);
		ask_next(u, false);
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
		finish(u, STS_ABSENT, STS_WHY_KEY_LONG);
	} else if (servers->count == 0) {
		finish(u, STS_UNKNOWN, STS_WHY_DNS_NO_SERVER);
	} else {
		put_in_order(u);
		settle(u);
	}
}

void
sts_upstream_stop(struct sts_upstream *u)
{
	u->stopped = true;
	leave(u);
}

unsigned
sts_upstream_wants(const struct sts_upstream *u)
{
	switch ((enum state)u->state) {
	case NEEDS_BUFFER:
	case OVER:
		return STS_WANT_OWNER;
	case OPENING:
		return u->over_tcp ? STS_WANT_STREAM : STS_WANT_DGRAM;
	case ASKING:
		return STS_WANT_SEND;
	case LISTENING:
		return STS_WANT_RECV;
	case CLOSING:
		return STS_WANT_CLOSE;
	case IDLE:
	case PAUSED:
		break;
	}
	return 0;
}

const struct sts_addr *
sts_upstream_peer(const struct sts_upstream *u)
{
	STS_ASSERT(u->server < u->servers->count);
	return &u->servers->addr[u->server];
}

void
sts_upstream_opened(struct sts_upstream *u)
{
	if (u->state == OPENING) {
		u->state = ASKING;
		u->sent = 0;
		u->in_message = u->streams = false;
		u->tcp_len = 0;
		u->tcp_want = LENGTH_LEN;
	}
}

void
sts_upstream_lost(struct sts_upstream *u, int why)
{
	bool closing = u->state == CLOSING, opening = u->state == OPENING;

	if (!has_channel(u) || (closing && why == STS_IO_EOF)) {
		return;
	}
	if (why != STS_IO_EOF) {
		u->state = IDLE;
	}
	if (closing) {
		settle(u);
		return;
	}
	if (opening && why == STS_IO_LIMIT) { /* our shortage: the same again,
					       * but later */
		if (++u->limited == LIMITED_MAX) {
			finish(u, STS_UNKNOWN, STS_WHY_BUSY);
			return;
		}
		blame(u, STS_WHY_BUSY);
		u->until += STS_DNS_PAUSE_MS;
		u->pause = true;
		settle(u);
		return;
	}
	blame(u, why == STS_IO_LIMIT ? STS_WHY_BUSY : STS_WHY_DNS_UNREACHABLE);
	ask_next(u, true);
}

struct sts_span
sts_upstream_recv_buf(const struct sts_upstream *u, struct sts_span lent)
{
	STS_ASSERT(u->state == LISTENING);
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
	STS_ASSERT(u->state == LISTENING);
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
	if (u->streams && u->state == LISTENING) {
		return next_streamed(u, piece);
	}
	return u->found == STS_FOUND && !u->streams && next_held(u, piece);
}

struct sts_text
sts_upstream_send_buf(const struct sts_upstream *u, struct sts_span lent)
{
	size_t off = length_len(u), len;

	STS_ASSERT(u->state == ASKING);
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

	STS_ASSERT(u->state == ASKING);
	STS_ASSERT(n >= 1);
	STS_ASSERT(n <= len - u->sent);
	u->sent = (uint16_t)(u->sent + n);
	if (u->sent == len) {
		u->state = LISTENING;
	}
}

/* A buffer was lent: the rest of the budget runs again. */
static void
end_wait(struct sts_upstream *u)
{
	if (u->waited && u->state != NEEDS_BUFFER) {
		u->starved = (uint8_t)sts_upstream_starved(u, u->now);
		u->waited = false;
		u->until = u->now + u->try_until;
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
		u->try_until = now + time_ms(u);
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
	return u->state == NEEDS_BUFFER;
}

void
sts_upstream_lend(struct sts_upstream *u, uint8_t *buf, size_t size)
{
	STS_ASSERT(u->state == NEEDS_BUFFER);
	STS_ASSERT(size >= STS_DNS_BUFFER_MIN);
	u->tcp = buf;
	u->tcp_size = (uint16_t)(size < UINT16_MAX ? size : UINT16_MAX);
	settle(u);
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
