/* SPDX-License-Identifier: MIT */
/* boards/posix/terminal: what an output can show on kinds of terminals and on
 * none, and their sizes. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../boards/posix/terminal.h"
#include "unit.h"

const char unit_name[] = "terminal";

static int
terminal(int *master)
{
	*master = posix_openpt(O_RDWR | O_NOCTTY);
	ck_assert_int_ge(*master, 0);
	ck_assert_int_eq(grantpt(*master), 0);
	ck_assert_int_eq(unlockpt(*master), 0);
	int fd = open(ptsname(*master), O_RDWR | O_NOCTTY);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void
set(const char *name, const char *value)
{
	ck_assert_int_eq(
	    value == NULL ? unsetenv(name) : setenv(name, value, 1), 0);
}

static const struct {
	const char *name, *term, *no_color;
	bool draws, colours;
} kinds[] = {
	{ "a terminal", "xterm", NULL, true, true },
	{ "another terminal", "screen-256color", NULL, true, true },
	{ "no colours wanted", "xterm", "1", true, false },
	{ "an empty NO_COLOR is none", "xterm", "", true, true },
	{ "a dumb terminal", "dumb", NULL, false, false },
	{ "TERM is not set", NULL, NULL, false, false },
	{ "TERM is empty", "", NULL, false, false },
};

START_TEST(colours_depend_on_the_kind_of_terminal)
{
	int master, fd = terminal(&master), ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
		set("TERM", kinds[i].term);
		set("NO_COLOR", kinds[i].no_color);
		unit_int(kinds[i].name, sts_terminal_draws(fd), kinds[i].draws);
		unit_int(
		    kinds[i].name, sts_terminal_colours(fd), kinds[i].colours);
		unit_int("draws or colours on a pipe",
		    sts_terminal_draws(ends[1]), false);
		unit_int("draws or colours on a pipe",
		    sts_terminal_colours(ends[1]), false);
	}
	close(ends[0]);
	close(ends[1]);
	close(fd);
	close(master);
}
END_TEST

static const struct {
	const char *name;
	unsigned short columns, rows;
	size_t want_columns, want_rows;
} sizes[] = {
	{ "the terminal's size", 40, 20, 40, 20 },
	{ "a terminal without a size", 0, 0, 80, 24 },
	{ "one row of one column", 1, 1, STS_TERMINAL_MIN, STS_TERMINAL_MIN },
	{ "the largest size", 65535, 65535, 65535, 65535 },
};

START_TEST(a_terminal_has_its_size_or_80_by_24)
{
	int master, fd = terminal(&master), ends[2];
	size_t columns, rows;

	for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
		struct winsize size = { 0, 0, 0, 0 };

		size.ws_col = sizes[i].columns;
		size.ws_row = sizes[i].rows;
		ck_assert_int_eq(ioctl(fd, (int)TIOCSWINSZ, &size), 0);
		sts_terminal_size(fd, &columns, &rows);
		unit_int(sizes[i].name, (long long)columns,
		    (long long)sizes[i].want_columns);
		unit_int(sizes[i].name, (long long)rows,
		    (long long)sizes[i].want_rows);
	}
	ck_assert_int_eq(pipe(ends), 0);
	sts_terminal_size(ends[1], &columns, &rows);
	ck_assert(columns == SIZE_MAX && rows == SIZE_MAX);
	close(ends[0]);
	close(ends[1]);
	close(fd);
	close(master);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, colours_depend_on_the_kind_of_terminal);
	tcase_add_test(tc, a_terminal_has_its_size_or_80_by_24);
}
