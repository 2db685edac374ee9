/* SPDX-License-Identifier: MIT */
/* The functions that both versions use. */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_state.h"

void
sts_tls_client_refuse(
    struct sts_tls_client *c, enum sts_why why, enum sts_tls_alert alert)
{
	STS_ASSERT(why != STS_WHY_NONE);
	if (!c->failed) {
		c->failed = true;
		c->why = (uint8_t)why;
		c->alert = (uint8_t)alert;
		c->work = STS_TLS_WORK_NONE;
		c->flight = STS_TLS_FLIGHT_NONE;
	}
}

struct sts_text
sts_tls_own_share(const struct sts_tls_client *c)
{
	return sts_text(c->msg + sizeof c->msg - STS_TLS_SHARE_MAX,
	    sts_tls_group_find(c->group)->point_len);
}

enum sts_tls_alert
sts_tls_take_choices(
    struct sts_tls_client *c, const struct sts_tls_extensions *e)
{
	uint16_t limit = e->record_limit;

	if (e->alpn.n > 0 &&
	    (e->alpn.n != c->alpn_len ||
		memcmp(e->alpn.p, c->alpn, c->alpn_len) != 0)) {
		c->why = STS_WHY_TLS_ALPN;
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	if (e->fragment_length > 0) {
		/* One of the two, and what was asked for: RFC 8449 5, RFC 6066
		 * 4. */
		if (limit > 0 ||
		    e->fragment_length != sts_tls_hello_fragment_length()) {
			return STS_ALERT_ILLEGAL_PARAMETER;
		}
		limit = e->fragment_length;
	}
	if (limit > 0 && limit < c->send_max) {
		c->send_max = limit;
	}
	return STS_ALERT_NONE;
}

enum sts_tls_alert
sts_tls_take_signature(struct sts_tls_client *c, const struct sts_tls_signed *s)
{
	struct sts_x509_pubkey key = sts_x509_leaf_key(&c->x509);
	br_x509_pkey k;

	sts_x509_br_key(&key, &k);
	c->scheme = sts_tls_scheme_find(s->scheme);
	if (c->scheme == NULL || !sts_tls_scheme_for(c->scheme, c->keys) ||
	    !sts_tls_scheme_fits(c->scheme, c->version, &k) ||
	    (c->suite->key_type != 0 && c->suite->key_type != k.key_type)) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	c->sig = s->sig;
	c->work = STS_TLS_WORK_SIGNATURE;
	return STS_ALERT_NONE;
}

void
sts_tls_put_message(struct sts_tls_client *c, struct sts_tls_out *o,
    enum sts_tls_message type, struct sts_text body)
{
	uint8_t *rec = o->p + o->n, *m = rec + sts_tls_before(&c->out);

	STS_ASSERT(body.n <= UINT8_MAX);
	m[0] = (uint8_t)type;
	m[1] = 0;
	sts_put16be(m + 2, (uint16_t)body.n);
	memcpy(m + STS_TLS_MESSAGE_HEADER, body.p, body.n);
	sts_tls_transcript_add(
	    &c->transcript, sts_text(m, STS_TLS_MESSAGE_HEADER + body.n));
	o->n += sts_tls_seal(o->ciphers, &c->out, STS_TLS_HANDSHAKE, rec,
	    STS_TLS_MESSAGE_HEADER + body.n);
}

/* Once, also in TLS 1.3 (RFC 8446 D.4), and never sealed. */
void
sts_tls_put_ccs(struct sts_tls_client *c, struct sts_tls_out *o)
{
	static const uint8_t ccs[] = { STS_TLS_CHANGE_CIPHER_SPEC, 3, 3, 0, 1,
		1 };

	if (!c->ccs_sent) {
		memcpy(o->p + o->n, ccs, sizeof ccs);
		o->n += sizeof ccs;
		c->ccs_sent = true;
	}
}

enum sts_why
sts_tls_alert_why(uint8_t alert)
{
	switch (alert) {
	case STS_ALERT_CLOSE_NOTIFY:
		return STS_WHY_PEER_CLOSED;
	case STS_ALERT_PROTOCOL_VERSION:
		return STS_WHY_TLS_VERSION;
	case STS_ALERT_NO_APPLICATION_PROTOCOL:
		return STS_WHY_TLS_ALPN;
	default:
		return STS_WHY_TLS_ALERT;
	}
}

bool
sts_tls_alert_is_warning(
    const struct sts_tls_client *c, uint8_t level, uint8_t alert)
{
	return alert == STS_ALERT_USER_CANCELED ||
	       (c->version != STS_TLS_13 && level == STS_TLS_WARNING);
}
