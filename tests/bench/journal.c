/* SPDX-License-Identifier: MIT */
/*
 * What the journal costs: octets written for each policy and day when all are
 * refreshed daily, and the time to read them back.
 *
 *	journal COUNT DAYS [FILE]
 *
 * FILE: gets what was written, as a daemon's journal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../core/journal/journal.h"
#include "../../core/cache/payload.h"
#include "medium.h"

enum {
	NOW = 1800000000,
	DAY = 86400,
	BLOCK = 65536, /* erased at once, as in a file */
	BUFFER = 16384,
	CACHE_PER_POLICY = 256 /* three chunks, the index, the reserve */
};

static struct medium medium;
static struct sts_cache cache;
static struct sts_journal journal;
static uint8_t buffer[BUFFER];

static void
begin(uint8_t *block, size_t size)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 1, 2, 3 };
	struct sts_journal_geometry g = { 1, BLOCK, medium.store.area_size, 2,
		0 };

	sts_cache_init(&cache, block, size, key);
	if (!sts_journal_init(&journal, &g, &cache, buffer, sizeof buffer)) {
		abort();
	}
}

static void
run(uint32_t now_s)
{
	do {
		sts_journal_step(&journal, &medium.store, now_s);
	} while (sts_journal_busy(&journal));
}

/* A policy as large hosters publish it: a time as the id, two patterns. */
static void
put(unsigned i, uint32_t now_s)
{
	static const char id[] = "20260101000000Z";
	char name[40], mx[48];
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	snprintf(name, sizeof name, "company%u.example", i);
	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.mx_count = 2;
	e.max_age_s = 30 * DAY;
	e.fetched_s = now_s;
	if (!sts_cache_stage(
		&cache, &s, sts_text((uint8_t *)name, strlen(name))) ||
	    !sts_payload_begin(
		&cache, &s, sts_text((const uint8_t *)id, sizeof id - 1))) {
		abort();
	}
	for (unsigned k = 1; k <= e.mx_count; k++) {
		snprintf(mx, sizeof mx, "mx%u.%s", k, name);
		sts_payload_add_mx(
		    &cache, &s, sts_text((uint8_t *)mx, strlen(mx)));
	}
	sts_cache_commit(&cache, &s, &e, sts_now(now_s, true), &ref);
}

static void
bench(unsigned count, unsigned days)
{
	size_t size = (size_t)count * CACHE_PER_POLICY;
	uint8_t *block = malloc(size);
	uint32_t chunks = (uint32_t)(size / STS_CHUNK_SIZE);
	clock_t began;
	unsigned found;

	if (block == NULL ||
	    !medium_open(&medium, 2 * sts_journal_area_min(chunks, 1), BLOCK)) {
		abort();
	}
	begin(block, size);
	run(NOW);
	for (unsigned d = 0; d <= days; d++) {
		if (d == 1) {
			medium.written = medium.erased = 0;
		}
		for (unsigned i = 0; i < count; i++) {
			put(i, NOW + d * DAY);
			run(NOW + d * DAY);
		}
		sts_journal_stamp(&journal, NOW + d * DAY);
		run(NOW + d * DAY);
	}
	printf("%u policies, refreshed daily: %llu octets written and %llu "
	       "erased a policy and day, areas of %u\n",
	    count, medium.written / count / days, medium.erased / count / days,
	    medium.store.area_size);
	begin(block, size);
	medium.reads = 0;
	began = clock();
	run(NOW);
	found = cache.records;
	printf("%u policies read back in %.3f s, %llu reads\n", found,
	    (double)(clock() - began) / CLOCKS_PER_SEC, medium.reads);
	free(block);
}

static void
save(const char *path)
{
	FILE *f = fopen(path, "wb");
	size_t n = 2 * (size_t)medium.store.area_size;

	if (f == NULL || fwrite(medium.bytes, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

int
main(int argc, char **argv)
{
	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: journal COUNT DAYS [FILE]\n");
		return 64;
	}
	bench((unsigned)strtoul(argv[1], NULL, 10),
	    (unsigned)strtoul(argv[2], NULL, 10));
	if (argc == 4) {
		save(argv[3]);
	}
	return 0;
}
