/* SPDX-License-Identifier: MIT */
/* What each child of the agent wants, and what the driver asks of it. */
#include <string.h>

#include "agent.h"
#include "../base/assert.h"

enum {
	LEVEL_DEBUG = 3
};

/*
 * What one step may take: the tick begins a refresh, the lookup of an ask that
 * waited, and a fetch or another such lookup; the child's result a moment to
 * refresh, a lookup, and another fetch.
 */
STS_STATIC_ASSERT(STS_RANDOM_VISIT >= 3 * STS_LOOKUP_RND + 2 * STS_TLS_RND + 4,
    randomness_of_a_step);

void
sts_agent_stir(struct sts_agent *a, uint16_t node)
{
	struct sts_node *n = &a->nodes[node];

	STS_ASSERT(n->owner == 0);
	if (n->stirred) {
		return;
	}
	n->stirred = true;
	n->next_stirred = STS_NODE_NONE;
	if (a->stirred.head == STS_NODE_NONE) {
		a->stirred.head = node;
	} else {
		a->nodes[a->stirred.tail].next_stirred = node;
	}
	a->stirred.tail = node;
}

void
sts_agent_queue_lookup(
    struct sts_agent *a, struct sts_queue *q, struct sts_lookup *l)
{
	uint16_t i = (uint16_t)(l - a->lookups);

	l->next = STS_NODE_NONE;
	if (q->head == STS_NODE_NONE) {
		q->head = i;
	} else {
		a->lookups[q->tail].next = i;
	}
	q->tail = i;
	q->count++;
}

struct sts_event *
sts_agent_tell(struct sts_agent *a, enum sts_event_code code, enum sts_why why,
    struct sts_text text)
{
	struct sts_event *e;
	size_t len = text.n;

	sts_count(&a->metrics, STS_METRIC_EVENTS + code);
	if (a->event_count == STS_EVENTS_MAX) {
		a->events_lost++;
		sts_count(&a->metrics, STS_METRIC_EVENTS_LOST);
	}
	if (a->event_count == STS_EVENTS_MAX &&
	    sts_event_level(code) >= LEVEL_DEBUG) {
		/* Not worth the loss of another: dropped. */
		return &a->events[STS_EVENTS_MAX];
	}
	if (a->event_count == STS_EVENTS_MAX) {
		/* The oldest goes; the count of the lost is told later. */
		a->event_head = (uint8_t)((a->event_head + 1) % STS_EVENTS_MAX);
		a->event_count--;
	}
	e = &a->events[(a->event_head + a->event_count) % STS_EVENTS_MAX];
	a->event_count++;
	memset(e, 0, sizeof *e);
	e->code = (uint8_t)code;
	e->why = (uint8_t)why;
	if (len > sizeof e->text) {
		len = sizeof e->text;
	}
	if (len > 0) {
		memcpy(e->text, text.p, len);
	}
	e->text_len = (uint8_t)len;
	return e;
}

bool
sts_agent_event(struct sts_agent *a, struct sts_event *e)
{
	if (a->events_lost > 0 && a->event_count < STS_EVENTS_MAX) {
		uint32_t lost = a->events_lost;

		a->events_lost = 0;
		sts_agent_tell(
		    a, STS_EVENT_EVENTS_LOST, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = lost;
	}
	if (a->event_count == 0) {
		return false;
	}
	*e = a->events[a->event_head];
	a->event_head = (uint8_t)((a->event_head + 1) % STS_EVENTS_MAX);
	a->event_count--;
	return true;
}

/* Whether a complaint may be made now, or was made a moment ago. */
bool
sts_agent_notice(struct sts_agent *a, enum sts_notice n)
{
	if ((a->noticed_once & 1U << n) != 0) {
		return false;
	}
	a->noticed_once |= (uint8_t)(1U << n);
	a->noticed[n] = a->now;
	return true;
}

uint32_t
sts_agent_now_s(const struct sts_agent *a)
{
	return sts_clock_now_s(&a->clock);
}

/* Expiry takes effect only under a clock that was confirmed. */
bool
sts_agent_expires(const struct sts_agent *a)
{
	return sts_clock_state(&a->clock) == STS_CLOCK_CONFIRMED;
}

/*
 * Whether a policy's life is over. While the clock is not confirmed, what was
 * over at the newest time that was before the start still is.
 */
static bool
is_over(const struct sts_agent *a, const struct sts_entry *e)
{
	if (sts_agent_expires(a)) {
		return sts_entry_expired(e, sts_agent_now_s(a));
	}
	return a->stamp_s != 0 && sts_entry_expired(e, a->stamp_s);
}

sts_ref
sts_agent_live(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);

	if (ref == 0) {
		return 0;
	}
	sts_cache_get(&a->cache, ref, e);
	if (e->kind != STS_KIND_POLICY || is_over(a, e)) {
		return 0;
	}
	return ref;
}

void
sts_agent_lapse(struct sts_agent *a, sts_ref ref, struct sts_entry *e)
{
	uint8_t domain[STS_NAME_MAX];
	uint32_t now_s = sts_agent_now_s(a);
	struct sts_event *event;

	if (e->kind != STS_KIND_POLICY || e->lapsed || !sts_agent_expires(a) ||
	    !sts_entry_expired(e, now_s)) {
		return;
	}
	e->lapsed = true;
	/* What was learned of TXT while it lived says nothing now, nor should
	 * the clock be put back and the policy live on. */
	e->check_s = 0;
	sts_cache_set(&a->cache, ref, e, now_s, true);
	event =
	    sts_agent_tell(a, STS_EVENT_POLICY_EXPIRED, (enum sts_why)e->why,
		sts_text(domain, sts_cache_domain(&a->cache, ref, domain)));
	event->mode = (uint8_t)(e->mode + 1);
	event->number[0] = e->failures;
}

/* A client wants something. */
static void
client_child(struct sts_agent *a, unsigned i)
{
	struct sts_client *c = &a->clients[i];

	switch (sts_client_needs(c)) {
	case STS_CLIENT_ASKS:
		sts_agent_client_stirs(a, i);
		sts_agent_ask(a, &c->ask);
		sts_agent_client_taken(a, c);
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
	case STS_CLIENT_GONE:
		sts_agent_client_stirs(a, i);
		if (c->why != STS_WHY_NONE) {
			sts_count(
			    &a->metrics, STS_METRIC_CLIENTS_CLOSED +
					     (c->why == STS_WHY_CLIENT_STALL));
			sts_agent_tell(a, STS_EVENT_CLIENT_BAD,
			    (enum sts_why)c->why, sts_text(NULL, 0));
		}
		sts_agent_ask_forget(a, &c->ask);
		sts_client_released(c);
		c->ask.next = a->client_free;
		a->client_free = (uint16_t)i;
		a->clients_open--;
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
		sts_agent_ask(a, &q->ask);
	} else {
		STS_ASSERT(q->due);
		q->due = false;
		sts_agent_ask_due(a, &q->ask);
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
	} else if (node < a->first_fetch) {
		sts_agent_work_lookup(a, (uint16_t)(node - a->first_lookup));
	} else {
		sts_agent_work_fetch(a, (uint16_t)(node - a->first_fetch));
	}
}

static int
agent_stirred(void *e)
{
	struct sts_agent *a = e;
	uint16_t node = a->stirred.head;

	if (node == STS_NODE_NONE) {
		return -1;
	}
	a->stirred.head = a->nodes[node].next_stirred;
	a->nodes[node].stirred = false;
	return node - 1;
}

/*
 * Forget what lies so far back that it has no effect any more, before the
 * milliseconds wrap and it seems to lie ahead.
 */
static void
forget_times(struct sts_agent *a)
{
	if (!sts_before(a->now, a->started + STS_CLOCK_GRACE_MS)) {
		a->grace_over = true;
	}
	for (unsigned i = 0; i < STS_NOTICES; i++) {
		if (!sts_before(a->now, a->noticed[i] + STS_NOTICE_MS)) {
			a->noticed_once &= (uint8_t) ~(1U << i);
		}
	}
}

static unsigned
agent_wants(const void *e)
{
	(void)e;
	return 0;
}

static void
agent_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_agent *a = e;
	enum sts_clock_state state;

	a->now = now;
	a->serving = true;
	sts_clock_tick(&a->clock, now, wall_s);
	state = sts_clock_state(&a->clock);
	if (state != a->clock_told) {
		a->clock_told = (uint8_t)state;
		sts_agent_tell(
		    a, STS_EVENT_CLOCK, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = (uint32_t)state;
	}
	if (!sts_before(now, a->sweep_at)) {
		a->sweep_at = now + STS_SWEEP_MS;
		forget_times(a);
		sts_agent_sweep(a);
	}
	if (sts_agent_asks_may_go_on(a)) {
		sts_agent_asks_go_on(a);
	}
	sts_agent_slots_tick(a);
}

static bool
agent_deadline(const void *e, sts_ms *at)
{
	const struct sts_agent *a = e;

	*at = a->sweep_at;
	if (a->fresh.count + a->stalled.count > 0) {
		*at = sts_earlier(*at, a->slots_at);
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
	/* The anchors may be others. What a fetch under way still remembers is
	 * about signatures alone. */
	sts_x509_links_clear(a->links);
}

/* Asks that were answered borrow zones until they are handed over. */
static bool
asks_use(const struct sts_agent *a, const struct sts_settings *old)
{
	for (unsigned i = 0; STS_SOCKETMAP && i < a->config.clients; i++) {
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
	for (unsigned i = 0; i < a->config.lookups; i++) {
		const struct sts_lookup *l = &a->lookups[i];

		if (l->state != STS_LOOKUP_IDLE && l->settings == old) {
			return true;
		}
	}
	return a->settings == old || asks_use(a, old);
}

void
sts_agent_drain(struct sts_agent *a)
{
	a->draining = true;
	sts_agent_journal_end(a);
	for (unsigned i = 0; STS_SOCKETMAP && i < a->config.clients; i++) {
		sts_client_drain(&a->clients[i]);
		sts_agent_stir(a, (uint16_t)(a->first_client + i));
	}
}

bool
sts_agent_idle(const struct sts_agent *a)
{
	return a->clients_open == 0;
}

void
sts_agent_held_at(const struct sts_agent *a, sts_ref ref, struct sts_held *held)
{
	memset(held, 0, sizeof *held);
	held->ref = ref;
	sts_cache_get(&a->cache, ref, &held->entry);
	held->now_s = sts_agent_now_s(a);
	if (held->entry.kind == STS_KIND_POLICY) {
		held->live = !is_over(a, &held->entry);
		held->protected = sts_cache_protected(&a->cache, ref);
		held->id_len =
		    (uint8_t)sts_payload_id(&a->cache, ref, held->id);
	}
}

bool
sts_agent_held(
    const struct sts_agent *a, struct sts_text domain, struct sts_held *held)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);

	if (ref != 0) {
		sts_agent_held_at(a, ref, held);
	}
	return ref != 0;
}

const struct sts_cache *
sts_agent_cache(const struct sts_agent *a)
{
	return &a->cache;
}
