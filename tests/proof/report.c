/* SPDX-License-Identifier: MIT */
/*
 * Deflate, an octet at a time.
 * @link core/base/crc32.c
 */
#include "prove.h"

#include "../../core/report/report_gzip.c"

/* What holds between two octets of the text. */
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
 * @bound any octet in any state; so texts of any length up to 4 GB
 * @allow unsigned-overflow: places in the text wrap, and so does a hash
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
	/* 38 bits more at most, which leave before the next octet. */
	PROVE(z.bit_count < 8 + 38);
	z.bit_count %= 8;
	PROVE(z.pending <= 2);
	PROVE(z.match_len == 0 ||
	      (z.match_len >= MATCH_MIN && z.match_len <= STS_GZIP_MATCH_MAX &&
		  z.match_distance >= 1 &&
		  z.match_distance <= STS_GZIP_DISTANCE_MAX && z.pending == 0));
	PROVE(z.last_distance <= STS_GZIP_DISTANCE_MAX);
}
