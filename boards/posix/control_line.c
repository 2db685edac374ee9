/* SPDX-License-Identifier: MIT */
/* Codec of the control socket's requests. */
#include <string.h>

#include "../../core/base/assert.h"
#include "control_line.h"

STS_STATIC_ASSERT(
    STS_CONTROL_LINE_MAX >
	STS_CONTROL_KEY_MAX + STS_ZONE_NAME_MAX + sizeof "json refresh  \r\n",
    lines_fit);

/* What may follow a command's word. */
enum rest {
	REST_NONE,
	REST_KEY,
	REST_ZONE_KEY,
	REST_FLUSH,
	REST_ENFORCE
};

static const struct {
	const char *word;
	enum sts_control_command command;
	enum rest rest;
} commands[] = {
	{ "query", STS_CONTROL_QUERY, REST_ZONE_KEY },
	{ "show", STS_CONTROL_SHOW, REST_KEY },
	{ "forget", STS_CONTROL_FORGET, REST_KEY },
	{ "refresh", STS_CONTROL_REFRESH, REST_KEY },
	{ "list", STS_CONTROL_LIST, REST_NONE },
	{ "flush", STS_CONTROL_FLUSH, REST_FLUSH },
	{ "stats", STS_CONTROL_STATS, REST_NONE },
	{ "enforce", STS_CONTROL_ENFORCE, REST_ENFORCE },
};

enum {
	COMMANDS = sizeof commands / sizeof *commands
};

static bool
is(struct sts_text t, const char *word)
{
	return t.n == strlen(word) && memcmp(t.p, word, t.n) == 0;
}

/* Take the word up to the next space off t. */
static struct sts_text
take_word(struct sts_text *t)
{
	const uint8_t *end = t->n > 0 ? memchr(t->p, ' ', t->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - t->p) : t->n;
	size_t gone = end != NULL ? n + 1 : n;
	struct sts_text word = sts_text(t->p, n);

	*t = sts_text(t->p + gone, t->n - gone);
	return word;
}

int
sts_control_line(struct sts_text in)
{
	size_t n = in.n < STS_CONTROL_LINE_MAX ? in.n : STS_CONTROL_LINE_MAX;
	const uint8_t *end = n > 0 ? memchr(in.p, '\n', n) : NULL;

	if (end != NULL) {
		return (int)(end - in.p) + 1;
	}
	return n < STS_CONTROL_LINE_MAX ? 0 : -1;
}

static const char *
take_key(struct sts_control_request *r, struct sts_text t)
{
	if (t.n > sizeof r->key) {
		return "the key is too long";
	}
	if (t.n > 0) {
		memcpy(r->key, t.p, t.n);
	}
	r->key_len = (uint16_t)t.n;
	return NULL;
}

static const char *
take_zone(struct sts_control_request *r, struct sts_text t)
{
	if (t.n == 0 || t.n > sizeof r->zone) {
		return "expected a zone of 1 to 63 characters, or -";
	}
	if (!is(t, "-")) {
		memcpy(r->zone, t.p, t.n);
		r->zone_len = (uint8_t)t.n;
	}
	return NULL;
}

static const char *
take_enforce(struct sts_control_request *r, struct sts_text t)
{
	if (is(t, "on")) {
		r->enforce = STS_ENFORCE_ON;
	} else if (is(t, "off")) {
		r->enforce = STS_ENFORCE_OFF;
	} else if (t.n > 0) {
		return "expected on or off";
	}
	return NULL;
}

static const char *
take_rest(struct sts_control_request *r, enum rest rest, struct sts_text t)
{
	const char *wrong;

	switch (rest) {
	case REST_ZONE_KEY:
		wrong = take_zone(r, take_word(&t));
		return wrong != NULL ? wrong : take_key(r, t);
	case REST_KEY:
		return take_key(r, t);
	case REST_ENFORCE:
		return take_enforce(r, t);
	case REST_FLUSH:
		r->all = is(t, "all");
		return r->all || t.n == 0 ? NULL : "expected all or nothing";
	default:
		return t.n == 0 ? NULL : "expected nothing more";
	}
}

const char *
sts_control_parse(struct sts_control_request *r, struct sts_text line)
{
	struct sts_text word;

	memset(r, 0, sizeof *r);
	if (line.n > 0 && line.p[line.n - 1] == '\n') {
		line.n--;
	}
	if (line.n > 0 && line.p[line.n - 1] == '\r') {
		line.n--;
	}
	word = take_word(&line);
	if (is(word, "json")) {
		r->json = true;
		word = take_word(&line);
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (is(word, commands[i].word)) {
			r->command = (uint8_t)commands[i].command;
			return take_rest(r, commands[i].rest, line);
		}
	}
	return "there is no such command";
}

/* A line being written; what is not possible in one makes it fail. */
struct writing {
	uint8_t *out;
	size_t n;
	bool failed;
};

static void
put(struct writing *w, struct sts_text t)
{
	if (w->failed || t.n == 0) {
		return;
	}
	STS_ASSERT(STS_CONTROL_LINE_MAX - w->n > t.n);
	memcpy(w->out + w->n, t.p, t.n);
	w->n += t.n;
}

static void
put_word(struct writing *w, const char *word)
{
	put(w, sts_text((const uint8_t *)word, strlen(word)));
}

static void
put_checked(struct writing *w, struct sts_text t, const char *bad)
{
	for (const char *c = bad; *c != '\0'; c++) {
		w->failed |= t.n > 0 && memchr(t.p, *c, t.n) != NULL;
	}
	put(w, t);
}

size_t
sts_control_format(const struct sts_control_request *r, uint8_t *out)
{
	struct writing w = { out, 0, false };
	struct sts_text key = sts_text(r->key, r->key_len);
	enum rest rest = commands[r->command - 1].rest;

	STS_ASSERT(commands[r->command - 1].command == r->command);
	put_word(&w, r->json ? "json " : "");
	put_word(&w, commands[r->command - 1].word);
	if (rest == REST_ZONE_KEY) {
		put_word(&w, " ");
		put_checked(&w, sts_text(r->zone, r->zone_len), " \r\n");
		put_word(&w, r->zone_len == 0 ? "-" : "");
	}
	if (rest == REST_ZONE_KEY || rest == REST_KEY) {
		put_word(&w, " ");
		put_checked(&w, key, "\r\n");
	}
	put_word(&w, r->all ? " all" : "");
	put_word(&w, r->enforce == STS_ENFORCE_ON    ? " on"
		     : r->enforce == STS_ENFORCE_OFF ? " off"
						     : "");
	put_word(&w, "\n");
	return w.failed ? 0 : w.n;
}
