/* SPDX-License-Identifier: MIT */
/* The daemon: what is kept between two of its lives. */
#include "daemon.h"

#include <sys/file.h>

const char unit_name[] = "daemon_kept";

#define HELD "50:OK secure match=mx.example.com servername=hostname,"

/* Promise 7 without a server to ask: a name server that never answers. */
START_TEST(kept)
{
	const char *extra[] = { "-o", kept_line, NULL };
	int dns = dns_open(), status = 0;

	kept_begin();
	keep_policy();
	for (unsigned i = 0; i < 3; i++) {
		int fd = client(start(extra));

		send_key(fd, "example.com");
		expect(fd,
		    "50:OK secure match=mx.example.com servername=hostname,");
		await_text(&run, "event=journal-loaded records=1 lost=0");
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

/* The second instance waits a moment for the first one to go. */
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
 * If the first one stays, the second one serves from the journal as it is, and
 * writes nothing. When the lock comes free it takes it, reads what the first
 * one wrote last, and writes.
 */
START_TEST(kept_taken)
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
	/* The first one writes, and goes. */
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
	/* What it wrote anew is whole. */
	start(extra);
	await_text(&run, "event=journal-loaded records=2 lost=0");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* After the daemon was killed, no process waits for the lock any more. */
START_TEST(kept_taken_killed)
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
	/* Its standard error is closed when its last process has ended. */
	while (hear(&run)) {
	}
	close(run.out);
	close(lock);
	start(extra);
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* A file that is no journal is moved aside, and never keeps the daemon from
 * serving. */
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
	tcase_add_test(tc, kept_taken);
	tcase_add_test(tc, kept_taken_killed);
	tcase_add_test(tc, kept_aside);
}
