/* SPDX-License-Identifier: MIT */
/* tls/x509/x509_sct: lists of SCTs, octet by octet, and the SCTs in
 * certificates. */
#include "../../tls/x509/x509.h"
#include "../../tls/x509/x509_sct.h"
#include "x509_case.h"

const char unit_name[] = "x509_sct";

/* An SCT of 49 octets: v1, a log's id, a time, no extensions, and a signature
 * of two octets. The lengths before it are written in the table. */
#define ID(c) c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
#define TIME "\0\0\1\x90\0\0\0\0"
#define SIG "\4\3\0\2\x30\0"
#define SCT(log) "\0" ID(log) TIME "\0\0" SIG
#define ONE(log) "\0\x31" SCT(log)

static const struct {
	const char *name;
	const char *in;
	size_t len;
	unsigned want;
} cases[] = {
#define LIST(s) s, sizeof(s) - 1
	{ "one", LIST("\0\x33" ONE("a")), 1 },
	{ "two", LIST("\0\x66" ONE("a") ONE("b")), 2 },
	{ "one log twice", LIST("\0\x66" ONE("a") ONE("a")), 1 },
	{ "the first again last", LIST("\0\x99" ONE("a") ONE("b") ONE("a")),
	    2 },
	{ "eight",
	    LIST("\1\x98" ONE("a") ONE("b") ONE("c") ONE("d") ONE("e") ONE("f")
		    ONE("g") ONE("h")),
	    8 },
	{ "nine, and one of them again",
	    LIST("\1\xfe" ONE("a") ONE("b") ONE("c") ONE("d") ONE("e") ONE("f")
		    ONE("g") ONE("h") ONE("i") ONE("i")),
	    8 },
	{ "extensions", LIST("\0\x36\0\x34\0" ID("a") TIME "\0\3xyz" SIG), 1 },
	{ "no signature", LIST("\0\x31\0\x2f\0" ID("a") TIME "\0\0\4\3\0\0"),
	    1 },
	{ "version 2", LIST("\0\x38\0\3\1ab" ONE("a")), 1 },
	{ "version 2 without contents", LIST("\0\x36\0\1\1" ONE("a")), 1 },
	{ "only version 2", LIST("\0\5\0\3\1ab"), 0 },
	{ "nothing", LIST(""), 0 },
	{ "half a length", LIST("\0"), 0 },
	{ "empty list", LIST("\0\0"), 0 },
	{ "empty SCT", LIST("\0\x35\0\0" ONE("a")), 0 },
	{ "list longer than its length", LIST("\0\x33" ONE("a") "x"), 0 },
	{ "list shorter than its length", LIST("\0\x34" ONE("a") "x"), 0 },
	{ "list far shorter than its length", LIST("\xff\xff" ONE("a")), 0 },
	{ "SCT longer than the list", LIST("\0\x33\0\x32" SCT("a") "x"), 0 },
	{ "SCT shorter than its length", LIST("\0\x34\0\x32" SCT("a")), 0 },
	{ "octet behind the signature", LIST("\0\x34\0\x32" SCT("a") "x"), 0 },
	{ "SCT ends in the signature", LIST("\0\x32\0\x30" SCT("a")), 0 },
	{ "SCT ends in its lengths",
	    LIST("\0\x2e\0\x2c\0" ID("a") TIME "\0\0\4"), 0 },
	{ "SCT ends in the extensions",
	    LIST("\0\x2d\0\x2b\0" ID("a") TIME "\0\4"), 0 },
	{ "SCT ends in the id", LIST("\0\x12\0\x10\0aaaaaaaaaaaaaaa"), 0 },
	{ "extensions of 65,535",
	    LIST("\0\x33\0\x31\0" ID("a") TIME "\xff\xff" SIG), 0 },
	{ "good, then broken", LIST("\0\x36" ONE("a") "\0\1\0"), 0 },
};

static unsigned
count(const uint8_t *p, size_t n, size_t split, size_t step)
{
	struct sts_x509_scts s;
	size_t len = split < n ? split : n;

	sts_x509_scts_begin(&s);
	while (n > 0) {
		sts_x509_scts_feed(&s, sts_text(p, len));
		p += len;
		n -= len;
		len = step < n ? step : n;
	}
	return sts_x509_scts_end(&s);
}

START_TEST(each_list_has_its_logs)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t n = cases[i].len;
		uint8_t *p = unit_at_page_end(cases[i].in, n);

		unit_int(
		    cases[i].name, count(p, n, SIZE_MAX, 1), cases[i].want);
		unit_int(cases[i].name, count(p, n, 1, 1), cases[i].want);
		for (size_t at = 1; at < n; at++) {
			unit_int(cases[i].name, count(p, n, at, SIZE_MAX),
			    cases[i].want);
		}
	}
}
END_TEST

/* A list that is cut anywhere has no SCTs. */
START_TEST(a_list_cut_short_has_none)
{
	static const char two[] = "\0\x66" ONE("a") ONE("b");

	for (size_t n = 0; n < sizeof two - 1; n++) {
		unit_int("SCTs of a list cut short",
		    count(unit_at_page_end(two, n), n, SIZE_MAX, 1), 0);
	}
}
END_TEST

static const struct {
	const char *name; /* of tests/x509/cases */
	unsigned want;
} certificates[] = {
	{ "good-ec", 0 },
	{ "sct-two", 2 },
	{ "sct-three", 3 },
	{ "sct-one-log-twice", 1 },
	{ "sct-version-2", 1 },
	{ "sct-malformed", 0 },
};

START_TEST(scts_in_certificates_are_counted)
{
	struct sts_x509 *x = malloc(sts_x509_size());
	struct x509_case *c = malloc(sizeof *c);

	ck_assert(x != NULL && c != NULL);
	for (size_t i = 0; i < UNIT_COUNT(certificates); i++) {
		case_load(c, certificates[i].name);
		sts_x509_start(x, unit_span(c->host), &c->anchors, c->date_s);
		unit_int("SCTs before any certificate", sts_x509_scts(x), 0);
		for (unsigned k = 0; k < c->count; k++) {
			sts_x509_cert_begin(x, c->certs[k].n);
			sts_x509_cert_feed(x, c->certs[k]);
			sts_x509_cert_end(x);
		}
		unit_int(certificates[i].name, sts_x509_scts(x),
		    certificates[i].want);
	}
	free(c);
	free(x);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_list_has_its_logs);
	tcase_add_test(tc, a_list_cut_short_has_none);
	tcase_add_test(tc, scts_in_certificates_are_counted);
}
