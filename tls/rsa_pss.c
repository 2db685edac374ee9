/* SPDX-License-Identifier: MIT */
/* EMSA-PSS-VERIFY of RFC 8017 9.1.2; the numbers are its steps. */
#include <string.h>

#include "../core/base/assert.h"
#include "hash.h"
#include "rsa_pss.h"

enum {
	TRAILER = 0xbc
};

/* out ^= MGF1(seed), RFC 8017 B.2.1. */
static void
mgf1_xor(struct sts_span out, const br_hash_class *hash, const uint8_t *seed,
    size_t hash_len)
{
	br_hash_compat_context h;
	uint8_t block[br_sha512_SIZE], counter[4];

	for (size_t at = 0, i = 0; at < out.n; at += hash_len, i++) {
		sts_put32be(counter, (uint32_t)i);
		hash->init(&h.vtable);
		hash->update(&h.vtable, seed, hash_len);
		hash->update(&h.vtable, counter, sizeof counter);
		hash->out(&h.vtable, block);
		for (size_t k = 0; k < hash_len && k < out.n - at; k++) {
			out.p[at + k] ^= block[k];
		}
	}
}

/* Steps 9 and 10: DB is zeros, a one, the salt. */
static bool
padded(struct sts_text db, size_t salt_len)
{
	size_t zeros = db.n - salt_len - 1;
	uint8_t any = 0;

	for (size_t i = 0; i < zeros; i++) {
		any |= db.p[i];
	}
	return any == 0 && db.p[zeros] == 1;
}

bool
sts_rsa_pss_valid(
    struct sts_span em, size_t bits, int hash_id, const uint8_t *hash)
{
	static const uint8_t zeros[8] = { 0 };
	const br_hash_class *class = sts_hash(hash_id);
	size_t hash_len = sts_hash_len(hash_id), free_bits;
	br_hash_compat_context h;
	struct sts_span db;
	uint8_t want[br_sha512_SIZE];

	STS_ASSERT(bits > 0);
	STS_ASSERT(em.n == (bits + 7) / 8);
	/* The encoded message has a bit less than the modulus. */
	if (bits % 8 == 1) {
		if (em.p[0] != 0) {
			return false;
		}
		em = sts_span(em.p + 1, em.n - 1);
	}
	free_bits = 8 * em.n - (bits - 1);
	if (em.n < 2 * hash_len + 2 || em.p[em.n - 1] != TRAILER ||
	    em.p[0] >> (8 - free_bits) != 0) { /* 3, 4, 6 */
		return false;
	}
	db = sts_span(em.p, em.n - hash_len - 1);
	mgf1_xor(db, class, em.p + db.n, hash_len); /* 7, 8 */
	db.p[0] &= (uint8_t)(0xff >> free_bits);
	if (!padded(sts_text(db.p, db.n), hash_len)) {
		return false;
	}
	class->init(&h.vtable); /* 12, 13 */
	class->update(&h.vtable, zeros, sizeof zeros);
	class->update(&h.vtable, hash, hash_len);
	class->update(&h.vtable, db.p + db.n - hash_len, hash_len);
	class->out(&h.vtable, want);
	return memcmp(want, em.p + db.n, hash_len) == 0;
}
