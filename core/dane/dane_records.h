/* SPDX-License-Identifier: MIT */
/*
 * The usable TLSA records of mail hosts, packed one after the other, for
 * judging certificates by them (core/dane/judge.h):
 *
 *	usage, selector, matching type, length of the data (2, big-endian), data
 *
 * Example, with struct sts_text packed, void (*use)(const struct sts_tlsa *):
 *
 *	struct sts_tlsa t;
 *
 *	while (sts_dane_record_next(&packed, &t)) {
 *		use(&t);
 *	}
 */
#ifndef STS_DANE_RECORDS_H
#define STS_DANE_RECORDS_H

#include "dane.h"

/* Room for the records of one domain's hosts. */
struct sts_dane_records {
	uint16_t len;
	uint8_t bytes[STS_DANE_RECORDS > 0 ? STS_DANE_RECORDS : 1];
};

/* Append a usable record. False, and nothing is changed: it has no room. */
bool sts_dane_record_put(struct sts_dane_records *r, const struct sts_tlsa *t);

/* The record at the front of *packed, which goes on behind it; its data is a
 * span of that. False: there is none, or the bytes are cut. */
bool sts_dane_record_next(struct sts_text *packed, struct sts_tlsa *t);

#endif
