/* SPDX-License-Identifier: MIT */
/*
 * The functions that lwIP and port/lwip require of a board, for the tests of
 * port/lwip with an operating system and without: randomness, a log, and lwIP's
 * hooks.
 */
#ifndef STS_TEST_LWIP_OUTSIDE_H
#define STS_TEST_LWIP_OUTSIDE_H

#include "../../port/lwip/lwip.h"

/* Randomness and a log for the port. With an operating system both take lwIP's
 * lock, which only a thread can that does not hold it: a port that calls them
 * under the lock hangs. */
extern const struct sts_lwip_outside lwip_outside;

/* 127.0.0.1 with that port. */
struct sts_addr lwip_loopback(uint16_t port);

#endif
