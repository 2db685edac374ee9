/* SPDX-License-Identifier: MIT */
/*
 * A node of the driver's tree: one engine, its place, and what the driver
 * remembers of it. The agent lays the tree out once, in its block; node
 * numbers are channel numbers.
 *
 *	0              the agent, owner of all that follow to `legs`
 *	clients        leaf, a channel each
 *	asks           leaf without channel: questions by the C API
 *	lookups        composite: two legs each
 *	danes          composite: some legs each
 *	fetches        composite: two connections each
 *	legs           leaf: a question to the name servers, lookups' first
 *	connections    leaf: to a policy host
 *	share          composite: two legs, two connections; if there is one
 */
#ifndef STS_NODE_H
#define STS_NODE_H

#include "base/io.h"
#include "base/queue.h"

enum {
	STS_NODE_NONE = STS_QUEUE_END
};

struct sts_node {
	const struct sts_engine_ops *ops;
	void *engine;
	uint16_t owner; /* STS_NODE_NONE: the agent itself */
	uint16_t index; /* which child of its owner */
	uint16_t first_child; /* composite */

	/* The agent's: a queue of stirred children. */
	uint16_t next_stirred;
	bool stirred;

	/* The driver's. */
	bool listed; /* in one of the driver's lists */
	bool open, opening; /* the channel */
	uint8_t ready; /* STS_EV_ bits believed to hold */
	uint8_t wanted; /* STS_EV_ bits the port was asked for */
	bool eof;
	uint16_t next_ready;
	uint16_t heap_at; /* position + 1; 0: no deadline */
	sts_ms at;
};

#endif
