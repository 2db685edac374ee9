/* SPDX-License-Identifier: MIT */
/* core/agent/metrics: the text, in pieces of any size; the table of metrics;
 * the pages that name metrics. */
#include <stdio.h>
#include <stdlib.h>

#include "../../core/base/version.h"
#include "../../core/agent/metrics.h"
#include "unit.h"

const char unit_name[] = "metrics";

enum {
	TEXT_MAX = 1 << 16
};

/* The table of core/agent/metrics.h, kept here as rows. */
#define ROW(id, many, unit, name, label, words, help)                          \
	{ "mtasts_" name, label, words, help, many, STS_METRIC_##id },
static const struct row {
	const char *name, *label, *words, *help;
	unsigned many, slot;
} rows[] = { STS_METRICS_COUNT(ROW) STS_METRICS_LOOK(ROW) };

static struct sts_metrics_values values;
static char text[TEXT_MAX + 1];

/* Render `values` as the whole text. Returns its length. */
static size_t
render(void)
{
	size_t n =
	    sts_metrics_render(&values, 0, sts_span((uint8_t *)text, TEXT_MAX));

	ck_assert_uint_lt(n, TEXT_MAX);
	text[n] = '\0';
	return n;
}

/* Give every slot a value of its own. */
static void
number_all(void)
{
	for (unsigned i = 0; i < STS_METRICS_SLOTS; i++) {
		values.n[i] = 1000000 + i;
	}
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static unsigned
count_words(const char *words)
{
	unsigned n = 1;

	for (; *words != '\0'; words++) {
		n += *words == ' ';
	}
	return n;
}

/* The slots of the rows follow one another, and a label has a word for each
 * slot. */
START_TEST(slots_follow_one_another)
{
	unsigned slot = 0;

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		const struct row *r = &rows[i];

		unit_int(r->name, r->slot, slot);
		slot += r->many;
		ck_assert_uint_gt(strlen(r->help), 0);
		ck_assert(ends_in(r->help, "."));
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(rows[k].name, r->name);
		}
		if (r->label == NULL) {
			ck_assert_ptr_null(r->words);
			unit_int(r->name, r->many, 1);
		} else if (r->words[0] != '*') {
			unit_int(r->name, r->many, count_words(r->words));
		}
	}
	unit_int("slots", slot, STS_METRICS_SLOTS);
	ck_assert_int_eq(STS_METRIC_CACHE_RECORDS, STS_METRICS_COUNTED);
}
END_TEST

/* The length of the metric name at s; colons are for recording rules. */
static size_t
name_len(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyz_");
}

/* Check the lines of one metric strictly against the text format 0.0.4. Returns
 * where they end. */
static const char *
check_metric(const char *at, const struct row *r)
{
	char want[512];
	const char *type = ends_in(r->name, "_total") ? "counter" : "gauge";

	ck_assert_uint_eq(name_len(r->name), strlen(r->name));
	snprintf(want, sizeof want, "# HELP %s %s\n# TYPE %s %s\n", r->name,
	    r->help, r->name, type);
	ck_assert_int_eq(strncmp(at, want, strlen(want)), 0);
	at += strlen(want);
	for (unsigned i = 0; i < r->many; i++) {
		ck_assert_int_eq(strncmp(at, r->name, strlen(r->name)), 0);
		at += strlen(r->name);
		if (r->label != NULL) {
			int n = snprintf(want, sizeof want, "{%s=\"", r->label);

			ck_assert_int_eq(strncmp(at, want, (size_t)n), 0);
			at += n;
			ck_assert_uint_ne(strcspn(at, "\"\\\n"), 0);
			at += strcspn(at, "\"\\\n");
			ck_assert_int_eq(strncmp(at, "\"}", 2), 0);
			at += 2;
		}
		ck_assert_int_eq(*at++, ' ');
		ck_assert_uint_ne(strspn(at, "0123456789"), 0);
		at += strspn(at, "0123456789");
		ck_assert_int_eq(*at++, '\n');
	}
	return at;
}

START_TEST(the_text_is_prometheus_format)
{
	const char *at = text;
	size_t n;

	number_all();
	n = render();
	ck_assert_uint_eq(n, sts_metrics_len(&values));
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		at = check_metric(at, &rows[i]);
	}
	ck_assert_ptr_eq(at, text + n);
}
END_TEST

static const struct {
	const char *name, *line;
	unsigned slot;
	uint32_t value;
} lines[] = {
	{ "plain", "\nmtasts_clients_total 7\n", STS_METRIC_CLIENTS, 7 },
	{ "32 bits", "\nmtasts_clients_total 4294967295\n", STS_METRIC_CLIENTS,
	    UINT32_MAX },
	{ "first word", "\nmtasts_answers_total{answer=\"notfound\"} 3\n",
	    STS_METRIC_ANSWERS + STS_ANSWER_NOTFOUND - 1, 3 },
	{ "word", "\nmtasts_answers_total{answer=\"secure\"} 3\n",
	    STS_METRIC_ANSWERS + STS_ANSWER_POLICY - 1, 3 },
	{ "last word", "\nmtasts_answers_total{answer=\"preload\"} 3\n",
	    STS_METRIC_ANSWERS_LAST, 3 },
	{ "reason", "\nmtasts_lookups_total{why=\"x509-expired\"} 9\n",
	    STS_METRIC_LOOKUPS + STS_WHY_X509_EXPIRED, 9 },
	{ "event", "\nmtasts_events_total{event=\"policy-new\"} 9\n",
	    STS_METRIC_EVENTS + STS_EVENT_POLICY_NEW, 9 },
	{ "last event", "\nmtasts_events_total{event=\"events-lost\"} 9\n",
	    STS_METRIC_EVENTS + STS_EVENT_EVENTS_LOST, 9 },
	{ "64 bits", "\nmtasts_cache_bytes{use=\"free\"} 274877906880\n",
	    STS_METRIC_CACHE_BYTES_LAST, UINT32_MAX },
	{ "version", "\nmtasts_build_info{version=\"" STS_VERSION "\"} 1\n",
	    STS_METRIC_BUILD, 1 },
};

START_TEST(each_line_has_its_slots_value)
{
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		memset(&values, 0, sizeof values);
		values.n[lines[i].slot] = lines[i].value;
		render();
		ck_assert_msg(strstr(text, lines[i].line) != NULL, "%s: no %s",
		    lines[i].name, lines[i].line);
	}
}
END_TEST

/* The text is the same from any offset, into a buffer of any size that ends at
 * a page. */
START_TEST(the_text_is_the_same_in_pieces)
{
	static const size_t sizes[] = { 1, 7, 64, 1000, 4096 };
	static const size_t steps[] = { 1, 3, 64, 1000, 4096 };
	static const uint8_t blank[4096];
	size_t whole;

	number_all();
	whole = render();
	for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
		size_t step = i < 2 ? whole / 500 : steps[i];

		for (size_t off = 0; off <= whole; off += step) {
			uint8_t *out = unit_at_page_end(blank, sizes[i]);
			size_t left = whole - off;
			size_t want = left < sizes[i] ? left : sizes[i];

			ck_assert_uint_eq(sts_metrics_render(&values, off,
					      sts_span(out, sizes[i])),
			    want);
			ck_assert_int_eq(memcmp(out, text + off, want), 0);
		}
	}
	ck_assert_uint_eq(sts_metrics_render(
			      &values, whole + 1, sts_span((uint8_t *)text, 8)),
	    0);
}
END_TEST

START_TEST(counters_count_and_wrap)
{
	struct sts_metrics m;

	memset(&m, 0, sizeof m);
	memset(&values, 0xff, sizeof values);
	sts_count(&m, STS_METRIC_CLIENTS);
	sts_count_by(&m, STS_METRIC_CLIENTS, 41);
	sts_count(&m, STS_METRICS_COUNTED - 1);
	sts_metrics_counted(&m, &values);
	ck_assert_uint_eq(values.n[STS_METRIC_CLIENTS], 42);
	ck_assert_uint_eq(values.n[STS_METRICS_COUNTED - 1], 1);
	ck_assert_uint_eq(values.n[STS_METRICS_COUNTED], 0);
	ck_assert_uint_eq(values.n[STS_METRICS_SLOTS - 1], 0);
	/* A counter that wraps stays below its last value, which a reader takes
	 * for a restart. */
	sts_count_by(&m, STS_METRIC_CLIENTS, UINT32_MAX);
	sts_metrics_counted(&m, &values);
	ck_assert_uint_eq(values.n[STS_METRIC_CLIENTS], 41);
}
END_TEST

static const char *const quoting[] = { "boards/grafana.json",
	"boards/alerts.yml" };

static bool
is_metric(struct sts_text name)
{
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		if (sts_text_is(name, rows[i].name)) {
			return true;
		}
	}
	return false;
}

/* Find the next "mtasts_..." in *at; its n is 0 when there is none. */
static struct sts_text
next_name(const char **at)
{
	const char *name = strstr(*at, "mtasts_");
	struct sts_text found = { NULL, 0 };

	if (name != NULL) {
		found = sts_text((const uint8_t *)name, name_len(name));
		*at = name + found.n;
	}
	return found;
}

START_TEST(dashboard_and_alerts_name_real_metrics)
{
	for (size_t i = 0; i < UNIT_COUNT(quoting); i++) {
		struct sts_text file = unit_file(quoting[i]);
		const char *at = (const char *)file.p;
		struct sts_text t = next_name(&at);
		unsigned n = 0;

		/* unit_file() keeps what an earlier, longer file had behind
		 * this one's end. */
		while (t.n > 0 && t.p < file.p + file.n) {
			ck_assert_msg(is_metric(t), "%s: no such metric: %.*s",
			    quoting[i], (int)t.n, (const char *)t.p);
			t = next_name(&at);
			n++;
		}
		ck_assert_uint_gt(n, 10);
	}
}
END_TEST

START_TEST(the_manual_page_lists_each_metric)
{
	const char *page =
	    (const char *)unit_file("boards/posix/man/mtasts.8").p;

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		const char *kind =
		    ends_in(rows[i].name, "_total") ? "counter" : "gauge";
		char want[256];

		snprintf(want, sizeof want, "\n.It Va %s Pq %s\n", rows[i].name,
		    kind);
		ck_assert_msg(strstr(page, want) != NULL, "no%s", want);
	}
}
END_TEST

/* The dashboard's brackets match outside of strings. */
START_TEST(the_dashboards_brackets_match)
{
	struct sts_text t = unit_file("boards/grafana.json");
	char open[64];
	size_t depth = 0, most = 0;
	bool in_string = false;

	for (size_t i = 0; i < t.n; i++) {
		char c = (char)t.p[i];

		if (in_string && c == '\\') {
			i++;
		} else if (c == '"') {
			in_string = !in_string;
		} else if (!in_string && (c == '{' || c == '[')) {
			ck_assert_uint_lt(depth, sizeof open);
			open[depth++] = c == '{' ? '}' : ']';
			most = depth > most ? depth : most;
		} else if (!in_string && (c == '}' || c == ']')) {
			ck_assert_uint_gt(depth, 0);
			ck_assert_int_eq(open[--depth], c);
		}
	}
	ck_assert_uint_eq(depth, 0);
	ck_assert(!in_string);
	ck_assert_uint_gt(most, 4);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, dashboard_and_alerts_name_real_metrics);
	tcase_add_test(tc, the_manual_page_lists_each_metric);
	tcase_add_test(tc, the_dashboards_brackets_match);
	tcase_add_test(tc, slots_follow_one_another);
	tcase_add_test(tc, the_text_is_prometheus_format);
	tcase_add_test(tc, each_line_has_its_slots_value);
	tcase_add_test(tc, the_text_is_the_same_in_pieces);
	tcase_add_test(tc, counters_count_and_wrap);
}
