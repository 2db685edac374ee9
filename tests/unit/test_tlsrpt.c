/* SPDX-License-Identifier: MIT */
/* core/grammar/tlsrpt: the TXT record at _smtp._tls, RFC 8460 3. */
#include <string.h>

#include "../../core/grammar/tlsrpt.h"
#include "unit.h"

const char unit_name[] = "tlsrpt";

#define V "v=TLSRPTv1; "

/* Each line of `in` is a TXT record. `want` is the record that counts, or
 * "absent", "unknown". */
static const struct {
	const char *name, *in, *want;
} records[] = {
	{ "plain", V "rua=mailto:a@b.example", V "rua=mailto:a@b.example" },
	{ "final delimiter", V "rua=mailto:a@b.example;",
	    V "rua=mailto:a@b.example;" },
	{ "no blank", "v=TLSRPTv1;rua=mailto:a@b.example",
	    "v=TLSRPTv1;rua=mailto:a@b.example" },
	{ "blank before the delimiter", "v=TLSRPTv1 \t; rua=mailto:a@b.example",
	    "v=TLSRPTv1 \t; rua=mailto:a@b.example" },
	{ "two URIs", V "rua=mailto:a@b.c,https://d.e/",
	    V "rua=mailto:a@b.c,https://d.e/" },
	{ "blanks around commas", V "rua=mailto:a@b.c \t, \thttps://d.e/ ; x=1",
	    V "rua=mailto:a@b.c \t, \thttps://d.e/ ; x=1" },
	{ "an equals sign in a URI", V "rua=https://d.e/?a=b",
	    V "rua=https://d.e/?a=b" },
	{ "extension first", V "x=1; rua=mailto:a@b.c",
	    V "x=1; rua=mailto:a@b.c" },
	{ "extension only is a record", V "x=1", V "x=1" },
	{ "foreign records are discarded",
	    "v=spf1 -all\n" V "rua=a:b\nv=TLSRPTv10; rua=c:d", V "rua=a:b" },
	{ "the version is case-sensitive", "v=tlsrptv1; rua=a:b", "absent" },
	{ "no delimiter after the version", "v=TLSRPTv1 rua=a:b", "absent" },
	{ "the version alone", "v=TLSRPTv1", "absent" },
	{ "part of the version", "v=TLSRPT", "absent" },
	{ "no field", "v=TLSRPTv1;", "absent" },
	{ "no field but blanks", "v=TLSRPTv1; \t", "absent" },
	{ "nothing", "", "absent" },
	{ "two records", V "rua=a:b\n" V "rua=a:b", "absent" },
	{ "two records, the second broken", V "rua=a:b\n" V "=", "absent" },
	{ "two records, the first broken", V "=\n" V "rua=a:b", "absent" },
	{ "three", V "x=1\n" V "x=1\n" V "x=1", "absent" },
	{ "empty rua", V "rua=", "absent" },
	{ "empty rua, delimited", V "rua=;", "absent" },
	{ "empty URI", V "rua=a:b,,c:d", "absent" },
	{ "comma first", V "rua=,a:b", "absent" },
	{ "comma last", V "rua=a:b,", "absent" },
	{ "comma and blanks at the end", V "rua=a:b, ", "absent" },
	{ "comma, then a delimiter", V "rua=a:b,; x=1", "absent" },
	{ "blank first", V "rua= a:b", "absent" },
	{ "blank within a URI", V "rua=a:b c", "absent" },
	{ "blank last", V "rua=a:b ", "absent" },
	{ "no equals", V "rua", "absent" },
	{ "blank before equals", V "rua =a:b", "absent" },
	{ "empty field", "v=TLSRPTv1;; rua=a:b", "absent" },
	{ "equals in an extension", V "x=a=b; rua=a:b", "absent" },
	{ "comma in an extension", V "x=a,b; rua=a:b", V "x=a,b; rua=a:b" },
	{ "commas in extensions with names like rua",
	    V "ru=a,,b; ruax=a,,b; xua=a,,b; rua=a:b",
	    V "ru=a,,b; ruax=a,,b; xua=a,,b; rua=a:b" },
	{ "blank in an extension", V "x=a ,b; rua=a:b", "absent" },
	{ "control", V "rua=a:\x01", "absent" },
	{ "DEL", V "rua=a:\x7f", "absent" },
	{ "not ASCII", V "rua=a:\xc3\xbc", "absent" },
	{ "blank first is foreign", " " V "rua=a:b", "absent" },
};

static void
feed(struct sts_tlsrpt *r, const char *in)
{
	sts_tlsrpt_start(r);
	for (; *in != '\0'; in++) {
		if (*in == '\n') {
			sts_tlsrpt_end(r);
		} else {
			sts_tlsrpt_byte(r, (uint8_t)*in);
		}
	}
	sts_tlsrpt_end(r);
}

START_TEST(each_set_of_records_has_its_result)
{
	for (size_t i = 0; i < UNIT_COUNT(records); i++) {
		struct sts_tlsrpt r;

		feed(&r, records[i].in);
		enum sts_found found = sts_tlsrpt_result(&r);

		unit_text(records[i].name,
		    found == STS_FOUND    ? sts_tlsrpt_text(&r)
		    : found == STS_ABSENT ? unit_span("absent")
					  : unit_span("unknown"),
		    records[i].want);
	}
}
END_TEST

/* The result for a record of n octets. Exceeding our limit is no verdict about
 * the record. */
static enum sts_found
of_length(size_t n)
{
	static struct sts_tlsrpt r;
	static const char begin[] = V "rua=https://a.b/";

	sts_tlsrpt_start(&r);
	for (size_t i = 0; i < n; i++) {
		sts_tlsrpt_byte(&r,
		    i < sizeof begin - 1 ? (uint8_t)begin[i] : (uint8_t)'x');
	}
	sts_tlsrpt_end(&r);
	return sts_tlsrpt_result(&r);
}

START_TEST(a_record_over_our_limit_is_unknown)
{
	unit_int("result below the limit", of_length(STS_TLSRPT_RECORD_MAX - 1),
	    STS_FOUND);
	unit_int(
	    "result at the limit", of_length(STS_TLSRPT_RECORD_MAX), STS_FOUND);
	unit_int("result above the limit", of_length(STS_TLSRPT_RECORD_MAX + 1),
	    STS_UNKNOWN);
	unit_int("result far above the limit", of_length(70000), STS_UNKNOWN);
}
END_TEST

/* `want` has the destinations one after another: an address, or host and
 * path; "more" stands for others that are not given. */
#define A50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static const struct {
	const char *name, *record, *want;
	unsigned skipped;
} ruas[] = {
	{ "mail", V "rua=mailto:tls@b.example", "tls@b.example", 0 },
	{ "a mail address and an https URI",
	    V "rua=mailto:tls@b.example,https://r.b.example/v1?x=1",
	    "tls@b.example|r.b.example /v1?x=1", 0 },
	{ "blanks", V "rua=mailto:a@b.c , https://d.e/ ;", "a@b.c|d.e /", 0 },
	{ "scheme in any case", V "rua=MAILTO:a@b.c,HTTPS://D.e/p",
	    "a@b.c|D.e /p", 0 },
	{ "percent", V "rua=mailto:a%2bb%21%2c@b.example", NULL, 1 },
	{ "percent: what may be", V "rua=mailto:a%2Bb%21@b.example",
	    "a+b!@b.example", 0 },
	{ "percent: the at sign", V "rua=mailto:a%40b.example", "a@b.example",
	    0 },
	{ "percent cut", V "rua=mailto:a@b.exampl%6", NULL, 1 },
	{ "percent wrong", V "rua=mailto:a%zz@b.example", NULL, 1 },
	{ "percent: a line end", V "rua=mailto:a%0d%0aRCPT@b.example", NULL,
	    1 },
	{ "percent: NUL", V "rua=mailto:a%00@b.example", NULL, 1 },
	{ "percent: a blank", V "rua=mailto:a%20b@b.example", NULL, 1 },
	{ "percent: angle", V "rua=mailto:a%3eb@b.example", NULL, 1 },
	{ "percent: 8 bits", V "rua=mailto:a%c3%bc@b.example", NULL, 1 },
	{ "percent in the domain", V "rua=mailto:a@b%2eexample", "a@b.example",
	    0 },
	{ "domain folded", V "rua=mailto:Tls@B.Example", "Tls@b.example", 0 },
	{ "headers", V "rua=mailto:a@b.example?subject=x", "a@b.example", 0 },
	{ "two at signs", V "rua=mailto:a@b.example@c.example", NULL, 1 },
	{ "at sign in the domain", V "rua=mailto:a@b%40c.example", NULL, 1 },
	{ "not ASCII: this one, not the record",
	    V "rua=mailto:\xc3\xbc@b.example,mailto:a@b.example", "a@b.example",
	    1 },
	{ "single label", V "rua=mailto:root@localhost", NULL, 1 },
	{ "localhost with a domain", V "rua=mailto:root@LocalHost.example",
	    NULL, 1 },
	{ "below localhost", V "rua=mailto:root@a.localhost", NULL, 1 },
	{ "Debian's own name", V "rua=mailto:root@localhost.localdomain", NULL,
	    1 },
	{ "below localdomain", V "rua=mailto:root@mx.localdomain", NULL, 1 },
	{ "by multicast", V "rua=mailto:a@printer.LOCAL", NULL, 1 },
	{ "internal", V "rua=mailto:a@metadata.google.internal", NULL, 1 },
	{ "onion", V "rua=https://abc.onion/x", NULL, 1 },
	{ "https at a name below localhost", V "rua=https://a.localhost/", NULL,
	    1 },
	{ "a name that only begins like localhost",
	    V "rua=mailto:a@localhosts.example", "a@localhosts.example", 0 },
	{ "local before", V "rua=mailto:a@local.example", "a@local.example",
	    0 },
	{ "literal", V "rua=mailto:a@[192.0.2.1]", NULL, 1 },
	{ "address", V "rua=mailto:a@192.0.2.1", NULL, 1 },
	{ "no local part", V "rua=mailto:@b.example", NULL, 1 },
	{ "no domain", V "rua=mailto:a@", NULL, 1 },
	{ "no at sign", V "rua=mailto:postmaster", NULL, 1 },
	{ "nothing", V "rua=mailto:", NULL, 1 },
	{ "quotes", V "rua=mailto:\"a\"@b.example", NULL, 1 },
	{ "local part of 64", V "rua=mailto:" A50 "aaaaaaaaaaaaaa@b.example",
	    A50 "aaaaaaaaaaaaaa@b.example", 0 },
	{ "local part of 65", V "rua=mailto:" A50 "aaaaaaaaaaaaaab@b.example",
	    NULL, 1 },
	{ "address far too long",
	    V "rua=mailto:a@" A50 A50 A50 A50 A50 A50 A50 A50 ".example", NULL,
	    1 },
	{ "size as DMARC has it: this one, not the record",
	    V "rua=mailto:a@b.example!10m,mailto:c@b.example", "c@b.example",
	    1 },
	{ "no scheme: this one, not the record",
	    V "rua=postmaster@b.example,mailto:a@b.example", "a@b.example", 1 },
	{ "other schemes", V "rua=http://b.example/,ftp://b.example/", NULL,
	    2 },
	{ "https without a path", V "rua=https://b.example", "b.example ", 0 },
	{ "https with a query only", V "rua=https://b.example?x",
	    "b.example ?x", 0 },
	{ "https with a fragment", V "rua=https://b.example/a#b",
	    "b.example /a", 0 },
	{ "https on its port", V "rua=https://b.example:443/a", "b.example /a",
	    0 },
	{ "https on another port", V "rua=https://b.example:8443/a", NULL, 1 },
	{ "https with a user", V "rua=https://u@b.example/a", NULL, 1 },
	{ "https at an address", V "rua=https://192.0.2.1/a", NULL, 1 },
	{ "https at an IPv6 address", V "rua=https://[2001:db8::1]/a", NULL,
	    1 },
	{ "https at a single label", V "rua=https://localhost/a", NULL, 1 },
	{ "https at nothing", V "rua=https:///a", NULL, 1 },
	{ "https and one slash", V "rua=https:/b.example/a", NULL, 1 },
	{ "RFC 8460 3: twice the same is no fault",
	    V "rua=mailto:a@b.c,mailto:a@b.c", "a@b.c", 0 },
	{ "four at most",
	    V "rua=mailto:a@b.c,mailto:b@b.c,mailto:c@b.c,mailto:d@b.c,"
	      "mailto:e@b.c",
	    "a@b.c|b@b.c|c@b.c|d@b.c|more", 0 },
	{ "four, and again two of them",
	    V "rua=mailto:a@b.c,mailto:b@b.c,mailto:c@b.c,mailto:d@b.c,"
	      "mailto:a@b.c,mailto:d@b.c",
	    "a@b.c|b@b.c|c@b.c|d@b.c", 0 },
	{ "four, one of them again, and one that is invalid",
	    V "rua=mailto:a@b.c,mailto:b@b.c,mailto:c@b.c,mailto:d@b.c,"
	      "mailto:a@b.c,x",
	    "a@b.c|b@b.c|c@b.c|d@b.c|more", 0 },
	{ "the first rua counts", V "rua=mailto:a@b.c; rua=mailto:d@e.f",
	    "a@b.c", 0 },
	{ "no rua", V "x=1", NULL, 0 },
	{ "junk that a mail server passed on", "v=TLSRPTv1;;; rua=,, ,", NULL,
	    3 },
	{ "rua within another name", V "xrua=mailto:a@b.c", NULL, 0 },
	{ "raw control", V "rua=mailto:a\x01@b.c,mailto:d@e.f", "d@e.f", 1 },
};

START_TEST(each_record_has_its_destinations)
{
	for (size_t i = 0; i < UNIT_COUNT(ruas); i++) {
		struct sts_tlsrpt_rua it;
		struct sts_tlsrpt_to to;
		char got[1024] = "";
		struct sts_text record = unit_span(ruas[i].record);
		unsigned count = 0;

		record.p = unit_at_page_end(record.p, record.n);
		sts_tlsrpt_rua_begin(&it, record);
		while (sts_tlsrpt_rua_next(&it, &to)) {
			unit_int(ruas[i].name, to.number, count);
			strcat(got, count++ > 0 ? "|" : "");
			if (to.scheme == STS_TLSRPT_MAILTO) {
				strncat(
				    got, (char *)to.address, to.address_len);
				ck_assert(to.domain_len < to.address_len);
				ck_assert(to.address[to.address_len -
						     to.domain_len - 1] == '@');
			} else {
				strncat(
				    got, (const char *)to.host.p, to.host.n);
				strcat(got, " ");
				strncat(
				    got, (const char *)to.path.p, to.path.n);
			}
		}
		strcat(got, sts_tlsrpt_rua_more(&it) ? "|more" : "");
		unit_text(ruas[i].name, unit_span(got),
		    ruas[i].want != NULL ? ruas[i].want : "");
		unit_int(ruas[i].name, it.skipped, ruas[i].skipped);
	}
}
END_TEST

START_TEST(a_record_begins_with_its_version)
{
	ck_assert(sts_tlsrpt_begins(unit_span("v=TLSRPTv1;")));
	ck_assert(sts_tlsrpt_begins(unit_span("v=TLSRPTv1 \t; x")));
	ck_assert(!sts_tlsrpt_begins(unit_span("v=TLSRPTv1")));
	ck_assert(!sts_tlsrpt_begins(unit_span("v=TLSRPTv1  ")));
	ck_assert(!sts_tlsrpt_begins(unit_span("v=TLSRPTv12;")));
	ck_assert(!sts_tlsrpt_begins(unit_span("V=TLSRPTv1;")));
	ck_assert(!sts_tlsrpt_begins(unit_span("")));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_set_of_records_has_its_result);
	tcase_add_test(tc, a_record_over_our_limit_is_unknown);
	tcase_add_test(tc, each_record_has_its_destinations);
	tcase_add_test(tc, a_record_begins_with_its_version);
}
