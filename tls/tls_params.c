/* SPDX-License-Identifier: MIT */
/* The tables of what is offered. */
#include "tls_params.h"

/*
 * What a product leaves out stands at an end of its table: ChaCha20 where
 * records are opened piece by piece, SHA-384 and SHA-512, P-521.
 *
 * ChaCha20 is preferred: without instructions for AES it takes a seventh of
 * its time. A server looks at the suites of its version alone.
 */
static const struct sts_tls_suite suites[] = {
	{ 0x1303, STS_TLS_13, STS_TLS_CHACHA20, 32, br_sha256_ID, 0 },
	{ 0xcca9, STS_TLS_12, STS_TLS_CHACHA20, 32, br_sha256_ID,
	    BR_KEYTYPE_EC },
	{ 0xcca8, STS_TLS_12, STS_TLS_CHACHA20, 32, br_sha256_ID,
	    BR_KEYTYPE_RSA },
	{ 0x1301, STS_TLS_13, STS_TLS_AES_GCM, 16, br_sha256_ID, 0 },
	{ 0xc02b, STS_TLS_12, STS_TLS_AES_GCM, 16, br_sha256_ID,
	    BR_KEYTYPE_EC },
	{ 0xc02f, STS_TLS_12, STS_TLS_AES_GCM, 16, br_sha256_ID,
	    BR_KEYTYPE_RSA },
	{ 0x1302, STS_TLS_13, STS_TLS_AES_GCM, 32, br_sha384_ID, 0 },
	{ 0xc02c, STS_TLS_12, STS_TLS_AES_GCM, 32, br_sha384_ID,
	    BR_KEYTYPE_EC },
	{ 0xc030, STS_TLS_12, STS_TLS_AES_GCM, 32, br_sha384_ID,
	    BR_KEYTYPE_RSA },
};

static const struct sts_tls_group groups[] = {
	{ BR_EC_curve25519, 32, 32 },
	{ BR_EC_secp256r1, 65, 32 },
	{ BR_EC_secp384r1, 97, 48 },
	/* Also for servers whose certificate has a key on it: of TLS 1.2 some
	 * want to find their key's curve among the groups. */
	{ BR_EC_secp521r1, 133, 66 },
};

static const struct sts_tls_scheme schemes[] = {
	{ 0x0403, STS_SIGNATURE_ECDSA, br_sha256_ID, BR_EC_secp256r1 },
	{ 0x0804, STS_SIGNATURE_RSA_PSS, br_sha256_ID, 0 },
	{ 0x0401, STS_SIGNATURE_RSA_PKCS1, br_sha256_ID, 0 },
	{ 0x0503, STS_SIGNATURE_ECDSA, br_sha384_ID, BR_EC_secp384r1 },
	{ 0x0805, STS_SIGNATURE_RSA_PSS, br_sha384_ID, 0 },
	{ 0x0501, STS_SIGNATURE_RSA_PKCS1, br_sha384_ID, 0 },
	{ 0x0603, STS_SIGNATURE_ECDSA, br_sha512_ID, BR_EC_secp521r1 },
	{ 0x0806, STS_SIGNATURE_RSA_PSS, br_sha512_ID, 0 },
	{ 0x0601, STS_SIGNATURE_RSA_PKCS1, br_sha512_ID, 0 },
};

enum {
	SUITES_FROM = STS_TLS_SMALL ? 3 : 0,
	SUITES_END = STS_SHA384_512 ? 9 : 6,
	GROUPS = STS_P521 ? 4 : 3,
	SCHEMES = STS_SHA384_512 ? 9 : 3
};

const struct sts_tls_suite *
sts_tls_suite(unsigned i)
{
	return i < SUITES_END - SUITES_FROM ? &suites[SUITES_FROM + i] : NULL;
}

const struct sts_tls_suite *
sts_tls_suite_find(uint16_t id)
{
	for (size_t i = SUITES_FROM; i < SUITES_END; i++) {
		if (suites[i].id == id) {
			return &suites[i];
		}
	}
	return NULL;
}

const struct sts_tls_group *
sts_tls_group(unsigned i)
{
	return i < GROUPS ? &groups[i] : NULL;
}

const struct sts_tls_group *
sts_tls_group_find(uint16_t id)
{
	for (size_t i = 0; i < GROUPS; i++) {
		if (groups[i].id == id) {
			return &groups[i];
		}
	}
	return NULL;
}

const struct sts_tls_scheme *
sts_tls_scheme(unsigned i)
{
	return i < SCHEMES ? &schemes[i] : NULL;
}

const struct sts_tls_scheme *
sts_tls_scheme_find(uint16_t id)
{
	for (size_t i = 0; i < SCHEMES; i++) {
		if (schemes[i].id == id) {
			return &schemes[i];
		}
	}
	return NULL;
}

bool
sts_tls_suite_for(const struct sts_tls_suite *s, uint8_t keys)
{
	return keys == 0 || s->key_type == 0 || s->key_type == keys;
}

bool
sts_tls_scheme_for(const struct sts_tls_scheme *s, uint8_t keys)
{
	return keys == 0 ||
	       (s->signature == STS_SIGNATURE_ECDSA) == (keys == BR_KEYTYPE_EC);
}

bool
sts_tls_scheme_fits(
    const struct sts_tls_scheme *s, uint16_t version, const br_x509_pkey *key)
{
	if (s->signature != STS_SIGNATURE_ECDSA) {
		return key->key_type == BR_KEYTYPE_RSA &&
		       (version == STS_TLS_12 ||
			   s->signature == STS_SIGNATURE_RSA_PSS);
	}
	return key->key_type == BR_KEYTYPE_EC &&
	       (version == STS_TLS_12 || key->key.ec.curve == s->curve);
}
