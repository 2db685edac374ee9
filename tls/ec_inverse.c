/* SPDX-License-Identifier: MIT */
/*
 * Division steps (Bernstein and Yang, "Fast constant-time gcd computation and
 * modular inversion", 2019), in variable time. From f = n and g = a, f being
 * odd, a step halves g, or f + g, or takes (g, (g - f) / 2) for (f, g); which,
 * the lowest bits alone say. So 62 steps are done with one word of each, and
 * are then one matrix over 2^62 for the whole numbers:
 *
 *	f' = (u * f + v * g) / 2^62        f' = d' * a modulo n
 *	g' = (q * f + r * g) / 2^62        g' = e' * a modulo n
 *
 * d and e go the same way, with as many n added as make the division exact.
 * When g is 0, f is 1 or -1, as n is prime, and d the inverse or its negative.
 *
 * Numbers are limbs of 62 bits, the highest of which has the sign. Bounds:
 * |u| + |v| and |q| + |r| are at most 2^62 (each step doubles them at most), so
 * |f| and |g| never exceed n, and |d| and |e| grow by n every 62 steps. A
 * column of the sums is below 2^62 * 2^62 + 2^62 * 2^62 + 2^64 < 2^126.
 */
#include "../core/base/assert.h"
#include "ec_scalar.h"

#include <string.h>

#if STS_EC_FAST

enum {
	BITS = 62,
	LIMBS_MAX = 7, /* 434 bits: n of 384, and 18 n */
	/* Theorem 11.2 there: (49 * 384 + 57) / 17 steps are enough. */
	ROUNDS_MAX = 18
};

/* A limb begins in a word of a scalar. */
STS_STATIC_ASSERT((LIMBS_MAX - 1) * BITS / 64 < STS_EC_WORDS_MAX, limbs_fit);

static const uint64_t mask = (UINT64_C(1) << BITS) - 1;

struct number {
	int64_t l[LIMBS_MAX];
};

struct matrix {
	int64_t u, v, q, r;
};

static struct number
from_scalar(const struct sts_public_scalar *a)
{
	struct number x = { { 0 } };

	for (size_t i = 0; i < LIMBS_MAX; i++) {
		size_t at = i * BITS / 64, shift = i * BITS % 64;
		uint64_t w = a->w[at] >> shift;

		if (shift > 64 - BITS && at + 1 < STS_EC_WORDS_MAX) {
			w |= a->w[at + 1] << (64 - shift);
		}
		x.l[i] = (int64_t)(w & mask);
	}
	return x;
}

/* 0 <= x < 2^384 */
static struct sts_public_scalar
to_scalar(const struct number *x)
{
	struct sts_public_scalar a = { { 0 } };

	for (size_t i = 0; i < LIMBS_MAX; i++) {
		size_t at = i * BITS / 64, shift = i * BITS % 64;
		uint64_t w = (uint64_t)x->l[i];

		a.w[at] |= w << shift;
		if (shift > 64 - BITS && at + 1 < STS_EC_WORDS_MAX) {
			a.w[at + 1] |= w >> (64 - shift);
		}
	}
	return a;
}

/* 62 steps with the lowest words of f and g; delta after them. */
static int
steps(struct matrix *m, int delta, uint64_t f, uint64_t g)
{
	struct matrix t = { 1, 0, 0, 1 };

	for (int i = 0; i < BITS; i++) {
		if (g % 2 == 0) {
			delta++;
		} else if (delta > 0) {
			struct matrix s = { t.q, t.r, t.q - t.u, t.r - t.v };
			uint64_t h = g - f;

			t = s;
			f = g;
			g = h;
			delta = 1 - delta;
		} else {
			t.q += t.u;
			t.r += t.v;
			g += f;
			delta++;
		}
		t.u *= 2;
		t.v *= 2;
		g /= 2;
	}
	*m = t;
	return delta;
}

/* (a * x + b * y + k * n) / 2^62, which is a whole number. */
static struct number
combine(int64_t a, const struct number *x, int64_t b, const struct number *y,
    int64_t k, const struct number *n)
{
	sts_wide sum = (sts_wide)a * x->l[0] + (sts_wide)b * y->l[0] +
		       (sts_wide)k * n->l[0];
	struct number z;

	STS_ASSERT(((uint64_t)sum & mask) == 0);
	for (size_t i = 1; i < LIMBS_MAX; i++) {
		sum = (sum >> BITS) + (sts_wide)a * x->l[i] +
		      (sts_wide)b * y->l[i] + (sts_wide)k * n->l[i];
		z.l[i - 1] = (int64_t)((uint64_t)sum & mask);
	}
	z.l[LIMBS_MAX - 1] = (int64_t)(sum >> BITS);
	return z;
}

/* How many n make (a * x + b * y) a multiple of 2^62. */
static int64_t
filling(int64_t a, const struct number *x, int64_t b, const struct number *y,
    uint64_t n_inverse)
{
	uint64_t low =
	    (uint64_t)a * (uint64_t)x->l[0] + (uint64_t)b * (uint64_t)y->l[0];

	return (int64_t)(low * n_inverse & mask);
}

static bool
is_zero(const struct number *x)
{
	int64_t any = 0;

	for (size_t i = 0; i < LIMBS_MAX; i++) {
		any |= x->l[i];
	}
	return any == 0;
}

/* x += k * n, carried. */
static void
add_multiple(struct number *x, const struct number *n, int64_t k)
{
	int64_t carry = 0;

	for (size_t i = 0; i < LIMBS_MAX - 1; i++) {
		int64_t sum = x->l[i] + k * n->l[i] + carry;

		x->l[i] = (int64_t)((uint64_t)sum & mask);
		carry = sum >> BITS;
	}
	x->l[LIMBS_MAX - 1] += k * n->l[LIMBS_MAX - 1] + carry;
}

static bool
is_negative(const struct number *x)
{
	return x->l[LIMBS_MAX - 1] < 0;
}

struct sts_public_scalar
sts_ec_scalar_invert(
    const struct sts_public_scalar *a, const struct sts_ec_curve *c)
{
	const struct number zero = { { 0 } };
	struct number n = from_scalar(&c->n), f = n, g = from_scalar(a);
	struct number d = zero, e = { { 1 } };
	int delta = 1, rounds = 0;

	for (; !is_zero(&g); rounds++) {
		struct number f0 = f, d0 = d;
		struct matrix m;

		STS_ASSERT(rounds < ROUNDS_MAX);
		delta = steps(&m, delta,
		    (uint64_t)f.l[0] | (uint64_t)f.l[1] << BITS,
		    (uint64_t)g.l[0] | (uint64_t)g.l[1] << BITS);
		f = combine(m.u, &f0, m.v, &g, 0, &n);
		g = combine(m.q, &f0, m.r, &g, 0, &n);
		d = combine(m.u, &d0, m.v, &e,
		    filling(m.u, &d0, m.v, &e, c->n_inverse), &n);
		e = combine(m.q, &d0, m.r, &e,
		    filling(m.q, &d0, m.r, &e, c->n_inverse), &n);
	}
	if (is_negative(&f)) {
		d = combine(-(INT64_C(1) << BITS), &d, 0, &zero, 0, &n);
	}
	while (is_negative(&d)) {
		add_multiple(&d, &n, 1);
	}
	while (!is_negative(&d)) {
		add_multiple(&d, &n, -1);
	}
	add_multiple(&d, &n, 1);
	return to_scalar(&d);
}

#endif
