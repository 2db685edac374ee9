/* SPDX-License-Identifier: MIT */
/* A register of the chip. */
#ifndef STS_REG_H
#define STS_REG_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))

#endif
