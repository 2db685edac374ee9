/* SPDX-License-Identifier: MIT */
/* core/answer/decide: the answer that follows from what is held. */
#include <string.h>

#include "../../core/answer/decide.h"
#include "../../core/grammar/policy.h"
#include "unit.h"

const char unit_name[] = "decide";

/* R64, R71, R72: the answer for a live policy, by mode and zone. */
static const struct {
	const char *name;
	enum sts_mode mode;
	bool strict;
	enum sts_answer_kind want;
	enum sts_why why;
} held[] = {
	{ "enforce", STS_MODE_ENFORCE, false, STS_ANSWER_POLICY, STS_WHY_NONE },
	{ "enforce, strict zone", STS_MODE_ENFORCE, true, STS_ANSWER_POLICY,
	    STS_WHY_NONE },
	{ "testing", STS_MODE_TESTING, false, STS_ANSWER_NOTFOUND,
	    STS_WHY_MODE_TESTING },
	{ "testing, strict zone", STS_MODE_TESTING, true, STS_ANSWER_POLICY,
	    STS_WHY_NONE },
	{ "none", STS_MODE_NONE, false, STS_ANSWER_NOTFOUND,
	    STS_WHY_MODE_NONE },
	{ "none, strict zone", STS_MODE_NONE, true, STS_ANSWER_NOTFOUND,
	    STS_WHY_MODE_NONE },
};

START_TEST(a_live_policy_is_answered_by_mode_and_zone)
{
	for (size_t i = 0; i < UNIT_COUNT(held); i++) {
		struct sts_zone zone;
		struct sts_entry e;
		struct sts_answer answer;

		memset(&zone, 0, sizeof zone);
		memset(&e, 0, sizeof e);
		zone.strict_testing = held[i].strict;
		e.kind = STS_KIND_POLICY;
		e.mode = (uint8_t)held[i].mode;
		answer = sts_decide_policy(&zone, &e, 7, STS_RULE_HELD);
		unit_int(held[i].name, answer.kind, held[i].want);
		unit_int(held[i].name, answer.why, held[i].why);
		unit_int(held[i].name, answer.ref,
		    held[i].want == STS_ANSWER_POLICY ? 7 : 0);
	}
}
END_TEST

/* R13, R36: only a failed TXT lookup may defer mail, and only if configured. */
static const struct {
	const char *name;
	enum sts_kind kind;
	enum sts_on_unknown on;
	enum sts_answer_kind want;
} none[] = {
	{ "absent", STS_KIND_ABSENT, STS_ON_UNKNOWN_TEMP, STS_ANSWER_NOTFOUND },
	{ "fetch failed", STS_KIND_BACK_OFF, STS_ON_UNKNOWN_TEMP,
	    STS_ANSWER_NOTFOUND },
	{ "TXT unknown, temp", STS_KIND_UNKNOWN, STS_ON_UNKNOWN_TEMP,
	    STS_ANSWER_TEMP },
	{ "TXT unknown, notfound", STS_KIND_UNKNOWN, STS_ON_UNKNOWN_NOTFOUND,
	    STS_ANSWER_NOTFOUND },
};

START_TEST(only_a_failed_txt_lookup_may_defer)
{
	for (size_t i = 0; i < UNIT_COUNT(none); i++) {
		struct sts_settings s;

		memset(&s, 0, sizeof s);
		s.on_dns_error = (uint8_t)none[i].on;
		unit_int(none[i].name,
		    sts_decide_none(&s, none[i].kind, STS_WHY_DNS_TIMEOUT).kind,
		    none[i].want);
	}
}
END_TEST

START_TEST(a_missing_clock_defers_if_configured)
{
	struct sts_settings s;

	memset(&s, 0, sizeof s);
	s.on_no_clock = STS_ON_UNKNOWN_TEMP;
	ck_assert_int_eq(sts_decide_no_clock(&s, true).kind, STS_ANSWER_TEMP);
	ck_assert_int_eq(
	    sts_decide_no_clock(&s, false).kind, STS_ANSWER_NOTFOUND);
	s.on_no_clock = STS_ON_UNKNOWN_NOTFOUND;
	ck_assert_int_eq(
	    sts_decide_no_clock(&s, true).kind, STS_ANSWER_NOTFOUND);
}
END_TEST

/* The result of the last lookup, as an expired policy's record keeps it. */
static const struct {
	const char *name;
	enum sts_kind kind;
	enum sts_why why;
	uint32_t failed_id;
	enum sts_kind want;
} kinds[] = {
	{ "absent", STS_KIND_ABSENT, STS_WHY_TXT_NONE, 0, STS_KIND_ABSENT },
	{ "expired, TXT gone", STS_KIND_POLICY, STS_WHY_DNS_NXDOMAIN, 0,
	    STS_KIND_ABSENT },
	{ "expired, SERVFAIL", STS_KIND_POLICY, STS_WHY_DNS_SERVFAIL, 0,
	    STS_KIND_UNKNOWN },
	{ "expired, policy host SERVFAIL", STS_KIND_POLICY,
	    STS_WHY_DNS_SERVFAIL, 5, STS_KIND_BACK_OFF },
	{ "expired, bad certificate", STS_KIND_POLICY, STS_WHY_X509_NAME, 5,
	    STS_KIND_BACK_OFF },
};

START_TEST(an_expired_record_keeps_the_last_result)
{
	for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
		struct sts_entry e;

		memset(&e, 0, sizeof e);
		e.kind = (uint8_t)kinds[i].kind;
		e.why = (uint8_t)kinds[i].why;
		e.failed_id = kinds[i].failed_id;
		unit_int(kinds[i].name, sts_decide_kind(&e), kinds[i].want);
	}
}
END_TEST

START_TEST(zone_or_kill_switch_turn_enforcement_off)
{
	struct sts_settings s;
	struct sts_zone zone;

	memset(&s, 0, sizeof s);
	memset(&zone, 0, sizeof zone);
	ck_assert(!sts_decide_audits(&s, &zone));
	zone.audit = true;
	ck_assert(sts_decide_audits(&s, &zone));
	zone.audit = false;
	s.enforce_off = true;
	ck_assert(sts_decide_audits(&s, &zone));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_live_policy_is_answered_by_mode_and_zone);
	tcase_add_test(tc, only_a_failed_txt_lookup_may_defer);
	tcase_add_test(tc, a_missing_clock_defers_if_configured);
	tcase_add_test(tc, an_expired_record_keeps_the_last_result);
	tcase_add_test(tc, zone_or_kill_switch_turn_enforcement_off);
}
