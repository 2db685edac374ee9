/* SPDX-License-Identifier: MIT */
/* Replies that were put by: rendered when they are sent, as often as it takes. */
#include "../base/assert.h"
#include "client_kept.h"
#include "wrap.h"

/* The reply that was put by at place i. */
static struct sts_reply_kept
kept_at(const struct sts_client *c, unsigned i)
{
	struct sts_reply_kept kept;

	STS_ASSERT(i < c->by);
	memcpy(&kept, c->in + (size_t)i * STS_CLIENT_KEPT, sizeof kept);
	return kept;
}

/*
 * Place i of what is put by, from its octet `at` on. How long a reply is
 * follows from what is put by, so to note that at the first time is no change
 * that anybody sees; the driver holds the engine writable, only the view is
 * const.
 */
static size_t
render(const struct sts_client *c, unsigned i, size_t at, struct sts_span out)
{
	struct sts_reply_kept kept = kept_at(c, i);
	struct sts_reply r;
	size_t n;

	sts_reply_again(&r, c->reply.cache, &kept);
	if (kept.measured) {
		return sts_wrap_render(&r, at, out);
	}
	/* The scratch has room for all of them: sts_client_kept_is_full. */
	STS_ASSERT(at == 0 && out.n >= sts_reply_total(kept.len));
	n = sts_wrap_first(&r, &kept, out.p);
	memcpy(
	    (uint8_t *)c->in + (size_t)i * STS_CLIENT_KEPT, &kept, sizeof kept);
	return n;
}

size_t
sts_client_kept_render(const struct sts_client *c, struct sts_span out)
{
	size_t n = 0, at = c->sent;

	for (unsigned i = c->done; i < c->by && n < out.n; i++) {
		n += render(c, i, at, sts_span(out.p + n, out.n - n));
		at = 0;
	}
	return n;
}

size_t
sts_client_kept_ack(struct sts_client *c, size_t n)
{
	while (sts_client_kept_owes(c) && n > 0) {
		struct sts_reply_kept kept = kept_at(c, c->done);
		size_t left = sts_reply_total(kept.len) - c->sent;

		STS_ASSERT(kept.measured);
		if (n < left) {
			c->sent += n;
			return 0;
		}
		n -= left;
		c->sent = 0;
		c->done++;
	}
	return n;
}

sts_ref
sts_client_kept_take(struct sts_client *c)
{
	sts_ref ref = kept_at(c, c->by - 1U).ref;

	c->by--;
	c->done = c->by;
	if (c->by == 0) {
		c->by_len = 0;
	}
	return ref;
}
