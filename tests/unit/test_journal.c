/* SPDX-License-Identifier: MIT */
/*
 * The journal: its bytes; what comes back after a restart; and what is left
 * when the power fails in any write, torn and out of order, or bits stick.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/crc32.h"
#include "../../core/journal.h"
#include "flash.h"
#include "unit.h"

const char unit_name[] = "journal";

enum {
	NOW = 1800000000,
	DAY = 86400,
	DOMAINS = 12,
	VERSIONS = 64, /* of one domain */
	PAYLOAD_MAX = 200,
	FORGOTTEN = 0x8000, /* a version that is an absence */
	STEPS_MAX = 100000 /* a run of the journal that ends, ends before */
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
	CACHE_SIZE = 4096 /* which fits all these areas */
};

static void
start(unsigned g)
{
	sts_cache_init(&c, block, CACHE_SIZE, key);
	ck_assert(sts_journal_init(&j, &geometries[g], &c, buf, sizeof buf));
}

static void
flash_for(unsigned g)
{
	flash_init(&f, geometries[g].prog_size, geometries[g].erase_size,
	    geometries[g].area_size, geometries[g].area_count);
	f.random = 42;
}

/* Let the journal do what it can; false: it does not come to an end. */
static bool
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

static void
run(void)
{
	ck_assert(run_at(NOW));
	ck_assert(!f.broken);
}

static const char *
name_of(unsigned domain)
{
	static char name[80];

	snprintf(name, sizeof name, "mail%u.%.*s.example%u.org", domain,
	    (int)(domain % 4 * 12),
	    "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl", domain % 5);
	return name;
}

static size_t
payload_of(unsigned domain, unsigned version, uint8_t *out)
{
	size_t n = (domain * 37 + version * 11) % PAYLOAD_MAX;

	for (size_t i = 0; i < n; i++) {
		out[i] = (uint8_t)(domain * 7 + version * 13 + i * 3);
	}
	return n;
}

/* The version is told by max_age, too, so that a mixture is seen. */
static struct sts_entry
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

static enum sts_admission
put(unsigned domain, unsigned version)
{
	uint8_t payload[PAYLOAD_MAX];
	size_t n = payload_of(domain, version, payload);
	struct sts_entry e = entry_of(domain, version);
	struct sts_stage s;
	sts_ref ref;

	ck_assert(sts_cache_stage(&c, &s, unit_span(name_of(domain))));
	ck_assert(sts_cache_append(&c, &s, payload, n));
	return sts_cache_commit(&c, &s, &e, NOW + version, true, &ref);
}

/* Which version of a domain the cache holds, or FORGOTTEN. Fails on one that
 * nobody put. */
static unsigned
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
	ck_assert_mem_eq(&e, &w, sizeof e);
	n = payload_of(domain, version, want);
	ck_assert_uint_eq(sts_cache_read(&c, ref, 0, got, sizeof got), n);
	ck_assert(n == 0 || memcmp(got, want, n) == 0);
	return version;
}

START_TEST(crc_vectors)
{
	ck_assert_uint_eq(sts_crc32(0, unit_span("123456789")), 0xcbf43926);
	ck_assert_uint_eq(sts_crc32(0, unit_span("")), 0);
	ck_assert_uint_eq(
	    sts_crc32(sts_crc32(0, unit_span("1234")), unit_span("56789")),
	    0xcbf43926);
}
END_TEST

/* Every bit of a head counts, and the revision with them. */
START_TEST(format)
{
	struct sts_journal_area a = { 1, 0xfffffffe, 77, 512, 0x1234 }, b;
	struct sts_journal_record r, q;
	uint8_t bytes[STS_JOURNAL_HEAD];

	sts_journal_put_area(bytes, &a);
	ck_assert_mem_eq(bytes,
	    "mtasts-j\1\0\0\0\xfe\xff\xff\xff"
	    "M\0\0\0\0\2\0\0\x34\x12\0\0",
	    28);
	ck_assert(sts_journal_get_area(bytes, &b));
	ck_assert(a.version == b.version && a.revision == b.revision &&
		  a.stamp_s == b.stamp_s && a.prog_size == b.prog_size &&
		  a.since_s == b.since_s);
	for (unsigned i = 0; i < 8 * sizeof bytes; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert(!sts_journal_get_area(bytes, &b));
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	a.version = 0; /* there never was one */
	sts_journal_put_area(bytes, &a);
	ck_assert(!sts_journal_get_area(bytes, &b));
	memset(&r, 0, sizeof r);
	memset(&q, 0, sizeof q);
	r.type = STS_JOURNAL_POLICY;
	r.protected = true;
	r.domain_len = 11;
	r.mode = 2;
	r.mx_count = 0x1234;
	r.asked_day = 0x5678;
	r.payload_len = 0x12345;
	r.stamp_s = 1;
	r.fetched_s = 2;
	r.max_age_s = 3;
	r.refresh_s = 4;
	sts_journal_put_record(bytes, &r, 9);
	ck_assert_mem_eq(bytes,
	    "\1\1\13\2\x45\x23\1\0\1\0\0\0\2\0\0\0\3\0\0\0\x34\x12\x78\x56"
	    "\4\0\0\0",
	    28);
	ck_assert(sts_journal_get_record(bytes, &q, 9));
	ck_assert_mem_eq(&r, &q, sizeof r);
	ck_assert(!sts_journal_get_record(bytes, &q, 8));
	for (unsigned i = 0; i < 8 * sizeof bytes; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert(!sts_journal_get_record(bytes, &q, 9));
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}
END_TEST

/* Heads that nobody of this version writes, with a right CRC. */
static const struct {
	const char *name;
	struct sts_journal_record r;
	bool want;
} heads[] = {
	{ "policy", { 1, true, false, 5, 2, 0, 0, 9, 0, 0, 0, 0, 0 }, true },
	{ "forget", { 2, false, false, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, true },
	{ "stamp", { 3, false, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, true },
	{ "type 0", { 0, false, false, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, false },
	{ "type 4", { 4, false, false, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, false },
	{ "no domain", { 1, false, false, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0 },
	    false },
	{ "domain of 253", { 2, false, false, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	    true },
	{ "domain of 254", { 2, false, false, 254, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	    false },
	{ "mode 3", { 1, false, false, 5, 3, 0, 0, 9, 0, 0, 0, 0, 0 }, false },
	{ "forget with payload",
	    { 2, false, false, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0 }, false },
	{ "stamp with domain",
	    { 3, false, false, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, false },
	{ "largest payload",
	    { 1, false, false, 5, 0, 0, 0, 1 << 24, 0, 0, 0, 0, 0 }, true },
	{ "larger payload",
	    { 1, false, false, 5, 0, 0, 0, (1 << 24) + 1, 0, 0, 0, 0, 0 },
	    false },
};

START_TEST(head_table)
{
	for (size_t i = 0; i < UNIT_COUNT(heads); i++) {
		struct sts_journal_record r = heads[i].r, q;
		uint8_t bytes[STS_JOURNAL_HEAD];

		sts_journal_put_record(bytes, &r, 1);
		unit_int(heads[i].name, sts_journal_get_record(bytes, &q, 1),
		    heads[i].want);
	}
}
END_TEST

static const struct {
	const char *name;
	struct sts_journal_geometry g;
	size_t buf_size;
	bool want;
} shapes[] = {
	{ "good", { 16, 1024, 16384, 2, 0 }, 1024, true },
	{ "one area", { 16, 1024, 16384, 1, 0 }, 1024, false },
	{ "no unit", { 0, 1024, 16384, 2, 0 }, 1024, false },
	{ "erase no multiple", { 16, 1000, 16000, 2, 0 }, 1024, false },
	{ "area no multiple", { 16, 1024, 16000, 2, 0 }, 1024, false },
	{ "an area of 255", { 1, 1, 255, 2, 0 }, 1024, false },
	{ "a unit of more than half an area", { 768, 768, 768, 2, 0 }, 1536,
	    false },
	{ "over 4 GB", { 16, 1 << 30, 1 << 30, 4, 0 }, 1024, false },
	{ "buffer no multiple", { 512, 1024, 65536, 2, 0 }, 700, false },
	{ "buffer too small", { 16, 1024, 16384, 2, 0 }, 240, false },
	{ "smallest buffer", { 16, 1024, 16384, 2, 0 }, 256, true },
	{ "buffer below a unit", { 512, 1024, 65536, 2, 0 }, 256, false },
};

START_TEST(shape_table)
{
	for (size_t i = 0; i < UNIT_COUNT(shapes); i++) {
		sts_cache_init(&c, block, 4096, key);
		unit_int(shapes[i].name,
		    sts_journal_init(
			&j, &shapes[i].g, &c, buf, shapes[i].buf_size),
		    shapes[i].want);
	}
}
END_TEST

/* R52: what was held is held after a restart, on every kind of storage. */
START_TEST(comes_back)
{
	unsigned want[DOMAINS];

	for (unsigned again = 0; again < 8; again += 5) {
		flash_for((unsigned)_i);
		f.again = again;
		start((unsigned)_i);
		run();
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
		for (unsigned i = 0; i < 120; i++) {
			unsigned domain = i * 7 % DOMAINS;

			put(domain, i / DOMAINS);
			want[domain] = i / DOMAINS;
			if (i % 3 == 0) {
				run();
			}
		}
		sts_journal_stamp(&j, NOW + 99);
		run();
		flash_power_off(&f, FLASH_ANY_ORDER);
		flash_power_on(&f);
		start((unsigned)_i);
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			ck_assert_uint_eq(held(i), want[i]);
		}
		ck_assert_uint_eq(sts_journal_stamp_s(&j), NOW + 99);
		ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* What is surely kept of each domain, and what was last done with it. */
static unsigned durable[DOMAINS], latest[DOMAINS];

/* One event; the journal is then run to its end or to the cut. */
static void
event(unsigned i)
{
	unsigned domain = i * 5 % DOMAINS;
	unsigned version = i / 4;

	if (i % 9 == 8) {
		sts_ref ref = sts_cache_find(&c, unit_span(name_of(domain)));

		if (ref != 0) {
			sts_cache_remove(&c, ref);
		}
		if (!sts_journal_forget(&j, unit_span(name_of(domain)))) {
			sts_journal_compact(&j);
		}
		latest[domain] = FORGOTTEN;
	} else {
		put(domain, version);
		latest[domain] = version;
	}
	if (i % 7 == 6) {
		sts_journal_stamp(&j, NOW + i);
	}
	if (i % 31 == 30) {
		sts_journal_compact(&j);
	}
	ck_assert(run_at(NOW));
	ck_assert(!f.broken);
	if (!f.off && sts_journal_state(&j) == STS_JOURNAL_READY) {
		memcpy(durable, latest, sizeof durable);
	}
}

/* After a start: each domain is at its durable version or at the latest. */
static void
expect_contract(unsigned cut)
{
	for (unsigned i = 0; i < DOMAINS; i++) {
		unsigned got = held(i);

		ck_assert_msg(got == durable[i] || got == latest[i],
		    "cut at %u: domain %u has version %u, not %u or %u", cut, i,
		    got, durable[i], latest[i]);
		durable[i] = got;
		latest[i] = got;
	}
	ck_assert(sts_cache_check(&c));
}

enum {
	EVENTS = 60
};

/* Tell the story from event `from` on; the number of the event it was cut in,
 * or EVENTS. */
static unsigned
tell(unsigned from)
{
	for (unsigned i = from; i < EVENTS; i++) {
		event(i);
		if (f.off) {
			return i;
		}
	}
	return EVENTS;
}

static void
restart(unsigned g, unsigned cut)
{
	flash_power_on(&f);
	start(g);
	f.cut_at = 0;
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	expect_contract(cut);
}

/* Promise 7: the power is cut at each write in turn, and once more in the
 * writes after the restart. */
START_TEST(cut_everywhere)
{
	unsigned g = (unsigned)_i;
	unsigned at = EVENTS;

	for (unsigned cut = 1;; cut++) {
		unsigned second = 1 + cut * 7 % 40;

		flash_for(g);
		f.random = cut;
		for (unsigned i = 0; i < DOMAINS; i++) {
			durable[i] = latest[i] = FORGOTTEN;
		}
		start(g);
		f.cut_at = cut;
		ck_assert(run_at(NOW));
		at = tell(0);
		if (at == EVENTS) {
			/* Or in no write at all. */
			ck_assert_uint_gt(cut, EVENTS);
			break;
		}
		restart(g, cut);
		f.ops = 0;
		f.cut_at = second;
		at = tell(at);
		if (f.off) {
			restart(g, cut);
			at = tell(at);
		}
		flash_power_off(&f, FLASH_ANY_ORDER);
		restart(g, cut);
	}
}
END_TEST

/* A bit of the medium sticks: what was said to be saved is there after each
 * restart, and where there is another good area the journal goes on. */
START_TEST(stuck_cells)
{
	unsigned g = (unsigned)_i;
	uint32_t size = geometries[g].area_size * geometries[g].area_count;

	for (unsigned n = 0; n < 40; n++) {
		unsigned at = 0;

		flash_for(g);
		f.random = n;
		/* In heads of areas and in their first records, mostly. */
		f.stuck_off = flash_draw(&f, geometries[g].area_count) *
				  geometries[g].area_size +
			      flash_draw(&f, n % 2 ? 48 : 3000);
		f.stuck_bit = (uint8_t)(1 << n % 8);
		f.stuck_to = n % 3 == 0 ? 0xff : 0;
		flash_stick(&f);
		memcpy(f.synced, f.now, size);
		for (unsigned i = 0; i < DOMAINS; i++) {
			durable[i] = latest[i] = FORGOTTEN;
		}
		start(g);
		ck_assert(run_at(NOW));
		for (unsigned cut = 0; at < EVENTS && cut < 12; cut++) {
			f.cut_at = f.ops + 1 + flash_draw(&f, 500);
			at = tell(at);
			if (!f.off) {
				flash_power_off(&f, FLASH_IN_ORDER);
			}
			restart(g, at);
			if (geometries[g].area_count > 2) {
				sts_journal_compact(&j);
				ck_assert(run_at(NOW));
				ck_assert_int_eq(
				    sts_journal_state(&j), STS_JOURNAL_READY);
			}
		}
	}
}
END_TEST

/* Any one bit of the medium flips: no version that was never put comes back
 * (held() checks), and at most what stood in one record is lost. */
START_TEST(stuck_bits)
{
	unsigned g = (unsigned)_i;
	static uint8_t good[FLASH_MAX];
	uint32_t size = geometries[g].area_size * geometries[g].area_count;
	uint32_t step = 8 * size / 500 | 1;

	flash_for(g);
	start(g);
	run();
	ck_assert_uint_eq(tell(0), EVENTS);
	memcpy(good, f.synced, sizeof good);
	for (uint32_t bit = 3; bit < 8 * size; bit += step) {
		unsigned changed = 0;

		memcpy(f.synced, good, sizeof good);
		f.synced[bit / 8] ^= (uint8_t)(1 << bit % 8);
		flash_power_on(&f);
		start(g);
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			changed += held(i) != latest[i];
		}
		ck_assert(sts_cache_check(&c));
		if (j.lost > 0) {
			ck_assert_uint_le(changed, 1);
		}
		/* And it goes on working. */
		if (bit % 5 == 0) {
			put(0, 60);
			run();
			flash_power_off(&f, FLASH_ANY_ORDER);
			flash_power_on(&f);
			start(g);
			run();
			ck_assert_uint_eq(held(0), 60);
		}
	}
}
END_TEST

/* Garbage of any kind is no journal, and is written over. */
START_TEST(garbage)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		flash_for(1);
		f.random = seed;
		for (uint32_t i = 0; i < FLASH_MAX; i++) {
			f.synced[i] =
			    (uint8_t)(seed == 0 ? 0 : flash_draw(&f, 256));
		}
		flash_power_on(&f);
		start(1);
		run();
		ck_assert_uint_eq(f.ops, 0);
		put(3, 1);
		run();
		flash_power_off(&f, FLASH_IN_ORDER);
		flash_power_on(&f);
		start(1);
		run();
		ck_assert_uint_eq(held(3), 1);
	}
}
END_TEST

/* A record that says it is longer than its area ends the journal. */
START_TEST(record_over_the_end)
{
	struct sts_journal_area a = { STS_JOURNAL_VERSION, 5, 0, 16, 0 };
	uint32_t room = geometries[1].area_size - 32;
	struct sts_journal_record r;

	for (uint32_t len = room - 60; len < room + 60; len++) {
		memset(&r, 0, sizeof r);
		r.type = STS_JOURNAL_POLICY;
		r.domain_len = 5;
		r.payload_len = len;
		flash_for(1);
		sts_journal_put_area(f.synced, &a);
		sts_journal_put_record(f.synced + 32, &r, 5);
		flash_power_on(&f);
		start(1);
		run();
		ck_assert_uint_eq(j.lost, len + 5 + 36 <= room);
		put(1, 1);
		run();
	}
}
END_TEST

/* A newer format is left alone. */
START_TEST(newer_format)
{
	struct sts_journal_area a = { STS_JOURNAL_VERSION + 1, 5, 0, 16, 0 };
	static uint8_t before[FLASH_MAX];

	flash_for(1);
	start(1);
	put(1, 1);
	run();
	sts_journal_put_area(f.synced + 2 * geometries[1].area_size, &a);
	memcpy(before, f.synced, sizeof before);
	flash_power_on(&f);
	start(1);
	put(2, 1);
	sts_journal_stamp(&j, NOW);
	sts_journal_compact(&j);
	ck_assert(run_at(NOW));
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_NEWER);
	ck_assert_mem_eq(before, f.synced, sizeof before);
	ck_assert_uint_eq(f.ops, 0);
}
END_TEST

/* Nothing may be written where not all would fit; what is there is read, and
 * more when it has grown. */
START_TEST(grows)
{
	struct sts_journal_geometry g = { 16, 1024, 8192, 2, 0 };
	struct sts_journal_geometry wrong = { 32, 1024, 16384, 2, 0 };
	unsigned ops;

	flash_init(&f, 16, 1024, 8192, 2);
	sts_cache_init(&c, block, 4096, key);
	ck_assert(sts_journal_init(&j, &g, &c, buf, sizeof buf));
	run();
	put(1, 1);
	put(2, 1);
	run();
	flash_power_off(&f, FLASH_IN_ORDER);
	flash_power_on(&f);
	sts_cache_init(&c, block, 2 * 4096, key);
	ck_assert(sts_journal_init(&j, &g, &c, buf, sizeof buf));
	run();
	ck_assert_uint_eq(held(1), 1);
	put(1, 2);
	put(3, 1);
	ck_assert(sts_journal_forget(&j, unit_span(name_of(2))));
	ops = f.ops;
	for (unsigned i = 0; i < 3; i++) {
		sts_journal_retry(&j);
		run();
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FAILED);
	}
	ck_assert_uint_eq(f.ops, ops);
	ck_assert(!sts_journal_grow(&j, &wrong));
	g.area_size /= 2;
	ck_assert(!sts_journal_grow(&j, &g));
	g.area_size *= 4;
	memmove(f.now + g.area_size, f.now + 8192, 8192);
	memset(f.now + 8192, 0xff, 8192);
	memset(f.now + 24576, 0xff, 8192);
	f.store.area_size = g.area_size;
	ck_assert(sts_journal_grow(&j, &g));
	sts_journal_retry(&j);
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	flash_power_off(&f, FLASH_IN_ORDER);
	flash_power_on(&f);
	sts_cache_init(&c, block, 2 * 4096, key);
	ck_assert(sts_journal_init(&j, &g, &c, buf, sizeof buf));
	run();
	ck_assert_uint_eq(held(1), 2);
	ck_assert_uint_eq(held(3), 1);
}
END_TEST

/* Errors of the storage: it moves to the next area, and rests in the end, until
 * a retry brings everything. */
START_TEST(storage_errors)
{
	for (unsigned from = 1; from < 40; from++) {
		flash_for(1);
		start(1);
		f.fail_from = from;
		f.fail_to = from + 2;
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			put(i, 1);
			run();
		}
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
		flash_power_off(&f, FLASH_ANY_ORDER);
		flash_power_on(&f);
		f.fail_from = 0;
		f.fail_to = 0;
		start(1);
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			ck_assert_uint_eq(held(i), 1);
		}
	}
	f.fail_from = 1;
	f.fail_to = UINT32_MAX;
	put(1, 2);
	ck_assert(run_at(NOW));
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FAILED);
	ck_assert(!sts_journal_busy(&j));
	sts_cache_remove(&c, sts_cache_find(&c, unit_span(name_of(3))));
	ck_assert(sts_journal_forget(&j, unit_span(name_of(3))));
	put(4, 2);
	for (unsigned i = 0; i < 3; i++) {
		sts_journal_retry(&j);
		ck_assert(run_at(NOW));
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FAILED);
	}
	f.fail_with = STS_IO_LIMIT;
	sts_journal_retry(&j);
	ck_assert(run_at(NOW));
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_FULL);
	ck_assert_uint_eq(held(1), 2);
	ck_assert(sts_cache_check(&c));
	f.fail_to = 0;
	sts_journal_retry(&j);
	run();
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	flash_power_off(&f, FLASH_ANY_ORDER);
	flash_power_on(&f);
	start(1);
	run();
	for (unsigned i = 0; i < DOMAINS; i++) {
		ck_assert_uint_eq(held(i),
		    i == 3 ? (unsigned)FORGOTTEN : 1u + (i == 1 || i == 4));
	}
}
END_TEST

/* What cannot be read is read again at each retry, and given up at the last;
 * nothing is written before. */
START_TEST(read_errors)
{
	for (unsigned at = 0; at < 40; at++) {
		unsigned held_now = 0;

		flash_for(1);
		start(1);
		run();
		for (unsigned i = 0; i < DOMAINS; i++) {
			put(i, 1);
		}
		run();
		flash_power_on(&f);
		start(1);
		for (unsigned i = 0; i < at; i++) {
			sts_journal_step(&j, &f.store, NOW);
		}
		f.fail_reads = 1 + at % STS_JOURNAL_READS_MAX;
		put(1, 2);
		for (unsigned i = 1; i < STS_JOURNAL_READS_MAX; i++) {
			run();
			if (sts_journal_state(&j) == STS_JOURNAL_FAILED) {
				ck_assert_uint_eq(f.ops, 0);
			}
			sts_journal_retry(&j);
		}
		run();
		ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
		for (unsigned i = 0; i < DOMAINS; i++) {
			held_now += held(i) != FORGOTTEN;
		}
		if (at % STS_JOURNAL_READS_MAX + 1 < STS_JOURNAL_READS_MAX) {
			ck_assert_uint_eq(j.lost, 0);
			ck_assert_uint_eq(held_now, DOMAINS);
		}
		ck_assert_uint_eq(held(1), 2);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* Over the day's budget a newer version waits for the next day; a first one
 * does not. */
START_TEST(budget)
{
	struct sts_journal_geometry g = geometries[1];
	unsigned ops;

	flash_for(1);
	g.day_budget = 1;
	sts_cache_init(&c, block, 4096, key);
	ck_assert(sts_journal_init(&j, &g, &c, buf, sizeof buf));
	for (unsigned i = 0; i < 500; i++) {
		sts_journal_step(&j, &f.store, NOW);
	}
	put(1, 1);
	for (unsigned i = 0; i < 500; i++) {
		sts_journal_step(&j, &f.store, NOW);
	}
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	ops = f.ops;
	put(1, 2);
	put(2, 1);
	for (unsigned i = 0; i < 500; i++) {
		sts_journal_step(&j, &f.store, NOW);
	}
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 1);
	ck_assert(sts_cache_is_unsaved(
	    &c, sts_cache_find(&c, unit_span(name_of(1)))));
	ck_assert_uint_gt(f.ops, ops);
	for (unsigned i = 0; i < 500; i++) {
		sts_journal_step(&j, &f.store, NOW + DAY);
	}
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	put(1, 3);
	for (unsigned i = 0; i < 500; i++) {
		sts_journal_step(&j, &f.store, NOW + DAY);
	}
	ck_assert(sts_journal_busy(&j));
	sts_journal_hurry(&j);
	ck_assert(run_at(NOW + DAY));
	ck_assert(!sts_journal_busy(&j));
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
}
END_TEST

/* Which were protected are protected again, whatever guests stand before. */
START_TEST(protection_comes_back)
{
	bool was[400] = { false };
	struct sts_entry e = entry_of(0, 0);
	unsigned guests = 0, back = 0;

	e.mode = STS_MODE_ENFORCE;
	flash_for(1);
	start(1);
	run();
	for (unsigned i = 0; i < 400; i++) {
		char name[40];
		struct sts_stage s;
		sts_ref ref;

		snprintf(name, sizeof name, "m.org%u.example", i);
		ck_assert(sts_cache_stage(&c, &s, unit_span(name)));
		sts_cache_commit(&c, &s, &e, NOW, true, &ref);
		was[i] = sts_cache_protected(&c, ref);
		guests += !was[i];
		run();
		if (i == 60) {
			/* Room for one that comes later than guests. */
			sts_cache_remove(&c,
			    sts_cache_find(&c, unit_span("m.org3.example")));
			ck_assert(sts_journal_forget(
			    &j, unit_span("m.org3.example")));
			was[3] = false;
			run();
		}
	}
	ck_assert_uint_gt(guests, 100);
	flash_power_off(&f, FLASH_IN_ORDER);
	flash_power_on(&f);
	start(1);
	run();
	for (unsigned i = 0; i < 400; i++) {
		char name[40];
		sts_ref ref;

		snprintf(name, sizeof name, "m.org%u.example", i);
		ref = sts_cache_find(&c, unit_span(name));
		ck_assert_int_eq(
		    ref != 0 && sts_cache_protected(&c, ref), was[i]);
		back += was[i];
	}
	ck_assert_uint_gt(back, 20);
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* What was over at the newest stamp is over; it takes no protected room. */
START_TEST(expired_at_the_stamp)
{
	struct sts_cache_stats s;

	flash_for(1);
	start(1);
	put(2, 0); /* enforce */
	put(5, 0);
	run();
	sts_journal_stamp(&j, NOW + 31 * DAY);
	run();
	flash_power_on(&f);
	start(1);
	run();
	sts_cache_stats(&c, &s);
	ck_assert_uint_eq(s.records, 2);
	ck_assert_uint_eq(s.expired, 2);
}
END_TEST

/* A stamp that was wrong is taken back, by writing everything anew. */
START_TEST(restamped)
{
	flash_for(1);
	start(1);
	put(2, 1);
	sts_journal_set_since(&j, NOW - 7);
	sts_journal_stamp(&j, NOW + 365 * DAY);
	run();
	put(5, 1);
	run();
	sts_journal_stamp(&j, NOW);
	run();
	flash_power_on(&f);
	start(1);
	run();
	ck_assert_uint_eq(sts_journal_stamp_s(&j), NOW + 365 * DAY);
	ck_assert_uint_eq(sts_journal_since_s(&j), NOW - 7);
	sts_journal_set_since(&j, NOW - 5);
	sts_journal_restamp(&j, NOW);
	run();
	flash_power_off(&f, FLASH_IN_ORDER);
	flash_power_on(&f);
	start(1);
	run();
	ck_assert_uint_eq(sts_journal_stamp_s(&j), NOW);
	ck_assert_uint_eq(sts_journal_since_s(&j), NOW - 5);
	ck_assert_uint_eq(held(2), 1);
	ck_assert_uint_eq(held(5), 1);
}
END_TEST

/* What this run has learned before the journal is read is newer. */
START_TEST(learned_while_loading)
{
	flash_for(1);
	start(1);
	put(2, 1);
	put(5, 9);
	run();
	flash_power_on(&f);
	start(1);
	put(2, 3);
	run();
	ck_assert_uint_eq(held(2), 3);
	ck_assert_uint_eq(held(5), 9);
	flash_power_on(&f);
	start(1);
	run();
	ck_assert_uint_eq(held(2), 3);
}
END_TEST

/* Removed and learned again, while the cache is being copied. */
START_TEST(forget_and_learn_again)
{
	for (unsigned steps = 0; steps < 60; steps++) {
		sts_ref ref;

		flash_for(1);
		start(1);
		for (unsigned i = 0; i < DOMAINS; i++) {
			put(i, 1);
		}
		run();
		sts_journal_compact(&j);
		for (unsigned i = 0; i < steps; i++) {
			sts_journal_step(&j, &f.store, NOW);
		}
		ref = sts_cache_find(&c, unit_span(name_of(4)));
		sts_cache_remove(&c, ref);
		ck_assert(sts_journal_forget(&j, unit_span(name_of(4))));
		ref = sts_cache_find(&c, unit_span(name_of(7)));
		sts_cache_remove(&c, ref);
		put(4, 2);
		run();
		ck_assert(sts_journal_forget(&j, unit_span(name_of(7))));
		run();
		flash_power_off(&f, FLASH_ANY_ORDER);
		flash_power_on(&f);
		start(1);
		run();
		ck_assert_uint_eq(held(4), 2);
		ck_assert_uint_eq(held(7), FORGOTTEN);
	}
}
END_TEST

static void
forget(unsigned domain)
{
	sts_ref ref = sts_cache_find(&c, unit_span(name_of(domain)));

	if (ref != 0) {
		sts_cache_remove(&c, ref);
	}
	ck_assert(sts_journal_forget(&j, unit_span(name_of(domain))));
}

/* Off and on again, at once. */
static void
again(unsigned g)
{
	if (!f.off) {
		flash_power_off(&f, FLASH_ANY_ORDER);
	}
	flash_power_on(&f);
	start(g);
	run();
}

/* Removed in any moment while its own record is being written; the power goes
 * as soon as the removal is said to be saved. */
START_TEST(forget_while_written)
{
	for (unsigned g = 0; g < UNIT_COUNT(geometries); g++) {
		for (unsigned steps = 0; steps < 12; steps++) {
			flash_for(g);
			f.random = steps;
			start(g);
			run();
			put(4, 1);
			put(5, 1);
			run();
			put(4, 2);
			for (unsigned i = 0; i < steps; i++) {
				sts_journal_step(&j, &f.store, NOW);
			}
			forget(4);
			run();
			again(g);
			ck_assert_uint_eq(held(4), FORGOTTEN);
			ck_assert_uint_eq(held(5), 1);
		}
	}
}
END_TEST

/* Removed, learned again, and evicted before that was saved. */
START_TEST(forget_outlives_newcomer)
{
	flash_for(1);
	start(1);
	put(4, 1);
	run();
	forget(4);
	put(4, 2);
	/* The removal is on its way when the newcomer goes. */
	for (unsigned i = 0; i < 3; i++) {
		sts_journal_step(&j, &f.store, NOW);
	}
	sts_cache_remove(&c, sts_cache_find(&c, unit_span(name_of(4))));
	run();
	again(1);
	ck_assert_uint_eq(held(4), FORGOTTEN);
}
END_TEST

/* A removal fits whatever is left of the area. */
START_TEST(forget_always_fits)
{
	unsigned moved = 0;

	for (unsigned n = 0; n < 160; n += 3) {
		unsigned before;

		flash_for(0);
		start(0);
		run();
		put(7, 1);
		for (unsigned i = 0; i < n; i++) {
			put(i % 5, i % VERSIONS);
			run();
		}
		before = j.compactions;
		forget(7);
		run();
		moved += j.compactions > before;
		again(0);
		ck_assert_uint_eq(held(7), FORGOTTEN);
		ck_assert_uint_eq(held(0) == FORGOTTEN, n == 0);
	}
	/* Some of them found the area full. */
	ck_assert_uint_gt(moved, 0);
}
END_TEST

/* Nothing is written that the medium has already; a refresh that changed
 * nothing but times is one record of the policy's size. */
START_TEST(cost)
{
	struct sts_entry e = entry_of(2, 1);
	uint32_t size = STS_JOURNAL_HEAD + STS_JOURNAL_CRC;
	uint32_t written;
	unsigned ops;
	sts_ref ref;

	flash_for(1);
	start(1);
	put(2, 1);
	put(3, 1);
	run();
	ops = f.ops;
	run();
	ref = sts_cache_find(&c, unit_span(name_of(2)));
	sts_cache_touch(&c, ref);
	sts_cache_set(&c, ref, &e, NOW + 1, true);
	sts_cache_sweep(&c, 1000, NOW + 2, true);
	run();
	ck_assert_uint_eq(f.ops, ops);
	again(1);
	ck_assert_uint_eq(f.ops, 0);
	written = j.written;
	put(2, 1);
	run();
	size += (uint32_t)(strlen(name_of(2)) + (2 * 37 + 11) % PAYLOAD_MAX);
	ck_assert_uint_eq(j.written - written, sts_journal_padded(size, 16));
	/* One for the octets, one for the sync. */
	ck_assert_uint_eq(f.ops, 2);
}
END_TEST

/* A journal written in other units is read, and moved before it grows. */
START_TEST(other_units)
{
	struct sts_journal_geometry g = geometries[1];

	flash_for(1);
	start(1);
	put(2, 1);
	run();
	f.store.prog_size = 128;
	g.prog_size = 128;
	flash_power_on(&f);
	for (unsigned i = 0; i < 2; i++) {
		sts_cache_init(&c, block, 4096, key);
		ck_assert(sts_journal_init(&j, &g, &c, buf, sizeof buf));
		run();
		ck_assert_uint_eq(held(2), 1);
		ck_assert_uint_eq(j.dirty, i == 0);
		put(3, 1);
		run();
		flash_power_off(&f, FLASH_IN_ORDER);
		flash_power_on(&f);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	int n = (int)UNIT_COUNT(geometries);

	tcase_add_test(tc, crc_vectors);
	tcase_add_test(tc, format);
	tcase_add_test(tc, head_table);
	tcase_add_test(tc, shape_table);
	tcase_add_loop_test(tc, comes_back, 0, n);
	tcase_add_loop_test(tc, cut_everywhere, 0, n);
	tcase_add_loop_test(tc, stuck_bits, 0, n);
	tcase_add_loop_test(tc, stuck_cells, 0, n);
	tcase_add_test(tc, garbage);
	tcase_add_test(tc, record_over_the_end);
	tcase_add_test(tc, newer_format);
	tcase_add_test(tc, grows);
	tcase_add_test(tc, storage_errors);
	tcase_add_test(tc, read_errors);
	tcase_add_test(tc, budget);
	tcase_add_test(tc, protection_comes_back);
	tcase_add_test(tc, expired_at_the_stamp);
	tcase_add_test(tc, restamped);
	tcase_add_test(tc, learned_while_loading);
	tcase_add_test(tc, forget_and_learn_again);
	tcase_add_test(tc, forget_while_written);
	tcase_add_test(tc, forget_outlives_newcomer);
	tcase_add_test(tc, forget_always_fits);
	tcase_add_test(tc, cost);
	tcase_add_test(tc, other_units);
}
