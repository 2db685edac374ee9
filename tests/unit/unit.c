/* SPDX-License-Identifier: MIT */
/* What every unit test shares: its main and the helpers of unit.h. */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "unit.h"

enum {
	PAGES_SIZE = 1 << 20,
	FILE_SIZE = 4 << 20
};

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort();
}

void
sts_assert_failed_here(void)
{
	fprintf(stderr, "assertion failed\n");
	abort();
}

void
unit_int(const char *name, long long got, long long want)
{
	ck_assert_msg(got == want, "%s: got %lld, want %lld", name, got, want);
}

void
unit_text(const char *name, struct sts_text got, const char *want)
{
	ck_assert_msg(sts_text_is(got, want), "%s: got \"%.*s\", want \"%s\"",
	    name, (int)got.n, (const char *)got.p, want);
}

unsigned
unit_every(void)
{
	const char *text = getenv("STS_UNIT_EVERY");
	int every = text == NULL ? 1 : atoi(text);

	return every > 1 ? (unsigned)every : 1;
}

struct sts_text
unit_span(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

uint8_t *
unit_at_page_end(const void *p, size_t n)
{
	static uint8_t *pages;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	ck_assert_uint_le(n, PAGES_SIZE);
	if (pages == NULL) {
		void *map = mmap(NULL, PAGES_SIZE + page,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		ck_assert_ptr_ne(map, MAP_FAILED);
		pages = map;
		ck_assert_int_eq(
		    mprotect(pages + PAGES_SIZE, page, PROT_NONE), 0);
	}
	if (n > 0) {
		memcpy(pages + PAGES_SIZE - n, p, n);
	}
	return pages + PAGES_SIZE - n;
}

struct sts_text
unit_file(const char *path)
{
	static uint8_t bytes[FILE_SIZE];
	FILE *f = fopen(path, "rb");
	size_t n;

	ck_assert_msg(f != NULL, "%s: cannot be opened", path);
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	ck_assert_msg(n < sizeof bytes, "%s: too large", path);
	return sts_text(bytes, n);
}

int
main(void)
{
	Suite *suite = suite_create(unit_name);
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 300);
	unit_tests(tc);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
