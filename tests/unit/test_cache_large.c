/* SPDX-License-Identifier: MIT */
/* The cache with a million records. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <sys/mman.h>

#include "cache_case.h"

const char unit_name[] = "cache_large";

/* The average and the largest number of records that are looked at to find each
 * of n. */
static double
probe(uint32_t n, unsigned *most)
{
	/* Two chunks for each record, and room for the index. */
	size_t size = (size_t)n * 2 * (STS_CHUNK_SIZE + 3);
	uint8_t *memory = malloc(size);
	double all = 0;
	char name[32];

	ck_assert_ptr_nonnull(memory);
	sts_cache_init(&c, memory, size, key);
	for (uint32_t i = 0; i < n; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		put_mode(name, STS_MODE_NONE);
	}
	ck_assert_uint_eq(stats().evicted, 0);
	*most = 0;
	for (uint32_t i = 0; i < n; i++) {
		unsigned probes;
		sts_ref ref;

		snprintf(name, sizeof name, "d%u.example", i);
		ref = sts_index_probe(&c, unit_span(name),
		    sts_index_hash(&c, unit_span(name)), &probes);
		ck_assert_uint_ne(ref, 0);
		all += probes;
		*most = probes > *most ? probes : *most;
	}
	free(memory);
	return all / n;
}

/* A search does not cost more in a larger cache. The probes are counted, not
 * timed. */
START_TEST(a_search_costs_no_more_in_a_larger_cache)
{
	static const uint32_t records[] = { 1000, 1000000 };

	for (size_t i = 0; i < UNIT_COUNT(records); i++) {
		unsigned most;
		double mean = probe(records[i], &most);

		ck_assert_msg(
		    mean < 2.5, "%u records: %f probes", records[i], mean);
		ck_assert_uint_lt(most, STS_CACHE_PROBE_MAX / 2);
	}
}
END_TEST

/* The length of a payload has 24 bits, in whatever cache. Of the block nothing
 * but the index is touched. */
START_TEST(largest_record)
{
	size_t size = (size_t)640 << 20;
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED) {
		return; /* a machine of 32 bits may have no such place */
	}
	sts_cache_init(&c, map, size, key);
	ck_assert_uint_le(c.record_max * (size_t)STS_CHUNK_ROOM, 0xffffff);
	ck_assert_uint_gt(
	    (c.record_max + 1) * (size_t)STS_CHUNK_ROOM, 0xffffff);
	ck_assert_uint_gt(c.chunks.count / 32, c.record_max);
	munmap(map, size);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_search_costs_no_more_in_a_larger_cache);
	tcase_add_test(tc, largest_record);
}
