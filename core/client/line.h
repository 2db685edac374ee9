/* SPDX-License-Identifier: MIT */
/*
 * The text protocol, for mail servers that write a request to a socket and read
 * the answer until the socket is closed, as Exim's ${readsocket} does. A
 * connection carries one request, one line. The answer has no end of line, so
 * that it can be compared as it is, and is never empty, so that an agent that
 * died does not look like an answer:
 *
 *	[ZONE] mode DOMAIN          enforce, testing, none
 *	[ZONE] hosts DOMAIN         mx.a.example:*.b.example, as the policy has
 *	                            them; none when none is enforced
 *	[ZONE] allowed DOMAIN HOST  whether mail may go to this MX host: yes, no
 *	report DOMAIN ...           what a session of the mail server came to, for
 *	                            TLS reports (core/report/report_line.h): ok,
 *	                            it is counted, or no. A socket that anybody
 *	                            may connect to takes none. No request where
 *	                            STS_REPORT is 0.
 *
 * Each of the first three may be answered temp: nobody can tell now, and the
 * mail has to wait. A line that is no request is answered temp too, so that a
 * mistake in a configuration lets no mail out. So is an override in Postfix's
 * words, which this protocol cannot express.
 *
 * Words are separated by one space or more. The line ends with LF or CR LF, or
 * with the stream.
 */
#ifndef STS_LINE_H
#define STS_LINE_H

#include "../base/bytes.h"

enum sts_line_verb {
	STS_LINE_MODE = 1,
	STS_LINE_HOSTS,
	STS_LINE_ALLOWED,
	STS_LINE_REPORT
};

enum sts_line_status {
	STS_LINE_MORE = 0, /* the buffer holds a beginning */
	STS_LINE_OK, /* everything below is set */
	STS_LINE_BAD /* a line, but no request */
};

struct sts_line_request {
	uint8_t verb; /* enum sts_line_verb */
	struct sts_text zone; /* n 0: none was named */
	struct sts_text key;
	struct sts_text host; /* ALLOWED; REPORT: what stands behind the domain;
	                         else n 0 */
	size_t total; /* of the line, with its end */
};

/*
 * Judge the beginning of a buffer that can hold `size` bytes, of which `in.n`
 * are there; the stream has `ended` behind them, or goes on. *r is written on
 * OK only; its texts point into the buffer and have no end of their own. With
 * in.n == size or ended never MORE. O(in.n).
 */
enum sts_line_status sts_line_parse(
    struct sts_line_request *r, struct sts_text in, size_t size, bool ended);

#endif
