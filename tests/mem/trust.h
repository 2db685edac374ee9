/* SPDX-License-Identifier: MIT */
/* The root of tests/mem/ca, as trust anchors for clients of its hosts. */
#ifndef STS_TEST_TRUST_H
#define STS_TEST_TRUST_H

#include <stdlib.h>

#include "../../tls/x509/anchors.h"
#include "https.h"

/* Read the root into `block`, size octets, aligned for anything, which the
 * caller keeps valid as long as *out. */
static inline void
trust_root(struct sts_anchors *out, void *block, size_t size)
{
	struct sts_anchors_load *load = calloc(1, sts_anchors_load_size());
	uint8_t pem[4096];
	size_t n = https_file("root.pem", pem, sizeof pem);

	if (load == NULL) {
		abort();
	}
	sts_anchors_begin(load, block, size);
	sts_anchors_feed(load, sts_text(pem, n));
	if (sts_anchors_end(load, out) != STS_ANCHORS_OK) {
		abort();
	}
	free(load);
}

#endif
