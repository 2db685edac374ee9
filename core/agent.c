/* SPDX-License-Identifier: MIT */
/* The agent's block, its tree of nodes, and what each child wants. */
#include <string.h>

#include "agent.h"
#include "base/assert.h"

enum {
	LEGS = 2, /* of a lookup */
	CONNS = 2, /* of a fetch */
	ALIGN = 16,
	FULL_PERCENT = 80
};

/*
 * What one step may take: the tick begins a refresh, the lookup of an ask that
 * waited, and a fetch or another such lookup; the child's result a moment to refresh, a lookup, and
 * another fetch.
 */
STS_STATIC_ASSERT(STS_RANDOM_VISIT >= 3 * STS_LOOKUP_RND + 2 * STS_TLS_RND + 4,
    randomness_of_a_step);

static size_t
aligned(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Heads of the index by domain: a power of two, at least one a lookup. */
static unsigned
index_size(const struct sts_config *config)
{
	unsigned n = 1;

	while (n < config->lookups) {
		n *= 2;
	}
	return n;
}

unsigned
sts_agent_nodes(const struct sts_config *c)
{
	return 1U + c->clients + c->asks + c->lookups * (1U + LEGS) +
	       c->fetch_slots * (1U + CONNS);
}

void
sts_agent_plan(const struct sts_config *c, struct sts_plan *p)
{
	unsigned nodes = sts_agent_nodes(c);

	p->clients = aligned(c->clients * sizeof(struct sts_client));
	p->asks = aligned(c->asks * sizeof(struct sts_question));
	p->lookups = aligned(c->lookups * sizeof(struct sts_lookup)) +
		     aligned(index_size(c) * sizeof(uint16_t));
	p->fetches = aligned(c->fetch_slots * sizeof(struct sts_fetch)) +
		     c->fetch_slots * aligned(sts_tls_size());
	p->dns = (size_t)STS_DNS_TCP_BUFFERS * aligned(STS_DNS_MESSAGE_MAX);
	p->driver = aligned(nodes * sizeof(struct sts_node)) +
		    aligned(nodes * sizeof(uint16_t));
	p->cache = aligned(c->cache_size);
	p->total = p->clients + p->asks + p->lookups + p->fetches + p->dns +
		   p->driver + p->cache;
}

size_t
sts_agent_size(const struct sts_config *config)
{
	struct sts_plan plan;

	sts_agent_plan(config, &plan);
	return plan.total;
}

/* Take the next n bytes of the block. */
static void *
carve(uint8_t **block, size_t n)
{
	void *p = *block;

	*block += aligned(n);
	return p;
}

static void
carve_all(struct sts_agent *a, uint8_t *block)
{
	const struct sts_config *c = &a->config;
	unsigned nodes = sts_agent_nodes(c);

	a->node_count = (uint16_t)nodes;
	a->nodes = carve(&block, nodes * sizeof *a->nodes);
	a->heap_slots = carve(&block, nodes * sizeof *a->heap_slots);
	a->clients = carve(&block, c->clients * sizeof *a->clients);
	a->questions = carve(&block, c->asks * sizeof *a->questions);
	a->lookups = carve(&block, c->lookups * sizeof *a->lookups);
	a->index = carve(&block, index_size(c) * sizeof *a->index);
	a->index_mask = (uint16_t)(index_size(c) - 1);
	a->fetches = carve(&block, c->fetch_slots * sizeof *a->fetches);
	for (unsigned i = 0; i < c->fetch_slots; i++) {
		sts_fetch_init(
		    &a->fetches[i], carve(&block, sts_tls_size()), &a->cache);
	}
	for (unsigned i = 0; i < STS_DNS_TCP_BUFFERS; i++) {
		a->buffer[i] = carve(&block, STS_DNS_MESSAGE_MAX);
	}
	a->buffer_count = STS_DNS_TCP_BUFFERS;
	sts_cache_init(&a->cache, carve(&block, c->cache_size), c->cache_size,
	    a->hash_key);
}

static void
set_node(struct sts_agent *a, unsigned id, const struct sts_engine_ops *ops,
    void *engine, unsigned owner, unsigned index)
{
	struct sts_node *n = &a->nodes[id];

	memset(n, 0, sizeof *n);
	n->ops = ops;
	n->engine = engine;
	n->owner = (uint16_t)owner;
	n->index = (uint16_t)index;
	n->first_child = n->next_stirred = n->next_ready = STS_NODE_NONE;
}

static const struct sts_engine_ops agent_ops, question_ops;

static void
plant_tree(struct sts_agent *a)
{
	const struct sts_config *c = &a->config;
	unsigned legs, conns;

	a->first_client = 1;
	a->first_question = (uint16_t)(a->first_client + c->clients);
	a->first_lookup = (uint16_t)(a->first_question + c->asks);
	a->first_fetch = (uint16_t)(a->first_lookup + c->lookups);
	legs = a->first_fetch + (unsigned)c->fetch_slots;
	conns = legs + (unsigned)LEGS * c->lookups;
	set_node(a, 0, &agent_ops, a, STS_NODE_NONE, 0);
	a->nodes[0].first_child = 1;
	for (unsigned i = 0; i < c->clients; i++) {
		set_node(a, a->first_client + i, &sts_client_ops,
		    &a->clients[i], 0, i);
	}
	for (unsigned i = 0; i < c->asks; i++) {
		set_node(a, a->first_question + i, &question_ops,
		    &a->questions[i], 0, a->first_question - 1 + i);
	}
	for (unsigned i = 0; i < c->lookups; i++) {
		unsigned id = a->first_lookup + i;

		set_node(a, id, &sts_lookup_ops, &a->lookups[i], 0, id - 1);
		a->nodes[id].first_child = (uint16_t)(legs + i * LEGS);
		for (unsigned k = 0; k < LEGS; k++) {
			set_node(a, legs + i * LEGS + k, &sts_leg_ops,
			    &a->lookups[i].leg[k], id, k);
		}
	}
	for (unsigned i = 0; i < c->fetch_slots; i++) {
		unsigned id = a->first_fetch + i;

		set_node(a, id, &sts_fetch_ops, &a->fetches[i], 0, id - 1);
		a->nodes[id].first_child = (uint16_t)(conns + i * CONNS);
		for (unsigned k = 0; k < CONNS; k++) {
			set_node(a, conns + i * CONNS + k, &sts_conn_ops,
			    &a->fetches[i].conn[k], id, k);
		}
	}
	STS_ASSERT(conns + (unsigned)CONNS * c->fetch_slots == a->node_count);
}

void
sts_queue_init(struct sts_queue *q)
{
	q->head = q->tail = STS_NODE_NONE;
	q->count = 0;
}

void
sts_agent_init(struct sts_agent *a, const struct sts_config *config,
    const struct sts_settings *settings, void *block, sts_ms now,
    const uint8_t hash_key[16])
{
	STS_ASSERT(config->lookups > 0 && config->fetch_slots > 0);
	STS_ASSERT(sts_agent_nodes(config) < STS_NODE_NONE);
	memset(a, 0, sizeof *a);
	a->config = *config;
	a->settings = settings;
	memcpy(a->hash_key, hash_key, sizeof a->hash_key);
	sts_random_init(&a->random);
	sts_clock_init(&a->clock, now, config->build_s);
	carve_all(a, block);
	sts_queue_init(&a->stirred);
	sts_queue_init(&a->asks);
	sts_queue_init(&a->fresh);
	sts_queue_init(&a->stalled);
	sts_queue_init(&a->starved);
	a->client_free = a->lookup_free = STS_NODE_NONE;
	for (unsigned i = config->clients; i > 0; i--) {
		memset(&a->clients[i - 1], 0, sizeof *a->clients);
		a->clients[i - 1].ask.next = a->client_free;
		a->client_free = (uint16_t)(i - 1);
	}
	for (unsigned i = config->lookups; i > 0; i--) {
		sts_lookup_init(&a->lookups[i - 1]);
		a->lookups[i - 1].chain = a->lookup_free;
		a->lookup_free = (uint16_t)(i - 1);
	}
	for (unsigned i = 0; i <= a->index_mask; i++) {
		a->index[i] = STS_NODE_NONE;
	}
	if (config->asks > 0) {
		memset(a->questions, 0, config->asks * sizeof *a->questions);
	}
	a->now = a->started = now;
	a->sweep_at = now + STS_SWEEP_MS;
	plant_tree(a);
}

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

struct sts_event *
sts_agent_tell(struct sts_agent *a, enum sts_event_code code, enum sts_why why,
    struct sts_text text)
{
	struct sts_event *e;
	size_t len = text.n;

	if (a->event_count == STS_EVENTS_MAX) {
		/* The oldest goes; the count of the lost is told later. */
		a->event_head = (uint8_t)((a->event_head + 1) % STS_EVENTS_MAX);
		a->event_count--;
		a->events_lost++;
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

sts_ref
sts_agent_live(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);

	if (ref == 0) {
		return 0;
	}
	sts_cache_get(&a->cache, ref, e);
	if (e->kind != STS_KIND_POLICY ||
	    (sts_agent_expires(a) &&
		sts_entry_expired(e, sts_agent_now_s(a)))) {
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
	sts_cache_set(&a->cache, ref, e, now_s, true);
	event =
	    sts_agent_tell(a, STS_EVENT_POLICY_EXPIRED, (enum sts_why)e->why,
		sts_text(domain, sts_cache_domain(&a->cache, ref, domain)));
	event->mode = (uint8_t)(e->mode + 1);
}

/* A client wants something. */
static void
client_child(struct sts_agent *a, unsigned i)
{
	struct sts_client *c = &a->clients[i];
	uint16_t node = (uint16_t)(a->first_client + i);

	switch (sts_client_needs(c)) {
	case STS_CLIENT_ASKS:
		sts_agent_ask(a, node);
		sts_client_taken(c, &a->cache, c->ask.settings->zones);
		break;
	case STS_CLIENT_DUE:
		sts_agent_ask_due(a, node);
		sts_client_taken(c, &a->cache, c->ask.settings->zones);
		break;
	case STS_CLIENT_RELEASE:
		sts_agent_release(a, &c->ask);
		sts_client_released(c);
		break;
	case STS_CLIENT_GONE:
		if (c->why != STS_WHY_NONE) {
			sts_agent_tell(a, STS_EVENT_CLIENT_BAD,
			    (enum sts_why)c->why, sts_text(NULL, 0));
		}
		sts_agent_ask_forget(a, node);
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
	uint16_t node = (uint16_t)(a->first_question + i);

	if (q->fresh) {
		q->fresh = false;
		sts_agent_ask(a, node);
	} else {
		STS_ASSERT(q->due);
		q->due = false;
		sts_agent_ask_due(a, node);
	}
}

static void
agent_child(void *e, unsigned i)
{
	struct sts_agent *a = e;
	unsigned node = i + 1;

	if (node < a->first_question) {
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

/* Complaints about the cache, at most one a minute each. */
static void
watch_cache(struct sts_agent *a, const struct sts_cache_stats *s)
{
	uint32_t max = s->protected_max > 0 ? s->protected_max : 1;
	uint32_t percent =
	    (uint32_t)((uint64_t)s->chunks_protected * 100 / max);
	struct sts_text nothing = sts_text(NULL, 0);

	if (s->refused != a->refused_told &&
	    sts_agent_notice(a, STS_NOTICE_REFUSED)) {
		sts_agent_tell(
		    a, STS_EVENT_CACHE_REFUSED, STS_WHY_NONE, nothing)
		    ->number[0] = s->refused - a->refused_told;
		a->refused_told = s->refused;
	}
	if (percent >= FULL_PERCENT && sts_agent_notice(a, STS_NOTICE_FULL)) {
		sts_agent_tell(a, STS_EVENT_CACHE_FULL, STS_WHY_NONE, nothing)
		    ->number[0] = percent;
	}
}

/* Whether anybody has asked for the domain lately enough to refresh it. */
static bool
still_asked(const struct sts_entry *e, uint32_t now_s)
{
	uint32_t days = e->max_age_s / STS_DAY_S;
	uint16_t today = (uint16_t)(now_s / STS_DAY_S);

	if (days < STS_ASKED_DAYS) {
		days = STS_ASKED_DAYS;
	}
	return (uint16_t)(today - e->asked_day) <= days;
}

/* Chunks of one visit: small caches are gone round in a minute or two. */
static uint32_t
sweep_chunks(const struct sts_cache_stats *s)
{
	uint32_t n = s->chunks / STS_SWEEP_VISITS;

	if (n < STS_SWEEP_CHUNKS_MIN) {
		return STS_SWEEP_CHUNKS_MIN;
	}
	return n < STS_SWEEP_CHUNKS_MAX ? n : STS_SWEEP_CHUNKS_MAX;
}

/* Half of the lookups stay free for those who wait. */
static bool
may_refresh(struct sts_agent *a, struct sts_text domain)
{
	return !a->draining &&
	       sts_clock_state(&a->clock) != STS_CLOCK_UNKNOWN &&
	       a->lookups_busy <= a->config.lookups / 2 &&
	       sts_agent_work_find(a, domain) == NULL;
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

/* The clock hand: expiry, and at most one refresh a visit. */
static void
sweep(struct sts_agent *a)
{
	uint8_t domain[STS_NAME_MAX];
	struct sts_cache_stats stats;
	struct sts_entry e;
	struct sts_text name;
	uint32_t now_s = sts_agent_now_s(a);
	sts_ref ref;
	bool begin;

	sts_cache_stats(&a->cache, &stats);
	watch_cache(a, &stats);
	ref = sts_cache_sweep(
	    &a->cache, sweep_chunks(&stats), now_s, sts_agent_expires(a));
	if (ref == 0) {
		return;
	}
	sts_cache_get(&a->cache, ref, &e);
	sts_agent_lapse(a, ref, &e);
	name = sts_text(domain, sts_cache_domain(&a->cache, ref, domain));
	begin = still_asked(&e, now_s);
	if (begin && !may_refresh(a, name)) {
		/* It stays due: a flood must not put refreshes off. */
		return;
	}
	a->sweep_at = a->now + STS_SWEEP_PACE_MS;
	e.refresh_s = begin ? now_s + STS_REFRESH_MIN_S : 0;
	sts_cache_set(&a->cache, ref, &e, now_s, sts_agent_expires(a));
	if (begin) {
		sts_agent_work_begin(a, name, true);
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
		sweep(a);
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

static const struct sts_engine_ops agent_ops = {
	.wants = agent_wants,
	.tick = agent_tick,
	.deadline = agent_deadline,
	.child = agent_child,
	.stirred = agent_stirred,
};

static unsigned
question_wants(const void *e)
{
	const struct sts_question *q = e;

	return q->fresh || q->due ? STS_WANT_OWNER : 0;
}

static void
question_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_question *q = e;

	(void)wall_s;
	q->due = q->used && q->ask.waits && !sts_before(now, q->ask.deadline);
}

static bool
question_deadline(const void *e, sts_ms *at)
{
	const struct sts_question *q = e;
	bool waits = q->used && q->ask.waits;

	if (waits) {
		*at = q->ask.deadline;
	}
	return waits;
}

static const struct sts_engine_ops question_ops = {
	.wants = question_wants,
	.tick = question_tick,
	.deadline = question_deadline,
};

uint16_t
sts_agent_client_free(const struct sts_agent *a)
{
	if (a->client_free == STS_NODE_NONE || a->draining) {
		return STS_NODE_NONE;
	}
	return (uint16_t)(a->first_client + a->client_free);
}

void
sts_agent_client_open(struct sts_agent *a, uint16_t node, sts_ms now)
{
	struct sts_client *c = &a->clients[node - a->first_client];

	STS_ASSERT(node == sts_agent_client_free(a));
	a->client_free = c->ask.next;
	a->clients_open++;
	sts_client_open(c, now);
}

void
sts_agent_clients_full(struct sts_agent *a)
{
	if (!a->draining && sts_agent_notice(a, STS_NOTICE_CLIENTS)) {
		sts_agent_tell(
		    a, STS_EVENT_CLIENTS_FULL, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = a->clients_open;
	}
}

void
sts_agent_settings(struct sts_agent *a, const struct sts_settings *s)
{
	a->settings = s;
}

/* Asks that were answered borrow zones until they are handed over. */
static bool
asks_use(const struct sts_agent *a, const struct sts_settings *old)
{
	for (unsigned i = 0; i < a->config.clients; i++) {
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
	for (unsigned i = 0; i < a->config.clients; i++) {
		sts_client_drain(&a->clients[i]);
		sts_agent_stir(a, (uint16_t)(a->first_client + i));
	}
}

bool
sts_agent_idle(const struct sts_agent *a)
{
	return a->clients_open == 0;
}

int
sts_ask_begin(struct sts_agent *a, struct sts_text zone, struct sts_text key)
{
	bool known;

	for (unsigned i = 0; i < a->config.asks; i++) {
		struct sts_question *q = &a->questions[i];

		if (!q->used) {
			memset(q, 0, sizeof *q);
			q->used = q->fresh = true;
			q->ask.key = key;
			q->ask.settings = a->settings;
			q->ask.zone =
			    sts_zones_find(a->settings->zones, zone, &known);
			sts_agent_stir(a, (uint16_t)(a->first_question + i));
			return (int)i;
		}
	}
	return -1;
}

static const struct sts_question *
question_at(const struct sts_agent *a, int slot)
{
	STS_ASSERT(slot >= 0 && slot < a->config.asks);
	STS_ASSERT(a->questions[slot].used);
	return &a->questions[slot];
}

const struct sts_answer *
sts_ask_answer(const struct sts_agent *a, int slot)
{
	return &question_at(a, slot)->ask.answer;
}

size_t
sts_ask_render(
    const struct sts_agent *a, int slot, size_t off, struct sts_span out)
{
	const struct sts_ask *ask = &question_at(a, slot)->ask;
	struct sts_reply reply;

	STS_ASSERT(ask->answer.kind != STS_ANSWER_NONE);
	sts_reply_init(
	    &reply, &a->cache, ask->settings->zones, ask->zone, &ask->answer);
	return off < reply.len ? sts_reply_render(&reply, off, out) : 0;
}

void
sts_ask_end(struct sts_agent *a, int slot)
{
	question_at(a, slot);
	sts_agent_ask_forget(a, (uint16_t)(a->first_question + slot));
	/* It may not have been seen yet, and its key is not ours any more. */
	a->questions[slot].used = a->questions[slot].fresh = false;
}

bool
sts_agent_held(
    const struct sts_agent *a, struct sts_text domain, struct sts_held *held)
{
	sts_ref ref = sts_cache_find(&a->cache, domain);

	if (ref == 0) {
		return false;
	}
	held->ref = ref;
	sts_cache_get(&a->cache, ref, &held->entry);
	held->now_s = sts_agent_now_s(a);
	held->id_len = held->entry.kind == STS_KIND_POLICY
			   ? (uint8_t)sts_payload_id(&a->cache, ref, held->id)
			   : 0;
	return true;
}

const struct sts_cache *
sts_agent_cache(const struct sts_agent *a)
{
	return &a->cache;
}
