/* SPDX-License-Identifier: MIT */
/*
 * What tls_board.c replays: handshakes of our client with the server of
 * tests/tls/hostile.h, with seed and clock fixed. Equal seeds give equal bytes,
 * so that records sealed here open on the board. Written to the file
 * $STS_RECORD, as C.
 */
#define _DEFAULT_SOURCE
#include "../unit/hostile_case.h"

const char unit_name[] = "tls_record";

enum {
	PEM_MAX = 4096,
	ROOM = 4096
};

static const struct {
	const char *name;
	bool rsa;
	uint16_t version, group;
} rows[] = {
	{ "P-256 1.3", false, 0, 0 },
	{ "P-256 1.2", false, STS_TLS_12, 0 },
	{ "RSA-2048 1.3", true, 0, 0 },
	{ "RSA-2048 1.2", true, STS_TLS_12, 0 },
	{ "RSA-2048 1.3, retry P-256", true, 0, BR_EC_secp256r1 },
	{ "RSA-2048 1.3, retry P-384", true, 0, BR_EC_secp384r1 },
	{ "RSA-2048 1.3, retry P-521", true, 0, BR_EC_secp521r1 },
};

/* The leaf's issuer as the only anchor: a handshake has two signature
 * checks. */
static struct sts_anchors
issuer(void)
{
	static uint8_t bytes[ROOM];
	static char pem[PEM_MAX];
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());
	struct sts_anchors set;
	size_t n;

	ck_assert_ptr_nonnull(l);
	ck_assert_uint_eq(the_case.count, 2);
	n = br_pem_encode(
	    pem, the_case.certs[1].p, the_case.certs[1].n, "CERTIFICATE", 0);
	ck_assert_uint_lt(n, sizeof pem);
	sts_anchors_begin(l, bytes, sizeof bytes);
	sts_anchors_feed(l, sts_text((const uint8_t *)pem, n));
	ck_assert_int_eq(sts_anchors_end(l, &set), STS_ANCHORS_OK);
	free(l);
	return set;
}

static void
put_bytes(FILE *f, const char *what, size_t i, const uint8_t *p, size_t n)
{
	fprintf(f, "static const uint8_t %s_%zu[] = {", what, i);
	for (size_t k = 0; k < n; k++) {
		fprintf(f, "%s%u,", k % 20 == 0 ? "\n" : "", p[k]);
	}
	fprintf(f, "\n};\n");
}

static void
record(FILE *f, size_t i)
{
	struct hostile *h = server(rows[i].rsa);
	struct sts_tls *t = malloc(sts_tls_size());
	uint8_t rnd[STS_TLS_RND];
	struct sts_anchors set = issuer();

	ck_assert_ptr_nonnull(t);
	memset(rnd, 0x5a, sizeof rnd);
	h->chain_len = 1;
	h->plan.version = rows[i].version;
	h->plan.retry = rows[i].group != 0;
	h->plan.retry_group = rows[i].group;
	sts_tls_start(t, unit_span(the_case.host), &set, the_case.date_s, rnd);
	hostile_play(h, t);
	ck_assert_msg(sts_tls_established(t), "%s", rows[i].name);
	put_bytes(f, "said", i, h->wire, h->wire_len);
	put_bytes(f, "roots", i, set.base, set.len);
	free(t);
}

START_TEST(all)
{
	FILE *f = fopen(getenv("STS_RECORD"), "w");

	ck_assert_ptr_nonnull(f);
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		record(f, i);
	}
	fprintf(f, "static const struct recorded recorded[] = {\n");
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		fprintf(f,
		    "{ \"%s\", \"%s\", %lld, said_%zu, sizeof said_%zu, "
		    "roots_%zu, sizeof roots_%zu },\n",
		    rows[i].name, the_case.host, (long long)the_case.date_s, i,
		    i, i, i);
	}
	fprintf(f, "};\n");
	ck_assert_int_eq(fclose(f), 0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, all);
}
