/* SPDX-License-Identifier: MIT */
/*
 * What the daemon does about TLS reports besides the agent: the files that
 * outlive it (boards/posix/report_file.h); the reports that the operator reads
 * while they are delivered or given up (boards/posix/control_report.h); what
 * the control socket shows of a record (boards/posix/control_record.h).
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
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
	MARK = 16, /* octets of a mark in its file */
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

/* Count a failed session with a domain. Returns the day's entry of the
 * domain. */
static uint32_t
counted(const char *domain)
{
	ck_assert(session(domain, true));
	return sts_tally_find(
	    tally(), sts_tally_today(tally()), unit_span(domain), 0);
}

/* ---- files ---- */

static void
set_conf(void)
{
	memset(&conf, 0, sizeof conf);
	snprintf(conf.journal, sizeof conf.journal, "%s/journal", place);
	snprintf(
	    conf.report.contact, sizeof conf.report.contact, "a@b.example");
	conf.report.reports = STS_REPORTS_ALL;
}

static void
open_files(void)
{
	set_conf();
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

/* Let the child write an image of what has changed. */
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

/* A report waits for its mark before its last octet goes to destination
 * `number`. */
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

/* The board writes the mark of that report. */
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

/* The daemon is killed and starts again. */
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

/* Marks that are in no image are the only trace of what was delivered. They are
 * neither forgotten nor overwritten by restarts that come before the next
 * image, which then has them. */
START_TEST(marks_outlive_restarts_without_an_image)
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
	unit_int("octets of marks", marks_size(), 3L * MARK);

	killed();
	unit_int("destinations done of a", done("a.example"), 5);
	unit_int("destinations done of b", done("b.example"), 2);
	/* A mark made after the restart goes behind those. */
	b = sts_tally_find(tally(), 0, unit_span("b.example"), 0);
	mark(b, 3);
	unit_int("octets of marks", marks_size(), 4L * MARK);

	killed();
	unit_int(
	    "destinations done of a after a second kill", done("a.example"), 5);
	unit_int("destinations done of b after a second kill",
	    done("b.example"), 10);
	/* An image is due for the marks alone, and has them. */
	ck_assert(!sts_report_file_saved(&file));
	write_image();
	ck_assert_int_eq(ftruncate(file.marks, 0), 0);
	killed();
	unit_int("destinations done of a, by the image", done("a.example"), 5);
	unit_int("destinations done of b, by the image", done("b.example"), 10);
	close_files();
	stop();
}
END_TEST

/* Marks in the form of earlier builds (number, 4 octets of check, CRC) have no
 * effect whatever they hold, and later marks count. */
START_TEST(marks_of_earlier_builds_have_no_effect)
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
	unit_int("destinations done of a", done("a.example"), 0);
	a = sts_tally_find(tally(), 0, unit_span("a.example"), 0);
	mark(a, 2);
	killed();
	unit_int("destinations done of a after a mark", done("a.example"), 4);
	close_files();
	stop();
}
END_TEST

/* Each of many marks, in whatever order, finds its domain, day and destination,
 * and no other. */
START_TEST(each_mark_finds_its_domain_and_day)
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
		counted(name); /* once more, on another day */
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

static pid_t daemon_pid; /* whose writes must not wait; 0: no write hangs */

/* glibc calls a write to large files by another name. */
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

/* The child has closed what its parent had open: the other end of a pipe sees
 * that. */
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

/* A child that waits for the disk holds nothing that the daemon, or its
 * successor, needs: listeners, clients, locks. */
START_TEST(a_hanging_image_holds_nothing_of_the_daemon)
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

/* A report waits for a disk that hangs only for a limited time. */
START_TEST(a_report_does_not_wait_for_a_hanging_disk)
{
	struct sts_agent_report *r;
	siginfo_t ended;
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
	/* The next report does not wait at all and starts no further
	 * process. */
	pid_t marker = file.marker;

	wait_for_mark(a, 1);
	file.next = now + 100000;
	sts_report_file_tick(&file, false, now + STS_REPORT_FILE_MARK_MS + 1);
	ck_assert(r->marked);
	ck_assert_int_eq(file.marker, marker);
	/* A report after weeks, in which the disk still hangs, does not wait
	 * either. */
	for (unsigned day = 0; day < 26; day++) {
		now += 86400000;
		file.next = now + 100000;
		sts_report_file_tick(&file, false, now);
	}
	wait_for_mark(a, 1);
	file.next = now + 100000;
	sts_report_file_tick(&file, false, now);
	ck_assert(r->marked);
	ck_assert_int_eq(file.marker, marker);
	/* When the disk works again there are marks again. */
	daemon_pid = 0;
	kill(marker, SIGKILL);
	ck_assert_int_eq(
	    waitid(P_PID, (id_t)marker, &ended, WEXITED | WNOWAIT), 0);
	mark(a, 2);
	r->step = STS_REPORT_REST;
	unit_int("octets of marks", marks_size(), 2L * MARK);
	killed();
	unit_int("destinations done of a", done("a.example"), 4);
	close_files();
	stop();
}
END_TEST

/* A daemon that follows a killed one does not wait for the disk either. */
START_TEST(the_next_daemon_does_not_wait_for_the_disk)
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
	expect_closed(other_end); /* the child hangs now */
	/* While the daemon lives no other process writes. */
	sts_report_file_open(&next, &conf, &sink);
	unit_int("descriptor of marks while locked", next.marks, -1);
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

static struct stat synced; /* the file that was last made durable as a whole */

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	ck_assert_int_eq(fstat(fd, &synced), 0);
	return __real_fsync(fd);
}

/* New files keep their names over a power cut. */
START_TEST(names_of_new_files_are_durable)
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

/* A momentary shortage at the start does not last until the next start. */
START_TEST(files_are_opened_once_descriptors_are_free)
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
	unit_int("destinations done of a", done("a.example"), 0);
	close_files();
	stop();
}
END_TEST

/* The files are opened once an instance that is ending has released its
 * lock. */
START_TEST(files_are_opened_once_the_lock_is_free)
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
	close(other.lock); /* only the child still holds it */
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

/* What is logged, from here to log_text(). */
static int log_ends[2], log_before;

static void
log_begin(void)
{
	log_before = dup(STDERR_FILENO);
	ck_assert_int_eq(pipe(log_ends), 0);
	dup2(log_ends[1], STDERR_FILENO);
}

static const char *
log_text(void)
{
	static char text[512];
	ssize_t n;

	ck_assert_int_eq(write(log_ends[1], "\n", 1), 1);
	n = read(log_ends[0], text, sizeof text - 1);
	ck_assert_int_gt(n, 0);
	text[n - 1] = '\0';
	dup2(log_before, STDERR_FILENO);
	close(log_before);
	close(log_ends[0]);
	close(log_ends[1]);
	return text;
}

/* A file that cannot be read is logged, not taken for a missing one. */
START_TEST(an_unreadable_image_is_logged)
{
	char name[sizeof place + 32];

	snprintf(name, sizeof name, "%s/journal.reports-1", place);
	start();
	log_begin();
	open_files();
	close_files();
	ck_assert_str_eq(log_text(), "");
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	log_begin();
	open_files();
	close_files();
	ck_assert_ptr_nonnull(strstr(log_text(), strerror(ESPIPE)));
	stop();
}
END_TEST

/* Whether the next start after a kill logs that an image is damaged. */
static bool
finds_damage(void)
{
	log_begin();
	killed();
	return strstr(log_text(), "it is damaged") != NULL;
}

/* A head that is damaged, in any octet, is logged, as a damaged body is: the
 * newest counts are lost. A first image that was cut short is none. */
START_TEST(a_damaged_head_is_logged)
{
	enum {
		HEAD = 16
	};
	static const uint8_t unwritten[HEAD];
	uint8_t head[HEAD], damaged[HEAD];
	unsigned newest;

	start();
	open_files();
	sts_tally_day(tally(), DAY);
	counted("a.example");
	write_image();
	counted("b.example");
	file.next = now;
	write_image();
	newest = file.serial % STS_REPORT_IMAGES;
	ck_assert_int_eq(pread(file.image[newest], head, HEAD, 0), HEAD);
	for (unsigned i = 0; i < HEAD; i++) {
		memcpy(damaged, head, HEAD);
		damaged[i] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(
		    pwrite(file.image[newest], damaged, HEAD, 0), HEAD);
		ck_assert(finds_damage());
		unit_int("a is known", done("a.example"), 0);
		unit_int("b is known", done("b.example"), 0x100);
	}
	ck_assert_int_eq(pwrite(file.image[newest], unwritten, HEAD, 0), HEAD);
	ck_assert(!finds_damage());
	unit_int("a is known", done("a.example"), 0);
	ck_assert_int_eq(pwrite(file.image[newest], head, HEAD, 0), HEAD);
	ck_assert(!finds_damage());
	unit_int("b is known", done("b.example"), 0);
	close_files();
	stop();
}
END_TEST

/* A file that somebody has linked under one of the names is not written to. */
START_TEST(a_linked_file_is_not_written_to)
{
	static const char *const names[] = { "0", "1", "sent" };
	char linked[sizeof place + 32], other[sizeof place + 32];

	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		snprintf(other, sizeof other, "%s/other", place);
		snprintf(linked, sizeof linked, "%s/journal.reports-%s", place,
		    names[i]);
		int fd = open(other, O_WRONLY | O_CREAT, 0600);

		ck_assert_int_ge(fd, 0);
		close(fd);
		(void)unlink(linked);
		ck_assert_int_eq(link(other, linked), 0);
		set_conf();
		sts_report_file_open(&file, &conf, &sink);
		unit_int(names[i], file.marks, -1);
		unit_int(names[i], file.lock, -1);
		ck_assert_int_eq(unlink(linked), 0);
		ck_assert_int_eq(unlink(other), 0);
	}
	start();
	open_files();
	close_files();
	stop();
}
END_TEST

/* A mark that cannot be written does not keep the next image from being
 * written. */
START_TEST(a_failed_mark_costs_no_count)
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
	unit_int("destinations done of b", done("b.example"), 0);
	close_files();
	mem_end(&mem);
}
END_TEST

/* ---- reports that the operator reads ---- */

static uint8_t out[OUT_MAX];
static struct sts_control_report shown;

/* Show up to `pieces` pieces. Returns the number shown. */
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

/* A domain may go at any point of its report: the text then does not end like a
 * whole report, and another domain at the same place is left alone. */
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
			/* A report is one line, whatever it holds. */
			ck_assert_ptr_eq(memchr(out, '\n', len), out + len - 1);
			ck_assert(!sts_control_report_gone(&shown));
		} else {
			show(i - 1, &len);
		}
		sts_tally_drop(tally(), ref, true);
		sts_tally_day(tally(), tally()->days[tally()->today] + 1);
		other = counted("b.example");
		if (i > 0 && i <= all) {
			unit_int("further pieces", show(1000, &len), 0);
			unit_int("further octets", (long long)len, 0);
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

/* However a domain is spelt, its report is found, as its policy is. */
START_TEST(a_report_is_found_by_any_spelling)
{
	static const struct {
		const char *key;
		bool found;
	} rows[] = { { "xn--bcher-kva.example", true },
		{ "XN--Bcher-kva.EXAMPLE", true },
		{ "b\xc3\xbc\x63her.example", true }, /* U+00FC */
		{ "bu\xcc\x88\x63her.example", true }, /* u, U+0308 */
		{ "b.example", false }, { "", false } };

	start();
	sts_tally_day(tally(), DAY);
	ck_assert_uint_ne(counted("xn--bcher-kva.example"), 0);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		memset(&shown, 0, sizeof shown);
		unit_int(rows[i].key,
		    sts_control_report_show(
			&shown, &agent, unit_span(rows[i].key), true, 7),
		    rows[i].found);
		sts_control_report_end(&shown);
	}
	stop();
}
END_TEST

START_TEST(a_report_shown_in_part_never_looks_whole)
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

/* Sessions end while today's report is read an octet at a time. Numbers grow
 * longer, and a policy gets its first failure, at each place once. */
START_TEST(a_report_is_whole_while_sessions_are_counted)
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

static unsigned
count_of(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word)) != NULL) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* A list goes on by the number of the domain that it has got to. If that domain
 * goes, and the number becomes another's of today, today's domains are not
 * listed as waiting. */
START_TEST(a_list_tells_days_apart)
{
	static const char record[] = "v=TLSRPTv1;";
	struct sts_json_put put;
	struct sts_sink s = { 0, 0, STS_CONTROL_REPORT_ROOM + 64, out };
	size_t n;
	uint32_t a;

	start();
	sts_tally_day(tally(), 20000);
	ck_assert(session_of("a.test", false, record));
	a = sts_tally_next(tally(), sts_tally_today(tally()), 0);
	sts_tally_day(tally(), tally()->days[tally()->today] + 1);
	memset(&shown, 0, sizeof shown);
	sts_json_put_begin(&put, &s);
	ck_assert(sts_control_report_list(&shown, &agent, &put));
	n = s.pos;
	sts_tally_drop(tally(), a, true);
	ck_assert(session_of("b.test", false, record));
	ck_assert(session_of("c.test", false, record));
	ck_assert(sts_tally_is(tally(), a));
	s = (struct sts_sink){ 0, 0, sizeof out - n - 1, out + n };
	ck_assert(!sts_control_report_list(&shown, &agent, &put));
	out[n + s.pos] = '\0';
	unit_int("waiting", count_of((char *)out, "\"waiting\""), 1);
	unit_int("c.test", count_of((char *)out, "\"c.test\""), 1);
	stop();
}
END_TEST

/* A reload overwrites the names with which the report began. */
START_TEST(a_report_keeps_its_names_over_a_reload)
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
	unit_int("further octets", (long long)after, (long long)before);
	ck_assert_mem_eq(out, was, before);
	sts_control_report_end(&shown);
	stop();
}
END_TEST

/* ---- records that the operator reads ---- */

/* A held policy in testing mode. */
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
/* A session that failed under that policy. */
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

/* A record is shown in windows of one text, whatever happens between two of
 * them: the tenth failure would make a number longer. */
START_TEST(a_record_is_the_same_in_each_window)
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
			settings.reporter = NULL; /* as by a reload */
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
	tcase_add_test(tc, marks_outlive_restarts_without_an_image);
	tcase_add_test(tc, marks_of_earlier_builds_have_no_effect);
	tcase_add_test(tc, each_mark_finds_its_domain_and_day);
	tcase_add_test(tc, a_hanging_image_holds_nothing_of_the_daemon);
	tcase_add_test(tc, a_report_does_not_wait_for_a_hanging_disk);
	tcase_add_test(tc, the_next_daemon_does_not_wait_for_the_disk);
	tcase_add_test(tc, names_of_new_files_are_durable);
	tcase_add_test(tc, files_are_opened_once_descriptors_are_free);
	tcase_add_test(tc, files_are_opened_once_the_lock_is_free);
	tcase_add_test(tc, an_unreadable_image_is_logged);
	tcase_add_test(tc, a_damaged_head_is_logged);
	tcase_add_test(tc, a_linked_file_is_not_written_to);
	tcase_add_test(tc, a_failed_mark_costs_no_count);
	tcase_add_test(tc, a_report_is_found_by_any_spelling);
	tcase_add_test(tc, a_report_shown_in_part_never_looks_whole);
	tcase_add_test(tc, a_report_is_whole_while_sessions_are_counted);
	tcase_add_test(tc, a_list_tells_days_apart);
	tcase_add_test(tc, a_report_keeps_its_names_over_a_reload);
	tcase_add_test(tc, a_record_is_the_same_in_each_window);
}
