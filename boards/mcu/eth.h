/* SPDX-License-Identifier: MIT */
/* A lwIP interface over the board's Ethernet. */
#ifndef STS_ETH_H
#define STS_ETH_H

struct netif;

/* Add the interface, up, without an address. Once. */
void sts_eth_begin(struct netif *n);

/* Hand what has arrived to lwIP: a few frames at most, so that a flood leaves
 * time for everything else. */
void sts_eth_poll(struct netif *n);

#endif
