/* SPDX-License-Identifier: MIT */
/*
 * HMAC-SHA-256 (RFC 2104) over octets that come in pieces, for rooms that may
 * not look into BearSSL.
 *
 *	struct sts_mac m;
 *	uint8_t sum[STS_MAC_SIZE];
 *
 *	sts_mac_begin(&m, key);
 *	sts_mac_add(&m, text);
 *	sts_mac_end(&m, sum);
 *	if (sts_mac_same(sum, theirs)) ...
 */
#ifndef STS_MAC_H
#define STS_MAC_H

#include "../core/base/bytes.h"

enum {
	STS_MAC_KEY = 32, /* octets of a key */
	STS_MAC_SIZE = 32 /* octets of a code */
};

struct sts_mac {
	/* Private: BearSSL's context, whose size mac.c checks. */
	uint64_t space[48];
};

/* Begin a code; the key is copied. Add octets, in pieces of any size. */
void sts_mac_begin(struct sts_mac *m, const uint8_t key[STS_MAC_KEY]);
void sts_mac_add(struct sts_mac *m, struct sts_text t);

/* Once; *m is wiped. */
void sts_mac_end(struct sts_mac *m, uint8_t out[STS_MAC_SIZE]);

/* Whether two codes are the same; the time does not show where they differ. */
bool sts_mac_same(const uint8_t a[STS_MAC_SIZE], const uint8_t b[STS_MAC_SIZE]);

#endif
