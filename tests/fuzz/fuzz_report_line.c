/* SPDX-License-Identifier: MIT */
/*
 * core/report/report_line: any octets after a domain. An accepted line is an
 * event within its bounds that the tally counts. It stays the same with more
 * blanks before it, and is refused without its record.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/report/report_line.h"
#include "../../core/report/report_tally.h"

static struct sts_report_event e, other;
static struct sts_tally t;
static uint8_t block[8192];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t behind[STS_REPORT_LINE_MAX + 2] = { ' ', ' ' };
	static const uint8_t name[] = "a.example";
	struct sts_text domain = sts_text(name, sizeof name - 1);
	struct sts_tally_config config = { { 7 }, false, 4 };
	bool good = sts_report_line(&e, domain, sts_text(data, size));

	if (!good) {
		return 0;
	}
	STS_ASSERT(size <= STS_REPORT_LINE_MAX);
	STS_ASSERT(e.text_len <= STS_REPORT_TEXT);
	STS_ASSERT(e.failure_count <= 1);
	STS_ASSERT(!e.failed || e.failure_count == 1);
	STS_ASSERT(sts_name_valid(sts_event_policy_domain(&e)));
	sts_tally_init(&t, block, sizeof block, &config);
	(void)sts_tally_add(&t, 20000, &e);
	STS_ASSERT(t.sessions == 1 && sts_tally_check(&t));
	if (size + 2 <= STS_REPORT_LINE_MAX) {
		memcpy(behind + 2, data, size);
		STS_ASSERT(sts_report_line(
		    &other, domain, sts_text(behind, size + 2)));
		STS_ASSERT(memcmp(&e, &other, sizeof e) == 0);
	}
	return 0;
}
