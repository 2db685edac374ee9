/* SPDX-License-Identifier: MIT */
/*
 * The header fields of a response that matter for a policy. A field is
 * collected (name, then value, both in lower case) and judged at its end;
 * struct sts_http_fields has the result of the fields so far.
 *
 * Invariants: name_len of STS_HTTP_NAME_MAX + 1 is a name too long for any that
 * matters; a value is never kept beyond STS_HTTP_VALUE_MAX, and one that was
 * longer is judged with `whole` false, by which no length or coding is
 * accepted. No field overrides an earlier one: two lengths must agree, and a
 * transfer coding may be named once.
 *
 * The attacker shares a connection or a proxy with us, and wants the body to
 * end elsewhere for us than for the others (RFC 9112 11.1, 11.2). Hence a
 * length or coding that is not clear is refused.
 */
#include <string.h>

#include "../base/assert.h"
#include "../grammar/grammar.h"
#include "http_field.h"

enum {
	LENGTH_DIGITS = 20 /* what 64 bits can hold */
};

static struct sts_text
trim(struct sts_text t)
{
	while (t.n > 0 && sts_is_wsp(t.p[0])) {
		t = sts_text(t.p + 1, t.n - 1);
	}
	while (t.n > 0 && sts_is_wsp(t.p[t.n - 1])) {
		t.n--;
	}
	return t;
}

/* Cut *rest at the first mark: *before is the part before it, *rest the part
 * after. False: there is no mark, and nothing is changed. */
static bool
cut(struct sts_text *rest, uint8_t mark, struct sts_text *before)
{
	for (size_t i = 0; i < rest->n; i++) {
		if (rest->p[i] == mark) {
			*before = sts_text(rest->p, i);
			*rest = sts_text(rest->p + i + 1, rest->n - i - 1);
			return true;
		}
	}
	return false;
}

/* Parameters are ignored: the policy's bytes are validated as UTF-8 whatever
 * charset is declared. */
static enum sts_why
judge_type(struct sts_http_fields *f, struct sts_text value, bool whole)
{
	struct sts_text rest = value, type = value;

	if (!cut(&rest, ';', &type) && !whole) {
		return STS_WHY_HTTP_TYPE;
	}
	if (!sts_text_is(trim(type), "text/plain")) {
		return STS_WHY_HTTP_TYPE;
	}
	f->has_type = true;
	return STS_WHY_NONE;
}

static bool
same_length(struct sts_http_fields *f, struct sts_text number)
{
	uint64_t length;

	if (!sts_get_decimal(trim(number), LENGTH_DIGITS, &length)) {
		return false;
	}
	if (f->has_length && length != f->length) {
		return false;
	}
	f->has_length = true;
	f->length = length;
	return true;
}

/* RFC 9112 6.3: a list is tolerable if all its members are the same. */
static enum sts_why
judge_length(struct sts_http_fields *f, struct sts_text value, bool whole)
{
	struct sts_text number;
	bool same = whole;

	while (same && cut(&value, ',', &number)) {
		same = same_length(f, number);
	}
	return same && same_length(f, value) ? STS_WHY_NONE
					     : STS_WHY_HTTP_LENGTH;
}

/*
 * A coding that is named twice would be applied twice. "identity" is no
 * transfer coding any more (RFC 9112 7): with it, one reader takes the body to
 * last until the end of the connection (6.3), another, such as curl, takes
 * Content-Length.
 */
static enum sts_why
judge_transfer(struct sts_http_fields *f, struct sts_text value, bool whole)
{
	if (f->chunked || !whole || !sts_text_is(value, "chunked")) {
		return STS_WHY_HTTP_CODING;
	}
	f->chunked = true;
	return STS_WHY_NONE;
}

/*
 * The value is a list that may be empty and may have empty members (RFC 9110
 * 5.6.1.2): then no coding was applied. "none" is no registered coding, but
 * some servers send it for that.
 */
static enum sts_why
judge_coding(struct sts_http_fields *f, struct sts_text value, bool whole)
{
	bool plain = whole, more = true;

	(void)f;
	while (plain && more) {
		struct sts_text coding = value;

		more = cut(&value, ',', &coding);
		coding = trim(coding);
		plain = coding.n == 0 || sts_text_is(coding, "identity") ||
			sts_text_is(coding, "none");
	}
	return plain ? STS_WHY_NONE : STS_WHY_HTTP_CODING;
}

/* judge's `whole` is false when the value was longer than the part that was
 * kept. one_line: a fold is refused, since readers differ about it and the end
 * of the body depends on this field. */
static const struct {
	const char *name;
	bool one_line;
	enum sts_why (*judge)(
	    struct sts_http_fields *f, struct sts_text value, bool whole);
} fields[] = {
	{ "content-type", false, judge_type },
	{ "content-length", true, judge_length },
	{ "content-encoding", false, judge_coding },
	{ "transfer-encoding", true, judge_transfer },
};

void
sts_http_field_start(struct sts_http_fields *f)
{
	f->name_len = 0;
	f->value_len = 0;
	f->odd = false;
	f->folded = false;
}

/* RFC 9110 5.6.2. */
static bool
is_token(uint8_t b)
{
	static const char marks[] = "!#$%&'*+-.^_`|~";

	return sts_is_alnum(b) || memchr(marks, b, sizeof marks - 1) != NULL;
}

void
sts_http_field_name(struct sts_http_fields *f, uint8_t b)
{
	STS_ASSERT(f->value_len == 0);
	if (!is_token(b)) {
		f->odd = true;
		return;
	}
	if (f->name_len < STS_HTTP_NAME_MAX) {
		f->name[f->name_len++] = sts_lower(b);
	} else {
		f->name_len = STS_HTTP_NAME_MAX + 1;
	}
}

/* Take a byte behind the colon. Blanks around the value do not count, however
 * many they are. */
void
sts_http_field_value(struct sts_http_fields *f, uint8_t b)
{
	bool blank = sts_is_wsp(b);

	f->odd = f->odd || (b < ' ' && !blank) || b == 0x7f;
	if (blank &&
	    (f->value_len == 0 || f->value_len >= STS_HTTP_VALUE_MAX)) {
		return;
	}
	if (f->value_len < STS_HTTP_VALUE_MAX) {
		f->value[f->value_len++] = sts_lower(b);
	} else {
		f->value_len = STS_HTTP_VALUE_MAX + 1;
	}
}

void
sts_http_field_fold(struct sts_http_fields *f)
{
	f->folded = true;
	sts_http_field_value(f, ' ');
}

enum sts_why
sts_http_field_end(struct sts_http_fields *f)
{
	bool whole = f->value_len <= STS_HTTP_VALUE_MAX;
	struct sts_text name = sts_text(f->name, f->name_len);
	struct sts_text value =
	    sts_text(f->value, whole ? f->value_len : STS_HTTP_VALUE_MAX);

	if (f->name_len > STS_HTTP_NAME_MAX) {
		return STS_WHY_NONE;
	}
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (!sts_text_is(name, fields[i].name)) {
			continue;
		}
		if (f->odd || (f->folded && fields[i].one_line)) {
			return STS_WHY_HTTP_MALFORMED;
		}
		return fields[i].judge(f, trim(value), whole);
	}
	return STS_WHY_NONE;
}
