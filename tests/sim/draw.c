/* SPDX-License-Identifier: MIT */
/* Pseudo-random numbers: splitmix64. */
#include "draw.h"

#include "../splitmix.h"

struct draw
draw_begin(uint64_t seed, const char *purpose, uint64_t n)
{
	struct draw d = { splitmix_of(seed + 0x9e3779b97f4a7c15u) };

	for (; *purpose != '\0'; purpose++) {
		d.s = (d.s ^ (uint8_t)*purpose) * 0x100000001b3u;
	}
	d.s = splitmix_of(d.s ^ splitmix_of(n));
	return d;
}

uint32_t
draw(struct draw *d)
{
	return (uint32_t)(splitmix(&d->s) >> 16);
}

uint32_t
draw_below(struct draw *d, uint32_t n)
{
	return draw(d) % n;
}

int64_t
draw_between(struct draw *d, int64_t lo, int64_t hi)
{
	uint64_t wide = (uint64_t)draw(d) << 32 | draw(d);

	return lo + (int64_t)(wide % (uint64_t)(hi - lo + 1));
}

bool
draw_percent(struct draw *d, unsigned percent)
{
	return draw(d) % 100 < percent;
}
