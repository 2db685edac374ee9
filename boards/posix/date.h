/* SPDX-License-Identifier: MIT */
/* Times for people. The C library's strftime reads time zones, for which it
 * allocates memory; these are all UTC. */
#ifndef STS_DATE_H
#define STS_DATE_H

#include <stdint.h>

enum {
	STS_DATE_MAX = 40
};

/* "2026-01-02 03:04:05 UTC" into out, of seconds since 1970; "" if they are
 * beyond what the system counts. Returns out. */
const char *sts_date(int64_t at_s, char out[STS_DATE_MAX]);

#endif
