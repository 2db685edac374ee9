/* SPDX-License-Identifier: MIT */
/*
 * Fuzz the response reader. The way in which the bytes are split changes
 * nothing. A prefix is never DONE after an unclean close. Content stays in its
 * bounds. Content that was read and is sent again in another framing is read
 * again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/https/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x) ((x) ? (void)0 : abort())

struct reading {
	struct sts_http h;
	size_t used, len;
	uint8_t content[STS_HTTP_BODY_MAX];
};

static void
feed(struct reading *r, const uint8_t *bytes, size_t n)
{
	size_t off = 0;

	while (off < n && sts_http_status(&r->h) == STS_HTTP_MORE) {
		struct sts_text body;
		size_t used = sts_http_feed(&r->h, bytes + off, n - off, &body);

		CHECK(used >= 1 && used <= n - off && body.n <= used);
		CHECK(
		    body.n == 0 || (body.p >= bytes + off &&
				       body.p + body.n <= bytes + off + used));
		CHECK(body.n == 0 || r->h.code == 200);
		CHECK(body.n <= sizeof r->content - r->len);
		if (body.n > 0) {
			memcpy(r->content + r->len, body.p, body.n);
		}
		r->len += body.n;
		off += used;
	}
	r->used += off;
}

static void
start(struct reading *r)
{
	r->used = 0;
	r->len = 0;
	sts_http_start(&r->h);
}

static void
read_in(struct reading *r, const uint8_t *data, size_t size, size_t first,
    size_t piece)
{
	size_t off = first < size ? first : size;

	start(r);
	feed(r, data, off);
	while (off < size) {
		size_t n =
		    piece == 0 || size - off < piece ? size - off : piece;

		feed(r, data + off, n);
		off += n;
	}
}

static void
same(const struct reading *a, const struct reading *b)
{
	CHECK(sts_http_status(&a->h) == sts_http_status(&b->h));
	CHECK(sts_http_why(&a->h) == sts_http_why(&b->h));
	CHECK(a->h.code == b->h.code);
	CHECK(a->used == b->used);
	CHECK(a->len == b->len && memcmp(a->content, b->content, a->len) == 0);
}

static void
feed_text(struct reading *r, const char *text)
{
	feed(r, (const uint8_t *)text, strlen(text));
}

/* Send the content of `a` again, chunked, `piece` bytes a chunk. */
static void
again(const struct reading *a, size_t piece)
{
	static struct reading b;

	start(&b);
	feed_text(&b, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
		      "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t off = 0; off < a->len;) {
		size_t n = a->len - off < piece ? a->len - off : piece;
		char size[24];

		snprintf(size, sizeof size, "%zX\r\n", n);
		feed_text(&b, size);
		feed(&b, a->content + off, n);
		feed_text(&b, "\r\n");
		off += n;
	}
	CHECK(sts_http_status(&b.h) == STS_HTTP_MORE);
	feed_text(&b, "0\r\n\r\n");
	CHECK(sts_http_status(&b.h) == STS_HTTP_DONE);
	CHECK(b.len == a->len && memcmp(b.content, a->content, a->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reading whole, other;

	read_in(&whole, data, size, 0, 0);
	read_in(&other, data, size, 0, 1);
	same(&whole, &other);
	read_in(&other, data, size, 0, 5);
	same(&whole, &other);
	for (size_t first = 1; first < size && size <= 256; first++) {
		read_in(&other, data, size, first, 0);
		same(&whole, &other);
	}
	if (sts_http_status(&whole.h) == STS_HTTP_DONE) {
		/* If DONE came without a close, one byte less is not DONE. */
		read_in(&other, data, whole.used - 1, 0, 0);
		CHECK(sts_http_status(&other.h) == STS_HTTP_MORE);
		sts_http_closed(&other.h, true);
		CHECK(sts_http_why(&other.h) == STS_WHY_HTTP_TRUNCATED);
	}
	sts_http_closed(&other.h, false);
	CHECK(sts_http_status(&other.h) != STS_HTTP_MORE);
	sts_http_closed(&whole.h, true);
	CHECK(sts_http_status(&whole.h) != STS_HTTP_MORE);
	if (sts_http_status(&whole.h) == STS_HTTP_DONE) {
		CHECK(whole.h.code == 200);
		again(&whole, 1 + size % 300);
	}
	return 0;
}
