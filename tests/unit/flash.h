/* SPDX-License-Identifier: MIT */
/*
 * A flash memory that can lose its power, for tests of what is kept on it.
 * Between two syncs nothing is certain: what was programmed or erased since the
 * last one lies on the medium in full, in part, or not at all.
 */
#ifndef STS_TEST_FLASH_H
#define STS_TEST_FLASH_H

#include <string.h>

#include "../../core/port.h"

enum {
	FLASH_MAX = 1 << 17,
	FLASH_OPEN_MAX = 4096 /* most operations between two syncs */
};

/* What a power cut does to the operations since the last sync. */
enum flash_cut {
	FLASH_IN_ORDER, /* all but the last are done, the last is not */
	FLASH_TORN, /* the last is done up to some octet */
	FLASH_NOISE, /* of the last, some bits are done */
	FLASH_ANY_ORDER, /* any of them are done, one of them torn */
	FLASH_CUTS
};

struct flash {
	struct sts_store store;
	uint8_t now[FLASH_MAX]; /* what a read returns */
	uint8_t synced[FLASH_MAX];
	struct flash_op {
		uint32_t off, len;
		bool erase;
	} open[FLASH_OPEN_MAX];
	unsigned open_count;
	unsigned ops; /* prog, erase and sync calls so far */
	unsigned cut_at; /* the call in which the power fails; 0: none */
	bool off; /* there is no power */
	bool broken; /* a unit was programmed twice, or out of bounds */
	unsigned again; /* this many of 8 calls return AGAIN */
	bool holds; /* every call returns AGAIN */
	unsigned holds_after; /* once this many other calls were made */
	unsigned fail_from, fail_to; /* these calls fail */
	int fail_with; /* with this error; 0: STS_IO_RESET */
	uint32_t stuck_off; /* a bit of this octet is stuck */
	uint8_t stuck_bit, stuck_to; /* this bit (0: none), at 0 or at itself */
	unsigned fail_reads; /* this many reads fail */
	uint64_t random;
};

static inline uint32_t
flash_draw(struct flash *f, uint32_t below)
{
	f->random = f->random * UINT64_C(6364136223846793005) +
		    UINT64_C(1442695040888963407);
	return (uint32_t)(f->random >> 33) % below;
}

static inline bool
flash_bounds(struct flash *f, uint32_t off, size_t len)
{
	uint32_t size = f->store.area_size * f->store.area_count;

	if (off > size || len > size - off) {
		f->broken = true;
		return false;
	}
	return true;
}

/* Called first in each operation. Returns 0 to go on, or what the operation
 * returns. */
static inline int
flash_enter(struct flash *f, bool writes)
{
	if (f->off) {
		return STS_IO_RESET;
	}
	if (f->holds && f->holds_after == 0) {
		return STS_IO_AGAIN;
	}
	if (f->holds) {
		f->holds_after--;
	}
	if (flash_draw(f, 8) < f->again) {
		return STS_IO_AGAIN;
	}
	if (!writes) {
		if (f->fail_reads == 0) {
			return 0;
		}
		f->fail_reads--;
		return STS_IO_RESET;
	}
	f->ops++;
	if (f->ops < f->fail_from || f->ops >= f->fail_to) {
		return 0;
	}
	return f->fail_with != 0 ? f->fail_with : STS_IO_RESET;
}

static inline int
flash_read(void *ctx, uint32_t off, uint8_t *buf, size_t len)
{
	struct flash *f = ctx;
	int result = flash_enter(f, false);

	if (result == 0 && flash_bounds(f, off, len) && len > 0) {
		memcpy(buf, f->now + off, len);
	}
	return result;
}

/* Bring to the medium what survives of one operation. */
static inline void
flash_keep(struct flash *f, const struct flash_op *op, enum flash_cut how)
{
	uint32_t upto = flash_draw(f, op->len + 1);

	for (uint32_t i = 0; i < op->len; i++) {
		uint8_t new = f->now[op->off + i];
		uint8_t *old = &f->synced[op->off + i];

		if (how == FLASH_TORN && i >= upto) {
			continue;
		}
		if (how == FLASH_NOISE) {
			uint8_t mask = (uint8_t)flash_draw(f, 256);

			new = (uint8_t)((new &mask) | (*old & ~mask));
		}
		*old = new;
	}
}

static inline void
flash_power_off(struct flash *f, enum flash_cut how)
{
	for (unsigned i = 0; i < f->open_count; i++) {
		bool newest = i + 1 == f->open_count;

		if (how == FLASH_ANY_ORDER) {
			if (flash_draw(f, 2) == 0) {
				flash_keep(f, &f->open[i],
				    flash_draw(f, 4) ? FLASH_IN_ORDER
						     : FLASH_TORN);
			}
		} else if (!newest) {
			flash_keep(f, &f->open[i], FLASH_IN_ORDER);
		} else if (how != FLASH_IN_ORDER) {
			flash_keep(f, &f->open[i], how);
		}
	}
	f->off = true;
}

static inline void
flash_power_on(struct flash *f)
{
	memcpy(f->now, f->synced,
	    (size_t)f->store.area_size * f->store.area_count);
	f->open_count = 0;
	f->ops = 0;
	f->cut_at = 0;
	f->off = false;
}

/* Set the stuck bit, after its octet was changed. */
static inline void
flash_stick(struct flash *f)
{
	uint8_t *p = &f->now[f->stuck_off];

	*p = (uint8_t)((*p & ~f->stuck_bit) | (f->stuck_to & f->stuck_bit));
}

static inline int
flash_write(struct flash *f, uint32_t off, size_t len, bool erase)
{
	if (f->open_count == FLASH_OPEN_MAX) {
		f->broken = true;
		return STS_IO_LIMIT;
	}
	f->open[f->open_count].off = off;
	f->open[f->open_count].len = (uint32_t)len;
	f->open[f->open_count++].erase = erase;
	return 0;
}

static inline int
flash_cut_now(struct flash *f)
{
	if (f->ops != f->cut_at) {
		return 0;
	}
	flash_power_off(f, (enum flash_cut)flash_draw(f, FLASH_CUTS));
	return STS_IO_RESET;
}

static inline int
flash_prog(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	struct flash *f = ctx;
	int result = flash_enter(f, true);

	if (result != 0) {
		return result;
	}
	if (!flash_bounds(f, off, len) || len == 0 ||
	    off % f->store.prog_size != 0 || len % f->store.prog_size != 0) {
		f->broken = true;
		return STS_IO_LIMIT;
	}
	for (size_t i = 0; i < len; i++) {
		f->broken = f->broken ||
			    (f->now[off + i] != 0xff &&
				(f->stuck_bit == 0 || off + i != f->stuck_off));
		f->now[off + i] &= buf[i];
	}
	flash_stick(f);
	flash_write(f, off, len, false);
	if (f->store.checks && memcmp(f->now + off, buf, len) != 0) {
		return STS_IO_RESET;
	}
	return flash_cut_now(f);
}

static inline int
flash_erase(void *ctx, uint32_t off)
{
	struct flash *f = ctx;
	int result = flash_enter(f, true);

	if (result != 0) {
		return result;
	}
	if (!flash_bounds(f, off, f->store.erase_size) ||
	    off % f->store.erase_size != 0) {
		f->broken = true;
		return STS_IO_LIMIT;
	}
	memset(f->now + off, 0xff, f->store.erase_size);
	flash_stick(f);
	flash_write(f, off, f->store.erase_size, true);
	return flash_cut_now(f);
}

static inline int
flash_sync(void *ctx)
{
	struct flash *f = ctx;
	int result = flash_enter(f, true);

	if (result != 0) {
		return result;
	}
	result = flash_cut_now(f);
	if (result == 0) {
		for (unsigned i = 0; i < f->open_count; i++) {
			const struct flash_op *op = &f->open[i];

			memcpy(f->synced + op->off, f->now + op->off, op->len);
		}
		f->open_count = 0;
	}
	return result;
}

/* The contract of `commit`: what was programmed is not programmed again, so
 * only the first half may return AGAIN. */
static inline int
flash_commit(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	struct flash *f = ctx;
	unsigned again = f->again;
	bool holds = f->holds;
	int result = flash_prog(ctx, off, buf, len);

	if (result == 0) {
		f->again = 0;
		f->holds = false;
		result = flash_sync(ctx);
		f->again = again;
		f->holds = holds;
	}
	return result;
}

/* Make this a flash that checks what it programs, and has `commit`. */
static inline void
flash_use_commit(struct flash *f)
{
	f->store.checks = true;
	f->store.commit = flash_commit;
}

/* An empty flash, erased throughout. */
static inline void
flash_init(struct flash *f, uint32_t prog_size, uint32_t erase_size,
    uint32_t area_size, uint32_t area_count)
{
	memset(f, 0, sizeof *f);
	memset(f->now, 0xff, sizeof f->now);
	memset(f->synced, 0xff, sizeof f->synced);
	f->store.ctx = f;
	f->store.prog_size = prog_size;
	f->store.erase_size = erase_size;
	f->store.area_size = area_size;
	f->store.area_count = area_count;
	f->store.read = flash_read;
	f->store.prog = flash_prog;
	f->store.erase = flash_erase;
	f->store.sync = flash_sync;
}

#endif
