/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: addresses that the relay has refused for good get no mail for
 * STS_REPORT_PAUSE_S. A few are remembered, by hash, until a restart. A
 * stranger who fills the table with bad addresses of his own ends the pauses of
 * others: that costs one more mail a day for each, and keeps no report back. An
 * operator's order ends all pauses, since the fault may have been mended.
 */
#include <string.h>

#include "agent.h"
#include "agent_report_files.h"

/* How many seconds a pause still lasts. A clock that went back ends it. */
static uint32_t
left_s(const struct sts_agent *a, const struct sts_report_pause *p)
{
	uint32_t now_s = sts_agent_now_s(a);

	return p->until_s <= now_s ||
		       p->until_s - now_s > (uint32_t)STS_REPORT_PAUSE_S
		   ? 0
		   : p->until_s - now_s;
}

bool
sts_agent_report_paused(const struct sts_agent *a, struct sts_text address)
{
	const struct sts_agent_report *r = a->reporter;
	uint32_t hash = sts_agent_report_hash(a, address);

	for (unsigned i = 0; i < STS_REPORT_PAUSES; i++) {
		if (r->pause[i].hash == hash && left_s(a, &r->pause[i]) > 0) {
			return true;
		}
	}
	return false;
}

void
sts_agent_report_pause(struct sts_agent *a, struct sts_text address)
{
	struct sts_agent_report *r = a->reporter;
	struct sts_report_pause *place = &r->pause[0];

	/* The pause that ends first, or has ended, makes room. */
	for (unsigned i = 1; i < STS_REPORT_PAUSES; i++) {
		if (left_s(a, &r->pause[i]) < left_s(a, place)) {
			place = &r->pause[i];
		}
	}
	place->hash = sts_agent_report_hash(a, address);
	place->until_s = sts_agent_now_s(a) + STS_REPORT_PAUSE_S;
}

void
sts_agent_report_unpause(struct sts_agent *a)
{
	memset(a->reporter->pause, 0, sizeof a->reporter->pause);
}
