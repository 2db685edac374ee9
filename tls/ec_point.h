/* SPDX-License-Identifier: MIT */
/*
 * Points of a curve y^2 = x^3 - 3x + b of prime order, and u1 * G + u2 * Q in
 * variable time. This is the second half of ec_p256.c and ec_p384.c, compiled
 * for the field of each, which is the first half: struct fe, LIMBS, BITS,
 * WORDS, fe_mul, fe_square, fe_settle and the table of the curve.
 *
 * A point is (X / Z^2, Y / Z^3), or `empty`, the neutral element. Its X and Y
 * are settled, Z is a product. The magnitudes (see the fields) are written
 * behind the lines, for P-256, where they are tighter: settled 1.1, Z 2.
 * A product of magnitudes a and b has a * b / 16 + 1.
 */

enum {
	GENERATOR_WIDTH = 7,
	GENERATOR_COUNT = 1 << (GENERATOR_WIDTH - 2),
	KEY_WIDTH = 5,
	KEY_COUNT = 1 << (KEY_WIDTH - 2)
};

STS_STATIC_ASSERT(
    sizeof generator / sizeof *generator == GENERATOR_COUNT, generator_table);

struct point {
	struct fe x, y, z;
	bool empty;
};

/* A point that is added: with its Z, its square and cube if it has one. */
struct summand {
	struct fe x, y;
	struct fe z, zz, zzz;
};

static inline void
fe_add(struct fe *r, const struct fe *a, const struct fe *b)
{
	for (int i = 0; i < LIMBS; i++) {
		r->l[i] = a->l[i] + b->l[i];
	}
}

static inline void
fe_sub(struct fe *r, const struct fe *a, const struct fe *b)
{
	for (int i = 0; i < LIMBS; i++) {
		r->l[i] = a->l[i] - b->l[i];
	}
}

static inline void
fe_times(struct fe *r, const struct fe *a, int64_t n)
{
	for (int i = 0; i < LIMBS; i++) {
		r->l[i] = a->l[i] * n;
	}
}

/* Words that are less than p, or of the table, into limbs. */
static void
fe_unpack(struct fe *r, const uint64_t *w)
{
	for (int i = 0; i < LIMBS; i++) {
		int at = i * BITS / 64, shift = i * BITS % 64;
		uint64_t v = w[at] >> shift;

		if (shift > 64 - BITS && at + 1 < WORDS) {
			v |= w[at + 1] << (64 - shift);
		}
		r->l[i] = (int64_t)(v & mask);
	}
}

/*
 * Whether a product is 0 modulo p. A product whose factors' magnitudes
 * multiply to less than 15 is more than -p and less than 2p.
 */
static bool
fe_product_is_zero(const struct fe *a)
{
	int64_t zero = 0, prime_or = 0;

	if (a->l[0] != 0 && a->l[0] != prime.l[0]) {
		return false;
	}
	for (int i = 0; i < LIMBS; i++) {
		zero |= a->l[i];
		prime_or |= a->l[i] ^ prime.l[i];
	}
	return zero == 0 || prime_or == 0;
}

static bool
fe_is_zero(const struct fe *a)
{
	struct fe t;

	fe_mul(&t, a, &one);
	return fe_product_is_zero(&t);
}

static void
point_double(struct point *p)
{
	struct fe zz, yy, a, b, t, u;

	if (p->empty) {
		return; /* nothing else doubles to it: the order is odd */
	}
	fe_square(&zz, &p->z); /* 1.3 */
	fe_square(&yy, &p->y); /* 1.1 */
	fe_sub(&t, &p->x, &zz); /* 2.4 */
	fe_add(&u, &p->x, &zz); /* 2.4 */
	fe_times(&t, &t, 3); /* 7.2 */
	fe_mul(&a, &t, &u); /* 3(X - ZZ)(X + ZZ): 2.1 */
	fe_times(&t, &yy, 4); /* 4.4 */
	fe_mul(&b, &p->x, &t); /* 4 X YY: 1.4 */
	fe_times(&t, &p->y, 2); /* 2.2 */
	fe_mul(&p->z, &t, &p->z); /* 2YZ: 1.3 */
	fe_square(&p->x, &a); /* 1.3 */
	fe_times(&t, &b, 2); /* 2.8 */
	fe_sub(&p->x, &p->x, &t); /* 4.1 */
	fe_settle(&p->x);
	fe_sub(&b, &b, &p->x); /* 2.5 */
	fe_mul(&b, &a, &b); /* 1.4 */
	fe_times(&yy, &yy, 2); /* 2.2 */
	fe_square(&t, &yy); /* 1.4 */
	fe_times(&t, &t, 2); /* 8 YY^2: 2.8 */
	fe_sub(&p->y, &b, &t); /* 4.2 */
	fe_settle(&p->y);
}

/* Add a point with the same x, as h = x2 - x1 = 0: it is the same point, or its
 * negative. */
static void
point_add_equal(struct point *p, const struct fe *r)
{
	if (fe_is_zero(r)) {
		point_double(p);
	} else {
		p->empty = true;
	}
}

/* p += q, where q's y is taken as `y`; `affine` if q's Z is 1 and not set. */
static void
point_add(
    struct point *p, const struct summand *q, const struct fe *y, bool affine)
{
	struct fe u1 = p->x, s1 = p->y, h, r, z, t;

	if (p->empty) {
		p->x = q->x;
		p->y = *y;
		p->z = affine ? one : q->z;
		p->empty = false;
		return;
	}
	fe_square(&t, &p->z); /* 1.3 */
	fe_mul(&h, &q->x, &t); /* x2 Z1^2: 1.1 */
	fe_mul(&t, &t, &p->z); /* 1.2 */
	fe_mul(&r, y, &t); /* y2 Z1^3: 1.1 */
	z = p->z;
	if (!affine) {
		fe_mul(&u1, &p->x, &q->zz); /* 1.1 */
		fe_mul(&s1, &p->y, &q->zzz); /* 1.1 */
		fe_mul(&z, &p->z, &q->z); /* 1.3 */
	}
	fe_sub(&h, &h, &u1); /* 2.2 */
	fe_sub(&r, &r, &s1); /* 2.2 */
	fe_mul(&z, &z, &h); /* 1.3 */
	if (fe_product_is_zero(&z)) {
		point_add_equal(p, &r);
		return;
	}
	p->z = z;
	fe_square(&t, &h); /* 1.4 */
	fe_mul(&h, &h, &t); /* H^3: 1.2 */
	fe_mul(&u1, &u1, &t); /* V: 1.1 */
	fe_square(&p->x, &r); /* 1.4 */
	fe_sub(&p->x, &p->x, &h); /* 2.6 */
	fe_times(&t, &u1, 2); /* 2.2 */
	fe_sub(&p->x, &p->x, &t); /* 4.8 */
	fe_settle(&p->x);
	fe_sub(&t, &u1, &p->x); /* 2.2 */
	fe_mul(&t, &r, &t); /* 1.4 */
	fe_mul(&s1, &s1, &h); /* 1.1 */
	fe_sub(&p->y, &t, &s1); /* 2.5 */
	fe_settle(&p->y);
}

/* p += digit * Q, by the odd multiples of Q. */
static void
add_key(struct point *p, const struct summand *odd, int digit)
{
	const struct summand *q = &odd[(digit < 0 ? -digit : digit) / 2];
	struct fe y;

	if (digit != 0) {
		fe_times(&y, &q->y, digit < 0 ? -1 : 1);
		point_add(p, q, &y, false);
	}
}

/* p += digit * G. */
static void
add_generator(struct point *p, int digit)
{
	struct summand q;
	struct fe y;

	if (digit != 0) {
		const uint64_t(*g)[WORDS] =
		    generator[(digit < 0 ? -digit : digit) / 2];

		fe_unpack(&q.x, g[0]);
		fe_unpack(&y, g[1]);
		fe_times(&y, &y, digit < 0 ? -1 : 1);
		point_add(p, &q, &y, true);
	}
}

/* The odd multiples of a point other than the neutral element, none of which
 * is that, as the order of the curve is a large prime. */
static void
multiples(struct summand odd[KEY_COUNT], const struct point *key)
{
	struct summand twice;
	struct point p = *key;

	point_double(&p);
	twice.x = p.x;
	twice.y = p.y;
	twice.z = p.z;
	fe_square(&twice.zz, &p.z);
	fe_mul(&twice.zzz, &twice.zz, &p.z);
	p = *key;
	for (int i = 0; i < KEY_COUNT; i++) {
		odd[i].x = p.x;
		odd[i].y = p.y;
		odd[i].z = p.z;
		fe_square(&odd[i].zz, &p.z);
		fe_mul(&odd[i].zzz, &odd[i].zz, &p.z);
		point_add(&p, &twice, &twice.y, false);
	}
}

/* *r = a in Montgomery's form; a is less than p. */
static void
fe_enter(struct fe *r, const struct sts_public_scalar *a)
{
	fe_unpack(r, a->w);
	fe_mul(r, r, &r_squared);
}

/* The point with these coordinates; false if the curve has none. */
static bool
point_read(struct point *p, const uint8_t *q)
{
	struct sts_public_scalar x = sts_ec_scalar_read(&numbers, q);
	struct sts_public_scalar y =
	    sts_ec_scalar_read(&numbers, q + (size_t)8 * WORDS);
	struct fe t, u;

	if (!sts_ec_scalar_less(&x, &numbers.p) ||
	    !sts_ec_scalar_less(&y, &numbers.p)) {
		return false;
	}
	fe_enter(&p->x, &x); /* 1.1 */
	fe_enter(&p->y, &y);
	p->z = one;
	p->empty = false;
	fe_times(&u, &one, 3);
	fe_square(&t, &p->x); /* 1.1 */
	fe_sub(&t, &t, &u); /* 4.1 */
	fe_mul(&t, &t, &p->x); /* x^3 - 3x: 1.3 */
	fe_add(&t, &t, &curve_b); /* 2.3 */
	fe_square(&u, &p->y); /* 1.1 */
	fe_sub(&t, &t, &u); /* 3.4 */
	return fe_is_zero(&t);
}

/* Whether the affine x of a point that is not empty is a, less than p. */
static bool
x_is(const struct point *p, const struct sts_public_scalar *a)
{
	struct fe t, u;

	fe_enter(&t, a);
	fe_square(&u, &p->z);
	fe_mul(&t, &t, &u);
	fe_sub(&t, &t, &p->x); /* 2.2 */
	return fe_is_zero(&t);
}

static void
sum(struct point *p, const struct sts_public_scalar *u1,
    const struct sts_public_scalar *u2, const struct point *key)
{
	struct summand odd[KEY_COUNT];
	int8_t d1[STS_EC_DIGITS_MAX], d2[STS_EC_DIGITS_MAX];
	size_t n1 = sts_ec_scalar_digits(d1, &numbers, u1, GENERATOR_WIDTH);
	size_t n2 = sts_ec_scalar_digits(d2, &numbers, u2, KEY_WIDTH);

	multiples(odd, key);
	p->empty = true;
	for (size_t i = n1 > n2 ? n1 : n2; i > 0; i--) {
		point_double(p);
		add_key(p, odd, d2[i - 1]);
		add_generator(p, d1[i - 1]);
	}
}

static bool
sum_is(const uint8_t *q, const struct sts_public_scalar *u1,
    const struct sts_public_scalar *u2, const struct sts_public_scalar *r)
{
	struct sts_public_scalar above;
	struct point key, p;

	if (!point_read(&key, q)) {
		return false;
	}
	sum(&p, u1, u2, &key);
	if (p.empty) {
		return false;
	}
	return x_is(&p, r) || (sts_ec_scalar_add_order(&above, &numbers, r) &&
				  x_is(&p, &above));
}
