/* SPDX-License-Identifier: MIT */
/*
 * core/dane/judge: whether a chain meets what is demanded. The digests were
 * computed by openssl(1) from the certificates in tests/examples.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/dane/judge.h"
#include "../../tls/x509/x509_tlsa.h"
#include "unit.h"

const char unit_name[] = "judge";

#define LEAF_256                                                               \
	"5bc509ef5c5bb2f32e7955c8b1ef7ef938f44a59626e9af7b5a3fd49d107ea79"
#define LEAF_512                                                               \
	"5ad21f1bf60754e9b613911c62da10240119bfad6c9fa378186ad316f96ac377"     \
	"d78ff44c59da122a41efd330a2da1a677fe81a4681c4493141d42e8178a0ae5e"
#define LEAF_KEY_256                                                           \
	"f35502908efef92258de45c22ca56f635ff6bf0efb8a6aac2e762cb5dbb5f837"
#define LEAF_KEY_512                                                           \
	"7b0bb020995fcf60788346b3e43118958665f2ad81fd1d001f5b07269206467f"     \
	"74a375a3716ee11b0cec8f4fdee16753f524f6445bd77b74e1b09cdece82aead"
#define LEAF_KEY                                                               \
	"3059301306072a8648ce3d020106082a8648ce3d030107034200049087308c510380" \
	"c153c6f8b9dc20124641c338661a267b89b1db59e6524927dcfd36174ef04d9cabe3" \
	"9d38198cdfabd1b2d64e901767a9e19945a558350a6e48"
#define CA_256                                                                 \
	"8f67fad87c2c35663c6fa13e38d1fb8d95380df81b177c486a5ee216d2d66bae"
#define CA_KEY_256                                                             \
	"07fd1749ccdc6ea741da768937b7d4984f2ea8aeb956308c042b58552c55799f"
#define CA_KEY_512                                                             \
	"57ce50a0af0c33a33f74a1f33d530caa0c661f4cc8aefb53f8b56ae19b060af3"     \
	"389eda923a8c3e3e027f3427d886456d7f40f52cb1e45cafb98352040588b6cf"
#define CA_KEY                                                                 \
	"3076301006072a8648ce3d020106052b810400220362000466c0e1960e8d98f7dba1" \
	"a81e7e242cf32f0a38dcd6e4b6700d364457f5f9c4764588942b4ff95108feba77eb" \
	"38e2c68db8390f13f9cc562653072d356dc6c00cb6f8f98286d616bb501c3b1cb162" \
	"d76c6d36b1bfabba7d737ebad217b3e654ba"
#define NOBODY                                                                 \
	"00000000000000000000000000000000000000000000000000000000deadbeef"
#define NOBODY_512 NOBODY NOBODY

enum {
	JUNE_2026_S = 1780272000, /* when the certificates are valid */
	YEAR_S = 31622400,
	CHAIN_MAX = 4
};

static struct sts_judge judge;
static struct sts_anchors roots;
static uint8_t der[CHAIN_MAX][2048];
static struct sts_text leaf, ca;
static struct sts_dane_records records;

static void
load(void)
{
	static uint64_t load[STS_ANCHORS_LOAD_SIZE_MAX / 8];
	static uint8_t block[4096];
	struct sts_anchors_load *l = (struct sts_anchors_load *)load;
	struct sts_text file;

	sts_anchors_begin(l, block, sizeof block);
	sts_anchors_feed(l, unit_file("tests/x509/anchors/usual.pem"));
	ck_assert(sts_anchors_end(l, &roots) == STS_ANCHORS_OK);
	file = unit_file("tests/examples/mx-leaf.der");
	memcpy(der[0], file.p, file.n);
	leaf = sts_text(der[0], file.n);
	file = unit_file("tests/examples/mx-intermediate.der");
	memcpy(der[1], file.p, file.n);
	ca = sts_text(der[1], file.n);
}

/* Read "3 1 1 HEX; 2 0 1 HEX" into records. */
static void
read_records(const char *text)
{
	records.len = 0;
	while (*text != '\0') {
		static uint8_t data[512];
		struct sts_tlsa t = { (uint8_t)(text[0] - '0'),
			(uint8_t)(text[2] - '0'), (uint8_t)(text[4] - '0'),
			{ data, 0 } };

		for (text += 6; *text != '\0' && *text != ';'; text += 2) {
			char byte[3] = { text[0], text[1], '\0' };

			data[t.data.n++] = (uint8_t)strtoul(byte, NULL, 16);
		}
		ck_assert(sts_dane_record_put(&records, &t));
		text += *text == ';' ? 2 : 0;
	}
}

/* Have a certificate begin a year later. */
static void
age(uint8_t *p, size_t n)
{
	static const char begin[] = "260101000000Z";

	while (n > sizeof begin && memcmp(p, begin, sizeof begin - 1) != 0) {
		p++;
		n--;
	}
	ck_assert_uint_gt(n, sizeof begin);
	p[1] = '7';
}

/* Make a chain of one certificate for each letter: L the leaf, C its issuer, F
 * the issuer with the same key, a year later, B the leaf with its last octet
 * changed, X octets that are no certificate. */
static unsigned
read_chain(const char *letters, struct sts_text *chain)
{
	unsigned n = 0;

	for (; letters[n] != '\0'; n++) {
		switch (letters[n]) {
		case 'L':
			chain[n] = leaf;
			break;
		case 'C':
			chain[n] = ca;
			break;
		case 'B':
			memcpy(der[2], leaf.p, leaf.n);
			der[2][leaf.n - 1] ^= 1;
			chain[n] = sts_text(der[2], leaf.n);
			break;
		case 'F':
			memcpy(der[3], ca.p, ca.n);
			age(der[3], ca.n);
			chain[n] = sts_text(der[3], ca.n);
			break;
		default:
			chain[n] = unit_span("no certificate");
			break;
		}
	}
	return n;
}

static const struct {
	const char *name;
	enum sts_demand_kind kind;
	const char *chain, *base, *other, *records, *want;
	int64_t wall_s;
} cases[] = {
	{ "nothing is demanded: even without TLS", STS_DEMAND_NOTHING, "",
	    "mx1.example.com", "", "", "ok", JUNE_2026_S },
	{ "nothing is demanded: whatever the chain is", STS_DEMAND_NOTHING, "X",
	    "mx1.example.com", "", "", "ok", JUNE_2026_S },
	{ "a host that must be skipped", STS_DEMAND_SKIP, "LC",
	    "mx1.example.com", "", "3 1 1 " LEAF_KEY_256, "dns-servfail",
	    JUNE_2026_S },
	{ "TLS is demanded, and there is TLS", STS_DEMAND_TLS, "X",
	    "mx1.example.com", "", "", "ok", JUNE_2026_S },
	{ "TLS is demanded, and there is none", STS_DEMAND_TLS, "",
	    "mx1.example.com", "", "", "smtp-no-starttls", JUNE_2026_S },

	{ "WebPKI is demanded: a good chain", STS_DEMAND_WEBPKI, "LC",
	    "mx1.example.com", "", "", "ok", JUNE_2026_S },
	{ "WebPKI is demanded: no TLS", STS_DEMAND_WEBPKI, "",
	    "mx1.example.com", "", "", "smtp-no-starttls", JUNE_2026_S },
	{ "WebPKI is demanded: another name", STS_DEMAND_WEBPKI, "LC",
	    "mx2.example.com", "", "", "x509-name-mismatch", JUNE_2026_S },
	{ "WebPKI is demanded: other names are for DANE alone",
	    STS_DEMAND_WEBPKI, "LC", "mx2.example.com", "mx1.example.com", "",
	    "x509-name-mismatch", JUNE_2026_S },
	{ "WebPKI is demanded: the issuer is missing", STS_DEMAND_WEBPKI, "L",
	    "mx1.example.com", "", "", "x509-unknown-issuer", JUNE_2026_S },
	{ "WebPKI is demanded: expired", STS_DEMAND_WEBPKI, "LC",
	    "mx1.example.com", "", "", "x509-expired", JUNE_2026_S + YEAR_S },
	{ "WebPKI is demanded: the time is not known", STS_DEMAND_WEBPKI, "LC",
	    "mx1.example.com", "", "", "no-clock", -1 },
	{ "WebPKI is demanded: records do not count", STS_DEMAND_WEBPKI, "L",
	    "mx1.example.com", "", "3 1 1 " LEAF_KEY_256, "x509-unknown-issuer",
	    JUNE_2026_S },

	{ "3 1 1", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "3 1 1 " LEAF_KEY_256, "ok", JUNE_2026_S },
	{ "3 0 1", STS_DEMAND_TLSA, "L", "mx1.example.com", "",
	    "3 0 1 " LEAF_256, "ok", JUNE_2026_S },
	{ "3 0 2", STS_DEMAND_TLSA, "L", "mx1.example.com", "",
	    "3 0 2 " LEAF_512, "ok", JUNE_2026_S },
	{ "3 1 2", STS_DEMAND_TLSA, "L", "mx1.example.com", "",
	    "3 1 2 " LEAF_KEY_512, "ok", JUNE_2026_S },
	{ "3 1 0: the key itself", STS_DEMAND_TLSA, "L", "mx1.example.com", "",
	    "3 1 0 " LEAF_KEY, "ok", JUNE_2026_S },
	{ "3 0 0 with a key instead of the certificate", STS_DEMAND_TLSA, "L",
	    "mx1.example.com", "", "3 0 0 " LEAF_KEY, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "no TLS (RFC 7672 2.2)", STS_DEMAND_TLSA, "", "mx1.example.com", "",
	    "3 1 1 " LEAF_KEY_256, "smtp-no-starttls", JUNE_2026_S },
	{ "usage 3 asks for no name (RFC 7672 3.1.1; R98)", STS_DEMAND_TLSA,
	    "L", "elsewhere.example", "", "3 1 1 " LEAF_KEY_256, "ok",
	    JUNE_2026_S },
	{ "usage 3 asks for no dates (RFC 7672 3.1.1)", STS_DEMAND_TLSA, "L",
	    "mx1.example.com", "", "3 1 1 " LEAF_KEY_256, "ok",
	    JUNE_2026_S + YEAR_S },
	{ "usage 3 asks for no time", STS_DEMAND_TLSA, "L", "mx1.example.com",
	    "", "3 1 1 " LEAF_KEY_256, "ok", -1 },
	{ "another key", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "3 1 1 " NOBODY, "tlsa-mismatch", JUNE_2026_S },
	{ "the digest of the certificate is not that of the key",
	    STS_DEMAND_TLSA, "LC", "mx1.example.com", "", "3 1 1 " LEAF_256,
	    "tlsa-mismatch", JUNE_2026_S },
	{ "usage 3 is about the first certificate alone", STS_DEMAND_TLSA, "LC",
	    "mx1.example.com", "", "3 0 1 " CA_256, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "the right certificate behind another", STS_DEMAND_TLSA, "CL",
	    "mx1.example.com", "", "3 1 1 " LEAF_KEY_256, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "a good WebPKI chain does not help", STS_DEMAND_TLSA, "LC",
	    "mx1.example.com", "", "3 1 1 " NOBODY, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "one octet of the certificate changed, its key as it was",
	    STS_DEMAND_TLSA, "B", "mx1.example.com", "", "3 1 1 " LEAF_KEY_256,
	    "ok", JUNE_2026_S },
	{ "one octet of the certificate changed", STS_DEMAND_TLSA, "B",
	    "mx1.example.com", "", "3 0 1 " LEAF_256, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "no certificate at all", STS_DEMAND_TLSA, "X", "mx1.example.com", "",
	    "3 1 1 " LEAF_KEY_256, "tlsa-mismatch", JUNE_2026_S },
	{ "a roll-over: the first record", STS_DEMAND_TLSA, "L",
	    "mx1.example.com", "", "3 1 1 " LEAF_KEY_256 "; 3 1 1 " NOBODY,
	    "ok", JUNE_2026_S },
	{ "a roll-over: the second record", STS_DEMAND_TLSA, "L",
	    "mx1.example.com", "", "3 1 1 " NOBODY "; 3 1 1 " LEAF_KEY_256,
	    "ok", JUNE_2026_S },

	{ "agility: a weaker digest is left out (RFC 7671 9; R97)",
	    STS_DEMAND_TLSA, "L", "mx1.example.com", "",
	    "3 1 1 " LEAF_KEY_256 "; 3 1 2 " NOBODY_512, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "agility: the stronger one counts", STS_DEMAND_TLSA, "L",
	    "mx1.example.com", "", "3 1 1 " NOBODY "; 3 1 2 " LEAF_KEY_512,
	    "ok", JUNE_2026_S },
	{ "agility: not across selectors", STS_DEMAND_TLSA, "L",
	    "mx1.example.com", "", "3 1 1 " LEAF_KEY_256 "; 3 0 2 " NOBODY_512,
	    "ok", JUNE_2026_S },
	{ "agility: not across usages", STS_DEMAND_TLSA, "L", "mx1.example.com",
	    "", "3 1 1 " LEAF_KEY_256 "; 2 1 2 " NOBODY_512, "ok",
	    JUNE_2026_S },
	{ "agility: full data stays", STS_DEMAND_TLSA, "L", "mx1.example.com",
	    "", "3 1 0 " LEAF_KEY "; 3 1 2 " NOBODY_512, "ok", JUNE_2026_S },
	{ "agility: usage 2, too", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "2 1 1 " CA_KEY_256 "; 2 1 2 " NOBODY_512, "tlsa-mismatch",
	    JUNE_2026_S },

	{ "2 0 1", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "2 0 1 " CA_256, "ok", JUNE_2026_S },
	{ "2 1 1", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "2 1 1 " CA_KEY_256, "ok", JUNE_2026_S },
	{ "2 1 2", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "2 1 2 " CA_KEY_512, "ok", JUNE_2026_S },
	{ "2 1 0", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "2 1 0 " CA_KEY, "ok", JUNE_2026_S },
	{ "usage 2 asks for a name (RFC 7672 3.1.2)", STS_DEMAND_TLSA, "LC",
	    "mx2.example.com", "", "2 0 1 " CA_256, "x509-name-mismatch",
	    JUNE_2026_S },
	{ "the domain is a reference name (RFC 7672 3.2.2)", STS_DEMAND_TLSA,
	    "LC", "mx2.example.com", "mx1.example.com", "2 0 1 " CA_256, "ok",
	    JUNE_2026_S },
	{ "an invalid reference name is passed over", STS_DEMAND_TLSA, "LC",
	    "_mx.example.com", "mx1.example.com", "2 0 1 " CA_256, "ok",
	    JUNE_2026_S },
	{ "usage 2 asks for dates", STS_DEMAND_TLSA, "LC", "mx1.example.com",
	    "", "2 0 1 " CA_256, "x509-expired", JUNE_2026_S + YEAR_S },
	{ "usage 2 asks for dates of the anchor, too", STS_DEMAND_TLSA, "LF",
	    "mx1.example.com", "", "2 1 1 " CA_KEY_256, "x509-not-yet-valid",
	    JUNE_2026_S },
	{ "an anchor that is not valid yet costs the others nothing",
	    STS_DEMAND_TLSA, "LFC", "mx1.example.com", "", "2 1 1 " CA_KEY_256,
	    "ok", JUNE_2026_S },
	{ "without the time nobody knows whether it is valid", STS_DEMAND_TLSA,
	    "LF", "mx1.example.com", "", "2 1 1 " CA_KEY_256, "no-clock", -1 },
	{ "usage 2 asks for the time", STS_DEMAND_TLSA, "LC", "mx1.example.com",
	    "", "2 0 1 " CA_256, "no-clock", -1 },
	{ "the anchor must be sent (RFC 7672 3.1.2)", STS_DEMAND_TLSA, "L",
	    "mx1.example.com", "", "2 0 1 " CA_256, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "another anchor", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "2 0 1 " NOBODY, "tlsa-mismatch", JUNE_2026_S },
	{ "a WebPKI root is no anchor for usage 2", STS_DEMAND_TLSA, "LC",
	    "mx1.example.com", "", "2 1 1 " NOBODY, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "the server's own certificate is no anchor", STS_DEMAND_TLSA, "LC",
	    "mx1.example.com", "", "2 0 1 " LEAF_256, "tlsa-mismatch",
	    JUNE_2026_S },
	{ "the server's own certificate sent twice is no anchor",
	    STS_DEMAND_TLSA, "LLC", "mx1.example.com", "", "2 0 1 " LEAF_256,
	    "tlsa-mismatch", JUNE_2026_S },
	{ "an anchor that signed nothing here", STS_DEMAND_TLSA, "BC",
	    "mx1.example.com", "", "2 0 1 " CA_256, "x509-bad-signature",
	    JUNE_2026_S },
	{ "3 wrong, 2 right", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "3 1 1 " NOBODY "; 2 0 1 " CA_256, "ok", JUNE_2026_S },
	{ "2 wrong, 3 right", STS_DEMAND_TLSA, "LC", "mx1.example.com", "",
	    "2 1 1 " NOBODY "; 3 1 1 " LEAF_KEY_256, "ok", JUNE_2026_S },
};

static enum sts_why
judge_case(unsigned i)
{
	struct sts_text chain[CHAIN_MAX];
	struct sts_demand d;
	unsigned count = read_chain(cases[i].chain, chain);

	memset(&d, 0, sizeof d);
	read_records(cases[i].records);
	d.kind = (uint8_t)cases[i].kind;
	d.why = d.kind == STS_DEMAND_SKIP ? STS_WHY_DNS_SERVFAIL : STS_WHY_NONE;
	d.host = d.base = unit_span(cases[i].base);
	d.names[1] = unit_span(cases[i].other);
	d.records = sts_text(records.bytes, records.len);
	sts_judge_begin(&judge, &d, chain, count, &roots, cases[i].wall_s);
	while (sts_judge_pending(&judge)) {
		sts_judge_work(&judge);
	}
	return sts_judge_verdict(&judge);
}

START_TEST(a_chain_is_judged_by_what_is_demanded)
{
	load();
	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		unit_text(cases[i].name,
		    unit_span(sts_why_token(judge_case(i))), cases[i].want);
	}
}
END_TEST

/* No step looks at more than one record, as each record hashes all
 * certificates. */
START_TEST(a_step_judges_one_record)
{
	struct sts_text chain[CHAIN_MAX];
	struct sts_demand d;
	unsigned works = 0;

	load();
	memset(&d, 0, sizeof d);
	read_records("3 1 1 " NOBODY "; 2 0 1 " NOBODY "; 3 0 1 " NOBODY);
	d.kind = STS_DEMAND_TLSA;
	d.host = d.base = unit_span("mx1.example.com");
	d.records = sts_text(records.bytes, records.len);
	sts_judge_begin(
	    &judge, &d, chain, read_chain("LC", chain), &roots, JUNE_2026_S);
	while (sts_judge_pending(&judge)) {
		sts_judge_work(&judge);
		works++;
	}
	unit_int("steps after the first", works, 3);
	unit_int("verdict", sts_judge_verdict(&judge), STS_WHY_TLSA_MISMATCH);
}
END_TEST

/* What comes before the key of a certificate, and the key. */
#define SERIAL "\x02\x01\x01"
#define FOUR "\x30\x00\x30\x00\x30\x00\x30\x00"
#define KEY "\x30\x02\x05\x00"
#define BYTES(s) (s), sizeof(s) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	bool has_key;
} shapes[] = {
	{ "the least there may be", BYTES("\x30\x11\x30\x0f" SERIAL FOUR KEY),
	    true },
	{ "with a version",
	    BYTES("\x30\x16\x30\x14\xa0\x03\x02\x01\x02" SERIAL FOUR KEY),
	    true },
	{ "with more after the key",
	    BYTES("\x30\x13\x30\x11" SERIAL FOUR KEY "\xa3\x00"), true },
	{ "an octet after the certificate",
	    BYTES("\x30\x11\x30\x0f" SERIAL FOUR KEY "x"), false },
	{ "an empty certificate", BYTES("\x30\x00"), false },
	{ "no serial number", BYTES("\x30\x0e\x30\x0c" FOUR KEY), false },
	{ "no subject",
	    BYTES("\x30\x0d\x30\x0b" SERIAL "\x30\x00\x30\x00\x30\x00"
		  "\x05\x00"),
	    false },
	{ "no key", BYTES("\x30\x0d\x30\x0b" SERIAL FOUR), false },
	{ "a key of another type",
	    BYTES("\x30\x11\x30\x0f" SERIAL FOUR "\x31\x02\x05\x00"), false },
	{ "a length in more octets than it needs",
	    BYTES("\x30\x81\x11\x30\x0f" SERIAL FOUR KEY), false },
	{ "a length in more octets, with a leading zero",
	    BYTES("\x30\x82\x00\x11\x30\x0f" SERIAL FOUR KEY), false },
	{ "a long length with a leading zero",
	    BYTES("\x30\x82\x00\x81\x30\x0f"), false },
	{ "an indefinite length",
	    BYTES("\x30\x80\x30\x0f" SERIAL FOUR KEY "\x00\x00"), false },
	{ "a length of four octets",
	    BYTES("\x30\x84\x00\x00\x00\x11\x30\x0f" SERIAL FOUR KEY), false },
	{ "a length that is cut", BYTES("\x30\x82\x01"), false },
};

/* The walk to the key is strict: another reader than the one that TLS uses
 * could be shown another key. */
START_TEST(the_key_is_found_in_strict_der_only)
{
	for (size_t i = 0; i < UNIT_COUNT(shapes); i++) {
		struct sts_text key,
		    t = sts_text(
			unit_at_page_end(shapes[i].bytes, shapes[i].len),
			shapes[i].len);

		unit_int(
		    shapes[i].name, sts_x509_spki(t, &key), shapes[i].has_key);
		if (shapes[i].has_key) {
			ck_assert_uint_eq(key.n, 4);
			ck_assert_mem_eq(key.p, KEY, 4);
		}
	}
}
END_TEST

/* The key of a certificate is found in it alone, complete and unchanged. If any
 * octet of a header is changed, no key is found elsewhere. */
START_TEST(the_key_is_found_in_its_certificate_only)
{
	static const uint8_t headers[] = { 0, 1, 4, 5 };
	struct sts_text key;

	load();
	ck_assert(sts_x509_spki(leaf, &key));
	ck_assert_uint_eq(key.n, strlen(LEAF_KEY) / 2);
	for (size_t n = 0; n < leaf.n; n++) {
		uint8_t *cut = unit_at_page_end(leaf.p, n);

		ck_assert(!sts_x509_spki(sts_text(cut, n), &key));
	}
	for (unsigned i = 0; i < sizeof headers; i++) {
		memcpy(der[2], leaf.p, leaf.n);
		der[2][headers[i]] ^= 0x40;
		ck_assert(!sts_x509_spki(sts_text(der[2], leaf.n), &key));
	}
	ck_assert(!sts_x509_tlsa_match(leaf, 2, 1, unit_span("x")));
	ck_assert(!sts_x509_tlsa_match(leaf, 0, 3, leaf));
	ck_assert(sts_x509_tlsa_match(leaf, 0, 0, leaf));
	ck_assert(!sts_x509_tlsa_match(
	    sts_text(leaf.p, 0), 0, 0, sts_text(leaf.p, 0)));
}
END_TEST

/* Records without room change nothing, and a cut record is not read. */
START_TEST(records_without_room_change_nothing)
{
	static uint8_t big[STS_DANE_RECORDS];
	static const size_t lens[] = { STS_DANE_RECORDS - 6,
		STS_DANE_RECORDS - 5, STS_DANE_RECORDS - 4 };

	for (unsigned i = 0; i < UNIT_COUNT(lens); i++) {
		struct sts_tlsa t = { 3, 0, 0, { big, lens[i] } }, back;
		struct sts_text packed;
		bool fits = lens[i] <= STS_DANE_RECORDS - 5;

		records.len = 0;
		unit_int("whether a record fits",
		    sts_dane_record_put(&records, &t), fits);
		unit_int("octets of records", records.len,
		    fits ? (int)lens[i] + 5 : 0);
		packed = sts_text(records.bytes, records.len);
		unit_int(
		    "records read", sts_dane_record_next(&packed, &back), fits);
		unit_int("octets left", (int)packed.n, 0);
		packed = sts_text(
		    records.bytes, records.len > 0 ? records.len - 1U : 0);
		unit_int("whether a cut record is read",
		    sts_dane_record_next(&packed, &back), 0);
	}
}
END_TEST

/* An anchor for which there is no room vouches for nothing. */
START_TEST(an_anchor_without_room_vouches_for_nothing)
{
	static uint8_t room[4096];
	struct sts_x509 *x = (struct sts_x509 *)judge.x509;
	size_t size;
	bool early;

	load();
	size = sts_x509_own_anchor(
	    x, ca, JUNE_2026_S, &early, sts_span(room, sizeof room));
	ck_assert_uint_gt(size, 0);
	ck_assert_uint_le(size, STS_JUDGE_ANCHORS);
	unit_int("room for exactly the anchor",
	    (int)sts_x509_own_anchor(
		x, ca, JUNE_2026_S, &early, sts_span(room, size)),
	    (int)size);
	unit_int("room for one octet less",
	    (int)sts_x509_own_anchor(
		x, ca, JUNE_2026_S, &early, sts_span(room, size - 1)),
	    0);
	unit_int("octets that are no certificate",
	    (int)sts_x509_own_anchor(x, unit_span("nothing"), JUNE_2026_S,
		&early, sts_span(room, sizeof room)),
	    0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_chain_is_judged_by_what_is_demanded);
	tcase_add_test(tc, a_step_judges_one_record);
	tcase_add_test(tc, the_key_is_found_in_strict_der_only);
	tcase_add_test(tc, the_key_is_found_in_its_certificate_only);
	tcase_add_test(tc, records_without_room_change_nothing);
	tcase_add_test(tc, an_anchor_without_room_vouches_for_nothing);
}
