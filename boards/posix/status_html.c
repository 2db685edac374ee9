/* SPDX-License-Identifier: MIT */
/*
 * The status as a page. Charts are bars of SVG within the page; a table below
 * has their numbers, for readers who do not see bars.
 *
 * Invariants: every text that is not a constant of this file passes
 * put_escaped(), and every number put_number(); a section is closed before the
 * next one opens. What the page loads and runs is nothing, and its
 * Content-Security-Policy forbids both: a name of a domain, which a stranger
 * chooses, can be no more than text.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/text.h"
#include "date.h"
#include "status_html.h"

enum {
	HOURS = 24,
	BAR_WIDTH = 10,
	CHART_HEIGHT = 60
};

static const char style[] =
    ":root{--fg:#1b1f24;--bg:#fff;--soft:#57606a;--line:#d0d7de;--bar:#0969da;"
    "--ok:#116329;--bad:#a40e26}\n"
    "@media (prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;"
    "--soft:#9198a1;--line:#3d444d;--bar:#58a6ff;--ok:#56d364;--bad:#ff7b72}}\n"
    "body{margin:0 auto;max-width:60rem;padding:1rem;color:var(--fg);"
    "background:var(--bg);font:1rem/1.5 system-ui,sans-serif;"
    "overflow-wrap:anywhere}\n"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1rem;margin:0}\n"
    "header p,figcaption{color:var(--soft);margin:.2rem 0}\n"
    ".ok{color:var(--ok)}.bad{color:var(--bad)}\n"
    "section{border-top:1px solid var(--line);padding:.6rem 0}\n"
    "ul{margin:0;padding:0;list-style:none}\n"
    "@media (min-width:40rem){section{display:grid;"
    "grid-template-columns:9rem minmax(0,1fr);gap:1rem}}\n"
    ".charts{display:flex;flex-wrap:wrap;gap:1rem}\n"
    "figure{margin:0;flex:1 1 15rem}\n"
    "svg{width:100%;height:auto;border-bottom:1px solid var(--line)}\n"
    "rect{fill:var(--bar)}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;"
    "overflow-wrap:normal}\n"
    "th,td{text-align:right;padding:.1rem .5rem;"
    "border-bottom:1px solid var(--line)}\n"
    "@media print{:root{--fg:#000;--bg:#fff;--soft:#333;--line:#999;"
    "--bar:#444;--ok:#000;--bad:#000}section,figure{break-inside:avoid}}\n";

struct page {
	const struct sts_tree *t;
	struct sts_sink *out;
	bool open; /* a section is */
};

static const struct {
	const char *name, *title;
	bool longest; /* of an hour's values, and not how many */
} columns[] = {
	{ "questions", "Questions", false },
	{ "enforced", "Answered by a policy or DANE", false },
	{ "temp", "Asked to wait", false },
	{ "lookups", "Domains looked up", false },
	{ "fetches_failed", "Fetches that failed", false },
	{ "longest_wait_ms", "Longest wait for an answer, ms", true },
};

enum {
	COLUMNS = sizeof columns / sizeof *columns
};

static void
put(struct page *p, const char *markup)
{
	sts_sink_string(p->out, markup);
}

static void
put_escaped(struct page *p, const char *text)
{
	for (; *text != '\0'; text++) {
		uint8_t c = (uint8_t)*text;

		switch (c) {
		case '<':
			put(p, "&lt;");
			break;
		case '>':
			put(p, "&gt;");
			break;
		case '&':
			put(p, "&amp;");
			break;
		case '"':
			put(p, "&quot;");
			break;
		case '\'':
			put(p, "&#39;");
			break;
		default:
			c = c >= ' ' && c < 0x7f ? c : '?';
			sts_sink_put(p->out, sts_text(&c, 1));
		}
	}
}

static void
put_number(struct page *p, uint64_t n)
{
	sts_sink_decimal(p->out, n);
}

/* ---- sections ---- */

static void
close_section(struct page *p)
{
	put(p, p->open ? "</ul>\n</section>\n" : "");
	p->open = false;
}

static void
html_section(void *ctx, const char *title)
{
	struct page *p = ctx;

	close_section(p);
	put(p, "<section>\n<h2>");
	put_escaped(p, title);
	put(p, "</h2>\n<ul>\n");
	p->open = true;
}

static void
html_line(void *ctx, const char *text)
{
	struct page *p = ctx;

	put(p, "<li>");
	put_escaped(p, text);
	put(p, "</li>\n");
}

/* ---- the last day ---- */

static uint64_t
cell(const struct page *p, unsigned hour, unsigned column)
{
	char path[STS_TREE_PATH_MAX];

	snprintf(path, sizeof path, "hours.%u.%s", hour, columns[column].name);
	return sts_status_number(p->t, path) & UINT32_MAX;
}

/* Hours that were reported. */
static unsigned
count_hours(const struct page *p)
{
	unsigned n = 0;

	while (n < HOURS &&
	       sts_tree_get(p->t, "hours.%u.questions", n)[0] != '\0') {
		n++;
	}
	return n;
}

static void
put_bar(struct page *p, unsigned place, uint64_t n, uint64_t most)
{
	/* What is more than nothing is seen. */
	uint64_t height = (n * CHART_HEIGHT + most - 1) / most;

	if (n == 0) {
		return;
	}
	put(p, "<rect x=\"");
	put_number(p, (uint64_t)place * BAR_WIDTH + 1);
	put(p, "\" y=\"");
	put_number(p, CHART_HEIGHT - height);
	put(p, "\" width=\"8\" height=\"");
	put_number(p, height);
	put(p, "\"/>");
}

/* The bar of the hour that runs stands at the right. */
static void
put_chart(struct page *p, unsigned column, unsigned hours)
{
	uint64_t most = 1, sum = 0;

	for (unsigned i = 0; i < hours; i++) {
		uint64_t n = cell(p, i, column);

		sum += n;
		most = n > most ? n : most;
	}
	put(p, "<figure>\n<svg role=\"img\" viewBox=\"0 0 240 60\" "
	       "aria-label=\"");
	put(p, columns[column].title);
	put(p, " by the hour\">");
	for (unsigned i = 0; i < hours; i++) {
		put_bar(p, HOURS - hours + i, cell(p, i, column), most);
	}
	put(p, "</svg>\n<figcaption>");
	put(p, columns[column].title);
	put(p, ": ");
	if (!columns[column].longest) {
		put_number(p, sum);
		put(p, ", at most ");
	}
	put_number(p, sum > 0 ? most : 0);
	put(p, columns[column].longest ? "" : " an hour");
	put(p, "</figcaption>\n</figure>\n");
}

static void
put_table(struct page *p, unsigned hours)
{
	put(p, "<details>\n<summary>Numbers by the hour</summary>\n"
	       "<div class=\"wide\">\n<table>\n<thead><tr><th "
	       "scope=\"col\">Hours ago</th>");
	for (unsigned i = 0; i < COLUMNS; i++) {
		put(p, "<th scope=\"col\">");
		put(p, columns[i].title);
		put(p, "</th>");
	}
	put(p, "</tr></thead>\n<tbody>\n");
	for (unsigned h = hours; h-- > 0;) {
		put(p, "<tr><th scope=\"row\">");
		put_number(p, hours - 1 - h);
		put(p, "</th>");
		for (unsigned i = 0; i < COLUMNS; i++) {
			put(p, "<td>");
			put_number(p, cell(p, h, i));
			put(p, "</td>");
		}
		put(p, "</tr>\n");
	}
	put(p, "</tbody>\n</table>\n</div>\n</details>\n");
}

static void
put_day(struct page *p)
{
	unsigned hours = count_hours(p);

	if (hours == 0) {
		return;
	}
	put(p, "<section>\n<h2>The last day</h2>\n<div>\n"
	       "<div class=\"charts\">\n");
	for (unsigned i = 0; i < COLUMNS; i++) {
		put_chart(p, i, hours);
	}
	put(p, "</div>\n");
	put_table(p, hours);
	put(p, "</div>\n</section>\n");
}

/* ---- the page ---- */

static void
put_head(struct page *p, bool healthy)
{
	put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	       "<meta charset=\"utf-8\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width, "
	       "initial-scale=1\">\n"
	       "<meta name=\"color-scheme\" content=\"light dark\">\n"
	       "<meta name=\"robots\" content=\"noindex\">\n"
	       "<meta http-equiv=\"Content-Security-Policy\" "
	       "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	       "<title>mtasts: ");
	put(p, healthy ? "healthy" : "not healthy");
	put(p, "</title>\n<style>\n");
	put(p, style);
	put(p, "</style>\n</head>\n");
}

/* When, by the agent's clock. */
static void
put_time(struct page *p)
{
	char date[STS_DATE_MAX], iso[STS_DATE_MAX];

	sts_date((int64_t)sts_status_number(p->t, "now"), date);
	/* HTML takes a blank between day and time, and Z for UTC. */
	snprintf(iso, sizeof iso, "%.19sZ", date);
	put(p, "<p>As of <time datetime=\"");
	put_escaped(p, iso);
	put(p, "\">");
	put_escaped(p, date);
	put(p, "</time></p>\n");
}

void
sts_status_html(const struct sts_tree *t, struct sts_sink *out)
{
	struct page p = { t, out, false };
	const struct sts_status_paper paper = { &p, html_section, html_line };
	bool healthy = strcmp(sts_tree_get(t, "healthy"), "true") == 0;

	put_head(&p, healthy);
	put(&p, "<body>\n<header>\n<h1>mtasts <span class=\"");
	put(&p, healthy ? "ok\">healthy" : "bad\">not healthy");
	put(&p, "</span></h1>\n");
	if (sts_status_number(t, "now") > 0) {
		put_time(&p);
	}
	put(&p, "</header>\n<main>\n");
	sts_status_words(t, &paper);
	close_section(&p);
	put_day(&p);
	put(&p, "</main>\n</body>\n</html>\n");
}
