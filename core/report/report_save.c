/* SPDX-License-Identifier: MIT */
/*
 * Snapshots, written. A record is a type, the length of what follows (2 octets,
 * little-endian as all numbers) and that. README.md has the list.
 *
 *	HEADER -> (DOMAIN -> (POLICY -> FAILURE...)...)... -> FILTER... -> END
 *	                  any of them -> STAGE_GONE
 *
 * Each is rendered into a sink that keeps the part that is due, as in report.c.
 *
 * Valid in DOMAIN, POLICY and FAILURE: `domain`, `slot`; in POLICY and FAILURE
 * `policy`, in FAILURE `failure`; in FILTER `block`. `off` is what was written
 * of the record at hand.
 *
 * Invariants: what is written is of one moment, so the first change of the
 * tally (`changes`) ends the snapshot as gone: its last record, and with it the
 * check that the reader demands, is never written. Else a domain that fails for
 * the first time, and so changes its place in the list, could be written twice
 * or not at all, a counter by halves, and a day's domains under the slot's day
 * before. `crc` covers all octets that were handed out, `end_crc` those before
 * END.
 *
 * There is no attacker on this side: what is written comes from a tally whose
 * events were judged when they were counted. The reader (report_load.c) trusts
 * none of it.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/crc32.h"
#include "../base/sink.h"
#include "report_private.h"
#include "report_save.h"

enum {
	STAGE_DONE = STS_REPORT_SAVE_END + 1,
	STAGE_GONE
};

static void
put8(struct sts_sink *s, uint8_t v)
{
	sts_sink_put(s, sts_text(&v, 1));
}

static void
put16(struct sts_sink *s, uint16_t v)
{
	uint8_t out[2];

	sts_put16le(out, v);
	sts_sink_put(s, sts_text(out, sizeof out));
}

static void
put32(struct sts_sink *s, uint32_t v)
{
	uint8_t out[4];

	sts_put32le(out, v);
	sts_sink_put(s, sts_text(out, sizeof out));
}

static void
put64(struct sts_sink *s, uint64_t v)
{
	put32(s, (uint32_t)v);
	put32(s, (uint32_t)(v >> 32));
}

static void
put_header(struct sts_sink *s, const struct sts_tally *t)
{
	sts_sink_string(s, STS_REPORT_SAVE_MAGIC);
	put8(s, STS_REPORT_SAVE_VERSION);
	sts_sink_put(s, sts_text(t->config.key, STS_SIPHASH_KEY));
	put8(s, t->today);
	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		put32(s, t->days[i]);
	}
	put64(s, t->sessions);
	put64(s, t->further);
	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		put64(s, t->lost[i]);
	}
	put8(s, t->refused);
	put32(s, t->filter_count);
}

/* The parts of a record's head that a snapshot has, in its order: offset,
 * octets. Numbers are little-endian in both. 0 octets: the end. */
struct field {
	uint8_t off, octets;
};

static const struct field of_domain[] = { { D_SLOT, 1 }, { D_FAILING, 1 },
	{ D_DONE, 1 }, { D_TRIES, 1 }, { D_DUE, 4 }, { D_NAME_LEN, 1 },
	{ 0, 0 } };
static const struct field of_policy[] = { { P_TYPE, 1 }, { P_SUCCESSES, 4 },
	{ P_FAILURES, 4 }, { P_SUM, 4 }, { P_STRINGS, 1 }, { P_MX, 1 },
	{ P_DOMAIN_LEN, 1 }, { 0, 0 } };
static const struct field of_failure[] = { { F_RESULT, 1 }, { F_FURTHER, 1 },
	{ F_COUNT, 4 }, { F_LENGTHS, STS_REPORT_FIELDS }, { 0, 0 } };

/* Write a record: fields of its head, and its content, `len` octets of it. */
static void
put_record(struct sts_sink *s, const struct sts_tally *t, uint32_t ref,
    const struct field *fields, unsigned content, size_t len)
{
	struct sts_tally_text text = sts_tally_part(t, ref, content, 0, len);

	for (; fields->octets > 0; fields++) {
		sts_sink_put(
		    s, sts_text(sts_chunk(&t->chunks, ref) + fields->off,
			   fields->octets));
	}
	while (text.len > 0) {
		sts_sink_put(s, sts_tally_piece(t, &text));
	}
}

static void
put_domain(struct sts_sink *s, const struct sts_tally *t, uint32_t ref)
{
	const uint8_t *p = sts_chunk(&t->chunks, ref);

	put_record(s, t, ref, of_domain, D_CONTENT,
	    (size_t)p[D_NAME_LEN] + sts_get16le(p + D_RECORD_LEN));
}

static void
put_policy(struct sts_sink *s, const struct sts_tally *t, uint32_t ref)
{
	const uint8_t *p = sts_chunk(&t->chunks, ref);

	put_record(s, t, ref, of_policy, P_CONTENT,
	    (size_t)p[P_DOMAIN_LEN] + sts_get16le(p + P_STRINGS_LEN));
}

static void
put_failure(struct sts_sink *s, const struct sts_tally *t, uint32_t ref)
{
	const uint8_t *p = sts_chunk(&t->chunks, ref);
	size_t len = 0;

	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		len += p[F_LENGTHS + i];
	}
	put_record(s, t, ref, of_failure, F_CONTENT, len);
}

static void
put_payload(struct sts_sink *sink, const struct sts_report_save *s,
    const struct sts_tally *t)
{
	switch (s->stage) {
	case STS_REPORT_SAVE_HEADER:
		put_header(sink, t);
		break;
	case STS_REPORT_SAVE_DOMAIN:
		put_domain(sink, t, s->domain);
		break;
	case STS_REPORT_SAVE_POLICY:
		put_policy(sink, t, s->policy);
		break;
	case STS_REPORT_SAVE_FAILURE:
		put_failure(sink, t, s->failure);
		break;
	case STS_REPORT_SAVE_FILTER:
		sts_sink_put(
		    sink, sts_text(t->filter + 8 * (size_t)s->block, 8));
		break;
	default:
		put32(sink, s->end_crc);
	}
}

/* Begin with the first domain of this slot or a later one; without any, with
 * the filter. */
static void
begin_domain(
    struct sts_report_save *s, const struct sts_tally *t, uint32_t domain)
{
	while (domain == 0 && ++s->slot < STS_TALLY_DAYS) {
		domain = sts_tally_next(t, s->slot, 0);
	}
	s->domain = domain;
	s->block = 0;
	s->stage = domain != 0  ? STS_REPORT_SAVE_DOMAIN
		   : t->refused ? STS_REPORT_SAVE_FILTER
				: STS_REPORT_SAVE_END;
}

static void
begin_policy(
    struct sts_report_save *s, const struct sts_tally *t, uint32_t policy)
{
	s->policy = policy;
	s->stage = STS_REPORT_SAVE_POLICY;
	if (policy == 0) {
		begin_domain(s, t, sts_tally_next(t, s->slot, s->domain));
	}
}

static void
begin_failure(
    struct sts_report_save *s, const struct sts_tally *t, uint32_t failure)
{
	s->failure = failure;
	s->stage = STS_REPORT_SAVE_FAILURE;
	if (failure == 0) {
		begin_policy(s, t, tally_get32(t, s->policy, P_NEXT));
	}
}

/* A row is written: find the next one. Behind a domain stand its policies,
 * behind each of these its failures; the filter and the end come last. */
static void
advance(struct sts_report_save *s, const struct sts_tally *t)
{
	switch (s->stage) {
	case STS_REPORT_SAVE_HEADER:
		s->slot = 0;
		begin_domain(s, t, sts_tally_next(t, 0, 0));
		break;
	case STS_REPORT_SAVE_DOMAIN:
		begin_policy(s, t, tally_get32(t, s->domain, D_POLICY));
		break;
	case STS_REPORT_SAVE_POLICY:
		begin_failure(s, t, tally_get32(t, s->policy, P_FAILURE));
		break;
	case STS_REPORT_SAVE_FAILURE:
		begin_failure(s, t, tally_get32(t, s->failure, F_NEXT));
		break;
	case STS_REPORT_SAVE_FILTER:
		s->block++;
		s->stage = s->block < t->filter_count ? STS_REPORT_SAVE_FILTER
						      : STS_REPORT_SAVE_END;
		break;
	default:
		s->stage = STAGE_DONE;
	}
	s->end_crc = s->crc;
}

void
sts_report_save_begin(struct sts_report_save *s, const struct sts_tally *t)
{
	memset(s, 0, sizeof *s);
	s->stage = STS_REPORT_SAVE_HEADER;
	s->changes = t->changes;
}

size_t
sts_report_save(
    struct sts_report_save *s, const struct sts_tally *t, struct sts_span out)
{
	size_t n = 0;

	STS_ASSERT(out.n > 0);
	if (s->stage != STAGE_DONE && s->changes != t->changes) {
		s->stage = STAGE_GONE;
	}
	while (s->stage < STAGE_DONE && n < out.n) {
		size_t to = s->off + (out.n - n);
		struct sts_sink length = { 0, 0, 0, NULL };
		struct sts_sink sink = { 0, s->off, to, out.p + n };
		size_t given;

		put_payload(&length, s, t);
		put8(&sink, s->stage);
		put16(&sink, (uint16_t)length.pos);
		put_payload(&sink, s, t);
		given = (sink.pos < to ? sink.pos : to) - s->off;
		s->crc = sts_crc32(s->crc, sts_text(out.p + n, given));
		n += given;
		s->off += given;
		if (s->off == sink.pos) {
			s->off = 0;
			advance(s, t);
		}
	}
	return n;
}

bool
sts_report_save_done(const struct sts_report_save *s)
{
	return s->stage == STAGE_DONE;
}
