/* SPDX-License-Identifier: MIT */
/* The lists of nodes to visit: a node is in one of them at most. */
#include "driver_lists.h"

void
sts_driver_list_put(
    struct sts_driver *d, struct sts_node_list *list, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];

	STS_ASSERT(id < d->node_count);
	STS_ASSERT(!n->listed);
	n->listed = true;
	n->next_ready = STS_NODE_NONE;
	if (list->head == STS_NODE_NONE) {
		list->head = id;
	} else {
		d->nodes[list->tail].next_ready = id;
	}
	list->tail = id;
}

uint16_t
sts_driver_list_take(struct sts_driver *d, struct sts_node_list *list)
{
	uint16_t id = list->head;

	if (id != STS_NODE_NONE) {
		list->head = d->nodes[id].next_ready;
		d->nodes[id].listed = false;
	}
	return id;
}

void
sts_driver_enlist(struct sts_driver *d, uint16_t id)
{
	if (!d->nodes[id].listed) {
		sts_driver_list_put(d, &d->ready, id);
	}
}

void
sts_driver_enlist_stirred(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];
	int i;

	while ((i = n->ops->stirred(n->engine)) >= 0) {
		sts_driver_enlist(d, (uint16_t)(n->first_child + i));
	}
}
