/* SPDX-License-Identifier: MIT */
/*
 * The field of P-256, p = 2^256 - 2^224 + 2^192 + 2^96 - 1, in Montgomery's
 * form with R = 2^260. A number is five limbs of 52 bits with signs, so that
 * sums and differences are taken limb by limb and nothing is carried.
 *
 * Bounds, in magnitudes: a number of magnitude m is less than m * 2^256,
 * without its sign. What is multiplied has limbs below 2^60 and magnitudes
 * whose product is at most 64; then
 *  - a column is at most 5 * 2^120 + 2^105 < 2^123: nothing overflows;
 *  - the product is between -m and m + 1 times 2^256, m being the product of
 *    the two magnitudes over 16 (2^256 * 2^256 / R), plus at most p;
 *  - its limbs are 0 .. 2^52 - 1 but for the highest, which has the sign.
 */
#include "ec_p256.h"

#include <string.h>

#if STS_EC_FAST

enum {
	LIMBS = 5,
	WORDS = 4,
	BITS = 52
};

static const uint64_t mask = (UINT64_C(1) << BITS) - 1;

struct fe {
	int64_t l[LIMBS];
};

#include "ec_p256_table.h"

static inline sts_wide
mul(int64_t a, int64_t b)
{
	return (sts_wide)a * b;
}

/*
 * Make column c[0] a multiple of 2^52 by adding m * p, and carry it. The limbs
 * of p are 2^52 - 1, 2^44 - 1, 0, 2^36, 2^48 - 2^16: what c[0] gets above
 * its own bits and what c[1] is taken, m each, cancel.
 */
static inline void
reduce(sts_wide *c)
{
	int64_t m = (int64_t)((uint64_t)c[0] & mask);

	c[1] += (c[0] >> BITS) + ((sts_wide)m << 44);
	c[3] += (sts_wide)m << 36;
	c[4] += mul(m, (INT64_C(1) << 48) - (1 << 16));
}

/* The five columns that are left, carried. */
static inline void
carry(struct fe *r, sts_wide *c)
{
	c[1] += c[0] >> BITS;
	c[2] += c[1] >> BITS;
	c[3] += c[2] >> BITS;
	r->l[0] = (int64_t)((uint64_t)c[0] & mask);
	r->l[1] = (int64_t)((uint64_t)c[1] & mask);
	r->l[2] = (int64_t)((uint64_t)c[2] & mask);
	r->l[3] = (int64_t)((uint64_t)c[3] & mask);
	r->l[4] = (int64_t)(c[3] >> BITS);
}

/* The product by columns, in Montgomery's form: the lowest column is made zero
 * (reduce) as soon as it is complete, so that five columns are left. */
static void
fe_mul(struct fe *r, const struct fe *x, const struct fe *y)
{
	const int64_t *a = x->l, *b = y->l;
	sts_wide c[2 * LIMBS - 1];

	c[0] = mul(a[0], b[0]);
	c[1] = mul(a[0], b[1]) + mul(a[1], b[0]);
	c[2] = mul(a[0], b[2]) + mul(a[1], b[1]) + mul(a[2], b[0]);
	c[3] = mul(a[0], b[3]) + mul(a[1], b[2]) + mul(a[2], b[1]) +
	       mul(a[3], b[0]);
	c[4] = mul(a[0], b[4]) + mul(a[1], b[3]) + mul(a[2], b[2]) +
	       mul(a[3], b[1]) + mul(a[4], b[0]);
	reduce(c);
	c[5] = mul(a[1], b[4]) + mul(a[2], b[3]) + mul(a[3], b[2]) +
	       mul(a[4], b[1]);
	reduce(c + 1);
	c[6] = mul(a[2], b[4]) + mul(a[3], b[3]) + mul(a[4], b[2]);
	reduce(c + 2);
	c[7] = mul(a[3], b[4]) + mul(a[4], b[3]);
	reduce(c + 3);
	c[8] = mul(a[4], b[4]);
	reduce(c + 4);
	carry(r, c + 5);
}

/* fe_mul of x by itself: products that stand there twice are computed once. */
static void
fe_square(struct fe *r, const struct fe *x)
{
	const int64_t *a = x->l;
	int64_t a0 = 2 * a[0], a1 = 2 * a[1], a2 = 2 * a[2], a3 = 2 * a[3];
	sts_wide c[2 * LIMBS - 1];

	c[0] = mul(a[0], a[0]);
	c[1] = mul(a0, a[1]);
	c[2] = mul(a0, a[2]) + mul(a[1], a[1]);
	c[3] = mul(a0, a[3]) + mul(a1, a[2]);
	c[4] = mul(a0, a[4]) + mul(a1, a[3]) + mul(a[2], a[2]);
	reduce(c);
	c[5] = mul(a1, a[4]) + mul(a2, a[3]);
	reduce(c + 1);
	c[6] = mul(a2, a[4]) + mul(a[3], a[3]);
	reduce(c + 2);
	c[7] = mul(a3, a[4]);
	reduce(c + 3);
	c[8] = mul(a[4], a[4]);
	reduce(c + 4);
	carry(r, c + 5);
}

/* Bring the magnitude from at most 64 to little more than 1, by taking away
 * the multiple of p that the bits above 2^256 say; nothing is carried. */
static inline void
fe_settle(struct fe *r)
{
	int64_t q = r->l[4] >> 48;

	r->l[4] -= q * ((INT64_C(1) << 48) - (1 << 16));
	r->l[3] -= q * (INT64_C(1) << 36);
	r->l[1] -= q * (INT64_C(1) << 44);
	r->l[0] += q;
}

#include "ec_point.h"

const struct sts_ec_curve *
sts_ec_p256(void)
{
	return &numbers;
}

bool
sts_ec_p256_sum_is(const uint8_t q[64], const struct sts_public_scalar *u1,
    const struct sts_public_scalar *u2, const struct sts_public_scalar *r)
{
	return sum_is(q, u1, u2, r);
}

#endif
