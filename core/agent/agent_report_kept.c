/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: marks of what was delivered, for a board that keeps them, and
 * the operator's orders. A mark has day and destination in one number, domain
 * and record in the other, since numbers of the tally end with the process.
 */
#include "agent.h"
#include "../base/crc32.h"

static uint32_t
check_of(const struct sts_tally *t, const struct sts_tally_domain *d)
{
	uint8_t name[STS_NAME_MAX], sum[4];

	sts_put32le(sum, d->record_sum);
	return sts_crc32(
	    sts_crc32(0, sts_tally_copy(t, d->name, name, sizeof name)),
	    sts_text(sum, sizeof sum));
}

void
sts_agent_report_keeps(struct sts_agent *a)
{
	a->reporter->keeps = true;
}

bool
sts_agent_report_mark(
    const struct sts_agent *a, uint32_t *number, uint32_t *check)
{
	const struct sts_agent_report *r = a->reporter;
	struct sts_tally_domain d;

	if (!r->mark_waits || r->step != STS_REPORT_SENDS) {
		return false;
	}
	sts_tally_domain(&r->tally, r->ref, &d);
	*number = d.day << 8 | r->to.number;
	*check = check_of(&r->tally, &d);
	return true;
}

void
sts_agent_report_marked(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	r->mark_waits = false;
	r->marked = true;
	for (unsigned i = STS_REPORT_LOOKUPS; i < STS_REPORT_CHILDREN; i++) {
		sts_agent_stir(a, (uint16_t)(a->first_report + i));
	}
}

void
sts_agent_report_delivered(struct sts_agent *a, uint32_t number, uint32_t check)
{
	struct sts_tally *t = &a->reporter->tally;
	unsigned slot = 0;
	uint32_t ref = 0;

	while (slot < STS_TALLY_DAYS && t->days[slot] != number >> 8) {
		slot++;
	}
	if (slot == STS_TALLY_DAYS || (number & 0xff) >= STS_TLSRPT_RUA_MAX) {
		return;
	}
	while ((ref = sts_tally_next(t, slot, ref)) != 0) {
		struct sts_tally_domain d;

		sts_tally_domain(t, ref, &d);
		if (check_of(t, &d) == check) {
			d.delivery.done |= (uint8_t)(1U << (number & 0xff));
			sts_tally_deliver(t, ref, &d.delivery);
		}
	}
}

unsigned
sts_agent_report_hurry(struct sts_agent *a, struct sts_text domain)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_tally *t = &r->tally;
	unsigned count = 0;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		uint32_t ref = 0;

		while (i != sts_tally_today(t) &&
		       (ref = domain.n > 0 ? sts_tally_find(t, i, domain, ref)
					   : sts_tally_next(t, i, ref)) != 0) {
			struct sts_tally_domain d;

			sts_tally_domain(t, ref, &d);
			d.delivery.due_s = 1;
			sts_tally_deliver(t, ref, &d.delivery);
			count++;
		}
	}
	r->next_at = a->now;
	return count;
}
