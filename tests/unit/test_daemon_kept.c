/* SPDX-License-Identifier: MIT */
/* The daemon: what is kept between two of its lives. */
#include "daemon.h"

const char unit_name[] = "daemon_kept";

/* Promise 7, with nobody to ask: a name server that never answers. */
START_TEST(kept)
{
	const char *extra[] = { "-o", kept_line, NULL };
	int dns = dns_open(), status = 0;

	kept_begin();
	keep_policy();
	for (unsigned i = 0; i < 3; i++) {
		int fd = client(start(extra));

		say(fd, "example.com");
		expect(fd,
		    "50:OK secure match=mx.example.com servername=hostname,");
		ck_assert_ptr_nonnull(
		    strstr(run.log, "event=journal-loaded records=1 lost=0"));
		kill(run.pid, SIGKILL);
		ck_assert_int_eq(waitpid(run.pid, &status, 0), run.pid);
		close(run.out);
		close(fd);
	}
	start(extra);
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* The second instance waits until the first one has gone. */
START_TEST(kept_waits)
{
	static struct process first;
	const char *args[] = { "serve", "-o", dns_line, "-o", kept_line, "-o",
		"listen inet:127.0.0.1:0", NULL };
	int dns = dns_open();

	kept_begin();
	spawn(&first, args);
	await_text(&first, "or:  mtasts query");
	spawn(&run, args);
	await_text(&run, "waiting for the instance that has it");
	ck_assert_ptr_null(strstr(run.log, "listening"));
	kill(first.pid, SIGTERM);
	ck_assert_int_eq(ended(&first), 0);
	await_text(&run, "or:  mtasts query");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* What is no journal is moved aside, and never a reason not to serve. */
START_TEST(kept_aside)
{
	const char *extra[] = { "-o", kept_line, NULL };
	int dns = dns_open();

	kept_begin();
	FILE *f = fopen(kept_path, "w");

	ck_assert_ptr_nonnull(f);
	fputs("something else\n", f);
	fclose(f);
	start(extra);
	await_text(&run, "not a journal; moved to ");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, kept);
	tcase_add_test(tc, kept_waits);
	tcase_add_test(tc, kept_aside);
}
