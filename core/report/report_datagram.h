/* SPDX-License-Identifier: MIT */
/*
 * The datagram of libtlsrpt by which a mail server, Postfix >= 3.10, reports
 * one connection. It is JSON:
 *
 *	{"dpv": "1","d": DOMAIN,"pr": RECORD,"policies":[{"policy-type": 1|2|9,
 *	 "policy-domain": DOMAIN,"policy-string":[...],"mx-host":[...],
 *	 "failure-details":[{"c": CODE,"s": IP,"n": MX,"h": EHLO,"r": IP,
 *	  "a": INFO,"f": REASON}],"t": FAILURES,"f": 0|1}]}
 *
 *	struct sts_datagram d;
 *	static struct sts_report_event e;
 *	enum sts_datagram_verdict v = sts_datagram_open(&d, bytes, &e);
 *
 *	if (v == STS_DATAGRAM_GOOD) {
 *		while (sts_datagram_next(&d, &e)) {
 *			sts_tally_add(&tally, day, &e);
 *		}
 *	} else {
 *		count v, log the first 64 octets
 *	}
 *
 * It is read octet by octet, in the memory of struct sts_datagram: first the
 * whole datagram is judged, before any of it is counted; then each policy is
 * read four times, since keys come in any order and an event is built in one
 * order.
 *
 * Accepted: keys in any order; unknown keys with any value; no dpv (Debian 13);
 * no policy-domain (then it is d); several policies; a domain in any case, with
 * a final dot. Octets that are not UTF-8 become "?". A datagram that ends
 * within an "h" (a hostile mail server can make its EHLO reply 200 KB long, and
 * the receiver cuts) counts as a failure if the keys before it are there, which
 * they are in what libtlsrpt sends.
 *
 * Refused: everything else that is cut; a known key twice, or with a value of
 * another type; another dpv; a domain that is no name; numbers beyond those
 * above. A failure of code 901 is an internal error of the mail server; a
 * policy with no other failure is skipped.
 */
#ifndef STS_REPORT_DATAGRAM_H
#define STS_REPORT_DATAGRAM_H

#include "../grammar/json.h"
#include "report_event.h"

enum sts_datagram_verdict {
	STS_DATAGRAM_GOOD = 0,
	STS_DATAGRAM_BROKEN, /* no JSON, cut, or not as above */
	STS_DATAGRAM_VERSION, /* a dpv that is not "1" */
	STS_DATAGRAM_DOMAIN, /* d is no name, or pr no record */
	STS_DATAGRAM_LARGE /* pr, or nesting, exceeds a limit of ours */
};

enum {
	/* A field, and the code before a HELO text. */
	STS_DATAGRAM_FIELD_MAX = STS_REPORT_FIELD_MAX + 4,
	STS_DATAGRAM_VALUE_MAX = STS_REPORT_FIELDS * STS_DATAGRAM_FIELD_MAX
};

/* A place in the datagram. */
struct sts_datagram_place {
	uint8_t level; /* which object or list is being read */
	uint8_t key; /* whose value is due */
	uint8_t skip; /* depth of an unknown value, 0: none */
	uint32_t seen[3]; /* keys of the objects that are open, a bit each */
	size_t pos, valid; /* octets read; up to where they are UTF-8 */
	struct sts_json json;
};

struct sts_datagram {
	/* Private. */
	uint8_t verdict;
	uint8_t stage; /* what this pass over the octets is for */
	bool cut; /* it ends within an "h" */
	bool failed, internal; /* of the policy: f; with a failure of 901 */
	uint8_t type;
	uint32_t code; /* of the failure */
	uint16_t policies;
	uint16_t domain_len, record_len;
	uint16_t value_len;
	bool over; /* the string at hand is longer than what is kept */
	bool word_over; /* h: its first word has ended */
	uint16_t begin; /* of the string at hand, in value */
	uint16_t at[STS_REPORT_FIELDS], len[STS_REPORT_FIELDS];
	struct sts_text bytes;
	struct sts_datagram_place now;
	struct sts_datagram_place policy; /* where the policy at hand began */
	uint8_t domain[STS_NAME_MAX + 1];
	uint8_t record[STS_TLSRPT_RECORD_MAX];
	uint8_t value[STS_DATAGRAM_VALUE_MAX];
};

/*
 * Judge the datagram `bytes`, which must stay as it is until the last
 * sts_datagram_next. Writes its domain and record to *e. One pass over the
 * octets.
 */
enum sts_datagram_verdict sts_datagram_open(
    struct sts_datagram *d, struct sts_text bytes, struct sts_report_event *e);

/*
 * Write the next policy as an event to *e, which must be the one of
 * sts_datagram_open. False: there are no more. Four passes over its octets.
 */
bool sts_datagram_next(struct sts_datagram *d, struct sts_report_event *e);

#endif
