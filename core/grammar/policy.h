/* SPDX-License-Identifier: MIT */
/*
 * The policy body (RFC 8461 3.2), byte-fed with O(1) memory.
 *
 * Example, with const uint8_t *bytes, size_t n, void (*keep)(struct sts_text):
 *
 *	struct sts_policy p;
 *
 *	sts_policy_start(&p);
 *	while (n > 0) {
 *		size_t used = sts_policy_feed(&p, bytes, n);
 *
 *		if (p.mx_len > 0) {
 *			keep(sts_text(p.mx, p.mx_len));
 *		}
 *		bytes += used;
 *		n -= used;
 *	}
 *	if (sts_policy_end(&p) && p.mx_len > 0) {
 *		keep(sts_text(p.mx, p.mx_len));
 *	}
 *
 * Accepted beyond the grammar: empty lines (a line of only blanks is not
 * empty), and max_age above STS_MAX_AGE_MAX, which counts as that. LF and CRLF
 * end lines, also mixed; the last one may be missing. Fields come in any
 * order. Of duplicate fields the first counts and the later ones need only be
 * fields by grammar; mx repeats.
 *
 * An mx whose value is not a host name of at least two labels, or "*." and a
 * host name (an address, a name with an underscore or a final dot, a U-label, a
 * list, nothing), is skipped and counted: it can match no MX host (4.1), and
 * without it the policy is neither weaker nor less its owner's. With none left,
 * a mode that needs one is refused.
 *
 * Refused: a lone CR, a control, a byte order mark, what is not UTF-8; blanks
 * before a name or its colon; a line that is no field: then it is not known
 * what else is not as its owner wrote it; more than STS_POLICY_MX_MAX patterns.
 * What passes consists of letters, digits, hyphens, dots and one leading "*",
 * and is no word that a mail server could take for a keyword.
 */
#ifndef STS_POLICY_H
#define STS_POLICY_H

#include "../base/bytes.h"
#include "../base/name.h"
#include "../base/sts_config.h"
#include "../base/utf8.h"
#include "../base/why.h"
#include "grammar.h"

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
	enum sts_mode mode; /* these four valid after sts_policy_end */
	uint32_t max_age_s; /* 0..STS_MAX_AGE_MAX */
	unsigned mx_count; /* 0..STS_POLICY_MX_MAX; 0 with mode none only */
	unsigned mx_skipped; /* values of mx that are no patterns */
	uint16_t mx_len; /* > 0 after a feed: a pattern is complete */
	uint8_t mx[STS_MX_MAX]; /* it, lower-case; until then any value */
	/* Private. */
	uint8_t state, field, seen, why, name_len;
	bool mx_odd; /* the value of this mx is no pattern, whatever follows */
	uint16_t value_len;
	uint8_t name[STS_FIELD_NAME_MAX];
	struct sts_utf8 utf8;
};

/* Begin a policy; *p may hold anything. */
void sts_policy_start(struct sts_policy *p);

/*
 * Take bytes up to the end of an mx line, or all n (>= 1). Returns how many
 * were used, 1..n. p->mx_len > 0: a valid pattern was completed. It
 * counts only if sts_policy_end returns true later. After an error all further
 * bytes are used and ignored.
 */
size_t sts_policy_feed(struct sts_policy *p, const uint8_t *bytes, size_t n);

/* Whether the policy is already known to be invalid: reading on is useless. */
bool sts_policy_failed(const struct sts_policy *p);

/*
 * The body is complete (its length was met); nothing may be fed after it. A
 * last mx line without a terminator is completed now (p->mx_len > 0). True: the
 * policy is valid. False: sts_policy_why has the reason.
 */
bool sts_policy_end(struct sts_policy *p);

/* The first error: policy-...; STS_WHY_NONE: none yet. */
enum sts_why sts_policy_why(const struct sts_policy *p);

/* "none", "testing", "enforce". */
const char *sts_mode_text(enum sts_mode mode);

#endif
