/* SPDX-License-Identifier: MIT */
/* One signature of one certificate. */
#ifndef STS_TLS_X509_VERIFY_H
#define STS_TLS_X509_VERIFY_H

#include "x509_cert.h"
#include "x509_links.h"

/* A public key, its bytes borrowed. */
struct sts_x509_pubkey {
	uint8_t type; /* enum sts_x509_key */
	struct sts_text key; /* modulus or uncompressed point */
	struct sts_text exponent; /* RSA only */
};

/* The key of c, whose bytes are in arena. */
struct sts_x509_pubkey sts_x509_cert_key(
    const struct sts_x509_cert *c, const uint8_t *arena);

/*
 * Whether `key` made the signature on c (whose sig_fault is none). The most
 * costly thing in this room: on 31 MIPS up to 4 s.
 */
bool sts_x509_verify(const struct sts_x509_pubkey *key,
    const struct sts_x509_cert *c, const uint8_t *arena);

/* The key in BearSSL's terms. BearSSL never writes through its pointers. */
void sts_x509_br_key(const struct sts_x509_pubkey *key, br_x509_pkey *out);

/*
 * The entry for "this key made c's signature" among remembered links: the
 * SHA-256 of key, algorithm, TBS hash and signature, each with its length.
 */
void sts_x509_link(uint8_t link[STS_X509_LINK],
    const struct sts_x509_pubkey *key, const struct sts_x509_cert *c,
    const uint8_t *arena);

#endif
