/* SPDX-License-Identifier: MIT */
/*
 * Configuration lines: "z..." is a zone, "o..." an override, anything else a
 * socketmap name. A refused line changes nothing; an accepted line is found,
 * and its answer is one line of printable text.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/answer/postfix.h"
#include "../../core/client/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_zones z, before;

static void
check_override(const struct sts_override *o)
{
	static uint8_t out[STS_OVERRIDES_TEXT + 16];
	struct sts_answer answer = { STS_ANSWER_OVERRIDE, STS_RULE_OVERRIDE,
		STS_WHY_OVERRIDE, false, 0, o, NULL };
	struct sts_key k;
	struct sts_reply r;
	unsigned open = 0;

	memset(&k, 0, sizeof k);
	k.len = o->domain_len;
	memcpy(k.domain, z.text + o->domain_off, k.len);
	k.bracketed = o->bracketed;
	k.port = o->port;
	STS_ASSERT(sts_zones_override_find(&z, &k) == o);
	if (o->action != STS_OVERRIDE_POSTFIX) {
		return;
	}
	STS_ASSERT(
	    sts_postfix_check(sts_override_value(&z, o)) == STS_POSTFIX_OK);
	sts_reply_init(&r, NULL, &z, &z.zone[0], &answer);
	STS_ASSERT(r.len > 3);
	STS_ASSERT(sts_reply_render(&r, 0, sts_span(out, sizeof out)) == r.len);
	for (size_t i = 0; i < r.len; i++) {
		STS_ASSERT(out[i] >= 0x20 && out[i] <= 0x7e);
		open += (unsigned)(out[i] == '{') - (unsigned)(out[i] == '}');
		STS_ASSERT(open <= 1);
	}
	STS_ASSERT(open == 0);
}

static void
check_zone(const struct sts_zone *zone)
{
	bool known = false;

	STS_ASSERT(zone->name_len >= 1);
	STS_ASSERT(zone->name_len <= STS_ZONE_NAME_MAX);
	STS_ASSERT(zone->answer_within_ms >= 1);
	STS_ASSERT(zone->answer_within_ms <= STS_ANSWER_WITHIN_MAX_MS);
	STS_ASSERT(sts_zones_find(&z, sts_text(zone->name, zone->name_len),
		       &known) == zone);
	STS_ASSERT(known);
}

static void
take_line(struct sts_text line)
{
	bool known;
	unsigned e = STS_ZONES_OK;
	struct sts_text rest = { line.p + 1, line.n - 1 };

	before = z;
	if (line.p[0] == 'z') {
		e = sts_zones_add(&z, rest);
	} else if (line.p[0] == 'o') {
		e = sts_zones_override(&z, rest);
	} else {
		const struct sts_zone *zone = sts_zones_find(&z, line, &known);

		STS_ASSERT(zone >= z.zone && zone < z.zone + z.count);
	}
	STS_ASSERT(e < STS_ZONES_ERROR_COUNT);
	STS_ASSERT(e == STS_ZONES_OK || memcmp(&z, &before, sizeof z) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t start = 0;

	sts_zones_init(&z, 12000, 30000);
	for (size_t i = 0; i <= size; i++) {
		if (i == size || data[i] == '\n') {
			if (i > start) {
				take_line(sts_text(data + start, i - start));
			}
			start = i + 1;
		}
	}
	for (unsigned i = 0; i < z.overrides; i++) {
		check_override(&z.override[i]);
	}
	for (unsigned i = 0; i < z.count; i++) {
		check_zone(&z.zone[i]);
	}
	return 0;
}
