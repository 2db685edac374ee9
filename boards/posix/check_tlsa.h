/* SPDX-License-Identifier: MIT */
/*
 * Certificates of a chain as octets: what TLSA records (RFC 6698, 7671, 7672)
 * say of them, and until when they last. For `mtasts check`, which reports on
 * every record and every certificate by itself.
 */
#ifndef STS_CHECK_TLSA_H
#define STS_CHECK_TLSA_H

#include "../../core/dane/dane.h"
#include "../../tls/tls_chain.h"
#include "../../tls/x509/x509.h"

/* Parts of a certificate: spans of its DER. */
struct sts_check_parts {
	struct sts_text spki; /* SubjectPublicKeyInfo, whole */
	int64_t not_after_s;
};

/* False: it is no certificate, or one that cannot be read (RFC 5280). */
bool sts_check_parts(struct sts_text der, struct sts_check_parts *out);

/* The SHA-256 of what "3 1 1" is about. */
void sts_check_digest(struct sts_text in, uint8_t out[32]);

/*
 * Whether a usable record authenticates the server that sent the chain.
 *
 * Usage 3: the first certificate is named; names and dates do not count (RFC
 * 7671 5.1). Usage 2: a certificate behind it is named, is a CA, and the first
 * one leads to it by signatures and dates, and is for one of the `names` (RFC
 * 7672 3.2.3).
 *
 * NONE: it does. TLSA_MISMATCH: it names no certificate of the chain. x509-...:
 * it names a CA of the chain, and that is wrong with the path to it; or
 * X509_LIMIT, and the chain was cut: it may name a certificate that was not kept.
 */
enum sts_why sts_check_tlsa_judge(const struct sts_tlsa *t,
    const struct sts_tls_chain *chain, const struct sts_text *names,
    unsigned name_count, int64_t wall_s);

/* The verdict on a chain by these anchors, for one name: NONE or x509-...;
 * X509_LIMIT, too, where what is missing may have been cut off. */
enum sts_why sts_check_path(const struct sts_tls_chain *chain,
    const struct sts_anchors *anchors, struct sts_text name, int64_t wall_s);

#endif
