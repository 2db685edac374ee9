/* SPDX-License-Identifier: MIT */
/*
 * The cache's record, for the files of the cache (core/cache/cache*.c) and its
 * tests only. A record is a chain of chunks (core/cache/chunks.h). The head:
 *
 *	 0  next chunk                  16  next record of the index bucket
 *	 4  class (enum sts_class)      20  hash of the domain, 32 bits
 *	 5  octets of the domain        24  octets of the payload, 24 bits
 *	 6  pins                        27  marks
 *	 8  previous in its list        28  struct sts_entry, packed
 *	12  next in its list            64
 *
 * The content, in body chunks: the domain, then the payload.
 *
 * A file of the cache calls only those to the left of it:
 *
 *	chunks <- record <- index, class <- cache <- sweep <- stage, check
 */
#ifndef STS_CACHE_PRIVATE_H
#define STS_CACHE_PRIVATE_H

#include "cache.h"

/*
 * What a record is worth; the tag of its head. Up to GUEST these are the
 * victims, first to go first.
 *
 *	EXPIRED   a policy past its lifetime under a confirmed clock
 *	OTHER     absence, back-off, cannot tell
 *	GUEST     an enforce policy that was not admitted to protection
 *	ENFORCE   protected: never a victim
 *	PINNED    a version that was replaced or removed while pinned: not
 *	          indexed, freed by its last unpin
 *	STAGED    a version being written: not indexed
 *
 * A head is in list[its class], except that every pinned one that is not
 * protected is in list[PINNED], so that what the lists of victims offer is free
 * to go.
 * list[].count counts by class.
 */
enum sts_class {
	STS_CLASS_EXPIRED = 0,
	STS_CLASS_OTHER,
	STS_CLASS_NONE,
	STS_CLASS_TESTING,
	STS_CLASS_GUEST,
	STS_CLASS_ENFORCE,
	STS_CLASS_PINNED,
	STS_CLASS_STAGED,
	STS_CLASS_COUNT
};

/* Marks of a live record, for the journal. */
enum {
	STS_MARK_UNSAVED = 1, /* a policy that is to be written */
	STS_MARK_SAVED = 2 /* some version of the domain has been */
};

enum {
	STS_HEAD_DOMAIN_LEN = 5,
	STS_HEAD_PINS = 6,
	STS_HEAD_BEFORE = 8,
	STS_HEAD_AFTER = 12,
	STS_HEAD_CHAIN = 16,
	STS_HEAD_HASH = 20,
	STS_HEAD_PAYLOAD_LEN = 24,
	STS_HEAD_MARKS = 27,
	STS_HEAD_ENTRY = 28,
	STS_HEAD_ENTRY_SIZE = 36,
	STS_ENTRY_LAPSED = 0x80, /* bits of the octet that holds kind */
	STS_ENTRY_PROVED = 0x40,
	STS_ENTRY_SHARED = 0x20,
	STS_ENTRY_RESTORED = 0x10,
	STS_ENTRY_KIND = 0x0f,

	/*
	 * Longest chain of an index bucket. Buckets are at least a quarter of
	 * the chunks, records at most half: with a keyed hash a chain of 32
	 * has a chance below 1e-26; the record that would make it longer is
	 * not taken.
	 */
	STS_CACHE_PROBE_MAX = 32,

	/* A record is at least a head and one body chunk. */
	STS_RECORD_CHUNKS_MIN = 2
};

static inline uint32_t
sts_head_get32(const struct sts_cache *c, sts_ref ref, unsigned off)
{
	return sts_get32le(sts_chunk(&c->chunks, ref) + off);
}

static inline void
sts_head_put32(struct sts_cache *c, sts_ref ref, unsigned off, uint32_t v)
{
	sts_put32le(sts_chunk(&c->chunks, ref) + off, v);
}

static inline unsigned
sts_head_class(const struct sts_cache *c, sts_ref ref)
{
	return sts_chunk_tag(&c->chunks, ref);
}

static inline size_t
sts_head_domain_len(const struct sts_cache *c, sts_ref ref)
{
	return sts_chunk(&c->chunks, ref)[STS_HEAD_DOMAIN_LEN];
}

static inline unsigned
sts_head_pins(const struct sts_cache *c, sts_ref ref)
{
	return sts_get16le(sts_chunk(&c->chunks, ref) + STS_HEAD_PINS);
}

static inline uint32_t
sts_head_payload_len(const struct sts_cache *c, sts_ref ref)
{
	return sts_head_get32(c, ref, STS_HEAD_PAYLOAD_LEN) & 0xffffff;
}

/* Chunks of a record, staged or not. */
static inline uint32_t
sts_head_chunks(const struct sts_cache *c, sts_ref ref)
{
	return sts_chunks_needed(
	    sts_head_domain_len(c, ref) + sts_head_payload_len(c, ref));
}

static inline unsigned
sts_head_marks(const struct sts_cache *c, sts_ref ref)
{
	return sts_chunk(&c->chunks, ref)[STS_HEAD_MARKS];
}

/* core/cache/cache_record.c */

/* Whether ref, any chunk, is what its domain's record is now. Not inline: on a
 * board that takes more flash. */
bool sts_head_live(const struct sts_cache *c, sts_ref ref);

/* Replace the marks; the records with UNSAVED are counted. */
void sts_record_mark(struct sts_cache *c, sts_ref ref, unsigned marks);

/* Write the entry; a fetch in the future counts as now (if now.expires). */
void sts_record_store(struct sts_cache *c, sts_ref ref,
    const struct sts_entry *e, struct sts_now now);

/* core/cache/cache_index.c */

/* The hash of a domain, by the boot's key. */
uint32_t sts_index_hash(const struct sts_cache *c, struct sts_text domain);

/* The record of domain, or 0; *probes: how many heads were looked at. */
sts_ref sts_index_probe(const struct sts_cache *c, struct sts_text domain,
    uint32_t hash, unsigned *probes);

/* Whether a bucket's chain may not grow. */
bool sts_index_full(const struct sts_cache *c, uint32_t hash);

/* Put a record into its bucket, which is not full; take it out. */
void sts_index_add(struct sts_cache *c, sts_ref ref);
void sts_index_drop(struct sts_cache *c, sts_ref ref);

/* Where the first record of a bucket stands. */
static inline uint8_t *
sts_index_at(const struct sts_cache *c, uint32_t hash)
{
	return c->index + 4 * (size_t)(hash & c->index_mask);
}

/* The first record of a bucket, or 0. */
static inline uint32_t
sts_index_bucket(const struct sts_cache *c, uint32_t hash)
{
	return sts_get32le(sts_index_at(c, hash));
}

/* core/cache/cache_class.c */

/* Put a head, new or in another class, into `class`, as the latest used. org: of
 * ENFORCE, the counter of its organisation. */
void sts_class_enter(
    struct sts_cache *c, sts_ref ref, unsigned class, uint32_t org);
void sts_class_leave(struct sts_cache *c, sts_ref ref);

/* The counter of the organisation that the record's domain belongs to. */
uint32_t sts_class_org(const struct sts_cache *c, sts_ref ref);

/* How a version comes to be. */
enum sts_origin {
	STS_ORIGIN_NEW, /* fetched; no protected version is held */
	STS_ORIGIN_NEWER, /* it replaces one, which is no longer counted */
	STS_ORIGIN_PROTECTED, /* both from the journal */
	STS_ORIGIN_GUEST
};

/* May the record be protected? ROOM, ORG, or ADMITTED; then *org is what
 * sts_class_enter wants. */
enum sts_admission sts_class_admit(const struct sts_cache *c, sts_ref ref,
    enum sts_origin origin, uint32_t *org);

/* The class in which a record with this entry belongs. *org: what
 * sts_class_enter wants, if it is not there already. */
unsigned sts_class_of(const struct sts_cache *c, sts_ref ref,
    const struct sts_entry *e, struct sts_now now, enum sts_origin origin,
    uint32_t *org);

/*
 * Move a live record to the class in which it belongs; a record that is there
 * already keeps its place in the list. One that becomes protected, or is no
 * longer, is marked as unsaved, since what the journal holds says whether it is
 * protected.
 */
void sts_class_settle(struct sts_cache *c, sts_ref ref,
    const struct sts_entry *e, struct sts_now now);

/* core/cache/cache_sweep.c */

/* Evict the first victim. False: there is none. O(chunks of the victim). */
bool sts_sweep_evict(struct sts_cache *c);

#endif
