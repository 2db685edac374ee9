/* SPDX-License-Identifier: MIT */
/*
 * A report delivered by HTTPS (RFC 8460 5.3): one POST whose body has a length
 * that is known beforehand and is written by the owner, piece by piece, when
 * there is room for it. The answer is its status and nothing else: 2xx means
 * accepted, no redirect is followed.
 *
 * A composite of the connections of an exchange (https.h). It wants its owner
 * while sts_post_room has room, to write a piece of the body there; and when
 * it is over, to read the result and call sts_post_end.
 */
#ifndef STS_POST_H
#define STS_POST_H

#include "https.h"

enum {
	STS_POST_TOTAL_MS = 60000 /* for all of it */
};

/* What is to be sent, and where. */
struct sts_post_to {
	struct sts_https_to https;
	/* A valid name, lower-case, and what follows it in the URL: visible
	 * ASCII, the first '/' may be missing. Borrowed until sts_post_end. */
	struct sts_text host, path;
	const char *type; /* media type; a constant */
	uint32_t length; /* octets of the body */
};

struct sts_post {
	/* The result, readable when it is over. */
	bool done;
	uint16_t code; /* HTTP status, 0: none came, and then */
	enum sts_why why; /* the reason */
	bool unsent; /* octets of the body that were written have not left */

	/* Private. */
	bool busy;
	bool held; /* the owner has nothing to write for now */
	bool resumed; /* it has again: the connection is to be served */
	uint32_t head_len, head_off; /* of the head; of it, what was sent */
	uint32_t left; /* octets of the body still to be written */
	uint8_t digits; /* of the length, */
	uint8_t length[20]; /* in ASCII */
	sts_ms until;
	struct sts_text host, path;
	const char *type;
	struct sts_https https;
};

extern const struct sts_engine_ops sts_post_ops, sts_post_conn_ops;

/* Once. tls: sts_tls_size() bytes; common: of all sessions. */
void sts_post_init(
    struct sts_post *p, struct sts_tls *tls, struct sts_tls_common *common);

/* Begin; it is not busy. */
void sts_post_begin(
    struct sts_post *p, const struct sts_post_to *to, sts_ms now);

/* The room for the next piece of the body, n octets (0: not now), at most what
 * is left; and how many octets were written there, 1 to n. */
struct sts_span sts_post_room(const struct sts_post *p);
void sts_post_wrote(struct sts_post *p, size_t n);

/* held: the owner has nothing to write for now, and is not wanted for it until
 * it calls this with false; then it stirs the engine. */
void sts_post_hold(struct sts_post *p, bool held);

/* Give up: it is over, with this reason, once the channels are closed. */
void sts_post_stop(struct sts_post *p, enum sts_why why);

/* The result was read. Wipes what the peer sent. */
void sts_post_end(struct sts_post *p);

#endif
