/* SPDX-License-Identifier: MIT */
/*
 * Queues of numbers: the children that the driver has to serve again, and the
 * lookups that wait for something. A node is on the list of the stirred at most
 * once, a lookup in at most one queue, since each has one link for it.
 * What it waits for there is ours: that time says nothing about its domain.
 */
#include "agent_state.h"
#include "../base/assert.h"

void
sts_queue_init(struct sts_queue *q)
{
	q->head = q->tail = STS_NODE_NONE;
	q->count = 0;
}

void
sts_agent_stir(struct sts_agent *a, uint16_t node)
{
	struct sts_node *n = &a->nodes[node];

	STS_ASSERT(n->owner == 0);
	if (n->stirred) {
		return;
	}
	n->stirred = true;
	n->next_stirred = STS_NODE_NONE;
	if (a->stirred.head == STS_NODE_NONE) {
		a->stirred.head = node;
	} else {
		a->nodes[a->stirred.tail].next_stirred = node;
	}
	a->stirred.tail = node;
}

uint16_t
sts_agent_stirred(struct sts_agent *a)
{
	uint16_t node = a->stirred.head;

	if (node != STS_NODE_NONE) {
		a->stirred.head = a->nodes[node].next_stirred;
		a->nodes[node].stirred = false;
	}
	return node;
}

void
sts_agent_stir_lookup(struct sts_agent *a, const struct sts_lookup *l)
{
	sts_agent_stir(a, (uint16_t)(a->first_lookup + (l - a->lookups)));
}

void
sts_agent_queue_lookup(
    struct sts_agent *a, struct sts_queue *q, struct sts_lookup *l)
{
	uint16_t i = (uint16_t)(l - a->lookups);

	STS_ASSERT(!l->queued);
	l->queued = true;
	l->queued_at = a->now;
	l->next = STS_NODE_NONE;
	if (q->head == STS_NODE_NONE) {
		q->head = i;
	} else {
		a->lookups[q->tail].next = i;
	}
	q->tail = i;
	q->count++;
}

void
sts_agent_queue_leave(struct sts_agent *a, struct sts_queue *q,
    struct sts_lookup *l, uint16_t before)
{
	if (before == STS_NODE_NONE) {
		q->head = l->next;
	} else {
		a->lookups[before].next = l->next;
	}
	if (l->next == STS_NODE_NONE) {
		q->tail = before;
	}
	q->count--;
	l->next = STS_NODE_NONE;
	l->ours_ms += a->now - l->queued_at;
	l->queued = false;
}

uint32_t
sts_agent_ours_ms(const struct sts_agent *a, const struct sts_lookup *l)
{
	return l->ours_ms + sts_lookup_limited_ms(l) +
	       (l->queued ? a->now - l->queued_at : 0);
}
