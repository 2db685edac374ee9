/* SPDX-License-Identifier: MIT */
/*
 * The elliptic curves of signatures and of TLS: BearSSL's for this machine, but
 * for X25519 where x25519.h has it faster.
 */
#ifndef STS_CURVES_H
#define STS_CURVES_H

#include <bearssl.h>

/* With or without P-521, as STS_P521 says. */
const br_ec_impl *sts_curves(void);

#endif
