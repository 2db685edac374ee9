/* SPDX-License-Identifier: MIT */
/* The agent, the clocks, and the faults that strike them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../mem/trust.h"
#include "dane.h"
#include "fleet.h"
#include "mail.h"
#include "sim.h"
#include "trace.h"

enum {
	WALL_START_S = 1750000000, /* 15 June 2025 */
	BUILD_S = 1748736000, /* 1 June 2025 */
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	STILL_MAX = 20000, /* rounds without progress: spinning */
	ANCHORS_SIZE = 16384,
	JOURNAL_BUFFER = 512,
	QUEUE_WAIT_MS = 30000,
	GATHER_MS = 31000, /* of a look-up of mail hosts, and a little more */
	DRAIN_MS = 3 * MINUTE,
	FLOOD_LOOKUPS = 48, /* more than a flood has hostile domains */
	CHECK_EVERY = 16 /* answers, between looks at the cache */
};

struct sim sim;

static unsigned events_told;

void
sim_fail(const char *what, const char *whose)
{
	if (sim.fault == NULL) {
		sim.fault = what;
		snprintf(sim.fault_of, sizeof sim.fault_of, "%s", whose);
		trace("* %s FAILED: %s", whose, what);
	}
}

void
sts_assert_failed(const char *file, int line)
{
	trace("* FAILED: an assertion, %s:%d", file, line);
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	fflush(stdout);
	abort();
}

/* Drawing the settings of a run. */

static unsigned
one_of(struct draw *d, const unsigned *values, unsigned n)
{
	return values[draw_below(d, n)];
}

static void
draw_memory(struct draw *d)
{
	static const unsigned lookups[] = { 1, 2, 4, 16, 64, 64, 256, 256 };
	static const unsigned slots[] = { 1, 2, 4, 8, 16, 16 };
	static const unsigned clients[] = { 24, 32, 64, 256 };
	static const unsigned caches[] = { 4096, 8192, 16384, 32768, 32768,
		32768, 65536, 262144 };

	sim.config.clients = (uint16_t)one_of(d, clients, 4);
	sim.config.lookups = (uint16_t)one_of(d, lookups, 8);
	sim.config.fetch_slots = (uint16_t)one_of(d, slots, 6);
	sim.config.asks = (uint16_t)draw_below(d, 3);
	sim.config.cache_size = one_of(d, caches, 8);
	sim.config.build_s = BUILD_S;
}

static void
draw_settings(struct draw *d)
{
	static const unsigned within[] = { 12000, 12000, 4000, 60000 };
	struct sts_settings *s = &sim.settings[0];
	unsigned i;

	memset(s, 0, sizeof *s);
	sim.within_ms = one_of(d, within, 4);
	s->on_dns_error =
	    draw_percent(d, 50) ? STS_ON_UNKNOWN_TEMP : STS_ON_UNKNOWN_NOTFOUND;
	s->on_no_clock =
	    draw_percent(d, 70) ? STS_ON_UNKNOWN_TEMP : STS_ON_UNKNOWN_NOTFOUND;
	s->sct = draw_percent(d, 50) ? STS_SCT_LOG : STS_SCT_OFF;
	s->allow_private = draw_percent(d, 50);
	s->policy_port = 443;
	sim.servers.count = 1 + draw_below(d, SIM_SERVERS);
	for (i = 0; i < sim.servers.count; i++) {
		sim.servers.addr[i] = (struct sts_addr){ STS_AF_INET, 0, 53, 0,
			{ 192, 0, 2, (uint8_t)(53 + i) } };
	}
}

static void
draw_plan(uint64_t seed)
{
	static const unsigned budgets[] = { 256, 256, 16, 1 };
	static const sts_ms starts[] = { 0, 1000, 0u - 3000u, 0x7fffff00u };
	struct draw d = draw_begin(seed, "plan", 0);
	struct sim_plan *p = &sim.plan;

	draw_memory(&d);
	draw_settings(&d);
	p->site_count = 4 + draw_below(&d, SITES - 4);
	p->mta_count = 2 + draw_below(&d, 10);
	p->days = 2 + draw_below(&d, 12);
	if (draw_percent(&d, 4)) {
		p->days = 40 + draw_below(&d, 30); /* milliseconds wrap */
	}
	p->budget = one_of(&d, budgets, 4);
	p->start = starts[draw_below(&d, 4)];
	p->question_ms = draw_between(&d, 200 * SECOND, 400 * SECOND);
	p->nap_ms = draw_between(&d, 5 * SECOND, 2 * MINUTE);
	p->change_ms = draw_between(&d, HOUR, 24 * HOUR);
	p->journal = sim.config.cache_size <= 32768 && draw_percent(&d, 70);
	p->day_budget = draw_percent(&d, 25) ? 400 + draw_below(&d, 4000) : 0;
	/* Freed room counts as taken until the journal rests, which it never
	 * does over a day's budget. */
	sim.ample = sim.config.cache_size >= 32768 &&
		    !(p->journal && p->day_budget > 0);
	sim.roomy = sim.config.lookups >= 16 && sim.config.fetch_slots >= 4;
	p->segment = 1 + draw_below(&d, 100);
	sim.config.journal_buffer = p->journal ? JOURNAL_BUFFER : 0;
}

/* Two runs of five have DANE, drawn apart: all others are as without it. */
static void
draw_dane(uint64_t seed)
{
	static const unsigned danes[] = { 1, 4, 16, 16, 64 };
	struct draw d = draw_begin(seed, "dane", 0);
	unsigned i, trusted;

	sim.plan.dane = draw_percent(&d, 40);
	if (!sim.plan.dane) {
		return;
	}
	sim.config.danes = (uint16_t)one_of(&d, danes, 5);
	sim.settings[0].dane = true;
	sim.settings[0].dane_partial = draw_percent(&d, 40);
	trusted = 1 + draw_below(&d, sim.servers.count);
	for (i = 0; i < trusted; i++) {
		sim.servers.trusted[i] = true;
	}
	sim.roomy = sim.roomy && sim.config.danes >= 16;
}

static void
begin_dane(void)
{
	struct dane_terms terms;

	mail_begin(sim.seed, sim.plan.site_count);
	memset(&terms, 0, sizeof terms);
	terms.on = sim.plan.dane;
	terms.partial = sim.settings[0].dane_partial;
	terms.ample = sim.ample;
	terms.gather_ms = GATHER_MS + sim.plan.nap_ms;
	dane_begin(&terms);
}

static void
add_zones(void)
{
	static const char *const zones[] = { "strict strict_testing=yes",
		"audit audit=yes", "nosni sni=no" };
	static const char *const overrides[] = {
		"bank.example postfix dane-only", "slow.example notfound",
		"shop.example ignore", "late.example sts"
	};
	unsigned i;

	sts_zones_init(&sim.zones, sim.within_ms, QUEUE_WAIT_MS);
	for (i = 0; i < 4; i++) {
		const uint8_t *zone = (const uint8_t *)zones[i % 3];
		const uint8_t *over = (const uint8_t *)overrides[i];

		if ((i < 3 && sts_zones_add(&sim.zones,
				  sts_text(zone, strlen(zones[i]))) !=
				  STS_ZONES_OK) ||
		    sts_zones_override(&sim.zones,
			sts_text(over, strlen(overrides[i]))) != STS_ZONES_OK) {
			abort();
		}
	}
}

static void
read_anchors(void)
{
	sim.anchor_block = calloc(1, ANCHORS_SIZE);
	if (sim.anchor_block == NULL) {
		abort();
	}
	trust_root(&sim.anchors, sim.anchor_block, ANCHORS_SIZE);
}

static void
begin(const struct sim_options *o)
{
	struct draw d = draw_begin(o->seed, "sites", 0);
	struct terms terms;
	unsigned i;

	memset(&sim, 0, sizeof sim);
	events_told = 0;
	trace_begin();
	sim.seed = o->seed;
	draw_plan(o->seed);
	draw_dane(o->seed);
	if (o->days > 0) {
		sim.plan.days = o->days;
	}
	sim.end = (int64_t)sim.plan.days * 24 * HOUR;
	sim.clock_changed = -HOUR;
	faults_begin(&sim.faults, o->seed, o->without, sim.plan.site_count,
	    sim.plan.dane);
	mem_init(&sim.mem, o->seed);
	read_anchors();
	add_zones();
	sim.settings[0].servers = &sim.servers;
	sim.settings[0].anchors = &sim.anchors;
	sim.settings[0].zones = &sim.zones;
	sim.settings[1] = sim.settings[0];
	if (sim.plan.journal) {
		storage_init(&sim.storage, &sim.mem, 65536);
		sim.storage.flash.random = o->seed;
		sim.mem.port.store = &sim.storage.store;
	}
	sites_reset();
	for (i = 0; i < sim.plan.site_count; i++) {
		site_begin(&sim.site[i], i, &d);
	}
	fleet_begin();
	net_begin();
	mta_begin();
	api_begin();
	memset(&terms, 0, sizeof terms);
	terms.site = sim.site;
	terms.site_count = sim.plan.site_count;
	terms.ample = sim.ample;
	terms.roomy = sim.roomy;
	terms.temp_on_dns_error =
	    sim.settings[0].on_dns_error == STS_ON_UNKNOWN_TEMP;
	terms.within_ms = sim.within_ms;
	terms.queue_ms = QUEUE_WAIT_MS;
	promises_begin(&terms);
	begin_dane();
	trace("* seed %llu: %u days, %u domains, lookups %u, slots %u, cache "
	      "%u%s, budget %u, faults %x",
	    (unsigned long long)o->seed, sim.plan.days, sim.plan.site_count,
	    sim.config.lookups, sim.config.fetch_slots,
	    (unsigned)sim.config.cache_size,
	    sim.plan.journal ? " and journal" : "", sim.plan.budget,
	    sim.faults.classes & ~o->without);
}

/* The agent. */

static sts_ms
now_ms(void)
{
	return sim.plan.start + (sts_ms)(uint64_t)sim.t;
}

static int64_t
wall_s(void)
{
	return sim.wall_unknown
		   ? -1
		   : WALL_START_S + (sim.t + sim.wall_offset_ms) / SECOND;
}

static void
start_agent(void)
{
	struct draw d = draw_begin(sim.seed, "hash key", sim.starts++);
	size_t i, size = sts_agent_size(&sim.config);
	uint8_t key[16];
	sts_ch ch;

	for (i = 0; i < sizeof key; i++) {
		key[i] = (uint8_t)draw(&d);
	}
	sim.block = malloc(size);
	if (sim.block == NULL) {
		abort();
	}
	memset(sim.block, 0xa5, size); /* init may not rely on zeros */
	memset(&sim.agent, 0xa5, sizeof sim.agent);
	memset(&sim.driver, 0xa5, sizeof sim.driver);
	sts_agent_init(&sim.agent, &sim.config, &sim.settings[sim.settings_at],
	    sim.block, now_ms(), key);
	if (sim.plan.journal && !sts_agent_journal(&sim.agent,
				    sim.mem.port.store, sim.plan.day_budget)) {
		sim_fail("the storage is too small for a journal", "");
	}
	sts_driver_init(&sim.driver, &sim.agent, &sim.mem.port, now_ms());
	sim.mem.driver = &sim.driver;
	if (sts_driver_channels(&sim.config) > MEM_CHANNELS) {
		abort();
	}
	ch = sts_driver_listener(&sim.driver, 0);
	mem_listen(&sim.mem, ch);
	sts_listen(&sim.driver, ch, STS_PROTOCOL_SOCKETMAP);
	sim.running = true;
	sim.draining = false;
	sim.booted = sim.t;
	promise_started();
	fleet_started();
	trace("* the agent starts");
}

/* Stop the agent in whatever way; it starts again after a while. */
static void
stop_agent(enum flash_cut how, int64_t off_ms)
{
	mta_crash();
	api_crash();
	mem_crash(&sim.mem);
	(void)net_step();
	if (sim.plan.journal) {
		storage_crash(&sim.storage, how);
		sim.storage.flash.again = 0;
		sim.storage.flash.fail_from = sim.storage.flash.fail_to = 0;
	}
	free(sim.block);
	sim.block = NULL;
	sim.running = false;
	sim.start_at = sim.t + off_ms;
	promise_stopped(sim.plan.journal);
	dane_stopped();
	trace("* the agent ends");
}

static bool
is_saved(void)
{
	return sim.plan.journal && sts_agent_saved(&sim.agent) &&
	       sts_cache_unsaved_count(&sim.agent.cache) == 0 &&
	       sts_journal_state(sim.agent.journal.engine) == STS_JOURNAL_READY;
}

/* A version has come: look whether the cache has it, and under its promise. */
static void
look_kept(struct site *s)
{
	struct version *v = s->fresh;
	const struct sts_cache *c = sts_agent_cache(&sim.agent);
	sts_ref ref = sts_cache_find(
	    c, sts_text((const uint8_t *)s->domain, strlen(s->domain)));
	struct sts_entry e;

	if (v->max_age_ms == 0) {
		if (ref == 0) {
			promise_delivered(v, true);
		} else if (sim.ample) {
			sim_fail("1: a policy of no age is kept", s->domain);
		}
		return;
	}
	memset(&e, 0, sizeof e);
	if (ref != 0) {
		sts_cache_get(c, ref, &e);
	}
	if (e.kind != STS_KIND_POLICY || e.mode != (unsigned)v->mode ||
	    e.max_age_s != v->max_age_ms / SECOND ||
	    e.mx_count != v->mx_count) {
		if (sim.ample) {
			sim_fail("2: what came whole was not kept", s->domain);
		}
		return;
	}
	if (sts_cache_protected(c, ref)) {
		promise_delivered(v, true);
	} else if (!sim.ample || v->mode == SITE_ENFORCE) {
		promise_guest(s);
	}
}

/* Trace what the agent logged since the last call. */
static void
trace_events(void)
{
	for (; events_told != sim.mem.event_count; events_told++) {
		const struct sts_event *e =
		    &sim.mem.event[events_told % MEM_EVENTS];

		trace("%.*s event %s why=%s %u %u", (int)e->text_len,
		    (const char *)e->text,
		    sts_event_token((enum sts_event_code)e->code),
		    sts_why_token((enum sts_why)e->why), (unsigned)e->number[0],
		    (unsigned)e->number[1]);
		dane_event(e);
	}
}

/* Once nothing moves: check the invariants, and the agent's reports about
 * itself. */
static void
look(void)
{
	static unsigned long checked;
	unsigned i;

	if (sim.mem.fault != NULL) {
		sim_fail(sim.mem.fault, "");
	}
	if (!sim.running || sts_agent_journal_loading(&sim.agent)) {
		return;
	}
	if (sim.answers / CHECK_EVERY != checked) {
		checked = sim.answers / CHECK_EVERY;
		if (!sts_cache_check(sts_agent_cache(&sim.agent))) {
			sim_fail("the cache has lost an invariant", "");
		}
	}
	fleet_look();
	for (i = 0; i < sim.plan.site_count; i++) {
		if (sim.site[i].fresh != NULL) {
			look_kept(&sim.site[i]);
			sim.site[i].fresh = NULL;
		}
	}
	if (is_saved()) {
		promise_saved();
	}
}

/* Run until nothing moves at this moment. Returns how long the agent may
 * sleep. */
static int64_t
settle(void)
{
	unsigned still = 0;
	sts_ms sleep = 0;

	for (;;) {
		unsigned long before = sim.mem.moves;
		unsigned ready = 0;

		if (sim.running) {
			ready = mem_deliver(&sim.mem);
			sleep = sts_run(
			    &sim.driver, now_ms(), wall_s(), sim.plan.budget);
			ready +=
			    sim.plan.journal && storage_resume(&sim.storage);
		}
		trace_events();
		bool moved = net_step();

		moved = mta_step() || moved;
		moved = (sim.running && api_step()) || moved;
		moved = sim.mem.moves != before || moved;
		still = moved ? 0 : still + 1;
		if (still == STILL_MAX) {
			sim_fail("the agent spins", "");
		}
		if ((ready == 0 && !moved && sleep > 0) || !sim.running ||
		    sim.fault != NULL ||
		    (sim.plan.journal && sim.storage.flash.off)) {
			break;
		}
	}
	look();
	return sim.running ? (int64_t)sleep : INT64_MAX / 2;
}

/* Faults that strike. */

static void
set_clock(int64_t offset_ms, bool unknown)
{
	if (sim.wall_offset_ms == offset_ms && sim.wall_unknown == unknown) {
		return;
	}
	sim.wall_offset_ms = offset_ms;
	sim.wall_unknown = unknown;
	sim.clock_changed = sim.t;
	promise_clock(offset_ms, unknown);
	dane_clock();
	trace("* clock %+lld s%s", (long long)(offset_ms / SECOND),
	    unknown ? ", unknown" : "");
}

static void
strike_clock(const struct episode *e)
{
	static const int64_t steps_h[] = { 3, 48, 960, -3, -48, 262980,
		-175320 };
	unsigned kind = e->kind % 10;

	if (kind < 7) {
		set_clock(steps_h[kind] * HOUR, false);
	} else if (kind < 9) {
		set_clock(0, true);
	} else {
		set_clock(((int64_t)e->strength - 50) * 36 * SECOND, false);
	}
	promise_trouble(-1, TROUBLE_ANY & ~TROUBLE_DARK, e->to + 5 * MINUTE);
}

static void
drain(void)
{
	sts_ch ch = sts_driver_listener(&sim.driver, 0);

	sim.draining = true;
	sim.drain_from = sim.t;
	sim.drain_until = sim.t + DRAIN_MS;
	sts_unlisten(&sim.driver, ch);
	mem_unlisten(&sim.mem, ch);
	sts_agent_drain(&sim.agent);
	sts_driver_wake(&sim.driver);
	trace("* the agent drains");
}

static void
strike_agent(const struct episode *e)
{
	int64_t off = e->to - e->from < 2 * HOUR ? e->to - e->from : 2 * HOUR;

	promise_trouble(-1, TROUBLE_ANY & ~TROUBLE_DARK, sim.t + off);
	if (!sim.running || sim.draining) {
		return;
	}
	if (e->kind % 3 == 0) {
		drain();
	} else if (e->kind % 3 == 1 && sim.plan.journal) {
		/* In the middle of a later operation. */
		sim.storage.flash.cut_at =
		    sim.storage.flash.ops + 1 + e->strength % 20;
	} else {
		stop_agent((enum flash_cut)(e->strength % FLASH_CUTS), off);
	}
}

static void
strike_store(const struct episode *e)
{
	struct flash *f = &sim.storage.flash;

	if (!sim.plan.journal) {
		return;
	}
	if (e->kind % 4 == 0) {
		f->fail_from = f->ops + 1;
		f->fail_to = f->ops + 1 + e->strength % 30;
	} else {
		f->again = 1 + e->kind % 7;
	}
}

static void
strike_scarce(const struct episode *e)
{
	switch (e->kind % 4) {
	case 0:
		sim.mem.channels_max = 1 + e->strength / 4;
		break;
	case 1:
		sim.mem.ports_taken = e->strength;
		break;
	case 2:
		sim.mem.entropy_dry = e->strength;
		break;
	default:
		sim.mem.no_inet6 = true;
		break;
	}
	promise_trouble(-1, TROUBLE_TXT | TROUBLE_FETCH | TROUBLE_QUEUE, e->to);
}

static void
strike_operator(const struct episode *e)
{
	bool off = e->kind % 4 == 0;

	/* A second set of the same settings, as a reload brings. */
	if (sts_agent_settings_used(
		&sim.agent, &sim.settings[1 - sim.settings_at])) {
		return;
	}
	sim.settings_at = 1 - sim.settings_at;
	sim.settings[sim.settings_at] = sim.settings[1 - sim.settings_at];
	sim.settings[sim.settings_at].enforce_off = off;
	sts_agent_settings(&sim.agent, &sim.settings[sim.settings_at]);
	sts_driver_wake(&sim.driver);
	promise_switch(off);
}

static void
strike_strip(const struct episode *e)
{
	unsigned kind = e->kind % 10;

	promise_trouble(e->site,
	    kind == 2 || kind == 3 ? TROUBLE_TXT | TROUBLE_DARK
	    : kind < 6             ? TROUBLE_TXT
				   : TROUBLE_FETCH,
	    e->to);
	if (kind == 4) {
		/* The id keeps changing, which causes useless fetches. */
		promise_trouble(e->site, TROUBLE_FETCH, e->to);
	}
}

static void
strike_resolver(const struct episode *e)
{
	unsigned kind = e->kind % 6;
	bool all = e->strength >= 40 || sim.servers.count == 1;

	if (kind == 4) {
		return; /* TCP remains */
	}
	promise_trouble(-1,
	    TROUBLE_TXT | TROUBLE_FETCH | TROUBLE_QUEUE |
		(all ? (unsigned)TROUBLE_DARK : 0),
	    e->to);
}

static void
strike_mishap(const struct episode *e)
{
	unsigned kind = e->kind % MISHAPS;

	if (kind == MISHAP_NONE) {
		return;
	}
	promise_trouble(e->site,
	    kind >= MISHAP_FETCHES ? TROUBLE_TXT : TROUBLE_FETCH, e->to);
}

static void
strike(const struct episode *e)
{
	trace("* %s: %s kind=%u strength=%u until %s",
	    e->site >= 0 ? sim.site[e->site].domain : "-", fault_name(e->class),
	    e->kind % 60, e->strength, trace_time(e->to));
	switch (e->class) {
	case FAULT_LOSS:
		promise_trouble(-1, TROUBLE_TXT | TROUBLE_FETCH | TROUBLE_QUEUE,
		    e->to + 10 * SECOND);
		break;
	case FAULT_RESOLVER:
		strike_resolver(e);
		break;
	case FAULT_STRIP:
		strike_strip(e);
		break;
	case FAULT_BLOCK:
	case FAULT_IMPOSTOR:
		promise_trouble(e->site, TROUBLE_FETCH, e->to);
		break;
	case FAULT_MISHAP:
		strike_mishap(e);
		break;
	case FAULT_FLOOD:
		promise_trouble(-1,
		    sim.roomy && sim.config.lookups > FLOOD_LOOKUPS
			? TROUBLE_FLOOD
			: TROUBLE_QUEUE,
		    e->to + MINUTE);
		mta_flood(e);
		break;
	case FAULT_CLOCK:
		strike_clock(e);
		break;
	case FAULT_CRASH:
		strike_agent(e);
		break;
	case FAULT_STORE:
		strike_store(e);
		break;
	case FAULT_SCARCE:
		strike_scarce(e);
		break;
	case FAULT_OPERATOR:
		if (sim.running) {
			strike_operator(e);
		}
		break;
	case FAULT_BOGUS:
	case FAULT_INSECURE:
	case FAULT_TLSA_REMOVED:
	case FAULT_TLSA_ROLLED:
	case FAULT_MX_CHANGED:
	case FAULT_BACKUP:
		api_look(&sim.site[e->site]);
		break;
	case FAULT_FLEET:
		fleet_strike(e);
		break;
	default:
		break;
	}
}

/* Faults that last as long as their episode. */
static void
weather(void)
{
	const struct episode *e = fault_now(&sim.faults, FAULT_LOSS, -1, sim.t);

	sim.mem.loss = e == NULL ? 0 : e->strength / 2;
	sim.mem.twice = e == NULL ? 0 : e->kind % 30;
	sim.mem.swap = e == NULL ? 0 : e->kind % 50;
	e = fault_now(&sim.faults, FAULT_STREAM, -1, sim.t);
	sim.mem.segment = e == NULL ? 0 : sim.plan.segment;
	e = fault_now(&sim.faults, FAULT_SCARCE, -1, sim.t);
	if (e == NULL) {
		sim.mem.channels_max = MEM_CHANNELS;
		sim.mem.ports_taken = sim.mem.entropy_dry = 0;
		sim.mem.no_inet6 = false;
	}
	if (fault_now(&sim.faults, FAULT_CLOCK, -1, sim.t) == NULL &&
	    (sim.wall_offset_ms != 0 || sim.wall_unknown)) {
		set_clock(0, false);
		promise_trouble(
		    -1, TROUBLE_ANY & ~TROUBLE_DARK, sim.t + 5 * MINUTE);
	}
	if (fault_now(&sim.faults, FAULT_STORE, -1, sim.t) == NULL) {
		sim.storage.flash.again = 0;
	}
}

/* The run. */

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Owners change what they publish. */
static void
change_sites(int64_t *at, struct draw *d)
{
	while (*at <= sim.t) {
		struct site *s = &sim.site[draw_below(d, sim.plan.site_count)];
		const char *what = site_change(s, d, sim.t);

		trace("* %s publishes %s: v%u mode %u max_age %lld id %s",
		    s->domain, what, s->version->number,
		    (unsigned)s->version->mode,
		    (long long)s->version->max_age_ms / SECOND, s->id);
		*at = sim.t + 1 + draw_between(d, 0, 2 * sim.plan.change_ms);
	}
}

/* The power failed, or draining is over. */
static void
end_agent(void)
{
	if (!sim.running) {
		return;
	}
	if (sim.plan.journal && sim.storage.flash.off) {
		promise_trouble(-1, TROUBLE_ANY & ~TROUBLE_DARK, sim.t);
		stop_agent(FLASH_ANY_ORDER, 10 * SECOND);
		return;
	}
	if (!sim.draining) {
		return;
	}
	if (sts_agent_idle(&sim.agent) &&
	    (sts_agent_saved(&sim.agent) ||
		sim.drain_until - sim.t < DRAIN_MS - 60 * SECOND)) {
		stop_agent(FLASH_IN_ORDER, 2 * SECOND);
	} else if (sim.t >= sim.drain_until) {
		sim_fail("5: drained, and never idle", "");
	}
}

static void
pass(int64_t sleep, int64_t change_at)
{
	int64_t at = sooner(sim.t + sleep, net_next());

	if (faults_has(&sim.faults, FAULT_NAP) && sim.running &&
	    !sim.draining && !mta_waits() && !api_waits() &&
	    mem_open_count(&sim.mem) == sim.agent.client.open + fleet_open()) {
		/* Nobody waits: the agent may be woken late. */
		at = sooner(sim.t + sleep + sim.plan.nap_ms, net_next());
	}
	at = sooner(at, sooner(sooner(mta_next(), api_next()), change_at));
	at = sooner(at, faults_next(&sim.faults));
	if (!sim.running) {
		at = sooner(at, sim.start_at);
	} else if (sim.draining) {
		at = sooner(at, sim.t + SECOND);
	}
	at = sooner(at, sim.end);
	sim.t = at > sim.t ? at : sim.t + 1;
}

static void
days(void)
{
	struct draw d = draw_begin(sim.seed, "changes", 0);
	int64_t change_at = draw_between(&d, 0, sim.plan.change_ms);

	start_agent();
	while (sim.t < sim.end && sim.fault == NULL) {
		const struct episode *e;
		int64_t sleep = settle();

		end_agent();
		pass(sleep, change_at);
		while ((e = faults_take(&sim.faults, sim.t)) != NULL) {
			strike(e);
		}
		dane_look();
		weather();
		if (!sim.running && sim.t >= sim.start_at) {
			start_agent();
		}
		change_sites(&change_at, &d);
		mta_act();
		api_act();
		fleet_act();
	}
}

/* Let time pass without new questions. */
static void
wait_quietly(int64_t ms)
{
	int64_t until = sim.t + ms;

	while (sim.t < until && sim.fault == NULL) {
		int64_t sleep = settle();
		int64_t at = sooner(sim.t + sleep, net_next());

		at = sooner(at, until);
		sim.t = at > sim.t ? at : sim.t + 1;
	}
	(void)settle();
}

static void
check_rest(void)
{
	struct sts_cache_stats stats;

	if (!sts_agent_idle(&sim.agent)) {
		sim_fail("5: drained, and never idle", "");
	}
	if (mem_open_count(&sim.mem) > 0) {
		sim_fail("4: a channel leaked", "");
	}
	if (sim.agent.lookups_busy > 0 || sim.agent.slots.busy > 0 ||
	    sim.agent.work.refreshes > 0 || sim.agent.asks.count > 0 ||
	    sim.agent.dane.busy > 0 || sim.agent.dane.asks.count > 0 ||
	    sim.agent.buffers.starved.count > 0 ||
	    sim.agent.buffers.count != STS_DNS_TCP_BUFFERS) {
		sim_fail("4: a slot leaked", "");
	}
	if (!sts_cache_check(sts_agent_cache(&sim.agent))) {
		sim_fail("the cache has lost an invariant", "");
	}
	sts_cache_stats(sts_agent_cache(&sim.agent), &stats);
	if (stats.chunks_staged > 0) {
		sim_fail("4: memory leaked", "");
	}
}

/* All name servers are silent from now on. */
static void
go_dark(void)
{
	struct episode *e = &sim.faults.episode[0];

	memset(e, 0, sizeof *e);
	e->class = FAULT_RESOLVER;
	e->kind = 2;
	e->strength = 99;
	e->site = -1;
	e->from = sim.t;
	e->to = INT64_MAX;
	e->begun = true;
	sim.faults.count = 1;
	promise_trouble(-1, TROUBLE_ANY, INT64_MAX / 2);
}

/*
 * After the last day all faults end and nobody asks: the agent must become idle
 * and have given everything back. Then the network goes away, the agent stops
 * and starts again, and all domains are asked for once more: what was held must
 * be there.
 */
static void
last_day(void)
{
	unsigned i;

	mta_quiet(true);
	sim.faults.classes = 0;
	sim.faults.count = 0;
	sim.faults.changes++;
	dane_look();
	weather();
	promise_light();
	sim.storage.flash.cut_at = 0;
	sim.storage.flash.fail_to = 0;
	if (!sim.running || sim.draining) {
		return;
	}
	wait_quietly(3 * MINUTE);
	drain();
	wait_quietly(2 * MINUTE);
	if (sim.fault != NULL) {
		return;
	}
	check_rest();
	go_dark();
	fleet_dark();
	stop_agent(FLASH_ANY_ORDER, 0);
	start_agent();
	wait_quietly(SECOND);
	mta_ask_all();
	for (i = 0; i < sim.plan.site_count && mta_waits(); i++) {
		wait_quietly(MINUTE);
	}
	if (sim.fault == NULL && mta_waits()) {
		sim_fail("5: a question without answer", "");
	}
}

void
sim_run(const struct sim_options *o)
{
	begin(o);
	days();
	if (sim.fault == NULL) {
		last_day();
	}
	trace("* the end: %lu questions, %lu answers, %lu lookups, %lu fetches",
	    sim.questions, sim.answers, sim.lookups, sim.fetches);
	net_end();
	fleet_end();
	mem_end(&sim.mem);
	free(sim.block);
	free(sim.anchor_block);
}
