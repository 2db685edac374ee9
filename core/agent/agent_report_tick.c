/* SPDX-License-Identifier: MIT */
/* TLS reporting: time. Counting goes before sending; one of them at most takes
 * random octets in a tick. */
#include "agent_state.h"
#include "agent_report_files.h"

void
sts_agent_report_tick(struct sts_agent *a)
{
	if (!sts_agent_report_collect(a)) {
		sts_agent_report_send(a);
	}
}

bool
sts_agent_report_due(const struct sts_agent *a, sts_ms *at)
{
	if (sts_agent_report_collects(a)) {
		*at = a->now;
		return true;
	}
	return sts_agent_report_send_due(a, at);
}
