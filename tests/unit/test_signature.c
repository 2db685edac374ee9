/* SPDX-License-Identifier: MIT */
/*
 * Signatures and their verdicts, from tests/signature/cases.txt or the file
 * named by STS_SIGNATURE_CASES. A line is
 *
 *	WANT KIND HASH KEY DIGEST SIGNATURE NAME
 *
 * WANT is valid or invalid; KIND p256, p384, p521, rsa (PKCS #1) or pss; HASH
 * sha256, sha384 or sha512; KEY a point, or modulus:exponent. All are in hex;
 * "-" is nothing, "=" the field of the line before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/sts_config.h"
#include "../../tls/curves.h"
#include "../../tls/ec_p256.h"
#include "../../tls/ec_p384.h"
#include "../../tls/ec_verify.h"
#include "../../tls/ecdsa_der.h"
#include "../../tls/rsa.h"
#include "../../tls/signature.h"
#include "unit.h"

const char unit_name[] = "signature";

enum {
	WORDS = 7,
	BYTES_MAX = 8192,
	LINE_MAX_LEN = 32768
};

struct bytes {
	uint8_t b[BYTES_MAX];
	size_t n;
};

static struct bytes key, exponent, digest, signature;

static int
number_of(const char *const *names, int count, const char *word)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(names[i], word) == 0) {
			return i;
		}
	}
	ck_abort_msg("not a word of this table: %s", word);
	return -1;
}

/* Read hex digits up to `end`; "=" keeps what was read before. Returns the text
 * behind them. */
static const char *
read_hex(struct bytes *out, const char *hex, char end)
{
	if (strcmp(hex, "=") == 0) {
		return hex + 1;
	}
	out->n = 0;
	if (strcmp(hex, "-") == 0) {
		return hex + 1;
	}
	while (*hex != end) {
		unsigned v;

		ck_assert_msg(out->n < BYTES_MAX, "too long: %.40s", hex);
		ck_assert_msg(sscanf(hex, "%2x", &v) == 1, "not hex: %s", hex);
		out->b[out->n++] = (uint8_t)v;
		hex += 2;
	}
	return hex;
}

static int
read_hash(const char *word)
{
	static const char *const hashes[] = { "sha256", "sha384", "sha512" };

	return br_sha256_ID + number_of(hashes, 3, word);
}

/* Read the key. Returns the scheme by which it signs. */
static enum sts_signature_scheme
read_key(br_x509_pkey *k, const char *kind, const char *hex)
{
	static const char *const kinds[] = { "p256", "p384", "p521", "rsa",
		"pss" };
	static const int curves[] = { BR_EC_secp256r1, BR_EC_secp384r1,
		BR_EC_secp521r1 };
	int i = number_of(kinds, 5, kind);

	if (i >= 3) {
		hex = read_hex(&key, hex, ':');
		if (*hex == ':') {
			(void)read_hex(&exponent, hex + 1, '\0');
		}
		k->key_type = BR_KEYTYPE_RSA;
		k->key.rsa.n = key.b;
		k->key.rsa.nlen = key.n;
		k->key.rsa.e = exponent.b;
		k->key.rsa.elen = exponent.n;
	} else {
		(void)read_hex(&key, hex, '\0');
		k->key_type = BR_KEYTYPE_EC;
		k->key.ec.curve = curves[i];
		k->key.ec.q = key.b;
		k->key.ec.qlen = key.n;
	}
	return i < 3    ? STS_SIGNATURE_ECDSA
	       : i == 3 ? STS_SIGNATURE_RSA_PKCS1
			: STS_SIGNATURE_RSA_PSS;
}

/* Whether the functions that BearSSL's engine calls accept the signature; for
 * RSA they give out the hash. */
static bool
engine_accepts(const br_x509_pkey *k, struct sts_text sig)
{
	static const unsigned char oid[] = { 0 };
	uint8_t hash[64];

	if (k->key_type == BR_KEYTYPE_EC) {
		return sts_signature_br_ecdsa(NULL, digest.b, digest.n,
			   &k->key.ec, sig.p, sig.n) == 1;
	}
	return sts_signature_br_pkcs1(
		   sig.p, sig.n, oid, digest.n, &k->key.rsa, hash) == 1 &&
	       memcmp(hash, digest.b, digest.n) == 0;
}

/* Whether BearSSL's own arithmetic accepts the signature. */
static bool
bearssl_accepts(const br_x509_pkey *k, struct sts_text sig)
{
	uint8_t raw[2 * STS_ECDSA_SIZE_MAX];
	size_t len = k->key.ec.curve == BR_EC_secp256r1   ? 32
		     : k->key.ec.curve == BR_EC_secp384r1 ? 48
							  : 66;

	return sts_ecdsa_der_read(raw, len, sig) &&
	       br_ecdsa_vrfy_raw_get_default()(br_ec_get_default(), digest.b,
		   digest.n, &k->key.ec, raw, 2 * len) == 1;
}

/* BearSSL 0.6 does not multiply by 0, and so refuses hashes that are 0 modulo
 * n. Nobody can find a message with such a hash. */
static bool
bearssl_cannot(const char *name)
{
	return strstr(name, "u1 = 0,") != NULL ||
	       strcmp(name, "hash = 0") == 0 || strcmp(name, "hash = n") == 0;
}

static void
judge(char *const word[WORDS], int hash)
{
	static const enum sts_signature_scheme schemes[] = {
		STS_SIGNATURE_ECDSA, STS_SIGNATURE_RSA_PKCS1,
		STS_SIGNATURE_RSA_PSS
	};
	static unsigned ecdsa;
	bool want = strcmp(word[0], "valid") == 0;
	const char *name = word[6];
	enum sts_signature_scheme scheme;
	struct sts_text sig;
	br_x509_pkey k;

	ck_assert_msg(want || strcmp(word[0], "invalid") == 0, "%s", word[0]);
	want = want && (STS_EC_FAST || !bearssl_cannot(name));
	scheme = read_key(&k, word[1], word[3]);
	(void)read_hex(&digest, word[4], '\0');
	(void)read_hex(&signature, word[5], '\0');
	ck_assert_uint_eq(digest.n, sts_hash_len(hash));
	sig = sts_text(unit_at_page_end(signature.b, signature.n), signature.n);
	for (size_t i = 0; i < UNIT_COUNT(schemes); i++) {
		unit_int(name,
		    sts_signature_valid(&k, schemes[i], hash, digest.b, sig),
		    want && schemes[i] == scheme);
	}
	if (scheme != STS_SIGNATURE_RSA_PSS) {
		unit_int(name, engine_accepts(&k, sig), want);
	}
	if (k.key_type == BR_KEYTYPE_EC && ecdsa++ % unit_every() == 0) {
		unit_int(name, bearssl_accepts(&k, sig),
		    want && !bearssl_cannot(name));
	}
}

/* Judge a line; its last word is the rest of it. */
static void
judge_line(char *line)
{
	char *word[WORDS];
	char *at = line;

	line[strcspn(line, "\n")] = '\0';
	for (int i = 0; i < WORDS; i++) {
		word[i] = at;
		if (i < WORDS - 1) {
			at += strcspn(at, " ");
			ck_assert_msg(*at == ' ', "too few words: %s", line);
			*at++ = '\0';
		}
	}
	judge(word, read_hash(word[2]));
}

START_TEST(each_signature_has_its_verdict)
{
	static char line[LINE_MAX_LEN];
	const char *path = getenv("STS_SIGNATURE_CASES");
	size_t count = 0;
	FILE *f;

	path = path == NULL ? "tests/signature/cases.txt" : path;
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s: cannot be opened", path);
	while (fgets(line, sizeof line, f) != NULL) {
		ck_assert_msg(strchr(line, '\n') != NULL, "too long a line");
		if (line[0] != '#') {
			judge_line(line);
			count++;
		}
	}
	fclose(f);
	ck_assert_uint_gt(count, 100);
}
END_TEST

/* A curve by which no signature is made, and a scheme that does not exist. */
START_TEST(an_unknown_curve_or_scheme_is_refused)
{
	static uint8_t point[133] = { 4 },
		       sig[] = { 0x30, 6, 2, 1, 1, 2, 1, 1 };
	br_x509_pkey k;

	k.key_type = BR_KEYTYPE_EC;
	k.key.ec.curve = BR_EC_curve25519;
	k.key.ec.q = point;
	k.key.ec.qlen = sizeof point;
	ck_assert(!sts_signature_valid(&k, STS_SIGNATURE_ECDSA, br_sha256_ID,
	    digest.b, sts_text(sig, sizeof sig)));
	ck_assert(!sts_signature_valid(&k, (enum sts_signature_scheme)99,
	    br_sha256_ID, digest.b, sts_text(sig, sizeof sig)));
}
END_TEST

/* A length of two octets, and the second is not there. */
START_TEST(length_cut)
{
	static const uint8_t der[] = { 0x30, 0x81 };
	uint8_t raw[2 * 32];

	ck_assert(!sts_ecdsa_der_read(
	    raw, 32, sts_text(unit_at_page_end(der, sizeof der), sizeof der)));
}
END_TEST

/* RSA of one octet or two, by hand; and what is no RSA. */
static const struct {
	const char *name;
	uint8_t n[2], e, x[2];
	size_t len;
	unsigned want; /* 0: refused */
} rsa_cases[] = {
	{ "n 3233, e 17", { 0x0c, 0xa1 }, 17, { 0, 65 }, 2, 2790 },
	{ "n 15, e 3", { 0, 15 }, 3, { 2 }, 1, 8 },
	{ "x as large as n", { 0, 15 }, 3, { 15 }, 1, 0 },
	{ "n even", { 0, 14 }, 3, { 2 }, 1, 0 },
	{ "n 1", { 0, 1 }, 3, { 0 }, 1, 0 },
	{ "n 0", { 0, 0 }, 3, { 0 }, 0, 0 },
	{ "e 1", { 0, 15 }, 1, { 2 }, 1, 0 },
	{ "e even", { 0, 15 }, 2, { 2 }, 1, 0 },
	{ "e 0", { 0, 15 }, 0, { 2 }, 1, 0 },
	{ "x longer than n", { 0, 15 }, 3, { 0, 2 }, 2, 0 },
};

START_TEST(rsa_by_hand)
{
	for (size_t i = 0; i < UNIT_COUNT(rsa_cases); i++) {
		uint8_t n[2], e = rsa_cases[i].e, x[2];
		br_rsa_public_key k = { n, sizeof n, &e, 1 };
		size_t len = rsa_cases[i].len;
		unsigned got = 0;

		memcpy(n, rsa_cases[i].n, sizeof n);
		memcpy(x, rsa_cases[i].x, sizeof x);
		if (sts_rsa_public(&k, x, len)) {
			got = len == 2 ? sts_get16be(x) : x[0];
		}
		unit_int(rsa_cases[i].name, got, rsa_cases[i].want);
	}
}
END_TEST

/* Only numbers are asked of the curves by BearSSL's engine: they are its own. */
START_TEST(curve_numbers)
{
	static const int ids[] = { BR_EC_secp256r1, BR_EC_secp384r1,
		BR_EC_curve25519 };

	for (size_t i = 0; i < UNIT_COUNT(ids); i++) {
		const br_ec_impl *theirs = br_ec_get_default();
		size_t got, want;
		const unsigned char *p = sts_curves()->generator(ids[i], &got);

		ck_assert_mem_eq(p, theirs->generator(ids[i], &want), got);
		ck_assert_uint_eq(got, want);
		p = sts_curves()->order(ids[i], &got);
		ck_assert_mem_eq(p, theirs->order(ids[i], &want), got);
		ck_assert_uint_eq(got, want);
	}
}
END_TEST

#if STS_EC_FAST

/* FIPS 186-5 6.4.2: r and s are 1 to n - 1. With 0 any hash would fit. */
START_TEST(r_and_s_in_range)
{
	static const int ids[] = { BR_EC_secp256r1, BR_EC_secp384r1 };

	for (int i = 0; i < 2; i++) {
		size_t size, n, q_len;
		const unsigned char *q =
		    br_ec_get_default()->generator(ids[i], &q_len);
		const unsigned char *order =
		    br_ec_get_default()->order(ids[i], &n);
		br_ec_public_key k = { ids[i], key.b, q_len };

		memcpy(key.b, q, q_len);
		size = (q_len - 1) / 2;
		for (unsigned bad = 0; bad < 8; bad++) {
			uint8_t raw[2 * STS_ECDSA_SIZE_MAX] = { 0 };
			static const uint8_t hash[48];

			/* r, s: 0, or the order; or one of them is 1. */
			raw[size - 1] = raw[2 * size - 1] = bad >= 4;
			if (bad % 4 < 2) {
				memset(raw + bad % 2 * size, 0, size);
			} else {
				memcpy(raw + bad % 2 * size, order, size);
			}
			unit_int("in range", sts_ec_verify(&k, hash, size, raw),
			    false);
		}
	}
}
END_TEST

/* a / a is 1, 1 / a is the inverse, and a / 1 is a. */
static void
check_quotients(const struct sts_ec_curve *c, struct sts_public_scalar a)
{
	struct sts_public_scalar one = { { 1 } }, u, v, i;

	if (sts_ec_scalar_is_zero(&a) || !sts_ec_scalar_less(&a, &c->n)) {
		return;
	}
	sts_ec_scalar_divide(&u, &v, c, &a, &one, &a);
	unit_int("a / a", memcmp(&u, &one, sizeof u), 0);
	i = sts_ec_scalar_invert(&a, c);
	unit_int("1 / a", memcmp(&v, &i, sizeof v), 0);
	sts_ec_scalar_divide(&u, &v, c, &a, &one, &one);
	unit_int("a / 1", memcmp(&u, &a, sizeof u), 0);
}

START_TEST(quotients_of_scalars_are_right)
{
	const struct sts_ec_curve *curves[] = { sts_ec_p256(), sts_ec_p384() };
	static const uint64_t words[] = { 0, 1, 2, UINT64_MAX,
		UINT64_C(1) << 62, UINT64_C(1) << 63, (UINT64_C(1) << 62) - 1 };
	enum {
		EDGES = UNIT_COUNT(words)
	};

	for (int k = 0; k < 2; k++) {
		const struct sts_ec_curve *c = curves[k];

		for (int i = 0; i < EDGES * EDGES * EDGES; i++) {
			struct sts_public_scalar a = { { 0 } };

			a.w[0] = words[i % EDGES];
			a.w[1] = words[i / EDGES % EDGES];
			a.w[c->words - 1] = words[i / EDGES / EDGES];
			check_quotients(c, a);
		}
		for (uint64_t i = 1; i < 40; i++) {
			struct sts_public_scalar a = c->n;

			a.w[0] -= i;
			check_quotients(c, a);
		}
	}
}
END_TEST

static void
add_arithmetic(TCase *tc)
{
	tcase_add_test(tc, quotients_of_scalars_are_right);
	tcase_add_test(tc, r_and_s_in_range);
}

#else

static void
add_arithmetic(TCase *tc)
{
	(void)tc;
}

#endif

/* The engine might ask for a hash of another length, which is refused. */
START_TEST(other_hashes_are_refused)
{
	static const size_t lens[] = { 0, 16, 20, 28, 36, 40, 80, 1000 };
	static const unsigned char oid[] = { 0 };
	br_rsa_public_key k = { key.b, key.n, exponent.b, exponent.n };
	uint8_t hash[64];

	for (size_t i = 0; i < UNIT_COUNT(lens); i++) {
		unit_int("other hash",
		    sts_signature_br_pkcs1(
			signature.b, signature.n, oid, lens[i], &k, hash),
		    0);
	}
	unit_int("no OID",
	    sts_signature_br_pkcs1(
		signature.b, signature.n, NULL, 32, &k, hash),
	    0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, each_signature_has_its_verdict);
	tcase_add_test(tc, an_unknown_curve_or_scheme_is_refused);
	tcase_add_test(tc, other_hashes_are_refused);
	tcase_add_test(tc, length_cut);
	tcase_add_test(tc, rsa_by_hand);
	tcase_add_test(tc, curve_numbers);
	add_arithmetic(tc);
}
