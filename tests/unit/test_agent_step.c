/* SPDX-License-Identifier: MIT */
/*
 * The most that one step of the agent starts, however many questions may go on
 * and wherever they wait: one look-up of mail hosts and one of a policy. That
 * bounds the random bytes that a step draws. The pool may have no more, which
 * depends on what a product leaves out.
 */
#include <string.h>

#include "../../core/agent/agent_state.h"
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

/* Where ASKS questions wait, each for a domain of its own, every other one in
 * the second place; and what a step may begin of the look-ups that they
 * want. */
static const struct {
	const char *name;
	enum sts_ask_phase phase, other;
	bool dane;
	unsigned danes_max, lookups_max;
} cases[] = {
	{ "the journal has been read", STS_ASK_JOURNAL, STS_ASK_JOURNAL, false,
	    0, 1 },
	{ "the journal has been read, DANE", STS_ASK_JOURNAL, STS_ASK_JOURNAL,
	    true, 1, 1 },
	{ "lookups are free", STS_ASK_QUEUED, STS_ASK_QUEUED, false, 0, 1 },
	{ "lookups are free, DANE", STS_ASK_QUEUED, STS_ASK_QUEUED, true, 1,
	    1 },
	{ "places for mail hosts are free", STS_ASK_DANE_QUEUED,
	    STS_ASK_DANE_QUEUED, true, 1, 1 },
	{ "both are free", STS_ASK_DANE_QUEUED, STS_ASK_QUEUED, true, 1, 1 },
	{ "places are free, the journal has been read", STS_ASK_DANE_QUEUED,
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

/* The name of domain i, of an organisation of its own. */
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

/* What waits: nothing is drawn for those that wait for name servers. */
static unsigned
waiting(void)
{
	return (unsigned)agent.journal_asks.count + agent.asks.count +
	       agent.crowded.count + agent.dane.asks.count;
}

/* Fresh bytes, as the driver takes care of before each visit. */
static void
fill(void)
{
	struct sts_span room = sts_random_room(&agent.random);

	for (size_t i = 0; i < room.n; i++) {
		room.p[i] = (uint8_t)(i * 7);
	}
	sts_random_filled(&agent.random);
}

START_TEST(begun_at_once)
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
		    "%s: %u look-ups of mail hosts in step %u", cases[_i].name,
		    agent.dane.busy - danes, steps);
		ck_assert_msg(
		    agent.lookups_busy - lookups <= cases[_i].lookups_max,
		    "%s: %u lookups in step %u", cases[_i].name,
		    agent.lookups_busy - lookups, steps);
	}
	ck_assert_uint_ge(agent.dane.busy + agent.lookups_busy, ASKS);
}
END_TEST

/* Without a clock no policy is looked up, so that only the mail hosts count. */
START_TEST(begun_at_once_without_a_clock)
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
	agent.dane.probe_at = 1 << 20; /* no probe of our own */
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

/* Names are offered by the board between two steps, while a port may have no
 * random bytes for the next one. */
START_TEST(warmed_between_steps)
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

void
unit_tests(TCase *tc)
{
	tcase_add_loop_test(
	    tc, begun_at_once, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_loop_test(tc, begun_at_once_without_a_clock, 0, 2);
	tcase_add_test(tc, warmed_between_steps);
}
