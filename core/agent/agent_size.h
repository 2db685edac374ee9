/* SPDX-License-Identifier: MIT */
/*
 * The agent's block: its parts, a row each, from which come the memory plan,
 * the size for a static array, and the pointers (agent_tree.c).
 *
 *	static uint64_t block[STS_AGENT_SIZE(8, 4, 1, 2, 512, 8192) / 8];
 *
 * The arguments are the fields of struct sts_config of the same names, with
 * danes, share, preload_size and report_memory 0; STS_AGENT_SIZE_DANE has danes
 * too, STS_AGENT_SIZE_ALL all but the share. It is at least what sts_agent_size
 * returns, and larger by less than 1 KB for each fetch slot.
 */
#ifndef STS_AGENT_SIZE_H
#define STS_AGENT_SIZE_H

#include "agent.h"

enum {
	STS_AGENT_ALIGN = 16 /* of every part, from the block's beginning */
};

#define STS_AGENT_ALIGNED(n)                                                   \
	(((size_t)(n) + STS_AGENT_ALIGN - 1) / STS_AGENT_ALIGN *               \
	    STS_AGENT_ALIGN)

/* The nodes of the share, if there is one: itself, its legs, its
 * connections. */
#define STS_AGENT_SHARE_NODES(share)                                           \
	((share) > 0 ? 1U + STS_SHARE_LEGS + STS_SHARE_CONNS : 0U)

/* One node for the agent, one for each client and ask; a lookup has legs below
 * it that ask name servers, a fetch has connections. */
#define STS_AGENT_NODES(                                                       \
    clients, lookups, fetch_slots, asks, danes, report, share)                 \
	(1U + (clients) + (asks) + (1U + STS_LOOKUP_LEGS) * (lookups) +        \
	    (1U + STS_DANE_LEGS) * (danes) +                                   \
	    (1U + STS_FETCH_CONNS) * (fetch_slots) +                           \
	    ((report) > 0 ? STS_REPORT_NODES : 0U) +                           \
	    STS_AGENT_SHARE_NODES(share))

/* clang-format off */
/*
 * X(field, where, octets, count): the field of struct sts_plan that the part
 * counts in; where its pointer goes (a is the agent, parts is used only during
 * set-up); octets of one; how many. A part of no octets has the pointer NULL.
 * tls_ is the size of one TLS session: known to the linker, at most
 * STS_TLS_SIZE_MAX.
 */
#define STS_AGENT_PARTS(X, clients_, lookups_, slots_, asks_, danes_, share_, journal_, preload_, cache_, report_, tls_) \
	X(driver, a->nodes, sizeof(struct sts_node), \
	    STS_AGENT_NODES(clients_, lookups_, slots_, asks_, danes_, report_, share_)) \
	X(driver, a->heap_slots, sizeof(uint16_t), \
	    STS_AGENT_NODES(clients_, lookups_, slots_, asks_, danes_, report_, share_)) \
	X(clients, a->clients, sizeof(struct sts_client), clients_) \
	X(asks, a->questions, sizeof(struct sts_question), asks_) \
	X(lookups, a->lookups, sizeof(struct sts_lookup), lookups_) \
	X(lookups, a->work.index, sizeof(uint16_t), lookups_) \
	X(dane, a->danes, sizeof(struct sts_dane_work), danes_) \
	X(share, a->share.engine, sizeof(struct sts_share), \
	    (share_) > 0 ? 1 : 0) \
	X(share, parts.share_tls, STS_AGENT_ALIGNED(tls_), \
	    (share_) > 1 ? 1 : 0) \
	X(fetches, a->root.common, sizeof(struct sts_tls_common), 1) \
	X(fetches, a->fetches, sizeof(struct sts_fetch), slots_) \
	X(fetches, parts.tls, STS_AGENT_ALIGNED(tls_), slots_) \
	X(dns, parts.messages, STS_AGENT_ALIGNED(STS_DNS_MESSAGE_MAX), \
	    STS_DNS_TCP_BUFFERS) \
	X(journal, a->journal.engine, sizeof(struct sts_journal), \
	    (journal_) > 0 ? 1 : 0) \
	X(journal, a->journal.buf, 1, journal_) \
	X(preload, a->preload.area, 1, preload_) \
	X(report, a->reporter, sizeof(struct sts_agent_report), \
	    (report_) > 0 ? 1 : 0) \
	X(report, parts.report_tls, STS_AGENT_ALIGNED(tls_), \
	    (report_) > 0 ? 1 : 0) \
	X(report, parts.report, 1, report_) \
	X(cache, parts.cache, 1, cache_)
/* clang-format on */

#define STS_AGENT_ADD_PART(plan, where, size, count)                           \
	STS_AGENT_ALIGNED((size) * (size_t)(count)) +

#define STS_AGENT_SIZE_ALL(clients, lookups, fetch_slots, asks, danes,         \
    journal_buffer, preload_size, cache_size, report_memory)                   \
	(STS_AGENT_PARTS(STS_AGENT_ADD_PART, clients, lookups, fetch_slots,    \
	    asks, danes, 0, journal_buffer, preload_size, cache_size,          \
	    report_memory, STS_TLS_SIZE_MAX) 0)

#define STS_AGENT_SIZE_DANE(                                                   \
    clients, lookups, fetch_slots, asks, danes, journal_buffer, cache_size)    \
	STS_AGENT_SIZE_ALL(clients, lookups, fetch_slots, asks, danes,         \
	    journal_buffer, 0, cache_size, 0)

#define STS_AGENT_SIZE(                                                        \
    clients, lookups, fetch_slots, asks, journal_buffer, cache_size)           \
	STS_AGENT_SIZE_DANE(clients, lookups, fetch_slots, asks, 0,            \
	    journal_buffer, cache_size)

#endif
