/* SPDX-License-Identifier: MIT */
/* core/report/report_tally, report_view: what is counted, and what is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/crc32.h"
#include "../../core/report/report_save.h"
#include "unit.h"

const char unit_name[] = "report_tally";

#define RECORD "v=TLSRPTv1; rua=mailto:tls@good.test,https://r.good.test/v1"

enum {
	DAY = 20000,
	BLOCK_MAX = 3 << 20
};

static uint8_t block[BLOCK_MAX];
static struct sts_tally t;
static struct sts_report_event e;

static void
begin(size_t size, bool failures_only)
{
	struct sts_tally_config config = { { 1, 2, 3 }, failures_only, 64 };

	memset(block, 0xa5, sizeof block);
	sts_tally_init(&t, block, size, &config);
	sts_tally_day(&t, DAY);
}

static void
event(const char *domain, const char *record)
{
	ck_assert(sts_event_begin(&e, unit_span(domain), unit_span(record)));
}

static void
failure(enum sts_report_result result, const char *reason, const char *helo)
{
	struct sts_report_failure f = { result, { { NULL, 0 } } };

	f.texts[STS_REPORT_MTA_IP] = unit_span("192.0.2.1");
	f.texts[STS_REPORT_MX] = unit_span("mx.example.test");
	f.texts[STS_REPORT_MX_IP] = unit_span("198.51.100.9");
	f.texts[STS_REPORT_REASON] = unit_span(reason);
	f.texts[STS_REPORT_HELO] = unit_span(helo);
	sts_event_failure(&e, &f);
	e.failed = true;
}

static bool
add(const char *domain, bool failing)
{
	event(domain, RECORD);
	if (failing) {
		failure(STS_REPORT_EXPIRED, "x", "y");
	}
	return sts_tally_add(&t, DAY, &e);
}

/* Memory that was never used is not touched; memory that was used is all zeros
 * once the tally is empty. */
START_TEST(an_emptied_tally_is_all_zeros)
{
	size_t used;

	begin(65536, false);
	ck_assert_uint_eq(block[0], 0xa5);
	ck_assert(!sts_tally_is(&t, 1) && !sts_tally_is(&t, t.chunks.count));
	ck_assert(sts_tally_check(&t));
	ck_assert(add("a.test", true) && add("b.test", false));
	used = (size_t)t.chunks.used * STS_CHUNK_SIZE;
	ck_assert_uint_eq(block[used], 0xa5);
	sts_tally_empty(&t);
	for (size_t i = 0; i < used; i++) {
		ck_assert_uint_eq(block[i], 0);
	}
	ck_assert_uint_eq(block[used], 0xa5);
	ck_assert(!sts_tally_is(&t, 1));
	ck_assert(sts_tally_check(&t));
}
END_TEST

/* The number of sessions in a day's slot. */
static uint64_t
in_slot(unsigned slot)
{
	uint64_t sum = 0, s, f;

	for (uint32_t d = 0; (d = sts_tally_next(&t, slot, d)) != 0;) {
		sts_tally_totals(&t, d, &s, &f);
		sum += s + f;
	}
	return sum;
}

static uint64_t
all_lost(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		sum += t.lost[i];
	}
	return sum;
}

/* Promise: every session is counted in exactly one report, or as lost. */
static void
balanced(const char *name)
{
	uint64_t in = 0;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		in += in_slot(i);
	}
	unit_int(name, (long long)(in + all_lost()), (long long)t.sessions);
	ck_assert_msg(sts_tally_check(&t), "%s: invariants", name);
}

static uint32_t
the(const char *domain)
{
	return sts_tally_find(&t, sts_tally_today(&t), unit_span(domain), 0);
}

START_TEST(sessions_and_failures_are_counted)
{
	struct sts_tally_domain d;
	struct sts_tally_policy p;
	struct sts_tally_failure f;
	uint8_t room[256];

	begin(65536, false);
	event("Good.test.", RECORD);
	sts_event_policy(&e, STS_REPORT_STS, unit_span("good.test"));
	sts_event_string(&e, unit_span("version: STSv1"));
	sts_event_mx(&e, unit_span("*.good.test"));
	ck_assert(sts_tally_add(&t, DAY, &e));
	ck_assert(sts_tally_add(&t, DAY, &e));
	failure(STS_REPORT_EXPIRED, "why", "first.helo");
	ck_assert(sts_tally_add(&t, DAY, &e));
	unit_int("one domain", t.domains[sts_tally_today(&t)], 1);
	sts_tally_domain(&t, the("good.test"), &d);
	ck_assert(d.failing);
	unit_int("day", d.day, DAY);
	unit_text(
	    "name", sts_tally_copy(&t, d.name, room, sizeof room), "good.test");
	unit_text(
	    "record", sts_tally_copy(&t, d.record, room, sizeof room), RECORD);
	sts_tally_policy(&t, d.policy, &p);
	unit_int("type", p.type, STS_REPORT_STS);
	unit_int("successes", p.successes, 2);
	unit_int("failures", p.failures, 1);
	unit_int("next policy", p.next, 0);
	unit_int("strings", p.string_count, 1);
	unit_int("mx", p.mx_count, 1);
	sts_tally_failure(&t, p.failure, &f);
	unit_int("count", f.count, 1);
	unit_text("helo",
	    sts_tally_copy(&t, f.texts[STS_REPORT_HELO], room, sizeof room),
	    "first.helo");
	unit_text("ip",
	    sts_tally_copy(&t, f.texts[STS_REPORT_MX_IP], room, sizeof room),
	    "198.51.100.9");

	/* Another HELO makes no other failure; another reason does. */
	event("good.test", RECORD);
	sts_event_policy(&e, STS_REPORT_STS, unit_span(""));
	sts_event_string(&e, unit_span("version: STSv1"));
	sts_event_mx(&e, unit_span("*.good.test"));
	failure(STS_REPORT_EXPIRED, "why", "second.helo");
	failure(STS_REPORT_EXPIRED, "why2", "second.helo");
	failure(STS_REPORT_NOT_TRUSTED, "why", "second.helo");
	ck_assert(sts_tally_add(&t, DAY, &e));
	sts_tally_policy(&t, d.policy, &p);
	unit_int("failures", p.failures, 2);
	sts_tally_failure(&t, p.failure, &f);
	unit_int("count", f.count, 2);
	unit_text("first helo is kept",
	    sts_tally_copy(&t, f.texts[STS_REPORT_HELO], room, sizeof room),
	    "first.helo");
	sts_tally_failure(&t, f.next, &f);
	unit_int("count of the other failure", f.count, 1);
	ck_assert(f.next != 0);
	balanced("counting");
}
END_TEST

/* What makes another policy or another report: each difference alone. */
static const struct {
	const char *name, *domain, *record;
	enum sts_report_policy type;
	const char *policy_domain, *string, *mx;
	unsigned domains, policies; /* after it, beside the first event's */
} differences[] = {
	{ "the same", "a.test", RECORD, STS_REPORT_STS, "a.test", "x", "y", 1,
	    1 },
	{ "type", "a.test", RECORD, STS_REPORT_TLSA, "a.test", "x", "y", 1, 2 },
	{ "policy's domain", "a.test", RECORD, STS_REPORT_STS, "b.test", "x",
	    "y", 1, 2 },
	{ "string", "a.test", RECORD, STS_REPORT_STS, "a.test", "z", "y", 1,
	    2 },
	{ "mx", "a.test", RECORD, STS_REPORT_STS, "a.test", "x", "z", 1, 2 },
	{ "where strings end", "a.test", RECORD, STS_REPORT_STS, "a.test", "xy",
	    "", 1, 2 },
	{ "record", "a.test", RECORD "x", STS_REPORT_STS, "a.test", "x", "y", 2,
	    1 },
	{ "domain", "b.test", RECORD, STS_REPORT_STS, "a.test", "x", "y", 2,
	    1 },
};

static unsigned
count_policies(uint32_t ref)
{
	struct sts_tally_domain d;
	struct sts_tally_policy p;
	unsigned n = 0;

	sts_tally_domain(&t, ref, &d);
	for (p.next = d.policy; p.next != 0; n++) {
		sts_tally_policy(&t, p.next, &p);
	}
	return n;
}

START_TEST(each_difference_makes_another_policy_or_report)
{
	for (size_t i = 0; i < UNIT_COUNT(differences); i++) {
		begin(65536, false);
		for (unsigned k = 0; k < 2; k++) {
			size_t c = k == 0 ? 0 : i;

			event(differences[c].domain, differences[c].record);
			sts_event_policy(&e, differences[c].type,
			    unit_span(differences[c].policy_domain));
			sts_event_string(&e, unit_span(differences[c].string));
			sts_event_mx(&e, unit_span(differences[c].mx));
			ck_assert(sts_tally_add(&t, DAY, &e));
		}
		unit_int(differences[i].name, t.domains[sts_tally_today(&t)],
		    differences[i].domains);
		unit_int(differences[i].name, count_policies(the("a.test")),
		    differences[i].policies);
	}
}
END_TEST

/* failures_max different failures are kept one by one, the further ones by
 * result type. */
START_TEST(many_failures_are_merged_by_result)
{
	struct sts_tally_domain d;
	struct sts_tally_policy p;
	struct sts_tally_failure f;
	unsigned one_by_one = 0, further = 0;
	uint64_t sum = 0;

	begin(1 << 20, false);
	for (unsigned i = 0; i < 1000; i++) {
		char reason[16];

		sprintf(reason, "r%u", i);
		event("a.test", RECORD);
		failure(i % 2 ? STS_REPORT_EXPIRED : STS_REPORT_NOT_TRUSTED,
		    reason, "h");
		ck_assert(sts_tally_add(&t, DAY, &e));
	}
	sts_tally_domain(&t, the("a.test"), &d);
	sts_tally_policy(&t, d.policy, &p);
	unit_int("failures", p.failures, 1000);
	for (f.next = p.failure; f.next != 0;) {
		sts_tally_failure(&t, f.next, &f);
		sum += f.count;
		one_by_one += !f.further;
		further += f.further;
		ck_assert(!f.further || f.texts[STS_REPORT_MX].len == 0);
	}
	unit_int("one by one", one_by_one, 64);
	unit_int("merged entries", further, 2);
	unit_int("sum", (long long)sum, 1000);
	unit_int("counted", (long long)t.further, 1000 - 64);
	balanced("many failures");
}
END_TEST

/* With more policies than the limit the totals stay right. */
START_TEST(many_policies_keep_their_totals)
{
	uint64_t s, f;

	begin(1 << 20, false);
	for (unsigned i = 0; i < 500; i++) {
		char text[32];

		sprintf(text, "mx%u.b.test", i);
		event("a.test", RECORD);
		sts_event_policy(&e, i % 3 ? STS_REPORT_TLSA : STS_REPORT_STS,
		    unit_span(i % 2 ? text : "a.test"));
		sts_event_string(&e, unit_span(text));
		ck_assert(sts_tally_add(&t, DAY, &e));
	}
	sts_tally_totals(&t, the("a.test"), &s, &f);
	unit_int("sessions", (long long)s, 500);
	ck_assert(count_policies(the("a.test")) <= 2 * STS_REPORT_POLICIES + 3);
	balanced("many policies");
}
END_TEST

static void
fill(bool failing)
{
	for (unsigned i = 0; i < 400; i++) {
		char name[32];

		sprintf(name, "d%u.org%u.test", i, i);
		add(name, failing);
	}
}

/* The order in which a full tally gives up domains. */
START_TEST(a_full_tally_gives_up_successes_first)
{
	char name[32];
	unsigned i;

	begin(16384, false);
	fill(false);
	ck_assert(t.lost[STS_TALLY_REFUSED] > 0);
	unit_int("none displaced", (long long)t.lost[STS_TALLY_DISPLACED], 0);
	balanced("full of successes");
	ck_assert(the("d0.org0.test") != 0);
	ck_assert(!add("new.example", false));
	ck_assert(add("new2.example", true));
	ck_assert(t.lost[STS_TALLY_DISPLACED] > 0);
	ck_assert(the("d0.org0.test") != 0); /* the latest goes first */
	/* A refused domain stays out for that day, failing or not. */
	ck_assert(!add("new.example", true));
	/* So does a displaced one. */
	for (i = 399; i > 0; i--) {
		sprintf(name, "d%u.org%u.test", i, i);
		if (the(name) != 0) {
			break;
		}
	}
	sprintf(name, "d%u.org%u.test", i + 1, i + 1);
	ck_assert(!add(name, true));
	balanced("displaced");
	/* A failing domain displaces no failing one. */
	fill(true);
	uint64_t displaced = t.lost[STS_TALLY_DISPLACED];

	for (i = 0; i < 100; i++) {
		sprintf(name, "e%u.xorg%u.test", i, i);
		add(name, true);
	}
	unit_int("displaced", (long long)t.lost[STS_TALLY_DISPLACED],
	    (long long)displaced);
	ck_assert(the("new2.example") != 0);
	balanced("full of failures");
	/* The next day all domains may come. */
	sts_tally_day(&t, DAY + 1);
	event("new.example", RECORD);
	failure(STS_REPORT_EXPIRED, "x", "y");
	balanced("next day");
}
END_TEST

/* An organisation may have a sixteenth of the tally; after its flood others
 * still get in. */
START_TEST(an_organisation_takes_a_sixteenth)
{
	char name[64];
	unsigned honest = 0;

	begin(262144, false);
	for (unsigned i = 0; i < 20000; i++) {
		sprintf(name, "d%u.hostile.test", i);
		add(name, true);
	}
	ck_assert(t.lost[STS_TALLY_SHARE] > 0);
	ck_assert(all_lost() > 19000);
	ck_assert(sts_tally_free(&t) > sts_tally_chunks(&t) / 10 * 9);
	for (unsigned i = 0; i < 200; i++) {
		sprintf(name, "honest%u.example", i);
		honest += add(name, i % 2);
	}
	/* A few share its place in the tables of hashes. */
	ck_assert_msg(honest >= 190, "%u of 200", honest);
	balanced("shares");
}
END_TEST

START_TEST(successes_before_a_failure_are_passed_over)
{
	uint64_t s, f;

	begin(8192, true);
	ck_assert(!add("a.test", false));
	unit_int("passed over", (long long)t.lost[STS_TALLY_PASSED], 1);
	ck_assert(add("a.test", true));
	ck_assert(add("a.test", false));
	sts_tally_totals(&t, the("a.test"), &s, &f);
	unit_int("successes since", (long long)s, 1);
	unit_int("failures", (long long)f, 1);
	/* A board has room for a dozen domains. */
	for (unsigned i = 0; i < 11; i++) {
		char name[32];

		sprintf(name, "d%u.org%u.test", i, i);
		ck_assert(add(name, true));
	}
	balanced("failures only");
}
END_TEST

START_TEST(a_day_undelivered_for_long_is_given_up)
{
	begin(65536, false);
	unit_int("today", t.days[sts_tally_today(&t)], DAY);
	unit_int("oldest day", sts_tally_oldest(&t), -1);
	add("a.test", false);
	/* After a step of the clock back over midnight events count for the
	 * later day. */
	event("a.test", RECORD);
	ck_assert(sts_tally_add(&t, DAY - 1, &e));
	unit_int(
	    "sessions of the day", (long long)in_slot(sts_tally_today(&t)), 2);
	ck_assert(sts_tally_add(&t, DAY + 1, &e));
	unit_int("today", t.days[sts_tally_today(&t)], DAY + 1);
	unit_int("sessions of the new day",
	    (long long)in_slot(sts_tally_today(&t)), 1);
	unit_int("yesterday", t.days[sts_tally_oldest(&t)], DAY);
	unit_int("sessions of the day before",
	    (long long)in_slot((unsigned)sts_tally_oldest(&t)), 2);
	ck_assert(sts_tally_add(&t, DAY + 2, &e));
	unit_int("oldest", t.days[sts_tally_oldest(&t)], DAY);
	unit_int("sessions lost", (long long)all_lost(), 0);
	ck_assert(sts_tally_add(&t, DAY + 9, &e));
	unit_int(
	    "sessions given up", (long long)t.lost[STS_TALLY_UNDELIVERED], 2);
	unit_int("oldest", t.days[sts_tally_oldest(&t)], DAY + 1);
	balanced("days");
	sts_tally_drop(
	    &t, sts_tally_next(&t, (unsigned)sts_tally_oldest(&t), 0), true);
	unit_int("delivered is not lost", (long long)all_lost(), 2);
	ck_assert(sts_tally_check(&t));
}
END_TEST

/* Until the clock is known events are held for the day on which it becomes
 * known. */
START_TEST(events_wait_for_the_clock)
{
	struct sts_tally_config config = { { 0 }, false, 64 };

	sts_tally_init(&t, block, 65536, &config);
	event("a.test", RECORD);
	ck_assert(sts_tally_add(&t, STS_TALLY_NO_DAY, &e));
	unit_int("day without a clock", t.days[sts_tally_today(&t)], 0);
	ck_assert(sts_tally_add(&t, DAY, &e));
	unit_int("the day it came", t.days[sts_tally_today(&t)], DAY);
	unit_int(
	    "sessions of the day", (long long)in_slot(sts_tally_today(&t)), 2);
	ck_assert(sts_tally_add(&t, STS_TALLY_NO_DAY, &e));
	unit_int(
	    "sessions of the day", (long long)in_slot(sts_tally_today(&t)), 3);
}
END_TEST

START_TEST(a_pinned_domain_is_not_displaced)
{
	char name[32];
	struct sts_tally_delivery d = { 5, 2, 123456 };
	struct sts_tally_domain view;

	begin(16384, false);
	fill(false);
	/* Without its pin, the latest domain would be displaced first. */
	uint32_t last = 0, ref = 0;

	while ((ref = sts_tally_next(&t, sts_tally_today(&t), ref)) != 0) {
		last = ref;
	}
	sts_tally_pin(&t, last);
	sts_tally_deliver(&t, last, &d);
	for (unsigned i = 0; i < 100; i++) {
		sprintf(name, "f%u.forg%u.test", i, i);
		add(name, true);
	}
	ck_assert(sts_tally_is(&t, last));
	sts_tally_domain(&t, last, &view);
	ck_assert(!view.failing);
	unit_int("destinations done", view.delivery.done, 5);
	unit_int("tries", view.delivery.tries, 2);
	unit_int("due", view.delivery.due_s, 123456);
	sts_tally_unpin(&t, last);
	sts_tally_drop(&t, last, false);
	ck_assert(!sts_tally_is(&t, last));
	balanced("pinned");
}
END_TEST

/* A day with 10,000 domains, a fifth of which have a policy, and 1 % of which
 * fail in 4 ways, fits 3 MB. */
START_TEST(ten_thousand_domains_fit_3_mb)
{
	begin(3 << 20, false);
	for (unsigned i = 0; i < 10000; i++) {
		char name[64], record[128];

		sprintf(name, "company%u.example%u.test", i, i);
		sprintf(record, "v=TLSRPTv1; rua=mailto:tls@%s", name);
		event(name, record);
		if (i % 5 == 0) {
			char mx[80];

			sprintf(mx, "mx.%s", name);
			sts_event_policy(&e, STS_REPORT_STS, unit_span(name));
			sts_event_string(&e, unit_span("version: STSv1"));
			sts_event_string(&e, unit_span("mode: enforce"));
			sts_event_string(&e, unit_span(mx));
			sts_event_string(&e, unit_span("max_age: 86400"));
			sts_event_mx(&e, unit_span(mx));
		}
		for (unsigned k = 0; i % 100 == 0 && k < 4; k++) {
			char reason[32];

			sprintf(reason, "self-signed_certificate%u", k);
			failure(STS_REPORT_VALIDATION_FAILURE, reason, name);
		}
		ck_assert(sts_tally_add(&t, DAY, &e));
	}
	unit_int("domains", t.domains[sts_tally_today(&t)], 10000);
	unit_int("sessions lost", (long long)all_lost(), 0);
	unit_int("failures merged", (long long)t.further, 0);
	balanced("ten thousand");
}
END_TEST

enum {
	CALL = 256, /* chunks that a call gives up at most, besides */
	/* those of one domain, which in these tests has at most so many */
	ONE = 64
};

/* However much is left of a day, no call deletes all of it; the day turns
 * when the last of it is gone. Until then new sessions are added to the day
 * before. */
START_TEST(a_day_is_deleted_in_steps)
{
	char name[64];
	unsigned calls = 0, old;
	uint32_t before;

	begin(3 << 20, false);
	for (unsigned i = 0; i < 2000; i++) {
		sprintf(name, "d%u.org%u.test", i, i);
		ck_assert(add(name, i % 2 == 0));
	}
	ck_assert(sts_tally_day(&t, DAY + 1));
	ck_assert(sts_tally_day(&t, DAY + 2));
	old = sts_tally_today(&t);
	do {
		before = sts_tally_free(&t);
		event("late.test", RECORD);
		if (calls++ % 2 == 0) {
			ck_assert(sts_tally_add(&t, DAY + 3, &e));
		} else if (sts_tally_day(&t, DAY + 3)) {
			break;
		}
		ck_assert_uint_eq(t.days[sts_tally_today(&t)], DAY + 2);
		ck_assert_uint_le(sts_tally_free(&t), before + CALL + ONE);
		ck_assert(t.domains[(old + 1) % STS_TALLY_DAYS] > 0);
		balanced("a step");
	} while (calls < 1000);
	ck_assert_uint_gt(calls, 10);
	ck_assert_uint_eq(t.days[sts_tally_today(&t)], DAY + 3);
	unit_int("sessions given up", (long long)t.lost[STS_TALLY_UNDELIVERED],
	    2000);
	unit_int("came meanwhile", (long long)in_slot(old), calls / 2);
	balanced("turned");
}
END_TEST

/* A reserve that has shrunk is refilled in steps, one for each failing
 * newcomer, which is admitted all the same. */
START_TEST(a_reserve_is_refilled_in_steps)
{
	char name[64], reason[64];
	unsigned steps = 0;
	uint32_t reserve, before;

	begin(3 << 20, false);
	reserve = sts_tally_chunks(&t) / 16;
	for (unsigned i = 0; i < 20000; i++) {
		sprintf(name, "d%u.org%u.test", i, i);
		add(name, false);
	}
	for (unsigned i = 0; i < 5000; i++) {
		sprintf(name, "d%u.org%u.test", i / 50, i / 50);
		sprintf(reason, "%060u", i);
		event(name, RECORD);
		failure(STS_REPORT_EXPIRED, reason, "y");
		ck_assert(sts_tally_add(&t, DAY, &e));
	}
	ck_assert_uint_lt(sts_tally_free(&t), reserve - 2 * (CALL + ONE));
	unit_int("displaced so far", (long long)t.lost[STS_TALLY_DISPLACED], 0);
	while (sts_tally_free(&t) < reserve - ONE && steps < 1000) {
		before = sts_tally_free(&t);
		sprintf(name, "n%u.new%u.test", steps, steps);
		ck_assert(add(name, true));
		ck_assert_uint_le(sts_tally_free(&t), before + CALL + ONE);
		steps++;
	}
	ck_assert_uint_gt(steps, 1);
	ck_assert_uint_lt(steps, 100);
	balanced("displaced by steps");
}
END_TEST

/* Sixteen records of a domain are kept apart in a day and counted further;
 * sessions under other records are lost, and other domains are not affected. */
START_TEST(a_domain_has_at_most_sixteen_records)
{
	char record[64];

	begin(262144, false);
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < 18; i++) {
			sprintf(record, "v=TLSRPTv1; rua=mailto:t%u@a.test", i);
			event("a.test", record);
			unit_int(record, sts_tally_add(&t, DAY, &e), i < 16);
		}
	}
	unit_int("sessions lost", (long long)t.lost[STS_TALLY_REFUSED], 4);
	unit_int(
	    "sessions of a.test", (long long)in_slot(sts_tally_today(&t)), 32);
	ck_assert(add("b.test", false));
	balanced("records");
	ck_assert(sts_tally_day(&t, DAY + 1));
	event("a.test", record);
	ck_assert(sts_tally_add(&t, DAY + 1, &e));
}
END_TEST

/*
 * The model is an array of what was added for each (day, domain, record). A
 * domain in the tally has all of its day's sessions; of one that is not there
 * all are lost; policies and failures add up.
 */
enum {
	NAMES = 300,
	RECORDS = 2,
	OPS = 60000
};

static uint32_t random_state;

static uint32_t
draw(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

struct counts {
	unsigned successes, failures;
};

static struct counts model[STS_TALLY_DAYS][NAMES][RECORDS];

static void
draw_event(unsigned name, unsigned record)
{
	char text[128];

	sprintf(text, "d%u.o%u.test", name, name % 40);
	event(text, record ? RECORD : "v=TLSRPTv1; rua=mailto:a@b.c");
	if (draw(3) == 0) {
		sts_event_policy(&e, draw(2) ? STS_REPORT_STS : STS_REPORT_TLSA,
		    unit_span(draw(2) ? "mx.b.test" : text));
		for (unsigned i = draw(6); i > 0; i--) {
			sprintf(text, "string %u", draw(20));
			sts_event_string(&e, unit_span(text));
		}
	}
	for (unsigned i = draw(4) == 0 ? draw(4) : 0; i > 0; i--) {
		sprintf(text, "reason%u", draw(40));
		failure((enum sts_report_result)draw(STS_REPORT_RESULTS), text,
		    "helo");
	}
	e.failed = draw(5) == 0;
}

static void
compare_day(unsigned slot)
{
	uint64_t in = 0;

	for (unsigned n = 0; n < NAMES; n++) {
		for (unsigned r = 0; r < RECORDS; r++) {
			char text[64];
			uint32_t ref = 0;
			uint64_t s = 0, f = 0;

			sprintf(text, "d%u.o%u.test", n, n % 40);
			while ((ref = sts_tally_find(
				    &t, slot, unit_span(text), ref)) != 0) {
				struct sts_tally_domain d;

				sts_tally_domain(&t, ref, &d);
				if ((d.record.len > 40) == (r == 1)) {
					sts_tally_totals(&t, ref, &s, &f);
					break;
				}
			}
			in += s + f;
			if (ref != 0) {
				unit_int("successes", (long long)s,
				    model[slot][n][r].successes);
				unit_int("failures", (long long)f,
				    model[slot][n][r].failures);
			}
		}
	}
	unit_int("all of a slot", (long long)in, (long long)in_slot(slot));
}

static void
play(uint32_t seed, size_t size, bool deliver)
{
	uint32_t day = DAY;
	uint64_t delivered = 0;

	random_state = seed;
	begin(size, false);
	memset(model, 0, sizeof model);
	for (unsigned i = 0; i < OPS; i++) {
		unsigned n = draw(NAMES) * (draw(3) != 0), r = draw(RECORDS);
		unsigned was = sts_tally_today(&t);

		if (draw(OPS / 8) == 0) {
			day += 1 + draw(2);
		}
		draw_event(n, r);
		sts_tally_add(&t, day, &e);
		unsigned slot = sts_tally_today(&t);

		if (slot != was) {
			memset(model[slot], 0, sizeof model[slot]);
		}
		if (e.failed) {
			model[slot][n][r].failures++;
		} else {
			model[slot][n][r].successes++;
		}
		int old = sts_tally_oldest(&t);

		if (deliver && old >= 0 && draw(20) == 0) {
			uint32_t ref = sts_tally_next(&t, (unsigned)old, 0);
			uint64_t s, f;

			sts_tally_totals(&t, ref, &s, &f);
			delivered += s + f;
			sts_tally_drop(&t, ref, true);
		}
		if (i % 10000 == 9999) {
			uint64_t in = 0;

			for (unsigned k = 0; k < STS_TALLY_DAYS; k++) {
				compare_day(k);
				in += in_slot(k);
			}
			unit_int("in one place each",
			    (long long)(in + all_lost() + delivered),
			    (long long)t.sessions);
			ck_assert(sts_tally_check(&t));
		}
	}
	ck_assert(size > 400000 || all_lost() > 0);
}

START_TEST(the_tally_agrees_with_a_model)
{
	static const size_t sizes[] = { 4096, 8192, 20000, 65536, 262144,
		1 << 20 };

	for (unsigned i = 0; i < UNIT_COUNT(sizes); i++) {
		play(i + 1, sizes[i], i % 2 == 0);
	}
}
END_TEST

/* Write the tally as a snapshot, in pieces of `step` octets. */
static uint8_t saved[4 << 20], saved_again[4 << 20], other_block[BLOCK_MAX];
static struct sts_tally loaded;
static struct sts_report_load load;

/* Write what is left of a snapshot. */
static size_t
save_rest(struct sts_report_save *s, const struct sts_tally *from, uint8_t *to,
    size_t step)
{
	size_t n = 0, got;

	do {
		got = sts_report_save(s, from, sts_span(to + n, step));
		n += got;
	} while (got > 0);
	return n;
}

static size_t
save(const struct sts_tally *from, uint8_t *to, size_t step)
{
	struct sts_report_save s;
	size_t n;

	sts_report_save_begin(&s, from);
	n = save_rest(&s, from, to, step);
	ck_assert(sts_report_save_done(&s));
	return n;
}

static bool
restore(const uint8_t *p, size_t n, size_t step, size_t size)
{
	struct sts_tally_config config = { { 9, 9 }, false, 64 };

	sts_tally_init(&loaded, other_block, size, &config);
	sts_report_load_begin(&load, &loaded);
	for (size_t i = 0; i < n; i += step) {
		sts_report_load(&load, &loaded,
		    sts_text(p + i, n - i < step ? n - i : step));
	}
	return sts_report_load_end(&load, &loaded);
}

START_TEST(a_snapshot_restores_the_tally)
{
	play(77, 65536, false);
	size_t n = save(&t, saved, 4096);

	for (size_t step = 1; step < 5000; step = step * 3 + 1) {
		unit_int("length", (long long)save(&t, saved_again, step),
		    (long long)n);
		ck_assert(memcmp(saved, saved_again, n) == 0);
		ck_assert(restore(saved, n, step, 65536));
		ck_assert(sts_tally_check(&loaded));
		unit_int("length when saved again",
		    (long long)save(&loaded, saved_again, 1000), (long long)n);
		ck_assert(memcmp(saved, saved_again, n) == 0);
	}
	/* In a smaller block, what finds no room is lost whole. */
	ck_assert(restore(saved, n, 100, 20000));
	ck_assert(sts_tally_check(&loaded));
	uint64_t in = 0, s, f;

	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		in += loaded.lost[i];
	}
	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		for (uint32_t d = 0;
		     (d = sts_tally_next(&loaded, i, d)) != 0;) {
			sts_tally_totals(&loaded, d, &s, &f);
			in += s + f;
		}
	}
	unit_int("sessions in days or lost", (long long)in,
	    (long long)loaded.sessions);
	ck_assert(sts_tally_free(&loaded) < sts_tally_chunks(&loaded) / 2);
}
END_TEST

/* A domain that was refused today stays refused after a restart. */
START_TEST(a_refused_domain_stays_refused_after_a_restart)
{
	begin(16384, false);
	fill(false);
	ck_assert(!add("new.example", false));
	size_t n = save(&t, saved, 1000);

	for (unsigned i = 0; i < 2; i++) {
		ck_assert(restore(saved, n, 77, i == 0 ? 16384 : 65536));
		event("new.example", RECORD);
		failure(STS_REPORT_EXPIRED, "x", "y");
		ck_assert(!sts_tally_add(&loaded, DAY, &e));
		ck_assert(sts_tally_add(&loaded, DAY + 1, &e));
	}
}
END_TEST

/* What was counted before the operator wanted failures only is kept. */
START_TEST(snapshot_of_failures_only)
{
	struct sts_tally_config config = { { 9, 9 }, true, 64 };

	begin(65536, false);
	ck_assert(add("a.test", false));
	size_t n = save(&t, saved, 4096);

	sts_tally_init(&loaded, other_block, 65536, &config);
	sts_report_load_begin(&load, &loaded);
	sts_report_load(&load, &loaded, sts_text(saved, n));
	ck_assert(sts_report_load_end(&load, &loaded));
	unit_int("domains", loaded.domains[loaded.today], 1);
	unit_int("passed", (long long)loaded.lost[STS_TALLY_PASSED], 0);
	event("b.test", RECORD);
	ck_assert(!sts_tally_add(&loaded, DAY, &e));
}
END_TEST

/* Nothing is taken from a snapshot that is cut anywhere or has a changed
 * octet. */
START_TEST(a_damaged_snapshot_is_refused_whole)
{
	begin(65536, false);
	add("a.test", true);
	add("b.test", false);
	sts_tally_day(&t, DAY + 1);
	event("c.test", RECORD);
	sts_tally_add(&t, DAY + 1, &e);
	size_t n = save(&t, saved, 4096);

	ck_assert(restore(saved, n, 4096, 65536));
	for (size_t i = 0; i < n; i++) {
		ck_assert(!restore(saved, i, 4096, 65536));
		saved[i] ^= (uint8_t)(1 << i % 8);
		ck_assert(!restore(saved, n, 4096, 65536));
		unit_int("free chunks", (long long)sts_tally_free(&loaded),
		    sts_tally_chunks(&loaded));
		unit_int("first octet of the key", loaded.config.key[0], 9);
		saved[i] ^= (uint8_t)(1 << i % 8);
	}
	saved[n] = 0;
	ck_assert(!restore(saved, n + 1, 4096, 65536));
}
END_TEST

/* A day that agent time cannot have is refused: to convert it to a date would
 * take millions of steps. */
START_TEST(a_snapshot_of_an_impossible_day_is_refused)
{
	static const struct {
		uint32_t day;
		bool taken;
	} cases[] = { { STS_TALLY_DAY_MAX, true },
		{ STS_TALLY_DAY_MAX + 1, false }, { UINT32_MAX, false } };

	unit_int("last possible day", STS_TALLY_DAY_MAX, UINT32_MAX / 86400);
	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		begin(65536, false);
		add("a.test", true);
		sts_tally_day(&t, cases[i].day);
		unit_int("snapshot accepted",
		    restore(saved, save(&t, saved, 4096), 4096, 65536),
		    cases[i].taken);
	}
}
END_TEST

#define ZEROS8 "\0\0\0\0\0\0\0\0"
#define DOMAIN ZEROS8 "\6a.test" RECORD
#define POLICY(STRINGS, MX) "\2" ZEROS8 "\0\0\0\0" STRINGS MX "\0"
#define FAILURE "\0\0\1\0\0\0"
#define OF(TYPE, BYTES)                                                        \
	{                                                                      \
		STS_REPORT_SAVE_##TYPE, sizeof BYTES - 1, BYTES                \
	}

/* Snapshots with a correct sum, whose records a stranger has chosen. */
static const struct {
	const char *name;
	struct {
		uint8_t type;
		size_t n;
		const char *bytes;
	} record[3];
	bool refused; /* what the header states: some domain was refused */
	bool want;
} strange[] = {
	{ "nothing", { { 0, 0, NULL } }, false, true },
	{ "a domain and a policy",
	    { OF(DOMAIN, DOMAIN), OF(POLICY, POLICY("\0", "\0")) }, false,
	    true },
	{ "a domain shorter than its numbers", { OF(DOMAIN, ZEROS8) }, false,
	    false },
	{ "a name longer than its record", { OF(DOMAIN, ZEROS8 "\6a.tes") },
	    false, false },
	{ "a domain of a day that is none",
	    { OF(DOMAIN, "\x7f\0\0\0\0\0\0\0\6a.test" RECORD) }, false, false },
	{ "a policy without a domain", { OF(POLICY, POLICY("\0", "\0")) },
	    false, false },
	{ "a policy shorter than its numbers",
	    { OF(DOMAIN, DOMAIN), OF(POLICY, "\2" ZEROS8) }, false, false },
	{ "a string that is not there",
	    { OF(DOMAIN, DOMAIN), OF(POLICY, POLICY("\1", "\0")) }, false,
	    false },
	{ "a string of nothing",
	    { OF(DOMAIN, DOMAIN), OF(POLICY, POLICY("\1", "\0") "\0\0") },
	    false, false },
	{ "a pattern of nothing",
	    { OF(DOMAIN, DOMAIN), OF(POLICY, POLICY("\0", "\1") "\0\0") },
	    false, false },
	{ "a failure without a domain", { OF(FAILURE, FAILURE ZEROS8) }, false,
	    false },
	{ "a failure shorter than its numbers",
	    { OF(DOMAIN, DOMAIN), OF(POLICY, POLICY("\0", "\0")),
		OF(FAILURE, FAILURE) },
	    false, false },
	{ "refused domains, though none was", { OF(FILTER, ZEROS8) }, false,
	    false },
	{ "refused domains", { OF(FILTER, ZEROS8) }, true, true },
	{ "refused domains, cut", { OF(FILTER, "\0\0\0\0") }, true, false },
	{ "an end without its sum", { OF(END, "") }, false, false },
};

static size_t
put_record(uint8_t *to, uint8_t type, const void *bytes, size_t n)
{
	to[0] = type;
	to[1] = (uint8_t)n;
	to[2] = (uint8_t)(n >> 8);
	if (n > 0) {
		memcpy(to + 3, bytes, n);
	}
	return 3 + n;
}

/* Append the end to a snapshot of n octets. Returns the new length. */
static size_t
put_end(uint8_t *to, size_t n)
{
	uint32_t crc = sts_crc32(0, sts_text(to, n));
	uint8_t sum[4];

	for (unsigned i = 0; i < 4; i++) {
		sum[i] = (uint8_t)(crc >> 8 * i);
	}
	return n + put_record(to + n, STS_REPORT_SAVE_END, sum, sizeof sum);
}

/* An empty snapshot up to its end. Returns its length. */
static size_t
save_header(bool refused)
{
	begin(65536, false);
	save(&t, saved, 4096);
	size_t n = 3U + saved[1] + 256U * saved[2];

	/* The last octets: whether domains were refused, and the filter's
	 * size. */
	saved[n - 5] = refused;
	return n;
}

START_TEST(a_forged_snapshot_breaks_no_invariant)
{
	for (size_t i = 0; i < UNIT_COUNT(strange); i++) {
		size_t n = save_header(strange[i].refused);

		for (unsigned k = 0; k < 3 && strange[i].record[k].type != 0;
		     k++) {
			n += put_record(saved + n, strange[i].record[k].type,
			    strange[i].record[k].bytes, strange[i].record[k].n);
		}
		if (strange[i].record[0].type != STS_REPORT_SAVE_END) {
			n = put_end(saved, n);
		}
		unit_int(strange[i].name, restore(saved, n, n, 65536),
		    strange[i].want);
		ck_assert_msg(sts_tally_check(&loaded), "%s", strange[i].name);
	}
	/* More refused domains than can be remembered: the surplus is
	 * skipped. */
	size_t n = save_header(true);

	for (unsigned k = 0; k <= t.filter_count; k++) {
		n += put_record(saved + n, STS_REPORT_SAVE_FILTER, ZEROS8, 8);
	}
	ck_assert(restore(saved, put_end(saved, n), 4096, 65536));
	ck_assert(sts_tally_check(&loaded));
	/* A header whose today is none of its days. */
	n = save_header(false);
	saved[3 + sizeof STS_REPORT_SAVE_MAGIC + STS_SIPHASH_KEY] =
	    STS_TALLY_DAYS;
	ck_assert(!restore(saved, put_end(saved, n), 4096, 65536));
}
END_TEST

/* Three domains, of which "b.test" has 255 successes. */
static void
fill_three(void)
{
	begin(65536, false);
	add("a.test", true);
	for (unsigned i = 0; i < 255; i++) {
		add("b.test", false);
	}
	add("c.test", false);
}

static void
nothing_changes(void)
{
}

/* 0xff becomes 0x100. */
static void
a_counter_carries(void)
{
	add("b.test", false);
}

/* The domain goes behind the other failing ones. */
static void
a_domain_fails_first(void)
{
	add("b.test", true);
}

static void
a_domain_comes(void)
{
	add("d.test", false);
}

static void
a_domain_goes(void)
{
	sts_tally_drop(&t, the("c.test"), true);
}

/* The slot of the new day had an older one in the header, or none. */
static void
a_day_begins(void)
{
	event("d.test", RECORD);
	sts_tally_add(&t, DAY + 1, &e);
}

static void
a_report_is_delivered(void)
{
	struct sts_tally_delivery d = { 3, 2, 0x01020304 };

	sts_tally_deliver(&t, the("a.test"), &d);
}

/* A snapshot is of one moment: whatever changes between two pieces of it, it
 * is given up, or has all octets of the moment before. */
START_TEST(a_snapshot_is_of_one_moment)
{
	static const struct {
		const char *name;
		void (*change)(void);
		bool whole;
	} cases[] = {
		{ "nothing changes", nothing_changes, true },
		{ "a counter carries", a_counter_carries, false },
		{ "a domain fails first", a_domain_fails_first, false },
		{ "a domain comes", a_domain_comes, false },
		{ "a domain goes", a_domain_goes, false },
		{ "a day begins", a_day_begins, false },
		{ "a report is delivered", a_report_is_delivered, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		fill_three();
		size_t all = save(&t, saved_again, 4096);

		for (size_t at = 1; at < all; at++) {
			struct sts_report_save s;
			size_t n;

			fill_three();
			sts_report_save_begin(&s, &t);
			n = sts_report_save(&s, &t, sts_span(saved, at));
			cases[i].change();
			n += save_rest(&s, &t, saved + n, all);
			unit_int(cases[i].name, sts_report_save_done(&s),
			    cases[i].whole);
			ck_assert(
			    !cases[i].whole ||
			    (n == all && memcmp(saved, saved_again, n) == 0));
		}
	}
}
END_TEST

/* sts_tally_check() finds each broken invariant. */
START_TEST(the_check_finds_each_broken_invariant)
{
	uint32_t ref, chunk, *first;
	uint8_t *at;

	begin(65536, false);
	add("a.example", true);
	add("b.example", false);
	ck_assert(sts_tally_check(&t));
	t.domains[t.today]++;
	ck_assert(!sts_tally_check(&t));
	t.domains[t.today] -= 2;
	ck_assert(!sts_tally_check(&t));
	t.domains[t.today]++;
	t.shares[0] ^= 1;
	ck_assert(!sts_tally_check(&t));
	t.shares[0] ^= 1;
	t.chunks.free_count--;
	ck_assert(!sts_tally_check(&t));
	t.chunks.free_count++;
	ck_assert(sts_tally_check(&t));
	/* A domain in the list of another day. */
	first = &t.lists[(t.today + 1) % STS_TALLY_DAYS][0].first;
	ref = t.lists[t.today][1].first;
	*first = ref;
	ck_assert(!sts_tally_check(&t));
	*first = 0;
	/* A record whose chunks are a ring. */
	at = sts_chunk(&t.chunks, ref) + STS_CHUNK_NEXT;
	chunk = sts_get32le(at);
	sts_put32le(at, ref);
	ck_assert(!sts_tally_check(&t));
	sts_put32le(at, chunk);
	ck_assert(sts_tally_check(&t));
	/* What is longer than any name is none of them. */
	unit_int("no name",
	    sts_tally_find(&t, t.today, sts_text(saved, STS_NAME_MAX + 1), 0),
	    0);
	ck_assert(!sts_tally_is(&t, 0));
	ck_assert(!sts_tally_is(&t, sts_tally_chunks(&t) + 1));
	ck_assert(sts_tally_is(&t, ref));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, an_emptied_tally_is_all_zeros);
	tcase_add_test(tc, a_snapshot_restores_the_tally);
	tcase_add_test(tc, a_refused_domain_stays_refused_after_a_restart);
	tcase_add_test(tc, snapshot_of_failures_only);
	tcase_add_test(tc, a_damaged_snapshot_is_refused_whole);
	tcase_add_test(tc, a_snapshot_of_an_impossible_day_is_refused);
	tcase_add_test(tc, a_forged_snapshot_breaks_no_invariant);
	tcase_add_test(tc, a_snapshot_is_of_one_moment);
	tcase_add_test(tc, the_check_finds_each_broken_invariant);
	tcase_add_test(tc, sessions_and_failures_are_counted);
	tcase_add_test(tc, each_difference_makes_another_policy_or_report);
	tcase_add_test(tc, many_failures_are_merged_by_result);
	tcase_add_test(tc, many_policies_keep_their_totals);
	tcase_add_test(tc, a_full_tally_gives_up_successes_first);
	tcase_add_test(tc, an_organisation_takes_a_sixteenth);
	tcase_add_test(tc, successes_before_a_failure_are_passed_over);
	tcase_add_test(tc, a_day_undelivered_for_long_is_given_up);
	tcase_add_test(tc, events_wait_for_the_clock);
	tcase_add_test(tc, a_pinned_domain_is_not_displaced);
	tcase_add_test(tc, ten_thousand_domains_fit_3_mb);
	tcase_add_test(tc, a_day_is_deleted_in_steps);
	tcase_add_test(tc, a_reserve_is_refilled_in_steps);
	tcase_add_test(tc, a_domain_has_at_most_sixteen_records);
	tcase_add_test(tc, the_tally_agrees_with_a_model);
}
