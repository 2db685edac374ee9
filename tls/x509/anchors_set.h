/* SPDX-License-Identifier: MIT */
/*
 * The packed form of trust anchors: records one after the other, no pointers,
 * integers big-endian, so that a set can be moved, written out and linked into
 * a board's flash as it is.
 *
 *	0	2	bytes of this record
 *	2	16	SHA-256 of the subject's RDNs, cut
 *	18	8	notAfter, seconds since 1970
 *	26	2	flags (x509_cert.h), HASH below
 *	28	1	pathLenConstraint, 255: none
 *	29	1	kind of key
 *	30	2	bytes of the modulus or point
 *	32	1	bytes of the exponent
 *	33	1	0
 *	34	2	bytes of name constraints
 *	36		modulus or point, exponent, name constraints (x509_names.h)
 *		32	TBS hash, cut, if HASH is among the flags
 */
#ifndef STS_TLS_ANCHORS_SET_H
#define STS_TLS_ANCHORS_SET_H

#include "anchors.h"
#include "x509_verify.h"

enum {
	STS_ANCHOR_HEAD = 36,
	STS_ANCHOR_HASH_LEN = 32,
	/* It may be a leaf itself, known by its hash. */
	STS_ANCHOR_HASH = 0x8000
};

/* One anchor; its bytes are the set's. */
struct sts_anchor {
	const uint8_t *subject; /* STS_X509_NAME_HASH bytes */
	int64_t not_after_s;
	uint16_t flags;
	uint8_t path_len;
	struct sts_x509_pubkey key;
	struct sts_text nc;
	const uint8_t *hash; /* STS_ANCHOR_HASH_LEN bytes or NULL */
};

/* The anchor at *pos, which is moved behind it. False: there is none. */
bool sts_anchor_next(
    const struct sts_anchors *set, size_t *pos, struct sts_anchor *a);

/* Bytes that the certificate c takes as a record. */
size_t sts_anchor_size(const struct sts_x509_cert *c);

/* Write c, whose bytes are in arena, as a record of that size. */
void sts_anchor_put(
    uint8_t *out, const struct sts_x509_cert *c, const uint8_t *arena);

#endif
