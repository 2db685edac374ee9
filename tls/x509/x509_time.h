/* SPDX-License-Identifier: MIT */
/* UTCTime and GeneralizedTime as certificates write them. */
#ifndef STS_TLS_X509_TIME_H
#define STS_TLS_X509_TIME_H

#include "../../core/base/bytes.h"

/*
 * Read the contents of an element with tag 0x17 (YYMMDDhhmmssZ, years 1950 to
 * 2049) or 0x18 (YYYYMMDDhhmmssZ) as seconds since 1970 (RFC 5280 4.1.2.5).
 * False, and *seconds unchanged: any other form or an impossible date.
 */
bool sts_x509_time(uint8_t tag, struct sts_text t, int64_t *seconds);

#endif
