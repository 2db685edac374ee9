/* SPDX-License-Identifier: MIT */
/*
 * AES-GCM in pieces: test cases 4 and 16 of its specification, and compared
 * with BearSSL's own for every length up to some blocks, cut at each block. The
 * PRF of TLS 1.2, compared with BearSSL's for every length of output. Records,
 * made by whatever implementation the processor supports.
 */
#include <string.h>

#include "../../tls/tls_gcm.h"
#include "../../tls/tls_keys.h"
#include "../../tls/tls_records.h"
#include "unit.h"

enum {
	LEN_MAX = 70,
	AAD_MAX = 33,
	SECRET_MAX = 66, /* of P-521 */
	ASKED_MAX = 150
};

/* Test cases 4 and 16 of GCM's specification (McGrew and Viega) share nonce,
 * text and additional data; the second key is the first one twice. */
static const uint8_t key[32] = { 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
	0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92,
	0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83,
	0x08 };
static const uint8_t nonce[12] = { 0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb,
	0xad, 0xde, 0xca, 0xf8, 0x88 };
static const uint8_t text[60] = { 0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06,
	0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a, 0x86, 0xa7, 0xa9,
	0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31, 0x8a,
	0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e,
	0x24, 0x49, 0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6,
	0x57, 0xba, 0x63, 0x7b, 0x39 };
static const uint8_t extra[20] = { 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe,
	0xef, 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda,
	0xd2 };
static const struct case_gcm {
	size_t key_len;
	uint8_t first[8]; /* of the sealed text */
	uint8_t tag[16];
} cases[] = {
	{ 16, { 0x42, 0x83, 0x1e, 0xc2, 0x21, 0x77, 0x74, 0x24 },
	    { 0x5b, 0xc9, 0x4f, 0xbc, 0x32, 0x21, 0xa5, 0xdb, 0x94, 0xfa, 0xe9,
		0x5a, 0xe7, 0x12, 0x1a, 0x47 } },
	{ 32, { 0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07 },
	    { 0x76, 0xfc, 0x6e, 0xce, 0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88,
		0x53, 0xbb, 0x2d, 0x55, 0x1b } },
};

/* Our GCM over p[0..n), in place, cut after `first` bytes; writes the tag. */
static void
ours(size_t key_len, struct sts_text aad, bool encrypt, uint8_t *p, size_t n,
    size_t first, uint8_t tag[16])
{
	br_aes_gen_ctr_keys aes;
	struct sts_tls_gcm g;

	br_aes_ct_ctr_init(&aes.c_ct, key, key_len);
	sts_tls_gcm_begin(&g, &aes.vtable, br_ghash_ctmul, nonce, aad);
	sts_tls_gcm_run(&g, &aes.vtable, encrypt, sts_span(p, first));
	sts_tls_gcm_run(
	    &g, &aes.vtable, encrypt, sts_span(p + first, n - first));
	sts_tls_gcm_tag(&g, tag);
}

static void
bearssl(
    size_t key_len, struct sts_text aad, uint8_t *p, size_t n, uint8_t tag[16])
{
	br_aes_gen_ctr_keys aes;
	br_gcm_context g;

	br_aes_ct64_ctr_init(&aes.c_ct64, key, key_len);
	br_gcm_init(&g, &aes.vtable, br_ghash_ctmul64);
	br_gcm_reset(&g, nonce, sizeof nonce);
	br_gcm_aad_inject(&g, aad.p, aad.n);
	br_gcm_flip(&g);
	br_gcm_run(&g, 1, p, n);
	br_gcm_get_tag(&g, tag);
}

START_TEST(gcm_has_its_specifications_results)
{
	const struct case_gcm *c = &cases[_i];
	uint8_t p[sizeof text], tag[16];

	memcpy(p, text, sizeof text);
	ours(c->key_len, sts_text(extra, sizeof extra), true, p, sizeof p, 0,
	    tag);
	ck_assert_mem_eq(p, c->first, 8);
	ck_assert_mem_eq(tag, c->tag, 16);
	ours(c->key_len, sts_text(extra, sizeof extra), false, p, sizeof p, 32,
	    tag);
	ck_assert_mem_eq(p, text, sizeof text);
	ck_assert_mem_eq(tag, c->tag, 16);
}
END_TEST

START_TEST(gcm_agrees_with_bearssl_at_every_cut)
{
	size_t key_len = cases[_i].key_len;
	uint8_t want[LEN_MAX], p[LEN_MAX], aad[AAD_MAX], want_tag[16], tag[16];

	for (size_t n = 0; n <= LEN_MAX; n++) {
		struct sts_text a = { aad, n % (AAD_MAX + 1) };

		memset(aad, (int)(n + 3), sizeof aad);
		memset(want, (int)n, sizeof want);
		bearssl(key_len, a, want, n, want_tag);
		for (size_t first = 0; first <= n; first += 16) {
			memset(p, (int)n, sizeof p);
			ours(key_len, a, true, p, n, first, tag);
			ck_assert(memcmp(p, want, n) == 0);
			ck_assert_mem_eq(tag, want_tag, 16);
			ours(key_len, a, false, p, n, first, tag);
			ck_assert_mem_eq(tag, want_tag, 16);
			for (size_t i = 0; i < n; i++) {
				ck_assert_uint_eq(p[i], n);
			}
		}
	}
}
END_TEST

/* Each octet of a nonce counts: one changed bit gives another tag and another
 * text. */
START_TEST(each_octet_of_a_nonce_counts)
{
	br_aes_gen_ctr_keys aes;
	struct sts_tls_gcm g;
	uint8_t tags[13][16], zeros[13][16] = { { 0 } };

	br_aes_ct_ctr_init(&aes.c_ct, key, 16);
	for (unsigned i = 0; i < 13; i++) {
		uint8_t other[12];

		memcpy(other, nonce, sizeof nonce);
		if (i < sizeof other) {
			other[i] ^= 1;
		}
		sts_tls_gcm_begin(
		    &g, &aes.vtable, br_ghash_ctmul, other, sts_text(NULL, 0));
		sts_tls_gcm_run(&g, &aes.vtable, true, sts_span(zeros[i], 16));
		sts_tls_gcm_tag(&g, tags[i]);
		for (unsigned k = 0; k < i; k++) {
			ck_assert(memcmp(tags[i], tags[k], 16) != 0);
			ck_assert(memcmp(zeros[i], zeros[k], 16) != 0);
		}
	}
}
END_TEST

/* The PRF is BearSSL's, for every length, and writes no octet more. */
START_TEST(the_prf_agrees_with_bearssl)
{
	static const char *const labels[] = { "master secret",
		"extended master secret", "client finished" };
	int id = _i == 0 ? br_sha256_ID : br_sha384_ID;
	br_tls_prf_impl other =
	    _i == 0 ? br_tls12_sha256_prf : br_tls12_sha384_prf;
	uint8_t secret[SECRET_MAX], seed[64], p[ASKED_MAX + 1], want[ASKED_MAX];

	for (size_t n = 1; n <= ASKED_MAX; n++) {
		const char *label = labels[n % UNIT_COUNT(labels)];
		size_t secret_len = n % 2 == 0 ? 48 : n % SECRET_MAX;
		size_t seed_len = n % (sizeof seed + 1);
		br_tls_prf_seed_chunk chunk = { seed, seed_len };

		memset(secret, (int)n, sizeof secret);
		memset(seed, (int)(n + 1), sizeof seed);
		memset(p, 0xee, sizeof p);
		other(want, n, secret, secret_len, label, 1, &chunk);
		sts_tls_prf(id, sts_text(secret, secret_len), label,
		    sts_text(seed, seed_len), sts_span(p, n));
		ck_assert_mem_eq(p, want, n);
		ck_assert_uint_eq(p[n], 0xee);
	}
}
END_TEST

/* A transcript goes on under the chosen hash as it would under both, and the
 * other hash stands still. */
START_TEST(a_transcript_goes_on_under_the_chosen_hash)
{
	static const uint8_t hello[100] = { 1 }, more[200] = { 2 };
	int id = _i == 0 ? br_sha256_ID : br_sha384_ID;
	struct sts_tls_transcript both, one;
	uint8_t want[STS_TLS_HASH_MAX], hash[STS_TLS_HASH_MAX];
	size_t len;

	sts_tls_transcript_start(&both);
	sts_tls_transcript_start(&one);
	sts_tls_transcript_add(&both, sts_text(hello, sizeof hello));
	sts_tls_transcript_add(&one, sts_text(hello, sizeof hello));
	sts_tls_transcript_choose(&one, id);
	sts_tls_transcript_add(&both, sts_text(more, sizeof more));
	sts_tls_transcript_add(&one, sts_text(more, sizeof more));
	len = sts_tls_transcript_hash(&both, id, want);
	ck_assert_uint_eq(sts_tls_transcript_hash(&one, id, hash), len);
	ck_assert_mem_eq(hash, want, len);
	ck_assert_uint_eq(one.sha256.count, _i == 0 ? 300 : 100);
	ck_assert_uint_eq(one.sha384.count, _i == 0 ? 100 : 300);
}
END_TEST

/* Replaces BearSSL's choices for this processor (linked by --wrap): without the
 * implementations whose bits are set. */
static unsigned without;

const br_block_ctr_class *__real_br_aes_x86ni_ctr_get_vtable(void);
const br_block_ctr_class *__wrap_br_aes_x86ni_ctr_get_vtable(void);
br_ghash __real_br_ghash_pclmul_get(void);
br_ghash __wrap_br_ghash_pclmul_get(void);
br_chacha20_run __real_br_chacha20_sse2_get(void);
br_chacha20_run __wrap_br_chacha20_sse2_get(void);
br_poly1305_run __real_br_poly1305_ctmulq_get(void);
br_poly1305_run __wrap_br_poly1305_ctmulq_get(void);

const br_block_ctr_class *
__wrap_br_aes_x86ni_ctr_get_vtable(void)
{
	return (without & 1) != 0 ? NULL : __real_br_aes_x86ni_ctr_get_vtable();
}

br_ghash
__wrap_br_ghash_pclmul_get(void)
{
	return (without & 2) != 0 ? NULL : __real_br_ghash_pclmul_get();
}

br_chacha20_run
__wrap_br_chacha20_sse2_get(void)
{
	return (without & 4) != 0 ? NULL : __real_br_chacha20_sse2_get();
}

br_poly1305_run
__wrap_br_poly1305_ctmulq_get(void)
{
	return (without & 8) != 0 ? NULL : __real_br_poly1305_ctmulq_get();
}

/* Seal `len` octets of content into rec. Returns the record's length. */
static size_t
seal(const struct sts_tls_ciphers *c, const struct sts_tls_suite *s,
    uint8_t *rec, size_t len)
{
	struct sts_tls_direction d = { .suite = s, .seq = 7 };

	memcpy(d.key, key, sizeof d.key);
	memset(rec + sts_tls_before(&d), 0x5a, len);
	return sts_tls_seal(c, &d, STS_TLS_APPLICATION, rec, len);
}

static enum sts_tls_alert
open_it(const struct sts_tls_ciphers *c, const struct sts_tls_suite *s,
    uint8_t *rec, size_t n, struct sts_tls_opened *o)
{
	struct sts_tls_direction d = { .suite = s, .seq = 7 };

	memcpy(d.key, key, sizeof d.key);
	return sts_tls_open(c, &d, sts_span(rec, n), o);
}

/* Records are the same whatever the processor lacks. */
START_TEST(records_are_the_same_on_any_processor)
{
	static const struct sts_tls_ciphers portable = { &br_aes_ct_ctr_vtable,
		&br_ghash_ctmul, &br_chacha20_ct_run, &br_poly1305_ctmul_run };
	const struct sts_tls_suite *s;

	for (unsigned i = 0; (s = sts_tls_suite(i)) != NULL; i++) {
		for (without = 0; without < 16; without++) {
			uint8_t rec[200], want[200];
			struct sts_tls_ciphers c;
			struct sts_tls_opened o;
			size_t n = seal(&portable, s, want, 100);

			sts_tls_ciphers_choose(&c);
			ck_assert_uint_eq(seal(&c, s, rec, 100), n);
			ck_assert_mem_eq(rec, want, n);
			ck_assert_int_eq(
			    open_it(&c, s, rec, n, &o), STS_ALERT_NONE);
			ck_assert_uint_eq(o.content.n, 100);
			ck_assert_uint_eq(o.content.p[99], 0x5a);
		}
	}
}
END_TEST

/* A record has 2^14 octets of content at most, in the clear and sealed (RFC
 * 8446 5.1, RFC 5246 6.2.1). */
START_TEST(content_over_the_limit_is_refused)
{
	static uint8_t rec[STS_TLS_PLAIN_MAX + 100];
	const struct sts_tls_suite *s = NULL;
	struct sts_tls_ciphers c;

	sts_tls_ciphers_choose(&c);
	for (unsigned i = 0; i == 0 || s != NULL; i++) {
		for (size_t more = 0; more <= 1; more++) {
			struct sts_tls_opened o;
			size_t n = seal(&c, s, rec, STS_TLS_PLAIN_MAX + more);

			ck_assert_int_eq(open_it(&c, s, rec, n, &o),
			    more == 0 ? STS_ALERT_NONE
				      : STS_ALERT_RECORD_OVERFLOW);
		}
		s = sts_tls_suite(i);
	}
}
END_TEST

const char unit_name[] = "tls_primitives";

void
unit_tests(TCase *tc)
{
	tcase_add_loop_test(
	    tc, gcm_has_its_specifications_results, 0, UNIT_COUNT(cases));
	tcase_add_loop_test(
	    tc, gcm_agrees_with_bearssl_at_every_cut, 0, UNIT_COUNT(cases));
	tcase_add_test(tc, each_octet_of_a_nonce_counts);
	tcase_add_loop_test(tc, the_prf_agrees_with_bearssl, 0, 2);
	tcase_add_loop_test(
	    tc, a_transcript_goes_on_under_the_chosen_hash, 0, 2);
	tcase_add_test(tc, records_are_the_same_on_any_processor);
	tcase_add_test(tc, content_over_the_limit_is_refused);
}
