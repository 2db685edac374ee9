/* SPDX-License-Identifier: MIT */
/*
 * A model of the cache: the rules a second time, with arrays and scans in place
 * of lists. It knows which records are live, the class of each, which are
 * admitted and which are evicted.
 */
#ifndef STS_CACHE_MODEL_H
#define STS_CACHE_MODEL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/cache/cache_private.h"
#include "../../core/cache/organisation.h"
#include "../splitmix.h"
#include "unit.h"

enum {
	DOMAINS = 160,
	ORGS = 24,
	RECORDS = 400, /* live, detached and staged ones */
	STAGES = 5,
	PAYLOAD_MAX = 1500,
	BLOCK_MAX = 100001,
	SLICE = 5000, /* operations on one cache */
	DAY = 86400
};

enum state {
	UNUSED = 0,
	STAGED,
	LIVE,
	DETACHED
};

struct rec {
	enum state state;
	sts_ref ref;
	unsigned domain;
	size_t domain_len; /* of the part that is written */
	struct sts_entry e;
	uint32_t len;
	unsigned class; /* of a live record */
	unsigned pins;
	bool saved, unsaved; /* the journal has one; is to save this */
	uint64_t used; /* when it was last used, for LRU */
	int failed;
	uint8_t *payload;
};

static struct {
	struct sts_cache c;
	uint8_t block[BLOCK_MAX];
	uint8_t key[STS_SIPHASH_KEY];
	char name[DOMAINS][STS_NAME_MAX + 1];
	unsigned org[DOMAINS]; /* the organisation's counter */
	struct rec recs[RECORDS];
	uint8_t payload[RECORDS][PAYLOAD_MAX];
	struct sts_stage stages[STAGES];
	struct rec *staged[STAGES];
	uint32_t n; /* chunks in all */
	uint32_t hand, turn, refused, evicted;
	uint32_t released; /* chunks */
	bool stale;
	uint32_t now_s;
	uint64_t uses, random;
	bool expires;
	unsigned long seed, op;
} m;

/* Check's own assertions write a mark each, which is too slow for millions. */
#define WANT(x) ((x) ? (void)0 : unwanted(__LINE__, #x))

static inline void
unwanted(int line, const char *what)
{
	ck_abort_msg("line %d: does not hold: %s (seed %lu, operation %lu)",
	    line, what, m.seed, m.op);
}

static inline uint32_t
draw(uint32_t below)
{
	return (uint32_t)(splitmix(&m.random) % below);
}

static inline uint32_t
max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline uint32_t
min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The limits, as the header of the cache states them. */
static inline uint32_t
record_max(void)
{
	return max32(m.n / 32, min32(16, m.n / 8));
}

static inline uint32_t
org_max(void)
{
	return max32(m.n / 16, record_max());
}

static inline uint32_t
protected_max(bool newer)
{
	return m.n - max32(newer ? m.n / 16 : m.n / 8, record_max());
}

static inline struct sts_text
domain_of(const struct rec *r)
{
	return unit_span(m.name[r->domain]);
}

static inline uint32_t
chunks(const struct rec *r)
{
	return 1 + (uint32_t)((r->domain_len + r->len + 58) / 59);
}

static inline uint32_t
count_chunks(enum state state)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < RECORDS; i++) {
		n += m.recs[i].state == state ? chunks(&m.recs[i]) : 0;
	}
	return n;
}

static inline uint32_t
count_free(void)
{
	return m.n - count_chunks(STAGED) - count_chunks(LIVE) -
	       count_chunks(DETACHED);
}

static inline struct rec *
unused(void)
{
	for (unsigned i = 0; i < RECORDS; i++) {
		if (m.recs[i].state == UNUSED) {
			memset(&m.recs[i], 0, sizeof m.recs[i]);
			m.recs[i].payload = m.payload[i];
			return &m.recs[i];
		}
	}
	ck_abort_msg("the model is too small");
	return NULL;
}

static inline struct rec *
live(unsigned domain)
{
	for (unsigned i = 0; i < RECORDS; i++) {
		if (m.recs[i].state == LIVE && m.recs[i].domain == domain) {
			return &m.recs[i];
		}
	}
	return NULL;
}

static inline struct rec *
any_live(void)
{
	unsigned start = draw(RECORDS);

	for (unsigned i = 0; i < RECORDS; i++) {
		struct rec *r = &m.recs[(start + i) % RECORDS];

		if (r->state == LIVE) {
			return r;
		}
	}
	return NULL;
}

static inline void
release(const struct rec *r)
{
	if (r->saved && r->class == STS_CLASS_ENFORCE) {
		m.released += chunks(r);
	}
}

static inline void
forget(struct rec *r)
{
	release(r);
	r->state = r->pins > 0 ? DETACHED : UNUSED;
}

/* Evict until a chunk is free. Returns false if nothing is left to evict. */
static inline bool
make_room(void)
{
	struct rec *victim = NULL;

	if (count_free() > 0) {
		return true;
	}
	for (unsigned i = 0; i < RECORDS; i++) {
		struct rec *r = &m.recs[i];

		if (r->state == LIVE && r->pins == 0 &&
		    r->class <= STS_CLASS_GUEST &&
		    (victim == NULL || r->class < victim->class ||
			(r->class == victim->class &&
			    r->used < victim->used))) {
			victim = r;
		}
	}
	if (victim != NULL) {
		m.stale = m.stale || (victim->saved && victim->unsaved);
		forget(victim);
		m.evicted++;
	}
	return victim != NULL;
}

static inline bool
over(const struct sts_entry *e)
{
	/* A time of fetch in the future counts as now. */
	return (uint64_t)min32(e->fetched_s, m.now_s) + e->max_age_s <= m.now_s;
}

static inline bool
enforces(const struct rec *r)
{
	return r->e.kind == STS_KIND_POLICY && r->e.mode == STS_MODE_ENFORCE &&
	       !(m.expires && over(&r->e));
}

static inline enum sts_admission
admit(const struct rec *r, uint32_t old)
{
	uint32_t protected = 0, org = 0;

	for (unsigned i = 0; i < RECORDS; i++) {
		const struct rec *o = &m.recs[i];

		if (o != r && o->state == LIVE &&
		    o->class == STS_CLASS_ENFORCE) {
			protected += chunks(o);
			org += m.org[o->domain] == m.org[r->domain] ? chunks(o)
								    : 0;
		}
	}
	if (chunks(r) <= old) {
		return STS_ADMITTED;
	}
	if (protected + m.released + chunks(r) > protected_max(old > 0)) {
		return STS_REFUSED_ROOM;
	}
	return org + chunks(r) > org_max() ? STS_REFUSED_ORG : STS_ADMITTED;
}

static inline unsigned
class_of(const struct rec *r, uint32_t old)
{
	static const unsigned by_mode[] = { STS_CLASS_NONE, STS_CLASS_TESTING };

	if (r->e.kind != STS_KIND_POLICY) {
		return STS_CLASS_OTHER;
	}
	if (m.expires && over(&r->e)) {
		return STS_CLASS_EXPIRED;
	}
	if (r->e.mode != STS_MODE_ENFORCE) {
		return by_mode[r->e.mode];
	}
	if (r->class == STS_CLASS_ENFORCE) {
		return STS_CLASS_ENFORCE;
	}
	return admit(r, old) == STS_ADMITTED ? STS_CLASS_ENFORCE
					     : STS_CLASS_GUEST;
}

static inline void
settle(struct rec *r)
{
	unsigned class;

	if (m.expires && r->e.fetched_s > m.now_s) {
		r->e.fetched_s = m.now_s;
	}
	class = class_of(r, 0);
	if (class != r->class) {
		release(r);
		r->unsaved = r->unsaved || class == STS_CLASS_ENFORCE ||
			     r->class == STS_CLASS_ENFORCE;
		r->class = class;
		r->used = ++m.uses;
	}
}

/* Write n bytes to a staged record, chunk by chunk, as long as there is
 * room. */
static inline void
model_write(struct rec *r, size_t n, bool payload)
{
	while (n > 0 && r->failed == 0) {
		size_t at = (r->domain_len + r->len) % 59;
		size_t used = n < 59 - at ? n : 59 - at;

		if (at == 0 && chunks(r) >= record_max()) {
			r->failed = STS_REFUSED_LARGE;
		} else if (at == 0 && ((chunks(r) >= 16 &&
					   count_chunks(STAGED) >= m.n / 32) ||
					  !make_room())) {
			r->failed = STS_REFUSED_BUSY;
		} else if (payload) {
			r->len += (uint32_t)used;
		} else {
			r->domain_len += used;
		}
		n -= used;
	}
}

#endif
