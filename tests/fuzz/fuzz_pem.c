/* SPDX-License-Identifier: MIT */
/*
 * Bundles of trust anchors. A bundle read whole and in pieces gives the same
 * set and the same omissions. Nothing in a bundle costs another certificate its
 * place: two good roots that follow any input and a line's end are in the set.
 */
#include <stdint.h>
#include <stdio.h>
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

struct outcome {
	enum sts_anchors_error error;
	struct sts_anchors set;
	size_t needed;
	unsigned left_out;
	uint32_t lines; /* a hash of all that was left out */
};

static void
note(struct outcome *o, const struct sts_anchors_left *left)
{
	must(left->line > 0 && left->reason != NULL);
	must(left->subject_len <= STS_ANCHORS_SUBJECT_MAX);
	o->lines = o->lines * 31 + left->line + left->subject_len;
}

static struct outcome
load(struct sts_text t, uint8_t *block, size_t size, size_t piece)
{
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());
	struct outcome o = { STS_ANCHORS_OK, { NULL, 0, 0 }, 0, 0, 0 };
	const struct sts_anchors_left *left;

	must(l != NULL);
	sts_anchors_begin(l, block, size);
	while (t.n > 0) {
		struct sts_text in = sts_text(t.p, t.n < piece ? t.n : piece);

		t = sts_text(t.p + in.n, t.n - in.n);
		while ((left = sts_anchors_next(l, &in)) != NULL) {
			note(&o, left);
		}
	}
	left = sts_anchors_last(l);
	if (left != NULL) {
		note(&o, left);
	}
	o.error = sts_anchors_end(l, &o.set);
	o.needed = sts_anchors_needed(l);
	o.left_out = sts_anchors_left_out(l);
	free(l);
	return o;
}

/* Every record of the set can be read, and their number is the count. */
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

/* What stands before two good roots in the file does not keep them out. */
static void
roots_behind(const uint8_t *data, size_t size)
{
	static uint8_t block[BLOCK_SIZE], text[2 * BLOCK_SIZE];
	static uint8_t roots[BLOCK_SIZE];
	static size_t roots_n;
	struct outcome o;

	if (roots_n == 0) {
		FILE *f = fopen("tests/x509/anchors/root.pem", "rb");

		must(f != NULL);
		roots_n = fread(roots, 1, sizeof roots, f);
		fclose(f);
	}
	if (size > BLOCK_SIZE - 1) {
		return;
	}
	if (size > 0) {
		memcpy(text, data, size);
	}
	text[size] = '\n';
	memcpy(text + size + 1, roots, roots_n);
	o = load(
	    sts_text(text, size + 1 + roots_n), block, sizeof block, SIZE_MAX);
	must(o.error == STS_ANCHORS_OK && o.set.count >= 2);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t block[BLOCK_SIZE], other[BLOCK_SIZE];
	struct sts_text t = sts_text(data, size);
	struct outcome o = load(t, block, sizeof block, SIZE_MAX);
	struct outcome again = load(t, other, sizeof other, 5);

	must(again.error == o.error && again.needed == o.needed);
	must(again.left_out == o.left_out && again.lines == o.lines);
	roots_behind(data, size);
	if (o.error != STS_ANCHORS_OK) {
		must(o.set.base == NULL && again.set.base == NULL);
		return 0;
	}
	must(o.set.len == again.set.len && o.set.len <= o.needed);
	must(memcmp(block, other, o.set.len) == 0);
	check_set(&o.set);
	/* With less room the set is smaller, and that is reported. */
	again = load(t, other, o.set.len - 1, SIZE_MAX);
	must(again.set.count < o.set.count && again.left_out > o.left_out);
	return 0;
}
