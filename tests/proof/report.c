/* SPDX-License-Identifier: MIT */
/* Deflate, an octet at a time. */
#include "prove.h"

#include "../../core/report/report_gzip.c"

/* Stands for sums and hashes, of which only the range matters here. */
uint32_t
any_sum(uint32_t crc, struct sts_text t)
{
	(void)crc;
	(void)t;
	return nondet_u32();
}

unsigned
any_head(const uint8_t three[3])
{
	(void)three;
	return nondet_u8();
}

uint8_t
any_past(const struct sts_gzip *z, uint32_t back)
{
	(void)z;
	(void)back;
	return nondet_u8();
}

/*
 * @bound any place: what is read lies within the window
 * @allow unsigned-overflow: places in the text wrap
 */
void
prove_gzip_past(void)
{
	struct sts_gzip z;
	uint32_t back = nondet_u32();
	uint8_t c = past(&z, back);

	PROVE(c == z.window[(uint32_t)(z.total - back) % STS_GZIP_WINDOW]);
}

/*
 * @bound any three octets: the place of their hash is one of the table's
 * @allow unsigned-overflow: a hash wraps
 */
void
prove_gzip_hash(void)
{
	const uint8_t three[3] = { nondet_u8(), nondet_u8(), nondet_u8() };

	PROVE(hash(three) < STS_GZIP_HEADS);
}

/* The invariant between two octets of the text. */
static bool
gzip_holds(const struct sts_gzip *z)
{
	bool match = z->match_len > 0;

	return z->stage == BODY && z->bit_count < 8 && z->pending <= 2 &&
	       z->total >= z->pending &&
	       (match ? z->match_len >= MATCH_MIN &&
			    z->match_len <= STS_GZIP_MATCH_MAX &&
			    z->match_distance >= 1 &&
			    z->match_distance <= STS_GZIP_DISTANCE_MAX &&
			    z->pending == 0
		      : z->match_distance == 0) &&
	       (match || z->total < 2 || z->pending == 2) &&
	       z->last_distance <= STS_GZIP_DISTANCE_MAX;
}

/*
 * @bound any octet in any state: a match that is found lies within the window
 * @cut hash any_head
 * @cut past any_past
 * @allow unsigned-overflow: places in the text wrap
 * @allow conversion: of a place in the text the low 16 bits are kept
 */
void
prove_gzip_look(void)
{
	struct sts_gzip z;
	unsigned distance;

	ASSUME(z.total >= 2);
	ASSUME(z.last_distance <= STS_GZIP_DISTANCE_MAX);
	distance = look(&z, nondet_u8());
	PROVE(distance <= STS_GZIP_DISTANCE_MAX);
	PROVE(distance <= z.total);
}

unsigned
look_contract(struct sts_gzip *z, uint8_t c)
{
	unsigned distance = nondet_u16();

	(void)c;
	PROVE(z->total >= 2);
	PROVE(z->last_distance <= STS_GZIP_DISTANCE_MAX);
	ASSUME(distance <= STS_GZIP_DISTANCE_MAX && distance <= z->total);
	return distance;
}

/*
 * @bound any octet in any state, so texts of any length up to 4 GB
 * @cut sts_crc32 any_sum
 * @cut look look_contract
 * @allow unsigned-overflow: places in the text wrap
 * @allow conversion: of a place in the text the low 16 bits are kept
 * @loop put_code.0 10: a fixed code has nine bits at most
 * @loop extra_bits.0 12: a distance of 2,048 is halved nine times
 */
void
prove_gzip_take(void)
{
	struct sts_gzip z;
	uint32_t total;

	ASSUME(gzip_holds(&z));
	ASSUME(z.total < UINT32_MAX);
	total = z.total;
	take(&z, nondet_u8());
	PROVE(z.total == total + 1);
	/* At most 38 bits more, which are put out before the next octet. */
	PROVE(z.bit_count < 8 + 38);
	z.bit_count %= 8;
	PROVE(z.pending <= 2);
	PROVE(z.match_len == 0 ||
	      (z.match_len >= MATCH_MIN && z.match_len <= STS_GZIP_MATCH_MAX &&
		  z.match_distance >= 1 &&
		  z.match_distance <= STS_GZIP_DISTANCE_MAX && z.pending == 0));
	PROVE(z.last_distance <= STS_GZIP_DISTANCE_MAX);
}
