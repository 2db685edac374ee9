/* SPDX-License-Identifier: MIT */
/*
 * The field of P-384, p = 2^384 - 2^128 - 2^96 + 2^32 - 1, in Montgomery's
 * form with R = 2^392. A number is seven limbs of 56 bits with signs, so that
 * sums and differences are taken limb by limb and nothing is carried.
 *
 * Bounds, in magnitudes: a number of magnitude m is less than m * 2^384,
 * without its sign. What is multiplied has limbs below 2^60 and magnitudes
 * whose product is at most 128; then
 *  - a column is at most 7 * 2^120 + 2^106 < 2^123: nothing overflows;
 *  - the product is between -m and m + 1 times 2^384, m being the product of
 *    the two magnitudes over 256 (2^384 * 2^384 / R), plus at most p;
 *  - its limbs are 0 .. 2^56 - 1 but for the highest, which has the sign.
 * Here sums of four products are still small enough, so that nothing needs to
 * be settled: X and Y of a point have magnitudes below 5.
 */
#include "ec_p384.h"

#include <string.h>

#if STS_EC_FAST

enum {
	LIMBS = 7,
	WORDS = 6,
	BITS = 56
};

static const uint64_t mask = (UINT64_C(1) << BITS) - 1;

struct fe {
	int64_t l[LIMBS];
};

#include "ec_p384_table.h"

static inline sts_wide
mul(int64_t a, int64_t b)
{
	return (sts_wide)a * b;
}

/*
 * Make column c[0] a multiple of 2^56 by adding m * p, and carry it. As
 * (2^32 - 1)(2^32 + 1) = -1 modulo 2^56, m is c[0] * (2^32 + 1). 2^96 is bit
 * 40 of column 1, 2^128 bit 16 of column 2, 2^384 bit 48 of column 6.
 */
static inline void
reduce(sts_wide *c)
{
	uint64_t low = (uint64_t)c[0];
	sts_wide m = (sts_wide)((low + (low << 32)) & mask);

	c[1] += ((c[0] + (m << 32) - m) >> BITS) - (m << 40);
	c[2] -= m << 16;
	c[6] += m << 48;
}

/* The seven columns that are left, carried; the last is only a carry. */
static inline void
carry(struct fe *r, sts_wide *c)
{
	for (int i = 0; i < LIMBS - 2; i++) {
		r->l[i] = (int64_t)((uint64_t)c[i] & mask);
		c[i + 1] += c[i] >> BITS;
	}
	r->l[5] = (int64_t)((uint64_t)c[5] & mask);
	r->l[6] = (int64_t)(c[5] >> BITS);
}

/* The product by columns, in Montgomery's form: the lowest column is made zero
 * (reduce) as soon as it is complete, so that seven columns are left. */
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
	c[5] = mul(a[0], b[5]) + mul(a[1], b[4]) + mul(a[2], b[3]) +
	       mul(a[3], b[2]) + mul(a[4], b[1]) + mul(a[5], b[0]);
	c[6] = mul(a[0], b[6]) + mul(a[1], b[5]) + mul(a[2], b[4]) +
	       mul(a[3], b[3]) + mul(a[4], b[2]) + mul(a[5], b[1]) +
	       mul(a[6], b[0]);
	reduce(c);
	c[7] = mul(a[1], b[6]) + mul(a[2], b[5]) + mul(a[3], b[4]) +
	       mul(a[4], b[3]) + mul(a[5], b[2]) + mul(a[6], b[1]);
	reduce(c + 1);
	c[8] = mul(a[2], b[6]) + mul(a[3], b[5]) + mul(a[4], b[4]) +
	       mul(a[5], b[3]) + mul(a[6], b[2]);
	reduce(c + 2);
	c[9] = mul(a[3], b[6]) + mul(a[4], b[5]) + mul(a[5], b[4]) +
	       mul(a[6], b[3]);
	reduce(c + 3);
	c[10] = mul(a[4], b[6]) + mul(a[5], b[5]) + mul(a[6], b[4]);
	reduce(c + 4);
	c[11] = mul(a[5], b[6]) + mul(a[6], b[5]);
	reduce(c + 5);
	c[12] = mul(a[6], b[6]);
	reduce(c + 6);
	carry(r, c + 7);
}

/* fe_mul(r, x, x), with the products that occur twice computed once. */
static void
fe_square(struct fe *r, const struct fe *x)
{
	const int64_t *a = x->l;
	int64_t a0 = 2 * a[0], a1 = 2 * a[1], a2 = 2 * a[2];
	int64_t a3 = 2 * a[3], a4 = 2 * a[4], a5 = 2 * a[5];
	sts_wide c[2 * LIMBS - 1];

	c[0] = mul(a[0], a[0]);
	c[1] = mul(a0, a[1]);
	c[2] = mul(a0, a[2]) + mul(a[1], a[1]);
	c[3] = mul(a0, a[3]) + mul(a1, a[2]);
	c[4] = mul(a0, a[4]) + mul(a1, a[3]) + mul(a[2], a[2]);
	c[5] = mul(a0, a[5]) + mul(a1, a[4]) + mul(a2, a[3]);
	c[6] = mul(a0, a[6]) + mul(a1, a[5]) + mul(a2, a[4]) + mul(a[3], a[3]);
	reduce(c);
	c[7] = mul(a1, a[6]) + mul(a2, a[5]) + mul(a3, a[4]);
	reduce(c + 1);
	c[8] = mul(a2, a[6]) + mul(a3, a[5]) + mul(a[4], a[4]);
	reduce(c + 2);
	c[9] = mul(a3, a[6]) + mul(a4, a[5]);
	reduce(c + 3);
	c[10] = mul(a4, a[6]) + mul(a[5], a[5]);
	reduce(c + 4);
	c[11] = mul(a5, a[6]);
	reduce(c + 5);
	c[12] = mul(a[6], a[6]);
	reduce(c + 6);
	carry(r, c + 7);
}

static inline void
fe_settle(struct fe *r)
{
	(void)r;
}

#include "ec_point.h"

const struct sts_ec_curve *
sts_ec_p384(void)
{
	return &numbers;
}

bool
sts_ec_p384_sum_is(const uint8_t q[96], const struct sts_public_scalar *u1,
    const struct sts_public_scalar *u2, const struct sts_public_scalar *r)
{
	return sum_is(q, u1, u2, r);
}

#endif
