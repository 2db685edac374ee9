/* SPDX-License-Identifier: MIT */
/* Read-outs of a running agent for the operator: counts, states, records. */
#include <string.h>

#include "../base/assert.h"
#include "inspect.h"

void
sts_inspect(const struct sts_agent *a, struct sts_inspection *out)
{
	memset(out, 0, sizeof *out);
	out->now_s = sts_agent_now_s(a);
	out->clock = sts_clock_state(&a->clock);
	sts_cache_stats(&a->cache, &out->cache);
	out->has_journal = a->journal.on;
	out->unsaved = sts_cache_unsaved_count(&a->cache);
	if (a->journal.on) {
		out->journal = sts_journal_state(a->journal.engine);
		out->saved = a->journal.engine->saved;
		out->lost = a->journal.engine->lost;
		out->compactions = a->journal.engine->compactions;
	}
	out->clients = a->client.open;
	out->clients_max = a->config.clients;
	out->lookups = a->lookups_busy;
	out->lookups_max = a->config.lookups;
	out->fetches = a->slots.busy;
	out->fetches_max = a->config.fetch_slots;
	out->danes = a->dane.busy;
	out->danes_max = a->config.danes;
	out->dane_sees = a->dane.resolver == STS_DANE_RESOLVER_SEES;
	out->dane_blind = a->dane.resolver == STS_DANE_RESOLVER_BLIND;
	out->waiting =
	    (uint32_t)a->journal_asks.count + a->asks.count + a->crowded.count;
	out->waited_ms = a->waited_ms;
}

void
sts_inspect_wait_anew(struct sts_agent *a)
{
	a->waited_ms = 0;
}

void
sts_inspect_server(const struct sts_agent *a, const struct sts_addr *addr,
    struct sts_inspected_server *out)
{
	const struct sts_dns_health *h = &a->dns_health;

	out->answers = !sts_dns_health_ever(h, addr, STS_DNS_ASIDE);
	out->heard = sts_dns_health_answered(h, addr);
	out->edns = !sts_dns_health_is(h, addr, STS_DNS_PLAIN, a->now);
	out->tcp = !sts_dns_health_is(h, addr, STS_DNS_NO_TCP, a->now);
}

const char *
sts_inspect_clock(const struct sts_inspection *i)
{
	return sts_clock_state_text(i->clock);
}

const char *
sts_inspect_journal(const struct sts_inspection *i)
{
	return i->has_journal ? sts_journal_state_text(i->journal) : "off";
}

bool
sts_inspect_forgotten(const struct sts_agent *a)
{
	return !sts_agent_journal_awaited(a) &&
	       (!a->journal.on || sts_journal_forgotten(a->journal.engine));
}

bool
sts_inspect_keeps(const struct sts_agent *a)
{
	return sts_agent_keeps(a);
}

bool
sts_inspect_unread(const struct sts_agent *a)
{
	return sts_agent_journal_awaited(a);
}

bool
sts_inspect_doubted(const struct sts_agent *a, const struct sts_held *held)
{
	bool policy = held != NULL && held->entry.kind == STS_KIND_POLICY;

	return sts_inspect_unread(a) && sts_agent_keeps(a) &&
	       (!policy || held->entry.restored);
}

bool
sts_inspect_kept_out(const struct sts_agent *a, struct sts_text domain)
{
	return sts_agent_keeps(a) &&
	       sts_journal_forgets(a->journal.engine, domain);
}

static bool
next_record(const struct sts_agent *a, struct sts_walk *w, uint32_t buckets,
    struct sts_held *held, uint8_t *domain, size_t *len)
{
	sts_ref ref;
	bool more = sts_cache_walk(&a->cache, w, buckets, &ref);

	*len = 0;
	if (ref != 0) {
		sts_agent_held_at(a, ref, held);
		*len = sts_cache_domain(&a->cache, ref, domain);
		STS_ASSERT(*len > 0);
	}
	return more;
}

bool
sts_inspect_next(const struct sts_agent *a, struct sts_walk *w,
    uint32_t buckets, struct sts_held *held, uint8_t *domain, size_t *len)
{
	bool more = next_record(a, w, buckets, held, domain, len);

	/* A record of mail hosts is reported with its domain. */
	if (*len > 0 && held->entry.kind == STS_KIND_DANE) {
		*len = 0;
	}
	return more;
}

static void
forget(struct sts_agent *a, const struct sts_held *held, struct sts_text domain)
{
	/* No key is longer; only a forged journal could hold one. */
	if (held->entry.kind == STS_KIND_POLICY && domain.n <= STS_DOMAIN_MAX) {
		sts_agent_forget(a, domain);
	} else {
		/* It was never saved. */
		sts_cache_remove(&a->cache, held->ref);
	}
}

bool
sts_inspect_flush(struct sts_agent *a, struct sts_walk *w, uint32_t buckets,
    bool all, uint32_t *count)
{
	uint8_t domain[STS_NAME_MAX];
	struct sts_held held;
	bool more = true;
	size_t len;

	for (uint32_t i = 0; i < buckets && more; i++) {
		more = next_record(a, w, 1, &held, domain, &len);
		if (len > 0 && (all || !held.live)) {
			forget(a, &held, sts_text(domain, len));
			*count += held.entry.kind != STS_KIND_DANE;
		}
	}
	return more;
}

void
sts_inspect_keep(struct sts_agent *a, const struct sts_held *held)
{
	sts_cache_pin(&a->cache, held->ref);
}

void
sts_inspect_release(struct sts_agent *a, const struct sts_held *held)
{
	sts_cache_unpin(&a->cache, held->ref);
}
