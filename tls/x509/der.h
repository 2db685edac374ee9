/* SPDX-License-Identifier: MIT */
/*
 * A reader of DER (X.690), byte-fed, which keeps nothing of what it read: it
 * reports where elements begin and end and hands their contents through. Only
 * definite, minimal lengths of at most three octets and tag numbers below 31
 * are taken, and of BOOLEAN, INTEGER, BIT STRING, NULL and OBJECT IDENTIFIER
 * (of the universal class, unless opened) only the one encoding that DER has
 * for each value; everything else is broken.
 *
 * Example, with struct sts_text in:
 *
 *	struct sts_text content;
 *	enum sts_der_event event;
 *	struct sts_der d;
 *
 *	sts_der_begin(&d, in.n);
 *	do {
 *		event = sts_der_next(&d, &in, &content);
 *		if (event == STS_DER_ELEMENT && sts_der_tag(&d) == 0x30) {
 *			sts_der_open(&d);
 *		}
 *	} while (event != STS_DER_DONE && event != STS_DER_BROKEN);
 */
#ifndef STS_TLS_DER_H
#define STS_TLS_DER_H

#include "../../core/base/bytes.h"

enum {
	STS_DER_DEPTH = 12, /* open elements; 4 bytes each */
	STS_DER_LEN_MAX = 0xffffff /* bytes of one element */
};

enum sts_der_event {
	STS_DER_MORE = 0, /* the input is used up */
	STS_DER_ELEMENT, /* an element begins; it may be opened now */
	STS_DER_CONTENT, /* bytes of an element that was not opened */
	STS_DER_END, /* the innermost element is over */
	STS_DER_DONE, /* all that sts_der_begin announced was read */
	STS_DER_BROKEN /* not DER; stays so */
};

struct sts_der {
	/* Private. */
	uint32_t left[STS_DER_DEPTH + 1]; /* bytes to come, by depth */
	uint32_t len; /* of the element that began last */
	uint8_t depth; /* elements begun and not over */
	uint8_t state;
	uint8_t tag;
	uint8_t len_octets; /* of a long length, to come */
	uint8_t before; /* an octet of the contents that decides on the next */
};

/* Begin to read `len` bytes that hold elements one after the other. */
void sts_der_begin(struct sts_der *d, size_t len);

/*
 * Read on. `in` is advanced over what was taken: for ELEMENT and MORE the
 * bytes of a header, for CONTENT what `content` spans, for the others nothing.
 * Bytes beyond the announced length stay in `in`.
 */
enum sts_der_event sts_der_next(
    struct sts_der *d, struct sts_text *in, struct sts_text *content);

/* The identifier octet and the length of the element that began last. */
uint8_t sts_der_tag(const struct sts_der *d);
size_t sts_der_len(const struct sts_der *d);

/* How many elements have begun and are not over. */
unsigned sts_der_depth(const struct sts_der *d);

/* Whether all that has begun is over. With the announced length unknown
 * (STS_DER_LEN_MAX) this is the end of what was read. */
bool sts_der_complete(const struct sts_der *d);

/* After ELEMENT: its contents are elements, to be returned one by one. */
void sts_der_open(struct sts_der *d);

/* The same for a BIT STRING: its first octet, the count of unused bits, must
 * be 0 and is dropped. */
void sts_der_open_bits(struct sts_der *d);

#endif
