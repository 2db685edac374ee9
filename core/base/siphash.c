/* SPDX-License-Identifier: MIT */
/* SipHash-2-4, written from the paper; its test vectors are in the tests. */
#include "siphash.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

static uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t
get64le(const uint8_t *p)
{
	return (uint64_t)sts_get32le(p + 4) << 32 | sts_get32le(p);
}

static void
round_once(struct sip *s)
{
	s->v0 += s->v1;
	s->v2 += s->v3;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v1;
	s->v0 += s->v3;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 = rotate(s->v2, 32);
}

uint64_t
sts_siphash(const uint8_t key[STS_SIPHASH_KEY], struct sts_text t)
{
	uint64_t k0 = get64le(key), k1 = get64le(key + 8);
	struct sip s = { k0 ^ UINT64_C(0x736f6d6570736575),
		k1 ^ UINT64_C(0x646f72616e646f6d),
		k0 ^ UINT64_C(0x6c7967656e657261),
		k1 ^ UINT64_C(0x7465646279746573) };
	size_t whole = t.n / 8 * 8;
	uint64_t last = (uint64_t)(t.n & 0xff) << 56;

	for (size_t i = whole; i < t.n; i++) {
		last |= (uint64_t)t.p[i] << (8 * (i - whole));
	}
	/* Every word, the last one, and the end: one loop, so that the rounds
	 * are in one place and stay in registers. */
	for (size_t i = 0; i <= whole + 8; i += 8) {
		bool ends = i > whole;
		uint64_t word = i < whole ? get64le(t.p + i) : last;

		word = ends ? 0 : word;
		s.v3 ^= word;
		s.v2 ^= ends ? 0xff : 0;
		for (int k = ends ? 4 : 2; k > 0; k--) {
			round_once(&s);
		}
		s.v0 ^= word;
	}
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
