/* SPDX-License-Identifier: MIT */
/*
 * Records (RFC 8446 5, RFC 5246 6.2, RFC 5288, RFC 7905): headers, sealing
 * and opening in place, and the opening of a record piece by piece for a
 * buffer that does not hold it whole.
 */
#ifndef STS_TLS_RECORDS_H
#define STS_TLS_RECORDS_H

#include "tls_gcm.h"
#include "tls_keys.h"

enum sts_tls_content {
	STS_TLS_CHANGE_CIPHER_SPEC = 20,
	STS_TLS_ALERT = 21,
	STS_TLS_HANDSHAKE = 22,
	STS_TLS_APPLICATION = 23
};

enum {
	STS_TLS_HEADER = 5,
	STS_TLS_TAG = 16,
	STS_TLS_NONCE_12 = 8 /* sent with every record: AES-GCM of TLS 1.2 */
};

/* BearSSL's implementations for this machine. Asking for some of them costs
 * microseconds: tls_common.h. */
struct sts_tls_ciphers {
	const br_block_ctr_class *aes;
	br_ghash ghash;
	br_chacha20_run chacha20;
	br_poly1305_run poly1305;
};

/* Choose the fastest that this machine has. */
void sts_tls_ciphers_choose(struct sts_tls_ciphers *c);

/* Bytes before and behind the content of a record that d would seal. */
size_t sts_tls_before(const struct sts_tls_direction *d);
size_t sts_tls_behind(const struct sts_tls_direction *d);

/*
 * Make a record of `len` bytes of content, which stand sts_tls_before(d)
 * behind rec; sts_tls_behind(d) bytes behind them are free. Returns the
 * length of the record.
 */
size_t sts_tls_seal(const struct sts_tls_ciphers *c,
    struct sts_tls_direction *d, enum sts_tls_content type, uint8_t *rec,
    size_t len);

/*
 * Begin AES-GCM of d's next record: its schedule to *aes, which like *gcm is
 * the caller's to wipe. rec: header and, where it is sent, nonce of the record;
 * len: of its content.
 */
void sts_tls_begin_gcm(const struct sts_tls_ciphers *c,
    const struct sts_tls_direction *d, const uint8_t *rec, size_t len,
    br_aes_gen_ctr_keys *aes, struct sts_tls_gcm *gcm);

/* What protection adds to the content of d's next record. */
size_t sts_tls_around(const struct sts_tls_direction *d);

/* Whether d's next record, of this type, is not sealed. */
bool sts_tls_in_clear(const struct sts_tls_direction *d, uint8_t type);

/* Whether this type and length may stand in the header of d's next record. */
enum sts_tls_alert sts_tls_judge_header(
    const struct sts_tls_direction *d, uint8_t type, size_t body);

/* The type and content of an opened record. */
struct sts_tls_opened {
	uint8_t type;
	struct sts_span content; /* within the record */
};

/* Open a record of rec.n bytes, header included. */
enum sts_tls_alert sts_tls_open(const struct sts_tls_ciphers *c,
    struct sts_tls_direction *d, struct sts_span rec,
    struct sts_tls_opened *out);

#endif
