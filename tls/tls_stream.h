/* SPDX-License-Identifier: MIT */
/*
 * A record that is larger than the buffer, opened piece by piece: what comes
 * out is not authenticated before the end. That is good enough for a
 * handshake, which Finished authenticates again and which holds nothing
 * secret, and for application bytes that the owner takes for provisional.
 *
 *	sts_tls_stream_begin(s, ...);
 *	for each chunk of content, of at most `left` bytes in all
 *		sts_tls_stream_take(s, chunk);
 *		while ((piece = sts_tls_stream_piece(s)).n > 0)
 *			... sts_tls_stream_used(s, n);
 *	sts_tls_stream_end(s, tag)
 *
 * In TLS 1.3 the last byte that is not 0 is no content but the type: one byte
 * and a count of zeros are held back.
 */
#ifndef STS_TLS_STREAM_H
#define STS_TLS_STREAM_H

#include "tls_records.h"

struct sts_tls_stream {
	/* Private. The key is kept, not its schedule, which is made for each
	 * chunk: 36 bytes in place of 256. */
	const br_block_ctr_class *aes;
	uint8_t key[32];
	struct sts_tls_gcm gcm;
	struct sts_text chunk; /* of it, what was not used yet */
	uint32_t left; /* bytes of content to come */
	uint32_t zeros; /* held back */
	uint32_t zeros_due; /* pieces, like `held_due` */
	uint8_t held, held_due, key_len;
	bool sealed, is_13, holds, holds_due;
};

/* Whether records of d can be opened so: in the clear, or by AES-GCM. */
bool sts_tls_stream_can(const struct sts_tls_direction *d);

/*
 * Begin; it counts as a record of d. rec: header and, where it is sent, nonce
 * of the record; len: bytes of content, without nonce and tag.
 */
void sts_tls_stream_begin(struct sts_tls_stream *s,
    const struct sts_tls_ciphers *c, struct sts_tls_direction *d,
    const uint8_t *rec, size_t len);

/* Open a chunk in place, of STS_TLS_GCM_BLOCK bytes or a multiple of it unless
 * it is the last; it stays the owner's memory and is not touched until
 * all pieces were used. */
void sts_tls_stream_take(struct sts_tls_stream *s, struct sts_span chunk);
struct sts_text sts_tls_stream_piece(const struct sts_tls_stream *s);
void sts_tls_stream_used(struct sts_tls_stream *s, size_t n);

/* All content came: whether the tag is right, and the type inside (TLS 1.3;
 * 0: it was all zeros). Wipes s. */
bool sts_tls_stream_end(
    struct sts_tls_stream *s, const uint8_t tag[STS_TLS_TAG], uint8_t *type);

#endif
