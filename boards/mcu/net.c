/* SPDX-License-Identifier: MIT */
/* What a board learns from the network. */
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/dns.h>

#include "board.h"
#include "eth.h"
#include "log.h"
#include "net.h"
#include "print.h"
#include "tick.h"

/* Milliseconds: a core of 50 MHz computes for seconds. */
#ifndef STS_BOARD_ANSWER_WITHIN_MS
#define STS_BOARD_ANSWER_WITHIN_MS 60000
#endif

/* The IPv4 address of a resolver that validates, over a network that nobody
 * else can write to: the product vouches for both, and DANE believes it. It is
 * the only name server then, whatever DHCP says. */
#ifndef STS_BOARD_RESOLVER
#define STS_BOARD_RESOLVER 0, 0, 0, 0
#endif

enum {
	QUEUE_WAIT_MS = 30000,
	DNS_PORT = 53,
	HTTPS_PORT = 443
};

STS_STATIC_ASSERT(
    DNS_MAX_SERVERS <= STS_DNS_SERVERS_MAX, name_servers_of_dhcp_fit);

/* By mtasts anchors. */
extern const struct sts_anchors sts_board_anchors;

/*
 * lwIP's DNS client is not linked. These are the functions of it that the rest
 * of lwIP calls: its DHCP client hands over here what the server sent.
 */
static ip4_addr_t given_dns[DNS_MAX_SERVERS], given_ntp;

static const uint8_t resolver[sizeof(ip4_addr_t)] = { STS_BOARD_RESOLVER };

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
	if (i < DNS_MAX_SERVERS && ip != NULL) {
		given_dns[i] = *ip;
	}
}

/* The first call of each lease, and the only one that comes for every lease,
 * whatever it names: what an earlier lease named is over. */
void
dhcp_set_ntp_servers(u8_t count, const ip4_addr_t *ip)
{
	memset(given_dns, 0, sizeof given_dns);
	memset(&given_ntp, 0, sizeof given_ntp);
	if (count > 0) {
		given_ntp = ip[0];
	}
}

static void
fill_settings(struct sts_net *n, unsigned i)
{
	struct sts_settings *s = &n->settings[i];

	memset(s, 0, sizeof *s);
	s->servers = &n->servers[i];
	s->anchors = &sts_board_anchors;
	s->zones = &n->zones;
	s->on_no_clock = STS_ON_UNKNOWN_TEMP;
	s->allow_private = true;
	s->policy_port = HTTPS_PORT;
	if (STS_DANE) {
		s->dane = true;
	}
}

static void
add_server(struct sts_dns_servers *s, const void *ip)
{
	struct sts_addr *a = &s->addr[s->count++];

	a->af = STS_AF_INET;
	a->port = DNS_PORT;
	memcpy(a->ip, ip, sizeof(ip4_addr_t));
}

static void
fill_servers(struct sts_dns_servers *s)
{
	memset(s, 0, sizeof *s);
	if (STS_DANE && resolver[0] != 0) {
		s->trusted[0] = true;
		add_server(s, resolver);
		return;
	}
	for (unsigned i = 0; i < DNS_MAX_SERVERS; i++) {
		if (!ip4_addr_isany_val(given_dns[i])) {
			add_server(s, &given_dns[i].addr);
		}
	}
}

static void
log_lease(const struct sts_net *n)
{
	struct sts_addr a = { .af = STS_AF_INET };

	memcpy(a.ip, &netif_ip4_addr(&n->netif)->addr, sizeof(ip4_addr_t));
	sts_log_time();
	sts_print("address ");
	sts_print_addr(&a);
	sts_print(" name servers");
	for (unsigned i = 0; i < n->servers[n->now].count; i++) {
		sts_print(" ");
		sts_print_addr(&n->servers[n->now].addr[i]);
	}
	sts_print("\n");
}

/* Name servers changed: use the other set, as soon as nothing uses it. */
static void
use_servers(struct sts_net *n, struct sts_agent *a)
{
	struct sts_dns_servers fresh;
	unsigned other = 1U - n->now;

	fill_servers(&fresh);
	if (memcmp(&fresh, &n->servers[n->now], sizeof fresh) == 0 ||
	    sts_agent_settings_used(a, &n->settings[other])) {
		return;
	}
	n->servers[other] = fresh;
	n->now = (uint8_t)other;
	sts_agent_settings(a, &n->settings[other]);
	log_lease(n);
}

void
sts_net_begin(struct sts_net *n)
{
	memset(n, 0, sizeof *n);
	sts_zones_init(&n->zones, STS_BOARD_ANSWER_WITHIN_MS, QUEUE_WAIT_MS);
	fill_settings(n, 0);
	fill_settings(n, 1);
	sts_eth_begin(&n->netif);
	dhcp_start(&n->netif);
	sts_sntp_begin(&n->sntp, sts_tick_now());
}

const struct sts_settings *
sts_net_settings(const struct sts_net *n)
{
	return &n->settings[n->now];
}

void
sts_net_poll(struct sts_net *n, struct sts_agent *a, sts_ms now)
{
	sts_eth_poll(&n->netif);
	if (!dhcp_supplied_address(&n->netif)) {
		sts_sntp_tick(&n->sntp, now, NULL);
		return;
	}
	use_servers(n, a);
	sts_sntp_tick(&n->sntp, now,
	    ip4_addr_isany_val(given_ntp) ? netif_ip4_gw(&n->netif)
					  : &given_ntp);
}
