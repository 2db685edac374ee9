/* SPDX-License-Identifier: MIT */
/*
 * The driver's listeners: opened and closed by the board, and clients taken
 * from them.
 *
 *	open         the board has it
 *	ready        the port has reported it, or it was not taken to its end
 *	paused       no place was free, or no channel: its events are masked
 *
 * After LIMIT all accepting is limited (accept_limited): paused listeners try
 * again when a channel was closed and a place is free, or at accept_at, when a
 * client may have become idle enough to make room. Strangers who take every
 * place can delay others so, and nothing else.
 */
#include "base/assert.h"
#include "driver_lists.h"

enum {
	ACCEPTS_MAX = 16, /* clients taken from one listener in a pass */
	RETRY_MS = 1000 /* after the port answered LIMIT to accept */
};

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

/* Listeners that were paused try again: a channel has become free. */
static void
resume_accepting(struct sts_driver *d)
{
	for (unsigned i = 0; i < d->listeners; i++) {
		if (d->listener[i].open && d->listener[i].paused) {
			d->listener[i].paused = false;
			d->listener[i].ready = true;
			d->port->want(d->port->ctx, sts_driver_listener(d, i),
			    STS_EV_RECV);
		}
	}
	d->accept_limited = d->closed_any = false;
}

/* Stop accepting until a channel is closed, or for a while. */
static void
pause_accepting(struct sts_driver *d, unsigned i)
{
	bool soon = sts_agent_clients_full(d->agent, d->now);

	d->listener[i].paused = true;
	d->accept_limited = true;
	d->closed_any = false;
	d->accept_at =
	    d->now + (soon ? (sts_ms)STS_CLIENT_YIELD_MS : (sts_ms)RETRY_MS);
	d->port->want(d->port->ctx, sts_driver_listener(d, i), 0);
	sts_driver_enlist_stirred(d, 0);
}

static enum sts_client_kind
kind_of(uint8_t protocol)
{
	switch (protocol) {
	case STS_PROTOCOL_TEXT:
		return STS_CLIENT_TEXT;
	case STS_PROTOCOL_TEXT_REPORTS:
		return STS_CLIENT_TEXT_REPORTS;
	default:
		return STS_CLIENT_SOCKETMAP;
	}
}

/* Take clients that wait at a listener, while there are places for them:
 * ACCEPTS_MAX in a pass, so that those who are there are served between. */
static void
accept_clients(struct sts_driver *d, unsigned i)
{
	sts_ch ch = sts_driver_listener(d, i);

	d->listener[i].ready = false;
	for (unsigned k = 0; k < ACCEPTS_MAX; k++) {
		uint16_t id = sts_agent_client_free(d->agent);
		int r = STS_IO_LIMIT;

		if (id != STS_NODE_NONE) {
			r = d->port->accept(d->port->ctx, ch, id);
		}
		if (r == STS_IO_LIMIT) {
			pause_accepting(d, i);
			return;
		}
		if (r != 0) {
			return;
		}
		sts_driver_opened(&d->nodes[id], STS_EV_SEND, STS_EV_RECV);
		sts_agent_client_open(
		    d->agent, id, kind_of(d->listener[i].protocol), d->now);
		sts_driver_enlist(d, id);
	}
	d->listener[i].ready = true;
}

/* After LIMIT: a channel was closed since and there is a place, or a while has
 * passed and somebody may have become idle enough to make room. */
static bool
may_resume(const struct sts_driver *d)
{
	bool place = sts_agent_client_free(d->agent) != STS_NODE_NONE;

	return d->accept_limited &&
	       ((d->closed_any && place) || !sts_before(d->now, d->accept_at));
}

void
sts_driver_accept(struct sts_driver *d)
{
	if (may_resume(d)) {
		resume_accepting(d);
	}
	for (unsigned i = 0; i < d->listeners; i++) {
		if (d->listener[i].open && d->listener[i].ready &&
		    !d->listener[i].paused && !sts_driver_takes_reports(d, i)) {
			accept_clients(d, i);
		}
	}
}

bool
sts_driver_may_accept(const struct sts_driver *d)
{
	if (!STS_SOCKETMAP) {
		return false;
	}
	for (unsigned i = 0; i < d->listeners; i++) {
		if (d->listener[i].ready && !d->listener[i].paused) {
			return true;
		}
	}
	return may_resume(d);
}
