/* SPDX-License-Identifier: MIT */
/* port/posix/store: a file as storage. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../port/posix/store.h"
#include "unit.h"

const char unit_name[] = "store";

enum {
	AREA = 2 * STS_STORE_ERASE_SIZE,
	PATIENCE_MS = 20000
};

static char folder[] = "/tmp/mtasts-store-XXXXXX";
static char path[64];
static struct sts_file_store file;
static uint8_t buf[STS_STORE_BUFFER];

static void
begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/journal", folder);
}

static void
end(void)
{
	unlink(path);
	rmdir(folder);
}

static void
make(struct sts_file_store *s, const char *at, uint32_t area)
{
	ck_assert_int_eq(sts_store_open(s, at, true), 0);
	ck_assert_int_eq(sts_store_fill(s, area, NULL), 0);
}

/* Repeat a read until it is carried out. */
static int
get(const struct sts_file_store *s, uint32_t off, size_t n)
{
	int r;

	while ((r = s->store.read(s->store.ctx, off, buf, n)) == STS_IO_AGAIN) {
		struct pollfd p = { s->link, POLLIN, 0 };

		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	}
	return r;
}

/* Whether the n octets from off are all c. */
static bool
all(const struct sts_file_store *s, uint32_t off, uint32_t n, uint8_t c)
{
	for (uint32_t at = 0; at < n; at += (uint32_t)sizeof buf) {
		ck_assert_int_eq(get(s, off + at, sizeof buf), 0);
		for (size_t i = 0; i < sizeof buf; i++) {
			if (buf[i] != c) {
				return false;
			}
		}
	}
	return true;
}

/* Repeat a call until it is carried out. */
static int
put(int (*how)(void *, uint32_t, const uint8_t *, size_t), uint32_t off,
    uint8_t c)
{
	int r;

	memset(buf, c, sizeof buf);
	while ((r = how(&file, off, buf, sizeof buf)) == STS_IO_AGAIN) {
		struct pollfd p = { file.link, POLLIN, 0 };

		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	}
	return r;
}

static int
prog(uint32_t off, uint8_t c)
{
	return put(file.store.prog, off, c);
}

static int
commit(uint32_t off, uint8_t c)
{
	return put(file.store.commit, off, c);
}

static int
sync_all(void)
{
	int r;

	while ((r = file.store.sync(&file)) == STS_IO_AGAIN) {
		struct pollfd p = { file.link, POLLIN, 0 };

		ck_assert_int_eq(poll(&p, 1, PATIENCE_MS), 1);
	}
	return r;
}

START_TEST(a_new_file_is_erased_and_private)
{
	struct stat st;
	uint64_t size;

	ck_assert_int_eq(sts_store_open(&file, path, false), -1);
	ck_assert_int_eq(errno, ENOENT);
	make(&file, path, AREA);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	sts_store_size(&file, &size);
	ck_assert_uint_eq(size, 2 * AREA);
	ck_assert(all(&file, 0, 2 * AREA, 0xff));
	ck_assert_int_eq(prog(AREA, 'x'), 0);
	ck_assert_int_eq(sync_all(), 0);
	ck_assert(all(&file, AREA, sizeof buf, 'x'));
	ck_assert_int_eq(file.store.erase(&file, AREA), 0);
	ck_assert(all(&file, 0, 2 * AREA, 0xff));
	ck_assert_int_eq(
	    file.store.read(&file, 2 * AREA - 1, buf, 2), STS_IO_RESET);
	sts_store_close(&file);
}
END_TEST

START_TEST(a_file_is_locked_while_it_is_open)
{
	static struct sts_file_store other;

	make(&file, path, AREA);
	ck_assert_int_eq(sts_store_open(&other, path, false), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	sts_store_close(&other);
	sts_store_close(&file);
	ck_assert_int_eq(sts_store_open(&other, path, false), 0);
	ck_assert_uint_eq(other.store.area_size, AREA);
	sts_store_close(&other);
}
END_TEST

/* What may have the name of a file that is to be made or opened. All of it
 * belongs to somebody else, and not an octet of it may change. */
enum thing {
	HARD_LINK, /* of a file that we may write to */
	LOCKED_LINK, /* the same, locked by another process */
	SYMLINK,
	DANGLING,
	FIFO,
	FOLDER,
	FORBIDDEN /* another user's file that we may not read */
};

static const struct {
	const char *name;
	enum thing thing;
	int made, opened; /* errno; 0: success */
} things[] = {
	{ "hard link", HARD_LINK, 0, 0 },
	{ "locked", LOCKED_LINK, EWOULDBLOCK, EWOULDBLOCK },
	{ "symbolic link", SYMLINK, 0, ELOOP },
	{ "dangling link", DANGLING, 0, ELOOP },
	{ "fifo", FIFO, 0, EINVAL },
	{ "folder", FOLDER, EEXIST, EISDIR },
	{ "not ours", FORBIDDEN, 0, EACCES },
};

static char victim[64];
static int victim_fd;

static void
put_thing(enum thing t)
{
	snprintf(victim, sizeof victim, "%s/victim", folder);
	victim_fd = open(victim, O_RDWR | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(victim_fd, 0);
	ck_assert_int_eq(write(victim_fd, "content", 7), 7);
	switch (t) {
	case LOCKED_LINK:
		ck_assert_int_eq(flock(victim_fd, LOCK_EX), 0);
		/* fall through */
	case HARD_LINK:
		ck_assert_int_eq(link(victim, path), 0);
		break;
	case SYMLINK:
		ck_assert_int_eq(symlink(victim, path), 0);
		break;
	case DANGLING:
		ck_assert_int_eq(symlink("nowhere", path), 0);
		break;
	case FIFO:
		ck_assert_int_eq(mkfifo(path, 0600), 0);
		break;
	case FOLDER:
		ck_assert_int_eq(mkdir(path, 0700), 0);
		break;
	case FORBIDDEN:
		ck_assert_int_eq(chmod(victim, 0), 0);
		ck_assert_int_eq(link(victim, path), 0);
	}
}

static void
take_away(const char *name)
{
	char content[8] = "";
	struct stat st;

	unit_int(name, pread(victim_fd, content, sizeof content, 0), 7);
	ck_assert_str_eq(content, "content");
	ck_assert_int_eq(fstat(victim_fd, &st), 0);
	close(victim_fd);
	unlink(victim);
	if (unlink(path) != 0) {
		rmdir(path);
	}
}

/* A file that is made takes the name from the thing, or fails and leaves it. */
START_TEST(what_has_a_new_files_name_stays_unchanged)
{
	for (size_t i = 0; i < UNIT_COUNT(things); i++) {
		const char *name = things[i].name;

		put_thing(things[i].thing);
		int rc = sts_store_open(&file, path, true);

		unit_int(name, rc != 0 ? errno : 0, things[i].made);
		if (rc == 0) {
			struct stat st;

			ck_assert_int_eq(sts_store_fill(&file, AREA, NULL), 0);
			ck_assert_int_eq(lstat(path, &st), 0);
			ck_assert(S_ISREG(st.st_mode));
			unit_int(name, st.st_mode & 07777, 0600);
			unit_int(name, (long long)st.st_nlink, 1);
			ck_assert(sts_store_has_name(&file, path));
		}
		sts_store_close(&file);
		take_away(name);
	}
}
END_TEST

/* A file that is opened is never reached by a link, and nothing is waited
 * for. */
START_TEST(no_link_is_followed_and_no_pipe_waited_for)
{
	for (size_t i = 0; i < UNIT_COUNT(things); i++) {
		if (things[i].thing == FORBIDDEN && getuid() == 0) {
			continue; /* the superuser may read everything */
		}
		put_thing(things[i].thing);
		int rc = sts_store_open(&file, path, false);

		unit_int(things[i].name, rc != 0 ? errno : 0, things[i].opened);
		sts_store_close(&file);
		take_away(things[i].name);
	}
}
END_TEST

/* A larger file begins with what the smaller one's areas hold. */
START_TEST(a_larger_file_has_what_the_smaller_one_had)
{
	static struct sts_file_store old;
	char small[64];

	snprintf(small, sizeof small, "%s/small", folder);
	make(&file, small, AREA);
	ck_assert_int_eq(prog(0, 'a'), 0);
	ck_assert_int_eq(prog(AREA, 'b'), 0);
	old = file;
	old.store.ctx = &old;
	ck_assert_int_eq(sts_store_open(&file, path, true), 0);
	ck_assert_int_eq(sts_store_fill(&file, 2 * AREA, &old), 0);
	ck_assert(all(&file, 0, sizeof buf, 'a'));
	ck_assert(all(&file, sizeof buf, 2 * AREA - sizeof buf, 0xff));
	ck_assert(all(&file, 2 * AREA, sizeof buf, 'b'));
	ck_assert(all(&file, 2 * AREA + sizeof buf, AREA, 0xff));
	sts_store_close(&old);
	sts_store_close(&file);
	unlink(small);
}
END_TEST

static pid_t
fork_child(void)
{
	ck_assert_int_ge(sts_store_link(&file), 0);
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		sts_store_serve(&file);
	}
	sts_store_forked(&file);
	return child;
}

static pid_t
make_child(void)
{
	make(&file, path, AREA);
	return fork_child();
}

START_TEST(a_child_writes_and_ends_with_its_parent)
{
	int link, status;
	pid_t child = make_child();

	link = file.link;
	memset(buf, 'x', sizeof buf);
	ck_assert_int_eq(
	    file.store.prog(&file, AREA, buf, sizeof buf), STS_IO_AGAIN);
	ck_assert_int_eq(prog(AREA, 'x'), 0);
	ck_assert_int_eq(prog(0, 'y'), 0);
	ck_assert_int_eq(sync_all(), 0);
	ck_assert(all(&file, AREA, sizeof buf, 'x'));
	ck_assert(all(&file, 0, sizeof buf, 'y'));
	/* One request gets one answer. */
	unsigned before = file.answers;

	ck_assert_int_eq(commit(AREA, 'w'), 0);
	ck_assert_uint_eq(file.answers, before + 1);
	ck_assert(all(&file, AREA, sizeof buf, 'w'));
	/* SIGTERM, which goes to a whole service, does not end the child: a
	 * request is still carried out. */
	kill(child, SIGTERM);
	ck_assert_int_eq(prog(sizeof buf, 'z'), 0);
	/* The child ends with its parent, and only then the lock is free. */
	close(file.fd);
	static struct sts_file_store other;

	ck_assert_int_eq(sts_store_open(&other, path, false), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	sts_store_close(&other);
	close(link);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	ck_assert_int_eq(sts_store_open(&other, path, false), 0);
	ck_assert(all(&other, sizeof buf, sizeof buf, 'z'));
	sts_store_close(&other);
}
END_TEST

START_TEST(a_dead_child_breaks_the_store_and_may_be_replaced)
{
	int status;
	pid_t child = make_child();
	int link = file.link;

	kill(child, SIGSTOP);
	memset(buf, 'x', sizeof buf);
	for (unsigned i = 0; i < 3; i++) {
		/* The child stands for a disk that hangs: no call waits for
		 * it. */
		ck_assert_int_eq(
		    file.store.prog(&file, 0, buf, sizeof buf), STS_IO_AGAIN);
	}
	kill(child, SIGKILL);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(prog(0, 'x'), STS_IO_RESET);
	ck_assert(file.broken);
	ck_assert_int_eq(sync_all(), STS_IO_RESET);
	close(link);
	/* A second child gets the same file and lock. */
	static struct sts_file_store other;

	ck_assert_int_eq(sts_store_open(&other, path, false), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	sts_store_close(&other);
	child = fork_child();
	ck_assert(!file.broken);
	ck_assert_int_eq(prog(0, 'y'), 0);
	ck_assert_int_eq(sync_all(), 0);
	close(file.link);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	sts_store_close(&file);
}
END_TEST

/* Where there can be no child for want of descriptors, the parent does not do a
 * child's work: it answers, and a disk may hang. */
START_TEST(without_a_link_nothing_is_written)
{
	struct rlimit had, none;
	int status;

	make(&file, path, AREA);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &had), 0);
	none = had;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	int link = sts_store_link(&file);

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &had), 0);
	ck_assert_int_eq(link, -1);
	ck_assert_int_eq(prog(0, 'x'), STS_IO_RESET);
	ck_assert_int_eq(commit(0, 'x'), STS_IO_RESET);
	ck_assert_int_eq(file.store.erase(&file, 0), STS_IO_RESET);
	ck_assert_int_eq(sync_all(), STS_IO_RESET);
	ck_assert(all(&file, 0, 2 * AREA, 0xff));
	pid_t child = fork_child();

	ck_assert_int_eq(prog(0, 'x'), 0);
	close(file.link);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	sts_store_close(&file);
}
END_TEST

/* The child reads what could not be read at the start. An answer counts once it
 * is complete. */
START_TEST(a_child_reads)
{
	pid_t child = make_child();
	int status;

	for (unsigned i = 0; i < 40; i++) {
		ck_assert_int_eq(prog(AREA, (uint8_t)('a' + i)), 0);
		memset(buf, 0, sizeof buf);
		ck_assert_int_eq(get(&file, AREA - 1, sizeof buf), 0);
		ck_assert_uint_eq(buf[0], 0xff);
		ck_assert_uint_eq(buf[1], 'a' + i);
		ck_assert_uint_eq(buf[sizeof buf - 1], 'a' + i);
	}
	ck_assert_int_eq(get(&file, 2 * AREA, 9), STS_IO_RESET);
	ck_assert_int_eq(file.error, EIO);
	ck_assert_int_eq(prog(0, 'z'), 0);
	close(file.link);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	sts_store_close(&file);
}
END_TEST

/* A file that was opened for reading only is opened for writing later, and
 * stays locked meanwhile. */
START_TEST(a_file_stays_locked_while_reopened_for_writing)
{
	static struct sts_file_store other;

	make(&file, path, AREA);
	close(file.fd);
	file.fd = open(path, O_RDONLY);
	ck_assert_int_eq(flock(file.fd, LOCK_EX | LOCK_NB), 0);
	ck_assert(!sts_store_writable(&file));
	ck_assert_int_ne(prog(0, 'x'), 0);
	ck_assert_int_eq(sts_store_reopen(&file, folder), -1);
	ck_assert(all(&file, 0, sizeof buf, 0xff));
	ck_assert_int_eq(sts_store_reopen(&file, path), 0);
	ck_assert(sts_store_writable(&file));
	ck_assert_int_eq(prog(0, 'x'), 0);
	ck_assert_int_eq(sts_store_open(&other, path, false), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	sts_store_close(&other);
	sts_store_close(&file);
	ck_assert_int_eq(sts_store_open(&other, path, false), 0);
	sts_store_close(&other);
	/* Another file that has the name now is not used. */
	make(&file, path, AREA);
	close(file.fd);
	file.fd = open(path, O_RDONLY);
	unlink(path);
	make(&other, path, AREA);
	ck_assert_int_eq(sts_store_reopen(&file, path), -1);
	ck_assert_int_eq(errno, ESTALE);
	sts_store_close(&other);
	sts_store_close(&file);
}
END_TEST

/* A full disk is distinguished from a broken one and may have room later. */
START_TEST(a_full_disk_may_have_room_later)
{
	int full = open("/dev/full", O_RDWR), real, status;

	if (full < 0) {
		return; /* the system has no /dev/full */
	}
	make(&file, path, AREA);
	real = dup(file.fd);
	ck_assert_int_ge(dup2(full, file.fd), 0);
	pid_t child = fork_child();

	ck_assert_int_eq(prog(0, 'x'), STS_IO_LIMIT);
	ck_assert_int_eq(file.error, ENOSPC);
	ck_assert(!file.broken);
	close(file.link);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_ge(dup2(real, file.fd), 0);
	child = fork_child();
	ck_assert_int_eq(prog(0, 'x'), 0);
	close(file.link);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	close(real);
	close(full);
	sts_store_close(&file);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, a_new_file_is_erased_and_private);
	tcase_add_test(tc, a_file_is_locked_while_it_is_open);
	tcase_add_test(tc, what_has_a_new_files_name_stays_unchanged);
	tcase_add_test(tc, no_link_is_followed_and_no_pipe_waited_for);
	tcase_add_test(tc, a_larger_file_has_what_the_smaller_one_had);
	tcase_add_test(tc, a_child_writes_and_ends_with_its_parent);
	tcase_add_test(tc, a_dead_child_breaks_the_store_and_may_be_replaced);
	tcase_add_test(tc, without_a_link_nothing_is_written);
	tcase_add_test(tc, a_child_reads);
	tcase_add_test(tc, a_file_stays_locked_while_reopened_for_writing);
	tcase_add_test(tc, a_full_disk_may_have_room_later);
}
