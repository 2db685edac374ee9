/* SPDX-License-Identifier: MIT */
/* CRC-32: the table is the polynomial's. */
#include "prove.h"

#include "../../core/base/crc32.c"

enum {
	OCTETS = 1
};

/*
 * @bound any CRC so far and any octet: an octet at a time is all that it does
 * @loop sts_crc32.0 2: an octet
 * @loop prove_crc32.1 2: an octet
 * @loop prove_crc32.0 9: bits
 */
void
prove_crc32(void)
{
	uint8_t in[OCTETS] = { nondet_u8() };
	uint32_t crc = nondet_u32(), want = ~crc;
	size_t n = nondet_size();

	ASSUME(n <= OCTETS);
	for (size_t i = 0; i < n; i++) {
		want ^= in[i];
		for (unsigned bit = 0; bit < 8; bit++) {
			want = want >> 1 ^ (want & 1 ? 0xedb88320 : 0);
		}
	}
	PROVE(sts_crc32(crc, sts_text(in, n)) == ~want);
}
