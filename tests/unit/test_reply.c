/* SPDX-License-Identifier: MIT */
/* core/client/reply: the exact strings, in pieces of any size. */
#include <stdio.h>

#include "../../core/client/reply.h"
#include "held.h"

const char unit_name[] = "reply";

enum {
	ALL = 1 << 20
};

#define L58 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123"
/* labels of 60, 61, 61 and 58 octets */
#define N244 L58 "ab." L58 "cde." L58 "fgh." L58

static uint8_t whole[ALL];

/* "a b c": pattern_of() hands them out one by one */
static const char *mx_list;

static struct sts_text
pattern_of(unsigned i)
{
	const char *p = mx_list;

	for (; i > 0; i--) {
		p = strchr(p, ' ') + 1;
	}
	return sts_text((const uint8_t *)p, strcspn(p, " "));
}

static unsigned
pattern_count(void)
{
	unsigned n = 1;

	for (const char *p = mx_list; (p = strchr(p, ' ')) != NULL; p++) {
		n++;
	}
	return n;
}

static struct sts_zone
zone_of(const char *flags)
{
	struct sts_zone zone;

	memset(&zone, 0, sizeof zone);
	zone.sni = strchr(flags, 'N') != NULL;
	zone.tlsrpt = strchr(flags, 'T') != NULL;
	zone.sendmail = strchr(flags, 'M') != NULL;
	zone.strict_testing = strchr(flags, 'S') != NULL;
	return zone;
}

/* Render the reply at once, after a check that its len is right. */
static struct sts_text
render(const struct sts_reply *r)
{
	size_t n = sts_reply_render(r, 0, sts_span(whole, sizeof whole));

	ck_assert_uint_eq(n, r->len);
	return sts_text(whole, n);
}

#define ATTRIBUTES_A                                                           \
	" policy_type=sts policy_domain=a.example "                            \
	"mx_host_pattern=mx.a.example"

/* R64, R65, R70, R71; the wildcard as ".d" in match= and as "*.d" after. */
static const struct {
	const char *flags, *mx;
	enum sts_mode mode;
	uint32_t max_age_s;
	const char *want;
} policies[] = {
	{ "N", "mx.a.example", STS_MODE_ENFORCE, 86400,
	    "OK secure match=mx.a.example servername=hostname" },
	{ "", "mx.a.example", STS_MODE_ENFORCE, 86400,
	    "OK secure match=mx.a.example" },
	{ "N", "a.example *.b.example", STS_MODE_ENFORCE, 86400,
	    "OK secure match=a.example:.b.example servername=hostname" },
	{ "N", "z.example *.com a.example", STS_MODE_ENFORCE, 86400,
	    "OK secure match=z.example:.com:a.example servername=hostname" },
	{ "M", "a.example *.b.example", STS_MODE_ENFORCE, 86400,
	    "OK secure match=a.example:.b.example servername=hostname" },
	{ "MT", "a.example", STS_MODE_ENFORCE, 86400,
	    "OK secure match=a.example servername=hostname" },
	{ "NS", "a.example", STS_MODE_TESTING, 86400,
	    "OK secure match=a.example servername=hostname" },
	{ "NT", "mx.a.example", STS_MODE_ENFORCE, 86400,
	    "OK secure match=mx.a.example servername=hostname" ATTRIBUTES_A
	    " { policy_string = version: STSv1 }"
	    " { policy_string = mode: enforce }"
	    " { policy_string = mx: mx.a.example }"
	    " { policy_string = max_age: 86400 }" },
	{ "TS", "mx.a.example *.b.example", STS_MODE_TESTING, 31557600,
	    "OK secure match=mx.a.example:.b.example" ATTRIBUTES_A
	    " mx_host_pattern=*.b.example"
	    " { policy_string = version: STSv1 }"
	    " { policy_string = mode: testing }"
	    " { policy_string = mx: mx.a.example }"
	    " { policy_string = mx: *.b.example }"
	    " { policy_string = max_age: 31557600 }" },
	{ "NT", "mx.a.example", STS_MODE_ENFORCE, 0,
	    "OK secure match=mx.a.example servername=hostname" ATTRIBUTES_A
	    " { policy_string = version: STSv1 }"
	    " { policy_string = mode: enforce }"
	    " { policy_string = mx: mx.a.example }"
	    " { policy_string = max_age: 0 }" },
};

static struct sts_reply
policy_reply(const struct sts_zone *zone, enum sts_mode mode, uint32_t max_age)
{
	struct sts_answer answer = { STS_ANSWER_POLICY, STS_RULE_HELD,
		STS_WHY_NONE, false, 0, NULL, NULL };
	struct sts_reply r;

	held_start();
	answer.ref = held_policy(
	    "a.example", mode, max_age, pattern_count(), pattern_of);
	sts_reply_init(&r, &held, NULL, zone, &answer);
	return r;
}

START_TEST(each_policy_has_its_reply)
{
	for (size_t i = 0; i < UNIT_COUNT(policies); i++) {
		struct sts_zone zone = zone_of(policies[i].flags);
		struct sts_reply r;

		mx_list = policies[i].mx;
		r = policy_reply(
		    &zone, policies[i].mode, policies[i].max_age_s);
		unit_text(policies[i].want, render(&r), policies[i].want);
		ck_assert(!r.cut);
	}
}
END_TEST

/* Without a zone the reply has the plain form. */
START_TEST(without_a_zone_a_policy_has_the_plain_form)
{
	struct sts_reply r;

	mx_list = "a.example";
	r = policy_reply(NULL, STS_MODE_ENFORCE, 1);
	unit_text("no zone", render(&r),
	    "OK secure match=a.example servername=hostname");
}
END_TEST

START_TEST(other_answers_have_their_reply)
{
	for (unsigned why = 0; why < STS_WHY_COUNT; why++) {
		const struct sts_answer temp = { STS_ANSWER_TEMP,
			STS_RULE_TABLE, (uint8_t)why, false, 0, NULL, NULL };
		const struct sts_answer notfound = { STS_ANSWER_NOTFOUND,
			STS_RULE_TABLE, (uint8_t)why, false, 0, NULL, NULL };
		struct sts_reply r;
		char want[256];

		snprintf(want, sizeof want, "TEMP %s",
		    sts_why_text((enum sts_why)why));
		sts_reply_init(&r, NULL, NULL, NULL, &temp);
		unit_text(want, render(&r), want);
		sts_reply_init(&r, NULL, NULL, NULL, &notfound);
		unit_text(want, render(&r), "NOTFOUND ");
	}
}
END_TEST

START_TEST(an_override_is_replied_as_written)
{
	static struct sts_zones zones;
	struct sts_answer answer = { STS_ANSWER_OVERRIDE, STS_RULE_OVERRIDE,
		STS_WHY_OVERRIDE, false, 0, NULL, NULL };
	struct sts_reply r;

	sts_zones_init(&zones, 12000, 30000);
	unit_int("length",
	    sts_zones_override(&zones,
		unit_span("a.example postfix encrypt { ciphers = high }")),
	    STS_ZONES_OK);
	answer.override = &zones.override[0];
	sts_reply_init(&r, NULL, &zones, &zones.zone[1], &answer);
	unit_text("override", render(&r), "OK encrypt { ciphers = high }");
}
END_TEST

/* Render pieces of `size` bytes one after another, each at the end of a
 * page. */
static void
in_pieces(const struct sts_reply *r, size_t size)
{
	static uint8_t zeros[4096];
	size_t off = 0, n = 1;

	for (; off < r->len; off += n) {
		uint8_t *out = unit_at_page_end(zeros, size);

		n = sts_reply_render(r, off, sts_span(out, size));
		ck_assert_uint_eq(n, r->len - off < size ? r->len - off : size);
		ck_assert_mem_eq(out, whole + off, n);
	}
	ck_assert_uint_eq(off, r->len);
	ck_assert_uint_eq(sts_reply_render(r, off, sts_span(zeros, size)), 0);
}

/* The same with octets skipped that have been sent: the octets from the mark on
 * are right, and those before the mark as well. */
static void
in_passed_pieces(const struct sts_reply *reply, size_t size)
{
	struct sts_reply r = *reply;
	static uint8_t out[4096];

	for (size_t off = 0, n; off < r.len; off += n) {
		n = sts_reply_render(&r, off, sts_span(out, size));
		ck_assert_uint_eq(n, r.len - off < size ? r.len - off : size);
		ck_assert_mem_eq(out, whole + off, n);
		sts_reply_passed(&r, off + n);
		ck_assert(r.list == 0 || r.more.mark.pos <= off + n);
		memset(out, 0, n);
		n = sts_reply_render(&r, off, sts_span(out, size));
		ck_assert_mem_eq(out, whole + off, n);
	}
	/* The mark has moved past the patterns if there were many. */
	ck_assert(r.len < 4096 || r.more.mark.pos + 2 * 512 > r.len);
}

START_TEST(a_reply_is_the_same_in_pieces_of_any_size)
{
	struct sts_zone zone = zone_of("NT");
	struct sts_reply r;

	mx_list = "a.example *.b.example c.d.e.f.example *.g";
	r = policy_reply(&zone, STS_MODE_ENFORCE, 604800);
	render(&r);
	for (size_t size = 1; size <= r.len + 2; size++) {
		in_pieces(&r, size);
		in_passed_pieces(&r, size);
	}
	ck_assert_uint_eq(sts_reply_render(&r, 5, sts_span(NULL, 0)), 0);
}
END_TEST

/* ---- replies that are kept before they are measured ---- */

/* Measured in a buffer that has no more room than brief->len, *brief renders
 * the same as *r. */
static void
measured_is(struct sts_reply *brief, const struct sts_reply *r)
{
	uint8_t *out = unit_at_page_end(whole + ALL / 2, brief->len);

	sts_reply_measure(brief, out);
	ck_assert_uint_eq(brief->len, r->len);
	render(r);
	ck_assert_mem_eq(out, whole, r->len);
}

/* The two ways to keep a reply give the same reply, and a brief one, which was
 * not rendered, is no longer than its estimate. */
static void
brief_is(const struct sts_zone *zone, struct sts_reply *r, bool want)
{
	struct sts_reply_kept brief, kept;
	struct sts_reply again;

	memset(&brief, 0xee, sizeof brief);
	unit_int(
	    "brief", sts_reply_brief(&brief, &held, zone, &r->answer), want);
	if (!want) {
		ck_assert_uint_eq(brief.len, 0xeeee);
		return;
	}
	ck_assert(!brief.measured);
	ck_assert_uint_ge(brief.len, r->len);
	ck_assert_uint_le(brief.len, STS_REPLY_KEPT_MAX);
	ck_assert(sts_reply_keep(r, &kept));
	ck_assert(kept.measured);
	sts_reply_again(&again, &held, &brief);
	brief.len = kept.len;
	brief.measured = true;
	ck_assert_mem_eq(&brief, &kept, sizeof kept);
	measured_is(&again, r);
}

START_TEST(a_policy_kept_unmeasured_gives_the_same_reply)
{
	for (size_t i = 0; i < UNIT_COUNT(policies); i++) {
		struct sts_zone zone = zone_of(policies[i].flags);
		struct sts_reply r;

		mx_list = policies[i].mx;
		r = policy_reply(
		    &zone, policies[i].mode, policies[i].max_age_s);
		brief_is(&zone, &r, true);
	}
}
END_TEST

/* Wherever the cache's chunks end, the two ways give the same reply: for lists
 * of one pattern, of several, and of wildcards among them. */
START_TEST(a_policy_kept_unmeasured_may_cross_chunks_anywhere)
{
	static const char *const lists[] = { "mx.a.example",
		"*.a.example mx.b.example", "mx.a.example *.com",
		"a.b *.c.d *.e.f g.h" };

	for (size_t i = 0; i < UNIT_COUNT(lists) * 2 * 200; i++) {
		struct sts_zone zone = zone_of(i / 4 % 2 == 0 ? "N" : "");
		struct sts_answer answer = { STS_ANSWER_POLICY, STS_RULE_HELD,
			STS_WHY_NONE, false, 0, NULL, NULL };
		char domain[sizeof N244];
		struct sts_reply r;

		mx_list = lists[i % UNIT_COUNT(lists)];
		snprintf(domain, sizeof domain, "%s", N244 + i / 8);
		if (domain[0] == '.' || domain[0] == '-') {
			continue;
		}
		held_start();
		answer.ref = held_policy(domain, STS_MODE_ENFORCE, 86400,
		    pattern_count(), pattern_of);
		sts_reply_init(&r, &held, NULL, &zone, &answer);
		brief_is(&zone, &r, true);
	}
}
END_TEST

/* The record's header may change while its reply is on the way. */
START_TEST(a_reply_outlives_changes_of_its_record)
{
	struct sts_zone zone = zone_of("NT");
	struct sts_entry e;
	struct sts_reply r;
	static uint8_t again[4096];

	mx_list = "a.example";
	r = policy_reply(&zone, STS_MODE_ENFORCE, 86400);
	render(&r);
	sts_cache_get(&held, r.answer.ref, &e);
	e.max_age_s = 31557600;
	sts_cache_set(&held, r.answer.ref, &e, sts_now(HELD_NOW_S, true));
	ck_assert_uint_eq(
	    sts_reply_render(&r, 0, sts_span(again, sizeof again)), r.len);
	ck_assert_mem_eq(again, whole, r.len);
}
END_TEST

/* The largest policies: 1,024 patterns of `pattern_len` octets. */
static size_t pattern_len;

static struct sts_text
long_pattern(unsigned i)
{
	static uint8_t text[STS_MX_MAX];

	memset(text, 'x', sizeof text);
	text[0] = (uint8_t)('a' + i % 26);
	text[1] = '.';
	return sts_text(text, pattern_len);
}

static struct sts_reply
long_reply(const char *flags, unsigned count, size_t len)
{
	static struct sts_zone zone;
	struct sts_answer answer = { STS_ANSWER_POLICY, STS_RULE_HELD,
		STS_WHY_NONE, false, 0, NULL, NULL };
	struct sts_reply r;

	zone = zone_of(flags);
	pattern_len = len;
	held_start();
	answer.ref =
	    held_policy("a.example", STS_MODE_ENFORCE, 1, count, long_pattern);
	sts_reply_init(&r, &held, NULL, &zone, &answer);
	ck_assert_uint_le(r.len, STS_REPLY_MAX);
	render(&r);
	return r;
}

static const struct {
	const char *name, *flags;
	unsigned count;
	size_t len;
	enum sts_reply_detail want;
	bool cut;
} large[] = {
	{ "fits", "NT", 500, 45, STS_REPLY_FULL, false },
	{ "no mx strings", "NT", 1000, 20, STS_REPLY_BRIEF, true },
	{ "no attributes", "NT", 1024, 59, STS_REPLY_PLAIN, true },
	{ "none wanted", "N", 1024, 59, STS_REPLY_PLAIN, false },
	{ "long names", "NT", 255, 250, STS_REPLY_PLAIN, true },
};

START_TEST(large_policies_lose_detail_in_order)
{
	for (size_t i = 0; i < UNIT_COUNT(large); i++) {
		struct sts_reply r =
		    long_reply(large[i].flags, large[i].count, large[i].len);

		unit_int(large[i].name, r.answer.kind, STS_ANSWER_POLICY);
		unit_int(large[i].name, r.detail, large[i].want);
		unit_int(large[i].name, r.cut, large[i].cut);
		in_pieces(&r, 4096);
		in_pieces(&r, 1021);
		in_passed_pieces(&r, 4096);
		in_passed_pieces(&r, 101);
	}
}
END_TEST

/* Replies of the text protocol and from the preload list come the same in
 * pieces. */
START_TEST(other_lists_are_the_same_in_pieces)
{
	static const uint8_t list[] = "\4a.bc\5*.d.e\10mx.x.org";
	const struct sts_answer preload = { STS_ANSWER_PRELOAD,
		STS_RULE_PRELOAD, STS_WHY_NONE, false, 0, NULL, list };
	const struct sts_text host = unit_span("mx.x.org");
	struct sts_reply r = long_reply("N", 30, 12);
	const struct sts_answer held_one = r.answer;

	sts_reply_init_line(
	    &r, &held, &held_one, STS_LINE_HOSTS, sts_text(NULL, 0));
	render(&r);
	for (size_t size = 1; size <= r.len; size++) {
		in_passed_pieces(&r, size);
	}
	sts_reply_init(&r, &held, NULL, NULL, &preload);
	unit_text("reply of the list", render(&r),
	    "OK secure match=a.bc:.d.e:mx.x.org servername=hostname");
	for (size_t size = 1; size <= r.len; size++) {
		in_passed_pieces(&r, size);
	}
	sts_reply_init_line(&r, &held, &preload, STS_LINE_HOSTS, host);
	unit_text("hosts of the list", render(&r), "a.bc:*.d.e:mx.x.org");
	for (size_t size = 1; size <= r.len; size++) {
		in_passed_pieces(&r, size);
	}
	sts_reply_init_line(&r, &held, &preload, STS_LINE_ALLOWED, host);
	unit_text("a host of the list", render(&r), "yes");
	in_passed_pieces(&r, 1);
}
END_TEST

/* One that depends on more than its record and its detail is not kept. */
START_TEST(what_is_not_kept)
{
	struct sts_reply r = long_reply("N", 1, 12);
	const struct sts_answer answer = r.answer;
	struct sts_reply_kept kept;

	unit_int("socketmap", sts_reply_keep(&r, &kept), true);
	sts_reply_init_line(
	    &r, &held, &answer, STS_LINE_ALLOWED, unit_span("mx.x.org"));
	memset(&kept, 0xee, sizeof kept);
	unit_int("text", sts_reply_keep(&r, &kept), false);
	ck_assert_uint_eq(kept.len, 0xeeee);
}
END_TEST

/*
 * Policies of every size around the limit, with the longest id, domain and
 * max_age: only those that are within it count as short. A policy that our
 * estimate puts over the limit is measured instead.
 */
START_TEST(only_policies_within_the_limit_count_as_short)
{
	static const char *const flags[] = { "N", "NT", "T" };
	unsigned yes = 0, no = 0;

	for (unsigned i = 0; i < UNIT_COUNT(flags) * 60; i++) {
		struct sts_zone zone = zone_of(flags[i % UNIT_COUNT(flags)]);
		unsigned count = 1 + i / UNIT_COUNT(flags);

		held_start();
		for (size_t len = 3; len <= 253; len += 25) {
			struct sts_answer answer = { STS_ANSWER_POLICY,
				STS_RULE_HELD, STS_WHY_NONE, false, 0, NULL,
				NULL };
			struct sts_reply r, again;
			struct sts_reply_kept k;
			bool brief;

			pattern_len = len;
			answer.ref = held_policy(N244, STS_MODE_TESTING,
			    31557600, count, long_pattern);
			sts_reply_init(&r, &held, NULL, &zone, &answer);
			brief = sts_reply_brief(&k, &held, &zone, &answer);
			ck_assert(!brief || (k.len >= r.len && !r.cut));
			ck_assert(brief || r.len + 320 > STS_REPLY_KEPT_MAX);
			if (brief) {
				sts_reply_again(&again, &held, &k);
				measured_is(&again, &r);
			}
			yes += brief;
			no += !brief;
		}
	}
	ck_assert_uint_gt(yes, 0);
	ck_assert_uint_gt(no, 0);
}
END_TEST

/* No other answer counts as short: overrides and lists may be long, and the
 * rest is measured just as quickly. */
START_TEST(only_policies_count_as_short)
{
	for (unsigned kind = STS_ANSWER_NONE + 1; kind < STS_ANSWER_KINDS;
	     kind++) {
		struct sts_answer answer = { (uint8_t)kind, STS_RULE_TABLE,
			STS_WHY_BUSY, false, 0, NULL, NULL };
		struct sts_reply_kept k;

		if (kind != STS_ANSWER_POLICY) {
			ck_assert(!sts_reply_brief(&k, &held, NULL, &answer));
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_policy_kept_unmeasured_gives_the_same_reply);
	tcase_add_test(tc, a_policy_kept_unmeasured_may_cross_chunks_anywhere);
	tcase_add_test(tc, only_policies_within_the_limit_count_as_short);
	tcase_add_test(tc, other_lists_are_the_same_in_pieces);
	tcase_add_test(tc, only_policies_count_as_short);
	tcase_add_test(tc, what_is_not_kept);
	tcase_add_test(tc, each_policy_has_its_reply);
	tcase_add_test(tc, without_a_zone_a_policy_has_the_plain_form);
	tcase_add_test(tc, other_answers_have_their_reply);
	tcase_add_test(tc, an_override_is_replied_as_written);
	tcase_add_test(tc, a_reply_is_the_same_in_pieces_of_any_size);
	tcase_add_test(tc, a_reply_outlives_changes_of_its_record);
	tcase_add_test(tc, large_policies_lose_detail_in_order);
}
