/* SPDX-License-Identifier: MIT */
/*
 * The payload of a policy record. The cache keeps it without looking into it,
 * and the journal copies its bytes.
 *
 *	id length (1..32), id,
 *	then for each mx: length (1..255), the pattern in lower case
 *
 * The patterns stand in the order of the policy file. Mode, max_age and the
 * number of patterns are in the record's header (struct sts_entry).
 */
#ifndef STS_PAYLOAD_H
#define STS_PAYLOAD_H

#include "cache.h"
#include "../grammar/record.h"

/*
 * Append the id (1..STS_ID_MAX bytes) to a stage that is still empty, then
 * each pattern (accepted by core/grammar/policy: a lower-case name of at least
 * two labels, maybe after "*."). False: no room, as sts_cache_append.
 */
bool sts_payload_begin(
    struct sts_cache *c, struct sts_stage *s, struct sts_text id);
bool sts_payload_add_mx(
    struct sts_cache *c, struct sts_stage *s, struct sts_text pattern);

/* The id into out (room for STS_ID_MAX); its length. */
size_t sts_payload_id(const struct sts_cache *c, sts_ref ref, uint8_t *out);

/*
 * The patterns in their order, read ahead in blocks:
 *
 *	sts_patterns_start(&it, cache, ref);
 *	while ((pattern = sts_patterns_next(&it)).n > 0) use pattern;
 *
 * A pattern is valid until the next call. The record must stay readable.
 */
enum {
	STS_PATTERNS_AHEAD = 512 /* at least a length octet and 255 */
};
struct sts_patterns {
	/* Private. */
	const struct sts_cache *cache;
	struct sts_cache_cursor from; /* the first octet not read ahead */
	uint32_t off; /* of buf[at] in the payload */
	uint16_t at, have; /* buf[at..have) is read and not yet used */
	uint8_t buf[STS_PATTERNS_AHEAD];
};
void sts_patterns_start(
    struct sts_patterns *it, const struct sts_cache *c, sts_ref ref);
struct sts_text sts_patterns_next(struct sts_patterns *it);

/* Go on at the pattern that was next when it->off had this value. */
void sts_patterns_resume(struct sts_patterns *it, const struct sts_cache *c,
    sts_ref ref, uint32_t off);

/*
 * The same for a caller that keeps no more than an offset: copy the pattern at
 * *off into out (room for STS_MX_MAX), move *off on, and return the pattern's
 * length, or 0 when there are no more. Begin with *off = 0, which skips the id.
 */
size_t sts_payload_mx(
    const struct sts_cache *c, sts_ref ref, size_t *off, uint8_t *out);

#endif
