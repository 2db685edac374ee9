/* SPDX-License-Identifier: MIT */
/* core/report/report, report_gzip, report_mail: the octets that are written. */
#include <stdio.h>
#include <string.h>

#include "../../core/report/report_mail.h"
#include "inflate.h"
#include "unit.h"

const char unit_name[] = "report";

#define RECORD "v=TLSRPTv1; rua=mailto:a@b.c"

enum {
	DAY = 19753, /* 2024-01-31 */
	OUT_MAX = 1 << 20
};

static uint8_t block[4 << 20];
static struct sts_tally t;
static struct sts_report_event e;
static struct sts_report_config c;
static uint8_t out[OUT_MAX], other[OUT_MAX];

static void
begin(uint16_t failures_max)
{
	struct sts_tally_config config = { { 1 }, false, failures_max };

	sts_tally_init(&t, block, sizeof block, &config);
	c.organization = unit_span("Company");
	c.contact = unit_span("tls@c.example");
	c.submitter = sts_report_submitter(c.contact);
	c.instance = 0x1234abcd;
	ck_assert(sts_event_begin(&e, unit_span("b.c"), unit_span(RECORD)));
}

static uint32_t
the(void)
{
	return sts_tally_next(&t, sts_tally_today(&t), 0);
}

/* The report, read in pieces of `step` octets. */
static struct sts_text
report(uint8_t *to, size_t step)
{
	struct sts_report r;
	size_t n = 0, got;

	sts_report_begin(&r, &t, the(), &c);
	do {
		got = sts_report_read(&r, sts_span(to + n, step));
		n += got;
		ck_assert(n < OUT_MAX - step);
	} while (got > 0);
	return sts_text(to, n);
}

#define TOP                                                                    \
	"{\"organization-name\":\"Company\",\"date-range\":{\"start-"          \
	"datetime\":\"2024-01-31T00:00:00Z\",\"end-datetime\":\"2024-01-"      \
	"31T23:59:59Z\"},\"contact-info\":\"tls@c.example\",\"report-id\":"    \
	"\"2024-01-31.b.c.%08x.1234abcd\",\"policies\":["

/* What is added to the tally, and the policies that the report then has. */
static void
success_only(void)
{
	sts_tally_add(&t, DAY, &e);
}

static void
policy_sts(void)
{
	sts_event_policy(&e, STS_REPORT_STS, unit_span(""));
	sts_event_string(&e, unit_span("version: STSv1"));
	sts_event_string(
	    &e, unit_span("a \"b\" \\ \xc3\xbc \xff \xf0\x9f\x98\x80"));
	sts_event_mx(&e, unit_span("*.b.c"));
	sts_event_mx(&e, unit_span("mx.b.c"));
	sts_tally_add(&t, DAY, &e);
}

static void
dane_failure(void)
{
	struct sts_report_failure f = { STS_REPORT_TLSA_INVALID,
		{ { NULL, 0 } } };

	sts_event_policy(&e, STS_REPORT_TLSA, unit_span("mx.b.c"));
	sts_event_string(&e, unit_span("3 1 1 AA"));
	f.texts[STS_REPORT_MTA_IP] = unit_span("192.0.2.1");
	f.texts[STS_REPORT_MX] = unit_span("mx.b.c");
	f.texts[STS_REPORT_HELO] = unit_span("250-helo.b.c x");
	f.texts[STS_REPORT_MX_IP] = unit_span("2001:db8::1");
	f.texts[STS_REPORT_INFO] = unit_span("https://x/");
	f.texts[STS_REPORT_REASON] = unit_span("all-unusable");
	sts_event_failure(&e, &f);
	e.failed = true;
	sts_tally_add(&t, DAY, &e);
}

static void
two_policies(void)
{
	dane_failure();
	sts_event_policy(&e, STS_REPORT_NO_POLICY, unit_span(""));
	sts_tally_add(&t, DAY, &e);
	sts_tally_add(&t, DAY, &e);
}

static void
further(void)
{
	for (unsigned i = 0; i < 3; i++) {
		struct sts_report_failure f = { STS_REPORT_EXPIRED,
			{ { NULL, 0 } } };
		char reason[2] = { (char)('a' + i), 0 };

		sts_event_policy(&e, STS_REPORT_NO_POLICY, unit_span(""));
		f.texts[STS_REPORT_REASON] = unit_span(reason);
		sts_event_failure(&e, &f);
		e.failed = true;
		sts_tally_add(&t, DAY, &e);
	}
}

#define DANE                                                                   \
	"{\"policy\":{\"policy-type\":\"tlsa\",\"policy-string\":[\"3 1 1 "    \
	"AA\"],\"policy-domain\":\"mx.b.c\"},\"summary\":{\"total-"            \
	"successful-session-count\":0,\"total-failure-session-count\":1},"     \
	"\"failure-details\":[{\"result-type\":\"tlsa-invalid\",\"sending-"    \
	"mta-ip\":\"192.0.2.1\",\"receiving-mx-hostname\":\"mx.b.c\","         \
	"\"receiving-mx-helo\":\"helo.b.c\",\"receiving-ip\":\"2001:db8::1\"," \
	"\"failed-session-count\":1,\"additional-information\":\"https://"     \
	"x/\",\"failure-reason-code\":\"all-unusable\"}]}"
#define NONE(n)                                                                \
	"{\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-domain\":"  \
	"\"b.c\"},\"summary\":{\"total-successful-session-count\":" n          \
	",\"total-failure-session-count\":0}}"
#define REASON(r)                                                              \
	"{\"result-type\":\"certificate-expired\",\"failed-session-count\":1," \
	"\"failure-reason-code\":\"" r "\"}"

static const struct {
	const char *name;
	void (*add)(void);
	const char *want;
} cases[] = {
	{ "success", success_only, NONE("1") },
	{ "sts, escapes", policy_sts,
	    /* R82: the strings as received */
	    "{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":["
	    "\"version: STSv1\",\"a \\\"b\\\" \\\\ \\u00fc \\ufffd "
	    "\\ud83d\\ude00\"],\"policy-domain\":\"b.c\",\"mx-host\":["
	    "\"*.b.c\",\"mx.b.c\"]},\"summary\":{\"total-successful-session-"
	    "count\":1,\"total-failure-session-count\":0}}" },
	{ "tlsa, a failure", dane_failure, DANE },
	{ "two policies", two_policies, DANE "," NONE("2") },
	{ "further failures", further,
	    "{\"policy\":{\"policy-type\":\"no-policy-found\",\"policy-"
	    "domain\":\"b.c\"},\"summary\":{\"total-successful-session-"
	    "count\":0,\"total-failure-session-count\":3},\"failure-"
	    "details\":[" REASON("a") "," REASON("b") "," REASON(
		"further failures") "]}" },
};

START_TEST(each_session_is_in_the_report)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		static char want[8192];
		int n;

		begin(2);
		cases[i].add();
		n = sprintf(
		    want, TOP, (unsigned)sts_crc32(0, unit_span(RECORD)));
		sprintf(want + n, "%s]}\n", cases[i].want);
		unit_text(cases[i].name, report(out, 4096), want);
		for (size_t step = 1; step < 40; step++) {
			unit_text(cases[i].name, report(out, step), want);
		}
	}
}
END_TEST

static const struct {
	uint32_t day;
	const char *want;
} dates[] = {
	{ 0, "1970-01-01" },
	{ 58, "1970-02-28" },
	{ 59, "1970-03-01" },
	{ 789, "1972-02-29" },
	{ 10956, "1999-12-31" },
	{ 11016, "2000-02-29" },
	{ 19753, "2024-01-31" },
	{ 19782, "2024-02-29" },
	{ 20089, "2025-01-01" },
	{ 47540, "2100-02-28" },
	{ 47541, "2100-03-01" },
	{ 2932896, "9999-12-31" },
};

START_TEST(days_have_their_dates)
{
	for (size_t i = 0; i < UNIT_COUNT(dates); i++) {
		uint8_t date[10];

		sts_report_date(date, dates[i].day);
		unit_text(
		    dates[i].want, sts_text(date, sizeof date), dates[i].want);
	}
}
END_TEST

/* Compress a text in pieces of any size and unpack it again. */
static size_t
gzip(const uint8_t *p, size_t n, size_t in_step, size_t out_step)
{
	static struct sts_gzip z;
	struct sts_text in = { p, 0 };
	size_t fed = 0, len = 0, got;

	sts_gzip_begin(&z);
	do {
		if (in.n == 0 && fed < n) {
			size_t more = n - fed < in_step ? n - fed : in_step;

			in = sts_text(p + fed, more);
			fed += more;
		}
		got =
		    sts_gzip(&z, &in, fed == n, sts_span(out + len, out_step));
		len += got;
	} while (got > 0 || fed < n || in.n > 0);
	return len;
}

static void
check_gzip(const char *name, const uint8_t *p, size_t n)
{
	static const size_t steps[] = { 1, 2, 3, 7, 64, 100000 };
	static uint8_t copy[OUT_MAX];
	size_t first = 0;

	memcpy(copy, p, n);
	for (size_t i = 0; i < UNIT_COUNT(steps); i++) {
		size_t len = gzip(copy, n, steps[i], steps[5 - i]);
		size_t got = inflate_gzip(out, len, other, sizeof other);

		unit_int(name, (long long)got, (long long)n);
		ck_assert_msg(memcmp(other, copy, n) == 0, "%s", name);
		if (i > 0) {
			unit_int(name, (long long)len, (long long)first);
		}
		first = len;
	}
}

START_TEST(compressed_texts_unpack_to_themselves)
{
	static uint8_t text[300000];
	uint32_t state = 1;

	check_gzip("nothing", text, 0);
	check_gzip("one octet", text, 1);
	check_gzip("two octets", text, 2);
	check_gzip("zeros: matches of 258", text, 5000);
	for (unsigned n = 255; n < 265; n++) {
		check_gzip("zeros", text, n);
	}
	for (size_t i = 0; i < sizeof text; i++) {
		state = state * 1664525 + 1013904223;
		text[i] = (uint8_t)(state >> 24);
	}
	check_gzip("noise", text, 3000);
	for (unsigned period = 1; period < 300; period += 7) {
		for (size_t i = period; i < 6000; i++) {
			text[i] = text[i - period];
		}
		check_gzip("periods", text, 6000);
	}
	/* Repetitions at about the largest distance, and beyond it. */
	for (unsigned period = 2040; period < 2060; period++) {
		for (size_t i = 0; i < period; i++) {
			state = state * 1664525 + 1013904223;
			text[i] = (uint8_t)(state >> 24);
		}
		for (size_t i = period; i < 10000; i++) {
			text[i] = text[i - period];
		}
		check_gzip("far periods", text, 10000);
	}
	for (size_t i = 0; i < sizeof text; i++) {
		state = state * 1664525 + 1013904223;
		text[i] = (uint8_t)('a' + (state >> 24) % 3);
	}
	check_gzip("three letters, longer than a position", text, 200000);
}
END_TEST

/* A day with a thousand failures of one domain is at most 21 KB long. */
START_TEST(a_thousand_failures_fit_21_kb)
{
	static struct sts_report_gzip z;
	size_t n = 0, in_pieces = 0, got;

	begin(1024);
	for (unsigned i = 0; i < 1000; i++) {
		struct sts_report_failure f = { STS_REPORT_VALIDATION_FAILURE,
			{ { NULL, 0 } } };
		char ip[32], mx[32], helo[40];

		sprintf(ip, "198.51.%u.%u", i / 250, i % 250 + 1);
		sprintf(mx, "mx%u.mail.example.com", i % 10);
		sprintf(helo, "250-mx%u.mail.example.com", i % 10);
		sts_event_policy(&e, STS_REPORT_STS, unit_span(""));
		f.texts[STS_REPORT_MTA_IP] = unit_span("192.0.2.1");
		f.texts[STS_REPORT_MX] = unit_span(mx);
		f.texts[STS_REPORT_HELO] = unit_span(helo);
		f.texts[STS_REPORT_MX_IP] = unit_span(ip);
		f.texts[STS_REPORT_REASON] =
		    unit_span("unable_to_get_local_issuer_certificate");
		sts_event_failure(&e, &f);
		e.failed = true;
		ck_assert(sts_tally_add(&t, DAY, &e));
	}
	unit_int("all of them, one by one", (long long)t.further, 0);
	struct sts_text json = report(other, 4096);

	ck_assert(json.n > 250000);
	sts_report_gzip_begin(&z, &t, the(), &c);
	while ((got = sts_report_gzip_read(&z, sts_span(out, 64))) > 0) {
		in_pieces += got;
	}
	sts_report_gzip_begin(&z, &t, the(), &c);
	do {
		got = sts_report_gzip_read(&z, sts_span(out + n, 1000));
		n += got;
	} while (got > 0);
	ck_assert_msg(n <= 21 * 1024, "%u octets", (unsigned)n);
	unit_int("in pieces", (long long)in_pieces, (long long)n);
	static uint8_t unpacked[OUT_MAX];

	unit_int("unpacked",
	    (long long)inflate_gzip(out, n, unpacked, sizeof unpacked),
	    (long long)json.n);
	ck_assert(memcmp(unpacked, other, json.n) == 0);
}
END_TEST

static struct sts_text
mail(size_t step)
{
	static struct sts_report_mail m;
	struct sts_report_letter letter = { unit_span("a@b.c"),
		UINT64_C(1706745600) + 3661, UINT64_C(0x0123456789abcdef) };
	size_t n = 0, got;

	sts_report_mail_begin(&m, &t, the(), &c, &letter);
	do {
		got = sts_report_mail_read(&m, sts_span(out + n, step));
		n += got;
	} while (got > 0);
	ck_assert(!sts_report_mail_gone(&m));
	return sts_text(out, n);
}

START_TEST(the_mail_is_the_same_in_pieces)
{
	static char want[4096];
	unsigned sum = sts_crc32(0, unit_span(RECORD));
	struct sts_text got;
	int n;

	begin(2);
	success_only();
	n = sprintf(want,
	    "Date: Thu, 01 Feb 2024 01:01:01 +0000\r\n"
	    "From: tls@c.example\r\n"
	    "To: a@b.c\r\n"
	    "Message-ID: <0123456789abcdef@c.example>\r\n"
	    "Subject: Report Domain: b.c\r\n"
	    " Submitter: c.example\r\n"
	    " Report-ID: <2024-01-31.b.c.%08x.1234abcd@c.example>\r\n"
	    "TLS-Report-Domain: b.c\r\n"
	    "TLS-Report-Submitter: c.example\r\n"
	    "TLS-Required: No\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
	    " boundary=\"=_0123456789abcdef\"\r\n"
	    "\r\n"
	    "--=_0123456789abcdef\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n"
	    "\r\n"
	    "This is an aggregate TLS report (RFC 8460) about mail to\r\n"
	    "b.c\r\n"
	    "on 2024-01-31 (UTC), from\r\n"
	    "c.example\r\n"
	    "--=_0123456789abcdef\r\n"
	    "Content-Type: application/tlsrpt+gzip; name=\"c.example!b.c!"
	    "1706659200!1706745599!%08x1234abcd.json.gz\"\r\n"
	    "Content-Disposition: attachment; filename=\"c.example!b.c!"
	    "1706659200!1706745599!%08x1234abcd.json.gz\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n"
	    "\r\n",
	    sum, sum, sum);
	got = mail(1000);
	ck_assert(got.n > (size_t)n);
	unit_text("header", sts_text(got.p, (size_t)n), want);
	/* Lines of 76 octets, then the end. */
	got = sts_text(got.p + n, got.n - (size_t)n);
	while (got.n > 76 && got.p[76] == '\r' && got.p[78] != '-') {
		got = sts_text(got.p + 78, got.n - 78);
	}
	const uint8_t *end = memchr(got.p, '\r', got.n);

	ck_assert(end != NULL && (end - got.p) % 4 == 0 && end - got.p <= 76);
	unit_text("footer", sts_text(end, got.n - (size_t)(end - got.p)),
	    "\r\n--=_0123456789abcdef--\r\n");
	static uint8_t whole[8192];
	struct sts_text all = mail(8192);

	memcpy(whole, all.p, all.n);
	for (size_t step = 1; step < 100; step += 3) {
		got = mail(step);
		unit_int("length", (long long)got.n, (long long)all.n);
		ck_assert(memcmp(got.p, whole, got.n) == 0);
	}
}
END_TEST

/* When a domain leaves the tally while its report is read, the reading ends,
 * which is reported. */
START_TEST(a_report_ends_with_its_domain)
{
	static struct sts_report_mail m;
	struct sts_report_letter letter = { unit_span("a@b.c"), 0, 1 };
	uint8_t room[64];

	for (unsigned pieces = 0; pieces < 16; pieces += 5) {
		begin(2);
		dane_failure();
		sts_report_mail_begin(&m, &t, the(), &c, &letter);
		for (unsigned i = 0; i < pieces; i++) {
			sts_report_mail_read(&m, sts_span(room, sizeof room));
		}
		sts_tally_drop(&t, the(), false);
		/* Another domain takes its place. */
		sts_event_begin(&e, unit_span("d.e"), unit_span(RECORD));
		sts_tally_add(&t, DAY, &e);
		unit_int("nothing more",
		    (long long)sts_report_mail_read(
			&m, sts_span(room, sizeof room)),
		    0);
		ck_assert(sts_report_mail_gone(&m));
	}
}
END_TEST

/* The same of a report that is compressed, and again after it has ended. */
START_TEST(gone_compressed)
{
	static struct sts_report_gzip z;
	uint8_t room[64];

	begin(2);
	success_only();
	sts_report_gzip_begin(&z, &t, the(), &c);
	sts_tally_drop(&t, the(), false);
	sts_event_begin(&e, unit_span("d.e"), unit_span(RECORD));
	sts_tally_add(&t, DAY, &e);
	for (unsigned i = 0; i < 2; i++) {
		unit_int("nothing",
		    (long long)sts_report_gzip_read(
			&z, sts_span(room, sizeof room)),
		    0);
		unit_int("nothing",
		    (long long)sts_report_read(
			&z.report, sts_span(room, sizeof room)),
		    0);
		ck_assert(sts_report_gone(&z.report));
	}
}
END_TEST

/* What no event can keep is no event, or a part that is left out and noted as
 * missing. */
START_TEST(event_limits)
{
	static uint8_t text[STS_REPORT_TEXT];
	struct sts_report_failure f = { STS_REPORT_TLSA_INVALID,
		{ { NULL, 0 } } };
	size_t most = 0;

	memset(text, 'x', sizeof text);
	memcpy(text, RECORD, sizeof RECORD - 1);
	ck_assert(sts_event_begin(
	    &e, unit_span("b.c"), sts_text(text, STS_TLSRPT_RECORD_MAX)));
	ck_assert(!sts_event_begin(
	    &e, unit_span("b.c"), sts_text(text, STS_TLSRPT_RECORD_MAX + 1)));
	ck_assert(!sts_event_begin(
	    &e, sts_text(text, sizeof text), unit_span(RECORD)));
	/* One string may have all the room of strings; then none has any. */
	do {
		begin(1);
		sts_event_policy(&e, STS_REPORT_STS, unit_span(""));
		sts_event_string(&e, sts_text(text, ++most));
	} while (!e.strings_cut);
	most--;
	ck_assert_uint_gt(most, 100);
	for (size_t n = most - 5; n <= most; n++) {
		begin(1);
		sts_event_policy(&e, STS_REPORT_STS, unit_span(""));
		sts_event_string(&e, sts_text(text, n));
		unit_int("one string", e.string_count, 1);
		sts_event_string(&e, unit_span("y"));
		/* It takes its length and an octet. */
		unit_int("strings cut", e.strings_cut, n + 3 > most);
	}
	/* A field that is nothing but the rest of a character. */
	begin(1);
	sts_event_policy(&e, STS_REPORT_STS, unit_span(""));
	memset(text, 0x80, sizeof text);
	f.texts[STS_REPORT_REASON] = sts_text(text, sizeof text);
	sts_event_failure(&e, &f);
	f = sts_event_failure_at(&e, 0);
	unit_int("of a character", (long long)f.texts[STS_REPORT_REASON].n, 0);
}
END_TEST

static const struct {
	const char *text;
	bool valid;
} contacts[] = {
	{ "tls@c.example", true },
	{ "a.b+c@c.example", true },
	{ "", false },
	{ "tls", false },
	{ "@c.example", false },
	{ "tls@", false },
	{ "tls@localhost", false },
	{ "tls@localhost.example", false },
	{ "tls@LocalHost.localdomain", false },
	{ "tls@c.example.", false },
	{ "t s@c.example", false },
	{ "\"t\"@c.example", false },
	{ "<tls@c.example>", false },
	{ "tls@[192.0.2.1]", false },
	{ "tls@192.0.2.1", false },
	{ "a@b@c.example", false },
	{ "a234567890123456789012345678901234567890123456789012345678901234"
	  "@c.example",
	    true },
	{ "a2345678901234567890123456789012345678901234567890123456789012345"
	  "@c.example",
	    false },
	{ "t\r\nBcc: x@c.example", false },
	{ "t\xc3\xbc@c.example", false },
};

START_TEST(contacts_are_mail_addresses)
{
	for (size_t i = 0; i < UNIT_COUNT(contacts); i++) {
		unit_int(contacts[i].text,
		    sts_report_contact_valid(unit_span(contacts[i].text)),
		    contacts[i].valid);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_session_is_in_the_report);
	tcase_add_test(tc, days_have_their_dates);
	tcase_add_test(tc, compressed_texts_unpack_to_themselves);
	tcase_add_test(tc, a_thousand_failures_fit_21_kb);
	tcase_add_test(tc, the_mail_is_the_same_in_pieces);
	tcase_add_test(tc, a_report_ends_with_its_domain);
	tcase_add_test(tc, gone_compressed);
	tcase_add_test(tc, event_limits);
	tcase_add_test(tc, contacts_are_mail_addresses);
}
