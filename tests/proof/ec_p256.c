/* SPDX-License-Identifier: MIT */
/*
 * The field of P-256: no sum overflows, and limbs stay within the bounds that
 * the head of ec_p256.c states.
 */
#include "prove.h"

#include "../../tls/ec_p256.c"

/* ec_field.h needs the field included above. */
#include "ec_field.h"

/*
 * @bound any limbs that the head allows; the highest limb of the result follows
 * from the magnitudes, which are beyond the solver
 * @cut mul any_product
 * @loop any_fe.0 6: limbs
 * @loop is_product.0 5: limbs
 * @allow conversion: the code wants only the low bits of a column
 */
void
prove_ec_p256_mul(void)
{
	struct fe a = any_fe(), b = any_fe(), r;

	fe_mul(&r, &a, &b);
	PROVE(is_product(&r));
	fe_square(&r, &a);
	PROVE(is_product(&r));
}

/*
 * @bound any limbs, the highest of a magnitude of 64
 * @loop any_fe.0 6: limbs
 * @loop prove_ec_p256_settle.0 5: limbs
 */
void
prove_ec_p256_settle(void)
{
	struct fe a = any_fe(), was = a;

	ASSUME(a.l[4] > -(INT64_C(1) << 54) && a.l[4] < INT64_C(1) << 54);
	fe_settle(&a);
	PROVE(a.l[4] >= -(INT64_C(1) << 22));
	PROVE(a.l[4] < (INT64_C(1) << 48) + (INT64_C(1) << 22));
	PROVE(a.l[2] == was.l[2]);
	for (int i = 0; i < LIMBS - 1; i++) {
		PROVE(a.l[i] > -(INT64_C(1) << 61));
		PROVE(a.l[i] < INT64_C(1) << 61);
	}
}
