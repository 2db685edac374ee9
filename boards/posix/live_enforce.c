/* SPDX-License-Identifier: MIT */
/*
 * The kill switch. It is in both sets, and in the journal if it has an end:
 * `ordered` says whose word counts, the operator's of this run or the
 * journal's.
 *
 * An attacker who keeps the time from us must not keep enforcement off: an
 * order that is kept over a restart ends by a time that is known, and by no
 * other (follow_order).
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>

#include "../../core/agent/inspect.h"
#include "date.h"
#include "live_parts.h"

enum {
	UNTIL_MAX = 64 /* octets of a date in the log */
};

bool
sts_live_enforces(const struct sts_live *l)
{
	return !l->enforce_off;
}

uint32_t
sts_live_off_until_s(const struct sts_live *l)
{
	return l->enforce_off ? l->off_until_s : 0;
}

/* " until 2026-01-02 03:04:05 UTC", or nothing. */
static const char *
until_text(const struct sts_live *l, char out[UNTIL_MAX])
{
	out[0] = '\0';
	if (l->off_until_s != 0) {
		char date[STS_DATE_MAX];

		snprintf(out, UNTIL_MAX, " until %s",
		    sts_date((int64_t)l->off_until_s, date));
	}
	return out;
}

/* why: what switches it. */
static void
enforce(struct sts_live *l, bool on, const char *why, sts_ms now)
{
	l->enforce_off = !on;
	for (unsigned i = 0; i < sizeof l->set / sizeof *l->set; i++) {
		l->set[i].settings.enforce_off = !on;
	}
	l->remind_at = now + STS_LIVE_REMIND_MS;
	if (on) {
		sts_log_line(l->log, STS_LOG_WARNING,
		    "enforcement is switched on%s", why);
	} else {
		char until[UNTIL_MAX];

		sts_log_line(l->log, STS_LOG_WARNING,
		    "enforcement is switched off%s%s: no policy is in force "
		    "until it is switched on again",
		    until_text(l, until), why);
	}
}

void
sts_live_enforce(struct sts_live *l, bool on, uint32_t off_until_s, sts_ms now)
{
	bool same =
	    on == sts_live_enforces(l) && (on || l->off_until_s == off_until_s);

	l->ordered = true;
	l->off_until_s = on ? 0 : off_until_s;
	sts_agent_set_off(l->agent, l->off_until_s);
	if (!same) {
		enforce(l, on, "", now);
	}
}

/* The daemon that kept the journal until now has withdrawn the order that was
 * taken over from it, or shortened it to an end that has passed (kept_s, else 0):
 * so the journal has it, which was read again when its lock came free. Before it
 * is read to its end that is not known. */
static bool
is_withdrawn(const struct sts_live *l, uint32_t kept_s, uint32_t now_s)
{
	struct sts_inspection i;

	sts_inspect(l->agent, &i);
	/* Whether it can be written to now does not matter. */
	return !l->ordered && l->off_until_s != 0 && kept_s != l->off_until_s &&
	       kept_s <= now_s && !sts_inspect_unread(l->agent) &&
	       i.journal != STS_JOURNAL_NEWER;
}

/* The time by which a kept order is judged: the agent's, or the one that it is
 * about to see (-1: none) if that is not behind its own. 0: none is known. */
static uint32_t
known_s(const struct sts_live *l, int64_t wall_s)
{
	uint32_t now_s = sts_agent_now_s(l->agent);
	struct sts_inspection i;

	sts_inspect(l->agent, &i);
	if (i.clock != STS_CLOCK_UNKNOWN) {
		return now_s;
	}
	return wall_s >= now_s && wall_s <= UINT32_MAX ? (uint32_t)wall_s : 0;
}

/* Whether the order that the journal keeps was over before it was taken over. */
static bool
is_over(const struct sts_live *l, uint32_t kept_s, uint32_t time_s)
{
	return !l->ordered && l->off_until_s == 0 && kept_s != 0 &&
	       time_s >= kept_s;
}

/* Whether it is to be taken over: without a time (0) nobody can tell whether its
 * end has come, and whoever keeps the time from us would keep it in force. Until
 * there is one policies are enforced. */
static bool
counts(const struct sts_live *l, uint32_t kept_s, uint32_t time_s)
{
	return !l->ordered && time_s > 0 && kept_s > time_s &&
	       kept_s != l->off_until_s;
}

/* The order that the journal keeps: taken over, withdrawn, or brought up to date
 * where the journal was not there when it was given; and its end. */
static void
follow_order(struct sts_live *l, uint32_t time_s, sts_ms now)
{
	uint32_t kept_s = sts_agent_off_s(l->agent);

	if (counts(l, kept_s, time_s)) {
		l->off_until_s = kept_s;
		enforce(l, false, ", as ordered before the restart", now);
	} else if (is_over(l, kept_s, time_s)) {
		/* A clock that is put back does not revive it. */
		l->ordered = true;
		sts_agent_set_off(l->agent, 0);
	} else if (l->ordered && kept_s != l->off_until_s) {
		sts_agent_set_off(l->agent, l->off_until_s);
	} else if (is_withdrawn(l, kept_s, sts_agent_now_s(l->agent))) {
		l->off_until_s = 0;
		enforce(l, true, ", as the daemon before was ordered", now);
		sts_driver_wake(l->driver);
	}
	if (l->off_until_s != 0 &&
	    sts_agent_now_s(l->agent) >= l->off_until_s) {
		l->ordered = true;
		l->off_until_s = 0;
		sts_agent_set_off(l->agent, 0);
		enforce(l, true, ": the time that was ordered is over", now);
		sts_driver_wake(l->driver);
	}
}

void
sts_live_resume(struct sts_live *l, int64_t wall_s, sts_ms now)
{
	l->resumed = true;
	follow_order(l, known_s(l, wall_s), now);
}

bool
sts_live_resumed(const struct sts_live *l)
{
	return l->resumed;
}

static void
remind(struct sts_live *l, sts_ms now)
{
	if (l->enforce_off && !sts_before(now, l->remind_at)) {
		char until[UNTIL_MAX];

		l->remind_at = now + STS_LIVE_REMIND_MS;
		sts_log_line(l->log, STS_LOG_WARNING,
		    "enforcement is still off%s: no policy is in force "
		    "(mtasts enforce on)",
		    until_text(l, until));
	}
}

void
sts_live_enforce_tick(struct sts_live *l, sts_ms now)
{
	follow_order(l, known_s(l, -1), now);
	remind(l, now);
}
