/* SPDX-License-Identifier: MIT */
/* Whether a policy that is about to be enforced would let mail through, judged
 * by the hosts that were tried. */
#include <stdio.h>
#include <string.h>

#include "../../boards/posix/check_hosts.h"
#include "../../core/base/text.h"
#include "unit.h"

const char unit_name[] = "check_hosts";

static struct sts_check_facts f;

/* Two hosts, mx0.a.example and mx1.a.example, each with one address and two
 * good certificates. */
static void
all_good(void)
{
	memset(&f, 0, sizeof f);
	f.domain = sts_text_of("a.example");
	f.judged_s = 1700000000;
	f.mx.done = true;
	f.mx.dns.found = STS_FOUND;
	f.mx.count = 2;
	for (unsigned h = 0; h < 2; h++) {
		struct sts_check_host *host = &f.host[h];

		host->name_len = (uint8_t)snprintf(
		    (char *)host->name, sizeof host->name, "mx%u.a.example", h);
		host->done = true;
		host->a.found = STS_FOUND;
		host->aaaa.found = STS_ABSENT;
		host->dane = STS_DANE_HOST_NONE;
		host->addr_count = 1;
		host->address[0].state = STS_CHECK_TRIED;
		host->address[0].addr.af = STS_AF_INET;
		host->address[0].smtp.tls = true;
		for (unsigned i = 0; i < STS_CHECK_CERTS; i++) {
			host->address[0].cert[i].there = true;
			host->address[0].cert[i].not_after_s =
			    f.judged_s + 100 * 86400;
		}
	}
}

static struct sts_check_address *
second(void)
{
	return &f.host[1].address[0];
}

static void
fault(const char *what)
{
	struct sts_check_address *a = second();

	if (strcmp(what, "one certificate") == 0) {
		a->cert[0].there = false;
	} else if (strcmp(what, "rsa expired") == 0) {
		a->cert[0].path = STS_WHY_X509_EXPIRED;
	} else if (strcmp(what, "rsa over our limit") == 0) {
		a->cert[0].path = STS_WHY_X509_LIMIT;
	} else if (strcmp(what, "no starttls") == 0) {
		a->smtp.tls = false;
		a->smtp.why = STS_WHY_SMTP_NO_STARTTLS;
	} else if (strcmp(what, "timeout") == 0) {
		a->smtp.tls = false;
		a->smtp.why = STS_WHY_SMTP_TIMEOUT;
	} else if (strcmp(what, "no certificate") == 0) {
		a->cert[0].there = a->cert[1].there = false;
	} else if (strcmp(what, "no way by IPv6") == 0) {
		a->addr.af = STS_AF_INET6;
		a->smtp.tls = false;
		a->smtp.why = STS_WHY_CONNECT_FAILED;
		a->unrouted = true;
	} else if (strcmp(what, "one of two, no way by IPv6") == 0) {
		f.host[1].addr_count = 2;
		f.host[1].aaaa.found = STS_FOUND;
		a[1] = a[0];
		a[1].addr.af = STS_AF_INET6;
		a[1].smtp.tls = a[1].cert[0].there = a[1].cert[1].there = false;
		a[1].smtp.why = STS_WHY_CONNECT_FAILED;
		a[1].unrouted = true;
	} else if (strcmp(what, "no way, and expired") == 0) {
		fault("one of two, no way by IPv6");
		a->cert[0].path = STS_WHY_X509_EXPIRED;
	} else if (strcmp(what, "TLSA wrong") == 0) {
		f.host[1].dane = STS_DANE_HOST_USABLE;
	} else if (strcmp(what, "TLSA bogus") == 0) {
		f.host[1].dane = STS_DANE_HOST_UNKNOWN;
		f.host[1].tlsa.bogus = true;
	} else if (strcmp(what, "not done") == 0) {
		f.host[1].done = false;
	} else if (strcmp(what, "more addresses") == 0) {
		f.host[1].more = true;
	} else if (strcmp(what, "no hosts") == 0) {
		f.mx.count = 0;
	} else if (strcmp(what, "more hosts") == 0) {
		f.mx.more = true;
	} else if (strcmp(what, "null") == 0) {
		f.mx.count = 0;
		f.mx.null = true;
	} else if (strcmp(what, "MX unknown") == 0) {
		f.mx.count = 0;
		f.mx.dns.found = STS_UNKNOWN;
		f.mx.dns.why = STS_WHY_DNS_TIMEOUT;
	} else if (strcmp(what, "interrupted") == 0) {
		f.interrupted = true;
	} else {
		ck_assert_str_eq(what, "nothing");
	}
}

static const struct {
	const char *fault, *pattern;
	int want;
} rows[] = {
	{ "nothing", "*.a.example", 0 },
	{ "nothing", "mx0.a.example", 1 },
	{ "nothing", "*.b.example", 1 },
	{ "one certificate", "*.a.example", 0 },
	{ "rsa expired", "*.a.example", 1 },
	{ "rsa over our limit", "*.a.example", 2 },
	{ "no starttls", "*.a.example", 1 },
	{ "timeout", "*.a.example", 2 },
	{ "no certificate", "*.a.example", 2 },
	{ "no way by IPv6", "*.a.example", 2 },
	{ "one of two, no way by IPv6", "*.a.example", 2 },
	{ "no way, and expired", "*.a.example", 1 },
	{ "TLSA wrong", "*.a.example", 0 },
	{ "TLSA bogus", "*.a.example", 0 },
	{ "not done", "*.a.example", 2 },
	{ "more addresses", "*.a.example", 2 },
	{ "no hosts", "*.a.example", 2 },
	{ "more hosts", "*.a.example", 2 },
	{ "null", "*.a.example", 1 },
	{ "MX unknown", "*.a.example", 2 },
	{ "interrupted", "*.a.example", 2 },
};

/* An IPv6 address without a way there is a note; one that is not reached by a
 * way that is there may be down, and nobody can tell. */
START_TEST(unreached)
{
	static struct sts_check_findings all;

	for (unsigned routed = 0; routed < 2; routed++) {
		all_good();
		fault("one of two, no way by IPv6");
		second()[1].unrouted = routed == 0;
		all.count = 0;
		sts_check_judge_host(&f, 1, STS_CHECK_SEES, &all);
		ck_assert_uint_eq(all.count, 1);
		unit_int("finding", all.f[0].id,
		    routed == 0 ? STS_CHECK_F_MX_UNREACHED
				: STS_CHECK_F_SMTP_FAILED);
		unit_int("grade", sts_check_grade(&all.f[0]),
		    routed == 0 ? STS_CHECK_NOTE : STS_CHECK_UNKNOWN);
	}
}
END_TEST

START_TEST(a_policy_is_judged_by_every_host)
{
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_text pattern = sts_text_of(rows[i].pattern);

		all_good();
		fault(rows[i].fault);
		unit_int(rows[i].fault, sts_check_hosts_judge(&f, &pattern, 1),
		    rows[i].want);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_policy_is_judged_by_every_host);
	tcase_add_test(tc, unreached);
}
