/* SPDX-License-Identifier: MIT */
/*
 * The encodings of ECDSA and RSA signatures, of which only one form is
 * accepted, on every machine alike; the arithmetic is in ec_verify.c and rsa.c,
 * or BearSSL's.
 */
#include "signature.h"

#include <string.h>

#include "../core/base/assert.h"
#include "curves.h"
#include "ec_verify.h"
#include "ecdsa_der.h"
#include "rsa.h"
#include "rsa_pss.h"

/* Whether this much of an opened signature is what RFC 8017 9.2 puts before
 * the hash: 0, 1, eight or more bytes 255, 0, DigestInfo up to its hash. */
static bool
opens_with(const uint8_t *em, size_t len, int hash_id)
{
	/* SEQUENCE { SEQUENCE { OID, NULL }, OCTET STRING }; what differs
	 * between the three is 0. */
	uint8_t info[] = { 0x30, 0, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
		0x01, 0x65, 0x03, 0x04, 0x02, 0, 0x05, 0x00, 0x04, 0 };
	static const uint8_t oid_ends[] = { 1, 2, 3 };
	uint8_t hash_len = (uint8_t)sts_hash_len(hash_id);
	size_t i = 2;

	info[1] = (uint8_t)(sizeof info - 2 + hash_len);
	info[14] = oid_ends[hash_id - br_sha256_ID];
	info[18] = hash_len;
	if (len < 3 + 8 + sizeof info || em[0] != 0 || em[1] != 1) {
		return false;
	}
	while (i < len - sizeof info - 1 && em[i] == 0xff) {
		i++;
	}
	return i == len - sizeof info - 1 && em[i] == 0 &&
	       memcmp(em + i + 1, info, sizeof info) == 0;
}

/* The hash that `sig` was made over, into hash; false if there is none. */
static bool
open_pkcs1(const br_rsa_public_key *key, int hash_id, uint8_t *hash,
    struct sts_text sig)
{
	uint8_t em[STS_RSA_BYTES_MAX];
	size_t hash_len = sts_hash_len(hash_id);

	if (sig.n > sizeof em || sig.n < hash_len) {
		return false;
	}
	memcpy(em, sig.p, sig.n);
	if (!sts_rsa_public(key, em, sig.n) ||
	    !opens_with(em, sig.n - hash_len, hash_id)) {
		return false;
	}
	memcpy(hash, em + sig.n - hash_len, hash_len);
	return true;
}

static bool
valid_pkcs1(const br_rsa_public_key *key, int hash_id, const uint8_t *hash,
    struct sts_text sig)
{
	uint8_t signed_hash[br_sha512_SIZE];

	return open_pkcs1(key, hash_id, signed_hash, sig) &&
	       memcmp(signed_hash, hash, sts_hash_len(hash_id)) == 0;
}

static size_t
bit_length(const uint8_t *n, size_t len)
{
	size_t bits = 8 * len;

	while (
	    bits > 0 && (n[len - (bits + 7) / 8] >> (bits - 1) % 8 & 1) == 0) {
		bits--;
	}
	return bits;
}

static bool
valid_pss(const br_rsa_public_key *key, int hash_id, const uint8_t *hash,
    struct sts_text sig)
{
	uint8_t em[STS_RSA_BYTES_MAX];
	size_t bits = bit_length(key->n, key->nlen);

	if (sig.n > sizeof em || sig.n == 0 || sig.n != (bits + 7) / 8) {
		return false;
	}
	memcpy(em, sig.p, sig.n);
	return sts_rsa_public(key, em, sig.n) &&
	       sts_rsa_pss_valid(sts_span(em, sig.n), bits, hash_id, hash);
}

/* The bytes of the order of a curve; 0 for one that is not known here. */
static size_t
order_len(int curve)
{
	switch (curve) {
	case BR_EC_secp256r1:
		return 32;
	case BR_EC_secp384r1:
		return 48;
	case BR_EC_secp521r1:
		return 66;
	default:
		return 0;
	}
}

static bool
valid_ecdsa(const br_ec_public_key *key, const uint8_t *hash, size_t hash_len,
    struct sts_text sig)
{
	uint8_t raw[2 * STS_ECDSA_SIZE_MAX];
	size_t len = order_len(key->curve);

	if (len == 0 || !sts_ecdsa_der_read(raw, len, sig)) {
		return false;
	}
	if (STS_EC_FAST && sts_ec_verify_has(key->curve)) {
		return sts_ec_verify(key, hash, hash_len, raw);
	}
	return br_ecdsa_vrfy_raw_get_default()(
		   sts_curves(), hash, hash_len, key, raw, 2 * len) == 1;
}

bool
sts_signature_valid(const br_x509_pkey *key, enum sts_signature_scheme scheme,
    int hash_id, const uint8_t *hash, struct sts_text sig)
{
	switch (scheme) {
	case STS_SIGNATURE_ECDSA:
		return key->key_type == BR_KEYTYPE_EC &&
		       valid_ecdsa(
			   &key->key.ec, hash, sts_hash_len(hash_id), sig);
	case STS_SIGNATURE_RSA_PKCS1:
		return key->key_type == BR_KEYTYPE_RSA &&
		       valid_pkcs1(&key->key.rsa, hash_id, hash, sig);
	case STS_SIGNATURE_RSA_PSS:
		return key->key_type == BR_KEYTYPE_RSA &&
		       valid_pss(&key->key.rsa, hash_id, hash, sig);
	}
	return false;
}

uint32_t
sts_signature_br_ecdsa(const br_ec_impl *impl, const void *hash,
    size_t hash_len, const br_ec_public_key *key, const void *sig,
    size_t sig_len)
{
	(void)impl;
	return valid_ecdsa(key, hash, hash_len, sts_text(sig, sig_len));
}

uint32_t
sts_signature_br_pkcs1(const unsigned char *sig, size_t sig_len,
    const unsigned char *oid, size_t hash_len, const br_rsa_public_key *key,
    unsigned char *hash)
{
	int hash_id = (int)(hash_len / 16) + 2;

	/* No OID: a hash of TLS 1.0. */
	return oid != NULL && hash_len % 16 == 0 && hash_id >= br_sha256_ID &&
	       hash_id <= br_sha512_ID &&
	       open_pkcs1(key, hash_id, hash, sts_text(sig, sig_len));
}
