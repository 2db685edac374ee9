/* SPDX-License-Identifier: MIT */
/*
 * The agent: a policy that was fetched takes the place of the version held.
 *
 * It is committed with the time of its next refresh. The version before it is
 * pinned until both have been compared: which event is reported, and whether
 * the web server still serves an old body, depends on what changed.
 *
 * Invariant: both versions are readable until they have been compared.
 *
 * The attacker publishes policies, by which he changes only that of his own
 * domain, or sets the clock, which a policy that was fetched under an
 * unconfirmed clock cannot confirm.
 */
#include <string.h>

#include "agent_state.h"
#include "../cache/payload.h"

enum {
	COMPARE = 64 /* octets of two versions compared at once */
};

/* When to fetch again by ourselves: an unpredictable moment in the middle of
 * the lifetime, at most a day and at least an hour away; 0 for short ones. */
static uint32_t
plan_refresh(struct sts_agent *a, uint32_t max_age_s)
{
	uint32_t now_s = sts_agent_now_s(a);
	uint32_t from_s, span_s;

	if (max_age_s < STS_DAY_S) {
		return 0;
	}
	from_s = max_age_s / 3;
	if (from_s > STS_DAY_S / 2) {
		from_s = STS_DAY_S / 2;
	}
	span_s = max_age_s / 3 < STS_DAY_S / 2 ? max_age_s / 3 : STS_DAY_S / 2;
	return now_s + from_s + sts_random_below(&a->random, span_s);
}

/* Whether two versions list the same patterns (their ids left aside). */
static bool
same_patterns(const struct sts_cache *c, sts_ref x, sts_ref y)
{
	uint8_t id[STS_ID_MAX], p[COMPARE], q[COMPARE];
	size_t at_x = sts_payload_id(c, x, id) + 1;
	size_t at_y = sts_payload_id(c, y, id) + 1;
	size_t n;

	do {
		n = sts_cache_read(c, x, at_x, p, sizeof p);
		if (sts_cache_read(c, y, at_y, q, sizeof q) != n ||
		    memcmp(p, q, n) != 0) {
			return false;
		}
		at_x += n;
		at_y += n;
	} while (n == sizeof p);
	return true;
}

/*
 * RFC 8461 3.3, 8.2: a domain that changes the id has changed its policy. If
 * the body under the new id is the old one, the web server is not updated yet:
 * the policy is fetched once more.
 */
static bool
looks_stale(const struct sts_agent *a, sts_ref old, const struct sts_entry *was,
    sts_ref ref, const struct sts_entry *now)
{
	uint8_t was_id[STS_ID_MAX], now_id[STS_ID_MAX];
	size_t was_len = sts_payload_id(&a->cache, old, was_id);
	size_t now_len = sts_payload_id(&a->cache, ref, now_id);

	return (was_len != now_len || memcmp(was_id, now_id, was_len) != 0) &&
	       was->mode == now->mode && was->max_age_s == now->max_age_s &&
	       same_patterns(&a->cache, old, ref);
}

static void
log_policy(struct sts_agent *a, struct sts_text domain,
    enum sts_event_code code, const struct sts_entry *e)
{
	struct sts_event *event = sts_agent_log(a, code, STS_WHY_NONE, domain);

	sts_event_mode(event, e->mode);
	event->number[0] = e->max_age_s;
	event->number[1] = e->mx_count;
}

static struct sts_entry
entry_of(struct sts_agent *a, uint32_t keep_s, const struct sts_policy *p)
{
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = (uint8_t)p->mode;
	e.mx_count = (uint16_t)p->mx_count;
	e.max_age_s = p->max_age_s;
	e.fetched_s = e.checked_s = sts_agent_now_s(a);
	e.check_s = e.checked_s + keep_s;
	e.asked_day = (uint16_t)(e.checked_s / STS_DAY_S);
	e.refresh_s = plan_refresh(a, p->max_age_s);
	e.proved = sts_clock_state(&a->clock) == STS_CLOCK_CONFIRMED;
	return e;
}

/* Report what changed from `old` to the version just committed; plan another
 * fetch soon if the new one looks stale. */
static void
compare_versions(struct sts_agent *a, struct sts_text domain, sts_ref old,
    const struct sts_entry *was, sts_ref ref, struct sts_entry *e,
    enum sts_event_code same)
{
	uint32_t now_s = sts_agent_now_s(a);

	sts_agent_alert_over(a, domain, was);
	if (looks_stale(a, old, was, ref, e)) {
		e->refresh_s = now_s + STS_BACK_OFF_S;
		sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
	}
	log_policy(a, domain,
	    was->mode == e->mode && same_patterns(&a->cache, old, ref)
		? same
		: STS_EVENT_POLICY_CHANGED,
	    e);
}

/* Whether no policy is held that a wrong clock could expire, nor can one still
 * come from the journal. */
static bool
nothing_held(const struct sts_agent *a)
{
	struct sts_cache_stats s;

	sts_cache_stats(&a->cache, &s);
	return s.records == s.other && !sts_agent_journal_awaited(a);
}

enum sts_admission
sts_agent_replace(struct sts_agent *a, struct sts_lookup *l, uint32_t keep_s,
    struct sts_fetch *f, struct sts_entry *e, sts_ref *ref)
{
	struct sts_entry was;
	sts_ref old = sts_agent_live(a, sts_lookup_domain(l), &was);
	enum sts_admission admission;

	/* A policy that was fetched under an unconfirmed clock cannot confirm
	 * that clock: otherwise an attacker who sets the clock could confirm it
	 * with a policy of his own. */
	sts_clock_confirm(
	    &a->clock, (old != 0 && was.proved) || nothing_held(a), f->wall_s);
	*e = entry_of(a, keep_s, &f->policy);
	if (old == 0) {
		admission = sts_cache_commit(
		    &a->cache, &f->stage, e, sts_agent_time(a), ref);
		if (*ref != 0) {
			log_policy(
			    a, sts_lookup_domain(l), STS_EVENT_POLICY_NEW, e);
		}
		return admission;
	}
	e->asked_day = was.asked_day;
	sts_cache_pin(&a->cache, old);
	admission =
	    sts_cache_commit(&a->cache, &f->stage, e, sts_agent_time(a), ref);
	if (*ref != 0) {
		compare_versions(a, sts_lookup_domain(l), old, &was, *ref, e,
		    STS_EVENT_POLICY_REFRESHED);
	}
	sts_cache_unpin(&a->cache, old);
	return admission;
}

/* The entry of a policy that another gateway has fetched. `was`: the entry of
 * the live policy that is held, or NULL. */
static struct sts_entry
shared_entry(struct sts_agent *a, const struct sts_seal_head *head,
    uint16_t mx_count, const struct sts_entry *was)
{
	uint32_t now_s = sts_agent_now_s(a);
	uint32_t planned_s = plan_refresh(a, head->max_age_s);
	uint32_t age_s = head->fetched_s < now_s ? now_s - head->fetched_s : 0;
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = head->mode;
	e.mx_count = mx_count;
	e.max_age_s = head->max_age_s;
	e.fetched_s = head->fetched_s;
	e.proved = e.shared = true;
	/* The refresh is planned as if this gateway had fetched the policy at
	 * that time, but no sooner than in an hour, so that a start does not
	 * fetch all of them at once. */
	if (planned_s > 0 && planned_s - now_s > age_s + STS_REFRESH_MIN_S) {
		e.refresh_s = planned_s - age_s;
	} else if (planned_s > 0) {
		e.refresh_s = now_s + STS_REFRESH_MIN_S;
	}
	if (was != NULL) {
		e.checked_s = was->checked_s;
		e.check_s = was->check_s;
		e.asked_day = was->asked_day;
	} else {
		/* Nobody has asked this gateway for it: it is refreshed as if
		 * somebody had on the day it was fetched. */
		e.asked_day = (uint16_t)(head->fetched_s / STS_DAY_S);
		/* Only an enforced policy is an answer before TXT was looked
		 * up: an old record must not hide a newer policy. */
		if (head->mode != STS_MODE_ENFORCE) {
			e.checked_s = head->fetched_s;
		}
	}
	return e;
}

enum sts_admission
sts_agent_replace_shared(struct sts_agent *a, struct sts_text domain,
    struct sts_stage *stage, const struct sts_seal_head *head,
    uint16_t mx_count, struct sts_entry *e, sts_ref *ref)
{
	struct sts_entry was;
	sts_ref old = sts_agent_live(a, domain, &was);
	enum sts_admission admission;

	*e = shared_entry(a, head, mx_count, old != 0 ? &was : NULL);
	if (old == 0) {
		admission = sts_cache_commit(
		    &a->cache, stage, e, sts_agent_time(a), ref);
		if (*ref != 0) {
			log_policy(a, domain, STS_EVENT_POLICY_SHARED, e);
		}
		return admission;
	}
	sts_cache_pin(&a->cache, old);
	admission =
	    sts_cache_commit(&a->cache, stage, e, sts_agent_time(a), ref);
	if (*ref != 0) {
		compare_versions(
		    a, domain, old, &was, *ref, e, STS_EVENT_POLICY_SHARED);
	}
	sts_cache_unpin(&a->cache, old);
	return admission;
}
