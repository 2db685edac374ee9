/* SPDX-License-Identifier: MIT */
/*
 * The end of the chip's own flash as storage for the journal: written and
 * compiled, never run, since QEMU has this flash as ROM.
 */
#ifndef STS_FLASH_H
#define STS_FLASH_H

#include "../../core/port.h"

/* The storage, two areas of at least area_size octets; NULL: the program
 * leaves no room for them. */
const struct sts_store *sts_flash_begin(uint32_t area_size);

#endif
