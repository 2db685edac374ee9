/* SPDX-License-Identifier: MIT */
/* A cache, and records whose payload names their domain, for the cache's
 * tests. */
#ifndef STS_CACHE_CASE_H
#define STS_CACHE_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/cache/cache_private.h"
#include "unit.h"

enum {
	NOW = 1800000000,
	DAY = 86400,
	BLOCK_MAX = 1 << 20,
	PAYLOAD_MAX = 32768
};

static const uint8_t key[STS_SIPHASH_KEY] = { 5, 7, 11, 13 };
static uint8_t block[BLOCK_MAX];
static struct sts_cache c;
static uint64_t prng;

static inline uint32_t
draw(uint32_t below)
{
	prng = prng * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (uint32_t)(prng >> 33) % below;
}

static inline struct sts_entry
entry(enum sts_kind kind, enum sts_mode mode)
{
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	e.kind = (uint8_t)kind;
	e.mode = (uint8_t)mode;
	e.max_age_s = 7 * DAY;
	e.fetched_s = NOW;
	e.check_s = NOW;
	return e;
}

/* A payload that names its domain and version. */
static inline const uint8_t *
payload_of(const char *domain, unsigned version, size_t n)
{
	static uint8_t bytes[PAYLOAD_MAX];
	uint8_t seed = (uint8_t)version;

	ck_assert_uint_le(n, sizeof bytes);
	for (const char *p = domain; *p != '\0'; p++) {
		seed = (uint8_t)(seed * 31 + *p);
	}
	for (size_t i = 0; i < n; i++) {
		bytes[i] = (uint8_t)(seed + i * 7 + i / 256);
	}
	return bytes;
}

static inline enum sts_admission
put(const char *domain, struct sts_entry e, unsigned version, size_t n)
{
	struct sts_stage s;
	sts_ref ref;

	if (!sts_cache_stage(&c, &s, unit_span(domain))) {
		return STS_REFUSED_BUSY;
	}
	sts_cache_append(&c, &s, payload_of(domain, version, n), n);
	return sts_cache_commit(&c, &s, &e, sts_now(NOW, true), &ref);
}

static inline enum sts_admission
put_enforce(const char *domain, size_t n)
{
	return put(domain, entry(STS_KIND_POLICY, STS_MODE_ENFORCE), 1, n);
}

static inline enum sts_admission
put_mode(const char *domain, enum sts_mode mode)
{
	return put(domain, entry(STS_KIND_POLICY, mode), 1, 40);
}

static inline enum sts_admission
put_kind(const char *domain, enum sts_kind kind)
{
	return put(domain, entry(kind, STS_MODE_NONE), 1, 0);
}

static inline sts_ref
find(const char *domain)
{
	return sts_cache_find(&c, unit_span(domain));
}

static inline bool
intact_ref(sts_ref ref, const char *domain, unsigned version, size_t n)
{
	static uint8_t got[PAYLOAD_MAX + 1];

	return ref != 0 && sts_cache_read(&c, ref, 0, got, sizeof got) == n &&
	       memcmp(got, payload_of(domain, version, n), n) == 0;
}

static inline bool
intact(const char *domain, unsigned version, size_t n)
{
	return intact_ref(find(domain), domain, version, n);
}

static inline void
begin(size_t size)
{
	ck_assert_uint_le(size, sizeof block);
	memset(block, 0xa5, size); /* init may not rely on zeros */
	sts_cache_init(&c, block, size, key);
	prng = 1;
}

static inline struct sts_cache_stats
stats(void)
{
	struct sts_cache_stats s;

	sts_cache_stats(&c, &s);
	return s;
}

/* Fill the cache with protected policies, each of another organisation. Returns
 * how many. */
static inline unsigned
fill(size_t n)
{
	for (unsigned i = 0;; i++) {
		char name[40];

		snprintf(name, sizeof name, "f.fill%u.example", i);
		if (put_enforce(name, n) == STS_REFUSED_ROOM) {
			sts_cache_remove(&c, find(name));
			return i;
		}
	}
}

#endif
