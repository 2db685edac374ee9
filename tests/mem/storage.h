/* SPDX-License-Identifier: MIT */
/*
 * A struct sts_store for the in-memory port: a flash memory
 * (tests/unit/flash.h) that may return AGAIN, fail, or lose its power at any
 * operation, and that signals the driver when it can continue.
 */
#ifndef STS_TEST_STORAGE_H
#define STS_TEST_STORAGE_H

#include "../unit/flash.h"
#include "mem.h"

struct storage {
	struct sts_store store;
	struct mem *mem;
	bool waits; /* the store answered AGAIN */
	struct flash flash;
};

/* Begin erased: two areas of area_size octets, a multiple of 4,096. */
void storage_init(struct storage *s, struct mem *mem, uint32_t area_size);

/* Signal the driver that it can continue, if it waits. Returns whether it
 * did. */
bool storage_resume(struct storage *s);

/* Cut the power, unless it is off, with that effect on what was not synced, and
 * bring it back. */
void storage_crash(struct storage *s, enum flash_cut how);

#endif
