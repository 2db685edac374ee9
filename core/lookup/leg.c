/* SPDX-License-Identifier: MIT */
/*
 * One question to the name servers, and the buffers that several of them
 * need. A leg is idle; busy; or busy and starved: it waits for a buffer for
 * TCP. One that is stopped while busy wants its owner as soon as its question
 * wants nothing else.
 *
 * Invariants: a buffer is lent to one leg, and comes back as its `spare` before
 * the owner lends another. starved_asked: the owner has been asked for a buffer
 * for a starved leg, and had none; it is asked again only after it has lent
 * one. `stir` has a bit for each leg that was changed from outside, for the
 * driver to see.
 */
#include <string.h>

#include "../base/assert.h"
#include "leg.h"

void
sts_legs_init(
    struct sts_legs *legs, struct sts_leg *leg, unsigned count, void *owner)
{
	STS_ASSERT(count > 0 && count <= 8);
	memset(legs, 0, sizeof *legs);
	legs->leg = leg;
	legs->count = (uint8_t)count;
	for (unsigned i = 0; i < count; i++) {
		memset(&leg[i], 0, sizeof leg[i]);
		leg[i].owner = owner;
	}
}

static void
stir(struct sts_legs *legs, unsigned i)
{
	legs->stir |= (uint8_t)(1U << i);
}

void
sts_leg_start(struct sts_legs *legs, unsigned i,
    const struct sts_dns_servers *servers, struct sts_dns_health *health,
    struct sts_dns_name_parts name, uint16_t type, sts_ms now,
    uint32_t budget_ms, const uint8_t rnd[STS_DNS_RND])
{
	struct sts_leg *leg = &legs->leg[i];

	STS_ASSERT(i < legs->count);
	STS_ASSERT(!leg->busy);
	leg->busy = true;
	leg->starved = leg->stopping = false;
	sts_upstream_start(
	    &leg->up, servers, health, name, type, now, budget_ms, rnd);
	stir(legs, i);
}

void
sts_leg_stop(struct sts_legs *legs, unsigned i)
{
	struct sts_leg *leg = &legs->leg[i];

	if (leg->busy) {
		sts_upstream_stop(&leg->up);
		leg->stopping = true;
		stir(legs, i);
	}
}

bool
sts_leg_over(struct sts_legs *legs, unsigned i)
{
	struct sts_leg *leg = &legs->leg[i];
	uint8_t *buf;

	STS_ASSERT(i < legs->count);
	if (sts_upstream_needs_buffer(&leg->up)) {
		leg->starved = true;
		return false;
	}
	leg->busy = false;
	leg->starved = false;
	buf = sts_upstream_take_back(&leg->up);
	if (buf != NULL) {
		/* The owner takes the last buffer back before it lends
		 * another. */
		STS_ASSERT(leg->spare == NULL);
		leg->spare = buf;
	}
	return true;
}

bool
sts_legs_busy(const struct sts_legs *legs)
{
	for (unsigned i = 0; i < legs->count; i++) {
		if (legs->leg[i].busy) {
			return true;
		}
	}
	return false;
}

void
sts_legs_rest(struct sts_legs *legs)
{
	STS_ASSERT(!sts_legs_busy(legs));
	legs->starved_asked = false;
}

bool
sts_legs_want_owner(const struct sts_legs *legs)
{
	for (unsigned i = 0; i < legs->count; i++) {
		if (legs->leg[i].spare != NULL) {
			return true;
		}
	}
	return sts_legs_need_buffer(legs);
}

bool
sts_legs_need_buffer(const struct sts_legs *legs)
{
	for (unsigned i = 0; i < legs->count; i++) {
		const struct sts_leg *leg = &legs->leg[i];

		if (leg->starved && !legs->starved_asked &&
		    sts_upstream_needs_buffer(&leg->up)) {
			return true;
		}
	}
	return false;
}

void
sts_legs_starve(struct sts_legs *legs)
{
	legs->starved_asked = true;
}

bool
sts_legs_still_starve(struct sts_legs *legs)
{
	legs->starved_asked = false;
	legs->starved_asked = sts_legs_need_buffer(legs);
	return legs->starved_asked;
}

bool
sts_legs_lend(struct sts_legs *legs, uint8_t *buf, size_t size)
{
	legs->starved_asked = false;
	for (unsigned i = 0; i < legs->count; i++) {
		struct sts_leg *leg = &legs->leg[i];

		/* A leg that was given up meanwhile wants its owner by
		 * itself. */
		if (leg->starved && sts_upstream_needs_buffer(&leg->up)) {
			leg->starved = false;
			sts_upstream_lend(&leg->up, buf, size);
			stir(legs, i);
			return true;
		}
	}
	return false;
}

uint32_t
sts_legs_ours_ms(const struct sts_legs *legs, sts_ms now)
{
	uint32_t ms = 0;

	for (unsigned i = 0; i < legs->count; i++) {
		const struct sts_leg *leg = &legs->leg[i];

		ms += leg->busy ? sts_upstream_ours_ms(&leg->up, now) : 0;
	}
	return ms;
}

uint8_t *
sts_legs_spare_buffer(struct sts_legs *legs)
{
	for (unsigned i = 0; i < legs->count; i++) {
		uint8_t *buf = legs->leg[i].spare;

		if (buf != NULL) {
			legs->leg[i].spare = NULL;
			return buf;
		}
	}
	return NULL;
}

int
sts_legs_stirred(struct sts_legs *legs)
{
	for (int i = 0; i < legs->count; i++) {
		if ((legs->stir & 1U << i) != 0) {
			legs->stir &= (uint8_t) ~(1U << i);
			return i;
		}
	}
	return -1;
}

unsigned
sts_leg_wants(const void *e)
{
	const struct sts_leg *leg = e;
	unsigned wants = sts_upstream_wants(&leg->up);

	if (!leg->busy ||
	    (leg->starved && sts_upstream_needs_buffer(&leg->up))) {
		return wants & ~(unsigned)STS_WANT_OWNER;
	}
	return wants == 0 && leg->stopping ? (unsigned)STS_WANT_OWNER : wants;
}

const struct sts_addr *
sts_leg_peer(const void *e)
{
	return sts_upstream_peer(&((const struct sts_leg *)e)->up);
}

void
sts_leg_opened(void *e)
{
	sts_upstream_opened(&((struct sts_leg *)e)->up);
}

void
sts_leg_lost(void *e, int why)
{
	sts_upstream_lost(&((struct sts_leg *)e)->up, why);
}

struct sts_span
sts_leg_recv_buf(const void *e, struct sts_span lent)
{
	return sts_upstream_recv_buf(&((const struct sts_leg *)e)->up, lent);
}

struct sts_text
sts_leg_send_buf(const void *e, struct sts_span lent)
{
	return sts_upstream_send_buf(&((const struct sts_leg *)e)->up, lent);
}

void
sts_leg_send_ack(void *e, size_t n)
{
	sts_upstream_send_ack(&((struct sts_leg *)e)->up, n);
}

void
sts_leg_tick(void *e, sts_ms now, int64_t wall_s)
{
	(void)wall_s;
	sts_upstream_tick(&((struct sts_leg *)e)->up, now);
}

bool
sts_leg_deadline(const void *e, sts_ms *at)
{
	const struct sts_leg *leg = e;

	return leg->busy && sts_upstream_deadline(&leg->up, at);
}
