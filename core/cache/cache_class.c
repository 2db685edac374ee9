/* SPDX-License-Identifier: MIT */
/*
 * What each record is worth: the class lists, who may be protected, who goes
 * first, and the clock hand that keeps the classes true as time passes.
 */
#include <string.h>

#include "cache_private.h"
#include "organisation.h"

STS_STATIC_ASSERT((int)STS_CLASS_COUNT == (int)STS_CACHE_LISTS, lists);
STS_STATIC_ASSERT((STS_CACHE_ORGS & (STS_CACHE_ORGS - 1)) == 0, orgs);

static unsigned
list_of(const struct sts_cache *c, sts_ref ref)
{
	return sts_head_pins(c, ref) > 0 ? (unsigned)STS_CLASS_PINNED
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
sts_class_enter(struct sts_cache *c, sts_ref ref, unsigned class)
{
	uint32_t n = sts_head_chunks(c, ref);

	sts_chunk(&c->chunks, ref)[STS_CHUNK_TAG] = (uint8_t) class;
	c->list[class].count++;
	if (class == STS_CLASS_ENFORCE) {
		uint32_t org = sts_class_org(c, ref);

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
sts_class_admit(const struct sts_cache *c, sts_ref ref, enum sts_origin origin)
{
	uint32_t n = sts_head_chunks(c, ref);
	uint32_t room =
	    origin == STS_ORIGIN_NEW ? c->protected_max : c->update_max;
	uint32_t taken = c->protected_count;
	uint32_t org;

	if (origin != STS_ORIGIN_PROTECTED) {
		taken += c->released;
	}
	if (taken > room || room - taken < n) {
		return STS_REFUSED_ROOM;
	}
	org = c->orgs[sts_class_org(c, ref)];
	if (origin != STS_ORIGIN_PROTECTED &&
	    (org > c->org_max || c->org_max - org < n)) {
		return STS_REFUSED_ORG;
	}
	return STS_ADMITTED;
}

unsigned
sts_class_of(const struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    uint32_t now_s, bool expires, enum sts_origin origin)
{
	if (e->kind != STS_KIND_POLICY) {
		return STS_CLASS_OTHER;
	}
	if (expires && sts_entry_expired(e, now_s)) {
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
	    sts_class_admit(c, ref, origin) != STS_ADMITTED) {
		return STS_CLASS_GUEST;
	}
	return STS_CLASS_ENFORCE;
}

static void
put_entry(uint8_t *p, const struct sts_entry *e)
{
	p[0] = (uint8_t)(e->kind | (e->lapsed ? STS_ENTRY_LAPSED : 0) |
			 (e->proved ? STS_ENTRY_PROVED : 0));
	p[1] = e->mode;
	p[2] = e->failures;
	p[3] = e->why;
	sts_put16le(p + 4, e->mx_count);
	sts_put16le(p + 6, e->asked_day);
	sts_put32le(p + 8, e->max_age_s);
	sts_put32le(p + 12, e->fetched_s);
	sts_put32le(p + 16, e->checked_s);
	sts_put32le(p + 20, e->check_s);
	sts_put32le(p + 24, e->refresh_s);
	sts_put32le(p + 28, e->retry_s);
	sts_put32le(p + 32, e->failed_id);
}

void
sts_cache_get(const struct sts_cache *c, sts_ref ref, struct sts_entry *e)
{
	const uint8_t *p = sts_chunk(&c->chunks, ref) + STS_HEAD_ENTRY;

	STS_ASSERT(sts_head_class(c, ref) < STS_CLASS_COUNT);
	memset(e, 0, sizeof *e);
	e->kind = p[0] & (uint8_t) ~(STS_ENTRY_LAPSED | STS_ENTRY_PROVED);
	e->proved = (p[0] & STS_ENTRY_PROVED) != 0;
	e->lapsed = (p[0] & STS_ENTRY_LAPSED) != 0;
	e->mode = p[1];
	e->failures = p[2];
	e->why = p[3];
	e->mx_count = sts_get16le(p + 4);
	e->asked_day = sts_get16le(p + 6);
	e->max_age_s = sts_get32le(p + 8);
	e->fetched_s = sts_get32le(p + 12);
	e->checked_s = sts_get32le(p + 16);
	e->check_s = sts_get32le(p + 20);
	e->refresh_s = sts_get32le(p + 24);
	e->retry_s = sts_get32le(p + 28);
	e->failed_id = sts_get32le(p + 32);
}

void
sts_class_store(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    uint32_t now_s, bool expires)
{
	struct sts_entry stored = *e;

	if (expires && stored.fetched_s > now_s) {
		stored.fetched_s = now_s;
	}
	put_entry(sts_chunk(&c->chunks, ref) + STS_HEAD_ENTRY, &stored);
}

/* Put a live record where it belongs; its place in its class stays. */
static void
settle(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    uint32_t now_s, bool expires)
{
	unsigned class =
	    sts_class_of(c, ref, e, now_s, expires, STS_ORIGIN_NEW);

	if (class == sts_head_class(c, ref)) {
		return;
	}
	sts_class_leave(c, ref);
	sts_class_enter(c, ref, class);
	if (class == STS_CLASS_ENFORCE) {
		/* What is saved says that it is protected. */
		sts_head_mark(
		    c, ref, sts_head_marks(c, ref) | STS_MARK_UNSAVED);
	}
}

void
sts_cache_set(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    uint32_t now_s, bool expires)
{
	struct sts_entry held;

	STS_ASSERT(sts_head_live(c, ref));
	sts_cache_get(c, ref, &held);
	STS_ASSERT(e->kind == held.kind);
	STS_ASSERT(e->mode == held.mode);
	sts_class_store(c, ref, e, now_s, expires);
	if (e->kind == STS_KIND_POLICY && (e->fetched_s != held.fetched_s ||
					      e->max_age_s != held.max_age_s)) {
		sts_head_mark(
		    c, ref, sts_head_marks(c, ref) | STS_MARK_UNSAVED);
	}
	settle(c, ref, e, now_s, expires);
}

void
sts_cache_touch(struct sts_cache *c, sts_ref ref)
{
	STS_ASSERT(sts_head_live(c, ref));
	unlink_head(c, ref);
	link_last(c, ref);
}

void
sts_cache_pin(struct sts_cache *c, sts_ref ref)
{
	uint8_t *p = sts_chunk(&c->chunks, ref);
	unsigned pins = sts_head_pins(c, ref);

	STS_ASSERT(sts_head_class(c, ref) <= STS_CLASS_PINNED);
	STS_ASSERT(pins < UINT16_MAX);
	if (pins == 0) {
		unlink_head(c, ref);
	}
	sts_put16le(p + STS_HEAD_PINS, (uint16_t)(pins + 1));
	if (pins == 0) {
		link_last(c, ref);
	}
}

void
sts_cache_unpin(struct sts_cache *c, sts_ref ref)
{
	uint8_t *p = sts_chunk(&c->chunks, ref);
	unsigned pins = sts_head_pins(c, ref);

	STS_ASSERT(sts_head_class(c, ref) <= STS_CLASS_PINNED);
	STS_ASSERT(pins > 0);
	if (pins > 1) {
		sts_put16le(p + STS_HEAD_PINS, (uint16_t)(pins - 1));
		return;
	}
	if (sts_head_class(c, ref) == STS_CLASS_PINNED) {
		sts_class_leave(c, ref);
		sts_chunks_give(&c->chunks, ref);
		return;
	}
	unlink_head(c, ref);
	sts_put16le(p + STS_HEAD_PINS, 0);
	link_last(c, ref);
}

bool
sts_class_evict(struct sts_cache *c)
{
	const unsigned replaced = STS_MARK_SAVED | STS_MARK_UNSAVED;

	for (unsigned i = STS_CLASS_EXPIRED; i <= STS_CLASS_GUEST; i++) {
		sts_ref ref = c->list[i].head;

		if (ref != 0) {
			c->stale =
			    c->stale || sts_head_marks(c, ref) == replaced;
			sts_cache_remove(c, ref);
			c->evicted++;
			return true;
		}
	}
	return false;
}

/* Whether a policy has been expired for long, in time that passed. */
static bool
long_over(const struct sts_cache *c, const struct sts_entry *e, uint32_t now_s)
{
	uint32_t from_s = e->fetched_s;
	uint32_t keep_s = STS_CACHE_EXPIRED_KEEP_S;

	if (now_s <= from_s || now_s - from_s <= e->max_age_s) {
		return false;
	}
	from_s += e->max_age_s;
	if (from_s < c->since_s) {
		from_s = c->since_s;
	}
	return now_s > from_s && now_s - from_s > keep_s;
}

/* Whether nobody can want to know this any more. */
static bool
outlived(const struct sts_cache *c, const struct sts_entry *e, uint32_t now_s,
    bool expires)
{
	if (e->kind == STS_KIND_POLICY) {
		return expires && long_over(c, e, now_s);
	}
	return now_s > e->check_s
		   ? now_s - e->check_s > STS_CACHE_OTHER_KEEP_S
		   : e->check_s - now_s > STS_CACHE_OTHER_AHEAD_S;
}

/* For the statistics: the policy at ref, where it belongs now. */
static void
note_failing(struct sts_cache *c, sts_ref ref, const struct sts_entry *e)
{
	unsigned class = sts_head_class(c, ref);
	uint32_t expires_s = e->fetched_s + e->max_age_s;

	if (class < STS_CLASS_TESTING || e->failures < STS_CACHE_FAILING) {
		return;
	}
	if (c->failing.count == 0 || expires_s < c->failing.expires_s) {
		c->failing.expires_s = expires_s;
	}
	c->failing.count++;
}

/* The hand has been all round. */
static void
end_round(struct sts_cache *c)
{
	c->failing_before = c->failing;
	memset(&c->failing, 0, sizeof c->failing);
}

/* Visit one record. True: a refresh of it is due. */
static bool
visit(struct sts_cache *c, sts_ref ref, uint32_t now_s, bool expires)
{
	struct sts_entry e;

	sts_cache_get(c, ref, &e);
	if (outlived(c, &e, now_s, expires)) {
		sts_cache_remove(c, ref);
		return false;
	}
	sts_class_store(c, ref, &e, now_s, expires);
	settle(c, ref, &e, now_s, expires);
	note_failing(c, ref, &e);
	return e.kind == STS_KIND_POLICY && e.refresh_s != 0 &&
	       (e.refresh_s <= now_s ||
		   e.refresh_s - now_s > STS_CACHE_REFRESH_AHEAD_S);
}

void
sts_cache_expired_since(struct sts_cache *c, uint32_t since_s)
{
	c->since_s = since_s;
}

sts_ref
sts_cache_sweep(
    struct sts_cache *c, uint32_t chunks, uint32_t now_s, bool expires)
{
	uint32_t steps = chunks < c->chunks.count ? chunks : c->chunks.count;

	for (uint32_t i = 0; i < steps; i++) {
		c->hand = c->hand % c->chunks.count + 1;
		if (c->hand == 1) {
			end_round(c);
		}
		if (sts_head_live(c, c->hand) &&
		    visit(c, c->hand, now_s, expires)) {
			return c->hand;
		}
	}
	return 0;
}
