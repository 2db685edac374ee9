/* SPDX-License-Identifier: MIT */
/* AES-GCM in pieces. Block 1 of the counter masks the tag, data begin with
 * block 2 (SP 800-38D 7.1). */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_gcm.h"

void
sts_tls_gcm_begin(struct sts_tls_gcm *g, const br_block_ctr_class **aes,
    br_ghash ghash, const uint8_t nonce[STS_TLS_GCM_NONCE], struct sts_text aad)
{
	static const uint8_t zeros[STS_TLS_GCM_NONCE] = { 0 };

	memset(g, 0, sizeof *g);
	g->ghash = ghash;
	g->counter = 2;
	g->aad_len = (uint32_t)aad.n;
	memcpy(g->nonce, nonce, sizeof g->nonce);
	/* The block of zeros under the key, as the counter's first of all. */
	(void)(*aes)->run(aes, zeros, 0, g->h, sizeof g->h);
	(void)(*aes)->run(aes, nonce, 1, g->mask, sizeof g->mask);
	ghash(g->y, g->h, aad.p, aad.n);
}

void
sts_tls_gcm_run(struct sts_tls_gcm *g, const br_block_ctr_class **aes,
    bool encrypt, struct sts_span p)
{
	STS_ASSERT(g->len % STS_TLS_GCM_BLOCK == 0);
	if (!encrypt) {
		g->ghash(g->y, g->h, p.p, p.n);
	}
	g->counter = (*aes)->run(aes, g->nonce, g->counter, p.p, p.n);
	if (encrypt) {
		g->ghash(g->y, g->h, p.p, p.n);
	}
	g->len += (uint32_t)p.n;
}

void
sts_tls_gcm_tag(struct sts_tls_gcm *g, uint8_t tag[STS_TLS_GCM_BLOCK])
{
	uint8_t bits[STS_TLS_GCM_BLOCK] = { 0 };

	sts_put32be(bits + 4, 8 * g->aad_len);
	sts_put32be(bits + 12, 8 * g->len);
	g->ghash(g->y, g->h, bits, sizeof bits);
	for (size_t i = 0; i < sizeof bits; i++) {
		tag[i] = g->y[i] ^ g->mask[i];
	}
}
