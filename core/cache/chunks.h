/* SPDX-License-Identifier: MIT */
/*
 * A block of 64-byte chunks, linked by number: the cache's memory. Private to
 * the cache. Nothing in the block is a pointer and every integer is reached
 * byte by byte (little-endian), so the block needs no alignment and means the
 * same on every machine.
 *
 *	every chunk    0  next chunk of its chain or of the free list, 0: end
 *	               4  tag: what the chunk is (FREE, BODY, or a head)
 *	a body chunk   5  59 bytes of content
 *	a head chunk   5  whatever its owner keeps there
 *
 * A chain is a head and as many body chunks as its content needs.
 *
 * Chunks beyond `used` were never taken: they are free, hold anything, and are
 * not in the free list, so that no memory is touched before it is needed.
 */
#ifndef STS_CHUNKS_H
#define STS_CHUNKS_H

#include "../base/assert.h"
#include "../base/bytes.h"

enum {
	STS_CHUNK_SIZE = 64,
	STS_CHUNK_NEXT = 0,
	STS_CHUNK_TAG = 4,
	STS_CHUNK_DATA = 5,
	STS_CHUNK_ROOM = STS_CHUNK_SIZE - STS_CHUNK_DATA
};

/* Tags; smaller values are heads, whose meaning is the owner's. */
enum {
	STS_CHUNK_BODY = 0xfe,
	STS_CHUNK_FREE = 0xff
};

struct sts_chunks {
	uint8_t *bytes;
	uint32_t count; /* chunks are numbered 1..count */
	uint32_t used; /* chunks beyond this were never taken */
	uint32_t free_head; /* a list of those that were given back */
	uint32_t free_count; /* both kinds */
};

/* A place in the content of a chain. */
struct sts_chunk_pos {
	uint32_t chunk; /* 0: at the end */
	uint32_t off; /* 0..STS_CHUNK_ROOM within it */
};

/* Take bytes[0..count * STS_CHUNK_SIZE), which may hold anything and is left as
 * it is; all chunks are free. O(1). */
void sts_chunks_init(struct sts_chunks *k, uint8_t *bytes, uint32_t count);

/* A free chunk, zeroed but for its tag, or 0. O(1). */
uint32_t sts_chunks_take(struct sts_chunks *k, uint8_t tag);

/* Give back a whole chain, zeroed; its number of chunks. */
uint32_t sts_chunks_give(struct sts_chunks *k, uint32_t head);

/* The place `off` bytes into the content of head's chain: off / 59 steps. */
struct sts_chunk_pos sts_chunks_seek(
    const struct sts_chunks *k, uint32_t head, size_t off);

/*
 * The content at *at up to the end of its chunk, at most `max` bytes, and
 * move on. Empty only at the end of the chain or when max is 0.
 */
struct sts_text sts_chunks_piece(
    const struct sts_chunks *k, struct sts_chunk_pos *at, size_t max);

/* Number of chunks of a chain with that much content, its head included. */
static inline uint32_t
sts_chunks_needed(size_t content)
{
	return (uint32_t)(1 + content / STS_CHUNK_ROOM +
			  (content % STS_CHUNK_ROOM != 0));
}

/* The octets of chunk n (1..used, asserted), and the next of its chain. Not
 * inline: that takes more flash on a board than time elsewhere. */
uint8_t *sts_chunk(const struct sts_chunks *k, uint32_t n);
uint32_t sts_chunk_next(const struct sts_chunks *k, uint32_t n);

/* The tag of chunk n (1..used, asserted). */
static inline uint8_t
sts_chunk_tag(const struct sts_chunks *k, uint32_t n)
{
	return sts_chunk(k, n)[STS_CHUNK_TAG];
}

#endif
