/* SPDX-License-Identifier: MIT */
/* core/report/report_datagram, report_event, report_result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/report/report_datagram.h"
#include "unit.h"

const char unit_name[] = "report_datagram";

enum {
	OUT_MAX = 16384
};

static struct sts_datagram d;
static struct sts_report_event e;
static char out[OUT_MAX];

static void
put(struct sts_text t)
{
	strncat(out, (const char *)t.p, t.n);
}

/* "domain policy-type policy-domain 'string'... mx'host'... [cut] 0|1
 * {failure}..." */
static void
put_event(void)
{
	struct sts_text s = sts_event_strings(&e);
	char number[32];

	put(sts_event_domain(&e));
	strcat(out, " ");
	strcat(out, sts_report_policy_text(e.type));
	strcat(out, " ");
	put(sts_event_policy_domain(&e));
	for (unsigned i = 0; s.n > 0; i++) {
		size_t n = sts_get16be(s.p);

		strcat(out, i < e.string_count ? " '" : " mx'");
		put(sts_text(s.p + 2, n));
		strcat(out, "'");
		s = sts_text(s.p + 2 + n, s.n - 2 - n);
	}
	sprintf(number, "%s %d", e.strings_cut ? " cut" : "", e.failed);
	strcat(out, number);
	for (unsigned i = 0; i < e.failure_count; i++) {
		struct sts_report_failure f = sts_event_failure_at(&e, i);

		strcat(out, " {");
		strcat(out, sts_report_result_text(f.result));
		for (unsigned k = 0; k < STS_REPORT_FIELDS; k++) {
			strcat(out, " ");
			put(f.texts[k]);
		}
		strcat(out, "}");
	}
	strcat(out, "\n");
}

static enum sts_datagram_verdict
read_it(struct sts_text in)
{
	enum sts_datagram_verdict v = sts_datagram_open(&d, in, &e);

	out[0] = '\0';
	while (v == STS_DATAGRAM_GOOD && sts_datagram_next(&d, &e)) {
		put_event();
	}
	return v;
}

#define PR "\"pr\":\"v=TLSRPTv1; rua=mailto:a@b.c\""
#define HEAD "{\"d\":\"b.c\"," PR ",\"policies\":["
#define P9(rest) HEAD "{\"policy-type\":9,\"policy-domain\":\"b.c\"" rest "}]}"
#define OK "no-policy-found b.c"

static const struct {
	const char *name, *in;
	enum sts_datagram_verdict verdict;
	const char *want; /* NULL: no event */
} cases[] = {
	{ "only what is required", HEAD "{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_GOOD, "b.c " OK " 0\n" },
	{ "dpv 1",
	    "{\"dpv\": \"1\",\"d\":\"b.c\"," PR
	    ",\"policies\":[{\"policy-type\":9,\"t\":0,\"f\":0}]}",
	    STS_DATAGRAM_GOOD, "b.c " OK " 0\n" },
	{ "dpv 2",
	    "{\"dpv\": \"2\",\"d\":\"b.c\"," PR
	    ",\"policies\":[{\"policy-type\":9,\"t\":0,\"f\":0}]}",
	    STS_DATAGRAM_VERSION, NULL },
	{ "dpv a number",
	    "{\"dpv\":1,\"d\":\"b.c\"," PR
	    ",\"policies\":[{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "all keys, in another order",
	    "{\"policies\":[{\"f\":1,\"failure-details\":[{\"f\":\"x\",\"r\":"
	    "\"192.0.2.1\",\"h\":\"250-mx.b.c a\",\"c\":205}],\"mx-host\":["
	    "\"mx.b.c\"],\"policy-string\":[\"mode: enforce\"],"
	    "\"policy-domain\":\"B.c\",\"policy-type\":2,\"t\":1}]," PR
	    ",\"d\":\"b.c\"}",
	    STS_DATAGRAM_GOOD,
	    "b.c sts b.c 'mode: enforce' mx'mx.b.c' 1 {validation-failure   "
	    "192.0.2.1 x  mx.b.c}\n" },
	{ "unknown keys",
	    "{\"x\":{\"d\":[1,{\"policies\":2}]},\"d\":\"b.c\"," PR
	    ",\"y\":null,\"policies\":[{\"z\":[[]],\"policy-type\":9,\"q\":"
	    "\"f\",\"f\":0,\"failure-details\":[{\"c\":201,\"u\":{\"c\":9}}]}],"
	    "\"v\":true,\"w\":1.5e9}",
	    STS_DATAGRAM_GOOD,
	    "b.c " OK " 0 {starttls-not-supported      }\n" },
	{ "two policies",
	    HEAD "{\"policy-type\":1,\"policy-domain\":\"mx.b.c\",\"policy-"
		 "string\":[\"3 1 1 AA\"],\"f\":0},{\"policy-type\":9,\"f\":1}"
		 "]}",
	    STS_DATAGRAM_GOOD, "b.c tlsa mx.b.c '3 1 1 AA' 0\nb.c " OK " 1\n" },
	{ "no policies", HEAD "]}", STS_DATAGRAM_BROKEN, NULL },
	{ "an object among strings",
	    HEAD "{\"policy-type\":9,\"policy-string\":[{}],\"f\":0}]}",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "an object among mx",
	    HEAD "{\"policy-type\":9,\"mx-host\":[{}],\"f\":0}]}",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "an error of its own beside a success",
	    P9(",\"f\":0,\"failure-details\":[{\"c\":901}]"), STS_DATAGRAM_GOOD,
	    "b.c " OK " 0\n" },
	{ "policies missing", "{\"d\":\"b.c\"," PR "}", STS_DATAGRAM_BROKEN,
	    NULL },
	{ "d missing", "{" PR ",\"policies\":[{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "pr missing",
	    "{\"d\":\"b.c\",\"policies\":[{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "d twice",
	    "{\"d\":\"b.c\",\"d\":\"b.c\"," PR
	    ",\"policies\":[{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "f twice", P9(",\"f\":0,\"f\":1"), STS_DATAGRAM_BROKEN, NULL },
	{ "two levels of f",
	    P9(",\"failure-details\":[{\"c\":204,\"f\":"
	       "\"0\"}],\"f\":1"),
	    STS_DATAGRAM_GOOD, "b.c " OK " 1 {certificate-expired    0  }\n" },
	{ "f missing", P9(""), STS_DATAGRAM_BROKEN, NULL },
	{ "f 2", P9(",\"f\":2"), STS_DATAGRAM_BROKEN, NULL },
	{ "f in quotes", P9(",\"f\":\"1\""), STS_DATAGRAM_BROKEN, NULL },
	{ "f negative", P9(",\"f\":-1"), STS_DATAGRAM_BROKEN, NULL },
	{ "f a fraction", P9(",\"f\":1.0"), STS_DATAGRAM_BROKEN, NULL },
	{ "f null", P9(",\"f\":null"), STS_DATAGRAM_BROKEN, NULL },
	{ "f true", P9(",\"f\":true"), STS_DATAGRAM_BROKEN, NULL },
	{ "f an object", P9(",\"f\":{}"), STS_DATAGRAM_BROKEN, NULL },
	{ "f of ten digits", P9(",\"f\":0000000000"), STS_DATAGRAM_BROKEN,
	    NULL },
	{ "t in quotes", P9(",\"t\":\"0\",\"f\":0"), STS_DATAGRAM_BROKEN,
	    NULL },
	{ "type missing", HEAD "{\"f\":0}]}", STS_DATAGRAM_BROKEN, NULL },
	{ "type 3", HEAD "{\"policy-type\":3,\"f\":0}]}", STS_DATAGRAM_BROKEN,
	    NULL },
	{ "a string among policies", HEAD "\"x\"]}", STS_DATAGRAM_BROKEN,
	    NULL },
	{ "a list among policies", HEAD "[]]}", STS_DATAGRAM_BROKEN, NULL },
	{ "a number among strings", P9(",\"mx-host\":[1],\"f\":0"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "a list among strings", P9(",\"mx-host\":[[]],\"f\":0"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "mx-host a string", P9(",\"mx-host\":\"x\",\"f\":0"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "failures an object", P9(",\"failure-details\":{},\"f\":0"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "failures of strings", P9(",\"failure-details\":[\"c\"],\"f\":0"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "empty lists",
	    P9(",\"mx-host\":[],\"failure-details\":[],\"policy-"
	       "string\":[],\"f\":0"),
	    STS_DATAGRAM_GOOD, "b.c " OK " 0\n" },
	{ "c missing",
	    P9(",\"failure-details\":[{\"s\":\"192.0.2.1\"}],\"f\":1"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "c unknown", P9(",\"failure-details\":[{\"c\":206}],\"f\":1"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "c in quotes", P9(",\"failure-details\":[{\"c\":\"205\"}],\"f\":1"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "c of the mail server itself, alone: skipped",
	    P9(",\"failure-details\":[{\"c\":901}],\"f\":1"), STS_DATAGRAM_GOOD,
	    "" },
	{ "c of the mail server itself beside another",
	    P9(",\"failure-details\":[{\"c\":901},{\"c\":306}],\"f\":1"),
	    STS_DATAGRAM_GOOD, "b.c " OK " 1 {dane-required      }\n" },
	{ "addresses: only such",
	    P9(",\"failure-details\":[{\"c\":205,\"s\":\"\",\"r\":\"2001:db8::"
	       "1\"},{\"c\":205,\"s\":\"unknown\",\"r\":\"[192.0.2.1]\"},{"
	       "\"c\":205,\"s\":\"::ffff:192.0.2.1\",\"r\":\"1.2.3\"}],\"f\":"
	       "1"),
	    STS_DATAGRAM_GOOD,
	    "b.c " OK " 1 {validation-failure   2001:db8::1   }"
	    " {validation-failure      }"
	    " {validation-failure ::ffff:192.0.2.1     }\n" },
	{ "d in any case, with a dot",
	    "{\"d\":\"B.C.\"," PR
	    ",\"policies\":[{\"policy-type\":9,\"policy-domain\":\"\",\"f\":0}"
	    "]}",
	    STS_DATAGRAM_GOOD, "b.c " OK " 0\n" },
	{ "d is no name",
	    "{\"d\":\"b c\"," PR ",\"policies\":[{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_DOMAIN, NULL },
	{ "d is an address",
	    "{\"d\":\"192.0.2.1\"," PR
	    ",\"policies\":[{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_DOMAIN, NULL },
	{ "d is empty",
	    "{\"d\":\"\"," PR ",\"policies\":[{\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_DOMAIN, NULL },
	{ "pr of another kind",
	    "{\"d\":\"b.c\",\"pr\":\"v=STSv1; id=1\",\"policies\":[{\"policy-"
	    "type\":9,\"f\":0}]}",
	    STS_DATAGRAM_DOMAIN, NULL },
	{ "pr junk after its beginning",
	    "{\"d\":\"b.c\",\"pr\":\"v=TLSRPTv1 ;junk\",\"policies\":[{"
	    "\"policy-type\":9,\"f\":0}]}",
	    STS_DATAGRAM_GOOD, "b.c " OK " 0\n" },
	{ "octets that are not UTF-8",
	    P9(",\"policy-string\":[\"a\xff\xc3(\xe2\x82\"],\"f\":0"),
	    STS_DATAGRAM_GOOD, "b.c " OK " 'a?\?(?\?' 0\n" },
	{ "characters that are UTF-8",
	    P9(",\"policy-string\":[\"\xc3\xbc\xf0\x9f\x98\x80\"],\"f\":0"),
	    STS_DATAGRAM_GOOD, "b.c " OK " '\xc3\xbc\xf0\x9f\x98\x80' 0\n" },
	{ "escapes",
	    P9(",\"policy-string\":[\"\\\"\\\\\\/\\u00fc\\ud83d"
	       "\\ude00\\t\"],\"f\":0"),
	    STS_DATAGRAM_GOOD,
	    "b.c " OK " '\"\\/\xc3\xbc\xf0\x9f\x98\x80\t' 0\n" },
	{ "half a surrogate pair",
	    P9(",\"policy-string\":[\"\\ud83d\"],\"f\":0"), STS_DATAGRAM_BROKEN,
	    NULL },
	{ "unknown escape", P9(",\"policy-string\":[\"\\x\"],\"f\":0"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "raw control", P9(",\"policy-string\":[\"\n\"],\"f\":0"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "cut in h",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":204,\"s\":"
		 "\"192.0.2.1\",\"n\":\"mx.b.c\",\"h\": \"250-mx.b.c\\r\\n250-",
	    STS_DATAGRAM_GOOD,
	    "b.c " OK " 1 {certificate-expired 192.0.2.1 mx.b.c    mx.b.c}\n" },
	{ "cut in the first word of h",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":204,\"h\": "
		 "\"250-mx.b",
	    STS_DATAGRAM_GOOD,
	    "b.c " OK " 1 {certificate-expired      mx.b}\n" },
	{ "cut before the text of h",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":204,\"h\"",
	    STS_DATAGRAM_GOOD, "b.c " OK " 1 {certificate-expired      }\n" },
	{ "cut in an escape in h",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":204,\"h\":"
		 "\"250-mx\\u00",
	    STS_DATAGRAM_GOOD, "b.c " OK " 1 {certificate-expired      mx}\n" },
	{ "cut in h of the second policy",
	    HEAD "{\"policy-type\":9,\"f\":0},{\"policy-type\":9,\"failure-"
		 "details\":[{\"c\":202},{\"c\":204,\"h\":\"250",
	    STS_DATAGRAM_GOOD,
	    "b.c " OK " 0\nb.c " OK
	    " 1 {certificate-host-mismatch      } {certificate-expired      "
	    "250}\n" },
	{ "cut in h without c",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"h\":\"250-",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "cut in h without a type",
	    HEAD "{\"failure-details\":[{\"c\":204,\"h\":\"250-",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "cut in h without d",
	    "{" PR ",\"policies\":[{\"policy-type\":9,\"failure-details\":[{"
	    "\"c\":204,\"h\":\"250-",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "cut in h without pr",
	    "{\"d\":\"b.c\",\"policies\":[{\"policy-type\":9,\"failure-"
	    "details\":[{\"c\":204,\"h\":\"250-",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "what is no code of EHLO, and what is; a host's last dot",
	    P9(",\"failure-details\":[{\"c\":205,\"h\":\"25x-a b\"},{\"c\":205,"
	       "\"h\":\"2x0-a b\"},{\"c\":205,\"h\":\"250xa b\"},{\"c\":205,"
	       "\"h\":\"250 mx.b.c x\"},{\"c\":205,\"n\":\"MX.b.c.\"}],\"f\":"
	       "1"),
	    STS_DATAGRAM_GOOD,
	    "b.c " OK " 1 {validation-failure      25x-a}"
	    " {validation-failure      2x0-a} {validation-failure      250xa}"
	    " {validation-failure      mx.b.c}"
	    " {validation-failure  mx.b.c    }\n" },
	{ "cut behind h",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":204,\"h\":"
		 "\"250-\"",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "cut in r",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":204,\"h\":"
		 "\"250-\",\"r\":\"1",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "cut in an unknown key's h",
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":204,\"x\":{"
		 "\"h\":\"250-",
	    STS_DATAGRAM_BROKEN, NULL },
	{ "a code that nobody knows",
	    P9(",\"failure-details\":[{\"c\":999}],\"f\":1"),
	    STS_DATAGRAM_BROKEN, NULL },
	{ "something behind the object",
	    HEAD "{\"policy-type\":9,\"f\":0}]} {}", STS_DATAGRAM_BROKEN,
	    NULL },
	{ "a string before the object",
	    "\"x\" " HEAD "{\"policy-type\":9,\"f\":0}]}", STS_DATAGRAM_BROKEN,
	    NULL },
	{ "blanks behind the object", HEAD "{\"policy-type\":9,\"f\":0}]} \r\n",
	    STS_DATAGRAM_GOOD, "b.c " OK " 0\n" },
	{ "nothing", "", STS_DATAGRAM_BROKEN, NULL },
	{ "a number", "1 ", STS_DATAGRAM_BROKEN, NULL },
	{ "a string", "\"d\"", STS_DATAGRAM_BROKEN, NULL },
	{ "a list", "[]", STS_DATAGRAM_BROKEN, NULL },
	{ "an empty object", "{}", STS_DATAGRAM_BROKEN, NULL },
	{ "nested too deep", "{\"x\":[[[[[[[[[[[[[[[[[[[[", STS_DATAGRAM_LARGE,
	    NULL },
};

START_TEST(each_datagram_has_its_events_or_verdict)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_text in = unit_span(cases[i].in);

		in.p = unit_at_page_end(in.p, in.n);
		unit_int(cases[i].name, read_it(in), cases[i].verdict);
		unit_text(cases[i].name, unit_span(out),
		    cases[i].want != NULL ? cases[i].want : "");
		/* After its end, or once it was refused, there is no more. */
		unit_int(cases[i].name, sts_datagram_next(&d, &e), false);
	}
}
END_TEST

/* What Postfix 3.10.13 of Debian 13 sent, a datagram a line. R81: with hosts
 * that lack STARTTLS or have bad certificates. */
START_TEST(datagrams_of_postfix_are_read)
{
	struct sts_text all = unit_file("tests/unit/report_datagrams.txt");
	static char want[OUT_MAX], got[OUT_MAX];
	struct sts_text expected;
	unsigned count = 0;

	got[0] = '\0';
	while (all.n > 0) {
		const uint8_t *end = memchr(all.p, '\n', all.n);
		size_t n = end != NULL ? (size_t)(end - all.p) : all.n;

		unit_int("a captured datagram", read_it(sts_text(all.p, n)),
		    STS_DATAGRAM_GOOD);
		strcat(got, out);
		count++;
		n += end != NULL;
		all = sts_text(all.p + n, all.n - n);
	}
	unit_int("captured datagrams", count, 20);
	expected = unit_file("tests/unit/report_datagrams.want");
	memcpy(want, expected.p, expected.n);
	want[expected.n] = '\0';
	unit_text("events", unit_span(got), want);
}
END_TEST

/* A captured datagram that is cut is accepted only if it is cut within an "h",
 * and then is a failure. */
START_TEST(a_datagram_cut_within_h_is_a_failure)
{
	struct sts_text all = unit_file("tests/unit/report_datagrams.txt");

	while (all.n > 0) {
		const uint8_t *end = memchr(all.p, '\n', all.n);
		size_t n = (size_t)(end - all.p);
		const char *h = NULL, *r = NULL;

		for (size_t i = 0; i + 5 < n; i++) {
			if (memcmp(all.p + i, ",\"h\":", 5) == 0) {
				h = (const char *)all.p + i + 4;
			}
			if (memcmp(all.p + i, ",\"r\":", 5) == 0) {
				r = (const char *)all.p + i;
			}
		}
		for (size_t i = 0; i < n; i++) {
			bool inside = h != NULL &&
				      i >= (size_t)(h - (const char *)all.p) &&
				      i < (size_t)(r - (const char *)all.p);

			ck_assert((read_it(sts_text(all.p, i)) ==
				      STS_DATAGRAM_GOOD) == inside);
			ck_assert(!inside || strstr(out, " 1 {") != NULL);
		}
		all = sts_text(all.p + n + 1, all.n - n - 1);
	}
}
END_TEST

/* Policy strings that are too many or too long are left out and noted as
 * missing. */
START_TEST(strings_without_room_are_noted)
{
	static const struct {
		const char *name;
		unsigned count, len, kept;
	} rows[] = {
		{ "as many as may be", STS_REPORT_EVENT_STRINGS, 1,
		    STS_REPORT_EVENT_STRINGS },
		{ "one more", STS_REPORT_EVENT_STRINGS + 1, 1,
		    STS_REPORT_EVENT_STRINGS },
		{ "long ones", 40, 100, 0 },
	};
	static char in[16384];

	for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
		size_t n = (size_t)sprintf(
		    in, "%s{\"policy-type\":9,\"policy-string\":[", HEAD);

		for (unsigned k = 0; k < rows[i].count; k++) {
			n += (size_t)sprintf(in + n, "%s\"%0*u\"",
			    k > 0 ? "," : "", (int)rows[i].len, k % 10);
		}
		strcpy(in + n, "],\"f\":0}]}");
		unit_int(rows[i].name, sts_datagram_open(&d, unit_span(in), &e),
		    STS_DATAGRAM_GOOD);
		ck_assert(sts_datagram_next(&d, &e));
		if (rows[i].kept > 0) {
			unit_int(rows[i].name, e.string_count, rows[i].kept);
		} else {
			ck_assert_uint_gt(e.string_count, 1);
			ck_assert_uint_lt(e.string_count, rows[i].count);
		}
		unit_int(rows[i].name, e.strings_cut,
		    e.string_count < rows[i].count);
	}
}
END_TEST

/* Fields for which there is no room are left empty; none is cut within a
 * character. */
START_TEST(fields_without_room_are_left_empty)
{
	static char in[32768];
	char field[512];
	unsigned empty = 0;
	size_t n = (size_t)sprintf(
	    in, "%s{\"policy-type\":9,\"failure-details\":[", HEAD);

	memset(field, 'a', sizeof field);
	strcpy(field + STS_REPORT_FIELD_MAX - 1, "\xc3\xbc\xc3\xbc");
	for (unsigned k = 0; k < STS_REPORT_EVENT_FAILURES; k++) {
		n += (size_t)sprintf(in + n,
		    "%s{\"c\":205,\"n\":\"%s\",\"a\":\"%s\",\"f\":\"%s\"}",
		    k > 0 ? "," : "", field, field, field);
	}
	strcpy(in + n, "],\"f\":1}]}");
	unit_int("verdict", sts_datagram_open(&d, unit_span(in), &e),
	    STS_DATAGRAM_GOOD);
	ck_assert(sts_datagram_next(&d, &e));
	unit_int("failures", e.failure_count, STS_REPORT_EVENT_FAILURES);
	for (unsigned k = 0; k < STS_REPORT_EVENT_FAILURES; k++) {
		size_t len = sts_event_failure_at(&e, k).texts[STS_REPORT_MX].n;

		ck_assert(len == STS_REPORT_FIELD_MAX - 1 || len == 0);
		empty += len == 0;
	}
	ck_assert_uint_gt(empty, 0);
	ck_assert_uint_lt(empty, STS_REPORT_EVENT_FAILURES);
}
END_TEST

/* A domain and a record of the longest kind, and longer ones: reaching a limit
 * of ours is reported as such. */
START_TEST(a_long_domain_or_record_has_its_verdict)
{
	static const struct {
		const char *name;
		size_t domain, record;
		enum sts_datagram_verdict want;
	} rows[] = {
		{ "a record as long as may be", 3, STS_TLSRPT_RECORD_MAX,
		    STS_DATAGRAM_GOOD },
		{ "a longer record", 3, STS_TLSRPT_RECORD_MAX + 1,
		    STS_DATAGRAM_LARGE },
		{ "no name", 254, 64, STS_DATAGRAM_DOMAIN },
		{ "longer than any name", 300, 64, STS_DATAGRAM_DOMAIN },
	};
	static char in[4096];

	for (unsigned i = 0; i < UNIT_COUNT(rows); i++) {
		char domain[512], record[2048];

		memset(domain, 'd', sizeof domain);
		domain[1] = '.';
		domain[rows[i].domain] = '\0';
		memset(record, 'x', sizeof record);
		memcpy(record, "v=TLSRPTv1; rua=", 16);
		record[rows[i].record] = '\0';
		snprintf(in, sizeof in,
		    "{\"d\":\"%s\",\"pr\":\"%s\",\"policies\":["
		    "{\"policy-type\":9,\"f\":0}]}",
		    domain, record);
		unit_int(rows[i].name, read_it(unit_span(in)), rows[i].want);
	}
}
END_TEST

/* Of a 200 KB reply to EHLO the first word is kept, whether the datagram is
 * whole or was cut by its receiver. */
START_TEST(the_first_word_of_a_long_ehlo_is_kept)
{
	static uint8_t bytes[220000];
	static const char begin[] =
	    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":205,\"h\": "
		 "\"250-mx.b.c";
	static const char end[] = "\"}],\"t\":1,\"f\":1}]}";
	size_t n = sizeof begin - 1;

	memcpy(bytes, begin, n);
	while (n < 200000) {
		memcpy(bytes + n, "\\r\\n250-AAAA", 12);
		n += 12;
	}
	unit_int(
	    "cut datagram", read_it(sts_text(bytes, 16384)), STS_DATAGRAM_GOOD);
	unit_text("cut datagram", unit_span(out),
	    "b.c " OK " 1 {validation-failure      mx.b.c}\n");
	memcpy(bytes + n, end, sizeof end - 1);
	unit_int("whole datagram", read_it(sts_text(bytes, n + sizeof end - 1)),
	    STS_DATAGRAM_GOOD);
	unit_text("whole datagram", unit_span(out),
	    "b.c " OK " 1 {validation-failure      mx.b.c}\n");
}
END_TEST

/* Fields over the limit are cut at the end of a character; strings are left out
 * whole. */
START_TEST(long_fields_are_cut_between_characters)
{
	static char in[STS_REPORT_TEXT * 4];

	for (int len = 253; len <= 600; len += len < 258 ? 1 : 171) {
		char reason[601];

		memset(reason, 'x', sizeof reason);
		memcpy(reason + 253, "\xe2\x82\xac", 3);
		sprintf(in,
		    HEAD "{\"policy-type\":9,\"failure-details\":[{\"c\":205,"
			 "\"f\":\"%.*s\"}],\"f\":1}]}",
		    len < 254   ? len
		    : len < 256 ? 256
				: len,
		    reason);
		unit_int("verdict", read_it(unit_span(in)), STS_DATAGRAM_GOOD);
		unit_int(
		    "reason kept", e.failures[0].len[STS_REPORT_REASON], 253);
	}
	strcpy(in, HEAD "{\"policy-type\":2,\"policy-string\":[");
	for (unsigned i = 0; i < 300; i++) {
		strcat(in, i > 0 ? ",\"mx: a.b\"" : "\"mx: a.b\"");
	}
	strcat(in, "],\"f\":0}]}");
	unit_int("verdict on many strings", read_it(unit_span(in)),
	    STS_DATAGRAM_GOOD);
	ck_assert(e.strings_cut);
	ck_assert(e.string_count > 100);
	unit_int("whole datagram", e.strings_len, e.string_count * 9);
}
END_TEST

/* The longest values, with keys in an order that libtlsrpt does not use. */
START_TEST(keys_may_come_in_any_order)
{
	static char in[16384];
	char *p = in;

	p += sprintf(p,
	    HEAD "{\"failure-details\":[{\"c\":205,\"s\":\"%0300d\",\"n\":"
		 "\"%0300d\",\"h\":\"%0300d\",\"r\":\"%0300d\",\"a\":\"%0300d"
		 "\",\"f\":\"%0300d\",\"x\":\"%02000d\"}],\"policy-domain\":"
		 "\"%02000d\",\"policy-string\":[\"%02000d\"],\"policy-type\":"
		 "9,\"f\":1}]}",
	    0, 0, 0, 0, 0, 0, 0, 0, 0);
	unit_int("odd order", read_it(unit_span(in)), STS_DATAGRAM_GOOD);
	unit_int("failures", e.failure_count, 1);
	ck_assert(e.strings_cut);
	unit_text("domain", sts_event_policy_domain(&e), "b.c");
}
END_TEST

/* Every reason has a result or none; those of the README's table are as listed
 * there. */
static const struct {
	const char *tokens; /* the token, or how it begins */
	int result; /* -1: it is not reported */
} whys[] = {
	{ "tls-version", -1 },
	{ "tls-record", -1 },
	{ "x509-algorithm", -1 },
	{ "x509-over-limit", -1 },
	{ "x509-chain-too-", -1 },
	{ "policy-many-mx", -1 },
	{ "policy-no-room", -1 },
	{ "txt-none", -1 },
	{ "dns-large", -1 },
	{ "dns-unreachable", -1 },
	{ "dns-no-", -1 },
	{ "address-", STS_REPORT_FETCH_ERROR },
	{ "connect-no-route", -1 },
	{ "connect-", STS_REPORT_FETCH_ERROR },
	{ "peer-", STS_REPORT_FETCH_ERROR },
	{ "fetch-", STS_REPORT_FETCH_ERROR },
	{ "tls-", STS_REPORT_FETCH_ERROR },
	{ "http-", STS_REPORT_FETCH_ERROR },
	{ "dns-", STS_REPORT_FETCH_ERROR },
	{ "x509-", STS_REPORT_WEBPKI_INVALID },
	{ "policy-", STS_REPORT_POLICY_INVALID },
	{ "txt-", STS_REPORT_POLICY_INVALID },
	{ "", -1 },
};

START_TEST(each_reason_has_its_result)
{
	for (unsigned w = 0; w < STS_WHY_COUNT; w++) {
		const char *token = sts_why_token((enum sts_why)w);
		enum sts_report_result r;
		unsigned i = 0;

		while (strncmp(token, whys[i].tokens, strlen(whys[i].tokens)) !=
		       0) {
			i++;
		}
		bool is = sts_report_result_of_why(
		    (enum sts_why)w, STS_REPORT_AT_POLICY_HOST, &r);

		unit_int(token, is ? (int)r : -1, whys[i].result);
		ck_assert(!is || !sts_why_ours((enum sts_why)w));
		if (strncmp(token, "dns-", 4) == 0) {
			ck_assert(!sts_report_result_of_why(
			    (enum sts_why)w, STS_REPORT_AT_TXT, &r));
		}
	}
}
END_TEST

START_TEST(each_result_is_found_by_its_name)
{
	enum sts_report_result r;

	for (unsigned i = 0; i < STS_REPORT_RESULTS; i++) {
		ck_assert(
		    sts_report_result_of_text(unit_span(sts_report_result_text(
						  (enum sts_report_result)i)),
			&r));
		unit_int("result of its own name", r, i);
	}
	ck_assert(!sts_report_result_of_text(unit_span("other"), &r));
	ck_assert(!sts_report_result_of_code(200, &r));
	ck_assert(sts_report_result_of_code(303, &r));
	unit_int("result of code 303", r, STS_REPORT_WEBPKI_INVALID);
}
END_TEST

static const struct {
	const char *text;
	bool is;
} addresses[] = {
	{ "192.0.2.1", true },
	{ "255.255.255.255", true },
	{ "256.0.0.1", false },
	{ "1.2.3.4.5", false },
	{ "1.2.3.", false },
	{ "1..2.3", false },
	{ "1.2.3.4.", false },
	{ "::", true },
	{ "::1", true },
	{ "1::", true },
	{ "1:2:3:4:5:6:7:8", true },
	{ "1:2:3:4:5:6:7", false },
	{ "1:2:3:4:5:6:7:8:9", false },
	{ "1::2::3", false },
	{ "1:2:3:4::5:6:7:8", false },
	{ "::ffff:192.0.2.1", true },
	{ "::192.0.2.1", true },
	{ "1:2:3:4:5:6:192.0.2.1", true },
	{ "1:2:3:4:5:6:7:192.0.2.1", false },
	{ "fe80::1%eth0", false },
	{ "1:", false },
	{ ":1", false },
	{ "12345::", false },
	{ "g::", false },
	{ "", false },
};

START_TEST(only_addresses_count_as_addresses)
{
	for (size_t i = 0; i < UNIT_COUNT(addresses); i++) {
		struct sts_report_failure f = { STS_REPORT_EXPIRED,
			{ { NULL, 0 } } };

		f.texts[STS_REPORT_MX_IP] = unit_span(addresses[i].text);
		ck_assert(sts_event_begin(
		    &e, unit_span("b.c"), unit_span("v=TLSRPTv1;")));
		sts_event_failure(&e, &f);
		unit_int(addresses[i].text,
		    sts_event_failure_at(&e, 0).texts[STS_REPORT_MX_IP].n > 0,
		    addresses[i].is);
	}
}
END_TEST

/* Failures beyond those that are kept are counted. */
START_TEST(failures_without_room_are_counted)
{
	struct sts_report_failure f = { STS_REPORT_EXPIRED, { { NULL, 0 } } };

	sts_event_begin(&e, unit_span("b.c"), unit_span("v=TLSRPTv1;"));
	for (unsigned i = 0; i < 300; i++) {
		sts_event_failure(&e, &f);
	}
	unit_int("failures kept", e.failure_count, STS_REPORT_EVENT_FAILURES);
	unit_int("cut datagram", e.failures_cut, 255);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_datagram_has_its_events_or_verdict);
	tcase_add_test(tc, datagrams_of_postfix_are_read);
	tcase_add_test(tc, a_datagram_cut_within_h_is_a_failure);
	tcase_add_test(tc, strings_without_room_are_noted);
	tcase_add_test(tc, fields_without_room_are_left_empty);
	tcase_add_test(tc, a_long_domain_or_record_has_its_verdict);
	tcase_add_test(tc, the_first_word_of_a_long_ehlo_is_kept);
	tcase_add_test(tc, long_fields_are_cut_between_characters);
	tcase_add_test(tc, keys_may_come_in_any_order);
	tcase_add_test(tc, each_reason_has_its_result);
	tcase_add_test(tc, each_result_is_found_by_its_name);
	tcase_add_test(tc, only_addresses_count_as_addresses);
	tcase_add_test(tc, failures_without_room_are_counted);
}
