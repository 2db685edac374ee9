/* SPDX-License-Identifier: MIT */
/*
 * What is known about each domain, in one fixed block of 64-byte chunks.
 *
 * A record is a header and a payload (bytes the cache does not look into),
 * chained over chunks, so that any record that fits the free chunks fits.
 * It is found by a keyed index with a bounded probe. Records live in class
 * lists; within a class the least recently used goes first. Victims, in this
 * order: expired, back-off/cannot-tell/absent, none, testing. An unexpired
 * enforce policy is never evicted to make room; admission is limited instead:
 *
 *	one record             at most 1/64 of the chunks
 *	one organisation       at most 1/16 of the chunks, counted for enforce
 *	the reserve            1/8 of the chunks that protected (enforce)
 *	                       records cannot take; all others live there and
 *	                       in whatever protected records leave free
 *
 * A new version of a held policy may use the reserve; if it fits nowhere the
 * old version goes and the commit fails: a policy known to be replaced must
 * not be answered.
 *
 * References are chunk numbers; 0 is "none". A reference stays valid until
 * the record is removed, replaced or evicted, which only calls that take a
 * non-const cache can do; a pinned version stays readable until unpinned.
 */
#ifndef STS_CACHE_H
#define STS_CACHE_H

#include "base/bytes.h"
#include "base/siphash.h"
#include "base/sts_config.h"
#include "policy.h"

typedef uint32_t sts_ref;

enum sts_kind {
	STS_KIND_POLICY = 1, /* a policy was fetched; mode tells which */
	STS_KIND_ABSENT, /* definitely no policy published */
	STS_KIND_BACK_OFF, /* TXT valid, the fetch failed */
	STS_KIND_UNKNOWN /* the TXT look-up failed */
};

/* The header of a record. Times are agent time (core/clock.h). */
struct sts_entry {
	uint8_t kind; /* enum sts_kind */
	uint8_t mode; /* enum sts_mode, for policies */
	uint8_t failures; /* in a row, saturating */
	uint8_t why; /* enum sts_why of the last failure */
	uint16_t mx_count;
	uint16_t asked_day; /* agent day (now_s / 86400) of the last question */
	uint32_t max_age_s;
	uint32_t fetched_s; /* last successful fetch */
	uint32_t checked_s; /* when the TXT record was last looked up */
	uint32_t check_s; /* when it is to be looked up again */
	uint32_t refresh_s; /* when a refresh is planned */
	uint32_t retry_s; /* no fetch for failed_id before this */
	uint32_t failed_id; /* hash of the id whose fetch failed, 0: none */
};

struct sts_cache {
	/* Private. */
	uint8_t *chunks;
	uint32_t *index;
	uint32_t chunk_count, index_mask, free_head, free_count;
	uint32_t protected_count; /* chunks of enforce records */
	uint32_t staged_count;
	uint32_t records, hand;
	struct {
		uint32_t head, tail, count;
	} list[8];
	uint32_t orgs[STS_CACHE_ORGS];
	uint8_t key[STS_SIPHASH_KEY];
	uint32_t refused, evicted;
};

/* The smallest block init takes, and what one chunk costs in all. */
enum {
	STS_CACHE_CHUNK = 64,
	STS_CACHE_BLOCK_MIN = 4096
};

/*
 * Take over block[0..size), size >= STS_CACHE_BLOCK_MIN, aligned for
 * uint32_t; key: fresh random bytes of this boot.
 */
void sts_cache_init(struct sts_cache *c, uint8_t *block, size_t size,
    const uint8_t key[STS_SIPHASH_KEY]);

/* The record of a domain (lower-case), or 0. At most a bounded probe. */
sts_ref sts_cache_find(const struct sts_cache *c, struct sts_text domain);

/* Copy the header out. */
void sts_cache_get(const struct sts_cache *c, sts_ref ref, struct sts_entry *e);

/*
 * Write the header back. Kind and mode must be as they are: a change of those
 * is a new version. now_s moves the record to the expired class or out of it.
 */
void sts_cache_set(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    uint32_t now_s, bool expires);

/* Mark as just used (LRU within its class). O(1). */
void sts_cache_touch(struct sts_cache *c, sts_ref ref);

/* The domain of a record into out (room for STS_NAME_MAX); its length. */
size_t sts_cache_domain(const struct sts_cache *c, sts_ref ref, uint8_t *out);

/* Length of the payload, and a piece of it: reads at most n bytes from off,
 * returns how many. */
size_t sts_cache_payload_len(const struct sts_cache *c, sts_ref ref);
size_t sts_cache_read(
    const struct sts_cache *c, sts_ref ref, size_t off, uint8_t *out, size_t n);

/* Keep this version readable though it is replaced, removed or expires.
 * Counted; at most 65,535 pins (asserted). A pinned record is no victim. */
void sts_cache_pin(struct sts_cache *c, sts_ref ref);
void sts_cache_unpin(struct sts_cache *c, sts_ref ref);

/* A version being written. Its chunks are in nobody's way until commit. */
struct sts_stage {
	/* Private. */
	uint32_t head, tail, chunk_count;
	uint16_t payload_len;
	uint8_t domain_len;
	bool failed;
};

/* Begin a version for domain (1..STS_NAME_MAX octets, lower-case). False: no
 * room. Must be followed by commit or abandon. */
bool sts_cache_stage(
    struct sts_cache *c, struct sts_stage *s, struct sts_text domain);

/* Append to the payload. False: no room or over the limit of one record; the
 * stage has then failed and can only be abandoned. */
bool sts_cache_append(
    struct sts_cache *c, struct sts_stage *s, const uint8_t *p, size_t n);

/* Whether the staged payload equals that of ref. */
bool sts_cache_same(
    const struct sts_cache *c, const struct sts_stage *s, sts_ref ref);

enum sts_admission {
	STS_ADMITTED = 0,
	STS_REFUSED_ROOM, /* protected records may not take the reserve */
	STS_REFUSED_ORG, /* the organisation has its share */
	STS_REFUSED_LARGE /* over 1/64 of the chunks */
};

/*
 * Make the stage the domain's record, replacing what was held (its pins keep
 * the old bytes). ADMITTED: *ref is the record. Refused: the stage is
 * abandoned, and an older version of the same domain is removed if the new
 * one is a policy. A record with expires false (clock not confirmed) is never
 * of the expired class.
 */
enum sts_admission sts_cache_commit(struct sts_cache *c, struct sts_stage *s,
    const struct sts_entry *e, uint32_t now_s, bool expires, sts_ref *ref);

/* Drop a stage; no trace remains. Harmless on a zeroed or committed one. */
void sts_cache_abandon(struct sts_cache *c, struct sts_stage *s);

void sts_cache_remove(struct sts_cache *c, sts_ref ref);

/*
 * The clock hand: visit up to `chunks` chunks from where it stood. Expired
 * policies move to the expired class (only if `expires`), those expired for
 * more than 30 days are removed, records that are neither policies nor due
 * any more (check_s + 1 h passed) are removed. Returns a policy whose
 * refresh_s <= now_s, or 0 when none was among those visited.
 */
sts_ref sts_cache_sweep(
    struct sts_cache *c, uint32_t chunks, uint32_t now_s, bool expires);

/* The next record after ref in chunk order (0: the first); 0: no more. */
sts_ref sts_cache_next(const struct sts_cache *c, sts_ref ref);

struct sts_cache_stats {
	uint32_t records, enforce, testing, none, other, expired;
	uint32_t chunks, chunks_free, chunks_protected, protected_max;
	uint32_t refused, evicted;
};
void sts_cache_stats(const struct sts_cache *c, struct sts_cache_stats *s);

/*
 * Number of octets of domain that name its organisation: the last two labels,
 * three below a country-code second level such as co.uk (a small rule, not
 * the public suffix list). A suffix of domain.
 */
struct sts_text sts_organisation(struct sts_text domain);

/* The invariants as code, for tests: true when all hold. O(size). */
bool sts_cache_check(const struct sts_cache *c);

#endif
