/* SPDX-License-Identifier: MIT */
/*
 * RESP, read octet by octet.
 *
 *	TYPE --> LINE --> LF --> TYPE                     most items
 *	                  LF --> STRING --> CR --> END --> TYPE    "$", "=", "!"
 *
 * items[k] counts what is still to come of the aggregate at level k; an item
 * that is whole takes one, and one that is used up closes its level. The
 * attacker owns the server, or the path to it: of the lengths that he announces
 * none is reserved, added up or waited for here.
 */
#include <string.h>

#include "../base/assert.h"
#include "share_resp.h"

enum state {
	TYPE = 0,
	LINE,
	LF,
	STRING,
	CR, /* behind a string */
	END, /* its LF */
	DEAD
};

void
sts_resp_begin(struct sts_resp *r)
{
	memset(r, 0, sizeof *r);
}

static enum sts_resp_event
broken(struct sts_resp *r)
{
	r->state = DEAD;
	return STS_RESP_BROKEN;
}

/* An item is whole: it may have been the last one of its aggregates. */
static void
count_item(struct sts_resp *r)
{
	r->state = TYPE;
	while (r->depth > 0 && --r->items[r->depth - 1] == 0) {
		r->depth--;
	}
}

/* The line as a number, in r->number and r->negative. */
static bool
is_number(struct sts_resp *r)
{
	struct sts_text t = sts_text(r->text, r->line_len);

	if (r->text_lost || t.n == 0) {
		return false;
	}
	r->negative = t.p[0] == '-';
	if (r->negative || t.p[0] == '+') {
		t = sts_text(t.p + 1, t.n - 1);
	}
	return sts_get_decimal(t, 20, &r->number);
}

/* Whether the line is "-1", as in "$-1" and "*-1". */
static bool
is_minus_one(const struct sts_resp *r)
{
	return r->negative && r->number == 1;
}

/* An array, a set, a map (two items a pair) or the like begins. Count and depth
 * are bounded here, since the server chooses them. */
static enum sts_resp_event
aggregate(struct sts_resp *r, enum sts_resp_event e)
{
	uint64_t max = STS_RESP_COUNT_MAX;
	bool pairs = r->type == '%' || r->type == '|';

	if (r->type == '*' && is_minus_one(r)) {
		count_item(r);
		return STS_RESP_NIL;
	}
	if (r->negative || r->number > (pairs ? max / 2 : max)) {
		return broken(r);
	}
	r->number = pairs ? r->number * 2 : r->number;
	r->state = TYPE;
	if (r->number == 0) {
		count_item(r);
		return e;
	}
	if (r->depth == STS_RESP_DEPTH_MAX) {
		return broken(r);
	}
	r->items[r->depth++] = (uint32_t)r->number;
	return e;
}

static enum sts_resp_event
string(struct sts_resp *r)
{
	if (r->type == '$' && is_minus_one(r)) {
		count_item(r);
		return STS_RESP_NIL;
	}
	if (r->negative || r->number > STS_RESP_BULK_MAX) {
		return broken(r);
	}
	r->left = (uint32_t)r->number;
	r->state = r->left > 0 ? STRING : CR;
	r->line_len = 0;
	r->text_lost = false;
	/* An error of this kind is handed out as one text. */
	return r->type == '!' ? STS_RESP_MORE : STS_RESP_BULK;
}

static enum sts_resp_event
whole(struct sts_resp *r, enum sts_resp_event e)
{
	count_item(r);
	return e;
}

/* The line has ended, and was a length or a count. */
static enum sts_resp_event
sized(struct sts_resp *r)
{
	switch (r->type) {
	case ':':
		return whole(r, STS_RESP_NUMBER);
	case '>':
		return aggregate(r, STS_RESP_PUSH);
	case '|':
		return aggregate(r, STS_RESP_ATTRIBUTE);
	case '*':
	case '~':
	case '%':
		return aggregate(r, STS_RESP_OPEN);
	default:
		return string(r);
	}
}

/* The line has ended: its event. */
static enum sts_resp_event
end_line(struct sts_resp *r)
{
	switch (r->type) {
	case '+':
		return whole(r, STS_RESP_SIMPLE);
	case '-':
		return whole(r, STS_RESP_ERROR);
	case ',':
	case '#':
	case '(':
		return whole(r, STS_RESP_OTHER);
	case '_':
		return r->line_len == 0 ? whole(r, STS_RESP_NIL) : broken(r);
	default:
		return is_number(r) ? sized(r) : broken(r);
	}
}

static enum sts_resp_event
type(struct sts_resp *r, uint8_t c)
{
	static const char types[] = "+-:$*_%>#,~=(|!";

	if (c == 0 || strchr(types, c) == NULL) {
		return broken(r);
	}
	/* Pushes and attributes stand between replies, never inside one. */
	if ((c == '>' || c == '|') && r->depth > 0) {
		return broken(r);
	}
	r->type = c;
	r->state = LINE;
	r->line_len = 0;
	r->text_lost = false;
	return STS_RESP_MORE;
}

static void
keep(struct sts_resp *r, uint8_t c)
{
	if (r->line_len < STS_RESP_TEXT_MAX) {
		r->text[r->line_len++] = c;
	} else {
		r->text_lost = true;
	}
}

static enum sts_resp_event
line(struct sts_resp *r, uint8_t c)
{
	if (c == '\r') {
		r->state = LF;
		return STS_RESP_MORE;
	}
	if (c == '\n' || r->left == STS_RESP_LINE_MAX) {
		return broken(r);
	}
	r->left++;
	keep(r, c);
	return STS_RESP_MORE;
}

/* Take an octet of anything but the content of a bulk string. */
static enum sts_resp_event
octet(struct sts_resp *r, uint8_t c)
{
	switch ((enum state)r->state) {
	case TYPE:
		r->left = 0;
		return type(r, c);
	case LINE:
		return line(r, c);
	case LF:
		return c == '\n' ? end_line(r) : broken(r);
	case CR:
		r->state = END;
		return c == '\r' ? STS_RESP_MORE : broken(r);
	case END:
		if (c != '\n') {
			return broken(r);
		}
		return whole(
		    r, r->type == '!' ? STS_RESP_ERROR : STS_RESP_BULK_END);
	default:
		return broken(r);
	}
}

/* Pass on octets of a string, at most n. Returns how many. */
static size_t
pass(struct sts_resp *r, const uint8_t *p, size_t n, enum sts_resp_event *e)
{
	size_t k = n < r->left ? n : r->left;

	r->left -= (uint32_t)k;
	if (r->left == 0) {
		r->state = CR;
	}
	if (r->type != '!') {
		r->piece = sts_text(p, k);
		*e = STS_RESP_PIECE;
		return k;
	}
	for (size_t i = 0; i < k; i++) {
		keep(r, p[i]);
	}
	return k;
}

size_t
sts_resp_read(
    struct sts_resp *r, const uint8_t *p, size_t n, enum sts_resp_event *e)
{
	size_t used = 0;

	STS_ASSERT(n >= 1);
	*e = STS_RESP_MORE;
	r->piece = sts_text(NULL, 0);
	while (used < n && *e == STS_RESP_MORE) {
		if (r->state == STRING) {
			used += pass(r, p + used, n - used, e);
		} else {
			*e = octet(r, p[used++]);
		}
	}
	return used;
}

struct sts_text
sts_resp_text(const struct sts_resp *r)
{
	return r->piece.n > 0 ? r->piece : sts_text(r->text, r->line_len);
}

uint64_t
sts_resp_number(const struct sts_resp *r)
{
	return r->number;
}

bool
sts_resp_negative(const struct sts_resp *r)
{
	return r->negative;
}

unsigned
sts_resp_depth(const struct sts_resp *r)
{
	return r->depth;
}

/* "$12\r\n" and its like. */
static bool
put_line(struct sts_span out, size_t *n, uint8_t mark, uint64_t v)
{
	uint8_t text[24];
	size_t len = 1;

	text[0] = mark;
	len += sts_put_decimal(text + 1, v);
	text[len++] = '\r';
	text[len++] = '\n';
	if (out.n - *n < len) {
		return false;
	}
	memcpy(out.p + *n, text, len);
	*n += len;
	return true;
}

bool
sts_resp_put_count(struct sts_span out, size_t *n, unsigned words)
{
	return put_line(out, n, '*', words);
}

bool
sts_resp_put_len(struct sts_span out, size_t *n, size_t len)
{
	return put_line(out, n, '$', len);
}

bool
sts_resp_put_word(struct sts_span out, size_t *n, struct sts_text word)
{
	size_t at = *n;

	if (!sts_resp_put_len(out, &at, word.n) || out.n - at < 2 ||
	    out.n - at - 2 < word.n) {
		return false;
	}
	if (word.n > 0) {
		memcpy(out.p + at, word.p, word.n);
	}
	at += word.n;
	out.p[at++] = '\r';
	out.p[at++] = '\n';
	*n = at;
	return true;
}

bool
sts_resp_put_number(struct sts_span out, size_t *n, uint64_t v)
{
	uint8_t digits[20];

	return sts_resp_put_word(
	    out, n, sts_text(digits, sts_put_decimal(digits, v)));
}
