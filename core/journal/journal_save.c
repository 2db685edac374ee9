/* SPDX-License-Identifier: MIT */
/*
 * The journal, from the cache to the storage.
 *
 *	RECORD       program a record behind the last of the area that counts;
 *	             `at` octets of it are done
 *	RECORD_SYNC  sync; then the record is saved
 *	ERASE        erase the target area; `looked` octets of it are done
 *	COPY         program all policies held to it, one after another; j->ref
 *	             is the one under way
 *	COPY_SYNC    sync: the records are on the medium before the head
 *	AREA         program the head of the target
 *	AREA_SYNC    sync; then the target is the area that counts
 *
 * Invariants: a unit is programmed once after each erase. The area that counts
 * is not touched by a copy, so a power cut at any moment leaves it or the
 * target valid, and never neither. A version that is being written is pinned
 * (j->ref), so that its bytes stay although a newer one is committed meanwhile.
 *
 * Each operation that programs is followed by one that reads the same place
 * (j->check), unless the storage does it: a bit that sticks is found now, while
 * the bytes are still held.
 * After an error in a record nothing is put behind it: everything moves to the
 * next area, and after STS_JOURNAL_ERRORS_MAX errors the journal rests.
 */
#include <string.h>

#include "../base/crc32.h"
#include "journal_private.h"

static uint32_t
record_padded(const struct sts_journal *j)
{
	return sts_journal_padded(
	    sts_journal_record_len(&j->rec), j->g.prog_size);
}

/* Whether a record of this size fits behind the last. */
static bool
fits(const struct sts_journal *j)
{
	return record_padded(j) <= j->g.area_size - j->write_pos;
}

/* Begin a record of the area that is being written, with its head. */
static void
begin_record(struct sts_journal *j, uint32_t revision)
{
	j->rec.stamp_s = j->stamp_s;
	sts_journal_put_record(j->head, &j->rec, revision);
	j->crc = sts_journal_body_crc(&j->rec);
	j->at = 0;
}

static void
describe(struct sts_journal *j, sts_ref ref)
{
	struct sts_entry e;

	sts_cache_get(j->cache, ref, &e);
	STS_ASSERT(e.kind == STS_KIND_POLICY);
	memset(&j->rec, 0, sizeof j->rec);
	j->rec.type = STS_JOURNAL_POLICY;
	j->rec.protected = sts_cache_protected(j->cache, ref);
	j->rec.proved = e.proved;
	j->rec.shared = e.shared;
	j->rec.mode = e.mode;
	j->rec.mx_count = e.mx_count;
	j->rec.asked_day = e.asked_day;
	j->rec.max_age_s = e.max_age_s;
	j->rec.fetched_s = e.fetched_s;
	j->rec.refresh_s = e.refresh_s;
	j->rec.domain_len = (uint8_t)sts_cache_domain(j->cache, ref, j->domain);
	j->rec.payload_len = (uint32_t)sts_cache_payload_len(j->cache, ref);
}

/* Take the version that is to be written, so that its bytes stay. */
static void
hold(struct sts_journal *j, sts_ref ref)
{
	STS_ASSERT(j->ref == 0);
	sts_cache_saved(j->cache, ref);
	sts_cache_pin(j->cache, ref);
	j->ref = ref;
}

static void
let_go(struct sts_journal *j)
{
	if (j->ref != 0) {
		sts_cache_unpin(j->cache, j->ref);
		j->ref = 0;
	}
}

/* Append j->rec to the area; if that is not possible, write everything to the
 * next area instead. */
static void
append(struct sts_journal *j, sts_ref ref)
{
	j->target = j->area;
	j->write_pos = j->pos;
	if (j->dirty || j->small || !fits(j)) {
		sts_journal_save_all(j);
		return;
	}
	if (ref != 0) {
		hold(j, ref);
	}
	begin_record(j, j->revision);
	j->stage = STS_STAGE_RECORD;
}

void
sts_journal_save_policy(struct sts_journal *j, sts_ref ref)
{
	describe(j, ref);
	append(j, ref);
}

bool
sts_journal_waits(
    const struct sts_journal *j, size_t from, struct sts_text domain)
{
	for (size_t i = from; i < j->forget_len; i += 1U + j->forget[i]) {
		if (sts_text_same(
			sts_text(j->forget + i + 1, j->forget[i]), domain)) {
			return true;
		}
	}
	return false;
}

bool
sts_journal_forgets(const struct sts_journal *j, struct sts_text domain)
{
	return sts_journal_waits(j, 0, domain);
}

/* What was written is on the medium, and these domains are gone from it. */
static void
forgotten(struct sts_journal *j)
{
	j->forget_len = (uint16_t)(j->forget_len - j->forget_done);
	memmove(j->forget, j->forget + j->forget_done, j->forget_len);
	j->forget_done = 0;
}

/* The domain stays among those that wait until its removal is written: should
 * the storage fail, and be read again, its policy must not come back. */
void
sts_journal_save_forget(struct sts_journal *j)
{
	struct sts_text domain = sts_text(j->domain, j->forget[0]);
	struct sts_entry e;
	sts_ref ref;

	memcpy(j->domain, j->forget + 1, domain.n);
	j->forget_done = (uint16_t)(1 + domain.n);
	ref = sts_cache_find(j->cache, domain);

	/* The domain may have a policy again. One that is saved supersedes
	 * the removal. One that is not may be evicted before it is saved, and
	 * the removed version would come back: so the removal is written. */
	if (ref != 0 && !sts_cache_is_unsaved(j->cache, ref)) {
		sts_cache_get(j->cache, ref, &e);
		if (e.kind == STS_KIND_POLICY) {
			forgotten(j);
			return;
		}
	}
	memset(&j->rec, 0, sizeof j->rec);
	j->rec.type = STS_JOURNAL_FORGET;
	j->rec.domain_len = (uint8_t)domain.n;
	append(j, 0);
}

static void
describe_stamp(struct sts_journal *j)
{
	memset(&j->rec, 0, sizeof j->rec);
	j->rec.type = STS_JOURNAL_STAMP;
	j->rec.fetched_s = j->since_s;
	j->rec.max_age_s = j->off_s;
}

void
sts_journal_save_stamp(struct sts_journal *j)
{
	describe_stamp(j);
	append(j, 0);
	j->stamp_due = false;
}

/* Begin to write the cache to another area than the one that counts: to the
 * one that follows `after`, which is the area that counts or one that
 * failed. */
static void
begin_copy(struct sts_journal *j, uint32_t after)
{
	STS_ASSERT(j->g.area_count >= 2);
	j->target =
	    after >= j->g.area_count ? 0 : (after + 1) % j->g.area_count;
	if (j->target == j->area) {
		j->target = (j->target + 1) % j->g.area_count;
	}
	STS_ASSERT(j->target != j->area);
	sts_cache_rewrite(j->cache);
	/* An area whose last sync failed may be valid all the same: this one
	 * must have a later revision. */
	j->write_revision++;
	/* A domain that is forgotten from now on may be copied before. */
	j->forget_done = j->forget_len;
	j->looked = 0;
	j->stage = STS_STAGE_ERASE;
}

void
sts_journal_save_all(struct sts_journal *j)
{
	/* The new area holds the stamp in its head, and no removed domain. */
	j->write_revision = j->revision;
	if (j->small) {
		j->target = j->area;
		sts_journal_fail(j, STS_STAGE_ERASE);
		return;
	}
	j->compactions++;
	begin_copy(j, j->area);
}

void
sts_journal_save_again(struct sts_journal *j)
{
	/* One more error is enough to rest again. */
	j->errors = STS_JOURNAL_ERRORS_MAX - 1;
	if (j->small) {
		sts_journal_fail(j, STS_STAGE_ERASE);
		return;
	}
	begin_copy(j, j->target);
}

/* Put as much of part as n octets hold. */
static size_t
put_part(uint8_t *out, size_t n, struct sts_text part)
{
	if (n > part.n) {
		n = part.n;
	}
	memcpy(out, part.p, n);
	return n;
}

/* Render octets of the record from `at` on, at most n. Returns how many. Every
 * octet is rendered exactly once, since its CRC is carried on meanwhile. */
static size_t
render_some(struct sts_journal *j, uint32_t at, uint8_t *out, size_t n)
{
	uint32_t domain_at = STS_JOURNAL_HEAD;
	uint32_t payload_at = domain_at + j->rec.domain_len;
	uint32_t crc_at = payload_at + j->rec.payload_len;
	uint32_t end = crc_at + STS_JOURNAL_CRC;
	size_t used;

	if (at < domain_at) {
		return put_part(out, n, sts_text(j->head + at, domain_at - at));
	}
	if (at >= crc_at && at < end) {
		uint8_t crc[STS_JOURNAL_CRC];

		sts_put32le(crc, j->crc);
		return put_part(
		    out, n, sts_text(crc + (at - crc_at), end - at));
	}
	if (at >= end) {
		memset(out, 0, n);
		return n;
	}
	if (at < payload_at) {
		used = put_part(out, n,
		    sts_text(j->domain + (at - domain_at), payload_at - at));
	} else {
		used =
		    sts_cache_read(j->cache, j->ref, at - payload_at, out, n);
	}
	j->crc = sts_crc32(j->crc, sts_text(out, used));
	return used;
}

/* Program what is in the buffer to the target area. */
static void
program(struct sts_journal *j, uint32_t pos, size_t n)
{
	j->sum = sts_crc32(0, sts_text(j->buf, n));
	sts_journal_op(j, STS_JOURNAL_PROG,
	    sts_journal_base(j, j->target) + pos, j->buf, n);
}

/* Program the next piece of the record. */
static void
program_piece(struct sts_journal *j)
{
	size_t n = record_padded(j) - j->at;
	size_t done = 0;

	if (n > j->buf_size) {
		n = j->buf_size;
	}
	while (done < n) {
		size_t used = render_some(
		    j, j->at + (uint32_t)done, j->buf + done, n - done);

		STS_ASSERT(used > 0);
		done += used;
	}
	program(j, j->write_pos + j->at, n);
}

static void
program_area(struct sts_journal *j)
{
	struct sts_journal_area a = { STS_JOURNAL_VERSION, j->write_revision,
		j->stamp_s, j->g.prog_size, j->since_s };
	uint32_t n = sts_journal_padded(STS_JOURNAL_HEAD, j->g.prog_size);

	memset(j->buf, 0, n);
	sts_journal_put_area(j->buf, &a);
	program(j, 0, n);
}

/* The storage failed: try the next area. If it is full, the next area has no
 * room either, and the journal rests. */
static void
copy_failed(struct sts_journal *j)
{
	let_go(j);
	if (++j->errors >= STS_JOURNAL_ERRORS_MAX || j->full) {
		sts_journal_fail(j, STS_STAGE_ERASE);
		return;
	}
	begin_copy(j, j->target);
}

/*
 * The next policy to copy: first every one that is held, in the order of the
 * chunks, then those that have changed since. A policy that was replaced while
 * the copy ran may now lie behind the hand, and its old version is lost with
 * the old area, so it must be in the new one. *ref is 0 when none was found
 * within STS_JOURNAL_SCAN chunks. False: the copy is complete.
 */
static bool
next_to_copy(struct sts_journal *j, sts_ref *ref)
{
	if (!j->scanned &&
	    sts_cache_scan(j->cache, &j->hand, STS_JOURNAL_SCAN, ref)) {
		return true;
	}
	j->scanned = true;
	*ref = sts_cache_unsaved(j->cache, &j->hand, STS_JOURNAL_SCAN, false);
	return sts_cache_unsaved_count(j->cache) > 0;
}

/* Begin to write j->rec to the new area. */
static void
copy_record(struct sts_journal *j, sts_ref ref)
{
	if (!fits(j)) {
		copy_failed(j);
		return;
	}
	if (ref != 0) {
		hold(j, ref);
	}
	begin_record(j, j->write_revision);
	program_piece(j);
}

/* All policies are copied. The head of an area has stamp and since, but not
 * the operator's order: that stands in a record of its own, of one piece. */
static void
copy_rest(struct sts_journal *j)
{
	if (j->off_s != 0 && !j->off_copied) {
		j->off_copied = true;
		describe_stamp(j);
		STS_ASSERT(record_padded(j) <= j->buf_size);
		copy_record(j, 0);
		return;
	}
	j->stage = STS_STAGE_COPY_SYNC;
	sts_journal_op(j, STS_JOURNAL_SYNC, 0, NULL, 0);
}

/* Program the next piece of the record under way, or begin another. */
static void
copy_next(struct sts_journal *j)
{
	sts_ref ref;

	if (j->ref != 0) {
		program_piece(j);
		return;
	}
	if (!next_to_copy(j, &ref)) {
		copy_rest(j);
		return;
	}
	if (ref == 0) {
		return;
	}
	describe(j, ref);
	copy_record(j, ref);
}

void
sts_journal_save_next(struct sts_journal *j)
{
	if (j->check) {
		sts_journal_op(
		    j, STS_JOURNAL_READ, j->op.off, j->buf, j->op.len);
		return;
	}
	switch (j->stage) {
	case STS_STAGE_RECORD:
		program_piece(j);
		break;
	case STS_STAGE_ERASE:
		sts_journal_op(j, STS_JOURNAL_ERASE,
		    sts_journal_base(j, j->target) + j->looked, NULL, 0);
		break;
	case STS_STAGE_COPY:
		copy_next(j);
		break;
	case STS_STAGE_AREA:
		program_area(j);
		break;
	default:
		sts_journal_op(j, STS_JOURNAL_SYNC, 0, NULL, 0);
		break;
	}
}

bool
sts_journal_save_ends(const struct sts_journal *j)
{
	bool record = j->stage == STS_STAGE_RECORD &&
		      j->at + j->op.len == record_padded(j);

	return j->op.kind == STS_JOURNAL_PROG && j->trusted &&
	       (record || j->stage == STS_STAGE_AREA);
}

/* A piece was programmed and read back. True: it was the last one. */
static bool
piece_done(struct sts_journal *j)
{
	j->day_used += (uint32_t)j->op.len;
	j->written += (uint32_t)j->op.len;
	j->at += (uint32_t)j->op.len;
	if (j->at < record_padded(j)) {
		return false;
	}
	j->write_pos += j->at;
	let_go(j);
	return true;
}

static void
erased(struct sts_journal *j)
{
	j->looked += j->g.erase_size;
	if (j->looked >= j->g.area_size) {
		j->hand = 0;
		j->scanned = j->off_copied = false;
		j->write_pos =
		    sts_journal_padded(STS_JOURNAL_HEAD, j->g.prog_size);
		j->stage = STS_STAGE_COPY;
	}
}

/* The new area counts from here on. */
static void
area_done(struct sts_journal *j)
{
	j->area = j->target;
	j->revision = j->write_revision;
	j->unit = j->g.prog_size;
	j->pos = j->write_pos;
	j->dirty = j->failed = j->full = false;
	j->errors = 0;
	forgotten(j);
	j->stage = STS_STAGE_IDLE;
}

static void
save_failed(struct sts_journal *j)
{
	if (j->stage == STS_STAGE_RECORD || j->stage == STS_STAGE_RECORD_SYNC) {
		/* The place may hold anything now: nothing may be written
		 * behind it. */
		let_go(j);
		j->dirty = true;
		j->target = j->area;
		j->write_revision = j->revision;
		copy_failed(j);
	} else {
		copy_failed(j);
	}
}

/*
 * Read back at once what was programmed. At the next start, a bit that sticks
 * in a record's head would cost all records behind it, and a bit in an area's
 * head the whole area, when the old area may be erased already. False: the
 * place is still to be read.
 */
static bool
checked(struct sts_journal *j, bool *ok)
{
	if (j->check) {
		j->check = false;
		*ok =
		    *ok && sts_crc32(0, sts_text(j->buf, j->op.len)) == j->sum;
	} else if (*ok && !j->trusted && j->op.kind == STS_JOURNAL_PROG) {
		j->check = true;
	}
	return !j->check;
}

void
sts_journal_save_done(struct sts_journal *j, bool ok)
{
	if (!checked(j, &ok)) {
		return;
	}
	if (!ok) {
		save_failed(j);
		return;
	}
	switch (j->stage) {
	case STS_STAGE_RECORD:
		if (piece_done(j)) {
			j->stage = STS_STAGE_RECORD_SYNC;
		}
		break;
	case STS_STAGE_RECORD_SYNC:
		j->pos = j->write_pos;
		j->saved++;
		forgotten(j);
		j->stage = STS_STAGE_IDLE;
		break;
	case STS_STAGE_ERASE:
		erased(j);
		break;
	case STS_STAGE_COPY:
		piece_done(j);
		break;
	case STS_STAGE_COPY_SYNC:
		j->stage = STS_STAGE_AREA;
		break;
	case STS_STAGE_AREA:
		j->stage = STS_STAGE_AREA_SYNC;
		break;
	default:
		area_done(j);
		break;
	}
}
