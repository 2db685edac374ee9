/* SPDX-License-Identifier: MIT */
/* The agent's life, and time. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../core/base/assert.h"
#include "../mem/https.h"
#include "../mem/trust.h"
#include "agent.h"

enum {
	WALL_START_S = 1750000000, /* 15 June 2025 */
	BUILD_S = 1748736000, /* 1 June 2025 */
	JOURNAL_BUFFER = 256,
	ANCHORS_SIZE = 16384,
	HOPS_MAX = 300, /* steps of one deed that passes time */
	REST_HOPS_MAX = 5000,
	NAP_MAX_MS = 20 * DAY,
	REST_MS = 3 * MINUTE
};

struct play play;

static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint8_t anchor_block[ANCHORS_SIZE];

static bool logs;
static unsigned events_logged;

void
play_log(const char *format, ...)
{
	va_list args;

	if (logs) {
		fprintf(stderr, "%10.3f ", (double)play.t / SECOND);
		va_start(args, format);
		vfprintf(stderr, format, args);
		va_end(args);
		fprintf(stderr, "\n");
	}
}

static void
log_events(void)
{
	for (; logs && events_logged != play.mem.event_count; events_logged++) {
		const struct sts_event *e =
		    &play.mem.event[events_logged % MEM_EVENTS];

		play_log("event %s %.*s why=%s %u %u",
		    sts_event_token((enum sts_event_code)e->code),
		    (int)e->text_len, (const char *)e->text,
		    sts_why_token((enum sts_why)e->why), (unsigned)e->number[0],
		    (unsigned)e->number[1]);
	}
}

static sts_ms
now_ms(void)
{
	return play.start + (sts_ms)(uint64_t)play.t;
}

static int64_t
wall_s(void)
{
	return play.wall_unknown
		   ? -1
		   : WALL_START_S + (play.t + play.wall_ms) / SECOND;
}

/* Set up what is the same in each play. */
static void
begin_once(void)
{
	static const char *const lines[] = { "strict strict_testing=yes",
		"audit audit=yes" };

	trust_root(&anchors, anchor_block, sizeof anchor_block);
	sts_zones_init(&zones, 12 * SECOND, 30 * SECOND);
	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *p = (const uint8_t *)lines[i];

		STS_ASSERT(sts_zones_add(&zones,
			       sts_text(p, strlen(lines[i]))) == STS_ZONES_OK);
	}
	servers.count = 2;
	for (unsigned i = 0; i < servers.count; i++) {
		servers.addr[i] = (struct sts_addr){ STS_AF_INET, 0, 53, 0,
			{ 192, 0, 2, (uint8_t)(53 + i) } };
	}
	mem_init(&play.mem, 1);
	logs = getenv("FUZZ_LOG") != NULL;
}

/* Like mem_init, but without clearing megabytes: all sockets are free. */
static void
begin_mem(void)
{
	struct mem *m = &play.mem;

	STS_ASSERT(m->sock_high == 0);
	STS_ASSERT(m->open_count == 0);
	m->random = m->weather = 1;
	m->entropy = m->streams = 2;
	m->channels_max = MEM_CHANNELS;
	m->space = 65536;
	m->segment = 0;
	m->loss = m->twice = m->swap = 0;
	m->ports_taken = m->entropy_dry = 0;
	m->no_inet6 = false;
	m->fault = NULL;
	m->event_count = events_logged = 0;
	m->moves = 0;
	m->port.store = NULL;
}

static void
begin_settings(uint8_t how)
{
	struct sts_settings *s = &play.settings[0];

	memset(s, 0, sizeof *s);
	s->servers = &servers;
	s->anchors = &anchors;
	s->zones = &zones;
	s->on_dns_error = (how & 8) != 0;
	s->on_no_clock = (how & 16) != 0;
	s->sct = STS_SCT_LOG;
	s->policy_port = 443;
	play.settings[1] = *s;
	play.settings_at = 0;
}

static void
start(void)
{
	static const uint8_t key[16] = { 1, 2, 3 };
	size_t size = sts_agent_size(&play.config);
	sts_ch ch;

	play.block = malloc(size);
	STS_ASSERT(play.block != NULL);
	memset(play.block, 0xa5, size); /* init may not rely on zeros */
	memset(&play.agent, 0xa5, sizeof play.agent);
	memset(&play.driver, 0xa5, sizeof play.driver);
	sts_agent_init(&play.agent, &play.config,
	    &play.settings[play.settings_at], play.block, now_ms(), key);
	if (play.has_journal) {
		STS_ASSERT(
		    sts_agent_journal(&play.agent, &play.storage.store, 0));
	}
	sts_driver_init(&play.driver, &play.agent, &play.mem.port, now_ms());
	play.mem.driver = &play.driver;
	ch = sts_driver_listener(&play.driver, 0);
	mem_listen(&play.mem, ch);
	sts_listen(&play.driver, ch,
	    play.text ? STS_PROTOCOL_TEXT : STS_PROTOCOL_SOCKETMAP);
	play.draining = false;
}

void
play_begin(uint8_t how, uint8_t size)
{
	static const sts_ms starts[] = { 0, 0u - 3000u };
	static bool begun;
	struct sts_config *c = &play.config;

	if (!begun) {
		begin_once();
		begun = true;
	}
	begin_mem();
	begin_settings(how);
	play.t = 0;
	play.start = starts[how & 1];
	play.budget = (how & 2) != 0 ? 1 : 256;
	play.has_journal = (how & 4) != 0;
	play.text = (how & 32) != 0;
	play.wall_ms = play.wall_lowest = play.wall_vouched = 0;
	play.wall_changed = play.forgot = -HOUR;
	play.wall_unknown = play.wall_stepped = play.confirmed = false;
	play.switches = 0;
	play.version_count = play.mutation_count = 0;
	memset(c, 0, sizeof *c);
	c->clients = 3;
	c->lookups = (uint16_t)(1 + size % 4);
	c->fetch_slots = (uint16_t)(1 + size / 4 % 2);
	c->asks = 2;
	c->cache_size = (size & 8) != 0 ? 4096 : 16384;
	c->build_s = BUILD_S;
	if (play.has_journal) {
		c->journal_buffer = JOURNAL_BUFFER;
		storage_init(&play.storage, &play.mem, 65536);
		play.storage.flash.random = size;
		play.mem.port.store = &play.storage.store;
	}
	net_begin();
	ask_begin();
	start();
	play_settle();
}

/* Check the invariants once nothing moves. */
static void
look(void)
{
	STS_ASSERT(play.mem.fault == NULL);
	ask_look();
	if (play.has_journal && sts_agent_saved(&play.agent) &&
	    sts_cache_unsaved_count(&play.agent.cache) == 0 &&
	    sts_journal_state(play.agent.journal.engine) == STS_JOURNAL_READY) {
		ask_saved();
	}
}

/* Run until nothing moves at this moment. Returns how long the agent may
 * sleep. */
static sts_ms
settle(void)
{
	unsigned still = 0;
	sts_ms sleep;

	for (;;) {
		unsigned long before = play.mem.moves;
		unsigned ready = mem_deliver(&play.mem);
		bool moved;

		sleep = sts_run(&play.driver, now_ms(), wall_s(), play.budget);
		ready += play.has_journal && storage_resume(&play.storage);
		log_events();
		moved = net_step();
		moved = ask_step() || moved;
		moved = play.mem.moves != before || moved;
		still = moved ? 0 : still + 1;
		STS_ASSERT(still < STILL_MAX);
		if ((play.has_journal && play.storage.flash.off) ||
		    (ready == 0 && !moved && sleep > 0)) {
			break;
		}
	}
	return sleep;
}

/* The power failed in the middle of an operation of the storage. */
static bool
power_is_gone(void)
{
	return play.has_journal && play.storage.flash.off;
}

void
play_settle(void)
{
	(void)settle();
	if (power_is_gone()) {
		play_crash(FLASH_ANY_ORDER);
		return;
	}
	if (!sts_agent_journal_loading(&play.agent)) {
		look();
	}
}

void
play_pass(int64_t ms)
{
	int64_t until = play.t + ms;

	for (unsigned i = 0; i < HOPS_MAX && play.t < until; i++) {
		sts_ms sleep = settle();

		if (power_is_gone()) {
			break;
		}
		sleep = sleep > 0 ? sleep : 1;
		play.t += sleep < until - play.t ? sleep : until - play.t;
	}
	play_settle();
}

/* Nobody waits and nothing is open but to clients: it may be woken late, but
 * not by so much that its milliseconds cannot tell; nor, as it would then not
 * see the time, while there is no entropy. */
void
play_sleep(int64_t ms)
{
	while (ms > 0) {
		int64_t nap = ms < NAP_MAX_MS ? ms : NAP_MAX_MS;

		if (ask_waits() || play.mem.entropy_dry > 0 ||
		    mem_open_count(&play.mem) != play.agent.client.open) {
			play_pass(ms < MINUTE ? ms : MINUTE);
			return;
		}
		play.t += nap;
		ms -= nap;
		play_settle();
	}
}

void
play_crash(enum flash_cut how)
{
	ask_crash();
	mem_crash(&play.mem);
	(void)net_step();
	free(play.block);
	if (play.has_journal) {
		storage_crash(&play.storage, how);
		play.storage.flash.again = play.storage.flash.fail_reads = 0;
		play.storage.flash.fail_from = play.storage.flash.fail_to = 0;
	}
	start();
	play_settle();
}

void
play_clock(int64_t off_ms, bool unknown)
{
	if (play.wall_ms == off_ms && play.wall_unknown == unknown) {
		return;
	}
	play.wall_ms = off_ms;
	play.wall_unknown = unknown;
	play.wall_changed = play.t;
	play.wall_stepped = true;
	if (!unknown && off_ms < play.wall_lowest) {
		play.wall_lowest = off_ms;
	}
	play_settle();
}

void
play_drain(void)
{
	sts_ch ch = sts_driver_listener(&play.driver, 0);

	if (play.draining) {
		return;
	}
	play.draining = true;
	play.drained_at = play.t;
	sts_unlisten(&play.driver, ch);
	mem_unlisten(&play.mem, ch);
	sts_agent_drain(&play.agent);
	sts_driver_wake(&play.driver);
	play_settle();
}

static bool
is_at_rest(void)
{
	return !ask_waits() &&
	       (!play.draining || (sts_agent_idle(&play.agent) &&
				      play.agent.lookups_busy == 0 &&
				      mem_open_count(&play.mem) == 0));
}

/* Let time pass until nobody waits and the drained agent is idle. */
static void
come_to_rest(void)
{
	int64_t until = play.t + REST_MS;

	for (unsigned i = 0; play.t < until; i++) {
		sts_ms sleep = settle();

		STS_ASSERT(i < REST_HOPS_MAX);
		if (is_at_rest()) {
			return;
		}
		sleep = sleep > 0 ? sleep : 1;
		play.t += sleep < until - play.t ? sleep : until - play.t;
	}
	play_log("it does not come to rest");
	STS_ASSERT(play.t < until);
}

static void
check_rest(void)
{
	const struct sts_agent *a = &play.agent;
	struct sts_cache_stats stats;

	STS_ASSERT(play.mem.fault == NULL);
	STS_ASSERT(mem_open_count(&play.mem) == 0);
	STS_ASSERT(a->lookups_busy == 0);
	STS_ASSERT(a->slots.busy == 0);
	STS_ASSERT(a->work.refreshes == 0);
	STS_ASSERT(a->asks.count == 0);
	STS_ASSERT(a->buffers.starved.count == 0);
	STS_ASSERT(a->buffers.count == STS_DNS_TCP_BUFFERS);
	STS_ASSERT(sts_cache_check(sts_agent_cache(a)));
	sts_cache_stats(sts_agent_cache(a), &stats);
	STS_ASSERT(stats.chunks_staged == 0);
}

void
play_end(void)
{
	play.storage.flash.cut_at = 0;
	play.storage.flash.again = play.storage.flash.fail_reads = 0;
	play.storage.flash.fail_to = 0;
	play.mem.channels_max = MEM_CHANNELS;
	play.mem.ports_taken = play.mem.entropy_dry = 0;
	come_to_rest();
	play_drain();
	come_to_rest();
	check_rest();
	ask_leave();
	net_end();
	free(play.block);
}
