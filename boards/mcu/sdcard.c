/* SPDX-License-Identifier: MIT */
/*
 * An SD card over SPI, as a store of two areas (core/port.h). Each call waits
 * for the card, and not longer than READY_MS or START_MS.
 *
 * Invariants: the card is selected only within a call; by_block is set by
 * start_card alone. Writes are whole blocks. A write that the card did not
 * accept is reported as failed, and the block may then hold anything: the
 * journal's checksums (core/journal) show that.
 */
#include "../../core/base/assert.h"
#include "board.h"
#include "sdcard.h"
#include "tick.h"

enum {
	BLOCK = 512,
	AREAS = 2,
	GO_IDLE = 0, /* commands */
	SEND_IF_COND = 8,
	SET_BLOCK_LEN = 16,
	READ_BLOCK = 17,
	WRITE_BLOCK = 24,
	SEND_OP_COND = 41, /* after APP */
	APP = 55,
	READ_OCR = 58,
	IF_COND = 0x1aa, /* 2.7 to 3.6 V, and a pattern to be repeated */
	CRC_GO_IDLE = 0x95, /* the only two commands whose CRC is looked at */
	CRC_IF_COND = 0x87,
	R1_IDLE = 1,
	R1_ILLEGAL = 4,
	DATA_TOKEN = 0xfe,
	DATA_MASK = 0x1f,
	DATA_ACCEPTED = 5,
	ERASED = 0xff,
	WAKE_OCTETS = 10, /* 74 clocks at least */
	ANSWER_OCTETS = 8,
	READY_MS = 500,
	START_MS = 1000
};

#define HIGH_CAPACITY 0x40000000U

static bool by_block; /* addresses count blocks, not octets */

static bool
wait_for(uint8_t want)
{
	sts_ms begun = sts_tick_now();
	uint8_t got;

	do {
		got = sts_sd_swap(ERASED);
	} while (got != want && sts_tick_now() - begun < READY_MS);
	return got == want;
}

/* Send a command and return its R1 answer; the card stays selected. */
static uint8_t
command(uint8_t number, uint32_t argument)
{
	uint8_t r1 = ERASED;

	sts_sd_select(true);
	if (number != GO_IDLE && !wait_for(ERASED)) {
		return ERASED;
	}
	sts_sd_swap((uint8_t)(0x40 | number));
	for (unsigned shift = 32; shift > 0; shift -= 8) {
		sts_sd_swap((uint8_t)(argument >> (shift - 8)));
	}
	sts_sd_swap(number == GO_IDLE ? CRC_GO_IDLE : CRC_IF_COND);
	for (unsigned i = 0; i < ANSWER_OCTETS && (r1 & 0x80) != 0; i++) {
		r1 = sts_sd_swap(ERASED);
	}
	return r1;
}

/* The four octets after R1. */
static uint32_t
trailer(void)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++) {
		v = v << 8 | sts_sd_swap(ERASED);
	}
	return v;
}

static void
deselect(void)
{
	sts_sd_select(false);
	sts_sd_swap(ERASED); /* a clock more, for it to let go of the line */
}

/* From idle to ready. */
static bool
initialise(uint32_t capacity)
{
	sts_ms begun = sts_tick_now();
	uint8_t r1;

	do {
		command(APP, 0);
		r1 = command(SEND_OP_COND, capacity);
	} while (r1 == R1_IDLE && sts_tick_now() - begun < START_MS);
	return r1 == 0;
}

/* The steps of the SD specification for SPI: wake, idle, version, initialise,
 * capacity; slowly until all of them are done. A card that fails one is not
 * used. */
static bool
start_card(void)
{
	uint32_t capacity = 0;
	uint8_t r1;

	sts_sd_fast(false);
	sts_sd_select(false);
	for (unsigned i = 0; i < WAKE_OCTETS; i++) {
		sts_sd_swap(ERASED);
	}
	if (command(GO_IDLE, 0) != R1_IDLE) {
		return false;
	}
	r1 = command(SEND_IF_COND, IF_COND);
	if ((r1 & R1_ILLEGAL) == 0) {
		if ((trailer() & 0xfff) != IF_COND) {
			return false;
		}
		capacity = HIGH_CAPACITY;
	}
	/* Some (QEMU's) still call themselves idle here. */
	if (!initialise(capacity) || command(READ_OCR, 0) > R1_IDLE) {
		return false;
	}
	by_block = (trailer() & HIGH_CAPACITY) != 0;
	sts_sd_fast(true);
	return by_block || command(SET_BLOCK_LEN, BLOCK) == 0;
}

static uint32_t
address(uint32_t block)
{
	return by_block ? block : block * BLOCK;
}

/* Octets from..from+len of a block. */
static bool
read_block(uint32_t block, size_t from, uint8_t *buf, size_t len)
{
	bool ok =
	    command(READ_BLOCK, address(block)) == 0 && wait_for(DATA_TOKEN);

	STS_ASSERT(from + len <= BLOCK);
	for (size_t i = 0; ok && i < BLOCK; i++) {
		uint8_t c = sts_sd_swap(ERASED);

		if (i >= from && i - from < len) {
			buf[i - from] = c;
		}
	}
	if (ok) {
		sts_sd_swap(ERASED); /* its CRC */
		sts_sd_swap(ERASED);
	}
	deselect();
	return ok;
}

/* Write a block; buf NULL: as erased. True: it is on the medium. */
static bool
write_block(uint32_t block, const uint8_t *buf)
{
	bool ok = command(WRITE_BLOCK, address(block)) == 0;

	if (ok) {
		sts_sd_swap(ERASED);
		sts_sd_swap(DATA_TOKEN);
		for (size_t i = 0; i < BLOCK; i++) {
			sts_sd_swap(buf != NULL ? buf[i] : ERASED);
		}
		sts_sd_swap(ERASED);
		sts_sd_swap(ERASED);
		ok = (sts_sd_swap(ERASED) & DATA_MASK) == DATA_ACCEPTED &&
		     wait_for(ERASED);
	}
	deselect();
	return ok;
}

static int
sd_read(void *ctx, uint32_t off, uint8_t *buf, size_t len)
{
	(void)ctx;
	while (len > 0) {
		size_t from = off % BLOCK;
		size_t n = len < BLOCK - from ? len : BLOCK - from;

		if (!read_block(off / BLOCK, from, buf, n)) {
			return STS_IO_RESET;
		}
		off += (uint32_t)n;
		buf += n;
		len -= n;
	}
	return 0;
}

static int
sd_prog(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	(void)ctx;
	STS_ASSERT(off % BLOCK == 0 && len % BLOCK == 0);
	for (size_t i = 0; i < len; i += BLOCK) {
		if (!write_block((off + (uint32_t)i) / BLOCK, buf + i)) {
			return STS_IO_RESET;
		}
	}
	return 0;
}

static int
sd_erase(void *ctx, uint32_t off)
{
	(void)ctx;
	STS_ASSERT(off % BLOCK == 0);
	return write_block(off / BLOCK, NULL) ? 0 : STS_IO_RESET;
}

/* Nothing to do: a write returns when its block is on the medium. */
static int
sd_sync(void *ctx)
{
	(void)ctx;
	return 0;
}

const struct sts_store *
sts_sdcard_begin(uint32_t area_size)
{
	static struct sts_store store = { NULL, BLOCK, BLOCK, 0, AREAS, sd_read,
		sd_prog, sd_erase, sd_sync, false, NULL };
	bool ok = start_card();

	deselect();
	store.area_size = (area_size + BLOCK - 1) / BLOCK * BLOCK;
	return ok ? &store : NULL;
}
