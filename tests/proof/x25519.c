/* SPDX-License-Identifier: MIT */
/*
 * The field of X25519: no column and no limb overflows, products are tight, and
 * each step of the ladder multiplies only loose numbers, in the words of the
 * head of x25519.c. The values themselves are compared with Python's integers
 * (tests/signature/field_x25519.py).
 *
 * @link core/base/bytes.c
 */
#include "prove.h"

#include "../../tls/x25519.c"

sts_uwide any_product(uint64_t a, uint64_t b);
void any_mul(struct fe *r, const struct fe *x, const struct fe *y);
void any_square(struct fe *r, const struct fe *x);
void any_times(struct fe *r, const struct fe *x, uint64_t n);
void any_squares(struct fe *r, const struct fe *x, int n, const struct fe *y);
sts_uwide nondet_uwide(void);

#define LOOSE (UINT64_C(1) << 54)
#define TIGHT ((UINT64_C(1) << 51) + (UINT64_C(1) << 13))

static bool
less(const struct fe *a, uint64_t limit)
{
	return a->l[0] < limit && a->l[1] < limit && a->l[2] < limit &&
	       a->l[3] < limit && a->l[4] < limit;
}

static struct fe
any_fe(uint64_t limit)
{
	struct fe a;

	a.l[0] = nondet_u64();
	a.l[1] = nondet_u64();
	a.l[2] = nondet_u64();
	a.l[3] = nondet_u64();
	a.l[4] = nondet_u64();
	ASSUME(less(&a, limit));
	return a;
}

/* What multiplication promises, since solvers do not multiply. Squaring doubles
 * one factor; the other may be 19 times a limb. */
sts_uwide
any_product(uint64_t a, uint64_t b)
{
	sts_uwide limit = (sts_uwide)1 << 108, r = nondet_uwide();

	PROVE(a < 2 * LOOSE);
	PROVE(b < 19 * LOOSE);
	if (a >= LOOSE) {
		limit *= 2;
	}
	if (b >= LOOSE) {
		limit *= 19;
	}
	ASSUME(r < limit);
	return r;
}

/*
 * @bound any loose numbers
 * @cut mul any_product
 */
void
prove_x25519_mul(void)
{
	struct fe a = any_fe(LOOSE), b = any_fe(LOOSE), r;

	fe_mul(&r, &a, &b);
	PROVE(less(&r, TIGHT));
}

/*
 * @bound any loose number
 * @cut mul any_product
 */
void
prove_x25519_square(void)
{
	struct fe a = any_fe(LOOSE), r;

	fe_square(&r, &a);
	PROVE(less(&r, TIGHT));
}

/*
 * @bound any loose number; the small one is less than 2^17, as all callers' are
 * @cut mul any_product
 */
void
prove_x25519_times(void)
{
	struct fe a = any_fe(LOOSE), r;

	fe_times(&r, &a, A24);
	PROVE(less(&r, TIGHT));
}

/* What these functions promise, by the proofs above. */
void
any_mul(struct fe *r, const struct fe *x, const struct fe *y)
{
	PROVE(less(x, LOOSE));
	PROVE(less(y, LOOSE));
	*r = any_fe(TIGHT);
}

void
any_square(struct fe *r, const struct fe *x)
{
	PROVE(less(x, LOOSE));
	*r = any_fe(TIGHT);
}

void
any_times(struct fe *r, const struct fe *x, uint64_t n)
{
	PROVE(less(x, LOOSE));
	PROVE(n < UINT64_C(1) << 17);
	*r = any_fe(TIGHT);
}

/*
 * @bound any two numbers
 * @loop swap.0 6: limbs
 * @loop prove_x25519_swap.0 6: limbs
 * @allow unsigned-overflow: 0 - 1 is all ones
 */
void
prove_x25519_swap(void)
{
	struct fe a = any_fe(UINT64_MAX), b = any_fe(UINT64_MAX);
	struct fe was_a = a, was_b = b;
	bool bit = nondet_bool();

	swap(&a, &b, bit);
	for (int i = 0; i < LIMBS; i++) {
		PROVE(a.l[i] == (bit ? was_b.l[i] : was_a.l[i]));
		PROVE(b.l[i] == (bit ? was_a.l[i] : was_b.l[i]));
	}
}

/*
 * @bound a step from any two points in tight numbers leaves tight numbers. So
 * do all steps, since a swap changes no number
 * @cut fe_mul any_mul
 * @cut fe_square any_square
 * @cut fe_times any_times
 */
void
prove_x25519_step(void)
{
	struct ladder s;

	s.x2 = any_fe(TIGHT);
	s.z2 = any_fe(TIGHT);
	s.x3 = any_fe(TIGHT);
	s.z3 = any_fe(TIGHT);
	step(&s);
	PROVE(less(&s.x2, TIGHT));
	PROVE(less(&s.z2, TIGHT));
	PROVE(less(&s.x3, TIGHT));
	PROVE(less(&s.z3, TIGHT));
}

/* A loop of squares and a product, where each square is like the first. */
void
any_squares(struct fe *r, const struct fe *x, int n, const struct fe *y)
{
	PROVE(n > 0);
	any_mul(r, x, y);
}

/*
 * @bound the inverse of any tight number is tight, and so are all intermediate
 * numbers
 * @cut fe_squares any_squares
 * @cut fe_mul any_mul
 * @cut fe_square any_square
 */
void
prove_x25519_invert(void)
{
	struct fe a = any_fe(TIGHT), b, c, d;

	fe_invert(&a, &b, &c, &d);
	PROVE(less(&a, TIGHT));
}

/*
 * @bound any 32 octets, all of which are read; and any tight number: the 32
 * octets written are less than p
 * @loop fe_write.0 6: limbs
 * @loop fe_write.1 6: limbs
 * @loop fe_write.2 5: words
 * @allow conversion: the code wants only the low half of a word
 */
void
prove_x25519_bytes(void)
{
	uint8_t *in = any_bytes(STS_X25519_BYTES);
	uint8_t *out = any_bytes(STS_X25519_BYTES);
	struct fe a = any_fe(TIGHT), b;

	fe_read(&b, in);
	PROVE(less(&b, UINT64_C(1) << BITS));
	fe_write(out, &a);
	fe_read(&b, out);
	PROVE(out[31] < 128);
	PROVE(b.l[0] < mask - 18 || b.l[1] < mask || b.l[2] < mask ||
	      b.l[3] < mask || b.l[4] < mask);
}
