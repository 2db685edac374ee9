/* SPDX-License-Identifier: MIT */
/*
 * The lines of a board's console: what it asks the agent, and what it refuses.
 * Agent, driver and routes are stand-ins here, which note their calls.
 */
#include <string.h>

#include <lwip/memp.h>
#include <lwip/stats.h>

#include "../../boards/mcu/board.h"
#include "../../boards/mcu/console.h"
#include "../../boards/mcu/console_route.h"
#include "../../boards/mcu/log.h"
#include "../../boards/mcu/start.h"
#include "../../core/driver.h"
#include "../unit/unit.h"

const char unit_name[] = "console";

struct stats_ lwip_stats;

static struct sts_console console;
static struct sts_agent agent;
static struct sts_answer answer;
static const char *typed; /* octets not yet read */
static char printed[512], asked[STS_CONSOLE_LINE + 1];
static char routed[STS_CONSOLE_LINE + 1], refused[STS_CONSOLE_LINE + 1];
static size_t printed_len;

int
sts_board_get(void)
{
	return *typed != '\0' ? *typed++ : -1;
}

void
sts_board_put(char c)
{
	ck_assert_uint_lt(printed_len, sizeof printed - 1);
	printed[printed_len++] = c;
}

void
sts_log_time(void)
{
}

size_t
sts_stack_size(void)
{
	return 0;
}

size_t
sts_stack_used(void)
{
	return 0;
}

bool
sts_agent_saved(const struct sts_agent *a)
{
	(void)a;
	return true;
}

static void
note(char *to, struct sts_text t)
{
	memcpy(to, t.p, t.n);
	to[t.n] = '\0';
}

int
sts_ask_begin(struct sts_agent *a, struct sts_text zone, struct sts_text key)
{
	(void)a;
	(void)zone;
	note(asked, key);
	return 0;
}

const struct sts_answer *
sts_ask_answer(const struct sts_agent *a, int slot)
{
	(void)a;
	(void)slot;
	return &answer;
}

size_t
sts_ask_render(
    const struct sts_agent *a, int slot, size_t from, struct sts_span out)
{
	(void)a;
	(void)slot;
	(void)from;
	memcpy(out.p, "NONE", 4);
	return 4;
}

void
sts_ask_end(struct sts_agent *a, int slot)
{
	(void)a;
	(void)slot;
}

void
sts_driver_wake(struct sts_driver *d)
{
	(void)d;
}

bool
sts_console_route_line(
    struct sts_agent *a, struct sts_driver *d, struct sts_text line)
{
	bool mine = line.n > 0 && line.p[0] == '+';

	(void)a;
	(void)d;
	if (mine) {
		note(routed, line);
	}
	return mine;
}

void
sts_console_route_refused(struct sts_text line)
{
	note(refused, line);
}

static void
type(const char *text)
{
	typed = text;
	printed_len = 0;
	memset(printed, 0, sizeof printed);
	memset(asked, 0, sizeof asked);
	memset(routed, 0, sizeof routed);
	memset(refused, 0, sizeof refused);
	while (*typed != '\0' || console.waits) {
		answer.kind = STS_ANSWER_NOTFOUND;
		sts_console_poll(&console, &agent, NULL);
	}
}

/* A line of n octets that begins with this text. */
static const char *
line(const char *begin, size_t n)
{
	static char text[2 * STS_CONSOLE_LINE];

	memset(text, 'a', n);
	memcpy(text, begin, strlen(begin));
	strcpy(text + n, "\n");
	return text;
}

/* A line is accepted whole or not at all: part of a name is another name, and
 * part of a chain is no chain. */
START_TEST(long_lines)
{
	type(line("x.example-", STS_CONSOLE_LINE));
	unit_int("asked", (long long)strlen(asked), STS_CONSOLE_LINE);
	ck_assert_str_eq(printed + STS_CONSOLE_LINE, ": NONE\n");
	ck_assert_str_eq(refused, "");

	type(line("x.example-", STS_CONSOLE_LINE + 1));
	ck_assert_str_eq(asked, "");
	ck_assert_str_eq(printed, "line: longer than 80\n");

	type(line("+00", STS_CONSOLE_LINE + 20));
	ck_assert_str_eq(routed, "");
	ck_assert_int_eq(refused[0], '+');

	type("good.example\n");
	ck_assert_str_eq(asked, "good.example");
	ck_assert_str_eq(printed, "good.example: NONE\n");
	type("+0011\n");
	ck_assert_str_eq(routed, "+0011");
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, long_lines);
}
