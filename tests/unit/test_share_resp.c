/* SPDX-License-Identifier: MIT */
/* core/share/share_resp: replies of Redis and Valkey as events; commands. */
#include <stdio.h>
#include <string.h>

#include "../../core/share/share_resp.h"
#include "unit.h"

const char unit_name[] = "share_resp";

/*
 * The events of a text: "+s:", "-s:", ":n", "nil", "o:s", "$n", "s" for joined
 * pieces, "$.", "[n", ">n", "|n", each followed by a space; "/" behind the
 * event that completes a reply; "BROKEN". "~" at the end: the text ends within
 * an item.
 */
static char seen[4096];

static void
see(const char *format, const char *text, int n)
{
	size_t at = strlen(seen);

	snprintf(seen + at, sizeof seen - at, format, n, text);
}

static void
see_event(const struct sts_resp *r, enum sts_resp_event e)
{
	struct sts_text t = sts_resp_text(r);
	char number[32];

	snprintf(number, sizeof number, "%s%llu",
	    e == STS_RESP_NUMBER && sts_resp_negative(r) ? "-" : "",
	    (unsigned long long)sts_resp_number(r));
	switch (e) {
	case STS_RESP_SIMPLE:
		see("+%.*s ", (const char *)t.p, (int)t.n);
		break;
	case STS_RESP_ERROR:
		see("-%.*s ", (const char *)t.p, (int)t.n);
		break;
	case STS_RESP_OTHER:
		see("o%.*s ", (const char *)t.p, (int)t.n);
		break;
	case STS_RESP_PIECE:
		see("%.*s", (const char *)t.p, (int)t.n);
		break;
	case STS_RESP_NUMBER:
		see(":%.*s ", number, 30);
		break;
	case STS_RESP_BULK:
		see("$%.*s:", number, 30);
		break;
	case STS_RESP_BULK_END:
		see("%.*s ", "", 0);
		break;
	case STS_RESP_OPEN:
		see("[%.*s ", number, 30);
		break;
	case STS_RESP_PUSH:
		see(">%.*s ", number, 30);
		break;
	case STS_RESP_ATTRIBUTE:
		see("|%.*s ", number, 30);
		break;
	case STS_RESP_NIL:
		see("%.*snil ", "", 0);
		break;
	default:
		see("%.*sBROKEN ", "", 0);
		break;
	}
	if (e != STS_RESP_BULK && e != STS_RESP_PIECE && e != STS_RESP_BROKEN &&
	    sts_resp_depth(r) == 0) {
		see("%.*s/ ", "", 0);
	}
}

static void
events(const char *in, size_t len, size_t step)
{
	struct sts_resp r;
	bool over = false;

	seen[0] = '\0';
	sts_resp_begin(&r);
	for (size_t i = 0; i < len && !over;) {
		size_t n = len - i < step ? len - i : step;
		enum sts_resp_event e;
		size_t used =
		    sts_resp_read(&r, unit_at_page_end(in + i, n), n, &e);

		ck_assert_uint_le(used, n);
		ck_assert(used == n || e != STS_RESP_MORE);
		if (e != STS_RESP_MORE) {
			see_event(&r, e);
		}
		over = e == STS_RESP_BROKEN;
		i += used;
	}
}

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
	const char *name, *in, *want;
} cases[] = {
	{ "simple", "+OK\r\n", "+OK / " },
	{ "empty simple", "+\r\n", "+ / " },
	{ "error", "-NOAUTH Authentication required.\r\n",
	    "-NOAUTH Authentication required. / " },
	{ "error as a string", "!21\r\nSYNTAX invalid syntax\r\n",
	    "-SYNTAX invalid syntax / " },
	{ "empty error as a string", "!0\r\n\r\n", "- / " },
	{ "number", ":1000\r\n", ":1000 / " },
	{ "negative number", ":-2\r\n", ":-2 / " },
	{ "positive number", ":+2\r\n", ":2 / " },
	{ "largest number", ":18446744073709551615\r\n",
	    ":18446744073709551615 / " },
	{ "nil string", "$-1\r\n", "nil / " },
	{ "nil array", "*-1\r\n", "nil / " },
	{ "nil", "_\r\n", "nil / " },
	{ "string", "$5\r\nhello\r\n", "$5:hello / " },
	{ "empty string", "$0\r\n\r\n", "$0: / " },
	{ "string of line ends", "$4\r\n\r\n\r\n\r\n", "$4:\r\n\r\n / " },
	{ "verbatim", "=7\r\ntxt:abc\r\n", "$7:txt:abc / " },
	{ "double", ",1.5\r\n", "o1.5 / " },
	{ "true", "#t\r\n", "ot / " },
	{ "big number", "(349999999999\r\n", "o349999999999 / " },
	{ "array", "*2\r\n$1\r\na\r\n:1\r\n", "[2 $1:a :1 / " },
	{ "empty array", "*0\r\n", "[0 / " },
	{ "set", "~1\r\n+a\r\n", "[1 +a / " },
	{ "map", "%1\r\n+a\r\n:1\r\n", "[2 +a :1 / " },
	{ "empty map", "%0\r\n", "[0 / " },
	{ "nested", "*2\r\n*1\r\n:1\r\n*0\r\n", "[2 [1 :1 [0 / " },
	{ "nil inside", "*2\r\n$-1\r\n_\r\n", "[2 nil nil / " },
	{ "error inside", "*1\r\n-ERR x\r\n", "[1 -ERR x / " },
	{ "scan", "*2\r\n$2\r\n17\r\n*1\r\n$5\r\nm:d:a\r\n",
	    "[2 $2:17 [1 $5:m:d:a / " },
	{ "push", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$5\r\nm:d:a\r\n+OK\r\n",
	    ">2 $10:invalidate [1 $5:m:d:a / +OK / " },
	{ "push of all", ">2\r\n$10\r\ninvalidate\r\n_\r\n",
	    ">2 $10:invalidate nil / " },
	{ "attribute", "|1\r\n+ttl\r\n:3\r\n:7\r\n", "|2 +ttl :3 / :7 / " },
	{ "replies in a row", "+OK\r\n:1\r\n$-1\r\n", "+OK / :1 / nil / " },
	{ "as deep as may be",
	    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
	    "[1 [1 [1 [1 [1 [1 [1 [1 :1 / " },
	{ "empty one below that",
	    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*0\r\n",
	    "[1 [1 [1 [1 [1 [1 [1 [1 [0 / " },
	{ "too deep", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
	    "[1 [1 [1 [1 [1 [1 [1 [1 BROKEN " },
	{ "longest string", "$1048576\r\n", "$1048576:" },
	{ "string too long", "$1048577\r\n", "BROKEN " },
	{ "string of 2^63", "$9223372036854775808\r\n", "BROKEN " },
	{ "string of 2^64", "$18446744073709551616\r\n", "BROKEN " },
	{ "most items", "*1048576\r\n", "[1048576 " },
	{ "too many items", "*1048577\r\n", "BROKEN " },
	{ "most pairs", "%524288\r\n", "[1048576 " },
	{ "too many pairs", "%524289\r\n", "BROKEN " },
	{ "string of -2", "$-2\r\n", "BROKEN " },
	{ "array of -2", "*-2\r\n", "BROKEN " },
	{ "map of -1", "%-1\r\n", "BROKEN " },
	{ "push of -1", ">-1\r\n", "BROKEN " },
	{ "streamed string", "$?\r\n", "BROKEN " },
	{ "streamed array", "*?\r\n", "BROKEN " },
	{ "no number", ":\r\n", "BROKEN " },
	{ "sign alone", ":-\r\n", "BROKEN " },
	{ "number with a letter", ":1a\r\n", "BROKEN " },
	{ "no length", "$\r\n", "BROKEN " },
	{ "nil with text", "_x\r\n", "BROKEN " },
	{ "unknown type", "?1\r\n", "BROKEN " },
	{ "NUL for a type", "\0", "" },
	{ "line feed alone", "+OK\n", "BROKEN " },
	{ "carriage return alone", "+O\rK\r\n", "BROKEN " },
	{ "string longer than announced", "$1\r\nab\r\n", "$1:aBROKEN " },
	{ "string without a line feed", "$1\r\na\rb", "$1:aBROKEN " },
	{ "push inside a reply", "*1\r\n>1\r\n+a\r\n", "[1 BROKEN " },
	{ "attribute inside a reply", "*1\r\n|1\r\n+a\r\n", "[1 BROKEN " },
	{ "HTTP", "HTTP/1.1 400 Bad Request\r\n", "BROKEN " },
	{ "long line is cut", "+" HUNDRED TEN TEN TEN TEN "\r\n+b\r\n",
	    "+" HUNDRED TEN TEN "01234567 / +b / " },
	{ "line of 512",
	    "+" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED TEN "01\r\n",
	    "+" HUNDRED TEN TEN "01234567 / " },
	{ "line of 513",
	    "+" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED TEN "012\r\n",
	    "BROKEN " },
	{ "number of 129 digits", ":" HUNDRED TEN TEN "012345678\r\n",
	    "BROKEN " },
};

START_TEST(each_text_has_its_events)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t len = strlen(cases[i].in);

		for (size_t step = 1; step <= len; step++) {
			events(cases[i].in, len, step);
			unit_text(
			    cases[i].name, unit_span(seen), cases[i].want);
		}
	}
}
END_TEST

START_TEST(a_broken_stream_stays_broken)
{
	struct sts_resp r;
	enum sts_resp_event e;

	sts_resp_begin(&r);
	sts_resp_read(&r, (const uint8_t *)"\0", 1, &e);
	unit_int("NUL", e, STS_RESP_BROKEN);
	sts_resp_read(&r, (const uint8_t *)"+OK\r\n", 5, &e);
	unit_int("event after the break", e, STS_RESP_BROKEN);
}
END_TEST

/* Commands such as GET, and that nothing is written where there is no room. */
START_TEST(a_command_is_written_whole_or_not_at_all)
{
	static const char want[] =
	    "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\n12345\r\n$300\r\n";
	size_t len = sizeof want - 1;

	for (size_t size = 0; size <= len; size++) {
		uint8_t room[sizeof want];
		struct sts_span out = sts_span(room, size);
		size_t n = 0;
		bool all = sts_resp_put_count(out, &n, 3) &&
			   sts_resp_put_word(out, &n, unit_span("SET")) &&
			   sts_resp_put_word(out, &n, unit_span("")) &&
			   sts_resp_put_number(out, &n, 12345) &&
			   sts_resp_put_len(out, &n, 300);

		unit_int("whole command written", all, size == len);
		ck_assert_uint_le(n, size);
		ck_assert(memcmp(room, want, n) == 0);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_text_has_its_events);
	tcase_add_test(tc, a_broken_stream_stays_broken);
	tcase_add_test(tc, a_command_is_written_whole_or_not_at_all);
}
