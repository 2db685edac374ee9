/* SPDX-License-Identifier: MIT */
/* tls/tls_lists: Certificate and CertificateRequest, octet by octet. */
#include <stdio.h>

#include "../../tls/tls_lists.h"
#include "unit.h"

const char unit_name[] = "tls lists";

#define S(text) text, sizeof text - 1

/* `len`: as the message's header has it; 0: as long as it is. `want`: its
 * certificates in hex, each ended by a full stop, then "done", "more", or the
 * number of the alert. */
static const struct {
	const char *name;
	bool request;
	uint16_t version;
	const char *in;
	size_t n;
	uint32_t len;
	const char *want;
} cases[] = {
	{ "1.2, one", false, STS_TLS_12, S("\0\0\4\0\0\1\xaa"), 0, "aa.done" },
	{ "1.2, two", false, STS_TLS_12, S("\0\0\11\0\0\1\xaa\0\0\2\xbb\xcc"),
	    0, "aa.bbcc.done" },
	{ "1.3, one", false, STS_TLS_13, S("\0\0\0\6\0\0\1\xaa\0\0"), 0,
	    "aa.done" },
	{ "1.2, none", false, STS_TLS_12, S("\0\0\0"), 0, "50" },
	{ "1.3, none", false, STS_TLS_13, S("\0\0\0\0"), 0, "50" },
	{ "1.3, with a context", false, STS_TLS_13,
	    S("\1\1\0\0\6\0\0\1\xaa\0\0"), 0, "47" },
	{ "1.3, an extension that was not asked for", false, STS_TLS_13,
	    S("\0\0\0\12\0\0\1\xaa\0\4\0\5\0\0"), 0, "aa.110" },
	{ "empty certificate", false, STS_TLS_12, S("\0\0\3\0\0\0"), 0, "50" },
	{ "list shorter than the message", false, STS_TLS_12,
	    S("\0\0\3\0\0\1\xaa"), 0, "50" },
	{ "list longer than the message", false, STS_TLS_12,
	    S("\0\0\5\0\0\1\xaa"), 0, "50" },
	{ "certificate longer than the list", false, STS_TLS_12,
	    S("\0\0\4\0\0\2\xaa"), 0, "50" },
	{ "message ends within a length", false, STS_TLS_12, S("\0\0"), 0,
	    "50" },
	{ "octets behind the message", false, STS_TLS_12, S("\0\0\4"), 2,
	    "50" },
	{ "the rest is to come", false, STS_TLS_12, S("\0\0\4\0\0\1"), 7,
	    "more" },
	{ "1.3, request", true, STS_TLS_13, S("\0\0\10\0\15\0\4\0\2\4\3"), 0,
	    "done" },
	{ "1.3, request without schemes", true, STS_TLS_13, S("\0\0\4\0\5\0\0"),
	    0, "109" },
	{ "1.2, request", true, STS_TLS_12, S("\1\100\0\2\4\3\0\0"), 0,
	    "done" },
	{ "1.2, request with an empty name", true, STS_TLS_12,
	    S("\1\100\0\2\4\3\0\2\0\0"), 0, "50" },
};

/* The message in pieces of `step` octets, in words. */
static const char *
outcome(size_t row, size_t step)
{
	static char out[100];
	struct sts_tls_lists l;
	enum sts_tls_lists_event e = STS_TLS_LISTS_MORE;
	uint32_t len =
	    cases[row].len > 0 ? cases[row].len : (uint32_t)cases[row].n;
	size_t n = 0;

	if (cases[row].request) {
		sts_tls_request_begin(&l, cases[row].version, len);
	} else {
		sts_tls_certs_begin(&l, cases[row].version, len);
	}
	for (size_t at = 0; at < cases[row].n; at += step) {
		size_t left = cases[row].n - at;
		struct sts_text in =
		    sts_text((const uint8_t *)cases[row].in + at,
			left < step ? left : step);
		struct sts_text bytes = { NULL, 0 };

		do {
			e = sts_tls_lists_next(&l, &in, &bytes);
			for (size_t i = 0;
			     e == STS_TLS_CERT_BYTES && i < bytes.n; i++) {
				n += (size_t)snprintf(out + n, sizeof out - n,
				    "%02x", bytes.p[i]);
			}
			if (e == STS_TLS_CERT_END) {
				out[n++] = '.';
			}
		} while (e >= STS_TLS_CERT_BEGIN);
	}
	if (e == STS_TLS_LISTS_BROKEN) {
		snprintf(out + n, sizeof out - n, "%d",
		    (int)sts_tls_lists_alert(&l));
	} else {
		snprintf(out + n, sizeof out - n, "%s",
		    e == STS_TLS_LISTS_DONE ? "done" : "more");
	}
	return out;
}

START_TEST(table)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		for (size_t step = 1; step <= cases[i].n; step++) {
			unit_text(cases[i].name, unit_span(outcome(i, step)),
			    cases[i].want);
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, table);
}
