/* SPDX-License-Identifier: MIT */
/*
 * One run: an agent, its driver and its storage in a world drawn from a seed,
 * over days of virtual time.
 *
 *	site.c      domains and what their owners publish
 *	fault.c     what goes wrong, and when
 *	net.c       name servers, policy hosts and attackers at their places
 *	mta.c       mail servers that ask
 *	api.c       questions by the C API
 *	mail.c      their mail hosts: TLSA records, signed zones
 *	promises.c  the oracles: what may be answered
 *	dane.c      and where DANE comes first
 *	sim.c       the agent, the clocks, and what strikes them
 *	run.c       seeds, failures made smaller, soaking
 *
 * One run a process.
 */
#ifndef STS_SIM_H
#define STS_SIM_H

#include "../../core/driver.h"
#include "../mem/storage.h"
#include "fault.h"
#include "promises.h"
#include "site.h"

enum {
	SIM_MTAS = 24,
	SIM_SERVERS = 3,
	SIM_KEY = 400
};

/* The settings of a run. */
struct sim_plan {
	unsigned site_count, mta_count, days;
	unsigned budget; /* of sts_run */
	sts_ms start; /* of the monotonic clock */
	int64_t question_ms, change_ms; /* mean times between */
	int64_t nap_ms; /* how late it may wake, in runs with NAP */
	bool journal;
	bool dane; /* beside MTA-STS */
	uint32_t day_budget;
	size_t segment; /* of streams, in STREAM episodes */
};

struct sim {
	uint64_t seed;
	struct sim_plan plan;
	int64_t t, end; /* true time: milliseconds since the beginning */
	struct faults faults;
	struct site site[SITES];
	/* The agent, and its settings. */
	struct sts_config config;
	uint32_t within_ms; /* answer_within of the zones */
	struct sts_settings settings[2]; /* one in use */
	unsigned settings_at;
	struct sts_dns_servers servers;
	struct sts_zones zones;
	struct sts_anchors anchors;
	struct mem mem;
	struct storage storage;
	struct sts_agent agent;
	struct sts_driver driver;
	void *block, *anchor_block;
	bool ample; /* memory: no published policy is refused */
	bool roomy; /* lookups and slots: no long queues */
	bool running, draining;
	int64_t booted, start_at, drain_from, drain_until;
	int64_t wall_offset_ms;
	bool wall_unknown;
	int64_t clock_changed; /* when it was stepped last */
	/* What happened. */
	unsigned long questions, answers, lookups, fetches;
	unsigned starts;
	const char *fault; /* the first breach, */
	char fault_of[SITE_NAME]; /* and its domain */
};

extern struct sim sim;

/* Whether to run, and which faults are left out (bits of enum fault_class). */
struct sim_options {
	uint64_t seed;
	unsigned without;
	unsigned days; /* 0: as drawn */
};

/* Run it. Afterwards `sim` has the result. */
void sim_run(const struct sim_options *o);

/* Report a breach; the first one counts. */
void sim_fail(const char *what, const char *whose);

/* net.c */
void net_begin(void);
bool net_step(void); /* true: something moved */
int64_t net_next(void); /* when something is due, or INT64_MAX */
void net_end(void);

/* mta.c */
void mta_begin(void);
bool mta_step(void);
int64_t mta_next(void);
void mta_act(void); /* do what is due of the workload */
bool mta_waits(void); /* somebody waits for an answer */
void mta_crash(void); /* all connections are gone */
void mta_flood(const struct episode *e);
void mta_quiet(bool quiet); /* ask no more */
bool mta_is_quiet(void);
void mta_ask_all(void); /* ask for every domain once */
void mta_question(struct question *q, char key[SIM_KEY], struct draw *d);

/* api.c */
void api_begin(void);
bool api_step(void);
int64_t api_next(void);
void api_act(void);
bool api_waits(void);
void api_crash(void);
void api_look(struct site *s); /* the operator has noticed trouble there */

#endif
