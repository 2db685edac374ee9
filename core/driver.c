/* SPDX-License-Identifier: MIT */
/*
 * The driver. A visit serves one node: tick, then what it wants, step by step,
 * until it wants nothing that can be had now. A node that wants its owner is
 * followed up the tree, and down again to the children the owner stirred.
 *
 * Nothing here is proportional to the number of nodes: the lists and the heap
 * hold only those with something to do. A node that wants WORK (to check a
 * signature) leaves the ready list for the working list, of which one node is
 * served a pass, when no other is to be visited: a stranger's certificates
 * never delay a client's answer. Interest in events is changed lazily: an
 * unwanted event is masked when it comes, not before, so that a question
 * answered from the cache costs one recv and one send.
 */
#include <string.h>

#include "base/assert.h"
#include "driver_lists.h"

enum {
	STEPS_MAX = 16, /* steps of one visit; then the node queues again */
	OWNERS_MAX = 3, /* depth of the tree */
	ENTROPY_MS = 10, /* how often a starved port is asked again */
	PORT_FIRST = 1024, /* source ports are drawn from here up */
	PORT_DRAWS = 4
};

static void
set_deadline(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];
	sts_ms at;

	if (n->ops->deadline(n->engine, &at)) {
		sts_heap_set(&d->heap, id, at);
	} else {
		sts_heap_drop(&d->heap, id);
	}
}

/* Ask the port for events of a channel, if that is a change. */
static void
want(struct sts_driver *d, uint16_t id, unsigned ev)
{
	struct sts_node *n = &d->nodes[id];

	STS_ASSERT(n->open);
	if (n->wanted != ev) {
		n->wanted = (uint8_t)ev;
		d->port->want(d->port->ctx, id, ev);
	}
}

static bool
have_random(struct sts_driver *d)
{
	struct sts_random *r = &d->agent->random;

	if (sts_random_low(r)) {
		struct sts_span room = sts_random_room(r);

		if (d->port->entropy(d->port->ctx, room.p, room.n) != 0) {
			return false;
		}
		sts_random_filled(r);
	}
	return true;
}

static void
close_channel(struct sts_driver *d, uint16_t id, int why)
{
	struct sts_node *n = &d->nodes[id];

	STS_ASSERT(n->open);
	d->port->close(d->port->ctx, id);
	n->open = n->opening = n->eof = false;
	n->ready = n->wanted = 0;
	d->closed_any = true;
	n->ops->lost(n->engine, why);
}

static void
open_dgram(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];
	const struct sts_addr *peer = n->ops->peer(n->engine);
	int r = STS_IO_LIMIT;

	for (unsigned i = 0; i < PORT_DRAWS && r == STS_IO_LIMIT; i++) {
		uint32_t port = PORT_FIRST + sts_random_below(&d->agent->random,
						 65536 - PORT_FIRST);

		r = d->port->dgram(d->port->ctx, id, peer, (uint16_t)port);
	}
	if (r != 0) {
		n->ops->lost(n->engine, r);
		return;
	}
	sts_count(&d->agent->metrics, STS_METRIC_DNS_QUERIES);
	sts_driver_opened(n, STS_EV_SEND, STS_EV_RECV);
	n->ops->opened(n->engine);
}

static void
open_stream(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];
	int r = d->port->stream(d->port->ctx, id, n->ops->peer(n->engine));

	if (r != 0) {
		/* This machine has no way there: that is no word of the peer,
		 * nor of anybody on the path. */
		n->ops->lost(n->engine,
		    r == STS_IO_UNREACHABLE ? (int)STS_IO_NO_ROUTE : r);
		return;
	}
	sts_driver_opened(n, 0, STS_EV_RECV | STS_EV_SEND);
	n->opening = true;
}

/* An event came while connecting: recv returns the failure, AGAIN is
 * success. */
static void
finish_connect(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];

	STS_ASSERT(n->opening && (n->ready & (STS_EV_SEND | STS_EV_LOST)) != 0);
	if ((n->ready & STS_EV_LOST) != 0) {
		int r = d->port->recv(d->port->ctx, id, d->scratch, 1);

		close_channel(d, id,
		    r < 0 && r != STS_IO_AGAIN && r != STS_IO_EOF
			? r
			: STS_IO_RESET);
		return;
	}
	n->opening = false;
	n->ops->opened(n->engine);
}

enum step {
	STEP_STUCK, /* nothing that is wanted can be had now */
	STEP_DONE,
	STEP_LATER, /* it wants WORK, and it is not its turn */
	STEP_WORKED /* it has worked: enough for one visit */
};

/* Send what the node has. Of a part that was taken the rest waits until the
 * port reports room. */
static enum step
step_send(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];
	struct sts_text out = n->ops->send_buf(
	    n->engine, sts_span(d->scratch, sizeof d->scratch));
	int r;

	STS_ASSERT(out.n > 0);
	r = d->port->send(d->port->ctx, id, out.p, out.n);
	if (r > 0) {
		STS_ASSERT((size_t)r <= out.n);
		if ((size_t)r < out.n) {
			n->ready &= (uint8_t)~STS_EV_SEND;
		}
		n->ops->send_ack(n->engine, (size_t)r);
		return STEP_DONE;
	}
	if (r == STS_IO_AGAIN) {
		n->ready &= (uint8_t)~STS_EV_SEND;
		return STEP_STUCK;
	}
	close_channel(d, id, r < 0 ? r : STS_IO_RESET);
	return STEP_DONE;
}

/* Receive once. The end of the input is not the end of the channel: the node
 * may still send. */
static enum step
step_recv(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];
	struct sts_span room = n->ops->recv_buf(
	    n->engine, sts_span(d->scratch, sizeof d->scratch));
	int r;

	STS_ASSERT(room.n > 0);
	r = d->port->recv(d->port->ctx, id, room.p, room.n);
	if (r > 0) {
		STS_ASSERT((size_t)r <= room.n);
		if ((size_t)r < room.n) {
			/* Level-triggered: if there is more it is reported
			 * again. */
			n->ready &= (uint8_t)~STS_EV_RECV;
		}
		n->ops->recv_ack(n->engine, sts_span(room.p, (size_t)r));
		return STEP_DONE;
	}
	n->ready &= (uint8_t)~STS_EV_RECV;
	if (r == STS_IO_AGAIN) {
		return STEP_STUCK;
	}
	if (r == STS_IO_EOF) {
		n->eof = true;
		n->ops->lost(n->engine, STS_IO_EOF);
		return STEP_DONE;
	}
	close_channel(d, id, r < 0 ? r : STS_IO_RESET);
	return STEP_DONE;
}

static enum step
step_close(struct sts_driver *d, uint16_t id)
{
	struct sts_node *n = &d->nodes[id];

	if (n->open) {
		close_channel(d, id, STS_IO_CLOSED);
	} else {
		n->ops->lost(n->engine, STS_IO_CLOSED);
	}
	return STEP_DONE;
}

static enum step
step_open(struct sts_driver *d, uint16_t id, unsigned wants)
{
	if ((wants & STS_WANT_DGRAM) != 0) {
		open_dgram(d, id);
	} else {
		open_stream(d, id);
	}
	return STEP_DONE;
}

static bool
wants_owner(const struct sts_node *n)
{
	return (n->ops->wants(n->engine) & STS_WANT_OWNER) != 0;
}

/* One tick a pass is enough for the root if only clients stir it: a client that
 * is answered at once stirs it twice at the same time, and changes nothing that
 * the tick looks at. False: the root had its tick. */
static bool
tick_owner(struct sts_driver *d, uint16_t owner)
{
	struct sts_node *up = &d->nodes[owner];

	if (owner == 0 && d->root_ticked) {
		return false;
	}
	d->root_ticked |= owner == 0;
	up->ops->tick(up->engine, d->now, d->wall_s);
	return true;
}

/* Follow WANT_OWNER up the tree; the node wants it. */
static enum step
step_owner(struct sts_driver *d, uint16_t id)
{
	unsigned depth = 0;
	struct sts_node *n = &d->nodes[id];

	do {
		uint16_t owner = n->owner;
		struct sts_node *up = &d->nodes[owner];

		STS_ASSERT(owner < d->node_count);
		/* Time alone may have given the child what it waits for. */
		if (!tick_owner(d, owner) || wants_owner(n)) {
			up->ops->child(up->engine, n->index);
		}
		sts_driver_enlist_stirred(d, owner);
		if (owner == 0) {
			d->root_ticked &=
			    STS_SOCKETMAP && n->ops == &sts_client_ops;
			d->root_changed = true;
			break;
		}
		set_deadline(d, owner);
		n = up;
	} while (++depth < OWNERS_MAX && wants_owner(n));
	return STEP_DONE;
}

static bool
connect_is_over(const struct sts_node *n)
{
	return n->opening && (n->ready & (STS_EV_SEND | STS_EV_LOST)) != 0;
}

static bool
may_send(const struct sts_node *n, unsigned wants)
{
	return (wants & STS_WANT_SEND) != 0 && n->open && !n->opening &&
	       (n->ready & STS_EV_SEND) != 0;
}

static bool
may_recv(const struct sts_node *n, unsigned wants)
{
	return (wants & STS_WANT_RECV) != 0 && n->open && !n->opening &&
	       !n->eof && (n->ready & STS_EV_RECV) != 0;
}

static enum step
step_work(struct sts_node *n, bool turn)
{
	if (!turn) {
		return STEP_LATER;
	}
	n->ops->work(n->engine);
	return STEP_WORKED;
}

/* One step of a visit; the order is the contract of core/base/io.h. `turn`: the
 * node may do WORK. */
static enum step
step(struct sts_driver *d, uint16_t id, unsigned wants, bool turn)
{
	struct sts_node *n = &d->nodes[id];

	if ((wants & STS_WANT_OWNER) != 0) {
		return step_owner(d, id);
	}
	if ((wants & STS_WANT_CLOSE) != 0) {
		return step_close(d, id);
	}
	if (connect_is_over(n)) {
		finish_connect(d, id);
		return STEP_DONE;
	}
	if ((wants & (STS_WANT_DGRAM | STS_WANT_STREAM)) != 0 && !n->open) {
		return step_open(d, id, wants);
	}
	if (may_send(n, wants)) {
		return step_send(d, id);
	}
	if ((wants & STS_WANT_WORK) != 0) {
		return step_work(n, turn);
	}
	if (may_recv(n, wants)) {
		return step_recv(d, id);
	}
	return STEP_STUCK;
}

/*
 * Nothing more can be done now: have the port report the events that the node
 * waits for, and mask those that it does not want.
 */
static void
settle_interest(struct sts_driver *d, uint16_t id, unsigned wants)
{
	struct sts_node *n = &d->nodes[id];
	bool recv = (wants & STS_WANT_RECV) != 0 && !n->eof;
	unsigned ev = n->wanted & (unsigned)STS_EV_RECV;

	if (!n->open || n->opening) {
		return;
	}
	if ((n->ready & STS_EV_LOST) != 0 && !recv) {
		/* This event cannot be masked. */
		close_channel(d, id, STS_IO_RESET);
		sts_driver_enlist(d, id);
		return;
	}
	n->ready &= (uint8_t)~STS_EV_LOST;
	if (recv) {
		ev = STS_EV_RECV;
	} else if (n->eof || (n->ready & STS_EV_RECV) != 0) {
		ev = 0;
	}
	if ((wants & STS_WANT_SEND) != 0) {
		ev |= STS_EV_SEND;
	}
	want(d, id, ev);
}

/* Put a node where it belongs after its visit, by what it wants now. */
static void
sort_in(struct sts_driver *d, uint16_t id, enum step done, unsigned wants)
{
	struct sts_node *n = &d->nodes[id];

	if (done == STEP_STUCK) {
		settle_interest(d, id, wants);
	} else if (done == STEP_LATER && !n->listed) {
		sts_driver_list_put(d, &d->working, id);
	} else {
		sts_driver_enlist(d, id);
	}
}

/* Visit a node. `turn`: it may do WORK. False: there was no entropy; the node
 * waits on the list. */
static bool
visit(struct sts_driver *d, uint16_t id, bool turn)
{
	struct sts_node *n = &d->nodes[id];
	enum step done = STEP_DONE;
	unsigned wants = 0;

	/* The agent's tick may begin something, too. */
	if (!have_random(d)) {
		sts_driver_enlist(d, id);
		return false;
	}
	n->ops->tick(n->engine, d->now, d->wall_s);
	d->root_ticked |= id == 0;
	for (unsigned i = 0; i < STEPS_MAX && done == STEP_DONE; i++) {
		if (!have_random(d)) {
			sts_driver_enlist(d, id);
			return false;
		}
		wants = n->ops->wants(n->engine);
		done = step(d, id, wants, turn);
	}
	if (n->ops->stirred != NULL) {
		sts_driver_enlist_stirred(d, id);
	}
	sort_in(d, id, done, wants);
	set_deadline(d, id);
	return true;
}

static void
enlist_due(struct sts_driver *d)
{
	uint16_t id;

	while ((id = sts_heap_first(&d->heap)) != STS_NODE_NONE &&
	       !sts_before(d->now, d->nodes[id].at)) {
		sts_heap_drop(&d->heap, id);
		sts_driver_enlist(d, id);
	}
}

/* One operation of the store, or `budget` while the journal is read. */
static void
step_store(struct sts_driver *d, unsigned budget)
{
	if (sts_agent_keeps(d->agent) && !d->store_waits) {
		int result = sts_agent_journal_step(
		    d->agent, d->port->store, budget, d->now);
		d->store_waits = result == STS_IO_AGAIN;
	}
}

/* Read a part of the journal, after the questions that need nothing of it; those
 * that need it wait. False: there is nothing to read any more. */
static bool
load(struct sts_driver *d, unsigned budget)
{
	if (!STS_JOURNAL || !sts_agent_journal_loading(d->agent)) {
		return false;
	}
	step_store(d, budget);
	if (!sts_agent_journal_loading(d->agent)) {
		/* The questions that waited are for the next call: the caller
		 * of sts_run looks at the result first. */
		sts_driver_wake(d);
	}
	return true;
}

static void
pass_events(struct sts_driver *d)
{
	struct sts_event e;

	while (sts_agent_event(d->agent, &e)) {
		d->port->event(d->port->ctx, &e);
	}
}

/* How long nothing has to be done, if nothing happens. */
static sts_ms
sleep_ms(const struct sts_driver *d)
{
	uint16_t id = sts_heap_first(&d->heap);
	sts_ms until = d->now + STS_RUN_IDLE_MS, at;

	if (d->ready.head != STS_NODE_NONE ||
	    d->working.head != STS_NODE_NONE || sts_driver_may_accept(d)) {
		return 0;
	}
	if (id != STS_NODE_NONE) {
		until = sts_earlier(until, d->nodes[id].at);
	}
	if (!d->store_waits && sts_agent_journal_due(d->agent, &at)) {
		until = sts_earlier(until, at);
	}
	if (d->accept_limited) {
		/* The time has not come, or sts_driver_may_accept() had ended this. */
		until = sts_earlier(until, d->accept_at);
	}
	return sts_before(d->now, until) ? until - d->now : 0;
}

unsigned
sts_driver_channels(const struct sts_config *config)
{
	return sts_agent_nodes(config) + STS_LISTENERS_MAX;
}

void
sts_driver_init(struct sts_driver *d, struct sts_agent *agent,
    const struct sts_port *port, sts_ms now)
{
	memset(d, 0, sizeof *d);
	d->agent = agent;
	d->port = port;
	d->nodes = agent->nodes;
	d->node_count = agent->node_count;
	d->ready.head = d->working.head = STS_NODE_NONE;
	d->now = now;
	d->wall_s = -1;
	STS_ASSERT(!sts_agent_keeps(agent) || port->store != NULL);
	sts_heap_init(&d->heap, d->nodes, agent->heap_slots);
	sts_driver_wake(d);
}

void
sts_ready(struct sts_driver *d, sts_ch ch, unsigned ev)
{
	if (ch == STS_CH_STORE) {
		d->store_waits = false;
		return;
	}
	if (ch >= d->node_count) {
		unsigned i = (unsigned)ch - d->node_count;

		STS_ASSERT(i < STS_LISTENERS_MAX);
		d->listener[i].ready = d->listener[i].open;
		return;
	}
	if (d->nodes[ch].open) {
		d->nodes[ch].ready |= (uint8_t)ev;
		sts_driver_enlist(d, ch);
	}
}

void
sts_driver_wake(struct sts_driver *d)
{
	sts_driver_enlist(d, 0);
}

/* False: there was no entropy. */
static bool
visit_ready(struct sts_driver *d, unsigned budget)
{
	for (unsigned i = 0; i < budget; i++) {
		uint16_t id = sts_driver_list_take(d, &d->ready);

		if (id == STS_NODE_NONE) {
			break;
		}
		if (i % STS_RUN_DRAIN == STS_RUN_DRAIN - 1) {
			sts_driver_take_reports(d, true);
		}
		d->visits++;
		if (!visit(d, id, false)) {
			return false;
		}
		pass_events(d);
	}
	return true;
}

/* Let one node do its WORK, unless others are to be visited first. False: there
 * was no entropy. */
static bool
compute(struct sts_driver *d)
{
	bool alone;
	uint16_t id;

	if (d->ready.head != STS_NODE_NONE && d->visits < STS_RUN_VISITS) {
		return true;
	}
	d->visits = 0;
	id = sts_driver_list_take(d, &d->working);
	if (id == STS_NODE_NONE) {
		return true;
	}
	sts_driver_take_reports(d, true);
	alone = d->ready.head == STS_NODE_NONE;
	if (!visit(d, id, true)) {
		return false;
	}
	pass_events(d);
	/* The node can send its result without another wait for events. */
	return !alone || visit_ready(d, 1);
}

sts_ms
sts_run(struct sts_driver *d, sts_ms now, int64_t wall_s, unsigned budget)
{
	STS_ASSERT(budget > 0);
	STS_ASSERT(!sts_before(now, d->now));
	d->now = now;
	d->wall_s = wall_s;
	d->root_ticked = false;
	sts_driver_take_reports(d, false);
	enlist_due(d);
	if (STS_SOCKETMAP) {
		sts_driver_accept(d);
	}
	bool fine = visit_ready(d, budget) && compute(d);

	if (d->root_changed) {
		d->root_changed = false;
		set_deadline(d, 0);
	}
	if (!load(d, budget) && fine) {
		step_store(d, 1);
	}
	/* Even without entropy: answers of this step can be read from now on,
	 * and their events come first. */
	pass_events(d);
	return fine ? sleep_ms(d) : ENTROPY_MS;
}
