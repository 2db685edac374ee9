/* SPDX-License-Identifier: MIT */
/* Limits of this board: those of the other one, without a journal. */
#ifndef STS_PRODUCT_MPS2_H
#define STS_PRODUCT_MPS2_H

#define STS_BOARD_JOURNAL_BUFFER 0

#include "../lm3s6965evb/product.h"

#endif
