/* SPDX-License-Identifier: MIT */
/* How the cache and the journal work together: which records are marked as
 * saved. */
#include "cache_case.h"

const char unit_name[] = "cache saved";

/* Which versions the journal is to save, and when. */
START_TEST(a_change_that_must_survive_is_to_be_saved)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
	uint32_t hand = 0;
	sts_ref ref;

	begin(8192);
	put_kind("absent.example", STS_KIND_ABSENT);
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	put_enforce("a.example", 20);
	ref = find("a.example");
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 1);
	ck_assert_uint_eq(sts_cache_unsaved(&c, &hand, 1000, true), ref);
	ck_assert_uint_eq(sts_cache_unsaved(&c, &hand, 1, true), 0);
	sts_cache_saved(&c, ref);
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	e.check_s = e.checked_s = e.retry_s = e.refresh_s = 77;
	sts_cache_set(&c, ref, &e, sts_now(NOW, true));
	ck_assert(!sts_cache_is_unsaved(&c, ref));
	e.fetched_s--;
	sts_cache_set(&c, ref, &e, sts_now(NOW, true));
	ck_assert(sts_cache_is_unsaved(&c, ref));
	ck_assert_uint_eq(sts_cache_unsaved(&c, &hand, 1000, true), 0);
	ck_assert_uint_eq(sts_cache_unsaved(&c, &hand, 1000, false), ref);
	sts_cache_saved(&c, ref);
	e.max_age_s++;
	sts_cache_set(&c, ref, &e, sts_now(NOW, true));
	ck_assert(sts_cache_is_unsaved(&c, ref));
	/* A newer version of a saved policy does not count as the first
	 * version. */
	put_enforce("a.example", 21);
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 1);
	ck_assert_uint_eq(sts_cache_unsaved(&c, &hand, 1000, true), 0);
	ck_assert(sts_cache_check(&c));
	/* One that is removed while the journal writes it is not marked. */
	ref = find("a.example");
	sts_cache_pin(&c, ref);
	sts_cache_remove(&c, ref);
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	sts_cache_saved(&c, ref);
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	ck_assert(sts_cache_check(&c));
	sts_cache_unpin(&c, ref);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* A guest that becomes protected is saved again, now as a protected one. */
START_TEST(a_guest_that_becomes_protected_is_to_be_saved)
{
	begin(20000);
	fill(30);
	put_enforce("one.example", 30);
	sts_cache_saved(&c, find("one.example"));
	sts_cache_remove(&c, find("f.fill3.example"));
	sts_cache_sweep(&c, 1 << 20, sts_now(NOW, true));
	ck_assert(sts_cache_protected(&c, find("one.example")));
	ck_assert(sts_cache_is_unsaved(&c, find("one.example")));
}
END_TEST

/* Save what is unsaved, as a journal that comes to rest. */
static void
save_all(void)
{
	uint32_t hand = 0;
	sts_ref ref;

	while ((ref = sts_cache_unsaved(&c, &hand, 1 << 20, false)) != 0) {
		sts_cache_saved(&c, ref);
	}
	sts_cache_all_saved(&c);
}

/* A protected policy that expires is saved again, as one without protection,
 * and its room is free when that is done. */
START_TEST(a_protected_policy_that_expires_is_to_be_saved)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
	struct sts_now later = sts_now(NOW + e.max_age_s, true);

	begin(20000);
	fill(30);
	put_enforce("one.example", 30);
	save_all();
	sts_cache_sweep(&c, 1 << 20, sts_now(NOW + 1, true));
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	e.max_age_s *= 2;
	put("late.example", e, 1, 30);
	save_all();
	ck_assert(!sts_cache_protected(&c, find("late.example")));
	sts_cache_sweep(&c, 1 << 20, later);
	ck_assert(sts_cache_is_unsaved(&c, find("f.fill3.example")));
	/* A guest had no protection to lose. */
	ck_assert(!sts_cache_is_unsaved(&c, find("one.example")));
	sts_cache_sweep(&c, 1 << 20, later);
	ck_assert(!sts_cache_protected(&c, find("late.example")));
	save_all();
	sts_cache_sweep(&c, 1 << 20, later);
	ck_assert(sts_cache_protected(&c, find("late.example")));
}
END_TEST

static sts_ref
put_back(const char *domain, size_t n, bool protected)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
	struct sts_stage s;
	sts_ref ref;

	sts_cache_stage(&c, &s, unit_span(domain));
	sts_cache_append(&c, &s, payload_of(domain, 1, n), n);
	sts_cache_restore(&c, &s, &e, sts_now(NOW, true), protected, &ref);
	ck_assert(intact_ref(ref, domain, 1, n));
	ck_assert(!sts_cache_is_unsaved(&c, ref));
	return ref;
}

/* Restored from the journal, a guest takes no protected room, and a protected
 * policy may use the reserve as it did before. */
START_TEST(restored_policies_are_protected_as_before)
{
	sts_ref guest;

	begin(100000);
	guest = put_back("guest.example", 30, false);
	ck_assert(!sts_cache_protected(&c, guest));
	fill(30);
	ck_assert(sts_cache_protected(&c, put_back("p.example", 60, true)));
	ck_assert_uint_gt(stats().chunks_protected, c.protected_max);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/*
 * Room that one protected policy gives up is not given to another before the
 * journal has the change: it would hold both, and a restart would have no room
 * for both.
 */
START_TEST(room_given_up_is_not_reused_before_it_is_saved)
{
	struct sts_entry none = entry(STS_KIND_POLICY, STS_MODE_NONE);
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(100000);
	fill(30);
	save_all();
	put("f.fill3.example", none, 2, 30);
	sts_cache_remove(&c, find("f.fill5.example"));
	ck_assert_int_eq(put_enforce("one.example", 30), STS_REFUSED_ROOM);
	ck_assert_int_eq(put_enforce("two.example", 30), STS_REFUSED_ROOM);
	ck_assert(sts_cache_check(&c));
	/* A policy may always have its own room back. */
	ck_assert_int_eq(put("f.fill4.example", e, 2, 30), STS_ADMITTED);
	ck_assert_int_eq(put("f.fill4.example", e, 3, 20), STS_ADMITTED);
	save_all();
	sts_cache_sweep(&c, 1 << 20, sts_now(NOW, true));
	ck_assert(sts_cache_protected(&c, find("one.example")));
	ck_assert(sts_cache_protected(&c, find("two.example")));
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* What was never saved takes no room in the journal. */
START_TEST(room_of_what_was_never_saved_is_reused_at_once)
{
	begin(100000);
	fill(30);
	sts_cache_remove(&c, find("f.fill3.example"));
	ck_assert_int_eq(put_enforce("one.example", 30), STS_ADMITTED);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* A newer version that is evicted before it is saved leaves the older one in
 * the journal. */
START_TEST(a_journal_with_an_older_version_is_stale)
{
	struct sts_entry none = entry(STS_KIND_POLICY, STS_MODE_NONE);

	begin(8192);
	put_enforce("a.example", 100);
	put_mode("b.example", STS_MODE_NONE);
	save_all();
	put("a.example", none, 2, 20);
	ck_assert(!sts_cache_stale(&c));
	for (unsigned i = 0; find("b.example") != 0; i++) {
		char name[32];

		snprintf(name, sizeof name, "t%u.example", i);
		put_mode(name, STS_MODE_TESTING);
	}
	/* A version that the journal has may be evicted. */
	ck_assert(!sts_cache_stale(&c));
	while (find("a.example") != 0) {
		char name[32];

		snprintf(name, sizeof name, "u%u.example", stats().evicted);
		put_mode(name, STS_MODE_TESTING);
	}
	ck_assert(sts_cache_stale(&c));
	sts_cache_rewrite(&c);
	ck_assert(!sts_cache_stale(&c));
}
END_TEST

/* A version is known to be replaced when the newer one is too large to hold. */
START_TEST(a_version_too_large_to_hold_makes_a_journal_stale)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(8192);
	put_enforce("a.example", 100);
	put_enforce("b.example", 100);
	ck_assert_int_eq(put("b.example", e, 2, 2000), STS_REFUSED_LARGE);
	ck_assert(!sts_cache_stale(&c));
	save_all();
	ck_assert_int_eq(put("a.example", e, 2, 2000), STS_REFUSED_LARGE);
	ck_assert(sts_cache_stale(&c));
}
END_TEST

/* Two organisations at their limits share a counter under the key of this
 * boot. */
START_TEST(restored_policies_ignore_the_organisations_limit)
{
	uint32_t first = 0;

	begin(100000);
	while (stats().chunks_protected <= 2 * c.org_max) {
		char name[40];

		snprintf(name, sizeof name, "d%u.org.example", first++);
		ck_assert(sts_cache_protected(&c, put_back(name, 30, true)));
	}
	ck_assert(sts_cache_check(&c));
	ck_assert_int_eq(put_enforce("new.org.example", 30), STS_REFUSED_ORG);
	ck_assert_int_eq(put_enforce("new.example", 30), STS_ADMITTED);
}
END_TEST

START_TEST(a_scan_visits_every_policy)
{
	unsigned n = 0, calls = 0;
	uint32_t hand = 0;
	sts_ref ref;

	begin(8192);
	for (unsigned i = 0; i < 9; i++) {
		char name[32];

		snprintf(name, sizeof name, "d%u.example", i);
		if (i % 3 == 0) {
			put_kind(name, STS_KIND_ABSENT);
		} else {
			put_mode(name, STS_MODE_TESTING);
		}
	}
	while (sts_cache_scan(&c, &hand, 5, &ref)) {
		n += ref != 0;
		calls++;
	}
	ck_assert_uint_eq(n, 6);
	ck_assert_uint_ge(calls, sts_cache_chunks(&c) / 5);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_change_that_must_survive_is_to_be_saved);
	tcase_add_test(tc, a_guest_that_becomes_protected_is_to_be_saved);
	tcase_add_test(tc, a_protected_policy_that_expires_is_to_be_saved);
	tcase_add_test(tc, restored_policies_are_protected_as_before);
	tcase_add_test(tc, restored_policies_ignore_the_organisations_limit);
	tcase_add_test(tc, room_given_up_is_not_reused_before_it_is_saved);
	tcase_add_test(tc, room_of_what_was_never_saved_is_reused_at_once);
	tcase_add_test(tc, a_journal_with_an_older_version_is_stale);
	tcase_add_test(tc, a_version_too_large_to_hold_makes_a_journal_stale);
	tcase_add_test(tc, a_scan_visits_every_policy);
}
