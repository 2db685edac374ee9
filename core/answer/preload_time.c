/* SPDX-License-Identifier: MIT */
/*
 * Times of a preload list: seconds since 1970, or RFC 3339 with any fraction
 * and offset. A time that does not fit 32 bits is refused.
 */
#include <string.h>

#include "../base/calendar.h"
#include "../base/text.h"
#include "../grammar/grammar.h"
#include "preload.h"

/* Take `digits` digits off *t, that are at least `min` and at most `max`. */
static bool
take_digits(struct sts_text *t, size_t digits, unsigned min, unsigned max,
    unsigned *out)
{
	uint64_t v = 0;

	if (t->n < digits ||
	    !sts_get_decimal(sts_text(t->p, digits), (unsigned)digits, &v) ||
	    v < min || v > max) {
		return false;
	}
	*t = sts_text_skip(*t, digits);
	*out = (unsigned)v;
	return true;
}

/* Take one of the marks off *t. */
static bool
take_mark(struct sts_text *t, const char *marks)
{
	if (t->n == 0 || t->p[0] == '\0' || strchr(marks, t->p[0]) == NULL) {
		return false;
	}
	*t = sts_text_skip(*t, 1);
	return true;
}

/* "2026-01-02", in days. */
static bool
take_date(struct sts_text *t, uint32_t *out)
{
	unsigned year, month, day;

	if (!take_digits(t, 4, 1970, 9999, &year) || !take_mark(t, "-") ||
	    !take_digits(t, 2, 1, 12, &month) || !take_mark(t, "-") ||
	    !take_digits(t, 2, 1, sts_calendar_month(year, month), &day)) {
		return false;
	}
	*out = (uint32_t)sts_calendar_days(year, month, day);
	return true;
}

/* ".123": a dot and digits, if that is next. */
static void
skip_fraction(struct sts_text *t)
{
	if (t->n > 1 && t->p[0] == '.' && sts_is_digit(t->p[1])) {
		do {
			*t = sts_text_skip(*t, 1);
		} while (t->n > 0 && sts_is_digit(t->p[0]));
	}
}

/* "03:04:05", maybe with a fraction, in seconds. A leap second is the first of
 * the next minute. */
static bool
take_clock(struct sts_text *t, uint32_t *out_s)
{
	unsigned hour, minute, second;

	if (!take_digits(t, 2, 0, 23, &hour) || !take_mark(t, ":") ||
	    !take_digits(t, 2, 0, 59, &minute) || !take_mark(t, ":") ||
	    !take_digits(t, 2, 0, 60, &second)) {
		return false;
	}
	skip_fraction(t);
	*out_s = hour * 3600 + minute * 60 + second;
	return true;
}

/* "Z", or "+hh:mm" from UTC, in seconds. */
static bool
take_offset(struct sts_text t, int64_t *out_s)
{
	unsigned hours, minutes;
	bool west = t.n > 0 && t.p[0] == '-';

	*out_s = 0;
	if (take_mark(&t, "Zz")) {
		return t.n == 0;
	}
	if (!take_mark(&t, "+-") || !take_digits(&t, 2, 0, 23, &hours) ||
	    !take_mark(&t, ":") || !take_digits(&t, 2, 0, 59, &minutes) ||
	    t.n > 0) {
		return false;
	}
	*out_s = (int64_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

static bool
fits(int64_t s, uint32_t *out_s)
{
	if (s <= 0 || s > UINT32_MAX) {
		return false;
	}
	*out_s = (uint32_t)s;
	return true;
}

bool
sts_preload_time(struct sts_text t, uint32_t *out_s)
{
	uint32_t day, clock_s;
	int64_t offset_s;
	uint64_t v;

	if (sts_get_decimal(t, 10, &v)) {
		return fits((int64_t)v, out_s);
	}
	if (t.n > STS_PRELOAD_TIME_MAX || !take_date(&t, &day) ||
	    !take_mark(&t, "Tt ") || !take_clock(&t, &clock_s) ||
	    !take_offset(t, &offset_s)) {
		return false;
	}
	return fits((int64_t)day * 86400 + clock_s - offset_s, out_s);
}
