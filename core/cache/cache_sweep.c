/* SPDX-License-Identifier: MIT */
/*
 * What time and want of room do to records: which one is evicted, and the
 * clock hand, which passes over all chunks in turn, keeps each policy in the
 * class that it belongs in, and forgets what nobody can want any more. A second
 * hand goes from one policy whose refresh is due to the next, so that each has
 * its turn however long the others wait.
 */
#include <string.h>

#include "cache_private.h"

bool
sts_sweep_evict(struct sts_cache *c)
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
outlived(
    const struct sts_cache *c, const struct sts_entry *e, struct sts_now now)
{
	if (e->kind == STS_KIND_POLICY) {
		return now.expires && long_over(c, e, now.s);
	}
	return now.s > e->check_s
		   ? now.s - e->check_s > STS_CACHE_OTHER_KEEP_S
		   : e->check_s - now.s > STS_CACHE_OTHER_AHEAD_S;
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

/* Whether a refresh of it is due. */
static bool
is_due(const struct sts_entry *e, uint32_t now_s)
{
	return e->kind == STS_KIND_POLICY && e->refresh_s != 0 &&
	       (e->refresh_s <= now_s ||
		   e->refresh_s - now_s > STS_CACHE_REFRESH_AHEAD_S);
}

/* Visit one record. True: a refresh of it is due, and late. */
static bool
visit(struct sts_cache *c, sts_ref ref, struct sts_now now)
{
	struct sts_entry e;

	sts_cache_get(c, ref, &e);
	if (outlived(c, &e, now)) {
		sts_cache_remove(c, ref);
		return false;
	}
	sts_record_store(c, ref, &e, now);
	sts_class_settle(c, ref, &e, now);
	note_failing(c, ref, &e);
	return is_due(&e, now.s) && !e.lapsed &&
	       sts_entry_expired(&e, now.s + STS_CACHE_LATE_S);
}

void
sts_cache_expired_since(struct sts_cache *c, uint32_t since_s)
{
	c->since_s = since_s;
}

sts_ref
sts_cache_sweep(struct sts_cache *c, uint32_t chunks, struct sts_now now)
{
	uint32_t steps = chunks < c->chunks.count ? chunks : c->chunks.count;

	for (uint32_t i = 0; i < steps; i++) {
		c->hand = c->hand % c->chunks.count + 1;
		if (c->hand == 1) {
			end_round(c);
		}
		if (sts_head_live(c, c->hand) && visit(c, c->hand, now)) {
			return c->hand;
		}
	}
	return 0;
}

sts_ref
sts_cache_turn(struct sts_cache *c, uint32_t chunks, uint32_t now_s)
{
	uint32_t steps = chunks < c->chunks.count ? chunks : c->chunks.count;
	struct sts_entry e;

	for (uint32_t i = 0; i < steps; i++) {
		c->turn = c->turn % c->chunks.count + 1;
		if (sts_head_live(c, c->turn)) {
			sts_cache_get(c, c->turn, &e);
			if (is_due(&e, now_s)) {
				return c->turn;
			}
		}
	}
	return 0;
}

void
sts_cache_turn_again(struct sts_cache *c, sts_ref ref)
{
	c->turn = ref - 1;
}
