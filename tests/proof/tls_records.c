/* SPDX-License-Identifier: MIT */
/*
 * Records around their ciphers: what is sealed and opened lies within the
 * record, whatever the record claims.
 */
#include "contracts.h"

#include "../../tls/tls_records.c"

enum {
	RECORD_MAX = 70000 /* more than a length of 16 bits and its header */
};

/* The cipher itself: it may leave anything in p and in the tag. */
void
run_contract(const struct sts_tls_ciphers *c, const struct sts_tls_direction *d,
    const uint8_t *rec, struct sts_span p, bool encrypt,
    uint8_t tag[STS_TLS_TAG])
{
	(void)c;
	(void)encrypt;
	PROVE(d->suite != NULL);
	PROVE(__CPROVER_r_ok(rec, STS_TLS_HEADER));
	PROVE(!nonce_sent(d) ||
	      __CPROVER_r_ok(rec, STS_TLS_HEADER + STS_TLS_NONCE_12));
	PROVE(p.n == 0 || __CPROVER_w_ok(p.p, p.n));
	PROVE(__CPROVER_w_ok(tag, STS_TLS_TAG));
}

bool
same_contract(const uint8_t *a, const uint8_t *b, size_t n)
{
	PROVE(__CPROVER_r_ok(a, n));
	PROVE(__CPROVER_r_ok(b, n));
	return nondet_bool();
}

/* strip, which is proved below. */
enum sts_tls_alert
strip_contract(struct sts_tls_opened *o)
{
	size_t n = nondet_u32();

	PROVE(o->content.n == 0 || __CPROVER_r_ok(o->content.p, o->content.n));
	if (o->content.n == 0 || nondet_bool()) {
		return STS_ALERT_UNEXPECTED_MESSAGE;
	}
	ASSUME(n < o->content.n && n <= STS_TLS_PLAIN_MAX);
	o->content.n = n;
	o->type = nondet_u8();
	return STS_ALERT_NONE;
}

/* Any keys with any sequence number but the last, under which no record may be
 * sealed. */
static struct sts_tls_direction
any_direction(struct sts_tls_suite *s)
{
	struct sts_tls_direction d;

	s->version = nondet_bool() ? STS_TLS_13 : STS_TLS_12;
	s->cipher = nondet_bool() ? STS_TLS_AES_GCM : STS_TLS_CHACHA20;
	d.suite = nondet_bool() ? s : NULL;
	d.seq = nondet_u64();
	ASSUME(d.seq != UINT64_MAX);
	return d;
}

/*
 * @bound any record of at least a header
 * @cut run run_contract
 * @cut strip strip_contract
 * @cut sts_tls_same same_contract
 */
void
prove_tls_open(void)
{
	struct sts_tls_suite suite = { 0 };
	struct sts_tls_direction d = any_direction(&suite);
	struct sts_text rec = any_text(RECORD_MAX);
	struct sts_tls_opened o;
	uint64_t seq = d.seq;

	ASSUME(rec.n >= STS_TLS_HEADER);
	if (sts_tls_open(NULL, &d, sts_span((uint8_t *)rec.p, rec.n), &o) ==
	    STS_ALERT_NONE) {
		PROVE(o.content.n <= STS_TLS_PLAIN_MAX);
		PROVE(inside(sts_text(o.content.p, o.content.n), rec));
		PROVE(d.seq == seq + (d.suite != NULL));
	}
}

/*
 * @bound contents of up to 4 octets, and any that are too long: each step of
 * the search for the last that is not 0 knows only its place
 * @loop strip.0 5: octets
 */
void
prove_tls_strip(void)
{
	struct sts_text t = any_text(RECORD_MAX);
	struct sts_tls_opened o = { 0 };

	ASSUME(t.n <= 4 || t.n > STS_TLS_PLAIN_MAX + 1);
	o.content = sts_span((uint8_t *)t.p, t.n);
	if (strip(&o) == STS_ALERT_NONE) {
		PROVE(o.content.n < t.n && o.type == t.p[o.content.n]);
		PROVE(o.type != 0);
		PROVE(o.content.n + 1 == t.n || t.p[t.n - 1] == 0);
	} else {
		PROVE(t.n > 4 || t.n == 0 || t.p[0] == 0);
	}
}

/*
 * @bound content of any length that a record may have
 * @allow conversion: a number is cut into octets
 * @cut run run_contract
 */
void
prove_tls_seal(void)
{
	struct sts_tls_suite suite = { 0 };
	struct sts_tls_direction d = any_direction(&suite);
	size_t len = nondet_u32(), total;
	uint8_t *rec;

	ASSUME(len <= STS_TLS_PLAIN_MAX);
	total = sts_tls_before(&d) + len + sts_tls_behind(&d);
	rec = any_bytes(total);
	PROVE(sts_tls_seal(NULL, &d, STS_TLS_APPLICATION, rec, len) == total);
	PROVE(sts_get16be(rec + 3) == total - STS_TLS_HEADER);
}
