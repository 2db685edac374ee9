/* SPDX-License-Identifier: MIT */
/* core/grammar/json and json_put: JSON is read as events, and written. */
#include <stdio.h>
#include <string.h>

#include "../../core/grammar/json.h"
#include "../../core/grammar/json_put.h"
#include "unit.h"

const char unit_name[] = "json";

/* The events of a text, as text: brackets, "n:NAME", "s:STRING", "d:NUMBER",
 * "true", "false", "null", "LIMIT", "ERROR", each ended by a space; the pieces
 * of a string are joined. `step` octets are read at a time. */
static char seen[4096];

static void
see(struct sts_text t)
{
	size_t n = strlen(seen);

	for (size_t i = 0; i < t.n && n < sizeof seen - 8; i++) {
		bool plain = t.p[i] >= ' ' && t.p[i] < 0x7f;

		n += (size_t)snprintf(seen + n, sizeof seen - n,
		    plain ? "%c" : "<%02x>", (unsigned)t.p[i]);
	}
}

static void
see_event(const struct sts_json *j, enum sts_json_event e, bool *within)
{
	static const char *const words[] = { "", "{", "}", "[", "]",
		"n:", "s:", "s:", "d:", "true", "false", "null", "LIMIT",
		"ERROR" };

	if (!*within) {
		see(unit_span(words[e]));
	}
	if (e >= STS_JSON_NAME && e <= STS_JSON_NUMBER) {
		see(sts_json_text(j));
	}
	*within = e == STS_JSON_PIECE;
	if (!*within) {
		see(unit_span(" "));
	}
}

static bool
events(const void *in, size_t len, size_t step)
{
	const uint8_t *p = in;
	struct sts_json j;
	bool within = false, over = false;

	seen[0] = '\0';
	sts_json_begin(&j);
	for (size_t i = 0; i < len && !over;) {
		size_t n = len - i < step ? len - i : step;
		enum sts_json_event e;
		size_t read = sts_json_read(
		    &j, sts_text(unit_at_page_end(p + i, n), n), &e);

		ck_assert_uint_le(read, n);
		ck_assert(read == n || e != STS_JSON_MORE);
		if (e != STS_JSON_MORE) {
			see_event(&j, e, &within);
		}
		over = e >= STS_JSON_LIMIT;
		i += read;
	}
	return sts_json_between(&j);
}

/* "~" after the last event: the text is incomplete. */
static const struct {
	const char *name, *in, *want;
} cases[] = {
	{ "nothing", "", "" },
	{ "blanks", " \t\r\n", "" },
	{ "object", "{}", "{ } " },
	{ "list", "[]", "[ ] " },
	{ "members", "{\"a\":1,\"b\":\"x\"}", "{ n:a d:1 n:b s:x } " },
	{ "blanks everywhere", " { \"a\" : [ true , false ,\nnull ] } ",
	    "{ n:a [ true false null ] } " },
	{ "nested", "[[{\"a\":[{}]}],[]]", "[ [ { n:a [ { } ] } ] [ ] ] " },
	{ "lines", "{\"a\":0}\n{\"end\":64}\n", "{ n:a d:0 } { n:end d:64 } " },
	{ "empty name and string", "{\"\":\"\"}", "{ n: s: } " },
	{ "escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
	    "[ s:\"\\/<08><0c><0a><0d><09> ] " },
	{ "unicode escapes", "[\"\\u0041\\u00e9\\u20AC\\u0000\"]",
	    "[ s:A<c3><a9><e2><82><ac><00> ] " },
	{ "surrogate pair", "[\"\\ud83d\\ude00\"]", "[ s:<f0><9f><98><80> ] " },
	{ "last surrogate pair", "[\"\\udbff\\udfff\"]",
	    "[ s:<f4><8f><bf><bf> ] " },
	{ "UTF-8", "[\"\xc3\xa9\xf0\x9f\x98\x80\"]",
	    "[ s:<c3><a9><f0><9f><98><80> ] " },
	{ "numbers", "[0,-0,10,1.5,-2e3,1E+2,0.1e-9]",
	    "[ d:0 d:-0 d:10 d:1.5 d:-2e3 d:1E+2 d:0.1e-9 ] " },
	{ "number, then blank", "1 ", "d:1 " },
	{ "escaped name", "{\"e\\u006ed\":1}", "{ n:end d:1 } " },

	{ "open object", "{", "{ ~" },
	{ "open list", "[1", "[ ~" },
	{ "open string", "[\"a", "[ ~" },
	{ "open word", "tru", "~" },
	{ "open escape", "\"\\u12", "~" },
	{ "no value", "{\"a\":}", "{ n:a ERROR ~" },
	{ "no colon", "{\"a\" 1}", "{ n:a ERROR ~" },
	{ "no name", "{1:2}", "{ ERROR ~" },
	{ "no comma", "[1 2]", "[ d:1 ERROR ~" },
	{ "comma first", "[,1]", "[ ERROR ~" },
	{ "comma last", "[1,]", "[ d:1 ERROR ~" },
	{ "comma last in object", "{\"a\":1,}", "{ n:a d:1 ERROR ~" },
	{ "wrong bracket", "[}", "[ ERROR ~" },
	{ "wrong bracket after value", "[1}", "[ d:1 ERROR ~" },
	{ "bracket too many", "{}}", "{ } ERROR ~" },
	{ "list closed at the top", "]", "ERROR ~" },
	{ "colon in list", "[\"a\":1]", "[ s:a ERROR ~" },
	{ "single quotes", "['a']", "[ ERROR ~" },
	{ "comment", "[/**/]", "[ ERROR ~" },
	{ "word", "[nul]", "[ ERROR ~" },
	{ "word in capitals", "[True]", "[ ERROR ~" },
	{ "NaN", "[NaN]", "[ ERROR ~" },
	{ "leading zero", "[01]", "[ ERROR ~" },
	{ "plus", "[+1]", "[ ERROR ~" },
	{ "dot first", "[.5]", "[ ERROR ~" },
	{ "dot last", "[1.]", "[ ERROR ~" },
	{ "no exponent", "[1e]", "[ ERROR ~" },
	{ "sign alone", "[-]", "[ ERROR ~" },
	{ "two numbers in one", "[1-2]", "[ ERROR ~" },
	{ "LF in string", "[\"a\n\"]", "[ ERROR ~" },
	{ "unknown escape", "[\"\\x41\"]", "[ ERROR ~" },
	{ "wrong hexadecimal digit", "[\"\\u00g0\"]", "[ ERROR ~" },
	{ "hex that is no letter", "[\"\\u00-0\"]", "[ ERROR ~" },
	{ "high surrogate alone", "[\"\\ud800\"]", "[ ERROR ~" },
	{ "high surrogate, then a letter", "[\"\\ud800x\"]", "[ ERROR ~" },
	{ "high surrogate, then another escape", "[\"\\ud800\\n\"]",
	    "[ ERROR ~" },
	{ "high surrogate twice", "[\"\\ud800\\ud800\"]", "[ ERROR ~" },
	{ "low surrogate alone", "[\"\\udc00\"]", "[ ERROR ~" },
	{ "lone surrogate in UTF-8", "[\"\xed\xa0\x80\"]", "[ ERROR ~" },
	{ "overlong", "[\"\xc0\xaf\"]", "[ ERROR ~" },
	{ "cut character", "[\"\xc3\"]", "[ ERROR ~" },
	{ "escape in a character", "[\"\xc3\\n\"]", "[ ERROR ~" },
	{ "byte order mark", "\xef\xbb\xbf[]", "ERROR ~" },
};

/* What has failed stays so, whatever follows. */
START_TEST(failed_for_good)
{
	static const struct {
		const char *in;
		enum sts_json_event want;
	} rows[] = {
		{ "[1 2]", STS_JSON_ERROR },
		{ "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", STS_JSON_LIMIT },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_text in = unit_span(rows[i].in);
		enum sts_json_event event = STS_JSON_MORE;
		struct sts_json j;

		sts_json_begin(&j);
		while (event != rows[i].want) {
			ck_assert_uint_gt(in.n, 0);
			size_t n = sts_json_read(&j, in, &event);

			in = sts_text(in.p + n, in.n - n);
		}
		unit_int(rows[i].in,
		    (long)sts_json_read(&j, unit_span("{}"), &event), 0);
		unit_int(rows[i].in, event, rows[i].want);
	}
}
END_TEST

START_TEST(a_text_gives_its_events)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t n = strlen(cases[i].in);

		for (size_t step = 1; step <= n + 1; step++) {
			char got[sizeof seen + 1];
			bool whole = events(cases[i].in, n, step);

			snprintf(
			    got, sizeof got, "%s%s", seen, whole ? "" : "~");
			ck_assert_msg(strcmp(got, cases[i].want) == 0,
			    "%s, %zu at a time: got %s, want %s", cases[i].name,
			    step, got, cases[i].want);
		}
	}
}
END_TEST

/* Each limit, and one beyond it. */
START_TEST(depth_names_and_numbers_are_limited)
{
	char in[2 * STS_JSON_TEXT_MAX + 20];

	for (unsigned over = 0; over < 2; over++) {
		unsigned depth = STS_JSON_DEPTH_MAX + over;

		memset(in, '[', depth);
		memset(in + depth, ']', depth);
		unit_int("depth is read", events(in, 2 * depth, 7), !over);
		unit_int(
		    "depth is refused", strstr(seen, "LIMIT") != NULL, over);

		memset(in, 'n', sizeof in);
		memcpy(in, "{\"", 2);
		size_t n = 2 + STS_JSON_NAME_MAX + over;

		memcpy(in + n, "\":1}", 4);
		unit_int("name is read", events(in, n + 4, 11), !over);
		unit_int(
		    "name is refused", strstr(seen, "LIMIT") != NULL, over);

		memset(in, '1', sizeof in);
		in[STS_JSON_NAME_MAX + over] = '\n';
		unit_int("number is read",
		    events(in, STS_JSON_NAME_MAX + over + 1, 11), !over);
		unit_int(
		    "number is refused", strstr(seen, "LIMIT") != NULL, over);
	}
}
END_TEST

/* A string of any length and of any characters comes whole. */
START_TEST(a_string_of_any_length_comes_whole)
{
	static char in[3000];
	static uint8_t got[sizeof in];
	struct sts_json j;
	size_t have = 0, at = 0;
	enum sts_json_event e = STS_JSON_MORE;

	in[0] = '"';
	for (size_t i = 1; i + 5 < sizeof in; i += 5) {
		memcpy(in + i, "\xf0\x9f\x98\x80x", 5);
	}
	in[2996] = '"';
	sts_json_begin(&j);
	while (e != STS_JSON_STRING) {
		at += sts_json_read(
		    &j, sts_text((const uint8_t *)in + at, 2997 - at), &e);
		ck_assert(e == STS_JSON_PIECE || e == STS_JSON_STRING);
		struct sts_text t = sts_json_text(&j);

		ck_assert_uint_le(t.n, STS_JSON_TEXT_MAX);
		memcpy(got + have, t.p, t.n);
		have += t.n;
	}
	ck_assert_uint_eq(have, 2995);
	ck_assert_mem_eq(got, in + 1, have);
}
END_TEST

/* ---- writing ---- */

static uint8_t out[1024];

static void
put_all(struct sts_sink *s)
{
	struct sts_json_put p;

	sts_json_put_begin(&p, s);
	sts_json_put_open(&p, NULL, '{');
	sts_json_put_string(&p, "word", "a\"\\/\n\x7f");
	sts_json_put_number(&p, "least", 0);
	sts_json_put_number(&p, "most", (UINT64_C(1) << 53) - 1);
	sts_json_put_bool(&p, "yes", true);
	sts_json_put_open(&p, "none", '[');
	sts_json_put_close(&p, ']');
	sts_json_put_open(&p, "two", '[');
	sts_json_put_string(&p, NULL, "a");
	sts_json_put_open(&p, NULL, '{');
	sts_json_put_bool(&p, "no", false);
	sts_json_put_close(&p, '}');
	sts_json_put_close(&p, ']');
	sts_json_put_start(&p, "pieces");
	sts_json_put_piece(&p, unit_span("\xf0\x9f"));
	sts_json_put_piece(&p, unit_span("\x98\x80."));
	sts_json_put_stop(&p);
	sts_json_put_close(&p, '}');
	sts_json_put_line(&p);
	sts_json_put_open(&p, NULL, '{');
	sts_json_put_close(&p, '}');
	sts_json_put_line(&p);
}

static const char all[] =
    "{\"word\":\"a\\\"\\\\/\\u000a\\u007f\",\"least\":0,"
    "\"most\":9007199254740991,\"yes\":true,\"none\":[],"
    "\"two\":[\"a\",{\"no\":false}],\"pieces\":\"\\ud83d\\ude00.\"}\n{}\n";

/* The text is written whole, and in windows of every size. */
START_TEST(a_text_may_be_written_in_windows)
{
	for (size_t size = 1; size <= sizeof all; size++) {
		size_t have = 0;
		struct sts_sink s = { 0, 0, 0, NULL };

		do {
			s.pos = 0;
			s.from = have;
			s.to = have + size;
			s.out = out + have;
			put_all(&s);
			have = s.pos < s.to ? s.pos : s.to;
		} while (s.pos > have);
		unit_text("whole text", sts_text(out, have), all);
	}
}
END_TEST

static const struct {
	const char *name, *in, *want;
} strings[] = {
	{ "ASCII", "abc /~", "abc /~" },
	{ "control", "\x01\x1f\x7f", "\\u0001\\u001f\\u007f" },
	{ "C1", "\xc2\x9b", "\\u009b" },
	{ "two octets", "b\xc3\xbc", "b\\u00fc" },
	{ "three octets", "\xe2\x82\xac", "\\u20ac" },
	{ "four octets", "\xf4\x8f\xbf\xbf", "\\udbff\\udfff" },
	{ "Latin-1",
	    "b\xfc"
	    "c",
	    "b\\ufffdc" },
	{ "cut, then ASCII", "\xe2\x82x", "\\ufffdx" },
	{ "cut, then another", "\xe2\xc3\xbc", "\\ufffd\\u00fc" },
	{ "cut at the end", "x\xe2\x82", "x\\ufffd" },
	{ "continuation", "\x80\x80", "\\ufffd\\ufffd" },
	{ "overlong", "\xc0\xaf", "\\ufffd\\ufffd" },
	{ "surrogate", "\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd" },
};

/* Strings are split anywhere, and read back as they were unless they are not
 * UTF-8. */
START_TEST(a_string_is_read_as_it_was_written)
{
	for (size_t i = 0; i < UNIT_COUNT(strings); i++) {
		size_t n = strlen(strings[i].in);

		for (size_t k = 0; k <= n; k++) {
			struct sts_sink s = { 0, 0, sizeof out, out };
			struct sts_json_put p;
			const uint8_t *in = (const uint8_t *)strings[i].in;
			char want[200];

			snprintf(want, sizeof want, "\"%s\"", strings[i].want);
			sts_json_put_begin(&p, &s);
			sts_json_put_start(&p, NULL);
			sts_json_put_piece(&p, sts_text(in, k));
			sts_json_put_piece(&p, sts_text(in + k, n - k));
			sts_json_put_stop(&p);
			unit_text(strings[i].name, sts_text(out, s.pos), want);
			ck_assert(events(out, s.pos, 3));
			ck_assert_uint_le(s.pos, 2 + n * STS_JSON_ESCAPE_MAX);
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_text_gives_its_events);
	tcase_add_test(tc, failed_for_good);
	tcase_add_test(tc, depth_names_and_numbers_are_limited);
	tcase_add_test(tc, a_string_of_any_length_comes_whole);
	tcase_add_test(tc, a_text_may_be_written_in_windows);
	tcase_add_test(tc, a_string_is_read_as_it_was_written);
}
