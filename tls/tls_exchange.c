/* SPDX-License-Identifier: MIT */
/* Key exchange over BearSSL's curves. */
#include <string.h>

#include "../core/base/assert.h"
#include "curves.h"
#include "tls_exchange.h"
#include "tls_keys.h"

enum {
	UNCOMPRESSED = 4
};

/* HMAC-SHA-256 of purpose, number and counter under the seed: independent
 * values as long as the seed is not known. */
static void
draw(const uint8_t *seed, uint8_t purpose, uint16_t number, uint8_t counter,
    uint8_t out[STS_TLS_RANDOM])
{
	uint8_t what[4] = { purpose, (uint8_t)(number >> 8), (uint8_t)number,
		counter };

	sts_tls_hmac(br_sha256_ID, sts_text(seed, STS_TLS_SEED),
	    sts_text(what, sizeof what), sts_span(out, STS_TLS_RANDOM));
}

void
sts_tls_draw(const uint8_t seed[STS_TLS_SEED], enum sts_tls_purpose purpose,
    uint8_t out[STS_TLS_RANDOM])
{
	draw(seed, (uint8_t)purpose, 0, 0, out);
}

/*
 * The private key of a group: random bytes as long as the order, the top ones
 * masked so that the key is below the order, the last bit set so that it is
 * not zero; which loses next to nothing of the order's bits. The masks do not
 * matter to X25519, which has its own (RFC 7748 5).
 */
static size_t
draw_key(const uint8_t *seed, const struct sts_tls_group *g,
    uint8_t key[STS_TLS_SECRET_MAX + STS_TLS_RANDOM])
{
	size_t len, at;
	const unsigned char *order = sts_curves()->order(g->id, &len);
	unsigned mask = 0xff;

	STS_ASSERT(len > 0 && len <= STS_TLS_SECRET_MAX);
	for (at = 0; at < len; at += STS_TLS_RANDOM) {
		draw(seed, STS_TLS_DRAW_KEY, g->id,
		    (uint8_t)(at / STS_TLS_RANDOM), key + at);
	}
	while (mask >= order[0]) {
		mask >>= 1;
	}
	key[0] &= (uint8_t)mask;
	key[len - 1] |= 1;
	return len;
}

void
sts_tls_share(const uint8_t seed[STS_TLS_SEED], const struct sts_tls_group *g,
    uint8_t *out)
{
	uint8_t key[STS_TLS_SECRET_MAX + STS_TLS_RANDOM];
	size_t len = draw_key(seed, g, key);

	len = sts_curves()->mulgen(out, key, len, g->id);
	STS_ASSERT(len == g->point_len);
	sts_wipe(key, sizeof key);
}

/* In constant time: what it looks at is secret. */
static bool
all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++) {
		any |= p[i];
	}
	return any == 0;
}

bool
sts_tls_secret(const uint8_t seed[STS_TLS_SEED], const struct sts_tls_group *g,
    struct sts_text peer, uint8_t *out)
{
	uint8_t key[STS_TLS_SECRET_MAX + STS_TLS_RANDOM];
	uint8_t point[STS_TLS_SHARE_MAX];
	size_t len, off;
	bool good;

	if (peer.n != g->point_len ||
	    (g->id != BR_EC_curve25519 && peer.p[0] != UNCOMPRESSED)) {
		return false;
	}
	memcpy(point, peer.p, peer.n);
	len = draw_key(seed, g, key);
	good = sts_curves()->mul(point, peer.n, key, len, g->id) == 1;
	off = sts_curves()->xoff(g->id, &len);
	STS_ASSERT(len == g->secret_len);
	memcpy(out, point + off, len);
	sts_wipe(key, sizeof key);
	sts_wipe(point, sizeof point);
	/* No curve looks at this: RFC 8446 7.4.2. */
	return good && !all_zero(out, len);
}
