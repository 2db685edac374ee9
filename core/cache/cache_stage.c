/* SPDX-License-Identifier: MIT */
/*
 * Writing a version of a record in two phases: its bytes are staged beside
 * what is held, and become the record in one step or leave no trace.
 *
 *	(none) --stage--> STAGED --append--> STAGED --commit--> a live record
 *	                     |                  |
 *	                     +----- abandon ----+--> (none)
 *
 * A staged head is of class STAGED and not in the index, so nobody finds it. It
 * grows by single chunks from the free list, evicting victims if there are
 * none; s->tail is the chunk that is written to. When growing fails, s->failed
 * is the reason, later appends do nothing, and commit refuses.
 *
 * The attacker chooses how large his policy is and how slowly it comes. A
 * small stage always gets chunks; a larger one only while all stages together
 * are below staged_max, so that a few slow large policies cannot keep the
 * small ones from being written.
 *
 * The old version stays the domain's record until commit has everything it
 * needs. Whatever is refused before leaves it untouched, but for one case: a
 * policy over the limit of one record ends the old version, which is known to
 * be replaced.
 */
#include <string.h>

#include "cache_private.h"

static uint32_t
take_chunk(struct sts_cache *c, uint8_t tag)
{
	/* A victim frees at least two chunks: one round is enough. */
	if (c->chunks.free_count == 0 && !sts_sweep_evict(c)) {
		return 0;
	}
	return sts_chunks_take(&c->chunks, tag);
}

/* Add a body chunk. False: the stage has failed. */
static bool
grow(struct sts_cache *c, struct sts_stage *s)
{
	uint32_t n = sts_head_chunks(c, s->head);
	uint32_t fresh;

	if (n >= c->record_max) {
		s->failed = STS_REFUSED_LARGE;
		return false;
	}
	fresh = n >= STS_CACHE_STAGE_SMALL && c->staged_count >= c->staged_max
		    ? 0
		    : take_chunk(c, STS_CHUNK_BODY);
	if (fresh == 0) {
		s->failed = STS_REFUSED_BUSY;
		return false;
	}
	sts_put32le(sts_chunk(&c->chunks, s->tail) + STS_CHUNK_NEXT, fresh);
	s->tail = fresh;
	c->staged_count++;
	return true;
}

/*
 * Append to the content, whose length is the domain's and the payload's
 * together; the caller counts what was written. Returns how many were.
 */
static size_t
write_content(struct sts_cache *c, struct sts_stage *s, size_t len,
    const uint8_t *p, size_t n)
{
	size_t at = len % STS_CHUNK_ROOM;
	size_t room = STS_CHUNK_ROOM - at;

	if (at == 0 && !grow(c, s)) {
		return 0;
	}
	if (n > room) {
		n = room;
	}
	memcpy(sts_chunk(&c->chunks, s->tail) + STS_CHUNK_DATA + at, p, n);
	return n;
}

/* The domain, which is the first of the content. */
static bool
write_domain(struct sts_cache *c, struct sts_stage *s, struct sts_text domain)
{
	size_t done = 0;

	while (done < domain.n) {
		size_t n =
		    write_content(c, s, done, domain.p + done, domain.n - done);

		if (n == 0) {
			return false;
		}
		done += n;
		sts_chunk(&c->chunks, s->head)[STS_HEAD_DOMAIN_LEN] =
		    (uint8_t)done;
	}
	return true;
}

bool
sts_cache_stage(
    struct sts_cache *c, struct sts_stage *s, struct sts_text domain)
{
	STS_ASSERT(domain.n >= 1 && domain.n <= STS_NAME_MAX);
	memset(s, 0, sizeof *s);
	s->head = take_chunk(c, STS_CLASS_STAGED);
	if (s->head == 0) {
		return false;
	}
	s->tail = s->head;
	sts_head_put32(c, s->head, STS_HEAD_HASH, sts_index_hash(c, domain));
	sts_class_enter(c, s->head, STS_CLASS_STAGED, 0);
	if (!write_domain(c, s, domain)) {
		sts_cache_abandon(c, s);
		return false;
	}
	return true;
}

bool
sts_cache_append(
    struct sts_cache *c, struct sts_stage *s, const uint8_t *p, size_t n)
{
	STS_ASSERT(s->head != 0);
	STS_ASSERT(sts_head_class(c, s->head) == STS_CLASS_STAGED);
	while (n > 0 && s->failed == 0) {
		uint32_t len = sts_head_payload_len(c, s->head);
		size_t used = write_content(
		    c, s, sts_head_domain_len(c, s->head) + len, p, n);

		sts_head_put32(
		    c, s->head, STS_HEAD_PAYLOAD_LEN, len + (uint32_t)used);
		p += used;
		n -= used;
	}
	return s->failed == 0;
}

/* Whether an enforce policy is held under ref whose lifetime is not over. */
static bool
enforces(const struct sts_cache *c, sts_ref ref, struct sts_now now)
{
	struct sts_entry e;

	sts_cache_get(c, ref, &e);
	return e.kind == STS_KIND_POLICY && e.mode == STS_MODE_ENFORCE &&
	       !(now.expires && sts_entry_expired(&e, now.s));
}

/* The stage cannot become a record. */
static enum sts_admission
refuse(struct sts_cache *c, struct sts_stage *s, enum sts_admission why,
    sts_ref old, bool policy)
{
	if (why == STS_REFUSED_LARGE && old != 0 && policy) {
		c->stale =
		    c->stale || (sts_head_marks(c, old) & STS_MARK_SAVED) != 0;
		sts_cache_remove(c, old);
	}
	sts_cache_abandon(c, s);
	c->refused++;
	return why;
}

/*
 * A protected version takes what it needs of the room that its predecessor
 * has just released (old_chunks: 0 unless that was protected and the journal
 * holds it). `back`: undo this, since the version was not protected after all.
 */
static void
take_over(struct sts_cache *c, sts_ref ref, uint32_t old_chunks, bool back)
{
	uint32_t n = sts_head_chunks(c, ref);

	n = n < old_chunks ? n : old_chunks;
	STS_ASSERT(back || c->released >= n);
	c->released = back ? c->released + n : c->released - n;
}

/* Make the staged head the record of its domain, in place of old (or 0). */
static enum sts_admission
replace(struct sts_cache *c, sts_ref ref, sts_ref old,
    const struct sts_entry *e, struct sts_now now, enum sts_origin origin)
{
	bool fetched = origin == STS_ORIGIN_NEW;
	enum sts_admission admission = STS_ADMITTED;
	unsigned marks = fetched ? 0 : STS_MARK_SAVED;
	uint32_t released = c->released, org;
	unsigned class;

	if (old != 0) {
		if (fetched && sts_cache_protected(c, old)) {
			origin = STS_ORIGIN_NEWER;
		}
		marks |= sts_head_marks(c, old) & STS_MARK_SAVED;
		sts_cache_remove(c, old);
	}
	released = c->released - released;
	take_over(c, ref, released, false);
	class = sts_class_of(c, ref, e, now, origin, &org);
	if (class == STS_CLASS_GUEST && origin != STS_ORIGIN_GUEST) {
		admission = sts_class_admit(c, ref, origin, &org);
		c->refused++;
	}
	if (class != STS_CLASS_ENFORCE) {
		take_over(c, ref, released, true);
	}
	sts_class_leave(c, ref);
	sts_record_store(c, ref, e, now);
	sts_class_enter(c, ref, class, org);
	sts_index_add(c, ref);
	if (fetched && e->kind == STS_KIND_POLICY) {
		marks |= STS_MARK_UNSAVED;
	}
	sts_record_mark(c, ref, marks);
	return admission;
}

/* Make the stage the record of its domain, in the place of the one held, or
 * refuse it and give its chunks back. */
static enum sts_admission
commit(struct sts_cache *c, struct sts_stage *s, const struct sts_entry *e,
    struct sts_now now, enum sts_origin origin, sts_ref *ref)
{
	uint8_t domain[STS_NAME_MAX];
	size_t domain_len;
	bool policy = e->kind == STS_KIND_POLICY;
	enum sts_admission admission;
	unsigned probes;
	uint32_t hash;
	sts_ref old;

	STS_ASSERT(e->kind >= STS_KIND_POLICY && e->kind <= STS_KIND_DANE);
	STS_ASSERT(e->mode <= STS_MODE_ENFORCE);
	STS_ASSERT(s->head != 0);
	STS_ASSERT(sts_head_class(c, s->head) == STS_CLASS_STAGED);
	domain_len = sts_cache_domain(c, s->head, domain);
	hash = sts_head_get32(c, s->head, STS_HEAD_HASH);
	old = sts_index_probe(c, sts_text(domain, domain_len), hash, &probes);
	/* Nothing but a policy may end a live enforce policy. */
	STS_ASSERT(policy || old == 0 || !enforces(c, old, now));
	*ref = 0;
	if (s->failed != 0) {
		return refuse(c, s, (enum sts_admission)s->failed, old, policy);
	}
	if (old == 0 && sts_index_full(c, hash)) {
		return refuse(c, s, STS_REFUSED_BUSY, old, policy);
	}
	*ref = s->head;
	admission = replace(c, s->head, old, e, now, origin);
	memset(s, 0, sizeof *s);
	return admission;
}

enum sts_admission
sts_cache_commit(struct sts_cache *c, struct sts_stage *s,
    const struct sts_entry *e, struct sts_now now, sts_ref *ref)
{
	return commit(c, s, e, now, STS_ORIGIN_NEW, ref);
}

enum sts_admission
sts_cache_restore(struct sts_cache *c, struct sts_stage *s,
    const struct sts_entry *e, struct sts_now now, bool protected, sts_ref *ref)
{
	enum sts_admission admission;

	STS_ASSERT(e->kind == STS_KIND_POLICY);
	admission = commit(c, s, e, now,
	    protected ? STS_ORIGIN_PROTECTED : STS_ORIGIN_GUEST, ref);
	/* The old version came from an earlier record of the same journal,
	 * which is superseded there already: nothing is to be waited for. */
	c->released = 0;
	return admission;
}

void
sts_cache_abandon(struct sts_cache *c, struct sts_stage *s)
{
	if (s->head != 0) {
		STS_ASSERT(sts_head_class(c, s->head) == STS_CLASS_STAGED);
		sts_class_leave(c, s->head);
		sts_chunks_give(&c->chunks, s->head);
	}
	memset(s, 0, sizeof *s);
}
