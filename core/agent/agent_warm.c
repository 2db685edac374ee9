/* SPDX-License-Identifier: MIT */
/*
 * Names that the operator expects mail for are looked up ahead of it, so that
 * the first mail meets a held policy. That is worth little beside mail that
 * waits: a name is begun only while most lookups are free and nobody waits, and
 * it takes of the share that refreshes of our own have. It is begun between two
 * steps of the driver, of the random bytes that the last one left.
 */
#include "agent_state.h"

enum {
	FREE_SHARE = 4 /* fewer than one in so many lookups may be busy */
};

static bool
may_warm(const struct sts_agent *a)
{
	return !a->draining &&
	       sts_clock_state(&a->clock) != STS_CLOCK_UNKNOWN &&
	       a->asks.count == 0 && a->crowded.count == 0 &&
	       (uint32_t)a->lookups_busy * FREE_SHARE < a->config.lookups &&
	       sts_agent_lookups_room(a, true) &&
	       sts_random_has(&a->random, STS_LOOKUP_RND);
}

/* Note the policy as asked for today, so that its refreshes go on. */
static void
keep(struct sts_agent *a, sts_ref ref, struct sts_entry *e)
{
	uint32_t now_s = sts_agent_now_s(a);
	uint16_t today = (uint16_t)(now_s / STS_DAY_S);

	if (e->asked_day == today) {
		return;
	}
	e->asked_day = today;
	if (e->refresh_s == 0 && e->max_age_s >= STS_DAY_S) {
		e->refresh_s = now_s;
	}
	sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
}

/* Whether what is remembered of the domain is still good. */
static bool
is_known(const struct sts_agent *a, struct sts_text domain)
{
	uint32_t now_s = sts_agent_now_s(a);
	sts_ref ref = sts_cache_find(&a->cache, domain);
	struct sts_entry e;

	if (ref == 0) {
		return false;
	}
	sts_cache_get(&a->cache, ref, &e);
	return now_s < e.check_s && now_s >= e.checked_s;
}

enum sts_warm
sts_agent_warm(struct sts_agent *a, struct sts_text key)
{
	struct sts_entry e;
	struct sts_key k;
	sts_ref ref;

	if (sts_key_parse(&k, key) != STS_WHY_NONE || k.bracketed || k.ported) {
		return STS_WARM_REFUSED;
	}
	struct sts_text domain = sts_text(k.domain, k.len);

	if (!may_warm(a)) {
		return STS_WARM_LATER;
	}
	ref = sts_agent_live(a, domain, &e);
	if (ref != 0) {
		keep(a, ref, &e);
		return STS_WARM_KNOWN;
	}
	if (is_known(a, domain) || sts_agent_lookups_find(a, domain) != NULL) {
		return STS_WARM_KNOWN;
	}
	return sts_agent_work_begin(a, domain, true) != NULL ? STS_WARM_BEGUN
							     : STS_WARM_LATER;
}
