/* SPDX-License-Identifier: MIT */
/*
 * The contract between engines and the driver.
 *
 * A leaf engine is one struct with at most one channel. It does no I/O, reads
 * no clock, draws no randomness and calls nobody: the driver calls it. A
 * composite owns leaves (its children), reads their results and holds no
 * channel. Both are nodes of the driver's tree.
 *
 * What an engine wants is a set of bits, computed from its state by wants().
 * The driver serves them in this order: OWNER, CLOSE, DGRAM or STREAM, SEND,
 * WORK, RECV; and asks again after each. Before any other input of the same
 * pass it calls tick(), so that only tick carries time.
 *
 *	leaf without channel:  DGRAM | STREAM | OWNER | nothing
 *	leaf with channel:     SEND, RECV, WORK, CLOSE, OWNER in any mixture
 *	composite:             OWNER | nothing
 */
#ifndef STS_IO_H
#define STS_IO_H

#include "bytes.h"

typedef uint16_t sts_ch; /* a channel, named by the driver */
typedef uint32_t sts_ms; /* monotonic milliseconds; wraps: use sts_before() */

/* Whether a comes before b; right while they are less than 24 days apart. */
static inline bool
sts_before(sts_ms a, sts_ms b)
{
	return (int32_t)(a - b) < 0;
}

/* The earlier of two deadlines. */
static inline sts_ms
sts_earlier(sts_ms a, sts_ms b)
{
	return sts_before(a, b) ? a : b;
}

/* The later of two. A time that lies weeks back would seem to lie ahead, as
 * milliseconds wrap: whoever keeps one replaces it by sts_later(time, now) now
 * and then. */
static inline sts_ms
sts_later(sts_ms a, sts_ms b)
{
	return sts_before(a, b) ? b : a;
}

enum {
	STS_AF_NONE = 0,
	STS_AF_INET,
	STS_AF_INET6,
	STS_AF_LOCAL
};

/* An endpoint. LOCAL: port is the index of a path that the board configured. */
struct sts_addr {
	uint8_t af;
	uint8_t flags; /* 0 */
	uint16_t port;
	uint32_t scope; /* zone of a link-local IPv6 address, else 0 */
	uint8_t ip[16]; /* network order; INET uses the first four */
};

/* Why a channel is gone, or why a call failed. */
enum {
	STS_IO_CLOSED = 0, /* the driver carried out WANT_CLOSE */
	STS_IO_AGAIN = -1,
	STS_IO_EOF = -2, /* the peer will send no more; sending still works */
	STS_IO_RESET = -3,
	STS_IO_REFUSED = -4,
	STS_IO_LIMIT = -5, /* out of descriptors, ports or buffers */
	STS_IO_UNREACHABLE = -6,
	/* For lost alone: a stream was UNREACHABLE at once, so that nothing has
	 * left this machine. */
	STS_IO_NO_ROUTE = -7
};

enum {
	STS_WANT_DGRAM = 1, /* a datagram channel to peer() */
	STS_WANT_STREAM = 2, /* a stream channel to peer() */
	STS_WANT_RECV = 4,
	STS_WANT_SEND = 8,
	STS_WANT_WORK = 16, /* bounded CPU: at most one signature check each */
	STS_WANT_CLOSE = 32, /* answered by lost(STS_IO_CLOSED), open or not */
	STS_WANT_OWNER = 64 /* a result or a question waits for the owner */
};

/*
 * Operations of a node. A leaf leaves child and stirred NULL; a composite
 * leaves everything between peer and work NULL.
 */
struct sts_engine_ops {
	unsigned (*wants)(const void *e);

	/* Leaf: asked while DGRAM or STREAM is wanted. */
	const struct sts_addr *(*peer)(const void *e);
	/* The channel is open (stream: connected). */
	void (*opened)(void *e);
	/*
	 * STS_IO_EOF: half-closed, the channel stays until CLOSE is wanted.
	 * Anything else: the channel is gone, or (while opening) it could not
	 * be opened.
	 */
	void (*lost)(void *e, int why);
	/*
	 * Where to receive. `lent` is driver scratch of at least
	 * STS_SCRATCH_SIZE bytes that lasts until the driver's next call; an
	 * engine offers part of it or its own memory. Pure: may be called
	 * twice. A datagram longer than the span is cut by the port: one
	 * that fills it may be such a one.
	 */
	struct sts_span (*recv_buf)(const void *e, struct sts_span lent);
	/* got.p is what recv_buf gave, 1 <= got.n <= offered. */
	void (*recv_ack)(void *e, struct sts_span got);
	/* What to send, rendered into `lent` or kept by the engine. Pure. */
	struct sts_text (*send_buf)(const void *e, struct sts_span lent);
	/* 1 <= n <= offered; a datagram is sent whole. */
	void (*send_ack)(void *e, size_t n);
	void (*work)(void *e);

	/* wall_s: seconds since 1970, or < 0 when no clock is set. */
	void (*tick)(void *e, sts_ms now, int64_t wall_s);
	/* The next moment tick matters. False: none, *at unchanged. */
	bool (*deadline)(const void *e, sts_ms *at);

	/* Composite: its child number i wants OWNER. Must change that. */
	void (*child)(void *e, unsigned i);
	/*
	 * Composite: a child whose state the composite changed, each named
	 * once, so that the driver serves it; -1: no more.
	 */
	int (*stirred)(void *e);
};

#endif
