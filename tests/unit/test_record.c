/* SPDX-License-Identifier: MIT */
/* core/grammar/record: the TXT record at _mta-sts, RFC 8461 3.1. */
#include <string.h>

#include "../../core/grammar/record.h"
#include "unit.h"

const char unit_name[] = "record";

#define S(text) text, sizeof text - 1
#define A31 "abcdefghijklmnopqrstuvwxyz01234"
#define ID32 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"

/* Each line of `in` is one TXT RR, its strings joined. `want` is the id, or the
 * token of the reason. */
static const struct {
	const char *name, *in;
	size_t n;
	const char *want;
} cases[] = {
	{ "plain", S("v=STSv1; id=20160831085700Z;"), "20160831085700Z" },
	{ "no final delimiter", S("v=STSv1; id=1"), "1" },
	{ "no blanks", S("v=STSv1;id=1"), "1" },
	{ "nothing", S(""), "txt-none" },

	{ "R2 non-ASCII in an extension", S("v=STSv1; x=\xc3\xbc; id=1"),
	    "txt-invalid" },
	{ "R2 non-ASCII after the id", S("v=STSv1; id=1\xa0"), "txt-invalid" },
	{ "R2 non-ASCII first is foreign", S("\xef\xbb\xbfv=STSv1; id=1"),
	    "txt-none" },
	{ "R2 NUL", S("v=STSv1; id=1\0"), "txt-invalid" },
	{ "R2 DEL", S("v=STSv1; id=1; x=\x7f"), "txt-invalid" },

	{ "R4 foreign records are discarded",
	    S("v=spf1 -all\nv=STSv1; id=1\nother"), "1" },
	{ "R4 empty records are discarded", S("\nv=STSv1; id=1\n"), "1" },
	{ "R4 STSv10 is foreign", S("v=STSv10; id=2\nv=STSv1; id=1"), "1" },
	{ "R4 STSv2 is foreign", S("v=STSv2; id=1"), "txt-none" },
	{ "R4 version alone is foreign", S("v=STSv1"), "txt-none" },
	{ "R4 version and blanks alone are foreign", S("v=STSv1  "),
	    "txt-none" },
	{ "R4 version without delimiter is foreign", S("v=STSv1 id=1"),
	    "txt-none" },
	{ "R4 part of the version is foreign", S("v=STS"), "txt-none" },
	{ "R4 lower case is foreign", S("v=stsv1; id=1"), "txt-none" },
	{ "R4 upper case is foreign", S("V=STSv1; id=1"), "txt-none" },
	{ "R4 quotes are foreign", S("\"v=STSv1; id=1\""), "txt-none" },
	{ "R4 blank inside the version is foreign", S("v= STSv1; id=1"),
	    "txt-none" },
	{ "R4 erratum 6285: blank before the delimiter", S("v=STSv1 ; id=1"),
	    "1" },
	{ "R4 erratum 6285: tabs too", S("v=STSv1\t \t;\tid=1"), "1" },

	{ "R5 two valid", S("v=STSv1; id=1\nv=STSv1; id=2"), "txt-several" },
	{ "R5 valid and invalid", S("v=STSv1; id=1\nv=STSv1;"), "txt-several" },
	{ "R5 invalid and valid", S("v=STSv1; id=\nv=STSv1 ; id=1"),
	    "txt-several" },
	{ "R5 three", S("v=STSv1; id=1\nv=STSv1; id=1\nv=STSv1; id=1"),
	    "txt-several" },
	{ "R5 one and it invalid", S("a\nv=STSv1; id=\nb"), "txt-invalid" },

	{ "R7 version must be first", S("id=1; v=STSv1;"), "txt-none" },
	{ "R7 other order does not matter", S("v=STSv1; x=1; id=A"), "A" },
	{ "R7 id is required", S("v=STSv1; x=1"), "txt-invalid" },
	{ "R7 version alone, delimited", S("v=STSv1;"), "txt-invalid" },
	{ "R7 a second v is an extension", S("v=STSv1; v=STSv2; id=1"), "1" },

	{ "R7 extension without a value", S("v=STSv1; id=1; x=;"),
	    "txt-invalid" },

	{ "R8 32", S("v=STSv1; id=" ID32), ID32 },
	{ "R8 33", S("v=STSv1; id=" ID32 "g"), "txt-invalid" },
	{ "R8 empty", S("v=STSv1; id=;"), "txt-invalid" },
	{ "R8 empty at the end", S("v=STSv1; id="), "txt-invalid" },
	{ "R8 hyphen", S("v=STSv1; id=2020-01"), "txt-invalid" },
	{ "R8 blank inside", S("v=STSv1; id=20 01"), "txt-invalid" },
	{ "R8 blank before the value", S("v=STSv1; id= 1"), "txt-invalid" },
	{ "R8 blank before the equals", S("v=STSv1; id =1"), "txt-invalid" },
	{ "R8 id of another case is an extension",
	    S("v=STSv1; ID=2; Id=3; iD=4; id=1"), "1" },
	{ "R8 names that begin like id", S("v=STSv1; i=2; idx=3; id=1"), "1" },
	{ "R8 another case alone", S("v=STSv1; ID=2"), "txt-invalid" },

	{ "R9 name of 32", S("v=STSv1; id=1; " A31 "5=x"), "1" },
	{ "R9 name of 33", S("v=STSv1; id=1; " A31 "56=x"), "txt-invalid" },
	{ "R9 marks inside a name", S("v=STSv1; a_b-c.d=x; id=1"), "1" },
	{ "R9 name begins with a mark", S("v=STSv1; _a=x; id=1"),
	    "txt-invalid" },
	{ "R9 name begins with a hyphen", S("v=STSv1; id=1; -a=x"),
	    "txt-invalid" },
	{ "R9 no name", S("v=STSv1; =x; id=1"), "txt-invalid" },
	{ "R9 no equals", S("v=STSv1; id=1; ab"), "txt-invalid" },
	{ "R9 no equals, then a delimiter", S("v=STSv1; ab; id=1"),
	    "txt-invalid" },
	{ "R9 no value", S("v=STSv1; id=1; ab="), "txt-invalid" },
	{ "R9 every byte of a value",
	    S("v=STSv1; a=!\"#$%&'()*+,-./09:<>?@AZ[\\]^_`az{|}~; id=1"), "1" },
	{ "R9 equals in a value", S("v=STSv1; a=b=c; id=1"), "txt-invalid" },
	{ "R9 blank in a value", S("v=STSv1; a=b c; id=1"), "txt-invalid" },
	{ "R9 long value", S("v=STSv1; a=" ID32 ID32 ID32 "; id=1"), "1" },

	{ "R10 blanks around delimiters", S("v=STSv1 ;\t id=1 \t; "), "1" },
	{ "R10 empty field", S("v=STSv1;; id=1"), "txt-invalid" },
	{ "R10 empty field at the end", S("v=STSv1; id=1;;"), "txt-invalid" },
	{ "R10 empty field of blanks", S("v=STSv1; id=1; ;"), "txt-invalid" },
	{ "R10 blank first is foreign", S(" v=STSv1; id=1"), "txt-none" },
	{ "R10 blank last", S("v=STSv1; id=1 "), "txt-invalid" },
	{ "R10 blank last after a delimiter", S("v=STSv1; id=1;\t "), "1" },

	{ "R27 duplicate id: first wins", S("v=STSv1; id=1; id=2"), "1" },
	{ "R27 invalid duplicate is an extension", S("v=STSv1; id=1; id=2-3"),
	    "1" },
	{ "R27 duplicate that is no field", S("v=STSv1; id=1; id="),
	    "txt-invalid" },
	{ "R27 the first counts when it is invalid", S("v=STSv1; id=-; id=2"),
	    "txt-invalid" },
	{ "K7 line feed", S("v=STSv1; id=1; a=b\r"), "txt-invalid" },
};

static struct sts_record
fed(const uint8_t *p, size_t n)
{
	struct sts_record r;

	sts_record_start(&r);
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			sts_record_end(&r);
		} else {
			sts_record_byte(&r, p[i]);
		}
	}
	if (n > 0) {
		sts_record_end(&r);
	}
	return r;
}

START_TEST(each_set_of_records_has_its_id_or_reason)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const uint8_t *p = unit_at_page_end(cases[i].in, cases[i].n);
		struct sts_record r = fed(p, cases[i].n);
		enum sts_why why = STS_WHY_COUNT;
		enum sts_found found = sts_record_result(&r, &why);

		if (found == STS_FOUND) {
			unit_int(cases[i].name, why, STS_WHY_NONE);
			unit_text(cases[i].name, sts_text(r.id, r.id_len),
			    cases[i].want);
		} else {
			unit_int(cases[i].name, found, STS_ABSENT);
			unit_text(cases[i].name, unit_span(sts_why_token(why)),
			    cases[i].want);
		}
		unit_int(cases[i].name, sts_record_result(&r, NULL), found);
	}
}
END_TEST

/* The order of several records does not matter: a second candidate, and a
 * faulty one, are noticed in every place among unrelated records. */
START_TEST(a_second_candidate_counts_in_every_place)
{
	static const char good[] = "v=STSv1; id=1", odd[] = "v=STSv1; id=_",
			  stranger[] = "v=spf1 -all";
	enum {
		RECORDS = 6
	};

	for (unsigned one = 0; one < RECORDS; one++) {
		for (unsigned two = 0; two <= RECORDS; two++) {
			enum sts_why why, want = STS_WHY_NONE;
			struct sts_record r;

			sts_record_start(&r);
			for (unsigned i = 0; i < RECORDS; i++) {
				const char *t = i == one   ? good
						: i == two ? odd
							   : stranger;

				while (*t != '\0') {
					sts_record_byte(&r, (uint8_t)*t++);
				}
				sts_record_end(&r);
			}
			if (two < RECORDS && two != one) {
				want = STS_WHY_TXT_SEVERAL;
			}
			sts_record_result(&r, &why);
			ck_assert_msg(why == want, "%u and %u", one, two);
		}
	}
}
END_TEST

/* A record cut short has no policy as long as its version is cut, is invalid
 * until its id has an octet, and counts from then on. */
START_TEST(a_record_cut_short_counts_once_it_has_an_id)
{
	static const char whole[] = "v=STSv1; a=b; id=ABC";

	for (size_t n = 0; n < sizeof whole; n++) {
		struct sts_record r = fed((const uint8_t *)whole, n);
		enum sts_why why;
		enum sts_why want = STS_WHY_TXT_INVALID;

		if (n < sizeof "v=STSv1;" - 1) {
			want = STS_WHY_TXT_NONE;
		} else if (n >= sizeof "v=STSv1; a=b; id=A" - 1) {
			want = STS_WHY_NONE;
		}
		sts_record_result(&r, &why);
		unit_int(whole, why, want);
	}
}
END_TEST

/* The verdict on one set of records has no effect on the next. */
START_TEST(a_set_has_no_effect_on_the_next)
{
	struct sts_record r = fed((const uint8_t *)S("v=STSv1; id=-"));

	ck_assert_int_eq(sts_record_result(&r, NULL), STS_ABSENT);
	r = fed((const uint8_t *)S("v=STSv1; id=A"));
	ck_assert_int_eq(sts_record_result(&r, NULL), STS_FOUND);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_set_of_records_has_its_id_or_reason);
	tcase_add_test(tc, a_second_candidate_counts_in_every_place);
	tcase_add_test(tc, a_record_cut_short_counts_once_it_has_an_id);
	tcase_add_test(tc, a_set_has_no_effect_on_the_next);
}
