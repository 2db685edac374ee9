/* SPDX-License-Identifier: MIT */
/* Bundles of trust anchors: whole and in pieces the same set, or none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/x509/anchors_set.h"

enum {
	BLOCK_SIZE = 16384
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool yes)
{
	if (!yes) {
		abort();
	}
}

static enum sts_anchors_error
load(struct sts_text t, uint8_t *block, size_t size, size_t piece,
    struct sts_anchors *set, size_t *needed)
{
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());
	enum sts_anchors_error e;

	must(l != NULL);
	sts_anchors_begin(l, block, size);
	while (t.n > 0) {
		size_t n = t.n < piece ? t.n : piece;

		sts_anchors_feed(l, sts_text(t.p, n));
		t = sts_text(t.p + n, t.n - n);
	}
	e = sts_anchors_end(l, set);
	*needed = sts_anchors_needed(l);
	free(l);
	return e;
}

/* Every record of the set can be read, and they are as many as counted. */
static void
check_set(const struct sts_anchors *set)
{
	struct sts_anchors again = { NULL, 0, 0 };
	struct sts_anchor a;
	size_t pos = 0;
	unsigned n = 0;

	must(sts_anchors_table(&again, set->base, set->len));
	must(again.count == set->count);
	while (sts_anchor_next(set, &pos, &a)) {
		must(a.key.key.n > 0);
		n++;
	}
	must(n == set->count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t block[BLOCK_SIZE], other[BLOCK_SIZE];
	struct sts_text t = sts_text(data, size);
	struct sts_anchors set = { NULL, 0, 0 }, again = { NULL, 0, 0 };
	size_t needed, again_needed;
	enum sts_anchors_error e =
	    load(t, block, sizeof block, SIZE_MAX, &set, &needed);

	must(load(t, other, sizeof other, 5, &again, &again_needed) == e);
	must(needed == again_needed);
	if (e != STS_ANCHORS_OK) {
		must(set.base == NULL && again.base == NULL);
		return 0;
	}
	must(set.len == needed && again.len == needed);
	must(memcmp(block, other, needed) == 0);
	check_set(&set);
	must(load(t, other, needed - 1, SIZE_MAX, &again, &needed) ==
	     STS_ANCHORS_FULL);
	return 0;
}
