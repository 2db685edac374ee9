/* SPDX-License-Identifier: MIT */
/*
 * The cursor over a DNS message, and the names inside it.
 *
 * @link core/base/bytes.c core/base/name.c
 */
#include "contracts.h"

#include "../../dns/wire.c"

enum {
	MESSAGE_MAX = 65535, /* what STS_ASSERT in sts_dns_judge allows */
	NEAR_END = 4 /* octets that the name has left, or pointers */
};

/* Where the current name began. */
static size_t start;

/* A walk over m in any state. */
static struct labels
any_walk(struct sts_text m)
{
	struct labels l = { m, nondet_u16(), nondet_u16(), nondet_u16(),
		nondet_u8(), nondet_u8(), false };

	return l;
}

/* The invariant of a walk, between two labels and between two pointers. */
static bool
walk_holds(const struct labels *l)
{
	bool ahead = l->pos >= start && l->below == start;
	bool back = l->end > start && l->end <= l->m.n;

	return l->len <= STS_DNS_WIRE_NAME_MAX - 1 &&
	       l->pointers <= STS_DNS_POINTERS_MAX &&
	       (l->end == 0 ? ahead : back);
}

/* Any cursor that sts_dns_cursor and the functions on it can produce. */
static struct sts_dns_cursor
any_cursor(void)
{
	struct sts_dns_cursor c =
	    sts_dns_cursor(any_text(MESSAGE_MAX), nondet_u16());

	ASSUME(c.bad || c.pos <= c.m.n);
	c.bad = c.bad || nondet_bool();
	return c;
}

/* What sts_dns_take_name promises. */
static bool
name_taken(
    const struct sts_dns_cursor *was, const struct sts_dns_cursor *c, size_t at)
{
	if (c->m.p != was->m.p || c->m.n != was->m.n) {
		return false;
	}
	if (c->bad) {
		return at == 0 && c->pos == was->pos;
	}
	return !was->bad && at == was->pos && c->pos > at && c->pos <= c->m.n;
}

/* What next_label promises: `was` before the call, `l` after it. */
static bool
label_holds(
    const struct labels *was, const struct labels *l, bool more, size_t n)
{
	if (!more) {
		return l->bad || (l->end > start && l->end <= l->m.n);
	}
	return !l->bad && walk_holds(l) && n >= 1 && n <= STS_LABEL_MAX &&
	       l->len == was->len + n + 1;
}

/* Stands for a label's octets: prove_next_label proves that they can be
 * read. */
static const uint8_t octets[STS_LABEL_MAX];

bool
next_label_contract(struct labels *l, struct sts_text *label)
{
	struct labels was = *l, now = any_walk(was.m);
	bool more = nondet_bool();

	PROVE(walk_holds(l) || l->bad);
	*label = sts_text(octets, nondet_u8());
	now.bad = was.bad || nondet_bool();
	if (was.bad) {
		more = false;
	}
	ASSUME(label_holds(&was, &now, more, label->n));
	*l = now;
	return more;
}

/*
 * @bound any message; a walk in any state, with at most three pointers left to
 * go: a round of skip_pointers depends on earlier ones only through that state
 * @loop skip_pointers.0 4: STS_DNS_POINTERS_MAX is reached
 */
void
prove_next_label(void)
{
	struct labels l = any_walk(any_text(MESSAGE_MAX)), was;
	struct sts_text label;
	bool more;

	start = nondet_u16();
	ASSUME(walk_holds(&l));
	ASSUME(l.pointers >= STS_DNS_POINTERS_MAX - 3);
	was = l;
	more = next_label(&l, &label);
	PROVE(label_holds(&was, &l, more, label.n));
	PROVE(!more || inside(label, l.m));
	PROVE(l.pointers >= was.pointers);
}

/* The initial state of a walk is one of its states, and so is any other. */
struct labels
labels_at_contract(struct sts_text m, size_t off)
{
	struct labels l = any_walk(m);

	start = off;
	ASSUME(walk_holds(&l));
	ASSUME(l.len >= STS_DNS_WIRE_NAME_MAX - 1 - NEAR_END);
	return l;
}

/*
 * @bound any message, any place in it
 */
void
prove_labels_at(void)
{
	struct labels l;

	start = nondet_u16();
	l = labels_at(any_text(MESSAGE_MAX), start);
	PROVE(walk_holds(&l));
	PROVE(!l.bad);
}

/*
 * @bound any message, any cursor; a walk in any state with at most two labels
 * left to go
 * @cut labels_at labels_at_contract
 * @cut next_label next_label_contract
 * @loop sts_dns_take_name.0 3: a label takes at least 2 octets
 */
void
prove_take_name(void)
{
	struct sts_dns_cursor c = any_cursor(), was = c;
	size_t at = sts_dns_take_name(&c);

	PROVE(name_taken(&was, &c, at));
}

/*
 * The same for two walks at once, which begin in different places: only
 * labels_at begins a walk and only next_label continues it, so walk_holds stays
 * true of each walk whatever happens to the other.
 */
struct labels
labels_at_anywhere(struct sts_text m, size_t off)
{
	struct labels l = any_walk(m);

	(void)off;
	ASSUME(l.len <= STS_DNS_WIRE_NAME_MAX - 1);
	ASSUME(l.len >= STS_DNS_WIRE_NAME_MAX - 1 - NEAR_END);
	return l;
}

bool
next_label_anywhere(struct labels *l, struct sts_text *label)
{
	unsigned n = nondet_u8();

	if (l->bad || nondet_bool()) {
		l->bad = l->bad || nondet_bool();
		return false;
	}
	ASSUME(n >= 1 && n <= STS_LABEL_MAX);
	ASSUME(n < STS_DNS_WIRE_NAME_MAX - 1 - l->len);
	l->len += n + 1;
	*label = sts_text(octets, n);
	return true;
}

/*
 * @bound any message, any two places; walks in any state with at most two
 * labels left to go
 * @cut labels_at labels_at_anywhere
 * @cut next_label next_label_anywhere
 * @cut sts_same_nocase same_nocase_contract
 * @loop same_labels.0 3: a label takes at least 2 octets
 */
void
prove_same_name(void)
{
	struct sts_text m = any_text(MESSAGE_MAX);

	sts_dns_same_name(m, nondet_u16(), nondet_u16());
}

/*
 * @bound any message, any two places; walks in any state with at most two
 * labels left to go
 * @cut labels_at labels_at_anywhere
 * @cut next_label next_label_anywhere
 * @cut sts_same_nocase same_nocase_contract
 * @loop same_labels.0 3: a label takes at least 2 octets
 * @loop count_labels.0 3: the same
 * @loop sts_dns_within.0 3: the same
 */
void
prove_within(void)
{
	struct sts_text m = any_text(MESSAGE_MAX);

	sts_dns_within(m, nondet_u16(), nondet_u16());
}

/*
 * @bound any cursor, any number of octets
 */
void
prove_take(void)
{
	struct sts_dns_cursor c = any_cursor(), was = c;
	size_t n = nondet_u16(), at = sts_dns_take(&c, n);

	PROVE(c.m.p == was.m.p && c.m.n == was.m.n);
	PROVE(c.bad || c.pos <= c.m.n);
	if (c.bad) {
		PROVE(at == 0 && c.pos == was.pos);
	} else {
		PROVE(at == was.pos && c.pos - at == n);
	}
}

/*
 * @bound any cursor
 */
void
prove_take_numbers(void)
{
	struct sts_dns_cursor c = any_cursor(), was = c;
	bool wide = nondet_bool();
	uint32_t v = wide ? sts_dns_take32(&c) : sts_dns_take16(&c);

	PROVE(c.bad ? v == 0 && c.pos == was.pos
		    : c.pos == was.pos + (wide ? 4 : 2));
	PROVE(c.bad == (was.bad || was.m.n - was.pos < (wide ? 4 : 2)));
}

/* Any text with a label of up to 4 octets before its first dot. */
static struct sts_text
any_labels(void)
{
	struct sts_text t = any_text(MESSAGE_MAX);

	ASSUME(t.n <= 4 || t.p[4] == '.');
	return t;
}

/*
 * @bound names of any length whose next label has up to 4 octets: each step of
 * the search for its end knows only its place
 * @loop sts_dns_next_part.0 5: octets
 */
void
prove_next_part(void)
{
	struct sts_dns_name_parts rest = { any_labels(), any_labels() };
	struct sts_dns_name_parts was = rest;
	struct sts_text label = { NULL, 0 };
	bool prefixed = was.prefix.n > 0;
	struct sts_text *from = prefixed ? &was.prefix : &was.domain;
	struct sts_text *left = prefixed ? &rest.prefix : &rest.domain;

	if (!sts_dns_next_part(&rest, &label)) {
		PROVE(was.prefix.n == 0 && was.domain.n == 0);
		return;
	}
	PROVE(label.p == from->p && label.n <= 4);
	PROVE(left->n < from->n);
	PROVE(left->p == from->p + (from->n - left->n));
	PROVE(label.n == from->n || from->p[label.n] == '.');
}

/* sts_dns_next_part, for a name of at most two more labels. */
bool
next_part_contract(struct sts_dns_name_parts *rest, struct sts_text *label)
{
	(void)rest;
	*label = sts_text(octets, nondet_u8());
	ASSUME(label->n <= STS_LABEL_MAX);
	return nondet_bool();
}

/*
 * @bound any message, any name; a walk in any state with at most two labels
 * left to go
 * @cut labels_at labels_at_anywhere
 * @cut next_label next_label_anywhere
 * @cut sts_dns_next_part next_part_contract
 * @cut sts_same_nocase same_nocase_contract
 * @loop sts_dns_is_name.0 3: a label takes at least 2 octets
 */
void
prove_is_name(void)
{
	struct sts_dns_name_parts name = { { NULL, 0 }, { NULL, 0 } };

	sts_dns_is_name(any_text(MESSAGE_MAX), nondet_u16(), name);
}
