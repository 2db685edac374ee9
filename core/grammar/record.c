/* SPDX-License-Identifier: MIT */
/*
 * The TXT record at _mta-sts: one pass, a step for each byte.
 *
 * Several records are fed one after another. r->state is the place in the
 * grammar of the record at hand (below), r->candidates counts those that began
 * like ours, up to two, and r->invalid is true if one of them broke the
 * grammar. The first id that comes is kept, and is of use only if there is
 * exactly one candidate.
 *
 * Anybody on the path may have written these bytes, since DNS answers are not
 * authenticated. What they can cause is bounded: an id of letters and digits,
 * which only decides whether a policy is fetched again, never its content.
 *
 * Invariants: a byte is one step, and the result does not depend on how the
 * bytes are split. `at` is the place in the version or in a name; `is_id` is
 * valid in NAME, FIRST and VALUE. Once a record is FOREIGN or BAD no byte of it
 * changes that.
 */
#include <string.h>

#include "../base/assert.h"
#include "grammar.h"
#include "record.h"

static const char version[] = "v=STSv1";

enum {
	VERSION_LEN = sizeof version - 1
};

/*
 *	VERSION -> AFTER_VERSION -> DELIMITER -> NAME -> FIRST -> VALUE
 *	                                ^                           |
 *	                                +------ AFTER_VALUE <-------+
 *
 * The ";" that leads to DELIMITER for the first time makes a candidate; what
 * breaks the grammar before it is FOREIGN and forgotten, after it BAD. A
 * record may end in DELIMITER or VALUE.
 */
enum state {
	STATE_VERSION,
	STATE_AFTER_VERSION, /* WSP before the first ";" */
	STATE_FOREIGN,
	STATE_DELIMITER, /* after ";": WSP, a name, or the end */
	STATE_NAME,
	STATE_FIRST, /* after "=": a value has at least one byte */
	STATE_VALUE,
	STATE_AFTER_VALUE, /* WSP before ";" */
	STATE_BAD
};

static enum state
version_byte(struct sts_record *r, uint8_t b)
{
	STS_ASSERT(r->at < VERSION_LEN);
	if (b != (uint8_t)version[r->at]) {
		return STATE_FOREIGN;
	}
	r->at++;
	return r->at < VERSION_LEN ? STATE_VERSION : STATE_AFTER_VERSION;
}

static enum state
after_version_byte(struct sts_record *r, uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_AFTER_VERSION;
	}
	if (b != ';') {
		return STATE_FOREIGN;
	}
	if (r->candidates < 2) {
		r->candidates++;
	}
	return STATE_DELIMITER;
}

static enum state
name_byte(struct sts_record *r, uint8_t b)
{
	static const uint8_t id[2] = { 'i', 'd' };

	if (b == '=' && r->at > 0) {
		r->is_id = r->is_id && r->at == sizeof id && r->id_len == 0;
		return STATE_FIRST;
	}
	if (!sts_is_field_name(b, r->at)) {
		return STATE_BAD;
	}
	r->is_id = r->is_id && r->at < sizeof id && b == id[r->at];
	r->at++;
	return STATE_NAME;
}

static enum state
delimiter_byte(struct sts_record *r, uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_DELIMITER;
	}
	r->at = 0;
	r->is_id = true;
	return name_byte(r, b);
}

/* sts-id: 1*32(ALPHA / DIGIT). */
static enum state
id_byte(struct sts_record *r, uint8_t b)
{
	if (!sts_is_alnum(b) || r->id_len == STS_ID_MAX) {
		return STATE_BAD;
	}
	r->id[r->id_len++] = b;
	return STATE_VALUE;
}

/* sts-ext-value: 1*(%x21-3A / %x3C / %x3E-7E), so neither ";" nor "=". */
static enum state
value_byte(struct sts_record *r, uint8_t b)
{
	if (r->is_id) {
		return id_byte(r, b);
	}
	if (b < 0x21 || b > 0x7e || b == ';' || b == '=') {
		return STATE_BAD;
	}
	return STATE_VALUE;
}

/* After a value: WSP or the next delimiter. */
static enum state
after_value_byte(uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_AFTER_VALUE;
	}
	return b == ';' ? STATE_DELIMITER : STATE_BAD;
}

static enum state
in_value_byte(struct sts_record *r, uint8_t b)
{
	if (b == ';' || sts_is_wsp(b)) {
		return after_value_byte(b);
	}
	return value_byte(r, b);
}

static enum state
step(struct sts_record *r, uint8_t b)
{
	switch ((enum state)r->state) {
	case STATE_VERSION:
		return version_byte(r, b);
	case STATE_AFTER_VERSION:
		return after_version_byte(r, b);
	case STATE_DELIMITER:
		return delimiter_byte(r, b);
	case STATE_NAME:
		return name_byte(r, b);
	case STATE_FIRST:
		return value_byte(r, b);
	case STATE_VALUE:
		return in_value_byte(r, b);
	case STATE_AFTER_VALUE:
		return after_value_byte(b);
	default:
		return (enum state)r->state;
	}
}

void
sts_record_start(struct sts_record *r)
{
	memset(r, 0, sizeof *r);
	r->state = STATE_VERSION;
}

void
sts_record_byte(struct sts_record *r, uint8_t b)
{
	STS_ASSERT(r->state <= STATE_BAD);
	r->state = (uint8_t)step(r, b);
}

void
sts_record_end(struct sts_record *r)
{
	bool candidate = r->state >= STATE_DELIMITER;
	bool whole = r->state == STATE_DELIMITER || r->state == STATE_VALUE;

	STS_ASSERT(!candidate || r->candidates > 0);
	if (candidate && (!whole || r->id_len == 0)) {
		r->invalid = true;
	}
	r->state = STATE_VERSION;
	r->at = 0;
}

static enum sts_why
judge(const struct sts_record *r)
{
	if (r->candidates == 0) {
		return STS_WHY_TXT_NONE;
	}
	if (r->candidates > 1) {
		return STS_WHY_TXT_SEVERAL;
	}
	return r->invalid ? STS_WHY_TXT_INVALID : STS_WHY_NONE;
}

enum sts_found
sts_record_result(const struct sts_record *r, enum sts_why *why)
{
	enum sts_why judged = judge(r);

	STS_ASSERT(r->state == STATE_VERSION && r->at == 0);
	if (why != NULL) {
		*why = judged;
	}
	return judged == STS_WHY_NONE ? STS_FOUND : STS_ABSENT;
}
