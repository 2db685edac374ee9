/* SPDX-License-Identifier: MIT */
/*
 * Fuzz the TXT record: each line of the input is one TXT RR. A second reader of
 * the grammar, which searches instead of stepping, must agree, and foreign
 * records around a set change nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/grammar/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x) ((x) ? (void)0 : abort())

static bool
is_wsp(uint8_t b)
{
	return b == ' ' || b == '\t';
}

/* The number of bytes of t from off on that are in the class. */
static size_t
span(struct sts_text t, size_t off, bool (*is)(uint8_t))
{
	size_t n = 0;

	while (off + n < t.n && is(t.p[off + n])) {
		n++;
	}
	return n;
}

static bool
is_name(uint8_t b)
{
	return sts_is_alnum(b) || b == '_' || b == '-' || b == '.';
}

static bool
is_value(uint8_t b)
{
	return b > ' ' && b < 0x7f && b != ';' && b != '=';
}

/* The length of *WSP ";" *WSP at off, or 0. */
static size_t
delimiter(struct sts_text t, size_t off)
{
	size_t n = span(t, off, is_wsp);

	if (off + n >= t.n || t.p[off + n] != ';') {
		return 0;
	}
	return n + 1 + span(t, off + n + 1, is_wsp);
}

/* Whether t is a candidate. */
static bool
candidate(struct sts_text t)
{
	return t.n > 7 && memcmp(t.p, "v=STSv1", 7) == 0 && delimiter(t, 7) > 0;
}

/* The id of a candidate; its length is 0 when it is invalid. */
static struct sts_text
parse(struct sts_text t)
{
	struct sts_text none = { NULL, 0 }, id = none;
	size_t off = 7, gap = delimiter(t, off);

	while (gap > 0 && off + gap < t.n) {
		size_t name, value;

		off += gap;
		name = span(t, off, is_name);
		if (name == 0 || name > 32 || !sts_is_alnum(t.p[off]) ||
		    off + name >= t.n || t.p[off + name] != '=') {
			return none;
		}
		value = span(t, off + name + 1, is_value);
		if (value == 0) {
			return none;
		}
		if (id.n == 0 && name == 2 && memcmp(t.p + off, "id", 2) == 0) {
			id = sts_text(t.p + off + 3, value);
			if (value > 32 || span(id, 0, sts_is_alnum) != value) {
				return none;
			}
		}
		off += name + 1 + value;
		gap = delimiter(t, off);
	}
	return off + gap == t.n ? id : none;
}

/* Feed every line as a record; the first candidate goes to *first. Returns
 * the number of candidates. */
static unsigned
feed(struct sts_record *r, const uint8_t *data, size_t size,
    struct sts_text *first)
{
	unsigned count = 0;
	size_t start = 0;

	for (size_t i = 0; i <= size; i++) {
		struct sts_text line = sts_text(data + start, i - start);

		if (i < size && data[i] != '\n') {
			sts_record_byte(r, data[i]);
			continue;
		}
		sts_record_end(r);
		if (candidate(line)) {
			*first = count++ == 0 ? line : *first;
		}
		start = i + 1;
	}
	return count;
}

static void
feed_text(struct sts_record *r, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		sts_record_byte(r, (uint8_t)text[i]);
	}
	sts_record_end(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_record r, framed;
	struct sts_text first = { NULL, 0 }, id = { NULL, 0 };
	enum sts_why why, framed_why, want = STS_WHY_NONE;
	unsigned count;

	sts_record_start(&r);
	count = feed(&r, data, size, &first);
	if (count == 1) {
		id = parse(first);
		want = id.n > 0 ? STS_WHY_NONE : STS_WHY_TXT_INVALID;
	} else {
		want = count == 0 ? STS_WHY_TXT_NONE : STS_WHY_TXT_SEVERAL;
	}
	CHECK((sts_record_result(&r, &why) == STS_FOUND) ==
	      (want == STS_WHY_NONE));
	CHECK(why == want);
	if (want == STS_WHY_NONE) {
		CHECK(r.id_len == id.n && memcmp(r.id, id.p, id.n) == 0);
	}

	sts_record_start(&framed);
	feed_text(&framed, "v=spf1 -all");
	feed(&framed, data, size, &first);
	feed_text(&framed, "v=STSv1 id=2");
	sts_record_result(&framed, &framed_why);
	CHECK(framed_why == why);
	if (want == STS_WHY_NONE) {
		CHECK(framed.id_len == r.id_len &&
		      memcmp(framed.id, r.id, r.id_len) == 0);
	}
	return 0;
}
