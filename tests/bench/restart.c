/* SPDX-License-Identifier: MIT */
/*
 * A journal of N policies as the agent writes it: restart JOURNAL BYTES N [K].
 * BYTES: the size of the file, which `mtasts serve -t` prints. Prints the last
 * of the domains; with K, a refresh of each policy is due, and the first K
 * domains are printed.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../core/journal/journal.h"
#include "../../core/cache/payload.h"
#include "../../port/posix/store.h"
#include "domains.h"

static struct sts_cache cache;
static struct sts_journal journal;
static struct sts_file_store file;
static uint8_t buf[STS_STORE_BUFFER];

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "restart: %s\n", what);
		exit(1);
	}
}

static struct sts_text
text(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

static void
put(uint32_t i, uint32_t now_s, uint32_t refresh_s)
{
	char name[BENCH_NAME_MAX], mx[BENCH_NAME_MAX + 8];
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.max_age_s = 31536000;
	e.fetched_s = now_s;
	e.refresh_s = refresh_s;
	e.asked_day = (uint16_t)(now_s / 86400);
	e.mx_count = (uint16_t)bench_mx_count(i);
	bench_domain(name, i);
	need(sts_cache_stage(&cache, &s, text(name)) &&
		 sts_payload_begin(&cache, &s, text("20260101T000000")),
	    "no room to stage");
	for (unsigned k = 0; k < e.mx_count; k++) {
		bench_mx(mx, i, k);
		sts_payload_add_mx(&cache, &s, text(mx));
	}
	need(sts_cache_commit(&cache, &s, &e, sts_now(now_s, false), &ref) ==
		 STS_ADMITTED,
	    "not protected");
}

int
main(int argc, char **argv)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 2, 7, 1, 8 };
	uint32_t n = argc >= 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0;
	uint32_t due = argc >= 5 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;
	struct sts_journal_geometry g = { 1, STS_STORE_ERASE_SIZE, 0,
		STS_STORE_AREAS, 0 };
	uint32_t now_s = (uint32_t)time(NULL);
	size_t size = 4096 + (size_t)n * 250;
	uint8_t *block = malloc(size);
	char name[BENCH_NAME_MAX];

	need(n > due && block != NULL, "usage: restart JOURNAL BYTES N [K]");
	sts_cache_init(&cache, block, size, key);
	for (uint32_t i = 0; i < n; i++) {
		put(i, now_s, due > 0 ? now_s : now_s + 86400);
	}
	g.area_size = (uint32_t)(strtoul(argv[2], NULL, 10) / STS_STORE_AREAS);
	need(sts_store_open(&file, argv[1], true) == 0 &&
		 sts_store_fill(&file, g.area_size, NULL) == 0,
	    argv[1]);
	need(sts_journal_init(&journal, &g, &cache, buf, sizeof buf),
	    "geometry");
	/* Write all records into one new area. */
	sts_journal_compact(&journal);
	while (sts_journal_busy(&journal)) {
		sts_journal_step(&journal, &file.store, now_s);
		need(sts_journal_state(&journal) <= STS_JOURNAL_READY,
		    "not written");
	}
	sts_store_close(&file);
	for (uint32_t i = due > 0 ? 0 : n - 1; i < (due > 0 ? due : n); i++) {
		bench_domain(name, i);
		printf("%s\n", name);
	}
	free(block);
	return 0;
}
