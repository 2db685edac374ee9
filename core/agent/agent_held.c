/* SPDX-License-Identifier: MIT */
/*
 * What is held for a domain, and whether it still counts: the one place that
 * compares a policy's lifetime with the clock. Expiry takes effect only under
 * a confirmed clock, since moving the clock forward is the cheapest attack on
 * a policy (README.md).
 */
#include <string.h>

#include "agent_state.h"

uint32_t
sts_agent_now_s(const struct sts_agent *a)
{
	return sts_clock_now_s(&a->clock);
}

/* Expiry takes effect only under a clock that was confirmed. */
bool
sts_agent_expires(const struct sts_agent *a)
{
	return sts_clock_state(&a->clock) == STS_CLOCK_CONFIRMED;
}

struct sts_now
sts_agent_time(const struct sts_agent *a)
{
	return sts_now(sts_agent_now_s(a), sts_agent_expires(a));
}

/*
 * Whether a policy's life is over. While the clock is not confirmed, what was
 * over at the newest time that was before the start still is.
 */
static bool
is_over(const struct sts_agent *a, const struct sts_entry *e)
{
	if (sts_agent_expires(a)) {
		return sts_entry_expired(e, sts_agent_now_s(a));
	}
	return a->stamp_s != 0 && sts_entry_expired(e, a->stamp_s);
}

sts_ref
sts_agent_live(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e)
{
	/* It need not be looked for if it was looked up ahead. */
	sts_ref ref = STS_CLIENT_TOGETHER > 1 ? a->ask.seen : 0;

	if (ref == 0 || !sts_cache_is_of(&a->cache, ref, domain)) {
		ref = sts_cache_find(&a->cache, domain);
	}
	if (ref == 0) {
		return 0;
	}
	sts_cache_get(&a->cache, ref, e);
	if (e->kind != STS_KIND_POLICY || is_over(a, e)) {
		return 0;
	}
	return ref;
}

void
sts_agent_lapse(struct sts_agent *a, sts_ref ref, struct sts_entry *e)
{
	uint8_t domain[STS_NAME_MAX];
	uint32_t now_s = sts_agent_now_s(a);
	struct sts_event *event;

	if (e->kind != STS_KIND_POLICY || e->lapsed || !sts_agent_expires(a) ||
	    !sts_entry_expired(e, now_s)) {
		return;
	}
	e->lapsed = true;
	/* What was learned of TXT while the policy lived does not count now,
	 * nor if the clock is put back and it lives again. */
	e->check_s = 0;
	sts_cache_set(&a->cache, ref, e, sts_agent_time(a));
	event = sts_agent_log(a, STS_EVENT_POLICY_EXPIRED, (enum sts_why)e->why,
	    sts_text(domain, sts_cache_domain(&a->cache, ref, domain)));
	sts_event_mode(event, e->mode);
	event->number[0] = e->failures;
}

void
sts_agent_held_at(const struct sts_agent *a, sts_ref ref, struct sts_held *held)
{
	memset(held, 0, sizeof *held);
	held->ref = ref;
	sts_cache_get(&a->cache, ref, &held->entry);
	held->now_s = sts_agent_now_s(a);
	if (held->entry.kind == STS_KIND_POLICY) {
		held->live = !is_over(a, &held->entry);
		held->protected = sts_cache_protected(&a->cache, ref);
		held->id_len =
		    (uint8_t)sts_payload_id(&a->cache, ref, held->id);
	}
}

bool
sts_agent_held(
    const struct sts_agent *a, struct sts_text domain, struct sts_held *held)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);

	if (ref != 0) {
		sts_agent_held_at(a, ref, held);
	}
	return ref != 0;
}

const struct sts_cache *
sts_agent_cache(const struct sts_agent *a)
{
	return &a->cache;
}
