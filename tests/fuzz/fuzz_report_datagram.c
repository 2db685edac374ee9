/* SPDX-License-Identifier: MIT */
/*
 * core/report: any octets as a datagram. A good datagram becomes events within
 * their bounds. They are counted in a tally, whose invariants hold and in which
 * every session is in one report or lost. A good datagram stays good after
 * blanks, and gives the same events.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/report/report_datagram.h"
#include "../../core/report/report_tally.h"

#define CHECK(c) STS_ASSERT(c)

static struct sts_datagram d, blank;
static struct sts_report_event e, other;
static struct sts_tally t;
static uint8_t block[8192];

static void
check_event(void)
{
	struct sts_text strings = sts_event_strings(&e);
	unsigned count = 0;

	CHECK(e.text_len <= STS_REPORT_TEXT);
	CHECK(sts_name_valid(sts_event_domain(&e)));
	CHECK(sts_name_valid(sts_event_policy_domain(&e)));
	while (strings.n > 0) {
		CHECK(strings.n > 2);
		size_t n = sts_get16be(strings.p);

		CHECK(n > 0 && n <= strings.n - 2);
		strings = sts_text(strings.p + 2 + n, strings.n - 2 - n);
		count++;
	}
	CHECK(count == (unsigned)e.string_count + e.mx_count);
	for (unsigned i = 0; i < e.failure_count; i++) {
		struct sts_report_failure f = sts_event_failure_at(&e, i);

		CHECK((unsigned)f.result < STS_REPORT_RESULTS);
		for (unsigned k = 0; k < STS_REPORT_FIELDS; k++) {
			CHECK(f.texts[k].n <= STS_REPORT_FIELD_MAX);
		}
	}
}

static void
check_tally(void)
{
	uint64_t in = 0, s, f;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		for (uint32_t r = 0; (r = sts_tally_next(&t, i, r)) != 0;) {
			sts_tally_totals(&t, r, &s, &f);
			in += s + f;
		}
	}
	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		in += t.lost[i];
	}
	CHECK(in == t.sessions);
	CHECK(sts_tally_check(&t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t behind[8192 + 2] = { ' ', '\n' };
	static unsigned runs;
	struct sts_tally_config config = { { 7 }, false, 4 };
	enum sts_datagram_verdict v =
	    sts_datagram_open(&d, sts_text(data, size), &e);
	/* The expensive part runs once in eight times. */
	bool twice = size <= 8192 && ++runs % 8 == 0;

	if (twice) {
		memcpy(behind + 2, data, size);
		CHECK(sts_datagram_open(
			  &blank, sts_text(behind, size + 2), &other) == v);
	}
	if (v != STS_DATAGRAM_GOOD) {
		return 0;
	}
	if (t.sessions % 64 == 0) {
		sts_tally_init(&t, block, sizeof block, &config);
	}
	while (sts_datagram_next(&d, &e)) {
		check_event();
		if (twice) {
			CHECK(sts_datagram_next(&blank, &other));
			CHECK(e.text_len == other.text_len);
			CHECK(memcmp(e.text, other.text, e.text_len) == 0);
		}
		sts_tally_add(&t, 20000 + runs % 7, &e);
	}
	CHECK(!twice || !sts_datagram_next(&blank, &other));
	if (twice) {
		check_tally();
	}
	return 0;
}
