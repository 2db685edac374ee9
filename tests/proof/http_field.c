/* SPDX-License-Identifier: MIT */
/*
 * Header fields: names and values are kept within their bounds and judged.
 *
 * @link core/base/bytes.c
 */
#include "contracts.h"

#include "../../core/https/http_field.c"

static bool
fields_hold(const struct sts_http_fields *f)
{
	return f->name_len <= STS_HTTP_NAME_MAX + 1 &&
	       f->value_len <= STS_HTTP_VALUE_MAX + 1;
}

/*
 * @bound any byte of a name or value in any state, so any number of them
 * @cut memchr memchr_contract
 */
void
prove_field_bytes(void)
{
	struct sts_http_fields f;

	ASSUME(fields_hold(&f));
	if (nondet_bool()) {
		sts_http_field_start(&f);
		PROVE(f.name_len == 0 && f.value_len == 0);
		PROVE(!f.odd && !f.folded);
	} else if (nondet_bool()) {
		ASSUME(f.value_len == 0);
		sts_http_field_name(&f, nondet_u8());
		PROVE(f.name_len > 0 || f.odd);
	} else if (nondet_bool()) {
		sts_http_field_fold(&f);
		PROVE(f.folded);
	} else {
		sts_http_field_value(&f, nondet_u8());
	}
	PROVE(fields_hold(&f));
}

struct sts_text
trim_contract(struct sts_text t)
{
	PROVE(readable(t));
	return any_part(t);
}

bool
cut_contract(struct sts_text *rest, uint8_t mark, struct sts_text *before)
{
	size_t i = nondet_u8();

	(void)mark;
	if (i >= rest->n || nondet_bool()) {
		return false;
	}
	*before = sts_text(rest->p, i);
	*rest = sts_text(rest->p + i + 1, rest->n - i - 1);
	return true;
}

/*
 * @bound texts of up to 4 octets: one pass, whose steps know only their place
 * @loop trim.0 5: octets
 * @loop trim.1 5: octets
 */
void
prove_trim(void)
{
	struct sts_text t = any_text(4), trimmed = trim(t);

	PROVE(inside(trimmed, t));
	PROVE(trimmed.n == 0 || !sts_is_wsp(trimmed.p[0]));
	PROVE(trimmed.n == 0 || !sts_is_wsp(trimmed.p[trimmed.n - 1]));
}

/*
 * @bound texts of up to 4 octets: one pass, whose steps know only their place
 * @loop cut.0 5: octets
 */
void
prove_cut(void)
{
	struct sts_text rest = any_text(4), was = rest;
	struct sts_text before = { NULL, 0 };
	uint8_t mark = nondet_u8();

	if (cut(&rest, mark, &before)) {
		PROVE(before.p == was.p && before.n < was.n);
		PROVE(was.p[before.n] == mark);
		PROVE(rest.p == was.p + before.n + 1);
		PROVE(rest.n == was.n - before.n - 1);
	} else {
		PROVE(rest.p == was.p && rest.n == was.n && before.p == NULL);
	}
}

/*
 * @bound values of up to 4 octets; of a list of lengths only the first is
 * remembered
 * @cut trim trim_contract
 * @cut cut cut_contract
 * @cut sts_text_is text_is_contract
 * @cut sts_get_decimal get_decimal_contract
 * @loop judge_length.0 5: marks
 * @loop judge_coding.0 6: marks, and what follows the last
 * @loop sts_http_field_end.0 5: the table's rows
 */
void
prove_field_end(void)
{
	struct sts_http_fields f, was;
	enum sts_why why;

	ASSUME(fields_hold(&f));
	ASSUME(f.value_len <= 4);
	was = f;
	why = sts_http_field_end(&f);
	PROVE(fields_hold(&f));
	PROVE(why == STS_WHY_NONE || why == STS_WHY_HTTP_TYPE ||
	      why == STS_WHY_HTTP_MALFORMED || why == STS_WHY_HTTP_LENGTH ||
	      why == STS_WHY_HTTP_CODING);
	/* A length once given never changes. */
	PROVE(!was.has_length || (f.has_length && f.length == was.length) ||
	      why != STS_WHY_NONE);
}
