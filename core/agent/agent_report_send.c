/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: what goes out. A day's reports are due at random within four
 * hours after it (RFC 8460 4.1), and again after 15 minutes, 30, 60 ... until a
 * day is over. One at a time:
 *
 *	REST -> ASKS -> CHOOSES -+-> FINDS -> COUNTS -> STARTS -> SENDS -+
 *	  ^      TXT      ^ |    +-> (mail) ----------> STARTS -> SENDS -+
 *	  +---------------|-+ no destination is left                     |
 *	                  +----------------------------------------------+
 *
 * Invariants: from ASKS on the domain is pinned, so what was counted is what is
 * sent. A destination's bit in `done` is set, and written down by the board if
 * it keeps marks, before the last octet leaves; it is taken back only by an
 * answer that refuses it, or when that octet has not left. So a report may be
 * lost, and is not sent twice.
 *
 * A stranger chooses where reports go, and how long his name servers and hosts
 * take. Of all that are due the report goes first whose domain's organisation
 * has taken the least time today (agent_report_plan.c). He gets at most one at
 * a time, so many a day to one destination, by HTTPS only to addresses that
 * anybody may reach, and never by a redirect; where nobody answers, only a few
 * times a day. Mail goes to the operator's relay alone. A domain whose counted
 * sessions may all have delivered our own reports gets no report.
 */
#include <string.h>

#include "agent.h"
#include "agent_report_files.h"

enum {
	AGAIN = 2, /* in the order of the metric's label */
	DROPPED,
	UNWANTED,
	TO_ALL = (1 << STS_TLSRPT_RUA_MAX) - 1
};

static struct sts_text
name_of(const struct sts_agent_report *r, uint8_t name[STS_NAME_MAX])
{
	struct sts_tally_domain d;

	sts_tally_domain(&r->tally, r->ref, &d);
	return sts_tally_copy(&r->tally, d.name, name, STS_NAME_MAX);
}

static struct sts_event *
log_event(struct sts_agent *a, enum sts_event_code code)
{
	uint8_t name[STS_NAME_MAX];

	return sts_agent_log(a, code, STS_WHY_NONE, name_of(a->reporter, name));
}

/* ---- counters of a day ---- */

static void
turn_day(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint32_t day = sts_agent_now_s(a) / STS_DAY_S;

	if (day == r->day) {
		return;
	}
	r->mailed_before = r->today.mailed;
	memset(&r->today, 0, sizeof r->today);
	r->day = day;
}

/* ---- what is wanted ---- */

/* Whether all sessions of the domain's day may have delivered our reports: an
 * old Postfix counts those too, and so each report would cause the next. */
static bool
is_echo(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint64_t successes, failures;
	uint8_t name[STS_NAME_MAX];

	sts_tally_totals(&r->tally, r->ref, &successes, &failures);
	return failures == 0 &&
	       successes <= sts_agent_report_count(
				a, &r->mailed_before, name_of(r, name), 0);
}

static bool
is_wanted(struct sts_agent *a)
{
	struct sts_tally_domain d;

	sts_tally_domain(&a->reporter->tally, a->reporter->ref, &d);
	return (d.failing ||
		   a->settings->reporter->reports == STS_REPORTS_ALL) &&
	       !is_echo(a);
}

/* ---- the report at hand ---- */

static void
rest(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	r->step = STS_REPORT_REST;
	r->next_at = a->now + STS_REPORT_PACE_MS;
}

/* The report at hand is over for now: the time that it took counts for its
 * domain's organisation. */
static void
let_go(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	sts_agent_report_spent(
	    a, r->ref, (a->now - r->begun) / STS_REPORT_SPENT_MS);
	sts_tally_unpin(&r->tally, r->ref);
}

/* No destination is left for the report: remove it from the tally. */
static void
drop(struct sts_agent *a, bool delivered)
{
	struct sts_agent_report *r = a->reporter;

	if (r->step != STS_REPORT_REST) {
		let_go(a);
	}
	sts_tally_drop(&r->tally, r->ref, delivered);
	rest(a);
}

static void
drop_unwanted(struct sts_agent *a)
{
	sts_count(&a->metrics, STS_METRIC_REPORTS + UNWANTED);
	drop(a, false);
}

static void
begin(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint8_t rnd[STS_REPORT_RND], name[STS_NAME_MAX];

	if (!is_wanted(a)) {
		drop_unwanted(a);
		return;
	}
	r->settings = a->settings;
	(void)sts_agent_report_config(a, &r->config);
	sts_tally_pin(&r->tally, r->ref);
	r->any_left = false;
	r->begun = a->now;
	r->step = STS_REPORT_ASKS;
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_lookup_report_txt(&r->lookup[STS_REPORT_LOOKUP_SEND],
	    name_of(r, name), r->settings, a->now, rnd);
	sts_count(&a->metrics, STS_METRIC_DNS_QUESTIONS);
	sts_agent_report_stir(a, STS_REPORT_LOOKUP_SEND);
}

/* Take the domain's record as it is now or, if the look-up failed, as it was
 * when the sessions were counted. */
static void
take_record(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_lookup_report *l = &r->lookup[STS_REPORT_LOOKUP_SEND];
	struct sts_tally_domain d;
	struct sts_text record;

	if (l->found == STS_ABSENT) {
		drop_unwanted(a);
		return;
	}
	sts_tally_domain(&r->tally, r->ref, &d);
	if (l->found == STS_FOUND) {
		record = sts_tlsrpt_text(&l->record);
		memcpy(r->record, record.p, record.n);
		record.p = r->record;
	} else {
		record = sts_tally_copy(
		    &r->tally, d.record, r->record, sizeof r->record);
	}
	sts_tlsrpt_rua_begin(&r->rua, record);
	r->step = STS_REPORT_CHOOSES;
}

static void
log_sent(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint64_t successes, failures;
	struct sts_event *e;

	sts_tally_totals(&r->tally, r->ref, &successes, &failures);
	e = log_event(a, STS_EVENT_REPORT_SENT);
	e->number[0] = (uint32_t)(successes + failures);
	e->number[1] = (uint32_t)failures;
	e->number[2] = r->to.scheme == STS_TLSRPT_MAILTO;
}

/* Plan the next try, after a pause that doubles each time. */
static void
postpone(struct sts_agent *a, struct sts_tally_delivery *d)
{
	struct sts_agent_report *r = a->reporter;
	uint32_t wait_s = (uint32_t)STS_REPORT_AGAIN_S << d->tries;
	struct sts_event *e = log_event(a, STS_EVENT_REPORT_FAILED);

	d->tries++;
	d->due_s = sts_agent_now_s(a) + wait_s;
	e->number[0] = wait_s;
	e->number[1] = d->tries;
	e->number[2] = r->post.code;
	sts_count(&a->metrics, STS_METRIC_REPORTS + AGAIN);
	sts_tally_deliver(&r->tally, r->ref, d);
	let_go(a);
	rest(a);
}

/* All destinations have had their turn: plan another try, or give the report up
 * or over. */
static void
end_try(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_tally_domain d;
	unsigned done, refused;

	sts_tally_domain(&r->tally, r->ref, &d);
	if (r->any_left && d.delivery.tries + 1 < STS_REPORT_TRIES) {
		postpone(a, &d.delivery);
		return;
	}
	done = d.delivery.done & (unsigned)TO_ALL;
	refused = (unsigned)d.delivery.done >> STS_REPORT_REFUSED_SHIFT;
	if ((done & ~refused) != 0) {
		log_sent(a);
		drop(a, true);
	} else if (done == 0 && !r->any_left) {
		drop_unwanted(a); /* there was no destination at all */
	} else {
		struct sts_event *e = log_event(a, STS_EVENT_REPORT_DROPPED);

		e->number[0] = d.delivery.tries + 1U;
		e->number[1] = r->post.code;
		sts_count(&a->metrics, STS_METRIC_REPORTS + DROPPED);
		drop(a, false);
	}
}

/* Begin to send to the destination at hand, by mail or POST as it asks for.
 * False: it cannot be sent to. */
static bool
begin_to(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	r->mark_waits = r->marked = false;
	if (r->to.scheme != STS_TLSRPT_MAILTO) {
		if (STS_REPORT_HTTPS) {
			sts_agent_report_post_find(a);
		}
		return STS_REPORT_HTTPS;
	}
	r->step = STS_REPORT_STARTS;
	return STS_REPORT_MAIL && sts_agent_report_mail_may(a);
}

/* Go on to the record's next destination. */
static void
choose(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_tally_domain d;
	struct sts_text to;

	if (!sts_tlsrpt_rua_next(&r->rua, &r->to)) {
		end_try(a);
		return;
	}
	sts_tally_domain(&r->tally, r->ref, &d);
	if ((d.delivery.done & 1U << r->to.number) != 0) {
		return;
	}
	to = sts_agent_report_destination(r);
	if (sts_agent_report_count(a, &r->today.same, to, 0) >=
		STS_REPORT_SAME_MAX ||
	    !begin_to(a)) {
		sts_agent_report_settle(a, STS_REPORT_NEVER);
		return;
	}
	sts_agent_report_count(a, &r->today.same, to, 1);
}

static void
start(struct sts_agent *a)
{
	if (STS_REPORT_MAIL && a->reporter->to.scheme == STS_TLSRPT_MAILTO) {
		sts_agent_report_mail_start(a);
	} else if (STS_REPORT_HTTPS) {
		sts_agent_report_post_start(a);
	}
}

/* Do the step at hand, and no more: a step takes random octets once at most. */
void
sts_agent_report_send(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	switch ((enum sts_report_step)r->step) {
	case STS_REPORT_REST:
		if (sts_before(a->now, r->next_at)) {
			return;
		}
		/* Where nothing may be sent for weeks the milliseconds wrap:
		 * this time must not seem to lie ahead then. */
		r->next_at = a->now;
		if (!sts_agent_report_may_send(a)) {
			return;
		}
		turn_day(a);
		if (!sts_agent_report_plan(a, &r->ref)) {
			return; /* the round goes on at once */
		}
		r->next_at = a->now + STS_REPORT_PACE_MS;
		if (r->ref != 0) {
			begin(a);
		}
		break;
	case STS_REPORT_CHOOSES:
		choose(a);
		break;
	case STS_REPORT_COUNTS:
		if (STS_REPORT_HTTPS) {
			sts_agent_report_post_count(a);
		}
		break;
	case STS_REPORT_STARTS:
		start(a);
		break;
	default:
		break; /* a child works on this step */
	}
}

bool
sts_agent_report_may_send(const struct sts_agent *a)
{
	return sts_agent_reporter(a) != NULL && !a->draining &&
	       sts_clock_state(&a->clock) == STS_CLOCK_CONFIRMED;
}

/* Whether any day before today has a domain. */
static bool
any_waits(const struct sts_tally *t)
{
	return sts_tally_oldest(t) >= 0;
}

bool
sts_agent_report_send_due(const struct sts_agent *a, sts_ms *at)
{
	const struct sts_agent_report *r = a->reporter;

	switch ((enum sts_report_step)r->step) {
	case STS_REPORT_REST:
		*at = r->next_at;
		return any_waits(&r->tally) && sts_agent_report_may_send(a);
	case STS_REPORT_CHOOSES:
	case STS_REPORT_COUNTS:
	case STS_REPORT_STARTS:
		*at = a->now;
		return true;
	default:
		return false;
	}
}

/* ---- children ---- */

static void
lookup_child(struct sts_agent *a, unsigned i)
{
	struct sts_agent_report *r = a->reporter;

	sts_agent_buffers(
	    a, (uint16_t)(a->config.lookups + a->config.danes + i));
	if (r->lookup[i].state != STS_LOOKUP_REPORT_DONE) {
		return;
	}
	if (i != STS_REPORT_LOOKUP_SEND) {
		sts_agent_report_own_found(a);
		return;
	}
	if (r->step == STS_REPORT_ASKS) {
		take_record(a);
	} else if (STS_REPORT_HTTPS) {
		sts_agent_report_post_found(a);
	}
	sts_lookup_report_end(&r->lookup[i]);
}

void
sts_agent_report_child(struct sts_agent *a, unsigned i)
{
	if (STS_REPORT_HTTPS && i == STS_REPORT_CHILD_POST) {
		sts_agent_report_post_child(a);
	} else if (STS_REPORT_MAIL && i == STS_REPORT_CHILD_MAIL) {
		sts_agent_report_mail_child(a);
	} else {
		lookup_child(a, i);
	}
}
