/* SPDX-License-Identifier: MIT */
/*
 * core/share/share_resp: any octets as replies. The events do not depend on how
 * the octets are cut, no string is longer and no nesting deeper than the limits
 * allow, and a string's pieces add up to its length.
 */
#include "../../core/base/assert.h"
#include "../../core/share/share_resp.h"

#define CHECK(c) STS_ASSERT(c)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add(uint64_t *sum, uint64_t v)
{
	*sum = (*sum ^ v) * UINT64_C(1099511628211);
}

static uint64_t
digest(const uint8_t *data, size_t size, size_t step)
{
	uint64_t sum = UINT64_C(14695981039346656037), left = 0;
	struct sts_resp r;

	sts_resp_begin(&r);
	for (size_t i = 0; i < size;) {
		size_t n = size - i < step ? size - i : step;
		enum sts_resp_event e;
		size_t used = sts_resp_read(&r, data + i, n, &e);

		CHECK(used <= n && (used == n || e != STS_RESP_MORE));
		CHECK(sts_resp_depth(&r) <= STS_RESP_DEPTH_MAX);
		if (e == STS_RESP_BULK) {
			left = sts_resp_number(&r);
			CHECK(left <= STS_RESP_BULK_MAX);
		}
		for (size_t k = 0;
		     e != STS_RESP_MORE && k < sts_resp_text(&r).n; k++) {
			add(&sum, sts_resp_text(&r).p[k]);
		}
		if (e == STS_RESP_PIECE) {
			CHECK(sts_resp_text(&r).n <= left);
			left -= sts_resp_text(&r).n;
		} else if (e != STS_RESP_MORE) {
			add(&sum, (uint64_t)e + 0x100);
			add(&sum, sts_resp_depth(&r));
		}
		CHECK(e != STS_RESP_BULK_END || left == 0);
		if (e == STS_RESP_BROKEN) {
			break;
		}
		i += used;
	}
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sum = digest(data, size, 1);

	CHECK(digest(data, size, 7) == sum);
	CHECK(digest(data, size, size > 0 ? size : 1) == sum);
	return 0;
}
