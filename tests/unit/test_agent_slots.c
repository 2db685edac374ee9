/* SPDX-License-Identifier: MIT */
/*
 * Which lookup gets a free fetch slot. The agent searches in steps, and must
 * find the lookup that a single pass over all of them would find: the test
 * compares it with a plain reading of the rule, with fetches and lookups drawn
 * at random. It also plays what may happen during a search, and checks what the
 * end of a turn means for the host.
 */
#include <string.h>

#include "../../core/agent/agent_state.h"
#include "../../core/cache/organisation.h"
#include "../../core/dial/address.h"
#include "unit.h"

const char unit_name[] = "agent_slots";

enum {
	LOOKUPS = 400,
	SLOTS = 16,
	SHARE = SLOTS / 4,
	LOOKS = 512, /* agent_slots.c: lookups a step, and SLOTS */
	WORLDS = 60,
	TURNS = 40,
	NONE = -1
};

static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static uint64_t block[1 << 18];
static uint32_t seed;
static unsigned used; /* lookups so far */

static unsigned
draw(unsigned n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Fill the pool with fresh bytes, as the driver does before each visit. */
static void
fill(void)
{
	struct sts_span room = sts_random_room(&agent.random);

	memset(room.p, 7, room.n);
	sts_random_filled(&agent.random);
}

static void
begin(unsigned slots)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 };
	const struct sts_config config = { .lookups = LOOKUPS,
		.fetch_slots = (uint16_t)slots,
		.asks = 1,
		.cache_size = 1 << 15 };

	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	servers.count = 1;
	servers.addr[0].af = STS_AF_INET;
	sts_zones_init(&zones, 12000, 30000);
	settings.zones = &zones;
	settings.servers = &servers;
	sts_agent_init(&agent, &config, &settings, block, 1, key);
	fill();
	sts_agent_ops.tick(&agent, 100000, 1800000000);
	agent.slots.at = agent.now + 250;
	used = 0;
}

/* A lookup of an organisation, at a host, gets ready for a slot. */
static struct sts_lookup *
put(unsigned organisation, unsigned host, bool stalled)
{
	struct sts_lookup *l = &agent.lookups[used++];
	struct sts_text domain;

	sts_lookup_init(l, &agent.dns_health);
	agent.work.used = (uint16_t)used;
	memcpy(l->domain, "d.o0.ab", 7);
	l->domain[3] = (uint8_t)('0' + organisation);
	l->domain_len = 7;
	domain = sts_lookup_domain(l);
	l->organisation =
	    (uint32_t)sts_siphash(agent.hash_key, sts_organisation(domain));
	l->state = STS_LOOKUP_HELD;
	l->settings = &settings;
	l->addr_count = 1;
	memset(l->addr, 0, sizeof l->addr);
	l->addr[0].af = STS_AF_INET;
	l->addr[0].ip[0] = 192;
	l->addr[0].ip[3] = (uint8_t)host;
	l->id_len = 1;
	l->live = false;
	l->stalled = stalled;
	l->cut = stalled;
	l->fetch_until = agent.now + 60000;
	sts_agent_slots_enqueue(&agent, l);
	return l;
}

static void
end_fetch(unsigned i)
{
	struct sts_fetch *f = &agent.fetches[i];

	sts_agent_slots_leave(&agent);
	sts_dial_init(&f->https.dial);
	f->busy = f->done = false;
	f->lookup = NULL;
}

/* The rule, read plainly. */

static bool
meets(const struct sts_fetch *f, const struct sts_lookup *l)
{
	const struct sts_dial *d = &f->https.dial;

	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		for (unsigned k = 0; k < l->addr_count; k++) {
			if (sts_dial_connects(d, i) &&
			    sts_address_same(
				sts_dial_peer(d, i), &l->addr[k])) {
				return true;
			}
		}
	}
	return false;
}

/* Whether l may have a slot, and how many slots its organisation has. */
static bool
may(const struct sts_lookup *l, unsigned *has)
{
	unsigned slots = agent.config.fetch_slots, at = 0, newcomers = 0;
	unsigned share = slots / 4 > 0 ? slots / 4 : 1;

	*has = 0;
	for (unsigned i = 0; i < slots; i++) {
		const struct sts_fetch *f = &agent.fetches[i];

		if (f->busy) {
			*has += f->lookup->domain[3] == l->domain[3];
			at += meets(f, l);
			newcomers += !f->lookup->live;
		}
	}
	return *has < share && at < share &&
	       (l->live || slots == 1 || newcomers + 1 < slots);
}

enum wanted {
	LIVE,
	OVERDUE,
	ANY_LOOKUP
};

static void
find(const struct sts_queue *q, enum wanted wanted, int *best, unsigned *fewest)
{
	for (uint16_t i = q->head; i != STS_NODE_NONE;
	     i = agent.lookups[i].next) {
		const struct sts_lookup *l = &agent.lookups[i];
		unsigned has;

		if ((wanted == LIVE && !l->live) ||
		    (wanted == OVERDUE &&
			(l->cut != 1 || agent.now - l->queued_at < 10000))) {
			continue;
		}
		if (may(l, &has) && (*best == NONE || has < *fewest)) {
			*best = i;
			*fewest = has;
		}
	}
}

static int
next_one(void)
{
	int best = NONE;
	unsigned fewest = 0;

	if (agent.config.fetch_slots == 1 && agent.slots.newcomer) {
		find(&agent.slots.fresh, LIVE, &best, &fewest);
		find(&agent.slots.stalled, LIVE, &best, &fewest);
	}
	if (best == NONE && agent.slots.turn == 0) {
		find(&agent.slots.stalled, OVERDUE, &best, &fewest);
	}
	if (best == NONE) {
		find(&agent.slots.fresh, ANY_LOOKUP, &best, &fewest);
		find(&agent.slots.stalled, ANY_LOOKUP, &best, &fewest);
	}
	return best;
}

/* Step until the search for a slot has ended. Returns the number of steps. */
static unsigned
go_on(void)
{
	enum sts_why why;
	unsigned steps = 0;
	sts_ms at;

	while (sts_agent_slots_due(&agent, &at) && at == agent.now) {
		fill();
		ck_assert_ptr_null(sts_agent_slots_tick(&agent, &why));
		ck_assert_uint_lt(++steps, 2 * LOOKUPS);
	}
	return steps;
}

static unsigned
dispatch(void)
{
	fill();
	sts_agent_slots_dispatch(&agent);
	return 1 + go_on();
}

static void
change(void)
{
	unsigned slots = agent.config.fetch_slots;

	for (unsigned n = draw(6); n > 0 && used < LOOKUPS; n--) {
		struct sts_lookup *l = put(draw(8), draw(8), draw(3) == 0);

		l->live = draw(5) == 0;
		l->cut = (uint8_t)(l->stalled ? 1 + draw(2) : 0);
		l->queued_at = agent.now - draw(20000);
	}
	for (unsigned n = draw(3); n > 0; n--) {
		unsigned i = draw(slots);

		if (agent.fetches[i].busy) {
			end_fetch(i);
		}
	}
}

START_TEST(steps_find_what_one_pass_finds)
{
	static const unsigned slots[] = { 1, 2, 7, SLOTS };
	unsigned given = 0;

	for (seed = 0; seed < WORLDS; seed++) {
		uint32_t world = seed;

		begin(slots[world % UNIT_COUNT(slots)]);
		while (world % 8 >= 4 && used < LOOKUPS / 2) {
			put(draw(4), draw(4), draw(2) == 0);
		}
		for (unsigned n = 0; n < TURNS; n++) {
			unsigned busy = agent.slots.busy;
			int want;

			change();
			busy = agent.slots.busy;
			want =
			    busy < agent.config.fetch_slots ? next_one() : NONE;
			dispatch();
			ck_assert_uint_eq(
			    agent.slots.busy - busy, want != NONE);
			ck_assert(want == NONE ||
				  agent.lookups[want].stage == STS_WORK_FETCH);
			given += want != NONE;
		}
		seed = world;
	}
	ck_assert_uint_gt(given, WORLDS);
}
END_TEST

/* One organisation has its share of the slots, and all lookups that wait are
 * its own. */
static void
crowd(void)
{
	begin(SLOTS);
	for (unsigned i = 0; i < SHARE; i++) {
		put(0, 10 + i, false);
		dispatch();
	}
	ck_assert_uint_eq(agent.slots.busy, SHARE);
	while (used < LOOKUPS - 1) {
		put(0, 20, false);
	}
}

START_TEST(a_step_looks_at_a_limited_number_of_lookups)
{
	struct sts_lookup *last;
	unsigned least;

	crowd();
	last = put(1, 30, false);
	least = (LOOKUPS - SHARE) * (1 + SLOTS) / (LOOKS + SLOTS);
	ck_assert_uint_ge(dispatch(), least);
	ck_assert_int_eq(last->stage, STS_WORK_FETCH);
}
END_TEST

START_TEST(a_slot_freed_during_a_search_is_given_away)
{
	crowd();
	sts_agent_slots_dispatch(&agent);
	ck_assert_uint_ne(agent.slots.next, STS_NODE_NONE);
	end_fetch(1);
	dispatch();
	/* A lookup that the search has passed over may get this slot. */
	ck_assert_int_eq(agent.lookups[SHARE].stage, STS_WORK_FETCH);
	ck_assert_uint_eq(agent.slots.busy, SHARE);
}
END_TEST

START_TEST(every_slot_freed_during_a_search_is_given_away)
{
	crowd();
	sts_agent_slots_dispatch(&agent);
	for (unsigned i = 0; i < SHARE; i++) {
		end_fetch(i);
		sts_agent_slots_dispatch(&agent);
	}
	go_on();
	ck_assert_uint_eq(agent.slots.busy, SHARE);
}
END_TEST

START_TEST(a_lookup_out_of_time_fails_during_a_search)
{
	struct sts_lookup *late;
	enum sts_why why;

	crowd();
	late = put(0, 20, true);
	late->fetch_until = agent.now;
	agent.now = agent.slots.at;
	sts_agent_slots_dispatch(&agent);
	ck_assert_ptr_eq(sts_agent_slots_tick(&agent, &why), late);
}
END_TEST

/* Let time pass in the fetch of slot 0, which connects to no address. */
static void
fetch_at(sts_ms now)
{
	struct sts_fetch *f = &agent.fetches[0];
	int i;

	sts_fetch_ops.tick(f, now, 1800000000);
	while ((i = sts_fetch_ops.stirred(f)) >= 0) {
		if ((sts_dial_wants(&f->https.dial, (unsigned)i) &
			STS_WANT_CLOSE) != 0) {
			sts_dial_lost(
			    &f->https.dial, (unsigned)i, STS_IO_CLOSED);
			sts_fetch_ops.child(f, (unsigned)i);
		}
	}
	agent.now = now;
}

/* Stop the fetch in favour of others, and let it end. */
static void
stop_fetch(void)
{
	sts_fetch_stop(&agent.fetches[0], STS_WHY_FETCH_STALLED, agent.now);
	fetch_at(agent.now);
	fill();
	sts_agent_work_fetch(&agent, 0);
}

/* A lookup that has the only slot, and whose host has three addresses. */
static struct sts_lookup *
with_three(void)
{
	struct sts_lookup *l;

	begin(1);
	l = put(0, 1, false);
	l->addr_count = 3;
	l->addr[1] = l->addr[2] = l->addr[0];
	l->addr[1].ip[3] = 2;
	l->addr[2].ip[3] = 3;
	dispatch();
	ck_assert_int_eq(l->stage, STS_WORK_FETCH);
	return l;
}

START_TEST(each_address_gets_a_whole_turn)
{
	struct sts_lookup *l = with_three();

	fetch_at(agent.now + 250);
	fetch_at(agent.now + 2750);
	/* The third address is tried since just now. */
	ck_assert(sts_dial_connects(&agent.fetches[0].https.dial, 0));
	ck_assert_uint_eq(sts_dial_address(&agent.fetches[0].https.dial, 0), 2);
	stop_fetch();
	ck_assert(!l->had_time);
	ck_assert_uint_eq(l->addr[0].ip[3], 3);
	ck_assert_uint_eq(l->addr[1].ip[3], 1);
	ck_assert_uint_eq(l->addr[2].ip[3], 2);
	dispatch();
	ck_assert_int_eq(l->stage, STS_WORK_FETCH);
	fetch_at(agent.now + 2750);
	stop_fetch();
	ck_assert(!l->had_time); /* its turn was cut short */
	dispatch();
	fetch_at(agent.now + 3000);
	stop_fetch();
	ck_assert(l->had_time);
}
END_TEST

/* Make it a lookup like those that questions begin: it can end. */
static void
enter(struct sts_lookup *l)
{
	uint16_t *head = &agent.work.index[(uint32_t)sts_siphash(agent.hash_key,
					       sts_lookup_domain(l)) %
					   LOOKUPS];

	*head = (uint16_t)(l - agent.lookups);
	l->chain = STS_NODE_NONE;
	l->txt = STS_FOUND;
	sts_queue_init(&l->waiters);
	agent.lookups_busy = 1;
}

/* Let the fetch's time pass. Why its lookup fails. */
static enum sts_why
time_out(const struct sts_lookup *l)
{
	unsigned why = 0;

	ck_assert_int_eq(l->stage, STS_WORK_FETCH);
	fetch_at(l->fetch_until);
	fill();
	sts_agent_work_fetch(&agent, 0);
	ck_assert_int_eq(l->state, STS_LOOKUP_IDLE);
	while (agent.metrics.n[STS_METRIC_LOOKUPS + why] == 0) {
		why++;
	}
	return (enum sts_why)why;
}

/* Why a lookup fails whose last turn begins `left` before all its time is
 * over. */
static enum sts_why
last_turn(sts_ms left)
{
	struct sts_lookup *l = with_three();

	enter(l);
	l->fetch_until = agent.now + left;
	stop_fetch();
	dispatch();
	return time_out(l);
}

START_TEST(a_last_turn_too_short_ends_as_busy)
{
	ck_assert_int_eq(last_turn(1000), STS_WHY_BUSY);
	ck_assert_int_eq(last_turn(3000), STS_WHY_FETCH_TIMEOUT);
}
END_TEST

/* A lookup whose host has one address, which was connected to; its session waits
 * for its first turn to compute, beside others. */
static struct sts_lookup *
computing(void)
{
	static const struct sts_anchors anchors;
	struct sts_lookup *l;
	struct sts_fetch *f;

	settings.anchors = &anchors;
	l = with_three();
	f = &agent.fetches[0];
	l->addr_count = 1;
	sts_fetch_conn_ops.opened(&f->https.conn[0]);
	sts_fetch_ops.child(f, 0);
	while (sts_fetch_ops.stirred(f) >= 0) {
	}
	return l;
}

/* Meanwhile its domain's time does not run, and what it has waited counts when the
 * turn in the slot is over. */
START_TEST(a_wait_for_the_processor_is_not_the_domains)
{
	struct sts_lookup *l = computing();
	struct sts_conn *c = &agent.fetches[0].https.conn[0];

	ck_assert_uint_eq(sts_agent_ours_ms(&agent, l), 0);
	agent.now += 700;
	ck_assert_uint_eq(sts_agent_ours_ms(&agent, l), 700);
	sts_fetch_conn_ops.tick(c, agent.now, 1800000000);
	sts_fetch_conn_ops.work(c);
	fetch_at(agent.now + STS_QUANTUM_MS);
	ck_assert_uint_eq(sts_agent_ours_ms(&agent, l), 700);
	stop_fetch();
	ck_assert_uint_eq(sts_agent_ours_ms(&agent, l), 700);
}
END_TEST

/* Nor was it a turn of the host's that was of no use, */
START_TEST(a_stop_while_the_processor_is_awaited_is_no_turn)
{
	struct sts_lookup *l = computing();

	agent.now += 2 * STS_QUANTUM_MS;
	ck_assert_uint_eq(
	    sts_fetch_idle_since(&agent.fetches[0], agent.now), agent.now);
	sts_fetch_stop(&agent.fetches[0], STS_WHY_FETCH_STALLED, agent.now);
	ck_assert_uint_eq(
	    sts_https_waited_ms(&agent.fetches[0].https, agent.now),
	    2 * STS_QUANTUM_MS);
	stop_fetch();
	ck_assert(!l->had_time);
	ck_assert_uint_eq(l->cut, 1);
	ck_assert_uint_eq(sts_agent_ours_ms(&agent, l), 2 * STS_QUANTUM_MS);
}
END_TEST

/* nor does a fetch that only waited so say anything about its host. */
START_TEST(a_fetch_that_waited_for_the_processor_ends_as_busy)
{
	struct sts_lookup *l = computing();

	enter(l);
	l->fetch_until = agent.now + 60000;
	ck_assert_int_eq(time_out(l), STS_WHY_BUSY);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, steps_find_what_one_pass_finds);
	tcase_add_test(tc, a_step_looks_at_a_limited_number_of_lookups);
	tcase_add_test(tc, a_slot_freed_during_a_search_is_given_away);
	tcase_add_test(tc, every_slot_freed_during_a_search_is_given_away);
	tcase_add_test(tc, a_lookup_out_of_time_fails_during_a_search);
	tcase_add_test(tc, each_address_gets_a_whole_turn);
	tcase_add_test(tc, a_last_turn_too_short_ends_as_busy);
	tcase_add_test(tc, a_wait_for_the_processor_is_not_the_domains);
	tcase_add_test(tc, a_stop_while_the_processor_is_awaited_is_no_turn);
	tcase_add_test(tc, a_fetch_that_waited_for_the_processor_ends_as_busy);
}
