/* SPDX-License-Identifier: MIT */
/*
 * The Gregorian calendar, also for years before it was in use. Days are counted
 * from 1970-01-01, so that those before are negative.
 */
#ifndef STS_CALENDAR_H
#define STS_CALENDAR_H

#include <stdint.h>

enum {
	STS_CALENDAR_YEAR_MAX = 9999,
	STS_CALENDAR_DAYS_MAX = 2932896 /* 9999-12-31 */
};

struct sts_calendar {
	uint16_t year;
	uint8_t month, day; /* from 1 */
};

/* How many days the month (1..12) of a year (0..9999) has. */
unsigned sts_calendar_month(unsigned year, unsigned month);

/* The days from 1970-01-01 to a date that exists, of the years 0..9999. */
int32_t sts_calendar_days(unsigned year, unsigned month, unsigned day);

/* The date so many days (0..STS_CALENDAR_DAYS_MAX) after 1970-01-01. */
struct sts_calendar sts_calendar_date(uint32_t days);

#endif
