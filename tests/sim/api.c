/* SPDX-License-Identifier: MIT */
/* Questions by the C API, as a firmware's own mail client asks them. Some are
 * given up before they are answered, some before the agent sees them. Where
 * DANE is on, some ask for a new look-up, whatever is held. */
#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "trace.h"

enum {
	SLOTS = 4,
	EVERY_MS = 20 * 60000,
	LOOK_MS = 20000,
	LOOKS = 2, /* more than the first */
	ANSWER_MAX = 24000
};

struct asked {
	bool used;
	int slot;
	int64_t patience; /* given up after */
	struct question q;
	char key[SIM_KEY];
};

static struct asked asked[SLOTS];
static struct draw work;
static int64_t ask_at;
/* The operator looks at a domain: asks three times, the second time for a new
 * look-up. */
static struct question looked;
static char looked_key[SIM_KEY];
static unsigned looks; /* to come */

void
api_begin(void)
{
	memset(asked, 0, sizeof asked);
	work = draw_begin(sim.seed, "api", 0);
	ask_at = EVERY_MS;
	looks = 0;
}

void
api_crash(void)
{
	memset(asked, 0, sizeof asked);
}

static void
end(struct asked *a)
{
	sts_ask_end(&sim.agent, a->slot);
	sts_driver_wake(&sim.driver);
	a->used = false;
}

static bool
step(struct asked *a)
{
	static char text[ANSWER_MAX];
	size_t n;

	if (sts_ask_answer(&sim.agent, a->slot)->kind == STS_ANSWER_NONE) {
		promise_waiting(&a->q);
		if (a->patience <= sim.t) {
			trace("api %s is given up", a->key);
			end(a);
		}
		return false;
	}
	n = sts_ask_render(
	    &sim.agent, a->slot, 0, sts_span((uint8_t *)text, sizeof text - 1));
	text[n] = '\0';
	sim.answers++;
	trace_answer("%s answered by the api %s: %.200s",
	    a->q.site ? a->q.site->domain : "-", a->key, text);
	promise_answered(&a->q, text);
	end(a);
	return true;
}

bool
api_step(void)
{
	bool moved = false;
	unsigned i;

	for (i = 0; i < SLOTS; i++) {
		if (asked[i].used) {
			moved = step(&asked[i]) || moved;
		}
	}
	return moved;
}

bool
api_waits(void)
{
	unsigned i, n = 0;

	for (i = 0; i < SLOTS; i++) {
		n += asked[i].used;
	}
	return n > 0;
}

int64_t
api_next(void)
{
	return ask_at;
}

void
api_look(struct site *s)
{
	if (!sim.plan.dane || sim.config.asks == 0) {
		return;
	}
	memset(&looked, 0, sizeof looked);
	looked.site = s;
	looked.dane = true;
	snprintf(looked_key, sizeof looked_key, "%s:25", s->domain);
	looks = LOOKS + 1;
	ask_at = sim.t + LOOK_MS;
}

/* Draw the next question, and whether it asks for a new look-up. */
static bool
draw_ask(struct question *q, char key[SIM_KEY])
{
	if (looks > 0) {
		*q = looked;
		memcpy(key, looked_key, SIM_KEY);
		looks--;
	} else {
		mta_question(q, key, &work);
		looks = sim.plan.dane && draw_percent(&work, 60) ? LOOKS : 0;
		looked = *q;
		memcpy(looked_key, key, SIM_KEY);
	}
	if (looks != 1) {
		return false;
	}
	if (q->site != NULL) {
		/* Even an override does not keep it from being looked up. */
		q->again = true;
		q->must = NULL;
		q->dane = q->zone != ZONE_SENDMAIL && key[0] != '[';
	}
	return true;
}

static void
ask(void)
{
	static const char *const zones[ZONES] = { "", "QUERYwithTLSRPT", "sts",
		"strict", "audit", "nosni" };
	struct question q;
	struct asked *a = NULL;
	char key[SIM_KEY];
	bool hasty = draw_percent(&work, 10);
	bool again = draw_ask(&q, key);
	int (*begin)(struct sts_agent *, struct sts_text, struct sts_text) =
	    again ? sts_ask_refresh : sts_ask_begin;
	unsigned i;

	for (i = 0; i < SLOTS && a == NULL; i++) {
		a = asked[i].used ? NULL : &asked[i];
	}
	if (a == NULL || !sim.running || sim.draining || mta_is_quiet()) {
		return;
	}
	memcpy(a->key, key, sizeof a->key);
	a->q = q;
	a->patience = hasty ? sim.t + draw_below(&work, 3) * 700 : INT64_MAX;
	a->slot = begin(&sim.agent,
	    sts_text((const uint8_t *)zones[q.zone], strlen(zones[q.zone])),
	    sts_text((const uint8_t *)a->key, strlen(a->key)));
	if (a->slot < 0) {
		return;
	}
	a->used = a->q.prompt = true;
	sim.questions++;
	promise_asked(&a->q);
	sts_driver_wake(&sim.driver);
	trace("%s asked by the api, %s%s", q.site ? q.site->domain : "-",
	    a->key, again ? ", again" : "");
	if (hasty && a->patience == sim.t) {
		end(a);
	}
}

void
api_act(void)
{
	while (sim.config.asks > 0 && ask_at <= sim.t) {
		ask();
		ask_at = sim.t + 1 +
			 draw_between(
			     &work, 0, 2 * (looks > 0 ? LOOK_MS : EVERY_MS));
	}
	if (sim.config.asks == 0) {
		ask_at = INT64_MAX;
	}
}
