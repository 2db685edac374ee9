/* SPDX-License-Identifier: MIT */
/*
 * What a board learns from the network: by DHCP its address, the name servers and
 * the time server (or the gateway, if none is named); by SNTP the time. From
 * that the agent's settings, in two sets of which one is in use.
 */
#ifndef STS_NET_H
#define STS_NET_H

#include <lwip/netif.h>

#include "../../core/sts.h"
#include "sntp.h"

struct sts_net {
	/* Private. */
	struct netif netif;
	struct sts_sntp sntp;
	struct sts_zones zones;
	struct sts_dns_servers servers[2];
	struct sts_settings settings[2];
	uint8_t now; /* which of them is in use */
};

/* Bring the interface up and ask for an address. */
void sts_net_begin(struct sts_net *n);

/* For sts_agent_init: no name server yet. */
const struct sts_settings *sts_net_settings(const struct sts_net *n);

/* Take frames in, look at the lease, ask for the time. */
void sts_net_poll(struct sts_net *n, struct sts_agent *a, sts_ms now);

#endif
