/* SPDX-License-Identifier: MIT */
/*
 * One socketmap client: a leaf engine on an accepted stream. It finds
 * requests in 512 bytes of input, raises OWNER for each, and sends the answer
 * the agent gives; pipelined requests are answered in order, one at a time.
 *
 * The agent (owner) loops:
 *	STS_CLIENT_ASKS     c->ask.key is the key, sts_client_name the map name:
 *	                    decide; either fill c->ask.answer at once or set
 *	                    c->ask.waits and .deadline; then sts_client_taken(c)
 *	STS_CLIENT_DUE      ask.deadline has passed without an answer: decide
 *	                    again; then sts_client_taken(c)
 *	STS_CLIENT_RELEASE  the reply is out (or will never be): unpin its
 *	                    record; then sts_client_released(c)
 *	STS_CLIENT_GONE     the client left: forget the ask, unpin, and reuse
 *	                    the slot
 * When an answer comes later, fill ask.answer, clear ask.waits and call
 * sts_client_taken(c); the driver is told by the agent's stirred().
 *
 * Junk closes only this client. A half-closed client gets its answers before
 * it is closed. A client that reads nothing for STS_CLIENT_STALL_MS while a
 * reply waits is closed, and one that is idle for STS_CLIENT_IDLE_MS (longer
 * than Postfix keeps one) or leaves a request half-written for so long.
 */
#ifndef STS_SESSION_H
#define STS_SESSION_H

#include "ask.h"
#include "reply.h"
#include "socketmap.h"

enum {
	STS_CLIENT_STALL_MS = 5000,
	STS_CLIENT_IDLE_MS = 600000
};

enum sts_client_need {
	STS_CLIENT_QUIET = 0,
	STS_CLIENT_ASKS,
	STS_CLIENT_DUE,
	STS_CLIENT_RELEASE,
	STS_CLIENT_GONE
};

struct sts_client {
	struct sts_ask ask;
	/* Private. */
	struct sts_reply reply;
	uint8_t state;
	uint8_t why; /* why it was closed, for the log */
	bool open, eof, due;
	uint16_t in_len, name_off, name_len, request_len;
	uint32_t skip_left;
	size_t sent; /* of the netstring-wrapped reply */
	sts_ms now, active, stall;
	uint8_t in[STS_CLIENT_INPUT];
};

extern const struct sts_engine_ops sts_client_ops;

/* Begin: the channel has been accepted. */
void sts_client_open(struct sts_client *c, sts_ms now);

enum sts_client_need sts_client_needs(const struct sts_client *c);

/* The socketmap name of the request at hand. */
struct sts_text sts_client_name(const struct sts_client *c);

/*
 * The agent has seen to ASKS or DUE, or has put an answer into c->ask.answer.
 * With an answer, the reply is prepared from these (zones, cache stay valid).
 */
void sts_client_taken(struct sts_client *c, const struct sts_cache *cache,
    const struct sts_zones *zones);

/* The agent has released what the answer pinned. */
void sts_client_released(struct sts_client *c);

/* Stop taking requests; what is in flight is answered, then CLOSE (SIGTERM). */
void sts_client_drain(struct sts_client *c);

/* Whether a request is at hand that has not been fully answered. */
bool sts_client_busy(const struct sts_client *c);

#endif
