/* SPDX-License-Identifier: MIT */
/*
 * Names of domains in a file, read as a stream: one a line, '#' begins a
 * comment; or the domains of a policy table of Postfix's, as
 * `mtasts cache export` writes it; or those of a list in the STARTTLS
 * Everywhere format, which is what begins with '{'. Policies are not looked at
 * here, so that expired ones will do.
 */
#ifndef STS_NAMES_H
#define STS_NAMES_H

#include "../../core/grammar/json.h"

enum {
	STS_NAMES_MAX = 255, /* octets of one */
	STS_NAMES_LINE = STS_NAMES_MAX + 16, /* of one: a name and a level */
	STS_NAMES_PIECE = 2048
};

enum sts_names_result {
	STS_NAMES_ONE = 0,
	STS_NAMES_MORE, /* none in this piece; the next may have one */
	STS_NAMES_END,
	STS_NAMES_BAD, /* a line that is no name; the next may be */
	STS_NAMES_BROKEN /* no JSON, or the file cannot be read: it ends */
};

struct sts_names {
	unsigned line; /* of the last result */
	/* Private. */
	int fd;
	bool begun, is_json, policies, ended;
	bool table; /* the last name is of a table */
	/* Of the line that is being read, blanks in a row as one space. */
	bool any, comment, nul; /* it has begun, its comment; it is no text */
	size_t text_len;
	char text[STS_NAMES_LINE + 1];
	struct sts_json json;
	size_t pos, len;
	uint8_t buf[STS_NAMES_PIECE];
};

/* 0, or -1 with errno. No pipe is waited for. */
int sts_names_open(struct sts_names *n, const char *path);
void sts_names_close(struct sts_names *n);

/* The next one into out, which ends in NUL. Reads STS_NAMES_PIECE octets at most,
 * however long a comment is. */
enum sts_names_result sts_names_next(
    struct sts_names *n, char out[STS_NAMES_MAX + 1]);

/* The same, and never MORE. */
enum sts_names_result sts_names_await(
    struct sts_names *n, char out[STS_NAMES_MAX + 1]);

#endif
