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
	l->shared_until = a->now + a->settings->share->wait_ms;
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
sts_agent_unshare(struct sts_agent *a, struct sts_text domain)
{
	if (sts_agent_shares(a)) {
		sts_share_delete(a->share.engine, domain);
		sts_agent_stir(a, a->first_share);
	}
}
