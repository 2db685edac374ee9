/* SPDX-License-Identifier: MIT */
/*
 * What an answer means to people: whether a policy is in force, which rule
 * decided, and where the held record is in its life. Words and sums only;
 * nothing is decided here.
 */
#ifndef STS_EXPLAIN_H
#define STS_EXPLAIN_H

#include "../answer/answer.h"
#include "../dane/dane.h"
#include "../sts.h"

/* The exit codes of `mtasts query`. */
enum sts_verdict {
	STS_VERDICT_POLICY = 0, /* a policy is in force */
	STS_VERDICT_NONE, /* definitely none */
	STS_VERDICT_UNKNOWN /* cannot tell */
};

/* The verdict of an answer whose kind is not NONE. While answers are only
 * rehearsed no policy is in force, whatever is held. */
enum sts_verdict sts_explain_verdict(const struct sts_answer *a);

/* "policy", "none", "unknown". */
const char *sts_verdict_token(enum sts_verdict v);

/* The rule that decided: "key", "override", "held", "table", "clock", "dane";
 * stable; never NULL. The same in words for people. */
const char *sts_rule_token(enum sts_rule rule);
const char *sts_rule_text(enum sts_rule rule);

/* The kind of the held record: "policy", "absent", "back-off", "unknown",
 * "dane". */
const char *sts_kind_token(enum sts_kind kind);

/* What is known of mail hosts: "none", "partial", "only", "unknown"; of the MX
 * records: "unknown", "none", "insecure", "secure"; of one host: "no-address",
 * "unknown", "none", "unusable", "usable". */
const char *sts_dane_level_token(enum sts_dane_level level);
const char *sts_dane_mx_token(enum sts_dane_mx mx);
const char *sts_dane_host_token(enum sts_dane_host host);

/* Where a record is in its life. Times are agent time in seconds; 0: does not
 * apply. */
struct sts_standing {
	uint32_t fetched_s, expires_s; /* policies */
	uint32_t
	    checked_s; /* the TXT record was looked up; 0: not since start */
	uint32_t check_s; /* from then on the next question looks it up */
	uint32_t refresh_s; /* fetched again by ourselves */
	uint32_t retry_s; /* the id that failed is not tried before */
	uint8_t failures; /* in a row */
	enum sts_why why; /* of the last one, NONE if there was none */
};
void sts_explain_held(const struct sts_held *held, struct sts_standing *out);

#endif
