/* SPDX-License-Identifier: MIT */
/*
 * How a lookup uses the records of other gateways. If no live policy of its
 * domain is held, it asks the share for a record while TXT is looked up;
 * a->share.waits has the lookups without a reply, the oldest first. When TXT is
 * known first, the lookup is paused until the reply has come or its time is
 * over: otherwise a forged DNS answer to one gateway could come a millisecond
 * before the record of the fleet, and win.
 *
 *	shares  paused
 *	no      no      waits for nothing here
 *	yes     no      TXT is being looked up
 *	yes     yes     TXT_DONE
 *
 * Meanwhile the lookup may wait for a TCP buffer, too: `queued` is true as long
 * as it waits for either. An answer from a held policy waits for none of this.
 *
 * A domain that the operator had forgotten is remembered until the agent ends:
 * the server may have been away when its record was to be deleted, or another
 * gateway may put an older one back. The order is the operator's alone; a
 * stranger fills no place of it.
 */
#include "agent_state.h"
#include "agent_share.h"
#include "../base/assert.h"

void
sts_agent_share_miss(struct sts_agent *a, struct sts_lookup *l)
{
	struct sts_share *s = a->share.engine;

	STS_ASSERT(!l->shares);
	if (!sts_share_is_up(s) || sts_share_slow(s, a->now) ||
	    !sts_share_get(s, sts_lookup_domain(l))) {
		return;
	}
	l->shares = true;
	/* The share's own setup counts: the settings may have none any more, and
	 * the tick follows them later. */
	l->shared_until = a->now + s->setup->wait_ms;
	sts_agent_queue_lookup(a, &a->share.waits, l);
	sts_agent_stir(a, a->first_share);
}

bool
sts_agent_share_holds(struct sts_lookup *l)
{
	if (l->shares) {
		sts_lookup_pause(l);
	}
	return l->shares;
}

void
sts_agent_share_release(struct sts_agent *a, struct sts_lookup *l)
{
	uint16_t i = (uint16_t)(l - a->lookups);
	uint16_t before = STS_NODE_NONE, at = a->share.waits.head;

	if (!l->shares) {
		return;
	}
	while (at != i) {
		STS_ASSERT(at != STS_NODE_NONE);
		before = at;
		at = a->lookups[at].next;
	}
	sts_agent_unqueue_lookup(a, &a->share.waits, l, before);
	l->shares = false;
	if (l->legs.starves) {
		/* The lookup goes on waiting, for a buffer
		 * (agent_buffers.c). */
		l->queued = true;
		l->queued_at = a->now;
	}
	sts_lookup_resume(l);
	sts_agent_stir_lookup(a, l);
}

void
sts_agent_share_fetched(struct sts_agent *a, struct sts_text domain)
{
	sts_share_publish(a->share.engine, domain, false);
	sts_agent_stir(a, a->first_share);
}

void
sts_agent_share_ended(struct sts_agent *a, struct sts_text domain)
{
	sts_share_delete(a->share.engine, domain);
	sts_agent_stir(a, a->first_share);
}

/* The place for one more forgotten domain. What the domain that leaves it has
 * forgotten counts for all from now on: nothing comes back, and the rest is
 * fetched anew. */
static unsigned
forgotten_place(struct sts_agent *a, uint64_t hash)
{
	unsigned oldest = 0;

	for (unsigned i = 0; i < STS_SHARE_FORGOTTEN; i++) {
		if (a->share.forgotten[i].hash == hash) {
			return i;
		}
		if (a->share.forgotten[i].until_s <
		    a->share.forgotten[oldest].until_s) {
			oldest = i;
		}
	}
	if (a->share.forgotten[oldest].until_s > a->share.forgotten_s) {
		a->share.forgotten_s = a->share.forgotten[oldest].until_s;
	}
	return oldest;
}

void
sts_agent_unshare(struct sts_agent *a, struct sts_text domain)
{
	uint64_t hash = sts_siphash(a->hash_key, domain);

	if (sts_agent_shares(a)) {
		unsigned i = forgotten_place(a, hash);

		a->share.forgotten[i].hash = hash;
		a->share.forgotten[i].until_s = sts_agent_now_s(a);
		sts_agent_share_ended(a, domain);
	}
}

bool
sts_agent_share_forgotten(
    const struct sts_agent *a, struct sts_text domain, uint32_t fetched_s)
{
	uint64_t hash = sts_siphash(a->hash_key, domain);

	for (unsigned i = 0; i < STS_SHARE_FORGOTTEN; i++) {
		if (a->share.forgotten[i].hash == hash &&
		    fetched_s <= a->share.forgotten[i].until_s) {
			return true;
		}
	}
	return fetched_s <= a->share.forgotten_s;
}
