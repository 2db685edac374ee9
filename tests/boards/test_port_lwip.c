/* SPDX-License-Identifier: MIT */
/*
 * port/lwip against the contract: lwIP compiled for this machine, its channels
 * talking to each other over lwIP's own loopback, in virtual time.
 */
#include <string.h>

#include <lwip/init.h>
#include <lwip/ip_addr.h>
#include <lwip/netif.h>
#include <lwip/tcp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <lwip/dns.h>
#include <lwip/dhcp.h>

#include "../../port/lwip/lwip.h"
#include "../port_contract.h"
#include "../unit/unit.h"

const char unit_name[] = "port_lwip";

static struct sts_lwip lwip;
static struct sts_port port;
static sts_ms now;
static uint32_t seed = 1;

/* What lwIP asks of a board. */

u32_t
sys_now(void)
{
	return now;
}

uint32_t
sts_lwip_random(void)
{
	seed = seed * 1664525U + 1013904223U;
	return seed;
}

void
dns_init(void)
{
}

void
dns_tmr(void)
{
}

void
dns_setserver(u8_t i, const ip_addr_t *ip)
{
	(void)i;
	(void)ip;
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
	for (size_t i = 0; i < len; i++) {
		buf[i] = (uint8_t)(sts_lwip_random() >> 24);
	}
	return 0;
}

static void
event(void *ctx, const struct sts_event *e)
{
	(void)ctx;
	(void)e;
}

static void
rig_wait(void *rig, sts_ms ms)
{
	now += ms;
	netif_poll_all();
	sts_lwip_poll(rig, NULL);
}

static void
rig_listener(void *rig, sts_ch ch, struct sts_addr *at)
{
	ck_assert_int_eq(sts_lwip_listen(rig, ch, 8461), 0);
	at->af = STS_AF_INET;
	at->port = 8461;
	at->ip[0] = 127;
	at->ip[3] = 1;
}

static void
begin(void)
{
	static const struct sts_lwip_outside outside = { NULL, entropy, event };
	static uint64_t memory[128];

	ck_assert_uint_le(sts_lwip_size(CONTRACT_CHANNELS), sizeof memory);
	lwip_init();
	sts_lwip_init(&lwip, &outside, CONTRACT_CHANNELS, memory, &port);
}

START_TEST(contract)
{
	static struct contract_rig rig = { .free_port = {
					       2001, 2002, 2003, 2004 } };

	begin();
	rig.port = &port;
	rig.rig = &lwip;
	rig.wait = rig_wait;
	rig.listener = rig_listener;
	rig.self.af = STS_AF_INET;
	rig.self.ip[0] = 127;
	rig.self.ip[3] = 1;
	port_contract(&rig);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, contract);
}
