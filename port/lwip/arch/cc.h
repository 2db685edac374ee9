/* SPDX-License-Identifier: MIT */
/* What lwIP wants to know of compiler and board: included by its arch.h. */
#ifndef STS_LWIP_CC_H
#define STS_LWIP_CC_H

#include "../../../core/base/assert.h"

#include <stdint.h>

/* No stdio, no locale, no errno. */
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H 1
#define X8_F "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "u"
#define LWIP_PLATFORM_DIAG(x)
#define LWIP_PLATFORM_ASSERT(x) sts_assert_failed(__FILE__, __LINE__)

/* Unpredictable: transaction ids and port numbers come from it. */
uint32_t sts_lwip_random(void);
#define LWIP_RAND() sts_lwip_random()

#endif
