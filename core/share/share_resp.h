/* SPDX-License-Identifier: MIT */
/*
 * RESP, the protocol of Redis and Valkey: RESP2, and of RESP3 all that a server
 * sends. Replies are read octet by octet and never kept: a reader gets one
 * event for each item. Commands are arrays of bulk strings.
 *
 *	struct sts_resp r;
 *
 *	sts_resp_begin(&r);
 *	while (n > 0) {
 *		enum sts_resp_event e;
 *		size_t used = sts_resp_read(&r, p, n, &e);
 *
 *		... e, with sts_resp_text, sts_resp_number, sts_resp_depth ...
 *		p += used;
 *		n -= used;
 *	}
 *
 * Refused, and the stream is then of no more use: lengths and counts over the
 * limits below, nesting deeper than STS_RESP_DEPTH_MAX, lines over
 * STS_RESP_LINE_MAX, numbers that are none, streamed strings and aggregates
 * (RESP3's "?" lengths), which no server sends, and any line end but CR LF.
 */
#ifndef STS_SHARE_RESP_H
#define STS_SHARE_RESP_H

#include "../base/bytes.h"

enum {
	STS_RESP_DEPTH_MAX = 8,
	STS_RESP_LINE_MAX =
	    512, /* of it the first STS_RESP_TEXT_MAX are kept */
	STS_RESP_TEXT_MAX = 128,
	STS_RESP_BULK_MAX = 1 << 20, /* octets of a string */
	STS_RESP_COUNT_MAX = 1 << 20 /* items of an aggregate */
};

enum sts_resp_event {
	STS_RESP_MORE = 0, /* all octets were read, nothing is complete */
	STS_RESP_SIMPLE, /* "+": text */
	STS_RESP_ERROR, /* "-", "!": text */
	STS_RESP_NUMBER, /* ":": number */
	STS_RESP_NIL, /* "$-1", "*-1", "_" */
	STS_RESP_OTHER, /* ",", "#", "(": text */
	STS_RESP_BULK, /* "$", "=": a string of `number` octets begins, */
	STS_RESP_PIECE, /* a piece of it: text, borrowed from what was read */
	STS_RESP_BULK_END, /* and ends */
	STS_RESP_OPEN, /* "*", "~", "%": an aggregate of `number` items (a map
	                  has two for each pair) */
	STS_RESP_PUSH, /* ">": the same, and no reply to any command */
	STS_RESP_ATTRIBUTE, /* "|": the same, and a reply follows */
	STS_RESP_BROKEN /* this is not RESP, or over a limit */
};

struct sts_resp {
	/* Private. */
	uint8_t state, type;
	uint8_t depth;
	bool text_lost; /* the line is longer than what is kept */
	uint16_t line_len;
	struct sts_text piece;
	uint32_t left; /* of a string */
	uint64_t number;
	bool negative;
	uint32_t items[STS_RESP_DEPTH_MAX]; /* still to come, by level */
	uint8_t text[STS_RESP_TEXT_MAX];
};

/* Begin a stream of replies; *r may hold anything. */
void sts_resp_begin(struct sts_resp *r);

/* Read up to the end of an event, or all n (>= 1) octets; returns how many. An
 * event may take none (the end of an empty string). */
size_t sts_resp_read(
    struct sts_resp *r, const uint8_t *p, size_t n, enum sts_resp_event *e);

/* SIMPLE, ERROR, OTHER, PIECE: the octets, of a line the first ones. */
struct sts_text sts_resp_text(const struct sts_resp *r);

/* NUMBER: its absolute value; BULK, OPEN, PUSH, ATTRIBUTE: the length. */
uint64_t sts_resp_number(const struct sts_resp *r);

/* NUMBER: whether it is below zero. */
bool sts_resp_negative(const struct sts_resp *r);

/*
 * How many aggregates are open around the next item. After an event that is not
 * MORE, BULK or PIECE, 0 means that a reply (or push, or attribute) is whole.
 */
unsigned sts_resp_depth(const struct sts_resp *r);

/*
 * Commands. Each function appends to out[*n..size) and advances *n, or returns
 * false, and *n is unchanged: no room.
 */
bool sts_resp_put_count(struct sts_span out, size_t *n, unsigned words);
bool sts_resp_put_word(struct sts_span out, size_t *n, struct sts_text word);
/* The beginning of a word of `len` octets; the caller appends the word itself,
 * followed by CR LF. */
bool sts_resp_put_len(struct sts_span out, size_t *n, size_t len);
bool sts_resp_put_number(struct sts_span out, size_t *n, uint64_t v);

#endif
