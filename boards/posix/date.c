/* SPDX-License-Identifier: MIT */
/* Times for people. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <time.h>

#include "date.h"

const char *
sts_date(int64_t at_s, char out[STS_DATE_MAX])
{
	time_t at = (time_t)at_s;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&at, &tm) != NULL) {
		snprintf(out, STS_DATE_MAX, "%04d-%02d-%02d %02d:%02d:%02d UTC",
		    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
		    tm.tm_min, tm.tm_sec);
	}
	return out;
}
