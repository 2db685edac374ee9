/* SPDX-License-Identifier: MIT */
/*
 * A look-up key as the mail server sends it, made into a policy domain:
 * `example.com`, `[relay.example]:587`, `relay.example:submission`, upper case,
 * a final dot, UTF-8 in any spelling that Postfix maps to the domain. Keys that
 * can have no policy are refused here, at once, without I/O; keys that do not
 * spell a domain for certain are refused, too, but for another reason.
 */
#ifndef STS_DOMAIN_H
#define STS_DOMAIN_H

#include "../base/bytes.h"
#include "../base/name.h"
#include "../base/why.h"

enum {
	STS_DOMAIN_MAX = 244, /* "_mta-sts." and the domain fit 253 */
	STS_POLICY_HOST_MAX = STS_DOMAIN_MAX + 8 /* and "mta-sts." */
};

/* The label before a domain whose host serves its policy (RFC 8461 3.3). */
#define STS_POLICY_LABEL "mta-sts"

struct sts_key {
	uint16_t len;
	uint8_t domain[STS_DOMAIN_MAX + 1]; /* lower-case A-labels, NUL-ended */
	bool bracketed;
	bool ported; /* a port was given */
	uint16_t port; /* 0: none given, or a service of unknown number */
};

/*
 * Parse text into *k.
 *
 *	key  = host [":" port] / "[" host "]" [":" port]
 *	port = 1..65535 / a service's name
 *
 * A host may end with one dot, which is dropped. Services are letters, digits
 * and hyphens in either case; smtp, smtps, submission and submissions are
 * known, others are port 0.
 *
 * STS_WHY_NONE: k->domain is a valid name of at least one label (a single
 * label is a valid host name and may be asked for). Else *k is unspecified:
 * key-empty; key-parent (begins with "."); key-address (IPv4 or IPv6, with or
 * without brackets and port); key-long (over STS_DOMAIN_MAX octets);
 * key-invalid (anything else of ASCII alone, so paths of sockets too): no such
 * key has a policy. key-unmapped: a key with octets beyond ASCII that is none
 * of these, and cannot be made a domain for sure (without STS_UTS46: no such
 * key can). Whether it has a policy is unknown.
 *
 * idna.h has the rules for hosts that are not all ASCII, and for the dots that
 * separate their labels. Work: a few passes over the text, and one over at most
 * STS_DOMAIN_MAX octets of result; a longer text is given up on at the first
 * label beyond.
 */
enum sts_why sts_key_parse(struct sts_key *k, struct sts_text text);

/* The name of the host that serves a domain's policy, written to out; domain
 * has at most STS_DOMAIN_MAX octets. */
struct sts_text sts_domain_policy_host(
    uint8_t out[STS_POLICY_HOST_MAX], struct sts_text domain);

#endif
