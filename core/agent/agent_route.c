/* SPDX-License-Identifier: MIT */
/*
 * Routes for firmware (core/route.h). A route has a place of its own for mail
 * hosts (struct sts_dane_work), which it keeps when they are known. Then it
 * asks as every question does, with the level that the hosts add up to: so
 * overrides, policies and failures count as they do for a mail server. Only the
 * demand on each host is decided here.
 *
 *	begun -> hosts are looked up -> the question is asked -> answered
 *	                 |                                           ^
 *	                 +---- no mail, or cannot tell --------------+
 *
 * Invariants: a work whose `route` is not 0 has a question, `route - 1`, that
 * is used; its hosts are IDLE until the question is served for the first time,
 * since random bytes are drawn in steps of the driver alone, and KEPT exactly
 * when they are known.
 */
#include <string.h>

#include "agent_state.h"
#include "agent_dane.h"
#include "../answer/decide.h"
#include "../base/assert.h"
#include "../answer/preload.h"
#include "../cache/payload.h"
#include "../route.h"

static const struct sts_dane_work *
work_of(const struct sts_agent *a, const struct sts_route *r)
{
	STS_ASSERT(r->slot >= 0);
	STS_ASSERT(a->danes[r->work].route == (unsigned)r->slot + 1);
	return &a->danes[r->work];
}

static const struct sts_answer *
answer_of(const struct sts_agent *a, const struct sts_route *r)
{
	return &a->questions[r->slot].ask.answer;
}

/* Why a key is no domain that mail is routed for; NONE: it is one. A key with
 * brackets or a port names the host itself. */
static enum sts_why
key_fault(struct sts_key *key, struct sts_text domain)
{
	enum sts_why why = sts_key_parse(key, domain);

	return why == STS_WHY_NONE && (key->bracketed || key->ported)
		   ? STS_WHY_KEY_INVALID
		   : why;
}

bool
sts_route_begin(
    struct sts_agent *a, struct sts_route *r, struct sts_text domain)
{
	struct sts_key key;
	struct sts_dane_work *w;
	struct sts_ask *ask;

	r->slot = -1;
	r->records.len = 0;
	r->why = (uint8_t)key_fault(&key, domain);
	if (r->why != STS_WHY_NONE) {
		return true;
	}
	r->slot = sts_agent_question_take(a, sts_text(NULL, 0), domain);
	if (r->slot < 0) {
		return false;
	}
	ask = &a->questions[r->slot].ask;
	ask->routed = true; /* and the question is not asked yet: dane is
			     * PENDING */
	w = sts_agent_dane_take(a, sts_text(key.domain, key.len),
	    sts_agent_dane_applies(a, ask, &key) ? STS_DANE_FOR_ROUTE
						 : STS_DANE_FOR_MX);
	if (w == NULL) {
		a->questions[r->slot].used = false;
		return false;
	}
	w->route = (uint16_t)(r->slot + 1);
	ask->lookup = r->work = (uint16_t)(w - a->danes);
	ask->route = &r->records;
	a->questions[r->slot].fresh = true;
	sts_agent_stir(a, ask->node);
	return true;
}

void
sts_agent_route_start(struct sts_agent *a, struct sts_question *q)
{
	struct sts_dane_work *w = &a->danes[q->ask.lookup];
	enum sts_why why;
	struct sts_key key;

	STS_ASSERT(w->hosts.state == STS_DANE_HOSTS_IDLE);
	why = sts_key_parse(&key, q->ask.key);
	STS_ASSERT(why == STS_WHY_NONE);
	sts_agent_dane_start(a, w, sts_text(key.domain, key.len));
	sts_dane_hosts_record(&w->hosts, q->ask.route);
}

void
sts_agent_route_go_on(struct sts_agent *a, struct sts_dane_work *w,
    enum sts_dane_level level, enum sts_why why)
{
	struct sts_ask *ask = &a->questions[w->route - 1].ask;

	sts_dane_hosts_keep(&w->hosts);
	if (w->hosts.mx == STS_DANE_MX_SECURE ||
	    w->hosts.mx == STS_DANE_MX_INSECURE) {
		ask->dane = (uint8_t)level;
		ask->dane_why = (uint8_t)why;
		a->questions[w->route - 1].fresh = true;
		sts_agent_stir(a, ask->node);
	}
}

/* The state of a route whose hosts are known, by the answer to its question. */
static enum sts_route_state
answered(const struct sts_answer *answer, enum sts_why *why)
{
	switch ((enum sts_answer_kind)answer->kind) {
	case STS_ANSWER_NONE:
		return STS_ROUTE_PENDING;
	case STS_ANSWER_TEMP:
		*why = (enum sts_why)answer->why;
		return STS_ROUTE_AGAIN;
	case STS_ANSWER_OVERRIDE:
		/* The override is in the words of Postfix, which this file does
		 * not parse: no demand could be sure to be as strict. */
		*why = STS_WHY_OVERRIDE;
		return STS_ROUTE_AGAIN;
	default:
		return STS_ROUTE_HOSTS;
	}
}

enum sts_route_state
sts_route_state(
    const struct sts_agent *a, const struct sts_route *r, enum sts_why *why)
{
	const struct sts_dane_hosts *d;

	*why = STS_WHY_NONE;
	if (r->why != STS_WHY_NONE) {
		*why = (enum sts_why)r->why;
		return r->why == STS_WHY_KEY_UNMAPPED ? STS_ROUTE_AGAIN
						      : STS_ROUTE_NO_MAIL;
	}
	d = &work_of(a, r)->hosts;
	if (d->state != STS_DANE_HOSTS_KEPT) {
		return STS_ROUTE_PENDING;
	}
	if (d->mx == STS_DANE_MX_UNKNOWN) {
		*why = (enum sts_why)d->mx_why;
		return STS_ROUTE_AGAIN;
	}
	if (d->mx == STS_DANE_MX_NONE) {
		*why = d->mx_why != STS_WHY_NONE ? (enum sts_why)d->mx_why
						 : STS_WHY_MX_NONE;
		return STS_ROUTE_NO_MAIL;
	}
	return answered(answer_of(a, r), why);
}

unsigned
sts_route_count(const struct sts_agent *a, const struct sts_route *r)
{
	enum sts_why why;

	return sts_route_state(a, r, &why) == STS_ROUTE_HOSTS
		   ? work_of(a, r)->hosts.host_count
		   : 0;
}

/* Whether the enforced policy, the domain's own or that of the operator's list,
 * lists the host (RFC 8461 4.1). */
static bool
is_listed(const struct sts_agent *a, const struct sts_answer *with,
    struct sts_text host)
{
	const uint8_t *at = with->patterns;
	struct sts_patterns it;
	struct sts_text pattern;

	if (with->kind == STS_ANSWER_PRELOAD) {
		while (STS_PRELOAD && (pattern = sts_preload_next(&at)).n > 0) {
			if (sts_name_match(pattern, host)) {
				return true;
			}
		}
		return false;
	}
	sts_patterns_start(&it, &a->cache, with->ref);
	while ((pattern = sts_patterns_next(&it)).n > 0) {
		if (sts_name_match(pattern, host)) {
			return true;
		}
	}
	return false;
}

static void
skip(struct sts_demand *out, enum sts_why why)
{
	out->kind = STS_DEMAND_SKIP;
	out->why = (uint8_t)why;
}

static void
demand_records(
    const struct sts_dane_hosts *d, unsigned host, struct sts_demand *out)
{
	out->kind = STS_DEMAND_TLSA;
	out->base = sts_dane_hosts_base(d, host);
	out->names[0] = sts_dane_hosts_domain(d);
	out->names[1] = sts_dane_hosts_nexthop(d);
	out->records = sts_dane_hosts_records(d, host);
}

static void
demand_policy(const struct sts_agent *a, const struct sts_answer *with,
    struct sts_demand *out)
{
	if (is_listed(a, with, out->host)) {
		out->kind = STS_DEMAND_WEBPKI;
	} else {
		skip(out, STS_WHY_MX_UNLISTED);
	}
}

/* Whether a policy is enforced: the domain's own, or that of the operator's
 * list. */
static bool
is_policy(const struct sts_answer *with)
{
	return with->kind == STS_ANSWER_POLICY ||
	       with->kind == STS_ANSWER_PRELOAD;
}

/* Whether nothing is enforced. `would` alone does not show it: an answer that was
 * "not found" anyway was not changed, and hosts may have TLSA records. */
static bool
is_rehearsed(const struct sts_agent *a, const struct sts_route *r)
{
	const struct sts_ask *ask = &a->questions[r->slot].ask;

	return ask->answer.would != STS_ANSWER_NONE ||
	       sts_decide_audits(ask->settings, ask->zone);
}

/* Decide the demand on a host: the rows of the table in core/route.h. */
static void
demand_of(const struct sts_agent *a, const struct sts_route *r,
    const struct sts_dane_hosts *d, unsigned host, struct sts_demand *out)
{
	const struct sts_answer *with = answer_of(a, r);
	const struct sts_dane_mail_host *h = &d->host[host];
	bool usable = h->state == STS_DANE_HOST_USABLE;
	bool policy = is_policy(with);

	if (is_rehearsed(a, r) || with->rule == STS_RULE_OVERRIDE) {
		out->kind = STS_DEMAND_NOTHING;
	} else if (h->state == STS_DANE_HOST_UNKNOWN) {
		skip(out, (enum sts_why)h->why);
	} else if (h->state == STS_DANE_HOST_NO_ADDRESS) {
		skip(out, STS_WHY_HOST_NO_ADDRESS);
	} else if (usable && (d->mx == STS_DANE_MX_SECURE || !policy)) {
		demand_records(d, host, out);
	} else if (policy) {
		demand_policy(a, with, out);
	} else {
		out->kind = h->state == STS_DANE_HOST_UNUSABLE
				? STS_DEMAND_TLS
				: STS_DEMAND_NOTHING;
	}
}

void
sts_route_host(const struct sts_agent *a, const struct sts_route *r, unsigned i,
    struct sts_demand *demand)
{
	const struct sts_dane_hosts *d = &work_of(a, r)->hosts;
	unsigned host = sts_dane_order(d, i);

	STS_ASSERT(i < sts_route_count(a, r));
	memset(demand, 0, sizeof *demand);
	demand->preference = d->host[host].preference;
	demand->host = demand->base = sts_dane_hosts_name(d, host);
	demand_of(a, r, d, host, demand);
}

void
sts_route_end(struct sts_agent *a, struct sts_route *r)
{
	struct sts_dane_work *w;

	if (r->slot < 0) {
		return;
	}
	work_of(a, r);
	w = &a->danes[r->work];
	w->route = 0;
	if (w->hosts.state == STS_DANE_HOSTS_IDLE ||
	    w->hosts.state == STS_DANE_HOSTS_KEPT) {
		sts_agent_dane_leave(a, w);
	} else {
		/* The caller may reuse the records from now on. A host that had
		 * no room there is unknown only to this route. */
		w->hosts.records = NULL;
		w->outdated = true;
	}
	sts_ask_end(a, r->slot);
	r->slot = -1;
}
