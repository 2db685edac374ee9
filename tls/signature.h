/* SPDX-License-Identifier: MIT */
/*
 * One signature checked: of a certificate, or of a peer in a handshake. All
 * that comes in is public, so that the time it takes may depend on it.
 */
#ifndef STS_SIGNATURE_H
#define STS_SIGNATURE_H

#include <bearssl.h>

#include "../core/base/bytes.h"
#include "hash.h"

/* How a signature is made with a kind of key. */
enum sts_signature_scheme {
	STS_SIGNATURE_ECDSA, /* an ECDSA-Sig-Value in DER (RFC 3279 2.2.3) */
	STS_SIGNATURE_RSA_PKCS1, /* RSASSA-PKCS1-v1_5 (RFC 8017 8.2) */
	STS_SIGNATURE_RSA_PSS /* RSASSA-PSS, the salt as long as the hash */
};

/*
 * Whether the owner of `key` made `sig` over a message with this hash.
 *
 * key      the bytes it points to are not changed
 * scheme   false if the key is of another kind
 * hash_id  br_sha256_ID, br_sha384_ID or br_sha512_ID
 * hash     sts_hash_len(hash_id) bytes
 * sig      may be anything
 *
 * The most costly thing in this room: on 31 MIPS up to 4 s.
 */
bool sts_signature_valid(const br_x509_pkey *key,
    enum sts_signature_scheme scheme, int hash_id, const uint8_t *hash,
    struct sts_text sig);

/*
 * The same for BearSSL's engine, as it wants it (br_ecdsa_vrfy,
 * br_rsa_pkcs1_vrfy): hashes of other lengths are not known.
 */
uint32_t sts_signature_br_ecdsa(const br_ec_impl *impl, const void *hash,
    size_t hash_len, const br_ec_public_key *key, const void *sig,
    size_t sig_len);
uint32_t sts_signature_br_pkcs1(const unsigned char *sig, size_t sig_len,
    const unsigned char *oid, size_t hash_len, const br_rsa_public_key *key,
    unsigned char *hash);

#endif
