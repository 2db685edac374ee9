/* SPDX-License-Identifier: MIT */
/* TLS reporting: when reports are due, and which is sent next: of those whose
 * organisation has taken the least time of the one sender today, the one that
 * has been due longest. So the owner of a name whose name servers or receivers
 * are slow stands before others once, and not with each domain below it, nor at
 * each new try.
 *
 * A round passes every report that waits, a few at each visit, since there may
 * be hundreds of thousands and no question may wait for a whole round. */
#include "agent.h"
#include "agent_report_files.h"

/* When a report is first due: spread at random, so that not all are due at
 * midnight. */
static uint32_t
first_due(const struct sts_agent *a, const struct sts_tally_domain *d)
{
	uint8_t name[STS_NAME_MAX];
	uint64_t hash = sts_siphash(a->hash_key,
	    sts_tally_copy(&a->reporter->tally, d->name, name, sizeof name));

	return (d->day + 1) * (uint32_t)STS_DAY_S + STS_REPORT_AFTER_S +
	       (uint32_t)(hash % STS_REPORT_SPREAD_S);
}

static void
plan(struct sts_agent *a, uint32_t ref, struct sts_tally_domain *d)
{
	if (d->delivery.due_s == 0) {
		d->delivery.due_s = first_due(a, d);
		sts_tally_deliver(&a->reporter->tally, ref, &d->delivery);
	}
}

/* Whether ref is a domain of a day that is over. */
static bool
waits(const struct sts_tally *t, uint32_t ref, struct sts_tally_domain *d)
{
	if (!sts_tally_is(t, ref)) {
		return false;
	}
	sts_tally_domain(t, ref, d);
	return d->slot != sts_tally_today(t) && d->day != STS_TALLY_NO_DAY;
}

/* The next domain of the round; 0: the round is over. If the domain at hand was
 * dropped between two visits, the rest of its day is left for the next
 * round. */
static uint32_t
next(const struct sts_tally *t, struct sts_report_plan *p)
{
	struct sts_tally_domain d;

	if (p->at != 0 && (!waits(t, p->at, &d) || d.slot != p->slot)) {
		p->at = 0;
		p->slot++;
	}
	while (p->slot < STS_TALLY_DAYS) {
		if (p->slot != sts_tally_today(t)) {
			p->at = sts_tally_next(t, p->slot, p->at);
		}
		if (p->at != 0) {
			return p->at;
		}
		p->slot++;
	}
	return 0;
}

/* Plan a domain's report that was not planned, and note it if it is the next so
 * far. What the operator has ordered (due_s 1) waits for no other. */
static void
look(struct sts_agent *a, struct sts_report_plan *p, uint32_t ref)
{
	struct sts_tally *t = &a->reporter->tally;
	struct sts_tally_domain d;

	if (!waits(t, ref, &d)) {
		return;
	}
	if (d.day < p->hurries) {
		d.delivery.due_s = 1;
		sts_tally_deliver(t, ref, &d.delivery);
	}
	plan(a, ref, &d);
	if (d.delivery.due_s > sts_agent_now_s(a)) {
		return;
	}
	unsigned spent =
	    d.delivery.due_s > 1 ? sts_agent_report_spent(a, ref, 0) : 0;

	if (spent < p->spent ||
	    (spent == p->spent && d.delivery.due_s < p->due_s)) {
		p->spent = (uint8_t)spent;
		p->due_s = d.delivery.due_s;
		p->best = ref;
	}
}

bool
sts_agent_report_plan(struct sts_agent *a, uint32_t *ref)
{
	struct sts_report_plan *p = &a->reporter->plan;
	const struct sts_tally *t = &a->reporter->tally;
	struct sts_tally_domain d;

	if (!p->begun) {
		p->begun = true;
		p->slot = 0;
		p->at = p->best = 0;
		p->spent = UINT8_MAX;
		p->due_s = UINT32_MAX;
	}
	for (unsigned i = 0; i < STS_REPORT_LOOKS; i++) {
		*ref = next(t, p);
		if (*ref == 0) {
			p->begun = false;
			p->hurries = 0;
			/* The domain may have been dropped, and its number be
			 * another's now. */
			*ref = waits(t, p->best, &d) && d.delivery.due_s > 0 &&
				       d.delivery.due_s <= sts_agent_now_s(a)
				   ? p->best
				   : 0;
			return true;
		}
		look(a, p, *ref);
	}
	return false;
}

void
sts_agent_report_plan_all(struct sts_agent *a)
{
	const struct sts_tally *t = &a->reporter->tally;

	a->reporter->plan.begun = false;
	a->reporter->plan.hurries = t->days[sts_tally_today(t)];
}
