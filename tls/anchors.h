/* SPDX-License-Identifier: MIT */
/*
 * Trust anchors packed into a block: name hash, key, constraints; read from a
 * PEM bundle byte by byte, or from a const table a board was linked with.
 */
#ifndef STS_TLS_ANCHORS_H
#define STS_TLS_ANCHORS_H

#include "../core/base/bytes.h"
#include "../core/base/why.h"

/* A finished, immutable set. */
struct sts_anchors {
	/* Private. */
	const uint8_t *base; /* packed records, one after the other */
	size_t len;
	unsigned count;
};

enum sts_anchors_error {
	STS_ANCHORS_OK = 0,
	STS_ANCHORS_EMPTY, /* no usable certificate */
	STS_ANCHORS_FULL, /* larger than the block */
	STS_ANCHORS_TRUNCATED, /* ends inside a certificate */
	STS_ANCHORS_MALFORMED /* broken base64 or DER in a certificate */
};

/* A load in progress, of sts_anchors_load_size() bytes. */
struct sts_anchors_load;

size_t sts_anchors_load_size(void);

/* Begin to read a bundle into block[0..size). */
void sts_anchors_begin(struct sts_anchors_load *l, uint8_t *block, size_t size);

/* Take the next piece of the file. Junk between PEM blocks is skipped;
 * certificates with keys we cannot use are skipped and counted. */
void sts_anchors_feed(struct sts_anchors_load *l, struct sts_text pem);

/* The end of the file. OK: *set is filled and points into the block. Else
 * *set is unchanged. */
enum sts_anchors_error sts_anchors_end(
    struct sts_anchors_load *l, struct sts_anchors *set);

/* Certificates skipped so far because of their key type. */
unsigned sts_anchors_skipped(const struct sts_anchors_load *l);

const char *sts_anchors_error_text(enum sts_anchors_error e);

#endif
