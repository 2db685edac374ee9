/* SPDX-License-Identifier: MIT */
/*
 * ECDSA signatures checked on 64-bit machines (FIPS 186-5 6.4.2), several times
 * as fast as by BearSSL, which takes the same time for all numbers: here all of
 * them are public. signature.c alone calls it.
 */
#ifndef STS_EC_VERIFY_H
#define STS_EC_VERIFY_H

#include <bearssl.h>

#include "../core/base/bytes.h"

/* Whether this file checks signatures on this curve (BR_EC_secp256r1 ...). */
bool sts_ec_verify_has(int curve);

/*
 * Whether the key's owner signed this hash.
 *
 * key       on a curve that sts_ec_verify_has; false unless its point is
 *           uncompressed and on the curve
 * hash      hash_len bytes; those beyond the length of the order are left
 *           out, as FIPS 186-5 wants it
 * raw       r, then s, each as long as the order: 32 or 48 bytes
 */
bool sts_ec_verify(const br_ec_public_key *key, const uint8_t *hash,
    size_t hash_len, const uint8_t *raw);

#endif
