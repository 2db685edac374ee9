/* SPDX-License-Identifier: MIT */
/*
 * The whole agent on a microcontroller without an operating system: put
 * together here, then a loop in which nothing blocks for longer than one
 * signature check. A Postfix asks it on TCP port 8461, firmware by the C API
 * (console.c).
 */
#include <lwip/init.h>

#include "../../core/agent/agent_size.h"
#include "../../core/base/assert.h"
#include "../../core/base/version.h"
#include "../../core/driver.h"
#include "../../port/lwip/lwip.h"
#include "../posix/build.h"
#include "board.h"
#include "console.h"
#include "console_route.h"
#include "drbg.h"
#include "log.h"
#include "net.h"
#include "print.h"
#include "tick.h"

#include <lwip/sys.h>

enum {
	SOCKETMAP_PORT = 8461,
	CLIENTS = STS_SOCKETMAP ? STS_BOARD_CLIENTS : 0,
	CHANNELS = 1 + CLIENTS + STS_BOARD_ASKS + 3 * STS_BOARD_LOOKUPS +
		   3 * STS_BOARD_FETCHES +
		   (1 + STS_DANE_LEGS) * STS_BOARD_DANES + STS_LISTENERS_MAX,
	BLOCK = STS_AGENT_SIZE_DANE(CLIENTS, STS_BOARD_LOOKUPS,
		    STS_BOARD_FETCHES, STS_BOARD_ASKS, STS_BOARD_DANES,
		    STS_BOARD_JOURNAL_BUFFER, STS_BOARD_CACHE) -
		STS_BOARD_BLOCK_SPARE
};

static const struct sts_config config = {
	.clients = CLIENTS,
	.lookups = STS_BOARD_LOOKUPS,
	.fetch_slots = STS_BOARD_FETCHES,
	.asks = STS_BOARD_ASKS,
	.cache_size = STS_BOARD_CACHE,
	.build_s = STS_BUILD_S,
	.journal_buffer = STS_BOARD_JOURNAL_BUFFER,
	.danes = STS_BOARD_DANES,
};

static const struct sts_lwip_outside outside = { NULL, sts_drbg_bytes,
	sts_log_event };

static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_lwip lwip;
static struct sts_port port;
static struct sts_net net;
static struct sts_console console;
static struct sts_lwip_channel channels[CHANNELS];
static uint64_t block[BLOCK / sizeof(uint64_t)];

/* For lwIP's timers. */
u32_t
sys_now(void)
{
	return sts_tick_now();
}

static void
run(void)
{
	sts_ms now = sts_tick_now();
	sts_ms sleep =
	    sts_run(&driver, now, sts_sntp_wall_s(&net.sntp, now), 1);
	sts_ms took = sts_tick_now() - now;

	if (took > console.pass_ms) {
		console.pass_ms = took;
	}
	sts_board_feed();
	if (sleep > 0) {
		sts_tick_idle();
	}
}

static void
begin_journal(void)
{
	if (!STS_JOURNAL || config.journal_buffer == 0) {
		return;
	}
	port.store = sts_board_store(
	    sts_agent_journal_area(&config, STS_BOARD_JOURNAL_BUFFER));
	if (port.store == NULL ||
	    !sts_agent_journal(&agent, port.store, STS_BOARD_DAY_BUDGET)) {
		port.store = NULL;
		sts_log_time();
		sts_print("no journal: nothing outlives a reset\n");
	}
}

static void
begin_agent(void)
{
	uint8_t key[16];
	sts_ms now = sts_tick_now();

	STS_ASSERT(sts_agent_size(&config) <= sizeof block);
	STS_ASSERT(sts_driver_channels(&config) == CHANNELS);
	sts_lwip_init(&lwip, &outside, CHANNELS, channels, &port);
	sts_drbg_bytes(NULL, key, sizeof key);
	sts_agent_init(
	    &agent, &config, sts_net_settings(&net), block, now, key);
	begin_journal();
	sts_driver_init(&driver, &agent, &port, now);
}

/* Policies of before the reset are there before anybody is answered. */
static void
load_journal(void)
{
	while (sts_agent_journal_loading(&agent)) {
		run();
	}
}

static void
begin_listening(void)
{
	sts_ch ch = sts_driver_listener(&driver, 0);
	int listening = sts_lwip_listen(&lwip, ch, SOCKETMAP_PORT);

	STS_ASSERT(listening == 0);
	sts_listen(&driver, ch, STS_PROTOCOL_SOCKETMAP);
}

static void
begin(void)
{
	sts_board_start();
	sts_print("mtasts " STS_VERSION "\n");
	while (!sts_drbg_begin()) {
		sts_board_feed();
	}
	lwip_init();
	sts_net_begin(&net);
	begin_agent();
}

static void
log_block(void)
{
	sts_log_time();
	sts_print("block");
	sts_print_word("used", (uint32_t)sts_agent_size(&config));
	sts_print_word("size", (uint32_t)sizeof block);
	sts_print("\n");
}

/* No line is read until the route or judgement that was asked for is there. */
static void
poll_console(void)
{
	if (!STS_DANE || !sts_console_route_poll(&agent,
			     sts_sntp_wall_s(&net.sntp, sts_tick_now()))) {
		sts_console_poll(&console, &agent, &driver);
	}
}

int main(void);

int
main(void)
{
	begin();
	load_journal();
	if (STS_SOCKETMAP) {
		begin_listening();
	}
	log_block();
	for (;;) {
		sts_net_poll(&net, &agent, sts_tick_now());
		sts_lwip_poll(&lwip, &driver);
		poll_console();
		run();
	}
}
