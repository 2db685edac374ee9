/* SPDX-License-Identifier: MIT */
/*
 * What an operator is alerted to: policies that will expire because their
 * refresh keeps failing (RFC 8461 10.2), reported once at each level and once
 * on recovery; a cache that fills up; certificates that barely pass.
 */
#include "agent_state.h"

enum {
	LEVEL_URGENT = 3,
	PERCENT_FULL = 80,
	PERCENT_STEP = 5, /* report again when fuller by this much */
	PERCENT_OVER = 75
};

/* Levels by what is left of the lifetime: one half, a quarter, a tenth. */
static const uint8_t left_of[LEVEL_URGENT] = { 2, 4, 10 };

static uint32_t
left_s(const struct sts_entry *e, uint32_t at_s)
{
	uint32_t age_s = at_s > e->fetched_s ? at_s - e->fetched_s : 0;

	return e->max_age_s > age_s ? e->max_age_s - age_s : 0;
}

/* How many hundredths of `whole`, which is more than 0, `part` is. Divides 32
 * bits at most: for more, small machines need a library. */
static uint32_t
percent(uint32_t part, uint32_t whole)
{
	return part > UINT32_MAX / 100 && whole >= 100 ? part / (whole / 100)
						       : part * 100 / whole;
}

/* The level of an alert at time at_s after this many failures: 0 to
 * LEVEL_URGENT. */
static unsigned
level(const struct sts_entry *e, unsigned failures, uint32_t at_s)
{
	uint32_t left = left_s(e, at_s);
	unsigned n = 0;

	if (failures < STS_CACHE_FAILING || e->mode == STS_MODE_NONE) {
		return 0;
	}
	while (n < LEVEL_URGENT && left <= e->max_age_s / left_of[n]) {
		n++;
	}
	return n;
}

/*
 * The level reported at the last failure. was->retry_s is all that is left of
 * that moment; if it lies ahead, the clock has been put back since.
 */
static unsigned
level_logged(const struct sts_entry *was, uint32_t now_s)
{
	uint32_t at_s = was->retry_s - STS_BACK_OFF_S;

	return at_s <= now_s ? level(was, was->failures, at_s) : 0;
}

void
sts_agent_alert_failed(struct sts_agent *a, struct sts_text domain,
    const struct sts_entry *was, const struct sts_entry *e, uint16_t http_code)
{
	uint32_t now_s = sts_agent_now_s(a), left = left_s(e, now_s);
	unsigned now = level(e, e->failures, now_s);
	struct sts_event *event = sts_agent_log(
	    a, STS_EVENT_REFRESH_FAILED, (enum sts_why)e->why, domain);

	sts_event_mode(event, e->mode);
	event->number[0] = e->failures;
	event->number[1] = left;
	event->number[2] = http_code;
	if (now <= level_logged(was, now_s)) {
		return;
	}
	event = sts_agent_log(a,
	    now < LEVEL_URGENT ? STS_EVENT_POLICY_FAILING
			       : STS_EVENT_POLICY_EXPIRING,
	    (enum sts_why)e->why, domain);
	sts_event_mode(event, e->mode);
	event->number[0] = e->failures;
	event->number[1] = left;
	event->number[2] = percent(left, e->max_age_s);
}

void
sts_agent_alert_over(
    struct sts_agent *a, struct sts_text domain, const struct sts_entry *was)
{
	if (level_logged(was, sts_agent_now_s(a)) > 0) {
		sts_agent_log(
		    a, STS_EVENT_POLICY_RECOVERED, STS_WHY_NONE, domain)
		    ->number[0] = was->failures;
	}
}

void
sts_agent_alert_accepted(
    struct sts_agent *a, const struct sts_lookup *l, const struct sts_fetch *f)
{
	if (f->policy.mx_skipped > 0) {
		struct sts_event *event = sts_agent_log(a, STS_EVENT_MX_SKIPPED,
		    STS_WHY_NONE, sts_lookup_domain(l));

		event->number[0] = f->policy.mx_skipped;
		event->number[1] = f->policy.mx_count;
	}
	if (f->must_staple) {
		sts_agent_log(a, STS_EVENT_MUST_STAPLE, STS_WHY_NONE,
		    sts_lookup_domain(l));
	}
	if (l->settings->sct == STS_SCT_LOG && f->scts < STS_FETCH_SCTS_MIN) {
		sts_agent_log(a, STS_EVENT_SCT_MISSING, STS_WHY_NONE,
		    sts_lookup_domain(l))
		    ->number[0] = f->scts;
	}
}

void
sts_agent_alert_large(
    struct sts_agent *a, const struct sts_lookup *l, const struct sts_fetch *f)
{
	struct sts_event *e = sts_agent_log(a, STS_EVENT_POLICY_LARGE,
	    STS_WHY_POLICY_NO_ROOM, sts_lookup_domain(l));

	sts_event_mode(e, f->policy.mode);
	e->number[0] = f->policy.mx_count;
}

void
sts_agent_alert_cache(struct sts_agent *a, const struct sts_cache_stats *s)
{
	uint32_t max = s->protected_max > 0 ? s->protected_max : 1;
	uint32_t full = percent(s->chunks_protected, max);
	struct sts_text nothing = sts_text(NULL, 0);

	if (s->refused != a->alert.refused &&
	    sts_agent_notice(a, STS_NOTICE_REFUSED)) {
		sts_agent_log(a, STS_EVENT_CACHE_REFUSED, STS_WHY_NONE, nothing)
		    ->number[0] = s->refused - a->alert.refused;
		a->alert.refused = s->refused;
	}
	if (full < PERCENT_OVER) {
		a->alert.full = 0;
	} else if (full >= PERCENT_FULL &&
		   full >= (uint32_t)a->alert.full + PERCENT_STEP) {
		a->alert.full = (uint8_t)full;
		sts_agent_log(a, STS_EVENT_CACHE_FULL, STS_WHY_NONE, nothing)
		    ->number[0] = full;
	}
}
