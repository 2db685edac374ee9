/* SPDX-License-Identifier: MIT */
/*
 * A connection to one of several addresses, in their order (RFC 8305 5): a
 * second attempt begins when the first has not connected within
 * STS_DIAL_STAGGER_MS, so that a dead path costs a moment and not the whole
 * time. Connecting is only half of it: the owner takes the first connection and
 * finds out whether it is of use (a TLS handshake, a greeting). The other
 * attempt stays open meanwhile and keeps its place; it is given up when the
 * taken connection has proved right, and is next if it has not. So no address
 * loses to one that only connects faster.
 *
 * A composite of STS_DIAL_ATTEMPTS attempts, each with at most one channel. It
 * is part of its owner's engine: the owner's leaf number i forwards to the
 * functions that take i, but for the attempt that is taken, which is the
 * owner's to serve; tick, deadline and stirred are the owner's own.
 *
 *	sts_dial_start(&d, addr, count, connect_ms, now);
 *	in child(i), when the leaf i wants its owner:
 *		sts_dial_child(&d, i);
 *		if (sts_dial_taken(&d) < 0 && (i = sts_dial_take(&d)) >= 0)
 *			... begin with the connection i ...
 *		else if (sts_dial_over(&d))
 *			... nothing is left: sts_dial_why(&d) ...
 *	the connection in hand is of no use:  sts_dial_refuse(&d, why);
 *	it is the one:                        sts_dial_won(&d);
 *	it is over, for good or bad:          sts_dial_stop(&d);
 */
#ifndef STS_DIAL_H
#define STS_DIAL_H

#include "../base/assert.h"
#include "../base/io.h"
#include "../base/sts_config.h"
#include "../base/why.h"

enum {
	STS_DIAL_ATTEMPTS = 2, /* at once */
	STS_DIAL_STAGGER_MS = 250, /* before the second one begins */
	STS_DIAL_ADDRS_MAX = 32 /* addresses: a bit each */
};

/* An attempt. Private. */
struct sts_dial_attempt {
	uint8_t state;
	uint8_t addr; /* its number */
	bool blamed; /* the reason of its end is known, or does not matter */
	int lost; /* why the channel is gone */
	sts_ms until; /* to be connected */
};

struct sts_dial {
	/* Private. */
	const struct sts_addr *addr;
	uint32_t todo, again; /* a bit an address */
	uint32_t connect_ms;
	sts_ms now, next_at;
	uint8_t taken, stir, why;
	bool ended; /* nothing more is dialled */
	bool scarce; /* there was no channel for a second attempt */
	struct sts_dial_attempt attempt[STS_DIAL_ATTEMPTS];
};

/* Once: no attempt is open. */
void sts_dial_init(struct sts_dial *d);

/*
 * Begin. Every channel of an earlier use is closed (sts_dial_closed).
 *
 * addr        1 <= count <= STS_DIAL_ADDRS_MAX of them, in order of preference;
 *             borrowed, unchanged, until it is over and closed
 * connect_ms  for one connection to be made
 */
void sts_dial_start(struct sts_dial *d, const struct sts_addr *addr,
    unsigned count, uint32_t connect_ms, sts_ms now);

/* The operations of leaf i (core/base/io.h), unless it is the one taken. wants:
 * an attempt that waits for its turn has a channel and wants nothing. */
unsigned sts_dial_wants(const struct sts_dial *d, unsigned i);
const struct sts_addr *sts_dial_peer(const struct sts_dial *d, unsigned i);
void sts_dial_opened(struct sts_dial *d, unsigned i);
/* For the taken attempt, to be called after sts_dial_refuse or
 * sts_dial_stop. */
void sts_dial_lost(struct sts_dial *d, unsigned i, int why);

/* To be called by the owner's operations of the same names. */
void sts_dial_tick(struct sts_dial *d, sts_ms now);
bool sts_dial_deadline(const struct sts_dial *d, sts_ms *at);
void sts_dial_child(struct sts_dial *d, unsigned i);
int sts_dial_stirred(struct sts_dial *d);

/* The connection in hand, or -1. */
int sts_dial_taken(const struct sts_dial *d);

/* Take the connection that was made first; none may be in hand. Returns its
 * number and stirs it, or -1: there is none. */
int sts_dial_take(struct sts_dial *d);

/* Of the first `count` addresses, how many were begun with at `then` or before;
 * also when it is over. */
unsigned sts_dial_begun(const struct sts_dial *d, unsigned count, sts_ms then);

/* Whether attempt i is being connected. */
bool sts_dial_connects(const struct sts_dial *d, unsigned i);

/* The address of an attempt that has, or had, a channel: its number. */
unsigned sts_dial_address(const struct sts_dial *d, unsigned i);

/* The connection in hand is of no use, for this reason: close it, and go on
 * with the others that are open, then with the addresses left. */
void sts_dial_refuse(struct sts_dial *d, enum sts_why why);

/* The connection in hand is the right one: close the others. */
void sts_dial_won(struct sts_dial *d);

/* Close all. May be called at any time, and twice. */
void sts_dial_stop(struct sts_dial *d);

/* Whether nothing is in hand, open or left to be tried. */
bool sts_dial_over(const struct sts_dial *d);

/*
 * Why the last attempt failed, by itself or by sts_dial_refuse. If an address
 * could not be tried because we were short of channels, it is STS_WHY_BUSY
 * whatever became of the others, since that says nothing about the host. It is
 * STS_WHY_CONNECT_NO_ROUTE if this machine has a route to none of them.
 */
enum sts_why sts_dial_why(const struct sts_dial *d);

/* Whether no channel is open any more. */
bool sts_dial_closed(const struct sts_dial *d);

#endif
