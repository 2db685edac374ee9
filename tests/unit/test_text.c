/* SPDX-License-Identifier: MIT */
/* core/base/text: the words of a line, its fields, its ends. */
#include <string.h>

#include "../../core/base/text.h"
#include "unit.h"

const char unit_name[] = "text";

#define SPACE STS_BLANK_SPACE
#define TAB STS_BLANK_TAB
#define COMMA STS_BLANK_COMMA
#define CONTROL STS_BLANK_CONTROL

/* The first word of `in`, the text behind it, and `in` without blanks at its
 * ends. A '0' stands for NUL. */
static const struct {
	const char *in;
	enum sts_blank blank;
	const char *word, *rest, *trimmed;
} words[] = {
	{ "", SPACE, "", "", "" },
	{ " ", SPACE, "", "", "" },
	{ "a", SPACE, "a", "", "a" },
	{ "a b", SPACE, "a", "b", "a b" },
	{ "  ab  cd  ", SPACE, "ab", "cd  ", "ab  cd" },
	{ "ab  ", SPACE, "ab", "", "ab" },
	/* each set has its own blanks and no other */
	{ "\ta\tb\t", SPACE, "\ta\tb\t", "", "\ta\tb\t" },
	{ "\ta\tb\t", TAB, "a", "b\t", "a\tb" },
	{ "\ta\tb\t", COMMA, "\ta\tb\t", "", "\ta\tb\t" },
	{ "\ta\tb\t", CONTROL, "a", "b\t", "a\tb" },
	{ ",a,b,", SPACE, ",a,b,", "", ",a,b," },
	{ ",a,b,", TAB, ",a,b,", "", ",a,b," },
	{ ",a ,b, ", COMMA, "a", "b, ", "a ,b" },
	{ ",a,b,", CONTROL, ",a,b,", "", ",a,b," },
	{ "\ra\r", SPACE, "\ra\r", "", "\ra\r" },
	{ "\ra\r", TAB, "\ra\r", "", "\ra\r" },
	{ "\ra\r", COMMA, "\ra\r", "", "\ra\r" },
	{ "\ra\r", CONTROL, "a", "", "a" },
	{ "a0b", SPACE, "a0b", "", "a0b" },
	{ "a0b", CONTROL, "a", "b", "a0b" },
	/* octets above ASCII are parts of words */
	{ "\xa0\x85 \xff", CONTROL, "\xa0\x85", "\xff", "\xa0\x85 \xff" },
};

/* The text with '0' replaced by NUL, at the end of a page. */
static struct sts_text
with_nul(const char *s)
{
	struct sts_text t = sts_text_of(s);
	uint8_t *copy = unit_at_page_end(t.p, t.n);

	for (size_t i = 0; i < t.n; i++) {
		copy[i] = copy[i] == '0' ? 0 : copy[i];
	}
	return sts_text(copy, t.n);
}

static void
want_part(const char *name, struct sts_text got, const char *want)
{
	unit_int(name, (long long)got.n, (long long)strlen(want));
	for (size_t i = 0; i < got.n; i++) {
		uint8_t c = (uint8_t)want[i];

		unit_int(name, got.p[i], c == '0' ? 0 : c);
	}
}

START_TEST(words_end_at_the_blanks_of_their_set)
{
	for (size_t i = 0; i < UNIT_COUNT(words); i++) {
		struct sts_text rest = with_nul(words[i].in);
		struct sts_text all = rest;
		struct sts_text word = sts_text_word(&rest, words[i].blank);

		want_part(words[i].in, word, words[i].word);
		want_part(words[i].in, rest, words[i].rest);
		want_part(words[i].in, sts_text_trim(all, words[i].blank),
		    words[i].trimmed);
	}
}
END_TEST

static const struct {
	const char *in, *field, *rest;
} fields[] = {
	{ "", "", "" },
	{ "a", "a", "" },
	{ ":", "", "" },
	{ "a:", "a", "" },
	{ ":a", "", "a" },
	{ "a::b", "a", ":b" },
	{ "a:b:c", "a", "b:c" },
};

START_TEST(a_field_ends_at_its_delimiter)
{
	for (size_t i = 0; i < UNIT_COUNT(fields); i++) {
		struct sts_text rest = with_nul(fields[i].in);
		size_t at = sts_text_find(rest, ':');
		struct sts_text field = sts_text_field(&rest, ':');

		unit_text(fields[i].in, field, fields[i].field);
		unit_text(fields[i].in, rest, fields[i].rest);
		unit_int(fields[i].in, (long long)at, (long long)field.n);
	}
}
END_TEST

static const struct {
	/* NULL: the text does not begin with it */
	const char *in, *prefix, *left;
} prefixes[] = {
	{ "unix:/a", "unix:", "/a" },
	{ "unix:", "unix:", "" },
	{ "unix", "unix:", NULL },
	{ "Unix:/a", "unix:", NULL },
	{ "", "unix:", NULL },
	{ "", "", "" },
	{ "a", "", "a" },
};

START_TEST(a_prefix_is_taken_only_whole)
{
	for (size_t i = 0; i < UNIT_COUNT(prefixes); i++) {
		struct sts_text t = with_nul(prefixes[i].in);
		bool took = sts_text_take(&t, prefixes[i].prefix);
		const char *left = prefixes[i].left;

		unit_int(prefixes[i].in, took, left != NULL);
		unit_text(
		    prefixes[i].in, t, left != NULL ? left : prefixes[i].in);
	}
}
END_TEST

static const struct {
	const char *a, *b;
	bool same;
} pairs[] = {
	{ "", "", true },
	{ "a", "a", true },
	{ "a", "", false },
	{ "a", "b", false },
	{ "a", "A", false },
	{ "ab", "a", false },
	{ "0", "0", true },
};

/* Texts are the same by their octets; a text without octets may have no
 * address. */
START_TEST(texts_are_the_same_by_their_octets)
{
	struct sts_text none = sts_text(NULL, 0);

	for (size_t i = 0; i < UNIT_COUNT(pairs); i++) {
		struct sts_text b = sts_text_of(pairs[i].b);
		struct sts_text a = sts_text_of(pairs[i].a);

		unit_int(pairs[i].a, sts_text_same(a, b), pairs[i].same);
		unit_int(pairs[i].a, sts_text_same(b, a), pairs[i].same);
		unit_int(pairs[i].a, sts_text_same(a, none), a.n == 0);
	}
	ck_assert(sts_text_word(&none, CONTROL).n == 0);
	ck_assert(sts_text_field(&none, ':').n == 0);
	ck_assert(sts_text_trim(none, CONTROL).n == 0);
	ck_assert(!sts_text_take(&none, "a"));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, words_end_at_the_blanks_of_their_set);
	tcase_add_test(tc, a_field_ends_at_its_delimiter);
	tcase_add_test(tc, a_prefix_is_taken_only_whole);
	tcase_add_test(tc, texts_are_the_same_by_their_octets);
}
