/* SPDX-License-Identifier: MIT */
/*
 * From reset to main. The stack lies at the bottom of the RAM, so that one
 * which overflows ends in a fault and not in other data.
 */
#include <stdint.h>

#include "board.h"
#include "print.h"
#include "start.h"
#include "tick.h"

enum {
	HANDLERS = 15,
	MARGIN = 16 /* words of the stack that are in use while it is painted */
};

#define PAINT 0x5ac3e187U
#define AIRCR (*(volatile uint32_t *)0xe000ed0cU)
#define AIRCR_RESET 0x05fa0004U

/* By link.ld. */
extern uint32_t sts_ld_stack[], sts_ld_stack_top[], sts_ld_data[],
    sts_ld_data_end[], sts_ld_data_load[], sts_ld_bss[], sts_ld_bss_end[];

int main(void);
void sts_reset(void);

void
sts_start_again(void)
{
	sts_board_flush();
	AIRCR = AIRCR_RESET;
	for (;;) {
	}
}

void
sts_assert_failed(const char *file, int line)
{
	sts_print("assertion failed: ");
	sts_print(file);
	sts_print(":");
	sts_print_number((uint32_t)line);
	sts_print("\n");
	sts_start_again();
}

/* Where it was called: `arm-none-eabi-addr2line -f -e ELF 0x...` shows it. */
void
sts_assert_failed_here(void)
{
	uint8_t at[4];

	sts_put32be(at, (uint32_t)__builtin_return_address(0));
	sts_print("assertion failed at 0x");
	sts_print_hex(sts_text(at, sizeof at));
	sts_print("\n");
	sts_start_again();
}

static void
fault(void)
{
	sts_print("fault\n");
	sts_start_again();
}

static void
paint_stack(void)
{
	uint32_t *here;

	__asm__ volatile("mov %0, sp" : "=r"(here));
	for (uint32_t *p = sts_ld_stack; p < here - MARGIN; p++) {
		*p = PAINT;
	}
}

size_t
sts_stack_size(void)
{
	return (size_t)(sts_ld_stack_top - sts_ld_stack) * sizeof(uint32_t);
}

size_t
sts_stack_used(void)
{
	const uint32_t *p = sts_ld_stack;

	while (p < sts_ld_stack_top && *p == PAINT) {
		p++;
	}
	return (size_t)(sts_ld_stack_top - p) * sizeof(uint32_t);
}

void
sts_reset(void)
{
	const uint32_t *from = sts_ld_data_load;

	for (uint32_t *p = sts_ld_data; p < sts_ld_data_end; p++) {
		*p = *from++;
	}
	for (uint32_t *p = sts_ld_bss; p < sts_ld_bss_end; p++) {
		*p = 0;
	}
	paint_stack();
	main();
	sts_start_again();
}

static const struct {
	uint32_t *stack;
	void (*handler[HANDLERS])(void);
} vectors __attribute__((section(".vectors"), used)) = {
	sts_ld_stack_top,
	{ sts_reset, fault, fault, fault, fault, fault, fault, fault, fault,
	    fault, fault, fault, fault, fault, sts_tick },
};
