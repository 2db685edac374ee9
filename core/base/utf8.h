/* SPDX-License-Identifier: MIT */
/*
 * UTF-8 (RFC 3629), byte-fed: overlong forms, surrogates and what is beyond
 * U+10FFFF are refused at the first byte that shows them.
 *
 *	struct sts_utf8 u = { 0, 0, 0, 0 };
 *	for each byte b: if (!sts_utf8_byte(&u, b)) it is not UTF-8;
 *		if (u.left == 0) u.point is the next character;
 *	at the end: u.left > 0 means that a character is incomplete
 */
#ifndef STS_UTF8_H
#define STS_UTF8_H

#include "bytes.h"

struct sts_utf8 {
	uint8_t left; /* bytes that the current character still needs */
	uint8_t low, high; /* private: what its next byte may be */
	uint32_t point; /* the character, when left is 0 */
};

/* Take the next byte. False: no UTF-8; *u must be zeroed before it is used
 * again. */
bool sts_utf8_byte(struct sts_utf8 *u, uint8_t b);

#endif
