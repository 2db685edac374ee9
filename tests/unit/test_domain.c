/* SPDX-License-Identifier: MIT */
/* core/grammar/domain and core/grammar/idna: look-up keys; core/base/utf8. */
#include <stdio.h>
#include <string.h>

#include "../../core/base/utf8.h"
#include "../../core/grammar/domain.h"
#include "../../core/grammar/idna.h"
#include "unit.h"

const char unit_name[] = "domain";

#define S(text) text, sizeof text - 1
#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"
#define L52 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxy"
#define N244 L63 "." L63 "." L63 "." L52

/* `want`: the domain, then "[]" when it was bracketed and the port when there
 * is one; or the token of the reason. */
static const struct {
	const char *name, *in;
	size_t n;
	const char *want;
} keys[] = {
	{ "domain", S("example.com"), "example.com" },
	{ "capitals", S("EXAMPLE.Com"), "example.com" },
	{ "single label", S("localhost"), "localhost" },
	{ "digits first", S("1.example"), "1.example" },
	{ "final dot", S("example.com."), "example.com" },
	{ "two final dots", S("example.com.."), "key-invalid" },
	{ "two dots", S("a..b"), "key-invalid" },
	{ "empty", S(""), "key-empty" },

	{ "R75 parent", S(".example.com"), "key-parent" },
	{ "R75 parent of one label", S(".com"), "key-parent" },
	{ "R75 dot", S("."), "key-parent" },
	{ "R75 parent in brackets", S("[.example.com]"), "key-invalid" },

	{ "R74 brackets", S("[relay.example]"), "relay.example []" },
	{ "R74 brackets and port", S("[relay.example]:587"),
	    "relay.example [] 587" },
	{ "R74 brackets and service", S("[Relay.example]:submission"),
	    "relay.example [] 587" },
	{ "R74 brackets and final dot", S("[relay.example.]:25"),
	    "relay.example [] 25" },
	{ "R74 port", S("relay.example:2525"), "relay.example 2525" },
	{ "R74 final dot and port", S("relay.example.:25"),
	    "relay.example 25" },
	{ "R74 smtp", S("a.example:smtp"), "a.example 25" },
	{ "R74 submissions", S("a.example:SUBMISSIONS"), "a.example 465" },
	{ "R74 smtps", S("a.example:smtps"), "a.example 465" },
	{ "R74 other service", S("a.example:x-400"), "a.example ?" },
	{ "R74 port 1", S("a.example:1"), "a.example 1" },
	{ "R74 port 65535", S("a.example:65535"), "a.example 65535" },
	{ "R74 port 65536", S("a.example:65536"), "key-invalid" },
	{ "R74 port 0", S("a.example:0"), "key-invalid" },
	{ "R74 port of six digits", S("a.example:000025"), "key-invalid" },
	{ "R74 port empty", S("a.example:"), "key-invalid" },
	{ "R74 port empty after brackets", S("[a.example]:"), "key-invalid" },
	{ "R74 port signed", S("a.example:+25"), "key-invalid" },
	{ "R74 service with a hyphen first", S("a.example:-x"), "key-invalid" },
	{ "R74 service with a dot", S("a.example:a.b"), "key-invalid" },
	{ "R74 service of 63", S("a.example:" L63), "a.example ?" },
	{ "R74 service of 64", S("a.example:" L63 "9"), "key-invalid" },
	{ "R74 empty service", S("a.example:"), "key-invalid" },
	{ "R74 no host", S(":25"), "key-invalid" },
	{ "R74 brackets empty", S("[]"), "key-invalid" },
	{ "R74 bracket open", S("[a.example"), "key-invalid" },
	{ "R74 bracket alone", S("["), "key-invalid" },
	{ "R74 bracket closed only", S("a.example]"), "key-invalid" },
	{ "R74 text after brackets", S("[a.example]25"), "key-invalid" },
	{ "R74 two brackets", S("[[a.example]]"), "key-invalid" },
	{ "R74 port in brackets", S("[a.example:25]"), "key-invalid" },
	{ "R74 two ports", S("a.example:25:25"), "key-invalid" },

	{ "IPv4", S("192.0.2.1"), "key-address" },
	{ "IPv4 and port", S("192.0.2.1:25"), "key-address" },
	{ "IPv4 in brackets", S("[192.0.2.1]"), "key-address" },
	{ "IPv4 in brackets and port", S("[192.0.2.1]:25"), "key-address" },
	{ "IPv4 with zeros", S("000.000.000.000"), "key-address" },
	{ "IPv4 out of range", S("192.0.2.256"), "key-invalid" },
	{ "IPv4 of three numbers", S("192.0.2"), "key-invalid" },
	{ "IPv4 of five numbers", S("192.0.2.1.1"), "key-invalid" },
	{ "IPv4 with a final dot", S("192.0.2.1."), "key-invalid" },
	{ "a number", S("10"), "key-invalid" },
	{ "name that ends in a number", S("a.10"), "key-invalid" },
	{ "IPv6", S("2001:db8::1"), "key-address" },
	{ "IPv6 of nothing", S("::"), "key-address" },
	{ "IPv6 in capitals", S("2001:DB8::A"), "key-address" },
	{ "IPv6 with IPv4", S("::ffff:192.0.2.1"), "key-address" },
	{ "IPv6 with a zone", S("fe80::1%eth0"), "key-address" },
	{ "IPv6 in brackets", S("[2001:db8::1]"), "key-address" },
	{ "IPv6 in brackets and port", S("[::1]:25"), "key-address" },
	{ "IPv6 tagged", S("[IPv6:2001:db8::1]"), "key-address" },
	{ "IPv6 tagged, any case, any text", S("[ipv6:x]"), "key-address" },
	{ "IPv6 tag alone is a name", S("[ipv6]"), "ipv6 []" },
	{ "two colons and no address", S("inet:a.example:24"), "key-invalid" },

	{ "path", S("/var/run/lmtp"), "key-invalid" },
	{ "path with its type", S("unix:/var/run/lmtp"), "key-invalid" },
	{ "blank", S("a b.example"), "key-invalid" },
	{ "blank last", S("a.example "), "key-invalid" },
	{ "underscore", S("_mta-sts.example"), "key-invalid" },
	{ "asterisk", S("*.example"), "key-invalid" },
	{ "address", S("user@a.example"), "key-invalid" },
	{ "hyphen first", S("-a.example"), "key-invalid" },
	{ "hyphen last", S("a-.example"), "key-invalid" },
	{ "NUL", S("a\0.example"), "key-invalid" },
	{ "NUL last", S("a.example\0"), "key-invalid" },
	{ "K7 newline", S("a.example\n"), "key-invalid" },
	{ "K7 brace", S("a}.example"), "key-invalid" },

	{ "R1 244 octets", S(N244), N244 },
	{ "R1 244 octets and a final dot", S(N244 "."), N244 },
	{ "R1 244 octets in brackets", S("[" N244 "]:25"), N244 " [] 25" },
	{ "R1 245 octets", S(N244 "z"), "key-long" },
	{ "R1 245 octets, another label", S(L63 "." L63 "." L63 "." L52 ".z"),
	    "key-long" },
	{ "R1 far too long", S(N244 "." N244 "." N244 "." N244), "key-long" },
	{ "label of 63", S(L63 ".example"), L63 ".example" },
	{ "label of 64", S(L63 "9.example"), "key-invalid" },

	{ "R38 U-label",
	    S("b\xc3\xbc"
	      "cher.example"),
	    "xn--bcher-kva.example" },
	{ "R38 capitals of Latin-1",
	    S("B\xc3\x9c"
	      "CHER.EXAMPLE"),
	    "xn--bcher-kva.example" },
	{ "R38 every label",
	    S("\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.\xd1\x80\xd1\x84"),
	    "xn--80a1acny.xn--p1ai" },
	{ "R38 capitals of Cyrillic",
	    S("\xd0\x9f\xd0\x9e\xd0\xa7\xd0\xa2\xd0\x90.\xd0\xa0\xd0\xa4"),
	    "xn--80a1acny.xn--p1ai" },
	{ "R38 sharp s stays", S("fa\xc3\x9f.example"), "xn--fa-hia.example" },
	{ "R38 final sigma stays",
	    S("\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.example"),
	    "xn--nxasmm1c.example" },
	{ "R38 ideographic dot",
	    S("a\xe3\x80\x82"
	      "example"),
	    "a.example" },
	{ "R38 full-width dot",
	    S("a\xef\xbc\x8e"
	      "example"),
	    "a.example" },
	{ "R38 half-width dot",
	    S("a\xef\xbd\xa1"
	      "example"),
	    "a.example" },
	{ "R38 ideographic dot last", S("a.example\xe3\x80\x82"), "a.example" },
	{ "R38 ideographic dot first",
	    S("\xe3\x80\x82"
	      "example"),
	    "key-invalid" },
	{ "R38 in brackets with a port",
	    S("[b\xc3\xbc"
	      "cher.example]:25"),
	    "xn--bcher-kva.example [] 25" },
	{ "R38 A-label is opaque", S("XN--0.example"), "xn--0.example" },
	{ "R38 A-label with a U-label", S("xn--\xc3\xbc.example"),
	    "key-invalid" },
	{ "R38 hyphens in places 3 and 4", S("ab--\xc3\xbc.example"),
	    "key-invalid" },
	{ "R38 a hyphen in place 3", S("ab-\xc3\xbc.example"),
	    "xn--ab--joa.example" },
	{ "R38 hyphens there in ASCII", S("r3---sn.example"),
	    "r3---sn.example" },
	{ "R38 hyphen first", S("-\xc3\xbc.example"), "key-invalid" },
	{ "R38 hyphen last", S("\xc3\xbc-.example"), "key-invalid" },
	{ "R38 hyphen inside", S("\xc3\xbc-a.example"), "xn---a-wka.example" },
	{ "R38 underscore beside a U-label", S("_\xc3\xbc.example"),
	    "key-invalid" },
	{ "R38 combining mark first", S("\xcc\x88u.example"), "key-invalid" },
	{ "R38 not NFC", S("u\xcc\x88.example"), "key-invalid" },
	{ "R38 C1 control", S("a\xc2\x85.example"), "key-invalid" },
	{ "R38 no-break space", S("a\xc2\xa0.example"), "key-invalid" },
	{ "R38 soft hyphen", S("a\xc2\xad.example"), "key-invalid" },
	{ "R38 multiplication sign", S("a\xc3\x97.example"), "key-invalid" },
	{ "R38 joiner", S("a\xe2\x80\x8d.example"), "key-invalid" },
	{ "R38 right-to-left override", S("a\xe2\x80\xae.example"),
	    "key-invalid" },
	{ "R38 full-width letter", S("\xef\xbd\x81.example"), "key-invalid" },
	{ "R38 private use", S("\xee\x80\x80.example"), "key-invalid" },
	{ "R38 emoji", S("\xf0\x9f\x98\x80.example"), "key-invalid" },
	{ "R38 plane 2", S("\xf0\xa0\x80\x80.example"), "xn--j50i.example" },
	{ "R38 plane 4", S("\xf1\x80\x80\x80.example"), "key-invalid" },
	{ "R38 Latin-1 bytes",
	    S("b\xfc"
	      "cher.example"),
	    "key-invalid" },
	{ "R38 overlong dot",
	    S("a\xc0\xae"
	      "example"),
	    "key-invalid" },
	{ "R38 cut short", S("a.example\xc3"), "key-invalid" },
	{ "R38 cut short after a letter", S("\xc3\xbc\xc3.example"),
	    "key-invalid" },
	{ "R38 cut short by a dot", S("a\xe3\x80.example"), "key-invalid" },
};

START_TEST(key_table)
{
	for (size_t i = 0; i < UNIT_COUNT(keys); i++) {
		size_t n = keys[i].n;
		struct sts_key k;
		enum sts_why why = sts_key_parse(
		    &k, sts_text(unit_at_page_end(keys[i].in, n), n));
		char text[400], port[16] = "";

		if (why != STS_WHY_NONE) {
			unit_text(keys[i].name, unit_span(sts_why_token(why)),
			    keys[i].want);
			continue;
		}
		unit_int(
		    keys[i].name, (long long)strlen((char *)k.domain), k.len);
		if (k.port != 0) {
			snprintf(port, sizeof port, " %u", k.port);
		}
		if (k.ported && k.port == 0) {
			snprintf(port, sizeof port, " ?");
		}
		snprintf(text, sizeof text, "%s%s%s", (char *)k.domain,
		    k.bracketed ? " []" : "", port);
		unit_text(keys[i].name, unit_span(text), keys[i].want);
	}
}
END_TEST

/* The samples of RFC 3492 7.1 that are names, capitals folded. Those with
 * leading or final hyphens are no labels. */
static const struct {
	const char *name;
	uint32_t points[32];
	const char *want;
} samples[] = {
	{ "(A) Arabic",
	    { 0x0644, 0x064A, 0x0647, 0x0645, 0x0627, 0x0628, 0x062A, 0x0643,
		0x0644, 0x0645, 0x0648, 0x0634, 0x0639, 0x0631, 0x0628, 0x064A,
		0x061F },
	    "xn--egbpdaj6bu4bxfgehfvwxn" },
	{ "(B) Chinese, simplified",
	    { 0x4ED6, 0x4EEC, 0x4E3A, 0x4EC0, 0x4E48, 0x4E0D, 0x8BF4, 0x4E2D,
		0x6587 },
	    "xn--ihqwcrb4cv8a8dqg056pqjye" },
	{ "(C) Chinese, traditional",
	    { 0x4ED6, 0x5011, 0x7232, 0x4EC0, 0x9EBD, 0x4E0D, 0x8AAA, 0x4E2D,
		0x6587 },
	    "xn--ihqwctvzc91f659drss3x8bo0yb" },
	{ "(D) Czech",
	    { 0x0050, 0x0072, 0x006F, 0x010D, 0x0070, 0x0072, 0x006F, 0x0073,
		0x0074, 0x011B, 0x006E, 0x0065, 0x006D, 0x006C, 0x0075, 0x0076,
		0x00ED, 0x010D, 0x0065, 0x0073, 0x006B, 0x0079 },
	    "xn--proprostnemluvesky-uyb24dma41a" },
	{ "(E) Hebrew",
	    { 0x05DC, 0x05DE, 0x05D4, 0x05D4, 0x05DD, 0x05E4, 0x05E9, 0x05D5,
		0x05D8, 0x05DC, 0x05D0, 0x05DE, 0x05D3, 0x05D1, 0x05E8, 0x05D9,
		0x05DD, 0x05E2, 0x05D1, 0x05E8, 0x05D9, 0x05EA },
	    "xn--4dbcagdahymbxekheh6e0a7fei0b" },
	{ "(F) Hindi",
	    { 0x092F, 0x0939, 0x0932, 0x094B, 0x0917, 0x0939, 0x093F, 0x0928,
		0x094D, 0x0926, 0x0940, 0x0915, 0x094D, 0x092F, 0x094B, 0x0902,
		0x0928, 0x0939, 0x0940, 0x0902, 0x092C, 0x094B, 0x0932, 0x0938,
		0x0915, 0x0924, 0x0947, 0x0939, 0x0948, 0x0902 },
	    "xn--i1baa7eci9glrd9b2ae1bj0hfcgg6iyaf8o0a1dig0cd" },
	{ "(G) Japanese",
	    { 0x306A, 0x305C, 0x307F, 0x3093, 0x306A, 0x65E5, 0x672C, 0x8A9E,
		0x3092, 0x8A71, 0x3057, 0x3066, 0x304F, 0x308C, 0x306A, 0x3044,
		0x306E, 0x304B },
	    "xn--n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa" },
	{ "(I) Russian",
	    { 0x043F, 0x043E, 0x0447, 0x0435, 0x043C, 0x0443, 0x0436, 0x0435,
		0x043E, 0x043D, 0x0438, 0x043D, 0x0435, 0x0433, 0x043E, 0x0432,
		0x043E, 0x0440, 0x044F, 0x0442, 0x043F, 0x043E, 0x0440, 0x0443,
		0x0441, 0x0441, 0x043A, 0x0438 },
	    "xn--b1abfaaepdrnnbgefbadotcwatmq2g4l" },
	{ "(K) Vietnamese",
	    { 0x0054, 0x1EA1, 0x0069, 0x0073, 0x0061, 0x006F, 0x0068, 0x1ECD,
		0x006B, 0x0068, 0x00F4, 0x006E, 0x0067, 0x0074, 0x0068, 0x1EC3,
		0x0063, 0x0068, 0x1EC9, 0x006E, 0x00F3, 0x0069, 0x0074, 0x0069,
		0x1EBF, 0x006E, 0x0067, 0x0056, 0x0069, 0x1EC7, 0x0074 },
	    "xn--tisaohkhngthchnitingvit-kjcr8268qyxafd2f1b9g" },
	{ "(L) digits first",
	    { 0x0033, 0x5E74, 0x0042, 0x7D44, 0x91D1, 0x516B, 0x5148, 0x751F },
	    "xn--3b-ww4c5e180e575a65lsy2b" },
	{ "(O) ASCII inside",
	    { 0x3072, 0x3068, 0x3064, 0x5C4B, 0x6839, 0x306E, 0x4E0B, 0x0032 },
	    "xn--2-u9tlzr9756bt3uc0v" },
	{ "(Q) katakana",
	    { 0x30D1, 0x30D5, 0x30A3, 0x30FC, 0x0064, 0x0065, 0x30EB, 0x30F3,
		0x30D0 },
	    "xn--de-jg4avhby1noc0d" },
	{ "(R) katakana alone",
	    { 0x305D, 0x306E, 0x30B9, 0x30D4, 0x30FC, 0x30C9, 0x3067 },
	    "xn--d9juau41awczczp" },
};

/* Encode a character; returns the number of bytes. */
static size_t
utf8(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

START_TEST(punycode_samples)
{
	for (size_t i = 0; i < UNIT_COUNT(samples); i++) {
		uint8_t in[128], out[STS_LABEL_MAX];
		size_t n = 0;

		for (size_t k = 0; samples[i].points[k] != 0; k++) {
			n += utf8(in + n, samples[i].points[k]);
		}
		n = sts_idna_label(out, sts_text(in, n));
		unit_text(samples[i].name, sts_text(out, n), samples[i].want);
	}
}
END_TEST

/* Pairs of a capital and its small letter, at the ends of the ranges. */
static const struct {
	uint32_t capital, small;
} pairs[] = {
	{ 0x00c0, 0x00e0 }, /* Latin-1 */
	{ 0x00d6, 0x00f6 },
	{ 0x00d8, 0x00f8 },
	{ 0x00de, 0x00fe },
	{ 0x0100, 0x0101 }, /* Latin Extended-A */
	{ 0x0136, 0x0137 },
	{ 0x0139, 0x013a },
	{ 0x0147, 0x0148 },
	{ 0x014a, 0x014b },
	{ 0x0176, 0x0177 },
	{ 0x0178, 0x00ff },
	{ 0x0179, 0x017a },
	{ 0x017d, 0x017e },
	{ 0x01cd, 0x01ce }, /* Latin Extended-B */
	{ 0x0218, 0x0219 },
	{ 0x0232, 0x0233 },
	{ 0x0386, 0x03ac }, /* Greek */
	{ 0x0388, 0x03ad },
	{ 0x038a, 0x03af },
	{ 0x038c, 0x03cc },
	{ 0x038e, 0x03cd },
	{ 0x038f, 0x03ce },
	{ 0x0391, 0x03b1 },
	{ 0x03a1, 0x03c1 },
	{ 0x03a3, 0x03c3 },
	{ 0x03ab, 0x03cb },
	{ 0x0400, 0x0450 }, /* Cyrillic */
	{ 0x040f, 0x045f },
	{ 0x0410, 0x0430 },
	{ 0x042f, 0x044f },
	{ 0x0460, 0x0461 },
	{ 0x0480, 0x0481 },
	{ 0x048a, 0x048b },
	{ 0x04be, 0x04bf },
	{ 0x04c0, 0x04cf },
	{ 0x04c1, 0x04c2 },
	{ 0x04cd, 0x04ce },
	{ 0x04d0, 0x04d1 },
	{ 0x052e, 0x052f },
	{ 0x0531, 0x0561 }, /* Armenian */
	{ 0x0556, 0x0586 },
	{ 0x1e00, 0x1e01 }, /* Latin Extended Additional */
	{ 0x1e94, 0x1e95 },
	{ 0x1ea0, 0x1ea1 },
	{ 0x1efe, 0x1eff },
};

static size_t
label_of(uint8_t out[STS_LABEL_MAX], uint32_t c)
{
	uint8_t in[8] = { 'a' };
	size_t n = 1 + utf8(in + 1, c);

	in[n] = 'b';
	return sts_idna_label(out, sts_text(in, n + 1));
}

START_TEST(folding)
{
	for (size_t i = 0; i < UNIT_COUNT(pairs); i++) {
		uint8_t capital[STS_LABEL_MAX], small[STS_LABEL_MAX];
		size_t n = label_of(capital, pairs[i].capital);

		ck_assert_uint_gt(n, 0);
		unit_int("length", (long long)label_of(small, pairs[i].small),
		    (long long)n);
		ck_assert_msg(memcmp(capital, small, n) == 0,
		    "U+%04X does not fold to U+%04X",
		    (unsigned)pairs[i].capital, (unsigned)pairs[i].small);
	}
}
END_TEST

/* No two characters make the same label unless one is the other's capital;
 * so a label of small letters comes from small letters only once. */
START_TEST(folding_is_one_to_one)
{
	enum {
		FIRST = 0x80,
		END = 0x3000
	};
	static uint8_t label[END - FIRST][STS_LABEL_MAX];
	static size_t len[END - FIRST];
	unsigned same = 0;

	for (uint32_t c = FIRST; c < END; c++) {
		len[c - FIRST] = label_of(label[c - FIRST], c);
	}
	for (size_t i = 0; i < UNIT_COUNT(pairs); i++) {
		uint32_t small = pairs[i].small - FIRST;

		for (uint32_t c = 0; c < END - FIRST; c++) {
			same += len[c] == len[small] &&
				memcmp(label[c], label[small], len[c]) == 0;
		}
	}
	ck_assert_uint_eq(same, 2 * UNIT_COUNT(pairs));
}
END_TEST

/* The more of one character, the longer the label, up to 63 octets; beyond,
 * and beyond 63 characters, there is none. */
START_TEST(label_limit)
{
	static const uint32_t alike[] = { 0xfc, 0x4e00, 0x3ffff };

	for (size_t i = 0; i < UNIT_COUNT(alike); i++) {
		uint8_t in[4 * 100], out[STS_LABEL_MAX];
		size_t n = 0, last = 0;

		for (unsigned count = 1; count <= 100; count++) {
			size_t len;

			n += utf8(in + n, alike[i]);
			len = sts_idna_label(
			    out, sts_text(unit_at_page_end(in, n), n));
			if (last < STS_LABEL_MAX) {
				ck_assert_uint_gt(len, last);
				last = len;
			} else {
				ck_assert_uint_eq(len, 0);
			}
		}
	}
}
END_TEST

/* Every character there is comes back; every surrogate and what is beyond
 * does not. */
START_TEST(utf8_all)
{
	for (uint32_t c = 0; c < 0x120000; c++) {
		uint8_t in[4];
		struct sts_utf8 u = { 0, 0, 0, 0 };
		size_t n = utf8(in, c);
		bool ok = true,
		     want = c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);

		/* Check counts each assertion in a file: only failures here. */
		for (size_t i = 0; ok && i < n; i++) {
			if (i > 0 && u.left != n - i) {
				ck_abort_msg(
				    "U+%04X: octets left", (unsigned)c);
			}
			ok = sts_utf8_byte(&u, in[i]);
		}
		if (ok != want || (ok && (u.left != 0 || u.point != c))) {
			ck_abort_msg("U+%04X", (unsigned)c);
		}
	}
}
END_TEST

/* The policy host of any domain that a key can be, up to the longest. */
START_TEST(policy_host)
{
	static const char *const domains[] = { "example.com", "localhost",
		N244 };

	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
		char want[STS_POLICY_HOST_MAX + 1];
		uint8_t out[STS_POLICY_HOST_MAX];
		size_t n = strlen(domains[i]);
		struct sts_text host = sts_domain_policy_host(
		    out, sts_text((const uint8_t *)domains[i], n));

		snprintf(want, sizeof want, "mta-sts.%s", domains[i]);
		ck_assert_uint_eq(host.n, strlen(want));
		ck_assert_mem_eq(host.p, want, host.n);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, key_table);
	tcase_add_test(tc, punycode_samples);
	tcase_add_test(tc, folding);
	tcase_add_test(tc, folding_is_one_to_one);
	tcase_add_test(tc, label_limit);
	tcase_add_test(tc, utf8_all);
	tcase_add_test(tc, policy_host);
}
