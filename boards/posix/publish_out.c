/* SPDX-License-Identifier: MIT */
/*
 * What publish prints, in four formats. Steps and facts are comments of the
 * format, so that the output can be given to a name server's program as it is.
 * A TXT is always quoted: without quotes a ';' begins a comment of a zone file,
 * and the record loses all behind it.
 *
 * Invariants: steps come first, then records; owner names are absolute, or
 * relative to the zone that --zone names. Names and contents were judged by the
 * part that made them (A-labels, ids, hexadecimal digits, characters of URIs),
 * so none holds a quote, a backslash or a line end, and none can end its
 * string, its line or its command.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/grammar/json_put.h"
#include "publish.h"

enum {
	STRING_MAX = 255, /* octets of one string of a TXT (RFC 1035 3.3) */
	STEP_MAX = 500 + 3 * STS_NAME_MAX /* a sentence of three names */
};

static void
put_json_string(const char *s)
{
	static uint8_t buf[STS_JSON_ESCAPE_MAX * STS_PUBLISH_FILE_MAX + 8];
	struct sts_sink sink = { 0, 0, sizeof buf, buf };
	struct sts_json_put p;

	sts_json_put_begin(&p, &sink);
	sts_json_put_string(&p, NULL, s);
	STS_ASSERT(sink.pos <= sizeof buf);
	fwrite(buf, 1, sink.pos, stdout);
}

static const char *
comment(const struct sts_publish_out *o)
{
	return o->format == STS_PUBLISH_PDNS ? "#" : ";";
}

/* The zone, unless it is given: the name itself; for a mail host the name above
 * it, if that is more than a top-level domain. */
static const char *
likely_zone(const struct sts_publish *p, const char *what)
{
	const char *name = sts_publish_name(p);
	unsigned labels =
	    sts_name_labels(sts_text(p->name.domain, p->name.len));

	return strcmp(what, "tlsa") == 0 && labels > 2 ? strchr(name, '.') + 1
						       : name;
}

/* Each line of the text as a comment. */
static void
put_comment(const struct sts_publish_out *o, const char *text)
{
	struct sts_text rest = sts_text_of(text);

	while (rest.n > 0) {
		struct sts_text line = sts_text_field(&rest, '\n');

		printf(
		    "%s %.*s\n", comment(o), (int)line.n, (const char *)line.p);
	}
}

void
sts_publish_begin(
    struct sts_publish_out *o, const struct sts_publish *p, const char *what)
{
	memset(o, 0, sizeof *o);
	o->format = p->format;
	o->zone = p->zone != NULL ? p->zone : likely_zone(p, what);
	if (o->format == STS_PUBLISH_JSON) {
		printf("{\"publish\":");
		put_json_string(what);
		printf(",\"name\":");
		put_json_string(sts_publish_name(p));
	} else {
		printf("%s mtasts publish %s %s\n", comment(o), what,
		    sts_publish_name(p));
	}
}

void
sts_publish_fact(struct sts_publish_out *o, const char *name, const char *value)
{
	STS_ASSERT(o->steps == 0 && o->records == 0);
	if (o->format == STS_PUBLISH_JSON) {
		printf(",\"%s\":", name);
		put_json_string(value);
		return;
	}
	printf("%s %s:%s", comment(o), name,
	    strchr(value, '\n') != NULL ? "\n" : " ");
	if (strchr(value, '\n') == NULL) {
		puts(value);
	} else {
		put_comment(o, value);
	}
}

void
sts_publish_step(struct sts_publish_out *o, const char *format, ...)
{
	char text[STEP_MAX];
	va_list args;

	STS_ASSERT(o->records == 0);
	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);

	va_end(args);
	STS_ASSERT(n > 0 && (size_t)n < sizeof text);
	o->steps++;
	if (o->format == STS_PUBLISH_JSON) {
		printf(o->steps == 1 ? ",\"steps\":[" : ",");
		put_json_string(text);
	} else {
		printf("%s %u. %s\n", comment(o), o->steps, text);
	}
}

/* A text as the quoted strings of a TXT record. */
static void
put_strings(const char *text)
{
	size_t left = strlen(text);

	for (const char *before = ""; left > 0; before = " ") {
		size_t n = left < STRING_MAX ? left : STRING_MAX;

		printf("%s\"%.*s\"", before, (int)n, text);
		text += n;
		left -= n;
	}
}

static void
put_content(const char *type, const char *content)
{
	if (strcmp(type, "TXT") == 0) {
		put_strings(content);
	} else {
		fputs(content, stdout);
	}
}

static void
put_nsupdate(const char *owner, const char *type, uint32_t ttl_s,
    const char *const *content, unsigned count)
{
	printf("update delete %s. %s\n", owner, type);
	for (unsigned i = 0; i < count; i++) {
		printf("update add %s. %lu %s ", owner, (unsigned long)ttl_s,
		    type);
		put_content(type, content[i]);
		puts("");
	}
	puts("send");
}

/* The owner as pdnsutil takes it: relative to the zone, which it ends with. */
static void
put_relative(const char *owner, const char *zone)
{
	size_t n = strlen(owner), z = strlen(zone);

	STS_ASSERT(n > z + 1 && strcmp(owner + n - z, zone) == 0);
	printf("%.*s", (int)(n - z - 1), owner);
}

static void
put_pdns(const struct sts_publish_out *o, const char *owner, const char *type,
    uint32_t ttl_s, const char *const *content, unsigned count)
{
	printf("pdnsutil %s %s ", count > 0 ? "replace-rrset" : "delete-rrset",
	    o->zone);
	put_relative(owner, o->zone);
	printf(" %s", type);
	if (count > 0) {
		printf(" %lu", (unsigned long)ttl_s);
	}
	for (unsigned i = 0; i < count; i++) {
		printf(" '");
		put_content(type, content[i]);
		putchar('\'');
	}
	puts("");
}

static void
put_json(struct sts_publish_out *o, const char *owner, const char *type,
    uint32_t ttl_s, const char *const *content, unsigned count)
{
	printf("%s{\"owner\":", o->records == 0 ? "" : ",");
	put_json_string(owner);
	printf(",\"type\":\"%s\",\"ttl\":%lu,\"content\":[", type,
	    (unsigned long)ttl_s);
	for (unsigned i = 0; i < count; i++) {
		printf(i > 0 ? "," : "");
		put_json_string(content[i]);
	}
	printf("]}");
}

/* The list of steps ends, the list of records begins. */
static void
begin_records(const struct sts_publish_out *o)
{
	printf(o->steps > 0 ? "],\"records\":[" : ",\"records\":[");
}

void
sts_publish_records(struct sts_publish_out *o, const char *owner,
    const char *type, uint32_t ttl_s, const char *const *content,
    unsigned count)
{
	switch (o->format) {
	case STS_PUBLISH_ZONE:
		if (count == 0) {
			printf("; remove: %s. %s\n", owner, type);
		}
		for (unsigned i = 0; i < count; i++) {
			printf("%s. %lu IN %s ", owner, (unsigned long)ttl_s,
			    type);
			put_content(type, content[i]);
			puts("");
		}
		break;
	case STS_PUBLISH_NSUPDATE:
		put_nsupdate(owner, type, ttl_s, content, count);
		break;
	case STS_PUBLISH_PDNS:
		put_pdns(o, owner, type, ttl_s, content, count);
		break;
	case STS_PUBLISH_JSON:
		if (o->records == 0) {
			begin_records(o);
		}
		put_json(o, owner, type, ttl_s, content, count);
		break;
	}
	o->records++;
}

void
sts_publish_end(struct sts_publish_out *o)
{
	if (o->format == STS_PUBLISH_JSON) {
		if (o->records == 0) {
			begin_records(o);
		}
		puts("]}");
	}
}
