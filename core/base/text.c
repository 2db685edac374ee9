/* SPDX-License-Identifier: MIT */
/*
 * Words of a text. A text of no octets may have no address (p NULL): so
 * nothing is added to p, and nothing handed to the C library, when n is 0.
 */
#include <string.h>

#include "assert.h"
#include "text.h"

static bool
is_blank(uint8_t c, enum sts_blank blank)
{
	switch (blank) {
	case STS_BLANK_TAB:
		return c == ' ' || c == '\t';
	case STS_BLANK_COMMA:
		return c == ' ' || c == ',';
	case STS_BLANK_CONTROL:
		return c <= ' ';
	default:
		return c == ' ';
	}
}

struct sts_text
sts_text_of(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

struct sts_text
sts_text_skip(struct sts_text t, size_t n)
{
	STS_ASSERT(n <= t.n);
	return n == 0 ? t : sts_text(t.p + n, t.n - n);
}

static struct sts_text
skip_blanks(struct sts_text t, enum sts_blank blank)
{
	size_t n = 0;

	while (n < t.n && is_blank(t.p[n], blank)) {
		n++;
	}
	return sts_text_skip(t, n);
}

struct sts_text
sts_text_trim(struct sts_text t, enum sts_blank blank)
{
	t = skip_blanks(t, blank);
	while (t.n > 0 && is_blank(t.p[t.n - 1], blank)) {
		t.n--;
	}
	return t;
}

struct sts_text
sts_text_word(struct sts_text *rest, enum sts_blank blank)
{
	struct sts_text left = skip_blanks(*rest, blank);
	struct sts_text word = { left.p, 0 };

	while (word.n < left.n && !is_blank(left.p[word.n], blank)) {
		word.n++;
	}
	*rest = skip_blanks(sts_text_skip(left, word.n), blank);
	return word;
}

bool
sts_text_is_lower(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (sts_lower(t.p[i]) != t.p[i]) {
			return false;
		}
	}
	return true;
}

size_t
sts_text_find(struct sts_text t, uint8_t c)
{
	const uint8_t *at = t.n > 0 ? memchr(t.p, c, t.n) : NULL;

	return at != NULL ? (size_t)(at - t.p) : t.n;
}

struct sts_text
sts_text_field(struct sts_text *rest, uint8_t mark)
{
	size_t n = sts_text_find(*rest, mark);
	struct sts_text field = { rest->p, n };

	*rest = sts_text_skip(*rest, n < rest->n ? n + 1 : n);
	return field;
}

bool
sts_text_take(struct sts_text *t, const char *prefix)
{
	size_t n = strlen(prefix);

	if (t->n < n || !sts_text_is(sts_text(t->p, n), prefix)) {
		return false;
	}
	*t = sts_text_skip(*t, n);
	return true;
}
