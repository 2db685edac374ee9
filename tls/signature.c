/* SPDX-License-Identifier: MIT */
/* RSA PKCS#1 v1.5 and ECDSA, by BearSSL. */
#include "signature.h"

#include <string.h>

#include "../core/base/assert.h"
#include "curves.h"

size_t
sts_signature_hash_len(int hash_id)
{
	STS_ASSERT(hash_id >= br_sha256_ID);
	STS_ASSERT(hash_id <= br_sha512_ID);
	return (size_t)(hash_id - 2) * 16;
}

static bool
valid_pkcs1(const br_rsa_public_key *key, int hash_id, const uint8_t *hash,
    struct sts_text sig)
{
	/* With their lengths in front, as BearSSL takes them. */
	static const unsigned char oids[][10] = {
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 },
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02 },
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03 },
	};
	size_t len = sts_signature_hash_len(hash_id);
	uint8_t signed_hash[br_sha512_SIZE];

	return br_rsa_pkcs1_vrfy_get_default()(sig.p, sig.n,
		   oids[hash_id - br_sha256_ID], len, key, signed_hash) == 1 &&
	       memcmp(signed_hash, hash, len) == 0;
}

static bool
valid_ecdsa(const br_ec_public_key *key, int hash_id, const uint8_t *hash,
    struct sts_text sig)
{
	return br_ecdsa_vrfy_asn1_get_default()(sts_curves(), hash,
		   sts_signature_hash_len(hash_id), key, sig.p, sig.n) == 1;
}

bool
sts_signature_valid(const br_x509_pkey *key, enum sts_signature_scheme scheme,
    int hash_id, const uint8_t *hash, struct sts_text sig)
{
	switch (scheme) {
	case STS_SIGNATURE_ECDSA:
		return key->key_type == BR_KEYTYPE_EC &&
		       valid_ecdsa(&key->key.ec, hash_id, hash, sig);
	case STS_SIGNATURE_RSA_PKCS1:
		return key->key_type == BR_KEYTYPE_RSA &&
		       valid_pkcs1(&key->key.rsa, hash_id, hash, sig);
	}
	return false;
}
