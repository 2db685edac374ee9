/* SPDX-License-Identifier: MIT */
/*
 * Products of two 64-bit numbers, for the arithmetic that STS_EC_FAST takes
 * in. Everything computed with the functions is public: nothing here takes care
 * that time or memory accesses are the same for all values. x25519.c, whose
 * numbers are secret, takes the types alone.
 *
 * The one thing beyond C99 is the type of 128 bits, and that a right shift of
 * a negative one rounds down, as all compilers that have it do.
 */
#ifndef STS_EC_WIDE_H
#define STS_EC_WIDE_H

#include "../core/base/assert.h"
#include "../core/base/bytes.h"

#if STS_EC_FAST

__extension__ typedef __int128 sts_wide;
__extension__ typedef unsigned __int128 sts_uwide;

STS_STATIC_ASSERT((sts_wide)-3 >> 1 == -2, wide_shift_rounds_down);

/* a * b + c + *carry, which no values make overflow: its low word, and the
 * high one in *carry. */
static inline uint64_t
sts_wide_mac(uint64_t a, uint64_t b, uint64_t c, uint64_t *carry)
{
	sts_uwide t = (sts_uwide)a * b + c + *carry;

	*carry = (uint64_t)(t >> 64);
	return (uint64_t)t;
}

/* a + b + *carry (0 or 1), and a - b - *borrow (0 or 1). */
static inline uint64_t
sts_wide_add(uint64_t a, uint64_t b, uint64_t *carry)
{
	sts_uwide t = (sts_uwide)a + b + *carry;

	*carry = (uint64_t)(t >> 64);
	return (uint64_t)t;
}

static inline uint64_t
sts_wide_sub(uint64_t a, uint64_t b, uint64_t *borrow)
{
	sts_uwide t = (sts_uwide)a - b - *borrow;

	*borrow = (uint64_t)(t >> 64) & 1;
	return (uint64_t)t;
}

#endif
#endif
