/* SPDX-License-Identifier: MIT */
/*
 * Replies of Redis and Valkey: one octet, or a piece of a string, in any state
 * that the reader can be in.
 */
#include "contracts.h"

#include "../../core/share/share_resp.c"

static bool
is_string(uint8_t type)
{
	return type == '$' || type == '=' || type == '!';
}

static bool
is_type(int c)
{
	switch (c) {
	case '+':
	case '-':
	case ':':
	case '$':
	case '*':
	case '_':
	case '%':
	case '>':
	case '#':
	case ',':
	case '~':
	case '=':
	case '(':
	case '|':
	case '!':
		return true;
	default:
		return false;
	}
}

/* strchr() in the list of types: a place, or NULL. */
char *
strchr_contract(const char *s, int c)
{
	PROVE(c != 0);
	return is_type(c) ? (char *)(uintptr_t)s : NULL;
}

/* Whether a reply may hold it: pushes and attributes stand between replies
 * only. */
static bool
may_stand_inside(const struct sts_resp *r)
{
	return r->type != '>' && r->type != '|';
}

/* The invariant between two octets. */
static bool
resp_holds(const struct sts_resp *r)
{
	bool in_string =
	    r->state == STRING || r->state == CR || r->state == END;

	for (unsigned i = 0; i < STS_RESP_DEPTH_MAX; i++) {
		if (i < r->depth && r->items[i] == 0) {
			return false;
		}
	}
	return r->state <= DEAD && r->depth <= STS_RESP_DEPTH_MAX &&
	       r->line_len <= STS_RESP_TEXT_MAX &&
	       r->left <= STS_RESP_BULK_MAX &&
	       (r->state != LINE || r->left <= STS_RESP_LINE_MAX) &&
	       ((r->state != LINE && r->state != LF) ||
		   (is_type(r->type) &&
		       (r->depth == 0 || may_stand_inside(r)))) &&
	       (r->state != STRING || r->left > 0) &&
	       (!in_string || is_string(r->type));
}

/*
 * @bound the initial state
 * @loop resp_holds.0 9: levels
 */
void
prove_resp_begin(void)
{
	struct sts_resp r;

	sts_resp_begin(&r);
	PROVE(resp_holds(&r));
	PROVE(sts_resp_depth(&r) == 0);
}

/*
 * @bound any levels
 * @loop resp_holds.0 9: levels
 * @loop count_item.0 9: levels that end
 */
void
prove_resp_count_item(void)
{
	struct sts_resp r;
	unsigned depth;

	ASSUME(resp_holds(&r));
	depth = r.depth;
	count_item(&r);
	PROVE(resp_holds(&r));
	PROVE(r.state == TYPE);
	PROVE(r.depth <= depth);
}

/* count_item as prove_resp_count_item proves it: levels end from the innermost,
 * and the last level that is left has items. */
void
count_item_contract(struct sts_resp *r)
{
	uint8_t depth = nondet_u8();

	PROVE(r->depth <= STS_RESP_DEPTH_MAX);
	ASSUME(depth <= r->depth);
	r->depth = depth;
	r->state = TYPE;
	if (depth > 0) {
		r->items[depth - 1] = nondet_u32();
		ASSUME(r->items[depth - 1] > 0);
	}
}

/*
 * @bound any two octets in any state, so streams of any length: a read carries
 * nothing but that state from octet to octet
 * @cut sts_get_decimal get_decimal_contract
 * @loop resp_holds.0 9: levels
 * @cut count_item count_item_contract
 * @cut strchr strchr_contract
 * @loop pass.0 3: two octets
 * @loop sts_resp_read.0 3: two octets
 */
void
prove_resp_read(void)
{
	struct sts_resp r;
	uint8_t bytes[2] = { nondet_u8(), nondet_u8() };
	size_t n = nondet_bool() ? 1 : 2, used;
	enum sts_resp_event e;
	unsigned depth;
	bool dead;

	ASSUME(resp_holds(&r));
	depth = r.depth;
	dead = r.state == DEAD;
	used = sts_resp_read(&r, bytes, n, &e);
	PROVE(used >= 1 && used <= n);
	PROVE(resp_holds(&r));
	PROVE(e != STS_RESP_MORE || used == n);
	PROVE((e == STS_RESP_BROKEN) == (r.state == DEAD));
	PROVE(!dead || e == STS_RESP_BROKEN);
	PROVE(r.depth <= depth + 1);
	PROVE(e != STS_RESP_BULK || r.number <= STS_RESP_BULK_MAX);
	PROVE((e != STS_RESP_OPEN && e != STS_RESP_PUSH &&
		  e != STS_RESP_ATTRIBUTE) ||
	      r.number <= STS_RESP_COUNT_MAX);
	/* What is no reply never stands inside a reply. */
	PROVE((e != STS_RESP_PUSH && e != STS_RESP_ATTRIBUTE) || depth == 0);
	PROVE(e != STS_RESP_PIECE ||
	      (r.piece.n >= 1 && inside(r.piece, sts_text(bytes, n))));
	PROVE(readable(sts_resp_text(&r)));
}
