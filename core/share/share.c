/* SPDX-License-Identifier: MIT */
/*
 * The connection: where it goes, when it begins and ends. Commands and
 * replies are in share_send.c and share_reply.c.
 *
 * Invariants. A stage in the cache and a pin of the cache exist in state UP
 * only. From RESOLVE to UP the legs or the dial have something to do, or a
 * connection is taken; in CLOSING none of them is given anything new, and when
 * all are at rest the state is REST, or OFF if there is no setup any more. A
 * result keeps the name of its key in s->asked until it is done.
 *
 * The attacker owns the server, the network to it, or both. He can make us
 * connect again and again, but not more often than the rests allow; he can make
 * us wait, but no question waits longer than wait_ms; and he can send anything,
 * which has no effect unless it is sealed.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "../dial/address.h"
#include "share_private.h"

enum {
	STIR_CONNS = 1, /* bits of s->stir */
	HALF = STS_SHARE_ADDRS / 2
};

STS_STATIC_ASSERT(
    (int)STS_SHARE_ADDRS <= (int)STS_DIAL_ADDRS_MAX, share_addrs_fit);

static bool
has_setup(const struct sts_share *s)
{
	return s->setup != NULL && s->setup->server_count > 0;
}

static const struct sts_share_server *
server_of(const struct sts_share *s)
{
	return s->moved ? &s->target : &s->setup->server[s->at];
}

static struct sts_text
host_of(const struct sts_share *s)
{
	return sts_text_of(server_of(s)->host);
}

/* ---- the beginning */

static void
dial(struct sts_share *s)
{
	s->state = STS_SHARE_DIAL;
	sts_dial_start(
	    &s->dial, s->addr, s->addr_count, STS_SHARE_CONNECT_MS, s->now);
}

static void
resolve(struct sts_share *s)
{
	static const uint16_t types[STS_SHARE_LEGS] = { STS_DNS_AAAA,
		STS_DNS_A };
	struct sts_dns_name_parts name = { sts_text(NULL, 0), host_of(s) };

	s->state = STS_SHARE_RESOLVE;
	for (unsigned i = 0; i < STS_SHARE_LEGS; i++) {
		s->leg_count[i] = 0;
		sts_leg_start(&s->legs, i, s->servers, s->health, name,
		    types[i], s->now, STS_SHARE_CONNECT_MS,
		    s->rnd + (size_t)i * STS_DNS_RND);
	}
}

/* Connect to the server, or ask for random bytes first. */
static void
begin(struct sts_share *s)
{
	const struct sts_share_server *v = server_of(s);

	if (!s->seeded) {
		s->news |= STS_SHARE_NEWS_RANDOM;
		return;
	}
	s->seeded = false;
	s->old = s->readonly = false;
	memset(&s->peer, 0, sizeof s->peer);
	s->addr_count = 1;
	s->addr[0] = v->addr;
	s->addr[0].port = v->port;
	if (v->addr.af == STS_AF_NONE &&
	    !sts_share_literal(host_of(s), v->port, &s->addr[0])) {
		resolve(s);
		return;
	}
	if (v->addr.af == STS_AF_LOCAL) {
		s->addr[0].port = v->addr.port;
	}
	dial(s);
}

/* The questions for addresses are over. */
static void
resolved(struct sts_share *s)
{
	struct sts_addr kept[STS_SHARE_ADDRS];
	unsigned n = 0;

	memcpy(kept, s->addr, sizeof kept);
	for (unsigned i = 0; i < HALF; i++) {
		for (unsigned leg = 0; leg < STS_SHARE_LEGS; leg++) {
			if (i < s->leg_count[leg]) {
				s->addr[n++] = kept[leg * HALF + i];
			}
		}
	}
	s->addr_count = (uint8_t)n;
	if (n > 0) {
		dial(s);
	} else {
		sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_SHARE_ADDRESS);
	}
}

/* A connection was established: take it. */
static void
take_connection(struct sts_share *s)
{
	const struct sts_share_setup *u = s->setup;
	struct sts_text name = sts_text_of(u->tls_name);

	sts_dial_won(&s->dial);
	if (!u->tls) {
		sts_share_greet(s);
		return;
	}
	STS_ASSERT(s->tls != NULL);
	name = name.n > 0 ? name : host_of(s);
	if (!sts_name_valid(name)) {
		/* The name is an address that another server gave: no
		 * certificate is for that. */
		sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_X509_NAME);
		return;
	}
	s->state = STS_SHARE_SHAKE;
	s->reply_until = s->now + STS_FETCH_HANDSHAKE_MS;
	sts_tls_start(s->tls, name, u->anchors, s->wall_s,
	    s->rnd + (size_t)STS_SHARE_LEGS * STS_DNS_RND);
	sts_tls_use_common(s->tls, s->common);
}

/* ---- the composite */

static unsigned
share_wants(const void *e)
{
	const struct sts_share *s = e;

	return s->news != 0 || s->result != STS_SHARE_NOTHING ? STS_WANT_OWNER
							      : 0U;
}

/* When nothing is open any more, go from CLOSING to REST or OFF. */
static void
settle(struct sts_share *s)
{
	if (s->state == STS_SHARE_CLOSING && sts_dial_closed(&s->dial) &&
	    !sts_legs_busy(&s->legs)) {
		sts_legs_rest(&s->legs);
		s->state = has_setup(s) ? STS_SHARE_REST : STS_SHARE_OFF;
	}
}

/* Whether a reply, or room to send, is awaited. */
static bool
awaits(const struct sts_share *s)
{
	return s->flight_count > 0 || sts_share_sends(s);
}

/* Send PING if no reply is awaited and nothing has come for long. */
static void
judge_silence(struct sts_share *s)
{
	if (!awaits(s) && !s->ping &&
	    !sts_before(s->now, s->heard_at + STS_SHARE_SILENCE_MS)) {
		s->ping = true;
		s->stir |= STIR_CONNS;
	}
}

/* Fail if what is awaited does not come in time. */
static void
judge_wait(struct sts_share *s)
{
	bool due = s->state == STS_SHARE_UP ? awaits(s)
					    : s->state >= STS_SHARE_SHAKE &&
						  s->state <= STS_SHARE_SETUP;

	if (due && !sts_before(s->now, s->reply_until)) {
		sts_share_fail(s, STS_TROUBLE_PATH,
		    s->state == STS_SHARE_SHAKE ? STS_WHY_TLS_TIMEOUT
						: STS_WHY_SHARE_TIMEOUT);
	}
}

static void
begin_scan(struct sts_share *s)
{
	if (s->scanning || sts_before(s->now, s->scan_at)) {
		return;
	}
	s->scanning = true;
	s->scan_asked = false;
	s->rounds = 0;
	s->cursor[0] = '0';
	s->cursor_len = 1;
	s->scan_at = s->now + (s->old ? (sts_ms)STS_SHARE_SCAN_OLD_MS
				      : (sts_ms)STS_SHARE_SCAN_MS);
	s->stir |= STIR_CONNS;
}

static void
share_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_share *s = e;

	s->now = now;
	s->wall_s = wall_s;
	settle(s);
	if (s->state == STS_SHARE_REST && !sts_before(now, s->rest_at) &&
	    wall_s >= 0) {
		begin(s);
	}
	if (s->state == STS_SHARE_DIAL) {
		sts_dial_tick(&s->dial, now);
	}
	judge_wait(s);
	if (s->state == STS_SHARE_UP) {
		sts_share_settled(s);
		judge_silence(s);
		begin_scan(s);
	}
}

static sts_ms
deadline_up(const struct sts_share *s)
{
	sts_ms at =
	    awaits(s) ? s->reply_until : s->heard_at + STS_SHARE_SILENCE_MS;

	return s->scanning ? at : sts_earlier(at, s->scan_at);
}

static bool
share_deadline(const void *e, sts_ms *at)
{
	const struct sts_share *s = e;

	switch ((enum sts_share_state)s->state) {
	case STS_SHARE_REST:
		/* Without a clock it cannot begin yet: look again later. */
		*at = sts_before(s->now, s->rest_at) || s->wall_s >= 0
			  ? s->rest_at
			  : s->now + STS_SHARE_REST_MS;
		return true;
	case STS_SHARE_DIAL:
		return sts_dial_deadline(&s->dial, at);
	case STS_SHARE_UP:
		*at = deadline_up(s);
		return true;
	default:
		*at = s->reply_until;
		return s->state >= STS_SHARE_SHAKE &&
		       s->state <= STS_SHARE_SETUP;
	}
}

static void
leg_child(struct sts_share *s, unsigned i)
{
	if (!sts_leg_over(&s->legs, i)) {
		/* The answer is too large for a datagram: no server has so many
		 * addresses. */
		sts_leg_stop(&s->legs, i);
		return;
	}
	if (sts_upstream_result(&s->leg[i].up) != STS_FOUND) {
		s->leg_count[i] = 0;
	}
	if (s->state == STS_SHARE_RESOLVE && !sts_legs_busy(&s->legs)) {
		resolved(s);
	}
}

static void
conn_child(struct sts_share *s, unsigned i)
{
	if (sts_dial_taken(&s->dial) == (int)i) {
		return; /* the owner reads from the taken connection */
	}
	sts_dial_child(&s->dial, i);
	if (s->state != STS_SHARE_DIAL) {
		return;
	}
	if (sts_dial_take(&s->dial) >= 0) {
		take_connection(s);
	} else if (sts_dial_over(&s->dial)) {
		sts_share_fail(s, STS_TROUBLE_PATH, sts_dial_why(&s->dial));
	}
}

static void
share_child(void *e, unsigned i)
{
	struct sts_share *s = e;

	if (i < STS_SHARE_LEGS) {
		leg_child(s, i);
	} else {
		conn_child(s, i - STS_SHARE_LEGS);
	}
	settle(s);
}

static int
share_stirred(void *e)
{
	struct sts_share *s = e;
	int i = sts_legs_stirred(&s->legs);

	if (i >= 0) {
		return i;
	}
	i = sts_dial_stirred(&s->dial);
	if (i < 0 && (s->stir & STIR_CONNS) != 0) {
		s->stir &= (uint8_t)~STIR_CONNS;
		i = sts_dial_taken(&s->dial);
	}
	return i < 0 ? -1 : i + STS_SHARE_LEGS;
}

/* ---- the leaves */

static void
leg_recv_ack(void *e, struct sts_span got)
{
	struct sts_leg *leg = e;
	struct sts_share *s = leg->owner;
	unsigned i = (unsigned)(leg - s->leg);
	struct sts_dns_piece piece;

	sts_upstream_recv_ack(&leg->up, got);
	while (sts_upstream_next(&leg->up, &piece)) {
		if (piece.record == 0) {
			s->leg_count[i] = 0;
		}
		if (s->leg_count[i] < HALF) {
			s->addr[i * HALF + s->leg_count[i]++] =
			    sts_address_of(piece.rdata, server_of(s)->port);
		}
	}
}

const struct sts_engine_ops sts_share_ops = {
	.wants = share_wants,
	.tick = share_tick,
	.deadline = share_deadline,
	.child = share_child,
	.stirred = share_stirred,
};

const struct sts_engine_ops sts_share_leg_ops = STS_LEG_OPS(leg_recv_ack);

/* ---- the owner's side */

void
sts_share_init(struct sts_share *s, struct sts_tls *tls,
    struct sts_tls_common *common, struct sts_dns_health *health,
    struct sts_cache *cache)
{
	memset(s, 0, sizeof *s);
	s->tls = tls;
	s->common = common;
	s->health = health;
	s->cache = cache;
	sts_dial_init(&s->dial);
	sts_legs_init(&s->legs, s->leg, STS_SHARE_LEGS, s);
	for (unsigned i = 0; i < STS_SHARE_CONNS; i++) {
		s->conn[i].share = s;
		s->conn[i].index = (uint8_t)i;
	}
	sts_share_names_init(&s->asked, s->asked_room, sizeof s->asked_room);
	sts_share_names_init(&s->urgent, s->urgent_room, sizeof s->urgent_room);
	sts_share_names_init(&s->keys, s->keys_room, sizeof s->keys_room);
	sts_share_names_init(&s->queue, s->queue_room, sizeof s->queue_room);
}

void
sts_share_use(struct sts_share *s, const struct sts_share_setup *setup,
    const struct sts_dns_servers *servers, sts_ms now)
{
	if (s->state != STS_SHARE_OFF && s->state != STS_SHARE_CLOSING) {
		sts_share_close(s);
	}
	s->now = s->rest_at = now;
	s->setup = setup;
	s->servers = servers;
	s->at = s->failures = s->moves = 0;
	s->rest_ms = 0;
	s->moved = s->announced = false;
	s->news = 0;
	STS_ASSERT(!has_setup(s) || !setup->tls || s->tls != NULL);
	if (s->state == STS_SHARE_OFF && has_setup(s)) {
		s->state = STS_SHARE_REST;
	}
	settle(s);
}

void
sts_share_seed(struct sts_share *s, const uint8_t rnd[STS_SHARE_RND])
{
	memcpy(s->rnd, rnd, sizeof s->rnd);
	s->seeded = true;
}

unsigned
sts_share_take_news(struct sts_share *s)
{
	unsigned news = s->news;

	s->news = 0;
	return news;
}

void
sts_share_done(struct sts_share *s)
{
	STS_ASSERT(s->result != STS_SHARE_NOTHING);
	s->result = STS_SHARE_NOTHING;
	s->staged = false;
	sts_share_landed(s);
	s->stir |= STIR_CONNS;
	if (s->turn > 0) {
		s->turn--;
		sts_share_read(s);
	}
}

enum sts_why
sts_share_why(const struct sts_share *s)
{
	return (enum sts_why)s->why;
}

struct sts_text
sts_share_server_text(const struct sts_share *s)
{
	return sts_text(s->server_text, s->server_text_len);
}

bool
sts_share_is_up(const struct sts_share *s)
{
	return s->state == STS_SHARE_UP;
}

bool
sts_share_slow(const struct sts_share *s, sts_ms now)
{
	/* The oldest in flight, or what is being sent, is due at
	 * reply_until. */
	return awaits(s) &&
	       !sts_before(now,
		   s->reply_until - STS_SHARE_REPLY_MS + s->setup->wait_ms);
}

void
sts_share_count(const struct sts_share *s, struct sts_share_counts *c)
{
	*c = s->counts;
	c->silent_s =
	    s->state == STS_SHARE_UP ? (s->now - s->heard_at) / 1000 : 0;
}
