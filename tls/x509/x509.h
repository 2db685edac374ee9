/* SPDX-License-Identifier: MIT */
/*
 * A path of certificates judged (RFC 5280 6, RFC 9525, RFC 8461 3.3): the
 * first certificate is the server's, the others may come in any order, with
 * duplicates and strangers among them, with or without the root. Certificates
 * are fed as bytes; nothing is decided until they are all there. Then each
 * sts_x509_work() does at most one signature check, until there is a verdict:
 *
 * Example, with struct sts_x509 *x, const struct sts_anchors *anchors, struct
 * sts_text host, const struct sts_text *certs, size_t count, int64_t wall_s,
 * void (*report)(enum sts_why):
 *
 *	sts_x509_start(x, host, anchors, wall_s);
 *	for (size_t i = 0; i < count; i++) {
 *		sts_x509_cert_begin(x, certs[i].n);
 *		sts_x509_cert_feed(x, certs[i]);
 *		sts_x509_cert_end(x);
 *	}
 *	sts_x509_chain_end(x);
 *	while (sts_x509_pending(x)) {
 *		sts_x509_work(x);
 *	}
 *	report(sts_x509_verdict(x));
 *
 * What is accepted: RSA 2048 to 4096 with PKCS#1 v1.5, ECDSA on P-256, P-384,
 * P-521, with SHA-256, SHA-384, SHA-512; a dNSName that is the reference name
 * or a wildcard for its first label (never the common name); dates, CA and
 * key usage, path lengths and name constraints of every certificate of the
 * path, the anchor included. Several issuers of the same name are all tried.
 * An expired anchor is refused, as OpenSSL does.
 */
#ifndef STS_TLS_X509_H
#define STS_TLS_X509_H

#include "../../core/base/bytes.h"
#include "../../core/base/sts_config.h"
#include "../../core/base/why.h"
#include "anchors.h"
#include "x509_links.h"

/* Not less than sts_x509_size(), for static placing. */
#define STS_X509_SIZE_MAX                                                      \
	((size_t)STS_X509_ARENA + 82 * ((size_t)STS_X509_CERTS_MAX + 1) + 1000)

struct sts_x509; /* of sts_x509_size() bytes, aligned for a uint64_t */

/* Bytes of a chain's state. */
size_t sts_x509_size(void);

/*
 * Begin a chain.
 *
 * host     the reference name, valid, lower-case; borrowed until the verdict
 * anchors  trusted roots, borrowed until the verdict
 * wall_s   seconds since 1970 under which dates are judged
 */
void sts_x509_start(struct sts_x509 *x, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s);

/*
 * After start: look into l for signatures of intermediates, and remember there
 * those of a path that was accepted. Borrowed until the verdict.
 */
void sts_x509_use_links(struct sts_x509 *x, struct sts_x509_links *l);

/* One certificate of `len` bytes, DER, in pieces of any size. A certificate
 * that cannot be parsed or kept decides the verdict; further calls are then
 * no-ops. */
void sts_x509_cert_begin(struct sts_x509 *x, size_t len);
void sts_x509_cert_feed(struct sts_x509 *x, struct sts_text der);
void sts_x509_cert_end(struct sts_x509 *x);

/* All certificates are there. A fault of the server's own certificate that
 * takes no signature check decides now. */
void sts_x509_chain_end(struct sts_x509 *x);

/* Whether sts_x509_work() must be called. */
bool sts_x509_pending(const struct sts_x509 *x);

/* Do at most one signature check: up to 4 s on 31 MIPS. At most
 * STS_X509_CHECKS_MAX a chain. */
void sts_x509_work(struct sts_x509 *x);

/* Once chain_end was called and nothing is pending: NONE, or why the chain is
 * refused. */
enum sts_why sts_x509_verdict(const struct sts_x509 *x);

/* Accepted, and the certificate asks for a stapled OCSP response (RFC 7633),
 * which is not looked at: worth a log line. */
bool sts_x509_must_staple(const struct sts_x509 *x);

/*
 * How many certificate transparency logs the SCTs in the server's certificate
 * claim to come from (RFC 6962 3.3), up to 8; 0 without a list, or with one
 * that breaks the grammar. No signature of a log is checked: the number is the
 * CA's claim. The verdict does not depend on it.
 */
unsigned sts_x509_scts(const struct sts_x509 *x);

#endif
