/* SPDX-License-Identifier: MIT */
/* core/base/calendar: each day has one date, and follows the one before. */
#include "../../core/base/calendar.h"
#include "unit.h"

const char unit_name[] = "calendar";

static const struct {
	const char *name;
	int32_t days;
	unsigned year, month, day;
} dates[] = {
	{ "the first that is counted", -719528, 0, 1, 1 },
	{ "its leap day", -719469, 0, 2, 29 },
	{ "the day after", -719468, 0, 3, 1 },
	{ "the day before", -1, 1969, 12, 31 },
	{ "day 0", 0, 1970, 1, 1 },
	{ "a leap day", 11016, 2000, 2, 29 },
	{ "the end of 32 bits of seconds", 49710, 2106, 2, 7 },
	{ "no leap day", 47540, 2100, 2, 28 },
	{ "the last", STS_CALENDAR_DAYS_MAX, 9999, 12, 31 },
};

START_TEST(each_date_has_its_day)
{
	for (size_t i = 0; i < UNIT_COUNT(dates); i++) {
		struct sts_calendar date;

		unit_int(dates[i].name,
		    sts_calendar_days(
			dates[i].year, dates[i].month, dates[i].day),
		    dates[i].days);
		if (dates[i].days >= 0) {
			date = sts_calendar_date((uint32_t)dates[i].days);
			unit_int(dates[i].name, date.year, dates[i].year);
			unit_int(dates[i].name, date.month, dates[i].month);
			unit_int(dates[i].name, date.day, dates[i].day);
		}
	}
}
END_TEST

/* Leap years are those that 4 divides, of those that 100 divides only those that
 * 400 does. All days in turn are the numbers in turn. */
START_TEST(the_days_follow_each_other)
{
	static const unsigned lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
		31, 30, 31 };
	int32_t days = -719528;

	for (unsigned year = 0; year <= STS_CALENDAR_YEAR_MAX; year++) {
		bool leap =
		    year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);

		for (unsigned month = 1; month <= 12; month++) {
			unsigned n = sts_calendar_month(year, month);

			ck_assert_uint_eq(
			    n, lengths[month - 1] + (leap && month == 2));
			for (unsigned day = 1; day <= n; day++, days++) {
				struct sts_calendar is;

				ck_assert_int_eq(
				    sts_calendar_days(year, month, day), days);
				if (days < 0) {
					continue;
				}
				is = sts_calendar_date((uint32_t)days);
				ck_assert(is.year == year &&
					  is.month == month && is.day == day);
			}
		}
	}
	ck_assert_int_eq(days, STS_CALENDAR_DAYS_MAX + 1);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_date_has_its_day);
	tcase_add_test(tc, the_days_follow_each_other);
}
