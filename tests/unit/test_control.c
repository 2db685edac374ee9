/* SPDX-License-Identifier: MIT */
/* boards/posix: the control socket's codecs, and what people are shown. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../boards/posix/control.h"
#include "../../boards/posix/control_show.h"
#include "unit.h"

const char unit_name[] = "control";

#define K50 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define K300 K50 K50 K50 K50 K50 K50
#define Z63 "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"

/* want: as it is written again, or what is wrong. */
static const struct {
	const char *name, *in;
	bool ok;
	const char *want;
} lines[] = {
	{ "query", "query postfix example.com\n", true,
	    "query postfix example.com\n" },
	{ "default zone", "query - example.com\n", true,
	    "query - example.com\n" },
	{ "JSON", "json query - a\n", true, "json query - a\n" },
	{ "CR", "list\r\n", true, "list\n" },
	{ "no LF", "list", true, "list\n" },
	{ "empty key", "query - \n", true, "query - \n" },
	{ "no key", "query -\n", true, "query - \n" },
	{ "key with spaces", "query z  a b \n", true, "query z  a b \n" },
	{ "no zone", "query\n", false, "zone" },
	{ "empty zone", "query  a\n", false, "zone" },
	{ "zone of 63", "query " Z63 " a\n", true, "query " Z63 " a\n" },
	{ "zone of 64", "query " Z63 "z a\n", false, "zone" },
	{ "key of 300", "show " K300 "\n", true, "show " K300 "\n" },
	{ "key of 301", "show " K300 "k\n", false, "too long" },
	{ "show", "show a\n", true, "show a\n" },
	{ "forget", "forget a\n", true, "forget a\n" },
	{ "refresh", "refresh a\n", true, "refresh a\n" },
	{ "list", "list\n", true, "list\n" },
	{ "list what", "list a\n", false, "nothing more" },
	{ "flush", "flush\n", true, "flush\n" },
	{ "flush all", "flush all\n", true, "flush all\n" },
	{ "flush ALL", "flush ALL\n", false, "all or nothing" },
	{ "flush all all", "flush all all\n", false, "all or nothing" },
	{ "stats", "json stats\n", true, "json stats\n" },
	{ "enforce", "enforce\n", true, "enforce\n" },
	{ "enforce on", "enforce on\n", true, "enforce on\n" },
	{ "enforce off", "json enforce off\n", true, "json enforce off\n" },
	{ "enforce of", "enforce of\n", false, "on or off" },
	{ "empty", "\n", false, "no such command" },
	{ "space", " list\n", false, "no such command" },
	{ "JSON alone", "json\n", false, "no such command" },
	{ "twice JSON", "json json list\n", false, "no such command" },
	{ "case", "List\n", false, "no such command" },
	{ "prefix", "lis\n", false, "no such command" },
	{ "longer", "listing\n", false, "no such command" },
};

START_TEST(line_table)
{
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		size_t n = strlen(lines[i].in);
		struct sts_text in =
		    sts_text(unit_at_page_end(lines[i].in, n), n);
		struct sts_control_request r;
		uint8_t out[STS_CONTROL_LINE_MAX];
		const char *wrong = sts_control_parse(&r, in);

		unit_int(lines[i].name, wrong == NULL, lines[i].ok);
		if (wrong != NULL) {
			ck_assert_msg(strstr(wrong, lines[i].want) != NULL,
			    "%s: %s", lines[i].name, wrong);
			continue;
		}
		unit_text(lines[i].name,
		    sts_text(out, sts_control_format(&r, out)), lines[i].want);
	}
}
END_TEST

/* A line is whole at its LF, not before, and given up at the limit. */
START_TEST(line_splits)
{
	static uint8_t much[STS_CONTROL_LINE_MAX + 1];

	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		size_t n = strlen(lines[i].in);
		const char *end = strchr(lines[i].in, '\n');

		for (size_t k = 0; k <= n; k++) {
			const uint8_t *p = unit_at_page_end(lines[i].in, k);
			bool has =
			    end != NULL && k > (size_t)(end - lines[i].in);

			unit_int(lines[i].name,
			    sts_control_line(sts_text(p, k)),
			    has ? (long long)(end - lines[i].in) + 1 : 0);
		}
	}
	memset(much, 'x', sizeof much);
	unit_int("limit - 1",
	    sts_control_line(sts_text(much, STS_CONTROL_LINE_MAX - 1)), 0);
	unit_int(
	    "limit", sts_control_line(sts_text(much, sizeof much - 1)), -1);
	unit_int("over", sts_control_line(sts_text(much, sizeof much)), -1);
	much[STS_CONTROL_LINE_MAX - 1] = '\n';
	unit_int("ends at the limit",
	    sts_control_line(sts_text(much, sizeof much)),
	    STS_CONTROL_LINE_MAX);
}
END_TEST

/* What cannot be said in a line is not half said. */
START_TEST(line_not_possible)
{
	static const struct {
		const char *name, *zone, *key;
	} cases[] = { { "LF in key", "z", "a\nflush all" },
		{ "CR in key", "z", "a\r" }, { "space in zone", "a b", "k" },
		{ "LF in zone", "a\n", "k" } };

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		uint8_t out[STS_CONTROL_LINE_MAX];
		struct sts_control_request r;

		memset(&r, 0, sizeof r);
		r.command = STS_CONTROL_QUERY;
		r.zone_len = (uint8_t)strlen(cases[i].zone);
		memcpy(r.zone, cases[i].zone, r.zone_len);
		r.key_len = (uint16_t)strlen(cases[i].key);
		memcpy(r.key, cases[i].key, r.key_len);
		unit_int(
		    cases[i].name, (long long)sts_control_format(&r, out), 0);
	}
}
END_TEST

static uint8_t said[4096];

/* One record of everything. */
static struct sts_text
say_all(bool json)
{
	static const uint8_t odd[] = "a\"\\\n\x7f\xff";
	struct sts_say s;

	sts_say_init(&s, json);
	sts_say_into(&s, sts_span(said, sizeof said));
	sts_say_open(&s);
	sts_say_text(&s, "text", sts_text(odd, 6));
	sts_say_number(&s, "least", 0);
	sts_say_number(&s, "most", UINT32_MAX);
	sts_say_bool(&s, "yes", true);
	sts_say_bool(&s, "no", false);
	sts_say_list(&s, "none");
	sts_say_list_end(&s);
	sts_say_list(&s, "two");
	sts_say_item(&s, unit_span("a"));
	sts_say_item(&s, unit_span("b"));
	sts_say_list_end(&s);
	sts_say_start(&s, "long");
	ck_assert_uint_eq(sts_say_piece(&s, unit_span("ab")), 2);
	ck_assert_uint_eq(sts_say_piece(&s, unit_span("c")), 1);
	sts_say_stop(&s);
	sts_say_close(&s);
	sts_say_open(&s);
	sts_say_word(&s, "x", "");
	sts_say_close(&s);
	sts_say_end(&s, 64);
	return sts_text(said, s.len);
}

START_TEST(say_text)
{
	unit_text("text", say_all(false),
	    "text a\"\\x5c\\x0a\\x7f\\xff\nleast 0\nmost 4294967295\nyes yes\n"
	    "no no\ntwo a\ntwo b\nlong abc\n\nx \n\nend 64\n");
}
END_TEST

START_TEST(say_json)
{
	unit_text("json", say_all(true),
	    "{\"text\":\"a\\u0022\\u005c\\u000a\\u007f\\u00ff\",\"least\":0,"
	    "\"most\":4294967295,\"yes\":true,\"no\":false,\"none\":[],"
	    "\"two\":[\"a\",\"b\"],\"long\":\"abc\"}\n{\"x\":\"\"}\n"
	    "{\"end\":64}\n");
}
END_TEST

/* A piece takes what there is room for, whatever it has to become. */
START_TEST(say_pieces)
{
	static const uint8_t odd[20] = { 0 };

	for (size_t room = 0; room < 40; room++) {
		struct sts_say s;

		sts_say_init(&s, true);
		sts_say_into(&s, sts_span(unit_at_page_end(said, room), room));
		size_t n = sts_say_piece(&s, sts_text(odd, sizeof odd));

		unit_int("taken", (long long)n,
		    (long long)(room / STS_SAY_ESCAPE_MAX));
		unit_int("written", (long long)s.len, (long long)n * 6);
	}
}
END_TEST

/* The largest record of the list fits its room. */
START_TEST(say_largest)
{
	uint8_t name[253];
	struct sts_held held;
	struct sts_say s;

	memset(name, 'a', sizeof name);
	name[63] = name[127] = name[191] = '.';
	for (unsigned why = 0; why < STS_WHY_COUNT; why++) {
		memset(&held, 0, sizeof held);
		held.now_s = 4000000000U;
		held.id_len = sizeof held.id;
		/* As only a journal of other hands could have it. */
		memset(held.id, 0xff, sizeof held.id);
		held.entry.kind = STS_KIND_POLICY;
		held.entry.mode = STS_MODE_ENFORCE;
		held.entry.max_age_s = held.entry.fetched_s = UINT32_MAX;
		held.entry.checked_s = held.entry.check_s = UINT32_MAX;
		held.entry.refresh_s = held.entry.retry_s = UINT32_MAX;
		held.entry.failed_id = 1;
		held.entry.failures = 255;
		held.entry.why = (uint8_t)why;
		sts_say_init(&s, true);
		sts_say_into(&s, sts_span(said, sizeof said));
		sts_say_open(&s);
		sts_tell_held(&s, &held, sts_text(name, sizeof name));
		sts_say_close(&s);
		ck_assert_uint_le(s.len, STS_CONTROL_LIST_ROOM);
	}
}
END_TEST

/* ---- what is shown ---- */

static char shown[4096];

/* Feed an answer in pieces of `step` with standard output caught. */
static unsigned
show(enum sts_control_command command, bool json, const char *answer,
    size_t step)
{
	static struct sts_show s;
	char path[] = "/tmp/mtasts-show-XXXXXX";
	int out = dup(STDOUT_FILENO), file = mkstemp(path);
	size_t n = strlen(answer);

	unlink(path);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	sts_show_begin(&s, command, json, "k\xff.example");
	for (size_t i = 0; i < n; i += step) {
		sts_show_feed(&s, (const uint8_t *)answer + i,
		    n - i < step ? n - i : step);
	}
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	ssize_t got = pread(file, shown, sizeof shown - 1, 0);

	shown[got > 0 ? got : 0] = '\0';
	close(file);
	return s.ended ? s.code : 999;
}

#define POLICY                                                                 \
	"held policy\nmode enforce\nmax_age 86400\nid 1\nlive yes\n"           \
	"protected yes\nnow 1000000\nfetched 913601\nexpires 1000001\n"
#define POLICY_SHOWN "  policy   mode enforce, max_age 86400 (24 h), id 1\n"

static const struct {
	const char *name;
	enum sts_control_command command;
	const char *answer, *want;
	unsigned code;
} answers[] = {
	{ "enforce", STS_CONTROL_QUERY,
	    "key k\nsource daemon\nzone z\nresult policy\nanswer OK secure\n"
	    "rule held\nrule_text a policy is held\nwhy ok\ntext fine\n"
	    "domain k.example\n" POLICY
	    "checked 999970\ncheck 1000600\nrefresh 1007200\nfailures 2\n"
	    "reason x509-name\nreason_text another name\nmx a\nmx b\n\nend 0\n",
	    "k\\xff.example: a policy is in force\n"
	    "  asked    the running daemon, zone z\n"
	    "  answer   OK secure\n  because  a policy is held\n" POLICY_SHOWN
	    "  mx       a\n           b\n"
	    "  fetched  23 h ago, 1970-01-11 13:46:41 UTC\n"
	    "  checked  30 s ago, 1970-01-12 13:46:10 UTC\n"
	    "  next     in 10 min, 1970-01-12 13:56:40 UTC: then the next "
	    "question looks it up again\n"
	    "  refresh  in 2 h, 1970-01-12 15:46:40 UTC: fetched again by "
	    "itself\n"
	    "  expires  in 1 s, 1970-01-12 13:46:41 UTC\n"
	    "  failed   2 times in a row, the last: another name (x509-name)\n",
	    0 },
	{ "rehearsed", STS_CONTROL_QUERY,
	    "result none\nanswer NOTFOUND \nrule held\nrule_text held\n"
	    "why audit\ntext off\nwould policy\n" POLICY
	    "checked 1\ncheck 2\nfailures 0\nmx a\n\nend 1\n",
	    "  because  held: off (audit)\n"
	    "  else     the policy below would be in force\n" POLICY_SHOWN,
	    1 },
	{ "a key", STS_CONTROL_QUERY,
	    "source here\nresult none\nanswer NOTFOUND \nrule key\n"
	    "rule_text r\nwhy w\ntext t\n\nend 1\n",
	    "  asked    looked up here and now, not by the running daemon\n"
	    "  answer   NOTFOUND \n  because  r: t (w)\n",
	    1 },
	{ "failed", STS_CONTROL_SHOW,
	    "held back-off\nnow 100\nchecked 40\ncheck 100\nretry 160\n"
	    "failures 3\nreason r\nreason_text t\n\nend 0\n",
	    "k\\xff.example\n"
	    "  held     that the policy could not be fetched\n"
	    "  checked  60 s ago, 1970-01-01 00:00:40 UTC\n"
	    "  due      0 s ago, 1970-01-01 00:01:40 UTC: looked up by the "
	    "next question\n"
	    "  reason   t (r), 3 times in a row\n"
	    "  retry    in 60 s, ",
	    0 },
	{ "not held", STS_CONTROL_SHOW, "key k\nheld nothing\n\nend 1\n",
	    "k\\xff.example: nothing is held\n", 1 },
	{ "list", STS_CONTROL_LIST,
	    "domain a.example\n" POLICY "failures 0\n\n"
	    "domain b.example\nheld policy\nmode none\nlive no\nnow 100\n"
	    "expires 40\nfailures 7\nreason r\n\n"
	    "domain c.example\nheld absent\nnow 1\ncheck 121\nfailures 0\n"
	    "reason dns-nodata\n\nend 0\n",
	    "a.example                                policy    enforce  in 1 "
	    "s\n"
	    "b.example                                policy    none     "
	    "expired 60 s ago, 7 failures, r\n"
	    "c.example                                absent    -        in 2 "
	    "min, dns-nodata\n",
	    0 },
	{ "nothing to list", STS_CONTROL_LIST, "end 0\n", "", 0 },
	{ "forgotten", STS_CONTROL_FORGET, "forgotten 1\ndurable no\n\nend 0\n",
	    "k\\xff.example: forgotten; not yet in the journal, so that a "
	    "restart may bring it back\n",
	    0 },
	{ "flushed", STS_CONTROL_FLUSH, "forgotten 12\ndurable yes\n\nend 0\n",
	    "12 forgotten\n", 0 },
	{ "enforced", STS_CONTROL_ENFORCE, "enforced no\n\nend 1\n",
	    "enforcement is off", 1 },
	{ "stats", STS_CONTROL_STATS,
	    "enforced yes\nbytes 4000000000\nbytes_free 1000000000\n"
	    "bytes_protected 1\nbytes_protected_max 3\njournal full\n\nend 0\n",
	    "cache      4000000000 bytes, 75% used; protected 1 of at most 3 "
	    "(33%)\n",
	    0 },
	{ "error", STS_CONTROL_QUERY, "error what\n\nend 64\n", "error: what\n",
	    64 },
	{ "commands to the terminal, answer", STS_CONTROL_QUERY,
	    "result none\nanswer \033[2J\r\x9b\x7f.\n\nend 1\n",
	    "  answer   ?[2J???.\n", 1 },
	{ "commands to the terminal, value", STS_CONTROL_QUERY,
	    "error \033]0;x\007\n\nend 64\n", "error: ?]0;x?\n", 64 },
	{ "cut", STS_CONTROL_LIST, "domain a\nheld absent\n", "", 999 },
	{ "cut at the end", STS_CONTROL_FLUSH, "forgotten 1\n\nend 0",
	    "1 forgotten", 999 },
};

START_TEST(show_table)
{
	for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
		for (size_t step = 1; step < 4000; step = step * 3 + 1) {
			unit_int(answers[i].name,
			    show(answers[i].command, false, answers[i].answer,
				step),
			    answers[i].code);
			ck_assert_msg(strstr(shown, answers[i].want) != NULL,
			    "%s:\n%s\nwant:\n%s", answers[i].name, shown,
			    answers[i].want);
		}
	}
}
END_TEST

/* JSON goes through but for its end. */
static const struct {
	const char *answer, *want;
	unsigned code;
} passed[] = {
	{ "{\"end\":0}\n", "", 0 },
	{ "{\"a\":1}\n{\"end\":2}\n", "{\"a\":1}\n", 2 },
	{ "{\"ending\":1}\n{\"en\":1}\n{\"end\":70}\n",
	    "{\"ending\":1}\n{\"en\":1}\n", 70 },
	{ "{\"a\":\"{\\\"end\\\":5}\"}\n", "{\"a\":\"{\\\"end\\\":5}\"}\n",
	    999 },
	{ "\n\n{\"end\":1}\n", "\n\n", 1 },
	{ "{\"a\":\"\033[2J\"}\n{\"end\":1}\n", "{\"a\":\"?[2J\"}\n", 1 },
};

START_TEST(show_json)
{
	for (size_t i = 0; i < UNIT_COUNT(passed); i++) {
		for (size_t step = 1; step < 100; step = step * 2 + 1) {
			unit_int(passed[i].answer,
			    show(STS_CONTROL_QUERY, true, passed[i].answer,
				step),
			    passed[i].code);
			ck_assert_str_eq(shown, passed[i].want);
		}
	}
}
END_TEST

/* More fields, longer names and values than there are: cut, and no more. */
START_TEST(show_bounds)
{
	static char much[200000];
	size_t n = 0;

	for (unsigned i = 0; i < 100; i++) {
		n += (size_t)snprintf(
		    much + n, sizeof much - n, "namenamenamenamename%u ", i);
		memset(much + n, 'v', 1000);
		n += 1000;
		much[n++] = '\n';
	}
	memcpy(much + n, "\nend 3\n", 8);
	for (size_t step = 1; step < n; step *= 50) {
		unit_int(
		    "fields", show(STS_CONTROL_QUERY, false, much, step), 3);
	}
	memset(much, '{', sizeof much - 1);
	unit_int("JSON", show(STS_CONTROL_QUERY, true, much, 4096), 999);
	memset(much, 'n', sizeof much - 1);
	unit_int("name", show(STS_CONTROL_QUERY, false, much, 4096), 999);
	memcpy(much, "{\"end\":", 7);
	memset(much + 7, '1', sizeof much - 8);
	unit_int("end", show(STS_CONTROL_QUERY, true, much, 4096), 999);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, line_table);
	tcase_add_test(tc, line_splits);
	tcase_add_test(tc, line_not_possible);
	tcase_add_test(tc, say_text);
	tcase_add_test(tc, say_json);
	tcase_add_test(tc, say_pieces);
	tcase_add_test(tc, say_largest);
	tcase_add_test(tc, show_table);
	tcase_add_test(tc, show_json);
	tcase_add_test(tc, show_bounds);
}
