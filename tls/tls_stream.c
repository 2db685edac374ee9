/* SPDX-License-Identifier: MIT */
/* A record opened piece by piece. */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_stream.h"

static const uint8_t zeros[64] = { 0 };

bool
sts_tls_stream_can(const struct sts_tls_direction *d)
{
	return d->suite == NULL || d->suite->cipher == STS_TLS_AES_GCM;
}

/* GCM goes on with this schedule, which is its owner's to wipe. */
static void
schedule(struct sts_tls_stream *s, br_aes_gen_ctr_keys *aes)
{
	s->ciphers->aes->init(&aes->vtable, s->key, s->key_len);
	s->gcm.bctx = &aes->vtable;
}

void
sts_tls_stream_begin(struct sts_tls_stream *s, const struct sts_tls_ciphers *c,
    struct sts_tls_direction *d, const uint8_t *header, const uint8_t *sent,
    size_t len)
{
	uint8_t nonce[STS_TLS_IV], aad[STS_TLS_AAD_MAX];
	br_aes_gen_ctr_keys aes;
	size_t aad_len;

	STS_ASSERT(sts_tls_stream_can(d));
	s->chunk = sts_text(NULL, 0);
	s->left = (uint32_t)len;
	s->zeros = s->zeros_due = 0;
	s->holds = s->holds_due = false;
	s->sealed = d->suite != NULL;
	s->is_13 = s->sealed && d->suite->version == STS_TLS_13;
	if (!s->sealed) {
		return;
	}
	STS_ASSERT(d->seq != UINT64_MAX);
	sts_tls_nonce(d, sent, nonce);
	aad_len = sts_tls_aad(d, header, len, aad);
	/* A copy: what is in the record may change the keys of the next. */
	s->ciphers = c;
	s->key_len = d->suite->key_len;
	memcpy(s->key, d->key, s->key_len);
	schedule(s, &aes);
	br_gcm_init(&s->gcm, &aes.vtable, c->ghash);
	br_gcm_reset(&s->gcm, nonce, sizeof nonce);
	br_gcm_aad_inject(&s->gcm, aad, aad_len);
	br_gcm_flip(&s->gcm);
	sts_wipe(&aes, sizeof aes);
	d->seq++;
}

/* The last byte that is not 0 may be the type: hold it back, and what was
 * held back until now was content. */
static void
hold_back(struct sts_tls_stream *s, struct sts_span chunk)
{
	size_t n = chunk.n;

	while (n > 0 && chunk.p[n - 1] == 0) {
		n--;
	}
	if (n == 0) {
		s->zeros += (uint32_t)chunk.n;
		return;
	}
	s->holds_due = s->holds;
	s->held_due = s->held;
	s->zeros_due = s->zeros;
	s->chunk = sts_text(chunk.p, n - 1);
	s->held = chunk.p[n - 1];
	s->holds = true;
	s->zeros = (uint32_t)(chunk.n - n);
}

void
sts_tls_stream_take(struct sts_tls_stream *s, struct sts_span chunk)
{
	br_aes_gen_ctr_keys aes;

	STS_ASSERT(chunk.n > 0 && chunk.n <= s->left);
	STS_ASSERT(sts_tls_stream_piece(s).n == 0);
	s->left -= (uint32_t)chunk.n;
	if (s->sealed) {
		schedule(s, &aes);
		br_gcm_run(&s->gcm, 0, chunk.p, chunk.n);
		sts_wipe(&aes, sizeof aes);
	}
	if (s->is_13) {
		hold_back(s, chunk);
	} else {
		s->chunk = sts_text(chunk.p, chunk.n);
	}
}

struct sts_text
sts_tls_stream_piece(const struct sts_tls_stream *s)
{
	if (s->holds_due) {
		return sts_text(&s->held_due, 1);
	}
	if (s->zeros_due > 0) {
		return sts_text(zeros,
		    s->zeros_due < sizeof zeros ? s->zeros_due : sizeof zeros);
	}
	return s->chunk;
}

void
sts_tls_stream_used(struct sts_tls_stream *s, size_t n)
{
	STS_ASSERT(n <= sts_tls_stream_piece(s).n);
	if (n == 0) {
		return;
	}
	if (s->holds_due) {
		s->holds_due = false;
	} else if (s->zeros_due > 0) {
		s->zeros_due -= (uint32_t)n;
	} else {
		s->chunk = sts_text(s->chunk.p + n, s->chunk.n - n);
	}
}

bool
sts_tls_stream_end(
    struct sts_tls_stream *s, const uint8_t tag[STS_TLS_TAG], uint8_t *type)
{
	br_aes_gen_ctr_keys aes;
	bool good = true;

	STS_ASSERT(s->left == 0 && sts_tls_stream_piece(s).n == 0);
	*type = s->holds ? s->held : 0;
	if (s->sealed) {
		schedule(s, &aes);
		good = br_gcm_check_tag(&s->gcm, tag) == 1;
		sts_wipe(&aes, sizeof aes);
	}
	sts_wipe(s, sizeof *s);
	return good;
}
