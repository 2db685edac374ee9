/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/1.1 response reader for policies (RFC 9112, RFC 8461 3.3), byte-fed
 * with O(1) memory, and the one request we send. Only status 200 with
 * text/plain is a policy; no redirects, no content coding, no HTTP caching.
 *
 * Example, with const uint8_t *bytes, size_t n, void (*take)(struct sts_text):
 *
 *	struct sts_http h;
 *
 *	sts_http_start(&h);
 *	while (n > 0 && sts_http_status(&h) == STS_HTTP_MORE) {
 *		struct sts_text body;
 *		size_t used = sts_http_feed(&h, bytes, n, &body);
 *
 *		take(body);
 *		bytes += used;
 *		n -= used;
 *	}
 *
 * A body counts only when the status is DONE: its length met, its last chunk
 * and trailer seen, or (with neither) the connection closed cleanly. Until then
 * content that was handed out does not count.
 *
 * Where RFC 9112 leaves a choice: a bare LF ends no line (2.2 lets a recipient
 * accept one; what we take for two lines a proxy may take for one), several
 * Content-Length values must be the same number (6.3), Content-Length beside
 * Transfer-Encoding is refused (6.3). obs-fold is replaced by a space (5.2),
 * also one without its CR, as servers send values that their owner wrote over
 * several lines.
 *
 * Faults in a field that does not matter are ignored: names may be empty or
 * hold other characters than a token's; names, values, reason and chunk
 * extensions may hold any octet but NUL, CR and LF. Fields that matter
 * (http_field.h) are recognised even with odd characters in their names, and
 * refused because of them. Also refused are a fold in a length or transfer
 * coding, a line without a colon, and a blank before the first field. A status
 * line may lack the space before an absent reason, and blanks may follow a
 * chunk size. Interim (1xx) responses are skipped, except 101, which we did not
 * ask for. The first fault decides the reason; a status other than 200 ends the
 * reading at once. Headers (interim ones too), chunk extensions and trailer
 * have STS_HTTP_HEADER_MAX bytes together.
 */
#ifndef STS_HTTP_H
#define STS_HTTP_H

#include "../base/bytes.h"
#include "../base/sts_config.h"
#include "../base/why.h"
#include "http_field.h"

enum sts_http_status {
	STS_HTTP_MORE = 0,
	STS_HTTP_DONE,
	STS_HTTP_FAILED
};

enum {
	STS_HTTP_REQUEST_MAX = 512
};

struct sts_http {
	uint16_t code; /* status code of the final response, 0 until known */
	/* Private. */
	uint16_t digits; /* of the status code */
	uint8_t state, why;
	uint8_t at; /* bytes or digits of the current item */
	bool http10, in_trailer, in_field;
	uint32_t overhead; /* bytes of headers, extensions, trailer */
	uint32_t taken; /* bytes of content */
	uint32_t left; /* of it, to the end of the body or of the chunk */
	struct sts_http_fields fields;
};

/* Begin a response; *h may hold anything. */
void sts_http_start(struct sts_http *h);

/*
 * Take up to n (>= 1) bytes of the response. Returns how many were used, >= 1
 * while the status was MORE; *body is the part of them that is content, maybe
 * empty, and points into `bytes`. Bytes after the end of the response are not
 * used, and none are when the status is no longer MORE.
 */
size_t sts_http_feed(
    struct sts_http *h, const uint8_t *bytes, size_t n, struct sts_text *body);

/* The connection ended; `clean`: with close_notify. */
void sts_http_closed(struct sts_http *h, bool clean);

/* How far the response has come. DONE and FAILED are for good. */
enum sts_http_status sts_http_status(const struct sts_http *h);

/* The reason of FAILED (http-...), otherwise STS_WHY_NONE. */
enum sts_why sts_http_why(const struct sts_http *h);

/*
 * Write the request for the policy of `host` ("mta-sts.example.com", a valid
 * name) to out, which has room for STS_HTTP_REQUEST_MAX bytes. Returns its
 * length.
 */
size_t sts_http_request(uint8_t *out, struct sts_text host);

#endif
