/* SPDX-License-Identifier: MIT */
/*
 * The chip's own flash: words of 4 octets are programmed, pages of 1 KB erased
 * (data sheet 8). The core stands still meanwhile: 20 us a word, 20 ms a page.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "flash.h"
#include "regs.h"

enum {
	WORD = 4,
	PAGE = 1024,
	FLASH = 256 * 1024,
	AREAS = 2,
	CORE_MHZ = 50
};

#define FMC_KEY 0xa4420000U
#define FMC_WRITE 1U
#define FMC_ERASE 2U

/* By link.ld: behind the program. */
extern const uint8_t sts_ld_flash_end[];

static uint32_t base; /* where the first area begins */

static void
flash_command(uint32_t address, uint32_t what)
{
	REG(FLASH_FMA) = address;
	REG(FLASH_FMC) = FMC_KEY | what;
	while ((REG(FLASH_FMC) & what) != 0) {
	}
}

static const uint8_t *
at(uint32_t off)
{
	return (const uint8_t *)(uintptr_t)(base + off);
}

static int
flash_read(void *ctx, uint32_t off, uint8_t *buf, size_t len)
{
	(void)ctx;
	memcpy(buf, at(off), len);
	return 0;
}

/* What cannot be read back as it was written is an error. */
static int
flash_prog(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	(void)ctx;
	STS_ASSERT(off % WORD == 0 && len % WORD == 0);
	for (size_t i = 0; i < len; i += WORD) {
		REG(FLASH_FMD) = sts_get32le(buf + i);
		flash_command(base + off + (uint32_t)i, FMC_WRITE);
	}
	return memcmp(at(off), buf, len) == 0 ? 0 : STS_IO_RESET;
}

static int
flash_erase(void *ctx, uint32_t off)
{
	(void)ctx;
	STS_ASSERT(off % PAGE == 0);
	flash_command(base + off, FMC_ERASE);
	return 0;
}

static int
flash_sync(void *ctx)
{
	(void)ctx;
	return 0;
}

const struct sts_store *
sts_flash_begin(uint32_t area_size)
{
	static struct sts_store store = { NULL, WORD, PAGE, 0, AREAS,
		flash_read, flash_prog, flash_erase, flash_sync, false, NULL };
	uint32_t room = FLASH - (uint32_t)(uintptr_t)sts_ld_flash_end;

	store.area_size = (area_size + PAGE - 1) / PAGE * PAGE;
	if (store.area_size > room / AREAS) {
		return NULL;
	}
	base = FLASH - AREAS * store.area_size;
	REG(FLASH_USECRL) = CORE_MHZ - 1;
	return &store;
}
