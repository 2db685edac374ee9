/* SPDX-License-Identifier: MIT */
/* core/smtp/smtp: replies, EHLO, commands, dots (RFC 5321). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/why.h"
#include "../../core/smtp/smtp.h"
#include "unit.h"

const char unit_name[] = "smtp";

enum {
	WANT_MAX = 512
};

#define S(text) text, sizeof text - 1
#define X16 "xxxxxxxxxxxxxxxx"
#define X128 X16 X16 X16 X16 X16 X16 X16 X16
/* The text of a line of 512 octets: 4 come before it, 2 behind it. */
#define TEXT506 X128 X128 X128 X16 X16 X16 X16 X16 X16 X16 "xxxxxxxxxx"

/* `want` is "CODE lines=N [STATUS] TEXT [+UNUSED]" with the TEXT of the last
 * line; "more"; or the token of the reason. */
static const struct {
	const char *name, *in;
	size_t n;
	const char *want;
} replies[] = {
	{ "one line", S("220 mx.example ESMTP\r\n"),
	    "220 lines=1 mx.example ESMTP" },
	{ "several lines",
	    S("250-mx.example\r\n250-SIZE 9\r\n250 STARTTLS\r\n"),
	    "250 lines=3 STARTTLS" },
	{ "greeting without its last line", S("220-mx.example\r\n"), "more" },
	{ "a greeting twice", S("220-wait\r\n220 mx.example\r\n"),
	    "220 lines=2 mx.example" },
	{ "no text", S("250 \r\n"), "250 lines=1 " },
	{ "no blank", S("250\r\n"), "250 lines=1 " },
	{ "no blank, LF alone", S("250\n"), "250 lines=1 " },
	{ "LF alone", S("250-a\n250 b\n"), "250 lines=2 b" },
	{ "LF and CR LF", S("250-a\n250 b\r\n"), "250 lines=2 b" },
	{ "CR twice", S("250 a\r\r\n"), "250 lines=1 a" },
	{ "CR in the text is none", S("250 a\rb\r\n"), "250 lines=1 ab" },
	{ "CR in the text ends no line", S("250 a\r250 b\r\n"),
	    "250 lines=1 a250 b" },
	{ "CR and no LF behind the code", S("250\rx"), "more" },
	{ "what is not ASCII is masked", S("250 gr\xfc\xdf \x01\x1b[1m\t\r\n"),
	    "250 lines=1 gr?? ??[1m?" },
	{ "octets behind the reply are not its", S("250 a\r\n250 b\r\n"),
	    "250 lines=1 a +7" },
	{ "another code in the second line", S("250-a\r\n251 b\r\n"),
	    "smtp-malformed" },
	{ "another code in the last line", S("250-a\r\n250-b\r\n550 c\r\n"),
	    "smtp-malformed" },
	{ "NUL", S("250 a\0b\r\n"), "smtp-malformed" },
	{ "NUL in the code", S("25\0 b\r\n"), "smtp-malformed" },
	{ "NUL for the end", S("250 a\0\r\n"), "smtp-malformed" },
	{ "two digits", S("25 ok\r\n"), "smtp-malformed" },
	{ "four digits", S("2500 ok\r\n"), "smtp-malformed" },
	{ "tab behind the code", S("250\tok\r\n"), "smtp-malformed" },
	{ "1yz", S("150 ok\r\n"), "smtp-malformed" },
	{ "6yz", S("600 ok\r\n"), "smtp-malformed" },
	{ "0yz", S("050 ok\r\n"), "smtp-malformed" },
	{ "all of 2yz to 5yz", S("599 no\r\n"), "599 lines=1 no" },
	{ "an empty line", S("\r\n"), "smtp-malformed" },
	{ "an empty line in a reply", S("250-a\r\n\r\n250 b\r\n"),
	    "smtp-malformed" },
	{ "HTTP", S("HTTP/1.1 400 Bad Request\r\n"), "smtp-malformed" },
	{ "SSH", S("SSH-2.0-OpenSSH_9.2\r\n"), "smtp-malformed" },
	{ "a TLS record", S("\x15\x03\x03\x00\x02\x02\x46"), "smtp-malformed" },
	{ "IMAP", S("* OK ready\r\n"), "smtp-malformed" },
	{ "a blank first", S(" 250 ok\r\n"), "smtp-malformed" },
	{ "nothing", S("2"), "more" },
	{ "the end missing", S("250 ok"), "more" },
	{ "LF missing", S("250 ok\r"), "more" },
	{ "512 octets in a line", S("250 " TEXT506 "\r\n"),
	    "250 lines=1 " X128 },
	{ "513 octets in a line", S("250 " TEXT506 "x\r\n"),
	    "smtp-reply-large" },
	{ "513 octets, LF alone", S("250 " TEXT506 "xx\n"),
	    "smtp-reply-large" },

	{ "status", S("550 5.7.1 no\r\n"), "550 lines=1 [5.7.1] 5.7.1 no" },
	{ "status of the first line", S("550-5.7.1 a\r\n550 5.7.2 b\r\n"),
	    "550 lines=2 [5.7.1] 5.7.2 b" },
	{ "status of three digits", S("451 4.123.999 x\r\n"),
	    "451 lines=1 [4.123.999] 4.123.999 x" },
	{ "status alone", S("250 2.0.0\r\n"), "250 lines=1 [2.0.0] 2.0.0" },
	{ "status of another class", S("550 4.7.1 no\r\n"),
	    "550 lines=1 4.7.1 no" },
	{ "status of four digits", S("550 5.7.1234 no\r\n"),
	    "550 lines=1 5.7.1234 no" },
	{ "status with a letter", S("550 5.7.1x no\r\n"),
	    "550 lines=1 5.7.1x no" },
	{ "status of two parts", S("550 5.7 no\r\n"), "550 lines=1 5.7 no" },
	{ "status of four parts", S("550 5.7.1.1 no\r\n"),
	    "550 lines=1 5.7.1.1 no" },
	{ "status without subject", S("550 5..1 no\r\n"),
	    "550 lines=1 5..1 no" },
	{ "status behind a blank", S("550  5.7.1 no\r\n"),
	    "550 lines=1  5.7.1 no" },
	{ "status for 3yz is none", S("354 3.0.0 go\r\n"),
	    "354 lines=1 3.0.0 go" },
};

/* Read a reply that comes in a piece of `first` octets and pieces of `size`. */
static void
read_reply(
    const char *in, size_t n, size_t first, size_t size, char out[WANT_MAX])
{
	struct sts_smtp_reply r;
	enum sts_smtp_event event = STS_SMTP_MORE;
	size_t at = 0, lines = 0, len;

	sts_smtp_reply_start(&r);
	while (at < n && event != STS_SMTP_DONE && event != STS_SMTP_BROKEN) {
		size_t piece = at == 0 ? first : size;

		piece = piece < n - at ? piece : n - at;
		len = sts_smtp_reply_feed(
		    &r, unit_at_page_end(in + at, piece), piece, &event);
		ck_assert_uint_ge(len, 1);
		ck_assert_uint_le(len, piece);
		at += len;
		lines += event == STS_SMTP_LINE || event == STS_SMTP_DONE;
	}
	if (event == STS_SMTP_BROKEN) {
		snprintf(
		    out, WANT_MAX, "%s", sts_why_token(sts_smtp_reply_why(&r)));
		/* A broken reply stays broken. */
		len = sts_smtp_reply_feed(&r, (const uint8_t *)"2", 1, &event);
		ck_assert_uint_eq(len, 0);
		ck_assert_int_eq(event, STS_SMTP_BROKEN);
		return;
	}
	ck_assert_int_eq(sts_smtp_reply_why(&r), STS_WHY_NONE);
	if (event != STS_SMTP_DONE) {
		snprintf(out, WANT_MAX, "more");
		return;
	}
	ck_assert_uint_eq(lines, r.lines);
	len = (size_t)snprintf(out, WANT_MAX, "%u lines=%u ", r.code, r.lines);
	if (r.status.class != 0) {
		len +=
		    (size_t)snprintf(out + len, WANT_MAX - len, "[%u.%u.%u] ",
			r.status.class, r.status.subject, r.status.detail);
	}
	len += (size_t)snprintf(out + len, WANT_MAX - len, "%.*s",
	    (int)sts_smtp_reply_text(&r).n, sts_smtp_reply_text(&r).p);
	if (at < n) {
		snprintf(out + len, WANT_MAX - len, " +%zu", n - at);
	}
}

START_TEST(each_reply_is_read_at_every_split)
{
	for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
		char got[WANT_MAX];

		for (size_t cut = 1; cut <= replies[i].n; cut++) {
			read_reply(replies[i].in, replies[i].n, cut,
			    replies[i].n, got);
			unit_text(
			    replies[i].name, unit_span(got), replies[i].want);
		}
		read_reply(replies[i].in, replies[i].n, 1, 1, got);
		unit_text(replies[i].name, unit_span(got), replies[i].want);
	}
}
END_TEST

/* Read lines of `len` octets each, the last one without "-". */
static void
read_lines(size_t lines, size_t len, char out[WANT_MAX])
{
	static char in[128 * 1024];
	size_t n = 0;

	for (size_t i = 0; i < lines; i++) {
		ck_assert_uint_le(n + len, sizeof in);
		memset(in + n, 'x', len);
		memcpy(in + n, i + 1 < lines ? "250-" : "250 ", 4);
		memcpy(in + n + len - 2, "\r\n", 2);
		n += len;
	}
	read_reply(in, n, 1000, 1000, out);
}

/* A reply has at most 100 lines and 8,192 octets in all. */
START_TEST(a_reply_over_the_limits_is_refused)
{
	static const struct {
		size_t lines, len;
		const char *want;
	} cases[] = {
		{ 99, 10, "250 lines=99 xxxx" },
		{ 100, 10, "250 lines=100 xxxx" },
		{ 101, 10, "smtp-reply-large" },
		{ 10000, 10, "smtp-reply-large" },
		{ 15, 512, "250 lines=15 " X128 },
		{ 16, 512, "250 lines=16 " X128 },
		{ 17, 512, "smtp-reply-large" },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		char got[WANT_MAX];

		read_lines(cases[i].lines, cases[i].len, got);
		unit_text("reply at a limit", unit_span(got), cases[i].want);
	}
}
END_TEST

/* `want` has a letter for each offer (S STARTTLS, Z SIZE, 8 8BITMIME, P
 * PIPELINING, U SMTPUTF8, R REQUIRETLS, E ENHANCEDSTATUSCODES, M masked), then
 * "late", "size=N". */
static const struct {
	const char *name, *in, *want;
} ehlos[] = {
	{ "STARTTLS", "250-mx.example\r\n250 STARTTLS\r\n", "S" },
	{ "lower case", "250-mx.example\r\n250 starttls\r\n", "S" },
	{ "trailing blanks", "250-mx.example\r\n250 STARTTLS  \t\r\n", "S" },
	{ "parameters", "250-mx.example\r\n250 STARTTLS REQUIRED\r\n", "S" },
	{ "CR twice", "250-mx.example\r\r\n250 STARTTLS\r\r\n", "S" },
	{ "LF alone", "250-mx.example\n250-STARTTLS\n250 HELP\n", "S" },
	{ "in the middle",
	    "250-mx.example\r\n250-PIPELINING\r\n250-STARTTLS\r\n"
	    "250-8BITMIME\r\n250 SIZE 1000\r\n",
	    "S8PZ size=1000" },
	{ "everything",
	    "250-mx.example greets\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n"
	    "250-PIPELINING\r\n250-SMTPUTF8\r\n250-REQUIRETLS\r\n"
	    "250-ENHANCEDSTATUSCODES\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
	    "S8PUREZ size=52428800" },
	{ "the first line has no keyword", "250 STARTTLS\r\n", "" },
	{ "the first of several lines has none either",
	    "250-STARTTLS\r\n250 HELP\r\n", "" },
	{ "a longer word", "250-mx.example\r\n250 STARTTLSX\r\n", "" },
	{ "a shorter word", "250-mx.example\r\n250 STARTTL\r\n", "" },
	{ "not the first word", "250-mx.example\r\n250 X STARTTLS\r\n", "" },
	{ "with an equals sign", "250-mx.example\r\n250 STARTTLS=1\r\n", "" },
	{ "SIZE without a number", "250-mx.example\r\n250 SIZE\r\n", "Z" },
	{ "SIZE 0", "250-mx.example\r\n250 SIZE 0\r\n", "Z" },
	{ "SIZE that is none", "250-mx.example\r\n250 SIZE big\r\n", "Z" },
	{ "SIZE beyond 64 bits",
	    "250-mx.example\r\n250 SIZE 18446744073709551616\r\n", "Z" },
	{ "masked", "250-mx.example\r\n250-SIZE 9\r\n250 XXXXXXXA\r\n",
	    "MZ size=9" },
	{ "masked by X", "250-mx.example\r\n250 XXXXXXXX\r\n", "M" },
	{ "masked by asterisks", "250-mx.example\r\n250 ********\r\n", "M" },
	{ "not masked", "250-mx.example\r\n250-XCLIENT NAME\r\n250 XEXCH50\r\n",
	    "" },
	{ "too short to be masked", "250-mx.example\r\n250 XXA\r\n", "" },
};

static void
read_ehlo(const char *in, struct sts_smtp_ehlo *e)
{
	struct sts_text t = unit_span(in);
	enum sts_smtp_event event = STS_SMTP_MORE;
	struct sts_smtp_reply r;

	memset(e, 0, sizeof *e);
	sts_smtp_reply_start(&r);
	while (event != STS_SMTP_DONE) {
		size_t n = sts_smtp_reply_feed(&r, t.p, t.n, &event);

		ck_assert_int_ne(event, STS_SMTP_BROKEN);
		if (event == STS_SMTP_LINE || event == STS_SMTP_DONE) {
			sts_smtp_ehlo_line(e, &r);
		}
		t = sts_text(t.p + n, t.n - n);
	}
}

static void
show_ehlo(const struct sts_smtp_ehlo *e, char out[WANT_MAX])
{
	static const struct {
		uint8_t offer;
		char letter;
	} letters[] = { { STS_SMTP_STARTTLS, 'S' }, { STS_SMTP_8BITMIME, '8' },
		{ STS_SMTP_PIPELINING, 'P' }, { STS_SMTP_SMTPUTF8, 'U' },
		{ STS_SMTP_REQUIRETLS, 'R' }, { STS_SMTP_ENHANCED, 'E' },
		{ STS_SMTP_MASKED, 'M' }, { STS_SMTP_SIZE, 'Z' } };
	size_t n = 0;

	for (size_t i = 0; i < UNIT_COUNT(letters); i++) {
		if ((e->offers & letters[i].offer) != 0) {
			out[n++] = letters[i].letter;
		}
	}
	out[n] = '\0';
	if (e->starttls_late) {
		n += (size_t)snprintf(out + n, WANT_MAX - n, " late");
	}
	if (e->size_max > 0) {
		snprintf(out + n, WANT_MAX - n, " size=%llu",
		    (unsigned long long)e->size_max);
	}
}

START_TEST(each_ehlo_has_its_offers)
{
	for (size_t i = 0; i < UNIT_COUNT(ehlos); i++) {
		struct sts_smtp_ehlo e;
		char got[WANT_MAX];

		read_ehlo(ehlos[i].in, &e);
		show_ehlo(&e, got);
		unit_text(ehlos[i].name, unit_span(got), ehlos[i].want);
	}
}
END_TEST

/* Postfix once overlooked a STARTTLS at about 4 KB of a reply. */
START_TEST(starttls_behind_2_kb_is_seen_and_late)
{
	static char in[8192];
	struct sts_smtp_ehlo e;

	for (unsigned lines = 1; lines < 60; lines++) {
		char *p = in;
		size_t line;

		for (unsigned i = 0; i < lines; i++) {
			p += sprintf(p, "250-%060u\r\n", i);
		}
		p += sprintf(p, "250-STARTTLS\r\n");
		line = (size_t)(p - in);
		sprintf(p, "250 HELP\r\n");
		read_ehlo(in, &e);
		unit_int("STARTTLS is late", e.starttls_late, line > 2048);
		unit_int("offers STARTTLS", e.offers & STS_SMTP_STARTTLS, 1);
	}
}
END_TEST

START_TEST(masked_greetings_are_recognised)
{
	static const struct {
		const char *text;
		bool masked;
	} cases[] = {
		{ "****************", true },
		{ "mx ****2****0", true },
		{ "mx.example ESMTP ***", false },
		{ "* * * * mail * * * *", false },
		{ "", false },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		unit_int(cases[i].text,
		    sts_smtp_masked(unit_span(cases[i].text)), cases[i].masked);
	}
}
END_TEST

/* An argument that a verb does not take gives no command. */
static const struct {
	const char *name;
	enum sts_smtp_verb verb;
	const char *arg;
	size_t n;
	const char *want;
} commands[] = {
	{ "EHLO", STS_SMTP_VERB_EHLO, S("a.example.org"),
	    "EHLO a.example.org\r\n" },
	{ "HELO", STS_SMTP_VERB_HELO, S("a.example.org"),
	    "HELO a.example.org\r\n" },
	{ "EHLO with a line end", STS_SMTP_VERB_EHLO, S("a.example\r\nMAIL"),
	    "" },
	{ "EHLO with LF", STS_SMTP_VERB_EHLO, S("a.example\n"), "" },
	{ "EHLO with an address", STS_SMTP_VERB_EHLO, S("[192.0.2.1]"), "" },
	{ "EHLO of nobody", STS_SMTP_VERB_EHLO, S(""), "" },
	{ "STARTTLS", STS_SMTP_VERB_STARTTLS, S(""), "STARTTLS\r\n" },
	{ "STARTTLS of something", STS_SMTP_VERB_STARTTLS, S("x"), "" },
	{ "DATA", STS_SMTP_VERB_DATA, S(""), "DATA\r\n" },
	{ "QUIT", STS_SMTP_VERB_QUIT, S(""), "QUIT\r\n" },
	{ "MAIL", STS_SMTP_VERB_MAIL, S("a@example.org"),
	    "MAIL FROM:<a@example.org>\r\n" },
	{ "MAIL of a bounce", STS_SMTP_VERB_MAIL, S(""), "MAIL FROM:<>\r\n" },
	{ "RCPT", STS_SMTP_VERB_RCPT,
	    S("tls-reports+x=!%/{}|~#$&'*^_`?-.@e.org"),
	    "RCPT TO:<tls-reports+x=!%/{}|~#$&'*^_`?-.@e.org>\r\n" },
	{ "RCPT of nobody", STS_SMTP_VERB_RCPT, S(""), "" },
	{ "RCPT without a domain", STS_SMTP_VERB_RCPT, S("a"), "" },
	{ "RCPT without a local part", STS_SMTP_VERB_RCPT, S("@example.org"),
	    "" },
	{ "RCPT with a literal", STS_SMTP_VERB_RCPT, S("a@[192.0.2.1]"), "" },
	{ "RCPT with an address", STS_SMTP_VERB_RCPT, S("a@192.0.2.1"), "" },
	{ "RCPT at two domains", STS_SMTP_VERB_RCPT, S("a@b.org@c.org"), "" },
	{ "RCPT with a trailing dot", STS_SMTP_VERB_RCPT, S("a@example.org."),
	    "" },
	{ "RCPT with CR LF", STS_SMTP_VERB_RCPT, S("a\r\nDATA@b.org"), "" },
	{ "RCPT with CR LF behind", STS_SMTP_VERB_RCPT, S("a@b.org\r\nDATA"),
	    "" },
	{ "RCPT with LF", STS_SMTP_VERB_RCPT, S("a\n@b.org"), "" },
	{ "RCPT with CR", STS_SMTP_VERB_RCPT, S("a\r@b.org"), "" },
	{ "RCPT with NUL", STS_SMTP_VERB_RCPT, S("a\0@b.org"), "" },
	{ "RCPT with NUL in the domain", STS_SMTP_VERB_RCPT, S("a@b\0.org"),
	    "" },
	{ "RCPT with a blank", STS_SMTP_VERB_RCPT, S("a b@c.org"), "" },
	{ "RCPT with a tab", STS_SMTP_VERB_RCPT, S("a\tb@c.org"), "" },
	{ "RCPT out of its brackets", STS_SMTP_VERB_RCPT,
	    S("a>NOTIFY=NEVER@c.org"), "" },
	{ "RCPT with a bracket", STS_SMTP_VERB_RCPT, S("a<@c.org"), "" },
	{ "RCPT with quotes", STS_SMTP_VERB_RCPT, S("\"a\"@c.org"), "" },
	{ "RCPT with a backslash", STS_SMTP_VERB_RCPT, S("a\\@c.org"), "" },
	{ "RCPT with a route", STS_SMTP_VERB_RCPT, S("@a.org:b@c.org"), "" },
	{ "RCPT with a list", STS_SMTP_VERB_RCPT, S("a,b@c.org"), "" },
	{ "RCPT with DEL", STS_SMTP_VERB_RCPT, S("a\x7f@c.org"), "" },
	{ "RCPT that is not ASCII", STS_SMTP_VERB_RCPT, S("\xc3\xbc@c.org"),
	    "" },
	{ "MAIL with CR LF", STS_SMTP_VERB_MAIL, S("a@b.org\r\n"), "" },
};

START_TEST(an_invalid_argument_gives_no_command)
{
	for (size_t i = 0; i < UNIT_COUNT(commands); i++) {
		static uint8_t out[STS_SMTP_COMMAND_MAX];
		size_t n = sts_smtp_command(out, commands[i].verb,
		    sts_text((const uint8_t *)commands[i].arg, commands[i].n),
		    NULL);

		unit_text(commands[i].name, sts_text(out, n), commands[i].want);
	}
}
END_TEST

START_TEST(mail_has_its_parameters)
{
	static const struct {
		struct sts_smtp_params params;
		const char *want;
	} cases[] = {
		{ { 0, false }, "MAIL FROM:<a@b.org>\r\n" },
		{ { 1, false }, "MAIL FROM:<a@b.org> SIZE=1\r\n" },
		{ { UINT32_MAX, true }, "MAIL FROM:<a@b.org> SIZE=4294967295 "
					"BODY=8BITMIME\r\n" },
		{ { 0, true }, "MAIL FROM:<a@b.org> BODY=8BITMIME\r\n" },
	};
	static uint8_t out[STS_SMTP_COMMAND_MAX];

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t n = sts_smtp_command(out, STS_SMTP_VERB_MAIL,
		    unit_span("a@b.org"), &cases[i].params);

		unit_text("MAIL", sts_text(out, n), cases[i].want);
	}
}
END_TEST

/* The longest address, with all parameters, and one octet more. */
START_TEST(an_address_over_the_limit_is_refused)
{
	static uint8_t out[STS_SMTP_COMMAND_MAX];
	const struct sts_smtp_params params = { UINT32_MAX, true };
	char address[512];

	for (size_t local = 62; local <= 66; local++) {
		memset(address, 'l', local);
		strcpy(address + local, "@b.org");
		unit_int("local part is valid",
		    sts_smtp_address_valid(unit_span(address)), local <= 64);
	}
	for (size_t all = 250; all <= 258; all++) {
		size_t n = 64;

		memset(address, 'l', n);
		address[n++] = '@';
		for (; n < all; n++) {
			address[n] = n % 40 == 0 ? '.' : 'd';
		}
		address[all] = '\0';
		unit_int("address is valid",
		    sts_smtp_address_valid(unit_span(address)),
		    all <= STS_SMTP_ADDRESS_MAX);
		unit_int("command is written",
		    sts_smtp_command(out, STS_SMTP_VERB_MAIL,
			unit_span(address), &params) > 0,
		    all <= STS_SMTP_ADDRESS_MAX);
	}
}
END_TEST

START_TEST(only_a_real_name_is_valid_for_helo)
{
	static const struct {
		const char *name;
		bool valid;
	} cases[] = {
		{ "mail.example.org", true },
		{ "example.org", true },
		{ "localhost.example.org", false },
		{ "localhost", false },
		{ "localhost.localdomain", false },
		{ "LocalHost.example", false },
		{ "localhosts.example", true },
		{ "mail", false },
		{ "192.0.2.1", false },
		{ "[192.0.2.1]", false },
		{ "a..b", false },
		{ "mail.example.org.", false },
		{ "", false },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		unit_int(cases[i].name,
		    sts_smtp_helo_valid(unit_span(cases[i].name)),
		    cases[i].valid);
	}
}
END_TEST

/* `want` is what goes out for a message, including its end. */
static const struct {
	const char *name, *in;
	size_t n;
	const char *want;
} messages[] = {
	{ "nothing", S(""), ".\r\n" },
	{ "a line", S("a\r\n"), "a\r\n.\r\n" },
	{ "a line without its end", S("a"), "a\r\n.\r\n" },
	{ "LF alone", S("a\nb\n"), "a\r\nb\r\n.\r\n" },
	{ "CR alone", S("a\rb\r"), "a\r\nb\r\n.\r\n" },
	{ "CR LF", S("a\r\nb\r\n"), "a\r\nb\r\n.\r\n" },
	{ "LF CR is two ends", S("a\n\rb"), "a\r\n\r\nb\r\n.\r\n" },
	{ "CR CR LF is two ends", S("a\r\r\nb"), "a\r\n\r\nb\r\n.\r\n" },
	{ "empty lines", S("\n\n"), "\r\n\r\n.\r\n" },
	{ "a dot", S("."), "..\r\n.\r\n" },
	{ "a dot and more", S(".a\r\n"), "..a\r\n.\r\n" },
	{ "a dot in the middle", S("a.b\r\n"), "a.b\r\n.\r\n" },
	{ "two dots", S("..\r\n"), "...\r\n.\r\n" },
	/* Servers differ in what they take for a line's end; these would
	 * smuggle a second message past some of them. */
	{ "the end of a message", S("a\r\n.\r\nMAIL FROM:<x@y>\r\n"),
	    "a\r\n..\r\nMAIL FROM:<x@y>\r\n.\r\n" },
	{ "LF . LF", S("a\n.\nMAIL"), "a\r\n..\r\nMAIL\r\n.\r\n" },
	{ "LF . CR LF", S("a\n.\r\nMAIL"), "a\r\n..\r\nMAIL\r\n.\r\n" },
	{ "CR . CR", S("a\r.\rMAIL"), "a\r\n..\r\nMAIL\r\n.\r\n" },
	{ "CR . LF", S("a\r.\nMAIL"), "a\r\n..\r\nMAIL\r\n.\r\n" },
	{ "CR LF . CR", S("a\r\n.\rMAIL"), "a\r\n..\r\nMAIL\r\n.\r\n" },
	{ "octets over 127", S("\xc3\xbc\xff\n"), "\xc3\xbc\xff\r\n.\r\n" },
};

/* Stuff a message in pieces of `in` octets, into pieces of `out`. */
static void
stuff(const char *message, size_t n, size_t in, size_t out, uint8_t *got,
    size_t *len)
{
	struct sts_smtp_stuffing s;
	size_t at = 0;

	sts_smtp_stuff_start(&s);
	*len = 0;
	while (at < n) {
		size_t piece = in < n - at ? in : n - at, made;
		size_t used = sts_smtp_stuff(&s,
		    sts_text(unit_at_page_end(message + at, piece), piece),
		    sts_span(got + *len, out), &made);

		ck_assert_uint_ge(used, 1);
		ck_assert_uint_le(used, piece);
		ck_assert_uint_le(made, out);
		at += used;
		*len += made;
	}
	*len += sts_smtp_stuff_end(&s, got + *len);
}

START_TEST(dots_are_stuffed_and_line_ends_mended)
{
	for (size_t i = 0; i < UNIT_COUNT(messages); i++) {
		for (size_t in = 1; in <= messages[i].n + 1; in++) {
			for (size_t out = 2; out < 6; out++) {
				uint8_t got[256];
				size_t len;

				stuff(messages[i].in, messages[i].n, in, out,
				    got, &len);
				unit_text(messages[i].name, sts_text(got, len),
				    messages[i].want);
			}
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_reply_is_read_at_every_split);
	tcase_add_test(tc, a_reply_over_the_limits_is_refused);
	tcase_add_test(tc, each_ehlo_has_its_offers);
	tcase_add_test(tc, starttls_behind_2_kb_is_seen_and_late);
	tcase_add_test(tc, masked_greetings_are_recognised);
	tcase_add_test(tc, an_invalid_argument_gives_no_command);
	tcase_add_test(tc, mail_has_its_parameters);
	tcase_add_test(tc, an_address_over_the_limit_is_refused);
	tcase_add_test(tc, only_a_real_name_is_valid_for_helo);
	tcase_add_test(tc, dots_are_stuffed_and_line_ends_mended);
}
