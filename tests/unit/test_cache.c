/* SPDX-License-Identifier: MIT */
/* The cache: limits, pins, stages, classes, the sweep, the index. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../core/cache/organisation.h"
#include "cache_case.h"
#include "collide.h"

const char unit_name[] = "cache";

static const struct {
	const char *name, *domain, *want;
} organisations[] = {
	{ "one label", "localhost", "localhost" },
	{ "two labels", "example.com", "example.com" },
	{ "three labels", "mail.example.com", "example.com" },
	{ "many labels", "a.b.c.d.example.com", "example.com" },
	{ "country", "mail.example.de", "example.de" },
	{ "second level itself", "co.uk", "co.uk" },
	{ "below a second level", "example.co.uk", "example.co.uk" },
	{ "deeper below it", "a.b.example.co.uk", "example.co.uk" },
	{ "another", "x.example.com.au", "example.com.au" },
	{ "two letters are no second level", "x.ab.de", "ab.de" },
	{ "generic top", "x.co.com", "co.com" },
	{ "the label must be whole", "x.xco.uk", "xco.uk" },
};

START_TEST(organisations_end_at_the_public_suffix)
{
	for (size_t i = 0; i < UNIT_COUNT(organisations); i++) {
		size_t n = strlen(organisations[i].domain);
		uint8_t *p = unit_at_page_end(organisations[i].domain, n);

		unit_text(organisations[i].name,
		    sts_organisation(sts_text(p, n)), organisations[i].want);
	}
}
END_TEST

static const struct {
	const char *name;
	uint32_t fetched_s, max_age_s, now_s;
	enum sts_kind kind;
	bool want;
} lifetimes[] = {
	{ "R51 the last second", 1000, 60, 1059, STS_KIND_POLICY, false },
	{ "R51 over", 1000, 60, 1060, STS_KIND_POLICY, true },
	{ "long over", 1000, 60, 4000000000U, STS_KIND_POLICY, true },
	{ "R59 fetched in the future counts as now", 5000, 60, 10,
	    STS_KIND_POLICY, false },
	{ "max_age 0", 1000, 0, 1000, STS_KIND_POLICY, true },
	{ "max_age 0, fetched in the future", 1001, 0, 1000, STS_KIND_POLICY,
	    true },
	{ "no overflow of the sum", 4294967290U, 31557600, 4294967295U,
	    STS_KIND_POLICY, false },
	{ "1970", 0, 60, 0, STS_KIND_POLICY, false },
	{ "absence has no lifetime here", 0, 0, 5000, STS_KIND_ABSENT, false },
	{ "nor has back-off", 0, 0, 5000, STS_KIND_BACK_OFF, false },
	{ "nor cannot-tell", 0, 0, 5000, STS_KIND_UNKNOWN, false },
};

START_TEST(a_policy_lives_for_max_age)
{
	for (size_t i = 0; i < UNIT_COUNT(lifetimes); i++) {
		struct sts_entry e = entry(lifetimes[i].kind, STS_MODE_ENFORCE);

		e.fetched_s = lifetimes[i].fetched_s;
		e.max_age_s = lifetimes[i].max_age_s;
		unit_int(lifetimes[i].name,
		    sts_entry_expired(&e, lifetimes[i].now_s),
		    lifetimes[i].want);
	}
}
END_TEST

static const struct {
	const char *name;
	size_t size;
	uint32_t chunks, record, org, protected, update;
} limits[] = {
	{ "smallest", 4096, 62, 7, 7, 55, 55 },
	{ "a board's", 8192, 124, 15, 15, 109, 109 },
	{ "128 chunks", 8448, 128, 16, 16, 112, 112 },
	{ "1 MB", 1 << 20, 15872, 496, 992, 13888, 14880 },
};

START_TEST(limits_follow_from_the_size)
{
	for (size_t i = 0; i < UNIT_COUNT(limits); i++) {
		begin(limits[i].size);
		unit_int(limits[i].name, c.chunks.count, limits[i].chunks);
		unit_int(limits[i].name, c.record_max, limits[i].record);
		unit_int(limits[i].name, c.org_max, limits[i].org);
		unit_int(limits[i].name, c.protected_max, limits[i].protected);
		unit_int(limits[i].name, c.update_max, limits[i].update);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* A domain of 15 octets, and a payload with an id of 14 octets and one mx of
 * 25, each with its length. */
START_TEST(a_typical_record_costs_140_octets_at_most)
{
	char name[32];
	unsigned n = 0;

	begin(256 << 10);
	do {
		snprintf(name, sizeof name, "example%05u.de", n++);
		ck_assert_uint_eq(strlen(name), 15);
		put(name, entry(STS_KIND_POLICY, STS_MODE_TESTING), 1, 41);
	} while (stats().evicted == 0);
	ck_assert_uint_le((256 << 10) / (n - 1), 140);
}
END_TEST

/* The block may begin at any address, and nothing outside it is touched. */
START_TEST(the_block_may_begin_at_any_address)
{
	memset(block, 0xa5, sizeof block);
	sts_cache_init(&c, block + 1, 5001, key);
	for (unsigned i = 0; i < 300; i++) {
		char name[32];

		snprintf(name, sizeof name, "d%u.example", i);
		put_enforce(name, i);
	}
	ck_assert(sts_cache_check(&c));
	ck_assert_uint_eq(block[0], 0xa5);
	ck_assert_uint_eq(block[5002], 0xa5);
}
END_TEST

/* The largest payload of the domain in a record of c.record_max chunks. */
static size_t
largest(const char *domain)
{
	return (c.record_max - 1) * 59 - strlen(domain);
}

START_TEST(a_record_has_a_largest_size)
{
	static const size_t sizes[] = { 4096, 8192, 100000, BLOCK_MAX };

	for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
		struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
		size_t max;

		begin(sizes[i]);
		max = largest("a.example");
		ck_assert_int_eq(put("a.example", e, 1, max - 1), STS_ADMITTED);
		ck_assert(intact("a.example", 1, max - 1));
		ck_assert_int_eq(put("a.example", e, 2, max), STS_ADMITTED);
		ck_assert(intact("a.example", 2, max));
		/* The old version is dropped, as it is known to be replaced. */
		ck_assert_int_eq(
		    put("a.example", e, 3, max + 1), STS_REFUSED_LARGE);
		ck_assert_uint_eq(find("a.example"), 0);
		ck_assert_uint_eq(stats().chunks_free, stats().chunks);
		ck_assert_uint_eq(stats().refused, 1);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

START_TEST(names_of_all_lengths_are_held)
{
	static const size_t lens[] = { 1, 58, 59, 60, 117, 118, 119, 252, 253 };
	char name[STS_NAME_MAX + 1];

	begin(20000);
	for (size_t i = 0; i < UNIT_COUNT(lens); i++) {
		uint8_t got[STS_NAME_MAX];

		memset(name, 'a', lens[i]);
		name[lens[i]] = '\0';
		for (size_t k = 50; k + 2 < lens[i]; k += 51) {
			name[k] = '.';
		}
		ck_assert_int_eq(put_enforce(name, 70), STS_ADMITTED);
		ck_assert(intact(name, 1, 70));
		unit_text("name",
		    sts_text(got, sts_cache_domain(&c, find(name), got)), name);
		ck_assert(sts_cache_check(&c));
	}
	ck_assert_uint_eq(stats().enforce, UNIT_COUNT(lens));
}
END_TEST

/* A pinned version outlives its replacement, its removal and floods. */
START_TEST(a_pinned_version_stays_readable)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_TESTING);
	uint8_t name[STS_NAME_MAX];
	sts_ref first, second;

	begin(8192);
	put("a.example", e, 1, 100);
	first = find("a.example");
	sts_cache_pin(&c, first);
	sts_cache_pin(&c, first);
	put("a.example", e, 2, 100);
	second = find("a.example");
	ck_assert_uint_ne(first, second);
	sts_cache_pin(&c, second);
	for (unsigned i = 0; i < 300; i++) {
		char junk[32];

		snprintf(junk, sizeof junk, "j%u.example", i);
		put_mode(junk, STS_MODE_TESTING);
	}
	ck_assert(intact_ref(first, "a.example", 1, 100));
	ck_assert(intact("a.example", 2, 100));
	unit_text("domain", sts_text(name, sts_cache_domain(&c, first, name)),
	    "a.example");
	sts_cache_unpin(&c, first);
	ck_assert(intact_ref(first, "a.example", 1, 100));
	ck_assert(sts_cache_check(&c));
	sts_cache_unpin(&c, first);
	sts_cache_remove(&c, second);
	ck_assert_uint_eq(find("a.example"), 0);
	ck_assert(intact_ref(second, "a.example", 2, 100));
	ck_assert(sts_cache_check(&c));
	sts_cache_unpin(&c, second);
	ck_assert_uint_eq(c.list[STS_CLASS_PINNED].count, 0);
	ck_assert_uint_eq(c.list[STS_CLASS_PINNED].head, 0);
	ck_assert(sts_cache_check(&c));
}
END_TEST

START_TEST(a_record_may_have_65535_pins)
{
	begin(4096);
	put_enforce("a.example", 10);
	for (unsigned i = 0; i < UINT16_MAX; i++) {
		sts_cache_pin(&c, find("a.example"));
	}
	ck_assert(sts_cache_check(&c));
	for (unsigned i = 0; i < UINT16_MAX; i++) {
		sts_cache_unpin(&c, find("a.example"));
	}
	ck_assert(sts_cache_check(&c));
	ck_assert(intact("a.example", 1, 10));
}
END_TEST

/* An abandoned stage leaves no trace, whenever it is abandoned. */
START_TEST(an_abandoned_stage_leaves_no_trace)
{
	static uint8_t before[8192];
	struct sts_cache_stats now, then;

	begin(8192);
	put("a.example", entry(STS_KIND_POLICY, STS_MODE_ENFORCE), 1, 60);
	then = stats();
	for (size_t n = 0; n < 1000; n++) {
		struct sts_stage s;

		ck_assert(sts_cache_stage(&c, &s, unit_span("a.example")));
		sts_cache_append(&c, &s, payload_of("a.example", 2, n), n);
		ck_assert(sts_cache_check(&c));
		sts_cache_abandon(&c, &s);
		sts_cache_abandon(&c, &s);
		now = stats();
		ck_assert_mem_eq(&now, &then, sizeof now);
		ck_assert(intact("a.example", 1, 60));
		ck_assert(sts_cache_check(&c));
	}
	/* The octets of the chunks are as before, too. */
	memcpy(before, block, sizeof before);
	for (uint32_t i = 1; i <= c.chunks.used; i++) {
		const uint8_t *p = sts_chunk(&c.chunks, i);

		for (unsigned k = STS_CHUNK_DATA; k < STS_CHUNK_SIZE; k++) {
			ck_assert(
			    p[STS_CHUNK_TAG] != STS_CHUNK_FREE || p[k] == 0);
		}
	}
}
END_TEST

/* Large stages cannot keep small ones out, and nothing held is lost. */
START_TEST(large_stages_do_not_keep_small_ones_out)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
	struct sts_stage large[8], small;
	sts_ref ref;
	unsigned busy = 0;

	begin(400000);
	fill(30);
	put("held.example", e, 1, 30);
	for (unsigned i = 0; i < 8; i++) {
		ck_assert(
		    sts_cache_stage(&c, &large[i], unit_span("big.example")));
		busy += !sts_cache_append(
		    &c, &large[i], block, largest("big.example"));
	}
	ck_assert_uint_ge(busy, 5);
	ck_assert_uint_le(
	    stats().chunks_staged, c.staged_max + 8 * STS_CACHE_STAGE_SMALL);
	ck_assert(sts_cache_stage(&c, &small, unit_span("held.example")));
	ck_assert(sts_cache_append(
	    &c, &small, payload_of("held.example", 2, 800), 800));
	/* A stage that found no room changes nothing. */
	ck_assert(sts_cache_stage(&c, &large[0], unit_span("held.example")));
	ck_assert(!sts_cache_append(&c, &large[0], block, 2000));
	ck_assert_int_eq(
	    sts_cache_commit(&c, &large[0], &e, sts_now(NOW, true), &ref),
	    STS_REFUSED_BUSY);
	ck_assert_uint_eq(ref, 0);
	ck_assert(intact("held.example", 1, 30));
	ck_assert(sts_cache_check(&c));
	ck_assert_int_eq(
	    sts_cache_commit(&c, &small, &e, sts_now(NOW, true), &ref),
	    STS_REFUSED_ROOM);
	ck_assert(intact("held.example", 2, 800));
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* Held policies may grow into the reserve. Then no newcomer is protected,
 * however small, until there is room below the reserve again. */
START_TEST(no_newcomer_is_protected_in_the_reserve)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(1 << 20);
	fill(30);
	ck_assert_uint_eq(c.protected_count, c.protected_max);
	ck_assert_int_eq(put("f.fill0.example", e, 2, 400), STS_ADMITTED);
	ck_assert_uint_gt(c.protected_count, c.protected_max);
	ck_assert(sts_cache_protected(&c, find("f.fill0.example")));
	ck_assert_int_eq(put_enforce("new.example", 1), STS_REFUSED_ROOM);
	ck_assert(!sts_cache_protected(&c, find("new.example")));
	ck_assert(intact("f.fill0.example", 2, 400));
	sts_cache_remove(&c, find("f.fill0.example"));
	sts_cache_remove(&c, find("f.fill1.example"));
	ck_assert_int_eq(put_enforce("newer.example", 1), STS_ADMITTED);
	ck_assert(sts_cache_protected(&c, find("newer.example")));
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* R58: a policy of mode none replaces enforce at once, and is held. */
START_TEST(none_replaces_enforce_at_once)
{
	begin(8192);
	put_enforce("a.example", 100);
	put("a.example", entry(STS_KIND_POLICY, STS_MODE_NONE), 2, 20);
	ck_assert(intact("a.example", 2, 20));
	ck_assert_uint_eq(stats().records, 1);
	ck_assert_uint_eq(stats().none, 1);
	ck_assert_uint_eq(stats().chunks_protected, 0);
	put("a.example", entry(STS_KIND_ABSENT, STS_MODE_NONE), 3, 0);
	ck_assert_uint_eq(stats().other, 1);
	put_enforce("a.example", 100);
	ck_assert_uint_eq(stats().enforce, 1);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* Under an unconfirmed clock no policy is expired, so none may be replaced by
 * an absence. */
START_TEST(an_absence_does_not_replace_a_live_policy)
{
	static const uint32_t ages[] = { 0, 8 * DAY };
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
	struct sts_stage s;
	sts_ref ref;

	begin(8192);
	e.fetched_s = NOW - ages[_i];
	put("a.example", e, 1, 20);
	sts_cache_stage(&c, &s, unit_span("a.example"));
	e = entry(STS_KIND_ABSENT, STS_MODE_NONE);
	sts_cache_commit(&c, &s, &e, sts_now(NOW, false), &ref);
}
END_TEST

START_TEST(setting_may_not_change_the_mode)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_TESTING);

	begin(8192);
	put_enforce("a.example", 20);
	sts_cache_set(&c, find("a.example"), &e, sts_now(NOW, true));
}
END_TEST

START_TEST(an_absence_replaces_an_expired_policy)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(8192);
	e.fetched_s = NOW - 7 * DAY;
	put("a.example", e, 1, 20);
	ck_assert_uint_eq(stats().expired, 1);
	ck_assert_int_eq(put_kind("a.example", STS_KIND_ABSENT), STS_ADMITTED);
	ck_assert_uint_eq(stats().other, 1);
}
END_TEST

/* What the sweep does with one record. */
static const struct {
	const char *name;
	enum sts_kind kind;
	enum sts_mode mode;
	int32_t fetched, max_age, check, refresh; /* in seconds from now */
	bool expires, due, late, held;
	unsigned class;
} sweeps[] = {
	{ "live", STS_KIND_POLICY, STS_MODE_ENFORCE, -10, DAY, 0, 1, true,
	    false, false, true, STS_CLASS_ENFORCE },
	{ "refresh due", STS_KIND_POLICY, STS_MODE_ENFORCE, -10, DAY, 0, 0,
	    true, true, false, true, STS_CLASS_ENFORCE },
	{ "refresh never", STS_KIND_POLICY, STS_MODE_ENFORCE, -10, DAY, 0, -NOW,
	    true, false, false, true, STS_CLASS_ENFORCE },
	{ "refresh planned for tomorrow", STS_KIND_POLICY, STS_MODE_ENFORCE,
	    -10, DAY, 0, DAY, true, false, false, true, STS_CLASS_ENFORCE },
	{ "refresh from the future", STS_KIND_POLICY, STS_MODE_ENFORCE, -10,
	    DAY, 0, DAY + 1, true, true, false, true, STS_CLASS_ENFORCE },
	{ "testing due", STS_KIND_POLICY, STS_MODE_TESTING, -10, DAY, 0, -1,
	    true, true, false, true, STS_CLASS_TESTING },
	{ "six hours are left", STS_KIND_POLICY, STS_MODE_ENFORCE,
	    6 * 3600 - DAY, DAY, 0, 0, true, true, true, true,
	    STS_CLASS_ENFORCE },
	{ "six hours and a second are left", STS_KIND_POLICY, STS_MODE_ENFORCE,
	    6 * 3600 + 1 - DAY, DAY, 0, 0, true, true, false, true,
	    STS_CLASS_ENFORCE },
	{ "six hours are left, not due", STS_KIND_POLICY, STS_MODE_ENFORCE,
	    6 * 3600 - DAY, DAY, 0, 1, true, false, false, true,
	    STS_CLASS_ENFORCE },
	{ "six hours are left, clock unconfirmed", STS_KIND_POLICY,
	    STS_MODE_ENFORCE, 6 * 3600 - DAY, DAY, 0, 0, false, true, true,
	    true, STS_CLASS_ENFORCE },
	{ "expires", STS_KIND_POLICY, STS_MODE_ENFORCE, -DAY, DAY, 0, 1, true,
	    false, false, true, STS_CLASS_EXPIRED },
	{ "does not expire under an unconfirmed clock", STS_KIND_POLICY,
	    STS_MODE_ENFORCE, -DAY, DAY, 0, 1, false, false, false, true,
	    STS_CLASS_ENFORCE },
	{ "expired and due", STS_KIND_POLICY, STS_MODE_ENFORCE, -DAY, DAY, 0,
	    -1, true, true, true, true, STS_CLASS_EXPIRED },
	{ "expired for 30 days", STS_KIND_POLICY, STS_MODE_NONE, -31 * DAY, DAY,
	    0, 1, true, false, false, true, STS_CLASS_EXPIRED },
	{ "expired for 30 days and a second", STS_KIND_POLICY, STS_MODE_NONE,
	    -31 * DAY - 1, DAY, 0, -1, true, false, false, false, 0 },
	{ "expired for 30 days and a second, clock unconfirmed",
	    STS_KIND_POLICY, STS_MODE_NONE, -31 * DAY - 1, DAY, 0, 1, false,
	    false, false, true, STS_CLASS_NONE },
	{ "R59 fetched in the future", STS_KIND_POLICY, STS_MODE_ENFORCE,
	    9 * DAY, DAY, 0, 1, true, false, false, true, STS_CLASS_ENFORCE },
	{ "absence in its hour", STS_KIND_ABSENT, STS_MODE_NONE, 0, 0, -3600,
	    -1, true, false, false, true, STS_CLASS_OTHER },
	{ "absence outlived", STS_KIND_ABSENT, STS_MODE_NONE, 0, 0, -3601, 1,
	    false, false, false, false, 0 },
	{ "cannot-tell outlived", STS_KIND_UNKNOWN, STS_MODE_NONE, 0, 0, -3601,
	    1, true, false, false, false, 0 },
	{ "absence from the future", STS_KIND_ABSENT, STS_MODE_NONE, 0, 0,
	    DAY + 1, 1, true, false, false, false, 0 },
	{ "absence planned for tomorrow", STS_KIND_ABSENT, STS_MODE_NONE, 0, 0,
	    DAY, 1, true, false, false, true, STS_CLASS_OTHER },
};

START_TEST(the_sweep_judges_each_record)
{
	for (size_t i = 0; i < UNIT_COUNT(sweeps); i++) {
		struct sts_entry e = entry(sweeps[i].kind, sweeps[i].mode);
		struct sts_stage s;
		sts_ref ref, due, late;

		begin(8192);
		sts_cache_stage(&c, &s, unit_span("a.example"));
		e.fetched_s = (uint32_t)(NOW + sweeps[i].fetched);
		e.max_age_s = (uint32_t)sweeps[i].max_age;
		e.check_s = (uint32_t)(NOW + sweeps[i].check);
		e.refresh_s = (uint32_t)(NOW + sweeps[i].refresh);
		sts_cache_commit(&c, &s, &e, sts_now(NOW, false), &ref);
		late = sts_cache_sweep(
		    &c, c.chunks.count, sts_now(NOW, sweeps[i].expires));
		unit_int(sweeps[i].name, late, sweeps[i].late ? ref : 0);
		due = sts_cache_turn(&c, c.chunks.count, NOW);
		unit_int(sweeps[i].name, due, sweeps[i].due ? ref : 0);
		unit_int(sweeps[i].name, find("a.example"),
		    sweeps[i].held ? ref : 0);
		if (sweeps[i].held) {
			sts_cache_get(&c, ref, &e);
			unit_int(sweeps[i].name, sts_head_class(&c, ref),
			    sweeps[i].class);
			unit_int(sweeps[i].name,
			    e.fetched_s > NOW && sweeps[i].expires, false);
		}
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* Set again under a clock by which it is not over, the policy is protected
 * again. */
START_TEST(a_policy_alive_again_is_protected_again)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(8192);
	put("a.example", e, 1, 20);
	sts_cache_sweep(&c, 1000, sts_now(NOW + 8 * DAY, true));
	ck_assert_uint_eq(stats().expired, 1);
	ck_assert_uint_eq(stats().chunks_protected, 0);
	sts_cache_sweep(&c, 1000, sts_now(NOW + 6 * DAY, true));
	ck_assert(sts_cache_protected(&c, find("a.example")));
	sts_cache_sweep(&c, 1000, sts_now(NOW + 8 * DAY, true));
	e.fetched_s = NOW + 8 * DAY;
	sts_cache_set(&c, find("a.example"), &e, sts_now(NOW + 8 * DAY, true));
	ck_assert(sts_cache_protected(&c, find("a.example")));
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* The 30 days for which an expired policy is kept begin when the clock was
 * confirmed under which it expired: a jump of the clock alone removes nothing,
 * nor does a clock that was set back. */
START_TEST(expired_policies_are_kept_for_30_days_of_known_time)
{
	static const struct {
		int32_t since, at; /* in seconds from NOW */
		bool held;
	} rows[] = {
		{ 0, 0, true },
		{ 60, 0, true },
		{ 0, 30 * DAY, true },
		{ 0, 30 * DAY + 1, false },
		{ -30 * DAY, 0, true },
		{ -30 * DAY - 1, 0, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

		begin(8192);
		e.fetched_s = NOW - 400 * DAY;
		put("a.example", e, 1, 20);
		sts_cache_expired_since(&c, (uint32_t)(NOW + rows[i].since));
		sts_cache_sweep(
		    &c, 1000, sts_now((uint32_t)(NOW + rows[i].at), true));
		unit_int("held", find("a.example") != 0, rows[i].held);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* A record whose end was logged is refreshed like any other. */
START_TEST(a_logged_end_does_not_change_the_sweep)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(8192);
	e.fetched_s = NOW - 7 * DAY;
	e.refresh_s = NOW;
	put("a.example", e, 1, 20);
	ck_assert_uint_ne(sts_cache_sweep(&c, 1000, sts_now(NOW, true)), 0);
	sts_cache_get(&c, find("a.example"), &e);
	e.lapsed = true;
	sts_cache_set(&c, find("a.example"), &e, sts_now(NOW, true));
	ck_assert_uint_eq(sts_cache_sweep(&c, 1000, sts_now(NOW, true)), 0);
	ck_assert_uint_eq(sts_cache_turn(&c, 1000, NOW), find("a.example"));
}
END_TEST

static void
put_twenty_due(uint32_t fetched_s)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(8192);
	e.fetched_s = fetched_s;
	e.refresh_s = NOW;
	for (unsigned i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof name, "d.org%u.example", i);
		put(name, e, 1, 20);
	}
}

/* The sweep visits as many chunks as it is asked to, and comes to every
 * chunk. */
START_TEST(a_sweep_visits_the_chunks_it_is_asked_to)
{
	unsigned late = 0;

	put_twenty_due(NOW - 7 * DAY);
	for (uint32_t i = 0; i < c.chunks.count; i++) {
		uint32_t hand = c.hand;

		late += sts_cache_sweep(&c, 1, sts_now(NOW, true)) != 0;
		ck_assert_uint_eq(c.hand, hand % c.chunks.count + 1);
	}
	ck_assert_uint_eq(late, 20);
	ck_assert_uint_eq(sts_cache_sweep(&c, 0, sts_now(NOW, true)), 0);
}
END_TEST

/* The turn of refreshes visits as many chunks as it is asked to, too, and the
 * sweep does not move it. Each record that is due gets its turn, and none gets
 * a second before all have had theirs. */
START_TEST(refreshes_go_round_in_turn)
{
	sts_ref first[20];
	unsigned due = 0;

	put_twenty_due(NOW);
	for (uint32_t i = 0; i < c.chunks.count; i++) {
		due += sts_cache_turn(&c, 1, NOW) != 0;
	}
	ck_assert_uint_eq(due, 20);
	ck_assert_uint_eq(sts_cache_turn(&c, 0, NOW), 0);
	for (unsigned i = 0; i < 40; i++) {
		sts_ref ref = sts_cache_turn(&c, UINT32_MAX, NOW);

		ck_assert_uint_ne(ref, 0);
		if (i >= 20) {
			ck_assert_uint_eq(ref, first[i - 20]);
			continue;
		}
		for (unsigned k = 0; k < i; k++) {
			ck_assert_uint_ne(ref, first[k]);
		}
		first[i] = ref;
		sts_cache_sweep(&c, 7 * i, sts_now(NOW, true));
		/* One that had to wait is the next once more. */
		sts_cache_turn_again(&c, ref);
		ck_assert_uint_eq(sts_cache_turn(&c, UINT32_MAX, NOW), ref);
	}
}
END_TEST

START_TEST(next_visits_every_record)
{
	bool seen[50] = { false };
	unsigned n = 0;

	begin(20000);
	ck_assert_uint_eq(sts_cache_next(&c, 0), 0);
	for (unsigned i = 0; i < 50; i++) {
		char name[32];

		snprintf(name, sizeof name, "d%u", i);
		put_mode(name, STS_MODE_TESTING);
	}
	for (sts_ref r = sts_cache_next(&c, 0); r; r = sts_cache_next(&c, r)) {
		char name[STS_NAME_MAX + 1];
		unsigned long i;

		name[sts_cache_domain(&c, r, (uint8_t *)name)] = '\0';
		i = strtoul(name + 1, NULL, 10);
		ck_assert(i < 50 && !seen[i]);
		seen[i] = true;
		n++;
	}
	ck_assert_uint_eq(n, 50);
}
END_TEST

/* Number i as a name of 70 octets. The names differ only in their last octets,
 * which are not in the first chunk. */
static const char *
alike(unsigned i)
{
	static char name[80];

	snprintf(name, sizeof name,
	    "a-label-that-fills-the-first-of-the-chunks-of-a-record.example."
	    "%c%c%c%c%c%c%c",
	    'a' + i % 8, 'a' + i / 8 % 8, 'a' + i / 64 % 8, 'a' + i / 512 % 8,
	    'a' + i / 4096 % 8, 'a' + i / 32768 % 8, 'a' + i / 262144 % 8);
	return name;
}

struct hashed {
	uint32_t hash;
	unsigned number;
};

static int
by_hash(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/*
 * Two names with the same hash in all its bits are two domains: each has a
 * record of its own, and neither is found, replaced or removed by the other's
 * name.
 */
START_TEST(names_with_the_same_hash_are_two_domains)
{
	enum {
		NAMES = 1 << 20
	};
	struct hashed *all = malloc(NAMES * sizeof *all);
	unsigned pairs = 0;

	ck_assert_ptr_nonnull(all);
	begin(8192);
	for (unsigned i = 0; i < NAMES; i++) {
		all[i].hash = sts_index_hash(&c, unit_span(alike(i)));
		all[i].number = i;
	}
	qsort(all, NAMES, sizeof *all, by_hash);
	for (unsigned i = 1; i < NAMES; i++) {
		char one[80], two[80];

		if (all[i].hash != all[i - 1].hash) {
			continue;
		}
		pairs++;
		snprintf(one, sizeof one, "%s", alike(all[i - 1].number));
		snprintf(two, sizeof two, "%s", alike(all[i].number));
		ck_assert_int_eq(put_mode(one, STS_MODE_ENFORCE), STS_ADMITTED);
		ck_assert_uint_eq(find(two), 0);
		ck_assert_int_eq(put_mode(two, STS_MODE_NONE), STS_ADMITTED);
		ck_assert_uint_ne(find(one), find(two));
		ck_assert_uint_eq(stats().records, 2);
		sts_cache_remove(&c, find(two));
		ck_assert_uint_ne(find(one), 0);
		ck_assert_uint_eq(find(two), 0);
		sts_cache_remove(&c, find(one));
		ck_assert(sts_cache_check(&c));
	}
	/* 128 are expected; the odds of none at all are e^-128. */
	ck_assert_uint_gt(pairs, 0);
	free(all);
}
END_TEST

/* Names in one bucket, which nobody can choose without the key. */
START_TEST(a_full_bucket_refuses_newcomers_only)
{
	char name[32];
	unsigned in = 0;

	begin(8192);
	for (unsigned i = 0; in <= STS_CACHE_PROBE_MAX; i++) {
		enum sts_admission want =
		    in < STS_CACHE_PROBE_MAX ? STS_ADMITTED : STS_REFUSED_BUSY;

		snprintf(name, sizeof name, "d%u.example", i);
		if ((sts_index_hash(&c, unit_span(name)) & c.index_mask) == 3) {
			ck_assert_int_eq(
			    put_mode(name, STS_MODE_TESTING), want);
			in++;
		}
	}
	ck_assert_uint_eq(find(name), 0);
	ck_assert_uint_eq(stats().records, STS_CACHE_PROBE_MAX);
	ck_assert(sts_cache_check(&c));
	/* A newer version of a held policy finds its record in the full
	 * bucket. */
	sts_cache_domain(&c, c.list[STS_CLASS_TESTING].head, (uint8_t *)name);
	ck_assert(sts_cache_check(&c));
	for (unsigned i = 0; stats().records > 0; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		if (find(name) != 0) {
			ck_assert_int_eq(
			    put_mode(name, STS_MODE_NONE), STS_ADMITTED);
			sts_cache_remove(&c, find(name));
			ck_assert(sts_cache_check(&c));
		}
	}
}
END_TEST

/*
 * Two records whose 32 bits of hash are the same, and whose names differ where
 * a chunk of the record begins, or where it ends. Each is found by its own
 * name, and is changed and removed alone.
 */
START_TEST(names_that_collide_in_32_bits_are_two_domains)
{
	static const char first[] =
	    ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const char filler[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.";
	static const struct {
		const char *before, *after;
	} places[] = { { "", ".example" }, { "", first }, { filler, "" } };
	char name[2][COLLIDE_NAME];

	for (size_t i = 0; i < UNIT_COUNT(places); i++) {
		begin(8192);
		collide(key, 0, places[i].before, places[i].after, name[0],
		    name[1]);
		ck_assert_uint_eq(sts_index_hash(&c, unit_span(name[0])),
		    sts_index_hash(&c, unit_span(name[1])));
		put_mode(name[0], STS_MODE_ENFORCE);
		ck_assert_uint_eq(find(name[1]), 0);
		ck_assert_int_eq(
		    put(name[1], entry(STS_KIND_POLICY, STS_MODE_ENFORCE), 2,
			90),
		    STS_ADMITTED);
		ck_assert(intact(name[0], 1, 40));
		ck_assert(intact(name[1], 2, 90));
		ck_assert_uint_eq(stats().records, 2);
		sts_cache_remove(&c, find(name[0]));
		ck_assert_uint_eq(find(name[0]), 0);
		ck_assert(intact(name[1], 2, 90));
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* Organisations with the same counter share one limit: it is stricter for both,
 * and is never more than one of them could have alone. */
START_TEST(organisations_that_collide_share_one_limit)
{
	char name[2][COLLIDE_NAME], domain[COLLIDE_NAME + 16];
	unsigned i = 0;

	begin(65536);
	collide(key, 32, "o", ".example", name[0], name[1]);
	while (true) {
		snprintf(domain, sizeof domain, "d%u.%s", i, name[i % 2]);
		i++;
		if (put_mode(domain, STS_MODE_ENFORCE) != STS_ADMITTED) {
			break;
		}
	}
	ck_assert_uint_le(c.protected_count, c.org_max);
	ck_assert_int_eq(
	    put_mode("d.another.example", STS_MODE_ENFORCE), STS_ADMITTED);
	ck_assert(sts_cache_check(&c));
	/* What one of them gives up is free for both. */
	snprintf(domain, sizeof domain, "d0.%s", name[0]);
	sts_cache_remove(&c, find(domain));
	snprintf(domain, sizeof domain, "e.%s", name[1]);
	ck_assert_int_eq(put_mode(domain, STS_MODE_ENFORCE), STS_ADMITTED);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* sts_cache_check notices a wrong octet of a record and a wrong count. */
START_TEST(the_check_notices_wrong_octets_and_counts)
{
	static const unsigned heads[] = { STS_HEAD_DOMAIN_LEN, STS_HEAD_BEFORE,
		STS_HEAD_AFTER, STS_HEAD_CHAIN, STS_HEAD_HASH,
		STS_HEAD_PAYLOAD_LEN + 1, STS_CHUNK_TAG, STS_CHUNK_NEXT };
	uint8_t *p;

	begin(8192);
	for (unsigned i = 0; i < 20; i++) {
		char name[32];

		snprintf(name, sizeof name, "d.org%u.example", i);
		put_enforce(name, i * 10);
	}
	ck_assert(sts_cache_check(&c));
	p = sts_chunk(&c.chunks, find("d.org7.example"));
	for (size_t i = 0; i < UNIT_COUNT(heads); i++) {
		p[heads[i]] ^= 1;
		ck_assert_msg(!sts_cache_check(&c), "byte %u", heads[i]);
		p[heads[i]] ^= 1;
		ck_assert(sts_cache_check(&c));
	}
	c.protected_count++;
	ck_assert(!sts_cache_check(&c));
	c.protected_count--;
	c.orgs[5]++;
	ck_assert(!sts_cache_check(&c));
	c.orgs[5]--;
	c.records++;
	ck_assert(!sts_cache_check(&c));
	c.records--;
	sts_cache_remove(&c, find("d.org7.example"));
	ck_assert(sts_cache_check(&c));
	c.chunks.free_head = sts_chunk_next(&c.chunks, c.chunks.free_head);
	ck_assert(!sts_cache_check(&c));
}
END_TEST

/* Chunks run out, and are back when they were given; of a chain, nothing is
 * read behind its end. */
START_TEST(chunks_run_out)
{
	static uint8_t bytes[2 * STS_CHUNK_SIZE];
	struct sts_chunk_pos at = { 0, 0 };
	struct sts_chunks k;
	uint32_t first, second;

	sts_chunks_init(&k, bytes, 2);
	first = sts_chunks_take(&k, STS_CHUNK_BODY);
	second = sts_chunks_take(&k, STS_CHUNK_BODY);
	ck_assert(first != 0 && second != 0 && first != second);
	ck_assert_uint_eq(sts_chunks_take(&k, STS_CHUNK_BODY), 0);
	ck_assert_uint_eq(sts_chunks_give(&k, first), 1);
	ck_assert_uint_eq(sts_chunks_take(&k, STS_CHUNK_BODY), first);
	ck_assert_uint_eq(sts_chunks_piece(&k, &at, 10).n, 0);
	at.chunk = second;
	ck_assert_uint_eq(sts_chunks_piece(&k, &at, 0).n, 0);
	ck_assert_uint_eq(at.chunk, second);
	ck_assert_uint_eq(sts_chunks_piece(&k, &at, 1000).n, STS_CHUNK_ROOM);
	ck_assert_uint_eq(at.chunk, 0);
}
END_TEST

/* ---- what sts_cache_check notices ---- */

static uint32_t
last_free(void)
{
	uint32_t n = c.chunks.free_head;

	while (sts_chunk_next(&c.chunks, n) != 0) {
		n = sts_chunk_next(&c.chunks, n);
	}
	return n;
}

static void
set_next(uint32_t n, uint32_t next)
{
	sts_put32le(sts_chunk(&c.chunks, n) + STS_CHUNK_NEXT, next);
}

/* Damage the cache in way number `kind`. Returns false if there is no such
 * way. */
static bool
damage(unsigned kind)
{
	sts_ref ref = find("b.example"), staged = find("c.example");
	uint32_t body = sts_chunk_next(&c.chunks, ref);
	uint32_t other_body = sts_chunk_next(&c.chunks, find("f.example"));
	uint32_t beyond = c.chunks.count + 1;

	switch (kind) {
	case 0:
		c.chunks.free_head = beyond;
		return true;
	case 1:
		set_next(last_free(), c.chunks.free_head);
		return true;
	case 2:
		sts_chunk(&c.chunks, last_free())[STS_CHUNK_TAG] =
		    STS_CHUNK_BODY;
		return true;
	case 3:
		c.chunks.free_count++;
		return true;
	case 4:
		c.record_max = 1;
		return true;
	case 5:
		set_next(ref, beyond);
		return true;
	case 6:
		set_next(ref, 0);
		return true;
	case 7:
		sts_chunk(&c.chunks, body)[STS_CHUNK_TAG] = STS_CHUNK_FREE;
		return true;
	case 8:
		sts_chunk(&c.chunks, ref)[STS_CHUNK_TAG] = STS_CLASS_COUNT;
		return true;
	case 9:
		sts_chunk(&c.chunks, ref)[STS_CHUNK_TAG] = STS_CLASS_OTHER;
		return true;
	case 10:
		sts_head_put32(&c, ref, STS_HEAD_HASH,
		    sts_head_get32(&c, ref, STS_HEAD_HASH) ^ 0x80000000);
		return true;
	case 11:
		sts_head_put32(&c, ref, STS_HEAD_HASH,
		    sts_head_get32(&c, ref, STS_HEAD_HASH) ^ 1);
		return true;
	case 12:
		c.list[STS_CLASS_ENFORCE].head = beyond;
		return true;
	case 13:
		sts_head_put32(&c, ref, STS_HEAD_BEFORE, ref);
		return true;
	case 14:
		c.list[STS_CLASS_ENFORCE].tail = 0;
		return true;
	case 15:
		c.list[STS_CLASS_ENFORCE].count++;
		return true;
	case 16:
		sts_head_put32(&c, ref, STS_HEAD_CHAIN, ref);
		return true;
	case 17:
		sts_head_put32(&c, ref, STS_HEAD_CHAIN, c.chunks.free_head);
		return true;
	case 18:
		c.records++;
		return true;
	case 19:
		c.protected_count++;
		return true;
	case 20:
		c.released = c.chunks.count;
		return true;
	case 21:
		c.staged_count++;
		return true;
	case 22:
		c.unsaved++;
		return true;
	case 23:
		c.orgs[0]++;
		return true;
	case 24:
		c.list[STS_CLASS_PINNED].head = staged;
		return true;
	case 25:
		/* a free chunk that is in no list */
		c.chunks.free_head =
		    sts_chunk_next(&c.chunks, c.chunks.free_head);
		c.chunks.free_count--;
		return true;
	case 26:
		c.chunks.used++;
		return true;
	case 27:
		c.chunks.used--;
		return true;
	case 28: /* a record of its head alone */
		sts_chunk(&c.chunks, ref)[STS_HEAD_DOMAIN_LEN] = 0;
		sts_head_put32(&c, ref, STS_HEAD_PAYLOAD_LEN, 0);
		return true;
	case 29: /* enforced, and in the class of others */
		sts_chunk(&c.chunks, staged)[STS_HEAD_ENTRY + 1] =
		    STS_MODE_ENFORCE;
		return true;
	case 30: /* not pinned, among those that are */
		sts_cache_pin(&c, staged);
		sts_chunk(&c.chunks, staged)[STS_HEAD_PINS] = 0;
		sts_chunk(&c.chunks, staged)[STS_CHUNK_TAG] = STS_CLASS_PINNED;
		return true;
	case 31:
		sts_head_put32(&c, ref, STS_HEAD_CHAIN, beyond);
		return true;
	case 32: /* not found by its name */
		sts_put32le(
		    sts_index_at(&c, sts_head_get32(&c, ref, STS_HEAD_HASH)),
		    0);
		return true;
	case 33: /* a list is lost as a whole */
		memset(&c.list[STS_CLASS_OTHER], 0, sizeof *c.list);
		return true;
	case 34: /* a chunk in two records, and one in none */
		set_next(body, sts_chunk_next(&c.chunks, other_body));
		return true;
	default:
		return false;
	}
}

START_TEST(the_check_notices_every_kind_of_damage)
{
	static uint8_t good_block[16384];
	struct sts_cache good;
	unsigned kind;

	begin(sizeof good_block);
	put_enforce("a.example", 40);
	put_enforce("b.example", 200);
	put_enforce("f.example", 200);
	put_mode("c.example", STS_MODE_TESTING);
	put_kind("d.example", STS_KIND_ABSENT);
	put_kind("e.example", STS_KIND_ABSENT);
	sts_cache_remove(&c, find("e.example"));
	good = c;
	memcpy(good_block, block, sizeof good_block);
	ck_assert(sts_cache_check(&c));
	for (kind = 0; damage(kind); kind++) {
		ck_assert_msg(!sts_cache_check(&c), "damage %u", kind);
		c = good;
		memcpy(block, good_block, sizeof good_block);
		ck_assert(sts_cache_check(&c));
	}
	unit_int("kinds", kind, 35);
}
END_TEST

/* ---- no chunk is touched before it is needed ---- */

/* Everything that passes over all chunks. */
static void
pass_over_all(struct sts_cache *of)
{
	struct sts_cache_stats s;
	uint32_t unsaved = 0, scan = 0;
	sts_ref ref;

	while (sts_cache_scan(of, &scan, 100, &ref)) {
	}
	(void)sts_cache_unsaved(of, &unsaved, UINT32_MAX, false);
	(void)sts_cache_sweep(of, UINT32_MAX, sts_now(NOW, true));
	ref = sts_cache_next(of, 0);
	while (ref != 0) {
		ref = sts_cache_next(of, ref);
	}
	sts_cache_stats(of, &s);
	ck_assert_uint_eq(s.chunks_free + 2 * s.records, s.chunks);
	ck_assert(sts_cache_check(of));
}

/* Pages beyond those that the records need are not even readable. */
START_TEST(pages_are_untouched_until_needed)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 64 * page;
	uint8_t *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t index;

	ck_assert(map != MAP_FAILED);
	memset(map, 0xa5, size); /* init may not rely on zeros */
	sts_cache_init(&c, map, size, key);
	index = (size_t)(c.index - map) / page;
	ck_assert_int_eq(mprotect(map, index * page, PROT_NONE), 0);
	sts_cache_init(&c, map, size, key);
	pass_over_all(&c);
	ck_assert_int_eq(mprotect(map, page, PROT_READ | PROT_WRITE), 0);
	put_enforce("a.example", 40);
	put_enforce("b.example", 40);
	pass_over_all(&c);
	unit_int("chunks ever used", c.chunks.used, 4);
	ck_assert_uint_eq(map[4 * STS_CHUNK_SIZE], 0xa5);
	ck_assert(intact("a.example", 1, 40));
	munmap(map, size);
}
END_TEST

/* A block that holds zeros costs nothing before it is used, and is then as good
 * as another. */
START_TEST(zeros_untouched)
{
	size_t size = 64 * (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map =
	    mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sts_cache written;

	ck_assert(map != MAP_FAILED);
	sts_cache_init_zeroed(&c, map, size, key);
	ck_assert_int_eq(mprotect(map, size, PROT_READ | PROT_WRITE), 0);
	ck_assert(sts_cache_check(&c));
	sts_cache_init(&written, map, size, key);
	ck_assert_mem_eq(&written, &c, sizeof c);
	put_enforce("a.example", 40);
	ck_assert(intact("a.example", 1, 40));
	ck_assert(sts_cache_check(&c));
	munmap(map, size);
}
END_TEST

/* In a large cache, neighbours in a list lie far apart in memory. An answer
 * about a protected policy touches its own record and no other. */
START_TEST(an_answer_touches_no_other_record)
{
	static uint8_t was[sizeof block];
	static const char *const names[] = { "a.example", "b.example",
		"c.example" };
	struct sts_cache held;

	begin(sizeof block);
	for (unsigned i = 0; i < 3; i++) {
		put_enforce(names[i], 40);
	}
	for (unsigned i = 0; i < 3; i++) {
		sts_ref ref = find(names[i]);

		ck_assert(sts_cache_protected(&c, ref));
		memcpy(was, block, sizeof was);
		held = c;
		sts_cache_touch(&c, ref);
		sts_cache_pin(&c, ref);
		ck_assert(sts_cache_check(&c));
		sts_cache_pin(&c, ref);
		unit_int("pins", (long)sts_cache_gist(&c, ref).pins, 2);
		sts_cache_unpin(&c, ref);
		sts_cache_unpin(&c, ref);
		ck_assert_mem_eq(was, block, sizeof was);
		ck_assert_mem_eq(&held, &c, sizeof c);
	}
	/* A record that is replaced or removed while it is pinned stays
	 * readable. */
	sts_ref old = find("b.example");

	sts_cache_pin(&c, old);
	put_enforce("b.example", 50);
	ck_assert_uint_ne(find("b.example"), old);
	ck_assert(sts_cache_check(&c));
	sts_cache_unpin(&c, old);
	ck_assert(sts_cache_check(&c));
	old = find("b.example");
	sts_cache_pin(&c, old);
	sts_cache_remove(&c, old);
	ck_assert(sts_cache_check(&c));
	sts_cache_unpin(&c, old);
	ck_assert(sts_cache_check(&c));
	unit_int("records", c.records, 2);
}
END_TEST

/* Freed chunks are taken before new ones: the memory in use grows with the most
 * that was held at once, and not with all that was ever held. And all of the
 * block can be used. */
START_TEST(freed_chunks_are_taken_before_new_ones)
{
	struct sts_cache_stats s;

	begin(sizeof block);
	for (unsigned i = 0; i < 1000; i++) {
		put_kind("a.example", STS_KIND_ABSENT);
		sts_cache_remove(&c, find("a.example"));
	}
	unit_int("chunks ever used", c.chunks.used, 2);
	for (unsigned i = 0; c.evicted == 0; i++) {
		char name[32];

		ck_assert_uint_le(i, c.chunks.count);
		snprintf(name, sizeof name, "d%u.example", i);
		put_kind(name, STS_KIND_ABSENT);
	}
	sts_cache_stats(&c, &s);
	ck_assert_uint_eq(c.chunks.used, s.chunks);
	ck_assert_uint_le(s.chunks_free, 2);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* Any octets may be looked up ahead, held or not, and nothing is changed by
 * that. Of what is held in the first places of its bucket the record is seen. */
START_TEST(looking_ahead_changes_nothing)
{
	static uint8_t before[BLOCK_MAX], wide[600];
	struct sts_text domains[STS_CACHE_AHEAD_MAX];
	sts_ref seen[STS_CACHE_AHEAD_MAX];
	unsigned seen_count = 0, held_count = 0;
	struct sts_cache c_before;
	char names[1000][32];
	unsigned count;

	begin(1 << 17);
	for (unsigned i = 0; i < UNIT_COUNT(names); i++) {
		snprintf(names[i], sizeof names[i], "d%u.example", i);
		put_kind(names[i], STS_KIND_ABSENT);
	}
	put_enforce("a.example", 300);
	memset(wide, 0xff, sizeof wide);
	memcpy(before, block, sizeof before);
	c_before = c;
	domains[0] = unit_span("a.example");
	domains[1] = sts_text(NULL, 0);
	for (unsigned i = 0; i + STS_CACHE_AHEAD_MAX <= UNIT_COUNT(names);
	     i++) {
		domains[2] = sts_text(wide, i < sizeof wide ? i : sizeof wide);
		for (unsigned k = 3; k < STS_CACHE_AHEAD_MAX; k++) {
			domains[k] = unit_span(names[i + k]);
		}
		count = i % (STS_CACHE_AHEAD_MAX + 1);
		sts_cache_ahead(&c, domains, count, seen);
		for (unsigned k = 0; k < count; k++) {
			sts_ref held =
			    domains[k].n > 0 && domains[k].n <= STS_NAME_MAX
				? sts_cache_find(&c, domains[k])
				: 0;

			ck_assert(seen[k] == 0 || seen[k] == held);
			ck_assert(sts_cache_is_of(&c, seen[k], domains[k]) ==
				  (seen[k] != 0));
			seen_count += seen[k] != 0;
			held_count += held != 0;
		}
	}
	ck_assert_uint_gt(seen_count, held_count / 2);
	ck_assert_mem_eq(before, block, sizeof before);
	ck_assert_mem_eq(&c_before, &c, sizeof c);
}
END_TEST

/* A record that was seen is its domain's only as long as it is held: chunks are
 * given back, and taken for others. */
START_TEST(a_record_seen_before_is_judged_anew)
{
	struct sts_text first = unit_span("d1.example");
	struct sts_text other = unit_span("d2.example");
	sts_ref seen, body;

	begin(1 << 14);
	put_kind("d1.example", STS_KIND_ABSENT);
	sts_cache_ahead(&c, &first, 1, &seen);
	ck_assert_uint_eq(seen, sts_cache_find(&c, first));
	body = sts_chunk_next(&c.chunks, seen);
	ck_assert(sts_cache_is_of(&c, seen, first));
	ck_assert(!sts_cache_is_of(&c, seen, other));
	ck_assert(!sts_cache_is_of(&c, seen, unit_span("d1.exampl")));
	ck_assert(!sts_cache_is_of(&c, seen, sts_text(NULL, 0)));
	ck_assert(!sts_cache_is_of(&c, body, first));
	ck_assert(!sts_cache_is_of(&c, 0, first));
	ck_assert(!sts_cache_is_of(&c, c.chunks.used + 1, first));

	/* Removed while somebody reads it, it is nobody's record. */
	sts_cache_pin(&c, seen);
	sts_cache_remove(&c, seen);
	ck_assert(!sts_cache_is_of(&c, seen, first));
	sts_cache_unpin(&c, seen);
	ck_assert(!sts_cache_is_of(&c, seen, first));

	/* Its chunks are another's. */
	put_kind("d2.example", STS_KIND_ABSENT);
	ck_assert_uint_eq(sts_cache_find(&c, other), body);
	ck_assert(sts_cache_is_of(&c, body, other));
	ck_assert(!sts_cache_is_of(&c, body, first));
	ck_assert(!sts_cache_is_of(&c, seen, first));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, looking_ahead_changes_nothing);
	tcase_add_test(tc, a_record_seen_before_is_judged_anew);
	tcase_add_test(tc, zeros_untouched);
	tcase_add_test(tc, organisations_end_at_the_public_suffix);
	tcase_add_test(tc, a_policy_lives_for_max_age);
	tcase_add_test(tc, limits_follow_from_the_size);
	tcase_add_test(tc, a_typical_record_costs_140_octets_at_most);
	tcase_add_test(tc, the_block_may_begin_at_any_address);
	tcase_add_test(tc, a_record_has_a_largest_size);
	tcase_add_test(tc, names_of_all_lengths_are_held);
	tcase_add_test(tc, a_pinned_version_stays_readable);
	tcase_add_test(tc, a_record_may_have_65535_pins);
	tcase_add_test(tc, an_abandoned_stage_leaves_no_trace);
	tcase_add_test(tc, large_stages_do_not_keep_small_ones_out);
	tcase_add_test(tc, no_newcomer_is_protected_in_the_reserve);
	tcase_add_test(tc, none_replaces_enforce_at_once);
	tcase_add_loop_test_raise_signal(
	    tc, an_absence_does_not_replace_a_live_policy, SIGABRT, 0, 2);
	tcase_add_test_raise_signal(
	    tc, setting_may_not_change_the_mode, SIGABRT);
	tcase_add_test(tc, an_absence_replaces_an_expired_policy);
	tcase_add_test(tc, the_sweep_judges_each_record);
	tcase_add_test(tc, a_policy_alive_again_is_protected_again);
	tcase_add_test(tc, expired_policies_are_kept_for_30_days_of_known_time);
	tcase_add_test(tc, a_logged_end_does_not_change_the_sweep);
	tcase_add_test(tc, a_sweep_visits_the_chunks_it_is_asked_to);
	tcase_add_test(tc, refreshes_go_round_in_turn);
	tcase_add_test(tc, next_visits_every_record);
	tcase_add_test(tc, a_full_bucket_refuses_newcomers_only);
	tcase_add_test(tc, names_with_the_same_hash_are_two_domains);
	tcase_add_test(tc, names_that_collide_in_32_bits_are_two_domains);
	tcase_add_test(tc, organisations_that_collide_share_one_limit);
	tcase_add_test(tc, the_check_notices_wrong_octets_and_counts);
	tcase_add_test(tc, chunks_run_out);
	tcase_add_test(tc, the_check_notices_every_kind_of_damage);
	tcase_add_test(tc, pages_are_untouched_until_needed);
	tcase_add_test(tc, an_answer_touches_no_other_record);
	tcase_add_test(tc, freed_chunks_are_taken_before_new_ones);
}
