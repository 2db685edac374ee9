/* SPDX-License-Identifier: MIT */
/*
 * The static arithmetic of x25519.c, for field_x25519.py. A line in is an
 * operation and limbs; a line out the limbs of the result, or a number.
 *
 *	mul A.. B..     A * B         square A..      A * A
 *	times A.. N     A * N         invert A..      1 / A
 *	add A.. B..     A + B         sub A.. B..     A - B
 *	write A..       A in hex, the lowest octet first
 *	read HEX        the same as limbs
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../tls/x25519.c"

static bool
read_fe(struct fe *a)
{
	for (int i = 0; i < LIMBS; i++) {
		if (scanf("%" SCNu64, &a->l[i]) != 1) {
			return false;
		}
	}
	return true;
}

static void
print_fe(const struct fe *a)
{
	for (int i = 0; i < LIMBS; i++) {
		printf("%" PRIu64 "%c", a->l[i], i == LIMBS - 1 ? '\n' : ' ');
	}
}

static bool
read_bytes(uint8_t *p)
{
	for (int i = 0; i < STS_X25519_BYTES; i++) {
		unsigned v;

		if (scanf("%2x", &v) != 1) {
			return false;
		}
		p[i] = (uint8_t)v;
	}
	return true;
}

static bool
with_two(const char *word, struct fe *a)
{
	struct fe b;

	if (!read_fe(&b)) {
		return false;
	}
	if (strcmp(word, "mul") == 0) {
		fe_mul(a, a, &b);
	} else if (strcmp(word, "add") == 0) {
		fe_add(a, a, &b);
	} else {
		fe_sub(a, a, &b);
	}
	print_fe(a);
	return true;
}

static bool
with_one(const char *word, struct fe *a)
{
	struct fe b, c, d;
	uint64_t n;

	if (strcmp(word, "square") == 0) {
		fe_square(a, a);
	} else if (strcmp(word, "invert") == 0) {
		fe_invert(a, &b, &c, &d);
	} else if (scanf("%" SCNu64, &n) == 1) {
		fe_times(a, a, n);
	} else {
		return false;
	}
	print_fe(a);
	return true;
}

static bool
as_bytes(const char *word, struct fe *a)
{
	uint8_t p[STS_X25519_BYTES];

	if (strcmp(word, "read") == 0) {
		if (!read_bytes(p)) {
			return false;
		}
		fe_read(a, p);
		print_fe(a);
		return true;
	}
	if (!read_fe(a)) {
		return false;
	}
	fe_write(p, a);
	for (size_t i = 0; i < sizeof p; i++) {
		printf("%02x", p[i]);
	}
	printf("\n");
	return true;
}

int
main(void)
{
	char word[16];
	struct fe a;
	bool good = true;

	while (good && scanf("%15s", word) == 1) {
		if (strcmp(word, "read") == 0 || strcmp(word, "write") == 0) {
			good = as_bytes(word, &a);
		} else if (!read_fe(&a)) {
			good = false;
		} else if (strcmp(word, "mul") == 0 ||
			   strcmp(word, "add") == 0 ||
			   strcmp(word, "sub") == 0) {
			good = with_two(word, &a);
		} else {
			good = with_one(word, &a);
		}
	}
	return !good;
}
