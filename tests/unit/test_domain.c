/* SPDX-License-Identifier: MIT */
/* core/grammar/domain and core/grammar/idna: the keys of lookups;
 * core/base/utf8. */
#include <stdio.h>
#include <string.h>

#include "../../core/base/sts_config.h"
#include "../../core/base/utf8.h"
#include "../../core/grammar/domain.h"
#include "../../core/grammar/idna.h"
#include "../../core/grammar/punycode.h"
#include "../../core/grammar/uts46.h"
#include "unit.h"

const char unit_name[] = "domain";

#define S(text) text, sizeof text - 1
#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"
#define L52 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxy"
#define N243                                                                   \
	L63 "." L63 "." L63 "."                                                \
	    "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwx"
#define N244 L63 "." L63 "." L63 "." L52

/* `want`: the domain, then "[]" if it was in brackets and the port if there is
 * one; or the token of the reason. */
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
	{ "R38 ideographic dot first",
	    S("\xe3\x80\x82"
	      "example"),
	    "key-unmapped" },
	{ "R38 in brackets with a port",
	    S("[b\xc3\xbc"
	      "cher.example]:25"),
	    "xn--bcher-kva.example [] 25" },
	{ "R38 A-label is opaque", S("XN--0.example"), "xn--0.example" },
	{ "R38 hyphens in places 3 and 4 of ASCII", S("r3---sn.example"),
	    "r3---sn.example" },
	{ "R38 a hyphen in place 3", S("ab-\xc3\xbc.example"),
	    "xn--ab--joa.example" },
	{ "R38 hyphen first", S("-\xc3\xbc.example"), "key-unmapped" },
	{ "R38 hyphen last", S("\xc3\xbc-.example"), "key-unmapped" },
	{ "R38 hyphen inside", S("\xc3\xbc-a.example"), "xn---a-wka.example" },
	{ "R38 Latin-1 bytes",
	    S("b\xfc"
	      "cher.example"),
	    "key-unmapped" },
	{ "R38 overlong dot",
	    S("a\xc0\xae"
	      "example"),
	    "key-unmapped" },
	{ "R38 surrogate", S("a\xed\xa0\x80.example"), "key-unmapped" },
	{ "R38 cut short", S("a.example\xc3"), "key-unmapped" },
	{ "R38 cut short after a letter", S("\xc3\xbc\xc3.example"),
	    "key-unmapped" },
	{ "R38 cut short by a dot", S("a\xe3\x80.example"), "key-unmapped" },
	{ "R38 port beyond ASCII", S("a.example:\xef\xbc\x92"),
	    "key-unmapped" },
	{ "R38 bracket open", S("[\xc3\xbc.example"), "key-unmapped" },
	{ "R38 parent", S(".\xef\xbd\x85xample.com"), "key-parent" },
	{ "R38 beside an IPv6 address", S("::1%\xc3\xbc"), "key-address" },
	{ "R38 label of 63", S(L52 "\xef\xbd\x81xxxxxxxxxx.example"),
	    L52 "axxxxxxxxxx.example" },
	{ "R38 label of 64", S(L52 "\xef\xbd\x81xxxxxxxxxxx.example"),
	    "key-unmapped" },
	{ "R38 244 octets", S(N243 "\xef\xbd\x81"), N243 "a" },
	{ "R38 245 octets", S(N243 "\xef\xbd\x81z"), "key-long" },

	/* The results of ICU 72, except for U+1E9E and for a final label that
	 * is empty. */
	{ "full-width letters", S("\xef\xbd\x85xample.com"), "example.com" },
	{ "full-width capitals and digits",
	    S("\xef\xbc\xa5\xef\xbc\xb8\xef\xbc\xa1\xef\xbc\xad\xef\xbc\xb0\xef"
	      "\xbc\xac\xef\xbc\xa5\xef\xbc\x91."
	      "\xef\xbc\xa3\xef\xbc\xaf\xef\xbc\xad"),
	    "example1.com" },
	{ "soft hyphen", S("exam\xc2\xadple.com"), "example.com" },
	{ "zero width space", S("exam\xe2\x80\x8bple.com"), "example.com" },
	{ "word joiner", S("exam\xe2\x81\xa0ple.com"), "example.com" },
	{ "byte order mark",
	    S("\xef\xbb\xbf"
	      "example.com"),
	    "example.com" },
	{ "variation selector",
	    S("ex\xef\xb8\x8f"
	      "ample.com"),
	    "example.com" },
	{ "combining grapheme joiner",
	    S("ex\xcd\x8f"
	      "ample.com"),
	    "example.com" },
	{ "variation selector of plane 14",
	    S("ex\xf3\xa0\x84\x80"
	      "ample.com"),
	    "example.com" },
	{ "NFD",
	    S("bu\xcc\x88"
	      "cher.example"),
	    "xn--bcher-kva.example" },
	{ "NFD capitals",
	    S("BU\xcc\x88"
	      "CHER.EXAMPLE"),
	    "xn--bcher-kva.example" },
	{ "soft hyphen inside NFD",
	    S("bu\xc2\xad\xcc\x88"
	      "cher.example"),
	    "xn--bcher-kva.example" },
	{ "full-width letter and mark",
	    S("b\xef\xbd\x95\xcc\x88"
	      "cher.example"),
	    "xn--bcher-kva.example" },
	{ "Kelvin sign",
	    S("\xe2\x84\xaa"
	      "elvin.example"),
	    "kelvin.example" },
	{ "Angstrom sign", S("\xe2\x84\xabngstrom.example"),
	    "xn--ngstrom-dxa.example" },
	{ "long s",
	    S("\xc5\xbf"
	      "a.example"),
	    "sa.example" },
	{ "mathematical letters", S("\xf0\x9d\x90\x84\xf0\x9d\x90\xb1.example"),
	    "ex.example" },
	{ "circled letters", S("\xe2\x93\x94\xe2\x93\xa7.example"),
	    "ex.example" },
	{ "superscript", S("e\xc2\xb2.example"), "e2.example" },
	{ "ligature fi", S("\xef\xac\x81x.example"), "fix.example" },
	{ "ligature ffl", S("\xef\xac\x84.example"), "ffl.example" },
	{ "ligature ij", S("\xc4\xb2.example"), "ij.example" },
	{ "digraph with caron", S("\xc7\x84.example"), "xn--d-toa.example" },
	{ "squared kHz", S("\xe3\x8e\x91.example"), "khz.example" },
	{ "Roman numeral", S("\xe2\x85\xa7.example"), "viii.example" },
	{ "dotted capital I", S("\xc4\xb0.example"), "xn--i-9bb.example" },
	{ "dotless i", S("\xc4\xb1.example"), "xn--cfa.example" },
	{ "capital sharp s",
	    S("stra\xe1\xba\x9e"
	      "e.example"),
	    "key-unmapped" },
	{ "sharp s",
	    S("stra\xc3\x9f"
	      "e.example"),
	    "xn--strae-oqa.example" },
	{ "final sigma", S("\xce\xb2\xcf\x8c\xce\xbb\xce\xbf\xcf\x82.example"),
	    "xn--nxasmm1c.example" },
	{ "U+0181", S("\xc6\x81.example"), "xn--mna.example" },
	{ "turned E", S("\xc6\x8e.example"), "xn--8ja.example" },
	{ "Georgian capital of old", S("\xe1\x82\xa0.example"),
	    "key-unmapped" },
	{ "Georgian Mtavruli", S("\xe1\xb2\x90.example"), "xn--lod.example" },
	{ "Cherokee", S("\xe1\x8e\xa0.example"), "xn--58d.example" },
	{ "Cherokee small", S("\xea\xad\xb0.example"), "xn--58d.example" },
	{ "Deseret", S("\xf0\x90\x90\x80.example"), "xn--hj8c.example" },
	{ "Adlam", S("\xf0\x9e\xa4\x80.example"), "xn--9d6h.example" },
	{ "palochka", S("\xd3\x80.example"), "key-unmapped" },
	{ "Greek with four parts",
	    S("\xce\xb1\xcc\x93\xcc\x80\xcd\x85.example"),
	    "xn--uxa380l.example" },
	{ "Greek composed", S("\xe1\xbe\x82.example"), "xn--uxa380l.example" },
	{ "Greek capital with iota", S("\xe1\xbe\x8a.example"),
	    "xn--uxa380l.example" },
	{ "marks in one order", S("a\xcc\xa3\xcc\x87.example"),
	    "xn--rsa542l.example" },
	{ "marks in the other order", S("a\xcc\x87\xcc\xa3.example"),
	    "xn--rsa542l.example" },
	{ "a mark between of a lower class", S("a\xcc\xb4\xcc\x81.example"),
	    "xn--1ca40j.example" },
	{ "a mark between of the same class",
	    S("a\xcc\x95\xcc\x95\xcc\x81.example"), "xn--1ca24ia.example" },
	{ "a mark between of the same class 2",
	    S("a\xcc\x82\xcc\xa8\xcc\x81.example"), "xn--2da03hca.example" },
	{ "a mark between that joins nothing, of the same class",
	    S("a\xcc\x8d\xcc\x81.example"), "xn--a-xbb9a.example" },
	{ "a mark between that joins nothing, of another",
	    S("a\xcc\x8d\xcc\xa3.example"), "xn--xsa332l.example" },
	{ "marks of two classes", S("e\xcc\xa7\xcc\x86.example"),
	    "xn--vgg.example" },
	{ "composition exclusion", S("\xe0\xa5\x98.example"),
	    "xn--11b2f.example" },
	{ "composition exclusion, decomposed",
	    S("\xe0\xa4\x95\xe0\xa4\xbc.example"), "xn--11b2f.example" },
	{ "singleton", S("\xe2\x84\xa6.example"), "xn--bya.example" },
	{ "Hangul, decomposed",
	    S("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab.example"),
	    "xn--6q8b.example" },
	{ "Hangul", S("\xed\x95\x9c.example"), "xn--6q8b.example" },
	{ "Hangul, partly decomposed", S("\xed\x95\x98\xe1\x86\xab.example"),
	    "xn--6q8b.example" },
	{ "Hangul twice trailing", S("\xed\x95\x9c\xe1\x86\xab.example"),
	    "xn--uud7031h.example" },
	{ "Hangul TBASE", S("\xed\x95\x98\xe1\x86\xa7.example"),
	    "xn--qud7031h.example" },
	{ "halfwidth Hangul", S("\xef\xbf\x82.example"), "xn--qsd.example" },
	{ "Hangul compatibility",
	    S("\xe3\x85\x8e\xe3\x85\x8f\xe3\x84\xb4.example"),
	    "xn--0pd7361h.example" },
	{ "half-width katakana", S("\xef\xbd\xb6\xef\xbe\x9e.example"),
	    "xn--mck.example" },
	{ "squared katakana", S("\xe3\x8c\x80.example"),
	    "xn--cckzd0a3n.example" },
	{ "compatibility ideograph", S("\xef\xa4\x80.example"),
	    "xn--oh3a.example" },
	{ "compatibility ideograph of plane 2", S("\xf0\xaf\xa0\x81.example"),
	    "xn--qiq.example" },
	{ "corrected ideograph", S("\xf0\xaf\xa1\xa8.example"),
	    "key-unmapped" },
	{ "plane 1 composition", S("\xf0\x91\x82\x99\xf0\x91\x82\xba.example"),
	    "xn--i40d.example" },
	{ "plane 1 musical", S("\xf0\x9d\x85\x9e.example"),
	    "xn--8e1h2a.example" },
	{ "Arabic presentation form", S("\xef\xba\x8f.example"),
	    "xn--ngb.example" },
	{ "Arabic of eighteen letters", S("\xef\xb7\xba.example"),
	    "key-unmapped" },
	{ "joiner", S("a\xe2\x80\x8d.example"), "xn--a-ugn.example" },
	{ "joiner after virama",
	    S("\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7.example"),
	    "xn--11b2ezcw70k.example" },
	{ "non-joiner",
	    S("a\xe2\x80\x8c"
	      "b.example"),
	    "xn--ab-j1t.example" },
	{ "right to left beside left",
	    S("\xd7\x90"
	      "a.example"),
	    "xn--a-zhc.example" },
	{ "emoji", S("\xf0\x9f\x98\x80.example"), "xn--e28h.example" },
	{ "emoji with selector", S("\xe2\x9d\xa4\xef\xb8\x8f.example"),
	    "xn--qei.example" },
	{ "multiplication sign", S("a\xc3\x97.example"), "xn--a-9ea.example" },
	{ "not equal", S("a=\xcc\xb8\xc3\xbc.example"),
	    "xn--a-eha757w.example" },
	{ "ideographic dots in ASCII",
	    S("a\xe3\x80\x82"
	      "example"),
	    "a.example" },
	{ "ideographic dots",
	    S("b\xc3\xbc"
	      "cher\xef\xbd\xa1"
	      "example\xe3\x80\x82"),
	    "xn--bcher-kva.example" },
	{ "two dots", S("\xc3\xbc\xe3\x80\x82.example"), "key-unmapped" },
	{ "one dot leader",
	    S("\xc3\xbc\xe2\x80\xa4"
	      "example"),
	    "key-unmapped" },
	{ "digit full stop",
	    S("\xe2\x92\x88"
	      "example"),
	    "key-unmapped" },
	{ "vertical ideographic dot",
	    S("\xc3\xbc\xef\xb8\x92"
	      "example"),
	    "key-unmapped" },
	{ "only what is ignored", S("\xc2\xad.example"), "key-unmapped" },
	{ "ignored label last", S("a.example.\xc2\xad"), "key-unmapped" },
	{ "ignored alone", S("\xc2\xad"), "key-unmapped" },
	{ "full-width A-label", S("\xef\xbd\x98n--bcher-kva.example"),
	    "xn--bcher-kva.example" },
	{ "A-label beside",
	    S("b\xc3\xbc"
	      "cher.xn--p1ai"),
	    "xn--bcher-kva.xn--p1ai" },
	{ "A-label in capitals beside",
	    S("b\xc3\xbc"
	      "cher.XN--P1AI"),
	    "xn--bcher-kva.xn--p1ai" },
	{ "invalid A-label beside", S("\xc3\xbc.xn--0"), "key-unmapped" },
	{ "A-label of ASCII beside", S("\xc3\xbc.xn--abc-"), "key-unmapped" },
	{ "A-label empty beside", S("\xc3\xbc.xn--"), "key-unmapped" },
	{ "A-label of a capital beside", S("\xc3\xbc.xn--bcher-2pa"),
	    "key-unmapped" },
	{ "A-label of NFD beside", S("\xc3\xbc.xn--bucher-xyd"),
	    "key-unmapped" },
	{ "A-label of full width beside", S("\xc3\xbc.xn--xample-hy68a"),
	    "key-unmapped" },
	{ "A-label of an unassigned beside", S("\xc3\xbc.xn--a-qib"),
	    "key-unmapped" },
	{ "A-label of a soft hyphen beside", S("\xc3\xbc.xn--a-vca1v"),
	    "key-unmapped" },
	{ "A-label of a mark first beside", S("\xc3\xbc.xn--u-bcb"),
	    "key-unmapped" },
	{ "A-label of a low line beside", S("\xc3\xbc.xn--a_-yka"),
	    "key-unmapped" },
	{ "A-label of an overflow", S("\xc3\xbc.xn--99999999"),
	    "key-unmapped" },
	{ "A-label of two prefixes", S("\xc3\xbc.xn--xn---epa"),
	    "key-unmapped" },
	{ "A-label with prefix and more", S("xn--\xc3\xbc.example"),
	    "key-unmapped" },
	{ "A-label long",
	    S("\xc3\xbc.xn--"
	      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    "key-unmapped" },
	{ "hyphens in places 3 and 4", S("ab--\xc3\xbc.example"),
	    "key-unmapped" },
	{ "hyphens there beside", S("\xc3\xbc.r3---sn.example"),
	    "key-unmapped" },
	{ "hyphens behind plane 1", S("\xf0\x9f\x98\x80--a.example"),
	    "key-unmapped" },
	{ "hyphens behind plane 1 and 1",
	    S("\xf0\x9f\x98\x80"
	      "a--.example"),
	    "key-unmapped" },
	{ "hyphens behind plane 1 at 4",
	    S("\xf0\x9f\x98\x80"
	      "b--a.example"),
	    "xn--b--a-u973c.example" },
	{ "two hyphens behind a pair of units",
	    S("a\xf0\x90\x90\xa8--b.example"), "xn--a--b-bl5y.example" },
	{ "less than the prefix: x", S("xa\xc3\xbc\xc3\xbc\xc3\xbc.example"),
	    "xn--xa-ykaaa.example" },
	{ "less than the prefix: xn", S("xna\xc3\xbc\xc3\xbc.example"),
	    "xn--xna-joaa.example" },
	{ "less than the prefix: xn-", S("xn-a\xc3\xbc.example"),
	    "xn--xn-a-3ra.example" },
	{ "full-width hyphen first",
	    S("\xef\xbc\x8d"
	      "a.example"),
	    "key-unmapped" },
	{ "full-width hyphens",
	    S("a\xef\xbc\x8d"
	      "b.example"),
	    "a-b.example" },
	{ "hyphen last beside", S("\xc3\xbc.a-.example"), "key-unmapped" },
	{ "mark first", S("\xcc\x88u.example"), "key-unmapped" },
	{ "mark first, after an ignored character",
	    S("\xc2\xad\xcc\x88u.example"), "key-unmapped" },
	{ "spacing mark first", S("\xe0\xa4\x83u.example"), "key-unmapped" },
	{ "spacing mark first that is decomposed", S("\xe0\xa7\x8b.example"),
	    "key-unmapped" },
	{ "full-width low line",
	    S("a\xef\xbc\xbf"
	      "b.example"),
	    "key-unmapped" },
	{ "low line beside", S("_dmarc.\xc3\xbc.example"), "key-unmapped" },
	{ "account of", S("\xe2\x84\x80.example"), "key-unmapped" },
	{ "full-width digits as an address",
	    S("\xef\xbc\x91\xef\xbc\x99\xef\xbc\x92.0.2.1"), "key-unmapped" },
	{ "address with wide dots",
	    S("192\xe3\x80\x82"
	      "0\xe3\x80\x82"
	      "2\xe3\x80\x82"
	      "1"),
	    "key-unmapped" },
	{ "number last", S("\xc3\xbc.\xef\xbc\x91\xef\xbc\x90"),
	    "key-unmapped" },
	{ "unassigned", S("\xcd\xb8.example"), "key-unmapped" },
	{ "assigned in 15.1", S("\xf0\xae\xaf\xb0.example"), "key-unmapped" },
	{ "assigned in 16", S("\xea\x9f\x8b.example"), "key-unmapped" },
	{ "noncharacter", S("\xef\xbf\xbf.example"), "key-unmapped" },
	{ "U+10FFFF", S("\xf4\x8f\xbf\xbf.example"), "key-unmapped" },
	{ "replacement character", S("\xef\xbf\xbd.example"), "key-unmapped" },
	{ "private use", S("\xee\x80\x80.example"), "key-unmapped" },
	{ "C1 control", S("a\xc2\x85.example"), "key-unmapped" },
	{ "no-break space", S("a\xc2\xa0.example"), "key-unmapped" },
	{ "ideographic space", S("a\xe3\x80\x80.example"), "key-unmapped" },
	{ "right-to-left override", S("a\xe2\x80\xae.example"),
	    "key-unmapped" },
	{ "tag", S("a\xf3\xa0\x81\xa1.example"), "key-unmapped" },
	{ "Hangul filler", S("\xe3\x85\xa4.example"), "key-unmapped" },
	{ "Mongolian soft hyphen",
	    S("\xe1\xa0\x86"
	      "a.example"),
	    "key-unmapped" },
	{ "ideographic description", S("\xe2\xbf\xb0.example"),
	    "key-unmapped" },
	{ "plane 2", S("\xf0\xa0\x80\x80.example"), "xn--j50i.example" },
	{ "plane 3", S("\xf0\xb0\x80\x80.example"), "xn--zn4n.example" },
	{ "plane 4", S("\xf1\x80\x80\x80.example"), "key-unmapped" },
	{ "brackets and port", S("[\xef\xbd\x85xample.com]:25"),
	    "example.com [] 25" },
};

/* What a board without the tables must answer. */
static const char *
want_of(const char *want, const uint8_t *in, size_t n)
{
	for (size_t i = 0; !STS_UTS46 && i < n; i++) {
		if (in[i] >= 0x80 && strcmp(want, "key-parent") != 0 &&
		    strcmp(want, "key-address") != 0) {
			return "key-unmapped";
		}
	}
	return want;
}

START_TEST(a_key_gives_its_domain_and_port)
{
	for (size_t i = 0; i < UNIT_COUNT(keys); i++) {
		size_t n = keys[i].n;
		const char *want =
		    want_of(keys[i].want, (const uint8_t *)keys[i].in, n);
		struct sts_key k;
		enum sts_why why = sts_key_parse(
		    &k, sts_text(unit_at_page_end(keys[i].in, n), n));
		char text[400], port[16] = "";

		if (why != STS_WHY_NONE) {
			unit_text(
			    keys[i].name, unit_span(sts_why_token(why)), want);
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
		unit_text(keys[i].name, unit_span(text), want);
	}
}
END_TEST

/* The samples of RFC 3492 7.1 that are names, with capitals folded. Those with
 * hyphens first or last are no labels. */
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

/* Encode a character. Returns the number of bytes. */
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

START_TEST(labels_are_encoded_as_rfc_3492_has_them)
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

/* What is no Punycode, or larger than any label's. */
START_TEST(punycode_refused)
{
	static const char *const texts[] = { "", "_", "{", "A", "9", "99",
		"99999b" /* a character over U+10FFFF */,
		"99999999" /* a number over 32 bits, */,
		"264193781m" /* and one that would wrap to a character */,
		"a-99999999999999" };

	for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
		uint32_t at[STS_LABEL_MAX];

		unit_int(texts[i],
		    (long)sts_punycode_decode(at, unit_span(texts[i])), 0);
	}
}
END_TEST

/* A character that comes apart into n has room, or is refused: at the end of
 * what is kept, for Hangul, which is decomposed by arithmetic, and others. */
START_TEST(no_room_for_points)
{
	static const struct {
		uint32_t point;
		size_t n;
	} rows[] = { { 'b', 1 }, { 'B', 1 }, { 0xe4, 2 }, { 0xfb03, 3 },
		{ 0xac00, 2 }, { 0xac01, 3 } };

	for (size_t i = 0; STS_UTS46 && i < UNIT_COUNT(rows); i++) {
		for (size_t room = 0; room < 5; room++) {
			struct {
				struct sts_uts46 u;
				uint32_t behind;
			} s;

			sts_uts46_init(&s.u);
			s.behind = 0xa5a5a5a5;
			while (s.u.count < STS_UTS46_POINTS - room) {
				ck_assert(sts_uts46_add(&s.u, 'a'));
			}
			unit_int("taken", sts_uts46_add(&s.u, rows[i].point),
			    room >= rows[i].n);
			ck_assert_uint_le(s.u.count, STS_UTS46_POINTS);
			ck_assert_uint_eq(s.behind, 0xa5a5a5a5);
		}
	}
}
END_TEST

/* Whether `a`, c and `b` make a label, and its key. */
static bool
label_with(struct sts_key *k, uint32_t c)
{
	uint8_t in[8] = { 'a' };
	size_t n = 1 + utf8(in + 1, c);
	enum sts_why why;

	in[n] = 'b';
	why = sts_key_parse(k, sts_text(in, n + 1));
	if (why != STS_WHY_NONE && why != STS_WHY_KEY_UNMAPPED) {
		ck_abort_msg("U+%04X: %s", (unsigned)c, sts_why_token(why));
	}
	return why == STS_WHY_NONE;
}

/* Parse the key again beside a label that is not ASCII, so that its A-labels
 * are decoded, mapped and encoded: it must come out unchanged. */
static bool
stays_itself(const struct sts_key *k)
{
	uint8_t in[STS_DOMAIN_MAX + 8];
	struct sts_key again;
	static const uint8_t other[] = { '.', 0xc3, 0xbc };
	static const char other_ascii[] = ".xn--tda";
	size_t n = k->len;

	memcpy(in, k->domain, n);
	memcpy(in + n, other, sizeof other);
	return sts_key_parse(&again, sts_text(in, n + sizeof other)) ==
		   STS_WHY_NONE &&
	       again.len == n + sizeof other_ascii - 1 &&
	       memcmp(again.domain, k->domain, n) == 0 &&
	       strcmp((char *)again.domain + n, other_ascii) == 0;
}

/*
 * Every character is mapped to a host name in lower case, which is mapped to
 * itself; otherwise the result is "cannot tell". The test compares how many
 * characters have a label, and a hash of all labels, with numbers for which
 * tests/icu found all labels to agree with ICU 72.
 */
START_TEST(every_character_is_mapped_or_unknown)
{
	uint32_t hash = 2166136261U, mapped = 0;

	for (uint32_t c = 0x80; c <= 0x10ffff; c++) {
		struct sts_key k;

		/* Check counts each assertion in a file: only failures here. */
		if (!label_with(&k, c)) {
			continue;
		}
		mapped++;
		if (!sts_name_valid(sts_text(k.domain, k.len)) ||
		    !stays_itself(&k)) {
			ck_abort_msg("U+%04X: %s", (unsigned)c, k.domain);
		}
		for (size_t i = 0; i < k.len; i++) {
			if (k.domain[i] != sts_lower(k.domain[i])) {
				ck_abort_msg("U+%04X: a capital", (unsigned)c);
			}
			hash = (hash ^ k.domain[i]) * 16777619U;
		}
		hash = (hash ^ c) * 16777619U;
	}
	unit_int("characters with a label", mapped, STS_UTS46 ? 148526 : 0);
	unit_int("hash of all labels", hash,
	    STS_UTS46 ? 2759526473LL : 2166136261LL);
}
END_TEST

/* The more of one character, the longer the label, up to 63 octets. Beyond
 * these, and beyond 63 characters, there is no label. */
START_TEST(a_label_has_63_octets_at_most)
{
	static const uint32_t alike[] = { 0xfc, 0x4e00, 0x323af };

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

/* Every character is read back. A surrogate is not, nor is anything beyond the
 * last character. */
START_TEST(every_character_is_read_back)
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

/* The policy host of any domain that a key can have, up to the longest. */
START_TEST(the_policy_host_of_the_longest_domain_fits)
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
	tcase_add_test(tc, a_key_gives_its_domain_and_port);
	tcase_add_test(tc, labels_are_encoded_as_rfc_3492_has_them);
	tcase_add_test(tc, punycode_refused);
	tcase_add_test(tc, no_room_for_points);
	tcase_add_test(tc, every_character_is_mapped_or_unknown);
	tcase_add_test(tc, a_label_has_63_octets_at_most);
	tcase_add_test(tc, every_character_is_read_back);
	tcase_add_test(tc, the_policy_host_of_the_longest_domain_fits);
}
