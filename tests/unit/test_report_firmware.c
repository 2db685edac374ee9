/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting as a board has it, in virtual time: 8 KB for the counts,
 * failures only, sessions reported by the C call, reports sent by HTTPS, or by
 * mail where the product has no HTTPS. `make switches` builds this test with
 * the limits of such products and with the defaults. STS_REPORT_OUT names a
 * file to which the last mail is written, for other readers
 * (tests/report/check.py).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/agent_report_files.h"
#include "report_world.h"

const char unit_name[] = "report_firmware";

enum {
	MEMORY = 8192
};

/* The product uses whichever of the two destinations it can. */
static const char rua[] = "v=TLSRPTv1; "
			  "rua=https://mta-sts.example.com/tls,"
			  "mailto:tls@reports.example";

static void
start(void)
{
	set_up(MEMORY);
	config.lookups = 2;
	config.asks = 0;
	config.cache_size = 8192;
	config.report_failures = true;
	reporter.reports = STS_REPORTS_FAILURES;
	if (STS_REPORT_HTTPS) {
		reporter.relay.af = STS_AF_NONE;
	}
	load_anchors();
	begin();
	confirm();
}

/* Set whether the receiver and the relay accept reports, or answer "later". */
static void
set_receiver(bool takes)
{
	set_host("mta-sts.example.com", "192.0.2.9", 9,
	    takes ? "HTTP/1.1 201 Created\r\n\r\n"
		  : "HTTP/1.1 503 Later\r\n\r\n");
	relay.down = !takes;
}

static bool
reported(const char *domain, bool failed, const char *record)
{
	set_record(domain, record);
	return session_of(domain, failed, record);
}

/* The last posted report has the right media type and length. */
static void
check_post(const char *domain)
{
	const char *head = (const char *)world.post;
	const char *body, *length;
	size_t n;

	ck_assert_ptr_nonnull(head);
	body = strstr(head, "\r\n\r\n");
	length = strstr(head, "\r\nContent-Length: ");
	ck_assert_ptr_nonnull(body);
	ck_assert(length != NULL && length < body);
	body += 4;
	n = world.post_len - (size_t)(body - head);
	unit_int("Content-Length", strtol(length + 18, NULL, 10), (long)n);
	if (STS_REPORT_GZIP) {
		ck_assert(strstr(head, "Type: application/tlsrpt+gzip\r\n"));
		ck_assert_int_eq(memcmp(body, "\x1f\x8b\x08", 3), 0);
	} else {
		ck_assert(strstr(head, "Type: application/tlsrpt+json\r\n"));
		ck_assert_int_eq(
		    strncmp(body, "{\"organization-name\":", 21), 0);
		ck_assert_ptr_nonnull(strstr(body, domain));
		ck_assert_int_eq(strcmp(body + n - 4, "}]}\n"), 0);
	}
}

/* The last mail, whole. */
static void
check_mail(void)
{
	const char *path = getenv("STS_REPORT_OUT");

	relay.mail[relay.len] = '\0';
	ck_assert_ptr_nonnull(strstr(relay.mail,
	    STS_REPORT_GZIP ? "\r\nContent-Type: application/tlsrpt+gzip; "
			    : "\r\nContent-Type: application/tlsrpt+json; "));
	if (path != NULL) {
		FILE *out = fopen(path, "wb");

		ck_assert_ptr_nonnull(out);
		ck_assert_uint_eq(
		    fwrite(relay.mail, 1, relay.len, out), relay.len);
		fclose(out);
	}
}

/* A day: sessions that succeed before a domain's first failure are passed
 * over; the report is posted once; a mail address gets none where there is
 * no relay. */
START_TEST(a_failing_domain_gets_one_report_a_day)
{
	unsigned mails = STS_REPORT_HTTPS ? 0 : 2;

	start();
	set_receiver(true);
	ck_assert(!reported("a.example", false, rua));
	ck_assert(reported("a.example", true, rua));
	ck_assert(reported("a.example", false, rua));
	ck_assert(!reported("b.example", false, rua));
	ck_assert(reported(
	    "m.example", true, "v=TLSRPTv1; rua=mailto:tls@m.example"));
	to_midnight_and(0);
	unit_int("reports sent before midnight", (long long)sent, 0);
	pass_s(5 * 3600);
	unit_int("reports sent", (long long)sent, mails > 0 ? 3 : 2);
	check_sum("day");
	unit_int("mails sent", relay.mails, mails);
	if (STS_REPORT_HTTPS) {
		check_post("\"policy-domain\":\"a.example\"");
	} else {
		ck_assert_ptr_null(world.post);
		check_mail();
	}
	to_midnight_and(5 * 3600);
	unit_int("reports sent after another day", (long long)sent,
	    mails > 0 ? 3 : 2);
	stop();
}
END_TEST

/* More failing domains than 8 KB hold: those that are counted are whole, the
 * others count as lost, and a receiver that is down gets the reports later. */
START_TEST(what_8_kb_cannot_hold_counts_as_lost)
{
	char name[32];
	unsigned in = 0;

	start();
	set_receiver(false);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "d%u.org%u.example", i, i);
		in += reported(name, true, rua);
	}
	ck_assert_uint_ge(in, 10);
	ck_assert_uint_lt(in, 60);
	to_midnight_and(5 * 3600);
	unit_int("reports sent while the receiver is down", (long long)sent, 0);
	set_receiver(true);
	pass_s(12 * 3600);
	unit_int("reports sent later", (long long)sent, in);
	check_sum("full");
	stop();
}
END_TEST

/* The agent's own failures are counted as well, and a product without the mail
 * server's socket pays no memory for it. */
START_TEST(own_failures_are_reported)
{
	start();
	set_receiver(true);
	set_record("o.example", rua);
	sts_agent_report_failed(&agent, unit_span("o.example"),
	    STS_WHY_X509_EXPIRED, STS_REPORT_AT_POLICY_HOST);
	added++;
	sts_driver_wake(&driver);
	pass_s(60);
	unit_int("sessions held", (long long)held(), 1);
	to_midnight_and(5 * 3600);
	unit_int("reports sent", (long long)sent, 1);
	if (!STS_REPORT_SOCKET) {
		ck_assert_uint_lt(sizeof *agent.reporter, 24576);
	}
	stop();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_failing_domain_gets_one_report_a_day);
	tcase_add_test(tc, what_8_kb_cannot_hold_counts_as_lost);
	tcase_add_test(tc, own_failures_are_reported);
}
