/* SPDX-License-Identifier: MIT */
/*
 * BearSSL's curves without P-521, for a product that leaves it out: offered
 * nowhere, and not computed with should a peer choose it all the same.
 */
#include "../core/base/sts_config.h"
#include "curves.h"

enum {
	CURVES =
	    1 << BR_EC_secp256r1 | 1 << BR_EC_secp384r1 | 1 << BR_EC_curve25519
};

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
	if (curve == BR_EC_secp521r1) {
		return 0;
	}
	return br_ec_get_default()->mul(g, g_len, x, x_len, curve);
}

static size_t
mulgen(unsigned char *r, const unsigned char *x, size_t x_len, int curve)
{
	return br_ec_get_default()->mulgen(r, x, x_len, curve);
}

static uint32_t
muladd(unsigned char *a, const unsigned char *b, size_t len,
    const unsigned char *x, size_t x_len, const unsigned char *y, size_t y_len,
    int curve)
{
	if (curve == BR_EC_secp521r1) {
		return 0;
	}
	return br_ec_get_default()->muladd(
	    a, b, len, x, x_len, y, y_len, curve);
}

static const br_ec_impl without_p521 = { CURVES, generator, order, xoff, mul,
	mulgen, muladd };

const br_ec_impl *
sts_curves(void)
{
	return STS_P521 ? br_ec_get_default() : &without_p521;
}
