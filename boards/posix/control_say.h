/* SPDX-License-Identifier: MIT */
/*
 * Codec of the control socket's answers: records of named values, as text or
 * as JSON.
 *
 *	text    "NAME VALUE" LF each, a list as one such line an item, an empty
 *	        line after the record
 *	JSON    one object, LF
 *
 * After the records comes "end N" LF, or {"end":N} LF: the exit code; an
 * answer without it was cut. Names are letters, digits and "_". In a value
 * what is not printable ASCII, and "\", is written \xNN, or as JSON escapes it.
 *
 * The writer goes on across buffers: sts_say_into gives it the next one. What
 * does not fit is a programmer's error, but for pieces, which say how much
 * was taken.
 */
#ifndef STS_CONTROL_SAY_H
#define STS_CONTROL_SAY_H

#include "../../core/base/bytes.h"

enum {
	/* A whole record but for its pieces and items fits so much. */
	STS_SAY_RECORD_MAX = 2048,
	STS_SAY_ESCAPE_MAX = 6, /* octets of out for one of a value */
	STS_SAY_ITEM_MAX =
	    300 /* octets of out for an item of a name's letters */
};

struct sts_say {
	size_t len; /* written into the buffer */
	/* Private. */
	struct sts_span out;
	bool json;
	bool comma; /* something precedes in the object or list */
	const char *list; /* its name, in a list */
};

void sts_say_init(struct sts_say *s, bool json);

/* Write into `out` from now on; len is 0 again. */
void sts_say_into(struct sts_say *s, struct sts_span out);
size_t sts_say_room(const struct sts_say *s);

void sts_say_open(struct sts_say *s);
void sts_say_close(struct sts_say *s);

void sts_say_text(struct sts_say *s, const char *name, struct sts_text value);
void sts_say_word(struct sts_say *s, const char *name, const char *value);
void sts_say_number(struct sts_say *s, const char *name, uint32_t value);
/* true, false; as text yes, no. */
void sts_say_bool(struct sts_say *s, const char *name, bool value);

/* A value in pieces: start, pieces, stop. A piece tells how many octets were
 * taken: less than t.n when there is no room for more. */
void sts_say_start(struct sts_say *s, const char *name);
size_t sts_say_piece(struct sts_say *s, struct sts_text t);
void sts_say_stop(struct sts_say *s);

/* A list: open, items, close. `name` stays valid. */
void sts_say_list(struct sts_say *s, const char *name);
void sts_say_item(struct sts_say *s, struct sts_text value);
void sts_say_list_end(struct sts_say *s);

/* The last line. */
void sts_say_end(struct sts_say *s, unsigned code);

#endif
