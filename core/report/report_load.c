/* SPDX-License-Identifier: MIT */
/*
 * Snapshots, read. A snapshot is not trusted: every length, number and text is
 * checked as if a stranger had written it, and its content is added as events
 * are. A checksum at its end shows whether it is whole.
 *
 *	state FIRST -> MORE -> END; BAD for good
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/crc32.h"
#include "../base/text.h"
#include "report_private.h"
#include "report_save.h"

enum state {
	FIRST = 0, /* the header is due */
	MORE,
	END, /* the end was read: nothing may follow */
	BAD
};

enum {
	FRAME = 3, /* type and length */
	/* Octets of fixed length that a record begins with (README.md). */
	DOMAIN_HEAD = 9,
	POLICY_HEAD = 16,
	FAILURE_HEAD = 6 + STS_REPORT_FIELDS
};

/* The rest of a record; `short_of` is true once it was too short. */
struct reader {
	struct sts_text in;
	bool short_of;
};

static struct sts_text
take(struct reader *r, size_t n)
{
	struct sts_text t = sts_text(r->in.p, n);

	if (r->in.n < n) {
		r->short_of = true;
		return sts_text(NULL, 0);
	}
	r->in = sts_text_skip(r->in, n);
	return t;
}

static uint64_t
take_number(struct reader *r, unsigned octets)
{
	struct sts_text t = take(r, octets);
	uint64_t v = 0;

	for (size_t i = t.n; i > 0; i--) {
		v = v << 8 | t.p[i - 1];
	}
	return v;
}

static uint8_t
take8(struct reader *r)
{
	return (uint8_t)take_number(r, 1);
}

static uint32_t
take32(struct reader *r)
{
	return (uint32_t)take_number(r, 4);
}

/* Whether the days of a header are possible, and in order: today's is the
 * latest. A date takes work by the year. */
static bool
days_hold(const struct sts_tally *t)
{
	if (t->days[t->today] > STS_TALLY_DAY_MAX) {
		return false;
	}
	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		if (i != t->today && t->days[i] != 0 &&
		    t->days[i] >= t->days[t->today]) {
			return false;
		}
	}
	return true;
}

/* The tally gets key and days from the header, since the hashes and days of all
 * that follows are by them. Numbers are taken over at the end only. */
static bool
read_header(struct sts_report_load *l, struct sts_tally *t, struct reader *r)
{
	struct sts_text key;

	if (!sts_text_is(take(r, sizeof STS_REPORT_SAVE_MAGIC - 1),
		STS_REPORT_SAVE_MAGIC) ||
	    take8(r) != STS_REPORT_SAVE_VERSION) {
		return false;
	}
	key = take(r, STS_SIPHASH_KEY);
	l->today = take8(r);
	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		l->days[i] = take32(r);
	}
	l->sessions = take_number(r, 8);
	l->further = take_number(r, 8);
	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		l->lost[i] = take_number(r, 8);
	}
	l->refused = take8(r) != 0;
	l->same_filter = take32(r) == t->filter_count;
	if (r->short_of || l->today >= STS_TALLY_DAYS) {
		return false;
	}
	memcpy(t->config.key, key.p, key.n);
	memcpy(t->days, l->days, sizeof t->days);
	t->today = l->today;
	return days_hold(t);
}

static bool
read_domain(struct sts_report_load *l, struct reader *r)
{
	const uint8_t *p = take(r, DOMAIN_HEAD).p;
	struct sts_text name;

	l->domain = l->policy = 0;
	l->left_out = l->open = false;
	if (p == NULL || p[0] >= STS_TALLY_DAYS) {
		return false;
	}
	l->slot = p[0];
	l->failing = p[1] != 0;
	l->delivery.done = p[2];
	l->delivery.tries = p[3];
	l->delivery.due_s = sts_get32le(p + 4);
	name = take(r, p[8]);
	l->open = !r->short_of && sts_event_begin(&l->event, name, r->in);
	r->in.n = 0;
	return l->open;
}

static bool
is_type(uint8_t type)
{
	return type == STS_REPORT_TLSA || type == STS_REPORT_STS ||
	       type == STS_REPORT_NO_POLICY;
}

/* Read strings and mx of a policy into the event. */
static bool
read_strings(
    struct sts_report_event *e, struct reader *r, unsigned strings, unsigned mx)
{
	for (unsigned i = 0; i < strings + mx && !r->short_of; i++) {
		struct sts_text len = take(r, 2), text;

		text = take(r, len.n > 0 ? sts_get16be(len.p) : 0);
		if (i < strings) {
			sts_event_string(e, text);
		} else {
			sts_event_mx(e, text);
		}
	}
	return !r->short_of && e->string_count == strings && e->mx_count == mx;
}

/* Count the sessions of a policy again, for the domain that was read last.
 * False: the file is damaged here. */
static bool
read_policy(struct sts_report_load *l, struct sts_tally *t, struct reader *r)
{
	const uint8_t *p = take(r, POLICY_HEAD).p;
	enum sts_tally_loss loss = STS_TALLY_REFUSED;
	struct sts_text domain;

	if (!l->open || p == NULL || !is_type(p[0])) {
		return false;
	}
	domain = take(r, p[15]);
	sts_event_policy(&l->event, (enum sts_report_policy)p[0], domain);
	if (!read_strings(&l->event, r, p[13], p[14])) {
		return false;
	}
	l->event.policy_sum = sts_get32le(p + 9);
	/* Once a part of a domain is left out its later policies are, too: half
	 * a count would be wrong. */
	l->policy = l->left_out ? 0
				: sts_tally_place(t, l->slot, &l->event,
				      l->failing, &l->domain, &loss);
	if (l->policy == 0) {
		l->left_out = true;
		t->lost[loss] +=
		    (uint64_t)sts_get32le(p + 1) + sts_get32le(p + 5);
	} else {
		sts_tally_count(
		    t, l->policy, sts_get32le(p + 1), sts_get32le(p + 5));
		sts_tally_deliver(t, l->domain, &l->delivery);
	}
	return true;
}

static bool
read_failure(struct sts_report_load *l, struct sts_tally *t, struct reader *r)
{
	const uint8_t *p = take(r, FAILURE_HEAD).p;
	struct sts_report_detail f;

	if (!l->open || p == NULL || p[0] >= STS_REPORT_RESULTS) {
		return false;
	}
	f.result = p[0];
	memcpy(f.len, p + 6, sizeof f.len);
	f.text = r->in.p;
	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		take(r, f.len[i]);
	}
	if (!r->short_of && l->policy != 0) {
		sts_tally_fail(
		    t, l->domain, l->policy, &f, p[1] != 0, sts_get32le(p + 2));
	}
	return !r->short_of;
}

static bool
read_filter(struct sts_report_load *l, struct sts_tally *t, struct reader *r)
{
	struct sts_text bits = take(r, 8);

	if (r->short_of || !l->refused) {
		return false;
	}
	if (l->same_filter && l->block < t->filter_count) {
		uint8_t *p = t->filter + 8 * (size_t)l->block++;

		for (unsigned i = 0; i < 8; i++) {
			p[i] |= bits.p[i];
		}
	}
	return true;
}

/* A record has come whole: read it. */
static bool
read_record(struct sts_report_load *l, struct sts_tally *t, uint8_t type,
    struct reader *r)
{
	uint32_t crc;

	if (l->state == FIRST) {
		l->state = MORE;
		return type == STS_REPORT_SAVE_HEADER && read_header(l, t, r);
	}
	switch (type) {
	case STS_REPORT_SAVE_DOMAIN:
		return read_domain(l, r);
	case STS_REPORT_SAVE_POLICY:
		return read_policy(l, t, r);
	case STS_REPORT_SAVE_FAILURE:
		return read_failure(l, t, r);
	case STS_REPORT_SAVE_FILTER:
		return read_filter(l, t, r);
	case STS_REPORT_SAVE_END:
		l->state = END;
		crc = take32(r);
		return !r->short_of && crc == l->crc;
	default:
		return false;
	}
}

void
sts_report_load_begin(struct sts_report_load *l, struct sts_tally *t)
{
	memset(l, 0, sizeof *l);
	sts_tally_empty(t);
	memcpy(l->key, t->config.key, sizeof l->key);
	memset(t->lost, 0, sizeof t->lost);
	t->sessions = t->further = 0;
	t->restoring = true;
}

/* How many octets the record at hand must have, as far as is known. */
static size_t
wanted(const struct sts_report_load *l)
{
	return l->have < FRAME ? FRAME
			       : FRAME + (size_t)sts_get16le(l->record + 1);
}

static void
end_record(struct sts_report_load *l, struct sts_tally *t)
{
	struct reader r = { sts_text(l->record + FRAME, l->have - FRAME),
		false };

	if (!read_record(l, t, l->record[0], &r) || r.in.n > 0) {
		l->state = BAD;
	}
	l->crc = sts_crc32(l->crc, sts_text(l->record, l->have));
	l->have = 0;
}

void
sts_report_load(
    struct sts_report_load *l, struct sts_tally *t, struct sts_text in)
{
	for (size_t i = 0; i < in.n && l->state != BAD; i++) {
		if (l->state == END || wanted(l) > sizeof l->record) {
			l->state = BAD;
			return;
		}
		l->record[l->have++] = in.p[i];
		if (l->have >= FRAME && l->have == wanted(l)) {
			end_record(l, t);
		}
	}
}

/* The snapshot has ended: take over its totals. What found no room has been
 * counted as lost already. */
static void
settle(struct sts_report_load *l, struct sts_tally *t)
{
	t->sessions = l->sessions;
	t->further = l->further;
	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		t->lost[i] += l->lost[i];
	}
	if (l->refused) {
		t->refused = true;
		if (!l->same_filter) {
			/* Which domains it held is not known: no new ones
			 * today. */
			memset(t->filter, 0xff, 8 * (size_t)t->filter_count);
		}
	}
	t->changes = 0;
}

bool
sts_report_load_end(struct sts_report_load *l, struct sts_tally *t)
{
	t->restoring = false;
	if (l->state != END) {
		memcpy(t->config.key, l->key, sizeof l->key);
		sts_tally_empty(t);
		memset(t->lost, 0, sizeof t->lost);
		t->sessions = t->further = 0;
		return false;
	}
	settle(l, t);
	return true;
}
