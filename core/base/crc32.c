/* SPDX-License-Identifier: MIT */
/* CRC-32, half an octet at a time: by octets it is faster, for a kilobyte. */
#include "crc32.h"

/* The remainders of half octets by the reversed polynomial 0xedb88320. */
static const uint32_t table[16] = {
	0x00000000,
	0x1db71064,
	0x3b6e20c8,
	0x26d930ac,
	0x76dc4190,
	0x6b6b51f4,
	0x4db26158,
	0x5005713c,
	0xedb88320,
	0xf00f9344,
	0xd6d6a3e8,
	0xcb61b38c,
	0x9b64c2b0,
	0x86d3d2d4,
	0xa00ae278,
	0xbdbdf21c,
};

uint32_t
sts_crc32(uint32_t crc, struct sts_text t)
{
	crc = ~crc;
	for (size_t i = 0; i < t.n; i++) {
		crc ^= t.p[i];
		crc = crc >> 4 ^ table[crc & 0xf];
		crc = crc >> 4 ^ table[crc & 0xf];
	}
	return ~crc;
}
