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
put(struct writer *w, const uint8_t *p, size_t n)
{
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

/* With its length before it. */
static void
put_vector8(struct writer *w, struct sts_text t)
{
	put8(w, (unsigned)t.n);
	put(w, t.p, t.n);
}

static void
put_vector16(struct writer *w, struct sts_text t)
{
	put16(w, (unsigned)t.n);
	put(w, t.p, t.n);
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

/* An extension that is nothing but a list. */
static size_t
open_list(struct writer *w, enum sts_tls_ext e)
{
	put16(w, sts_tls_ext_id(e));
	put16(w, 0);
	return open16(w);
}

static void
close_list(struct writer *w, size_t from)
{
	close16(w, from);
	close16(w, from - 2);
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
	size_t list = open_list(w, STS_TLS_EXT_SERVER_NAME);

	put8(w, 0); /* host_name */
	put_vector16(w, name);
	close_list(w, list);
}

static void
put_groups(struct writer *w)
{
	size_t list = open_list(w, STS_TLS_EXT_GROUPS);

	for (unsigned i = 0; sts_tls_group(i) != NULL; i++) {
		put16(w, sts_tls_group(i)->id);
	}
	close_list(w, list);
}

/* Signature schemes of keys of this kind; or those for certificates, whatever
 * the issuer's key: the judge takes no PSS. */
static void
put_schemes(struct writer *w, enum sts_tls_ext e, uint8_t keys)
{
	size_t list = open_list(w, e);

	for (unsigned i = 0; sts_tls_scheme(i) != NULL; i++) {
		if (e == STS_TLS_EXT_SIGNATURES
			? sts_tls_scheme_for(sts_tls_scheme(i), keys)
			: sts_tls_scheme(i)->signature !=
			      STS_SIGNATURE_RSA_PSS) {
			put16(w, sts_tls_scheme(i)->id);
		}
	}
	close_list(w, list);
}

static void
put_alpn(struct writer *w, struct sts_text protocol)
{
	size_t list = open_list(w, STS_TLS_EXT_ALPN);

	put_vector8(w, protocol);
	close_list(w, list);
}

static void
put_share(struct writer *w, const struct sts_tls_hello *h)
{
	size_t list = open_list(w, STS_TLS_EXT_KEY_SHARE);

	put16(w, h->group);
	put_vector16(w, h->share);
	close_list(w, list);
}

static void
put_cookie(struct writer *w, struct sts_text cookie)
{
	size_t list = open_list(w, STS_TLS_EXT_COOKIE);

	put(w, cookie.p, cookie.n);
	close_list(w, list);
}

/* Extensions that say one thing only. */
static const uint8_t fixed[] = {
	0, 43, 0, 5, 4, 3, 4, 3, 3, /* supported_versions: 1.3, 1.2 */
	0, 23, 0, 0, /* extended_master_secret */
	0xff, 1, 0, 1, 0, /* renegotiation_info: none */
	0, 11, 0, 2, 1, 0 /* ec_point_formats: uncompressed */
};

/* What limits a record to this many bytes when it is sealed by TLS 1.2. */
#define FITS(n) ((n) + SEALED_12 <= STS_TLS_RECORD_SIZE)

enum {
	/* max_fragment_length: 1 to 4 for 512 to 4,096 bytes, the largest that
	 * fits. */
	FRAGMENT_CODE = FITS(4096) ? 4 : FITS(2048) ? 3 : FITS(1024) ? 2 : 1,
	RECORD_LIMIT = STS_TLS_RECORD_SIZE - SEALED_13
};

/* Small records are asked for in both ways (RFC 8449 5). */
static const uint8_t limits[] = {
	0, 1, 0, 1, FRAGMENT_CODE, /* max_fragment_length */
	0, 28, 0, 2, RECORD_LIMIT >> 8 & 0xff, RECORD_LIMIT & 0xff
	/* record_size_limit */
};

uint16_t
sts_tls_hello_fragment_length(void)
{
	return 256 << FRAGMENT_CODE;
}

static void
put_padding(struct writer *w)
{
	if (w->n >= PADDED_FROM && w->n < PADDED_TO) {
		size_t ext;

		put16(w, sts_tls_ext_id(STS_TLS_EXT_PADDING));
		ext = open16(w);
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
	put_schemes(w, STS_TLS_EXT_SIGNATURES, h->keys);
	put_schemes(w, STS_TLS_EXT_CERT_SIGNATURES, 0);
	put(w, fixed, sizeof fixed);
	if (h->alpn.n > 0) {
		put_alpn(w, h->alpn);
	}
	if (STS_TLS_SMALL) {
		put(w, limits, sizeof limits);
	}
	if (h->cookie.n > 0) {
		put_cookie(w, h->cookie);
	}
	put_padding(w);
	close16(w, list);
}

/* Not empty: RFC 8446 D.4. */
static void
draw_session_id(const uint8_t *seed, uint8_t out[STS_TLS_RANDOM])
{
	sts_tls_draw(seed, STS_TLS_DRAW_SESSION_ID, out);
}

bool
sts_tls_hello_echoed(
    const uint8_t seed[STS_TLS_SEED], struct sts_text session_id)
{
	uint8_t id[STS_TLS_RANDOM];

	draw_session_id(seed, id);
	return session_id.n == sizeof id &&
	       memcmp(session_id.p, id, sizeof id) == 0;
}

size_t
sts_tls_hello_write(const struct sts_tls_hello *h, uint8_t *out)
{
	/* The length comes in below. */
	static const uint8_t front[] = { STS_TLS_CLIENT_HELLO, 0, 0, 0,
		STS_TLS_12 >> 8, STS_TLS_12 & 0xff /* legacy_version */ };
	static const uint8_t no_compression[] = { 1, 0 };
	struct writer w = { out, 0 };
	uint8_t drawn[STS_TLS_RANDOM];

	STS_ASSERT(h->name.n <= STS_NAME_MAX);
	STS_ASSERT(h->alpn.n <= STS_TLS_ALPN_MAX);
	STS_ASSERT(h->cookie.n <= STS_TLS_COOKIE_MAX);
	put(&w, front, sizeof front);
	sts_tls_draw(h->seed, STS_TLS_DRAW_RANDOM, drawn);
	put(&w, drawn, sizeof drawn);
	draw_session_id(h->seed, drawn);
	put8(&w, sizeof drawn);
	put(&w, drawn, sizeof drawn);
	put_suites(&w, h->keys);
	put(&w, no_compression, sizeof no_compression);
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
