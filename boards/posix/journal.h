/* SPDX-License-Identifier: MIT */
/*
 * The daemon's journal: which file, how large, and what to do when it is not
 * what it should be. Whatever is wrong with it is no reason not to serve, but
 * that another instance has it: then an empty cache would stand beside a full
 * journal.
 */
#ifndef STS_BOARD_JOURNAL_H
#define STS_BOARD_JOURNAL_H

#include "../../port/posix/posix.h"
#include "../../port/posix/store.h"
#include "conf.h"
#include "memory.h"

enum {
	STS_JOURNAL_WAIT_MS = 30000, /* for the former instance's end */
	/* Written a day, in areas; over it renewals wait for the next day. */
	STS_JOURNAL_DAY_AREAS = 16
};

struct sts_board_journal {
	struct sts_file_store file;
	/* Private. */
	bool on;
	int told; /* errno of what was told last */
	bool told_broken;
};

/*
 * Open, lock and lay out the journal of the configuration. Waits for another
 * instance up to STS_JOURNAL_WAIT_MS. False: `why`, and the daemon is not to
 * start. True with j->on false: nothing outlives a restart, which was said.
 */
bool sts_journal_open(struct sts_board_journal *j, const struct sts_conf *c,
    const struct sts_memory *m, struct sts_log *log,
    char why[STS_CONF_WHY_MAX]);

/* Octets a day that the driver may write. */
uint32_t sts_journal_day_budget(const struct sts_board_journal *j);

/* Make the child that writes from now on. 0, or -1 with errno. */
int sts_journal_begin(struct sts_board_journal *j, const struct sts_memory *m,
    struct sts_posix *posix);

/* Say once what is wrong with the storage, and that it is right again. */
void sts_journal_watch(
    struct sts_board_journal *j, struct sts_posix *posix, struct sts_log *log);

/* Whether there is anything left to wait for at the end. */
bool sts_journal_flushed(
    const struct sts_board_journal *j, const struct sts_agent *a);

#endif
