/* SPDX-License-Identifier: MIT */
/*
 * The client's TLS 1.3 half (RFC 8446). The states are those of `expect`:
 *
 *	HELLO [-> retry: work, flight -> HELLO] -> (secret: work)
 *	      -> EXTENSIONS -> CERTIFICATE_OR_REQUEST [-> CERTIFICATE]
 *	      -> VERIFY -> FINISHED -> (flight) -> OPEN
 *
 * Fields: suite from the first ServerHello or HelloRetryRequest on, and the
 * same in both; master, the master secret, from the handshake's secret on;
 * `in` and `out` have the handshake's keys from then on, and the
 * application's once the flight is written.
 *
 * Invariants: there is one retry at most, and it must change something.
 * `boundary` is set wherever keys change, so that no byte under the old keys
 * may follow in the same record. Secrets of no further use are wiped.
 *
 * The attacker in the middle may answer as he likes up to ServerHello, which
 * is in the clear: from there on, whatever he changed shows in the transcript
 * that CertificateVerify signs.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "tls13.h"

enum {
	SPACES = 64
};

/* Judge what a ServerHello and a HelloRetryRequest have in common. */
static enum sts_tls_alert
judge_hello(struct sts_tls_client *c, const struct sts_tls_server_hello *h)
{
	const struct sts_tls_suite *s = sts_tls_suite_find(h->suite);

	if (!sts_tls_hello_echoed(c->seed, h->session_id) || s == NULL ||
	    s->version != STS_TLS_13 || (c->retried && s != c->suite)) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	c->suite = s;
	sts_tls_transcript_choose(&c->transcript, s->hash_id);
	return STS_ALERT_NONE;
}

enum sts_tls_alert
sts_tls13_hello(struct sts_tls_client *c, const struct sts_tls_server_hello *h)
{
	enum sts_tls_alert alert = judge_hello(c, h);

	if (alert != STS_ALERT_NONE) {
		return alert;
	}
	if (h->group == 0) {
		return STS_ALERT_MISSING_EXTENSION;
	}
	if (h->group != c->group) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	c->version = STS_TLS_13;
	c->share = h->share;
	c->work = STS_TLS_WORK_SECRET;
	c->boundary = true;
	return STS_ALERT_NONE;
}

enum sts_tls_alert
sts_tls13_retry(struct sts_tls_client *c, const struct sts_tls_server_hello *h)
{
	enum sts_tls_alert alert =
	    c->retried ? STS_ALERT_UNEXPECTED_MESSAGE : judge_hello(c, h);

	if (alert != STS_ALERT_NONE) {
		return alert;
	}
	/* It must ask for a change, and for one that is possible: 4.1.4. */
	if (h->group == 0 ? h->cookie.n == 0
			  : h->group == c->group ||
				sts_tls_group_find(h->group) == NULL) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	if (h->cookie.n > STS_TLS_COOKIE_MAX) {
		c->why = STS_WHY_TLS_RECORD;
		return STS_ALERT_INTERNAL_ERROR;
	}
	if (h->group != 0) {
		c->group = h->group;
	}
	c->cookie = h->cookie;
	c->retried = true;
	sts_tls_transcript_retry(&c->transcript, c->suite->hash_id);
	c->work = STS_TLS_WORK_SHARE;
	c->boundary = true;
	return STS_ALERT_NONE;
}

bool
sts_tls13_secret(struct sts_tls_client *c)
{
	int id = c->suite->hash_id;
	uint8_t shared[STS_TLS_SECRET_MAX], secret[STS_TLS_HASH_MAX],
	    salt[STS_TLS_HASH_MAX], hash[STS_TLS_HASH_MAX];
	const struct sts_tls_group *g = sts_tls_group_find(c->group);
	struct sts_text t = { hash,
		sts_tls_transcript_hash(&c->transcript, id, hash) };

	if (!sts_tls_secret(c->seed, g, c->share, shared)) {
		return false;
	}
	/* RFC 8446 7.1: early, handshake, master. */
	sts_tls_extract(id, NULL, sts_text(NULL, 0), secret);
	sts_tls_derive_empty(id, secret, "derived", salt);
	sts_tls_extract(id, salt, sts_text(shared, g->secret_len), secret);
	sts_tls_direction_start(&c->out, c->suite, secret, "c hs traffic", t);
	sts_tls_direction_start(&c->in, c->suite, secret, "s hs traffic", t);
	sts_tls_derive_empty(id, secret, "derived", salt);
	sts_tls_extract(id, salt, sts_text(NULL, 0), c->master);
	sts_wipe(shared, sizeof shared);
	sts_wipe(secret, sizeof secret);
	sts_wipe(salt, sizeof salt);
	c->expect = STS_TLS13_EXTENSIONS;
	return true;
}

enum sts_tls_alert
sts_tls13_extensions(struct sts_tls_client *c, struct sts_text body)
{
	struct sts_tls_extensions e;
	enum sts_tls_alert alert =
	    sts_tls_read_encrypted_extensions(body, c->offered, &e);

	if (alert == STS_ALERT_NONE && e.record_limit > 0) {
		e.record_limit--; /* it counts the byte of the type */
	}
	c->expect = STS_TLS13_CERTIFICATE_OR_REQUEST;
	return alert != STS_ALERT_NONE ? alert : sts_tls_take_choices(c, &e);
}

/* RFC 8446 4.4.3. */
static void
hash_signed(struct sts_tls_client *c, int hash_id)
{
	static const char context[] = "TLS 1.3, server CertificateVerify";
	const br_hash_class *class = sts_hash(hash_id);
	uint8_t spaces[SPACES], hash[STS_TLS_HASH_MAX];
	size_t len =
	    sts_tls_transcript_hash(&c->transcript, c->suite->hash_id, hash);
	br_hash_compat_context h;

	memset(spaces, ' ', sizeof spaces);
	class->init(&h.vtable);
	class->update(&h.vtable, spaces, sizeof spaces);
	class->update(&h.vtable, context, sizeof context); /* and a 0 */
	class->update(&h.vtable, hash, len);
	class->out(&h.vtable, c->digest);
}

enum sts_tls_alert
sts_tls13_verify(struct sts_tls_client *c, struct sts_text body)
{
	struct sts_tls_signed s;
	enum sts_tls_alert alert = sts_tls_read_certificate_verify(body, &s);

	if (alert == STS_ALERT_NONE) {
		alert = sts_tls_take_signature(c, &s);
	}
	if (alert == STS_ALERT_NONE) {
		hash_signed(c, c->scheme->hash_id);
		c->expect = STS_TLS13_FINISHED;
	}
	return alert;
}

enum sts_tls_alert
sts_tls13_finished(struct sts_tls_client *c, struct sts_text body)
{
	uint8_t hash[STS_TLS_HASH_MAX], want[STS_TLS_HASH_MAX];
	struct sts_text t = { hash, sts_tls_transcript_hash(&c->transcript,
					c->suite->hash_id, hash) };
	size_t len = sts_tls_finished_13(&c->in, t, want);

	if (body.n != len) {
		return STS_ALERT_DECODE_ERROR;
	}
	if (!sts_tls_same(body.p, want, len)) {
		return STS_ALERT_DECRYPT_ERROR;
	}
	c->expect = STS_TLS_EXPECT_NOTHING;
	c->flight = STS_TLS_FLIGHT_FINISHED;
	c->boundary = true;
	return STS_ALERT_NONE;
}

void
sts_tls13_flight(struct sts_tls_client *c, struct sts_tls_out *o)
{
	/* No context, no certificates. */
	static const uint8_t no_certificate[4] = { 0 };
	uint8_t hash[STS_TLS_HASH_MAX], mine[STS_TLS_HASH_MAX],
	    verify[STS_TLS_HASH_MAX];
	struct sts_text t = { hash, sts_tls_transcript_hash(&c->transcript,
					c->suite->hash_id, hash) };
	size_t len;

	sts_tls_put_ccs(c, o);
	if (c->requested) {
		sts_tls_put_message(c, o, STS_TLS_CERTIFICATE,
		    sts_text(no_certificate, sizeof no_certificate));
	}
	(void)sts_tls_transcript_hash(&c->transcript, c->suite->hash_id, mine);
	len = sts_tls_finished_13(&c->out, sts_text(mine, t.n), verify);
	sts_tls_put_message(c, o, STS_TLS_FINISHED, sts_text(verify, len));
	sts_tls_direction_start(
	    &c->out, c->suite, c->master, "c ap traffic", t);
	sts_tls_direction_start(&c->in, c->suite, c->master, "s ap traffic", t);
	c->expect = STS_TLS13_OPEN;
	c->open = true;
}

enum sts_tls_alert
sts_tls13_key_update(struct sts_tls_client *c, struct sts_text body)
{
	bool asked;
	enum sts_tls_alert alert = sts_tls_read_key_update(body, &asked);

	if (alert != STS_ALERT_NONE) {
		return alert;
	}
	sts_tls_direction_update(&c->in);
	c->update_owed = c->update_owed || asked;
	c->boundary = true;
	return STS_ALERT_NONE;
}
