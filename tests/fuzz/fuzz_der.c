/* SPDX-License-Identifier: MIT */
/* The DER reader: it reports the same for any input read whole and in
 * pieces. */
#include <stdint.h>
#include <stdlib.h>

#include "../../tls/x509/der.h"

enum {
	CONSTRUCTED = 0x20,
	BIT_STRING = 3
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool yes)
{
	if (!yes) {
		abort();
	}
}

/* What a run reported, folded into a number. */
struct seen {
	uint64_t sum;
	size_t content;
	size_t taken;
	enum sts_der_event last;
};

static void
fold(struct seen *t, uint64_t v)
{
	t->sum = (t->sum ^ v) * UINT64_C(0x100000001b3);
}

static void
see_element(struct seen *t, struct sts_der *d)
{
	unsigned depth = sts_der_depth(d);

	must(depth >= 1 && depth <= STS_DER_DEPTH);
	fold(t, sts_der_tag(d));
	fold(t, sts_der_len(d));
	if ((sts_der_tag(d) & CONSTRUCTED) != 0) {
		sts_der_open(d);
	} else if (sts_der_tag(d) == BIT_STRING && sts_der_len(d) > 2) {
		sts_der_open_bits(d);
	}
}

/* Read one piece. Returns false when all input has been read. */
static bool
read_piece(struct seen *t, struct sts_der *d, struct sts_text in)
{
	struct sts_text content = { NULL, 0 };

	do {
		size_t before = in.n;

		t->last = sts_der_next(d, &in, &content);
		must(in.n <= before);
		t->taken += before - in.n;
		if (t->last == STS_DER_ELEMENT) {
			see_element(t, d);
		} else if (t->last == STS_DER_CONTENT) {
			must(content.n > 0);
			t->content += content.n;
		} else if (t->last == STS_DER_END) {
			fold(t, 0x1000 + sts_der_depth(d));
		}
	} while (t->last == STS_DER_ELEMENT || t->last == STS_DER_CONTENT ||
		 t->last == STS_DER_END);
	return t->last == STS_DER_MORE;
}

/* Read data[0..size) in pieces, then nothing: the reader must report a
 * cut-off. */
static struct seen
read_all(const uint8_t *data, size_t size, size_t piece)
{
	struct seen t = { 1, 0, 0, STS_DER_MORE };
	struct sts_der d;
	bool more = true;

	sts_der_begin(&d, size);
	for (size_t pos = 0; more && pos < size; pos += piece) {
		size_t n = size - pos < piece ? size - pos : piece;

		more = read_piece(&t, &d, sts_text(data + pos, n));
	}
	if (more) {
		read_piece(&t, &d, sts_text(data + size, 0));
	}
	return t;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole;

	if (size > STS_DER_LEN_MAX) {
		return 0;
	}
	whole = read_all(data, size, size + 1);
	if (whole.last == STS_DER_DONE) {
		must(whole.taken == size);
	}
	for (size_t piece = 1; piece < 8; piece += 3) {
		struct seen pieces = read_all(data, size, piece);

		must(pieces.last == whole.last);
		must(pieces.sum == whole.sum);
		must(pieces.content == whole.content);
	}
	return 0;
}
