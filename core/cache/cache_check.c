/* SPDX-License-Identifier: MIT */
/*
 * The invariants of the cache as code, for tests.
 *
 *	- every chunk was never taken, or is in the free list or in exactly
 *	  one record or stage
 *	- a chain is as long as its content says, and ends
 *	- a head is in exactly the list it belongs in; lists are doubly linked
 *	- counts of records, protected and staged chunks, organisations add up
 *	- the index holds the live records, each in its bucket and no other
 *	- limits: protected, organisation, one record
 *
 * There is no room for marks, so "exactly once" is shown by sums of a mixed
 * value: two different multisets of numbers have the same sum of mixed values
 * only by a 64-bit accident.
 */
#include <string.h>

#include "cache_private.h"

struct tally {
	uint32_t chunks, records, protected, staged, unsaved;
	uint64_t mixed; /* of chunk numbers */
	uint64_t mixed_orgs;
};

static uint64_t
mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void
tally_chunk(struct tally *t, uint32_t n)
{
	t->chunks++;
	t->mixed += mix(n);
}

static bool
check_free(const struct sts_cache *c, struct tally *t)
{
	uint32_t n = c->chunks.free_head;

	while (n != 0) {
		if (n > c->chunks.used || t->chunks > c->chunks.used ||
		    sts_chunk_tag(&c->chunks, n) != STS_CHUNK_FREE) {
			return false;
		}
		tally_chunk(t, n);
		n = sts_chunk_next(&c->chunks, n);
	}
	for (n = c->chunks.used + 1; n <= c->chunks.count; n++) {
		tally_chunk(t, n);
	}
	return t->chunks == c->chunks.free_count;
}

/* The chain has as many chunks as its content needs. */
static bool
check_chain(const struct sts_cache *c, sts_ref ref, struct tally *t)
{
	uint32_t left = sts_head_chunks(c, ref);
	uint32_t n = sts_chunk_next(&c->chunks, ref);

	if (left > c->record_max || left < STS_RECORD_CHUNKS_MIN) {
		return false;
	}
	tally_chunk(t, ref);
	for (left--; left > 0; left--) {
		if (n == 0 || n > c->chunks.used ||
		    sts_chunk_tag(&c->chunks, n) != STS_CHUNK_BODY) {
			return false;
		}
		tally_chunk(t, n);
		n = sts_chunk_next(&c->chunks, n);
	}
	return n == 0;
}

/* A live record is what its domain is found by, and of the right class. */
static bool
check_live(const struct sts_cache *c, sts_ref ref)
{
	uint8_t name[STS_NAME_MAX];
	struct sts_text domain = sts_text(name, sts_cache_domain(c, ref, name));
	unsigned class = sts_head_class(c, ref);
	struct sts_entry e;

	sts_cache_get(c, ref, &e);
	if (sts_index_hash(c, domain) !=
		sts_head_get32(c, ref, STS_HEAD_HASH) ||
	    sts_cache_find(c, domain) != ref) {
		return false;
	}
	if (e.kind != STS_KIND_POLICY) {
		return class == STS_CLASS_OTHER;
	}
	if (class == STS_CLASS_EXPIRED) {
		return true;
	}
	return e.mode == STS_MODE_ENFORCE
		   ? class == STS_CLASS_ENFORCE || class == STS_CLASS_GUEST
		   : class == (e.mode == STS_MODE_TESTING ? STS_CLASS_TESTING
							  : STS_CLASS_NONE);
}

/* Pinned records are in a list of their own, and no others are in it. */
static bool
check_place(const struct sts_cache *c, sts_ref ref, unsigned list)
{
	unsigned class = sts_head_class(c, ref);
	bool pinned = sts_head_pins(c, ref) > 0;

	if (pinned && class != STS_CLASS_ENFORCE) {
		return list == STS_CLASS_PINNED;
	}
	return list == class && list != STS_CLASS_PINNED;
}

/* Check what begins at a head, and add it to what is counted. A stage, and
 * an old version that is pinned, are no domain's record: only their chunks
 * count. */
static bool
check_head(const struct sts_cache *c, sts_ref ref, unsigned list,
    uint32_t counts[STS_CLASS_COUNT], struct tally *t)
{
	unsigned class = sts_head_class(c, ref);
	uint32_t n = sts_head_chunks(c, ref);

	if (class >= STS_CLASS_COUNT || !check_chain(c, ref, t) ||
	    !check_place(c, ref, list)) {
		return false;
	}
	counts[class]++;
	if (class == STS_CLASS_STAGED) {
		t->staged += n;
	} else if (class == STS_CLASS_ENFORCE) {
		t->protected += n;
		t->mixed_orgs += n * mix(sts_class_org(c, ref));
	}
	if (class > STS_CLASS_ENFORCE) {
		return true;
	}
	t->records++;
	t->unsaved += (sts_head_marks(c, ref) & STS_MARK_UNSAVED) != 0;
	return check_live(c, ref);
}

static bool
check_list(const struct sts_cache *c, unsigned list,
    uint32_t counts[STS_CLASS_COUNT], struct tally *t)
{
	sts_ref ref = c->list[list].head;
	sts_ref before = 0;

	while (ref != 0) {
		/* That each has one before it, and the first has none, makes
		 * it no ring. */
		if (ref > c->chunks.used ||
		    sts_head_get32(c, ref, STS_HEAD_BEFORE) != before ||
		    !check_head(c, ref, list, counts, t)) {
			return false;
		}
		before = ref;
		ref = sts_head_get32(c, ref, STS_HEAD_AFTER);
	}
	return c->list[list].tail == before;
}

static bool
check_lists(const struct sts_cache *c, struct tally *t)
{
	uint32_t counts[STS_CLASS_COUNT] = { 0 };

	for (unsigned i = 0; i < STS_CLASS_COUNT; i++) {
		if (!check_list(c, i, counts, t)) {
			return false;
		}
	}
	for (unsigned i = 0; i < STS_CLASS_COUNT; i++) {
		if (counts[i] != c->list[i].count) {
			return false;
		}
	}
	return true;
}

/* Number of records in the index, or UINT32_MAX when it is wrong. */
static uint32_t
count_indexed(const struct sts_cache *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i <= c->index_mask; i++) {
		sts_ref ref = sts_index_bucket(c, i);

		for (unsigned k = 0; ref != 0; k++) {
			if (ref > c->chunks.used || k == STS_CACHE_PROBE_MAX ||
			    !sts_head_live(c, ref) ||
			    (sts_head_get32(c, ref, STS_HEAD_HASH) &
				c->index_mask) != i) {
				return UINT32_MAX;
			}
			n++;
			ref = sts_head_get32(c, ref, STS_HEAD_CHAIN);
		}
	}
	return n;
}

static bool
check_orgs(const struct sts_cache *c, const struct tally *t)
{
	uint64_t mixed = 0;

	for (uint32_t i = 0; i < STS_CACHE_ORGS; i++) {
		mixed += c->orgs[i] * mix(i);
	}
	return mixed == t->mixed_orgs;
}

static bool
check_tally(const struct sts_cache *c, const struct tally *t)
{
	uint64_t mixed = 0;

	for (uint32_t n = 1; n <= c->chunks.count; n++) {
		mixed += mix(n);
	}
	return t->chunks == c->chunks.count && t->mixed == mixed &&
	       t->records == c->records && t->protected == c->protected_count &&
	       t->protected + c->released <= c->update_max &&
	       t->staged == c->staged_count && t->unsaved == c->unsaved;
}

bool
sts_cache_check(const struct sts_cache *c)
{
	struct tally t = { 0, 0, 0, 0, 0, 0, 0 };

	return check_free(c, &t) && check_lists(c, &t) && check_tally(c, &t) &&
	       check_orgs(c, &t) && count_indexed(c) == c->records;
}
