/* SPDX-License-Identifier: MIT */
/* What a board with an operating system adds to lwIP, for the tests. */
#include <lwip/dhcp.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>

#include "lwip_os.h"

static uint32_t lwip_seed = 1, our_seed = 2;

static uint32_t
draw(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed ^ *seed >> 16;
}

/* lwIP calls it under its lock. */
uint32_t
sts_lwip_random(void)
{
	return draw(&lwip_seed);
}

void
dhcp_set_ntp_servers(u8_t n, const ip4_addr_t *ip)
{
	(void)n;
	(void)ip;
}

static int
entropy(void *ctx, uint8_t *buf, size_t len)
{
	(void)ctx;
	LOCK_TCPIP_CORE();
	for (size_t i = 0; i < len; i++) {
		buf[i] = (uint8_t)draw(&our_seed);
	}
	UNLOCK_TCPIP_CORE();
	return 0;
}

static void
event(void *ctx, const struct sts_event *e)
{
	(void)ctx;
	(void)e;
	LOCK_TCPIP_CORE();
	UNLOCK_TCPIP_CORE();
}

const struct sts_lwip_outside lwip_os_outside = { NULL, entropy, event };

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
