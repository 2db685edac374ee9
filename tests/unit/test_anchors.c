/* SPDX-License-Identifier: MIT */
/* tls/x509/anchors: bundles whole, in pieces, broken; the packed form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/x509/anchors_set.h"
#include "unit.h"

const char unit_name[] = "anchors";

enum {
	BLOCK_SIZE = 131072
};

static uint8_t block[BLOCK_SIZE];
static char text[65536];

static struct sts_anchors_load *
load_new(void)
{
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());

	ck_assert_ptr_nonnull(l);
	return l;
}

struct result {
	enum sts_anchors_error error;
	struct sts_anchors set;
	size_t needed;
	unsigned skipped;
};

/* Load t into the first `size` bytes of the block (0: only measure), in
 * pieces of `first` and then `step` bytes. */
static struct result
load(struct sts_text t, size_t size, size_t first, size_t step)
{
	struct sts_anchors_load *l = load_new();
	struct result r = { STS_ANCHORS_OK, { block + 1, 7, 7 }, 0, 0 };
	size_t n = first < t.n ? first : t.n;

	sts_anchors_begin(l, size == 0 ? NULL : block, size);
	while (t.n > 0) {
		sts_anchors_feed(l, sts_text(t.p, n));
		t = sts_text(t.p + n, t.n - n);
		n = step < t.n ? step : t.n;
	}
	r.error = sts_anchors_end(l, &r.set);
	r.needed = sts_anchors_needed(l);
	r.skipped = sts_anchors_skipped(l);
	/* What is not a set leaves the old one as it was. */
	if (r.error != STS_ANCHORS_OK || size == 0) {
		ck_assert_ptr_eq(r.set.base, block + 1);
		ck_assert_uint_eq(r.set.len, 7);
		ck_assert_uint_eq(r.set.count, 7);
	}
	free(l);
	return r;
}

static struct result
load_text(const char *s)
{
	return load(unit_span(s), sizeof block, SIZE_MAX, 1);
}

/* The texts of some files, one after the other, in `text`. */
static void
join(const char *const *parts, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		struct sts_text t = unit_span(parts[i]);

		if (strncmp(parts[i], "tests/", 6) == 0) {
			t = unit_file(parts[i]);
		}
		ck_assert_uint_lt(t.n, sizeof text - used);
		memcpy(text + used, t.p, t.n);
		used += t.n;
	}
	text[used] = '\0';
}

#define ROOT "tests/x509/anchors/root.pem"
#define KEY "tests/x509/keys/ec.pem"
#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

static const struct {
	const char *name;
	const char *parts[4];
	enum sts_anchors_error want;
	unsigned count;
	unsigned skipped;
} bundles[] = {
	{ "two roots", { ROOT }, STS_ANCHORS_OK, 2, 0 },
	{ "junk around", { "# comment\n- - -\n", ROOT, "the end" },
	    STS_ANCHORS_OK, 2, 0 },
	{ "a private key", { KEY, ROOT }, STS_ANCHORS_OK, 2, 0 },
	{ "nothing", { "" }, STS_ANCHORS_EMPTY, 0, 0 },
	{ "junk only", { "no certificate here\n" }, STS_ANCHORS_EMPTY, 0, 0 },
	{ "a key only", { KEY }, STS_ANCHORS_EMPTY, 0, 0 },
	{ "not base64", { ROOT, BEGIN "MIIB????\n" END }, STS_ANCHORS_MALFORMED,
	    2, 0 },
	{ "not DER", { ROOT, BEGIN "AAAA\n" END }, STS_ANCHORS_MALFORMED, 2,
	    0 },
	{ "empty certificate", { BEGIN END }, STS_ANCHORS_MALFORMED, 0, 0 },
	{ "DER cut", { BEGIN "MIIBcDCCARagAwIBAgICEAEwCgYIKoZIzj0EAwIw\n" END },
	    STS_ANCHORS_MALFORMED, 0, 0 },
	{ "no END", { ROOT, BEGIN "MIIB\n" }, STS_ANCHORS_TRUNCATED, 2, 0 },
	{ "only BEGIN", { BEGIN }, STS_ANCHORS_TRUNCATED, 0, 0 },
	{ "an old root", { "tests/x509/anchors/v1.pem" }, STS_ANCHORS_OK, 1,
	    0 },
	{ "SHA-1 root", { "tests/x509/anchors/sha1.pem" }, STS_ANCHORS_OK, 1,
	    0 },
	{ "unusable keys",
	    { "tests/x509/cases/stranger-unsupported.txt",
		"tests/x509/cases/stranger-faulty.txt" },
	    STS_ANCHORS_OK, 4, 2 },
	{ "unusable keys only", { "tests/x509/anchors/unusable.pem" },
	    STS_ANCHORS_EMPTY, 0, 1 },
	{ "over a limit", { "tests/x509/cases/extension-many.txt" },
	    STS_ANCHORS_OK, 1, 1 },
	{ "constraints", { "tests/x509/anchors/constrained.pem" },
	    STS_ANCHORS_OK, 2, 0 },
};

START_TEST(bundle_table)
{
	for (size_t i = 0; i < UNIT_COUNT(bundles); i++) {
		struct result r;
		size_t parts = 0;

		while (parts < UNIT_COUNT(bundles[i].parts) &&
		       bundles[i].parts[parts] != NULL) {
			parts++;
		}
		join(bundles[i].parts, parts);
		r = load_text(text);
		unit_int(bundles[i].name, r.error, bundles[i].want);
		unit_int(bundles[i].name, r.skipped, bundles[i].skipped);
		if (r.error == STS_ANCHORS_OK) {
			unit_int(
			    bundles[i].name, r.set.count, bundles[i].count);
			unit_int(bundles[i].name, (long long)r.set.len,
			    (long long)r.needed);
		}
		ck_assert_uint_gt(strlen(sts_anchors_error_text(r.error)), 1);
	}
}
END_TEST

START_TEST(every_split)
{
	static const char *const parts[] = { "junk\n", ROOT };
	struct sts_text t;
	struct result r;
	uint8_t *copy;

	join(parts, 2);
	t = unit_span(text);
	r = load(t, sizeof block, SIZE_MAX, 1);
	copy = malloc(r.set.len);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, block, r.set.len);
	for (size_t at = 1; at <= t.n; at++) {
		/* The last one goes byte by byte. */
		size_t step = at == t.n ? 1 : SIZE_MAX;
		struct result s;

		memset(block, 0xee, r.set.len);
		s = load(t, sizeof block, at % t.n, step);
		ck_assert_int_eq(s.error, STS_ANCHORS_OK);
		ck_assert_uint_eq(s.set.len, r.set.len);
		ck_assert_mem_eq(block, copy, r.set.len);
	}
	free(copy);
}
END_TEST

START_TEST(no_final_newline)
{
	struct sts_text t = unit_file(ROOT);
	struct result r = load(sts_text(t.p, t.n - 1), 4096, SIZE_MAX, 1);

	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_eq(r.set.count, 2);
}
END_TEST

START_TEST(carriage_returns)
{
	struct sts_text t = unit_file(ROOT);
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '\n') {
			text[n++] = '\r';
		}
		text[n++] = (char)t.p[i];
	}
	text[n] = '\0';
	ck_assert_int_eq(load_text(text).error, STS_ANCHORS_OK);
}
END_TEST

/* Cut anywhere: either between two certificates, or told. */
START_TEST(cut_anywhere)
{
	struct sts_text t = unit_file(ROOT);
	size_t ok = 0;

	for (size_t n = 0; n < t.n; n++) {
		struct result r = load(sts_text(t.p, n), 4096, SIZE_MAX, 1);

		if (r.error == STS_ANCHORS_OK) {
			ck_assert_uint_ge(r.set.count, 1);
			ok++;
		} else if (r.error != STS_ANCHORS_TRUNCATED) {
			/* Inside the first line, or the line END. */
			ck_assert(r.error == STS_ANCHORS_EMPTY ||
				  r.error == STS_ANCHORS_MALFORMED);
		}
	}
	/* Within an END line, when all is there, or the second BEGIN line. */
	ck_assert_uint_le(ok, 50);
	ck_assert_uint_ge(ok, 2);
}
END_TEST

START_TEST(limits)
{
	struct sts_text t = unit_file(ROOT);
	struct result r = load(t, 0, SIZE_MAX, 1);
	size_t needed = r.needed;

	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_gt(needed, 300);
	r = load(t, needed - 1, SIZE_MAX, 1);
	ck_assert_int_eq(r.error, STS_ANCHORS_FULL);
	ck_assert_uint_eq(r.needed, needed);
	block[needed] = 0xee;
	r = load(t, needed, SIZE_MAX, 1);
	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_eq(r.set.len, needed);
	ck_assert_uint_eq(block[needed], 0xee);
	ck_assert_uint_le(sts_anchors_load_size(), STS_ANCHORS_LOAD_SIZE_MAX);
}
END_TEST

/* The bytes of a set are a set wherever they are; anything else is not. */
START_TEST(table)
{
	struct sts_text t = unit_file(ROOT);
	struct result r = load(t, sizeof block, SIZE_MAX, 1);
	struct sts_anchors set = { NULL, 0, 0 };
	struct sts_anchor a;
	size_t pos = 0, n = 0;
	uint8_t *p = unit_at_page_end(block, r.set.len);

	ck_assert(sts_anchors_table(&set, p, r.set.len));
	ck_assert_uint_eq(set.count, 2);
	ck_assert_ptr_eq(set.base, p);
	while (sts_anchor_next(&set, &pos, &a)) {
		ck_assert(n == 0 ? a.key.type == STS_X509_KEY_P256
				 : a.key.type == STS_X509_KEY_RSA);
		ck_assert_uint_eq(a.key.key.n, n == 0 ? 65 : 256);
		ck_assert_uint_ne(a.flags & STS_X509_CA, 0);
		n++;
	}
	ck_assert_uint_eq(n, 2);
	for (size_t len = 1; len < r.set.len; len++) {
		bool whole = len == sts_get16be(block);

		p = unit_at_page_end(block, len);
		ck_assert_int_eq(sts_anchors_table(&set, p, len), whole);
	}
	block[29] = STS_X509_KEY_P521 + 1;
	ck_assert(!sts_anchors_table(&set, block, r.set.len));
	block[29] = STS_X509_KEY_P256;
	block[31]++;
	ck_assert(!sts_anchors_table(&set, block, r.set.len));
}
END_TEST

static const struct {
	const char *name;
	bool hash;
} kinds[] = {
	{ "root", false }, /* a CA that signs itself */
	{ "intermediate", true },
	{ "self-signed", true },
	{ "self-signed-ca", false },
	{ "v1", false },
	{ "sha1", false },
};

/* Only what may be a leaf itself is kept with its hash. */
START_TEST(hash_table)
{
	for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
		char path[100];
		struct sts_anchor a;
		struct result r;
		size_t pos = 0;

		snprintf(path, sizeof path, "tests/x509/anchors/%s.pem",
		    kinds[i].name);
		r = load(unit_file(path), sizeof block, SIZE_MAX, 1);
		ck_assert(sts_anchor_next(&r.set, &pos, &a));
		unit_int(kinds[i].name, a.hash != NULL, kinds[i].hash);
	}
}
END_TEST

/* The bundle of the machine, where there is one. */
START_TEST(system_bundle)
{
	const char *path = "/etc/ssl/certs/ca-certificates.crt";
	FILE *f = fopen(path, "rb");
	struct sts_text t;
	struct result r;
	size_t certs = 0;

	if (f == NULL) {
		return;
	}
	fclose(f);
	t = unit_file(path);
	for (size_t i = 0; i + 27 < t.n; i++) {
		certs +=
		    memcmp(t.p + i, "-----BEGIN CERTIFICATE-----", 27) == 0;
	}
	r = load(t, sizeof block, 4096, 4096);
	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_eq(r.set.count + r.skipped, certs);
	ck_assert_uint_eq(r.skipped, 0);
	ck_assert_uint_eq(load(t, 0, 1000, 1000).needed, r.set.len);
	ck_assert(sts_anchors_table(&r.set, block, r.set.len));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, bundle_table);
	tcase_add_test(tc, every_split);
	tcase_add_test(tc, no_final_newline);
	tcase_add_test(tc, carriage_returns);
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, table);
	tcase_add_test(tc, hash_table);
	tcase_add_test(tc, system_bundle);
}
