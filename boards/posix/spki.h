/* SPDX-License-Identifier: MIT */
/*
 * Certificates and keys of PEM files, as far as TLSA records are made of them:
 * the SubjectPublicKeyInfo of each (RFC 5280 4.1.2.7), hashed.
 */
#ifndef STS_SPKI_H
#define STS_SPKI_H

#include "../../core/base/bytes.h"
#include "../../core/base/why.h"

enum {
	STS_SPKI_HASH = 32, /* SHA-256 */
	STS_SPKI_DER_MAX = 16384, /* octets of one certificate */
	STS_SPKI_FILE_MAX = 262144,
	STS_SPKI_MAX = 16, /* certificates of one file */
	STS_SPKI_WHY_MAX = 200
};

struct sts_spki {
	uint8_t hash[STS_SPKI_HASH]; /* of the SubjectPublicKeyInfo */
	bool certificate; /* else a bare public key or a request: below unset */
	bool ca;
	bool names_host; /* a dNSName matches */
	int64_t not_after_s;
	unsigned line; /* of the file where it begins */
};

struct sts_spkis {
	unsigned count;
	struct sts_spki item[STS_SPKI_MAX];
};

/*
 * Read every block of the PEM text: CERTIFICATE, PUBLIC KEY and CERTIFICATE
 * REQUEST. `host` is looked for among a certificate's names. False: `why` says
 * for people what is wrong and where; a file with one broken or strange block
 * is refused as a whole.
 */
bool sts_spki_read(struct sts_spkis *out, struct sts_text pem,
    struct sts_text host, char why[STS_SPKI_WHY_MAX]);

#endif
