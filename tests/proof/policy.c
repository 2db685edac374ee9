/* SPDX-License-Identifier: MIT */
/*
 * The policy body: one byte in any state that it can be in.
 *
 * @link core/base/utf8.c core/base/bytes.c core/base/name.c
 */
#include "contracts.h"

#include "../../core/grammar/policy.c"

/* Whether a line stopped in a value that has begun and has not ended. */
static bool
in_value(const struct sts_policy *p)
{
	return p->state >= STATE_COLON && p->state <= STATE_TAB;
}

/* The invariant between two bytes. */
static bool
policy_holds(const struct sts_policy *p)
{
	return p->state <= STATE_FAILED && p->field <= FIELD_OTHER &&
	       p->name_len <= STS_FIELD_NAME_MAX &&
	       p->value_len <= sizeof p->mx && p->utf8.left <= 3 &&
	       (p->mx_count <= STS_POLICY_MX_MAX || p->state == STATE_FAILED) &&
	       p->mx_count <= STS_POLICY_MX_MAX + 1 &&
	       p->mx_len <= STS_MX_MAX && p->max_age_s <= STS_MAX_AGE_MAX &&
	       p->mode <= STS_MODE_ENFORCE &&
	       (p->state == STATE_FAILED) == (p->why != STS_WHY_NONE) &&
	       (!in_value(p) || p->field != FIELD_EMPTY) &&
	       (p->state != STATE_NAME || p->name_len > 0) &&
	       (p->state != STATE_UTF8 || p->field == FIELD_OTHER ||
		   (p->field == FIELD_MX && p->mx_odd));
}

bool
take_mx_contract(struct sts_policy *p, struct sts_text value)
{
	PROVE(value.p == p->mx);
	PROVE(value.n == p->value_len);
	PROVE(value.n <= STS_MX_MAX);
	if (nondet_bool()) {
		return false;
	}
	ASSUME(value.n >= 1);
	p->mx_len = (uint16_t)value.n;
	p->mx_count++;
	return true;
}

/* @bound the initial state */
void
prove_policy_start(void)
{
	struct sts_policy p;

	sts_policy_start(&p);
	PROVE(policy_holds(&p));
}

/*
 * @bound any two bytes in any state, so bodies of any length: a feed carries
 * nothing but that state from byte to byte
 * @cut take_mx take_mx_contract
 * @cut sts_text_is text_is_contract
 * @cut sts_get_decimal get_decimal_contract
 * @loop sts_policy_feed.0 3: two bytes
 * @loop which_field.0 5: fields
 * @loop judge_mode.0 4: modes
 * @loop lead_byte.0 10: the table's rows
 */
void
prove_policy_feed(void)
{
	struct sts_policy p;
	uint8_t bytes[2] = { nondet_u8(), nondet_u8() };
	size_t n = nondet_bool() ? 1 : 2, used;
	unsigned skipped;

	ASSUME(policy_holds(&p));
	ASSUME(p.state != STATE_END);
	/* Each skipped mx costs an octet of a body, which has at most
	 * STS_HTTP_BODY_MAX. */
	ASSUME(p.mx_skipped <= STS_HTTP_BODY_MAX);
	skipped = p.mx_skipped;
	used = sts_policy_feed(&p, bytes, n);
	PROVE(p.mx_skipped >= skipped && p.mx_skipped - skipped <= used);
	PROVE(used >= 1 && used <= n);
	PROVE(policy_holds(&p));
	PROVE(p.mx_len == 0 || bytes[used - 1] == '\n');
	PROVE(p.mx_len > 0 || used == n);
	PROVE(!sts_policy_failed(&p) || p.mx_len == 0);
}

/*
 * @bound any state
 * @cut take_mx take_mx_contract
 * @cut sts_text_is text_is_contract
 * @cut sts_get_decimal get_decimal_contract
 * @loop judge_mode.0 4: modes
 * @loop missing.0 4: fields but mx
 */
void
prove_policy_end(void)
{
	struct sts_policy p;
	bool valid;

	ASSUME(policy_holds(&p));
	ASSUME(p.state != STATE_END);
	ASSUME(p.mx_skipped <= STS_HTTP_BODY_MAX);
	valid = sts_policy_end(&p);
	PROVE(policy_holds(&p));
	PROVE(valid == (sts_policy_why(&p) == STS_WHY_NONE));
	PROVE(!valid || p.mode == STS_MODE_NONE || p.mx_count > 0);
	PROVE(!valid || (has(&p, FIELD_VERSION) && has(&p, FIELD_MODE) &&
			    has(&p, FIELD_MAX_AGE)));
}

/*
 * @bound values of up to 5 octets: the code makes one pass over them, whose
 * steps know only their place
 * @cut sts_name_valid name_valid_contract
 * @loop sts_name_labels.0 6: octets
 * @loop take_mx.0 6: octets
 */
void
prove_policy_mx(void)
{
	struct sts_policy p, was;
	bool good;

	ASSUME(policy_holds(&p));
	ASSUME(p.value_len <= 5);
	was = p;
	good = take_mx(&p, sts_text(p.mx, p.value_len));
	PROVE(good ? p.mx_len == p.value_len && p.mx_len > 0
		   : p.mx_len == was.mx_len);
	PROVE(p.mx_count == was.mx_count + (good ? 1 : 0));
}
