/* SPDX-License-Identifier: MIT */
/*
 * From secrets to keys: the transcript, HKDF and the key schedule of TLS 1.3
 * (RFC 8446 7.1), the PRF and the key block of TLS 1.2 (RFC 5246 5, 6.3), and
 * the content of Finished in both. No state of a handshake.
 */
#ifndef STS_TLS_KEYS_H
#define STS_TLS_KEYS_H

#include "tls_params.h"

enum {
	STS_TLS_HASH_MAX = 48, /* bytes of a suite's hash */
	STS_TLS_IV = 12,
	STS_TLS_VERIFY_12 = 12, /* bytes of Finished in TLS 1.2 */
	STS_TLS_MASTER_12 = 48
};

/* The messages so far under both hashes a suite can have, or the chosen one. */
struct sts_tls_transcript {
	int chosen; /* a hash of BearSSL's; 0: both */
	br_sha256_context sha256;
	br_sha384_context sha384;
};

/* Begin with both hashes. Add a handshake message, or a part of one. */
void sts_tls_transcript_start(struct sts_tls_transcript *t);
void sts_tls_transcript_add(struct sts_tls_transcript *t, struct sts_text m);
/* The suite is known: the other hash is taken no further. */
void sts_tls_transcript_choose(struct sts_tls_transcript *t, int hash_id);
/* Its hash so far to out, by hash_id, which is the one if one was chosen; the
 * transcript goes on. Returns the length. */
size_t sts_tls_transcript_hash(const struct sts_tls_transcript *t, int hash_id,
    uint8_t out[STS_TLS_HASH_MAX]);
/* After a HelloRetryRequest: the first hello becomes its hash (4.4.1). */
void sts_tls_transcript_retry(struct sts_tls_transcript *t, int hash_id);

/* One direction of records. */
struct sts_tls_direction {
	const struct sts_tls_suite *suite; /* NULL: in the clear */
	uint64_t seq;
	uint8_t secret[STS_TLS_HASH_MAX]; /* of TLS 1.3 */
	uint8_t key[32];
	uint8_t iv[STS_TLS_IV]; /* AES-GCM of TLS 1.2: 4 bytes */
};

/* HMAC of m, as much of it as out has room for; m may be in out. What it left
 * on the stack is wiped. */
void sts_tls_hmac(
    int hash_id, struct sts_text key, struct sts_text m, struct sts_span out);

/* HKDF-Extract; salt NULL: zeros, as long as the hash. `ikm` empty: the
 * same. */
void sts_tls_extract(
    int hash_id, const uint8_t *salt, struct sts_text ikm, uint8_t *out);
/* HKDF-Expand-Label to out[0..n), n at most the length of the hash. */
void sts_tls_expand(int hash_id, const uint8_t *secret, const char *label,
    struct sts_text context, struct sts_span out);
/* Derive-Secret with the hash of no message. */
void sts_tls_derive_empty(
    int hash_id, const uint8_t *secret, const char *label, uint8_t *out);

/* Begin records under a traffic secret derived from `secret`. */
void sts_tls_direction_start(struct sts_tls_direction *d,
    const struct sts_tls_suite *s, const uint8_t *secret, const char *label,
    struct sts_text transcript_hash);
/* The next traffic secret (RFC 8446 7.2). */
void sts_tls_direction_update(struct sts_tls_direction *d);
/* verify_data under d's traffic secret. Returns its length. */
size_t sts_tls_finished_13(const struct sts_tls_direction *d,
    struct sts_text transcript_hash, uint8_t out[STS_TLS_HASH_MAX]);

/* The PRF of TLS 1.2. The seed is a hash or two randoms. */
void sts_tls_prf(int hash_id, struct sts_text secret, const char *label,
    struct sts_text seed, struct sts_span out);
/* Keys of both directions from the master secret and the randoms, the server's
 * first. Records stay as they are until the suite is set. */
void sts_tls_key_block(struct sts_tls_direction *in,
    struct sts_tls_direction *out, const struct sts_tls_suite *s,
    const uint8_t master[STS_TLS_MASTER_12], struct sts_text randoms);

/* Equal, in constant time. */
bool sts_tls_same(const uint8_t *a, const uint8_t *b, size_t n);

#endif
