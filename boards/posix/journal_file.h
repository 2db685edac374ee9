/* SPDX-License-Identifier: MIT */
/*
 * The journal's file: found, judged, made, replaced by a larger one, moved
 * aside. Everything here may block, and is done before questions are taken or
 * in a child.
 */
#ifndef STS_JOURNAL_FILE_H
#define STS_JOURNAL_FILE_H

#include "../../port/posix/log.h"
#include "../../port/posix/service.h"
#include "../../port/posix/store.h"
#include "conf.h"

enum sts_journal_found {
	STS_FILE_NONE = 0, /* it cannot be opened or made, or not be judged */
	STS_FILE_TAKEN, /* another process has it; it can be read */
	STS_FILE_READ_ONLY, /* it can be read */
	STS_FILE_SMALL, /* it can be read; there is no room for a larger one */
	STS_FILE_READY
};

/* The words are the log's; NULL: nothing is logged. */
struct sts_journal_file {
	const char *path; /* absolute, at most STS_CONF_PATH_MAX octets */
	uint32_t area_size; /* that it must have at least */
	/* The largest file that is made while the caller waits. A larger one
	 * is left to another process (EINPROGRESS). */
	uint32_t at_once_max;
	struct sts_log *log;
};

/*
 * Open, lock and judge what is at the path; make it if nothing is there, or a
 * larger one with the same content if it is too small; move aside what is no
 * journal or of a newer format. The errno when it is not READY; EWOULDBLOCK:
 * another process has it; EINPROGRESS: a file is to be made, and it is larger
 * than at_once_max.
 */
enum sts_journal_found sts_journal_file_open(
    const struct sts_journal_file *f, struct sts_file_store *s);

/* What is at the path, though another process has it, to be read only: TAKEN,
 * or NONE with errno. */
enum sts_journal_found sts_journal_file_look(
    const struct sts_journal_file *f, struct sts_file_store *s);

/*
 * A larger file in place of that of `old`, with what that holds; NULL: there is
 * none. 0, or -1 with errno: ESTALE, the place is not that of `old` any more, or
 * not free.
 */
int sts_journal_file_grow(const struct sts_journal_file *f,
    struct sts_file_store *s, const struct sts_file_store *old);

/* Open and lock the file that sts_journal_file_open has left READY, in a child
 * as a rule. 0, or -1 with errno; EAGAIN: it is not ready after all. */
int sts_journal_file_take(
    const struct sts_journal_file *f, struct sts_file_store *s);

#endif
