/* SPDX-License-Identifier: MIT */
/* Punycode (RFC 3492), for labels of at most 63 octets. */
#ifndef STS_PUNYCODE_H
#define STS_PUNYCODE_H

#include "../base/bytes.h"
#include "../base/name.h"

/*
 * Write "xn--" and the encoding of at[0..count) to out. Its length; 0: over
 * STS_LABEL_MAX octets. count is 1..STS_LABEL_MAX, each character at most
 * U+3FFFF: then nothing overflows. O(count squared).
 */
size_t sts_punycode_encode(
    uint8_t out[STS_LABEL_MAX], const uint32_t *at, size_t count);

/*
 * Decode text, which comes without "xn--" and has at most STS_LABEL_MAX octets
 * of lower-case ASCII, to at. The number of characters, each at most U+10FFFF;
 * 0: it is not Punycode, or empty. Whether encoding gives the text again is
 * not looked at. O(text.n squared).
 */
size_t sts_punycode_decode(uint32_t at[STS_LABEL_MAX], struct sts_text text);

#endif
