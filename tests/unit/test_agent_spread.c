/* SPDX-License-Identifier: MIT */
/*
 * The refreshes of a day are spread evenly: policies that were all fetched at
 * one moment are never again refreshed at one moment. The real agent sweeps for
 * days; in place of a lookup, the policy is fetched at once.
 */
#include <stdio.h>

#include "sweep_case.h"

const char unit_name[] = "agent_spread";

enum {
	POLICIES = 6000, /* at the most even pace, six hours of refreshes */
	HOUR_MS = 3600000,
	DAYS = 5,
	HOURS = DAYS * 24,
	LATE_MS = 5 * 60000, /* the sweep's delay in a cache of this size */
	TURN_MS = 6 * HOUR_MS /* each that is due gets a turn in it */
};

static struct sts_lookup lookup;
static struct sts_fetch fetch;
static uint32_t max_age_s;
static unsigned by_hour[HOURS + 1];
static sts_ms fetched_ms[POLICIES], gap_max, gap_min;

static void
take_version(unsigned i)
{
	struct sts_entry e;
	sts_ref ref;

	lookup.domain_len = (uint8_t)snprintf((char *)lookup.domain,
	    sizeof lookup.domain, "d%u.example%u.net", i, i % 997);
	memset(&fetch.policy, 0, sizeof fetch.policy);
	fetch.policy.mode = STS_MODE_ENFORCE;
	fetch.policy.mx_count = 1;
	fetch.policy.max_age_s = max_age_s;
	fetch.wall_s = WALL_S;
	stage_policy(&fetch.stage, sts_lookup_domain(&lookup));
	fill_random();
	ck_assert_int_eq(
	    sts_agent_replace(&agent, &lookup, 3600, &fetch, &e, &ref),
	    STS_ADMITTED);
}

/* The linker's --wrap sets these names.
 * NOLINTBEGIN(bugprone-reserved-identifier) */
struct sts_lookup *__wrap_sts_agent_work_begin(
    struct sts_agent *a, struct sts_text domain, bool refresh);
/* NOLINTEND(bugprone-reserved-identifier) */

struct sts_lookup *
__wrap_sts_agent_work_begin(
    struct sts_agent *a, struct sts_text domain, bool refresh)
{
	unsigned i = 0;

	(void)a;
	ck_assert(refresh);
	for (size_t k = 1; domain.p[k] != '.'; k++) {
		i = 10 * i + (unsigned)(domain.p[k] - '0');
	}
	by_hour[now / HOUR_MS]++;
	if (now - fetched_ms[i] > gap_max) {
		gap_max = now - fetched_ms[i];
	}
	if (now - fetched_ms[i] < gap_min) {
		gap_min = now - fetched_ms[i];
	}
	fetched_ms[i] = now;
	take_version(i);
	return NULL;
}

static void
begin(void)
{
	begin_agent();
	memset(by_hour, 0, sizeof by_hour);
	memset(fetched_ms, 0, sizeof fetched_ms);
	gap_max = 0;
	gap_min = HOURS * HOUR_MS;
}

/* Sweep until then, by a clock that was at wall_s at time 0. */
static void
go_on(uint32_t wall_s, sts_ms until)
{
	while (sts_earlier(agent.sweep_at, agent.refresh_at) < until) {
		visit(wall_s);
	}
}

/* Fetch everything at the first moment, then sweep for days. */
static void
play(uint32_t age_s)
{
	begin();
	max_age_s = age_s;
	for (unsigned i = 0; i < POLICIES; i++) {
		sts_clock_tick(&agent.clock, now, WALL_S);
		take_version(i);
	}
	go_on(WALL_S, HOURS * HOUR_MS);
}

/* The fewest and the most refreshes in one of the hours from..to. */
static void
range(unsigned from, unsigned to, unsigned *least, unsigned *most)
{
	*least = UINT32_MAX;
	*most = 0;
	for (unsigned h = from; h < to; h++) {
		*least = by_hour[h] < *least ? by_hour[h] : *least;
		*most = by_hour[h] > *most ? by_hour[h] : *most;
	}
}

/*
 * A policy that lives for weeks: no refresh in the first half day, all in the
 * second, with an even part in each hour. From the fourth day on, each hour of
 * a day has an even part again, one in eighteen. In between no hour has more
 * than that.
 */
START_TEST(refreshes_of_long_policies_are_spread)
{
	unsigned least, most;

	play(14 * 86400);
	range(0, 12, &least, &most);
	unit_int("refreshes in the first half day", most, 0);
	range(12, 24, &least, &most);
	ck_assert_uint_ge(least, POLICIES / 12 * 2 / 3);
	ck_assert_uint_le(most, POLICIES / 12 * 4 / 3);
	range(24, 72, &least, &most);
	ck_assert_uint_le(most, POLICIES / 12 * 4 / 3);
	range(72, HOURS, &least, &most);
	ck_assert_uint_ge(least, POLICIES / 18 * 2 / 3);
	ck_assert_uint_le(most, POLICIES / 18 * 4 / 3);
	/* RFC 8461 10.2: at least daily. And no domain is asked more often than
	 * twice a day. */
	ck_assert_uint_le(gap_max, 24 * HOUR_MS + LATE_MS);
	ck_assert_uint_ge(gap_min, 12 * HOUR_MS);
}
END_TEST

/* A policy that lives for a day is refreshed in the middle third of its
 * lifetime. */
START_TEST(refreshes_of_short_policies_are_spread)
{
	unsigned least, most;

	play(86400);
	range(0, 8, &least, &most);
	unit_int("refreshes in the first third", most, 0);
	range(8, 16, &least, &most);
	ck_assert_uint_ge(least, POLICIES / 8 * 2 / 3);
	ck_assert_uint_le(most, POLICIES / 8 * 4 / 3);
	range(48, HOURS, &least, &most);
	ck_assert_uint_ge(least, POLICIES / 12 * 2 / 3);
	ck_assert_uint_le(most, POLICIES / 12 * 4 / 3);
	ck_assert_uint_le(gap_max, 16 * HOUR_MS + LATE_MS);
	ck_assert_uint_ge(gap_min, 8 * HOUR_MS);
}
END_TEST

/* All policies are due at one moment, and were fetched `ago_s` before it: a
 * limited number of refreshes starts in each of the first hours, and each
 * policy has one. */
static void
all_due(const char *name, uint32_t age_s, uint32_t ago_s, unsigned an_hour)
{
	unsigned least, most;

	begin();
	max_age_s = age_s;
	for (unsigned i = 0; i < POLICIES; i++) {
		sts_clock_tick(&agent.clock, now, WALL_S);
		take_version(i);
	}
	for (sts_ref ref = sts_cache_next(&agent.cache, 0); ref != 0;
	     ref = sts_cache_next(&agent.cache, ref)) {
		struct sts_entry e;

		sts_cache_get(&agent.cache, ref, &e);
		e.fetched_s = WALL_S - ago_s;
		e.refresh_s = WALL_S;
		sts_cache_set(&agent.cache, ref, &e, sts_agent_time(&agent));
	}
	memset(fetched_ms, 0xff, sizeof fetched_ms);
	go_on(WALL_S, 7 * HOUR_MS);
	range(0, POLICIES / an_hour, &least, &most);
	unit_int(name, most <= an_hour + 1 && least >= an_hour - 1, true);
	range(POLICIES / an_hour, 7, &least, &most);
	ck_assert_uint_le(most, 1);
	for (unsigned i = 0; i < POLICIES; i++) {
		ck_assert_uint_ne(fetched_ms[i], UINT32_MAX);
	}
}

/* However many are due at one moment, each hour gets the same part of them.
 * Only policies that are about to expire do not wait for their turn. */
START_TEST(refreshes_due_at_once_are_spread)
{
	all_due("weeks", 14 * 86400, 86400, POLICIES / 6);
	all_due("a day, of which more than six hours are left", 86400,
	    18 * 3600 - TURN_MS / 1000, POLICIES / 6);
	all_due("about to expire", 86400, 18 * 3600, POLICIES);
	all_due("expired", 86400, 86400, POLICIES / 6);
}
END_TEST

/* A million policies are refreshed daily, too: the sweep is as fast as that
 * takes, and never without a rest. */
START_TEST(a_million_policies_are_refreshed_daily)
{
	static const uint32_t counts[] = { 0, 1, 17000, 100000, 216000, 216001,
		1000000, 4300000 };

	unit_int("pace of 17,000 that are late",
	    (long)sts_agent_sweep_pace_ms(17000), 100);
	unit_int("pace of few", (long)sts_agent_refresh_pace_ms(4000), 5000);
	unit_int("pace of many", (long)sts_agent_refresh_pace_ms(10000), 2160);
	unit_int("pace of visits", (long)sts_agent_sweep_ms(65536), 5000);
	for (unsigned i = 0; i < UNIT_COUNT(counts); i++) {
		uint64_t n = counts[i];
		sts_ms pace = sts_agent_sweep_pace_ms(counts[i]);
		sts_ms turn = sts_agent_refresh_pace_ms(counts[i]);
		sts_ms visit = sts_agent_sweep_ms((uint32_t)(4 * n));

		ck_assert(pace >= 1 && pace <= STS_SWEEP_PACE_MS);
		ck_assert(visit >= 1 && visit <= STS_SWEEP_MS);
		ck_assert(turn >= pace && turn <= STS_REFRESH_PACE_MS);
		ck_assert(n * pace <= 6 * HOUR_MS);
		ck_assert(n * turn <= TURN_MS);
		ck_assert(4 * n / STS_SWEEP_CHUNKS_MAX * visit <= HOUR_MS);
	}
	/* However many there are, time passes between two visits. */
	ck_assert(sts_agent_sweep_pace_ms(UINT32_MAX) >= 1);
	ck_assert(sts_agent_refresh_pace_ms(UINT32_MAX) >= 1);
	ck_assert(sts_agent_sweep_ms(UINT32_MAX) >= 1);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, refreshes_of_long_policies_are_spread);
	tcase_add_test(tc, refreshes_of_short_policies_are_spread);
	tcase_add_test(tc, refreshes_due_at_once_are_spread);
	tcase_add_test(tc, a_million_policies_are_refreshed_daily);
}
