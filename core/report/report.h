/* SPDX-License-Identifier: MIT */
/*
 * A report (RFC 8460 4): one line of I-JSON, written from the tally piece by
 * piece into buffers of any size; no buffer ever holds it. The same tally gives
 * the same octets, so that a report can be written once to be counted, and
 * again to be sent; pin the domain meanwhile.
 *
 *	struct sts_report r;
 *
 *	sts_report_begin(&r, &tally, domain, &config);
 *	while ((n = sts_report_read(&r, room)) > 0) { use room.p[0..n) }
 *
 * Keys come in the RFC's order. Output is printable ASCII: other characters are
 * written as \uXXXX, octets that are not UTF-8 as U+FFFD. Optional members
 * without a value are left out; there are no empty strings or lists.
 */
#ifndef STS_REPORT_H
#define STS_REPORT_H

#include "../grammar/json_put.h"
#include "report_tally.h"

/* The operator's settings; a report borrows them as long as it is written. */
struct sts_report_config {
	struct sts_text organization; /* not empty */
	struct sts_text
	    contact; /* local@domain: see sts_report_contact_valid */
	struct sts_text submitter; /* its domain: sts_report_submitter */
	uint32_t instance; /* which gateway: part of every id */
};

/* Whether t can be a contact: local@domain in printable ASCII without
 * blanks, quotes and <>()[]\,;: , the domain a name of two labels or more. */
bool sts_report_contact_valid(struct sts_text t);

/* The domain of a valid contact. */
struct sts_text sts_report_submitter(struct sts_text contact);

struct sts_report {
	/* Private. */
	const struct sts_tally *tally;
	const struct sts_report_config *config;
	uint8_t stage;
	uint8_t left; /* strings of the list at hand that are yet to come */
	bool gone;
	bool first; /* the string at hand is the first of its list */
	uint32_t birth;
	uint32_t domain, policy, failure;
	struct sts_tally_text strings; /* what is left of the list */
	size_t off; /* octets of the element at hand that are written */
	uint32_t count[2]; /* its numbers, as they were when it began */
};

/* Begin with the report about the domain `ref` of the tally. All three stay as
 * long as r. */
void sts_report_begin(struct sts_report *r, const struct sts_tally *t,
    uint32_t ref, const struct sts_report_config *config);

/* Write the next octets to out (at least 1 of room). Returns how many; 0: the
 * end, or the domain is gone. O(out.n) and one element, of at most
 * STS_REPORT_TEXT octets. */
size_t sts_report_read(struct sts_report *r, struct sts_span out);

/* Whether the domain left the tally before the report's end (dropped,
 * displaced, its day given up): the octets are no report then. */
bool sts_report_gone(const struct sts_report *r);

/* Whether the domain is in the tally now, however much was read: then the
 * holder of the pin has to unpin it. */
bool sts_report_there(const struct sts_report *r);

enum {
	/* "2024-01-31." domain "." 8 "." 8 */
	STS_REPORT_ID_MAX = 11 + STS_NAME_MAX + 1 + 8 + 1 + 8,
	/* submitter!domain!begin!end!unique.json.gz, or .json */
	STS_REPORT_FILE_MAX = 2 * STS_NAME_MAX + 2 + 2 * 12 + 17 + 8
};

/*
 * The report's id: day ("2024-01-31"), domain, sum of the record, instance; so
 * that two gateways of an organisation, and two records of a day, never share
 * one.
 */
struct sts_text sts_report_id(const struct sts_tally *t, uint32_t ref,
    const struct sts_report_config *config, uint8_t out[STS_REPORT_ID_MAX]);

/* The name of the report's file (RFC 8460 5.1), ending in ".json.gz", or
 * ".json" without STS_REPORT_GZIP. */
struct sts_text sts_report_file(const struct sts_tally *t, uint32_t ref,
    const struct sts_report_config *config, uint8_t out[STS_REPORT_FILE_MAX]);

/* 2024-01-31 of a number of days since 1970 (up to the year 9999). */
void sts_report_date(uint8_t out[10], uint32_t day);

#endif
