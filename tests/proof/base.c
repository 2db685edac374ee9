/* SPDX-License-Identifier: MIT */
/* Bytes: numbers in and out, comparisons. */
#include "prove.h"

#include "../../core/base/bytes.c"

enum {
	COMPARED = 8
};

/*
 * @bound every number
 * @allow conversion: integers are split into octets
 */
void
prove_octets_round(void)
{
	uint8_t b[4];
	uint32_t v = nondet_u32();

	sts_put32be(b, v);
	PROVE(sts_get32be(b) == v);
	PROVE(sts_get16be(b) == v >> 16);
	sts_put32le(b, v);
	PROVE(sts_get32le(b) == v);
	PROVE(sts_get16le(b) == (v & 0xffff));
}

/*
 * @bound numbers of up to 3 digits there and back: each digit depends only on
 * the rest of the number
 * @loop sts_put_decimal.0 2: digits beyond 32 bits
 * @loop sts_put_decimal.1 4: digits
 * @loop sts_put_decimal.2 4: digits
 * @loop sts_put_decimal.3 2: digits beyond 32 bits
 * @loop sts_get_decimal.0 4: digits
 */
void
prove_decimal_round(void)
{
	uint8_t out[20];
	uint64_t v = nondet_u64(), back;
	size_t n;

	ASSUME(v <= 999);
	n = sts_put_decimal(out, v);
	PROVE(n >= 1 && n <= 3);
	PROVE(sts_get_decimal(sts_text(out, n), 20, &back));
	PROVE(back == v);
}

/*
 * @bound texts of up to 4 octets: the code checks before each digit that no sum
 * overflows
 * @allow unsigned-overflow: an octet below '0' wraps to what is no digit
 * @loop sts_get_decimal.0 5: octets
 */
void
prove_get_decimal(void)
{
	struct sts_text t = any_text(4);
	unsigned max = nondet_u32();
	uint64_t v = 77;
	bool good = sts_get_decimal(t, max, &v);

	PROVE(good || v == 77);
	PROVE(!good || (t.n >= 1 && t.n <= max));
	PROVE(!good || v <= 9999);
}

/*
 * @bound texts of up to 8 octets: one pass, whose steps know only their place
 * @loop sts_same_nocase.0 9: octets
 */
void
prove_same_nocase(void)
{
	struct sts_text a = any_text(COMPARED), b = any_text(COMPARED);
	size_t i = nondet_size();

	if (sts_same_nocase(a, b)) {
		PROVE(a.n == b.n);
		PROVE(i >= a.n || sts_lower(a.p[i]) == sts_lower(b.p[i]));
	}
}

/*
 * @bound any text beside a string of up to 8 characters
 * @loop strlen.0 9: characters
 * @loop memcmp.0 9: characters
 */
void
prove_text_is(void)
{
	struct sts_text a = any_text(64);
	uint8_t s[COMPARED + 1];
	size_t i = nondet_size();

	s[COMPARED] = 0;
	if (sts_text_is(a, (const char *)s)) {
		PROVE(a.n <= COMPARED);
		PROVE(i >= a.n || a.p[i] == s[i]);
	}
}

/*
 * @bound secrets of up to 8 octets: one pass, whose steps know only their place
 */
void
prove_wipe(void)
{
	struct sts_text t = any_text(COMPARED);
	size_t i = nondet_size();

	sts_wipe((uint8_t *)t.p, t.n);
	PROVE(i >= t.n || t.p[i] == 0);
}
