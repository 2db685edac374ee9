/* SPDX-License-Identifier: MIT */
/* Firmware that delivers mail asks what each host must show, and judges what
 * the host presented: route DOMAIN DNS-PORT SECONDS LEAF.der */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/agent_size.h"
#include "../../core/driver.h"
#include "../../core/route.h"
#include "../../port/posix/posix.h" /* or your own: port/README.md */

enum {
	CHANNELS = 64,
	CERTS_MAX = 8
};

extern const struct sts_anchors sts_board_anchors; /* mtasts anchors */
static const struct sts_config config = { .lookups = 4,
	.fetch_slots = 1,
	.asks = 1,
	.cache_size = 8192,
	.danes = 2 };
static uint64_t block[STS_AGENT_SIZE_DANE(0, 4, 1, 1, 2, 0, 8192) / 8];
static uint64_t port_memory[STS_POSIX_SIZE_MAX(CHANNELS) / 8];
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_dns_servers servers = { .count = 1,
	.trusted = { true },
	.addr = { { .af = STS_AF_INET, .ip = { 127, 0, 0, 1 } } } };
static struct sts_posix posix;
static struct sts_zones zones;
static struct sts_route route;
static struct sts_judge judge;

void
sts_assert_failed(const char *file, int line)
{
	(void)file, (void)line;
	abort(); /* a board resets */
}

int
main(int argc, char **argv)
{
	struct sts_settings settings = { &servers, &sts_board_anchors, &zones,
		.policy_port = 443, .allow_private = true, .dane = true };
	static uint8_t der[4096]; /* the chain that a TLS library hands over */
	struct sts_demand demand;
	struct sts_port port;
	enum sts_why why;
	uint8_t key[16];

	FILE *f = argc > 4 ? fopen(argv[4], "rb") : stdin;
	struct sts_text chain =
	    sts_text(der, f != NULL ? fread(der, 1, sizeof der, f) : 0);

	if (argc > 4 && f != NULL) {
		fclose(f);
	}

	servers.addr[0].port = (uint16_t)atoi(argv[2]);
	sts_zones_init(&zones, 12000, 30000);
	sts_posix_init(&posix, CHANNELS, port_memory, &port);
	port.entropy(port.ctx, key, sizeof key);
	sts_agent_init(&agent, &config, &settings, block, sts_posix_now(), key);
	sts_driver_init(&driver, &agent, &port, sts_posix_now());
	sts_route_begin(&agent, &route, /* false: no slot is free */
	    sts_text((const uint8_t *)argv[1], strlen(argv[1])));
	sts_driver_wake(&driver);
	while (sts_route_state(&agent, &route, &why) == STS_ROUTE_PENDING) {
		sts_run(&driver, sts_posix_now(), sts_posix_wall_s(), 1);
		sts_posix_wait(&posix, &driver, 1);
	}
	printf("%s %s\n", argv[1], sts_why_token(why));
	for (unsigned i = 0; i < sts_route_count(&agent, &route); i++) {
		sts_route_host(&agent, &route, i, &demand);
		sts_judge_begin(&judge, &demand, &chain, 1, &sts_board_anchors,
		    atoll(argv[3]));
		while (sts_judge_pending(&judge)) {
			sts_judge_work(&judge);
		}
		printf("%.*s %s\n", (int)demand.host.n, demand.host.p,
		    sts_why_token(sts_judge_verdict(&judge)));
	}
	sts_route_end(&agent, &route);
	return 0;
}
