/* SPDX-License-Identifier: MIT */
/*
 * boards/posix: the file of the journal, whatever lies in its place; and what a
 * daemon does without the file, or when its writer dies.
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
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../boards/posix/journal_child.h"
#include "../../boards/posix/live.h"
#include "../../core/journal/journal_format.h"
#include "unit.h"

const char unit_name[] = "journal file";

enum {
	AREA = 2 * STS_STORE_ERASE_SIZE,
	NOBODY = 65534,
	PATIENCE = 2000 /* times, 10 ms apart */
};

static char folder[] = "/tmp/mtasts-file-XXXXXX";
static char deep[48], path[64], aside[72];
static struct sts_log quiet;
static int log_ends[2]; /* a pair: what is logged comes out of [1] */
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

/* How many lines with that text were logged since the last call. */
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

/* Write the head of area i as the agent would, with that version. */
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

/* What exists, and what becomes of it. */
static const struct {
	const char *name;
	const char *text; /* its beginning; NULL: a fresh journal */
	uint16_t version[2]; /* versions of its areas' heads; 0: none */
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

START_TEST(a_file_is_used_or_moved_aside)
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
	/* not an octet of it was changed */
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

START_TEST(a_locked_journal_is_read_and_not_written_to)
{
	static struct sts_file_store other;
	struct sts_journal_file f = file(AREA);

	make(AREA);
	ck_assert_int_eq(sts_journal_file_take(&f, &store), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &other), STS_FILE_NONE);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	ck_assert_int_eq(sts_journal_file_take(&f, &other), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	/* Another process can read the file, and cannot write to it. */
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

/* A file that may be read and not written to (one that the superuser restored,
 * or that is immutable) is read: policies that are held stay in force. */
START_TEST(a_read_only_journal_is_read)
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
	    "result", sts_journal_file_open(&f, &store), STS_FILE_READ_ONLY);
	unit_int("errno", errno, EACCES);
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

/* A file that is no journal is not read while another process has it locked. */
START_TEST(a_locked_file_that_is_no_journal_is_not_read)
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

/* In place of the C library's function, with which the filling of a new file
 * ends: by then somebody has put another file in place of the new file or of
 * the old one. */
static const char *swapped;

int
fsync(int fd)
{
	if (swapped != NULL) {
		ck_assert(unlink(swapped) == 0 || errno == ENOENT);
		write_file(swapped, 0, "another's", 9);
		swapped = NULL;
	}
	return (int)syscall(SYS_fsync, fd);
}

/* Only the file that was filled becomes the journal, and no other is
 * removed. */
START_TEST(only_the_file_that_was_filled_is_used)
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
	/* The next time the file is in the way, and is replaced. */
	make(AREA);
	ck_assert_int_eq(stat(fresh, &st), -1);
}
END_TEST

static void
expect_another(void)
{
	char got[16], fresh[sizeof path + 8];
	struct stat st;
	int fd = open(path, O_RDONLY);

	ck_assert_int_eq(read(fd, got, sizeof got), 9);
	ck_assert_mem_eq(got, "another's", 9);
	close(fd);
	snprintf(fresh, sizeof fresh, "%s.new", path);
	ck_assert_int_eq(stat(fresh, &st), -1);
}

/* A file that came while the new one was filled is another instance's. */
START_TEST(a_file_that_came_meanwhile_is_not_replaced)
{
	struct sts_journal_file f = file(2 * AREA);

	swapped = path;
	unit_int("result without a file", sts_journal_file_open(&f, &store),
	    STS_FILE_NONE);
	unit_int("errno without a file", errno, ESTALE);
	expect_another();
	unlink(path);
	make(AREA);
	swapped = path;
	unit_int("result with a smaller file",
	    sts_journal_file_open(&f, &store), STS_FILE_SMALL);
	unit_int("errno with a smaller file", errno, ESTALE);
	ck_assert_uint_eq(store.store.area_size, AREA);
	expect_another();
	sts_store_close(&store);
}
END_TEST

/* A file that was linked there before keeps its content. */
START_TEST(a_linked_file_keeps_its_content)
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

/* The file that is moved aside is the one that was read. */
START_TEST(links_are_not_followed)
{
	struct sts_journal_file f = file(AREA);
	struct stat st;

	/* A symbolic link is no journal, and stays. */
	write_file(aside, 0, "another's", 9);
	ck_assert_int_eq(symlink(aside, path), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_NONE);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISLNK(st.st_mode));
	unlink(path);
	/* A pipe is not waited for. */
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_NONE);
	ck_assert_int_eq(errno, EINVAL);
	unlink(path);
	/* Garbage is moved aside, over a link and not through it. */
	write_file(path, 0, "something else", 14);
	unlink(aside);
	ck_assert_int_eq(symlink("/nonexistent", aside), 0);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_READY);
	ck_assert_int_eq(lstat(aside, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	unit_int("octets moved aside", st.st_size, 14);
	sts_store_close(&store);
}
END_TEST

START_TEST(without_a_folder_there_is_no_journal)
{
	struct sts_journal_file f = file(AREA);

	rmdir(deep);
	ck_assert_int_eq(sts_journal_file_open(&f, &store), STS_FILE_NONE);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(sts_journal_file_take(&f, &store), -1);
}
END_TEST

/* Without room for a larger file the smaller one is read, and is not
 * changed. */
START_TEST(without_room_the_smaller_journal_is_read)
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

/* In place of the C library's function: there is no process for us. */
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

/* In place of the C library's function: there is no link to one. */
static bool no_link;

int __real_socketpair(int family, int type, int protocol, int ends[2]);
int __wrap_socketpair(int family, int type, int protocol, int ends[2]);

int
__wrap_socketpair(int family, int type, int protocol, int ends[2])
{
	if (no_link) {
		errno = ENFILE;
		return -1;
	}
	return __real_socketpair(family, type, protocol, ends);
}

/* In place of the C library's function: the disk has this much room. */
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

/* A disk is not filled to find out that it is full, as others write there,
 * too. */
START_TEST(a_full_disk_is_not_filled_further)
{
	struct sts_journal_file f = file(AREA);

	swapped = path; /* a new file would be noticed there */
	room = 2 * AREA - 4096;
	unit_int("result on a full disk", sts_journal_file_open(&f, &store),
	    STS_FILE_NONE);
	unit_int("errno on a full disk", errno, ENOSPC);
	ck_assert_ptr_nonnull(swapped);
	swapped = NULL;
	room = 2 * AREA;
	make(AREA);
}
END_TEST

/* A file that takes long to be made is not made while clients wait. */
START_TEST(a_large_file_is_not_made_at_once)
{
	struct sts_journal_file f = file(2 * AREA);
	char fresh[sizeof path + 8];
	struct stat st;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	f.at_once_max = 2 * AREA - 1;
	unit_int("result without a file", sts_journal_file_open(&f, &store),
	    STS_FILE_NONE);
	unit_int("errno without a file", errno, EINPROGRESS);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(stat(fresh, &st), -1);
	make(AREA);
	unit_int("result with a smaller file",
	    sts_journal_file_open(&f, &store), STS_FILE_SMALL);
	unit_int("errno with a smaller file", errno, EINPROGRESS);
	ck_assert_uint_eq(store.store.area_size, AREA);
	sts_store_close(&store);
	f.at_once_max = 2 * AREA;
	unit_int("result at the limit", sts_journal_file_open(&f, &store),
	    STS_FILE_READY);
	sts_store_close(&store);
	/* A file that exists is used, however large it is. */
	f.at_once_max = 0;
	unit_int("result with a large file", sts_journal_file_open(&f, &store),
	    STS_FILE_READY);
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

static const char *journal_size = ""; /* the rest of the journal's line */

/* What is done before the journal is opened. */
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

/* Wait until the journal is in that state and all is saved. Returns false if it
 * does not get there. */
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

/* For a moment the system has no descriptors. */
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

/* A shortage that passes does not delay what the journal holds until after the
 * first answers. */
START_TEST(a_passing_shortage_delays_no_policy)
{
	before_open = take_descriptors;
	start_daemon();
	before_open = NULL;
	unit_int("result", j.found, STS_FILE_READY);
	ck_assert(agent.journal.on);
	kill(j.child, SIGKILL);
}
END_TEST

/* The folder comes later. Policies that are held by then are kept. */
START_TEST(policies_are_kept_once_there_is_a_folder)
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

/* The folder comes when the system is short of descriptors for a writer. The
 * daemon does not write in its place: the disk may hang. */
START_TEST(without_a_link_to_a_writer_nothing_is_written)
{
	uint8_t head[STS_JOURNAL_HEAD], erased[STS_JOURNAL_HEAD];

	rmdir(deep);
	start_daemon();
	learn("a.example");
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	no_link = true;
	now += STS_JOURNAL_AGAIN_MS;
	for (unsigned k = 0; k < PATIENCE && j.found != STS_FILE_READY; k++) {
		now += 10;
		sts_journal_child_tick(&j, now);
		poll(NULL, 0, 10);
	}
	unit_int("found", j.found, STS_FILE_READY);
	for (unsigned k = 0; k < 100; k++) {
		sts_run(&driver, ++now, 1800000000, 256);
	}
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	memset(erased, 0xff, sizeof erased);
	for (unsigned i = 0; i < STS_STORE_AREAS; i++) {
		ck_assert_int_eq(pread(j.file.fd, head, sizeof head,
				     (off_t)i * j.file.store.area_size),
		    (ssize_t)sizeof head);
		ck_assert_mem_eq(head, erased, sizeof head);
	}
	no_link = false;
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	kill(j.child, SIGKILL);
}
END_TEST

/* A file takes long to be laid out. Meanwhile the daemon serves, which is no
 * fault, and what it learns is kept in the end. */
START_TEST(the_daemon_serves_while_a_file_is_laid_out)
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

/* A disk that hangs meanwhile is a fault, though the work was expected to take
 * long. */
START_TEST(laying_out_that_hangs_is_a_fault)
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
	unit_int("reports that it takes too long",
	    count_logged("not laid out after an hour"), 1);
	kill(j.child, SIGCONT);
	ck_assert(reaches(STS_KEEPING_OK));
	kill(j.child, SIGKILL);
}
END_TEST

/* Wait until there is no child, and go on with time. */
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

/* Why a file cannot be laid out is known only then, and is logged once. */
START_TEST(why_a_file_is_not_laid_out_is_logged_once)
{
	journal_size = " size=65M";
	room = 64UL << 20;
	start_daemon();
	unit_int(
	    "reports of the beginning", count_logged("are being laid out"), 1);
	until_ended();
	unit_int("reports of a full disk", count_logged("No space left"), 1);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FULL);
	now += STS_JOURNAL_AGAIN_MS;
	until_ended();
	unit_int("reports at the next try", count_logged("journal"), 0);
}
END_TEST

/* The file is not laid out either without a process, or if the process is
 * killed. */
START_TEST(laying_out_is_tried_again)
{
	journal_size = " size=65M";
	start_daemon();
	count_logged("");
	no_process = true;
	until_ended();
	unit_int("reports of no process",
	    count_logged("cannot start the process"), 1);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	no_process = false;
	now += STS_JOURNAL_AGAIN_MS;
	sts_journal_child_tick(&j, now);
	ck_assert_int_gt(j.child, 0);
	kill(j.child, SIGKILL);
	until_ended();
	unit_int("reports of the end", count_logged("has ended (signal 9)"), 1);
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	kill(j.child, SIGKILL);
}
END_TEST

/* Wait until that is found of the journal. */
static void
await_found(enum sts_journal_found want)
{
	for (unsigned k = 0; k < PATIENCE && j.found != want; k++) {
		now += 100;
		sts_journal_child_tick(&j, now);
		poll(NULL, 0, 10);
	}
	ck_assert_int_eq(j.found, want);
}

/* A daemon whose file is too small and could not grow; now it could. */
static void
start_without_room(void)
{
	make(AREA);
	room = 0;
	start_daemon();
	ck_assert_int_eq(j.found, STS_FILE_SMALL);
	learn("a.example");
	room = ULONG_MAX;
}

/* The daemon reads a file that is too small and cannot grow. Then another
 * instance has a file in its place: that is not replaced, and taken when it
 * comes free; so is the first one, if it is back by then. */
START_TEST(a_file_that_has_its_place_is_waited_for)
{
	struct sts_journal_file f;
	char other[sizeof path + 8];
	struct stat was, is;

	snprintf(other, sizeof other, "%s.other", path);
	for (unsigned i = 0; i < 2; i++) {
		start_without_room();
		ck_assert_int_eq(rename(path, other), 0);
		f = file(j.area_size);
		ck_assert_int_eq(
		    sts_journal_file_open(&f, &store), STS_FILE_READY);
		count_logged("");
		now += STS_JOURNAL_AGAIN_MS;
		await_found(STS_FILE_TAKEN);
		unit_int("reports of another file",
		    count_logged("the file was removed or replaced"), 1);
		ck_assert(sts_store_has_name(&store, path));
		ck_assert_int_eq(
		    i == 1 ? rename(other, path) : unlink(other), 0);
		ck_assert_int_eq(stat(path, &was), 0);
		sts_store_close(&store);
		now += STS_JOURNAL_AGAIN_MS;
		ck_assert(reaches(STS_KEEPING_OK));
		ck_assert_int_eq(stat(path, &is), 0);
		unit_int("the same file", is.st_ino == was.st_ino, i == 0);
		unit_int("its size", is.st_size, 2L * j.area_size);
		ck_assert_uint_eq(sts_cache_unsaved_count(&agent.cache), 0);
		kill(j.child, SIGKILL);
		sts_store_close(&j.file);
		unlink(path);
	}
}
END_TEST

/* Somebody keeps the new file's name locked. Nobody else has the journal, which
 * is tried again as after any other trouble. */
START_TEST(a_locked_new_file_is_not_the_journal)
{
	char fresh[sizeof path + 8];
	int fd;

	snprintf(fresh, sizeof fresh, "%s.new", path);
	start_without_room();
	fd = open(fresh, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	now += STS_JOURNAL_AGAIN_MS;
	until_ended();
	ck_assert_int_eq(j.found, STS_FILE_SMALL);
	unit_int(
	    "reports of another instance", count_logged("another instance"), 0);
	close(fd);
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	ck_assert_uint_eq(sts_cache_unsaved_count(&agent.cache), 0);
	kill(j.child, SIGKILL);
}
END_TEST

static void
become_nobody(void)
{
	if (geteuid() == 0) {
		ck_assert_int_eq(seteuid(NOBODY), 0);
	}
}

/* A file that could only be read, and is too small, grows when it may be
 * written to. */
START_TEST(a_small_file_grows_when_it_may_be_written_to)
{
	bool root = geteuid() == 0;
	struct stat st;

	make(AREA);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(chmod(deep, 0755), 0);
	before_open = become_nobody;
	start_daemon();
	before_open = NULL;
	ck_assert_int_eq(j.found, STS_FILE_READ_ONLY);
	learn("a.example");
	ck_assert_int_eq(root ? seteuid(0) : 0, 0);
	ck_assert_int_eq(chmod(path, 0600), 0);
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	ck_assert_int_eq(stat(path, &st), 0);
	unit_int("its size", st.st_size, 2L * j.area_size);
	ck_assert_uint_eq(sts_cache_unsaved_count(&agent.cache), 0);
	kill(j.child, SIGKILL);
}
END_TEST

/* A writer that dies gets a successor, a minute after its own start. */
START_TEST(a_dead_writer_gets_a_successor)
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

/* Without a process to write the journal the daemon serves, also what was kept
 * before. When there is a process again, it continues. */
START_TEST(without_a_writer_the_daemon_serves)
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

/* After a minute the child looks whether the file still has its name. */
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

/* A file that was removed or replaced is reported, though it can still be
 * written to. */
START_TEST(a_file_without_its_name_is_reported)
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
		unit_int("reports that it is gone",
		    count_logged("the file was removed"), 1);
		ck_assert_int_eq(rename(other, path), 0);
		look_at_name();
		learn("b.example"); /* what was written continues */
		ck_assert(reaches(STS_KEEPING_OK));
		unit_int("reports that it is back",
		    count_logged("the file is back"), 1);
	}
	/* A disk that hangs holds up the child, and not the daemon. */
	kill(j.child, SIGSTOP);
	for (unsigned i = 0; i < 3; i++) {
		now += STS_JOURNAL_AGAIN_MS;
		sts_journal_child_tick(&j, now);
	}
	unit_int("reports that it hangs", count_logged("has not answered"), 1);
	kill(j.child, SIGKILL);
}
END_TEST

/* Weeks go by: longer than a time in milliseconds can lie ahead. */
static void
weeks_go_by(void)
{
	for (unsigned day = 0; day < 26; day++) {
		now += 86400000;
		sts_run(&driver, now, 1800000000, 256);
		look_at_name();
		for (unsigned k = 0; k < PATIENCE && j.prepares && j.child > 0;
		     k++) {
			now += 100;
			sts_journal_child_tick(&j, now);
			poll(NULL, 0, 1);
		}
	}
}

/* The process that writes is killed, and that is noticed at once. */
static void
kill_writer(void)
{
	unsigned noticed = 0;

	count_logged("");
	kill(j.child, SIGKILL);
	for (unsigned k = 0; k < PATIENCE && noticed == 0; k++) {
		now += 100;
		sts_journal_child_tick(&j, now);
		noticed = count_logged("has ended");
		poll(NULL, 0, 1);
	}
	ck_assert_uint_eq(noticed, 1);
}

static void
expect_successor(void)
{
	kill_writer();
	now += STS_JOURNAL_AGAIN_MS;
	learn("a.example");
	ck_assert(reaches(STS_KEEPING_OK));
	kill(j.child, SIGKILL);
}

/* The process that writes ends after weeks, and has a successor at once. */
START_TEST(a_writer_that_ends_after_weeks_gets_a_successor)
{
	start_daemon();
	ck_assert(reaches(STS_KEEPING_OK));
	weeks_go_by();
	expect_successor();
}
END_TEST

/* One that could be begun only after weeks is watched as any other. */
START_TEST(a_writer_that_begins_after_weeks_gets_a_successor)
{
	no_process = true;
	start_daemon();
	weeks_go_by();
	no_process = false;
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	expect_successor();
}
END_TEST

/* A file that can be made only after weeks is watched as any other. */
START_TEST(a_file_that_comes_after_weeks_is_watched)
{
	char other[sizeof path + 8];

	snprintf(other, sizeof other, "%s.other", path);
	rmdir(deep);
	start_daemon();
	weeks_go_by();
	ck_assert_int_eq(mkdir(deep, 0700), 0);
	now += STS_JOURNAL_AGAIN_MS;
	ck_assert(reaches(STS_KEEPING_OK));
	ck_assert_int_eq(rename(path, other), 0);
	look_at_name();
	look_at_name();
	ck_assert_int_eq(sts_journal_child_keeping(&j), STS_KEEPING_FAILING);
	ck_assert_int_eq(rename(other, path), 0);
	kill(j.child, SIGKILL);
}
END_TEST

/* A disk that hangs is reported once, and so is its recovery. */
START_TEST(a_disk_that_hangs_is_reported_once)
{
	start_daemon();
	ck_assert(reaches(STS_KEEPING_OK));
	count_logged("");
	/* A long time without work is no reason to report. */
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
	tcase_add_loop_test(
	    tc, a_file_is_used_or_moved_aside, 0, (int)UNIT_COUNT(finds));
	tcase_add_test(tc, a_locked_journal_is_read_and_not_written_to);
	tcase_add_test(tc, a_read_only_journal_is_read);
	tcase_add_test(tc, a_locked_file_that_is_no_journal_is_not_read);
	tcase_add_test(tc, only_the_file_that_was_filled_is_used);
	tcase_add_test(tc, a_file_that_came_meanwhile_is_not_replaced);
	tcase_add_test(tc, a_linked_file_keeps_its_content);
	tcase_add_test(tc, links_are_not_followed);
	tcase_add_test(tc, without_a_folder_there_is_no_journal);
	tcase_add_test(tc, without_room_the_smaller_journal_is_read);
	tcase_add_test(tc, a_full_disk_is_not_filled_further);
	tcase_add_test(tc, a_large_file_is_not_made_at_once);
	tcase_add_test(tc, a_passing_shortage_delays_no_policy);
	tcase_add_test(tc, policies_are_kept_once_there_is_a_folder);
	tcase_add_test(tc, without_a_link_to_a_writer_nothing_is_written);
	tcase_add_test(tc, the_daemon_serves_while_a_file_is_laid_out);
	tcase_add_test(tc, laying_out_that_hangs_is_a_fault);
	tcase_add_test(tc, why_a_file_is_not_laid_out_is_logged_once);
	tcase_add_test(tc, laying_out_is_tried_again);
	tcase_add_test(tc, a_file_that_has_its_place_is_waited_for);
	tcase_add_test(tc, a_locked_new_file_is_not_the_journal);
	tcase_add_test(tc, a_small_file_grows_when_it_may_be_written_to);
	tcase_add_test(tc, a_dead_writer_gets_a_successor);
	tcase_add_test(tc, without_a_writer_the_daemon_serves);
	tcase_add_test(tc, a_file_without_its_name_is_reported);
	tcase_add_test(tc, a_writer_that_ends_after_weeks_gets_a_successor);
	tcase_add_test(tc, a_writer_that_begins_after_weeks_gets_a_successor);
	tcase_add_test(tc, a_file_that_comes_after_weeks_is_watched);
	tcase_add_test(tc, a_disk_that_hangs_is_reported_once);
}
