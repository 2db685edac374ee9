/* SPDX-License-Identifier: MIT */
/*
 * AES-GCM (NIST SP 800-38D) over BearSSL's counter mode and GHASH, in pieces
 * and in place. BearSSL's own keeps the block cipher's schedule from the
 * beginning to the end, and takes pieces of any length; this one needs the
 * schedule only where it computes with it, and is a fifth of the code.
 *
 *	sts_tls_gcm_begin(&g, &aes.vtable, ghash, nonce, aad);
 *	sts_tls_gcm_run(&g, &aes.vtable, encrypt, piece); ...
 *	sts_tls_gcm_tag(&g, tag);
 */
#ifndef STS_TLS_GCM_H
#define STS_TLS_GCM_H

#include <bearssl.h>

#include "../core/base/bytes.h"

enum {
	STS_TLS_GCM_BLOCK = 16,
	STS_TLS_GCM_NONCE = 12
};

struct sts_tls_gcm {
	/* Private. */
	br_ghash ghash;
	uint32_t counter; /* of the next block */
	uint32_t aad_len, len; /* bytes hashed */
	uint8_t h[STS_TLS_GCM_BLOCK]; /* GHASH's key */
	uint8_t y[STS_TLS_GCM_BLOCK]; /* GHASH so far */
	uint8_t mask[STS_TLS_GCM_BLOCK]; /* of the tag */
	uint8_t nonce[STS_TLS_GCM_NONCE];
};

/* Begin under the key whose schedule aes is. It is the owner's to wipe, like
 * g. No key is used with the same nonce again. */
void sts_tls_gcm_begin(struct sts_tls_gcm *g, const br_block_ctr_class **aes,
    br_ghash ghash, const uint8_t nonce[STS_TLS_GCM_NONCE],
    struct sts_text aad);

/* Encrypt or decrypt p in place; all pieces but the last are of whole blocks,
 * and less than 256 MB come in all. */
void sts_tls_gcm_run(struct sts_tls_gcm *g, const br_block_ctr_class **aes,
    bool encrypt, struct sts_span p);

/* The tag over all of it. Nothing may follow. */
void sts_tls_gcm_tag(struct sts_tls_gcm *g, uint8_t tag[STS_TLS_GCM_BLOCK]);

#endif
