/* SPDX-License-Identifier: MIT */
/*
 * Trust anchors packed into a block: name hash, key, constraints; read from a
 * PEM bundle byte by byte, or from a const table a board was linked with.
 *
 * Example, with struct sts_text pem, struct sts_anchors *set:
 *
 *	static uint64_t load[STS_ANCHORS_LOAD_SIZE_MAX / 8];
 *	static uint8_t block[65536];
 *	struct sts_anchors_load *l = (struct sts_anchors_load *)load;
 *
 *	sts_anchors_begin(l, block, sizeof block);
 *	sts_anchors_feed(l, pem);
 *	if (sts_anchors_end(l, set) == STS_ANCHORS_OK) {
 *		STS_ASSERT(set->count > 0 && set->base == block);
 *	}
 *
 * One odd certificate costs the others nothing: it is left out and named
 * (sts_anchors_next), and a bundle is refused only when none of its
 * certificates can be used. A wrong root in a bundle is no danger, since it
 * vouches for nothing.
 *
 * Load into a second block and change over to its set when nothing uses the
 * old one any more: nothing here touches a set that is in use. The bytes of a
 * set (base, len) are position-independent and the same on every machine: a
 * tool can write them out and a board link them as a const table.
 */
#ifndef STS_TLS_ANCHORS_H
#define STS_TLS_ANCHORS_H

#include "../../core/base/bytes.h"
#include "../../core/base/why.h"

/* A finished, immutable set. */
struct sts_anchors {
	const uint8_t *base; /* packed records, one after the other */
	size_t len;
	unsigned count;
};

enum sts_anchors_error {
	STS_ANCHORS_OK = 0,
	STS_ANCHORS_EMPTY, /* no usable certificate */
	STS_ANCHORS_FULL /* and none of them fits the block */
};

enum {
	STS_ANCHORS_SUBJECT_MAX = 64
};

/* A block of the bundle that is not in the set. */
struct sts_anchors_left {
	uint32_t line; /* where it begins, from 1 */
	const char *reason; /* a sentence about it, for people */
	/* The common name or the organisation, as far as the certificate can
	 * be read, or of another block its label; any bytes: to be escaped. */
	uint8_t subject_len;
	uint8_t subject[STS_ANCHORS_SUBJECT_MAX];
};

/* Not less than sts_anchors_load_size(), for static placing. */
#define STS_ANCHORS_LOAD_SIZE_MAX 8704

/* A load in progress, of sts_anchors_load_size() bytes, aligned for a
 * uint64_t. */
struct sts_anchors_load;

/* Bytes of a load. */
size_t sts_anchors_load_size(void);

/* Begin to read a bundle into block[0..size). */
void sts_anchors_begin(struct sts_anchors_load *l, uint8_t *block, size_t size);

/*
 * Take the next piece of the file, up to a block that is left out, or all of
 * it. Returns that block, valid until the next call, or NULL: all was taken.
 * *pem is advanced over what was taken; call again while it is not empty.
 *
 * Text between PEM blocks is skipped (pem.h has what is taken for a block). A
 * certificate that is in the set already is not kept again, and is not counted
 * as left out. These are left out: certificates that are broken, as PEM or as
 * DER, even by one byte too many; those that could be part of no path (the key
 * is not supported or too weak, a critical extension is not understood); those
 * that have no room; those that OpenSSL's trust settings in a "TRUSTED
 * CERTIFICATE" do not allow to vouch for TLS servers; and blocks that are no
 * certificates. Each leaves the others as they are.
 */
const struct sts_anchors_left *sts_anchors_next(
    struct sts_anchors_load *l, struct sts_text *pem);

/* The same for the whole piece, whatever is left out. */
void sts_anchors_feed(struct sts_anchors_load *l, struct sts_text pem);

/* The end of the file: the block that it cuts, which is left out, or NULL.
 * Before sts_anchors_end, which does the same for callers that do not ask. */
const struct sts_anchors_left *sts_anchors_last(struct sts_anchors_load *l);

/*
 * The end of the file. OK: *set is filled and points into the block, with at
 * least one certificate. Else *set is unchanged.
 */
enum sts_anchors_error sts_anchors_end(
    struct sts_anchors_load *l, struct sts_anchors *set);

/* How many octets at the beginning of the block were written so far; the others
 * are untouched. */
size_t sts_anchors_touched(const struct sts_anchors_load *l);

/* Bytes of block that the certificates so far take, whether they fit or not:
 * about 350 a certificate, 52,549 for the 150 of Debian 12. */
size_t sts_anchors_needed(const struct sts_anchors_load *l);

/* Blocks left out so far. */
unsigned sts_anchors_left_out(const struct sts_anchors_load *l);

/*
 * A set that was written out before, as a const table. False, and *set
 * unchanged: the bytes are no set. O(len).
 */
bool sts_anchors_table(
    struct sts_anchors *set, const uint8_t *base, size_t len);

/* An error in words, for people. */
const char *sts_anchors_error_text(enum sts_anchors_error e);

#endif
