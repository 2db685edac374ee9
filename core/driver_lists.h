/* SPDX-License-Identifier: MIT */
/*
 * For the driver's own files: the lists of nodes to visit, and what its files
 * do for each other.
 */
#ifndef STS_DRIVER_LISTS_H
#define STS_DRIVER_LISTS_H

#include "base/assert.h"
#include "driver.h"

/* Put a node, which is in no list, at the end of one. */
void sts_driver_list_put(
    struct sts_driver *d, struct sts_node_list *list, uint16_t id);

/* Take the first node of a list; STS_NODE_NONE: the list is empty. */
uint16_t sts_driver_list_take(struct sts_driver *d, struct sts_node_list *list);

/* Have a node visited. A node that waits for its WORK is visited at its
 * turn. */
void sts_driver_enlist(struct sts_driver *d, uint16_t id);

/* The node has a channel from now on, with these events reported and wanted. */
static inline void
sts_driver_opened(struct sts_node *n, unsigned ready, unsigned wanted)
{
	n->open = true;
	n->eof = false;
	n->ready = (uint8_t)ready;
	n->wanted = (uint8_t)wanted;
}

/* Serve the children that composite `id` has stirred. */
void sts_driver_enlist_stirred(struct sts_driver *d, uint16_t id);

/* driver_reports.c */
/* Whether listener i takes reports. */
bool sts_driver_takes_reports(const struct sts_driver *d, unsigned i);
/* Take the reports that wait, at all such listeners or at those that the port
 * has reported. */
void sts_driver_take_reports(struct sts_driver *d, bool all);

/* driver_listen.c */
/* Take clients that wait at the listeners, after a pause if it is over. */
void sts_driver_accept(struct sts_driver *d);
/* Whether a client may be taken, or will be able to, at once. */
bool sts_driver_may_accept(const struct sts_driver *d);

#endif
