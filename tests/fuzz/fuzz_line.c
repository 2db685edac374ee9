/* SPDX-License-Identifier: MIT */
/*
 * Lines of the text protocol. Whatever the bytes are, the verdict on a
 * beginning is MORE until it is final. The words found lie inside the line, in
 * its order, without spaces.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/sts_config.h"
#include "../../core/client/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Check a word between `from` and the line's end. Returns where the word
 * ends. */
static const uint8_t *
check_word(struct sts_text word, const uint8_t *from, const uint8_t *end)
{
	STS_ASSERT(word.p >= from);
	STS_ASSERT(word.p + word.n <= end);
	STS_ASSERT(word.n == 0 || memchr(word.p, ' ', word.n) == NULL);
	STS_ASSERT(word.n == 0 || memchr(word.p, '\n', word.n) == NULL);
	return word.p + word.n;
}

static void
check_found(const struct sts_line_request *r, const uint8_t *data, size_t n)
{
	const uint8_t *end = data + r->total;
	const uint8_t *at = data;

	STS_ASSERT(r->total > 0);
	STS_ASSERT(r->total <= n);
	STS_ASSERT(memchr(data, '\n', r->total - 1) == NULL);
	STS_ASSERT(r->verb >= STS_LINE_MODE);
	STS_ASSERT(r->verb <= STS_LINE_REPORT);
	STS_ASSERT((r->verb >= STS_LINE_ALLOWED) == (r->host.n > 0));
	STS_ASSERT(r->key.n > 0);
	if (r->zone.n > 0) {
		at = check_word(r->zone, at, end);
	}
	at = check_word(r->key, at, end);
	if (r->verb == STS_LINE_REPORT) {
		/* The host is all that is left of the line, unchanged. */
		STS_ASSERT(r->host.p >= at && r->host.p + r->host.n <= end);
	} else if (r->host.n > 0) {
		check_word(r->host, at, end);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t buffer = STS_CLIENT_INPUT;
	enum sts_line_status last = STS_LINE_MORE;

	size = size < buffer ? size : buffer;
	for (size_t n = 0; n <= size; n++) {
		struct sts_line_request r, whole;
		enum sts_line_status status =
		    sts_line_parse(&r, sts_text(data, n), buffer, false);
		enum sts_line_status ended =
		    sts_line_parse(&whole, sts_text(data, n), buffer, true);

		STS_ASSERT(last == STS_LINE_MORE || status == last);
		STS_ASSERT(status != STS_LINE_MORE || n < buffer);
		STS_ASSERT(ended != STS_LINE_MORE);
		STS_ASSERT(
		    status == STS_LINE_MORE || n == buffer || ended == status);
		if (status == STS_LINE_OK) {
			check_found(&r, data, n);
		}
		if (ended == STS_LINE_OK) {
			check_found(&whole, data, n);
		}
		last = status;
	}
	return 0;
}
