/* SPDX-License-Identifier: MIT */
/* The gauges of core/agent/metrics.h: the agent's state as numbers. */
#include "agent_state.h"
#include "agent_share.h"

static void
look_at_cache(const struct sts_agent *a, uint32_t *n)
{
	struct sts_cache_stats s;
	uint32_t *records = n + STS_METRIC_CACHE_RECORDS;
	uint32_t *bytes = n + STS_METRIC_CACHE_BYTES;

	sts_cache_stats(&a->cache, &s);
	records[0] = s.enforce;
	records[1] = s.guests;
	records[2] = s.testing;
	records[3] = s.none;
	records[4] = s.other;
	records[5] = s.expired;
	bytes[0] = s.chunks_protected;
	bytes[1] =
	    s.chunks - s.chunks_protected - s.chunks_staged - s.chunks_free;
	bytes[2] = s.chunks_staged;
	bytes[3] = s.chunks_free;
	n[STS_METRIC_CACHE_LIMIT] = s.protected_max;
	n[STS_METRIC_CACHE_REFUSED] = s.refused;
	n[STS_METRIC_CACHE_EVICTED] = s.evicted;
	n[STS_METRIC_FAILING] = s.failing;
	n[STS_METRIC_FAILING_EXPIRES] = s.failing_expires_s;
}

/* Count slots and clients, each in the order of its label's values. */
static void
look_at_slots(const struct sts_agent *a, uint32_t *n)
{
	const uint32_t busy[] = { a->client.open, a->lookups_busy,
		a->work.refreshes, a->slots.busy,
		STS_DNS_TCP_BUFFERS - a->buffers.count };
	const uint32_t slots[] = { a->config.clients, a->config.lookups,
		sts_agent_lookups_refreshes_max(a), a->config.fetch_slots,
		STS_DNS_TCP_BUFFERS };
	const uint32_t queue[] = { (uint32_t)a->journal_asks.count +
				       a->asks.count + a->crowded.count,
		a->slots.fresh.count, a->slots.stalled.count,
		a->buffers.starved.count };

	memcpy(n + STS_METRIC_BUSY, busy, sizeof busy);
	memcpy(n + STS_METRIC_SLOTS, slots, sizeof slots);
	memcpy(n + STS_METRIC_QUEUE, queue, sizeof queue);
}

static void
look_at_journal(const struct sts_agent *a, uint32_t *n)
{
	const struct sts_journal *j = a->journal.engine;

	n[STS_METRIC_JOURNAL_UNSAVED] = sts_cache_unsaved_count(&a->cache);
	n[STS_METRIC_JOURNAL_SAVED] = j->saved;
	n[STS_METRIC_JOURNAL_LOST] = j->lost;
	n[STS_METRIC_JOURNAL_ANEW] = j->compactions;
	n[STS_METRIC_JOURNAL_BYTES] = j->written;
}

static void
look_at_reports(const struct sts_agent *a, uint32_t *n)
{
	const struct sts_tally *t = &a->reporter->tally;
	uint32_t *domains = n + STS_METRIC_REPORT_DOMAINS;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		domains[i != sts_tally_today(t)] += t->domains[i];
	}
	n[STS_METRIC_REPORT_BYTES + 1] = sts_tally_free(t);
	n[STS_METRIC_REPORT_BYTES] = sts_tally_chunks(t) - sts_tally_free(t);
}

static void
look_at_share(const struct sts_agent *a, uint32_t *n)
{
	const struct sts_share *s = a->share.engine;
	struct sts_share_counts counts;

	sts_share_count(s, &counts);
	n[STS_METRIC_SHARE_UP] = sts_share_is_up(s);
	n[STS_METRIC_SHARE_SENT] = counts.sent;
	n[STS_METRIC_SHARE_TAKEN] = a->share.taken;
	memcpy(n + STS_METRIC_SHARE_REFUSED, a->share.refused,
	    sizeof a->share.refused);
	n[STS_METRIC_SHARE_LOST] = counts.lost;
	n[STS_METRIC_SHARE_SILENT] = counts.silent_s;
}

void
sts_agent_metrics(const struct sts_agent *a, struct sts_metrics_values *v)
{
	uint32_t *n = v->n;

	sts_metrics_counted(&a->metrics, v);
	look_at_cache(a, n);
	look_at_slots(a, n);
	n[STS_METRIC_CLOCK] = sts_clock_state(&a->clock);
	n[STS_METRIC_JOURNAL] = sts_agent_keeping(a);
	if (sts_agent_keeps(a)) {
		look_at_journal(a, n);
	}
	if (sts_agent_reports(a)) {
		look_at_reports(a, n);
	}
	n[STS_METRIC_DANE_RESOLVER] = a->dane.resolver;
	n[STS_METRIC_DANE_BUSY] = a->dane.busy;
	n[STS_METRIC_DANE_BUSY + 1] = a->config.danes;
	if (sts_agent_shares(a)) {
		look_at_share(a, n);
	}
	n[STS_METRIC_ENFORCE_OFF] = a->settings->enforce_off;
	n[STS_METRIC_MEMORY] = (uint32_t)(sts_agent_size(&a->config) / 16);
	n[STS_METRIC_BUILD] = 1;
}
