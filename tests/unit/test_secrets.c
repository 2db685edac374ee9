/* SPDX-License-Identifier: MIT */
/*
 * What a stranger must not be able to guess, besides source ports and ids
 * (test_dns_draws.c): the seeds of TLS sessions, the key of the tables, and
 * when policies are refreshed. Guessing the key gains nothing either, since a
 * hash never stands for what was hashed: this test knows the key and searches
 * for names with equal hashes.
 *
 * Entropy comes from a fixed sequence, so that every run has the same draws.
 * The limits are such that good entropy breaks one of them less than once in a
 * million runs; each test states how much less.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/agent_state.h"
#include "../../core/cache/organisation.h"
#include "../../core/cache/payload.h"
#include "../../core/driver.h"
#include "../mem/mem.h"
#include "../mem/world.h"
#include "collide.h"
#include "unit.h"

const char unit_name[] = "secrets";

enum {
	LOOKUPS = 32,
	ASKS = 16,
	WALL_S = 1750000000,
	DAY_S = 86400,
	HOSTS = 2, /* of a domain, each of which gets a session */
	DOMAINS = 96,
	SEEDS_MAX = 1024,
	NAME_MAX_LEN = 24
};

static struct mem mem;
static struct world world;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint64_t block[1 << 19];
static uint8_t key[STS_SIPHASH_KEY];
static sts_ms now;

/* The seeds of all sessions, as they were passed to tls/session.h. */
static uint8_t seeds[SEEDS_MAX][STS_TLS_RND];
static unsigned seed_count;

void __real_sts_tls_start(struct sts_tls *t, struct sts_text host,
    const struct sts_anchors *set, int64_t wall_s,
    const uint8_t rnd[STS_TLS_RND]);
void __wrap_sts_tls_start(struct sts_tls *t, struct sts_text host,
    const struct sts_anchors *set, int64_t wall_s,
    const uint8_t rnd[STS_TLS_RND]);

void
__wrap_sts_tls_start(struct sts_tls *t, struct sts_text host,
    const struct sts_anchors *set, int64_t wall_s,
    const uint8_t rnd[STS_TLS_RND])
{
	ck_assert_uint_lt(seed_count, SEEDS_MAX);
	memcpy(seeds[seed_count++], rnd, STS_TLS_RND);
	__real_sts_tls_start(t, host, set, wall_s, rnd);
}

static void
start(uint64_t seed)
{
	struct sts_config config = { .lookups = LOOKUPS,
		.fetch_slots = 4,
		.asks = ASKS,
		.cache_size = 65536,
		.build_s = WALL_S };

	now = 1000;
	mem_init(&mem, seed);
	world_init(&world, &mem);
	for (unsigned i = 0; i < sizeof key; i++) {
		key[i] = (uint8_t)mem_random(&mem);
	}
	memset(&settings, 0, sizeof settings);
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	settings.policy_port = 443;
	settings.allow_private = true;
	settings.on_dns_error = STS_ON_UNKNOWN_TEMP;
	servers.count = 1;
	servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	sts_zones_init(&zones, 12000, 30000);
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, block, now, key);
	sts_driver_init(&driver, &agent, &mem.port, now);
	mem.driver = &driver;
}

static void
stop(void)
{
	ck_assert_ptr_eq(mem.fault, NULL);
	ck_assert_ptr_eq(world.fault, NULL);
	ck_assert(sts_cache_check(&agent.cache));
	world_end(&world);
	mem_end(&mem);
}

/* Do all that can happen without time passing. */
static void
settle(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		unsigned long before = mem.moves;
		unsigned delivered = mem_deliver(&mem);
		sts_ms sleep = sts_run(&driver, now, WALL_S + now / 1000, 256);
		bool moved = world_step(&world, now);

		if (delivered == 0 && !moved && sleep > 0 &&
		    mem.moves == before) {
			return;
		}
	}
	ck_abort_msg("it spins");
}

static void
pass(sts_ms ms)
{
	for (sts_ms end = now + ms; now != end; now += 50) {
		settle();
	}
	settle();
}

static int
ask(const char *domain)
{
	int slot = sts_ask_begin(&agent, unit_span(""), unit_span(domain));

	ck_assert_int_ge(slot, 0);
	sts_driver_wake(&driver);
	return slot;
}

static void
set_txt(const char *domain, enum world_dns what, uint32_t delay_ms)
{
	struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	rr.what = what;
	rr.type = DNSPEER_TXT;
	rr.ttl = 60;
	rr.delay_ms = delay_ms;
	rr.count = 1;
	snprintf(rr.name, sizeof rr.name, "_mta-sts.%s", domain);
	snprintf(rr.value[0], sizeof rr.value[0], "v=STSv1; id=1;");
	world_set(&world, &rr);
}

/* A domain whose policy host has two addresses, both of which reset. */
static void
set_site(const char *domain)
{
	struct world_host host;
	struct world_rr rr;

	set_txt(domain, WORLD_DATA, 0);
	memset(&rr, 0, sizeof rr);
	rr.type = DNSPEER_A;
	rr.ttl = 60;
	rr.count = HOSTS;
	snprintf(rr.name, sizeof rr.name, "mta-sts.%s", domain);
	snprintf(rr.value[0], sizeof rr.value[0], "192.0.2.1");
	snprintf(rr.value[1], sizeof rr.value[1], "192.0.2.2");
	world_set(&world, &rr);
	rr.type = DNSPEER_AAAA;
	rr.what = WORLD_NODATA;
	rr.count = 0;
	world_set(&world, &rr);
	memset(&host, 0, sizeof host);
	host.conduct = WORLD_RESET;
	for (uint8_t i = 1; i <= HOSTS; i++) {
		host.addr =
		    (struct sts_addr){ STS_AF_INET, 0, 0, 0, { 192, 0, 2, i } };
		world_host(&world, &host);
	}
}

/* Collect the seeds of sessions with many policy hosts. */
static void
collect_seeds(uint64_t seed)
{
	char name[NAME_MAX_LEN];

	start(seed);
	for (unsigned i = 0; i < DOMAINS; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		set_site(name);
		int slot = ask(name);

		pass(50);
		sts_ask_end(&agent, slot);
	}
	stop();
}

static unsigned
bits_set(unsigned octet, unsigned bit, unsigned step)
{
	unsigned n = 0;

	for (unsigned i = 0; i < seed_count; i += step) {
		n += seeds[i][octet] >> bit & 1;
	}
	return n;
}

/* Whether any eight consecutive octets are the same, at the same place, in
 * both. */
static bool
share_eight(const uint8_t *a, const uint8_t *b)
{
	for (unsigned at = 0; at + 8 <= STS_TLS_RND; at++) {
		if (memcmp(a + at, b + at, 8) == 0) {
			return true;
		}
	}
	return false;
}

/* No two sessions have the same seed, even in one fetch. Seeds of different
 * fetches share no eight octets (by chance: 192^2 / 2 pairs, 41 places, 2^-64:
 * less than 10^-13). */
static void
check_different(void)
{
	for (unsigned i = 0; i < seed_count; i++) {
		for (unsigned k = 0; k < i; k++) {
			if (memcmp(seeds[i], seeds[k], STS_TLS_RND) == 0 ||
			    (i / HOSTS != k / HOSTS &&
				share_eight(seeds[i], seeds[k]))) {
				ck_abort_msg("sessions %u and %u", k, i);
			}
		}
	}
}

/*
 * All of a seed is random. Each of its 384 bits is 1 in about half of 96
 * fetches (by chance, in fewer than 20 or more than 76 less than once in 10^8
 * for each bit: 5.7 standard deviations of 4.9). No octet repeats another one
 * (1128 pairs, 256^-96).
 */
static void
check_wide(void)
{
	for (unsigned at = 0; at < STS_TLS_RND; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			unsigned n = bits_set(at, bit, HOSTS);

			ck_assert_msg(n >= 20 && n <= 76,
			    "octet %u, bit %u: %u of %u", at, bit, n, DOMAINS);
		}
		for (unsigned other = 0; other < at; other++) {
			unsigned same = 0;

			for (unsigned i = 0; i < seed_count; i += HOSTS) {
				same += seeds[i][at] == seeds[i][other];
			}
			ck_assert_uint_lt(same, DOMAINS);
		}
	}
}

static bool
has_eight(const uint8_t *p, size_t n, const uint8_t *eight)
{
	for (size_t at = 0; at + 8 <= n; at++) {
		if (memcmp(p + at, eight, 8) == 0) {
			return true;
		}
	}
	return false;
}

/* Nothing of a seed is left in memory. The first octet only counts sessions. */
static void
check_wiped(void)
{
	for (unsigned i = 0; i < seed_count; i += HOSTS) {
		ck_assert(!has_eight(
		    agent.random.pool, sizeof agent.random.pool, seeds[i] + 8));
		for (unsigned k = 0; k < agent.config.fetch_slots; k++) {
			ck_assert(!has_eight(agent.fetches[k].https.rnd,
			    STS_TLS_RND, seeds[i] + 8));
		}
	}
}

START_TEST(seeds_of_sessions_cannot_be_guessed)
{
	collect_seeds(1);
	unit_int("sessions", seed_count, HOSTS * DOMAINS);
	check_different();
	check_wide();
	check_wiped();
}
END_TEST

/* Each octet of the key that the board drew counts in each table. */
START_TEST(each_octet_of_the_key_counts)
{
	struct sts_text name = unit_span("example.com");
	uint64_t cache, lookups;

	start(4);
	ck_assert_mem_eq(agent.hash_key, key, sizeof key);
	ck_assert_mem_eq(agent.cache.key, key, sizeof key);
	cache = sts_siphash(agent.cache.key, name);
	lookups = sts_siphash(agent.hash_key, name);
	stop();
	for (unsigned i = 0; i < sizeof key; i++) {
		struct sts_config config = { .lookups = LOOKUPS,
			.fetch_slots = 4,
			.asks = ASKS,
			.cache_size = 65536,
			.build_s = WALL_S };

		key[i] ^= 1;
		sts_agent_init(&agent, &config, &settings, block, now, key);
		ck_assert(sts_siphash(agent.cache.key, name) != cache);
		ck_assert(sts_siphash(agent.hash_key, name) != lookups);
		key[i] ^= 1;
	}
}
END_TEST

/* Two lookups at once whose domains have the same hash each have their own
 * questions and answer, whichever ends first. */
START_TEST(colliding_lookups_are_kept_apart)
{
	for (unsigned first = 0; first < 2; first++) {
		char name[2][COLLIDE_NAME];

		start(5);
		collide(key, 0, "n", ".example", name[0], name[1]);
		set_txt(name[first], WORLD_NXDOMAIN, 500);
		set_txt(name[1 - first], WORLD_SERVFAIL, 1500);
		int a = ask(name[0]), b = ask(name[1]);

		pass(100);
		unit_int("two lookups", agent.lookups_busy, 2);
		for (unsigned i = 0; i < 2; i++) {
			struct sts_lookup *l =
			    sts_agent_lookups_find(&agent, unit_span(name[i]));

			ck_assert_ptr_nonnull(l);
			unit_text("its own", sts_lookup_domain(l), name[i]);
		}
		pass(20000);
		const struct sts_answer *none =
		    sts_ask_answer(&agent, first == 0 ? a : b);
		const struct sts_answer *unknown =
		    sts_ask_answer(&agent, first == 0 ? b : a);

		unit_int("not there", none->kind, STS_ANSWER_NOTFOUND);
		unit_int("cannot tell", unknown->kind, STS_ANSWER_TEMP);
		sts_ask_end(&agent, a);
		sts_ask_end(&agent, b);
		stop();
	}
}
END_TEST

/* What is held for one domain is never answered for another with the same
 * hash. */
START_TEST(colliding_records_are_kept_apart)
{
	char name[2][COLLIDE_NAME];
	struct sts_stage s;
	struct sts_entry e;
	sts_ref ref;

	start(6);
	collide(key, 0, "r", ".example", name[0], name[1]);
	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.max_age_s = 7 * DAY_S;
	e.fetched_s = e.checked_s = WALL_S;
	e.check_s = WALL_S + 3600;
	ck_assert(sts_cache_stage(&agent.cache, &s, unit_span(name[0])));
	ck_assert(sts_payload_begin(&agent.cache, &s, unit_span("1")));
	ck_assert(
	    sts_payload_add_mx(&agent.cache, &s, unit_span("mx.example.com")));
	unit_int("result of the commit",
	    sts_cache_commit(
		&agent.cache, &s, &e, sts_now(WALL_S, false), &ref),
	    STS_ADMITTED);
	set_txt(name[1], WORLD_NXDOMAIN, 0);
	int held = ask(name[0]), other = ask(name[1]);

	pass(1000);
	unit_int("answer for the held domain",
	    sts_ask_answer(&agent, held)->kind, STS_ANSWER_POLICY);
	unit_int("answer for the other domain",
	    sts_ask_answer(&agent, other)->kind, STS_ANSWER_NOTFOUND);
	sts_ask_end(&agent, held);
	sts_ask_end(&agent, other);
	unit_int("record of the held domain",
	    (long long)sts_cache_find(&agent.cache, unit_span(name[0])),
	    (long long)ref);
	stop();
}
END_TEST

/* An organisation that has its full share of the lookups takes nothing from
 * another with the same hash. */
START_TEST(colliding_organisations_are_kept_apart)
{
	char name[2][COLLIDE_NAME], domain[COLLIDE_NAME + 16];
	unsigned i = 0;

	start(7);
	pass(50);
	collide(key, 0, "o", ".example", name[0], name[1]);
	while (!sts_agent_lookups_crowded(&agent, unit_span(name[0]), false)) {
		snprintf(domain, sizeof domain, "d%u.%s", i++, name[0]);
		set_txt(domain, WORLD_SILENT, 0);
		ck_assert_ptr_nonnull(
		    sts_agent_work_begin(&agent, unit_span(domain), false));
		settle();
	}
	ck_assert_uint_gt(i, 0);
	ck_assert(
	    !sts_agent_lookups_crowded(&agent, unit_span(name[1]), false));
	snprintf(domain, sizeof domain, "d.%s", name[1]);
	ck_assert(!sts_agent_lookups_crowded(&agent, unit_span(domain), false));
	stop();
}
END_TEST

/* Returns in how many seconds a policy of that max_age, fetched now, is
 * refreshed. */
static uint32_t
planned(uint32_t max_age_s)
{
	struct sts_fetch *f = &agent.fetches[0];
	struct sts_text domain = unit_span("d.example");
	struct sts_lookup *l = sts_agent_lookups_find(&agent, domain);
	struct sts_entry e;
	sts_ref ref;

	ck_assert_ptr_nonnull(l);
	f->policy.mode = STS_MODE_ENFORCE;
	f->policy.max_age_s = max_age_s;
	f->policy.mx_count = 1;
	f->wall_s = WALL_S + now / 1000;
	ck_assert(sts_cache_stage(&agent.cache, &f->stage, domain));
	ck_assert(sts_payload_begin(&agent.cache, &f->stage, unit_span("1")));
	ck_assert(sts_payload_add_mx(
	    &agent.cache, &f->stage, unit_span("mx.example.com")));
	unit_int("result of the commit",
	    sts_agent_replace(&agent, l, 60, f, &e, &ref), STS_ADMITTED);
	/* The entry has the moment, not the record that is stored: there, a new
	 * record with the old id would be looked up again soon. */
	return e.refresh_s - sts_agent_now_s(&agent);
}

/* Give the pool fresh bytes, as the driver does. */
static void
refill(void)
{
	if (sts_random_low(&agent.random)) {
		struct sts_span room = sts_random_room(&agent.random);

		mem.port.entropy(mem.port.ctx, room.p, room.n);
		sts_random_filled(&agent.random);
	}
}

static const struct {
	const char *name;
	uint32_t max_age_s, from_s, span_s;
} plans[] = {
	{ "a day", DAY_S, DAY_S / 3, DAY_S / 3 },
	{ "a day and a half", DAY_S + DAY_S / 2, DAY_S / 2, DAY_S / 2 },
	{ "a week", 7 * DAY_S, DAY_S / 2, DAY_S / 2 },
	{ "a year", 365 * DAY_S, DAY_S / 2, DAY_S / 2 },
};

/*
 * The moment of a refresh cannot be foreseen. Over 6,400 draws it is evenly
 * spread over the middle of the lifetime (chi-square of 64 buckets, by chance
 * above 160 less than once in 10^9; see test_dns_draws.c), and one draw does
 * not give away the next: the differences of neighbours are as even.
 */
START_TEST(the_moment_of_a_refresh_cannot_be_foreseen)
{
	enum {
		DRAWS = 6400,
		BUCKETS = 64
	};

	for (unsigned p = 0; p < UNIT_COUNT(plans); p++) {
		unsigned alone[BUCKETS] = { 0 }, after[BUCKETS] = { 0 };
		uint32_t last = 0, span_s = plans[p].span_s;
		double chi[2] = { 0, 0 }, want = (double)DRAWS / BUCKETS;

		start(8);
		pass(50);
		set_txt("d.example", WORLD_SILENT, 0);
		int slot = ask("d.example");

		settle();
		for (unsigned i = 0; i < DRAWS; i++) {
			refill();
			uint32_t at = planned(plans[p].max_age_s);

			ck_assert_uint_ge(at, plans[p].from_s);
			at -= plans[p].from_s;
			ck_assert_uint_lt(at, span_s);
			alone[(uint64_t)at * BUCKETS / span_s]++;
			after[(uint64_t)((at + span_s - last) % span_s) *
			      BUCKETS / span_s]++;
			last = at;
		}
		for (unsigned i = 0; i < BUCKETS; i++) {
			chi[0] += (alone[i] - want) * (alone[i] - want) / want;
			chi[1] += (after[i] - want) * (after[i] - want) / want;
		}
		ck_assert_msg(chi[0] < 160 && chi[1] < 160,
		    "%s: chi-square %f, of differences %f", plans[p].name,
		    chi[0], chi[1]);
		sts_ask_end(&agent, slot);
		stop();
	}
}
END_TEST

/*
 * sts_random_below() uses each bit of its draw, to the highest. Over 6,400
 * draws: chi-square as above, for ranges up to the largest.
 */
START_TEST(numbers_below_a_limit_are_even)
{
	static const uint32_t ranges[] = { 64, 3600, 43200, 64512, 1U << 24,
		1U << 31 };

	start(9);
	for (unsigned r = 0; r < UNIT_COUNT(ranges); r++) {
		unsigned bucket[64] = { 0 }, low[64] = { 0 };
		double chi[2] = { 0, 0 };

		for (unsigned i = 0; i < 6400; i++) {
			refill();
			uint32_t x = sts_random_below(&agent.random, ranges[r]);

			ck_assert_uint_lt(x, ranges[r]);
			bucket[(uint64_t)x * 64 / ranges[r]]++;
			low[x % 64]++;
		}
		for (unsigned i = 0; i < 64; i++) {
			chi[0] +=
			    (bucket[i] - 100.0) * (bucket[i] - 100.0) / 100;
			chi[1] += (low[i] - 100.0) * (low[i] - 100.0) / 100;
		}
		/* The low bits of 3600 values are not quite even: 16 values
		 * come once more. */
		ck_assert_msg(chi[0] < 160 && chi[1] < 160,
		    "%u: chi-square %f, of the low bits %f",
		    (unsigned)ranges[r], chi[0], chi[1]);
	}
	stop();
}
END_TEST

/*
 * The pool never gives an octet twice, whatever sizes are drawn, and keeps
 * none: no eight consecutive octets come again (32768 of them, beside the 512
 * before: 2^-40).
 */
START_TEST(the_pool_gives_no_octet_twice)
{
	static uint64_t seen[1 << 15];
	struct sts_random r;
	unsigned count = 0;
	bool wiped = true;

	start(10);
	sts_random_init(&r);
	ck_assert(sts_random_low(&r));
	while (count < UNIT_COUNT(seen)) {
		uint8_t out[STS_RANDOM_VISIT];
		size_t n = 8 * (1 + mem_random(&mem) % (sizeof out / 8));

		if (sts_random_low(&r)) {
			struct sts_span room = sts_random_room(&r);

			ck_assert_uint_eq(room.n + r.left, sizeof r.pool);
			mem.port.entropy(mem.port.ctx, room.p, room.n);
			sts_random_filled(&r);
		}
		sts_random_take(&r, out, n);
		for (size_t i = 0; i < n && count < UNIT_COUNT(seen); i += 8) {
			memcpy(&seen[count++], out + i, 8);
		}
		for (size_t i = r.left; i < r.left + n; i++) {
			wiped = wiped && r.pool[i] == 0;
		}
	}
	ck_assert(wiped);
	for (unsigned i = 1; i < count; i++) {
		for (unsigned k = i > 512 ? i - 512 : 0; k < i; k++) {
			if (seen[i] == seen[k]) {
				ck_abort_msg("%u is %u again", i, k);
			}
		}
	}
	stop();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, seeds_of_sessions_cannot_be_guessed);
	tcase_add_test(tc, each_octet_of_the_key_counts);
	tcase_add_test(tc, colliding_lookups_are_kept_apart);
	tcase_add_test(tc, colliding_records_are_kept_apart);
	tcase_add_test(tc, colliding_organisations_are_kept_apart);
	tcase_add_test(tc, the_moment_of_a_refresh_cannot_be_foreseen);
	tcase_add_test(tc, numbers_below_a_limit_are_even);
	tcase_add_test(tc, the_pool_gives_no_octet_twice);
}
