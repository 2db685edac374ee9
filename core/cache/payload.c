/* SPDX-License-Identifier: MIT */
/* The payload codec of policy records. */
#include <string.h>

#include "../base/assert.h"
#include "payload.h"

STS_STATIC_ASSERT(STS_PATTERNS_AHEAD >= 1 + STS_MX_MAX, ahead_holds_a_pattern);
STS_STATIC_ASSERT(STS_MX_MAX <= 255, pattern_length_is_an_octet);

/* Append a length octet and t. */
static bool
append_counted(struct sts_cache *c, struct sts_stage *s, struct sts_text t)
{
	uint8_t len = (uint8_t)t.n;

	return sts_cache_append(c, s, &len, 1) &&
	       sts_cache_append(c, s, t.p, t.n);
}

/* Whether n unused octets are at hand, after reading ahead if need be. */
static bool
at_hand(struct sts_patterns *it, size_t n)
{
	size_t left = (size_t)(it->have - it->at);

	STS_ASSERT(n <= sizeof it->buf);
	if (left < n) {
		memmove(it->buf, it->buf + it->at, left);
		left += sts_cache_read_on(it->cache, &it->from, it->buf + left,
		    sizeof it->buf - left);
		it->at = 0;
		it->have = (uint16_t)left;
	}
	return left >= n;
}

bool
sts_payload_begin(struct sts_cache *c, struct sts_stage *s, struct sts_text id)
{
	STS_ASSERT(id.n >= 1);
	STS_ASSERT(id.n <= STS_ID_MAX);
	return append_counted(c, s, id);
}

bool
sts_payload_add_mx(
    struct sts_cache *c, struct sts_stage *s, struct sts_text pattern)
{
	STS_ASSERT(pattern.n >= 1);
	STS_ASSERT(pattern.n <= STS_MX_MAX);
	return append_counted(c, s, pattern);
}

size_t
sts_payload_id(const struct sts_cache *c, sts_ref ref, uint8_t *out)
{
	uint8_t len;

	if (sts_cache_read(c, ref, 0, &len, 1) == 0) {
		return 0;
	}
	STS_ASSERT(len <= STS_ID_MAX);
	return sts_cache_read(c, ref, 1, out, len);
}

void
sts_patterns_resume(struct sts_patterns *it, const struct sts_cache *c,
    sts_ref ref, uint32_t off)
{
	it->cache = c;
	it->from = sts_cache_seek(c, ref, off);
	it->off = off;
	it->at = it->have = 0;
}

/* The next text behind its length: the id, or a pattern. */
static struct sts_text
next_counted(struct sts_patterns *it)
{
	struct sts_text t = { NULL, 0 };

	if (at_hand(it, 1)) {
		size_t len = it->buf[it->at];
		bool whole = at_hand(it, 1 + len);

		STS_ASSERT(len > 0);
		STS_ASSERT(whole);
		t = sts_text(it->buf + it->at + 1, len);
		it->at = (uint16_t)(it->at + 1 + len);
		it->off += (uint32_t)(1 + len);
	}
	return t;
}

void
sts_patterns_start(
    struct sts_patterns *it, const struct sts_cache *c, sts_ref ref)
{
	sts_patterns_resume(it, c, ref, 0);
	(void)next_counted(it); /* the id */
}

struct sts_text
sts_patterns_next(struct sts_patterns *it)
{
	return next_counted(it);
}

size_t
sts_payload_mx(
    const struct sts_cache *c, sts_ref ref, size_t *off, uint8_t *out)
{
	struct sts_patterns it;
	struct sts_text pattern;

	if (*off == 0) {
		sts_patterns_start(&it, c, ref);
	} else {
		sts_patterns_resume(&it, c, ref, (uint32_t)*off);
	}
	pattern = sts_patterns_next(&it);
	*off = it.off;
	if (pattern.n > 0) {
		memcpy(out, pattern.p, pattern.n);
	}
	return pattern.n;
}
