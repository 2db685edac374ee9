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

static inline uint64_t
get64le(const uint8_t *p)
{
	return (uint64_t)sts_get32le(p + 4) << 32 | sts_get32le(p);
}

static inline void
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

static inline void
absorb(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	round_once(s);
	round_once(s);
	s->v0 ^= word;
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

	for (size_t i = 0; i < whole; i += 8) {
		absorb(&s, get64le(t.p + i));
	}
	if (whole > 0 && whole < t.n) {
		/* The last eight octets at once, and of these the rest. */
		last |= get64le(t.p + t.n - 8) >> (64 - 8 * (t.n - whole));
	} else {
		for (size_t i = whole; i < t.n; i++) {
			last |= (uint64_t)t.p[i] << (8 * (i - whole));
		}
	}
	absorb(&s, last);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++) {
		round_once(&s);
	}
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
