/* SPDX-License-Identifier: MIT */
/* The signature over the hash that was taken while scanning. */
#include <string.h>

#include "../../core/base/assert.h"
#include "../signature.h"
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

bool
sts_x509_verify(const struct sts_x509_pubkey *key,
    const struct sts_x509_cert *c, const uint8_t *arena)
{
	br_x509_pkey k;

	STS_ASSERT(c->sig_fault == STS_WHY_NONE);
	sts_x509_br_key(key, &k);
	return sts_signature_valid(&k,
	    c->sig_rsa ? STS_SIGNATURE_RSA_PKCS1 : STS_SIGNATURE_ECDSA,
	    c->sig_hash, arena + c->hash_off,
	    sts_text(arena + c->sig_off, c->sig_len));
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
