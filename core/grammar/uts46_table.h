/* SPDX-License-Identifier: MIT */
/*
 * Unicode's tables for uts46.c, written by uts46_table.py: only that file reads
 * them. Everything is sorted, for binary search.
 */
#ifndef STS_UTS46_TABLE_H
#define STS_UTS46_TABLE_H

#include <stdint.h>

/*
 * The mapping of UTS #46, decomposed (NFD, but for Hangul's syllables), as
 * runs of code points. A run ends where the next one of its plane begins; the
 * runs of plane p are sts_uts46_planes[p] up to sts_uts46_planes[p + 1], and
 * the first of them begins at 0.
 */
struct sts_uts46_run {
	uint16_t first; /* the code point without its plane */
	uint16_t what; /* enum sts_uts46_what, or below */
};

enum sts_uts46_what {
	STS_UTS46_VALID = 0, /* stays what it is */
	STS_UTS46_IGNORE, /* disappears */
	STS_UTS46_REFUSE, /* disallowed or unassigned: cannot tell */
	STS_UTS46_PAIRS, /* capital, small letter, capital, ... : each capital
	                    is the code point before its small letter */
	/* From here to sts_uts46_first_unit: all of the run are so far from
	 * what they become as sts_uts46_shifts[what - STS_UTS46_SHIFT] says. */
	STS_UTS46_SHIFT
	/* From there on: at sts_uts46_units[what - sts_uts46_first_unit] stands
	 * a number n, and then n units of UTF-16 for each of the run. */
};

extern const uint16_t sts_uts46_planes[18];
extern const struct sts_uts46_run sts_uts46_runs[];
extern const int32_t sts_uts46_shifts[];
extern const uint16_t sts_uts46_first_unit;
extern const uint16_t sts_uts46_units[];

/*
 * Combining marks (general category M) that are VALID, as runs: the first code
 * point in the upper 24 bits, and what it and those after it are in the lower
 * eight: a canonical combining class, or STS_UTS46_NO_MARK. The runs begin at
 * the first mark.
 */
enum {
	STS_UTS46_NO_MARK = 255
};

extern const uint16_t sts_uts46_marks_count;
extern const uint32_t sts_uts46_marks[];

/*
 * Canonical compositions, Hangul's aside: those of plane p (0 or 1, which none
 * of the three leaves) are sts_uts46_pairs_planes[p] up to [p + 1].
 */
struct sts_uts46_pair {
	uint16_t first, second, whole;
};

extern const uint16_t sts_uts46_pairs_planes[3];
extern const struct sts_uts46_pair sts_uts46_pairs[];

#endif
