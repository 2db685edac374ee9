/* SPDX-License-Identifier: MIT */
/*
 * The policy body: one pass, a step for each byte, judged line by line.
 *
 * p->state is the place in the grammar (below), p->field the field whose line
 * it is, p->seen the fields that counted so far. A value is kept only as far as
 * its field needs it: `mx` one pattern at a time, which the caller takes before
 * it feeds on; of an extension nothing.
 *
 * The body is a stranger's, authenticated but perhaps hostile: it may be
 * endless, in pieces of any size, with lines of any length. So each byte costs
 * one step and no memory, the first thing wrong ends the policy for good
 * (p->why stays), and no pattern leaves before its whole line was judged.
 */
#include <string.h>

#include "../base/assert.h"
#include "policy.h"

/*
 *	LINE -> NAME -> COLON -> VALUE <-> SPACE -> TAB
 *	  ^                        |         |       |
 *	  +------- CR <------------+---------+-------+
 *
 * A line is judged at its LF. An empty line goes LINE -> CR -> LINE with
 * FIELD_EMPTY. A body may end in LINE, VALUE, SPACE and TAB.
 */
enum state {
	STATE_LINE, /* the first byte of a line comes next */
	STATE_NAME,
	STATE_COLON, /* WSP before the value */
	STATE_VALUE,
	STATE_UTF8, /* inside a character of more than one byte */
	STATE_SPACE, /* SP, inside or after a value */
	STATE_TAB, /* WSP with an HTAB, which only follows a value */
	STATE_CR, /* only LF may come */
	STATE_END,
	STATE_FAILED
};

enum field {
	FIELD_EMPTY, /* an empty line */
	FIELD_VERSION,
	FIELD_MODE,
	FIELD_MAX_AGE,
	FIELD_MX,
	FIELD_OTHER /* an extension, or a duplicate */
};

/* `seen` holds a bit for each field that counted. */
static const struct {
	const char *name;
	enum sts_why why; /* the reason when the value is bad or missing */
} fields[] = {
	[FIELD_EMPTY] = { "", STS_WHY_POLICY_SYNTAX },
	[FIELD_VERSION] = { "version", STS_WHY_POLICY_VERSION },
	[FIELD_MODE] = { "mode", STS_WHY_POLICY_MODE },
	[FIELD_MAX_AGE] = { "max_age", STS_WHY_POLICY_MAX_AGE },
	[FIELD_MX] = { "mx", STS_WHY_POLICY_MX },
	[FIELD_OTHER] = { "", STS_WHY_POLICY_SYNTAX },
};

static const char *const mode_texts[] = {
	[STS_MODE_NONE] = "none",
	[STS_MODE_TESTING] = "testing",
	[STS_MODE_ENFORCE] = "enforce",
};

enum {
	MODES = sizeof mode_texts / sizeof *mode_texts,
	MAX_AGE_DIGITS = 10
};

static enum state
fail(struct sts_policy *p, enum sts_why why)
{
	STS_ASSERT(p->why == STS_WHY_NONE);
	p->why = (uint8_t)why;
	p->mx_len = 0;
	return STATE_FAILED;
}

static bool
has(const struct sts_policy *p, enum field f)
{
	return (p->seen >> f & 1) != 0;
}

/* The name is complete: which field is it, if it counts? */
static enum field
which_field(const struct sts_policy *p)
{
	struct sts_text name = sts_text(p->name, p->name_len);

	for (enum field f = FIELD_VERSION; f <= FIELD_MX; f++) {
		if (sts_text_is(name, fields[f].name)) {
			return f == FIELD_MX || !has(p, f) ? f : FIELD_OTHER;
		}
	}
	return FIELD_OTHER;
}

static bool
judge_mode(struct sts_policy *p, struct sts_text value)
{
	for (unsigned m = 0; m < MODES; m++) {
		if (sts_text_is(value, mode_texts[m])) {
			p->mode = (enum sts_mode)m;
			return true;
		}
	}
	return false;
}

static bool
judge_max_age(struct sts_policy *p, struct sts_text value)
{
	uint64_t seconds;

	if (!sts_get_decimal(value, MAX_AGE_DIGITS, &seconds)) {
		return false;
	}
	p->max_age_s =
	    (uint32_t)(seconds < STS_MAX_AGE_MAX ? seconds : STS_MAX_AGE_MAX);
	return true;
}

/*
 * RFC 8461 3.2: ["*."] Domain. A single label cannot be anybody's mail host
 * and could be one of Postfix's keywords (hostname, nexthop). False: it is no
 * such pattern, and nothing has changed.
 */
static bool
take_mx(struct sts_policy *p, struct sts_text value)
{
	bool wild = value.n > 2 && value.p[0] == '*' && value.p[1] == '.';
	size_t skip = wild ? 2 : 0;
	struct sts_text name = sts_text(value.p + skip, value.n - skip);

	if (p->mx_odd || !sts_name_valid(name) ||
	    (!wild && sts_name_labels(name) < 2)) {
		return false;
	}
	for (size_t i = 0; i < value.n; i++) {
		p->mx[i] = sts_lower(p->mx[i]);
	}
	p->mx_len = (uint16_t)value.n;
	p->mx_count++;
	return true;
}

static bool
judge_value(struct sts_policy *p)
{
	struct sts_text value = sts_text(p->mx, p->value_len);

	switch ((enum field)p->field) {
	case FIELD_VERSION:
		return sts_text_is(value, "STSv1");
	case FIELD_MODE:
		return judge_mode(p, value);
	case FIELD_MAX_AGE:
		return judge_max_age(p, value);
	case FIELD_MX:
		p->mx_skipped += !take_mx(p, value);
		return true;
	default:
		return true;
	}
}

static enum state
line_end(struct sts_policy *p)
{
	if (!judge_value(p)) {
		return fail(p, fields[p->field].why);
	}
	if (p->mx_count > STS_POLICY_MX_MAX) {
		return fail(p, STS_WHY_POLICY_MANY_MX);
	}
	p->seen = (uint8_t)(p->seen | 1U << p->field);
	return STATE_LINE;
}

static enum state
name_byte(struct sts_policy *p, uint8_t b)
{
	if (b == ':' && p->name_len > 0) {
		p->field = (uint8_t)which_field(p);
		p->value_len = 0;
		p->mx_odd = false;
		return STATE_COLON;
	}
	if (!sts_is_field_name(b, p->name_len)) {
		return fail(p, STS_WHY_POLICY_SYNTAX);
	}
	p->name[p->name_len++] = b;
	return STATE_NAME;
}

static enum state
line_byte(struct sts_policy *p, uint8_t b)
{
	p->field = FIELD_EMPTY;
	p->name_len = 0;
	if (b == '\n' || b == '\r') {
		return b == '\n' ? STATE_LINE : STATE_CR;
	}
	return name_byte(p, b);
}

/* sts-policy-vchar: %x21-7E or a character of several bytes. */
static enum state
other_byte(struct sts_policy *p, uint8_t b)
{
	if (b <= ' ' || b == 0x7f || !sts_utf8_byte(&p->utf8, b)) {
		return fail(p, STS_WHY_POLICY_SYNTAX);
	}
	return p->utf8.left > 0 ? STATE_UTF8 : STATE_VALUE;
}

/* Keep a byte of an mx, printable ASCII that fits; any other value is found to
 * be no pattern at the line's end. */
static enum state
mx_byte(struct sts_policy *p, uint8_t b)
{
	if (b <= ' ' || b >= 0x7f || p->value_len == sizeof p->mx) {
		p->mx_odd = true;
	}
	if (p->mx_odd) {
		return other_byte(p, b);
	}
	p->mx[p->value_len++] = b;
	return STATE_VALUE;
}

/* Keep a byte of another field that counts: values of printable ASCII are kept
 * to the line's end. */
static enum state
value_byte(struct sts_policy *p, uint8_t b)
{
	if (p->field == FIELD_OTHER) {
		return other_byte(p, b);
	}
	if (p->field == FIELD_MX) {
		return mx_byte(p, b);
	}
	if (b <= ' ' || b >= 0x7f || p->value_len == sizeof p->mx) {
		return fail(p, fields[p->field].why);
	}
	p->mx[p->value_len++] = b;
	return STATE_VALUE;
}

/* A byte that goes on with a value, if the value's grammar allows it: behind a
 * space only where text may stand, which no pattern is. */
static enum state
go_on_byte(struct sts_policy *p, uint8_t b)
{
	if (p->state == STATE_VALUE) {
		return value_byte(p, b);
	}
	if (p->state == STATE_TAB || p->field < FIELD_MX) {
		return fail(p, fields[p->field].why);
	}
	p->mx_odd = true;
	return value_byte(p, b);
}

/* A byte behind the beginning of a value: the value goes on, WSP, or the line's
 * end. */
static enum state
after_value_byte(struct sts_policy *p, uint8_t b)
{
	switch (b) {
	case '\n':
		return line_end(p);
	case '\r':
		return STATE_CR;
	case '\t':
		return STATE_TAB;
	case ' ':
		return p->state == STATE_TAB ? STATE_TAB : STATE_SPACE;
	default:
		break;
	}
	return go_on_byte(p, b);
}

static enum state
cr_byte(struct sts_policy *p, uint8_t b)
{
	return b == '\n' ? line_end(p) : fail(p, STS_WHY_POLICY_SYNTAX);
}

/* A byte behind the colon: WSP, or the value's beginning. The value of an mx
 * may be missing: it matches nothing. */
static enum state
colon_byte(struct sts_policy *p, uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_COLON;
	}
	if (p->field == FIELD_MX && (b == '\n' || b == '\r')) {
		p->mx_odd = true;
		return b == '\n' ? line_end(p) : STATE_CR;
	}
	return value_byte(p, b);
}

static enum state
step(struct sts_policy *p, uint8_t b)
{
	switch ((enum state)p->state) {
	case STATE_LINE:
		return line_byte(p, b);
	case STATE_NAME:
		return name_byte(p, b);
	case STATE_COLON:
		return colon_byte(p, b);
	case STATE_UTF8:
		return other_byte(p, b);
	case STATE_CR:
		return cr_byte(p, b);
	case STATE_FAILED:
		return STATE_FAILED;
	default:
		return after_value_byte(p, b);
	}
}

void
sts_policy_start(struct sts_policy *p)
{
	memset(p, 0, sizeof *p);
	p->state = STATE_LINE;
}

size_t
sts_policy_feed(struct sts_policy *p, const uint8_t *bytes, size_t n)
{
	size_t used = 0;

	STS_ASSERT(n > 0);
	STS_ASSERT(p->state != STATE_END);
	p->mx_len = 0;
	while (used < n && p->mx_len == 0) {
		p->state = (uint8_t)step(p, bytes[used++]);
	}
	return used;
}

bool
sts_policy_failed(const struct sts_policy *p)
{
	return p->state == STATE_FAILED;
}

/* The reason for a field that is missing after the last line; NONE: none is. */
static enum sts_why
missing(const struct sts_policy *p)
{
	for (enum field f = FIELD_VERSION; f < FIELD_MX; f++) {
		if (!has(p, f)) {
			return fields[f].why;
		}
	}
	if (p->mode != STS_MODE_NONE && p->mx_count == 0) {
		return p->mx_skipped > 0 ? STS_WHY_POLICY_MX
					 : STS_WHY_POLICY_NO_MX;
	}
	return STS_WHY_NONE;
}

/* The last line may lack its terminator. */
static enum state
last_line(struct sts_policy *p)
{
	switch ((enum state)p->state) {
	case STATE_VALUE:
	case STATE_SPACE:
	case STATE_TAB:
		return line_end(p);
	case STATE_LINE:
	case STATE_FAILED:
		return (enum state)p->state;
	case STATE_COLON:
		p->mx_odd = true;
		return p->field == FIELD_MX ? line_end(p)
					    : fail(p, fields[p->field].why);
	default:
		return fail(p, STS_WHY_POLICY_SYNTAX);
	}
}

bool
sts_policy_end(struct sts_policy *p)
{
	STS_ASSERT(p->state != STATE_END);
	p->mx_len = 0;
	p->state = (uint8_t)last_line(p);
	if (p->state == STATE_LINE) {
		enum sts_why why = missing(p);

		p->state =
		    (uint8_t)(why == STS_WHY_NONE ? STATE_END : fail(p, why));
	}
	return p->state == STATE_END;
}

enum sts_why
sts_policy_why(const struct sts_policy *p)
{
	return (enum sts_why)p->why;
}

const char *
sts_mode_text(enum sts_mode mode)
{
	STS_ASSERT((unsigned)mode < MODES);
	return mode_texts[mode];
}
