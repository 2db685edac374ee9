/* SPDX-License-Identifier: MIT */
/*
 * The bytes of the journal; core/journal/README.md has the rules for a reader
 * and a writer. Integers are little-endian; reserved bytes and padding are 0.
 * CRC-32 is that of IEEE 802.3 (zlib's crc32); what is "begun with" another CRC
 * c goes over the four octets of c first.
 *
 * An area:
 *
 *	 0  "mtasts-j"
 *	 8  version (2), reserved (2)
 *	12  revision (4): of two valid areas the later one counts, in sequence
 *	    arithmetic
 *	16  stamp (4): a time that was confirmed, 0: none
 *	20  program unit (4) that positions are rounded to
 *	24  since (4): when the last jump of the clock before the stamp was
 *	    adopted
 *	28  CRC-32 of bytes 0..27
 *	32  padding to the program unit, then records, each padded to it
 *
 * A record:
 *
 *	 0  type (1): 1 policy, 2 forget, 3 stamp
 *	 1  flags (1): 1 the policy was protected, 2 fetched under a confirmed
 *	    clock, 4 fetched by another gateway
 *	 2  octets of the domain (1)
 *	 3  mode (1)
 *	 4  octets of the payload (4)
 *	 8  stamp (4): the newest when it was written
 *	12  fetched (4); of a stamp: since
 *	16  max_age (4); of a stamp: until when the operator has switched
 *	    enforcement off, 0: it is on
 *	20  number of mx (2)
 *	22  day it was last asked for (2)
 *	24  refresh planned (4)
 *	28  CRC-32 of the area's revision and bytes 0..27
 *	32  the domain, the payload
 *	    CRC-32 of the head's CRC, the domain and the payload (4)
 *
 * The revision in the CRC keeps what an earlier use of the area left from
 * being taken for a record of this one. The head has its own CRC so that a
 * record whose body is damaged can be stepped over: a bad bit costs one
 * record. A head that is damaged ends the journal.
 */
#ifndef STS_JOURNAL_FORMAT_H
#define STS_JOURNAL_FORMAT_H

#include "../base/bytes.h"
#include "../base/name.h"

enum {
	STS_JOURNAL_VERSION = 1,
	STS_JOURNAL_HEAD = 32, /* of an area, and of a record */
	STS_JOURNAL_CRC = 4,
	STS_JOURNAL_PAYLOAD_MAX = 1 << 24
};

enum sts_journal_type {
	STS_JOURNAL_POLICY = 1,
	STS_JOURNAL_FORGET,
	STS_JOURNAL_STAMP
};

struct sts_journal_area {
	uint16_t version;
	uint32_t revision, stamp_s, prog_size, since_s;
};

struct sts_journal_record {
	uint8_t type; /* enum sts_journal_type */
	bool protected, proved, shared;
	uint8_t domain_len, mode;
	uint16_t mx_count, asked_day;
	uint32_t payload_len;
	uint32_t stamp_s, fetched_s, max_age_s, refresh_s;
	uint32_t crc; /* of the head: the body's begins with it */
};

/* Write the head of an area, its CRC included. */
void sts_journal_put_area(
    uint8_t out[STS_JOURNAL_HEAD], const struct sts_journal_area *a);

/* False: not the head of an area. The version is not judged. */
bool sts_journal_get_area(
    const uint8_t in[STS_JOURNAL_HEAD], struct sts_journal_area *a);

/* Write the head of a record of the area with that revision; sets r->crc. */
void sts_journal_put_record(uint8_t out[STS_JOURNAL_HEAD],
    struct sts_journal_record *r, uint32_t revision);

/* False: not the head of a record of that area, or of a record that no writer
 * makes. */
bool sts_journal_get_record(const uint8_t in[STS_JOURNAL_HEAD],
    struct sts_journal_record *r, uint32_t revision);

/* The body's CRC, carried on; begin with this. */
uint32_t sts_journal_body_crc(const struct sts_journal_record *r);

/* n rounded up to a multiple of unit. */
uint32_t sts_journal_padded(uint32_t n, uint32_t unit);

/* Octets of a record, without padding. */
static inline uint32_t
sts_journal_record_len(const struct sts_journal_record *r)
{
	return STS_JOURNAL_HEAD + r->domain_len + r->payload_len +
	       STS_JOURNAL_CRC;
}

#endif
