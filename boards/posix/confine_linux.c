/* SPDX-License-Identifier: MIT */
/*
 * Confined on Linux. The filter of seccomp is a program of the kernel's packet
 * filters that sees the number of a call, its arguments and the machine's
 * code; made here from the tables of confine_calls.c:
 *
 *	another machine's calls      end the process
 *	calls newer than Linux 5.0   fail as if they did not exist: C libraries
 *	                             try them first, then the old ones
 *	those of the table           pass
 *	all others                   end the process
 *
 * Invariants: an argument is compared by its lower half, which is all that the
 * calls in the tables look at. The filter can only be made stricter, never
 * lifted: the child adds one of its own.
 *
 * The attacker has injected code that makes system calls. He gets those of the
 * table, with the arguments that its rules allow; the machine's code is tested
 * first, so that the numbers of another machine's calls do not get him others.
 */
#if defined(__linux__)
#define _DEFAULT_SOURCE
#endif

#include "confine.h"

#if defined(__linux__)

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "../../core/base/assert.h"
#include "confine_linux.h"

/* linux/audit.h: the number of the machine in ELF, how wide, which end. */
#if defined(__x86_64__) && !defined(__ILP32__)
#define MACHINE 0xc000003eU
#elif defined(__i386__)
#define MACHINE 0x40000003U
#elif defined(__arm__) && !defined(__ARMEB__)
#define MACHINE 0x40000028U
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define MACHINE 0xc00000b7U
#elif defined(__mips__) && !defined(__mips64) && defined(__MIPSEB__)
#define MACHINE 0x00000008U
#elif defined(__mips__) && !defined(__mips64) && defined(__MIPSEL__)
#define MACHINE 0x40000008U
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE 0xc00000f3U
#else
#define MACHINE 0U /* not known here */
#endif

/* What is built with instruments makes the calls of those, too. */
#if defined(STS_INSTRUMENTED) || defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INSTRUMENTED true
#endif
#endif
#ifndef INSTRUMENTED
#define INSTRUMENTED false
#endif

/* linux/filter.h, linux/bpf_common.h. */
enum {
	LOAD = 0x20, /* the 32 bits at k */
	IF_IS = 0x15,
	IF_FROM = 0x35,
	IF_BITS = 0x45,
	RETURN = 0x06
};

/* linux/seccomp.h. Before Linux 4.14 KILL ends the one thread there is. */
#define ALLOW 0x7fff0000U
#define FAIL 0x00050000U /* and the errno */
#define KILL 0x80000000U

enum {
	MODE_FILTER = 2,
	/* Where things are in what the filter sees. */
	AT_CALL = 0,
	AT_MACHINE = 4,
	AT_ARGUMENTS = 16, /* of 64 bits each */
	CALLS_KNOWN = 424, /* numbers from here are one for all machines */
	PROGRAM_MAX = 512
};

struct instruction {
	uint16_t code;
	uint8_t then, otherwise; /* how many to skip */
	uint32_t k;
};

struct program {
	unsigned short count;
	struct instruction *first;
};

static void
put(struct program *p, uint16_t code, uint32_t k, uint8_t then,
    uint8_t otherwise)
{
	STS_ASSERT(p->count < PROGRAM_MAX);
	struct instruction i = { code, then, otherwise, k };

	p->first[p->count++] = i;
}

/* Where the lower half of an argument is. */
static uint32_t
at_argument(unsigned i)
{
	const uint16_t one = 1;
	uint8_t low_first = 0;

	memcpy(&low_first, &one, 1);
	return AT_ARGUMENTS + 8 * i + (low_first ? 0U : 4U);
}

static void
put_rule(struct program *p, const struct sts_call_rule *r)
{
	put(p, IF_IS, r->call, 0, 4);
	put(p, LOAD, at_argument(r->argument), 0, 0);
	if (r->test == STS_CALL_IS) {
		put(p, IF_IS, r->value, 0, 1);
	} else {
		put(p, IF_BITS, r->value, 1, 0);
	}
	put(p, RETURN, ALLOW, 0, 0);
	put(p, LOAD, AT_CALL, 0, 0);
}

static void
put_calls(struct program *p, const struct sts_calls *calls)
{
	for (size_t i = 0; i < calls->plain_count; i++) {
		put(p, IF_IS, calls->plain[i], 0, 1);
		put(p, RETURN, ALLOW, 0, 0);
	}
	for (size_t i = 0; i < calls->rule_count; i++) {
		put_rule(p, &calls->rules[i]);
	}
}

static void
put_all(struct program *p, const struct sts_calls *calls)
{
	put(p, LOAD, AT_MACHINE, 0, 0);
	put(p, IF_IS, MACHINE, 1, 0);
	put(p, RETURN, KILL, 0, 0);
	put(p, LOAD, AT_CALL, 0, 0);
	put(p, IF_FROM, STS_CALLS_FIRST + CALLS_KNOWN, 0, 1);
	put(p, RETURN, FAIL | ENOSYS, 0, 0);
	for (; calls != NULL; calls = calls->more) {
		put_calls(p, calls);
	}
	put(p, RETURN, KILL, 0, 0);
}

int
sts_calls_confine(const struct sts_calls *calls)
{
	struct instruction code[PROGRAM_MAX];
	struct program p = { 0, code };

	if (MACHINE == 0 || INSTRUMENTED) {
		return ENOSYS;
	}
	put_all(&p, calls);
	return prctl(PR_SET_SECCOMP, MODE_FILTER, &p, 0, 0) == 0 ? 0 : errno;
}

/* An error that says that there is no such thing here. */
static bool
is_absence(int error)
{
	return error == ENOSYS || error == EINVAL;
}

static enum sts_confine_result
judge(int calls, int files)
{
	if (calls != 0 && !is_absence(calls)) {
		return STS_CONFINE_FAILED;
	}
	if (calls == 0 && files == 0) {
		return STS_CONFINE_DONE;
	}
	return calls == 0 || files == 0 ? STS_CONFINE_PART : STS_CONFINE_NONE;
}

static const char *
outcome(int error)
{
	if (INSTRUMENTED) {
		return "not in a build with sanitizers or coverage";
	}
	return error == 0 ? "yes" : strerror(error);
}

enum sts_confine_result
sts_confine(const struct sts_conf *c, const char *journal,
    char text[STS_CONFINE_TEXT_MAX])
{
	unsigned version = 0;
	int files = ENOSYS, calls = ENOSYS;

	if (!INSTRUMENTED && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
		/* In this order: the filter allows no more of it. */
		files = sts_files_confine(c, journal, &version);
		calls = sts_calls_confine(&sts_calls_daemon);
	}
	snprintf(text, STS_CONFINE_TEXT_MAX,
	    "system calls (seccomp): %s; files (Landlock %u): %s",
	    outcome(calls), version, outcome(files));
	return judge(calls, files);
}

int
sts_confine_writer(void)
{
	int error = sts_calls_confine(&sts_calls_writer);

	return is_absence(error) ? 0 : error;
}

#endif
