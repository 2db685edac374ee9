/* SPDX-License-Identifier: MIT */
/*
 * X25519: the ladder of RFC 7748 5 over the field of p = 2^255 - 19.
 *
 * A number is five limbs of 51 bits, the lowest first, each with room above
 * them, so that a sum or a difference is taken limb by limb and not carried.
 * There are two kinds of numbers, by what their limbs are less than:
 *
 *	tight   2^51 + 2^13    what reading, fe_mul, fe_square, fe_times give
 *	loose   2^54           what these take
 *
 * A sum of two tight numbers is less than 2^52 + 2^14, a difference less than
 * 2^53 (fe_sub): both are loose, and neither is summed again. These are the
 * invariants: the ladder feeds sums and differences to products only, and a
 * product is always tight. tests/proof/x25519.c has them by CBMC, each step of
 * the ladder included, and tests/signature/field_x25519.py the values, beside
 * Python's integers.
 *
 * What may be known of the scalar is nothing (x25519.h): a bit of it is a mask
 * in `swap`, and all loops have constant counts. The products are those of
 * the processor, which takes the same time for all numbers on the machines with
 * 64 bits that this is for.
 */
#include "x25519.h"

#include "ec_wide.h"

#if STS_EC_FAST

enum {
	LIMBS = 5,
	BITS = 51,
	TOP_BIT = 254, /* of a scalar: always set */
	A24 = 121665 /* (486662 - 2) / 4 */
};

static const uint64_t mask = (UINT64_C(1) << BITS) - 1;

struct fe {
	uint64_t l[LIMBS];
};

/* The two points of the ladder, X / Z each, and what a step needs. All of it
 * would give the scalar away, and is wiped as one. */
struct ladder {
	struct fe x2, z2, x3, z3;
	struct fe a, b, c, d;
	struct sts_secret_scalar k;
};

static inline sts_uwide
mul(uint64_t a, uint64_t b)
{
	return (sts_uwide)a * b;
}

/*
 * Five columns, carried: what goes over 2^255 comes in again 19 times. Columns
 * are at most 77, 59, 41, 23 and 5 times 2^108, which is what two loose numbers
 * give (fe_mul). So what is carried out of the first is less than 2^64, out of
 * the last less than 2^60, and 19 times that, with a limb, less than 2^64;
 * which leaves 2^13 for the second limb: tight.
 */
static inline void
carry(struct fe *r, sts_uwide *c)
{
	uint64_t first;

	c[1] += (uint64_t)(c[0] >> BITS);
	c[2] += (uint64_t)(c[1] >> BITS);
	c[3] += (uint64_t)(c[2] >> BITS);
	c[4] += (uint64_t)(c[3] >> BITS);
	first = (uint64_t)(c[0] & mask) + 19 * (uint64_t)(c[4] >> BITS);
	r->l[0] = first & mask;
	r->l[1] = (uint64_t)(c[1] & mask) + (first >> BITS);
	r->l[2] = (uint64_t)(c[2] & mask);
	r->l[3] = (uint64_t)(c[3] & mask);
	r->l[4] = (uint64_t)(c[4] & mask);
}

/* r = x * y; loose, tight. A column is a sum of five products less than 2^108,
 * of which those above 2^255 count 19 times: 1 + 4 * 19 is 77. */
static void
fe_mul(struct fe *r, const struct fe *x, const struct fe *y)
{
	const uint64_t *a = x->l, *b = y->l;
	uint64_t b1 = 19 * b[1], b2 = 19 * b[2], b3 = 19 * b[3], b4 = 19 * b[4];
	sts_uwide c[LIMBS];

	c[0] = mul(a[0], b[0]) + mul(a[1], b4) + mul(a[2], b3) + mul(a[3], b2) +
	       mul(a[4], b1);
	c[1] = mul(a[0], b[1]) + mul(a[1], b[0]) + mul(a[2], b4) +
	       mul(a[3], b3) + mul(a[4], b2);
	c[2] = mul(a[0], b[2]) + mul(a[1], b[1]) + mul(a[2], b[0]) +
	       mul(a[3], b4) + mul(a[4], b3);
	c[3] = mul(a[0], b[3]) + mul(a[1], b[2]) + mul(a[2], b[1]) +
	       mul(a[3], b[0]) + mul(a[4], b4);
	c[4] = mul(a[0], b[4]) + mul(a[1], b[3]) + mul(a[2], b[2]) +
	       mul(a[3], b[1]) + mul(a[4], b[0]);
	carry(r, c);
}

/* r = x * x; loose, tight. The columns are those of fe_mul. */
static void
fe_square(struct fe *r, const struct fe *x)
{
	const uint64_t *a = x->l;
	uint64_t a0 = 2 * a[0], a1 = 2 * a[1], a2 = 2 * a[2];
	uint64_t a3 = 19 * a[3], a4 = 19 * a[4];
	sts_uwide c[LIMBS];

	c[0] = mul(a[0], a[0]) + mul(a1, a4) + mul(a2, a3);
	c[1] = mul(a0, a[1]) + mul(a2, a4) + mul(a[3], a3);
	c[2] = mul(a0, a[2]) + mul(a[1], a[1]) + mul(2 * a[3], a4);
	c[3] = mul(a0, a[3]) + mul(a1, a[2]) + mul(a[4], a4);
	c[4] = mul(a0, a[4]) + mul(a1, a[3]) + mul(a[2], a[2]);
	carry(r, c);
}

/* r = x * n; loose, tight; n is less than 2^17. */
static void
fe_times(struct fe *r, const struct fe *x, uint64_t n)
{
	sts_uwide c[LIMBS];

	c[0] = mul(x->l[0], n);
	c[1] = mul(x->l[1], n);
	c[2] = mul(x->l[2], n);
	c[3] = mul(x->l[3], n);
	c[4] = mul(x->l[4], n);
	carry(r, c);
}

/* r = a + b; tight, loose. */
static inline void
fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	r->l[0] = a->l[0] + b->l[0];
	r->l[1] = a->l[1] + b->l[1];
	r->l[2] = a->l[2] + b->l[2];
	r->l[3] = a->l[3] + b->l[3];
	r->l[4] = a->l[4] + b->l[4];
}

/* r = a - b + 2p; tight, loose: each limb of 2p is more than one of b. */
static inline void
fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
	r->l[0] = a->l[0] + 2 * (mask - 18) - b->l[0];
	r->l[1] = a->l[1] + 2 * mask - b->l[1];
	r->l[2] = a->l[2] + 2 * mask - b->l[2];
	r->l[3] = a->l[3] + 2 * mask - b->l[3];
	r->l[4] = a->l[4] + 2 * mask - b->l[4];
}

/* r = x squared n times, times y. */
static void
fe_squares(struct fe *r, const struct fe *x, int n, const struct fe *y)
{
	struct fe t = *x;

	for (int i = 0; i < n; i++) {
		fe_square(&t, &t);
	}
	fe_mul(r, &t, y);
}

/*
 * *a = 1 / *a, and 0 if it is 0: a to the power of p - 2 = 2^255 - 21. In the
 * comments is the power that a line has; b, c and d are taken for it.
 */
static void
fe_invert(struct fe *a, struct fe *b, struct fe *c, struct fe *d)
{
	fe_square(b, a); /* 2 */
	fe_squares(c, b, 2, a); /* 9 */
	fe_mul(b, b, c); /* 11 */
	fe_squares(c, b, 1, c); /* 2^5 - 1 = 31 */
	fe_squares(c, c, 5, c); /* 2^10 - 1 */
	fe_squares(d, c, 10, c); /* 2^20 - 1 */
	fe_squares(d, d, 20, d); /* 2^40 - 1 */
	fe_squares(c, d, 10, c); /* 2^50 - 1 */
	fe_squares(d, c, 50, c); /* 2^100 - 1 */
	fe_squares(d, d, 100, d); /* 2^200 - 1 */
	fe_squares(c, d, 50, c); /* 2^250 - 1 */
	fe_squares(a, c, 5, b); /* 2^255 - 32 + 11 */
}

static uint64_t
get64le(const uint8_t *p)
{
	return sts_get32le(p) | (uint64_t)sts_get32le(p + 4) << 32;
}

/* From 32 bytes, the highest bit left out: less than 2^255, tight. */
static void
fe_read(struct fe *r, const uint8_t *p)
{
	r->l[0] = get64le(p) & mask;
	r->l[1] = get64le(p + 6) >> 3 & mask; /* from bit 51 on */
	r->l[2] = get64le(p + 12) >> 6 & mask; /* 102 */
	r->l[3] = get64le(p + 19) >> 1 & mask; /* 153 */
	r->l[4] = get64le(p + 24) >> 12 & mask; /* 204 */
}

/*
 * To 32 bytes, less than p; a is tight and so less than 2p. q is 1 if it is not
 * less than p, which is if adding 19 carries out of 2^255; then 19 is added,
 * and what is carried out left away.
 */
static void
fe_write(uint8_t *p, const struct fe *a)
{
	uint64_t l[LIMBS], q = 19, w[4];

	for (int i = 0; i < LIMBS; i++) {
		q = (a->l[i] + q) >> BITS;
	}
	q *= 19;
	for (int i = 0; i < LIMBS; i++) {
		q += a->l[i];
		l[i] = q & mask;
		q >>= BITS;
	}
	w[0] = l[0] | l[1] << 51;
	w[1] = l[1] >> 13 | l[2] << 38;
	w[2] = l[2] >> 26 | l[3] << 25;
	w[3] = l[3] >> 39 | l[4] << 12;
	for (size_t i = 0; i < 4; i++) {
		sts_put32le(p + 8 * i, (uint32_t)w[i]);
		sts_put32le(p + 8 * i + 4, (uint32_t)(w[i] >> 32));
	}
}

/* Swap a and b if bit is 1, and not if it is 0. */
static inline void
swap(struct fe *a, struct fe *b, uint64_t bit)
{
	uint64_t all = 0 - bit;

	for (int i = 0; i < LIMBS; i++) {
		uint64_t t = all & (a->l[i] ^ b->l[i]);

		a->l[i] ^= t;
		b->l[i] ^= t;
	}
}

/* 2 and 3 become 2 + 2 and 2 + 3: RFC 7748 5, whose letters these are; all but
 * the factor of z3, which is the u of their difference. */
static inline void
step(struct ladder *s)
{
	fe_sub(&s->b, &s->x2, &s->z2); /* B */
	fe_add(&s->x2, &s->x2, &s->z2); /* A */
	fe_add(&s->c, &s->x3, &s->z3); /* C */
	fe_sub(&s->d, &s->x3, &s->z3); /* D */
	fe_mul(&s->d, &s->d, &s->x2); /* DA */
	fe_mul(&s->c, &s->c, &s->b); /* CB */
	fe_square(&s->a, &s->x2); /* AA */
	fe_square(&s->b, &s->b); /* BB */
	fe_add(&s->x3, &s->d, &s->c);
	fe_square(&s->x3, &s->x3);
	fe_sub(&s->z3, &s->d, &s->c);
	fe_square(&s->z3, &s->z3);
	fe_mul(&s->x2, &s->a, &s->b);
	fe_sub(&s->c, &s->a, &s->b); /* E */
	fe_times(&s->d, &s->c, A24);
	fe_add(&s->d, &s->d, &s->a); /* AA + a24 * E */
	fe_mul(&s->z2, &s->c, &s->d);
}

/* k times u to out; small is u if that is a small number, and else 0. */
static void
multiply(uint8_t *out, const struct sts_secret_scalar *k, const struct fe *u,
    uint64_t small)
{
	static const struct fe zero = { { 0, 0, 0, 0, 0 } },
			       one = { { 1, 0, 0, 0, 0 } };
	struct ladder s = { one, zero, *u, one, zero, zero, zero, zero, *k };
	uint64_t swapped = 0;

	s.k.bytes[0] &= 248;
	s.k.bytes[31] = (s.k.bytes[31] & 127) | 64;
	for (int i = TOP_BIT; i >= 0; i--) {
		uint64_t bit = s.k.bytes[i / 8] >> i % 8 & 1;

		swap(&s.x2, &s.x3, swapped ^ bit);
		swap(&s.z2, &s.z3, swapped ^ bit);
		swapped = bit;
		step(&s);
		if (small != 0) {
			fe_times(&s.z3, &s.z3, small);
		} else {
			fe_mul(&s.z3, &s.z3, u);
		}
	}
	/* The last bit is 0, so that nothing is left to be swapped. */
	fe_invert(&s.z2, &s.a, &s.b, &s.c);
	fe_mul(&s.x2, &s.x2, &s.z2);
	fe_write(out, &s.x2);
	sts_wipe(&s, sizeof s);
}

void
sts_x25519(uint8_t out[STS_X25519_BYTES], const struct sts_secret_scalar *k,
    const uint8_t u[STS_X25519_BYTES])
{
	struct fe point;

	fe_read(&point, u);
	multiply(out, k, &point, 0);
}

void
sts_x25519_public(
    uint8_t out[STS_X25519_BYTES], const struct sts_secret_scalar *k)
{
	static const struct fe nine = { { 9, 0, 0, 0, 0 } };

	multiply(out, k, &nine, 9);
}

#else

void
sts_x25519(uint8_t out[STS_X25519_BYTES], const struct sts_secret_scalar *k,
    const uint8_t u[STS_X25519_BYTES])
{
	(void)out;
	(void)k;
	(void)u;
	STS_ASSERT(STS_EC_FAST);
}

void
sts_x25519_public(
    uint8_t out[STS_X25519_BYTES], const struct sts_secret_scalar *k)
{
	(void)out;
	(void)k;
	STS_ASSERT(STS_EC_FAST);
}

#endif
