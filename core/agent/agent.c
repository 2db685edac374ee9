/* SPDX-License-Identifier: MIT */
/*
 * The root of the tree: what each child wants, and what the driver and the
 * board ask of the agent.
 *
 * Time enters through agent_tick alone; everything else happens at a->now. In
 * one step the tick may begin one refresh, one lookup of a question that
 * waited, and one fetch, and a child's result one of each: that bounds the
 * random bytes that a step draws (below), and with them a pass of the driver.
 *
 * Settings may change at any time. Work under way goes on with those that it
 * began with, to which it holds a pointer; sts_agent_settings_used is true as
 * long as there is one.
 *
 * Invariant: one step draws no more random bytes than the sum below, which is
 * checked at compile time. Strangers reach the root only through its children;
 * it bounds what each of them gets of a step.
 */
#include "agent.h"
#include "agent_dane.h"
#include "agent_report_files.h"
#include "agent_share.h"
#include "../base/assert.h"

/*
 * The random bytes that one step may draw: the tick begins a refresh, the
 * lookup of an ask that waited (and of its domain's hosts), and a fetch; the
 * child's result needs some for the time of the next refresh, for a lookup with
 * such hosts, and for another fetch. The share, which connects and plans
 * refreshes, draws less than that.
 */
STS_STATIC_ASSERT(
    STS_SHARE_RND + 4 <= STS_LOOKUP_RND + STS_TLS_RND + 4 + 1, of_the_share);
STS_STATIC_ASSERT(STS_RANDOM_VISIT >= 3 * STS_LOOKUP_RND +
					  (STS_DANE ? 2 * STS_DANE_RND : 0) +
					  (STS_REPORT ? STS_REPORT_DRAWS : 0) +
					  2 * STS_TLS_RND + 4,
    randomness_of_a_step);

STS_STATIC_ASSERT((int)STS_CLIENT_TOGETHER <= (int)STS_CACHE_AHEAD_MAX,
    what_is_asked_in_one_step_is_prepared_together);

/* The records of the replies that a client had put by. */
static void
unpin_sent(struct sts_agent *a, struct sts_client *c)
{
	sts_ref ref;

	while (sts_client_sent(c, &ref)) {
		if (ref != 0) {
			sts_cache_unpin(&a->cache, ref);
		}
	}
}

static void
client_gone(struct sts_agent *a, unsigned i)
{
	struct sts_client *c = &a->clients[i];

	sts_agent_client_stirs(a, i);
	if (c->why != STS_WHY_NONE) {
		sts_count(&a->metrics, STS_METRIC_CLIENTS_CLOSED +
					   (c->why == STS_WHY_CLIENT_STALL));
		sts_agent_log(a, STS_EVENT_CLIENT_BAD, (enum sts_why)c->why,
		    sts_text(NULL, 0));
	}
	unpin_sent(a, c);
	sts_agent_ask_forget(a, &c->ask);
	sts_client_released(c);
	sts_agent_client_gone(a, i);
}

static void
client_asks(struct sts_agent *a, struct sts_client *c)
{
	struct sts_text line;

	if (STS_REPORT && STS_REPORT_SOCKET && sts_client_reports(c, &line)) {
		sts_agent_report_line(a, &c->ask, c->trusted, line);
	} else {
		sts_agent_ask(a, &c->ask);
	}
	sts_agent_client_taken(a, c);
}

/* The questions that came together are asked in turn. In a large cache each
 * would wait for memory by itself, so their records are fetched together first.
 * A key that is not the domain as it is kept, in capitals say, gains nothing.
 * Returns how many entries of `seen` are filled in: each is what seems to be the
 * question's record, or 0. */
static unsigned
look_ahead(struct sts_agent *a, const struct sts_client *c, sts_ref *seen)
{
	struct sts_text keys[STS_CLIENT_TOGETHER];
	unsigned n;

	if (STS_CLIENT_TOGETHER == 1 || !sts_cache_is_large(&a->cache)) {
		return 0;
	}
	n = sts_client_keys(c, keys, STS_CLIENT_TOGETHER);
	if (n <= 1) {
		return 0;
	}
	sts_cache_ahead(&a->cache, keys, n, seen);
	return n;
}

/* The questions of a client that came together and are answered at once are one
 * step; a question that begins something is the last of the step, since the
 * random bytes of a step are bounded (above). */
static void
client_questions(struct sts_agent *a, struct sts_client *c)
{
	sts_ref seen[STS_CLIENT_TOGETHER];
	unsigned n = look_ahead(a, c, seen), asked = 0;
	uint16_t left = a->random.left;

	do {
		if (STS_CLIENT_TOGETHER > 1) {
			a->ask.seen = asked < n ? seen[asked] : 0;
		}
		client_asks(a, c);
	} while (++asked < STS_CLIENT_TOGETHER && a->random.left == left &&
		 sts_client_needs(c) == STS_CLIENT_ASKS);
	if (STS_CLIENT_TOGETHER > 1) {
		a->ask.seen = 0;
	}
}

static void
client_child(struct sts_agent *a, unsigned i)
{
	struct sts_client *c = &a->clients[i];

	switch (sts_client_needs(c)) {
	case STS_CLIENT_ASKS:
		sts_agent_client_stirs(a, i);
		client_questions(a, c);
		break;
	case STS_CLIENT_DUE:
		sts_agent_ask_due(a, &c->ask);
		sts_agent_client_taken(a, c);
		break;
	case STS_CLIENT_RELEASE:
		sts_agent_release(a, &c->ask);
		sts_client_released(c);
		sts_agent_client_idles(a, i);
		break;
	case STS_CLIENT_SENT:
		unpin_sent(a, c);
		if (!sts_client_busy(c)) {
			sts_agent_client_idles(a, i);
		}
		break;
	case STS_CLIENT_GONE:
		client_gone(a, i);
		break;
	default:
		STS_ASSERT(false);
	}
}

static void
question_child(struct sts_agent *a, unsigned i)
{
	struct sts_question *q = &a->questions[i];

	if (q->fresh) {
		q->fresh = false;
		if (STS_DANE && q->ask.routed &&
		    q->ask.dane == STS_DANE_PENDING) {
			sts_agent_route_start(a, q);
		} else {
			sts_agent_ask(a, &q->ask);
		}
	} else {
		STS_ASSERT(q->due);
		q->due = false;
		sts_agent_ask_due(a, &q->ask);
	}
}

/* Serve a child whose node stands behind those of the lookups. */
static void
later_child(struct sts_agent *a, unsigned node)
{
	if (STS_DANE && node < a->first_fetch) {
		sts_agent_dane_work(a, (uint16_t)(node - a->first_dane));
	} else if (sts_agent_shares(a) && node == a->first_share) {
		sts_agent_share_work(a);
	} else if (STS_REPORT && node >= a->first_report) {
		sts_agent_report_child(a, node - a->first_report);
	} else {
		sts_agent_work_fetch(a, (uint16_t)(node - a->first_fetch));
	}
}

static void
agent_child(void *e, unsigned i)
{
	struct sts_agent *a = e;
	unsigned node = i + 1;

	if (sts_agent_is_client(a, node)) {
		client_child(a, i);
	} else if (node < a->first_lookup) {
		question_child(a, node - a->first_question);
	} else if (node < a->first_dane) {
		sts_agent_work_lookup(a, (uint16_t)(node - a->first_lookup));
	} else {
		later_child(a, node);
	}
}

static int
agent_stirred(void *e)
{
	uint16_t node = sts_agent_stirred(e);

	return node != STS_NODE_NONE ? node - 1 : -1;
}

/*
 * Forget what lies so far back that it has no effect any more, before the
 * milliseconds wrap and it seems to lie ahead.
 */
static void
forget_times(struct sts_agent *a)
{
	if (!sts_before(a->now, a->root.started + STS_CLOCK_GRACE_MS)) {
		a->grace_over = true;
	}
	sts_agent_notices_forget(a);
	if (sts_agent_shares(a)) {
		sts_agent_share_forget_times(a);
	}
	sts_agent_journal_forget_times(a);
}

/* One of the hands over the cache, if it is due: a step begins one refresh. */
static void
move_hands(struct sts_agent *a)
{
	if (!sts_before(a->now, a->sweep_at)) {
		forget_times(a);
		sts_agent_sweep(a);
	} else if (!sts_before(a->now, a->refresh_at)) {
		sts_agent_refresh(a);
	}
}

/* Let asks that waited go on: those of one queue if that begins anything. The
 * rest go on at the next tick, which is due at once. */
static void
asks_go_on(struct sts_agent *a)
{
	uint16_t left = a->random.left;

	if (STS_DANE) {
		sts_agent_dane_tick(a);
	}
	if (a->random.left == left && sts_agent_asks_may_go_on(a)) {
		sts_agent_asks_go_on(a);
	}
}

static unsigned
agent_wants(const void *e)
{
	(void)e;
	return 0;
}

/* Nothing happens before the journal has been read. Then the clock comes first,
 * since all that follows depends on it. Each part draws no more random bytes
 * than is counted above. */
static void
agent_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_agent *a = e;
	enum sts_clock_state state;
	struct sts_lookup *l;
	enum sts_why why;

	a->now = now;
	a->serving = a->serving || !sts_agent_journal_loading(a);
	if (!a->serving) {
		return; /* what is held, and the newest stamp, are not known */
	}
	sts_clock_tick(&a->clock, now, wall_s);
	state = sts_clock_state(&a->clock);
	if (state != a->root.clock) {
		a->root.clock = (uint8_t)state;
		sts_agent_log(
		    a, STS_EVENT_CLOCK, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = (uint32_t)state;
	}
	move_hands(a);
	asks_go_on(a);
	if (sts_agent_reports(a)) {
		sts_agent_report_tick(a);
	}
	if (sts_agent_shares(a)) {
		sts_agent_share_tick(a);
	}
	l = sts_agent_slots_tick(a, &why);
	if (l != NULL) {
		sts_agent_work_failed(a, l, why);
	}
}

/* The earliest of all that the agent waits for, and at once while a queued
 * question could go on. Until the journal has been read, or given up, nothing
 * else counts. */
static bool
agent_deadline(const void *e, sts_ms *at)
{
	const struct sts_agent *a = e;

	sts_ms slots_at;

	if (!a->serving) {
		/* The driver wakes the agent when the journal has been read. */
		*at = sts_agent_journal_early_until(a);
		return true;
	}
	*at = sts_earlier(a->sweep_at, a->refresh_at);
	if (sts_agent_slots_due(a, &slots_at)) {
		*at = sts_earlier(*at, slots_at);
	}
	if (STS_DANE && sts_agent_dane_due(a, &slots_at)) {
		*at = sts_earlier(*at, slots_at);
	}
	if (sts_agent_reports(a) && sts_agent_report_due(a, &slots_at)) {
		*at = sts_earlier(*at, slots_at);
	}
	if (sts_agent_shares(a) && sts_agent_share_due(a, &slots_at)) {
		*at = sts_earlier(*at, slots_at);
	}
	if (sts_agent_asks_may_go_on(a)) {
		*at = a->now;
	}
	return true;
}

const struct sts_engine_ops sts_agent_ops = {
	.wants = agent_wants,
	.tick = agent_tick,
	.deadline = agent_deadline,
	.child = agent_child,
	.stirred = agent_stirred,
};

void
sts_agent_settings(struct sts_agent *a, const struct sts_settings *s)
{
	a->settings = s;
	/* The anchors may have changed. What a fetch under way still adds to
	 * the links depends on signatures alone. */
	sts_x509_links_clear(&a->root.common->links);
}

/* Asks that were answered borrow zones until they are handed over. */
static bool
asks_use(const struct sts_agent *a, const struct sts_settings *old)
{
	for (unsigned i = 0; STS_SOCKETMAP && i < a->client.used; i++) {
		const struct sts_client *c = &a->clients[i];

		if (sts_client_busy(c) && c->ask.settings == old) {
			return true;
		}
	}
	for (unsigned i = 0; i < a->config.asks; i++) {
		const struct sts_question *q = &a->questions[i];

		if (q->used && q->ask.settings == old) {
			return true;
		}
	}
	return false;
}

bool
sts_agent_settings_used(
    const struct sts_agent *a, const struct sts_settings *old)
{
	for (unsigned i = 0; i < a->work.used; i++) {
		const struct sts_lookup *l = &a->lookups[i];

		if (l->state != STS_LOOKUP_IDLE && l->settings == old) {
			return true;
		}
	}
	return a->settings == old || asks_use(a, old) ||
	       (sts_agent_reports(a) && sts_agent_report_uses(a, old)) ||
	       (sts_agent_shares(a) && sts_agent_share_uses(a, old));
}

void
sts_agent_drain(struct sts_agent *a)
{
	a->draining = true;
	sts_agent_journal_end(a);
	for (unsigned i = 0; STS_SOCKETMAP && i < a->client.used; i++) {
		sts_client_drain(&a->clients[i]);
		sts_agent_stir(a, (uint16_t)(a->first_client + i));
	}
}

bool
sts_agent_forget(struct sts_agent *a, struct sts_text domain)
{
	struct sts_lookup *l = sts_agent_lookups_find(a, domain);
	sts_ref ref = sts_cache_find(&a->cache, domain);

	STS_ASSERT(domain.n > 0 && domain.n <= STS_DOMAIN_MAX);
	if (ref != 0) {
		sts_cache_remove(&a->cache, ref);
	}
	if (l != NULL) {
		l->outdated = true;
	}
	if (STS_DANE) {
		sts_agent_dane_forget(a, domain);
	}
	/* The journal may know a policy that the cache gave up for room. */
	sts_agent_unkeep(a, domain, STS_FORGET_ORDERED);
	return ref != 0;
}
