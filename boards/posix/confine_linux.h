/* SPDX-License-Identifier: MIT */
/*
 * What the files of Linux share: the filter's language, and which calls it
 * lets pass. The numbers are the kernel's interface and never change; its
 * headers are not used, as not every toolchain has them, and those there are
 * may be older than the kernel.
 */
#ifndef STS_CONFINE_LINUX_H
#define STS_CONFINE_LINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "confine.h"

/* Numbers of calls begin here. */
#if defined(__mips__) && !defined(__mips64)
#define STS_CALLS_FIRST 4000U
#else
#define STS_CALLS_FIRST 0U
#endif

/* How an argument is looked at. */
enum sts_call_test {
	STS_CALL_IS, /* allowed when it is the value */
	STS_CALL_WITHOUT /* allowed when it has none of the value's bits */
};

/* A call that is allowed by one of its arguments. Several lines of one call:
 * each allows something. */
struct sts_call_rule {
	uint32_t call;
	uint8_t argument; /* from 0; of its bits the lower 32 count */
	uint8_t test;
	uint32_t value;
};

/* What a process may call. */
struct sts_calls {
	const uint32_t *plain; /* whatever the arguments */
	size_t plain_count;
	const struct sts_call_rule *rules;
	size_t rule_count;
	const struct sts_calls *more; /* these, too; NULL: no more */
};

extern const struct sts_calls sts_calls_daemon, sts_calls_writer;

/* Nothing but these calls from now on. 0, or errno: ENOSYS, EINVAL: there is
 * no such thing here. */
int sts_calls_confine(const struct sts_calls *calls);

/*
 * No writing but where it says. 0, or errno: ENOSYS, EOPNOTSUPP: there is no
 * such thing here; EPERM: a supervisor does not allow to ask.
 * *version: of Landlock, or 0.
 */
int sts_files_confine(
    const struct sts_conf *c, const char *journal, unsigned *version);

#endif
