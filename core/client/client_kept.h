/* SPDX-License-Identifier: MIT */
/*
 * Replies that a client has put by, so that requests that came together are
 * answered together. A reply that is short is put by in a few octets, in the
 * place of its request, which is at least as long: in[0..by * STS_CLIENT_KEPT)
 * are `by` such replies, of which `done` are sent. So a client costs the same
 * whatever it sends, and a send that is taken in part, or not at all, loses
 * nothing: what is put by stays until it is out, with its record pinned.
 *
 * Invariants: by * STS_CLIENT_KEPT <= at, done <= by; `sent` octets of reply
 * `done` are out while one is owed.
 */
#ifndef STS_CLIENT_KEPT_H
#define STS_CLIENT_KEPT_H

#include <string.h>

#include "client.h"

enum {
	STS_CLIENT_KEPT = sizeof(struct sts_reply_kept),
	/* So much is to be sent before the next request is asked: the last
	 * reply then still fits the driver's scratch. 0: each goes out
	 * alone. */
	STS_CLIENT_KEPT_REST =
	    STS_SCRATCH_SIZE - STS_REPLY_KEPT_MAX - STS_REPLY_HEAD_MAX,
	STS_CLIENT_KEPT_MAX =
	    STS_CLIENT_KEPT_REST > 0 ? STS_CLIENT_KEPT_REST : 0
};

/* Whether replies are put by that are not out. */
static inline bool
sts_client_kept_owes(const struct sts_client *c)
{
	return STS_CLIENT_KEPT_MAX > 0 && c->done < c->by;
}

/* Whether the replies that were put by are out, and their records pinned. */
static inline bool
sts_client_kept_all_sent(const struct sts_client *c)
{
	return STS_CLIENT_KEPT_MAX > 0 && c->by > 0 && c->done == c->by;
}

/* Whether the next request has to wait until what is put by is out. */
static inline bool
sts_client_kept_is_full(const struct sts_client *c)
{
	return sts_client_kept_owes(c) && c->by_len > STS_CLIENT_KEPT_MAX;
}

/* Whether the request at hand is as long as what is put by of its reply. */
static inline bool
sts_client_kept_may(const struct sts_client *c)
{
	return STS_CLIENT_KEPT_MAX > 0 && !c->line &&
	       (size_t)c->at + c->request_len >=
		   (size_t)(c->by + 1U) * STS_CLIENT_KEPT;
}

/* Put a reply by in the place of its request, which may be. */
static inline void
sts_client_kept_put(struct sts_client *c, const struct sts_reply_kept *kept)
{
	memcpy(c->in + (size_t)c->by * STS_CLIENT_KEPT, kept, sizeof *kept);
	c->by++;
	c->by_len = (uint16_t)(c->by_len + sts_reply_total(kept->len));
}

/* Render what is owed, as far as it fits: how many octets that are. */
size_t sts_client_kept_render(const struct sts_client *c, struct sts_span out);

/* Of n octets that were sent, those beyond what was put by. */
size_t sts_client_kept_ack(struct sts_client *c, size_t n);

/* All are sent: take the last one out. Returns the record that it pinned. */
sts_ref sts_client_kept_take(struct sts_client *c);

#endif
