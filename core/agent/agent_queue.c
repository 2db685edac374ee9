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

struct sts_ask *
sts_agent_ask_of(struct sts_agent *a, uint16_t node)
{
	STS_ASSERT(node >= a->first_client && node < a->first_lookup);
	if (sts_agent_is_client(a, node)) {
		return &a->clients[node - a->first_client].ask;
	}
	return &a->questions[node - a->first_question].ask;
}

void
sts_agent_queue_ask(
    struct sts_agent *a, struct sts_queue *q, struct sts_ask *ask)
{
	ask->next = STS_NODE_NONE;
	ask->prev = q->tail;
	if (q->tail == STS_NODE_NONE) {
		q->head = ask->node;
	} else {
		sts_agent_ask_of(a, q->tail)->next = ask->node;
	}
	q->tail = ask->node;
	q->count++;
}

void
sts_agent_unqueue_ask(
    struct sts_agent *a, struct sts_queue *q, struct sts_ask *ask)
{
	STS_ASSERT(q->count > 0);
	if (ask->prev == STS_NODE_NONE) {
		q->head = ask->next;
	} else {
		sts_agent_ask_of(a, ask->prev)->next = ask->next;
	}
	if (ask->next == STS_NODE_NONE) {
		q->tail = ask->prev;
	} else {
		sts_agent_ask_of(a, ask->next)->prev = ask->prev;
	}
	q->count--;
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
sts_agent_unqueue_lookup(struct sts_agent *a, struct sts_queue *q,
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

/* How long the fetch of a lookup, which has one, has waited to compute. */
static uint32_t
computing_ms(const struct sts_agent *a, const struct sts_lookup *l)
{
	unsigned i = 0;

	while (a->fetches[i].lookup != l) {
		i++;
		STS_ASSERT(i < a->config.fetch_slots);
	}
	return sts_https_waited_ms(&a->fetches[i].https, a->now);
}

uint32_t
sts_agent_ours_ms(const struct sts_agent *a, const struct sts_lookup *l)
{
	return l->ours_ms + sts_lookup_limited_ms(l) +
	       (l->queued ? a->now - l->queued_at : 0) +
	       (l->stage == STS_WORK_FETCH ? computing_ms(a, l) : 0);
}
