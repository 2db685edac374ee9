/* SPDX-License-Identifier: MIT */
/*
 * Which addresses a policy may be fetched from. A stranger's DNS decides where
 * we connect to; it must not lead us to hosts that only this machine or its
 * network may reach (SSRF).
 */
#ifndef STS_ADDRESS_H
#define STS_ADDRESS_H

#include "../base/bytes.h"
#include "../settings.h"

/*
 * Whether `a` may be connected to. Never: unspecified, loopback, link-local,
 * multicast, broadcast. RFC 1918, ULA and 100.64/10: if s->allow_private. A
 * prefix of s->allow permits everything in it.
 *
 * The same holds of an IPv4 address that an IPv6 one leads to: mapped,
 * translated or compatible (::ffff:0:0/96, ::ffff:0:0:0/96, ::/96), 6to4
 * (2002::/16), Teredo (2001::/32: its server and its client), ISATAP (any
 * prefix), and NAT64 (RFC 6052): 64:ff9b::/96 and the prefixes of s->nat64. In
 * 64:ff9b:1::/48 (RFC 8215) the network chooses the length of its prefix, so
 * that the IPv4 address may stand in four places; unless a prefix of s->nat64
 * fixes the place, each address that fits has to be allowed. Of prefixes of
 * s->nat64 that fit, the longest counts.
 *
 * The prefix of the network is configured and not learnt from the DNS (RFC
 * 7050): whoever forges that answer would choose which addresses we take for
 * our own network, and one more question, repeated now and then, would be state
 * that a configuration key does not need. Prefixes of 6rd and MAP are the
 * provider's: s->nat64 will do.
 */
bool sts_address_allowed(
    const struct sts_settings *s, const struct sts_addr *a);

/* Whether p can be a prefix of s->nat64 (RFC 6052 2.2). */
bool sts_address_is_nat64(const struct sts_prefix *p);

/* Whether two addresses are the same host (port and scope left aside). */
bool sts_address_same(const struct sts_addr *a, const struct sts_addr *b);

/* Make an address of RDATA: 4 octets (A) or 16 (AAAA). */
struct sts_addr sts_address_of(struct sts_text rdata, uint16_t port);

#endif
