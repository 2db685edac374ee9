/* SPDX-License-Identifier: MIT */
/*
 * Netstrings. Whatever the bytes are, the verdict on a beginning is MORE until
 * it is final, and a request that is found and written again is what was read.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/client/socketmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_found(const struct sts_request *r, const uint8_t *data,
    enum sts_request_status status)
{
	uint8_t head[STS_REPLY_HEAD_MAX];
	bool named = status == STS_REQUEST_OK;
	size_t len = r->name.n + r->key.n + named;
	size_t head_len = sts_reply_head(head, len);

	STS_ASSERT(r->total == head_len + len + 1);
	STS_ASSERT(memcmp(head, data, head_len) == 0);
	STS_ASSERT(r->name.p == data + head_len);
	STS_ASSERT(r->key.p == r->name.p + r->name.n + named);
	STS_ASSERT(!named || r->name.p[r->name.n] == ' ');
	STS_ASSERT(r->name.n == 0 || memchr(r->name.p, ' ', r->name.n) == NULL);
	STS_ASSERT(data[r->total - 1] == ',');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t buffer = STS_CLIENT_INPUT;
	enum sts_request_status last = STS_REQUEST_MORE;
	size_t total = 0;

	size = size < buffer ? size : buffer;
	for (size_t n = 0; n <= size; n++) {
		struct sts_request r = { { NULL, 0 }, { NULL, 0 }, 0 };
		enum sts_request_status status =
		    sts_request_parse(&r, sts_text(data, n), buffer);

		STS_ASSERT(last == STS_REQUEST_MORE || status == last);
		STS_ASSERT(last == STS_REQUEST_MORE || r.total == total);
		STS_ASSERT(status != STS_REQUEST_MORE || n < buffer);
		if (status == STS_REQUEST_OK || status == STS_REQUEST_NO_NAME) {
			STS_ASSERT(r.total <= n);
			check_found(&r, data, status);
		}
		if (status == STS_REQUEST_LONG) {
			STS_ASSERT(r.total > buffer);
			STS_ASSERT(r.total <= STS_CLIENT_SKIP_MAX + 16);
		}
		last = status;
		total = r.total;
	}
	return 0;
}
