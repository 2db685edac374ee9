/* SPDX-License-Identifier: MIT */
/*
 * The hands over the cache (RFC 8461 3.3, 10.2). The clock hand visits a few
 * chunks at a time, lets expired policies lapse and begins refreshes that are
 * late. All others have their turn one by one, at a pace that depends only on
 * how many policies are held: however many are due at once, after an outage, a
 * restart or a step of the clock, they are as far apart as on any other day.
 */
#include "agent_state.h"

/* Whether anybody has asked for the domain lately enough to refresh it. Asked in
 * the future, under a clock that was set back since, is asked today. */
static bool
still_asked(struct sts_entry *e, uint32_t now_s)
{
	uint32_t days = e->max_age_s / STS_DAY_S;
	uint16_t today = (uint16_t)(now_s / STS_DAY_S);

	if (days < STS_ASKED_DAYS) {
		days = STS_ASKED_DAYS;
	}
	if (e->asked_day > today) {
		e->asked_day = today;
	}
	return today - e->asked_day <= (int32_t)days;
}

/* Chunks a visit: the hand goes round a small cache in a minute or two. */
static uint32_t
sweep_chunks(const struct sts_cache_stats *s)
{
	uint32_t n = s->chunks / STS_SWEEP_VISITS;

	if (n < STS_SWEEP_CHUNKS_MIN) {
		return STS_SWEEP_CHUNKS_MIN;
	}
	return n < STS_SWEEP_CHUNKS_MAX ? n : STS_SWEEP_CHUNKS_MAX;
}

/* `usual`, or less if `count` times that would be longer than `round`. */
static sts_ms
at_most(sts_ms usual, sts_ms round, uint32_t count)
{
	sts_ms ms = count > round / usual ? round / count : usual;

	/* With a pause of 0 the hand would be due again in the same
	 * millisecond, for ever. */
	return ms > 0 ? ms : 1;
}

sts_ms
sts_agent_sweep_ms(uint32_t chunks)
{
	return at_most(
	    STS_SWEEP_MS, STS_SWEEP_ROUND_MS, chunks / STS_SWEEP_CHUNKS_MAX);
}

sts_ms
sts_agent_sweep_pace_ms(uint32_t records)
{
	return at_most(STS_SWEEP_PACE_MS, STS_REFRESH_ALL_MS, records);
}

sts_ms
sts_agent_refresh_pace_ms(uint32_t policies)
{
	return at_most(STS_REFRESH_PACE_MS, STS_REFRESH_ALL_MS, policies);
}

static bool
may_refresh(struct sts_agent *a, struct sts_text domain)
{
	return !a->draining &&
	       sts_clock_state(&a->clock) != STS_CLOCK_UNKNOWN &&
	       sts_agent_lookups_room(a, true) &&
	       !sts_agent_lookups_crowded(a, domain, true) &&
	       sts_agent_lookups_find(a, domain) == NULL;
}

/* Begin the refresh that is due, or give it up where nobody asks for the domain.
 * Returns whether it was begun. */
static bool
refresh(struct sts_agent *a, sts_ref ref, struct sts_entry *e)
{
	uint8_t domain[STS_NAME_MAX];
	uint32_t now_s = sts_agent_now_s(a);
	struct sts_text name =
	    sts_text(domain, sts_cache_domain(&a->cache, ref, domain));
	bool begin = still_asked(e, now_s);

	if (begin && !may_refresh(a, name)) {
		/* The refresh stays due: a flood of questions must not put it
		 * off. */
		return false;
	}
	e->refresh_s = begin ? now_s + STS_REFRESH_MIN_S : 0;
	sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
	if (begin) {
		sts_agent_work_begin(a, name, true);
	}
	return begin;
}

/* One visit of the clock hand: expiry, and at most one late refresh. */
void
sts_agent_sweep(struct sts_agent *a)
{
	struct sts_cache_stats stats;
	struct sts_entry e;
	sts_ref ref;

	sts_cache_stats(&a->cache, &stats);
	a->sweep_at = a->now + sts_agent_sweep_ms(stats.chunks);
	sts_agent_alert_cache(a, &stats);
	sts_agent_stamp(a, STS_STAMP_S);
	sts_dns_health_age(&a->dns_health, a->now);
	if (STS_PRELOAD) {
		sts_agent_preload_log(a);
	}
	sts_cache_expired_since(&a->cache, sts_clock_since_s(&a->clock));
	ref =
	    sts_cache_sweep(&a->cache, sweep_chunks(&stats), sts_agent_time(a));
	if (ref == 0) {
		return;
	}
	sts_cache_get(&a->cache, ref, &e);
	sts_agent_lapse(a, ref, &e);
	/* The next visit is soon even if this record has to wait, since it must
	 * not keep others from their turn. */
	a->sweep_at = a->now + sts_agent_sweep_pace_ms(stats.records);
	if (!e.lapsed) {
		(void)refresh(a, ref, &e);
	}
}

/* Whether a refresh waits only because questions have all lookups. */
static bool
waits_for_lookup(const struct sts_agent *a)
{
	return !a->draining && a->work.refreshes == 0 &&
	       !sts_agent_lookups_room(a, true);
}

/* A policy whose refresh has to wait keeps the others from their turn for a moment
 * only. If questions have all lookups it stays the next in turn, and where lookups
 * are few has the next one (agent_lookups.c: room). */
void
sts_agent_refresh(struct sts_agent *a)
{
	struct sts_cache_stats stats;
	struct sts_entry e;
	sts_ref ref;
	bool begun;

	sts_cache_stats(&a->cache, &stats);
	ref =
	    sts_cache_turn(&a->cache, sweep_chunks(&stats), sts_agent_now_s(a));
	a->work.refresh_waits = false;
	if (ref == 0) {
		a->refresh_at = a->now + sts_agent_sweep_ms(stats.chunks);
		return;
	}
	sts_cache_get(&a->cache, ref, &e);
	sts_agent_lapse(a, ref, &e);
	begun = refresh(a, ref, &e);
	if (!begun && waits_for_lookup(a)) {
		a->work.refresh_waits = true;
		sts_cache_turn_again(&a->cache, ref);
	}
	a->refresh_at =
	    a->now +
	    (begun ? sts_agent_refresh_pace_ms(stats.records - stats.other)
		   : sts_agent_sweep_pace_ms(stats.records));
}
