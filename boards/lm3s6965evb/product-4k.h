/* SPDX-License-Identifier: MIT */
/*
 * A smaller configuration: records of 4 KB are asked for; larger ones, of
 * servers that do not care, are opened piece by piece.
 */
#ifndef STS_PRODUCT_4K_H
#define STS_PRODUCT_4K_H

#define STS_TLS_RECORD_SIZE (4096 + 325)

#include "product.h"

#endif
