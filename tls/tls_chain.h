/* SPDX-License-Identifier: MIT */
/*
 * Certificates as a server sent them, kept in memory of the owner's, who judges
 * the same chain by WebPKI and by TLSA records. The first ones are kept, in
 * their order; where the memory ends, the rest is left out.
 *
 *	struct sts_tls_chain c = { .p = memory, .size = sizeof memory };
 *	sts_tls_collect(t, &c);
 *	...
 *	for (unsigned i = 0; i < c.count; i++)
 *		... sts_tls_chain_cert(&c, i) ...
 */
#ifndef STS_TLS_CHAIN_H
#define STS_TLS_CHAIN_H

#include "../core/base/bytes.h"
#include "../core/base/sts_config.h"

struct sts_tls_chain {
	/* Set by the owner. */
	uint8_t *p;
	size_t size; /* 4,096 octets hold what most servers send */

	/* Readable. */
	unsigned count; /* certificates that are kept, each whole */
	bool cut; /* others came that did not fit */

	/* Private. */
	size_t len; /* octets of p in use */
	size_t left; /* octets of this certificate to come */
	size_t end[STS_X509_CERTS_MAX + 1];
};

/* The certificate number i < c->count, the server's own being 0. */
struct sts_text sts_tls_chain_cert(const struct sts_tls_chain *c, unsigned i);

/* For the session: start without any certificate; begin one of `len` octets;
 * take octets of it, in pieces. A certificate is counted at its end. */
void sts_tls_chain_start(struct sts_tls_chain *c);
void sts_tls_chain_begin(struct sts_tls_chain *c, size_t len);
void sts_tls_chain_add(struct sts_tls_chain *c, struct sts_text der);

#endif
