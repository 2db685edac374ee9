/* SPDX-License-Identifier: MIT */
/* The driver's listeners as the board opens and closes them. */
#include "base/assert.h"
#include "driver.h"

sts_ch
sts_driver_listener(const struct sts_driver *d, unsigned i)
{
	STS_ASSERT(i < STS_LISTENERS_MAX);
	return (sts_ch)(d->node_count + i);
}

void
sts_listen(struct sts_driver *d, sts_ch ch, enum sts_protocol protocol)
{
	unsigned i = (unsigned)ch - d->node_count;

	STS_ASSERT(protocol == STS_PROTOCOL_REPORTS
		       ? STS_REPORT && STS_REPORT_SOCKET &&
			     d->agent->config.report_memory > 0
		       : STS_SOCKETMAP);
	STS_ASSERT(i < STS_LISTENERS_MAX);
	STS_ASSERT(!d->listener[i].open);
	d->reports = (uint8_t)(d->reports + (protocol == STS_PROTOCOL_REPORTS));
	d->listeners = (uint8_t)(i < d->listeners ? d->listeners : i + 1);
	d->listener[i].open = true;
	d->listener[i].ready = true;
	d->listener[i].paused = false;
	d->listener[i].protocol = (uint8_t)protocol;
}

void
sts_unlisten(struct sts_driver *d, sts_ch ch)
{
	unsigned i = (unsigned)ch - d->node_count;

	STS_ASSERT(i < STS_LISTENERS_MAX);
	d->reports = (uint8_t)(d->reports - sts_driver_takes_reports(d, i));
	d->listener[i].open = false;
	d->listener[i].ready = false;
}
