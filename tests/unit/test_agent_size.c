/* SPDX-License-Identifier: MIT */
/* The block's size at compile time, compared with what the agent takes; and how
 * much of the block the agent touches before it needs it. */
#include <string.h>

#include "../../core/agent/agent_state.h"
#include "../../core/agent/agent_size.h"
#include "../../core/sts.h"
#include "unit.h"

const char unit_name[] = "agent_size";

#define CASE(name, n, look, fetch, ask, buffer, cache)                         \
	{                                                                      \
		name,                                                          \
		    { .clients = n,                                            \
			    .lookups = look,                                   \
			    .fetch_slots = fetch,                              \
			    .asks = ask,                                       \
			    .cache_size = cache,                               \
			    .journal_buffer = buffer },                        \
		    STS_AGENT_SIZE(n, look, fetch, ask, buffer, cache)         \
	}

static const struct {
	const char *name;
	struct sts_config config;
	size_t size;
} cases[] = { CASE("the smallest", 0, 1, 1, 1, 0, STS_CACHE_BLOCK_MIN),
	CASE("a board", 4, 4, 1, 2, 512, 8192),
	CASE("not a power of two", 3, 5, 1, 1, 0, 8200),
	CASE("one above a power of two", 8, 65, 2, 2, 256, 65536),
	CASE("the daemon's defaults", 1024, 256, 16, 8, 16384, 2393792),
	{ "with DANE",
	    { .clients = 8,
		.lookups = 16,
		.fetch_slots = 2,
		.asks = 2,
		.cache_size = 65536,
		.journal_buffer = 256,
		.danes = 4 },
	    STS_AGENT_SIZE_DANE(8, 16, 2, 2, 4, 256, 65536) },
	{ "with reports",
	    { .clients = 8,
		.lookups = 16,
		.fetch_slots = 2,
		.asks = 2,
		.cache_size = 65536,
		.journal_buffer = 256,
		.danes = 4,
		.report_memory = 16384 },
	    STS_AGENT_SIZE_ALL(8, 16, 2, 2, 4, 256, 0, 65536, 16384) },
	CASE("large", 60000, 4096, 256, 256, 65536, 1 << 20) };

/* Reserved as a board reserves it. */
static uint64_t block[STS_AGENT_SIZE(4, 4, 1, 2, 512, 8192) / 8];

START_TEST(the_macro_reserves_enough_and_little_more)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct sts_config *c = &cases[i].config;
		size_t need = sts_agent_size(c);

		ck_assert_msg(cases[i].size >= need, "%s: got %zu, want %zu",
		    cases[i].name, cases[i].size, need);
		/* The macro may grant more for each fetch's TLS. */
		size_t more = (c->fetch_slots + 1U) * 1024U;

		ck_assert_msg(cases[i].size <= need + more,
		    "%s: got %zu, want at most %zu", cases[i].name,
		    cases[i].size, need + more);
	}
	ck_assert_uint_ge(sizeof block, sts_agent_size(&cases[1].config));
}
END_TEST

/* Whether all octets are still as the test filled them. */
static bool
untouched(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		if (b[i] != 0xa5) {
			return false;
		}
	}
	return true;
}

/* The places of clients, lookups and mail hosts are set up when they are first
 * taken, so that one that is never used takes no page of memory. Whatever the
 * block held before, a client finds its place set up. */
START_TEST(a_place_is_set_up_when_first_taken)
{
	static uint64_t all[STS_AGENT_SIZE_DANE(4, 6, 2, 2, 3, 256, 8192) / 8];
	static const struct sts_config config = { .clients = 4,
		.lookups = 6,
		.fetch_slots = 2,
		.asks = 2,
		.cache_size = 8192,
		.journal_buffer = 256,
		.danes = 3 };
	static const uint8_t key[16] = { 1 };
	static const struct sts_settings settings;
	static struct sts_agent a;
	uint16_t node;

	memset(all, 0xa5, sizeof all);
	ck_assert_uint_ge(sizeof all, sts_agent_size(&config));
	sts_agent_init(&a, &config, &settings, all, 1, key);
	ck_assert(untouched(a.clients, 4 * sizeof *a.clients));
	ck_assert(untouched(a.lookups, 6 * sizeof *a.lookups));
	ck_assert(untouched(a.danes, 3 * sizeof *a.danes));
	for (unsigned i = 0; i < 4; i++) {
		node = sts_agent_client_free(&a);
		ck_assert_uint_eq(node, a.first_client + i);
		ck_assert(
		    untouched(&a.clients[i], (4 - i) * sizeof *a.clients));
		sts_agent_client_open(&a, node, STS_CLIENT_SOCKETMAP, 1);
		ck_assert_uint_eq(a.clients[i].ask.node, node);
		ck_assert(!sts_client_busy(&a.clients[i]));
	}
	ck_assert_uint_eq(sts_agent_client_free(&a), STS_NODE_NONE);
	sts_agent_client_stirs(&a, 2);
	sts_agent_client_gone(&a, 2);
	ck_assert_uint_eq(sts_agent_client_free(&a), a.first_client + 2);
}
END_TEST

/* Of a block that holds zeros, the cache's index is left alone, since nothing
 * needs to be written; of any other it is set to zeros. */
START_TEST(a_block_of_zeros_is_not_written)
{
	static uint64_t all[STS_AGENT_SIZE(4, 6, 2, 2, 0, 8192) / 8];
	static const struct sts_config config[2] = {
		{ .clients = 4,
		    .lookups = 6,
		    .fetch_slots = 2,
		    .asks = 2,
		    .cache_size = 8192 },
		{ .clients = 4,
		    .lookups = 6,
		    .fetch_slots = 2,
		    .asks = 2,
		    .cache_size = 8192,
		    .zeroed = true },
	};
	static const uint8_t key[16] = { 1 };
	static const struct sts_settings settings;
	static struct sts_agent a;

	for (unsigned i = 0; i < 2; i++) {
		memset(all, 0xa5, sizeof all);
		ck_assert_uint_ge(sizeof all, sts_agent_size(&config[i]));
		sts_agent_init(&a, &config[i], &settings, all, 1, key);
		ck_assert(untouched(a.cache.index, 32) == config[i].zeroed);
	}
}
END_TEST

/* An agent that was given no memory for a feature takes what concerns it, and
 * does nothing. */
START_TEST(without_memory_for_a_feature_nothing_of_it_happens)
{
	static const struct sts_config config = { .clients = 4,
		.lookups = 4,
		.fetch_slots = 1,
		.asks = 2,
		.cache_size = 8192 };
	static const uint8_t key[16] = { 1 };
	static const struct sts_settings settings;
	static struct sts_agent a;
	struct sts_text domain = unit_span("a.example");

	ck_assert_uint_ge(sizeof block, sts_agent_size(&config));
	sts_agent_init(&a, &config, &settings, block, 1, key);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_uint_eq(sts_agent_preload_area(&a, i).n, 0);
	}
	sts_agent_unshare(&a, domain);
	ck_assert_uint_eq(sts_agent_report_tested(&a, domain), 0);
	ck_assert(!sts_agent_forget(&a, domain));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_place_is_set_up_when_first_taken);
	tcase_add_test(tc, a_block_of_zeros_is_not_written);
	tcase_add_test(tc, the_macro_reserves_enough_and_little_more);
	tcase_add_test(tc, without_memory_for_a_feature_nothing_of_it_happens);
}
