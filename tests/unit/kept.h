/* SPDX-License-Identifier: MIT */
/*
 * A model of what a journal must have kept, for tests that cut its power or
 * kill its process. Each domain goes through numbered states, which follow from
 * a seed: a new policy, the same policy renewed, or none. For each domain the
 * model knows the state that is surely on the medium, and the last state that
 * the journal was asked to keep. After a restart the cache must hold one of the
 * two, or a state between them.
 */
#ifndef STS_TEST_KEPT_H
#define STS_TEST_KEPT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/journal/journal.h"
#include "../splitmix.h"
#include "unit.h"

enum {
	KEPT_DOMAINS = 32,
	KEPT_PAYLOAD_MAX = 1500,
	KEPT_NOW = 1800000000,
	KEPT_DAY = 86400,
	KEPT_MAX_AGE = 400 * KEPT_DAY
};

/* Check's own assertions are slow, and write to a pipe that a process which is
 * about to be killed must not touch. */
#define KEPT_WANT(x) ((x) ? (void)0 : kept_unwanted(__FILE__, __LINE__, #x))

static inline void
kept_unwanted(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
	abort();
}

struct kept {
	uint64_t seed;
	unsigned domains;
	size_t payload_max;
	bool crowded; /* more than the cache can hold: it may evict */
	struct kept_domain {
		uint32_t sure; /* the state surely on the medium; 0: none */
		uint32_t from, to; /* states asked for since; from > to: none */
		bool gone; /* the cache may have evicted it */
	} d[KEPT_DOMAINS];
	char problem[STS_NAME_MAX + 80];
};

static inline void
kept_init(struct kept *k, uint64_t seed, unsigned domains, size_t payload_max,
    bool crowded)
{
	KEPT_WANT(domains <= KEPT_DOMAINS);
	KEPT_WANT(payload_max <= KEPT_PAYLOAD_MAX);
	memset(k, 0, sizeof *k);
	k->seed = seed;
	k->domains = domains;
	k->payload_max = payload_max;
	k->crowded = crowded;
	for (unsigned i = 0; i < KEPT_DOMAINS; i++) {
		k->d[i].from = 1;
	}
}

static inline uint32_t
kept_hash(const struct kept *k, unsigned domain, uint32_t n, uint32_t below)
{
	uint64_t x = k->seed + domain * UINT64_C(0x9e3779b97f4a7c15) +
		     n * UINT64_C(0xd1b54a32d192ed03);

	return (uint32_t)(splitmix_of(x) % below);
}

static inline const char *
kept_name(const struct kept *k, unsigned domain)
{
	static char name[STS_NAME_MAX + 1];

	snprintf(name, sizeof name, "mail%u.%.*s.example%u.org", domain,
	    1 + (int)kept_hash(k, domain, 0, 50),
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop", domain);
	return name;
}

enum kept_kind {
	KEPT_NEW,
	KEPT_RENEWED,
	KEPT_FORGOTTEN
};

static inline enum kept_kind
kept_kind(const struct kept *k, unsigned domain, uint32_t n)
{
	uint32_t x = kept_hash(k, domain, n, 10);

	return x == 0 ? KEPT_FORGOTTEN : x < 4 ? KEPT_RENEWED : KEPT_NEW;
}

/* The state that brought the policy of state n; 0: state n has no policy. */
static inline uint32_t
kept_version(const struct kept *k, unsigned domain, uint32_t n)
{
	while (n > 1 && kept_kind(k, domain, n) == KEPT_RENEWED &&
	       kept_kind(k, domain, n - 1) != KEPT_FORGOTTEN) {
		n--;
	}
	return n > 0 && kept_kind(k, domain, n) == KEPT_FORGOTTEN ? 0 : n;
}

static inline size_t
kept_payload(
    const struct kept *k, unsigned domain, uint32_t version, uint8_t *out)
{
	size_t n = kept_hash(k, domain, version, (uint32_t)k->payload_max + 1);

	for (size_t i = 0; i < n; i++) {
		out[i] = (uint8_t)(domain * 7 + version * 13 + i * 3 + n);
	}
	return n;
}

static inline struct sts_entry
kept_entry(const struct kept *k, unsigned domain, uint32_t n)
{
	uint32_t version = kept_version(k, domain, n);
	uint32_t x = kept_hash(k, domain, version, 1 << 20);
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = (uint8_t)(x % 4 < 2 ? STS_MODE_ENFORCE : x % 3);
	e.proved = x % 5 == 0;
	e.mx_count = (uint16_t)version;
	e.asked_day = (uint16_t)(KEPT_NOW / KEPT_DAY);
	e.max_age_s = KEPT_MAX_AGE + version;
	e.fetched_s = KEPT_NOW + n;
	e.refresh_s = KEPT_NOW + KEPT_DAY + n;
	return e;
}

/* Returns false if there was no room, and then nothing has changed. */
static inline bool
kept_put(struct kept *k, struct sts_cache *c, unsigned domain, uint32_t n)
{
	uint8_t payload[KEPT_PAYLOAD_MAX];
	size_t len =
	    kept_payload(k, domain, kept_version(k, domain, n), payload);
	struct sts_entry e = kept_entry(k, domain, n);
	struct sts_stage s;
	sts_ref ref;

	bool staged = sts_cache_stage(c, &s, unit_span(kept_name(k, domain)));

	if (staged) {
		sts_cache_append(c, &s, payload, len);
	}
	if (!staged || sts_cache_commit(c, &s, &e, sts_now(KEPT_NOW + n, true),
			   &ref) >= STS_REFUSED_LARGE) {
		KEPT_WANT(k->crowded);
		return false;
	}
	return true;
}

static inline void
kept_renew(struct kept *k, struct sts_cache *c, unsigned domain, uint32_t n)
{
	sts_ref ref = sts_cache_find(c, unit_span(kept_name(k, domain)));
	struct sts_entry e, next = kept_entry(k, domain, n);

	sts_cache_get(c, ref, &e);
	e.fetched_s = next.fetched_s;
	e.refresh_s = next.refresh_s;
	e.restored = false; /* as after a fetch */
	sts_cache_set(c, ref, &e, sts_now(KEPT_NOW + n, true));
}

/* Whether the cache holds the domain as it is in state n. */
static inline bool
kept_is(const struct kept *k, const struct sts_cache *c, sts_ref ref,
    unsigned domain, uint32_t n)
{
	uint8_t want[KEPT_PAYLOAD_MAX], got[KEPT_PAYLOAD_MAX + 1];
	struct sts_entry e, w = kept_entry(k, domain, n);
	size_t len = kept_payload(k, domain, kept_version(k, domain, n), want);

	if (kept_version(k, domain, n) == 0) {
		return ref == 0;
	}
	if (ref == 0) {
		return false;
	}
	sts_cache_get(c, ref, &e);
	e.restored = false; /* the same as saved and as read back */
	return memcmp(&e, &w, sizeof e) == 0 &&
	       sts_cache_read(c, ref, 0, got, sizeof got) == len &&
	       (len == 0 || memcmp(got, want, len) == 0);
}

/* Whether the cache may have evicted the policy. */
static inline bool
kept_frail(const struct kept *k, const struct sts_cache *c, sts_ref ref)
{
	return k->crowded && (ref == 0 || !sts_cache_protected(c, ref));
}

/* Bring the domain into its next state, in the cache and for the journal. */
static inline void
kept_change(
    struct kept *k, struct sts_cache *c, struct sts_journal *j, unsigned domain)
{
	struct kept_domain *d = &k->d[domain];
	struct sts_text name = unit_span(kept_name(k, domain));
	sts_ref ref = sts_cache_find(c, name);
	uint32_t n = d->to + 1;

	/* Set first, so that a process that is killed below may be found in
	 * this state. */
	d->to = n;
	if (kept_version(k, domain, n) == 0) {
		if (ref != 0) {
			sts_cache_remove(c, ref);
		}
		if (!sts_journal_forget(j, name, STS_FORGET_ORDERED)) {
			sts_journal_compact(j);
		}
	} else if (kept_version(k, domain, n) != n && ref != 0 &&
		   kept_is(k, c, ref, domain, n - 1)) {
		kept_renew(k, c, domain, n);
	} else if (!kept_put(k, c, domain, n)) {
		/* The state is never reached, either. */
		d->to = n - 1;
	}
	d->gone = d->gone || kept_frail(k, c, sts_cache_find(c, name));
}

/* The journal is at rest: a state that it has no more work for is on the
 * medium. */
static inline void
kept_settle(struct kept *k, const struct sts_cache *c)
{
	for (unsigned i = 0; i < k->domains; i++) {
		struct kept_domain *d = &k->d[i];
		sts_ref ref = sts_cache_find(c, unit_span(kept_name(k, i)));
		uint32_t now = d->from <= d->to ? d->to : d->sure;

		if (ref == 0 ? kept_version(k, i, now) == 0
			     : !sts_cache_is_unsaved(c, ref)) {
			KEPT_WANT(kept_is(k, c, ref, i, now));
			d->sure = now;
			d->from = d->to + 1;
			d->gone = kept_frail(k, c, ref);
		}
	}
}

/*
 * Check the cache after a restart. Returns NULL, and the model goes on from
 * what is held; or returns what is wrong.
 */
static inline const char *
kept_verify(struct kept *k, const struct sts_cache *c)
{
	for (unsigned i = 0; i < k->domains; i++) {
		struct kept_domain *d = &k->d[i];
		sts_ref ref = sts_cache_find(c, unit_span(kept_name(k, i)));
		uint32_t n = d->sure;

		if (!kept_is(k, c, ref, i, n)) {
			n = d->from;
		}
		while (n <= d->to && !kept_is(k, c, ref, i, n)) {
			n++;
		}
		if (!kept_is(k, c, ref, i, n) && !(ref == 0 && d->gone)) {
			snprintf(k->problem, sizeof k->problem,
			    "%s: %s, and not in state %u or %u..%u",
			    kept_name(k, i), ref ? "held" : "lost",
			    (unsigned)d->sure, (unsigned)d->from,
			    (unsigned)d->to);
			return k->problem;
		}
		d->sure = ref == 0 ? 0 : n;
		d->from = d->to + 1;
		d->gone = kept_frail(k, c, ref);
	}
	return NULL;
}

#endif
