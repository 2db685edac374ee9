/* SPDX-License-Identifier: MIT */
/* The heap of deadlines. Each node knows its position, so moves are direct. */
#include "base/assert.h"
#include "heap.h"

static bool
earlier(const struct sts_heap *h, unsigned a, unsigned b)
{
	return sts_before(h->nodes[h->slot[a]].at, h->nodes[h->slot[b]].at);
}

static void
swap(struct sts_heap *h, unsigned a, unsigned b)
{
	uint16_t node = h->slot[a];

	h->slot[a] = h->slot[b];
	h->slot[b] = node;
	h->nodes[h->slot[a]].heap_at = (uint16_t)(a + 1);
	h->nodes[h->slot[b]].heap_at = (uint16_t)(b + 1);
}

/* Move the node at i up, or down, to its place. */
static void
sift(struct sts_heap *h, unsigned i)
{
	while (i > 0 && earlier(h, i, (i - 1) / 2)) {
		swap(h, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	for (;;) {
		unsigned least = 2 * i + 1;

		if (least >= h->count) {
			return;
		}
		if (least + 1 < h->count && earlier(h, least + 1, least)) {
			least++;
		}
		if (!earlier(h, least, i)) {
			return;
		}
		swap(h, i, least);
		i = least;
	}
}

void
sts_heap_init(struct sts_heap *h, struct sts_node *nodes, uint16_t *slot)
{
	h->nodes = nodes;
	h->slot = slot;
	h->count = 0;
}

void
sts_heap_set(struct sts_heap *h, uint16_t node, sts_ms at)
{
	struct sts_node *n = &h->nodes[node];

	if (n->heap_at != 0 && n->at == at) {
		return;
	}
	n->at = at;
	if (n->heap_at == 0) {
		h->slot[h->count++] = node;
		n->heap_at = h->count;
	}
	STS_ASSERT(h->slot[n->heap_at - 1] == node);
	sift(h, n->heap_at - 1U);
}

void
sts_heap_drop(struct sts_heap *h, uint16_t node)
{
	unsigned at = h->nodes[node].heap_at;

	if (at == 0) {
		return;
	}
	STS_ASSERT(at <= h->count);
	h->count--;
	if (at - 1 != h->count) {
		swap(h, at - 1, h->count);
		sift(h, at - 1);
	}
	h->nodes[node].heap_at = 0;
}

uint16_t
sts_heap_first(const struct sts_heap *h)
{
	return h->count > 0 ? h->slot[0] : STS_NODE_NONE;
}
