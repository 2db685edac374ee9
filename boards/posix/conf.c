/* SPDX-License-Identifier: MIT */
/*
 * The configuration: its lines read from the file and from -o, its defaults,
 * and what of it a reload cannot change. It is read in two passes, since zones
 * take their times from other keys. Of each source the first line of a key that
 * adds up clears what came before; `seen` notes which have.
 *
 * Invariants: a line that is wrong makes the whole configuration wrong, and the
 * caller keeps the one it has; the error names file, line, key and what was
 * expected. A file that was named and is not there is an error; only the
 * default one may be missing. What needs room that was measured at the start,
 * or rights that were given up, is in `fixed`: a reload keeps the value and
 * reports the key.
 *
 * The file is the operator's, so there is no attacker here; what a message
 * copies from it is escaped and cut all the same.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "conf_keys.h"
#include "conf_share.h"
#include "lines.h"
#include "value.h"

#define DEFAULT_LISTEN "inet:127.0.0.1:8461"
#define DEFAULT_CONTROL "unix:" STS_CONTROL_SOCKET
#define DEFAULT_RELAY "127.0.0.1:25"

enum {
	PROBLEM_MAX = 256,
	SHOWN_MAX = 120 /* characters of a wrong value that are shown */
};

/* A line being read, for its error message. */
struct place {
	const char *file; /* NULL: an -o line */
	unsigned number;
};

/* errno stays: 0, if it is not the system that is at fault. */
static void
complain(char why[STS_CONF_WHY_MAX], const struct place *at,
    struct sts_text name, const char *problem, struct sts_text value)
{
	char where[STS_CONF_PATH_MAX + 16] = "-o";
	char key[SHOWN_MAX], shown[SHOWN_MAX];
	int error = errno;

	if (at->file != NULL) {
		snprintf(where, sizeof where, "%s:%u", at->file, at->number);
	}
	sts_log_escape(name, key, sizeof key);
	sts_log_quote(value, shown, sizeof shown);
	snprintf(why, STS_CONF_WHY_MAX, "%s: %s: %s%s%s%s", where, key, problem,
	    value.n > 0 ? ", got \"" : "", shown, value.n > 0 ? "\"" : "");
	errno = error;
}

/* Whatever follows a '#' that begins the line or follows a blank is gone. */
static struct sts_text
without_comment(struct sts_text line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '#' && (i == 0 || line.p[i - 1] <= ' ')) {
			line.n = i;
		}
	}
	return sts_text_trim(line, STS_BLANK_CONTROL);
}

/* Take one line if its key is of this pass. */
static bool
take_line(struct sts_conf *c, struct sts_text line, bool late,
    const struct place *at, bool seen[STS_CONF_KEYS_MAX],
    char why[STS_CONF_WHY_MAX])
{
	struct sts_text value = without_comment(line);
	struct sts_text name = sts_text_word(&value, STS_BLANK_CONTROL);
	char problem[PROBLEM_MAX];

	if (name.n == 0) {
		return true;
	}
	unsigned number = 0;
	const struct sts_conf_key *key = sts_conf_key(name, &number);

	errno = 0;
	if (key == NULL) {
		complain(why, at, name, "no such key", sts_text(NULL, 0));
		return false;
	}
	if (key->late != late) {
		return true;
	}
	if (key->clear != NULL && !seen[number]) {
		key->clear(c);
	}
	seen[number] = true;
	const char *expected = key->set(c, value);

	if (expected == NULL) {
		return true;
	}
	snprintf(problem, sizeof problem, "expected %s", expected);
	complain(why, at, name, problem, value);
	return false;
}

static bool
take_options(struct sts_conf *c, const struct sts_conf_source *source,
    bool late, char why[STS_CONF_WHY_MAX])
{
	static const struct place at = { NULL, 0 };
	bool seen[STS_CONF_KEYS_MAX] = { false };

	for (unsigned i = 0; i < source->option_count; i++) {
		const char *o = source->options[i];

		if (!take_line(c, sts_text_of(o), late, &at, seen, why)) {
			return false;
		}
	}
	return true;
}

static bool
take_file(struct sts_conf *c, struct sts_lines *l, const char *file, bool late,
    char why[STS_CONF_WHY_MAX])
{
	struct sts_text line;
	struct place at = { file, 0 };
	bool seen[STS_CONF_KEYS_MAX] = { false };

	sts_lines_rewind(l);
	while (sts_lines_next(l, &line)) {
		at.number = l->number;
		if (l->cut) {
			errno = 0;
			complain(why, &at,
			    sts_text_word(&line, STS_BLANK_CONTROL),
			    "the line is too long", sts_text(NULL, 0));
			return false;
		}
		if (!take_line(c, line, late, &at, seen, why)) {
			return false;
		}
	}
	if (l->error != 0) {
		snprintf(
		    why, STS_CONF_WHY_MAX, "%s: %s", file, strerror(l->error));
		errno = l->error;
		return false;
	}
	return true;
}

static bool
take_all(struct sts_conf *c, const struct sts_conf_source *source,
    struct sts_lines *l, const char *file, char why[STS_CONF_WHY_MAX])
{
	bool ok = (l == NULL || take_file(c, l, file, false, why)) &&
		  take_options(c, source, false, why);

	if (!ok) {
		return false;
	}
	if (c->answer_within_ms + c->queue_wait_ms > STS_CONF_ANSWER_MAX_MS) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "answer_within and queue_wait: together more than 95s, "
		    "but mail servers give up after 100s");
		errno = 0;
		return false;
	}
	sts_zones_init(&c->zones, c->answer_within_ms, c->queue_wait_ms);
	return (l == NULL || take_file(c, l, file, true, why)) &&
	       take_options(c, source, true, why);
}

/* A default of several parts is given as its line. */
static void
set_line(struct sts_conf *c, const char *key, const char *value)
{
	unsigned number;
	const struct sts_conf_key *k = sts_conf_key(sts_text_of(key), &number);

	STS_ASSERT(k != NULL);
	k->set(c, sts_text_of(value));
}

static void
set_defaults(struct sts_conf *c)
{
	memset(c, 0, sizeof *c);
	c->memory = 4 << 20;
	if (STS_JOURNAL) {
		memcpy(c->journal, STS_JOURNAL_FILE, sizeof STS_JOURNAL_FILE);
	}
	c->clients = 1024;
	c->lookups = 256;
	c->fetch_slots = 16;
	c->answer_within_ms = 12000;
	c->queue_wait_ms = 30000;
	c->temp_on_no_clock = true;
	c->allow_private = true;
	c->sct = STS_SCT_LOG;
	c->policy_port = 443;
	c->report.memory = 1 << 20;
	c->report.reports = STS_REPORTS_ALL;
	c->log = STS_LOG_STDERR;
	c->log_level = STS_LOG_INFO;
	c->confine = true;
	sts_conf_share_defaults(c);
	set_line(c, "listen", DEFAULT_LISTEN);
	set_line(c, "control", DEFAULT_CONTROL);
	set_line(c, "report_relay", DEFAULT_RELAY);
}

bool
sts_conf_load(struct sts_conf *c, const struct sts_conf_source *source,
    char why[STS_CONF_WHY_MAX])
{
	static struct sts_lines lines; /* too large for a small stack */
	const char *file = source->file != NULL ? source->file : STS_CONF_FILE;
	int error;

	set_defaults(c);
	if (sts_lines_open(&lines, file) != 0) {
		error = errno;
		if (source->file == NULL && error == ENOENT) {
			return take_all(c, source, NULL, file, why);
		}
		snprintf(
		    why, STS_CONF_WHY_MAX, "%s: %s", file, strerror(error));
		errno = error;
		return false;
	}
	c->from_file = true;
	bool ok = take_all(c, source, &lines, file, why);

	error = errno;
	sts_lines_close(&lines);
	errno = error;
	return ok;
}

static bool
same_at(const struct sts_listen_at *a, const struct sts_listen_at *b)
{
	return sts_listen_same(a, b) && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid && a->text == b->text;
}

/* What only a restart can change, part by part; a key may have several. */
enum kind {
	BYTES,
	TEXT, /* NUL-ended */
	PLACES
};

#define FIXED(key, kind, part)                                                 \
	{                                                                      \
		key, kind, offsetof(struct sts_conf, part),                    \
		    sizeof((struct sts_conf *)NULL)->part                      \
	}

static const struct fixed {
	const char *key;
	enum kind kind;
	size_t off, size;
} fixed[] = {
	FIXED("listen", BYTES, listen_count),
	FIXED("listen", PLACES, listen),
	FIXED("metrics", BYTES, metrics_on),
	FIXED("metrics", PLACES, metrics),
	FIXED("control", BYTES, control_on),
	FIXED("control", PLACES, control),
	FIXED("memory", BYTES, memory),
	FIXED("memory", BYTES, memory_touch),
	FIXED("memory", BYTES, memory_huge),
	FIXED("journal", TEXT, journal),
	FIXED("journal", BYTES, journal_size),
	FIXED("preload", BYTES, preload_size),
	FIXED("clients", BYTES, clients),
	FIXED("lookups", BYTES, lookups),
	FIXED("fetch_slots", BYTES, fetch_slots),
	FIXED("tlsrpt", BYTES, report.listens),
	FIXED("tlsrpt", PLACES, report.at),
	FIXED("tlsrpt_memory", BYTES, report.memory),
	FIXED("log", BYTES, log),
	FIXED("user", TEXT, user),
	FIXED("chroot", TEXT, chroot),
	FIXED("confine", BYTES, confine),
};

static bool
same_part(const struct fixed *f, const void *a, const void *b)
{
	const struct sts_listen_at *at = a, *bt = b;
	bool same = true;

	switch (f->kind) {
	case BYTES:
		return memcmp(a, b, f->size) == 0;
	case TEXT:
		return strcmp(a, b) == 0;
	default:
		for (size_t i = 0; i < f->size / sizeof *at; i++) {
			same = same && same_at(&at[i], &bt[i]);
		}
		return same;
	}
}

bool
sts_conf_wants_dane(const struct sts_conf *c)
{
	return STS_DANE && (c->dane || sts_zones_want_dane(&c->zones));
}

void
sts_conf_dane_off(struct sts_conf *c)
{
	c->dane = false;
	for (unsigned i = 0; i < c->zones.count; i++) {
		c->zones.zone[i].dane = STS_ZONE_DANE_GENERAL;
	}
}

struct sts_conf_room
sts_conf_room_of(const struct sts_conf *c)
{
	struct sts_conf_room room = { sts_conf_wants_dane(c),
		sts_conf_reports_on(c), (uint8_t)sts_conf_share_level(c) };

	return room;
}

/* Keep off that for which there is no room. Writes the keys to out; returns
 * their length. */
static size_t
keep_off(const struct sts_conf *running, const struct sts_conf_room *room,
    struct sts_conf *fresh, char *out, size_t size, bool more)
{
	size_t n = 0;

	if (sts_conf_wants_dane(fresh) && !room->dane) {
		n += (size_t)snprintf(out, size, "%sdane", more ? " " : "");
		sts_conf_dane_off(fresh);
		more = true;
	}
	if (sts_conf_reports_on(fresh) && !room->reports) {
		n += (size_t)snprintf(
		    out + n, size - n, "%scontact", more ? " " : "");
		fresh->report.contact[0] = '\0';
		more = true;
	}
	if (sts_conf_share_level(fresh) > room->share) {
		n += (size_t)snprintf(
		    out + n, size - n, "%sredis", more ? " " : "");
		fresh->share = running->share;
	}
	return n;
}

size_t
sts_conf_keep_fixed(const struct sts_conf *running,
    const struct sts_conf_room *room, struct sts_conf *fresh,
    char out[STS_CONF_WHY_MAX])
{
	const char *last = "";
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		const struct fixed *f = &fixed[i];
		const void *is = (const char *)running + f->off;
		void *would = (char *)fresh + f->off;

		if (!same_part(f, is, would) && strcmp(f->key, last) != 0) {
			n += (size_t)snprintf(out + n, STS_CONF_WHY_MAX - n,
			    "%s%s", n > 0 ? " " : "", f->key);
			last = f->key;
		}
		memcpy(would, is, f->size);
	}
	n += keep_off(
	    running, room, fresh, out + n, STS_CONF_WHY_MAX - n, n > 0);
	STS_ASSERT(n < STS_CONF_WHY_MAX);
	return n;
}
