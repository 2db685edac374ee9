/* SPDX-License-Identifier: MIT */
/*
 * JSON written into a sink (RFC 8259, and RFC 7493: I-JSON). Since a sink keeps
 * a window of what is put, the same calls measure a text, render it whole, or
 * render any piece of it.
 *
 *	sts_json_put_begin(&p, &sink);
 *	sts_json_put_open(&p, NULL, '{');
 *	sts_json_put_string(&p, "domain", "example.com");
 *	sts_json_put_open(&p, "mx", '[');
 *	sts_json_put_text(&p, NULL, pattern);
 *	sts_json_put_close(&p, ']');
 *	sts_json_put_close(&p, '}');
 *	sts_json_put_line(&p);
 *
 * Every value has a name in an object and NULL for a name in a list and at the
 * top. Names are words of ours: letters, digits, "-" and "_", written as they
 * are, each at most once in an object.
 *
 * The output is printable ASCII: strings may come from strangers, and the text
 * may end on a terminal. Whatever else a string holds is written as \uXXXX;
 * octets that are not UTF-8 become U+FFFD, since I-JSON has no place for them.
 */
#ifndef STS_JSON_PUT_H
#define STS_JSON_PUT_H

#include "../base/sink.h"
#include "../base/utf8.h"

enum {
	STS_JSON_ESCAPE_MAX = 6 /* octets written for one octet of a string */
};

struct sts_json_put {
	/* Private. */
	struct sts_sink *sink;
	bool comma; /* the next value is not the first at its level */
	struct sts_utf8 utf8; /* the character a string has got to */
};

/* Write to `sink`, which stays the caller's, from now on. */
void sts_json_put_begin(struct sts_json_put *p, struct sts_sink *sink);

/* Open an object ('{') or a list ('['); close it by '}' or ']'. */
void sts_json_put_open(struct sts_json_put *p, const char *name, char bracket);
void sts_json_put_close(struct sts_json_put *p, char bracket);

/* End a value at the top by LF; another may follow. */
void sts_json_put_line(struct sts_json_put *p);

/* A value, with its name inside an object, NULL inside a list. Octets of a
 * string that are not UTF-8 become U+FFFD. */
void sts_json_put_text(
    struct sts_json_put *p, const char *name, struct sts_text value);
void sts_json_put_string(
    struct sts_json_put *p, const char *name, const char *value);
/* I-JSON keeps whole numbers up to 2^53 - 1 exact: no larger ones. */
void sts_json_put_number(
    struct sts_json_put *p, const char *name, uint64_t value);
void sts_json_put_bool(struct sts_json_put *p, const char *name, bool value);

/* A string in pieces, which may be cut anywhere: start, pieces, stop. */
void sts_json_put_start(struct sts_json_put *p, const char *name);
void sts_json_put_piece(struct sts_json_put *p, struct sts_text piece);
void sts_json_put_stop(struct sts_json_put *p);

#endif
