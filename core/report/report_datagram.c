/* SPDX-License-Identifier: MIT */
/*
 * Datagrams of libtlsrpt. JSON's events drive a small table: which keys an
 * object has, and of what type their values are.
 *
 *	TOP { POLICIES [ POLICY { STRINGS [...] MX [...]
 *	                          FAILURES [ FAILURE {...} ] } ] }
 *
 * stage is the purpose of a pass over the octets: JUDGE reads all of them and
 * builds nothing; then each policy is read from its beginning for its HEAD, and
 * for STRINGS, MX and FAILURES if it has them.
 *
 * Invariants: level is the innermost known object or list. If skip != 0, the
 * reader is in the value of an unknown key, until the depth is again skip - 1.
 * begin <= value_len <= STS_DATAGRAM_VALUE_MAX.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/crc32.h"
#include "../base/text.h"
#include "../base/utf8.h"
#include "../grammar/tlsrpt.h"
#include "report_datagram.h"

enum stage {
	JUDGE = 0,
	HEAD,
	STRINGS,
	MX,
	FAILURES,
	STAGES
};

enum level {
	LEVEL_NONE = 0,
	LEVEL_TOP,
	LEVEL_POLICIES,
	LEVEL_POLICY,
	LEVEL_STRINGS,
	LEVEL_MX,
	LEVEL_FAILURES,
	LEVEL_FAILURE,
	LEVEL_END
};

enum key {
	KEY_NONE = 0,
	KEY_DPV,
	KEY_D,
	KEY_PR,
	KEY_POLICIES,
	KEY_TYPE,
	KEY_DOMAIN,
	KEY_STRINGS,
	KEY_MX,
	KEY_FAILURES,
	KEY_T,
	KEY_F,
	KEY_CODE,
	KEY_FIELD, /* and one for each field */
	KEYS = KEY_FIELD + STS_REPORT_FIELDS
};

enum {
	TYPE_STRING = 1,
	TYPE_NUMBER,
	TYPE_LIST,
	DECIMALS = 9,
	CODE_INTERNAL = 901, /* libtlsrpt: an error of the mail server */
	STRING_MAX = STS_TLSRPT_RECORD_MAX /* of d, pr, a policy's string */
};

STS_STATIC_ASSERT(
    (int)STRING_MAX <= (int)STS_DATAGRAM_VALUE_MAX, a_record_fits_the_value);

/* The keys that are known, each in its object. */
static const struct {
	char name[16];
	uint8_t level, type;
} keys[KEYS] = {
	[KEY_DPV] = { "dpv", LEVEL_TOP, TYPE_STRING },
	[KEY_D] = { "d", LEVEL_TOP, TYPE_STRING },
	[KEY_PR] = { "pr", LEVEL_TOP, TYPE_STRING },
	[KEY_POLICIES] = { "policies", LEVEL_TOP, TYPE_LIST },
	[KEY_TYPE] = { "policy-type", LEVEL_POLICY, TYPE_NUMBER },
	[KEY_DOMAIN] = { "policy-domain", LEVEL_POLICY, TYPE_STRING },
	[KEY_STRINGS] = { "policy-string", LEVEL_POLICY, TYPE_LIST },
	[KEY_MX] = { "mx-host", LEVEL_POLICY, TYPE_LIST },
	[KEY_FAILURES] = { "failure-details", LEVEL_POLICY, TYPE_LIST },
	[KEY_T] = { "t", LEVEL_POLICY, TYPE_NUMBER },
	[KEY_F] = { "f", LEVEL_POLICY, TYPE_NUMBER },
	[KEY_CODE] = { "c", LEVEL_FAILURE, TYPE_NUMBER },
	[KEY_FIELD + STS_REPORT_MTA_IP] = { "s", LEVEL_FAILURE, TYPE_STRING },
	[KEY_FIELD + STS_REPORT_MX] = { "n", LEVEL_FAILURE, TYPE_STRING },
	[KEY_FIELD + STS_REPORT_HELO] = { "h", LEVEL_FAILURE, TYPE_STRING },
	[KEY_FIELD + STS_REPORT_MX_IP] = { "r", LEVEL_FAILURE, TYPE_STRING },
	[KEY_FIELD + STS_REPORT_INFO] = { "a", LEVEL_FAILURE, TYPE_STRING },
	[KEY_FIELD + STS_REPORT_REASON] = { "f", LEVEL_FAILURE, TYPE_STRING },
};

static void
fail(struct sts_datagram *d, enum sts_datagram_verdict why)
{
	if (d->verdict == STS_DATAGRAM_GOOD) {
		d->verdict = (uint8_t)why;
	}
}

static uint32_t
bit(unsigned key)
{
	return UINT32_C(1) << key;
}

/* The keys of a level's object that were seen. */
static uint32_t *
seen(struct sts_datagram *d, unsigned level)
{
	return &d->now.seen[level == LEVEL_TOP      ? 0
			    : level == LEVEL_POLICY ? 1
						    : 2];
}

static bool
has(struct sts_datagram *d, unsigned key)
{
	return (*seen(d, keys[key].level) & bit(key)) != 0;
}

/* Take a member's name: its key, which may be there only once. */
static void
take_name(struct sts_datagram *d, struct sts_text name)
{
	uint32_t *was = seen(d, d->now.level);

	d->now.key = KEY_NONE;
	for (unsigned k = 1; k < KEYS; k++) {
		if (keys[k].level == d->now.level &&
		    sts_text_is(name, keys[k].name)) {
			d->now.key = (uint8_t)k;
		}
	}
	if (d->now.key == KEY_NONE) {
		return;
	}
	if ((*was & bit(d->now.key)) != 0) {
		fail(d, STS_DATAGRAM_BROKEN);
	}
	*was |= bit(d->now.key);
}

/* Whether a string may come now: as the value of a key, or as a list's item. */
static bool
takes_string(const struct sts_datagram *d)
{
	return d->now.level == LEVEL_STRINGS || d->now.level == LEVEL_MX ||
	       (d->now.key != KEY_NONE && keys[d->now.key].type == TYPE_STRING);
}

static bool
is_field(const struct sts_datagram *d)
{
	return d->now.level == LEVEL_FAILURE && d->now.key >= KEY_FIELD;
}

/* Keep a piece of a string. Of h only the first word is kept, since a hostile
 * mail server may make it very long. */
static void
take_piece(struct sts_datagram *d, struct sts_text piece)
{
	bool helo = is_field(d) && d->now.key == KEY_FIELD + STS_REPORT_HELO;
	size_t max = is_field(d) ? STS_DATAGRAM_FIELD_MAX : STRING_MAX;

	STS_ASSERT(d->begin <= d->value_len);
	for (size_t i = 0; i < piece.n; i++) {
		size_t len = (size_t)(d->value_len - d->begin);

		if (helo && len >= 4 && piece.p[i] <= ' ') {
			d->word_over = true;
		}
		if (helo && d->word_over) {
			return;
		}
		if (len == max) {
			d->over = true;
			return;
		}
		STS_ASSERT(d->value_len < STS_DATAGRAM_VALUE_MAX);
		d->value[d->value_len++] = piece.p[i];
	}
}

static struct sts_text
value(const struct sts_datagram *d)
{
	return sts_text(d->value + d->begin, (size_t)(d->value_len - d->begin));
}

/* Add a string of the policy; it is left out if it is not there whole. */
static void
add_string(struct sts_datagram *d, struct sts_report_event *e)
{
	bool mx = d->now.level == LEVEL_MX;

	if (d->stage != (mx ? MX : STRINGS)) {
		return;
	}
	if (d->over) {
		e->strings_cut = true;
		e->policy_sum = sts_crc32(e->policy_sum, value(d));
	} else if (mx) {
		sts_event_mx(e, value(d));
	} else {
		sts_event_string(e, value(d));
	}
}

static void
keep_domain(struct sts_datagram *d)
{
	if (d->value_len > sizeof d->domain) {
		fail(d, STS_DATAGRAM_DOMAIN);
		return;
	}
	memcpy(d->domain, d->value, d->value_len);
	d->domain_len = d->value_len;
}

static void
keep_record(struct sts_datagram *d)
{
	if (d->over) {
		fail(d, STS_DATAGRAM_LARGE);
		return;
	}
	memcpy(d->record, d->value, d->value_len);
	d->record_len = d->value_len;
}

/* The string value of a key is whole: take it. */
static void
take_value(struct sts_datagram *d, struct sts_report_event *e)
{
	switch ((enum key)d->now.key) {
	case KEY_DPV:
		if (!sts_text_is(value(d), "1")) {
			fail(d, STS_DATAGRAM_VERSION);
		}
		break;
	case KEY_D:
		keep_domain(d);
		break;
	case KEY_PR:
		keep_record(d);
		break;
	case KEY_DOMAIN:
		if (d->stage == HEAD) {
			sts_event_policy(e, STS_REPORT_NO_POLICY, value(d));
		}
		break;
	default:
		STS_ASSERT(d->now.key >= KEY_FIELD);
		d->at[d->now.key - KEY_FIELD] = d->begin;
		d->len[d->now.key - KEY_FIELD] = (uint16_t)value(d).n;
	}
}

static void
begin_string(struct sts_datagram *d)
{
	if (!is_field(d)) {
		d->value_len = 0;
	}
	d->begin = d->value_len;
	d->over = d->word_over = false;
}

/* Whether the value that comes next is that of an unknown key. */
static bool
is_unknown(const struct sts_datagram *d)
{
	return d->now.key == KEY_NONE &&
	       (d->now.level == LEVEL_TOP || d->now.level == LEVEL_POLICY ||
		   d->now.level == LEVEL_FAILURE);
}

/* A string has come, or a piece of it (not `whole`). Where none may stand that
 * is a fault, or part of something unknown, which is passed over. */
static void
take_string(struct sts_datagram *d, struct sts_report_event *e, bool whole)
{
	if (!takes_string(d)) {
		if (!is_unknown(d)) {
			fail(d, STS_DATAGRAM_BROKEN);
		}
		return;
	}
	take_piece(d, sts_json_text(&d->now.json));
	if (!whole) {
		return;
	}
	if (d->now.key == KEY_NONE) {
		add_string(d, e);
	} else {
		take_value(d, e);
	}
	begin_string(d);
	d->now.key = KEY_NONE;
}

static void
take_type(struct sts_datagram *d, uint64_t number)
{
	if (number != STS_REPORT_TLSA && number != STS_REPORT_STS &&
	    number != STS_REPORT_NO_POLICY) {
		fail(d, STS_DATAGRAM_BROKEN);
		return;
	}
	d->type = (uint8_t)number;
}

static void
take_code(struct sts_datagram *d, uint64_t number)
{
	enum sts_report_result result;

	if (number != CODE_INTERNAL &&
	    !sts_report_result_of_code((unsigned)number, &result)) {
		fail(d, STS_DATAGRAM_BROKEN);
	}
	d->code = (uint32_t)number;
}

/*
 * A number of a key that we know; in a value of another key it may be
 * anything.
 */
static void
take_number(struct sts_datagram *d)
{
	uint64_t number = 0;

	if (is_unknown(d)) {
		return;
	}
	if (keys[d->now.key].type != TYPE_NUMBER ||
	    !sts_get_decimal(sts_json_text(&d->now.json), DECIMALS, &number)) {
		fail(d, STS_DATAGRAM_BROKEN);
		return;
	}
	if (d->now.key == KEY_TYPE) {
		take_type(d, number);
	} else if (d->now.key == KEY_CODE) {
		take_code(d, number);
	} else if (d->now.key == KEY_F) {
		if (number > 1) {
			fail(d, STS_DATAGRAM_BROKEN);
		}
		d->failed = number == 1;
	}
	d->now.key = KEY_NONE;
}

/* A failure has ended, or the datagram was cut within its h: add the
 * failure. */
static void
end_failure(struct sts_datagram *d, struct sts_report_event *e)
{
	struct sts_report_failure f;
	bool is_known;

	if (!has(d, KEY_CODE)) {
		fail(d, STS_DATAGRAM_BROKEN);
		return;
	}
	if (d->code == CODE_INTERNAL) {
		d->internal = true;
		return;
	}
	if (d->stage != FAILURES) {
		return;
	}
	is_known = sts_report_result_of_code(d->code, &f.result);
	STS_ASSERT(is_known); /* take_code() lets no other through */
	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		f.texts[i] = sts_text(d->value + d->at[i], d->len[i]);
	}
	sts_event_failure(e, &f);
}

static void
begin_failure(struct sts_datagram *d)
{
	d->value_len = 0;
	memset(d->len, 0, sizeof d->len);
	*seen(d, LEVEL_FAILURE) = 0;
	d->now.level = LEVEL_FAILURE;
	begin_string(d);
}

static void
begin_policy(struct sts_datagram *d)
{
	*seen(d, LEVEL_POLICY) = 0;
	d->now.level = LEVEL_POLICY;
	d->failed = d->internal = false;
	if (d->policies < UINT16_MAX) {
		d->policies++;
	}
	d->policy = d->now;
}

/* "{" */
static void
open_object(struct sts_datagram *d)
{
	switch ((enum level)d->now.level) {
	case LEVEL_NONE:
		d->now.level = LEVEL_TOP;
		break;
	case LEVEL_POLICIES:
		begin_policy(d);
		break;
	case LEVEL_FAILURES:
		begin_failure(d);
		break;
	default:
		fail(d, STS_DATAGRAM_BROKEN);
	}
}

/* "[" of a known key's list. */
static void
open_list(struct sts_datagram *d)
{
	static const uint8_t level[KEYS] = {
		[KEY_POLICIES] = LEVEL_POLICIES,
		[KEY_STRINGS] = LEVEL_STRINGS,
		[KEY_MX] = LEVEL_MX,
		[KEY_FAILURES] = LEVEL_FAILURES,
	};

	if (level[d->now.key] == 0) {
		fail(d, STS_DATAGRAM_BROKEN);
		return;
	}
	d->now.level = level[d->now.key];
	d->now.key = KEY_NONE;
	begin_string(d);
}

static void
close_object(struct sts_datagram *d, struct sts_report_event *e)
{
	switch ((enum level)d->now.level) {
	case LEVEL_TOP:
		d->now.level = LEVEL_END;
		break;
	case LEVEL_POLICY:
		if (!has(d, KEY_TYPE) || !has(d, KEY_F)) {
			fail(d, STS_DATAGRAM_BROKEN);
		}
		d->now.level = LEVEL_POLICIES;
		break;
	default:
		STS_ASSERT(d->now.level == LEVEL_FAILURE);
		end_failure(d, e);
		d->now.level = LEVEL_FAILURES;
		begin_string(d);
	}
}

static void
close_list(struct sts_datagram *d)
{
	d->now.level =
	    d->now.level == LEVEL_POLICIES ? LEVEL_TOP : LEVEL_POLICY;
}

static void
open_value(struct sts_datagram *d, bool list)
{
	if (is_unknown(d)) {
		d->now.skip = (uint8_t)sts_json_depth(&d->now.json);
	} else if (list) {
		open_list(d);
	} else if (d->now.key != KEY_NONE) {
		fail(d, STS_DATAGRAM_BROKEN);
	} else {
		open_object(d);
	}
}

static void
take_event(struct sts_datagram *d, struct sts_report_event *e,
    enum sts_json_event event)
{
	switch (event) {
	case STS_JSON_NAME:
		take_name(d, sts_json_text(&d->now.json));
		break;
	case STS_JSON_PIECE:
	case STS_JSON_STRING:
		take_string(d, e, event == STS_JSON_STRING);
		break;
	case STS_JSON_NUMBER:
		take_number(d);
		break;
	case STS_JSON_OBJECT:
	case STS_JSON_LIST:
		open_value(d, event == STS_JSON_LIST);
		break;
	case STS_JSON_OBJECT_END:
		close_object(d, e);
		break;
	case STS_JSON_LIST_END:
		close_list(d);
		break;
	default: /* true, false, null */
		if (!is_unknown(d)) {
			fail(d, STS_DATAGRAM_BROKEN);
		}
	}
}

/* How many octets at the beginning of t are UTF-8. */
static size_t
valid_octets(struct sts_text t)
{
	struct sts_utf8 u = { 0, 0, 0, 0 };
	size_t valid = 0;

	while (valid < t.n && t.p[valid] < 0x80) {
		valid++;
	}
	for (size_t i = valid; i < t.n && sts_utf8_byte(&u, t.p[i]); i++) {
		valid = u.left == 0 ? i + 1 : valid;
	}
	return valid;
}

/* Read up to the next event; an octet that is not UTF-8 is read as "?". */
static enum sts_json_event
read_event(struct sts_datagram *d)
{
	static const uint8_t mark[1] = { '?' };
	struct sts_datagram_place *at = &d->now;
	enum sts_json_event event = STS_JSON_MORE;

	while (event == STS_JSON_MORE && at->pos < d->bytes.n) {
		struct sts_text rest = sts_text_skip(d->bytes, at->pos);

		if (at->pos >= at->valid) {
			at->valid = at->pos + valid_octets(rest);
		}
		if (at->pos < at->valid) {
			rest.n = at->valid - at->pos;
			at->pos += sts_json_read(&at->json, rest, &event);
		} else {
			at->pos +=
			    sts_json_read(&at->json, sts_text(mark, 1), &event);
		}
	}
	return event;
}

/* Read and take one event. False: all octets are read, or the datagram is
 * refused. */
static bool
go_on(struct sts_datagram *d, struct sts_report_event *e)
{
	enum sts_json_event event = read_event(d);

	if (event == STS_JSON_MORE || d->verdict != STS_DATAGRAM_GOOD) {
		return false;
	}
	if (event == STS_JSON_ERROR || event == STS_JSON_LIMIT) {
		fail(d, event == STS_JSON_ERROR ? STS_DATAGRAM_BROKEN
						: STS_DATAGRAM_LARGE);
		return false;
	}
	if (d->now.level == LEVEL_END) {
		fail(d, STS_DATAGRAM_BROKEN); /* something follows the
					       * datagram's end */
	} else if (d->now.skip == 0) {
		take_event(d, e, event);
	} else if (sts_json_depth(&d->now.json) < d->now.skip) {
		d->now.skip = 0;
	}
	return d->verdict == STS_DATAGRAM_GOOD;
}

/* Whether the datagram was cut in an h whose failure is known. */
static bool
cut_in_helo(struct sts_datagram *d)
{
	return d->now.level == LEVEL_FAILURE && d->now.skip == 0 &&
	       d->now.key == KEY_FIELD + STS_REPORT_HELO && has(d, KEY_CODE) &&
	       has(d, KEY_TYPE) && has(d, KEY_D) && has(d, KEY_PR);
}

enum sts_datagram_verdict
sts_datagram_open(
    struct sts_datagram *d, struct sts_text bytes, struct sts_report_event *e)
{
	memset(d, 0, sizeof *d);
	d->bytes = bytes;
	sts_json_begin(&d->now.json);
	while (go_on(d, e)) {
	}
	d->cut = cut_in_helo(d);
	if (!d->cut && (d->now.level != LEVEL_END || d->policies == 0 ||
			   !has(d, KEY_D) || !has(d, KEY_PR))) {
		fail(d, STS_DATAGRAM_BROKEN);
	}
	if (d->verdict == STS_DATAGRAM_GOOD &&
	    !sts_event_begin(e, sts_text(d->domain, d->domain_len),
		sts_text(d->record, d->record_len))) {
		fail(d, STS_DATAGRAM_DOMAIN);
	}
	memset(&d->now, 0, sizeof d->now);
	sts_json_begin(&d->now.json);
	d->stage = HEAD;
	return (enum sts_datagram_verdict)d->verdict;
}

/* Read on to the beginning of a policy. False: there is none. */
static bool
seek(struct sts_datagram *d, struct sts_report_event *e)
{
	while (d->now.level != LEVEL_POLICY) {
		if (!go_on(d, e)) {
			return false;
		}
	}
	return true;
}

/* Read the policy at hand, from its beginning, for the stage at hand. */
static void
pass(struct sts_datagram *d, struct sts_report_event *e)
{
	enum sts_json_event event;
	bool more = true;

	while (more && d->now.level != LEVEL_POLICIES) {
		more = go_on(d, e);
	}
	if (more) {
		return;
	}
	/* Since the datagram was judged, it can only have been cut. The string
	 * that was cut has the text that is there, or none. */
	STS_ASSERT(d->cut);
	sts_json_read(&d->now.json, sts_text(NULL, 0), &event);
	take_piece(d, sts_json_text(&d->now.json));
	take_value(d, e);
	end_failure(d, e);
	d->failed = true;
}

/* Read the policy at hand for all that it has. */
static void
read_policy(struct sts_datagram *d, struct sts_report_event *e)
{
	static const uint8_t list[STAGES] = {
		[STRINGS] = KEY_STRINGS,
		[MX] = KEY_MX,
		[FAILURES] = KEY_FAILURES,
	};
	uint32_t present;

	d->stage = HEAD;
	sts_event_policy(e, STS_REPORT_NO_POLICY, sts_text(NULL, 0));
	pass(d, e);
	e->type = (enum sts_report_policy)d->type;
	present = *seen(d, LEVEL_POLICY);
	while (++d->stage < STAGES) {
		if ((present & bit(list[d->stage])) != 0) {
			d->now = d->policy;
			pass(d, e);
		}
	}
	e->failed = d->failed;
}

bool
sts_datagram_next(struct sts_datagram *d, struct sts_report_event *e)
{
	while (d->verdict == STS_DATAGRAM_GOOD && seek(d, e)) {
		read_policy(d, e);
		if (!d->internal || e->failure_count > 0 || !e->failed) {
			return true;
		}
	}
	return false;
}
