/* SPDX-License-Identifier: MIT */
/* A scenario file as lines of words. Memory is not freed: a process plays one
 * scenario. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"

enum {
	FILE_MAX = 1 << 20
};

/* Where in the file the reader is, and what $i stands for. */
struct reader {
	struct script *script;
	char *at;
	int number;
	const char *name; /* of the repeat's variable, or NULL */
	int value;
};

static void
bad(const struct reader *r, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", r->script->path, r->number, what);
	exit(2);
}

static void *
take(size_t size)
{
	void *p = calloc(1, size);

	if (p == NULL) {
		abort();
	}
	return p;
}

/* The next raw line, its end replaced by NUL; NULL at the end. */
static char *
next_line(struct reader *r)
{
	char *line = r->at, *end;

	if (*line == '\0') {
		return NULL;
	}
	end = strchr(line, '\n');
	if (end == NULL) {
		r->at = line + strlen(line);
	} else {
		*end = '\0';
		r->at = end + 1;
	}
	r->number++;
	return line;
}

/* A copy of the line with the repeat's variable replaced. */
static char *
expand(const struct reader *r, const char *line)
{
	char *out = take(strlen(line) * 6 + 1), *o = out;
	size_t n = r->name == NULL ? 0 : strlen(r->name);

	while (*line != '\0') {
		if (n > 0 && *line == '$' &&
		    strncmp(line + 1, r->name, n) == 0) {
			o += sprintf(o, "%d", r->value);
			line += 1 + n;
		} else {
			*o++ = *line++;
		}
	}
	return out;
}

static char
escape(struct reader *r, char **at)
{
	char c = *(*at)++;
	char hex[3] = "";

	switch (c) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '"':
	case '\\':
		return c;
	case 'x':
		memcpy(hex, *at, strlen(*at) < 2 ? strlen(*at) : 2);
		*at += strlen(hex);
		return (char)strtoul(hex, NULL, 16);
	default:
		bad(r, "unknown escape");
		return c;
	}
}

/* Decode up to the word's end, in place. Returns the end of what was
 * written. */
static char *
decode_word(struct reader *r, char **at)
{
	char *o = *at;
	bool quoted = false;

	while (**at != '\0' && (quoted || strchr(" \t", **at) == NULL)) {
		char c = *(*at)++;

		if (c == '"') {
			quoted = !quoted;
		} else if (c == '\\' && quoted) {
			*o++ = escape(r, at);
		} else {
			*o++ = c;
		}
	}
	if (quoted) {
		bad(r, "a quote is not closed");
	}
	return o;
}

/* The next word at *at; NULL: none. Quotes may begin inside it: k="v w". */
static char *
next_word(struct reader *r, char **at, size_t *len)
{
	char *word, *end;

	*at += strspn(*at, " \t");
	if (**at == '\0' || **at == '#') {
		return NULL;
	}
	word = *at;
	end = decode_word(r, at);
	if (**at != '\0') {
		(*at)++;
	}
	*end = '\0';
	*len = (size_t)(end - word);
	return word;
}

static struct script_line *
new_line(struct script *s, int number)
{
	s->line = realloc(s->line, (s->count + 1) * sizeof *s->line);
	if (s->line == NULL) {
		abort();
	}
	memset(&s->line[s->count], 0, sizeof *s->line);
	s->line[s->count].number = number;
	return &s->line[s->count++];
}

/* The lines up to >>>, joined by CRLF. */
static char *
read_text(struct reader *r)
{
	size_t n = 0;
	char *text = take(strlen(r->at) * 2 + 1);
	char *line;

	while ((line = next_line(r)) != NULL && strcmp(line, ">>>") != 0) {
		n += (size_t)sprintf(text + n, "%s\r\n", line);
	}
	if (line == NULL) {
		bad(r, "<<< without >>>");
	}
	return text;
}

static void
read_words(struct reader *r, char *raw)
{
	struct script_line *line = NULL;
	char *word;
	size_t len;

	while ((word = next_word(r, &raw, &len)) != NULL) {
		if (line == NULL) {
			line = new_line(r->script, r->number);
		}
		if (strcmp(word, "<<<") == 0) {
			line->text = read_text(r);
			return;
		}
		if (line->argc == SCRIPT_WORDS) {
			bad(r, "too many words");
		}
		line->len[line->argc] = len;
		line->argv[line->argc++] = word;
	}
}

/* The lines up to `end`, once for each value. */
static void
read_repeat(struct reader *r, const char *raw)
{
	char *from = r->at, *body, name[16];
	int number = r->number, first, last;

	if (sscanf(raw, "repeat %15s %d %d", name, &first, &last) != 3) {
		bad(r, "repeat NAME FIRST LAST");
	}
	body = strstr(from, "\nend\n");
	if (body == NULL) {
		bad(r, "repeat without end");
	}
	body[1] = '\0';
	r->name = name;
	for (r->value = first; r->value <= last; r->value++) {
		char *copy = take(strlen(from) + 1);

		strcpy(copy, from);
		r->at = copy;
		r->number = number;
		for (char *line = next_line(r); line != NULL;
		     line = next_line(r)) {
			read_words(r, expand(r, line));
		}
	}
	r->name = NULL;
	r->number++;
	r->at = body + strlen("\nend\n");
}

void
script_read(struct script *s, const char *path)
{
	struct reader r = { s, NULL, 0, NULL, 0 };
	char *bytes = take(FILE_MAX);
	FILE *f = fopen(path, "rb");
	char *line;

	memset(s, 0, sizeof *s);
	s->path = path;
	if (f == NULL || fread(bytes, 1, FILE_MAX - 1, f) == 0) {
		bad(&r, "cannot be read");
	}
	fclose(f);
	r.at = bytes;
	if (strncmp(bytes, "# ", 2) != 0) {
		bad(&r, "the first line must say what the scenario pins");
	}
	s->title = bytes + 2;
	while ((line = next_line(&r)) != NULL) {
		if (strncmp(line, "repeat ", 7) == 0) {
			read_repeat(&r, line);
		} else {
			read_words(&r, expand(&r, line));
		}
	}
}
