/* SPDX-License-Identifier: MIT */
/* Time, by the timer that every Cortex-M has. */
#ifndef STS_TICK_H
#define STS_TICK_H

#include "../../core/port.h"

/* Start counting; the core runs at core_hz, a multiple of 1,000 below 16
 * GHz. */
void sts_tick_begin(uint32_t core_hz);

/* Milliseconds since then. */
sts_ms sts_tick_now(void);

/* Sleep until the next interrupt, at most a millisecond. */
void sts_tick_idle(void);

/* The timer's interrupt, for the vectors. */
void sts_tick(void);

#endif
