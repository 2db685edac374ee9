/* SPDX-License-Identifier: MIT */
/*
 * Random octets: HMAC_DRBG (NIST SP 800-90A) of BearSSL from the board's seed.
 * Fresh entropy is mixed in while it runs: an attacker who learned its state
 * once (a debugger, a memory that leaks) does not know it for ever.
 */
#ifndef STS_DRBG_H
#define STS_DRBG_H

#include "../../core/base/bytes.h"

enum {
	STS_DRBG_REQUESTS = 128 /* between two seeds: some 1,000 look-ups */
};

/* False: the board has no seed yet. */
bool sts_drbg_begin(void);

/* For struct sts_lwip_outside; always 0. After begin. */
int sts_drbg_bytes(void *ctx, uint8_t *buf, size_t len);

#endif
