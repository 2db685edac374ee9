/* SPDX-License-Identifier: MIT */
/* A cache with policies in it, for tests of the code that uses them. */
#ifndef STS_HELD_H
#define STS_HELD_H

#include <string.h>

#include "../../core/cache/payload.h"
#include "unit.h"

enum {
	HELD_SIZE = 8 << 20, /* one policy of 64 KB may take 1/64 */
	HELD_NOW_S = 1000
};

static struct sts_cache held;

static inline void
held_start(void)
{
	static uint8_t block[HELD_SIZE];
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 };

	sts_cache_init(&held, block, sizeof block, key);
}

/* Commit a policy with the mx patterns pattern(0) to pattern(count - 1). The
 * record is pinned, as an answer's is. */
static inline sts_ref
held_policy(const char *domain, enum sts_mode mode, uint32_t max_age_s,
    unsigned count, struct sts_text (*pattern)(unsigned i))
{
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref = 0;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = (uint8_t)mode;
	e.mx_count = (uint16_t)count;
	e.max_age_s = max_age_s;
	e.fetched_s = HELD_NOW_S;
	ck_assert(sts_cache_stage(&held, &s, unit_span(domain)));
	ck_assert(sts_payload_begin(&held, &s, unit_span("id1")));
	for (unsigned i = 0; i < count; i++) {
		ck_assert(sts_payload_add_mx(&held, &s, pattern(i)));
	}
	unit_int(domain,
	    sts_cache_commit(&held, &s, &e, sts_now(HELD_NOW_S, true), &ref),
	    STS_ADMITTED);
	ck_assert_uint_ne(ref, 0);
	sts_cache_pin(&held, ref);
	return ref;
}

#endif
