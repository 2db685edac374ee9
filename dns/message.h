/* SPDX-License-Identifier: MIT */
/*
 * The DNS message codec (RFC 1035, 6891): write a query, judge an answer, walk
 * its records. Bytes in, values out; no state between messages.
 *
 * Every index goes through one checked cursor. A compression pointer must go
 * strictly backwards, past the header, at most STS_DNS_POINTERS_MAX times in
 * one name, and an expanded name must fit 255 octets; so every walk ends.
 *
 *	len = sts_dns_query(out, id, name, STS_DNS_TXT, true);
 *	... send out[0..len), receive m ...
 *	sts_dns_judge(&v, m, id, name, STS_DNS_TXT);
 *	if (v.found == STS_FOUND) {
 *		sts_dns_answers(&it, m, &v, STS_DNS_TXT);
 *		while (sts_dns_next(&it, &rr)) {
 *			while (sts_dns_txt_next(&rr.rdata, &string)) ...
 *		}
 *	}
 *
 * Accepted beyond the letter of the RFCs, because servers in use do it: bytes
 * after the last record, a TXT record without any string, a CNAME beside other
 * data (the data counts), several CNAMEs of one name (the first counts).
 */
#ifndef STS_DNS_MESSAGE_H
#define STS_DNS_MESSAGE_H

#include "../core/base/bytes.h"
#include "../core/base/name.h"
#include "../core/base/why.h"

enum {
	STS_DNS_A = 1,
	STS_DNS_NS = 2,
	STS_DNS_CNAME = 5,
	STS_DNS_SOA = 6,
	STS_DNS_MX = 15,
	STS_DNS_TXT = 16,
	STS_DNS_AAAA = 28,
	STS_DNS_OPT = 41,
	STS_DNS_TLSA = 52
};

/* Response codes (RFC 1035 4.1.1, RFC 6891 9). */
enum {
	STS_DNS_NOERROR = 0,
	STS_DNS_FORMERR = 1,
	STS_DNS_SERVFAIL = 2,
	STS_DNS_NXDOMAIN = 3,
	STS_DNS_NOTIMP = 4,
	STS_DNS_REFUSED = 5,
	STS_DNS_BADVERS = 16
};

enum {
	STS_DNS_WIRE_NAME_MAX = 255,
	STS_DNS_LABELS_MAX = 127, /* the most that fit 255 octets */
	STS_DNS_POINTERS_MAX = 127, /* one a label is all a compressor needs */
	STS_DNS_OPT_LEN = 11, /* what EDNS adds to a query */
	STS_DNS_QUERY_MAX = 12 + STS_DNS_WIRE_NAME_MAX + 4 + STS_DNS_OPT_LEN,
	STS_DNS_TTL_MAX_S = 604800, /* longer ones are cut to a week */
	STS_DNS_NEGATIVE_TTL_MAX_S = 10800 /* RFC 2308 5: one to three hours */
};

/*
 * A name in two pieces: "_mta-sts" and "example.com". Lower-case, no final
 * dot; underscores and whatever else a label may hold are not judged here. An
 * empty prefix is left out.
 */
struct sts_dns_name_parts {
	struct sts_text prefix;
	struct sts_text domain;
};

/*
 * Write a recursive query into out.
 *
 * out   room for STS_DNS_QUERY_MAX bytes
 * id    as the answer must repeat it
 * edns  with an OPT record that offers STS_DNS_UDP_MAX (RFC 6891). Without it
 *       the AD bit still asks for the AD bit (RFC 6840 5.7), so that no
 *       security is lost by leaving EDNS away.
 *
 * Returns its length; 0 when the name is empty, has an empty label or one over
 * 63 octets, or is over 255 octets in wire form (then out is undefined).
 */
size_t sts_dns_query(uint8_t *out, uint16_t id, struct sts_dns_name_parts name,
    uint16_t type, bool edns);

/* Set CD in a query that was written, or clear it (RFC 4035 3.2.2). */
void sts_dns_query_unchecked(uint8_t *query, bool unchecked);

/* The verdict on an answer, before its records are walked. */
struct sts_dns_verdict {
	enum sts_found found; /* PENDING: not an answer to this question */
	enum sts_why why; /* of ABSENT and UNKNOWN */
	bool truncated; /* TC: found is PENDING, ask over TCP */
	bool ad; /* AD of a FOUND or ABSENT; worth what the server is */
	uint16_t rcode; /* with the upper bits from OPT; 0 while PENDING */
	/*
	 * FOUND: the smallest TTL of the aliases and the records. ABSENT: of
	 * the aliases, the SOA's TTL and its MINIMUM (RFC 2308 5); 0 when no
	 * SOA was given. UNKNOWN: 0. A TTL with the top bit is 0 (RFC 2181 8).
	 */
	uint32_t ttl_s;
	/* Where the name at the end of the alias chain stands: the question's,
	 * or the target of the last CNAME. */
	uint16_t owner_off;
};

/*
 * Judge message m (at most 65535 bytes) as the answer to (id, name, type).
 *
 * PENDING   not a response, or another id, opcode, question (name compared
 *           without case, type, class), or not exactly one question: somebody
 *           else's, to be ignored (RFC 5452 9.1). Or truncated.
 * FOUND     records of the type and class IN are at the end of the chain of
 *           CNAMEs, whatever the order of records and the length of the chain.
 *           The RDATA of A, AAAA, MX and TXT records is well-formed.
 * ABSENT    dns-nxdomain: the name at the end of the chain does not exist
 *           (RFC 6604). dns-nodata: it exists without such records. That is
 *           NOERROR with the SOA of a zone that this name is in, in the
 *           authority section (RFC 2308 2.2, types 1 and 2). For the asked
 *           name itself it is also NOERROR with an empty answer and neither
 *           SOA nor NS (type 3) from a server that recurses (RA) or is an
 *           authority (AA): forwarders in wide use drop the SOA.
 * UNKNOWN   dns-servfail, dns-refused, dns-error (another RCODE; NXDOMAIN with
 *           the records; NOERROR without the records that is not NODATA as
 *           above: a referral, an alias whose target is missing and no SOA of
 *           the target's zone, records of other names only), dns-alias-loop,
 *           dns-large (a chain that takes too long to be compared), or
 *           dns-malformed: any part of any section cannot be parsed, or OPT
 *           stands twice or outside the additional section.
 *
 * A response that repeats no question is never an answer. If its RCODE is
 * neither NOERROR nor NXDOMAIN it is UNKNOWN, since servers that cannot read a
 * query, or do not want to, repeat nothing of it; else TC counts, or nothing.
 *
 * Work: four walks over the records, then one over the answers for each CNAME of
 * the chain until these have passed 131,072 labels and pointers (for each record
 * those of its owner and of the name that is looked for); at most m.n / 11
 * records, of at most STS_DNS_LABELS_MAX labels and STS_DNS_POINTERS_MAX pointers a name.
 */
void sts_dns_judge(struct sts_dns_verdict *v, struct sts_text m, uint16_t id,
    struct sts_dns_name_parts name, uint16_t type);

/* A piece of a record of an answer: of TXT one or more whole strings, which
 * sts_dns_txt_next takes apart; of other types all RDATA. */
struct sts_dns_piece {
	struct sts_text rdata;
	uint16_t record; /* its number: 0, 1, ... */
	bool first, last; /* of the record */
};

/* A walk over the records of one type at the end of the alias chain. */
struct sts_dns_answers {
	/* Private. */
	struct sts_text m;
	size_t pos;
	uint16_t left, type, owner_off;
};

struct sts_dns_rr {
	struct sts_text rdata; /* inside the message */
	uint32_t ttl_s; /* at most STS_DNS_TTL_MAX_S */
};

/*
 * Begin a walk over a message that was judged FOUND for `type`. The message
 * stays valid and unchanged until the walk is over.
 */
void sts_dns_answers(struct sts_dns_answers *it, struct sts_text m,
    const struct sts_dns_verdict *v, uint16_t type);

/* The next record; false: no more, *rr unchanged. */
bool sts_dns_next(struct sts_dns_answers *it, struct sts_dns_rr *rr);

/*
 * The next character-string of TXT RDATA: takes it off the front of *rdata.
 * False: no more, or the lengths do not fit (then *rdata is not empty).
 */
bool sts_dns_txt_next(struct sts_text *rdata, struct sts_text *string);

#endif
