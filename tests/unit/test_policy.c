/* SPDX-License-Identifier: MIT */
/* core/grammar/policy: the policy body, RFC 8461 3.2. */
#include <stdio.h>
#include <string.h>

#include "../../core/grammar/policy.h"
#include "unit.h"

const char unit_name[] = "policy";

#define S(text) text, sizeof text - 1
#define HEAD "version: STSv1\n"
#define REST "mode: enforce\nmx: a.example\nmax_age: 60\n"
#define TAIL "mx: a.example\nmax_age: 60\n"
#define MX(pattern) S(HEAD "mode: enforce\nmax_age: 60\nmx: " pattern "\n")
#define AGE(age) S(HEAD "mode: enforce\nmx: a.example\nmax_age: " age "\n")
#define EXT(line) S(HEAD line "\n" REST)
#define OK "enforce 60 a.example"

#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"
#define N253                                                                   \
	L63 "." L63 "." L63 "."                                                \
	    "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123456"
#define A31 "abcdefghijklmnopqrstuvwxyz01234"

/* `want` is mode, max_age and patterns, or the token of the reason. */
static const struct {
	const char *name, *in;
	size_t n;
	const char *want;
} cases[] = {
	{ "RFC 8461 3.2",
	    S("version: STSv1\nmode: enforce\nmx: mail.example.com\n"
	      "mx: *.example.net\nmx: backupmx.example.com\n"
	      "max_age: 604800\n"),
	    "enforce 604800 mail.example.com *.example.net "
	    "backupmx.example.com" },
	{ "empty body", S(""), "policy-version" },
	{ "HTML", S("<!DOCTYPE html>\n<html>\n"), "policy-syntax" },

	{ "R39 CRLF",
	    S("version: STSv1\r\nmode: enforce\r\nmx: a.example\r\n"
	      "max_age: 60\r\n"),
	    OK },
	{ "R39 mixed", S("version: STSv1\r\n" REST), OK },
	{ "R39 no last terminator",
	    S(HEAD "mode: enforce\nmx: a.example\nmax_age: 60"), OK },
	{ "R39 no last terminator after mx",
	    S(HEAD "mode: enforce\nmax_age: 60\nmx: a.example"), OK },
	{ "R39 no last terminator, blanks",
	    S(HEAD "mode: enforce\nmax_age: 60\nmx: a.example \t"), OK },
	{ "R39 lone CR between fields", S("version: STSv1\r" REST),
	    "policy-syntax" },
	{ "R39 lone CR at the end",
	    S(HEAD "mode: enforce\nmx: a.example\nmax_age: 60\r"),
	    "policy-syntax" },
	{ "R39 CR CR LF", S("version: STSv1\r\r\n" REST), "policy-syntax" },
	{ "R39 LF CR", S("version: STSv1\n\r" REST), "policy-syntax" },
	{ "R39 VT is no line end",
	    S(HEAD "mode: enforce\vmx: evil.example\n" TAIL), "policy-mode" },
	{ "R39 FF is no line end", S(HEAD "x: y\fmx: evil.example\n" REST),
	    "policy-syntax" },
	{ "R39 NEL is no line end", EXT("x: y\xc2\x85mx: evil.example"), OK },
	{ "R39 LS is no line end", EXT("x: y\xe2\x80\xa8mx: evil.example"),
	    OK },

	{ "R40 no blanks",
	    S("version:STSv1\nmode:enforce\nmx:a.example\nmax_age:60"), OK },
	{ "R40 many blanks",
	    S("version: \t STSv1\t \nmode:\tenforce \r\nmx:   a.example   \n"
	      "max_age:  60\t"),
	    OK },
	{ "R40 blank before the colon", S("version : STSv1\n" REST),
	    "policy-syntax" },
	{ "R40 blank at line start", S(HEAD " mode: enforce\n" TAIL),
	    "policy-syntax" },
	{ "R40 tab at line start", S("\tversion: STSv1\n" REST),
	    "policy-syntax" },
	{ "R40 no folding", S(HEAD "mode:\n enforce\n" TAIL), "policy-mode" },
	{ "R40 no value", S(HEAD "mode: \n" TAIL), "policy-mode" },
	{ "no value of mx", S(HEAD "mx:\n" REST), OK },
	{ "no value of mx, CR LF", S(HEAD "mx: \t\r\n" REST), OK },
	{ "no value of mx, CR alone", S(HEAD "mx:\r" REST), "policy-syntax" },
	{ "no value of mx at the end", S(HEAD REST "mx:"), OK },
	{ "no value of any mx", S(HEAD "mode: enforce\nmax_age: 60\nmx:"),
	    "policy-mx" },
	{ "R40 no value of mode at the end",
	    S(HEAD "mx: a.example\nmax_age: 60\nmode:"), "policy-mode" },
	{ "R40 only blanks at the end", S(HEAD REST "max_age: "),
	    "policy-syntax" },

	{ "R41 empty lines", S("\n\r\n" HEAD "\n\n" REST "\n\r\n\n"), OK },
	{ "R41 a line of blanks is not empty", S(HEAD " \n" REST),
	    "policy-syntax" },

	{ "R42 any order",
	    S("mx: a.example\nmax_age: 60\nmode: enforce\nversion: STSv1"),
	    OK },
	{ "R42 version missing", S(REST), "policy-version" },
	{ "R42 version other", S("version: STSv2\n" REST), "policy-version" },
	{ "R42 version longer", S("version: STSv10\n" REST), "policy-version" },
	{ "R42 version shorter", S("version: STSv\n" REST), "policy-version" },
	{ "R42 mode missing", S(HEAD TAIL), "policy-mode" },
	{ "R42 mode unknown", S(HEAD "mode: report\n" TAIL), "policy-mode" },
	{ "R42 mode longer", S(HEAD "mode: enforced\n" TAIL), "policy-mode" },
	{ "R42 mode longer than any pattern",
	    S(HEAD "mode: " N253 N253 "\n" TAIL), "policy-mode" },
	{ "R42 max_age missing", S(HEAD "mode: enforce\nmx: a.example\n"),
	    "policy-max-age" },
	{ "R42 mx missing, enforce", S(HEAD "mode: enforce\nmax_age: 60\n"),
	    "policy-no-mx" },
	{ "R42 mx missing, testing", S(HEAD "mode: testing\nmax_age: 60\n"),
	    "policy-no-mx" },
	{ "R42 mx missing, none", S(HEAD "mode: none\nmax_age: 60\n"),
	    "none 60" },
	{ "R42 mx with none", S(HEAD "mode: none\nmx: a.example\nmax_age: 1"),
	    "none 1 a.example" },
	{ "R42 bad mx with none", S(HEAD "mode: none\nmx: a\nmax_age: 1"),
	    "none 1" },
	{ "R42 bad mx with testing", S(HEAD "mode: testing\nmx: a\nmax_age: 1"),
	    "policy-mx" },
	{ "R42 bad and good mx with testing",
	    S(HEAD "mode: testing\nmx: a\nmx: a.example\nmax_age: 1"),
	    "testing 1 a.example" },
	{ "testing", S(HEAD "mode: testing\n" TAIL), "testing 60 a.example" },

	{ "R43 extension", EXT("color: blue"), OK },
	{ "R43 extension last", S(HEAD REST "color: blue"), OK },
	{ "R43 no colon", EXT("color"), "policy-syntax" },
	{ "R43 no colon at the end", S(HEAD REST "color"), "policy-syntax" },
	{ "R43 no name", EXT(": blue"), "policy-syntax" },
	{ "R43 no value", EXT("color:"), "policy-syntax" },
	{ "R43 comment", EXT("# a comment: here"), "policy-syntax" },
	{ "R43 name of 32", EXT(A31 "5: x"), OK },
	{ "R43 name of 33", EXT(A31 "56: x"), "policy-syntax" },
	{ "R43 marks inside a name", EXT("9a_b-c.: x"), OK },
	{ "R43 name begins with a mark", EXT("-a: x"), "policy-syntax" },
	{ "R43 name begins with a dot", EXT(".a: x"), "policy-syntax" },
	{ "R43 name of UTF-8", EXT("\xc3\xbc: x"), "policy-syntax" },
	{ "R43 other marks in a name", EXT("a/b: x"), "policy-syntax" },
	{ "R43 blanks inside a value", EXT("a: b  c = {d}; e:f"), OK },
	{ "R43 tab inside a value", EXT("a: b\tc"), "policy-syntax" },
	{ "R43 blank and tab inside", EXT("a: b \tc"), "policy-syntax" },
	{ "R43 tab and blank inside", EXT("a: b\t c"), "policy-syntax" },
	{ "R43 blanks after a value", EXT("a: b \t \t"), OK },
	{ "R43 long value", EXT("a: " N253 N253 N253), OK },
	{ "R43 UTF-8 of 2", EXT("a: \xc3\xbc\xc2\x80\xdf\xbf"), OK },
	{ "R43 UTF-8 of 3", EXT("a: \xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf"),
	    OK },
	{ "R43 UTF-8 of 4", EXT("a: \xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), OK },
	{ "R43 UTF-8 then blanks", EXT("a: \xc3\xbc b\xc3\xbc "), OK },
	{ "R43 overlong of 2", EXT("a: \xc1\xbf"), "policy-syntax" },
	{ "R43 overlong of 3", EXT("a: \xe0\x9f\xbf"), "policy-syntax" },
	{ "R43 overlong of 4", EXT("a: \xf0\x8f\xbf\xbf"), "policy-syntax" },
	{ "R43 surrogate", EXT("a: \xed\xa0\x80"), "policy-syntax" },
	{ "R43 beyond U+10FFFF", EXT("a: \xf4\x90\x80\x80"), "policy-syntax" },
	{ "R43 no lead byte", EXT("a: \x80"), "policy-syntax" },
	{ "R43 bad lead byte", EXT("a: \xf5\x80\x80\x80"), "policy-syntax" },
	{ "R43 cut by a line end", EXT("a: \xc3"), "policy-syntax" },
	{ "R43 cut by a letter", EXT("a: \xe2\x80x"), "policy-syntax" },
	{ "R43 cut by the end", S(HEAD REST "a: \xe2\x80"), "policy-syntax" },
	{ "R43 UTF-8 in a field that counts",
	    S(HEAD "mode: enforce\xc3\xbc\n" TAIL), "policy-mode" },
	{ "R43 control", EXT("a: b\x01"), "policy-syntax" },
	{ "R43 DEL", EXT("a: \x7f"), "policy-syntax" },

	{ "R44 name in capitals", S(HEAD "Mode: enforce\n" TAIL),
	    "policy-mode" },
	{ "R44 value in capitals", S(HEAD "mode: Enforce\n" TAIL),
	    "policy-mode" },
	{ "R44 version in capitals", S("version: STSV1\n" REST),
	    "policy-version" },
	{ "R44 MX is an extension", EXT("MX: evil_!"), OK },

	{ "R45 ten digits", AGE("0000000060"), OK },
	{ "R45 eleven digits", AGE("00000000060"), "policy-max-age" },
	{ "R45 maximum", AGE("31557600"), "enforce 31557600 a.example" },
	{ "R45 maximum - 1", AGE("31557599"), "enforce 31557599 a.example" },
	{ "R45 erratum 7282: maximum + 1", AGE("31557601"),
	    "enforce 31557600 a.example" },
	{ "R45 above 32 bits", AGE("4294967297"),
	    "enforce 31557600 a.example" },
	{ "R45 ten nines", AGE("9999999999"), "enforce 31557600 a.example" },
	{ "R45 sign", AGE("+60"), "policy-max-age" },
	{ "R45 negative", AGE("-1"), "policy-max-age" },
	{ "R45 underscore", AGE("1_000"), "policy-max-age" },
	{ "R45 fraction", AGE("60.0"), "policy-max-age" },
	{ "R45 hexadecimal", AGE("0x60"), "policy-max-age" },
	{ "R45 Arabic digits", AGE("\xd9\xa1"), "policy-max-age" },
	{ "R45 blank inside", AGE("6 0"), "policy-max-age" },
	{ "R45 tab inside", AGE("6\t0"), "policy-max-age" },
	{ "R46 zero", AGE("0"), "enforce 0 a.example" },

	{ "R47 wildcard", MX("*.a.example"), "enforce 60 *.a.example" },
	{ "R47 capitals are folded", MX("*.A.eXample"),
	    "enforce 60 *.a.example" },
	{ "R47 longest", MX(N253), "enforce 60 " N253 },
	{ "R47 longest wildcard", MX("*." N253), "enforce 60 *." N253 },
	{ "R47 too long", MX(N253 "x"), "policy-mx" },
	{ "R47 much too long", MX(N253 N253), "policy-mx" },
	{ "R47 label of 64", MX(L63 "x.example"), "policy-mx" },
	{ "R47 wildcard of a top level", MX("*.example"),
	    "enforce 60 *.example" },
	{ "R47 single label", MX("example"), "policy-mx" },
	{ "R47 a keyword of Postfix", MX("nexthop"), "policy-mx" },
	{ "R47 final dot", MX("a.example."), "policy-mx" },
	{ "R47 leading dot", MX(".example.com"), "policy-mx" },
	{ "R47 two dots", MX("a..example"), "policy-mx" },
	{ "R47 underscore", MX("a_b.example"), "policy-mx" },
	{ "R47 hyphen first", MX("-a.example"), "policy-mx" },
	{ "R47 hyphen last", MX("a-.example"), "policy-mx" },
	{ "R47 IPv4", MX("192.0.2.1"), "policy-mx" },
	{ "R47 wildcard of IPv4", MX("*.0.2.1"), "policy-mx" },
	{ "R47 IPv4 literal", MX("[192.0.2.1]"), "policy-mx" },
	{ "R47 IPv6", MX("2001:db8::1"), "policy-mx" },
	{ "R47 IPv6 literal", MX("[IPv6:2001:db8::1]"), "policy-mx" },
	{ "R47 U-label",
	    MX("b\xc3\xbc"
	       "cher.example"),
	    "policy-mx" },
	{ "R47 A-label", MX("xn--bcher-kva.example"),
	    "enforce 60 xn--bcher-kva.example" },
	{ "R47 asterisk alone", MX("*"), "policy-mx" },
	{ "R47 asterisk in a label", MX("*a.example"), "policy-mx" },
	{ "R47 asterisk and dot", MX("*."), "policy-mx" },
	{ "R47 two asterisks", MX("*.*.example"), "policy-mx" },
	{ "R47 asterisk inside", MX("a.*.example"), "policy-mx" },
	{ "R47 asterisk in a label", MX("a*.example"), "policy-mx" },
	{ "R47 list with commas", MX("a.example,b.example"), "policy-mx" },
	{ "R47 list with blanks", MX("a.example b.example"), "policy-mx" },
	{ "R47 port", MX("a.example:25"), "policy-mx" },
	{ "R47 quotes", MX("\"a.example\""), "policy-mx" },
	{ "R47 one bad of three",
	    S(HEAD "mode: enforce\nmax_age: 60\nmx: a.example\nmx: b_\n"
		   "mx: c.example\n"),
	    "enforce 60 a.example c.example" },
	{ "R47 a control is no text", MX("a\x01.example"), "policy-syntax" },
	{ "R47 not UTF-8", MX("a\xff.example"), "policy-syntax" },
	{ "R47 a tab within", MX("a.example\tb.example"), "policy-mx" },
	{ "K7 braces", MX("}a.example"), "policy-mx" },
	{ "mx twice", S(HEAD "mx: a.example\n" REST),
	    "enforce 60 a.example a.example" },

	{ "R49 byte order mark", S("\xef\xbb\xbf" HEAD REST), "policy-syntax" },
	{ "R50 NUL at line start", S(HEAD "\0\n" REST), "policy-syntax" },
	{ "R50 NUL in a value", EXT("a: b\0c"), "policy-syntax" },
	{ "R50 NUL in a mode", S(HEAD "mode: enforce\0\n" TAIL),
	    "policy-mode" },
	{ "R50 NUL after mx", MX("a.example\0"), "policy-syntax" },
	{ "R50 NUL at the end", S(HEAD REST "\0"), "policy-syntax" },

	{ "R27 duplicate mode: first wins", S(HEAD REST "mode: none\n"), OK },
	{ "R27 invalid duplicate mode", S(HEAD REST "mode: bogus\n"), OK },
	{ "R27 duplicate max_age: first wins", S(HEAD REST "max_age: 7\n"),
	    OK },
	{ "R27 invalid duplicate max_age", S(HEAD REST "max_age: +7 x\n"), OK },
	{ "R27 duplicate version", S(HEAD REST "version: STSv2\n"), OK },
	{ "R27 duplicate that is no field", S(HEAD REST "mode:\n"),
	    "policy-syntax" },
	{ "R27 the first counts when it is invalid",
	    S(HEAD "mode: bogus\nmode: enforce\n" TAIL), "policy-mode" },
};

/* The outcome as text, to be compared. */
struct outcome {
	size_t len;
	char text[1024];
};

static void
append(struct outcome *o, const char *format, const void *p, size_t n)
{
	int len = snprintf(o->text + o->len, sizeof o->text - o->len, format,
	    (int)n, (const char *)p);

	ck_assert_int_ge(len, 0);
	o->len += (size_t)len;
	ck_assert_uint_lt(o->len, sizeof o->text);
}

static void
feed(struct sts_policy *p, struct outcome *mx, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		size_t used = sts_policy_feed(p, bytes, n);

		ck_assert_uint_ge(used, 1);
		ck_assert_uint_le(used, n);
		if (p->mx_len > 0) {
			append(mx, " %.*s", p->mx, p->mx_len);
		}
		bytes += used;
		n -= used;
	}
}

static void
end(struct sts_policy *p, struct outcome *mx, struct outcome *o)
{
	const char *token;

	o->len = 0;
	if (sts_policy_end(p)) {
		if (p->mx_len > 0) {
			append(mx, " %.*s", p->mx, p->mx_len);
		}
		ck_assert(!sts_policy_failed(p));
		ck_assert_int_eq(sts_policy_why(p), STS_WHY_NONE);
		o->len = (size_t)snprintf(o->text, sizeof o->text, "%s %lu",
		    sts_mode_text(p->mode), (unsigned long)p->max_age_s);
		append(o, "%.*s", mx->text, mx->len);
		return;
	}
	ck_assert(sts_policy_failed(p));
	ck_assert_uint_eq(p->mx_len, 0);
	token = sts_why_token(sts_policy_why(p));
	append(o, "%.*s", token, strlen(token));
}

/* Feed in[0..cut), then in[cut..n) in steps, and compare the outcome. */
static void
check(size_t i, const uint8_t *in, size_t cut, size_t step)
{
	struct sts_policy p;
	struct outcome mx = { 0, "" }, o;
	size_t n = cases[i].n;

	sts_policy_start(&p);
	feed(&p, &mx, in, cut);
	while (cut < n) {
		size_t take = n - cut < step ? n - cut : step;

		feed(&p, &mx, in + cut, take);
		cut += take;
	}
	end(&p, &mx, &o);
	unit_text(
	    cases[i].name, sts_text((uint8_t *)o.text, o.len), cases[i].want);
}

/*
 * Values of mx that no MX host can match: each is skipped wherever it stands
 * among good ones, counted, and never handed out as a pattern.
 */
static const char *const impossible[] = { "", " ", "192.0.2.1", "*.0.2.1",
	"[192.0.2.1]", "2001:db8::1", "[IPv6:2001:db8::1]", "0x7f.1", "example",
	"hostname", "nexthop", "dot-nexthop", "a.example.", ".a.example",
	"a..example", "a_b.example", "-a.example", "a-.example", "*", "*.",
	"**.a.example", "*a.example", "a*.example", "*.*.example",
	"a.*.example", "a.example,b.example", "a.example b.example",
	"a.example;", "a.example:25", "\"a.example\"", "<a.example>",
	"smtp://a.example/", "}a.example", "{ a.example }",
	"b\xc3\xbc"
	"cher.example",
	"a.example servername=evil.example",
	"\xe2\x80\xa8"
	"a.example",
	L63 "x.example", N253 "x", "*." N253 "x", N253 N253 };

/* A policy of three good mx, with the odd one as number `at`. */
static size_t
body_of(char body[2048], const char *odd, unsigned at)
{
	size_t n = (size_t)sprintf(body, HEAD "mode: enforce\nmax_age: 60\n");

	for (unsigned k = 0; k < 4; k++) {
		if (k == at) {
			n += (size_t)sprintf(body + n, "mx: %s\n", odd);
		}
		if (k < 3) {
			n += (size_t)sprintf(
			    body + n, "mx: %c.example\n", (int)('a' + k));
		}
	}
	return n;
}

START_TEST(an_mx_that_no_host_can_match_is_skipped)
{
	for (size_t i = 0; i < UNIT_COUNT(impossible); i++) {
		for (unsigned at = 0; at < 4; at++) {
			struct outcome mx = { 0, "" };
			struct sts_policy p;
			char body[2048];
			size_t n = body_of(body, impossible[i], at);

			sts_policy_start(&p);
			feed(&p, &mx, (const uint8_t *)body, n);
			ck_assert_msg(
			    sts_policy_end(&p), "refused: %s", impossible[i]);
			unit_text(impossible[i], unit_span(mx.text),
			    " a.example b.example c.example");
			unit_int(impossible[i], p.mx_skipped, 1);
			unit_int(impossible[i], p.mx_count, 3);
		}
	}
}
END_TEST

START_TEST(each_body_has_its_policy_or_reason)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t n = cases[i].n;
		const uint8_t *in = unit_at_page_end(cases[i].in, n);

		check(i, in, 0, 1);
		for (size_t cut = 0; cut <= n; cut++) {
			check(i, in, cut, n);
		}
	}
}
END_TEST

/* Feed a policy of `count` mx lines. Returns the reason. */
static enum sts_why
with_mx(unsigned count)
{
	struct sts_policy p;
	unsigned got = 0;
	char head[] = HEAD "mode: enforce\nmax_age: 60\n";
	uint8_t line[] = "mx: a.example\n";

	sts_policy_start(&p);
	ck_assert_uint_eq(sts_policy_feed(&p, (uint8_t *)head, sizeof head - 1),
	    sizeof head - 1);
	for (unsigned i = 0; i < count; i++) {
		sts_policy_feed(&p, line, sizeof line - 1);
		got += p.mx_len > 0;
	}
	if (!sts_policy_end(&p)) {
		ck_assert_uint_le(got, STS_POLICY_MX_MAX);
	} else {
		ck_assert_uint_eq(got, count);
		ck_assert_uint_eq(p.mx_count, count);
	}
	return sts_policy_why(&p);
}

START_TEST(r48_more_mx_than_the_limit_spoil_the_policy)
{
	ck_assert_int_eq(with_mx(0), STS_WHY_POLICY_NO_MX);
	ck_assert_int_eq(with_mx(1), STS_WHY_NONE);
	ck_assert_int_eq(with_mx(STS_POLICY_MX_MAX - 1), STS_WHY_NONE);
	ck_assert_int_eq(with_mx(STS_POLICY_MX_MAX), STS_WHY_NONE);
	ck_assert_int_eq(
	    with_mx(STS_POLICY_MX_MAX + 1), STS_WHY_POLICY_MANY_MX);
}
END_TEST

/* After an error the rest is consumed, and nothing changes the reason. */
START_TEST(the_first_reason_stays)
{
	static const uint8_t more[] = "mode: bogus\nmx: b.example\n\0\r\r";
	struct sts_policy p;

	sts_policy_start(&p);
	sts_policy_feed(&p, (const uint8_t *)"mode:\n", 6);
	ck_assert(sts_policy_failed(&p));
	ck_assert_uint_eq(sts_policy_feed(&p, more, sizeof more), sizeof more);
	ck_assert_uint_eq(p.mx_len, 0);
	ck_assert(!sts_policy_end(&p));
	ck_assert_int_eq(sts_policy_why(&p), STS_WHY_POLICY_MODE);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_body_has_its_policy_or_reason);
	tcase_add_test(tc, an_mx_that_no_host_can_match_is_skipped);
	tcase_add_test(tc, r48_more_mx_than_the_limit_spoil_the_policy);
	tcase_add_test(tc, the_first_reason_stays);
}
