/* SPDX-License-Identifier: MIT */
/*
 * The reader of a preload list, and the look-up in it.
 *
 * The area holds texts from its front (names, aliases, patterns, each behind a
 * length octet) and entries from its back, in the order of the file; at its end
 * they are sorted by kind and name, in place, in n log n steps whatever that
 * order was. An entry is three numbers: the offset of its name, the offset of
 * its content (patterns, or the alias it names), and its kind with the line of
 * the file. Aliases are looked up when a domain is asked for, so that they may
 * stand before or behind the policies that name them.
 *
 * depth  what is open
 *   1    the file: members
 *   2    "policies" or "policy-aliases": names
 *   3    a policy: fields
 *   4    its mxs
 *
 * Invariants: texts end before entries begin; a list is used only after
 * sts_preload_end has found it whole. The operator trusts the file, but its
 * author may be wrong or hostile: any fault refuses it as a whole, and no order
 * of names makes it slow.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "../grammar/domain.h"
#include "preload.h"

enum member {
	NO_MEMBER = 0,
	VERSION,
	TIMESTAMP,
	EXPIRES,
	AUTHOR,
	POLICIES,
	ALIASES,
	MEMBERS
};

enum field {
	NO_FIELD = 0,
	MODE,
	MXS,
	ALIAS,
	FIELDS
};

/* What is done, and when the file has been read with one entry after the other:
 * whether they are sorted, else a heap of them, sorted; whether their names
 * differ, and their aliases are there. */
enum phase {
	READ = 0,
	LOOK,
	HEAP,
	SORT,
	DIFFER,
	ALIASES_THERE,
	OVER
};

enum {
	WORK = 32, /* entries a call */
	/* The kind of an entry: of a domain or an alias; and its content. */
	OF_ALIAS = 1,
	SAYS_ALIAS = 2,
	SAYS_ENFORCE = 4,
	LINE =
	    8, /* times the line that the policy ends in, as far as it fits */

	OF_FILE = 1,
	OF_LIST = 2,
	OF_POLICY = 3,
	OF_MXS = 4,

	MODE_TESTING = 1,
	MODE_ENFORCE = 2
};

struct entry {
	uint32_t name, says;
	uint32_t kind;
};

/* ---- the area ---- */

static struct entry *
entry_at(const struct sts_preload *l, unsigned i)
{
	struct entry *end = (struct entry *)(void *)(l->area + l->size);

	return end - 1 - i;
}

static struct sts_text
text_at(const struct sts_preload *l, uint32_t off)
{
	return sts_text(l->area + off + 1, l->area[off]);
}

/* By kind, then as octets are. */
static int
compare(
    const struct sts_preload *l, unsigned i, bool alias, struct sts_text name)
{
	const struct entry *e = entry_at(l, i);
	struct sts_text t = text_at(l, e->name);
	int kind = (int)(e->kind & OF_ALIAS) - (int)alias;
	int order = memcmp(t.p, name.p, t.n < name.n ? t.n : name.n);

	if (kind != 0) {
		return kind;
	}
	return order != 0 ? order : (int)t.n - (int)name.n;
}

/* The place of a name in a list that is sorted. */
static bool
find(const struct sts_preload *l, bool alias, struct sts_text name,
    unsigned *place)
{
	unsigned from = 0, to = l->entries;

	while (from < to) {
		unsigned middle = from + (to - from) / 2;
		int order = compare(l, middle, alias, name);

		if (order == 0) {
			*place = middle;
			return true;
		}
		if (order < 0) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return false;
}

static size_t
room(const struct sts_preload *l)
{
	return l->size - l->entries * sizeof(struct entry) - l->text_len;
}

/* ---- the reader ---- */

static bool
fail(struct sts_preload_read *r, enum sts_preload_error e)
{
	r->error = (uint8_t)e;
	return false;
}

/* What must hold, or the list is refused for the reason. */
static bool
must(struct sts_preload_read *r, bool holds, enum sts_preload_error e)
{
	if (!holds) {
		r->error = (uint8_t)e;
	}
	return holds;
}

/* Append a length octet and the text, which has at most 255 octets. */
static bool
append(struct sts_preload_read *r, const char *before, struct sts_text t)
{
	struct sts_preload *l = r->list;
	size_t n = strlen(before) + t.n;

	STS_ASSERT(n <= UINT8_MAX);
	if (room(l) < n + 1) {
		return fail(r, STS_PRELOAD_ROOM);
	}
	l->area[l->text_len++] = (uint8_t)n;
	memcpy(l->area + l->text_len, before, strlen(before));
	if (t.n > 0) {
		memcpy(l->area + l->text_len + strlen(before), t.p, t.n);
	}
	l->text_len += n;
	return true;
}

/* All fields of a policy have been read: check that they are complete. *kind:
 * that it names an alias, or its mode. */
static bool
end_policy(struct sts_preload_read *r, uint32_t *kind)
{
	if (r->alias) {
		/* Other fields beside an alias mean nothing. */
		r->list->text_len = r->mx_off;
		*kind |= SAYS_ALIAS;
		return append(r, "", sts_text(r->alias_name, r->alias_len));
	}
	if (r->mode == 0) {
		return fail(r, STS_PRELOAD_MODE);
	}
	if (r->mxs == 0) {
		return fail(r, STS_PRELOAD_MX);
	}
	*kind |= r->mode == MODE_ENFORCE ? SAYS_ENFORCE : 0;
	return append(r, "", sts_text(NULL, 0));
}

/* The policy has ended: enter it under its name. */
static bool
enter(struct sts_preload_read *r)
{
	struct sts_preload *l = r->list;
	bool of_alias = r->member == ALIASES;
	struct sts_text name = sts_text(r->name, r->name_len);
	struct entry e = { 0, (uint32_t)r->mx_off, of_alias ? OF_ALIAS : 0 };

	if (!end_policy(r, &e.kind)) {
		return false;
	}
	e.name = (uint32_t)l->text_len;
	e.kind |= (r->line <= UINT32_MAX / LINE ? r->line : 0) * LINE;
	if (!append(r, "", name)) {
		return false;
	}
	if (room(l) < sizeof e) {
		return fail(r, STS_PRELOAD_ROOM);
	}
	*entry_at(l, l->entries++) = e;
	l->domains += !of_alias;
	l->aliases += of_alias;
	return true;
}

/* The number of a word in a list, from 1; 0: it is not in the list. */
static unsigned
word(const char *const *words, unsigned count, struct sts_text t)
{
	for (unsigned i = 1; i < count; i++) {
		if (sts_text_is(t, words[i])) {
			return i;
		}
	}
	return 0;
}

/* Keep the name for messages, as far as it fits. */
static void
note_name(struct sts_preload_read *r, struct sts_text t)
{
	r->name_len = (uint8_t)(t.n < STS_NAME_MAX ? t.n : STS_NAME_MAX);
	memcpy(r->name, t.p, r->name_len);
}

/* Put the number of a member or field into a set. False: it is unknown (0), or
 * in there already. */
static bool
once(struct sts_preload_read *r, uint8_t *set, unsigned number)
{
	if (number == 0) {
		return fail(r, STS_PRELOAD_MEMBER);
	}
	if (*set & 1U << number) {
		return fail(r, STS_PRELOAD_TWICE);
	}
	*set = (uint8_t)(*set | 1U << number);
	return true;
}

static bool
take_member(struct sts_preload_read *r, struct sts_text t)
{
	static const char *const words[MEMBERS] = { NULL, "version",
		"timestamp", "expires", "author", "policies",
		"policy-aliases" };

	note_name(r, t);
	r->member = (uint8_t)word(words, MEMBERS, t);
	return once(r, &r->seen, r->member);
}

/* The name of a policy: a domain, or the word of an alias. */
static bool
take_policy(struct sts_preload_read *r, struct sts_text t)
{
	struct sts_key key;

	note_name(r, t);
	r->fields = r->mode = 0;
	r->alias = false;
	r->mxs = 0;
	r->mx_off = r->list->text_len;
	if (r->member == ALIASES) {
		return must(
		    r, t.n > 0 && t.n <= STS_NAME_MAX, STS_PRELOAD_ALIAS);
	}
	if (sts_key_parse(&key, t) != STS_WHY_NONE || key.bracketed ||
	    key.ported) {
		return fail(r, STS_PRELOAD_DOMAIN);
	}
	note_name(r, sts_text(key.domain, key.len));
	return true;
}

static bool
take_name(struct sts_preload_read *r)
{
	static const char *const words[FIELDS] = { NULL, "mode", "mxs",
		"policy-alias" };
	struct sts_text t = sts_json_text(&r->json);
	unsigned depth = sts_json_depth(&r->json);

	if (depth == OF_FILE) {
		return take_member(r, t);
	}
	if (depth == OF_LIST) {
		return take_policy(r, t);
	}
	STS_ASSERT(depth == OF_POLICY); /* take_open: no object is deeper */
	r->field = (uint8_t)word(words, FIELDS, t);
	return once(r, &r->fields, r->field);
}

/* An mx: a name, or ".suffix", kept as "*.suffix". */
static bool
take_mx(struct sts_preload_read *r, struct sts_text t)
{
	uint8_t lower[STS_NAME_MAX + 1];
	bool suffix = sts_text_take(&t, ".");

	if (t.n > STS_NAME_MAX || !sts_name_valid(t) ||
	    sts_name_labels(t) < 2) {
		return fail(r, STS_PRELOAD_MX);
	}
	for (size_t i = 0; i < t.n; i++) {
		lower[i] = sts_lower(t.p[i]);
	}
	r->mxs++;
	return append(r, suffix ? "*." : "", sts_text(lower, t.n));
}

static bool
take_time(struct sts_preload_read *r, struct sts_text t)
{
	uint32_t *to =
	    r->member == EXPIRES ? &r->list->expires_s : &r->list->timestamp_s;

	return must(r, sts_preload_time(t, to), STS_PRELOAD_TIME);
}

static bool
take_field(struct sts_preload_read *r, struct sts_text t)
{
	static const char *const modes[] = { NULL, "testing", "enforce" };

	if (r->field == MODE) {
		r->mode = (uint8_t)word(modes, 3, t);
		return must(r, r->mode != 0, STS_PRELOAD_MODE);
	}
	if (r->field != ALIAS) {
		return fail(r, STS_PRELOAD_MEMBER);
	}
	/* An alias may not name an alias: the format has no such thing. */
	if (r->member == ALIASES || t.n == 0 || t.n > STS_NAME_MAX) {
		return fail(r, STS_PRELOAD_ALIAS);
	}
	r->alias = true;
	r->alias_len = (uint8_t)t.n;
	memcpy(r->alias_name, t.p, t.n);
	return true;
}

/* Take a string that is whole, or the end of a long author. */
static bool
take_string(struct sts_preload_read *r, struct sts_text t)
{
	switch (sts_json_depth(&r->json)) {
	case OF_FILE:
		if (r->member == TIMESTAMP || r->member == EXPIRES) {
			return take_time(r, t);
		}
		if (r->member == VERSION) {
			return must(
			    r, sts_text_is(t, "0.1"), STS_PRELOAD_VERSION);
		}
		return must(r, r->member == AUTHOR, STS_PRELOAD_MEMBER);
	case OF_POLICY:
		return take_field(r, t);
	case OF_MXS:
		return take_mx(r, t);
	default:
		return fail(r, STS_PRELOAD_MEMBER);
	}
}

/* Take a piece of a string that goes on: it is longer than any name. Only an
 * author's may be; nothing of it is kept. */
static bool
take_piece(struct sts_preload_read *r)
{
	bool author =
	    sts_json_depth(&r->json) == OF_FILE && r->member == AUTHOR;

	return must(r, author, STS_PRELOAD_MEMBER);
}

/* Take the beginning of an object or list. False: it does not belong there. */
static bool
take_open(struct sts_preload_read *r, bool list)
{
	unsigned depth = sts_json_depth(&r->json);
	bool fits;

	switch (depth) {
	case OF_FILE:
		fits = !list && !r->begun;
		r->begun = true;
		break;
	case OF_LIST:
		fits = !list && (r->member == POLICIES || r->member == ALIASES);
		break;
	case OF_POLICY:
		fits = !list;
		break;
	default:
		fits = list && depth == OF_MXS && r->field == MXS;
	}
	return must(r, fits, STS_PRELOAD_MEMBER);
}

/* Take a number, which can only be a time. */
static bool
take_number(struct sts_preload_read *r)
{
	bool is_time = sts_json_depth(&r->json) == OF_FILE &&
		       (r->member == TIMESTAMP || r->member == EXPIRES);

	return is_time ? take_time(r, sts_json_text(&r->json))
		       : fail(r, STS_PRELOAD_MEMBER);
}

/* An object or list has ended; its parent is open again. */
static bool
take_end(struct sts_preload_read *r)
{
	return sts_json_depth(&r->json) != OF_LIST || enter(r);
}

/* Take any other event. true, false and null are allowed nowhere. */
static bool
take_other(struct sts_preload_read *r, enum sts_json_event event)
{
	return fail(
	    r, event >= STS_JSON_LIMIT ? STS_PRELOAD_JSON : STS_PRELOAD_MEMBER);
}

static bool
take(struct sts_preload_read *r, enum sts_json_event event)
{
	switch (event) {
	case STS_JSON_MORE:
	case STS_JSON_LIST_END:
		return true;
	case STS_JSON_OBJECT:
	case STS_JSON_LIST:
		return take_open(r, event == STS_JSON_LIST);
	case STS_JSON_OBJECT_END:
		return take_end(r);
	case STS_JSON_NAME:
		return take_name(r);
	case STS_JSON_PIECE:
		return take_piece(r);
	case STS_JSON_STRING:
		return take_string(r, sts_json_text(&r->json));
	case STS_JSON_NUMBER:
		return take_number(r);
	default:
		return take_other(r, event);
	}
}

void
sts_preload_begin(
    struct sts_preload_read *r, struct sts_preload *list, struct sts_span area)
{
	STS_ASSERT(area.n >= STS_PRELOAD_AREA_MIN);
	memset(r, 0, sizeof *r);
	memset(list, 0, sizeof *list);
	r->list = list;
	r->line = 1;
	list->area = area.p;
	list->size = area.n / sizeof(struct entry) * sizeof(struct entry);
	sts_json_begin(&r->json);
}

bool
sts_preload_feed(struct sts_preload_read *r, struct sts_text in)
{
	while (in.n > 0 && r->error == STS_PRELOAD_OK) {
		enum sts_json_event event;
		size_t n = sts_json_read(&r->json, in, &event);

		for (size_t i = 0; i < n; i++) {
			r->line += in.p[i] == '\n';
		}
		in = sts_text(in.p + n, in.n - n);
		take(r, event);
	}
	return r->error == STS_PRELOAD_OK;
}

/* ---- the end of the file ---- */

/* As compare(), of two entries. */
static int
order(struct sts_preload_read *r, unsigned i, unsigned j)
{
	const struct entry *e = entry_at(r->list, j);

	r->steps++;
	return compare(
	    r->list, i, (e->kind & OF_ALIAS) != 0, text_at(r->list, e->name));
}

static void
swap(const struct sts_preload *l, unsigned i, unsigned j)
{
	struct entry e = *entry_at(l, i);

	*entry_at(l, i) = *entry_at(l, j);
	*entry_at(l, j) = e;
}

/* Sift entry `at` down in a heap of `count` entries, in which entry i is not
 * below those at 2i + 1 and 2i + 2. That already holds for the entries behind
 * `at`. */
static void
sink(struct sts_preload_read *r, unsigned at, unsigned count)
{
	unsigned child;

	while ((child = 2 * at + 1) < count) {
		if (child + 1 < count && order(r, child, child + 1) < 0) {
			child++;
		}
		if (order(r, at, child) >= 0) {
			return;
		}
		swap(r->list, at, child);
		at = child;
	}
}

/* Fail at an entry: its name and line are those of the message. */
static void
fail_at(struct sts_preload_read *r, const struct entry *e,
    enum sts_preload_error error)
{
	note_name(r, text_at(r->list, e->name));
	r->line = e->kind / LINE;
	fail(r, error);
}

static void
go_to(struct sts_preload_read *r, enum phase phase, unsigned at)
{
	r->phase = (uint8_t)phase;
	r->at = at;
}

/* Most files are sorted. */
static void
look(struct sts_preload_read *r, unsigned n)
{
	if (r->at >= n) {
		go_to(r, DIFFER, 1);
	} else if (order(r, r->at - 1, r->at) > 0) {
		go_to(r, HEAP, n / 2);
	} else {
		r->at++;
	}
}

static void
make_heap(struct sts_preload_read *r, unsigned n)
{
	if (r->at == 0) {
		go_to(r, SORT, n - 1);
	} else {
		r->at--;
		sink(r, r->at, n);
	}
}

/* Sort by heap: the author of the file chooses its order, which may be the
 * worst for quicksort, and there is no memory to merge in. */
static void
sort(struct sts_preload_read *r)
{
	if (r->at == 0) {
		go_to(r, DIFFER, 1);
	} else {
		swap(r->list, 0, r->at);
		sink(r, 0, r->at);
		r->at--;
	}
}

/* Whether every name stands there only once. */
static void
find_twice(struct sts_preload_read *r, unsigned n)
{
	if (r->at >= n) {
		go_to(r, ALIASES_THERE, 0);
		return;
	}
	const struct entry *a = entry_at(r->list, r->at - 1);
	const struct entry *b = entry_at(r->list, r->at);

	if (order(r, r->at - 1, r->at) == 0) {
		fail_at(r, a->kind / LINE > b->kind / LINE ? a : b,
		    STS_PRELOAD_TWICE);
	}
	r->at++;
}

/* Whether every alias that a policy names is there. */
static void
find_aliases(struct sts_preload_read *r, unsigned n)
{
	const struct sts_preload *l = r->list;
	unsigned place;

	if (r->at == n) {
		go_to(r, OVER, 0);
		return;
	}
	const struct entry *e = entry_at(l, r->at);

	if ((e->kind & SAYS_ALIAS) &&
	    !find(l, true, text_at(l, e->says), &place)) {
		fail_at(r, e, STS_PRELOAD_ALIAS);
	}
	r->at++;
}

/* The file has been read. */
static void
begin_work(struct sts_preload_read *r)
{
	const unsigned needed = 1U << VERSION | 1U << TIMESTAMP |
				1U << EXPIRES | 1U << POLICIES | 1U << ALIASES;

	if (r->error != STS_PRELOAD_OK) {
		return;
	}
	if (!sts_json_between(&r->json) || !r->begun) {
		fail(r, STS_PRELOAD_JSON);
	} else if ((r->seen & needed) != needed) {
		fail(r, STS_PRELOAD_MISSING);
	} else if (r->list->expires_s <= r->list->timestamp_s) {
		fail(r, STS_PRELOAD_TIME);
	}
	go_to(r, LOOK, 1);
}

/* Go on with one entry. */
static void
work(struct sts_preload_read *r)
{
	unsigned n = r->list->entries;

	switch ((enum phase)r->phase) {
	case READ:
		begin_work(r);
		break;
	case LOOK:
		look(r, n);
		break;
	case HEAP:
		make_heap(r, n);
		break;
	case SORT:
		sort(r);
		break;
	case DIFFER:
		find_twice(r, n);
		break;
	case ALIASES_THERE:
		find_aliases(r, n);
		break;
	case OVER:
		break;
	}
}

bool
sts_preload_work(struct sts_preload_read *r)
{
	for (unsigned i = 0; i < WORK && r->phase != OVER; i++) {
		work(r);
		if (r->error != STS_PRELOAD_OK) {
			go_to(r, OVER, 0);
		}
	}
	return r->phase != OVER;
}

enum sts_preload_error
sts_preload_end(struct sts_preload_read *r)
{
	while (sts_preload_work(r)) {
	}
	return (enum sts_preload_error)r->error;
}

const char *
sts_preload_error_text(enum sts_preload_error e)
{
	static const char *const texts[STS_PRELOAD_ERROR_COUNT] = {
		[STS_PRELOAD_OK] = "nothing is wrong",
		[STS_PRELOAD_JSON] = "the file is not one JSON object",
		[STS_PRELOAD_ROOM] =
		    "the list does not fit its memory: raise size=",
		[STS_PRELOAD_MEMBER] =
		    "unknown member, or a value of the wrong type",
		[STS_PRELOAD_TWICE] = "it is given twice",
		[STS_PRELOAD_MISSING] =
		    ("version, timestamp, expires, policies and policy-aliases "
		     "are needed"),
		[STS_PRELOAD_VERSION] = "the version is not \"0.1\"",
		[STS_PRELOAD_TIME] =
		    ("expected seconds since 1970, or a time such as "
		     "2026-01-02T03:04:05Z; expires after timestamp"),
		[STS_PRELOAD_DOMAIN] = "expected a domain",
		[STS_PRELOAD_MODE] = "expected the mode testing or enforce",
		[STS_PRELOAD_MX] = "expected mxs: host names, or .suffix",
		[STS_PRELOAD_ALIAS] = "there is no such alias",
	};

	return texts[e];
}

bool
sts_preload_find(const struct sts_preload *list, struct sts_text domain,
    struct sts_preload_found *out)
{
	const struct entry *e;
	unsigned place;

	if (!find(list, false, domain, &place)) {
		return false;
	}
	e = entry_at(list, place);
	if (e->kind & SAYS_ALIAS) {
		bool there = find(list, true, text_at(list, e->says), &place);

		STS_ASSERT(there); /* or the list was refused */
		e = entry_at(list, place);
	}
	out->enforce = (e->kind & SAYS_ENFORCE) != 0;
	out->patterns = list->area + e->says;
	return true;
}

struct sts_text
sts_preload_next(const uint8_t **at)
{
	struct sts_text t = sts_text(*at + 1, **at);

	*at += t.n > 0 ? t.n + 1 : 0;
	return t;
}
