/* SPDX-License-Identifier: MIT */
/*
 * core/agent/agent_share: an agent beside a Redis server and name servers that
 * act well, or as badly as an attacker can make them. Driver, agent and share
 * are those of the daemon; the port is in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/agent.h"
#include "../../core/agent/agent_share.h"
#include "../../core/driver.h"
#include "../mem/dnspeer.h"
#include "../mem/mem.h"
#include "unit.h"

const char unit_name[] = "agent_share";

enum {
	WALL_S = 1800000000,
	WAIT_MS = 150,
	DOMAINS = 6,
	VERSIONS = 5,
	WORDS = 8,
	ROOM = 600,
	ASKS = 12, /* more than there are buffers for DNS over TCP */
	DAY = 86400
};

/* How the name servers answer a query for TXT. */
enum dns {
	NO_ANSWER,
	NO_NAME, /* NXDOMAIN */
	RECORD, /* with id=1; queries for addresses get no answer */
	TRUNCATED /* "ask over TCP", where nothing is answered */
};

STS_STATIC_ASSERT(ASKS > STS_DNS_TCP_BUFFERS, some_get_no_buffer);

/* The state of the world, and how its servers act. */
static struct {
	enum dns dns;
	bool silent; /* the server takes commands and answers none */
	bool refuses; /* it accepts no connection */
	unsigned inet, inet6; /* addresses of its name, redis.test */
	unsigned streams; /* connections that were attempted */
	bool timeless; /* the wall clock is unknown */
	uint8_t peer[16]; /* where the last one went */
	sts_ms slow_ms; /* a GET is answered no sooner */
	struct {
		bool there;
		uint8_t value[ROOM];
		size_t len;
	} key[DOMAINS];
	bool half; /* a GET is answered with part of the value */
	struct mem_sock *half_to;
	unsigned gets, sets, dels, questions;
	char long_name[STS_NAME_MAX + 1]; /* the name of domain 0, if any */
	char set_key[ROOM];
	uint8_t set_value[ROOM];
	size_t set_len;
} world;

static struct mem mem;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_zones zones;
static struct sts_dns_servers servers;
static struct sts_anchors anchors;
static struct sts_share_setup setup;
static uint64_t block[1 << 17];
static sts_ms now, get_at;
static uint64_t dice;
static enum sts_mode sealed_mode; /* of the records that `put` seals */

static uint32_t
draw(uint32_t below)
{
	dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (uint32_t)(dice >> 33) % below;
}

static const char *
domain(unsigned i)
{
	static char text[16];

	if (i == 0 && world.long_name[0] != '\0') {
		return world.long_name;
	}
	snprintf(text, sizeof text, "d%u.test", i);
	return text;
}

static uint32_t
stamp(unsigned version)
{
	return WALL_S - 50000 + version * 1000;
}

/* ---- records */

static size_t
seal(const char *of, unsigned owner, unsigned version, uint32_t fetched_s,
    uint32_t max_age_s, uint8_t first, uint8_t out[ROOM])
{
	struct sts_seal_keys keys = setup.keys;
	struct sts_seal_head head = { (uint8_t)sealed_mode, fetched_s,
		max_age_s };
	char payload[64] = "\x01"
			   "1";
	size_t n = 2;
	struct sts_mac m;

	n += (size_t)snprintf(payload + 3, sizeof payload - 3, "mx%u.d%u.test",
		 version, owner) +
	     1;
	payload[2] = (char)(n - 3);
	keys.key[0][0] = first;
	sts_seal_begin(&m, &keys, unit_span(of), &head, out);
	sts_mac_add(&m, sts_text((const uint8_t *)payload, n));
	memcpy(out + STS_SEAL_HEADER, payload, n);
	sts_seal_end(&m, out + STS_SEAL_HEADER + n);
	return STS_SEAL_HEADER + n + STS_MAC_SIZE;
}

static void
put_for(unsigned i, unsigned version, uint32_t max_age_s)
{
	world.key[i].there = true;
	world.key[i].len = seal(domain(i), i, version, stamp(version),
	    max_age_s, setup.keys.key[0][0], world.key[i].value);
}

static void
put(unsigned i, unsigned version)
{
	put_for(i, version, 5 * DAY);
}

/* ---- the server */

static int
number_of(const char *key)
{
	unsigned i;

	if (strncmp(key, "mtasts:d:", 9) != 0) {
		return -1;
	}
	for (i = 0; i < DOMAINS; i++) {
		if (strcmp(key + 9, domain(i)) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* The agent's connection to the server; NULL: none is open. */
static struct mem_sock *
connection(void)
{
	for (unsigned k = 0; k < mem.sock_high; k++) {
		struct mem_sock *s = &mem.sock[k];

		if (s->kind == MEM_STREAM && s->state == MEM_OPEN &&
		    !s->core_gone) {
			return s;
		}
	}
	return NULL;
}

static void
send_octets(struct mem_sock *s, const void *p, size_t n)
{
	mem_send(&mem, s, p, n);
}

static void
send_text(struct mem_sock *s, const char *text)
{
	send_octets(s, text, strlen(text));
}

static void
send_bulk(struct mem_sock *s, const void *p, size_t n)
{
	char head[32];

	send_octets(s, head,
	    (size_t)snprintf(head, sizeof head, "$%u\r\n", (unsigned)n));
	send_octets(s, p, n);
	send_text(s, "\r\n");
}

static void
send_key_of(struct mem_sock *s, unsigned i)
{
	char key[STS_NAME_MAX + 16];
	int n = snprintf(key, sizeof key, "mtasts:d:%s", domain(i));

	send_bulk(s, key, (size_t)n);
}

static void
obey_get(struct mem_sock *s, const char *key)
{
	int i = number_of(key);

	world.gets++;
	if (i < 0 || !world.key[i].there) {
		send_text(s, "_\r\n");
	} else if (world.half) {
		char head[32];

		send_octets(s, head,
		    (size_t)snprintf(head, sizeof head, "$%u\r\n",
			(unsigned)world.key[i].len));
		send_octets(s, world.key[i].value, world.key[i].len - 10);
		world.half_to = s;
	} else {
		send_bulk(s, world.key[i].value, world.key[i].len);
	}
}

static void
obey_scan(struct mem_sock *s)
{
	unsigned n = 0;
	char head[32];

	for (unsigned i = 0; i < DOMAINS; i++) {
		n += world.key[i].there;
	}
	snprintf(head, sizeof head, "*2\r\n$1\r\n0\r\n*%u\r\n", n);
	send_text(s, head);
	for (unsigned i = 0; i < DOMAINS; i++) {
		if (world.key[i].there) {
			send_key_of(s, i);
		}
	}
}

static void
obey_set(struct mem_sock *s, char word[WORDS][ROOM], const size_t *len,
    bool missing_only)
{
	int i = number_of(word[1]);

	if (missing_only && i >= 0 && world.key[i].there) {
		send_text(s, "_\r\n");
		return;
	}
	world.sets++;
	strcpy(world.set_key, word[1]);
	memcpy(world.set_value, word[2], len[2]);
	world.set_len = len[2];
	if (i >= 0) {
		world.key[i].there = true;
		memcpy(world.key[i].value, word[2], len[2]);
		world.key[i].len = len[2];
	}
	send_text(s, "+OK\r\n");
}

static void
obey(struct mem_sock *s, unsigned count, char word[WORDS][ROOM],
    const size_t *len)
{
	const char *c = word[0];

	if (strcmp(c, "HELLO") == 0) {
		send_text(s, "%2\r\n+proto\r\n:3\r\n$4\r\nrole\r\n$6\r\n"
			     "master\r\n");
	} else if (strcmp(c, "GET") == 0) {
		obey_get(s, word[1]);
	} else if (strcmp(c, "SET") == 0) {
		obey_set(s, word, len, count == 6);
	} else if (strcmp(c, "SCAN") == 0) {
		obey_scan(s);
	} else if (strcmp(c, "DEL") == 0) {
		int i = number_of(word[1]);

		world.dels++;
		if (i >= 0) {
			world.key[i].there = false;
		}
		send_text(s, ":1\r\n");
	} else {
		send_text(s, "+OK\r\n");
	}
}

/* Obey the first command that came, if it is complete and its time has come. */
static bool
obey_one(struct mem_sock *s)
{
	static char word[WORDS][ROOM];
	size_t len[WORDS], at, n = s->out.n;
	const char *in = (const char *)s->out.p, *end;
	unsigned count;

	if (n == 0 || world.silent || (end = memchr(in, '\n', n)) == NULL) {
		return false;
	}
	count = (unsigned)strtoul(in + 1, NULL, 10);
	ck_assert(in[0] == '*' && count <= WORDS);
	at = (size_t)(end - in) + 1;
	for (unsigned i = 0; i < count; i++) {
		end = memchr(in + at, '\n', n - at);
		if (end == NULL) {
			return false;
		}
		len[i] = strtoul(in + at + 1, NULL, 10);
		at = (size_t)(end - in) + 1;
		if (n - at < len[i] + 2) {
			return false;
		}
		ck_assert_uint_lt(len[i], ROOM);
		memcpy(word[i], in + at, len[i]);
		word[i][len[i]] = '\0';
		at += len[i] + 2;
	}
	if (strcmp(word[0], "GET") == 0 && world.slow_ms > 0) {
		get_at = get_at == 0 ? now + world.slow_ms : get_at;
		if (sts_before(now, get_at)) {
			return false;
		}
		get_at = 0;
	}
	mem_drop(&s->out, at);
	obey(s, count, word, len);
	return true;
}

/* ---- the name servers */

/* Answer a query for the addresses of the server's name. If it has none the
 * name does not exist. */
static void
reply_about_server(struct mem_sock *s, const struct dnspeer_question *q)
{
	static struct dnspeer_answer a;
	bool six = q->type == DNSPEER_AAAA;
	unsigned count = six ? world.inet6 : world.inet;
	char text[40];

	dnspeer_begin(
	    &a, q, world.inet + world.inet6 > 0 ? 0 : 3, false, false);
	for (unsigned i = 0; i < count; i++) {
		snprintf(
		    text, sizeof text, six ? "fd00::%u" : "10.0.0.%u", i + 1);
		ck_assert(dnspeer_add(&a, q->name, q->type, 60, text));
	}
	if (count == 0) {
		dnspeer_soa(&a, 60);
	}
	mem_send(&mem, s, a.p, a.n);
}

static void
reply(struct mem_sock *s)
{
	static struct dnspeer_answer a;
	struct dnspeer_question q;
	const uint8_t *p;
	size_t n = mem_datagram(s, &p);

	if (n == 0) {
		return;
	}
	ck_assert_ptr_eq(dnspeer_read(&q, p, n), NULL);
	mem_datagram_drop(s);
	if (strcmp(q.name, "redis.test") == 0) {
		reply_about_server(s, &q);
		return;
	}
	world.questions++;
	if (world.dns == NO_ANSWER ||
	    (world.dns == RECORD && q.type != DNSPEER_TXT)) {
		return;
	}
	dnspeer_begin(&a, &q, world.dns == NO_NAME ? 3 : 0,
	    world.dns == TRUNCATED, false);
	if (world.dns == RECORD) {
		ck_assert(
		    dnspeer_add(&a, q.name, q.type, 60, "v=STSv1; id=1;"));
	} else if (world.dns == NO_NAME) {
		dnspeer_soa(&a, 60);
	}
	mem_send(&mem, s, a.p, a.n);
}

/* ---- time */

static void
play(struct mem_sock *s, bool *more)
{
	if (s->kind == MEM_DGRAM && !s->core_gone) {
		*more = *more || s->out.n > 0;
		reply(s);
	} else if (s->kind == MEM_STREAM && s->state == MEM_WAITING &&
		   !s->core_gone) {
		world.streams++;
		memcpy(world.peer, s->peer.ip, sizeof world.peer);
		if (world.refuses) {
			mem_fail(&mem, s, STS_IO_REFUSED);
		} else {
			mem_accept(&mem, s);
		}
		*more = true;
	} else if (s->kind == MEM_STREAM && s->state == MEM_OPEN) {
		while (!s->core_gone && obey_one(s)) {
			*more = true;
		}
	}
	if (s->kind != MEM_FREE && s->core_gone && !s->test_gone) {
		get_at = 0;
		mem_release(&mem, s);
	}
}

/* Let everything happen that happens at this moment. Returns how long nothing
 * else will. */
static sts_ms
settle(void)
{
	sts_ms sleep = 0;
	bool more = true;

	while (more || sleep == 0) {
		more = mem_deliver(&mem) > 0;
		sleep = sts_run(&driver, now,
		    world.timeless ? -1 : (int64_t)(WALL_S + now / 1000), 256);
		for (unsigned i = 0; i < mem.sock_high; i++) {
			play(&mem.sock[i], &more);
		}
	}
	ck_assert_msg(mem.fault == NULL, "%s", mem.fault);
	return sleep;
}

static void
pass(sts_ms ms)
{
	sts_ms end = now + ms;

	while (settle(), sts_before(now, end)) {
		now++;
	}
}

static void
confirm(void)
{
	sts_clock_confirm(&agent.clock, true, sts_clock_cert_s(&agent.clock));
	ck_assert(sts_agent_expires(&agent));
}

static void
start(void)
{
	static const uint8_t key[16] = { 3 };
	struct sts_config config = { .lookups = 16,
		.fetch_slots = 2,
		.asks = ASKS,
		.cache_size = 1 << 17,
		.share = 1 };

	mem_end(&mem);
	mem_init(&mem, 1);
	memset(&world, 0, sizeof world);
	memset(&setup, 0, sizeof setup);
	memset(&settings, 0, sizeof settings);
	sts_zones_init(&zones, 12000, 30000);
	servers.count = 1;
	servers.addr[0].af = STS_AF_INET;
	servers.addr[0].port = 53;
	servers.addr[0].ip[0] = 192;
	setup.server_count = 1;
	setup.server[0].addr.af = STS_AF_INET;
	setup.server[0].addr.ip[0] = 127;
	setup.server[0].port = 6379;
	strcpy(setup.prefix, "mtasts");
	setup.wait_ms = WAIT_MS;
	setup.keys.count = 1;
	setup.keys.key[0][0] = 42;
	settings.zones = &zones;
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.share = &setup;
	settings.policy_port = 443;
	now = 1000;
	get_at = 0;
	sealed_mode = STS_MODE_ENFORCE;
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, block, now, key);
	sts_driver_init(&driver, &agent, &mem.port, now);
	mem.driver = &driver;
	sts_clock_tick(&agent.clock, now, WALL_S + 1);
	confirm();
}

static void
connected(void)
{
	pass(5);
	ck_assert(sts_share_is_up(agent.share.engine));
}

/* The answer to a question and after how many milliseconds it came, as "mx3 0"
 * or "NOTFOUND 150"; "late" if it took more than `within`. */
static const char *
ask(unsigned i, sts_ms within)
{
	static char out[160];
	uint8_t text[160];
	char name[16];
	sts_ms begun = now;
	const char *mx;
	size_t n;
	int slot;

	strcpy(name, domain(i));
	slot = sts_ask_begin(&agent, sts_text(NULL, 0), unit_span(name));
	ck_assert_int_ge(slot, 0);
	sts_driver_wake(&driver);
	settle();
	while (sts_ask_answer(&agent, slot)->kind == STS_ANSWER_NONE &&
	       now - begun <= within) {
		now++;
		settle();
	}
	if (sts_ask_answer(&agent, slot)->kind == STS_ANSWER_NONE) {
		sts_ask_end(&agent, slot);
		return "late";
	}
	n = sts_ask_render(&agent, slot, 0, sts_span(text, sizeof text - 1));
	text[n] = '\0';
	mx = strstr((char *)text, "match=");
	if (mx != NULL) {
		snprintf(out, sizeof out, "%.*s %u", (int)strcspn(mx + 6, " "),
		    mx + 6, (unsigned)(now - begun));
	} else {
		snprintf(out, sizeof out, "%.*s %u",
		    (int)strcspn((char *)text, " "), (char *)text,
		    (unsigned)(now - begun));
	}
	sts_ask_end(&agent, slot);
	sts_driver_wake(&driver);
	settle();
	return out;
}

/* A number as monitoring reads it. */
static uint32_t
metric(unsigned slot)
{
	static struct sts_metrics_values values;

	sts_agent_metrics(&agent, &values);
	return values.n[slot];
}

static void
asked(const char *what, unsigned i, const char *want)
{
	unit_text(what, unit_span(ask(i, 30000)), want);
}

/* ---- tests */

/* What the name servers answer at once, or never, and what the server holds or
 * does; and the answer for a domain of which the agent holds nothing. */
static const struct {
	const char *name;
	enum dns dns;
	bool there, silent, refuses;
	sts_ms slow_ms;
	const char *want;
} misses[] = {
	{ "the fleet knows, the DNS is silent", NO_ANSWER, true, false, false,
	    0, "mx1.d0.test 0" },
	{ "the fleet knows, the DNS denies it", NO_NAME, true, false, false, 0,
	    "mx1.d0.test 0" },
	{ "the fleet knows, slowly", NO_NAME, true, false, false, 100,
	    "mx1.d0.test 100" },
	{ "the fleet knows, a little too slowly", NO_NAME, true, false, false,
	    149, "mx1.d0.test 149" },
	{ "the fleet knows too late", NO_NAME, true, false, false, 151,
	    "NOTFOUND 150" },
	{ "the fleet knows, and the web server is silent", RECORD, true, false,
	    false, 0, "mx1.d0.test 0" },
	{ "the fleet does not know", NO_NAME, false, false, false, 0,
	    "NOTFOUND 0" },
	{ "the fleet does not know, slowly", NO_NAME, false, false, false, 100,
	    "NOTFOUND 100" },
	{ "the server is silent", NO_NAME, true, true, false, 0,
	    "NOTFOUND 150" },
	{ "there is no server", NO_NAME, true, false, true, 0, "NOTFOUND 0" },
};

START_TEST(a_miss_is_answered_by_the_fleet_or_the_dns)
{
	for (size_t k = 0; k < UNIT_COUNT(misses); k++) {
		start();
		world.dns = misses[k].dns;
		world.refuses = misses[k].refuses;
		pass(5);
		if (misses[k].there) {
			put(0, 1);
		}
		world.silent = misses[k].silent;
		world.slow_ms = misses[k].slow_ms;
		asked(misses[k].name, 0, misses[k].want);
	}
}
END_TEST

/* A record that does not enforce may be older than the domain's policy. It is
 * no answer as long as the TXT record may name a newer policy: otherwise an
 * attacker who puts an old record back would choose the answer. */
START_TEST(a_record_that_does_not_enforce_waits_for_the_dns)
{
	static const enum sts_mode modes[] = { STS_MODE_TESTING,
		STS_MODE_NONE };

	for (size_t k = 0; k < UNIT_COUNT(modes); k++) {
		start();
		world.dns = NO_ANSWER;
		sealed_mode = modes[k];
		put(1, 1);
		connected();
		put(0, 1);
		asked("asked for by the question", 0, "NOTFOUND 12000");
		asked("taken in before the question", 1, "NOTFOUND 2000");
	}
}
END_TEST

/* Lookups wait for the fleet, and some of them for a TCP buffer as well. Each
 * wait ends by itself, and neither is mistaken for the other. */
START_TEST(waits_for_the_fleet_and_for_a_buffer_end_apart)
{
	char name[ASKS][16];
	int slot[ASKS];

	start();
	world.dns = TRUNCATED;
	connected();
	world.silent = true;
	for (unsigned i = 0; i < ASKS; i++) {
		strcpy(name[i], domain(i));
		slot[i] = sts_ask_begin(
		    &agent, sts_text(NULL, 0), unit_span(name[i]));
		ck_assert_int_ge(slot[i], 0);
	}
	sts_driver_wake(&driver);
	settle();
	ck_assert_int_eq(
	    agent.buffers.starved.count, ASKS - STS_DNS_TCP_BUFFERS);
	ck_assert_int_gt(agent.share.waits.count, STS_DNS_TCP_BUFFERS);
	/* The wait for the fleet ends first. */
	pass(WAIT_MS + 1);
	ck_assert_int_eq(agent.share.waits.count, 0);
	ck_assert_int_eq(
	    agent.buffers.starved.count, ASKS - STS_DNS_TCP_BUFFERS);
	for (unsigned i = 0; i < ASKS; i++) {
		ck_assert_int_eq(
		    agent.lookups[i].queued, agent.lookups[i].legs.starves);
	}
	/* A lookup that waits for a buffer is answered "busy" in the end. */
	pass(30000);
	for (unsigned i = 0; i < ASKS; i++) {
		ck_assert_int_ne(
		    sts_ask_answer(&agent, slot[i])->kind, STS_ANSWER_NONE);
		sts_ask_end(&agent, slot[i]);
	}
	pass(30000);
	ck_assert_int_eq(agent.buffers.starved.count, 0);
	ck_assert_int_eq(agent.lookups_busy, 0);
}
END_TEST

/* Of several questions beside a server that does not answer, only the first
 * waits. Once the server counts as dead, none does. */
START_TEST(a_silent_server_delays_one_question_only)
{
	start();
	world.dns = NO_NAME;
	connected();
	world.silent = true;
	asked("first question", 0, "NOTFOUND 150");
	asked("second question", 1, "NOTFOUND 0");
	pass(2000);
	asked("third question", 2, "NOTFOUND 0");
}
END_TEST

/* When the server goes away, lookups stop waiting for it: each is answered by
 * the DNS. */
START_TEST(a_lost_server_is_not_waited_for)
{
	enum {
		SOME = 3
	};
	char name[SOME][16];
	int slot[SOME];

	start();
	world.dns = NO_NAME;
	connected();
	world.silent = true;
	for (unsigned i = 0; i < SOME; i++) {
		strcpy(name[i], domain(i));
		slot[i] = sts_ask_begin(
		    &agent, sts_text(NULL, 0), unit_span(name[i]));
		ck_assert_int_ge(slot[i], 0);
	}
	sts_driver_wake(&driver);
	pass(1);
	unit_int("lookups that wait", agent.share.waits.count, SOME);
	world.refuses = true;
	mem_fail(&mem, connection(), STS_IO_RESET);
	pass(1);
	unit_int("lookups that still wait", agent.share.waits.count, 0);
	for (unsigned i = 0; i < SOME; i++) {
		unit_int(name[i], sts_ask_answer(&agent, slot[i])->kind,
		    STS_ANSWER_NOTFOUND);
		sts_ask_end(&agent, slot[i]);
	}
}
END_TEST

/* A held policy is answered at once, whatever the server does. */
START_TEST(a_held_policy_does_not_wait_for_the_server)
{
	for (unsigned k = 0; k < 4; k++) {
		start();
		put(0, 1);
		world.dns = NO_ANSWER;
		connected();
		world.silent = k == 1;
		world.slow_ms = k == 2 ? 1000 : 0;
		world.refuses = k == 3;
		asked("held", 0, "mx1.d0.test 0");
		asked("held", 0, "mx1.d0.test 0");
		unit_int("times it was read, at the start", world.gets, 1);
	}
}
END_TEST

/* Inform the agent that a key was changed. */
static void
push(unsigned i)
{
	struct mem_sock *s = connection();

	if (s != NULL && !world.silent && get_at == 0) {
		send_text(s, ">2\r\n$10\r\ninvalidate\r\n*1\r\n");
		send_key_of(s, i);
	}
}

/* Some minutes later another gateway fetches a version. */
static void
put_later(unsigned i, unsigned version)
{
	now += 2000;
	pass(2);
	world.key[i].there = true;
	world.key[i].len =
	    seal(domain(i), i, version, (uint32_t)(WALL_S + now / 1000),
		5 * DAY, setup.keys.key[0][0], world.key[i].value);
}

/* Begin a question, which waits for the fleet. */
static int
begin_waiting(unsigned i)
{
	int slot =
	    sts_ask_begin(&agent, sts_text(NULL, 0), unit_span(domain(i)));

	ck_assert_int_ge(slot, 0);
	sts_driver_wake(&driver);
	settle();
	unit_int(
	    domain(i), sts_ask_answer(&agent, slot)->kind, STS_ANSWER_NONE);
	return slot;
}

/* Hold a version of d0.test, and read all but the end of another version. */
static void
read_half(unsigned held, unsigned version)
{
	start();
	world.dns = NO_ANSWER;
	put(0, held);
	connected();
	put(0, version);
	world.half = true;
	push(0);
	pass(2);
	ck_assert_ptr_nonnull(world.half_to);
}

static void
read_rest(void)
{
	send_octets(
	    world.half_to, world.key[0].value + world.key[0].len - 10, 10);
	send_text(world.half_to, "\r\n");
	world.half = false;
	pass(2);
}

/* A record was already on its way, for another reason, when the question for it
 * came behind a first question. It answers this question, though the first one
 * still waits. */
START_TEST(a_record_on_its_way_answers_a_later_question)
{
	int slot[2];

	start();
	world.dns = NO_ANSWER;
	connected();
	put(1, 1);
	push(1);
	world.silent = true;
	settle();
	for (unsigned i = 0; i < 2; i++) {
		slot[i] = begin_waiting(i);
	}
	unit_int("lookups that wait", agent.share.waits.count, 2);
	world.silent = false;
	/* One reply comes: to the GET that the push caused. */
	ck_assert(obey_one(connection()));
	world.silent = true;
	settle();
	unit_int("lookups that still wait", agent.share.waits.count, 1);
	unit_int("the first", sts_ask_answer(&agent, slot[0])->kind,
	    STS_ANSWER_NONE);
	unit_int("the second", sts_ask_answer(&agent, slot[1])->kind,
	    STS_ANSWER_POLICY);
	for (unsigned i = 0; i < 2; i++) {
		sts_ask_end(&agent, slot[i]);
	}
}
END_TEST

/* What was on its way before the operator had the domain forgotten answers no
 * question afterwards. */
START_TEST(replies_to_before_the_forgetting_do_not_answer)
{
	int slot;

	start();
	world.dns = NO_ANSWER;
	connected();
	put(0, 1);
	world.silent = true;
	slot = begin_waiting(0);
	sts_agent_forget(&agent, unit_span("d0.test"));
	world.silent = false;
	pass(10);
	unit_int("times it was read", world.gets, 1);
	unit_int("answer after the order", sts_ask_answer(&agent, slot)->kind,
	    STS_ANSWER_NONE);
	sts_ask_end(&agent, slot);
	/* A newer version was held when an older record came, and is forgotten
	 * before that record is complete: there is nothing to write over it. */
	read_half(2, 1);
	sts_agent_forget(&agent, unit_span("d0.test"));
	read_rest();
	unit_int("times written back", world.sets, 0);
	unit_int("held after the order",
	    sts_cache_find(&agent.cache, unit_span("d0.test")), 0);
}
END_TEST

/* A record that the cache has no room for is counted as refused, and the
 * question goes on without it. */
START_TEST(a_record_without_room_is_counted_as_refused)
{
	static struct sts_stage held[4096];
	unsigned n = 0;

	start();
	world.dns = NO_NAME;
	connected();
	put(0, 1);
	while (sts_cache_stage(&agent.cache, &held[n], unit_span("x.test"))) {
		n++;
	}
	asked("nothing else is known", 0, "NOTFOUND 0");
	unit_int("refused",
	    metric(STS_METRIC_SHARE_REFUSED + STS_SHARE_REFUSAL_ROOM), 1);
	while (n > 0) {
		sts_cache_abandon(&agent.cache, &held[--n]);
	}
	ck_assert(sts_cache_check(&agent.cache));
}
END_TEST

/* So many keys are being asked for that there is no room for a question's key:
 * the question does not wait for the fleet. */
START_TEST(a_key_that_cannot_be_asked_for_delays_nothing)
{
	static const char name[] = "k.test";

	start();
	world.dns = NO_NAME;
	connected();
	put(0, 1);
	world.silent = true;
	while (sts_share_get(agent.share.engine, unit_span(name))) {
	}
	asked("at once", 0, "NOTFOUND 0");
}
END_TEST

/* A name that no question can have, since "_mta-sts." before it would make it
 * too long, stands in a record of the fleet. It is not held, and nothing is
 * looked up for it. */
START_TEST(a_name_too_long_for_a_question_is_not_held)
{
	static const char label[] = "123456789.123456789.123456789.123456789.";
	char *name = world.long_name;

	start();
	world.dns = NO_NAME;
	while (strlen(name) + sizeof label - 1 < STS_DOMAIN_MAX) {
		strcat(name, label);
	}
	strcat(name, "long.test");
	ck_assert_uint_gt(strlen(name), STS_DOMAIN_MAX);
	put(0, 1);
	put(1, 1);
	connected();
	unit_int("records taken, of the other name",
	    (long long)agent.share.taken, 1);
	unit_int("records read, of the other name", world.gets, 1);
	for (unsigned hour = 0; hour < 5 * 24; hour++) {
		now += 3600000;
		settle();
	}
}
END_TEST

/* Another gateway's later fetch counts. An earlier one does not, whichever
 * gateway wrote it, and is overwritten. */
START_TEST(the_latest_fetch_counts_and_is_written_back)
{
	start();
	world.dns = NO_ANSWER;
	put(0, 2);
	connected();
	asked("first", 0, "mx2.d0.test 0");
	put(0, 3);
	push(0);
	pass(1);
	asked("after a newer record", 0, "mx3.d0.test 0");
	put(0, 1);
	push(0);
	pass(1);
	asked("after an older record", 0, "mx3.d0.test 0");
	unit_int("times written back", world.sets, 1);
	unit_text(
	    "key written back", unit_span(world.set_key), "mtasts:d:d0.test");
	put(0, 1);
	push(0);
	pass(1);
	unit_int("times written back within a minute", world.sets, 1);
	pass(STS_SHARE_REPAIR_MS);
	push(0);
	pass(1);
	unit_int("times written back after the minute", world.sets, 2);
}
END_TEST

/* Weeks after a record was written back, the time of that, in milliseconds, is
 * too far back to be compared. It must not seem to lie ahead. */
START_TEST(a_record_is_written_back_weeks_later_too)
{
	unsigned sets;

	start();
	world.dns = NO_ANSWER;
	put_for(0, 3, 60 * DAY);
	connected();
	asked("first", 0, "mx3.d0.test 0");
	put_for(0, 1, 60 * DAY);
	push(0);
	pass(1);
	sets = world.sets;
	unit_int("times written back", sets, 1);
	for (unsigned hour = 0; hour < 26 * 24; hour++) {
		now += 3600000;
		settle();
	}
	pass(100);
	ck_assert(sts_share_is_up(agent.share.engine));
	unit_int("failures", agent.share.engine->failures, 0);
	sets = world.sets;
	put_for(0, 1, 60 * DAY);
	push(0);
	pass(1);
	unit_int("times written back weeks later", world.sets - sets, 1);
}
END_TEST

/* While a record is read, our own later fetch is committed: that one stays. */
START_TEST(our_own_later_fetch_stays)
{
	struct sts_entry e;
	sts_ref ref;

	read_half(1, 2);
	ref = sts_cache_find(&agent.cache, unit_span("d0.test"));
	sts_cache_get(&agent.cache, ref, &e);
	e.fetched_s = WALL_S;
	sts_cache_set(&agent.cache, ref, &e, sts_agent_time(&agent));
	read_rest();
	asked("after our own fetch", 0, "mx1.d0.test 0");
	ck_assert(sts_cache_check(&agent.cache));
}
END_TEST

/* A record that is being read while the operator has its domain forgotten does
 * not come back. */
START_TEST(a_record_half_read_when_forgotten_stays_away)
{
	struct sts_text name = unit_span("d0.test");
	unsigned sets;

	read_half(1, 2);
	ck_assert(sts_agent_forget(&agent, name));
	sts_agent_unshare(&agent, name);
	pass(2);
	read_rest();
	unit_int("deleted", world.dels, 1);
	unit_int("held", sts_cache_find(&agent.cache, name), 0);
	ck_assert(sts_cache_check(&agent.cache));
	/* What another gateway has fetched afterwards counts, and nothing that
	 * it held before. */
	put(0, 3);
	push(0);
	pass(2);
	unit_int("held", sts_cache_find(&agent.cache, name), 0);
	unit_int("deleted", world.dels, 2);
	put_later(0, 4);
	push(0);
	pass(2);
	asked("later", 0, "mx4.d0.test 0");
	unit_int("deleted", world.dels, 2);
	/* A gateway that still held the forgotten one puts it over the later
	 * one, which is held here: that one is put back, and none deleted. */
	sets = world.sets;
	put(0, 3);
	push(0);
	pass(2);
	asked("still the later one", 0, "mx4.d0.test 0");
	unit_int("deleted", world.dels, 2);
	unit_int("put back", world.sets - sets, 1);
}
END_TEST

/* A domain that is forgotten again takes no second place: otherwise the operator
 * who repeats himself would have the records of all other domains refused. */
START_TEST(forgotten_again_takes_no_second_place)
{
	start();
	connected();
	for (unsigned i = 0; i <= STS_SHARE_FORGOTTEN; i++) {
		sts_agent_unshare(&agent, unit_span("d0.test"));
	}
	put(1, 1);
	push(1);
	pass(2);
	asked("another domain", 1, "mx1.d1.test 0");
}
END_TEST

/* The same of a record that is read while its domain's owner lets no policy be
 * kept any more. */
START_TEST(a_record_half_read_when_its_policy_ends_stays_away)
{
	struct sts_text name = unit_span("d0.test");

	read_half(1, 2);
	sts_cache_remove(&agent.cache, sts_cache_find(&agent.cache, name));
	sts_agent_share_ended(&agent, name);
	pass(2);
	read_rest();
	unit_int("deleted", world.dels, 1);
	unit_int("held", sts_cache_find(&agent.cache, name), 0);
	put(0, 3);
	push(0);
	pass(2);
	asked("later", 0, "mx3.d0.test 0");
}
END_TEST

/* The operator has domains forgotten while the server is away, more than are
 * remembered one by one: none comes back with the list of keys, and their
 * records are deleted then. */
START_TEST(forgotten_while_the_server_is_away_stays_forgotten)
{
	start();
	world.dns = NO_ANSWER;
	for (unsigned i = 0; i < DOMAINS; i++) {
		put(i, 1);
	}
	connected();
	world.refuses = true;
	sts_share_use(agent.share.engine, &setup, &servers, now);
	pass(5);
	ck_assert(!sts_share_is_up(agent.share.engine));
	for (unsigned i = 0; i < DOMAINS; i++) {
		ck_assert(sts_agent_forget(&agent, unit_span(domain(i))));
		sts_agent_unshare(&agent, unit_span(domain(i)));
		for (unsigned k = 0; i == 0 && k < STS_SHARE_FORGOTTEN; k++) {
			char name[16];

			snprintf(name, sizeof name, "e%u.test", k);
			sts_agent_unshare(&agent, unit_span(name));
		}
	}
	world.refuses = false;
	pass(3000);
	ck_assert(sts_share_is_up(agent.share.engine));
	for (unsigned i = 0; i < DOMAINS; i++) {
		unit_int("held",
		    sts_cache_find(&agent.cache, unit_span(domain(i))), 0);
		unit_int("there", world.key[i].there, false);
	}
	unit_int("deleted", world.dels, DOMAINS);
	put_later(0, 2);
	push(0);
	pass(2);
	asked("after a later publication", 0, "mx2.d0.test 0");
	ck_assert(sts_cache_check(&agent.cache));
}
END_TEST

/* Held policies are published again in steps. While the server is away there are
 * none, or a server that goes while they are taken would keep the processor
 * awake for as long as it is away; when it is back they begin anew. */
START_TEST(nothing_is_published_again_while_the_server_is_away)
{
	sts_ms at;

	start();
	connected();
	ck_assert(agent.share.walks);
	ck_assert(sts_agent_share_due(&agent, &at));
	world.refuses = true;
	sts_share_use(agent.share.engine, &setup, &servers, now);
	sts_agent_stir(&agent, agent.first_share);
	for (unsigned i = 0; i < STS_SHARE_WALK_DOMAINS; i++) {
		sts_share_publish(
		    agent.share.engine, unit_span("e.test"), true);
	}
	pass(1000);
	ck_assert(!sts_share_is_up(agent.share.engine));
	ck_assert(!sts_agent_share_due(&agent, &at));
	world.refuses = false;
	for (unsigned i = 0; !agent.share.walks; i++) {
		pass(1);
		ck_assert_uint_lt(i, 10000);
	}
	ck_assert(sts_share_is_up(agent.share.engine));
}
END_TEST

/* Records that may not be taken, each beside one that just may. */
static const struct {
	const char *name, *of;
	int ahead_s; /* of our clock */
	uint32_t max_age_s;
	uint8_t key;
	const char *want;
	unsigned refused;
} strange[] = {
	{ "good", "d0.test", -10, DAY, 42, "mx1.d0.test 0",
	    STS_SHARE_REFUSALS },
	{ "as far ahead as may be", "d0.test", 300, DAY, 42, "mx1.d0.test 0",
	    STS_SHARE_REFUSALS },
	{ "in the future", "d0.test", 301, DAY, 42, "NOTFOUND 0",
	    STS_SHARE_REFUSAL_STAMP },
	{ "in 2106", "d0.test", 2000000000, DAY, 42, "NOTFOUND 0",
	    STS_SHARE_REFUSAL_STAMP },
	{ "nearly over", "d0.test", -DAY + 1, DAY, 42, "mx1.d0.test 0",
	    STS_SHARE_REFUSALS },
	{ "over", "d0.test", -DAY, DAY, 42, "NOTFOUND 0",
	    STS_SHARE_REFUSAL_STAMP },
	{ "sealed with another key", "d0.test", -10, DAY, 43, "NOTFOUND 0",
	    STS_SHARE_REFUSAL_MAC },
	{ "another domain's", "d1.test", -10, DAY, 42, "NOTFOUND 0",
	    STS_SHARE_REFUSAL_MAC },
};

START_TEST(unusable_records_are_refused)
{
	for (size_t k = 0; k < UNIT_COUNT(strange); k++) {
		start();
		world.dns = NO_NAME;
		world.key[0].there = true;
		world.key[0].len = seal(strange[k].of, 0, 1,
		    (uint32_t)WALL_S + 1 + (uint32_t)strange[k].ahead_s,
		    strange[k].max_age_s, strange[k].key, world.key[0].value);
		connected();
		asked(strange[k].name, 0, strange[k].want);
		unit_int(strange[k].name, metric(STS_METRIC_SHARE_TAKEN),
		    strange[k].refused == STS_SHARE_REFUSALS);
		for (unsigned i = 0; i < STS_SHARE_REFUSALS; i++) {
			ck_assert_msg((metric(STS_METRIC_SHARE_REFUSED + i) >
					  0) == (i == strange[k].refused),
			    "%s: refusal %u", strange[k].name, i);
		}
		ck_assert(sts_cache_check(&agent.cache));
	}
}
END_TEST

/* Only policies are shared, never an absence or a failure. */
START_TEST(absences_and_failures_are_not_published)
{
	static const enum sts_kind kinds[] = { STS_KIND_ABSENT,
		STS_KIND_BACK_OFF, STS_KIND_UNKNOWN };

	start();
	world.dns = NO_NAME;
	connected();
	asked("absent", 0, "NOTFOUND 0");
	sts_agent_share_fetched(&agent, unit_span("d0.test"));
	for (size_t k = 0; k < UNIT_COUNT(kinds); k++) {
		struct sts_entry e;
		struct sts_stage s;
		sts_ref ref;

		memset(&e, 0, sizeof e);
		e.kind = (uint8_t)kinds[k];
		e.proved = true;
		e.fetched_s = WALL_S;
		e.max_age_s = DAY;
		ck_assert(
		    sts_cache_stage(&agent.cache, &s, unit_span("x.test")));
		sts_cache_commit(
		    &agent.cache, &s, &e, sts_agent_time(&agent), &ref);
		sts_agent_share_fetched(&agent, unit_span("x.test"));
		sts_driver_wake(&driver);
		pass(1000);
	}
	unit_int("published", world.sets, 0);
}
END_TEST

/* Other gateways cannot rely on a policy that was fetched under an unconfirmed
 * clock, has no time of fetch, or has expired. */
START_TEST(only_proved_live_policies_are_published)
{
	static const struct {
		const char *name;
		bool proved;
		uint32_t fetched_s;
		unsigned sets;
	} rows[] = {
		{ "proved", true, WALL_S, 1 },
		{ "unproved", false, WALL_S, 0 },
		{ "without a stamp", true, 0, 0 },
		{ "nearly over", true, WALL_S - 5 * DAY + 60, 1 },
		{ "over", true, WALL_S - 5 * DAY, 0 },
	};

	for (size_t k = 0; k < UNIT_COUNT(rows); k++) {
		struct sts_entry e;
		sts_ref ref;

		start();
		world.dns = NO_ANSWER;
		put(0, 1);
		connected();
		ref = sts_cache_find(&agent.cache, unit_span("d0.test"));
		sts_cache_get(&agent.cache, ref, &e);
		ck_assert(e.proved);
		e.proved = rows[k].proved;
		e.fetched_s = rows[k].fetched_s;
		sts_cache_set(&agent.cache, ref, &e, sts_agent_time(&agent));
		world.key[0].there = false;
		sts_agent_share_fetched(&agent, unit_span("d0.test"));
		sts_driver_wake(&driver);
		pass(10);
		unit_int(rows[k].name, world.sets, rows[k].sets);
	}
}
END_TEST

/* All keys are gone, or an empty server has replaced the old one: held policies
 * stay, and are published again. */
START_TEST(a_server_that_lost_its_keys_gets_them_again)
{
	start();
	world.dns = NO_ANSWER;
	for (unsigned i = 0; i < DOMAINS; i++) {
		put(i, 2);
	}
	connected();
	for (unsigned i = 0; i < DOMAINS; i++) {
		world.key[i].there = false;
	}
	send_text(connection(), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
	pass(3000);
	unit_int("policies published again", world.sets, DOMAINS);
	unit_int("policies published, as counted",
	    metric(STS_METRIC_SHARE_SENT), DOMAINS);
	unit_int("up", metric(STS_METRIC_SHARE_UP), 1);
	asked("held", 0, "mx2.d0.test 0");
	sts_agent_forget(&agent, unit_span("d0.test"));
	sts_agent_unshare(&agent, unit_span("d0.test"));
	sts_driver_wake(&driver);
	pass(10);
	unit_int("deleted", world.dels, 1);
	unit_int("connection before the drain", 1, mem_open_count(&mem) > 0);
	sts_agent_drain(&agent);
	sts_driver_wake(&driver);
	pass(10);
	ck_assert(!sts_share_is_up(agent.share.engine));
	unit_int("down", metric(STS_METRIC_SHARE_UP), 0);
}
END_TEST

/* Our own name servers resolve the server's name. An address in text form is
 * used directly. */
START_TEST(our_name_servers_resolve_the_servers_name)
{
	static const struct {
		const char *name, *host;
		unsigned inet, inet6, first, dials;
		bool up;
	} rows[] = {
		{ "one address", "redis.test", 1, 0, 10, 1, true },
		{ "both families", "redis.test", 1, 1, 0xfd, 1, true },
		{ "many addresses", "redis.test", 9, 9, 0xfd, 1, true },
		{ "no such name", "redis.test", 0, 0, 0, 0, false },
		{ "an address", "10.9.8.7", 0, 0, 10, 1, true },
		{ "an IPv6 address", "fd00::7", 0, 0, 0xfd, 1, true },
		{ "no name at all", "a..b", 0, 0, 0, 0, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		start();
		memset(&setup.server[0], 0, sizeof setup.server[0]);
		strcpy(setup.server[0].host, rows[i].host);
		setup.server[0].port = 6379;
		world.inet = rows[i].inet;
		world.inet6 = rows[i].inet6;
		pass(50);
		unit_int(rows[i].name, sts_share_is_up(agent.share.engine),
		    rows[i].up);
		unit_int(rows[i].name, world.streams, rows[i].dials);
		unit_int(rows[i].name, world.peer[0], rows[i].first);
	}
	/* The name servers are silent for a while, and are asked again
	 * later. */
	start();
	memset(&setup.server[0], 0, sizeof setup.server[0]);
	strcpy(setup.server[0].host, "redis.test");
	setup.server[0].port = 6379;
	pass(5000);
	ck_assert(!sts_share_is_up(agent.share.engine));
	world.inet = 1;
	pass(70000);
	ck_assert(sts_share_is_up(agent.share.engine));
	/* Of several addresses, all are tried in turn. */
	start();
	world.refuses = true;
	memset(&setup.server[0], 0, sizeof setup.server[0]);
	strcpy(setup.server[0].host, "redis.test");
	setup.server[0].port = 6379;
	world.inet = 3;
	pass(50);
	unit_int("connections attempted", world.streams, 3);
}
END_TEST

/* New settings bring a new connection, and the old settings are not used any
 * more. */
START_TEST(new_settings_bring_a_new_connection)
{
	static struct sts_settings fresh;

	start();
	world.dns = NO_ANSWER;
	connected();
	fresh = settings;
	fresh.share = NULL;
	sts_agent_settings(&agent, &fresh);
	ck_assert(sts_agent_settings_used(&agent, &settings));
	sts_driver_wake(&driver);
	pass(10);
	ck_assert(!sts_agent_settings_used(&agent, &settings));
	unit_int("channels", mem_open_count(&mem), 0);
	sts_agent_settings(&agent, &settings);
	sts_driver_wake(&driver);
	connected();
	/* Another setup, other name servers, or a clock that is not known. */
	for (unsigned k = 0; k < 3; k++) {
		static struct sts_share_setup other_setup;
		static struct sts_dns_servers other_servers;
		unsigned streams;

		start();
		world.dns = NO_ANSWER;
		connected();
		streams = world.streams;
		other_setup = setup;
		other_servers = servers;
		fresh = settings;
		fresh.share = k == 0 ? &other_setup : &setup;
		fresh.servers = k == 1 ? &other_servers : &servers;
		world.timeless = k == 2;
		sts_agent_settings(&agent, &fresh);
		sts_driver_wake(&driver);
		pass(10);
		unit_int("the old setup is in use",
		    sts_agent_settings_used(&agent, &settings), k == 1);
		unit_int("connections", world.streams - streams, k < 2);
		unit_int("up", sts_share_is_up(agent.share.engine), k < 2);
	}
}
END_TEST

/* The operator ends sharing while a question waits for a lookup, and a lookup is
 * free before the share follows the settings: the question goes on. */
START_TEST(a_question_waits_for_a_lookup_when_sharing_ends)
{
	enum {
		AT_ONCE = 4, /* lookups that one organisation may have */
		CROWD = 2 * AT_ONCE + 1
	};
	static struct sts_settings fresh;
	char name[CROWD][32];
	int slot[CROWD];
	bool more = false;

	start();
	world.dns = NO_ANSWER;
	connected();
	for (unsigned i = 0; i < CROWD; i++) {
		snprintf(name[i], sizeof name[i], "x%u.crowd.test", i);
		slot[i] = sts_ask_begin(
		    &agent, sts_text(NULL, 0), unit_span(name[i]));
		ck_assert_int_ge(slot[i], 0);
	}
	sts_driver_wake(&driver);
	settle();
	unit_int(
	    "questions without a lookup", agent.crowded.count, CROWD - AT_ONCE);
	world.dns = NO_NAME;
	while (!sts_agent_asks_may_go_on(&agent)) {
		now++;
		mem_deliver(&mem);
		sts_run(&driver, now, (int64_t)(WALL_S + now / 1000), 256);
		for (unsigned i = 0; i < mem.sock_high; i++) {
			play(&mem.sock[i], &more);
		}
	}
	ck_assert(sts_share_is_up(agent.share.engine));
	fresh = settings;
	fresh.share = NULL;
	sts_agent_settings(&agent, &fresh);
	sts_driver_wake(&driver);
	pass(10);
	for (unsigned i = 0; i < CROWD; i++) {
		unit_int("answer", sts_ask_answer(&agent, slot[i])->kind,
		    STS_ANSWER_NOTFOUND);
		sts_ask_end(&agent, slot[i]);
	}
	ck_assert(!sts_share_is_up(agent.share.engine));
	ck_assert(!sts_agent_settings_used(&agent, &settings));
}
END_TEST

/* ---- promises 1 and 2 beside a server that does as it likes */

/* Change a key as an attacker or another gateway might. */
static void
meddle(unsigned i)
{
	uint8_t *v = world.key[i].value;
	unsigned version = draw(VERSIONS);

	world.key[i].there = true;
	switch (draw(8)) {
	case 0:
		put(i, version); /* perhaps a replay */
		break;
	case 1: /* a record of another domain */
		world.key[i].len =
		    seal(domain((i + 1) % DOMAINS), i, 9, stamp(9), DAY, 42, v);
		break;
	case 2:
		world.key[i].len = seal(domain(i), i, 9, stamp(9), DAY, 1, v);
		break;
	case 3:
		world.key[i].len =
		    seal(domain(i), i, 9, WALL_S + DAY, DAY, 42, v);
		break;
	case 4:
		put(i, version);
		v[draw((uint32_t)world.key[i].len)] ^= (uint8_t)(1 + draw(255));
		break;
	case 5:
		put(i, version);
		world.key[i].len -= 1 + draw(60);
		break;
	case 6:
		world.key[i].len = draw(200);
		break;
	default:
		world.key[i].there = false;
		break;
	}
}

static void
weather(void)
{
	world.dns = (enum dns)draw(3);
	world.silent = draw(8) == 0;
	world.refuses = draw(8) == 0;
	world.slow_ms = draw(4) == 0 ? draw(400) : 0;
	if (draw(20) == 0 && connection() != NULL) {
		mem_fail(&mem, connection(), STS_IO_RESET);
	}
}

/* Whatever the server holds and does, an answer names a version that the fleet
 * has sealed for this domain, and none older than an earlier answer; and once
 * there was an answer, the next ones come at once. */
START_TEST(no_answer_goes_back_whatever_the_server_does)
{
	unsigned seeds = getenv("STS_SHARE_SEEDS") != NULL
			     ? (unsigned)atoi(getenv("STS_SHARE_SEEDS"))
			     : 20;
	unsigned policies = 0;

	for (unsigned seed = 1; seed <= seeds; seed++) {
		int best[DOMAINS];

		memset(best, -1, sizeof best);
		start();
		dice = seed;
		for (unsigned step = 0; step < 300; step++) {
			unsigned i = draw(DOMAINS), version, owner, ms;
			const char *got;

			meddle(i);
			if (draw(2) == 0) {
				push(i);
			}
			if (draw(4) == 0) {
				weather();
			}
			pass(draw(50));
			i = draw(DOMAINS);
			got = ask(i, 2000);
			if (sscanf(got, "mx%u.d%u.test %u", &version, &owner,
				&ms) == 3) {
				ck_assert_msg(owner == i &&
						  version < VERSIONS &&
						  (int)version >= best[i],
				    "seed %u, step %u: d%u: %s, was %d", seed,
				    step, i, got, best[i]);
				ck_assert_msg(best[i] < 0 || ms == 0,
				    "seed %u, step %u: %s", seed, step, got);
				best[i] = (int)version;
				policies++;
			} else {
				ck_assert_msg(best[i] < 0,
				    "seed %u, step %u: d%u: %s, was %d", seed,
				    step, i, got, best[i]);
			}
		}
		ck_assert(sts_cache_check(&agent.cache));
	}
	ck_assert_uint_gt(policies, 10 * seeds);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_miss_is_answered_by_the_fleet_or_the_dns);
	tcase_add_test(tc, a_record_that_does_not_enforce_waits_for_the_dns);
	tcase_add_test(tc, waits_for_the_fleet_and_for_a_buffer_end_apart);
	tcase_add_test(tc, a_silent_server_delays_one_question_only);
	tcase_add_test(tc, a_lost_server_is_not_waited_for);
	tcase_add_test(tc, a_held_policy_does_not_wait_for_the_server);
	tcase_add_test(tc, a_record_on_its_way_answers_a_later_question);
	tcase_add_test(tc, replies_to_before_the_forgetting_do_not_answer);
	tcase_add_test(tc, a_record_without_room_is_counted_as_refused);
	tcase_add_test(tc, a_key_that_cannot_be_asked_for_delays_nothing);
	tcase_add_test(tc, a_name_too_long_for_a_question_is_not_held);
	tcase_add_test(tc, the_latest_fetch_counts_and_is_written_back);
	tcase_add_test(tc, a_record_is_written_back_weeks_later_too);
	tcase_add_test(tc, our_own_later_fetch_stays);
	tcase_add_test(tc, a_record_half_read_when_forgotten_stays_away);
	tcase_add_test(tc, a_record_half_read_when_its_policy_ends_stays_away);
	tcase_add_test(tc, forgotten_again_takes_no_second_place);
	tcase_add_test(tc, nothing_is_published_again_while_the_server_is_away);
	tcase_add_test(tc, forgotten_while_the_server_is_away_stays_forgotten);
	tcase_add_test(tc, unusable_records_are_refused);
	tcase_add_test(tc, absences_and_failures_are_not_published);
	tcase_add_test(tc, only_proved_live_policies_are_published);
	tcase_add_test(tc, a_server_that_lost_its_keys_gets_them_again);
	tcase_add_test(tc, our_name_servers_resolve_the_servers_name);
	tcase_add_test(tc, new_settings_bring_a_new_connection);
	tcase_add_test(tc, a_question_waits_for_a_lookup_when_sharing_ends);
	tcase_add_test(tc, no_answer_goes_back_whatever_the_server_does);
}
