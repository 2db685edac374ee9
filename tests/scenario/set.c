/* SPDX-License-Identifier: MIT */
/* Commands that set: the agent, its limits, the world, the operator. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"
#include "words.h"

/* Configuration. */

static bool
config_number(const char *key, const char *value)
{
	unsigned long n = strtoul(value, NULL, 10);

	if (strcmp(key, "clients") == 0) {
		scene.config.clients = (uint16_t)n;
	} else if (strcmp(key, "lookups") == 0) {
		scene.config.lookups = (uint16_t)n;
	} else if (strcmp(key, "fetch_slots") == 0) {
		scene.config.fetch_slots = (uint16_t)n;
	} else if (strcmp(key, "cache") == 0) {
		scene.config.cache_size = n;
	} else if (strcmp(key, "danes") == 0) {
		scene.config.danes = (uint16_t)n;
	} else if (strcmp(key, "journal_day") == 0) {
		scene.journal_day = (uint32_t)n;
	} else if (strcmp(key, "seed") == 0) {
		scene.mem.random = n;
	} else {
		return false;
	}
	return true;
}

static void
config_nameservers(void)
{
	int i;

	scene.servers.count = 0;
	for (i = 2; i < line->argc; i++) {
		must(words_address(
		    &scene.servers.addr[scene.servers.count++], arg(i), 53));
	}
}

/* config dane on: room for it, trusted name servers, and the records of the
 * probe. */
static void
config_dane(bool on)
{
	struct world_rr rr;
	unsigned i;

	scene.settings.dane = on;
	if (scene.config.danes == 0) {
		scene.config.danes = 4;
	}
	for (i = 0; i < scene.servers.count; i++) {
		scene.servers.trusted[i] = on;
	}
	memset(&rr, 0, sizeof rr);
	strcpy(rr.name, "org");
	rr.type = DNSPEER_MX;
	rr.what = WORLD_NODATA;
	rr.ttl = 3600;
	rr.ad = true;
	world_set(&scene.world, &rr);
}

static bool
config_setting(const char *key, const char *value)
{
	long long ms = 0;

	if (strcmp(key, "on_dns_error") == 0) {
		scene.settings.on_dns_error = strcmp(value, "temp") == 0;
	} else if (strcmp(key, "on_no_clock") == 0) {
		scene.settings.on_no_clock = strcmp(value, "temp") == 0;
	} else if (strcmp(key, "allow_private") == 0) {
		scene.settings.allow_private = strcmp(value, "yes") == 0;
	} else if (strcmp(key, "dane") == 0) {
		config_dane(strcmp(value, "on") == 0);
	} else if (strcmp(key, "dane_partial") == 0) {
		scene.settings.dane_partial = strcmp(value, "dane") == 0;
	} else if (strcmp(key, "preload_testing") == 0) {
		scene.settings.preload_testing = strcmp(value, "enforce") == 0;
	} else if (strcmp(key, "sct") == 0) {
		scene.settings.sct = strcmp(value, "require") == 0
					 ? STS_SCT_REQUIRE
					 : STS_SCT_LOG;
	} else if (strcmp(key, "answer_within") == 0) {
		must(words_time(&ms, value));
		scene.zones.zone[0].answer_within_ms = (uint32_t)ms;
	} else if (strcmp(key, "queue_wait") == 0) {
		must(words_time(&ms, value));
		scene.zones.zone[0].queue_wait_ms = (uint32_t)ms;
	} else {
		return false;
	}
	return true;
}

/* The rest of the line, in the form of a configuration file. */
static struct sts_text
rest(int i)
{
	static char text[1024];
	size_t n = 0;

	for (; i < line->argc; i++) {
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s",
		    n == 0 ? "" : " ", line->argv[i]);
	}
	return sts_text((uint8_t *)text, n);
}

/* config preload DOMAIN MODE MX...: a line of the operator's list. */
static void
config_preload(void)
{
	char *to = scene.preload;
	size_t size = sizeof scene.preload;
	size_t n = strlen(to);

	scene.config.preload_size = 8192;
	if (scene.preload_expires[0] == '\0') {
		strcpy(scene.preload_expires, "2105-01-01T00:00:00Z");
	}
	n += (size_t)snprintf(to + n, size - n,
	    "%s\"%s\":{\"mode\":\"%s\",\"mxs\":[", n == 0 ? "" : ",", arg(2),
	    arg(3));
	for (int i = 4; i < line->argc && n < size; i++) {
		n += (size_t)snprintf(to + n, size - n, "%s\"%s\"",
		    i == 4 ? "" : ",", line->argv[i]);
	}
	if (n >= size || (size_t)snprintf(to + n, size - n, "]}") >= size - n) {
		fail("the list is too long", arg(2));
	}
}

/* config journal AREA_SIZE: two areas, in blocks of 4,096 bytes. */
static void
config_journal(void)
{
	uint32_t size = (uint32_t)strtoul(arg(2), NULL, 10);

	if (size == 0 || size > FLASH_MAX / 2 || size % 4096 != 0) {
		fail(
		    "a journal area is a multiple of 4096 up to 65536", arg(2));
	}
	storage_init(&scene.storage, &scene.mem, size);
	scene.has_store = true;
}

static void
config_prefix(struct sts_prefix *p)
{
	must(words_address(&p->addr, arg(2), 0));
	p->bits = (uint8_t)strtoul(arg(3), NULL, 10);
}

void
do_config(void)
{
	const char *key = arg(1), *value = arg(2);
	enum sts_zones_error e = STS_ZONES_OK;

	if (strcmp(key, "zone") == 0) {
		e = sts_zones_add(&scene.zones, rest(2));
	} else if (strcmp(key, "override") == 0) {
		e = sts_zones_override(&scene.zones, rest(2));
	} else if (strcmp(key, "nameservers") == 0) {
		config_nameservers();
	} else if (strcmp(key, "journal") == 0) {
		config_journal();
	} else if (strcmp(key, "preload") == 0) {
		config_preload();
	} else if (strcmp(key, "preload_expires") == 0) {
		snprintf(scene.preload_expires, sizeof scene.preload_expires,
		    "%s", value);
	} else if (strcmp(key, "fetch_allow") == 0) {
		config_prefix(
		    &scene.settings.allow[scene.settings.allow_count++]);
	} else if (strcmp(key, "nat64_prefix") == 0) {
		config_prefix(
		    &scene.settings.nat64[scene.settings.nat64_count++]);
	} else if (!config_number(key, value) && !config_setting(key, value)) {
		fail("unknown configuration key", key);
	}
	if (e != STS_ZONES_OK) {
		fail(sts_zones_error_text(e), value);
	}
}

void
do_limit(void)
{
	unsigned n = (unsigned)strtoul(arg(2), NULL, 10);

	if (strcmp(arg(1), "channels") == 0) {
		scene.mem.channels_max = n;
	} else if (strcmp(arg(1), "ports") == 0) {
		scene.mem.ports_taken = n;
	} else if (strcmp(arg(1), "entropy") == 0) {
		scene.mem.entropy_dry = n;
	} else if (strcmp(arg(1), "inet6") == 0) {
		scene.mem.no_inet6 = strcmp(arg(2), "no") == 0;
	} else if (strcmp(arg(1), "space") == 0) {
		scene.mem.space = n;
	} else if (strcmp(arg(1), "loss") == 0) {
		scene.mem.loss = n;
	} else if (strcmp(arg(1), "twice") == 0) {
		scene.mem.twice = n;
	} else if (strcmp(arg(1), "swap") == 0) {
		scene.mem.swap = n;
	} else {
		fail("unknown limit", arg(1));
	}
}

/* The world. */

void
do_dns(void)
{
	static struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	snprintf(rr.name, sizeof rr.name, "%s", arg(1));
	rr.type = dnspeer_type(arg(2));
	if (rr.type == 0) {
		fail("unknown type", arg(2));
	}
	if (line->argc == 4 && strcmp(arg(3), "scripted") == 0) {
		rr.what = WORLD_ASK;
	} else {
		must(words_record(&rr, line, 3));
	}
	world_set(&scene.world, &rr);
}

static void
set_host(const char *address, int i)
{
	struct world_host h;

	memset(&h, 0, sizeof h);
	must(words_address(&h.addr, address, 443));
	must(words_host(&h, line, i));
	world_host(&scene.world, &h);
}

void
do_host(void)
{
	set_host(arg(1), 2);
}

/* TXT, A and host of a domain in one line. */
void
do_site(void)
{
	static struct world_rr rr;
	const char *id = words_value(line, 3, "id");
	const char *ttl = words_value(line, 3, "ttl");

	memset(&rr, 0, sizeof rr);
	snprintf(rr.name, sizeof rr.name, "_mta-sts.%s", arg(1));
	rr.type = DNSPEER_TXT;
	rr.ttl = ttl == NULL ? 300 : (uint32_t)strtoul(ttl, NULL, 10);
	rr.count = 1;
	snprintf(
	    rr.value[0], WORLD_VALUE, "v=STSv1; id=%s;", id == NULL ? "1" : id);
	world_set(&scene.world, &rr);
	snprintf(rr.name, sizeof rr.name, "mta-sts.%s", arg(1));
	rr.type = DNSPEER_A;
	snprintf(rr.value[0], WORLD_VALUE, "%s", arg(2));
	world_set(&scene.world, &rr);
	set_host(arg(2), 3);
}

void
do_servers(void)
{
	static const char *const names[] = { "up", "silent", "closed",
		"no-edns", "formerr", "servfail", "no-tcp" };
	struct sts_addr addr;
	int what = 0, i;

	while (strcmp(names[what], arg(1)) != 0) {
		what++;
		if (what == (int)(sizeof names / sizeof *names)) {
			fail("no such state of servers", arg(1));
		}
	}
	for (i = 2; i < line->argc; i++) {
		must(words_address(&addr, arg(i), 53));
		world_server(&scene.world, &addr, (enum world_server)what);
	}
	if (line->argc == 2) {
		world_server(&scene.world, NULL, (enum world_server)what);
	}
}

/* The operator. */

void
do_enforce(void)
{
	static struct sts_settings other[2];
	static int turn;
	struct sts_settings *s = &other[turn];

	scene_start(&scene);
	turn = !turn;
	*s = scene.settings;
	s->enforce_off = strcmp(arg(1), "off") == 0;
	sts_agent_settings(&scene.agent, s);
	sts_driver_wake(&scene.driver);
	settle();
}

void
do_drain(void)
{
	sts_agent_drain(&scene.agent);
	sts_driver_wake(&scene.driver);
	settle();
}

void
do_expect_idle(void)
{
	settle();
	if (!sts_agent_idle(&scene.agent)) {
		fail("the agent is not idle", NULL);
	}
}

/* crash [torn|noise|any-order]: without a word, all but the last unsynced write
 * is kept. */
void
do_crash(void)
{
	static const struct {
		const char *word;
		enum flash_cut how;
	} cuts[] = { { "torn", FLASH_TORN }, { "noise", FLASH_NOISE },
		{ "any-order", FLASH_ANY_ORDER } };
	enum flash_cut how = FLASH_IN_ORDER;
	size_t i;

	for (i = 0; line->argc > 1 && i < sizeof cuts / sizeof *cuts; i++) {
		if (strcmp(cuts[i].word, arg(1)) == 0) {
			how = cuts[i].how;
		}
	}
	scene_crash(&scene, how);
	scene_start(&scene);
}
