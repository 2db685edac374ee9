/* SPDX-License-Identifier: MIT */
/*
 * Codec of the control socket's requests: one line.
 *
 *	request = [ "json" SP ] command [ CR ] LF
 *	command = "query" SP zone SP key
 *	        / ( "show" / "forget" / "refresh" ) SP key
 *	        / "list" / "flush" [ SP "all" ] / "stats"
 *	        / "enforce" [ SP ( "on" / "off" ) ]
 *	zone    = "-" / name         ; "-": the default zone
 *	key     = the rest of the line, as a mail server would send it
 */
#ifndef STS_CONTROL_LINE_H
#define STS_CONTROL_LINE_H

#include "../../core/answer/zones.h"

enum {
	STS_CONTROL_KEY_MAX = 300, /* longer ones are no domain's */
	STS_CONTROL_LINE_MAX = 400 /* with its LF */
};

enum sts_control_command {
	STS_CONTROL_QUERY = 1,
	STS_CONTROL_SHOW,
	STS_CONTROL_FORGET,
	STS_CONTROL_REFRESH,
	STS_CONTROL_LIST,
	STS_CONTROL_FLUSH,
	STS_CONTROL_STATS,
	STS_CONTROL_ENFORCE
};

/* The word after enforce. */
enum sts_control_enforce {
	STS_ENFORCE_ASK = 0,
	STS_ENFORCE_ON,
	STS_ENFORCE_OFF
};

struct sts_control_request {
	uint8_t command; /* enum sts_control_command */
	bool json;
	bool all; /* FLUSH */
	uint8_t enforce; /* enum sts_control_enforce */
	uint8_t zone_len; /* QUERY; 0: the default zone */
	uint16_t key_len; /* QUERY, SHOW, FORGET, REFRESH */
	uint8_t zone[STS_ZONE_NAME_MAX];
	uint8_t key[STS_CONTROL_KEY_MAX];
};

/*
 * The length of the first line of `in` with its LF; 0: it has no end yet, and
 * in.n < STS_CONTROL_LINE_MAX; -1: it is too long.
 */
int sts_control_line(struct sts_text in);

/*
 * Parse a line (with or without LF). NULL, or what is wrong with it, for
 * people; then only r->json says anything.
 */
const char *sts_control_parse(
    struct sts_control_request *r, struct sts_text line);

/* Write a request as its line into out (room for STS_CONTROL_LINE_MAX); the
 * length, or 0: key or zone cannot be said in a line. */
size_t sts_control_format(const struct sts_control_request *r, uint8_t *out);

#endif
