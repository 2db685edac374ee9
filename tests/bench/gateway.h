/* SPDX-License-Identifier: MIT */
/*
 * A gateway to be measured: the real agent and driver over the in-memory port,
 * and the small internet that they see. No clock, no kernel, no entropy but the
 * seed's, so that each run does the same.
 *
 *	static struct gateway g;
 *	gateway_start(&g, &config);
 *	gateway_publish(&g, "example.com", 0, HTTPS_GOOD, policy);
 *	struct mem_sock *client = gateway_client(&g);
 *	gateway_ask(&g, client, "example.com");
 *	for (;;) { mem_tell(&g.mem); gateway_run(&g); world_step(&g.world, g.now); }
 *
 * A measurement that cannot be made ends the process (gateway_need).
 */
#ifndef STS_BENCH_GATEWAY_H
#define STS_BENCH_GATEWAY_H

#include "../../core/driver.h"
#include "../mem/mem.h"
#include "../mem/world.h"

enum {
	GATEWAY_WALL_S = 1750000000, /* the time of the clock at the start */
	GATEWAY_ROOT = 4096
};

struct gateway {
	struct mem mem;
	struct world world;
	struct sts_port port; /* mem's; its functions may be replaced */
	struct sts_agent agent;
	struct sts_driver driver;
	struct sts_settings
	    settings; /* `reporter` is the caller's, before the start */
	sts_ms now;
	/* Private. */
	struct sts_dns_servers servers;
	struct sts_zones zones;
	struct sts_anchors anchors;
	uint8_t root[GATEWAY_ROOT];
};

/* Unless `ok`, print `what` and end the process. */
void gateway_need(bool ok, const char *what);

/* Begin: one name server, the root of tests/mem/ca, an empty cache. g is all
 * zero but for g->settings.reporter; the memory is never given back. */
void gateway_start(struct gateway *g, const struct sts_config *c);

/* A client of the socketmap listener; the first call opens that. */
struct mem_sock *gateway_client(struct gateway *g);

/* The domain has a policy, whose host has address 198.51.100.(i + 1), that
 * certificate and that response, which stays valid; i 0..254. */
void gateway_publish(struct gateway *g, const char *domain, unsigned i,
    enum https_cert cert, struct sts_text response);

/* The client asks for the domain. */
void gateway_ask(
    struct gateway *g, struct mem_sock *client, const char *domain);

/* One pass of the driver, and nothing else. */
void gateway_run(struct gateway *g);

#endif
