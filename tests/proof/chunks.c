/* SPDX-License-Identifier: MIT */
/* Chunks: no chain leads out of the block. */
#include "prove.h"

#include "../../core/cache/chunks.c"

enum {
	COUNT = 3,
	CHAIN = 2 /* body chunks that a head leads to */
};

/* A block of chunks with any content. */
static struct sts_chunks
any_chunks(void)
{
	struct sts_chunks k;

	k.count = COUNT;
	k.bytes = any_bytes(COUNT * STS_CHUNK_SIZE);
	k.used = nondet_u32();
	k.free_head = nondet_u32();
	k.free_count = nondet_u32();
	ASSUME(k.used <= k.count);
	ASSUME(k.free_head <= k.used && k.free_count <= k.count);
	return k;
}

/* What cache_check.c requires of the head of the free list: the chunks beside
 * it were never taken. */
static bool
free_holds(const struct sts_chunks *k)
{
	return k->free_head == 0
		   ? k->free_count == k->count - k->used
		   : k->free_count > k->count - k->used &&
			 sts_chunk_tag(k, k->free_head) == STS_CHUNK_FREE &&
			 sts_chunk_next(k, k->free_head) <= k->used;
}

/* @bound a block of 3 chunks, whose content is not read */
void
prove_chunks_init(void)
{
	struct sts_chunks k;

	sts_chunks_init(&k, any_bytes(COUNT * STS_CHUNK_SIZE), COUNT);
	PROVE(k.used == 0 && k.free_count == COUNT);
	PROVE(free_holds(&k));
}

/*
 * @bound a block of 3 chunks, of which one is taken and given back
 * @loop sts_chunks_give.0 2: a chain of one
 */
void
prove_chunks_take_give(void)
{
	struct sts_chunks k = any_chunks(), was = k;
	uint8_t tag = nondet_u8();
	uint32_t n;

	ASSUME(free_holds(&k));
	ASSUME(tag != STS_CHUNK_FREE);
	n = sts_chunks_take(&k, tag);
	PROVE((n == 0) == (was.free_count == 0));
	if (n == 0) {
		return;
	}
	PROVE(n <= k.used && k.used <= k.count);
	PROVE(k.used == was.used + (was.free_head == 0));
	PROVE(k.free_count == was.free_count - 1);
	PROVE(sts_chunk_tag(&k, n) == tag);
	PROVE(sts_chunk_next(&k, n) == 0);
	PROVE(sts_chunks_give(&k, n) == 1);
	PROVE(k.free_count == was.free_count && k.free_head == n);
	PROVE(sts_chunk_tag(&k, n) == STS_CHUNK_FREE);
	PROVE(sts_chunk(&k, n)[STS_CHUNK_SIZE - 1] == 0);
}

/*
 * @bound any offset into a chain of up to 2 body chunks anywhere in a block of
 * 3: what is read is within one chunk
 * @loop sts_chunks_seek.0 3: body chunks
 */
void
prove_chunks_read(void)
{
	struct sts_chunks k = any_chunks();
	uint32_t head = nondet_u32(), first, second;
	struct sts_chunk_pos at;
	struct sts_text piece;
	size_t max = nondet_size();

	ASSUME(head >= 1 && head <= k.used);
	first = sts_chunk_next(&k, head);
	ASSUME(first <= k.used && first != head);
	if (first != 0) {
		second = sts_chunk_next(&k, first);
		ASSUME(second <= k.used && second != head);
		ASSUME(second != first);
		ASSUME(sts_chunk_tag(&k, first) == STS_CHUNK_BODY);
		if (second != 0) {
			ASSUME(sts_chunk_next(&k, second) == 0);
			ASSUME(sts_chunk_tag(&k, second) == STS_CHUNK_BODY);
		}
	}
	at = sts_chunks_seek(&k, head, nondet_size());
	PROVE(at.chunk <= k.used && at.off < STS_CHUNK_ROOM);
	piece = sts_chunks_piece(&k, &at, max);
	PROVE(piece.n <= max && piece.n <= STS_CHUNK_ROOM);
	PROVE(readable(piece));
	PROVE(at.chunk <= k.used && at.off < STS_CHUNK_ROOM);
}
