/* SPDX-License-Identifier: MIT */
/*
 * The reader of JSON: one state, what is open as a stack of bits, and the text
 * of the string, name or number that is being read.
 *
 *	VALUE        a value is due; at depth 0: or the end
 *	FIRST_ITEM   after "[": a value, or "]"
 *	FIRST_NAME   after "{": a name, or "}"
 *	NEXT_NAME    after "," in an object
 *	COLON        after a name
 *	AFTER        after a value within something: ",", "}" or "]"
 *	TEXT         in a string: text, utf8 and high are in use
 *	ESCAPE, HEX  in it, after "\" and after "\u" (left, unit)
 *	NUMBER       text is in use; checked when it has ended
 *	WORD         in true, false, null: word is what is yet to come
 *	LIMIT, BAD   for good
 *
 * Invariants: depth <= STS_JSON_DEPTH_MAX; in TEXT between two characters
 * there is room for another one of four octets.
 */
#include <string.h>

#include "../base/assert.h"
#include "json.h"

enum state {
	VALUE = 0,
	FIRST_ITEM,
	FIRST_NAME,
	NEXT_NAME,
	COLON,
	AFTER,
	TEXT, /* from here on a blank is no blank */
	ESCAPE,
	HEX,
	NUMBER,
	WORD,
	LIMIT,
	BAD
};

enum {
	HEX_DIGITS = 4,
	CHAR_MAX = 4 /* octets of a character in UTF-8 */
};

static enum sts_json_event
fail(struct sts_json *j)
{
	j->state = BAD;
	return STS_JSON_ERROR;
}

static enum sts_json_event
give_up(struct sts_json *j)
{
	j->state = LIMIT;
	return STS_JSON_LIMIT;
}

/* A value has ended. */
static enum sts_json_event
finish(struct sts_json *j, enum sts_json_event event)
{
	j->state = j->depth == 0 ? VALUE : AFTER;
	return event;
}

static enum sts_json_event
finish_text(struct sts_json *j, enum sts_json_event event)
{
	j->given = true;
	return finish(j, event);
}

/* Of what is open, the innermost: a list, and no object. Something is. */
static bool
in_list(const struct sts_json *j)
{
	return (j->lists >> (j->depth - 1) & 1) != 0;
}

static enum sts_json_event
open(struct sts_json *j, bool list)
{
	uint32_t bit = UINT32_C(1) << j->depth;

	if (j->depth == STS_JSON_DEPTH_MAX) {
		return give_up(j);
	}
	j->lists = list ? j->lists | bit : j->lists & ~bit;
	j->depth++;
	j->state = list ? FIRST_ITEM : FIRST_NAME;
	return list ? STS_JSON_LIST : STS_JSON_OBJECT;
}

static enum sts_json_event
close(struct sts_json *j, uint8_t c)
{
	bool list = in_list(j);

	if (c != (list ? ']' : '}')) {
		return fail(j);
	}
	j->depth--;
	return finish(j, list ? STS_JSON_LIST_END : STS_JSON_OBJECT_END);
}

static enum sts_json_event
begin_text(struct sts_json *j, bool name)
{
	j->state = TEXT;
	j->name = name;
	j->len = 0;
	j->high = 0;
	memset(&j->utf8, 0, sizeof j->utf8);
	return STS_JSON_MORE;
}

static enum sts_json_event
begin_name(struct sts_json *j, uint8_t c)
{
	if (j->state == FIRST_NAME && c == '}') {
		return close(j, c);
	}
	return c == '"' ? begin_text(j, true) : fail(j);
}

/* A value that is a word or a number. */
static enum sts_json_event
begin_bare(struct sts_json *j, uint8_t c)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (c == (uint8_t)words[i][0]) {
			j->word = words[i] + 1;
			j->state = WORD;
			return STS_JSON_MORE;
		}
	}
	if (c != '-' && !sts_is_digit(c)) {
		return fail(j);
	}
	j->state = NUMBER;
	j->text[0] = c;
	j->len = 1;
	return STS_JSON_MORE;
}

static enum sts_json_event
begin_value(struct sts_json *j, uint8_t c)
{
	switch (c) {
	case '{':
	case '[':
		return open(j, c == '[');
	case ']':
		return j->state == FIRST_ITEM ? close(j, c) : fail(j);
	case '"':
		return begin_text(j, false);
	default:
		return begin_bare(j, c);
	}
}

static enum sts_json_event
after_name(struct sts_json *j, uint8_t c)
{
	j->state = VALUE;
	return c == ':' ? STS_JSON_MORE : fail(j);
}

static enum sts_json_event
after_value(struct sts_json *j, uint8_t c)
{
	if (c != ',') {
		return close(j, c);
	}
	j->state = in_list(j) ? VALUE : NEXT_NAME;
	return STS_JSON_MORE;
}

/* A character of the string is whole: hand out the text if there is no room for
 * another. */
static enum sts_json_event
end_char(struct sts_json *j)
{
	STS_ASSERT(j->len <= STS_JSON_TEXT_MAX);
	j->state = TEXT;
	if (j->len <= STS_JSON_TEXT_MAX - CHAR_MAX) {
		return STS_JSON_MORE;
	}
	if (j->name) {
		return give_up(j);
	}
	j->given = true;
	return STS_JSON_PIECE;
}

static enum sts_json_event
end_text(struct sts_json *j)
{
	if (!j->name) {
		return finish_text(j, STS_JSON_STRING);
	}
	j->given = true;
	j->state = COLON;
	return STS_JSON_NAME;
}

static enum sts_json_event
read_text(struct sts_json *j, uint8_t c)
{
	bool inside = j->utf8.left > 0 || j->high != 0;

	if (c == '"') {
		return inside ? fail(j) : end_text(j);
	}
	if (c == '\\') {
		j->state = ESCAPE;
		return j->utf8.left > 0 ? fail(j) : STS_JSON_MORE;
	}
	if (c < ' ' || j->high != 0 || !sts_utf8_byte(&j->utf8, c)) {
		return fail(j);
	}
	j->text[j->len++] = c;
	return j->utf8.left > 0 ? STS_JSON_MORE : end_char(j);
}

static enum sts_json_event
read_escape(struct sts_json *j, uint8_t c)
{
	static const char escapes[] = "\"\\/bfnrt";
	static const char meant[] = "\"\\/\b\f\n\r\t";
	const char *at = memchr(escapes, c, sizeof escapes - 1);

	if (c == 'u') {
		j->state = HEX;
		j->left = HEX_DIGITS;
		j->unit = 0;
		return STS_JSON_MORE;
	}
	if (at == NULL || j->high != 0) {
		return fail(j);
	}
	j->text[j->len++] = (uint8_t)meant[at - escapes];
	return end_char(j);
}

static void
add_point(struct sts_json *j, uint32_t point)
{
	unsigned more = point < 0x80      ? 0
			: point < 0x800   ? 1
			: point < 0x10000 ? 2
					  : 3;
	static const uint8_t lead[] = { 0x00, 0xc0, 0xe0, 0xf0 };

	j->text[j->len++] = (uint8_t)(lead[more] | point >> (6 * more));
	while (more-- > 0) {
		j->text[j->len++] =
		    (uint8_t)(0x80 | (point >> (6 * more) & 0x3f));
	}
}

/* \uXXXX is whole: take the character, or half of a pair (RFC 8259 7). */
static enum sts_json_event
end_unit(struct sts_json *j)
{
	bool low = j->unit >= 0xdc00 && j->unit <= 0xdfff;
	bool high = j->unit >= 0xd800 && j->unit <= 0xdbff;

	if (low != (j->high != 0)) {
		return fail(j);
	}
	j->state = TEXT;
	if (high) {
		j->high = j->unit;
		return STS_JSON_MORE;
	}
	uint32_t point = j->unit;

	if (low) {
		point = 0x10000 + ((uint32_t)(j->high - 0xd800) << 10) +
			(point - 0xdc00);
	}
	j->high = 0;
	add_point(j, point);
	return end_char(j);
}

static enum sts_json_event
read_hex(struct sts_json *j, uint8_t c)
{
	uint8_t digit = sts_is_digit(c) ? (uint8_t)(c - '0')
			: sts_is_alpha(c) && sts_lower(c) <= 'f'
			    ? (uint8_t)(sts_lower(c) - 'a' + 10)
			    : 16;

	if (digit > 15) {
		return fail(j);
	}
	j->unit = (uint16_t)(j->unit << 4 | digit);
	return --j->left > 0 ? STS_JSON_MORE : end_unit(j);
}

static enum sts_json_event
read_word(struct sts_json *j, uint8_t c)
{
	if (c != (uint8_t)*j->word) {
		return fail(j);
	}
	if (*++j->word != '\0') {
		return STS_JSON_MORE;
	}
	/* Their last letters distinguish them. */
	return finish(j, j->word[-1] == 'l'   ? STS_JSON_NULL
			 : j->word[-2] == 'u' ? STS_JSON_TRUE
					      : STS_JSON_FALSE);
}

/* Whether an octet may stand in a number; the number is checked at its end. */
static bool
is_numeric(uint8_t c)
{
	static const char other[] = { '+', '-', '.', 'e', 'E' };

	return sts_is_digit(c) || memchr(other, c, sizeof other) != NULL;
}

static enum sts_json_event
read_number(struct sts_json *j, uint8_t c)
{
	if (j->len == STS_JSON_NAME_MAX) {
		return give_up(j);
	}
	j->text[j->len++] = c;
	return STS_JSON_MORE;
}

/* Take digits off t; whether there was one. */
static bool
take_digits(struct sts_text *t)
{
	size_t n = 0;

	while (n < t->n && sts_is_digit(t->p[n])) {
		n++;
	}
	*t = sts_text(t->p + n, t->n - n);
	return n > 0;
}

/* Take one of the octets of `set` off t, if it begins with one. */
static bool
take_one(struct sts_text *t, const char *set)
{
	if (t->n == 0 || strchr(set, t->p[0]) == NULL) {
		return false;
	}
	*t = sts_text(t->p + 1, t->n - 1);
	return true;
}

/* RFC 8259 6: [ "-" ] int [ "." digits ] [ "e" [ sign ] digits ] */
static bool
is_number(struct sts_text t)
{
	take_one(&t, "-");
	if (!take_one(&t, "0") && !take_digits(&t)) {
		return false;
	}
	if (take_one(&t, ".") && !take_digits(&t)) {
		return false;
	}
	if (take_one(&t, "eE")) {
		take_one(&t, "+-");
		if (!take_digits(&t)) {
			return false;
		}
	}
	return t.n == 0;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* In a string: a character of ASCII that is no escape, end or control. */
static bool
stands_for_itself(uint8_t c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static enum sts_json_event
read_octet(struct sts_json *j, uint8_t c)
{
	static enum sts_json_event (*const read[])(
	    struct sts_json * j, uint8_t c) = {
		[VALUE] = begin_value,
		[FIRST_ITEM] = begin_value,
		[FIRST_NAME] = begin_name,
		[NEXT_NAME] = begin_name,
		[COLON] = after_name,
		[AFTER] = after_value,
		[TEXT] = read_text,
		[ESCAPE] = read_escape,
		[HEX] = read_hex,
		[NUMBER] = read_number,
		[WORD] = read_word,
	};

	return read[j->state](j, c);
}

/* Read what is most of any text at once: blanks between two words, or in a
 * string the characters that stand for themselves, as far as there is room.
 * Returns how many octets that were. */
static size_t
read_run(struct sts_json *j, struct sts_text in)
{
	size_t n = 0;

	if (j->state < TEXT) {
		while (n < in.n && is_blank(in.p[n])) {
			n++;
		}
	} else if (j->state == TEXT && j->utf8.left == 0 && j->high == 0) {
		while (n < in.n && j->len < STS_JSON_TEXT_MAX - CHAR_MAX &&
		       stands_for_itself(in.p[n])) {
			j->text[j->len++] = in.p[n++];
		}
	}
	return n;
}

void
sts_json_begin(struct sts_json *j)
{
	memset(j, 0, sizeof *j);
}

size_t
sts_json_read(
    struct sts_json *j, struct sts_text in, enum sts_json_event *event)
{
	size_t i = 0;

	if (j->given) {
		j->given = false;
		j->len = 0;
	}
	*event = j->state == BAD     ? STS_JSON_ERROR
		 : j->state == LIMIT ? STS_JSON_LIMIT
				     : STS_JSON_MORE;
	while (*event == STS_JSON_MORE && i < in.n) {
		size_t n = read_run(j, sts_text(in.p + i, in.n - i));

		if (n > 0) {
			i += n;
		} else if (j->state == NUMBER && !is_numeric(in.p[i])) {
			*event = is_number(sts_json_text(j))
				     ? finish_text(j, STS_JSON_NUMBER)
				     : fail(j);
		} else {
			*event = read_octet(j, in.p[i++]);
		}
	}
	return i;
}

struct sts_text
sts_json_text(const struct sts_json *j)
{
	return sts_text(j->text, j->len);
}

bool
sts_json_between(const struct sts_json *j)
{
	return j->depth == 0 && j->state == VALUE;
}

unsigned
sts_json_depth(const struct sts_json *j)
{
	return j->depth;
}
