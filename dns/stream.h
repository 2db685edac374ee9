/* SPDX-License-Identifier: MIT */
/*
 * A DNS message that is larger than the memory for one, read as it comes over
 * TCP: up to 65,535 octets through a buffer of some KB (RFC 1035 4.2.2). It
 * judges as message.h judges a whole message, as far as one pass allows; where
 * it does not, the answer is UNKNOWN, dns-large, never ABSENT.
 *
 * The lent buffer holds, in this order, the name that is looked for (at first
 * the question's, then the target of each alias), the first octets of the
 * message, where compression pointers lead, and a window on what comes:
 *
 *	| name 256 | first octets: size - 768 | window 512 |
 *
 * So an answer is found if its aliases stand in the order of the chain, before
 * the records, as resolvers write them, and if the names that are compared are
 * compressed by pointers into those first octets. A resolver's records all
 * point to the question or to the last alias. dns-large, since it would take
 * the whole message to know: a record of the type that stands before its alias
 * or belongs to another name; a pointer to octets that are not held any more;
 * an answer without a record, where nothing but junk makes a message so large.
 * Names that are not compared are skipped by their lengths.
 *
 *	sts_dns_stream_start(&s, buf, size, message_len, id, STS_DNS_TXT);
 *	for (;;) {
 *		r = sts_dns_stream_next(&s, name, &piece);
 *		PIECE: take it; MORE: receive into room, filled; END: verdict
 *	}
 */
#ifndef STS_DNS_STREAM_H
#define STS_DNS_STREAM_H

#include "message.h"

enum {
	STS_DNS_STREAM_NAME = 256,
	STS_DNS_STREAM_WINDOW = 512,
	/* The least buffer: the longest question fits the first octets. */
	STS_DNS_STREAM_MIN = 2 * 512 + STS_DNS_STREAM_NAME
};

enum sts_dns_stream_step {
	STS_DNS_STREAM_MORE, /* nothing goes on without further octets */
	STS_DNS_STREAM_PIECE,
	STS_DNS_STREAM_END /* the verdict is there */
};

/* About 40 bytes beside the buffer. */
struct sts_dns_stream {
	/* Private. */
	uint8_t *buf;
	uint32_t ttl_s;
	uint16_t size, id, type;
	uint16_t want; /* octets of the message, */
	uint16_t pos; /* of these: passed, */
	uint16_t have; /* and behind those: in the window */
	uint16_t
	    offered; /* of the window, to the caller, until the next call */
	uint16_t records; /* left of the section */
	uint16_t rdata; /* octets left of the record */
	uint16_t number; /* of records that were offered */
	uint16_t rcode;
	uint8_t phase, section, use, name_len;
	uint8_t found, why;
	bool first, truncated, ad, opt, data, stray;
};

/* Whether answers of this type can be read so: A, AAAA and TXT, whose RDATA
 * holds no names. */
bool sts_dns_stream_can(uint16_t type);

/*
 * Begin with a message of `want` octets, for a type that can be read so. buf:
 * of `size` octets, at least STS_DNS_STREAM_MIN, lent until the end; nothing of
 * it is read before it is written.
 */
void sts_dns_stream_start(struct sts_dns_stream *s, uint8_t *buf, size_t size,
    uint16_t want, uint16_t id, uint16_t type);

/* After MORE: the room for the next octets, at least one; n octets have
 * come. */
struct sts_span sts_dns_stream_room(const struct sts_dns_stream *s);
void sts_dns_stream_filled(struct sts_dns_stream *s, size_t n);

/*
 * Go on. `name` is the question's, the same each time. PIECE: *piece is a piece
 * of a record that belongs to the answer if the end is FOUND, valid until the
 * next call: TXT records come string by string, others whole. Bounded by the
 * octets in the window.
 */
enum sts_dns_stream_step sts_dns_stream_next(struct sts_dns_stream *s,
    struct sts_dns_name_parts name, struct sts_dns_piece *piece);

/* The verdict on the message, after END: as from sts_dns_judge, never
 * ABSENT. */
void sts_dns_stream_verdict(
    const struct sts_dns_stream *s, struct sts_dns_verdict *v);

#endif
