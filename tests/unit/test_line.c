/* SPDX-License-Identifier: MIT */
/* core/client/line: the text protocol's lines; core/client/reply: the replies
 * to them. */
#include "../../core/client/line.h"
#include "../../core/client/reply.h"
#include "held.h"

const char unit_name[] = "line";

enum {
	SIZE = 48 /* of the client's buffer */
};

#define MORE STS_LINE_MORE
#define OK STS_LINE_OK
#define BAD STS_LINE_BAD
#define LONG_KEY "mode 0123456789.0123456789.0123456789.012345"

/* The result for a complete line, and (`ended`) for the same octets when the
 * stream ends behind them. */
static const struct {
	const char *in;
	enum sts_line_status want, ended;
	uint8_t verb;
	const char *zone, *key, *host;
	size_t total;
} cases[] = {
	{ "mode a.b\n", OK, OK, STS_LINE_MODE, "", "a.b", "", 9 },
	{ "hosts a.b\n", OK, OK, STS_LINE_HOSTS, "", "a.b", "", 10 },
	{ "allowed a.b mx.a.b\n", OK, OK, STS_LINE_ALLOWED, "", "a.b", "mx.a.b",
	    19 },
	{ "dry mode a.b\n", OK, OK, STS_LINE_MODE, "dry", "a.b", "", 13 },
	{ "dry allowed a.b mx\n", OK, OK, STS_LINE_ALLOWED, "dry", "a.b", "mx",
	    19 },
	{ "mode a.b\r\n", OK, OK, STS_LINE_MODE, "", "a.b", "", 10 },
	{ "mode a.b", MORE, OK, STS_LINE_MODE, "", "a.b", "", 8 },
	{ "mode a.b\r", MORE, OK, STS_LINE_MODE, "", "a.b", "", 9 },
	{ "  mode   a.b  \n", OK, OK, STS_LINE_MODE, "", "a.b", "", 15 },
	{ "mode a.b\nmode c.d\n", OK, OK, STS_LINE_MODE, "", "a.b", "", 9 },
	/* only the first or second word is a verb, also if a zone is called
	 * like one */
	{ "mode mode\n", OK, OK, STS_LINE_MODE, "", "mode", "", 10 },
	{ "mode mode a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "x mode mode\n", OK, OK, STS_LINE_MODE, "x", "mode", "", 12 },
	/* too few words, too many, none, an unknown verb */
	{ "", MORE, BAD, 0, "", "", "", 0 },
	{ "\n", BAD, BAD, 0, "", "", "", 0 },
	{ "\r\n", BAD, BAD, 0, "", "", "", 0 },
	{ "   \n", BAD, BAD, 0, "", "", "", 0 },
	{ "mode\n", BAD, BAD, 0, "", "", "", 0 },
	{ "mode \n", BAD, BAD, 0, "", "", "", 0 },
	{ "dry mode\n", BAD, BAD, 0, "", "", "", 0 },
	{ "a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "mode a.b mx.a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "allowed a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "allowed a.b \n", BAD, BAD, 0, "", "", "", 0 },
	{ "dry allowed a.b mx x\n", BAD, BAD, 0, "", "", "", 0 },
	{ "Mode a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "modes a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "mod a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "a b mode c\n", BAD, BAD, 0, "", "", "", 0 },
	{ "mode\ta.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "11:postfix a.b,", MORE, BAD, 0, "", "", "", 0 },
	/* a report: a domain, then text that is passed on unchanged */
	{ "report a.b success  record=x y \n", OK, OK, STS_LINE_REPORT, "",
	    "a.b", "success  record=x y ", 32 },
	{ "  report  a.b  x\r\n", OK, OK, STS_LINE_REPORT, "", "a.b", "x", 18 },
	{ "report a.b x", MORE, OK, STS_LINE_REPORT, "", "a.b", "x", 12 },
	{ "report mode x\n", OK, OK, STS_LINE_REPORT, "", "mode", "x", 14 },
	{ "report\n", BAD, BAD, 0, "", "", "", 0 },
	{ "report a.b\n", BAD, BAD, 0, "", "", "", 0 },
	{ "report a.b \n", BAD, BAD, 0, "", "", "", 0 },
	{ "dry report a.b x\n", BAD, BAD, 0, "", "", "", 0 },
	{ "reports a.b x\n", BAD, BAD, 0, "", "", "", 0 },
	/* the buffer's limit */
	{ LONG_KEY "67\n", OK, OK, STS_LINE_MODE, "",
	    "0123456789.0123456789.0123456789.01234567", "", 47 },
	{ LONG_KEY "678\n", OK, OK, STS_LINE_MODE, "",
	    "0123456789.0123456789.0123456789.012345678", "", 48 },
	{ LONG_KEY "6789", BAD, OK, STS_LINE_MODE, "",
	    "0123456789.0123456789.0123456789.0123456789", "", 48 },
};

static void
check_case(size_t i, struct sts_text in, bool ended)
{
	struct sts_line_request r;
	enum sts_line_status want = ended ? cases[i].ended : cases[i].want;
	enum sts_line_status got = sts_line_parse(&r, in, SIZE, ended);

	unit_int(cases[i].in, got, want);
	if (got == OK) {
		unit_int(cases[i].in, r.verb, cases[i].verb);
		unit_text(cases[i].in, r.zone, cases[i].zone);
		unit_text(cases[i].in, r.key, cases[i].key);
		unit_text(cases[i].in, r.host, cases[i].host);
		unit_int(
		    cases[i].in, (long long)r.total, (long long)cases[i].total);
	}
}

START_TEST(each_line_has_its_verb_and_words)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_text in = unit_span(cases[i].in);

		for (int ended = 0; ended < 2; ended++) {
			in.p = unit_at_page_end(cases[i].in, in.n);
			check_case(i, in, ended);
		}
	}
}
END_TEST

/* Every beginning of an incomplete line gives MORE. */
START_TEST(every_beginning_of_a_line_is_more)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t len = strcspn(cases[i].in, "\n");

		for (size_t n = 0; n <= len && n < SIZE; n++) {
			struct sts_line_request r;
			struct sts_text in =
			    sts_text(unit_at_page_end(cases[i].in, n), n);

			unit_int(cases[i].in,
			    sts_line_parse(&r, in, SIZE, false), MORE);
		}
	}
}
END_TEST

static const char *const mx[] = { "mx.a.example", "*.b.example" };

static struct sts_text
pattern_of(unsigned i)
{
	return unit_span(mx[i]);
}

#define ALLOWED STS_LINE_ALLOWED
#define POLICY STS_ANSWER_POLICY
#define NOTFOUND STS_ANSWER_NOTFOUND

static const struct {
	const char *name;
	enum sts_answer_kind kind;
	enum sts_why why;
	enum sts_line_verb verb;
	const char *host, *want;
} replies[] = {
	{ "mode", POLICY, STS_WHY_NONE, STS_LINE_MODE, "", "enforce" },
	{ "hosts", POLICY, STS_WHY_NONE, STS_LINE_HOSTS, "",
	    "mx.a.example:*.b.example" },
	{ "an mx", POLICY, STS_WHY_NONE, ALLOWED, "mx.a.example", "yes" },
	{ "in capitals", POLICY, STS_WHY_NONE, ALLOWED, "MX.A.Example", "yes" },
	{ "with a final dot", POLICY, STS_WHY_NONE, ALLOWED, "mx.a.example.",
	    "yes" },
	{ "with two final dots", POLICY, STS_WHY_NONE, ALLOWED,
	    "mx.a.example..", "no" },
	{ "a dot alone", POLICY, STS_WHY_NONE, ALLOWED, ".", "no" },
	{ "R50 one label for the wildcard", POLICY, STS_WHY_NONE, ALLOWED,
	    "x.b.example", "yes" },
	{ "R50 two labels for the wildcard", POLICY, STS_WHY_NONE, ALLOWED,
	    "x.y.b.example", "no" },
	{ "R50 no label for the wildcard", POLICY, STS_WHY_NONE, ALLOWED,
	    "b.example", "no" },
	{ "R50 the wildcard itself", POLICY, STS_WHY_NONE, ALLOWED,
	    "*.b.example", "no" },
	{ "another host", POLICY, STS_WHY_NONE, ALLOWED, "mx.evil.example",
	    "no" },
	{ "an address", POLICY, STS_WHY_NONE, ALLOWED, "192.0.2.1", "no" },
	{ "none: mode", NOTFOUND, STS_WHY_TXT_NONE, STS_LINE_MODE, "", "none" },
	{ "none: hosts", NOTFOUND, STS_WHY_TXT_NONE, STS_LINE_HOSTS, "",
	    "none" },
	{ "none: allowed", NOTFOUND, STS_WHY_TXT_NONE, ALLOWED, "x", "yes" },
	{ "testing: mode", NOTFOUND, STS_WHY_MODE_TESTING, STS_LINE_MODE, "",
	    "testing" },
	{ "testing: hosts", NOTFOUND, STS_WHY_MODE_TESTING, STS_LINE_HOSTS, "",
	    "none" },
	{ "testing: allowed", NOTFOUND, STS_WHY_MODE_TESTING, ALLOWED, "x",
	    "yes" },
	{ "temp: mode", STS_ANSWER_TEMP, STS_WHY_BUSY, STS_LINE_MODE, "",
	    "temp" },
	{ "temp: hosts", STS_ANSWER_TEMP, STS_WHY_BUSY, STS_LINE_HOSTS, "",
	    "temp" },
	{ "temp: allowed", STS_ANSWER_TEMP, STS_WHY_BUSY, ALLOWED, "x",
	    "temp" },
	{ "counted", NOTFOUND, STS_WHY_NONE, STS_LINE_REPORT, "x", "ok" },
	{ "not counted", STS_ANSWER_TEMP, STS_WHY_NONE, STS_LINE_REPORT, "x",
	    "no" },
	{ "Postfix's words", STS_ANSWER_OVERRIDE, STS_WHY_OVERRIDE,
	    STS_LINE_MODE, "", "temp" },
	{ "Postfix's words", STS_ANSWER_OVERRIDE, STS_WHY_OVERRIDE, ALLOWED,
	    "x", "temp" },
};

/* Each reply comes out the same whole and in pieces of any size. */
START_TEST(replies_are_the_same_in_pieces)
{
	static uint8_t out[STS_REPLY_MAX];

	held_start();
	sts_ref ref = held_policy(
	    "a.example", STS_MODE_ENFORCE, 86400, UNIT_COUNT(mx), pattern_of);

	for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
		struct sts_answer a = { (uint8_t)replies[i].kind, STS_RULE_HELD,
			(uint8_t)replies[i].why, false,
			replies[i].kind == POLICY ? ref : 0, NULL, NULL };
		struct sts_reply r;

		sts_reply_init_line(
		    &r, &held, &a, replies[i].verb, unit_span(replies[i].host));
		unit_int(
		    replies[i].name, r.len, (long long)strlen(replies[i].want));
		for (size_t piece = 1; piece <= r.len + 1; piece++) {
			size_t off = 0, n = 0;

			while (off < r.len) {
				n = sts_reply_render(
				    &r, off, sts_span(out + off, piece));
				off += n;
			}
			unit_text(replies[i].name, sts_text(out, off),
			    replies[i].want);
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_line_has_its_verb_and_words);
	tcase_add_test(tc, every_beginning_of_a_line_is_more);
	tcase_add_test(tc, replies_are_the_same_in_pieces);
}
