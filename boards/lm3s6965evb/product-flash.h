/* SPDX-License-Identifier: MIT */
/* The journal in the chip's own flash. Compiled, never run (flash.h). */
#ifndef STS_PRODUCT_FLASH_H
#define STS_PRODUCT_FLASH_H

#define STS_BOARD_STORE_FLASH 1

#include "product.h"

#endif
