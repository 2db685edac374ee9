/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic modulo an odd number, by Montgomery's method, in variable time
 * and therefore for public numbers only: RSA signatures, and the scalars of
 * ECDSA signatures. Numbers are words of 64 bits, the lowest first. Only there
 * with STS_EC_FAST.
 *
 * R is 2^(64 * words). Every number that goes in or comes out is less than the
 * modulus.
 */
#ifndef STS_MONTGOMERY_H
#define STS_MONTGOMERY_H

#include "ec_wide.h"

#if STS_EC_FAST

enum {
	STS_MONTGOMERY_WORDS_MAX = 64 /* RSA with 4,096 bits */
};

/* A modulus: odd, greater than 1, its highest word not 0. */
struct sts_modulus {
	const uint64_t *n;
	size_t words; /* 1 .. STS_MONTGOMERY_WORDS_MAX */
	uint64_t inverse; /* -1 / n[0] modulo 2^64 */
};

/* What `inverse` of a modulus must be, from its lowest word, which is odd. */
uint64_t sts_montgomery_inverse(uint64_t lowest);

/* r = a * b / R. r may be a or b. */
void sts_montgomery_mul(uint64_t *r, const uint64_t *a, const uint64_t *b,
    const struct sts_modulus *m);

/* r = a * R. r may be a. */
void sts_montgomery_enter(
    uint64_t *r, const uint64_t *a, const struct sts_modulus *m);

/* Words from `len` bytes, the highest first; len is at most 8 * words. */
void sts_montgomery_read(
    uint64_t *r, size_t words, const uint8_t *bytes, size_t len);

/* Less than 0, 0, more than 0: a is less than b, equal, greater. */
int sts_montgomery_compare(const uint64_t *a, const uint64_t *b, size_t words);

#endif
#endif
