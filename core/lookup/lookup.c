/* SPDX-License-Identifier: MIT */
/*
 * One domain's discovery: the TXT record, then the policy host's addresses.
 * lookup.h draws the states.
 *
 * Fields: txt and txt_why from TXT_DONE on, id if it is FOUND; addresses and
 * addr from ADDRESSES_DONE on. Before that addr has a half for each family,
 * with count[leg] in use. `second` is set while the slower family has its
 * moment, up to second_at.
 *
 * Invariants: a result is read only when no leg is busy. ABSENT is certain:
 * addresses are ABSENT only if every question had a definite answer. Addresses
 * that came before a question failed do not count.
 *
 * The attacker runs the domain's name server: he is slow (each phase has its
 * time), publishes more than is kept (HALF), or names addresses that are not
 * his (dial/address.h).
 */
#include <string.h>

#include "../dial/address.h"
#include "../base/assert.h"
#include "lookup.h"

enum {
	HALF = STS_LOOKUP_ADDRS / 2 /* addresses kept of one family */
};

STS_STATIC_ASSERT(sizeof(struct sts_lookup) <= 1040, lookup_is_cheap);

static const uint8_t txt_prefix[] = "_mta-sts";
static const uint8_t host_prefix[] = STS_POLICY_LABEL;

/* Feed a piece of a TXT record to the judge of the whole set. */
static void
take_txt(struct sts_lookup *l, const struct sts_dns_piece *piece)
{
	struct sts_text rdata = piece->rdata, string;

	if (piece->record == 0 && piece->first) {
		sts_record_start(&l->record);
	}
	while (sts_dns_txt_next(&rdata, &string)) {
		for (size_t i = 0; i < string.n; i++) {
			sts_record_byte(&l->record, string.p[i]);
		}
	}
	/* The message was judged: lengths fit. */
	STS_ASSERT(rdata.n == 0);
	if (piece->last) {
		sts_record_end(&l->record);
	}
}

static void
take_address(
    struct sts_lookup *l, unsigned leg, const struct sts_dns_piece *piece)
{
	struct sts_addr a;

	STS_ASSERT(piece->rdata.n == (leg == STS_LEG_A ? 4 : 16));
	if (piece->record == 0) {
		l->count[leg] = 0;
	}
	a = sts_address_of(piece->rdata, l->settings->policy_port);
	if (!sts_address_allowed(l->settings, &a)) {
		l->forbidden = true;
	} else if (l->count[leg] < HALF) {
		l->addr[leg * HALF + l->count[leg]++] = a;
	}
}

/* Let the families alternate, IPv6 first (RFC 8305 4). */
static void
interleave(struct sts_lookup *l)
{
	struct sts_addr kept[STS_LOOKUP_ADDRS];
	unsigned n = 0;

	memcpy(kept, l->addr, sizeof kept);
	for (unsigned i = 0; i < HALF; i++) {
		for (unsigned leg = 0; leg < STS_LOOKUP_LEGS; leg++) {
			if (i < l->count[leg]) {
				l->addr[n++] = kept[leg * HALF + i];
			}
		}
	}
	l->addr_count = (uint8_t)n;
}

/* Why it is unknown whether there are addresses; NONE: it is known. */
static enum sts_why
why_unknown(const struct sts_lookup *l)
{
	enum sts_why why = STS_WHY_NONE;

	for (unsigned i = STS_LEG_FIRST_ADDRESS; i < STS_LOOKUP_LEGS; i++) {
		const struct sts_upstream *up = &l->leg[i].up;

		if (sts_upstream_result(up) == STS_UNKNOWN) {
			why = sts_why_both(why, sts_upstream_why(up));
		}
	}
	return why;
}

static void
finish_addresses(struct sts_lookup *l)
{
	l->state = STS_LOOKUP_ADDRESSES_DONE;
	l->second = false;
	sts_legs_rest(&l->legs);
	interleave(l);
	l->addresses_why = (uint8_t)why_unknown(l);
	if (l->addr_count > 0) {
		l->addresses = STS_FOUND;
		return;
	}
	if (l->addresses_why != STS_WHY_NONE) {
		l->addresses = STS_UNKNOWN;
		return;
	}
	l->addresses = STS_ABSENT;
	l->addresses_why =
	    l->forbidden ? STS_WHY_ADDRESS_FORBIDDEN : STS_WHY_ADDRESS_NONE;
}

/* The question for TXT is over. That TXT records were found does not mean
 * that one of them is a policy record, or just one: the reader of records
 * decides. */
static void
finish_txt(struct sts_lookup *l)
{
	const struct sts_upstream *up = &l->leg[STS_LEG_TXT].up;
	enum sts_why why;

	l->state = STS_LOOKUP_TXT_DONE;
	sts_legs_rest(&l->legs);
	l->txt_ttl_s = sts_upstream_ttl_s(up);
	l->txt = (uint8_t)sts_upstream_result(up);
	why = sts_upstream_why(up);
	if (l->txt == STS_FOUND) {
		l->txt = (uint8_t)sts_record_result(&l->record, &why);
	}
	if (l->txt == STS_FOUND) {
		l->id_len = l->record.id_len;
		memcpy(l->id, l->record.id, l->record.id_len);
	}
	l->txt_why = (uint8_t)why;
	STS_ASSERT(l->txt != STS_PENDING);
}

static void
start_leg(struct sts_lookup *l, unsigned i, struct sts_text prefix,
    uint16_t type, uint32_t budget_ms, const uint8_t *rnd)
{
	struct sts_dns_name_parts name = { prefix, sts_lookup_domain(l) };

	sts_leg_start(&l->legs, i, l->settings->servers, l->health, name, type,
	    l->now, budget_ms, rnd);
}

static unsigned
lookup_wants(const void *e)
{
	const struct sts_lookup *l = e;

	return (l->state == STS_LOOKUP_TXT_DONE && !l->paused) ||
		       l->state == STS_LOOKUP_ADDRESSES_DONE ||
		       sts_legs_want_owner(&l->legs)
		   ? STS_WANT_OWNER
		   : 0;
}

/* Once one family has an address the other gets a moment, no more. */
static void
lookup_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_lookup *l = e;

	(void)wall_s;
	l->now = now;
	if (!l->second || sts_before(now, l->second_at)) {
		return;
	}
	l->second = false;
	l->hasty = true;
	for (unsigned i = 0; i < STS_LOOKUP_LEGS; i++) {
		sts_leg_stop(&l->legs, i);
	}
}

static bool
lookup_deadline(const void *e, sts_ms *at)
{
	const struct sts_lookup *l = e;

	if (l->second) {
		*at = l->second_at;
	}
	return l->second;
}

static void
lookup_child(void *e, unsigned i)
{
	struct sts_lookup *l = e;

	if (!sts_leg_over(&l->legs, i)) {
		return;
	}
	l->limited_ms += sts_upstream_limited_ms(&l->leg[i].up);
	if (sts_upstream_result(&l->leg[i].up) != STS_FOUND) {
		l->count[i] = 0; /* addresses of a question that failed do not
				  * count */
	}
	if (l->state == STS_LOOKUP_TXT) {
		finish_txt(l);
	} else if (!sts_legs_busy(&l->legs)) {
		finish_addresses(l);
	} else if (l->count[i] > 0 && !l->patient) {
		l->second = true;
		l->second_at = l->now + STS_LOOKUP_SECOND_MS;
	}
}

static int
lookup_stirred(void *e)
{
	return sts_legs_stirred(&((struct sts_lookup *)e)->legs);
}

/* Read the answer, which lies in octets that are lent for this call. */
static void
leg_recv_ack(void *e, struct sts_span got)
{
	struct sts_leg *leg = e;
	struct sts_lookup *l = leg->owner;
	struct sts_dns_piece piece;

	sts_upstream_recv_ack(&leg->up, got);
	while (sts_upstream_next(&leg->up, &piece)) {
		if (l->state == STS_LOOKUP_TXT) {
			take_txt(l, &piece);
		} else {
			take_address(l, (unsigned)(leg - l->leg), &piece);
		}
	}
}

const struct sts_engine_ops sts_lookup_ops = {
	.wants = lookup_wants,
	.tick = lookup_tick,
	.deadline = lookup_deadline,
	.child = lookup_child,
	.stirred = lookup_stirred,
};

const struct sts_engine_ops sts_lookup_leg_ops = STS_LEG_OPS(leg_recv_ack);

void
sts_lookup_init(struct sts_lookup *l, struct sts_dns_health *health)
{
	memset(l, 0, sizeof *l);
	l->health = health;
	sts_legs_init(&l->legs, l->leg, STS_LOOKUP_LEGS, l);
}

void
sts_lookup_begin(struct sts_lookup *l, struct sts_text domain,
    const struct sts_settings *settings, sts_ms now,
    const uint8_t rnd[STS_LOOKUP_RND])
{
	STS_ASSERT(l->state == STS_LOOKUP_IDLE);
	STS_ASSERT(domain.n > 0 && domain.n <= STS_DOMAIN_MAX);
	l->state = STS_LOOKUP_TXT;
	l->settings = settings;
	l->now = now;
	l->domain_len = (uint8_t)domain.n;
	memcpy(l->domain, domain.p, domain.n);
	l->txt = l->addresses = STS_PENDING;
	l->txt_why = l->addresses_why = STS_WHY_NONE;
	l->id_len = l->addr_count = 0;
	l->txt_ttl_s = l->limited_ms = 0;
	l->count[STS_LEG_A] = l->count[STS_LEG_AAAA] = 0;
	l->forbidden = l->second = l->paused = false;
	l->hasty = l->patient = false;
	start_leg(l, STS_LEG_TXT, sts_text(txt_prefix, sizeof txt_prefix - 1),
	    STS_DNS_TXT, STS_LOOKUP_TXT_MS, rnd);
}

static void
ask_addresses(struct sts_lookup *l, const uint8_t rnd[STS_LOOKUP_RND])
{
	struct sts_text prefix = sts_text(host_prefix, sizeof host_prefix - 1);

	l->state = STS_LOOKUP_ADDRESSES;
	l->turned = 0;
	if (STS_INET6) {
		start_leg(l, STS_LEG_AAAA, prefix, STS_DNS_AAAA,
		    STS_LOOKUP_ADDRESSES_MS, rnd);
	}
	start_leg(l, STS_LEG_A, prefix, STS_DNS_A, STS_LOOKUP_ADDRESSES_MS,
	    rnd + STS_DNS_RND);
}

void
sts_lookup_go_on(struct sts_lookup *l, const uint8_t rnd[STS_LOOKUP_RND])
{
	STS_ASSERT(l->state == STS_LOOKUP_TXT_DONE);
	ask_addresses(l, rnd);
}

void
sts_lookup_again(
    struct sts_lookup *l, sts_ms now, const uint8_t rnd[STS_LOOKUP_RND])
{
	STS_ASSERT(l->state == STS_LOOKUP_HELD);
	STS_ASSERT(l->hasty);
	l->now = now; /* the last tick was before it was held */
	l->hasty = l->had_time = false;
	l->patient = true;
	l->count[STS_LEG_A] = l->count[STS_LEG_AAAA] = 0;
	ask_addresses(l, rnd);
}

void
sts_lookup_pause(struct sts_lookup *l)
{
	STS_ASSERT(l->state == STS_LOOKUP_TXT_DONE);
	l->paused = true;
}

void
sts_lookup_resume(struct sts_lookup *l)
{
	l->paused = false;
}

void
sts_lookup_hold(struct sts_lookup *l)
{
	STS_ASSERT(l->state == STS_LOOKUP_ADDRESSES_DONE);
	l->state = STS_LOOKUP_HELD;
}

void
sts_lookup_turn(struct sts_lookup *l, unsigned n)
{
	struct sts_addr kept[STS_LOOKUP_ADDRS];
	unsigned count = l->addr_count;

	STS_ASSERT(n <= count);
	memcpy(kept, l->addr, sizeof kept);
	for (unsigned i = 0; i < count; i++) {
		l->addr[i] = kept[(i + n) % count];
	}
	n += l->turned;
	l->turned = (uint8_t)(n < count ? n : count);
	l->had_time = l->had_time || l->turned == count;
}

void
sts_lookup_end(struct sts_lookup *l)
{
	STS_ASSERT(l->state == STS_LOOKUP_TXT_DONE ||
		   l->state == STS_LOOKUP_ADDRESSES_DONE ||
		   l->state == STS_LOOKUP_HELD);
	STS_ASSERT(!sts_legs_busy(&l->legs));
	l->state = STS_LOOKUP_IDLE;
}

uint32_t
sts_lookup_limited_ms(const struct sts_lookup *l)
{
	uint32_t ms = l->limited_ms;

	for (unsigned i = 0; i < STS_LOOKUP_LEGS; i++) {
		if (l->leg[i].busy) {
			ms += sts_upstream_limited_ms(&l->leg[i].up);
		}
	}
	return ms;
}

struct sts_text
sts_lookup_domain(const struct sts_lookup *l)
{
	return sts_text(l->domain, l->domain_len);
}
