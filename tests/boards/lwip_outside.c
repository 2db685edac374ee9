/* SPDX-License-Identifier: MIT */
/* The functions that lwIP and port/lwip require of a board, for tests. */
#include <lwip/dhcp.h>
#include <lwip/tcpip.h>

#include "lwip_outside.h"

#if NO_SYS
#define LOCK_TCPIP_CORE()
#define UNLOCK_TCPIP_CORE()
#endif

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

const struct sts_lwip_outside lwip_outside = { NULL, entropy, event };

struct sts_addr
lwip_loopback(uint16_t port)
{
	return (struct sts_addr){
		.af = STS_AF_INET, .port = port, .ip = { 127, 0, 0, 1 }
	};
}
