/* SPDX-License-Identifier: MIT */
/* The answer to "status", read into paths and values. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "status_tree.h"

/* Where the reader is. */
struct place {
	char path[STS_TREE_PATH_MAX];
	size_t len[STS_TREE_DEPTH + 1]; /* of the path, at each depth */
	bool list[STS_TREE_DEPTH + 1];
	unsigned count[STS_TREE_DEPTH + 1]; /* items of the list so far */
	unsigned depth;
	size_t begun; /* of the tree's text: where the value's path is */
	bool piece; /* a string goes on */
	bool full; /* nothing more is kept */
};

static bool
append(struct sts_tree *t, const void *p, size_t n)
{
	if (n > sizeof t->text - t->len || memchr(p, '\0', n) != NULL) {
		return false;
	}
	memcpy(t->text + t->len, p, n);
	t->len += n;
	return true;
}

static bool
end_text(struct sts_tree *t)
{
	if (t->len == sizeof t->text) {
		return false;
	}
	t->text[t->len++] = '\0';
	return true;
}

/* The path of a member or of the next item of a list. False: too long. */
static bool
set_path(struct place *at, struct sts_text name)
{
	size_t len = at->len[at->depth];
	int n =
	    at->list[at->depth]
		? snprintf(at->path + len, sizeof at->path - len, "%s%u",
		      len > 0 ? "." : "", at->count[at->depth]++)
		: snprintf(at->path + len, sizeof at->path - len, "%s%.*s",
		      len > 0 ? "." : "", (int)name.n, (const char *)name.p);

	return n > 0 && (size_t)n < sizeof at->path - len;
}

/* Keep a value, or a piece of it. False: there is no room. */
static bool
keep_value(
    struct sts_tree *t, struct place *at, bool piece, struct sts_text text)
{
	if (!at->piece) {
		at->begun = t->len;
		if (!append(t, at->path, strlen(at->path)) || !end_text(t)) {
			return false;
		}
	}
	return append(t, text.p, text.n) && (piece || end_text(t));
}

static void
take_value(struct sts_tree *t, struct place *at, enum sts_json_event event,
    struct sts_text text)
{
	bool piece = event == STS_JSON_PIECE;

	if (!at->full && !keep_value(t, at, piece, text)) {
		/* No part of a value is kept, nor anything behind it. */
		at->full = true;
		t->len = at->begun;
		memset(t->text + t->len, 0, sizeof t->text - t->len);
	}
	at->piece = piece;
}

/* An object or a list begins. False: it is too deep, or its path too long. */
static bool
enter(struct place *at, bool list)
{
	if (at->depth == STS_TREE_DEPTH) {
		return false;
	}
	at->depth++;
	at->len[at->depth] = strlen(at->path);
	at->list[at->depth] = list;
	at->count[at->depth] = 0;
	return true;
}

/* The text of an event. */
static struct sts_text
text_of(const struct sts_json *j, enum sts_json_event event)
{
	switch (event) {
	case STS_JSON_NAME:
	case STS_JSON_PIECE:
	case STS_JSON_STRING:
	case STS_JSON_NUMBER:
		return sts_json_text(j);
	case STS_JSON_TRUE:
		return sts_text_of("true");
	case STS_JSON_FALSE:
		return sts_text_of("false");
	default:
		return sts_text_of("null");
	}
}

/* An object or a list ends. */
static void
leave(struct place *at)
{
	at->path[at->len[at->depth]] = '\0';
	at->depth--;
}

/* False: this is not what the daemon sends. */
static bool
take(struct sts_tree *t, struct place *at, enum sts_json_event event,
    struct sts_text text)
{
	bool name = event == STS_JSON_NAME;

	if (event == STS_JSON_OBJECT_END || event == STS_JSON_LIST_END) {
		leave(at);
		return true;
	}
	/* An item of a list is named by its number. */
	if ((name || (at->list[at->depth] && !at->piece)) &&
	    !set_path(at, text)) {
		return false;
	}
	switch (event) {
	case STS_JSON_NAME:
		return true;
	case STS_JSON_OBJECT:
	case STS_JSON_LIST:
		return enter(at, event == STS_JSON_LIST);
	default:
		take_value(t, at, event, text);
		return at->depth > 0;
	}
}

size_t
sts_tree_read(struct sts_tree *t, struct sts_text in)
{
	struct place at = { 0 };
	enum sts_json_event event;
	struct sts_json j;
	size_t n = 0;

	memset(t, 0, sizeof *t);
	sts_json_begin(&j);
	do {
		n += sts_json_read(&j, sts_text(in.p + n, in.n - n), &event);
		if (event == STS_JSON_MORE || event >= STS_JSON_LIMIT ||
		    !take(t, &at, event, text_of(&j, event))) {
			return 0;
		}
	} while (at.depth > 0);
	return n < in.n && in.p[n] == '\n' ? n + 1 : 0;
}

const char *
sts_tree_get(const struct sts_tree *t, const char *path, ...)
{
	char want[STS_TREE_PATH_MAX];
	va_list args;

	va_start(args, path);
	vsnprintf(want, sizeof want, path, args);
	va_end(args);
	for (size_t i = 0; i < t->len;) {
		const char *each = t->text + i;
		const char *value = each + strlen(each) + 1;

		if (strcmp(each, want) == 0) {
			return value;
		}
		i = (size_t)(value - t->text) + strlen(value) + 1;
	}
	return "";
}
