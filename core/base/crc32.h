/* SPDX-License-Identifier: MIT */
/* CRC-32 (ISO 3309, reflected, 0xedb88320), to find storage that lost bits. */
#ifndef STS_CRC32_H
#define STS_CRC32_H

#include "bytes.h"

/* Carry a CRC on over t. Begin with 0; the CRC of nothing is 0. */
uint32_t sts_crc32(uint32_t crc, struct sts_text t);

#endif
