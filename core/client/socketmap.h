/* SPDX-License-Identifier: MIT */
/*
 * The socketmap request codec: netstrings "LEN:NAME KEY," (Postfix
 * socketmap_table(5)), found in a client's input buffer. From the definition
 * of netstrings: LEN has no leading zeros ("0:," is the empty one), no sign
 * and no blanks, and the comma is not optional.
 *
 * NAME ends at the first space; KEY is the rest, further spaces included.
 */
#ifndef STS_SOCKETMAP_H
#define STS_SOCKETMAP_H

#include "../base/bytes.h"
#include "../base/sts_config.h"

enum {
	STS_REQUEST_HEAD_MAX = 16, /* "LEN:" that is not BAD is shorter */
	STS_REPLY_HEAD_MAX = 24 /* "LEN:" of any size_t */
};

enum sts_request_status {
	STS_REQUEST_MORE = 0, /* the buffer holds a beginning */
	STS_REQUEST_OK, /* name, key; total bytes to drop afterwards */
	STS_REQUEST_NO_NAME, /* whole, but without a space: name is all of it,
	                        key is empty */
	STS_REQUEST_LONG, /* does not fit the buffer: total is its length,
	                     nothing else is set */
	STS_REQUEST_BAD /* not a netstring, or LEN over STS_CLIENT_SKIP_MAX */
};

struct sts_request {
	struct sts_text name, key; /* inside the buffer */
	size_t total; /* of the whole netstring, LEN and comma included */
};

/*
 * Judge the beginning of a buffer that can hold `size` bytes (at least
 * STS_REQUEST_HEAD_MAX), of which `in.n` are there. Each status says which
 * fields of *r are written. O(in.n). BAD is returned at the first byte that
 * cannot belong to a netstring, LONG at the colon. With in.n == size never
 * MORE.
 */
enum sts_request_status sts_request_parse(
    struct sts_request *r, struct sts_text in, size_t size);

/* Write "LEN:" for a reply of len bytes to out. Returns its length. */
size_t sts_reply_head(uint8_t out[STS_REPLY_HEAD_MAX], size_t len);

/* Bytes of the netstring of a reply of len bytes (at most STS_REPLY_MAX). */
size_t sts_reply_total(size_t len);

#endif
