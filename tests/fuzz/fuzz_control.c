/* SPDX-License-Identifier: MIT */
/*
 * boards/posix/control_line, control_say: any octets as a request. One that is
 * taken says the same when it is written and read again; what is said of its
 * key is printable, and well-formed in both forms.
 */
#include <string.h>

#include "../../boards/posix/control_line.h"
#include "../../boards/posix/control_say.h"
#include "../../core/base/assert.h"

#define CHECK(c) STS_ASSERT(c)

static void
check_request(const struct sts_control_request *r)
{
	uint8_t line[STS_CONTROL_LINE_MAX];
	struct sts_control_request again;
	size_t n = sts_control_format(r, line);

	CHECK(r->command >= STS_CONTROL_QUERY);
	CHECK(r->command <= STS_CONTROL_ENFORCE);
	CHECK(r->key_len <= sizeof r->key);
	CHECK(r->zone_len <= sizeof r->zone);
	CHECK(r->enforce <= STS_ENFORCE_OFF);
	/* What came in a line can be said in one, but for a CR in it. */
	if (n == 0) {
		CHECK(memchr(r->key, '\r', sizeof r->key) != NULL ||
		      memchr(r->zone, '\r', sizeof r->zone) != NULL);
		return;
	}
	CHECK(sts_control_line(sts_text(line, n)) == (int)n);
	CHECK(sts_control_parse(&again, sts_text(line, n)) == NULL);
	CHECK(memcmp(&again, r, sizeof again) == 0);
}

/* One line, quotes in pairs, nothing that a terminal would take for more. */
static void
check_said(struct sts_text t, bool json)
{
	unsigned quotes = 0;

	CHECK(t.n > 0);
	for (size_t i = 0; i < t.n; i++) {
		CHECK((t.p[i] >= ' ' && t.p[i] < 0x7f) || t.p[i] == '\n');
		quotes += t.p[i] == '"';
		if (json && t.p[i] == '\\') {
			CHECK(t.n - i > 6 && t.p[i + 1] == 'u');
		}
	}
	CHECK(t.p[t.n - 1] == '\n');
	CHECK(!json || quotes == 4);
	CHECK(!json || memchr(t.p, '\n', t.n) == t.p + t.n - 1);
}

static void
check_value(struct sts_text value, bool json)
{
	uint8_t out[STS_SAY_RECORD_MAX];
	struct sts_say s;

	sts_say_init(&s, json);
	sts_say_into(&s, sts_span(out, sizeof out));
	sts_say_open(&s);
	sts_say_text(&s, "key", value);
	sts_say_close(&s);
	check_said(sts_text(out, s.len), json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_control_request r;
	int n = sts_control_line(sts_text(data, size));

	if (n <= 0) {
		CHECK((n < 0) == (size >= STS_CONTROL_LINE_MAX));
		return 0;
	}
	CHECK((size_t)n <= size);
	CHECK(data[n - 1] == '\n');
	if (sts_control_parse(&r, sts_text(data, (size_t)n)) != NULL) {
		return 0;
	}
	check_request(&r);
	check_value(sts_text(r.key, r.key_len), false);
	check_value(sts_text(r.key, r.key_len), true);
	return 0;
}
