/* SPDX-License-Identifier: MIT */
/* What a board with an operating system adds to lwIP, for the tests. */
#ifndef STS_TEST_LWIP_OS_H
#define STS_TEST_LWIP_OS_H

#include "../../port/lwip/os/lwip_task.h"

/* Start lwIP's thread and its loopback; once a process. */
void lwip_os_begin(void);

/* Randomness and a log for the port. Both take lwIP's lock, as only somebody
 * can who does not hold it: a port that calls them under it stops. */
extern const struct sts_lwip_outside lwip_os_outside;

#endif
