/* SPDX-License-Identifier: MIT */
/*
 * Requests of monitoring systems. Whatever the octets are, the verdict on a
 * beginning is MORE until it is final, nothing beyond the limit is read, and a
 * request accepted as a scrape is one by a simpler reading, too.
 */
#include <string.h>

#include "../../boards/posix/scrape.h"
#include "../../core/base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_taken(const uint8_t *p, size_t n)
{
	static const char first[] = "GET /metrics HTTP/1.";
	size_t len = sizeof first - 1;

	STS_ASSERT(n >= len + 5);
	STS_ASSERT(memcmp(p, first, len) == 0);
	STS_ASSERT(p[len] == '0' || p[len] == '1');
	STS_ASSERT(memcmp(p + n - 4, "\r\n\r\n", 4) == 0);
	for (size_t i = 0; i < n; i++) {
		STS_ASSERT(p[i] >= ' ' || p[i] == '\t' || p[i] == '\r' ||
			   p[i] == '\n');
		STS_ASSERT(p[i] != '\r' || p[i + 1] == '\n');
		STS_ASSERT(p[i] != '\n' || p[i - 1] == '\r');
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum sts_scrape before = STS_SCRAPE_MORE;

	size = size < STS_SCRAPE_MAX + 8 ? size : STS_SCRAPE_MAX + 8;
	for (size_t n = 0; n <= size; n++) {
		enum sts_scrape now =
		    sts_scrape_judge(sts_text(data, n), false);
		enum sts_scrape last =
		    sts_scrape_judge(sts_text(data, n), true);

		STS_ASSERT(before == STS_SCRAPE_MORE || now == before);
		STS_ASSERT(now != STS_SCRAPE_MORE || n < STS_SCRAPE_MAX);
		STS_ASSERT(
		    last == (now == STS_SCRAPE_MORE ? STS_SCRAPE_BAD : now));
		if (before == STS_SCRAPE_MORE && now == STS_SCRAPE_OK) {
			check_taken(data, n);
		}
		before = now;
	}
	return 0;
}
