/* SPDX-License-Identifier: MIT */
/*
 * mtasts query: what a mail server would be answered, and why, looked up in
 * this process.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/agent.h"
#include "../../core/payload.h"
#include "../../port/posix/posix.h"
#include "commands.h"
#include "live.h"

enum {
	RUN_BUDGET = 256,
	LOOKUPS = 4,
	FETCH_SLOTS = 2,
	PIECE = 512
};

struct query {
	struct sts_agent agent;
	struct sts_driver driver;
	struct sts_posix posix;
	struct sts_port port;
	struct sts_memory memory;
	struct sts_live live;
	struct sts_held held; /* of the domain asked last */
	bool has;
};

/* Answers that a domain gave, or that need none; the rest is "cannot tell". */
static bool
is_definite(enum sts_why why)
{
	static const uint8_t definite[] = { STS_WHY_KEY_EMPTY,
		STS_WHY_KEY_PARENT, STS_WHY_KEY_ADDRESS, STS_WHY_KEY_INVALID,
		STS_WHY_KEY_LONG, STS_WHY_OVERRIDE, STS_WHY_DNS_NXDOMAIN,
		STS_WHY_DNS_NODATA, STS_WHY_TXT_NONE, STS_WHY_TXT_SEVERAL,
		STS_WHY_TXT_INVALID, STS_WHY_MODE_NONE, STS_WHY_MODE_TESTING };

	for (size_t i = 0; i < sizeof definite; i++) {
		if (definite[i] == why) {
			return true;
		}
	}
	return false;
}

static int
exit_code(const struct sts_answer *a)
{
	if (a->kind == STS_ANSWER_POLICY || a->kind == STS_ANSWER_OVERRIDE) {
		return STS_EXIT_YES;
	}
	return a->kind == STS_ANSWER_NOTFOUND &&
		       is_definite((enum sts_why)a->why)
		   ? STS_EXIT_NONE
		   : STS_EXIT_UNKNOWN;
}

/* Print for a terminal, or as the inside of a JSON string. */
static void
print_safe(struct sts_text t, bool json)
{
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if (json && (c == '"' || c == '\\')) {
			printf("\\%c", c);
		} else if (c >= ' ' && c < 0x7f) {
			putchar(c);
		} else if (json) {
			printf("\\u%04x", (unsigned)c);
		} else {
			printf("\\x%02x", (unsigned)c);
		}
	}
}

static struct sts_text
text_of(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

/* The answer as a mail server gets it. */
static void
print_reply(const struct query *q, int slot, bool json)
{
	uint8_t piece[PIECE];
	size_t off = 0, n = sizeof piece;

	while (n == sizeof piece) {
		n = sts_ask_render(
		    &q->agent, slot, off, sts_span(piece, sizeof piece));
		print_safe(sts_text(piece, n), json);
		off += n;
	}
}

static const char *
mode_name(uint8_t mode)
{
	static const char *const names[] = { "none", "testing", "enforce" };

	return mode <= STS_MODE_ENFORCE ? names[mode] : "?";
}

/* Each pattern between `before` and `after`, `between` them. */
static void
print_patterns(const struct query *q, const char *quote, const char *between)
{
	struct sts_patterns it;
	struct sts_text p;
	const char *before = "";

	sts_patterns_start(&it, sts_agent_cache(&q->agent), q->held.ref);
	while ((p = sts_patterns_next(&it)).n > 0) {
		printf("%s%s%.*s%s", before, quote, (int)p.n, (const char *)p.p,
		    quote);
		before = between;
	}
}

static bool
has_policy(const struct query *q)
{
	return q->has && q->held.entry.kind == STS_KIND_POLICY;
}

static void
print_text(const struct query *q, const char *key, int slot,
    const struct sts_answer *a)
{
	static const char *const verdicts[] = { "a policy is in force",
		"no policy is in force", "cannot tell" };
	const struct sts_entry *e = &q->held.entry;

	print_safe(text_of(key), false);
	printf(": %s\n  answer  ", verdicts[exit_code(a)]);
	print_reply(q, slot, false);
	printf("\n  why     %s: %s\n", sts_why_token((enum sts_why)a->why),
	    sts_why_text((enum sts_why)a->why));
	if (has_policy(q)) {
		printf("  policy  mode %s, max_age %lu, id %.*s\n",
		    mode_name(e->mode), (unsigned long)e->max_age_s,
		    (int)q->held.id_len, (const char *)q->held.id);
		printf("  mx      ");
		print_patterns(q, "", " ");
		puts("");
	}
}

static void
print_json(const struct query *q, const char *key, int slot,
    const struct sts_answer *a)
{
	static const char *const verdicts[] = { "policy", "none", "unknown" };
	const struct sts_entry *e = &q->held.entry;

	printf("{\"key\":\"");
	print_safe(text_of(key), true);
	printf("\",\"result\":\"%s\",\"answer\":\"", verdicts[exit_code(a)]);
	print_reply(q, slot, true);
	printf("\",\"why\":\"%s\",\"text\":\"%s\"",
	    sts_why_token((enum sts_why)a->why),
	    sts_why_text((enum sts_why)a->why));
	if (has_policy(q)) {
		printf(",\"mode\":\"%s\",\"max_age\":%lu,\"id\":\"%.*s\"",
		    mode_name(e->mode), (unsigned long)e->max_age_s,
		    (int)q->held.id_len, (const char *)q->held.id);
		printf(",\"mx\":[");
		print_patterns(q, "\"", ",");
		printf("]");
	}
	puts("}");
}

/* The record behind an answer, by the domain the key means. */
static void
find_held(struct query *q, const char *key)
{
	struct sts_key k;

	q->has = sts_key_parse(&k, text_of(key)) == STS_WHY_NONE &&
		 sts_agent_held(
		     &q->agent, text_of((const char *)k.domain), &q->held);
}

static int
ask(struct query *q, const struct sts_args *args, const char *key)
{
	struct sts_text zone = text_of(args->zone != NULL ? args->zone : "");
	int slot = sts_ask_begin(&q->agent, zone, text_of(key));

	if (slot < 0) {
		return sts_fail(STS_EXIT_FAILURE, "no slot for a question");
	}
	sts_driver_wake(&q->driver);
	while (sts_ask_answer(&q->agent, slot)->kind == STS_ANSWER_NONE) {
		sts_ms wait = sts_run(&q->driver, sts_posix_now(),
		    sts_posix_wall_s(), RUN_BUDGET);

		if (sts_ask_answer(&q->agent, slot)->kind == STS_ANSWER_NONE) {
			sts_posix_wait(&q->posix, &q->driver, wait);
		}
	}
	const struct sts_answer *a = sts_ask_answer(&q->agent, slot);
	int code = exit_code(a);

	find_held(q, key);
	if (args->json) {
		print_json(q, key, slot, a);
	} else {
		print_text(q, key, slot, a);
	}
	sts_ask_end(&q->agent, slot);
	return code;
}

/* 0, or exit code. */
static int
start(struct query *q, const struct sts_args *args)
{
	static struct sts_conf conf;
	char why[STS_CONF_WHY_MAX];
	uint8_t key[16];
	sts_ms now = sts_posix_now();

	if (!sts_conf_load(&conf, &args->source, why)) {
		return sts_fail(STS_EXIT_CONFIG, "%s", why);
	}
	conf.clients = 0;
	conf.journal[0] = '\0';
	conf.lookups = LOOKUPS;
	conf.fetch_slots = FETCH_SLOTS;
	if (!sts_live_open_conf(&q->live, &conf, &q->memory, 1, why)) {
		return sts_fail(STS_EXIT_CONFIG, "%s", why);
	}
	if (sts_posix_init(
		&q->posix, q->memory.channels, q->memory.port, &q->port) != 0 ||
	    q->port.entropy(q->port.ctx, key, sizeof key) != 0) {
		return sts_fail(STS_EXIT_FAILURE, "%s", strerror(errno));
	}
	sts_agent_init(&q->agent, &q->memory.config,
	    &sts_live_now(&q->live)->settings, q->memory.agent_block, now, key);
	sts_driver_init(&q->driver, &q->agent, &q->port, now);
	return 0;
}

/* Of several keys: cannot tell, if one of them; else none, if one. */
int
sts_command_query(const struct sts_args *args)
{
	static struct query q;
	int worst = start(&q, args);

	for (unsigned i = 0; worst <= STS_EXIT_UNKNOWN && i < args->word_count;
	     i++) {
		int code = ask(&q, args, args->word[i]);

		worst = code > worst ? code : worst;
	}
	return worst;
}
