/* SPDX-License-Identifier: MIT */
/* The DER reader: one event from any state that it can be in. */
#include "prove.h"

#include "../../tls/x509/der.c"

/* The invariant between two events. */
static bool
reader_holds(const struct sts_der *d)
{
	for (unsigned i = 0; i <= STS_DER_DEPTH; i++) {
		if (d->left[i] > STS_DER_LEN_MAX) {
			return false;
		}
	}
	return d->depth <= STS_DER_DEPTH && d->state <= BROKEN &&
	       d->len <= STS_DER_LEN_MAX &&
	       (d->state != CONTENT ||
		   (d->depth > 0 && d->left[d->depth] <= d->len)) &&
	       (d->state != CONTENT || d->tag != BIT_STRING ||
		   d->left[d->depth] == d->len || d->before < 8) &&
	       (d->state != LENGTH_LONG ||
		   (d->len_octets >= 1 && d->len_octets <= LONG_OCTETS_MAX &&
		       d->len >> 8 * (LONG_OCTETS_MAX - d->len_octets) == 0));
}

/*
 * @bound any announced length that sts_der_begin allows
 * @loop prove_der_begin.0 14: levels
 * @loop reader_holds.0 14: levels
 */
void
prove_der_begin(void)
{
	struct sts_der d;
	size_t len = nondet_size();

	/* Levels into which nothing was read are never read. */
	for (unsigned i = 0; i <= STS_DER_DEPTH; i++) {
		d.left[i] = 0;
	}
	ASSUME(len <= STS_DER_LEN_MAX);
	sts_der_begin(&d, len);
	PROVE(reader_holds(&d));
	PROVE(d.left[0] == len && d.depth == 0);
}

/* What the events report of the octets that were announced: each level gives
 * what its children get, and an octet taken is taken from the innermost
 * level. */
static void
prove_event(const struct sts_der *was, const struct sts_der *d,
    enum sts_der_event event, uint32_t taken)
{
	uint32_t had = was->left[was->depth];

	PROVE(taken <= had);
	switch (event) {
	case STS_DER_MORE:
		PROVE(d->depth == was->depth);
		PROVE(d->left[d->depth] == had - taken);
		break;
	case STS_DER_ELEMENT:
		PROVE(taken > 0 && d->depth == was->depth + 1);
		PROVE(d->left[was->depth] == had - taken - d->len);
		PROVE(d->len <= had - taken);
		PROVE(d->left[d->depth] == d->len);
		break;
	case STS_DER_CONTENT:
		PROVE(taken > 0 && d->depth == was->depth);
		PROVE(d->left[d->depth] == had - taken);
		break;
	case STS_DER_END:
		PROVE(taken == 0 && had == 0 && d->depth + 1 == was->depth);
		break;
	case STS_DER_DONE:
		PROVE(taken == 0 && had == 0 && d->depth == 0);
		break;
	default:
		PROVE(event == STS_DER_BROKEN && d->state == BROKEN);
		break;
	}
}

/*
 * @bound one octet of input or none in any state, so input of any length: an
 * octet of a header, like one of content, depends on earlier ones only through
 * the state. Each event takes input or leaves a level, so events end
 * @loop next_header.0 2: an octet
 * @loop contents_allowed.0 2: an octet
 * @loop reader_holds.0 14: levels
 */
void
prove_der_next(void)
{
	struct sts_der d, was;
	uint8_t bytes[1] = { nondet_u8() };
	struct sts_text in = sts_text(bytes, nondet_u8()), before = in;
	struct sts_text content = { NULL, 0 };
	enum sts_der_event event;
	unsigned level = nondet_u8();

	ASSUME(reader_holds(&d));
	ASSUME(level <= STS_DER_DEPTH);
	ASSUME(in.n <= 1);
	was = d;
	event = sts_der_next(&d, &in, &content);
	PROVE(in.n <= before.n);
	PROVE(in.p == before.p + (before.n - in.n));
	prove_event(&was, &d, event, (uint32_t)(before.n - in.n));
	PROVE(event != STS_DER_MORE || in.n == 0);
	PROVE(event != STS_DER_CONTENT ||
	      (content.p == before.p && content.n == before.n - in.n));
	PROVE(level >= was.depth || d.left[level] == was.left[level]);
	PROVE(reader_holds(&d));
}

/*
 * @bound one octet of a header or none in any state, also in states in which
 * sts_der_next would not have read it: the second octet of a header
 * @loop next_header.0 2: an octet
 * @loop reader_holds.0 14: levels
 */
void
prove_der_header(void)
{
	struct sts_der d, was;
	uint8_t bytes[1] = { nondet_u8() };
	struct sts_text in = sts_text(bytes, nondet_bool()), before = in;
	enum sts_der_event event;

	ASSUME(reader_holds(&d));
	ASSUME(d.state <= LENGTH_LONG);
	was = d;
	event = next_header(&d, &in);
	prove_event(&was, &d, event, (uint32_t)(before.n - in.n));
	PROVE(event != STS_DER_MORE || in.n == 0);
	PROVE(reader_holds(&d));
}

/*
 * @bound any state in which an element has just begun, which der.h requires
 * @loop reader_holds.0 14: levels
 */
void
prove_der_open(void)
{
	struct sts_der d;

	ASSUME(reader_holds(&d));
	ASSUME(d.state == CONTENT && d.left[d.depth] == d.len);
	if (nondet_bool()) {
		sts_der_open(&d);
	} else {
		sts_der_open_bits(&d);
	}
	PROVE(reader_holds(&d));
}
