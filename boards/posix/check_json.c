/* SPDX-License-Identifier: MIT */
/*
 * A check as one JSON object, streamed: each part is written when it is shown,
 * and what was written is flushed, so that nothing is held back and the object
 * is closed whatever happens in between.
 *
 * Invariants: a part fits PIECE octets, which are written and forgotten at its
 * end (flush). in_mx: the list of hosts is open; it is closed before the next
 * part. Members have the names that mtasts(1) lists; one that does not apply is
 * left out.
 *
 * What is shown is what strangers published. Every text is a JSON string of
 * printable ASCII, digests and certificates are hexadecimal digits.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/grammar/json_put.h"
#include "../../port/posix/addr.h"
#include "check_view.h"

enum {
	PIECE = 32768 /* octets between two flushes, at most */
};

static struct sts_json_put out;
static struct sts_sink sink;
static uint8_t buf[PIECE];
static bool in_mx;

static void
flush(void)
{
	STS_ASSERT(sink.pos - sink.from <= sizeof buf);
	fwrite(buf, 1, sink.pos - sink.from, stdout);
	fflush(stdout);
	sink.from = sink.pos;
	sink.to = sink.from + sizeof buf;
}

/* The end of a part: what came of it. */
static void
result(const struct sts_check_shown *s, int host, int address)
{
	const char *why;
	const char *word = sts_check_part(s, host, address, &why);

	if (!s->tested) {
		word = "skipped";
		why = "not-tested";
	}

	sts_json_put_string(&out, "result", word);
	sts_json_put_string(&out, "why", why);
}

static void
put_address(const char *name, const struct sts_addr *a)
{
	char text[STS_ADDR_TEXT_MAX];
	struct sts_addr bare = *a;

	bare.port = 0;
	sts_addr_format(&bare, text);
	sts_json_put_string(&out, name, text);
}

static void
put_hex(const char *name, const uint8_t *p, unsigned n)
{
	static const char digits[] = "0123456789abcdef";

	sts_json_put_start(&out, name);
	for (unsigned i = 0; i < n; i++) {
		uint8_t two[2] = { (uint8_t)digits[p[i] >> 4],
			(uint8_t)digits[p[i] & 15] };

		sts_json_put_piece(&out, sts_text(two, sizeof two));
	}
	sts_json_put_stop(&out);
}

static void
json_begin(const struct sts_check_shown *s)
{
	memset(&sink, 0, sizeof sink);
	sink.out = buf;
	sink.to = sizeof buf;
	in_mx = false;
	sts_json_put_begin(&out, &sink);
	sts_json_put_open(&out, NULL, '{');
	sts_json_put_text(&out, "domain", s->f->domain);
	sts_json_put_number(
	    &out, "checked", s->f->wall_s > 0 ? (uint64_t)s->f->wall_s : 0);
	flush();
}

static void
put_records(const struct sts_check_records *r)
{
	sts_json_put_bool(&out, "secure", r->dns.secure);
	sts_json_put_open(&out, "records", '[');
	for (unsigned i = 0; i < r->count && i < STS_CHECK_RECORDS_MAX; i++) {
		sts_json_put_text(
		    &out, NULL, sts_text(r->record[i].text, r->record[i].len));
	}
	sts_json_put_close(&out, ']');
}

static void
json_txt(const struct sts_check_shown *s)
{
	const struct sts_check_txt *t = &s->f->txt;

	sts_json_put_open(&out, "txt", '{');
	put_records(&t->records);
	if (t->found == STS_FOUND) {
		sts_json_put_text(&out, "id", sts_text(t->id, t->id_len));
	}
	result(s, -1, -1);
	sts_json_put_close(&out, '}');
	flush();
}

static const char *
version_word(uint16_t version)
{
	return version == 0x0304 ? "1.3" : "1.2";
}

static void
put_not_after(const struct sts_check_cert *c)
{
	if (c->known && c->not_after_s > 0) {
		sts_json_put_number(
		    &out, "not_after", (uint64_t)c->not_after_s);
	}
}

static void
json_policy(const struct sts_check_shown *s)
{
	const struct sts_check_policy *p = &s->f->policy;

	sts_json_put_open(&out, "policy", '{');
	if (p->from.af != STS_AF_NONE) {
		put_address("ip", &p->from);
	}
	if (p->cert.tls_version != 0) {
		sts_json_put_string(
		    &out, "tls", version_word(p->cert.tls_version));
		sts_json_put_number(&out, "scts", p->scts);
	}
	put_not_after(&p->cert);
	if (p->http_code != 0) {
		sts_json_put_number(&out, "http_status", p->http_code);
	}
	if (p->found == STS_FOUND) {
		sts_json_put_string(
		    &out, "mode", sts_mode_text((enum sts_mode)p->mode));
		sts_json_put_number(&out, "max_age", p->max_age_s);
		sts_json_put_open(&out, "mx", '[');
		for (unsigned i = 0; i < p->mx_count && i < STS_CHECK_MX_MAX;
		     i++) {
			sts_json_put_text(
			    &out, NULL, sts_text(p->mx[i], p->mx_len[i]));
		}
		sts_json_put_close(&out, ']');
	}
	result(s, -1, -1);
	sts_json_put_close(&out, '}');
	flush();
}

/* The list of hosts is opened here, and closed by what follows the last. */
static void
json_mx(const struct sts_check_shown *s)
{
	const struct sts_check_mx *mx = &s->f->mx;

	sts_json_put_open(&out, "mx_records", '{');
	sts_json_put_bool(&out, "secure", mx->dns.secure);
	sts_json_put_bool(&out, "null", mx->null);
	sts_json_put_bool(&out, "implicit", mx->implicit);
	result(s, -1, -1);
	sts_json_put_close(&out, '}');
	sts_json_put_open(&out, "mx", '[');
	in_mx = true;
	flush();
}

static void
put_tlsa(const struct sts_check_host *h)
{
	/* "bad" is a fault of the record itself. */
	static const struct {
		const char *result, *why;
	} words[] = { { "skipped", "not-tested" }, { "ok", "ok" },
		{ "bad", "tlsa-unmatched" }, { "skipped", "tlsa-outdone" },
		{ "bad", "tlsa-unusable" }, { "bad", "tlsa-insecure" } };

	sts_json_put_open(&out, "tlsa", '[');
	for (unsigned i = 0; i < h->tlsa_count; i++) {
		const struct sts_check_tlsa *t = &h->record[i];

		sts_json_put_open(&out, NULL, '{');
		sts_json_put_number(&out, "u", t->usage);
		sts_json_put_number(&out, "s", t->selector);
		sts_json_put_number(&out, "m", t->matching);
		if (t->matching == STS_TLSA_FULL) {
			put_hex("sha256", t->data, 32);
		} else {
			put_hex("data", t->data,
			    t->len < sizeof t->data ? t->len : sizeof t->data);
		}
		sts_json_put_string(&out, "result", words[t->result].result);
		sts_json_put_string(&out, "why", words[t->result].why);
		sts_json_put_close(&out, '}');
	}
	sts_json_put_close(&out, ']');
	flush();
}

static void
put_certificate(const struct sts_check_host *h, const struct sts_check_cert *c)
{
	const struct sts_check_tlsa *t = &h->record[c->dane_record];

	sts_json_put_open(&out, NULL, '{');
	sts_json_put_string(&out, "algorithm", c->ecdsa ? "ecdsa" : "rsa");
	put_not_after(c);
	if (c->known) {
		put_hex("spki_sha256", c->spki, sizeof c->spki);
	}
	sts_json_put_string(&out, "pkix", sts_why_token((enum sts_why)c->path));
	if (h->dane == STS_DANE_HOST_USABLE) {
		char numbers[16];

		snprintf(numbers, sizeof numbers, "%u %u %u",
		    (unsigned)t->usage, (unsigned)t->selector,
		    (unsigned)t->matching);
		sts_json_put_string(&out, "dane",
		    c->dane ? numbers
		    : c->dane_why != STS_WHY_NONE
			? sts_why_token((enum sts_why)c->dane_why)
			: "tlsa-mismatch");
	}
	sts_json_put_close(&out, '}');
}

static void
put_dialogue(const struct sts_check_shown *s, const struct sts_check_host *h,
    const struct sts_check_address *a)
{
	enum sts_found offered = sts_smtp_starttls(&a->smtp);

	(void)s;
	if (a->smtp.greeted || a->smtp.banner_len > 0) {
		sts_json_put_text(&out, "banner",
		    sts_text(a->smtp.banner, a->smtp.banner_len));
	}
	if (offered != STS_UNKNOWN) {
		sts_json_put_bool(&out, "starttls", offered == STS_FOUND);
	}
	if (a->smtp.code != 0) {
		sts_json_put_number(&out, "code", a->smtp.code);
		sts_json_put_text(
		    &out, "text", sts_text(a->smtp.text, a->smtp.text_len));
	}
	if (a->smtp.tls) {
		sts_json_put_string(
		    &out, "tls", version_word(a->smtp.tls_version));
	}
	sts_json_put_open(&out, "certificates", '[');
	for (unsigned i = 0; i < STS_CHECK_CERTS; i++) {
		if (a->cert[i].there) {
			put_certificate(h, &a->cert[i]);
		}
	}
	sts_json_put_close(&out, ']');
}

static void
json_host(const struct sts_check_shown *s)
{
	const struct sts_check_host *h = &s->f->host[s->host];

	sts_json_put_open(&out, NULL, '{');
	sts_json_put_text(&out, "host", sts_check_name(h));
	sts_json_put_number(&out, "preference", h->preference);
	sts_json_put_bool(&out, "secure",
	    h->dane >= STS_DANE_HOST_UNUSABLE ||
		(h->a.found == STS_FOUND ? h->a.secure : h->aaaa.secure));
	if (h->matched) {
		sts_json_put_text(&out, "match",
		    sts_text(s->f->policy.mx[h->pattern],
			s->f->policy.mx_len[h->pattern]));
	}
	put_tlsa(h);
	sts_json_put_open(&out, "addresses", '[');
	for (unsigned i = 0; i < h->addr_count; i++) {
		const struct sts_check_address *a = &h->address[i];

		sts_json_put_open(&out, NULL, '{');
		put_address("ip", &a->addr);
		if (a->state == STS_CHECK_TRIED) {
			put_dialogue(s, h, a);
			result(s, (int)s->host, (int)i);
		} else if (a->state == STS_CHECK_FORBIDDEN) {
			result(s, (int)s->host, (int)i);
		} else {
			sts_json_put_string(&out, "result", "skipped");
			sts_json_put_string(&out, "why", "not-tested");
		}
		sts_json_put_close(&out, '}');
		flush();
	}
	sts_json_put_close(&out, ']');
	result(s, (int)s->host, -1);
	sts_json_put_close(&out, '}');
	flush();
}

static void
close_mx(void)
{
	if (in_mx) {
		sts_json_put_close(&out, ']');
		in_mx = false;
	}
}

static void
json_rpt(const struct sts_check_shown *s)
{
	const struct sts_check_rpt *r = &s->f->rpt;

	close_mx();
	sts_json_put_open(&out, "tlsrpt", '{');
	put_records(&r->records);
	sts_json_put_open(&out, "rua", '[');
	for (unsigned i = 0; i < r->rua_count; i++) {
		if (r->rua[i].kind != STS_CHECK_RUA_INVALID) {
			sts_json_put_text(
			    &out, NULL, sts_text(r->rua[i].uri, r->rua[i].len));
		}
	}
	sts_json_put_close(&out, ']');
	result(s, -1, -1);
	sts_json_put_close(&out, '}');
	flush();
}

static void
json_agent(const struct sts_check_shown *s)
{
	const struct sts_check_agent *a = &s->f->agent;

	sts_json_put_open(&out, "agent", '{');
	if (a->there) {
		sts_json_put_string(&out, "answer_is", a->result);
		sts_json_put_string(&out, "held", a->held);
		sts_json_put_text(
		    &out, "answer", sts_text(a->answer.text, a->answer.len));
	}
	sts_json_put_string(&out, "result", a->there ? "ok" : "skipped");
	sts_json_put_string(&out, "why", a->there ? "ok" : "no-daemon");
	sts_json_put_close(&out, '}');
	flush();
}

static void
put_finding(const struct sts_check_shown *s, const struct sts_check_finding *f)
{
	const char *where = sts_check_where(f);

	sts_json_put_open(&out, NULL, '{');
	sts_json_put_string(
	    &out, "grade", sts_check_grade_word(sts_check_weight(&s->use, f)));
	sts_json_put_string(&out, "why", sts_check_word(f));
	if (f->host >= 0) {
		sts_json_put_text(
		    &out, "host", sts_check_name(&s->f->host[f->host]));
	}
	if (f->address >= 0) {
		put_address(
		    "ip", &s->f->host[f->host].address[f->address].addr);
	}
	sts_json_put_string(&out, "text", sts_check_sentence(f));
	if (where != NULL) {
		sts_json_put_string(&out, "rfc", where);
	}
	sts_json_put_string(&out, "todo", sts_check_todo(f));
	sts_json_put_close(&out, '}');
	flush();
}

static void
json_end(const struct sts_check_shown *s)
{
	close_mx();
	sts_json_put_open(&out, "findings", '[');
	for (unsigned i = 0; i < s->all->count; i++) {
		put_finding(s, &s->all->f[i]);
	}
	sts_json_put_close(&out, ']');
	if (!s->f->alone) {
		sts_json_put_string(
		    &out, "sts", sts_check_sts_word(s->verdict->sts));
	}
	sts_json_put_string(
	    &out, "dane", sts_check_dane_word(s->verdict->dane));
	if (!s->f->alone) {
		sts_json_put_string(
		    &out, "tlsrpt_is", sts_check_rpt_word(s->verdict->rpt));
	}
	sts_json_put_string(
	    &out, "result", sts_check_result_word(s->verdict->result));
	sts_json_put_close(&out, '}');
	sts_json_put_line(&out);
	flush();
}

static void
progress(const char *what, struct sts_text name)
{
	(void)what;
	(void)name;
}

const struct sts_check_view sts_check_json = { json_begin, json_txt,
	json_policy, json_mx, json_host, json_rpt, json_agent, json_end,
	progress };
