/* SPDX-License-Identifier: MIT */
/*
 * What functions promise that other modules' proofs cut out: a contract first
 * proves what the call must fulfil, then returns anything that the promise
 * allows. base.c, name.c and crc32.c prove that the functions keep these
 * promises.
 */
#ifndef CONTRACTS_H
#define CONTRACTS_H

#include "prove.h"

/* sts_same_nocase */
bool
same_nocase_contract(struct sts_text a, struct sts_text b)
{
	PROVE(a.n != b.n || readable(a));
	PROVE(a.n != b.n || readable(b));
	return nondet_bool() && a.n == b.n;
}

/* sts_name_valid */
bool
name_valid_contract(struct sts_text t)
{
	PROVE(readable(t));
	return nondet_bool() && t.n >= 1 && t.n <= 253;
}

/* sts_text_is, for the short strings that this agent compares with. */
bool
text_is_contract(struct sts_text a, const char *s)
{
	(void)s;
	PROVE(readable(a));
	return nondet_bool() && a.n <= 32;
}

/* sts_get_decimal, without the number's value. */
bool
get_decimal_contract(struct sts_text t, unsigned max, uint64_t *v)
{
	PROVE(readable(t));
	if (t.n == 0 || t.n > max || nondet_bool()) {
		return false;
	}
	*v = nondet_u64();
	return true;
}

/* memchr(), by its promise: a place inside, or NULL. */
void *
memchr_contract(const void *s, int c, size_t n)
{
	const uint8_t *p = s;
	size_t at = nondet_size();

	PROVE(__CPROVER_r_ok(s, n));
	if (nondet_bool()) {
		return NULL;
	}
	ASSUME(at < n);
	ASSUME(p[at] == (uint8_t)c);
	return (void *)(p + at);
}

/* sts_get16be, sts_get32be: of octets that may be anything. */
uint16_t
get16be_contract(const uint8_t *p)
{
	PROVE(__CPROVER_r_ok(p, 2));
	return nondet_u16();
}

uint32_t
get32be_contract(const uint8_t *p)
{
	PROVE(__CPROVER_r_ok(p, 4));
	return nondet_u32();
}

/* memcpy(), where only the bounds matter. */
void *
memcpy_bounds(void *to, const void *from, size_t n)
{
	PROVE(__CPROVER_w_ok(to, n));
	PROVE(__CPROVER_r_ok(from, n));
	return to;
}

#endif
