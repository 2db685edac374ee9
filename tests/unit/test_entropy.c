/* SPDX-License-Identifier: MIT */
/*
 * port/posix: randomness that is not ready, comes in pieces, or has to be read
 * from a device; and what the commands make of that: the key of the tables
 * consists of all octets that came, and nothing begins before they have come.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../boards/posix/commands.h"
#include "../../core/agent/agent.h"
#include "../../port/posix/entropy.h"
#include "unit.h"

const char unit_name[] = "entropy";

enum {
	LEN = 48,
	KEY = 16,
	CALLS = 8
};

/* What each call of getrandom gives: octets, or a negative errno. The last
 * entry is repeated for ever. */
static const int *script;
static unsigned at, given;
static bool seeded; /* /dev/random can be read */

static int
next(void)
{
	int r = script[at];

	at += at + 1 < CALLS && script[at + 1] != 0;
	return r;
}

/* In place of the C library's function: 1, 2, 3... */
ssize_t
getrandom(void *buf, size_t len, unsigned flags)
{
	int r = next();

	ck_assert_uint_eq(flags, GRND_NONBLOCK);
	if (r < 0) {
		errno = -r;
		return -1;
	}
	size_t n = (size_t)r < len ? (size_t)r : len;

	for (size_t i = 0; i < n; i++) {
		((uint8_t *)buf)[i] = (uint8_t)++given;
	}
	return (ssize_t)n;
}

/* In place of the C library's function: whether /dev/random can be read. */
int
poll(struct pollfd *p, nfds_t n, int ms)
{
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(ms, 0);
	p->revents = seeded ? POLLIN : 0;
	return seeded;
}

static const struct {
	const char *name;
	int script[CALLS];
	bool seeded;
	int want;
	unsigned given; /* octets of getrandom; 0: of a device */
} cases[] = {
	{ "all at once", { 256 }, false, 0, LEN },
	{ "octet by octet", { 1 }, false, 0, LEN },
	{ "in pieces", { 20, 20, 20 }, false, 0, LEN },
	{ "interrupted", { -EINTR, 20, -EINTR, 256 }, false, 0, LEN },
	{ "not ready", { -EAGAIN }, true, STS_IO_AGAIN, 0 },
	{ "not ready after a piece", { 20, -EAGAIN }, true, STS_IO_AGAIN, 20 },
	{ "an old system", { -ENOSYS }, true, 0, 0 },
	{ "an old system, not ready", { -ENOSYS }, false, STS_IO_AGAIN, 0 },
	{ "forbidden", { -EPERM }, true, 0, 0 },
	{ "forbidden, not ready", { -EPERM }, false, STS_IO_AGAIN, 0 },
};

START_TEST(random_octets_are_those_of_the_system)
{
	uint8_t buf[LEN] = { 0 };
	int device = -1;
	unsigned zero = 0;

	script = cases[_i].script;
	at = given = 0;
	seeded = cases[_i].seeded;
	unit_int(cases[_i].name, sts_posix_entropy(&device, buf, sizeof buf),
	    cases[_i].want);
	unit_int(cases[_i].name, given, cases[_i].given);
	for (unsigned i = 0; i < cases[_i].given; i++) {
		unit_int(cases[_i].name, buf[i], i + 1);
	}
	/* No device gives 48 octets of which a quarter are 0 (by chance 256^-12
	 * times their choice, 10^-18); one that is not ready gives none. */
	for (unsigned i = 0; i < sizeof buf; i++) {
		zero += buf[i] == 0;
	}
	if (cases[_i].want == 0) {
		ck_assert_uint_lt(zero, LEN / 4);
	} else {
		unit_int("octets left 0", zero, LEN - cases[_i].given);
		unit_int("device", device, -1);
	}
	if (device >= 0) {
		close(device);
	}
}
END_TEST

/* In place of the command line's function. */
int
sts_fail(int code, const char *format, ...)
{
	(void)format;
	return code;
}

int
sts_exit_config(int error)
{
	return error;
}

static int to_parent;
static unsigned slept;

unsigned
sleep(unsigned s)
{
	(void)s;
	slept++;
	return 0;
}

/* The agent begins: its key goes to the parent process, and the child ends. */
void __wrap_sts_agent_init(struct sts_agent *a, const struct sts_config *config,
    const struct sts_settings *settings, void *block, sts_ms now,
    const uint8_t hash_key[KEY]);

void
__wrap_sts_agent_init(struct sts_agent *a, const struct sts_config *config,
    const struct sts_settings *settings, void *block, sts_ms now,
    const uint8_t hash_key[KEY])
{
	uint8_t report[KEY + 1];

	(void)a;
	(void)config;
	(void)settings;
	(void)block;
	(void)now;
	memcpy(report, hash_key, KEY);
	report[KEY] = (uint8_t)slept;
	ck_assert_int_eq(
	    write(to_parent, report, sizeof report), sizeof report);
	_exit(0);
}

static int
serve(const struct sts_args *args)
{
	return sts_command_serve(args);
}

static int
query(const struct sts_args *args)
{
	return sts_command_query(args);
}

static const struct {
	const char *name;
	int (*run)(const struct sts_args *args);
	int script[CALLS];
	int code;
	unsigned slept;
	bool begins;
} lives[] = {
	{ "serve", serve, { 256 }, 0, 0, true },
	{ "serve, not ready at first", serve,
	    { -EAGAIN, -EAGAIN, -EAGAIN, 256 }, 0, 3, true },
	{ "serve, in pieces", serve, { 5 }, 0, 0, true },
	{ "query", query, { 256 }, 0, 0, true },
	{ "query, not ready", query, { -EAGAIN }, STS_EXIT_FAILURE, 0, false },
};

/* In a child: run a command. */
static void
live(unsigned i)
{
	static const char *const options[] = { "memory 4M", "journal off",
		"control off", "metrics off", "nameserver 127.0.0.1",
		"listen inet:127.0.0.1:0", "log stderr" };
	static struct sts_args args;

	memset(&args, 0, sizeof args);
	args.source.file = "/dev/null";
	args.source.options = args.option;
	for (size_t k = 0; k < UNIT_COUNT(options); k++) {
		args.option[args.source.option_count++] = options[k];
	}
	args.fresh = true;
	args.word[0] = "example.com";
	args.word_count = 1;
	script = lives[i].script;
	at = given = slept = 0;
	_exit(lives[i].run(&args));
}

/* The key is all of what the system gave, and the agent does not begin before
 * that has come. */
START_TEST(the_key_is_what_the_system_gave)
{
	uint8_t report[KEY + 1];
	int ends[2], status;

	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();

	if (child == 0) {
		to_parent = ends[1];
		live((unsigned)_i);
	}
	close(ends[1]);
	ssize_t n = read(ends[0], report, sizeof report);

	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	unit_int(lives[_i].name, WEXITSTATUS(status), lives[_i].code);
	unit_int(lives[_i].name, n > 0, lives[_i].begins);
	if (n > 0) {
		unit_int(lives[_i].name, report[KEY], lives[_i].slept);
		for (unsigned i = 0; i < KEY; i++) {
			unit_int(lives[_i].name, report[i], i + 1);
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_loop_test(tc, random_octets_are_those_of_the_system, 0,
	    (int)UNIT_COUNT(cases));
	tcase_add_loop_test(
	    tc, the_key_is_what_the_system_gave, 0, (int)UNIT_COUNT(lives));
}
