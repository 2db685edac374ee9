/* SPDX-License-Identifier: MIT */
/* boards/static/vfprintf.c beside the C library's, by the same arguments. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define vfprintf small_vfprintf
int small_vfprintf(
    FILE *restrict stream, const char *restrict format, va_list given);
#include "../../boards/static/vfprintf.c"
#undef vfprintf
#include "unit.h"

const char unit_name[] = "static_printf";

/* Longer than what is handed to a stream at once. */
#define LONG300                                                                \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"         \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"         \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"         \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"         \
	"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"

/* Both print the same octets and say the same length. */
static void
same(const char *format, ...)
{
	char want[1024], got[1024];
	FILE *f = tmpfile();
	va_list args, again;
	int want_n, got_n;
	size_t n;

	ck_assert(f != NULL);
	va_start(args, format);
	va_copy(again, args);
	want_n = vsnprintf(want, sizeof want, format, args);
	got_n = small_vfprintf(f, format, again);
	va_end(again);
	va_end(args);
	rewind(f);
	n = fread(got, 1, sizeof got - 1, f);
	got[n] = '\0';
	fclose(f);
	ck_assert_str_eq(got, want);
	unit_int(format, got_n, want_n);
	unit_int(format, (long long)n, want_n);
}

START_TEST(strings)
{
	same("");
	same("plain");
	same("100%%");
	same("%s|%s", "", "x");
	same("%8s|%-8s|%2s", "abc", "abc", "abc");
	same("%.2s|%.0s|%.9s|%.*s", "abc", "abc", "abc", 1, "abc");
	same("%-6.2s|%6.2s", "abc", "abc");
	same("%*s|%-*s|", 5, "ab", 5, "ab");
	same("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	same("%s", LONG300);
	same("<%s%s>", LONG300, LONG300);
	same("%400s|", "x");
}

START_TEST(numbers)
{
	same("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	same("%i", -5);
	same("%u %u", 0U, UINT_MAX);
	same("%ld %ld %lu", LONG_MIN, LONG_MAX, ULONG_MAX);
	same("%lld %llu", LLONG_MIN, ULLONG_MAX);
	same("%llo", ULLONG_MAX);
	same("%x %lx %o %llx", 0xbeefU, 0xdeadbeefUL, 0755U, ULLONG_MAX);
	same("%02d:%04d:%02x|%04o", 7, 2026, 5U, 0644U);
	same("%5d|%-5d|%05d|%-05d|", -42, -42, -42, 7);
	same("%10lu|%-10lu|", 123UL, 123UL);
	same("%zu", sizeof(int));
}

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, strings);
	tcase_add_test(tc, numbers);
}
