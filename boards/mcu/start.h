/* SPDX-License-Identifier: MIT */
/* From reset to main, for any Cortex-M3: vectors, memory, faults, stack. */
#ifndef STS_START_H
#define STS_START_H

#include <stddef.h>

#include "../../core/base/assert.h"

/* Reset the machine, once what was printed has left. */
STS_NORETURN void sts_start_again(void);

/* The stack is painted at start: octets of it, and how many were ever used. */
size_t sts_stack_size(void);
size_t sts_stack_used(void);

#endif
