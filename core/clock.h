/* SPDX-License-Identifier: MIT */
/*
 * What time it is, and how sure we are. Pure: the caller brings both clocks.
 *
 *	unknown    no wall clock, or one before the build date or the newest
 *	           stamp kept; nothing may be fetched
 *	claimed    plausible, not yet proved; fetching is allowed
 *	confirmed  a policy fetch validated under it; expiry takes effect and
 *	           stamps are written
 *
 * Agent time (seconds since 1970) is what ages are counted in. While running
 * it follows the monotonic clock; it takes on the wall clock at the first
 * claim and, after a step, only when the stepped clock was confirmed. A
 * forward step beyond elapsed time + STS_CLOCK_STEP_S makes the clock claimed
 * again until a policy that was already held was refreshed under it: an
 * attacker who moves the clock owns a certificate for his own domain, not for
 * theirs. A step back is adopted by any fetch that validates under it.
 */
#ifndef STS_CLOCK_H
#define STS_CLOCK_H

#include "base/io.h"

enum {
	STS_CLOCK_STEP_S = 3600
};

enum sts_clock_state {
	STS_CLOCK_UNKNOWN = 0,
	STS_CLOCK_CLAIMED,
	STS_CLOCK_CONFIRMED
};

struct sts_clock {
	/* Private. */
	uint8_t state;
	bool stepped; /* forward: only a held policy confirms */
	sts_ms base_ms;
	int64_t base_s; /* agent time at base_ms */
	int64_t wall_s; /* as last told, < 0: none */
	int64_t floor_s; /* build date or newest stamp */
	uint32_t rest_ms;
};

/*
 * floor_s  the build date or the newest stamp kept, whichever is later
 */
void sts_clock_init(struct sts_clock *c, sts_ms now, int64_t floor_s);

/* A newer stamp was found in storage (before the first claim). */
void sts_clock_floor(struct sts_clock *c, int64_t stamp_s);

/* Take both clocks; wall_s < 0: none. To be called at least daily. */
void sts_clock_tick(struct sts_clock *c, sts_ms now, int64_t wall_s);

/* A fetch validated under the wall clock; `held`: it refreshed a policy that
 * was held before. */
void sts_clock_confirm(struct sts_clock *c, bool held);

enum sts_clock_state sts_clock_state(const struct sts_clock *c);

/* Agent time in seconds; before the first claim it counts from floor_s. */
uint32_t sts_clock_now_s(const struct sts_clock *c);

/* The time to judge certificates under, or -1 while unknown. */
int64_t sts_clock_cert_s(const struct sts_clock *c);

#endif
