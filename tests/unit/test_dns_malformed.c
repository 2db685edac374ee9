/* SPDX-License-Identifier: MIT */
/* R87: dns/message with messages that are broken, cut, too long or too
 * large. */
#include <stdio.h>

#include "../../dns/rdata.h"
#include "../../dns/wire.h"
#include "dns_judge.h"

const char unit_name[] = "dns_malformed";

#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"
#define N191 L63 "." L63 "." L63

/* R87: RDATA by type. `bytes` is the RDATA, and `rdlength` is its RDLENGTH. */
static const struct {
	const char *name;
	uint16_t type;
	const char *bytes;
	size_t len;
	unsigned rdlength;
	bool ok;
} rdatas[] = {
	{ "R87 A", STS_DNS_A, "abcd", 4, 4, true },
	{ "R87 A of three", STS_DNS_A, "abcd", 3, 3, false },
	{ "R87 A of five", STS_DNS_A, "abcde", 5, 5, false },
	{ "R87 A of none", STS_DNS_A, "", 0, 0, false },
	{ "R87 AAAA", STS_DNS_AAAA, "0123456789abcdef", 16, 16, true },
	{ "R87 AAAA of 15", STS_DNS_AAAA, "0123456789abcdef", 15, 15, false },
	{ "R87 AAAA of 4", STS_DNS_AAAA, "0123", 4, 4, false },
	{ "R87 RDLENGTH over the message", STS_DNS_A, "abcd", 4, 5, false },
	{ "R87 RDLENGTH far over the message", STS_DNS_TXT, "\1a", 2, 65535,
	    false },
	{ "R87 trailing bytes are accepted", STS_DNS_A, "abcdxyz", 7, 4, true },
	{ "R3 one string", STS_DNS_TXT, "\1a", 2, 2, true },
	{ "R3 two strings", STS_DNS_TXT, "\1a\2bc", 5, 5, true },
	{ "R3 an empty string", STS_DNS_TXT, "\0\1a", 3, 3, true },
	{ "R3 only an empty string", STS_DNS_TXT, "\0", 1, 1, true },
	{ "R3 no string", STS_DNS_TXT, "", 0, 0, true },
	{ "R87 a string over RDATA", STS_DNS_TXT, "\2a", 2, 2, false },
	{ "R87 a second string over RDATA", STS_DNS_TXT, "\1a\1", 3, 3, false },
	{ "R87 a string over RDATA, not the message", STS_DNS_TXT, "\2abc", 4,
	    2, false },
	{ "R87 MX", STS_DNS_MX, "\0\12\1a\0", 5, 5, true },
	{ "R87 MX compressed", STS_DNS_MX, "\0\12\300\14", 4, 4, true },
	{ "R87 null MX", STS_DNS_MX, "\0\0\0", 3, 3, true },
	{ "R87 MX without name", STS_DNS_MX, "\0\12", 2, 2, false },
	{ "R87 MX and more", STS_DNS_MX, "\0\12\0x", 4, 4, false },
	{ "R87 TLSA is its reader's", STS_DNS_TLSA, "\3\1\1x", 4, 4, true },
};

START_TEST(rdata_must_fit_its_type)
{
	for (size_t i = 0; i < UNIT_COUNT(rdatas); i++) {
		struct sts_dns_verdict v;
		struct build b;
		size_t at;

		build_begin(&b, ID, ANSWERED, NAME, rdatas[i].type);
		at = build_rr(&b, ANSWER, "@12", rdatas[i].type, 1, 60);
		build_put(&b, rdatas[i].bytes, rdatas[i].len);
		sts_put16be(b.p + at - 2, (uint16_t)rdatas[i].rdlength);
		v = judge(b.p, b.n, rdatas[i].type);
		unit_int(rdatas[i].name, v.found,
		    rdatas[i].ok ? STS_FOUND : STS_UNKNOWN);
		unit_int(rdatas[i].name, v.why,
		    rdatas[i].ok ? STS_WHY_NONE : STS_WHY_DNS_MALFORMED);
	}
}
END_TEST

/* The same for records that are only followed, or only measured. */
START_TEST(rdata_of_other_records_must_fit_too)
{
	static const struct {
		const char *name;
		unsigned section;
		uint16_t type;
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "R87 CNAME of none", ANSWER, STS_DNS_CNAME, "", 0 },
		{ "R87 CNAME and more", ANSWER, STS_DNS_CNAME, "\0x", 2 },
		{ "R87 CNAME over its end", ANSWER, STS_DNS_CNAME, "\2a", 2 },
		{ "R87 CNAME to the header", ANSWER, STS_DNS_CNAME, "\300\0",
		    2 },
		{ "R87 SOA short", AUTHORITY, STS_DNS_SOA,
		    "\0\0"
		    "0123456789abcdefghi",
		    21 },
		{ "R87 SOA long", AUTHORITY, STS_DNS_SOA,
		    "\0\0"
		    "0123456789abcdefghijk",
		    23 },
		{ "R87 SOA of none", AUTHORITY, STS_DNS_SOA, "", 0 },
		{ "R87 glue of three bytes", ADDITIONAL, STS_DNS_A, "abc", 3 },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_dns_verdict v;
		struct build b;
		size_t at;

		build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
		at = build_rr(&b, cases[i].section, "a", cases[i].type, 1, 60);
		build_put(&b, cases[i].bytes, cases[i].len);
		build_end(&b, at);
		build_put(&b, "\1a\0", 3);
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int(cases[i].name, v.found, STS_UNKNOWN);
		unit_int(cases[i].name, v.why, STS_WHY_DNS_MALFORMED);
	}
}
END_TEST

/* R87: an owner name byte by byte, after a question that ends at 38. */
static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	bool ok;
} owners[] = {
	{ "R87 the root", "\0", 1, true },
	{ "R87 a pointer", "\300\14", 2, true },
	{ "R87 a label and a pointer", "\1a\300\14", 4, true },
	{ "R87 a pointer to the header", "\300\13", 2, false },
	{ "R87 a pointer to the start", "\300\0", 2, false },
	{ "R87 a pointer to itself", "\300\46", 2, false },
	{ "R87 a pointer to its own run", "\1a\300\46", 4, false },
	{ "R87 a pointer into its own run", "\1a\300\47", 4, false },
	{ "R87 a pointer forward", "\300\60", 2, false },
	{ "R87 a pointer behind the end", "\377\377", 2, false },
	{ "R87 half a label type (0x40)", "\100a", 2, false },
	{ "R87 the other half (0x80)", "\200a", 2, false },
	{ "R87 a label of 63", "\77" L63 "\0", 65, true },
	{ "R87 a label of 64", "\100" L63 "x\0", 66, false },
	{ "R87 a label over the end", "\77a", 2, false },
};

START_TEST(owner_names_must_be_well_formed)
{
	for (size_t i = 0; i < UNIT_COUNT(owners); i++) {
		struct sts_dns_verdict v;
		struct build b;

		build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
		ck_assert_uint_eq(b.n, 38);
		sts_put16be(b.p + 6, 1);
		build_put(&b, owners[i].bytes, owners[i].len);
		build_put(&b, "\0\1\0\1\0\0\0\0\0\4abcd", 14);
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int(owners[i].name, v.why,
		    owners[i].ok ? STS_WHY_DNS_ERROR : STS_WHY_DNS_MALFORMED);
	}
}
END_TEST

/* R87: an expanded name of 254, 255 and 256 octets, whole and in two pieces. */
START_TEST(a_name_has_255_octets_at_most)
{
	for (unsigned last = 60; last <= 62; last++) {
		for (unsigned pieces = 1; pieces <= 2; pieces++) {
			/* 192 octets, 1 + last, and 1 for the root */
			char tail[64] = "";
			char name[300];
			struct sts_dns_verdict v;
			struct build b;
			char at[8];

			memset(tail, 'x', last);
			build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
			snprintf(name, sizeof name, "%s.%s", N191, tail);
			if (pieces == 2) {
				snprintf(at, sizeof at, "@%u", (unsigned)b.n);
				build_record(
				    &b, ANSWER, tail, STS_DNS_A, 9, "1");
				snprintf(name, sizeof name, "%s.%s", N191, at);
			}
			build_record(&b, ANSWER, name, STS_DNS_A, 9, "1");
			v = judge(b.p, b.n, STS_DNS_TXT);
			unit_int("R87 expanded name", v.why,
			    last <= 61 ? STS_WHY_DNS_ERROR
				       : STS_WHY_DNS_MALFORMED);
		}
	}
}
END_TEST

/* R87: a name through 126, 127 and 128 pointers. */
START_TEST(a_name_has_a_limited_number_of_pointers)
{
	for (unsigned count = 126; count <= 128; count++) {
		struct sts_dns_verdict v;
		struct build b;
		unsigned to = 12;
		size_t at;
		char owner[8];

		build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
		at = build_rr(&b, ADDITIONAL, "x", 99, 1, 60);
		for (unsigned i = 1; i < count; i++) {
			unsigned here = (unsigned)b.n;

			build_u16(&b, 0xc000U | to);
			to = here;
		}
		build_end(&b, at);
		snprintf(owner, sizeof owner, "@%u", to);
		build_record(&b, ADDITIONAL, owner, STS_DNS_A, 9, "1");
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int("R87 pointers", v.found,
		    count <= STS_DNS_POINTERS_MAX ? STS_ABSENT : STS_UNKNOWN);
	}
}
END_TEST

/* R87: after a pointer, too, the next pointer has to point below the target of
 * the first. Here it points into the label before it, where a root seems to
 * stand. */
START_TEST(a_pointer_must_point_below_the_last_target)
{
	struct sts_dns_verdict v;
	struct build b;
	char owner[8];
	size_t at;

	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
	at = build_rr(&b, ADDITIONAL, "x", 99, 1, 60);
	build_put(&b, "\1\0", 2);
	build_u16(&b, (unsigned)(0xc000U | (at + 1)));
	build_end(&b, at);
	snprintf(owner, sizeof owner, "@%u", (unsigned)at);
	build_record(&b, ADDITIONAL, owner, STS_DNS_A, 9, "1");
	v = judge(b.p, b.n, STS_DNS_TXT);
	unit_int("R87 pointer into a label", v.found, STS_UNKNOWN);
}
END_TEST

START_TEST(counts_must_not_exceed_the_records)
{
	for (unsigned section = ANSWER; section <= ADDITIONAL; section++) {
		struct sts_dns_verdict v;
		struct build b;

		build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
		build_record(&b, section, "@12", STS_DNS_TXT, 60, "x");
		sts_put16be(b.p + 6 + 2 * section, 2);
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int("one record more", v.why, STS_WHY_DNS_MALFORMED);
		sts_put16be(b.p + 6 + 2 * section, 65535);
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int("many records more", v.why, STS_WHY_DNS_MALFORMED);
	}
}
END_TEST

/* Good messages, to be cut and broken. */
static void
good(struct build *b, unsigned which)
{
	unsigned flags = ANSWERED | (which == 2 ? STS_DNS_NXDOMAIN : 0);

	build_begin(b, ID, flags | AD, NAME, STS_DNS_TXT);
	switch (which) {
	case 0:
		build_record(b, ANSWER, "@12", STS_DNS_TXT, 300,
		    "v=STSv1;| id=20260101T000000;");
		build_record(b, ANSWER, NAME, STS_DNS_TXT, 300, "");
		break;
	case 1:
		build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "a.@21");
		build_record(b, ANSWER, "a.@21", STS_DNS_CNAME, 60, "b.net");
		build_record(b, ANSWER, "B.net", STS_DNS_TXT, 60, "x|y");
		build_record(b, AUTHORITY, "net", STS_DNS_NS, 60, "ns.net");
		build_record(b, ADDITIONAL, "ns.net", STS_DNS_A, 60, "1");
		break;
	case 2:
		build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "a.@21");
		build_record(b, AUTHORITY, "@21", STS_DNS_SOA, 60, "30");
		break;
	default:
		build_record(b, AUTHORITY, "@21", STS_DNS_SOA, 60, "30");
		break;
	}
	build_opt(b, ADDITIONAL, "", 0);
}

START_TEST(a_cut_message_is_malformed)
{
	for (unsigned which = 0; which < 4; which++) {
		struct sts_dns_verdict v;
		struct build b;

		good(&b, which);
		for (size_t n = 0; n < b.n; n++) {
			v = judge(b.p, n, STS_DNS_TXT);
			unit_int(
			    "cut", v.found, n < 38 ? STS_PENDING : STS_UNKNOWN);
			unit_int("cut", v.truncated, false);
		}
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int("whole", v.found, which < 2 ? STS_FOUND : STS_ABSENT);
	}
}
END_TEST

/* Each byte is set to each value: no crash, no read outside, no FOUND without a
 * record. */
START_TEST(a_broken_message_is_never_read_outside)
{
	for (unsigned which = 0; which < 4; which++) {
		struct build b;

		good(&b, which);
		for (size_t i = 0; i < b.n; i++) {
			for (unsigned x = 1; x < 256; x++) {
				uint8_t *p;
				struct sts_dns_verdict v;

				p = unit_at_page_end(b.p, b.n);
				p[i] ^= (uint8_t)x;
				sts_dns_judge(&v, sts_text(p, b.n), ID, asked(),
				    STS_DNS_TXT);
				if (v.found == STS_FOUND) {
					ck_assert_uint_gt(walk(sts_text(p, b.n),
							      &v, STS_DNS_TXT),
					    0);
				}
				if (i < 2) {
					unit_int("R83 another id", v.found,
					    STS_PENDING);
				}
			}
		}
	}
}
END_TEST

/* A full message of the shortest records, each of which must be compared each
 * time. A limit of ours ends the loop. */
START_TEST(many_records_end_at_our_limit)
{
	struct sts_dns_verdict v;
	struct build b;

	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
	build_record(&b, ANSWER, "@12", STS_DNS_CNAME, 60, "@12");
	while (b.n <= 4096 - 12) {
		size_t at = build_rr(&b, ANSWER, "@12", 99, 1, 60);

		build_end(&b, at);
	}
	v = judge(b.p, b.n, STS_DNS_TXT);
	unit_int("many records", v.why, STS_WHY_DNS_LARGE);
}
END_TEST

/* A name that cannot be read equals no name, not even itself. Offsets are into
 * this message. */
#define HEADER "............"
static const struct {
	const char *name;
	const char *names; /* after the header */
	size_t len, a, b;
	bool same;
} pairs[] = {
	{ "equal", "\1a\1b\0\1A\1B\0", 10, 12, 17, true },
	{ "the root", "\0\0", 2, 12, 13, true },
	{ "one label more", "\1a\1b\0\1a\0", 8, 12, 17, false },
	{ "another label", "\1a\0\1b\0", 6, 12, 15, false },
	{ "one of them cut", "\1a\0\1a", 5, 12, 15, false },
	{ "the other cut", "\1a\1a\0", 5, 14, 12, false },
	{ "both cut", "\1a", 2, 12, 12, false },
	{ "both into the header", "\300\4", 2, 12, 12, false },
	{ "a pointer and what it leads to", "\1a\0\300\14", 5, 12, 15, true },
};

START_TEST(unreadable_names_are_never_equal)
{
	for (size_t i = 0; i < UNIT_COUNT(pairs); i++) {
		struct build b;

		b.n = 0;
		build_put(&b, HEADER, 12);
		build_put(&b, pairs[i].names, pairs[i].len);
		struct sts_text m = sts_text(unit_at_page_end(b.p, b.n), b.n);

		unit_int(pairs[i].name,
		    sts_dns_same_name(m, pairs[i].a, pairs[i].b),
		    pairs[i].same);
	}
	/* Cut where the compared name ends. */
	ck_assert(!sts_dns_is_name(
	    sts_text((const uint8_t *)HEADER "\1a", 14), 12, parts("", "a")));
	ck_assert(sts_dns_is_name(
	    sts_text((const uint8_t *)HEADER "\1a", 15), 12, parts("", "a")));
}
END_TEST

/* The end of a chain of aliases may be a name that cannot be written as text,
 * with a dot within a label. */
START_TEST(an_owner_with_a_dot_in_a_label_has_no_text)
{
	for (unsigned dotted = 0; dotted < 2; dotted++) {
		const char *label = dotted ? "\3a.b\0" : "\3a-b\0";
		struct build b;
		struct sts_dns_answers it;
		struct sts_dns_verdict v;
		struct sts_dns_host host;
		bool aliased = false;
		size_t at;

		build_begin(&b, ID, ANSWERED, NAME, STS_DNS_A);
		at = build_rr(&b, ANSWER, "@12", STS_DNS_CNAME, 1, 60);
		build_put(&b, label, 5);
		build_end(&b, at);
		sts_put16be(b.p + 6, 2);
		build_put(&b, label, 5);
		build_put(&b, "\0\1\0\1\0\0\0\74\0\4\300\0\2\1", 14);
		v = judge(b.p, b.n, STS_DNS_A);
		unit_int("found", v.found, STS_FOUND);
		sts_dns_answers(&it, build_text(&b), &v, STS_DNS_A);
		unit_int("owner", sts_dns_owner(&it, &host, &aliased), !dotted);
		ck_assert(aliased);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, rdata_must_fit_its_type);
	tcase_add_test(tc, rdata_of_other_records_must_fit_too);
	tcase_add_test(tc, owner_names_must_be_well_formed);
	tcase_add_test(tc, a_name_has_255_octets_at_most);
	tcase_add_test(tc, a_name_has_a_limited_number_of_pointers);
	tcase_add_test(tc, a_pointer_must_point_below_the_last_target);
	tcase_add_test(tc, counts_must_not_exceed_the_records);
	tcase_add_test(tc, a_cut_message_is_malformed);
	tcase_add_test(tc, a_broken_message_is_never_read_outside);
	tcase_add_test(tc, many_records_end_at_our_limit);
	tcase_add_test(tc, unreadable_names_are_never_equal);
	tcase_add_test(tc, an_owner_with_a_dot_in_a_label_has_no_text);
}
