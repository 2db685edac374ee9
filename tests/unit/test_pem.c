/* SPDX-License-Identifier: MIT */
/* tls/x509/pem: what counts as a block, and the line of each fault. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/x509/pem.h"
#include "unit.h"

const char unit_name[] = "pem";

#define B "-----BEGIN X-----\n"
#define E "-----END X-----\n"

/*
 * `want` has the events of a text: "+LABEL" for a block's begin, "." for its
 * end, "!FAULT" for a broken one, each with @LINE where the event has a line;
 * between them the bytes unchanged. "$" stands for a block broken by the end of
 * the text.
 */
static const struct {
	const char *name, *in, *want;
} cases[] = {
	{ "nothing", "", "" },
	{ "text only", "hello\n- - -\n-- BEGIN X --\n", "" },
	{ "a block", B "aGVsbG8=\n" E, "+X@1hello." },
	{ "no padding needed", B "aGVsbG8h\n" E, "+X@1hello!." },
	{ "two pads", B "aGk=" E B "aA==\n" E, "+X@1hi.+X@3h." },
	{ "empty block", B E, "+X@1." },
	{ "a label with blanks and dashes",
	    "-----BEGIN A B-C 1-----\naGk=\n"
	    "-----END A B-C 1-----\n",
	    "+A B-C 1@1hi." },
	{ "text around", "a\nb\n" B "aGk=\n" E "c\n" B "aA==\n" E "d",
	    "+X@3hi.+X@7h." },
	{ "CR LF", "-----BEGIN X-----\r\naGk=\r\n-----END X-----\r\n",
	    "+X@1hi." },
	{ "CR", "-----BEGIN X-----\raGk=\r-----END X-----\r", "+X@1hi." },
	{ "no end of line at the end", B "aGk=\n-----END X-----", "+X@1hi." },
	{ "blanks behind boundaries",
	    "-----BEGIN X----- \t\naGk= \n"
	    "-----END X-----\v\n" B E,
	    "+X@1hi.+X@4." },
	{ "blanks before boundaries",
	    " -----BEGIN X-----\n\taGk=\n -----END X-----\n", "+X@1hi." },
	{ "empty lines, short lines", B "\na\n\nG\nk\n=\n\n" E, "+X@1hi." },
	{ "one line",
	    "-----BEGIN X----- aGk= -----END X----- -----BEGIN X-----"
	    "aGk=-----END X-----",
	    "+X@1hi.+X@1hi." },
	{ "END and BEGIN in one line",
	    B "aGk=\n-----END X----------BEGIN X-----\naGk=\n" E,
	    "+X@1hi.+X@3hi." },
	{ "base64 and END in one line", B "aGk=-----END X-----\n" B E,
	    "+X@1hi.+X@3." },
	{ "byte order mark", "\xef\xbb\xbf" B "aGk=\n" E, "+X@1hi." },
	{ "byte order mark in the middle",
	    B "aGk=\n" E "\xef\xbb\xbf" B "aGk=\n" E, "+X@1hi.+X@4hi." },
	{ "half a byte order mark", "\xef\xbb" B "aGk=\n" E, "!place@1" },
	{ "half a byte order mark in a line", "\xef\n" B E, "+X@2." },
	{ "more dashes", "-------BEGIN X-----\naGk=\n-------END X-----\n",
	    "+X@1hi." },
	{ "bits over", B "aH==\n" E, "+X@1h." },
	/* A broken block does not spoil the next. */
	{ "not base64", B "aGk=\naG?=\n" E B "aGk=\n" E,
	    "+X@1hi!base64@1+X@5hi." },
	{ "a header line", B "A: b\n\naGk=\n" E B E, "+X@1!base64@1+X@6." },
	{ "controls and what is not ASCII in the base64",
	    B "\x1a\n\xef\xbb\xbf"
	      "aG\x01k\x7f=\x1a\n\xa0" E B E,
	    "+X@1hi.+X@5." },
	{ "padding missing", B "aGk\n" E B E, "+X@1!base64@1+X@4." },
	{ "one digit too many", B "aGk=\n" E B "aGVsbG8ha\n" E B E,
	    "+X@1hi.+X@4hello!!base64@4+X@7." },
	{ "padding too short", B "aA=\n" E B E, "+X@1h!base64@1+X@4." },
	{ "padding too long", B "aGk==\n" E B E, "+X@1hi!base64@1+X@4." },
	{ "padding alone", B "=\n" E B E, "+X@1!base64@1+X@4." },
	{ "padding of nothing", B "aGVs=\n" E B E, "+X@1hel!base64@1+X@4." },
	{ "digits behind padding", B "aA==aA==\n" E B E,
	    "+X@1h!base64@1+X@4." },
	{ "dashes within", B "aG-k\n" E B E, "+X@1!base64@1+X@4." },
	{ "BEGIN in place of END", B "aGk=\n" B "aA==\n" E, "+X@1hi.+X@3h." },
	{ "BEGIN within the base64", B "aG" B "aA==\n" E, "+X@1!end@1+X@2h." },
	{ "BEGIN within the padding", B "aA=" B "aA==\n" E,
	    "+X@1h!end@1+X@2h." },
	{ "another's END", B "aGk=\n-----END Y-----\n" B E,
	    "+X@1hi!end@1+X@4." },
	{ "the beginning of an END", B "-----END X1-----\n" B E,
	    "+X@1!end@1+X@3." },
	{ "more than an END", "-----BEGIN XY-----\n-----END X-----\n" B E,
	    "+XY@1!end@1+X@3." },
	{ "END not complete", B "aGk=\n-----END X---\n" B E,
	    "+X@1hi!end@1+X@4." },
	{ "END alone", E B E, "!begin@1+X@2." },
	{ "END alone, cut", "-----END X\n" B E, "!begin@1+X@2." },
	{ "two ENDs", B "aGk=\n" E E B E, "+X@1hi.!begin@4+X@5." },
	{ "the END of a broken block, then one alone", B "aG?=\n" E E,
	    "+X@1!base64@1!begin@4" },
	{ "another's END, then one alone", B "-----END Y-----\n" E B E,
	    "+X@1!end@1!begin@3+X@4." },
	{ "END not complete, then one alone", B "-----END X---\n" E B E,
	    "+X@1!end@1!begin@3+X@4." },
	{ "fewer dashes before BEGIN", "----BEGIN X-----\naGk=\n" E B E,
	    "!begin@3+X@4." },
	{ "a blank in a BEGIN", "----- BEGIN X-----\naGk=\n" E B E,
	    "!begin@3+X@4." },
	{ "a line end in a BEGIN", "-----\nBEGIN X-----\naGk=\n" E B E,
	    "!begin@4+X@5." },
	{ "NUL in a BEGIN",
	    "-----\x01"
	    "BEGIN X-----\naGk=\n" E B E,
	    "!begin@3+X@4." },
	{ "BEGIN not complete", "-----BEGIN X----\naGk=\n" E B E,
	    "!line@1+X@4." },
	{ "BEGIN without a label", "-----BEGIN \n" B E, "!line@1+X@2." },
	{ "commented out", "#-----BEGIN X-----\naGk=\n" E B E,
	    "!place@1+X@4." },
	{ "commented out whole", "# -----BEGIN X-----\n# aGk=\n# " E B E,
	    "!place@1+X@4." },
	{ "half a word before",
	    "-----B-----BEGIN X-----\n-----EN-----BEGIN "
	    "X-----\n-----BEGIN-----BEGIN X-----\n",
	    "!place@1!place@2!place@3" },
	{ "text and a cut BEGIN", "# -----BEGIN X\n" B E, "+X@2." },
	{ "cut in base64", B "aGk=\n" E B "aG", "+X@1hi.+X@4$end@4" },
	{ "cut before END", B "aGk=\n", "+X@1hi$end@1" },
	{ "cut in END", B "aGk=\n-----END X----", "+X@1hi$end@1" },
	{ "cut in BEGIN", B E "-----BEGIN X", "+X@1.$line@3" },
	{ "cut in dashes", B E "-----", "+X@1." },
	{ "cut in an END alone", B E "-----END X", "+X@1.$begin@3" },
	{ "text and a BEGIN that the end cuts", B E "# -----BEGIN X", "+X@1." },
	{ "the longest label",
	    "-----BEGIN 1234567890123456789012345678901-----"
	    "-----END 1234567890123456789012345678901-----",
	    "+1234567890123456789012345678901@1." },
	{ "one longer",
	    "-----BEGIN 12345678901234567890123456789012-----"
	    "-----END 12345678901234567890123456789012-----\n" B E,
	    "+@1!end@1+X@2." },
	{ "all digits",
	    B "BBCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	      "0123456789+/\n" E,
	    "+X@1\x04\x10\x83\x10Q\x87 \x92\x8b\x30\xd3\x8f\x41\x14\x93QU\x97"
	    "a\x96\x9bq\xd7\x9f\x82\x18\xa3\x92Y\xa7\xa2\x9a\xab\xb2\xdb\xaf"
	    "\xc3\x1c\xb3\xd3]\xb7\xe3\x9e\xbb\xf3\xdf\xbf." },
};

struct outcome {
	char text[2048];
	size_t n;
};

static void
append(struct outcome *o, const void *p, size_t n)
{
	ck_assert_uint_lt(n, sizeof o->text - o->n);
	memcpy(o->text + o->n, p, n);
	o->n += n;
	o->text[o->n] = '\0';
}

static void
say_fault(struct outcome *o, char mark, const struct sts_pem *p)
{
	static const char *const words[] = { "none", "base64", "end", "begin",
		"line", "place" };
	char text[40];

	append(o, text,
	    (size_t)snprintf(text, sizeof text, "%c%s@%u", mark,
		words[sts_pem_fault(p)], (unsigned)sts_pem_line(p)));
}

static void
feed(struct sts_pem *p, struct sts_text in, struct outcome *o)
{
	enum sts_pem_event event;
	struct sts_text bytes = { NULL, 0 };
	char text[60];

	while ((event = sts_pem_next(p, &in, &bytes)) != STS_PEM_MORE) {
		if (event == STS_PEM_BEGIN) {
			append(o, text,
			    (size_t)snprintf(text, sizeof text, "+%s@%u",
				sts_pem_label(p), (unsigned)sts_pem_line(p)));
		} else if (event == STS_PEM_DATA) {
			ck_assert_uint_gt(bytes.n, 0);
			append(o, bytes.p, bytes.n);
		} else if (event == STS_PEM_END) {
			append(o, ".", 1);
		} else {
			say_fault(o, '!', p);
		}
	}
	ck_assert_uint_eq(in.n, 0);
}

static void
end(struct sts_pem *p, struct outcome *o)
{
	if (sts_pem_end(p)) {
		say_fault(o, '$', p);
	}
}

START_TEST(each_text_has_its_blocks_and_faults)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_text t = unit_span(cases[i].in);
		const uint8_t *in = unit_at_page_end(t.p, t.n);

		/* The text whole, cut in two at every place, and byte by
		 * byte. */
		for (size_t at = 0; at <= t.n + 1; at++) {
			struct outcome o = { "", 0 };
			size_t cut = at <= t.n ? at : 0;
			struct sts_pem p;

			sts_pem_begin(&p);
			for (size_t k = 0; at > t.n && k < t.n; k++) {
				feed(&p, sts_text(in + k, 1), &o);
			}
			if (at <= t.n) {
				feed(&p, sts_text(in, cut), &o);
				feed(&p, sts_text(in + cut, t.n - cut), &o);
			}
			end(&p, &o);
			ck_assert_msg(strcmp(o.text, cases[i].want) == 0,
			    "%s, cut at %u: got %s, want %s", cases[i].name,
			    (unsigned)at, o.text, cases[i].want);
		}
	}
}
END_TEST

/* A byte that is no digit breaks its group of four wherever it stands: a blank
 * leaves the group short, and padding is allowed only at the end. */
START_TEST(every_byte_that_is_no_digit_breaks_a_block)
{
	for (unsigned b = 0; b < 256; b++) {
		bool good = sts_is_alnum((uint8_t)b) || b == '+' || b == '/';

		for (size_t at = 0; at < 4; at++) {
			char text[] = B "AAAA\n" E;
			struct outcome o = { "", 0 };
			struct sts_pem p;

			text[sizeof B - 1 + at] = (char)b;
			sts_pem_begin(&p);
			feed(
			    &p, sts_text((uint8_t *)text, sizeof text - 1), &o);
			end(&p, &o);
			ck_assert_msg((o.text[o.n - 1] == '.') ==
					  (good || (b == '=' && at == 3)),
			    "byte %u at %u", b, (unsigned)at);
		}
	}
}
END_TEST

/* A long block comes in pieces that join to the encoded bytes. */
START_TEST(pieces_of_a_long_block_join)
{
	static char text[3 * 4096];
	static uint8_t got[4096];
	static const char d[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
				"uvwxyz0123456789+/";
	size_t n = (size_t)sprintf(text, B), have = 0;

	for (size_t i = 0; i < 3000; i += 3) {
		uint32_t v = (uint32_t)(i * 2654435761U) & 0xffffff;

		for (int s = 18; s >= 0; s -= 6) {
			text[n++] = d[v >> s & 63];
		}
		if (i % 48 == 45) {
			text[n++] = '\n';
		}
	}
	n += (size_t)sprintf(text + n, "\n" E);
	for (size_t piece = 1; piece < 300; piece += 13) {
		struct sts_pem p;
		enum sts_pem_event event;

		sts_pem_begin(&p);
		have = 0;
		for (size_t off = 0; off < n; off += piece) {
			size_t len = n - off < piece ? n - off : piece;
			struct sts_text in =
			    sts_text((uint8_t *)text + off, len);
			struct sts_text bytes = { NULL, 0 };

			while ((event = sts_pem_next(&p, &in, &bytes)) !=
			       STS_PEM_MORE) {
				ck_assert_int_ne(event, STS_PEM_BROKEN);
				if (event == STS_PEM_DATA) {
					memcpy(got + have, bytes.p, bytes.n);
					have += bytes.n;
				}
			}
		}
		ck_assert(!sts_pem_end(&p));
		ck_assert_uint_eq(have, 3000);
		for (size_t i = 0; i < have; i += 3) {
			uint32_t v = (uint32_t)(i * 2654435761U) & 0xffffff;

			ck_assert_uint_eq(got[i], v >> 16);
			ck_assert_uint_eq(got[i + 1], v >> 8 & 0xff);
			ck_assert_uint_eq(got[i + 2], v & 0xff);
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_text_has_its_blocks_and_faults);
	tcase_add_test(tc, every_byte_that_is_no_digit_breaks_a_block);
	tcase_add_test(tc, pieces_of_a_long_block_join);
}
