/* SPDX-License-Identifier: MIT */
/* A server whose messages can be bent. */
#include <stdlib.h>
#include <string.h>

#include "hostile.h"

enum {
	OWN_SHARE_MAX = STS_TLS_SHARE_MAX + 8 /* also bytes too many */
};

struct message {
	uint8_t p[HOSTILE_MESSAGE];
	size_t n;
};

static const uint8_t seed[STS_TLS_SEED] = { 0x5e, 1 };

static void
check(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void
put(struct message *m, const void *p, size_t n)
{
	check(n <= sizeof m->p - m->n);
	if (n > 0) {
		memcpy(m->p + m->n, p, n);
	}
	m->n += n;
}

static void
put8(struct message *m, unsigned v)
{
	uint8_t b = (uint8_t)v;

	put(m, &b, 1);
}

static void
put16(struct message *m, unsigned v)
{
	put8(m, v >> 8);
	put8(m, v & 0xff);
}

static void
put24(struct message *m, size_t v)
{
	put8(m, (unsigned)(v >> 16));
	put16(m, v & 0xffff);
}

static void
open_message(struct message *m, unsigned type)
{
	m->n = 0;
	put8(m, type);
	put24(m, 0);
}

static void
close_message(struct message *m)
{
	size_t n = m->n - 4;

	m->p[1] = (uint8_t)(n >> 16);
	m->p[2] = (uint8_t)(n >> 8);
	m->p[3] = (uint8_t)n;
}

static bool
is_13(const struct hostile *h)
{
	return h->plan.version != STS_TLS_12;
}

static const struct bend *
bent(const struct hostile *h, enum hostile_step s, enum hostile_op op)
{
	for (size_t i = 0; i < sizeof h->bends / sizeof *h->bends; i++) {
		if (h->bends[i].step == s && h->bends[i].op == op) {
			return &h->bends[i];
		}
	}
	return NULL;
}

/* ---- records */

static void
wire(struct hostile *h, const void *p, size_t n)
{
	check(n <= sizeof h->wire - h->wire_len);
	memcpy(h->wire + h->wire_len, p, n);
	h->wire_len += n;
}

static void
send_clear(struct hostile *h, uint8_t type, struct sts_text content)
{
	uint8_t header[5] = { type, 3, 3, (uint8_t)(content.n >> 8),
		(uint8_t)content.n };

	wire(h, header, sizeof header);
	if (content.n > 0) {
		wire(h, content.p, content.n);
	}
}

/* padding: zeros after the type. flip: changes a byte of the record. */
static void
send_sealed(struct hostile *h, uint8_t type, struct sts_text content,
    size_t padding, const struct bend *flip)
{
	static uint8_t rec[HOSTILE_MESSAGE + 1024];
	size_t before = sts_tls_before(&h->out), n = content.n;

	if (n > 0) {
		memcpy(rec + before, content.p, n);
	}
	if (padding > 0) {
		/* The content ends in its type and zeros; sealing appends
		 * another type, which must be zero as well. */
		rec[before + n] = type;
		memset(rec + before + n + 1, 0, padding);
		n += padding;
		type = 0;
	}
	n = sts_tls_seal(&h->ciphers, &h->out, type, rec, n);
	if (flip != NULL) {
		size_t at =
		    flip->at < 0 ? n - (size_t)-flip->at : (size_t)flip->at;

		if (at < n) {
			rec[at] ^= 1;
		}
	}
	wire(h, rec, n);
}

void
hostile_send(struct hostile *h, uint8_t type, struct sts_text content)
{
	if (h->out.suite != NULL) {
		send_sealed(h, type, content, 0, NULL);
	} else {
		send_clear(h, type, content);
	}
}

static void
flush(struct hostile *h, const struct bend *padded, const struct bend *flip)
{
	struct sts_text t = { h->gather, h->gather_len };
	size_t max = STS_TLS_PLAIN_MAX;

	if (h->client_limit) {
		max = 16384; /* this server ignores the client's limit */
	}
	while (t.n > 0) {
		size_t n = t.n < max ? t.n : max;

		if (h->out.suite != NULL) {
			send_sealed(h, STS_TLS_HANDSHAKE, sts_text(t.p, n),
			    padded != NULL ? (size_t)padded->at : 0, flip);
		} else {
			send_clear(h, STS_TLS_HANDSHAKE, sts_text(t.p, n));
		}
		t = sts_text(t.p + n, t.n - n);
	}
	h->gather_len = 0;
}

static void
gather(struct hostile *h, const uint8_t *p, size_t n)
{
	check(n <= sizeof h->gather - h->gather_len);
	memcpy(h->gather + h->gather_len, p, n);
	h->gather_len += n;
}

/* ---- bends */

static void
extra_records(struct hostile *h, enum hostile_step s)
{
	for (size_t i = 0; i < sizeof h->bends / sizeof *h->bends; i++) {
		const struct bend *b = &h->bends[i];
		struct sts_text t = { NULL, 0 };
		int32_t times =
		    b->op == OP_REPEAT || b->op == OP_REPEAT_CLEAR ? b->at : 1;
		bool clear = b->op == OP_CLEAR || b->op == OP_REPEAT_CLEAR;

		if (b->step != s ||
		    (b->op != OP_RECORD && b->op != OP_REPEAT && !clear)) {
			continue;
		}
		t = sts_text((const uint8_t *)b->bytes + 1, b->n - 1U);
		flush(h, NULL, NULL);
		for (int32_t k = 0; k < times; k++) {
			if (clear) {
				send_clear(h, (uint8_t)b->bytes[0], t);
			} else {
				hostile_send(h, (uint8_t)b->bytes[0], t);
			}
		}
	}
}

static void
patch(struct message *m, const struct bend *b)
{
	size_t at = b->at < 0 ? m->n - (size_t)-b->at : (size_t)b->at;

	if (at <= m->n && b->n <= m->n - at) {
		memcpy(m->p + at, b->bytes, b->n);
	}
}

static void
bend_message(
    struct hostile *h, enum hostile_step s, struct message *m, bool *hashed)
{
	for (size_t i = 0; i < sizeof h->bends / sizeof *h->bends; i++) {
		const struct bend *b = &h->bends[i];

		if (b->step != s) {
			continue;
		}
		switch (b->op) {
		case OP_UNHASHED_PATCH:
			sts_tls_transcript_add(
			    &h->transcript, sts_text(m->p, m->n));
			*hashed = true;
			patch(m, b);
			break;
		case OP_PATCH:
			patch(m, b);
			break;
		case OP_BODY:
			m->n = 4;
			put(m, b->bytes, b->n);
			close_message(m);
			break;
		case OP_APPEND:
			put(m, b->bytes, b->n);
			close_message(m);
			break;
		case OP_CUT:
			if ((size_t)b->at <= m->n - 4) {
				m->n -= (size_t)b->at;
			}
			close_message(m);
			break;
		default:
			break;
		}
	}
}

static void
split(struct hostile *h, const struct message *m, size_t size)
{
	flush(h, NULL, NULL);
	for (size_t off = 0; off < m->n; off += size) {
		size_t n = m->n - off < size ? m->n - off : size;

		hostile_send(h, STS_TLS_HANDSHAKE, sts_text(m->p + off, n));
	}
}

/* Put a record that does not belong there into the middle of the message. */
static void
amid(struct hostile *h, const struct message *m, const struct bend *b)
{
	flush(h, NULL, NULL);
	hostile_send(h, STS_TLS_HANDSHAKE, sts_text(m->p, m->n / 2));
	if (b->op == OP_AMID_CLEAR) {
		send_clear(h, (uint8_t)b->bytes[0],
		    sts_text((const uint8_t *)b->bytes + 1, b->n - 1U));
	} else {
		hostile_send(h, (uint8_t)b->bytes[0],
		    sts_text((const uint8_t *)b->bytes + 1, b->n - 1U));
	}
	hostile_send(
	    h, STS_TLS_HANDSHAKE, sts_text(m->p + m->n / 2, m->n - m->n / 2));
}

static void
transmit(struct hostile *h, enum hostile_step s, const struct message *m)
{
	const struct bend *b;

	if ((b = bent(h, s, OP_SPLIT)) != NULL) {
		split(h, m, (size_t)b->at);
		return;
	}
	b = bent(h, s, OP_AMID);
	if (b != NULL || (b = bent(h, s, OP_AMID_CLEAR)) != NULL) {
		amid(h, m, b);
		return;
	}
	if (bent(h, s, OP_UNSEALED) != NULL) {
		flush(h, NULL, NULL);
		send_clear(h, STS_TLS_HANDSHAKE, sts_text(m->p, m->n));
		return;
	}
	if (!h->plan.one_record && bent(h, s, OP_JOIN) == NULL) {
		flush(h, NULL, NULL);
	}
	gather(h, m->p, m->n);
	if ((b = bent(h, s, OP_BEHIND)) != NULL) {
		gather(h, (const uint8_t *)b->bytes, b->n);
	}
	if (bent(h, s, OP_PADDED) != NULL || bent(h, s, OP_FLIP) != NULL) {
		flush(h, bent(h, s, OP_PADDED), bent(h, s, OP_FLIP));
	}
}

/* Send a message, bent as the bends of its step ask. */
static void
send_message(struct hostile *h, enum hostile_step s, struct message *m)
{
	const struct bend *b;
	bool hashed = false;

	h->step = (uint8_t)s;
	if (bent(h, s, OP_CLOSE) != NULL || h->eof) {
		h->eof = true;
		flush(h, NULL, NULL);
		return;
	}
	extra_records(h, s);
	if ((b = bent(h, s, OP_BEFORE)) != NULL) {
		static struct message extra;

		open_message(&extra, (uint8_t)b->bytes[0]);
		put(&extra, b->bytes + 1, b->n - 1U);
		close_message(&extra);
		sts_tls_transcript_add(
		    &h->transcript, sts_text(extra.p, extra.n));
		gather(h, extra.p, extra.n);
	}
	if (bent(h, s, OP_DROP) != NULL) {
		return;
	}
	bend_message(h, s, m, &hashed);
	for (int i = 0; i < (bent(h, s, OP_TWICE) != NULL ? 2 : 1); i++) {
		/* The second ServerHello is too late for the keys. */
		if (!hashed && !(i > 0 && s == STEP_HELLO)) {
			sts_tls_transcript_add(
			    &h->transcript, sts_text(m->p, m->n));
		}
		transmit(h, s, m);
	}
}

/* ---- the ClientHello */

static void
take_key_share(struct hostile *h, const uint8_t *p, size_t n)
{
	check(n >= 6);
	h->client_share_len = sts_get16be(p + 4);
	check(h->client_share_len == n - 6 &&
	      h->client_share_len <= sizeof h->client_share);
	memcpy(h->client_share, p + 6, h->client_share_len);
}

static void
take_hello(struct hostile *h, struct sts_text m)
{
	const uint8_t *p = m.p + 4 + 2, *end = m.p + m.n;

	h->hellos++;
	memcpy(h->client_random, p, 32);
	p += 32;
	check(*p == 32);
	memcpy(h->session_id, p + 1, 32);
	p += 33;
	p += 2 + sts_get16be(p);
	p += 1 + *p;
	check(p + 2 + sts_get16be(p) == end);
	p += 2;
	while (p < end) {
		uint16_t id = sts_get16be(p), n = sts_get16be(p + 2);

		if (id == sts_tls_ext_id(STS_TLS_EXT_KEY_SHARE)) {
			take_key_share(h, p + 4, n);
		} else if (id == sts_tls_ext_id(STS_TLS_EXT_RECORD_LIMIT)) {
			h->client_limit = true;
		}
		p += 4 + n;
	}
	sts_tls_transcript_add(&h->transcript, m);
}

/* ---- messages */

static uint16_t
group(const struct hostile *h)
{
	if (h->plan.retry && h->plan.retry_group != 0 && h->plan.group == 0) {
		return h->plan.retry_group;
	}
	return h->plan.group != 0 ? h->plan.group : BR_EC_curve25519;
}

static uint16_t
suite_id(const struct hostile *h)
{
	if (h->plan.suite != 0) {
		return h->plan.suite;
	}
	if (is_13(h)) {
		return sts_tls_suite(0)->id;
	}
	return h->ec != NULL ? 0xc02b : 0xc02f;
}

static void
put_extension(const struct hostile *h, enum hostile_step s, struct message *m,
    unsigned id, const void *p, size_t n)
{
	const struct bend *b = bent(h, s, OP_WITHOUT);

	if (b == NULL || (unsigned)b->at != id) {
		put16(m, id);
		put16(m, (unsigned)n);
		put(m, p, n);
	}
}

static void
put_bent_extensions(
    const struct hostile *h, enum hostile_step s, struct message *m)
{
	const struct bend *b = bent(h, s, OP_EXTENSION);

	if (b != NULL) {
		put(m, b->bytes, b->n);
	}
}

static void
close_list(struct message *m, size_t from)
{
	sts_put16be(m->p + from - 2, (uint16_t)(m->n - from));
}

static struct message the_message;

static struct message *
begin_hello(struct hostile *h, const uint8_t random[32])
{
	struct message *m = &the_message;
	bool echo;

	open_message(m, STS_TLS_SERVER_HELLO);
	put16(m, STS_TLS_12);
	put(m, random, 32);
	echo = is_13(h) ? !h->plan.no_echo : h->plan.echo;
	put8(m, echo ? 32 : 0);
	put(m, h->session_id, echo ? 32 : 0);
	put16(m, suite_id(h));
	put8(m, 0);
	put16(m, 0);
	return m;
}

static void
send_retry(struct hostile *h)
{
	static const uint8_t random[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a,
		0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
		0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e,
		0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
	struct message *m = begin_hello(h, random);
	size_t list = m->n;
	uint8_t v[2];

	sts_put16be(v, STS_TLS_13);
	put_extension(h, STEP_RETRY, m, 43, v, 2);
	if (h->plan.retry_group != 0) {
		sts_put16be(v, h->plan.retry_group);
		put_extension(h, STEP_RETRY, m, 51, v, 2);
	}
	if (h->plan.cookie_len > 0) {
		static uint8_t cookie[2 + 65535];

		sts_put16be(cookie, h->plan.cookie_len);
		memset(cookie + 2, 'c', h->plan.cookie_len);
		put_extension(
		    h, STEP_RETRY, m, 44, cookie, 2U + h->plan.cookie_len);
	}
	put_bent_extensions(h, STEP_RETRY, m);
	close_list(m, list);
	close_message(m);
	sts_tls_transcript_retry(
	    &h->transcript, sts_tls_suite_find(suite_id(h)) != NULL
				? sts_tls_suite_find(suite_id(h))->hash_id
				: br_sha256_ID);
	send_message(h, STEP_RETRY, m);
	flush(h, NULL, NULL);
}

static size_t
own_share(struct hostile *h, uint8_t out[OWN_SHARE_MAX])
{
	const struct sts_tls_group *g = sts_tls_group_find(group(h));

	if (h->plan.share != NULL) {
		check(h->plan.share_len <= OWN_SHARE_MAX);
		memcpy(out, h->plan.share, h->plan.share_len);
		return h->plan.share_len;
	}
	sts_tls_share(seed, g, out);
	return g->point_len;
}

static void
send_hello(struct hostile *h)
{
	struct message *m;
	size_t list;

	sts_tls_draw(seed, STS_TLS_DRAW_RANDOM, h->server_random);
	m = begin_hello(h, h->server_random);
	list = m->n;
	if (is_13(h)) {
		uint8_t b[4 + OWN_SHARE_MAX];
		size_t n = own_share(h, b + 4);

		sts_put16be(b, STS_TLS_13);
		put_extension(h, STEP_HELLO, m, 43, b, 2);
		sts_put16be(b, group(h));
		sts_put16be(b + 2, (uint16_t)n);
		put_extension(h, STEP_HELLO, m, 51, b, 4 + n);
	} else {
		put_extension(h, STEP_HELLO, m, 0xff01, "", 1);
		put_extension(h, STEP_HELLO, m, 11, "\1", 2);
		if (!h->plan.no_ems) {
			put_extension(h, STEP_HELLO, m, 23, NULL, 0);
		}
	}
	put_bent_extensions(h, STEP_HELLO, m);
	close_list(m, list);
	close_message(m);
	send_message(h, STEP_HELLO, m);
	/* The client sees this even when it was bent. */
	memcpy(h->server_random, m->p + 6, 32);
}

static void
share_secret(struct hostile *h)
{
	const struct sts_tls_group *g = sts_tls_group_find(group(h));

	(void)sts_tls_secret(
	    seed, g, sts_text(h->client_share, h->client_share_len), h->shared);
}

static void
handshake_keys(struct hostile *h)
{
	int id = h->suite->hash_id;
	uint8_t early[STS_TLS_HASH_MAX], salt[STS_TLS_HASH_MAX],
	    hash[STS_TLS_HASH_MAX];
	struct sts_text t = { hash,
		sts_tls_transcript_hash(&h->transcript, id, hash) };

	share_secret(h);
	sts_tls_extract(id, NULL, sts_text(NULL, 0), early);
	sts_tls_derive_empty(id, early, "derived", salt);
	sts_tls_extract(id, salt,
	    sts_text(h->shared, sts_tls_group_find(group(h))->secret_len),
	    h->secret);
	sts_tls_direction_start(&h->in, h->suite, h->secret, "c hs traffic", t);
	sts_tls_direction_start(
	    &h->out, h->suite, h->secret, "s hs traffic", t);
	h->hs_in = h->in;
	h->hs_out = h->out;
	sts_tls_derive_empty(id, h->secret, "derived", salt);
	sts_tls_extract(id, salt, sts_text(NULL, 0), h->secret);
}

static void
send_extensions(struct hostile *h)
{
	struct message *m = &the_message;
	size_t list;

	open_message(m, STS_TLS_ENCRYPTED_EXTENSIONS);
	put16(m, 0);
	list = m->n;
	put_bent_extensions(h, STEP_EXTENSIONS, m);
	close_list(m, list);
	close_message(m);
	send_message(h, STEP_EXTENSIONS, m);
}

static void
send_request(struct hostile *h)
{
	struct message *m = &the_message;

	open_message(m, STS_TLS_CERTIFICATE_REQUEST);
	if (is_13(h)) {
		size_t list;

		put8(m, 0);
		put16(m, 0);
		list = m->n;
		put_extension(h, STEP_REQUEST, m, 13, "\0\2\4\3", 4);
		put_bent_extensions(h, STEP_REQUEST, m);
		close_list(m, list);
	} else {
		put(m, "\1\100\0\2\4\3\0\10\0\1a\0\3bcd", 16);
	}
	close_message(m);
	send_message(h, is_13(h) ? STEP_REQUEST : STEP_REQUEST_12, m);
}

static void
send_certificate(struct hostile *h)
{
	struct message *m = &the_message;
	size_t list;

	open_message(m, STS_TLS_CERTIFICATE);
	if (is_13(h)) {
		put8(m, 0);
	}
	put24(m, 0);
	list = m->n;
	for (unsigned i = 0; i < h->chain_len; i++) {
		put24(m, h->chain[i].n);
		put(m, h->chain[i].p, h->chain[i].n);
		if (is_13(h)) {
			put16(m, 0);
		}
	}
	m->p[list - 3] = (uint8_t)((m->n - list) >> 16);
	sts_put16be(m->p + list - 2, (uint16_t)(m->n - list));
	close_message(m);
	send_message(h, STEP_CERTIFICATE, m);
}

/* ---- signatures */

/* EMSA-PSS-ENCODE (RFC 8017 9.1.1) with a modulus of 8k bits. */
static void
pss_encode(
    uint8_t *em, size_t n, int hash_id, const uint8_t *hash, size_t salt_len)
{
	const br_hash_class *class = sts_hash(hash_id);
	size_t len = sts_hash_len(hash_id), db = n - len - 1;
	uint8_t salt[64], block[64], counter[4];
	br_hash_compat_context c;

	memset(salt, 0x33, sizeof salt);
	memset(em, 0, n);
	class->init(&c.vtable);
	class->update(&c.vtable, em, 8);
	class->update(&c.vtable, hash, len);
	class->update(&c.vtable, salt, salt_len);
	class->out(&c.vtable, em + db);
	em[n - 1] = 0xbc;
	em[db - salt_len - 1] = 1;
	memcpy(em + db - salt_len, salt, salt_len);
	for (size_t at = 0; at < db; at += len) {
		sts_put32be(counter, (uint32_t)(at / len));
		class->init(&c.vtable);
		class->update(&c.vtable, em + db, len);
		class->update(&c.vtable, counter, 4);
		class->out(&c.vtable, block);
		for (size_t i = 0; i < len && at + i < db; i++) {
			em[at + i] ^= block[i];
		}
	}
	em[0] &= 0x7f;
}

static size_t
sign(const struct hostile *h, const struct sts_tls_scheme *s,
    const uint8_t *hash, uint8_t out[512])
{
	static const unsigned char oids[][10] = {
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 },
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02 },
		{ 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03 },
	};
	size_t len = sts_hash_len(s->hash_id), n;

	if (h->ec != NULL) {
		return br_ecdsa_i31_sign_asn1(br_ec_get_default(),
		    sts_hash(s->hash_id), hash, h->ec, out);
	}
	n = (h->rsa->n_bitlen + 7) / 8;
	if (s->signature == STS_SIGNATURE_RSA_PSS) {
		pss_encode(out, n, s->hash_id, hash, len - h->plan.salt_less);
		check(br_rsa_i31_private(out, h->rsa) == 1);
	} else {
		check(br_rsa_i31_pkcs1_sign(oids[s->hash_id - br_sha256_ID],
			  hash, len, h->rsa, out) == 1);
	}
	return n;
}

static const struct sts_tls_scheme *
scheme(const struct hostile *h)
{
	uint16_t id = h->ec != NULL ? 0x0403 : 0x0804;

	return sts_tls_scheme_find(h->plan.scheme != 0 ? h->plan.scheme : id);
}

static void
put_signed(struct hostile *h, struct message *m, const uint8_t *hash)
{
	const struct sts_tls_scheme *s = scheme(h);
	uint8_t sig[512];
	size_t n = sign(h, s, hash, sig);

	put16(m, s->id);
	put16(m, (unsigned)n);
	put(m, sig, n);
}

static void
send_verify(struct hostile *h, const uint8_t *transcript_hash, size_t len)
{
	const char *context = h->plan.client_context
				  ? "TLS 1.3, client CertificateVerify"
				  : "TLS 1.3, server CertificateVerify";
	const br_hash_class *class = sts_hash(scheme(h)->hash_id);
	struct message *m = &the_message;
	br_hash_compat_context c;
	uint8_t spaces[64], hash[64];

	memset(spaces, ' ', sizeof spaces);
	class->init(&c.vtable);
	class->update(&c.vtable, spaces, sizeof spaces);
	class->update(&c.vtable, context, strlen(context) + 1);
	class->update(&c.vtable, transcript_hash, len);
	class->out(&c.vtable, hash);
	open_message(m, STS_TLS_CERTIFICATE_VERIFY);
	put_signed(h, m, hash);
	close_message(m);
	send_message(h, STEP_VERIFY, m);
}

static void
send_key_exchange(struct hostile *h)
{
	struct message *m = &the_message;
	const br_hash_class *class = sts_hash(scheme(h)->hash_id);
	br_hash_compat_context c;
	uint8_t share[OWN_SHARE_MAX], hash[64];
	size_t n = own_share(h, share);

	open_message(m, STS_TLS_SERVER_KEY_EXCHANGE);
	put8(m, 3);
	put16(m, group(h));
	put8(m, (unsigned)n);
	put(m, share, n);
	class->init(&c.vtable);
	class->update(&c.vtable, h->client_random, 32);
	class->update(&c.vtable, h->server_random, 32);
	class->update(&c.vtable, m->p + 4, m->n - 4);
	class->out(&c.vtable, hash);
	put_signed(h, m, hash);
	close_message(m);
	send_message(h, STEP_KEY_EXCHANGE, m);
}

/* ---- the end of the handshake */

static void
send_finished_13(struct hostile *h)
{
	struct message *m = &the_message;
	uint8_t hash[STS_TLS_HASH_MAX], verify[STS_TLS_HASH_MAX];
	struct sts_text t = { hash, 0 };
	size_t len;

	t.n = sts_tls_transcript_hash(&h->transcript, h->suite->hash_id, hash);
	len = sts_tls_finished_13(&h->out, t, verify);
	open_message(m, STS_TLS_FINISHED);
	put(m, verify, len);
	close_message(m);
	send_message(h, STEP_FINISHED, m);
	flush(h, NULL, NULL);
	t.n = sts_tls_transcript_hash(&h->transcript, h->suite->hash_id, hash);
	sts_tls_direction_start(
	    &h->out, h->suite, h->secret, "s ap traffic", t);
}

/* BearSSL's PRF, so that the client's own is compared with another. */
static void
prf(const struct hostile *h, struct sts_text secret, const char *label,
    struct sts_text a, struct sts_text b, struct sts_span out)
{
	br_tls_prf_seed_chunk seeds[2] = { { a.p, a.n }, { b.p, b.n } };
	br_tls_prf_impl run = h->suite->hash_id == br_sha384_ID
				  ? br_tls12_sha384_prf
				  : br_tls12_sha256_prf;

	run(out.p, out.n, secret.p, secret.n, label, 2, seeds);
}

static void
finished_12(const struct hostile *h, const char *label, uint8_t out[12])
{
	uint8_t hash[STS_TLS_HASH_MAX];
	size_t len =
	    sts_tls_transcript_hash(&h->transcript, h->suite->hash_id, hash);

	prf(h, sts_text(h->secret, 48), label, sts_text(hash, len),
	    sts_text(NULL, 0), sts_span(out, 12));
}

static void
send_finished_12(struct hostile *h)
{
	struct message *m = &the_message;
	uint8_t verify[12];

	finished_12(h, "server finished", verify);
	open_message(m, STS_TLS_FINISHED);
	put(m, verify, sizeof verify);
	close_message(m);
	extra_records(h, STEP_CCS);
	if (bent(h, STEP_CCS, OP_DROP) == NULL) {
		send_clear(h, STS_TLS_CHANGE_CIPHER_SPEC,
		    sts_text((const uint8_t *)"\1", 1));
	}
	h->out.suite = h->suite;
	send_message(h, STEP_FINISHED, m);
	flush(h, NULL, NULL);
}

/* From the client's ClientKeyExchange. */
static void
take_key_exchange(struct hostile *h, struct sts_text m)
{
	struct sts_text premaster = { h->shared,
		sts_tls_group_find(group(h))->secret_len };
	uint8_t randoms[64];

	check(
	    m.n >= 5 && m.p[4] == m.n - 5 && m.p[4] <= sizeof h->client_share);
	h->client_share_len = m.p[4];
	memcpy(h->client_share, m.p + 5, m.p[4]);
	share_secret(h);
	if (h->plan.no_ems) {
		prf(h, premaster, "master secret",
		    sts_text(h->client_random, 32),
		    sts_text(h->server_random, 32), sts_span(h->secret, 48));
	} else {
		uint8_t hash[STS_TLS_HASH_MAX];
		size_t len = sts_tls_transcript_hash(
		    &h->transcript, h->suite->hash_id, hash);

		prf(h, premaster, "extended master secret", sts_text(hash, len),
		    sts_text(NULL, 0), sts_span(h->secret, 48));
	}
	memcpy(randoms, h->server_random, 32);
	memcpy(randoms + 32, h->client_random, 32);
	sts_tls_key_block(&h->out, &h->in, h->suite, h->secret,
	    sts_text(randoms, sizeof randoms));
}

static void
take_finished(struct hostile *h, struct sts_text m)
{
	uint8_t hash[STS_TLS_HASH_MAX], want[STS_TLS_HASH_MAX];
	struct sts_text t = { hash, 0 };
	size_t len = 12;

	t.n = sts_tls_transcript_hash(&h->transcript, h->suite->hash_id, hash);
	if (is_13(h)) {
		len = sts_tls_finished_13(&h->in, t, want);
	} else {
		finished_12(h, "client finished", want);
	}
	h->client_finished = m.n == 4 + len && memcmp(m.p + 4, want, len) == 0;
}

/* The client's application keys come from the transcript at the server's
 * Finished: they are made before the client's flight is read. */
static void
take_message(struct hostile *h, struct sts_text m,
    const struct sts_tls_direction *application)
{
	switch (m.p[0]) {
	case STS_TLS_CLIENT_HELLO:
		take_hello(h, m);
		return;
	case STS_TLS_CERTIFICATE:
		h->client_certificate = true;
		break;
	case STS_TLS_CLIENT_KEY_EXCHANGE:
		sts_tls_transcript_add(&h->transcript, m);
		take_key_exchange(h, m);
		return;
	case STS_TLS_FINISHED:
		take_finished(h, m);
		sts_tls_transcript_add(&h->transcript, m);
		if (is_13(h)) {
			h->in = *application;
		}
		return;
	case STS_TLS_KEY_UPDATE:
		check(m.n == 5 && m.p[4] == 0);
		h->client_updates++;
		sts_tls_direction_update(&h->in);
		return;
	default:
		check(false);
	}
	sts_tls_transcript_add(&h->transcript, m);
}

static void
take_record(struct hostile *h, struct sts_span rec,
    const struct sts_tls_direction *application)
{
	bool sealed = rec.p[0] == STS_TLS_APPLICATION ||
		      (h->in.suite != NULL && !is_13(h));
	struct sts_tls_direction clear = { 0 };
	struct sts_tls_opened o;

	if (rec.p[0] == STS_TLS_CHANGE_CIPHER_SPEC) {
		h->ccs++;
		if (!is_13(h)) {
			h->in.suite = h->suite;
		}
		return;
	}
	if ((sealed && h->in.suite == NULL) ||
	    sts_tls_open(&h->ciphers, sealed ? &h->in : &clear, rec, &o) !=
		STS_ALERT_NONE) {
		h->unreadable = true;
		return;
	}
	switch (o.type) {
	case STS_TLS_ALERT:
		check(o.content.n == 2);
		h->alert = o.content.p[1];
		h->alert_sealed = sealed;
		break;
	case STS_TLS_HANDSHAKE:
		/* Our client sends one message a record. */
		take_message(
		    h, sts_text(o.content.p, o.content.n), application);
		break;
	default:
		check(o.content.n <= sizeof h->heard - h->heard_len);
		memcpy(h->heard + h->heard_len, o.content.p, o.content.n);
		h->heard_len += o.content.n;
		break;
	}
}

static void
take_inbox(struct hostile *h)
{
	struct sts_tls_direction application = { 0 };
	size_t off = 0;

	if (is_13(h) && h->suite != NULL && !h->client_finished) {
		uint8_t hash[STS_TLS_HASH_MAX];
		struct sts_text t = { hash,
			sts_tls_transcript_hash(
			    &h->transcript, h->suite->hash_id, hash) };

		sts_tls_direction_start(
		    &application, h->suite, h->secret, "c ap traffic", t);
	}
	while (h->inbox_len - off >= 5) {
		size_t n = 5U + sts_get16be(h->inbox + off + 3);

		if (h->inbox_len - off < n) {
			break;
		}
		take_record(h, sts_span(h->inbox + off, n), &application);
		off += n;
	}
	memmove(h->inbox, h->inbox + off, h->inbox_len - off);
	h->inbox_len -= off;
}

static void
from_client(struct hostile *h, struct sts_tls *client, size_t most)
{
	struct sts_text t = sts_tls_rec_send_buf(client);

	t.n = t.n < most ? t.n : most;
	check(t.n <= sizeof h->inbox - h->inbox_len);
	memcpy(h->inbox + h->inbox_len, t.p, t.n);
	h->inbox_len += t.n;
	h->sendings++;
	sts_tls_rec_send_ack(client, t.n);
}

/* The client may say its request: behind its flight, if that still waits. */
static void
ask(struct hostile *h, struct sts_tls *client)
{
	size_t n = strlen(h->request);
	struct sts_span room;

	if (h->apart > 0 && sts_tls_rec_send_buf(client).n > h->apart) {
		from_client(h, client, h->apart);
	}
	room = sts_tls_app_send_buf(client);
	check(room.n > n);
	memcpy(room.p, h->request, n);
	sts_tls_app_send_ack(client, n);
	/* The buffer is its own until the flush. */
	check(sts_tls_rec_send_buf(client).n == 0);
	check(sts_tls_rec_recv_buf(client).n == 0);
	check(sts_tls_wants(client) == STS_TLS_APP_SEND);
	sts_tls_app_flush(client);
	h->request = NULL;
}

/* The number of bytes that the client has yet to get. */
static size_t
coming(const struct hostile *h)
{
	size_t end = h->plan.cut > 0 && h->plan.cut < h->wire_len ? h->plan.cut
								  : h->wire_len;

	return end - h->wire_off;
}

void
hostile_pump(struct hostile *h, struct sts_tls *client)
{
	for (;;) {
		unsigned wants = sts_tls_wants(client);
		struct sts_span in = sts_tls_rec_recv_buf(client);
		size_t n = coming(h);

		if ((wants & STS_TLS_WORK) != 0) {
			sts_tls_work(client);
			h->works++;
		} else if (h->request != NULL &&
			   (wants & STS_TLS_APP_SEND) != 0) {
			ask(h, client);
		} else if ((wants & STS_TLS_REC_SEND) != 0) {
			from_client(h, client, SIZE_MAX);
		} else if ((wants & STS_TLS_REC_RECV) != 0 && n > 0) {
			n = n < in.n ? n : in.n;
			if (h->segment > 0 && n > h->segment) {
				n = h->segment;
			}
			memcpy(in.p, h->wire + h->wire_off, n);
			h->wire_off += n;
			sts_tls_rec_recv_ack(client, n);
		} else {
			break;
		}
	}
	if (h->plan.cut > 0 && h->wire_off == h->plan.cut) {
		h->eof = true;
	}
	if (h->eof && coming(h) == 0) {
		sts_tls_peer_closed(client);
	}
	take_inbox(h);
}

static void
play_13(struct hostile *h)
{
	uint8_t hash[STS_TLS_HASH_MAX], stale[STS_TLS_HASH_MAX];
	size_t len;

	send_hello(h);
	if (bent(h, STEP_EXTENSIONS, OP_JOIN) == NULL) {
		flush(h, NULL, NULL);
	}
	handshake_keys(h);
	send_extensions(h);
	if (h->plan.request) {
		send_request(h);
	}
	len = sts_tls_transcript_hash(&h->transcript, h->suite->hash_id, stale);
	send_certificate(h);
	(void)sts_tls_transcript_hash(&h->transcript, h->suite->hash_id, hash);
	send_verify(h, h->plan.stale_transcript ? stale : hash, len);
	send_finished_13(h);
}

/* RFC 8446 4.4.4 allows data before the client is authenticated. */
static void
send_early(struct hostile *h)
{
	static const uint8_t ticket[] = { 4, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0,
		0, 0, 1, 'x', 0, 0 };

	hostile_send(h, STS_TLS_HANDSHAKE, sts_text(ticket, sizeof ticket));
	hostile_send(
	    h, STS_TLS_APPLICATION, sts_text((const uint8_t *)"early", 5));
}

static void
play_12(struct hostile *h)
{
	struct message *m = &the_message;

	send_hello(h);
	send_certificate(h);
	send_key_exchange(h);
	if (h->plan.request) {
		send_request(h);
	}
	open_message(m, STS_TLS_SERVER_HELLO_DONE);
	send_message(h, STEP_DONE, m);
	flush(h, NULL, NULL);
}

void
hostile_play(struct hostile *h, struct sts_tls *client)
{
	h->alert = -1;
	sts_tls_ciphers_choose(&h->ciphers);
	sts_tls_transcript_start(&h->transcript);
	hostile_pump(h, client);
	if (h->plan.retry) {
		send_retry(h);
		hostile_pump(h, client);
		if (bent(h, STEP_RETRY, OP_TWICE) != NULL || h->hellos != 2) {
			return;
		}
	}
	h->suite = sts_tls_suite_find(suite_id(h));
	if (h->suite == NULL || (h->suite->version == STS_TLS_13) != is_13(h)) {
		h->suite = sts_tls_suite_find(is_13(h) ? 0x1301 : 0xc02b);
	}
	if (is_13(h)) {
		play_13(h);
		if (h->plan.early) {
			send_early(h);
		}
		hostile_pump(h, client);
	} else {
		play_12(h);
		hostile_pump(h, client);
		if (h->ccs > 0) {
			send_finished_12(h);
			hostile_pump(h, client);
		}
	}
	h->step = STEP_OPEN;
	if (sts_tls_established(client)) {
		extra_records(h, STEP_OPEN);
		hostile_pump(h, client);
	}
}

void
hostile_update(struct hostile *h, uint8_t asked)
{
	uint8_t m[5] = { STS_TLS_KEY_UPDATE, 0, 0, 1, asked };

	hostile_send(h, STS_TLS_HANDSHAKE, sts_text(m, sizeof m));
	sts_tls_direction_update(&h->out);
}
