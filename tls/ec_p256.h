/* SPDX-License-Identifier: MIT */
/* The curve P-256, for what is public. Only there with STS_EC_FAST. */
#ifndef STS_EC_P256_H
#define STS_EC_P256_H

#include "ec_scalar.h"

#if STS_EC_FAST

/* The curve, a constant. */
const struct sts_ec_curve *sts_ec_p256(void);

/*
 * Whether u1 * G + u2 * Q is a point with an x coordinate that is r modulo n.
 *
 * q       x and y, 32 bytes each: false unless they are a point of the curve
 * u1, u2  less than n
 * r       1 .. n - 1
 */
bool sts_ec_p256_sum_is(const uint8_t q[64], const struct sts_public_scalar *u1,
    const struct sts_public_scalar *u2, const struct sts_public_scalar *r);

#endif
#endif
