/* SPDX-License-Identifier: MIT */
/*
 * The handshake: which message may come, how it is read, and what is due. The
 * states are the rows of a table: `expect` and the type of a message choose
 * one, or the handshake fails. tls_client.h draws the way through them.
 *
 * Fields: row, left and got belong to the message that is being read, and
 * head_len is 0 between messages, while our share stands at the end of msg.
 * cookie, share and sig point into msg, and are of use until the next message
 * that is collected there.
 *
 * Invariants: nothing is read while work or a flight is due. A message that is
 * collected whole is hashed after it was handled, since CertificateVerify and
 * Finished are about those before them. Certificates, requests and tickets
 * pass without being kept; all else fits msg, or the handshake fails. Tickets
 * and updates are counted, and too many end the session.
 *
 * The attacker skips, repeats and reorders messages, or puts them into records
 * of their own: no row can be left out, and no signature counts before the
 * verdict on the path (tls_state.h has the exception, `collects`).
 */
#include <string.h>

#include "../core/base/assert.h"
#include "tls12.h"
#include "tls13.h"
#include "tls_client.h"

/* Finished and an empty Certificate of TLS 1.3, or ClientKeyExchange and the
 * rest of TLS 1.2, with headers and tags; a CCS. */
STS_STATIC_ASSERT(
    6 + 2 * (5 + 4 + 17) + 4 + STS_TLS_HASH_MAX <= (int)STS_TLS_FLIGHT_MAX,
    tls_flight_13);
STS_STATIC_ASSERT(
    6 + 3 * (5 + 4) + 24 + 3 + STS_TLS_VERIFY_12 + 1 + STS_TLS_SHARE_MAX <=
	(int)STS_TLS_FLIGHT_MAX,
    tls_flight_12);
/* Both lie in msg when the second hello is written. */
STS_STATIC_ASSERT(STS_TLS_COOKIE_MAX + STS_TLS_SHARE_MAX <= STS_TLS_MESSAGE_MAX,
    tls_cookie_and_share);
STS_STATIC_ASSERT(STS_NAME_MAX <= UINT8_MAX, tls_name);

enum kind {
	WHOLE, /* collected, handled, then hashed */
	UNHASHED, /* the same, not part of the handshake: so many at most */
	CERTIFICATES, /* the judge reads it as it passes */
	REQUEST, /* read as it passes */
	TICKET /* not looked at */
};

struct sts_tls_row {
	uint8_t expect;
	uint8_t type;
	uint8_t kind;
	enum sts_tls_alert (*handle)(
	    struct sts_tls_client *c, struct sts_text body);
};

/* The alert by which the peer learns why its path is refused (RFC 8446 6.2). */
static enum sts_tls_alert
path_alert(enum sts_why why)
{
	switch (why) {
	case STS_WHY_X509_ALGORITHM:
		return STS_ALERT_UNSUPPORTED_CERTIFICATE;
	case STS_WHY_X509_EXPIRED:
	case STS_WHY_X509_NOT_YET:
		return STS_ALERT_CERTIFICATE_EXPIRED;
	case STS_WHY_X509_NO_ISSUER:
		return STS_ALERT_UNKNOWN_CA;
	default:
		return STS_ALERT_BAD_CERTIFICATE;
	}
}

/* A message was wrong; its handler may have set the reason. */
static void
refuse(struct sts_tls_client *c, enum sts_tls_alert alert)
{
	sts_tls_client_refuse(c,
	    c->why != STS_WHY_NONE ? (enum sts_why)c->why
				   : STS_WHY_TLS_PROTOCOL,
	    alert);
}

/* Work is due until the path is judged; then its verdict counts. */
static void
see_verdict(struct sts_tls_client *c)
{
	enum sts_why why;

	if (sts_x509_pending(&c->x509)) {
		c->work = STS_TLS_WORK_PATH;
		return;
	}
	c->work = STS_TLS_WORK_NONE;
	why = sts_x509_verdict(&c->x509);
	c->path = (uint8_t)why;
	if (why != STS_WHY_NONE &&
	    !(c->collects && sts_x509_leaf_key_usable(&c->x509))) {
		sts_tls_client_refuse(c, why, path_alert(why));
	}
}

static enum sts_tls_alert
take_hello(struct sts_tls_client *c, struct sts_text body)
{
	struct sts_tls_server_hello h;
	enum sts_tls_alert alert =
	    sts_tls_read_server_hello(body, c->offered, &h);

	if (alert != STS_ALERT_NONE) {
		return alert;
	}
	if (h.version != STS_TLS_13) {
		return sts_tls12_hello(c, &h);
	}
	return h.retry ? sts_tls13_retry(c, &h) : sts_tls13_hello(c, &h);
}

/* All certificates passed: no signature of the server before the verdict. */
static enum sts_tls_alert
end_certificates(struct sts_tls_client *c, struct sts_text body)
{
	(void)body;
	sts_x509_chain_end(&c->x509);
	c->expect = c->version == STS_TLS_13 ? STS_TLS13_VERIFY
					     : STS_TLS12_KEY_EXCHANGE;
	see_verdict(c);
	return STS_ALERT_NONE;
}

static enum sts_tls_alert
end_request(struct sts_tls_client *c, struct sts_text body)
{
	(void)body;
	c->requested = true;
	c->expect =
	    c->version == STS_TLS_13 ? STS_TLS13_CERTIFICATE : STS_TLS12_DONE;
	return STS_ALERT_NONE;
}

static enum sts_tls_alert
end_ticket(struct sts_tls_client *c, struct sts_text body)
{
	(void)body;
	return c->tickets++ == STS_TLS_TICKETS_MAX
		   ? STS_ALERT_UNEXPECTED_MESSAGE
		   : STS_ALERT_NONE;
}

/* Which messages may come when. No others may, and no message may be left
 * out. */
static const struct sts_tls_row rows[] = {
	{ STS_TLS_EXPECT_HELLO, STS_TLS_SERVER_HELLO, WHOLE, take_hello },
	{ STS_TLS13_EXTENSIONS, STS_TLS_ENCRYPTED_EXTENSIONS, WHOLE,
	    sts_tls13_extensions },
	{ STS_TLS13_CERTIFICATE_OR_REQUEST, STS_TLS_CERTIFICATE_REQUEST,
	    REQUEST, end_request },
	{ STS_TLS13_CERTIFICATE_OR_REQUEST, STS_TLS_CERTIFICATE, CERTIFICATES,
	    end_certificates },
	{ STS_TLS13_CERTIFICATE, STS_TLS_CERTIFICATE, CERTIFICATES,
	    end_certificates },
	{ STS_TLS13_VERIFY, STS_TLS_CERTIFICATE_VERIFY, WHOLE,
	    sts_tls13_verify },
	{ STS_TLS13_FINISHED, STS_TLS_FINISHED, WHOLE, sts_tls13_finished },
	{ STS_TLS13_OPEN, STS_TLS_NEW_SESSION_TICKET, TICKET, end_ticket },
	{ STS_TLS13_OPEN, STS_TLS_KEY_UPDATE, UNHASHED, sts_tls13_key_update },
	{ STS_TLS12_CERTIFICATE, STS_TLS_CERTIFICATE, CERTIFICATES,
	    end_certificates },
	{ STS_TLS12_KEY_EXCHANGE, STS_TLS_SERVER_KEY_EXCHANGE, WHOLE,
	    sts_tls12_key_exchange },
	{ STS_TLS12_REQUEST_OR_DONE, STS_TLS_CERTIFICATE_REQUEST, REQUEST,
	    end_request },
	{ STS_TLS12_REQUEST_OR_DONE, STS_TLS_SERVER_HELLO_DONE, WHOLE,
	    sts_tls12_done },
	{ STS_TLS12_DONE, STS_TLS_SERVER_HELLO_DONE, WHOLE, sts_tls12_done },
	{ STS_TLS12_FINISHED, STS_TLS_FINISHED, WHOLE, sts_tls12_finished },
	{ STS_TLS12_OPEN, STS_TLS_HELLO_REQUEST, UNHASHED,
	    sts_tls12_hello_request },
};

static const struct sts_tls_row *
find_row(uint8_t expect, uint8_t type)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].expect == expect && rows[i].type == type) {
			return &rows[i];
		}
	}
	return NULL;
}

/* The header of a message is complete: find the row that allows it now, and
 * prepare to read it as that row says. */
static void
begin_message(struct sts_tls_client *c)
{
	c->row = find_row(c->expect, c->head[0]);
	c->left =
	    (uint32_t)c->head[1] << 16 | (uint32_t)c->head[2] << 8 | c->head[3];
	c->got = 0;
	if (c->row == NULL) {
		refuse(c, STS_ALERT_UNEXPECTED_MESSAGE);
		return;
	}
	switch (c->row->kind) {
	case CERTIFICATES:
		sts_tls_certs_begin(&c->lists, c->version, c->left);
		break;
	case REQUEST:
		sts_tls_request_begin(&c->lists, c->version, c->left);
		break;
	case TICKET:
		return;
	default:
		if (c->left > sizeof c->msg) {
			sts_tls_client_refuse(
			    c, STS_WHY_TLS_RECORD, STS_ALERT_INTERNAL_ERROR);
		}
		return;
	}
	sts_tls_transcript_add(
	    &c->transcript, sts_text(c->head, sizeof c->head));
}

static size_t
take_head(struct sts_tls_client *c, struct sts_text in)
{
	size_t n = sizeof c->head - c->head_len;

	n = n < in.n ? n : in.n;
	memcpy(c->head + c->head_len, in.p, n);
	c->head_len = (uint8_t)(c->head_len + n);
	if (c->head_len == sizeof c->head) {
		begin_message(c);
	}
	return n;
}

static void
begin_certificate(struct sts_tls_client *c, size_t len)
{
	sts_x509_cert_begin(&c->x509, len);
	if (c->chain != NULL) {
		sts_tls_chain_begin(c->chain, len);
	}
}

/* Certificates as they stream: each octet goes to the judge of the path, and to
 * a collector if there is one; none is kept here. */
static void
feed_lists(struct sts_tls_client *c, struct sts_text in)
{
	struct sts_text bytes;

	for (;;) {
		switch (sts_tls_lists_next(&c->lists, &in, &bytes)) {
		case STS_TLS_CERT_BEGIN:
			begin_certificate(c, sts_tls_certs_len(&c->lists));
			break;
		case STS_TLS_CERT_BYTES:
			sts_x509_cert_feed(&c->x509, bytes);
			if (c->chain != NULL) {
				sts_tls_chain_add(c->chain, bytes);
			}
			break;
		case STS_TLS_CERT_END:
			sts_x509_cert_end(&c->x509);
			break;
		case STS_TLS_LISTS_BROKEN:
			refuse(c, sts_tls_lists_alert(&c->lists));
			return;
		default:
			return;
		}
	}
}

/* Bytes of this message's body. */
static void
feed_body(struct sts_tls_client *c, struct sts_text in)
{
	switch (c->row->kind) {
	case CERTIFICATES:
	case REQUEST:
		sts_tls_transcript_add(&c->transcript, in);
		feed_lists(c, in);
		break;
	case TICKET:
		break;
	default:
		memcpy(c->msg + c->got, in.p, in.n);
		c->got = (uint16_t)(c->got + in.n);
		break;
	}
}

/* The last byte of a message came. A message is hashed after it was handled:
 * ServerHello chooses the hash, CertificateVerify and Finished are about the
 * messages before them. */
static void
end_message(struct sts_tls_client *c)
{
	struct sts_text body = { c->msg, c->got };
	enum sts_tls_alert alert;

	if (c->row->kind == CERTIFICATES || c->row->kind == REQUEST) {
		/* Also a message that is over before it began. */
		feed_lists(c, sts_text(NULL, 0));
		if (c->failed) {
			return;
		}
	}
	c->head_len = 0;
	if (c->row->kind == UNHASHED && c->updates++ == STS_TLS_UPDATES_MAX) {
		alert = STS_ALERT_UNEXPECTED_MESSAGE;
	} else {
		alert = c->row->handle(c, body);
	}
	if (alert != STS_ALERT_NONE) {
		refuse(c, alert);
	} else if (c->row->kind == WHOLE) {
		sts_tls_transcript_add(
		    &c->transcript, sts_text(c->head, sizeof c->head));
		sts_tls_transcript_add(&c->transcript, body);
	}
}

static bool
running(const struct sts_tls_client *c)
{
	return !c->failed && c->work == STS_TLS_WORK_NONE &&
	       c->flight == STS_TLS_FLIGHT_NONE;
}

/* Bytes of a message, header or body, up to its end. */
static size_t
take_part(struct sts_tls_client *c, struct sts_text in)
{
	size_t n;

	if (c->head_len < sizeof c->head) {
		n = take_head(c, in);
	} else {
		n = in.n < c->left ? in.n : c->left;
		c->left -= (uint32_t)n;
		feed_body(c, sts_text(in.p, n));
	}
	if (c->head_len == sizeof c->head && c->left == 0 && !c->failed) {
		end_message(c);
	}
	return n;
}

size_t
sts_tls_client_take(struct sts_tls_client *c, struct sts_text in)
{
	size_t used = 0;

	while (used < in.n && running(c) && !c->boundary) {
		used += take_part(c, sts_text(in.p + used, in.n - used));
	}
	if (c->boundary && used < in.n) {
		refuse(c, STS_ALERT_UNEXPECTED_MESSAGE);
	}
	return used;
}

void
sts_tls_client_record_end(struct sts_tls_client *c)
{
	c->boundary = false;
}

bool
sts_tls_client_between(const struct sts_tls_client *c)
{
	return c->head_len == 0;
}

void
sts_tls_client_ccs(struct sts_tls_client *c, struct sts_text content)
{
	bool valid =
	    content.n == 1 && content.p[0] == 1 && sts_tls_client_between(c);

	if (valid && c->expect == STS_TLS12_CHANGE_CIPHER_SPEC) {
		c->in.suite = c->suite;
		c->expect = STS_TLS12_FINISHED;
	} else if (!valid || c->open || c->version == STS_TLS_12) {
		refuse(c, STS_ALERT_UNEXPECTED_MESSAGE);
	}
}

static uint8_t *
share_place(struct sts_tls_client *c)
{
	return c->msg + sizeof c->msg - STS_TLS_SHARE_MAX;
}

static void
work_share(struct sts_tls_client *c)
{
	if (c->cookie.n > 0) {
		memmove(c->msg, c->cookie.p, c->cookie.n);
		c->cookie.p = c->msg;
	}
	sts_tls_share(c->seed, sts_tls_group_find(c->group), share_place(c));
	c->flight =
	    c->version == 0 ? STS_TLS_FLIGHT_HELLO : STS_TLS_FLIGHT_FINISHED;
}

static void
work_signature(struct sts_tls_client *c)
{
	struct sts_x509_pubkey key = sts_x509_leaf_key(&c->x509);
	br_x509_pkey k;

	sts_x509_br_key(&key, &k);
	if (!sts_signature_valid(&k,
		(enum sts_signature_scheme)c->scheme->signature,
		c->scheme->hash_id, c->digest, c->sig)) {
		refuse(c, STS_ALERT_DECRYPT_ERROR);
	}
}

void
sts_tls_client_work(struct sts_tls_client *c)
{
	uint8_t work = c->work;

	c->work = STS_TLS_WORK_NONE;
	switch (work) {
	case STS_TLS_WORK_SHARE:
		work_share(c);
		break;
	case STS_TLS_WORK_SECRET:
		if (!(c->version == STS_TLS_13 ? sts_tls13_secret(c)
					       : sts_tls12_secret(c))) {
			refuse(c, STS_ALERT_ILLEGAL_PARAMETER);
		}
		break;
	case STS_TLS_WORK_PATH:
		sts_x509_work(&c->x509);
		see_verdict(c);
		break;
	default:
		STS_ASSERT(work == STS_TLS_WORK_SIGNATURE);
		work_signature(c);
		break;
	}
}

/* Write the ClientHello as a record: the first one, or the second, which
 * answers a HelloRetryRequest. */
static void
put_hello(struct sts_tls_client *c, struct sts_tls_out *o)
{
	struct sts_tls_hello h = { c->seed, { c->name, c->name_len },
		{ c->alpn, c->alpn_len }, c->group, sts_tls_own_share(c),
		c->cookie, c->keys };
	uint8_t *rec;
	size_t len;

	if (c->retried) {
		sts_tls_put_ccs(c, o);
	}
	rec = o->p + o->n;
	len = sts_tls_hello_write(&h, rec + STS_TLS_HEADER);
	sts_tls_transcript_add(
	    &c->transcript, sts_text(rec + STS_TLS_HEADER, len));
	o->n += sts_tls_seal(o->ciphers, &c->out, STS_TLS_HANDSHAKE, rec, len);
	if (!c->retried) {
		/* For servers that know nothing newer: RFC 8446 5.1. */
		sts_put16be(rec + 1, STS_TLS_10);
		memcpy(c->out.secret, share_place(c), STS_TLS_FIRST_SHARE);
	}
	c->offered = sts_tls_hello_offers(&h);
	c->cookie = sts_text(NULL, 0);
}

size_t
sts_tls_client_flight(struct sts_tls_client *c,
    const struct sts_tls_ciphers *ciphers, uint8_t *out)
{
	struct sts_tls_out o = { ciphers, out, 0 };

	STS_ASSERT(!c->failed && c->work == STS_TLS_WORK_NONE);
	if (c->flight == STS_TLS_FLIGHT_HELLO) {
		put_hello(c, &o);
		c->expect = STS_TLS_EXPECT_HELLO;
	} else {
		STS_ASSERT(c->flight == STS_TLS_FLIGHT_FINISHED);
		if (c->version == STS_TLS_13) {
			sts_tls13_flight(c, &o);
		} else {
			sts_tls12_flight(c, &o);
		}
	}
	c->flight = STS_TLS_FLIGHT_NONE;
	return o.n;
}

size_t
sts_tls_client_alert(struct sts_tls_client *c,
    const struct sts_tls_ciphers *with, uint8_t *out, enum sts_tls_alert alert)
{
	struct sts_tls_out o = { with, out, 0 };
	uint8_t *p;

	/* Some servers take nothing sealed before it: RFC 8446 D.4. */
	if (c->version == STS_TLS_13 && c->out.suite != NULL) {
		sts_tls_put_ccs(c, &o);
	}
	p = o.p + o.n + sts_tls_before(&c->out);
	p[0] =
	    alert == STS_ALERT_CLOSE_NOTIFY ? STS_TLS_WARNING : STS_TLS_FATAL;
	p[1] = (uint8_t)alert;
	return o.n + sts_tls_seal(with, &c->out, STS_TLS_ALERT, o.p + o.n, 2);
}

size_t
sts_tls_client_update(struct sts_tls_client *c,
    const struct sts_tls_ciphers *ciphers, uint8_t *out)
{
	/* Without a request: RFC 8446 4.6.3. */
	static const uint8_t update[] = { STS_TLS_KEY_UPDATE, 0, 0, 1, 0 };
	size_t n;

	STS_ASSERT(c->update_owed && c->version == STS_TLS_13);
	memcpy(out + sts_tls_before(&c->out), update, sizeof update);
	n = sts_tls_seal(
	    ciphers, &c->out, STS_TLS_HANDSHAKE, out, sizeof update);
	sts_tls_direction_update(&c->out);
	c->update_owed = false;
	return n;
}

void
sts_tls_client_alpn(struct sts_tls_client *c, struct sts_text protocol)
{
	STS_ASSERT(protocol.n > 0 && protocol.n <= sizeof c->alpn);
	memcpy(c->alpn, protocol.p, protocol.n);
	c->alpn_len = (uint8_t)protocol.n;
}

void
sts_tls_client_collect(struct sts_tls_client *c, struct sts_tls_chain *chain)
{
	c->collects = true;
	c->chain = chain;
	if (chain != NULL) {
		sts_tls_chain_start(chain);
	}
}

void
sts_tls_client_start(struct sts_tls_client *c, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s,
    const uint8_t seed[STS_TLS_SEED])
{
	memset(c, 0, offsetof(struct sts_tls_client, x509));
	memcpy(c->seed, seed, sizeof c->seed);
	memcpy(c->name, host.p, host.n);
	c->name_len = (uint8_t)host.n;
	c->group = sts_tls_group(0)->id;
	c->send_max = STS_TLS_PLAIN_MAX;
	c->work = STS_TLS_WORK_SHARE;
	sts_tls_transcript_start(&c->transcript);
	sts_x509_start(&c->x509, sts_text(c->name, host.n), anchors, wall_s);
}

void
sts_tls_client_forget(struct sts_tls_client *c)
{
	size_t from = offsetof(struct sts_tls_client, transcript);

	sts_wipe(
	    (uint8_t *)c + from, offsetof(struct sts_tls_client, x509) - from);
	if (c->failed) {
		sts_wipe(&c->in, sizeof c->in);
		sts_wipe(&c->out, sizeof c->out);
	}
}
