/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting as a board has it, in virtual time: 8 KB for the counts,
 * failures only, sessions by the C call, reports by HTTPS, or by mail alone
 * where the product posts nothing. Built by `make switches` with the limits of
 * such products, and with the defaults. STS_REPORT_OUT names a file to which
 * the last mail is written, for other readers (tests/report/check.py).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_world.h"

const char unit_name[] = "report_firmware";

enum {
	MEMORY = 8192
};

/* The product takes the way that it has. */
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

/* The receiver, and the relay, take reports, or will do so later. */
static void
set_receiver(bool takes)
{
	set_host("mta-sts.example.com", "192.0.2.9", 9,
	    takes ? "HTTP/1.1 201 Created\r\n\r\n"
		  : "HTTP/1.1 503 Later\r\n\r\n");
	relay.down = !takes;
}

static bool
told(const char *domain, bool failed, const char *record)
{
	set_record(domain, record);
	return session_of(domain, failed, record);
}

/* The last report that was posted: of its media type, and of its length. */
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
	unit_int("length", strtol(length + 18, NULL, 10), (long)n);
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

/* A day: what succeeds before the first failure of a domain is passed over, its
 * report is posted once, and an address of mail gets none where there is no
 * relay. */
START_TEST(day)
{
	unsigned mails = STS_REPORT_HTTPS ? 0 : 2;

	start();
	set_receiver(true);
	ck_assert(!told("a.example", false, rua));
	ck_assert(told("a.example", true, rua));
	ck_assert(told("a.example", false, rua));
	ck_assert(!told("b.example", false, rua));
	ck_assert(
	    told("m.example", true, "v=TLSRPTv1; rua=mailto:tls@m.example"));
	to_midnight_and(0);
	unit_int("before midnight", (long long)sent, 0);
	pass_s(5 * 3600);
	unit_int("sent", (long long)sent, mails > 0 ? 3 : 2);
	check_sum("day");
	unit_int("mails", relay.mails, mails);
	if (STS_REPORT_HTTPS) {
		check_post("\"policy-domain\":\"a.example\"");
	} else {
		ck_assert_ptr_null(world.post);
		check_mail();
	}
	to_midnight_and(5 * 3600);
	unit_int("once", (long long)sent, mails > 0 ? 3 : 2);
	stop();
}
END_TEST

/* As many failing domains as 8 KB hold, and more: those that are in are whole,
 * the others are counted as lost; a receiver that is down gets them later. */
START_TEST(full)
{
	char name[32];
	unsigned in = 0;

	start();
	set_receiver(false);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "d%u.org%u.example", i, i);
		in += told(name, true, rua);
	}
	ck_assert_uint_ge(in, 10);
	ck_assert_uint_lt(in, 60);
	to_midnight_and(5 * 3600);
	unit_int("down", (long long)sent, 0);
	set_receiver(true);
	pass_s(12 * 3600);
	unit_int("later", (long long)sent, in);
	check_sum("full");
	stop();
}
END_TEST

/* Own failures are counted there, too; and nothing of a mail server's socket is
 * in a product without it. */
START_TEST(own)
{
	start();
	set_receiver(true);
	set_record("o.example", rua);
	sts_agent_report_failed(&agent, unit_span("o.example"),
	    STS_WHY_X509_EXPIRED, STS_REPORT_AT_POLICY_HOST);
	added++;
	sts_driver_wake(&driver);
	pass_s(60);
	unit_int("held", (long long)held(), 1);
	to_midnight_and(5 * 3600);
	unit_int("sent", (long long)sent, 1);
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
	tcase_add_test(tc, day);
	tcase_add_test(tc, full);
	tcase_add_test(tc, own);
}
