/* SPDX-License-Identifier: MIT */
/*
 * A reader of gzip files with fixed codes, for tests of the writer. It has RFC
 * 1951's tables of its own and shares no code with the writer.
 */
#ifndef UNIT_INFLATE_H
#define UNIT_INFLATE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../core/base/crc32.h"

struct inflate {
	const uint8_t *in;
	size_t len, bit;
};

static unsigned
inflate_bits(struct inflate *s, unsigned n)
{
	unsigned v = 0;

	for (unsigned i = 0; i < n; i++, s->bit++) {
		if (s->bit / 8 >= s->len) {
			abort();
		}
		v |= (unsigned)(s->in[s->bit / 8] >> s->bit % 8 & 1) << i;
	}
	return v;
}

/* A code of n bits, the highest first. */
static unsigned
inflate_code(struct inflate *s, unsigned code, unsigned n)
{
	while (n-- > 0) {
		code = code << 1 | inflate_bits(s, 1);
	}
	return code;
}

static unsigned
inflate_symbol(struct inflate *s)
{
	unsigned v = inflate_code(s, 0, 7);

	if (v < 24) {
		return v + 256;
	}
	v = inflate_code(s, v, 1);
	if (v >= 0x30 && v < 0xc0) {
		return v - 0x30;
	}
	if (v >= 0xc0 && v < 0xc8) {
		return v - 0xc0 + 280;
	}
	return inflate_code(s, v, 1) - 0x190 + 144;
}

/* Unpack in[0..len) to `out`. Returns the number of octets. Aborts on any
 * fault. */
static size_t
inflate_gzip(const uint8_t *in, size_t len, uint8_t *out, size_t size)
{
	static const uint16_t length[] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15,
		17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163,
		195, 227, 258 };
	static const uint8_t length_bits[] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1,
		1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
	static const uint16_t distance[] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25,
		33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537 };
	struct inflate s = { in + 10, len - 18, 0 };
	size_t n = 0;

	if (len < 18 || in[0] != 0x1f || in[1] != 0x8b || in[2] != 8 ||
	    in[3] != 0 || inflate_bits(&s, 3) != 3) {
		abort();
	}
	for (;;) {
		unsigned symbol = inflate_symbol(&s);

		if (symbol == 256) {
			break;
		}
		if (n >= size || symbol > 285) {
			abort();
		}
		if (symbol < 256) {
			out[n++] = (uint8_t)symbol;
			continue;
		}
		unsigned l = length[symbol - 257] +
			     inflate_bits(&s, length_bits[symbol - 257]);
		unsigned c = inflate_code(&s, 0, 5);
		unsigned d = c < 22 ? distance[c] + inflate_bits(&s,
							c < 4 ? 0 : (c - 2) / 2)
				    : 0;

		if (d == 0 || d > n || l > size - n) {
			abort();
		}
		while (l-- > 0) {
			out[n] = out[n - d];
			n++;
		}
	}
	if ((s.bit + 7) / 8 != s.len ||
	    sts_crc32(0, sts_text(out, n)) != sts_get32le(in + len - 8) ||
	    n != sts_get32le(in + len - 4)) {
		abort();
	}
	return n;
}

#endif
