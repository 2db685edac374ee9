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
 * answer that refuses it. So a report may be lost, and is not sent twice.
 *
 * A stranger chooses where reports go. He gets at most one at a time, so many a
 * day to one destination, by HTTPS only to addresses that anybody may reach,
 * and never by a redirect; where nobody answers, only a few times a day. Mail
 * goes to the operator's relay alone. A domain whose sessions may all have been
 * our own reports gets none.
 */
#include <string.h>

#include "agent.h"
#include "../base/assert.h"
#include "../base/text.h"
#include "../cache/organisation.h"

enum {
	SEND = 1, /* the lookup for reports */
	POST = STS_REPORT_LOOKUPS, /* children: the POST, */
	MAIL, /* and the mail */
	BY_MAIL = 0, /* in the order of the metric's label */
	BY_HTTPS,
	AGAIN,
	DROPPED,
	UNWANTED,
	COUNT_MAX = 4, /* pieces counted in a tick */
	BODY_MAX = 1024, /* octets of the body in one TLS record */
	REFUSED_SHIFT = 4, /* of `done`: those that refused for good */
	TO_ALL = (1 << STS_TLSRPT_RUA_MAX) - 1
};

STS_STATIC_ASSERT((int)STS_TLSRPT_RUA_MAX <= (int)REFUSED_SHIFT, done_fits);

/* What became of a destination. */
enum outcome {
	HAS_IT,
	LATER,
	NEVER
};

static void
stir(struct sts_agent *a, unsigned child)
{
	sts_agent_stir(a, (uint16_t)(a->first_report + child));
}

static struct sts_text
name_of(const struct sts_agent_report *r, uint8_t name[STS_NAME_MAX])
{
	struct sts_tally_domain d;

	sts_tally_domain(&r->tally, r->ref, &d);
	return sts_tally_copy(&r->tally, d.name, name, STS_NAME_MAX);
}

static struct sts_event *
tell(struct sts_agent *a, enum sts_event_code code)
{
	uint8_t name[STS_NAME_MAX];

	return sts_agent_tell(
	    a, code, STS_WHY_NONE, name_of(a->reporter, name));
}

/* ---- counters of a day ---- */

static uint8_t *
counter(uint8_t counters[STS_REPORT_HASHES], const struct sts_agent *a,
    struct sts_text t)
{
	return &counters[sts_siphash(a->hash_key, t) % STS_REPORT_HASHES];
}

static void
one_more(uint8_t *n)
{
	*n = (uint8_t)(*n < UINT8_MAX ? *n + 1 : *n);
}

static void
turn_day(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint32_t day = sts_agent_now_s(a) / STS_DAY_S;

	if (day == r->day) {
		return;
	}
	memcpy(r->mailed[1], r->mailed[0], sizeof r->mailed[1]);
	memset(r->mailed[0], 0, sizeof r->mailed[0]);
	memset(r->same, 0, sizeof r->same);
	memset(r->mute, 0, sizeof r->mute);
	r->day = day;
}

/* ---- what is wanted ---- */

/* Whether the sessions of the domain's day may all have been our reports: an
 * old Postfix counts those, and so one report would bring forth the next. */
static bool
is_echo(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint64_t successes, failures;
	uint8_t name[STS_NAME_MAX];

	sts_tally_totals(&r->tally, r->ref, &successes, &failures);
	return failures == 0 &&
	       successes <= *counter(r->mailed[1], a, name_of(r, name));
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

/* The report goes to nobody, or to nobody else: it leaves the tally. */
static void
drop(struct sts_agent *a, bool delivered)
{
	struct sts_agent_report *r = a->reporter;

	if (r->step != STS_REPORT_REST) {
		sts_tally_unpin(&r->tally, r->ref);
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
	r->step = STS_REPORT_ASKS;
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_lookup_report_txt(
	    &r->lookup[SEND], name_of(r, name), r->settings, a->now, rnd);
	sts_count(&a->metrics, STS_METRIC_DNS_QUESTIONS);
	stir(a, SEND);
}

/* The record: as it is now, or, when nobody can tell, as it was. */
static void
take_record(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_lookup_report *l = &r->lookup[SEND];
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

static struct sts_text
destination(const struct sts_agent_report *r)
{
	return r->to.scheme == STS_TLSRPT_MAILTO
		   ? sts_text(r->to.address, r->to.address_len)
		   : r->to.host;
}

/* The outcome of the destination at hand. */
static void
settle(struct sts_agent *a, enum outcome outcome)
{
	struct sts_agent_report *r = a->reporter;
	uint8_t bit = (uint8_t)(1U << r->to.number);
	struct sts_tally_domain d;

	sts_tally_domain(&r->tally, r->ref, &d);
	if (outcome == LATER) {
		d.delivery.done &= (uint8_t)~bit;
		r->any_left = true;
	} else {
		d.delivery.done |= bit;
	}
	if (outcome == NEVER) {
		d.delivery.done |= (uint8_t)(bit << REFUSED_SHIFT);
	}
	if (outcome == HAS_IT) {
		bool mail = r->to.scheme == STS_TLSRPT_MAILTO;

		sts_count(&a->metrics,
		    STS_METRIC_REPORTS + (mail ? BY_MAIL : BY_HTTPS));
	}
	sts_tally_deliver(&r->tally, r->ref, &d.delivery);
	r->step = STS_REPORT_CHOOSES;
}

static void
tell_sent(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint64_t successes, failures;
	struct sts_event *e;

	sts_tally_totals(&r->tally, r->ref, &successes, &failures);
	e = tell(a, STS_EVENT_REPORT_SENT);
	e->number[0] = (uint32_t)(successes + failures);
	e->number[1] = (uint32_t)failures;
	e->number[2] = r->to.scheme == STS_TLSRPT_MAILTO;
}

/* Try again: twice as long after each time. */
static void
postpone(struct sts_agent *a, struct sts_tally_delivery *d)
{
	struct sts_agent_report *r = a->reporter;
	uint32_t wait_s = (uint32_t)STS_REPORT_AGAIN_S << d->tries;
	struct sts_event *e = tell(a, STS_EVENT_REPORT_FAILED);

	d->tries++;
	d->due_s = sts_agent_now_s(a) + wait_s;
	e->number[0] = wait_s;
	e->number[1] = d->tries;
	e->number[2] = r->post.code;
	sts_count(&a->metrics, STS_METRIC_REPORTS + AGAIN);
	sts_tally_deliver(&r->tally, r->ref, d);
	sts_tally_unpin(&r->tally, r->ref);
	rest(a);
}

/* All destinations have had their turn. */
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
	refused = (unsigned)d.delivery.done >> REFUSED_SHIFT;
	if ((done & ~refused) != 0) {
		tell_sent(a);
		drop(a, true);
	} else if (done == 0 && !r->any_left) {
		drop_unwanted(a); /* there was no destination at all */
	} else {
		struct sts_event *e = tell(a, STS_EVENT_REPORT_DROPPED);

		e->number[0] = d.delivery.tries + 1U;
		e->number[1] = r->post.code;
		sts_count(&a->metrics, STS_METRIC_REPORTS + DROPPED);
		drop(a, false);
	}
}

/* Take host and path out of the record. False: they do not fit. */
static bool
take_url(struct sts_agent_report *r)
{
	struct sts_text path = r->to.path, host = r->to.host;
	size_t slash = path.n == 0 || path.p[0] != '/';

	if (host.n > sizeof r->host || path.n + slash > sizeof r->path) {
		return false;
	}
	r->path[0] = '/';
	if (path.n > 0) {
		memcpy(r->path + slash, path.p, path.n);
	}
	r->path_len = (uint16_t)(path.n + slash);
	for (size_t i = 0; i < host.n; i++) {
		r->host[i] = sts_lower(host.p[i]);
	}
	r->host_len = (uint8_t)host.n;
	return sts_name_valid(sts_text(r->host, r->host_len));
}

/* Whether the address at hand gets mail: there is a relay, and it has not
 * refused it of late. */
static bool
may_mail(const struct sts_agent *a)
{
	const struct sts_agent_report *r = a->reporter;

	return STS_SMTP && r->settings->reporter->relay.af != STS_AF_NONE &&
	       !sts_agent_report_paused(a, destination(r));
}

/* The address or the host that comes next. */
static void
choose(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	bool mail;
	struct sts_tally_domain d;
	uint8_t *same;

	if (!sts_tlsrpt_rua_next(&r->rua, &r->to)) {
		end_try(a);
		return;
	}
	sts_tally_domain(&r->tally, r->ref, &d);
	if ((d.delivery.done & 1U << r->to.number) != 0) {
		return;
	}
	mail = r->to.scheme == STS_TLSRPT_MAILTO;
	same = counter(r->same, a, destination(r));
	if (*same >= STS_REPORT_SAME_MAX ||
	    (mail ? !may_mail(a) : !take_url(r))) {
		settle(a, NEVER);
		return;
	}
	one_more(same);
	r->mark_waits = r->marked = false;
	r->step = mail ? STS_REPORT_STARTS : STS_REPORT_FINDS;
	if (!mail) {
		uint8_t rnd[STS_REPORT_RND];

		sts_random_take(&a->random, rnd, sizeof rnd);
		sts_lookup_report_host(&r->lookup[SEND],
		    sts_text(r->host, r->host_len), r->settings, a->now, rnd);
		sts_count_by(
		    &a->metrics, STS_METRIC_DNS_QUESTIONS, STS_REPORT_LEGS);
		stir(a, SEND);
	}
}

/* Counts the POSTs to the hosts of an organisation that got no answer. */
static uint8_t *
mute_of(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	return counter(
	    r->mute, a, sts_organisation(sts_text(r->host, r->host_len)));
}

/* The addresses of the host are known, or not to be had. */
static void
take_addresses(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	const struct sts_lookup_report *l = &r->lookup[SEND];

	/* A receiver that lets every connection run into its time would keep us
	 * from the reports of all others. */
	if (l->found != STS_FOUND || *mute_of(a) >= STS_REPORT_MUTE_MAX) {
		r->post.code = 0;
		settle(a, LATER);
		return;
	}
	r->addr_count = l->addr_count;
	memcpy(r->addr, l->addr, l->addr_count * sizeof *l->addr);
	r->length = 0;
	sts_report_gzip_begin(&r->text.gzip, &r->tally, r->ref, &r->config);
	r->step = STS_REPORT_COUNTS;
}

/* Content-Length is needed first: read it once for its length, in pieces, as a
 * large report takes a while. */
static void
count(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	for (unsigned i = 0; i < COUNT_MAX; i++) {
		size_t n = sts_report_gzip_read(
		    &r->text.gzip, sts_span(r->piece, sizeof r->piece));

		if (n == 0) {
			sts_report_gzip_begin(
			    &r->text.gzip, &r->tally, r->ref, &r->config);
			r->step = STS_REPORT_STARTS;
			return;
		}
		r->length += (uint32_t)n;
	}
}

static void
start_post(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	uint8_t rnd[STS_TLS_RND];
	struct sts_post_to to;
	int64_t wall_s = sts_clock_cert_s(&a->clock);

	if (wall_s < 0) {
		settle(a, LATER);
		return;
	}
	sts_random_take(&a->random, rnd, sizeof rnd);
	memset(&to, 0, sizeof to);
	to.https.addr = r->addr;
	to.https.count = r->addr_count;
	to.https.anchors = r->settings->anchors;
	to.https.wall_s = wall_s;
	to.https.rnd = rnd;
	to.host = sts_text(r->host, r->host_len);
	to.path = sts_text(r->path, r->path_len);
	to.type = "application/tlsrpt+gzip";
	to.length = r->length;
	r->sent = 0;
	sts_post_begin(&r->post, &to, a->now);
	sts_wipe(rnd, sizeof rnd);
	r->step = STS_REPORT_SENDS;
	stir(a, POST);
}

static bool
is_loopback(const struct sts_addr *addr)
{
	static const uint8_t one[16] = { [15] = 1 };

	return addr->af == STS_AF_INET ? addr->ip[0] == 127
				       : memcmp(addr->ip, one, 16) == 0;
}

static void
start_mail(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	const struct sts_reporter *who = r->settings->reporter;
	struct sts_smtp_setup setup;
	struct sts_smtp_mail mail;

	memset(&setup, 0, sizeof setup);
	setup.addr = who->relay;
	setup.helo =
	    sts_smtp_helo_valid(who->host) ? who->host : r->config.submitter;
	setup.starttls =
	    is_loopback(&who->relay) ? STS_SMTP_TLS_NEVER : STS_SMTP_TLS_MAY;
	setup.host = r->config.submitter;
	setup.tls = r->tls;
	setup.anchors = r->settings->anchors;
	setup.links = a->root.links;
	setup.wall_s = sts_clock_cert_s(&a->clock);
	if (setup.wall_s < 0) {
		settle(a, LATER);
		return;
	}
	sts_random_take(&a->random, setup.rnd, sizeof setup.rnd);
	r->rcpt = sts_text(r->to.address, r->to.address_len);
	memset(&mail, 0, sizeof mail);
	mail.from = r->config.contact;
	mail.rcpt = &r->rcpt;
	mail.rcpts = 1;
	r->letter.to = r->rcpt;
	r->letter.now_s = sts_agent_now_s(a);
	r->letter.random = sts_siphash(setup.rnd, r->rcpt);
	r->piece_off = r->piece_len = 0;
	sts_report_mail_begin(
	    &r->text, &r->tally, r->ref, &r->config, &r->letter);
	sts_smtp_submit_begin(&r->mail.submit, &setup, &mail, a->now);
	sts_wipe(setup.rnd, sizeof setup.rnd);
	r->mail.busy = true;
	r->step = STS_REPORT_SENDS;
	stir(a, MAIL);
}

/* Do one of these things: at most one of them takes random octets. */
void
sts_agent_report_send(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	switch ((enum sts_report_step)r->step) {
	case STS_REPORT_REST:
		if (!sts_agent_report_may_send(a) ||
		    sts_before(a->now, r->next_at)) {
			return;
		}
		turn_day(a);
		r->next_at = a->now + STS_REPORT_PACE_MS;
		r->ref = sts_agent_report_plan(a);
		if (r->ref != 0) {
			begin(a);
		}
		break;
	case STS_REPORT_CHOOSES:
		choose(a);
		break;
	case STS_REPORT_COUNTS:
		count(a);
		break;
	case STS_REPORT_STARTS:
		if (STS_SMTP && r->to.scheme == STS_TLSRPT_MAILTO) {
			start_mail(a);
		} else {
			start_post(a);
		}
		break;
	default:
		break; /* a child is at it */
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

/* Whether the last octet may leave: it is written down that it has. */
static bool
may_end(struct sts_agent_report *r)
{
	struct sts_tally_domain d;

	if (r->marked) {
		return true;
	}
	if (!r->mark_waits) {
		sts_tally_domain(&r->tally, r->ref, &d);
		d.delivery.done |= (uint8_t)(1U << r->to.number);
		sts_tally_deliver(&r->tally, r->ref, &d.delivery);
		r->mark_waits = r->keeps;
		r->marked = !r->keeps;
	}
	return r->marked;
}

/* A piece of the body, with the last octet kept back until it may go. */
static void
write_body(struct sts_agent_report *r)
{
	struct sts_span room = sts_post_room(&r->post);
	size_t left = r->length - r->sent;

	room.n = room.n < BODY_MAX ? room.n : (size_t)BODY_MAX;
	if (room.n >= left) {
		room.n = may_end(r) ? left : left - 1;
	}
	if (room.n == 0) {
		return;
	}
	room.n = sts_report_gzip_read(&r->text.gzip, room);
	STS_ASSERT(room.n > 0);
	r->sent += (uint32_t)room.n;
	sts_post_wrote(&r->post, room.n);
}

/* Refusals of one address, or of this report, are for good; others may pass. */
static enum outcome
judge_post(const struct sts_agent_report *r)
{
	unsigned code = r->post.code;

	if (code / 100 == 2) {
		return HAS_IT;
	}
	if (code == 0) {
		/* The receiver may have all of it: two copies are worse than
		 * none. */
		return r->sent == r->length ? HAS_IT : LATER;
	}
	return code >= 500 || code == 408 || code == 429 ? LATER : NEVER;
}

static void
post_child(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	if (!r->post.done) {
		write_body(r);
		return;
	}
	if (r->post.code == 0) {
		one_more(mute_of(a));
	}
	settle(a, judge_post(r));
	sts_post_end(&r->post);
}

static void
write_mail(struct sts_agent_report *r)
{
	struct sts_smtp_submit *s = &r->mail.submit;

	if (r->piece_off == r->piece_len) {
		r->piece_off = 0;
		r->piece_len = (uint16_t)sts_report_mail_read(
		    &r->text, sts_span(r->piece, sizeof r->piece));
	}
	if (r->piece_len > 0) {
		r->piece_off =
		    (uint16_t)(r->piece_off +
			       sts_smtp_submit_body(s,
				   sts_text(r->piece + r->piece_off,
				       (size_t)r->piece_len - r->piece_off)));
	} else if (may_end(r)) {
		sts_smtp_submit_body_end(s);
	}
}

static enum outcome
judge_mail(const struct sts_smtp_submit *s)
{
	switch (s->rcpt[0].outcome) {
	case STS_SMTP_TAKEN:
	case STS_SMTP_DOUBT:
		return HAS_IT;
	case STS_SMTP_REFUSED:
		return NEVER;
	default:
		return LATER;
	}
}

static void
mail_over(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	enum outcome outcome = judge_mail(&r->mail.submit);
	struct sts_text domain =
	    sts_text(r->to.address + r->to.address_len - r->to.domain_len,
		r->to.domain_len);

	if (outcome == HAS_IT) {
		one_more(counter(r->mailed[0], a, domain));
	}
	r->post.code = r->mail.submit.rcpt[0].code;
	/* A refusal of the sender says nothing about the address. */
	if (r->post.code / 100 == 5 &&
	    r->mail.submit.p.found.why != STS_WHY_SMTP_SENDER) {
		sts_agent_report_pause(a, destination(r));
	}
	settle(a, outcome);
	sts_smtp_submit_end(&r->mail.submit);
	r->mail.busy = false;
}

static void
mail_child(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	switch (sts_smtp_submit_at(&r->mail.submit)) {
	case STS_SMTP_SUBMIT_JUDGE:
		/* The operator's relay, by address: any certificate is better
		 * than none. */
		sts_smtp_submit_judged(&r->mail.submit, STS_WHY_NONE);
		break;
	case STS_SMTP_SUBMIT_BODY:
		write_mail(r);
		break;
	case STS_SMTP_SUBMIT_OVER:
		mail_over(a);
		break;
	default:
		STS_ASSERT(false);
	}
}

static void
lookup_child(struct sts_agent *a, unsigned i)
{
	struct sts_agent_report *r = a->reporter;

	sts_agent_buffers(
	    a, (uint16_t)(a->config.lookups + a->config.danes + i));
	if (r->lookup[i].state != STS_LOOKUP_REPORT_DONE) {
		return;
	}
	if (i != SEND) {
		sts_agent_report_own_found(a);
		return;
	}
	if (r->step == STS_REPORT_ASKS) {
		take_record(a);
	} else {
		take_addresses(a);
	}
	sts_lookup_report_end(&r->lookup[SEND]);
}

void
sts_agent_report_child(struct sts_agent *a, unsigned i)
{
	if (i == POST) {
		post_child(a);
	} else if (STS_SMTP && i == MAIL) {
		mail_child(a);
	} else {
		lookup_child(a, i);
	}
}
