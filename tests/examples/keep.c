/* SPDX-License-Identifier: MIT */
/*
 * A policy that outlives a restart: the cache and the journal by themselves,
 * on a storage that is an array. A board has flash there, or a file.
 *
 *	keep    prints "example.com enforce mx.example.com" after a restart
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/cache/payload.h"
#include "../../core/journal/journal.h"

enum {
	NOW_S = 1800000000, /* agent time */
	UNIT = 4, /* octets that are programmed together */
	SECTOR = 4096, /* octets that are erased together */
	AREA = 4 * SECTOR,
	AREAS = 2
};

static uint8_t medium[AREAS * AREA];

static int
medium_read(void *ctx, uint32_t off, uint8_t *buf, size_t len)
{
	(void)ctx;
	memcpy(buf, medium + off, len);
	return 0;
}

static int
medium_prog(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	(void)ctx;
	memcpy(medium + off, buf, len);
	return 0;
}

static int
medium_erase(void *ctx, uint32_t off)
{
	(void)ctx;
	memset(medium + off, 0xff, SECTOR);
	return 0;
}

static int
medium_sync(void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct sts_store store = { NULL, UNIT, SECTOR, AREA, AREAS,
	medium_read, medium_prog, medium_erase, medium_sync, false, NULL };

static struct sts_cache cache;
static struct sts_journal journal;

/* Boot: an empty cache, then what the journal kept from an earlier run. */
static bool
start(void)
{
	static uint8_t block[8192], buf[256];
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 }; /* be random */
	const struct sts_journal_geometry geometry = { UNIT, SECTOR, AREA,
		AREAS, 0 };

	sts_cache_init(&cache, block, sizeof block, key);
	if (!sts_journal_init(&journal, &geometry, &cache, buf, sizeof buf)) {
		return false;
	}
	while (sts_journal_state(&journal) == STS_JOURNAL_LOADING &&
	       sts_journal_step(&journal, &store, NOW_S) >= 0) {
	}
	return sts_journal_state(&journal) == STS_JOURNAL_READY;
}

/* What a fetch brings: staged piece by piece, and committed as a whole. */
static bool
learn(struct sts_text domain)
{
	struct sts_stage stage;
	struct sts_entry entry;
	sts_ref ref;

	memset(&entry, 0, sizeof entry);
	entry.kind = STS_KIND_POLICY;
	entry.mode = STS_MODE_ENFORCE;
	entry.mx_count = 1;
	entry.fetched_s = NOW_S;
	entry.max_age_s = 604800;
	if (!sts_cache_stage(&cache, &stage, domain)) {
		return false;
	}
	sts_payload_begin(&cache, &stage, sts_text_of("20270115"));
	sts_payload_add_mx(&cache, &stage, sts_text_of("mx.example.com"));
	return sts_cache_commit(&cache, &stage, &entry, sts_now(NOW_S, true),
		   &ref) == STS_ADMITTED;
}

static void
save(void)
{
	while (sts_journal_busy(&journal) &&
	       sts_journal_step(&journal, &store, NOW_S) > 0) {
	}
}

/* Print what an answer needs: the entry, and the patterns in their order. */
static bool
show(struct sts_text domain)
{
	sts_ref ref = sts_cache_find(&cache, domain);
	struct sts_patterns patterns;
	struct sts_entry entry;
	struct sts_text mx;

	if (ref == 0) {
		return false;
	}
	sts_cache_get(&cache, ref, &entry);
	printf("%.*s %s", (int)domain.n, (const char *)domain.p,
	    sts_mode_text((enum sts_mode)entry.mode));
	sts_patterns_start(&patterns, &cache, ref);
	while ((mx = sts_patterns_next(&patterns)).n > 0) {
		printf(" %.*s", (int)mx.n, (const char *)mx.p);
	}
	putchar('\n');
	return true;
}

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort();
}

int
main(void)
{
	struct sts_text domain = sts_text_of("example.com");

	memset(medium, 0xff, sizeof medium);
	if (!start() || !learn(domain)) {
		return 1;
	}
	save();
	/* The power fails and comes back: only the medium is left. */
	return start() && show(domain) ? 0 : 1;
}
