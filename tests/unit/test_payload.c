/* SPDX-License-Identifier: MIT */
/* core/cache/payload: what the cache keeps of a policy. */
#include "held.h"

const char unit_name[] = "payload";

enum {
	COUNT = 300
};

/* Pattern i, whose length takes every value from 4 to 255. */
static struct sts_text
pattern_of(unsigned i)
{
	static uint8_t text[STS_MX_MAX];
	size_t n = 4 + i * 37 % (STS_MX_MAX - 3);

	for (size_t k = 0; k < n; k++) {
		text[k] = (uint8_t)('a' + (i + k) % 26);
	}
	text[1] = '.';
	return sts_text(text, n);
}

static void
same(struct sts_text got, unsigned i)
{
	struct sts_text want = pattern_of(i);

	ck_assert_uint_eq(got.n, want.n);
	ck_assert_mem_eq(got.p, want.p, want.n);
}

START_TEST(patterns_come_back_in_order)
{
	struct sts_patterns it;
	uint8_t out[STS_MX_MAX];
	size_t off = 0;
	sts_ref ref;

	held_start();
	ref = held_policy("a.example", STS_MODE_ENFORCE, 1, COUNT, pattern_of);
	sts_patterns_start(&it, &held, ref);
	for (unsigned i = 0; i < COUNT; i++) {
		same(sts_patterns_next(&it), i);
		same(sts_text(out, sts_payload_mx(&held, ref, &off, out)), i);
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(sts_patterns_next(&it).n, 0);
		ck_assert_uint_eq(sts_payload_mx(&held, ref, &off, out), 0);
	}
	ck_assert_uint_eq(off, sts_cache_payload_len(&held, ref));
}
END_TEST

static const char *const ids[] = { "1", "abcdefghijklmnopqrstuvwxyz012345" };

START_TEST(ids_of_every_length_come_back)
{
	held_start();
	for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
		struct sts_entry e = { .kind = STS_KIND_POLICY };
		struct sts_stage s;
		uint8_t out[STS_ID_MAX], mx[STS_MX_MAX];
		size_t off = 0;
		sts_ref ref;

		ck_assert(sts_cache_stage(&held, &s, unit_span("b.example")));
		ck_assert(sts_payload_begin(&held, &s, unit_span(ids[i])));
		unit_int(ids[i],
		    sts_cache_commit(
			&held, &s, &e, sts_now(HELD_NOW_S, true), &ref),
		    STS_ADMITTED);
		unit_text(ids[i],
		    sts_text(out, sts_payload_id(&held, ref, out)), ids[i]);
		ck_assert_uint_eq(sts_payload_mx(&held, ref, &off, mx), 0);
		ck_assert_uint_eq(off, 1 + strlen(ids[i]));
	}
}
END_TEST

/* A record of a kind without payload has no id and no patterns. */
START_TEST(a_record_without_payload_has_no_patterns)
{
	struct sts_entry e = { .kind = STS_KIND_ABSENT };
	struct sts_stage s;
	struct sts_patterns it;
	uint8_t out[STS_ID_MAX];
	sts_ref ref;

	held_start();
	ck_assert(sts_cache_stage(&held, &s, unit_span("c.example")));
	unit_int("result of the commit",
	    sts_cache_commit(&held, &s, &e, sts_now(HELD_NOW_S, true), &ref),
	    STS_ADMITTED);
	ck_assert_uint_eq(sts_payload_id(&held, ref, out), 0);
	sts_patterns_start(&it, &held, ref);
	ck_assert_uint_eq(sts_patterns_next(&it).n, 0);
}
END_TEST

/* A pattern that finds no room, or whose length octet finds none, is
 * reported. */
START_TEST(a_lack_of_room_is_reported)
{
	struct sts_stage s;
	unsigned i = 0;

	held_start();
	ck_assert(sts_cache_stage(&held, &s, unit_span("d.example")));
	ck_assert(sts_payload_begin(&held, &s, unit_span("id1")));
	while (i < 100000 && sts_payload_add_mx(&held, &s, pattern_of(i))) {
		i++;
	}
	ck_assert_uint_gt(i, 100);
	ck_assert_uint_lt(i, 100000);
	ck_assert(!sts_payload_add_mx(&held, &s, pattern_of(0)));
	sts_cache_abandon(&held, &s);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, patterns_come_back_in_order);
	tcase_add_test(tc, ids_of_every_length_come_back);
	tcase_add_test(tc, a_record_without_payload_has_no_patterns);
	tcase_add_test(tc, a_lack_of_room_is_reported);
}
