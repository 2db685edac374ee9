/* SPDX-License-Identifier: MIT */
/*
 * gzip (RFC 1952) as a stream, in 2.7 KB of memory: deflate (RFC 1951) with the
 * fixed codes and matches within the last 2,046 octets. Reports repeat
 * themselves every few hundred octets, so this takes 9 of 10 octets off them.
 *
 *	sts_gzip_begin(&z);
 *	for (;;) {
 *		n = sts_gzip(&z, &in, last, out);   takes octets off `in`
 *		use out.p[0..n);
 *		if (last and n == 0) break;
 *		if (in.n == 0) refill in, or set last
 *	}
 *
 * The same input gives the same output, however either is cut.
 */
#ifndef STS_REPORT_GZIP_H
#define STS_REPORT_GZIP_H

#include "report.h"

enum {
	/* Powers of two; a product without gzip has next to nothing. */
	STS_GZIP_WINDOW = STS_REPORT_GZIP ? 2048 : 8,
	STS_GZIP_HEADS = STS_REPORT_GZIP ? 256 : 1,
	STS_GZIP_DISTANCE_MAX = STS_GZIP_WINDOW - 2,
	STS_GZIP_MATCH_MAX = 258
};

struct sts_gzip {
	/* Private. */
	uint8_t stage;
	uint8_t bit_count; /* in bits: fewer than 64 */
	uint8_t at; /* octets of header or trailer that are written */
	uint8_t pending; /* octets that are in no code yet, 0..2 */
	uint16_t match_len, match_distance; /* of the match at hand, or 0 */
	uint16_t last_distance; /* of the match before */
	uint32_t crc, total; /* of the input */
	uint64_t bits;
	uint16_t heads[STS_GZIP_HEADS]; /* where three octets stood last */
	uint8_t window[STS_GZIP_WINDOW];
};

/* Begin a text; *z may hold anything. */
void sts_gzip_begin(struct sts_gzip *z);

/*
 * Take octets off the front of *in, and write their compressed form to out (at
 * least 1 of room). Returns how many were written. All of *in is taken unless
 * out is full. `last`, which stays true once given: the text ends with *in, and
 * 0 is returned after the last octet.
 */
size_t sts_gzip(
    struct sts_gzip *z, struct sts_text *in, bool last, struct sts_span out);

/* A report, compressed, as it is posted, or attached to a mail. Without
 * STS_REPORT_GZIP it is not compressed, which RFC 8460 4 allows. */
#define STS_REPORT_MEDIA_TYPE                                                  \
	(STS_REPORT_GZIP ? "application/tlsrpt+gzip"                           \
			 : "application/tlsrpt+json")

struct sts_report_gzip {
	/* Private. */
	struct sts_report report;
	bool last;
	uint16_t from, to; /* the part of json that is yet to be compressed */
	uint8_t json[128];
	struct sts_gzip gzip;
};

/* As sts_report_begin. */
void sts_report_gzip_begin(struct sts_report_gzip *z, const struct sts_tally *t,
    uint32_t ref, const struct sts_report_config *config);

/* As sts_report_read. */
size_t sts_report_gzip_read(struct sts_report_gzip *z, struct sts_span out);

#endif
