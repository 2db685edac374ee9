/* SPDX-License-Identifier: MIT */
/*
 * One question put to the configured name servers: which server, UDP or TCP,
 * how often, and for how long. A leaf's worth of state with at most one
 * channel; its owner's engine forwards the driver's calls to the functions of
 * the same names (core/base/io.h gives their contract).
 *
 * Answers are accepted only from the asked server, with the asked id and
 * question (RFC 5452); anything else is ignored. Truncation goes to TCP (RFC
 * 7766), through a buffer that the owner lends. Each transmission has a fresh
 * id; the driver draws a fresh source port.
 */
#ifndef STS_DNS_UPSTREAM_H
#define STS_DNS_UPSTREAM_H

#include "../core/base/io.h"
#include "../core/base/sts_config.h"
#include "../core/base/why.h"
#include "message.h"

enum {
	STS_DNS_RND = 16, /* random bytes one question needs: an id a try */
	STS_DNS_TRIES = 6 /* transmissions of one question, TCP included */
};

/* The servers in order of preference. Owned by the board. */
struct sts_dns_servers {
	struct sts_addr addr[STS_DNS_SERVERS_MAX];
	bool trusted[STS_DNS_SERVERS_MAX]; /* its AD bit counts */
	unsigned count;
};

struct sts_upstream {
	/* Private. */
	const struct sts_dns_servers *servers;
	struct sts_dns_name_parts name;
	uint16_t type;
	uint8_t state;
	uint8_t try; /* index into the retry plan */
	uint8_t found; /* enum sts_found */
	uint8_t why;
	uint8_t server; /* asked now */
	uint8_t tcp_sent, tcp_seen; /* bytes of the two-octet length */
	bool ticked, ad;
	uint16_t id;
	sts_ms now, try_until, until;
	uint32_t ttl_s;
	uint8_t *tcp;
	size_t tcp_size, tcp_len, tcp_want, sent;
	struct sts_text message; /* the accepted answer */
	uint8_t rnd[STS_DNS_RND];
};

/*
 * Begin to ask for `type` of the name prefix + "." + domain (prefix may be
 * empty: n 0).
 *
 * servers  stays valid and unchanged while u is in use; none: UNKNOWN at once
 * name     its spans stay valid while u is in use; valid lower-case names of
 *          at most STS_NAME_MAX octets together (underscores allowed)
 * now, budget_ms  everything ends at now + budget_ms: UNKNOWN, dns-timeout
 * rnd      fresh random bytes
 */
void sts_upstream_start(struct sts_upstream *u,
    const struct sts_dns_servers *servers, struct sts_dns_name_parts name,
    uint16_t type, sts_ms now, uint32_t budget_ms,
    const uint8_t rnd[STS_DNS_RND]);

/* Give up: from now on wants nothing but CLOSE if a channel is open. */
void sts_upstream_stop(struct sts_upstream *u);

unsigned sts_upstream_wants(const struct sts_upstream *u);
const struct sts_addr *sts_upstream_peer(const struct sts_upstream *u);
void sts_upstream_opened(struct sts_upstream *u);
void sts_upstream_lost(struct sts_upstream *u, int why);
struct sts_span sts_upstream_recv_buf(
    const struct sts_upstream *u, struct sts_span lent);
void sts_upstream_recv_ack(struct sts_upstream *u, struct sts_span got);
struct sts_text sts_upstream_send_buf(
    const struct sts_upstream *u, struct sts_span lent);
void sts_upstream_send_ack(struct sts_upstream *u, size_t n);
void sts_upstream_tick(struct sts_upstream *u, sts_ms now);
bool sts_upstream_deadline(const struct sts_upstream *u, sts_ms *at);

/*
 * Whether an answer has to come by TCP and waits for a buffer. wants() has
 * OWNER while it does. The wait counts against the budget; when the budget
 * ends in it the reason is dns-no-buffer.
 */
bool sts_upstream_needs_buffer(const struct sts_upstream *u);

/* Lend `size` >= 512 bytes, the owner's again once result() is not PENDING
 * and the answer was read, or after stop(). */
void sts_upstream_lend(struct sts_upstream *u, uint8_t *buf, size_t size);

/* The buffer that was lent, and forget it; NULL: none was. */
uint8_t *sts_upstream_take_back(struct sts_upstream *u);

/*
 * PENDING; FOUND: at least one record of the type at the end of the alias
 * chain; ABSENT: NXDOMAIN or NODATA; UNKNOWN: everything else. wants() has
 * OWNER once it is not PENDING and the channel is closed.
 */
enum sts_found sts_upstream_result(const struct sts_upstream *u);

/* The reason of ABSENT and UNKNOWN. */
enum sts_why sts_upstream_why(const struct sts_upstream *u);

/*
 * Seconds the result may be kept: the smallest TTL of the chain and the
 * records; for ABSENT by RFC 2308 from the SOA (0: none given).
 */
uint32_t sts_upstream_ttl_s(const struct sts_upstream *u);

/* Whether a trusted server said AD. */
bool sts_upstream_authentic(const struct sts_upstream *u);

/*
 * Begin to walk the records of a FOUND. To be called only inside the owner's
 * recv_ack, right after sts_upstream_recv_ack made the result FOUND: the
 * message may lie in the driver's scratch.
 */
void sts_upstream_answers(
    const struct sts_upstream *u, struct sts_dns_answers *it);

#endif
