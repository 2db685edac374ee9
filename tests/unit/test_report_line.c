/* SPDX-License-Identifier: MIT */
/* core/report/report_line: the event of each line, and which lines are
 * invalid. */
#include <stdio.h>
#include <string.h>

#include "../../core/report/report_line.h"
#include "unit.h"

const char unit_name[] = "report_line";

#define RECORD "record=v=TLSRPTv1; rua=mailto:a@b.example"

static struct sts_report_event e;

/* Nothing of an invalid line is counted. */
static const char *const wrong[] = {
	"",
	"success",
	"success ",
	RECORD,
	"failure " RECORD,
	"Success " RECORD,
	"success record=",
	"success record=v=spf1 -all",
	"success  Record=v=TLSRPTv1;",
	"success policy=dane " RECORD,
	"success policy " RECORD,
	"success mode=sts " RECORD,
	"success =x " RECORD,
	"success policy-string=% " RECORD,
	"success policy-string=%4 " RECORD,
	"success policy-string=%4g " RECORD,
	"success policy-string=%g4 " RECORD,
	"success policy-string=a%2 " RECORD,
	"success delivered=maybe " RECORD,
	"validation-failure delivered= " RECORD,
	"201 " RECORD,
};

START_TEST(invalid_lines_are_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
		struct sts_text line = unit_span(wrong[i]);

		line.p = unit_at_page_end(wrong[i], line.n);
		unit_int(wrong[i],
		    sts_report_line(&e, unit_span("a.example"), line), 0);
	}
	ck_assert(!sts_report_line(
	    &e, unit_span("no_name!"), unit_span("success " RECORD)));
	ck_assert(
	    !sts_report_line(&e, unit_span(""), unit_span("success " RECORD)));
}
END_TEST

static const struct {
	const char *line;
	bool failed;
	int result; /* -1: the line is no failure */
	enum sts_report_policy type;
	const char *domain; /* of the policy */
	const char *strings; /* strings, then mx, each after "|" */
} cases[] = {
	{ "success " RECORD, false, -1, STS_REPORT_NO_POLICY, "a.example", "" },
	{ "  success   " RECORD, false, -1, STS_REPORT_NO_POLICY, "a.example",
	    "" },
	{ "success policy=sts policy-string=version:%20STSv1 "
	  "policy-string=mode:%20enforce mx-host=*.b.example " RECORD,
	    false, -1, STS_REPORT_STS, "a.example",
	    "|version: STSv1|mode: enforce|*.b.example" },
	/* in any order */
	{ "success mx-host=%2a.b.example policy-string=version:%20STSv1 "
	  "policy=sts " RECORD,
	    false, -1, STS_REPORT_STS, "a.example",
	    "|version: STSv1|*.b.example" },
	{ "dane-required policy=tlsa policy-domain=MX.b.example. " RECORD, true,
	    STS_REPORT_DANE_REQUIRED, STS_REPORT_TLSA, "mx.b.example", "" },
	{ "tlsa-invalid delivered=yes policy=tlsa " RECORD, false,
	    STS_REPORT_TLSA_INVALID, STS_REPORT_TLSA, "a.example", "" },
	{ "starttls-not-supported delivered=no " RECORD, true,
	    STS_REPORT_STARTTLS_NOT_SUPPORTED, STS_REPORT_NO_POLICY,
	    "a.example", "" },
	/* the last policy= counts; a policy-domain that is no name is
	 * replaced */
	{ "certificate-expired policy=tlsa policy=sts policy-domain=_! " RECORD,
	    true, STS_REPORT_EXPIRED, STS_REPORT_STS, "a.example", "" },
};

static void
check_strings(const char *name, const char *want)
{
	struct sts_text all = sts_event_strings(&e);
	char got[512] = "";
	size_t n = 0;

	while (all.n > 0) {
		size_t len = sts_get16be(all.p);

		n += (size_t)snprintf(got + n, sizeof got - n, "|%.*s",
		    (int)len, (const char *)all.p + 2);
		all = sts_text(all.p + 2 + len, all.n - 2 - len);
	}
	unit_text(name, unit_span(got), want);
}

START_TEST(each_line_has_its_event)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const char *name = cases[i].line;
		struct sts_text line = unit_span(name);

		line.p = unit_at_page_end(name, line.n);
		unit_int(
		    name, sts_report_line(&e, unit_span("A.example"), line), 1);
		unit_text(name, sts_event_domain(&e), "a.example");
		unit_text(name, sts_event_record(&e),
		    "v=TLSRPTv1; rua=mailto:a@b.example");
		unit_int(name, e.failed, cases[i].failed);
		unit_int(name, e.failure_count, cases[i].result >= 0);
		if (cases[i].result >= 0) {
			unit_int(name, sts_event_failure_at(&e, 0).result,
			    cases[i].result);
		}
		unit_int(name, e.type, cases[i].type);
		unit_text(name, sts_event_policy_domain(&e), cases[i].domain);
		check_strings(name, cases[i].strings);
	}
}
END_TEST

/* All fields of a failure are read; the record may hold anything but a line's
 * end. */
START_TEST(each_field_of_a_failure_is_read)
{
	static const char *const want[STS_REPORT_FIELDS] = {
		[STS_REPORT_MTA_IP] = "192.0.2.1",
		[STS_REPORT_MX] = "mx.a.example",
		[STS_REPORT_MX_IP] = "2001:db8::1",
		[STS_REPORT_REASON] = "self signed",
		[STS_REPORT_INFO] = "https://a.example/?x=1",
		[STS_REPORT_HELO] = "mx.a.example",
	};

	ck_assert(sts_report_line(&e, unit_span("a.example"),
	    unit_span(
		"validation-failure sending-mta-ip=192.0.2.1 "
		"receiving-mx-hostname=MX.a.example "
		"receiving-ip=2001:db8::1 "
		"failure-reason-code=self%20signed "
		"additional-information=https://a.example/?x=1 "
		"receiving-mx-helo=mx.a.example%20ESMTP "
		"record=v=TLSRPTv1; record=x;  rua=mailto:%41@b.example")));
	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		unit_text(
		    "field", sts_event_failure_at(&e, 0).texts[i], want[i]);
	}
	unit_text("record", sts_event_record(&e),
	    "v=TLSRPTv1; record=x;  rua=mailto:%41@b.example");
}
END_TEST

/* The longest line, and one that is an octet longer. */
START_TEST(a_line_over_the_limit_is_refused)
{
	char line[STS_REPORT_LINE_MAX + 2];
	size_t n = strlen("success policy-string=");
	size_t fill = STS_REPORT_LINE_MAX - n - strlen(" " RECORD);

	for (unsigned more = 0; more < 2; more++) {
		int len = snprintf(line, sizeof line,
		    "success policy-string=%0*d " RECORD, (int)(fill + more),
		    0);

		unit_int("limit",
		    sts_report_line(&e, unit_span("a.example"),
			sts_text((const uint8_t *)line, (size_t)len)),
		    more == 0);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, invalid_lines_are_refused);
	tcase_add_test(tc, each_line_has_its_event);
	tcase_add_test(tc, each_field_of_a_failure_is_read);
	tcase_add_test(tc, a_line_over_the_limit_is_refused);
}
