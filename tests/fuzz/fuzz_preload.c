/* SPDX-License-Identifier: MIT */
/*
 * core/answer/preload: any octets as a list, in an area of any size. The result
 * does not depend on how the octets are cut. An accepted list holds for each
 * domain only valid names, and is the same in an area exactly as large as it
 * needs.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/answer/preload.h"
#include "../../core/base/assert.h"

#define CHECK(c) STS_ASSERT(c)

enum {
	AREA = 8192
};

static enum sts_preload_error
load(struct sts_preload *list, struct sts_preload_read *r, struct sts_span area,
    struct sts_text in, size_t step)
{
	sts_preload_begin(r, list, area);
	while (in.n > 0) {
		size_t n = in.n < step ? in.n : step;

		sts_preload_feed(r, sts_text(in.p, n));
		in = sts_text(in.p + n, in.n - n);
	}
	return sts_preload_end(r);
}

/* Whether a list has only valid patterns for a domain: at most "*.", then a
 * name. */
static unsigned
check_domain(const struct sts_preload *list, struct sts_text domain)
{
	struct sts_preload_found found;
	struct sts_text t;
	unsigned patterns = 0;

	if (!sts_preload_find(list, domain, &found)) {
		return 0;
	}
	while ((t = sts_preload_next(&found.patterns)).n > 0) {
		size_t star = t.n > 2 && t.p[0] == '*' ? 2 : 0;

		CHECK(sts_name_valid(sts_text(t.p + star, t.n - star)));
		CHECK(memchr(t.p, ':', t.n) == NULL);
		patterns++;
	}
	CHECK(patterns > 0);
	return patterns;
}

/* Look up every name in quotes, up to a limit. */
static unsigned
check_names(const struct sts_preload *list, struct sts_text in)
{
	unsigned found = 0;

	for (size_t i = 0; i < in.n; i++) {
		const uint8_t *end = NULL;

		if (in.p[i] == '"') {
			end = memchr(in.p + i + 1, '"', in.n - i - 1);
		}
		if (end != NULL) {
			size_t n = (size_t)(end - in.p) - i - 1;

			found +=
			    check_domain(list, sts_text(in.p + i + 1, n)) > 0;
		}
	}
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint32_t area[AREA / 4], other[AREA / 4];
	static struct sts_preload_read r, q;
	struct sts_preload list, again;
	struct sts_text in = sts_text(data, size);
	struct sts_span whole = sts_span((uint8_t *)area, AREA);
	enum sts_preload_error e = load(&list, &r, whole, in, size + 1);
	uint32_t s;

	CHECK(load(&again, &q, sts_span((uint8_t *)other, AREA), in, 1) == e);
	CHECK(r.line == q.line);
	CHECK(r.name_len == q.name_len &&
	      memcmp(r.name, q.name, r.name_len) == 0);
	if (e == STS_PRELOAD_OK) {
		CHECK(list.expires_s > list.timestamp_s);
		CHECK(list.domains == again.domains);
		check_names(&list, in);
		/* In less than half of the area: the same list, or no room. */
		e = load(&again, &q,
		    sts_span((uint8_t *)other, STS_PRELOAD_AREA_MIN), in, 7);
		CHECK(e == STS_PRELOAD_OK || e == STS_PRELOAD_ROOM);
	}
	sts_preload_time(in, &s);
	return 0;
}
