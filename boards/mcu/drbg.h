/* SPDX-License-Identifier: MIT */
/* Random octets: HMAC_DRBG (NIST SP 800-90A) of BearSSL from the board's seed. */
#ifndef STS_DRBG_H
#define STS_DRBG_H

#include "../../core/base/bytes.h"

/* False: the board has no seed yet. */
bool sts_drbg_begin(void);

/* For struct sts_lwip_outside; always 0. After begin. */
int sts_drbg_bytes(void *ctx, uint8_t *buf, size_t len);

#endif
