/* SPDX-License-Identifier: MIT */
/*
 * What the files of DANE, and of routes, do for each other and for the agent,
 * lowest file first. Only core/agent includes this header.
 */
#ifndef STS_AGENT_DANE_H
#define STS_AGENT_DANE_H

#include "agent_state.h"

/* agent_dane.c */
void sts_agent_dane_init(struct sts_agent *a);
/*
 * Ask DANE for an ask whose domain no override decides. True: the ask has its
 * answer, or it waits, and goes on when the hosts are known. False: MTA-STS
 * decides. *began: the ask waits for hosts that are being looked up, and the
 * domain's own lookup may begin meanwhile.
 */
bool sts_agent_dane(struct sts_agent *a, struct sts_ask *ask,
    const struct sts_key *key, bool *began);
/* The deadline of an ask that waits for DANE has passed. True: it is answered,
 * or has a new deadline; false: it waits no more, since a level is held, and
 * the caller goes on with it. */
bool sts_agent_dane_ask_due(
    struct sts_agent *a, struct sts_ask *ask, struct sts_text domain);
void sts_agent_dane_forget(struct sts_agent *a, struct sts_text domain);
/* The record held under a domain's key of DANE's, whatever its kind; 0: none.
 * Only a forged journal could bring another kind than KIND_DANE. */
sts_ref sts_agent_dane_held(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e);
/* The record of a domain's hosts, if its time is not over; 0: none. */
sts_ref sts_agent_dane_known(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e);
enum sts_dane_level sts_agent_dane_level(
    const struct sts_agent *a, sts_ref ref);
/* Put such a record into the cache; if it has no room, the hosts are looked up
 * again sooner. */
void sts_agent_dane_remember(struct sts_agent *a,
    const struct sts_dane_hosts *d, const struct sts_entry *e);
/* Look up a domain's hosts. NULL: all places are busy, or the organisation has
 * its share. */
struct sts_dane_work *sts_agent_dane_begin(
    struct sts_agent *a, struct sts_text domain, enum sts_dane_purpose purpose);
/* The same in two steps: only the second, sts_agent_dane_start, draws random
 * bytes. */
struct sts_dane_work *sts_agent_dane_take(
    struct sts_agent *a, struct sts_text domain, enum sts_dane_purpose purpose);
/* Whether DANE counts for an ask whose key has no answer without it. */
bool sts_agent_dane_applies(
    struct sts_agent *a, const struct sts_ask *ask, const struct sts_key *key);
/* The hosts are not needed any more: free their place. */
void sts_agent_dane_leave(struct sts_agent *a, struct sts_dane_work *w);
/* Begin to look up the hosts of a domain in a place that was taken. */
void sts_agent_dane_start(
    struct sts_agent *a, struct sts_dane_work *w, struct sts_text domain);

/* agent_dane_work.c */
/* The hosts of number i are known, or one of their legs needs a buffer. */
void sts_agent_dane_work(struct sts_agent *a, uint16_t i);
/* Begin the probe of the name servers if it is due, and let asks that wait go
 * on. When that is due. */
void sts_agent_dane_tick(struct sts_agent *a);
bool sts_agent_dane_due(const struct sts_agent *a, sts_ms *at);

/* agent_route.c */
/* The question of a route is served for the first time: begin to look up the
 * hosts. */
void sts_agent_route_start(struct sts_agent *a, struct sts_question *q);
/* The hosts of a route are known, and their level. */
void sts_agent_route_go_on(struct sts_agent *a, struct sts_dane_work *w,
    enum sts_dane_level level, enum sts_why why);

#endif
