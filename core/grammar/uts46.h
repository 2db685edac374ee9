/* SPDX-License-Identifier: MIT */
/*
 * Labels by UTS #46: mapped (non-transitional, without STD3 rules), then in
 * Unicode Normalization Form C. This is what ICU does for Postfix before it
 * looks a domain up.
 *
 *	struct sts_uts46 u;
 *
 *	sts_uts46_init(&u);
 *	for each character: if (!sts_uts46_add(&u, point)) nobody can tell;
 *	sts_uts46_compose(&u);
 *	u.at[0..u.count) is the label
 *
 * The tables are Unicode 15.0's. They hold for mail servers with a later one
 * too: up to 17.0, what was added are code points that are refused here, and
 * the one that came to map to something else, U+1E9E, is refused as well.
 */
#ifndef STS_UTS46_H
#define STS_UTS46_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* Decomposed characters of a label: 59 composed ones are the most that
	 * fit 63 octets with "xn--", and each comes apart into 4 at most. */
	STS_UTS46_POINTS = 59 * 4
};

struct sts_uts46 {
	size_t count;
	uint32_t at[STS_UTS46_POINTS]; /* private before compose: the combining
	                                  class in the upper eight bits */
};

/* Begin a label; *u may hold anything. */
void sts_uts46_init(struct sts_uts46 *u);

/*
 * Map a character, decompose what it becomes, and put marks in canonical order.
 * False: it is disallowed, or not assigned in our version of Unicode, or what
 * is made of the label is too long for one; *u is then of no more use. O(log)
 * of the tables, and O(count) for a mark. point is at most U+10FFFF.
 */
bool sts_uts46_add(struct sts_uts46 *u, uint32_t point);

/* Compose: once, after the last character. O(count log) of the tables. */
void sts_uts46_compose(struct sts_uts46 *u);

/* Whether a character that was mapped is a combining mark. */
bool sts_uts46_is_mark(uint32_t point);

#endif
