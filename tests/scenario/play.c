/* SPDX-License-Identifier: MIT */
/* What the commands of a scenario share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "play.h"
#include "words.h"

enum {
	TOLD = 20 /* events and contacts printed when a play fails */
};

struct scene scene;
struct script script;
const struct script_line *line;
unsigned seen_from;

static void
print_event(const struct sts_event *e)
{
	unsigned i;

	fprintf(stderr, "  %s %.*s", sts_event_token(e->code), (int)e->text_len,
	    (const char *)e->text);
	if (e->why != STS_WHY_NONE) {
		fprintf(stderr, " why=%s", sts_why_token(e->why));
	}
	for (i = 0; i < 3; i++) {
		const char *name = sts_event_number(e->code, i);

		if (name != NULL) {
			fprintf(stderr, " %s=%u", name, (unsigned)e->number[i]);
		}
	}
	fprintf(stderr, "\n");
}

static void
print_seen(const struct world_seen *w)
{
	char ip[64];

	snprintf(ip, sizeof ip, "%u.%u.%u.%u", w->addr.ip[0], w->addr.ip[1],
	    w->addr.ip[2], w->addr.ip[3]);
	if (w->kind == 'q') {
		fprintf(stderr, "  asked %s %s\n", dnspeer_type_name(w->type),
		    w->name);
	} else {
		fprintf(stderr, "  %s %s %s\n",
		    w->kind == 'c' ? "connected to" : "requested from",
		    w->addr.af == STS_AF_INET ? ip : "(IPv6)", w->name);
	}
}

/* End the process: the scenario fails at this line. */
void
fail(const char *what, const char *more)
{
	unsigned from = scene.mem.event_count;
	unsigned i;

	if (scene.fault != NULL) {
		what = scene.fault;
		more = NULL;
	}
	fprintf(stderr, "%s:%d (%s): %s%s%s\n", script.path,
	    line == NULL ? 0 : line->number, scene.variant->name, what,
	    more == NULL ? "" : ": ", more == NULL ? "" : more);
	fprintf(stderr, " after %lld.%03lld s\n", scene.elapsed_ms / 1000,
	    scene.elapsed_ms % 1000);
	from = from > TOLD ? from - TOLD : 0;
	for (i = from; i < scene.mem.event_count; i++) {
		print_event(&scene.mem.event[i % MEM_EVENTS]);
	}
	i = scene.world.seen_count;
	for (i = i > TOLD ? i - TOLD : 0; i < scene.world.seen_count; i++) {
		print_seen(&scene.world.seen[i]);
	}
	exit(1);
}

void
sts_assert_failed(const char *file, int at)
{
	char text[256];

	snprintf(text, sizeof text, "%s:%d", file, at);
	fail("an assertion failed", text);
}

/* Fail unless the words were understood. */
void
must(const char *wrong)
{
	if (wrong != NULL) {
		fail(wrong, NULL);
	}
}

const char *
arg(int i)
{
	if (i >= line->argc) {
		fail("too few words", line->argv[0]);
	}
	return line->argv[i];
}

long long
time_arg(int i)
{
	long long ms = 0;

	must(words_time(&ms, arg(i)));
	return ms;
}

void
settle(void)
{
	scene_settle(&scene);
}

struct scene_client *
client_arg(int i)
{
	struct scene_client *c = scene_find_client(&scene, arg(i));

	if (c == NULL) {
		fail("no such client", arg(i));
	}
	return c;
}
