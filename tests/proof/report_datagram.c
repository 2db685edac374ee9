/* SPDX-License-Identifier: MIT */
/*
 * What a mail server reports, in texts that strangers chose: one event of the
 * JSON reader, in any state that the datagram's reader can be in.
 *
 * @link core/base/text.c
 */
#include "contracts.h"

#include "../../core/report/report_datagram.c"

/* sts_json_text: any piece. The state alone decides what is done with an octet,
 * so a few stand for all. */
struct sts_text
json_text_contract(const struct sts_json *j)
{
	(void)j;
	return any_text(2);
}

unsigned
json_depth_contract(const struct sts_json *j)
{
	unsigned depth = nondet_u8();

	(void)j;
	ASSUME(depth <= STS_JSON_DEPTH_MAX);
	return depth;
}

/* sts_get_decimal: no larger than so many digits allow. */
bool
decimal_contract(struct sts_text t, unsigned max, uint64_t *v)
{
	*v = nondet_u32();
	PROVE(max == 9);
	ASSUME(*v <= 999999999);
	return get_decimal_contract(t, max, &(uint64_t){ 0 });
}

/* sts_json_read: it takes fewer than all octets only when it has an event. */
size_t
json_read_contract(
    struct sts_json *j, struct sts_text in, enum sts_json_event *event)
{
	size_t n = nondet_u8();

	(void)j;
	PROVE(readable(in));
	*event = (enum sts_json_event)nondet_u8();
	ASSUME(*event <= STS_JSON_ERROR);
	ASSUME(n <= in.n && (n == in.n || *event != STS_JSON_MORE));
	return n;
}

bool
utf8_byte_contract(struct sts_utf8 *u, uint8_t b)
{
	(void)b;
	u->left = nondet_u8();
	return nondet_bool();
}

uint32_t
crc32_of(uint32_t crc, struct sts_text t)
{
	(void)crc;
	PROVE(readable(t));
	return nondet_u32();
}

/* Any codes are known, but the same ones whenever it is asked. */
bool __CPROVER_uninterpreted_known(unsigned code);

bool
of_code_contract(unsigned code, enum sts_report_result *result)
{
	*result = (enum sts_report_result)(nondet_u8() % STS_REPORT_RESULTS);
	return __CPROVER_uninterpreted_known(code);
}

/* The event's functions copy what they are given. Their header asks for this
 * order: strings before mx. */
void
event_policy_contract(struct sts_report_event *e, enum sts_report_policy type,
    struct sts_text domain)
{
	(void)e;
	(void)type;
	PROVE(readable(domain));
}

void
event_string_contract(struct sts_report_event *e, struct sts_text line)
{
	(void)e;
	PROVE(readable(line) && line.n <= STRING_MAX);
}

void
event_failure_contract(
    struct sts_report_event *e, const struct sts_report_failure *f)
{
	(void)e;
	PROVE((unsigned)f->result < STS_REPORT_RESULTS);
	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		PROVE(readable(f->texts[i]));
		PROVE(f->texts[i].n <= STS_DATAGRAM_FIELD_MAX);
	}
}

void *
memcpy_contract(void *to, const void *from, size_t n)
{
	PROVE(n == 0 || __CPROVER_r_ok(from, n));
	PROVE(n == 0 || __CPROVER_w_ok(to, n));
	return to;
}

static bool
is_object(unsigned level)
{
	return level == LEVEL_TOP || level == LEVEL_POLICY ||
	       level == LEVEL_FAILURE;
}

static bool
is_list(unsigned level)
{
	return level == LEVEL_POLICIES || level == LEVEL_STRINGS ||
	       level == LEVEL_MX || level == LEVEL_FAILURES;
}

/* How many fields of the failure were named, without the current one. */
static unsigned
fields_before(const struct sts_datagram *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		n += d->now.key != KEY_FIELD + i &&
		     (d->now.seen[2] & bit(KEY_FIELD + i)) != 0;
	}
	return n;
}

/* The texts of a failure lie within what was read of it; of the failure before,
 * only places are left. */
static bool
fields_hold(const struct sts_datagram *d)
{
	bool here = d->now.level == LEVEL_FAILURE;

	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		if (d->at[i] > STS_DATAGRAM_VALUE_MAX ||
		    (here && d->len[i] > STS_DATAGRAM_FIELD_MAX) ||
		    (here && d->len[i] > 0 &&
			d->at[i] + d->len[i] > d->value_len)) {
			return false;
		}
	}
	return true;
}

/* The current key belongs to its object, and was noted as seen. */
static bool
key_holds(const struct sts_datagram *d)
{
	unsigned at = d->now.level == LEVEL_TOP      ? 0
		      : d->now.level == LEVEL_POLICY ? 1
						     : 2;

	return d->now.key == KEY_NONE ||
	       (d->now.key < KEYS && keys[d->now.key].level == d->now.level &&
		   is_object(d->now.level) &&
		   (d->now.seen[at] & bit(d->now.key)) != 0);
}

/* The code of a failure that has one is a known one, or our own. */
static bool
code_holds(const struct sts_datagram *d)
{
	return (d->now.seen[2] & bit(KEY_CODE)) == 0 ||
	       d->now.key == KEY_CODE || d->code == CODE_INTERNAL ||
	       __CPROVER_uninterpreted_known(d->code);
}

/* The invariant between two events. */
static bool
datagram_holds(const struct sts_datagram *d)
{
	unsigned len;

	if (d->now.level > LEVEL_END || d->stage >= STAGES ||
	    d->begin > d->value_len || d->value_len > STS_DATAGRAM_VALUE_MAX ||
	    d->domain_len > sizeof d->domain ||
	    d->record_len > sizeof d->record || !key_holds(d) ||
	    !code_holds(d) || !fields_hold(d)) {
		return false;
	}
	len = (unsigned)(d->value_len - d->begin);
	if (d->now.level != LEVEL_FAILURE) {
		return d->begin == 0 && len <= STRING_MAX;
	}
	return d->begin <= STS_DATAGRAM_FIELD_MAX * fields_before(d) &&
	       len <= (d->now.key >= KEY_FIELD ? STS_DATAGRAM_FIELD_MAX : 0);
}

void
json_begin_contract(struct sts_json *j)
{
	PROVE(__CPROVER_w_ok(j, sizeof *j));
}

/* go_on, for the octets that sts_datagram_open begins with, which hold no
 * event. */
bool
first_event(struct sts_datagram *d, struct sts_report_event *e)
{
	(void)e;
	PROVE(datagram_holds(d) && d->verdict == STS_DATAGRAM_GOOD);
	return false;
}

/*
 * @bound the initial state, whatever the memory held before
 * @cut go_on first_event
 * @cut sts_json_begin json_begin_contract
 * @loop fields_before.0 7: fields
 * @loop fields_hold.0 7: fields
 * @loop sts_datagram_open.0 1: there is no event
 */
void
prove_datagram_begin(void)
{
	struct sts_datagram d;
	struct sts_report_event e;

	PROVE(
	    sts_datagram_open(&d, sts_text(NULL, 0), &e) != STS_DATAGRAM_GOOD);
	PROVE(datagram_holds(&d));
}

/* What the JSON reader promises of events inside a value that the datagram
 * knows: a name comes in an object, and never where a value is due; an end
 * closes what was opened last. */
static bool
may_come(const struct sts_datagram *d, enum sts_json_event event)
{
	switch (event) {
	case STS_JSON_NAME:
	case STS_JSON_OBJECT_END:
		return is_object(d->now.level) && d->now.key == KEY_NONE;
	case STS_JSON_LIST_END:
		return is_list(d->now.level);
	default:
		return event >= STS_JSON_OBJECT && event <= STS_JSON_NULL;
	}
}

/* Stands for take_name and take_string, which have proofs of their own. */
void
nothing_taken(struct sts_datagram *d, struct sts_text name)
{
	(void)d;
	(void)name;
}

void
no_string_taken(struct sts_datagram *d, struct sts_report_event *e, bool whole)
{
	(void)d;
	(void)e;
	(void)whole;
}

/* Any state between two events of a datagram that was valid so far. */
static void
any_state(struct sts_datagram *d)
{
	ASSUME(datagram_holds(d));
	ASSUME(d->verdict == STS_DATAGRAM_GOOD && d->now.level != LEVEL_END);
}

/*
 * @bound a name, in any state
 * @cut sts_text_is text_is_contract
 * @loop fields_before.0 7: fields
 * @loop fields_hold.0 7: fields
 * @loop take_name.0 19: keys
 */
void
prove_datagram_name(void)
{
	struct sts_datagram d;

	any_state(&d);
	ASSUME(may_come(&d, STS_JSON_NAME));
	take_name(&d, any_text(2));
	PROVE(d.verdict != STS_DATAGRAM_GOOD || datagram_holds(&d));
}

/*
 * @bound a piece of a string, or its end, in any state
 * @cut sts_json_text json_text_contract
 * @cut sts_text_is text_is_contract
 * @cut sts_crc32 crc32_of
 * @cut sts_event_policy event_policy_contract
 * @cut sts_event_string event_string_contract
 * @cut sts_event_mx event_string_contract
 * @cut memcpy memcpy_contract
 * @loop fields_before.0 7: fields
 * @loop fields_hold.0 7: fields
 * @loop take_piece.0 3: octets
 */
void
prove_datagram_string(void)
{
	struct sts_datagram d;
	struct sts_report_event e;

	any_state(&d);
	take_string(&d, &e, nondet_bool());
	PROVE(d.verdict != STS_DATAGRAM_GOOD || datagram_holds(&d));
}

/*
 * @bound any other event, in any state
 * @cut sts_json_text json_text_contract
 * @cut sts_json_depth json_depth_contract
 * @cut sts_get_decimal decimal_contract
 * @cut sts_report_result_of_code of_code_contract
 * @cut sts_event_failure event_failure_contract
 * @cut take_name nothing_taken
 * @cut take_string no_string_taken
 * @loop fields_before.0 7: fields
 * @loop fields_hold.0 7: fields
 * @loop event_failure_contract.0 7: fields
 * @loop end_failure.0 7: fields
 */
void
prove_datagram_event(void)
{
	struct sts_datagram d;
	struct sts_report_event e;
	enum sts_json_event event = (enum sts_json_event)nondet_u8();

	any_state(&d);
	ASSUME(may_come(&d, event));
	take_event(&d, &e, event);
	PROVE(d.verdict != STS_DATAGRAM_GOOD || datagram_holds(&d));
}

/* go_on, when all octets are read. */
bool
nothing_more(struct sts_datagram *d, struct sts_report_event *e)
{
	(void)d;
	(void)e;
	return false;
}

/*
 * @bound the end of a datagram that was cut off, in any state
 * @cut sts_json_text json_text_contract
 * @cut sts_json_read json_read_contract
 * @cut sts_text_is text_is_contract
 * @cut sts_report_result_of_code of_code_contract
 * @cut sts_event_policy event_policy_contract
 * @cut sts_event_failure event_failure_contract
 * @cut go_on nothing_more
 * @cut memcpy memcpy_contract
 * @loop fields_before.0 7: fields
 * @loop fields_hold.0 7: fields
 * @loop event_failure_contract.0 7: fields
 * @loop end_failure.0 7: fields
 * @loop take_piece.0 3: octets
 * @loop pass.0 2: no octet is left
 */
void
prove_datagram_cut(void)
{
	struct sts_datagram d;
	struct sts_report_event e;

	ASSUME(datagram_holds(&d) && d.verdict == STS_DATAGRAM_GOOD);
	d.cut = cut_in_helo(&d);
	ASSUME(d.cut);
	pass(&d, &e);
	PROVE(d.failed);
}

/*
 * @bound a few octets, at any place: each round knows only its place
 * @cut sts_json_read json_read_contract
 * @cut sts_utf8_byte utf8_byte_contract
 * @loop read_event.0 4: octets
 * @loop valid_octets.0 4: octets
 * @loop valid_octets.1 4: octets
 */
void
prove_datagram_read(void)
{
	struct sts_datagram d;
	enum sts_json_event event;

	d.bytes = any_text(3);
	ASSUME(d.now.pos <= d.bytes.n && d.now.valid <= d.bytes.n);
	event = read_event(&d);
	PROVE(d.now.pos <= d.bytes.n && d.now.valid <= d.bytes.n);
	PROVE(event != STS_JSON_MORE || d.now.pos == d.bytes.n);
}
