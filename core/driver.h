/* SPDX-License-Identifier: MIT */
/*
 * The driver services every engine against a struct sts_port: a ready list, a
 * heap of deadlines, channels. It is the only caller of ports and engines.
 *
 * An epoll daemon:	for (;;) wait(sts_run(&d, now, wall, 256));
 * A superloop:		for (;;) { eth_poll(); sts_run(&d, now, wall, 1); }
 */
#ifndef STS_DRIVER_H
#define STS_DRIVER_H

#include "agent/agent.h"
#include "heap.h"
#include "port.h"

enum {
	STS_RUN_IDLE_MS = 60000, /* the longest sleep sts_run asks for */
	STS_RUN_VISITS = 256, /* the most visits that WORK of a node waits
			       * for */
	STS_RUN_DRAIN = 16, /* visits between two looks for reports */
	/* Reports taken in one look: a burst is taken in many looks, so that no
	 * answer waits for it longer than two signature checks take; */
	STS_RUN_REPORTS = 8,
	STS_RUN_REPORTS_ALL = 64 /* more if WORK comes next */
};

enum sts_protocol {
	STS_PROTOCOL_SOCKETMAP = 1,
	STS_PROTOCOL_TEXT, /* core/client/line.h; over local streams only: TCP clients
	                     are reset, and might lose the answer */
	STS_PROTOCOL_TEXT_REPORTS, /* the same, of a socket that is open to mail
	                              servers alone: their reports count */
	STS_PROTOCOL_REPORTS /* datagrams of TLS reporting, one a delivery; the
	                     channel takes no clients */
};

/*
 * Number of channels a port must be ready for: channel numbers are below it.
 * Listeners included.
 */
unsigned sts_driver_channels(const struct sts_config *config);

/* A queue of nodes by number. */
struct sts_node_list {
	uint16_t head, tail;
};

struct sts_driver {
	/* Private. */
	struct sts_agent *agent;
	const struct sts_port *port;
	struct sts_node *nodes; /* the agent's, laid out in its block */
	uint16_t node_count;
	struct sts_heap heap;
	/* Nodes to visit, and nodes that wait for their turn to compute. A
	 * node is in one of the two at most, through next_ready. */
	struct sts_node_list ready, working;
	unsigned visits; /* since a node computed last */
	sts_ms now;
	int64_t wall_s;
	sts_ms accept_at; /* when to try again after LIMIT */
	struct {
		bool open, ready, paused;
		uint8_t protocol;
	} listener[STS_LISTENERS_MAX];
	uint8_t listeners; /* beyond this number none was ever open */
	uint8_t reports; /* listeners of that protocol */
	bool root_ticked; /* in this pass: its time is that of the pass */
	bool root_changed; /* in this pass: its deadline is to be set */
	bool accept_limited;
	bool closed_any; /* since accepting was limited */
	bool store_waits; /* it answered AGAIN */
	uint8_t scratch[STS_SCRATCH_SIZE];
};

/* agent: initialised; it belongs to the driver from now on. port must stay
 * valid. */
void sts_driver_init(struct sts_driver *d, struct sts_agent *agent,
    const struct sts_port *port, sts_ms now);

/* The channel number of listener i (0..STS_LISTENERS_MAX-1). */
sts_ch sts_driver_listener(const struct sts_driver *d, unsigned i);

/* The board has opened this listener's channel in its port. */
void sts_listen(struct sts_driver *d, sts_ch ch, enum sts_protocol protocol);

/* Stop accepting; the board closes the listener's channel in its port. */
void sts_unlisten(struct sts_driver *d, sts_ch ch);

/*
 * Serve nodes that are ready, at most `budget` (>= 1), and one operation of the
 * store. At first, while the journal is read, `budget` operations of the store
 * in place of one; questions that the journal may decide wait until it has been
 * read. The call in which reading ends answers none of them, so that the caller
 * may look at the result first. Returns the milliseconds that may be slept; 0: call
 * again at once. now never goes back; wall_s < 0: no wall clock.
 *
 * A call does the WORK of at most one node (STS_WANT_WORK: one signature
 * check), at its end, and only when no node is left to visit or STS_RUN_VISITS
 * were visited since the last WORK; if none was left, the node is visited once
 * more, to send the result. So a client that becomes ready waits for one
 * signature check at most, however many handshakes go on, and a flood of
 * clients does not stop the handshakes.
 *
 * Some systems queue ten reports of deliveries and drop the rest: reports are
 * taken first, every STS_RUN_DRAIN visits, and before each WORK, whether the
 * port has reported them or not.
 */
sts_ms sts_run(
    struct sts_driver *d, sts_ms now, int64_t wall_s, unsigned budget);

/*
 * The board changed something outside sts_run (settings, an ask, drain): the
 * next sts_run looks at the agent.
 */
void sts_driver_wake(struct sts_driver *d);

#endif
