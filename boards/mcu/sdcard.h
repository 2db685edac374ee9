/* SPDX-License-Identifier: MIT */
/*
 * An SD card as storage for the journal, over SPI (SD Physical Layer
 * Simplified Specification 7). The card is the journal's alone: its areas lie
 * from the first block on. A block of 512 octets is the unit of programming
 * and of erasing; erased is written with 0xff.
 *
 * Calls block until the card is ready: 250 ms at most for a write.
 */
#ifndef STS_SDCARD_H
#define STS_SDCARD_H

#include "../../core/port.h"

/* By the board: the card's select line, a slow clock until it is known (400
 * kHz at most), and an octet out and in. */
void sts_sd_select(bool on);
void sts_sd_fast(bool on);
uint8_t sts_sd_swap(uint8_t out);

/* The storage, two areas of at least area_size octets; NULL: no card, or one
 * that is not understood. */
const struct sts_store *sts_sdcard_begin(uint32_t area_size);

#endif
