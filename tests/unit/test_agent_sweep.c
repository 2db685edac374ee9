/* SPDX-License-Identifier: MIT */
/*
 * The clock hand among the domains of one owner, whose name servers never
 * answer: more than all the places for refreshes. The refresh of another domain
 * begins all the same, and soon. Nothing serves the lookups here, so that each
 * lasts.
 */
#include <stdio.h>
#include <string.h>

#include "../../core/agent/agent.h"
#include "../../core/cache/payload.h"
#include "unit.h"

const char unit_name[] = "agent_sweep";

enum {
	CROWD = 400,
	LOOKUPS = 64,
	WALL_S = 1750000000,
	MAX_AGE_S = 7 * 86400,
	/* The time of a visit that finds nothing, for each, would be 2,000 s. */
	SOON_MS = 120000
};

static const char other[] = "mail.example.net";

static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint64_t memory[(4 << 20) / sizeof(uint64_t)];
static sts_ms now;
static uint32_t prng;

static void
fill_random(void)
{
	struct sts_span room = sts_random_room(&agent.random);

	for (size_t i = 0; i < room.n; i++) {
		prng = prng * 1103515245U + 12345U;
		room.p[i] = (uint8_t)(prng >> 16);
	}
	sts_random_filled(&agent.random);
}

/* A policy that was asked for a day ago, and whose refresh is due. */
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
	ck_assert(
	    sts_cache_stage(&agent.cache, &stage, unit_span(domain)) &&
	    sts_payload_begin(&agent.cache, &stage, unit_span("1")) &&
	    sts_payload_add_mx(&agent.cache, &stage, unit_span("mx.example")));
	ck_assert_int_eq(sts_cache_commit(&agent.cache, &stage, &e,
			     sts_agent_time(&agent), &ref),
	    STS_ADMITTED);
}

static void
begin(void)
{
	static const uint8_t key[16] = { 1, 4, 1, 4 };
	struct sts_config c;

	memset(&c, 0, sizeof c);
	c.clients = 1;
	c.lookups = LOOKUPS;
	c.fetch_slots = 1;
	c.cache_size = 2 << 20;
	c.build_s = WALL_S;
	ck_assert_uint_le(sts_agent_size(&c), sizeof memory);
	memset(&settings, 0, sizeof settings);
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	sts_zones_init(&zones, 12000, 30000);
	servers.count = 1;
	now = 0;
	prng = 1;
	sts_agent_init(&agent, &c, &settings, memory, now, key);
	sts_clock_tick(&agent.clock, now, WALL_S + STS_DAY_S + 1);
}

static void
sweep(void)
{
	struct sts_event e;

	fill_random();
	now = agent.sweep_at;
	agent.now = now;
	sts_clock_tick(&agent.clock, now, WALL_S + STS_DAY_S + 1 + now / 1000);
	sts_agent_sweep(&agent);
	ck_assert_uint_gt(agent.sweep_at, now);
	while (sts_agent_event(&agent, &e)) {
	}
}

/* Policies that are not due any more. */
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
START_TEST(crowd_due)
{
	char domain[32];

	begin();
	for (unsigned i = 0; i < CROWD; i++) {
		snprintf(domain, sizeof domain, "d%u.crowd.example", i);
		hold(domain);
	}
	hold(other);
	agent.sweep_at = 0;
	while (agent.sweep_at < SOON_MS &&
	       sts_agent_work_find(&agent, unit_span(other)) == NULL) {
		sweep();
	}
	ck_assert_ptr_nonnull(sts_agent_work_find(&agent, unit_span(other)));
	/* A quarter of the refreshes, which are a quarter of the lookups. */
	unit_int("of the crowd", agent.work.refreshes - 1, LOOKUPS / 16);
	/* The others stay due. */
	unit_int("begun", begun(), LOOKUPS / 16 + 1);
}
END_TEST

/* A refresh that was begun for a question counts, too. */
START_TEST(crowd_asked)
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
	unit_int("of the crowd", i, LOOKUPS / 16);
	ck_assert(sts_agent_work_crowded(&agent, unit_span(domain), true));
	ck_assert(!sts_agent_work_crowded(&agent, unit_span(domain), false));
	ck_assert(!sts_agent_work_crowded(&agent, unit_span(other), true));
	ck_assert_ptr_nonnull(
	    sts_agent_work_begin(&agent, unit_span(other), true));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, crowd_due);
	tcase_add_test(tc, crowd_asked);
}
