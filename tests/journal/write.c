/* SPDX-License-Identifier: MIT */
/*
 * Writes a journal, and what a reader must find in it:
 *
 *	write UNIT IMAGE LIST
 *
 * IMAGE: two areas as the agent's journal writes them in units of so many
 * octets: new policies, newer versions, removals, stamps, areas that fill up;
 * cut off at the end of some write. LIST: what the cache then holds, in the
 * format of read.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/journal/journal.h"
#include "../../core/cache/payload.h"
#include "../unit/flash.h"

enum {
	NOW = 1800000000,
	ERASE = 4096,
	AREA = 32768,
	CACHE = 8192,
	EVENTS = 400,
	DOMAINS = 23
};

static struct flash f;
static struct sts_cache cache;
static struct sts_journal journal;
static uint8_t block[CACHE], buf[1024];

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "write: %s\n", what);
		exit(1);
	}
}

static struct sts_text
text(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

static void
start(void)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 2, 7, 1, 8 };
	struct sts_journal_geometry g = { f.store.prog_size, ERASE, AREA, 2,
		0 };

	sts_cache_init(&cache, block, sizeof block, key);
	need(sts_journal_init(&journal, &g, &cache, buf, sizeof buf), "init");
}

static void
run(void)
{
	do {
		need(sts_journal_step(&journal, &f.store, NOW) >= 0, "step");
	} while (sts_journal_busy(&journal));
	need(!f.broken, "the store was misused");
}

static const char *
name_of(unsigned i)
{
	static char name[40];

	snprintf(name, sizeof name, "d%u.organisation%u.example", i, i % 5);
	return name;
}

static void
put(unsigned i, unsigned version)
{
	struct sts_stage s;
	struct sts_entry e;
	char word[60];
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = (uint8_t)((i + version) % 3);
	e.proved = version % 2 != 0;
	e.mx_count = (uint16_t)(1 + (i + version) % 7);
	e.asked_day = NOW / 86400;
	e.max_age_s = 86400 * (1 + version % 30);
	e.fetched_s = NOW + version;
	need(sts_cache_stage(&cache, &s, text(name_of(i))), "stage");
	snprintf(word, sizeof word, "v%u", version);
	need(sts_payload_begin(&cache, &s, text(word)), "begin");
	for (unsigned k = 0; k < e.mx_count; k++) {
		snprintf(word, sizeof word, "%smx%u.%s", k % 3 == 2 ? "*." : "",
		    k, name_of(i));
		need(sts_payload_add_mx(&cache, &s, text(word)), "mx");
	}
	sts_cache_commit(&cache, &s, &e, sts_now(NOW + version, true), &ref);
}

static void
happen(unsigned i)
{
	unsigned domain = flash_draw(&f, DOMAINS);
	sts_ref ref = sts_cache_find(&cache, text(name_of(domain)));

	if (i % 7 == 6 && ref != 0) {
		sts_cache_remove(&cache, ref);
		sts_journal_forget(
		    &journal, text(name_of(domain)), STS_FORGET_ORDERED);
	} else {
		put(domain, i);
	}
	if (i % 50 == 49) {
		sts_journal_set_since(&journal, NOW - i);
		sts_journal_stamp(&journal, NOW + i);
	}
	if (i == EVENTS / 2) {
		sts_journal_set_off(&journal, NOW + 12345);
	}
	run();
}

static void
list(FILE *out)
{
	fprintf(out, "stamp %lu since %lu off %lu\n",
	    (unsigned long)sts_journal_stamp_s(&journal),
	    (unsigned long)sts_journal_since_s(&journal),
	    (unsigned long)sts_journal_off_s(&journal));
	for (sts_ref ref = sts_cache_next(&cache, 0); ref != 0;
	     ref = sts_cache_next(&cache, ref)) {
		uint8_t word[STS_NAME_MAX];
		struct sts_entry e;
		size_t off = 0, n;

		sts_cache_get(&cache, ref, &e);
		n = sts_cache_domain(&cache, ref, word);
		fprintf(out, "%.*s %s max_age %lu fetched %lu", (int)n, word,
		    sts_mode_text(e.mode), (unsigned long)e.max_age_s,
		    (unsigned long)e.fetched_s);
		n = sts_payload_id(&cache, ref, word);
		fprintf(out, " id %.*s mx", (int)n, word);
		while ((n = sts_payload_mx(&cache, ref, &off, word)) > 0) {
			fprintf(out, " %.*s", (int)n, word);
		}
		fputc('\n', out);
	}
}

int
main(int argc, char **argv)
{
	FILE *image, *listed;

	need(argc == 4, "usage: write UNIT IMAGE LIST");
	flash_init(&f, (uint32_t)strtoul(argv[1], NULL, 10), ERASE, AREA, 2);
	f.random = f.store.prog_size;
	start();
	run();
	for (unsigned i = 0; i < EVENTS; i++) {
		happen(i);
	}
	need(journal.compactions > 1, "no area was ever full");
	image = fopen(argv[2], "wb");
	listed = fopen(argv[3], "w");
	need(image != NULL && listed != NULL, "cannot write");
	need(fwrite(f.synced, 1, 2 * AREA, image) == 2 * AREA, "write");
	list(listed);
	need(fclose(image) == 0 && fclose(listed) == 0, "close");
	return 0;
}
