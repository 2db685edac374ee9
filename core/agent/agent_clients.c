/* SPDX-License-Identifier: MIT */
/*
 * Slots for clients. They are few, and an attacker who may connect can take
 * many and send nothing. So when no slot is free, the client that has been
 * idle longest is closed. That costs a mail server a new connection and
 * nothing else: Postfix always connects again after a reset, which is how a
 * port closes TCP clients, and after a failed write on a local socket.
 *
 * A slot is free (in the list a->client.free, through ask.next, or a->client.used
 * or beyond), idle (in the queue a->client.idle, ask.idle set) or has a question
 * (in no list of this file).
 */
#include <string.h>

#include "agent.h"
#include "../base/assert.h"

enum {
	LOOKS_MAX = 16 /* clients looked at for one */
};

void
sts_agent_client_idles(struct sts_agent *a, unsigned i)
{
	struct sts_ask *ask = &a->clients[i].ask;

	STS_ASSERT(i < a->client.used);
	STS_ASSERT(!ask->idle);
	ask->idle = true;
	sts_agent_queue_ask(a, &a->client.idle, ask);
}

void
sts_agent_client_stirs(struct sts_agent *a, unsigned i)
{
	struct sts_ask *ask = &a->clients[i].ask;

	STS_ASSERT(i < a->client.used);
	if (!ask->idle) {
		return;
	}
	sts_agent_unqueue_ask(a, &a->client.idle, ask);
	ask->idle = false;
}

/*
 * Close one client at most, since perhaps nobody waits for its slot. A client
 * that may not be closed yet goes to the end of the list; otherwise a few
 * clients that keep sending fragments would shield all the silent ones.
 */
static void
make_room(struct sts_agent *a, sts_ms now)
{
	for (unsigned k = 0; k < LOOKS_MAX && a->client.idle.count > 0; k++) {
		uint16_t node = a->client.idle.head;
		unsigned i = (unsigned)node - a->first_client;

		/* A client on the driver's list has just sent something. */
		if (!a->nodes[node].listed &&
		    sts_client_yield(&a->clients[i], now)) {
			sts_agent_stir(a, node);
			return;
		}
		sts_agent_client_stirs(a, i);
		sts_agent_client_idles(a, i);
	}
}

uint16_t
sts_agent_client_free(const struct sts_agent *a)
{
	uint16_t i =
	    a->client.free != STS_NODE_NONE ? a->client.free : a->client.used;

	if (i == a->config.clients || a->draining) {
		return STS_NODE_NONE;
	}
	return (uint16_t)(a->first_client + i);
}

/* Take the slot that sts_agent_client_free says. */
static struct sts_client *
take_slot(struct sts_agent *a, uint16_t node)
{
	unsigned i = (unsigned)node - a->first_client;
	struct sts_client *c = &a->clients[i];

	if (i == a->client.used) {
		a->client.used++;
		memset(c, 0, sizeof *c);
		c->ask.node = node;
	} else {
		a->client.free = c->ask.next;
	}
	a->client.open++;
	return c;
}

void
sts_agent_client_open(
    struct sts_agent *a, uint16_t node, enum sts_client_kind kind, sts_ms now)
{
	struct sts_client *c;

	STS_ASSERT(node == sts_agent_client_free(a));
	c = take_slot(a, node);
	sts_count(&a->metrics, STS_METRIC_CLIENTS);
	if (kind == STS_CLIENT_SOCKETMAP) {
		sts_client_open(c, now);
	} else {
		sts_client_open_line(c, now);
		c->trusted = kind == STS_CLIENT_TEXT_REPORTS;
	}
	sts_agent_client_idles(a, (unsigned)(node - a->first_client));
}

bool
sts_agent_clients_full(struct sts_agent *a, sts_ms now)
{
	sts_count(&a->metrics, STS_METRIC_CLIENTS_FULL);
	if (a->draining) {
		return false;
	}
	make_room(a, now);
	if (sts_agent_notice(a, STS_NOTICE_CLIENTS)) {
		sts_agent_log(
		    a, STS_EVENT_CLIENTS_FULL, STS_WHY_NONE, sts_text(NULL, 0))
		    ->number[0] = a->client.open;
	}
	return a->client.idle.count > 0;
}

void
sts_agent_client_gone(struct sts_agent *a, unsigned i)
{
	STS_ASSERT(a->client.open > 0);
	STS_ASSERT(!a->clients[i].ask.idle);
	a->clients[i].ask.next = a->client.free;
	a->client.free = (uint16_t)i;
	a->client.open--;
}

bool
sts_agent_idle(const struct sts_agent *a)
{
	return a->client.open == 0;
}
