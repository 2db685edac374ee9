/* SPDX-License-Identifier: MIT */
/*
 * An answer of the control socket, shown to whoever asked for it: as the JSON
 * that it is, or in words for people. Fed with the answer's octets in pieces of
 * any size; memory is bounded whatever comes.
 *
 * The daemon writes printable ASCII. If it sends anything else, it is broken or
 * somebody else runs in it, and the person who looks into that reads it on a
 * terminal: what is not printable is shown as "?".
 */
#ifndef STS_CONTROL_SHOW_H
#define STS_CONTROL_SHOW_H

#include "../../core/grammar/json.h"
#include "control_request.h"
#include "fields.h"

struct sts_control_show {
	/* To be read when all was fed. */
	bool ended; /* the answer came whole, and */
	unsigned code; /* its exit code */
	/* Private. */
	uint8_t command; /* enum sts_control_command */
	bool json;
	const char *key; /* as it was given; NULL: none */
	struct sts_json reader;
	uint8_t member; /* whose value is being read */
	bool begun; /* its value: the first piece was shown */
	bool passing; /* JSON: in a line that is not the last one */
	unsigned shown; /* parts of the record, see control_print.c */
	size_t held_len;
	char held[16]; /* JSON: the beginning of a line that may be the last */
	struct sts_fields fields; /* of the record, but for answer and mx,
				     which are shown as they come */
};

/* key: what was asked for, NUL-ended; NULL: nothing. */
void sts_control_show_begin(struct sts_control_show *s,
    enum sts_control_command command, bool json, const char *key);
void sts_control_show_feed(
    struct sts_control_show *s, const uint8_t *p, size_t n);

#endif
