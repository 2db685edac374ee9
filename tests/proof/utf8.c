/* SPDX-License-Identifier: MIT */
/* UTF-8: whatever is accepted is a character, and every character is
 * accepted. */
#include "prove.h"

#include "../../core/base/utf8.c"

/* RFC 3629 3: the octets of a character. */
static size_t
encode(uint8_t out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/*
 * @bound any octets to the end of a character, which is at most the fourth;
 * then the reader is in its initial state
 * @loop lead_byte.0 10: the table's rows
 * @loop prove_utf8_sound.0 5: a character has at most 4 octets
 * @loop prove_utf8_sound.1 5: a character has at most 4 octets
 */
void
prove_utf8_sound(void)
{
	struct sts_utf8 u = { 0, nondet_u8(), nondet_u8(), nondet_u32() };
	uint8_t in[4], want[4];
	size_t n = 0;

	do {
		PROVE(n < 4);
		in[n] = nondet_u8();
		if (!sts_utf8_byte(&u, in[n])) {
			return;
		}
		n++;
		PROVE(u.left <= 3);
	} while (u.left > 0);
	PROVE(u.point <= 0x10ffff);
	PROVE(u.point < 0xd800 || u.point > 0xdfff);
	PROVE(encode(want, u.point) == n);
	for (size_t i = 0; i < n; i++) {
		PROVE(in[i] == want[i]);
	}
}

/*
 * @bound every character
 * @loop lead_byte.0 10: the table's rows
 * @loop prove_utf8_whole.0 5: a character has at most 4 octets
 */
void
prove_utf8_whole(void)
{
	struct sts_utf8 u = { 0, nondet_u8(), nondet_u8(), nondet_u32() };
	uint32_t c = nondet_u32();
	uint8_t in[4];
	size_t n;

	ASSUME(c <= 0x10ffff && (c < 0xd800 || c > 0xdfff));
	n = encode(in, c);
	for (size_t i = 0; i < n; i++) {
		PROVE(sts_utf8_byte(&u, in[i]));
		PROVE((u.left == 0) == (i == n - 1));
	}
	PROVE(u.point == c);
}
