/* SPDX-License-Identifier: MIT */
/*
 * A builder of DNS messages for tests. A name is text, and "" is the root.
 * "@12" at the end of a name, or alone, is a compression pointer to offset 12:
 * "www.@12".
 */
#ifndef STS_DNS_BUILD_H
#define STS_DNS_BUILD_H

#include <stdlib.h>
#include <string.h>

#include "../../core/base/bytes.h"
#include "../../dns/message.h"

enum {
	BUILD_SIZE = 65535,
	ANSWER = 0,
	AUTHORITY,
	ADDITIONAL,
	/* Flags of a usual answer: QR, RD, RA. */
	ANSWERED = 0x8180,
	NO_RA = 0x8100,
	TC = 0x0200,
	AD = 0x0020
};

struct build {
	size_t n;
	uint8_t p[BUILD_SIZE];
};

static inline void
build_put(struct build *b, const void *p, size_t n)
{
	if (n > BUILD_SIZE - b->n) {
		abort();
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static inline void
build_u16(struct build *b, unsigned v)
{
	uint8_t p[2];

	sts_put16be(p, (uint16_t)v);
	build_put(b, p, 2);
}

static inline void
build_u32(struct build *b, uint32_t v)
{
	build_u16(b, v >> 16);
	build_u16(b, v & 0xffffU);
}

static inline void
build_name(struct build *b, const char *name)
{
	while (*name != '\0' && *name != '@') {
		size_t n = strcspn(name, ".@");
		uint8_t len = (uint8_t)n;

		build_put(b, &len, 1);
		build_put(b, name, n);
		name += name[n] == '.' ? n + 1 : n;
	}
	if (*name == '@') {
		build_u16(b, 0xc000U | (unsigned)atoi(name + 1));
	} else {
		build_put(b, "", 1);
	}
}

static inline void
build_begin(struct build *b, unsigned id, unsigned flags, const char *name,
    unsigned type)
{
	b->n = 0;
	build_u16(b, id);
	build_u16(b, flags);
	build_u16(b, 1);
	build_u16(b, 0);
	build_u32(b, 0);
	build_name(b, name);
	build_u16(b, type);
	build_u16(b, 1);
}

/* Append a record without its RDATA. Returns where its RDATA begins. */
static inline size_t
build_rr(struct build *b, unsigned section, const char *owner, unsigned type,
    unsigned class, uint32_t ttl)
{
	uint8_t *count = b->p + 6 + 2 * section;

	sts_put16be(count, (uint16_t)(sts_get16be(count) + 1U));
	build_name(b, owner);
	build_u16(b, type);
	build_u16(b, class);
	build_u32(b, ttl);
	build_u16(b, 0);
	return b->n;
}

/* Set RDLENGTH to the number of octets since `rdata`. */
static inline void
build_end(struct build *b, size_t rdata)
{
	sts_put16be(b->p + rdata - 2, (uint16_t)(b->n - rdata));
}

/*
 * Append a whole record of class IN, whose RDATA is made from text. CNAME, NS,
 * MX: a name. SOA: MINIMUM in decimal. TXT: strings separated by '|'. A, AAAA:
 * the last octet in decimal. Other types: the bytes of the text.
 */
static inline void
build_record(struct build *b, unsigned section, const char *owner,
    unsigned type, uint32_t ttl, const char *text)
{
	size_t at = build_rr(b, section, owner, type, 1, ttl);
	uint8_t octet = (uint8_t)atoi(text);

	switch (type) {
	case STS_DNS_MX:
		build_u16(b, 10);
		build_name(b, text);
		break;
	case STS_DNS_CNAME:
	case STS_DNS_NS:
		build_name(b, text);
		break;
	case STS_DNS_SOA:
		build_name(b, "ns.example");
		build_name(b, "");
		build_put(b, "0123456789abcdef", 16);
		build_u32(b, (uint32_t)strtoul(text, NULL, 10));
		break;
	case STS_DNS_TXT:
		for (;;) {
			size_t n = strcspn(text, "|");
			uint8_t len = (uint8_t)n;

			build_put(b, &len, 1);
			build_put(b, text, n);
			if (text[n] == '\0') {
				break;
			}
			text += n + 1;
		}
		break;
	case STS_DNS_A:
		build_put(b, "\300\0\2", 3);
		build_put(b, &octet, 1);
		break;
	case STS_DNS_AAAA:
		build_put(b, "\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0", 15);
		build_put(b, &octet, 1);
		break;
	default:
		build_put(b, text, strlen(text));
		break;
	}
	build_end(b, at);
}

/* Append an OPT record. `ttl` holds the upper bits of the RCODE and the
 * version. */
static inline void
build_opt(struct build *b, unsigned section, const char *owner, uint32_t ttl)
{
	/* an unknown option (65001) of three bytes */
	static const uint8_t option[] = { 0xfd, 0xe9, 0, 3, 1, 2, 3 };
	size_t at = build_rr(b, section, owner, STS_DNS_OPT, 4096, ttl);

	build_put(b, option, sizeof option);
	build_end(b, at);
}

static inline struct sts_text
build_text(const struct build *b)
{
	return sts_text(b->p, b->n);
}

#endif
