/* SPDX-License-Identifier: MIT */
/*
 * One question of `mtasts check` to the name servers: a leaf (core/base/io.h)
 * that keeps the records of the answer, and finds out whether an answer that
 * cannot be had is bogus.
 *
 *	sts_check_ask_begin(&a, &from, prefix, domain, STS_DNS_TXT, now, rnd);
 *	... serve sts_check_ask_ops until it wants its owner ...
 *	for (at = 0; sts_check_ask_next(&a, &at, &record);) ...
 *
 * A validating server says SERVFAIL to what is bogus, as it does when it is in
 * trouble itself. So after a SERVFAIL the question is put again with the CD bit
 * (RFC 4035 3.2.2). If the server now answers, and says SERVFAIL once more
 * without that bit, it is able to, and what it found did not validate. What the
 * second answer holds is not looked at; the third takes the first one's place.
 */
#ifndef STS_CHECK_ASK_H
#define STS_CHECK_ASK_H

#include "../../dns/rdata.h"
#include "../../dns/upstream.h"
#include "check.h"

enum {
	STS_CHECK_ASK_STORE = 16384, /* octets of records that are kept */
	STS_CHECK_ASK_TCP = 16384, /* of an answer over TCP */
	STS_CHECK_ASK_MS = 10000,
	STS_CHECK_ASK_RND = 2 * STS_DNS_RND
};

struct sts_check_ask {
	/* The result, when the owner is wanted. */
	struct sts_check_answer answer;
	bool more; /* records that did not fit were left out */
	bool owner_known, aliased; /* FOUND: the end of the alias chain */
	struct sts_dns_host owner;

	/* Private. */
	struct sts_upstream up;
	struct sts_dns_health *health;
	const struct sts_dns_servers *servers;
	sts_ms now;
	bool checking_disabled; /* the second question */
	bool again; /* the third, like the first */
	bool over;
	uint8_t rnd[STS_DNS_RND];
	uint16_t type;
	uint8_t prefix_len, domain_len;
	uint8_t prefix[32], domain[STS_NAME_MAX];
	size_t store_len, record_at; /* of the record that comes in pieces */
	uint8_t store[STS_CHECK_ASK_STORE]; /* length, octets; ... */
	uint8_t tcp[STS_CHECK_ASK_TCP];
};

/* The name servers that are asked. */
struct sts_check_servers {
	struct sts_dns_servers servers;
	struct sts_dns_health health;
	bool trusted; /* their AD bit counts */
};

extern const struct sts_engine_ops sts_check_ask_ops;

/* prefix and domain are copied: at most 31 and STS_NAME_MAX octets. */
void sts_check_ask_begin(struct sts_check_ask *a, struct sts_check_servers *s,
    struct sts_text prefix, struct sts_text domain, uint16_t type, sts_ms now,
    const uint8_t rnd[STS_CHECK_ASK_RND]);

/*
 * The next record that is kept; begin with *at = 0. TXT: its strings joined;
 * MX: preference in two octets, then the exchange, which is empty for the root;
 * with 0xff behind the preference alone: no host name. Others: RDATA.
 */
bool sts_check_ask_next(
    const struct sts_check_ask *a, size_t *at, struct sts_text *record);

#endif
