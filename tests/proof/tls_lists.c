/* SPDX-License-Identifier: MIT */
/*
 * Certificate and CertificateRequest, read as they pass: one octet in any state
 * that a reader can be in.
 */
#include "prove.h"

#include "../../tls/tls_lists.c"

enum {
	LEN_MAX = 0xffffff /* of a handshake message */
};

static bool
skips(const struct sts_tls_lists *l)
{
	return l->state < OVER && steps[l->state].octets == 0;
}

static bool
of_certs(const struct sts_tls_lists *l)
{
	return l->state <= EXTS;
}

/* The invariant between two pieces of input. */
static bool
lists_hold(const struct sts_tls_lists *l)
{
	unsigned octets = steps[l->state].octets;

	return l->state <= BROKEN && l->left <= LEN_MAX &&
	       l->value <= LEN_MAX && l->octets <= octets &&
	       (octets == 0 || l->octets > 0) &&
	       (octets == 0 || l->value >> 8 * (octets - l->octets) == 0) &&
	       (!skips(l) || l->value <= l->left) &&
	       (l->state != OVER || l->left == 0) &&
	       (!l->algorithms_due || !of_certs(l)) &&
	       (l->state != REQUEST_CONTEXT || l->algorithms_due) &&
	       (l->state == BROKEN) == (l->alert != STS_ALERT_NONE);
}

/*
 * @bound messages of any length, of both versions
 */
void
prove_tls_lists_begin(void)
{
	struct sts_tls_lists l;
	uint32_t len = nondet_u32();
	bool is_13 = nondet_bool();
	uint16_t version = is_13 ? STS_TLS_13 : STS_TLS_12;

	ASSUME(len <= LEN_MAX);
	if (nondet_bool()) {
		sts_tls_certs_begin(&l, version, len);
		PROVE(of_certs(&l) && !l.algorithms_due);
	} else {
		sts_tls_request_begin(&l, version, len);
		PROVE(!of_certs(&l) && l.algorithms_due == is_13);
	}
	PROVE(lists_hold(&l) && l.left == len);
}

/*
 * @bound one octet or none in any state, so messages of any length
 * @loop read_length.0 2: an octet
 * @loop sts_tls_lists_next.0 5: states that an octet may end
 */
void
prove_tls_lists_next(void)
{
	struct sts_tls_lists l, was;
	uint8_t octet[1] = { nondet_u8() };
	struct sts_text in = sts_text(octet, nondet_bool()),
			bytes = { NULL, 0 };
	size_t n = in.n;
	enum sts_tls_lists_event event;

	ASSUME(l.state <= BROKEN && lists_hold(&l));
	/* A request that has ended had its signature schemes: proved below. */
	ASSUME(l.state != OVER || !l.algorithms_due);
	was = l;
	event = sts_tls_lists_next(&l, &in, &bytes);
	PROVE(lists_hold(&l));
	PROVE(l.state >= OVER || of_certs(&l) == of_certs(&was));
	PROVE(in.n <= n && in.p == octet + (n - in.n));
	PROVE(was.left - l.left == n - in.n);
	PROVE(event != STS_TLS_LISTS_MORE || (in.n == 0 && l.left > 0));
	PROVE(event != STS_TLS_CERT_BEGIN ||
	      (l.state == CERT && l.value > 0 && l.value <= l.left));
	PROVE(event != STS_TLS_CERT_BYTES ||
	      (bytes.p == octet && bytes.n == 1 && in.n == 0));
	PROVE(event != STS_TLS_CERT_END || was.state == CERT);
	PROVE(event < STS_TLS_CERT_BEGIN || of_certs(&was));
	PROVE((event == STS_TLS_LISTS_DONE) <= (l.state == OVER));
	PROVE((event == STS_TLS_LISTS_BROKEN) <= (l.state == BROKEN));
	PROVE(event != STS_TLS_LISTS_MORE || l.state < OVER);
	PROVE(l.state != OVER || !l.algorithms_due);
}
