/* SPDX-License-Identifier: MIT */
/*
 * Lines: an event is built in order (policy, strings, mx, failure), but words
 * come in any order. So the words are read once for each of these parts; a line
 * of a few hundred octets is short enough for that.
 *
 * Invariants: `values` holds the decoded values of one part, one behind the
 * other; a decoded value is never longer than it was written, so a line of
 * STS_REPORT_LINE_MAX octets fits. They are valid until the next part begins:
 * what is needed later (policy_domain aside, which is given to the event at the
 * end of its part) is in the event by then. A word that is wrong makes the
 * whole line wrong, and its event is not counted.
 *
 * The attacker is the mail server at the other end: its host name, its address
 * and its words are values of the line, which the operator's configuration has
 * encoded. A value cannot end early or begin another field, since blanks come
 * as %20; what it holds is judged and bounded by report_event.c.
 */
#include <string.h>

#include "../base/text.h"
#include "../grammar/tlsrpt.h"
#include "report_line.h"

/* The part of an event that a field is for, in the order in which they are
 * built. */
enum part {
	OF_POLICY = 0,
	OF_STRINGS,
	OF_MX,
	OF_FAILURE,
	PARTS
};

static const struct field {
	const char *name;
	uint8_t part;
	uint8_t which;
} fields[] = {
	{ "policy", OF_POLICY, 0 },
	{ "policy-domain", OF_POLICY, 1 },
	{ "delivered", OF_POLICY, 2 },
	{ "policy-string", OF_STRINGS, 0 },
	{ "mx-host", OF_MX, 0 },
};

/* The values that were read and are not in the event yet. */
struct state {
	struct sts_report_event *e;
	enum sts_report_policy policy;
	struct sts_text policy_domain;
	bool delivered;
	struct sts_report_failure failure;
	/* Values, decoded, one behind the other: they are never longer than
	 * they were written. */
	size_t used;
	uint8_t values[STS_REPORT_LINE_MAX];
};

/* Decode a value. False: a "%" without two digits. */
static bool
decode(struct state *s, struct sts_text value, struct sts_text *out)
{
	uint8_t *to = s->values + s->used;
	size_t n = 0;

	while (value.n > 0) {
		int c = sts_tlsrpt_octet(&value);

		if (c < 0) {
			return false;
		}
		to[n++] = (uint8_t)c;
	}
	s->used += n;
	*out = sts_text(to, n);
	return true;
}

/* A field about the policy: its type (0), its domain (1), or whether the mail
 * was delivered all the same (2). False: it cannot have this value. */
static bool
take_policy(struct state *s, unsigned which, struct sts_text value)
{
	static const enum sts_report_policy types[] = { STS_REPORT_TLSA,
		STS_REPORT_STS, STS_REPORT_NO_POLICY };

	if (which == 1) {
		s->policy_domain = value;
		return true;
	}
	if (which == 2) {
		s->delivered = sts_text_is(value, "yes");
		return s->delivered || sts_text_is(value, "no");
	}
	for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
		if (sts_text_is(value, sts_report_policy_text(types[i]))) {
			s->policy = types[i];
			return true;
		}
	}
	return false;
}

static bool
take(struct state *s, const struct field *f, struct sts_text value)
{
	switch ((enum part)f->part) {
	case OF_POLICY:
		return take_policy(s, f->which, value);
	case OF_STRINGS:
		sts_event_string(s->e, value);
		return true;
	case OF_MX:
		sts_event_mx(s->e, value);
		return true;
	default:
		s->failure.texts[f->which] = value;
		return true;
	}
}

/* Take the field's name off a word, and "=". False: there is no such field. */
static bool
take_name(struct sts_text *word, struct field *f)
{
	struct sts_text name = sts_text_field(word, '=');

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (sts_text_is(name, fields[i].name)) {
			*f = fields[i];
			return true;
		}
	}
	f->part = OF_FAILURE;
	for (f->which = 0; f->which < STS_REPORT_FIELDS; f->which++) {
		if (sts_text_is(name, sts_report_field_text(
					  (enum sts_report_field)f->which))) {
			return true;
		}
	}
	return false;
}

/* Go through the words once, for one part of the event. */
static bool
take_part(struct state *s, struct sts_text words, enum part part)
{
	struct sts_text word;

	s->used = 0;
	while ((word = sts_text_word(&words, STS_BLANK_SPACE)).n > 0) {
		struct field f;
		struct sts_text value;

		if (sts_text_find(word, '=') == word.n ||
		    !take_name(&word, &f)) {
			return false;
		}
		if (f.part == part &&
		    (!decode(s, word, &value) || !take(s, &f, value))) {
			return false;
		}
	}
	return true;
}

/* Where the record begins, "record=" included; line.n: nowhere. */
static size_t
find_record(struct sts_text line)
{
	static const char name[] = " record=";
	const size_t n = sizeof name - 1;

	for (size_t i = 0; i + n <= line.n; i++) {
		if (memcmp(line.p + i, name, n) == 0) {
			return i + 1;
		}
	}
	return line.n;
}

/* Build the event, part by part in its order. */
static bool
build(struct state *s, struct sts_text result, struct sts_text words)
{
	bool failing = !sts_text_is(result, "success");

	if (failing && !sts_report_result_of_text(result, &s->failure.result)) {
		return false;
	}
	if (!take_part(s, words, OF_POLICY)) {
		return false;
	}
	sts_event_policy(s->e, s->policy, s->policy_domain);
	for (unsigned part = OF_STRINGS; part < PARTS; part++) {
		if (!take_part(s, words, (enum part)part)) {
			return false;
		}
	}
	if (failing) {
		s->e->failed = !s->delivered;
		sts_event_failure(s->e, &s->failure);
	}
	return true;
}

bool
sts_report_line(
    struct sts_report_event *e, struct sts_text domain, struct sts_text line)
{
	struct state s;
	size_t end = find_record(line);
	struct sts_text words = sts_text(line.p, end);
	struct sts_text record = sts_text_skip(line, end);
	struct sts_text result = sts_text_word(&words, STS_BLANK_SPACE);

	if (line.n > STS_REPORT_LINE_MAX ||
	    !sts_text_take(&record, "record=") ||
	    !sts_event_begin(e, domain, record)) {
		return false;
	}
	memset(&s, 0, sizeof s);
	s.e = e;
	s.policy = STS_REPORT_NO_POLICY;
	return build(&s, result, words);
}
