/* SPDX-License-Identifier: MIT */
/* boards/posix: the hours of the last day; a status that is read into paths,
 * put into words, and onto a page. test_daemon_control.c has the daemon's
 * side. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../boards/posix/history.h"
#include "../../boards/posix/status_html.h"
#include "../../boards/posix/status_words.h"
#include "unit.h"

const char unit_name[] = "status";

/* ---- hours ---- */

/* Play hours in which `each` questions are asked, and look every 5 s. */
static void
play(struct sts_history *h, struct sts_history_row *total, sts_ms *now,
    unsigned hours, uint32_t each)
{
	for (unsigned i = 0; i < hours * 720; i++) {
		*now += 5000;
		total->n[STS_HISTORY_QUESTIONS] += i % 720 == 0 ? each : 0;
		while (sts_history_due(h, *now)) {
			sts_history_close(h, total);
		}
	}
}

START_TEST(the_last_day_is_kept_by_the_hour)
{
	static const struct {
		const char *name;
		unsigned hours;
		unsigned rows;
	} cases[] = { { "start", 0, 1 }, { "an hour", 1, 2 },
		{ "22 hours", 22, 23 }, { "23 hours", 23, 24 },
		{ "a day", 24, 24 }, { "25 hours", 25, 24 },
		{ "100 days: the time wraps", 2400, 24 } };

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_history_row total = { { UINT32_MAX - 50 }, 0 };
		struct sts_history_row row[STS_HISTORY_ROWS];
		struct sts_history h;
		sts_ms now = UINT32_MAX - 1000;

		sts_history_begin(&h, now);
		h.began = total;
		play(&h, &total, &now, cases[i].hours, 7);
		total.n[STS_HISTORY_QUESTIONS] += 3;
		unsigned n = sts_history_rows(&h, &total, row);

		unit_int(cases[i].name, n, cases[i].rows);
		unit_int(cases[i].name, sts_history_up_s(&h),
		    (long long)cases[i].hours * 3600);
		unit_int(cases[i].name, row[n - 1].n[0], 3);
		for (unsigned k = 0; k + 1 < n; k++) {
			unit_int(cases[i].name, row[k].n[0], 7);
		}
	}
}
END_TEST

/* The hours are in order, the oldest first. */
START_TEST(hours_are_in_order)
{
	struct sts_history_row total = { { 0 }, 0 }, row[STS_HISTORY_ROWS];
	struct sts_history h;
	sts_ms now = 0;

	sts_history_begin(&h, now);
	for (unsigned i = 0; i < 40; i++) {
		play(&h, &total, &now, 1, i);
	}
	ck_assert_uint_eq(sts_history_rows(&h, &total, row), 24);
	for (unsigned k = 0; k < 23; k++) {
		ck_assert_uint_eq(row[k].n[STS_HISTORY_QUESTIONS], 17 + k);
	}
	/* A look after three hours closes all three. */
	now += 3 * STS_HISTORY_HOUR_MS;
	unsigned closed = 0;

	while (sts_history_due(&h, now)) {
		sts_history_close(&h, &total);
		closed++;
	}
	ck_assert_uint_eq(closed, 3);
	ck_assert_uint_eq(sts_history_up_s(&h), 43 * 3600);
}
END_TEST

/* Each hour has its own longest wait; the longest since the start is kept. */
START_TEST(each_hour_has_its_longest_wait)
{
	struct sts_history_row total = { { 0 }, 0 }, row[STS_HISTORY_ROWS];
	struct sts_history h;
	sts_ms now = 0;

	sts_history_begin(&h, now);
	for (uint32_t i = 0; i < 30; i++) {
		total.waited_ms = i == 3 ? 9000 : i;
		play(&h, &total, &now, 1, 0);
	}
	total.waited_ms = 77;
	ck_assert_uint_eq(sts_history_rows(&h, &total, row), 24);
	for (uint32_t k = 0; k < 23; k++) {
		ck_assert_uint_eq(row[k].waited_ms, 7 + k);
	}
	ck_assert_uint_eq(row[23].waited_ms, 77);
	ck_assert_uint_eq(sts_history_waited_ms(&h, &total), 9000);
	total.waited_ms = 9001;
	ck_assert_uint_eq(sts_history_waited_ms(&h, &total), 9001);
}
END_TEST

/* ---- paths ---- */

static struct sts_tree tree;

static const struct {
	const char *name, *in, *path, *want;
	size_t n;
} trees[] = {
	{ "member", "{\"a\":1}\n", "a", "1", 8 },
	{ "string", "{\"a\":\"b\\u0041\"}\n", "a", "bA", 16 },
	{ "true", "{\"a\":true}\n", "a", "true", 11 },
	{ "false", "{\"a\":false}\n", "a", "false", 12 },
	{ "null", "{\"a\":null}\n", "a", "null", 11 },
	{ "object", "{\"a\":{\"b\":1},\"c\":2}\n", "a.b", "1", 20 },
	{ "after an object", "{\"a\":{\"b\":1},\"c\":2}\n", "c", "2", 20 },
	{ "list", "{\"a\":[7,8,9]}\n", "a.2", "9", 14 },
	{ "list of objects", "{\"a\":[{\"b\":1},{\"b\":2}]}\n", "a.1.b", "2",
	    24 },
	{ "after a list", "{\"a\":[],\"b\":3}\n", "b", "3", 15 },
	{ "not there", "{\"a\":1}\n", "b", "", 8 },
	{ "a part of a path", "{\"ab\":1}\n", "a", "", 9 },
	{ "a value is no path", "{\"a\":\"b\",\"c\":\"d\"}\n", "b", "", 18 },
	{ "NUL", "{\"a\":\"b\\u0000c\"}\n", "a", "", 17 },
	{ "another line behind it", "{\"a\":1}\n{\"end\":0}\n", "end", "", 8 },
	{ "cut within an object", "{\"a\":1", "", "", 0 },
	{ "no end of line", "{\"a\":1}", "", "", 0 },
	{ "nothing", "", "", "", 0 },
	{ "no object", "7\n", "", "", 0 },
	{ "no JSON", "hello\n", "", "", 0 },
	{ "too deep", "{\"a\":[[[[1]]]]}\n", "", "", 0 },
	{ "path too long",
	    "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":{"
	    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":1}}\n",
	    "", "", 0 },
};

START_TEST(each_value_has_its_path)
{
	for (size_t i = 0; i < UNIT_COUNT(trees); i++) {
		size_t len = strlen(trees[i].in);
		struct sts_text in =
		    sts_text(unit_at_page_end(trees[i].in, len), len);

		unit_int(trees[i].name, (long long)sts_tree_read(&tree, in),
		    (long long)trees[i].n);
		if (trees[i].n > 0) {
			unit_text(trees[i].name,
			    unit_span(sts_tree_get(&tree, "%s", trees[i].path)),
			    trees[i].want);
		}
	}
}
END_TEST

/* Of a status that has no room, the beginning is kept. */
START_TEST(a_status_without_room_keeps_its_beginning)
{
	static char in[3 * STS_TREE_SIZE];
	size_t n = 0, at = sizeof "{\"first\":1,\"long\":\"" - 1;

	strcpy(in, "{\"first\":1,\"long\":\"");
	memset(in + at, 'x', 2 * STS_TREE_SIZE);
	n = at + 2 * STS_TREE_SIZE;
	strcpy(in + n, "\",\"last\":[1,\"second\"]}\n");
	n = strlen(in);
	ck_assert_uint_eq(sts_tree_read(&tree, sts_text((uint8_t *)in, n)), n);
	ck_assert_str_eq(sts_tree_get(&tree, "first"), "1");
	ck_assert_str_eq(sts_tree_get(&tree, "long"), "");
	ck_assert_str_eq(sts_tree_get(&tree, "last.0"), "");
}
END_TEST

/* ---- words and the page ---- */

static char out[STS_STATUS_HTML_MAX];
static size_t out_len;

static void
add(const char *text)
{
	int n = snprintf(out + out_len, sizeof out - out_len, "%s", text);

	ck_assert_int_ge(n, 0);
	out_len += (size_t)n;
	ck_assert_uint_lt(out_len, sizeof out);
}

static void
section(void *ctx, const char *title)
{
	(void)ctx;
	add("# ");
	add(title);
	add("\n");
}

static void
line(void *ctx, const char *text)
{
	(void)ctx;
	add(text);
	add("\n");
}

static void
read_tree(const char *json)
{
	char in[4096];
	int n = snprintf(in, sizeof in, "%s\n", json);

	ck_assert_uint_eq(
	    sts_tree_read(&tree, sts_text((const uint8_t *)in, (size_t)n)),
	    (size_t)n);
}

static void
write_words(const char *json)
{
	const struct sts_status_paper paper = { NULL, section, line };

	out_len = 0;
	read_tree(json);
	sts_status_words(&tree, &paper);
}

static void
write_page(const char *json)
{
	struct sts_sink sink = { 0, 0, sizeof out - 1, (uint8_t *)out };

	read_tree(json);
	sts_status_html(&tree, &sink);
	ck_assert_uint_le(sink.pos, sink.to);
	out[sink.pos] = '\0';
}

static const struct {
	const char *name, *json, *want;
} words[] = {
	{ "healthy", "{\"version\":\"1.2.3\",\"healthy\":true}",
	    "# Status\nmtasts 1.2.3 is healthy\n" },
	{ "not healthy",
	    "{\"version\":\"1\",\"healthy\":false,\"problems\":[\"clock\","
	    "\"name-servers\"]}",
	    "# Status\nmtasts 1 is NOT HEALTHY\nThe time is not known.\nNo "
	    "name server answers.\n" },
	{ "seconds", "{\"up\":119}", "# Running for\n119 s\n" },
	{ "minutes", "{\"up\":120}", "# Running for\n2 min\n" },
	{ "hours", "{\"up\":7200}", "# Running for\n2 h\n" },
	{ "days", "{\"up\":172800}", "# Running for\n2 days\n" },
	{ "enforced", "{\"enforced\":true}",
	    "# Enforcement\npolicies are enforced\n" },
	{ "off", "{\"enforced\":false,\"until\":86400}",
	    "# Enforcement\nswitched OFF by the operator until 1970-01-02 "
	    "00:00:00 UTC\n" },
	{ "journal off", "{\"journal\":{\"state\":\"off\"}}",
	    "# Journal\noff: policies do not outlive a restart\n" },
	{ "journal full", "{\"journal\":{\"state\":\"full\"}}",
	    "# Journal\nFULL; 0 policies wait" },
	{ "name servers",
	    "{\"name_servers\":[{\"address\":\"192.0.2.1:53\","
	    "\"trusted\":true,\"answers\":true,\"heard\":true,\"edns\":true,"
	    "\"tcp\":true},{\"address\":\"192.0.2.2:53\",\"answers\":false,"
	    "\"edns\":false,\"tcp\":false},{\"address\":\"192.0.2.3:53\","
	    "\"answers\":true,\"heard\":false,\"edns\":true,\"tcp\":true}]}",
	    "# Name servers\n192.0.2.1:53 (trusted): answers\n"
	    "192.0.2.2:53: SILENT, asked only last, no EDNS, silent over TCP\n"
	    "192.0.2.3:53: no answer yet\n" },
	{ "DANE blind",
	    "{\"dane\":{\"on\":true,\"resolver\":\"blind\",\"busy\":1,"
	    "\"busy_max\":4}}",
	    "# DANE\non; 1 of 4 look-ups of mail hosts are running; BLIND" },
	{ "a trusted name server that validates",
	    "{\"name_servers\":[{\"address\":\"192.0.2.1:53\","
	    "\"trusted\":true,\"answers\":true,\"heard\":true,\"edns\":true,"
	    "\"tcp\":true},{\"address\":\"192.0.2.2:53\","
	    "\"trusted\":false,\"answers\":true,\"heard\":true,\"edns\":true,"
	    "\"tcp\":true}],\"dane\":{\"on\":true,"
	    "\"resolver\":\"validates\"}}",
	    "192.0.2.1:53 (trusted): answers, validates DNSSEC\n"
	    "192.0.2.2:53: answers\n" },
	{ "a trusted name server that does not",
	    "{\"name_servers\":[{\"address\":\"192.0.2.1:53\","
	    "\"trusted\":true,\"answers\":true,\"heard\":true,\"edns\":true,"
	    "\"tcp\":true}],\"dane\":{\"on\":true,\"resolver\":\"blind\"}}",
	    "answers, does NOT validate DNSSEC\n" },
	{ "reports off", "{\"reports\":{\"on\":false,\"lost\":3}}",
	    "# TLS reports\noff\n" },
	{ "reports",
	    "{\"reports\":{\"on\":true,\"domains_today\":1,\"waiting\":2,"
	    "\"sessions\":3,\"lost\":4,\"sent\":5,\"again\":6,"
	    "\"dropped\":7}}",
	    "# TLS reports\n1 domains counted today, reports about 2 wait\n3 "
	    "sessions counted since start, 4 lost; 5 reports sent, 6 attempts "
	    "failed, 7 given up\n" },
	{ "sharing off", "{\"share\":{\"on\":false}}", "# Sharing\noff\n" },
	{ "sharing",
	    "{\"share\":{\"on\":true,\"up\":true,\"sent\":1,\"taken\":2,"
	    "\"refused\":3,\"lost\":4}}",
	    "# Sharing\nconnected; policies since start: 1 sent, 2 taken, 3 "
	    "refused, 4 lost\n" },
	{ "sharing, alone", "{\"share\":{\"on\":true,\"up\":false}}",
	    "# Sharing\nNOT CONNECTED: this gateway works by itself; " },
	{ "longest wait",
	    "{\"since_start\":{\"counted\":true,\"questions\":1,"
	    "\"longest_wait_ms\":12005},\"hours\":[{\"longest_wait_ms\":80},"
	    "{\"longest_wait_ms\":1500},{\"longest_wait_ms\":0}]}",
	    "the longest wait for an answer: 1.500 s in the last day, 12.005 "
	    "s since start\n" },
	{ "memory",
	    "{\"memory\":{\"bytes\":4194304,\"policies\":2000000,"
	    "\"policies_room\":1000,\"policies_free\":750,\"clients\":999,"
	    "\"port\":1000}}",
	    "# Memory\n4.1 MB, policies 2.0 MB of it, 25% used\n"
	    "clients 999 bytes, port 1 kB\n" },
	{ "policies",
	    "{\"policies\":{\"records\":3,\"enforce\":1,\"other\":2}}",
	    "# Policies\n3 domains are held: 1 enforced, 2 without a policy, "
	    "or not known to have one\n"
	    "# Failing\nno policy that is in force\n"
	    "# Expires next\nno policy is in force\n" },
	{ "failing",
	    "{\"now\":1000000,\"policies\":{\"records\":1},\"failing\":[{"
	    "\"domain\":\"a.example\",\"mode\":\"enforce\",\"fetched\":86400,"
	    "\"expires\":1007200,\"failures\":7,\"reason_text\":\"no\"}]}",
	    "# Failing\na.example (enforce) expires in 2 h: not fetched since "
	    "1970-01-02 00:00:00 UTC, failed 7 times in a row: no\n" },
	{ "rate",
	    "{\"up\":1000,\"since_start\":{\"counted\":true,"
	    "\"questions\":12345}}",
	    "# Questions\n12345 since start, 12.34 a second\n" },
	{ "not counted",
	    "{\"since_start\":{\"counted\":false,\"questions\":0}}",
	    "# Questions\nthis build does not count\n" },
};

START_TEST(each_state_has_its_words)
{
	for (size_t i = 0; i < UNIT_COUNT(words); i++) {
		write_words(words[i].json);
		ck_assert_msg(strstr(out, words[i].want) != NULL, "%s: %s",
		    words[i].name, out);
	}
	/* What the status does not have is left out. */
	write_words("{\"up\":1}");
	ck_assert_str_eq(out, "# Running for\n1 s\n");
}
END_TEST

#define LIST(domain)                                                           \
	"{\"policies\":{\"records\":1},\"expires\":[{\"domain\":\"" domain     \
	"\",\"mode\":\"enforce\",\"expires\":1}]}"

/* Whatever a stranger calls a domain appears as text. */
static const struct {
	const char *name, *json, *want;
} pages[] = {
	{ "a tag", LIST("<script>alert(1)</script>"),
	    "<li>&lt;script&gt;alert(1)&lt;/script&gt; (enforce)" },
	{ "quotes", LIST("a\\\"b'c"), "<li>a&quot;b&#39;c (" },
	{ "an entity", LIST("&lt;"), "<li>&amp;lt; (" },
	{ "a comment", LIST("<!--"), "<li>&lt;!-- (" },
	{ "controls", LIST("a\\u001b[2J\\u0007\\u000ab"), "<li>a?[2J??b (" },
	{ "other scripts", LIST("\\u202ea\\u00e9"), "<li>???a?? (" },
	{ "a version", "{\"version\":\"<b>\"}", "<li>mtasts &lt;b&gt; is" },
	{ "an address",
	    "{\"name_servers\":[{\"address\":\"<i>\",\"answers\":true}]}",
	    "<li>&lt;i&gt;: no answer yet" },
	{ "a chart", "{\"hours\":[{\"questions\":1},{\"questions\":120}]}",
	    "<rect x=\"221\" y=\"59\" width=\"8\" height=\"1\"/>"
	    "<rect x=\"231\" y=\"0\" width=\"8\" height=\"60\"/></svg>\n"
	    "<figcaption>Questions: 121, at most 120 an hour</figcaption>" },
	{ "a chart of the longest",
	    "{\"hours\":[{\"questions\":1,\"longest_wait_ms\":70},{"
	    "\"questions\":1,\"longest_wait_ms\":350}]}",
	    "<figcaption>Longest wait for an answer, ms: 350</figcaption>" },
	{ "no number", "{\"hours\":[{\"questions\":\"<rect>\"}]}",
	    "<figcaption>Questions: 0, at most 0 an hour</figcaption>" },
	{ "healthy", "{\"healthy\":true}",
	    "<h1>mtasts <span class=\"ok\">healthy</span></h1>" },
	{ "unknown", "{\"healthy\":\"\"}",
	    "<h1>mtasts <span class=\"bad\">not healthy</span></h1>" },
};

START_TEST(text_of_strangers_is_escaped)
{
	for (size_t i = 0; i < UNIT_COUNT(pages); i++) {
		write_page(pages[i].json);
		ck_assert_msg(strstr(out, pages[i].want) != NULL, "%s: %s",
		    pages[i].name, out);
		/* The page loads nothing and runs nothing. */
		ck_assert_ptr_null(strstr(out, "<script"));
		ck_assert_ptr_null(strstr(out, "://"));
		ck_assert_ptr_null(strstr(out, "url("));
		ck_assert_ptr_nonnull(strstr(out, "default-src 'none'"));
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, the_last_day_is_kept_by_the_hour);
	tcase_add_test(tc, hours_are_in_order);
	tcase_add_test(tc, each_hour_has_its_longest_wait);
	tcase_add_test(tc, each_value_has_its_path);
	tcase_add_test(tc, a_status_without_room_keeps_its_beginning);
	tcase_add_test(tc, each_state_has_its_words);
	tcase_add_test(tc, text_of_strangers_is_escaped);
}
