/* SPDX-License-Identifier: MIT */
/*
 * Readers of the server's messages: bytes to structs, and no state between
 * them. What they return points into the message.
 *
 * Invariants: a message is read to its end, exactly; a byte too few or too many
 * is decode_error. An extension counts only where it may stand and if we
 * offered it, and once (RFC 8446 4.2). Values that a message does not have are
 * 0.
 *
 * The attacker may be the server, or stand before it as long as messages are
 * in the clear: every length is his.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_messages.h"

/* The rest of a message. Reading too far makes it bad and gives zeros, so that
 * one check at the end is enough. */
struct reader {
	const uint8_t *p;
	size_t n;
	bool bad;
};

static const uint16_t ext_ids[STS_TLS_EXTS] = { 0, 1, 10, 11, 13, 16, 21, 23,
	28, 43, 44, 50, 51, 0xff01 };

/* Where they may stand (RFC 8446 4.2). */
enum {
	/* Some servers send their groups, though that is not their part. */
	IN_HELLO_12 =
	    1U << STS_TLS_EXT_SERVER_NAME | 1U << STS_TLS_EXT_FRAGMENT_LENGTH |
	    1U << STS_TLS_EXT_GROUPS | 1U << STS_TLS_EXT_POINTS |
	    1U << STS_TLS_EXT_ALPN | 1U << STS_TLS_EXT_MASTER_SECRET |
	    1U << STS_TLS_EXT_RECORD_LIMIT | 1U << STS_TLS_EXT_RENEGOTIATION,
	IN_HELLO_13 = 1U << STS_TLS_EXT_VERSIONS | 1U << STS_TLS_EXT_KEY_SHARE,
	IN_RETRY = IN_HELLO_13 | 1U << STS_TLS_EXT_COOKIE,
	IN_ENCRYPTED = 1U << STS_TLS_EXT_SERVER_NAME |
		       1U << STS_TLS_EXT_FRAGMENT_LENGTH |
		       1U << STS_TLS_EXT_GROUPS | 1U << STS_TLS_EXT_ALPN |
		       1U << STS_TLS_EXT_RECORD_LIMIT
};

enum {
	RANDOM = 32,
	SESSION_ID_MAX = 32,
	NAMED_CURVE = 3,
	RECORD_LIMIT_MIN = 64
};

/* SHA-256 of "HelloRetryRequest": RFC 8446 4.1.3. */
static const uint8_t retry_random[RANDOM] = { 0xcf, 0x21, 0xad, 0x74, 0xe5,
	0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
	0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8,
	0xa8, 0x33, 0x9c };

static struct sts_text
take(struct reader *r, size_t n)
{
	struct sts_text t = { r->p, n };

	if (r->n < n) {
		r->bad = true;
		r->n = 0;
		return sts_text(NULL, 0);
	}
	if (n > 0) { /* p may be NULL */
		r->p += n;
		r->n -= n;
	}
	return t;
}

static uint8_t
take8(struct reader *r)
{
	struct sts_text t = take(r, 1);

	return t.n == 1 ? t.p[0] : 0;
}

static uint16_t
take16(struct reader *r)
{
	struct sts_text t = take(r, 2);

	return t.n == 2 ? sts_get16be(t.p) : 0;
}

static struct sts_text
take_vector8(struct reader *r)
{
	return take(r, take8(r));
}

static struct sts_text
take_vector16(struct reader *r)
{
	return take(r, take16(r));
}

static struct reader
read_all(struct sts_text t)
{
	struct reader r = { t.p, t.n, false };

	return r;
}

/* Whether all was read and nothing is left over. */
static bool
exact(const struct reader *r)
{
	return !r->bad && r->n == 0;
}

uint16_t
sts_tls_ext_id(enum sts_tls_ext e)
{
	return ext_ids[e];
}

/* The values of the extensions of one message. */
struct answers {
	uint32_t seen;
	struct sts_tls_server_hello hello;
};

/* Readers of an extension's content. What they leave, or take too much, is for
 * read_ext to see: it is decode_error, whatever they say of the value. */

static enum sts_tls_alert
read_fragment_length(struct reader *r, struct answers *a)
{
	uint8_t code = take8(r);

	if (code < 1 || code > 4) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	a->hello.ext.fragment_length = (uint16_t)(256U << code);
	return STS_ALERT_NONE;
}

/* A list of exactly one name (RFC 7301 3.1). */
static enum sts_tls_alert
read_alpn(struct reader *r, struct answers *a)
{
	struct reader list = read_all(take_vector16(r));

	a->hello.ext.alpn = take_vector8(&list);
	return exact(&list) && a->hello.ext.alpn.n > 0 ? STS_ALERT_NONE
						       : STS_ALERT_DECODE_ERROR;
}

static enum sts_tls_alert
read_record_limit(struct reader *r, struct answers *a)
{
	a->hello.ext.record_limit = take16(r);
	return a->hello.ext.record_limit < RECORD_LIMIT_MIN
		   ? STS_ALERT_ILLEGAL_PARAMETER
		   : STS_ALERT_NONE;
}

/* Older versions are not negotiated by this extension. */
static enum sts_tls_alert
read_version(struct reader *r, struct answers *a)
{
	a->hello.version = take16(r);
	return a->hello.version == STS_TLS_13 ? STS_ALERT_NONE
					      : STS_ALERT_ILLEGAL_PARAMETER;
}

static enum sts_tls_alert
read_cookie(struct reader *r, struct answers *a)
{
	a->hello.cookie = take_vector16(r);
	return a->hello.cookie.n > 0 ? STS_ALERT_NONE : STS_ALERT_DECODE_ERROR;
}

static enum sts_tls_alert
read_key_share(struct reader *r, struct answers *a)
{
	a->hello.group = take16(r);
	if (!a->hello.retry) {
		a->hello.share = take_vector16(r);
	}
	return STS_ALERT_NONE;
}

/* Uncompressed must be among the formats (RFC 8422 5.1.2). */
static enum sts_tls_alert
read_points(struct reader *r, struct answers *a)
{
	struct sts_text formats = take_vector8(r);

	(void)a;
	if (formats.n == 0) {
		return STS_ALERT_DECODE_ERROR;
	}
	for (size_t i = 0; i < formats.n; i++) {
		if (formats.p[i] == 0) {
			return STS_ALERT_NONE;
		}
	}
	return STS_ALERT_ILLEGAL_PARAMETER;
}

/* The first handshake has nothing to renegotiate (RFC 5746 3.4). */
static enum sts_tls_alert
read_renegotiation(struct reader *r, struct answers *a)
{
	(void)a;
	return take_vector8(r).n == 0 ? STS_ALERT_NONE
				      : STS_ALERT_ILLEGAL_PARAMETER;
}

/* server_name, extended_master_secret: empty. */
static enum sts_tls_alert
read_nothing(struct reader *r, struct answers *a)
{
	(void)r;
	(void)a;
	return STS_ALERT_NONE;
}

/* supported_groups is of use for later sessions only. */
static enum sts_tls_alert
ignore(struct reader *r, struct answers *a)
{
	(void)a;
	r->n = 0;
	return STS_ALERT_NONE;
}

/* Read an extension that may stand in this message. Its reader must use all of
 * it. */
static enum sts_tls_alert
read_ext(enum sts_tls_ext e, struct reader *r, struct answers *a)
{
	static enum sts_tls_alert (*const readers[STS_TLS_EXTS])(
	    struct reader *, struct answers *) = {
		[STS_TLS_EXT_SERVER_NAME] = read_nothing,
		[STS_TLS_EXT_FRAGMENT_LENGTH] = read_fragment_length,
		[STS_TLS_EXT_GROUPS] = ignore,
		[STS_TLS_EXT_POINTS] = read_points,
		[STS_TLS_EXT_ALPN] = read_alpn,
		[STS_TLS_EXT_MASTER_SECRET] = read_nothing,
		[STS_TLS_EXT_RECORD_LIMIT] = read_record_limit,
		[STS_TLS_EXT_VERSIONS] = read_version,
		[STS_TLS_EXT_COOKIE] = read_cookie,
		[STS_TLS_EXT_KEY_SHARE] = read_key_share,
		[STS_TLS_EXT_RENEGOTIATION] = read_renegotiation,
	};

	enum sts_tls_alert alert;

	/* The others may stand in no message of a server: judge_ext. */
	STS_ASSERT(readers[e] != NULL);
	alert = readers[e](r, a);
	return exact(r) ? alert : STS_ALERT_DECODE_ERROR;
}

/* Whether an extension may stand here; e: STS_TLS_EXTS if not known. */
static enum sts_tls_alert
judge_ext(unsigned e, uint32_t offered, uint32_t allowed, uint32_t *seen)
{
	uint32_t bit = e < STS_TLS_EXTS ? 1U << e : 0;

	if (((offered | 1U << STS_TLS_EXT_COOKIE) & bit) == 0) {
		return STS_ALERT_UNSUPPORTED_EXTENSION;
	}
	if ((allowed & bit) == 0 || (*seen & bit) != 0) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	*seen |= bit;
	return STS_ALERT_NONE;
}

/*
 * An extension is judged before its body is read: one that was not offered,
 * that may not stand in this message, or that comes twice ends the handshake.
 */
static enum sts_tls_alert
read_exts(
    struct sts_text list, uint32_t offered, uint32_t allowed, struct answers *a)
{
	struct reader r = read_all(list);

	while (r.n > 0) {
		uint16_t id = take16(&r);
		struct reader body = read_all(take_vector16(&r));
		enum sts_tls_alert alert;
		unsigned e = 0;

		if (r.bad) {
			return STS_ALERT_DECODE_ERROR;
		}
		while (e < STS_TLS_EXTS && ext_ids[e] != id) {
			e++;
		}
		alert = judge_ext(e, offered, allowed, &a->seen);
		if (alert == STS_ALERT_NONE) {
			alert = read_ext((enum sts_tls_ext)e, &body, a);
		}
		if (alert != STS_ALERT_NONE) {
			return alert;
		}
	}
	return STS_ALERT_NONE;
}

/* Whether supported_versions is among the extensions: it decides by which
 * rules the others are read. */
static bool
has_version_ext(struct sts_text list)
{
	struct reader r = read_all(list);

	while (r.n > 0) {
		uint16_t id = take16(&r);

		(void)take_vector16(&r);
		if (!r.bad && id == ext_ids[STS_TLS_EXT_VERSIONS]) {
			return true;
		}
	}
	return false;
}

/* Only the extension can announce TLS 1.3 (RFC 8446 4.2.1). */
static uint16_t
legacy_version(uint16_t version)
{
	return version == STS_TLS_13 ? 0 : version;
}

enum sts_tls_alert
sts_tls_read_server_hello(
    struct sts_text body, uint32_t offered, struct sts_tls_server_hello *out)
{
	struct reader r = read_all(body);
	struct answers a = { 0 };
	struct sts_text exts = { NULL, 0 };
	uint8_t compression;
	enum sts_tls_alert alert;
	bool is_13;

	a.hello.version = legacy_version(take16(&r));
	a.hello.random = take(&r, RANDOM);
	a.hello.session_id = take_vector8(&r);
	a.hello.suite = take16(&r);
	compression = take8(&r);
	if (r.n > 0) { /* TLS 1.2 may do without */
		exts = take_vector16(&r);
	}
	if (!exact(&r) || a.hello.session_id.n > SESSION_ID_MAX) {
		return STS_ALERT_DECODE_ERROR;
	}
	a.hello.retry = memcmp(a.hello.random.p, retry_random, RANDOM) == 0;
	is_13 = has_version_ext(exts);
	if (compression != 0 || (a.hello.retry && !is_13)) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	alert = read_exts(exts, offered,
	    !is_13          ? IN_HELLO_12
	    : a.hello.retry ? IN_RETRY
			    : IN_HELLO_13,
	    &a);
	a.hello.master_secret = (a.seen & 1U << STS_TLS_EXT_MASTER_SECRET) != 0;
	*out = a.hello;
	return alert;
}

enum sts_tls_alert
sts_tls_read_encrypted_extensions(
    struct sts_text body, uint32_t offered, struct sts_tls_extensions *out)
{
	struct reader r = read_all(body);
	struct answers a = { 0 };
	struct sts_text exts = take_vector16(&r);
	enum sts_tls_alert alert;

	if (!exact(&r)) {
		return STS_ALERT_DECODE_ERROR;
	}
	alert = read_exts(exts, offered, IN_ENCRYPTED, &a);
	*out = a.hello.ext;
	return alert;
}

static void
take_signed(struct reader *r, struct sts_tls_signed *out)
{
	out->scheme = take16(r);
	out->sig = take_vector16(r);
}

enum sts_tls_alert
sts_tls_read_certificate_verify(
    struct sts_text body, struct sts_tls_signed *out)
{
	struct reader r = read_all(body);

	take_signed(&r, out);
	return exact(&r) ? STS_ALERT_NONE : STS_ALERT_DECODE_ERROR;
}

enum sts_tls_alert
sts_tls_read_key_exchange(
    struct sts_text body, struct sts_tls_key_exchange *out)
{
	struct reader r = read_all(body);
	uint8_t type = take8(&r);

	out->group = take16(&r);
	out->share = take_vector8(&r);
	out->params = sts_text(body.p, body.n - r.n);
	take_signed(&r, &out->by);
	if (!exact(&r)) {
		return STS_ALERT_DECODE_ERROR;
	}
	return type == NAMED_CURVE ? STS_ALERT_NONE
				   : STS_ALERT_ILLEGAL_PARAMETER;
}

enum sts_tls_alert
sts_tls_read_key_update(struct sts_text body, bool *asked)
{
	if (body.n != 1) {
		return STS_ALERT_DECODE_ERROR;
	}
	if (body.p[0] > 1) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	*asked = body.p[0] == 1;
	return STS_ALERT_NONE;
}
