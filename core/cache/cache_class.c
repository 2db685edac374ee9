/* SPDX-License-Identifier: MIT */
/*
 * What each record is worth: the class lists, and which policies may be
 * protected.
 *
 * A record is in the list of its class (enum sts_class), least recently used
 * first; while it is pinned it is in the list PINNED instead, and is counted
 * under its class all the same. Only what is protected stays in its list: it is
 * no victim, so that its place there means nothing, and an answer about it
 * touches none of its neighbours, which in a large cache are not at hand.
 * Entering and leaving a class keeps three sums:
 *
 *	protected_count  chunks of class ENFORCE
 *	orgs[]           the same by organisation, hashed with the boot's key
 *	staged_count     chunks of class STAGED
 *
 * The attacker publishes valid enforce policies for many names, to fill the
 * cache or to push out others. So a protected record is in no victims' list,
 * and admission (sts_class_admit) limits how much may be protected: in all, and
 * for one organisation. A collision of two organisations in orgs[] makes the
 * limit stricter for both and never looser.
 *
 * `released` counts chunks that protected policies gave up and that the
 * journal still holds for them: a power cut would bring those policies back,
 * so that room is not given to others before the journal knows.
 */
#include "cache_private.h"
#include "organisation.h"

STS_STATIC_ASSERT((int)STS_CLASS_COUNT == (int)STS_CACHE_LISTS, lists);
STS_STATIC_ASSERT((STS_CACHE_ORGS & (STS_CACHE_ORGS - 1)) == 0, orgs);

/* Whether the record's place in the list of its class decides when it is
 * evicted. */
static bool
ordered(const struct sts_cache *c, sts_ref ref)
{
	return sts_head_class(c, ref) != STS_CLASS_ENFORCE;
}

static unsigned
list_of(const struct sts_cache *c, sts_ref ref)
{
	return sts_head_pins(c, ref) > 0 && ordered(c, ref)
		   ? (unsigned)STS_CLASS_PINNED
		   : sts_head_class(c, ref);
}

static void
link_last(struct sts_cache *c, sts_ref ref)
{
	unsigned list = list_of(c, ref);
	sts_ref last = c->list[list].tail;

	sts_head_put32(c, ref, STS_HEAD_BEFORE, last);
	sts_head_put32(c, ref, STS_HEAD_AFTER, 0);
	if (last != 0) {
		sts_head_put32(c, last, STS_HEAD_AFTER, ref);
	} else {
		c->list[list].head = ref;
	}
	c->list[list].tail = ref;
}

static void
unlink_head(struct sts_cache *c, sts_ref ref)
{
	unsigned list = list_of(c, ref);
	sts_ref before = sts_head_get32(c, ref, STS_HEAD_BEFORE);
	sts_ref after = sts_head_get32(c, ref, STS_HEAD_AFTER);

	if (before != 0) {
		sts_head_put32(c, before, STS_HEAD_AFTER, after);
	} else {
		STS_ASSERT(c->list[list].head == ref);
		c->list[list].head = after;
	}
	if (after != 0) {
		sts_head_put32(c, after, STS_HEAD_BEFORE, before);
	} else {
		STS_ASSERT(c->list[list].tail == ref);
		c->list[list].tail = before;
	}
}

uint32_t
sts_class_org(const struct sts_cache *c, sts_ref ref)
{
	uint8_t domain[STS_NAME_MAX];
	size_t n = sts_cache_domain(c, ref, domain);
	struct sts_text org = sts_organisation(sts_text(domain, n));

	return (uint32_t)(sts_siphash(c->key, org) >> 32) &
	       (STS_CACHE_ORGS - 1);
}

void
sts_class_enter(struct sts_cache *c, sts_ref ref, unsigned class, uint32_t org)
{
	uint32_t n = sts_head_chunks(c, ref);

	sts_chunk(&c->chunks, ref)[STS_CHUNK_TAG] = (uint8_t) class;
	c->list[class].count++;
	if (class == STS_CLASS_ENFORCE) {
		c->protected_count += n;
		c->orgs[org] += n;
		STS_ASSERT(c->protected_count <= c->update_max);
	} else if (class == STS_CLASS_STAGED) {
		c->staged_count += n;
	}
	link_last(c, ref);
}

void
sts_class_leave(struct sts_cache *c, sts_ref ref)
{
	unsigned class = sts_head_class(c, ref);
	uint32_t n = sts_head_chunks(c, ref);

	STS_ASSERT(class < STS_CLASS_COUNT);
	STS_ASSERT(c->list[class].count > 0);
	unlink_head(c, ref);
	c->list[class].count--;
	if (class == STS_CLASS_ENFORCE) {
		uint32_t org = sts_class_org(c, ref);

		STS_ASSERT(c->orgs[org] >= n);
		c->protected_count -= n;
		c->orgs[org] -= n;
		if ((sts_head_marks(c, ref) & STS_MARK_SAVED) != 0) {
			c->released += n;
		}
	} else if (class == STS_CLASS_STAGED) {
		STS_ASSERT(c->staged_count >= n);
		c->staged_count -= n;
	}
}

/*
 * A newer version that does not grow always passes: with its predecessor,
 * which is no longer counted, both sums were within their limits. So does what
 * the journal says was protected: all that it holds was within them together.
 */
enum sts_admission
sts_class_admit(const struct sts_cache *c, sts_ref ref, enum sts_origin origin,
    uint32_t *org)
{
	uint32_t n = sts_head_chunks(c, ref);
	uint32_t room =
	    origin == STS_ORIGIN_NEW ? c->protected_max : c->update_max;
	uint32_t taken = c->protected_count;
	uint32_t count;

	if (origin != STS_ORIGIN_PROTECTED) {
		taken += c->released;
	}
	if (taken > room || room - taken < n) {
		return STS_REFUSED_ROOM;
	}
	*org = sts_class_org(c, ref);
	count = c->orgs[*org];
	if (origin != STS_ORIGIN_PROTECTED &&
	    (count > c->org_max || c->org_max - count < n)) {
		return STS_REFUSED_ORG;
	}
	return STS_ADMITTED;
}

unsigned
sts_class_of(const struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    struct sts_now now, enum sts_origin origin, uint32_t *org)
{
	*org = 0;
	if (e->kind != STS_KIND_POLICY) {
		return STS_CLASS_OTHER;
	}
	if (now.expires && sts_entry_expired(e, now.s)) {
		return STS_CLASS_EXPIRED;
	}
	if (e->mode != STS_MODE_ENFORCE) {
		return e->mode == STS_MODE_TESTING ? STS_CLASS_TESTING
						   : STS_CLASS_NONE;
	}
	if (sts_head_class(c, ref) == STS_CLASS_ENFORCE) {
		return STS_CLASS_ENFORCE;
	}
	if (origin == STS_ORIGIN_GUEST ||
	    sts_class_admit(c, ref, origin, org) != STS_ADMITTED) {
		return STS_CLASS_GUEST;
	}
	return STS_CLASS_ENFORCE;
}

void
sts_class_settle(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    struct sts_now now)
{
	uint32_t org;
	unsigned was = sts_head_class(c, ref);
	unsigned class = sts_class_of(c, ref, e, now, STS_ORIGIN_NEW, &org);

	if (class == was) {
		return;
	}
	sts_class_leave(c, ref);
	sts_class_enter(c, ref, class, org);
	if (was == STS_CLASS_ENFORCE || class == STS_CLASS_ENFORCE) {
		/* The saved record still says the protection that it had. */
		sts_record_mark(
		    c, ref, sts_head_marks(c, ref) | STS_MARK_UNSAVED);
	}
}

void
sts_cache_set(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    struct sts_now now)
{
	struct sts_entry held;

	STS_ASSERT(sts_head_live(c, ref));
	sts_cache_get(c, ref, &held);
	STS_ASSERT(e->kind == held.kind);
	STS_ASSERT(e->mode == held.mode);
	sts_record_store(c, ref, e, now);
	if (e->kind == STS_KIND_POLICY && (e->fetched_s != held.fetched_s ||
					      e->max_age_s != held.max_age_s)) {
		sts_record_mark(
		    c, ref, sts_head_marks(c, ref) | STS_MARK_UNSAVED);
	}
	sts_class_settle(c, ref, e, now);
}

void
sts_cache_touch(struct sts_cache *c, sts_ref ref)
{
	const uint8_t *p = sts_chunk(&c->chunks, ref);

	STS_ASSERT(p[STS_CHUNK_TAG] <= STS_CLASS_ENFORCE);
	/* A pinned record becomes the latest used when its last pin goes. */
	if (p[STS_CHUNK_TAG] != STS_CLASS_ENFORCE &&
	    sts_get16le(p + STS_HEAD_PINS) == 0) {
		unlink_head(c, ref);
		link_last(c, ref);
	}
}

void
sts_cache_pin(struct sts_cache *c, sts_ref ref)
{
	uint8_t *p = sts_chunk(&c->chunks, ref);
	unsigned pins = sts_get16le(p + STS_HEAD_PINS);
	bool moves = pins == 0 && p[STS_CHUNK_TAG] != STS_CLASS_ENFORCE;

	STS_ASSERT(p[STS_CHUNK_TAG] <= STS_CLASS_PINNED);
	STS_ASSERT(pins < UINT16_MAX);
	if (moves) {
		unlink_head(c, ref);
	}
	sts_put16le(p + STS_HEAD_PINS, (uint16_t)(pins + 1));
	if (moves) {
		link_last(c, ref);
	}
}

void
sts_cache_unpin(struct sts_cache *c, sts_ref ref)
{
	uint8_t *p = sts_chunk(&c->chunks, ref);
	unsigned pins = sts_get16le(p + STS_HEAD_PINS);

	STS_ASSERT(p[STS_CHUNK_TAG] <= STS_CLASS_PINNED);
	STS_ASSERT(pins > 0);
	if (pins > 1 || p[STS_CHUNK_TAG] == STS_CLASS_ENFORCE) {
		sts_put16le(p + STS_HEAD_PINS, (uint16_t)(pins - 1));
		return;
	}
	if (p[STS_CHUNK_TAG] == STS_CLASS_PINNED) {
		sts_class_leave(c, ref);
		sts_chunks_give(&c->chunks, ref);
		return;
	}
	unlink_head(c, ref);
	sts_put16le(p + STS_HEAD_PINS, 0);
	link_last(c, ref);
}
