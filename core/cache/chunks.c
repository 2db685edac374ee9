/* SPDX-License-Identifier: MIT */
/* Chunks: the free list, and reading along a chain. */
#include <string.h>

#include "chunks.h"

uint8_t *
sts_chunk(const struct sts_chunks *k, uint32_t n)
{
	STS_ASSERT(n >= 1 && n <= k->used);
	return k->bytes + (size_t)(n - 1) * STS_CHUNK_SIZE;
}

uint32_t
sts_chunk_next(const struct sts_chunks *k, uint32_t n)
{
	return sts_get32le(sts_chunk(k, n) + STS_CHUNK_NEXT);
}

static void
put_free(struct sts_chunks *k, uint32_t n)
{
	uint8_t *p = sts_chunk(k, n);

	/* What a stranger published does not outlive its record. */
	memset(p, 0, STS_CHUNK_SIZE);
	sts_put32le(p + STS_CHUNK_NEXT, k->free_head);
	p[STS_CHUNK_TAG] = STS_CHUNK_FREE;
	k->free_head = n;
	k->free_count++;
}

void
sts_chunks_init(struct sts_chunks *k, uint8_t *bytes, uint32_t count)
{
	k->bytes = bytes;
	k->count = count;
	k->used = 0;
	k->free_head = 0;
	k->free_count = count;
}

uint32_t
sts_chunks_take(struct sts_chunks *k, uint8_t tag)
{
	uint32_t n;
	uint8_t *p;

	if (k->free_count == 0) {
		return 0;
	}
	if (k->free_head == 0) {
		STS_ASSERT(k->used < k->count);
		k->used++;
		k->free_count--;
		put_free(k, k->used);
	}
	n = k->free_head;
	p = sts_chunk(k, n);
	STS_ASSERT(p[STS_CHUNK_TAG] == STS_CHUNK_FREE);
	k->free_head = sts_get32le(p + STS_CHUNK_NEXT);
	k->free_count--;
	sts_put32le(p + STS_CHUNK_NEXT, 0);
	p[STS_CHUNK_TAG] = tag;
	return n;
}

uint32_t
sts_chunks_give(struct sts_chunks *k, uint32_t head)
{
	uint32_t given = 0;

	while (head != 0) {
		uint32_t next = sts_chunk_next(k, head);

		STS_ASSERT(sts_chunk_tag(k, head) != STS_CHUNK_FREE);
		put_free(k, head);
		head = next;
		given++;
	}
	return given;
}

struct sts_chunk_pos
sts_chunks_seek(const struct sts_chunks *k, uint32_t head, size_t off)
{
	struct sts_chunk_pos at = { sts_chunk_next(k, head), 0 };

	while (at.chunk != 0 && off >= STS_CHUNK_ROOM) {
		at.chunk = sts_chunk_next(k, at.chunk);
		off -= STS_CHUNK_ROOM;
	}
	at.off = (uint32_t)(at.chunk != 0 ? off : 0);
	return at;
}

struct sts_text
sts_chunks_piece(
    const struct sts_chunks *k, struct sts_chunk_pos *at, size_t max)
{
	struct sts_text piece = { NULL, 0 };
	const uint8_t *p;

	if (at->chunk == 0 || max == 0) {
		return piece;
	}
	p = sts_chunk(k, at->chunk);
	STS_ASSERT(at->off < STS_CHUNK_ROOM);
	STS_ASSERT(p[STS_CHUNK_TAG] != STS_CHUNK_FREE);
	piece.p = p + STS_CHUNK_DATA + at->off;
	piece.n = STS_CHUNK_ROOM - at->off;
	if (piece.n > max) {
		piece.n = max;
	}
	at->off += (uint32_t)piece.n;
	if (at->off == STS_CHUNK_ROOM) {
		at->chunk = sts_get32le(p + STS_CHUNK_NEXT);
		at->off = 0;
	}
	return piece;
}
