/* SPDX-License-Identifier: MIT */
/*
 * The agent's block of memory and its tree of nodes, laid out once.
 *
 * The rows of agent_size.h are read three times: to plan (how large), to carve
 * (which pointer gets which part) and, by a board, to size static arrays. Node
 * 0 is the agent; its children are clients, questions, look-ups and fetches,
 * whose children are their connections.
 *
 * Invariants: the parts do not overlap, each is aligned (STS_AGENT_ALIGNED),
 * and plan, carving and macros agree, since they read the same rows. What is
 * carved here is never given back or moved; pointers between the parts stay
 * valid as long as the agent.
 *
 * There is no attacker here: the board's configuration alone decides how large
 * anything is.
 */
#include <string.h>

#include "agent_size.h"
#include "agent_dane.h"
#include "agent_report_files.h"
#include "../base/assert.h"

/* The rows of agent_size.h for a configuration. A part that is left out has a
 * size of 0 that the compiler knows. */
#define PARTS(X, c)                                                            \
	STS_AGENT_PARTS(X, (c)->clients, (c)->lookups, (c)->fetch_slots,       \
	    (c)->asks, STS_DANE ? (c)->danes : 0, STS_SHARE ? (c)->share : 0,  \
	    (c)->journal_buffer, STS_PRELOAD ? (c)->preload_size : 0,          \
	    (c)->cache_size, STS_REPORT ? (c)->report_memory : 0,              \
	    sts_tls_size())

/* Parts that engines are given pieces of. */
struct parts {
	uint8_t *tls, *share_tls, *messages, *cache, *report_tls, *report;
};

unsigned
sts_agent_nodes(const struct sts_config *c)
{
	return STS_AGENT_NODES(c->clients, c->lookups, c->fetch_slots, c->asks,
	    STS_DANE ? c->danes : 0, STS_REPORT ? c->report_memory : 0,
	    STS_SHARE ? c->share : 0);
}

/* One row for each part, without further branches: clang-tidy counts the rows.
 * NOLINTBEGIN(readability-function-cognitive-complexity) */
#define PLAN(plan, where, size, count)                                         \
	p->plan += STS_AGENT_ALIGNED((size) * (size_t)(count));                \
	p->total += STS_AGENT_ALIGNED((size) * (size_t)(count));
void
sts_agent_plan(const struct sts_config *c, struct sts_plan *p)
{
	memset(p, 0, sizeof *p);
	PARTS(PLAN, c)
}
#undef PLAN

size_t
sts_agent_size(const struct sts_config *config)
{
	struct sts_plan plan;

	sts_agent_plan(config, &plan);
	return plan.total;
}

/* Take the next n bytes of the block; NULL if n is 0. */
static void *
carve(uint8_t **block, size_t n)
{
	void *p = *block;

	*block += STS_AGENT_ALIGNED(n);
	return n > 0 ? p : NULL;
}

#define CARVE(plan, where, size, count)                                        \
	where = carve(&block, (size) * (size_t)(count));
static struct parts
carve_all(struct sts_agent *a, uint8_t *block)
{
	const uint8_t *end = block + sts_agent_size(&a->config);
	struct parts parts;

	PARTS(CARVE, &a->config)
	STS_ASSERT(block == end);
	return parts;
}
#undef CARVE
/* NOLINTEND(readability-function-cognitive-complexity) */

/*
 * Give each part its piece of the block, in which nothing is allocated later.
 */
static void
set_up_parts(struct sts_agent *a, const struct parts *parts)
{
	const struct sts_config *c = &a->config;

	a->node_count = (uint16_t)sts_agent_nodes(c);
	sts_tls_common_init(a->root.common);
	for (unsigned i = 0; i < c->fetch_slots; i++) {
		sts_fetch_init(&a->fetches[i],
		    (void *)(parts->tls +
			     i * STS_AGENT_ALIGNED(sts_tls_size())),
		    a->root.common, &a->cache);
	}
	for (unsigned i = 0; i < STS_DNS_TCP_BUFFERS; i++) {
		a->buffers.free[i] = parts->messages +
				     i * STS_AGENT_ALIGNED(STS_DNS_MESSAGE_MAX);
	}
	a->buffers.count = STS_DNS_TCP_BUFFERS;
	if (c->zeroed) {
		sts_cache_init_zeroed(
		    &a->cache, parts->cache, c->cache_size, a->hash_key);
	} else {
		sts_cache_init(
		    &a->cache, parts->cache, c->cache_size, a->hash_key);
	}
	if (sts_agent_reports(a)) {
		sts_agent_report_init(
		    a, (void *)parts->report_tls, parts->report);
	}
	if (STS_SHARE && c->share > 0) {
		sts_share_init(a->share.engine, (void *)parts->share_tls,
		    a->root.common, &a->dns_health, &a->cache);
	}
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

static void
plant_lookups(struct sts_agent *a, unsigned legs)
{
	for (unsigned i = 0; i < a->config.lookups; i++) {
		unsigned id = a->first_lookup + i;

		set_node(a, id, &sts_lookup_ops, &a->lookups[i], 0, id - 1);
		a->nodes[id].first_child =
		    (uint16_t)(legs + i * STS_LOOKUP_LEGS);
		for (unsigned k = 0; k < STS_LOOKUP_LEGS; k++) {
			set_node(a, legs + i * STS_LOOKUP_LEGS + k,
			    &sts_lookup_leg_ops, &a->lookups[i].leg[k], id, k);
		}
	}
}

static void
plant_danes(struct sts_agent *a, unsigned legs)
{
	for (unsigned i = 0; STS_DANE && i < a->config.danes; i++) {
		unsigned id = a->first_dane + i;
		struct sts_dane_hosts *d = &a->danes[i].hosts;

		set_node(a, id, &sts_dane_hosts_ops, d, 0, id - 1);
		a->nodes[id].first_child = (uint16_t)(legs + i * STS_DANE_LEGS);
		for (unsigned k = 0; k < STS_DANE_LEGS; k++) {
			set_node(a, legs + i * STS_DANE_LEGS + k,
			    &sts_dane_leg_ops, &d->leg[k], id, k);
		}
	}
}

/* Plant the POST, with its connections from `leaf` on, and the mail; the nodes
 * of a part that is left out stay empty. Returns the number of the next free
 * leaf. */
static unsigned
plant_sending(struct sts_agent *a, unsigned leaf)
{
	struct sts_agent_report *r = a->reporter;
	unsigned id = a->first_report + STS_REPORT_CHILD_POST;

	if (STS_REPORT_HTTPS) {
		set_node(a, id, &sts_post_ops, &r->post, 0, id - 1);
		a->nodes[id].first_child = (uint16_t)leaf;
		for (unsigned k = 0; k < STS_HTTPS_CONNS; k++) {
			set_node(a, leaf + k, &sts_post_conn_ops,
			    &r->post.https.conn[k], id, k);
		}
	}
	id = a->first_report + STS_REPORT_CHILD_MAIL;
	if (STS_REPORT_MAIL) {
		set_node(a, id, &sts_report_leaf_ops, &r->mail, 0, id - 1);
	}
	return leaf + (unsigned)STS_HTTPS_CONNS;
}

/* Plant two lookups, a POST and a mail, with their leaves from `leaf` on.
 * Returns the number of the next free leaf. */
static unsigned
plant_report(struct sts_agent *a, unsigned leaf)
{
	struct sts_agent_report *r = a->reporter;
	unsigned id = a->first_report;

	for (unsigned i = 0; i < STS_REPORT_LOOKUPS; i++, id++) {
		set_node(
		    a, id, &sts_lookup_report_ops, &r->lookup[i], 0, id - 1);
		a->nodes[id].first_child = (uint16_t)leaf;
		for (unsigned k = 0; k < STS_REPORT_LEGS; k++, leaf++) {
			set_node(a, leaf, &sts_lookup_report_leg_ops,
			    &r->lookup[i].leg[k], id, k);
		}
	}
	return plant_sending(a, leaf);
}

/* Plant the share, its legs and its connections, which come last. */
static void
plant_share(struct sts_agent *a)
{
	struct sts_share *s = a->share.engine;
	unsigned id = a->first_share, leg = id + 1, conn = leg + STS_SHARE_LEGS;

	set_node(a, id, &sts_share_ops, s, 0, id - 1);
	a->nodes[id].first_child = (uint16_t)leg;
	for (unsigned i = 0; i < STS_SHARE_LEGS; i++) {
		set_node(a, leg + i, &sts_share_leg_ops, &s->leg[i], id, i);
	}
	for (unsigned i = 0; i < STS_SHARE_CONNS; i++) {
		set_node(a, conn + i, &sts_share_conn_ops, &s->conn[i], id,
		    STS_SHARE_LEGS + i);
	}
}

static void
plant_fetches(struct sts_agent *a, unsigned conns)
{
	for (unsigned i = 0; i < a->config.fetch_slots; i++) {
		unsigned id = a->first_fetch + i;

		set_node(a, id, &sts_fetch_ops, &a->fetches[i], 0, id - 1);
		a->nodes[id].first_child =
		    (uint16_t)(conns + i * STS_FETCH_CONNS);
		for (unsigned k = 0; k < STS_FETCH_CONNS; k++) {
			set_node(a, conns + i * STS_FETCH_CONNS + k,
			    &sts_fetch_conn_ops, &a->fetches[i].https.conn[k],
			    id, k);
		}
	}
}

/* Number the nodes. Each kind has one run of numbers, so that a node's number
 * gives its kind and its index. The runs follow one another as
 * sts_agent_nodes() counts them, which the last assertion checks. */
static void
plant_tree(struct sts_agent *a)
{
	const struct sts_config *c = &a->config;
	unsigned legs, conns, dane_legs;

	a->first_client = 1;
	a->first_question = (uint16_t)(a->first_client + c->clients);
	a->first_lookup = (uint16_t)(a->first_question + c->asks);
	a->first_dane = (uint16_t)(a->first_lookup + c->lookups);
	a->first_fetch = (uint16_t)(a->first_dane + c->danes);
	a->first_report = (uint16_t)(a->first_fetch + c->fetch_slots);
	legs = a->first_report +
	       (sts_agent_reports(a) ? (unsigned)STS_REPORT_CHILDREN : 0U);
	dane_legs = legs + (unsigned)STS_LOOKUP_LEGS * c->lookups;
	conns = dane_legs + (unsigned)STS_DANE_LEGS * c->danes;
	set_node(a, 0, &sts_agent_ops, a, STS_NODE_NONE, 0);
	a->nodes[0].first_child = 1;
	for (unsigned i = 0; STS_SOCKETMAP && i < c->clients; i++) {
		set_node(a, a->first_client + i, &sts_client_ops,
		    &a->clients[i], 0, i);
	}
	for (unsigned i = 0; i < c->asks; i++) {
		set_node(a, a->first_question + i, &sts_question_ops,
		    &a->questions[i], 0, a->first_question - 1 + i);
	}
	plant_lookups(a, legs);
	plant_danes(a, dane_legs);
	plant_fetches(a, conns);
	conns += (unsigned)STS_FETCH_CONNS * c->fetch_slots;
	if (sts_agent_reports(a)) {
		conns = plant_report(a, conns);
	}
	a->first_share = (uint16_t)conns;
	if (STS_SHARE && c->share > 0) {
		plant_share(a);
	}
	STS_ASSERT(
	    a->first_share + STS_AGENT_SHARE_NODES(c->share) == a->node_count);
}

static void
check_config(const struct sts_config *config)
{
	STS_ASSERT(config->lookups > 0 && config->fetch_slots > 0);
	STS_ASSERT(STS_SOCKETMAP || config->clients == 0);
	STS_ASSERT(STS_DANE || config->danes == 0);
	STS_ASSERT(STS_PRELOAD || config->preload_size == 0);
	STS_ASSERT(STS_SHARE || config->share == 0);
	STS_ASSERT(STS_REPORT || config->report_memory == 0);
	STS_ASSERT(sts_agent_nodes(config) < STS_NODE_NONE);
}

void
sts_agent_init(struct sts_agent *a, const struct sts_config *config,
    const struct sts_settings *settings, void *block, sts_ms now,
    const uint8_t hash_key[16])
{
	struct parts parts;

	check_config(config);
	memset(a, 0, sizeof *a);
	a->config = *config;
	a->settings = settings;
	memcpy(a->hash_key, hash_key, sizeof a->hash_key);
	sts_random_init(&a->random);
	sts_clock_init(&a->clock, now, config->build_s);
	sts_dns_health_init(&a->dns_health);
	sts_clock_awaits(&a->clock, sts_agent_journal_awaited(a));
	parts = carve_all(a, block);
	set_up_parts(a, &parts);
	sts_queue_init(&a->stirred);
	sts_queue_init(&a->journal_asks);
	sts_queue_init(&a->asks);
	sts_queue_init(&a->crowded);
	sts_queue_init(&a->client.idle);
	sts_queue_init(&a->slots.fresh);
	sts_queue_init(&a->slots.stalled);
	a->slots.next = STS_NODE_NONE;
	sts_queue_init(&a->buffers.starved);
	sts_queue_init(&a->share.waits);
	a->client.free = a->work.free = STS_NODE_NONE;
	for (unsigned i = 0; i < config->lookups; i++) {
		a->work.index[i] = STS_NODE_NONE;
	}
	if (config->asks > 0) {
		memset(a->questions, 0, config->asks * sizeof *a->questions);
	}
	a->now = a->root.started = now;
	if (STS_DANE) {
		sts_agent_dane_init(a);
	}
	a->sweep_at = a->refresh_at = now + STS_SWEEP_MS;
	plant_tree(a);
}
