/* SPDX-License-Identifier: MIT */
/*
 * Montgomery multiplication row by row. Before and after each row the sum t is
 * less than 2 * n, so that it has one bit more than n at most, which is `top`:
 * (t + a[i] * b + q * n) / 2^64 < (2n + (2^64 - 1) * 2n) / 2^64 = 2n.
 */
#include "montgomery.h"

#include <string.h>

#if STS_EC_FAST

uint64_t
sts_montgomery_inverse(uint64_t lowest)
{
	uint64_t x = lowest; /* right in its three lowest bits */

	STS_ASSERT(lowest % 2 == 1);
	for (int bits = 3; bits < 64; bits *= 2) {
		x *= 2 - lowest * x;
	}
	return 0 - x;
}

int
sts_montgomery_compare(const uint64_t *a, const uint64_t *b, size_t words)
{
	for (size_t i = words; i > 0; i--) {
		if (a[i - 1] != b[i - 1]) {
			return a[i - 1] < b[i - 1] ? -1 : 1;
		}
	}
	return 0;
}

/* a -= b; the borrow. */
static uint64_t
subtract(uint64_t *a, const uint64_t *b, size_t words)
{
	uint64_t borrow = 0;

	for (size_t i = 0; i < words; i++) {
		a[i] = sts_wide_sub(a[i], b[i], &borrow);
	}
	return borrow;
}

/* t = (t + x * b + q * n) / 2^64, q being what makes that a whole number; the
 * word above t, 0 or 1, is `top` before and what is returned after. */
static uint64_t
row(uint64_t *t, uint64_t top, uint64_t x, const uint64_t *b,
    const struct sts_modulus *m)
{
	uint64_t product = 0;
	uint64_t low = sts_wide_mac(x, b[0], t[0], &product);
	uint64_t q = low * m->inverse;
	uint64_t reduced = 0;

	(void)sts_wide_mac(q, m->n[0], low, &reduced);
	for (size_t i = 1; i < m->words; i++) {
		low = sts_wide_mac(x, b[i], t[i], &product);
		t[i - 1] = sts_wide_mac(q, m->n[i], low, &reduced);
	}
	t[m->words - 1] = sts_wide_add(product, reduced, &top);
	return top;
}

void
sts_montgomery_mul(uint64_t *r, const uint64_t *a, const uint64_t *b,
    const struct sts_modulus *m)
{
	uint64_t t[STS_MONTGOMERY_WORDS_MAX];
	uint64_t top = 0;

	STS_ASSERT(m->words >= 1);
	STS_ASSERT(m->words <= STS_MONTGOMERY_WORDS_MAX);
	memset(t, 0, m->words * sizeof *t);
	for (size_t i = 0; i < m->words; i++) {
		top = row(t, top, a[i], b, m);
	}
	if (top != 0 || sts_montgomery_compare(t, m->n, m->words) >= 0) {
		top -= subtract(t, m->n, m->words);
	}
	STS_ASSERT(top == 0);
	memcpy(r, t, m->words * sizeof *t);
}

/* Shift left by 0 to 63 bits; nothing is shifted out. */
static void
shift_left(uint64_t *r, const uint64_t *a, size_t words, unsigned bits)
{
	for (size_t i = words; i > 0; i--) {
		uint64_t below =
		    i > 1 && bits > 0 ? a[i - 2] >> (64 - bits) : 0;

		r[i - 1] = a[i - 1] << bits | below;
	}
}

static void
shift_right(uint64_t *r, size_t words, unsigned bits)
{
	for (size_t i = 0; bits > 0 && i < words; i++) {
		uint64_t above = i + 1 < words ? r[i + 1] << (64 - bits) : 0;

		r[i] = r[i] >> bits | above;
	}
}

/*
 * r = r * 2^64 modulo n, whose highest bit is set. The quotient is taken from
 * the highest words with a divisor a little too large, so that it is never too
 * large, and at most a few too small.
 */
static void
next_word(uint64_t *r, const uint64_t *n, size_t words)
{
	uint64_t top = r[words - 1];
	uint64_t next = words > 1 ? r[words - 2] : 0;
	sts_uwide high = (sts_uwide)top << 64 | next;
	uint64_t q = n[words - 1] == UINT64_MAX
			 ? top
			 : (uint64_t)(high / (n[words - 1] + 1));
	uint64_t carry = 0, borrow = 0;

	memmove(r + 1, r, (words - 1) * sizeof *r);
	r[0] = 0;
	for (size_t i = 0; i < words; i++) {
		uint64_t part = sts_wide_mac(q, n[i], 0, &carry);

		r[i] = sts_wide_sub(r[i], part, &borrow);
	}
	top = top - carry - borrow;
	while (top != 0 || sts_montgomery_compare(r, n, words) >= 0) {
		top -= subtract(r, n, words);
	}
}

void
sts_montgomery_enter(
    uint64_t *r, const uint64_t *a, const struct sts_modulus *m)
{
	uint64_t n[STS_MONTGOMERY_WORDS_MAX];
	unsigned bits = 0;

	STS_ASSERT(m->words >= 1);
	STS_ASSERT(m->words <= STS_MONTGOMERY_WORDS_MAX);
	STS_ASSERT(m->n[m->words - 1] != 0);
	while ((m->n[m->words - 1] << bits) >> 63 == 0) {
		bits++;
	}
	shift_left(n, m->n, m->words, bits);
	shift_left(r, a, m->words, bits);
	for (size_t i = 0; i < m->words; i++) {
		next_word(r, n, m->words);
	}
	shift_right(r, m->words, bits);
}

void
sts_montgomery_read(uint64_t *r, size_t words, const uint8_t *bytes, size_t len)
{
	STS_ASSERT(len <= words * 8);
	memset(r, 0, words * sizeof *r);
	for (size_t i = 0; i < len; i++) {
		r[i / 8] |= (uint64_t)bytes[len - 1 - i] << i % 8 * 8;
	}
}

#endif
