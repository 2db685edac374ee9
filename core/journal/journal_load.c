/* SPDX-License-Identifier: MIT */
/*
 * The journal, from the storage into the cache.
 *
 *	AREAS  read the head of each area (`looked`): which one counts
 *	SCAN   read the heads of its records, for the newest stamp: what has
 *	       expired must be known before the first policy is restored
 *	HEAD   read the head of the record at pos
 *	BODY   read its domain, payload and CRC, at once or in pieces of the
 *	       buffer; `at` octets of it are done, the payload goes into a stage
 *	       of the cache
 *	REST   read what follows the last record: `dirty` unless it is erased;
 *	       all is loaded already
 *
 * Invariants: nothing is written while loading. A record changes the cache
 * only after its body's CRC was found right. `dirty` is set as soon as anything
 * is not as a writer leaves it, and then no record is ever put behind the last.
 *
 * A damaged body costs its record; a damaged head ends the area, since lengths
 * behind it cannot be trusted, and a stranger chose the bytes of the payloads:
 * none of them may be taken for a record. Both count as `lost`, and so does the
 * damaged head of an area, which may have been the one that counts: what was
 * restored may then be older than what was kept. A place that cannot be read
 * is not yet damaged: it is read again after a retry. After the first record
 * that was given up (`gave_up`) no other is waited for: a medium that fails in
 * many places must not keep questions waiting for each.
 */
#include <string.h>

#include "../base/crc32.h"
#include "../grammar/domain.h"
#include "journal_private.h"

enum {
	LOOK_MIN = STS_JOURNAL_HEAD + STS_JOURNAL_CRC,
	ERASED = 0xff
};

/* Octets of the area from pos on. */
static uint32_t
left(const struct sts_journal *j)
{
	return j->g.area_size - j->pos;
}

static uint32_t
record_padded(const struct sts_journal *j)
{
	return sts_journal_padded(sts_journal_record_len(&j->rec), j->unit);
}

/* Whether all octets are erased. A word at a time: the rest of a file may be
 * many megabytes. */
static bool
is_erased(const uint8_t *p, size_t n)
{
	size_t word, i = 0;

	for (; n - i >= sizeof word; i += sizeof word) {
		memcpy(&word, p + i, sizeof word);
		if (word != SIZE_MAX) {
			return false;
		}
	}
	for (; i < n; i++) {
		if (p[i] != ERASED) {
			return false;
		}
	}
	return true;
}

/* Go back to the first record, to go through all of them. */
static void
begin(struct sts_journal *j, enum sts_journal_stage stage)
{
	j->pos = sts_journal_padded(STS_JOURNAL_HEAD, j->unit);
	j->stage = (uint8_t)stage;
	STS_ASSERT(left(j) >= LOOK_MIN);
}

/* The records end at pos: look next whether the rest is erased. */
static void
records_over(struct sts_journal *j)
{
	j->looked = j->pos;
	j->stage = j->dirty || left(j) == 0 ? STS_STAGE_IDLE : STS_STAGE_REST;
}

/* All areas were looked at. */
static void
areas_seen(struct sts_journal *j)
{
	if (j->newer) {
		j->stage = STS_STAGE_NEWER;
	} else if (j->area == j->g.area_count) {
		j->dirty = true;
		j->stage = STS_STAGE_IDLE;
	} else {
		/* Records written for other units are moved before more. */
		j->dirty = j->unit != j->g.prog_size;
		begin(j, STS_STAGE_SCAN);
	}
}

/* Whether an area can be read and counts before those that were seen. */
static bool
is_later(const struct sts_journal *j, const struct sts_journal_area *a)
{
	return a->prog_size >= 1 && a->prog_size <= j->g.area_size / 2 &&
	       (j->area == j->g.area_count ||
		   (int32_t)(a->revision - j->revision) > 0);
}

/* Whether no head was ever written here: a medium comes erased, or as zeros. */
static bool
is_unwritten(const uint8_t head[STS_JOURNAL_HEAD])
{
	static const uint8_t zeros[STS_JOURNAL_HEAD];

	return is_erased(head, STS_JOURNAL_HEAD) ||
	       memcmp(head, zeros, STS_JOURNAL_HEAD) == 0;
}

/* The head of an area was read. Of those that are valid the latest revision
 * counts (compared as numbers that wrap). Of a newer format nothing may be
 * touched, whatever the other areas hold. */
static void
area_read(struct sts_journal *j, bool ok)
{
	struct sts_journal_area a;

	if (!ok || !sts_journal_get_area(j->head, &a)) {
		/* It may have been the one that counts. */
		j->lost += !ok || !is_unwritten(j->head);
	} else if (a.version > STS_JOURNAL_VERSION) {
		j->newer = true;
	} else if (is_later(j, &a)) {
		j->area = j->looked;
		j->revision = a.revision;
		j->unit = a.prog_size;
		j->stamp_s = a.stamp_s;
		j->since_s = a.since_s;
	}
	if (++j->looked == j->g.area_count) {
		areas_seen(j);
	}
}

/* Whether a record begins at pos, whole; it is then j->rec. */
static bool
record_here(struct sts_journal *j, bool ok)
{
	return ok && sts_journal_get_record(j->head, &j->rec, j->revision) &&
	       j->rec.payload_len <= left(j) && record_padded(j) <= left(j);
}

/* The first pass over the area: the newest stamp and the order about enforcement
 * are known before the second pass (from HEAD on) restores a record. */
static void
scan_read(struct sts_journal *j, bool ok)
{
	if (!record_here(j, ok)) {
		begin(j, STS_STAGE_HEAD);
		return;
	}
	if (j->rec.stamp_s > j->stamp_s) {
		j->stamp_s = j->rec.stamp_s;
	}
	if (j->rec.type == STS_JOURNAL_STAMP) {
		j->since_s = j->rec.fetched_s;
		if (!j->off_given) {
			j->off_s = j->rec.max_age_s;
		}
	}
	j->pos += record_padded(j);
	if (left(j) < LOOK_MIN) {
		begin(j, STS_STAGE_HEAD);
	}
}

/* Whether a question can have the record's name. Builds that took longer names
 * from a fleet may have written such records: they are passed over, as no other
 * behind them is at fault. */
static bool
is_asked_for(const struct sts_journal *j)
{
	return j->rec.domain_len <= STS_DOMAIN_MAX;
}

/*
 * Whether this run has something newer than the record that was read: a policy
 * that was fetched later, or the order to forget the domain. The times of the
 * fetches decide, although this run is the later one: under a clock that was
 * behind, its fetch counts as the older one.
 */
static bool
superseded(const struct sts_journal *j)
{
	struct sts_text domain = sts_text(j->domain, j->rec.domain_len);
	struct sts_entry e;
	sts_ref ref;

	if (sts_journal_forgets(j, domain)) {
		return true;
	}
	if (!j->again && sts_cache_unsaved_count(j->cache) == 0) {
		return false; /* the usual case: nothing happened before the
			       * journal was read */
	}
	ref = sts_cache_find(j->cache, domain);
	if (ref == 0) {
		return false;
	}
	sts_cache_get(j->cache, ref, &e);
	return e.kind == STS_KIND_POLICY && !e.restored &&
	       e.fetched_s >= j->rec.fetched_s;
}

/* Put the policy of the record into the cache, with the protection that it
 * had. */
static void
restore(struct sts_journal *j)
{
	uint32_t now_s = j->stamp_s;
	struct sts_entry e;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.proved = j->rec.proved;
	e.shared = j->rec.shared;
	e.restored = true;
	e.mode = j->rec.mode;
	e.mx_count = j->rec.mx_count;
	e.asked_day = j->rec.asked_day;
	e.max_age_s = j->rec.max_age_s;
	e.fetched_s = j->rec.fetched_s;
	e.refresh_s = j->rec.refresh_s;
	if (j->staged.head == 0) {
		j->lost++; /* the cache had no room for a stage */
		return;
	}
	/*
	 * A policy whose lifetime was over at the newest confirmed time comes
	 * back as expired; whether others have expired is decided by the clock.
	 * Most policies were fetched after the newest stamp: that is no error.
	 */
	if (now_s < e.fetched_s) {
		now_s = e.fetched_s;
	}
	if (sts_cache_restore(j->cache, &j->staged, &e, sts_now(now_s, true),
		j->rec.protected, &ref) >= STS_REFUSED_LARGE) {
		j->lost++;
	}
}

static void
forget(struct sts_journal *j)
{
	sts_ref ref =
	    sts_cache_find(j->cache, sts_text(j->domain, j->rec.domain_len));
	struct sts_entry e;

	if (ref == 0) {
		return;
	}
	sts_cache_get(j->cache, ref, &e);
	/* A policy that this run fetched is newer than the removal, whether or
	 * not it was tried to save it. */
	if (e.restored || e.kind != STS_KIND_POLICY) {
		sts_cache_remove(j->cache, ref);
	}
}

/* The body was read, and its CRC is right. */
static void
apply(struct sts_journal *j)
{
	if (!is_asked_for(j)) {
		return;
	}
	if (j->rec.type == STS_JOURNAL_FORGET) {
		forget(j);
	} else if (j->rec.type == STS_JOURNAL_POLICY && !superseded(j)) {
		restore(j);
	}
}

static void
record_over(struct sts_journal *j)
{
	sts_cache_abandon(j->cache, &j->staged);
	j->pos += record_padded(j);
	j->stage = STS_STAGE_HEAD;
	if (left(j) < LOOK_MIN) {
		records_over(j);
	}
}

static void
head_read(struct sts_journal *j, bool ok)
{
	if (!record_here(j, ok)) {
		bool damaged = !ok || !is_erased(j->head, sizeof j->head);

		j->dirty = j->dirty || damaged;
		j->lost += damaged; /* and what stood behind it */
		records_over(j);
		return;
	}
	j->at = 0;
	j->crc = sts_journal_body_crc(&j->rec);
	j->stage = STS_STAGE_BODY;
}

/* Octets of domain and payload that are still to be read. */
static uint32_t
body_left(const struct sts_journal *j)
{
	return j->rec.domain_len + j->rec.payload_len - j->at;
}

/* Take a piece of domain and payload; the domain comes with the first, whole. */
static void
take_content(struct sts_journal *j, struct sts_text t)
{
	size_t domain_len = j->at == 0 ? j->rec.domain_len : 0;

	STS_ASSERT(domain_len <= t.n);
	j->crc = sts_crc32(j->crc, t);
	j->at += (uint32_t)t.n;
	memcpy(j->domain, t.p, domain_len);
	if (domain_len > 0 && j->rec.type == STS_JOURNAL_POLICY &&
	    is_asked_for(j)) {
		sts_cache_stage(
		    j->cache, &j->staged, sts_text(t.p, domain_len));
	}
	if (j->staged.head != 0) {
		sts_cache_append(
		    j->cache, &j->staged, t.p + domain_len, t.n - domain_len);
	}
}

/* Take a piece of a body; the last ends with the CRC. */
static void
body_read(struct sts_journal *j, bool ok)
{
	uint32_t n = body_left(j);

	if (!ok) {
		j->lost++;
		record_over(j);
		return;
	}
	if (j->op.len <= n) {
		take_content(j, sts_text(j->op.buf, j->op.len));
		return;
	}
	take_content(j, sts_text(j->op.buf, n));
	if (sts_get32le(j->op.buf + n) == j->crc) {
		apply(j);
	} else {
		j->lost++;
	}
	record_over(j);
}

/* Read all that is left, or of a body that is longer than the buffer a piece
 * that leaves the CRC whole. */
static void
body_next(struct sts_journal *j)
{
	uint32_t off =
	    sts_journal_base(j, j->area) + j->pos + STS_JOURNAL_HEAD + j->at;
	size_t n = body_left(j) + (size_t)STS_JOURNAL_CRC;

	if (n > j->buf_size) {
		n -= STS_JOURNAL_CRC;
		n = n < j->buf_size ? n : j->buf_size;
	}
	sts_journal_op(j, STS_JOURNAL_READ, off, j->buf, n);
}

static void
rest_read(struct sts_journal *j, bool ok)
{
	if (!ok || !is_erased(j->op.buf, j->op.len)) {
		j->dirty = true;
	}
	j->looked += (uint32_t)j->op.len;
	if (j->dirty || j->looked == j->g.area_size) {
		j->stage = STS_STAGE_IDLE;
	}
}

static void
rest_next(struct sts_journal *j)
{
	uint32_t n = j->g.area_size - j->looked;

	if (n > j->buf_size) {
		n = (uint32_t)j->buf_size;
	}
	sts_journal_op(j, STS_JOURNAL_READ,
	    sts_journal_base(j, j->area) + j->looked, j->buf, n);
}

void
sts_journal_load_next(struct sts_journal *j)
{
	switch (j->stage) {
	case STS_STAGE_AREAS:
		sts_journal_op(j, STS_JOURNAL_READ,
		    sts_journal_base(j, j->looked), j->head, STS_JOURNAL_HEAD);
		break;
	case STS_STAGE_BODY:
		body_next(j);
		break;
	case STS_STAGE_REST:
		rest_next(j);
		break;
	default:
		sts_journal_op(j, STS_JOURNAL_READ,
		    sts_journal_base(j, j->area) + j->pos, j->head,
		    STS_JOURNAL_HEAD);
		break;
	}
}

/*
 * A place that cannot be read now may be readable later, and nothing is
 * written until then: only after some retries does it count as damaged. True:
 * rest until a retry. REST is not retried: an area that cannot be read to its
 * end is dirty, which costs no more than a compaction.
 */
static bool
read_later(struct sts_journal *j)
{
	if (j->stage == STS_STAGE_REST || j->gave_up) {
		return false;
	}
	if (++j->errors >= STS_JOURNAL_READS_MAX) {
		j->gave_up = j->stage != STS_STAGE_AREAS;
		return false;
	}
	sts_cache_abandon(j->cache, &j->staged);
	sts_journal_fail(
	    j, j->stage == STS_STAGE_BODY ? (uint8_t)STS_STAGE_HEAD : j->stage);
	return true;
}

void
sts_journal_load_done(struct sts_journal *j, bool ok)
{
	if (!ok && read_later(j)) {
		return;
	}
	j->failed = j->full = false;
	switch (j->stage) {
	case STS_STAGE_AREAS:
		area_read(j, ok);
		break;
	case STS_STAGE_SCAN:
		scan_read(j, ok);
		break;
	case STS_STAGE_HEAD:
		head_read(j, ok);
		break;
	case STS_STAGE_BODY:
		body_read(j, ok);
		break;
	default:
		rest_read(j, ok);
		break;
	}
	/* Counted until the record is over, as a retry begins at its head. */
	if (j->stage != STS_STAGE_BODY) {
		j->errors = 0;
	}
}
