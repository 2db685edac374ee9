/* SPDX-License-Identifier: MIT */
/*
 * The retry plan of a question: which server is asked next, how and for how
 * long, and when the question is over. upstream_plan.h draws the states.
 *
 * What is known of each server for this question are bits: asked (so a quick
 * second try waits a little), erred (once), spent (erred twice: it is asked no
 * more). `server` is asked now or next; `place` is where it stands in the order
 * that health gave when the question began, those set aside last. A try is
 * spent when it is over, whatever its end; STS_DNS_TRIES of them end the
 * question, and so does the lack of a server that is not spent.
 *
 * The attacker owns the domain, or forges datagrams: he can have tries spent,
 * and each end that he brings about is "cannot tell", with the most informative
 * reason that was seen.
 */
#include "upstream_plan.h"

/*
 * A row a transmission. The first round is quick, because a datagram may be
 * lost or a server down; the second gives a server time that has to look far.
 * The third try and the last ones go without EDNS, for paths that lose it
 * silently, and from the third on so does each that asks a server which was
 * silent about it: two lost datagrams may be chance, and what is lost without
 * EDNS is only the size of datagrams. A server that answers that it does not know EDNS
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

enum {
	FIRST_ROUND = 2 /* tries of the first round */
};

STS_STATIC_ASSERT(STS_WHY_COUNT <= 256, why_fits_an_octet);

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

const struct sts_addr *
sts_upstream_peer(const struct sts_upstream *u)
{
	STS_ASSERT(u->server < u->servers->count);
	return &u->servers->addr[u->server];
}

unsigned
sts_upstream_server_bit(const struct sts_upstream *u)
{
	STS_ASSERT(u->server < u->servers->count);
	return 1U << u->server;
}

void
sts_upstream_plan_blame(struct sts_upstream *u, enum sts_why why)
{
	if (rank(why) > rank(u->why)) {
		u->why = (uint8_t)why;
	}
}

uint32_t
sts_upstream_plan_time_ms(const struct sts_upstream *u)
{
	STS_ASSERT(u->tries < STS_DNS_TRIES);
	if (u->state == STS_UPSTREAM_PAUSED) {
		return STS_DNS_PAUSE_MS;
	}
	return u->over_tcp ? plan[u->tries].tcp_ms : plan[u->tries].udp_ms;
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

void
sts_upstream_plan_begin(struct sts_upstream *u)
{
	u->aside = sts_dns_health_order(u->health, u->servers, u->now);
	u->place = 0;
	u->server = server_at(u, 0);
}

/* Whether the server was of no use with EDNS in the first round: the rows of the
 * plan take turns, but the servers of which some are down do not. */
static bool
has_lost_edns(const struct sts_upstream *u)
{
	return u->tries >= FIRST_ROUND &&
	       (u->lost_edns & sts_upstream_server_bit(u)) != 0;
}

/* Over TCP a server is asked as it was by the datagram that it answered. */
static bool
wants_edns(const struct sts_upstream *u)
{
	if (u->plain || u->over_tcp) {
		return !u->plain && u->edns;
	}
	return plan[u->tries].edns && !has_lost_edns(u) &&
	       !sts_dns_health_ask(
		   u->health, sts_upstream_peer(u), STS_DNS_PLAIN, u->now);
}

static void
begin_try(struct sts_upstream *u)
{
	STS_ASSERT(u->tries < STS_DNS_TRIES);
	u->edns = wants_edns(u);
	u->asked = (uint8_t)(u->asked | sts_upstream_server_bit(u));
	u->mismatches = 0;
	u->timed = false;
	u->state = STS_UPSTREAM_OPENING;
}

void
sts_upstream_plan_settle(struct sts_upstream *u)
{
	if (u->stopped) {
		u->state = STS_UPSTREAM_IDLE;
	} else if (u->found != STS_PENDING) {
		u->state = STS_UPSTREAM_OVER;
	} else if (u->pause) {
		u->state = STS_UPSTREAM_PAUSED;
		u->timed = false;
	} else if (u->over_tcp && u->tcp == NULL) {
		u->state = STS_UPSTREAM_NEEDS_BUFFER;
		u->try_until = u->until - u->now; /* what is left of it */
		u->until = u->now + STS_DNS_OURS_MS;
		u->waited = true;
	} else {
		begin_try(u);
	}
}

void
sts_upstream_plan_leave(struct sts_upstream *u)
{
	if (sts_upstream_has_channel(u)) {
		u->state = STS_UPSTREAM_CLOSING;
	} else {
		sts_upstream_plan_settle(u);
	}
}

void
sts_upstream_plan_finish(
    struct sts_upstream *u, enum sts_found found, enum sts_why why)
{
	STS_ASSERT(u->found == STS_PENDING);
	STS_ASSERT(found != STS_PENDING);
	u->found = (uint8_t)found;
	u->why = (uint8_t)why;
	sts_upstream_plan_leave(u);
}

void
sts_upstream_plan_give_up(struct sts_upstream *u)
{
	sts_upstream_plan_finish(u, STS_UNKNOWN,
	    u->why == STS_WHY_NONE ? STS_WHY_DNS_TIMEOUT
				   : (enum sts_why)u->why);
}

void
sts_upstream_plan_spend(struct sts_upstream *u)
{
	u->tries++;
	if (u->tries == STS_DNS_TRIES) {
		sts_upstream_plan_give_up(u);
	} else {
		sts_upstream_plan_leave(u);
	}
}

void
sts_upstream_plan_next(struct sts_upstream *u, bool quick)
{
	for (unsigned i = 0; i < u->servers->count; i++) {
		u->place = (uint8_t)((u->place + 1U) % u->servers->count);
		u->server = server_at(u, u->place);
		if ((u->spent & sts_upstream_server_bit(u)) == 0) {
			u->over_tcp = false;
			u->plain = false;
			u->pause = quick &&
				   (u->asked & sts_upstream_server_bit(u)) != 0;
			sts_upstream_plan_spend(u);
			return;
		}
	}
	sts_upstream_plan_give_up(u);
}

void
sts_upstream_plan_erred(struct sts_upstream *u, enum sts_why why)
{
	unsigned bit = sts_upstream_server_bit(u);

	sts_upstream_plan_blame(u, why);
	u->spent = (uint8_t)(u->spent | (u->erred & bit));
	u->erred = (uint8_t)(u->erred | bit);
	sts_upstream_plan_next(u, true);
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

void
sts_upstream_plan_by_tcp(struct sts_upstream *u)
{
	if (u->over_tcp) {
		sts_upstream_plan_erred(u, STS_WHY_DNS_MALFORMED);
	} else if ((u->erred & sts_upstream_server_bit(u)) == 0 &&
		   another_has_tcp(u) &&
		   sts_dns_health_ask(u->health, sts_upstream_peer(u),
		       STS_DNS_NO_TCP, u->now)) {
		sts_upstream_plan_erred(u, STS_WHY_DNS_TIMEOUT);
	} else {
		u->over_tcp = true;
		sts_upstream_plan_spend(u);
	}
}
