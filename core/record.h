/* SPDX-License-Identifier: MIT */
/*
 * The TXT record at _mta-sts (RFC 8461 3.1), byte-fed.
 *
 *	sts_record_start(&r);
 *	for each TXT RR: for each byte: sts_record_byte(&r, b); sts_record_end(&r);
 *	found = sts_record_result(&r);
 *
 * Accepted beyond the grammar: WSP before the ";" of the version ("v=STSv1 ;",
 * erratum 6285). Records that do not begin with the version are discarded
 * before counting; of the rest there must be exactly one, and it valid.
 * Duplicate fields: the first wins, whatever the later one holds (but it must
 * fit the grammar of an extension).
 */
#ifndef STS_RECORD_H
#define STS_RECORD_H

#include "base/bytes.h"
#include "base/why.h"

enum {
	STS_ID_MAX = 32
};

struct sts_record {
	uint8_t id_len;
	uint8_t id[STS_ID_MAX]; /* valid when the result is FOUND */
	/* Private. */
	uint8_t state, field, name_len, candidates, value_len;
	bool invalid, has_id;
	uint8_t new_id_len;
	uint8_t name[STS_ID_MAX];
};

/* Begin to judge a set of TXT records. */
void sts_record_start(struct sts_record *r);

/* The next byte of the current record; strings of one record are simply
 * joined. O(1). */
void sts_record_byte(struct sts_record *r, uint8_t b);

/* The current record is over. */
void sts_record_end(struct sts_record *r);

/*
 * FOUND: exactly one candidate and it is valid; ABSENT with *why txt-none,
 * txt-several or txt-invalid. *why may be NULL.
 */
enum sts_found sts_record_result(const struct sts_record *r, enum sts_why *why);

#endif
