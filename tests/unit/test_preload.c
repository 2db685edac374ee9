/* SPDX-License-Identifier: MIT */
/* core/answer/preload: the policies of a list, and which lists are refused. */
#include <stdio.h>
#include <string.h>

#include "../../core/answer/decide.h"
#include "../../core/answer/preload.h"
#include "../../core/base/assert.h"
#include "unit.h"

const char unit_name[] = "preload";

enum {
	AREA = 4096
};

static uint32_t area[AREA / 4];
static struct sts_preload list;
static struct sts_preload_read reader;

static struct sts_text
text(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

/* Read a list that comes in pieces of `step` octets. */
static enum sts_preload_error
load(const char *json, size_t step, size_t size)
{
	struct sts_text t = text(json);

	sts_preload_begin(&reader, &list, sts_span((uint8_t *)area, size));
	while (t.n > 0) {
		size_t n = t.n < step ? t.n : step;

		sts_preload_feed(&reader, sts_text(t.p, n));
		t = sts_text(t.p + n, t.n - n);
	}
	return sts_preload_end(&reader);
}

#define HEAD                                                                   \
	"{\"version\":\"0.1\",\"timestamp\":\"2020-05-20T10:25:12.710034-"     \
	"07:00\",\"expires\":1798761600,"

/* A list with these policies and no aliases. */
#define LIST(policies) HEAD "\"policy-aliases\":{},\"policies\":{" policies "}}"
#define MX(mx) "\"a.example\":{\"mode\":\"enforce\",\"mxs\":[" mx "]}"

/* A label of 63 octets and its dot; a name that is one octet too long; a string
 * that is too long to come in one piece. */
#define LONG_LABEL                                                             \
	"a23456789012345678901234567890123456789012345678901234567890123."
#define LONG                                                                   \
	LONG_LABEL LONG_LABEL LONG_LABEL                                       \
	    "a23456789012345678901234567890123456789012345678901234.example"
STS_STATIC_ASSERT(sizeof LONG - 1 == STS_NAME_MAX + 1, one_octet_more);
#define LONGER LONG LONG_LABEL

static const char good[] = HEAD
    "\"author\":\"the \\\"operator\\\" " LONGER LONGER "\",\n"
    "\"policies\":{\"B.example\":{\"policy-alias\":\"big\"},"
    "\"a.example\":{\"mxs\":[\"MX.a.example\",\".in.a.example\"],"
    "\"mode\":\"enforce\"},"
    "\"t.example\":{\"mode\":\"testing\",\"mxs\":[\"mx.t.example\"]},"
    "\"c.example\":{\"mode\":\"testing\",\"mxs\":[\"mx.c.example\"],"
    "\"policy-alias\":\"big\"},"
    "\"b\xc3\xbc"
    "cher.example\":{\"mode\":\"enforce\",\"mxs\":[\"x.example\"]}"
    "},\"policy-aliases\":{\"big\":{\"mode\":\"enforce\","
    "\"mxs\":[\".mx.big.example\"]},"
    "\"a.example\":{\"mode\":\"testing\",\"mxs\":[\"not.this.example\"]}}}\n";

static const struct {
	const char *domain;
	const char *want; /* mode and patterns; "": nothing */
} found[] = {
	{ "a.example", "enforce mx.a.example *.in.a.example" },
	/* An alias may follow the policy that names it, */
	{ "b.example", "enforce *.mx.big.example" },
	/* and wins over the mode and mxs beside it. */
	{ "c.example", "enforce *.mx.big.example" },
	{ "t.example", "testing mx.t.example" },
	{ "xn--bcher-kva.example", "enforce x.example" },
	/* A domain stands for itself alone, and an alias is no domain. */
	{ "sub.a.example", "" },
	{ "example", "" },
	{ "big", "" },
	{ "a.exampl", "" },
	{ "a.examplee", "" },
};

/* The list's policy for a domain as text. */
static const char *
policy_text(const char *domain)
{
	static char out[256];
	struct sts_preload_found f;
	struct sts_text t;

	out[0] = '\0';
	if (!sts_preload_find(&list, text(domain), &f)) {
		return out;
	}
	strcpy(out, f.enforce ? "enforce" : "testing");
	while ((t = sts_preload_next(&f.patterns)).n > 0) {
		size_t n = strlen(out);

		snprintf(out + n, sizeof out - n, " %.*s", (int)t.n,
		    (const char *)t.p);
	}
	return out;
}

START_TEST(each_domain_has_its_policy)
{
	for (size_t step = 1; step < sizeof good; step += 7) {
		unit_int("result of loading", load(good, step, AREA),
		    STS_PRELOAD_OK);
		unit_int("domains", list.domains, 5);
		unit_int("aliases", list.aliases, 2);
		for (size_t i = 0; i < UNIT_COUNT(found); i++) {
			ck_assert_str_eq(
			    policy_text(found[i].domain), found[i].want);
		}
	}
	ck_assert_uint_eq(list.timestamp_s, 1589995512);
	ck_assert_uint_eq(list.expires_s, 1798761600);
}
END_TEST

/* A list that does not fit is refused as a whole, whatever the size. */
START_TEST(a_list_that_does_not_fit_is_refused)
{
	size_t size = STS_PRELOAD_AREA_MIN;

	while (load(good, 64, size) == STS_PRELOAD_ROOM) {
		size++;
	}
	unit_int("least size", reader.error, STS_PRELOAD_OK);
	ck_assert_uint_gt(size, STS_PRELOAD_AREA_MIN);
	unit_int("one less", load(good, 64, size - 12), STS_PRELOAD_ROOM);
}
END_TEST

static const struct {
	const char *name, *json;
	enum sts_preload_error want;
} refused[] = {
	{ "empty", "", STS_PRELOAD_JSON },
	{ "half", HEAD "\"policies\":{", STS_PRELOAD_JSON },
	{ "trailing comma", LIST(MX("\"mx.a.example\",")), STS_PRELOAD_JSON },
	{ "two objects", LIST("") "{}", STS_PRELOAD_MEMBER },
	{ "something behind the list", LIST("") "x", STS_PRELOAD_JSON },
	{ "a list", "[]", STS_PRELOAD_MEMBER },
	{ "a string", "\"x\"", STS_PRELOAD_MEMBER },
	{ "a number", "12 ", STS_PRELOAD_MEMBER },
	{ "policies in a list", HEAD "\"policies\":[", STS_PRELOAD_MEMBER },
	{ "policies in a string", HEAD "\"policies\":\"x\"",
	    STS_PRELOAD_MEMBER },
	{ "an author in an object", HEAD "\"author\":{", STS_PRELOAD_MEMBER },
	{ "an author in a number", HEAD "\"author\":1,", STS_PRELOAD_MEMBER },
	{ "mxs in an object", LIST("\"a.example\":{\"mxs\":{"),
	    STS_PRELOAD_MEMBER },
	{ "a number among mxs", LIST(MX("1")), STS_PRELOAD_MEMBER },
	{ "version longer than any name", "{\"version\":\"" LONGER "\"",
	    STS_PRELOAD_MEMBER },
	{ "domain longer than a name",
	    LIST("\"" LONG "\":{\"mode\":\"testing\""), STS_PRELOAD_DOMAIN },
	{ "mx longer than a name", LIST(MX("\"" LONG "\"")), STS_PRELOAD_MX },
	{ "mx longer than any name", LIST(MX("\"" LONGER "\"")),
	    STS_PRELOAD_MEMBER },
	{ "alias longer than a name",
	    LIST("\"a.example\":{\"policy-alias\":\"" LONG "\""),
	    STS_PRELOAD_ALIAS },
	{ "alias without a name", LIST("\"a.example\":{\"policy-alias\":\"\""),
	    STS_PRELOAD_ALIAS },
	{ "policy of an alias without a name",
	    HEAD "\"policy-aliases\":{\"\":{", STS_PRELOAD_ALIAS },
	{ "policy of an alias longer than a name",
	    HEAD "\"policy-aliases\":{\"" LONG "\":{", STS_PRELOAD_ALIAS },
	{ "unknown member", HEAD "\"pin\":1", STS_PRELOAD_MEMBER },
	{ "unknown field",
	    LIST("\"a.example\":{\"min-tls-version\":\"TLSv1.2\"}"),
	    STS_PRELOAD_MEMBER },
	{ "null", HEAD "\"policies\":null}", STS_PRELOAD_MEMBER },
	{ "mode is a number", LIST("\"a.example\":{\"mode\":1}"),
	    STS_PRELOAD_MEMBER },
	{ "mode is a list", LIST("\"a.example\":{\"mode\":[]}"),
	    STS_PRELOAD_MEMBER },
	{ "mxs is a string", LIST("\"a.example\":{\"mxs\":\"x.example\"}"),
	    STS_PRELOAD_MEMBER },
	{ "mxs within mxs", LIST(MX("[\"mx.a.example\"]")),
	    STS_PRELOAD_MEMBER },
	{ "a policy is a string", LIST("\"a.example\":\"big\""),
	    STS_PRELOAD_MEMBER },
	{ "member twice", HEAD "\"expires\":1798761601,", STS_PRELOAD_TWICE },
	{ "domain twice", LIST(MX("\"mx.a.example\"") "," MX("\"b.example\"")),
	    STS_PRELOAD_TWICE },
	{ "the same in capitals",
	    LIST(MX("\"mx.a.example\"") ",\"A.EXAMPLE\":{\"mode\":\"testing\","
					"\"mxs\":[\"mx.b.example\"]}"),
	    STS_PRELOAD_TWICE },
	{ "mode twice",
	    LIST("\"a.example\":{\"mode\":\"testing\",\"mode\":\"enforce\"}"),
	    STS_PRELOAD_TWICE },
	{ "no aliases", HEAD "\"policies\":{}}", STS_PRELOAD_MISSING },
	{ "no expires",
	    "{\"version\":\"0.1\",\"timestamp\":5,\"policies\":{},"
	    "\"policy-aliases\":{}}",
	    STS_PRELOAD_MISSING },
	{ "version", "{\"version\":\"0.2\"", STS_PRELOAD_VERSION },
	{ "time", "{\"timestamp\":\"yesterday\"", STS_PRELOAD_TIME },
	{ "time with fraction", "{\"timestamp\":1.5,", STS_PRELOAD_TIME },
	{ "expires first",
	    "{\"version\":\"0.1\",\"timestamp\":5,\"expires\":5,"
	    "\"policies\":{},\"policy-aliases\":{}}",
	    STS_PRELOAD_TIME },
	{ "domain in brackets", LIST("\"[a.example]\":{"), STS_PRELOAD_DOMAIN },
	{ "domain with a port", LIST("\"a.example:25\":{"),
	    STS_PRELOAD_DOMAIN },
	{ "suffix as a domain", LIST("\".a.example\":{"), STS_PRELOAD_DOMAIN },
	{ "unknown mode", LIST("\"a.example\":{\"mode\":\"none\"}"),
	    STS_PRELOAD_MODE },
	{ "no mode", LIST("\"a.example\":{\"mxs\":[\"mx.a.example\"]}"),
	    STS_PRELOAD_MODE },
	{ "no mx", LIST("\"a.example\":{\"mode\":\"enforce\"}"),
	    STS_PRELOAD_MX },
	{ "empty mxs", LIST(MX("")), STS_PRELOAD_MX },
	{ "one label", LIST(MX("\"mx\"")), STS_PRELOAD_MX },
	{ "suffix of one label", LIST(MX("\".example\"")), STS_PRELOAD_MX },
	{ "asterisk", LIST(MX("\"*.a.example\"")), STS_PRELOAD_MX },
	{ "final dot", LIST(MX("\"mx.a.example.\"")), STS_PRELOAD_MX },
	{ "address", LIST(MX("\"192.0.2.1\"")), STS_PRELOAD_MX },
	{ "what Postfix would split", LIST(MX("\"a.example:nexthop\"")),
	    STS_PRELOAD_MX },
	{ "alias of nothing", LIST("\"a.example\":{\"policy-alias\":\"big\"}"),
	    STS_PRELOAD_ALIAS },
	{ "alias of an alias",
	    HEAD "\"policy-aliases\":{\"x\":{\"policy-alias\":\"x\"}}",
	    STS_PRELOAD_ALIAS },
	{ "a domain is no alias",
	    LIST(MX("\"mx.a.example\"") ",\"b.example\":{\"policy-alias\":"
					"\"a.example\"}"),
	    STS_PRELOAD_ALIAS },
};

START_TEST(each_fault_is_refused_with_its_reason)
{
	for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
		unit_int(refused[i].name, load(refused[i].json, 4096, AREA),
		    refused[i].want);
		unit_int(refused[i].name, load(refused[i].json, 1, AREA),
		    refused[i].want);
		ck_assert_ptr_nonnull(sts_preload_error_text(refused[i].want));
	}
}
END_TEST

/* An error names its line and its domain. */
START_TEST(a_fault_names_line_and_domain)
{
	load(LIST("\n\n" MX("\"mx.a.example\"") ",\n\"b.example\":{\"mode\":"
						"\"none\"}"),
	    1, AREA);
	unit_int("line of the fault", reader.line, 4);
	ck_assert_int_eq(reader.name_len, 9);
	ck_assert_mem_eq(reader.name, "b.example", 9);
}
END_TEST

/* When two policies have the same name, the second one's line is reported,
 * whatever order sorting left the two in. */
START_TEST(a_name_given_twice_names_the_second_line)
{
	char json[2048];

	for (unsigned first = 0; first < 6; first++) {
		size_t n = (size_t)snprintf(json, sizeof json,
		    HEAD "\"policy-aliases\":{},\"policies\":{");

		for (unsigned i = 0; i < 6; i++) {
			n += (size_t)snprintf(json + n, sizeof json - n,
			    "%s\"%c.example\":{\"mode\":\"enforce\",\"mxs\":"
			    "[\"mx.example\"]}",
			    i > 0 ? ",\n" : "",
			    i == 5 ? (char)('a' + first) : (char)('f' - i));
		}
		snprintf(json + n, sizeof json - n, "}}");
		if (first == 0) {
			unit_int("result for different names",
			    load(json, 64, AREA), STS_PRELOAD_OK);
			continue;
		}
		unit_int("result for a name twice", load(json, 64, AREA),
		    STS_PRELOAD_TWICE);
		unit_int("line of the fault", reader.line, 6);
		ck_assert_int_eq(reader.name[0], 'a' + (int)first);
	}
	load(LIST("\"b.example\":{\"policy-alias\":\"big\"}") "\n\n", 64, AREA);
	unit_int("line of an alias of nothing", reader.line, 1);
}
END_TEST

/* Lines are kept up to 2^29 - 1; one beyond is not reported as another. */
START_TEST(place_far_down)
{
	struct sts_text json =
	    text(LIST("\"b.example\":{\"policy-alias\":\"big\"}"));
	const uint32_t last = (1U << 29) - 1;

	for (uint32_t line = last; line <= last + 1; line++) {
		sts_preload_begin(
		    &reader, &list, sts_span((uint8_t *)area, AREA));
		reader.line = line;
		ck_assert(sts_preload_feed(&reader, json));
		unit_int("alias of nothing", sts_preload_end(&reader),
		    STS_PRELOAD_ALIAS);
		unit_int("line", reader.line, line == last ? last : 0);
	}
}
END_TEST

enum {
	MANY = 4096, /* 2 to the 12th */
	MANY_LOG = 12,
	MANY_AREA = MANY * 64
};

/* Where policy i of MANY stands in files of different orders. */
static unsigned
upward(unsigned i)
{
	return i;
}

static unsigned
downward(unsigned i)
{
	return MANY - 1 - i;
}

static unsigned
up_and_down(unsigned i)
{
	return i % 2 == 0 ? i / 2 : MANY - 1 - i / 2;
}

static unsigned
scattered(unsigned i)
{
	/* an odd factor, so that each place is met once */
	return i * 2731U % MANY;
}

static unsigned
last_first(unsigned i)
{
	return (i + MANY - 1) % MANY;
}

static const struct {
	const char *name;
	unsigned (*at)(unsigned i);
} orders[] = {
	{ "upward", upward },
	{ "downward", downward },
	{ "up and down", up_and_down },
	{ "scattered", scattered },
	{ "the last one first", last_first },
};

/* All that follows the reading, a few entries at a time. */
static void
work_in_pieces(void)
{
	uint32_t before = 0;
	bool more = true;

	while (more) {
		more = sts_preload_work(&reader);
		ck_assert_uint_le(reader.steps - before, 32 * 2 * MANY_LOG);
		before = reader.steps;
	}
}

/* Reading takes about as long whatever order the file's author chose. */
START_TEST(reading_takes_as_long_in_any_order)
{
	static uint32_t many_area[MANY_AREA / 4];
	char policy[128];

	for (size_t o = 0; o < UNIT_COUNT(orders); o++) {
		struct sts_preload_found f;

		sts_preload_begin(
		    &reader, &list, sts_span((uint8_t *)many_area, MANY_AREA));
		sts_preload_feed(
		    &reader, text(HEAD "\"policy-aliases\":{},\"policies\":{"));
		for (unsigned i = 0; i < MANY; i++) {
			snprintf(policy, sizeof policy,
			    "%s\"d%04u.example\":{\"mode\":\"enforce\","
			    "\"mxs\":[\"m%u.example\"]}",
			    i > 0 ? ",\n" : "", orders[o].at(i),
			    orders[o].at(i));
			sts_preload_feed(&reader, text(policy));
		}
		sts_preload_feed(&reader, text("}}"));
		work_in_pieces();
		unit_int(
		    orders[o].name, sts_preload_end(&reader), STS_PRELOAD_OK);
		ck_assert_uint_le(reader.steps, 3U * MANY * MANY_LOG);
		for (unsigned i = 0; i < MANY; i += 7) {
			snprintf(policy, sizeof policy, "d%04u.example", i);
			ck_assert(sts_preload_find(&list, text(policy), &f));
			snprintf(policy, sizeof policy, "m%u.example", i);
			struct sts_text mx = sts_preload_next(&f.patterns);

			ck_assert_uint_eq(mx.n, strlen(policy));
			ck_assert_mem_eq(mx.p, policy, mx.n);
		}
	}
}
END_TEST

static const struct {
	const char *text;
	uint32_t want; /* 0: no time */
} times[] = {
	{ "1", 1 },
	{ "4294967295", UINT32_MAX },
	{ "4294967296", 0 },
	{ "0", 0 },
	{ "-5", 0 },
	{ "1970-01-01T00:00:01Z", 1 },
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1969-12-31T23:59:59-00:01", 0 },
	{ "2000-02-29T00:00:00z", 951782400 },
	{ "2100-02-29T00:00:00Z", 0 },
	{ "2100-03-01T00:00:00Z", UINT32_C(4107542400) },
	{ "2026-01-02T03:04:05Z", 1767323045 },
	{ "2026-01-02 03:04:05+00:00", 1767323045 },
	{ "2026-01-02T05:34:05.999999999+02:30", 1767323045 },
	{ "2026-01-01T20:04:05-07:00", 1767323045 },
	{ "2016-12-31T23:59:60Z", 1483228800 },
	{ "2026-13-02T03:04:05Z", 0 },
	{ "2026-00-02T03:04:05Z", 0 },
	{ "2026-04-31T03:04:05Z", 0 },
	{ "2026-01-00T03:04:05Z", 0 },
	{ "2026-01-02T24:04:05Z", 0 },
	{ "2026-01-02T03:60:05Z", 0 },
	{ "2026-01-02T03:04:61Z", 0 },
	{ "2026-01-02T03:04:05", 0 },
	{ "2026-01-02T03:04:05.5", 0 },
	{ "2026-01-02T03:04:05.123456789012345678901234567890Z", 0 },
	{ "2026/01-02T03:04:05Z", 0 },
	{ "2026-01/02T03:04:05Z", 0 },
	{ "2026-01-02T03.04:05Z", 0 },
	{ "2026-01-02T03:04.05Z", 0 },
	{ "2026-01-02_03:04:05Z", 0 },
	{ "2026-01-02T03:04:05+02-00", 0 },
	{ "2026-01-02T03:04:05.Z", 0 },
	{ "2026-01-02T03:04:05+24:00", 0 },
	{ "2026-01-02T03:04:05+02:60", 0 },
	{ "2026-01-02T03:04:05+0200", 0 },
	{ "2026-1-02T03:04:05Z", 0 },
	{ "2026-01-02T03:04:05Z ", 0 },
	{ "2026-01-02T03:04:05+02:00 ", 0 },
	{ "2106-02-07T06:28:16Z", 0 },
	{ "", 0 },
};

START_TEST(times_are_read)
{
	for (size_t i = 0; i < UNIT_COUNT(times); i++) {
		uint32_t s = 0;
		bool is = sts_preload_time(text(times[i].text), &s);

		unit_int(times[i].text, is, times[i].want != 0);
		unit_int(times[i].text, s, times[i].want);
	}
	/* NUL is no date mark, though each string of marks ends in one. */
	uint32_t s;

	ck_assert(!sts_preload_time(
	    sts_text((const uint8_t *)"2026\00001-02T03:04:05Z", 20), &s));
}
END_TEST

/* The list decides only where nothing else has. */
static const struct {
	const char *name;
	enum sts_answer_kind kind;
	enum sts_rule rule;
	const char *domain;
	bool live, testing;
	enum sts_answer_kind want;
} decided[] = {
	{ "no policy", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, "a.example", true,
	    false, STS_ANSWER_PRELOAD },
	{ "no clock", STS_ANSWER_NOTFOUND, STS_RULE_CLOCK, "a.example", true,
	    false, STS_ANSWER_PRELOAD },
	{ "by an alias", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, "b.example", true,
	    false, STS_ANSWER_PRELOAD },
	{ "the list has expired", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    "a.example", false, false, STS_ANSWER_NOTFOUND },
	{ "a held policy says testing or none", STS_ANSWER_NOTFOUND,
	    STS_RULE_HELD, "a.example", true, true, STS_ANSWER_NOTFOUND },
	{ "a held policy enforces", STS_ANSWER_POLICY, STS_RULE_HELD,
	    "a.example", true, true, STS_ANSWER_POLICY },
	{ "the operator's override", STS_ANSWER_NOTFOUND, STS_RULE_OVERRIDE,
	    "a.example", true, true, STS_ANSWER_NOTFOUND },
	{ "the key decides", STS_ANSWER_NOTFOUND, STS_RULE_KEY, "a.example",
	    true, true, STS_ANSWER_NOTFOUND },
	{ "the mail waits", STS_ANSWER_TEMP, STS_RULE_TABLE, "a.example", true,
	    true, STS_ANSWER_TEMP },
	{ "DANE", STS_ANSWER_DANE_ONLY, STS_RULE_DANE, "a.example", true, true,
	    STS_ANSWER_DANE_ONLY },
	{ "not in the list", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, "d.example",
	    true, true, STS_ANSWER_NOTFOUND },
	{ "below a domain of the list", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    "x.a.example", true, true, STS_ANSWER_NOTFOUND },
	{ "testing", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, "t.example", true,
	    false, STS_ANSWER_NOTFOUND },
	{ "testing, enforced", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, "t.example",
	    true, true, STS_ANSWER_PRELOAD },
	{ "no domain", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, "", true, true,
	    STS_ANSWER_NOTFOUND },
};

START_TEST(the_list_decides_where_nothing_else_has)
{
	static struct sts_settings s;

	unit_int("result of loading", load(good, 64, AREA), STS_PRELOAD_OK);
	for (size_t i = 0; i < UNIT_COUNT(decided); i++) {
		struct sts_answer with;

		memset(&with, 0, sizeof with);
		with.kind = (uint8_t)decided[i].kind;
		with.rule = (uint8_t)decided[i].rule;
		with.why = STS_WHY_TXT_NONE;
		s.preload = &list;
		s.preload_testing = decided[i].testing;
		struct sts_answer got = sts_decide_preload(
		    &s, decided[i].live, with, text(decided[i].domain));

		unit_int(decided[i].name, got.kind, decided[i].want);
		unit_int(decided[i].name, got.rule,
		    decided[i].want == STS_ANSWER_PRELOAD ? STS_RULE_PRELOAD
							  : decided[i].rule);
		s.preload = NULL;
		got =
		    sts_decide_preload(&s, true, with, text(decided[i].domain));
		unit_int(decided[i].name, got.kind, decided[i].kind);
	}
}
END_TEST

void
unit_tests(TCase *c)
{
	tcase_add_test(c, each_domain_has_its_policy);
	tcase_add_test(c, a_list_that_does_not_fit_is_refused);
	tcase_add_test(c, each_fault_is_refused_with_its_reason);
	tcase_add_test(c, a_fault_names_line_and_domain);
	tcase_add_test(c, a_name_given_twice_names_the_second_line);
	tcase_add_test(c, place_far_down);
	tcase_add_test(c, reading_takes_as_long_in_any_order);
	tcase_add_test(c, times_are_read);
	tcase_add_test(c, the_list_decides_where_nothing_else_has);
}
