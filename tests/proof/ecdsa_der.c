/* SPDX-License-Identifier: MIT */
/*
 * The reader of an ECDSA signature reads nothing outside it, and r and s lie
 * within it.
 */
#include "prove.h"

#include "../../tls/ecdsa_der.c"

enum {
	TEXT_MAX = 300
};

/* @bound any octets, of more than any known length */
void
prove_ecdsa_take(void)
{
	struct sts_text all = any_text(TEXT_MAX), in = all, value;

	if (take(&in, nondet_u8(), &value)) {
		PROVE(inside(value, all) && inside(in, all));
		PROVE(value.p + value.n == in.p);
		PROVE(in.p + in.n == all.p + all.n);
		PROVE(value.n <= 255);
	}
}

/*
 * @bound any octets; numbers of 1 to 4 octets, of which the code uses only the
 * size
 */
void
prove_ecdsa_der_read(void)
{
	struct sts_text der = any_text(20);
	size_t size = nondet_u8();
	uint8_t *raw;

	ASSUME(size >= 1 && size <= 4);
	raw = any_bytes(2 * size);
	if (sts_ecdsa_der_read(raw, size, der)) {
		PROVE(der.n >= 8 && der.n <= 2 * (3 + size) + 2);
	}
}
