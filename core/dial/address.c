/* SPDX-License-Identifier: MIT */
/* Which addresses a policy may be fetched from: tables of prefixes. */
#include <string.h>

#include "address.h"
#include "../base/assert.h"

struct block {
	uint8_t ip[16];
	uint8_t bits;
};

/* RFC 6890 and what a mail gateway has no business fetching from. */
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

/* IPv6 prefixes that carry an IPv4 address, and where. */
static const struct {
	struct block block;
	uint8_t off;
} carriers[] = {
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12 },
	{ { { 0, 0x64, 0xff, 0x9b }, 96 }, 12 }, /* NAT64 */
	{ { { 0x20, 0x02 }, 16 }, 2 }, /* 6to4 */
	{ { { 0 }, 96 }, 12 }, /* IPv4-compatible, deprecated */
};

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

static bool
allowed6(const struct sts_settings *s, const uint8_t *ip)
{
	if (in_any(ip, never6, COUNT(never6)) ||
	    (!s->allow_private && in_any(ip, private6, COUNT(private6)))) {
		return false;
	}
	for (size_t i = 0; i < COUNT(carriers); i++) {
		if (inside(ip, carriers[i].block.ip, carriers[i].block.bits)) {
			return allowed4(s, ip + carriers[i].off);
		}
	}
	return true;
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
