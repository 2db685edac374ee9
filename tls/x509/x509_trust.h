/* SPDX-License-Identifier: MIT */
/*
 * The trust settings that OpenSSL writes behind a certificate in a block
 * "TRUSTED CERTIFICATE" (X509_CERT_AUX), byte-fed:
 *
 *	SEQUENCE {
 *		trust	SEQUENCE OF OBJECT IDENTIFIER OPTIONAL,
 *		reject	[0] SEQUENCE OF OBJECT IDENTIFIER OPTIONAL,
 *		alias, keyid, other: not looked at }
 */
#ifndef STS_TLS_X509_TRUST_H
#define STS_TLS_X509_TRUST_H

#include "der.h"

enum {
	STS_X509_TRUST_OID = 16 /* bytes kept of an OID; longer: a stranger */
};

struct sts_x509_trust {
	/* Private. */
	struct sts_der der;
	bool broken;
	bool some; /* bytes came */
	bool begun; /* the outer SEQUENCE; there is only one */
	bool rejecting; /* the list at hand is `reject` */
	bool listed; /* a list `trust` is there, */
	bool trusted; /* and names server authentication */
	bool rejected; /* `reject` does */
	uint8_t oid_len; /* OID + 1: longer */
	uint8_t oid[STS_X509_TRUST_OID];
};

/* Begin with no settings; feed their DER, in pieces of any size. */
void sts_x509_trust_begin(struct sts_x509_trust *t);
void sts_x509_trust_feed(struct sts_x509_trust *t, struct sts_text in);

/*
 * The end. Whether the settings let the certificate vouch for TLS servers:
 * `reject` names neither serverAuth nor any use, and `trust` is absent or
 * names one of them. No settings at all (no bytes were fed) allow it, those
 * that cannot be read do not.
 */
bool sts_x509_trust_end(struct sts_x509_trust *t);

#endif
