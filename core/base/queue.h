/* SPDX-License-Identifier: MIT */
/*
 * A list of things that have numbers, in the order in which they came; each
 * thing holds the number of the next. What the numbers mean, and which field
 * is the link, is the owner's.
 */
#ifndef STS_QUEUE_H
#define STS_QUEUE_H

#include <stdint.h>

enum {
	STS_QUEUE_END = 0xffff /* no number: the end of a list */
};

struct sts_queue {
	uint16_t head, tail, count;
};

/* Make it empty. */
static inline void
sts_queue_init(struct sts_queue *q)
{
	q->head = q->tail = STS_QUEUE_END;
	q->count = 0;
}

#endif
