/* SPDX-License-Identifier: MIT */
/* An answer of the control socket, read and shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control_print.h"

enum member {
	OTHER = 0,
	ANSWER,
	PATTERNS, /* a list, */
	HOSTS, /* and another */
	MAIL,
	ENDING /* the exit code */
};

/* ---- for people ---- */

static void
take_name(struct sts_control_show *s, struct sts_text name)
{
	s->member = sts_text_is(name, "answer")      ? ANSWER
		    : sts_text_is(name, "mx")        ? PATTERNS
		    : sts_text_is(name, "dane_host") ? HOSTS
		    : sts_text_is(name, "mail")      ? MAIL
		    : sts_text_is(name, "end")       ? ENDING
						     : OTHER;
	s->begun = false;
	sts_fields_add(&s->fields, STS_JSON_NAME, name);
}

/* An answer may be long: it is shown as it comes. */
static void
show_answer(struct sts_control_show *s, struct sts_text t, bool last)
{
	if (!s->begun) {
		sts_control_print_head(s);
		s->begun = true;
	}
	sts_control_print_text(t);
	if (last) {
		putchar('\n');
	}
}

static void
take_value(
    struct sts_control_show *s, enum sts_json_event event, struct sts_text t)
{
	switch (s->member) {
	case ANSWER:
		show_answer(s, t, event != STS_JSON_PIECE);
		break;
	case MAIL:
		sts_control_print_mail(t);
		break;
	case PATTERNS:
		sts_control_print_pattern(s, t);
		break;
	case HOSTS:
		sts_control_print_host(s, t);
		break;
	default:
		sts_fields_add(&s->fields, event, t);
	}
}

/* ---- both ---- */

/* A record is whole; its last member may say that it is the end. */
static void
take_record(struct sts_control_show *s)
{
	if (s->member == ENDING) {
		s->ended = true;
	} else if (!s->json) {
		sts_control_print_record(s);
	}
	sts_fields_begin(&s->fields);
	s->member = OTHER;
}

static void
take_end(
    struct sts_control_show *s, enum sts_json_event event, struct sts_text t)
{
	uint64_t code = 0;

	if (event != STS_JSON_NUMBER || !sts_get_decimal(t, 3, &code)) {
		s->member = OTHER; /* that is no exit code */
	}
	s->code = (unsigned)code;
}

/* How deep values of the member are: those of a list are deeper. */
static unsigned
value_depth(const struct sts_control_show *s)
{
	return s->member == PATTERNS || s->member == HOSTS ? 2 : 1;
}

static void
take(struct sts_control_show *s, enum sts_json_event event)
{
	struct sts_text t = sts_json_text(&s->reader);
	unsigned depth = sts_json_depth(&s->reader);

	if (event == STS_JSON_OBJECT_END && depth == 0) {
		take_record(s);
	} else if (event == STS_JSON_NAME && depth == 1) {
		take_name(s, t);
	} else if (event < STS_JSON_PIECE || event > STS_JSON_FALSE) {
		return;
	} else if (s->member == ENDING) {
		take_end(s, event, t);
	} else if (!s->json && depth == value_depth(s)) {
		take_value(s, event, t);
	}
}

/* Hold back the beginning of a line until its first name shows whether it is
 * the last one. False: it has shown that already, or will never. */
static bool
hold(struct sts_control_show *s, enum sts_json_event event, struct sts_text raw)
{
	bool open = event == STS_JSON_MORE || event == STS_JSON_OBJECT;

	if (s->passing || !open || raw.n > sizeof s->held - s->held_len) {
		return false;
	}
	memcpy(s->held + s->held_len, raw.p, raw.n);
	s->held_len += raw.n;
	return true;
}

/* JSON goes out as it comes, but for the last line. */
static void
pass(struct sts_control_show *s, enum sts_json_event event, struct sts_text raw)
{
	bool last = s->member == ENDING || s->ended;

	if (!last && hold(s, event, raw)) {
		return;
	}
	struct sts_text held = sts_text((const uint8_t *)s->held, s->held_len);

	if (last) {
		/* What precedes the last line ends the line before it. */
		while (held.n > 0 && held.p[held.n - 1] != '\n') {
			held.n--;
		}
	}
	sts_control_print_text(held);
	s->held_len = 0;
	if (!last) {
		sts_control_print_text(raw);
	}
	s->passing = sts_json_depth(&s->reader) > 0;
}

void
sts_control_show_begin(struct sts_control_show *s,
    enum sts_control_command command, bool json, const char *key)
{
	memset(s, 0, sizeof *s);
	s->command = (uint8_t)command;
	s->json = json;
	s->key = key;
	sts_json_begin(&s->reader);
	sts_fields_begin(&s->fields);
}

void
sts_control_show_feed(struct sts_control_show *s, const uint8_t *p, size_t n)
{
	enum sts_json_event event = STS_JSON_MORE;

	while (n > 0 && !s->ended && event < STS_JSON_LIMIT) {
		size_t read = sts_json_read(&s->reader, sts_text(p, n), &event);

		take(s, event);
		if (s->json) {
			pass(s, event, sts_text(p, read));
		}
		p += read;
		n -= read;
	}
}
