/* SPDX-License-Identifier: MIT */
/*
 * RSASSA-PSS (RFC 8017 8.1) behind the public-key operation: the encoded
 * message held against a hash. The salt is as long as the hash and MGF1 uses
 * the same hash, as TLS wants it (RFC 8446 4.2.3).
 */
#ifndef STS_RSA_PSS_H
#define STS_RSA_PSS_H

#include "../core/base/bytes.h"

/*
 * Whether `em` encodes `hash`. em is overwritten.
 *
 * em       what the public-key operation gave, as long as the modulus
 * bits     of the modulus, without leading zero bits
 * hash_id  br_sha256_ID, br_sha384_ID or br_sha512_ID
 */
bool sts_rsa_pss_valid(
    struct sts_span em, size_t bits, int hash_id, const uint8_t *hash);

#endif
