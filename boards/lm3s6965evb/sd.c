/* SPDX-License-Identifier: MIT */
/*
 * The board's microSD socket: SSI0, selected by port D's pin 0; and which
 * storage the journal has.
 */
#include "../../core/base/sts_config.h"
#include "../mcu/board.h"
#include "../mcu/sdcard.h"
#include "flash.h"
#include "regs.h"

/* 1: the journal lives in the chip's own flash, not on the card. */
#ifndef STS_BOARD_STORE_FLASH
#define STS_BOARD_STORE_FLASH 0
#endif

enum {
	SSI_ON = 2,
	SSI_8_BITS_SPI = 7,
	SSI_RX_FILLED = 4,
	SLOW = 126, /* 50 MHz by that: 397 kHz */
	FAST = 4 /* 12.5 MHz */
};

void
sts_sd_select(bool on)
{
	REG(GPIO_D + (PIN_SD_SELECT << 2)) = on ? 0 : PIN_SD_SELECT;
}

void
sts_sd_fast(bool on)
{
	REG(SSI0_CR1) = 0;
	REG(SSI0_CPSR) = on ? FAST : SLOW;
	REG(SSI0_CR0) = SSI_8_BITS_SPI;
	REG(SSI0_CR1) = SSI_ON;
}

uint8_t
sts_sd_swap(uint8_t out)
{
	REG(SSI0_DR) = out;
	while ((REG(SSI0_SR) & SSI_RX_FILLED) == 0) {
	}
	return (uint8_t)REG(SSI0_DR);
}

const struct sts_store *
sts_board_store(uint32_t area_size)
{
	if (STS_BOARD_STORE_FLASH) {
		return sts_flash_begin(area_size);
	}
	REG(GPIO_D + GPIO_DIR) |= PIN_SD_SELECT;
	REG(GPIO_D + GPIO_DEN) |= PIN_SD_SELECT;
	return sts_sdcard_begin(area_size);
}
