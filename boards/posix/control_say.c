/* SPDX-License-Identifier: MIT */
/* Codec of the control socket's answers. */
#include <string.h>

#include "../../core/base/assert.h"
#include "control_say.h"

enum {
	DIGITS = 10
};

void
sts_say_init(struct sts_say *s, bool json)
{
	memset(s, 0, sizeof *s);
	s->json = json;
}

void
sts_say_into(struct sts_say *s, struct sts_span out)
{
	s->out = out;
	s->len = 0;
}

size_t
sts_say_room(const struct sts_say *s)
{
	return s->out.n - s->len;
}

static void
put(struct sts_say *s, const void *p, size_t n)
{
	STS_ASSERT(n <= sts_say_room(s));
	memcpy(s->out.p + s->len, p, n);
	s->len += n;
}

static void
put_word(struct sts_say *s, const char *word)
{
	put(s, word, strlen(word));
}

static void
put_octet(struct sts_say *s, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	bool plain =
	    c >= ' ' && c < 0x7f && c != '\\' && !(s->json && c == '"');

	if (plain) {
		put(s, &c, 1);
		return;
	}
	put_word(s, s->json ? "\\u00" : "\\x");
	put(s, &hex[c >> 4], 1);
	put(s, &hex[c & 15], 1);
}

static void
put_value(struct sts_say *s, struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		put_octet(s, t.p[i]);
	}
}

static void
put_number(struct sts_say *s, uint32_t value)
{
	char digits[DIGITS];
	unsigned n = 0;

	do {
		n++;
		digits[DIGITS - n] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	put(s, digits + DIGITS - n, n);
}

static void
put_comma(struct sts_say *s)
{
	if (s->json && s->comma) {
		put_word(s, ",");
	}
	s->comma = true;
}

/* What precedes a value, and what follows it. */
static void
put_name(struct sts_say *s, const char *name)
{
	put_comma(s);
	put_word(s, s->json ? "\"" : "");
	put_word(s, name);
	put_word(s, s->json ? "\":" : " ");
}

static void
put_end(struct sts_say *s)
{
	put_word(s, s->json ? "" : "\n");
}

void
sts_say_open(struct sts_say *s)
{
	s->comma = false;
	put_word(s, s->json ? "{" : "");
}

void
sts_say_close(struct sts_say *s)
{
	put_word(s, s->json ? "}\n" : "\n");
}

void
sts_say_start(struct sts_say *s, const char *name)
{
	put_name(s, name);
	put_word(s, s->json ? "\"" : "");
}

size_t
sts_say_piece(struct sts_say *s, struct sts_text t)
{
	size_t i = 0;

	while (i < t.n && sts_say_room(s) >= STS_SAY_ESCAPE_MAX) {
		put_octet(s, t.p[i]);
		i++;
	}
	return i;
}

void
sts_say_stop(struct sts_say *s)
{
	put_word(s, s->json ? "\"" : "\n");
}

void
sts_say_text(struct sts_say *s, const char *name, struct sts_text value)
{
	sts_say_start(s, name);
	put_value(s, value);
	sts_say_stop(s);
}

void
sts_say_word(struct sts_say *s, const char *name, const char *value)
{
	sts_say_text(s, name, sts_text((const uint8_t *)value, strlen(value)));
}

void
sts_say_number(struct sts_say *s, const char *name, uint32_t value)
{
	put_name(s, name);
	put_number(s, value);
	put_end(s);
}

void
sts_say_bool(struct sts_say *s, const char *name, bool value)
{
	static const char *const words[] = { "no", "yes", "false", "true" };

	put_name(s, name);
	put_word(s, words[2 * s->json + value]);
	put_end(s);
}

void
sts_say_list(struct sts_say *s, const char *name)
{
	STS_ASSERT(s->list == NULL);
	s->list = name;
	if (s->json) {
		put_name(s, name);
		put_word(s, "[");
		s->comma = false;
	}
}

void
sts_say_item(struct sts_say *s, struct sts_text value)
{
	STS_ASSERT(s->list != NULL);
	if (s->json) {
		put_comma(s);
		put_word(s, "\"");
		put_value(s, value);
		put_word(s, "\"");
	} else {
		sts_say_text(s, s->list, value);
	}
}

void
sts_say_list_end(struct sts_say *s)
{
	STS_ASSERT(s->list != NULL);
	s->list = NULL;
	s->comma = true;
	put_word(s, s->json ? "]" : "");
}

void
sts_say_end(struct sts_say *s, unsigned code)
{
	if (s->json) {
		put_word(s, "{");
		s->comma = false;
	}
	put_name(s, "end");
	put_number(s, code);
	put_word(s, s->json ? "}\n" : "\n");
}
