/* SPDX-License-Identifier: MIT */
/*
 * The journal: what is left when the power fails in any write, torn and out of
 * order, when bits are stuck or the storage fails; and removals at such
 * moments.
 */
#include "journal_case.h"

const char unit_name[] = "journal, power";

/* For each domain, the version that is certainly kept and the last one put. */
static unsigned durable[DOMAINS], latest[DOMAINS];

/* Likewise, the operator's order. */
static uint32_t durable_off, latest_off;

/* One event of the story, after which the journal runs to its end or to the
 * cut. */
static void
event(unsigned i)
{
	unsigned domain = i * 5 % DOMAINS;
	unsigned version = i / 4;

	if (i % 9 == 8) {
		sts_ref ref = sts_cache_find(&c, unit_span(name_of(domain)));

		if (ref != 0) {
			sts_cache_remove(&c, ref);
		}
		if (!sts_journal_forget(
			&j, unit_span(name_of(domain)), STS_FORGET_ORDERED)) {
			sts_journal_compact(&j);
		}
		latest[domain] = FORGOTTEN;
	} else {
		put(domain, version);
		latest[domain] = version;
	}
	if (i % 7 == 6) {
		sts_journal_stamp(&j, NOW + i);
	}
	if (i % 11 == 10) {
		latest_off = i % 2 == 0 ? NOW + i : 0;
		sts_journal_set_off(&j, latest_off);
	}
	if (i % 31 == 30) {
		sts_journal_compact(&j);
	}
	ck_assert(run_at(NOW));
	ck_assert(!f.broken);
	if (!f.off && sts_journal_state(&j) == STS_JOURNAL_READY) {
		memcpy(durable, latest, sizeof durable);
		durable_off = latest_off;
	}
}

/* After a start, each domain is at its durable version or at the latest. */
static void
expect_contract(unsigned cut)
{
	for (unsigned i = 0; i < DOMAINS; i++) {
		unsigned got = held(i);

		ck_assert_msg(got == durable[i] || got == latest[i],
		    "cut at %u: domain %u has version %u, not %u or %u", cut, i,
		    got, durable[i], latest[i]);
		durable[i] = got;
		latest[i] = got;
	}
	uint32_t off = sts_journal_off_s(&j);

	ck_assert_msg(off == durable_off || off == latest_off,
	    "cut at %u: off until %lu", cut, (unsigned long)off);
	durable_off = latest_off = off;
	ck_assert(sts_cache_check(&c));
}

enum {
	EVENTS = 60
};

/* Play the story from event `from` on. Returns the number of the event in which
 * the power was cut, or EVENTS. */
static unsigned
match_events(unsigned from)
{
	for (unsigned i = from; i < EVENTS; i++) {
		event(i);
		if (f.off) {
			return i;
		}
	}
	return EVENTS;
}

static void
restart(unsigned g, unsigned cut)
{
	flash_power_on(&f);
	start(g);
	f.cut_at = 0;
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	expect_contract(cut);
}

/* Promise 7: the power is cut at each write in turn, and once more during the
 * writes after the restart. */
START_TEST(a_power_cut_at_any_write_loses_nothing_saved)
{
	unsigned g = (unsigned)_i;
	unsigned at = EVENTS;

	for (unsigned cut = 1;; cut += unit_every()) {
		unsigned second = 1 + cut * 7 % 40;

		flash_for(g);
		f.random = cut;
		for (unsigned i = 0; i < DOMAINS; i++) {
			durable[i] = latest[i] = FORGOTTEN;
			durable_off = latest_off = 0;
		}
		start(g);
		f.cut_at = cut;
		ck_assert(run_at(NOW));
		at = match_events(0);
		if (at == EVENTS) {
			/* or in no write at all */
			ck_assert_uint_gt(cut, EVENTS);
			break;
		}
		restart(g, cut);
		f.ops = 0;
		f.cut_at = second;
		at = match_events(at);
		if (f.off) {
			restart(g, cut);
			at = match_events(at);
		}
		flash_power_off(&f, FLASH_ANY_ORDER);
		restart(g, cut);
	}
}
END_TEST

/* A bit of the medium is stuck: every policy that was reported as saved is
 * there after each restart, and if there is another good area the journal goes
 * on. */
START_TEST(a_stuck_bit_loses_nothing_saved)
{
	unsigned g = (unsigned)_i;
	uint32_t size = geometries[g].area_size * geometries[g].area_count;

	for (unsigned n = 0; n < 40; n += unit_every()) {
		unsigned at = 0;

		flash_for(g);
		f.random = n;
		/* mostly in the heads of areas and in their first records */
		f.stuck_off = flash_draw(&f, geometries[g].area_count) *
				  geometries[g].area_size +
			      flash_draw(&f, n % 2 ? 48 : 3000);
		f.stuck_bit = (uint8_t)(1 << n % 8);
		f.stuck_to = n % 3 == 0 ? 0xff : 0;
		flash_stick(&f);
		memcpy(f.synced, f.now, size);
		for (unsigned i = 0; i < DOMAINS; i++) {
			durable[i] = latest[i] = FORGOTTEN;
			durable_off = latest_off = 0;
		}
		start(g);
		ck_assert(run_at(NOW));
		for (unsigned cut = 0; at < EVENTS && cut < 12; cut++) {
			f.cut_at = f.ops + 1 + flash_draw(&f, 500);
			at = match_events(at);
			if (!f.off) {
				flash_power_off(&f, FLASH_IN_ORDER);
			}
			restart(g, at);
			if (geometries[g].area_count > 2) {
				sts_journal_compact(&j);
				ck_assert(run_at(NOW));
				ck_assert_int_eq(
				    sts_journal_state(&j), STS_JOURNAL_READY);
			}
		}
	}
}
END_TEST

/*
 * Any one bit of the medium flips: no version that was never put comes back
 * (held() checks that), and what does not come back as it was kept is counted as
 * lost. In the body of a record it costs that record alone; in the head of one,
 * all records behind it; in the head of an area, the area.
 */
START_TEST(what_a_flipped_bit_costs_is_noticed)
{
	unsigned g = (unsigned)_i;
	static uint8_t good[FLASH_MAX];
	uint32_t size = geometries[g].area_size * geometries[g].area_count;
	uint32_t step = (8 * size / 500 | 1) * unit_every();

	flash_for(g);
	start(g);
	run();
	ck_assert_uint_eq(match_events(0), EVENTS);
	memcpy(good, f.synced, sizeof good);
	for (uint32_t bit = 3; bit < 8 * size; bit += step) {
		unsigned changed = 0;

		memcpy(f.synced, good, sizeof good);
		f.synced[bit / 8] ^= (uint8_t)(1 << bit % 8);
		flash_power_on(&f);
		start(g);
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			changed += held(i) != latest[i];
		}
		ck_assert(sts_cache_check(&c));
		if (changed > 0) {
			ck_assert_uint_gt(j.lost, 0);
		}
		if (!j.dirty &&
		    bit / 8 % geometries[g].area_size >= STS_JOURNAL_HEAD) {
			ck_assert_uint_le(changed, 1);
		}
		/* and the journal goes on working */
		if (bit % 5 == 0) {
			put(0, 60);
			run();
			off_and_on(g, FLASH_ANY_ORDER);
			ck_assert_uint_eq(held(0), 60);
		}
	}
}
END_TEST

/* When the storage reports errors the journal moves to the next area, and rests
 * in the end, until a retry brings everything. */
START_TEST(the_journal_goes_on_after_errors)
{
	for (unsigned from = 1; from < 40; from++) {
		flash_for(1);
		start(1);
		f.fail_from = from;
		f.fail_to = from + 2;
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			put(i, 1);
			run();
		}
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
		flash_power_off(&f, FLASH_ANY_ORDER);
		flash_power_on(&f);
		f.fail_from = 0;
		f.fail_to = 0;
		start(1);
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			ck_assert_uint_eq(held(i), 1);
		}
	}
	f.fail_from = 1;
	f.fail_to = UINT32_MAX;
	put(1, 2);
	ck_assert(run_at(NOW));
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FAILED);
	ck_assert(!sts_journal_busy(&j));
	sts_cache_remove(&c, sts_cache_find(&c, unit_span(name_of(3))));
	ck_assert(
	    sts_journal_forget(&j, unit_span(name_of(3)), STS_FORGET_ORDERED));
	put(4, 2);
	for (unsigned i = 0; i < 3; i++) {
		sts_journal_retry(&j);
		ck_assert(run_at(NOW));
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FAILED);
	}
	f.fail_with = STS_IO_LIMIT;
	sts_journal_retry(&j);
	ck_assert(run_at(NOW));
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FULL);
	ck_assert_uint_eq(held(1), 2);
	ck_assert(sts_cache_check(&c));
	f.fail_to = 0;
	sts_journal_retry(&j);
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	off_and_on(1, FLASH_ANY_ORDER);
	for (unsigned i = 0; i < DOMAINS; i++) {
		ck_assert_uint_eq(held(i),
		    i == 3 ? (unsigned)FORGOTTEN : 1u + (i == 1 || i == 4));
	}
}
END_TEST

/* A storage that was full, and has room again, is not called full because of a
 * later fault: a bit that sticks moves the journal to the next area, at once. */
START_TEST(a_storage_that_was_full_is_full_no_more)
{
	flash_for(1);
	start(1);
	put(1, 1);
	run();
	f.fail_from = 1;
	f.fail_to = UINT32_MAX;
	f.fail_with = STS_IO_LIMIT;
	put(1, 2);
	ck_assert(run_at(NOW));
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FULL);
	f.fail_to = 0;
	sts_journal_retry(&j);
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	f.stuck_off = j.area * geometries[1].area_size + j.pos;
	f.stuck_bit = 1; /* of the record's type */
	f.stuck_to = 0;
	put(1, 3);
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	off_and_on(1, FLASH_ANY_ORDER);
	ck_assert_uint_eq(held(1), 3);
}
END_TEST

/* What cannot be read is read again at each retry, and is given up after the
 * last. Before that nothing is written. */
START_TEST(nothing_is_written_before_all_is_read)
{
	for (unsigned at = 0; at < 40; at++) {
		unsigned held_now = 0;

		flash_for(1);
		start(1);
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			put(i, 1);
		}
		run();
		flash_power_on(&f);
		start(1);
		for (unsigned i = 0; i < at; i++) {
			sts_journal_step(&j, &f.store, NOW);
		}
		f.fail_reads = 1 + at % STS_JOURNAL_READS_MAX;
		put(1, 2);
		for (unsigned i = 1; i < STS_JOURNAL_READS_MAX; i++) {
			run();
			if (sts_journal_state(&j) == STS_JOURNAL_FAILED) {
				ck_assert_uint_eq(f.ops, 0);
			}
			sts_journal_retry(&j);
		}
		run();
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
		for (unsigned i = 0; i < DOMAINS; i++) {
			held_now += held(i) != FORGOTTEN;
		}
		if (at % STS_JOURNAL_READS_MAX + 1 < STS_JOURNAL_READS_MAX) {
			ck_assert_uint_eq(j.lost, 0);
			ck_assert_uint_eq(held_now, DOMAINS);
		}
		ck_assert_uint_eq(held(1), 2);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* Once a place was given up, no other is waited for. */
START_TEST(one_place_given_up_ends_all_waiting)
{
	flash_for(1);
	start(1);
	run();
	for (unsigned i = 0; i < DOMAINS; i++) {
		put(i, 1);
	}
	run();
	flash_power_on(&f);
	start(1);
	/* both heads of areas, and some heads of records */
	for (unsigned i = 0; i < 4; i++) {
		sts_journal_step(&j, &f.store, NOW);
	}
	f.fail_reads = STS_JOURNAL_READS_MAX;
	for (unsigned i = 1; i < STS_JOURNAL_READS_MAX; i++) {
		run();
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FAILED);
		sts_journal_retry(&j);
	}
	sts_journal_step(&j, &f.store, NOW);
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_LOADING);
	ck_assert_uint_eq(j.lost, 0);
	sts_journal_step(&j, &f.store, NOW); /* a head, then its domain */
	f.fail_reads = 1;
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	ck_assert_uint_eq(j.lost, 1);
	for (unsigned i = 0; i < DOMAINS; i++) {
		ck_assert(i == 0 || held(i) == 1);
	}
}
END_TEST

static void
forget(unsigned domain)
{
	sts_ref ref = sts_cache_find(&c, unit_span(name_of(domain)));

	if (ref != 0) {
		sts_cache_remove(&c, ref);
	}
	ck_assert(sts_journal_forget(
	    &j, unit_span(name_of(domain)), STS_FORGET_ORDERED));
}

/* A domain is removed at any moment while its own record is being written. The
 * power fails as soon as the removal is reported as saved. */
START_TEST(a_removal_while_written_is_kept)
{
	for (unsigned g = 0; g < UNIT_COUNT(geometries); g++) {
		for (unsigned steps = 0; steps < 12; steps++) {
			flash_for(g);
			f.random = steps;
			start(g);
			run();
			put(4, 1);
			put(5, 1);
			run();
			put(4, 2);
			for (unsigned i = 0; i < steps; i++) {
				sts_journal_step(&j, &f.store, NOW);
			}
			forget(4);
			run();
			off_and_on(g, FLASH_ANY_ORDER);
			ck_assert_uint_eq(held(4), FORGOTTEN);
			ck_assert_uint_eq(held(5), 1);
		}
	}
}
END_TEST

/* A domain is removed, learned again, and evicted before that was saved. */
START_TEST(a_removal_outlives_an_evicted_newcomer)
{
	flash_for(1);
	start(1);
	put(4, 1);
	run();
	forget(4);
	put(4, 2);
	/* The removal is being written when the newcomer is evicted. */
	for (unsigned i = 0; i < 3; i++) {
		sts_journal_step(&j, &f.store, NOW);
	}
	sts_cache_remove(&c, sts_cache_find(&c, unit_span(name_of(4))));
	run();
	off_and_on(1, FLASH_ANY_ORDER);
	ck_assert_uint_eq(held(4), FORGOTTEN);
}
END_TEST

/* A removal fits whatever is left of the area. */
START_TEST(a_removal_fits_any_rest_of_an_area)
{
	unsigned moved = 0;

	for (unsigned n = 0; n < 160; n += 3) {
		unsigned before;

		flash_for(0);
		start(0);
		run();
		put(7, 1);
		for (unsigned i = 0; i < n; i++) {
			put(i % 5, i % VERSIONS);
			run();
		}
		before = j.compactions;
		forget(7);
		run();
		moved += j.compactions > before;
		off_and_on(0, FLASH_ANY_ORDER);
		ck_assert_uint_eq(held(7), FORGOTTEN);
		ck_assert_uint_eq(held(0) == FORGOTTEN, n == 0);
	}
	/* some of the removals found the area full */
	ck_assert_uint_gt(moved, 0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	int n = (int)UNIT_COUNT(geometries);

	tcase_add_loop_test(
	    tc, a_power_cut_at_any_write_loses_nothing_saved, 0, n);
	tcase_add_loop_test(tc, what_a_flipped_bit_costs_is_noticed, 0, n);
	tcase_add_loop_test(tc, a_stuck_bit_loses_nothing_saved, 0, n);
	tcase_add_test(tc, the_journal_goes_on_after_errors);
	tcase_add_test(tc, a_storage_that_was_full_is_full_no_more);
	tcase_add_test(tc, nothing_is_written_before_all_is_read);
	tcase_add_test(tc, one_place_given_up_ends_all_waiting);
	tcase_add_test(tc, a_removal_while_written_is_kept);
	tcase_add_test(tc, a_removal_outlives_an_evicted_newcomer);
	tcase_add_test(tc, a_removal_fits_any_rest_of_an_area);
}
