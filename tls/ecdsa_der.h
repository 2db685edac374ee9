/* SPDX-License-Identifier: MIT */
/*
 * An ECDSA signature as it is sent: ECDSA-Sig-Value (RFC 3279 2.2.3), a
 * SEQUENCE of two INTEGERs, r and s.
 */
#ifndef STS_ECDSA_DER_H
#define STS_ECDSA_DER_H

#include "../core/base/bytes.h"

enum {
	STS_ECDSA_SIZE_MAX = 66 /* of r and of s: P-521 */
};

/*
 * r and s, each in `size` bytes, the highest first, into raw[2 * size].
 *
 * size  1 .. STS_ECDSA_SIZE_MAX
 *
 * False, raw then being undefined, unless `der` is exactly that in DER, with
 * nothing behind it, and both numbers are greater than 0 and fit.
 */
bool sts_ecdsa_der_read(uint8_t *raw, size_t size, struct sts_text der);

#endif
