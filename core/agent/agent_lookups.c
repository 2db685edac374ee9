/* SPDX-License-Identifier: MIT */
/*
 * The table of lookups: which one a domain has, which are free, and who may
 * have one more.
 *
 * Lookups are chained by domain in a->work.index; those that were given back
 * are chained in a->work.free, and those from a->work.used on were never taken.
 * A lookup that is not IDLE is in the index exactly once.
 *
 * The attacker owns domains: as many names as he likes below each of a few
 * organisations, all of whose servers are silent. Questions leave the last
 * lookups to refreshes, refreshes leave most to questions, and no organisation
 * has more than its share, nor more than it leaves to all others together. Where
 * lookups are too few to keep one free, questions and refreshes take turns: a
 * refresh that waits has the next one, unless another refresh is under way.
 *
 * Work of a step: whether an organisation has its share of the lookups takes a
 * number to be compared for each lookup, and a name for each of its own. It is
 * asked twice for a question that has to wait, and once for each refresh that
 * is wanted: of the questions that are one step (STS_CLIENT_TOGETHER), or that
 * waited (agent_ask.c: LOOKS_MAX lookups in a step, or all of them for one
 * question).
 */
#include "agent_state.h"
#include "../base/assert.h"
#include "../cache/organisation.h"

static uint16_t *
index_head(struct sts_agent *a, struct sts_text domain)
{
	uint32_t hash = (uint32_t)sts_siphash(a->hash_key, domain);

	return &a->work.index[hash % a->config.lookups];
}

struct sts_lookup *
sts_agent_lookups_find(struct sts_agent *a, struct sts_text domain)
{
	uint16_t i = *index_head(a, domain);

	while (i != STS_NODE_NONE &&
	       !sts_text_same(sts_lookup_domain(&a->lookups[i]), domain)) {
		i = a->lookups[i].chain;
	}
	return i != STS_NODE_NONE ? &a->lookups[i] : NULL;
}

unsigned
sts_agent_lookups_refreshes_max(const struct sts_agent *a)
{
	unsigned share = a->config.lookups / STS_REFRESH_SHARE;

	return share > 0 ? share : 1;
}

/* How many lookups may begin now. */
static unsigned
room(const struct sts_agent *a, bool refresh)
{
	unsigned lookups = a->config.lookups;
	unsigned kept = lookups < STS_REFRESH_KEPT ? a->work.refresh_waits
						   : lookups / STS_REFRESH_KEPT;
	unsigned most = refresh ? lookups : lookups - kept;

	return a->lookups_busy < most ? most - a->lookups_busy : 0;
}

bool
sts_agent_lookups_room(const struct sts_agent *a, bool refresh)
{
	return room(a, refresh) > 0 &&
	       (!refresh ||
		   a->work.refreshes < sts_agent_lookups_refreshes_max(a));
}

static uint32_t
organisation_hash(const struct sts_agent *a, struct sts_text domain)
{
	return (uint32_t)sts_siphash(a->hash_key, sts_organisation(domain));
}

/* Whether `count` of `all` places are an organisation's share, or more. */
static bool
is_share(unsigned count, unsigned all)
{
	unsigned share = all / STS_ORGANISATION_SHARE;

	return count >= (share > 0 ? share : 1);
}

bool
sts_agent_lookups_crowded(
    const struct sts_agent *a, struct sts_text domain, bool refresh)
{
	struct sts_text organisation = sts_organisation(domain);
	uint32_t hash = organisation_hash(a, domain);
	unsigned count = 0, own = 0;

	for (unsigned i = 0; i < a->work.used; i++) {
		const struct sts_lookup *l = &a->lookups[i];

		if (l->state != STS_LOOKUP_IDLE && l->organisation == hash &&
		    sts_text_same(
			sts_organisation(sts_lookup_domain(l)), organisation)) {
			count++;
			own += l->own;
		}
	}
	/* An organisation has no more than it leaves to others: otherwise a few
	 * owners with a share each would have all lookups. */
	return is_share(count, a->config.lookups) ||
	       (count > 0 && count >= room(a, refresh)) ||
	       (refresh && is_share(own, sts_agent_lookups_refreshes_max(a)));
}

/* A lookup that is free; there must be one. */
static uint16_t
unused(struct sts_agent *a)
{
	uint16_t i = a->work.free;

	if (i != STS_NODE_NONE) {
		a->work.free = a->lookups[i].chain;
	} else {
		i = a->work.used++;
		STS_ASSERT(i < a->config.lookups);
		sts_lookup_init(&a->lookups[i], &a->dns_health);
	}
	a->lookups_busy++;
	return i;
}

struct sts_lookup *
sts_agent_lookups_take(
    struct sts_agent *a, struct sts_text domain, bool refresh)
{
	uint16_t i = unused(a), *head = index_head(a, domain);
	struct sts_lookup *l = &a->lookups[i];

	l->chain = *head;
	*head = i;
	l->organisation = organisation_hash(a, domain);
	l->own = refresh;
	a->work.refreshes = (uint16_t)(a->work.refreshes + refresh);
	return l;
}

void
sts_agent_lookups_give(struct sts_agent *a, struct sts_lookup *l)
{
	uint16_t i = (uint16_t)(l - a->lookups);
	uint16_t *link = index_head(a, sts_lookup_domain(l));

	while (*link != i) {
		STS_ASSERT(*link != STS_NODE_NONE);
		link = &a->lookups[*link].chain;
	}
	*link = l->chain;
	sts_lookup_end(l);
	l->chain = a->work.free;
	a->work.free = i;
	a->lookups_busy--;
	a->ask.crowded = a->crowded.count; /* a share may have become free */
	a->work.refreshes = (uint16_t)(a->work.refreshes - l->own);
}
