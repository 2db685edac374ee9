/* SPDX-License-Identifier: MIT */
/*
 * What the proofs share. A proof is a function prove_NAME without arguments;
 * CBMC runs it for every value that the functions below may return. Comments
 * before it carry what run.py reads:
 *
 *	@bound  what is proved, and why that is enough
 *	@loop   FUNCTION.N COUNT: why it goes round no more often
 *	@cut    FUNCTION CONTRACT: calls of the one go to the other here; it is
 *	        proved to keep what the other promises by a proof of its own
 *	@allow  CHECK: why what it complains of is meant, in this proof
 *
 * and the comment at a file's head which other sources it needs (@link).
 * COUNT includes the test that ends the loop. All of CBMC's checks are on, and
 * that no loop goes round more often is checked too: so it ends.
 */
#ifndef PROVE_H
#define PROVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../core/base/bytes.h"

#define ASSUME(x) __CPROVER_assume(x)
#define PROVE(x) __CPROVER_assert((x), #x)

bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
size_t nondet_size(void);

/* An object of exactly n octets of any value: one beyond them is a fault. */
static inline uint8_t *
any_bytes(size_t n)
{
	uint8_t *p = malloc(n);

	ASSUME(p != NULL);
	return p;
}

/* At most max octets of any value. Numbers are drawn no wider than they can
 * be, here and elsewhere: that keeps the solver's work small. */
static inline struct sts_text
any_text(size_t max)
{
	size_t n = nondet_u32();

	ASSUME(n <= max);
	return sts_text(any_bytes(n), n);
}

/* Whether t can be read. */
static inline bool
readable(struct sts_text t)
{
	return t.n == 0 || __CPROVER_r_ok(t.p, t.n);
}

/* Whether `part` lies within `whole`. */
static inline bool
inside(struct sts_text part, struct sts_text whole)
{
	return __CPROVER_same_object(part.p, whole.p) && part.p >= whole.p &&
	       part.n <= whole.n &&
	       (size_t)(part.p - whole.p) <= whole.n - part.n;
}

/* Any part of t. */
static inline struct sts_text
any_part(struct sts_text t)
{
	size_t from = nondet_u32(), n = nondet_u32();

	ASSUME(from <= t.n && n <= t.n - from);
	return sts_text(t.p + from, n);
}

/* What the agent asserts is to be proved. */
void
sts_assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	__CPROVER_assert(0, "STS_ASSERT");
	__CPROVER_assume(0);
}

#endif
