/* SPDX-License-Identifier: MIT */
/* CRC-32: the tables follow from the polynomial. */
#include "prove.h"

#include "../../core/base/crc32.c"

enum {
	OCTETS = 1
};

static uint32_t
by_bits(uint32_t crc, unsigned bits)
{
	for (unsigned bit = 0; bit < bits; bit++) {
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/*
 * @bound any CRC so far and any octet: texts that are not a multiple of four
 * octets are read octet by octet
 * @loop sts_crc32.0 1: no four octets
 * @loop sts_crc32.1 2: an octet
 * @loop by_bits.0 9: bits
 */
void
prove_crc32(void)
{
	uint8_t in[OCTETS] = { nondet_u8() };
	uint32_t crc = nondet_u32(), want = ~crc;
	size_t n = nondet_size();

	ASSUME(n <= OCTETS);
	if (n == 1) {
		want = by_bits(want ^ in[0], 8);
	}
	PROVE(sts_crc32(crc, sts_text(in, n)) == ~want);
}

/*
 * @bound any half octet at any of the eight places of four octets: a CRC is
 * linear, so the eight together give the sum of each alone
 * @loop sts_crc32.0 2: four octets
 * @loop sts_crc32.1 1: none is left
 * @loop by_bits.0 33: bits
 */
void
prove_crc32_quad(void)
{
	uint8_t in[QUAD] = { 0, 0, 0, 0 };
	uint32_t half = nondet_u8() & 0xf;
	unsigned place = nondet_u8() & 7;
	uint32_t crc = half << 4 * place;

	PROVE(sts_crc32(~crc, sts_text(in, QUAD)) == ~by_bits(crc, 32));
}
