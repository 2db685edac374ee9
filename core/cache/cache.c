/* SPDX-License-Identifier: MIT */
/*
 * The cache as a whole: its limits, finding and removing records, what the
 * journal is to save, statistics.
 *
 * The block is divided once, at init, and never again: chunks from its
 * beginning, then the index, four bytes a bucket. All limits are shares of the
 * number of chunks (set_limits), so that none depends on what is held.
 *
 *	record_max     of one record
 *	org_max        of the protected policies of one organisation
 *	protected_max  of all protected policies, when a new one is admitted; the
 *	               rest of the chunks is the reserve
 *	update_max     of the same, when one is replaced by a newer version; what
 *	               is left beyond is always there for stages and victims
 *	staged_max     of all stages, before a large one may grow
 *
 * A live record is in the index and in one class list; removing takes it out
 * of both, and frees its chunks unless somebody still reads it (pins > 0).
 * `unsaved` counts the live records that the journal is to write, so that a
 * journal with nothing to do looks at no chunk.
 *
 * Invariants: sts_cache_check() (cache_check.c) is this text as code: every
 * chunk is free, or of exactly one record or stage; the index has each live
 * record and nothing else; the counts of classes, organisations and chunks are
 * the sums of what is there.
 *
 * The attacker owns domains, as many as he likes, and has them looked up: he
 * can fill what is not protected, which is evicted by class, and of the
 * protected room a share for each organisation that he owns. No limit depends
 * on what he sends. Hashes are keyed, so he cannot choose domains that share a
 * bucket.
 */
#include <string.h>

#include "cache_private.h"

/* Shares of the chunks. */
enum {
	RECORD_SHARE = 32, /* of 2 MB: the 64 KB of RFC 8461 3.3 */
	RECORD_FLOOR = 16,
	RECORD_FLOOR_SHARE = 8,
	ORG_SHARE = 16,
	RESERVE_SHARE = 8,
	FLOOR_SHARE = 16,
	STAGED_SHARE = 32,
	BUCKET_SIZE = 4,
	LARGE = 8 << 20 >> 6, /* chunks: 8 MB, more than a core's own caches */
	RECORD_MAX = 0xffffff / STS_CHUNK_ROOM /* the payload has 24 bits */
};

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static void
set_limits(struct sts_cache *c)
{
	uint32_t n = c->chunks.count;
	uint32_t small = n / RECORD_FLOOR_SHARE;

	if (small > RECORD_FLOOR) {
		small = RECORD_FLOOR;
	}
	c->record_max = larger(n / RECORD_SHARE, small);
	if (c->record_max > RECORD_MAX) {
		c->record_max = RECORD_MAX;
	}
	c->org_max = larger(n / ORG_SHARE, c->record_max);
	c->protected_max = n - larger(n / RESERVE_SHARE, c->record_max);
	c->update_max = n - larger(n / FLOOR_SHARE, c->record_max);
	c->staged_max = n / STAGED_SHARE;
	STS_ASSERT(c->record_max >= STS_RECORD_CHUNKS_MIN);
	STS_ASSERT(c->protected_max <= c->update_max);
}

void
sts_cache_init_zeroed(struct sts_cache *c, uint8_t *block, size_t size,
    const uint8_t key[STS_SIPHASH_KEY])
{
	size_t chunks = size / STS_CHUNK_SIZE;
	size_t buckets = 1;

	STS_ASSERT(size >= STS_CACHE_BLOCK_MIN);
	STS_ASSERT(chunks < UINT32_MAX);
	while (buckets <= chunks / 4) {
		buckets *= 2;
	}
	chunks = (size - buckets * BUCKET_SIZE) / STS_CHUNK_SIZE;
	memset(c, 0, sizeof *c);
	memcpy(c->key, key, sizeof c->key);
	sts_chunks_init(&c->chunks, block, (uint32_t)chunks);
	c->index = block + chunks * STS_CHUNK_SIZE;
	c->index_mask = (uint32_t)buckets - 1;
	set_limits(c);
}

void
sts_cache_init(struct sts_cache *c, uint8_t *block, size_t size,
    const uint8_t key[STS_SIPHASH_KEY])
{
	sts_cache_init_zeroed(c, block, size, key);
	memset(c->index, 0, ((size_t)c->index_mask + 1) * BUCKET_SIZE);
}

sts_ref
sts_cache_find(const struct sts_cache *c, struct sts_text domain)
{
	unsigned probes;

	STS_ASSERT(domain.n >= 1 && domain.n <= STS_NAME_MAX);
	return sts_index_probe(c, domain, sts_index_hash(c, domain), &probes);
}

bool
sts_cache_is_large(const struct sts_cache *c)
{
	return c->chunks.used >= LARGE;
}

bool
sts_cache_protected(const struct sts_cache *c, sts_ref ref)
{
	return sts_head_class(c, ref) == STS_CLASS_ENFORCE;
}

void
sts_cache_remove(struct sts_cache *c, sts_ref ref)
{
	STS_ASSERT(sts_head_live(c, ref));
	sts_index_drop(c, ref);
	sts_class_leave(c, ref);
	sts_record_mark(c, ref, 0);
	if (sts_head_pins(c, ref) > 0) {
		sts_class_enter(c, ref, STS_CLASS_PINNED, 0);
	} else {
		sts_chunks_give(&c->chunks, ref);
	}
}

sts_ref
sts_cache_unsaved(
    const struct sts_cache *c, uint32_t *hand, uint32_t chunks, bool first)
{
	uint32_t steps = chunks < c->chunks.count ? chunks : c->chunks.count;
	unsigned seen = STS_MARK_UNSAVED | (first ? STS_MARK_SAVED : 0U);

	for (uint32_t i = 0; i < steps && c->unsaved > 0; i++) {
		*hand = *hand % c->chunks.count + 1;
		if (sts_head_live(c, *hand) &&
		    (sts_head_marks(c, *hand) & seen) == STS_MARK_UNSAVED) {
			return *hand;
		}
	}
	return 0;
}

void
sts_cache_saved(struct sts_cache *c, sts_ref ref)
{
	if (sts_head_live(c, ref)) {
		sts_record_mark(c, ref, STS_MARK_SAVED);
	}
}

bool
sts_cache_is_unsaved(const struct sts_cache *c, sts_ref ref)
{
	return (sts_head_marks(c, ref) & STS_MARK_UNSAVED) != 0;
}

bool
sts_cache_scan(
    const struct sts_cache *c, uint32_t *hand, uint32_t chunks, sts_ref *ref)
{
	*ref = 0;
	for (uint32_t i = 0; i < chunks && *hand < c->chunks.count; i++) {
		++*hand;
		if (sts_head_live(c, *hand) &&
		    sts_head_class(c, *hand) != STS_CLASS_OTHER) {
			*ref = *hand;
			return true;
		}
	}
	return *hand < c->chunks.count;
}

uint32_t
sts_cache_chunks(const struct sts_cache *c)
{
	return c->chunks.count;
}

uint32_t
sts_cache_unsaved_count(const struct sts_cache *c)
{
	return c->unsaved;
}

bool
sts_cache_stale(const struct sts_cache *c)
{
	return c->stale;
}

void
sts_cache_rewrite(struct sts_cache *c)
{
	c->stale = false;
	c->released = 0;
}

void
sts_cache_all_saved(struct sts_cache *c)
{
	STS_ASSERT(c->unsaved == 0);
	STS_ASSERT(!c->stale);
	c->released = 0;
}

sts_ref
sts_cache_next(const struct sts_cache *c, sts_ref ref)
{
	while (ref < c->chunks.count) {
		ref++;
		if (sts_head_live(c, ref)) {
			return ref;
		}
	}
	return 0;
}

void
sts_cache_stats(const struct sts_cache *c, struct sts_cache_stats *s)
{
	s->records = c->records;
	s->enforce = c->list[STS_CLASS_ENFORCE].count;
	s->guests = c->list[STS_CLASS_GUEST].count;
	s->testing = c->list[STS_CLASS_TESTING].count;
	s->none = c->list[STS_CLASS_NONE].count;
	s->other = c->list[STS_CLASS_OTHER].count;
	s->expired = c->list[STS_CLASS_EXPIRED].count;
	s->chunks = c->chunks.count;
	s->chunks_free = c->chunks.free_count;
	s->chunks_protected = c->protected_count;
	s->chunks_staged = c->staged_count;
	s->protected_max = c->protected_max;
	s->refused = c->refused;
	s->evicted = c->evicted;
	s->failing = c->failing_before.count;
	s->failing_expires_s = c->failing_before.expires_s;
}
