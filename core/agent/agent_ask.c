/* SPDX-License-Identifier: MIT */
/*
 * A question becomes an answer: at once when the key, an override or what is
 * held decides; else it waits for its domain's lookup, and is answered from
 * what is known at its deadline. The lookup has its own time and goes on.
 *
 *	phase    the ask is in               fields that count
 *	NONE     no list; it is new, or has its answer
 *	JOURNAL  a->journal_asks: until it has been read
 *	                                     deadline
 *	QUEUED   a->asks: no lookup is free  deadline
 *	CROWDED  a->crowded: its organisation has its share of the lookups
 *	                                     deadline
 *	WAITS    the list of its lookup      deadline, lookup, began
 *
 * A policy that comes from a journal which was read only in part is no answer:
 * its domain is fetched anew first (agent_wait.c: is_doubtful).
 *
 * Invariants: waits is true in every phase but NONE. A live policy that is held
 * answers without the network; only a due check may delay that, and briefly.
 *
 * The attacker asks for many domains, or makes their servers slow. Both fill
 * our lookups and queues, which must never become an answer about a domain:
 * then the answer is TEMP (busy).
 */
#include "agent.h"
#include "agent_dane.h"
#include "agent_state.h"
#include "../base/assert.h"
#include "../answer/decide.h"

/* How many queued questions one free lookup may settle from the cache. */
enum {
	GO_ON_MAX = 16, /* asks looked at in one step, */
	LOOKS_MAX = 4096 /* ... and lookups for them */
};

/* Note the day of the domain's last question: it decides whether the policy is
 * worth refreshing. The first question of a day logs that the domain is in
 * testing mode. */
static void
note_asked(struct sts_agent *a, struct sts_text domain, sts_ref ref,
    struct sts_entry *e)
{
	uint32_t now_s = sts_agent_now_s(a);
	uint16_t today = (uint16_t)(now_s / STS_DAY_S);

	if (e->asked_day != today) {
		e->asked_day = today;
		if (e->mode == STS_MODE_TESTING) {
			sts_agent_log(a, STS_EVENT_POLICY_TESTING,
			    STS_WHY_MODE_TESTING, domain);
		}
		if (e->refresh_s == 0 && e->max_age_s >= STS_DAY_S) {
			/* Its refreshes had stopped, since nobody asked. */
			e->refresh_s = now_s;
		}
		sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
	}
}

static bool
check_due(const struct sts_entry *e, uint32_t now_s)
{
	return now_s >= e->check_s || now_s < e->checked_s;
}

/*
 * Whether what is remembered of a domain without a live policy still decides
 * the answer. What was learned while a policy lived does not: its expiry is a
 * reason to look the domain up again.
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

/* What is remembered of a domain, live or not. */
static bool
remembered(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, e);
	}
	return ref != 0;
}

/* Short policies have no planned refresh: they are fetched again when asked
 * for in the second half of their life (and not while that keeps failing). */
static bool
second_half(const struct sts_entry *e, uint32_t now_s)
{
	return e->max_age_s < STS_DAY_S && !sts_agent_backs_off(e, now_s) &&
	       now_s >= e->fetched_s &&
	       now_s - e->fetched_s >= e->max_age_s / 2;
}

/* Begin or join the domain's lookup. The ask's time (`began`) counts from now on;
 * if that lookup has run beside the one of the mail hosts, from when the hosts
 * were asked for. False: all lookups are busy; `began` is set all the same. */
static bool
join(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	struct sts_lookup *l = sts_agent_lookups_find(a, domain);

	ask->ahead = ask->ahead && l != NULL;
	if (!ask->ahead) {
		ask->began = a->now;
	}
	if (l == NULL && (ask->first || a->asks.count == 0)) {
		l = sts_agent_work_begin(a, domain, false);
	}
	if (l == NULL) {
		return false;
	}
	sts_agent_wait_for_lookup(a, ask, l);
	return true;
}

/* When an ask that waits for the check of a held policy is answered at the
 * latest: after `ms`, in which time in a queue of ours does not count, and never
 * later than its zone allows any answer. */
static sts_ms
check_until(const struct sts_ask *ask, sts_ms ms)
{
	return sts_earlier(ask->began + ms,
	    ask->first ? sts_agent_longest_wait(ask)
		       : ask->asked + ask->zone->answer_within_ms);
}

/*
 * TXT was looked up beside the mail hosts, and its id is new: the answer waits
 * for the new policy, as it would have without DANE.
 */
static bool
renewal_waits(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	struct sts_lookup *l =
	    ask->ahead ? sts_agent_lookups_find(a, domain) : NULL;
	sts_ms until = check_until(ask, STS_CHECK_FETCH_MS);

	if (l == NULL || !l->renews || !sts_before(a->now, until)) {
		return false;
	}
	sts_agent_wait_for_lookup(a, ask, l);
	ask->waits = true;
	ask->deadline = until;
	return true;
}

/*
 * Whether a policy that outlived a restart is the answer at once, and TXT is
 * checked after it: the network may be down. Not if part of the journal was
 * lost, and with it maybe a newer version: then the check comes first.
 */
static bool
answers_unchecked(const struct sts_agent *a, const struct sts_entry *e)
{
	return e->checked_s == 0 &&
	       !(STS_JOURNAL && e->restored && sts_agent_journal_lost(a));
}

/* A live policy is held: it is the answer, after a due check of TXT if that
 * comes quickly. */
static void
ask_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain,
    sts_ref ref, struct sts_entry *e)
{
	uint32_t now_s = sts_agent_now_s(a);

	note_asked(a, domain, ref, e);
	if (answers_unchecked(a, e)) {
		if (sts_agent_lookups_find(a, domain) == NULL) {
			sts_agent_work_begin(a, domain, false);
		}
	} else if (check_due(e, now_s)) {
		if (join(a, ask, domain)) {
			a->lookups[ask->lookup].refresh |=
			    second_half(e, now_s);
			ask->waits = true;
			ask->deadline = check_until(ask, STS_CHECK_WAIT_MS);
			return;
		}
	} else if (STS_DANE && renewal_waits(a, ask, domain)) {
		return;
	} else if (second_half(e, now_s) &&
		   sts_agent_lookups_find(a, domain) == NULL) {
		sts_agent_work_begin(a, domain, true);
	}
	sts_agent_answer(a, ask,
	    sts_decide_policy(ask->zone, e, ref, STS_RULE_HELD), domain);
}

/* Log, now and then, that a question has to wait for a lookup. */
static void
log_busy(struct sts_agent *a)
{
	sts_count(&a->metrics, STS_METRIC_QUEUED);
	if (sts_agent_notice(a, STS_NOTICE_BUSY)) {
		struct sts_event *e = sts_agent_log(
		    a, STS_EVENT_BUSY, STS_WHY_BUSY, sts_text(NULL, 0));

		e->number[0] = a->lookups_busy;
		e->number[1] = (uint32_t)a->asks.count + a->crowded.count;
	}
}

/* Wait in one of our own queues, which must never become "not found". */
static void
queue_up(struct sts_agent *a, struct sts_ask *ask, enum sts_ask_phase phase)
{
	sts_agent_wait_in_queue(a, ask, phase);
	ask->deadline = sts_agent_longest_wait(ask);
	ask->waits = true;
}

/*
 * answer_within counts from the lookup, queue_wait from the question. If our
 * own queues use up queue_wait, the answer is TEMP (busy), never "not found".
 */
static void
wait_for_lookup(
    struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	if (!join(a, ask, domain)) {
		queue_up(a, ask,
		    sts_agent_lookups_crowded(a, domain, false)
			? STS_ASK_CROWDED
			: STS_ASK_QUEUED);
		log_busy(a);
		return;
	}
	ask->deadline = sts_earlier(ask->began + ask->zone->answer_within_ms,
	    sts_agent_longest_wait(ask));
	ask->waits = true;
}

/* No live policy is held: answer from what is remembered, or wait for a
 * lookup. */
static void
ask_not_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);
	struct sts_entry e;

	if (sts_clock_state(&a->clock) == STS_CLOCK_UNKNOWN) {
		sts_agent_answer(a, ask,
		    sts_decide_no_clock(ask->settings, !a->grace_over), domain);
		return;
	}
	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
		sts_agent_lapse(a, ref, &e);
		sts_cache_touch(&a->cache, ref);
		if (still_known(&e, sts_agent_now_s(a))) {
			sts_agent_answer(a, ask,
			    sts_decide_none(ask->settings, sts_decide_kind(&e),
				(enum sts_why)e.why),
			    domain);
			return;
		}
	}
	wait_for_lookup(a, ask, domain);
}

/* Answer keys that can have no policy, and what the operator decided for a key.
 * Returns whether that was the answer. */
static bool
ask_operator(struct sts_agent *a, struct sts_ask *ask, struct sts_key *key)
{
	enum sts_why why = sts_key_parse(key, ask->key);
	const struct sts_override *o;
	struct sts_answer with;

	if (why != STS_WHY_NONE) {
		sts_agent_answer(
		    a, ask, sts_decide_key(why), sts_text(NULL, 0));
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
	sts_agent_answer(a, ask, with, sts_text(key->domain, key->len));
	return true;
}

/* Wait for the domain's policy to be fetched anew, or for the lookup to end
 * without it. */
static void
wait_for_fetch(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	wait_for_lookup(a, ask, domain);
	if (ask->phase == STS_ASK_WAITS) {
		a->lookups[ask->lookup].refresh = true;
	}
}

/* The operator wants the domain looked up now: no back-off delays that. */
static void
ask_afresh(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);
	struct sts_entry e;

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
		e.retry_s = 0;
		sts_cache_set(&a->cache, ref, &e, sts_agent_time(a));
	}
	wait_for_fetch(a, ask, domain);
}

/* While the mail hosts are looked up, begin the domain's own lookup, which is
 * needed next if the hosts do not decide. Begins nothing if the result is known
 * already, or all lookups are busy. ask->ahead: whether the domain's lookup is
 * under way now, whoever began it. */
static void
look_ahead(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	uint32_t now_s = sts_agent_now_s(a);
	struct sts_entry e;
	sts_ref ref = sts_agent_live(a, domain, &e);

	ask->ahead = sts_agent_lookups_find(a, domain) != NULL;
	if (ask->ahead || sts_clock_state(&a->clock) == STS_CLOCK_UNKNOWN) {
		return;
	}
	if (ref != 0 ? check_due(&e, now_s)
		     : !remembered(a, domain, &e) || !still_known(&e, now_s)) {
		ask->ahead = sts_agent_work_begin(a, domain, false) != NULL;
	}
}

/* Answer from the policy held for the domain, or from there being none. */
static void
ask_policy(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	struct sts_entry e;
	sts_ref ref = sts_agent_live(a, domain, &e);

	if (ref == 0) {
		ask_not_held(a, ask, domain);
	} else if (STS_JOURNAL && sts_agent_journal_decides(a, &e) &&
		   !sts_agent_backs_off(&e, sts_agent_now_s(a))) {
		wait_for_fetch(a, ask, domain);
	} else {
		ask_held(a, ask, domain, ref, &e);
		/* Last, since touching a pinned record costs nothing. */
		sts_cache_touch(&a->cache, ref);
	}
}

/* Decide a question, in the order of precedence: the key itself and the
 * operator, then DANE (RFC 8461 2), then MTA-STS. */
static void
decide(struct sts_agent *a, struct sts_ask *ask)
{
	bool began = false;
	struct sts_key key;
	struct sts_text domain;

	if (ask_operator(a, ask, &key)) {
		return;
	}
	domain = sts_text(key.domain, key.len);
	if (sts_agent_journal_loading(a)) {
		/*
		 * The journal may still hold a policy of the domain, or a later
		 * version. Nothing is looked up before all of it has been read,
		 * since a result could not be compared with what is held.
		 */
		queue_up(a, ask, STS_ASK_JOURNAL);
		return;
	}
	if (STS_DANE && sts_agent_dane(a, ask, &key, &began)) {
		if (began && !ask->afresh) {
			look_ahead(a, ask, domain);
		}
		return;
	}
	if (ask->afresh) {
		ask_afresh(a, ask, domain);
		return;
	}
	ask_policy(a, ask, domain);
}

void
sts_agent_ask_go_on(struct sts_agent *a, struct sts_ask *ask)
{
	STS_ASSERT(ask->phase == STS_ASK_NONE);
	decide(a, ask);
	if (ask->answer.kind == STS_ANSWER_NONE) {
		sts_agent_stir(a, ask->node);
	} else {
		sts_agent_hand_over(a, ask);
	}
}

/* An unknown map name gets the default zone. Log each name once, as long as
 * there is room to remember it: a mail server repeats it with every
 * question. */
static void
log_unknown_zone(struct sts_agent *a, struct sts_text name)
{
	uint64_t hash = sts_siphash(a->hash_key, name);

	for (size_t i = 0; i < sizeof a->ask.zone / sizeof *a->ask.zone; i++) {
		if (a->ask.zone[i] == hash) {
			return;
		}
	}
	a->ask.zone[a->ask.zone_next] = hash;
	a->ask.zone_next =
	    (uint8_t)((a->ask.zone_next + 1) %
		      (sizeof a->ask.zone / sizeof *a->ask.zone));
	sts_agent_log(a, STS_EVENT_ZONE_UNKNOWN, STS_WHY_NONE, name);
}

void
sts_agent_ask(struct sts_agent *a, struct sts_ask *ask)
{
	STS_ASSERT(ask->answer.kind == STS_ANSWER_NONE);
	ask->asked = a->now;
	ask->waits = ask->first = ask->ahead = false;
	if (!ask->routed) {
		ask->dane = STS_DANE_PENDING;
	}
	ask->phase = STS_ASK_NONE;
	if (sts_agent_is_client(a, ask->node)) {
		struct sts_text name =
		    sts_client_name(sts_agent_client_of(a, ask));
		bool known;

		ask->settings = a->settings;
		ask->zone = sts_zones_find(a->settings->zones, name, &known);
		if (!known) {
			log_unknown_zone(a, name);
		}
	}
	decide(a, ask);
}

/* The check of a held policy takes too long: the policy is the answer now. When
 * the id has changed a longer wait is worth it, so that mail which failed under
 * the old policy is not tried again under the same. */
static void
due_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain,
    sts_ref ref, struct sts_entry *e)
{
	const struct sts_lookup *l = &a->lookups[ask->lookup];
	uint32_t now_s = sts_agent_now_s(a);

	if (ask->phase == STS_ASK_WAITS && l->stage != STS_WORK_DISCOVERY &&
	    sts_before(a->now, check_until(ask, STS_CHECK_FETCH_MS))) {
		ask->deadline = check_until(ask, STS_CHECK_FETCH_MS);
		return;
	}
	/* An ask in one of our own queues has waited for no check. */
	if (ask->phase == STS_ASK_WAITS && check_due(e, now_s)) {
		e->check_s = now_s + STS_CHECK_AGAIN_S;
		e->checked_s = now_s;
		sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
	}
	sts_agent_answer(a, ask,
	    sts_decide_policy(ask->zone, e, ref, STS_RULE_HELD), domain);
}

static sts_ms
enough_at(const struct sts_agent *a, const struct sts_ask *ask)
{
	return sts_agent_enough_at(
	    a, ask, sts_agent_ours_ms(a, &a->lookups[ask->lookup]));
}

/* The answer from what the lookup knows when the domain has had its time. */
static struct sts_answer
late(const struct sts_ask *ask, const struct sts_lookup *l)
{
	if (l->stage == STS_WORK_DISCOVERY) {
		return sts_decide_none(
		    ask->settings, STS_KIND_UNKNOWN, STS_WHY_DNS_TIMEOUT);
	}
	return sts_decide_none(ask->settings, STS_KIND_BACK_OFF, STS_WHY_LATE);
}

static void
answer_busy(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	sts_agent_answer(a, ask,
	    sts_decide_plain(STS_ANSWER_TEMP, STS_RULE_TABLE, STS_WHY_BUSY),
	    domain);
}

/* Nothing is held, and the time to answer has come. If our own queue has used
 * up that time, the answer says nothing about the domain. */
static void
due_not_held(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	const struct sts_lookup *l = &a->lookups[ask->lookup];
	sts_ms longest = sts_agent_longest_wait(ask);

	if (ask->phase == STS_ASK_WAITS &&
	    !sts_before(a->now, enough_at(a, ask))) {
		sts_agent_answer(a, ask, late(ask, l), domain);
	} else if (sts_before(a->now, longest)) {
		/* An ask without a lookup is not due before `longest`. */
		STS_ASSERT(ask->phase == STS_ASK_WAITS);
		ask->deadline = l->queued
				    ? longest
				    : sts_earlier(enough_at(a, ask), longest);
	} else {
		answer_busy(a, ask, domain);
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
	STS_ASSERT(ask->phase != STS_ASK_NONE);
	why = sts_key_parse(&key, ask->key);
	STS_ASSERT(why == STS_WHY_NONE);
	domain = sts_text(key.domain, key.len);
	if ((STS_DANE && ask->phase == STS_ASK_DANE_QUEUED) ||
	    (STS_DANE && ask->phase == STS_ASK_DANE_WAITS)) {
		if (!sts_agent_dane_ask_due(a, ask, domain)) {
			decide(a, ask);
		}
		return;
	}
	ref = sts_agent_live(a, domain, &e);
	if (ref != 0) {
		due_held(a, ask, domain, ref, &e);
	} else {
		due_not_held(a, ask, domain);
	}
}

static bool
may_leave_journal(const struct sts_agent *a)
{
	return a->journal_asks.count > 0 && !sts_agent_journal_loading(a);
}

bool
sts_agent_asks_may_go_on(const struct sts_agent *a)
{
	return may_leave_journal(a) ||
	       (sts_agent_lookups_room(a, false) &&
		   (a->asks.count > 0 || a->ask.crowded > 0));
}

/*
 * The next waiting ask to go on with. First come those that waited for the
 * journal: policies that it held answer some of them without a lookup. Then
 * come the two queues in turn: otherwise the crowd of one owner would stand
 * before everybody whenever a lookup ends. Each time a lookup has ended, every
 * crowded ask is looked at once; if its organisation still has its share, it
 * goes to the end.
 */
static struct sts_ask *
next_waiting(struct sts_agent *a)
{
	bool crowded = a->ask.crowded > 0;

	if (may_leave_journal(a)) {
		return sts_agent_ask_of(a, a->journal_asks.head);
	}
	if (crowded && a->asks.count > 0) {
		crowded = a->ask.crowd_turn;
		a->ask.crowd_turn = !crowded;
	}
	a->ask.crowded = (uint16_t)(a->ask.crowded - crowded);
	return sts_agent_ask_of(a, crowded ? a->crowded.head : a->asks.head);
}

/* How many asks are looked at in a step. For each of them all lookups are
 * passed, to count those of its organisation. */
static unsigned
go_on_max(const struct sts_agent *a)
{
	unsigned n = LOOKS_MAX / a->config.lookups;

	STS_ASSERT(n > 0); /* core/sts.h: 4,096 lookups at most */
	return n < GO_ON_MAX ? n : (unsigned)GO_ON_MAX;
}

void
sts_agent_asks_go_on(struct sts_agent *a)
{
	uint16_t busy = a->lookups_busy, dane = a->dane.busy;

	/* At most one lookup of a policy and one of mail hosts is begun,
	 * because each draws random bytes, which are few. */
	for (unsigned i = 0;
	     i < go_on_max(a) && a->lookups_busy == busy &&
	     a->dane.busy == dane && sts_agent_asks_may_go_on(a);
	     i++) {
		struct sts_ask *ask = next_waiting(a);

		sts_agent_wait_end(a, ask);
		ask->first = true;
		sts_agent_ask_go_on(a, ask);
	}
}
