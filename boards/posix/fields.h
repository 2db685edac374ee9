/* SPDX-License-Identifier: MIT */
/*
 * The scalar members of one JSON object, kept as names and values to be looked
 * up: requests and records of the control socket are such objects. Fed with
 * the events of the reader (core/grammar/json.h) that stand directly in the
 * object.
 */
#ifndef STS_FIELDS_H
#define STS_FIELDS_H

#include "../../core/grammar/json.h"

enum {
	STS_FIELDS_MAX =
	    4096 /* octets of all names and values, each with NUL */
};

struct sts_fields {
	/* Private: text[0..whole) are "NAME NUL VALUE NUL" each; from there up
	 * to len stands one that is being read. The last octet stays NUL. */
	size_t whole, len;
	char text[STS_FIELDS_MAX + 1];
};

void sts_fields_begin(struct sts_fields *f);

/*
 * Take a name, a piece of a value, or a value. Strings and numbers are kept as
 * they are, the others as "true" and "false". False: there is no room, or a
 * NUL in it; the member is left out.
 */
bool sts_fields_add(
    struct sts_fields *f, enum sts_json_event event, struct sts_text text);

/* The value of the first member of that name, or NULL. Valid until the next
 * sts_fields_begin. */
const char *sts_fields_get(const struct sts_fields *f, const char *name);

/* One member after the other: begin with *at = 0. False: there are no more. */
bool sts_fields_next(const struct sts_fields *f, size_t *at, const char **name,
    const char **value);

/* The number that a value is in decimal; 0: it is none. The C library's readers
 * of numbers know all bases, and are 1.5 KB of a static daemon. */
uint64_t sts_fields_number(const char *value);

#endif
