/* SPDX-License-Identifier: MIT */
/*
 * The ClientHello, extension by extension. It is written from struct
 * sts_tls_hello and the session's seed alone, so that the second one, after a
 * HelloRetryRequest, differs from the first only in what was asked for (RFC
 * 8446 4.1.2).
 *
 * Invariants: the lengths of open vectors are put in when they close; the sum
 * of all has room in STS_TLS_HELLO_MAX, which is asserted. What was written is
 * what sts_tls_hello_offers names: an extension of the server that is not
 * among these ends the handshake (tls_messages.c).
 */
#include <string.h>

#include "../core/base/assert.h"
#include "../core/base/name.h"
#include "tls_hello.h"
#include "tls_messages.h"

enum {
	HEADER = 4,
	PADDED_FROM = 256, /* some boxes hang on hellos of 256 to 511 bytes: */
	PADDED_TO = 512, /* RFC 7685 4 */
	RECORD_HEADER = 5,
	SEALED_12 = RECORD_HEADER + 8 + 16, /* around a content of TLS 1.2 */
	SEALED_13 = RECORD_HEADER + 16
};

STS_STATIC_ASSERT(95 + 9 + STS_NAME_MAX + 256 <= 640, tls_hello);

/* What is written; the lengths of open vectors are put in when they close. */
struct writer {
	uint8_t *p;
	size_t n;
};

static void
put8(struct writer *w, unsigned v)
{
	w->p[w->n++] = (uint8_t)v;
}

static void
put16(struct writer *w, unsigned v)
{
	put8(w, v >> 8);
	put8(w, v & 0xff);
}

static void
put(struct writer *w, struct sts_text t)
{
	if (t.n > 0) {
		memcpy(w->p + w->n, t.p, t.n);
		w->n += t.n;
	}
}

static size_t
open16(struct writer *w)
{
	put16(w, 0);
	return w->n;
}

static void
close16(struct writer *w, size_t from)
{
	sts_put16be(w->p + from - 2, (uint16_t)(w->n - from));
}

static size_t
open_ext(struct writer *w, enum sts_tls_ext e)
{
	put16(w, sts_tls_ext_id(e));
	return open16(w);
}

static void
put_suites(struct writer *w, uint8_t keys)
{
	size_t list = open16(w);

	for (unsigned i = 0; sts_tls_suite(i) != NULL; i++) {
		if (sts_tls_suite_for(sts_tls_suite(i), keys)) {
			put16(w, sts_tls_suite(i)->id);
		}
	}
	close16(w, list);
}

static void
put_server_name(struct writer *w, struct sts_text name)
{
	size_t ext = open_ext(w, STS_TLS_EXT_SERVER_NAME);
	size_t list = open16(w), host;

	put8(w, 0); /* host_name */
	host = open16(w);
	put(w, name);
	close16(w, host);
	close16(w, list);
	close16(w, ext);
}

static void
put_groups(struct writer *w)
{
	size_t ext = open_ext(w, STS_TLS_EXT_GROUPS), list = open16(w);

	for (unsigned i = 0; sts_tls_group(i) != NULL; i++) {
		put16(w, sts_tls_group(i)->id);
	}
	close16(w, list);
	close16(w, ext);
}

/* Signature schemes of keys of this kind; or those for certificates, whatever
 * the issuer's key: the judge takes no PSS. */
static void
put_schemes(struct writer *w, enum sts_tls_ext e, uint8_t keys)
{
	size_t ext = open_ext(w, e), list = open16(w);

	for (unsigned i = 0; sts_tls_scheme(i) != NULL; i++) {
		if (e == STS_TLS_EXT_SIGNATURES
			? sts_tls_scheme_for(sts_tls_scheme(i), keys)
			: sts_tls_scheme(i)->signature !=
			      STS_SIGNATURE_RSA_PSS) {
			put16(w, sts_tls_scheme(i)->id);
		}
	}
	close16(w, list);
	close16(w, ext);
}

static void
put_alpn(struct writer *w, struct sts_text protocol)
{
	size_t ext = open_ext(w, STS_TLS_EXT_ALPN), list = open16(w);

	put8(w, (unsigned)protocol.n);
	put(w, protocol);
	close16(w, list);
	close16(w, ext);
}

static void
put_versions(struct writer *w)
{
	size_t ext = open_ext(w, STS_TLS_EXT_VERSIONS);

	put8(w, 4);
	put16(w, STS_TLS_13);
	put16(w, STS_TLS_12);
	close16(w, ext);
}

static void
put_share(struct writer *w, const struct sts_tls_hello *h)
{
	size_t ext = open_ext(w, STS_TLS_EXT_KEY_SHARE), list = open16(w);
	size_t point;

	put16(w, h->group);
	point = open16(w);
	put(w, h->share);
	close16(w, point);
	close16(w, list);
	close16(w, ext);
}

static void
put_cookie(struct writer *w, struct sts_text cookie)
{
	size_t ext = open_ext(w, STS_TLS_EXT_COOKIE), body = open16(w);

	put(w, cookie);
	close16(w, body);
	close16(w, ext);
}

/* Extensions for TLS 1.2 that say one thing only. */
static void
put_old(struct writer *w)
{
	size_t ext = open_ext(w, STS_TLS_EXT_MASTER_SECRET);

	close16(w, ext);
	ext = open_ext(w, STS_TLS_EXT_RENEGOTIATION);
	put8(w, 0);
	close16(w, ext);
	ext = open_ext(w, STS_TLS_EXT_POINTS);
	put8(w, 1);
	put8(w, 0); /* uncompressed */
	close16(w, ext);
}

/* max_fragment_length: 1 to 4 for 512 to 4,096 bytes, the largest that fits. */
static unsigned
fragment_code(void)
{
	unsigned code = 1;

	while (code < 4 && (512 << code) + SEALED_12 <= STS_TLS_RECORD_SIZE) {
		code++;
	}
	return code;
}

uint16_t
sts_tls_hello_fragment_length(void)
{
	return (uint16_t)(256U << fragment_code());
}

/* Small records are asked for in both ways (RFC 8449 5). */
static void
put_limits(struct writer *w)
{
	size_t ext = open_ext(w, STS_TLS_EXT_FRAGMENT_LENGTH);

	put8(w, fragment_code());
	close16(w, ext);
	ext = open_ext(w, STS_TLS_EXT_RECORD_LIMIT);
	put16(w, STS_TLS_RECORD_SIZE - SEALED_13);
	close16(w, ext);
}

static void
put_padding(struct writer *w)
{
	if (w->n >= PADDED_FROM && w->n < PADDED_TO) {
		size_t ext = open_ext(w, STS_TLS_EXT_PADDING);

		while (w->n < PADDED_TO) {
			put8(w, 0);
		}
		close16(w, ext);
	}
}

static void
put_extensions(struct writer *w, const struct sts_tls_hello *h)
{
	size_t list = open16(w);

	put_server_name(w, h->name);
	put_groups(w);
	put_share(w, h);
	put_versions(w);
	put_schemes(w, STS_TLS_EXT_SIGNATURES, h->keys);
	put_schemes(w, STS_TLS_EXT_CERT_SIGNATURES, 0);
	put_old(w);
	if (h->alpn.n > 0) {
		put_alpn(w, h->alpn);
	}
	if (STS_TLS_SMALL) {
		put_limits(w);
	}
	if (h->cookie.n > 0) {
		put_cookie(w, h->cookie);
	}
	put_padding(w);
	close16(w, list);
}

size_t
sts_tls_hello_session_id(
    const uint8_t seed[STS_TLS_SEED], uint8_t out[STS_TLS_RANDOM])
{
	sts_tls_draw(seed, STS_TLS_DRAW_SESSION_ID, out);
	return STS_TLS_RANDOM;
}

size_t
sts_tls_hello_write(const struct sts_tls_hello *h, uint8_t *out)
{
	struct writer w = { out, 0 };
	uint8_t drawn[STS_TLS_RANDOM];

	STS_ASSERT(h->name.n <= STS_NAME_MAX);
	STS_ASSERT(h->alpn.n <= STS_TLS_ALPN_MAX);
	STS_ASSERT(h->cookie.n <= STS_TLS_COOKIE_MAX);
	put8(&w, STS_TLS_CLIENT_HELLO);
	put8(&w, 0);
	put16(&w, 0); /* the length, below */
	put16(&w, STS_TLS_12); /* legacy_version */
	sts_tls_draw(h->seed, STS_TLS_DRAW_RANDOM, drawn);
	put(&w, sts_text(drawn, sizeof drawn));
	/* Not empty: RFC 8446 D.4. */
	put8(&w, (unsigned)sts_tls_hello_session_id(h->seed, drawn));
	put(&w, sts_text(drawn, sizeof drawn));
	put_suites(&w, h->keys);
	put8(&w, 1); /* no compression */
	put8(&w, 0);
	put_extensions(&w, h);
	STS_ASSERT(w.n <= STS_TLS_HELLO_MAX);
	sts_put16be(out + 2, (uint16_t)(w.n - HEADER));
	return w.n;
}

uint32_t
sts_tls_hello_offers(const struct sts_tls_hello *h)
{
	uint32_t all = (1U << STS_TLS_EXTS) - 1;

	if (h->alpn.n == 0) {
		all &= ~(1U << STS_TLS_EXT_ALPN);
	}
	if (!STS_TLS_SMALL) {
		all &= ~(1U << STS_TLS_EXT_FRAGMENT_LENGTH |
			 1U << STS_TLS_EXT_RECORD_LIMIT);
	}
	if (h->cookie.n == 0) {
		all &= ~(1U << STS_TLS_EXT_COOKIE);
	}
	return all;
}
