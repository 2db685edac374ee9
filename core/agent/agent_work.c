/* SPDX-License-Identifier: MIT */
/*
 * A domain is looked up, its policy fetched, and the outcome remembered: one
 * lookup for each domain, however many questions wait for it.
 *
 *	stage      lookup's state            what it waits for
 *	DISCOVERY  TXT, TXT_DONE             the TXT record
 *	ADDRESSES  ADDRESSES, .._DONE        the policy host's addresses; once
 *	                                     more if no fetch by them was possible
 *	                                     and one family was not waited for
 *	QUEUED     HELD                      a fetch slot (agent_slots.c)
 *	FETCH      HELD                      its fetch
 *
 * id and txt_ttl_s count from TXT_DONE on, addr from ADDRESSES_DONE on, live
 * from ADDRESSES on; fetch_until from the first FETCH on; cut, turned and
 * had_time are about the turns in a slot so far.
 *
 * Invariants. A lookup that is not IDLE is in the index by domain exactly once,
 * in `waiters` are the questions that it will answer, and it is in at most one
 * queue. finish is the only way to its end, and answers all of them.
 *
 * The attacker publishes domains, or stands between us and the name servers or
 * the policy host. Whatever fails while a live policy is held is noted beside
 * it and changes nothing else, so that nobody ends a policy by causing
 * failures. What is remembered of a domain without one bounds how often it is
 * looked up. A shortage of ours is not remembered.
 */
#include <string.h>

#include "agent_state.h"
#include "agent_report_files.h"
#include "agent_share.h"
#include "../base/assert.h"
#include "../answer/decide.h"

/* Begin with the TXT record, knowing nothing of the domain. */
static void
discover(struct sts_agent *a, struct sts_lookup *l, struct sts_text domain)
{
	uint8_t rnd[STS_LOOKUP_RND];

	l->stage = STS_WORK_DISCOVERY;
	l->live = l->stalled = l->outdated = l->had_time = l->renews = false;
	l->cut = 0;
	l->fetch_until = 0;
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_lookup_begin(l, domain, a->settings, a->now, rnd);
	sts_count(&a->metrics, STS_METRIC_DNS_QUESTIONS);
	sts_agent_stir_lookup(a, l);
}

struct sts_lookup *
sts_agent_work_begin(struct sts_agent *a, struct sts_text domain, bool refresh)
{
	struct sts_lookup *l;
	struct sts_entry held;

	if (!sts_agent_lookups_room(a, refresh) ||
	    sts_agent_lookups_crowded(a, domain, refresh)) {
		return NULL;
	}
	l = sts_agent_lookups_take(a, domain, refresh);
	l->refresh = refresh;
	l->queued = l->shares = false;
	l->ours_ms = 0;
	sts_queue_init(&l->waiters);
	l->next = STS_NODE_NONE;
	discover(a, l, domain);
	if (sts_agent_shares(a) && sts_agent_live(a, domain, &held) == 0) {
		sts_agent_share_miss(a, l);
	}
	return l;
}

/* Answer everyone waiting for this lookup and free it. Queued questions start
 * on the next tick, which is due at once. */
static void
finish(struct sts_agent *a, struct sts_lookup *l, sts_ref ref,
    enum sts_kind kind, enum sts_why why)
{
	sts_count(&a->metrics, STS_METRIC_LOOKUPS + why);
	sts_agent_settle(a, l, ref, kind, why, true);
	sts_agent_lookups_give(a, l);
}

/*
 * If the operator had the domain forgotten while it was looked up, what was
 * learned before is void: the lookup begins again when a question waits for it,
 * and otherwise ends. Returns whether that was so. The state must be *_DONE or
 * HELD.
 */
static bool
start_over(struct sts_agent *a, struct sts_lookup *l)
{
	uint8_t name[STS_DOMAIN_MAX];
	struct sts_text domain = sts_lookup_domain(l);

	if (!l->outdated) {
		return false;
	}
	if (l->waiters.count == 0) {
		finish(a, l, 0, STS_KIND_UNKNOWN, STS_WHY_NONE);
		return true;
	}
	memcpy(name, domain.p, domain.n);
	sts_lookup_end(l);
	discover(a, l, sts_text(name, domain.n));
	return true;
}

/* How long the TXT record, or its absence, is believed. */
static uint32_t
kept_s(const struct sts_lookup *l)
{
	if (l->txt_ttl_s < STS_TTL_MIN_S) {
		return STS_TTL_MIN_S;
	}
	return l->txt_ttl_s > STS_TTL_MAX_S ? STS_TTL_MAX_S : l->txt_ttl_s;
}

/* 32 bits of hash, which a record has room for. Under the boot's key two ids of
 * a domain have the same hash by chance alone, and then one id waits for
 * minutes. */
static uint32_t
id_hash(const struct sts_agent *a, const struct sts_lookup *l)
{
	uint32_t hash;

	if (l->txt != STS_FOUND) {
		return 0;
	}
	hash = (uint32_t)sts_siphash(a->hash_key, sts_text(l->id, l->id_len));
	return hash != 0 ? hash : 1;
}

/* Whether the policy held under ref has the id of the TXT record. */
static bool
holds_id(const struct sts_agent *a, sts_ref ref, const struct sts_lookup *l)
{
	uint8_t id[STS_ID_MAX];
	size_t id_len = sts_payload_id(&a->cache, ref, id);

	return sts_text_same(sts_text(id, id_len), sts_text(l->id, l->id_len));
}

/* Note beside a held policy when TXT was looked up, and when it is to be
 * looked up again. */
static void
note_checked(
    struct sts_agent *a, sts_ref ref, struct sts_entry *e, uint32_t keep_s)
{
	uint32_t now_s = sts_agent_now_s(a);

	e->checked_s = now_s;
	e->check_s = now_s + keep_s;
	e->lapsed = false; /* it lives (again): its end is still to come */
	sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
}

/*
 * Remember that there is no usable policy. The caller has set kind, why and
 * times of `e`. Never called while a live policy is held; an expired one keeps
 * its record, so that a clock put right later finds it again.
 */
static void
remember(struct sts_agent *a, struct sts_lookup *l, const struct sts_entry *e)
{
	struct sts_text domain = sts_lookup_domain(l);
	sts_ref ref = sts_cache_find(&a->cache, domain);
	struct sts_stage stage;
	struct sts_entry held;

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &held);
		if (held.kind == STS_KIND_POLICY || held.kind == e->kind) {
			held.why = e->why;
			held.failures = e->failures;
			held.checked_s = e->checked_s;
			held.check_s = e->check_s;
			held.retry_s = e->retry_s;
			held.failed_id = e->failed_id;
			sts_cache_set(&a->cache, ref, &held, sts_agent_time(a));
			return;
		}
	}
	/* No room only means asking again sooner. */
	if (sts_cache_stage(&a->cache, &stage, domain)) {
		sts_cache_commit(&a->cache, &stage, e, sts_agent_time(a), &ref);
	}
}

static uint8_t
failures_so_far(struct sts_agent *a, struct sts_text domain, enum sts_kind kind)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);
	struct sts_entry e;

	if (ref == 0) {
		return 0;
	}
	sts_cache_get(&a->cache, ref, &e);
	return sts_decide_kind(&e) == kind ? e.failures : 0;
}

/* The entry of a record about a domain without a live policy. */
static struct sts_entry
blank(
    struct sts_agent *a, enum sts_kind kind, enum sts_why why, uint32_t keep_s)
{
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	e.kind = (uint8_t)kind;
	e.why = (uint8_t)why;
	e.checked_s = sts_agent_now_s(a);
	e.check_s = e.checked_s + keep_s;
	e.asked_day = (uint16_t)(e.checked_s / STS_DAY_S);
	return e;
}

/* Report the failure to the domain, if it wants reports (RFC 8460). */
static void
report(struct sts_agent *a, const struct sts_lookup *l, enum sts_why why,
    enum sts_report_stage stage)
{
	if (sts_agent_reports(a)) {
		sts_agent_report_failed(a, sts_lookup_domain(l), why, stage);
	}
}

static void
txt_absent(struct sts_agent *a, struct sts_lookup *l)
{
	enum sts_why why = (enum sts_why)l->txt_why;
	struct sts_entry e = blank(a, STS_KIND_ABSENT, why, kept_s(l));

	remember(a, l, &e);
	report(a, l, why, STS_REPORT_AT_TXT);
	sts_agent_log(a, STS_EVENT_NO_POLICY, why, sts_lookup_domain(l))
	    ->number[0] = kept_s(l);
	finish(a, l, 0, STS_KIND_ABSENT, why);
}

/* The name servers gave no usable answer, and no live policy is held. The next
 * look-up waits twice as long after each failure, up to the back-off. */
static void
txt_unknown(struct sts_agent *a, struct sts_lookup *l)
{
	enum sts_why why = (enum sts_why)l->txt_why;
	uint8_t failures =
	    failures_so_far(a, sts_lookup_domain(l), STS_KIND_UNKNOWN);
	uint32_t wait_s = sts_agent_unknown_wait_s(failures);
	struct sts_entry e;

	if (sts_why_passes(why)) {
		finish(a, l, 0, STS_KIND_UNKNOWN, why);
		return;
	}
	e = blank(a, STS_KIND_UNKNOWN, why, wait_s);
	e.failures = sts_agent_one_more(failures);
	remember(a, l, &e);
	sts_agent_log(a, STS_EVENT_DNS_FAILED, why, sts_lookup_domain(l))
	    ->number[0] = wait_s;
	finish(a, l, 0, STS_KIND_UNKNOWN, why);
}

/* The policy is to be fetched: ask for its host's addresses. live: an enforce
 * policy is held, which gives the lookup precedence for a slot. If the time is
 * unknown nothing is begun, since no certificate could be judged. */
static void
go_on(struct sts_agent *a, struct sts_lookup *l, bool live)
{
	uint8_t rnd[STS_LOOKUP_RND];

	if (sts_clock_state(&a->clock) == STS_CLOCK_UNKNOWN) {
		finish(a, l, 0, STS_KIND_BACK_OFF, STS_WHY_NO_CLOCK);
		return;
	}
	l->live = live;
	l->stage = STS_WORK_ADDRESSES;
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_lookup_go_on(l, rnd);
	sts_count_by(&a->metrics, STS_METRIC_DNS_QUESTIONS, STS_LOOKUP_LEGS);
	sts_agent_stir_lookup(a, l);
}

/* Whether a fetch for this id failed a moment ago. */
static bool
failed_lately(const struct sts_agent *a, const struct sts_lookup *l,
    const struct sts_entry *e)
{
	return e->failed_id == id_hash(a, l) &&
	       sts_agent_backs_off(e, sts_agent_now_s(a));
}

/* How long the TXT record is believed if a fetch for its id failed lately: no
 * longer than until the next try. */
static uint32_t
kept_until_retry_s(const struct sts_agent *a, const struct sts_lookup *l,
    const struct sts_entry *e)
{
	uint32_t left_s = e->retry_s - sts_agent_now_s(a);

	return kept_s(l) < left_s ? kept_s(l) : left_s;
}

/* How long a TXT look-up counts beside a held policy. `waits`: it has a new id,
 * which is not fetched yet. */
static uint32_t
checked_for_s(const struct sts_agent *a, const struct sts_lookup *l,
    const struct sts_entry *e, bool waits)
{
	if (l->txt == STS_UNKNOWN) {
		return STS_CHECK_AGAIN_S;
	}
	return waits ? kept_until_retry_s(a, l, e) : kept_s(l);
}

/*
 * TXT was looked up while a live policy is held: fetch if the id has changed or
 * a refresh is due. Absence and failure change nothing, since an attacker can
 * forge both: by RFC 8461 3.3 the policy lives until it expires.
 */
static void
txt_beside_held(
    struct sts_agent *a, struct sts_lookup *l, sts_ref ref, struct sts_entry *e)
{
	bool changed = l->txt == STS_FOUND && !holds_id(a, ref, l);
	bool waits = changed && failed_lately(a, l, e);

	l->renews = changed && !waits;
	note_checked(a, ref, e, checked_for_s(a, l, e, waits));
	if (l->txt != STS_FOUND) {
		/* The held id goes into the new version, so that the next
		 * good TXT answer is compared with something. */
		l->id_len = (uint8_t)sts_payload_id(&a->cache, ref, l->id);
	}
	if (!l->renews) {
		/* Questions that waited for the check need not wait for a
		 * refresh. */
		sts_agent_settle(
		    a, l, 0, STS_KIND_BACK_OFF, STS_WHY_BACK_OFF, false);
	}
	if (l->refresh || l->renews) {
		go_on(a, l, e->mode == STS_MODE_ENFORCE);
	} else {
		finish(a, l, 0, STS_KIND_BACK_OFF,
		    changed ? STS_WHY_BACK_OFF : (enum sts_why)l->txt_why);
	}
}

/* There is a TXT record, and no live policy is held: fetch the policy, unless
 * a fetch for this id failed a moment ago. */
static void
txt_found(struct sts_agent *a, struct sts_lookup *l)
{
	sts_ref ref = sts_cache_find(&a->cache, sts_lookup_domain(l));
	uint32_t now_s = sts_agent_now_s(a);
	struct sts_entry e;

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, &e);
		if (failed_lately(a, l, &e)) {
			e.checked_s = now_s;
			e.check_s = now_s + kept_until_retry_s(a, l, &e);
			sts_cache_set(&a->cache, ref, &e, sts_agent_time(a));
			finish(a, l, 0, STS_KIND_BACK_OFF, (enum sts_why)e.why);
			return;
		}
	}
	go_on(a, l, false);
}

/* Act upon the TXT look-up, by whether a live policy is held: only without one
 * does absence mean that there is no policy. */
static void
txt_done(struct sts_agent *a, struct sts_lookup *l)
{
	struct sts_entry e;
	sts_ref ref = sts_agent_live(a, sts_lookup_domain(l), &e);

	if (start_over(a, l)) {
		return;
	}
	if (ref != 0) {
		txt_beside_held(a, l, ref, &e);
	} else if (l->txt == STS_FOUND) {
		txt_found(a, l);
	} else if (l->txt == STS_ABSENT) {
		txt_absent(a, l);
	} else {
		txt_unknown(a, l);
	}
}

/* A refresh of a held policy failed. That is noted in its record, with the
 * times of the next attempts, and reported; the policy stays as it is. */
static void
failed_beside_held(struct sts_agent *a, struct sts_lookup *l, sts_ref ref,
    struct sts_entry *e, enum sts_why why, uint16_t http_code)
{
	uint32_t now_s = sts_agent_now_s(a);
	struct sts_entry was = *e;

	e->why = (uint8_t)why;
	e->failures = sts_agent_one_more(e->failures);
	e->failed_id = id_hash(a, l);
	e->retry_s = now_s + STS_BACK_OFF_S;
	if (l->txt == STS_FOUND && !holds_id(a, ref, l) &&
	    e->check_s > e->retry_s) {
		/* A newer policy is published: try again as soon as the
		 * back-off allows. */
		e->check_s = e->retry_s;
	}
	if (e->refresh_s != 0) {
		uint32_t expires_s = e->fetched_s + e->max_age_s;

		e->refresh_s = now_s + STS_REFRESH_MIN_S +
			       sts_random_below(&a->random, STS_REFRESH_MIN_S);
		if (e->refresh_s > expires_s && expires_s > now_s) {
			/* No later than the expiry, which the clock hand then
			 * logs. */
			e->refresh_s = expires_s;
		}
	}
	sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
	sts_agent_alert_failed(a, sts_lookup_domain(l), &was, e, http_code);
}

/* The policy could not be fetched. Without a live policy the domain has a
 * back-off: no fetch for this id before it is over (RFC 8461 3.3). */
static void
failed(struct sts_agent *a, struct sts_lookup *l, enum sts_why why,
    uint16_t http_code)
{
	struct sts_text domain = sts_lookup_domain(l);
	struct sts_entry e;
	sts_ref ref = sts_agent_live(a, domain, &e);
	uint32_t keep_s = kept_s(l);

	if (start_over(a, l)) {
		return;
	}
	STS_ASSERT(why != STS_WHY_NONE);
	if (sts_why_passes(why)) {
		finish(a, l, 0, STS_KIND_UNKNOWN, why);
		return;
	}
	if (l->txt == STS_FOUND) {
		report(a, l, why, STS_REPORT_AT_POLICY_HOST);
	}
	if (ref != 0) {
		failed_beside_held(a, l, ref, &e, why, http_code);
	} else {
		struct sts_event *event;

		if (keep_s > STS_BACK_OFF_S) {
			keep_s = STS_BACK_OFF_S;
		}
		e = blank(a, STS_KIND_BACK_OFF, why, keep_s);
		e.failures = sts_agent_one_more(
		    failures_so_far(a, domain, STS_KIND_BACK_OFF));
		e.failed_id = id_hash(a, l);
		e.retry_s = e.checked_s + STS_BACK_OFF_S;
		remember(a, l, &e);
		event = sts_agent_log(a, STS_EVENT_FETCH_FAILED, why, domain);
		event->number[0] = STS_BACK_OFF_S;
		event->number[1] = http_code;
	}
	finish(a, l, 0, STS_KIND_BACK_OFF, why);
}

void
sts_agent_work_failed(
    struct sts_agent *a, struct sts_lookup *l, enum sts_why why)
{
	if (why == STS_WHY_NO_CLOCK) {
		/* Without a clock: that says nothing about the domain. */
		finish(a, l, 0, STS_KIND_BACK_OFF, why);
	} else {
		failed(a, l, why, 0);
	}
}

/* Answer everyone waiting with the policy that was just committed. A policy
 * with max_age 0 answers them, and is not kept (RFC 8461 3.2). */
static void
hand_out(
    struct sts_agent *a, struct sts_lookup *l, sts_ref ref, uint32_t max_age_s)
{
	sts_cache_pin(&a->cache, ref);
	if (max_age_s == 0) {
		sts_agent_unkeep(a, sts_lookup_domain(l), STS_FORGET_PUBLISHED);
	}
	finish(a, l, ref, STS_KIND_POLICY, STS_WHY_NONE);
	if (max_age_s == 0) {
		sts_cache_remove(&a->cache, ref);
	}
	sts_cache_unpin(&a->cache, ref);
}

/* The reason to answer with when a policy is too large for a record: one in
 * enforce mode must not become "not found"; others are not enforced anyway. */
static enum sts_why
no_room_for(enum sts_mode mode)
{
	switch (mode) {
	case STS_MODE_TESTING:
		return STS_WHY_MODE_TESTING;
	case STS_MODE_NONE:
		return STS_WHY_MODE_NONE;
	default:
		return STS_WHY_POLICY_NO_ROOM;
	}
}

/* The cache did not take the policy that was fetched. */
static void
not_taken(struct sts_agent *a, struct sts_lookup *l, const struct sts_fetch *f,
    enum sts_admission admission)
{
	enum sts_why why = STS_WHY_POLICY_NO_ROOM;

	STS_ASSERT(admission != STS_ADMITTED);
	if (admission == STS_REFUSED_LARGE) {
		/* The older version has left the cache: remove it from the
		 * journal too. */
		sts_agent_unkeep(a, sts_lookup_domain(l), STS_FORGET_PUBLISHED);
		sts_agent_alert_large(a, l, f);
		why = no_room_for(f->policy.mode);
	}
	failed(a, l, why, f->http_code);
}

/* A policy came whole and authenticated: it replaces whatever was held. */
static void
keep(struct sts_agent *a, struct sts_lookup *l, struct sts_fetch *f)
{
	struct sts_entry e;
	sts_ref ref;
	enum sts_admission admission =
	    sts_agent_replace(a, l, kept_s(l), f, &e, &ref);

	if (ref == 0) {
		not_taken(a, l, f, admission);
		return;
	}
	if (sts_agent_shares(a) && e.max_age_s > 0) {
		sts_agent_share_fetched(a, sts_lookup_domain(l));
	} else if (sts_agent_shares(a)) {
		/* Remove the older record from the share, or it would be taken
		 * in at the next question. */
		sts_agent_share_ended(a, sts_lookup_domain(l));
	}
	hand_out(a, l, ref, e.max_age_s);
}

void
sts_agent_work_lookup(struct sts_agent *a, uint16_t i)
{
	struct sts_lookup *l = &a->lookups[i];

	sts_agent_buffers(a, i);
	if (l->state == STS_LOOKUP_TXT_DONE) {
		if (!sts_agent_shares(a) || !sts_agent_share_holds(l)) {
			txt_done(a, l);
		}
	} else if (l->state == STS_LOOKUP_ADDRESSES_DONE) {
		if (l->addresses == STS_FOUND) {
			sts_lookup_hold(l);
			sts_agent_slots_enqueue(a, l);
			sts_agent_slots_dispatch(a);
		} else {
			failed(a, l, (enum sts_why)l->addresses_why, 0);
		}
	}
}

/* Whether the lookup gets another turn: it lost its slot to others, or there
 * were no descriptors left (which the next turn, a tick away, may have).
 * Neither says anything about the host. */
static bool
another_turn(enum sts_why why)
{
	return why == STS_WHY_FETCH_STALLED || why == STS_WHY_BUSY;
}

/*
 * A fetch has ended without a result. A turn that was too short for a slow but
 * healthy host was our shortage: its time counts as such, and the next turn is
 * longer. So is any turn that others have ended once TLS was there: how long the
 * answer would have taken nobody knows. Without TLS, a whole turn was spent on the
 * addresses that it came to, and says nothing about the other addresses: the next
 * turn begins with those.
 */
static void
turn_over(struct sts_agent *a, struct sts_lookup *l, const struct sts_fetch *f,
    enum sts_why why)
{
	/* A turn's second attempt begins a moment after its first. */
	const sts_ms most = STS_QUANTUM_MS - STS_DIAL_STAGGER_MS;
	uint32_t waited_ms = sts_https_waited_ms(&f->https, a->now);

	if (why == STS_WHY_FETCH_STALLED && !f->https.established &&
	    !sts_before(
		a->now, sts_fetch_idle_since(f, a->now) + STS_QUANTUM_MS)) {
		l->ours_ms += waited_ms;
		sts_lookup_turn(l, sts_dial_begun(&f->https.dial, l->addr_count,
				       a->now - most));
	} else if (another_turn(why)) {
		l->ours_ms += a->now - f->begun;
		l->cut = sts_agent_one_more(l->cut);
	} else {
		l->ours_ms += waited_ms;
	}
}

/*
 * The fetch failed. If no address could be connected to, that proves nothing
 * while the host may have more addresses: of a family that was not waited for,
 * or that a shortage of ours kept unknown.
 */
static void
fetch_failed(struct sts_agent *a, struct sts_lookup *l, bool unreached,
    enum sts_why why, uint16_t http_code)
{
	uint8_t rnd[STS_LOOKUP_RND];

	if (!unreached || l->outdated) {
		failed(a, l, why, http_code);
	} else if (l->hasty) {
		l->stage = STS_WORK_ADDRESSES;
		sts_random_take(&a->random, rnd, sizeof rnd);
		sts_lookup_again(l, a->now, rnd);
		sts_count_by(
		    &a->metrics, STS_METRIC_DNS_QUESTIONS, STS_LOOKUP_LEGS);
		sts_agent_stir_lookup(a, l);
	} else {
		why = sts_why_both(why, (enum sts_why)l->addresses_why);
		failed(a, l, why, http_code);
	}
}

/* Whether a fetch ended by a shortage of ours, and not by its host: also if its
 * last turn, which it had from `begun` on, was too short because the time for all
 * turns ended. */
static bool
is_ours(const struct sts_agent *a, const struct sts_lookup *l, sts_ms begun,
    enum sts_why why)
{
	bool cut = why == STS_WHY_FETCH_TIMEOUT &&
		   sts_before(a->now, begun + STS_QUANTUM_MS);

	return (another_turn(why) || cut) && !l->had_time;
}

void
sts_agent_work_fetch(struct sts_agent *a, uint16_t i)
{
	struct sts_fetch *f = &a->fetches[i];
	struct sts_lookup *l = f->lookup;
	bool unreached = f->unreached;
	enum sts_why why = f->why;
	uint16_t http_code = f->http_code;
	/* What it waited for our processor was no time of the host's. */
	sts_ms begun = f->begun + sts_https_waited_ms(&f->https, a->now);

	sts_agent_slots_leave(a);
	if (f->found == STS_FOUND && !l->outdated) {
		sts_count(&a->metrics, STS_METRIC_FETCHES);
		sts_agent_alert_accepted(a, l, f);
		keep(a, l, f);
		sts_fetch_end(f);
	} else {
		turn_over(a, l, f, why);
		sts_fetch_end(f);
		if (another_turn(why) && sts_before(a->now, l->fetch_until)) {
			l->stalled = true;
			sts_count(&a->metrics, STS_METRIC_FETCHES + 2);
			sts_agent_slots_enqueue(a, l);
		} else {
			sts_count(&a->metrics, STS_METRIC_FETCHES + 1);
			fetch_failed(a, l, unreached,
			    is_ours(a, l, begun, why) ? STS_WHY_BUSY : why,
			    http_code);
		}
	}
	if (why != STS_WHY_BUSY) {
		sts_agent_slots_dispatch(a);
	}
}
