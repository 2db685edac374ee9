/* SPDX-License-Identifier: MIT */
/*
 * Fuzz the policy body. The way in which it is split changes nothing. An
 * accepted policy is safe to emit, and parses to the same when rendered again.
 * A byte order mark or a NUL makes any policy invalid.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/grammar/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x) ((x) ? (void)0 : abort())

enum {
	LIST_SIZE = 1 << 20
};

/* A policy and its patterns, each followed by a newline. */
struct parsed {
	struct sts_policy p;
	bool ok;
	size_t len;
	uint8_t list[LIST_SIZE];
};

static void
keep(struct parsed *r)
{
	struct sts_text mx = sts_text(r->p.mx, r->p.mx_len);
	size_t skip = mx.n > 2 && mx.p[0] == '*' ? 2 : 0;

	if (mx.n == 0) {
		return;
	}
	/* Only a validated name in lower case is emitted. */
	CHECK(sts_name_valid(sts_text(mx.p + skip, mx.n - skip)));
	CHECK(skip == 0 || mx.p[1] == '.');
	CHECK(memchr(mx.p, '.', mx.n) != NULL);
	for (size_t i = 0; i < mx.n; i++) {
		CHECK(mx.p[i] == sts_lower(mx.p[i]));
	}
	CHECK(mx.n + 1 <= LIST_SIZE - r->len);
	memcpy(r->list + r->len, mx.p, mx.n);
	r->list[r->len + mx.n] = '\n';
	r->len += mx.n + 1;
}

static void
feed(struct parsed *r, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		size_t used = sts_policy_feed(&r->p, bytes, n);

		CHECK(used >= 1 && used <= n);
		keep(r);
		bytes += used;
		n -= used;
	}
}

/* Parse in pieces of `piece` bytes (0: whole), the first of `first` bytes. */
static void
parse(struct parsed *r, const uint8_t *data, size_t size, size_t first,
    size_t piece)
{
	size_t off = first < size ? first : size;

	r->len = 0;
	sts_policy_start(&r->p);
	feed(r, data, off);
	while (off < size) {
		size_t n =
		    piece == 0 || size - off < piece ? size - off : piece;

		feed(r, data + off, n);
		off += n;
	}
	r->ok = sts_policy_end(&r->p);
	if (r->ok) {
		keep(r);
	}
	CHECK(r->ok == (sts_policy_why(&r->p) == STS_WHY_NONE));
	CHECK(r->ok == !sts_policy_failed(&r->p));
}

static void
same(const struct parsed *a, const struct parsed *b)
{
	CHECK(sts_policy_why(&a->p) == sts_policy_why(&b->p));
	if (a->ok) {
		CHECK(a->p.mode == b->p.mode);
		CHECK(a->p.max_age_s == b->p.max_age_s);
		CHECK(a->p.mx_count == b->p.mx_count);
		CHECK(
		    a->len == b->len && memcmp(a->list, b->list, a->len) == 0);
	}
}

static size_t
put(uint8_t *out, size_t len, const void *p, size_t n)
{
	CHECK(n <= LIST_SIZE - len);
	if (n > 0) {
		memcpy(out + len, p, n);
	}
	return len + n;
}

static size_t
put_text(uint8_t *out, size_t len, const char *text)
{
	return put(out, len, text, strlen(text));
}

/* Render the policy as a policy host would publish it. */
static size_t
render(const struct parsed *r, uint8_t *out)
{
	uint8_t digits[20];
	size_t len = put_text(out, 0, "version: STSv1\nmode: "), start = 0;

	len = put_text(out, len, sts_mode_text(r->p.mode));
	for (size_t i = 0; i < r->len; i++) {
		if (r->list[i] == '\n') {
			len = put_text(out, len, "\nmx: ");
			len = put(out, len, r->list + start, i - start);
			start = i + 1;
		}
	}
	len = put_text(out, len, "\nmax_age: ");
	return put(out, len, digits, sts_put_decimal(digits, r->p.max_age_s));
}

/* Two texts one after the other are no policy. */
static void
spoiled(const void *a, size_t a_len, const void *b, size_t b_len)
{
	static struct parsed r;
	static uint8_t body[LIST_SIZE];

	parse(&r, body, put(body, put(body, 0, a, a_len), b, b_len), 0, 0);
	CHECK(!r.ok);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct parsed whole, other;

	if (size > STS_HTTP_BODY_MAX) {
		return 0;
	}
	parse(&whole, data, size, 0, 0);
	parse(&other, data, size, 0, 1);
	same(&whole, &other);
	parse(&other, data, size, 0, 3);
	same(&whole, &other);
	for (size_t first = 1; first < size && size <= 256; first++) {
		parse(&other, data, size, first, 0);
		same(&whole, &other);
	}
	if (whole.ok) {
		static uint8_t out[LIST_SIZE];

		CHECK(whole.p.max_age_s <= STS_MAX_AGE_MAX);
		CHECK(whole.p.mx_count <= STS_POLICY_MX_MAX);
		CHECK(whole.p.mx_count > 0 || whole.p.mode == STS_MODE_NONE);
		parse(&other, out, render(&whole, out), 0, 0);
		same(&whole, &other);
	}
	spoiled("\0", 1, data, size);
	spoiled(data, size, "\0", 1);
	spoiled("\xef\xbb\xbf", 3, data, size);
	return 0;
}
