/* SPDX-License-Identifier: MIT */
/* lwIP in a thread of its own, for the tests of port/lwip as a task. */
#include <lwip/sys.h>
#include <lwip/tcpip.h>

#include "lwip_os.h"

static void
initialised(void *arg)
{
	sys_sem_signal(arg);
}

void
lwip_os_begin(void)
{
	sys_sem_t done;

	if (sys_sem_new(&done, 0) == ERR_OK) {
		tcpip_init(initialised, &done);
		sys_sem_wait(&done);
		sys_sem_free(&done);
	}
}
