/* SPDX-License-Identifier: MIT */
/*
 * What lwIP and port/lwip ask of a board, for the tests of port/lwip with an
 * operating system and without: randomness, a log, and hooks of lwIP's.
 */
#ifndef STS_TEST_LWIP_OUTSIDE_H
#define STS_TEST_LWIP_OUTSIDE_H

#include "../../port/lwip/lwip.h"

/* Randomness and a log for the port. With an operating system both take lwIP's
 * lock, as only a thread can that does not hold it: a port that calls them under
 * the lock stops. */
extern const struct sts_lwip_outside lwip_outside;

/* 127.0.0.1 with that port. */
struct sts_addr lwip_loopback(uint16_t port);

#endif
