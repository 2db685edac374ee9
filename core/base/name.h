/* SPDX-License-Identifier: MIT */
/*
 * Host names in A-label form, and the one-label wildcard rule that RFC 8461
 * 4.1 (mx patterns) and RFC 9525 6.3 (certificates) share.
 */
#ifndef STS_NAME_H
#define STS_NAME_H

#include "bytes.h"

enum {
	STS_NAME_MAX = 253, /* octets of a name in text form (RFC 1035 2.3.4) */
	STS_LABEL_MAX = 63
};

/*
 * Whether t is a host name: 1..253 octets, labels of 1..63 letters, digits
 * and hyphens that neither begin nor end with a hyphen, separated by single
 * dots, no dot at either end, and not an IPv4 address (last label all digits
 * is refused: RFC 1123 2.1). Letters of either case.
 */
bool sts_name_valid(struct sts_text t);

/* The same, and t in lower case to out, which has room for it; of a t that is
 * no name a part of it. */
bool sts_name_lower(uint8_t *out, struct sts_text t);

/* Number of labels of a valid name. */
unsigned sts_name_labels(struct sts_text t);

/*
 * Whether `host` fits `pattern`, case-insensitively. A pattern is a name, or
 * "*." and a name, where the asterisk stands for exactly one label.
 * Both must be valid (the pattern after its "*."); anything else is no match.
 */
bool sts_name_match(struct sts_text pattern, struct sts_text host);

#endif
