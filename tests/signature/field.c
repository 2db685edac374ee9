/* SPDX-License-Identifier: MIT */
/*
 * The static arithmetic of ec_p256.c or ec_p384.c (FIELD), for field.py. A line
 * of input is an operation and limbs; a line of output is the limbs of the
 * result.
 *
 *	mul A.. B..    A * B / R          square A..    A * A / R
 *	settle A..     A, made smaller    zero A..      1 if A is 0 modulo p
 */
#include <stdio.h>
#include <string.h>

#include FIELD

static bool
read_fe(struct fe *a)
{
	for (int i = 0; i < LIMBS; i++) {
		long long v;

		if (scanf("%lld", &v) != 1) {
			return false;
		}
		a->l[i] = v;
	}
	return true;
}

static void
print_fe(const struct fe *a)
{
	for (int i = 0; i < LIMBS; i++) {
		printf(
		    "%lld%c", (long long)a->l[i], i == LIMBS - 1 ? '\n' : ' ');
	}
}

int
main(void)
{
	char word[16];
	struct fe a, b;

	while (scanf("%15s", word) == 1) {
		if (!read_fe(&a)) {
			return 1;
		}
		if (strcmp(word, "mul") == 0) {
			if (!read_fe(&b)) {
				return 1;
			}
			fe_mul(&a, &a, &b);
			print_fe(&a);
		} else if (strcmp(word, "square") == 0) {
			fe_square(&a, &a);
			print_fe(&a);
		} else if (strcmp(word, "settle") == 0) {
			fe_settle(&a);
			print_fe(&a);
		} else if (strcmp(word, "zero") == 0) {
			printf("%d\n", fe_is_zero(&a));
		} else {
			return 1;
		}
	}
	return 0;
}
