/* SPDX-License-Identifier: MIT */
/*
 * One domain's discovery, a composite of two questions ("legs"): the TXT record
 * at _mta-sts, then the addresses of mta-sts, A and AAAA at once. Cheap: about
 * 1 KB, so that hundreds can wait for slow name servers while a fetch slot
 * (costly) is taken only when there is an address to connect to.
 *
 *	IDLE -> TXT -> TXT_DONE -> ADDRESSES -> ADDRESSES_DONE -> HELD
 *	                               ^--------- again ----------+
 *
 * In the *_DONE states the lookup wants its owner, which reads the result and
 * then lets it go on, holds it or ends it.
 *
 * A lookup lives until its domain's answer is settled: it also has the list of
 * the questions that wait for it, and its place in the queue for a fetch slot.
 */
#ifndef STS_LOOKUP_H
#define STS_LOOKUP_H

#include "../base/queue.h"
#include "../grammar/domain.h"
#include "../grammar/record.h"
#include "../settings.h"
#include "leg.h"

enum {
	STS_LOOKUP_LEGS = 2, /* questions at once: A and AAAA */
	STS_LOOKUP_TXT_MS = 20000, /* for the TXT record */
	STS_LOOKUP_ADDRESSES_MS = 10000, /* for A and AAAA */
	STS_LOOKUP_SECOND_MS = 250, /* for the slower of A and AAAA once the
	                               other has an address */
	STS_LOOKUP_RND =
	    STS_LOOKUP_LEGS * STS_DNS_RND /* what one phase needs */
};

enum sts_lookup_state {
	STS_LOOKUP_IDLE = 0,
	STS_LOOKUP_TXT,
	STS_LOOKUP_TXT_DONE,
	STS_LOOKUP_ADDRESSES,
	STS_LOOKUP_ADDRESSES_DONE,
	STS_LOOKUP_HELD
};

struct sts_lookup {
	/* The result, readable in the *_DONE states and after. */
	uint8_t txt; /* enum sts_found */
	uint8_t txt_why;
	uint8_t id_len; /* FOUND */
	uint8_t id[STS_ID_MAX];
	uint32_t txt_ttl_s;
	uint8_t addresses; /* enum sts_found */
	uint8_t addresses_why; /* FOUND: why a family is not known, or NONE */
	uint8_t addr_count;
	bool hasty; /* a family was not waited for: it may have more
		     * addresses */
	struct sts_addr addr[STS_LOOKUP_ADDRS]; /* families alternate */

	/* The agent's. */
	uint8_t stage; /* enum sts_work_stage */
	bool refresh; /* fetch whatever the TXT record is */
	bool own; /* begun by ourselves, for a refresh */
	bool live; /* a live enforce policy is held */
	bool renews; /* a live policy is held, and the id is new */
	bool stalled; /* has lost its slot to others */
	bool queued; /* in a queue of the agent, since queued_at */
	bool had_time; /* every address of its host had a whole turn */
	uint8_t turned; /* how many of its addresses had a whole turn */
	uint8_t cut; /* turns in a slot that were cut short */
	uint8_t wanted; /* while it has a slot: the kinds of lookups that wait
	                   for that one */
	uint32_t organisation; /* hash of its organisation's name */
	struct sts_queue waiters; /* asks, by node number */
	uint16_t next; /* in a queue of the agent */
	uint16_t chain; /* in the index by domain, or the free list */
	bool outdated; /* its domain was forgotten: its result is void */
	sts_ms fetch_until, queued_at;
	sts_ms shared_until; /* while `shares`: waits for other gateways */
	bool shares; /* in a->share.waits */
	uint32_t ours_ms; /* lost by our shortage: in queues, in turns that
	                     were cut short */

	/* Private. */
	uint32_t limited_ms; /* of the questions that are over */
	sts_ms now, second_at;
	uint8_t state;
	bool second; /* second_at counts */
	bool paused; /* in a *_DONE state, and wants nothing */
	bool patient; /* both families are waited for */
	bool forbidden; /* an address was left out */
	uint8_t count
	    [STS_LOOKUP_LEGS]; /* of addr by leg, while they are collected */
	uint8_t domain_len;
	const struct sts_settings *settings;
	struct sts_dns_health *health;
	struct sts_record record; /* of the TXT answer, as far as it has come */
	uint8_t domain[STS_DOMAIN_MAX + 1];
	struct sts_legs legs;
	struct sts_leg leg[STS_LOOKUP_LEGS];
};

extern const struct sts_engine_ops sts_lookup_ops, sts_lookup_leg_ops;

/* Once, before the first begin. health: what is known of the name servers,
 * shared by all lookups; it must stay valid. */
void sts_lookup_init(struct sts_lookup *l, struct sts_dns_health *health);

/* Begin with the TXT record of a domain of 1..STS_DOMAIN_MAX octets, which is
 * copied. settings is borrowed until sts_lookup_end. */
void sts_lookup_begin(struct sts_lookup *l, struct sts_text domain,
    const struct sts_settings *settings, sts_ms now,
    const uint8_t rnd[STS_LOOKUP_RND]);

/* Go on with the addresses; the state must be TXT_DONE. */
void sts_lookup_go_on(struct sts_lookup *l, const uint8_t rnd[STS_LOOKUP_RND]);

/* The state is TXT_DONE, and the lookup may not go on yet: it wants nothing
 * until sts_lookup_resume. */
void sts_lookup_pause(struct sts_lookup *l);
void sts_lookup_resume(struct sts_lookup *l);

/* Keep the result, want nothing; the state must be ADDRESSES_DONE. */
void sts_lookup_hold(struct sts_lookup *l);

/* No address could be connected to, and the result is hasty: ask for addresses
 * once more, and wait for both families. The state must be HELD. */
void sts_lookup_again(
    struct sts_lookup *l, sts_ms now, const uint8_t rnd[STS_LOOKUP_RND]);

/* The first n addresses had a whole turn in a slot, in vain: the next turn begins
 * with the others. */
void sts_lookup_turn(struct sts_lookup *l, unsigned n);

/* Make it IDLE; the state must be *_DONE or HELD, where no channel is open. */
void sts_lookup_end(struct sts_lookup *l);

/* How long the lookup's questions have waited in all because no port or
 * descriptor of ours was free; if two waited at once, both times count. */
uint32_t sts_lookup_limited_ms(const struct sts_lookup *l);

/* The domain; it points into l, and is valid until the next begin. */
struct sts_text sts_lookup_domain(const struct sts_lookup *l);

#endif
