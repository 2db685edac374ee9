/* SPDX-License-Identifier: MIT */
/* TLS reporting: when reports are due, and which is sent next: the one that has
 * been due longest. */
#include "agent.h"

/* When a report is due first: not all at midnight. */
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

/* The report of a slot that has been due longest, if that is before *due_s. */
static void
look_in(struct sts_agent *a, unsigned slot, uint32_t *best, uint32_t *due_s)
{
	struct sts_tally *t = &a->reporter->tally;
	uint32_t ref = 0;

	while ((ref = sts_tally_next(t, slot, ref)) != 0) {
		struct sts_tally_domain d;

		sts_tally_domain(t, ref, &d);
		plan(a, ref, &d);
		if (d.delivery.due_s < *due_s) {
			*due_s = d.delivery.due_s;
			*best = ref;
		}
	}
}

uint32_t
sts_agent_report_plan(struct sts_agent *a)
{
	const struct sts_tally *t = &a->reporter->tally;
	uint32_t due_s = sts_agent_now_s(a) + 1, best = 0;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		if (i != sts_tally_today(t) && t->days[i] != STS_TALLY_NO_DAY) {
			look_in(a, i, &best, &due_s);
		}
	}
	return best;
}
