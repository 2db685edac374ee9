/* SPDX-License-Identifier: MIT */
/*
 * What a monitoring system asks over HTTP (RFC 9112): one GET for one path.
 * Read whole, and judged strictly: whatever is not exactly a request is none.
 */
#ifndef STS_SCRAPE_H
#define STS_SCRAPE_H

#include "../../core/base/bytes.h"

enum {
	STS_SCRAPE_MAX = 1024 /* octets of a request, its empty line included */
};

/* What is to be answered: HTTP's status codes, but for the first. */
enum sts_scrape {
	STS_SCRAPE_MORE = 0, /* more of the request has to come */
	STS_SCRAPE_OK = 200,
	STS_SCRAPE_BAD = 400, /* no request, too long, or with a body */
	STS_SCRAPE_NOT_FOUND = 404, /* not for /metrics */
	STS_SCRAPE_METHOD = 405 /* not a GET */
};

/*
 * Judge what has come so far. `last`: there will be no more. What follows the
 * empty line is not looked at. At most STS_SCRAPE_MAX octets are.
 *
 * HTTP/1.0, or HTTP/1.1 with exactly one Host; header fields are checked for
 * their form; Content-Length and Transfer-Encoding are refused, since a GET
 * has nothing to say.
 */
enum sts_scrape sts_scrape_judge(struct sts_text in, bool last);

#endif
