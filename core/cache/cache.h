/* SPDX-License-Identifier: MIT */
/*
 * What is known about each domain, in one fixed block of 64-byte chunks.
 *
 * A record is a header and a payload (bytes the cache does not look into),
 * chained over chunks, so that any record that fits the free chunks fits. It
 * is found by a keyed index with a bounded probe. No call but init, next and
 * check costs more when more records are held; a call that evicts pays for
 * the chunks it frees.
 *
 * Records live in classes; within a class the least recently used goes first.
 * Victims, in this order: expired policies; absence, back-off and cannot-tell;
 * mode none; mode testing; guests. A protected policy, which is an unexpired
 * enforce policy that was admitted, is never evicted to make room: whoever
 * could push one out could undo it. So admission is limited instead, in
 * chunks (N: all there are):
 *
 *	one record        N/32, but not below the smaller of 16 and N/8
 *	one organisation  N/16, but at least one record's limit; counted for
 *	                  protected policies in hashed counters, where a
 *	                  collision makes it stricter and never looser
 *	the reserve       N/8 that new protected policies cannot take; all
 *	                  others live there and in what protected ones leave
 *	the floor         N/16 (at least one record's limit) that no protected
 *	                  policy can take: a new version of a protected policy
 *	                  may use the rest of the reserve to grow into. What
 *	                  does not grow is always admitted
 *
 * An enforce policy that is not admitted is kept as a guest: found and served
 * like any other, but a victim, the last class to go. It is admitted as soon
 * as there is room (on set and sweep). Only sts_cache_protected shows the
 * difference, and only the protected carry the promise.
 *
 * Staged chunks come from what is free or a victim. A stage of up to
 * STS_CACHE_STAGE_SMALL chunks is always let in while there are any; a larger
 * one grows only while all stages together have less than N/32, so that slow
 * large policies cannot keep small ones from being written.
 *
 * How a caller starts (tests/examples/keep.c is this as a program):
 *
 *	sts_cache_init(&cache, block, sizeof block, key);
 *	if (sts_cache_stage(&cache, &stage, domain)) {
 *		sts_payload_begin(&cache, &stage, id);
 *		sts_payload_add_mx(&cache, &stage, pattern);
 *		sts_cache_commit(&cache, &stage, &entry, sts_now(now_s, true), &ref);
 *	}
 *	ref = sts_cache_find(&cache, domain);
 *	if (ref != 0)
 *		sts_cache_get(&cache, ref, &entry);
 *
 * References are chunk numbers; 0 is "none". A reference stays valid until
 * the record is removed, replaced or evicted, which only calls that take a
 * non-const cache can do; a pinned version stays readable until unpinned.
 */
#ifndef STS_CACHE_H
#define STS_CACHE_H

#include "../base/bytes.h"
#include "../base/siphash.h"
#include "../base/sts_config.h"
#include "../grammar/policy.h"
#include "chunks.h"
#include "entry.h"

enum {
	/* The smallest block init takes: 62 chunks and their index. */
	STS_CACHE_BLOCK_MIN = 4096,
	STS_CACHE_STAGE_SMALL = 16, /* chunks: 885 octets of content */
	STS_CACHE_LISTS = 8,
	STS_CACHE_AHEAD_MAX = 16, /* look-ups prepared together */
	/* Expired policies are forgotten after this (and before, for room),
	 * counted from sts_cache_expired_since at least. */
	STS_CACHE_EXPIRED_KEEP_S = 30 * 86400,
	/* Others are forgotten when check_s is this long ago, */
	STS_CACHE_OTHER_KEEP_S = 3600,
	/* or further ahead than any is ever planned: the clock was set back. */
	STS_CACHE_OTHER_AHEAD_S = 86400,
	/* A refresh further ahead than any is ever planned is due, too. */
	STS_CACHE_REFRESH_AHEAD_S = 86400,
	/* A refresh is late when the policy expires within this. */
	STS_CACHE_LATE_S = 6 * 3600,
	STS_CACHE_FAILING = 2 /* refreshes in a row: it keeps failing */
};

struct sts_cache {
	/* Private. */
	struct sts_chunks chunks;
	uint8_t *index; /* buckets, 4 bytes each */
	uint32_t index_mask;
	/* Limits, in chunks. */
	uint32_t record_max, org_max, protected_max, update_max, staged_max;
	uint32_t protected_count, staged_count; /* chunks */
	uint32_t records, hand, turn;
	uint32_t since_s;
	uint32_t unsaved; /* records with that mark */
	uint32_t released; /* chunks that only the journal protects */
	bool stale;
	struct {
		uint32_t head, tail, count;
	} list[STS_CACHE_LISTS];
	uint32_t orgs[STS_CACHE_ORGS];
	uint8_t key[STS_SIPHASH_KEY];
	uint32_t refused, evicted;
	/* Policies whose refresh keeps failing: in the round of the hand that
	 * is under way, and in the one before. */
	struct {
		uint32_t count, expires_s;
	} failing, failing_before;
};

/*
 * Take over block[0..size), of any alignment, STS_CACHE_BLOCK_MIN <= size;
 * key: fresh random bytes of this boot. A domain typically costs 132 bytes
 * (two chunks and its part of the index). Only the index is touched, at the end
 * of the block; the rest, which may hold anything, not before it is needed.
 */
void sts_cache_init(struct sts_cache *c, uint8_t *block, size_t size,
    const uint8_t key[STS_SIPHASH_KEY]);

/* The same for a block that holds zeros: nothing of it is touched. */
void sts_cache_init_zeroed(struct sts_cache *c, uint8_t *block, size_t size,
    const uint8_t key[STS_SIPHASH_KEY]);

/* The record of a domain (lower-case, 1..STS_NAME_MAX octets), or 0. Looks at
 * 32 records at most. */
sts_ref sts_cache_find(const struct sts_cache *c, struct sts_text domain);

/*
 * These domains (as of sts_cache_find, or any other octets) are about to be
 * looked up: have what each look-up will read brought to hand, of all of them at
 * the same time. Changes nothing but how long they take, and that only in a
 * cache that is larger than what the processor keeps at hand: see
 * sts_cache_is_large. At most STS_CACHE_AHEAD_MAX (asserted). records[i]: what
 * seems to be the record of domains[i], for sts_cache_is_of; 0: none was seen.
 */
void sts_cache_ahead(const struct sts_cache *c, const struct sts_text *domains,
    unsigned count, sts_ref *records);

/* Whether ref, which is 0 or was given by this cache at any time, is the record
 * that sts_cache_find would give for this domain. */
bool sts_cache_is_of(
    const struct sts_cache *c, sts_ref ref, struct sts_text domain);

/* Whether so much is held that a look-up waits for memory. */
bool sts_cache_is_large(const struct sts_cache *c);

/* Whether ref is a protected policy: only a newer version, its expiry or a
 * removal can end it. */
bool sts_cache_protected(const struct sts_cache *c, sts_ref ref);

/* Copy the header out. */
void sts_cache_get(const struct sts_cache *c, sts_ref ref, struct sts_entry *e);

/*
 * Write the header back. Kind and mode must be as they are: a change of those
 * is a new version (asserted). Moves the record between the expired class and
 * the others.
 */
void sts_cache_set(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    struct sts_now now);

/* Mark as just used (LRU within its class; what is protected has no turn, and
 * nothing is done). */
void sts_cache_touch(struct sts_cache *c, sts_ref ref);

/* The domain of a record into out (room for STS_NAME_MAX); its length. */
size_t sts_cache_domain(const struct sts_cache *c, sts_ref ref, uint8_t *out);

/* Length of the payload, and a piece of it: reads at most n bytes from off,
 * returns how many. (domain + off) / 59 steps lead to off. */
size_t sts_cache_payload_len(const struct sts_cache *c, sts_ref ref);
size_t sts_cache_read(
    const struct sts_cache *c, sts_ref ref, size_t off, uint8_t *out, size_t n);

/*
 * The same for reading on from where the last read ended, which takes no steps:
 * a reader of a long payload would else walk from its beginning for each piece.
 * seek: at `off`, or the payload's end.
 */
struct sts_cache_cursor {
	/* Private. */
	struct sts_chunk_pos at;
	size_t left;
};
struct sts_cache_cursor sts_cache_seek(
    const struct sts_cache *c, sts_ref ref, size_t off);
size_t sts_cache_read_on(const struct sts_cache *c,
    struct sts_cache_cursor *from, uint8_t *out, size_t n);

/*
 * Keep this version readable though it is replaced, removed or expires; a
 * pinned record is no victim. Counted, at most 65,535 (asserted). The last
 * unpin of a version that was replaced frees it: ref is then void.
 */
void sts_cache_pin(struct sts_cache *c, sts_ref ref);
void sts_cache_unpin(struct sts_cache *c, sts_ref ref);

/* What a reply is made of, beside the payload. */
struct sts_cache_gist {
	uint32_t payload_len, max_age_s;
	uint16_t mx_count;
	uint16_t pins;
	uint8_t kind, mode;
};
struct sts_cache_gist sts_cache_gist(const struct sts_cache *c, sts_ref ref);

/* A version being written. Nobody finds it before it is committed. */
struct sts_stage {
	/* Private. */
	uint32_t head, tail;
	uint8_t failed; /* enum sts_admission: BUSY or LARGE */
};

/*
 * Begin a version for domain (1..STS_NAME_MAX octets, lower-case). False: no
 * room, *s is as if zeroed. Else commit or abandon must follow. May evict.
 */
bool sts_cache_stage(
    struct sts_cache *c, struct sts_stage *s, struct sts_text domain);

/* Append to the payload. False: no room or over the limit of one record; the
 * stage has then failed, and what was appended since is lost. May evict. */
bool sts_cache_append(
    struct sts_cache *c, struct sts_stage *s, const uint8_t *p, size_t n);

enum sts_admission {
	STS_ADMITTED = 0,
	/* Enforce policies kept as guests, because */
	STS_REFUSED_ROOM, /* protected ones may not take more of the cache */
	STS_REFUSED_ORG, /* the organisation has its share */
	/* Not kept at all: */
	STS_REFUSED_LARGE, /* over the limit of one record */
	STS_REFUSED_BUSY /* the stage found no room, which may change */
};

/*
 * Make the stage the domain's record, replacing what was held (whose pins
 * keep the old bytes). The stage is over, whatever the result.
 *
 * ADMITTED, REFUSED_ROOM, REFUSED_ORG: *ref is the record.
 *
 * REFUSED_LARGE: *ref is 0. If e is a policy, an older version is removed: a
 * policy known to be replaced must not be answered. Only its own domain's
 * authenticated publisher can get there.
 *
 * REFUSED_BUSY: *ref is 0 and nothing has changed; what was held still is, as
 * after a failed fetch.
 *
 * While a live enforce policy is held (sts_entry_expired or now.expires is
 * false) e must be a policy: anything else is a programmer's error (asserted).
 * A failure is noted in the held record by sts_cache_set.
 */
enum sts_admission sts_cache_commit(struct sts_cache *c, struct sts_stage *s,
    const struct sts_entry *e, struct sts_now now, sts_ref *ref);

/*
 * The same for a version that the journal kept. `protected`: whether the
 * version was protected when it was saved. If so, it may use the reserve like a
 * newer version, and no organisation's limit applies: counters were keyed
 * differently in the last boot. If not, it returns as a guest at most, so that
 * former guests cannot take the room of protected policies that are restored
 * after them. The record is already saved.
 */
enum sts_admission sts_cache_restore(struct sts_cache *c, struct sts_stage *s,
    const struct sts_entry *e, struct sts_now now, bool protected,
    sts_ref *ref);

/*
 * Policies that are to be saved: new versions, those whose lifetime was
 * renewed, and those that became protected, or ceased to be as they expired.
 * sts_cache_unsaved steps at most `chunks` chunks on from *hand (0 at first)
 * and returns the first such policy, or 0; with `first` only one of which no
 * version was ever saved. sts_cache_saved takes the mark off.
 */
sts_ref sts_cache_unsaved(
    const struct sts_cache *c, uint32_t *hand, uint32_t chunks, bool first);
void sts_cache_saved(struct sts_cache *c, sts_ref ref);
bool sts_cache_is_unsaved(const struct sts_cache *c, sts_ref ref);
uint32_t sts_cache_unsaved_count(const struct sts_cache *c);

/*
 * Room that a protected policy gives up is not given to others before the
 * journal knows that it is free: else a restart would find more protected
 * policies than there is room for. Until sts_cache_all_saved says that nothing
 * is left to be saved it counts as taken.
 *
 * sts_cache_stale: the journal holds a version of some domain that was
 * replaced, and no record will ever replace that one, since the newer
 * version was evicted. All that is held is then to be written anew, beginning with
 * sts_cache_rewrite. Room that was given up before does not count as taken any
 * more, because the new area does not hold those versions; however long a
 * storage fails, each retry begins with this call.
 */
bool sts_cache_stale(const struct sts_cache *c);
void sts_cache_rewrite(struct sts_cache *c);
void sts_cache_all_saved(struct sts_cache *c);

/*
 * Step at most `chunks` chunks on from *hand (0 at first) to the next policy.
 * True: it is *ref, or *ref is 0 and it is to be called again. False: all
 * chunks were seen.
 */
bool sts_cache_scan(
    const struct sts_cache *c, uint32_t *hand, uint32_t chunks, sts_ref *ref);

/* Drop a stage; no trace remains. Harmless on a zeroed or committed one. */
void sts_cache_abandon(struct sts_cache *c, struct sts_stage *s);

/* Remove a live record of any kind, protected or not: what the operator asks
 * for, and what the cache itself does. Its chunks are free at once, or at the
 * last unpin. */
void sts_cache_remove(struct sts_cache *c, sts_ref ref);

/*
 * The clock hand: visit up to `chunks` chunks from where it stood, and see
 * that each policy there is in its class: the expired move to theirs (only if
 * now.expires), guests are admitted where there is room, those expired for more
 * than STS_CACHE_EXPIRED_KEEP_S are removed; so are records of other kinds
 * that nobody has asked for since check_s. If now.expires, a fetch in the
 * future becomes a fetch now. Stops at the first policy that has not lapsed,
 * expires within STS_CACHE_LATE_S or has expired, and whose refresh is due, and
 * returns it; 0 when there was none. Due: refresh_s is not 0, and it is <= now.s
 * or more than STS_CACHE_REFRESH_AHEAD_S ahead (the clock was set back).
 */
sts_ref sts_cache_sweep(
    struct sts_cache *c, uint32_t chunks, struct sts_now now);

/*
 * Go on from the policy that was returned last, over up to `chunks` chunks, to
 * the next one whose refresh is due, late or not, and return it; 0 when there
 * was none. Changes no record.
 */
sts_ref sts_cache_turn(struct sts_cache *c, uint32_t chunks, uint32_t now_s);

/* `ref`, which the last sts_cache_turn returned, had to wait: the next call begins
 * with it again, and returns it if it is still due. */
void sts_cache_turn_again(struct sts_cache *c, sts_ref ref);

/*
 * All records, of any kind, while the cache changes between the calls: steps
 * over at most `buckets` buckets of the index to the next record. A domain that
 * is held throughout is met exactly once, whatever becomes of its record and
 * of others. Begin with *w zeroed. True: it is *ref, or *ref is 0 and it is to
 * be called again. False: all were seen. At most `buckets` times the longest
 * probe of steps; the calls of a whole round add up to the number of buckets
 * and records.
 */
struct sts_walk {
	/* Private. */
	uint32_t bucket;
	bool inside; /* of the bucket, `after` is the hash of the last one */
	uint64_t after;
};
bool sts_cache_walk(const struct sts_cache *c, struct sts_walk *w,
    uint32_t buckets, sts_ref *ref);

/*
 * Say since when the confirmed time has run without a jump (0 at first). A
 * policy that expired before, perhaps by that jump, counts as expired at
 * since_s, so that it is still held when the jump turns out to have been wrong.
 */
void sts_cache_expired_since(struct sts_cache *c, uint32_t since_s);

/* The next record after ref in chunk order (0: the first); 0: no more. Steps
 * over chunks one by one. */
sts_ref sts_cache_next(const struct sts_cache *c, sts_ref ref);

/* Number of chunks. */
uint32_t sts_cache_chunks(const struct sts_cache *c);

struct sts_cache_stats {
	/* Records; enforce: protected ones, guests: enforce but not
	 * protected */
	uint32_t records, enforce, guests, testing, none, other, expired;
	uint32_t chunks, chunks_free, chunks_protected, chunks_staged;
	uint32_t protected_max; /* chunks, for new policies */
	/* Since start: commits not admitted, victims. */
	uint32_t refused, evicted;
	/* As of the last round of the hand: policies that are neither expired
	 * nor of mode none and have failures >= STS_CACHE_FAILING; when the
	 * first of them expires, 0: there is none. */
	uint32_t failing, failing_expires_s;
};
void sts_cache_stats(const struct sts_cache *c, struct sts_cache_stats *s);

/* The invariants as code, for tests: true when all hold. O(size). */
bool sts_cache_check(const struct sts_cache *c);

#endif
