/* SPDX-License-Identifier: MIT */
/* By words of 64 bits where STS_EC_FAST is, else by BearSSL. */
#include "rsa.h"

#include <string.h>

#include "../core/base/assert.h"
#include "montgomery.h"

static size_t
zeros(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] == 0) {
		i++;
	}
	return i;
}

size_t
sts_rsa_len(const br_rsa_public_key *key)
{
	return key->nlen - zeros(key->n, key->nlen);
}

#if STS_EC_FAST

STS_STATIC_ASSERT(STS_RSA_BYTES_MAX <= 8 * STS_MONTGOMERY_WORDS_MAX, rsa_words);

/*
 * y = x^e modulo m, e being `len` bytes, the first of which is not 0, and odd
 * and greater than 1. The last factor, for the lowest bit of e, is x as it is,
 * which takes y out of Montgomery's form.
 */
static void
power(uint64_t *y, const uint64_t *x, const uint8_t *e, size_t len,
    const struct sts_modulus *m)
{
	uint64_t in[STS_MONTGOMERY_WORDS_MAX];
	size_t bits = 8 * len;

	sts_montgomery_enter(in, x, m);
	memcpy(y, in, m->words * sizeof *y);
	do {
		bits--;
	} while ((e[0] >> (bits - 8 * (len - 1)) & 1) == 0);
	for (size_t i = bits - 1; i > 0; i--) {
		sts_montgomery_mul(y, y, y, m);
		if (e[len - 1 - i / 8] >> i % 8 & 1) {
			sts_montgomery_mul(y, y, in, m);
		}
	}
	sts_montgomery_mul(y, y, y, m);
	sts_montgomery_mul(y, y, x, m);
}

static void
write_bytes(uint8_t *bytes, size_t len, const uint64_t *w)
{
	for (size_t i = 0; i < len; i++) {
		bytes[len - 1 - i] = (uint8_t)(w[i / 8] >> i % 8 * 8);
	}
}

static bool
apply(const br_rsa_public_key *key, uint8_t *x, size_t len)
{
	uint64_t n[STS_MONTGOMERY_WORDS_MAX], a[STS_MONTGOMERY_WORDS_MAX];
	uint64_t y[STS_MONTGOMERY_WORDS_MAX];
	struct sts_modulus m = { n, (len + 7) / 8, 0 };
	size_t skip = zeros(key->e, key->elen);

	sts_montgomery_read(n, m.words, key->n + (key->nlen - len), len);
	sts_montgomery_read(a, m.words, x, len);
	if (n[0] % 2 == 0 || (m.words == 1 && n[0] == 1) ||
	    sts_montgomery_compare(a, n, m.words) >= 0) {
		return false;
	}
	m.inverse = sts_montgomery_inverse(n[0]);
	power(y, a, key->e + skip, key->elen - skip, &m);
	write_bytes(x, len, y);
	return true;
}

#else

static bool
apply(const br_rsa_public_key *key, uint8_t *x, size_t len)
{
	return br_rsa_public_get_default()(x, len, key) == 1;
}

#endif

/* With exponent 1 a signature is its own message; even ones do not exist. */
static bool
exponent_is_sound(const br_rsa_public_key *key)
{
	size_t skip = zeros(key->e, key->elen);
	const uint8_t *e = key->e + skip;
	size_t len = key->elen - skip;

	return len > 0 && e[len - 1] % 2 == 1 && (len > 1 || e[0] > 1);
}

bool
sts_rsa_public(const br_rsa_public_key *key, uint8_t *x, size_t len)
{
	return len > 0 && len <= STS_RSA_BYTES_MAX && len == sts_rsa_len(key) &&
	       exponent_is_sound(key) && apply(key, x, len);
}
