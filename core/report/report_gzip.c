/* SPDX-License-Identifier: MIT */
/*
 * gzip with fixed codes. Octets come one at a time; each ends, begins or
 * extends a match:
 *
 *	pending   0..2 octets that are in no code yet: too few to look for
 *	match     the last match_len octets stood match_distance before
 *
 * With the third of three octets, the last place with the same hash is looked
 * at. If the same three octets stand there, they begin a match, which is
 * extended as long as the octets agree. Otherwise the first of the three is
 * written as it is.
 *
 * Invariants: the window has the last STS_GZIP_WINDOW octets; the oldest is at
 * `total`'s place, where the next octet will stand; 3 <= match_len <= 258 and 1
 * <= match_distance <= STS_GZIP_DISTANCE_MAX, or both 0, and pending is 0 in a
 * match. A step adds at most 38 to `bits`, of which there are fewer than 8
 * before, and padding.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/crc32.h"
#include "report_gzip.h"

enum stage {
	HEADER = 0,
	BODY,
	TRAILER,
	DONE
};

enum {
	HEADER_LEN = 10,
	TRAILER_LEN = 8,
	MATCH_MIN = 3,
	END_OF_BLOCK = 256
};

static void
put_bits(struct sts_gzip *z, uint32_t bits, unsigned count)
{
	STS_ASSERT(z->bit_count + count <= 64);
	z->bits |= (uint64_t)bits << z->bit_count;
	z->bit_count = (uint8_t)(z->bit_count + count);
}

/* Codes stand with their first bit lowest: RFC 1951 3.1.1. */
static void
put_code(struct sts_gzip *z, uint32_t code, unsigned count)
{
	uint32_t reversed = 0;

	for (unsigned i = 0; i < count; i++) {
		reversed |= (code >> i & 1) << (count - 1 - i);
	}
	put_bits(z, reversed, count);
}

/* A literal, a length or the end in the fixed code: RFC 1951 3.2.6. */
static void
put_symbol(struct sts_gzip *z, unsigned symbol)
{
	if (symbol < 144) {
		put_code(z, 0x30 + symbol, 8);
	} else if (symbol < 256) {
		put_code(z, 0x190 + (symbol - 144), 9);
	} else if (symbol < 280) {
		put_code(z, symbol - 256, 7);
	} else {
		put_code(z, 0xc0 + (symbol - 280), 8);
	}
}

/* How many times n can be halved before it is below 2 * least: the extra bits
 * of RFC 1951 3.2.5, whose bases double every `least` codes. */
static unsigned
extra_bits(unsigned n, unsigned least)
{
	unsigned bits = 0;

	while (n >> bits >= 2 * least) {
		bits++;
	}
	return bits;
}

static void
put_length(struct sts_gzip *z, unsigned length)
{
	unsigned n = length - MATCH_MIN, bits = extra_bits(n, 4);

	if (length == STS_GZIP_MATCH_MAX) {
		put_symbol(z, 285);
		return;
	}
	put_symbol(z, 257 + 4 * bits + (n >> bits));
	put_bits(z, n & ((1U << bits) - 1), bits);
}

static void
put_distance(struct sts_gzip *z, unsigned distance)
{
	unsigned n = distance - 1, bits = extra_bits(n, 2);

	put_code(z, 2 * bits + (n >> bits), 5);
	put_bits(z, n & ((1U << bits) - 1), bits);
}

/* The octet `back` before the one that comes next. */
static uint8_t
past(const struct sts_gzip *z, uint32_t back)
{
	return z->window[(z->total - back) % STS_GZIP_WINDOW];
}

static void
end_match(struct sts_gzip *z)
{
	if (z->match_len > 0) {
		STS_ASSERT(z->match_len >= MATCH_MIN);
		STS_ASSERT(z->match_distance >= 1);
		put_length(z, z->match_len);
		put_distance(z, z->match_distance);
		z->match_len = z->match_distance = 0;
	}
}

static unsigned
hash(const uint8_t three[3])
{
	uint32_t v =
	    (uint32_t)three[0] << 16 | (uint32_t)three[1] << 8 | three[2];

	return (v * UINT32_C(2654435761) >> 24) % STS_GZIP_HEADS;
}

/* Whether the same three octets stand `distance` before, and a match may reach
 * that far. */
static bool
stood(const struct sts_gzip *z, const uint8_t three[3], unsigned distance)
{
	return distance >= 1 && distance <= STS_GZIP_DISTANCE_MAX &&
	       distance <= z->total - 2 &&
	       past(z, (uint32_t)distance + 2) == three[0] &&
	       past(z, (uint32_t)distance + 1) == three[1] &&
	       past(z, distance) == three[2];
}

/*
 * How far back the three octets that end with c stand; 0: nowhere. The distance
 * of the last match is tried first: the text may be the same again after a few
 * octets that differ. Notes the place of these three for later.
 */
static unsigned
look(struct sts_gzip *z, uint8_t c)
{
	uint8_t three[3] = { past(z, 2), past(z, 1), c };
	uint16_t at = (uint16_t)(z->total - 2);
	uint16_t *head = &z->heads[hash(three)];
	unsigned distance = (uint16_t)(at - *head);

	*head = at;
	if (stood(z, three, z->last_distance)) {
		return z->last_distance;
	}
	return stood(z, three, distance) ? distance : 0;
}

/* Take the next octet of the text. */
static void
take(struct sts_gzip *z, uint8_t c)
{
	unsigned distance = z->total >= 2 ? look(z, c) : 0;

	if (z->match_len > 0 && z->match_len < STS_GZIP_MATCH_MAX &&
	    past(z, z->match_distance) == c) {
		z->match_len++;
	} else {
		end_match(z);
		if (z->pending < 2) {
			z->pending++;
		} else if (distance > 0) {
			z->pending = 0;
			z->match_len = MATCH_MIN;
			z->match_distance = (uint16_t)distance;
			z->last_distance = z->match_distance;
		} else {
			put_symbol(z, past(z, 2));
		}
	}
	z->window[z->total % STS_GZIP_WINDOW] = c;
	z->crc = sts_crc32(z->crc, sts_text(&c, 1));
	z->total++;
}

/* The text has ended: write what is pending, and the end. */
static void
finish(struct sts_gzip *z)
{
	end_match(z);
	while (z->pending > 0) {
		put_symbol(z, past(z, z->pending));
		z->pending--;
	}
	put_symbol(z, END_OF_BLOCK);
	put_bits(z, 0, (8U - z->bit_count % 8) % 8);
	z->stage = TRAILER;
	z->at = 0;
}

void
sts_gzip_begin(struct sts_gzip *z)
{
	memset(z, 0, sizeof *z);
	z->stage = HEADER;
}

/* Write octets of header or trailer, which are not compressed. Returns how many
 * were written. */
static size_t
put_plain(
    struct sts_gzip *z, const uint8_t *plain, unsigned len, struct sts_span out)
{
	size_t n = 0;

	while (z->at < len && n < out.n) {
		out.p[n++] = plain[z->at++];
	}
	if (z->at == len) {
		z->stage++;
		z->at = 0;
	}
	return n;
}

static size_t
put_header(struct sts_gzip *z, struct sts_span out)
{
	/* Deflate, no name, no time, of no system (RFC 1952 2.3). */
	static const uint8_t header[HEADER_LEN] = { 0x1f, 0x8b, 8, 0, 0, 0, 0,
		0, 0, 255 };
	size_t n = put_plain(z, header, sizeof header, out);

	if (z->stage == BODY) {
		put_bits(z, 1, 1); /* the last block */
		put_bits(z, 1, 2); /* fixed codes */
	}
	return n;
}

static size_t
put_trailer(struct sts_gzip *z, struct sts_span out)
{
	uint8_t trailer[TRAILER_LEN];

	sts_put32le(trailer, z->crc);
	sts_put32le(trailer + 4, z->total);
	return put_plain(z, trailer, sizeof trailer, out);
}

/* Write the whole octets of `bits`, as many as there is room for. */
static size_t
drain(struct sts_gzip *z, struct sts_span out)
{
	size_t n = 0;

	while (z->bit_count >= 8 && n < out.n) {
		out.p[n++] = (uint8_t)z->bits;
		z->bits >>= 8;
		z->bit_count = (uint8_t)(z->bit_count - 8);
	}
	return n;
}

size_t
sts_gzip(
    struct sts_gzip *z, struct sts_text *in, bool last, struct sts_span out)
{
	size_t n = 0;

	STS_ASSERT(out.n > 0);
	if (z->stage == HEADER) {
		n += put_header(z, out);
	}
	for (;;) {
		n += drain(z, sts_span(out.p + n, out.n - n));
		if (z->stage != BODY || z->bit_count >= 8 || n == out.n) {
			break;
		}
		if (in->n > 0) {
			take(z, in->p[0]);
			*in = sts_text(in->p + 1, in->n - 1);
		} else if (last) {
			finish(z);
		} else {
			break;
		}
	}
	if (z->stage == TRAILER && z->bit_count == 0) {
		n += put_trailer(z, sts_span(out.p + n, out.n - n));
	}
	return n;
}

void
sts_report_gzip_begin(struct sts_report_gzip *z, const struct sts_tally *t,
    uint32_t ref, const struct sts_report_config *config)
{
	sts_report_begin(&z->report, t, ref, config);
	if (STS_REPORT_GZIP) {
		sts_gzip_begin(&z->gzip);
	}
	z->last = false;
	z->from = z->to = 0;
}

size_t
sts_report_gzip_read(struct sts_report_gzip *z, struct sts_span out)
{
	size_t n = 0;

	if (!STS_REPORT_GZIP) {
		return sts_report_read(&z->report, out);
	}
	while (n == 0) {
		if (z->from == z->to && !z->last) {
			z->from = 0;
			z->to = (uint16_t)sts_report_read(
			    &z->report, sts_span(z->json, sizeof z->json));
			z->last = z->to == 0;
		}
		if (sts_report_gone(&z->report)) {
			return 0;
		}
		struct sts_text in =
		    sts_text(z->json + z->from, (size_t)(z->to - z->from));

		n = sts_gzip(&z->gzip, &in, z->last, out);
		z->from = (uint16_t)(z->to - in.n);
		if (n == 0 && z->last) {
			return 0;
		}
	}
	return n;
}
