/* SPDX-License-Identifier: MIT */
/*
 * An HTTP/1.1 response reader for policies (RFC 9112, RFC 8461 3.3), byte-fed
 * with O(1) memory, and the one request we send. Only status 200 with
 * text/plain is a policy; no redirects, no content coding, no HTTP caching.
 *
 *	while (n > 0 && sts_http_status(&h) == STS_HTTP_MORE) {
 *		struct sts_text body;
 *		size_t used = sts_http_feed(&h, bytes, n, &body);
 *		take body; bytes += used, n -= used;
 *	}
 *
 * A body counts only when the status is DONE: its length met, its last chunk
 * and trailer seen, or (with neither) the connection closed cleanly.
 */
#ifndef STS_HTTP_H
#define STS_HTTP_H

#include "base/bytes.h"
#include "base/sts_config.h"
#include "base/why.h"

enum sts_http_status {
	STS_HTTP_MORE = 0,
	STS_HTTP_DONE,
	STS_HTTP_FAILED
};

struct sts_http {
	uint16_t code; /* status code of the final response, 0 until known */
	/* Private. */
	uint8_t state, why, field, name_len, value_state, framing;
	bool has_length, has_type, type_ok, coded, http10;
	uint8_t name[24];
	uint8_t value[16];
	uint8_t value_len;
	uint32_t header_len, body_len;
	uint64_t left;
};

void sts_http_start(struct sts_http *h);

/*
 * Take up to n (>= 1) bytes of the response. Returns how many were used, >= 1
 * while the status is MORE; *body is the part of them that is content, maybe
 * empty, and points into `bytes`. Bytes after the end of the response are not
 * used.
 */
size_t sts_http_feed(
    struct sts_http *h, const uint8_t *bytes, size_t n, struct sts_text *body);

/* The connection ended; `clean`: with close_notify. */
void sts_http_closed(struct sts_http *h, bool clean);

enum sts_http_status sts_http_status(const struct sts_http *h);

/* The reason of FAILED. */
enum sts_why sts_http_why(const struct sts_http *h);

/*
 * Write the request for the policy of `host` ("mta-sts.example.com") to out,
 * which has room for STS_HTTP_REQUEST_MAX bytes. Returns its length.
 */
enum {
	STS_HTTP_REQUEST_MAX = 512
};
size_t sts_http_request(uint8_t *out, struct sts_text host);

#endif
