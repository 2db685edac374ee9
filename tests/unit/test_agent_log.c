/* SPDX-License-Identifier: MIT */
/* Which events are lost when more happens than the log can take. */
#include <string.h>

#include "../../core/agent/agent.h"
#include "../../core/agent/agent_state.h"
#include "unit.h"

const char unit_name[] = "agent_log";

static struct sts_agent agent;

/* An event of each level, most important first. */
static const enum sts_event_code of_level[] = { STS_EVENT_JOURNAL_FAILED,
	STS_EVENT_POLICY_EXPIRED, STS_EVENT_POLICY_NEW, STS_EVENT_ANSWER };

/*
 * What happens: events, a letter for the level of each (e)rror, (w)arning,
 * (i)nfo or (d)ebug; N repeats the next as often as the ring has places. Then
 * the events that are left, in order.
 */
static const struct {
	const char *name, *happens, *left;
} cases[] = {
	{ "nothing is lost while there is room", "ewid", "ewid" },
	{ "a debug event displaces no info event", "Nid", "Ni" },
	{ "a debug event displaces no debug event", "Ndd", "Nd" },
	{ "an error displaces the oldest debug event", "dNee", "Ne" },
	{ "a warning displaces a debug event, wherever that is", "wdNww",
	    "Nw" },
	{ "an error displaces a debug event, not another error", "edNee",
	    "Ne" },
	{ "an info event does not displace a warning", "Nwi", "Nw" },
	{ "a warning displaces an info event, not the error before it", "eNiw",
	    "e" },
	{ "among equals the oldest is lost", "Nww", "Nw" },
};

static unsigned
level_of(char c)
{
	static const char letters[] = "ewid";

	return (unsigned)(strchr(letters, c) - letters);
}

static void
note(char c, uint32_t serial)
{
	enum sts_event_code code = of_level[level_of(c)];

	sts_agent_log(&agent, code, STS_WHY_NONE, sts_text(NULL, 0))
	    ->number[0] = serial;
}

static void
play(const char *happens)
{
	uint32_t serial = 0;

	memset(&agent, 0, sizeof agent);
	for (; *happens != '\0'; happens++) {
		unsigned n = 1;

		if (*happens == 'N') {
			n = STS_EVENTS_MAX;
			happens++;
		}
		while (n-- > 0) {
			note(*happens, serial++);
		}
	}
}

/* Take all events out and count them by level. Events of one level must be in
 * order. */
static void
drain(const char *name, unsigned count[4])
{
	uint32_t last[4] = { 0 };
	struct sts_event e;

	memset(count, 0, 4 * sizeof *count);
	while (sts_agent_event(&agent, &e)) {
		unsigned level = 0;

		if (e.code == STS_EVENT_EVENTS_LOST) {
			continue;
		}
		while (of_level[level] != e.code) {
			level++;
		}
		unit_int(
		    name, count[level] == 0 || e.number[0] > last[level], true);
		last[level] = e.number[0];
		count[level]++;
	}
}

START_TEST(the_right_event_is_lost)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const char *left = cases[i].left;
		unsigned got[4], total = 0;

		play(cases[i].happens);
		drain(cases[i].name, got);
		for (unsigned k = 0; k < 4; k++) {
			total += got[k];
		}
		for (; *left != '\0'; left++) {
			unsigned n = 1;

			if (*left == 'N') {
				n = STS_EVENTS_MAX;
				left++;
			}
			unit_int(
			    cases[i].name, got[level_of(*left)] >= n, true);
		}
		unit_int(cases[i].name, total <= STS_EVENTS_MAX, true);
	}
}
END_TEST

/* Whatever happens, no event is lost while one of a lower level stays. */
START_TEST(events_of_the_lowest_level_are_lost)
{
	uint32_t seed = 1;

	for (unsigned round = 0; round < 2000; round++) {
		unsigned noted[4] = { 0 }, got[4], lowest = 0;

		memset(&agent, 0, sizeof agent);
		for (uint32_t i = 0; i < 3 * STS_EVENTS_MAX; i++) {
			unsigned level;

			seed = seed * 1664525 + 1013904223;
			level = seed >> 30;
			noted[level]++;
			note("ewid"[level], i);
		}
		drain("random", got);
		for (unsigned k = 0; k < 4; k++) {
			if (got[k] > 0) {
				lowest = k;
			}
		}
		for (unsigned k = 0; k < lowest; k++) {
			unit_int(
			    "events kept of a higher level", got[k], noted[k]);
		}
	}
}
END_TEST

/* Events of levels that nobody reads are counted, and take no room. */
START_TEST(events_of_unread_levels_take_no_room)
{
	struct sts_event e;

	for (unsigned level = 0; level < 4; level++) {
		memset(&agent, 0, sizeof agent);
		sts_agent_events_read(&agent, level);
		for (unsigned i = 0; i < 4; i++) {
			note("ewid"[i], i);
		}
		for (unsigned i = 0; i <= level; i++) {
			ck_assert(sts_agent_event(&agent, &e));
			unit_int("code", e.code, of_level[i]);
			unit_int("number", e.number[0], i);
		}
		ck_assert(!sts_agent_event(&agent, &e));
		for (unsigned i = 0; i < 4; i++) {
			unit_int("counted",
			    (long)agent.metrics
				.n[STS_METRIC_EVENTS + of_level[i]],
			    1);
		}
	}
}
END_TEST

/* How full the cache is, in hundredths, whatever its size; one without any room
 * for policies is not full. */
START_TEST(cache_full)
{
	static const struct {
		const char *name;
		uint32_t held, max, want;
	} rows[] = {
		{ "small", 99, 100, 99 },
		{ "half full", 50, 100, 0 },
		{ "100 times as much has 33 bits", 45000000, 46000000, 97 },
		{ "the largest", UINT32_MAX, UINT32_MAX, 100 },
		{ "no room", 0, 0, 0 },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_cache_stats stats;
		struct sts_event e;

		memset(&agent, 0, sizeof agent);
		memset(&stats, 0, sizeof stats);
		stats.chunks_protected = rows[i].held;
		stats.protected_max = rows[i].max;
		sts_agent_alert_cache(&agent, &stats);
		unit_int(rows[i].name, sts_agent_event(&agent, &e),
		    rows[i].want > 0);
		if (rows[i].want > 0) {
			unit_int(rows[i].name, e.code, STS_EVENT_CACHE_FULL);
			unit_int(rows[i].name, e.number[0], rows[i].want);
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, events_of_unread_levels_take_no_room);
	tcase_add_test(tc, the_right_event_is_lost);
	tcase_add_test(tc, events_of_the_lowest_level_are_lost);
	tcase_add_test(tc, cache_full);
}
