/* SPDX-License-Identifier: MIT */
/*
 * TLS reports over the control socket.
 *
 *	list        slot, ref: the domain that was listed last
 *	show        agent != NULL; head (begun) -> pieces -> end
 *
 * Invariants: a report that is shown has its domain pinned in the tally until
 * sts_control_report_end; if the domain goes all the same (delivered, or with
 * its day), the object is not closed, so nobody takes the beginning for a whole
 * report. Organisation and contact are copies, since a reload may change those
 * that the agent has.
 *
 * What strangers reported is part of both: it is printed as JSON strings of
 * printable ASCII, whatever it holds.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "control_report.h"

static void
put_line(struct sts_json_put *p, struct sts_agent *a, uint32_t ref, bool today)
{
	const struct sts_tally *t = sts_agent_report_tally(a);
	uint8_t name[STS_NAME_MAX], date[10];
	uint64_t successes, failures;
	struct sts_tally_domain d;

	sts_tally_domain(t, ref, &d);
	sts_tally_totals(t, ref, &successes, &failures);
	sts_report_date(date, d.day);
	sts_json_put_open(p, NULL, '{');
	sts_json_put_text(
	    p, "domain", sts_tally_copy(t, d.name, name, sizeof name));
	sts_json_put_text(p, "day", sts_text(date, sizeof date));
	sts_json_put_string(p, "state", today ? "counted" : "waiting");
	sts_json_put_number(p, "sessions", successes + failures);
	sts_json_put_number(p, "failures", failures);
	if (!today) {
		sts_json_put_number(p, "due", d.delivery.due_s);
		sts_json_put_number(p, "tries", d.delivery.tries);
		sts_json_put_number(p, "now", sts_agent_now_s(a));
	}
	sts_json_put_close(p, '}');
	sts_json_put_line(p);
}

/* Whether ref names a domain of the slot now: it may have been delivered since,
 * and its number be another's. */
static bool
is_of(const struct sts_tally *t, uint32_t ref, unsigned slot)
{
	struct sts_tally_domain d;

	if (!sts_tally_is(t, ref)) {
		return false;
	}
	sts_tally_domain(t, ref, &d);
	return d.slot == slot;
}

bool
sts_control_report_list(
    struct sts_control_report *r, struct sts_agent *a, struct sts_json_put *p)
{
	const struct sts_tally *t;

	if (!sts_agent_reports(a)) {
		return false;
	}
	t = sts_agent_report_tally(a);
	if (r->ref != 0 && !is_of(t, r->ref, r->slot)) {
		r->ref = 0; /* begin that day anew */
	}
	while (r->slot < STS_TALLY_DAYS &&
	       p->sink->to - p->sink->pos >= STS_CONTROL_REPORT_ROOM) {
		r->ref = sts_tally_next(t, r->slot, r->ref);
		if (r->ref == 0) {
			r->slot++;
		} else {
			put_line(p, a, r->ref, r->slot == sts_tally_today(t));
		}
	}
	return r->slot < STS_TALLY_DAYS;
}

struct sts_text
sts_control_report_domain(struct sts_text key, struct sts_key *k)
{
	return sts_key_parse(k, key) == STS_WHY_NONE
		   ? sts_text(k->domain, k->len)
		   : key;
}

/* The domain, of the oldest day first; 0: it is in none. */
static uint32_t
find(const struct sts_tally *t, struct sts_text key)
{
	struct sts_key k;
	struct sts_text domain = sts_control_report_domain(key, &k);
	uint32_t best = 0, day = UINT32_MAX;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		uint32_t ref = sts_tally_find(t, i, domain, 0);

		if (ref != 0 && t->days[i] < day) {
			best = ref;
			day = t->days[i];
		}
	}
	return best;
}

/* The recipient of the mail: the first address of the record. */
static struct sts_text
first_address(struct sts_control_report *r, const struct sts_tally *t)
{
	struct sts_tally_domain d;
	struct sts_tlsrpt_rua it;
	struct sts_tlsrpt_to to;
	uint8_t record[STS_TLSRPT_RECORD_MAX];

	sts_tally_domain(t, r->ref, &d);
	sts_tlsrpt_rua_begin(
	    &it, sts_tally_copy(t, d.record, record, sizeof record));
	while (sts_tlsrpt_rua_next(&it, &to)) {
		if (to.scheme == STS_TLSRPT_MAILTO) {
			memcpy(r->to, to.address, to.address_len);
			return sts_text(r->to, to.address_len);
		}
	}
	return r->config.contact;
}

/* In whose name, by texts of our own. */
static bool
take_config(struct sts_control_report *r, const struct sts_agent *a)
{
	struct sts_report_config *c = &r->config;

	if (!sts_agent_report_config(a, c)) {
		return false;
	}
	STS_ASSERT(c->organization.n <= sizeof r->organization);
	STS_ASSERT(c->contact.n <= sizeof r->contact);
	memcpy(r->organization, c->organization.p, c->organization.n);
	memcpy(r->contact, c->contact.p, c->contact.n);
	c->organization = sts_text(r->organization, c->organization.n);
	c->contact = sts_text(r->contact, c->contact.n);
	c->submitter = sts_report_submitter(c->contact);
	return true;
}

bool
sts_control_report_show(struct sts_control_report *r, struct sts_agent *a,
    struct sts_text domain, bool json, uint64_t random)
{
	struct sts_tally *t;

	memset(r, 0, sizeof *r);
	if (!take_config(r, a)) {
		return false;
	}
	t = sts_agent_report_tally(a);
	r->ref = find(t, domain);
	if (r->ref == 0) {
		return false;
	}
	r->agent = a;
	r->json = json;
	sts_tally_pin(t, r->ref);
	r->letter.to = first_address(r, t);
	r->letter.now_s = sts_agent_now_s(a);
	r->letter.random = random;
	sts_report_begin(&r->report, t, r->ref, &r->config);
	sts_report_mail_begin(&r->mail, t, r->ref, &r->config, &r->letter);
	return true;
}

/* The members before the report itself. */
static void
put_head(struct sts_control_report *r, struct sts_json_put *p)
{
	const struct sts_tally *t = sts_agent_report_tally(r->agent);
	struct sts_tally_domain d;
	uint8_t name[STS_NAME_MAX], date[10];

	sts_tally_domain(t, r->ref, &d);
	sts_report_date(date, d.day);
	sts_json_put_open(p, NULL, '{');
	sts_json_put_text(
	    p, "domain", sts_tally_copy(t, d.name, name, sizeof name));
	sts_json_put_text(p, "day", sts_text(date, sizeof date));
	if (r->json) {
		sts_sink_string(p->sink, ",\"report\":");
	} else {
		sts_json_put_start(p, "mail");
	}
}

bool
sts_control_report_gone(const struct sts_control_report *r)
{
	return r->json ? sts_report_gone(&r->report)
		       : sts_report_mail_gone(&r->mail);
}

bool
sts_control_report_put(struct sts_control_report *r, struct sts_json_put *p)
{
	uint8_t piece[STS_CONTROL_REPORT_PIECE];
	size_t n;

	STS_ASSERT(r->agent != NULL);
	if (sts_control_report_gone(r)) {
		return false;
	}
	if (!r->begun) {
		r->begun = true;
		put_head(r, p);
		return true;
	}
	n = r->json
		? sts_report_read(&r->report, sts_span(piece, sizeof piece))
		: sts_report_mail_read(&r->mail, sts_span(piece, sizeof piece));
	if (n > 0 && r->json) {
		/* A report is a line; here it is a member of one. */
		size_t end = piece[n - 1] == '\n';

		sts_sink_put(p->sink, sts_text(piece, n - end));
	} else if (n > 0) {
		sts_json_put_piece(p, sts_text(piece, n));
	} else {
		if (!r->json) {
			sts_json_put_stop(p);
		}
		sts_json_put_close(p, '}');
		sts_json_put_line(p);
	}
	return n > 0;
}

void
sts_control_report_end(struct sts_control_report *r)
{
	if (r->agent != NULL) {
		/* `report` is not read for a mail, but knows its domain. */
		if (sts_report_there(&r->report)) {
			sts_tally_unpin(
			    sts_agent_report_tally(r->agent), r->ref);
		}
		r->agent = NULL;
	}
}
