/* SPDX-License-Identifier: MIT */
/* Randomness from the system. */
#ifndef STS_POSIX_ENTROPY_H
#define STS_POSIX_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fill buf. 0; STS_IO_AGAIN: the system has not gathered enough since it
 * started. *urandom keeps a descriptor between calls, -1 at first.
 */
int sts_posix_entropy(int *urandom, uint8_t *buf, size_t len);

#endif
