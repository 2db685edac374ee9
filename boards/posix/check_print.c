/* SPDX-License-Identifier: MIT */
/*
 * A check for people: a line or a few a part, then what was found about it,
 * each with the one thing to do. Texts of strangers pass put(), which shows
 * printable ASCII as it is and every other octet as \xHH: no escape sequence,
 * no character that changes the direction of others, reaches a terminal.
 *
 * Invariants: the progress line is on a terminal only, and taken away before
 * anything else is printed (progressing). Colours are for a terminal that wants
 * them, and each is switched off again in the same line. What was not tested is
 * printed as that, never as good.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../port/posix/addr.h"
#include "check_view.h"
#include "terminal.h"

enum {
	DIGEST_SHOWN =
	    8 /* octets of a digest that are shown of one that fits */
};

static bool terminal, coloured, progressing;

void
sts_check_print_on(bool is_terminal, bool colour)
{
	terminal = is_terminal;
	coloured = is_terminal && colour;
}

/* Take the progress line away. */
static void
clear(void)
{
	if (progressing) {
		fputs(STS_TERMINAL_LINE, stdout);
		progressing = false;
	}
}

static void
put(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] >= ' ' && t.p[i] < 0x7f && t.p[i] != '\\') {
			putchar(t.p[i]);
		} else {
			printf("\\x%02x", (unsigned)t.p[i]);
		}
	}
}

static void
progress(const char *what, struct sts_text name)
{
	if (terminal) {
		clear();
		printf(STS_TERMINAL_CUT "  ... %s ", what);
		put(name);
		fputs(STS_TERMINAL_WRAP, stdout);
		fflush(stdout);
		progressing = true;
	}
}

static void
label(const char *name)
{
	printf("  %-9s ", name);
}

static void
more_of_it(void)
{
	fputs("            ", stdout);
}

static const char *
colour_of(enum sts_check_grade g)
{
	static const char *const codes[] = { "\033[2m", "\033[33m", "\033[33m",
		"\033[31m" };

	return coloured ? codes[g] : "";
}

static void
print_finding(
    const struct sts_check_shown *s, const struct sts_check_finding *f)
{
	enum sts_check_grade g = sts_check_weight(&s->use, f);
	const char *where = sts_check_where(f);

	printf("    %s%s%s %s: ", colour_of(g),
	    g == STS_CHECK_UNKNOWN ? "cannot tell" : sts_check_grade_word(g),
	    coloured ? "\033[0m" : "", sts_check_word(f));
	if (f->host >= 0) {
		put(sts_check_name(&s->f->host[f->host]));
		fputs(f->address < 0 ? ": " : " ", stdout);
	}
	if (f->address >= 0) {
		char text[STS_ADDR_TEXT_MAX];
		struct sts_addr a =
		    s->f->host[f->host].address[f->address].addr;

		a.port = 0;
		sts_addr_format(&a, text);
		printf("%s: ", text);
	}
	printf("%s%s%s%s\n      to do: %s\n", sts_check_sentence(f),
	    where != NULL ? " (" : "", where != NULL ? where : "",
	    where != NULL ? ")" : "", sts_check_todo(f));
}

static void
print_findings(const struct sts_check_shown *s)
{
	for (unsigned i = s->from; i < s->to; i++) {
		print_finding(s, &s->all->f[i]);
	}
	fflush(stdout);
}

static void
print_begin(const struct sts_check_shown *s)
{
	put(s->f->domain);
	putchar('\n');
	fflush(stdout);
}

static void
print_records(const char *name, const struct sts_check_records *r)
{
	if (r->count == 0) {
		label(name);
		printf("no TXT record: %s\n",
		    sts_why_text((enum sts_why)r->dns.why));
	}
	for (unsigned i = 0; i < r->count && i < STS_CHECK_RECORDS_MAX; i++) {
		const struct sts_check_text *t = &r->record[i];

		label(name);
		putchar('"');
		put(sts_text(t->text, t->len));
		printf("\"%s%s\n", t->cut ? "..." : "",
		    r->dns.secure ? ", signed" : "");
	}
	if (r->count > STS_CHECK_RECORDS_MAX) {
		more_of_it();
		printf("and %u more\n", r->count - STS_CHECK_RECORDS_MAX);
	}
}

/* Whether the part is there to be shown. */
static bool
is_tested(const struct sts_check_shown *s, const char *name)
{
	clear();
	if (!s->tested) {
		label(name);
		puts("not tested");
	}
	return s->tested;
}

static void
print_txt(const struct sts_check_shown *s)
{
	if (!is_tested(s, "TXT")) {
		return;
	}
	print_records("TXT", &s->f->txt.records);
	print_findings(s);
}

static void
print_address(const struct sts_addr *addr)
{
	char text[STS_ADDR_TEXT_MAX];
	struct sts_addr a = *addr;

	a.port = 0;
	sts_addr_format(&a, text);
	fputs(text, stdout);
}

static void
print_version(uint16_t version)
{
	fputs(version == 0x0304 ? "TLS 1.3" : "TLS 1.2", stdout);
}

static void
print_days(const struct sts_check_facts *f, const struct sts_check_cert *c)
{
	long days = c->known ? sts_check_days(f, c) : 0;

	if (!c->known) {
		printf("its end is not known");
	} else if (days >= 0) {
		printf("%ld days left", days);
	} else {
		printf("ended %ld days ago", -days);
	}
}

/* What the policy host answered, after the handshake. */
static void
print_policy_file(const struct sts_check_policy *p)
{
	if (p->found != STS_FOUND) {
		return;
	}
	label("policy");
	printf("%s, max_age %lu, %lu octets, mx",
	    sts_mode_text((enum sts_mode)p->mode), (unsigned long)p->max_age_s,
	    (unsigned long)p->body_len);
	for (unsigned i = 0; i < p->mx_count && i < STS_CHECK_MX_MAX; i++) {
		putchar(' ');
		put(sts_text(p->mx[i], p->mx_len[i]));
	}
	puts(p->mx_count > STS_CHECK_MX_MAX ? " ..." : "");
}

static void
print_policy(const struct sts_check_shown *s)
{
	const struct sts_check_policy *p = &s->f->policy;

	if (!is_tested(s, "host")) {
		return;
	}
	label("host");
	printf(STS_POLICY_LABEL ".");
	put(s->f->domain);
	if (!p->tried) {
		printf(": %s\n", sts_why_text((enum sts_why)p->why));
	} else {
		putchar(' ');
		print_address(
		    p->from.af != STS_AF_NONE ? &p->from : &p->addr[0]);
		if (p->cert.tls_version != 0) {
			printf(": ");
			print_version(p->cert.tls_version);
			printf(", certificate: ");
			print_days(s->f, &p->cert);
			printf(", %u SCTs", (unsigned)p->scts);
		}
		if (p->http_code != 0) {
			printf(", HTTP %u", (unsigned)p->http_code);
		}
		putchar('\n');
	}
	print_policy_file(p);
	print_findings(s);
}

static void
print_mx(const struct sts_check_shown *s)
{
	const struct sts_check_mx *mx = &s->f->mx;

	if (!is_tested(s, "MX")) {
		return;
	}
	if (!s->f->alone) {
		label("MX");
		printf("%u host%s, %s\n", mx->count, mx->count == 1 ? "" : "s",
		    mx->dns.found == STS_UNKNOWN
			? sts_why_text((enum sts_why)mx->dns.why)
		    : mx->dns.secure ? "signed"
				     : "not signed");
	}
	print_findings(s);
}

static void
print_digest(const uint8_t *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		printf("%02x", (unsigned)p[i]);
	}
}

static void
print_tlsa(const struct sts_check_host *h)
{
	static const char *const results[] = { "not compared", "matches",
		"matches nothing", "outdone by a stronger digest", "unusable",
		"not signed" };

	for (unsigned i = 0; i < h->tlsa_count; i++) {
		const struct sts_check_tlsa *t = &h->record[i];
		unsigned kept =
		    t->len < sizeof t->data ? t->len : sizeof t->data;
		bool fits =
		    t->result == STS_CHECK_TLSA_MATCHES && kept > DIGEST_SHOWN;

		more_of_it();
		printf("TLSA %u %u %u ", (unsigned)t->usage,
		    (unsigned)t->selector, (unsigned)t->matching);
		if (t->matching != STS_TLSA_FULL) {
			print_digest(t->data, fits ? DIGEST_SHOWN : kept);
		}
		printf("%s %s\n", fits ? "..." : "", results[t->result]);
	}
}

static void
print_certificate(const struct sts_check_shown *s,
    const struct sts_check_host *h, const struct sts_check_cert *c)
{
	printf("; %s ", c->ecdsa ? "ecdsa" : "rsa");
	print_days(s->f, c);
	printf(", %s", c->path == STS_WHY_NONE
			   ? "trusted"
			   : sts_why_token((enum sts_why)c->path));
	if (c->dane) {
		const struct sts_check_tlsa *t = &h->record[c->dane_record];

		printf(", %u %u %u matches", (unsigned)t->usage,
		    (unsigned)t->selector, (unsigned)t->matching);
	} else if (c->known &&
		   (h->dane == STS_DANE_HOST_USABLE || s->f->alone)) {
		printf(", has 3 1 1 ");
		print_digest(c->spki, sizeof c->spki);
	}
}

static void
print_tried(const struct sts_check_shown *s, const struct sts_check_host *h,
    const struct sts_check_address *a)
{
	const char *ended = sts_why_text((enum sts_why)a->smtp.why);

	if (a->state != STS_CHECK_TRIED) {
		fputs(a->state == STS_CHECK_FORBIDDEN ? "never connected to"
						      : "not tested",
		    stdout);
		return;
	}
	if (!a->smtp.tls) {
		fputs(ended, stdout);
		if (a->smtp.code != 0) {
			printf(": %u ", (unsigned)a->smtp.code);
			put(sts_text(a->smtp.text, a->smtp.text_len));
		}
		return;
	}
	print_version(a->smtp.tls_version);
	for (unsigned i = 0; i < STS_CHECK_CERTS; i++) {
		if (a->cert[i].there) {
			print_certificate(s, h, &a->cert[i]);
		}
	}
}

/* The digest of a key as Postfix writes it. */
static void
print_colons(const uint8_t *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		printf("%s%02X", i > 0 ? ":" : "", (unsigned)p[i]);
	}
}

/* For a line "override DOMAIN postfix fingerprint match=...". */
static void
print_fingerprints(const struct sts_check_address *a)
{
	for (unsigned i = 0; i < STS_CHECK_CERTS; i++) {
		if (a->smtp.tls && a->cert[i].known) {
			more_of_it();
			printf("%s fingerprint ",
			    a->cert[i].ecdsa ? "ecdsa" : "rsa");
			print_colons(a->cert[i].spki, sizeof a->cert[i].spki);
			putchar('\n');
		}
	}
}

static void
print_host(const struct sts_check_shown *s)
{
	const struct sts_check_host *h = &s->f->host[s->host];

	clear();
	label("host");
	if (!s->f->alone) {
		printf("%u ", (unsigned)h->preference);
	}
	put(sts_check_name(h));
	if (h->matched) {
		printf(", in the policy");
	}
	putchar('\n');
	print_tlsa(h);
	for (unsigned i = 0; i < h->addr_count; i++) {
		more_of_it();
		print_address(&h->address[i].addr);
		printf(": ");
		print_tried(s, h, &h->address[i]);
		putchar('\n');
		if (s->f->alone) {
			print_fingerprints(&h->address[i]);
		}
	}
	print_findings(s);
}

static void
print_rpt(const struct sts_check_shown *s)
{
	if (!is_tested(s, "TLSRPT")) {
		return;
	}
	print_records("TLSRPT", &s->f->rpt.records);
	print_findings(s);
}

static void
print_agent(const struct sts_check_shown *s)
{
	const struct sts_check_agent *a = &s->f->agent;

	clear();
	label("agent");
	if (!a->there) {
		puts("no daemon answers here");
		return;
	}
	put(sts_text_of(a->result));
	printf(": ");
	put(sts_text(a->answer.text, a->answer.len));
	if (a->held[0] != '\0') {
		printf("; held: ");
		put(sts_text_of(a->held));
	}
	putchar('\n');
	fflush(stdout);
}

static void
print_end(const struct sts_check_shown *s)
{
	const struct sts_check_verdict *v = s->verdict;
	static const char *const words[] = { "protected", "not protected",
		"cannot tell" };
	static const enum sts_check_grade grades[] = { STS_CHECK_NOTE,
		STS_CHECK_BAD, STS_CHECK_UNKNOWN };

	clear();
	print_findings(s);
	if (!s->f->alone) {
		printf("MTA-STS %s, DANE %s, TLSRPT %s: ",
		    sts_check_sts_word(v->sts), sts_check_dane_word(v->dane),
		    sts_check_rpt_word(v->rpt));
	}
	printf("%s%s%s\n",
	    v->result == STS_CHECK_RESULT_OK ? ""
					     : colour_of(grades[v->result]),
	    s->f->alone && v->result == STS_CHECK_RESULT_OK ? "ok"
							    : words[v->result],
	    coloured && v->result != STS_CHECK_RESULT_OK ? "\033[0m" : "");
	fflush(stdout);
}

const struct sts_check_view sts_check_print = { print_begin, print_txt,
	print_policy, print_mx, print_host, print_rpt, print_agent, print_end,
	progress };
