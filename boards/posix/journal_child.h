/* SPDX-License-Identifier: MIT */
/*
 * The daemon's journal: its file is opened at the start, read, and then
 * written by a child process. Whatever is wrong with it, the daemon serves.
 * What fails is tried again every minute while the daemon runs, in a child, so
 * that a disk that hangs stops no answer:
 *
 *	another instance has the lock         read; taken when it comes free
 *	the file cannot be opened or made     opened when it can be, then read
 *	we may not write to it                read, and written to when we may
 *	its name is gone or another file's    read on, until that one can be had
 *	the disk is too full for a larger one read, and moved when it is not
 *	a large one is to be laid out         the old one is read meanwhile
 *	it is removed or replaced             that is logged
 *	the child that writes has died        there is another one
 *	the disk hangs                        that is logged
 *
 * What was there is read before anything is written. If another instance wrote
 * to it after we had read it, it is read again once the lock is ours; then all
 * that is held is written anew. Under chroot the path means another place, so
 * nothing is opened any more: of the table only the last two rows apply.
 */
#ifndef STS_JOURNAL_CHILD_H
#define STS_JOURNAL_CHILD_H

#include <sys/types.h>

#include "../../core/agent/agent.h"
#include "../../port/posix/posix.h"
#include "journal_file.h"
#include "memory.h"

enum {
	STS_JOURNAL_AGAIN_MS = 60000, /* between two tries, or two children */
	/* How long a start waits for another instance's lock, or for what the
	 * system is short of, before it serves without; the second under chroot,
	 * where it cannot be taken later, and longer than an instance needs to
	 * end. */
	STS_JOURNAL_LOCK_MS = 3000,
	STS_JOURNAL_LOCK_CHROOT_MS = 15000,
	/* The largest area that is laid out before anybody is answered: seconds
	 * on a slow disk. A larger one is, while questions are answered. */
	STS_JOURNAL_AT_ONCE = 32 << 20,
	/* How long that may take before it counts as a disk that hangs: the
	 * largest is there in half the time on a slow one. */
	STS_JOURNAL_LAYS_MS = 3600000,
	/* Written a day, in areas; over it renewals wait for the next day. */
	STS_JOURNAL_DAY_AREAS = 16
};

/* What it works for; borrowed. */
struct sts_journal_child_of {
	struct sts_agent *agent;
	struct sts_driver *driver;
	struct sts_port *port;
	struct sts_posix *posix;
	const struct sts_memory *memory;
	struct sts_log *log;
};

struct sts_journal_child {
	struct sts_file_store file;
	/* Private. */
	char path[STS_CONF_PATH_MAX + 1]; /* "": off */
	uint32_t area_size;
	uint8_t found; /* enum sts_journal_found */
	bool chrooted; /* since it was opened */
	bool confined; /* since then, too: its children are, further */
	struct sts_journal_child_of d;
	pid_t child; /* 0: none */
	bool prepares; /* what the child does: else it writes */
	sts_ms begun; /* the child, */
	bool slow; /* and it lays out for too long, which was logged */
	sts_ms next; /* when there may be another */
	bool waits; /* for an answer of the writer, */
	sts_ms heard; /* since then at most */
	uint32_t answers; /* that had come before */
	uint32_t seen; /* answers when it was looked for last */
	bool hangs; /* it was logged that it does not answer */
	bool unforked; /* and that there can be none */
	sts_ms named; /* when to see whether the file has its name; */
	bool nameless; /* it was logged that it has not */
	sts_ms look; /* when to see whether it has ended */
	int error; /* why found is not READY */
	uint8_t logged; /* enum sts_keeping */
};

/*
 * Open, lock and lay out the journal of the configuration. Waits a little if
 * another instance has it. What is wrong is logged.
 */
void sts_journal_child_open(struct sts_journal_child *j,
    const struct sts_conf *c, const struct sts_memory *m, struct sts_log *log);

/* Give it to the agent, if there is one. Before sts_driver_init. */
void sts_journal_child_attach(
    struct sts_journal_child *j, const struct sts_journal_child_of *d);

/* Its path, if it is still to be opened by that; or NULL. */
const char *sts_journal_child_awaited(const struct sts_journal_child *j);

/* The rights of the superuser are given up, and perhaps all others that are
 * not needed: begin to write. */
void sts_journal_child_begin(
    struct sts_journal_child *j, bool confined, sts_ms now);

/* See to the child and to what is to be tried again, once a turn. Milliseconds
 * until it is to be called again. */
sts_ms sts_journal_child_tick(struct sts_journal_child *j, sts_ms now);

/* The journal's state, as the metrics have it. */
enum sts_keeping sts_journal_child_keeping(const struct sts_journal_child *j);

#endif
