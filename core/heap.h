/* SPDX-License-Identifier: MIT */
/* A binary heap of nodes by deadline. Room for every node is handed in. */
#ifndef STS_HEAP_H
#define STS_HEAP_H

#include "node.h"

struct sts_heap {
	/* Private. */
	struct sts_node *nodes;
	uint16_t *slot; /* node numbers, the earliest first */
	uint16_t count;
};

/* slot: room for as many numbers as there are nodes. */
void sts_heap_init(struct sts_heap *h, struct sts_node *nodes, uint16_t *slot);

/* Set or move the deadline of a node. O(log n), O(1) when it is unchanged. */
void sts_heap_set(struct sts_heap *h, uint16_t node, sts_ms at);

/* Forget the deadline of a node, if it has one. O(log n). */
void sts_heap_drop(struct sts_heap *h, uint16_t node);

/* The node with the earliest deadline, or STS_NODE_NONE. */
uint16_t sts_heap_first(const struct sts_heap *h);

#endif
