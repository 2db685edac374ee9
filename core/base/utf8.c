/* SPDX-License-Identifier: MIT */
/* UTF-8, by the table of well-formed sequences in RFC 3629 section 4. */
#include "assert.h"
#include "utf8.h"

/* What may follow a first byte: how many bytes, and the range of the second.
 * The narrow ranges shut out overlong forms, surrogates and > U+10FFFF. */
static const struct {
	uint8_t first, last; /* of the first byte */
	uint8_t left, low, high;
} leads[] = {
	{ 0x00, 0x7f, 0, 0, 0 },
	{ 0xc2, 0xdf, 1, 0x80, 0xbf },
	{ 0xe0, 0xe0, 2, 0xa0, 0xbf },
	{ 0xe1, 0xec, 2, 0x80, 0xbf },
	{ 0xed, 0xed, 2, 0x80, 0x9f },
	{ 0xee, 0xef, 2, 0x80, 0xbf },
	{ 0xf0, 0xf0, 3, 0x90, 0xbf },
	{ 0xf1, 0xf3, 3, 0x80, 0xbf },
	{ 0xf4, 0xf4, 3, 0x80, 0x8f },
};

/* The payload bits of a first byte, by the number of bytes that follow. */
static const uint8_t lead_mask[] = { 0x7f, 0x1f, 0x0f, 0x07 };

static bool
lead_byte(struct sts_utf8 *u, uint8_t b)
{
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		if (b >= leads[i].first && b <= leads[i].last) {
			u->left = leads[i].left;
			u->low = leads[i].low;
			u->high = leads[i].high;
			u->point = b & lead_mask[u->left];
			return true;
		}
	}
	return false;
}

bool
sts_utf8_byte(struct sts_utf8 *u, uint8_t b)
{
	STS_ASSERT(u->left <= 3);
	if (u->left == 0) {
		return lead_byte(u, b);
	}
	if (b < u->low || b > u->high) {
		return false;
	}
	u->point = u->point << 6 | (b & 0x3f);
	u->left--;
	u->low = 0x80;
	u->high = 0xbf;
	return true;
}
