/* SPDX-License-Identifier: MIT */
/*
 * What the client offers, in the order of its preference: cipher suites,
 * groups and signature schemes. Whatever a server chooses is looked up here;
 * what is not found was not offered.
 */
#ifndef STS_TLS_PARAMS_H
#define STS_TLS_PARAMS_H

#include <bearssl.h>

#include "../core/base/bytes.h"
#include "../core/base/sts_config.h"
#include "signature.h"

enum {
	STS_TLS_10 = 0x0301,
	STS_TLS_12 = 0x0303,
	STS_TLS_13 = 0x0304
};

enum {
	STS_TLS_PLAIN_MAX = 16384, /* bytes of a record's content */
	/* A sealed record of TLS 1.3, the largest of all: RFC 8446 5.2. */
	STS_TLS_RECORD_FULL = 5 + STS_TLS_PLAIN_MAX + 256,
	/* The buffer does not hold every record: small ones are asked for, and
	 * larger ones are decrypted piece by piece, which only AES-GCM can. */
	STS_TLS_SMALL = STS_TLS_RECORD_SIZE < STS_TLS_RECORD_FULL
};

enum {
	/* Longest point of a group, and longest shared secret. */
	STS_TLS_SHARE_MAX = STS_P521 ? 133 : 97,
	STS_TLS_SECRET_MAX = STS_P521 ? 66 : 48
};

/* Alerts (RFC 8446 6) that are sent or understood. 0 stands for none: a
 * close_notify is no error. */
enum sts_tls_alert {
	STS_ALERT_NONE = 0,
	STS_ALERT_CLOSE_NOTIFY = 0,
	STS_ALERT_UNEXPECTED_MESSAGE = 10,
	STS_ALERT_BAD_RECORD_MAC = 20,
	STS_ALERT_RECORD_OVERFLOW = 22,
	STS_ALERT_BAD_CERTIFICATE = 42,
	STS_ALERT_UNSUPPORTED_CERTIFICATE = 43,
	STS_ALERT_CERTIFICATE_EXPIRED = 45,
	STS_ALERT_ILLEGAL_PARAMETER = 47,
	STS_ALERT_UNKNOWN_CA = 48,
	STS_ALERT_DECODE_ERROR = 50,
	STS_ALERT_DECRYPT_ERROR = 51,
	STS_ALERT_PROTOCOL_VERSION = 70,
	STS_ALERT_INTERNAL_ERROR = 80,
	STS_ALERT_USER_CANCELED = 90,
	STS_ALERT_MISSING_EXTENSION = 109,
	STS_ALERT_UNSUPPORTED_EXTENSION = 110,
	STS_ALERT_NO_APPLICATION_PROTOCOL = 120
};

enum sts_tls_cipher {
	STS_TLS_AES_GCM,
	STS_TLS_CHACHA20
};

struct sts_tls_suite {
	uint16_t id;
	uint16_t version;
	uint8_t cipher; /* enum sts_tls_cipher */
	uint8_t key_len;
	uint8_t hash_id; /* of key schedule or PRF */
	uint8_t key_type; /* BR_KEYTYPE_RSA, BR_KEYTYPE_EC; 0: any */
};

/* The i-th that is offered, or NULL behind the last. */
const struct sts_tls_suite *sts_tls_suite(unsigned i);
/* The one with this number, or NULL: not offered. */
const struct sts_tls_suite *sts_tls_suite_find(uint16_t id);

/* Whether it is for certificates with this kind of key, BR_KEYTYPE_...; 0: any
 * will do. */
bool sts_tls_suite_for(const struct sts_tls_suite *s, uint8_t keys);

/* Groups have the same numbers in TLS and in BearSSL. */
struct sts_tls_group {
	uint16_t id;
	uint8_t point_len;
	uint8_t secret_len;
};

/* Number i in our order, NULL: there are no more; the one with this number of
 * TLS, NULL: it is not offered. */
const struct sts_tls_group *sts_tls_group(unsigned i);
const struct sts_tls_group *sts_tls_group_find(uint16_t id);

struct sts_tls_scheme {
	uint16_t id;
	uint8_t signature; /* enum sts_signature_scheme */
	uint8_t hash_id;
	uint8_t curve; /* of the key, bound in TLS 1.3; 0: it is RSA */
};

/* The same for schemes. */
const struct sts_tls_scheme *sts_tls_scheme(unsigned i);
const struct sts_tls_scheme *sts_tls_scheme_find(uint16_t id);

/* Whether it is a signature by this kind of key, BR_KEYTYPE_...; 0: any. */
bool sts_tls_scheme_for(const struct sts_tls_scheme *s, uint8_t keys);

/* Whether a server of this version may use the scheme with this key: PKCS#1
 * is for TLS 1.2, where curve and hash are free (RFC 8446 4.2.3). */
bool sts_tls_scheme_fits(
    const struct sts_tls_scheme *s, uint16_t version, const br_x509_pkey *key);

#endif
