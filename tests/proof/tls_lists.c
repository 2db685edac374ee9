/* SPDX-License-Identifier: MIT */
/*
 * Certificate and CertificateRequest as they pass: one octet in any state that
 * a reader can be in.
 */
#include "prove.h"

#include "../../tls/tls_lists.c"

enum {
	LEN_MAX = 0xffffff /* of a handshake message */
};

static bool
skips(const struct sts_tls_lists *l)
{
	return l->state == CERT || l->state == EXT || l->state == TYPES ||
	       l->state == SCHEMES || l->state == NAME;
}

/* What holds between two pieces of input. */
static bool
lists_hold(const struct sts_tls_lists *l)
{
	return l->state <= BROKEN && l->left <= LEN_MAX &&
	       l->list_left == l->left && l->value <= LEN_MAX &&
	       l->octets <= octets_of[l->state] &&
	       (octets_of[l->state] == 0 || l->octets > 0) &&
	       (octets_of[l->state] == 0 ||
		   l->value >> 8 * (octets_of[l->state] - l->octets) == 0) &&
	       (!skips(l) || l->value <= l->left) && l->seen <= 1 &&
	       (l->state != OVER || l->left == 0) &&
	       (l->state == BROKEN) == (l->alert != STS_ALERT_NONE);
}

static bool
of_certs(const struct sts_tls_lists *l)
{
	return l->state <= CERT_OVER || l->state == OVER || l->state == BROKEN;
}

/*
 * @bound messages of any length, of both versions
 */
void
prove_tls_lists_begin(void)
{
	struct sts_tls_lists l;
	uint32_t len = nondet_u32();
	uint16_t version = nondet_bool() ? STS_TLS_13 : STS_TLS_12;

	ASSUME(len <= LEN_MAX);
	if (nondet_bool()) {
		sts_tls_certs_begin(&l, version, len);
		PROVE(of_certs(&l));
	} else {
		sts_tls_request_begin(&l, version, len);
		PROVE(!of_certs(&l));
	}
	PROVE(lists_hold(&l) && l.left == len);
}

/*
 * @bound an octet or none in any state, so messages of any length
 * @loop read_length.0 2: an octet
 * @loop sts_tls_certs_next.0 4: states that an octet may end
 */
void
prove_tls_certs_next(void)
{
	struct sts_tls_lists l, was;
	uint8_t octet[1] = { nondet_u8() };
	struct sts_text in = sts_text(octet, nondet_bool()),
			bytes = { NULL, 0 };
	size_t n = in.n;
	enum sts_tls_certs_event event;

	ASSUME(lists_hold(&l) && of_certs(&l));
	was = l;
	event = sts_tls_certs_next(&l, &in, &bytes);
	PROVE(lists_hold(&l) && of_certs(&l));
	PROVE(in.n <= n && in.p == octet + (n - in.n));
	PROVE(was.left - l.left == n - in.n);
	PROVE(event != STS_TLS_CERTS_MORE || (in.n == 0 && l.left > 0));
	PROVE(event != STS_TLS_CERTS_BEGIN ||
	      (l.state == CERT && l.value > 0 && l.value <= l.left));
	PROVE(event != STS_TLS_CERTS_BYTES ||
	      (bytes.p == octet && bytes.n == 1 && in.n == 0));
	PROVE(event != STS_TLS_CERTS_END || was.state == CERT);
	PROVE((event == STS_TLS_CERTS_DONE) == (l.state == OVER));
	PROVE((event == STS_TLS_CERTS_BROKEN) == (l.state == BROKEN));
}

/*
 * @bound an octet or none in any state, so messages of any length
 * @loop read_length.0 2: an octet
 * @loop sts_tls_request_feed.0 5: states that an octet may end
 */
void
prove_tls_request_feed(void)
{
	struct sts_tls_lists l, was;
	uint8_t octet[1] = { nondet_u8() };
	size_t n = nondet_bool();

	ASSUME(lists_hold(&l) && (!of_certs(&l) || l.state >= OVER));
	/* A request that is over had its schemes: proved below. */
	ASSUME(l.state != OVER || !l.is_13 || l.seen != 0);
	was = l;
	sts_tls_request_feed(&l, sts_text(octet, n));
	PROVE(lists_hold(&l) && (!of_certs(&l) || l.state >= OVER));
	PROVE(was.left - l.left <= n);
	PROVE(was.left - l.left == n || l.state >= OVER);
	PROVE(l.state != OVER || !l.is_13 || l.seen != 0);
}
