/* SPDX-License-Identifier: MIT */
/* RSA PKCS#1 v1.5 and ECDSA over the hash that was taken while scanning. */
#include <string.h>

#include "../../core/base/assert.h"
#include "../curves.h"
#include "x509_verify.h"

struct sts_x509_pubkey
sts_x509_cert_key(const struct sts_x509_cert *c, const uint8_t *arena)
{
	struct sts_x509_pubkey key = { c->key_type,
		{ arena + c->key_off, c->key_len },
		{ arena + c->key_off + c->key_len, c->exp_len } };

	return key;
}

void
sts_x509_br_key(const struct sts_x509_pubkey *key, br_x509_pkey *out)
{
	static const int curves[] = { 0, 0, BR_EC_secp256r1, BR_EC_secp384r1,
		BR_EC_secp521r1 };

	STS_ASSERT(key->type != STS_X509_KEY_NONE);
	STS_ASSERT(key->type <= STS_X509_KEY_P521);
	if (key->type == STS_X509_KEY_RSA) {
		out->key_type = BR_KEYTYPE_RSA;
		out->key.rsa.n = (unsigned char *)key->key.p;
		out->key.rsa.nlen = key->key.n;
		out->key.rsa.e = (unsigned char *)key->exponent.p;
		out->key.rsa.elen = key->exponent.n;
	} else {
		out->key_type = BR_KEYTYPE_EC;
		out->key.ec.curve = curves[key->type];
		out->key.ec.q = (unsigned char *)key->key.p;
		out->key.ec.qlen = key->key.n;
	}
}

static bool
verify_rsa(const br_x509_pkey *key, const struct sts_x509_cert *c,
    const uint8_t *arena)
{
	/* With their lengths in front, as BearSSL takes them. */
	static const unsigned char oids[][10] = {
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 },
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02 },
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03 },
	};
	size_t len = sts_x509_hash_len(c);
	uint8_t hash[br_sha512_SIZE];

	if (key->key_type != BR_KEYTYPE_RSA) {
		return false;
	}
	return br_rsa_pkcs1_vrfy_get_default()(arena + c->sig_off, c->sig_len,
		   oids[c->sig_hash - br_sha256_ID], len, &key->key.rsa,
		   hash) == 1 &&
	       memcmp(hash, arena + c->hash_off, len) == 0;
}

static bool
verify_ecdsa(const br_x509_pkey *key, const struct sts_x509_cert *c,
    const uint8_t *arena)
{
	if (key->key_type != BR_KEYTYPE_EC) {
		return false;
	}
	return br_ecdsa_vrfy_asn1_get_default()(sts_curves(),
		   arena + c->hash_off, sts_x509_hash_len(c), &key->key.ec,
		   arena + c->sig_off, c->sig_len) == 1;
}

bool
sts_x509_verify(const struct sts_x509_pubkey *key,
    const struct sts_x509_cert *c, const uint8_t *arena)
{
	br_x509_pkey k;

	STS_ASSERT(c->sig_fault == STS_WHY_NONE);
	STS_ASSERT(c->sig_hash >= br_sha256_ID && c->sig_hash <= br_sha512_ID);
	sts_x509_br_key(key, &k);
	return c->sig_rsa ? verify_rsa(&k, c, arena)
			  : verify_ecdsa(&k, c, arena);
}

static void
hash_part(br_sha256_context *h, struct sts_text t)
{
	uint8_t len[2];

	STS_ASSERT(t.n <= UINT16_MAX);
	sts_put16be(len, (uint16_t)t.n);
	br_sha256_update(h, len, sizeof len);
	br_sha256_update(h, t.p, t.n);
}

void
sts_x509_link(uint8_t link[STS_X509_LINK], const struct sts_x509_pubkey *key,
    const struct sts_x509_cert *c, const uint8_t *arena)
{
	uint8_t kinds[3] = { key->type, c->sig_rsa, c->sig_hash };
	br_sha256_context h;

	STS_ASSERT(c->sig_fault == STS_WHY_NONE);
	br_sha256_init(&h);
	hash_part(&h, sts_text(kinds, sizeof kinds));
	hash_part(&h, key->key);
	hash_part(&h, key->exponent);
	hash_part(&h, sts_text(arena + c->hash_off, sts_x509_hash_len(c)));
	hash_part(&h, sts_text(arena + c->sig_off, c->sig_len));
	br_sha256_out(&h, link);
}
