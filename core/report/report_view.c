/* SPDX-License-Identifier: MIT */
/*
 * Reading a tally; and the marks of its reader: pins, and how far a report's
 * delivery has come.
 *
 * Invariants: nothing here adds, displaces or moves a record, so that a
 * reference stays good until a call of report_tally.c does. A text is read in
 * pieces, as it lies in chunks; its length is in its record. Memory is written
 * only by pin, unpin and deliver. sts_tally_check holds the whole against the
 * invariants of report_tally.h.
 *
 * Texts are the words of strangers, and are handed out as they came: the
 * writer of a report escapes them.
 */
#include <string.h>

#include "../base/assert.h"
#include "report_private.h"

struct sts_text
sts_tally_piece(const struct sts_tally *t, struct sts_tally_text *text)
{
	struct sts_chunk_pos at = { text->chunk, text->off };
	struct sts_text piece = sts_chunks_piece(&t->chunks, &at, text->len);

	text->chunk = at.chunk;
	text->off = (uint16_t)at.off;
	text->len = (uint16_t)(text->len - piece.n);
	return piece;
}

struct sts_tally_text
sts_tally_take(const struct sts_tally *t, struct sts_tally_text *text, size_t n)
{
	struct sts_tally_text taken = *text, rest = *text;

	STS_ASSERT(n <= text->len);
	taken.len = rest.len = (uint16_t)n;
	while (rest.len > 0) {
		sts_tally_piece(t, &rest);
	}
	rest.len = (uint16_t)(text->len - n);
	*text = rest;
	return taken;
}

struct sts_tally_text
sts_tally_part(const struct sts_tally *t, uint32_t ref, unsigned base,
    size_t skip, size_t len)
{
	struct sts_tally_text text = { ref, (uint16_t)(base - STS_CHUNK_DATA),
		(uint16_t)(skip + len) };

	sts_tally_take(t, &text, skip);
	return text;
}

struct sts_text
sts_tally_copy(const struct sts_tally *t, struct sts_tally_text text,
    uint8_t *to, size_t size)
{
	size_t n = 0;

	STS_ASSERT(text.len <= size);
	while (text.len > 0) {
		struct sts_text piece = sts_tally_piece(t, &text);

		memcpy(to + n, piece.p, piece.n);
		n += piece.n;
	}
	return sts_text(to, n);
}

bool
sts_tally_same(
    const struct sts_tally *t, struct sts_tally_text at, struct sts_text text)
{
	if (at.len != text.n) {
		return false;
	}
	while (text.n > 0) {
		struct sts_text piece = sts_tally_piece(t, &at);

		if (!sts_text_same(piece, sts_text(text.p, piece.n))) {
			return false;
		}
		text = sts_text(text.p + piece.n, text.n - piece.n);
	}
	return true;
}

void
sts_tally_pin(struct sts_tally *t, uint32_t ref)
{
	STS_ASSERT(sts_tally_is(t, ref) &&
		   sts_chunk(&t->chunks, ref)[D_PINS] < UINT8_MAX);
	sts_chunk(&t->chunks, ref)[D_PINS] =
	    ((uint8_t)(sts_chunk(&t->chunks, ref)[D_PINS] + 1));
}

void
sts_tally_unpin(struct sts_tally *t, uint32_t ref)
{
	STS_ASSERT(
	    sts_tally_is(t, ref) && sts_chunk(&t->chunks, ref)[D_PINS] > 0);
	sts_chunk(&t->chunks, ref)[D_PINS] =
	    ((uint8_t)(sts_chunk(&t->chunks, ref)[D_PINS] - 1));
}

void
sts_tally_deliver(
    struct sts_tally *t, uint32_t ref, const struct sts_tally_delivery *d)
{
	STS_ASSERT(sts_tally_is(t, ref));
	tally_put32(t, ref, D_DUE, d->due_s);
	sts_chunk(&t->chunks, ref)[D_DONE] = (d->done);
	sts_chunk(&t->chunks, ref)[D_TRIES] = (d->tries);
	t->changes++;
}

unsigned
sts_tally_today(const struct sts_tally *t)
{
	return t->today;
}

int
sts_tally_oldest(const struct sts_tally *t)
{
	for (unsigned i = 1; i < STS_TALLY_DAYS; i++) {
		unsigned slot = (t->today + i) % STS_TALLY_DAYS;

		if (t->domains[slot] > 0) {
			return (int)slot;
		}
	}
	return -1;
}

bool
sts_tally_is(const struct sts_tally *t, uint32_t ref)
{
	return ref >= 1 && ref <= t->chunks.used &&
	       sts_chunk_tag(&t->chunks, ref) == TAG_DOMAIN;
}

uint32_t
sts_tally_next(const struct sts_tally *t, unsigned slot, uint32_t ref)
{
	uint32_t next;

	STS_ASSERT(slot < STS_TALLY_DAYS);
	if (ref == 0) {
		next = t->lists[slot][1].first;
		return next != 0 ? next : t->lists[slot][0].first;
	}
	STS_ASSERT(sts_tally_is(t, ref));
	next = tally_get32(t, ref, D_NEXT);
	if (next == 0 && sts_chunk(&t->chunks, ref)[D_FAILING] != 0) {
		next = t->lists[slot][0].first;
	}
	return next;
}

static bool
is_named(const struct sts_tally *t, uint32_t ref, struct sts_text name)
{
	const uint8_t *p = sts_chunk(&t->chunks, ref);

	return sts_tally_same(
	    t, sts_tally_part(t, ref, D_CONTENT, 0, p[D_NAME_LEN]), name);
}

uint32_t
sts_tally_find(const struct sts_tally *t, unsigned slot, struct sts_text domain,
    uint32_t ref)
{
	uint8_t room[STS_NAME_MAX];
	struct sts_text name = sts_text(room, domain.n);

	if (domain.n > sizeof room) {
		return 0;
	}
	for (size_t i = 0; i < domain.n; i++) {
		room[i] = sts_lower(domain.p[i]);
	}
	ref = ref == 0 ? sts_get32le(tally_bucket(t, name))
		       : tally_get32(t, ref, D_INDEX);
	while (ref != 0 && (sts_chunk(&t->chunks, ref)[D_SLOT] != slot ||
			       !is_named(t, ref, name))) {
		ref = tally_get32(t, ref, D_INDEX);
	}
	return ref;
}

void
sts_tally_domain(
    const struct sts_tally *t, uint32_t ref, struct sts_tally_domain *out)
{
	STS_ASSERT(sts_tally_is(t, ref));
	const uint8_t *p = sts_chunk(&t->chunks, ref);

	out->record = sts_tally_part(t, ref, D_CONTENT, 0,
	    (size_t)p[D_NAME_LEN] + sts_get16le(p + D_RECORD_LEN));
	out->name = sts_tally_take(t, &out->record, p[D_NAME_LEN]);
	out->slot = p[D_SLOT];
	out->day = t->days[out->slot];
	out->record_sum = sts_get32le(p + D_SUM);
	out->failing = p[D_FAILING] != 0;
	out->delivery.done = p[D_DONE];
	out->delivery.tries = p[D_TRIES];
	out->delivery.due_s = sts_get32le(p + D_DUE);
	out->policy = sts_get32le(p + D_POLICY);
}

void
sts_tally_policy(
    const struct sts_tally *t, uint32_t ref, struct sts_tally_policy *out)
{
	const uint8_t *p = sts_chunk(&t->chunks, ref);

	STS_ASSERT(p[STS_CHUNK_TAG] == TAG_POLICY);
	out->type = (enum sts_report_policy)p[P_TYPE];
	out->strings = sts_tally_part(t, ref, P_CONTENT, 0,
	    (size_t)p[P_DOMAIN_LEN] + sts_get16le(p + P_STRINGS_LEN));
	out->domain = sts_tally_take(t, &out->strings, p[P_DOMAIN_LEN]);
	out->string_count = p[P_STRINGS];
	out->mx_count = p[P_MX];
	out->successes = sts_get32le(p + P_SUCCESSES);
	out->failures = sts_get32le(p + P_FAILURES);
	out->failure = sts_get32le(p + P_FAILURE);
	out->next = sts_get32le(p + P_NEXT);
}

void
sts_tally_failure(
    const struct sts_tally *t, uint32_t ref, struct sts_tally_failure *out)
{
	const uint8_t *p = sts_chunk(&t->chunks, ref);
	size_t skip = 0;

	STS_ASSERT(p[STS_CHUNK_TAG] == TAG_FAILURE);
	out->result = (enum sts_report_result)p[F_RESULT];
	out->further = p[F_FURTHER] != 0;
	out->count = sts_get32le(p + F_COUNT);
	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		out->texts[i] =
		    sts_tally_part(t, ref, F_CONTENT, skip, p[F_LENGTHS + i]);
		skip += p[F_LENGTHS + i];
	}
	out->next = sts_get32le(p + F_NEXT);
}

uint32_t
sts_tally_birth(const struct sts_tally *t, uint32_t ref)
{
	return sts_get16le(sts_chunk(&t->chunks, ref) + D_BIRTH);
}

void
sts_tally_totals(const struct sts_tally *t, uint32_t ref, uint64_t *successes,
    uint64_t *failures)
{
	uint32_t policy = tally_get32(t, ref, D_POLICY);

	*successes = *failures = 0;
	while (policy != 0) {
		*successes += tally_get32(t, policy, P_SUCCESSES);
		*failures += tally_get32(t, policy, P_FAILURES);
		policy = tally_get32(t, policy, P_NEXT);
	}
}

uint32_t
sts_tally_chunks(const struct sts_tally *t)
{
	return t->chunks.count;
}

uint32_t
sts_tally_free(const struct sts_tally *t)
{
	return t->chunks.free_count;
}

/* Chunks of a record. */
static uint32_t
chain(const struct sts_tally *t, uint32_t ref)
{
	uint32_t n = 0;

	while (ref != 0 && n <= t->chunks.count) {
		n++;
		ref = sts_chunk_next(&t->chunks, ref);
	}
	return n;
}

/* Chunks of a domain with all that is below it. */
static uint32_t
domain_chunks(const struct sts_tally *t, uint32_t ref)
{
	uint32_t policy = tally_get32(t, ref, D_POLICY), n = chain(t, ref);

	while (policy != 0) {
		uint32_t f = tally_get32(t, policy, P_FAILURE);

		n += chain(t, policy);
		while (f != 0) {
			n += chain(t, f);
			f = tally_get32(t, f, F_NEXT);
		}
		policy = tally_get32(t, policy, P_NEXT);
	}
	return n;
}

bool
sts_tally_check(const struct sts_tally *t)
{
	uint32_t used = 0, shares = 0;

	for (unsigned slot = 0; slot < STS_TALLY_DAYS; slot++) {
		uint32_t count = 0, ref = 0;

		while ((ref = sts_tally_next(t, slot, ref)) != 0) {
			if (sts_chunk(&t->chunks, ref)[D_SLOT] != slot ||
			    ++count > t->domains[slot]) {
				return false;
			}
			used += domain_chunks(t, ref);
		}
		if (count != t->domains[slot]) {
			return false;
		}
	}
	for (uint32_t i = 0; i < t->shares_count; i++) {
		shares += sts_get32le(t->shares + 4 * (size_t)i);
	}
	return used == shares && used + t->chunks.free_count == t->chunks.count;
}
