/* SPDX-License-Identifier: MIT */
/*
 * Record protection with whole records, in place. A direction without a suite
 * is in the clear.
 *
 * Invariants: a sequence number is used once for each key, goes up by one for
 * each record and never wraps; it is TLS 1.3's nonce and ChaCha20's in both
 * versions, and AES-GCM of TLS 1.2 sends it (RFC 5288 3). The content of a
 * record whose tag is wrong has been decrypted in its place, and is not to be
 * read: the caller ends the session.
 *
 * The attacker changes, reorders, cuts and adds records: all of it shows in
 * the tag. What is not sealed, the type and the length in the header, is held
 * against its bounds by sts_tls_judge_header.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_records.h"

enum {
	WIDE =
	    sizeof(size_t) >= 8, /* products of 64 bits are one instruction */
	AAD_12 = 13,
	SEALED_MAX = STS_TLS_PLAIN_MAX + 256 /* RFC 8446 5.2 */
};

void
sts_tls_ciphers_choose(struct sts_tls_ciphers *c)
{
	c->aes = br_aes_x86ni_ctr_get_vtable();
	if (c->aes == NULL) {
		c->aes = WIDE ? &br_aes_ct64_ctr_vtable : &br_aes_ct_ctr_vtable;
	}
	c->ghash = br_ghash_pclmul_get();
	if (c->ghash == 0) {
		c->ghash = WIDE ? &br_ghash_ctmul64 : &br_ghash_ctmul;
	}
	if (STS_TLS_SMALL) {
		return; /* no suite with the others is offered */
	}
	c->chacha20 = br_chacha20_sse2_get();
	if (c->chacha20 == 0) {
		c->chacha20 = &br_chacha20_ct_run;
	}
	c->poly1305 = br_poly1305_ctmulq_get();
	if (c->poly1305 == 0) {
		c->poly1305 = &br_poly1305_ctmul_run;
	}
}

static bool
is_13(const struct sts_tls_direction *d)
{
	return d->suite->version == STS_TLS_13;
}

/* Whether each record carries a part of its nonce. */
static bool
nonce_sent(const struct sts_tls_direction *d)
{
	return !is_13(d) && d->suite->cipher == STS_TLS_AES_GCM;
}

size_t
sts_tls_before(const struct sts_tls_direction *d)
{
	return d->suite != NULL && nonce_sent(d)
		   ? STS_TLS_HEADER + STS_TLS_NONCE_12
		   : STS_TLS_HEADER;
}

size_t
sts_tls_behind(const struct sts_tls_direction *d)
{
	if (d->suite == NULL) {
		return 0;
	}
	return is_13(d) ? 1 + STS_TLS_TAG : STS_TLS_TAG;
}

size_t
sts_tls_around(const struct sts_tls_direction *d)
{
	return sts_tls_before(d) - STS_TLS_HEADER +
	       (d->suite != NULL ? STS_TLS_TAG : 0);
}

bool
sts_tls_in_clear(const struct sts_tls_direction *d, uint8_t type)
{
	return d->suite == NULL ||
	       (is_13(d) && type == STS_TLS_CHANGE_CIPHER_SPEC);
}

enum sts_tls_alert
sts_tls_judge_header(
    const struct sts_tls_direction *d, uint8_t type, size_t body)
{
	bool clear = sts_tls_in_clear(d, type);

	if (type < STS_TLS_CHANGE_CIPHER_SPEC || type > STS_TLS_APPLICATION ||
	    (clear && type == STS_TLS_APPLICATION)) {
		return STS_ALERT_UNEXPECTED_MESSAGE;
	}
	if (!clear && is_13(d) && type != STS_TLS_APPLICATION) {
		return STS_ALERT_UNEXPECTED_MESSAGE;
	}
	return body > (clear ? STS_TLS_PLAIN_MAX : SEALED_MAX)
		   ? STS_ALERT_RECORD_OVERFLOW
		   : STS_ALERT_NONE;
}

static void
put64(uint8_t *p, uint64_t v)
{
	sts_put32be(p, (uint32_t)(v >> 32));
	sts_put32be(p + 4, (uint32_t)v);
}

/* The nonce of d's next record, which stands at rec. */
static void
put_nonce(const struct sts_tls_direction *d, const uint8_t *rec,
    uint8_t nonce[STS_TLS_IV])
{
	uint8_t seq[8];

	memcpy(nonce, d->iv, STS_TLS_IV);
	if (nonce_sent(d)) {
		memcpy(nonce + 4, rec + STS_TLS_HEADER, STS_TLS_NONCE_12);
		return;
	}
	put64(seq, d->seq);
	for (size_t i = 0; i < sizeof seq; i++) {
		nonce[4 + i] ^= seq[i];
	}
}

/* Its additional data; len: of its content. */
static size_t
put_aad(const struct sts_tls_direction *d, const uint8_t *rec, size_t len,
    uint8_t aad[AAD_12])
{
	if (is_13(d)) {
		memcpy(aad, rec, STS_TLS_HEADER);
		return STS_TLS_HEADER;
	}
	put64(aad, d->seq);
	memcpy(aad + 8, rec, 3);
	sts_put16be(aad + 11, (uint16_t)len);
	return AAD_12;
}

static void
put_header(uint8_t *rec, enum sts_tls_content type, size_t len)
{
	rec[0] = (uint8_t)type;
	sts_put16be(rec + 1, STS_TLS_12);
	sts_put16be(rec + 3, (uint16_t)len);
}

void
sts_tls_begin_gcm(const struct sts_tls_ciphers *c,
    const struct sts_tls_direction *d, const uint8_t *rec, size_t len,
    br_aes_gen_ctr_keys *aes, struct sts_tls_gcm *gcm)
{
	uint8_t nonce[STS_TLS_IV], aad[AAD_12];
	size_t aad_len = put_aad(d, rec, len, aad);

	put_nonce(d, rec, nonce);
	c->aes->init(&aes->vtable, d->key, d->suite->key_len);
	sts_tls_gcm_begin(
	    gcm, &aes->vtable, c->ghash, nonce, sts_text(aad, aad_len));
}

static void
run_chacha20(const struct sts_tls_ciphers *c, const struct sts_tls_direction *d,
    const uint8_t *rec, struct sts_span p, bool encrypt,
    uint8_t tag[STS_TLS_TAG])
{
	uint8_t nonce[STS_TLS_IV], aad[AAD_12];
	size_t aad_len = put_aad(d, rec, p.n, aad);

	put_nonce(d, rec, nonce);
	c->poly1305(
	    d->key, nonce, p.p, p.n, aad, aad_len, tag, c->chacha20, encrypt);
}

/* One AEAD pass over the content p of the record rec, in place; the tag to
 * `tag`. */
static void
run(const struct sts_tls_ciphers *c, const struct sts_tls_direction *d,
    const uint8_t *rec, struct sts_span p, bool encrypt,
    uint8_t tag[STS_TLS_TAG])
{
	br_aes_gen_ctr_keys aes;
	struct sts_tls_gcm gcm;

	if (!STS_TLS_SMALL && d->suite->cipher == STS_TLS_CHACHA20) {
		run_chacha20(c, d, rec, p, encrypt, tag);
		return;
	}
	sts_tls_begin_gcm(c, d, rec, p.n, &aes, &gcm);
	sts_tls_gcm_run(&gcm, &aes.vtable, encrypt, p);
	sts_tls_gcm_tag(&gcm, tag);
	sts_wipe(&aes, sizeof aes);
	sts_wipe(&gcm, sizeof gcm);
}

size_t
sts_tls_seal(const struct sts_tls_ciphers *c, struct sts_tls_direction *d,
    enum sts_tls_content type, uint8_t *rec, size_t len)
{
	size_t before = sts_tls_before(d), behind = sts_tls_behind(d);
	size_t total = before + len + behind;
	struct sts_span inner = { rec + before, len };

	put_header(rec, type, total - STS_TLS_HEADER);
	if (d->suite == NULL) {
		return total;
	}
	STS_ASSERT(d->seq != UINT64_MAX);
	if (is_13(d)) {
		rec[0] = STS_TLS_APPLICATION;
		inner.p[inner.n++] = (uint8_t)type;
	} else if (nonce_sent(d)) {
		put64(rec + STS_TLS_HEADER, d->seq);
	}
	run(c, d, rec, inner, true, inner.p + inner.n);
	d->seq++;
	return total;
}

/* The type of TLS 1.3's inner plaintext is its last byte that is not 0. */
static enum sts_tls_alert
strip(struct sts_tls_opened *o)
{
	size_t n = o->content.n;

	if (n > STS_TLS_PLAIN_MAX + 1) {
		return STS_ALERT_RECORD_OVERFLOW;
	}
	while (n > 0 && o->content.p[n - 1] == 0) {
		n--;
	}
	if (n == 0) {
		return STS_ALERT_UNEXPECTED_MESSAGE;
	}
	o->type = o->content.p[n - 1];
	o->content.n = n - 1;
	return STS_ALERT_NONE;
}

enum sts_tls_alert
sts_tls_open(const struct sts_tls_ciphers *c, struct sts_tls_direction *d,
    struct sts_span rec, struct sts_tls_opened *out)
{
	size_t before = sts_tls_before(d);
	uint8_t tag[STS_TLS_TAG];

	out->type = rec.p[0];
	out->content = sts_span(rec.p + STS_TLS_HEADER, rec.n - STS_TLS_HEADER);
	if (d->suite == NULL) {
		return out->content.n > STS_TLS_PLAIN_MAX
			   ? STS_ALERT_RECORD_OVERFLOW
			   : STS_ALERT_NONE;
	}
	if (rec.n < before + sts_tls_behind(d)) {
		return STS_ALERT_BAD_RECORD_MAC;
	}
	STS_ASSERT(d->seq != UINT64_MAX);
	out->content = sts_span(rec.p + before, rec.n - before - STS_TLS_TAG);
	run(c, d, rec.p, out->content, false, tag);
	d->seq++;
	if (!sts_tls_same(tag, out->content.p + out->content.n, STS_TLS_TAG)) {
		return STS_ALERT_BAD_RECORD_MAC;
	}
	if (is_13(d)) {
		return strip(out);
	}
	return out->content.n > STS_TLS_PLAIN_MAX ? STS_ALERT_RECORD_OVERFLOW
						  : STS_ALERT_NONE;
}
