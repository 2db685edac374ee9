/* SPDX-License-Identifier: MIT */
/*
 * Trust anchors packed into a block: name hash, key, constraints; read from a
 * PEM bundle byte by byte, or from a const table a board was linked with.
 *
 *	sts_anchors_begin(l, block, size);
 *	for each piece of the file
 *		sts_anchors_feed(l, piece);
 *	if (sts_anchors_end(l, &set) == STS_ANCHORS_OK)
 *		... block holds the set
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
	STS_ANCHORS_FULL, /* larger than the block */
	STS_ANCHORS_TRUNCATED, /* ends inside a PEM block */
	STS_ANCHORS_MALFORMED /* broken base64, or DER in a certificate */
};

/* Not less than sts_anchors_load_size(), for static placing. */
#define STS_ANCHORS_LOAD_SIZE_MAX 6144

/* A load in progress, of sts_anchors_load_size() bytes, aligned for a
 * uint64_t. */
struct sts_anchors_load;

size_t sts_anchors_load_size(void);

/*
 * Begin to read a bundle into block[0..size). With block NULL nothing is
 * kept: the load only measures (sts_anchors_needed) and checks.
 */
void sts_anchors_begin(struct sts_anchors_load *l, uint8_t *block, size_t size);

/*
 * Take the next piece of the file. Junk between PEM blocks is skipped, and so
 * are blocks that are no certificates. Certificates that could not be part of
 * any path (their key is not supported or too weak, a critical extension is
 * unknown) are skipped and counted.
 */
void sts_anchors_feed(struct sts_anchors_load *l, struct sts_text pem);

/*
 * The end of the file. OK: *set is filled and points into the block (block
 * NULL: *set is unchanged). Else *set is unchanged.
 */
enum sts_anchors_error sts_anchors_end(
    struct sts_anchors_load *l, struct sts_anchors *set);

/* Bytes of block that the certificates so far take, whether they fit or not:
 * about 350 a certificate, 52,549 for the 150 of Debian 12. */
size_t sts_anchors_needed(const struct sts_anchors_load *l);

/* Certificates skipped so far. */
unsigned sts_anchors_skipped(const struct sts_anchors_load *l);

/*
 * A set that was written out before, as a const table. False, and *set
 * unchanged: the bytes are no set. O(len).
 */
bool sts_anchors_table(
    struct sts_anchors *set, const uint8_t *base, size_t len);

const char *sts_anchors_error_text(enum sts_anchors_error e);

#endif
