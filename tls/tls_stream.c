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

void
sts_tls_stream_begin(struct sts_tls_stream *s, const struct sts_tls_ciphers *c,
    struct sts_tls_direction *d, const uint8_t *rec, size_t len)
{
	br_aes_gen_ctr_keys aes;

	STS_ASSERT(sts_tls_stream_can(d));
	memset(s, 0, sizeof *s);
	s->left = (uint32_t)len;
	if (d->suite == NULL) {
		return;
	}
	STS_ASSERT(d->seq != UINT64_MAX);
	s->sealed = true;
	s->is_13 = d->suite->version == STS_TLS_13;
	/* A copy: what is in the record may change the keys of the next. */
	s->aes = c->aes;
	s->key_len = d->suite->key_len;
	memcpy(s->key, d->key, s->key_len);
	sts_tls_begin_gcm(c, d, rec, len, &aes, &s->gcm);
	sts_wipe(&aes, sizeof aes);
	d->seq++;
}

/* Decrypted, by a schedule made anew. */
static void
decrypt(struct sts_tls_stream *s, struct sts_span chunk)
{
	br_aes_gen_ctr_keys aes;

	s->aes->init(&aes.vtable, s->key, s->key_len);
	sts_tls_gcm_run(&s->gcm, &aes.vtable, false, chunk);
	sts_wipe(&aes, sizeof aes);
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
	STS_ASSERT(chunk.n > 0 && chunk.n <= s->left);
	STS_ASSERT(sts_tls_stream_piece(s).n == 0);
	s->left -= (uint32_t)chunk.n;
	if (s->sealed) {
		decrypt(s, chunk);
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
	bool good = true;

	STS_ASSERT(s->left == 0 && sts_tls_stream_piece(s).n == 0);
	*type = s->holds ? s->held : 0;
	if (s->sealed) {
		uint8_t want[STS_TLS_TAG];

		sts_tls_gcm_tag(&s->gcm, want);
		good = sts_tls_same(want, tag, sizeof want);
	}
	sts_wipe(s, sizeof *s);
	return good;
}
