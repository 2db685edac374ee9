/* SPDX-License-Identifier: MIT */
/* The tables of what is offered. */
#include "tls_params.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ChaCha20 first: without instructions for AES it takes a seventh of its
 * time. */
static const struct sts_tls_suite suites[] = {
	{ 0x1303, STS_TLS_13, STS_TLS_CHACHA20, 32, br_sha256_ID, 0 },
	{ 0x1301, STS_TLS_13, STS_TLS_AES_GCM, 16, br_sha256_ID, 0 },
	{ 0x1302, STS_TLS_13, STS_TLS_AES_GCM, 32, br_sha384_ID, 0 },
	{ 0xcca9, STS_TLS_12, STS_TLS_CHACHA20, 32, br_sha256_ID,
	    BR_KEYTYPE_EC },
	{ 0xcca8, STS_TLS_12, STS_TLS_CHACHA20, 32, br_sha256_ID,
	    BR_KEYTYPE_RSA },
	{ 0xc02b, STS_TLS_12, STS_TLS_AES_GCM, 16, br_sha256_ID,
	    BR_KEYTYPE_EC },
	{ 0xc02f, STS_TLS_12, STS_TLS_AES_GCM, 16, br_sha256_ID,
	    BR_KEYTYPE_RSA },
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
	{ 0x0503, STS_SIGNATURE_ECDSA, br_sha384_ID, BR_EC_secp384r1 },
	{ 0x0805, STS_SIGNATURE_RSA_PSS, br_sha384_ID, 0 },
	{ 0x0603, STS_SIGNATURE_ECDSA, br_sha512_ID, BR_EC_secp521r1 },
	{ 0x0806, STS_SIGNATURE_RSA_PSS, br_sha512_ID, 0 },
	{ 0x0401, STS_SIGNATURE_RSA_PKCS1, br_sha256_ID, 0 },
	{ 0x0501, STS_SIGNATURE_RSA_PKCS1, br_sha384_ID, 0 },
	{ 0x0601, STS_SIGNATURE_RSA_PKCS1, br_sha512_ID, 0 },
};

static bool
hash_is_in(uint8_t hash_id)
{
	return STS_SHA384_512 || hash_id == br_sha256_ID;
}

static bool
suite_is_in(const struct sts_tls_suite *s)
{
	return hash_is_in(s->hash_id) &&
	       !(STS_TLS_SMALL && s->cipher == STS_TLS_CHACHA20);
}

static bool
group_is_in(const struct sts_tls_group *g)
{
	return STS_P521 || g->id != BR_EC_secp521r1;
}

const struct sts_tls_suite *
sts_tls_suite(unsigned i)
{
	for (size_t k = 0; k < COUNT(suites); k++) {
		if (suite_is_in(&suites[k]) && i-- == 0) {
			return &suites[k];
		}
	}
	return NULL;
}

const struct sts_tls_suite *
sts_tls_suite_find(uint16_t id)
{
	for (size_t k = 0; k < COUNT(suites); k++) {
		if (suites[k].id == id && suite_is_in(&suites[k])) {
			return &suites[k];
		}
	}
	return NULL;
}

bool
sts_tls_suite_for(const struct sts_tls_suite *s, uint8_t keys)
{
	return keys == 0 || s->key_type == 0 || s->key_type == keys;
}

const struct sts_tls_group *
sts_tls_group(unsigned i)
{
	for (size_t k = 0; k < COUNT(groups); k++) {
		if (group_is_in(&groups[k]) && i-- == 0) {
			return &groups[k];
		}
	}
	return NULL;
}

const struct sts_tls_group *
sts_tls_group_find(uint16_t id)
{
	for (size_t k = 0; k < COUNT(groups); k++) {
		if (groups[k].id == id && group_is_in(&groups[k])) {
			return &groups[k];
		}
	}
	return NULL;
}

const struct sts_tls_scheme *
sts_tls_scheme(unsigned i)
{
	for (size_t k = 0; k < COUNT(schemes); k++) {
		if (hash_is_in(schemes[k].hash_id) && i-- == 0) {
			return &schemes[k];
		}
	}
	return NULL;
}

const struct sts_tls_scheme *
sts_tls_scheme_find(uint16_t id)
{
	for (size_t k = 0; k < COUNT(schemes); k++) {
		if (schemes[k].id == id && hash_is_in(schemes[k].hash_id)) {
			return &schemes[k];
		}
	}
	return NULL;
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
