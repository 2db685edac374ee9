/* SPDX-License-Identifier: MIT */
/* core/heap and core/agent/random: deadlines in order, random bytes used
 * once. */
#include <string.h>

#include "../../core/heap.h"
#include "../../core/agent/random.h"
#include "unit.h"

const char unit_name[] = "heap";

enum {
	NODES = 64,
	ROUNDS = 20000
};

static struct sts_node nodes[NODES];
static uint16_t slot[NODES];

/* The earliest deadline, found by looking at all of them. */
static uint16_t
slow_first(sts_ms base)
{
	uint16_t best = STS_NODE_NONE;

	for (uint16_t i = 0; i < NODES; i++) {
		if (nodes[i].heap_at != 0 &&
		    (best == STS_NODE_NONE ||
			nodes[i].at - base < nodes[best].at - base)) {
			best = i;
		}
	}
	return best;
}

/* Random sets and drops, around the wrap of the clock, compared with a slow
 * search. */
START_TEST(the_first_deadline_is_the_earliest)
{
	const sts_ms base = 0xfffff000U;
	struct sts_heap h;
	uint32_t seed = 1;

	memset(nodes, 0, sizeof nodes);
	sts_heap_init(&h, nodes, slot);
	ck_assert_uint_eq(sts_heap_first(&h), STS_NODE_NONE);
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint16_t node, first, want;

		seed = seed * 1664525 + 1013904223;
		node = (uint16_t)(seed >> 16 & (NODES - 1));
		if ((seed >> 8 & 3) == 0) {
			sts_heap_drop(&h, node);
		} else {
			sts_heap_set(&h, node, base + (seed >> 20));
		}
		first = sts_heap_first(&h);
		want = slow_first(base);
		ck_assert_uint_eq(
		    first == STS_NODE_NONE, want == STS_NODE_NONE);
		if (first != STS_NODE_NONE) {
			ck_assert_uint_eq(nodes[first].at, nodes[want].at);
			ck_assert_uint_eq(
			    slot[nodes[first].heap_at - 1], first);
		}
	}
}
END_TEST

START_TEST(a_random_byte_is_used_once)
{
	struct sts_random r;
	struct sts_span room;
	uint8_t a[STS_RANDOM_VISIT], b[STS_RANDOM_VISIT];

	sts_random_init(&r);
	ck_assert(sts_random_low(&r));
	room = sts_random_room(&r);
	ck_assert_uint_eq(room.n, STS_RANDOM_POOL);
	for (size_t i = 0; i < room.n; i++) {
		room.p[i] = (uint8_t)(i + 1);
	}
	sts_random_filled(&r);
	ck_assert(!sts_random_low(&r));
	sts_random_take(&r, a, sizeof a);
	ck_assert_mem_eq(r.pool + r.left, (uint8_t[sizeof a]){ 0 }, sizeof a);
	sts_random_take(&r, b, sizeof b);
	ck_assert_mem_ne(a, b, sizeof a);
	ck_assert(sts_random_low(&r));
}
END_TEST

START_TEST(a_random_number_is_below_its_bound)
{
	struct sts_random r;

	sts_random_init(&r);
	for (unsigned i = 1; i < 1000; i++) {
		if (sts_random_low(&r)) {
			memset(sts_random_room(&r).p, (int)(i * 37 & 0xff),
			    sts_random_room(&r).n);
			sts_random_filled(&r);
		}
		ck_assert_uint_lt(sts_random_below(&r, i), i);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, the_first_deadline_is_the_earliest);
	tcase_add_test(tc, a_random_byte_is_used_once);
	tcase_add_test(tc, a_random_number_is_below_its_bound);
}
