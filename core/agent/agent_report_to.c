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
	return (uint32_t)sts_siphash(a->hash_key, name);
}

uint32_t
sts_agent_report_organisation(const struct sts_agent *a, struct sts_text domain)
{
	return sts_agent_report_hash(a, sts_organisation(domain));
}

/* The place of a name, or the one that it would take. */
static unsigned
place_of(const struct sts_report_counts *c, uint32_t hash)
{
	unsigned least = 0;

	for (unsigned i = 0; i < STS_REPORT_COUNTED; i++) {
		if (c->hash[i] == hash && c->n[i] > 0) {
			return i;
		}
		if (c->n[i] < c->n[least]) {
			least = i;
		}
	}
	return least;
}

unsigned
sts_agent_report_counted(const struct sts_report_counts *c, uint32_t hash)
{
	unsigned i = place_of(c, hash);

	return c->hash[i] == hash ? c->n[i] : 0;
}

void
sts_agent_report_count(struct sts_report_counts *c, uint32_t hash, uint32_t n)
{
	unsigned i = place_of(c, hash);

	if (n == 0) {
		return;
	}
	if (c->hash[i] != hash) {
		c->hash[i] = hash;
		c->n[i] = 0;
	}
	c->n[i] = (uint8_t)(n < UINT8_MAX - (uint32_t)c->n[i] ? c->n[i] + n
							      : UINT8_MAX);
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
