/* SPDX-License-Identifier: MIT */
/*
 * The cache's index: buckets of records chained through their heads. The hash
 * is keyed with a secret of this boot, so nobody outside can choose names
 * that fall into one bucket.
 */
#include <string.h>

#include "cache_private.h"

/* The compiler's word for having the octets at an address brought to hand while
 * the program goes on. A build that knows one defines it; without it nothing is
 * lost but time. */
#ifndef STS_PREFETCH
#define STS_PREFETCH(p) ((void)(p))
#endif

enum {
	/* Of a look-up that is prepared: most records have a head and one or
	 * two chunks, and some another's head before them. */
	AHEAD_CHUNKS = 4
};

static void
put_bucket(struct sts_cache *c, uint32_t hash, sts_ref ref)
{
	sts_put32le(sts_index_at(c, hash), ref);
}

/* Whether the record with this head is the domain's. */
static inline bool
domain_is(
    const struct sts_cache *c, const uint8_t *head, struct sts_text domain)
{
	struct sts_chunk_pos at = { sts_get32le(head + STS_CHUNK_NEXT), 0 };
	size_t done = 0;

	if (head[STS_HEAD_DOMAIN_LEN] != domain.n) {
		return false;
	}
	while (done < domain.n) {
		struct sts_text piece =
		    sts_chunks_piece(&c->chunks, &at, domain.n - done);

		STS_ASSERT(piece.n > 0);
		if (memcmp(piece.p, domain.p + done, piece.n) != 0) {
			return false;
		}
		done += piece.n;
	}
	return true;
}

uint32_t
sts_index_hash(const struct sts_cache *c, struct sts_text domain)
{
	return (uint32_t)sts_siphash(c->key, domain);
}

sts_ref
sts_index_probe(const struct sts_cache *c, struct sts_text domain,
    uint32_t hash, unsigned *probes)
{
	sts_ref ref = sts_index_bucket(c, hash);

	*probes = 0;
	while (ref != 0) {
		const uint8_t *head = sts_chunk(&c->chunks, ref);

		STS_ASSERT(*probes < STS_CACHE_PROBE_MAX);
		++*probes;
		if (sts_get32le(head + STS_HEAD_HASH) == hash &&
		    domain_is(c, head, domain)) {
			break;
		}
		ref = sts_get32le(head + STS_HEAD_CHAIN);
	}
	return ref;
}

/* Where a look-up for a domain of this hash goes on behind a chunk: to the next
 * head of the bucket if this is another domain's, else along the record, whose
 * head *record then is. */
static sts_ref
onward(const struct sts_cache *c, sts_ref ref, uint32_t hash, sts_ref *record)
{
	const uint8_t *p = sts_chunk(&c->chunks, ref);

	if (p[STS_CHUNK_TAG] != STS_CHUNK_BODY) {
		if (sts_get32le(p + STS_HEAD_HASH) != hash) {
			return sts_get32le(p + STS_HEAD_CHAIN);
		}
		*record = ref;
	}
	return sts_get32le(p + STS_CHUNK_NEXT);
}

/*
 * Each pass needs what the one before it asked for. That is then on its way for
 * all of them, so that they wait for memory together, once a pass.
 */
void
sts_cache_ahead(const struct sts_cache *c, const struct sts_text *domains,
    unsigned count, sts_ref *records)
{
	uint32_t hash[STS_CACHE_AHEAD_MAX];
	sts_ref ref[STS_CACHE_AHEAD_MAX];

	STS_ASSERT(count <= STS_CACHE_AHEAD_MAX);
	for (unsigned i = 0; i < count; i++) {
		hash[i] = sts_index_hash(c, domains[i]);
		STS_PREFETCH(sts_index_at(c, hash[i]));
	}
	for (unsigned pass = 0; pass < AHEAD_CHUNKS; pass++) {
		for (unsigned i = 0; i < count; i++) {
			if (pass == 0) {
				records[i] = 0;
				ref[i] = sts_index_bucket(c, hash[i]);
			} else if (ref[i] != 0) {
				ref[i] =
				    onward(c, ref[i], hash[i], &records[i]);
			}
			if (ref[i] != 0) {
				STS_PREFETCH(sts_chunk(&c->chunks, ref[i]));
			}
		}
	}
}

bool
sts_cache_is_of(const struct sts_cache *c, sts_ref ref, struct sts_text domain)
{
	return ref != 0 && sts_head_live(c, ref) &&
	       domain_is(c, sts_chunk(&c->chunks, ref), domain);
}

bool
sts_index_full(const struct sts_cache *c, uint32_t hash)
{
	sts_ref ref = sts_index_bucket(c, hash);
	unsigned n = 0;

	while (ref != 0 && n < STS_CACHE_PROBE_MAX) {
		ref = sts_head_get32(c, ref, STS_HEAD_CHAIN);
		n++;
	}
	return n == STS_CACHE_PROBE_MAX;
}

void
sts_index_add(struct sts_cache *c, sts_ref ref)
{
	uint32_t hash = sts_head_get32(c, ref, STS_HEAD_HASH);

	STS_ASSERT(!sts_index_full(c, hash));
	sts_head_put32(c, ref, STS_HEAD_CHAIN, sts_index_bucket(c, hash));
	put_bucket(c, hash, ref);
	c->records++;
}

void
sts_index_drop(struct sts_cache *c, sts_ref ref)
{
	uint32_t hash = sts_head_get32(c, ref, STS_HEAD_HASH);
	sts_ref after = sts_head_get32(c, ref, STS_HEAD_CHAIN);
	sts_ref at = sts_index_bucket(c, hash);

	if (at == ref) {
		put_bucket(c, hash, after);
	} else {
		sts_ref next = sts_head_get32(c, at, STS_HEAD_CHAIN);

		for (unsigned n = 0; next != ref; n++) {
			STS_ASSERT(n < STS_CACHE_PROBE_MAX);
			at = next;
			next = sts_head_get32(c, at, STS_HEAD_CHAIN);
		}
		sts_head_put32(c, at, STS_HEAD_CHAIN, after);
	}
	sts_head_put32(c, ref, STS_HEAD_CHAIN, 0);
	c->records--;
}

/* A record's place among those of its bucket, which no other domain shares. */
static uint64_t
order_of(const struct sts_cache *c, sts_ref ref)
{
	uint8_t domain[STS_NAME_MAX];

	return sts_siphash(
	    c->key, sts_text(domain, sts_cache_domain(c, ref, domain)));
}

/* The record of the bucket that comes next after w, or 0. */
static sts_ref
next_inside(const struct sts_cache *c, struct sts_walk *w)
{
	sts_ref best = 0, ref = sts_index_bucket(c, w->bucket);
	uint64_t least = 0;

	while (ref != 0) {
		uint64_t order = order_of(c, ref);

		if ((!w->inside || order > w->after) &&
		    (best == 0 || order < least)) {
			best = ref;
			least = order;
		}
		ref = sts_head_get32(c, ref, STS_HEAD_CHAIN);
	}
	if (best != 0) {
		w->inside = true;
		w->after = least;
	}
	return best;
}

bool
sts_cache_walk(const struct sts_cache *c, struct sts_walk *w, uint32_t buckets,
    sts_ref *ref)
{
	*ref = 0;
	for (uint32_t i = 0; i < buckets && w->bucket <= c->index_mask; i++) {
		*ref = next_inside(c, w);
		if (*ref != 0) {
			return true;
		}
		w->inside = false;
		w->bucket++;
	}
	return w->bucket <= c->index_mask;
}
