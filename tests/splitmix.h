/* SPDX-License-Identifier: MIT */
/* SplitMix64: the pseudo-random numbers of tests. A seed repeats a run. */
#ifndef STS_TEST_SPLITMIX_H
#define STS_TEST_SPLITMIX_H

#include <stdint.h>

/* Spread the bits of z over all 64; different for each z. */
static inline uint64_t
splitmix_of(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The next number; *state is the seed at first. */
static inline uint64_t
splitmix(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return splitmix_of(*state);
}

#endif
