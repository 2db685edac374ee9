/* SPDX-License-Identifier: MIT */
/*
 * ECDSA signatures drawn from a seed, judged by our arithmetic, by OpenSSL and,
 * one in sixteen, by BearSSL, which must all agree: beside COUNT [SEED]
 *
 * With a key d * G, u1 and u2 give R = (u1 + u2 * d) * G, so that a signature
 * can be made for any of them: 0, 1, n - 1, runs of bits, few bits, small
 * numbers; also with keys of that kind, where u1 * G and u2 * Q meet on the
 * way. Half of the signatures are then changed.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/curves.h"
#include "../../tls/ec_verify.h"
#include "../splitmix.h"

enum {
	CURVES = 2,
	BYTES_MAX = 48,
	KEY_LIFE = 64
};

static uint64_t state;
static BN_CTX *ctx;

static uint64_t
draw(void)
{
	return splitmix(&state);
}

static void
must(bool yes)
{
	if (!yes) {
		fprintf(stderr, "beside: a call of OpenSSL\n");
		exit(2);
	}
}

struct curve {
	int nid, id;
	size_t size;
	EC_KEY *key;
	BIGNUM *n, *p, *d;
	uint8_t point[1 + 2 * BYTES_MAX];
};

/* One signature. */
struct trial {
	uint8_t hash[BYTES_MAX];
	uint8_t raw[2 * BYTES_MAX];
};

/* Bits in runs, often whole words or limbs. */
static void
draw_runs(uint8_t *b, size_t size)
{
	unsigned bit = draw() & 1;
	size_t left = 0;

	memset(b, 0, size);
	for (size_t i = 0; i < 8 * size; i++) {
		if (left == 0) {
			static const uint8_t runs[] = { 52, 56, 62, 64 };

			left = draw() % 3 == 0 ? runs[draw() % sizeof runs]
					       : draw() % 70 + 1;
			bit ^= 1;
		}
		left--;
		b[i / 8] |= (uint8_t)(bit << i % 8);
	}
}

/* A number of 0 to n - 1, edges more often than others. */
static void
draw_scalar(const struct curve *c, BIGNUM *r)
{
	uint8_t b[BYTES_MAX] = { 0 };
	uint64_t kind = draw() % 8;

	if (kind < 2) {
		for (size_t i = 0; i < c->size; i++) {
			b[i] = (uint8_t)draw();
		}
	} else if (kind < 4) {
		draw_runs(b, c->size);
	} else if (kind < 6) {
		b[c->size - 1] = (uint8_t)(draw() % 40);
	} else {
		for (uint64_t i = draw() % 3; i < 3; i++) {
			b[draw() % c->size] ^= (uint8_t)(1 << draw() % 8);
		}
	}
	must(BN_bin2bn(b, (int)c->size, r) != NULL);
	if (draw() % 4 == 0) {
		must(BN_mod_sub(r, c->n, r, c->n, ctx));
	}
	must(BN_nnmod(r, r, c->n, ctx));
}

static void
draw_key(struct curve *c)
{
	const EC_GROUP *g = EC_KEY_get0_group(c->key);
	EC_POINT *q = EC_POINT_new(g);

	do {
		draw_scalar(c, c->d);
	} while (BN_is_zero(c->d));
	must(q != NULL && EC_POINT_mul(g, q, c->d, NULL, NULL, ctx));
	must(EC_KEY_set_public_key(c->key, q));
	must(EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, c->point,
		 sizeof c->point, ctx) == 1 + 2 * c->size);
	EC_POINT_free(q);
}

static void
put(const struct curve *c, uint8_t *b, const BIGNUM *v)
{
	must(BN_bn2binpad(v, b, (int)c->size) == (int)c->size);
}

/* x of k * G modulo n; 0 if that is the neutral element. */
static void
x_of(const struct curve *c, BIGNUM *x, const BIGNUM *k)
{
	const EC_GROUP *g = EC_KEY_get0_group(c->key);
	EC_POINT *r = EC_POINT_new(g);

	must(r != NULL && EC_POINT_mul(g, r, k, NULL, NULL, ctx));
	BN_zero(x);
	if (!EC_POINT_is_at_infinity(g, r)) {
		must(EC_POINT_get_affine_coordinates(g, r, x, NULL, ctx));
		must(BN_nnmod(x, x, c->n, ctx));
	}
	EC_POINT_free(r);
}

/* A signature with drawn u1 and u2. */
static void
draw_trial(const struct curve *c, struct trial *t)
{
	BIGNUM *u1, *u2, *k, *r, *s;

	BN_CTX_start(ctx);
	u1 = BN_CTX_get(ctx);
	u2 = BN_CTX_get(ctx);
	k = BN_CTX_get(ctx);
	r = BN_CTX_get(ctx);
	s = BN_CTX_get(ctx);
	must(s != NULL);
	draw_scalar(c, u1);
	do {
		draw_scalar(c, u2);
	} while (BN_is_zero(u2));
	must(BN_mod_mul(k, u2, c->d, c->n, ctx));
	if (draw() % 8 == 0) {
		/* u1 * G is u2 * Q, or its negative. */
		must(BN_copy(u1, k) != NULL);
		if (draw() % 2 == 0) {
			must(BN_mod_sub(u1, c->n, u1, c->n, ctx));
		}
	}
	must(BN_mod_add(k, k, u1, c->n, ctx));
	x_of(c, r, k);
	if (BN_is_zero(r)) {
		draw_scalar(c, r);
	}
	must(BN_mod_inverse(s, u2, c->n, ctx) != NULL);
	must(BN_mod_mul(s, s, r, c->n, ctx));
	must(BN_mod_mul(u1, u1, s, c->n, ctx));
	put(c, t->hash, u1);
	put(c, t->raw, r);
	put(c, t->raw + c->size, s);
	BN_CTX_end(ctx);
}

/* A number near 0, n or p, which may be out of range. */
static void
draw_edge(const struct curve *c, uint8_t *b)
{
	uint64_t kind = draw() % 3;
	BIGNUM *v;

	BN_CTX_start(ctx);
	v = BN_CTX_get(ctx);
	must(v != NULL);
	BN_zero(v);
	if (kind > 0) {
		must(BN_copy(v, kind == 1 ? c->n : c->p) != NULL);
	}
	if (kind == 0 || draw() % 2 == 0) {
		must(BN_add_word(v, draw() % 4));
	} else {
		must(BN_sub_word(v, draw() % 4));
	}
	put(c, b, v);
	BN_CTX_end(ctx);
}

static void
change(const struct curve *c, struct trial *t)
{
	uint64_t bit = draw() % (8 * c->size);

	switch (draw() % 10) {
	case 0:
		t->raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
		break;
	case 1:
		t->raw[c->size + bit / 8] ^= (uint8_t)(1 << bit % 8);
		break;
	case 2:
		t->hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
		break;
	case 3:
		draw_edge(c, t->raw);
		break;
	case 4:
		draw_edge(c, t->raw + c->size);
		break;
	default:
		break;
	}
}

static bool
openssl_accepts(const struct curve *c, const struct trial *t)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	bool yes;

	must(sig != NULL &&
	     ECDSA_SIG_set0(sig, BN_bin2bn(t->raw, (int)c->size, NULL),
		 BN_bin2bn(t->raw + c->size, (int)c->size, NULL)));
	yes = ECDSA_do_verify(t->hash, (int)c->size, sig, c->key) == 1;
	ECDSA_SIG_free(sig);
	return yes;
}

static bool
is_zero(const struct curve *c, const uint8_t *hash)
{
	BIGNUM *e = BN_bin2bn(hash, (int)c->size, NULL);
	bool zero;

	must(e != NULL);
	zero = BN_is_zero(e) || BN_cmp(e, c->n) == 0;
	BN_free(e);
	return zero;
}

static void
show(const char *name, const uint8_t *b, size_t n)
{
	fprintf(stderr, "%s ", name);
	for (size_t i = 0; i < n; i++) {
		fprintf(stderr, "%02x", b[i]);
	}
	fprintf(stderr, "\n");
}

/* Whether the signature is valid. Ends the program when the judges disagree. */
static bool
judge(struct curve *c, const struct trial *t)
{
	br_ec_public_key key = { c->id, c->point, 1 + 2 * c->size };
	bool ours = sts_ec_verify(&key, t->hash, c->size, t->raw);
	bool theirs = openssl_accepts(c, t);
	bool agreed = ours == theirs;

	/* BearSSL does not multiply by 0. */
	if (agreed && draw() % 16 == 0 && !is_zero(c, t->hash)) {
		agreed = ours ==
			 (br_ecdsa_vrfy_raw_get_default()(sts_curves(), t->hash,
			      c->size, &key, t->raw, 2 * c->size) == 1);
	}
	if (!agreed) {
		fprintf(stderr, "P-%zu: ours %d, OpenSSL %d\n", 8 * c->size,
		    ours, theirs);
		show("key", c->point, key.qlen);
		show("hash", t->hash, c->size);
		show("signature", t->raw, 2 * c->size);
		exit(1);
	}
	return ours;
}

static void
open_curve(struct curve *c)
{
	c->key = EC_KEY_new_by_curve_name(c->nid);
	c->n = BN_new();
	c->p = BN_new();
	c->d = BN_new();
	must(c->key != NULL && c->n != NULL && c->p != NULL && c->d != NULL);
	must(EC_GROUP_get_order(EC_KEY_get0_group(c->key), c->n, ctx));
	must(EC_GROUP_get_curve(
	    EC_KEY_get0_group(c->key), c->p, NULL, NULL, ctx));
}

int
main(int argc, char **argv)
{
	static struct curve curves[CURVES] = {
		{ .nid = NID_X9_62_prime256v1,
		    .id = BR_EC_secp256r1,
		    .size = 32 },
		{ .nid = NID_secp384r1, .id = BR_EC_secp384r1, .size = 48 },
	};
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
	unsigned long valid = 0;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	ctx = BN_CTX_new();
	must(ctx != NULL);
	for (int i = 0; i < CURVES; i++) {
		open_curve(&curves[i]);
	}
	for (unsigned long i = 0; i < count; i++) {
		/* OpenSSL takes ten times as long for P-384. */
		struct curve *c = &curves[draw() % 8 == 0];
		struct trial t;

		if (c->point[0] == 0 || draw() % KEY_LIFE == 0) {
			draw_key(c);
		}
		draw_trial(c, &t);
		change(c, &t);
		valid += judge(c, &t);
	}
	printf(
	    "%lu signatures judged alike, %lu of them valid\n", count, valid);
	return valid > 0 && valid < count ? 0 : 1;
}
