/* SPDX-License-Identifier: MIT */
/*
 * What every unit test shares. A test file defines unit_name and unit_tests(),
 * which adds its tests. Tests are tables, and their names state the rule:
 *
 *	static const struct { const char *name, *in; int want; } cases[] = {...};
 *
 *	START_TEST(each_line_has_its_verb)
 *	{ for each case: unit_int(c->name, got, c->want); }
 */
#ifndef STS_UNIT_H
#define STS_UNIT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../core/base/bytes.h"

#define UNIT_COUNT(a) (sizeof(a) / sizeof *(a))

/* Add the file's tests to the suite (tcase_add_test). */
void unit_tests(TCase *tc);
extern const char unit_name[];

/* Fail with "name: got X, want Y" unless both are equal. */
void unit_int(const char *name, long long got, long long want);
void unit_text(const char *name, struct sts_text got, const char *want);

/* A NUL-ended string as a text. */
struct sts_text unit_span(const char *s);

/*
 * A copy of p[0..n) that ends exactly at an unmapped page, so that reading one
 * byte too far is a crash. Valid until the next call.
 */
uint8_t *unit_at_page_end(const void *p, size_t n);

/* The contents of a file, by its path from the top of the tree. The test fails
 * when the file cannot be read. Valid until the next call. */
struct sts_text unit_file(const char *path);

/* Of very many similar cases one in unit_every() is played: 1, or
 * STS_UNIT_EVERY, set by a tool that makes a test a hundred times slower. */
unsigned unit_every(void);

#endif
