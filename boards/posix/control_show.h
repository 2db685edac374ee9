/* SPDX-License-Identifier: MIT */
/*
 * An answer of the control socket, shown to whoever asked: text for people, or
 * JSON as it came. Fed with the answer's octets in pieces of any size.
 */
#ifndef STS_CONTROL_SHOW_H
#define STS_CONTROL_SHOW_H

#include "control_line.h"

enum {
	STS_SHOW_NAME_MAX = 20,
	STS_SHOW_VALUE_MAX =
	    300, /* longer ones are cut, or shown as they come */
	STS_SHOW_FIELDS = 32 /* of one record */
};

struct sts_show_field {
	char name[STS_SHOW_NAME_MAX + 1];
	char value[STS_SHOW_VALUE_MAX + 1];
};

struct sts_show {
	/* To be read when all was fed. */
	bool ended; /* the answer came whole, and */
	unsigned code; /* its exit code */
	/* Private. */
	uint8_t command; /* enum sts_control_command */
	bool json;
	const char *key; /* as it was given; NULL: none */
	bool in_value; /* of the line */
	bool passing; /* its octets are shown as they come */
	unsigned shown; /* parts of the record; patterns */
	unsigned field_count;
	size_t name_len, value_len;
	struct sts_show_field field[STS_SHOW_FIELDS]; /* the last: being read */
};

/* key: what was asked for, NUL-ended; NULL: nothing. */
void sts_show_begin(struct sts_show *s, enum sts_control_command command,
    bool json, const char *key);
void sts_show_feed(struct sts_show *s, const uint8_t *p, size_t n);

#endif
