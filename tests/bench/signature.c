/* SPDX-License-Identifier: MIT */
/*
 * CPU time of one signature check: ours, BearSSL's, OpenSSL's. Rounds of the
 * three alternate, so that the machine is the same for all of them. Prints the
 * medians, and the ratio of ours to the others'.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#define _POSIX_C_SOURCE 200809L
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../tls/signature.h"

enum {
	ROUNDS = 41,
	WHO = 3,
	BYTES_MAX = 600
};

struct subject {
	const char *name;
	int nid, curve, bits; /* of an EC key, or of an RSA key */
	int count; /* checks a round */
	EVP_PKEY *pkey;
	br_x509_pkey key;
	uint8_t bytes[BYTES_MAX];
	uint8_t hash[32];
	uint8_t sig[BYTES_MAX];
	size_t sig_len;
};

static const unsigned char three[] = { 1, 0, 1 };
static const unsigned char sha256_oid[] = { 9, 0x60, 0x86, 0x48, 0x01, 0x65,
	0x03, 0x04, 0x02, 0x01 };

static void
must(bool yes)
{
	if (!yes) {
		fprintf(stderr, "bench-signature: OpenSSL, or a signature\n");
		exit(1);
	}
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
make_ec(struct subject *s)
{
	const EC_KEY *k;

	s->pkey = EVP_EC_gen(OBJ_nid2sn(s->nid));
	must(s->pkey != NULL);
	k = EVP_PKEY_get0_EC_KEY(s->pkey);
	s->key.key_type = BR_KEYTYPE_EC;
	s->key.key.ec.curve = s->curve;
	s->key.key.ec.q = s->bytes;
	s->key.key.ec.qlen =
	    EC_POINT_point2oct(EC_KEY_get0_group(k), EC_KEY_get0_public_key(k),
		POINT_CONVERSION_UNCOMPRESSED, s->bytes, sizeof s->bytes, NULL);
}

static void
make_rsa(struct subject *s)
{
	const RSA *k;

	s->pkey = EVP_RSA_gen((size_t)s->bits);
	must(s->pkey != NULL);
	k = EVP_PKEY_get0_RSA(s->pkey);
	s->key.key_type = BR_KEYTYPE_RSA;
	s->key.key.rsa.n = s->bytes;
	s->key.key.rsa.nlen = (size_t)BN_bn2bin(RSA_get0_n(k), s->bytes);
	s->key.key.rsa.e = (unsigned char *)(uintptr_t)three;
	s->key.key.rsa.elen = sizeof three;
}

static EVP_PKEY_CTX *
context(struct subject *s, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(s->pkey, NULL);

	must(c != NULL && init(c) == 1 &&
	     EVP_PKEY_CTX_set_signature_md(c, EVP_sha256()) == 1);
	return c;
}

static void
make(struct subject *s)
{
	EVP_PKEY_CTX *c;

	(s->bits == 0 ? make_ec : make_rsa)(s);
	memset(s->hash, 0xa5, sizeof s->hash);
	c = context(s, EVP_PKEY_sign_init);
	s->sig_len = sizeof s->sig;
	must(EVP_PKEY_sign(c, s->sig, &s->sig_len, s->hash, sizeof s->hash) ==
	     1);
	EVP_PKEY_CTX_free(c);
}

static bool
ours(struct subject *s)
{
	return sts_signature_valid(&s->key,
	    s->bits == 0 ? STS_SIGNATURE_ECDSA : STS_SIGNATURE_RSA_PKCS1,
	    br_sha256_ID, s->hash, sts_text(s->sig, s->sig_len));
}

static bool
bearssl(struct subject *s)
{
	uint8_t hash[32];

	if (s->bits == 0) {
		return br_ecdsa_vrfy_asn1_get_default()(br_ec_get_default(),
			   s->hash, sizeof s->hash, &s->key.key.ec, s->sig,
			   s->sig_len) == 1;
	}
	return br_rsa_pkcs1_vrfy_get_default()(s->sig, s->sig_len, sha256_oid,
		   sizeof hash, &s->key.key.rsa, hash) == 1 &&
	       memcmp(hash, s->hash, sizeof hash) == 0;
}

/* The context is made before the measurement, to OpenSSL's advantage. */
static double
round_of(struct subject *s, int who)
{
	EVP_PKEY_CTX *c = context(s, EVP_PKEY_verify_init);
	double start = now_us();

	for (int i = 0; i < s->count; i++) {
		must(who == 0   ? ours(s)
		     : who == 1 ? bearssl(s)
				: EVP_PKEY_verify(c, s->sig, s->sig_len,
				      s->hash, sizeof s->hash) == 1);
	}
	start = now_us() - start;
	EVP_PKEY_CTX_free(c);
	return start / s->count;
}

static int
order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(void)
{
	static struct subject subjects[] = {
		{ .name = "ECDSA P-256",
		    .nid = NID_X9_62_prime256v1,
		    .curve = BR_EC_secp256r1,
		    .count = 20 },
		{ .name = "ECDSA P-384",
		    .nid = NID_secp384r1,
		    .curve = BR_EC_secp384r1,
		    .count = 5 },
		{ .name = "RSA-2048", .bits = 2048, .count = 40 },
		{ .name = "RSA-4096", .bits = 4096, .count = 10 },
	};

	printf("%-12s %9s %9s %9s   /BearSSL /OpenSSL\n", "us a check", "ours",
	    "BearSSL", "OpenSSL");
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		double us[WHO][ROUNDS];

		make(&subjects[i]);
		for (int r = 0; r < ROUNDS; r++) {
			for (int w = 0; w < WHO; w++) {
				us[w][r] = round_of(&subjects[i], w);
			}
		}
		for (int w = 0; w < WHO; w++) {
			qsort(us[w], ROUNDS, sizeof **us, order);
		}
		printf("%-12s %9.1f %9.1f %9.1f   %7.2f  %7.2f\n",
		    subjects[i].name, us[0][ROUNDS / 2], us[1][ROUNDS / 2],
		    us[2][ROUNDS / 2], us[0][ROUNDS / 2] / us[1][ROUNDS / 2],
		    us[0][ROUNDS / 2] / us[2][ROUNDS / 2]);
	}
	return 0;
}
