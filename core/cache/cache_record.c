/* SPDX-License-Identifier: MIT */
/*
 * One record: reading the domain and the payload, which lie in its chain of
 * chunks, and the entry and the marks, which lie packed in its head. Nothing
 * here knows where the record is listed or how it is found.
 */
#include <string.h>

#include "cache_private.h"

bool
sts_entry_expired(const struct sts_entry *e, uint32_t now_s)
{
	uint32_t age_s = now_s > e->fetched_s ? now_s - e->fetched_s : 0;

	return e->kind == STS_KIND_POLICY && age_s >= e->max_age_s;
}

size_t
sts_cache_read_on(const struct sts_cache *c, struct sts_cache_cursor *from,
    uint8_t *out, size_t n)
{
	size_t done = 0;

	n = n < from->left ? n : from->left;
	while (done < n) {
		struct sts_text piece =
		    sts_chunks_piece(&c->chunks, &from->at, n - done);

		STS_ASSERT(piece.n > 0);
		memcpy(out + done, piece.p, piece.n);
		done += piece.n;
	}
	from->left -= n;
	return n;
}

size_t
sts_cache_domain(const struct sts_cache *c, sts_ref ref, uint8_t *out)
{
	size_t n = sts_head_domain_len(c, ref);
	struct sts_cache_cursor from = { sts_chunks_seek(&c->chunks, ref, 0),
		n };

	STS_ASSERT(sts_head_class(c, ref) < STS_CLASS_COUNT);
	STS_ASSERT(n >= 1 && n <= STS_NAME_MAX);
	return sts_cache_read_on(c, &from, out, n);
}

size_t
sts_cache_payload_len(const struct sts_cache *c, sts_ref ref)
{
	STS_ASSERT(sts_head_class(c, ref) < STS_CLASS_COUNT);
	return sts_head_payload_len(c, ref);
}

struct sts_cache_cursor
sts_cache_seek(const struct sts_cache *c, sts_ref ref, size_t off)
{
	const uint8_t *head = sts_chunk(&c->chunks, ref);
	size_t len = sts_get32le(head + STS_HEAD_PAYLOAD_LEN) & 0xffffff;
	struct sts_cache_cursor from;

	STS_ASSERT(head[STS_CHUNK_TAG] < STS_CLASS_COUNT);
	off = off < len ? off : len;
	from.at =
	    sts_chunks_seek(&c->chunks, ref, head[STS_HEAD_DOMAIN_LEN] + off);
	from.left = len - off;
	return from;
}

size_t
sts_cache_read(
    const struct sts_cache *c, sts_ref ref, size_t off, uint8_t *out, size_t n)
{
	struct sts_cache_cursor from = sts_cache_seek(c, ref, off);

	return sts_cache_read_on(c, &from, out, n);
}

static void
put_entry(uint8_t *p, const struct sts_entry *e)
{
	p[0] = (uint8_t)(e->kind | (e->lapsed ? STS_ENTRY_LAPSED : 0) |
			 (e->proved ? STS_ENTRY_PROVED : 0) |
			 (e->shared ? STS_ENTRY_SHARED : 0) |
			 (e->restored ? STS_ENTRY_RESTORED : 0));
	p[1] = e->mode;
	p[2] = e->failures;
	p[3] = e->why;
	sts_put16le(p + 4, e->mx_count);
	sts_put16le(p + 6, e->asked_day);
	sts_put32le(p + 8, e->max_age_s);
	sts_put32le(p + 12, e->fetched_s);
	sts_put32le(p + 16, e->checked_s);
	sts_put32le(p + 20, e->check_s);
	sts_put32le(p + 24, e->refresh_s);
	sts_put32le(p + 28, e->retry_s);
	sts_put32le(p + 32, e->failed_id);
}

void
sts_cache_get(const struct sts_cache *c, sts_ref ref, struct sts_entry *e)
{
	const uint8_t *head = sts_chunk(&c->chunks, ref);
	const uint8_t *p = head + STS_HEAD_ENTRY;

	STS_ASSERT(head[STS_CHUNK_TAG] < STS_CLASS_COUNT);
	e->kind = p[0] & STS_ENTRY_KIND;
	e->proved = (p[0] & STS_ENTRY_PROVED) != 0;
	e->shared = (p[0] & STS_ENTRY_SHARED) != 0;
	e->restored = (p[0] & STS_ENTRY_RESTORED) != 0;
	e->lapsed = (p[0] & STS_ENTRY_LAPSED) != 0;
	e->mode = p[1];
	e->failures = p[2];
	e->why = p[3];
	e->mx_count = sts_get16le(p + 4);
	e->asked_day = sts_get16le(p + 6);
	e->max_age_s = sts_get32le(p + 8);
	e->fetched_s = sts_get32le(p + 12);
	e->checked_s = sts_get32le(p + 16);
	e->check_s = sts_get32le(p + 20);
	e->refresh_s = sts_get32le(p + 24);
	e->retry_s = sts_get32le(p + 28);
	e->failed_id = sts_get32le(p + 32);
}

struct sts_cache_gist
sts_cache_gist(const struct sts_cache *c, sts_ref ref)
{
	const uint8_t *head = sts_chunk(&c->chunks, ref);
	const uint8_t *p = head + STS_HEAD_ENTRY;
	struct sts_cache_gist g;

	STS_ASSERT(head[STS_CHUNK_TAG] <= STS_CLASS_PINNED);
	g.payload_len = sts_get32le(head + STS_HEAD_PAYLOAD_LEN) & 0xffffff;
	g.pins = sts_get16le(head + STS_HEAD_PINS);
	g.kind = p[0] & STS_ENTRY_KIND;
	g.mode = p[1];
	g.mx_count = sts_get16le(p + 4);
	g.max_age_s = sts_get32le(p + 8);
	return g;
}

void
sts_record_store(struct sts_cache *c, sts_ref ref, const struct sts_entry *e,
    struct sts_now now)
{
	struct sts_entry stored = *e;

	if (now.expires && stored.fetched_s > now.s) {
		stored.fetched_s = now.s;
	}
	put_entry(sts_chunk(&c->chunks, ref) + STS_HEAD_ENTRY, &stored);
}

bool
sts_head_live(const struct sts_cache *c, sts_ref ref)
{
	/* Chunks beyond hold anything. */
	return ref <= c->chunks.used &&
	       sts_head_class(c, ref) <= STS_CLASS_ENFORCE;
}

void
sts_record_mark(struct sts_cache *c, sts_ref ref, unsigned marks)
{
	uint8_t *p = sts_chunk(&c->chunks, ref) + STS_HEAD_MARKS;

	c->unsaved -= (*p & STS_MARK_UNSAVED) != 0;
	c->unsaved += (marks & STS_MARK_UNSAVED) != 0;
	*p = (uint8_t)marks;
}
