/* SPDX-License-Identifier: MIT */
/*
 * Addresses in text, by which servers name one another (MOVED, Sentinel). Core
 * has no other use for them: the board reads those of the operator.
 */
#include <string.h>

#include "../base/text.h"
#include "../dial/address.h"
#include "share_private.h"

/* "192.0.2.1" */
static bool
digits_dots(struct sts_text t, uint8_t ip[16])
{
	unsigned n = 0;

	while (t.n > 0 && n < 4) {
		struct sts_text part = sts_text_field(&t, '.');
		uint64_t v;

		if (!sts_get_decimal(part, 3, &v) || v > 255) {
			return false;
		}
		ip[n++] = (uint8_t)v;
	}
	return n == 4 && t.n == 0;
}

static bool
hex_digit(uint8_t c, unsigned *v)
{
	c = sts_lower(c);
	if (sts_is_digit(c)) {
		*v = *v * 16 + (unsigned)(c - '0');
	} else if (c >= 'a' && c <= 'f') {
		*v = *v * 16 + (unsigned)(c - 'a') + 10;
	} else {
		return false;
	}
	return true;
}

/* Groups of hexadecimal digits, separated by single colons, into out; how many
 * octets, or -1. */
static int
groups(struct sts_text t, uint8_t out[16])
{
	int n = 0;

	while (t.n > 0) {
		struct sts_text part = sts_text_field(&t, ':');
		unsigned v = 0;

		if (n == 16 || part.n == 0 || part.n > 4) {
			return -1;
		}
		for (size_t i = 0; i < part.n; i++) {
			if (!hex_digit(part.p[i], &v)) {
				return -1;
			}
		}
		sts_put16be(out + n, (uint16_t)v);
		n += 2;
	}
	return n;
}

/* "fe80::1", with or without brackets; without a scope. */
static bool
colons(struct sts_text t, uint8_t ip[16])
{
	uint8_t tail[16];
	size_t gap = 0;
	int head, rest;

	while (gap + 1 < t.n && memcmp(t.p + gap, "::", 2) != 0) {
		gap++;
	}
	memset(ip, 0, 16);
	if (gap + 1 >= t.n) {
		return groups(t, ip) == 16;
	}
	head = groups(sts_text(t.p, gap), ip);
	rest = groups(sts_text_skip(t, gap + 2), tail);
	if (head < 0 || rest < 0 || head + rest > 14) {
		return false;
	}
	memcpy(ip + 16 - rest, tail, (size_t)rest);
	return true;
}

bool
sts_share_literal(struct sts_text host, uint16_t port, struct sts_addr *a)
{
	uint8_t ip[16];

	memset(ip, 0, sizeof ip);
	if (digits_dots(host, ip)) {
		*a = sts_address_of(sts_text(ip, 4), port);
		return true;
	}
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
		host = sts_text(host.p + 1, host.n - 2);
	}
	if (colons(host, ip)) {
		*a = sts_address_of(sts_text(ip, 16), port);
		return true;
	}
	return false;
}
