/* SPDX-License-Identifier: MIT */
/*
 * The clock: a monotonic line, with which the wall clock is compared. The wall
 * clock may be unset or moved by an attacker (NTP is not authenticated), so it
 * has to be confirmed by a certificate that was judged under it. clock.h has
 * the states.
 */
#include <string.h>

#include "../base/assert.h"
#include "clock.h"

enum {
	MS_PER_S = 1000
};

/* Agent time is kept within 32 bits: until 2106. */
static int64_t
clamp(int64_t s)
{
	if (s < 0) {
		return 0;
	}
	return s > (int64_t)UINT32_MAX ? (int64_t)UINT32_MAX : s;
}

void
sts_clock_init(struct sts_clock *c, sts_ms now, int64_t floor_s)
{
	memset(c, 0, sizeof *c);
	c->base_ms = now;
	c->wall_s = -1;
	c->floor_s = clamp(floor_s);
	c->agent_s = c->floor_s;
}

void
sts_clock_floor(struct sts_clock *c, int64_t stamp_s, int64_t since_s)
{
	stamp_s = clamp(stamp_s);
	if (stamp_s > c->stamp_s) {
		c->stamp_s = stamp_s;
		/* Of two jumps, one of them adopted by this run, the later
		 * counts. */
		if (!c->proved || since_s > c->since_s) {
			c->since_s = clamp(since_s);
		}
	}
	if (stamp_s > c->floor_s) {
		c->floor_s = stamp_s;
	}
	if (!c->claimed && c->agent_s < c->floor_s) {
		c->agent_s = c->floor_s;
	}
}

void
sts_clock_awaits(struct sts_clock *c, bool awaits)
{
	c->awaits = awaits;
}

/* Carry the line and agent time on to `now`; what is below a second stays. */
static void
advance(struct sts_clock *c, sts_ms now)
{
	uint32_t whole_s;

	if (sts_before(now, c->base_ms)) {
		return;
	}
	whole_s = (now - c->base_ms) / MS_PER_S;
	c->base_ms += whole_s * MS_PER_S;
	c->run_s += whole_s;
	c->line_s = clamp(c->line_s + whole_s);
	c->agent_s = clamp(c->agent_s + whole_s);
}

/* A plausible wall clock before any confirmation. */
static void
claim(struct sts_clock *c)
{
	if (!c->claimed) {
		c->claimed = true;
		c->line_s = c->wall_s;
		c->claim_s = c->run_s;
	}
	c->agent_s = c->wall_s;
	c->state = STS_CLOCK_CLAIMED;
}

/* How far the wall clock is ahead of the line. */
static int64_t
ahead_s(const struct sts_clock *c)
{
	STS_ASSERT(c->claimed);
	return c->wall_s - c->line_s;
}

static bool
near(int64_t s)
{
	return s >= -STS_CLOCK_STEP_S && s <= STS_CLOCK_STEP_S;
}

void
sts_clock_tick(struct sts_clock *c, sts_ms now, int64_t wall_s)
{
	advance(c, now);
	c->wall_s = wall_s > (int64_t)UINT32_MAX ? -1 : wall_s;
	if (c->wall_s < c->floor_s) {
		c->state = STS_CLOCK_UNKNOWN;
	} else if (!c->proved) {
		claim(c);
	} else {
		c->state =
		    near(ahead_s(c)) ? STS_CLOCK_CONFIRMED : STS_CLOCK_CLAIMED;
	}
}

/* Agent time as it would be if the power had never been off and no clock had
 * moved. */
static int64_t
expected_s(const struct sts_clock *c)
{
	return c->proved ? c->agent_s : c->stamp_s + c->run_s;
}

/* Whether only a held policy can confirm the wall clock. */
static bool
needs_held(const struct sts_clock *c)
{
	if (ahead_s(c) > STS_CLOCK_STEP_S) {
		return true;
	}
	if (c->proved || c->run_s - c->claim_s >= STS_CLOCK_PATIENCE_S) {
		return false;
	}
	return c->awaits ||
	       (c->stamp_s > 0 && c->wall_s - expected_s(c) > STS_CLOCK_OFF_S);
}

static void
adopt(struct sts_clock *c)
{
	if (c->wall_s - expected_s(c) > STS_CLOCK_OFF_S ||
	    c->since_s > c->wall_s) {
		c->since_s = c->wall_s;
	}
	c->line_s = c->wall_s;
	c->agent_s = c->wall_s;
}

void
sts_clock_confirm(struct sts_clock *c, bool held, int64_t judged_s)
{
	if (c->state == STS_CLOCK_UNKNOWN || judged_s < 0 ||
	    !near(c->wall_s - judged_s) || (!held && needs_held(c))) {
		return;
	}
	if (!c->proved || held || ahead_s(c) < 0) {
		adopt(c);
	}
	c->proved = true;
	c->state = STS_CLOCK_CONFIRMED;
}

enum sts_clock_state
sts_clock_state(const struct sts_clock *c)
{
	return (enum sts_clock_state)c->state;
}

uint32_t
sts_clock_now_s(const struct sts_clock *c)
{
	STS_ASSERT(c->agent_s >= 0);
	return (uint32_t)c->agent_s;
}

uint32_t
sts_clock_since_s(const struct sts_clock *c)
{
	return (uint32_t)c->since_s;
}

int64_t
sts_clock_cert_s(const struct sts_clock *c)
{
	return c->state == STS_CLOCK_UNKNOWN ? -1 : c->wall_s;
}
