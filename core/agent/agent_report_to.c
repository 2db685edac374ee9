/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: the destination at hand, for both ways to send
 * (agent_report_post.c, agent_report_mail.c): the name it is counted by,
 * whether the last octet may leave for it, and its outcome.
 */
#include "agent.h"
#include "agent_report_files.h"
#include "../cache/organisation.h"

enum {
	BY_MAIL = 0, /* in the order of the metric's label */
	BY_HTTPS
};

STS_STATIC_ASSERT(
    (int)STS_TLSRPT_RUA_MAX <= (int)STS_REPORT_REFUSED_SHIFT, done_fits);

void
sts_agent_report_stir(struct sts_agent *a, unsigned child)
{
	sts_agent_stir(a, (uint16_t)(a->first_report + child));
}

uint32_t
sts_agent_report_hash(const struct sts_agent *a, struct sts_text name)
{
	uint8_t folded[STS_TLSRPT_ADDRESS_MAX];
	size_t len = 0;

	/* Whoever writes a record chooses among the spellings of a host. No
	 * address is longer. */
	for (; len < name.n && len < sizeof folded; len++) {
		folded[len] = sts_lower(name.p[len]);
	}
	return (uint32_t)sts_siphash(a->hash_key, sts_text(folded, len));
}

unsigned
sts_agent_report_count(const struct sts_agent *a, struct sts_report_counts *c,
    struct sts_text name, uint32_t n)
{
	struct sts_report_count *at = c->of, *p = c->of;
	uint32_t hash = sts_agent_report_hash(a, name);

	for (; p < c->of + STS_REPORT_COUNTED && at->hash != hash; p++) {
		if (p->hash == hash || p->n < at->n) {
			at = p;
		}
	}
	n += at->hash == hash ? at->n : 0;
	n = n < UINT8_MAX ? n : (uint32_t)UINT8_MAX;
	if (n > 0) {
		at->hash = hash;
		at->n = n;
	}
	return n;
}

unsigned
sts_agent_report_spent(struct sts_agent *a, uint32_t ref, uint32_t n)
{
	struct sts_agent_report *r = a->reporter;
	uint8_t name[STS_NAME_MAX];
	struct sts_tally_domain d;

	sts_tally_domain(&r->tally, ref, &d);
	return sts_agent_report_count(a, &r->today.spent,
	    sts_organisation(
		sts_tally_copy(&r->tally, d.name, name, sizeof name)),
	    n);
}

struct sts_text
sts_agent_report_destination(const struct sts_agent_report *r)
{
	return r->to.scheme == STS_TLSRPT_MAILTO
		   ? sts_text(r->to.address, r->to.address_len)
		   : r->to.host;
}

/* Whether the last octet may leave: if the board keeps marks, this one is
 * written. */
bool
sts_agent_report_may_end(struct sts_agent_report *r)
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

/* The outcome of the destination at hand. */
void
sts_agent_report_settle(struct sts_agent *a, enum sts_report_outcome outcome)
{
	struct sts_agent_report *r = a->reporter;
	uint8_t bit = (uint8_t)(1U << r->to.number);
	struct sts_tally_domain d;

	sts_tally_domain(&r->tally, r->ref, &d);
	if (outcome == STS_REPORT_LATER) {
		d.delivery.done &= (uint8_t)~bit;
		r->any_left = true;
	} else {
		d.delivery.done |= bit;
	}
	if (outcome == STS_REPORT_NEVER) {
		d.delivery.done |= (uint8_t)(bit << STS_REPORT_REFUSED_SHIFT);
	}
	if (outcome == STS_REPORT_HAS_IT) {
		bool mail = r->to.scheme == STS_TLSRPT_MAILTO;

		sts_count(&a->metrics,
		    STS_METRIC_REPORTS + (mail ? BY_MAIL : BY_HTTPS));
	}
	sts_tally_deliver(&r->tally, r->ref, &d.delivery);
	r->step = STS_REPORT_CHOOSES;
}
