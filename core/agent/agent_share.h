/* SPDX-License-Identifier: MIT */
/*
 * What the files of shared policies do for each other and for the agent, lowest
 * file first. Only core/agent includes this header.
 */
#ifndef STS_AGENT_SHARE_H
#define STS_AGENT_SHARE_H

#include "agent_state.h"

/* agent_share.c */
static inline bool
sts_agent_shares(const struct sts_agent *a)
{
	return STS_SHARE && a->config.share > 0;
}
/* No policy of the lookup's domain is held: ask for a record of other
 * gateways. */
void sts_agent_share_miss(struct sts_agent *a, struct sts_lookup *l);
/* TXT is known. Whether the lookup has to wait for the record of other
 * gateways, until wait_ms after it began at most: of those whose time is over
 * the tick has let go. */
bool sts_agent_share_holds(struct sts_lookup *l);
/* The record has come, or the time is over: let the lookup go on. */
void sts_agent_share_release(struct sts_agent *a, struct sts_lookup *l);
/* A policy was fetched and committed: other gateways may have it. */
void sts_agent_share_fetched(struct sts_agent *a, struct sts_text domain);
/* A policy was fetched that is not to be kept: neither is an older one. */
void sts_agent_share_ended(struct sts_agent *a, struct sts_text domain);
/* Whether the operator had the domain forgotten after a record of it was
 * fetched. */
bool sts_agent_share_forgotten(
    const struct sts_agent *a, struct sts_text domain, uint32_t fetched_s);

/* agent_share_work.c */
/* Take what the share has: a record, or an event. */
void sts_agent_share_work(struct sts_agent *a);
/* Use the setup of the settings; let lookups go on that have waited long
 * enough; publish held policies again. When that is due. */
void sts_agent_share_tick(struct sts_agent *a);
bool sts_agent_share_due(const struct sts_agent *a, sts_ms *at);
/* As sts_agent_notices_forget. */
void sts_agent_share_forget_times(struct sts_agent *a);
/* Whether the share works with what these settings point to. */
bool sts_agent_share_uses(
    const struct sts_agent *a, const struct sts_settings *s);

#endif
