/* SPDX-License-Identifier: MIT */
/* The two clocks. */
#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include "posix.h"

sts_ms
sts_posix_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (
	    sts_ms)((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

int64_t
sts_posix_wall_s(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_REALTIME, &t) != 0) {
		return -1;
	}
	return (int64_t)t.tv_sec;
}
