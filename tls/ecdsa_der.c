/* SPDX-License-Identifier: MIT */
/* A reader of one fixed form, for which der.c would be too much. */
#include "ecdsa_der.h"

#include <string.h>

#include "../core/base/assert.h"

/*
 * A value of the given tag at the front of *in, taken off it. Of the lengths
 * only those that can occur are known: below 128, and 128 to 255 in two bytes.
 */
static bool
take(struct sts_text *in, uint8_t tag, struct sts_text *value)
{
	size_t len, at = 2;

	if (in->n < 2 || in->p[0] != tag) {
		return false;
	}
	len = in->p[1];
	if (len == 0x81) {
		if (in->n < 3 || in->p[2] < 128) {
			return false;
		}
		len = in->p[2];
		at = 3;
	} else if (len >= 128) {
		return false;
	}
	if (in->n - at < len) {
		return false;
	}
	*value = sts_text(in->p + at, len);
	*in = sts_text(in->p + at + len, in->n - at - len);
	return true;
}

/* An INTEGER greater than 0 and in its shortest form, in `size` bytes. */
static bool
take_positive(struct sts_text *in, uint8_t *raw, size_t size)
{
	struct sts_text v;

	if (!take(in, 0x02, &v) || v.n == 0 || v.p[0] >= 128) {
		return false;
	}
	if (v.p[0] == 0) {
		if (v.n == 1 || v.p[1] < 128) {
			return false;
		}
		v = sts_text(v.p + 1, v.n - 1);
	}
	if (v.n > size) {
		return false;
	}
	memset(raw, 0, size - v.n);
	memcpy(raw + size - v.n, v.p, v.n);
	return true;
}

bool
sts_ecdsa_der_read(uint8_t *raw, size_t size, struct sts_text der)
{
	struct sts_text both;

	STS_ASSERT(size >= 1);
	STS_ASSERT(size <= STS_ECDSA_SIZE_MAX);
	return take(&der, 0x30, &both) && der.n == 0 &&
	       take_positive(&both, raw, size) &&
	       take_positive(&both, raw + size, size) && both.n == 0;
}
