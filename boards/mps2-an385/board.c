/* SPDX-License-Identifier: MIT */
/*
 * Arm MPS2 with the FPGA image AN385 (DAI0385): UART, timer, watchdog. There is
 * no storage, so nothing outlives a reset.
 */
#include "../mcu/board.h"
#include "../mcu/tick.h"
#include "regs.h"

enum {
	CORE_HZ = 25000000,
	BAUD = 115200,
	MS_PER_S = 1000,
	UART_TX_FULL = 1,
	UART_RX_FULL = 2,
	UART_ON = 3,
	WATCHDOG_ON = 3 /* count; the first time-out is an NMI: a fault */
};

void
sts_board_feed(void)
{
	REG(WDOG_INTCLR) = 1; /* loads the counter anew */
}

void
sts_board_start(void)
{
	sts_tick_begin(CORE_HZ);
	REG(UART0_BAUDDIV) = CORE_HZ / BAUD;
	REG(UART0_CTRL) = UART_ON;
	REG(WDOG_LOCK) = WDOG_UNLOCK;
	REG(WDOG_LOAD) = CORE_HZ / MS_PER_S * STS_BOARD_PASS_MS;
	REG(WDOG_CONTROL) = WATCHDOG_ON;
}

void
sts_board_put(char c)
{
	while ((REG(UART0_STATE) & UART_TX_FULL) != 0) {
	}
	REG(UART0_DATA) = (uint8_t)c;
}

/* No bit shows that an octet has left. It has when there is room for the second
 * of two more, which the reset may cut. */
void
sts_board_flush(void)
{
	sts_board_put('\n');
	sts_board_put('\n');
}

int
sts_board_get(void)
{
	if ((REG(UART0_STATE) & UART_RX_FULL) == 0) {
		return -1;
	}
	return (int)(REG(UART0_DATA) & 0xff);
}

const struct sts_store *
sts_board_store(uint32_t area_size)
{
	(void)area_size;
	return NULL;
}
