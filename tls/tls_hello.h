/* SPDX-License-Identifier: MIT */
/*
 * The ClientHello: TLS 1.3 and 1.2 in one (RFC 8446 4.1.2). It is built from
 * the seed and the name alone, so that the second one, after a
 * HelloRetryRequest, is the first with another share and the cookie.
 */
#ifndef STS_TLS_HELLO_H
#define STS_TLS_HELLO_H

#include "tls_exchange.h"

enum {
	STS_TLS_ALPN_MAX = 15, /* bytes of the protocol's name */
	STS_TLS_COOKIE_MAX = 320, /* of a HelloRetryRequest; NSS sends 114 */
	/* What a hello takes at most: 613 bytes and the cookie's extension. */
	STS_TLS_HELLO_MAX = 640 + STS_TLS_COOKIE_MAX
};

struct sts_tls_hello {
	const uint8_t *seed;
	struct sts_text name; /* for SNI */
	struct sts_text alpn; /* empty: not offered */
	uint16_t group; /* of the share */
	struct sts_text share;
	struct sts_text cookie; /* empty: none */
	uint8_t keys; /* of certificates: BR_KEYTYPE_...; 0: any */
};

/* Write the message with its header to out, which has STS_TLS_HELLO_MAX
 * bytes. Returns its length. */
size_t sts_tls_hello_write(const struct sts_tls_hello *h, uint8_t *out);

/* Extensions that it has, as bits 1 << enum sts_tls_ext. */
uint32_t sts_tls_hello_offers(const struct sts_tls_hello *h);

/* The length that it asks for by max_fragment_length, if it does. */
uint16_t sts_tls_hello_fragment_length(void);

/* Whether a server sends back the session id of the hello with this seed. */
bool sts_tls_hello_echoed(
    const uint8_t seed[STS_TLS_SEED], struct sts_text session_id);

#endif
