/* SPDX-License-Identifier: MIT */
/*
 * Codec of the control socket's requests. A request is read from its beginning
 * each time more of it has come: it is short, and so nothing has to be kept.
 *
 * Invariants: a request is complete, wrong, or not whole yet; nothing of it
 * takes effect before its object has been closed and every member judged. Each
 * member is one that the command takes, and is there once: otherwise a part of
 * the request would be ignored, and something else done than was asked. A
 * request that reaches STS_CONTROL_REQUEST_MAX without an end is wrong.
 *
 * Whoever may open the socket may give every order, so there is no attacker
 * here, only programs with mistakes: unknown members, NULs and texts that are
 * too long are errors, never cut.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/grammar/json_put.h"
#include "control_request.h"
#include "fields.h"

enum {
	TAKES_MAX = 2
};

static const struct {
	const char *word;
	const char *takes[TAKES_MAX]; /* members besides command */
} commands[] = {
	[STS_CONTROL_QUERY] = { "query", { "key", "zone" } },
	[STS_CONTROL_SHOW] = { "show", { "key" } },
	[STS_CONTROL_FORGET] = { "forget", { "key" } },
	[STS_CONTROL_REFRESH] = { "refresh", { "key" } },
	[STS_CONTROL_LIST] = { "list", { NULL } },
	[STS_CONTROL_EXPORT] = { "export", { NULL } },
	[STS_CONTROL_FLUSH] = { "flush", { "all" } },
	[STS_CONTROL_STATS] = { "stats", { NULL } },
	[STS_CONTROL_STATUS] = { "status", { "brief" } },
	[STS_CONTROL_ENFORCE] = { "enforce", { "on", "until" } },
	[STS_CONTROL_REPORT_LIST] = { "report-list", { NULL } },
	[STS_CONTROL_REPORT_SHOW] = { "report-show", { "key", "json" } },
	[STS_CONTROL_REPORT_SEND] = { "report-send", { "key" } },
	[STS_CONTROL_REPORT_FLUSH] = { "report-flush", { NULL } },
};

enum {
	COMMANDS = sizeof commands / sizeof *commands
};

static bool
takes(unsigned command, const char *name)
{
	for (unsigned i = 0; i < TAKES_MAX; i++) {
		const char *each = commands[command].takes[i];

		if (each != NULL && strcmp(each, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Each member is one that the command takes, and is there once. */
static bool
check_members(unsigned command, const struct sts_fields *f)
{
	const char *name, *value;
	size_t at = 0;

	while (sts_fields_next(f, &at, &name, &value)) {
		if (sts_fields_get(f, name) != value ||
		    (strcmp(name, "command") != 0 && !takes(command, name))) {
			return false;
		}
	}
	return true;
}

bool
sts_control_request_copy(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size) {
		return false;
	}
	memcpy(to, from, n + 1);
	return true;
}

/* true or false; *given: it is there. */
static bool
take_bool(
    const struct sts_fields *f, const char *name, bool *given, bool *wrong)
{
	const char *value = sts_fields_get(f, name);

	*given = value != NULL;
	if (value == NULL) {
		return false;
	}
	*wrong = *wrong ||
		 (strcmp(value, "true") != 0 && strcmp(value, "false") != 0);
	return strcmp(value, "true") == 0;
}

static const char *
take_texts(struct sts_control_request *r, const struct sts_fields *f)
{
	const char *key = sts_fields_get(f, "key");
	const char *zone = sts_fields_get(f, "zone");

	if (takes(r->command, "key") && key == NULL) {
		return "the key is missing";
	}
	if (key != NULL &&
	    !sts_control_request_copy(r->key, sizeof r->key, key)) {
		return "the key is too long";
	}
	if (zone != NULL &&
	    !sts_control_request_copy(r->zone, sizeof r->zone, zone)) {
		return "the zone is too long";
	}
	return NULL;
}

/* Until when enforcement is to be off: only with "on":false. */
static bool
take_until(struct sts_control_request *r, const struct sts_fields *f)
{
	const char *value = sts_fields_get(f, "until");
	uint64_t until_s = 0;

	if (value == NULL) {
		return true;
	}
	if (r->enforce != STS_ENFORCE_OFF ||
	    !sts_get_decimal(sts_text_of(value), 10, &until_s) ||
	    until_s == 0 || until_s > UINT32_MAX) {
		return false;
	}
	r->until_s = (uint32_t)until_s;
	return true;
}

/* The object is whole. */
static const char *
judge(struct sts_control_request *r, const struct sts_fields *f)
{
	const char *word = sts_fields_get(f, "command");
	bool given, on, wrong = false;
	unsigned i = 0;

	while (i < COMMANDS &&
	       (word == NULL || strcmp(word, commands[i].word) != 0)) {
		i++;
	}
	if (i == COMMANDS) {
		return "no such command";
	}
	if (!check_members(i, f)) {
		return "a member is given twice, or the command does not take "
		       "it";
	}
	r->command = (uint8_t)i;
	r->all = take_bool(f, "all", &given, &wrong);
	r->json = take_bool(f, "json", &given, &wrong);
	r->brief = take_bool(f, "brief", &given, &wrong);
	on = take_bool(f, "on", &given, &wrong);
	r->enforce = (uint8_t)(!given ? STS_ENFORCE_ASK
			       : on   ? STS_ENFORCE_ON
				      : STS_ENFORCE_OFF);
	if (wrong) {
		return "expected true or false";
	}
	return take_until(r, f)
		   ? take_texts(r, f)
		   : "until takes seconds since 1970, and on must be false";
}

static const char *
take(struct sts_control_request *r, struct sts_fields *f,
    const struct sts_json *j, enum sts_json_event event)
{
	bool outside = sts_json_depth(j) != 1;

	if (event == STS_JSON_OBJECT_END) {
		return judge(r, f);
	}
	if (event == STS_JSON_OBJECT && !outside) {
		return NULL;
	}
	if (outside || event < STS_JSON_NAME || event > STS_JSON_FALSE) {
		return "expected one JSON object of strings, numbers, true and "
		       "false";
	}
	return sts_fields_add(f, event, sts_json_text(j))
		   ? NULL
		   : "there is a NUL in the request";
}

bool
sts_control_request_read(
    struct sts_control_request *r, struct sts_text in, const char **wrong)
{
	struct sts_fields f;
	struct sts_json j;
	enum sts_json_event event;
	bool limit = in.n >= STS_CONTROL_REQUEST_MAX;

	memset(r, 0, sizeof *r);
	sts_fields_begin(&f);
	sts_json_begin(&j);
	in.n = limit ? STS_CONTROL_REQUEST_MAX : in.n;
	do {
		size_t n = sts_json_read(&j, in, &event);

		in = sts_text(in.p + n, in.n - n);
		if (event == STS_JSON_MORE) {
			*wrong = "the request is too long";
			return limit;
		}
		*wrong = take(r, &f, &j, event);
	} while (*wrong == NULL && event != STS_JSON_OBJECT_END);
	return true;
}

static bool
is_utf8(struct sts_text t)
{
	struct sts_utf8 u = { 0, 0, 0, 0 };

	for (size_t i = 0; i < t.n; i++) {
		if (!sts_utf8_byte(&u, t.p[i])) {
			return false;
		}
	}
	return u.left == 0;
}

/* A socketmap name ends with a blank. */
static bool
is_zone(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] <= ' ' || t.p[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

/* The longest request: each octet of the key escaped, each of the zone too. */
STS_STATIC_ASSERT(
    STS_CONTROL_REQUEST_MAX >=
	STS_JSON_ESCAPE_MAX * STS_CONTROL_KEY_MAX + 2 * STS_ZONE_NAME_MAX +
	    sizeof "{'command':'report-show','key':'','zone':'','json':true}\n",
    requests_fit);

size_t
sts_control_request_write(const struct sts_control_request *r, uint8_t *out)
{
	struct sts_sink s = { 0, 0, STS_CONTROL_REQUEST_MAX, out };
	struct sts_text key = sts_text_of(r->key), zone = sts_text_of(r->zone);
	struct sts_json_put p;

	STS_ASSERT(r->command < COMMANDS);
	if (!is_utf8(key) || !is_zone(zone)) {
		return 0;
	}
	sts_json_put_begin(&p, &s);
	sts_json_put_open(&p, NULL, '{');
	sts_json_put_string(&p, "command", commands[r->command].word);
	if (takes(r->command, "key")) {
		sts_json_put_text(&p, "key", key);
	}
	if (zone.n > 0) {
		sts_json_put_text(&p, "zone", zone);
	}
	if (r->all) {
		sts_json_put_bool(&p, "all", true);
	}
	if (r->json) {
		sts_json_put_bool(&p, "json", true);
	}
	if (r->brief) {
		sts_json_put_bool(&p, "brief", true);
	}
	if (r->enforce != STS_ENFORCE_ASK) {
		sts_json_put_bool(&p, "on", r->enforce == STS_ENFORCE_ON);
	}
	if (r->until_s != 0) {
		sts_json_put_number(&p, "until", r->until_s);
	}
	sts_json_put_close(&p, '}');
	sts_json_put_line(&p);
	STS_ASSERT(s.pos <= s.to);
	return s.pos;
}
