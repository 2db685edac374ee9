/* SPDX-License-Identifier: MIT */
/* boards/posix: requests of monitoring over HTTP, judged at every split. */
#include <stdio.h>
#include <string.h>

#include "../../boards/posix/scrape.h"
#include "unit.h"

const char unit_name[] = "scrape";

#define FIRST "GET /metrics HTTP/1.1\r\n"
#define HOST "Host: a\r\n"

static const struct {
	const char *name, *in;
	int want;
} cases[] = {
	{ "plain", FIRST HOST "\r\n", 200 },
	{ "HTTP/1.0", "GET /metrics HTTP/1.0\r\n\r\n", 200 },
	{ "HTTP/1.0 with a host", "GET /metrics HTTP/1.0\r\n" HOST "\r\n",
	    200 },
	{ "prometheus",
	    FIRST "Host: 127.0.0.1:9461\r\nUser-Agent: Prometheus/2.42.0\r\n"
		  "Accept: text/plain;version=0.0.4;q=0.3,*/*;q=0.2\r\n"
		  "Accept-Encoding: gzip\r\n"
		  "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
	    200 },
	{ "host in capitals", FIRST "HOST:a\r\n\r\n", 200 },
	{ "empty host", FIRST "Host:\r\n\r\n", 200 },
	{ "octets over 127", FIRST HOST "X: \xc3\xa9\r\n\r\n", 200 },
	{ "more behind the request", FIRST HOST "\r\nGET /", 200 },
	{ "no host", FIRST "\r\n", 400 },
	{ "two hosts", FIRST HOST HOST "\r\n", 400 },
	{ "two hosts, HTTP/1.0", "GET /metrics HTTP/1.0\r\n" HOST HOST "\r\n",
	    400 },
	{ "length", FIRST HOST "Content-Length: 0\r\n\r\n", 400 },
	{ "coding", FIRST HOST "transfer-encoding: chunked\r\n\r\n", 400 },
	{ "HTTP/1.2", "GET /metrics HTTP/1.2\r\n" HOST "\r\n", 400 },
	{ "HTTP/2.0", "GET /metrics HTTP/2.0\r\n" HOST "\r\n", 400 },
	{ "no version", "GET /metrics\r\n\r\n", 400 },
	{ "empty version", "GET /metrics \r\n\r\n", 400 },
	{ "no target", "GET  HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "tab", "GET\t/metrics HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "two blanks", "GET  /metrics HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "blank at the end", "GET /metrics HTTP/1.1 \r\n" HOST "\r\n", 400 },
	{ "blank before", " GET /metrics HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "an empty line before", "\r\n" FIRST HOST "\r\n", 400 },
	{ "nothing", "\r\n\r\n", 400 },
	{ "no method", " /metrics HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "method no token", "G(T /metrics HTTP/1.1\r\n" HOST "\r\n", 400 },
	{ "control in target", "GET /met\x01rics HTTP/1.1\r\n" HOST "\r\n",
	    400 },
	{ "blank before colon", FIRST "Host : a\r\n\r\n", 400 },
	{ "no colon", FIRST HOST "X\r\n\r\n", 400 },
	{ "no name", FIRST HOST ": a\r\n\r\n", 400 },
	{ "folded", FIRST HOST " b\r\n\r\n", 400 },
	{ "bare LF", FIRST HOST "X: a\nY: b\r\n\r\n", 400 },
	{ "bare CR", FIRST HOST "X: a\rb\r\n\r\n", 400 },
	{ "DEL", FIRST HOST "X: \x7f\r\n\r\n", 400 },
	{ "lines end in LF", "GET /metrics HTTP/1.1\nHost: a\n\r\n\r\n", 400 },
	{ "head", "HEAD /metrics HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "post", "POST /metrics HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "options", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "get in small", "get /metrics HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "connect", "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 405 },
	{ "another path", "GET / HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "longer path", "GET /metrics/ HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "query", "GET /metrics?a HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "capitals", "GET /Metrics HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "absolute", "GET http://a/metrics HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "dots", "GET /../etc/passwd HTTP/1.1\r\n" HOST "\r\n", 404 },
	{ "the end is missing", "GET /metrics HTTP/1.1\r\nHost: a\r\n", 0 },
	{ "netstring", "4:test,", 0 },
	{ "empty", "", 0 },
};

/* A request is incomplete up to its end; from then on the verdict stays. */
START_TEST(each_request_has_its_status_at_every_split)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		size_t n = strlen(cases[i].in);
		const char *end = strstr(cases[i].in, "\r\n\r\n");
		size_t whole =
		    end != NULL ? (size_t)(end - cases[i].in) + 4 : n + 1;

		for (size_t k = 0; k <= n; k++) {
			struct sts_text in =
			    sts_text(unit_at_page_end(cases[i].in, k), k);
			int want = k < whole ? 0 : cases[i].want;

			unit_int(
			    cases[i].name, sts_scrape_judge(in, false), want);
			unit_int(cases[i].name, sts_scrape_judge(in, true),
			    want == 0 ? 400 : want);
		}
	}
}
END_TEST

/* One octet below the limit, at it, and above it. */
START_TEST(a_request_over_the_limit_is_refused)
{
	static const char before[] = FIRST HOST "X: ";
	static const char after[] = "\r\n\r\n";

	for (size_t n = STS_SCRAPE_MAX - 1; n <= STS_SCRAPE_MAX + 1; n++) {
		char in[STS_SCRAPE_MAX + 1];

		memset(in, 'x', n);
		memcpy(in, before, sizeof before - 1);
		memcpy(in + n - 4, after, 4);
		int got = sts_scrape_judge(
		    sts_text(unit_at_page_end(in, n), n), false);

		unit_int("status of a whole request", got,
		    n <= STS_SCRAPE_MAX ? 200 : 400);
		in[n - 1] = 'x';
		got = sts_scrape_judge(
		    sts_text(unit_at_page_end(in, n), n), false);
		unit_int("status of an incomplete request", got,
		    n < STS_SCRAPE_MAX ? 0 : 400);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_request_has_its_status_at_every_split);
	tcase_add_test(tc, a_request_over_the_limit_is_refused);
}
