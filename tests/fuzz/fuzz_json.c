/* SPDX-License-Identifier: MIT */
/*
 * core/grammar/json, json_put: any octets as JSON. The events do not depend on
 * how the octets are cut. Any octets, written as a string, become printable
 * ASCII that is read as one string: the same one, if they are UTF-8.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/grammar/json.h"
#include "../../core/grammar/json_put.h"

#define CHECK(c) STS_ASSERT(c)

enum {
	STRING_MAX = 4096
};

/* A checksum of events and texts, pieces of a string joined. */
struct digest {
	uint64_t sum;
	bool whole, failed;
};

static void
add(struct digest *d, uint8_t octet)
{
	d->sum = (d->sum ^ octet) * UINT64_C(1099511628211);
}

static void
add_event(struct digest *d, const struct sts_json *j, enum sts_json_event e)
{
	struct sts_text t = sts_json_text(j);

	if (e >= STS_JSON_NAME && e <= STS_JSON_NUMBER) {
		CHECK(t.n <= STS_JSON_TEXT_MAX);
		for (size_t i = 0; i < t.n; i++) {
			add(d, t.p[i]);
		}
	}
	if (e != STS_JSON_PIECE && e != STS_JSON_MORE) {
		add(d, (uint8_t)(e + 0x80));
	}
}

static struct digest
digest_of(struct sts_text in, size_t step)
{
	struct digest d = { UINT64_C(14695981039346656037), false, false };
	struct sts_json j;

	sts_json_begin(&j);
	for (size_t i = 0; i < in.n && !d.failed;) {
		size_t n = in.n - i < step ? in.n - i : step;
		enum sts_json_event e;
		size_t read = sts_json_read(&j, sts_text(in.p + i, n), &e);

		CHECK(read <= n);
		CHECK(read == n || e != STS_JSON_MORE);
		CHECK(sts_json_depth(&j) <= STS_JSON_DEPTH_MAX);
		add_event(&d, &j, e);
		d.failed = e >= STS_JSON_LIMIT;
		i += read;
	}
	d.whole = !d.failed && sts_json_between(&j);
	return d;
}

static bool
is_utf8(struct sts_text t)
{
	struct sts_utf8 u = { 0, 0, 0, 0 };

	for (size_t i = 0; i < t.n; i++) {
		if (!sts_utf8_byte(&u, t.p[i])) {
			return false;
		}
	}
	return u.left == 0;
}

/* Read what was written for the octets t. Returns whether it is the same. */
static bool
reads_as(struct sts_text written, struct sts_text t)
{
	struct sts_json j;
	enum sts_json_event e = STS_JSON_PIECE;
	bool same = true;

	sts_json_begin(&j);
	while (e == STS_JSON_PIECE) {
		size_t n = sts_json_read(&j, written, &e);
		struct sts_text piece = sts_json_text(&j);

		written = sts_text(written.p + n, written.n - n);
		CHECK(e == STS_JSON_PIECE || e == STS_JSON_STRING);
		same = same && piece.n <= t.n &&
		       (piece.n == 0 || memcmp(piece.p, t.p, piece.n) == 0);
		if (same) {
			t = sts_text(t.p + piece.n, t.n - piece.n);
		}
	}
	CHECK(written.n == 0);
	return same && t.n == 0;
}

static void
check_string(struct sts_text t)
{
	static uint8_t out[STRING_MAX * STS_JSON_ESCAPE_MAX + 2];
	struct sts_sink s = { 0, 0, sizeof out, out };
	struct sts_json_put p;

	sts_json_put_begin(&p, &s);
	sts_json_put_text(&p, NULL, t);
	CHECK(s.pos <= sizeof out);
	for (size_t i = 0; i < s.pos; i++) {
		CHECK(out[i] >= ' ' && out[i] < 0x7f);
	}
	CHECK(reads_as(sts_text(out, s.pos), t) == is_utf8(t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_text in = sts_text(data, size);
	struct digest whole = digest_of(in, size + 1);
	struct digest octets = digest_of(in, 1);

	CHECK(whole.sum == octets.sum);
	CHECK(whole.whole == octets.whole);
	CHECK(whole.failed == octets.failed);
	if (size <= STRING_MAX) {
		check_string(in);
	}
	return 0;
}
