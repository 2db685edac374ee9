/* SPDX-License-Identifier: MIT */
/* core/agent/clock: what the agent makes of its clocks, step by step, in
 * virtual time. */
#include <string.h>

#include "../../core/agent/clock.h"
#include "unit.h"

const char unit_name[] = "clock";

enum {
	HOUR = 3600,
	DAY = 86400,
	YEAR = 365 * DAY,
	STEPS = 16,
	NONE = -1 /* no wall clock */
};

/* The build date, and a true time well after it. The steps' times are relative
 * to these. */
#define BUILD INT64_C(1790000000)
#define T0 (BUILD + 100 * DAY)

enum what {
	END = 0,
	BOOT, /* at: the newest stamp, or the build date */
	STAMP, /* at: a stamp that is found later */
	TICK, /* passes: seconds since the last tick; at: the wall clock */
	FETCH, /* a fetch of any domain that began just now has validated */
	HELD, /* the same, of a domain whose policy is held */
	LATE /* likewise, but it began when the wall clock was `at` */
};

struct step {
	enum what what;
	uint32_t passes;
	int64_t at;
	enum sts_clock_state state;
	int64_t now; /* the agent time that is expected */
};

#define U STS_CLOCK_UNKNOWN
#define C STS_CLOCK_CLAIMED
#define OK STS_CLOCK_CONFIRMED

/* clang-format off */
static const struct {
	const char *name;
	struct step steps[STEPS];
} stories[] = {
	{ "a normal day", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, DAY, T0 + DAY, OK, T0 + DAY },
		{ HELD, 0, 0, OK, T0 + DAY } } },
	{ "R59 boots in 1970 and learns the time later", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, 1, U, BUILD + 1 },
		{ FETCH, 0, 0, U, BUILD + 1 },
		{ HELD, 0, 0, U, BUILD + 1 },
		{ TICK, 59, 60, U, BUILD + 60 },
		{ TICK, 5, T0, C, T0 },
		{ HELD, 0, 0, OK, T0 } } },
	{ "no clock at all", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, HOUR, NONE, U, BUILD + HOUR },
		{ TICK, DAY, NONE, U, BUILD + HOUR + DAY },
		{ HELD, 0, 0, U, BUILD + HOUR + DAY } } },
	{ "the floor itself is plausible, the second before is not", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 0, BUILD - 1, U, BUILD },
		{ TICK, 0, BUILD, C, BUILD } } },
	{ "a stamp is found before the first claim", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, T0, U, T0 },
		{ TICK, 1, T0 - DAY, U, T0 + 1 },
		{ TICK, 1, T0 + 9, C, T0 + 9 } } },
	{ "a stamp is found after the first claim", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0 - DAY, C, T0 - DAY },
		{ STAMP, 0, T0, C, T0 - DAY },
		{ TICK, 1, T0 - DAY + 1, U, T0 - DAY + 1 },
		{ TICK, 1, T0 + 7, C, T0 + 7 } } },
	{ "an older stamp changes nothing", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, BUILD - YEAR, U, BUILD },
		{ TICK, 1, BUILD + 1, C, BUILD + 1 } } },
	{ "before the first confirmation agent time follows", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ TICK, 1, T0 + 30 * DAY, C, T0 + 30 * DAY },
		{ FETCH, 0, 0, C, T0 + 30 * DAY },
		{ HELD, 0, 0, OK, T0 + 30 * DAY } } },
	{ "a step of an hour before the first confirmation", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ TICK, 0, T0 + HOUR, C, T0 + HOUR },
		{ FETCH, 0, 0, OK, T0 + HOUR } } },
	{ "a step of an hour and a second before the first confirmation", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ TICK, 0, T0 + HOUR + 1, C, T0 + HOUR + 1 },
		{ FETCH, 0, 0, C, T0 + HOUR + 1 } } },
	{ "corrected back before the first confirmation", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0 + YEAR, C, T0 + YEAR },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 9, T0 + 9, OK, T0 + 9 } } },
	{ "a step hidden by a smaller step back", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ TICK, 1, T0 + YEAR, C, T0 + YEAR },
		{ TICK, 1, T0 + YEAR - DAY, C, T0 + YEAR - DAY },
		{ FETCH, 0, 0, C, T0 + YEAR - DAY },
		{ TICK, 1, T0 + 3, C, T0 + 3 },
		{ FETCH, 0, 0, OK, T0 + 3 } } },
	{ "set forward by a year: strangers' fetches confirm nothing", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 + YEAR, C, T0 + 10 },
		{ FETCH, 0, 0, C, T0 + 10 },
		{ TICK, 10, T0 + YEAR + 10, C, T0 + 20 },
		{ FETCH, 0, 0, C, T0 + 20 },
		{ TICK, 10, T0 + 30, OK, T0 + 30 } } },
	{ "set forward, and a held policy was refreshed under it", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 + 60 * DAY, C, T0 + 10 },
		{ HELD, 0, 0, OK, T0 + 60 * DAY },
		{ TICK, 10, T0 + 60 * DAY + 10, OK, T0 + 60 * DAY + 10 },
		{ TICK, 10, T0 + 40, C, T0 + 60 * DAY + 20 } } },
	{ "a fetch that began before the step", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 + YEAR, C, T0 + 10 },
		{ LATE, 0, T0, C, T0 + 10 },
		{ LATE, 0, NONE, C, T0 + 10 },
		{ LATE, 0, T0 + YEAR - 60, OK, T0 + YEAR } } },
	{ "a fetch that began without a clock, with no floor", {
		{ BOOT, 0, 0, U, 0 },
		{ TICK, 1, 5, C, 5 },
		{ LATE, 0, NONE, C, 5 } } },
	{ "a fetch that began before a step back", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 - DAY, C, T0 + 10 },
		{ LATE, 0, T0, C, T0 + 10 } } },
	{ "set back by a month: any fetch confirms", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 - 30 * DAY, C, T0 + 10 },
		{ TICK, 10, T0 - 30 * DAY + 10, C, T0 + 20 },
		{ FETCH, 0, 0, OK, T0 - 30 * DAY + 10 },
		{ TICK, 10, T0 - 30 * DAY + 20, OK, T0 - 30 * DAY + 20 } } },
	{ "set back before the floor: agent time runs on", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, 5, U, T0 + 10 },
		{ FETCH, 0, 0, U, T0 + 10 },
		{ TICK, 10, NONE, U, T0 + 20 },
		{ TICK, 10, T0 + 30, OK, T0 + 30 } } },
	{ "an hour ahead is the same clock", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 + 10 + HOUR, OK, T0 + 10 },
		{ TICK, 10, T0 + 20 + HOUR + 1, C, T0 + 20 },
		{ TICK, 10, T0 + 30 - HOUR, OK, T0 + 30 },
		{ TICK, 10, T0 + 40 - HOUR - 1, C, T0 + 40 } } },
	{ "pushed by less than an hour, fetch by fetch", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 + HOUR, OK, T0 + 10 },
		{ FETCH, 0, 0, OK, T0 + 10 },
		{ TICK, 10, T0 + 2 * HOUR, C, T0 + 20 },
		{ FETCH, 0, 0, C, T0 + 20 },
		{ TICK, 10, T0 + HOUR, OK, T0 + 30 } } },
	{ "drift is adopted from a held policy", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, DAY, T0 + DAY + 9, OK, T0 + DAY },
		{ HELD, 0, 0, OK, T0 + DAY + 9 },
		{ TICK, DAY, T0 + 2 * DAY, OK, T0 + 2 * DAY + 9 },
		{ FETCH, 0, 0, OK, T0 + 2 * DAY } } },
	{ "suspended for two days: the monotonic clock stood", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, T0, C, T0 },
		{ FETCH, 0, 0, OK, T0 },
		{ TICK, 10, T0 + 2 * DAY, C, T0 + 10 },
		{ HELD, 0, 0, OK, T0 + 2 * DAY } } },
	{ "a clock after 2106 does not count", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ TICK, 1, INT64_C(4294967296), U, BUILD + 1 },
		{ TICK, 1, INT64_MAX, U, BUILD + 2 },
		{ TICK, 1, INT64_C(4294967295), C, INT64_C(4294967295) },
		{ TICK, DAY, INT64_C(4294967295), C, INT64_C(4294967295) } } },
	{ "at the end of 32 bits agent time stands", {
		{ BOOT, 0, INT64_C(4294967290), U, INT64_C(4294967290) },
		{ TICK, 3, NONE, U, INT64_C(4294967293) },
		{ TICK, DAY, NONE, U, INT64_C(4294967295) } } },
	{ "R59 a restart a day after the newest stamp: any fetch confirms", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, T0, U, T0 },
		{ TICK, 10, T0 + DAY + 10, C, T0 + DAY + 10 },
		{ FETCH, 0, 0, OK, T0 + DAY + 10 } } },
	{ "a restart a day and a second after it: only a held policy confirms", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, T0, U, T0 },
		{ TICK, 10, T0 + DAY + 11, C, T0 + DAY + 11 },
		{ FETCH, 0, 0, C, T0 + DAY + 11 },
		{ TICK, DAY, T0 + 2 * DAY + 11, C, T0 + 2 * DAY + 11 },
		{ FETCH, 0, 0, C, T0 + 2 * DAY + 11 },
		{ HELD, 0, 0, OK, T0 + 2 * DAY + 11 } } },
	{ "off for months, then put right", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, T0, U, T0 },
		{ TICK, 1, T0 + YEAR, C, T0 + YEAR },
		{ FETCH, 0, 0, C, T0 + YEAR },
		{ TICK, 3600, T0 + HOUR, C, T0 + HOUR },
		{ FETCH, 0, 0, OK, T0 + HOUR } } },
	{ "off for months, and no policy is held", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, T0, U, T0 },
		{ TICK, 1, T0 + YEAR, C, T0 + YEAR },
		{ TICK, 6 * DAY, T0 + YEAR + 6 * DAY, C, T0 + YEAR + 6 * DAY },
		{ FETCH, 0, 0, C, T0 + YEAR + 6 * DAY },
		{ TICK, DAY, T0 + YEAR + 7 * DAY, C, T0 + YEAR + 7 * DAY },
		{ FETCH, 0, 0, OK, T0 + YEAR + 7 * DAY } } },
	{ "the week starts again when the clock is moved", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, T0, U, T0 },
		{ TICK, 1, T0 + 2 * DAY, C, T0 + 2 * DAY },
		{ TICK, 8 * DAY, T0 + YEAR, C, T0 + YEAR },
		{ FETCH, 0, 0, C, T0 + YEAR } } },
	{ "no stamp: nothing to compare with", {
		{ BOOT, 0, BUILD, U, BUILD },
		{ STAMP, 0, 0, U, BUILD },
		{ TICK, 1, T0 + YEAR, C, T0 + YEAR },
		{ FETCH, 0, 0, OK, T0 + YEAR } } },
	{ "an absurd floor", {
		{ BOOT, 0, INT64_MAX, U, INT64_C(4294967295) },
		{ TICK, 1, T0, U, INT64_C(4294967295) } } },
	{ "a floor before 1970", {
		{ BOOT, 0, -5, U, 0 },
		{ TICK, 1, NONE, U, 1 },
		{ TICK, 1, 0, C, 0 } } },
};
/* clang-format on */

static sts_ms now_ms;

static void
play(struct sts_clock *c, const struct step *s)
{
	switch (s->what) {
	case BOOT:
		sts_clock_init(c, now_ms, s->at);
		break;
	case STAMP:
		sts_clock_floor(c, s->at, s->at - YEAR);
		break;
	case TICK:
		now_ms += s->passes * 1000;
		sts_clock_tick(c, now_ms, s->at);
		break;
	case FETCH:
	case HELD:
		sts_clock_confirm(c, s->what == HELD, sts_clock_cert_s(c));
		break;
	case LATE:
		sts_clock_confirm(c, true, s->at);
		break;
	default:
		ck_abort_msg("no such step");
	}
}

/* Each story is played with the monotonic clock far from its wrap, and near
 * it. */
START_TEST(each_story_leads_to_its_time)
{
	static const sts_ms starts[] = { 0, 1, 0x7ffffff0U, 0xfffffff0U,
		0xffffffffU };

	for (size_t i = 0; i < UNIT_COUNT(stories); i++) {
		for (size_t k = 0; k < UNIT_COUNT(starts); k++) {
			const struct step *s = stories[i].steps;
			struct sts_clock c;

			now_ms = starts[k];
			memset(&c, 0x5a, sizeof c);
			for (; s->what != END; s++) {
				play(&c, s);
				unit_int(stories[i].name, sts_clock_state(&c),
				    s->state);
				unit_int(stories[i].name, sts_clock_now_s(&c),
				    s->now);
				unit_int(stories[i].name,
				    sts_clock_cert_s(&c) < 0, s->state == U);
			}
		}
	}
}
END_TEST

/* Certificates are judged under the wall clock, not under agent time. */
START_TEST(certificates_are_judged_under_the_wall_clock)
{
	struct sts_clock c;

	sts_clock_init(&c, 7, BUILD);
	ck_assert_int_eq(sts_clock_cert_s(&c), -1);
	sts_clock_tick(&c, 7, T0);
	sts_clock_confirm(&c, false, T0);
	sts_clock_tick(&c, 8, T0 + YEAR);
	ck_assert_int_eq(sts_clock_cert_s(&c), T0 + YEAR);
	ck_assert_int_eq(sts_clock_now_s(&c), T0);
	sts_clock_tick(&c, 9, 3);
	ck_assert_int_eq(sts_clock_cert_s(&c), -1);
}
END_TEST

/* The moment since which time has run without a jump, over steps and
 * restarts. */
START_TEST(a_jump_begins_a_new_run_of_time)
{
	struct sts_clock c;

	sts_clock_init(&c, 0, BUILD);
	sts_clock_tick(&c, 0, T0);
	sts_clock_confirm(&c, false, T0);
	ck_assert_int_eq(sts_clock_since_s(&c), T0);
	/* A small step is no jump. */
	sts_clock_tick(&c, 1000, T0 + DAY);
	sts_clock_confirm(&c, true, T0 + DAY);
	ck_assert_int_eq(sts_clock_since_s(&c), T0);
	sts_clock_tick(&c, 2000, T0 + 2 * DAY + 2);
	sts_clock_confirm(&c, true, T0 + 2 * DAY + 2);
	ck_assert_int_eq(sts_clock_since_s(&c), T0 + 2 * DAY + 2);
	/* The moment never lies ahead. */
	sts_clock_tick(&c, 3000, T0 + 9);
	sts_clock_confirm(&c, false, T0 + 9);
	ck_assert_int_eq(sts_clock_since_s(&c), T0 + 9);
	/* A short restart is no jump, and a long one is. */
	for (unsigned days = 0; days < 4; days++) {
		int64_t now_s = T0 + days * DAY + 10;

		sts_clock_init(&c, 0, BUILD);
		sts_clock_floor(&c, T0, T0 - YEAR);
		sts_clock_tick(&c, 0, now_s);
		sts_clock_confirm(&c, true, now_s);
		ck_assert_int_eq(
		    sts_clock_since_s(&c), days == 0 ? T0 - YEAR : now_s);
	}
	/* A jump that was adopted before the stamp was found counts on, unless
	 * that brings a later one. */
	sts_clock_init(&c, 0, BUILD);
	sts_clock_tick(&c, 0, T0);
	sts_clock_confirm(&c, true, T0);
	sts_clock_floor(&c, T0 - 60 * DAY, T0 - YEAR);
	ck_assert_int_eq(sts_clock_since_s(&c), T0);
	sts_clock_floor(&c, T0 + 9, T0 + 8);
	ck_assert_int_eq(sts_clock_since_s(&c), T0 + 8);
}
END_TEST

/* Ticks of any length add up: nothing below a second is lost or gained, over
 * several wraps of the 49 days. */
START_TEST(ticks_of_any_length_add_up)
{
	static const uint32_t ticks[] = { 1, 999, 1000, 1001, 3599999, 86400000,
		1000000000, 2073600000 };

	for (size_t i = 0; i < UNIT_COUNT(ticks); i++) {
		struct sts_clock c;
		uint64_t passed_ms = 0;
		sts_ms now = 0xfffff000U;
		unsigned n = ticks[i] < 1000000 ? 20000 : 200;

		sts_clock_init(&c, now, 5);
		for (unsigned k = 0; k < n; k++) {
			now += ticks[i];
			passed_ms += ticks[i];
			sts_clock_tick(&c, now, NONE);
			ck_assert_uint_eq(sts_clock_now_s(&c),
			    passed_ms / 1000 + 5 > UINT32_MAX
				? UINT32_MAX
				: passed_ms / 1000 + 5);
		}
	}
}
END_TEST

/* When the monotonic clock runs back, agent time stands and does not jump by 49
 * days. */
START_TEST(a_monotonic_clock_that_runs_back_stops_time)
{
	struct sts_clock c;

	sts_clock_init(&c, 100000, BUILD);
	sts_clock_tick(&c, 110000, NONE);
	ck_assert_int_eq(sts_clock_now_s(&c), BUILD + 10);
	sts_clock_tick(&c, 105000, NONE);
	ck_assert_int_eq(sts_clock_now_s(&c), BUILD + 10);
	sts_clock_tick(&c, 111000, NONE);
	ck_assert_int_eq(sts_clock_now_s(&c), BUILD + 11);
}
END_TEST

/*
 * Whatever the wall clock does after the first confirmation: without a fetch
 * agent time moves as the monotonic clock does, and a fetch of a stranger's
 * domain never moves it forward.
 */
START_TEST(the_wall_clock_alone_never_moves_agent_time)
{
	uint64_t x = 88172645463325252;
	struct sts_clock c;
	sts_ms now = 0;

	sts_clock_init(&c, now, BUILD);
	sts_clock_tick(&c, now, T0);
	sts_clock_confirm(&c, false, T0);
	for (unsigned i = 0; i < 100000; i++) {
		uint32_t before = sts_clock_now_s(&c);
		uint32_t passes, after;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		passes = (uint32_t)(x >> 20) % 5;
		now += passes * 1000;
		sts_clock_tick(&c, now,
		    (x & 7) == 0 ? NONE
				 : T0 + (int64_t)(x >> 32) % (2 * YEAR) - YEAR);
		after = sts_clock_now_s(&c);
		ck_assert(after == before + passes);
		sts_clock_confirm(&c, false, sts_clock_cert_s(&c));
		ck_assert_uint_le(sts_clock_now_s(&c), after);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_story_leads_to_its_time);
	tcase_add_test(tc, certificates_are_judged_under_the_wall_clock);
	tcase_add_test(tc, a_jump_begins_a_new_run_of_time);
	tcase_add_test(tc, ticks_of_any_length_add_up);
	tcase_add_test(tc, a_monotonic_clock_that_runs_back_stops_time);
	tcase_add_test(tc, the_wall_clock_alone_never_moves_agent_time);
}
