/* SPDX-License-Identifier: MIT */
/*
 * The daemon's journal while it runs. `found` says what there is to work on:
 *
 *	READY      a child writes (child > 0, !prepares), or there will be one
 *	TAKEN      another instance's, or its name is gone or another
 *	           file's; a child waits until it can be had
 *	the others a child tries to put it right every minute
 *
 * There is at most one child. One that prepares does what may block, and ends
 * with the errno as its status; then the parent takes what is there with calls
 * that do not block. One that writes serves requests until the parent is gone.
 *
 * Invariants: once the daemon serves it never waits for the disk. The file that
 * is the journal is changed by a child that writes and by nobody else, and the
 * first child begins when the journal has been read (serve.c), so that nothing
 * is written over what was not read. Each trouble is logged once when it begins
 * and once when it is over; each retry comes a minute after the last.
 *
 * The attackers are a disk that fails, fills or hangs, and whoever may write to
 * the folder: a file that was removed or replaced is noticed by its name
 * (watch_name), since what is written to it would be lost.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/driver.h"
#include "../../port/posix/socket.h"
#include "confine.h"
#include "journal_child.h"

enum {
	LOOK_MS = 100, /* between two looks at the lock, or at a child */
	/* The same at the start, which nobody is answered before: the writer of
	 * an instance that was killed keeps the lock for some milliseconds. */
	LOOK_START_MS = 5,
	ERRNO_MAX = 255 /* that an exit status holds */
};

static struct sts_journal_file
file_of(const struct sts_journal_child *j, uint32_t at_once_max,
    struct sts_log *log)
{
	struct sts_journal_file f = { j->path, j->area_size, at_once_max, log };

	return f;
}

/* Whether nothing is open for a reason that may be over in a moment: the
 * instance that has the lock is about to end, or the system is short of
 * something. Until then nobody can tell what the journal holds, and answers could
 * be weaker than that. */
static bool
may_pass(const struct sts_journal_child *j)
{
	return j->found == STS_FILE_NONE &&
	       (j->error == EWOULDBLOCK || j->error == ESTALE ||
		   sts_socket_error(j->error) == STS_IO_LIMIT);
}

static const char *
words_of(int error)
{
	return error == ESTALE ? "the file was removed or replaced"
			       : strerror(error);
}

static void
log_waiting(const struct sts_journal_child *j, struct sts_log *log)
{
	if (j->error == EWOULDBLOCK) {
		sts_log_line(log, STS_LOG_INFO,
		    "journal %s: waiting for the instance that has it locked",
		    j->path);
	} else {
		sts_log_line(log, STS_LOG_INFO, "journal %s: waiting: %s",
		    j->path, words_of(j->error));
	}
}

/* Open it, or wait a little until it can be. */
static void
open_when_free(struct sts_journal_child *j, struct sts_log *log)
{
	/* Under chroot there is no other time to make it. */
	struct sts_journal_file f = file_of(
	    j, j->chrooted ? UINT32_MAX : (uint32_t)STS_JOURNAL_AT_ONCE, log);
	int wait =
	    j->chrooted ? STS_JOURNAL_LOCK_CHROOT_MS : STS_JOURNAL_LOCK_MS;

	for (int waited = 0;; waited += LOOK_START_MS) {
		j->found = (uint8_t)sts_journal_file_open(&f, &j->file);
		j->error = j->found == STS_FILE_READY ? 0 : errno;
		if (!may_pass(j) || waited >= wait) {
			break;
		}
		if (waited == 0) {
			log_waiting(j, log);
		}
		poll(NULL, 0, LOOK_START_MS);
	}
	if (j->error == EWOULDBLOCK) {
		j->found = (uint8_t)sts_journal_file_look(&f, &j->file);
	}
}

static void
log_file(const struct sts_journal_child *j, struct sts_log *log)
{
	sts_log_line(log, STS_LOG_INFO, "journal %s, %lu bytes", j->path,
	    (unsigned long)j->file.store.area_size * STS_STORE_AREAS);
}

/* Log why policies do not outlive a restart, and until when. */
static void
log_problem(const struct sts_journal_child *j, struct sts_log *log, bool wanted)
{
	if (j->error == EWOULDBLOCK) {
		sts_log_line(log, STS_LOG_ERROR,
		    "journal %s: another instance has it locked: %s do not "
		    "outlive a "
		    "restart%s",
		    j->path,
		    j->found == STS_FILE_TAKEN
			? "serving from what it held at the start; newer "
			  "policies"
			: "policies",
		    j->chrooted
			? "; under chroot, restart mtasts when it is free"
			: " until it comes free");
		return;
	}
	if (j->error == EINPROGRESS) {
		sts_log_line(log, STS_LOG_WARNING,
		    "journal %s: %lu bytes are being laid out: %s do not "
		    "outlive a restart until that is done",
		    j->path, (unsigned long)j->area_size * STS_STORE_AREAS,
		    j->found == STS_FILE_NONE ? "policies" : "newer policies");
		return;
	}
	sts_log_line(log, wanted ? STS_LOG_ERROR : STS_LOG_WARNING,
	    "journal %s: %s%s: %s do not outlive a restart%s", j->path,
	    j->found == STS_FILE_SMALL ? "cannot be made larger: " : "",
	    words_of(j->error),
	    j->found == STS_FILE_NONE ? "policies" : "newer policies",
	    j->chrooted ? "" : " until that is over; tried every minute");
}

void
sts_journal_child_open(struct sts_journal_child *j, const struct sts_conf *c,
    const struct sts_memory *m, struct sts_log *log)
{
	memset(j, 0, sizeof *j);
	j->file.fd = -1;
	j->logged = STS_KEEPING_OK;
	j->area_size = m->journal_area;
	j->chrooted = c->chroot[0] != '\0';
	memcpy(j->path, c->journal, sizeof j->path);
	if (j->path[0] == '\0') {
		sts_log_line(log, STS_LOG_INFO,
		    "journal off: policies do not outlive a restart");
		return;
	}
	open_when_free(j, log);
	if (j->found == STS_FILE_READY) {
		log_file(j, log);
		return;
	}
	log_problem(j, log, c->journal_given);
}

static uint32_t
day_budget(const struct sts_journal_child *j)
{
	uint32_t area = j->file.store.area_size;

	return area > UINT32_MAX / STS_JOURNAL_DAY_AREAS
		   ? UINT32_MAX
		   : area * STS_JOURNAL_DAY_AREAS;
}

/* The file is the agent's storage from now on, or has grown. */
static void
lend(struct sts_journal_child *j)
{
	const struct sts_store *store = &j->file.store;
	bool again = j->found == STS_FILE_TAKEN && j->d.agent->journal.on;

	j->d.port->store = store;
	if (again ? !sts_agent_journal_again(j->d.agent, store, day_budget(j))
		  : !sts_agent_journal(j->d.agent, store, day_budget(j))) {
		j->error = EINVAL;
	}
}

void
sts_journal_child_attach(
    struct sts_journal_child *j, const struct sts_journal_child_of *d)
{
	j->d = *d;
	/* A file that is empty and too small has no areas. */
	if (j->found != STS_FILE_NONE && j->file.store.area_size > 0) {
		lend(j);
	}
}

/* In a child. */
static void
leave_memory(const struct sts_journal_child *j)
{
	/* Else each page that the parent changes would be there twice, where
	 * the child got them at all. */
	sts_block_unmap(j->d.memory->anchors[0], j->d.memory->size);
}

/* In a child: open it, as soon as no other instance has it. 0, or errno. */
static int
open_later(struct sts_journal_child *j, const struct sts_journal_file *f)
{
	pid_t parent = getppid();

	while (sts_journal_file_open(f, &j->file) != STS_FILE_READY) {
		int error = errno;

		/* One that can only be read has its lock, which would keep the
		 * next try out. */
		sts_store_close(&j->file);
		if (error != EWOULDBLOCK || getppid() != parent) {
			return error;
		}
		poll(NULL, 0, LOOK_MS);
	}
	return 0;
}

/* In a child: a larger file in place of the one that is open. 0, or errno. */
static int
grow(const struct sts_journal_child *j, const struct sts_journal_file *f)
{
	struct sts_file_store fresh;
	int error = sts_journal_file_grow(f, &fresh, &j->file) == 0 ? 0 : errno;

	/* That the new file's own name is locked says nothing about ours. */
	return error == EWOULDBLOCK && sts_store_has_name(&j->file, j->path)
		   ? EBUSY
		   : error;
}

/* In a child: do what may take long, so that the parent need not. The exit
 * status is the errno. */
static int
prepare(struct sts_journal_child *j)
{
	struct sts_journal_file f = file_of(j, UINT32_MAX, j->d.log);

	switch (j->found) {
	case STS_FILE_READ_ONLY:
		return sts_store_reopen(&j->file, j->path) == 0 ? 0 : errno;
	case STS_FILE_SMALL:
		return grow(j, &f);
	default:
		return open_later(j, &f);
	}
}

/* The child has prepared the file: take it over as it is now. 0, or errno. */
static int
take(struct sts_journal_child *j)
{
	struct sts_journal_file f = file_of(j, UINT32_MAX, j->d.log);
	struct sts_file_store fresh;

	if (j->found == STS_FILE_READ_ONLY) {
		return sts_store_reopen(&j->file, j->path) == 0 ? 0 : errno;
	}
	if (sts_journal_file_take(&f, &fresh) != 0) {
		return errno;
	}
	sts_store_close(&j->file);
	j->file = fresh;
	j->file.store.ctx = &j->file;
	return 0;
}

/* In the child that writes; does not return. */
static void
write_alone(struct sts_journal_child *j)
{
	int error = j->confined ? sts_confine_writer() : 0;

	if (error != 0) {
		_exit(error > ERRNO_MAX ? ERRNO_MAX : error);
	}
	sts_store_serve(&j->file);
}

/* 0, or -1 with errno. */
static int
fork_writer(struct sts_journal_child *j)
{
	int link = sts_store_link(&j->file);

	if (link < 0) {
		return -1;
	}
	if (sts_posix_store(j->d.posix, link) != 0) {
		close(link);
		sts_store_unlink(&j->file);
		return -1;
	}
	j->file.name = j->path;
	j->child = fork();
	if (j->child < 0) {
		j->child = 0;
		sts_posix_unstore(j->d.posix);
		sts_store_unlink(&j->file);
		return -1;
	}
	if (j->child == 0) {
		leave_memory(j);
		write_alone(j);
	}
	j->prepares = false;
	sts_store_forked(&j->file);
	return 0;
}

/* 0, or -1 with errno. */
static int
fork_preparer(struct sts_journal_child *j)
{
	j->child = fork();
	if (j->child == 0) {
		leave_memory(j);
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGHUP, SIG_IGN);
		sts_store_alone(&j->file, j->d.log->fd);
		int error = prepare(j);

		_exit(error > ERRNO_MAX ? ERRNO_MAX : error);
	}
	j->prepares = j->child > 0;
	if (j->child < 0) {
		j->child = 0;
		return -1;
	}
	return 0;
}

/* Whether there is anything to do for a child. */
static bool
may_fork(const struct sts_journal_child *j)
{
	return j->path[0] != '\0' &&
	       (j->found == STS_FILE_READY || !j->chrooted);
}

static int
fork_child(struct sts_journal_child *j, sts_ms now)
{
	j->next = now + STS_JOURNAL_AGAIN_MS;
	j->begun = now;
	return j->found == STS_FILE_READY ? fork_writer(j) : fork_preparer(j);
}

const char *
sts_journal_child_awaited(const struct sts_journal_child *j)
{
	return may_fork(j) && j->found != STS_FILE_READY ? j->path : NULL;
}

/* Without a child the agent answers all the same, and tries again. */
static void
log_unforked(struct sts_journal_child *j)
{
	if (!j->unforked) {
		sts_log_line(j->d.log, STS_LOG_ERROR,
		    "journal %s: cannot start the process that writes it: %s: "
		    "newer policies do not outlive a restart until it runs; "
		    "tried every minute",
		    j->path, strerror(errno));
	}
	j->unforked = true;
}

/* Begin a child. */
static void
begin_child(struct sts_journal_child *j, sts_ms now)
{
	if (fork_child(j, now) != 0) {
		log_unforked(j);
		return;
	}
	j->unforked = false;
	if (!j->prepares) {
		sts_agent_journal_retry(j->d.agent);
		sts_driver_wake(j->d.driver);
	}
}

void
sts_journal_child_begin(struct sts_journal_child *j, bool confined, sts_ms now)
{
	j->confined = confined;
	/* From now on only a child writes. */
	j->file.broken = true;
	/* The lock may come free at any time. */
	j->next = now + (j->error == EWOULDBLOCK || j->error == EINPROGRESS
				? 0
				: STS_JOURNAL_AGAIN_MS);
	j->look = j->heard = j->named = now;
	if (j->found == STS_FILE_READY) {
		begin_child(j, now);
	}
}

/* Whether the name of the file that is open is now that of another, perhaps of
 * another instance's. */
static bool
has_lost_name(const struct sts_journal_child *j, int error)
{
	return (j->found == STS_FILE_SMALL || j->found == STS_FILE_READ_ONLY) &&
	       (error == ESTALE || error == EWOULDBLOCK);
}

/* It is not READY yet. A reason is logged when it is another than before: one
 * that only shows while a child works would stay unknown. */
static void
not_ready(struct sts_journal_child *j, int error)
{
	if (has_lost_name(j, error)) {
		/* What is open is read until the other one can be had: then
		 * that is read, too. It may be this one again. */
		sts_store_unlock(&j->file);
		j->found = STS_FILE_TAKEN;
	}
	if (error != j->error) {
		j->error = error;
		log_problem(j, j->d.log, true);
	}
}

/* The file is there, or can be written to now. */
static void
prepared(struct sts_journal_child *j, sts_ms now)
{
	bool lent = sts_agent_keeps(j->d.agent);
	int error = take(j);

	if (error != 0) {
		not_ready(j, error);
		return;
	}
	if (j->file.store.area_size < j->area_size) {
		/* One that could only be read: now it can be made larger. */
		j->found = STS_FILE_SMALL;
		not_ready(j, EINPROGRESS);
		j->next = now;
		return;
	}
	j->error = 0;
	if (!lent || j->found != STS_FILE_READ_ONLY) {
		lend(j);
	}
	j->found = STS_FILE_READY;
	log_file(j, j->d.log);
	begin_child(j, now);
}

static void
log_ended(const struct sts_journal_child *j, const char *does, int status)
{
	sts_log_line(j->d.log, STS_LOG_ERROR,
	    "journal %s: the process that %s it has ended (%s %d); another one "
	    "is started",
	    j->path, does, WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void
writer_ended(struct sts_journal_child *j, int status)
{
	sts_posix_unstore(j->d.posix);
	sts_store_unlink(&j->file);
	sts_ready(j->d.driver, STS_CH_STORE, 0);
	log_ended(j, "writes", status);
}

static void
preparer_ended(struct sts_journal_child *j, int status, sts_ms now)
{
	if (!WIFEXITED(status)) {
		/* Killed, perhaps each time: that is a fault, too. */
		log_ended(j, "prepares", status);
		j->error = EINTR;
	} else if (WEXITSTATUS(status) == 0) {
		prepared(j, now);
	} else {
		not_ready(j, WEXITSTATUS(status));
	}
}

/* Whether a child has ended, and what follows from it. */
static void
reap(struct sts_journal_child *j, sts_ms now)
{
	int status = 0;

	if (!j->prepares && j->file.broken) {
		/* Whatever it still does, its answers are not read. */
		kill(j->child, SIGKILL);
	} else if (!j->prepares && j->file.answers != j->seen) {
		/* It has just answered. */
		j->seen = j->file.answers;
		return;
	}
	if (waitpid(j->child, &status, WNOHANG) != j->child) {
		return;
	}
	j->child = 0;
	if (j->prepares) {
		preparer_ended(j, status, now);
	} else {
		writer_ended(j, status);
	}
}

/* Whether it is being laid out, and nothing is wrong. */
static bool
is_laid_out(const struct sts_journal_child *j)
{
	return j->error == EINPROGRESS && !j->unforked && !j->slow;
}

enum sts_keeping
sts_journal_child_keeping(const struct sts_journal_child *j)
{
	if (j->path[0] == '\0') {
		return STS_KEEPING_OFF;
	}
	if (is_laid_out(j)) {
		return STS_KEEPING_OK;
	}
	if (j->found != STS_FILE_READY) {
		return j->error == ENOSPC || j->error == EDQUOT
			   ? STS_KEEPING_FULL
			   : STS_KEEPING_FAILING;
	}
	return j->file.broken || j->hangs || j->nameless
		   ? STS_KEEPING_FAILING
		   : sts_agent_keeping(j->d.agent);
}

/* Log once what is wrong with the storage, and once that it is right again. */
static void
log_state(struct sts_journal_child *j)
{
	enum sts_keeping is = sts_agent_keeping(j->d.agent);

	if (is == STS_KEEPING_OFF || is == j->logged) {
		return;
	}
	if (is == STS_KEEPING_OK) {
		sts_log_line(j->d.log, STS_LOG_WARNING,
		    "journal %s: written again", j->path);
	} else if (j->logged == STS_KEEPING_OK && j->file.error != 0) {
		sts_log_line(j->d.log, STS_LOG_ERROR,
		    "journal %s: %s: newer policies do not outlive a restart "
		    "until this is over",
		    j->path, strerror(j->file.error));
	}
	j->logged = (uint8_t)is;
}

/* A disk that hangs says nothing; nor does the child that waits for it. */
static void
watch_disk(struct sts_journal_child *j, sts_ms now)
{
	bool waits = j->waits;

	j->waits = j->file.asked;
	if (!waits || !j->waits || j->file.answers != j->answers) {
		if (j->hangs) {
			sts_log_line(j->d.log, STS_LOG_WARNING,
			    "journal %s: the disk answers again", j->path);
		}
		j->answers = j->file.answers;
		j->heard = now;
		j->hangs = false;
	} else if (!j->hangs && now - j->heard >= STS_JOURNAL_AGAIN_MS) {
		j->hangs = true;
		sts_log_line(j->d.log, STS_LOG_ERROR,
		    "journal %s: the disk has not answered for a minute: newer "
		    "policies do not outlive a restart until it does",
		    j->path);
	}
}

/* Nor does one that is to lay a large file out. It is another kind of patience:
 * how far it is nobody can see but by asking the disk. */
static void
watch_layer(struct sts_journal_child *j, sts_ms now)
{
	bool lays = j->child > 0 && j->prepares && j->error == EINPROGRESS;
	bool slow = lays && (j->slow || now - j->begun >= STS_JOURNAL_LAYS_MS);

	if (slow && !j->slow) {
		sts_log_line(j->d.log, STS_LOG_ERROR,
		    "journal %s: it is not laid out after an hour: the disk "
		    "may hang: newer policies do not outlive a restart until "
		    "it is",
		    j->path);
	}
	j->slow = slow;
}

/* A file that somebody has removed or replaced is written to in vain: no restart
 * will find it. The child looks, since a disk that hangs may hold the child but
 * never the daemon. Under chroot the name cannot be seen. */
static void
watch_name(struct sts_journal_child *j, sts_ms now)
{
	if (j->found != STS_FILE_READY || j->chrooted ||
	    !sts_store_hear_name(&j->file)) {
		return;
	}
	bool nameless = j->file.nameless;

	if (!sts_before(now, j->named)) {
		j->named = now + STS_JOURNAL_AGAIN_MS;
		sts_store_ask_name(&j->file);
	}
	if (nameless && !j->nameless) {
		sts_log_line(j->d.log, STS_LOG_ERROR,
		    "journal %s: the file was removed or replaced: newer "
		    "policies do not outlive a restart until it "
		    "is back, or mtasts is restarted",
		    j->path);
	} else if (j->nameless && !nameless) {
		sts_log_line(j->d.log, STS_LOG_WARNING,
		    "journal %s: the file is back", j->path);
	}
	j->nameless = nameless;
}

/* Times that are over stay so: a child, or the want of one, may last for
 * weeks. */
static void
carry_times(struct sts_journal_child *j, sts_ms now)
{
	j->next = sts_later(j->next, now);
	j->named = sts_later(j->named, now);
	j->look = sts_later(j->look, now);
}

sts_ms
sts_journal_child_tick(struct sts_journal_child *j, sts_ms now)
{
	if (!may_fork(j)) {
		return STS_JOURNAL_AGAIN_MS;
	}
	carry_times(j, now);
	if (j->child > 0 && !sts_before(now, j->look)) {
		j->look = now + LOOK_MS;
		reap(j, now);
	}
	if (j->child == 0 && !sts_before(now, j->next)) {
		begin_child(j, now);
	}
	log_state(j);
	watch_disk(j, now);
	watch_layer(j, now);
	watch_name(j, now);
	if (j->child == 0) {
		return j->next - now;
	}
	return j->prepares || j->file.broken ? (sts_ms)LOOK_MS
					     : (sts_ms)STS_JOURNAL_AGAIN_MS;
}
