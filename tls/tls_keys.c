/* SPDX-License-Identifier: MIT */
/*
 * Transcript, HKDF, PRF: functions of their arguments, without a state of the
 * handshake. The transcript runs under both hashes until the suite is known,
 * and then under its own.
 *
 * Invariants: a key and its sequence number are set together, so that no
 * number is used twice under a key; what is derived is never longer than one
 * block of HKDF-Expand; secrets and keys left on our stack are wiped. Finished
 * is compared in a time that does not depend on where it differs, as an
 * attacker may try values for it.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_keys.h"
#include "tls_messages.h"

enum {
	/* length, "tls13 " and label, hash; and the counter of HKDF-Expand */
	INFO_MAX = 2 + 1 + 18 + 1 + STS_TLS_HASH_MAX + 1,
	GCM_SALT = 4, /* of TLS 1.2: RFC 5288 3 */
	/* "extended master secret" and a hash, or a shorter label and two
	 * randoms. */
	SEED_MAX = 22 + 64
};

static const char prefix[] = "tls13 ";

void
sts_tls_transcript_start(struct sts_tls_transcript *t)
{
	t->chosen = 0;
	br_sha256_init(&t->sha256);
	if (STS_SHA384_512) {
		br_sha384_init(&t->sha384);
	}
}

void
sts_tls_transcript_add(struct sts_tls_transcript *t, struct sts_text m)
{
	if (t->chosen != br_sha384_ID) {
		br_sha256_update(&t->sha256, m.p, m.n);
	}
	if (STS_SHA384_512 && t->chosen != br_sha256_ID) {
		br_sha384_update(&t->sha384, m.p, m.n);
	}
}

void
sts_tls_transcript_choose(struct sts_tls_transcript *t, int hash_id)
{
	STS_ASSERT(t->chosen == 0 || t->chosen == hash_id);
	t->chosen = hash_id;
}

size_t
sts_tls_transcript_hash(const struct sts_tls_transcript *t, int hash_id,
    uint8_t out[STS_TLS_HASH_MAX])
{
	STS_ASSERT(t->chosen == 0 || t->chosen == hash_id);
	if (STS_SHA384_512 && hash_id == br_sha384_ID) {
		br_sha384_out(&t->sha384, out);
	} else {
		STS_ASSERT(hash_id == br_sha256_ID);
		br_sha256_out(&t->sha256, out);
	}
	return sts_hash_len(hash_id);
}

void
sts_tls_transcript_retry(struct sts_tls_transcript *t, int hash_id)
{
	uint8_t m[4 + STS_TLS_HASH_MAX] = { STS_TLS_MESSAGE_HASH };
	size_t len = sts_tls_transcript_hash(t, hash_id, m + 4);

	m[3] = (uint8_t)len;
	sts_tls_transcript_start(t);
	sts_tls_transcript_choose(t, hash_id);
	sts_tls_transcript_add(t, sts_text(m, 4 + len));
}

/* The first octets of a message's HMAC, as many as out has room for. */
static void
mac(const br_hmac_key_context *key, struct sts_text m, struct sts_span out)
{
	br_hmac_context h;

	br_hmac_init(&h, key, out.n);
	br_hmac_update(&h, m.p, m.n);
	br_hmac_out(&h, out.p);
	sts_wipe(&h, sizeof h);
}

void
sts_tls_hmac(
    int hash_id, struct sts_text key, struct sts_text m, struct sts_span out)
{
	br_hmac_key_context k;

	br_hmac_key_init(&k, sts_hash(hash_id), key.p, key.n);
	mac(&k, m, out);
	sts_wipe(&k, sizeof k);
}

void
sts_tls_extract(
    int hash_id, const uint8_t *salt, struct sts_text ikm, uint8_t *out)
{
	static const uint8_t zeros[STS_TLS_HASH_MAX] = { 0 };
	size_t len = sts_hash_len(hash_id);

	sts_tls_hmac(hash_id, sts_text(salt != NULL ? salt : zeros, len),
	    ikm.n > 0 ? ikm : sts_text(zeros, len), sts_span(out, len));
}

/* HKDF-Expand-Label with a secret that is a key already. */
static void
expand(const br_hmac_key_context *secret, const char *label,
    struct sts_text context, struct sts_span out)
{
	struct sts_text name = sts_text((const uint8_t *)label, strlen(label));
	size_t prefix_len = sizeof prefix - 1, n;
	uint8_t info[INFO_MAX];

	STS_ASSERT(prefix_len + name.n <= 18);
	STS_ASSERT(context.n <= STS_TLS_HASH_MAX);
	sts_put16be(info, (uint16_t)out.n);
	info[2] = (uint8_t)(prefix_len + name.n);
	memcpy(info + 3, prefix, prefix_len);
	memcpy(info + 3 + prefix_len, name.p, name.n);
	n = 3 + prefix_len + name.n;
	info[n++] = (uint8_t)context.n;
	if (context.n > 0) {
		memcpy(info + n, context.p, context.n);
		n += context.n;
	}
	info[n++] = 1; /* the first and only block of HKDF-Expand */
	mac(secret, sts_text(info, n), out);
}

void
sts_tls_expand(int hash_id, const uint8_t *secret, const char *label,
    struct sts_text context, struct sts_span out)
{
	size_t len = sts_hash_len(hash_id);
	br_hmac_key_context k;

	STS_ASSERT(out.n <= len);
	br_hmac_key_init(&k, sts_hash(hash_id), secret, len);
	expand(&k, label, context, out);
	sts_wipe(&k, sizeof k);
}

void
sts_tls_derive_empty(
    int hash_id, const uint8_t *secret, const char *label, uint8_t *out)
{
	struct sts_tls_transcript none;
	uint8_t hash[STS_TLS_HASH_MAX];
	size_t len;

	sts_tls_transcript_start(&none);
	len = sts_tls_transcript_hash(&none, hash_id, hash);
	sts_tls_expand(
	    hash_id, secret, label, sts_text(hash, len), sts_span(out, len));
}

/* Key and IV of the traffic secret; records are counted from 0. */
static void
take_secret(struct sts_tls_direction *d)
{
	static const struct sts_text none = { NULL, 0 };
	int hash_id = d->suite->hash_id;
	br_hmac_key_context k;

	br_hmac_key_init(
	    &k, sts_hash(hash_id), d->secret, sts_hash_len(hash_id));
	expand(&k, "key", none, sts_span(d->key, d->suite->key_len));
	expand(&k, "iv", none, sts_span(d->iv, sizeof d->iv));
	sts_wipe(&k, sizeof k);
	d->seq = 0;
}

void
sts_tls_direction_start(struct sts_tls_direction *d,
    const struct sts_tls_suite *s, const uint8_t *secret, const char *label,
    struct sts_text transcript_hash)
{
	STS_ASSERT(s->version == STS_TLS_13);
	d->suite = s;
	sts_tls_expand(s->hash_id, secret, label, transcript_hash,
	    sts_span(d->secret, transcript_hash.n));
	take_secret(d);
}

void
sts_tls_direction_update(struct sts_tls_direction *d)
{
	uint8_t next[STS_TLS_HASH_MAX];
	size_t len = sts_hash_len(d->suite->hash_id);

	sts_tls_expand(d->suite->hash_id, d->secret, "traffic upd",
	    sts_text(NULL, 0), sts_span(next, len));
	memcpy(d->secret, next, len);
	sts_wipe(next, sizeof next);
	take_secret(d);
}

size_t
sts_tls_finished_13(const struct sts_tls_direction *d,
    struct sts_text transcript_hash, uint8_t out[STS_TLS_HASH_MAX])
{
	uint8_t key[STS_TLS_HASH_MAX];
	size_t len = transcript_hash.n;

	sts_tls_expand(d->suite->hash_id, d->secret, "finished",
	    sts_text(NULL, 0), sts_span(key, len));
	sts_tls_hmac(d->suite->hash_id, sts_text(key, len), transcript_hash,
	    sts_span(out, len));
	sts_wipe(key, sizeof key);
	return len;
}

/* RFC 5246 5, the label being a part of the seed: blocks of HMAC(secret, A +
 * seed), where the first A is HMAC(secret, seed) and the next HMAC(secret, A). */
void
sts_tls_prf(int hash_id, struct sts_text secret, const char *label,
    struct sts_text seed, struct sts_span out)
{
	size_t len = sts_hash_len(hash_id), label_len = strlen(label);
	size_t end = len + label_len + seed.n;
	uint8_t m[STS_TLS_HASH_MAX + SEED_MAX]; /* A, label, seed */
	br_hmac_key_context k;

	STS_ASSERT(label_len + seed.n <= SEED_MAX);
	/* Octets, no string. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(m + len, label, label_len);
	memcpy(m + len + label_len, seed.p, seed.n);
	br_hmac_key_init(&k, sts_hash(hash_id), secret.p, secret.n);
	mac(&k, sts_text(m + len, end - len), sts_span(m, len));
	while (out.n > len) {
		mac(&k, sts_text(m, end), sts_span(out.p, len));
		mac(&k, sts_text(m, len), sts_span(m, len));
		out = sts_span(out.p + len, out.n - len);
	}
	mac(&k, sts_text(m, end), out);
	sts_wipe(&k, sizeof k);
	sts_wipe(m, sizeof m);
}

void
sts_tls_key_block(struct sts_tls_direction *in, struct sts_tls_direction *out,
    const struct sts_tls_suite *s, const uint8_t master[STS_TLS_MASTER_12],
    struct sts_text randoms)
{
	size_t key = s->key_len;
	size_t iv = s->cipher == STS_TLS_AES_GCM ? GCM_SALT : STS_TLS_IV;
	uint8_t block[2 * (32 + STS_TLS_IV)];

	STS_ASSERT(s->version == STS_TLS_12);
	sts_tls_prf(s->hash_id, sts_text(master, STS_TLS_MASTER_12),
	    "key expansion", randoms, sts_span(block, 2 * (key + iv)));
	memcpy(out->key, block, key);
	memcpy(in->key, block + key, key);
	memcpy(out->iv, block + 2 * key, iv);
	memcpy(in->iv, block + 2 * key + iv, iv);
	in->seq = out->seq = 0;
	sts_wipe(block, sizeof block);
}

bool
sts_tls_same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint8_t differ = 0;

	for (size_t i = 0; i < n; i++) {
		differ |= (uint8_t)(a[i] ^ b[i]);
	}
	return differ == 0;
}
