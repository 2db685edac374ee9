/* SPDX-License-Identifier: MIT */
/*
 * X25519 (RFC 7748 5) on 64-bit machines, for key exchange: three times as
 * fast as BearSSL 0.6 has it. curves.c alone calls it, so that a key pair and a
 * secret take one way, and only with STS_EC_FAST: without it these assert.
 *
 * Unlike what checks signatures (ec_verify.h), this computes with a SECRET. It
 * does the same whatever scalar and point are: no branch and no index depends
 * on either, and nothing is divided. tests/signature/secret.c shows it.
 */
#ifndef STS_X25519_H
#define STS_X25519_H

#include "../core/base/bytes.h"

enum {
	STS_X25519_BYTES = 32 /* of a scalar, a point and a secret */
};

/*
 * A private scalar, the lowest byte first, of which any 32 bytes are one. A
 * type of its own, so that it cannot be taken for a struct sts_public_scalar.
 * The owner wipes it.
 */
struct sts_secret_scalar {
	uint8_t bytes[STS_X25519_BYTES];
};

/*
 * The u coordinate of k times the point at u, 32 bytes, to out, which may be u.
 *
 * k    the bits that RFC 7748 5 wants set or clear need not be so
 * u    any 32 bytes: the top bit is ignored, and numbers of 2^255 - 19 and more
 *      count modulo that; so there are no bad ones
 *
 * All zero if the point is of small order: the caller looks, since RFC 8446
 * 7.4.2 then ends the handshake. What was computed on the way is wiped from the
 * stack, but for what the compiler keeps in registers or puts aside by itself.
 */
void sts_x25519(uint8_t out[STS_X25519_BYTES],
    const struct sts_secret_scalar *k, const uint8_t u[STS_X25519_BYTES]);

/* The public key of k to out: the same with u = 9, a tenth faster. */
void sts_x25519_public(
    uint8_t out[STS_X25519_BYTES], const struct sts_secret_scalar *k);

#endif
