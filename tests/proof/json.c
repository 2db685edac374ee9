/* SPDX-License-Identifier: MIT */
/*
 * The JSON reader: one octet in any state that it can be in.
 *
 * @link core/base/bytes.c
 * @link core/base/utf8.c
 */
#include "contracts.h"

#include "../../core/grammar/json.c"

static bool
in_object(const struct sts_json *j)
{
	return j->depth > 0 && !in_list(j);
}

/* Inside a string: there is room for what its character still needs, or for
 * another character. What was handed out is gone after the next call. */
static bool
string_holds(const struct sts_json *j)
{
	unsigned len = j->given ? 0 : j->len;
	unsigned left = j->utf8.left > 0 ? j->utf8.left : CHAR_MAX;
	bool high = j->high >= 0xd800 && j->high <= 0xdbff;

	return len + left <= STS_JSON_TEXT_MAX && j->utf8.left < CHAR_MAX &&
	       (j->high == 0 || high) && (!j->name || in_object(j));
}

/* In \uXXXX: unit has as many digits as were read. */
static bool
hex_holds(const struct sts_json *j)
{
	return j->left >= 1 && j->left <= HEX_DIGITS &&
	       j->unit >> 4 * (HEX_DIGITS - j->left) == 0;
}

static bool
state_holds(const struct sts_json *j)
{
	switch ((enum state)j->state) {
	case FIRST_ITEM:
		return j->depth > 0 && in_list(j);
	case FIRST_NAME:
	case NEXT_NAME:
	case COLON:
		return in_object(j);
	case AFTER:
		return j->depth > 0;
	case TEXT:
		return string_holds(j);
	case ESCAPE:
	case HEX:
		return string_holds(j) && j->utf8.left == 0 && !j->given &&
		       (j->state == ESCAPE || hex_holds(j));
	case NUMBER:
		return j->len >= 1 && j->len <= STS_JSON_NAME_MAX && !j->given;
	default:
		return true;
	}
}

/* The invariant between two octets. */
static bool
json_holds(const struct sts_json *j)
{
	return j->state <= BAD && j->depth <= STS_JSON_DEPTH_MAX &&
	       j->len <= STS_JSON_TEXT_MAX && state_holds(j);
}

/* The rest of a word, if one is being read. */
static void
any_word(struct sts_json *j)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t which = nondet_u8(), at = nondet_u8();

	ASSUME(which < 3 && at >= 1 && at < (which == 1 ? 5 : 4));
	j->word = words[which] + at;
}

/* Stands for is_number, which prove_json_number proves. */
bool
any_number(struct sts_text t)
{
	PROVE(readable(t) && t.n >= 1);
	return nondet_bool();
}

/* What the reader promises of its events: a name comes in an object and never
 * where a value is due; an end closes what was opened last. */
static bool
is_promised(const struct sts_json *was, const struct sts_json *j,
    enum sts_json_event event)
{
	switch (event) {
	case STS_JSON_NAME:
		return in_object(j) && j->state == COLON;
	case STS_JSON_OBJECT_END:
		return in_object(was) && j->depth == was->depth - 1;
	case STS_JSON_LIST_END:
		return in_list(was) && j->depth == was->depth - 1;
	case STS_JSON_OBJECT:
		return in_object(j) && j->depth == was->depth + 1;
	case STS_JSON_LIST:
		return in_list(j) && j->depth == was->depth + 1;
	default:
		return j->depth == was->depth;
	}
}

/* @bound the initial state */
void
prove_json_begin(void)
{
	struct sts_json j;

	sts_json_begin(&j);
	PROVE(json_holds(&j));
	PROVE(sts_json_between(&j) && sts_json_text(&j).n == 0);
}

/*
 * @bound any octet in any state, so texts of any length, in pieces of any size
 * @allow unsigned-overflow: a loop counts octets down past 0
 * @cut is_number any_number
 * @cut memchr memchr_contract
 * @loop begin_bare.0 4: words
 * @loop lead_byte.0 10: the table's rows
 * @loop add_point.0 4: octets of a character after its first
 * @loop read_run.0 2: an octet
 * @loop read_run.1 2: an octet
 * @loop sts_json_read.0 3: an octet, and a number that ends before it
 */
void
prove_json_octet(void)
{
	struct sts_json j, was;
	enum sts_json_event event;
	struct sts_text in = any_text(1);
	size_t n;

	any_word(&j);
	ASSUME(json_holds(&j));
	was = j;
	n = sts_json_read(&j, in, &event);
	PROVE(json_holds(&j));
	PROVE(n <= in.n && (n == in.n || event != STS_JSON_MORE));
	PROVE(event <= STS_JSON_ERROR && is_promised(&was, &j, event));
	PROVE(event != STS_JSON_OBJECT_END || in.p[0] == '}');
	PROVE(event != STS_JSON_LIST_END || in.p[0] == ']');
	PROVE(sts_json_text(&j).n <= STS_JSON_TEXT_MAX);
	/* Broken and done are final. */
	PROVE(was.state < LIMIT || (j.state == was.state && n == 0));
	PROVE((event >= STS_JSON_LIMIT) == (j.state >= LIMIT));
}

char *
strchr_contract(const char *s, int c)
{
	(void)c;
	return nondet_bool() ? NULL : (char *)s;
}

/*
 * @bound any octets, a few: each is removed by itself
 * @cut strchr strchr_contract
 * @loop take_digits.0 5: octets
 */
void
prove_json_number(void)
{
	struct sts_text t = any_text(4);
	bool is = is_number(t);

	PROVE(!is || t.n > 0);
}
