/* SPDX-License-Identifier: MIT */
/*
 * boards/posix: the journal's file, whatever is in its place; and what a daemon
 * does without one, or when its writer dies.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../boards/posix/journal_child.h"
#include "../../boards/posix/live.h"
#include "../../core/journal/journal_format.h"
#include "unit.h"

const char unit_name[] = "journal file";

enum {
	AREA = 2 * STS_STORE_ERASE_SIZE,
	NOBODY = 65534,
	PATIENCE = 2000 /* looks, 10 ms apart */
};

static char folder[] = "/tmp/mtasts-file-XXXXXX";
static char deep[48], path[64], aside[72];
static struct sts_log quiet;
static int log_ends[2]; /* a pipe: its lines come out of the second */
static struct sts_file_store store;

static void
begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(deep, sizeof deep, "%s/d", folder);
	snprintf(path, sizeof path, "%s/journal", deep);
	snprintf(aside, sizeof aside, "%s.aside", path);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	sts_log_open(&quiet, STS_LOG_STDERR, STS_LOG_WARNING);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, log_ends), 0);
	quiet.to = STS_LOG_SYSLOG;
	quiet.fd = log_ends[0];
}

static void
end(void)
{
	unlink(path);
	unlink(aside);
	rmdir(deep);
	rmdir(folder);
}

/* The number of lines with that text logged since the last call. */
static unsigned
count_logged(const char *word)
{
	char line[STS_LOG_LINE_MAX + 64];
	unsigned n = 0;
	ssize_t len;

	while ((len = recv(log_ends[1], line, sizeof line - 1, MSG_DONTWAIT)) >
	       0) {
		line[len] = '\0';
		n += strstr(line, word) != NULL;
	}
	return n;
}

static struct sts_journal_file
file(uint32_t area)
{
	struct sts_journal_file f = { path, area, UINT32_MAX, &quiet };

	return f;
}

static void
write_file(const char *at, uint32_t off, const void *p, size_t n)
{
	int fd = open(at, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, p, n, off), (ssize_t)n);
	close(fd);
}

/* As the agent would leave it: the head of area i, of that version. */
static void
write_head(unsigned i, uint16_t version)
{
	struct sts_journal_area a = { version, 7 + i, 0, 1, 0 };
	uint8_t head[STS_JOURNAL_HEAD];

	sts_journal_put_area(head, &a);
	write_file(path, i * AREA, head, sizeof head);
}

static void
make(uint32_t area)
{
	struct sts_journal_file f = file(area);

	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_READY);
	ck_assert_uint_eq(store.store.area_size, area);
	sts_store_close(&store);
}

/* What exists, and what it becomes. */
static const struct {
	const char *name;
	const char *text; /* at the beginning; NULL: a fresh journal, and */
	uint16_t version[2]; /* heads of its areas; 0: none */
	bool aside;
} finds[] = {
	{ "nothing was written yet", NULL, { 0, 0 }, false },
	{ "one area", NULL, { 1, 0 }, false },
	{ "both areas", NULL, { 1, 1 }, false },
	{ "newer", NULL, { 2, 0 }, true },
	{ "newer, and an older area", NULL, { 1, 2 }, true },
	{ "much newer", NULL, { 1, 0xffff }, true },
	{ "no journal", "something else", { 0, 0 }, true },
	{ "a version that never was", NULL, { 0, 0 }, false },
	{ "garbage beside a good area", "gar", { 0, 1 }, false },
	{ "garbage beside a newer area", "gar", { 0, 2 }, true },
};

START_TEST(find_table)
{
	const char *name = finds[_i].name;
	struct sts_journal_file f = file(AREA);
	static uint8_t before[2 * AREA], after[2 * AREA];
	struct stat st;
	int fd;

	if (finds[_i].text == NULL || finds[_i].version[1] != 0) {
		make(AREA);
	}
	if (finds[_i].text != NULL) {
		write_file(path, 0, finds[_i].text, strlen(finds[_i].text));
	}
	for (unsigned i = 0; i < 2; i++) {
		if (finds[_i].version[i] != 0) {
			write_head(i, finds[_i].version[i]);
		}
	}
	write_file(path, AREA / 2, "content", 7);
	fd = open(path, O_RDONLY);
	ssize_t n = read(fd, before, sizeof before);

	close(fd);
	unit_int(name, sts_journal_file_open(&f, &store), STS_FILE_READY);
	unit_int(name, stat(aside, &st) == 0, finds[_i].aside);
	unit_int(name, count_logged("moved to"), finds[_i].aside);
	/* Not an octet of it is touched. */
	fd = open(finds[_i].aside ? aside : path, O_RDONLY);
	unit_int(name, read(fd, after, sizeof after), n);
	ck_assert_mem_eq(before, after, (size_t)n);
	close(fd);
	ck_assert_int_eq(stat(path, &st), 0);
	unit_int(name, st.st_size, 2 * AREA);
	unit_int(name, st.st_mode & 07777, 0600);
	sts_store_close(&store);
}
END_TEST

START_TEST(locked)
{
	static struct sts_file_store other;
	struct sts_journal_file f = file(AREA);

	make(AREA);
	ck_assert_int_eq(sts_journal_file_take(&f, &store), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &other), STS_FILE_NONE);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	ck_assert_int_eq(sts_journal_file_take(&f, &other), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	/* It can be read all the same, and not written to. */
	ck_assert_int_eq(sts_journal_file_look(&f, &other), STS_FILE_TAKEN);
	ck_assert_uint_eq(other.store.area_size, AREA);
	ck_assert(!sts_store_writable(&other));
	ck_assert_int_ne(
	    other.store.prog(&other, 0, (const uint8_t *)"x", 1), 0);
	sts_store_close(&other);
	sts_store_close(&store);
	f.area_size = 2 * AREA;
	ck_assert_int_eq(sts_journal_file_take(&f, &other), -1);
	ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

/* What we may read and not write to (restored by the superuser, immutable) is
 * read all the same: policies that are held stay in force. */
START_TEST(not_ours_to_write)
{
	struct sts_journal_file f = file(AREA);
	bool root = geteuid() == 0;

	make(AREA);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(deep, 0777), 0);
	ck_assert_int_eq(chmod(path, 0444), 0);
	if (root) {
		ck_assert_int_eq(seteuid(NOBODY), 0);
	}
	unit_int(
	    "found", sts_journal_file_open(&f, &store), STS_FILE_READ_ONLY);
	unit_int("why", errno, EACCES);
	ck_assert_uint_eq(store.store.area_size, AREA);
	ck_assert_int_eq(sts_store_reopen(&store, path), -1);
	if (root) {
		ck_assert_int_eq(seteuid(0), 0);
	}
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(sts_store_reopen(&store, path), 0);
	sts_store_close(&store);
}
END_TEST

/* A file that is no journal is not read while another process has it. */
START_TEST(locked_other)
{
	static struct sts_file_store other;
	struct sts_journal_file f = file(AREA);
	static const uint8_t text[] = "something else";

	make(AREA);
	ck_assert_int_eq(sts_journal_file_take(&f, &store), 0);
	write_file(path, 0, text, sizeof text);
	write_file(path, AREA, text, sizeof text);
	ck_assert_int_eq(sts_journal_file_look(&f, &other), STS_FILE_NONE);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	sts_store_close(&store);
	unlink(path);
	ck_assert_int_eq(sts_journal_file_look(&f, &other), STS_FILE_NONE);
}
END_TEST

/* Replaces the C library's function that ends the filling of a new file: by
 * then somebody has put another file under its name, or under the old one's. */
static const char *swapped;

int
fsync(int fd)
{
	if (swapped != NULL) {
		ck_assert_int_eq(unlink(swapped), 0);
		write_file(swapped, 0, "another's", 9);
		swapped = NULL;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* Only the file that was filled becomes the journal, and nothing else is
 * removed. */
START_TEST(swapped_while_filled)
{
	struct sts_journal_file f = file(AREA);
	char fresh[sizeof path + 8], got[16];
	struct stat st;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	swapped = fresh;
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_NONE);
	ck_assert_int_eq(errno, ESTALE);
	ck_assert_int_eq(stat(path, &st), -1);
	int fd = open(fresh, O_RDONLY);

	ck_assert_int_eq(read(fd, got, sizeof got), 9);
	close(fd);
	/* The next time it is in the way, and makes way. */
	make(AREA);
	ck_assert_int_eq(stat(fresh, &st), -1);
}
END_TEST

/* A file that somebody linked there before keeps its content. */
START_TEST(linked_before)
{
	char fresh[sizeof path + 8], got[16];

	snprintf(fresh, sizeof fresh, "%s.new", path);
	write_file(aside, 0, "another's", 9);
	ck_assert_int_eq(link(aside, fresh), 0);
	make(AREA);
	int fd = open(aside, O_RDONLY);

	ck_assert_int_eq(read(fd, got, sizeof got), 9);
	close(fd);
}
END_TEST

/* The file moved aside is the one that was read. */
START_TEST(links_aside)
{
	struct sts_journal_file f = file(AREA);
	struct stat st;

	/* A link is no journal, and stays. */
	write_file(aside, 0, "another's", 9);
	ck_assert_int_eq(symlink(aside, path), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_NONE);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	unlink(path);
	/* Nothing is waited for. */
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_NONE);
	ck_assert_int_eq(errno, EINVAL);
	unlink(path);
	/* Garbage goes aside, over a link and not through it. */
	write_file(path, 0, "something else", 14);
	unlink(aside);
	ck_assert_int_eq(symlink("/nonexistent", aside), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_READY);
	ck_assert_int_eq(lstat(aside, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	unit_int("all of it", st.st_size, 14);
	sts_store_close(&store);
}
END_TEST

START_TEST(no_folder)
{
	struct sts_journal_file f = file(AREA);

	rmdir(deep);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_NONE);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(sts_journal_file_take(&f, &store), -1);
}
END_TEST

/* No room for a larger one: the smaller is read, and is as it was. */
START_TEST(no_room)
{
	struct sts_journal_file f = file(2 * AREA);
	struct rlimit all, few = { 3 * AREA, RLIM_INFINITY };
	struct sts_file_store larger;
	uint8_t got[7];

	signal(SIGXFSZ, SIG_IGN);
	make(AREA);
	write_head(1, 1);
	write_file(path, AREA + AREA / 2, "content", 7);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &all), 0);
	few.rlim_max = all.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_SMALL);
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &all), 0);
	ck_assert_uint_eq(store.store.area_size, AREA);
	ck_assert_int_eq(
	    store.store.read(&store, AREA + AREA / 2, got, sizeof got), 0);
	ck_assert_mem_eq(got, "content", sizeof got);
	ck_assert_int_eq(sts_journal_file_grow(&f, &larger, &store), 0);
	sts_store_close(&store);
	ck_assert_uint_eq(larger.store.area_size, 2 * AREA);
	larger.store.ctx = &larger;
	ck_assert_int_eq(
	    larger.store.read(&larger, 2 * AREA + AREA / 2, got, sizeof got),
	    0);
	ck_assert_mem_eq(got, "content", sizeof got);
	sts_store_close(&larger);
}
END_TEST

/* In place of the C library's: the system has no process for us. */
static bool no_process;

pid_t __real_fork(void);
pid_t __wrap_fork(void);

pid_t
__wrap_fork(void)
{
	if (no_process) {
		errno = EAGAIN;
		return -1;
	}
	return __real_fork();
}

/* Replaces the C library's function: a disk with so much room. */
static unsigned long room = ULONG_MAX;

#ifdef __USE_FILE_OFFSET64
#define ROOM __wrap_fstatvfs64
#else
#define ROOM __wrap_fstatvfs
#endif
int ROOM(int fd, struct statvfs *v);

int
ROOM(int fd, struct statvfs *v)
{
	(void)fd;
	memset(v, 0, sizeof *v);
	v->f_blocks = 1UL << 20;
	v->f_frsize = 4096;
	v->f_bavail = room / 4096;
	return 0;
}

/* A disk is not filled to find that it is full: others write there, too. */
START_TEST(room_is_asked_for)
{
	struct sts_journal_file f = file(AREA);

	swapped = path; /* if it comes so far, it is noticed there */
	room = 2 * AREA - 4096;
	unit_int("full", sts_journal_file_open(&f, &store), STS_FILE_NONE);
	unit_int("full", errno, ENOSPC);
	ck_assert_ptr_nonnull(swapped);
	swapped = NULL;
	room = 2 * AREA;
	make(AREA);
}
END_TEST

/* A file that takes long to be made is not made while others wait. */
START_TEST(large)
{
	struct sts_journal_file f = file(2 * AREA);
	char fresh[sizeof path + 8];
	struct stat st;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	f.at_once_max = 2 * AREA - 1;
	unit_int("none", sts_journal_file_open(&f, &store), STS_FILE_NONE);
	unit_int("none", errno, EINPROGRESS);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(stat(fresh, &st), -1);
	make(AREA);
	unit_int("small", sts_journal_file_open(&f, &store), STS_FILE_SMALL);
	unit_int("small", errno, EINPROGRESS);
	ck_assert_uint_eq(store.store.area_size, AREA);
	sts_store_close(&store);
	f.at_once_max = 2 * AREA;
	unit_int("now", sts_journal_file_open(&f, &store), STS_FILE_READY);
	sts_store_close(&store);
	/* One that is there is used, however large it is. */
	f.at_once_max = 0;
	unit_int("there", sts_journal_file_open(&f, &store), STS_FILE_READY);
	sts_store_close(&store);
}
END_TEST

/* A daemon without clients. */

static struct sts_live live;
static struct sts_memory memory;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_posix posix;
static struct sts_port port;
static struct sts_journal_child j;
static sts_ms now;

static const char *journal_size = ""; /* the rest of its line */

/* What happens before the journal is opened. */
static void (*before_open)(void);

static void
start_daemon(void)
{
	static char line[96];
	static const char *options[] = { line, "nameserver 192.0.2.1",
		"memory 2M", "clients 4", "lookups 4", "fetch_slots 1" };
	static const uint8_t key[16];
	struct sts_conf_source source = { "/dev/null", options,
		UNIT_COUNT(options) };
	struct sts_journal_child_of d = { &agent, &driver, &port, &posix,
		&memory, &quiet };
	char why[STS_CONF_WHY_MAX];

	snprintf(line, sizeof line, "journal %s%s", path, journal_size);
	ck_assert_msg(
	    sts_live_open(&live, &source, &memory, 0, why), "%s", why);
	ck_assert_int_eq(
	    sts_posix_init(&posix, memory.channels, memory.port, &port), 0);
	now = sts_posix_now();
	if (before_open != NULL) {
		before_open();
	}
	sts_journal_child_open(&j, &sts_live_now(&live)->conf, &memory, &quiet);
	sts_agent_init(&agent, &memory.config, &sts_live_now(&live)->settings,
	    memory.agent_block, now, key);
	sts_journal_child_attach(&j, &d);
	sts_driver_init(&driver, &agent, &port, now);
	sts_journal_child_begin(&j, false, now);
}

/* Wait until the journal is in that state and all is saved, at most for a
 * number of looks. */
static bool
reaches(enum sts_keeping want)
{
	for (unsigned i = 0; i < PATIENCE; i++) {
		now++;
		sts_journal_child_tick(&j, now);
		sts_run(&driver, now, 1800000000, 256);
		if (sts_journal_child_keeping(&j) == want && j.child > 0 &&
		    !j.prepares && sts_agent_saved(&agent) &&
		    !sts_journal_busy(agent.journal.engine)) {
			return true;
		}
		sts_posix_wait(&posix, &driver, 10);
	}
	return false;
}

static void
learn(const char *name)
{
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.fetched_s = 1800000000;
	e.max_age_s = 604800;
	ck_assert(sts_cache_stage(&agent.cache, &s, unit_span(name)));
	sts_cache_commit(
	    &agent.cache, &s, &e, sts_now(1800000000, false), &ref);
}

static bool
holds(const char *name)
{
	return sts_cache_find(&agent.cache, unit_span(name)) != 0;
}

static struct rlimit descriptors;

static void
give_descriptors(int number)
{
	(void)number;
	setrlimit(RLIMIT_NOFILE, &descriptors);
}

/* For a moment the system has none. */
static void
take_descriptors(void)
{
	struct itimerval moment = { { 0, 0 }, { 0, 300000 } };
	struct rlimit none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
	none = descriptors;
	none.rlim_cur = 0;
	signal(SIGALRM, give_descriptors);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &moment, NULL), 0);
}

/* A shortage that passes keeps nothing that the journal holds out of the first
 * answers. */
START_TEST(short_for_a_moment)
{
	before_open = take_descriptors;
	start_daemon();
	before_open = NULL;
	unit_int("found", j.found, STS_FILE_READY);
	ck_assert(agent.journal.on);
	kill(j.child, SIGKILL);
}
END_TEST

/* The folder comes later: policies held then are kept. */
START_TEST(late)
{
	rmdir(deep);
	start_daemon();
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	learn("a.example");
	for (unsigned tries = 0; tries < 3; tries++) {
		now += STS_JOURNAL_AGAIN_MS;
		for (unsigned k = 0; k < PATIENCE; k++) {
			now += 10;
			sts_journal_child_tick(&j, now);
			if (k > 0 && j.child == 0) {
				break;
			}
			poll(NULL, 0, 10);
		}
	}
	ck_assert(!agent.journal.on);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	ck_assert_uint_eq(count_logged("journal"), 1);
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	ck_assert_uint_eq(sts_cache_unsaved_count(&agent.cache), 0);
	ck_assert_uint_gt(
	    agent.journal.engine->saved + agent.journal.engine->compactions, 0);
	kill(j.child, SIGKILL);
}
END_TEST

/* One that takes long to be laid out: the daemon serves meanwhile, which is no
 * fault, and what it learns is kept in the end. */
START_TEST(laid_out_later)
{
	struct stat st;

	journal_size = " size=65M";
	start_daemon();
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_OK);
	ck_assert_uint_eq(count_logged("are being laid out"), 1);
	learn("a.example");
	ck_assert(reaches(STS_KEEPING_OK));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_gt(st.st_size, 64L << 20);
	ck_assert_uint_eq(sts_cache_unsaved_count(&agent.cache), 0);
	kill(j.child, SIGKILL);
}
END_TEST

/* A disk that hangs meanwhile is a fault, though the work was to take long. */
START_TEST(laid_out_for_ever)
{
	journal_size = " size=65M";
	start_daemon();
	count_logged("");
	sts_journal_child_tick(&j, now);
	ck_assert_int_gt(j.child, 0);
	kill(j.child, SIGSTOP);
	now += STS_JOURNAL_LAYS_MS - 1;
	sts_journal_child_tick(&j, now);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_OK);
	for (unsigned i = 0; i < 3; i++) {
		now += 1;
		sts_journal_child_tick(&j, now);
		ck_assert_int_eq(
		    sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	}
	unit_int("slow", count_logged("not laid out after an hour"), 1);
	kill(j.child, SIGCONT);
	ck_assert(reaches(STS_KEEPING_OK));
	kill(j.child, SIGKILL);
}
END_TEST

/* Look until there is no child, and take all that is logged meanwhile. */
static void
until_ended(void)
{
	for (unsigned k = 0; k < PATIENCE && (k == 0 || j.child > 0); k++) {
		now += 100;
		sts_journal_child_tick(&j, now);
		poll(NULL, 0, 10);
	}
	ck_assert_int_eq(j.child, 0);
}

/* The reason why a file cannot be laid out is known only then, and is logged
 * once. */
START_TEST(laid_out_never)
{
	journal_size = " size=65M";
	room = 64UL << 20;
	start_daemon();
	unit_int("begun", count_logged("are being laid out"), 1);
	until_ended();
	unit_int("full", count_logged("No space left"), 1);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FULL);
	now += STS_JOURNAL_AGAIN_MS;
	until_ended();
	unit_int("again", count_logged("journal"), 0);
}
END_TEST

/* Nor is it laid out without a process, or by one that is killed. */
START_TEST(laid_out_by_nobody)
{
	journal_size = " size=65M";
	start_daemon();
	count_logged("");
	no_process = true;
	until_ended();
	unit_int("none", count_logged("cannot start the process"), 1);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	no_process = false;
	now += STS_JOURNAL_AGAIN_MS;
	sts_journal_child_tick(&j, now);
	ck_assert_int_gt(j.child, 0);
	kill(j.child, SIGKILL);
	until_ended();
	unit_int("killed", count_logged("has ended (signal 9)"), 1);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	kill(j.child, SIGKILL);
}
END_TEST

/* A writer that dies has a successor, a minute after its own birth. */
START_TEST(writer_dies)
{
	pid_t first;

	start_daemon();
	learn("a.example");
	ck_assert(reaches(STS_KEEPING_OK));
	for (unsigned i = 0; i < 3; i++) {
		first = j.child;
		kill(first, SIGKILL);
		if (i == 1) {
			learn("b.example"); /* it dies with work to do */
		}
		for (unsigned k = 0; k < PATIENCE && j.child == first; k++) {
			now += 10;
			sts_journal_child_tick(&j, now);
			sts_run(&driver, now, 1800000000, 256);
			poll(NULL, 0, 10);
		}
		ck_assert_int_eq(j.child, 0);
		ck_assert_int_eq(
		    sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
		ck_assert_uint_eq(count_logged("has ended"), 1);
		now += STS_JOURNAL_AGAIN_MS;
		ck_assert(reaches(STS_KEEPING_OK));
		ck_assert_int_ne(j.child, first);
	}
	kill(j.child, SIGKILL);
	ck_assert(holds("a.example"));
}
END_TEST

/* Without a process to write the journal the daemon still serves, including
 * what was kept before; when there is one again, it continues. */
START_TEST(no_process_to_write)
{
	start_daemon();
	learn("a.example");
	ck_assert(reaches(STS_KEEPING_OK));
	kill(j.child, SIGKILL);
	sts_store_close(&j.file);
	count_logged("");

	no_process = true;
	start_daemon();
	ck_assert(holds("a.example") || sts_agent_journal_loading(&agent));
	learn("b.example");
	for (unsigned i = 0; i < 3; i++) {
		sts_run(&driver, now, 1800000000, 256);
		sts_journal_child_tick(&j, now);
		ck_assert_int_eq(j.child, 0);
		ck_assert_int_eq(
		    sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
		now += STS_JOURNAL_AGAIN_MS;
	}
	ck_assert_uint_eq(count_logged("cannot start the process"), 1);
	no_process = false;
	ck_assert(reaches(STS_KEEPING_OK));
	ck_assert(holds("a.example"));
	kill(j.child, SIGKILL);
}
END_TEST

/* A minute later the child looks whether the file has its name. */
static void
look_at_name(void)
{
	now += STS_JOURNAL_AGAIN_MS;
	sts_journal_child_tick(&j, now);
	for (unsigned k = 0; k < PATIENCE && j.file.naming; k++) {
		poll(NULL, 0, 1);
		sts_journal_child_tick(&j, now);
	}
}

/* A file that was removed or replaced is reported, though it can be written
 * to. */
START_TEST(name_is_gone)
{
	char other[sizeof path + 8];

	snprintf(other, sizeof other, "%s.other", path);
	start_daemon();
	learn("a.example");
	ck_assert(reaches(STS_KEEPING_OK));
	count_logged("");
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(rename(path, other), 0);
		ck_assert_int_eq(i == 1 ? symlink(other, path) : 0, 0);
		for (unsigned k = 0; k < 3; k++) {
			look_at_name();
			ck_assert_int_eq(
			    sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
		}
		unit_int("gone", count_logged("the file was removed"), 1);
		ck_assert_int_eq(rename(other, path), 0);
		look_at_name();
		learn("b.example"); /* what is written continues as before */
		ck_assert(reaches(STS_KEEPING_OK));
		unit_int("back", count_logged("the file is back"), 1);
	}
	/* A disk that hangs holds the child, and not the process that asks
	 * it. */
	kill(j.child, SIGSTOP);
	for (unsigned i = 0; i < 3; i++) {
		now += STS_JOURNAL_AGAIN_MS;
		sts_journal_child_tick(&j, now);
	}
	unit_int("hangs", count_logged("has not answered"), 1);
	kill(j.child, SIGKILL);
}
END_TEST

/* A disk that hangs is logged once, and so is its recovery. */
START_TEST(disk_hangs)
{
	start_daemon();
	ck_assert(reaches(STS_KEEPING_OK));
	count_logged("");
	/* To be idle for long is no reason. */
	now += 10 * STS_JOURNAL_AGAIN_MS;
	kill(j.child, SIGSTOP);
	learn("a.example");
	for (unsigned i = 0; i < 4; i++) {
		sts_run(&driver, now, 1800000000, 256);
		sts_journal_child_tick(&j, now);
		ck_assert_int_eq(sts_journal_child_keeping(&j),
		    i < 1 ? STS_KEEPING_OK : STS_KEEPING_FAILING);
		now += STS_JOURNAL_AGAIN_MS;
	}
	ck_assert_uint_eq(count_logged("has not answered"), 1);
	kill(j.child, SIGCONT);
	ck_assert(reaches(STS_KEEPING_OK));
	ck_assert_uint_eq(count_logged("answers again"), 1);
	kill(j.child, SIGKILL);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_loop_test(tc, find_table, 0, (int)UNIT_COUNT(finds));
	tcase_add_test(tc, locked);
	tcase_add_test(tc, not_ours_to_write);
	tcase_add_test(tc, locked_other);
	tcase_add_test(tc, swapped_while_filled);
	tcase_add_test(tc, linked_before);
	tcase_add_test(tc, links_aside);
	tcase_add_test(tc, no_folder);
	tcase_add_test(tc, no_room);
	tcase_add_test(tc, room_is_asked_for);
	tcase_add_test(tc, large);
	tcase_add_test(tc, short_for_a_moment);
	tcase_add_test(tc, late);
	tcase_add_test(tc, laid_out_later);
	tcase_add_test(tc, laid_out_for_ever);
	tcase_add_test(tc, laid_out_never);
	tcase_add_test(tc, laid_out_by_nobody);
	tcase_add_test(tc, writer_dies);
	tcase_add_test(tc, no_process_to_write);
	tcase_add_test(tc, name_is_gone);
	tcase_add_test(tc, disk_hangs);
}
