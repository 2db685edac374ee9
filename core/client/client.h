/* SPDX-License-Identifier: MIT */
/*
 * One client: a leaf engine on an accepted stream. It finds requests in 512
 * bytes of input, raises OWNER for each, and sends the answer the agent gives.
 * By socketmap pipelined requests are answered in order, and those that came
 * together are answered by one send; by the text protocol (core/client/line.h)
 * there is one request, and the channel is closed after its answer.
 *
 * The agent (owner) loops:
 *	STS_CLIENT_ASKS     c->ask.key is the key, sts_client_name the map name:
 *	                    set c->ask.zone and decide; either fill
 *	                    c->ask.answer at once or set c->ask.waits and
 *	                    .deadline; then sts_client_taken(c)
 *	STS_CLIENT_DUE      ask.deadline has passed without an answer: decide
 *	                    again; then sts_client_taken(c)
 *	STS_CLIENT_RELEASE  the reply is out: unpin its record; then
 *	                    sts_client_released(c)
 *	STS_CLIENT_SENT     so are replies that were put by: unpin each record
 *	                    that sts_client_sent gives, until it gives no more
 *	STS_CLIENT_GONE     the peer is gone, maybe with a question or a reply
 *	                    under way: forget the ask, unpin (sts_client_sent
 *	                    too), note c->why; then sts_client_released(c),
 *	                    after which the slot is free
 * When an answer comes later, the agent fills ask.answer, clears ask.waits,
 * calls sts_client_taken(c), and names this node among its children whose
 * state has changed.
 *
 * Junk closes only this client, after the requests before it were answered. A
 * half-closed client gets its answers before it is closed. A request too long
 * for the input is skipped and answered without asking the agent: not found, or
 * "cannot tell" (key-unmapped) if it is not all ASCII. A client is closed when
 * it reads nothing for STS_CLIENT_STALL_MS while a reply waits, and when it
 * sends nothing, or leaves a request half-written, for STS_CLIENT_IDLE_MS
 * (longer than Postfix keeps a connection). It is closed sooner when another
 * client waits for a place (sts_client_yield).
 *
 *	        open
 *	          |
 *	          v     a whole request        taken, waits
 *	  +--> READING ----------------> ASKS ------------> WAITS --+ deadline:
 *	  |       |                        |                  |     | DUE, taken
 *	  |       | too long               | taken,           | <---+
 *	  |       v                        | answer    taken, |
 *	  |    SKIPS --- comma --------+   |           answer |
 *	  |                            v   v                  |
 *	  +<--------------------------- SENDS <---------------+
 *	  |  (reply to a skipped one)    |
 *	  |                              v  last byte taken
 *	  +<------- released --------- SENT
 *
 * Most answers are put by instead of SENDS: the state is READING again, and the
 * next request, if it is there, is asked before anything is sent. What was put
 * by is sent in any state but GONE, before the reply of SENDS, and nothing is
 * received until it is out.
 *
 * READING, SKIPS, SENDS go to CLOSES (junk, stall, idle, no more input), SENT
 * too by the text protocol; any state with a channel to GONE when the channel is
 * lost, GONE to FREE.
 */
#ifndef STS_CLIENT_H
#define STS_CLIENT_H

#include "../answer/ask.h"
#include "line.h"
#include "reply.h"
#include "socketmap.h"

enum {
	STS_CLIENT_STALL_MS = 5000,
	STS_CLIENT_YIELD_MS = 250, /* idle so long, it may yield its place */
	STS_CLIENT_IDLE_MS = 600000,
	/* Questions that the agent answers in one step, where the driver's
	 * scratch has room for more than one reply. */
	STS_CLIENT_TOGETHER =
	    STS_SCRATCH_SIZE > STS_REPLY_KEPT_MAX + STS_REPLY_HEAD_MAX ? 16 : 1
};

/* What a client speaks, and whether its reports are believed. */
enum sts_client_kind {
	STS_CLIENT_SOCKETMAP = 0,
	STS_CLIENT_TEXT,
	STS_CLIENT_TEXT_REPORTS
};

enum sts_client_need {
	STS_CLIENT_QUIET = 0,
	STS_CLIENT_ASKS,
	STS_CLIENT_DUE,
	STS_CLIENT_RELEASE,
	STS_CLIENT_SENT,
	STS_CLIENT_GONE
};

/* All zero: a free slot. */
struct sts_client {
	struct sts_ask ask;
	uint8_t why; /* enum sts_why: why we closed it, if that is to be
	                logged (client-junk, client-stall); else NONE */
	bool trusted; /* the agent's: what it reports counts */
	/* Private. */
	uint8_t state;
	bool last; /* nothing more is read: half-closed, or draining */
	bool timed; /* since is set; else the next tick sets it */
	bool due; /* WAITS: the deadline has passed */
	bool skipped; /* SENDS: the answer is our own, to a skipped request */
	bool line; /* the text protocol */
	uint8_t verb; /* line: of the request at hand */
	uint8_t by, done; /* replies put by; of these, sent */
	uint16_t by_len; /* octets of those that were put by */
	uint16_t at, in_len; /* in[at..in_len) came and is not dropped */
	uint16_t request_len; /* from `at` on: the request at hand */
	uint16_t name_off, name_len;
	uint16_t host_off, host_len; /* line */
	bool skip_wide; /* what was skipped is not ASCII alone */
	size_t skip_left; /* SKIPS: bytes to come, its comma included */
	size_t sent; /* of the first reply that is not out, with its
	                netstring's wrapping */
	sts_ms now, since; /* the last tick; when the state's time began */
	struct sts_reply reply; /* SENDS; the agent may read reply.cut once an
	                           answer was taken, to count it */
	uint8_t in[STS_CLIENT_INPUT];
};

/* A leaf that begins with its channel: peer, opened and work are NULL. */
extern const struct sts_engine_ops sts_client_ops;

/*
 * Begin: the channel has been accepted. The slot is free. What is private to
 * the agent in c->ask is left as it is.
 */
void sts_client_open(struct sts_client *c, sts_ms now);

/* The same for a client that speaks the text protocol. */
void sts_client_open_line(struct sts_client *c, sts_ms now);

/* What the client needs of the agent next: the list above. */
enum sts_client_need sts_client_needs(const struct sts_client *c);

/* The socketmap name of the request at hand, while one is; any octets. By the
 * text protocol, the zone it names, or "default". */
struct sts_text sts_client_name(const struct sts_client *c);

/*
 * The keys of the request at hand and of the whole ones behind it, as they came,
 * by the socketmap protocol: at most `max` of them into `keys`, which point into
 * the input and are valid until the client is called again. Their number: up to
 * the first request that has no key; 0 too if no request is at hand, or by the
 * text protocol.
 */
unsigned sts_client_keys(
    const struct sts_client *c, struct sts_text *keys, unsigned max);

/* Whether the request at hand is no question but a report by the text protocol,
 * about the domain of c->ask.key; then *text is the text behind the domain. */
bool sts_client_reports(const struct sts_client *c, struct sts_text *text);

/*
 * The agent has dealt with ASKS or DUE, or has put an answer into
 * c->ask.answer. If there is an answer, the reply is prepared from it with
 * cache and zones, which must stay valid until RELEASE; or it is put by, its
 * record with it: then ask.answer is empty again, zones are in no more use, and
 * the next request may be at hand. Ignored when the client is GONE, or about to
 * be.
 */
void sts_client_taken(struct sts_client *c, const struct sts_cache *cache,
    const struct sts_zones *zones);

/*
 * The next of the replies that were put by and are out, or are given up:
 * *ref is the record to unpin (0: none). False: there is no more. Under any
 * need but SENT and GONE there is none.
 */
bool sts_client_sent(struct sts_client *c, sts_ref *ref);

/* The agent has dealt with RELEASE, and the next request follows; or with GONE,
 * and the slot is free. */
void sts_client_released(struct sts_client *c);

/* Stop reading (at SIGTERM): requests that are complete are still answered,
 * then the channel is closed. Harmless on a free slot, and when repeated. */
void sts_client_drain(struct sts_client *c);

/*
 * Another client waits for a place: close this one, if its last whole request
 * is at least STS_CLIENT_YIELD_MS ago. False: it is not, or the client is
 * closing already; nothing has changed.
 */
bool sts_client_yield(struct sts_client *c, sts_ms now);

/* Whether there is a request that has not been fully answered. */
bool sts_client_busy(const struct sts_client *c);

/* The invariants as code, for tests. */
bool sts_client_check(const struct sts_client *c);

#endif
