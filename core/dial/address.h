/* SPDX-License-Identifier: MIT */
/*
 * Which addresses a policy may be fetched from. A stranger's DNS decides where
 * we connect to; it must not reach what only this machine or its network may
 * reach (SSRF).
 */
#ifndef STS_ADDRESS_H
#define STS_ADDRESS_H

#include "../base/bytes.h"
#include "../settings.h"

/*
 * Whether `a` may be connected to. Never: unspecified, loopback, link-local,
 * multicast, broadcast, also inside ::ffff:0:0/96, 64:ff9b::/96 and 2002::/16.
 * RFC 1918, ULA and 100.64/10: if s->allow_private. A prefix of s->allow
 * permits everything in it.
 */
bool sts_address_allowed(
    const struct sts_settings *s, const struct sts_addr *a);

/* Whether two addresses are the same host (port and scope left aside). */
bool sts_address_same(const struct sts_addr *a, const struct sts_addr *b);

/* Make an address of RDATA: 4 octets (A) or 16 (AAAA). */
struct sts_addr sts_address_of(struct sts_text rdata, uint16_t port);

#endif
