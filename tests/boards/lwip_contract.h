/* SPDX-License-Identifier: MIT */
/* port/lwip, built in either way, against the contract of core/port.h: its
 * channels talk to each other over lwIP's own loopback. */
#ifndef STS_TEST_LWIP_CONTRACT_H
#define STS_TEST_LWIP_CONTRACT_H

#include "../port_contract.h"
#include "../unit/unit.h"
#include "lwip_outside.h"

enum {
	LWIP_PORT = 8461 /* where a listener listens */
};

/* Memory for sts_lwip_init and similar functions. */
static inline void *
lwip_memory(void)
{
	static uint64_t memory[128];

	ck_assert_uint_le(sts_lwip_size(CONTRACT_CHANNELS), sizeof memory);
	return memory;
}

/* Run the contract; both functions get rig. */
static inline void
lwip_contract(const struct sts_port *port, void *rig,
    void (*wait)(void *rig, sts_ms ms),
    void (*listener)(void *rig, sts_ch ch, struct sts_addr *at))
{
	const struct contract_rig r = { port, rig, wait, listener,
		lwip_loopback(0), { 2001, 2002, 2003, 2004 } };

	port_contract(&r);
}

#endif
