/* SPDX-License-Identifier: MIT */
/* Names with the same hash. Without the key an attacker cannot find any. */
#ifndef STS_COLLIDE_H
#define STS_COLLIDE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/siphash.h"
#include "unit.h"

enum {
	COLLIDE_NAME = 256,
	COLLIDE_CANDIDATES = 400000 /* 18 pairs among them share 32 bits */
};

struct collide_hashed {
	uint32_t hash;
	unsigned i;
};

static inline int
collide_order(const void *a, const void *b)
{
	const struct collide_hashed *x = a, *y = b;

	return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : 0;
}

/* The name is `before`, a number of six digits, `after`. */
static inline void
collide_name(
    char out[COLLIDE_NAME], const char *before, unsigned i, const char *after)
{
	snprintf(out, COLLIDE_NAME, "%s%06u%s", before, i, after);
}

/* Find two such names whose hashes share 32 bits, from bit `shift` (0 or 32)
 * on. */
static inline void
collide(const uint8_t with[STS_SIPHASH_KEY], unsigned shift, const char *before,
    const char *after, char first[COLLIDE_NAME], char second[COLLIDE_NAME])
{
	static struct collide_hashed all[COLLIDE_CANDIDATES];

	for (unsigned i = 0; i < COLLIDE_CANDIDATES; i++) {
		collide_name(first, before, i, after);
		all[i].hash =
		    (uint32_t)(sts_siphash(with, unit_span(first)) >> shift);
		all[i].i = i;
	}
	qsort(all, COLLIDE_CANDIDATES, sizeof *all, collide_order);
	for (unsigned i = 1; i < COLLIDE_CANDIDATES; i++) {
		if (all[i].hash == all[i - 1].hash) {
			collide_name(first, before, all[i].i, after);
			collide_name(second, before, all[i - 1].i, after);
			return;
		}
	}
	ck_abort_msg("no two names collide");
}

#endif
