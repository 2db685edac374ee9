/* SPDX-License-Identifier: MIT */
/*
 * The agent: it takes questions, gives answers and decides when to look again.
 * It is the root of the driver's tree. A board places the struct, hands it to
 * the driver and otherwise calls only core/sts.h; what else is declared here
 * is for the driver. README.md in this folder names the files.
 *
 *	static struct sts_agent agent;
 *	static struct sts_driver driver;
 *	static uint64_t block[STS_AGENT_SIZE(8, 4, 1, 2, 0, 8192) / 8];
 *
 *	sts_agent_init(&agent, &config, &settings, block, now, hash_key);
 *	sts_driver_init(&driver, &agent, &port, now);
 *	for (;;)
 *		sts_run(&driver, ...);
 *
 * tests/examples/superloop.c is this as a whole program, which is compiled and
 * run.
 */
#ifndef STS_AGENT_H
#define STS_AGENT_H

#include "agent_state.h"

/* The nodes of a configuration's tree: numbers 0 to one less. */
unsigned sts_agent_nodes(const struct sts_config *config);

/* The node of a client slot that is free, or STS_NODE_NONE. */
uint16_t sts_agent_client_free(const struct sts_agent *a);

/* A connection was accepted for that node. */
void sts_agent_client_open(
    struct sts_agent *a, uint16_t node, enum sts_client_kind kind, sts_ms now);

/* No slot is free: close the client that has been idle longest. Returns
 * whether any client is idle, so that retrying soon may help. */
bool sts_agent_clients_full(struct sts_agent *a, sts_ms now);

/* The oldest event that was not taken yet. False: there is none. */
bool sts_agent_event(struct sts_agent *a, struct sts_event *e);

/*
 * The journal. step carries out at most one operation of the store, or `budget`
 * (at least 1) while the journal is read: 0 none, 1 done, STS_IO_AGAIN; due
 * returns when to call step next, false: not before something else happens.
 * While loading is true, questions that the journal may
 * decide wait until it has been read (at most their queue_wait, then TEMP), and
 * nothing is looked up, fetched, refreshed or swept. After a minute loading is
 * false, whether or not the store has answered: reading goes on, and until its
 * end no policy that was read is an answer.
 */
bool sts_agent_journal_loading(const struct sts_agent *a);
int sts_agent_journal_step(struct sts_agent *a, const struct sts_store *store,
    unsigned budget, sts_ms now);
bool sts_agent_journal_due(const struct sts_agent *a, sts_ms *at);

#endif
