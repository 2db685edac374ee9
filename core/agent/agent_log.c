/* SPDX-License-Identifier: MIT */
/*
 * What happened, for the log: a ring of events that the board takes out. When
 * it is full an event is lost, the least important one there is: the oldest of
 * the lowest level, or the new one if all others are above it; a debug event
 * never displaces another. In one step of the agent, between two looks of the
 * board, a client that asks ahead gets many answers. Each answer is a debug
 * event, and while nothing is enforced also a warning of audit, which makes
 * room before other warnings. Of other events a step brings a few. The number
 * of lost events is reported as an event of its own. Strangers cause most
 * events, so nothing may depend on their arrival, and nobody can push out a
 * warning by causing harmless ones. Every event is counted; one of a level that
 * nobody reads is not put into the ring.
 */
#include <string.h>

#include "agent.h"
#include "../base/assert.h"

enum {
	LEVEL_DEBUG = 3
};

/* The event at place k of the ring, the oldest first. */
static struct sts_event *
event_at(struct sts_agent *a, unsigned k)
{
	return &a->log.events[(a->log.head + k) % STS_EVENTS_MAX];
}

/* How soon an event makes room: by its level; of warnings first those of audit,
 * of which every answer of a step brings one while nothing is enforced. */
static unsigned
rank(unsigned code)
{
	return 2 * sts_event_level((enum sts_event_code)code) +
	       (code == STS_EVENT_AUDIT);
}

/* The place of the oldest event of the lowest rank. */
static unsigned
least_important(struct sts_agent *a)
{
	unsigned least = 0;

	for (unsigned k = 1; k < a->log.count; k++) {
		if (rank(event_at(a, k)->code) >
		    rank(event_at(a, least)->code)) {
			least = k;
		}
	}
	return least;
}

/* Take the event at place k out; the older ones move up by one. */
static void
lose(struct sts_agent *a, unsigned k)
{
	for (; k > 0; k--) {
		*event_at(a, k) = *event_at(a, k - 1);
	}
	a->log.head = (uint8_t)((a->log.head + 1) % STS_EVENTS_MAX);
	a->log.count--;
}

/* Make room for an event of this code. False: it is itself the least
 * important. */
static bool
make_room(struct sts_agent *a, enum sts_event_code code)
{
	unsigned least;

	if (a->log.count < STS_EVENTS_MAX) {
		return true;
	}
	a->log.lost++;
	sts_count(&a->metrics, STS_METRIC_EVENTS_LOST);
	least = least_important(a);
	if (sts_event_level(code) >= LEVEL_DEBUG ||
	    rank(code) > rank(event_at(a, least)->code)) {
		return false;
	}
	lose(a, least);
	return true;
}

struct sts_event *
sts_agent_log(struct sts_agent *a, enum sts_event_code code, enum sts_why why,
    struct sts_text text)
{
	struct sts_event *e;
	size_t len = text.n;

	sts_count(&a->metrics, STS_METRIC_EVENTS + code);
	if ((a->log.unread != 0 && sts_event_level(code) >= a->log.unread) ||
	    !make_room(a, code)) {
		return &a->log.events[STS_EVENTS_MAX];
	}
	e = event_at(a, a->log.count);
	a->log.count++;
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

void
sts_agent_events_read(struct sts_agent *a, unsigned level)
{
	STS_ASSERT(level < UINT8_MAX);
	a->log.unread = (uint8_t)(level + 1);
}

bool
sts_agent_event(struct sts_agent *a, struct sts_event *e)
{
	if (a->log.lost > 0 && a->log.count < STS_EVENTS_MAX) {
		uint32_t lost = a->log.lost;

		a->log.lost = 0;
		sts_agent_log(
		    a, STS_EVENT_EVENTS_LOST, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = lost;
	}
	if (a->log.count == 0) {
		return false;
	}
	*e = *event_at(a, 0);
	a->log.head = (uint8_t)((a->log.head + 1) % STS_EVENTS_MAX);
	a->log.count--;
	return true;
}

bool
sts_agent_notice(struct sts_agent *a, enum sts_notice n)
{
	if ((a->log.noticed_once & 1U << n) != 0) {
		return false;
	}
	a->log.noticed_once |= (uint8_t)(1U << n);
	a->log.noticed[n] = a->now;
	return true;
}

void
sts_agent_notices_forget(struct sts_agent *a)
{
	for (unsigned i = 0; i < STS_NOTICES; i++) {
		if (!sts_before(a->now, a->log.noticed[i] + STS_NOTICE_MS)) {
			a->log.noticed_once &= (uint8_t) ~(1U << i);
		}
	}
}
