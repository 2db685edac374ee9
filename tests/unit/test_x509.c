/* SPDX-License-Identifier: MIT */
/* tls/x509/x509: every chain of tests/x509, whole and in pieces; flipped
 * bytes. */
#define _DEFAULT_SOURCE
#include <dirent.h>

#include "../../tls/x509/x509_path.h"
#include "../../tls/x509/anchors_set.h"
#include "../../tls/x509/x509_verify.h"
#include "x509_case.h"

const char unit_name[] = "x509";

static struct x509_case the_case;
static struct sts_x509 the_chain;

/* Feed a certificate in pieces: `first` bytes, then `step` bytes each. */
static void
feed(struct sts_x509 *x, struct sts_text der, size_t first, size_t step)
{
	size_t n = first < der.n ? first : der.n;

	sts_x509_cert_begin(x, der.n);
	while (der.n > 0) {
		if (n > 0) {
			sts_x509_cert_feed(x, sts_text(der.p, n));
		}
		der = sts_text(der.p + n, der.n - n);
		n = step < der.n ? step : der.n;
	}
	sts_x509_cert_end(x);
}

/* End the chain and do all the work. Each step does one signature check, except
 * that the last may find nothing left to try. */
static enum sts_why
judge(struct sts_x509 *x)
{
	unsigned steps = 0;

	sts_x509_chain_end(x);
	while (sts_x509_pending(x)) {
		unsigned before = x->checks;

		sts_x509_work(x);
		ck_assert_uint_le(x->checks - before, 1);
		ck_assert_uint_le(++steps, STS_X509_CHECKS_MAX + 1);
	}
	return sts_x509_verdict(x);
}

static void
start(const struct x509_case *c)
{
	sts_x509_start(&the_chain, unit_span(c->host), &c->anchors, c->date_s);
}

static enum sts_why
run(const struct x509_case *c, size_t first, size_t step)
{
	start(c);
	for (unsigned i = 0; i < c->count; i++) {
		feed(&the_chain, c->certs[i], first, step);
	}
	return judge(&the_chain);
}

static void
check(const struct x509_case *c, enum sts_why got, const char *how, size_t at)
{
	const char *token = got == STS_WHY_NONE ? "ok" : sts_why_token(got);

	ck_assert_msg(strcmp(token, c->want) == 0,
	    "%s (%s %zu): got %s, want %s", c->name, how, at, token, c->want);
}

/* Call `test` for every case. */
static void
each_case(void (*test)(struct x509_case *c))
{
	DIR *dir = opendir("tests/x509/cases");
	struct dirent *e;
	unsigned count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > 4 && strcmp(e->d_name + n - 4, ".txt") == 0) {
			e->d_name[n - 4] = '\0';
			case_load(&the_case, e->d_name);
			test(&the_case);
			count++;
		}
	}
	closedir(dir);
	ck_assert_uint_ge(count, 180);
}

static void
whole(struct x509_case *c)
{
	check(c, run(c, SIZE_MAX, 1), "whole", 0);
}

START_TEST(each_chain_has_its_verdict)
{
	each_case(whole);
}
END_TEST

static void
bytewise(struct x509_case *c)
{
	check(c, run(c, 1, 1), "byte by byte", 0);
}

START_TEST(each_chain_has_its_verdict_byte_by_byte)
{
	each_case(bytewise);
}
END_TEST

/* Compare what was kept of a certificate, without signature checks. */
static void
kept_equal(const struct x509_case *c, const struct sts_x509 *a,
    const struct sts_x509 *b, size_t at)
{
	ck_assert_msg(
	    a->count == b->count && a->why == b->why && a->phase == b->phase &&
		a->arena.used == b->arena.used &&
		memcmp(a->certs, b->certs, a->count * sizeof a->certs[0]) ==
		    0 &&
		memcmp(a->bytes, b->bytes, a->arena.used) == 0,
	    "%s split at %zu: other content was kept", c->name, at);
}

/* Each certificate of the case alone, split at every place (a sample of them
 * when it is long), ending at an unmapped page. */
static void
splits(struct x509_case *c)
{
	static struct sts_x509 reference;

	for (unsigned i = 0; i < c->count; i++) {
		struct sts_text der = c->certs[i];
		size_t step = (der.n / 600 + 1) * unit_every();
		uint8_t *p = unit_at_page_end(der.p, der.n);

		start(c);
		feed(&the_chain, sts_text(p, der.n), SIZE_MAX, 1);
		memcpy(&reference, &the_chain, sizeof reference);
		for (size_t at = 1; at < der.n; at += step) {
			start(c);
			feed(&the_chain, sts_text(p, der.n), at, SIZE_MAX);
			kept_equal(c, &the_chain, &reference, at);
		}
	}
}

START_TEST(a_certificate_is_the_same_at_every_split)
{
	each_case(splits);
}
END_TEST

static const char *const sampled[] = { "good-ec", "good-rsa-2048", "nc-sub-ca",
	"san-among-forms", "rsa-4096-leaf" };

/* A certificate that ends before its last byte is malformed, whether its
 * announced length is that of the part or of the whole. */
START_TEST(a_certificate_cut_short_is_malformed)
{
	for (size_t s = 0; s < UNIT_COUNT(sampled); s++) {
		struct sts_text der;

		case_load(&the_case, sampled[s]);
		der = the_case.certs[0];
		for (size_t n = 0; n < der.n; n += unit_every()) {
			uint8_t *p = unit_at_page_end(der.p, n);

			start(&the_case);
			feed(&the_chain, sts_text(p, n), SIZE_MAX, 1);
			unit_int(sampled[s], judge(&the_chain),
			    STS_WHY_X509_MALFORMED);
			start(&the_case);
			sts_x509_cert_begin(&the_chain, der.n);
			sts_x509_cert_feed(&the_chain, sts_text(p, n));
			sts_x509_cert_end(&the_chain);
			unit_int(sampled[s], judge(&the_chain),
			    STS_WHY_X509_MALFORMED);
		}
	}
}
END_TEST

/*
 * Whether all that the signature covers is the same in both. If it is, a
 * flipped byte would lie outside, in the signature's own encoding.
 */
static bool
same_content(const struct sts_x509 *a, const struct sts_x509 *b)
{
	const struct sts_x509_cert *p = &a->certs[0], *q = &b->certs[0];

	return sts_x509_hash_len(p) > 0 &&
	       sts_x509_hash_len(p) == sts_x509_hash_len(q) &&
	       memcmp(a->bytes + p->hash_off, b->bytes + q->hash_off,
		   sts_x509_hash_len(p)) == 0 &&
	       p->sig_len == q->sig_len &&
	       memcmp(a->bytes + p->sig_off, b->bytes + q->sig_off,
		   p->sig_len) == 0;
}

/*
 * Each bit of a leaf is flipped: the certificate is refused without a signature
 * check, or the content that the signature covers has changed.
 */
START_TEST(each_flipped_bit_is_noticed)
{
	static struct sts_x509 good;

	for (size_t s = 0; s < UNIT_COUNT(sampled); s++) {
		case_load(&the_case, sampled[s]);
		start(&the_case);
		feed(&the_chain, the_case.certs[0], SIZE_MAX, 1);
		memcpy(&good, &the_chain, sizeof good);
		for (size_t i = 0; i < the_case.certs[0].n * 8;
		     i += unit_every()) {
			uint8_t *p = the_case.bytes + i / 8;
			bool pass;

			*p ^= (uint8_t)(1 << i % 8);
			start(&the_case);
			feed(&the_chain, the_case.certs[0], SIZE_MAX, 1);
			pass = the_chain.phase == STS_X509_COLLECTING &&
			       the_chain.certs[0].sig_fault == STS_WHY_NONE &&
			       same_content(&the_chain, &good);
			ck_assert_msg(!pass, "%s: bit %zu changes nothing",
			    sampled[s], i);
			*p ^= (uint8_t)(1 << i % 8);
		}
	}
}
END_TEST

/* One flipped bit of each byte, judged with signature checks, on the quick kind
 * of key. */
START_TEST(no_flipped_byte_is_accepted)
{
	case_load(&the_case, "good-rsa-2048");
	for (size_t i = 0; i < the_case.certs[0].n; i += unit_every()) {
		the_case.bytes[i] ^= (uint8_t)(1 << i % 8);
		ck_assert_msg(run(&the_case, SIZE_MAX, 1) != STS_WHY_NONE,
		    "byte %zu flipped: accepted", i);
		the_case.bytes[i] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(run(&the_case, SIZE_MAX, 1), STS_WHY_NONE);
}
END_TEST

/*
 * Each octet of a hash counts, whatever the algorithm, and each octet of the
 * signature. A hash longer than the curve is cut (FIPS 186-5 6.4).
 */
static const struct {
	const char *name;
	size_t hash_counts;
} signed_by[] = {
	{ "good-rsa-2048", 32 },
	{ "rsa-sha384", 48 },
	{ "rsa-sha512", 64 },
	{ "good-ec", 32 },
	{ "ecdsa-sha384", 32 },
	{ "ecdsa-sha512", 32 },
};

START_TEST(each_octet_of_a_hash_counts)
{
	for (size_t s = 0; s < UNIT_COUNT(signed_by); s++) {
		const struct sts_x509_cert *leaf = &the_chain.certs[0];
		struct sts_x509_pubkey by;
		uint8_t *p;

		case_load(&the_case, signed_by[s].name);
		ck_assert_int_eq(run(&the_case, SIZE_MAX, 1), STS_WHY_NONE);
		ck_assert_uint_ge(
		    sts_x509_hash_len(leaf), signed_by[s].hash_counts);
		by = sts_x509_cert_key(&the_chain.certs[1], the_chain.bytes);
		ck_assert(sts_x509_verify(&by, leaf, the_chain.bytes));
		for (size_t i = 0; i < signed_by[s].hash_counts; i++) {
			p = the_chain.bytes + leaf->hash_off + i;
			*p ^= (uint8_t)(1 << i % 8);
			ck_assert_msg(
			    !sts_x509_verify(&by, leaf, the_chain.bytes),
			    "%s: octet %zu of the hash", signed_by[s].name, i);
			*p ^= (uint8_t)(1 << i % 8);
		}
		for (size_t i = 0; i < leaf->sig_len; i++) {
			p = the_chain.bytes + leaf->sig_off + i;
			*p ^= (uint8_t)(1 << i % 8);
			ck_assert_msg(
			    !sts_x509_verify(&by, leaf, the_chain.bytes),
			    "%s: octet %zu of the signature", signed_by[s].name,
			    i);
			*p ^= (uint8_t)(1 << i % 8);
		}
	}
}
END_TEST

/* A leaf is an anchor only if all of its hash and all of its name agree. */
START_TEST(each_octet_of_an_anchor_counts)
{
	struct sts_anchor a;
	size_t pos = 0;

	case_load(&the_case, "leaf-is-anchor");
	ck_assert_int_eq(run(&the_case, SIZE_MAX, 1), STS_WHY_NONE);
	ck_assert(sts_anchor_next(&the_case.anchors, &pos, &a));
	ck_assert_ptr_nonnull(a.hash);
	for (size_t i = 0; i < STS_ANCHOR_HASH_LEN + STS_X509_NAME_HASH; i++) {
		uint8_t *p = the_case.anchor_bytes;

		p += i < STS_ANCHOR_HASH_LEN
			 ? a.hash - p + (ptrdiff_t)i
			 : a.subject - p + (ptrdiff_t)i - STS_ANCHOR_HASH_LEN;
		*p ^= 1;
		ck_assert_msg(run(&the_case, SIZE_MAX, 1) != STS_WHY_NONE,
		    "octet %zu", i);
		*p ^= 1;
	}
	ck_assert_int_eq(run(&the_case, SIZE_MAX, 1), STS_WHY_NONE);
}
END_TEST

/* An issuer is found by all of its name. */
START_TEST(each_octet_of_an_issuers_name_counts)
{
	case_load(&the_case, "leaf-under-root");
	ck_assert_int_eq(run(&the_case, SIZE_MAX, 1), STS_WHY_NONE);
	for (size_t i = 0; i < STS_X509_NAME_HASH; i++) {
		struct sts_anchor a;
		size_t pos = 0;

		while (sts_anchor_next(&the_case.anchors, &pos, &a)) {
			the_case.anchor_bytes[a.subject + i -
					      the_case.anchor_bytes] ^= 1;
		}
		ck_assert_int_eq(
		    run(&the_case, SIZE_MAX, 1), STS_WHY_X509_NO_ISSUER);
		pos = 0;
		while (sts_anchor_next(&the_case.anchors, &pos, &a)) {
			the_case.anchor_bytes[a.subject + i -
					      the_case.anchor_bytes] ^= 1;
		}
	}
}
END_TEST

/* The promise about memory: 16 KB at default limits. */
START_TEST(a_chain_fits_16_kb)
{
	ck_assert_uint_eq(sts_x509_size(), sizeof(struct sts_x509));
	ck_assert_uint_le(sts_x509_size(), STS_X509_SIZE_MAX);
	ck_assert_uint_le(sts_x509_size(), 16384);
}
END_TEST

START_TEST(must_staple_is_reported)
{
	case_load(&the_case, "must-staple");
	run(&the_case, SIZE_MAX, 1);
	ck_assert(sts_x509_must_staple(&the_chain));
	case_load(&the_case, "good-ec");
	run(&the_case, SIZE_MAX, 1);
	ck_assert(!sts_x509_must_staple(&the_chain));
}
END_TEST

START_TEST(an_empty_chain_is_malformed)
{
	case_load(&the_case, "good-ec");
	start(&the_case);
	unit_int("verdict on an empty chain", judge(&the_chain),
	    STS_WHY_X509_MALFORMED);
	ck_assert(!sts_x509_must_staple(&the_chain));
}
END_TEST

/* More bytes than announced are refused, as fewer are. */
START_TEST(bytes_beyond_the_length_are_refused)
{
	case_load(&the_case, "good-ec");
	start(&the_case);
	sts_x509_cert_begin(&the_chain, the_case.certs[0].n);
	sts_x509_cert_feed(&the_chain, the_case.certs[0]);
	sts_x509_cert_feed(&the_chain, unit_span("x"));
	sts_x509_cert_end(&the_chain);
	unit_int("verdict on a byte too many", judge(&the_chain),
	    STS_WHY_X509_MALFORMED);
	/* TLS cannot announce more; other callers could. */
	start(&the_case);
	sts_x509_cert_begin(&the_chain, (size_t)STS_DER_LEN_MAX + 1);
	sts_x509_cert_end(&the_chain);
	unit_int("verdict on a length over 2^24", judge(&the_chain),
	    STS_WHY_X509_LIMIT);
}
END_TEST

static const struct {
	const char *name;
	uint8_t tag;
	const char *in;
	bool ok;
	int64_t want;
} times[] = {
	{ "epoch", 0x17, "700101000000Z", true, 0 },
	{ "before", 0x17, "500101000000Z", true, -631152000 },
	{ "2049", 0x17, "491231235959Z", true, 2524607999 },
	{ "2050", 0x18, "20500101000000Z", true, 2524608000 },
	{ "leap day", 0x17, "240229120000Z", true, 1709208000 },
	{ "leap century", 0x18, "20000229000000Z", true, 951782400 },
	{ "no leap century", 0x18, "21000229000000Z", false, 0 },
	{ "9999", 0x18, "99991231235959Z", true, 253402300799 },
	{ "day 0", 0x17, "240200120000Z", false, 0 },
	{ "month 13", 0x17, "241301120000Z", false, 0 },
	{ "hour 24", 0x17, "240101240000Z", false, 0 },
	{ "second 60", 0x17, "240101235960Z", false, 0 },
	{ "31 April", 0x17, "240431000000Z", false, 0 },
	{ "no Z", 0x17, "2404300000000", false, 0 },
	{ "letters", 0x17, "24o430000000Z", false, 0 },
	{ "short", 0x17, "2404300000Z", false, 0 },
	{ "fraction", 0x18, "20240430000000.5Z", false, 0 },
	{ "empty", 0x18, "", false, 0 },
	{ "the first day", 0x18, "00000101000000Z", true,
	    INT64_C(-719528) * 86400 },
	{ "year 0", 0x18, "00000301000000Z", true, INT64_C(-719468) * 86400 },
	{ "letters in the century", 0x18, "o0240430000000Z", false, 0 },
	{ "letters in the year", 0x18, "20o40430000000Z", false, 0 },
	{ "another tag", 0x16, "240430000000Z", false, 0 },
};

START_TEST(each_time_is_read_or_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(times); i++) {
		int64_t s = 77;
		size_t n = strlen(times[i].in);
		uint8_t *p = unit_at_page_end(times[i].in, n);

		unit_int(times[i].name,
		    sts_x509_time(times[i].tag, sts_text(p, n), &s),
		    times[i].ok);
		unit_int(times[i].name, s, times[i].ok ? times[i].want : 77);
	}
}
END_TEST

/* Well-formed DER with forbidden values, written over fields of a good chain,
 * is reported before any signature is checked. */
static const struct {
	const char *name, *chain;
	const char *from, *to;
	size_t len;
	enum sts_why want;
} overwritten[] = {
	{ "path length -128", "path-length-0",
	    "\x30\x06\x01\x01\xff\x02\x01\x00",
	    "\x30\x06\x01\x01\xff\x02\x01\x80", 8, STS_WHY_X509_MALFORMED },
	{ "path length 2^23, and no CA", "path-length-0",
	    "\x30\x06\x01\x01\xff\x02\x01\x00",
	    "\x30\x06\x02\x04\x00\x80\x00\x00", 8, STS_WHY_X509_NOT_CA },
	{ "negative exponent", "good-rsa-2048", "\x02\x03\x01\x00\x01",
	    "\x02\x03\x81\x00\x01", 5, STS_WHY_X509_MALFORMED },
	{ "exponent with a superfluous zero", "good-rsa-2048",
	    "\x02\x03\x01\x00\x01", "\x02\x03\x00\x00\x01", 5,
	    STS_WHY_X509_MALFORMED },
	{ "exponent 0", "good-rsa-2048", "\x02\x03\x01\x00\x01\xa3",
	    "\x02\x01\x00\x02\x00\xa3", 6, STS_WHY_X509_MALFORMED },
};

START_TEST(forbidden_values_are_refused_before_signatures)
{
	for (size_t i = 0; i < UNIT_COUNT(overwritten); i++) {
		unsigned count = 0;

		case_load(&the_case, overwritten[i].chain);
		for (size_t at = 0; at + overwritten[i].len <= the_case.used;
		     at++) {
			if (memcmp(the_case.bytes + at, overwritten[i].from,
				overwritten[i].len) == 0) {
				memcpy(the_case.bytes + at, overwritten[i].to,
				    overwritten[i].len);
				count++;
			}
		}
		ck_assert_msg(count > 0, "%s: not found", overwritten[i].name);
		unit_int(overwritten[i].name, run(&the_case, SIZE_MAX, 1),
		    overwritten[i].want);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_chain_has_its_verdict);
	tcase_add_test(tc, each_chain_has_its_verdict_byte_by_byte);
	tcase_add_test(tc, a_certificate_is_the_same_at_every_split);
	tcase_add_test(tc, a_certificate_cut_short_is_malformed);
	tcase_add_test(tc, each_flipped_bit_is_noticed);
	tcase_add_test(tc, no_flipped_byte_is_accepted);
	tcase_add_test(tc, a_chain_fits_16_kb);
	tcase_add_test(tc, each_octet_of_a_hash_counts);
	tcase_add_test(tc, each_octet_of_an_anchor_counts);
	tcase_add_test(tc, each_octet_of_an_issuers_name_counts);
	tcase_add_test(tc, must_staple_is_reported);
	tcase_add_test(tc, an_empty_chain_is_malformed);
	tcase_add_test(tc, bytes_beyond_the_length_are_refused);
	tcase_add_test(tc, each_time_is_read_or_refused);
	tcase_add_test(tc, forbidden_values_are_refused_before_signatures);
}
