/* SPDX-License-Identifier: MIT */
/* The hashes of signatures and of TLS, by BearSSL's numbers: br_sha256_ID to
 * br_sha512_ID. */
#ifndef STS_HASH_H
#define STS_HASH_H

#include <bearssl.h>
#include <stddef.h>

/* The number of bytes of a hash. */
size_t sts_hash_len(int hash_id);

/* The hash itself; SHA-384 and SHA-512 only where STS_SHA384_512 says so. */
const br_hash_class *sts_hash(int hash_id);

#endif
