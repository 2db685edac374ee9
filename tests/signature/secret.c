/* SPDX-License-Identifier: MIT */
/*
 * Whether X25519 does the same for all scalars and points: under valgrind,
 * secret [leak]
 *
 * Both are marked as undefined, so that memcheck reports each branch and each
 * index that depends on them, through any computation. The result is read after
 * it is marked as defined again: of a secret, others see only what TLS derives
 * from it. `leak` does what must be reported: it reads the secret before that.
 * Outside valgrind both fail, since nothing would be noticed.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "../../tls/curves.h"

enum {
	BYTES = 32
};

static bool
is_zero(const uint8_t *p)
{
	for (int i = 0; i < BYTES; i++) {
		if (p[i] != 0) {
			return false;
		}
	}
	return true;
}

static bool
all_defined(const uint8_t *p)
{
	uint8_t marks[BYTES] = { 0 };

	return VALGRIND_GET_VBITS(p, marks, sizeof marks) != 1 ||
	       is_zero(marks);
}

int
main(int argc, char **argv)
{
	bool leak = argc > 1 && strcmp(argv[1], "leak") == 0;
	uint8_t k[BYTES], u[BYTES], key[BYTES];

	if (!RUNNING_ON_VALGRIND) {
		fprintf(stderr, "secret: not under valgrind\n");
		return 2;
	}
	if (sts_curves() == br_ec_get_default()) {
		fprintf(stderr, "secret: no arithmetic of ours here\n");
		return 2;
	}
	memset(k, 0xa5, sizeof k);
	memset(u, 0x5a, sizeof u);
	(void)VALGRIND_MAKE_MEM_UNDEFINED(k, sizeof k);
	(void)VALGRIND_MAKE_MEM_UNDEFINED(u, sizeof u);
	(void)sts_curves()->mulgen(key, k, sizeof k, BR_EC_curve25519);
	(void)sts_curves()->mul(u, sizeof u, k, sizeof k, BR_EC_curve25519);
	if (leak && is_zero(u)) {
		return 2;
	}
	/* What depends on a scalar must be undefined, or valgrind watched
	 * nothing. */
	if (all_defined(u) || all_defined(key)) {
		fprintf(stderr, "secret: the marks are lost\n");
		return 2;
	}
	(void)VALGRIND_MAKE_MEM_DEFINED(u, sizeof u);
	(void)VALGRIND_MAKE_MEM_DEFINED(key, sizeof key);
	return is_zero(u) || is_zero(key) ? 2 : 0;
}
