/* SPDX-License-Identifier: MIT */
/*
 * Look-ups in a cache of RECORDS policies: cache RECORDS hit|miss|cost|time.
 * hit, miss: QUESTIONS questions, whose instructions callgrind counts
 * (cache.sh). cost: octets of memory a policy. time: processor nanoseconds of a
 * question whose payload is read, asked one by one, and prepared in groups of
 * STS_CACHE_AHEAD_MAX: the best of PASSES passes, so that other work of the machine counts
 * little.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "../../core/cache/payload.h"
#include "domains.h"

enum {
	QUESTIONS = 20000,
	PASSES = 60,
	NOW = 1800000000
};

static struct sts_cache cache;
static const uint8_t key[STS_SIPHASH_KEY] = { 2, 7, 1, 8 };

static struct sts_text
text(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

static void
fail(const char *what)
{
	fprintf(stderr, "cache: %s\n", what);
	exit(1);
}

static void
put(uint32_t i)
{
	char name[BENCH_NAME_MAX], mx[BENCH_NAME_MAX + 8];
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.max_age_s = 604800;
	e.fetched_s = NOW;
	e.mx_count = (uint16_t)bench_mx_count(i);
	bench_domain(name, i);
	if (!sts_cache_stage(&cache, &s, text(name)) ||
	    !sts_payload_begin(&cache, &s, text("20260101T000000"))) {
		fail("no room to stage");
	}
	for (unsigned k = 0; k < e.mx_count; k++) {
		bench_mx(mx, i, k);
		sts_payload_add_mx(&cache, &s, text(mx));
	}
	if (sts_cache_commit(&cache, &s, &e, sts_now(NOW, true), &ref) >=
	    STS_REFUSED_LARGE) {
		fail("not kept");
	}
}

static char asked[QUESTIONS][BENCH_NAME_MAX];

/* Choose names all over the cache, or names without a record. */
static void
choose(uint32_t records, bool hit)
{
	for (uint32_t i = 0; i < QUESTIONS; i++) {
		uint64_t which = i * UINT64_C(2654435761) % records;

		bench_domain(
		    asked[i], (uint32_t)(hit ? which : records + which));
	}
}

/* What the agent does with each question about a held policy. */
static uint32_t
questions(void)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < QUESTIONS; i++) {
		struct sts_text name = text(asked[i]);
		sts_ref ref = sts_cache_find(&cache, name);
		struct sts_entry e;

		if (ref != 0) {
			sts_cache_get(&cache, ref, &e);
			sts_cache_touch(&cache, ref);
			found++;
		}
	}
	return found;
}

/* A question, and its answer read. */
static uint32_t
answer(const char *name)
{
	sts_ref ref = sts_cache_find(&cache, text(name));
	uint8_t out[256];

	if (ref == 0) {
		fail("not what was put");
	}
	sts_cache_pin(&cache, ref);
	(void)sts_cache_read(&cache, ref, 0, out, sizeof out);
	sts_cache_unpin(&cache, ref);
	return out[0];
}

static void
prepare(uint32_t first)
{
	struct sts_text names[STS_CACHE_AHEAD_MAX];
	sts_ref seen[STS_CACHE_AHEAD_MAX];

	for (unsigned k = 0; k < STS_CACHE_AHEAD_MAX; k++) {
		names[k] = text(asked[first + k]);
	}
	sts_cache_ahead(&cache, names, STS_CACHE_AHEAD_MAX, seen);
}

static double
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds per question in one pass. */
static double
pass(bool together)
{
	double began = cpu_ns();

	for (uint32_t i = 0; i < QUESTIONS; i++) {
		if (together && i % STS_CACHE_AHEAD_MAX == 0) {
			prepare(i);
		}
		(void)answer(asked[i]);
	}
	return (cpu_ns() - began) / QUESTIONS;
}

static void
measure(uint32_t records)
{
	double best[2] = { 1e9, 1e9 };

	for (unsigned i = 0; i < 2 * PASSES; i++) {
		double ns = pass(i % 2 == 1);

		best[i % 2] = ns < best[i % 2] ? ns : best[i % 2];
	}
	printf("%u records: %.0f ns a question alone, %.0f together\n", records,
	    best[0], best[1]);
}

/* Make room for records of five chunks, and for the index. */
static void
begin(uint32_t records)
{
	size_t size = 4096 + (size_t)records * 5 * (STS_CHUNK_SIZE + 4);
	uint8_t *block = malloc(size);

	if (block == NULL) {
		fail("no memory");
	}
	sts_cache_init(&cache, block, size, key);
}

/* Fill the cache until the first record must go or is no longer protected. */
static void
cost(uint32_t records)
{
	size_t size = (size_t)records * 170;
	struct sts_cache_stats s;
	uint8_t *block = malloc(size);
	uint32_t n = 0, octets = 0;
	char name[BENCH_NAME_MAX];

	if (block == NULL) {
		fail("no memory");
	}
	sts_cache_init(&cache, block, size, key);
	do {
		octets += (uint32_t)bench_domain(name, n);
		put(n++);
		sts_cache_stats(&cache, &s);
	} while (s.evicted == 0);
	printf("%u policies in %zu octets: %zu each (a name of %u on average); "
	       "the first %u protected\n",
	    n - 1, size, size / (n - 1), octets / n, s.enforce);
}

int
main(int argc, char **argv)
{
	uint32_t records = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;

	bool hit = argc == 3 && strcmp(argv[2], "hit") == 0;
	uint32_t found;

	if (records == 0) {
		fail("usage: cache RECORDS hit|miss|cost|time");
	}
	if (strcmp(argv[2], "cost") == 0) {
		cost(records);
		return 0;
	}
	begin(records);
	for (uint32_t i = 0; i < records; i++) {
		put(i);
	}
	if (strcmp(argv[2], "time") == 0) {
		choose(records, true);
		measure(records);
		return 0;
	}
	choose(records, hit);
	CALLGRIND_START_INSTRUMENTATION;
	found = questions();
	CALLGRIND_STOP_INSTRUMENTATION;
	if (found != (hit ? QUESTIONS : 0)) {
		fail("not what was put");
	}
	return 0;
}
