/* SPDX-License-Identifier: MIT */
/*
 * What the daemon does about TLS reports besides the agent: files that outlive
 * it (boards/posix/report_file.h), and reports that the operator reads while
 * they are delivered or given up (boards/posix/control_report.h); what a record
 * contains about them (boards/posix/control_record.h).
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../boards/posix/control_record.h"
#include "../../boards/posix/control_report.h"
#include "../../boards/posix/report_file.h"
#include "../../core/base/crc32.h"
#include "../../core/base/text.h"
#include "../../core/cache/payload.h"
#include "report_world.h"

const char unit_name[] = "report_board";

enum {
	MARK = 16, /* octets of one in its file */
	MANY = 200,
	OUT_MAX = 1 << 16
};

static struct sts_conf conf;
static struct sts_log sink;
static struct sts_report_file file;
static char place[] = "/tmp/mtasts-test-XXXXXX";

static void
start(void)
{
	set_up(524288);
	begin();
}

/* A session with a domain; the day's report about it. */
static uint32_t
counted(const char *domain)
{
	ck_assert(session(domain, true));
	return sts_tally_find(
	    tally(), sts_tally_today(tally()), unit_span(domain), 0);
}

/* ---- files ---- */

static void
open_files(void)
{
	memset(&conf, 0, sizeof conf);
	snprintf(conf.journal, sizeof conf.journal, "%s/journal", place);
	snprintf(
	    conf.report.contact, sizeof conf.report.contact, "a@b.example");
	conf.report.reports = STS_REPORTS_ALL;
	sts_report_file_open(&file, &conf, &sink);
	ck_assert_int_ge(file.marks, 0);
	sts_report_file_load(&file, &agent, &driver, now);
}

static void
close_files(void)
{
	close(file.image[0]);
	close(file.image[1]);
	close(file.marks);
	close(file.lock);
}

/* Let the child write what has changed. */
static void
write_image(void)
{
	for (unsigned i = 0; i < 2000; i++) {
		sts_report_file_tick(&file, false, now);
		if (file.child == 0 && sts_report_file_saved(&file)) {
			return;
		}
		usleep(5000);
		now += 200;
	}
	ck_abort_msg("no image");
}

/* A report is at its last octet on the way to a destination. */
static void
wait_for_mark(uint32_t ref, unsigned number)
{
	struct sts_agent_report *r = agent.reporter;

	r->step = STS_REPORT_SENDS;
	r->ref = ref;
	r->to.number = number;
	r->mark_waits = true;
	r->marked = false;
	file.next = now + 1000; /* no image meanwhile */
}

/* The board has to write that down. */
static void
mark(uint32_t ref, unsigned number)
{
	struct sts_agent_report *r = agent.reporter;

	wait_for_mark(ref, number);
	for (unsigned i = 0; i < 10000 && !r->marked; i++) {
		sts_report_file_tick(&file, false, now);
		usleep(500);
	}
	ck_assert(!r->mark_waits && r->marked);
	r->step = STS_REPORT_REST;
}

/* The daemon was killed, and starts again. */
static void
killed(void)
{
	close_files();
	stop();
	start();
	open_files();
}

static unsigned
done(const char *domain)
{
	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		uint32_t ref = sts_tally_find(tally(), i, unit_span(domain), 0);
		struct sts_tally_domain d;

		if (ref != 0) {
			sts_tally_domain(tally(), ref, &d);
			return d.delivery.done;
		}
	}
	return 0x100;
}

static long
marks_size(void)
{
	struct stat st;

	ck_assert_int_eq(fstat(file.marks, &st), 0);
	return (long)st.st_size;
}

/* Marks that are in no image are the only trace of what was delivered: they are
 * neither forgotten nor overwritten, whatever restarts come before an image is
 * written, which then has them. */
START_TEST(marks_outlive_restarts)
{
	uint32_t a, b;

	start();
	open_files();
	sts_tally_day(tally(), DAY);
	a = counted("a.example");
	b = counted("b.example");
	sts_tally_day(tally(), DAY + 1);
	write_image();
	mark(a, 0);
	mark(a, 2);
	mark(b, 1);
	unit_int("marks", marks_size(), 3L * MARK);

	killed();
	unit_int("a", done("a.example"), 5);
	unit_int("b", done("b.example"), 2);
	/* A mark after the restart is written after those, and before the
	 * image. */
	b = sts_tally_find(tally(), 0, unit_span("b.example"), 0);
	mark(b, 3);
	unit_int("marks", marks_size(), 4L * MARK);

	killed();
	unit_int("a again", done("a.example"), 5);
	unit_int("b again", done("b.example"), 10);
	/* Nothing else has changed, and yet an image is due: it has them. */
	ck_assert(!sts_report_file_saved(&file));
	write_image();
	ck_assert_int_eq(ftruncate(file.marks, 0), 0);
	killed();
	unit_int("a of the image", done("a.example"), 5);
	unit_int("b of the image", done("b.example"), 10);
	close_files();
	stop();
}
END_TEST

/* Marks in the form of earlier builds (number, 4 octets of check, CRC) have no
 * effect, whatever they are, and marks written after them count. */
START_TEST(marks_of_earlier_builds)
{
	enum {
		OLD = 12,
		OLDS = 9
	};
	uint8_t old[OLD * OLDS];
	uint32_t a;

	start();
	open_files();
	for (unsigned i = 0; i < OLDS; i++) {
		uint8_t *p = old + (size_t)i * OLD;

		sts_put32le(p, (uint32_t)DAY << 8 | i % 4);
		sts_put32le(p + 4, i);
		sts_put32le(p + 8, sts_crc32(0, sts_text(p, 8)));
	}
	ck_assert_int_eq(
	    pwrite(file.marks, old, sizeof old, 0), (ssize_t)sizeof old);
	sts_tally_day(tally(), DAY);
	counted("a.example");
	sts_tally_day(tally(), DAY + 1);
	write_image();
	killed();
	unit_int("a", done("a.example"), 0);
	a = sts_tally_find(tally(), 0, unit_span("a.example"), 0);
	mark(a, 2);
	killed();
	unit_int("a, marked", done("a.example"), 4);
	close_files();
	stop();
}
END_TEST

/* However many marks there are, and in whatever order, each finds its domain,
 * its day and its destination, and no other. */
START_TEST(marks_by_hundreds)
{
	char name[32];

	start();
	open_files();
	sts_tally_day(tally(), DAY);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		counted(name);
	}
	sts_tally_day(tally(), DAY + 1);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		counted(name); /* another day */
	}
	write_image();
	for (unsigned i = 0; i < MANY; i++) {
		unsigned k = i * 37 % MANY;

		snprintf(name, sizeof name, "d%u.example", k);
		if (k % 5 != 4) {
			mark(sts_tally_find(tally(), 0, unit_span(name), 0),
			    k % 5);
		}
	}
	killed();
	for (unsigned i = 0; i < MANY; i++) {
		struct sts_tally_domain d;

		snprintf(name, sizeof name, "d%u.example", i);
		unit_int(name, done(name), i % 5 != 4 ? 1 << i % 5 : 0);
		sts_tally_domain(tally(),
		    sts_tally_find(tally(), 1, unit_span(name), 0), &d);
		unit_int(name, d.delivery.done, 0);
	}
	close_files();
	stop();
}
END_TEST

/* ---- a disk that hangs ---- */

static pid_t daemon_pid; /* of what must not wait; 0: nothing hangs */

/* glibc has another name for what writes to large files. */
#ifdef __USE_FILE_OFFSET64
#define WRITES(prefix) prefix##pwrite64
#else
#define WRITES(prefix) prefix##pwrite
#endif

ssize_t WRITES(__real_)(int fd, const void *p, size_t n, off_t at);
ssize_t WRITES(__wrap_)(int fd, const void *p, size_t n, off_t at);

ssize_t
WRITES(__wrap_)(int fd, const void *p, size_t n, off_t at)
{
	while (daemon_pid != 0) {
		ck_assert_int_ne(getpid(), daemon_pid);
		pause();
	}
	return WRITES(__real_)(fd, p, n, at);
}

/* Whatever else the process had open when it forked, the child has not: of a
 * pipe the other end sees that at once. */
static void
expect_closed(int other_end)
{
	struct pollfd p = { other_end, 0, 0 };

	ck_assert_int_eq(poll(&p, 1, 20000), 1);
	ck_assert_int_ne(p.revents & POLLHUP, 0);
	close(other_end);
}

static int
open_pipe(int *other_end)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	*other_end = ends[0];
	return ends[1];
}

/* A child that waits for the disk holds nothing that the daemon, or the one
 * after it, needs: listeners, clients, locks. */
START_TEST(disk_hangs_image)
{
	int other_end, end = open_pipe(&other_end);

	start();
	open_files();
	sts_tally_day(tally(), DAY);
	counted("a.example");
	daemon_pid = getpid();
	for (unsigned i = 0; i < 100 && file.child == 0; i++) {
		sts_report_file_tick(&file, false, now += 20000);
	}
	ck_assert_int_gt(file.child, 0);
	close(end);
	expect_closed(other_end);
	/* The daemon goes on. */
	ck_assert_uint_gt(sts_report_file_tick(&file, false, now), 0);
	ck_assert_int_gt(file.child, 0);
	kill(file.child, SIGKILL);
	daemon_pid = 0;
	close_files();
	stop();
}
END_TEST

/* Nor does a report wait for it longer than for a disk that works. */
START_TEST(disk_hangs_mark)
{
	struct sts_agent_report *r;
	uint32_t a;
	int other_end, end;

	start();
	open_files();
	r = agent.reporter;
	sts_tally_day(tally(), DAY);
	a = counted("a.example");
	sts_tally_day(tally(), DAY + 1);
	write_image();
	daemon_pid = getpid();
	end = open_pipe(&other_end);
	wait_for_mark(a, 0);
	file.next = now + 100000;
	sts_report_file_tick(&file, false, now);
	ck_assert(r->mark_waits);
	close(end);
	expect_closed(other_end);
	sts_report_file_tick(&file, false, now + STS_REPORT_FILE_MARK_MS - 1);
	ck_assert(r->mark_waits);
	sts_report_file_tick(&file, false, now + STS_REPORT_FILE_MARK_MS);
	ck_assert(r->marked && file.unmarked);
	/* The next one does not wait at all, and takes no further process. */
	pid_t marker = file.marker;

	wait_for_mark(a, 1);
	file.next = now + 100000;
	sts_report_file_tick(&file, false, now + STS_REPORT_FILE_MARK_MS + 1);
	ck_assert(r->marked);
	ck_assert_int_eq(file.marker, marker);
	/* When the disk is back there are marks again. */
	daemon_pid = 0;
	kill(marker, SIGKILL);
	mark(a, 2);
	r->step = STS_REPORT_REST;
	unit_int("marks", marks_size(), 2L * MARK);
	killed();
	unit_int("a", done("a.example"), 4);
	close_files();
	stop();
}
END_TEST

/* Nor does the daemon that comes after one that was killed meanwhile. */
START_TEST(disk_hangs_killed)
{
	static struct sts_report_file next;
	uint32_t a;
	int other_end, end;

	start();
	open_files();
	sts_tally_day(tally(), DAY);
	a = counted("a.example");
	sts_tally_day(tally(), DAY + 1);
	write_image();
	daemon_pid = getpid();
	end = open_pipe(&other_end);
	wait_for_mark(a, 0);
	file.next = now + 100000;
	sts_report_file_tick(&file, false, now);
	ck_assert_int_gt(file.marker, 0);
	close(end);
	expect_closed(other_end); /* it hangs now */
	/* While it lives no other process writes. */
	sts_report_file_open(&next, &conf, &sink);
	unit_int("locked", next.marks, -1);
	close_files();
	sts_report_file_open(&next, &conf, &sink);
	ck_assert_int_ge(next.marks, 0);
	ck_assert_int_eq(waitpid(file.marker, NULL, WNOHANG), 0);
	daemon_pid = 0;
	kill(file.marker, SIGKILL);
	file = next;
	close_files();
	stop();
}
END_TEST

static struct stat synced; /* the last file of which all was made durable */

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	ck_assert_int_eq(fstat(fd, &synced), 0);
	return __real_fsync(fd);
}

/* Files that are new have their names after a power cut, too. */
START_TEST(names_are_durable)
{
	struct stat folder;

	start();
	open_files();
	ck_assert_int_eq(stat(place, &folder), 0);
	ck_assert(synced.st_dev == folder.st_dev);
	ck_assert(synced.st_ino == folder.st_ino);
	close_files();
	stop();
}
END_TEST

static struct rlimit all_files;

static void
allow_files(int number)
{
	(void)number;
	setrlimit(RLIMIT_NOFILE, &all_files);
}

/* A shortage of a moment at the start does not count until the next one. */
START_TEST(opened_when_not_short)
{
	struct itimerval soon = { { 0, 0 }, { 0, 50000 } };
	struct rlimit none;

	start();
	open_files();
	counted("a.example");
	write_image();
	close_files();
	stop();
	start();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &all_files), 0);
	none = all_files;
	none.rlim_cur = 3;
	signal(SIGALRM, allow_files);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
	open_files();
	unit_int("a", done("a.example"), 0);
	close_files();
	stop();
}
END_TEST

/* Nor does the lock of an instance that is about to end. */
START_TEST(opened_when_free)
{
	struct sts_report_file other;

	start();
	open_files();
	other = file;
	pid_t last = fork();

	if (last == 0) {
		poll(NULL, 0, 50);
		_exit(0);
	}
	ck_assert_int_gt(last, 0);
	close(other.lock); /* the child has it */
	sts_report_file_open(&file, &conf, &sink);
	ck_assert_int_ge(file.marks, 0);
	ck_assert_int_eq(waitpid(last, NULL, 0), last);
	close_files();
	close(other.image[0]);
	close(other.image[1]);
	close(other.marks);
	stop();
}
END_TEST

/* A file that cannot be read is not taken for a missing one: that is logged. */
START_TEST(image_unreadable)
{
	char name[sizeof place + 32], said[256] = "";
	int ends[2], before = dup(STDERR_FILENO);

	snprintf(name, sizeof name, "%s/journal.reports-1", place);
	ck_assert_int_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	start();
	open_files();
	close_files();
	ck_assert_int_eq(write(ends[1], "\n", 1), 1);
	ck_assert_int_eq(read(ends[0], said, sizeof said - 1), 1);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	open_files();
	close_files();
	ck_assert_int_eq(write(ends[1], "\n", 1), 1);
	ck_assert_int_gt(read(ends[0], said, sizeof said - 1), 0);
	dup2(before, STDERR_FILENO);
	close(before);
	close(ends[0]);
	close(ends[1]);
	ck_assert_ptr_nonnull(strstr(said, strerror(ESPIPE)));
	stop();
}
END_TEST

/* A mark that cannot be written costs nothing that is counted: at the end it is
 * waited for as ever. */
START_TEST(mark_fails)
{
	uint32_t a;

	start();
	open_files();
	sts_tally_day(tally(), DAY);
	a = counted("a.example");
	sts_tally_day(tally(), DAY + 1);
	write_image();
	daemon_pid = getpid();
	wait_for_mark(a, 0);
	file.next = now + 100000;
	sts_report_file_tick(&file, false, now);
	ck_assert_int_gt(file.marker, 0);
	kill(file.marker, SIGKILL);
	for (unsigned i = 0; i < 1000 && file.marker > 0; i++) {
		sts_report_file_tick(&file, false, now);
		poll(NULL, 0, 10);
	}
	daemon_pid = 0;
	ck_assert(((struct sts_agent_report *)agent.reporter)->marked);
	counted("b.example");
	ck_assert(!sts_report_file_saved(&file));
	for (unsigned i = 0; i < 1000 && !sts_report_file_saved(&file); i++) {
		sts_report_file_tick(&file, true, now += 10);
		poll(NULL, 0, 10);
	}
	killed();
	unit_int("b", done("b.example"), 0);
	close_files();
	mem_end(&mem);
}
END_TEST

/* ---- reports that the operator reads ---- */

static uint8_t out[OUT_MAX];
static struct sts_control_report shown;

/* Show up to `pieces` pieces. Returns how many there were. */
static unsigned
show(unsigned pieces, size_t *len)
{
	struct sts_sink s = { 0, 0, sizeof out, out };
	struct sts_json_put put;
	unsigned n = 0;

	sts_json_put_begin(&put, &s);
	while (n < pieces && sts_control_report_put(&shown, &put)) {
		n++;
	}
	*len = s.pos;
	return n;
}

static void
begin_show(bool json)
{
	memset(&shown, 0, sizeof shown);
	ck_assert(sts_control_report_show(
	    &shown, &agent, unit_span("a.example"), json, 7));
}

/* However much of a report was shown when its domain goes: the text has no end
 * that a reader could take for that of a whole report, and another domain at
 * the same place is left alone. */
static void
show_and_drop(bool json)
{
	unsigned all = 0;
	size_t len;

	for (unsigned i = 0; i <= all + 1; i++) {
		uint32_t ref = counted("a.example"), other;

		ck_assert_uint_ne(ref, 0);
		begin_show(json);
		if (i == 0) {
			all = show(1000, &len);
			ck_assert_uint_gt(all, 2);
			/* One line, whatever is in it. */
			ck_assert_ptr_eq(memchr(out, '\n', len), out + len - 1);
			ck_assert(!sts_control_report_gone(&shown));
		} else {
			show(i - 1, &len);
		}
		sts_tally_drop(tally(), ref, true);
		sts_tally_day(tally(), tally()->days[tally()->today] + 1);
		other = counted("b.example");
		if (i > 0 && i <= all) {
			unit_int("pieces", show(1000, &len), 0);
			unit_int("octets", (long long)len, 0);
			ck_assert(sts_control_report_gone(&shown));
		}
		sts_control_report_end(&shown);
		sts_tally_pin(tally(), other);
		sts_tally_unpin(tally(), other);
		sts_tally_drop(tally(), other, true);
		ck_assert(sts_tally_check(tally()));
		sts_tally_day(tally(), tally()->days[tally()->today] + 1);
	}
}

START_TEST(shown_report_is_dropped)
{
	start();
	sts_tally_day(tally(), DAY);
	show_and_drop(true);
	show_and_drop(false);
	stop();
}
END_TEST

/* Whether the text is one JSON object. */
static bool
is_object(struct sts_text t)
{
	struct sts_json j;
	enum sts_json_event what = STS_JSON_MORE;

	sts_json_begin(&j);
	while (t.n > 0 && what < STS_JSON_LIMIT) {
		t = sts_text_skip(t, sts_json_read(&j, t, &what));
	}
	return what < STS_JSON_LIMIT && sts_json_between(&j);
}

/* Sessions end while today's report is read, an octet at a time: numbers grow
 * longer, and the first failure of a policy comes at each place once. */
START_TEST(report_is_whole_while_counted)
{
	static const char domain[] = "a.example";
	struct sts_report_config names;
	struct sts_report r;
	size_t len = 1;

	start();
	sts_tally_day(tally(), DAY);
	ck_assert(sts_agent_report_config(&agent, &names));
	for (size_t first = 0; first < len; first++) {
		for (unsigned i = 0; i < 9; i++) {
			ck_assert(session(domain, false));
		}
		uint32_t ref = sts_tally_find(
		    tally(), sts_tally_today(tally()), unit_span(domain), 0);

		sts_tally_pin(tally(), ref);
		sts_report_begin(&r, tally(), ref, &names);
		for (len = 0; len < sizeof out &&
			      sts_report_read(&r, sts_span(out + len, 1)) > 0;
		     len++) {
			if (len >= first) {
				counted(domain);
			}
		}
		ck_assert_msg(is_object(sts_text(out, len)), "from %lu: %.*s",
		    (unsigned long)first, (int)len, (const char *)out);
		sts_tally_unpin(tally(), ref);
		sts_tally_drop(tally(), ref, true);
		sts_tally_day(tally(), tally()->days[tally()->today] + 1);
	}
	stop();
}
END_TEST

/* A reload overwrites the names that the report began with. */
START_TEST(report_keeps_its_names)
{
	static char contact[] = "tls@gateway.example";
	size_t before, after;
	static uint8_t was[OUT_MAX];

	start();
	reporter.contact = unit_span(contact);
	sts_tally_day(tally(), DAY);
	counted("a.example");
	begin_show(false);
	show(1000, &before);
	memcpy(was, out, before);
	sts_control_report_end(&shown);
	begin_show(false);
	memset(contact, 'x', sizeof contact - 1);
	show(1000, &after);
	unit_int("octets", (long long)after, (long long)before);
	ck_assert_mem_eq(out, was, before);
	sts_control_report_end(&shown);
	stop();
}
END_TEST

/* ---- records that the operator reads ---- */

/* A policy in testing mode, and a session that failed under it. */
static void
learn_testing(const char *domain)
{
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_TESTING;
	e.fetched_s = 1700000000;
	e.max_age_s = 604800;
	ck_assert(sts_cache_stage(&agent.cache, &s, unit_span(domain)));
	ck_assert(sts_payload_begin(&agent.cache, &s, unit_span("1")));
	ck_assert(
	    sts_payload_add_mx(&agent.cache, &s, unit_span("mx.example.com")));
	sts_cache_commit(
	    &agent.cache, &s, &e, sts_now(1700000000, false), &ref);
}

static void
failed_under_it(const char *domain)
{
	struct sts_report_failure f;

	memset(&f, 0, sizeof f);
	f.result = STS_REPORT_EXPIRED;
	ck_assert(sts_event_begin(&event, unit_span(domain),
	    unit_span("v=TLSRPTv1; rua=mailto:a@b.example")));
	sts_event_policy(&event, STS_REPORT_STS, unit_span(domain));
	sts_event_string(&event, unit_span("version: STSv1"));
	event.failed = true;
	sts_event_failure(&event, &f);
	ck_assert(sts_agent_report_event(&agent, &event));
}

/* A record is cut into windows out of the same text, however many sessions end
 * between two of them: the tenth makes a number longer. */
START_TEST(record_is_the_same_each_time)
{
	static const char domain[] = "a.example";
	static struct sts_control_record r;
	const struct sts_control_about about = { unit_span(domain),
		unit_span(""), "daemon", -1, 0 };
	static uint8_t was[4096], is[4096];
	struct sts_sink first = { 0, 0, sizeof was, was };

	start();
	sts_tally_day(tally(), DAY);
	learn_testing(domain);
	for (unsigned i = 0; i < 9; i++) {
		failed_under_it(domain);
	}
	sts_control_record_begin(&r, &agent, &about);
	sts_control_record_render(&r, &first);
	was[first.pos] = '\0';
	ck_assert_ptr_nonnull(strstr((char *)was, "\"testing_failed\":9,"));
	for (unsigned i = 0; i < 3; i++) {
		struct sts_sink again = { 0, 0, sizeof is, is };

		failed_under_it(domain);
		if (i == 2) {
			settings.reporter = NULL; /* a reload */
		}
		sts_control_record_render(&r, &again);
		is[again.pos] = '\0';
		ck_assert_str_eq((char *)is, (char *)was);
	}
	settings.reporter = &reporter;
	sts_control_record_end(&r);
	stop();
}
END_TEST

static void
make_place(void)
{
	ck_assert_ptr_nonnull(mkdtemp(place));
}

static void
remove_place(void)
{
	static const char *const names[] = { "0", "1", "sent" };
	char path[128];

	for (unsigned i = 0; i < UNIT_COUNT(names); i++) {
		snprintf(path, sizeof path, "%s/journal.reports-%s", place,
		    names[i]);
		unlink(path);
	}
	rmdir(place);
}

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, make_place, remove_place);
	tcase_add_test(tc, marks_outlive_restarts);
	tcase_add_test(tc, marks_of_earlier_builds);
	tcase_add_test(tc, marks_by_hundreds);
	tcase_add_test(tc, disk_hangs_image);
	tcase_add_test(tc, disk_hangs_mark);
	tcase_add_test(tc, disk_hangs_killed);
	tcase_add_test(tc, names_are_durable);
	tcase_add_test(tc, opened_when_not_short);
	tcase_add_test(tc, opened_when_free);
	tcase_add_test(tc, image_unreadable);
	tcase_add_test(tc, mark_fails);
	tcase_add_test(tc, shown_report_is_dropped);
	tcase_add_test(tc, report_is_whole_while_counted);
	tcase_add_test(tc, report_keeps_its_names);
	tcase_add_test(tc, record_is_the_same_each_time);
}
