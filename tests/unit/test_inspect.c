/* SPDX-License-Identifier: MIT */
/* core/inspect, core/explain: what an operator is told, and how he forgets. */
#include <stdio.h>
#include <string.h>

#include "../../core/explain.h"
#include "../../core/inspect.h"
#include "../../core/payload.h"
#include "unit.h"

const char unit_name[] = "inspect";

enum {
	WALL_S = 1800000000,
	DOMAINS = 300,
	CACHE = 1 << 17
};

static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_zones zones;
static struct sts_dns_servers servers;
static struct sts_anchors anchors;
static uint64_t block[1 << 16];

static void
start(void)
{
	static const uint8_t key[16] = { 3 };
	struct sts_config config = { 1, 4, 2, 1, CACHE, WALL_S, 0 };

	memset(&settings, 0, sizeof settings);
	sts_zones_init(&zones, 12000, 30000);
	settings.zones = &zones;
	settings.servers = &servers;
	settings.anchors = &anchors;
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, block, 1, key);
	sts_clock_tick(&agent.clock, 1, WALL_S);
	sts_clock_confirm(&agent.clock, true, sts_clock_cert_s(&agent.clock));
	ck_assert(sts_agent_expires(&agent));
}

static struct sts_text
name(unsigned i)
{
	static char text[32];

	snprintf(text, sizeof text, "d%u.example", i);
	return unit_span(text);
}

/* A record; mode and age count for a policy. */
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
	sts_cache_commit(&agent.cache, &s, &e, WALL_S, true, &ref);
	ck_assert_uint_ne(ref, 0);
}

/*
 * While the walk goes on, others come and go, and those that stay get new
 * versions elsewhere: each that stays is met once.
 */
START_TEST(walk_while_it_changes)
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
	while (sts_inspect_next(&agent, &w, 1, &held, domain, &len)) {
		unsigned at = steps++ * 7 % DOMAINS;

		if (len > 0) {
			domain[len] = '\0';
			unsigned i = DOMAINS;

			sscanf((const char *)domain, "d%u.", &i);
			if (i < DOMAINS) {
				met[i]++;
			}
		}
		/* Of every three one stays, one is renewed, one goes. */
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

/* One step looks at no more than it was told to. */
START_TEST(walk_is_bounded)
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
	bool live; /* else a flush takes it */
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
	unit_int("count", count, want);
	for (size_t i = 0; i < UNIT_COUNT(flushed); i++) {
		unit_int(flushed[i].domain,
		    sts_cache_find(
			&agent.cache, unit_span(flushed[i].domain)) != 0,
		    !all && flushed[i].live);
	}
	ck_assert(sts_cache_check(&agent.cache));
}

START_TEST(flush_weakens_nothing)
{
	flush(false);
}
END_TEST

START_TEST(flush_all)
{
	flush(true);
}
END_TEST

/* A record that is being read stays readable when it is forgotten. */
START_TEST(kept)
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

START_TEST(figures)
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
	unit_int("forgotten", sts_inspect_forgotten(&agent), true);
}
END_TEST

static const struct {
	const char *name;
	enum sts_answer_kind kind;
	enum sts_rule rule;
	enum sts_why why;
	bool audited;
	enum sts_verdict want;
} verdicts[] = {
	{ "enforce", STS_ANSWER_POLICY, STS_RULE_HELD, STS_WHY_NONE, false,
	    STS_VERDICT_POLICY },
	{ "override", STS_ANSWER_OVERRIDE, STS_RULE_OVERRIDE, STS_WHY_OVERRIDE,
	    false, STS_VERDICT_POLICY },
	{ "override not found", STS_ANSWER_NOTFOUND, STS_RULE_OVERRIDE,
	    STS_WHY_OVERRIDE, false, STS_VERDICT_NONE },
	{ "parent", STS_ANSWER_NOTFOUND, STS_RULE_KEY, STS_WHY_KEY_PARENT,
	    false, STS_VERDICT_NONE },
	{ "no record", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    STS_WHY_DNS_NXDOMAIN, false, STS_VERDICT_NONE },
	{ "testing", STS_ANSWER_NOTFOUND, STS_RULE_HELD, STS_WHY_MODE_TESTING,
	    false, STS_VERDICT_NONE },
	{ "timeout, not found", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    STS_WHY_DNS_TIMEOUT, false, STS_VERDICT_UNKNOWN },
	{ "timeout, temp", STS_ANSWER_TEMP, STS_RULE_TABLE, STS_WHY_DNS_TIMEOUT,
	    false, STS_VERDICT_UNKNOWN },
	{ "fetch failed", STS_ANSWER_NOTFOUND, STS_RULE_TABLE,
	    STS_WHY_X509_EXPIRED, false, STS_VERDICT_UNKNOWN },
	{ "busy", STS_ANSWER_TEMP, STS_RULE_TABLE, STS_WHY_BUSY, false,
	    STS_VERDICT_UNKNOWN },
	{ "no clock", STS_ANSWER_TEMP, STS_RULE_CLOCK, STS_WHY_NO_CLOCK, false,
	    STS_VERDICT_UNKNOWN },
	{ "rehearsed policy", STS_ANSWER_NOTFOUND, STS_RULE_HELD, STS_WHY_AUDIT,
	    true, STS_VERDICT_NONE },
	{ "rehearsed temp", STS_ANSWER_NOTFOUND, STS_RULE_TABLE, STS_WHY_AUDIT,
	    true, STS_VERDICT_UNKNOWN },
};

START_TEST(verdict_table)
{
	for (size_t i = 0; i < UNIT_COUNT(verdicts); i++) {
		struct sts_answer a;

		memset(&a, 0, sizeof a);
		a.kind = (uint8_t)verdicts[i].kind;
		a.rule = (uint8_t)verdicts[i].rule;
		a.why = (uint8_t)verdicts[i].why;
		a.audited = verdicts[i].audited;
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

/* Times at their ends: max_age that leads beyond what can be told, a retry
 * that is over. */
START_TEST(standing)
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
	held.entry.kind = STS_KIND_ABSENT;
	sts_explain_held(&held, &s);
	unit_int("expires", s.expires_s, 0);
	unit_int("fetched", s.fetched_s, 0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, walk_while_it_changes);
	tcase_add_test(tc, walk_is_bounded);
	tcase_add_test(tc, flush_weakens_nothing);
	tcase_add_test(tc, flush_all);
	tcase_add_test(tc, kept);
	tcase_add_test(tc, figures);
	tcase_add_test(tc, verdict_table);
	tcase_add_test(tc, standing);
}
