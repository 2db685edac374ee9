/* SPDX-License-Identifier: MIT */
/*
 * X25519 drawn from a seed, by our arithmetic and BearSSL's, which must agree:
 * exchange COUNT [SEED]
 *
 * A trial is a public key and a secret. Scalars and points are random bytes,
 * runs of bits, few bits, numbers around p and 2^255, or the result of the
 * trial before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/curves.h"
#include "../splitmix.h"

enum {
	BYTES = 32
};

static uint64_t state;

static uint64_t
draw(void)
{
	return splitmix(&state);
}

/* Bits in runs, often whole limbs. */
static void
draw_runs(uint8_t *b)
{
	static const uint8_t runs[] = { 1, 3, 13, 51, 64 };
	unsigned bit = draw() & 1;
	size_t left = 0;

	memset(b, 0, BYTES);
	for (size_t i = 0; i < 8 * (size_t)BYTES; i++) {
		if (left == 0) {
			left = draw() % 2 == 0 ? runs[draw() % sizeof runs]
					       : draw() % 70 + 1;
			bit ^= 1;
		}
		left--;
		b[i / 8] |= (uint8_t)(bit << i % 8);
	}
}

static void
draw_bytes(uint8_t *b)
{
	switch (draw() % 6) {
	case 0:
		draw_runs(b);
		break;
	case 1: /* few bits */
		memset(b, draw() % 2 == 0 ? 0 : 0xff, BYTES);
		for (uint64_t i = draw() % 4; i < 4; i++) {
			b[draw() % BYTES] ^= (uint8_t)(1 << draw() % 8);
		}
		break;
	case 2: /* around p and 2^255 */
		memset(b, draw() % 4 == 0 ? 0 : 0xff, BYTES);
		b[0] = (uint8_t)draw();
		b[BYTES - 1] ^= draw() % 2 == 0 ? 0x80 : 0;
		break;
	case 3: /* unchanged: the result of the trial before */
		break;
	default:
		for (int i = 0; i < BYTES; i++) {
			b[i] = (uint8_t)draw();
		}
		break;
	}
}

static void
show(const char *name, const uint8_t *b)
{
	fprintf(stderr, "%s ", name);
	for (int i = 0; i < BYTES; i++) {
		fprintf(stderr, "%02x", b[i]);
	}
	fprintf(stderr, "\n");
}

static void
must_agree(const uint8_t *k, const uint8_t *u, const uint8_t *ours,
    const uint8_t *theirs)
{
	if (memcmp(ours, theirs, BYTES) != 0) {
		show("scalar", k);
		show("point", u);
		show("ours", ours);
		show("BearSSL's", theirs);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	static const uint8_t nine[BYTES] = { 9 };
	static const uint8_t zero[BYTES] = { 0 };
	const br_ec_impl *ours = sts_curves(), *theirs = br_ec_get_default();
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	unsigned long zeros = 0;
	uint8_t k[BYTES] = { 0 }, u[BYTES] = { 0 };

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	if (ours == theirs) {
		fprintf(stderr, "exchange: no arithmetic of ours here\n");
		return 1;
	}
	for (unsigned long i = 0; i < count; i++) {
		uint8_t a[BYTES], b[BYTES];

		draw_bytes(k);
		draw_bytes(u);
		(void)ours->mulgen(a, k, BYTES, BR_EC_curve25519);
		(void)theirs->mulgen(b, k, BYTES, BR_EC_curve25519);
		must_agree(k, nine, a, b);
		memcpy(a, u, BYTES);
		memcpy(b, u, BYTES);
		(void)ours->mul(a, BYTES, k, BYTES, BR_EC_curve25519);
		(void)theirs->mul(b, BYTES, k, BYTES, BR_EC_curve25519);
		must_agree(k, u, a, b);
		zeros += memcmp(a, zero, BYTES) == 0;
		memcpy(u, a, BYTES);
	}
	printf("%lu public keys and secrets alike, %lu secrets zero\n", count,
	    zeros);
	return 0;
}
