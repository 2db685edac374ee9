/* SPDX-License-Identifier: MIT */
/*
 * The results of look-ups of mail hosts: each is remembered, and the questions
 * waiting for it go on. A failure, be it of one host of several, never replaces a
 * result by a weaker one before that result's TTL has passed. After that what is
 * known of the other hosts counts; where nothing is, the answer is TEMP, not "no
 * DANE".
 *
 * A look-up of our own each hour, for which no ask waits, detects name servers
 * that are trusted but do not validate: with them every domain seems to have no
 * TLSA records. That is safe, and logged as an error.
 */
#include <string.h>

#include "agent_state.h"
#include "agent_dane.h"
#include "../base/assert.h"

enum {
	GO_ON_MAX = 16, /* asks looked at in one step */
	PROBE_MS = 3600000,
	PROBE_AGAIN_MS = 60000 /* when no answer came */
};

/* A name in a signed zone that has no MX records: if the name servers validate,
 * the answer that there are none is authenticated. */
static const uint8_t probe_name[] = "org";

/* Why the MX records or a host are unknown; NONE: all is known. */
static enum sts_why
why_unknown(const struct sts_dane_hosts *d)
{
	enum sts_why why = STS_WHY_NONE;

	if (d->mx == STS_DANE_MX_UNKNOWN) {
		return (enum sts_why)d->mx_why;
	}
	for (unsigned i = 0; i < d->host_count; i++) {
		if (d->host[i].state == STS_DANE_HOST_UNKNOWN) {
			why = sts_why_both(why, (enum sts_why)d->host[i].why);
		}
	}
	return why;
}

/* How many seconds a result is good. If the look-up of one of its hosts failed,
 * that is less, and 0 if it failed by a shortage of ours. */
static uint32_t
kept_s(const struct sts_dane_hosts *d, const struct sts_dane_count *count)
{
	uint32_t max_s = count->host[STS_DANE_HOST_UNKNOWN] > 0
			     ? (uint32_t)STS_BACK_OFF_S
			     : (uint32_t)STS_TTL_MAX_S;

	if (sts_why_passes(why_unknown(d))) {
		return 0;
	}
	if (d->ttl_s < STS_TTL_MIN_S) {
		return STS_TTL_MIN_S;
	}
	return d->ttl_s < max_s ? d->ttl_s : max_s;
}

/* How long after a look-up that failed it is tried again. */
static uint32_t
back_off(struct sts_agent *a, struct sts_text domain, struct sts_entry *e)
{
	struct sts_entry was;
	uint32_t wait_s;
	sts_ref ref = sts_agent_dane_held(a, domain, &was);

	if (ref != 0 && was.kind == STS_KIND_DANE &&
	    sts_agent_dane_level(a, ref) == STS_DANE_UNKNOWN) {
		e->failures = was.failures;
	}
	wait_s = sts_agent_unknown_wait_s(e->failures);
	e->failures = sts_agent_one_more(e->failures);
	return wait_s;
}

/* Whether a held result stays, though there is another one: the look-up of a
 * host failed, and what was found without it is no stronger. A route goes by
 * what it found itself. */
static bool
stays(enum sts_dane_level held, enum sts_dane_level level,
    const struct sts_dane_hosts *d, const struct sts_dane_count *count)
{
	return held != STS_DANE_UNKNOWN && level <= held &&
	       d->records == NULL && count->host[STS_DANE_HOST_UNKNOWN] > 0;
}

/* Add up what is known of the hosts and remember it. Returns the level that
 * counts, and its reason. */
static enum sts_dane_level
conclude(struct sts_agent *a, const struct sts_dane_hosts *d, uint8_t *why)
{
	struct sts_text domain = sts_dane_hosts_domain(d);
	struct sts_dane_count count;
	enum sts_dane_level level = sts_dane_hosts_level(d, &count);
	struct sts_entry e, was;
	sts_ref ref = sts_agent_dane_known(a, domain, &was);
	enum sts_dane_level held =
	    ref != 0 ? sts_agent_dane_level(a, ref) : STS_DANE_UNKNOWN;
	uint32_t keep_s;

	memset(&e, 0, sizeof e);
	*why = STS_WHY_NONE;
	sts_count(&a->metrics, STS_METRIC_DANE + level - STS_DANE_NONE);
	if (level == STS_DANE_UNKNOWN || stays(held, level, d, &count)) {
		*why = (uint8_t)why_unknown(d);
		if (sts_why_passes((enum sts_why) * why)) {
			return held; /* a shortage of ours is no failure */
		}
		keep_s = back_off(a, domain, &e);
		sts_agent_log(
		    a, STS_EVENT_DANE_FAILED, (enum sts_why) * why, domain)
		    ->number[0] = keep_s;
		if (held != STS_DANE_UNKNOWN) {
			return held;
		}
	} else {
		struct sts_event *event;

		keep_s = kept_s(d, &count);
		event = sts_agent_log(a, STS_EVENT_DANE, STS_WHY_NONE, domain);
		event->number[0] = level - STS_DANE_NONE;
		event->number[1] = d->host_count;
		event->number[2] = keep_s;
	}
	e.kind = STS_KIND_DANE;
	e.why = *why;
	e.checked_s = sts_agent_now_s(a);
	e.check_s = e.checked_s + keep_s;
	/* A host may be unknown to a route only because its records had no
	 * room: that is not remembered for others. */
	if (d->records == NULL || count.host[STS_DANE_HOST_UNKNOWN] == 0) {
		sts_agent_dane_remember(a, d, &e);
	}
	return level;
}

/* The probe has ended: judge the name servers by it. */
static void
judge_resolver(struct sts_agent *a, const struct sts_dane_hosts *d)
{
	enum sts_dane_resolver was = (enum sts_dane_resolver)a->dane.resolver;
	struct sts_text none = sts_text(NULL, 0);

	a->dane.probe_at = a->now + PROBE_MS;
	if (d->mx == STS_DANE_MX_SECURE) {
		a->dane.resolver = STS_DANE_RESOLVER_SEES;
		if (was == STS_DANE_RESOLVER_BLIND) {
			sts_agent_log(
			    a, STS_EVENT_DANE_SEES, STS_WHY_NONE, none);
		}
	} else if (d->mx == STS_DANE_MX_INSECURE) {
		a->dane.resolver = STS_DANE_RESOLVER_BLIND;
		sts_agent_log(a, STS_EVENT_DANE_BLIND, STS_WHY_NONE, none);
	} else {
		a->dane.probe_at = a->now + PROBE_AGAIN_MS;
	}
}

/* If the operator had the domain forgotten meanwhile and asks wait, look its
 * hosts up anew. Returns whether that was begun. */
static bool
start_over(struct sts_agent *a, struct sts_dane_work *w)
{
	struct sts_text domain = sts_dane_hosts_domain(&w->hosts);
	uint8_t name[STS_NAME_MAX];

	if (!w->outdated || w->waiters.count == 0) {
		return false;
	}
	memcpy(name, domain.p, domain.n);
	sts_dane_hosts_end(&w->hosts);
	sts_agent_dane_start(a, w, sts_text(name, domain.n));
	return true;
}

/* Let the waiting questions go on; none of them begins this look-up again. */
static void
settle(struct sts_agent *a, struct sts_dane_work *w, enum sts_dane_level level,
    uint8_t why)
{
	while (w->waiters.count > 0) {
		struct sts_ask *ask = sts_agent_ask_of(a, w->waiters.head);

		sts_agent_wait_end(a, ask);
		ask->dane = (uint8_t)level;
		ask->dane_why = why;
		sts_agent_ask_go_on(a, ask);
	}
}

void
sts_agent_dane_work(struct sts_agent *a, uint16_t i)
{
	struct sts_dane_work *w = &a->danes[i];
	enum sts_dane_level level = STS_DANE_UNKNOWN;
	uint8_t why = STS_WHY_NONE;

	sts_agent_buffers(a, (uint16_t)(a->config.lookups + i));
	if (w->hosts.state != STS_DANE_HOSTS_DONE) {
		return;
	}
	sts_count_by(&a->metrics, STS_METRIC_DNS_QUESTIONS, w->hosts.questions);
	if (start_over(a, w)) {
		return;
	}
	if (w->purpose == STS_DANE_FOR_PROBE) {
		judge_resolver(a, &w->hosts);
	} else if (w->purpose == STS_DANE_FOR_MX) {
		level = STS_DANE_NONE;
	} else if (!w->outdated) {
		level = conclude(a, &w->hosts, &why);
	} else {
		why = STS_WHY_BUSY;
	}
	if (w->route != 0) {
		sts_agent_route_go_on(a, w, level, (enum sts_why)why);
		return;
	}
	sts_agent_dane_leave(a, w);
	settle(a, w, level, why);
}

static bool
is_wanted(const struct sts_agent *a)
{
	return a->config.danes > 0 && !a->draining &&
	       (a->settings->dane || sts_zones_want_dane(a->settings->zones));
}

static bool
may_go_on(const struct sts_agent *a)
{
	return a->dane.look > 0 && a->dane.busy < a->config.danes;
}

void
sts_agent_dane_tick(struct sts_agent *a)
{
	uint16_t busy = a->dane.busy, lookups = a->lookups_busy;

	if (!is_wanted(a)) {
		a->dane.resolver = STS_DANE_RESOLVER_UNKNOWN;
		a->dane.probe_at = a->now;
	} else if (!sts_before(a->now, a->dane.probe_at)) {
		a->dane.probe_at = a->now + PROBE_AGAIN_MS;
		sts_agent_dane_begin(a,
		    sts_text(probe_name, sizeof probe_name - 1),
		    STS_DANE_FOR_PROBE);
	}
	/* At most one look-up is begun, of hosts or, for an ask whose hosts are
	 * known by now, of the domain, because each draws random bytes, which
	 * are few. */
	for (unsigned i = 0; i < GO_ON_MAX && a->dane.busy == busy &&
			     a->lookups_busy == lookups && may_go_on(a);
	     i++) {
		struct sts_ask *ask = sts_agent_ask_of(a, a->dane.asks.head);

		a->dane.look--;
		sts_agent_wait_end(a, ask);
		ask->first = true;
		sts_agent_ask_go_on(a, ask);
	}
}

bool
sts_agent_dane_due(const struct sts_agent *a, sts_ms *at)
{
	*at = a->dane.probe_at;
	if (may_go_on(a)) {
		*at = a->now;
		return true;
	}
	return is_wanted(a);
}
