/* SPDX-License-Identifier: MIT */
/*
 * The checked cursor over a DNS message, and names where they stand. A cursor
 * that was moved too far is `bad` for good and gives zeros, so that one check
 * at the end is enough.
 *
 * Invariants: no octet outside the message is read; a pointer leads strictly
 * backwards and behind the header, and STS_DNS_POINTERS_MAX of them at most,
 * so that every walk over a name ends; a name has 255 octets at most.
 *
 * The attacker wrote the message, or bent one: pointers into loops, labels
 * across the end, names that grow by pointing at themselves.
 */
#include "../core/base/assert.h"
#include "wire.h"

enum {
	POINTER = 0xc0 /* the two top bits of a compression pointer */
};

/* A walk over the labels of one name. */
struct labels {
	struct sts_text m;
	size_t pos; /* the next length octet or pointer */
	size_t end; /* behind the name where it began; 0 until known */
	size_t below; /* where a pointer has to go below */
	unsigned len; /* octets of the expanded form, without the root */
	unsigned pointers;
	bool bad;
};

static struct labels
labels_at(struct sts_text m, size_t off)
{
	struct labels l = { m, off, 0, off, 0, 0, false };

	return l;
}

/* Go where pointers lead until a length octet is at pos; false: it cannot. */
static bool
skip_pointers(struct labels *l)
{
	while (l->pos < l->m.n && l->m.p[l->pos] >= POINTER) {
		size_t to;

		if (l->m.n - l->pos < 2 ||
		    l->pointers == STS_DNS_POINTERS_MAX) {
			return false;
		}
		to = sts_get16be(l->m.p + l->pos) & 0x3fffU;
		if (to < STS_DNS_HEADER_LEN || to >= l->below) {
			return false;
		}
		if (l->end == 0) {
			l->end = l->pos + 2;
		}
		l->pos = to;
		l->below = to;
		l->pointers++;
	}
	return l->pos < l->m.n;
}

/* The next label; false: the root, or l->bad. */
static bool
next_label(struct labels *l, struct sts_text *label)
{
	size_t n;

	if (!skip_pointers(l)) {
		l->bad = true;
		return false;
	}
	n = l->m.p[l->pos];
	if (n == 0) {
		if (l->end == 0) {
			l->end = l->pos + 1;
		}
		return false;
	}
	if (n > STS_LABEL_MAX || l->m.n - l->pos - 1 < n ||
	    STS_DNS_WIRE_NAME_MAX - 1 - l->len < n + 1) {
		l->bad = true;
		return false;
	}
	*label = sts_text(l->m.p + l->pos + 1, n);
	l->pos += n + 1;
	l->len += (unsigned)n + 1;
	return true;
}

/* Whether two walks have the same labels to come. */
static bool
same_labels(struct labels la, struct labels lb)
{
	struct sts_text ta, tb;
	bool more;

	do { /* at most STS_DNS_LABELS_MAX times */
		more = next_label(&la, &ta);
		if (more != next_label(&lb, &tb) || la.bad || lb.bad ||
		    (more && !sts_same_nocase(ta, tb))) {
			return false;
		}
	} while (more);
	return true;
}

/* How many labels are to come, as far as they can be read. */
static unsigned
count_labels(struct labels l)
{
	struct sts_text label;
	unsigned n = 0;

	while (next_label(&l, &label)) {
		n++; /* at most STS_DNS_LABELS_MAX */
	}
	return n;
}

struct sts_dns_cursor
sts_dns_cursor(struct sts_text m, size_t pos)
{
	struct sts_dns_cursor c = { m, pos, pos > m.n, 0 };

	return c;
}

size_t
sts_dns_take(struct sts_dns_cursor *c, size_t n)
{
	size_t at = c->pos;

	if (c->bad || c->m.n - c->pos < n) {
		c->bad = true;
		return 0;
	}
	c->pos += n;
	return at;
}

uint16_t
sts_dns_take16(struct sts_dns_cursor *c)
{
	size_t at = sts_dns_take(c, 2);

	return c->bad ? 0 : sts_get16be(c->m.p + at);
}

uint32_t
sts_dns_take32(struct sts_dns_cursor *c)
{
	size_t at = sts_dns_take(c, 4);

	return c->bad ? 0 : sts_get32be(c->m.p + at);
}

size_t
sts_dns_take_name(struct sts_dns_cursor *c)
{
	struct labels l = labels_at(c->m, c->pos);
	struct sts_text label;
	size_t at = c->pos;

	if (c->bad) {
		return 0;
	}
	while (next_label(&l, &label)) {
		c->steps++; /* at most STS_DNS_LABELS_MAX a name */
	}
	c->steps += l.pointers; /* at most STS_DNS_POINTERS_MAX */
	if (l.bad) {
		c->bad = true;
		return 0;
	}
	STS_ASSERT(l.end > at);
	c->pos = l.end;
	return at;
}

bool
sts_dns_same_name(struct sts_text m, size_t a, size_t b)
{
	return same_labels(labels_at(m, a), labels_at(m, b));
}

bool
sts_dns_within(struct sts_text m, size_t off, size_t zone)
{
	struct labels l = labels_at(m, off);
	unsigned n = count_labels(l);
	unsigned zone_n = count_labels(labels_at(m, zone));
	struct sts_text label;

	for (; n > zone_n; n--) {
		(void)next_label(&l, &label);
	}
	return n == zone_n && same_labels(l, labels_at(m, zone));
}

bool
sts_dns_is_name(struct sts_text m, size_t off, struct sts_dns_name_parts name)
{
	struct labels l = labels_at(m, off);
	struct sts_text got, want;
	bool more;

	do { /* at most STS_DNS_LABELS_MAX times */
		more = next_label(&l, &got);
		if (more != sts_dns_next_part(&name, &want) || l.bad ||
		    (more && !sts_same_nocase(got, want))) {
			return false;
		}
	} while (more);
	return true;
}

/* Append a label, and the dot before it. False: it has a dot itself. */
static bool
put_label(uint8_t out[STS_NAME_MAX], size_t *len, struct sts_text label)
{
	/* STS_DNS_WIRE_NAME_MAX, without the root and the first length. */
	STS_ASSERT(*len + label.n + (*len > 0) <= STS_NAME_MAX);
	if (*len > 0) {
		out[(*len)++] = '.';
	}
	for (size_t i = 0; i < label.n; i++) {
		if (label.p[i] == '.') {
			return false;
		}
		out[(*len)++] = sts_lower(label.p[i]);
	}
	return true;
}

bool
sts_dns_name_text(
    struct sts_text m, size_t off, uint8_t out[STS_NAME_MAX], size_t *len)
{
	struct labels l = labels_at(m, off);
	struct sts_text label;

	*len = 0;
	while (next_label(&l, &label)) {
		if (!put_label(out, len, label)) {
			return false;
		}
	}
	return !l.bad;
}

bool
sts_dns_expand(struct sts_text m, size_t off, struct sts_span *out)
{
	struct labels l = labels_at(m, off);
	struct sts_text label;
	size_t len = 0;

	while (next_label(&l, &label)) {
		if (out->n - len < label.n + 1) {
			return false;
		}
		out->p[len++] = (uint8_t)label.n;
		for (size_t i = 0; i < label.n; i++) {
			out->p[len++] = sts_lower(label.p[i]);
		}
	}
	out->n = len;
	return !l.bad;
}

bool
sts_dns_next_part(struct sts_dns_name_parts *rest, struct sts_text *label)
{
	struct sts_text *t = rest->prefix.n > 0 ? &rest->prefix : &rest->domain;
	size_t n = 0, used;

	if (t->n == 0) {
		return false;
	}
	while (n < t->n && t->p[n] != '.') {
		n++;
	}
	*label = sts_text(t->p, n);
	used = n < t->n ? n + 1 : n;
	t->p += used;
	t->n -= used;
	return true;
}
