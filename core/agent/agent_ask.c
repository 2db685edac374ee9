/* SPDX-License-Identifier: MIT */
/*
 * A question becomes an answer: at once when the key, an override or what is
 * held decides; else it waits for its domain's lookup, with a deadline at
 * which what is known by then is said. The answer's deadline is not the
 * lookup's, which goes on.
 */
#include <string.h>

#include "agent.h"
#include "../base/assert.h"
#include "../answer/decide.h"

enum phase {
	PHASE_NONE = 0,
	PHASE_QUEUED, /* all lookups are busy: in a->asks */
	PHASE_WAITS, /* in the list of a lookup */
	PHASE_WAITS_LONGER /* the same, and our own queue was in its way */
};

/* How many queued questions one free lookup may settle from the cache. */
enum {
	GO_ON_MAX = 16
};

struct sts_ask *
sts_agent_ask_of(struct sts_agent *a, uint16_t node)
{
	STS_ASSERT(node >= a->first_client && node < a->first_lookup);
	if (sts_agent_is_client(a, node)) {
		return &a->clients[node - a->first_client].ask;
	}
	return &a->questions[node - a->first_question].ask;
}

/* The list that an ask is in: its head, and for the queue also its tail. */
static uint16_t *
list_head(struct sts_agent *a, const struct sts_ask *ask)
{
	return ask->phase == PHASE_QUEUED ? &a->asks.head
					  : &a->lookups[ask->lookup].waiters;
}

static void
detach(struct sts_agent *a, struct sts_ask *ask)
{
	if (ask->phase == PHASE_NONE) {
		return;
	}
	if (ask->prev == STS_NODE_NONE) {
		*list_head(a, ask) = ask->next;
	} else {
		sts_agent_ask_of(a, ask->prev)->next = ask->next;
	}
	if (ask->next != STS_NODE_NONE) {
		sts_agent_ask_of(a, ask->next)->prev = ask->prev;
	} else if (ask->phase == PHASE_QUEUED) {
		a->asks.tail = ask->prev;
	}
	if (ask->phase == PHASE_QUEUED) {
		a->asks.count--;
	}
	ask->phase = PHASE_NONE;
	ask->waits = false;
}

static void
attach_to_lookup(struct sts_agent *a, struct sts_ask *ask, struct sts_lookup *l)
{
	STS_ASSERT(ask->phase == PHASE_NONE);
	ask->phase = PHASE_WAITS;
	ask->lookup = (uint16_t)(l - a->lookups);
	ask->prev = STS_NODE_NONE;
	ask->next = l->waiters;
	if (l->waiters != STS_NODE_NONE) {
		sts_agent_ask_of(a, l->waiters)->prev = ask->node;
	}
	l->waiters = ask->node;
}

static void
attach_to_queue(struct sts_agent *a, struct sts_ask *ask)
{
	STS_ASSERT(ask->phase == PHASE_NONE);
	ask->phase = PHASE_QUEUED;
	ask->next = STS_NODE_NONE;
	ask->prev = a->asks.tail;
	if (a->asks.tail != STS_NODE_NONE) {
		sts_agent_ask_of(a, a->asks.tail)->next = ask->node;
	} else {
		a->asks.head = ask->node;
	}
	a->asks.tail = ask->node;
	a->asks.count++;
	sts_count(&a->metrics, STS_METRIC_QUEUED);
	if (sts_agent_notice(a, STS_NOTICE_BUSY)) {
		struct sts_event *e = sts_agent_tell(
		    a, STS_EVENT_BUSY, STS_WHY_BUSY, sts_text(NULL, 0));

		e->number[0] = a->lookups_busy;
		e->number[1] = a->asks.count;
	}
}

/* Rehearsal and kill switch: what is not "not found" becomes it, loudly. */
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
	event = sts_agent_tell(
	    a, STS_EVENT_AUDIT, (enum sts_why)ask->answer.why, domain);
	event->number[0] = ask->answer.kind;
	if (ask->answer.ref != 0) {
		sts_cache_get(&a->cache, ask->answer.ref, &e);
		event->mode = (uint8_t)(e.mode + 1);
	}
	ask->answer.kind = STS_ANSWER_NOTFOUND;
	ask->answer.why = STS_WHY_AUDIT;
	ask->answer.ref = 0;
	ask->answer.audited = true;
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

static void
answer(struct sts_agent *a, struct sts_ask *ask, struct sts_answer with,
    struct sts_text domain)
{
	struct sts_event *e;

	STS_ASSERT(ask->answer.kind == STS_ANSWER_NONE);
	detach(a, ask);
	ask->answer = with;
	audit(a, ask, domain);
	count_answer(a, ask);
	if (ask->answer.ref != 0) {
		sts_cache_pin(&a->cache, ask->answer.ref);
	}
	e = sts_agent_tell(
	    a, STS_EVENT_ANSWER, (enum sts_why)ask->answer.why, domain);
	e->number[0] = a->now - ask->asked;
	e->number[1] = ask->answer.kind;
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
	detach(a, ask);
	sts_agent_release(a, ask);
}

/* The day of the last question decides what is worth refreshing. Its first
 * tells of a domain in testing mode, for which there is no reporting. */
static void
note_asked(struct sts_agent *a, struct sts_text domain, sts_ref ref,
    struct sts_entry *e)
{
	uint32_t now_s = sts_agent_now_s(a);
	uint16_t today = (uint16_t)(now_s / STS_DAY_S);

	sts_cache_touch(&a->cache, ref);
	if (e->asked_day != today) {
		e->asked_day = today;
		if (e->mode == STS_MODE_TESTING) {
			sts_agent_tell(a, STS_EVENT_POLICY_TESTING,
			    STS_WHY_MODE_TESTING, domain);
		}
		if (e->refresh_s == 0 && e->max_age_s >= STS_DAY_S) {
			/* Nobody asked for so long that it was given up. */
			e->refresh_s = now_s;
		}
		sts_cache_set(&a->cache, ref, e, now_s, sts_agent_expires(a));
	}
}

static bool
check_due(const struct sts_entry *e, uint32_t now_s)
{
	return now_s >= e->check_s || now_s < e->checked_s;
}

/*
 * Whether what is remembered of a domain without a live policy still says what
 * to answer. What was learned while a policy lived does not: that it expired
 * is a reason to look again.
 */
static bool
still_known(const struct sts_entry *e, uint32_t now_s)
{
	if (e->kind == STS_KIND_POLICY &&
	    (e->checked_s <= e->fetched_s ||
		e->checked_s - e->fetched_s <= e->max_age_s)) {
		return false;
	}
	return !check_due(e, now_s);
}

/* Short policies have no planned refresh: they are fetched again when asked
 * for in the second half of their life (and not while that keeps failing). */
static bool
second_half(const struct sts_entry *e, uint32_t now_s)
{
	return e->max_age_s < STS_DAY_S &&
	       (now_s >= e->retry_s || e->retry_s - now_s > STS_BACK_OFF_S) &&
	       now_s >= e->fetched_s &&
	       now_s - e->fetched_s >= e->max_age_s / 2;
}

/* Begin or join the domain's lookup. False: all lookups are busy. */
static bool
join(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	struct sts_lookup *l = sts_agent_work_find(a, domain);

	if (l == NULL && (ask->first || a->asks.count == 0)) {
		l = sts_agent_work_begin(a, domain, false);
	}
	if (l == NULL) {
		return false;
	}
	attach_to_lookup(a, ask, l);
	return true;
}

/* A live policy is held: it is the answer, after a due check if that is
 * quick. */
static void
ask_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain,
    sts_ref ref, struct sts_entry *e)
{
	uint32_t now_s = sts_agent_now_s(a);

	note_asked(a, domain, ref, e);
	if (e->checked_s == 0) {
		/* It outlived a restart, and is the answer whatever the network
		 * is like now; what is published is looked up behind it. */
		if (sts_agent_work_find(a, domain) == NULL) {
			sts_agent_work_begin(a, domain, false);
		}
	} else if (check_due(e, now_s)) {
		if (join(a, ask, domain)) {
			a->lookups[ask->lookup].refresh |=
			    second_half(e, now_s);
			ask->waits = true;
			ask->deadline = ask->asked + STS_CHECK_WAIT_MS;
			return;
		}
	} else if (second_half(e, now_s) &&
		   sts_agent_work_find(a, domain) == NULL) {
		sts_agent_work_begin(a, domain, true);
	}
	answer(a, ask, sts_decide_policy(ask->zone, e, ref, STS_RULE_HELD),
	    domain);
}

/*
 * The time to answer begins with the lookup, but the whole wait has its own
 * end: who reaches that because of our queue is told so, not "not found".
 */
static void
wait_for_lookup(
    struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	sts_ms longest = ask->asked + ask->zone->queue_wait_ms;

	if (!join(a, ask, domain)) {
		attach_to_queue(a, ask);
		ask->deadline = longest;
	} else {
		ask->deadline = a->now + ask->zone->answer_within_ms;
		if (ask->first && !sts_before(ask->deadline, longest)) {
			ask->phase = PHASE_WAITS_LONGER;
			ask->deadline = longest;
		}
	}
	ask->waits = true;
}

/* Nothing live is held: what is remembered, or a lookup. */
static void
ask_not_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);
	struct sts_entry e;

	if (sts_clock_state(&a->clock) == STS_CLOCK_UNKNOWN) {
		answer(a, ask,
		    sts_decide_no_clock(ask->settings, !a->grace_over), domain);
		return;
	}
	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
		sts_agent_lapse(a, ref, &e);
		sts_cache_touch(&a->cache, ref);
		if (still_known(&e, sts_agent_now_s(a))) {
			answer(a, ask,
			    sts_decide_none(ask->settings, sts_decide_kind(&e),
				(enum sts_why)e.why),
			    domain);
			return;
		}
	}
	wait_for_lookup(a, ask, domain);
}

/* Key and overrides. True: that was the answer. */
static bool
ask_operator(struct sts_agent *a, struct sts_ask *ask, struct sts_key *key)
{
	enum sts_why why = sts_key_parse(key, ask->key);
	const struct sts_override *o;
	struct sts_answer with;

	if (why != STS_WHY_NONE) {
		answer(a, ask,
		    sts_decide_plain(STS_ANSWER_NOTFOUND, STS_RULE_KEY, why),
		    sts_text(NULL, 0));
		return true;
	}
	o = ask->afresh ? NULL
			: sts_zones_override_find(ask->settings->zones, key);
	if (o == NULL || o->action == STS_OVERRIDE_IGNORE ||
	    o->action == STS_OVERRIDE_STS) {
		return false;
	}
	with = sts_decide_plain(
	    STS_ANSWER_NOTFOUND, STS_RULE_OVERRIDE, STS_WHY_OVERRIDE);
	if (o->action == STS_OVERRIDE_POSTFIX) {
		with.kind = STS_ANSWER_OVERRIDE;
		with.override = o;
	}
	answer(a, ask, with, sts_text(key->domain, key->len));
	return true;
}

/* The operator wants it looked up now: no back-off stands against that. */
static void
ask_afresh(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);
	struct sts_entry e;

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
		e.retry_s = 0;
		sts_cache_set(&a->cache, ref, &e, sts_agent_now_s(a),
		    sts_agent_expires(a));
	}
	wait_for_lookup(a, ask, domain);
	if (ask->phase != PHASE_QUEUED) {
		a->lookups[ask->lookup].refresh = true;
	}
}

static void
decide(struct sts_agent *a, struct sts_ask *ask)
{
	struct sts_key key;
	struct sts_text domain;
	struct sts_entry e;
	sts_ref ref;

	if (ask_operator(a, ask, &key)) {
		return;
	}
	domain = sts_text(key.domain, key.len);
	if (ask->afresh) {
		ask_afresh(a, ask, domain);
		return;
	}
	ref = sts_agent_live(a, domain, &e);
	if (ref != 0) {
		ask_held(a, ask, domain, ref, &e);
	} else {
		ask_not_held(a, ask, domain);
	}
}

/* An unknown map name gets the default zone; said once a name, roughly. */
static void
tell_unknown_zone(struct sts_agent *a, struct sts_text name)
{
	uint32_t hash = (uint32_t)sts_siphash(a->hash_key, name);

	for (size_t i = 0; i < sizeof a->zone_told / sizeof *a->zone_told;
	     i++) {
		if (a->zone_told[i] == hash) {
			return;
		}
	}
	a->zone_told[a->zone_told_next] = hash;
	a->zone_told_next =
	    (uint8_t)((a->zone_told_next + 1) %
		      (sizeof a->zone_told / sizeof *a->zone_told));
	sts_agent_tell(a, STS_EVENT_ZONE_UNKNOWN, STS_WHY_NONE, name);
}

void
sts_agent_ask(struct sts_agent *a, struct sts_ask *ask)
{
	STS_ASSERT(ask->answer.kind == STS_ANSWER_NONE);
	ask->asked = a->now;
	ask->waits = ask->first = false;
	ask->phase = PHASE_NONE;
	if (sts_agent_is_client(a, ask->node)) {
		struct sts_text name =
		    sts_client_name(sts_agent_client_of(a, ask));
		bool known;

		ask->settings = a->settings;
		ask->zone = sts_zones_find(a->settings->zones, name, &known);
		if (!known) {
			tell_unknown_zone(a, name);
		}
	}
	decide(a, ask);
}

/* A held policy whose check takes too long: it is the answer now. A new id is
 * worth a longer wait, so that no retry is decided on the old one. */
static void
due_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain,
    sts_ref ref, struct sts_entry *e)
{
	const struct sts_lookup *l = &a->lookups[ask->lookup];
	uint32_t now_s = sts_agent_now_s(a);

	if (ask->phase == PHASE_WAITS && l->stage != STS_WORK_DISCOVERY &&
	    ask->deadline != ask->asked + STS_CHECK_FETCH_MS) {
		ask->deadline = ask->asked + STS_CHECK_FETCH_MS;
		return;
	}
	if (check_due(e, now_s)) {
		e->check_s = now_s + STS_CHECK_AGAIN_S;
		e->checked_s = now_s;
		sts_cache_set(&a->cache, ref, e, now_s, sts_agent_expires(a));
	}
	answer(a, ask, sts_decide_policy(ask->zone, e, ref, STS_RULE_HELD),
	    domain);
}

/* Nothing is held, and the time to answer has come. */
static void
due_not_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	const struct sts_lookup *l = &a->lookups[ask->lookup];
	bool ours = ask->phase == PHASE_QUEUED ||
		    ask->phase == PHASE_WAITS_LONGER ||
		    (l->stage == STS_WORK_QUEUED && !l->stalled);
	sts_ms longest = ask->asked + ask->zone->queue_wait_ms;

	if (ours && sts_before(a->now, longest)) {
		/* Our own queue is in its way: that must not become an
		 * answer about the domain. Who queues, or waits longer already,
		 * is not due before `longest`. */
		STS_ASSERT(ask->phase == PHASE_WAITS);
		ask->phase = PHASE_WAITS_LONGER;
		ask->deadline = longest;
	} else if (ours) {
		answer(a, ask,
		    sts_decide_plain(
			STS_ANSWER_TEMP, STS_RULE_TABLE, STS_WHY_BUSY),
		    domain);
	} else if (l->stage == STS_WORK_DISCOVERY) {
		answer(a, ask,
		    sts_decide_none(
			ask->settings, STS_KIND_UNKNOWN, STS_WHY_DNS_TIMEOUT),
		    domain);
	} else {
		answer(a, ask,
		    sts_decide_none(
			ask->settings, STS_KIND_BACK_OFF, STS_WHY_LATE),
		    domain);
	}
}

void
sts_agent_ask_due(struct sts_agent *a, struct sts_ask *ask)
{
	struct sts_key key;
	struct sts_text domain;
	struct sts_entry e;
	enum sts_why why;
	sts_ref ref;

	STS_ASSERT(ask->answer.kind == STS_ANSWER_NONE);
	STS_ASSERT(ask->phase != PHASE_NONE);
	why = sts_key_parse(&key, ask->key);
	STS_ASSERT(why == STS_WHY_NONE);
	domain = sts_text(key.domain, key.len);
	ref = sts_agent_live(a, domain, &e);
	if (ref != 0) {
		due_held(a, ask, domain, ref, &e);
	} else {
		due_not_held(a, ask, domain);
	}
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

/* The answer came while nobody was looking at the ask's owner. */
static void
hand_over(struct sts_agent *a, struct sts_ask *ask)
{
	if (sts_agent_is_client(a, ask->node)) {
		sts_agent_client_taken(a, sts_agent_client_of(a, ask));
	}
	sts_agent_stir(a, ask->node);
}

void
sts_agent_settle(struct sts_agent *a, struct sts_lookup *l, sts_ref ref,
    enum sts_kind kind, enum sts_why why, bool over)
{
	struct sts_text domain = sts_lookup_domain(l);
	struct sts_entry e;

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
	} else {
		ref = sts_agent_live(a, domain, &e);
	}
	for (uint16_t node = l->waiters, next; node != STS_NODE_NONE;
	     node = next) {
		struct sts_ask *ask = sts_agent_ask_of(a, node);

		next = ask->next;
		if (ask->afresh && !over) {
			continue;
		}
		answer(a, ask,
		    ref != 0
			? sts_decide_policy(ask->zone, &e, ref, STS_RULE_HELD)
			: sts_decide_none(ask->settings, kind, why),
		    domain);
		hand_over(a, ask);
	}
}

bool
sts_agent_asks_may_go_on(const struct sts_agent *a)
{
	return a->asks.count > 0 && sts_agent_work_room(a, false);
}

void
sts_agent_asks_go_on(struct sts_agent *a)
{
	uint16_t busy = a->lookups_busy;

	/* At most one lookup is begun, because randomness is short. */
	for (unsigned i = 0; i < GO_ON_MAX && a->lookups_busy == busy &&
			     sts_agent_asks_may_go_on(a);
	     i++) {
		struct sts_ask *ask = sts_agent_ask_of(a, a->asks.head);

		detach(a, ask);
		ask->first = true;
		decide(a, ask);
		if (ask->answer.kind == STS_ANSWER_NONE) {
			sts_agent_stir(a, ask->node);
		} else {
			hand_over(a, ask);
		}
	}
}
