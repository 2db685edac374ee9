/* SPDX-License-Identifier: MIT */
/* HMAC-SHA-256 by BearSSL. */
#include <bearssl.h>

#include "../core/base/assert.h"
#include "mac.h"

STS_STATIC_ASSERT(
    sizeof(br_hmac_context) <= sizeof(struct sts_mac), mac_has_room);
STS_STATIC_ASSERT(STS_MAC_SIZE == br_sha256_SIZE, mac_is_whole);

static br_hmac_context *
context(struct sts_mac *m)
{
	return (br_hmac_context *)(void *)m->space;
}

void
sts_mac_begin(struct sts_mac *m, const uint8_t key[STS_MAC_KEY])
{
	br_hmac_key_context k;

	br_hmac_key_init(&k, &br_sha256_vtable, key, STS_MAC_KEY);
	br_hmac_init(context(m), &k, 0);
	sts_wipe(&k, sizeof k);
}

void
sts_mac_add(struct sts_mac *m, struct sts_text t)
{
	if (t.n > 0) {
		br_hmac_update(context(m), t.p, t.n);
	}
}

void
sts_mac_end(struct sts_mac *m, uint8_t out[STS_MAC_SIZE])
{
	br_hmac_out(context(m), out);
	sts_wipe(m, sizeof *m);
}

bool
sts_mac_same(const uint8_t a[STS_MAC_SIZE], const uint8_t b[STS_MAC_SIZE])
{
	unsigned differs = 0;

	for (unsigned i = 0; i < STS_MAC_SIZE; i++) {
		differs |= (unsigned)(a[i] ^ b[i]);
	}
	return differs == 0;
}
