/* SPDX-License-Identifier: MIT */
/*
 * The TXT record at _smtp._tls: one byte in any state that it can be in.
 * @link core/base/text.c
 */
#include "prove.h"

#include "../../core/grammar/tlsrpt.c"

/* The invariant between two bytes. */
static bool
tlsrpt_holds(const struct sts_tlsrpt *r)
{
	bool candidate = r->state >= STATE_DELIMITER;

	return r->state <= STATE_BAD && r->len <= STS_TLSRPT_RECORD_MAX &&
	       r->candidates <= 2 && (!candidate || r->candidates > 0) &&
	       (r->state != STATE_VERSION || r->at < VERSION_LEN) &&
	       (r->state != STATE_NAME ||
		   (r->at >= 1 && r->at <= STS_FIELD_NAME_MAX)) &&
	       r->at <= STS_FIELD_NAME_MAX && (!r->own || r->candidates > 0) &&
	       (!candidate || r->own || r->candidates > 1);
}

/* @bound the initial state */
void
prove_tlsrpt_start(void)
{
	struct sts_tlsrpt r;

	sts_tlsrpt_start(&r);
	PROVE(tlsrpt_holds(&r));
	PROVE(r.len == 0);
}

/* @bound any byte in any state, so records of any length */
void
prove_tlsrpt_byte(void)
{
	struct sts_tlsrpt r, was;

	ASSUME(tlsrpt_holds(&r));
	was = r;
	sts_tlsrpt_byte(&r, nondet_u8());
	PROVE(tlsrpt_holds(&r));
	PROVE(r.len >= was.len && r.len <= was.len + 1);
	PROVE(r.candidates >= was.candidates);
	PROVE(r.over || !was.over);
	/* After the first candidate has ended, nothing more is kept. */
	PROVE(was.candidates == 0 || was.own || r.len == was.len);
}

/* @bound any state, so any number of records, one after the other */
void
prove_tlsrpt_end(void)
{
	struct sts_tlsrpt r, was;
	enum sts_found found;

	ASSUME(tlsrpt_holds(&r));
	was = r;
	sts_tlsrpt_end(&r);
	PROVE(tlsrpt_holds(&r));
	PROVE(r.invalid || !was.invalid);
	PROVE(r.candidates > 0 || r.len == 0);
	found = sts_tlsrpt_result(&r);
	PROVE(found != STS_FOUND || r.candidates == 1);
	PROVE(found != STS_UNKNOWN || r.over);
	/* A candidate without a field, or one cut off within a field, makes no
	 * record. */
	PROVE(found == STS_ABSENT || was.state < STATE_DELIMITER ||
	      was.state == STATE_VALUE || was.at > 0);
}

/* @bound any octets: one character is removed, and nothing after it is read */
void
prove_tlsrpt_decoded(void)
{
	struct sts_text t = any_text(8), was = t;
	int c;

	ASSUME(t.n > 0);
	c = sts_tlsrpt_octet(&t);
	PROVE(c >= -1 && c <= 255);
	PROVE(c < 0 || (t.n < was.n && inside(t, was)));
	PROVE(was.n - t.n <= 3);
}
