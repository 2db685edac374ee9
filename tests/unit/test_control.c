/* SPDX-License-Identifier: MIT */
/* boards/posix: the codecs of the control socket, and what the commands
 * print. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../boards/posix/control.h"
#include "../../boards/posix/control_show.h"
#include "../../boards/posix/fields.h"
#include "unit.h"

const char unit_name[] = "control";

#define K50 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define K300 K50 K50 K50 K50 K50 K50
#define Z63 "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"

#define REQUEST(rest) "{\"command\":" rest "}\n"

/* want: the request written again, or the error. */
static const struct {
	const char *name, *in;
	bool ok;
	const char *want;
} requests[] = {
	{ "query", REQUEST("\"query\",\"key\":\"a\",\"zone\":\"z\""), true,
	    REQUEST("\"query\",\"key\":\"a\",\"zone\":\"z\"") },
	{ "any order, blanks",
	    " { \"zone\" : \"z\", \"key\":\"a\",\n\"command\":\"query\" }",
	    true, REQUEST("\"query\",\"key\":\"a\",\"zone\":\"z\"") },
	{ "default zone", REQUEST("\"query\",\"key\":\"a\""), true,
	    REQUEST("\"query\",\"key\":\"a\"") },
	{ "empty zone", REQUEST("\"query\",\"key\":\"a\",\"zone\":\"\""), true,
	    REQUEST("\"query\",\"key\":\"a\"") },
	{ "no LF", "{\"command\":\"list\"}", true, REQUEST("\"list\"") },
	{ "empty key", REQUEST("\"query\",\"key\":\"\""), true,
	    REQUEST("\"query\",\"key\":\"\"") },
	{ "no key", REQUEST("\"query\""), false, "key is missing" },
	{ "odd key", REQUEST("\"show\",\"key\":\" a\\n\\\"\xc3\xbc\""), true,
	    REQUEST("\"show\",\"key\":\" a\\u000a\\\"\\u00fc\"") },
	{ "NUL in key", REQUEST("\"show\",\"key\":\"a\\u0000b\""), false,
	    "NUL" },
	{ "zone of 63", REQUEST("\"query\",\"key\":\"a\",\"zone\":\"" Z63 "\""),
	    true, REQUEST("\"query\",\"key\":\"a\",\"zone\":\"" Z63 "\"") },
	{ "zone of 64",
	    REQUEST("\"query\",\"key\":\"a\",\"zone\":\"z" Z63 "\""), false,
	    "zone is too long" },
	{ "key of 300", REQUEST("\"show\",\"key\":\"" K300 "\""), true,
	    REQUEST("\"show\",\"key\":\"" K300 "\"") },
	{ "key of 301", REQUEST("\"show\",\"key\":\"k" K300 "\""), false,
	    "key is too long" },
	{ "forget", REQUEST("\"forget\",\"key\":\"a\""), true,
	    REQUEST("\"forget\",\"key\":\"a\"") },
	{ "refresh", REQUEST("\"refresh\",\"key\":\"a\""), true,
	    REQUEST("\"refresh\",\"key\":\"a\"") },
	{ "zone for show", REQUEST("\"show\",\"key\":\"a\",\"zone\":\"z\""),
	    false, "does not take" },
	{ "export", REQUEST("\"export\""), true, REQUEST("\"export\"") },
	{ "list what", REQUEST("\"list\",\"key\":\"a\""), false,
	    "does not take" },
	{ "an unknown member", REQUEST("\"list\",\"later\":true"), false,
	    "does not take" },
	{ "twice", REQUEST("\"show\",\"key\":\"a\",\"key\":\"b\""), false,
	    "twice" },
	{ "twice, escaped",
	    REQUEST("\"show\",\"key\":\"a\",\"k\\u0065y\":\"b\""), false,
	    "twice" },
	{ "command twice", REQUEST("\"list\",\"command\":\"flush\""), false,
	    "twice" },
	{ "flush", REQUEST("\"flush\""), true, REQUEST("\"flush\"") },
	{ "flush all", REQUEST("\"flush\",\"all\":true"), true,
	    REQUEST("\"flush\",\"all\":true") },
	{ "flush not all", REQUEST("\"flush\",\"all\":false"), true,
	    REQUEST("\"flush\"") },
	{ "flush maybe", REQUEST("\"flush\",\"all\":\"maybe\""), false,
	    "true or false" },
	{ "flush 1", REQUEST("\"flush\",\"all\":1"), false, "true or false" },
	{ "flush null", REQUEST("\"flush\",\"all\":null"), false, "expected" },
	{ "stats", REQUEST("\"stats\""), true, REQUEST("\"stats\"") },
	{ "status", REQUEST("\"status\""), true, REQUEST("\"status\"") },
	{ "brief status", REQUEST("\"status\",\"brief\":true"), true,
	    REQUEST("\"status\",\"brief\":true") },
	{ "enforce", REQUEST("\"enforce\""), true, REQUEST("\"enforce\"") },
	{ "enforce on", REQUEST("\"enforce\",\"on\":true"), true,
	    REQUEST("\"enforce\",\"on\":true") },
	{ "enforce off", REQUEST("\"enforce\",\"on\":false"), true,
	    REQUEST("\"enforce\",\"on\":false") },
	{ "enforce off until", REQUEST("\"enforce\",\"on\":false,\"until\":9"),
	    true, REQUEST("\"enforce\",\"on\":false,\"until\":9") },
	{ "the largest until",
	    REQUEST("\"enforce\",\"on\":false,\"until\":4294967295"), true,
	    REQUEST("\"enforce\",\"on\":false,\"until\":4294967295") },
	{ "until too large",
	    REQUEST("\"enforce\",\"on\":false,\"until\":4294967296"), false,
	    "until takes" },
	{ "until 0", REQUEST("\"enforce\",\"on\":false,\"until\":0"), false,
	    "until takes" },
	{ "until 1.5", REQUEST("\"enforce\",\"on\":false,\"until\":1.5"), false,
	    "until takes" },
	{ "until a word", REQUEST("\"enforce\",\"on\":false,\"until\":\"x\""),
	    false, "until takes" },
	{ "on with until", REQUEST("\"enforce\",\"on\":true,\"until\":9"),
	    false, "on must be false" },
	{ "until without off", REQUEST("\"enforce\",\"until\":9"), false,
	    "on must be false" },
	{ "until elsewhere", REQUEST("\"flush\",\"until\":9"), false,
	    "does not take" },
	{ "nothing", "{}", false, "no such command" },
	{ "case", REQUEST("\"List\""), false, "no such command" },
	{ "prefix", REQUEST("\"lis\""), false, "no such command" },
	{ "longer", REQUEST("\"listing\""), false, "no such command" },
	{ "object in it", REQUEST("{}"), false, "one JSON object" },
	{ "list in it", REQUEST("\"show\",\"key\":[\"a\"]"), false,
	    "one JSON object" },
	{ "a list", "[\"list\"]", false, "one JSON object" },
	{ "a word", "list\n", false, "one JSON object" },
	{ "a string", "\"list\"\n", false, "one JSON object" },
	{ "HTTP", "GET / HTTP/1.1\r\n", false, "one JSON object" },
	{ "Latin-1", REQUEST("\"show\",\"key\":\"b\xfc\""), false,
	    "one JSON object" },
};

START_TEST(requests_are_read_or_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(requests); i++) {
		size_t n = strlen(requests[i].in);
		struct sts_text in =
		    sts_text(unit_at_page_end(requests[i].in, n), n);
		struct sts_control_request r;
		uint8_t out[STS_CONTROL_REQUEST_MAX];
		const char *wrong;

		unit_int(requests[i].name,
		    sts_control_request_read(&r, in, &wrong), true);
		unit_int(requests[i].name, wrong == NULL, requests[i].ok);
		if (wrong != NULL) {
			ck_assert_msg(strstr(wrong, requests[i].want) != NULL,
			    "%s: %s", requests[i].name, wrong);
			continue;
		}
		unit_text(requests[i].name,
		    sts_text(out, sts_control_request_write(&r, out)),
		    requests[i].want);
	}
}
END_TEST

/* A request is complete at the end of its object and not before. One that never
 * ends is given up at the limit. */
START_TEST(a_request_is_complete_at_its_end_only)
{
	static uint8_t much[STS_CONTROL_REQUEST_MAX + 1];
	struct sts_control_request r;
	const char *wrong;

	for (size_t i = 0; i < UNIT_COUNT(requests); i++) {
		size_t n = strlen(requests[i].in);
		bool before = false;

		for (size_t k = 0; k <= n; k++) {
			bool is = sts_control_request_read(&r,
			    sts_text(unit_at_page_end(requests[i].in, k), k),
			    &wrong);

			/* A request that was complete stays so. */
			ck_assert(is || !before);
			before = is;
			if (is) {
				unit_int(requests[i].name, wrong == NULL,
				    requests[i].ok);
			}
		}
	}
	memset(much, ' ', sizeof much);
	ck_assert(!sts_control_request_read(
	    &r, sts_text(much, STS_CONTROL_REQUEST_MAX - 1), &wrong));
	for (unsigned over = 0; over < 2; over++) {
		ck_assert(sts_control_request_read(&r,
		    sts_text(much, STS_CONTROL_REQUEST_MAX + over), &wrong));
		ck_assert_str_eq(wrong, "the request is too long");
	}
	memcpy(
	    much + STS_CONTROL_REQUEST_MAX - 18, "{\"command\":\"list\"}", 18);
	ck_assert(sts_control_request_read(
	    &r, sts_text(much, STS_CONTROL_REQUEST_MAX), &wrong));
	ck_assert_ptr_null(wrong);
}
END_TEST

/* What cannot stand in a request is not written in part. What can is read again
 * as it was, however much of it is escaped. */
START_TEST(a_request_is_read_as_it_was_written)
{
	static const struct {
		const char *name, *zone, *key;
		bool ok;
	} cases[] = { { "LF in key", "z", "a\nflush", true },
		{ "quotes", "\"\\\"", "\"\\\"", true },
		{ "U-label", "",
		    "b\xc3\xbc"
		    "cher.example",
		    true },
		{ "Latin-1", "z",
		    "b\xfc"
		    "cher.example",
		    false },
		{ "cut character", "z", "b\xc3", false },
		{ "blank in zone", "a b", "k", false },
		{ "LF in zone", "a\n", "k", false },
		{ "U-zone", "\xc3\xbc", "k", false } };
	uint8_t out[STS_CONTROL_REQUEST_MAX];
	struct sts_control_request r, again;
	const char *wrong;

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		memset(&r, 0, sizeof r);
		r.command = STS_CONTROL_QUERY;
		strcpy(r.zone, cases[i].zone);
		strcpy(r.key, cases[i].key);
		size_t n = sts_control_request_write(&r, out);

		unit_int(cases[i].name, n > 0, cases[i].ok);
		if (n > 0) {
			ck_assert(sts_control_request_read(
			    &again, sts_text(out, n), &wrong));
			ck_assert_ptr_null(wrong);
			ck_assert_mem_eq(&again, &r, sizeof r);
		}
	}
	memset(&r, 0, sizeof r);
	r.command = STS_CONTROL_QUERY;
	memset(r.key, 1, STS_CONTROL_KEY_MAX);
	memset(r.zone, '"', STS_ZONE_NAME_MAX);
	size_t n = sts_control_request_write(&r, out);

	ck_assert_uint_gt(n, 6 * STS_CONTROL_KEY_MAX);
	ck_assert(sts_control_request_read(&again, sts_text(out, n), &wrong));
	ck_assert_ptr_null(wrong);
	ck_assert_mem_eq(&again, &r, sizeof r);
	ck_assert(!sts_control_request_copy(r.zone, sizeof r.zone, Z63 "z"));
	ck_assert(sts_control_request_copy(r.zone, sizeof r.zone, Z63));
}
END_TEST

static uint8_t shown_text[4096];

/* The largest record of the list fits its buffer. */
START_TEST(the_largest_record_fits_the_list)
{
	uint8_t name[253];
	struct sts_held held;

	memset(name, 'a', sizeof name);
	name[63] = name[127] = name[191] = '.';
	for (unsigned why = 0; why < STS_WHY_COUNT; why++) {
		struct sts_sink s = { 0, 0, sizeof shown_text, shown_text };
		struct sts_json_put p;

		memset(&held, 0, sizeof held);
		held.now_s = 4000000000U;
		held.id_len = sizeof held.id;
		/* Only a journal that another program wrote could have this. */
		memset(held.id, 0xff, sizeof held.id);
		held.entry.kind = STS_KIND_POLICY;
		held.entry.mode = STS_MODE_ENFORCE;
		held.entry.max_age_s = held.entry.fetched_s = UINT32_MAX;
		held.entry.checked_s = held.entry.check_s = UINT32_MAX;
		held.entry.refresh_s = held.entry.retry_s = UINT32_MAX;
		held.entry.failed_id = 1;
		held.entry.failures = 255;
		held.entry.why = (uint8_t)why;
		sts_json_put_begin(&p, &s);
		sts_json_put_open(&p, NULL, '{');
		sts_control_record_held(&p, &held, sts_text(name, sizeof name));
		sts_json_put_close(&p, '}');
		sts_json_put_line(&p);
		ck_assert_uint_le(s.pos, STS_CONTROL_LIST_ROOM);
	}
}
END_TEST

/* ---- how answers are shown ---- */

static char shown[4096];

/* Feed an answer in pieces of `step`, and catch standard output. */
static unsigned
show(enum sts_control_command command, bool json, const char *answer,
    size_t step)
{
	static struct sts_control_show s;
	char path[] = "/tmp/mtasts-show-XXXXXX";
	int out = dup(STDOUT_FILENO), file = mkstemp(path);
	size_t n = strlen(answer);

	unlink(path);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	sts_control_show_begin(&s, command, json, "k\xff.example");
	for (size_t i = 0; i < n; i += step) {
		sts_control_show_feed(&s, (const uint8_t *)answer + i,
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

#define POLICY_SHOWN "  policy   mode enforce, max_age 86400 (24 h), id 1\n"

static const struct {
	const char *name;
	enum sts_control_command command;
	const char *answer, *want;
	unsigned code;
} answers[] = {
	{ "enforce", STS_CONTROL_QUERY,
	    "{\"key\":\"k\",\"source\":\"daemon\",\"zone\":\"z\",\"resu"
	    "lt\":\"policy\",\"answer\":\"OK secure\",\"rule\":\"held\""
	    ",\"rule_text\":\"a policy is held\",\"why\":\"ok\",\"text\""
	    ":\"fine\",\"domain\":\"k.example\",\"held\":\"policy\",\"m"
	    "ode\":\"enforce\",\"max_age\":86400,\"id\":\"1\",\"live\":"
	    "true,\"protected\":true,\"now\":1000000,\"fetched\":913601"
	    ",\"expires\":1000001,\"checked\":999970,\"check\":1000600,"
	    "\"refresh\":1007200,\"failures\":2,\"reason\":\"x509-name\""
	    ",\"reason_text\":\"another name\",\"mx\":[\"a\",\"b\"]}\n{"
	    "\"end\":0}\n",
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
	    "{\"result\":\"none\",\"answer\":\"NOTFOUND \",\"rule\":\"h"
	    "eld\",\"rule_text\":\"held\",\"why\":\"audit\",\"text\":\""
	    "off\",\"would\":\"policy\",\"held\":\"policy\",\"mode\":\""
	    "enforce\",\"max_age\":86400,\"id\":\"1\",\"live\":true,\"p"
	    "rotected\":true,\"now\":1000000,\"fetched\":913601,\"expir"
	    "es\":1000001,\"checked\":1,\"check\":2,\"failures\":0,\"mx"
	    "\":[\"a\"]}\n{\"end\":1}\n",
	    "  because  held: off (audit)\n"
	    "  else     the policy below would be in force\n" POLICY_SHOWN,
	    1 },
	{ "rehearsed, of the operator's list", STS_CONTROL_QUERY,
	    "{\"result\":\"none\",\"answer\":\"NOTFOUND \",\"rule\":\"p"
	    "reload\",\"rule_text\":\"list\",\"why\":\"audit\",\"text\":"
	    "\"off\",\"would\":\"policy\",\"until\":1007200,\"held\":\"not"
	    "hing\",\"now\":1000000}\n{\"end\":1}\n",
	    "  because  list: off (audit)\n"
	    "  else     the policy of that list would be in force\n"
	    "  off      until 1970-01-12 15:46:40 UTC (in 2 h)\n",
	    1 },
	{ "a key", STS_CONTROL_QUERY,
	    "{\"source\":\"here\",\"result\":\"none\",\"answer\":\"NOTF"
	    "OUND \",\"rule\":\"key\",\"rule_text\":\"r\",\"why\":\"w\""
	    ",\"text\":\"t\"}\n{\"end\":1}\n",
	    "  asked    looked up here and now, not by the running daemon\n"
	    "  answer   NOTFOUND \n  because  r: t (w)\n",
	    1 },
	{ "failed", STS_CONTROL_SHOW,
	    "{\"held\":\"back-off\",\"now\":100,\"checked\":40,\"check\""
	    ":100,\"retry\":160,\"failures\":3,\"reason\":\"r\",\"reaso"
	    "n_text\":\"t\"}\n{\"end\":0}\n",
	    "k\\xff.example\n"
	    "  held     that the policy could not be fetched\n"
	    "  checked  60 s ago, 1970-01-01 00:00:40 UTC\n"
	    "  due      0 s ago, 1970-01-01 00:01:40 UTC: looked up by the "
	    "next question\n"
	    "  reason   t (r), 3 times in a row\n"
	    "  retry    in 60 s, ",
	    0 },
	{ "not held", STS_CONTROL_SHOW,
	    "{\"key\":\"k\",\"held\":\"nothing\"}\n{\"end\":1}\n",
	    "k\\xff.example: nothing is held\n", 1 },
	{ "list", STS_CONTROL_LIST,
	    "{\"domain\":\"a.example\",\"held\":\"policy\",\"mode\":\"e"
	    "nforce\",\"max_age\":86400,\"id\":\"1\",\"live\":true,\"pr"
	    "otected\":true,\"now\":1000000,\"fetched\":913601,\"expire"
	    "s\":1000001,\"failures\":0}\n{\"domain\":\"b.example\",\"h"
	    "eld\":\"policy\",\"mode\":\"none\",\"live\":false,\"now\":"
	    "100,\"expires\":40,\"failures\":7,\"reason\":\"r\"}\n{\"do"
	    "main\":\"c.example\",\"held\":\"absent\",\"now\":1,\"check"
	    "\":121,\"failures\":0,\"reason\":\"dns-nodata\"}\n{\"end\""
	    ":0}\n",
	    "a.example                                policy    enforce  in 1 "
	    "s\n"
	    "b.example                                policy    none     "
	    "expired 60 s ago, 7 failures, r\n"
	    "c.example                                absent    -        in 2 "
	    "min, dns-nodata\n",
	    0 },
	{ "export", STS_CONTROL_EXPORT,
	    "{\"key\":\"a.example\",\"domain\":\"a.example\",\"now\":1000000,"
	    "\"fetched\":913601,\"expires\":1000001,\"mx\":[\"mx.a.example\","
	    "\"*.b.example\"]}\n"
	    "{\"domain\":\"c.example\",\"now\":1000000,\"fetched\":913601,"
	    "\"expires\":1000001,\"mx\":[\"c.example\"]}\n{\"end\":0}\n",
	    "# The policies in force at 1970-01-12 13:46:40 UTC: each until it "
	    "expires.\n"
	    "# fetched 1970-01-11 13:46:41 UTC, expires 1970-01-12 13:46:41 "
	    "UTC\n"
	    "a.example secure match=mx.a.example:.b.example "
	    "servername=hostname\n"
	    "# fetched 1970-01-11 13:46:41 UTC, expires 1970-01-12 13:46:41 "
	    "UTC\n"
	    "c.example secure match=c.example servername=hostname\n",
	    0 },
	{ "nothing to list", STS_CONTROL_LIST, "{\"end\":0}\n", "", 0 },
	{ "list, journal unread", STS_CONTROL_LIST,
	    "{\"journal\":\"unread\"}\n{\"domain\":\"a.example\","
	    "\"held\":\"absent\",\"now\":1000,\"check\":1120}\n{\"end\":0}\n",
	    "the journal has not been read to its end: domains are missing "
	    "here\nDOMAIN ",
	    0 },
	{ "export, journal unread", STS_CONTROL_EXPORT,
	    "{\"journal\":\"unread\"}\n"
	    "{\"key\":\"a.example\",\"journal\":\"unread\",\"domain\":"
	    "\"a.example\",\"now\":1000000,\"fetched\":913601,\"expires\":"
	    "1000001,\"mx\":[\"mx.a.example\",\"b.example\"]}\n{\"end\":0}\n",
	    "# The journal has not been read to its end: policies are missing "
	    "here.\n"
	    "# The policies in force at 1970-01-12 13:46:40 UTC: each until it "
	    "expires.\n"
	    "# The journal may have a later version of this one:\n"
	    "# fetched 1970-01-11 13:46:41 UTC, expires 1970-01-12 13:46:41 "
	    "UTC\n"
	    "a.example secure match=mx.a.example:b.example "
	    "servername=hostname\n",
	    0 },
	{ "export, nothing yet, journal unread", STS_CONTROL_EXPORT,
	    "{\"journal\":\"unread\"}\n{\"end\":1}\n",
	    "# The journal has not been read to its end: policies are missing "
	    "here.\n",
	    1 },
	{ "query, journal unread", STS_CONTROL_QUERY,
	    "{\"key\":\"a.example\",\"result\":\"temp\",\"answer\":\"TEMP x\","
	    "\"journal\":\"unread\",\"domain\":\"a.example\",\"held\":"
	    "\"policy\",\"mode\":\"testing\",\"max_age\":86400,\"id\":\"1\","
	    "\"live\":true,\"now\":1000,\"mx\":[\"mx.a.example\"]}\n"
	    "{\"end\":2}\n",
	    "  answer   TEMP x\n"
	    "  journal  not read to its end: it may hold something newer about "
	    "this domain, so what follows is not the answer yet\n"
	    "  policy   mode testing",
	    2 },
	{ "show nothing, journal unread", STS_CONTROL_SHOW,
	    "{\"key\":\"a.example\",\"journal\":\"unread\",\"domain\":"
	    "\"a.example\",\"held\":\"nothing\"}\n{\"end\":1}\n",
	    ": nothing is held so far: the journal has not been read to its "
	    "end\n",
	    1 },
	{ "forgotten, journal unread", STS_CONTROL_FORGET,
	    "{\"forgotten\":0,\"durable\":false,\"journal\":\"unread\","
	    "\"kept_out\":true}\n{\"end\":1}\n",
	    "k\\xff.example: nothing was held so far; the journal has not "
	    "been read yet: what it holds of this will be left out, unless the "
	    "daemon is restarted before\n",
	    1 },
	{ "forgotten, too many, journal unread", STS_CONTROL_FORGET,
	    "{\"forgotten\":1,\"durable\":false,\"journal\":\"unread\","
	    "\"kept_out\":false}\n{\"end\":0}\n",
	    "k\\xff.example: forgotten; the journal has not been read yet: "
	    "what it holds of this comes back when it is: repeat this then\n",
	    0 },
	{ "flushed, journal unread", STS_CONTROL_FLUSH,
	    "{\"forgotten\":3,\"durable\":false,\"journal\":\"unread\","
	    "\"kept_out\":false}\n{\"end\":0}\n",
	    "3 forgotten; the journal has not been read yet: what it holds of "
	    "this comes back when it is: repeat this then\n",
	    0 },
	{ "forgotten", STS_CONTROL_FORGET,
	    "{\"forgotten\":1,\"durable\":false}\n{\"end\":0}\n",
	    "k\\xff.example: forgotten; not yet in the journal, so that a "
	    "restart may bring it back\n",
	    0 },
	{ "flushed", STS_CONTROL_FLUSH,
	    "{\"forgotten\":12,\"durable\":true}\n{\"end\":0}\n",
	    "12 forgotten\n", 0 },
	{ "enforced", STS_CONTROL_ENFORCE,
	    "{\"enforced\":false}\n{\"end\":1}\n", "enforcement is off", 1 },
	{ "off until", STS_CONTROL_ENFORCE,
	    "{\"enforced\":false,\"until\":1007200,\"now\":1000000,"
	    "\"durable\":true}\n{\"end\":0}\n",
	    "enforcement is off until 1970-01-12 15:46:40 UTC (in 2 h): every "
	    "answer but an override is \"not found\"\n",
	    0 },
	{ "off until, no journal", STS_CONTROL_ENFORCE,
	    "{\"enforced\":false,\"until\":1007200,\"now\":1000000,"
	    "\"durable\":false}\n{\"end\":0}\n",
	    "\"not found\"; not in the journal, so that a restart ends it\n",
	    0 },
	{ "on, not saved", STS_CONTROL_ENFORCE,
	    "{\"enforced\":true,\"durable\":false}\n{\"end\":0}\n",
	    "enforcement is on; not yet in the journal, so that a restart may "
	    "switch it off\n",
	    0 },
	{ "stats", STS_CONTROL_STATS,
	    "{\"enforced\":true,\"bytes\":4000000000,\"bytes_free\":100"
	    "0000000,\"bytes_protected\":1,\"bytes_protected_max\":3,\""
	    "journal\":\"full\"}\n{\"end\":0}\n",
	    "cache      4000000000 bytes, 75% used; protected 1 of at most 3 "
	    "(33%)\n",
	    0 },
	{ "error", STS_CONTROL_QUERY, "{\"error\":\"what\"}\n{\"end\":64}\n",
	    "error: what\n", 64 },
	{ "commands to the terminal, escaped", STS_CONTROL_QUERY,
	    "{\"result\":\"none\",\"answer\":\"\\u001b[2J\\r\\u009b\\u007f.\"}"
	    "\n"
	    "{\"end\":1}\n",
	    "  answer   ?[2J????.\n", 1 },
	{ "commands to the terminal, value", STS_CONTROL_QUERY,
	    "{\"error\":\"\\u001b]0;x\\u0007\"}\n{\"end\":64}\n",
	    "error: ?]0;x?\n", 64 },
	{ "commands to the terminal, list", STS_CONTROL_LIST,
	    "{\"domain\":\"a\\u001b[2J\",\"held\":\"absent\"}\n{\"end\":0}\n",
	    "a?[2J ", 0 },
	{ "what a later daemon has besides", STS_CONTROL_FLUSH,
	    "{\"later\":[{\"forgotten\":5},\"x\"],\"forgotten\":1,"
	    "\"later2\":{\"end\":3},\"none\":null,\"durable\":true}\n"
	    "{\"end\":0}\n",
	    "1 forgotten\n", 0 },
	{ "no exit code", STS_CONTROL_FLUSH, "{\"end\":\"0\"}\n", "", 999 },
	{ "negative exit code", STS_CONTROL_FLUSH, "{\"end\":-1}\n", "", 999 },
	{ "not JSON", STS_CONTROL_LIST, "domain a\n{\"end\":0}\n", "", 999 },
	{ "broken in a record", STS_CONTROL_FLUSH,
	    "{\"forgotten\":1,}\n{\"end\":0}\n", "", 999 },
	{ "cut", STS_CONTROL_LIST, "{\"domain\":\"a\",\"held\":\"absent\"", "",
	    999 },
	{ "cut between records", STS_CONTROL_FLUSH,
	    "{\"forgotten\":1,\"durable\":true}\n", "1 forgotten", 999 },
	{ "cut at the end", STS_CONTROL_FLUSH,
	    "{\"forgotten\":1,\"durable\":true}\n{\"end\":0", "1 forgotten",
	    999 },
};

START_TEST(answers_are_printed_in_words)
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

/* JSON is passed on, except for its end. */
static const struct {
	const char *answer, *want;
	unsigned code;
} passed[] = {
	{ "{\"end\":0}\n", "", 0 },
	{ "{\"a\":1}\n{\"end\":2}\n", "{\"a\":1}\n", 2 },
	{ "{\"ending\":1}\n{\"en\":1}\n{\"end\":70}\n",
	    "{\"ending\":1}\n{\"en\":1}\n", 70 },
	{ "{\"a\":\"{\\\"end\\\":5}\"}\n", "{\"a\":\"{\\\"end\\\":5}\"}", 999 },
	{ "{\"a\":{\"end\":5}}\n{\"end\":1}\n", "{\"a\":{\"end\":5}}\n", 1 },
	{ "\n\n{\"end\":1}\n", "\n\n", 1 },
	{ "{\"a\":\"\x7f[2J\"}\n{\"end\":1}\n", "{\"a\":\"?[2J\"}\n", 1 },
	{ "{\"a\":1}\n{\"end\":0", "{\"a\":1}", 999 },
	{ "{\"a\":1}\nend 0\n{\"end\":0}\n", "{\"a\":1}", 999 },
};

START_TEST(json_is_passed_on_without_its_end)
{
	for (size_t i = 0; i < UNIT_COUNT(passed); i++) {
		for (size_t step = 1; step < 100; step = step * 2 + 1) {
			unit_int(passed[i].answer,
			    show(STS_CONTROL_QUERY, true, passed[i].answer,
				step),
			    passed[i].code);
			ck_assert_msg(strncmp(shown, passed[i].want,
					  strlen(passed[i].want)) == 0,
			    "%s: shown %s", passed[i].answer, shown);
			if (passed[i].code != 999) {
				ck_assert_str_eq(shown, passed[i].want);
			}
		}
	}
}
END_TEST

/* More members, and longer names and values, than there is room for: what does
 * not fit is left out, the rest is there, and the end is noticed. */
START_TEST(answers_beyond_the_limits_are_cut)
{
	static char much[200000];
	size_t n = 0;

	n += (size_t)snprintf(much, sizeof much, "{\"forgotten\":7");
	for (unsigned i = 0; i < 100; i++) {
		n += (size_t)snprintf(
		    much + n, sizeof much - n, ",\"name%u\":\"", i);
		memset(much + n, 'v', i * 13);
		n += i * 13;
		much[n++] = '"';
	}
	strcpy(much + n, ",\"durable\":true}\n{\"end\":3}\n");
	n = strlen(much);
	for (size_t step = 1; step < n; step *= 50) {
		unit_int(
		    "members", show(STS_CONTROL_FLUSH, false, much, step), 3);
		ck_assert_ptr_nonnull(strstr(shown, "7 forgotten"));
	}
	memset(much, '[', sizeof much - 1);
	unit_int("deep", show(STS_CONTROL_QUERY, true, much, 4096), 999);
	memset(much, 'n', sizeof much - 1);
	memcpy(much, "{\"", 2);
	unit_int("name", show(STS_CONTROL_QUERY, false, much, 4096), 999);
	memcpy(much, "{\"end\":", 7);
	memset(much + 7, '1', sizeof much - 8);
	unit_int("end", show(STS_CONTROL_QUERY, true, much, 4096), 999);
}
END_TEST

static const struct {
	const char *value;
	uint64_t want;
} numbers[] = {
	{ "", 0 },
	{ "0", 0 },
	{ "1796000000", 1796000000 },
	{ "18446744073709551615", UINT64_MAX },
	{ "18446744073709551616", 0 },
	{ "-1", 0 },
	{ "1.5", 0 },
	{ "true", 0 },
};

START_TEST(numbers_of_answers_are_decimal)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		ck_assert_msg(
		    sts_fields_number(numbers[i].value) == numbers[i].want,
		    "%s", numbers[i].value);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, numbers_of_answers_are_decimal);
	tcase_add_test(tc, requests_are_read_or_refused);
	tcase_add_test(tc, a_request_is_complete_at_its_end_only);
	tcase_add_test(tc, a_request_is_read_as_it_was_written);
	tcase_add_test(tc, the_largest_record_fits_the_list);
	tcase_add_test(tc, answers_are_printed_in_words);
	tcase_add_test(tc, json_is_passed_on_without_its_end);
	tcase_add_test(tc, answers_beyond_the_limits_are_cut);
}
