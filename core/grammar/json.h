/* SPDX-License-Identifier: MIT */
/*
 * JSON read as it comes (RFC 8259), in bounded memory: octets in, one event at
 * a time out. Any number of values may follow each other, as lines do.
 *
 *	sts_json_begin(&j);
 *	while (in.n > 0) {
 *		size_t n = sts_json_read(&j, in, &event);
 *
 *		in = sts_text(in.p + n, in.n - n);
 *		use event, and sts_json_text(&j) where it has a text;
 *	}
 *	the text was whole if sts_json_between(&j)
 *
 * A string may be of any length and comes in pieces. What RFC 7493 (I-JSON)
 * asks beyond the grammar is held to here where it can be without memory:
 * strings are UTF-8, without lone surrogates. The reader of the events has to
 * check that no name stands twice in an object, and what to do about a number
 * that is too large for it.
 */
#ifndef STS_JSON_H
#define STS_JSON_H

#include "../base/utf8.h"

enum {
	STS_JSON_DEPTH_MAX = 16, /* objects and lists within each other */
	STS_JSON_NAME_MAX = 256, /* octets of a name; also of a number */
	STS_JSON_TEXT_MAX = STS_JSON_NAME_MAX + 4 /* of a string's piece */
};

enum sts_json_event {
	STS_JSON_MORE = 0, /* all was read, and no event is complete */
	STS_JSON_OBJECT, /* "{" */
	STS_JSON_OBJECT_END,
	STS_JSON_LIST, /* "[" */
	STS_JSON_LIST_END,
	STS_JSON_NAME, /* text: the name; its value is next */
	STS_JSON_PIECE, /* text: a piece of a string that goes on */
	STS_JSON_STRING, /* text: the string, or its last piece (maybe empty) */
	STS_JSON_NUMBER, /* text: as it is written */
	STS_JSON_TRUE,
	STS_JSON_FALSE,
	STS_JSON_NULL,
	STS_JSON_LIMIT, /* deeper, or a longer name or number, than we read */
	STS_JSON_ERROR /* this is not JSON */
};

struct sts_json {
	/* Private. */
	uint8_t state;
	uint8_t depth;
	uint32_t lists; /* bit i: what is open at depth i is a list */
	bool name; /* the string is a name */
	bool given; /* the text was handed out */
	uint16_t len; /* of the text */
	uint8_t left; /* hexadecimal digits, or letters of a word, to come */
	const char *word; /* the rest of "true", "false" or "null" */
	uint16_t unit; /* \uXXXX so far */
	uint16_t high; /* a high surrogate that waits for its other half */
	struct sts_utf8 utf8;
	uint8_t text[STS_JSON_TEXT_MAX];
};

/* Begin a text; *j may hold anything. */
void sts_json_begin(struct sts_json *j);

/*
 * Read up to the end of the next event, or all of `in`. Returns the octets
 * that were read: fewer than in.n only with an event. LIMIT and ERROR are for
 * good: they are all that comes from then on, and nothing more is read. A
 * number ends with the octet after it, which is not read with it.
 */
size_t sts_json_read(
    struct sts_json *j, struct sts_text in, enum sts_json_event *event);

/* The text of the last event (NAME, PIECE, STRING, NUMBER), valid until the
 * next call of sts_json_read. */
struct sts_text sts_json_text(const struct sts_json *j);

/* Whether every value that was begun has ended. */
bool sts_json_between(const struct sts_json *j);

/* How many objects and lists are open. */
unsigned sts_json_depth(const struct sts_json *j);

#endif
