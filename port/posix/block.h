/* SPDX-License-Identifier: MIT */
/*
 * The one block of memory, from the system. Nothing of it is touched: a page
 * costs memory from the first write to it on.
 */
#ifndef STS_POSIX_BLOCK_H
#define STS_POSIX_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What became of the wish for huge pages. */
enum sts_block_huge {
	STS_BLOCK_HUGE_UNASKED = 0,
	STS_BLOCK_HUGE_YES, /* the system uses them where it finds them free */
	STS_BLOCK_HUGE_NEVER, /* it can, and was set up not to */
	STS_BLOCK_HUGE_NONE /* there is no way to ask for them */
};

/*
 * Map size octets of zeros, 1 <= size, for reading and writing.
 *
 * huge   ask for huge pages (Linux: 2 MB each, the block begins at one). A
 *        system without them gives its ordinary pages, which is no failure.
 * got    what became of that
 *
 * Returns the block, or NULL with errno.
 */
uint8_t *sts_block_map(size_t size, bool huge, enum sts_block_huge *got);

/* Give the block back. */
void sts_block_unmap(uint8_t *block, size_t size);

/* Write to every page, which leaves what it holds: the system has to find all
 * the memory now. A system that promised more than it has may end a process
 * here, and not this one later. O(size). */
void sts_block_touch(uint8_t *block, size_t size);

/* What to log about it, or NULL when nothing is worth a line. */
const char *sts_block_huge_text(enum sts_block_huge got);

#endif
