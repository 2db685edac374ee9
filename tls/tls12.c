/* SPDX-License-Identifier: MIT */
/*
 * The client's TLS 1.2 half: ECDHE with AEAD, nothing else. The states are
 * those of `expect`, in this order:
 *
 *	HELLO -> CERTIFICATE -> KEY_EXCHANGE -> REQUEST_OR_DONE [-> DONE]
 *	      -> (secret, share: work; flight) -> CHANGE_CIPHER_SPEC
 *	      -> FINISHED -> OPEN
 *
 * Fields: server_random and suite from the hello on; group, share and digest
 * from the key exchange on; the premaster secret lies in msg between the work
 * and the flight, which wipes it; master from the flight on.
 *
 * Invariants: the certificates' path was judged before the key exchange is
 * handled, and its signature is checked (tls_client.c) before anything of ours
 * is made of the share. Nothing resumes and nothing renegotiates.
 *
 * The attacker in the middle wants an older version or a weaker suite: a server
 * that has 1.3 and was kept from seeing our offer marks that in its random,
 * which ends the handshake; suites are only those that we offered for this
 * version. Where the server has extended_master_secret it is used.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "tls12.h"

/*
 * Whether the server's random marks that it has TLS 1.3, but did not see that
 * we offer it (RFC 8446 4.1.3); the last byte is 1, or 0 for TLS 1.1 and below.
 */
static bool
downgraded(struct sts_text random)
{
	static const uint8_t sentinel[7] = { 'D', 'O', 'W', 'N', 'G', 'R',
		'D' };
	const uint8_t *end = random.p + random.n - 8;

	return memcmp(end, sentinel, sizeof sentinel) == 0 && end[7] <= 1;
}

enum sts_tls_alert
sts_tls12_hello(struct sts_tls_client *c, const struct sts_tls_server_hello *h)
{
	const struct sts_tls_suite *s = sts_tls_suite_find(h->suite);

	if (h->version != STS_TLS_12 || c->retried) {
		c->why = STS_WHY_TLS_VERSION;
		return STS_ALERT_PROTOCOL_VERSION;
	}
	/* Our session id names no session: a server that resumes it is
	 * broken. */
	if (downgraded(h->random) ||
	    sts_tls_hello_echoed(c->seed, h->session_id) || s == NULL ||
	    s->version != STS_TLS_12 || !sts_tls_suite_for(s, c->keys)) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	c->version = STS_TLS_12;
	c->suite = s;
	sts_tls_transcript_choose(&c->transcript, s->hash_id);
	c->master_secret = h->master_secret;
	memcpy(c->server_random, h->random.p, sizeof c->server_random);
	c->expect = STS_TLS12_CERTIFICATE;
	return sts_tls_take_choices(c, &h->ext);
}

enum sts_tls_alert
sts_tls12_key_exchange(struct sts_tls_client *c, struct sts_text body)
{
	struct sts_tls_key_exchange x;
	enum sts_tls_alert alert = sts_tls_read_key_exchange(body, &x);
	uint8_t random[STS_TLS_RANDOM];
	const br_hash_class *class;
	br_hash_compat_context h;

	if (alert != STS_ALERT_NONE) {
		return alert;
	}
	if (sts_tls_group_find(x.group) == NULL) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	alert = sts_tls_take_signature(c, &x.by);
	if (alert != STS_ALERT_NONE) {
		return alert;
	}
	c->group = x.group;
	c->share = x.share;
	sts_tls_draw(c->seed, STS_TLS_DRAW_RANDOM, random);
	class = sts_hash(c->scheme->hash_id);
	class->init(&h.vtable);
	class->update(&h.vtable, random, sizeof random);
	class->update(&h.vtable, c->server_random, sizeof c->server_random);
	class->update(&h.vtable, x.params.p, x.params.n);
	class->out(&h.vtable, c->digest);
	c->expect = STS_TLS12_REQUEST_OR_DONE;
	return STS_ALERT_NONE;
}

enum sts_tls_alert
sts_tls12_done(struct sts_tls_client *c, struct sts_text body)
{
	if (body.n != 0) {
		return STS_ALERT_DECODE_ERROR;
	}
	c->expect = STS_TLS_EXPECT_NOTHING;
	c->work = STS_TLS_WORK_SECRET;
	c->boundary = true;
	return STS_ALERT_NONE;
}

bool
sts_tls12_secret(struct sts_tls_client *c)
{
	const struct sts_tls_group *g = sts_tls_group_find(c->group);

	/* In place of the message, whose share is copied first. */
	if (!sts_tls_secret(c->seed, g, c->share, c->msg)) {
		return false;
	}
	if (c->group == BR_EC_curve25519) {
		memcpy(c->msg + sizeof c->msg - STS_TLS_SHARE_MAX,
		    c->out.secret, STS_TLS_FIRST_SHARE);
		c->flight = STS_TLS_FLIGHT_FINISHED;
	} else {
		c->work = STS_TLS_WORK_SHARE;
	}
	return true;
}

/* From the premaster secret in msg, after ClientKeyExchange was hashed. */
static void
make_master(struct sts_tls_client *c)
{
	int id = c->suite->hash_id;
	struct sts_text premaster = { c->msg,
		sts_tls_group_find(c->group)->secret_len };
	struct sts_span master = { c->master, STS_TLS_MASTER_12 };
	/* The client's, the server's, the client's: the master secret has
	 * ours first, the keys have the server's. */
	uint8_t randoms[3][STS_TLS_RANDOM];

	sts_tls_draw(c->seed, STS_TLS_DRAW_RANDOM, randoms[0]);
	memcpy(randoms[1], c->server_random, STS_TLS_RANDOM);
	memcpy(randoms[2], randoms[0], STS_TLS_RANDOM);
	if (c->master_secret) { /* RFC 7627 4 */
		uint8_t hash[STS_TLS_HASH_MAX];
		size_t len = sts_tls_transcript_hash(&c->transcript, id, hash);

		sts_tls_prf(id, premaster, "extended master secret",
		    sts_text(hash, len), master);
	} else {
		sts_tls_prf(id, premaster, "master secret",
		    sts_text(randoms[0], 2 * sizeof randoms[0]), master);
	}
	sts_wipe(c->msg, premaster.n);
	sts_tls_key_block(&c->in, &c->out, c->suite, c->master,
	    sts_text(randoms[1], 2 * sizeof randoms[1]));
}

static void
finished(const struct sts_tls_client *c, const char *label,
    uint8_t out[STS_TLS_VERIFY_12])
{
	uint8_t hash[STS_TLS_HASH_MAX];
	size_t len =
	    sts_tls_transcript_hash(&c->transcript, c->suite->hash_id, hash);

	sts_tls_prf(c->suite->hash_id, sts_text(c->master, STS_TLS_MASTER_12),
	    label, sts_text(hash, len), sts_span(out, STS_TLS_VERIFY_12));
}

void
sts_tls12_flight(struct sts_tls_client *c, struct sts_tls_out *o)
{
	static const uint8_t no_certificate[3] = { 0 };
	uint8_t verify[STS_TLS_VERIFY_12], point[1 + STS_TLS_SHARE_MAX];
	struct sts_text share = sts_tls_own_share(c);

	if (c->requested) {
		sts_tls_put_message(c, o, STS_TLS_CERTIFICATE,
		    sts_text(no_certificate, sizeof no_certificate));
	}
	point[0] = (uint8_t)share.n;
	memcpy(point + 1, share.p, share.n);
	sts_tls_put_message(
	    c, o, STS_TLS_CLIENT_KEY_EXCHANGE, sts_text(point, 1 + share.n));
	make_master(c);
	sts_tls_put_ccs(c, o);
	c->out.suite = c->suite;
	finished(c, "client finished", verify);
	sts_tls_put_message(
	    c, o, STS_TLS_FINISHED, sts_text(verify, sizeof verify));
	c->expect = STS_TLS12_CHANGE_CIPHER_SPEC;
}

enum sts_tls_alert
sts_tls12_finished(struct sts_tls_client *c, struct sts_text body)
{
	uint8_t want[STS_TLS_VERIFY_12];

	if (body.n != sizeof want) {
		return STS_ALERT_DECODE_ERROR;
	}
	finished(c, "server finished", want);
	if (!sts_tls_same(body.p, want, sizeof want)) {
		return STS_ALERT_DECRYPT_ERROR;
	}
	c->expect = STS_TLS12_OPEN;
	c->open = true;
	c->boundary = true;
	return STS_ALERT_NONE;
}

/* There is no second handshake; RFC 5246 7.4.1.1 lets us ignore the wish. */
enum sts_tls_alert
sts_tls12_hello_request(struct sts_tls_client *c, struct sts_text body)
{
	(void)c;
	return body.n == 0 ? STS_ALERT_NONE : STS_ALERT_DECODE_ERROR;
}
