/* SPDX-License-Identifier: MIT */
/* An answer of the control socket, shown to whoever asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_print.h"

static struct sts_show_field *
reading(struct sts_show *s)
{
	return &s->field[STS_SHOW_FIELDS - 1];
}

/* A field's name is there. An answer may be long: it is shown as it comes. */
static void
begin_value(struct sts_show *s)
{
	s->in_value = true;
	s->value_len = 0;
	if (strcmp(reading(s)->name, "answer") == 0) {
		sts_print_head(s);
		s->passing = true;
	}
}

static void
finish_field(struct sts_show *s)
{
	struct sts_show_field *f = reading(s);

	f->value[s->value_len] = '\0';
	if (s->passing) {
		puts("");
	} else if (strcmp(f->name, "end") == 0) {
		s->ended = true;
		s->code = (unsigned)strtoul(f->value, NULL, 10);
	} else if (strcmp(f->name, "mx") == 0) {
		sts_print_pattern(s, f->value);
	} else if (s->field_count < STS_SHOW_FIELDS - 1) {
		s->field[s->field_count++] = *f;
	}
}

static void
finish_line(struct sts_show *s)
{
	if (s->in_value) {
		finish_field(s);
	} else if (s->name_len == 0) {
		sts_print_record(s);
		s->field_count = 0;
	}
	s->in_value = s->passing = false;
	s->name_len = s->value_len = 0;
}

static void
feed_text(struct sts_show *s, char c)
{
	struct sts_show_field *f = reading(s);

	if (c == '\n') {
		finish_line(s);
	} else if (s->passing) {
		putchar(c);
	} else if (s->in_value) {
		if (s->value_len < STS_SHOW_VALUE_MAX) {
			f->value[s->value_len++] = c;
		}
	} else if (c == ' ') {
		f->name[s->name_len] = '\0';
		begin_value(s);
	} else if (s->name_len < STS_SHOW_NAME_MAX) {
		f->name[s->name_len++] = c;
	}
}

/* JSON goes as it comes, but for the last line, which is for us. */
static void
feed_json(struct sts_show *s, char c)
{
	static const char end[] = "{\"end\":";
	struct sts_show_field *f = reading(s);

	if (s->passing) {
		putchar(c);
		s->passing = c != '\n';
		return;
	}
	if (s->value_len >= STS_SHOW_VALUE_MAX) {
		return; /* no number is so long */
	}
	f->value[s->value_len++] = c;
	f->value[s->value_len] = '\0';
	if (s->value_len < sizeof end) {
		if (c != end[s->value_len - 1]) {
			fputs(f->value, stdout);
			s->passing = c != '\n';
			s->value_len = 0;
		}
	} else if (c == '}') {
		s->ended = true;
		s->code =
		    (unsigned)strtoul(f->value + sizeof end - 1, NULL, 10);
	}
}

void
sts_show_begin(struct sts_show *s, enum sts_control_command command, bool json,
    const char *key)
{
	memset(s, 0, sizeof *s);
	s->command = (uint8_t)command;
	s->json = json;
	s->key = key;
}

/* A daemon escapes what is not printable. One that does not is not what it was,
 * and its words go to the terminal of whoever looks what is wrong with it. */
static char
harmless(uint8_t c)
{
	if (c == '\n' || (c >= ' ' && c < 0x7f)) {
		return (char)c;
	}
	return '?';
}

void
sts_show_feed(struct sts_show *s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s->json) {
			feed_json(s, harmless(p[i]));
		} else {
			feed_text(s, harmless(p[i]));
		}
	}
}
