/* SPDX-License-Identifier: MIT */
/*
 * X25519: the vectors of RFC 7748; points that can be written in several ways,
 * or of small order; compared with BearSSL's for drawn numbers and for edges.
 * The tests go through sts_curves(), and so examine the curve that TLS uses:
 * without STS_EC_FAST that is BearSSL's own.
 *
 * STS_X25519_CASES names a file of more cases, which
 * tests/signature/wycheproof.py writes: a line is SCALAR POINT SECRET, all in
 * hex.
 */
#define _POSIX_C_SOURCE 200112L
#include <bearssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/sts_config.h"
#include "../../tls/curves.h"
#include "../splitmix.h"
#include "unit.h"

const char unit_name[] = "x25519";

enum {
	BYTES = 32,
	DRAWN = 3000,
	STACK = 1 << 18
};

static void
from_hex(uint8_t out[BYTES], const char *hex)
{
	for (int i = 0; i < BYTES; i++) {
		unsigned v;

		ck_assert_msg(
		    sscanf(hex + 2 * i, "%2x", &v) == 1, "not hex: %s", hex);
		out[i] = (uint8_t)v;
	}
}

static void
same(const char *name, const uint8_t *got, const uint8_t *want)
{
	for (int i = 0; i < BYTES; i++) {
		ck_assert_msg(got[i] == want[i],
		    "%s: octet %d: got %02x, want %02x", name, i, got[i],
		    want[i]);
	}
}

/* Put k times u in the place of u. */
static void
multiply(uint8_t u[BYTES], const uint8_t k[BYTES])
{
	ck_assert_uint_eq(
	    sts_curves()->mul(u, BYTES, k, BYTES, BR_EC_curve25519), 1);
}

static void
public_key(uint8_t out[BYTES], const uint8_t k[BYTES])
{
	ck_assert_uint_eq(
	    sts_curves()->mulgen(out, k, BYTES, BR_EC_curve25519), BYTES);
}

/* RFC 7748 5.2, and 6.1 with both shares and the secret. */
static const struct {
	const char *name, *k, *u, *want;
} vectors[] = {
	{ "RFC 7748 5.2, first",
	    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a2855"
	    "2" },
	{ "RFC 7748 5.2, second",
	    "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	    "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	    "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac795"
	    "7" },
	{ "RFC 7748 6.1, Alice",
	    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	    "0900000000000000000000000000000000000000000000000000000000000000",
	    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6"
	    "a" },
	{ "RFC 7748 6.1, Bob",
	    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	    "0900000000000000000000000000000000000000000000000000000000000000",
	    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4"
	    "f" },
	{ "RFC 7748 6.1, the secret",
	    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
	    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e16174"
	    "2" },
};

START_TEST(the_vectors_of_rfc_7748)
{
	uint8_t k[BYTES], u[BYTES], want[BYTES];

	from_hex(k, vectors[_i].k);
	from_hex(u, vectors[_i].u);
	from_hex(want, vectors[_i].want);
	if (u[0] == 9) {
		uint8_t out[BYTES];

		public_key(out, k);
		same(vectors[_i].name, out, want);
	}
	multiply(u, k);
	same(vectors[_i].name, u, want);
}
END_TEST

/* RFC 7748 5.2: k and u become the result and k, again and again. */
START_TEST(the_iterated_vector_of_rfc_7748)
{
	uint8_t k[BYTES] = { 9 }, u[BYTES] = { 9 }, t[BYTES], want[BYTES];

	for (int i = 1; i <= 1000; i++) {
		memcpy(t, k, sizeof t);
		multiply(u, k);
		memcpy(k, u, sizeof k);
		memcpy(u, t, sizeof u);
		if (i == 1) {
			from_hex(want, "422c8e7a6227d7bca1350b3e2bb7279f"
				       "7897b87bb6854b783c60e80311ae3079");
			same("once", k, want);
		}
	}
	from_hex(want,
	    "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
	same("a thousand times", k, want);
}
END_TEST

/* Write p + more, with the top bit set or not. */
static void
write_above_p(uint8_t out[BYTES], unsigned more, bool top)
{
	memset(out, 0xff, BYTES);
	out[0] = (uint8_t)(0xed + more);
	out[31] = top ? 0xff : 0x7f;
}

/* RFC 7748 5: numbers from p to 2^255 - 1 count modulo p, and the top bit does
 * not count. */
START_TEST(numbers_count_modulo_p)
{
	uint8_t k[BYTES], u[BYTES], want[BYTES];

	from_hex(k, vectors[0].k);
	for (unsigned i = 0; i < 19; i++) {
		memset(want, 0, sizeof want);
		want[0] = (uint8_t)i;
		multiply(want, k);
		memset(u, 0, sizeof u);
		u[0] = (uint8_t)i;
		u[31] = 0x80;
		multiply(u, k);
		same("top bit", u, want);
		write_above_p(u, i, false);
		multiply(u, k);
		same("p + more", u, want);
		write_above_p(u, i, true);
		multiply(u, k);
		same("p + more, with the top bit", u, want);
	}
}
END_TEST

/* Points of order 1, 2, 4 and 8, of the curve and of its twist, give zero with
 * any scalar, however they are written. */
START_TEST(points_of_small_order_give_zero)
{
	static const char *const points[] = {
		"00000000000000000000000000000000000000000000000000000000000000"
		"00",
		"01000000000000000000000000000000000000000000000000000000000000"
		"00",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8"
		"00",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11"
		"57",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
	};
	static const uint8_t zero[BYTES] = { 0 };
	uint8_t k[BYTES], u[BYTES];

	for (size_t i = 0; i < UNIT_COUNT(points); i++) {
		for (size_t j = 0; j < UNIT_COUNT(vectors); j++) {
			from_hex(k, vectors[j].k);
			from_hex(u, points[i]);
			multiply(u, k);
			same(points[i], u, zero);
			from_hex(u, points[i]);
			u[31] |= 0x80;
			multiply(u, k);
			same(points[i], u, zero);
		}
	}
}
END_TEST

/* Changing one of the bits that RFC 7748 5 fixes changes nothing; all other
 * bits count. */
START_TEST(fixed_bits_of_a_scalar_do_not_count)
{
	uint8_t k[BYTES], want[BYTES], u[BYTES], other[BYTES];

	from_hex(k, vectors[0].k);
	public_key(want, k);
	for (int bit = 0; bit < 8 * BYTES; bit++) {
		bool free = bit > 2 && bit < 254;

		memcpy(other, k, sizeof other);
		other[bit / 8] ^= (uint8_t)(1 << bit % 8);
		public_key(u, other);
		ck_assert_msg(
		    (memcmp(u, want, BYTES) != 0) == free, "bit %d", bit);
	}
}
END_TEST

START_TEST(points_of_other_lengths_are_refused)
{
	uint8_t k[BYTES] = { 9 }, u[BYTES + 1] = { 9 };

	ck_assert_uint_eq(
	    sts_curves()->mul(u, 31, k, BYTES, BR_EC_curve25519), 0);
	ck_assert_uint_eq(
	    sts_curves()->mul(u, 33, k, BYTES, BR_EC_curve25519), 0);
	ck_assert_uint_eq(
	    sts_curves()->mul(u, 0, k, BYTES, BR_EC_curve25519), 0);
}
END_TEST

/* tests/signature/exchange.c compares a million and more. */
START_TEST(results_agree_with_bearssl)
{
	uint64_t state = 1;

	for (unsigned i = 0; i < DRAWN; i += unit_every()) {
		uint8_t k[BYTES], u[BYTES], want[BYTES];

		for (int j = 0; j < BYTES; j++) {
			uint64_t v = splitmix(&state);

			k[j] = (uint8_t)v;
			/* Long runs of ones and zeros are edges of limbs. */
			u[j] = i % 2 == 0   ? (uint8_t)(v >> 8)
			       : v % 3 == 0 ? 0
					    : 0xff;
		}
		memcpy(want, u, sizeof want);
		ck_assert_uint_eq(br_ec_get_default()->mul(
				      want, BYTES, k, BYTES, BR_EC_curve25519),
		    1);
		multiply(u, k);
		same("as BearSSL's", u, want);
		(void)br_ec_get_default()->mulgen(
		    want, k, BYTES, BR_EC_curve25519);
		public_key(u, k);
		same("a public key as BearSSL's", u, want);
	}
}
END_TEST

/* The scalar and its copies are not on the stack that is searched. */
static const uint8_t kept[BYTES] = { 8, 214, 3, 77, 91, 160, 5, 18, 233, 62,
	141, 7, 250, 99, 31, 176, 44, 203, 118, 9, 84, 57, 222, 130, 13, 68,
	197, 25, 150, 36, 241, 101 };
static uint8_t point[BYTES] = { 9 }, key[BYTES];

static void *
exchange(void *arg)
{
	/* Writes at the end of the thread stay above this. Nothing is asserted
	 * here, since messages would be written to this stack. */
	volatile uint8_t above[1 << 14];

	above[0] = 0;
	(void)sts_curves()->mulgen(key, kept, BYTES, BR_EC_curve25519);
	(void)sts_curves()->mul(point, BYTES, kept, BYTES, BR_EC_curve25519);
	above[sizeof above - 1] = 0;
	return arg;
}

/* After the work no eight octets of the scalar, except those that clamping
 * changes, are left on the stack. */
START_TEST(the_scalar_is_wiped_from_the_stack)
{
	uint8_t *memory = malloc(STACK + 4096);
	uint8_t *stack = memory + (4096 - (uintptr_t)memory % 4096);
	pthread_attr_t attr;
	pthread_t thread;
	/* Memcheck, which sets this, treats memory below a stack as gone. */
	bool looks = STS_EC_FAST && unit_every() == 1, left = false;

	ck_assert(memory != NULL);
	memset(stack, 0, STACK);
	ck_assert_int_eq(pthread_attr_init(&attr), 0);
	ck_assert_int_eq(pthread_attr_setstack(&attr, stack, STACK), 0);
	ck_assert_int_eq(pthread_create(&thread, &attr, exchange, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	(void)pthread_attr_destroy(&attr);
	for (size_t i = 0; looks && i + 8 <= STACK; i++) {
		for (size_t j = 1; j + 8 < BYTES; j++) {
			left = left || (stack[i] == kept[j] &&
					   memcmp(stack + i, kept + j, 8) == 0);
		}
	}
	ck_assert_msg(!left, "octets of a scalar are left on the stack");
	free(memory);
}
END_TEST

START_TEST(cases_of_a_file_hold)
{
	const char *path = getenv("STS_X25519_CASES");
	FILE *f = path == NULL ? NULL : fopen(path, "r");
	char hex[3][2 * BYTES + 1];
	unsigned count = 0;

	ck_assert_msg(path == NULL || f != NULL, "%s cannot be read", path);
	while (f != NULL &&
	       fscanf(f, "%64s %64s %64s", hex[0], hex[1], hex[2]) == 3) {
		uint8_t k[BYTES], u[BYTES], want[BYTES];

		from_hex(k, hex[0]);
		from_hex(u, hex[1]);
		from_hex(want, hex[2]);
		multiply(u, k);
		same(hex[1], u, want);
		count++;
	}
	if (f != NULL) {
		ck_assert_msg(
		    feof(f) && count > 0, "%s: %u cases", path, count);
		(void)fclose(f);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_loop_test(
	    tc, the_vectors_of_rfc_7748, 0, UNIT_COUNT(vectors));
	tcase_add_test(tc, the_iterated_vector_of_rfc_7748);
	tcase_add_test(tc, numbers_count_modulo_p);
	tcase_add_test(tc, points_of_small_order_give_zero);
	tcase_add_test(tc, fixed_bits_of_a_scalar_do_not_count);
	tcase_add_test(tc, points_of_other_lengths_are_refused);
	tcase_add_test(tc, results_agree_with_bearssl);
	tcase_add_test(tc, the_scalar_is_wiped_from_the_stack);
	tcase_add_test(tc, cases_of_a_file_hold);
}
