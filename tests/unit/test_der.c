/* SPDX-License-Identifier: MIT */
/* tls/x509/der: the events of small inputs at every split, and the limits. */
#include <stdio.h>
#include <string.h>

#include "../../tls/x509/der.h"
#include "unit.h"

const char unit_name[] = "der";

enum {
	BYTES_MAX = 300,
	STORY_MAX = 4096
};

/*
 * The events of an input: tag:length( contents ), and contents of unopened
 * elements in hexadecimal; at the end . for all read, ! for broken, ~ for more
 * input needed. Constructed elements are opened; [0] primitive (80) is opened
 * as a BIT STRING that holds elements.
 */
static const struct {
	const char *name, *in, *want;
} stories[] = {
	{ "nothing", "", "." },
	{ "empty element", "0500", "05:0()." },
	{ "an INTEGER", "02020102", "02:2(0102)." },
	{ "two", "05000500", "05:0()05:0()." },
	{ "nested", "3005300302010a", "30:5(30:3(02:1(0a)))." },
	{ "empty SEQUENCE", "3000", "30:0()." },
	{ "two octets of length, too small", "0482007f", "!" },
	{ "high tag number", "1f0100", "!" },
	{ "high tag number, constructed", "3f0100", "!" },
	{ "indefinite", "30800000", "!" },
	{ "reserved length", "30ff00", "!" },
	{ "four octets of length", "048400000001aa", "!" },
	{ "length with a leading zero", "04820001aa", "!" },
	{ "long form of a short length", "04817faa", "!" },
	{ "longer than the input", "0402aa", "!" },
	{ "child longer than its parent", "3003040201", "30:3(!" },
	{ "child cut by its parent", "300104", "30:1(!" },
	{ "length cut by its parent", "3003048205", "30:3(!" },
	{ "cut after the tag", "04", "!" },
	{ "cut in the length", "0482", "!" },
	{ "twelve deep",
	    "301630143012301030"
	    "0e300c300a30083006300430023000",
	    "30:22(30:20(30:18(30:16(30:14(30:12(30:10(30:8(30:6(30:4(30:2("
	    "30:0())))))))))))." },
	{ "thirteen deep",
	    "3018301630143012301030"
	    "0e300c300a30083006300430023000",
	    "30:24(30:22(30:20(30:18(30:16(30:14(30:12(30:10(30:8(30:6(30:4("
	    "30:2(!" },
	/* Each value has one encoding, in contents that are not opened, too. */
	{ "BOOLEAN", "0101000101ff", "01:1(00)01:1(ff)." },
	{ "BOOLEAN of 1", "010101", "01:1(!" },
	{ "BOOLEAN of fe", "0101fe", "01:1(!" },
	{ "BOOLEAN of two octets", "0102ffff", "!" },
	{ "BOOLEAN of none", "0100", "!" },
	{ "INTEGER 0", "020100", "02:1(00)." },
	{ "INTEGER 127", "02017f", "02:1(7f)." },
	{ "INTEGER 128", "02020080", "02:2(0080)." },
	{ "INTEGER -1", "0201ff", "02:1(ff)." },
	{ "INTEGER -129", "0202ff7f", "02:2(ff7f)." },
	{ "INTEGER with zeros inside", "020401000000", "02:4(01000000)." },
	{ "INTEGER of no octets", "0200", "!" },
	{ "INTEGER with a zero too many", "02020000", "02:2(!" },
	{ "INTEGER 127 with a zero too many", "0202007f", "02:2(!" },
	{ "INTEGER 128 with its zero", "0203000080", "02:3(!" },
	{ "INTEGER -1 with an octet too many", "0202ffff", "02:2(!" },
	{ "INTEGER -128 with an octet too many", "0202ff80", "02:2(!" },
	{ "BIT STRING", "03020780", "03:2(0780)." },
	{ "BIT STRING of no bits", "030100", "03:1(00)." },
	{ "BIT STRING of no octets", "0300", "!" },
	{ "BIT STRING of no bits, one unused", "030101", "03:1(!" },
	{ "BIT STRING of eight unused bits", "03020800", "03:2(!" },
	{ "an unused bit set", "03020781", "03:2(!" },
	{ "the highest unused bit set", "030207c0", "03:2(!" },
	{ "the only unused bit set", "03020101", "03:2(!" },
	{ "three unused bits in the second octet", "03030301f8",
	    "03:3(0301f8)." },
	{ "three unused bits in the second octet, one set", "03030301fc",
	    "03:3(!" },
	{ "three unused bits in the sixth octet", "030703ffffffffff08",
	    "03:7(03ffffffffff08)." },
	{ "three unused bits in the sixth octet, one set", "030703ffffffffff0c",
	    "03:7(!" },
	{ "OBJECT IDENTIFIER", "0603551d13", "06:3(551d13)." },
	{ "OBJECT IDENTIFIER, several octets a part", "060455878023",
	    "06:4(55878023)." },
	{ "OBJECT IDENTIFIER of no octets", "0600", "!" },
	{ "OBJECT IDENTIFIER, a zero too many in the second part",
	    "060455808023", "06:4(!" },
	{ "OBJECT IDENTIFIER, a zero too many in the first part", "06028055",
	    "06:2(!" },
	{ "OBJECT IDENTIFIER, a zero too many in a later part",
	    "060755010203048005", "06:7(!" },
	{ "OBJECT IDENTIFIER, the last part cut", "06025587", "06:2(!" },
	{ "OBJECT IDENTIFIER, the only part cut", "060187", "06:1(!" },
	{ "NULL with contents", "050100", "!" },
	{ "not of the universal class", "8202000081020000",
	    "82:2(0000)81:2(0000)." },
	{ "BIT STRING of elements", "800400020105", "80:4(02:1(05))." },
	{ "unused bits", "800401020105", "80:4(!" },
	{ "BIT STRING without its octet", "8000", "80:0(!" },
};

/* Turn hexadecimal digits into bytes. */
static size_t
bytes(const char *hex, uint8_t out[BYTES_MAX])
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return n;
}

static void
write_event(char *story, const char *format, unsigned a, unsigned b)
{
	size_t n = strlen(story);

	ck_assert_uint_lt(n, STORY_MAX - 30);
	snprintf(story + n, STORY_MAX - n, format, a, b);
}

static void
write_element(char *story, struct sts_der *d)
{
	uint8_t tag = sts_der_tag(d);

	write_event(story, "%02x:%u(", tag, (unsigned)sts_der_len(d));
	if ((tag & 0x20) != 0) {
		sts_der_open(d);
	} else if (tag == 0x80) {
		sts_der_open_bits(d);
	}
}

/* Write events until the reader needs more bytes or has ended. */
static enum sts_der_event
write_piece(char *story, struct sts_der *d, struct sts_text in)
{
	struct sts_text content = { NULL, 0 };
	enum sts_der_event e;

	while ((e = sts_der_next(d, &in, &content)) != STS_DER_MORE) {
		if (e == STS_DER_ELEMENT) {
			write_element(story, d);
		} else if (e == STS_DER_CONTENT) {
			for (size_t i = 0; i < content.n; i++) {
				write_event(story, "%02x", content.p[i], 0);
			}
		} else if (e == STS_DER_END) {
			write_event(story, ")", 0, 0);
		} else {
			return e;
		}
	}
	return e;
}

/* Write the events of p[0..n), read in a piece of `first` and then pieces of
 * `step` bytes. */
static void
write_all(char *story, const uint8_t *p, size_t n, size_t first, size_t step)
{
	enum sts_der_event e = STS_DER_MORE;
	struct sts_der d;
	size_t pos = 0;

	story[0] = '\0';
	sts_der_begin(&d, n);
	for (size_t k = first; e == STS_DER_MORE && pos < n; k = step) {
		k = k < n - pos ? k : n - pos;
		e = write_piece(story, &d, sts_text(p + pos, k));
		pos += k;
	}
	if (e == STS_DER_MORE) {
		e = write_piece(story, &d, sts_text(p + n, 0));
	}
	/* How much is reported before a fault depends on the pieces. */
	for (n = strlen(story); e == STS_DER_BROKEN && n > 0 &&
				strchr("0123456789abcdef", story[n - 1]);
	     n--) {
		story[n - 1] = '\0';
	}
	write_event(story, "%c",
	    e == STS_DER_DONE     ? '.'
	    : e == STS_DER_BROKEN ? '!'
				  : '~',
	    0);
}

START_TEST(an_input_gives_its_events_at_every_split)
{
	for (size_t i = 0; i < UNIT_COUNT(stories); i++) {
		uint8_t raw[BYTES_MAX];
		char story[STORY_MAX];
		size_t n = bytes(stories[i].in, raw);
		const uint8_t *p = unit_at_page_end(raw, n);

		for (size_t at = 0; at <= n; at++) {
			write_all(story, p, n, at, at == 0 ? 1 : SIZE_MAX);
			unit_text(
			    stories[i].name, unit_span(story), stories[i].want);
		}
	}
}
END_TEST

/* Lengths on both sides of each form's limit. */
START_TEST(each_form_of_a_length_is_read)
{
	static const struct {
		const char *head;
		size_t len;
	} heads[] = { { "047f", 127 }, { "048180", 128 }, { "0481ff", 255 },
		{ "04820100", 256 }, { "0482ffff", 65535 },
		{ "0483010000", 65536 } };

	for (size_t i = 0; i < UNIT_COUNT(heads); i++) {
		uint8_t raw[BYTES_MAX];
		size_t n = bytes(heads[i].head, raw);
		struct sts_text in = sts_text(raw, n), content = { NULL, 0 };
		struct sts_der d;

		sts_der_begin(&d, n + heads[i].len);
		unit_int(heads[i].head, sts_der_next(&d, &in, &content),
		    STS_DER_ELEMENT);
		unit_int(heads[i].head, (long long)sts_der_len(&d),
		    (long long)heads[i].len);
		unit_int(heads[i].head, sts_der_complete(&d), false);

		in = sts_text(raw, n);
		sts_der_begin(&d, n + heads[i].len - 1);
		unit_int(heads[i].head, sts_der_next(&d, &in, &content),
		    STS_DER_BROKEN);
		unit_int(heads[i].head, sts_der_next(&d, &in, &content),
		    STS_DER_BROKEN);
	}
}
END_TEST

/* An invalid length is reported at once, however many bytes are to come. */
START_TEST(invalid_lengths_are_reported_at_once)
{
	static const char *const heads[] = { "3080", "3084", "30ff", "1f",
		"308100", "30817f", "308200" };

	for (size_t i = 0; i < UNIT_COUNT(heads); i++) {
		uint8_t raw[BYTES_MAX];
		size_t n = bytes(heads[i], raw);
		struct sts_text in = sts_text(raw, n), content = { NULL, 0 };
		struct sts_der d;

		sts_der_begin(&d, 1000);
		unit_int(
		    heads[i], sts_der_next(&d, &in, &content), STS_DER_BROKEN);
	}
}
END_TEST

/* Bytes beyond the announced ones are left. */
START_TEST(bytes_beyond_the_announced_ones_are_left)
{
	static const uint8_t raw[] = { 5, 0, 5, 0 };
	struct sts_text in = sts_text(raw, 4), content = { NULL, 0 };
	struct sts_der d;

	sts_der_begin(&d, 2);
	ck_assert_int_eq(sts_der_next(&d, &in, &content), STS_DER_ELEMENT);
	ck_assert_int_eq(sts_der_next(&d, &in, &content), STS_DER_END);
	ck_assert_int_eq(sts_der_next(&d, &in, &content), STS_DER_DONE);
	ck_assert(sts_der_complete(&d));
	ck_assert_uint_eq(in.n, 2);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, an_input_gives_its_events_at_every_split);
	tcase_add_test(tc, each_form_of_a_length_is_read);
	tcase_add_test(tc, invalid_lengths_are_reported_at_once);
	tcase_add_test(tc, bytes_beyond_the_announced_ones_are_left);
}
