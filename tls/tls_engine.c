/* SPDX-License-Identifier: MIT */
/*
 * The filter over BearSSL's engine, TLS 1.2 only: the reference that our own
 * client (session.c) is held against, built in its place by TLS_ENGINE=1. The
 * engine is the state machine; around it stand
 *
 *	HANDSHAKE    the engine's records pass; application bytes do not
 *	ESTABLISHED  the path was accepted and the handshake is over
 *	FAILED       `why` is set, the engine is not asked any more
 *
 * and, within HANDSHAKE, the verdict on the path: from the end of the
 * Certificate message until it is there, only WORK is wanted. So nothing but
 * the ClientHello has been sent when a path is refused, and the alert for it
 * can still go in the clear.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "../core/base/name.h"
#include "curves.h"
#include "signature.h"
#include "session.h"
#include "x509/x509_class.h"

enum state {
	HANDSHAKE,
	ESTABLISHED,
	FAILED
};

enum {
	ALERT_RECORD = 21,
	ALERT_FATAL = 2,
	ALERT_LEN = 7,
	ALERT_BAD_CERTIFICATE = 42,
	ALERT_PROTOCOL_VERSION = 70
};

struct sts_tls {
	br_ssl_client_context client;
	struct sts_x509_class x509;
	uint8_t state;
	uint8_t why; /* enum sts_why, in FAILED */
	bool hello_only; /* nothing was sent after the ClientHello */
	bool eof; /* the peer closed the connection */
	uint8_t alert[ALERT_LEN]; /* in FAILED, what of it is to be sent */
	uint8_t alert_off;
	uint8_t alert_len;
	uint8_t record[STS_TLS_RECORD_SIZE];
};

STS_STATIC_ASSERT(sizeof(struct sts_tls) <= STS_TLS_SIZE_MAX, tls_size);
STS_STATIC_ASSERT(STS_TLS_RECORD_SIZE >= 837, tls_record_size);
STS_STATIC_ASSERT((int)STS_NAME_MAX < 255, tls_server_name);

/*
 * BearSSL asks its seeder at every start, even when entropy was injected. We
 * bring our own: this definition takes the place of the library's, so that no
 * call to an operating system is linked and equal seeds give equal bytes.
 */
br_prng_seeder
br_prng_seeder_system(const char **name)
{
	if (name != NULL) {
		*name = "none";
	}
	return 0;
}

/* The alert for a reason, for the peer; 0: none (RFC 5246 7.2.2). */
static uint8_t
alert_for(enum sts_why why)
{
	static const struct {
		uint8_t why;
		uint8_t alert;
	} alerts[] = {
		{ STS_WHY_TLS_ALERT, 0 }, { STS_WHY_PEER_CLOSED, 0 },
		{ STS_WHY_TLS_PROTOCOL, 40 }, /* handshake_failure */
		{ STS_WHY_TLS_VERSION, ALERT_PROTOCOL_VERSION },
		{ STS_WHY_TLS_RECORD, 22 }, /* record_overflow */
		{ STS_WHY_X509_ALGORITHM, 43 }, /* unsupported_certificate */
		{ STS_WHY_X509_EXPIRED, 45 }, /* certificate_expired */
		{ STS_WHY_X509_NOT_YET, 45 },
		{ STS_WHY_X509_NO_ISSUER, 48 }, /* unknown_ca */
	};

	for (size_t i = 0; i < sizeof alerts / sizeof *alerts; i++) {
		if (alerts[i].why == why) {
			return alerts[i].alert;
		}
	}
	return ALERT_BAD_CERTIFICATE;
}

static void
fail(struct sts_tls *t, enum sts_why why)
{
	uint8_t alert[ALERT_LEN] = { ALERT_RECORD, 3, 3, 0, 2, ALERT_FATAL,
		alert_for(why) };

	STS_ASSERT(why != STS_WHY_NONE);
	if (t->state == FAILED) {
		return;
	}
	t->state = FAILED;
	t->why = (uint8_t)why;
	/* In the clear only: the engine offers no way to encrypt one. */
	if (t->hello_only && alert[ALERT_LEN - 1] != 0) {
		memcpy(t->alert, alert, sizeof alert);
		t->alert_len = ALERT_LEN;
	}
}

/* The reason behind an error of BearSSL's engine. */
static enum sts_why
engine_why(const struct sts_tls *t, int error)
{
	switch (error) {
	case BR_ERR_UNSUPPORTED_VERSION:
	case BR_ERR_RECV_FATAL_ALERT + ALERT_PROTOCOL_VERSION:
		return STS_WHY_TLS_VERSION;
	case BR_ERR_TOO_LARGE:
		return STS_WHY_TLS_RECORD;
	case BR_ERR_X509_NOT_TRUSTED:
		return sts_x509_verdict(&t->x509.x509);
	default:
		return error >= BR_ERR_RECV_FATAL_ALERT &&
			       error < BR_ERR_SEND_FATAL_ALERT
			   ? STS_WHY_TLS_ALERT
			   : STS_WHY_TLS_PROTOCOL;
	}
}

static unsigned
engine_state(const struct sts_tls *t)
{
	return br_ssl_engine_current_state(&t->client.eng);
}

/* Whether the path waits for work. */
static bool
judging(const struct sts_tls *t)
{
	return t->x509.ended && sts_x509_pending(&t->x509.x509);
}

/* Whether the peer's close_notify has come. */
static bool
notified(const struct sts_tls *t)
{
	return t->client.eng.shutdown_recv != 0;
}

/* Whether the handshake is over, or will never be. */
static void
update_handshake(struct sts_tls *t)
{
	if ((engine_state(t) & BR_SSL_SENDAPP) != 0) {
		/* No session is resumed: there was a path, and it is good. */
		STS_ASSERT(t->x509.ended);
		STS_ASSERT(t->x509.collects ||
			   sts_x509_verdict(&t->x509.x509) == STS_WHY_NONE);
		t->state = ESTABLISHED;
	} else if (notified(t)) {
		fail(t, STS_WHY_PEER_CLOSED);
	}
}

/* The engine has changed: see what became of the session. */
static void
update(struct sts_tls *t)
{
	int error = br_ssl_engine_last_error(&t->client.eng);

	if (error != BR_ERR_OK) {
		fail(t, engine_why(t, error));
	}
	if (t->state == HANDSHAKE && !judging(t)) {
		update_handshake(t);
	}
	/* What came before the connection ended may still be read. */
	if (t->state == ESTABLISHED && t->eof && !notified(t) &&
	    (engine_state(t) & BR_SSL_RECVAPP) == 0) {
		fail(t, STS_WHY_TLS_TRUNCATED);
	}
}

/* Suites, hashes and curves: ECDHE with AEAD, TLS 1.2 only. */
static void
configure(br_ssl_engine_context *eng)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		/* The last ones may be left out. */
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	};
	size_t count = sizeof suites / sizeof *suites;

	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(eng, suites, count - (STS_SHA384_512 ? 0 : 2));
	br_ssl_engine_add_flags(eng, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_prf_sha256(eng, br_tls12_sha256_prf);
	if (STS_SHA384_512) {
		br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
		br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
		br_ssl_engine_set_prf_sha384(eng, br_tls12_sha384_prf);
	}
	br_ssl_engine_set_rsavrfy(eng, sts_signature_br_pkcs1);
	br_ssl_engine_set_ecdsa(eng, sts_signature_br_ecdsa);
	br_ssl_engine_set_ec(eng, sts_curves());
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_chapol(eng);
}

size_t
sts_tls_size(void)
{
	return sizeof(struct sts_tls);
}

void
sts_tls_start(struct sts_tls *t, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s,
    const uint8_t rnd[STS_TLS_RND])
{
	br_ssl_engine_context *eng = &t->client.eng;
	char name[STS_NAME_MAX + 1] = { 0 };

	STS_ASSERT(sts_name_valid(host));
	STS_ASSERT(wall_s >= 0);
	memcpy(name, host.p, host.n);
	br_ssl_client_zero(&t->client);
	configure(eng);
	sts_x509_class_init(&t->x509);
	br_ssl_engine_set_x509(eng, &t->x509.vtable);
	br_ssl_engine_set_buffer(eng, t->record, sizeof t->record, 0);
	br_ssl_engine_inject_entropy(eng, rnd, STS_TLS_RND);
	t->state = HANDSHAKE;
	t->why = STS_WHY_NONE;
	t->hello_only = true;
	t->eof = false;
	t->alert_off = 0;
	t->alert_len = 0;
	(void)br_ssl_client_reset(&t->client, name, 0);
	STS_ASSERT(br_ssl_engine_last_error(eng) == BR_ERR_OK);
	/* The engine keeps the name for as long as the session. */
	sts_x509_start(&t->x509.x509,
	    sts_text((const uint8_t *)eng->server_name, host.n), anchors,
	    wall_s);
}

void
sts_tls_common_init(struct sts_tls_common *c)
{
	memset(c, 0, sizeof *c); /* the engine chooses at every session */
	sts_x509_links_clear(&c->links);
}

void
sts_tls_use_common(struct sts_tls *t, struct sts_tls_common *c)
{
	sts_x509_use_links(&t->x509.x509, &c->links);
}

/* The engine wrote its ClientHello at the start: none is offered. */
void
sts_tls_use_alpn(struct sts_tls *t, struct sts_text protocol)
{
	(void)t;
	STS_ASSERT(protocol.n > 0);
}

void
sts_tls_collect(struct sts_tls *t, struct sts_tls_chain *chain)
{
	t->x509.collects = true;
	t->x509.chain = chain;
	if (chain != NULL) {
		sts_tls_chain_start(chain);
	}
}

/* The same: all are offered. */
void
sts_tls_use_keys(struct sts_tls *t, enum sts_tls_keys keys)
{
	(void)t;
	(void)keys;
}

unsigned
sts_tls_wants(const struct sts_tls *t)
{
	static const struct {
		unsigned engine;
		unsigned wants;
	} bits[] = { { BR_SSL_SENDREC, STS_TLS_REC_SEND },
		{ BR_SSL_RECVREC, STS_TLS_REC_RECV },
		{ BR_SSL_SENDAPP, STS_TLS_APP_SEND },
		{ BR_SSL_RECVAPP, STS_TLS_APP_RECV } };
	unsigned s = engine_state(t), wants = 0;

	if (t->state == FAILED) {
		return t->alert_len > 0 ? STS_TLS_FAILED | STS_TLS_REC_SEND
					: STS_TLS_FAILED;
	}
	if (judging(t)) {
		return STS_TLS_WORK;
	}
	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
		wants |= (s & bits[i].engine) != 0 ? bits[i].wants : 0;
	}
	if (notified(t)) {
		return (wants & STS_TLS_REC_SEND) | STS_TLS_CLOSED;
	}
	return wants;
}

struct sts_text
sts_tls_rec_send_buf(const struct sts_tls *t)
{
	struct sts_text out = { NULL, 0 };

	if (t->state == FAILED) {
		out = sts_text(t->alert + t->alert_off, t->alert_len);
	} else if (!judging(t)) {
		out.p = br_ssl_engine_sendrec_buf(&t->client.eng, &out.n);
	}
	return out;
}

void
sts_tls_rec_send_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_rec_send_buf(t).n);
	if (t->state == FAILED) {
		t->alert_off = (uint8_t)(t->alert_off + n);
		t->alert_len = (uint8_t)(t->alert_len - n);
		return;
	}
	t->hello_only = t->hello_only && !t->x509.ended;
	br_ssl_engine_sendrec_ack(&t->client.eng, n);
	update(t);
}

struct sts_span
sts_tls_rec_recv_buf(const struct sts_tls *t)
{
	struct sts_span in = { NULL, 0 };

	if ((sts_tls_wants(t) & STS_TLS_REC_RECV) != 0) {
		in.p = br_ssl_engine_recvrec_buf(&t->client.eng, &in.n);
	}
	return in;
}

void
sts_tls_rec_recv_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_rec_recv_buf(t).n);
	br_ssl_engine_recvrec_ack(&t->client.eng, n);
	update(t);
}

struct sts_span
sts_tls_app_send_buf(const struct sts_tls *t)
{
	struct sts_span in = { NULL, 0 };

	if ((sts_tls_wants(t) & STS_TLS_APP_SEND) != 0) {
		in.p = br_ssl_engine_sendapp_buf(&t->client.eng, &in.n);
	}
	return in;
}

void
sts_tls_app_send_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_app_send_buf(t).n);
	br_ssl_engine_sendapp_ack(&t->client.eng, n);
	update(t);
}

void
sts_tls_app_flush(struct sts_tls *t)
{
	if (t->state == ESTABLISHED) {
		br_ssl_engine_flush(&t->client.eng, 0);
		update(t);
	}
}

struct sts_text
sts_tls_app_recv_buf(const struct sts_tls *t)
{
	struct sts_text out = { NULL, 0 };

	if ((sts_tls_wants(t) & STS_TLS_APP_RECV) != 0) {
		out.p = br_ssl_engine_recvapp_buf(&t->client.eng, &out.n);
	}
	return out;
}

void
sts_tls_app_recv_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_app_recv_buf(t).n);
	br_ssl_engine_recvapp_ack(&t->client.eng, n);
	update(t);
}

/* A record that does not fit is refused. */
bool
sts_tls_provisional(const struct sts_tls *t)
{
	(void)t;
	return false;
}

void
sts_tls_work(struct sts_tls *t)
{
	enum sts_why why;

	STS_ASSERT(t->state == HANDSHAKE);
	STS_ASSERT(judging(t));
	sts_x509_work(&t->x509.x509);
	if (judging(t)) {
		return;
	}
	why = sts_x509_verdict(&t->x509.x509);
	if (why != STS_WHY_NONE &&
	    !(t->x509.collects && sts_x509_leaf_key_usable(&t->x509.x509))) {
		fail(t, why);
	}
	update(t);
}

void
sts_tls_peer_closed(struct sts_tls *t)
{
	t->eof = true;
	if (t->state == HANDSHAKE) {
		fail(t, STS_WHY_PEER_CLOSED);
	}
	update(t);
}

bool
sts_tls_established(const struct sts_tls *t)
{
	return t->state == ESTABLISHED;
}

enum sts_why
sts_tls_why(const struct sts_tls *t)
{
	STS_ASSERT(t->state == FAILED);
	return (enum sts_why)t->why;
}

uint8_t
sts_tls_alert(const struct sts_tls *t)
{
	int error = br_ssl_engine_last_error(&t->client.eng);

	return error >= BR_ERR_RECV_FATAL_ALERT &&
		       error < BR_ERR_SEND_FATAL_ALERT
		   ? (uint8_t)(error - BR_ERR_RECV_FATAL_ALERT)
		   : 0;
}

enum sts_why
sts_tls_path(const struct sts_tls *t)
{
	STS_ASSERT(t->state == ESTABLISHED);
	return sts_x509_verdict(&t->x509.x509);
}

uint16_t
sts_tls_version(const struct sts_tls *t)
{
	STS_ASSERT(t->state == ESTABLISHED);
	return BR_TLS12;
}

bool
sts_tls_ecdsa(const struct sts_tls *t)
{
	STS_ASSERT(t->state == ESTABLISHED);
	return t->x509.pkey.key_type == BR_KEYTYPE_EC;
}

bool
sts_tls_must_staple(const struct sts_tls *t)
{
	return t->state == ESTABLISHED && sts_x509_must_staple(&t->x509.x509);
}

unsigned
sts_tls_scts(const struct sts_tls *t)
{
	return t->state == ESTABLISHED ? sts_x509_scts(&t->x509.x509) : 0;
}

void
sts_tls_end(struct sts_tls *t)
{
	sts_wipe(t, sizeof *t);
	t->state = FAILED;
	t->why = STS_WHY_PEER_CLOSED;
}
