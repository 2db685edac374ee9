/* SPDX-License-Identifier: MIT */
/* core/agent/inspect and core/agent/explain: what an operator sees, and what
 * the operator can have forgotten. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "../../core/agent/explain.h"
#include "../../core/agent/inspect.h"
#include "../../core/cache/payload.h"
#include "flash.h"
#include "unit.h"

const char unit_name[] = "inspect";

enum {
	WALL_S = 1800000000,
	DOMAINS = 300,
	PROG = 8,
	ERASE = 1024,
	IDLE = 100, /* steps without work, more than a round */
	BUFFER = 1024, /* of the journal */
	CACHE = 1 << 17
};

static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_zones zones;
static struct sts_dns_servers servers;
static struct sts_anchors anchors;
static uint64_t block[1 << 16];
static struct flash flash;

/* Begin, under a clock that nothing has confirmed. */
static void
begin_with(const struct sts_config *config)
{
	static const uint8_t key[16] = { 3 };

	memset(&settings, 0, sizeof settings);
	sts_zones_init(&zones, 12000, 30000);
	settings.zones = &zones;
	settings.servers = &servers;
	settings.anchors = &anchors;
	ck_assert_uint_le(sts_agent_size(config), sizeof block);
	sts_agent_init(&agent, config, &settings, block, 1, key);
	sts_clock_tick(&agent.clock, 1, WALL_S);
	ck_assert(!sts_agent_expires(&agent));
}

static void
start_with(const struct sts_config *config)
{
	begin_with(config);
	sts_clock_confirm(&agent.clock, true, sts_clock_cert_s(&agent.clock));
	ck_assert(sts_agent_expires(&agent));
}

static void
start(void)
{
	static const struct sts_config config = { .clients = 1,
		.lookups = 4,
		.fetch_slots = 2,
		.asks = 1,
		.cache_size = CACHE,
		.build_s = WALL_S };

	start_with(&config);
}

static struct sts_text
name(unsigned i)
{
	static char text[32];

	snprintf(text, sizeof text, "d%u.example", i);
	return unit_span(text);
}

/* Put a record into the cache; mode and age count for a policy. */
static void
put(struct sts_text domain, enum sts_kind kind, enum sts_mode mode,
    uint32_t age_s)
{
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = (uint8_t)kind;
	e.mode = (uint8_t)mode;
	e.max_age_s = 86400;
	e.fetched_s = WALL_S - age_s;
	e.check_s = WALL_S + 600;
	ck_assert(sts_cache_stage(&agent.cache, &s, domain));
	if (kind == STS_KIND_POLICY) {
		ck_assert(sts_payload_begin(&agent.cache, &s, unit_span("1")));
	}
	sts_cache_commit(&agent.cache, &s, &e, sts_now(WALL_S, true), &ref);
	ck_assert_uint_ne(ref, 0);
}

/*
 * While the walk goes on, records come and go, and those that stay get newer
 * versions elsewhere. Each that stays is met once.
 */
START_TEST(a_walk_meets_each_record_that_stays_once)
{
	unsigned met[DOMAINS] = { 0 }, steps = 0;
	uint8_t domain[STS_NAME_MAX + 1];
	struct sts_walk w = { 0 };
	struct sts_held held;
	size_t len;

	start();
	for (unsigned i = 0; i < DOMAINS; i++) {
		put(name(i), STS_KIND_ABSENT, STS_MODE_NONE, 0);
	}
	/* What is known of mail hosts is no record of the walk. */
	put(unit_span("+d0.example"), STS_KIND_DANE, STS_MODE_NONE, 0);
	while (sts_inspect_next(&agent, &w, 1, &held, domain, &len)) {
		unsigned at = steps++ * 7 % DOMAINS;

		ck_assert(len == 0 || domain[0] != '+');

		if (len > 0) {
			domain[len] = '\0';
			unsigned i = DOMAINS;

			sscanf((const char *)domain, "d%u.", &i);
			if (i < DOMAINS) {
				met[i]++;
			}
		}
		/* Of every three domains one stays, one is renewed, and one
		 * goes. */
		if (at % 3 == 1) {
			put(name(at),
			    steps % 2 == 0 ? STS_KIND_ABSENT : STS_KIND_UNKNOWN,
			    STS_MODE_NONE, 0);
		} else if (at % 3 == 2) {
			sts_ref ref = sts_cache_find(&agent.cache, name(at));

			if (ref != 0) {
				sts_cache_remove(&agent.cache, ref);
			}
		}
		put(name(DOMAINS + steps % 40), STS_KIND_ABSENT, STS_MODE_NONE,
		    0);
		ck_assert_uint_lt(steps, 100000);
	}
	for (unsigned i = 0; i < DOMAINS; i++) {
		if (i % 3 != 2) {
			unit_int((const char *)name(i).p, met[i], 1);
		} else {
			ck_assert_uint_le(met[i], 1);
		}
	}
	ck_assert(sts_cache_check(&agent.cache));
}
END_TEST

/* One step looks at as much as it was asked to, and no more. */
START_TEST(a_step_of_a_walk_looks_at_a_limited_part)
{
	uint8_t domain[STS_NAME_MAX];
	struct sts_walk w = { 0 };
	struct sts_held held;
	unsigned calls = 0;
	size_t len;

	start();
	while (sts_inspect_next(&agent, &w, 8, &held, domain, &len)) {
		ck_assert_uint_eq(len, 0);
		calls++;
	}
	ck_assert_uint_ge(calls, agent.cache.index_mask / 8);
}
END_TEST

static const struct {
	const char *domain;
	enum sts_kind kind;
	enum sts_mode mode;
	uint32_t age_s;
	bool live; /* if not, a flush forgets it */
	bool protected;
} flushed[] = {
	{ "enforce.example", STS_KIND_POLICY, STS_MODE_ENFORCE, 0, true, true },
	{ "testing.example", STS_KIND_POLICY, STS_MODE_TESTING, 0, true,
	    false },
	{ "none.example", STS_KIND_POLICY, STS_MODE_NONE, 0, true, false },
	{ "old.example", STS_KIND_POLICY, STS_MODE_ENFORCE, 90000, false,
	    false },
	{ "absent.example", STS_KIND_ABSENT, STS_MODE_NONE, 0, false, false },
	{ "failed.example", STS_KIND_BACK_OFF, STS_MODE_NONE, 0, false, false },
	{ "unknown.example", STS_KIND_UNKNOWN, STS_MODE_NONE, 0, false, false },
};

static void
flush(bool all)
{
	struct sts_walk w = { 0 };
	uint32_t count = 0;
	unsigned want = 0;

	start();
	for (size_t i = 0; i < UNIT_COUNT(flushed); i++) {
		struct sts_held held;

		put(unit_span(flushed[i].domain), flushed[i].kind,
		    flushed[i].mode, flushed[i].age_s);
		ck_assert(sts_agent_held(
		    &agent, unit_span(flushed[i].domain), &held));
		unit_int(flushed[i].domain, held.live, flushed[i].live);
		unit_int(
		    flushed[i].domain, held.protected, flushed[i].protected);
		want += all || !flushed[i].live;
	}
	while (sts_inspect_flush(&agent, &w, 16, all, &count)) {
	}
	unit_int("records forgotten", count, want);
	for (size_t i = 0; i < UNIT_COUNT(flushed); i++) {
		unit_int(flushed[i].domain,
		    sts_cache_find(
			&agent.cache, unit_span(flushed[i].domain)) != 0,
		    !all && flushed[i].live);
	}
	ck_assert(sts_cache_check(&agent.cache));
}

START_TEST(a_flush_forgets_no_live_policy)
{
	flush(false);
}
END_TEST

START_TEST(a_flush_of_all_forgets_everything)
{
	flush(true);
}
END_TEST

/* A record that is being read stays readable when it is forgotten. */
START_TEST(a_record_being_read_stays_readable)
{
	struct sts_held held;
	uint8_t id[STS_ID_MAX];

	start();
	put(unit_span("a.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	ck_assert(sts_agent_held(&agent, unit_span("a.example"), &held));
	sts_inspect_keep(&agent, &held);
	ck_assert(sts_agent_forget(&agent, unit_span("a.example")));
	put(unit_span("b.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	ck_assert_uint_eq(sts_payload_id(&agent.cache, held.ref, id), 1);
	ck_assert_uint_eq(id[0], '1');
	sts_inspect_release(&agent, &held);
	ck_assert(sts_cache_check(&agent.cache));
}
END_TEST

START_TEST(an_inspection_has_the_agents_figures)
{
	struct sts_inspection i;

	start();
	put(unit_span("a.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	sts_inspect(&agent, &i);
	unit_int("records", i.cache.records, 1);
	unit_int("enforce", i.cache.enforce, 1);
	unit_int("now", i.now_s, WALL_S);
	unit_int("clients", i.clients_max, 1);
	unit_int("lookups", i.lookups_max, 4);
	unit_text("journal", unit_span(sts_inspect_journal(&i)), "off");
	unit_text("clock", unit_span(sts_inspect_clock(&i)), "confirmed");
	unit_int("whether all is forgotten for good",
	    sts_inspect_forgotten(&agent), true);
}
END_TEST

/* The longest wait is that of a client, until the operator begins anew. A
 * lookup that no client waits for does not count. */
START_TEST(the_longest_wait_is_a_clients)
{
	static const struct {
		const char *name;
		sts_ms ms;
		bool client, anew;
		uint32_t want;
	} cases[] = { { "nobody waits", 9000, false, false, 0 },
		{ "a client", 1500, true, false, 1500 },
		{ "a shorter wait", 20, true, false, 1500 },
		{ "a longer one", 1501, true, false, 1501 },
		{ "nobody waits any more", 9000, false, false, 1501 },
		{ "begun anew", 0, true, true, 0 },
		{ "the next hour", 3, true, false, 3 } };

	start();
	agent.now = 10000;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_answer not_found = { 0 };
		struct sts_inspection is;
		struct sts_ask ask;

		memset(&ask, 0, sizeof ask);
		ask.node =
		    cases[i].client ? agent.first_client : agent.first_question;
		ask.settings = &settings;
		ask.zone = zones.zone;
		ask.asked = agent.now - cases[i].ms;
		not_found.kind = STS_ANSWER_NOTFOUND;
		sts_agent_answer(
		    &agent, &ask, not_found, unit_span("a.example"));
		if (cases[i].anew) {
			sts_inspect_wait_anew(&agent);
		}
		sts_inspect(&agent, &is);
		unit_int(cases[i].name, is.waited_ms, cases[i].want);
	}
}
END_TEST

static const struct {
	const char *name;
	enum sts_answer_kind kind;
	enum sts_rule rule;
	enum sts_why why;
	enum sts_answer_kind would;
	enum sts_verdict want;
} verdicts[] = {
	{ "enforce", STS_ANSWER_POLICY, STS_RULE_HELD, STS_WHY_NONE,
	    STS_ANSWER_NONE, STS_VERDICT_POLICY },
	{ "override", STS_ANSWER_OVERRIDE, STS_RULE_OVERRIDE, STS_WHY_OVERRIDE,
	    STS_ANSWER_NONE, STS_VERDICT_POLICY },
	{ "override not found", STS_ANSWER_NOTFOUND, STS_RULE_OVERRIDE,
	    STS_WHY_OVERRIDE, STS_ANSWER_NONE, STS_VERDICT_NONE },
	{ "parent", STS_ANSWER_NOTFOUND, STS_RULE_KEY, STS_WHY_KEY_PARENT,
	    STS_ANSWER_NONE, STS_VERDICT_NONE },
	{ "no record", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    STS_WHY_DNS_NXDOMAIN, STS_ANSWER_NONE, STS_VERDICT_NONE },
	{ "testing", STS_ANSWER_NOTFOUND, STS_RULE_HELD, STS_WHY_MODE_TESTING,
	    STS_ANSWER_NONE, STS_VERDICT_NONE },
	{ "timeout, not found", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    STS_WHY_DNS_TIMEOUT, STS_ANSWER_NONE, STS_VERDICT_UNKNOWN },
	{ "timeout, temp", STS_ANSWER_TEMP, STS_RULE_TABLE, STS_WHY_DNS_TIMEOUT,
	    STS_ANSWER_NONE, STS_VERDICT_UNKNOWN },
	{ "fetch failed", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    STS_WHY_X509_EXPIRED, STS_ANSWER_NONE, STS_VERDICT_UNKNOWN },
	{ "busy", STS_ANSWER_TEMP, STS_RULE_TABLE, STS_WHY_BUSY,
	    STS_ANSWER_NONE, STS_VERDICT_UNKNOWN },
	{ "no clock", STS_ANSWER_TEMP, STS_RULE_CLOCK, STS_WHY_NO_CLOCK,
	    STS_ANSWER_NONE, STS_VERDICT_UNKNOWN },
	{ "rehearsed policy", STS_ANSWER_NOTFOUND, STS_RULE_HELD, STS_WHY_AUDIT,
	    STS_ANSWER_POLICY, STS_VERDICT_NONE },
	{ "rehearsed policy of the operator's list", STS_ANSWER_NOTFOUND,
	    STS_RULE_PRELOAD, STS_WHY_AUDIT, STS_ANSWER_PRELOAD,
	    STS_VERDICT_NONE },
	{ "rehearsed DANE", STS_ANSWER_NOTFOUND, STS_RULE_DANE, STS_WHY_AUDIT,
	    STS_ANSWER_DANE_ONLY, STS_VERDICT_NONE },
	{ "rehearsed temp of DANE", STS_ANSWER_NOTFOUND, STS_RULE_DANE,
	    STS_WHY_AUDIT, STS_ANSWER_TEMP, STS_VERDICT_UNKNOWN },
	{ "rehearsed temp", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, STS_WHY_AUDIT,
	    STS_ANSWER_TEMP, STS_VERDICT_UNKNOWN },
};

START_TEST(each_answer_has_a_verdict_and_words)
{
	for (size_t i = 0; i < UNIT_COUNT(verdicts); i++) {
		struct sts_answer a;

		memset(&a, 0, sizeof a);
		a.kind = (uint8_t)verdicts[i].kind;
		a.rule = (uint8_t)verdicts[i].rule;
		a.why = (uint8_t)verdicts[i].why;
		a.would = (uint8_t)verdicts[i].would;
		unit_int(verdicts[i].name, sts_explain_verdict(&a),
		    verdicts[i].want);
		ck_assert_str_ne(sts_rule_token((enum sts_rule)a.rule), "?");
		ck_assert_str_ne(sts_rule_text((enum sts_rule)a.rule), "?");
	}
	ck_assert_str_eq(sts_rule_token((enum sts_rule)0), "?");
	ck_assert_str_eq(sts_verdict_token(STS_VERDICT_UNKNOWN), "unknown");
	ck_assert_str_eq(sts_kind_token(STS_KIND_UNKNOWN), "unknown");
	ck_assert_str_eq(sts_kind_token((enum sts_kind)9), "?");
}
END_TEST

/* Extreme times: a max_age that leads beyond what can be shown, and a retry
 * that is over. */
START_TEST(extreme_times_are_shown_within_limits)
{
	struct sts_standing s;
	struct sts_held held;

	memset(&held, 0, sizeof held);
	held.now_s = WALL_S;
	held.entry.kind = STS_KIND_POLICY;
	held.entry.fetched_s = UINT32_MAX - 10;
	held.entry.max_age_s = 11;
	held.entry.failed_id = 1;
	held.entry.retry_s = WALL_S;
	sts_explain_held(&held, &s);
	unit_int("expires", s.expires_s, UINT32_MAX);
	unit_int("retry", s.retry_s, 0);
	held.entry.max_age_s = 9;
	held.entry.retry_s = WALL_S + 1;
	sts_explain_held(&held, &s);
	unit_int("expires", s.expires_s, UINT32_MAX - 1);
	unit_int("retry", s.retry_s, WALL_S + 1);
	held.entry.failed_id = 0; /* no fetch has failed */
	sts_explain_held(&held, &s);
	unit_int("retry", s.retry_s, 0);
	held.entry.kind = STS_KIND_ABSENT;
	sts_explain_held(&held, &s);
	unit_int("expires", s.expires_s, 0);
	unit_int("fetched", s.fetched_s, 0);
}
END_TEST

static const struct sts_config kept_config = { .clients = 1,
	.lookups = 4,
	.fetch_slots = 2,
	.asks = 1,
	.cache_size = 8192,
	.build_s = WALL_S,
	.journal_buffer = BUFFER };

static uint32_t
whole_units(uint32_t n)
{
	return (n + ERASE - 1) / ERASE * ERASE;
}

/* An agent with a journal of two areas. */
static void
start_kept(uint32_t area_size)
{
	start_with(&kept_config);
	flash_init(&flash, PROG, ERASE, area_size, 2);
	ck_assert(sts_agent_journal(&agent, &flash.store, 0));
}

static void
save(void)
{
	unsigned idle = 0;

	for (unsigned i = 0; idle < IDLE; i++) {
		ck_assert_uint_lt(i, 10000);
		idle = sts_agent_journal_step(&agent, &flash.store, 1, 1) == 0
			   ? idle + 1
			   : 0;
	}
}

/* A journal of the smallest area is written to, and one of half that size is
 * only read. It may grow, and may not change otherwise. */
START_TEST(a_journal_has_a_smallest_area)
{
	uint32_t area = whole_units(sts_agent_journal_area(&kept_config, PROG));
	struct sts_store wrong;

	start_kept(area);
	save();
	unit_int("state with the smallest area", sts_agent_keeping(&agent),
	    STS_KEEPING_OK);
	start_kept(whole_units(area / 2));
	put(unit_span("a.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	save();
	unit_int("state with half of it", sts_agent_keeping(&agent),
	    STS_KEEPING_FAILING);
	unit_int("whether what can be saved is saved", sts_agent_saved(&agent),
	    true);
	unit_int("unsaved records with half of it",
	    sts_cache_unsaved_count(&agent.cache), 1);
	wrong = flash.store;
	wrong.prog_size *= 2;
	ck_assert(!sts_agent_journal(&agent, &wrong, 0));
	wrong = flash.store;
	wrong.area_count++;
	ck_assert(!sts_agent_journal(&agent, &wrong, 0));
	wrong = flash.store;
	wrong.area_count = 1;
	ck_assert(!sts_agent_journal(&agent, &wrong, 0));
	flash_init(&flash, PROG, ERASE, area, 2);
	ck_assert(sts_agent_journal(&agent, &flash.store, 0));
	/* The journal has failed, and waits for its time unless it is asked to
	 * go on. */
	sts_agent_journal_retry(&agent);
	save();
	unit_int("state once it has grown", sts_agent_keeping(&agent),
	    STS_KEEPING_OK);
	unit_int("unsaved records once it has grown",
	    sts_cache_unsaved_count(&agent.cache), 0);
}
END_TEST

/* Start another agent, with the storage that the last one left. */
static void
restart(void)
{
	start_with(&kept_config);
	ck_assert(sts_agent_journal(&agent, &flash.store, 0));
}

static void
holds(unsigned step, const char *domain, uint32_t age_s)
{
	struct sts_held held;

	ck_assert_msg(sts_agent_held(&agent, unit_span(domain), &held),
	    "step %u: %s is not held", step, domain);
	unit_int(domain, held.entry.fetched_s, WALL_S - age_s);
	unit_int(domain, sts_cache_gist(&agent.cache, held.ref).pins, 0);
}

/* While another process still wrote to the storage, this agent only read it.
 * When the storage becomes its own, at whatever step of reading or writing, it
 * reads it again: then it holds what the other process wrote last and what it
 * has learned itself, also where the storage has an older version of that or
 * its removal, and so does the next start. */
START_TEST(a_storage_taken_over_is_read_again)
{
	static struct flash before, after;
	uint32_t area = whole_units(sts_agent_journal_area(&kept_config, PROG));
	unsigned steps = 0;
	bool all = false;

	start_kept(area);
	save();
	put(unit_span("both.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 500);
	put(unit_span("older.example"), STS_KIND_POLICY, STS_MODE_TESTING, 500);
	put(unit_span("gone.example"), STS_KIND_POLICY, STS_MODE_TESTING, 500);
	save();
	before = flash;
	put(unit_span("both.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 100);
	put(unit_span("late.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 50);
	put(unit_span("older.example"), STS_KIND_POLICY, STS_MODE_TESTING, 100);
	ck_assert(sts_agent_forget(&agent, unit_span("gone.example")));
	save();
	after = flash;
	while (!all) {
		flash = before;
		restart();
		put(unit_span("own.example"), STS_KIND_POLICY, STS_MODE_ENFORCE,
		    10);
		put(unit_span("older.example"), STS_KIND_POLICY,
		    STS_MODE_ENFORCE, 9);
		put(unit_span("gone.example"), STS_KIND_POLICY,
		    STS_MODE_ENFORCE, 8);
		for (unsigned i = 0; i < steps; i++) {
			sts_agent_journal_step(&agent, &flash.store, 1, 1);
		}
		all = sts_agent_saved(&agent) && !sts_inspect_unread(&agent);
		flash = after;
		ck_assert(sts_agent_journal_again(&agent, &flash.store, 0));
		ck_assert(sts_inspect_unread(&agent));
		for (unsigned run = 0; run < 2; run++) {
			struct sts_cache_stats c;

			save();
			sts_cache_stats(&agent.cache, &c);
			unit_int("chunks staged", c.chunks_staged, 0);
			holds(steps, "both.example", 100);
			holds(steps, "late.example", 50);
			holds(steps, "own.example", 10);
			holds(steps, "older.example", 9);
			holds(steps, "gone.example", 8);
			ck_assert(sts_cache_check(&agent.cache));
			unit_int(
			    "state", sts_agent_keeping(&agent), STS_KEEPING_OK);
			restart();
		}
		steps++;
		ck_assert_uint_lt(steps, 1000);
	}
	ck_assert_uint_gt(steps, 10);
	/* A store without a second area is refused. */
	flash.store.area_count = 1;
	ck_assert(!sts_agent_journal_again(&agent, &flash.store, 0));
	ck_assert(!sts_inspect_keeps(&agent));
}
END_TEST

/* Whether a fetch of a policy that was not held confirms the clock. */
static bool
stranger_confirms(void)
{
	sts_clock_confirm(&agent.clock, false, sts_clock_cert_s(&agent.clock));
	return sts_agent_expires(&agent);
}

/* A storage that was empty may hold policies when it is read again: until that
 * is done no stranger's fetch confirms the clock, by which they would expire. */
START_TEST(no_stranger_confirms_the_clock_while_a_storage_is_read_again)
{
	begin_with(&kept_config);
	flash_init(&flash, PROG, ERASE,
	    whole_units(sts_agent_journal_area(&kept_config, PROG)), 2);
	ck_assert(!stranger_confirms());
	ck_assert(sts_agent_journal(&agent, &flash.store, 0));
	ck_assert(!stranger_confirms());
	save();
	ck_assert(sts_agent_journal_again(&agent, &flash.store, 0));
	ck_assert(!stranger_confirms());
	save();
	ck_assert(stranger_confirms());
}
END_TEST

/* Nothing can be written as long as the storage is another process's. A domain
 * that the operator has forgotten meanwhile, before or after the first reading,
 * does not come back when the storage is read again, nor at the next start. */
START_TEST(a_domain_forgotten_before_the_storage_is_ours_stays_forgotten)
{
	static struct flash theirs;
	static const char *const domains[] = { "before.example",
		"after.example" };

	start_kept(whole_units(sts_agent_journal_area(&kept_config, PROG)));
	for (unsigned i = 0; i < 2; i++) {
		put(unit_span(domains[i]), STS_KIND_POLICY, STS_MODE_ENFORCE,
		    500);
	}
	put(unit_span("stays.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 500);
	save();
	/* With and without room behind the last record. */
	for (unsigned dirty = 0; dirty < 2; dirty++) {
		theirs = flash;

		restart();
		flash.fail_from = flash.ops + 1;
		flash.fail_to = UINT_MAX;
		sts_agent_forget(&agent, unit_span(domains[0]));
		if (dirty) {
			agent.journal.engine->dirty = true;
		}
		for (unsigned i = 0; sts_inspect_unread(&agent); i++) {
			sts_agent_journal_step(&agent, &flash.store, 1, 1);
			ck_assert_uint_lt(i, 10000);
		}
		sts_agent_forget(&agent, unit_span(domains[1]));
		for (unsigned i = 0; i < 100; i++) {
			sts_agent_journal_retry(&agent);
			sts_agent_journal_step(&agent, &flash.store, 1, 1);
		}
		unit_int("state while it is theirs", sts_agent_keeping(&agent),
		    STS_KEEPING_FAILING);
		flash = theirs;
		ck_assert(sts_agent_journal_again(&agent, &flash.store, 0));
		for (unsigned run = 0; run < 2; run++) {
			save();
			for (unsigned i = 0; i < 2; i++) {
				unit_int(domains[i],
				    sts_cache_find(
					&agent.cache, unit_span(domains[i])),
				    0);
			}
			holds(dirty, "stays.example", 500);
			ck_assert(sts_inspect_forgotten(&agent));
			restart();
		}
		flash = theirs;
	}
}
END_TEST

/* An order not to enforce outlives a restart, as does its end. Before the
 * journal is read, the order is unknown. */
START_TEST(an_order_not_to_enforce_outlives_a_restart)
{
	static const uint32_t orders[] = { WALL_S + 3600, WALL_S + 60, 0 };

	start();
	ck_assert(!sts_inspect_keeps(&agent));
	sts_agent_set_off(&agent, WALL_S + 3600);
	unit_int("order without a journal", sts_agent_off_s(&agent), 0);
	start_kept(whole_units(sts_agent_journal_area(&kept_config, PROG)));
	ck_assert(sts_inspect_keeps(&agent));
	save();
	unit_int("order before any", sts_agent_off_s(&agent), 0);
	for (size_t i = 0; i < UNIT_COUNT(orders); i++) {
		sts_agent_set_off(&agent, orders[i]);
		unit_int(
		    "order, once given", sts_agent_off_s(&agent), orders[i]);
		ck_assert(!sts_inspect_forgotten(&agent));
		save();
		ck_assert(sts_inspect_forgotten(&agent));
		restart();
		unit_int("order before the journal is read",
		    sts_agent_off_s(&agent), 0);
		save();
		unit_int("order once it is read", sts_agent_off_s(&agent),
		    orders[i]);
	}
}
END_TEST

/* What the operator orders while the storage is another process's counts, and
 * not the older order in the storage, once that is ours: for this run from the
 * moment on that the storage was read, and for the next start. */
START_TEST(an_order_given_before_the_storage_is_ours_counts)
{
	static const uint32_t orders[] = { WALL_S + 60, 0 };
	static struct flash theirs;

	start_kept(whole_units(sts_agent_journal_area(&kept_config, PROG)));
	save();
	sts_agent_set_off(&agent, WALL_S + 3600);
	save();
	theirs = flash;
	for (size_t i = 0; i < UNIT_COUNT(orders); i++) {
		flash = theirs;
		restart();
		save();
		unit_int("older order", sts_agent_off_s(&agent), WALL_S + 3600);
		sts_agent_set_off(&agent, orders[i]);
		flash = theirs;
		ck_assert(sts_agent_journal_again(&agent, &flash.store, 0));
		for (unsigned run = 0; run < 2; run++) {
			save();
			unit_int("order, once the storage is ours",
			    sts_agent_off_s(&agent), orders[i]);
			restart();
		}
	}
}
END_TEST

/* Until the journal has been read to its end, its policies are doubted, and so
 * is "nothing is held", but not what this agent has fetched. A domain that is
 * forgotten meanwhile is kept out if that could be noted, for which there is
 * little room. */
START_TEST(policies_are_doubted_until_the_journal_is_read)
{
	struct sts_text fetched = unit_span("fetched.example");
	struct sts_held held;
	unsigned noted = 0;

	start_with(&kept_config);
	ck_assert(sts_inspect_unread(&agent));
	ck_assert(!sts_inspect_doubted(&agent, NULL));
	sts_agent_forget(&agent, name(0));
	ck_assert(!sts_inspect_kept_out(&agent, name(0)));
	start_kept(whole_units(sts_agent_journal_area(&kept_config, PROG)));
	ck_assert(sts_inspect_unread(&agent));
	ck_assert(sts_inspect_doubted(&agent, NULL));
	put(fetched, STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	put(unit_span("absent.example"), STS_KIND_ABSENT, STS_MODE_NONE, 0);
	ck_assert(sts_agent_held(&agent, fetched, &held));
	ck_assert(!sts_inspect_doubted(&agent, &held));
	held.entry.restored = true;
	ck_assert(sts_inspect_doubted(&agent, &held));
	ck_assert(sts_agent_held(&agent, unit_span("absent.example"), &held));
	ck_assert(sts_inspect_doubted(&agent, &held));
	for (unsigned k = 0; k < STS_JOURNAL_FORGET_MAX / 10; k++) {
		sts_agent_forget(&agent, name(k));
		ck_assert(!sts_inspect_forgotten(&agent));
		noted += sts_inspect_kept_out(&agent, name(k));
	}
	ck_assert_uint_ge(noted, 40);
	ck_assert_uint_lt(noted, STS_JOURNAL_FORGET_MAX / 10);
	ck_assert(sts_inspect_kept_out(&agent, name(0)));
	save();
	ck_assert(!sts_inspect_unread(&agent));
	ck_assert(!sts_inspect_doubted(&agent, NULL));
}
END_TEST

START_TEST(an_inspection_has_the_journals_figures)
{
	struct sts_inspection i;
	uint32_t area = whole_units(sts_agent_journal_area(&kept_config, PROG));

	start_with(&kept_config);
	/* A journal may come, and bring back what is forgotten now. */
	ck_assert(!sts_agent_forget(&agent, unit_span("a.example")));
	ck_assert(!sts_inspect_forgotten(&agent));
	start_kept(area);
	sts_inspect(&agent, &i);
	unit_text(
	    "journal at first", unit_span(sts_inspect_journal(&i)), "loading");
	save();
	put(unit_span("a.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	sts_inspect(&agent, &i);
	unit_text(
	    "journal once read", unit_span(sts_inspect_journal(&i)), "ready");
	unit_int("unsaved records", i.unsaved, 1);
	/* The first record is written with an area of its own. */
	save();
	put(unit_span("c.example"), STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	save();
	sts_inspect(&agent, &i);
	unit_int("unsaved records", i.unsaved, 0);
	unit_int("records saved", i.saved, 1);
	unit_int("records lost", i.lost, 0);
	ck_assert(sts_inspect_forgotten(&agent));
	ck_assert(sts_agent_forget(&agent, unit_span("a.example")));
	ck_assert(!sts_inspect_forgotten(&agent));
	/* So many wait already that all is written anew. */
	for (unsigned k = 0; k < STS_JOURNAL_FORGET_MAX / 10; k++) {
		ck_assert(!sts_agent_forget(&agent, name(k)));
	}
	ck_assert(!sts_inspect_forgotten(&agent));
	save();
	ck_assert(sts_inspect_forgotten(&agent));
	sts_inspect(&agent, &i);
	ck_assert_uint_ge(i.compactions, 1);
}
END_TEST

/* The clock was set back by more than a day, and that was confirmed: the
 * journal's stamp follows. */
START_TEST(the_stamp_follows_a_clock_set_back)
{
	start_kept(whole_units(sts_agent_journal_area(&kept_config, PROG)));
	save();
	sts_journal_stamp(agent.journal.engine, WALL_S + 86400);
	sts_agent_stamp(&agent, 86400);
	unit_int("stamp a day ahead", sts_journal_stamp_s(agent.journal.engine),
	    WALL_S + 86400);
	sts_journal_stamp(agent.journal.engine, WALL_S + 86401);
	sts_agent_stamp(&agent, 86400);
	unit_int("stamp a second more ahead",
	    sts_journal_stamp_s(agent.journal.engine), WALL_S);
	ck_assert(!sts_inspect_forgotten(&agent));
	save();
	unit_int("state", sts_agent_keeping(&agent), STS_KEEPING_OK);
}
END_TEST

START_TEST(clock_and_journal_states_have_words)
{
	static const char *const clocks[] = { "unknown", "claimed",
		"confirmed" };
	static const char *const journals[] = { "loading", "ready", "newer",
		"failed", "full" };
	struct sts_inspection i;

	memset(&i, 0, sizeof i);
	i.has_journal = true;
	for (unsigned k = 0; k < UNIT_COUNT(clocks); k++) {
		i.clock = (enum sts_clock_state)k;
		unit_text("clock", unit_span(sts_inspect_clock(&i)), clocks[k]);
	}
	for (unsigned k = 0; k < UNIT_COUNT(journals); k++) {
		i.journal = (enum sts_journal_state)k;
		unit_text(
		    "journal", unit_span(sts_inspect_journal(&i)), journals[k]);
	}
}
END_TEST

START_TEST(dane_levels_and_states_have_words)
{
	static const char *const levels[] = { "?", "none", "partial", "only",
		"unknown", "?" };
	static const char *const mxs[] = { "?", "unknown", "none", "insecure",
		"secure", "?" };
	static const char *const hosts[] = { "?", "no-address", "unknown",
		"none", "unusable", "usable", "?" };

	for (unsigned i = 0; i < UNIT_COUNT(levels); i++) {
		ck_assert_str_eq(
		    sts_dane_level_token((enum sts_dane_level)i), levels[i]);
	}
	for (unsigned i = 0; i < UNIT_COUNT(mxs); i++) {
		ck_assert_str_eq(
		    sts_dane_mx_token((enum sts_dane_mx)i), mxs[i]);
	}
	for (unsigned i = 0; i < UNIT_COUNT(hosts); i++) {
		ck_assert_str_eq(
		    sts_dane_host_token((enum sts_dane_host)i), hosts[i]);
	}
}
END_TEST

/* What is believed about a name server, each trait by itself. */
START_TEST(traits_of_name_servers_are_shown)
{
	static const struct {
		const char *name;
		bool silent, heard, no_edns, no_tcp;
	} cases[] = {
		{ "never asked", false, false, false, false },
		{ "has answered", false, true, false, false },
		{ "silent", true, false, false, false },
		{ "no EDNS", false, true, true, false },
		{ "no TCP", false, true, false, true },
		{ "nothing works", true, false, true, true },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_dns_health *h = &agent.dns_health;
		struct sts_addr a = { .af = STS_AF_INET, .port = 53 };
		struct sts_inspected_server is;

		start();
		if (cases[i].heard) {
			sts_dns_health_heard(h, &a, agent.now);
		}
		if (cases[i].silent) {
			sts_dns_health_note(h, &a, STS_DNS_ASIDE, agent.now);
		}
		if (cases[i].no_edns) {
			sts_dns_health_note(h, &a, STS_DNS_PLAIN, agent.now);
		}
		if (cases[i].no_tcp) {
			sts_dns_health_note(h, &a, STS_DNS_NO_TCP, agent.now);
		}
		sts_inspect_server(&agent, &a, &is);
		unit_int(cases[i].name, is.answers, !cases[i].silent);
		unit_int(cases[i].name, is.heard, cases[i].heard);
		unit_int(cases[i].name, is.edns, !cases[i].no_edns);
		unit_int(cases[i].name, is.tcp, !cases[i].no_tcp);
		a.ip[0] = 1; /* another server is believed to be well */
		sts_inspect_server(&agent, &a, &is);
		ck_assert(is.answers && !is.heard && is.edns && is.tcp);
	}
}
END_TEST

/* A record under a name that no key can have, as a journal that another program
 * wrote might have it. */
START_TEST(a_flush_forgets_a_name_that_no_key_can_have)
{
	char long_name[STS_NAME_MAX + 1];
	struct sts_walk w = { 0 };
	uint32_t count = 0;

	start();
	for (unsigned i = 0; i < STS_NAME_MAX; i++) {
		long_name[i] = i % 50 == 49 ? '.' : 'a';
	}
	long_name[STS_NAME_MAX] = '\0';
	put(unit_span(long_name), STS_KIND_POLICY, STS_MODE_ENFORCE, 0);
	while (sts_inspect_flush(&agent, &w, 16, true, &count)) {
	}
	unit_int("records forgotten", count, 1);
	unit_int("records left", agent.cache.records, 0);
}
END_TEST

/* Of events that nobody reads the oldest are lost, debug events before others,
 * and the number of lost events is reported. */
START_TEST(the_oldest_unread_events_are_lost)
{
	static const uint8_t text[STS_NAME_MAX + 1] = { 'a' };
	struct sts_event e;

	start();
	while (sts_agent_event(&agent, &e)) {
	}
	for (unsigned i = 0; i < STS_EVENTS_MAX + 2; i++) {
		sts_agent_log(&agent, STS_EVENT_CACHE_FULL, STS_WHY_NONE,
		    sts_text(text, i == 2 ? sizeof text : 1))
		    ->number[0] = i;
	}
	sts_agent_log(
	    &agent, STS_EVENT_ANSWER, STS_WHY_NONE, sts_text(text, 1));
	for (unsigned i = 2; i < STS_EVENTS_MAX + 2; i++) {
		ck_assert(sts_agent_event(&agent, &e));
		unit_int("code", e.code, STS_EVENT_CACHE_FULL);
		unit_int("number", (long)e.number[0], i);
		unit_int("text", e.text_len, i == 2 ? sizeof e.text : 1);
	}
	ck_assert(sts_agent_event(&agent, &e));
	unit_int("code", e.code, STS_EVENT_EVENTS_LOST);
	unit_int("events lost", (long)e.number[0], 3);
	ck_assert(!sts_agent_event(&agent, &e));
}
END_TEST

/* A step's answers while nothing is enforced do not push out another warning or
 * an error. */
START_TEST(audit_events_push_out_no_other_warning)
{
	static const enum sts_event_code first[] = { STS_EVENT_CLOCK,
		STS_EVENT_JOURNAL_FAILED, STS_EVENT_AUDIT,
		STS_EVENT_SHARE_DOWN };
	unsigned seen[STS_EVENT_COUNT] = { 0 };
	struct sts_event e;

	start();
	while (sts_agent_event(&agent, &e)) {
	}
	for (unsigned i = 0; i < UNIT_COUNT(first); i++) {
		sts_agent_log(
		    &agent, first[i], STS_WHY_NONE, sts_text(NULL, 0));
	}
	for (unsigned i = 0; i < 60; i++) {
		sts_agent_log(
		    &agent, STS_EVENT_AUDIT, STS_WHY_NONE, sts_text(NULL, 0));
	}
	sts_agent_log(
	    &agent, STS_EVENT_FETCH_FAILED, STS_WHY_NONE, sts_text(NULL, 0));
	while (sts_agent_event(&agent, &e)) {
		seen[e.code]++;
	}
	unit_int("clock events", seen[STS_EVENT_CLOCK], 1);
	unit_int("errors", seen[STS_EVENT_JOURNAL_FAILED], 1);
	unit_int("share events", seen[STS_EVENT_SHARE_DOWN], 1);
	unit_int("events of a failed fetch", seen[STS_EVENT_FETCH_FAILED], 1);
	unit_int("audit events", seen[STS_EVENT_AUDIT], STS_EVENTS_MAX - 4);
	unit_int("reports of lost events", seen[STS_EVENT_EVENTS_LOST], 1);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_walk_meets_each_record_that_stays_once);
	tcase_add_test(tc, a_step_of_a_walk_looks_at_a_limited_part);
	tcase_add_test(tc, a_flush_forgets_no_live_policy);
	tcase_add_test(tc, a_flush_of_all_forgets_everything);
	tcase_add_test(tc, a_record_being_read_stays_readable);
	tcase_add_test(tc, an_inspection_has_the_agents_figures);
	tcase_add_test(tc, the_longest_wait_is_a_clients);
	tcase_add_test(tc, each_answer_has_a_verdict_and_words);
	tcase_add_test(tc, extreme_times_are_shown_within_limits);
	tcase_add_test(tc, a_journal_has_a_smallest_area);
	tcase_add_test(tc, an_inspection_has_the_journals_figures);
	tcase_add_test(tc, policies_are_doubted_until_the_journal_is_read);
	tcase_add_test(tc, the_stamp_follows_a_clock_set_back);
	tcase_add_test(tc, clock_and_journal_states_have_words);
	tcase_add_test(tc, dane_levels_and_states_have_words);
	tcase_add_test(tc, traits_of_name_servers_are_shown);
	tcase_add_test(tc, a_storage_taken_over_is_read_again);
	tcase_add_test(
	    tc, no_stranger_confirms_the_clock_while_a_storage_is_read_again);
	tcase_add_test(
	    tc, a_domain_forgotten_before_the_storage_is_ours_stays_forgotten);
	tcase_add_test(tc, an_order_not_to_enforce_outlives_a_restart);
	tcase_add_test(tc, an_order_given_before_the_storage_is_ours_counts);
	tcase_add_test(tc, a_flush_forgets_a_name_that_no_key_can_have);
	tcase_add_test(tc, the_oldest_unread_events_are_lost);
	tcase_add_test(tc, audit_events_push_out_no_other_warning);
}
