/* SPDX-License-Identifier: MIT */
/*
 * A smaller configuration: records of 4 KB. Servers that do not honour the
 * request for small ones (RFC 6066) and send larger are not understood, and
 * fail with tls-record.
 */
#ifndef STS_PRODUCT_4K_H
#define STS_PRODUCT_4K_H

#define STS_TLS_RECORD_SIZE (4096 + 325)

#include "product.h"

#endif
