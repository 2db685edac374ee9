/* SPDX-License-Identifier: MIT */
/*
 * UTS #46: mapping by tables, and normalization (UAX #15). Characters come out
 * of the tables decomposed and are sorted into place at once; composing is a
 * pass of its own. Hangul's syllables are arithmetic.
 */
#include "../base/assert.h"
#include "uts46.h"
#include "uts46_table.h"

/* Unicode 3.12: a syllable is a leading consonant, a vowel, and perhaps a
 * trailing consonant, of which the first number means none. */
enum {
	HANGUL = 0xac00,
	LEADS = 0x1100,
	LEADS_COUNT = 19,
	VOWELS = 0x1161,
	VOWELS_COUNT = 21,
	TRAILS = 0x11a7,
	TRAILS_COUNT = 28,
	HANGUL_COUNT = LEADS_COUNT * VOWELS_COUNT * TRAILS_COUNT
};

enum {
	CLASS_SHIFT = 24,
	POINT_MASK = (1 << CLASS_SHIFT) - 1
};

/* c as a number within [first, first + count), or count: it is outside. */
static uint32_t
within(uint32_t c, uint32_t first, uint32_t count)
{
	return c >= first && c - first < count ? c - first : count;
}

/* ---- combining marks ---- */

/* The combining class; STS_UTS46_NO_MARK: it is no mark. */
static uint32_t
mark_class(uint32_t c)
{
	size_t low = 0, high = sts_uts46_marks_count;

	/* The last run that begins at c or before it ends up below low. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sts_uts46_marks[middle] >> 8 <= c) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low == 0 ? STS_UTS46_NO_MARK : sts_uts46_marks[low - 1] & 0xff;
}

bool
sts_uts46_is_mark(uint32_t point)
{
	return mark_class(point) != STS_UTS46_NO_MARK;
}

static uint32_t
point_of(uint32_t packed)
{
	return packed & POINT_MASK;
}

static uint32_t
class_of(uint32_t packed)
{
	return packed >> CLASS_SHIFT;
}

/* ---- decomposing ---- */

/* Put a character into its place: a mark before those of a higher class (UAX
 * #15 D109). */
static bool
put(struct sts_uts46 *u, uint32_t c)
{
	uint32_t class = mark_class(c);
	size_t i = u->count;

	if (u->count == STS_UTS46_POINTS) {
		return false;
	}
	if (class == STS_UTS46_NO_MARK) {
		class = 0;
	}
	while (class > 0 && i > 0 && class_of(u->at[i - 1]) > class) {
		u->at[i] = u->at[i - 1];
		i--;
	}
	u->at[i] = c | class << CLASS_SHIFT;
	u->count++;
	return true;
}

static bool
put_decomposed(struct sts_uts46 *u, uint32_t c)
{
	uint32_t syllable = within(c, HANGUL, HANGUL_COUNT);
	uint32_t trail = syllable % TRAILS_COUNT;

	if (syllable == HANGUL_COUNT) {
		return put(u, c);
	}
	syllable /= TRAILS_COUNT;
	return put(u, LEADS + syllable / VOWELS_COUNT) &&
	       put(u, VOWELS + syllable % VOWELS_COUNT) &&
	       (trail == 0 || put(u, TRAILS + trail));
}

/* n units of UTF-16. */
static bool
put_units(struct sts_uts46 *u, const uint16_t *unit, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t c = unit[i];

		if (within(c, 0xd800, 0x400) < 0x400) {
			i++;
			STS_ASSERT(i < n);
			c = 0x10000 + ((c & 0x3ff) << 10 | (unit[i] & 0x3ff));
		}
		if (!put_decomposed(u, c)) {
			return false;
		}
	}
	return true;
}

/* ---- mapping ---- */

static const struct sts_uts46_run *
find_run(uint32_t c)
{
	uint32_t plane = c >> 16, within_plane = c & 0xffff;
	size_t low = sts_uts46_planes[plane];
	size_t high = sts_uts46_planes[plane + 1];

	/* runs[low] begins at c or before it, runs[high] after it. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (sts_uts46_runs[middle].first <= within_plane) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return &sts_uts46_runs[low];
}

/* A character of a run that is mapped by shifts or by units. */
static bool
put_mapped(struct sts_uts46 *u, uint32_t c, const struct sts_uts46_run *run)
{
	const uint16_t *unit;
	size_t n;

	if (run->what < sts_uts46_first_unit) {
		return put(u,
		    (uint32_t)((int32_t)c +
			       sts_uts46_shifts[run->what - STS_UTS46_SHIFT]));
	}
	unit = sts_uts46_units + (run->what - sts_uts46_first_unit);
	n = unit[0];
	return put_units(u, unit + 1 + n * ((c & 0xffff) - run->first), n);
}

void
sts_uts46_init(struct sts_uts46 *u)
{
	u->count = 0;
}

bool
sts_uts46_add(struct sts_uts46 *u, uint32_t point)
{
	const struct sts_uts46_run *run;

	STS_ASSERT(point <= 0x10ffff);
	run = find_run(point);
	switch (run->what) {
	case STS_UTS46_VALID:
		return put_decomposed(u, point);
	case STS_UTS46_IGNORE:
		return true;
	case STS_UTS46_REFUSE:
		return false;
	case STS_UTS46_PAIRS:
		/* The capitals are at even distances. */
		return put(u, point + 1 - ((point - run->first) & 1));
	default:
		return put_mapped(u, point, run);
	}
}

/* ---- composing ---- */

/* 0: the two do not compose. */
static uint32_t
compose_hangul(uint32_t first, uint32_t second)
{
	uint32_t lead = within(first, LEADS, LEADS_COUNT);
	uint32_t vowel = within(second, VOWELS, VOWELS_COUNT);
	uint32_t syllable = within(first, HANGUL, HANGUL_COUNT);
	uint32_t trail = within(second, TRAILS, TRAILS_COUNT);

	if (lead < LEADS_COUNT && vowel < VOWELS_COUNT) {
		return HANGUL + (lead * VOWELS_COUNT + vowel) * TRAILS_COUNT;
	}
	if (syllable < HANGUL_COUNT && syllable % TRAILS_COUNT == 0 &&
	    trail > 0 && trail < TRAILS_COUNT) {
		return first + trail;
	}
	return 0;
}

/* The character that the two compose to; 0: they do not. */
static uint32_t
compose(uint32_t first, uint32_t second)
{
	uint32_t plane = first >> 16;
	uint32_t sought = first << 16 | (second & 0xffff);
	size_t low, high;

	if (plane > 1 || second >> 16 != plane) {
		return 0;
	}
	low = sts_uts46_pairs_planes[plane];
	high = sts_uts46_pairs_planes[plane + 1];
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct sts_uts46_pair *p = &sts_uts46_pairs[middle];
		uint32_t there = (uint32_t)p->first << 16 | p->second;

		if (there == sought) {
			return plane << 16 | p->whole;
		}
		if (there < sought) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return compose_hangul(first, second);
}

/*
 * UAX #15 D117: a character joins the last starter before it unless one stands
 * between them that is a starter, or of no lower class. What does not join is
 * kept at at[kept].
 */
void
sts_uts46_compose(struct sts_uts46 *u)
{
	size_t starter = 0, kept = 0;

	for (size_t i = 0; i < u->count; i++) {
		uint32_t c = point_of(u->at[i]), class = class_of(u->at[i]);
		bool blocked =
		    kept == 0 || class_of(u->at[starter]) != 0 ||
		    (kept - starter > 1 && class_of(u->at[kept - 1]) >= class);
		uint32_t whole = blocked ? 0 : compose(u->at[starter], c);

		if (whole != 0) {
			u->at[starter] = whole;
			continue;
		}
		if (class == 0) {
			starter = kept;
		}
		u->at[kept++] = u->at[i];
	}
	u->count = kept;
	for (size_t i = 0; i < kept; i++) {
		u->at[i] = point_of(u->at[i]);
	}
}
