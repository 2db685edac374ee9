/* SPDX-License-Identifier: MIT */
/*
 * The journal on a file while processes are killed at any moment: the daemon's
 * side, which has the cache, the child that writes the file, or both. The model
 * lies in memory that outlives the killed process; the next process loads the
 * journal and compares it with the model.
 *
 * KILL_COUNT: the number of kills (400); KILL_SEED: the seed of the generator
 * (1). Both are for `make soak-kill`.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../port/posix/store.h"
#include "../splitmix.h"
#include "kept.h"

const char unit_name[] = "kill";

enum {
	BLOCK_SIZE = 8192,
	BUF_SIZE = 256, /* a record takes several writes */
	AREA_SIZE = STS_STORE_ERASE_SIZE,
	DOMAINS = 12,
	PAYLOAD_MAX = 400,
	LIFE_US = 15000, /* at most, counted from the end of loading */
	BUSY_MS = 20000 /* for which a killed process may still hold the lock */
};

/* What the process that is going to be killed leaves for the others. */
static struct world {
	struct kept kept;
	uint64_t random;
	volatile pid_t child;
	volatile bool loaded;
	unsigned long moved, torn, saved;
	char problem[STS_NAME_MAX + 80];
} * w;

static char folder[] = "/tmp/mtasts-kill-XXXXXX";
static char path[64];

static struct sts_cache cache;
static struct sts_journal journal;
static struct sts_file_store file;
static uint8_t block[BLOCK_SIZE], buf[BUF_SIZE];

static uint32_t
draw(uint32_t below)
{
	return (uint32_t)(splitmix(&w->random) % below);
}

/* Drive the journal until it rests or `steps` steps are done. Returns false
 * when the child is dead. */
static bool
run(unsigned steps)
{
	while (steps-- > 0) {
		int r = sts_journal_step(&journal, &file.store, KEPT_NOW);

		if (file.broken) {
			return false;
		}
		if (r == STS_IO_AGAIN) {
			struct pollfd p = { file.link, POLLIN, 0 };

			poll(&p, 1, -1);
		} else if (r == 0 && !sts_journal_busy(&journal)) {
			kept_settle(&w->kept, &cache);
			return true;
		}
	}
	return true;
}

static void
open_journal(void)
{
	struct sts_journal_geometry g = { 1, STS_STORE_ERASE_SIZE, AREA_SIZE,
		STS_STORE_AREAS, 0 };
	uint8_t key[STS_SIPHASH_KEY];
	unsigned waited = 0;

	while (sts_store_open(&file, path, false) != 0) {
		/* The child of a killed process ends its last write. */
		KEPT_WANT(errno == EWOULDBLOCK);
		KEPT_WANT(waited++ < BUSY_MS);
		sts_store_close(&file);
		poll(NULL, 0, 1);
	}
	memset(key, (int)draw(256), sizeof key);
	sts_cache_init(&cache, block, sizeof block, key);
	KEPT_WANT(sts_journal_init(&journal, &g, &cache, buf, sizeof buf));
	while (sts_journal_state(&journal) == STS_JOURNAL_LOADING) {
		KEPT_WANT(
		    sts_journal_step(&journal, &file.store, KEPT_NOW) == 1);
	}
	KEPT_WANT(sts_journal_state(&journal) == STS_JOURNAL_READY);
	KEPT_WANT(sts_cache_check(&cache));
	w->torn += journal.dirty;
}

static void
fork_child(void)
{
	KEPT_WANT(sts_store_link(&file) >= 0);
	pid_t child = fork();

	KEPT_WANT(child >= 0);
	if (child == 0) {
		sts_store_serve(&file);
	}
	sts_store_forked(&file);
	w->child = child;
}

/* One life of a process: load the journal, compare, and write until killed. */
static void
live(void)
{
	const char *problem;
	uint32_t area;

	open_journal();
	problem = kept_verify(&w->kept, &cache);
	if (problem != NULL) {
		strcpy(w->problem, problem);
		_exit(1);
	}
	fork_child();
	w->loaded = true;
	area = journal.area;
	do {
		for (uint32_t n = 1 + draw(4); n > 0; n--) {
			kept_change(&w->kept, &cache, &journal, draw(DOMAINS));
		}
		if (draw(6) == 0) {
			sts_journal_compact(&journal);
		}
		w->moved += journal.area != area;
		area = journal.area;
		w->saved += w->loaded;
	} while (run(draw(2) ? 1 + draw(20) : UINT32_MAX));
	_exit(0);
}

static void
doze(uint32_t us)
{
	struct timespec t = { 0, (long)us * 1000 };

	nanosleep(&t, NULL);
}

static bool
is_over(pid_t pid)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	/* On a slow machine it is asked a hundred thousand times: none of them is
	 * worth a message to Check's runner. */
	KEPT_WANT(
	    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0);
	return info.si_pid == pid;
}

enum victim {
	THE_WRITER,
	THE_CHILD,
	BOTH,
	WHILE_LOADING,
	VICTIMS
};

/* Kill at a moment that only the seed and the machine's load decide. */
static void
kill_it(pid_t pid, enum victim who)
{
	if (who == WHILE_LOADING) {
		doze(draw(1000));
		kill(-pid, SIGKILL);
		return;
	}
	while (!w->loaded && !is_over(pid)) {
		doze(100);
	}
	doze(draw(LIFE_US));
	if (is_over(pid)) {
		return; /* the process has found a problem */
	}
	if (who == THE_CHILD) {
		ck_assert_int_gt(w->child, 1);
		kill(w->child, SIGKILL);
	} else {
		kill(who == BOTH ? -pid : pid, SIGKILL);
	}
}

static unsigned
setting(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void
one_life(enum victim who)
{
	int status = 0;
	pid_t pid;

	w->loaded = false;
	w->child = 0;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setpgid(0, 0);
		live();
	}
	setpgid(pid, pid);
	kill_it(pid, who);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(w->problem[0] == '\0', "%s", w->problem);
	if (who == THE_CHILD) {
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	} else {
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
}

static void
begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/journal", folder);
	w = mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(w, MAP_FAILED);
	w->random = setting("KILL_SEED", 1);
	kept_init(&w->kept, w->random, DOMAINS, PAYLOAD_MAX, false);
	ck_assert_int_eq(sts_store_open(&file, path, true), 0);
	ck_assert_int_eq(sts_store_fill(&file, AREA_SIZE, NULL), 0);
	sts_store_close(&file);
}

static void
end(void)
{
	unlink(path);
	rmdir(folder);
}

/* Promise 7: a kill loses at most the record that is being written. */
START_TEST(a_kill_loses_at_most_the_record_being_written)
{
	unsigned count = setting("KILL_COUNT", 400);
	unsigned long moved, torn;

	for (unsigned i = 0; i < count; i++) {
		one_life((enum victim)draw(VICTIMS));
	}
	moved = w->moved;
	torn = w->torn;
	/* One last load shows what the last kill left. */
	open_journal();
	ck_assert_msg(
	    kept_verify(&w->kept, &cache) == NULL, "%s", w->kept.problem);
	sts_store_close(&file);
	printf("%u kills, %lu turns, %lu areas written, %lu torn\n", count,
	    w->saved, moved, torn);
	ck_assert_uint_gt(moved, 0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_unchecked_fixture(tc, begin, end);
	tcase_add_test(tc, a_kill_loses_at_most_the_record_being_written);
}
