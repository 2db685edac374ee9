/* SPDX-License-Identifier: MIT */
/*
 * The layout of a tally's chunks, for the files of this room. Every record is a
 * chain: a head with fixed fields, then its content, which begins in the head
 * and goes on in body chunks. Offsets are from a chunk's beginning; numbers are
 * little-endian. A record differs from others of its kind in its key, the last
 * of the fixed fields, or in its content.
 *
 *	domain   name, record
 *	policy   domain (nothing: that of the report), strings and mx
 *	failure  the fields, one after another
 */
#ifndef STS_REPORT_PRIVATE_H
#define STS_REPORT_PRIVATE_H

#include "report_tally.h"

enum {
	TAG_DOMAIN = 1,
	TAG_POLICY,
	TAG_FAILURE
};

enum {
	LINK = STS_CHUNK_DATA /* to the next in its list */
};

enum { /* a domain */
	D_INDEX = LINK, /* next in its bucket */
	D_PREV = D_INDEX + 4, /* in its list */
	D_NEXT = D_PREV + 4,
	D_POLICY = D_NEXT + 4, /* the first */
	D_DUE = D_POLICY + 4,
	D_DONE = D_DUE + 4,
	D_TRIES = D_DONE + 1,
	D_FAILING = D_TRIES + 1,
	D_PINS = D_FAILING + 1,
	D_BIRTH = D_PINS + 1, /* differs from that of a domain with the same ref
			       * before */
	D_POLICIES = D_BIRTH + 2, /* how many */
	D_KEY = D_POLICIES + 1,
	D_SLOT = D_KEY,
	D_NAME_LEN = D_SLOT + 1,
	D_RECORD = D_NAME_LEN + 1, /* from here on it differs from others of its
				    * name */
	D_RECORD_LEN = D_RECORD,
	D_SUM = D_RECORD_LEN + 2, /* CRC-32 of the record */
	D_CONTENT = D_SUM + 4
};

enum { /* a policy */
	P_NEXT = LINK,
	P_FAILURE = P_NEXT + 4, /* the first */
	P_SUCCESSES = P_FAILURE + 4,
	P_FAILURES = P_SUCCESSES + 4,
	P_DETAILS = P_FAILURES + 4, /* failures one by one */
	P_KEY = P_DETAILS + 2,
	P_SUM = P_KEY, /* of the strings, kept or not */
	P_TYPE = P_SUM + 4,
	P_MERGED = P_TYPE + 1, /* whatever its strings were */
	P_DOMAIN_LEN = P_MERGED + 1,
	P_STRINGS_LEN = P_DOMAIN_LEN + 1,
	P_STRINGS = P_STRINGS_LEN + 2, /* how many */
	P_MX = P_STRINGS + 1,
	P_CONTENT = P_MX + 1
};

enum { /* a failure */
	F_NEXT = LINK,
	F_COUNT = F_NEXT + 4,
	F_KEY = F_COUNT + 4,
	F_FURTHER = F_KEY,
	F_RESULT = F_FURTHER + 1,
	F_LENGTHS = F_RESULT + 1, /* the HELO text's is the last */
	F_CONTENT = F_LENGTHS + STS_REPORT_FIELDS
};

static inline uint32_t
tally_get32(const struct sts_tally *t, uint32_t ref, unsigned off)
{
	return sts_get32le(sts_chunk(&t->chunks, ref) + off);
}

static inline void
tally_put32(struct sts_tally *t, uint32_t ref, unsigned off, uint32_t v)
{
	sts_put32le(sts_chunk(&t->chunks, ref) + off, v);
}

/* The hash of a name, by the boot's key. */
static inline uint32_t
tally_hash(const struct sts_tally *t, struct sts_text name)
{
	return (uint32_t)sts_siphash(t->config.key, name);
}

/* The place of the first ref of a name's bucket. */
static inline uint8_t *
tally_bucket(const struct sts_tally *t, struct sts_text name)
{
	return t->index +
	       4 * (size_t)(tally_hash(t, name) & (t->index_count - 1));
}

/* Whether domains count only once a session has failed. */
static inline bool
tally_failures_only(const struct sts_tally *t)
{
	return !STS_REPORT_ALL || t->config.failures_only;
}

/* Whether a text in the block is `text`. */
bool sts_tally_same(
    const struct sts_tally *t, struct sts_tally_text at, struct sts_text text);

/* A part of a record's content. */
struct sts_tally_text sts_tally_part(const struct sts_tally *t, uint32_t ref,
    unsigned base, size_t skip, size_t len);

/*
 * Find or make the record of e's policy in a slot; *domain: its domain's. 0:
 * there is no room, *loss is the reason, and the domain may have left the
 * block. A failing domain may displace others.
 */
uint32_t sts_tally_place(struct sts_tally *t, unsigned slot,
    const struct sts_report_event *e, bool failing, uint32_t *domain,
    enum sts_tally_loss *loss);

/* Add sessions to a policy, and a failure `count` times; further: not one by
 * one, whatever its texts are. */
void sts_tally_count(struct sts_tally *t, uint32_t policy, uint32_t successes,
    uint32_t failures);
void sts_tally_fail(struct sts_tally *t, uint32_t domain, uint32_t policy,
    const struct sts_report_detail *f, bool further, uint32_t count);

/* The domain's number of birth, which differs from that of a domain with the
 * same ref before. */
uint32_t sts_tally_birth(const struct sts_tally *t, uint32_t ref);

#endif
