/* SPDX-License-Identifier: MIT */
/*
 * The fleet: other gateways, and the server through which all share policies
 * (core/share). Other gateways are played only as writers to the server: they
 * fetched what they publish from the right host, when its stamp states. An
 * episode of FAULT_FLEET decides how the server acts.
 *
 *	fleet.c         what is stored, false answers, and what the agent made of it
 *	fleet_server.c  connections, commands and replies
 *
 * None of these faults excuses a broken promise: beside the worst of servers an
 * agent keeps all promises as if it were alone.
 */
#ifndef STS_SIM_FLEET_H
#define STS_SIM_FLEET_H

#include "../../core/share/share.h"
#include "sim.h"

enum {
	FLEET_RECORD = 2600, /* octets of the largest record */
	FLEET_PORT = 6379,
	SENTINEL_PORT = 26379,
	FLEET_SERVERS = 3 /* 198.18.0.1 to 198.18.0.3 */
};

/* How the server acts, by episodes. */
enum fleet_lie {
	LIE_REFUSE, /* it takes no connection */
	LIE_SILENT, /* it takes commands, and answers none */
	LIE_SLOW,
	LIE_HANG_UP, /* it breaks off in the middle of a reply */
	LIE_FLUSH, /* all keys are deleted, once */
	LIE_EMPTY, /* another, empty server takes its place */
	LIE_FAILOVER, /* or a replica, which has an older state */
	LIE_REPLAY, /* it hands out what it once had */
	LIE_SWAP, /* and another domain's record */
	LIE_FORGE, /* and records that it made itself */
	LIE_CORRUPT, /* and records with an octet changed */
	LIE_ERROR, /* every command fails */
	LIE_PUSH, /* it pushes and pushes */
	LIE_FOREIGN, /* it lists keys that no gateway wrote */
	LIE_GARBAGE, /* it does not speak the protocol */
	LIE_LOSE, /* records that are written are gone afterwards, pushes are
		   * lost */
	LIE_CLOCK, /* the clock of a gateway is days ahead */
	LIE_OLD, /* it does not know HELLO */
	LIE_DENY, /* the password is wrong */
	LIES
};

/* A record: the version that it is sealed for, and its octets. */
struct fleet_record {
	struct version *v; /* NULL: a version that was never published */
	unsigned site; /* the site under whose name it is handed out */
	uint32_t fetched_s;
	bool good; /* sealed by the fleet, for this domain */
	size_t len; /* 0: none */
	uint8_t p[FLEET_RECORD];
};

struct fleet {
	bool there; /* in this run */
	bool sentinel;
	unsigned master; /* which of FLEET_SERVERS */
	struct sts_share_setup setup;
	unsigned connections;
};
extern struct fleet fleet;

/* The current episode, which decides how the server acts, or NULL. */
const struct episode *fleet_lie(enum fleet_lie *lie);

/* fleet.c, for fleet_server.c */
/* What the server answers to a GET of the site's key; NULL: it has no value. */
const struct fleet_record *fleet_get(unsigned site, struct draw *d);
bool fleet_has(unsigned site);
/* The agent writes a record. Returns false when it asked for NX and there is
 * one. */
bool fleet_set(unsigned site, const uint8_t *p, size_t n, int64_t life_ms,
    bool missing_only);
void fleet_delete(unsigned site);
/* Note that a record is on its way to the agent. Returns its number. */
unsigned fleet_offer(const struct fleet_record *r);
/* The agent has read all of an offer; it may never read the others that are on
 * their way. */
void fleet_read(unsigned offer);
void fleet_unread(void);

/* fleet_server.c, for fleet.c */
void fleet_push(unsigned site); /* its key has changed */
void fleet_push_flush(void);
void fleet_reset(void); /* all connections break */

/* For the simulator. */
void fleet_begin(void);
void fleet_end(void);
void fleet_act(void); /* let other gateways do what is due */
void fleet_strike(const struct episode *e);
void fleet_started(void); /* the agent has started */
void fleet_look(void); /* nothing moves at this moment */
void fleet_dark(void); /* the network is gone */
int64_t fleet_next(void);

void fleet_server_begin(void);
bool fleet_is_port(unsigned port);
void fleet_connected(struct mem_sock *s);
bool fleet_step(struct mem_sock *s); /* returns whether something moved */
void fleet_leave(struct mem_sock *s);
int64_t fleet_server_next(void);
unsigned fleet_open(void); /* connections that the agent has open */
void fleet_server_end(void);

#endif
