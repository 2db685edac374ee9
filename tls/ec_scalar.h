/* SPDX-License-Identifier: MIT */
/*
 * Numbers modulo the order of a curve. All of them are public: parts of a
 * signature, a hash, and what is computed from them. A private key must never
 * become a struct sts_public_scalar; `make check` sees to it that only
 * signature.c calls what takes one. Only there with STS_EC_FAST.
 */
#ifndef STS_EC_SCALAR_H
#define STS_EC_SCALAR_H

#include "ec_wide.h"

#if STS_EC_FAST

enum {
	STS_EC_WORDS_MAX = 6,
	STS_EC_BYTES_MAX = 48,
	/* A digit for each bit of a scalar, and one for the last carry. */
	STS_EC_DIGITS_MAX = 8 * STS_EC_BYTES_MAX + 1
};

/* A number everybody may know, less than 2^(64 * words) of its curve, words
 * above being 0; the lowest word first. */
struct sts_public_scalar {
	uint64_t w[STS_EC_WORDS_MAX];
};

/* The numbers that define a curve, beside its equation. */
struct sts_ec_curve {
	size_t words; /* 4 or 6 */
	struct sts_public_scalar p; /* the field */
	struct sts_public_scalar n; /* the order, less than p */
	uint64_t n_inverse; /* -1 / n modulo 2^64 */
};

/* From 8 * c->words bytes, the highest first. */
struct sts_public_scalar sts_ec_scalar_read(
    const struct sts_ec_curve *c, const uint8_t *bytes);

/* Whether it is 0; whether a < b. */
bool sts_ec_scalar_is_zero(const struct sts_public_scalar *a);
bool sts_ec_scalar_less(
    const struct sts_public_scalar *a, const struct sts_public_scalar *b);

/* *r = a + n; false, and *r undefined, if that is not less than p. */
bool sts_ec_scalar_add_order(struct sts_public_scalar *r,
    const struct sts_ec_curve *c, const struct sts_public_scalar *a);

/* *a -= n if it is not less; once, as no number here reaches 2n. */
void sts_ec_scalar_reduce(
    struct sts_public_scalar *a, const struct sts_ec_curve *c);

/* 1 / a modulo n; a is less than n and not 0. (ec_inverse.c) */
struct sts_public_scalar sts_ec_scalar_invert(
    const struct sts_public_scalar *a, const struct sts_ec_curve *c);

/* *u1 = e / s and *u2 = r / s modulo n; all less than n, s not 0. */
void sts_ec_scalar_divide(struct sts_public_scalar *u1,
    struct sts_public_scalar *u2, const struct sts_ec_curve *c,
    const struct sts_public_scalar *e, const struct sts_public_scalar *r,
    const struct sts_public_scalar *s);

/*
 * The scalar in signed digits: k is the sum of digits[i] * 2^i. A digit is 0
 * or odd, between -(2^(width - 1) - 1) and 2^(width - 1) - 1, and of `width`
 * neighbours at most one is not 0. width is 2 .. 8. Returns how many digits
 * there are, up to the highest that is not 0.
 */
size_t sts_ec_scalar_digits(int8_t digits[STS_EC_DIGITS_MAX],
    const struct sts_ec_curve *c, const struct sts_public_scalar *k,
    unsigned width);

#endif
#endif
