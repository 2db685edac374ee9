/* SPDX-License-Identifier: MIT */
/*
 * The DER reader. left[depth] counts the bytes to come of the innermost
 * element, headers of its children included; a child's length is taken from
 * it when the child begins, so that no level ever reads beyond its parent.
 *
 * The attacker wrote every octet. He gains no memory and no second reading of a
 * value: lengths are minimal, and are taken off those of their parents.
 */
#include "../../core/base/assert.h"
#include "der.h"

enum state {
	UNUSED_BITS, /* the first octet of an opened BIT STRING */
	TAG,
	LENGTH, /* its first octet */
	LENGTH_LONG,
	CONTENT,
	BROKEN
};

enum {
	LONG_FORM = 0x80,
	LONG_OCTETS_MAX = 3,
	TAG_NUMBER_HIGH = 0x1f,

	BOOLEAN = 0x01,
	INTEGER = 0x02,
	BIT_STRING = 0x03,
	NULL_VALUE = 0x05,
	OID = 0x06
};

/* Whether an element of this kind can have `len` octets of contents. */
static bool
len_allowed(uint8_t tag, uint32_t len)
{
	switch (tag) {
	case BOOLEAN:
		return len == 1;
	case INTEGER:
	case BIT_STRING:
	case OID:
		return len > 0;
	case NULL_VALUE:
		return len == 0;
	default:
		return true;
	}
}

/* The header is complete: the element begins unless it outgrows its parent. */
static enum sts_der_event
begin_element(struct sts_der *d)
{
	if (d->len > d->left[d->depth] || d->depth == STS_DER_DEPTH ||
	    !len_allowed(d->tag, d->len)) {
		d->state = BROKEN;
		return STS_DER_BROKEN;
	}
	d->left[d->depth] -= d->len;
	d->depth++;
	d->left[d->depth] = d->len;
	d->state = CONTENT;
	return STS_DER_ELEMENT;
}

static enum sts_der_event
broken(struct sts_der *d)
{
	d->state = BROKEN;
	return STS_DER_BROKEN;
}

static enum sts_der_event
take_length(struct sts_der *d, uint8_t b)
{
	if (b < LONG_FORM) {
		d->len = b;
		return begin_element(d);
	}
	/* 0x80 is the indefinite form of BER. */
	if (b == LONG_FORM || b - LONG_FORM > LONG_OCTETS_MAX) {
		return broken(d);
	}
	d->len = 0;
	d->len_octets = (uint8_t)(b - LONG_FORM);
	d->state = LENGTH_LONG;
	return STS_DER_MORE;
}

static enum sts_der_event
take_length_octet(struct sts_der *d, uint8_t b)
{
	/* A leading zero is not minimal. */
	if (d->len == 0 && b == 0) {
		return broken(d);
	}
	d->len = d->len << 8 | b;
	d->len_octets--;
	if (d->len_octets > 0) {
		return STS_DER_MORE;
	}
	return d->len < LONG_FORM ? broken(d) : begin_element(d);
}

/* One octet of a header; MORE while it is not complete. */
static enum sts_der_event
take_octet(struct sts_der *d, uint8_t b)
{
	switch (d->state) {
	case UNUSED_BITS:
		d->state = TAG;
		return b == 0 ? STS_DER_MORE : broken(d);
	case TAG:
		d->tag = b;
		d->state = LENGTH;
		return (b & TAG_NUMBER_HIGH) == TAG_NUMBER_HIGH ? broken(d)
								: STS_DER_MORE;
	case LENGTH:
		return take_length(d, b);
	default:
		STS_ASSERT(d->state == LENGTH_LONG);
		return take_length_octet(d, b);
	}
}

static enum sts_der_event
next_header(struct sts_der *d, struct sts_text *in)
{
	enum sts_der_event event = STS_DER_MORE;

	while (event == STS_DER_MORE && in->n > 0) {
		if (d->left[d->depth] == 0) {
			return broken(d);
		}
		d->left[d->depth]--;
		event = take_octet(d, in->p[0]);
		in->p++;
		in->n--;
	}
	return event;
}

/*
 * X.690 8.3.2, 8.6.2, 8.19.2, 11.1, 11.2.1: octet number `at` of the contents
 * of an element of a kind that has one encoding for each value. `before` is
 * the octet before it, of a BIT STRING always the first one.
 */

/* The first nine bits are not all alike. */
static bool
integer_octet(const struct sts_der *d, uint32_t at, uint8_t b)
{
	unsigned nine = (unsigned)d->before << 1 | b >> 7;

	return at != 1 || (nine != 0 && nine != 0x1ff);
}

/* No part begins with a zero, and the last one ends. */
static bool
oid_octet(const struct sts_der *d, uint32_t at, uint8_t b)
{
	bool begins = at == 0 || d->before < 0x80;

	return !(begins && b == 0x80) && !(at == d->len - 1 && b >= 0x80);
}

/* Up to seven bits of the last octet are unused, and those are zero. */
static bool
bits_octet(const struct sts_der *d, uint32_t at, uint8_t b)
{
	bool last = at == d->len - 1;

	if (at == 0) {
		return b < 8 && !(last && b > 0);
	}
	return !last || (b & ((1U << d->before) - 1)) == 0;
}

static bool
octet_allowed(const struct sts_der *d, uint32_t at, uint8_t b)
{
	switch (d->tag) {
	case BOOLEAN:
		return b == 0 || b == 0xff;
	case INTEGER:
		return integer_octet(d, at, b);
	case OID:
		return oid_octet(d, at, b);
	default:
		STS_ASSERT(d->tag == BIT_STRING);
		return bits_octet(d, at, b);
	}
}

/* How many octets behind the one at `at` cannot be wrong, with n behind it: of
 * all but an object identifier only the first two matter, and the last. Keys and
 * signatures are long. */
static size_t
octets_to_skip(const struct sts_der *d, uint32_t at, size_t n)
{
	return d->tag != OID && at > 0 && n > 1 ? n - 1 : 0;
}

/* Whether the next contents, from octet number `at`, are as DER has them. */
static bool
contents_allowed(struct sts_der *d, uint32_t at, struct sts_text content)
{
	if (d->tag != BOOLEAN && d->tag != INTEGER && d->tag != OID &&
	    d->tag != BIT_STRING) {
		return true;
	}
	for (size_t i = 0, skip; i < content.n; i += 1 + skip) {
		if (!octet_allowed(d, at, content.p[i])) {
			return false;
		}
		if (d->tag != BIT_STRING || at == 0) {
			d->before = content.p[i];
		}
		skip = octets_to_skip(d, at, content.n - 1 - i);
		at += 1 + (uint32_t)skip;
	}
	return true;
}

static enum sts_der_event
next_content(struct sts_der *d, struct sts_text *in, struct sts_text *content)
{
	size_t n = d->left[d->depth];

	if (in->n == 0) {
		return STS_DER_MORE;
	}
	if (n > in->n) {
		n = in->n;
	}
	*content = sts_text(in->p, n);
	if (!contents_allowed(d, d->len - d->left[d->depth], *content)) {
		return broken(d);
	}
	d->left[d->depth] -= (uint32_t)n;
	in->p += n;
	in->n -= n;
	return STS_DER_CONTENT;
}

void
sts_der_begin(struct sts_der *d, size_t len)
{
	STS_ASSERT(len <= STS_DER_LEN_MAX);
	d->left[0] = (uint32_t)len;
	d->len = (uint32_t)len;
	d->depth = 0;
	d->state = TAG;
	d->tag = 0;
	d->len_octets = 0;
	d->before = 0;
}

enum sts_der_event
sts_der_next(struct sts_der *d, struct sts_text *in, struct sts_text *content)
{
	bool between = d->state == TAG || d->state == CONTENT;

	STS_ASSERT(d->depth <= STS_DER_DEPTH);
	if (d->state == BROKEN) {
		return STS_DER_BROKEN;
	}
	if (between && d->left[d->depth] == 0) {
		if (d->depth == 0) {
			return STS_DER_DONE;
		}
		d->depth--;
		d->state = TAG;
		return STS_DER_END;
	}
	if (d->state == CONTENT) {
		return next_content(d, in, content);
	}
	/* An opened BIT STRING without its first octet. */
	if (d->left[d->depth] == 0) {
		return broken(d);
	}
	return next_header(d, in);
}

uint8_t
sts_der_tag(const struct sts_der *d)
{
	return d->tag;
}

size_t
sts_der_len(const struct sts_der *d)
{
	return d->len;
}

unsigned
sts_der_depth(const struct sts_der *d)
{
	return d->depth;
}

bool
sts_der_complete(const struct sts_der *d)
{
	return d->depth == 0 && d->state == TAG;
}

void
sts_der_open(struct sts_der *d)
{
	STS_ASSERT(d->state == CONTENT);
	STS_ASSERT(d->left[d->depth] == d->len);
	d->state = TAG;
}

void
sts_der_open_bits(struct sts_der *d)
{
	sts_der_open(d);
	d->state = UNUSED_BITS;
}
