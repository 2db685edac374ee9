/* SPDX-License-Identifier: MIT */
/*
 * Which addresses a policy may be fetched from: tables of prefixes, and no
 * state. The prefixes that the operator allows are compared first.
 *
 * Invariants: an IPv6 address that carries an IPv4 one is allowed only if that
 * one is; of an address that can be read in several ways each must be allowed,
 * unless the operator has configured which one holds. allow_private allows none
 * of the addresses that are never allowed.
 *
 * The attacker publishes these addresses in his own zone, and wants us to
 * connect to hosts that trust our network (address.h).
 */
#include <string.h>

#include "address.h"
#include "../base/assert.h"

struct block {
	uint8_t ip[16];
	uint8_t bits;
};

/* Of RFC 6890, the blocks that a mail gateway has no reason to fetch from. */
static const struct block never4[] = {
	{ { 0 }, 8 }, /* this network, unspecified */
	{ { 127 }, 8 }, /* loopback */
	{ { 169, 254 }, 16 }, /* link-local */
	{ { 224 }, 4 }, /* multicast */
	{ { 240 }, 4 }, /* reserved, broadcast */
};

static const struct block private4[] = {
	{ { 10 }, 8 },
	{ { 172, 16 }, 12 },
	{ { 192, 168 }, 16 },
	{ { 100, 64 }, 10 },
};

static const struct block never6[] = {
	{ { 0 }, 128 }, /* unspecified */
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128 },
	{ { 0xfe, 0x80 }, 10 }, /* link-local */
	{ { 0xff }, 8 }, /* multicast */
};

static const struct block private6[] = {
	{ { 0xfc }, 7 }, /* unique local */
	{ { 0xfe, 0xc0 }, 10 }, /* site-local, deprecated */
};

/* IPv6 prefixes that carry an IPv4 address, where, and what it is masked by. */
static const struct {
	struct block block;
	uint8_t off, mask;
} carriers[] = {
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12, 0 },
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12, 0 },
	{ { { 0, 0x64, 0xff, 0x9b }, 96 }, 12, 0 }, /* NAT64 */
	{ { { 0x20, 0x02 }, 16 }, 2, 0 }, /* 6to4 */
	{ { { 0x20, 0x01 }, 32 }, 4, 0 }, /* Teredo: the server */
	{ { { 0x20, 0x01 }, 32 }, 12, 0xff }, /* Teredo: the client */
	{ { { 0 }, 96 }, 12, 0 }, /* IPv4-compatible, deprecated */
};

/* NAT64 of a length that the network chooses (RFC 8215). */
static const struct block local_nat64 = { { 0, 0x64, 0xff, 0x9b, 0, 1 }, 48 };
static const uint8_t local_bits[] = { 48, 56, 64, 96 };

/* ISATAP (RFC 5214 6.1): an interface identifier that ends in the address; the
 * bit that says "universal" does not matter. */
static const uint8_t isatap[] = { 0, 0, 0x5e, 0xfe };

static bool
inside(const uint8_t *ip, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(ip, prefix, whole) != 0) {
		return false;
	}
	return rest == 0 || (ip[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool
in_any(const uint8_t *ip, const struct block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (inside(ip, blocks[i].ip, blocks[i].bits)) {
			return true;
		}
	}
	return false;
}

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool
allowed4(const struct sts_settings *s, const uint8_t *ip)
{
	return !in_any(ip, never4, COUNT(never4)) &&
	       (s->allow_private || !in_any(ip, private4, COUNT(private4)));
}

/*
 * The IPv4 address behind a prefix of so many bits (RFC 6052 2.2), without
 * octet 8. False: octet 8, or an octet behind the address, is not zero, so
 * there is no address.
 */
static bool
unwrap(uint8_t v4[4], const uint8_t *ip, unsigned bits)
{
	unsigned at = bits / 8;
	uint8_t rest = bits <= 64 ? ip[8] : 0;

	for (unsigned i = 0; i < 4; i++) {
		at += at == 8;
		v4[i] = ip[at++];
	}
	for (; at < 16; at++) {
		rest |= at == 8 ? 0 : ip[at];
	}
	return rest == 0;
}

/* Of the RFC 8215 block: every address that it may lead to must be allowed, and
 * there must be at least one. An address that begins with 0 was read at the
 * wrong place, and does not count. */
static bool
allowed_local_nat64(const struct sts_settings *s, const uint8_t *ip)
{
	bool any = false;

	for (size_t i = 0; i < COUNT(local_bits); i++) {
		uint8_t v4[4];

		if (!unwrap(v4, ip, local_bits[i]) || v4[0] == 0) {
			continue;
		}
		if (!allowed4(s, v4)) {
			return false;
		}
		any = true;
	}
	return any;
}

/* The length of the network's prefix that counts for an address: the longest, as
 * routers have it, since one may lie within another. 0: there is none. */
static unsigned
nat64_bits(const struct sts_settings *s, const uint8_t *ip)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < s->nat64_count; i++) {
		const struct sts_prefix *p = &s->nat64[i];

		if (p->bits > bits && inside(ip, p->addr.ip, p->bits)) {
			bits = p->bits;
		}
	}
	return bits;
}

/* Whether the address that the network's translators make of it is allowed. */
static bool
allowed_by_nat64(const struct sts_settings *s, const uint8_t *ip)
{
	unsigned bits = nat64_bits(s, ip);

	if (bits > 0) {
		uint8_t v4[4];

		(void)unwrap(v4, ip, bits);
		return allowed4(s, v4);
	}
	return !inside(ip, local_nat64.ip, local_nat64.bits) ||
	       allowed_local_nat64(s, ip);
}

/* Whether the addresses that tunnels make of it are allowed. */
static bool
allowed_by_tunnels(const struct sts_settings *s, const uint8_t *ip)
{
	for (size_t i = 0; i < COUNT(carriers); i++) {
		uint8_t v4[4];

		if (!inside(ip, carriers[i].block.ip, carriers[i].block.bits)) {
			continue;
		}
		for (unsigned k = 0; k < sizeof v4; k++) {
			v4[k] = ip[carriers[i].off + k] ^ carriers[i].mask;
		}
		if (!allowed4(s, v4)) {
			return false;
		}
	}
	return (ip[8] & 0xfdU) != isatap[0] ||
	       memcmp(ip + 9, isatap + 1, sizeof isatap - 1) != 0 ||
	       allowed4(s, ip + 12);
}

static bool
allowed6(const struct sts_settings *s, const uint8_t *ip)
{
	if (in_any(ip, never6, COUNT(never6)) ||
	    (!s->allow_private && in_any(ip, private6, COUNT(private6)))) {
		return false;
	}
	return allowed_by_tunnels(s, ip) && allowed_by_nat64(s, ip);
}

bool
sts_address_is_nat64(const struct sts_prefix *p)
{
	static const uint8_t lengths[] = { 32, 40, 48, 56, 64, 96 };

	return p->addr.af == STS_AF_INET6 &&
	       memchr(lengths, p->bits, sizeof lengths) != NULL;
}

bool
sts_address_allowed(const struct sts_settings *s, const struct sts_addr *a)
{
	if (!STS_INET6 && a->af != STS_AF_INET) {
		return false;
	}
	for (unsigned i = 0; i < s->allow_count; i++) {
		const struct sts_prefix *p = &s->allow[i];

		if (p->addr.af == a->af && inside(a->ip, p->addr.ip, p->bits)) {
			return true;
		}
	}
	if (a->af == STS_AF_INET) {
		return allowed4(s, a->ip);
	}
	return STS_INET6 && a->af == STS_AF_INET6 && allowed6(s, a->ip);
}

bool
sts_address_same(const struct sts_addr *a, const struct sts_addr *b)
{
	return a->af == b->af &&
	       memcmp(a->ip, b->ip, a->af == STS_AF_INET ? 4 : 16) == 0;
}

struct sts_addr
sts_address_of(struct sts_text rdata, uint16_t port)
{
	struct sts_addr a;

	STS_ASSERT(rdata.n == 4 || rdata.n == 16);
	memset(&a, 0, sizeof a);
	a.af = rdata.n == 4 ? STS_AF_INET : STS_AF_INET6;
	a.port = port;
	memcpy(a.ip, rdata.p, rdata.n);
	return a;
}
