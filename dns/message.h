/* SPDX-License-Identifier: MIT */
/*
 * The DNS message codec (RFC 1035, 6891): write a query, judge an answer, walk
 * its records. Bytes in, values out; no state between messages. Every index
 * goes through one checked cursor; a compression pointer must go strictly
 * backwards and an expanded name must fit 255 octets, so that every walk ends.
 */
#ifndef STS_DNS_MESSAGE_H
#define STS_DNS_MESSAGE_H

#include "../core/base/bytes.h"
#include "../core/base/name.h"
#include "../core/base/why.h"

enum {
	STS_DNS_A = 1,
	STS_DNS_CNAME = 5,
	STS_DNS_SOA = 6,
	STS_DNS_MX = 15,
	STS_DNS_TXT = 16,
	STS_DNS_AAAA = 28,
	STS_DNS_OPT = 41,
	STS_DNS_TLSA = 52
};

enum {
	STS_DNS_WIRE_NAME_MAX = 255,
	STS_DNS_QUERY_MAX = 12 + STS_DNS_WIRE_NAME_MAX + 4 + 11
};

/* A name in two pieces: "_mta-sts" and "example.com". Lower-case, no final
 * dot. An empty prefix is left out. */
struct sts_dns_name_parts {
	struct sts_text prefix;
	struct sts_text domain;
};

/*
 * Write a recursive query with EDNS0 (payload STS_DNS_UDP_MAX, AD set in the
 * header: RFC 6840 5.7) into out. Returns its length, or 0 when the name does
 * not fit the wire form. `out` has room for STS_DNS_QUERY_MAX bytes.
 */
size_t sts_dns_query(
    uint8_t *out, uint16_t id, struct sts_dns_name_parts name, uint16_t type);

/* What an answer says, before its records are walked. */
struct sts_dns_verdict {
	enum sts_found found; /* PENDING: not an answer to this question */
	enum sts_why why;
	bool truncated; /* TC: found is PENDING, ask over TCP */
	bool ad;
	uint32_t ttl_s;
	/* Where the wanted records' owner name was last seen in the message. */
	uint16_t owner_off;
};

/*
 * Judge message `m` as the answer to (id, name, type). Not a response, another
 * id, opcode or question: PENDING, to be ignored. Follows at most
 * STS_DNS_ALIAS_MAX CNAMEs, whatever the order of the records. A message with
 * a part that cannot be parsed: UNKNOWN, dns-malformed.
 */
void sts_dns_judge(struct sts_dns_verdict *v, struct sts_text m, uint16_t id,
    struct sts_dns_name_parts name, uint16_t type);

/* A walk over the records of one type at the end of the alias chain. */
struct sts_dns_answers {
	/* Private. */
	struct sts_text m;
	size_t pos;
	uint16_t left, type, owner_off;
	struct sts_dns_name_parts name;
};

struct sts_dns_rr {
	struct sts_text rdata; /* inside the message */
	uint32_t ttl_s;
};

/* Begin a walk over a message that was judged FOUND. */
void sts_dns_answers(struct sts_dns_answers *it, struct sts_text m,
    const struct sts_dns_verdict *v, struct sts_dns_name_parts name,
    uint16_t type);

/* The next record; false: no more. */
bool sts_dns_next(struct sts_dns_answers *it, struct sts_dns_rr *rr);

/*
 * The next character-string of TXT RDATA: takes it off the front of *rdata.
 * False: no more, or the lengths do not fit (then *rdata is not empty).
 */
bool sts_dns_txt_next(struct sts_text *rdata, struct sts_text *string);

#endif
