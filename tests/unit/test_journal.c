/* SPDX-License-Identifier: MIT */
/* The journal: its octets, and what a restart reads back. */
#include "../../core/base/crc32.h"
#include "../../core/grammar/domain.h"
#include "../../core/journal/journal_private.h"
#include "journal_case.h"

const char unit_name[] = "journal";

START_TEST(crc32_gives_the_published_values)
{
	ck_assert_uint_eq(sts_crc32(0, unit_span("123456789")), 0xcbf43926);
	ck_assert_uint_eq(sts_crc32(0, unit_span("")), 0);
	ck_assert_uint_eq(
	    sts_crc32(sts_crc32(0, unit_span("1234")), unit_span("56789")),
	    0xcbf43926);
}
END_TEST

static uint32_t
crc_by_bits(const uint8_t *p, size_t n)
{
	uint32_t crc = ~UINT32_C(0);

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (unsigned bit = 0; bit < 8; bit++) {
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		}
	}
	return ~crc;
}

/* Octets of any length at any place, in one piece or in two, have the sum that
 * the definition gives. */
START_TEST(crc32_follows_its_definition)
{
	uint8_t bytes[48];

	for (unsigned i = 0; i < sizeof bytes; i++) {
		bytes[i] = (uint8_t)(i * i * 7 + 0x9d);
	}
	for (size_t off = 0; off < 8; off++) {
		for (size_t n = 0; n <= sizeof bytes - off; n++) {
			const uint8_t *p = bytes + off;
			size_t half = n / 3;
			uint32_t two =
			    sts_crc32(sts_crc32(0, sts_text(p, half)),
				sts_text(p + half, n - half));

			ck_assert_uint_eq(
			    sts_crc32(0, sts_text(p, n)), crc_by_bits(p, n));
			ck_assert_uint_eq(two, crc_by_bits(p, n));
		}
	}
}
END_TEST

/* Every bit of a head counts, and so does the revision. */
START_TEST(every_bit_of_a_head_counts)
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
	a.version = 0; /* there is no version 0 */
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

/* Heads that this version never writes, with a right CRC. */
static const struct {
	const char *name;
	struct sts_journal_record r;
	bool want;
} heads[] = {
	{ "policy", { 1, true, false, false, 5, 2, 0, 0, 9, 0, 0, 0, 0, 0 },
	    true },
	{ "policy of another gateway",
	    { 1, true, true, true, 5, 2, 0, 0, 9, 0, 0, 0, 0, 0 }, true },
	{ "forget", { 2, false, false, false, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	    true },
	{ "stamp", { 3, false, false, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	    true },
	{ "type 0", { 0, false, false, false, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	    false },
	{ "type 4", { 4, false, false, false, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	    false },
	{ "no domain", { 1, false, false, false, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0 },
	    false },
	{ "domain of 253",
	    { 2, false, false, false, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, true },
	{ "domain of 254",
	    { 2, false, false, false, 254, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, false },
	{ "mode 3", { 1, false, false, false, 5, 3, 0, 0, 9, 0, 0, 0, 0, 0 },
	    false },
	{ "forget with payload",
	    { 2, false, false, false, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0 }, false },
	{ "stamp with domain",
	    { 3, false, false, false, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, false },
	{ "largest payload",
	    { 1, false, false, false, 5, 0, 0, 0, 1 << 24, 0, 0, 0, 0, 0 },
	    true },
	{ "larger payload",
	    { 1, false, false, false, 5, 0, 0, 0, (1 << 24) + 1, 0, 0, 0, 0,
		0 },
	    false },
};

START_TEST(impossible_heads_are_refused)
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
	{ "erases less than a unit", { 1024, 512, 16384, 2, 0 }, 1024, false },
	{ "area below what is erased", { 16, 32768, 16384, 2, 0 }, 1024,
	    false },
	{ "over 4 GB", { 16, 1 << 30, 1 << 30, 4, 0 }, 1024, false },
	{ "buffer no multiple", { 512, 1024, 65536, 2, 0 }, 700, false },
	{ "buffer too small", { 16, 1024, 16384, 2, 0 }, 240, false },
	{ "smallest buffer", { 16, 1024, 16384, 2, 0 }, 256, true },
	{ "buffer below a unit", { 512, 1024, 65536, 2, 0 }, 256, false },
};

START_TEST(impossible_geometries_are_refused)
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

/* What was programmed is read back at once, unless the storage does that
 * itself. */
START_TEST(what_was_programmed_is_read_back)
{
	for (unsigned trusted = 0; trusted < 2; trusted++) {
		struct sts_journal_op op;
		unsigned programmed = 0, read = 0;

		flash_for(0);
		start(0);
		if (trusted) {
			sts_journal_trust(&j);
		}
		run();
		put(3, 1);
		while (sts_journal_busy(&j)) {
			if (sts_journal_next(&j, NOW, &op)) {
				programmed += op.kind == STS_JOURNAL_PROG;
				read += op.kind == STS_JOURNAL_READ;
			}
			sts_journal_step(&j, &f.store, NOW);
		}
		ck_assert_uint_gt(programmed, 0);
		ck_assert_uint_eq(read, trusted ? 0 : programmed);
	}
}
END_TEST

/* What cannot be read back is not written: nothing is put behind it, and the
 * journal goes on in another area. */
START_TEST(not_read_back)
{
	uint32_t area;

	flash_for(0);
	start(0);
	put(3, 1);
	run();
	area = j.area;
	put(4, 1);
	while (!j.check) {
		sts_journal_step(&j, &f.store, NOW);
	}
	f.fail_reads = 1;
	run();
	ck_assert_uint_eq(f.fail_reads, 0);
	ck_assert_uint_ne(j.area, area);
	ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
	off_and_on(0, FLASH_ANY_ORDER);
	ck_assert_uint_eq(held(3), 1);
	ck_assert_uint_eq(held(4), 1);
}
END_TEST

static unsigned syncs;

static int
count_sync(void *ctx)
{
	syncs++;
	return flash_sync(ctx);
}

static void
start_committing(void)
{
	sts_cache_init(&c, block, CACHE_SIZE, key);
	/* Some records are longer than the buffer. */
	ck_assert(sts_journal_init(&j, &geometries[0], &c, buf, 256));
	sts_journal_trust(&j);
}

/* Where the storage programs and syncs in one call, a record ends with such a
 * call, for its last piece if it has several. Then it is on the medium. */
START_TEST(a_record_ends_with_a_committing_call)
{
	for (unsigned version = 1; version < 40; version++) {
		flash_for(0);
		flash_use_commit(&f);
		f.store.sync = count_sync;
		syncs = 0;
		start_committing();
		run();
		put(3, 0);
		run();
		/* a new area: its records, then its head */
		ck_assert_uint_eq(syncs, 1);
		put(3, version);
		run();
		put(4, version);
		run();
		ck_assert_uint_eq(syncs, 1);
		ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
		flash_power_off(&f, FLASH_ANY_ORDER);
		flash_power_on(&f);
		start_committing();
		run();
		ck_assert_uint_eq(held(3), version);
		ck_assert_uint_eq(held(4), version);
	}
}
END_TEST

/* R52: what was held before a restart is held afterwards, on every kind of
 * storage. */
START_TEST(r52_what_was_held_is_held_after_a_restart)
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
		off_and_on((unsigned)_i, FLASH_ANY_ORDER);
		for (unsigned i = 0; i < DOMAINS; i++) {
			ck_assert_uint_eq(held(i), want[i]);
		}
		ck_assert_uint_eq(sts_journal_stamp_s(&j), NOW + 99);
		ck_assert_uint_eq(sts_cache_unsaved_count(&c), 0);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

/* Garbage of any kind is no journal, and is overwritten. */
START_TEST(garbage_is_no_journal)
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
		off_and_on(1, FLASH_IN_ORDER);
		ck_assert_uint_eq(held(3), 1);
	}
}
END_TEST

/* A body longer than the buffer is read in pieces, wherever these end: in the
 * payload, or before the CRC. */
START_TEST(a_body_longer_than_the_buffer_is_read)
{
	uint8_t payload[800], got[sizeof payload];

	for (size_t i = 0; i < sizeof payload; i++) {
		payload[i] = (uint8_t)(i * 7 + i / 256);
	}
	for (size_t n = 0; n <= sizeof payload; n++) {
		struct sts_entry e = entry_of(3, 1);
		struct sts_stage s;
		sts_ref ref;

		flash_for(8);
		for (unsigned i = 0; i < 2; i++) {
			sts_cache_init(&c, block, sizeof block, key);
			ck_assert(
			    sts_journal_init(&j, &geometries[8], &c, buf, 256));
			run();
			if (i == 0) {
				ck_assert(
				    sts_cache_stage(&c, &s, unit_span("a.de")));
				sts_cache_append(&c, &s, payload, n);
				sts_cache_commit(
				    &c, &s, &e, sts_now(NOW, false), &ref);
				run();
			}
		}
		ref = sts_cache_find(&c, unit_span("a.de"));
		ck_assert_uint_ne(ref, 0);
		ck_assert_uint_eq(
		    sts_cache_read(&c, ref, 0, got, sizeof got), n);
		ck_assert(memcmp(got, payload, n) == 0);
		ck_assert_uint_eq(j.lost, 0);
	}
}
END_TEST

/* After the last record every octet counts: if a single bit of one is not
 * erased, nothing is written after that record. */
START_TEST(nothing_is_written_after_octets_not_erased)
{
	uint32_t from, end;

	flash_for(0);
	start(0);
	put(3, 1);
	run();
	end = (j.area + 1) * geometries[0].area_size;
	from = end - geometries[0].area_size + j.pos;
	for (uint32_t at = from; at <= end; at++) {
		uint8_t bit = (uint8_t)(at < end ? 1 << at % 8 : 0);

		f.now[at] ^= bit;
		start(0);
		run();
		ck_assert_uint_eq(held(3), 1);
		ck_assert_int_eq(j.dirty, bit != 0);
		f.now[at] ^= bit;
	}
}
END_TEST

/* What is behind the last record cannot be read: nothing is put there, and the
 * journal goes on in another area. */
START_TEST(rest_not_readable)
{
	flash_for(0);
	start(0);
	put(3, 1);
	run();
	flash_power_on(&f);
	start(0);
	while (j.stage != STS_STAGE_REST) {
		sts_journal_step(&j, &f.store, NOW);
	}
	f.fail_reads = 1;
	run();
	ck_assert_uint_eq(f.fail_reads, 0);
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	ck_assert(j.dirty);
	put(4, 1);
	run();
	ck_assert(!j.dirty);
	off_and_on(0, FLASH_ANY_ORDER);
	ck_assert_uint_eq(held(3), 1);
	ck_assert_uint_eq(held(4), 1);
}
END_TEST

/* A record whose lengths lead beyond its area ends the journal, and counts as
 * lost, as one whose body is damaged does. */
START_TEST(a_record_over_the_end_ends_the_journal)
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
		ck_assert_uint_eq(j.lost, 1);
		put(1, 1);
		run();
	}
}
END_TEST

/* A new medium comes erased or as zeros, and nothing of it is lost, nor later of
 * the areas that were not needed yet; what else stands there may have been a
 * journal. */
START_TEST(nothing_of_a_new_medium_is_lost)
{
	static const struct {
		uint8_t octet;
		bool lost;
	} media[] = { { 0xff, false }, { 0, false }, { 0x5a, true } };

	for (size_t i = 0; i < UNIT_COUNT(media); i++) {
		flash_for(1);
		memset(f.synced, media[i].octet, sizeof f.synced);
		flash_power_on(&f);
		start(1);
		run();
		ck_assert_int_eq(j.lost > 0, media[i].lost);
		put(1, 1);
		run();
		off_and_on(1, FLASH_ANY_ORDER);
		ck_assert_int_eq(j.lost > 0, media[i].lost);
		ck_assert_uint_eq(held(1), 1);
		for (unsigned k = 0; k < geometries[1].area_count; k++) {
			sts_journal_compact(&j);
			run();
		}
		off_and_on(1, FLASH_ANY_ORDER);
		ck_assert_uint_eq(j.lost, 0);
		ck_assert_uint_eq(held(1), 1);
	}
}
END_TEST

/* A journal of a newer format is not changed. */
START_TEST(a_newer_format_is_not_changed)
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
	/* Nor can it be told to forget: the order would be lost. */
	ck_assert(
	    !sts_journal_forget(&j, unit_span(name_of(1)), STS_FORGET_ORDERED));
}
END_TEST

/* An area in units that no area has is garbage, whatever its CRC says. */
START_TEST(units_of_no_area)
{
	const uint32_t half = geometries[1].area_size / 2;
	const uint32_t units[] = { 0, half, half + 1, UINT32_MAX };

	for (size_t i = 0; i < UNIT_COUNT(units); i++) {
		struct sts_journal_area a = { STS_JOURNAL_VERSION, 5, 0,
			units[i], 0 };

		flash_for(1);
		sts_journal_put_area(f.synced, &a);
		flash_power_on(&f);
		start(1);
		run();
		unit_int("area", j.area,
		    units[i] == half ? 0 : geometries[1].area_count);
		put(1, 1);
		run();
		off_and_on(1, FLASH_ANY_ORDER);
		ck_assert_uint_eq(held(1), 1);
	}
}
END_TEST

/* Nothing is written to a storage that could not hold everything. What it has
 * is read, and is written once the storage has grown. */
START_TEST(a_storage_too_small_is_read_and_may_grow)
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
	ck_assert(
	    sts_journal_forget(&j, unit_span(name_of(2)), STS_FORGET_ORDERED));
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

/* Over the day's budget a newer version waits for the next day. A first version
 * does not. */
START_TEST(newer_versions_wait_for_the_days_budget)
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

/* Policies that were protected are protected again, whatever guests come before
 * them in the journal. */
START_TEST(protected_policies_are_protected_again)
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
		sts_cache_commit(&c, &s, &e, sts_now(NOW, true), &ref);
		was[i] = sts_cache_protected(&c, ref);
		guests += !was[i];
		run();
		if (i == 60) {
			/* Make room for a policy that comes after guests. */
			sts_cache_remove(&c,
			    sts_cache_find(&c, unit_span("m.org3.example")));
			ck_assert(sts_journal_forget(&j,
			    unit_span("m.org3.example"), STS_FORGET_ORDERED));
			was[3] = false;
			run();
		}
	}
	ck_assert_uint_gt(guests, 100);
	off_and_on(1, FLASH_IN_ORDER);
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

/* A policy that had expired at the newest stamp is expired, and takes no
 * protected room. */
START_TEST(a_policy_expired_at_the_stamp_is_expired)
{
	struct sts_cache_stats s;

	flash_for(1);
	start(1);
	put(2, 0); /* of mode enforce */
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

/* Whether fill's policy number i is held and protected. */
static bool
is_protected(unsigned i)
{
	char name[40];
	sts_ref ref;

	snprintf(name, sizeof name, "m.org%u.example", i);
	ref = sts_cache_find(&c, unit_span(name));
	return ref != 0 && sts_cache_protected(&c, ref);
}

/* Put one enforce policy for each organisation from `first` up to `last`, as
 * long as there is protected room. Returns the number of the first that found
 * none, or last. */
static unsigned
fill(unsigned first, unsigned last, uint32_t fetched_s, uint32_t max_age_s)
{
	for (unsigned i = first; i < last; i++) {
		struct sts_entry e = entry_of(0, 0);
		struct sts_stage s;
		char name[40];
		sts_ref ref;

		e.mode = STS_MODE_ENFORCE;
		e.fetched_s = fetched_s;
		e.max_age_s = max_age_s;
		e.refresh_s = 0;
		snprintf(name, sizeof name, "m.org%u.example", i);
		ck_assert(sts_cache_stage(&c, &s, unit_span(name)));
		sts_cache_commit(&c, &s, &e, sts_now(fetched_s, true), &ref);
		run();
		if (!is_protected(i)) {
			return i;
		}
	}
	return last;
}

/*
 * Policies with a short life expire, others get their room, and the power fails
 * before there is a stamp. The others get the room again: those that were
 * fetched when it was free, and one that had waited for it as a guest.
 */
START_TEST(room_of_expired_policies_stays_given_away)
{
	uint32_t later_s = NOW + 4000;
	unsigned guest, end;

	flash_for(1);
	start(1);
	run();
	guest = fill(0, 1000, NOW, 3600) + 1;
	ck_assert_uint_gt(guest, 20);
	ck_assert_uint_eq(fill(guest, 1000, NOW + 10, 30 * DAY), guest);
	sts_cache_sweep(&c, c.chunks.count, sts_now(later_s, true));
	/* Room that is given up is free after the next save. */
	put(0, 0);
	run();
	end = fill(guest + 1, guest + 21, later_s, 30 * DAY);
	ck_assert_uint_eq(end, guest + 21);
	/* Twice, since it stops at the policy whose refresh is due. */
	sts_cache_sweep(&c, c.chunks.count, sts_now(later_s, true));
	sts_cache_sweep(&c, c.chunks.count, sts_now(later_s, true));
	run();
	ck_assert(is_protected(guest));
	off_and_on(1, FLASH_IN_ORDER);
	ck_assert_uint_eq(sts_journal_stamp_s(&j), 0);
	for (unsigned i = guest; i < end; i++) {
		ck_assert(is_protected(i));
	}
	ck_assert(sts_cache_check(&c));
}
END_TEST

/* The operator's order outlives restarts, compactions and stamps, in each
 * geometry, until it is taken back. An order given while the journal is read is
 * newer than one that the journal has. */
START_TEST(the_operators_order_outlives_restarts)
{
	flash_for((unsigned)_i);
	start((unsigned)_i);
	run();
	ck_assert_uint_eq(sts_journal_off_s(&j), 0);
	sts_journal_set_off(&j, NOW + 5);
	ck_assert(!sts_journal_forgotten(&j));
	run();
	ck_assert(sts_journal_forgotten(&j));
	sts_journal_stamp(&j, NOW + 99);
	run();
	start((unsigned)_i);
	run();
	ck_assert_uint_eq(sts_journal_off_s(&j), NOW + 5);
	for (unsigned i = 0; i < 3; i++) {
		put(i, 1);
		sts_journal_compact(&j);
		run();
		start((unsigned)_i);
		run();
		ck_assert_uint_eq(sts_journal_off_s(&j), NOW + 5);
	}
	start((unsigned)_i);
	sts_journal_set_off(&j, NOW + 7);
	run();
	ck_assert_uint_eq(sts_journal_off_s(&j), NOW + 7);
	start((unsigned)_i);
	sts_journal_set_off(&j, 0);
	sts_journal_compact(&j);
	run();
	start((unsigned)_i);
	run();
	ck_assert_uint_eq(sts_journal_off_s(&j), 0);
}
END_TEST

/* A wrong stamp is taken back, by writing everything anew. */
START_TEST(a_wrong_stamp_is_taken_back)
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
	off_and_on(1, FLASH_IN_ORDER);
	ck_assert_uint_eq(sts_journal_stamp_s(&j), NOW);
	ck_assert_uint_eq(sts_journal_since_s(&j), NOW - 5);
	ck_assert_uint_eq(held(2), 1);
	ck_assert_uint_eq(held(5), 1);
}
END_TEST

/* What this run learned before the journal was read is newer than what the
 * journal has. */
START_TEST(what_was_learned_meanwhile_is_newer)
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
	/* By a clock that is behind, it is the older one. */
	flash_power_on(&f);
	start(1);
	put(2, 2);
	run();
	ck_assert_uint_eq(held(2), 3);
	ck_assert_uint_eq(held(5), 9);
}
END_TEST

/* An order to forget that stands in the journal is older than a policy of this
 * run. What else is held of the domain goes with it. */
START_TEST(learned_before_an_order)
{
	for (unsigned learned = 0; learned < 2; learned++) {
		flash_for(1);
		start(1);
		put(5, 9);
		run();
		ck_assert(sts_journal_forget(
		    &j, unit_span(name_of(2)), STS_FORGET_ORDERED));
		run();
		flash_power_on(&f);
		start(1);
		if (learned) {
			put(2, 3);
		} else {
			struct sts_entry e = { 0 };
			struct sts_stage s;
			sts_ref ref;

			e.kind = STS_KIND_ABSENT;
			ck_assert(
			    sts_cache_stage(&c, &s, unit_span(name_of(2))));
			sts_cache_commit(&c, &s, &e, sts_now(NOW, true), &ref);
		}
		run();
		ck_assert_uint_eq(held(2), learned ? 3 : FORGOTTEN);
		ck_assert_uint_eq(held(5), 9);
	}
}
END_TEST

/* Stages of others take all the room that stages have: what cannot be restored
 * is counted as lost, and new policies are written. */
START_TEST(no_room_to_restore)
{
	struct sts_stage s[CACHE_SIZE / STS_CHUNK_SIZE];
	unsigned n = 0;

	flash_for(1);
	start(1);
	put(2, 1);
	put(5, 9);
	run();
	flash_power_on(&f);
	start(1);
	while (sts_cache_stage(&c, &s[n], unit_span("other.example"))) {
		ck_assert_uint_lt(++n, UNIT_COUNT(s));
	}
	run();
	unit_int("lost", j.lost, 2);
	ck_assert_uint_eq(held(2), FORGOTTEN);
	while (n > 0) {
		sts_cache_abandon(&c, &s[--n]);
	}
	put(5, 10);
	run();
	off_and_on(1, FLASH_ANY_ORDER);
	ck_assert_uint_eq(held(5), 10);
	ck_assert(sts_cache_check(&c));
}
END_TEST

static struct sts_text
long_name(unsigned len)
{
	static uint8_t name[STS_NAME_MAX];

	for (unsigned i = 0; i < len; i++) {
		name[i] = i % 60 == 59 ? '.' : 'a';
	}
	return sts_text(name, len);
}

static void
put_long(unsigned len)
{
	static const uint8_t payload[5] = { 1, 2, 3, 4, 5 };
	struct sts_entry e = entry_of(1, 1);
	struct sts_stage s;
	sts_ref ref;

	ck_assert(sts_cache_stage(&c, &s, long_name(len)));
	ck_assert(sts_cache_append(&c, &s, payload, 5));
	sts_cache_commit(&c, &s, &e, sts_now(NOW, true), &ref);
}

static bool
holds_long(unsigned len)
{
	return sts_cache_find(&c, long_name(len)) != 0;
}

/* A record under a name that no question can have, as an earlier build could
 * take from a fleet, costs no other record. */
START_TEST(a_name_of_no_question_costs_no_other_record)
{
	static const unsigned lengths[] = { STS_DOMAIN_MAX, STS_DOMAIN_MAX + 1,
		STS_NAME_MAX };

	for (unsigned g = 0; g < UNIT_COUNT(geometries); g++) {
		flash_for(g);
		start(g);
		put(2, 1);
		run();
		for (unsigned i = 0; i < UNIT_COUNT(lengths); i++) {
			put_long(lengths[i]);
			run();
		}
		put(5, 1);
		run();
		off_and_on(g, FLASH_ANY_ORDER);
		ck_assert_uint_eq(held(2), 1);
		ck_assert_uint_eq(held(5), 1);
		ck_assert(holds_long(lengths[0]));
		ck_assert(!holds_long(lengths[1]));
		ck_assert(!holds_long(lengths[2]));
		ck_assert_uint_eq(j.lost, 0);
	}
}
END_TEST

/* A domain is removed and learned again, while the cache is being copied. */
START_TEST(a_domain_may_be_forgotten_and_learned_again)
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
		ck_assert(sts_journal_forget(
		    &j, unit_span(name_of(4)), STS_FORGET_ORDERED));
		ref = sts_cache_find(&c, unit_span(name_of(7)));
		sts_cache_remove(&c, ref);
		put(4, 2);
		run();
		ck_assert(sts_journal_forget(
		    &j, unit_span(name_of(7)), STS_FORGET_ORDERED));
		run();
		off_and_on(1, FLASH_ANY_ORDER);
		ck_assert_uint_eq(held(4), 2);
		ck_assert_uint_eq(held(7), FORGOTTEN);
	}
}
END_TEST

/* Nothing is written that the medium has already. A refresh that changed only
 * times costs one record of the policy's size. */
START_TEST(nothing_is_written_twice)
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
	sts_cache_set(&c, ref, &e, sts_now(NOW + 1, true));
	sts_cache_sweep(&c, 1000, sts_now(NOW + 2, true));
	run();
	ck_assert_uint_eq(f.ops, ops);
	off_and_on(1, FLASH_ANY_ORDER);
	ck_assert_uint_eq(f.ops, 0);
	written = j.written;
	put(2, 1);
	run();
	size += (uint32_t)(strlen(name_of(2)) + (2 * 37 + 11) % PAYLOAD_MAX);
	ck_assert_uint_eq(j.written - written, sts_journal_padded(size, 16));
	/* one call for the octets, and one to sync */
	ck_assert_uint_eq(f.ops, 2);
}
END_TEST

/* A journal written in other units is read, and is moved to another area before
 * it grows. */
START_TEST(a_journal_in_other_units_is_read_and_moved)
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

START_TEST(the_smallest_area_grows_with_the_cache)
{
	ck_assert_uint_eq(sts_journal_area_min(UINT32_MAX, 65536), UINT32_MAX);
	ck_assert_uint_gt(
	    sts_journal_area_min(1000, 256), sts_journal_area_min(1000, 1));
	ck_assert_uint_gt(
	    sts_journal_area_min(1000, 1), 1000 * (STS_CHUNK_SIZE - 5));
}
END_TEST

/* A domain that is forgotten before the journal is read does not come back. */
START_TEST(a_domain_forgotten_meanwhile_stays_away)
{
	flash_for(1);
	start(1);
	put(2, 1);
	put(5, 9);
	run();
	for (unsigned i = 0; i < 2; i++) {
		flash_power_on(&f);
		start(1);
		if (i == 0) {
			ck_assert(sts_journal_forget(
			    &j, unit_span(name_of(2)), STS_FORGET_ORDERED));
			ck_assert(!sts_journal_forgotten(&j));
		}
		run();
		ck_assert(sts_journal_forgotten(&j));
		ck_assert_uint_eq(held(2), FORGOTTEN);
		ck_assert_uint_eq(held(5), 9);
		flash_power_off(&f, FLASH_IN_ORDER);
	}
}
END_TEST

/* Strangers may take half of the room of the domains that wait to be forgotten,
 * with one name as with many: the longest one finds a place for the operator
 * whatever they do, and theirs waits as well once there is room again. */
START_TEST(no_stranger_takes_the_operators_place)
{
	static uint8_t name[STS_DOMAIN_MAX], longest[STS_DOMAIN_MAX];
	const struct sts_text order = sts_text(longest, sizeof longest);

	memset(longest, 'o', sizeof longest);
	memset(name, 'a', sizeof name);
	for (unsigned len = 1; len <= STS_DOMAIN_MAX; len++) {
		const unsigned fit =
		    STS_JOURNAL_FORGET_PUBLISHED_MAX / (len + 1);

		unsigned noted = 0;

		flash_for(1);
		start(1);
		for (unsigned i = 0; i <= fit; i++) {
			name[0] = (uint8_t)(1 + i);
			noted += sts_journal_forget(
			    &j, sts_text(name, len), STS_FORGET_PUBLISHED);
		}
		unit_int("strangers' noted", noted, fit);
		ck_assert(sts_journal_forget(&j, order, STS_FORGET_ORDERED));
		ck_assert(sts_journal_forgets(&j, order));
		run();
		ck_assert(sts_journal_forgotten(&j));
		ck_assert(sts_journal_forget(
		    &j, sts_text(name, len), STS_FORGET_PUBLISHED));
	}
}
END_TEST

/* If the body of the nth record can never be read, that record alone is lost,
 * and the loss is reported. */
START_TEST(an_unreadable_body_costs_one_record)
{
	static const struct {
		unsigned domain, version;
	} written[] = { { 2, 1 }, { 5, 9 }, { 7, 3 } };

	for (unsigned nth = 0; nth < UNIT_COUNT(written); nth++) {
		unsigned records = 0, missing = 0;
		uint32_t pos = 0;

		flash_for(1);
		start(1);
		for (size_t i = 0; i < UNIT_COUNT(written); i++) {
			put(written[i].domain, written[i].version);
		}
		run();
		flash_power_on(&f);
		start(1);
		for (unsigned i = 0; i < STEPS_MAX / 100; i++) {
			if (j.stage == STS_STAGE_BODY && j.pos != pos) {
				records++;
				pos = j.pos;
			}
			f.fail_reads =
			    j.stage == STS_STAGE_BODY && records == nth + 1;
			sts_journal_retry(&j);
			sts_journal_step(&j, &f.store, NOW);
		}
		f.fail_reads = 0;
		for (size_t i = 0; i < UNIT_COUNT(written); i++) {
			unsigned got = held(written[i].domain);

			ck_assert(
			    got == written[i].version || got == FORGOTTEN);
			missing += got == FORGOTTEN;
		}
		unit_int("bodies read", records, UNIT_COUNT(written));
		unit_int("domains missing", missing, 1);
		unit_int("records lost", j.lost, 1);
		ck_assert(sts_cache_check(&c));
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	int n = (int)UNIT_COUNT(geometries);

	tcase_add_test(tc, crc32_gives_the_published_values);
	tcase_add_test(tc, crc32_follows_its_definition);
	tcase_add_test(tc, every_bit_of_a_head_counts);
	tcase_add_test(tc, impossible_heads_are_refused);
	tcase_add_test(tc, impossible_geometries_are_refused);
	tcase_add_test(tc, what_was_programmed_is_read_back);
	tcase_add_test(tc, not_read_back);
	tcase_add_test(tc, a_record_ends_with_a_committing_call);
	tcase_add_loop_test(
	    tc, r52_what_was_held_is_held_after_a_restart, 0, n);
	tcase_add_test(tc, garbage_is_no_journal);
	tcase_add_test(tc, a_body_longer_than_the_buffer_is_read);
	tcase_add_test(tc, nothing_is_written_after_octets_not_erased);
	tcase_add_test(tc, rest_not_readable);
	tcase_add_test(tc, a_record_over_the_end_ends_the_journal);
	tcase_add_test(tc, nothing_of_a_new_medium_is_lost);
	tcase_add_test(tc, a_newer_format_is_not_changed);
	tcase_add_test(tc, units_of_no_area);
	tcase_add_test(tc, a_storage_too_small_is_read_and_may_grow);
	tcase_add_test(tc, newer_versions_wait_for_the_days_budget);
	tcase_add_test(tc, protected_policies_are_protected_again);
	tcase_add_test(tc, a_policy_expired_at_the_stamp_is_expired);
	tcase_add_test(tc, room_of_expired_policies_stays_given_away);
	tcase_add_loop_test(tc, the_operators_order_outlives_restarts, 0,
	    UNIT_COUNT(geometries));
	tcase_add_test(tc, a_wrong_stamp_is_taken_back);
	tcase_add_test(tc, what_was_learned_meanwhile_is_newer);
	tcase_add_test(tc, learned_before_an_order);
	tcase_add_test(tc, a_name_of_no_question_costs_no_other_record);
	tcase_add_test(tc, a_domain_may_be_forgotten_and_learned_again);
	tcase_add_test(tc, nothing_is_written_twice);
	tcase_add_test(tc, a_journal_in_other_units_is_read_and_moved);
	tcase_add_test(tc, the_smallest_area_grows_with_the_cache);
	tcase_add_test(tc, a_domain_forgotten_meanwhile_stays_away);
	tcase_add_test(tc, no_stranger_takes_the_operators_place);
	tcase_add_test(tc, an_unreadable_body_costs_one_record);
	tcase_add_test(tc, no_room_to_restore);
}
