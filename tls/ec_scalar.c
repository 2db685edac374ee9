/* SPDX-License-Identifier: MIT */
/* Scalars: ranges, quotients by Montgomery's arithmetic, digits. */
#include "ec_scalar.h"

#include <string.h>

#include "montgomery.h"

#if STS_EC_FAST

struct sts_public_scalar
sts_ec_scalar_read(const struct sts_ec_curve *c, const uint8_t *bytes)
{
	struct sts_public_scalar a;

	sts_montgomery_read(a.w, STS_EC_WORDS_MAX, bytes, 8 * c->words);
	return a;
}

bool
sts_ec_scalar_is_zero(const struct sts_public_scalar *a)
{
	uint64_t any = 0;

	for (size_t i = 0; i < STS_EC_WORDS_MAX; i++) {
		any |= a->w[i];
	}
	return any == 0;
}

bool
sts_ec_scalar_less(
    const struct sts_public_scalar *a, const struct sts_public_scalar *b)
{
	return sts_montgomery_compare(a->w, b->w, STS_EC_WORDS_MAX) < 0;
}

bool
sts_ec_scalar_add_order(struct sts_public_scalar *r,
    const struct sts_ec_curve *c, const struct sts_public_scalar *a)
{
	uint64_t carry = 0;

	memset(r, 0, sizeof *r);
	for (size_t i = 0; i < c->words; i++) {
		r->w[i] = sts_wide_add(a->w[i], c->n.w[i], &carry);
	}
	return carry == 0 && sts_ec_scalar_less(r, &c->p);
}

void
sts_ec_scalar_reduce(struct sts_public_scalar *a, const struct sts_ec_curve *c)
{
	uint64_t borrow = 0;

	if (sts_ec_scalar_less(a, &c->n)) {
		return;
	}
	for (size_t i = 0; i < c->words; i++) {
		a->w[i] = sts_wide_sub(a->w[i], c->n.w[i], &borrow);
	}
	STS_ASSERT(sts_ec_scalar_less(a, &c->n));
}

static unsigned
bit(const struct sts_public_scalar *a, size_t i)
{
	return i / 64 < STS_EC_WORDS_MAX
		   ? (unsigned)(a->w[i / 64] >> i % 64 & 1)
		   : 0;
}

void
sts_ec_scalar_divide(struct sts_public_scalar *u1, struct sts_public_scalar *u2,
    const struct sts_ec_curve *c, const struct sts_public_scalar *e,
    const struct sts_public_scalar *r, const struct sts_public_scalar *s)
{
	struct sts_modulus m = { c->n.w, c->words, c->n_inverse };
	struct sts_public_scalar w;

	STS_ASSERT(!sts_ec_scalar_is_zero(s));
	STS_ASSERT(sts_ec_scalar_less(s, &c->n));
	STS_ASSERT(sts_ec_scalar_less(r, &c->n));
	STS_ASSERT(sts_ec_scalar_less(e, &c->n));
	w = sts_ec_scalar_invert(s, c);
	sts_montgomery_enter(w.w, w.w, &m);
	memset(u1, 0, sizeof *u1);
	memset(u2, 0, sizeof *u2);
	sts_montgomery_mul(u1->w, e->w, w.w, &m);
	sts_montgomery_mul(u2->w, r->w, w.w, &m);
}

size_t
sts_ec_scalar_digits(int8_t digits[STS_EC_DIGITS_MAX],
    const struct sts_ec_curve *c, const struct sts_public_scalar *k,
    unsigned width)
{
	size_t count = 0;
	unsigned carry = 0;
	int size = 1 << width;

	STS_ASSERT(width >= 2 && width <= 8);
	memset(digits, 0, STS_EC_DIGITS_MAX);
	for (size_t i = 0; i <= 64 * c->words;) {
		int digit = (int)carry;

		if (bit(k, i) == carry) {
			i++;
			continue;
		}
		for (unsigned j = 0; j < width; j++) {
			digit += (int)(bit(k, i + j) << j);
		}
		carry = digit > size / 2;
		digits[i] = (int8_t)(digit - (carry ? size : 0));
		count = i + 1;
		i += width;
	}
	return count;
}

#endif
