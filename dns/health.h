/* SPDX-License-Identifier: MIT */
/*
 * What is known of name servers: which are silent, which lose questions with
 * EDNS, which cannot be reached over TCP. To find out costs a question seconds;
 * so it is remembered for STS_DNS_HEALTH_MS, and then one question tries again
 * while the others still rely on it.
 *
 * No answer is kept here: only the order of the servers, and how each is asked.
 * A server that was set aside is asked last, not never. A server that answers
 * anything is set aside no more. Records are found by the server's address, so
 * that they survive another list of servers.
 *
 * Silence alone may be the domain's doing (its own servers are slow, or want it
 * so), and a stranger must not choose which server we ask. So a server is set
 * aside only when another has answered the same question, and it has answered
 * no question meanwhile. Nor is it asked without EDNS because it was silent about
 * a question with it, if it answered any other with EDNS meanwhile. Silence
 * over TCP is believed at once, as little follows from it: another server is
 * tried before this one, which is then asked over TCP all the same.
 */
#ifndef STS_DNS_HEALTH_H
#define STS_DNS_HEALTH_H

#include "../core/base/assert.h"
#include "../core/base/io.h"
#include "../core/base/sts_config.h"

enum {
	STS_DNS_HEALTH_MS = 3600000, /* how long it is believed */
	STS_DNS_PROBE_MS = 5000 /* one question tries: the others wait */
};

/* The servers in order of preference. Owned by the board. */
struct sts_dns_servers {
	struct sts_addr addr[STS_DNS_SERVERS_MAX];
	bool trusted[STS_DNS_SERVERS_MAX]; /* its AD bit counts */
	unsigned count;
};

STS_STATIC_ASSERT(STS_DNS_SERVERS_MAX <= 8, a_bit_a_server);

/* Traits that may be known of a server. */
enum sts_dns_trait {
	STS_DNS_ASIDE = 0, /* silent: asked last */
	STS_DNS_LOST, /* has lost a question with EDNS */
	STS_DNS_PLAIN, /* asked without EDNS */
	STS_DNS_NO_TCP, /* silent over TCP */
	STS_DNS_TRAITS
};

struct sts_dns_known {
	/* Private. */
	struct sts_addr addr; /* af NONE: free */
	uint8_t traits; /* a bit each */
	bool heard; /* heard_at counts */
	bool knows_edns; /* edns_at counts */
	sts_ms used_at, heard_at, edns_at;
	sts_ms until[STS_DNS_TRAITS];
};

/* 56 bytes a server. Zeros: nothing is known. */
struct sts_dns_health {
	/* Private. */
	struct sts_dns_known server[STS_DNS_SERVERS_MAX];
};

/* Nothing is known. */
void sts_dns_health_init(struct sts_dns_health *h);

/* Whether the server is believed to have the trait now; h may be NULL here and
 * below: nothing is known. */
bool sts_dns_health_is(const struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t, sts_ms now);

/* Whether the server answered anything of late. */
bool sts_dns_health_answered(
    const struct sts_dns_health *h, const struct sts_addr *server);

/* Whether the trait was seen, and the opposite not since. */
bool sts_dns_health_ever(const struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t);

/*
 * The same, asked by a question that acts upon it: once the time is over, the
 * first gets false and tries; the others get true for STS_DNS_PROBE_MS.
 */
bool sts_dns_health_ask(struct sts_dns_health *h, const struct sts_addr *server,
    enum sts_dns_trait t, sts_ms now);

/* The trait was seen: believe it from now on. */
void sts_dns_health_note(struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t, sts_ms now);

/* The opposite was seen. */
void sts_dns_health_clear(struct sts_dns_health *h,
    const struct sts_addr *server, enum sts_dns_trait t);

/*
 * The server answered a question with EDNS. It was silent about one, of a
 * question that began at `began`, or does not know EDNS: noted unless it has
 * answered one since then. It answered a question without EDNS: if a loss is
 * noted, be it of another question, it is asked without EDNS from now on.
 */
void sts_dns_health_knows_edns(
    struct sts_dns_health *h, const struct sts_addr *server, sts_ms now);
void sts_dns_health_lost_edns(struct sts_dns_health *h,
    const struct sts_addr *server, sts_ms began, sts_ms now);
void sts_dns_health_plain(
    struct sts_dns_health *h, const struct sts_addr *server, sts_ms now);

/* The server answered something: it is not set aside any more. */
void sts_dns_health_heard(
    struct sts_dns_health *h, const struct sts_addr *server, sts_ms now);

/*
 * Which servers a question asks last, a bit each: those set aside. This
 * question tries the first of them whose time is over, if that server stands
 * before all that are well.
 */
uint8_t sts_dns_health_order(struct sts_dns_health *h,
    const struct sts_dns_servers *servers, sts_ms now);

/* A question that began at `began` was answered: set those aside that were
 * silent about it (a bit each) and have not answered anything since. */
void sts_dns_health_set_aside(struct sts_dns_health *h,
    const struct sts_dns_servers *servers, uint8_t silent, sts_ms began,
    sts_ms now);

/*
 * Forget each trait that was seen more than twice STS_DNS_HEALTH_MS ago,
 * however often the server is asked; to be called at least once a week, since
 * times wrap.
 */
void sts_dns_health_age(struct sts_dns_health *h, sts_ms now);

#endif
