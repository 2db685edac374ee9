/* SPDX-License-Identifier: MIT */
/* core/answer/zones: the lines of zones and overrides, and how they are
 * found. */
#include <string.h>

#include "../../core/answer/decide.h"
#include "../../core/answer/zones.h"
#include "unit.h"

const char unit_name[] = "zones";

enum {
	WITHIN = 12000,
	QUEUE = 30000
};

static struct sts_zones z, before;

/* Check a name's zone: flags "S" strict_testing, "N" sni, "T" tlsrpt, "A"
 * audit, "M" sendmail. */
static void
check_zone(const char *name, bool want_known, const char *want_flags,
    uint32_t within, uint32_t queue)
{
	bool known = !want_known;
	const struct sts_zone *zone =
	    sts_zones_find(&z, unit_span(name), &known);
	char flags[6] = "";
	size_t n = 0;

	if (zone->strict_testing) {
		flags[n++] = 'S';
	}
	if (zone->sni) {
		flags[n++] = 'N';
	}
	if (zone->tlsrpt) {
		flags[n++] = 'T';
	}
	if (zone->audit) {
		flags[n++] = 'A';
	}
	if (zone->sendmail) {
		flags[n++] = 'M';
	}
	unit_int(name, known, want_known);
	unit_text(name, unit_span(flags), want_flags);
	unit_int(name, zone->answer_within_ms, within);
	unit_int(name, zone->queue_wait_ms, queue);
}

static const struct {
	const char *name;
	bool known;
	const char *flags;
	uint32_t within, queue;
} built_in[] = {
	{ "default", true, "N", WITHIN, QUEUE },
	{ "postfix", true, "N", WITHIN, QUEUE },
	{ "PostFix", true, "N", WITHIN, QUEUE },
	{ "QUERY", true, "N", WITHIN, QUEUE },
	{ "query", true, "N", WITHIN, QUEUE },
	{ "QUERYwithTLSRPT", true, "NT", WITHIN, QUEUE },
	{ "querywithtlsrpt", true, "NT", WITHIN, QUEUE },
	{ "sts", true, "NM", 4000, 4000 },
	{ "STS", false, "N", WITHIN, QUEUE },
	{ "", false, "N", WITHIN, QUEUE },
	{ "Default", false, "N", WITHIN, QUEUE },
	{ "defaul", false, "N", WITHIN, QUEUE },
	{ "QUERYwithTLSRPTx", false, "N", WITHIN, QUEUE },
	{ "other", false, "N", WITHIN, QUEUE },
};

START_TEST(each_built_in_name_has_its_zone)
{
	sts_zones_init(&z, WITHIN, QUEUE);
	for (size_t i = 0; i < UNIT_COUNT(built_in); i++) {
		check_zone(built_in[i].name, built_in[i].known,
		    built_in[i].flags, built_in[i].within, built_in[i].queue);
	}
}
END_TEST

#define N63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"

/* Each line is added to the built-in zones, then once more as a duplicate. */
static const struct {
	const char *line;
	enum sts_zones_error want;
	const char *name, *flags;
	uint32_t within, queue;
} lines[] = {
	{ "a", STS_ZONES_OK, "a", "N", WITHIN, QUEUE },
	{ " a\t ", STS_ZONES_OK, "a", "N", WITHIN, QUEUE },
	{ "a sni=no", STS_ZONES_OK, "a", "", WITHIN, QUEUE },
	{ "a\tstrict_testing=yes  tlsrpt=yes audit=yes", STS_ZONES_OK, "a",
	    "SNTA", WITHIN, QUEUE },
	{ "a tlsrpt=no", STS_ZONES_OK, "a", "N", WITHIN, QUEUE },
	{ "a answer_within=5s", STS_ZONES_OK, "a", "N", 5000, QUEUE },
	{ "a answer_within=500ms", STS_ZONES_OK, "a", "N", 500, QUEUE },
	{ "a answer_within=1m", STS_ZONES_OK, "a", "N", 60000, QUEUE },
	{ "a answer_within=90s", STS_ZONES_OK, "a", "N", 90000, QUEUE },
	{ "a answer_within=90000ms", STS_ZONES_OK, "a", "N", 90000, QUEUE },
	{ "a answer_within=1ms", STS_ZONES_OK, "a", "N", 1, QUEUE },
	{ N63, STS_ZONES_OK, N63, "N", WITHIN, QUEUE },
	{ "!\"#=~", STS_ZONES_OK, "!\"#=~", "N", WITHIN, QUEUE },
	/* the built-in ones */
	{ "default strict_testing=yes", STS_ZONES_OK, "postfix", "SN", WITHIN,
	    QUEUE },
	{ "QUERYwithTLSRPT sni=no", STS_ZONES_OK, "queryWITHtlsrpt", "T",
	    WITHIN, QUEUE },
	{ "QUERYwithTLSRPT tlsrpt=no", STS_ZONES_OK, "QUERYwithTLSRPT", "N",
	    WITHIN, QUEUE },
	{ "querywithtlsrpt", STS_ZONES_OK, "querywithtlsrpt", "N", WITHIN,
	    QUEUE },
	{ "querywithtlsrpt", STS_ZONES_OK, "QUERYwithTLSRPT", "NT", WITHIN,
	    QUEUE },
	{ "postfix sni=no", STS_ZONES_OK, "postfix", "", WITHIN, QUEUE },
	{ "postfix sni=no", STS_ZONES_OK, "Postfix", "N", WITHIN, QUEUE },
	{ "sts answer_within=3s", STS_ZONES_OK, "sts", "NM", 3000, 4000 },
	{ "sts strict_testing=yes", STS_ZONES_OK, "sts", "SNM", 4000, 4000 },
	/* errors */
	{ "", STS_ZONES_NAME, "a", "", 0, 0 },
	{ "  ", STS_ZONES_NAME, "a", "", 0, 0 },
	{ N63 "x", STS_ZONES_NAME, N63 "x", "", 0, 0 },
	{ "a\x01", STS_ZONES_NAME, "a\x01", "", 0, 0 },
	{ "\x7f", STS_ZONES_NAME, "\x7f", "", 0, 0 },
	{ "z\xc3\xbc", STS_ZONES_NAME, "z\xc3\xbc", "", 0, 0 },
	{ "a sendmail=yes", STS_ZONES_OPTION, "a", "", 0, 0 },
	{ "a SNI=yes", STS_ZONES_OPTION, "a", "", 0, 0 },
	{ "a yes", STS_ZONES_OPTION, "a", "", 0, 0 },
	{ "a =yes", STS_ZONES_OPTION, "a", "", 0, 0 },
	{ "a sni", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a sni=", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a sni=true", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a sni = yes", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a sni=no audit=Yes", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=5", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=s", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=0s", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=91s", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=90001ms", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=2m", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=1h", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=-1s", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=1.5s", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=71583m", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a answer_within=1000000s", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a sni=yes sni=yes", STS_ZONES_DUPLICATE, "a", "", 0, 0 },
	{ "a dane=", STS_ZONES_VALUE, "a", "", 0, 0 },
	{ "a dane=yes", STS_ZONES_VALUE, "a", "", 0, 0 },
};

START_TEST(each_zone_line_is_added_or_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		size_t n = strlen(lines[i].line);
		struct sts_text line = { unit_at_page_end(lines[i].line, n),
			n };

		sts_zones_init(&z, WITHIN, QUEUE);
		before = z;
		unit_int(lines[i].line, sts_zones_add(&z, line), lines[i].want);
		if (lines[i].want == STS_ZONES_OK) {
			check_zone(lines[i].name, true, lines[i].flags,
			    lines[i].within, lines[i].queue);
			before = z;
			unit_int(lines[i].line, sts_zones_add(&z, line),
			    STS_ZONES_DUPLICATE);
		}
		ck_assert_mem_eq(&z, &before, sizeof z);
	}
	unit_int("result for no text", sts_zones_add(&z, sts_text(NULL, 0)),
	    STS_ZONES_NAME);
}
END_TEST

/* Whether DANE answers the questions of a zone: the zone's own setting counts
 * before the general one, and Sendmail's zone has no DANE. */
static const struct {
	const char *line, *name;
	bool general;
	bool zone, some; /* for this zone; for any zone, by its own setting */
} danes[] = {
	{ "a", "a", false, false, false },
	{ "a", "a", true, true, false },
	{ "a dane=on", "a", false, true, true },
	{ "a dane=on", "a", true, true, true },
	{ "a dane=on", "b", false, false, true },
	{ "a dane=off", "a", true, false, false },
	{ "a dane=off", "b", true, true, false },
	{ "sts dane=on", "sts", false, false, false },
	{ "sts dane=on", "sts", true, false, false },
};

START_TEST(a_zones_own_dane_setting_counts_first)
{
	for (size_t i = 0; i < UNIT_COUNT(danes); i++) {
		struct sts_settings s = { .dane = danes[i].general };
		bool known;

		sts_zones_init(&z, WITHIN, QUEUE);
		unit_int(danes[i].line,
		    sts_zones_add(&z, unit_span(danes[i].line)), STS_ZONES_OK);
		unit_int(danes[i].line,
		    sts_decide_wants_dane(&s,
			sts_zones_find(&z, unit_span(danes[i].name), &known)),
		    danes[i].zone);
		unit_int(danes[i].line, sts_zones_want_dane(&z), danes[i].some);
	}
}
END_TEST

START_TEST(a_zone_too_many_is_refused)
{
	uint8_t name[2] = { 'x', 'a' };

	sts_zones_init(&z, WITHIN, QUEUE);
	for (unsigned i = z.count; i < STS_ZONES_MAX; i++, name[1]++) {
		unit_int("result while there is room",
		    sts_zones_add(&z, sts_text(name, 2)), STS_ZONES_OK);
	}
	before = z;
	unit_int("result without room", sts_zones_add(&z, sts_text(name, 2)),
	    STS_ZONES_FULL);
	ck_assert_mem_eq(&z, &before, sizeof z);
	unit_int("result for a built-in zone",
	    sts_zones_add(&z, unit_span("sts")), STS_ZONES_OK);
}
END_TEST

static const struct {
	const char *line;
	enum sts_zones_error want;
	const char *key; /* a key that finds it */
	enum sts_override_action action;
	const char *value;
} overrides[] = {
	{ "a.example notfound", STS_ZONES_OK, "a.example",
	    STS_OVERRIDE_NOTFOUND, "" },
	{ "a.example\tsts ", STS_ZONES_OK, "A.Example", STS_OVERRIDE_STS, "" },
	{ "A.EXAMPLE ignore", STS_ZONES_OK, "a.example", STS_OVERRIDE_IGNORE,
	    "" },
	{ "[a.example] notfound", STS_ZONES_OK, "[a.example]",
	    STS_OVERRIDE_NOTFOUND, "" },
	{ "[a.example]:587 notfound", STS_ZONES_OK, "[a.example]:587",
	    STS_OVERRIDE_NOTFOUND, "" },
	{ "a.example:587 notfound", STS_ZONES_OK, "a.example:587",
	    STS_OVERRIDE_NOTFOUND, "" },
	{ "a.example:submission notfound", STS_ZONES_OK, "a.example:587",
	    STS_OVERRIDE_NOTFOUND, "" },
	{ "a.example postfix secure", STS_ZONES_OK, "a.example",
	    STS_OVERRIDE_POSTFIX, "secure" },
	{ "a.example postfix  encrypt {ciphers = high}  ", STS_ZONES_OK,
	    "a.example", STS_OVERRIDE_POSTFIX, "encrypt {ciphers = high}" },
	{ "a.example postfix none", STS_ZONES_OK, "a.example",
	    STS_OVERRIDE_POSTFIX, "none" },
	{ "", STS_ZONES_KEY, "", 0, "" },
	{ " ", STS_ZONES_KEY, "", 0, "" },
	{ ".example notfound", STS_ZONES_KEY, "", 0, "" },
	{ "a_b.example notfound", STS_ZONES_KEY, "", 0, "" },
	{ "a.example:lmtp notfound", STS_ZONES_KEY, "", 0, "" },
	{ "[a.example]:lmtp notfound", STS_ZONES_KEY, "", 0, "" },
	{ "a.example", STS_ZONES_ACTION, "", 0, "" },
	{ "a.example ", STS_ZONES_ACTION, "", 0, "" },
	{ "a.example reject", STS_ZONES_ACTION, "", 0, "" },
	{ "a.example NOTFOUND", STS_ZONES_ACTION, "", 0, "" },
	{ "a.example notfound yes", STS_ZONES_ACTION, "", 0, "" },
	{ "a.example postfix", STS_ZONES_LEVEL, "", 0, "" },
	{ "a.example postfix  ", STS_ZONES_LEVEL, "", 0, "" },
	{ "a.example postfix strict", STS_ZONES_LEVEL, "", 0, "" },
	{ "a.example postfix secure match", STS_ZONES_ATTRIBUTE, "", 0, "" },
	{ "a.example postfix secure tls=1", STS_ZONES_ATTRIBUTE, "", 0, "" },
	{ "a.example postfix secure\tmatch=a.b", STS_ZONES_LEVEL, "", 0, "" },
};

static const struct sts_override *
find(const char *key)
{
	struct sts_key k;

	unit_int(key, sts_key_parse(&k, unit_span(key)), STS_WHY_NONE);
	return sts_zones_override_find(&z, &k);
}

START_TEST(each_override_line_is_added_or_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(overrides); i++) {
		const char *name = overrides[i].line;
		size_t n = strlen(name);
		struct sts_text line = { unit_at_page_end(name, n), n };
		const struct sts_override *o;

		sts_zones_init(&z, WITHIN, QUEUE);
		before = z;
		unit_int(name, sts_zones_override(&z, line), overrides[i].want);
		if (overrides[i].want != STS_ZONES_OK) {
			ck_assert_mem_eq(&z, &before, sizeof z);
			continue;
		}
		o = find(overrides[i].key);
		ck_assert_msg(o != NULL, "%s: not found", name);
		unit_int(name, o->action, overrides[i].action);
		if (o->action == STS_OVERRIDE_POSTFIX) {
			unit_text(name, sts_override_value(&z, o),
			    overrides[i].value);
		}
		before = z;
		unit_int(
		    name, sts_zones_override(&z, line), STS_ZONES_DUPLICATE);
		ck_assert_mem_eq(&z, &before, sizeof z);
	}
}
END_TEST

/* Brackets and a port make another key. */
START_TEST(brackets_and_port_make_another_key)
{
	static const char *const keys[] = { "h.example", "[h.example]",
		"h.example:25", "[h.example]:25", "[h.example]:26", "i.example",
		"h.exampl" };
	/* A service without a known number counts as a port, too. */
	static const char *const never[] = { "h.example:foo",
		"[h.example]:foo" };

	for (size_t i = 0; i < UNIT_COUNT(keys); i++) {
		uint8_t line[64];
		size_t n = strlen(keys[i]);

		memcpy(line, keys[i], n);
		memcpy(line + n, " notfound", 9);
		sts_zones_init(&z, WITHIN, QUEUE);
		unit_int(keys[i], sts_zones_override(&z, sts_text(line, n + 9)),
		    STS_ZONES_OK);
		for (size_t k = 0; k < UNIT_COUNT(keys); k++) {
			unit_int(keys[k], find(keys[k]) != NULL, i == k);
		}
		for (size_t k = 0; k < UNIT_COUNT(never); k++) {
			unit_int(never[k], find(never[k]) != NULL, false);
		}
	}
}
END_TEST

/* Add "KEY postfix secure match=xx...", with `value_len` octets behind "postfix
 * ". */
static enum sts_zones_error
add_long(unsigned number, size_t value_len)
{
	static uint8_t line[STS_OVERRIDES_TEXT + 64];

	memset(line, 'x', sizeof line);
	memcpy(line, "k000 postfix secure match=", 26);
	line[1] = (uint8_t)('0' + number / 100);
	line[2] = (uint8_t)('0' + number / 10 % 10);
	line[3] = (uint8_t)('0' + number % 10);
	return sts_zones_override(&z, sts_text(line, 13 + value_len));
}

START_TEST(an_override_too_many_is_refused)
{
	sts_zones_init(&z, WITHIN, QUEUE);
	for (unsigned i = 0; i < STS_OVERRIDES_MAX; i++) {
		unit_int("result while there is room", add_long(i, 20),
		    STS_ZONES_OK);
	}
	before = z;
	unit_int("result without room", add_long(999, 20), STS_ZONES_FULL);
	ck_assert_mem_eq(&z, &before, sizeof z);
}
END_TEST

/* Key and value fill the text except for one octet, exactly, and by one octet
 * too much. */
START_TEST(an_override_without_room_is_refused)
{
	const size_t value_len = STS_OVERRIDES_TEXT - 4;

	for (size_t n = value_len - 1; n <= value_len + 1; n++) {
		sts_zones_init(&z, WITHIN, QUEUE);
		before = z;
		unit_int("result", add_long(1, n),
		    n <= value_len ? STS_ZONES_OK : STS_ZONES_FULL);
		if (n > value_len) {
			ck_assert_mem_eq(&z, &before, sizeof z);
		}
	}
	unit_int("result of the first", add_long(1, value_len), STS_ZONES_OK);
	unit_int("result of the next", add_long(2, 20), STS_ZONES_FULL);
}
END_TEST

START_TEST(each_error_has_its_text)
{
	for (unsigned i = 0; i < STS_ZONES_ERROR_COUNT; i++) {
		const char *text =
		    sts_zones_error_text((enum sts_zones_error)i);

		ck_assert_uint_gt(strlen(text), 3);
		/* They are printed behind the word "expected". */
		ck_assert_ptr_null(strstr(text, "expected"));
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_built_in_name_has_its_zone);
	tcase_add_test(tc, each_zone_line_is_added_or_refused);
	tcase_add_test(tc, a_zones_own_dane_setting_counts_first);
	tcase_add_test(tc, a_zone_too_many_is_refused);
	tcase_add_test(tc, each_override_line_is_added_or_refused);
	tcase_add_test(tc, brackets_and_port_make_another_key);
	tcase_add_test(tc, an_override_too_many_is_refused);
	tcase_add_test(tc, an_override_without_room_is_refused);
	tcase_add_test(tc, each_error_has_its_text);
}
