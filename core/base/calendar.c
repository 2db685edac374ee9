/* SPDX-License-Identifier: MIT */
/*
 * Years begin on 1 March here, so that the leap day is a year's last, and their
 * months have 30.6 days: (153 * month + 2) / 5 days come before a month.
 */
#include <stdbool.h>

#include "assert.h"
#include "calendar.h"

enum {
	ERA = 146097, /* days of 400 years */
	ERA_YEARS = 400,
	TO_1970 = 719468, /* days from 1 March of the year 0 */
	MONTHS = 12
};

/* Days of `years` years, of which the first begins in March of a year that 400
 * divides. */
static uint32_t
days_of(uint32_t years)
{
	return years * 365 + years / 4 - years / 100 + years / 400;
}

unsigned
sts_calendar_month(unsigned year, unsigned month)
{
	static const uint8_t days[MONTHS] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	STS_ASSERT(month >= 1 && month <= MONTHS);
	return days[month - 1] + (unsigned)(leap && month == 2);
}

int32_t
sts_calendar_days(unsigned year, unsigned month, unsigned day)
{
	bool early = month <= 2; /* in the year that began in March before */
	/* One era is added, so that nothing is negative. */
	uint32_t years = year + ERA_YEARS - early;
	uint32_t since_march = early ? month + 9 : month - 3;

	STS_ASSERT(year <= STS_CALENDAR_YEAR_MAX);
	STS_ASSERT(day >= 1 && day <= sts_calendar_month(year, month));
	return (int32_t)(days_of(years) + (153 * since_march + 2) / 5 + day -
			 1) -
	       TO_1970 - ERA;
}

struct sts_calendar
sts_calendar_date(uint32_t days)
{
	uint32_t all = days + TO_1970;
	uint32_t rest = all % ERA;
	/* Leap days are taken out, of each 4, 100 and 400 years. */
	uint32_t years =
	    (rest - rest / 1460 + rest / 36524 - rest / (ERA - 1)) / 365;
	uint32_t of_year = rest - days_of(years);
	uint32_t month = (5 * of_year + 2) / 153;
	bool early = month >= 10;
	struct sts_calendar date;

	STS_ASSERT(days <= STS_CALENDAR_DAYS_MAX);
	date.year = (uint16_t)(all / ERA * ERA_YEARS + years + early);
	date.month = (uint8_t)(early ? month - 9 : month + 3);
	date.day = (uint8_t)(of_year - (153 * month + 2) / 5 + 1);
	return date;
}
