/* SPDX-License-Identifier: MIT */
/*
 * Buffers for DNS answers over TCP. They are few, and lent to the lookups that
 * ask name servers. A lookup that needs one when none is free waits in
 * a->buffers.starved. The next buffer goes to the organisation that has the
 * fewest, and of its lookups to the one that has waited longest. A lookup gives
 * up after STS_DNS_OURS_MS, so that name servers which hold buffers delay
 * others but stop nobody for good.
 *
 * The attacker owns a domain, as many names below it as he likes, and their
 * name servers, whose answers are truncated and then do not come: an
 * organisation has a quarter of the buffers at most, where there are four.
 * Invariant: while a buffer is free, whatever waits may not have it.
 *
 * Work of a step: a child may give STS_DNS_TCP_BUFFERS back and need one. For
 * each that it gives back all that wait are passed at most once, and held
 * against at most STS_DNS_TCP_BUFFERS loans: numbers are compared, and names for
 * the loans of its own organisation, which has a quarter of them.
 */
#include <limits.h>

#include "agent_state.h"
#include "../base/assert.h"
#include "../cache/organisation.h"

/* Whether number i is a lookup of a policy: there may be nothing else. */
static bool
is_lookup(const struct sts_agent *a, uint16_t i)
{
	return !(STS_DANE || STS_REPORT) || i < a->config.lookups;
}

/* The legs of number i in the queue. */
static struct sts_legs *
legs_of(struct sts_agent *a, uint16_t i)
{
	if (is_lookup(a, i)) {
		return &a->lookups[i].legs;
	}
	i = (uint16_t)(i - a->config.lookups);
	if (i < a->config.danes) {
		return &a->danes[i].hosts.legs;
	}
	return &a->reporter->lookup[i - a->config.danes].legs;
}

static void
stir(struct sts_agent *a, uint16_t i)
{
	unsigned others = a->config.lookups + a->config.danes;

	sts_agent_stir(a, (uint16_t)(is_lookup(a, i) || i < others
					 ? a->first_lookup + i
					 : a->first_report + (i - others)));
}

/* The time in the queue is our shortage and says nothing about the domain. For
 * a lookup that waits for other gateways as well (agent_share.c) the count runs
 * already. */
static void
begin_wait(struct sts_agent *a, uint16_t i)
{
	if (is_lookup(a, i) && !a->lookups[i].queued) {
		a->lookups[i].queued = true;
		a->lookups[i].queued_at = a->now;
	}
}

static void
end_wait(struct sts_agent *a, uint16_t i)
{
	if (is_lookup(a, i) && !a->lookups[i].shares) {
		struct sts_lookup *l = &a->lookups[i];

		l->ours_ms += a->now - l->queued_at;
		l->queued = false;
	}
}

static void
starve(struct sts_agent *a, uint16_t i)
{
	struct sts_queue *q = &a->buffers.starved;
	struct sts_legs *legs = legs_of(a, i);

	STS_ASSERT(!legs->starves);
	sts_legs_starve(legs);
	legs->starves = true;
	legs->next_starved = STS_NODE_NONE;
	if (q->tail != STS_NODE_NONE) {
		legs_of(a, q->tail)->next_starved = i;
	} else {
		q->head = i;
	}
	q->tail = i;
	q->count++;
	begin_wait(a, i);
}

/* Take number i out of the queue. `before` leads to i; STS_NODE_NONE: i is the
 * head. */
static void
starve_no_more(struct sts_agent *a, uint16_t i, uint16_t before)
{
	struct sts_queue *q = &a->buffers.starved;
	struct sts_legs *legs = legs_of(a, i);

	if (before == STS_NODE_NONE) {
		q->head = legs->next_starved;
	} else {
		legs_of(a, before)->next_starved = legs->next_starved;
	}
	if (q->tail == i) {
		q->tail = before;
	}
	q->count--;
	legs->starves = false;
	end_wait(a, i);
}

/* A lookup without a DNS question needs no buffer any more: take it out of the
 * queue, whatever became of its question. */
static void
stop_starving(struct sts_agent *a, uint16_t i)
{
	uint16_t before = STS_NODE_NONE, at = a->buffers.starved.head;

	while (at != i) {
		STS_ASSERT(at != STS_NODE_NONE);
		before = at;
		at = legs_of(a, at)->next_starved;
	}
	starve_no_more(a, i, before);
}

/* Whether number i works for no domain of a mail server's question: the lookups
 * of reports, one at a time. */
static bool
is_ours(const struct sts_agent *a, uint16_t i)
{
	return STS_REPORT && i >= a->config.lookups + a->config.danes;
}

/* The domain that number i, which is not ours, works for, and the hash of its
 * organisation. */
static struct sts_text
domain_of(const struct sts_agent *a, uint16_t i, uint32_t *hash)
{
	const struct sts_dane_work *w;

	if (is_lookup(a, i)) {
		*hash = a->lookups[i].organisation;
		return sts_lookup_domain(&a->lookups[i]);
	}
	w = &a->danes[i - a->config.lookups];
	*hash = (uint32_t)w->organisation;
	return sts_dane_hosts_domain(&w->hosts);
}

/* Names are compared only if their hashes are the same. */
static bool
same_organisation(const struct sts_agent *a, uint16_t i, uint16_t k)
{
	uint32_t x, y;
	struct sts_text of_i = domain_of(a, i, &x);
	struct sts_text of_k = domain_of(a, k, &y);

	return x == y &&
	       sts_text_same(sts_organisation(of_i), sts_organisation(of_k));
}

/* How many buffers the organisation of number i has; 0 for the lookups of
 * reports, which belong to none. */
static unsigned
held_by_org(const struct sts_agent *a, uint16_t i)
{
	unsigned count = 0;

	for (unsigned k = 0; !is_ours(a, i) && k < a->buffers.lent; k++) {
		count += !is_ours(a, a->buffers.holder[k]) &&
			 same_organisation(a, a->buffers.holder[k], i);
	}
	return count;
}

/* Lend a buffer to number i, which needs one. */
static void
lend(struct sts_agent *a, uint16_t i, uint8_t *buf)
{
	bool lent = sts_legs_lend(legs_of(a, i), buf, STS_DNS_MESSAGE_MAX);

	STS_ASSERT(lent);
	STS_ASSERT(a->buffers.lent < STS_DNS_TCP_BUFFERS);
	a->buffers.holder[a->buffers.lent++] = i;
	stir(a, i);
}

/* Number i has given a buffer back. */
static void
end_loan(struct sts_agent *a, uint16_t i)
{
	unsigned k = 0;

	while (a->buffers.holder[k] != i) {
		k++;
		STS_ASSERT(k < a->buffers.lent);
	}
	a->buffers.holder[k] = a->buffers.holder[--a->buffers.lent];
}

/* Whether an organisation that holds this many buffers may have one more. */
static bool
may_have(unsigned held)
{
	const unsigned share = STS_DNS_TCP_BUFFERS / STS_ORGANISATION_SHARE;

	return share == 0 || held < share;
}

/*
 * The lookup that gets the next buffer, as the head says, and what leads to it;
 * STS_NODE_NONE: none may have one. Lookups that have given up leave the queue
 * on the way, so that each is passed once: otherwise a crowd that gave up
 * together would be passed again for each member of it.
 */
static uint16_t
choose(struct sts_agent *a, uint16_t *before)
{
	uint16_t best = STS_NODE_NONE, last = STS_NODE_NONE, next;
	unsigned fewest = UINT_MAX;

	for (uint16_t i = a->buffers.starved.head;
	     i != STS_NODE_NONE && fewest > 0; i = next) {
		unsigned held = held_by_org(a, i);

		next = legs_of(a, i)->next_starved;
		if (!sts_legs_still_starve(legs_of(a, i))) {
			starve_no_more(a, i, last);
			continue;
		}
		if (may_have(held) && held < fewest) {
			best = i;
			fewest = held;
			*before = last;
		}
		last = i;
	}
	return best;
}

/* A buffer is free: it goes to a lookup that waits, or back to the pool. */
static void
give_buffer(struct sts_agent *a, uint8_t *buf)
{
	uint16_t before = STS_NODE_NONE, i = choose(a, &before);

	if (i != STS_NODE_NONE) {
		starve_no_more(a, i, before);
		lend(a, i, buf);
		return;
	}
	STS_ASSERT(a->buffers.count < STS_DNS_TCP_BUFFERS);
	a->buffers.free[a->buffers.count++] = buf;
}

static void
take_buffer(struct sts_agent *a, uint16_t i)
{
	sts_count(&a->metrics, STS_METRIC_DNS_TCP);
	if (a->buffers.count > 0 && may_have(held_by_org(a, i))) {
		lend(a, i, a->buffers.free[--a->buffers.count]);
		return;
	}
	starve(a, i);
}

void
sts_agent_buffers(struct sts_agent *a, uint16_t i)
{
	struct sts_legs *legs = legs_of(a, i);
	uint8_t *buf;

	if (legs->starves && !sts_legs_busy(legs)) {
		stop_starving(a, i);
	}
	while ((buf = sts_legs_spare_buffer(legs)) != NULL) {
		end_loan(a, i);
		give_buffer(a, buf);
	}
	if (sts_legs_need_buffer(legs)) {
		take_buffer(a, i);
	}
}
