/* SPDX-License-Identifier: MIT */
/* The block of memory: which pages are touched when, and what the log reports
 * about huge pages. */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../port/posix/block.h"
#include "unit.h"

const char unit_name[] = "block";

enum {
	SIZE = (5 << 20) + 100,
	ALIGNED = 2 << 20
};

#if defined(__linux__)
static size_t page;

/* How many pages of the block are in memory. */
static size_t
resident(uint8_t *block)
{
	static unsigned char in[SIZE / 4096 + 2];
	size_t count = 0;

	page = (size_t)sysconf(_SC_PAGESIZE);
	ck_assert_int_eq(mincore(block, SIZE, in), 0);
	for (size_t i = 0; i < (SIZE + page - 1) / page; i++) {
		count += in[i] & 1U;
	}
	return count;
}

/* No page is touched unasked. A touch is of every page, and changes no
 * octet. */
START_TEST(no_page_is_touched_unasked)
{
	static const bool huge[] = { false, true };

	for (unsigned i = 0; i < 2; i++) {
		enum sts_block_huge got;
		uint8_t *block = sts_block_map(SIZE, huge[i], &got);

		ck_assert_ptr_nonnull(block);
		ck_assert_uint_eq(resident(block), 0);
		block[0] = 7;
		block[SIZE - 1] = 9;
		ck_assert_uint_lt(resident(block), (SIZE + page - 1) / page);
		sts_block_touch(block, SIZE);
		ck_assert_uint_eq(resident(block), (SIZE + page - 1) / page);
		ck_assert_uint_eq(block[0], 7);
		ck_assert_uint_eq(block[1], 0);
		ck_assert_uint_eq(block[SIZE - 1], 9);
		sts_block_unmap(block, SIZE);
		ck_assert_int_eq(msync(block, page, MS_ASYNC), -1);
	}
}
END_TEST

/* Whether the mapping at the start of the block is flagged for huge pages, as
 * the kernel reports it. */
static bool
asked_for_huge(const uint8_t *block)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	bool here = false, found = false;
	char line[512], flag[] = " hg";

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f) != NULL) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			here = from == (uintptr_t)block;
		}
		found = found || (here && strncmp(line, "VmFlags:", 8) == 0 &&
				     strstr(line, flag) != NULL);
	}
	fclose(f);
	return found;
}

/* Either the kernel was asked for huge pages, or the text reports that it was
 * not, or that it has none. */
START_TEST(the_log_reports_what_came_of_huge_pages)
{
	enum sts_block_huge got;
	uint8_t *block = sts_block_map(SIZE, true, &got);
	bool there =
	    access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) == 0;

	ck_assert_ptr_nonnull(block);
	ck_assert_uint_eq((uintptr_t)block % ALIGNED, 0);
	ck_assert_ptr_nonnull(sts_block_huge_text(got));
	ck_assert(asked_for_huge(block) == (got != STS_BLOCK_HUGE_NONE));
	ck_assert(there == (got != STS_BLOCK_HUGE_NONE));
	sts_block_unmap(block, SIZE);

	block = sts_block_map(SIZE, false, &got);
	ck_assert_int_eq(got, STS_BLOCK_HUGE_UNASKED);
	ck_assert_ptr_null(sts_block_huge_text(got));
	ck_assert(!asked_for_huge(block));
	sts_block_unmap(block, SIZE);
}
END_TEST
#endif

/* More than the address space has room for. */
START_TEST(a_block_that_does_not_fit_is_refused)
{
	enum sts_block_huge got;

	ck_assert_ptr_null(sts_block_map(SIZE_MAX / 2, false, &got));
	ck_assert_int_eq(errno, ENOMEM);
	ck_assert_ptr_null(sts_block_map(SIZE_MAX / 2, true, &got));
	ck_assert_int_eq(got, STS_BLOCK_HUGE_UNASKED);
}
END_TEST

void
unit_tests(TCase *tc)
{
#if defined(__linux__)
	tcase_add_test(tc, no_page_is_touched_unasked);
	tcase_add_test(tc, the_log_reports_what_came_of_huge_pages);
#endif
	tcase_add_test(tc, a_block_that_does_not_fit_is_refused);
}
