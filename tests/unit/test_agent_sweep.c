/* SPDX-License-Identifier: MIT */
/*
 * The sweep among the domains of one owner, whose name servers never answer:
 * more domains than slots for refreshes. The refresh of another domain still
 * starts, and soon. Nothing serves the lookups here, so none of them ends.
 */
#include <stdio.h>

#include "sweep_case.h"

const char unit_name[] = "agent_sweep";

enum {
	CROWD = 400,
	MAX_AGE_S = 7 * 86400,
	/* A vain visit for each of the crowd would take 2,000 s. */
	SOON_MS = 120000
};

static const char other[] = "mail.example.net";

/* Hold a policy that was asked for a day ago, and whose refresh is due. */
static void
hold(const char *domain)
{
	struct sts_stage stage;
	struct sts_entry e;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_TESTING;
	e.mx_count = 1;
	e.max_age_s = MAX_AGE_S;
	e.fetched_s = e.checked_s = e.check_s = WALL_S;
	e.asked_day = (uint16_t)(WALL_S / STS_DAY_S);
	e.refresh_s = WALL_S + STS_DAY_S;
	stage_policy(&stage, unit_span(domain));
	ck_assert_int_eq(sts_cache_commit(&agent.cache, &stage, &e,
			     sts_agent_time(&agent), &ref),
	    STS_ADMITTED);
}

static void
begin(void)
{
	begin_agent();
	servers.count = 1;
	sts_clock_tick(&agent.clock, now, WALL_S + STS_DAY_S + 1);
}

/* How many policies are not due any more. */
static unsigned
begun(void)
{
	unsigned count = 0;

	for (sts_ref ref = sts_cache_next(&agent.cache, 0); ref != 0;
	     ref = sts_cache_next(&agent.cache, ref)) {
		struct sts_entry e;

		sts_cache_get(&agent.cache, ref, &e);
		count += e.refresh_s != WALL_S + STS_DAY_S;
	}
	return count;
}

/* The crowd stands before the other domain in the cache. */
START_TEST(a_crowd_that_is_due_does_not_keep_others_out)
{
	char domain[32];

	begin();
	for (unsigned i = 0; i < CROWD; i++) {
		snprintf(domain, sizeof domain, "d%u.crowd.example", i);
		hold(domain);
	}
	hold(other);
	agent.sweep_at = agent.refresh_at = 0;
	while (now < SOON_MS &&
	       sts_agent_lookups_find(&agent, unit_span(other)) == NULL) {
		fill_random();
		visit(WALL_S + STS_DAY_S + 1);
	}
	ck_assert_ptr_nonnull(sts_agent_lookups_find(&agent, unit_span(other)));
	/* The crowd gets a quarter of the refreshes, which are a quarter of the
	 * lookups. */
	unit_int(
	    "refreshes of the crowd", agent.work.refreshes - 1, LOOKUPS / 16);
	/* The rest of the crowd stays due. */
	unit_int("refreshes begun", begun(), LOOKUPS / 16 + 1);
}
END_TEST

/* A refresh that was begun for a question counts, too. */
START_TEST(a_crowd_that_is_asked_for_does_not_keep_others_out)
{
	char domain[32];
	unsigned i = 0;

	begin();
	fill_random();
	do {
		snprintf(domain, sizeof domain, "d%u.crowd.example", i);
		fill_random();
	} while (
	    sts_agent_work_begin(&agent, unit_span(domain), true) != NULL &&
	    ++i < LOOKUPS);
	unit_int("refreshes of the crowd", i, LOOKUPS / 16);
	ck_assert(sts_agent_lookups_crowded(&agent, unit_span(domain), true));
	ck_assert(!sts_agent_lookups_crowded(&agent, unit_span(domain), false));
	ck_assert(!sts_agent_lookups_crowded(&agent, unit_span(other), true));
	ck_assert_ptr_nonnull(
	    sts_agent_work_begin(&agent, unit_span(other), true));
}
END_TEST

/* The day of the last question may lie ahead, if the clock was ahead and was
 * set back. */
START_TEST(a_domain_last_asked_for_in_the_future_is_refreshed)
{
	static const struct {
		const char *name;
		int32_t asked_day; /* days after today */
		bool begun;
	} rows[] = {
		{ "today", 0, true },
		{ "tomorrow", 1, true },
		{ "in 40 years", 40 * 365, true },
		{ "30 days ago", -30, true },
		{ "31 days ago", -31, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_entry e;
		sts_ref ref;

		begin();
		fill_random();
		hold(other);
		ref = sts_cache_find(&agent.cache, unit_span(other));
		sts_cache_get(&agent.cache, ref, &e);
		e.asked_day = (uint16_t)(WALL_S / STS_DAY_S + 1);
		e.asked_day = (uint16_t)(e.asked_day + rows[i].asked_day);
		sts_cache_set(&agent.cache, ref, &e, sts_agent_time(&agent));
		agent.sweep_at = agent.refresh_at = 0;
		visit(WALL_S + STS_DAY_S + 1);
		visit(WALL_S + STS_DAY_S + 1);
		unit_int(rows[i].name,
		    sts_agent_lookups_find(&agent, unit_span(other)) != NULL,
		    rows[i].begun);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_crowd_that_is_due_does_not_keep_others_out);
	tcase_add_test(tc, a_crowd_that_is_asked_for_does_not_keep_others_out);
	tcase_add_test(tc, a_domain_last_asked_for_in_the_future_is_refreshed);
}
