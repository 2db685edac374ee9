/* SPDX-License-Identifier: MIT */
/*
 * The journal's codec: what is written can be read, and nothing is read that
 * could not have been written.
 */
#include "prove.h"

#include "../../core/journal/journal_format.c"

/* Stands for the CRC: the proofs need only that it is a function of the
 * octets. */
uint32_t __CPROVER_uninterpreted_crc(
    uint32_t c, uint64_t a, uint64_t b, uint64_t d, uint32_t e);

/* Eight octets of t from `at`, fewer at its end. */
static uint64_t
octets(struct sts_text t, size_t at)
{
	uint64_t v = 0;

	for (size_t i = at; i < at + 8; i++) {
		v = v << 8 | (i < t.n ? t.p[i] : 0);
	}
	return v;
}

uint32_t
crc32_contract(uint32_t c, struct sts_text t)
{
	PROVE(readable(t));
	PROVE(t.n == CRC_AT || t.n == 4);
	return __CPROVER_uninterpreted_crc(c, octets(t, 0), octets(t, 8),
	    octets(t, 16), (uint32_t)(octets(t, 24) >> 32));
}

static bool
same_record(
    const struct sts_journal_record *a, const struct sts_journal_record *b)
{
	return a->type == b->type && a->protected == b->protected &&
	       a->proved == b->proved && a->domain_len == b->domain_len &&
	       a->mode == b->mode && a->mx_count == b->mx_count &&
	       a->asked_day == b->asked_day &&
	       a->payload_len == b->payload_len && a->stamp_s == b->stamp_s &&
	       a->fetched_s == b->fetched_s && a->max_age_s == b->max_age_s &&
	       a->refresh_s == b->refresh_s && a->crc == b->crc;
}

/*
 * @bound any record, any revision
 * @cut sts_crc32 crc32_contract
 * @allow conversion: integers are split into octets
 * @loop octets.0 9: octets
 */
void
prove_record_round(void)
{
	uint8_t out[STS_JOURNAL_HEAD];
	struct sts_journal_record r, back;
	uint32_t revision = nondet_u32();
	uint8_t flags;

	r.protected = nondet_bool();
	r.proved = nondet_bool();
	flags = (uint8_t)(r.protected * PROTECTED | r.proved * PROVED);
	sts_journal_put_record(out, &r, revision);
	PROVE(sts_journal_get_record(out, &back, revision) ==
	      possible(&r, flags));
	PROVE(same_record(&r, &back));
}

/*
 * @bound any octets, any revision
 * @cut sts_crc32 crc32_contract
 * @allow conversion: integers are split into octets
 * @loop octets.0 9: octets
 */
void
prove_record_head(void)
{
	uint8_t in[STS_JOURNAL_HEAD], out[STS_JOURNAL_HEAD];
	struct sts_journal_record r;
	uint32_t revision = nondet_u32();
	size_t i = nondet_size();

	ASSUME(i < STS_JOURNAL_HEAD);
	if (!sts_journal_get_record(in, &r, revision)) {
		return;
	}
	PROVE(r.domain_len <= STS_NAME_MAX);
	PROVE(r.payload_len <= STS_JOURNAL_PAYLOAD_MAX);
	PROVE(sts_journal_record_len(&r) <= STS_JOURNAL_HEAD + STS_NAME_MAX +
						STS_JOURNAL_PAYLOAD_MAX +
						STS_JOURNAL_CRC);
	sts_journal_put_record(out, &r, revision);
	PROVE(out[i] == in[i]);
}

/*
 * @bound any area
 * @cut sts_crc32 crc32_contract
 * @allow conversion: integers are split into octets
 * @loop octets.0 9: octets
 * @loop memcmp.0 9: the magic's octets
 */
void
prove_area_round(void)
{
	uint8_t out[STS_JOURNAL_HEAD];
	struct sts_journal_area a, back;

	sts_journal_put_area(out, &a);
	PROVE(sts_journal_get_area(out, &back) == (a.version != 0));
	PROVE(a.version == 0 ||
	      (back.version == a.version && back.revision == a.revision &&
		  back.stamp_s == a.stamp_s && back.prog_size == a.prog_size &&
		  back.since_s == a.since_s));
}

/*
 * @bound any octets
 * @cut sts_crc32 crc32_contract
 * @allow conversion: integers are split into octets
 * @loop octets.0 9: octets
 * @loop memcmp.0 9: the magic's octets
 */
void
prove_area_head(void)
{
	uint8_t in[STS_JOURNAL_HEAD];
	struct sts_journal_area a;

	PROVE(!sts_journal_get_area(in, &a) || a.version != 0);
}

/*
 * @bound records as long as they can be, units of up to 4096 octets
 */
void
prove_padded(void)
{
	uint32_t n = nondet_u32(), unit = nondet_u32(), padded;

	ASSUME(unit >= 1 && unit <= 4096);
	ASSUME(n <= STS_JOURNAL_HEAD + STS_NAME_MAX + STS_JOURNAL_PAYLOAD_MAX +
			STS_JOURNAL_CRC);
	padded = sts_journal_padded(n, unit);
	PROVE(padded >= n && padded - n < unit);
}
