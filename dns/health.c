/* SPDX-License-Identifier: MIT */
/*
 * What is known of name servers.
 *
 * Invariants: a server has one record at most; a trait that is older than twice
 * STS_DNS_HEALTH_MS is forgotten, so that its time never seems to lie ahead
 * when milliseconds wrap.
 *
 * The attacker owns a domain whose name servers are silent or odd: health.h has
 * the rules by which he sets no server aside.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "health.h"

static bool
same_server(const struct sts_addr *a, const struct sts_addr *b)
{
	return a->af == b->af && a->port == b->port && a->scope == b->scope &&
	       memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static const struct sts_dns_known *
find(const struct sts_dns_health *h, const struct sts_addr *server)
{
	for (unsigned i = 0; h != NULL && i < STS_DNS_SERVERS_MAX; i++) {
		if (same_server(&h->server[i].addr, server)) {
			return &h->server[i];
		}
	}
	return NULL;
}

static struct sts_dns_known *
find_mutable(struct sts_dns_health *h, const struct sts_addr *server)
{
	const struct sts_dns_known *r = find(h, server);

	return r == NULL ? NULL : &h->server[r - h->server];
}

/* The server's record; if it has none, one is made of the record that was used
 * longest ago. */
static struct sts_dns_known *
enter(struct sts_dns_health *h, const struct sts_addr *server, sts_ms now)
{
	struct sts_dns_known *r = find_mutable(h, server);

	if (r == NULL) {
		r = &h->server[0];
		for (unsigned i = 1; i < STS_DNS_SERVERS_MAX; i++) {
			struct sts_dns_known *o = &h->server[i];

			if (r->addr.af != STS_AF_NONE &&
			    (o->addr.af == STS_AF_NONE ||
				sts_before(o->used_at, r->used_at))) {
				r = o;
			}
		}
		memset(r, 0, sizeof *r);
		r->addr = *server;
	}
	r->used_at = now;
	return r;
}

static uint8_t
bit(enum sts_dns_trait t)
{
	STS_ASSERT(t < STS_DNS_TRAITS);
	return (uint8_t)(1U << t);
}

void
sts_dns_health_init(struct sts_dns_health *h)
{
	memset(h, 0, sizeof *h);
}

bool
sts_dns_health_answered(
    const struct sts_dns_health *h, const struct sts_addr *server)
{
	const struct sts_dns_known *k = find(h, server);

	return k != NULL && k->heard;
}

bool
sts_dns_health_ever(const struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t)
{
	const struct sts_dns_known *r = find(h, server);

	return r != NULL && (r->traits & bit(t)) != 0;
}

bool
sts_dns_health_is(const struct sts_dns_health *h, const struct sts_addr *server,
    enum sts_dns_trait t, sts_ms now)
{
	return sts_dns_health_ever(h, server, t) &&
	       sts_before(now, find(h, server)->until[t]);
}

bool
sts_dns_health_ask(struct sts_dns_health *h, const struct sts_addr *server,
    enum sts_dns_trait t, sts_ms now)
{
	struct sts_dns_known *r = find_mutable(h, server);

	if (r == NULL || (r->traits & bit(t)) == 0) {
		return false;
	}
	if (sts_before(now, r->until[t])) {
		return true;
	}
	r->until[t] = now + STS_DNS_PROBE_MS;
	return false;
}

void
sts_dns_health_note(struct sts_dns_health *h, const struct sts_addr *server,
    enum sts_dns_trait t, sts_ms now)
{
	if (h != NULL) {
		struct sts_dns_known *r = enter(h, server, now);

		r->traits |= bit(t);
		r->until[t] = now + STS_DNS_HEALTH_MS;
	}
}

void
sts_dns_health_clear(struct sts_dns_health *h, const struct sts_addr *server,
    enum sts_dns_trait t)
{
	struct sts_dns_known *r = find_mutable(h, server);

	if (r != NULL) {
		r->traits &= (uint8_t)~bit(t);
	}
}

void
sts_dns_health_knows_edns(
    struct sts_dns_health *h, const struct sts_addr *server, sts_ms now)
{
	if (h != NULL) {
		struct sts_dns_known *r = enter(h, server, now);

		r->knows_edns = true;
		r->edns_at = now;
		r->traits &=
		    (uint8_t) ~(bit(STS_DNS_PLAIN) | bit(STS_DNS_LOST));
	}
}

void
sts_dns_health_lost_edns(struct sts_dns_health *h,
    const struct sts_addr *server, sts_ms began, sts_ms now)
{
	const struct sts_dns_known *r = find(h, server);

	if (r == NULL || !r->knows_edns || sts_before(r->edns_at, began)) {
		sts_dns_health_note(h, server, STS_DNS_LOST, now);
	}
}

void
sts_dns_health_plain(
    struct sts_dns_health *h, const struct sts_addr *server, sts_ms now)
{
	if (sts_dns_health_ever(h, server, STS_DNS_LOST)) {
		/* A loss is held against it once: in an hour EDNS is tried. */
		sts_dns_health_clear(h, server, STS_DNS_LOST);
		sts_dns_health_note(h, server, STS_DNS_PLAIN, now);
	}
}

void
sts_dns_health_heard(
    struct sts_dns_health *h, const struct sts_addr *server, sts_ms now)
{
	if (h != NULL) {
		struct sts_dns_known *r = enter(h, server, now);

		r->heard = true;
		r->heard_at = now;
		r->traits &= (uint8_t)~bit(STS_DNS_ASIDE);
	}
}

uint8_t
sts_dns_health_order(
    struct sts_dns_health *h, const struct sts_dns_servers *servers, sts_ms now)
{
	uint8_t last = 0;
	bool may_try = true;

	for (unsigned i = 0; i < servers->count; i++) {
		const struct sts_addr *server = &servers->addr[i];
		bool ill = sts_dns_health_ever(h, server, STS_DNS_ASIDE);

		if (ill && (!may_try || sts_dns_health_ask(
					    h, server, STS_DNS_ASIDE, now))) {
			last |= (uint8_t)(1U << i);
		} else {
			may_try = false;
		}
	}
	return last;
}

void
sts_dns_health_set_aside(struct sts_dns_health *h,
    const struct sts_dns_servers *servers, uint8_t silent, sts_ms began,
    sts_ms now)
{
	for (unsigned i = 0; i < servers->count; i++) {
		const struct sts_addr *server = &servers->addr[i];
		const struct sts_dns_known *r = find(h, server);
		bool heard =
		    r != NULL && r->heard && !sts_before(r->heard_at, began);

		if (((unsigned)silent >> i & 1U) != 0 && !heard) {
			sts_dns_health_note(h, server, STS_DNS_ASIDE, now);
		}
	}
}

/* Whether `at` lies so far back that what was seen then is forgotten. */
static bool
is_old(sts_ms at, sts_ms now)
{
	return sts_before(at + 2 * STS_DNS_HEALTH_MS, now);
}

static void
age(struct sts_dns_known *r, sts_ms now)
{
	if (is_old(r->used_at, now)) {
		memset(r, 0, sizeof *r);
		return;
	}
	r->heard = r->heard && !is_old(r->heard_at, now);
	r->knows_edns = r->knows_edns && !is_old(r->edns_at, now);
	for (unsigned t = 0; t < STS_DNS_TRAITS; t++) {
		if (is_old(r->until[t] - STS_DNS_HEALTH_MS, now)) {
			r->traits &= (uint8_t)~bit((enum sts_dns_trait)t);
		}
	}
}

void
sts_dns_health_age(struct sts_dns_health *h, sts_ms now)
{
	for (unsigned i = 0; i < STS_DNS_SERVERS_MAX; i++) {
		if (h->server[i].addr.af != STS_AF_NONE) {
			age(&h->server[i], now);
		}
	}
}
