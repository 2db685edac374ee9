/* SPDX-License-Identifier: MIT */
/* What one daemon keeps for the next. */
#include "daemon.h"

#include <sys/file.h>

const char unit_name[] = "daemon_kept";

#define HELD "50:OK secure match=mx.example.com servername=hostname,"

/* Promise 7, with a name server that never answers. */
START_TEST(policies_outlive_a_killed_daemon)
{
	const char *extra[] = { "-o", kept_line, NULL };
	int dns = dns_open();

	kept_begin();
	keep_policy();
	for (unsigned i = 0; i < 3; i++) {
		int fd = client(start(extra));

		send_key(fd, "example.com");
		expect(fd,
		    "50:OK secure match=mx.example.com servername=hostname,");
		await_text(&run, "event=journal-loaded records=1 lost=0");
		kill_daemon();
		close(fd);
	}
	start(extra);
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* A second daemon waits a moment for the first one to end. */
START_TEST(a_second_daemon_waits_for_the_first_to_end)
{
	static struct process first;
	const char *args[] = { "serve", "-o", dns_line, "-o", kept_line, "-o",
		"listen inet:127.0.0.1:0", NULL };
	int dns = dns_open();

	kept_begin();
	spawn(&first, args);
	await_text(&first, "or:  mtasts query");
	spawn(&run, args);
	await_text(&run, "waiting for the instance that has it locked");
	kill(first.pid, SIGTERM);
	ck_assert_int_eq(ended(&first), 0);
	await_text(&run, "or:  mtasts query");
	ck_assert_ptr_null(strstr(run.log, "another instance has it"));
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/*
 * If the first daemon stays, the second one serves from the journal as it is,
 * and writes nothing. Once it gets the lock it reads what the first one wrote
 * last, and writes.
 */
START_TEST(a_second_daemon_takes_the_journal_over)
{
	const char *extra[] = { "-o", kept_line, NULL };
	static uint8_t image[1 << 20];
	int dns = dns_open(), lock;

	kept_begin();
	keep_policies(2);
	lock = open(kept_path, O_RDONLY);
	ssize_t size = read(lock, image, sizeof image);

	ck_assert_int_gt(size, 0);
	close(lock);
	keep_policies(1);
	lock = open(kept_path, O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(flock(lock, LOCK_EX | LOCK_NB), 0);
	int fd = client(start(extra));

	await_text(&run, "serving from what it held at the start");
	send_key(fd, "example.com");
	expect(fd, HELD);
	/* The first daemon writes, and ends. */
	ck_assert_int_eq(pwrite(lock, image, (size_t)size, 0), size);
	run.log[run.len = 0] = '\0';
	close(lock);
	await_text(&run, "event=journal-loaded records=2 lost=0");
	send_key(fd, "later.example");
	expect(fd, HELD);
	send_key(fd, "example.com");
	expect(fd, HELD);
	lock = open(kept_path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ne(flock(lock, LOCK_EX | LOCK_NB), 0);
	close(lock);
	close(fd);
	ck_assert_int_eq(stop(), 0);
	/* What the second daemon wrote is complete. */
	start(extra);
	await_text(&run, "event=journal-loaded records=2 lost=0");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* Once the daemon is killed, none of its processes waits for the lock any
 * more. */
START_TEST(no_process_of_a_killed_daemon_waits)
{
	const char *extra[] = { "-o", kept_line, NULL };
	int dns = dns_open(), lock, status = 0;

	kept_begin();
	keep_policy();
	lock = open(kept_path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(flock(lock, LOCK_EX | LOCK_NB), 0);
	start(extra);
	kill(run.pid, SIGKILL);
	ck_assert_int_eq(waitpid(run.pid, &status, 0), run.pid);
	/* The pipe is closed once the last process has ended. */
	while (read_output(&run)) {
	}
	close(run.out);
	close(lock);
	start(extra);
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* A file that is no journal is moved aside, and does not keep the daemon from
 * serving. */
START_TEST(a_file_that_is_no_journal_is_moved_aside)
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
	tcase_add_test(tc, policies_outlive_a_killed_daemon);
	tcase_add_test(tc, a_second_daemon_waits_for_the_first_to_end);
	tcase_add_test(tc, a_second_daemon_takes_the_journal_over);
	tcase_add_test(tc, no_process_of_a_killed_daemon_waits);
	tcase_add_test(tc, a_file_that_is_no_journal_is_moved_aside);
}
