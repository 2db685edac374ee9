/* SPDX-License-Identifier: MIT */
/*
 * What the proofs share. A proof is a function prove_NAME without arguments,
 * which CBMC runs for every value that the functions below may return. The
 * comment before it carries marks that run.py reads:
 *
 *	@bound  what is proved, and why that is enough
 *	@loop   FUNCTION.N COUNT: why the loop goes round no more often
 *	@cut    FUNCTION CONTRACT: calls of FUNCTION call CONTRACT here; another
 *	        proof shows that FUNCTION keeps what CONTRACT promises
 *	@allow  CHECK: why this proof may break that check
 *
 * The comment at a file's head names the other sources that it needs (@link).
 * COUNT includes the test that ends the loop. All of CBMC's checks are on. CBMC
 * also checks that no loop goes round more often than COUNT, so each loop ends.
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

/* An object of exactly n octets of any value. Reading beyond it is a fault. */
static inline uint8_t *
any_bytes(size_t n)
{
	uint8_t *p = malloc(n);

	ASSUME(p != NULL);
	return p;
}

/* At most max octets of any value. Here and elsewhere numbers are drawn no
 * wider than they can be, which keeps the solver's work small. */
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

/* The agent's own assertions must be proved, too. */
void
sts_assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	__CPROVER_assert(0, "STS_ASSERT");
	__CPROVER_assume(0);
}

#endif
