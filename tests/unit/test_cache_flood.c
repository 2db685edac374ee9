/* SPDX-License-Identifier: MIT */
/* What is admitted, protected and evicted when strangers fill the cache. */
#include "cache_case.h"

const char unit_name[] = "cache flood";

/* Known enforce policies in the flood. */
enum {
	KNOWN = 1000,
	FLOOD_BLOCK = 1 << 19,
	FLOOD = 5000, /* fills the cache several times */
	LARGEST = 0xffff /* as length: what one record may have */
};

static char known_name[KNOWN][32];

static size_t
known_len(unsigned i)
{
	return 20 + i % 7 * 20;
}

static void
put_known(void)
{
	for (unsigned i = 0; i < KNOWN; i++) {
		snprintf(known_name[i], sizeof known_name[i],
		    "mail.known%u.example", i);
		ck_assert_int_eq(
		    put_enforce(known_name[i], known_len(i)), STS_ADMITTED);
	}
}

/* Each known policy must be found and protected; each in its turn must also
 * have its octets. */
static void
expect_known(const char *flood, unsigned step, unsigned turns)
{
	for (unsigned i = 0; i < KNOWN; i++) {
		sts_ref ref = find(known_name[i]);

		if (ref == 0 || !sts_cache_protected(&c, ref) ||
		    (i % turns == step % turns &&
			!intact_ref(ref, known_name[i], 1, known_len(i)))) {
			ck_abort_msg(
			    "%s: step %u lost %s", flood, step, known_name[i]);
		}
	}
}

enum junk {
	JUNK_ABSENT,
	JUNK_FAILED,
	JUNK_NONE,
	JUNK_TESTING,
	JUNK_ENFORCE,
	JUNK_KINDS
};

static void
put_junk(unsigned kind, const char *name, size_t n)
{
	static const enum sts_mode modes[] = { STS_MODE_NONE, STS_MODE_TESTING,
		STS_MODE_ENFORCE };

	if (kind == JUNK_ABSENT) {
		put_kind(name, STS_KIND_ABSENT);
	} else if (kind == JUNK_FAILED) {
		put_kind(name, draw(2) ? STS_KIND_BACK_OFF : STS_KIND_UNKNOWN);
	} else {
		put(name, entry(STS_KIND_POLICY, modes[kind - JUNK_NONE]), 1,
		    n);
	}
}

static const struct flood {
	const char *name;
	unsigned orgs; /* organisations of the junk; 0: one a domain */
	unsigned kinds; /* bits of enum junk */
	size_t len; /* of the payload; 0: drawn */
	unsigned steps;
	bool room; /* others' newcomers still find protected room */
} floods[] = {
	{ "R60 absent", 0, 1 << JUNK_ABSENT, 0, FLOOD, true },
	{ "R60 failures", 0, 1 << JUNK_FAILED, 0, FLOOD, true },
	{ "R60 none", 0, 1 << JUNK_NONE, 0, FLOOD, true },
	{ "R60 testing", 0, 1 << JUNK_TESTING, 0, FLOOD, true },
	{ "R60 enforce", 0, 1 << JUNK_ENFORCE, 0, FLOOD, false },
	{ "R60 all mixed", 0, 31, 0, 4 * FLOOD, false },
	{ "R60 enforce of one organisation", 1, 1 << JUNK_ENFORCE, 0, FLOOD,
	    true },
	{ "R60 enforce of 100 organisations", 100, 1 << JUNK_ENFORCE, 0, FLOOD,
	    false },
	{ "R60 enforce of the largest size", 0, 1 << JUNK_ENFORCE, LARGEST, 500,
	    false },
	{ "R60 the largest size, one organisation", 1, 1 << JUNK_ENFORCE,
	    LARGEST, 500, true },
	{ "R60 the largest size, 100 organisations", 100, 1 << JUNK_ENFORCE,
	    LARGEST, 500, false },
	{ "R60 all of the largest size", 7, 31, LARGEST, 1000, true },
};

static void
one_junk(const struct flood *f, unsigned i)
{
	unsigned kind = draw(JUNK_KINDS);
	unsigned org = f->orgs ? draw(f->orgs) : i;
	size_t len = f->len > 0 ? f->len : draw(400);
	char name[64];

	while ((f->kinds >> kind & 1) == 0) {
		kind = draw(JUNK_KINDS);
	}
	snprintf(name, sizeof name, "d%u.junk%u.example", i, org);
	if (f->len == LARGEST) {
		len = (c.record_max - 1) * 59 - strlen(name);
	}
	put_junk(kind, name, len);
}

/*
 * Newcomers of other organisations are kept: protected where the junk may not
 * take all the room, and elsewhere as guests, each of which is still held after
 * more junk.
 */
static void
expect_newcomers(const struct flood *f)
{
	for (unsigned i = 0; i < 20; i++) {
		char name[40];

		snprintf(name, sizeof name, "mail.newcomer%u.example", i);
		ck_assert_msg(put_enforce(name, 60) <= STS_REFUSED_ORG,
		    "%s: %s was not kept", f->name, name);
		if (f->room) {
			ck_assert_msg(sts_cache_protected(&c, find(name)),
			    "%s: %s is a guest", f->name, name);
		}
		one_junk(f, f->steps + i);
		ck_assert_msg(
		    intact(name, 1, 60), "%s: %s was lost", f->name, name);
	}
}

/* After each step every known policy is held. */
START_TEST(known_policies_outlast_a_flood)
{
	const struct flood *f = &floods[_i];

	begin(FLOOD_BLOCK);
	put_known();
	for (unsigned i = 0; i < f->steps; i++) {
		one_junk(f, i);
		expect_known(f->name, i, 50);
	}
	ck_assert(sts_cache_check(&c));
	/* It was a flood: the cache had no room for all of it. */
	ck_assert_uint_gt(stats().evicted + stats().refused, 0);
	expect_newcomers(f);
	expect_known(f->name, 0, 1);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* One organisation cannot take the room that newcomers of others need. */
START_TEST(one_organisation_leaves_room_for_others)
{
	uint32_t full;

	begin(200000);
	for (unsigned i = 0; i < 1000; i++) {
		char name[40];

		snprintf(name, sizeof name, "d%u.junk.example", i);
		put_enforce(name, 30);
	}
	full = stats().chunks_protected;
	ck_assert_uint_le(full, c.org_max);
	ck_assert_uint_gt(full + 2, c.org_max);
	ck_assert_int_eq(put_enforce("new.junk.example", 30), STS_REFUSED_ORG);
	ck_assert(find("new.junk.example") != 0);
	ck_assert(!sts_cache_protected(&c, find("new.junk.example")));
	ck_assert_int_eq(
	    put_enforce("mail.newcomer.example", 600), STS_ADMITTED);
	ck_assert(sts_cache_protected(&c, find("mail.newcomer.example")));
	ck_assert(sts_cache_check(&c));
}
END_TEST

START_TEST(a_newcomer_in_a_full_cache_is_a_guest)
{
	begin(100000);
	fill(30);
	ck_assert_uint_le(stats().chunks_protected, c.protected_max);
	ck_assert_uint_gt(stats().chunks_protected + 2, c.protected_max);
	/* Others live in the reserve, and the least recently used is evicted
	 * first. */
	for (unsigned i = 0; i < 500; i++) {
		char name[40];

		snprintf(name, sizeof name, "a%u.example", i);
		ck_assert_int_eq(put_kind(name, STS_KIND_ABSENT), STS_ADMITTED);
		ck_assert(find(name) != 0);
	}
	ck_assert(find("a0.example") == 0);
	/* A newcomer is a guest, and is served until it is evicted. */
	ck_assert_int_eq(put_enforce("guest.example", 30), STS_REFUSED_ROOM);
	ck_assert(intact("guest.example", 1, 30));
	ck_assert_uint_eq(stats().guests, 1);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* A guest becomes protected once there is room: when it is set, and by the
 * sweep. */
START_TEST(a_guest_is_protected_once_there_is_room)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	begin(20000);
	fill(30);
	put_enforce("one.example", 30);
	put_enforce("two.example", 30);
	ck_assert_int_eq(sts_cache_sweep(&c, 1 << 20, sts_now(NOW, true)), 0);
	ck_assert(!sts_cache_protected(&c, find("one.example")));
	sts_cache_set(&c, find("one.example"), &e, sts_now(NOW, true));
	ck_assert(!sts_cache_protected(&c, find("one.example")));
	sts_cache_remove(&c, find("f.fill3.example"));
	sts_cache_set(&c, find("one.example"), &e, sts_now(NOW, true));
	ck_assert(sts_cache_protected(&c, find("one.example")));
	sts_cache_remove(&c, find("f.fill5.example"));
	sts_cache_sweep(&c, 1 << 20, sts_now(NOW, true));
	ck_assert(sts_cache_protected(&c, find("two.example")));
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* Newer versions of protected policies, in a full cache. */
START_TEST(newer_versions_may_grow_into_the_reserve)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
	unsigned n, admitted = 0, refused = 0;

	begin(100000);
	n = fill(30);
	/* A version that takes no more chunks is always admitted. */
	for (unsigned i = 0; i < n; i++) {
		char name[40];

		snprintf(name, sizeof name, "f.fill%u.example", i);
		ck_assert_int_eq(put(name, e, 2, 31), STS_ADMITTED);
		ck_assert(intact(name, 2, 31));
	}
	/* Versions that grow may use the reserve down to its floor, and no
	 * further. */
	for (unsigned i = 0; i < n; i++) {
		char name[40];

		snprintf(name, sizeof name, "f.fill%u.example", i);
		refused += put(name, e, 3, 80) != STS_ADMITTED;
		admitted += refused == 0;
		ck_assert(intact(name, 3, 80));
		ck_assert_uint_le(stats().chunks_protected, c.update_max);
	}
	ck_assert_uint_ge(admitted, c.chunks.count / 16 - 1);
	ck_assert_uint_gt(stats().guests, 0);
	ck_assert_uint_gt(refused, 0);
	/* The refused version is held as a guest, and not lost: see above. */
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* An organisation at its limit can still replace a version by one that does not
 * grow. */
START_TEST(an_organisation_at_its_limit_may_still_update)
{
	struct sts_entry e = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);
	unsigned n = 0;
	char name[40];

	begin(100000);
	do {
		snprintf(name, sizeof name, "d%u.org.example", n++);
	} while (put_enforce(name, 30) == STS_ADMITTED);
	for (unsigned i = 0; i + 1 < n; i++) {
		snprintf(name, sizeof name, "d%u.org.example", i);
		ck_assert_int_eq(put(name, e, 2, 20), STS_ADMITTED);
	}
	ck_assert_int_eq(put("d0.org.example", e, 3, 300), STS_REFUSED_ORG);
	ck_assert(intact("d0.org.example", 3, 300));
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* Records are evicted in this order: by class, and within a class the least
 * recently used first. */
static const char *const victims[] = { "x1.expired", "x0.expired", "a0.absent",
	"u0.unknown", "b0.backoff", "a1.absent", "n1.none", "n0.none",
	"t0.testing", "t1.testing", "g0.org.example", "g1.org.example" };

static void
put_victims(void)
{
	struct sts_entry old = entry(STS_KIND_POLICY, STS_MODE_ENFORCE);

	put("g1.org.example", entry(STS_KIND_POLICY, STS_MODE_ENFORCE), 1, 30);
	put_enforce("g0.org.example", 30);
	put_mode("t0.testing", STS_MODE_TESTING);
	put_mode("t1.testing", STS_MODE_TESTING);
	put_mode("n1.none", STS_MODE_NONE);
	put_mode("n0.none", STS_MODE_NONE);
	put_kind("a1.absent", STS_KIND_ABSENT);
	put_kind("a0.absent", STS_KIND_ABSENT);
	put_kind("u0.unknown", STS_KIND_UNKNOWN);
	put_kind("b0.backoff", STS_KIND_BACK_OFF);
	old.fetched_s = NOW - 8 * DAY;
	put("x1.expired", old, 1, 30);
	old.mode = STS_MODE_NONE;
	put("x0.expired", old, 1, 30);
	sts_cache_touch(&c, find("a1.absent"));
	sts_cache_touch(&c, find("g1.org.example"));
}

START_TEST(records_are_evicted_by_class_and_by_use)
{
	static struct sts_stage stages[300];
	unsigned n = 0;

	begin(20000);
	for (unsigned i = 0; stats().enforce == i; i++) {
		char name[40];

		snprintf(name, sizeof name, "d%u.org.example", i);
		put_enforce(name, 30);
	}
	sts_cache_remove(&c, c.list[STS_CLASS_GUEST].head);
	put_victims();
	ck_assert_uint_eq(stats().guests, 2);
	while (stats().chunks_free > 1) {
		ck_assert(sts_cache_stage(
		    &c, &stages[n++], unit_span("staged.example")));
	}
	for (unsigned i = 0; i < UNIT_COUNT(victims); i++) {
		ck_assert_msg(find(victims[i]) != 0, "%s was evicted too early",
		    victims[i]);
		ck_assert(sts_cache_stage(
		    &c, &stages[n++], unit_span("staged.example")));
		ck_assert_msg(find(victims[i]) == 0,
		    "%s should have been evicted", victims[i]);
		ck_assert_uint_eq(stats().evicted, i + 1);
	}
	/* There is no victim left; the protected policies stay. */
	while (sts_cache_stage(&c, &stages[n], unit_span("staged.example"))) {
		n++;
	}
	ck_assert_uint_eq(stats().records, stats().enforce);
	ck_assert(sts_cache_check(&c));
	while (n > 0) {
		sts_cache_abandon(&c, &stages[--n]);
	}
	ck_assert_uint_eq(stats().chunks_staged, 0);
	ck_assert(sts_cache_check(&c));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_loop_test(
	    tc, known_policies_outlast_a_flood, 0, (int)UNIT_COUNT(floods));
	tcase_add_test(tc, one_organisation_leaves_room_for_others);
	tcase_add_test(tc, a_newcomer_in_a_full_cache_is_a_guest);
	tcase_add_test(tc, a_guest_is_protected_once_there_is_room);
	tcase_add_test(tc, newer_versions_may_grow_into_the_reserve);
	tcase_add_test(tc, an_organisation_at_its_limit_may_still_update);
	tcase_add_test(tc, records_are_evicted_by_class_and_by_use);
}
