/* SPDX-License-Identifier: MIT */
/* Bytes: comparisons and decimal numbers without locale or stdio. */
#include <string.h>

#include "assert.h"
#include "bytes.h"

bool
sts_same_nocase(struct sts_text a, struct sts_text b)
{
	if (a.n != b.n) {
		return false;
	}
	for (size_t i = 0; i < a.n; i++) {
		if (a.p[i] != b.p[i] &&
		    sts_lower(a.p[i]) != sts_lower(b.p[i])) {
			return false;
		}
	}
	return true;
}

bool
sts_text_same(struct sts_text a, struct sts_text b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
sts_text_is(struct sts_text a, const char *s)
{
	size_t n = strlen(s);

	return a.n == n && (n == 0 || memcmp(a.p, s, n) == 0);
}

/* Take the last decimal digit off v >= 2^32, by divisions of 32 bits, since
 * small machines need a library to divide longer numbers. */
static uint32_t
take_digit(uint64_t *v)
{
	uint32_t high = (uint32_t)(*v >> 32), low = (uint32_t)*v;
	uint32_t upper = high % 10 << 16 | low >> 16;
	uint32_t lower = upper % 10 << 16 | (low & 0xffff);

	*v = (uint64_t)(high / 10) << 32 | (uint64_t)(upper / 10) << 16 |
	     lower / 10;
	return lower % 10;
}

size_t
sts_put_decimal(uint8_t out[20], uint64_t v)
{
	uint8_t reversed[10]; /* what is beyond 32 bits */
	size_t high = 0, n = 1;
	uint32_t low;

	while (v > UINT32_MAX) {
		STS_ASSERT(high < sizeof reversed);
		reversed[high++] = (uint8_t)('0' + take_digit(&v));
	}
	low = (uint32_t)v;
	for (uint32_t rest = low; rest >= 10; rest /= 10) {
		n++;
	}
	for (size_t i = n; i > 0; i--) {
		out[i - 1] = (uint8_t)('0' + low % 10);
		low /= 10;
	}
	while (high > 0) {
		out[n++] = reversed[--high];
	}
	return n;
}

bool
sts_get_decimal(struct sts_text t, unsigned max, uint64_t *v)
{
	uint64_t sum = 0;

	if (t.n == 0 || t.n > max) {
		return false;
	}
	for (size_t i = 0; i < t.n; i++) {
		unsigned digit = (unsigned)t.p[i] - '0';

		if (digit > 9 || sum > UINT64_MAX / 10 ||
		    sum * 10 > UINT64_MAX - digit) {
			return false;
		}
		sum = sum * 10 + digit;
	}
	*v = sum;
	return true;
}

void
sts_wipe(void *p, size_t n)
{
	/* A compiler may not know where this points to, and so not leave out
	 * what nothing reads again. */
	void *volatile there = p;

	memset(there, 0, n);
}
