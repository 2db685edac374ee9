/* SPDX-License-Identifier: MIT */
/* Commands that expect: what was asked, fetched and logged, and what is
 * held. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/explain.h"
#include "../../core/agent/inspect.h"
#include "play.h"
#include "words.h"

/* What was seen. */

void
do_mark(void)
{
	settle();
	seen_from = scene.world.seen_count;
}

static unsigned
count_seen(char kind, unsigned type, const char *pattern)
{
	unsigned i, n = 0;
	struct sts_addr a;

	for (i = seen_from; i < scene.world.seen_count; i++) {
		const struct world_seen *w = &scene.world.seen[i];

		if (w->kind != kind || (kind == 'q' && w->type != type)) {
			continue;
		}
		if (kind != 'c') {
			n += words_match(pattern, w->name);
		} else if (strcmp(pattern, "*") == 0 ||
			   (words_address(&a, pattern, 443) == NULL &&
			       world_same_host(&a, &w->addr))) {
			n++;
		}
	}
	return n;
}

/* "2", "1..3" */
static void
must_be(unsigned got, const char *want, const char *what)
{
	char *end;
	unsigned long low = strtoul(want, &end, 10), high = low;

	if (strncmp(end, "..", 2) == 0) {
		high = strtoul(end + 2, NULL, 10);
	}
	if (got < low || got > high) {
		char text[64];

		snprintf(text, sizeof text, "%u instead of %s", got, want);
		fail(what, text);
	}
}

/* expect-questions TYPE NAME N: so many since the mark */
void
do_expect_questions(void)
{
	settle();
	must_be(count_seen('q', dnspeer_type(arg(1)), arg(2)), arg(3),
	    "number of questions");
}

void
do_expect_connections(void)
{
	settle();
	must_be(count_seen('c', 0, arg(1)), arg(2), "number of connections");
}

void
do_expect_fetches(void)
{
	settle();
	must_be(count_seen('r', 0, arg(1)), arg(2), "number of requests");
}

void
do_expect_quiet(void)
{
	settle();
	if (scene.world.seen_count != seen_from) {
		fail("something was asked for or connected to", NULL);
	}
}

/* Whether every number that the line names has the value given there. */
static bool
numbers_fit(const struct sts_event *e)
{
	unsigned i;

	for (i = 0; i < 3; i++) {
		const char *name = sts_event_number(e->code, i);
		const char *value =
		    name == NULL ? NULL : words_value(line, 2, name);

		if (value != NULL && e->number[i] != strtoul(value, NULL, 10)) {
			return false;
		}
	}
	return true;
}

static bool
event_fits(const struct sts_event *e)
{
	const char *why = words_value(line, 2, "why");
	const char *text = NULL;

	if (line->argc > 2 && strchr(arg(2), '=') == NULL) {
		text = arg(2);
	}
	if (strcmp(sts_event_token(e->code), arg(1)) != 0) {
		return false;
	}
	if (why != NULL && strcmp(sts_why_token(e->why), why) != 0) {
		return false;
	}
	if (text != NULL &&
	    !sts_text_is(sts_text(e->text, e->text_len), text)) {
		return false;
	}
	return numbers_fit(e);
}

/* The first event that matches and was not expected before, or -1. */
static int
find_event(void)
{
	unsigned n = scene.mem.event_count;
	unsigned i = n > MEM_EVENTS ? n - MEM_EVENTS : 0;

	for (; i < n; i++) {
		unsigned k = i % MEM_EVENTS;

		if (!scene.mem.event_seen[k] &&
		    event_fits(&scene.mem.event[k])) {
			return (int)k;
		}
	}
	return -1;
}

void
do_expect_event(void)
{
	int k;

	settle();
	k = find_event();
	if (k < 0) {
		fail("no such event", arg(1));
	}
	scene.mem.event_seen[k] = true;
}

void
do_expect_no_event(void)
{
	settle();
	if (find_event() >= 0) {
		fail("there is such an event", arg(1));
	}
}

static void
must_match(const char *key, const char *got)
{
	const char *want = words_value(line, 2, key);

	if (want != NULL && strcmp(want, got) != 0) {
		fail(key, got);
	}
}

/* expect-held DOMAIN kind= mode= id= failures= why= */
void
do_expect_held(void)
{
	static const char *const kinds[] = { "?", "policy", "absent",
		"back-off", "unknown" };
	struct sts_text domain =
	    sts_text((const uint8_t *)arg(1), strlen(arg(1)));
	struct sts_held held;
	char text[40];

	settle();
	if (!sts_agent_held(&scene.agent, domain, &held)) {
		fail("nothing is held", arg(1));
	}
	must_match("kind", kinds[held.entry.kind]);
	must_match("mode", sts_mode_text(held.entry.mode));
	must_match("why", sts_why_token(held.entry.why));
	snprintf(
	    text, sizeof text, "%.*s", (int)held.id_len, (const char *)held.id);
	must_match("id", text);
	snprintf(text, sizeof text, "%u", (unsigned)held.entry.failures);
	must_match("failures", text);
}

void
do_expect_not_held(void)
{
	struct sts_held held;

	settle();
	if (sts_agent_held(&scene.agent,
		sts_text((const uint8_t *)arg(1), strlen(arg(1))), &held)) {
		fail("it is held", arg(1));
	}
}

/* expect-dane DOMAIN "only secure mx1.d.example=usable mx2.d.example=none":
 * what the operator sees of its mail hosts, in the order of preference; or
 * "nothing". The event's text is kept while the agent runs on. */
void
do_expect_dane(void)
{
	static char text[4096];
	struct sts_agent *a = &scene.agent;
	struct sts_inspected_dane is;
	enum sts_dane_host host;
	size_t len, n = 0;

	settle();
	if (sts_inspect_dane(
		a, sts_text((const uint8_t *)arg(1), strlen(arg(1))), &is)) {
		uint8_t name[STS_NAME_MAX];

		sts_inspect_dane_keep(a, &is);
		settle();
		n = (size_t)snprintf(text, sizeof text, "%s%s%s %s%s%s",
		    sts_dane_level_token(is.level),
		    is.why != STS_WHY_NONE ? "/" : "",
		    is.why != STS_WHY_NONE ? sts_why_token(is.why) : "",
		    sts_dane_mx_token(is.mx), is.implicit ? " implicit" : "",
		    is.more ? " more" : "");
		while (sts_inspect_dane_host(a, &is, &host, name, &len)) {
			n += (size_t)snprintf(text + n, sizeof text - n,
			    " %.*s=%s", (int)len, (const char *)name,
			    sts_dane_host_token(host));
		}
		sts_inspect_dane_release(a, &is);
	}
	if (!words_match(arg(2), n > 0 ? text : "nothing")) {
		fail("DANE is another", n > 0 ? text : "nothing");
	}
}
