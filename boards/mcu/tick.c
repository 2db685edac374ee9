/* SPDX-License-Identifier: MIT */
/* Time, by the timer that every Cortex-M has. */
#include "tick.h"
#include "reg.h"

enum {
	SYSTICK_ON = 7, /* the core's clock, with interrupt */
	MS_PER_S = 1000
};

#define SYSTICK_CTL 0xe000e010U
#define SYSTICK_LOAD 0xe000e014U
#define SYSTICK_VALUE 0xe000e018U

static volatile sts_ms ticks;

void
sts_tick(void)
{
	ticks++;
}

void
sts_tick_begin(uint32_t core_hz)
{
	REG(SYSTICK_LOAD) = core_hz / MS_PER_S - 1;
	REG(SYSTICK_VALUE) = 0;
	REG(SYSTICK_CTL) = SYSTICK_ON;
}

sts_ms
sts_tick_now(void)
{
	return ticks;
}

void
sts_tick_idle(void)
{
	__asm__ volatile("wfi");
}
