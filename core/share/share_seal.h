/* SPDX-License-Identifier: MIT */
/*
 * A policy in the form in which gateways exchange it, through a store that none
 * of them trusts.
 *
 *	"MS1"        3   this version of the format
 *	mode         1   enum sts_mode
 *	flags        1   0
 *	fetched      8   seconds since 1970, big-endian; > 0, below 2^32
 *	max_age      4   seconds, 1..STS_MAX_AGE_MAX
 *	payload          id and patterns, as in core/cache/payload.h
 *	code        32   HMAC-SHA-256 under the fleet's key of the domain's
 *	                 length (one octet), the domain, and all of the above
 *
 * Whoever can write to the store can delete a record, or put back one that was
 * there before, so the reader judges the stamp `fetched`. He cannot make a
 * record, nor move one to another domain, since the domain is under the code. A
 * record that is not exactly what the format says is refused whatever its code,
 * so that a gateway which was taken over still brings no syntax into answers.
 */
#ifndef STS_SHARE_SEAL_H
#define STS_SHARE_SEAL_H

#include "../../tls/mac.h"
#include "../grammar/policy.h"
#include "../grammar/record.h"

enum {
	STS_SEAL_HEADER = 17,
	STS_SEAL_KEYS = 2, /* accepted at once, while keys are rolled */
	/* The longest record: every pattern as long as can be would be more
	 * than a policy body may hold. */
	STS_SEAL_MAX = 65536 + 128,
	/* The shortest: an id of one octet and no pattern. */
	STS_SEAL_MIN = STS_SEAL_HEADER + 2 + STS_MAC_SIZE
};

/* Keys: records are sealed with the first, and either opens one. */
struct sts_seal_keys {
	unsigned count; /* 1..STS_SEAL_KEYS */
	uint8_t key[STS_SEAL_KEYS][STS_MAC_KEY];
};

/* What stands before the payload. */
struct sts_seal_head {
	uint8_t mode; /* enum sts_mode */
	uint32_t fetched_s; /* > 0 */
	uint32_t max_age_s; /* 1..STS_MAX_AGE_MAX */
};

/*
 * Sealing: begin writes the header, add takes the payload in pieces of any
 * size, which the caller puts behind the header, and end gives the code that
 * goes last. The domain has 1..STS_NAME_MAX octets and is lower-case.
 */
void sts_seal_begin(struct sts_mac *m, const struct sts_seal_keys *keys,
    struct sts_text domain, const struct sts_seal_head *head,
    uint8_t out[STS_SEAL_HEADER]);
void sts_seal_end(struct sts_mac *m, uint8_t out[STS_MAC_SIZE]);

enum sts_unsealed {
	STS_UNSEALED_OK = 0,
	STS_UNSEALED_SYNTAX, /* not a record, or not of this version */
	STS_UNSEALED_MAC /* not sealed with a key of ours, or for another domain */
};

/* A record being read. */
struct sts_unseal {
	/* Valid from the first pattern, or the end, on. */
	struct sts_seal_head head;
	uint8_t id_len;
	uint8_t id[STS_ID_MAX];
	uint16_t mx_count;
	/* > 0 after a feed: a pattern is complete. */
	uint16_t mx_len;
	uint8_t mx[STS_MX_MAX];

	/* Private. */
	uint8_t state;
	bool failed;
	size_t left; /* octets of the payload still to come */
	uint8_t want; /* of the item being read */
	uint16_t have;
	uint8_t held[STS_MAC_SIZE]; /* the header, then the code */
	unsigned key_count;
	struct sts_mac mac[STS_SEAL_KEYS];
};

/* Begin with a record of `len` octets, allegedly the domain's. A length that no
 * record can have is a failure. */
void sts_unseal_begin(struct sts_unseal *u, const struct sts_seal_keys *keys,
    struct sts_text domain, size_t len);

/*
 * Take octets up to the end of a pattern, or all n (>= 1); in all no more than
 * `len`. Returns how many were taken, 1..n. Nothing of it may be believed
 * before sts_unseal_end. After a failure all octets are taken and ignored.
 */
size_t sts_unseal_feed(struct sts_unseal *u, const uint8_t *p, size_t n);

/* Whether it is known already that this is no record: reading on is useless. */
bool sts_unseal_failed(const struct sts_unseal *u);

/* All octets were fed: return the verdict, and wipe the codes. */
enum sts_unsealed sts_unseal_end(struct sts_unseal *u);

#endif
