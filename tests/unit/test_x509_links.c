/* SPDX-License-Identifier: MIT */
/* tls/x509/x509_links: which signatures of a path are remembered, and that no
 * verdict depends on it. */
#define _DEFAULT_SOURCE
#include <dirent.h>

#include "../../tls/x509/anchors_set.h"
#include "../../tls/x509/x509_path.h"
#include "x509_case.h"

const char unit_name[] = "x509_links";

static struct x509_case the_case;
static struct sts_x509 x;
static struct sts_x509_links links;

/* Judge the case with that table, or without one (NULL). */
static enum sts_why
judge(struct sts_x509_links *l)
{
	sts_x509_start(
	    &x, unit_span(the_case.host), &the_case.anchors, the_case.date_s);
	if (l != NULL) {
		sts_x509_use_links(&x, l);
	}
	for (unsigned i = 0; i < the_case.count; i++) {
		sts_x509_cert_begin(&x, the_case.certs[i].n);
		sts_x509_cert_feed(&x, the_case.certs[i]);
		sts_x509_cert_end(&x);
	}
	sts_x509_chain_end(&x);
	while (sts_x509_pending(&x)) {
		sts_x509_work(&x);
	}
	return sts_x509_verdict(&x);
}

static void
numbered(uint8_t link[STS_X509_LINK], unsigned n)
{
	memset(link, 0xa5, STS_X509_LINK);
	link[0] = (uint8_t)n;
	link[STS_X509_LINK - 1] = (uint8_t)(n >> 8);
}

/* The table below its limit, at it and above. */
START_TEST(the_oldest_link_makes_room)
{
	uint8_t link[STS_X509_LINK];

	sts_x509_links_clear(&links);
	for (unsigned n = 0; n <= STS_X509_LINKS; n++) {
		numbered(link, n);
		ck_assert(!sts_x509_links_has(&links, link));
		sts_x509_links_add(&links, link);
		sts_x509_links_add(&links, link);
		ck_assert(sts_x509_links_has(&links, link));
		unit_int("links remembered", links.count,
		    n < STS_X509_LINKS ? n + 1 : STS_X509_LINKS);
		numbered(link, 0);
		unit_int("has the oldest link",
		    sts_x509_links_has(&links, link), n < STS_X509_LINKS);
	}
	numbered(link, 1);
	ck_assert(sts_x509_links_has(&links, link));
	sts_x509_links_clear(&links);
	ck_assert(!sts_x509_links_has(&links, link));
}
END_TEST

static const struct {
	const char *name;
	unsigned checks; /* of the path */
	unsigned links; /* of its intermediates */
} accepted[] = {
	{ "leaf-under-root", 1, 0 },
	{ "good-ec", 2, 1 },
	{ "good-rsa-2048", 2, 1 },
	{ "usual", 2, 1 },
	{ "two-intermediates", 3, 2 },
	{ "root-sent", 2, 1 },
};

START_TEST(a_second_chain_finds_its_links)
{
	for (size_t i = 0; i < UNIT_COUNT(accepted); i++) {
		const char *name = accepted[i].name;

		case_load(&the_case, name);
		sts_x509_links_clear(&links);
		unit_int(name, judge(&links), STS_WHY_NONE);
		unit_int(name, x.checks, accepted[i].checks);
		unit_int(name, x.known, 0);
		unit_int(name, links.count, accepted[i].links);
		unit_int(name, judge(&links), STS_WHY_NONE);
		unit_int(name, x.checks, accepted[i].checks);
		unit_int(name, x.known, accepted[i].links);
		unit_int(name, links.count, accepted[i].links);
	}
}
END_TEST

/* Of a refused chain nothing is remembered, though some of its signatures were
 * good. */
static const char *const refused[] = { "untrusted-root", "expired-anchor",
	"broken-signature", "broken-signature-intermediate", "circle",
	"missing-intermediate", "path-length-violated", "wrong-host" };

START_TEST(a_refused_chain_leaves_no_link)
{
	sts_x509_links_clear(&links);
	for (size_t i = 0; i < UNIT_COUNT(refused); i++) {
		case_load(&the_case, refused[i]);
		ck_assert_int_ne(judge(&links), STS_WHY_NONE);
		unit_int(refused[i], links.count, 0);
	}
}
END_TEST

/* A remembered signature saves only its check; all other rules hold. */
START_TEST(a_link_excuses_from_no_other_rule)
{
	case_load(&the_case, "good-ec");
	sts_x509_links_clear(&links);
	unit_int("first verdict", judge(&links), STS_WHY_NONE);
	the_case.date_s += INT64_C(50) * 365 * 86400;
	unit_int(
	    "verdict fifty years later", judge(&links), STS_WHY_X509_EXPIRED);
	case_load(&the_case, "good-ec");
	the_case.anchors.len = 0;
	the_case.anchors.count = 0;
	unit_int(
	    "verdict without an anchor", judge(&links), STS_WHY_X509_NO_ISSUER);
	unit_int("links remembered", links.count, 1);
	case_load(&the_case, "good-ec");
	the_case.anchor_bytes[STS_ANCHOR_HEAD + 10] ^= 1;
	unit_int(
	    "verdict with another key", judge(&links), STS_WHY_X509_SIGNATURE);
}
END_TEST

/* Each octet of an intermediate is flipped while its link is remembered. */
START_TEST(a_flipped_byte_finds_no_link)
{
	static const char *const names[] = { "good-ec", "good-rsa-2048" };

	for (size_t n = 0; n < UNIT_COUNT(names); n++) {
		size_t first, len;

		case_load(&the_case, names[n]);
		sts_x509_links_clear(&links);
		unit_int(names[n], judge(&links), STS_WHY_NONE);
		first = the_case.certs[0].n;
		len = the_case.certs[1].n;
		for (size_t i = first; i < first + len; i++) {
			the_case.bytes[i] ^= (uint8_t)(1 << i % 8);
			ck_assert_msg(judge(&links) != STS_WHY_NONE,
			    "%s: byte %zu flipped: accepted", names[n], i);
			the_case.bytes[i] ^= (uint8_t)(1 << i % 8);
		}
	}
}
END_TEST

/* Each input of a link counts. */
START_TEST(each_input_of_a_link_counts)
{
	static uint8_t arena[64] = { 1, 2, 3, 4 };
	uint8_t key[4] = { 9, 8, 7, 6 };
	struct sts_x509_cert c = { .hash_off = 0,
		.sig_off = 48,
		.sig_len = 8,
		.sig_rsa = 1,
		.sig_hash = 4 };
	struct sts_x509_pubkey k = { STS_X509_KEY_RSA, { key, 3 },
		{ key + 3, 1 } };
	uint8_t links_of[10][STS_X509_LINK];
	unsigned n = 0;

	sts_x509_link(links_of[n++], &k, &c, arena);
	key[0] = 1;
	sts_x509_link(links_of[n++], &k, &c, arena);
	key[0] = 9;
	key[3] = 1;
	sts_x509_link(links_of[n++], &k, &c, arena);
	key[3] = 6;
	k.type = STS_X509_KEY_P256;
	sts_x509_link(links_of[n++], &k, &c, arena);
	k.type = STS_X509_KEY_RSA;
	k.key.n = 2; /* the same octets, divided at another place */
	k.exponent = sts_text(key + 2, 2);
	sts_x509_link(links_of[n++], &k, &c, arena);
	k.key.n = 3;
	k.exponent = sts_text(key + 3, 1);
	c.sig_rsa = 0;
	sts_x509_link(links_of[n++], &k, &c, arena);
	c.sig_rsa = 1;
	c.sig_hash = 5;
	sts_x509_link(links_of[n++], &k, &c, arena);
	c.sig_hash = 4;
	c.sig_len = 7;
	sts_x509_link(links_of[n++], &k, &c, arena);
	c.sig_len = 8;
	arena[48] = 1;
	sts_x509_link(links_of[n++], &k, &c, arena);
	arena[48] = 0;
	arena[31] = 1;
	sts_x509_link(links_of[n++], &k, &c, arena);
	arena[31] = 0;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < i; j++) {
			ck_assert_msg(memcmp(links_of[i], links_of[j],
					  STS_X509_LINK) != 0,
			    "inputs %u and %u have the same link", j, i);
		}
	}
}
END_TEST

/* Each chain twice, with one table for all that overflows: the verdict is that
 * without a table. */
START_TEST(links_change_no_verdict)
{
	DIR *dir = opendir("tests/x509/cases");
	struct dirent *e;

	ck_assert_ptr_nonnull(dir);
	sts_x509_links_clear(&links);
	for (unsigned n = 0; n < STS_X509_LINKS - 8; n++) {
		uint8_t link[STS_X509_LINK];

		numbered(link, n);
		sts_x509_links_add(&links, link);
	}
	while ((e = readdir(dir)) != NULL) {
		size_t n = strlen(e->d_name);
		enum sts_why why;

		if (n <= 4 || strcmp(e->d_name + n - 4, ".txt") != 0) {
			continue;
		}
		e->d_name[n - 4] = '\0';
		case_load(&the_case, e->d_name);
		why = judge(NULL);
		unit_int(e->d_name, judge(&links), why);
		unit_int(e->d_name, judge(&links), why);
	}
	closedir(dir);
	unit_int("the table is full", links.count, STS_X509_LINKS);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, the_oldest_link_makes_room);
	tcase_add_test(tc, a_second_chain_finds_its_links);
	tcase_add_test(tc, a_refused_chain_leaves_no_link);
	tcase_add_test(tc, a_link_excuses_from_no_other_rule);
	tcase_add_test(tc, a_flipped_byte_finds_no_link);
	tcase_add_test(tc, each_input_of_a_link_counts);
	tcase_add_test(tc, links_change_no_verdict);
}
