/* SPDX-License-Identifier: MIT */
/* The trust anchors, from a PEM bundle. */
#ifndef STS_ROOTS_H
#define STS_ROOTS_H

#include "../../tls/x509/anchors.h"

enum {
	STS_ROOTS_FILE_MAX = 16 << 20 /* bytes of a bundle that are read */
};

/*
 * The file to read: `configured`, or if that is "" the first of the systems'
 * usual places that can be read, or the first of them.
 */
const char *sts_roots_file(const char *configured);

struct sts_roots {
	struct sts_anchors set;
	unsigned skipped; /* keys we cannot use */
};

/*
 * Read the bundle into block[0..size). `load` is scratch of
 * sts_anchors_load_size() bytes. NULL: *out is filled and points into the
 * block; else what is wrong, and *out is unchanged.
 */
const char *sts_roots_load(const char *path, uint8_t *block, size_t size,
    struct sts_anchors_load *load, struct sts_roots *out);

#endif
