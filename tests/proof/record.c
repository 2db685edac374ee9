/* SPDX-License-Identifier: MIT */
/* The TXT record at _mta-sts: one byte in any state that it can be in. */
#include "prove.h"

#include "../../core/grammar/record.c"

/* The invariant between two bytes. */
static bool
record_holds(const struct sts_record *r)
{
	bool candidate = r->state >= STATE_DELIMITER;

	return r->state <= STATE_BAD && r->id_len <= STS_ID_MAX &&
	       r->candidates <= 2 && (!candidate || r->candidates > 0) &&
	       (r->state != STATE_VERSION || r->at < VERSION_LEN) &&
	       (r->state != STATE_NAME ||
		   (r->at >= 1 && r->at <= STS_FIELD_NAME_MAX)) &&
	       r->at <= STS_FIELD_NAME_MAX;
}

/* Whether the octet at i may stand in an id; proved for any i. */
static bool
id_holds(const struct sts_record *r, size_t i)
{
	return i >= r->id_len || sts_is_alnum(r->id[i]);
}

/* @bound the initial state */
void
prove_record_start(void)
{
	struct sts_record r;

	sts_record_start(&r);
	PROVE(record_holds(&r));
	PROVE(r.id_len == 0);
	PROVE(r.candidates == 0);
}

/*
 * @bound any byte in any state; so records of any length
 */
void
prove_record_byte(void)
{
	struct sts_record r, was;
	size_t i = nondet_size();

	ASSUME(record_holds(&r));
	ASSUME(id_holds(&r, i));
	was = r;
	sts_record_byte(&r, nondet_u8());
	PROVE(record_holds(&r));
	PROVE(id_holds(&r, i));
	PROVE(r.id_len >= was.id_len);
	PROVE(r.candidates >= was.candidates);
	PROVE(r.invalid == was.invalid);
}

/*
 * @bound any state; so any number of records, one after the other
 */
void
prove_record_end(void)
{
	struct sts_record r, was;
	enum sts_why why;
	enum sts_found found;

	ASSUME(record_holds(&r));
	was = r;
	sts_record_end(&r);
	PROVE(record_holds(&r));
	PROVE(r.invalid || !was.invalid);
	found = sts_record_result(&r, &why);
	PROVE((found == STS_FOUND) == (why == STS_WHY_NONE));
	PROVE(found == STS_FOUND || found == STS_ABSENT);
	PROVE(found != STS_FOUND || r.candidates == 1);
	/* A record that ends as a candidate without an id is invalid. */
	PROVE(
	    found != STS_FOUND || was.state < STATE_DELIMITER || r.id_len > 0);
}
