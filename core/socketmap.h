/* SPDX-License-Identifier: MIT */
/*
 * The socketmap request codec: netstrings "LEN:NAME KEY," (Postfix
 * socketmap_table(5)), found in a client's input buffer. From the definition:
 * no leading zeros, no sign, a comma after the data.
 */
#ifndef STS_SOCKETMAP_H
#define STS_SOCKETMAP_H

#include "base/bytes.h"
#include "base/sts_config.h"

enum sts_request_status {
	STS_REQUEST_MORE = 0, /* the buffer holds a beginning */
	STS_REQUEST_OK, /* name, key; total bytes to drop afterwards */
	STS_REQUEST_NO_NAME, /* a netstring without space: total is set */
	STS_REQUEST_LONG, /* too long for the buffer: total says how long, skip
	                     so many bytes and answer not found */
	STS_REQUEST_BAD /* not a netstring, or over STS_CLIENT_SKIP_MAX */
};

struct sts_request {
	struct sts_text name, key; /* inside the buffer */
	size_t total; /* of the whole netstring, comma included */
};

/*
 * Judge the beginning of a buffer that can hold `size` bytes, of which
 * `in.n` are there. O(in.n). BAD is told as early as it can be known.
 */
enum sts_request_status sts_request_parse(
    struct sts_request *r, struct sts_text in, size_t size);

/* Write "LEN:" for a reply of len bytes to out (room for 24). Its length. */
size_t sts_reply_head(uint8_t out[24], size_t len);

#endif
