/* SPDX-License-Identifier: MIT */
/* The tables of algorithms, keys and extensions. */
#include <bearssl.h>

#include "../../core/base/sts_config.h"
#include "x509_cert.h"
#include "x509_oids.h"

/* A literal and its length without the NUL. */
#define DER(s) (s), (uint8_t)(sizeof(s) - 1)

#define OID_PKCS1 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01"
#define OID_X962 "\x06\x08\x2a\x86\x48\xce\x3d\x04\x03"
#define OID_EC_KEY "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"

/*
 * Row 0 is what is not known. RSA parameters are NULL (RFC 4055 5), ECDSA has
 * none (RFC 5758 3.2). SHA-224 is below the 128-bit level of the rest.
 */
static const struct sts_x509_sig_alg sig_algs[] = {
	{ "", 0, 0, 0, STS_WHY_X509_ALGORITHM },
	{ DER(OID_PKCS1 "\x0b\x05\x00"), 1, br_sha256_ID, STS_WHY_NONE },
	{ DER(OID_PKCS1 "\x0c\x05\x00"), 1, br_sha384_ID, STS_WHY_NONE },
	{ DER(OID_PKCS1 "\x0d\x05\x00"), 1, br_sha512_ID, STS_WHY_NONE },
	{ DER(OID_X962 "\x02"), 0, br_sha256_ID, STS_WHY_NONE },
	{ DER(OID_X962 "\x03"), 0, br_sha384_ID, STS_WHY_NONE },
	{ DER(OID_X962 "\x04"), 0, br_sha512_ID, STS_WHY_NONE },
	/* MD2, MD4, MD5, SHA-1, SHA-224 with RSA */
	{ DER(OID_PKCS1 "\x02\x05\x00"), 1, 0, STS_WHY_X509_WEAK_HASH },
	{ DER(OID_PKCS1 "\x03\x05\x00"), 1, 0, STS_WHY_X509_WEAK_HASH },
	{ DER(OID_PKCS1 "\x04\x05\x00"), 1, 0, STS_WHY_X509_WEAK_HASH },
	{ DER(OID_PKCS1 "\x05\x05\x00"), 1, 0, STS_WHY_X509_WEAK_HASH },
	{ DER(OID_PKCS1 "\x0e\x05\x00"), 1, 0, STS_WHY_X509_WEAK_HASH },
	/* SHA-1, SHA-224 with ECDSA */
	{ DER("\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), 0, 0,
	    STS_WHY_X509_WEAK_HASH },
	{ DER(OID_X962 "\x01"), 0, 0, STS_WHY_X509_WEAK_HASH },
};

/* Only named curves: explicit parameters match no row. */
static const struct sts_x509_key_alg key_algs[] = {
	{ "", 0, STS_X509_KEY_NONE, STS_WHY_X509_ALGORITHM, 0 },
	{ DER(OID_PKCS1 "\x01\x05\x00"), STS_X509_KEY_RSA, STS_WHY_NONE, 0 },
	{ DER(OID_EC_KEY "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"),
	    STS_X509_KEY_P256, STS_WHY_NONE, 65 },
	{ DER(OID_EC_KEY "\x06\x05\x2b\x81\x04\x00\x22"), STS_X509_KEY_P384,
	    STS_WHY_NONE, 97 },
	{ DER(OID_EC_KEY "\x06\x05\x2b\x81\x04\x00\x23"), STS_X509_KEY_P521,
	    STS_WHY_NONE, 133 },
	/* P-192, P-224 */
	{ DER(OID_EC_KEY "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x01"),
	    STS_X509_KEY_NONE, STS_WHY_X509_WEAK_KEY, 0 },
	{ DER(OID_EC_KEY "\x06\x05\x2b\x81\x04\x00\x21"), STS_X509_KEY_NONE,
	    STS_WHY_X509_WEAK_KEY, 0 },
};

/*
 * Policies are not processed. That is safe as long as no policyConstraints
 * asks for an explicit policy: it is not in this table, so that a critical
 * one is refused, while the other policy extensions cannot fail a path then
 * (RFC 5280 6.1.3 (f)).
 */
static const struct {
	const char *oid;
	uint8_t len;
	uint8_t ext;
} exts[] = {
	{ DER("\x55\x1d\x13"), STS_X509_EXT_BASIC_CONSTRAINTS },
	{ DER("\x55\x1d\x0f"), STS_X509_EXT_KEY_USAGE },
	{ DER("\x55\x1d\x25"), STS_X509_EXT_EXT_KEY_USAGE },
	{ DER("\x55\x1d\x11"), STS_X509_EXT_ALT_NAME },
	{ DER("\x55\x1d\x1e"), STS_X509_EXT_NAME_CONSTRAINTS },
	{ DER("\x2b\x06\x01\x05\x05\x07\x01\x18"), STS_X509_EXT_TLS_FEATURE },
	{ DER("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02"), STS_X509_EXT_SCTS },
	{ DER("\x55\x1d\x20"), STS_X509_EXT_IGNORED }, /* certificatePolicies */
	{ DER("\x55\x1d\x21"), STS_X509_EXT_IGNORED }, /* policyMappings */
	{ DER("\x55\x1d\x36"), STS_X509_EXT_IGNORED }, /* inhibitAnyPolicy */
};

static bool
same(struct sts_text a, const char *b, size_t len)
{
	return sts_text_same(a, sts_text((const uint8_t *)b, len));
}

/* Whether this build has the hash; one that was left out counts as unknown. */
static bool
hash_is_in(unsigned hash)
{
	return STS_SHA384_512 || hash <= br_sha256_ID;
}

static bool
key_is_in(unsigned type)
{
	return STS_P521 || type != STS_X509_KEY_P521;
}

const struct sts_x509_sig_alg *
sts_x509_sig_alg(struct sts_text der)
{
	for (size_t i = 1; i < sizeof sig_algs / sizeof *sig_algs; i++) {
		if (same(der, sig_algs[i].der, sig_algs[i].len)) {
			return &sig_algs[hash_is_in(sig_algs[i].hash) ? i : 0];
		}
	}
	return &sig_algs[0];
}

const struct sts_x509_key_alg *
sts_x509_key_alg(struct sts_text der)
{
	for (size_t i = 1; i < sizeof key_algs / sizeof *key_algs; i++) {
		if (same(der, key_algs[i].der, key_algs[i].len)) {
			return &key_algs[key_is_in(key_algs[i].type) ? i : 0];
		}
	}
	return &key_algs[0];
}

unsigned
sts_x509_sig_alg_row(const struct sts_x509_sig_alg *a)
{
	return (unsigned)(a - sig_algs);
}

enum sts_x509_ext
sts_x509_ext(struct sts_text oid)
{
	for (size_t i = 0; i < sizeof exts / sizeof *exts; i++) {
		if (same(oid, exts[i].oid, exts[i].len)) {
			return (enum sts_x509_ext)exts[i].ext;
		}
	}
	return STS_X509_EXT_UNKNOWN;
}

enum sts_x509_attribute
sts_x509_attribute(struct sts_text oid)
{
	if (same(oid, "\x55\x04\x03", 3)) {
		return STS_X509_ATTRIBUTE_NAME;
	}
	return same(oid, "\x55\x04\x0a", 3) ? STS_X509_ATTRIBUTE_ORGANISATION
					    : STS_X509_ATTRIBUTE_OTHER;
}

bool
sts_x509_oid_server_auth(struct sts_text oid)
{
	return same(oid, "\x2b\x06\x01\x05\x05\x07\x03\x01", 8);
}

bool
sts_x509_oid_any_usage(struct sts_text oid)
{
	return same(oid, "\x55\x1d\x25\x00", 4);
}

bool
sts_x509_oid_email(struct sts_text oid)
{
	return same(oid, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9);
}
