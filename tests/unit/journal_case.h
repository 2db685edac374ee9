/* SPDX-License-Identifier: MIT */
/*
 * A journal on a flash memory that can lose its power, a cache, and policies
 * whose every octet follows from their domain and version.
 */
#ifndef STS_TEST_JOURNAL_CASE_H
#define STS_TEST_JOURNAL_CASE_H

#include <stdio.h>
#include <string.h>

#include "../../core/journal/journal.h"
#include "flash.h"
#include "unit.h"

enum {
	NOW = 1800000000,
	DAY = 86400,
	DOMAINS = 12,
	VERSIONS = 64, /* of one domain */
	PAYLOAD_MAX = 200,
	FORGOTTEN = 0x8000, /* a version in which the domain has no policy */
	STEPS_MAX = 100000 /* a journal that comes to rest does so in fewer */
};

static struct flash f;
static struct sts_cache c;
static uint8_t block[16384];
static struct sts_journal j;
static uint8_t buf[1024];
static const uint8_t key[STS_SIPHASH_KEY] = { 3, 1, 4 };

static const struct sts_journal_geometry geometries[] = {
	/* prog, erase, area, areas */
	{ 1, 4096, 16384, 2, 0 },
	{ 16, 1024, 16384, 3, 0 },
	{ 512, 512, 65536, 2, 0 },
	{ 1, 512, 8192, 8, 0 },
	{ 8, 4096, 16384, 4, 0 },
	{ 8, 65536, 65536, 2, 0 },
	{ 256, 512, 16384, 8, 0 },
	{ 256, 4096, 16384, 3, 0 },
	{ 1, 65536, 65536, 2, 0 },
	{ 256, 65536, 65536, 2, 0 },
};

enum {
	CACHE_SIZE = 4096 /* fits the areas of each geometry */
};

static inline void
start(unsigned g)
{
	sts_cache_init(&c, block, CACHE_SIZE, key);
	ck_assert(sts_journal_init(&j, &geometries[g], &c, buf, sizeof buf));
}

static inline void
flash_for(unsigned g)
{
	flash_init(&f, geometries[g].prog_size, geometries[g].erase_size,
	    geometries[g].area_size, geometries[g].area_count);
	f.random = 42;
}

/* Let the journal do what it can. Returns false if it does not come to rest. */
static inline bool
run_at(uint32_t now_s)
{
	for (unsigned i = 0; i < STEPS_MAX; i++) {
		if (f.off) {
			return true;
		}
		if (sts_journal_step(&j, &f.store, now_s) == 0 &&
		    !sts_journal_busy(&j)) {
			return true;
		}
	}
	return false;
}

static inline void
run(void)
{
	ck_assert(run_at(NOW));
	ck_assert(!f.broken);
}

static inline const char *
name_of(unsigned domain)
{
	static char name[80];

	snprintf(name, sizeof name, "mail%u.%.*s.example%u.org", domain,
	    (int)(domain % 4 * 12),
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl", domain % 5);
	return name;
}

static inline size_t
payload_of(unsigned domain, unsigned version, uint8_t *out)
{
	size_t n = (domain * 37 + version * 11) % PAYLOAD_MAX;

	for (size_t i = 0; i < n; i++) {
		out[i] = (uint8_t)(domain * 7 + version * 13 + i * 3);
	}
	return n;
}

/* max_age follows from the version, too, so that a mixture is noticed. */
static inline struct sts_entry
entry_of(unsigned domain, unsigned version)
{
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = (uint8_t)((domain + version) % 3);
	e.proved = version % 2 != 0;
	e.mx_count = (uint16_t)(version + 1);
	e.asked_day = (uint16_t)(NOW / DAY);
	e.max_age_s = 30 * DAY + version;
	e.fetched_s = NOW + version;
	e.refresh_s = NOW + DAY + domain;
	return e;
}

static inline enum sts_admission
put(unsigned domain, unsigned version)
{
	uint8_t payload[PAYLOAD_MAX];
	size_t n = payload_of(domain, version, payload);
	struct sts_entry e = entry_of(domain, version);
	struct sts_stage s;
	sts_ref ref;

	ck_assert(sts_cache_stage(&c, &s, unit_span(name_of(domain))));
	ck_assert(sts_cache_append(&c, &s, payload, n));
	return sts_cache_commit(&c, &s, &e, sts_now(NOW + version, true), &ref);
}

/* The version of a domain that the cache holds, or FORGOTTEN. Fails on a
 * version that was never put. */
static inline unsigned
held(unsigned domain)
{
	sts_ref ref = sts_cache_find(&c, unit_span(name_of(domain)));
	uint8_t want[PAYLOAD_MAX], got[PAYLOAD_MAX + 1];
	struct sts_entry e, w;
	unsigned version;
	size_t n;

	if (ref == 0) {
		return FORGOTTEN;
	}
	sts_cache_get(&c, ref, &e);
	version = e.max_age_s - 30 * DAY;
	ck_assert_uint_lt(version, VERSIONS);
	w = entry_of(domain, version);
	ck_assert(e.kind == w.kind && e.mode == w.mode &&
		  e.proved == w.proved && e.mx_count == w.mx_count);
	ck_assert(e.asked_day == w.asked_day && e.max_age_s == w.max_age_s &&
		  e.fetched_s == w.fetched_s && e.refresh_s == w.refresh_s);
	ck_assert(e.failures == 0 && e.checked_s == 0 && !e.lapsed);
	n = payload_of(domain, version, want);
	ck_assert_uint_eq(sts_cache_read(&c, ref, 0, got, sizeof got), n);
	ck_assert(n == 0 || memcmp(got, want, n) == 0);
	return version;
}

/* Turn the power off and at once on again. */
static inline void
off_and_on(unsigned g, enum flash_cut how)
{
	if (!f.off) {
		flash_power_off(&f, how);
	}
	flash_power_on(&f);
	start(g);
	run();
}

#endif
