/* SPDX-License-Identifier: MIT */
/*
 * Random bytes kept ready: the driver fills the pool from the port, the agent
 * takes from it when it starts an engine. Bytes are used once and wiped.
 */
#ifndef STS_RANDOM_H
#define STS_RANDOM_H

#include "../base/bytes.h"
#include "../base/sts_config.h"

enum {
	STS_RANDOM_VISIT = (STS_DANE ? 240 : 208) + (STS_REPORT ? 48 : 0)
}; /* the most one driver step may take */

struct sts_random {
	/* Private. */
	uint8_t pool[STS_RANDOM_POOL];
	uint16_t left;
};

/* Begin with an empty pool. */
void sts_random_init(struct sts_random *r);

/* Whether less than STS_RANDOM_VISIT bytes are left. */
static inline bool
sts_random_low(const struct sts_random *r)
{
	return r->left < STS_RANDOM_VISIT;
}

/* Whether n bytes may be taken now: for what does not begin in a step of the
 * driver, which has seen to the pool before. */
static inline bool
sts_random_has(const struct sts_random *r, size_t n)
{
	return r->left >= n;
}

/* Where fresh bytes go: fill all of it, then call sts_random_filled. */
struct sts_span sts_random_room(struct sts_random *r);
void sts_random_filled(struct sts_random *r);

/* Take n bytes; there must be so many. */
void sts_random_take(struct sts_random *r, void *out, size_t n);

/* A number 0..below-1, below 1..2^31; biased by less than below / 2^32. */
uint32_t sts_random_below(struct sts_random *r, uint32_t below);

#endif
