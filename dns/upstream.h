/* SPDX-License-Identifier: MIT */
/*
 * One question put to the configured name servers: which server, UDP or TCP,
 * how often, and for how long. It is the state of a leaf, with at most one
 * channel; its owner's engine forwards the driver's calls to the functions of
 * the same names (core/base/io.h has their contract).
 *
 * Answers are accepted only from the asked server, with the asked id and
 * question (RFC 5452); anything else is ignored, and only time or many of them
 * end a try. Truncation goes to TCP with the same server (RFC 7766), through a
 * buffer that the owner lends. Each transmission has a fresh id, and a channel
 * of its own, for which the driver draws a fresh source port.
 *
 *	sts_upstream_start(&u, servers, health, name, STS_DNS_TXT, now, 10000, rnd);
 *	... forward wants, peer, opened, lost, recv, send, tick, deadline ...
 *	in recv_ack, after sts_upstream_recv_ack(&u, got):
 *		while (sts_upstream_next(&u, &piece)) {
 *			... take it, forget what was taken when it is the first ...
 *		}
 *	where the owner reads results and serves questions:
 *		if (sts_upstream_needs_buffer(&u)) sts_upstream_lend(...);
 *
 * Which server, how often: the servers in order, those that were set aside last
 * (dns/health.h), round and round, at most STS_DNS_TRIES transmissions in all.
 * A server that is silent is given up for the next when the time of the plan is
 * over; one that cannot be reached, refuses, fails or cannot be parsed, at
 * once. One that was asked before is asked again only a second later, and no
 * more after its second error (RFC 9520 3.1); when none is left the question is
 * over. A server that does not know EDNS is asked once more without it.
 */
#ifndef STS_DNS_UPSTREAM_H
#define STS_DNS_UPSTREAM_H

#include "../core/base/assert.h"
#include "../core/base/io.h"
#include "../core/base/sts_config.h"
#include "../core/base/why.h"
#include "health.h"
#include "message.h"
#include "stream.h"

enum {
	STS_DNS_RND = 16, /* random bytes one question needs: an id a try */
	STS_DNS_TRIES = 6, /* transmissions of one question, TCP included */
	/*
	 * Ignored messages after which a try is given up: over UDP somebody
	 * guesses, and the server is asked over TCP (RFC 5452 9.2).
	 */
	STS_DNS_MISMATCH_MAX = 16,
/* Datagrams of so many octets may have been cut: they go to TCP. */
#if STS_SCRATCH_SIZE < 4096
	STS_DNS_DATAGRAM_MAX = STS_SCRATCH_SIZE,
#else
	STS_DNS_DATAGRAM_MAX = 4096,
#endif
	/* The least that can be lent for TCP. */
	STS_DNS_BUFFER_MIN = STS_DNS_STREAM_MIN,
	STS_DNS_PAUSE_MS =
	    1000, /* before a server that failed is asked again */
	/* How long a question waits for a shortage of ours to end, beyond its
	 * budget: as long as a mail server is kept waiting (queue_wait). */
	STS_DNS_OURS_MS = 30000
};

/* About 180 bytes with 64-bit pointers; there are two a lookup. */
struct sts_upstream {
	/* Private. */
	const struct sts_dns_servers *servers;
	struct sts_dns_health *health;
	struct sts_dns_name_parts name;
	union {
		struct sts_dns_answers whole; /* of a message that is held */
		struct sts_dns_stream stream;
	} answer;
	uint8_t *tcp; /* lent */
	sts_ms now, until; /* the last tick; the end of the budget */
	sts_ms began;
	sts_ms try_until; /* the end of the try or pause, once `timed`; while
	                     `waited`: milliseconds left of the budget */
	uint32_t ttl_s;
	uint16_t type, query_len; /* of a query with EDNS, over UDP */
	uint16_t number; /* of records that were handed out */
	uint16_t sent; /* octets of the query, the TCP length included */
	uint16_t tcp_size, tcp_len, tcp_want; /* of the length, or message */
	uint8_t state;
	uint8_t found, why; /* while PENDING, why is the best known so far */
	uint8_t tries; /* transmissions that are over */
	uint8_t limited; /* pauses for want of a port or descriptor */
	uint8_t server; /* asked now, or next, */
	uint8_t place; /* and its place in their order */
	uint8_t asked, erred, spent, aside; /* a bit a server: set aside, */
	uint8_t silent, lost_edns; /* silent, or of no use with EDNS, so far */
	uint8_t mismatches; /* messages ignored in this try */
	uint8_t starved; /* time for want of a buffer, in pauses (STS_DANE) */
	bool over_tcp, plain, pause; /* how the server is asked */
	bool edns; /* in this try */
	bool streams; /* the message over TCP is read as it comes */
	bool in_message; /* TCP: the length is known */
	bool timed, stopped, ad;
	bool unchecked; /* CD */
	bool waited; /* for a buffer, and was not ticked since */
	uint8_t rnd[STS_DNS_RND];
};

STS_STATIC_ASSERT(sizeof(struct sts_upstream) <= 184, upstream_is_small);

/*
 * Begin to ask for `type` of the name prefix + "." + domain (prefix may be
 * empty: n 0). u may hold anything, but not a question whose channel is open.
 *
 * servers  stays valid and unchanged while u is in use; none: UNKNOWN,
 *          dns-no-server, at once
 * health   what is known of them, which this question adds to; stays valid
 *          while u is in use; NULL: nothing is known
 * name     its spans stay valid while u is in use; lower-case labels separated
 *          by dots, underscores allowed. A name that does not fit the wire
 *          form cannot exist: ABSENT, key-long, at once (R1)
 * now, budget_ms  everything ends at now + budget_ms (less than 2^31): UNKNOWN.
 *          Time lost for want of a buffer, or of a port or descriptor, is not
 *          counted; STS_DNS_OURS_MS of one of them end the question
 * rnd      fresh random bytes, copied
 */
void sts_upstream_start(struct sts_upstream *u,
    const struct sts_dns_servers *servers, struct sts_dns_health *health,
    struct sts_dns_name_parts name, uint16_t type, sts_ms now,
    uint32_t budget_ms, const uint8_t rnd[STS_DNS_RND]);

/*
 * Set CD in the queries (RFC 4035 3.2.2): the server answers even if the data
 * does not validate, which distinguishes a bogus name from a failing server. To
 * be called right after start(), before anything was sent. Such an answer is
 * never authentic, whatever its AD bit.
 */
static inline void
sts_upstream_set_unchecked(struct sts_upstream *u)
{
	STS_ASSERT(u->sent == 0 && u->tries == 0);
	u->unchecked = true;
}

/*
 * Give up: from now on wants nothing but CLOSE if a channel is open. Result,
 * reason and TTL stay as they are.
 */
void sts_upstream_stop(struct sts_upstream *u);

/*
 * The node's operations. CLOSE is wanted of a channel that is still being
 * opened too (a connection that takes too long). opened() and lost() without a
 * channel are ignored.
 */
unsigned sts_upstream_wants(const struct sts_upstream *u);
void sts_upstream_opened(struct sts_upstream *u);
void sts_upstream_lost(struct sts_upstream *u, int why);

/* The server that is asked, or that is asked next; valid until another one
 * is. */
const struct sts_addr *sts_upstream_peer(const struct sts_upstream *u);

/* UDP: STS_DNS_DATAGRAM_MAX bytes of `lent`, which are there; TCP: what is
 * missing of the length or of the message, in the buffer lent. */
struct sts_span sts_upstream_recv_buf(
    const struct sts_upstream *u, struct sts_span lent);
/* Judges the answer when it is whole: see sts_dns_judge for the work. To be
 * followed by sts_upstream_next until that returns false. */
void sts_upstream_recv_ack(struct sts_upstream *u, struct sts_span got);

/*
 * The next piece of a record of an answer, in the order of the records. To be
 * called only inside the owner's recv_ack, after sts_upstream_recv_ack, until
 * it returns false: the piece lies in the driver's scratch or in the buffer
 * lent, and is gone after the next call. Of an answer that is too large for
 * the buffer pieces come before the result is known, and again from the first
 * record on if that answer breaks off and another server is asked: what was
 * taken counts only if the result becomes FOUND, and a piece with record 0 and
 * `first` begins anew. False: no more for now; *piece is undefined.
 */
bool sts_upstream_next(struct sts_upstream *u, struct sts_dns_piece *piece);
/* Rendered into lent (at least STS_DNS_QUERY_MAX + 2 bytes); over TCP length
 * and message together (RFC 7766 8). */
struct sts_text sts_upstream_send_buf(
    const struct sts_upstream *u, struct sts_span lent);
void sts_upstream_send_ack(struct sts_upstream *u, size_t n);
void sts_upstream_tick(struct sts_upstream *u, sts_ms now);
/* The end of the try or of the budget. A try begins with the first tick in
 * it: before that the deadline is already past. */
bool sts_upstream_deadline(const struct sts_upstream *u, sts_ms *at);

/*
 * Whether an answer has to come by TCP and waits for a buffer. wants() has
 * OWNER while it does. The budget stands still meanwhile; after
 * STS_DNS_OURS_MS the question is over, and the reason is dns-no-buffer.
 */
bool sts_upstream_needs_buffer(const struct sts_upstream *u);

/*
 * Lend `size` >= STS_DNS_BUFFER_MIN bytes while needs_buffer(). They are the
 * owner's again once result() is not PENDING and the answer was read, or after
 * stop(). An answer that does not fit is read as it comes if it is of a type
 * that can be (dns/stream.h, which says when that ends in dns-large); of
 * another type it is UNKNOWN, dns-large.
 */
void sts_upstream_lend(struct sts_upstream *u, uint8_t *buf, size_t size);

/* Whether it has one. */
static inline bool
sts_upstream_has_buffer(const struct sts_upstream *u)
{
	return u->tcp != NULL;
}

/* The buffer that was lent, and forget it; NULL: none was. Only when it is the
 * owner's again. */
uint8_t *sts_upstream_take_back(struct sts_upstream *u);

/*
 * PENDING; FOUND: at least one record of the type at the end of the alias
 * chain; ABSENT: NXDOMAIN or NODATA; UNKNOWN: everything else. wants() has
 * OWNER once it is not PENDING and the channel is closed.
 */
static inline enum sts_found
sts_upstream_result(const struct sts_upstream *u)
{
	return (enum sts_found)u->found;
}

/* How long the question has waited, in pauses, because no port or descriptor of
 * ours was free; that says nothing about the servers. */
static inline uint32_t
sts_upstream_limited_ms(const struct sts_upstream *u)
{
	return (uint32_t)u->limited * STS_DNS_PAUSE_MS;
}

/* How long the question has waited for a buffer so far, in pauses begun
 * (STS_DANE): it waits once at most, as it keeps the buffer. */
static inline uint32_t
sts_upstream_starved(const struct sts_upstream *u, sts_ms now)
{
	uint32_t ms = now - (u->until - STS_DNS_OURS_MS);

	if (!STS_DANE || !u->waited) {
		return u->starved;
	}
	return (ms < STS_DNS_OURS_MS ? ms + STS_DNS_PAUSE_MS - 1
				     : (uint32_t)STS_DNS_OURS_MS) /
	       STS_DNS_PAUSE_MS;
}

/* The time that the question has lost so far by any shortage of ours. */
static inline uint32_t
sts_upstream_ours_ms(const struct sts_upstream *u, sts_ms now)
{
	return sts_upstream_limited_ms(u) +
	       sts_upstream_starved(u, now) * STS_DNS_PAUSE_MS;
}

/*
 * The reason of ABSENT and UNKNOWN. Of several reasons for UNKNOWN it is the
 * most informative: dns-servfail, dns-error, dns-malformed, dns-refused,
 * dns-timeout, dns-unreachable, in this order; busy when no channel could be
 * opened for any try, or after STS_DNS_OURS_MS of that. dns-large and
 * dns-alias-loop are caused by what the domain publishes: they end the question
 * at once.
 */
static inline enum sts_why
sts_upstream_why(const struct sts_upstream *u)
{
	return (enum sts_why)u->why;
}

/*
 * Seconds the result may be kept: the smallest TTL of the chain and the
 * records; for ABSENT by RFC 2308 from the SOA (0: none given).
 */
static inline uint32_t
sts_upstream_ttl_s(const struct sts_upstream *u)
{
	return u->ttl_s;
}

/* Whether a trusted server set AD on a FOUND or ABSENT. */
bool sts_upstream_authentic(const struct sts_upstream *u);

/* Whether the message is held whole, as those of types are that cannot be read
 * as they come. */
static inline bool
sts_upstream_is_whole(const struct sts_upstream *u)
{
	return !u->streams;
}

/*
 * Begin to walk the records of a FOUND that is held whole. To be called only
 * inside the owner's recv_ack, right after sts_upstream_recv_ack made the
 * result FOUND: the message may lie in the driver's scratch.
 */
void sts_upstream_answers(
    const struct sts_upstream *u, struct sts_dns_answers *it);

#endif
