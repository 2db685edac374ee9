/* SPDX-License-Identifier: MIT */
/* Certificate dates, without a calendar library. */
#include "x509_time.h"

enum {
	UTC_TIME = 0x17,
	GENERALIZED_TIME = 0x18,
	UTC_LEN = 13,
	GENERALIZED_LEN = 15,
	FIELDS = 5, /* month, day, hour, minute, second */
	DAYS_TO_1970 = 719468 /* from 1 March of year 0 */
};

/* Two digits, or -1. */
static int
two_digits(const uint8_t *p)
{
	if (!sts_is_digit(p[0]) || !sts_is_digit(p[1])) {
		return -1;
	}
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static int
month_days(int year, int month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970 by the Gregorian calendar, counted from 1 March so that the
 * leap day is the last of a year. */
static int32_t
days_since_1970(int year, int month, int day)
{
	int32_t y = month > 2 ? year : year - 1;
	int32_t m = month > 2 ? month - 3 : month + 9;

	if (y < 0) {
		return -(int32_t)DAYS_TO_1970;
	}
	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day -
	       1 - DAYS_TO_1970;
}

/* Year and the number of octets it takes; -1: not a year. */
static int
read_year(uint8_t tag, struct sts_text t, size_t *len)
{
	if (tag == UTC_TIME && t.n == UTC_LEN) {
		int low = two_digits(t.p);

		*len = 2;
		return low < 0 ? -1 : low + (low < 50 ? 2000 : 1900);
	}
	if (tag == GENERALIZED_TIME && t.n == GENERALIZED_LEN) {
		int high = two_digits(t.p);
		int low = two_digits(t.p + 2);

		*len = 4;
		return high < 0 || low < 0 ? -1 : high * 100 + low;
	}
	return -1;
}

bool
sts_x509_time(uint8_t tag, struct sts_text t, int64_t *seconds)
{
	static const int8_t min[FIELDS] = { 1, 1, 0, 0, 0 };
	static const int8_t max[FIELDS] = { 12, 31, 23, 59, 59 };
	size_t pos = 0;
	int year = read_year(tag, t, &pos);
	int f[FIELDS];

	if (year < 0 || t.p[t.n - 1] != 'Z') {
		return false;
	}
	for (size_t i = 0; i < FIELDS; i++) {
		f[i] = two_digits(t.p + pos + 2 * i);
		if (f[i] < min[i] || f[i] > max[i]) {
			return false;
		}
	}
	if (f[1] > month_days(year, f[0])) {
		return false;
	}
	int64_t hours = days_since_1970(year, f[0], f[1]) * 24 + f[2];

	*seconds = (hours * 60 + f[3]) * 60 + f[4];
	return true;
}
