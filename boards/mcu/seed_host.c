/* SPDX-License-Identifier: MIT */
/*
 * FOR TESTS ONLY: the seed of /dev/urandom of the machine that debugs or
 * emulates this board, by Arm semihosting. Without one the instruction is a
 * fault, and the board resets for ever: this cannot go into a product unseen.
 */
#include "board.h"
#include "print.h"

enum {
	SYS_OPEN = 1,
	SYS_CLOSE = 2,
	SYS_READ = 6,
	READ_BINARY = 1
};

static int
semihosting(int call, const void *arguments)
{
	register int r0 __asm__("r0") = call;
	register const void *r1 __asm__("r1") = arguments;

	__asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
	return r0;
}

bool
sts_board_seed(uint8_t seed[STS_BOARD_SEED])
{
	static const char path[] = "/dev/urandom";
	const uintptr_t name[3] = { (uintptr_t)path, READ_BINARY,
		sizeof path - 1 };
	int file = semihosting(SYS_OPEN, name);
	const uintptr_t what[3] = { (uintptr_t)file, (uintptr_t)seed,
		STS_BOARD_SEED };
	const uintptr_t which[1] = { (uintptr_t)file };
	bool ok = file >= 0 && semihosting(SYS_READ, what) == 0;

	if (file >= 0) {
		semihosting(SYS_CLOSE, which);
	}
	sts_print("seed of the debugger's machine: for tests only\n");
	return ok;
}
