/* SPDX-License-Identifier: MIT */
/*
 * Buffers for DNS answers over TCP: few, and lent to lookups. A lookup that
 * needs one when none is free waits in a->buffers.starved, the longest first.
 * Its question's own deadline runs on meanwhile, so that name servers which
 * hold buffers delay others, but stop none of them for good.
 */
#include "agent_state.h"
#include "../base/assert.h"

/*
 * A lookup that is done waits for no buffer any more, whatever became of the
 * question that did; and `next` has to be free for the next queue.
 */
static void
stop_starving(struct sts_agent *a, struct sts_lookup *l)
{
	uint16_t i = (uint16_t)(l - a->lookups);
	uint16_t before = STS_NODE_NONE, at = a->buffers.starved.head;

	while (at != i) {
		STS_ASSERT(at != STS_NODE_NONE);
		before = at;
		at = a->lookups[at].next;
	}
	sts_agent_unqueue_lookup(a, &a->buffers.starved, l, before);
	l->starves = false;
}

/* A buffer is free: the lookup that waits longest gets it, or the pool. */
static void
give_buffer(struct sts_agent *a, uint8_t *buf)
{
	while (a->buffers.starved.head != STS_NODE_NONE) {
		struct sts_lookup *l = &a->lookups[a->buffers.starved.head];

		sts_agent_unqueue_lookup(
		    a, &a->buffers.starved, l, STS_NODE_NONE);
		l->starves = false;
		if (sts_lookup_lend(l, buf, STS_DNS_MESSAGE_MAX)) {
			sts_agent_stir_lookup(a, l);
			return;
		}
	}
	STS_ASSERT(a->buffers.count < STS_DNS_TCP_BUFFERS);
	a->buffers.free[a->buffers.count++] = buf;
}

static void
take_buffer(struct sts_agent *a, struct sts_lookup *l)
{
	STS_ASSERT(!l->starves);
	sts_count(&a->metrics, STS_METRIC_DNS_TCP);
	if (a->buffers.count > 0) {
		bool lent = sts_lookup_lend(l,
		    a->buffers.free[--a->buffers.count], STS_DNS_MESSAGE_MAX);

		STS_ASSERT(lent);
		sts_agent_stir_lookup(a, l);
		return;
	}
	sts_lookup_starve(l);
	l->starves = true;
	sts_agent_queue_lookup(a, &a->buffers.starved, l);
}

void
sts_agent_buffers(struct sts_agent *a, struct sts_lookup *l)
{
	uint8_t *buf;

	if (l->starves && (l->state == STS_LOOKUP_TXT_DONE ||
			      l->state == STS_LOOKUP_ADDRESSES_DONE)) {
		stop_starving(a, l);
	}
	while ((buf = sts_lookup_spare_buffer(l)) != NULL) {
		give_buffer(a, buf);
	}
	if (sts_lookup_needs_buffer(l) >= 0) {
		take_buffer(a, l);
	}
}
