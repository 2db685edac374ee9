/* SPDX-License-Identifier: MIT */
/*
 * The TXT record at _mta-sts (RFC 8461 3.1), byte-fed with O(1) memory.
 *
 * Example, with const struct sts_text *txt, size_t count, void (*report)(enum
 * sts_found found, enum sts_why why):
 *
 *	struct sts_record r;
 *	enum sts_why why;
 *
 *	sts_record_start(&r);
 *	for (size_t i = 0; i < count; i++) {
 *		for (size_t k = 0; k < txt[i].n; k++) {
 *			sts_record_byte(&r, txt[i].p[k]);
 *		}
 *		sts_record_end(&r);
 *	}
 *	report(sts_record_result(&r, &why), why);
 *
 * Records that do not begin with "v=STSv1;" are discarded before counting; of
 * the rest, the candidates, there must be exactly one, and it valid. A byte
 * that is not US-ASCII after that beginning makes a candidate invalid, it
 * does not discard it.
 *
 * Accepted beyond the text of RFC 8461 3.1: WSP before the first ";"
 * ("v=STSv1 ;"), which its ABNF allows and its rule for discarding does not
 * (erratum 6285). Of several ids the first wins, whatever the later ones hold,
 * as long as they fit the grammar of an extension.
 */
#ifndef STS_RECORD_H
#define STS_RECORD_H

#include "../base/bytes.h"
#include "../base/why.h"

enum {
	STS_ID_MAX = 32
};

struct sts_record {
	uint8_t id_len;
	uint8_t id[STS_ID_MAX]; /* valid when the result is FOUND */
	/* Private. */
	uint8_t state;
	uint8_t at; /* bytes seen of the version, or of a field's name */
	uint8_t candidates; /* 0, 1, or 2 for several */
	bool is_id; /* the current field is the first id, or may become it */
	bool invalid; /* a candidate is */
};

/* Begin to judge a set of TXT records. */
void sts_record_start(struct sts_record *r);

/* The next byte of the current record; strings of one record are simply
 * joined. O(1). */
void sts_record_byte(struct sts_record *r, uint8_t b);

/* The current record is over; the next byte begins another. */
void sts_record_end(struct sts_record *r);

/*
 * The verdict on the records that were ended. FOUND, *why none: exactly one
 * candidate and it is valid. ABSENT: *why is txt-none, txt-several (whatever
 * their validity) or txt-invalid. why may be NULL.
 */
enum sts_found sts_record_result(const struct sts_record *r, enum sts_why *why);

#endif
