/* SPDX-License-Identifier: MIT */
/*
 * Take in records of other gateways, and publish ours. Only policies are
 * shared, which were authenticated when they were fetched: never an absence, a
 * failed look-up, a back-off, or a decision of the operator.
 *
 * Of two versions that which was fetched later counts, by the stamp under the
 * seal. So a record can add a policy, renew it, or bring its publisher's newer
 * word; an old one that is put back changes nothing, and is overwritten. A
 * stamp in the future is refused, as is a life that is over by our time,
 * confirmed or not: what is refused changes nothing.
 *
 * Only policies that were fetched under a confirmed clock are published, since
 * otherwise their stamp means nothing.
 *
 * The attacker can write to the server: a record without the fleet's seal is
 * refused, and an old record that he puts back does not replace a newer
 * version.
 */
#include "agent_state.h"
#include "agent_share.h"
#include "../base/assert.h"

/* ---- publishing */

/* Whether a policy may be published; *life_s: for how many seconds it still
 * lives. */
static bool
may_publish(
    const struct sts_agent *a, const struct sts_entry *e, uint32_t *life_s)
{
	uint32_t now_s = sts_agent_now_s(a);
	uint32_t age_s = e->fetched_s < now_s ? now_s - e->fetched_s : 0;

	*life_s = age_s < e->max_age_s ? e->max_age_s - age_s : 0;
	return e->kind == STS_KIND_POLICY && e->proved && e->fetched_s > 0 &&
	       e->fetched_s <= now_s + STS_SHARE_AHEAD_S && *life_s > 0 &&
	       sts_agent_expires(a);
}

/* Publish the next policies of the queue, as long as the share can send one. */
static void
publish(struct sts_agent *a)
{
	struct sts_share *s = a->share.engine;
	uint8_t name[STS_SHARE_NAME_MAX];
	bool missing_only = false, more = true;

	while (more && sts_share_may_set(s)) {
		struct sts_entry e;
		uint32_t life_s;
		sts_ref ref;

		struct sts_text domain = sts_share_next(s, name, &missing_only);
		more = domain.n > 0;
		ref = more ? sts_cache_find(&a->cache, domain) : 0;
		if (ref == 0) {
			continue;
		}
		sts_cache_get(&a->cache, ref, &e);
		if (may_publish(a, &e, &life_s)) {
			sts_share_set(s, domain, &e, ref,
			    (uint64_t)life_s * 1000, missing_only);
		}
	}
}

/* The server holds an older record than ours, or one that the fleet did not
 * write: publish ours over it, at most once a minute, as other gateways may do
 * so at the same moment. Of two domains that share a place each may be repaired
 * more often: what bounds that are the keys that are read (share_reply.c). */
static void
repair(struct sts_agent *a, struct sts_text domain)
{
	uint64_t hash = sts_siphash(a->hash_key, domain);
	unsigned i = (unsigned)(hash % STS_SHARE_REPAIRS);

	if (a->share.repaired[i].hash == hash &&
	    sts_before(a->now, a->share.repaired[i].at + STS_SHARE_REPAIR_MS)) {
		return;
	}
	a->share.repaired[i].hash = hash;
	a->share.repaired[i].at = a->now;
	sts_share_publish(a->share.engine, domain, false);
}

/* Forget the repairs that lie over a minute back, before the milliseconds wrap
 * and they seem to lie ahead. */
void
sts_agent_share_forget_times(struct sts_agent *a)
{
	for (unsigned i = 0; i < STS_SHARE_REPAIRS; i++) {
		if (!sts_before(a->now,
			a->share.repaired[i].at + STS_SHARE_REPAIR_MS)) {
			a->share.repaired[i].hash = 0;
		}
	}
}

/* Begin to publish all held policies of which the server has no record. */
static void
walk_begin(struct sts_agent *a)
{
	struct sts_walk from_the_beginning = { 0, false, 0 };

	a->share.walk = from_the_beginning;
	a->share.walks = true;
	a->share.walk_at = a->now + STS_SHARE_WALK_MS;
}

/* One step of that: queue as many policies as the queue has room for. */
static void
walk(struct sts_agent *a)
{
	struct sts_share *s = a->share.engine;
	uint8_t name[STS_NAME_MAX];
	sts_ref ref;

	a->share.walk_at = a->now + STS_SHARE_WALK_MS;
	for (unsigned i = 0; i < STS_SHARE_WALK_BUCKETS && a->share.walks &&
			     sts_share_unpublished(s) < STS_SHARE_WALK_DOMAINS;
	     i++) {
		struct sts_entry e;
		uint32_t life_s;

		a->share.walks = sts_cache_walk(
		    &a->cache, &a->share.walk, STS_SHARE_WALK_BUCKETS, &ref);
		if (!a->share.walks || ref == 0) {
			continue;
		}
		sts_cache_get(&a->cache, ref, &e);
		if (may_publish(a, &e, &life_s)) {
			sts_share_publish(s,
			    sts_text(
				name, sts_cache_domain(&a->cache, ref, name)),
			    true);
		}
	}
}

/* ---- taking in */

/* Let the domain's lookup go on without waiting for other gateways. */
static void
release(struct sts_agent *a, struct sts_text domain)
{
	struct sts_lookup *l = sts_agent_lookups_find(a, domain);

	if (l != NULL) {
		sts_agent_share_release(a, l);
	}
}

static void
refuse(struct sts_agent *a, struct sts_text domain, enum sts_share_refusal r)
{
	static const enum sts_why why[] = {
		[STS_SHARE_REFUSAL_MAC] = STS_WHY_SHARE_MAC,
		[STS_SHARE_REFUSAL_STAMP] = STS_WHY_SHARE_STAMP,
		[STS_SHARE_REFUSAL_SYNTAX] = STS_WHY_SHARE_SYNTAX,
		[STS_SHARE_REFUSAL_ROOM] = STS_WHY_POLICY_NO_ROOM,
	};

	a->share.refused[r]++;
	a->share.unlogged++;
	if (sts_agent_notice(a, STS_NOTICE_SHARE)) {
		sts_agent_log(a, STS_EVENT_SHARE_REFUSED, why[r], domain)
		    ->number[0] = a->share.unlogged;
		a->share.unlogged = 0;
	}
}

static bool
stamp_fits(const struct sts_agent *a, const struct sts_seal_head *head)
{
	uint32_t now_s = sts_agent_now_s(a);

	if (head->fetched_s > now_s) {
		return head->fetched_s - now_s <= STS_SHARE_AHEAD_S;
	}
	return now_s - head->fetched_s < head->max_age_s;
}

/* The held policy is at least as new as the record: repair the record if it is
 * older. */
static void
compare_stamps(struct sts_agent *a, struct sts_text domain,
    const struct sts_seal_head *head)
{
	struct sts_entry e;

	if (sts_agent_live(a, domain, &e) != 0 &&
	    e.fetched_s > head->fetched_s) {
		repair(a, domain);
	}
}

/* Commit the record's policy to the cache, and answer the waiting questions by
 * it if it is enforced. */
static void
commit(struct sts_agent *a, struct sts_text domain, struct sts_stage *stage,
    const struct sts_seal_head *head, uint16_t mx_count)
{
	struct sts_lookup *l = sts_agent_lookups_find(a, domain);
	struct sts_entry e;
	sts_ref ref;

	sts_agent_replace_shared(a, domain, stage, head, mx_count, &e, &ref);
	if (ref == 0) {
		refuse(a, domain, STS_SHARE_REFUSAL_ROOM);
		return;
	}
	a->share.taken++;
	/* A record of another mode may be older than the TXT record: it is no
	 * answer before TXT was looked up. */
	if (l != NULL && l->waiters.count > 0 && !l->outdated &&
	    head->mode == STS_MODE_ENFORCE) {
		sts_agent_settle(
		    a, l, ref, STS_KIND_POLICY, STS_WHY_NONE, false);
	}
}

static bool
held_as_new(const struct sts_agent *a, struct sts_text domain,
    const struct sts_seal_head *head)
{
	struct sts_entry e;

	/* A newer version may have been fetched while the record was read. */
	return sts_agent_live(a, domain, &e) != 0 &&
	       e.fetched_s >= head->fetched_s;
}

static void
abandon(struct sts_agent *a)
{
	struct sts_stage *stage = sts_share_stage(a->share.engine);

	if (stage != NULL) {
		sts_cache_abandon(&a->cache, stage);
	}
}

/* The operator had the domain forgotten, and its record is still there: delete
 * it, or write over it what was fetched since. */
static void
delete_again(struct sts_agent *a, struct sts_text domain)
{
	struct sts_entry e;

	if (sts_agent_live(a, domain, &e) != 0) {
		repair(a, domain);
	} else {
		sts_share_delete(a->share.engine, domain);
	}
}

static void
take_record(struct sts_agent *a, struct sts_text domain)
{
	struct sts_share *s = a->share.engine;
	struct sts_stage *stage = sts_share_stage(s);
	uint16_t mx_count;
	const struct sts_seal_head *head = sts_share_head(s, &mx_count);

	if (sts_agent_share_forgotten(a, domain, head->fetched_s)) {
		delete_again(a, domain);
	} else if (!stamp_fits(a, head)) {
		refuse(a, domain, STS_SHARE_REFUSAL_STAMP);
	} else if (stage != NULL && !held_as_new(a, domain, head)) {
		commit(a, domain, stage, head, mx_count);
		return;
	} else if (stage == NULL && sts_share_no_room(s)) {
		refuse(a, domain, STS_SHARE_REFUSAL_ROOM);
	} else {
		compare_stamps(a, domain, head);
	}
	abandon(a);
}

static void
take_refused(struct sts_agent *a, struct sts_text domain)
{
	struct sts_entry e;

	refuse(a, domain,
	    sts_share_verdict(a->share.engine) == STS_UNSEALED_MAC
		? STS_SHARE_REFUSAL_MAC
		: STS_SHARE_REFUSAL_SYNTAX);
	if (sts_agent_live(a, domain, &e) != 0) {
		repair(a, domain);
	}
}

static void
take_result(struct sts_agent *a)
{
	struct sts_share *s = a->share.engine;
	uint8_t name[STS_SHARE_NAME_MAX];
	struct sts_text domain;

	if (sts_share_result(s) == STS_SHARE_NOTHING) {
		return;
	}
	domain = sts_share_domain(s, name);
	if (sts_share_deleting(s, domain)) {
		abandon(a); /* it is of before the domain was forgotten */
	} else if (sts_share_result(s) == STS_SHARE_RECORD) {
		take_record(a, domain);
	} else if (sts_share_result(s) == STS_SHARE_REFUSED) {
		take_refused(a, domain);
	}
	release(a, domain);
	sts_share_done(s);
}

/* ---- what has happened */

static void
log_event(struct sts_agent *a, enum sts_event_code code, enum sts_why why)
{
	sts_agent_log(a, code, why, sts_share_server_text(a->share.engine));
}

/* No reply will come: let all lookups go on. */
static void
release_all(struct sts_agent *a)
{
	while (a->share.waits.head != STS_NODE_NONE) {
		sts_agent_share_release(a, &a->lookups[a->share.waits.head]);
	}
}

/* What the connection reported since the last call: first the seed without
 * which it cannot dial again, then what is logged, then whether the server may
 * lack policies that are held. */
static void
take_news(struct sts_agent *a)
{
	struct sts_share *s = a->share.engine;
	unsigned news = sts_share_take_news(s);

	if ((news & STS_SHARE_NEWS_RANDOM) != 0) {
		uint8_t rnd[STS_SHARE_RND];

		sts_random_take(&a->random, rnd, sizeof rnd);
		sts_share_seed(s, rnd);
		sts_wipe(rnd, sizeof rnd);
		sts_agent_stir(a, a->first_share);
	}
	if ((news & STS_SHARE_NEWS_UP) != 0) {
		sts_agent_log(
		    a, STS_EVENT_SHARE_UP, STS_WHY_NONE, sts_text(NULL, 0));
	}
	if ((news & STS_SHARE_NEWS_CONFIG) != 0) {
		log_event(a, STS_EVENT_SHARE_DENIED, sts_share_why(s));
	} else if ((news & STS_SHARE_NEWS_DOWN) != 0) {
		log_event(a, STS_EVENT_SHARE_DOWN, sts_share_why(s));
	}
	if ((news & STS_SHARE_NEWS_FULL) != 0 &&
	    sts_agent_notice(a, STS_NOTICE_SHARE_FULL)) {
		log_event(a, STS_EVENT_SHARE_FULL, STS_WHY_SHARE_LATER);
	}
	if ((news & (STS_SHARE_NEWS_FLUSHED | STS_SHARE_NEWS_SCANNED)) != 0) {
		walk_begin(a);
	}
}

void
sts_agent_share_work(struct sts_agent *a)
{
	take_news(a);
	take_result(a);
	publish(a);
	sts_agent_stir(a, a->first_share);
}

/* The setup to use; NULL while the time is unknown, by which stamps and
 * certificates are judged, and when the agent stops. */
static const struct sts_share_setup *
wanted(const struct sts_agent *a)
{
	return a->draining || sts_clock_state(&a->clock) == STS_CLOCK_UNKNOWN
		   ? NULL
		   : a->settings->share;
}

static void
follow_settings(struct sts_agent *a)
{
	struct sts_share *s = a->share.engine;
	const struct sts_share_setup *setup = wanted(a);

	if (s->setup != setup ||
	    (setup != NULL && s->servers != a->settings->servers)) {
		sts_share_use(s, setup, a->settings->servers, a->now);
		sts_agent_stir(a, a->first_share);
	}
}

/* Let the lookups go on that have waited as long as they may. */
static void
release_late(struct sts_agent *a)
{
	struct sts_queue *waits = &a->share.waits;

	while (waits->head != STS_NODE_NONE &&
	       !sts_before(a->now, a->lookups[waits->head].shared_until)) {
		sts_agent_share_release(a, &a->lookups[waits->head]);
	}
}

void
sts_agent_share_tick(struct sts_agent *a)
{
	struct sts_share *s = a->share.engine;

	follow_settings(a);
	if (!sts_share_is_up(s)) {
		release_all(a);
		/* Policies are published anew when all keys were seen again.
		 * Steps until then would wake the agent for nothing. */
		a->share.walks = false;
	}
	release_late(a);
	if (a->share.walks && !sts_before(a->now, a->share.walk_at)) {
		walk(a);
	}
	if (sts_share_unpublished(s) > 0 && sts_share_may_set(s)) {
		publish(a);
		sts_agent_stir(a, a->first_share);
	}
}

bool
sts_agent_share_due(const struct sts_agent *a, sts_ms *at)
{
	uint16_t head = a->share.waits.head;
	bool any = head != STS_NODE_NONE;

	if (any) {
		*at = a->lookups[head].shared_until;
	}
	if (a->share.walks) {
		*at =
		    any ? sts_earlier(*at, a->share.walk_at) : a->share.walk_at;
		any = true;
	}
	return any;
}

bool
sts_agent_share_uses(const struct sts_agent *a, const struct sts_settings *s)
{
	return a->share.engine->setup != NULL &&
	       a->share.engine->setup == s->share;
}
