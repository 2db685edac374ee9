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
	if (a->event_count == STS_EVENTS_MAX) {
		a->events_lost++;
		sts_count(&a->metrics, STS_METRIC_EVENTS_LOST);
	}
	if (a->event_count == STS_EVENTS_MAX &&
	    sts_event_level(code) >= LEVEL_DEBUG) {
		/* Not worth the loss of another: dropped. */
		return &a->events[STS_EVENTS_MAX];
	}
	if (a->event_count == STS_EVENTS_MAX) {
		/* The oldest goes; the count of the lost is told later. */
		a->event_head = (uint8_t)((a->event_head + 1) % STS_EVENTS_MAX);
		a->event_count--;
	}
	e = &a->events[(a->event_head + a->event_count) % STS_EVENTS_MAX];
	a->event_count++;
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
	if (a->events_lost > 0 && a->event_count < STS_EVENTS_MAX) {
		uint32_t lost = a->events_lost;

		a->events_lost = 0;
		sts_agent_tell(
		    a, STS_EVENT_EVENTS_LOST, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = lost;
	}
	if (a->event_count == 0) {
		return false;
	}
	*e = a->events[a->event_head];
	a->event_head = (uint8_t)((a->event_head + 1) % STS_EVENTS_MAX);
	a->event_count--;
	return true;
}

/* Whether a complaint may be made now, or was made a moment ago. */
bool
sts_agent_notice(struct sts_agent *a, enum sts_notice n)
{
	if ((a->noticed_once & 1U << n) != 0) {
		return false;
	}
	a->noticed_once |= (uint8_t)(1U << n);
	a->noticed[n] = a->now;
	return true;
}
