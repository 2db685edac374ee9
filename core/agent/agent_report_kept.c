/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: marks of delivered reports, for a board that keeps them, and
 * the operator's orders. A mark has day and destination in one number, and a
 * hash of domain and record in the other, since the tally's own numbers mean
 * nothing after a restart.
 */
#include "agent.h"
#include "agent_report_files.h"

/* A hash of both texts, one behind the other: a name has no '=', and so ends
 * where the record's first tag begins. The key is the tally's, which is secret
 * and part of its snapshot: otherwise a stranger could seek a domain with the
 * same mark as another, and after a restart the other's report would not be
 * sent. A snapshot with another key holds other domains, to which earlier marks
 * do not apply. */
static uint64_t
check_of(const struct sts_tally *t, const struct sts_tally_domain *d)
{
	uint8_t text[STS_NAME_MAX + STS_TLSRPT_RECORD_MAX];
	size_t n = sts_tally_copy(t, d->name, text, STS_NAME_MAX).n;

	n += sts_tally_copy(t, d->record, text + n, STS_TLSRPT_RECORD_MAX).n;
	return sts_siphash(t->config.key, sts_text(text, n));
}

void
sts_agent_report_keeps(struct sts_agent *a)
{
	a->reporter->keeps = true;
}

bool
sts_agent_report_mark(const struct sts_agent *a, struct sts_report_mark *mark)
{
	const struct sts_agent_report *r = a->reporter;
	struct sts_tally_domain d;

	if (!r->mark_waits || r->step != STS_REPORT_SENDS) {
		return false;
	}
	sts_tally_domain(&r->tally, r->ref, &d);
	mark->number = d.day << 8 | r->to.number;
	mark->check = check_of(&r->tally, &d);
	return true;
}

void
sts_agent_report_marked(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	r->mark_waits = false;
	r->marked = true;
	r->mail.held = false;
	sts_post_hold(&r->post, false);
	for (unsigned i = STS_REPORT_LOOKUPS; i < STS_REPORT_CHILDREN; i++) {
		sts_agent_stir(a, (uint16_t)(a->first_report + i));
	}
}

/* Sort marks by their checks (Shell's sort needs no memory, and takes a few
 * milliseconds for 4,096 marks). */
static void
sort(struct sts_report_mark *marks, unsigned count)
{
	unsigned gap = 1;

	while (gap < count / 3) {
		gap = 3 * gap + 1;
	}
	for (; gap > 0; gap /= 3) {
		for (unsigned i = gap; i < count; i++) {
			struct sts_report_mark m = marks[i];
			unsigned k = i;

			for (; k >= gap && marks[k - gap].check > m.check;
			     k -= gap) {
				marks[k] = marks[k - gap];
			}
			marks[k] = m;
		}
	}
}

/* The first of the sorted marks with that check or a higher one. */
static unsigned
first_of(const struct sts_report_mark *marks, unsigned count, uint64_t check)
{
	unsigned from = 0, to = count;

	while (from < to) {
		unsigned half = from + (to - from) / 2;

		if (marks[half].check < check) {
			from = half + 1;
		} else {
			to = half;
		}
	}
	return from;
}

/* The destinations that have the domain's report, by the sorted marks. */
static uint8_t
done_of(const struct sts_tally *t, const struct sts_tally_domain *d,
    const struct sts_report_mark *marks, unsigned count)
{
	uint64_t check = check_of(t, d);
	unsigned i = first_of(marks, count, check), done = 0;

	for (; i < count && marks[i].check == check; i++) {
		unsigned number = marks[i].number & 0xff;

		if (marks[i].number >> 8 == d->day &&
		    number < STS_TLSRPT_RUA_MAX) {
			done |= 1U << number;
		}
	}
	return (uint8_t)done;
}

void
sts_agent_report_delivered(
    struct sts_agent *a, struct sts_report_mark *marks, unsigned count)
{
	struct sts_tally *t = &a->reporter->tally;

	sort(marks, count);
	for (unsigned slot = 0; count > 0 && slot < STS_TALLY_DAYS; slot++) {
		uint32_t ref = 0;

		while ((ref = sts_tally_next(t, slot, ref)) != 0) {
			struct sts_tally_domain d;
			uint8_t done;

			sts_tally_domain(t, ref, &d);
			done = done_of(t, &d, marks, count);
			if (done != 0) {
				d.delivery.done |= done;
				sts_tally_deliver(t, ref, &d.delivery);
			}
		}
	}
}

/* Make all reports about a domain due now, of the day in that slot. */
static unsigned
hurry(struct sts_tally *t, unsigned slot, struct sts_text domain)
{
	uint32_t ref = 0;
	unsigned count = 0;

	while ((ref = sts_tally_find(t, slot, domain, ref)) != 0) {
		struct sts_tally_domain d;

		sts_tally_domain(t, ref, &d);
		d.delivery.due_s = 1;
		sts_tally_deliver(t, ref, &d.delivery);
		count++;
	}
	return count;
}

unsigned
sts_agent_report_hurry(struct sts_agent *a, struct sts_text domain)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_tally *t = &r->tally;
	unsigned count = 0;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		if (i != sts_tally_today(t)) {
			count +=
			    domain.n > 0 ? hurry(t, i, domain) : t->domains[i];
		}
	}
	if (domain.n == 0) {
		sts_agent_report_plan_all(a);
	}
	sts_agent_report_unpause(a);
	r->next_at = a->now;
	return count;
}
