/* SPDX-License-Identifier: MIT */
/* An agent for the tests of its sweep: time jumps from one visit to the next,
 * and nothing serves the lookups. */
#ifndef STS_TESTS_SWEEP_CASE_H
#define STS_TESTS_SWEEP_CASE_H

#include <string.h>

#include "../../core/agent/agent.h"
#include "../../core/cache/payload.h"
#include "unit.h"

enum {
	WALL_S = 1750000000,
	LOOKUPS = 64
};

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
		prng ^= prng << 13;
		prng ^= prng >> 17;
		prng ^= prng << 5;
		room.p[i] = (uint8_t)(prng >> 11);
	}
	sts_random_filled(&agent.random);
}

/* An agent with an empty cache, at time 0. */
static void
begin_agent(void)
{
	static const uint8_t key[16] = { 2, 7, 1, 8 };
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
	now = 0;
	prng = 2463534242;
	sts_agent_init(&agent, &c, &settings, memory, now, key);
}

/* Stage a policy of the domain, with one MX. */
static void
stage_policy(struct sts_stage *stage, struct sts_text domain)
{
	ck_assert(
	    sts_cache_stage(&agent.cache, stage, domain) &&
	    sts_payload_begin(&agent.cache, stage, unit_span("1")) &&
	    sts_payload_add_mx(&agent.cache, stage, unit_span("mx.example")));
}

/* Make the next visit, by a clock that was at wall_s at time 0. */
static void
visit(uint32_t wall_s)
{
	struct sts_event e;

	now = sts_earlier(agent.sweep_at, agent.refresh_at);
	agent.now = now;
	sts_clock_tick(&agent.clock, now, wall_s + now / 1000);
	if (now == agent.sweep_at) {
		sts_agent_sweep(&agent);
	} else {
		sts_agent_refresh(&agent);
	}
	ck_assert_uint_gt(agent.sweep_at, now);
	while (sts_agent_event(&agent, &e)) {
	}
}

#endif
