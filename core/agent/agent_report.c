/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: what is counted. Datagrams of mail servers, calls of a mail
 * server in the same image, and our own failures to fetch policies become
 * events, which the tally counts by day.
 *
 * The day is that of agent time, once it is confirmed; when the clock steps
 * back over midnight, counting stays in the later day
 * (core/report/report_tally.h). Our own failures wait in a short queue until it
 * is known whether their domain wants reports; a failure that finds it full, or
 * full of its organisation's, is counted as lost. Without that share the owner
 * of one name, with many domains below it and slow name servers, could keep
 * everybody else's failures out.
 *
 * The process that writes to the socket is trusted to be a mail server, but it
 * passes on words of strangers: a datagram with any fault is lost, and costs at
 * most one log line a minute.
 */
#include <string.h>

#include "agent.h"
#include "agent_report_files.h"
#include "../base/assert.h"
#include "../base/crc32.h"
#include "../base/text.h"
#include "../cache/organisation.h"
#include "../report/report_line.h"

enum {
	OF_DATAGRAMS = 0, /* in the order of the metric's label */
	OF_CALLS,
	OF_AGENT,
	LOST_BROKEN = 0,
	LOST_FULL,
	LOST_QUEUE,
	LOST_OFF,
	BAD_TEXT = 64, /* octets of a bad datagram that are logged */
	LOST_LOGGED_S = 3600
};

const struct sts_reporter *
sts_agent_reporter(const struct sts_agent *a)
{
	const struct sts_reporter *r = a->settings->reporter;

	return sts_agent_reports(a) && r != NULL &&
		       r->reports != STS_REPORTS_OFF
		   ? r
		   : NULL;
}

/* Whether the report at hand belongs to the day whose place the next day
 * takes. */
static bool
holds_oldest(const struct sts_agent *a)
{
	const struct sts_agent_report *r = a->reporter;
	struct sts_tally_domain d;

	if (r->step == STS_REPORT_REST) {
		return false;
	}
	sts_tally_domain(&r->tally, r->ref, &d);
	return d.slot == (sts_tally_today(&r->tally) + 1) % STS_TALLY_DAYS;
}

/* The day to count for. A new day does not begin while that would give up the
 * day of the report at hand: the report is over in minutes. */
static uint32_t
today(const struct sts_agent *a)
{
	return sts_clock_state(&a->clock) == STS_CLOCK_CONFIRMED &&
		       !holds_oldest(a)
		   ? sts_agent_now_s(a) / STS_DAY_S
		   : (uint32_t)STS_TALLY_NO_DAY;
}

static bool
count(struct sts_agent *a, const struct sts_report_event *e, unsigned from)
{
	struct sts_agent_report *r = a->reporter;

	if (STS_REPORT_TESTING) {
		e = sts_agent_report_testing(a, e);
	}
	if (!sts_tally_add(&r->tally, today(a), e)) {
		sts_count(&a->metrics, STS_METRIC_REPORT_LOST + LOST_FULL);
		return false;
	}
	sts_count(&a->metrics, STS_METRIC_REPORT_EVENTS + from);
	return true;
}

/* ---- from mail servers ---- */

struct sts_span
sts_agent_report_room(struct sts_agent *a)
{
	STS_ASSERT(sts_agent_reports(a));
	return sts_span(a->reporter->room, sizeof a->reporter->room);
}

static void
note_bad(struct sts_agent *a, enum sts_datagram_verdict v, size_t n)
{
	struct sts_agent_report *r = a->reporter;

	sts_count(&a->metrics, STS_METRIC_REPORT_LOST + LOST_BROKEN);
	r->bad++;
	if (sts_agent_notice(a, STS_NOTICE_REPORT)) {
		struct sts_event *e =
		    sts_agent_log(a, STS_EVENT_REPORT_BAD, STS_WHY_NONE,
			sts_text(r->room, n < BAD_TEXT ? n : (size_t)BAD_TEXT));
		e->number[0] = r->bad;
		e->number[1] = (uint32_t)v;
		r->bad = 0;
	}
}

void
sts_agent_report_take(struct sts_agent *a, size_t n, sts_ms now)
{
	struct sts_agent_report *r = a->reporter;
	enum sts_datagram_verdict v;

	(void)now;
	STS_ASSERT(n <= sizeof r->room);
	if (sts_agent_reporter(a) == NULL) {
		sts_count(&a->metrics, STS_METRIC_REPORT_LOST + LOST_OFF);
		return;
	}
	v = sts_datagram_open(&r->datagram, sts_text(r->room, n), &r->event);
	if (v != STS_DATAGRAM_GOOD) {
		note_bad(a, v, n);
		return;
	}
	while (sts_datagram_next(&r->datagram, &r->event)) {
		(void)count(a, &r->event, OF_DATAGRAMS);
	}
}

bool
sts_agent_report_event(struct sts_agent *a, const struct sts_report_event *e)
{
	if (sts_agent_reporter(a) == NULL) {
		return false;
	}
	return count(a, e, OF_CALLS);
}

void
sts_agent_report_line(struct sts_agent *a, struct sts_ask *ask, bool trusted,
    struct sts_text line)
{
	bool counted = trusted && sts_agent_reporter(a) != NULL;

	if (counted && !sts_report_line(&a->reporter->event, ask->key, line)) {
		sts_count(&a->metrics, STS_METRIC_REPORT_LOST + LOST_BROKEN);
		counted = false;
	}
	counted = counted && count(a, &a->reporter->event, OF_CALLS);
	memset(&ask->answer, 0, sizeof ask->answer);
	ask->settings = a->settings;
	ask->zone = NULL;
	ask->answer.kind = counted ? STS_ANSWER_NOTFOUND : STS_ANSWER_TEMP;
}

/* ---- our own ---- */

static struct sts_report_own *
own_at(struct sts_agent_report *r, unsigned k)
{
	return &r->own[(r->own_head + k) % STS_REPORT_OWN];
}

static struct sts_text
own_domain(const struct sts_report_own *o)
{
	return sts_text(o->name, o->len);
}

/* Whether the domain's organisation has its share of the queue of our own
 * failures. */
static bool
own_crowded(struct sts_agent_report *r, struct sts_text domain)
{
	const unsigned share = STS_REPORT_OWN / STS_ORGANISATION_SHARE;
	struct sts_text organisation = sts_organisation(domain);
	unsigned has = 0;

	for (unsigned k = 0; k < r->own_count; k++) {
		has += sts_text_same(
		    sts_organisation(own_domain(own_at(r, k))), organisation);
	}
	return has >= (share > 0 ? share : 1);
}

/* A place at the end of the queue; NULL: there is none. */
static struct sts_report_own *
own_new(struct sts_agent *a, struct sts_text domain)
{
	struct sts_agent_report *r = a->reporter;

	if (r->own_count == STS_REPORT_OWN || own_crowded(r, domain)) {
		sts_count(&a->metrics, STS_METRIC_REPORT_LOST + LOST_QUEUE);
		return NULL;
	}
	return own_at(r, r->own_count++);
}

void
sts_agent_report_failed(struct sts_agent *a, struct sts_text domain,
    enum sts_why why, enum sts_report_stage stage)
{
	enum sts_report_result result;
	struct sts_report_own *o;

	if (sts_agent_reporter(a) == NULL ||
	    !sts_report_result_of_why(why, stage, &result)) {
		return;
	}
	o = own_new(a, domain);
	if (o == NULL) {
		return;
	}
	o->result = (uint8_t)result;
	o->why = (uint8_t)why;
	o->len = (uint8_t)domain.n;
	memcpy(o->name, domain.p, domain.n);
}

/* The domain has a TLSRPT record: count the failure. */
static void
count_own(
    struct sts_agent *a, const struct sts_report_own *o, struct sts_text record)
{
	struct sts_agent_report *r = a->reporter;
	const struct sts_reporter *who = sts_agent_reporter(a);
	struct sts_report_failure f;

	if (who == NULL || !sts_event_begin(&r->event, own_domain(o), record)) {
		return;
	}
	sts_event_policy(&r->event, STS_REPORT_STS, own_domain(o));
	memset(&f, 0, sizeof f);
	f.result = (enum sts_report_result)o->result;
	f.texts[STS_REPORT_MTA_IP] = who->address;
	f.texts[STS_REPORT_REASON] =
	    sts_text_of(sts_why_token((enum sts_why)o->why));
	r->event.failed = true;
	sts_event_failure(&r->event, &f);
	(void)count(a, &r->event, OF_AGENT);
}

/* The domain of the first failure in the queue has been looked up: count or
 * drop that failure and those right behind it of the same domain. */
static void
end_own(struct sts_agent *a, enum sts_found found, struct sts_text record)
{
	struct sts_agent_report *r = a->reporter;
	/* The name stays in its place until another failure is queued. */
	struct sts_text domain = own_domain(own_at(r, 0));

	while (r->own_count > 0 &&
	       sts_text_same(own_domain(own_at(r, 0)), domain)) {
		if (found == STS_FOUND) {
			count_own(a, own_at(r, 0), record);
		} else if (found == STS_UNKNOWN) {
			sts_count(
			    &a->metrics, STS_METRIC_REPORT_LOST + LOST_QUEUE);
		}
		r->own_head = (uint8_t)((r->own_head + 1) % STS_REPORT_OWN);
		r->own_count--;
	}
}

void
sts_agent_report_own_found(struct sts_agent *a)
{
	struct sts_lookup_report *l =
	    &a->reporter->lookup[STS_REPORT_LOOKUP_OWN];
	enum sts_found found = (enum sts_found)l->found;

	STS_ASSERT(a->reporter->own_count > 0);
	end_own(a, found,
	    found == STS_FOUND ? sts_tlsrpt_text(&l->record)
			       : sts_text(NULL, 0));
	sts_lookup_report_end(l);
}

/* Look up the TLSRPT record of the first failure's domain. True: random octets
 * were taken. */
static bool
begin_own(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_lookup_report *l = &r->lookup[STS_REPORT_LOOKUP_OWN];
	uint8_t rnd[STS_REPORT_RND];

	if (r->own_count == 0 || l->state != STS_LOOKUP_REPORT_IDLE) {
		return false;
	}
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_lookup_report_txt(
	    l, own_domain(own_at(r, 0)), a->settings, a->now, rnd);
	sts_count(&a->metrics, STS_METRIC_DNS_QUESTIONS);
	sts_agent_stir(a, (uint16_t)(a->first_report + STS_REPORT_LOOKUP_OWN));
	return true;
}

/* ---- time ---- */

/* Log once an hour how much was lost. */
static void
log_lost(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint32_t now_s = sts_agent_now_s(a);
	uint64_t lost = 0;

	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		lost += i != STS_TALLY_PASSED ? r->tally.lost[i] : 0;
	}
	if (lost == r->lost_logged ||
	    (now_s >= r->lost_at_s && now_s - r->lost_at_s < LOST_LOGGED_S)) {
		return;
	}
	sts_agent_log(a, STS_EVENT_REPORT_LOST, STS_WHY_NONE, sts_text(NULL, 0))
	    ->number[0] = (uint32_t)(lost - r->lost_logged);
	r->lost_logged = lost;
	r->lost_at_s = now_s;
}

bool
sts_agent_report_collect(struct sts_agent *a)
{
	a->reporter->turns = !sts_tally_day(&a->reporter->tally, today(a));
	log_lost(a);
	return begin_own(a);
}

bool
sts_agent_report_collects(const struct sts_agent *a)
{
	return a->reporter->turns ||
	       (a->reporter->own_count > 0 &&
		   a->reporter->lookup[STS_REPORT_LOOKUP_OWN].state ==
		       STS_LOOKUP_REPORT_IDLE);
}

/* ---- set-up ---- */

void
sts_agent_report_init(struct sts_agent *a, struct sts_tls *tls, uint8_t *block)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_tally_config config;

	memset(r, 0, sizeof *r);
	memset(&config, 0, sizeof config);
	memcpy(config.key, a->hash_key, sizeof config.key);
	config.failures_only = a->config.report_failures;
	config.failures_max = STS_REPORT_FAILURES;
	sts_tally_init(&r->tally, block, a->config.report_memory, &config);
	for (unsigned i = 0; i < STS_REPORT_LOOKUPS; i++) {
		sts_lookup_report_init(&r->lookup[i], &a->dns_health);
	}
	r->tls = tls;
	if (STS_REPORT_HTTPS) {
		sts_post_init(&r->post, tls, a->root.common);
	}
	r->next_at = a->now;
}

struct sts_tally *
sts_agent_report_tally(struct sts_agent *a)
{
	return &a->reporter->tally;
}

bool
sts_agent_report_uses(const struct sts_agent *a, const struct sts_settings *old)
{
	const struct sts_agent_report *r = a->reporter;

	for (unsigned i = 0; i < STS_REPORT_LOOKUPS; i++) {
		if (r->lookup[i].state != STS_LOOKUP_REPORT_IDLE &&
		    r->lookup[i].settings == old) {
			return true;
		}
	}
	return r->step != STS_REPORT_REST && r->settings == old;
}

bool
sts_agent_report_config(const struct sts_agent *a, struct sts_report_config *c)
{
	const struct sts_reporter *who = sts_agent_reporter(a);

	if (who == NULL) {
		return false;
	}
	c->organization = who->organization;
	c->contact = who->contact;
	c->submitter = sts_report_submitter(who->contact);
	c->instance = sts_crc32(0, who->host);
	return true;
}
