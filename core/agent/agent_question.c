/* SPDX-License-Identifier: MIT */
/* Questions by the C API: a leaf without channel, and the calls of
 * core/sts.h. */
#include <string.h>

#include "agent_state.h"
#include "../base/assert.h"

static unsigned
question_wants(const void *e)
{
	const struct sts_question *q = e;

	/* A question that was due once and is answered since has nothing to
	 * do. */
	return q->fresh || (q->due && q->ask.waits) ? STS_WANT_OWNER : 0;
}

static void
question_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_question *q = e;

	(void)wall_s;
	q->due = q->used && q->ask.waits && !sts_before(now, q->ask.deadline);
}

static bool
question_deadline(const void *e, sts_ms *at)
{
	const struct sts_question *q = e;
	bool waits = q->used && q->ask.waits;

	if (waits) {
		*at = q->ask.deadline;
	}
	return waits;
}

const struct sts_engine_ops sts_question_ops = {
	.wants = question_wants,
	.tick = question_tick,
	.deadline = question_deadline,
};

int
sts_agent_question_take(
    struct sts_agent *a, struct sts_text zone, struct sts_text key)
{
	bool known;

	for (unsigned i = 0; i < a->config.asks; i++) {
		struct sts_question *q = &a->questions[i];

		if (!q->used) {
			memset(q, 0, sizeof *q);
			q->used = true;
			q->ask.node = (uint16_t)(a->first_question + i);
			q->ask.key = key;
			q->ask.settings = a->settings;
			q->ask.zone =
			    sts_zones_find(a->settings->zones, zone, &known);
			return (int)i;
		}
	}
	return -1;
}

static int
begin(
    struct sts_agent *a, struct sts_text zone, struct sts_text key, bool afresh)
{
	int slot = sts_agent_question_take(a, zone, key);

	if (slot >= 0) {
		struct sts_question *q = &a->questions[slot];

		q->fresh = true;
		q->ask.afresh = afresh;
		sts_agent_stir(a, q->ask.node);
	}
	return slot;
}

int
sts_ask_begin(struct sts_agent *a, struct sts_text zone, struct sts_text key)
{
	return begin(a, zone, key, false);
}

int
sts_ask_refresh(struct sts_agent *a, struct sts_text zone, struct sts_text key)
{
	return begin(a, zone, key, true);
}

static const struct sts_question *
question_at(const struct sts_agent *a, int slot)
{
	STS_ASSERT(slot >= 0 && slot < a->config.asks);
	STS_ASSERT(a->questions[slot].used);
	return &a->questions[slot];
}

const struct sts_answer *
sts_ask_answer(const struct sts_agent *a, int slot)
{
	return &question_at(a, slot)->ask.answer;
}

size_t
sts_ask_render(
    const struct sts_agent *a, int slot, size_t off, struct sts_span out)
{
	const struct sts_ask *ask = &question_at(a, slot)->ask;
	struct sts_reply reply;

	STS_ASSERT(ask->answer.kind != STS_ANSWER_NONE);
	sts_reply_init(
	    &reply, &a->cache, ask->settings->zones, ask->zone, &ask->answer);
	return off < reply.len ? sts_reply_render(&reply, off, out) : 0;
}

void
sts_ask_end(struct sts_agent *a, int slot)
{
	question_at(a, slot);
	sts_agent_ask_forget(a, &a->questions[slot].ask);
	/* The agent may not have taken up the question yet, and its key is the
	 * caller's again. */
	a->questions[slot].used = a->questions[slot].fresh = false;
}
