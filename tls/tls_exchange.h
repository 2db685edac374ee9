/* SPDX-License-Identifier: MIT */
/*
 * All randomness of a session, drawn from one seed, and the key exchange
 * (RFC 8446 7.4.2, RFC 8422). No private key is kept: it is drawn again when
 * it is needed, so that equal seeds give equal bytes and a session holds one
 * secret less.
 */
#ifndef STS_TLS_EXCHANGE_H
#define STS_TLS_EXCHANGE_H

#include "tls_params.h"

enum {
	STS_TLS_SEED = 48,
	STS_TLS_RANDOM = 32
};

enum sts_tls_purpose {
	STS_TLS_DRAW_RANDOM = 1, /* of the ClientHello */
	STS_TLS_DRAW_SESSION_ID = 2,
	STS_TLS_DRAW_KEY = 3 /* and the group: a private key */
};

/* Draw 32 bytes. */
void sts_tls_draw(const uint8_t seed[STS_TLS_SEED],
    enum sts_tls_purpose purpose, uint8_t out[STS_TLS_RANDOM]);

/* Our share of a group to out, g->point_len bytes. A public-key operation. */
void sts_tls_share(const uint8_t seed[STS_TLS_SEED],
    const struct sts_tls_group *g, uint8_t *out);

/*
 * The secret shared with the owner of `peer`, g->secret_len bytes, to out.
 * False: the peer's share is no point of the group, or one that gives the
 * all-zero secret; out is then undefined. A public-key operation.
 */
bool sts_tls_secret(const uint8_t seed[STS_TLS_SEED],
    const struct sts_tls_group *g, struct sts_text peer, uint8_t *out);

#endif
