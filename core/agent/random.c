/* SPDX-License-Identifier: MIT */
/* The pool of random bytes. */
#include <string.h>

#include "../base/assert.h"
#include "random.h"

STS_STATIC_ASSERT(STS_RANDOM_POOL >= 2 * STS_RANDOM_VISIT, random_pool_size);

void
sts_random_init(struct sts_random *r)
{
	r->left = 0;
}

struct sts_span
sts_random_room(struct sts_random *r)
{
	return sts_span(r->pool + r->left, sizeof r->pool - r->left);
}

void
sts_random_filled(struct sts_random *r)
{
	r->left = sizeof r->pool;
}

void
sts_random_take(struct sts_random *r, void *out, size_t n)
{
	STS_ASSERT(n <= r->left);
	r->left = (uint16_t)(r->left - n);
	memcpy(out, r->pool + r->left, n);
	sts_wipe(r->pool + r->left, n);
}

uint32_t
sts_random_below(struct sts_random *r, uint32_t below)
{
	uint8_t b[4];

	STS_ASSERT(below > 0);
	sts_random_take(r, b, sizeof b);
	return sts_get32le(b) % below;
}
