/* SPDX-License-Identifier: MIT */
/*
 * The agent's block at compile time, for a static array:
 *
 *	static uint64_t block[STS_AGENT_SIZE(8, 4, 1, 2, 512, 8192) / 8];
 *
 * The arguments are the fields of struct sts_config of the same names. At
 * least what sts_agent_size says, by less than 1 KB for each fetch slot.
 */
#ifndef STS_AGENT_SIZE_H
#define STS_AGENT_SIZE_H

#include "agent.h"

enum {
	STS_AGENT_ALIGN = 16 /* of every part of the block */
};

#define STS_AGENT_ALIGNED(n)                                                   \
	(((size_t)(n) + STS_AGENT_ALIGN - 1) / STS_AGENT_ALIGN *               \
	    STS_AGENT_ALIGN)

/* One for the agent, one a client and ask; a lookup has two below it that
 * ask name servers, a fetch two that connect. */
#define STS_AGENT_NODES(clients, lookups, fetch_slots, asks)                   \
	(1U + (clients) + (asks) + (1U + STS_LOOKUP_LEGS) * (lookups) +        \
	    (1U + STS_FETCH_CONNS) * (fetch_slots))

#define STS_AGENT_SIZE(                                                        \
    clients, lookups, fetch_slots, asks, journal_buffer, cache_size)           \
	(STS_AGENT_ALIGNED((clients) * sizeof(struct sts_client)) +            \
	    STS_AGENT_ALIGNED((asks) * sizeof(struct sts_question)) +          \
	    STS_AGENT_ALIGNED((lookups) * sizeof(struct sts_lookup)) +         \
	    STS_AGENT_ALIGNED(2 * (lookups) * sizeof(uint16_t)) +              \
	    STS_AGENT_ALIGNED(sizeof(struct sts_x509_links)) +                 \
	    STS_AGENT_ALIGNED((fetch_slots) * sizeof(struct sts_fetch)) +      \
	    (fetch_slots)*STS_AGENT_ALIGNED(STS_TLS_SIZE_MAX) +                \
	    STS_DNS_TCP_BUFFERS * STS_AGENT_ALIGNED(STS_DNS_MESSAGE_MAX) +     \
	    STS_AGENT_ALIGNED(                                                 \
		STS_AGENT_NODES(clients, lookups, fetch_slots, asks) *         \
		sizeof(struct sts_node)) +                                     \
	    STS_AGENT_ALIGNED(                                                 \
		STS_AGENT_NODES(clients, lookups, fetch_slots, asks) *         \
		sizeof(uint16_t)) +                                            \
	    ((journal_buffer) > 0                                              \
		    ? STS_AGENT_ALIGNED(sizeof(struct sts_journal)) +          \
			  STS_AGENT_ALIGNED(journal_buffer)                    \
		    : 0) +                                                     \
	    STS_AGENT_ALIGNED(cache_size))

#endif
