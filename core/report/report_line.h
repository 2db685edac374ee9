/* SPDX-License-Identifier: MIT */
/*
 * An event in words, for mail servers that speak lines of text as Exim does
 * (core/client/line.h): what a datagram or a C call would say.
 *
 *	RESULT [FIELD=VALUE]... record=RECORD
 *
 *	RESULT   success, or one of the eleven result types of RFC 8460 4.3
 *	FIELD    policy           sts, tlsa or no-policy-found (which it is
 *	                          without one)
 *	         policy-domain    of TLSA the mail host's; else the domain
 *	         policy-string    a string of the policy, in order
 *	         mx-host          a pattern of its mx
 *	         delivered        yes: the session succeeded after all
 *	         sending-mta-ip, receiving-mx-hostname, receiving-ip,
 *	         receiving-mx-helo, additional-information, failure-reason-code
 *	RECORD   the domain's record at _smtp._tls, to the line's end
 *
 * Words are separated by one space or more. In a value %XX is the octet of
 * these two hexadecimal digits, so that it may hold a space; the record is
 * taken as it is. Fields may come in any order before the record; of those that
 * are no list the last one counts. A field that is none of these, or a value
 * that is wrong, makes the line wrong: it is written by the operator, not by a
 * stranger.
 */
#ifndef STS_REPORT_LINE_H
#define STS_REPORT_LINE_H

#include "report_event.h"

enum {
	STS_REPORT_LINE_MAX = 1024 /* octets behind the domain */
};

/*
 * Read what stands behind the domain of a line into *e. False, and *e is
 * unspecified: it is wrong, or sts_event_begin would not take it. O(line.n).
 */
bool sts_report_line(
    struct sts_report_event *e, struct sts_text domain, struct sts_text line);

#endif
