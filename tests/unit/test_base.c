/* SPDX-License-Identifier: MIT */
/* core/base: bytes, names, time, hash. */
#include <string.h>

#include "../../core/base/io.h"
#include "../../core/base/name.h"
#include "../../core/base/sink.h"
#include "../../core/base/siphash.h"
#include "../../core/base/why.h"
#include "../../core/base/sts_config.h"
#include "unit.h"

const char unit_name[] = "base";

#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"
#define N253                                                                   \
	L63 "." L63 "." L63 "."                                                \
	    "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123456"

static const struct {
	const char *name;
	bool want;
} names[] = {
	{ "a", true },
	{ "example.com", true },
	{ "EXAMPLE.Com", true },
	{ "xn--bcher-kva.example", true },
	{ "1.example", true },
	{ L63 ".com", true },
	{ L63 "x.com", false },
	{ N253, true },
	{ N253 "x", false },
	{ "", false },
	{ ".", false },
	{ "example.com.", false },
	{ ".example.com", false },
	{ "a..b", false },
	{ "-a.b", false },
	{ "a-.b", false },
	{ "a_b.c", false },
	{ "a b.c", false },
	{ "b\xc3\xbc"
	  "cher.example",
	    false },
	{ "192.0.2.1", false },
	{ "10", false },
	{ "*.example.com", false },
};

START_TEST(other_text_is_no_host_name)
{
	for (size_t i = 0; i < UNIT_COUNT(names); i++) {
		size_t n = strlen(names[i].name);
		uint8_t *p = unit_at_page_end(names[i].name, n);
		uint8_t lower[STS_NAME_MAX];

		unit_int(names[i].name, sts_name_valid(sts_text(p, n)),
		    names[i].want);
		unit_int(names[i].name, sts_name_lower(lower, sts_text(p, n)),
		    names[i].want);
		for (size_t k = 0; names[i].want && k < n; k++) {
			unit_int(names[i].name, lower[k], sts_lower(p[k]));
		}
	}
}
END_TEST

/* R65, RFC 8461 4.1; R21, RFC 9525 6.3. */
static const struct {
	const char *pattern, *host;
	bool want;
} matches[] = {
	{ "mx.example.com", "mx.example.com", true },
	{ "MX.example.com", "mx.EXAMPLE.com", true },
	{ "mx.example.com", "mx1.example.com", false },
	{ "*.example.com", "a.example.com", true },
	{ "*.example.com", "example.com", false },
	{ "*.example.com", "a.b.example.com", false },
	{ "*.example.com", ".example.com", false },
	{ "*.com", "example.com", true },
	{ "*", "example", false },
	{ "*.", "a.", false },
	{ "*a.example.com", "aa.example.com", false },
	{ "*.example", "example", false },
	{ "*.example", "a", false },
	{ "a*.example.com", "ab.example.com", false },
	{ "*.*.com", "a.b.com", false },
	{ "example.com", "example.com.", false },
	{ "", "", false },
};

START_TEST(a_wildcard_matches_one_whole_label)
{
	for (size_t i = 0; i < UNIT_COUNT(matches); i++) {
		unit_int(matches[i].pattern,
		    sts_name_match(unit_span(matches[i].pattern),
			unit_span(matches[i].host)),
		    matches[i].want);
	}
}
END_TEST

START_TEST(times_compare_across_the_wrap)
{
	ck_assert(sts_before(1, 2));
	ck_assert(!sts_before(2, 2));
	ck_assert(!sts_before(2, 1));
	ck_assert(sts_before(0xfffffff0U, 5));
	ck_assert(!sts_before(5, 0xfffffff0U));
	ck_assert_uint_eq(sts_earlier(0xfffffff0U, 5), 0xfffffff0U);
	ck_assert_uint_eq(sts_later(0xfffffff0U, 5), 5);
	ck_assert_uint_eq(sts_later(5, 0xfffffff0U), 5);
}
END_TEST

/* Vectors of the SipHash paper, appendix A, and of its reference code. */
START_TEST(siphash_gives_the_published_vectors)
{
	uint8_t key[16], in[15];

	for (unsigned i = 0; i < 16; i++) {
		key[i] = (uint8_t)i;
	}
	for (unsigned i = 0; i < 15; i++) {
		in[i] = (uint8_t)i;
	}
	ck_assert_uint_eq(
	    sts_siphash(key, sts_text(in, 15)), UINT64_C(0xa129ca6149be45e5));
	ck_assert_uint_eq(
	    sts_siphash(key, sts_text(in, 0)), UINT64_C(0x726fdb47dd0e0e31));
	ck_assert_uint_eq(
	    sts_siphash(key, sts_text(in, 8)), UINT64_C(0x93f5f5799a932462));
}
END_TEST

static const struct {
	const char *in;
	unsigned max;
	bool ok;
	uint64_t want;
} numbers[] = {
	{ "0", 10, true, 0 },
	{ "007", 10, true, 7 },
	{ "9999999999", 10, true, UINT64_C(9999999999) },
	{ "18446744073709551615", 20, true, UINT64_MAX },
	{ "18446744073709551616", 20, false, 0 },
	{ "99999999999999999999", 20, false, 0 },
	{ "", 10, false, 0 },
	{ "12345678901", 10, false, 0 },
	{ "+5", 10, false, 0 },
	{ "1_0", 10, false, 0 },
	{ " 1", 10, false, 0 },
};

START_TEST(numbers_are_digits_that_fit)
{
	for (size_t i = 0; i < UNIT_COUNT(numbers); i++) {
		uint64_t v = 77;
		uint8_t digits[20];
		bool ok = sts_get_decimal(
		    unit_span(numbers[i].in), numbers[i].max, &v);

		unit_int(numbers[i].in, ok, numbers[i].ok);
		ck_assert_uint_eq(v, ok ? numbers[i].want : 77);
		if (ok && numbers[i].in[0] != '0') {
			unit_text("back",
			    sts_text(digits, sts_put_decimal(digits, v)),
			    numbers[i].in);
		}
	}
}
END_TEST

START_TEST(integers_have_the_byte_order_of_their_name)
{
	uint8_t b[4];

	sts_put32be(b, 0x01020304);
	ck_assert_mem_eq(b, "\1\2\3\4", 4);
	ck_assert_uint_eq(sts_get32be(b), 0x01020304);
	ck_assert_uint_eq(sts_get16be(b + 2), 0x0304);
	ck_assert_uint_eq(sts_get32le(b), 0x04030201);
	sts_put32le(b, 0xfffefdfcU);
	ck_assert_uint_eq(sts_get32le(b), 0xfffefdfcU);
	ck_assert_uint_eq(sts_get16le(b), 0xfdfc);
	sts_put16le(b, 0xabcd);
	ck_assert_mem_eq(b, "\xcd\xab", 2);
	sts_wipe(b, 4);
	ck_assert_mem_eq(b, "\0\0\0\0", 4);
}
END_TEST

/* Blanks of a form are filled in wherever they stand, and in whatever
 * window. */
START_TEST(blanks_are_filled_in_in_any_window)
{
	static const struct {
		const char *form, *want;
	} cases[] = {
		{ "", "" },
		{ "no blanks", "no blanks" },
		{ "$a", "one" },
		{ "<$b>$c$b", "<two>two" },
		{ "$a$b, $a", "onetwo, one" },
	};
	const struct sts_text texts[3] = { unit_span("one"), unit_span("two"),
		sts_text(NULL, 0) };

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		size_t n = strlen(cases[i].want);

		for (size_t from = 0; from <= n; from++) {
			uint8_t out[32];
			struct sts_sink s = { 0, from, from + sizeof out, out };

			sts_sink_form(&s, cases[i].form, texts);
			unit_text(cases[i].form, sts_text(out, n - from),
			    cases[i].want + from);
			ck_assert_uint_eq(s.pos, n);
		}
	}
}
END_TEST

/* Reasons of features that are left out have no words. */
START_TEST(each_reason_has_words_and_a_token_of_its_own)
{
	for (unsigned i = 0; i < STS_WHY_COUNT; i++) {
		bool mail = i >= STS_WHY_ANSWERS && i < STS_WHY_SHARED;

		if ((mail && !STS_SMTP && !STS_DANE) ||
		    (i >= STS_WHY_SHARED && !STS_SHARE)) {
			ck_assert_str_eq(sts_why_text((enum sts_why)i), "?");
			continue;
		}
		ck_assert_uint_gt(strlen(sts_why_text((enum sts_why)i)),
		    STS_SENTENCES ? 4 : 1);
		for (unsigned k = 0; k < i; k++) {
			ck_assert_str_ne(sts_why_token((enum sts_why)i),
			    sts_why_token((enum sts_why)k));
		}
	}
}
END_TEST

/* The reason when several parts of one thing failed: one of ours before one of
 * theirs, one that passes by itself before one that does not, else the first;
 * and in whatever order three of them come. */
START_TEST(the_reason_for_several_failures_is_ours_if_any_is)
{
	static const enum sts_why order[] = { STS_WHY_NONE,
		STS_WHY_DNS_SERVFAIL, STS_WHY_DNS_LARGE, STS_WHY_BUSY };
	static const enum sts_why same[] = { STS_WHY_NONE, STS_WHY_DNS_TIMEOUT,
		STS_WHY_POLICY_NO_ROOM, STS_WHY_DNS_NO_BUFFER };

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned k = 0; k < 4; k++) {
			unsigned most = i > k ? i : k;

			ck_assert_int_eq(
			    sts_why_both(order[i], order[k]), order[most]);
			ck_assert_int_eq(sts_why_both(order[i], same[k]),
			    i >= k ? order[i] : same[k]);
		}
	}
	for (unsigned i = 0; i < STS_WHY_COUNT; i++) {
		enum sts_why why = (enum sts_why)i;
		enum sts_why with = sts_why_both(STS_WHY_DNS_SERVFAIL, why);

		ck_assert_int_eq(
		    with != STS_WHY_DNS_SERVFAIL, sts_why_ours(why));
		ck_assert(!sts_why_passes(why) || sts_why_ours(why));
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, other_text_is_no_host_name);
	tcase_add_test(tc, a_wildcard_matches_one_whole_label);
	tcase_add_test(tc, times_compare_across_the_wrap);
	tcase_add_test(tc, siphash_gives_the_published_vectors);
	tcase_add_test(tc, numbers_are_digits_that_fit);
	tcase_add_test(tc, integers_have_the_byte_order_of_their_name);
	tcase_add_test(tc, blanks_are_filled_in_in_any_window);
	tcase_add_test(tc, each_reason_has_words_and_a_token_of_its_own);
	tcase_add_test(tc, the_reason_for_several_failures_is_ours_if_any_is);
}
