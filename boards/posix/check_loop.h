/* SPDX-License-Identifier: MIT */
/*
 * A poll(2) loop for the few engines of `mtasts check`: leaves (core/base/io.h)
 * with a socket each. The daemon's driver serves the agent's tree and nothing
 * else; this one serves whatever leaf stands in a place, until one of them
 * wants its owner, and the caller acts.
 *
 *	sts_check_loop_add(&l, place, &ops, engine);
 *	while ((place = sts_check_loop_next(&l)) >= 0)
 *		... read the result, sts_check_loop_drop(&l, place), add others ...
 */
#ifndef STS_CHECK_LOOP_H
#define STS_CHECK_LOOP_H

#include <signal.h>

#include "../../core/base/io.h"

enum {
	STS_CHECK_PLACES = 52,
	/* next() returns that it is time to draw the progress line anew. */
	STS_CHECK_LOOP_IDLE = -2,
	STS_CHECK_LOOP_DONE = -1
};

struct sts_check_place {
	const struct sts_engine_ops *ops; /* NULL: free */
	void *engine;
	int fd; /* -1: no socket */
	bool opening, eof;
	bool no_send, no_recv; /* until poll says otherwise */
};

struct sts_check_loop {
	/* Private. */
	const volatile sig_atomic_t *stop;
	int urandom;
	sts_ms now;
	int64_t wall_s;
	unsigned turn; /* the place that is served first */
	struct sts_check_place place[STS_CHECK_PLACES];
	uint8_t scratch[4096];
};

/* stop: once it is not 0, next() returns DONE. */
void sts_check_loop_init(
    struct sts_check_loop *l, const volatile sig_atomic_t *stop);

/* The place must be free. The engine stays where it is until it is dropped. */
void sts_check_loop_add(struct sts_check_loop *l, unsigned place,
    const struct sts_engine_ops *ops, void *engine);

/* Free a place, closing its socket if there is one. */
void sts_check_loop_drop(struct sts_check_loop *l, unsigned place);

bool sts_check_loop_free(const struct sts_check_loop *l, unsigned place);

/* The time of the last turn. */
sts_ms sts_check_loop_now(const struct sts_check_loop *l);

/* Fresh random octets. False: the system has none. */
bool sts_check_loop_random(struct sts_check_loop *l, uint8_t *out, size_t n);

/* Whether this machine has a way to the address, as far as its own routes say:
 * nothing is sent. */
bool sts_check_loop_routed(const struct sts_addr *peer);

/*
 * Serve all places until one wants its owner: its number. DONE: no place is
 * taken, or `stop`. IDLE: nothing has happened for half a second.
 */
int sts_check_loop_next(struct sts_check_loop *l);

#endif
