/* SPDX-License-Identifier: MIT */
/*
 * What time it is, and how sure that is. It reads no clock: the caller hands in
 * both.
 *
 *	unknown    no wall clock, or one before the build date or the newest
 *	           stamp kept; nothing may be fetched
 *	claimed    plausible, not yet proved; fetching is allowed
 *	confirmed  a policy fetch validated under it; expiry takes effect and
 *	           stamps are written
 *
 * Agent time (seconds since 1970) is what ages are counted in. Until the first
 * confirmation it follows the wall clock: nothing expires yet, and what is
 * fetched gets the best date there is. From then on it follows the monotonic
 * clock alone and takes on the wall clock only when a fetch confirms that.
 *
 * The wall clock is compared with a line, which runs with the monotonic clock
 * from the first claim, and later from the last confirmation:
 *
 *	up to STS_CLOCK_STEP_S off      the same clock: confirmed, if it ever
 *	                                was; any fetch confirms
 *	further ahead (a forward step) claimed, until a policy that was already
 *	                                held was refreshed under it: an attacker
 *	                                who moves the clock forward has a
 *	                                certificate for his own domain, not for
 *	                                those whose policies he wants to expire
 *	further behind (a step back)    claimed, until any fetch validates
 *	                                under it: it can only make policies
 *	                                live longer
 *
 * So a clock that is moved and moved back is where it was, and one that is
 * moved in small steps is measured by their sum.
 *
 * A start is a step, too: nobody knows how long the power was off. A wall clock
 * up to STS_CLOCK_OFF_S after the newest stamp is confirmed by any fetch. One
 * further ahead takes the refresh of a held policy, or STS_CLOCK_PATIENCE_S
 * without one under a clock that nobody moved: then those that were held are
 * gone, or somebody has kept them away for so long.
 */
#ifndef STS_CLOCK_H
#define STS_CLOCK_H

#include "../base/io.h"

enum {
	STS_CLOCK_STEP_S = 3600,
	STS_CLOCK_OFF_S = 86400, /* since the newest stamp, at a start */
	STS_CLOCK_PATIENCE_S = 7 * 86400
};

enum sts_clock_state {
	STS_CLOCK_UNKNOWN = 0,
	STS_CLOCK_CLAIMED,
	STS_CLOCK_CONFIRMED
};

/* The word for each state, wherever people or programs read it. */
#define STS_CLOCK_UNKNOWN_WORD "unknown"
#define STS_CLOCK_CLAIMED_WORD "claimed"
#define STS_CLOCK_CONFIRMED_WORD "confirmed"

/* The word of a state, for people and programs. */
static inline const char *
sts_clock_state_text(enum sts_clock_state state)
{
	switch (state) {
	case STS_CLOCK_CONFIRMED:
		return STS_CLOCK_CONFIRMED_WORD;
	case STS_CLOCK_CLAIMED:
		return STS_CLOCK_CLAIMED_WORD;
	default:
		return STS_CLOCK_UNKNOWN_WORD;
	}
}

struct sts_clock {
	/* Private. */
	uint8_t state;
	bool claimed; /* the line has begun */
	bool proved; /* agent time was confirmed since start */
	sts_ms base_ms; /* line_s and agent_s are as of then */
	int64_t line_s;
	int64_t agent_s;
	int64_t wall_s; /* as last read, < 0: none or absurd */
	int64_t floor_s; /* build date or newest stamp */
	int64_t stamp_s; /* newest of an earlier run, 0: none */
	int64_t since_s; /* when the last jump was adopted */
	int64_t run_s; /* since init */
	int64_t claim_s; /* run_s at the first claim */
	bool awaits; /* held policies may still come */
};

/*
 * floor_s: the build date or the newest stamp kept, whichever is later; out
 * of 0..2^32-1 it is taken to the nearer end.
 */
void sts_clock_init(struct sts_clock *c, sts_ms now, int64_t floor_s);

/*
 * A newer stamp was found in storage, and with it what sts_clock_since_s was
 * then; an older one changes nothing. It takes effect at the next tick. Best
 * call it before the first claim: later, a wall clock that was plausible until
 * then may no longer be. A jump that this run adopted before counts on, if it is
 * the later one.
 */
void sts_clock_floor(struct sts_clock *c, int64_t stamp_s, int64_t since_s);

/*
 * awaits: policies may be held that have not been read yet, in a journal that
 * comes late or cannot be read. Meanwhile, if nothing was confirmed since the
 * start, only the refresh of a held policy confirms (or, as after a long time
 * without power, STS_CLOCK_PATIENCE_S): otherwise a stranger's fetch would
 * confirm a wrong clock, only because the policies that it makes expire are not
 * known yet.
 */
void sts_clock_awaits(struct sts_clock *c, bool awaits);

/*
 * Take both clocks; wall_s < 0: none (so is one over 2^32-1). To be called at
 * least every 24 days; a monotonic clock that runs back is taken to stand.
 */
void sts_clock_tick(struct sts_clock *c, sts_ms now, int64_t wall_s);

/*
 * A fetch validated. `held`: it refreshed a policy that was held before, and
 * was fetched under a confirmed clock (or nothing at all was held, so that
 * there is nothing to lose). `judged_s`: what sts_clock_cert_s returned when
 * the fetch began. If the wall clock was stepped meanwhile, the fetch proves
 * nothing about its time now, and is ignored: an attacker who can delay a
 * connection must not choose which time it confirms.
 *
 * Agent time becomes the wall clock's. If that is a little ahead, only a held
 * policy has this effect: otherwise a stranger could push agent time forward,
 * fetch by fetch.
 */
void sts_clock_confirm(struct sts_clock *c, bool held, int64_t judged_s);

/* The state as of the last tick. */
enum sts_clock_state sts_clock_state(const struct sts_clock *c);

/* Agent time in seconds as of the last tick; before the first claim it counts
 * from floor_s. */
uint32_t sts_clock_now_s(const struct sts_clock *c);

/*
 * Since when agent time has run without a jump of more than STS_CLOCK_OFF_S:
 * the confirmation at which one was adopted, maybe in an earlier run. Of use
 * while confirmed.
 */
uint32_t sts_clock_since_s(const struct sts_clock *c);

/* The time to judge certificates under, or -1 while unknown. */
int64_t sts_clock_cert_s(const struct sts_clock *c);

#endif
