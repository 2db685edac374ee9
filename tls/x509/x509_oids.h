/* SPDX-License-Identifier: MIT */
/*
 * The algorithms and extensions a certificate may name: rows found by the
 * exact DER bytes, so that no unusual encoding of one passes for it.
 */
#ifndef STS_TLS_X509_OIDS_H
#define STS_TLS_X509_OIDS_H

#include "../../core/base/bytes.h"
#include "../../core/base/why.h"

/* A signature algorithm. */
struct sts_x509_sig_alg {
	const char *der; /* contents of the AlgorithmIdentifier */
	uint8_t len;
	uint8_t rsa; /* else ECDSA */
	uint8_t hash; /* BearSSL's number; 0: refused for `fault` */
	uint8_t fault;
};

/* A kind of public key. */
struct sts_x509_key_alg {
	const char *der;
	uint8_t len;
	uint8_t type; /* enum sts_x509_key */
	uint8_t fault;
	uint8_t point_len; /* of an uncompressed point */
};

enum sts_x509_ext {
	STS_X509_EXT_UNKNOWN = 0,
	STS_X509_EXT_BASIC_CONSTRAINTS,
	STS_X509_EXT_KEY_USAGE,
	STS_X509_EXT_EXT_KEY_USAGE,
	STS_X509_EXT_ALT_NAME,
	STS_X509_EXT_NAME_CONSTRAINTS,
	STS_X509_EXT_TLS_FEATURE,
	STS_X509_EXT_SCTS,
	STS_X509_EXT_IGNORED /* understood well enough to be critical */
};

/* Never NULL; the row of what is not known has a fault. Rows are told apart
 * by their address. */
const struct sts_x509_sig_alg *sts_x509_sig_alg(struct sts_text der);
const struct sts_x509_key_alg *sts_x509_key_alg(struct sts_text der);

/* The row with this number, 0 for what is not known. */
unsigned sts_x509_sig_alg_row(const struct sts_x509_sig_alg *a);

/* An extension by its OID; UNKNOWN: it must not be critical. */
enum sts_x509_ext sts_x509_ext(struct sts_text oid);

enum sts_x509_attribute {
	STS_X509_ATTRIBUTE_OTHER = 0,
	STS_X509_ATTRIBUTE_NAME, /* commonName */
	STS_X509_ATTRIBUTE_ORGANISATION
};

/* An attribute of a name, by its type. */
enum sts_x509_attribute sts_x509_attribute(struct sts_text oid);

/* Key purposes and attribute types. */
bool sts_x509_oid_server_auth(struct sts_text oid);
bool sts_x509_oid_any_usage(struct sts_text oid);
bool sts_x509_oid_email(struct sts_text oid);

#endif
