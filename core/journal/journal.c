/* SPDX-License-Identifier: MIT */
/*
 * The journal's public functions, which decide what is done next.
 *
 * The engine is in one stage at a time (journal_private.h draws them). next()
 * prepares at most one operation and keeps it in j->op while j->pending; done()
 * gives its result to the stage, which then moves on. So an operation is the
 * same until it was carried out, and a storage may take its time.
 *
 *	loading   stages before IDLE: j->area, revision, unit and pos describe
 *	          the area that counts, as far as it was read
 *	IDLE      pos is where the next record goes, unless `dirty`; the most
 *	          urgent work is begun here (begin_work): compaction, removals,
 *	          the stamp, policies
 *	saving    stages after IDLE: target, write_pos and write_revision
 *	          describe what is written; area stays valid until AREA_SYNC
 *	resting   NEWER for good; FAILED until a retry, which goes on with
 *	          `resume`
 *
 * The power may go at any moment, and bits of the medium may stick or be lost.
 * Whoever can write to the medium is trusted like the operator.
 */
#include <string.h>

#include "../grammar/domain.h"
#include "journal_private.h"

enum {
	BUF_MIN = 256, /* holds the longest domain */
	AREA_MIN = 256,
	DAY_S = 86400
};

STS_STATIC_ASSERT((int)BUF_MIN >= (int)STS_DOMAIN_MAX, domain_fits);

uint32_t
sts_journal_area_min(uint32_t chunks, uint32_t prog_size)
{
	/* Two chunks are the smallest record, and 59 octets of content. */
	uint64_t content = (uint64_t)chunks * STS_CHUNK_ROOM;
	uint64_t records = chunks / 2;
	uint64_t n = content +
		     records * (STS_JOURNAL_HEAD + STS_JOURNAL_CRC +
				   (uint64_t)prog_size - 1) +
		     sts_journal_padded(STS_JOURNAL_HEAD, prog_size);

	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static bool
geometry_valid(const struct sts_journal_geometry *g)
{
	return g->prog_size >= 1 && g->erase_size >= g->prog_size &&
	       g->area_size >= g->erase_size && g->area_size >= AREA_MIN &&
	       g->prog_size <= g->area_size / 2 &&
	       g->erase_size % g->prog_size == 0 &&
	       g->area_size % g->erase_size == 0 && g->area_count >= 2 &&
	       g->area_count <= UINT32_MAX / g->area_size;
}

static bool
too_small(const struct sts_journal_geometry *g, const struct sts_cache *cache)
{
	return g->area_size <
	       sts_journal_area_min(sts_cache_chunks(cache), g->prog_size);
}

bool
sts_journal_init(struct sts_journal *j, const struct sts_journal_geometry *g,
    struct sts_cache *cache, uint8_t *buf, size_t buf_size)
{
	if (!geometry_valid(g) || buf_size < BUF_MIN ||
	    buf_size < g->prog_size || buf_size % g->prog_size != 0) {
		return false;
	}
	memset(j, 0, sizeof *j);
	j->g = *g;
	j->small = too_small(g, cache);
	j->cache = cache;
	j->buf = buf;
	j->buf_size = buf_size;
	j->area = g->area_count;
	j->stage = STS_STAGE_AREAS;
	return true;
}

void
sts_journal_leave(struct sts_journal *j)
{
	sts_cache_abandon(j->cache, &j->staged);
	if (j->ref != 0) {
		sts_cache_unpin(j->cache, j->ref);
		j->ref = 0;
	}
}

bool
sts_journal_again(struct sts_journal *j, const struct sts_journal_geometry *g)
{
	uint8_t forget[sizeof j->forget];
	uint16_t forget_len = j->forget_len;
	bool off_given = j->off_given;
	uint32_t off_s = j->off_s;

	memcpy(forget, j->forget, sizeof forget);
	sts_journal_leave(j);
	if (!sts_journal_init(j, g, j->cache, j->buf, j->buf_size)) {
		return false;
	}
	memcpy(j->forget, forget, sizeof forget);
	j->forget_len = forget_len;
	j->off_given = off_given;
	j->off_s = off_given ? off_s : 0;
	/* A policy of the first reading may not stand in the storage that is
	 * read now: all of them are written anew. */
	j->again = j->compact_due = true;
	return true;
}

static bool
loading(const struct sts_journal *j)
{
	return j->stage < STS_STAGE_IDLE;
}

static bool
resting(const struct sts_journal *j)
{
	return j->stage >= STS_STAGE_NEWER;
}

void
sts_journal_trust(struct sts_journal *j)
{
	j->trusted = true;
}

bool
sts_journal_grow(struct sts_journal *j, const struct sts_journal_geometry *g)
{
	STS_ASSERT(!j->pending);
	if (!geometry_valid(g) || g->prog_size != j->g.prog_size ||
	    g->area_count != j->g.area_count || g->area_size < j->g.area_size) {
		return false;
	}
	/* Nobody has looked whether the rest of the larger areas is erased. */
	j->dirty = true;
	j->g = *g;
	j->small = too_small(g, j->cache);
	return true;
}

/* A new day has a new budget. True: today's is used up. */
static bool
budget_used(struct sts_journal *j, uint32_t now_s)
{
	if (now_s / DAY_S != j->day) {
		j->day = now_s / DAY_S;
		j->day_used = 0;
	}
	return j->g.day_budget != 0 && j->day_used >= j->g.day_budget &&
	       !j->hurried;
}

/* Begin the most urgent work of saving, if there is any. */
static void
begin_work(struct sts_journal *j, uint32_t now_s)
{
	sts_ref ref;

	if (j->compact_due) {
		j->compact_due = false;
		sts_journal_save_all(j);
	} else if (j->forget_len > 0) {
		sts_journal_save_forget(j);
	} else if (j->stamp_due) {
		sts_journal_save_stamp(j);
	} else {
		ref = sts_cache_unsaved(j->cache, &j->hand, STS_JOURNAL_SCAN,
		    budget_used(j, now_s));
		if (ref != 0) {
			sts_journal_save_policy(j, ref);
		} else if (sts_cache_unsaved_count(j->cache) == 0 &&
			   sts_cache_stale(j->cache) &&
			   !budget_used(j, now_s)) {
			sts_journal_save_all(j);
		}
	}
}

bool
sts_journal_next(
    struct sts_journal *j, uint32_t now_s, struct sts_journal_op *op)
{
	if (!j->pending && j->stage == STS_STAGE_IDLE) {
		begin_work(j, now_s);
	}
	if (!j->pending && loading(j)) {
		sts_journal_load_next(j);
	} else if (!j->pending && j->stage != STS_STAGE_IDLE && !resting(j)) {
		sts_journal_save_next(j);
	}
	*op = j->op;
	return j->pending;
}

void
sts_journal_done(struct sts_journal *j, int result)
{
	STS_ASSERT(j->pending);
	STS_ASSERT(result != STS_IO_AGAIN);
	j->pending = false;
	if (result != 0) {
		j->full = result == STS_IO_LIMIT;
	}
	if (loading(j)) {
		sts_journal_load_done(j, result == 0);
	} else {
		sts_journal_save_done(j, result == 0);
	}
	if (!resting(j) && !sts_journal_busy(j)) {
		sts_cache_all_saved(j->cache);
	}
}

static int
carry_out(const struct sts_store *store, const struct sts_journal_op *op)
{
	switch (op->kind) {
	case STS_JOURNAL_READ:
		return store->read(store->ctx, op->off, op->buf, op->len);
	case STS_JOURNAL_PROG:
		return store->prog(store->ctx, op->off, op->buf, op->len);
	case STS_JOURNAL_ERASE:
		return store->erase(store->ctx, op->off);
	default:
		return store->sync(store->ctx);
	}
}

int
sts_journal_step(
    struct sts_journal *j, const struct sts_store *store, uint32_t now_s)
{
	struct sts_journal_op op;
	bool commits;
	int result;

	if (!sts_journal_next(j, now_s, &op)) {
		return 0;
	}
	commits = store->commit != NULL && sts_journal_save_ends(j);
	result = commits ? store->commit(store->ctx, op.off, op.buf, op.len)
			 : carry_out(store, &op);
	if (result == STS_IO_AGAIN) {
		return STS_IO_AGAIN;
	}
	sts_journal_done(j, result);
	if (commits && result == 0) {
		/* The sync that comes next was done with it. */
		(void)sts_journal_next(j, now_s, &op);
		STS_ASSERT(j->pending && op.kind == STS_JOURNAL_SYNC);
		sts_journal_done(j, 0);
	}
	return 1;
}

enum sts_journal_state
sts_journal_state(const struct sts_journal *j)
{
	if (j->stage == STS_STAGE_NEWER) {
		return STS_JOURNAL_NEWER;
	}
	if (j->failed) {
		return j->full ? STS_JOURNAL_FULL : STS_JOURNAL_FAILED;
	}
	/* The state is READY although REST is still to come: what follows the
	 * records matters only when the next is written. */
	return j->stage < STS_STAGE_REST ? STS_JOURNAL_LOADING
					 : STS_JOURNAL_READY;
}

const char *
sts_journal_state_text(enum sts_journal_state state)
{
	static const char *const words[] = {
		[STS_JOURNAL_LOADING] = "loading",
		[STS_JOURNAL_READY] = "ready",
		[STS_JOURNAL_NEWER] = "newer",
		[STS_JOURNAL_FAILED] = "failed",
		[STS_JOURNAL_FULL] = "full",
	};

	STS_ASSERT(state < sizeof words / sizeof *words);
	return words[state];
}

bool
sts_journal_busy(const struct sts_journal *j)
{
	if (resting(j)) {
		return false;
	}
	return j->stage != STS_STAGE_IDLE || j->compact_due ||
	       j->forget_len > 0 || j->stamp_due ||
	       sts_cache_unsaved_count(j->cache) > 0 ||
	       sts_cache_stale(j->cache);
}

void
sts_journal_retry(struct sts_journal *j)
{
	if (j->stage != STS_STAGE_FAILED) {
		return;
	}
	if (j->resume < STS_STAGE_IDLE) {
		j->stage = j->resume;
	} else {
		sts_journal_save_again(j);
	}
}

bool
sts_journal_forgotten(const struct sts_journal *j)
{
	return j->stage == STS_STAGE_IDLE && !j->compact_due &&
	       j->forget_len == 0 && !j->stamp_due;
}

void
sts_journal_hurry(struct sts_journal *j)
{
	j->hurried = true;
}

uint32_t
sts_journal_stamp_s(const struct sts_journal *j)
{
	return j->stamp_s;
}

void
sts_journal_stamp(struct sts_journal *j, uint32_t now_s)
{
	if (now_s > j->stamp_s) {
		j->stamp_s = now_s;
		j->stamp_due = true;
	}
}

void
sts_journal_restamp(struct sts_journal *j, uint32_t now_s)
{
	j->stamp_s = now_s;
	j->compact_due = true;
}

void
sts_journal_set_since(struct sts_journal *j, uint32_t since_s)
{
	j->since_s = since_s;
}

uint32_t
sts_journal_since_s(const struct sts_journal *j)
{
	return j->since_s;
}

void
sts_journal_set_off(struct sts_journal *j, uint32_t until_s)
{
	j->stamp_due = j->stamp_due || j->off_s != until_s;
	j->off_s = until_s;
	j->off_given = true;
}

uint32_t
sts_journal_off_s(const struct sts_journal *j)
{
	return j->off_s;
}

bool
sts_journal_forget(struct sts_journal *j, struct sts_text domain,
    enum sts_journal_reason reason)
{
	size_t max = reason == STS_FORGET_ORDERED
			 ? sizeof j->forget
			 : (size_t)STS_JOURNAL_FORGET_PUBLISHED_MAX;

	STS_ASSERT(domain.n >= 1 && domain.n <= STS_DOMAIN_MAX);
	if (sts_journal_waits(j, j->forget_done, domain)) {
		return true;
	}
	if (j->stage == STS_STAGE_NEWER || j->forget_len + 1 + domain.n > max) {
		return false;
	}
	j->forget[j->forget_len++] = (uint8_t)domain.n;
	memcpy(j->forget + j->forget_len, domain.p, domain.n);
	j->forget_len = (uint16_t)(j->forget_len + domain.n);
	return true;
}

void
sts_journal_compact(struct sts_journal *j)
{
	j->compact_due = true;
}
