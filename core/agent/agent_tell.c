/* SPDX-License-Identifier: MIT */
/*
 * What happened, for the log: a ring of events that the board takes out. When
 * it is full the oldest is lost, except that a debug event never displaces
 * another; the number of lost events is reported as an event of its own.
 * Strangers cause most events, so that nothing may depend on their arrival.
 */
#include <string.h>

#include "agent.h"

enum {
	LEVEL_DEBUG = 3
};

struct sts_event *
sts_agent_tell(struct sts_agent *a, enum sts_event_code code, enum sts_why why,
    struct sts_text text)
{
	struct sts_event *e;
	size_t len = text.n;

	sts_count(&a->metrics, STS_METRIC_EVENTS + code);
	if (a->tell.count == STS_EVENTS_MAX) {
		a->tell.lost++;
		sts_count(&a->metrics, STS_METRIC_EVENTS_LOST);
	}
	if (a->tell.count == STS_EVENTS_MAX &&
	    sts_event_level(code) >= LEVEL_DEBUG) {
		/* Not worth the loss of another: dropped. */
		return &a->tell.events[STS_EVENTS_MAX];
	}
	if (a->tell.count == STS_EVENTS_MAX) {
		/* The oldest goes; the count of the lost is told later. */
		a->tell.head = (uint8_t)((a->tell.head + 1) % STS_EVENTS_MAX);
		a->tell.count--;
	}
	e = &a->tell.events[(a->tell.head + a->tell.count) % STS_EVENTS_MAX];
	a->tell.count++;
	memset(e, 0, sizeof *e);
	e->code = (uint8_t)code;
	e->why = (uint8_t)why;
	if (len > sizeof e->text) {
		len = sizeof e->text;
	}
	if (len > 0) {
		memcpy(e->text, text.p, len);
	}
	e->text_len = (uint8_t)len;
	return e;
}

bool
sts_agent_event(struct sts_agent *a, struct sts_event *e)
{
	if (a->tell.lost > 0 && a->tell.count < STS_EVENTS_MAX) {
		uint32_t lost = a->tell.lost;

		a->tell.lost = 0;
		sts_agent_tell(
		    a, STS_EVENT_EVENTS_LOST, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = lost;
	}
	if (a->tell.count == 0) {
		return false;
	}
	*e = a->tell.events[a->tell.head];
	a->tell.head = (uint8_t)((a->tell.head + 1) % STS_EVENTS_MAX);
	a->tell.count--;
	return true;
}

bool
sts_agent_notice(struct sts_agent *a, enum sts_notice n)
{
	if ((a->tell.noticed_once & 1U << n) != 0) {
		return false;
	}
	a->tell.noticed_once |= (uint8_t)(1U << n);
	a->tell.noticed[n] = a->now;
	return true;
}

void
sts_agent_notices_forget(struct sts_agent *a)
{
	for (unsigned i = 0; i < STS_NOTICES; i++) {
		if (!sts_before(a->now, a->tell.noticed[i] + STS_NOTICE_MS)) {
			a->tell.noticed_once &= (uint8_t) ~(1U << i);
		}
	}
}
