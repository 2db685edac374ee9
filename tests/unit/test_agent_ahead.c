/* SPDX-License-Identifier: MIT */
/*
 * Where the cache is large, questions that came together are prepared together.
 * That only saves time: each gets its own answer, in its turn, as with a small
 * cache.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/agent.h"
#include "../../core/agent/agent_state.h"
#include "../../core/cache/payload.h"
#include "collide.h"
#include "unit.h"

const char unit_name[] = "agent_ahead";

enum {
	NOW = 1800000000,
	LARGE = 16 << 20,
	SMALL = 1 << 16,
	RECORDS = 80000
};

static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static const uint8_t key[STS_SIPHASH_KEY] = { 1 };

static void
put(const char *domain, const char *mx)
{
	struct sts_now now = sts_now(NOW, true);
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.mx_count = 1;
	e.max_age_s = 7 * STS_DAY_S;
	e.fetched_s = e.checked_s = NOW;
	e.check_s = NOW + STS_DAY_S;
	e.refresh_s = NOW + STS_DAY_S;
	ck_assert(sts_cache_stage(&agent.cache, &s, unit_span(domain)));
	ck_assert(sts_payload_begin(&agent.cache, &s, unit_span("1")));
	ck_assert(sts_payload_add_mx(&agent.cache, &s, unit_span(mx)));
	ck_assert_int_lt(sts_cache_commit(&agent.cache, &s, &e, now, &ref),
	    STS_REFUSED_LARGE);
}

static void
put_numbered(unsigned i)
{
	char domain[32], mx[32];

	snprintf(domain, sizeof domain, "d%u.example", i);
	snprintf(mx, sizeof mx, "mx%u.example", i);
	put(domain, mx);
}

/* An agent with one client and `records` policies. Returns its memory. */
static void *
begin(size_t cache_size, unsigned records)
{
	struct sts_config config = { .clients = 1,
		.lookups = 1,
		.fetch_slots = 1,
		.cache_size = cache_size };
	void *block = malloc(sts_agent_size(&config));

	ck_assert_ptr_nonnull(block);
	servers.count = 1;
	servers.addr[0].af = STS_AF_INET;
	sts_zones_init(&zones, 12000, 30000);
	settings.zones = &zones;
	settings.servers = &servers;
	sts_agent_init(&agent, &config, &settings, block, 1, key);
	sts_agent_ops.tick(&agent, 1, NOW);
	for (unsigned i = 0; i < records; i++) {
		put_numbered(i);
	}
	return block;
}

/* What the client is sent after one step of the agent. */
static struct sts_text
ask(const char *requests)
{
	static uint8_t scratch[STS_SCRATCH_SIZE];
	struct sts_span lent = { scratch, sizeof scratch };
	uint16_t node = sts_agent_client_free(&agent);
	struct sts_client *c = &agent.clients[0];
	struct sts_span room;

	sts_agent_client_open(&agent, node, STS_CLIENT_SOCKETMAP, 1);
	room = sts_client_ops.recv_buf(c, lent);
	ck_assert_uint_le(strlen(requests), room.n);
	memcpy(room.p, requests, strlen(requests));
	sts_client_ops.recv_ack(c, sts_span(room.p, strlen(requests)));
	ck_assert_int_eq(sts_client_needs(c), STS_CLIENT_ASKS);
	sts_agent_ops.child(&agent, 0);
	return sts_client_ops.send_buf(c, lent);
}

/* A held domain, one in capitals, no domain, no key, a held domain with a port,
 * the first again, the last record, and the first record. */
static const char requests[] = "18:postfix d7.example,"
			       "18:postfix D8.EXAMPLE,"
			       "11:postfix -x-,"
			       "7:postfix,"
			       "21:postfix d7.example:25,"
			       "18:postfix d7.example,"
			       "18:postfix d9.example,"
			       "18:postfix d0.example,";

static const struct {
	const char *name;
	size_t cache_size;
	unsigned records;
	bool large;
} cases[] = {
	{ "a small cache", SMALL, 16, false },
	{ "a large cache with few records", LARGE, 16, false },
	{ "a large cache", LARGE, RECORDS, true },
};

START_TEST(questions_prepared_together_are_answered_in_turn)
{
	void *block = begin(cases[_i].cache_size, cases[_i].records);

	unit_int(
	    cases[_i].name, sts_cache_is_large(&agent.cache), cases[_i].large);
	unit_text(cases[_i].name, ask(requests),
	    "47:OK secure match=mx7.example servername=hostname,"
	    "47:OK secure match=mx8.example servername=hostname,"
	    "9:NOTFOUND ,"
	    "9:NOTFOUND ,"
	    "47:OK secure match=mx7.example servername=hostname,"
	    "47:OK secure match=mx7.example servername=hostname,"
	    "47:OK secure match=mx9.example servername=hostname,"
	    "47:OK secure match=mx0.example servername=hostname,");
	ck_assert(sts_cache_check(&agent.cache));
	free(block);
}
END_TEST

/* A question that comes alone gains nothing, and is answered as well. */
START_TEST(alone)
{
	void *block = begin(LARGE, RECORDS);

	ck_assert(sts_cache_is_large(&agent.cache));
	unit_text("alone", ask("18:postfix d7.example,"),
	    "47:OK secure match=mx7.example servername=hostname,");
	free(block);
}
END_TEST

/* Records that were seen ahead by their hash are told apart by their names. */
START_TEST(names_that_collide_have_their_own_answers)
{
	void *block = begin(LARGE, RECORDS);
	char name[2][COLLIDE_NAME], text[3 * COLLIDE_NAME];
	size_t n;

	collide(key, 0, "n", ".example", name[0], name[1]);
	put(name[0], "mxa.example");
	put(name[1], "mxb.example");
	n = strlen("postfix ");
	snprintf(text, sizeof text, "%zu:postfix %s,%zu:postfix %s,",
	    n + strlen(name[0]), name[0], n + strlen(name[1]), name[1]);
	unit_text("both", ask(text),
	    "47:OK secure match=mxa.example servername=hostname,"
	    "47:OK secure match=mxb.example servername=hostname,");
	free(block);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_loop_test(tc,
	    questions_prepared_together_are_answered_in_turn, 0,
	    (int)(sizeof cases / sizeof *cases));
	tcase_add_test(tc, alone);
	tcase_add_test(tc, names_that_collide_have_their_own_answers);
}
