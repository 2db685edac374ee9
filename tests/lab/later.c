/* SPDX-License-Identifier: MIT */
/* For tests: puts a program's wall clock LATER_S seconds ahead (LD_PRELOAD). */
#define _GNU_SOURCE

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, t);
	const char *later = getenv("LATER_S");

	if (rc == 0 && clock == CLOCK_REALTIME && later != NULL) {
		t->tv_sec += atol(later);
	}
	return rc;
}
