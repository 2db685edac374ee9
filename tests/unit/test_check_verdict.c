/* SPDX-License-Identifier: MIT */
/* `mtasts check`: what each finding weighs, and what the findings add up to. */
#include <stdio.h>
#include <string.h>

#include "../../boards/posix/check_verdict.h"
#include "unit.h"

const char unit_name[] = "check_verdict";

/* What is published, in words (see use_of), of hosts 0 and 1. */
static struct sts_check_use
use_of(const char *words)
{
	struct sts_check_use use = { false, STS_MODE_NONE, 0, false, false,
		false };

	use.policy = strstr(words, "policy") != NULL;
	use.mode = strstr(words, "enforce") != NULL   ? STS_MODE_ENFORCE
		   : strstr(words, "testing") != NULL ? STS_MODE_TESTING
						      : STS_MODE_NONE;
	use.dane_hosts = (uint16_t)((strstr(words, "tlsa0") != NULL ? 1 : 0) |
				    (strstr(words, "tlsa1") != NULL ? 2 : 0));
	use.rpt = strstr(words, "rpt") != NULL;
	use.null_mx = strstr(words, "null") != NULL;
	use.alone = strstr(words, "alone") != NULL;
	return use;
}

#define NOTHING                                                                \
	{                                                                      \
		STS_CHECK_F_COUNT, 0, -1, -1                                   \
	}
#define OF_DOMAIN(id)                                                          \
	{                                                                      \
		STS_CHECK_F_##id, 0, -1, -1                                    \
	}
#define OF_HOST(id, host)                                                      \
	{                                                                      \
		STS_CHECK_F_##id, 0, host, -1                                  \
	}
#define OF_CERT(why, host)                                                     \
	{                                                                      \
		STS_CHECK_F_CERT, STS_WHY_##why, host, 0                       \
	}

static const struct {
	const char *name, *use;
	struct sts_check_finding f[2];
	const char *want; /* MTA-STS, DANE, TLSRPT, result */
} verdicts[] = {
	{ "everything", "policy enforce tlsa0 rpt", { NOTHING, NOTHING },
	    "enforced complete ok ok" },
	{ "MTA-STS alone protects", "policy enforce", { NOTHING, NOTHING },
	    "enforced none none ok" },
	{ "DANE alone protects", "tlsa0", { OF_DOMAIN(TXT_NONE), NOTHING },
	    "none complete none ok" },
	{ "nothing wrong, and nothing protects", "",
	    { OF_DOMAIN(TXT_NONE), OF_DOMAIN(RPT_NONE) },
	    "none none none bad" },
	{ "testing does not protect", "policy testing",
	    { OF_DOMAIN(MODE_TESTING), NOTHING }, "testing none none bad" },
	{ "testing, and DANE", "policy testing tlsa0",
	    { OF_DOMAIN(MODE_TESTING), NOTHING }, "testing complete none ok" },
	{ "mode none", "policy", { OF_DOMAIN(MODE_NONE), NOTHING },
	    "none none none bad" },
	{ "no mail, no need", "null", { OF_DOMAIN(TXT_NONE), NOTHING },
	    "none none none ok" },

	{ "a policy without a TXT record, beside DANE", "policy enforce tlsa0",
	    { OF_DOMAIN(TXT_MISSING), NOTHING }, "broken complete none bad" },
	{ "TXT cannot be looked up", "policy enforce tlsa0",
	    { OF_DOMAIN(TXT_FAILED), NOTHING },
	    "unknown complete none unknown" },
	{ "bad beats unknown", "policy enforce tlsa0 rpt",
	    { OF_DOMAIN(TXT_FAILED), OF_DOMAIN(RPT_INVALID) },
	    "unknown complete broken bad" },
	{ "bad beats unknown within a mechanism", "policy enforce",
	    { OF_DOMAIN(TXT_FAILED), OF_DOMAIN(MAX_AGE_SHORT) },
	    "broken none none bad" },
	{ "notes weigh nothing", "policy enforce tlsa0 rpt",
	    { OF_DOMAIN(PATTERN_UNUSED), OF_HOST(TLSA_SINGLE, 0) },
	    "enforced complete ok ok" },

	{ "a certificate of no public CA: MTA-STS fails", "policy enforce",
	    { OF_CERT(X509_NO_ISSUER, 0), NOTHING }, "broken none none bad" },
	{ "a certificate of no public CA: DANE does not fail", "tlsa0",
	    { OF_CERT(X509_NO_ISSUER, 0), NOTHING }, "none complete none ok" },
	{ "a policy of mode none asks for nothing", "policy tlsa0",
	    { OF_CERT(X509_EXPIRED, 0), NOTHING }, "none complete none ok" },
	{ "testing finds faults, too", "policy testing",
	    { OF_CERT(X509_EXPIRED, 0), NOTHING }, "broken none none bad" },
	{ "a host outside of the policy", "policy enforce tlsa0",
	    { OF_HOST(MX_UNMATCHED, 0), NOTHING }, "broken complete none bad" },

	{ "TLSA mismatch", "policy enforce tlsa0",
	    { OF_HOST(TLSA_MISMATCH, 0), NOTHING },
	    "enforced broken none bad" },
	{ "TLSA bogus: mail waits, whatever else is there", "policy enforce",
	    { OF_HOST(BOGUS_TLSA, 0), NOTHING }, "enforced broken none bad" },
	{ "some hosts have TLSA, beside a policy", "policy enforce tlsa0",
	    { OF_HOST(TLSA_MISSING, 1), NOTHING }, "enforced partial none ok" },
	{ "some hosts have TLSA, and that is all", "tlsa0",
	    { OF_HOST(TLSA_MISSING, 1), NOTHING }, "none partial none bad" },
	{ "an unsigned MX RRset, and that is all", "tlsa0",
	    { OF_DOMAIN(MX_INSECURE), NOTHING }, "none partial none bad" },
	{ "hosts that were not looked at: cannot tell", "policy enforce tlsa0",
	    { OF_DOMAIN(MX_MANY), NOTHING }, "unknown unknown none unknown" },
	{ "unsigned TLSA records", "policy enforce",
	    { OF_HOST(TLSA_INSECURE, 0), NOTHING },
	    "enforced broken none bad" },
	{ "no name server here validates", "policy enforce",
	    { OF_HOST(TLSA_BLIND, 0), NOTHING },
	    "enforced unknown none unknown" },

	{ "no STARTTLS: both fail", "policy enforce tlsa0",
	    { OF_HOST(SMTP, 0), NOTHING }, "broken broken none bad" },
	{ "no STARTTLS at a host without TLSA: DANE does not fail",
	    "policy enforce tlsa0", { OF_HOST(SMTP, 1), NOTHING },
	    "broken complete none bad" },
	{ "no STARTTLS of a domain without anything", "",
	    { OF_HOST(SMTP, 0), NOTHING }, "none none none bad" },
	{ "greeted with 4yz", "policy enforce tlsa0",
	    { OF_HOST(SMTP_FAILED, 0), NOTHING },
	    "unknown unknown none unknown" },
	{ "a host without address is not TLS's fault", "policy enforce tlsa0",
	    { OF_HOST(MX_NO_ADDRESS, 1), NOTHING },
	    "enforced complete none bad" },
	{ "no IPv6 here", "policy enforce tlsa0",
	    { OF_HOST(MX_UNREACHED, 0), NOTHING },
	    "enforced complete none ok" },
	{ "port 25 closed here", "policy enforce tlsa0",
	    { OF_DOMAIN(PORT_CLOSED), NOTHING },
	    "unknown unknown none unknown" },
	{ "interrupted", "policy enforce tlsa0 rpt",
	    { OF_DOMAIN(INTERRUPTED), NOTHING }, "unknown unknown ok unknown" },
	{ "slow servers", "policy enforce tlsa0 rpt",
	    { OF_DOMAIN(OVERTIME), NOTHING }, "unknown unknown ok unknown" },

	{ "reports do not protect, nor harm", "policy enforce",
	    { OF_DOMAIN(RPT_NONE), NOTHING }, "enforced none none ok" },
	{ "reports to no address", "policy enforce rpt",
	    { OF_DOMAIN(RUA_NO_MX), NOTHING }, "enforced none broken bad" },
	{ "addresses for reports that were not looked at", "policy enforce rpt",
	    { OF_DOMAIN(RUA_MANY), NOTHING }, "enforced none unknown unknown" },
	{ "mx lines that were not compared", "policy enforce tlsa0",
	    { OF_HOST(PATTERNS_MANY, 0), NOTHING },
	    "unknown complete none unknown" },
	{ "the TLSRPT record cannot be looked up", "policy enforce",
	    { OF_DOMAIN(RPT_FAILED), NOTHING },
	    "enforced none unknown unknown" },

	{ "one host", "alone", { NOTHING, NOTHING }, "none none none ok" },
	{ "one host without TLSA: WebPKI counts", "alone",
	    { OF_CERT(X509_EXPIRED, 0), NOTHING }, "none none none bad" },
	{ "one host with TLSA: WebPKI does not", "alone tlsa0",
	    { OF_CERT(X509_EXPIRED, 0), NOTHING }, "none complete none ok" },
};

static struct sts_check_findings
findings_of(const struct sts_check_finding f[2])
{
	struct sts_check_findings all;

	memset(&all, 0, sizeof all);
	for (unsigned i = 0; i < 2 && f[i].id != STS_CHECK_F_COUNT; i++) {
		all.f[all.count++] = f[i];
	}
	return all;
}

START_TEST(findings_add_up_to_the_verdict)
{
	for (size_t i = 0; i < UNIT_COUNT(verdicts); i++) {
		struct sts_check_use use = use_of(verdicts[i].use);
		struct sts_check_findings all = findings_of(verdicts[i].f);
		struct sts_check_verdict v;
		char got[80];

		sts_check_judge(&use, &all, &v);
		snprintf(got, sizeof got, "%s %s %s %s",
		    sts_check_sts_word(v.sts), sts_check_dane_word(v.dane),
		    sts_check_rpt_word(v.rpt), sts_check_result_word(v.result));
		unit_text(verdicts[i].name,
		    sts_text((const uint8_t *)got, strlen(got)),
		    verdicts[i].want);
	}
}
END_TEST

/* Every finding has all its texts, for every reason. */
START_TEST(every_finding_has_its_texts)
{
	for (unsigned id = 0; id < STS_CHECK_F_COUNT; id++) {
		for (unsigned why = 1; why < STS_WHY_COUNT; why++) {
			const struct sts_check_finding f = { (uint8_t)id,
				(uint8_t)why, -1, -1 };

			unit_int(sts_check_word(&f),
			    sts_check_word(&f)[0] != '\0' &&
				sts_check_sentence(&f)[0] != '\0' &&
				sts_check_todo(&f)[0] != '\0' &&
				sts_check_whom(&f) != 0,
			    true);
		}
	}
}
END_TEST

/* A host that cannot be reached, or replies "later", is not at fault. */
static const struct {
	const char *name;
	enum sts_why why;
	bool want;
} vague[] = {
	{ "SERVFAIL", STS_WHY_DNS_SERVFAIL, true },
	{ "NXDOMAIN", STS_WHY_DNS_NXDOMAIN, false },
	{ "connect timeout", STS_WHY_CONNECT_TIMEOUT, true },
	{ "connection refused", STS_WHY_CONNECT_REFUSED, false },
	{ "454 to STARTTLS", STS_WHY_SMTP_STARTTLS_LATER, true },
	{ "no STARTTLS", STS_WHY_SMTP_NO_STARTTLS, false },
	{ "greeted with 554", STS_WHY_SMTP_GREETING_REFUSED, true },
	{ "injected", STS_WHY_SMTP_INJECTED, false },
	{ "alert", STS_WHY_TLS_ALERT, false },
	{ "expired", STS_WHY_X509_EXPIRED, false },
	{ "HTTP status", STS_WHY_HTTP_STATUS, false },
	{ "our own shortage", STS_WHY_BUSY, true },
	{ "no buffer of ours", STS_WHY_DNS_NO_BUFFER, true },
	{ "a limit of ours: patterns", STS_WHY_POLICY_MANY_MX, true },
	{ "a limit of ours: a policy", STS_WHY_POLICY_NO_ROOM, true },
	{ "a limit of ours: a record of TLS", STS_WHY_TLS_RECORD, true },
	{ "a limit of ours: a certificate", STS_WHY_X509_LIMIT, true },
	{ "a limit of ours: a chain", STS_WHY_X509_CHAIN_LONG, true },
	{ "a limit of ours: checks", STS_WHY_X509_CHAIN_COMPLEX, true },
};

START_TEST(an_unreachable_host_is_not_at_fault)
{
	for (size_t i = 0; i < UNIT_COUNT(vague); i++) {
		unit_int(vague[i].name, sts_check_is_unknown(vague[i].why),
		    vague[i].want);
	}
}
END_TEST

/* For a limit of ours nobody is asked to get another certificate. */
START_TEST(limit_todo)
{
	for (unsigned why = STS_WHY_X509_EXPIRED; why <= STS_WHY_X509_NO_SCT;
	     why++) {
		const struct sts_check_finding f = { STS_CHECK_F_CERT_FAILED,
			(uint8_t)why, -1, -1 };
		bool limit = sts_check_is_unknown((enum sts_why)why);
		bool says = strstr(sts_check_todo(&f), "limit") != NULL;

		unit_int(sts_why_token((enum sts_why)why), says, limit);
	}
}
END_TEST

/* The days that a certificate is valid; 0 on its last day. */
static const struct {
	const char *name;
	int64_t left_s;
	long want;
} days[] = {
	{ "a second", 1, 0 },
	{ "now", 0, 0 },
	{ "a second ago", -1, -1 },
	{ "a day", 86400, 1 },
	{ "a day ago", -86400, -1 },
	{ "a day and a second ago", -86401, -2 },
};

START_TEST(days_are_counted_to_the_end_of_a_certificate)
{
	static struct sts_check_facts f;

	for (size_t i = 0; i < UNIT_COUNT(days); i++) {
		struct sts_check_cert c;

		memset(&c, 0, sizeof c);
		f.judged_s = 1700000000;
		c.not_after_s = f.judged_s + days[i].left_s;
		unit_int(days[i].name, sts_check_days(&f, &c), days[i].want);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, findings_add_up_to_the_verdict);
	tcase_add_test(tc, every_finding_has_its_texts);
	tcase_add_test(tc, an_unreachable_host_is_not_at_fault);
	tcase_add_test(tc, limit_todo);
	tcase_add_test(tc, days_are_counted_to_the_end_of_a_certificate);
}
