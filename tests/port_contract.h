/* SPDX-License-Identifier: MIT */
/*
 * What core/port.h promises, as a test that any implementation runs against
 * itself: its channels talk to each other. A test program of the port fills
 * a rig and calls port_contract(); a broken promise fails the Check test.
 *
 * This file defines sts_ready() (it stands in for the driver), so the program
 * must not link the driver.
 */
#ifndef STS_PORT_CONTRACT_H
#define STS_PORT_CONTRACT_H

#include "../core/port.h"

enum {
	/* Channel numbers 0..CONTRACT_CHANNELS-1 are used. */
	CONTRACT_CHANNELS = 8
};

struct contract_rig {
	const struct sts_port *port;
	void *rig;
	/* Wait up to `ms` for events and hand them to sts_ready; the driver
	 * pointer to give is NULL. Returns after the first. */
	void (*wait)(void *rig, sts_ms ms);
	/* Make channel ch a listener and return its address. */
	void (*listener)(void *rig, sts_ch ch, struct sts_addr *at);
	/* An address of the port itself, for datagrams; port 0. */
	struct sts_addr self;
	/* Local ports free for datagrams, and one that nobody listens on. */
	uint16_t free_port[4];
};

/* Every promise; leaves all channels closed. */
void port_contract(const struct contract_rig *rig);

#endif
