/* SPDX-License-Identifier: MIT */
/* The driver's listeners for reports of deliveries: datagrams, and no
 * clients. */
#include "driver_lists.h"

bool
sts_driver_takes_reports(const struct sts_driver *d, unsigned i)
{
	return STS_REPORT && STS_REPORT_SOCKET && d->listener[i].open &&
	       d->listener[i].protocol == STS_PROTOCOL_REPORTS;
}

/* Take the reports that wait at a listener, `most` of them. */
static void
take_reports(struct sts_driver *d, unsigned i, unsigned most)
{
	sts_ch ch = (sts_ch)(d->node_count + i);

	d->listener[i].ready = false;
	for (unsigned k = 0; k < most; k++) {
		struct sts_span room = sts_agent_report_room(d->agent);
		int r = d->port->recv(d->port->ctx, ch, room.p, room.n);

		if (r <= 0) {
			return;
		}
		sts_agent_report_take(d->agent, (size_t)r, d->now);
	}
	d->listener[i].ready = true;
}

void
sts_driver_take_reports(struct sts_driver *d, bool all)
{
	bool any = STS_REPORT && STS_REPORT_SOCKET && d->reports > 0;

	for (unsigned i = 0; any && i < STS_LISTENERS_MAX; i++) {
		if (sts_driver_takes_reports(d, i) &&
		    (all || d->listener[i].ready)) {
			take_reports(
			    d, i, all ? STS_RUN_REPORTS_ALL : STS_RUN_REPORTS);
		}
	}
}
