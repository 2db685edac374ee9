/* SPDX-License-Identifier: MIT */
/* JSON written into a sink: commas, names, and strings in printable ASCII. */
#include <string.h>

#include "../base/assert.h"
#include "json_put.h"

enum {
	REPLACEMENT = 0xfffd, /* stands for octets that are not UTF-8 */
	NUMBER_BITS = 53
};

static void
put_char(struct sts_json_put *p, char c)
{
	sts_sink_put(p->sink, sts_text((const uint8_t *)&c, 1));
}

void
sts_json_put_begin(struct sts_json_put *p, struct sts_sink *sink)
{
	memset(p, 0, sizeof *p);
	p->sink = sink;
}

/* Put the comma and the name before a value. */
static void
put_name(struct sts_json_put *p, const char *name)
{
	if (p->comma) {
		put_char(p, ',');
	}
	p->comma = true;
	if (name != NULL) {
		put_char(p, '"');
		sts_sink_string(p->sink, name);
		sts_sink_string(p->sink, "\":");
	}
}

void
sts_json_put_open(struct sts_json_put *p, const char *name, char bracket)
{
	STS_ASSERT(bracket == '{' || bracket == '[');
	put_name(p, name);
	put_char(p, bracket);
	p->comma = false;
}

void
sts_json_put_close(struct sts_json_put *p, char bracket)
{
	STS_ASSERT(bracket == '}' || bracket == ']');
	put_char(p, bracket);
	p->comma = true;
}

void
sts_json_put_line(struct sts_json_put *p)
{
	put_char(p, '\n');
	p->comma = false;
}

/* "\uXXXX" for one UTF-16 code unit. */
static void
put_unit(struct sts_json_put *p, uint32_t unit)
{
	sts_sink_string(p->sink, "\\u");
	sts_sink_hex(p->sink, unit, 4);
}

static void
put_point(struct sts_json_put *p, uint32_t point)
{
	if (point >= 0x10000) {
		/* RFC 8259 7: a surrogate pair. */
		put_unit(p, 0xd800 + ((point - 0x10000) >> 10));
		put_unit(p, 0xdc00 + ((point - 0x10000) & 0x3ff));
	} else if (point < ' ' || point >= 0x7f) {
		put_unit(p, point);
	} else {
		if (point == '"' || point == '\\') {
			put_char(p, '\\');
		}
		put_char(p, (char)point);
	}
}

static void
put_octet(struct sts_json_put *p, uint8_t octet)
{
	while (!sts_utf8_byte(&p->utf8, octet)) {
		bool alone = p->utf8.left == 0;

		memset(&p->utf8, 0, sizeof p->utf8);
		put_point(p, REPLACEMENT);
		if (alone) {
			return;
		}
		/* The octet cut a character short and may begin another. */
	}
	if (p->utf8.left == 0) {
		put_point(p, p->utf8.point);
	}
}

void
sts_json_put_start(struct sts_json_put *p, const char *name)
{
	put_name(p, name);
	put_char(p, '"');
	memset(&p->utf8, 0, sizeof p->utf8);
}

void
sts_json_put_piece(struct sts_json_put *p, struct sts_text piece)
{
	for (size_t i = 0; i < piece.n; i++) {
		put_octet(p, piece.p[i]);
	}
}

void
sts_json_put_stop(struct sts_json_put *p)
{
	if (p->utf8.left > 0) {
		put_point(p, REPLACEMENT);
	}
	put_char(p, '"');
}

void
sts_json_put_text(
    struct sts_json_put *p, const char *name, struct sts_text value)
{
	sts_json_put_start(p, name);
	sts_json_put_piece(p, value);
	sts_json_put_stop(p);
}

void
sts_json_put_string(struct sts_json_put *p, const char *name, const char *value)
{
	sts_json_put_text(
	    p, name, sts_text((const uint8_t *)value, strlen(value)));
}

void
sts_json_put_number(struct sts_json_put *p, const char *name, uint64_t value)
{
	STS_ASSERT(value >> NUMBER_BITS == 0);
	put_name(p, name);
	sts_sink_decimal(p->sink, value);
}

void
sts_json_put_bool(struct sts_json_put *p, const char *name, bool value)
{
	put_name(p, name);
	sts_sink_string(p->sink, value ? "true" : "false");
}
