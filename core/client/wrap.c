/* SPDX-License-Identifier: MIT */
/*
 * Replies and their wrapping. A reply's length stands before its data. So one
 * that is not measured is rendered first, behind as much room as "LEN:" takes
 * at most, and moved up if that takes less.
 */
#include <string.h>

#include "../base/assert.h"
#include "socketmap.h"
#include "wrap.h"

/* By the text protocol nothing stands before the data, or behind. */
static bool
is_bare(const struct sts_reply *r)
{
	return r->verb != 0;
}

static size_t
write_head(const struct sts_reply *r, uint8_t head[STS_REPLY_HEAD_MAX])
{
	return is_bare(r) ? 0 : sts_reply_head(head, r->len);
}

size_t
sts_wrap_total(const struct sts_reply *r)
{
	return is_bare(r) ? r->len : sts_reply_total(r->len);
}

size_t
sts_wrap_render(const struct sts_reply *r, size_t at, struct sts_span out)
{
	uint8_t head[STS_REPLY_HEAD_MAX];
	size_t head_len = write_head(r, head);
	size_t data_end = head_len + r->len;
	size_t n = 0;

	STS_ASSERT(at <= data_end);
	while (n < out.n && at < head_len) {
		out.p[n++] = head[at++];
	}
	if (n < out.n && at < data_end) {
		size_t got = sts_reply_render(
		    r, at - head_len, sts_span(out.p + n, out.n - n));

		n += got;
		at += got;
	}
	if (n < out.n && !is_bare(r)) {
		STS_ASSERT(at == data_end);
		out.p[n++] = ',';
	}
	return n;
}

size_t
sts_wrap_first(struct sts_reply *r, struct sts_reply_kept *kept, uint8_t *out)
{
	size_t room = sts_reply_total(kept->len) - kept->len - 1;
	size_t head_len, total;

	sts_reply_measure(r, out + room);
	kept->len = (uint16_t)r->len;
	kept->measured = true;
	head_len = sts_reply_head(out, kept->len);
	if (head_len < room) {
		memmove(out + head_len, out + room, kept->len);
	}
	total = head_len + kept->len + 1;
	out[total - 1] = ',';
	return total;
}

void
sts_wrap_passed(struct sts_reply *r, size_t sent)
{
	size_t data_end = sts_wrap_total(r) - !is_bare(r);
	size_t head_len = data_end - r->len;

	if (sent > head_len) {
		sts_reply_passed(r, sent - head_len);
	}
}
