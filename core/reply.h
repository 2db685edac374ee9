/* SPDX-License-Identifier: MIT */
/*
 * An answer in the words of whoever asked. Nothing a stranger published
 * reaches a reply but names that passed sts_policy's grammar, and numbers and
 * words of our own.
 *
 * A reply is a cursor: it can be rendered in pieces of any size, from any
 * offset, so that a slow reader costs no memory. The pinned record makes the
 * bytes the same each time.
 */
#ifndef STS_REPLY_H
#define STS_REPLY_H

#include "answer.h"

/*
 * The payload of a policy record: id length, id, and for each mx its length
 * and the pattern in lower case. sts_payload_mx reads the pattern at *off
 * into out (room for STS_MX_MAX) and moves *off on; 0: no more. Begin with
 * *off = 0, which skips the id.
 */
size_t sts_payload_id(const struct sts_cache *c, sts_ref ref, uint8_t *out);
size_t sts_payload_mx(
    const struct sts_cache *c, sts_ref ref, size_t *off, uint8_t *out);

struct sts_reply {
	const struct sts_cache *cache;
	const struct sts_zones *zones;
	const struct sts_zone *zone;
	struct sts_answer answer;
	/* How much of the TLSRPT attributes fits: decided by sts_reply_init. */
	uint8_t detail;
	uint32_t
	    len; /* of the reply's data, the netstring's wrapping excluded */
};

/*
 * Prepare the socketmap reply for an answer (kind not NONE): decide what fits
 * STS_REPLY_MAX (policy_string attributes go first, then mx_host_pattern, and
 * if match= alone does not fit the answer becomes TEMP) and its length.
 */
void sts_reply_init(struct sts_reply *r, const struct sts_cache *cache,
    const struct sts_zones *zones, const struct sts_zone *zone,
    const struct sts_answer *answer);

/*
 * Render data[off .. off + out.n) of the reply (the netstring's wrapping
 * excluded) into out. Returns the number of bytes, less than out.n only at
 * the end.
 */
size_t sts_reply_render(
    const struct sts_reply *r, size_t off, struct sts_span out);

#endif
