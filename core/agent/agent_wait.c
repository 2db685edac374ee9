/* SPDX-License-Identifier: MIT */
/*
 * The questions that wait, and what becomes of them. A question waits in the
 * queue for a free lookup (a->asks) or in the list of its domain's lookup; an
 * answer takes it out, pins the policy that the answer refers to until the
 * question is released, and is handed to the client that asked.
 *
 * Invariants: an ask is in one queue at most, that of its phase; an ask that
 * has its answer waits for nothing. The attacker can make answers late, but no
 * ask waits longer than sts_agent_longest_wait.
 */
#include <string.h>

#include "agent_state.h"
#include "../answer/decide.h"
#include "../base/assert.h"

/* The queue that an ask is in, by its phase. */
static struct sts_queue *
queue_of(struct sts_agent *a, const struct sts_ask *ask)
{
	switch ((enum sts_ask_phase)ask->phase) {
	case STS_ASK_JOURNAL:
		return &a->journal_asks;
	case STS_ASK_QUEUED:
		return &a->asks;
	case STS_ASK_CROWDED:
		return &a->crowded;
	case STS_ASK_DANE_QUEUED:
		return &a->dane.asks;
	case STS_ASK_DANE_WAITS:
		return &a->danes[ask->lookup].waiters;
	default:
		STS_ASSERT(ask->phase != STS_ASK_NONE);
		return &a->lookups[ask->lookup].waiters;
	}
}

/* An ask has left the queue: no more asks are to be looked at than are still in
 * it. One leaves before its turn when its time is up or its client closes. */
static void
bound_look(uint16_t *look, const struct sts_queue *q)
{
	if (*look > q->count) {
		*look = q->count;
	}
}

void
sts_agent_wait_end(struct sts_agent *a, struct sts_ask *ask)
{
	if (ask->phase == STS_ASK_NONE) {
		return;
	}
	sts_agent_unqueue_ask(a, queue_of(a, ask), ask);
	bound_look(&a->ask.crowded, &a->crowded);
	bound_look(&a->dane.look, &a->dane.asks);
	ask->phase = STS_ASK_NONE;
	ask->waits = false;
}

void
sts_agent_wait_for_lookup(
    struct sts_agent *a, struct sts_ask *ask, struct sts_lookup *l)
{
	STS_ASSERT(ask->phase == STS_ASK_NONE);
	ask->phase = STS_ASK_WAITS;
	ask->lookup = (uint16_t)(l - a->lookups);
	sts_agent_queue_ask(a, &l->waiters, ask);
}

void
sts_agent_wait_for_dane(
    struct sts_agent *a, struct sts_ask *ask, struct sts_dane_work *w)
{
	STS_ASSERT(ask->phase == STS_ASK_NONE);
	ask->phase = STS_ASK_DANE_WAITS;
	ask->lookup = (uint16_t)(w - a->danes);
	sts_agent_queue_ask(a, &w->waiters, ask);
}

void
sts_agent_wait_in_queue(
    struct sts_agent *a, struct sts_ask *ask, enum sts_ask_phase phase)
{
	STS_ASSERT(ask->phase == STS_ASK_NONE);
	STS_ASSERT(phase == STS_ASK_JOURNAL || phase == STS_ASK_QUEUED ||
		   phase == STS_ASK_CROWDED || phase == STS_ASK_DANE_QUEUED);
	ask->phase = (uint8_t)phase;
	sts_agent_queue_ask(a, queue_of(a, ask), ask);
}

sts_ms
sts_agent_longest_wait(const struct sts_ask *ask)
{
	const struct sts_zone *z = ask->zone;
	bool was_queued = ask->first || (ask->phase != STS_ASK_WAITS &&
					    ask->phase != STS_ASK_DANE_WAITS);

	return ask->asked +
	       (was_queued || z->queue_wait_ms > z->answer_within_ms
		       ? z->queue_wait_ms
		       : z->answer_within_ms);
}

sts_ms
sts_agent_enough_at(
    const struct sts_agent *a, const struct sts_ask *ask, uint32_t ours_ms)
{
	sts_ms waited = a->now - ask->began;

	/* The lookup may have waited before this question came. */
	return ask->began + ask->zone->answer_within_ms +
	       (ours_ms < waited ? ours_ms : waited);
}

/*
 * Whether this is no answer because the journal has not been read to its end. A
 * policy that came from the journal is none, since a later version may follow,
 * nor is "not found", since a policy may: the answer is "cannot tell". A policy
 * that this run has fetched is an answer, and so are DANE and a decision of the
 * operator.
 */
static bool
is_doubtful(const struct sts_agent *a, const struct sts_answer *with,
    struct sts_text domain)
{
	struct sts_entry e;
	sts_ref ref;

	if (!sts_agent_keeps(a) || a->journal.loaded ||
	    (with->rule != STS_RULE_HELD && with->rule != STS_RULE_TABLE &&
		with->rule != STS_RULE_CLOCK)) {
		return false;
	}
	ref = with->ref != 0 ? with->ref : sts_cache_find(&a->cache, domain);
	memset(&e, 0, sizeof e);
	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
	}
	return e.kind == STS_KIND_POLICY
		   ? sts_agent_journal_decides(a, &e)
		   : with->kind == STS_ANSWER_NOTFOUND &&
			 sts_agent_journal_decides(a, NULL);
}

/* Rehearsal and kill switch: turn any other answer into "not found", and log
 * it. */
static void
audit(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	struct sts_event *event;
	struct sts_entry e;

	if (ask->answer.kind == STS_ANSWER_NOTFOUND ||
	    ask->answer.rule == STS_RULE_OVERRIDE ||
	    !sts_decide_audits(ask->settings, ask->zone)) {
		return;
	}
	event = sts_agent_log(
	    a, STS_EVENT_AUDIT, (enum sts_why)ask->answer.why, domain);
	event->number[0] = ask->answer.would = ask->answer.kind;
	if (ask->answer.ref != 0) {
		sts_cache_get(&a->cache, ask->answer.ref, &e);
		sts_event_mode(event, e.mode);
	}
	ask->answer.kind = STS_ANSWER_NOTFOUND;
	ask->answer.why = STS_WHY_AUDIT;
	ask->answer.ref = 0;
}

static void
count_answer(struct sts_agent *a, const struct sts_ask *ask)
{
	const struct sts_zone *z = ask->zone;
	unsigned zone = z->sendmail ? 2 : z->tlsrpt;

	sts_count(&a->metrics, STS_METRIC_QUESTIONS + zone);
	sts_count(&a->metrics, STS_METRIC_ANSWERS + ask->answer.kind - 1U);
	sts_count(&a->metrics, STS_METRIC_ANSWERS_WHY + ask->answer.why);
}

void
sts_agent_answer(struct sts_agent *a, struct sts_ask *ask,
    struct sts_answer with, struct sts_text domain)
{
	struct sts_event *e;

	STS_ASSERT(ask->answer.kind == STS_ANSWER_NONE);
	sts_agent_wait_end(a, ask);
	if (STS_PRELOAD && ask->settings->preload != NULL) {
		with = sts_decide_preload(ask->settings,
		    sts_agent_preload_live(a, ask->settings), with, domain);
	}
	if (STS_JOURNAL && is_doubtful(a, &with, domain)) {
		with = sts_decide_plain(
		    STS_ANSWER_TEMP, STS_RULE_TABLE, STS_WHY_BUSY);
	}
	ask->answer = ask->dane == STS_DANE_PARTIAL
			  ? sts_decide_partial(ask->settings, with)
			  : with;
	audit(a, ask, domain);
	count_answer(a, ask);
	if (ask->answer.ref != 0) {
		sts_cache_pin(&a->cache, ask->answer.ref);
	}
	e = sts_agent_log(
	    a, STS_EVENT_ANSWER, (enum sts_why)ask->answer.why, domain);
	e->number[0] = a->now - ask->asked;
	e->number[1] = ask->answer.kind;
	/* Only clients count: nobody waits for a name that is looked up ahead
	 * of its mail. */
	if (e->number[0] > a->waited_ms && sts_agent_is_client(a, ask->node)) {
		a->waited_ms = (uint32_t)e->number[0];
	}
}

void
sts_agent_release(struct sts_agent *a, struct sts_ask *ask)
{
	if (ask->answer.ref != 0) {
		sts_cache_unpin(&a->cache, ask->answer.ref);
	}
	memset(&ask->answer, 0, sizeof ask->answer);
}

void
sts_agent_ask_forget(struct sts_agent *a, struct sts_ask *ask)
{
	sts_agent_wait_end(a, ask);
	sts_agent_release(a, ask);
}

void
sts_agent_client_taken(struct sts_agent *a, struct sts_client *c)
{
	const struct sts_reply *r = &c->reply;

	sts_client_taken(c, &a->cache, c->ask.settings->zones);
	if (!sts_client_busy(c) || c->ask.answer.kind == STS_ANSWER_NONE) {
		return;
	}
	if (r->answer.why == STS_WHY_REPLY_LARGE) {
		sts_count(&a->metrics, STS_METRIC_REPLIES_CUT + 2);
	} else if (r->cut) {
		sts_count(&a->metrics, STS_METRIC_REPLIES_CUT + r->detail - 1U);
	}
}

void
sts_agent_hand_over(struct sts_agent *a, struct sts_ask *ask)
{
	if (sts_agent_is_client(a, ask->node)) {
		sts_agent_client_taken(a, sts_agent_client_of(a, ask));
	}
	sts_agent_stir(a, ask->node);
}

/* The answer to an ask whose lookup found no policy. One that ended for want of
 * the time is answered as a question that comes then. */
static struct sts_answer
without_policy(const struct sts_agent *a, const struct sts_ask *ask,
    enum sts_kind kind, enum sts_why why)
{
	return why == STS_WHY_NO_CLOCK
		   ? sts_decide_no_clock(ask->settings, !a->grace_over)
		   : sts_decide_none(ask->settings, kind, why);
}

void
sts_agent_settle(struct sts_agent *a, struct sts_lookup *l, sts_ref ref,
    enum sts_kind kind, enum sts_why why, bool over)
{
	struct sts_text domain = sts_lookup_domain(l);
	struct sts_entry e;
	bool doubted;

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
	} else {
		ref = sts_agent_live(a, domain, &e);
	}
	doubted = STS_JOURNAL && ref != 0 && sts_agent_journal_decides(a, &e);
	for (uint16_t node = l->waiters.head, next; node != STS_NODE_NONE;
	     node = next) {
		struct sts_ask *ask = sts_agent_ask_of(a, node);

		next = ask->next;
		if ((ask->afresh || doubted) && !over) {
			continue; /* it waits for what is fetched now */
		}
		sts_agent_answer(a, ask,
		    ref != 0
			? sts_decide_policy(ask->zone, &e, ref, STS_RULE_HELD)
			: without_policy(a, ask, kind, why),
		    domain);
		sts_agent_hand_over(a, ask);
	}
}
