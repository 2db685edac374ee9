/* SPDX-License-Identifier: MIT */
/* The public operation of RSA, which opens signatures. */
#ifndef STS_RSA_H
#define STS_RSA_H

#include <bearssl.h>

#include "../core/base/bytes.h"

enum {
	STS_RSA_BYTES_MAX = 512 /* of a modulus */
};

/* The bytes of the modulus, leading zeros not counted. */
size_t sts_rsa_len(const br_rsa_public_key *key);

/*
 * x = x^e modulo n (RFC 8017 5.2.2, RSAVP1), in place, the highest byte first.
 *
 * len  of x
 *
 * False, x then being undefined, unless len is sts_rsa_len(key), at most
 * STS_RSA_BYTES_MAX, n is odd, e odd and not 1, and x less than n. Time is that
 * of len^2 for each bit of e.
 */
bool sts_rsa_public(const br_rsa_public_key *key, uint8_t *x, size_t len);

#endif
