/* SPDX-License-Identifier: MIT */
/*
 * Stellaris LM3S6965 evaluation board: clocks, UART, timer, watchdog. Register
 * names are those of the data sheet (DS-LM3S6965).
 */
#include "../mcu/board.h"
#include "../mcu/tick.h"
#include "regs.h"

enum {
	CORE_HZ = 50000000,
	BAUD = 115200,
	MS_PER_S = 1000,
	DIVIDE_BY_4 = 3, /* of the PLL's 200 MHz */
	RCC_PLL_LOCKED = 1 << 6,
	UART_ON = 0x301,
	UART_8N1_FIFO = 0x70,
	UART_TX_FULL = 1 << 5,
	UART_BUSY = 1 << 3, /* until the last bit of the last octet has left */
	UART_RX_EMPTY = 1 << 4,
	WATCHDOG_ON = 3 /* count, and reset at the second time-out */
};

#define RCC_USE_DIVIDER (1U << 22)
#define RCC_XTAL_8MHZ (0xeU << 6)
#define RCC_XTAL_MASK (0xfU << 6)
#define RCC_POWER_DOWN (1U << 13)
#define RCC_BYPASS (1U << 11)
#define RCC_DIVIDER_MASK (0xfU << 23)
#define RCC_SOURCE_MASK (3U << 4)

/* 50 MHz from the PLL and the crystal, in the order of data sheet 5.3. */
static void
start_clock(void)
{
	uint32_t rcc = REG(SYSCTL_RCC) | RCC_BYPASS;

	rcc &= ~RCC_USE_DIVIDER;
	REG(SYSCTL_RCC) = rcc;
	rcc &= ~(RCC_XTAL_MASK | RCC_SOURCE_MASK | RCC_POWER_DOWN);
	rcc |= RCC_XTAL_8MHZ;
	REG(SYSCTL_RCC) = rcc;
	rcc &= ~RCC_DIVIDER_MASK;
	rcc |= (uint32_t)DIVIDE_BY_4 << 23 | RCC_USE_DIVIDER;
	REG(SYSCTL_RCC) = rcc;
	while ((REG(SYSCTL_RIS) & RCC_PLL_LOCKED) == 0) {
	}
	REG(SYSCTL_RCC) = rcc & ~RCC_BYPASS;
}

static void
start_uart(void)
{
	REG(UART0_CTL) = 0;
	REG(UART0_IBRD) = CORE_HZ / (16 * BAUD);
	REG(UART0_FBRD) = (CORE_HZ % (16 * BAUD) * 64 + 8 * BAUD) / (16 * BAUD);
	REG(UART0_LCRH) = UART_8N1_FIFO;
	REG(UART0_CTL) = UART_ON;
}

/* The second time-out resets: half of what a pass may take each. */
static void
start_watchdog(void)
{
	REG(WDT_LOAD) = CORE_HZ / MS_PER_S / 2 * STS_BOARD_PASS_MS;
	REG(WDT_CTL) = WATCHDOG_ON;
}

void
sts_board_feed(void)
{
	REG(WDT_ICR) = 1; /* loads the counter anew */
}

void
sts_board_start(void)
{
	start_clock();
	REG(SYSCTL_RCGC0) |= RCGC0_WATCHDOG;
	REG(SYSCTL_RCGC1) |= RCGC1_UART0 | RCGC1_SSI0;
	REG(SYSCTL_RCGC2) |=
	    RCGC2_GPIO_A | RCGC2_GPIO_D | RCGC2_GPIO_F | RCGC2_ETHERNET;
	(void)REG(SYSCTL_RCGC2); /* three cycles until they answer */
	REG(GPIO_A + GPIO_AFSEL) |= PINS_UART | PINS_SSI;
	REG(GPIO_A + GPIO_DEN) |= PINS_UART | PINS_SSI;
	REG(GPIO_F + GPIO_AFSEL) |= PINS_ETHERNET_LEDS;
	REG(GPIO_F + GPIO_DEN) |= PINS_ETHERNET_LEDS;
	sts_tick_begin(CORE_HZ);
	start_uart();
	start_watchdog();
}

void
sts_board_put(char c)
{
	while ((REG(UART0_FR) & UART_TX_FULL) != 0) {
	}
	REG(UART0_DR) = (uint8_t)c;
}

void
sts_board_flush(void)
{
	while ((REG(UART0_FR) & UART_BUSY) != 0) {
	}
}

int
sts_board_get(void)
{
	if ((REG(UART0_FR) & UART_RX_EMPTY) != 0) {
		return -1;
	}
	return (int)(REG(UART0_DR) & 0xff);
}
