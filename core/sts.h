/* SPDX-License-Identifier: MIT */
/*
 * libmtasts: the public face.
 *
 * An agent finds, fetches, caches and answers MTA-STS policies (RFC 8461). It
 * owns nothing but one block of memory handed in at start, reads no clock and
 * does no I/O: a port (core/port.h) reaches the world, and the board calls
 *
 *	static uint8_t block[...];       sts_agent_size(&config) bytes
 *	sts_agent_init(&agent, &config, block, sizeof block);
 *	sts_driver_init(&driver, &agent, &port);
 *	for (;;)
 *		wait at most sts_run(&driver, now_ms, wall_s, 256) ms
 *
 * and asks by socketmap (sts_listen) or by sts_ask_begin below.
 *
 * Conventions of every header here: one thread; pointers are not NULL unless
 * said; structs are complete so that they can be placed, fields are private
 * unless said; spans are borrowed for the call unless said; programmer errors
 * assert, hostile input never does.
 */
#ifndef STS_H
#define STS_H

#include "../dns/upstream.h"
#include "../tls/anchors.h"
#include "answer.h"
#include "ask.h"
#include "port.h"
#include "zones.h"

enum sts_on_unknown {
	STS_ON_UNKNOWN_NOTFOUND = 0,
	STS_ON_UNKNOWN_TEMP
};

/* A prefix of addresses, for fetch_allow. */
struct sts_prefix {
	struct sts_addr addr; /* port unused */
	uint8_t bits;
};

/*
 * What can change while running: the board fills a second one and swaps with
 * sts_agent_settings. Owned by the board; unchanged while in use.
 */
struct sts_settings {
	const struct sts_dns_servers *servers;
	const struct sts_anchors *anchors; /* count 0: nothing can be fetched */
	const struct sts_zones *zones;
	uint32_t answer_within_ms; /* 12,000; a slow board 60,000 */
	uint32_t queue_wait_ms; /* 30,000 */
	uint8_t on_dns_error; /* enum sts_on_unknown */
	uint8_t on_no_clock; /* TEMP: for 5 min after start, then not found */
	bool allow_private; /* fetch from RFC 1918, ULA, 100.64/10 */
	bool enforce_off; /* kill switch: answer not found, log the rest */
	uint8_t allow_count;
	struct sts_prefix allow[STS_FETCH_ALLOW_MAX]; /* fetched from, always */
	uint16_t policy_port; /* 443; others for tests only */
};

/* What is fixed at start. */
struct sts_config {
	uint16_t clients; /* 0..60000 socketmap clients at once */
	uint16_t lookups; /* 1..4096 domains looked up at once */
	uint16_t fetch_slots; /* 1..256 policies fetched at once */
	uint16_t asks; /* 0..256 questions by the C API at once */
	size_t cache_size; /* bytes, >= STS_CACHE_BLOCK_MIN */
	int64_t build_s; /* the clock is wrong when before this */
};

struct sts_agent; /* core/agent.h */

/* Parts of the block, for a memory plan. */
struct sts_plan {
	size_t clients, lookups, fetches, asks, dns, driver, cache, total;
};

/* Bytes of the block for this configuration, by parts and in all. */
void sts_agent_plan(const struct sts_config *config, struct sts_plan *plan);
size_t sts_agent_size(const struct sts_config *config);

#endif
