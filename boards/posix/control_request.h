/* SPDX-License-Identifier: MIT */
/*
 * Codec of the control socket's requests: one JSON object.
 *
 *	{"command":"query","zone":"postfix","key":"example.com"}
 *
 *	command   takes
 *	query     key, zone (a socketmap name; without it the default zone)
 *	show      key
 *	forget    key
 *	refresh   key
 *	list, export
 *	flush     all (true: live policies too)
 *	stats
 *	status    brief (true: without lists of domains)
 *	enforce   on (true or false; without it nothing is changed), until (with
 *	          false: seconds since 1970)
 *	report-list, report-flush
 *	report-show  key, json (true: the report, else the mail)
 *	report-send  key
 *
 * A member that the command does not take is an error: to leave out a part of
 * a request would be to do something else than was asked.
 */
#ifndef STS_CONTROL_REQUEST_H
#define STS_CONTROL_REQUEST_H

#include "../../core/answer/zones.h"

enum {
	STS_CONTROL_KEY_MAX = 300, /* octets; no domain is longer */
	/* Octets of a request: key and zone escaped, and the rest. */
	STS_CONTROL_REQUEST_MAX = 2048
};

enum sts_control_command {
	STS_CONTROL_QUERY = 0,
	STS_CONTROL_SHOW,
	STS_CONTROL_FORGET,
	STS_CONTROL_REFRESH,
	STS_CONTROL_LIST,
	STS_CONTROL_EXPORT,
	STS_CONTROL_FLUSH,
	STS_CONTROL_STATS,
	STS_CONTROL_STATUS,
	STS_CONTROL_ENFORCE,
	STS_CONTROL_REPORT_LIST,
	STS_CONTROL_REPORT_SHOW,
	STS_CONTROL_REPORT_SEND,
	STS_CONTROL_REPORT_FLUSH
};

/* What `enforce` is to do. */
enum sts_control_enforce {
	STS_ENFORCE_ASK = 0,
	STS_ENFORCE_ON,
	STS_ENFORCE_OFF
};

struct sts_control_request {
	uint8_t command; /* enum sts_control_command */
	uint8_t enforce; /* enum sts_control_enforce; ENFORCE */
	bool all; /* FLUSH */
	bool json; /* REPORT_SHOW */
	bool brief; /* STATUS */
	uint32_t until_s; /* ENFORCE, OFF; 0: without end */
	char zone[STS_ZONE_NAME_MAX + 1]; /* QUERY; "": the default zone */
	char key[STS_CONTROL_KEY_MAX + 1]; /* QUERY, SHOW, FORGET, REFRESH */
};

/*
 * Read the request at the beginning of `in`, which is all that has come so far.
 *
 * False: it is not whole yet, and in.n < STS_CONTROL_REQUEST_MAX. True: it is
 * whole, or never will be; *wrong is NULL, or says for people what is wrong
 * with it, and then *r is of no use.
 */
bool sts_control_request_read(
    struct sts_control_request *r, struct sts_text in, const char **wrong);

/* Copy a key or a zone into one of the arrays above. False: it is too long. */
bool sts_control_request_copy(char *to, size_t size, const char *from);

/*
 * Write a request into out (room for STS_CONTROL_REQUEST_MAX). Returns its
 * length, or 0: JSON has no form for the key or the zone, since it is not UTF-8
 * or the zone has characters that no zone's name has.
 */
size_t sts_control_request_write(
    const struct sts_control_request *r, uint8_t *out);

#endif
