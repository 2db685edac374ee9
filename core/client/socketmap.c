/* SPDX-License-Identifier: MIT */
/* The socketmap request codec: netstrings in, the head of a netstring out. */
#include <string.h>

#include "../base/assert.h"
#include "socketmap.h"

/* LEN and its colon must fit the buffer, and sums must not wrap. */
STS_STATIC_ASSERT(STS_CLIENT_SKIP_MAX <= 9999999, skip_max_has_few_digits);
STS_STATIC_ASSERT(STS_CLIENT_INPUT >= STS_REQUEST_HEAD_MAX, input_holds_head);

/*
 * Read "LEN:". OK: *len is the number and *head the bytes before the data.
 * MORE: there is no colon yet. BAD as soon as a byte does not fit.
 */
static enum sts_request_status
parse_head(struct sts_text in, size_t *len, size_t *head)
{
	size_t value = 0;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == ':' && i > 0) {
			*len = value;
			*head = i + 1;
			return STS_REQUEST_OK;
		}
		if (!sts_is_digit(in.p[i]) || (i > 0 && in.p[0] == '0')) {
			return STS_REQUEST_BAD;
		}
		value = value * 10 + (size_t)(in.p[i] - '0');
		if (value > STS_CLIENT_SKIP_MAX) {
			return STS_REQUEST_BAD;
		}
	}
	return STS_REQUEST_MORE;
}

/* Split "NAME KEY" at its first space. */
static enum sts_request_status
split(struct sts_request *r, struct sts_text data)
{
	const uint8_t *space = data.n > 0 ? memchr(data.p, ' ', data.n) : NULL;
	size_t name_len;

	if (space == NULL) {
		r->name = data;
		r->key = sts_text(data.p + data.n, 0);
		return STS_REQUEST_NO_NAME;
	}
	name_len = (size_t)(space - data.p);
	r->name = sts_text(data.p, name_len);
	r->key = sts_text(space + 1, data.n - name_len - 1);
	return STS_REQUEST_OK;
}

enum sts_request_status
sts_request_parse(struct sts_request *r, struct sts_text in, size_t size)
{
	size_t len = 0, head = 0;
	enum sts_request_status status = parse_head(in, &len, &head);

	STS_ASSERT(size >= STS_REQUEST_HEAD_MAX);
	STS_ASSERT(in.n <= size);
	if (status != STS_REQUEST_OK) {
		return status;
	}
	if (size - head < len + 1) {
		r->total = head + len + 1;
		return STS_REQUEST_LONG;
	}
	if (in.n - head < len + 1) {
		return STS_REQUEST_MORE;
	}
	if (in.p[head + len] != ',') {
		return STS_REQUEST_BAD;
	}
	r->total = head + len + 1;
	return split(r, sts_text(in.p + head, len));
}

size_t
sts_reply_head(uint8_t out[STS_REPLY_HEAD_MAX], size_t len)
{
	size_t n = sts_put_decimal(out, len);

	STS_ASSERT(n < STS_REPLY_HEAD_MAX);
	out[n] = ':';
	return n + 1;
}

size_t
sts_reply_total(size_t len)
{
	size_t digits = 1;

	for (uint32_t ten = 10; len >= ten; ten *= 10) {
		digits++;
	}
	return digits + 1 + len + 1;
}
