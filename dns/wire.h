/* SPDX-License-Identifier: MIT */
/*
 * Inside the codec: the checked cursor, and names where they stand in a
 * message (RFC 1035 4.1.4). For the codec (message.c, rdata.c,
 * stream.c), and for upstream.c, which judges heads; others use message.h.
 *
 * A name is known by its offset and compared in place. A pointer must go
 * strictly below the start of the run of labels it ends, and not into the
 * header; there are at most STS_DNS_POINTERS_MAX of them, and the expanded
 * name fits STS_DNS_WIRE_NAME_MAX. A name that breaks this equals no name.
 */
#ifndef STS_DNS_WIRE_H
#define STS_DNS_WIRE_H

#include "message.h"

enum {
	STS_DNS_HEADER_LEN = 12
};

/* A TTL as it counts: RFC 2181 8: the top bit makes it zero; at most
 * STS_DNS_TTL_MAX_S. */
uint32_t sts_dns_ttl_s(uint32_t ttl);

/* The reason of UNKNOWN for an RCODE that is neither NOERROR nor NXDOMAIN. */
enum sts_why sts_dns_why_of_rcode(unsigned rcode);

/*
 * The part of sts_dns_judge about header and question; m begins with both.
 * True: the records decide; v has the header's RCODE and AD.
 */
bool sts_dns_judge_head(struct sts_dns_verdict *v, struct sts_text m,
    uint16_t id, struct sts_dns_name_parts name, uint16_t type);

/* A place in the message. Once bad it stays so, and nothing is taken. */
struct sts_dns_cursor {
	struct sts_text m;
	size_t pos;
	bool bad;
	uint32_t steps; /* labels and pointers of the names that were taken */
};

/* A cursor at `pos` of a message, which is borrowed. */
struct sts_dns_cursor sts_dns_cursor(struct sts_text m, size_t pos);

/* The offset of the next n bytes, passing them. 0 when there are not as many:
 * nothing is ever taken from the header. */
size_t sts_dns_take(struct sts_dns_cursor *c, size_t n);

/* The next number, 0 when there is none. */
uint16_t sts_dns_take16(struct sts_dns_cursor *c);
uint32_t sts_dns_take32(struct sts_dns_cursor *c);

/* The offset of the name here, passing it. 0: not a name. */
size_t sts_dns_take_name(struct sts_dns_cursor *c);

/* Whether the same name stands at offsets a and b; case does not count. */
bool sts_dns_same_name(struct sts_text m, size_t a, size_t b);

/* Whether the name at off is the one at `zone`, or a name below it; case does
 * not count. */
bool sts_dns_within(struct sts_text m, size_t off, size_t zone);

/* Whether `name` stands at off; case does not count. */
bool sts_dns_is_name(
    struct sts_text m, size_t off, struct sts_dns_name_parts name);

/*
 * Expand the name at off into *out: lower-case labels behind their lengths,
 * without the root; out->n becomes their length. False: no name, or no room.
 */
bool sts_dns_expand(struct sts_text m, size_t off, struct sts_span *out);

/*
 * Write the name at off to out in text form: lower-case, dots between labels,
 * none at the end; the root is empty. False, and *len unspecified: it is no
 * name, it does not fit, or a label holds a dot, which text cannot express.
 */
bool sts_dns_name_text(
    struct sts_text m, size_t off, uint8_t out[STS_NAME_MAX], size_t *len);

/* The next label of a name in text form, maybe empty, taken off the front of
 * *rest. False: no more. */
bool sts_dns_next_part(struct sts_dns_name_parts *rest, struct sts_text *label);

#endif
