/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-random numbers. Each purpose has its own sequence, derived from the
 * run's seed, so that leaving one thing out of a run changes nothing about what
 * the others draw. Because of that a failing run can be made smaller.
 */
#ifndef STS_SIM_DRAW_H
#define STS_SIM_DRAW_H

#include <stdbool.h>
#include <stdint.h>

struct draw {
	uint64_t s;
};

/* A sequence for (seed, purpose, n). */
struct draw draw_begin(uint64_t seed, const char *purpose, uint64_t n);

uint32_t draw(struct draw *d);

/* draw_below: 0..n-1, n >= 1; draw_between: lo..hi. */
uint32_t draw_below(struct draw *d, uint32_t n);
int64_t draw_between(struct draw *d, int64_t lo, int64_t hi);
bool draw_percent(struct draw *d, unsigned percent);

#endif
