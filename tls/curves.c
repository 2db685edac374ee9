/* SPDX-License-Identifier: MIT */
/*
 * BearSSL's curves, with two exceptions. Without STS_P521 there is no P-521: it
 * is offered nowhere, and not computed with should a peer choose it all the
 * same. With STS_EC_FAST X25519 is ours (x25519.h).
 */
#include <string.h>

#include "../core/base/assert.h"
#include "curves.h"
#include "x25519.h"

enum {
	CURVES = 1 << BR_EC_secp256r1 | 1 << BR_EC_secp384r1 |
		 STS_P521 << BR_EC_secp521r1 | 1 << BR_EC_curve25519
};

/* Whether a curve is X25519, and computed with here. */
static bool
is_ours(int curve)
{
	return STS_EC_FAST && curve == BR_EC_curve25519;
}

/* A scalar of at most 32 bytes, which are the lowest. */
static void
take_secret(struct sts_secret_scalar *k, const unsigned char *x, size_t x_len)
{
	STS_ASSERT(x_len <= sizeof k->bytes);
	memset(k->bytes, 0, sizeof k->bytes);
	memcpy(k->bytes, x, x_len);
}

static uint32_t
mul_x25519(unsigned char *g, size_t g_len, const unsigned char *x, size_t x_len)
{
	struct sts_secret_scalar k;

	if (g_len != STS_X25519_BYTES) {
		return 0;
	}
	take_secret(&k, x, x_len);
	sts_x25519(g, &k, g);
	sts_wipe(&k, sizeof k);
	return 1;
}

static size_t
mulgen_x25519(unsigned char *r, const unsigned char *x, size_t x_len)
{
	struct sts_secret_scalar k;

	take_secret(&k, x, x_len);
	sts_x25519_public(r, &k);
	sts_wipe(&k, sizeof k);
	return STS_X25519_BYTES;
}

static const unsigned char *
generator(int curve, size_t *len)
{
	return br_ec_get_default()->generator(curve, len);
}

static const unsigned char *
order(int curve, size_t *len)
{
	return br_ec_get_default()->order(curve, len);
}

static size_t
xoff(int curve, size_t *len)
{
	return br_ec_get_default()->xoff(curve, len);
}

static uint32_t
mul(unsigned char *g, size_t g_len, const unsigned char *x, size_t x_len,
    int curve)
{
	if (is_ours(curve)) {
		return mul_x25519(g, g_len, x, x_len);
	}
	if (!STS_P521 && curve == BR_EC_secp521r1) {
		return 0;
	}
	return br_ec_get_default()->mul(g, g_len, x, x_len, curve);
}

static size_t
mulgen(unsigned char *r, const unsigned char *x, size_t x_len, int curve)
{
	if (is_ours(curve)) {
		return mulgen_x25519(r, x, x_len);
	}
	return br_ec_get_default()->mulgen(r, x, x_len, curve);
}

static uint32_t
muladd(unsigned char *a, const unsigned char *b, size_t len,
    const unsigned char *x, size_t x_len, const unsigned char *y, size_t y_len,
    int curve)
{
	if (!STS_P521 && curve == BR_EC_secp521r1) {
		return 0;
	}
	return br_ec_get_default()->muladd(
	    a, b, len, x, x_len, y, y_len, curve);
}

static const br_ec_impl curves = { CURVES, generator, order, xoff, mul, mulgen,
	muladd };

const br_ec_impl *
sts_curves(void)
{
	return STS_P521 && !STS_EC_FAST ? br_ec_get_default() : &curves;
}
