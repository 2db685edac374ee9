/* SPDX-License-Identifier: MIT */
/* Hashes by their numbers. */
#include "../core/base/assert.h"
#include "hash.h"

size_t
sts_hash_len(int hash_id)
{
	STS_ASSERT(hash_id >= br_sha256_ID);
	STS_ASSERT(hash_id <= br_sha512_ID);
	return (size_t)(hash_id - 2) * 16;
}

const br_hash_class *
sts_hash(int hash_id)
{
	STS_ASSERT(STS_SHA384_512 || hash_id == br_sha256_ID);
	if (STS_SHA384_512 && hash_id == br_sha384_ID) {
		return &br_sha384_vtable;
	}
	if (STS_SHA384_512 && hash_id == br_sha512_ID) {
		return &br_sha512_vtable;
	}
	return &br_sha256_vtable;
}
