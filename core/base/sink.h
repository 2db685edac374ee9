/* SPDX-License-Identifier: MIT */
/*
 * Rendering in pieces. A text is always produced from its beginning; a sink
 * keeps what falls into the window that was asked for and counts the rest, so
 * that one piece of code measures (an empty window) and renders, from any
 * offset, into a buffer of any size.
 */
#ifndef STS_SINK_H
#define STS_SINK_H

#include <string.h>

#include "bytes.h"

/* Keeps octets from..to of what is put; pos is how many were put. */
struct sts_sink {
	size_t pos, from, to;
	uint8_t *out; /* room for to - from octets */
};

/* Put the octets of t; a number in decimal. They count whether they fall into
 * the window or not. */
void sts_sink_put(struct sts_sink *s, struct sts_text t);
void sts_sink_decimal(struct sts_sink *s, uint64_t v);
/* The last `digits` hexadecimal digits of v, 1..16. */
void sts_sink_hex(struct sts_sink *s, uint64_t v, unsigned digits);

/*
 * A text with blanks to be filled in: "$a" stands for texts[0], "$b" for
 * texts[1] and so on. A "$" that is not followed by a small letter is a
 * programmer's error.
 */
void sts_sink_form(
    struct sts_sink *s, const char *form, const struct sts_text *texts);

/* Inline: of a literal the compiler knows the length. */
static inline void
sts_sink_string(struct sts_sink *s, const char *string)
{
	sts_sink_put(s, sts_text((const uint8_t *)string, strlen(string)));
}

/* Whether nothing that is put from now on can be kept. */
static inline bool
sts_sink_full(const struct sts_sink *s)
{
	return s->pos >= s->to;
}

#endif
