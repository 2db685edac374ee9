/* SPDX-License-Identifier: MIT */
/*
 * A gateway to be measured: the real agent and driver over the in-memory port,
 * and the small internet around them. There is no clock, no kernel, and no
 * entropy but the seed's, so that each run does the same.
 *
 *	static struct gateway g;
 *	gateway_start(&g, &config);
 *	gateway_publish(&g, "example.com", 0, HTTPS_GOOD, policy);
 *	struct mem_sock *client = gateway_client(&g);
 *	gateway_ask(&g, client, "example.com");
 *	for (;;) { mem_deliver(&g.mem); gateway_run(&g); world_step(&g.world, g.now); }
 *
 * A measurement that cannot be made ends the process (gateway_need).
 */
#ifndef STS_BENCH_GATEWAY_H
#define STS_BENCH_GATEWAY_H

#include "../../core/driver.h"
#include "../mem/mem.h"
#include "../mem/world.h"

enum {
	GATEWAY_WALL_S = 1750000000, /* the wall clock at the start */
	GATEWAY_ROOT = 4096
};

struct gateway {
	struct mem mem;
	struct world world;
	struct sts_port port; /* mem's; callers may replace functions */
	struct sts_agent agent;
	struct sts_driver driver;
	struct sts_settings
	    settings; /* the caller sets `reporter` before the start */
	sts_ms now;
	/* Private. */
	struct sts_dns_servers servers;
	struct sts_zones zones;
	struct sts_anchors anchors;
	uint8_t root[GATEWAY_ROOT];
};

/* Unless `ok`, print `what` and end the process. */
void gateway_need(bool ok, const char *what);

/* Begin with one name server, the root of tests/mem/ca and an empty cache. The
 * caller zeroes g, except g->settings.reporter. The memory is never given
 * back. */
void gateway_start(struct gateway *g, const struct sts_config *c);

/* A client of the socketmap listener, which the first call opens. */
struct mem_sock *gateway_client(struct gateway *g);

/* Give the domain a policy, whose host has the address 198.51.100.(i + 1), that
 * certificate and that response; i is 0..254. The caller keeps the response
 * valid. */
void gateway_publish(struct gateway *g, const char *domain, unsigned i,
    enum https_cert cert, struct sts_text response);

/* Send the client's question about the domain. */
void gateway_ask(
    struct gateway *g, struct mem_sock *client, const char *domain);

/* One pass of the driver, and nothing else. */
void gateway_run(struct gateway *g);

#endif
