/* SPDX-License-Identifier: MIT */
/* Certificate dates, without a calendar library. */
#include "../../core/base/calendar.h"
#include "x509_time.h"

enum {
	UTC_TIME = 0x17,
	GENERALIZED_TIME = 0x18,
	UTC_LEN = 13,
	GENERALIZED_LEN = 15,
	FIELDS = 5 /* month, day, hour, minute, second */
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
	unsigned y = (unsigned)year, month = (unsigned)f[0];
	unsigned day = (unsigned)f[1];

	if (day > sts_calendar_month(y, month)) {
		return false;
	}
	int64_t hours = (int64_t)sts_calendar_days(y, month, day) * 24 + f[2];

	*seconds = (hours * 60 + f[3]) * 60 + f[4];
	return true;
}
