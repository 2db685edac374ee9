/* SPDX-License-Identifier: MIT */
/* lwIP in a thread of its own, for the tests of port/lwip as a task. */
#ifndef STS_TEST_LWIP_OS_H
#define STS_TEST_LWIP_OS_H

#include "../../port/lwip/os/lwip_task.h"
#include "lwip_outside.h"

/* Start lwIP's thread and its loopback, once per process. */
void lwip_os_begin(void);

#endif
