/* SPDX-License-Identifier: MIT */
/*
 * What was learnt about name servers: which are silent, which lose questions
 * with EDNS, which cannot be reached over TCP. Learning each costs a question
 * seconds; so it is remembered for STS_DNS_HEALTH_MS, and then one question
 * tries again while the others still go by what is known.
 *
 * Nothing here is about an answer: it orders the servers and says how one is
 * asked. A server that was set aside is asked last, not never. One that answers
 * anything is set aside no more. What is remembered goes by the server's
 * address, so that it survives another list of servers.
 *
 * Silence alone may be the domain's doing (its own servers are slow, or want it
 * so), and a stranger must not choose which server we ask. So a server is set
 * aside only when another has answered the same question, and it was not heard
 * of in any question meanwhile.
 */
#ifndef STS_DNS_HEALTH_H
#define STS_DNS_HEALTH_H

#include "../core/base/io.h"
#include "../core/base/sts_config.h"

enum {
	STS_DNS_HEALTH_MS = 3600000, /* how long it is believed */
	STS_DNS_PROBE_MS = 5000 /* one question tries: the others wait */
};

/* What may be known of a server. */
enum sts_dns_trait {
	STS_DNS_ASIDE = 0, /* silent: asked last */
	STS_DNS_PLAIN, /* asked without EDNS */
	STS_DNS_NO_TCP, /* silent over TCP */
	STS_DNS_TRAITS
};

struct sts_dns_known {
	/* Private. */
	struct sts_addr addr; /* af NONE: free */
	uint8_t traits; /* a bit each */
	bool heard; /* heard_at counts */
	sts_ms used_at, heard_at;
	sts_ms until[STS_DNS_TRAITS];
};

/* 48 bytes a server. Zeros: nothing is known. */
struct sts_dns_health {
	/* Private. */
	struct sts_dns_known server[STS_DNS_SERVERS_MAX];
};

/* Nothing is known. */
void sts_dns_health_init(struct sts_dns_health *h);

/* What is believed now; h may be NULL here and below: nothing is. */
bool sts_dns_health_is(const struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t, sts_ms now);

/* Whether it was believed and the opposite was not seen since. */
bool sts_dns_health_ever(const struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t);

/*
 * The same, for who is about to act upon it: once the time is over, the first
 * is told false and the others true for STS_DNS_PROBE_MS, while it is tried.
 */
bool sts_dns_health_ask(struct sts_dns_health *h, const struct sts_addr *server,
    enum sts_dns_trait t, sts_ms now);

/* It was seen: believe it from now on. */
void sts_dns_health_note(struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t, sts_ms now);

/* The opposite was seen. */
void sts_dns_health_clear(struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t);

/* It answered something: it is not set aside any more. */
void sts_dns_health_heard(
    struct sts_dns_health *h, const struct sts_addr *server, sts_ms now);

/* Whether it has answered something since. */
bool sts_dns_health_heard_since(const struct sts_dns_health *h,
    const struct sts_addr *server, sts_ms since);

/*
 * Forget what is older than twice STS_DNS_HEALTH_MS; to be called at least once
 * in a week, since times wrap.
 */
void sts_dns_health_age(struct sts_dns_health *h, sts_ms now);

#endif
