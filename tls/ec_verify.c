/* SPDX-License-Identifier: MIT */
/* The scalars of an ECDSA signature, and the equation they must satisfy. */
#include "ec_verify.h"

#include <string.h>

#include "ec_p256.h"
#include "ec_p384.h"

#if STS_EC_FAST

bool
sts_ec_verify_has(int curve)
{
	return curve == BR_EC_secp256r1 || curve == BR_EC_secp384r1;
}

/* The leftmost bytes of a hash as a number less than n. */
static struct sts_public_scalar
hash_scalar(const struct sts_ec_curve *c, const uint8_t *hash, size_t len)
{
	uint8_t bytes[STS_EC_BYTES_MAX] = { 0 };
	size_t size = 8 * c->words, used = len < size ? len : size;
	struct sts_public_scalar e;

	memcpy(bytes + size - used, hash, used);
	e = sts_ec_scalar_read(c, bytes);
	sts_ec_scalar_reduce(&e, c);
	return e;
}

static bool
in_range(const struct sts_public_scalar *a, const struct sts_ec_curve *c)
{
	return !sts_ec_scalar_is_zero(a) && sts_ec_scalar_less(a, &c->n);
}

bool
sts_ec_verify(const br_ec_public_key *key, const uint8_t *hash, size_t hash_len,
    const uint8_t *raw)
{
	bool small = key->curve == BR_EC_secp256r1;
	const struct sts_ec_curve *c = small ? sts_ec_p256() : sts_ec_p384();
	struct sts_public_scalar r = sts_ec_scalar_read(c, raw);
	struct sts_public_scalar s = sts_ec_scalar_read(c, raw + 8 * c->words);
	struct sts_public_scalar e = hash_scalar(c, hash, hash_len);
	struct sts_public_scalar u1, u2;

	STS_ASSERT(sts_ec_verify_has(key->curve));
	if (key->qlen != 1 + 16 * c->words || key->q[0] != 4 ||
	    !in_range(&r, c) || !in_range(&s, c)) {
		return false;
	}
	sts_ec_scalar_divide(&u1, &u2, c, &e, &r, &s);
	return small ? sts_ec_p256_sum_is(key->q + 1, &u1, &u2, &r)
		     : sts_ec_p384_sum_is(key->q + 1, &u1, &u2, &r);
}

#else

bool
sts_ec_verify_has(int curve)
{
	(void)curve;
	return false;
}

bool
sts_ec_verify(const br_ec_public_key *key, const uint8_t *hash, size_t hash_len,
    const uint8_t *raw)
{
	(void)key;
	(void)hash;
	(void)hash_len;
	(void)raw;
	STS_ASSERT(sts_ec_verify_has(key->curve));
	return false;
}

#endif
