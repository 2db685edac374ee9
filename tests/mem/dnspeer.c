/* SPDX-License-Identifier: MIT */
/* The DNS's wire format for a name server of tests. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnspeer.h"

static const struct {
	const char *name;
	unsigned type;
} types[] = {
	{ "A", DNSPEER_A },
	{ "CNAME", DNSPEER_CNAME },
	{ "MX", DNSPEER_MX },
	{ "TXT", DNSPEER_TXT },
	{ "AAAA", DNSPEER_AAAA },
	{ "TLSA", DNSPEER_TLSA },
};

unsigned
dnspeer_type(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcmp(types[i].name, word) == 0) {
			return types[i].type;
		}
	}
	return 0;
}

const char *
dnspeer_type_name(unsigned type)
{
	size_t i;

	for (i = 0; i < sizeof types / sizeof *types; i++) {
		if (types[i].type == type) {
			return types[i].name;
		}
	}
	return "?";
}

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The name at *off, uncompressed. Returns false when it is not a name. */
static bool
read_name(char *out, const uint8_t *p, size_t n, size_t *off)
{
	size_t len = 0;

	while (*off < n && p[*off] != 0) {
		size_t label = p[*off];

		if (label > 63 || n - *off - 1 < label ||
		    DNSPEER_NAME - len < label + 2) {
			return false;
		}
		if (len > 0) {
			out[len++] = '.';
		}
		memcpy(out + len, p + *off + 1, label);
		len += label;
		*off += 1 + label;
	}
	out[len] = '\0';
	*off += 1;
	return *off <= n;
}

/* The OPT record that ends a query (RFC 6891 6.1.2). Late tries omit it, for
 * servers that cannot read it. */
static const char *
check_opt(const uint8_t *p, size_t n)
{
	if (n < 11 || p[0] != 0 || get16(p + 1) != 41) {
		return "a query without EDNS0";
	}
	if (get16(p + 3) < 512) {
		return "a query that offers less than 512 octets";
	}
	if (p[6] != 0 || n - 11 != get16(p + 9)) {
		return "a query with a malformed OPT record";
	}
	return NULL;
}

/* Check the header of a query. Returns NULL when it is right. */
static const char *
check_head(const uint8_t *p, size_t n)
{
	if (n < 12) {
		return "a query shorter than its header";
	}
	/* QR 0, opcode 0, RD 1; TC, RA, Z, CD, RCODE 0; AD either way. */
	if (p[2] != 0x01 || (p[3] & 0xdf) != 0) {
		return "a query with wrong flags";
	}
	if (get16(p + 4) != 1 || get16(p + 6) != 0 || get16(p + 8) != 0 ||
	    get16(p + 10) > 1) {
		return "a query with wrong counts";
	}
	return NULL;
}

static bool
has_upper_case(const char *s)
{
	while (*s != '\0' && (*s < 'A' || *s > 'Z')) {
		s++;
	}
	return *s != '\0';
}

const char *
dnspeer_read(struct dnspeer_question *q, const uint8_t *p, size_t n)
{
	const char *wrong = check_head(p, n);
	size_t off = 12;

	if (wrong != NULL) {
		return wrong;
	}
	if (!read_name(q->name, p, n, &off) || n - off < 4) {
		return "a query with a malformed name";
	}
	if (has_upper_case(q->name)) {
		return "a query in upper case";
	}
	if (get16(p + off + 2) != 1) {
		return "a query of a class other than IN";
	}
	q->id = (uint16_t)get16(p);
	q->type = (uint16_t)get16(p + off);
	off += 4;
	q->edns = get16(p + 10) == 1;
	if (!q->edns) {
		return n == off ? NULL : "a query with bytes after it";
	}
	return check_opt(p + off, n - off);
}

static void
put(struct dnspeer_answer *a, const void *p, size_t n)
{
	if (n > sizeof a->p - a->n) {
		abort();
	}
	memcpy(a->p + a->n, p, n);
	a->n += n;
}

static void
put16(struct dnspeer_answer *a, unsigned v)
{
	uint8_t b[2];

	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
	put(a, b, sizeof b);
}

static void
put32(struct dnspeer_answer *a, uint32_t v)
{
	put16(a, v >> 16);
	put16(a, v & 0xffff);
}

static void
put_name(struct dnspeer_answer *a, const char *name)
{
	while (*name != '\0') {
		const char *dot = strchr(name, '.');
		size_t n = dot == NULL ? strlen(name) : (size_t)(dot - name);
		uint8_t len = (uint8_t)n;

		put(a, &len, 1);
		for (size_t i = 0; i < n; i++) {
			put(a, name[i] == '^' ? "." : name + i, 1);
		}
		name += dot == NULL ? n : n + 1;
	}
	put(a, "", 1);
}

void
dnspeer_begin(struct dnspeer_answer *a, const struct dnspeer_question *q,
    unsigned rcode, bool tc, bool ad)
{
	unsigned flags = 0x8180; /* QR, RD, RA */

	a->n = 0;
	put16(a, q->id);
	put16(a, flags | (tc ? 0x0200u : 0) | (ad ? 0x0020u : 0) | rcode);
	put16(a, 1);
	put16(a, 0);
	put16(a, 0);
	put16(a, 0);
	put_name(a, q->name);
	put16(a, q->type);
	put16(a, 1);
}

static void
count(struct dnspeer_answer *a, size_t at)
{
	unsigned n = get16(a->p + at) + 1;

	a->p[at] = (uint8_t)(n >> 8);
	a->p[at + 1] = (uint8_t)n;
}

static void
put_txt(struct dnspeer_answer *a, const char *value)
{
	size_t n = strlen(value);

	do {
		uint8_t len = (uint8_t)(n < 255 ? n : 255);

		put(a, &len, 1);
		put(a, value, len);
		value += len;
		n -= len;
	} while (n > 0);
}

/* "mx1.example.com", or "20 mx1.example.com" for a preference other than 10.
 * The name "." is the root. */
static void
put_mx(struct dnspeer_answer *a, const char *value)
{
	char *end;
	unsigned long preference = strtoul(value, &end, 10);
	bool given = end != value && *end == ' ';
	const char *name = given ? end + 1 : value;

	put16(a, given ? (unsigned)preference : 10);
	put_name(a, strcmp(name, ".") == 0 ? "" : name);
}

/* "3 1 1": usage, selector, matching type, and data as long as that type
 * requires; or a length after them: "3 1 1 31". */
static bool
put_tlsa(struct dnspeer_answer *a, const char *value)
{
	unsigned n[4] = { 0, 0, 0, 100 }, i, given;
	uint8_t p[4096];
	char *end;

	for (i = 0; i < 4 && *value != '\0'; i++) {
		n[i] = (unsigned)strtoul(value, &end, 10);
		if (end == value) {
			return false;
		}
		value = end;
		if (i == 2 && *value == '\0' && n[2] >= 1 && n[2] <= 2) {
			n[3] = 32 * n[2];
		}
	}
	given = i;
	if (given < 1 || n[3] > sizeof p - 3) {
		return false;
	}
	memset(p, 0xda, sizeof p);
	for (i = 0; i < 3; i++) {
		p[i] = (uint8_t)n[i];
	}
	put(a, p, given < 3 ? given : 3 + n[3]);
	return true;
}

static bool
put_data(struct dnspeer_answer *a, unsigned type, const char *value)
{
	uint8_t ip[16];

	switch (type) {
	case DNSPEER_A:
		if (inet_pton(AF_INET, value, ip) != 1) {
			return false;
		}
		put(a, ip, 4);
		return true;
	case DNSPEER_AAAA:
		if (inet_pton(AF_INET6, value, ip) != 1) {
			return false;
		}
		put(a, ip, 16);
		return true;
	case DNSPEER_CNAME:
		put_name(a, value);
		return true;
	case DNSPEER_TXT:
		put_txt(a, value);
		return true;
	case DNSPEER_MX:
		put_mx(a, value);
		return true;
	case DNSPEER_TLSA:
		return put_tlsa(a, value);
	default:
		return false;
	}
}

bool
dnspeer_add(struct dnspeer_answer *a, const char *name, unsigned type,
    uint32_t ttl, const char *value)
{
	size_t at, len;

	put_name(a, name);
	put16(a, type);
	put16(a, 1);
	put32(a, ttl);
	at = a->n;
	put16(a, 0);
	if (!put_data(a, type, value)) {
		return false;
	}
	len = a->n - at - 2;
	a->p[at] = (uint8_t)(len >> 8);
	a->p[at + 1] = (uint8_t)len;
	count(a, 6);
	return true;
}

void
dnspeer_soa(struct dnspeer_answer *a, uint32_t ttl)
{
	put_name(a, "");
	put16(a, 6);
	put16(a, 1);
	put32(a, ttl);
	put16(a, 22);
	put_name(a, "");
	put_name(a, "");
	put32(a, 1);
	put32(a, 3600);
	put32(a, 600);
	put32(a, 86400);
	put32(a, ttl);
	count(a, 8);
}
