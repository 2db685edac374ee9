/* SPDX-License-Identifier: MIT */
/* An agent in a world of its own, under clocks of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mem/trust.h"
#include "scene.h"

enum {
	WALL_START_S = 1750000000, /* 15 June 2025 */
	BUILD_S = 1748736000, /* 1 June 2025 */
	STILL_MAX = 20000, /* rounds without progress: spinning */
	REPLY_MAX = 100000,
	ANCHORS_SIZE = 16384,
	JOURNAL_BUFFER = 512,
	ANSWER_WITHIN_MS = 12000,
	QUEUE_WAIT_MS = 30000
};

static void
fault(struct scene *s, const char *what)
{
	if (s->fault == NULL) {
		s->fault = what;
	}
}

static void
read_anchors(struct scene *s)
{
	s->anchor_block = calloc(1, ANCHORS_SIZE);
	if (s->anchor_block == NULL) {
		abort();
	}
	trust_root(&s->anchors, s->anchor_block, ANCHORS_SIZE);
}

void
scene_init(struct scene *s, const struct scene_variant *variant)
{
	memset(s, 0, sizeof *s);
	s->variant = variant;
	s->now = variant->start;
	s->config.clients = 64;
	s->config.lookups = 64;
	s->config.fetch_slots = 4;
	s->config.asks = 4;
	s->config.cache_size = 256 * 1024;
	s->config.build_s = BUILD_S;
	s->settings.on_no_clock = STS_ON_UNKNOWN_TEMP;
	s->settings.allow_private = true;
	s->settings.policy_port = 443;
	s->servers.count = 1;
	s->servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	mem_init(&s->mem, 1);
	world_init(&s->world, &s->mem);
	read_anchors(s);
	sts_zones_init(&s->zones, ANSWER_WITHIN_MS, QUEUE_WAIT_MS);
}

static void
add_journal(struct scene *s)
{
	s->mem.port.store = &s->storage.store;
	if (!sts_agent_journal(&s->agent, s->mem.port.store, s->journal_day)) {
		fault(s, "the storage is too small for a journal");
	}
}

void
scene_store_there(struct scene *s)
{
	s->store_absent = false;
	add_journal(s);
	sts_driver_wake(&s->driver);
}

/* Read the list that the lines of the configuration make. */
static void
load_preload(struct scene *s)
{
	static struct sts_preload_read r;
	char text[sizeof s->preload + 256];
	int n = snprintf(text, sizeof text,
	    "{\"version\":\"0.1\",\"timestamp\":1,\"expires\":\"%s\","
	    "\"policy-aliases\":{},\"policies\":{%s}}",
	    s->preload_expires, s->preload);

	sts_preload_begin(
	    &r, &s->preload_list, sts_agent_preload_area(&s->agent, 0));
	sts_preload_feed(&r, sts_text((const uint8_t *)text, (size_t)n));
	if (sts_preload_end(&r) != STS_PRELOAD_OK) {
		fault(
		    s, sts_preload_error_text((enum sts_preload_error)r.error));
	}
	s->settings.preload = &s->preload_list;
}

void
scene_start(struct scene *s)
{
	size_t size;
	uint8_t key[16];
	size_t i;
	sts_ch ch;

	if (s->running) {
		return;
	}
	s->running = true;
	s->config.journal_buffer = s->has_store ? JOURNAL_BUFFER : 0;
	size = sts_agent_size(&s->config);
	for (i = 0; i < sizeof key; i++) {
		key[i] = (uint8_t)mem_random(&s->mem);
	}
	s->mem.segment = s->variant->segment;
	s->settings.servers = &s->servers;
	s->settings.anchors = &s->anchors;
	s->settings.zones = &s->zones;
	s->block = malloc(size);
	if (s->block == NULL) {
		abort();
	}
	memset(s->block, 0xa5, size); /* init may not rely on zeros */
	memset(&s->agent, 0xa5, sizeof s->agent);
	memset(&s->driver, 0xa5, sizeof s->driver);
	sts_agent_init(
	    &s->agent, &s->config, &s->settings, s->block, s->now, key);
	if (s->has_store && !s->store_absent) {
		add_journal(s);
	}
	if (s->preload[0] != '\0') {
		load_preload(s);
	}
	sts_driver_init(&s->driver, &s->agent, &s->mem.port, s->now);
	s->mem.driver = &s->driver;
	if (sts_driver_channels(&s->config) > MEM_CHANNELS) {
		fault(s, "more channels than the in-memory port has");
		return;
	}
	ch = sts_driver_listener(&s->driver, 0);
	mem_listen(&s->mem, ch);
	sts_listen(&s->driver, ch, STS_PROTOCOL_SOCKETMAP);
}

int64_t
scene_wall_s(const struct scene *s)
{
	long long ms = s->elapsed_ms + s->wall_offset_ms;

	return s->wall_unknown ? -1 : WALL_START_S + ms / 1000;
}

static bool
has_reply(const struct scene_client *c)
{
	const char *wrong;

	return scene_reply(c, &wrong) != NULL;
}

/* Clients read what was sent to them. */
static bool
read_clients(struct scene *s)
{
	bool moved = false;
	unsigned i;

	for (i = 0; i < s->client_count; i++) {
		struct scene_client *c = &s->client[i];
		struct mem_sock *k = c->sock;
		size_t n;

		if (k == NULL) {
			continue;
		}
		n = k->out.n < c->may_read ? k->out.n : c->may_read;
		if (n > 0) {
			mem_put(&c->got, k->out.p, n);
			mem_drop(&k->out, n);
			c->may_read -= c->may_read == SIZE_MAX ? 0 : n;
			moved = true;
		}
		c->closed = k->core_gone;
		if (c->closed && (k->out.n == 0 || c->may_read == 0)) {
			mem_release(&s->mem, k);
			c->sock = NULL;
			moved = true;
		}
	}
	return moved;
}

static void
check(struct scene *s)
{
	if (s->mem.fault != NULL) {
		fault(s, s->mem.fault);
	}
	if (s->world.fault != NULL) {
		fault(s, s->world.fault);
	}
}

/* One round: the driver, then everybody else. Returns how long the agent may
 * sleep, 0 while anything moves. */
static sts_ms
play(struct scene *s, bool *moved)
{
	unsigned long before = s->mem.moves;
	unsigned ready = mem_deliver(&s->mem);
	sts_ms sleep =
	    sts_run(&s->driver, s->now, scene_wall_s(s), s->variant->budget);

	ready += s->has_store && storage_resume(&s->storage) ? 1 : 0;
	*moved = world_step(&s->world, s->now);
	*moved = read_clients(s) || *moved;
	*moved = s->mem.moves != before || *moved;
	check(s);
	return ready > 0 || *moved ? 0 : sleep;
}

static sts_ms
settle(struct scene *s)
{
	unsigned still = 0;
	bool moved;
	sts_ms sleep;

	do {
		sleep = play(s, &moved);
		still = moved ? 0 : still + 1;
		if (still == STILL_MAX) {
			fault(s, "the agent spins: events are ready again and "
				 "again, or it never sleeps");
		}
	} while (sleep == 0 && s->fault == NULL);
	return sleep;
}

void
scene_settle(struct scene *s)
{
	scene_start(s);
	(void)settle(s);
	if (!sts_cache_check(sts_agent_cache(&s->agent))) {
		fault(s, "the cache has lost an invariant");
	}
}

void
scene_pass(struct scene *s, long long ms, const struct scene_client *c)
{
	sts_ms due;

	scene_start(s);
	while (s->fault == NULL) {
		long long step = settle(s);

		if (ms <= 0 || (c != NULL && has_reply(c))) {
			break;
		}
		if (world_deadline(&s->world, &due) &&
		    (long long)(sts_ms)(due - s->now) < step) {
			step = sts_before(s->now, due)
				   ? (long long)(sts_ms)(due - s->now)
				   : 1;
		}
		step = step < ms ? step : ms;
		s->now += (sts_ms)step;
		s->elapsed_ms += step;
		ms -= step;
	}
	scene_settle(s);
}

void
scene_crash(struct scene *s, enum flash_cut how)
{
	if (s->has_store) {
		storage_crash(&s->storage, how);
	}
	mem_crash(&s->mem);
	(void)world_step(&s->world, s->now);
	(void)read_clients(s);
	free(s->block);
	s->block = NULL;
	s->running = false;
}

void
scene_end(struct scene *s)
{
	world_end(&s->world);
	mem_end(&s->mem);
	free(s->anchor_block);
	free(s->block);
}

struct scene_client *
scene_find_client(struct scene *s, const char *name)
{
	unsigned i;

	for (i = 0; i < s->client_count; i++) {
		if (strcmp(s->client[i].name, name) == 0) {
			return &s->client[i];
		}
	}
	return NULL;
}

void
scene_leave(struct scene *s, struct scene_client *c)
{
	if (c->sock != NULL) {
		mem_fail(&s->mem, c->sock, STS_IO_RESET);
		mem_release(&s->mem, c->sock);
	}
	mem_free(&c->got);
	*c = s->client[--s->client_count];
}

struct scene_client *
scene_client(struct scene *s, const char *name)
{
	struct scene_client *c = scene_find_client(s, name);

	if (c != NULL && !c->closed) {
		return c;
	}
	if (c != NULL) {
		scene_leave(s, c);
	}
	if (s->client_count == SCENE_CLIENTS) {
		abort();
	}
	c = &s->client[s->client_count++];
	memset(c, 0, sizeof *c);
	snprintf(c->name, sizeof c->name, "%s", name);
	c->may_read = SIZE_MAX;
	c->sock = mem_connect(&s->mem, sts_driver_listener(&s->driver, 0));
	return c;
}

void
scene_send(struct scene *s, struct scene_client *c, const void *p, size_t n)
{
	if (c->sock != NULL) {
		mem_send(&s->mem, c->sock, p, n);
	}
}

/* The length at the start of got: digits up to *at. */
static size_t
read_length(const struct scene_client *c, size_t *at)
{
	size_t i = 0, n = 0;

	while (i < c->got.n && sts_is_digit(c->got.p[i]) && i < 7) {
		n = n * 10 + (size_t)(c->got.p[i++] - '0');
	}
	*at = i;
	return n;
}

/* A netstring at the start of got: where its data begins (0: it is incomplete)
 * and its length; or what is wrong. */
static const char *
netstring(const struct scene_client *c, size_t *at, size_t *len)
{
	size_t i, n = read_length(c, &i);

	*at = 0;
	*len = n;
	if (i == c->got.n) {
		return NULL;
	}
	if (i == 0 || c->got.p[i] != ':' || (i > 1 && c->got.p[0] == '0')) {
		return "what the agent sent is no netstring";
	}
	if (n > REPLY_MAX) {
		return "a reply longer than Postfix takes";
	}
	i++;
	if (c->got.n - i < n + 1) {
		return NULL;
	}
	*at = i;
	return c->got.p[i + n] == ',' ? NULL : "a netstring without comma";
}

const char *
scene_reply(const struct scene_client *c, const char **wrong)
{
	static char data[REPLY_MAX + 1];
	size_t at = 0, len = 0;

	*wrong = netstring(c, &at, &len);
	if (*wrong != NULL || at == 0) {
		return NULL;
	}
	memcpy(data, c->got.p + at, len);
	data[len] = '\0';
	if (strlen(data) != len) {
		*wrong = "a reply with NUL";
	}
	return data;
}

void
scene_reply_done(struct scene_client *c)
{
	size_t at = 0, len = 0;

	if (netstring(c, &at, &len) == NULL && at > 0) {
		mem_drop(&c->got, at + len + 1);
		c->answered++;
	}
}
