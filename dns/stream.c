/* SPDX-License-Identifier: MIT */
/*
 * A large DNS message, read as it comes.
 *
 *	HEAD --> RECORD <--> RDATA		each when its octets are there
 *	  |        | the last record was read
 *	 REST --> OVER
 *
 * REST skips a message that does not answer our question. Invariants: pos +
 * have octets have come, at most want; have is at most the window. The first
 * octets of the message, up to pos, are held as far as there is room. The name
 * that is looked for is in lower case, in wire form without the root.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "stream.h"
#include "wire.h"

enum phase {
	HEAD,
	RECORD,
	RDATA,
	REST,
	OVER
};

/* What a record's RDATA is used for. */
enum use {
	NOTHING,
	ALIAS,
	DATA
};

enum {
	HEAD_MAX = STS_DNS_HEADER_LEN + STS_DNS_WIRE_NAME_MAX + 4,
	RECORD_LEN = 10, /* type, class, TTL, RDLENGTH */
	POINTER = 0xc0,
	SECTION_ANSWER = 0,
	SECTION_ADDITIONAL = 2,
	SECTIONS = 3,
	CLASS_IN = 1
};

/* A step inside: GO: on to the next; the others are the caller's. */
enum step {
	GO,
	NEED, /* octets */
	GIVE, /* a piece */
	FAILED /* the end */
};

STS_STATIC_ASSERT(STS_DNS_STREAM_WINDOW >= (int)HEAD_MAX, head_fits_the_window);
/* The octets of a name, and a length octet that is none. */
STS_STATIC_ASSERT(STS_DNS_STREAM_WINDOW >= STS_DNS_WIRE_NAME_MAX + (int)POINTER,
    any_name_fits_the_window);
STS_STATIC_ASSERT(
    STS_DNS_STREAM_MIN - STS_DNS_STREAM_NAME - STS_DNS_STREAM_WINDOW >=
	(int)HEAD_MAX,
    question_is_held);

/* A name in the window. */
struct name {
	enum {
		NAME_GOOD,
		NAME_CUT, /* its end is not there yet */
		NAME_BAD,
		NAME_GONE /* it leads to octets that are not held */
	} state;
	size_t used; /* octets in the window */
	size_t len; /* of the wire form, without the root */
	uint8_t wire[STS_DNS_WIRE_NAME_MAX];
};

static uint8_t *
window(const struct sts_dns_stream *s)
{
	return s->buf + s->size - STS_DNS_STREAM_WINDOW;
}

/* The first octets of the message, as far as they have passed. */
static struct sts_text
held(const struct sts_dns_stream *s)
{
	size_t room =
	    (size_t)s->size - STS_DNS_STREAM_NAME - STS_DNS_STREAM_WINDOW;

	return sts_text(
	    s->buf + STS_DNS_STREAM_NAME, s->pos < room ? s->pos : room);
}

/* Pass n octets of the window. */
static void
pass(struct sts_dns_stream *s, size_t n)
{
	size_t room =
	    (size_t)s->size - STS_DNS_STREAM_NAME - STS_DNS_STREAM_WINDOW;
	uint8_t *w = window(s);

	STS_ASSERT(n <= s->have);
	if (s->pos < room) {
		size_t kept = room - s->pos < n ? room - s->pos : n;

		memcpy(s->buf + STS_DNS_STREAM_NAME + s->pos, w, kept);
	}
	memmove(w, w + n, s->have - n);
	s->have = (uint16_t)(s->have - n);
	s->pos = (uint16_t)(s->pos + n);
}

static enum step
fail(struct sts_dns_stream *s, enum sts_why why)
{
	s->found = STS_UNKNOWN;
	s->why = (uint8_t)why;
	s->phase = OVER;
	return FAILED;
}

/* GO once n octets are in the window. */
static enum step
need(struct sts_dns_stream *s, size_t n)
{
	STS_ASSERT(n <= STS_DNS_STREAM_WINDOW);
	if (s->have >= n) {
		return GO;
	}
	return (size_t)(s->want - s->pos) < n ? fail(s, STS_WHY_DNS_MALFORMED)
					      : NEED;
}

/* Go on with a name where a pointer leads (see wire.h). */
static void
follow(const struct sts_dns_stream *s, size_t to, struct name *n)
{
	struct sts_text m = held(s);
	struct sts_span rest =
	    sts_span(n->wire + n->len, STS_DNS_WIRE_NAME_MAX - 1 - n->len);

	n->used += 2;
	if (to < STS_DNS_HEADER_LEN || to >= s->pos) {
		n->state = NAME_BAD;
	} else if (to < m.n && sts_dns_expand(m, to, &rest)) {
		n->state = NAME_GOOD;
		n->len += rest.n;
	} else {
		/* Broken, or going on where nothing is held. */
		n->state = m.n == s->pos ? NAME_BAD : NAME_GONE;
	}
}

/* Read the name at the front of the window. */
static void
read_name(const struct sts_dns_stream *s, struct name *n)
{
	const uint8_t *w = window(s);

	n->used = n->len = 0;
	n->state = NAME_CUT;
	while (n->used < s->have) {
		size_t label = w[n->used];

		if (label >= POINTER && s->have - n->used >= 2) {
			follow(s, sts_get16be(w + n->used) & 0x3fffU, n);
			return;
		}
		if (label == 0) {
			n->used++;
			n->state = NAME_GOOD;
			return;
		}
		if (label >= POINTER || s->have - n->used <= label) {
			return;
		}
		if (label > STS_LABEL_MAX ||
		    STS_DNS_WIRE_NAME_MAX - 1 - n->len < label + 1) {
			n->state = NAME_BAD;
			return;
		}
		for (size_t i = 0; i <= label; i++) {
			n->wire[n->len++] = sts_lower(w[n->used++]);
		}
	}
}

/* Read a name. GONE (it lies in octets no longer held) counts as read: it
 * matters only to a caller that compares the name. */
static enum step
take_name(struct sts_dns_stream *s, struct name *n)
{
	read_name(s, n);
	if (n->state == NAME_BAD ||
	    (n->state == NAME_CUT && s->pos + s->have == s->want)) {
		return fail(s, STS_WHY_DNS_MALFORMED);
	}
	/* A full window holds the end of any name. */
	STS_ASSERT(n->state != NAME_CUT || s->have < STS_DNS_STREAM_WINDOW);
	return n->state == NAME_CUT ? NEED : GO;
}

static void
look_for(struct sts_dns_stream *s, const struct name *n)
{
	STS_ASSERT(n->len < STS_DNS_STREAM_NAME);
	memcpy(s->buf, n->wire, n->len);
	s->name_len = (uint8_t)n->len;
}

/* Read header and question. */
static enum step
read_head(struct sts_dns_stream *s, struct sts_dns_name_parts name)
{
	size_t len = s->want < HEAD_MAX ? s->want : HEAD_MAX;
	struct sts_dns_verdict v;
	struct name question;

	if (need(s, len) != GO) {
		return NEED;
	}
	if (!sts_dns_judge_head(
		&v, sts_text(window(s), len), s->id, name, s->type)) {
		s->found = (uint8_t)v.found;
		s->why = (uint8_t)v.why;
		s->rcode = v.rcode;
		s->truncated = v.truncated;
		s->phase = v.found == STS_PENDING && !v.truncated ? REST : OVER;
		return GO;
	}
	s->rcode = v.rcode;
	s->ad = v.ad;
	s->records = sts_get16be(window(s) + 6);
	pass(s, STS_DNS_HEADER_LEN);
	read_name(s, &question);
	STS_ASSERT(question.state == NAME_GOOD);
	look_for(s, &question);
	pass(s, question.used + 4);
	s->phase = RECORD;
	return GO;
}

/* All records were read. */
static enum step
conclude(struct sts_dns_stream *s)
{
	if (s->rcode != STS_DNS_NOERROR && s->rcode != STS_DNS_NXDOMAIN) {
		return fail(s, sts_dns_why_of_rcode(s->rcode));
	}
	if (s->data && s->rcode == STS_DNS_NXDOMAIN) {
		return fail(s, STS_WHY_DNS_ERROR);
	}
	if (!s->data || s->stray) {
		return fail(s, STS_WHY_DNS_LARGE);
	}
	s->found = STS_FOUND;
	s->phase = OVER;
	return GO;
}

/* RFC 6891 6.1.1, as in message.c. */
static enum step
note_opt(struct sts_dns_stream *s, const struct name *owner, uint32_t ttl)
{
	if (s->section != SECTION_ADDITIONAL || s->opt || owner->used != 1) {
		return fail(s, STS_WHY_DNS_MALFORMED);
	}
	s->opt = true;
	s->rcode = (uint16_t)(s->rcode | (ttl >> 24) << 4);
	return GO;
}

static bool
is_looked_for(const struct sts_dns_stream *s, const struct name *n)
{
	return n->len == s->name_len && memcmp(n->wire, s->buf, n->len) == 0;
}

/* Decide what a record of the answer section is used for. */
static enum step
classify(struct sts_dns_stream *s, const struct name *owner, uint16_t type)
{
	bool alias = type != s->type;

	/* Data beside or behind an alias of its name counts, not the alias. */
	if (alias && (type != STS_DNS_CNAME || s->data)) {
		return GO;
	}
	if (owner->state == NAME_GONE) {
		return fail(s, STS_WHY_DNS_LARGE);
	}
	if (is_looked_for(s, owner)) {
		s->use = alias ? ALIAS : DATA;
		s->data = s->data || !alias;
	} else if (!alias) {
		/* An alias may lead, or have led, there. */
		s->stray = true;
	}
	return GO;
}

/* Whether RDLENGTH is possible for a record that is used. */
static bool
length_fits(const struct sts_dns_stream *s)
{
	if (s->use == ALIAS) {
		return s->rdata <= STS_DNS_WIRE_NAME_MAX;
	}
	return s->use != DATA ||
	       ((s->type != STS_DNS_A || s->rdata == 4) &&
		   (s->type != STS_DNS_AAAA || s->rdata == 16));
}

/* Read the fixed fields behind a record's name, and decide what its RDATA is
 * used for. */
static enum step
read_fields(struct sts_dns_stream *s, const struct name *owner)
{
	const uint8_t *f = window(s) + owner->used;
	uint16_t type = sts_get16be(f), class = sts_get16be(f + 2);
	uint32_t ttl = sts_get32be(f + 4);
	enum step r = GO;

	s->rdata = sts_get16be(f + 8);
	s->use = NOTHING;
	s->first = true;
	if (s->want - s->pos - owner->used - RECORD_LEN < s->rdata) {
		return fail(s, STS_WHY_DNS_MALFORMED);
	}
	if (type == STS_DNS_OPT) {
		r = note_opt(s, owner, ttl);
	} else if (s->section == SECTION_ANSWER && class == CLASS_IN) {
		r = classify(s, owner, type);
	}
	if (r == GO && !length_fits(s)) {
		r = fail(s, STS_WHY_DNS_MALFORMED);
	}
	if (s->use != NOTHING && sts_dns_ttl_s(ttl) < s->ttl_s) {
		s->ttl_s = sts_dns_ttl_s(ttl);
	}
	return r;
}

/* Read the part of the next record before its RDATA. */
static enum step
read_record(struct sts_dns_stream *s)
{
	struct name owner;
	enum step r;

	while (s->records == 0) {
		s->section++;
		if (s->section == SECTIONS) {
			return conclude(s);
		}
		s->records =
		    sts_get16be(held(s).p + 6 + (size_t)2 * s->section);
	}
	r = take_name(s, &owner);
	r = r == GO ? need(s, owner.used + RECORD_LEN) : r;
	r = r == GO ? read_fields(s, &owner) : r;
	if (r == GO) {
		pass(s, owner.used + RECORD_LEN);
		s->records--;
		s->phase = RDATA;
	}
	return r;
}

/* Read the target of an alias, which is looked for from now on. */
static enum step
read_alias(struct sts_dns_stream *s)
{
	struct name target;

	if (need(s, s->rdata) != GO) {
		return NEED;
	}
	read_name(s, &target);
	if (target.state == NAME_GONE) {
		return fail(s, STS_WHY_DNS_LARGE);
	}
	if (target.state != NAME_GOOD || target.used != s->rdata) {
		return fail(s, STS_WHY_DNS_MALFORMED);
	}
	look_for(s, &target);
	pass(s, s->rdata);
	s->phase = RECORD;
	return GO;
}

/* Give the next piece of a record of the answer. */
static enum step
read_data(struct sts_dns_stream *s, struct sts_dns_piece *piece)
{
	size_t n = s->rdata;

	if (s->type == STS_DNS_TXT && n > 0) {
		if (need(s, 1) != GO) {
			return NEED;
		}
		n = (size_t)window(s)[0] + 1;
		if (n > s->rdata) {
			return fail(s, STS_WHY_DNS_MALFORMED);
		}
	}
	if (need(s, n) != GO) {
		return NEED;
	}
	s->rdata = (uint16_t)(s->rdata - n);
	s->offered = (uint16_t)n;
	piece->rdata = sts_text(window(s), n);
	piece->record = s->number;
	piece->first = s->first;
	piece->last = s->rdata == 0;
	s->first = false;
	if (piece->last) {
		s->number++;
		s->phase = RECORD;
	}
	return GIVE;
}

static enum step
read_rdata(struct sts_dns_stream *s, struct sts_dns_piece *piece)
{
	size_t n = s->rdata < s->have ? s->rdata : s->have;

	if (s->use == DATA) {
		return read_data(s, piece);
	}
	if (s->use == ALIAS) {
		return read_alias(s);
	}
	pass(s, n);
	s->rdata = (uint16_t)(s->rdata - n);
	if (s->rdata > 0) {
		return NEED;
	}
	s->phase = RECORD;
	return GO;
}

static enum step
skip_rest(struct sts_dns_stream *s)
{
	STS_ASSERT(s->phase == REST);
	pass(s, s->have);
	if (s->pos < s->want) {
		return NEED;
	}
	s->phase = OVER;
	return GO;
}

static enum step
read_on(struct sts_dns_stream *s, struct sts_dns_name_parts name,
    struct sts_dns_piece *piece)
{
	switch ((enum phase)s->phase) {
	case HEAD:
		return read_head(s, name);
	case RECORD:
		return read_record(s);
	case RDATA:
		return read_rdata(s, piece);
	case REST:
	case OVER: /* nothing is read any more */
		break;
	}
	return skip_rest(s);
}

bool
sts_dns_stream_can(uint16_t type)
{
	return type == STS_DNS_A || type == STS_DNS_AAAA || type == STS_DNS_TXT;
}

void
sts_dns_stream_start(struct sts_dns_stream *s, uint8_t *buf, size_t size,
    uint16_t want, uint16_t id, uint16_t type)
{
	STS_ASSERT(size >= STS_DNS_STREAM_MIN);
	STS_ASSERT(sts_dns_stream_can(type));
	memset(s, 0, sizeof *s);
	s->buf = buf;
	s->size = (uint16_t)(size < UINT16_MAX ? size : UINT16_MAX);
	s->want = want;
	s->id = id;
	s->type = type;
	s->ttl_s = STS_DNS_TTL_MAX_S;
	s->phase = HEAD;
	s->found = STS_PENDING;
}

struct sts_span
sts_dns_stream_room(const struct sts_dns_stream *s)
{
	size_t room = (size_t)STS_DNS_STREAM_WINDOW - s->have;
	size_t left = (size_t)s->want - s->pos - s->have;

	STS_ASSERT(room > 0 && left > 0);
	return sts_span(window(s) + s->have, left < room ? left : room);
}

void
sts_dns_stream_filled(struct sts_dns_stream *s, size_t n)
{
	STS_ASSERT(n >= 1 && n <= sts_dns_stream_room(s).n);
	s->have = (uint16_t)(s->have + n);
}

enum sts_dns_stream_step
sts_dns_stream_next(struct sts_dns_stream *s, struct sts_dns_name_parts name,
    struct sts_dns_piece *piece)
{
	enum step r = GO;

	pass(s, s->offered);
	s->offered = 0;
	while (r == GO && s->phase != OVER) {
		r = read_on(s, name, piece);
	}
	if (s->phase == OVER) {
		return STS_DNS_STREAM_END;
	}
	return r == GIVE ? STS_DNS_STREAM_PIECE : STS_DNS_STREAM_MORE;
}

void
sts_dns_stream_verdict(
    const struct sts_dns_stream *s, struct sts_dns_verdict *v)
{
	STS_ASSERT(s->phase == OVER);
	memset(v, 0, sizeof *v);
	v->found = (enum sts_found)s->found;
	v->why = (enum sts_why)s->why;
	v->truncated = s->truncated;
	v->rcode = s->rcode;
	v->ad = s->ad && v->found == STS_FOUND;
	v->ttl_s = v->found == STS_FOUND ? s->ttl_s : 0;
}
