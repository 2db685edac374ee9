/* SPDX-License-Identifier: MIT */
/*
 * Words of a text: what configuration lines, request lines and policy values
 * are read with. Nothing is copied; every result is a part of the text that it
 * was taken from. sts_text_is and sts_text_same (bytes.h) compare what was
 * read.
 *
 *	struct sts_text line = ..., verb, key;
 *
 *	verb = sts_text_word(&line, STS_BLANK_TAB);
 *	key = sts_text_word(&line, STS_BLANK_TAB);
 *	if (sts_text_is(verb, "show") && key.n > 0 && line.n == 0) ...
 */
#ifndef STS_TEXT_H
#define STS_TEXT_H

#include "bytes.h"

/* The characters between words. Each grammar has one set and keeps to it. */
enum sts_blank {
	STS_BLANK_SPACE, /* a space */
	STS_BLANK_TAB, /* a space or a tab */
	STS_BLANK_COMMA, /* a space or a comma */
	STS_BLANK_CONTROL /* a space or any octet below it, CR for one */
};

/* The characters of a NUL-ended string, which is borrowed. */
struct sts_text sts_text_of(const char *s);

/* t without its first n octets; n <= t.n (asserted). */
struct sts_text sts_text_skip(struct sts_text t, size_t n);

/* t without the blanks at either end. */
struct sts_text sts_text_trim(struct sts_text t, enum sts_blank blank);

/*
 * Take the first word off *rest, with the blanks before and behind it: what is
 * left is empty or begins with the next word. Empty: there was no word.
 */
struct sts_text sts_text_word(struct sts_text *rest, enum sts_blank blank);

/*
 * Take what stands before the first `mark` off *rest, and that mark too. The
 * result may be empty. Without a mark it is all of *rest, which is then empty.
 */
struct sts_text sts_text_field(struct sts_text *rest, uint8_t mark);

/* Whether t has no letter A-Z. */
bool sts_text_is_lower(struct sts_text t);

/* Where the first octet c is in t, or t.n: there is none. */
size_t sts_text_find(struct sts_text t, uint8_t c);

/* Take the NUL-ended string off the front of *t. False, and *t is unchanged: t
 * does not begin with it. */
bool sts_text_take(struct sts_text *t, const char *prefix);

#endif
