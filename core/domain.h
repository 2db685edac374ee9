/* SPDX-License-Identifier: MIT */
/*
 * A look-up key as the mail server sends it, made into a policy domain:
 * `example.com`, `[relay.example]:587`, `relay.example:submission`, upper
 * case, a final dot, U-labels in UTF-8. DESIGN: keys that can have no policy
 * are refused here, at once, without I/O.
 */
#ifndef STS_DOMAIN_H
#define STS_DOMAIN_H

#include "base/bytes.h"
#include "base/name.h"
#include "base/why.h"

enum {
	STS_DOMAIN_MAX = 244 /* "_mta-sts." and the domain fit 253 */
};

struct sts_key {
	uint16_t len;
	uint8_t domain[STS_DOMAIN_MAX + 1]; /* lower-case A-labels, NUL-ended */
	bool bracketed;
	uint16_t port; /* 0: none given, or a service name */
};

/*
 * Parse text into *k.
 *
 * STS_WHY_NONE: k->domain is a valid name of at least one label (a single
 * label is a valid host name and may be asked for). Else *k is unspecified:
 * key-empty, key-parent (begins with "."), key-address (IPv4 or IPv6, with or
 * without brackets), key-long, key-invalid.
 *
 * Non-ASCII labels must be valid UTF-8; they are case-folded (ASCII, Latin-1,
 * Latin Extended-A, Greek, Cyrillic) and Punycode-encoded (RFC 3492); full-
 * width and ideographic dots separate labels. RFC 5891 5.4: what cannot be
 * encoded within a label of 63 octets is key-invalid.
 */
enum sts_why sts_key_parse(struct sts_key *k, struct sts_text text);

#endif
