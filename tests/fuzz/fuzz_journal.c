/* SPDX-License-Identifier: MIT */
/*
 * A medium with any content. The first byte chooses. Even: the rest is the
 * medium itself. Odd: the rest describes records that get right CRCs, seven
 * bytes each (type, flags, domain length, mode, payload length, damage), so
 * that loading sees more than wrong sums.
 *
 * Whatever the content is: loading ends, stays within the medium and leaves the
 * cache in order, and records written afterwards are there after a restart.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/crc32.h"
#include "../../core/journal/journal.h"
#include "../unit/flash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	UNIT = 16,
	AREA = 8192,
	CACHE = 4096,
	STEPS_MAX = 20000,
	DESCRIPTION = 7
};

static struct flash f;
static struct sts_cache c;
static struct sts_journal j;
static uint8_t block[CACHE], buf[256];

static void
expect(bool ok)
{
	if (!ok) {
		abort();
	}
}

static void
start_and_run(void)
{
	static const struct sts_journal_geometry g = { UNIT, 1024, AREA, 2, 0 };
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 };
	unsigned steps = 0;

	sts_cache_init(&c, block, sizeof block, key);
	expect(sts_journal_init(&j, &g, &c, buf, sizeof buf));
	do {
		sts_journal_step(&j, &f.store, 1800000000);
		expect(++steps < STEPS_MAX);
	} while (sts_journal_busy(&j));
	expect(!f.broken);
	expect(sts_cache_check(&c));
}

/* Write one described record at pos. Returns the place of the next one, or
 * AREA. */
static uint32_t
describe(uint32_t pos, const uint8_t *d)
{
	struct sts_journal_record r;
	uint32_t body, len, crc;

	memset(&r, 0, sizeof r);
	r.type = d[0] % 5;
	r.protected = d[1] & 1;
	r.proved = d[1] & 2;
	r.domain_len = d[2];
	r.mode = d[3] % 4;
	r.payload_len = sts_get16le(d + 4);
	r.fetched_s = 1790000000 + d[3];
	r.max_age_s = (uint32_t)d[1] << 12;
	r.stamp_s = d[0] > 128 ? 1795000000 : 0;
	body = r.domain_len + r.payload_len;
	len = sts_journal_padded(sts_journal_record_len(&r), UNIT);
	if (len > AREA - pos) {
		len = AREA - pos;
		body = len > 36 ? len - 36 : 0;
	}
	if (len < STS_JOURNAL_HEAD + STS_JOURNAL_CRC) {
		return AREA;
	}
	sts_journal_put_record(f.synced + pos, &r, 7);
	memset(f.synced + pos + STS_JOURNAL_HEAD, 'a' + d[2] % 26, body);
	crc = sts_crc32(sts_journal_body_crc(&r),
	    sts_text(f.synced + pos + STS_JOURNAL_HEAD, body));
	sts_put32le(f.synced + pos + STS_JOURNAL_HEAD + body, crc);
	if (d[6] > 200) {
		f.synced[pos + d[6] % len] ^= d[6];
	}
	return pos + len;
}

static void
describe_all(const uint8_t *data, size_t size)
{
	struct sts_journal_area a = { STS_JOURNAL_VERSION, 7, 0, UNIT, 0 };
	uint32_t pos = STS_JOURNAL_HEAD;

	sts_journal_put_area(f.synced, &a);
	while (size >= DESCRIPTION && pos < AREA) {
		pos = describe(pos, data);
		data += DESCRIPTION;
		size -= DESCRIPTION;
	}
}

static void
put_one(void)
{
	static const uint8_t name[] = "put.example";
	struct sts_text domain = sts_text(name, sizeof name - 1);
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.fetched_s = 1800000000;
	e.max_age_s = 86400;
	expect(sts_cache_stage(&c, &s, domain));
	expect(sts_cache_append(&c, &s, name, sizeof name));
	sts_cache_commit(&c, &s, &e, sts_now(1800000000, true), &ref);
	while (sts_journal_busy(&j)) {
		sts_journal_step(&j, &f.store, 1800000000);
	}
	flash_power_off(&f, FLASH_ANY_ORDER);
	flash_power_on(&f);
	start_and_run();
	expect(sts_journal_state(&j) == STS_JOURNAL_NEWER ||
	       sts_cache_find(&c, domain) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	flash_init(&f, UNIT, 1024, AREA, 2);
	if (data[0] % 2 != 0) {
		describe_all(data + 1, size - 1);
	} else {
		memcpy(f.synced, data + 1,
		    size - 1 < 2 * AREA ? size - 1 : 2 * AREA);
	}
	flash_power_on(&f);
	start_and_run();
	if (sts_journal_state(&j) == STS_JOURNAL_READY) {
		put_one();
	}
	return 0;
}
