/* SPDX-License-Identifier: MIT */
/*
 * Certificates for DANE (RFC 6698 2.1): whether a TLSA record names a
 * certificate, and how a certificate of a chain becomes a trust anchor by such
 * a record. Certificates are whole here, in DER.
 */
#ifndef STS_TLS_X509_TLSA_H
#define STS_TLS_X509_TLSA_H

#include "x509.h"

/*
 * Take the DER element of this tag off the front of *t: *contents of it, and
 * *whole with its header. For walking over what is whole already; what streams
 * is read by der.h. False, and nothing is changed: the element at the front is
 * another one, reaches beyond *t, has 2^24 octets or more, or a length that DER
 * writes otherwise.
 */
bool sts_x509_element(struct sts_text *t, uint8_t tag,
    struct sts_text *contents, struct sts_text *whole);

/*
 * The SubjectPublicKeyInfo of a certificate, header and all (RFC 6698 2.1.2),
 * as a span of it. False, and *spki unchanged: the bytes are no certificate as
 * far as that element.
 */
bool sts_x509_spki(struct sts_text der, struct sts_text *spki);

/*
 * Whether the data of a TLSA record matches the certificate.
 *
 * selector  0 the certificate, 1 its SubjectPublicKeyInfo
 * matching  0 the bytes themselves, 1 their SHA-256, 2 their SHA-512 (only
 *           where STS_SHA384_512 says so)
 *
 * Any other number, an empty data and an unreadable certificate: no match.
 */
bool sts_x509_tlsa_match(struct sts_text der, unsigned selector,
    unsigned matching, struct sts_text data);

/*
 * Write a certificate as a record of a set of anchors (struct sts_anchors)
 * into out. Returns its octets, or 0: it could vouch for nothing in any path
 * (RFC 5280), has no room, or is not valid before a later time than wall_s,
 * which no record keeps.
 *
 * x         memory to work in, where no chain is being judged; its contents
 *           are lost
 * wall_s    seconds since 1970
 * early     out: whether it is 0 for that time alone
 */
size_t sts_x509_own_anchor(struct sts_x509 *x, struct sts_text der,
    int64_t wall_s, bool *early, struct sts_span out);

#endif
