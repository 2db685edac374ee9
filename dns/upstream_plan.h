/* SPDX-License-Identifier: MIT */
/*
 * Inside a question put to the name servers: its states, and the steps of its
 * retry plan. Only upstream.c includes this.
 *
 *	          start, or the next try
 *	                  |
 *	PAUSED -----------+--> NEEDS_BUFFER --lend--+
 *	(failed before)   |    (TCP, none lent)     |
 *	                  +--> OPENING <------------+
 *	                          | opened
 *	                       ASKING --sent--> LISTENING
 *	                          |                 | answer, error, time
 *	                          +----> CLOSING <--+
 *	                                    | lost
 *	            the next try, or OVER, or IDLE when stopped
 *
 * Invariants: a channel exists, or is being opened, exactly in OPENING to
 * CLOSING. OVER has a result; a result before OVER waits only for the channel
 * to close. `server` is below the count and not spent while PENDING.
 */
#ifndef STS_DNS_UPSTREAM_PLAN_H
#define STS_DNS_UPSTREAM_PLAN_H

#include "upstream.h"

enum sts_upstream_state {
	STS_UPSTREAM_IDLE = 0, /* not begun, or stopped */
	STS_UPSTREAM_PAUSED, /* the next try waits a little */
	STS_UPSTREAM_NEEDS_BUFFER, /* the next try waits for lend() */
	STS_UPSTREAM_OPENING,
	STS_UPSTREAM_ASKING,
	STS_UPSTREAM_LISTENING,
	STS_UPSTREAM_CLOSING,
	STS_UPSTREAM_OVER
};

/* Whether the channel is there, or is being opened. */
static inline bool
sts_upstream_has_channel(const struct sts_upstream *u)
{
	return u->state >= STS_UPSTREAM_OPENING &&
	       u->state <= STS_UPSTREAM_CLOSING;
}

/* The bit of the server at hand, in the sets of servers. */
unsigned sts_upstream_server_bit(const struct sts_upstream *u);

/* Put the servers in order, and choose the first. There is at least one. */
void sts_upstream_plan_begin(struct sts_upstream *u);

/* How long the state lasts, which is a timed one. */
uint32_t sts_upstream_plan_time_ms(const struct sts_upstream *u);

/* Note why the question may end as UNKNOWN, unless a more informative reason is
 * known. */
void sts_upstream_plan_blame(struct sts_upstream *u, enum sts_why why);

/* There is no channel: enter the state that is due. */
void sts_upstream_plan_settle(struct sts_upstream *u);

/* Done with the channel: close it, or settle if there is none. */
void sts_upstream_plan_leave(struct sts_upstream *u);

/* The question, which is PENDING, has this result. */
void sts_upstream_plan_finish(
    struct sts_upstream *u, enum sts_found found, enum sts_why why);

/* The question ends as UNKNOWN, for the reason that was noted. */
void sts_upstream_plan_give_up(struct sts_upstream *u);

/* This try is over; the same server is asked again, the way that is set. */
void sts_upstream_plan_spend(struct sts_upstream *u);

/* This try is over: ask the next server that may be asked. `quick`: no time has
 * passed, so a server that was asked before gets a pause. */
void sts_upstream_plan_next(struct sts_upstream *u, bool quick);

/* The server answered, but with an error: ask the next one. */
void sts_upstream_plan_erred(struct sts_upstream *u, enum sts_why why);

/* UDP will not do: ask the same server by TCP, unless it was asked so already.
 * One that is known to be silent over TCP, while another may not be, is passed
 * over once. */
void sts_upstream_plan_by_tcp(struct sts_upstream *u);

#endif
