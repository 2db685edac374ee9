/* SPDX-License-Identifier: MIT */
/*
 * The policy body (RFC 8461 3.2), byte-fed with O(1) memory.
 *
 *	sts_policy_start(&p);
 *	while (n > 0) {
 *		size_t used = sts_policy_feed(&p, bytes, n);
 *		if (p.mx_len > 0) keep p.mx[0..p.mx_len);
 *		bytes += used, n -= used;
 *	}
 *	ok = sts_policy_end(&p);
 *
 * Accepted beyond the grammar: blank lines. LF and CRLF end lines, also mixed;
 * a lone CR, a NUL or a BOM is invalid. max_age is clamped to
 * STS_MAX_AGE_MAX. First of duplicate fields wins; mx repeats.
 */
#ifndef STS_POLICY_H
#define STS_POLICY_H

#include "base/bytes.h"
#include "base/name.h"
#include "base/sts_config.h"
#include "base/why.h"

enum sts_mode {
	STS_MODE_NONE = 0,
	STS_MODE_TESTING,
	STS_MODE_ENFORCE
};

enum {
	STS_MAX_AGE_MAX = 31557600, /* RFC 8461 3.2 */
	STS_MX_MAX = STS_NAME_MAX + 2 /* "*." and a name */
};

struct sts_policy {
	enum sts_mode mode; /* these three valid after sts_policy_end */
	uint32_t max_age_s;
	unsigned mx_count;
	uint16_t mx_len; /* > 0 after a feed: a pattern is complete */
	uint8_t mx[STS_MX_MAX]; /* lower-case */
	/* Private. */
	uint8_t state, field, seen, why, name_len, utf8_left, utf8_low,
	    utf8_high;
	uint16_t value_len, space_len;
	uint64_t number;
	uint8_t name[32];
};

void sts_policy_start(struct sts_policy *p);

/*
 * Take bytes up to the end of an mx line, or all n (>= 1). Returns how many
 * were used, 1..n. p->mx_len tells whether a valid pattern was completed; it
 * is of use only if sts_policy_end later says so. After an error all further
 * bytes are used and ignored.
 */
size_t sts_policy_feed(struct sts_policy *p, const uint8_t *bytes, size_t n);

/* Whether it has failed already, so that reading on is no use. */
bool sts_policy_failed(const struct sts_policy *p);

/*
 * The body is complete (its length was met). May complete a last mx line that
 * had no terminator: p->mx_len tells. True: valid. False: sts_policy_why.
 */
bool sts_policy_end(struct sts_policy *p);

/* The first error: policy-...; STS_WHY_NONE: none yet. */
enum sts_why sts_policy_why(const struct sts_policy *p);

/* "none", "testing", "enforce". */
const char *sts_mode_text(enum sts_mode mode);

#endif
