/* SPDX-License-Identifier: MIT */
/* The server's messages that are read whole: any body, of any length. */
#include "contracts.h"

#include "../../tls/tls_messages.c"

enum {
	BODY_MAX = 70000 /* more than any length of 16 bits */
};

static struct reader
any_reader(struct sts_text whole)
{
	struct reader r = read_all(any_part(whole));

	r.bad = nondet_bool();
	return r;
}

/* Whether t is empty, or a part of `whole`. */
static bool
cut_out(struct sts_text t, struct sts_text whole)
{
	return t.n == 0 || inside(t, whole);
}

static bool
answers_inside(const struct answers *a, struct sts_text whole)
{
	return cut_out(a->hello.share, whole) &&
	       cut_out(a->hello.cookie, whole) &&
	       cut_out(a->hello.ext.alpn, whole);
}

/* memcmp(), where only its bounds matter. */
int
memcmp_bounds(const void *a, const void *b, size_t n)
{
	PROVE(__CPROVER_r_ok(a, n));
	PROVE(__CPROVER_r_ok(b, n));
	return nondet_bool();
}

/*
 * @bound any reader, any number of octets
 */
void
prove_tls_take(void)
{
	struct sts_text whole = any_text(BODY_MAX), t;
	struct reader r = any_reader(whole), was = r;
	size_t n = nondet_u32();

	t = take(&r, n);
	PROVE(r.bad == (was.bad || n > was.n));
	PROVE(n > was.n ? t.n == 0 && r.n == 0
			: t.n == n && r.n == was.n - n && t.p == was.p);
	PROVE(cut_out(t, whole) && readable(sts_text(r.p, r.n)));
}

/*
 * @bound an extension of any octets and any length; only a list of point
 * formats has up to 4: one pass, whose steps know only their place
 * @loop read_points.0 5: formats
 */
void
prove_tls_ext(void)
{
	struct sts_text whole = any_text(BODY_MAX);
	struct reader r = read_all(whole);
	struct answers a = { 0 };
	unsigned e = nondet_u8();
	enum sts_tls_alert alert;

	ASSUME(e < STS_TLS_EXTS);
	ASSUME(((IN_HELLO_12 | IN_RETRY | IN_ENCRYPTED) >> e & 1) != 0);
	ASSUME(e != STS_TLS_EXT_POINTS || whole.n == 0 || whole.p[0] <= 4);
	a.hello.retry = nondet_bool();
	alert = read_ext((enum sts_tls_ext)e, &r, &a);
	PROVE(answers_inside(&a, whole));
	if (alert == STS_ALERT_NONE) {
		PROVE(exact(&r));
		PROVE(a.hello.version == 0 || a.hello.version == STS_TLS_13);
		PROVE(a.hello.ext.record_limit == 0 ||
		      a.hello.ext.record_limit >= RECORD_LIMIT_MIN);
		PROVE(a.hello.ext.fragment_length <= 4096);
		PROVE(e != STS_TLS_EXT_ALPN || a.hello.ext.alpn.n > 0);
		PROVE(e != STS_TLS_EXT_COOKIE || a.hello.cookie.n > 0);
	}
}

/* read_ext, which is proved above. */
enum sts_tls_alert
read_ext_contract(enum sts_tls_ext e, struct reader *r, struct answers *a)
{
	PROVE(((IN_HELLO_12 | IN_RETRY | IN_ENCRYPTED) >> e & 1) != 0);
	PROVE(readable(sts_text(r->p, r->n)));
	(void)a;
	return nondet_bool() ? STS_ALERT_NONE : STS_ALERT_DECODE_ERROR;
}

/*
 * @bound a list of up to 12 octets, so up to three extensions: a round depends
 * on earlier ones only through `seen`, which may be anything
 * @cut read_ext read_ext_contract
 * @loop read_exts.0 15: extensions that are known
 * @loop read_exts.1 4: extensions of the list
 */
void
prove_tls_exts(void)
{
	struct sts_text list = any_text(12);
	uint32_t offered = nondet_u32();
	uint32_t allowed = nondet_bool()   ? IN_HELLO_12
			   : nondet_bool() ? IN_HELLO_13
			   : nondet_bool() ? IN_RETRY
					   : IN_ENCRYPTED;
	struct answers a = { 0 };
	uint32_t before;

	a.seen = before = nondet_u32();
	if (read_exts(list, offered, allowed, &a) == STS_ALERT_NONE) {
		uint32_t now = a.seen ^ before;

		PROVE((a.seen & before) == before);
		PROVE((now & ~allowed) == 0);
		PROVE((now & ~(offered | 1U << STS_TLS_EXT_COOKIE)) == 0);
		PROVE(list.n < 4 ? list.n == 0 : now != 0);
	}
}

/*
 * @bound lists of up to 12 octets: one pass, whose steps know only their place
 * @loop has_version_ext.0 4: extensions
 */
void
prove_tls_has_version(void)
{
	struct sts_text list = any_text(12);
	bool has = has_version_ext(list);

	PROVE(!has || list.n >= 4);
}

enum sts_tls_alert
read_exts_contract(
    struct sts_text list, uint32_t offered, uint32_t allowed, struct answers *a)
{
	(void)offered;
	PROVE(readable(list));
	PROVE(allowed == IN_HELLO_12 || allowed == IN_HELLO_13 ||
	      allowed == IN_RETRY || allowed == IN_ENCRYPTED);
	PROVE((allowed == IN_RETRY) <= a->hello.retry);
	if (list.n > 0) {
		a->hello.share = any_part(list);
		a->hello.cookie = any_part(list);
		a->hello.ext.alpn = any_part(list);
	}
	a->seen = nondet_u32();
	return nondet_bool() ? STS_ALERT_NONE : STS_ALERT_DECODE_ERROR;
}

bool
has_version_contract(struct sts_text list)
{
	PROVE(readable(list));
	return nondet_bool() && list.n >= 4;
}

/*
 * @bound any body of any length
 * @cut read_exts read_exts_contract
 * @cut has_version_ext has_version_contract
 * @cut memcmp memcmp_bounds
 */
void
prove_tls_server_hello(void)
{
	struct sts_text body = any_text(BODY_MAX);
	struct sts_tls_server_hello h;

	if (sts_tls_read_server_hello(body, nondet_u32(), &h) ==
	    STS_ALERT_NONE) {
		PROVE(h.random.n == 32 && inside(h.random, body));
		PROVE(h.session_id.n <= 32 && cut_out(h.session_id, body));
		PROVE(cut_out(h.share, body) && cut_out(h.cookie, body));
		PROVE(cut_out(h.ext.alpn, body));
	}
}

/*
 * @bound any body of any length
 * @cut read_exts read_exts_contract
 */
void
prove_tls_encrypted_extensions(void)
{
	struct sts_text body = any_text(BODY_MAX);
	struct sts_tls_extensions e;

	if (sts_tls_read_encrypted_extensions(body, nondet_u32(), &e) ==
	    STS_ALERT_NONE) {
		PROVE(body.n >= 2 && cut_out(e.alpn, body));
	}
}

/*
 * @bound any body of any length
 */
void
prove_tls_certificate_verify(void)
{
	struct sts_text body = any_text(BODY_MAX);
	struct sts_tls_signed s;

	if (sts_tls_read_certificate_verify(body, &s) == STS_ALERT_NONE) {
		PROVE(cut_out(s.sig, body) && s.sig.n + 4 == body.n);
	}
}

/*
 * @bound any body of any length
 */
void
prove_tls_key_exchange(void)
{
	struct sts_text body = any_text(BODY_MAX);
	struct sts_tls_key_exchange k;

	if (sts_tls_read_key_exchange(body, &k) == STS_ALERT_NONE) {
		PROVE(cut_out(k.share, body) && cut_out(k.by.sig, body));
		PROVE(inside(k.params, body) && k.params.n == 4 + k.share.n);
		PROVE(k.params.n + 4 + k.by.sig.n == body.n);
		PROVE(body.p[0] == NAMED_CURVE);
	}
}

/*
 * @bound any body of any length
 */
void
prove_tls_key_update(void)
{
	struct sts_text body = any_text(BODY_MAX);
	bool asked;

	if (sts_tls_read_key_update(body, &asked) == STS_ALERT_NONE) {
		PROVE(body.n == 1 && body.p[0] == asked);
	}
}
