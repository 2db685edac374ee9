/* SPDX-License-Identifier: MIT */
/*
 * The most that one step of the agent starts, however many questions could go
 * on and wherever they wait: one lookup of mail hosts and one of a policy. That
 * bounds the random bytes that a step draws; the pool may hold no more than
 * these, depending on what a product leaves out.
 */
#include <string.h>

#include "../../core/agent/agent_state.h"
#include "../../core/cache/payload.h"
#include "unit.h"

const char unit_name[] = "agent_step";

enum {
	ASKS = 48,
	NAME_LEN = 10,
	STEPS_MAX = 200
};

static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static uint64_t block[1 << 17];
static uint8_t domains[ASKS][16];

/* Where ASKS questions wait, each for a domain of its own (every other one in
 * `other`), and how many of the lookups that they want one step may begin. */
static const struct {
	const char *name;
	enum sts_ask_phase phase, other;
	bool dane;
	unsigned danes_max, lookups_max;
} cases[] = {
	{ "waiting for the journal", STS_ASK_JOURNAL, STS_ASK_JOURNAL, false, 0,
	    1 },
	{ "waiting for the journal, with DANE", STS_ASK_JOURNAL,
	    STS_ASK_JOURNAL, true, 1, 1 },
	{ "waiting for a lookup", STS_ASK_QUEUED, STS_ASK_QUEUED, false, 0, 1 },
	{ "waiting for a lookup, with DANE", STS_ASK_QUEUED, STS_ASK_QUEUED,
	    true, 1, 1 },
	{ "waiting for a place of mail hosts", STS_ASK_DANE_QUEUED,
	    STS_ASK_DANE_QUEUED, true, 1, 1 },
	{ "waiting for either", STS_ASK_DANE_QUEUED, STS_ASK_QUEUED, true, 1,
	    1 },
	{ "waiting for a place or the journal", STS_ASK_DANE_QUEUED,
	    STS_ASK_JOURNAL, true, 1, 1 },
};

static void
begin(bool dane)
{
	static const struct sts_config config = { .lookups = 64,
		.fetch_slots = 1,
		.asks = ASKS,
		.danes = STS_DANE ? 64 : 0,
		.cache_size = 1 << 15 };
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 };

	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	servers.count = 1;
	servers.trusted[0] = true;
	servers.addr[0].af = STS_AF_INET;
	sts_zones_init(&zones, 12000, 30000);
	settings.zones = &zones;
	settings.servers = &servers;
	settings.dane = dane;
	sts_agent_init(&agent, &config, &settings, block, 1, key);
}

/* The name of domain i, each of an organisation of its own. */
static void
name(unsigned i)
{
	memcpy(domains[i], "d00.d00.ab", NAME_LEN);
	domains[i][1] = domains[i][5] = (uint8_t)('0' + i / 10);
	domains[i][2] = domains[i][6] = (uint8_t)('0' + i % 10);
}

static void
put_question(unsigned i, enum sts_ask_phase phase)
{
	struct sts_text key = sts_text(domains[i], NAME_LEN);
	struct sts_ask *ask;
	int slot;

	name(i);
	slot = sts_agent_question_take(&agent, sts_text(NULL, 0), key);
	ck_assert_int_ge(slot, 0);
	ask = &agent.questions[slot].ask;
	ask->dane = STS_DANE_PENDING;
	ask->waits = true;
	ask->deadline = ask->asked = 1;
	sts_agent_wait_in_queue(&agent, ask, phase);
}

/* The questions that wait. Questions that wait for name servers do not count,
 * as no bytes are drawn for them. */
static unsigned
waiting(void)
{
	return (unsigned)agent.journal_asks.count + agent.asks.count +
	       agent.crowded.count + agent.dane.asks.count;
}

/* Fill the pool with fresh bytes, as the driver does before each visit. */
static void
fill(void)
{
	struct sts_span room = sts_random_room(&agent.random);

	for (size_t i = 0; i < room.n; i++) {
		room.p[i] = (uint8_t)(i * 7);
	}
	sts_random_filled(&agent.random);
}

START_TEST(a_step_begins_one_lookup_of_each_kind)
{
	unsigned steps = 0;

	if (cases[_i].dane && !STS_DANE) {
		return;
	}
	begin(cases[_i].dane);
	for (unsigned i = 0; i < ASKS; i++) {
		put_question(i, i % 2 == 0 ? cases[_i].phase : cases[_i].other);
	}
	agent.dane.look = agent.dane.asks.count;
	for (; waiting() > 0; steps++) {
		unsigned danes = agent.dane.busy, lookups = agent.lookups_busy;

		ck_assert_uint_lt(steps, STEPS_MAX);
		fill();
		sts_agent_ops.tick(&agent, 1 + steps, 1800000000);
		ck_assert_msg(
		    agent.dane.busy - danes <=
			cases[_i].danes_max + (steps == 0 && cases[_i].dane),
		    "%s: %u lookups of mail hosts in step %u", cases[_i].name,
		    agent.dane.busy - danes, steps);
		ck_assert_msg(
		    agent.lookups_busy - lookups <= cases[_i].lookups_max,
		    "%s: %u lookups in step %u", cases[_i].name,
		    agent.lookups_busy - lookups, steps);
	}
	ck_assert_uint_ge(agent.dane.busy + agent.lookups_busy, ASKS);
}
END_TEST

/* Asks of an organisation that had its share and others take turns when lookups
 * are free, however many of either wait. */
START_TEST(crowd_in_turn)
{
	unsigned others = 0;

	begin(false);
	for (unsigned i = 0; i < ASKS; i++) {
		put_question(i, i % 2 == 0 ? STS_ASK_QUEUED : STS_ASK_CROWDED);
	}
	agent.ask.crowded = agent.crowded.count;
	for (unsigned steps = 0; waiting() > 0; steps++) {
		unsigned asks = agent.asks.count, crowd = agent.crowded.count;

		ck_assert_uint_lt(steps, STEPS_MAX);
		fill();
		sts_agent_ops.tick(&agent, 1 + steps, 1800000000);
		unit_int("one a step", asks + crowd - waiting(), 1);
		others += agent.asks.count < asks;
		ck_assert_uint_le(2 * others, steps + 2);
		ck_assert_uint_ge(2 * others, steps);
	}
}
END_TEST

/* Without a clock no policy is looked up: only mail hosts are. */
START_TEST(a_step_without_a_clock_begins_one_lookup)
{
	unsigned danes;

	if (!STS_DANE) {
		return;
	}
	begin(true);
	for (unsigned i = 0; i < ASKS; i++) {
		put_question(
		    i, _i == 0 ? STS_ASK_JOURNAL : STS_ASK_DANE_QUEUED);
	}
	agent.dane.look = agent.dane.asks.count;
	agent.dane.probe_at = 1 << 20; /* no probe of the agent's own */
	for (unsigned steps = 0; waiting() > 0; steps++) {
		danes = agent.dane.busy;
		ck_assert_uint_lt(steps, STEPS_MAX);
		fill();
		sts_agent_ops.tick(&agent, 1 + steps, -1);
		ck_assert_uint_le(agent.dane.busy - danes, 1);
	}
	ck_assert_uint_eq(agent.dane.busy, ASKS);
	ck_assert_uint_eq(agent.lookups_busy, 0);
}
END_TEST

/* The board offers names between two steps, when the pool may have no random
 * bytes for another lookup. */
START_TEST(a_name_is_warmed_only_with_random_bytes_left)
{
	unsigned begun = 0;

	begin(false);
	fill();
	sts_agent_ops.tick(&agent, 1, 1800000000);
	for (unsigned i = 0; i < ASKS; i++) {
		uint16_t left = agent.random.left;
		enum sts_warm warm;

		name(i);
		agent.random.left = (uint16_t)(i % 2 == 0 ? STS_LOOKUP_RND
							  : STS_LOOKUP_RND - 1);
		warm = sts_agent_warm(&agent, sts_text(domains[i], NAME_LEN));
		agent.random.left = left;
		ck_assert_int_eq(warm,
		    i % 2 == 0 &&
			    begun < sts_agent_lookups_refreshes_max(&agent)
			? STS_WARM_BEGUN
			: STS_WARM_LATER);
		begun += warm == STS_WARM_BEGUN;
	}
	ck_assert_uint_gt(begun, 1);
}
END_TEST

static void
put_record(struct sts_text domain, const struct sts_entry *e)
{
	struct sts_stage s;
	sts_ref ref;

	ck_assert(sts_cache_stage(&agent.cache, &s, domain));
	ck_assert(sts_payload_begin(&agent.cache, &s, unit_span("1")));
	sts_cache_commit(&agent.cache, &s, e, sts_now(1800000000, true), &ref);
}

/* A held policy is noted as asked for, and is refreshed again if it lives a day
 * or more; a record of the future is not known. */
START_TEST(warm_table)
{
	static const struct {
		const char *name;
		enum sts_kind kind;
		uint32_t max_age_s, checked_s, asked_day;
		enum sts_warm want;
		bool refreshes;
	} rows[] = {
		{ "a policy", STS_KIND_POLICY, STS_DAY_S, 0, 1, STS_WARM_KNOWN,
		    true },
		{ "a short-lived policy", STS_KIND_POLICY, STS_DAY_S - 1, 0, 1,
		    STS_WARM_KNOWN, false },
		{ "asked for today", STS_KIND_POLICY, STS_DAY_S, 0,
		    1800000000 / STS_DAY_S, STS_WARM_KNOWN, false },
		{ "none", STS_KIND_ABSENT, 0, 1800000000, 1, STS_WARM_KNOWN,
		    false },
		{ "none, of the future", STS_KIND_ABSENT, 0, 1800000001, 1,
		    STS_WARM_BEGUN, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_entry e;
		sts_ref ref;

		begin(false);
		fill();
		sts_agent_ops.tick(&agent, 1, 1800000000);
		memset(&e, 0, sizeof e);
		e.kind = (uint8_t)rows[i].kind;
		e.mode = STS_MODE_NONE;
		e.asked_day = (uint16_t)rows[i].asked_day;
		e.max_age_s = rows[i].max_age_s;
		e.fetched_s = 1800000000;
		e.checked_s = rows[i].checked_s;
		e.check_s = 1800000100;
		name(0);
		put_record(sts_text(domains[0], NAME_LEN), &e);
		unit_int(rows[i].name,
		    sts_agent_warm(&agent, sts_text(domains[0], NAME_LEN)),
		    rows[i].want);
		ref = sts_cache_find(
		    &agent.cache, sts_text(domains[0], NAME_LEN));
		sts_cache_get(&agent.cache, ref, &e);
		unit_int(rows[i].name, e.refresh_s,
		    rows[i].refreshes ? 1800000000 : 0);
	}
}
END_TEST

/* Questions come first: no name is looked up ahead while some wait. */
START_TEST(warm_waits_for_questions)
{
	static const enum sts_ask_phase phases[] = { STS_ASK_QUEUED,
		STS_ASK_CROWDED };

	for (size_t i = 0; i < UNIT_COUNT(phases); i++) {
		begin(false);
		fill();
		sts_agent_ops.tick(&agent, 1, 1800000000);
		put_question(0, phases[i]);
		name(1);
		unit_int("warm",
		    sts_agent_warm(&agent, sts_text(domains[1], NAME_LEN)),
		    STS_WARM_LATER);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_loop_test(tc, a_step_begins_one_lookup_of_each_kind, 0,
	    (int)(sizeof cases / sizeof *cases));
	tcase_add_loop_test(tc, a_step_without_a_clock_begins_one_lookup, 0, 2);
	tcase_add_test(tc, crowd_in_turn);
	tcase_add_test(tc, a_name_is_warmed_only_with_random_bytes_left);
	tcase_add_test(tc, warm_table);
	tcase_add_test(tc, warm_waits_for_questions);
}
