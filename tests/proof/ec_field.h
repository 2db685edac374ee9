/* SPDX-License-Identifier: MIT */
/* What the proofs about a field share. Included after the field itself. */

sts_wide any_product(int64_t a, int64_t b);
sts_wide nondet_wide(void);
int64_t nondet_i64(void);

/* What multiplication promises, since solvers do not multiply. One factor may
 * be doubled, as squaring does. */
sts_wide
any_product(int64_t a, int64_t b)
{
	sts_wide limit = (sts_wide)1 << 121, r = nondet_wide();

	PROVE(a > -(INT64_C(1) << 61) && a < INT64_C(1) << 61);
	PROVE(b > -(INT64_C(1) << 60) && b < INT64_C(1) << 60);
	ASSUME(r > -limit && r < limit);
	return r;
}

static struct fe
any_fe(void)
{
	struct fe a;

	for (int i = 0; i < LIMBS; i++) {
		a.l[i] = nondet_i64();
		ASSUME(a.l[i] > -(INT64_C(1) << 60));
		ASSUME(a.l[i] < INT64_C(1) << 60);
	}
	return a;
}

static bool
is_product(const struct fe *a)
{
	for (int i = 0; i < LIMBS - 1; i++) {
		if (a->l[i] < 0 || a->l[i] >= INT64_C(1) << BITS) {
			return false;
		}
	}
	return true;
}
