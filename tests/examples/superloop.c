/* SPDX-License-Identifier: MIT */
/* A mail sender without an operating system asks before it connects. */
#include <stdio.h>
#include <string.h>

#include "../../core/agent/agent_size.h"
#include "../../core/driver.h"
#include "../../port/posix/posix.h" /* or your own: port/README.md */

#define CHANNELS 64

extern const struct sts_anchors sts_board_anchors; /* mtasts anchors */
static const struct sts_dns_servers servers = {
	.addr = { { .af = STS_AF_INET, .ip = { 127, 0, 0, 1 }, .port = 53 } },
	.count = 1
};
static uint64_t block[STS_AGENT_SIZE(0, 4, 1, 2, 0, 8192) / 8];
static uint64_t port_memory[STS_POSIX_SIZE_MAX(CHANNELS) / 8];
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_posix posix;
static struct sts_zones zones;

void
sts_assert_failed(const char *file, int line)
{
	printf("%s:%d\n", file, line);
	for (;;) { /* the watchdog resets */
	}
}

int
main(int argc, char **argv)
{
	const char *domain = argc > 1 ? argv[1] : "example.com";
	struct sts_text ask = sts_text((const uint8_t *)domain, strlen(domain));
	struct sts_config config = {
		.lookups = 4, .fetch_slots = 1, .asks = 2, .cache_size = 8192
	};
	struct sts_settings settings = { &servers, &sts_board_anchors, &zones,
		.policy_port = 443, .allow_private = true };
	struct sts_port port;
	uint8_t key[16], reply[512];

	sts_zones_init(&zones, 12000, 30000);
	sts_posix_init(&posix, CHANNELS, port_memory, &port);
	port.entropy(port.ctx, key, sizeof key);
	sts_agent_init(&agent, &config, &settings, block, sts_posix_now(), key);
	sts_driver_init(&driver, &agent, &port, sts_posix_now());
	int slot = sts_ask_begin(&agent, sts_text(NULL, 0), ask);

	sts_driver_wake(&driver);
	while (sts_ask_answer(&agent, slot)->kind == STS_ANSWER_NONE) {
		sts_run(&driver, sts_posix_now(), sts_posix_wall_s(), 1);
		sts_posix_wait(&posix, &driver, 1); /* eth_poll(); wdt_feed() */
	}
	size_t n = sts_ask_render(&agent, slot, 0, sts_span(reply, 512));

	printf("%.*s\n", (int)n, (const char *)reply);
	return 0;
}
