/* SPDX-License-Identifier: MIT */
/*
 * Name constraints (RFC 5280 4.2.1.10). They are kept as entries of
 *
 *	kind (form, 0x80 set: excluded), length, bytes
 *
 * where a dNSName has its text, a directoryName the hash of its RDNs (nothing
 * when it is empty, as all names are within that), and other forms nothing.
 *
 * Only the reference name is relied on, so that it alone is held against
 * dNSName constraints, not every name a certificate lists. Of names of other
 * forms it is known only whether they occur: a certificate that has a name of a
 * constrained form is refused. Subjects are held against directoryName
 * constraints byte for byte.
 */
#ifndef STS_TLS_X509_NAMES_H
#define STS_TLS_X509_NAMES_H

#include "x509_cert.h"

enum {
	STS_X509_NC_EXCLUDED = 0x80
};

/* Whether the constraints nc allow the reference name. */
bool sts_x509_nc_host(struct sts_text nc, struct sts_text host);

/* Whether they allow the other names of c; its RDN hashes are in arena. */
bool sts_x509_nc_cert(
    struct sts_text nc, const struct sts_x509_cert *c, const uint8_t *arena);

#endif
