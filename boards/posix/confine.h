/* SPDX-License-Identifier: MIT */
/*
 * Giving up what is not needed any more, so that whoever should get code of
 * his own to run in the daemon finds a process that can do little:
 *
 *	Linux    seccomp: only the system calls that the daemon makes; any other
 *	         ends it with SIGSYS. No program can be started, no memory made
 *	         executable, no process traced, no thread begun, no socket made
 *	         but of the three families.
 *	         Landlock, where the kernel has it: files can be read as before,
 *	         but made, written and removed only where sockets are, and where
 *	         the journal is as long as it is not open.
 *	OpenBSD  pledge, unveil: the same in their words.
 *	others   nothing
 *
 * The process that writes the journal keeps what works on open files, and can
 * open none.
 */
#ifndef STS_CONFINE_H
#define STS_CONFINE_H

#include <stdbool.h>

#include "conf.h"

enum {
	STS_CONFINE_SOCKETS_MAX = STS_CONF_LISTEN_MAX + 3,
	STS_CONFINE_TEXT_MAX = 256
};

enum sts_confine_result {
	STS_CONFINE_DONE = 0,
	STS_CONFINE_PART, /* the system lacks something, */
	STS_CONFINE_NONE, /* or everything; the daemon may serve all the same */
	STS_CONFINE_FAILED /* what is there was refused: it should not */
};

/*
 * Confine this process and all it will fork, for good. Everything is open, the
 * rights of the superuser are given up.
 *
 * c        the configuration, whose local sockets may be removed or opened
 *          again later
 * journal  the path of a journal that is still to be opened; or NULL
 * text     the result in words, for the log
 */
enum sts_confine_result sts_confine(const struct sts_conf *c,
    const char *journal, char text[STS_CONFINE_TEXT_MAX]);

/* In the child that writes the journal, after the above was DONE or PART: 0,
 * or errno. */
int sts_confine_writer(void);

#endif
