/* SPDX-License-Identifier: MIT */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012). Strangers choose the names we index;
 * a per-boot key keeps them from choosing the collisions too.
 */
#ifndef STS_SIPHASH_H
#define STS_SIPHASH_H

#include "bytes.h"

enum {
	STS_SIPHASH_KEY = 16
};

/* The 64-bit hash of t under key. O(t.n). */
uint64_t sts_siphash(const uint8_t key[STS_SIPHASH_KEY], struct sts_text t);

#endif
