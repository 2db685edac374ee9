/* SPDX-License-Identifier: MIT */
/*
 * Values of Postfix's smtp_tls_policy_maps, as an operator writes them in an
 * override: a level, then attributes "name=value" or "{ name = value }",
 * separated by blanks or commas. Postfix defers all mail for a destination
 * whose value it cannot read, so we read it first, and no wider than Postfix:
 *
 * - printable ASCII only; names in lower case; braces only around a whole
 *   attribute
 * - an attribute occurs twice only where Postfix joins its values
 * - "none" has no attributes; match= needs fingerprint, verify or secure;
 *   tafile= verify or secure
 * - policy_... and mx_host_pattern need policy_type, and policy_type=sts needs
 *   a policy_string and an mx_host_pattern (without them Postfix before 3.10.5
 *   dereferences NULL)
 */
#ifndef STS_POSTFIX_H
#define STS_POSTFIX_H

#include "../base/bytes.h"

enum sts_postfix_status {
	STS_POSTFIX_OK = 0,
	STS_POSTFIX_LEVEL, /* no level, or an unknown one */
	STS_POSTFIX_ATTRIBUTE /* unknown, malformed, or out of place */
};

/* Whether Postfix takes this value, as far as that shows without its files.
 * O(value.n). */
enum sts_postfix_status sts_postfix_check(struct sts_text value);

#endif
