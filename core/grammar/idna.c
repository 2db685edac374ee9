/* SPDX-License-Identifier: MIT */
/* Labels by UTS #46: mapping, what ICU checks, Punycode. */
#include <string.h>

#include "../base/utf8.h"
#include "idna.h"
#include "punycode.h"
#include "uts46.h"

enum {
	PREFIX = 4 /* "xn--" */
};

/* Map UTF-8. False: it is no UTF-8, or the result is "cannot tell". */
static bool
map(struct sts_uts46 *u, struct sts_text text)
{
	struct sts_utf8 c = { 0, 0, 0, 0 };

	sts_uts46_init(u);
	for (size_t i = 0; i < text.n; i++) {
		if (!sts_utf8_byte(&c, text.p[i])) {
			return false;
		}
		if (c.left == 0 && !sts_uts46_add(u, c.point)) {
			return false;
		}
	}
	sts_uts46_compose(u);
	return c.left == 0;
}

/* UTS #46 4.1: no hyphen at either end, nor in places 3 and 4, which ICU counts
 * in units of UTF-16. */
static bool
hyphens_right(const uint32_t *at, size_t count)
{
	size_t third = at[0] > 0xffff ? 1 : 2;
	bool both = count >= third + 2 && at[third] == '-' &&
		    at[third + 1] == '-' && (third == 1 || at[1] <= 0xffff);

	return at[0] != '-' && at[count - 1] != '-' && !both;
}

/* Of ASCII, letters, digits and hyphens only. */
static bool
is_host_label(const uint32_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (at[i] < 0x80 && !sts_is_alnum((uint8_t)at[i]) &&
		    at[i] != '-') {
			return false;
		}
	}
	return true;
}

/* Write a label of ASCII. True: all of it is. */
static bool
write_ascii(uint8_t *out, const uint32_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (at[i] >= 0x80) {
			return false;
		}
		out[i] = (uint8_t)at[i];
	}
	return true;
}

/* The label for mapped characters, except A-labels, which have hyphens in
 * places 3 and 4. 0: cannot tell. */
static size_t
label_of(uint8_t out[STS_LABEL_MAX], const struct sts_uts46 *u)
{
	if (u->count == 0 || u->count > STS_LABEL_MAX ||
	    !hyphens_right(u->at, u->count) ||
	    !is_host_label(u->at, u->count) || sts_uts46_is_mark(u->at[0])) {
		return 0;
	}
	if (write_ascii(out, u->at, u->count)) {
		return u->count;
	}
	return sts_punycode_encode(out, u->at, u->count);
}

static bool
has_prefix(const struct sts_uts46 *u)
{
	return u->count > PREFIX && u->at[0] == 'x' && u->at[1] == 'n' &&
	       u->at[2] == '-' && u->at[3] == '-';
}

/*
 * Whether ace is the A-label of the label that it stands for: mapping changes
 * nothing there, and encoding gives ace again (UTS #46 4, step 4). *u is used
 * up.
 */
static bool
is_a_label(struct sts_uts46 *u, struct sts_text ace)
{
	uint32_t points[STS_LABEL_MAX];
	uint8_t again[STS_LABEL_MAX];
	size_t count = sts_punycode_decode(
	    points, sts_text(ace.p + PREFIX, ace.n - PREFIX));

	sts_uts46_init(u);
	for (size_t i = 0; i < count; i++) {
		if (!sts_uts46_add(u, points[i])) {
			return false;
		}
	}
	sts_uts46_compose(u);
	return label_of(again, u) == ace.n && memcmp(again, ace.p, ace.n) == 0;
}

size_t
sts_idna_dot(struct sts_text t)
{
	static const uint8_t wide[][3] = {
		{ 0xe3, 0x80, 0x82 }, /* U+3002 ideographic full stop */
		{ 0xef, 0xbc, 0x8e }, /* U+FF0E fullwidth full stop */
		{ 0xef, 0xbd, 0xa1 }, /* U+FF61 halfwidth full stop */
	};

	if (t.n > 0 && t.p[0] == '.') {
		return 1;
	}
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
		if (t.n >= 3 && memcmp(t.p, wide[i], 3) == 0) {
			return 3;
		}
	}
	return 0;
}

size_t
sts_idna_label(uint8_t out[STS_LABEL_MAX], struct sts_text label)
{
	struct sts_uts46 u;
	size_t len;

	if (!map(&u, label)) {
		return 0;
	}
	if (!has_prefix(&u)) {
		return label_of(out, &u);
	}
	len = u.count;
	if (len > STS_LABEL_MAX || !write_ascii(out, u.at, len)) {
		return 0;
	}
	return is_a_label(&u, sts_text(out, len)) ? len : 0;
}
