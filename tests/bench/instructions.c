/* SPDX-License-Identifier: MIT */
/*
 * What callgrind counts for instructions.py: instructions WHAT.
 *
 *	warm       QUESTIONS answers from the cache, one question at a time
 *	pipelined  the same, sixteen questions at a time
 *	cold       FETCHES answers, for each of which a policy is fetched
 *
 * The real agent and driver over the in-memory port, so that the count is the
 * same in every run: no clock, no kernel, no entropy but the seed's. Only what
 * happens in sts_run is collected, and not in what stands for the kernel and
 * the network. Prints by how many the total is to be divided.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "../../core/driver.h"
#include "../../tls/session.h"
#include "../mem/mem.h"
#include "../mem/world.h"

enum {
	QUESTIONS = 2048,
	TOGETHER = 16,
	FETCHES = 8,
	PASSES_MAX = 100000,
	WALL_S = 1750000000
};

static struct mem mem;
static struct world world;
static struct sts_port port;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint8_t root[4096];
static struct mem_sock *asker;
static sts_ms now = 1000;
static bool counting;

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench-instructions: %s\n", what);
		exit(1);
	}
}

/* ---- what stands for the kernel is not collected ---- */

static void
toggle(void)
{
	if (counting) {
		CALLGRIND_TOGGLE_COLLECT;
	}
}

static int
recv_aside(void *ctx, sts_ch ch, uint8_t *buf, size_t len)
{
	int r;

	toggle();
	r = mem.port.recv(ctx, ch, buf, len);
	toggle();
	return r;
}

static int
send_aside(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	int r;

	toggle();
	r = mem.port.send(ctx, ch, buf, len);
	toggle();
	return r;
}

static void
run(void)
{
	mem_tell(&mem);
	toggle();
	sts_run(&driver, now, WALL_S + now / 1000, 256);
	toggle();
}

/* ---- the world ---- */

static void
read_root(void)
{
	static uint64_t memory[STS_ANCHORS_LOAD_SIZE_MAX / sizeof(uint64_t)];
	struct sts_anchors_load *load = (void *)memory;
	uint8_t pem[4096];
	size_t n = https_file("root.pem", pem, sizeof pem);

	sts_anchors_begin(load, root, sizeof root);
	sts_anchors_feed(load, sts_text(pem, n));
	need(sts_anchors_end(load, &anchors) == STS_ANCHORS_OK, "root.pem");
}

static void
set(const char *prefix, unsigned i, unsigned type, const char *value)
{
	struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	rr.type = type;
	rr.ttl = 60;
	rr.what = value != NULL ? WORLD_DATA : WORLD_NODATA;
	rr.count = value != NULL;
	snprintf(rr.name, sizeof rr.name, "%s.d%u.example", prefix, i);
	snprintf(
	    rr.value[0], sizeof rr.value[0], "%s", value != NULL ? value : "");
	world_set(&world, &rr);
}

static void
publish(unsigned i)
{
	static const char response[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 70\r\nConnection: close\r\n\r\n"
	    "version: STSv1\r\nmode: enforce\r\n"
	    "mx: mx.example.com\r\nmax_age: 31557600\r\n";
	struct world_host host;
	char ip[32];

	set("_mta-sts", i, DNSPEER_TXT, "v=STSv1; id=1;");
	snprintf(ip, sizeof ip, "198.51.100.%u", i + 1);
	set("mta-sts", i, DNSPEER_A, ip);
	set("mta-sts", i, DNSPEER_AAAA, NULL);
	memset(&host, 0, sizeof host);
	host.addr = (struct sts_addr){ STS_AF_INET, 0, 0, 0,
		{ 198, 51, 100, (uint8_t)(i + 1) } };
	host.cert = HTTPS_GOOD;
	host.cut = WORLD_NEVER;
	host.response =
	    sts_text((const uint8_t *)response, sizeof response - 1);
	world_host(&world, &host);
}

static void
start(void)
{
	static const uint8_t key[16] = { 2, 7, 1, 8 };
	struct sts_config c = { 8, 8, 8, 2, 1 << 18, WALL_S, 0, 0, 0, 0, false,
		0 };
	void *block = malloc(sts_agent_size(&c));

	need(block != NULL, "memory");
	mem_init(&mem, 1);
	world_init(&world, &mem);
	port = mem.port;
	port.recv = recv_aside;
	port.send = send_aside;
	read_root();
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	settings.policy_port = 443;
	settings.allow_private = true;
	servers.count = 1;
	servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	sts_zones_init(&zones, 12000, 30000);
	sts_agent_init(&agent, &c, &settings, block, now, key);
	sts_driver_init(&driver, &agent, &port, now);
	mem.driver = &driver;
	mem_listen(&mem, sts_driver_listener(&driver, 0));
	sts_listen(
	    &driver, sts_driver_listener(&driver, 0), STS_PROTOCOL_SOCKETMAP);
	asker = mem_connect(&mem, sts_driver_listener(&driver, 0));
}

/* Ask `count` times for the domain, and run until all answers are there. */
static void
ask(unsigned domain, unsigned count)
{
	static const char answer[] = "OK secure match=mx.example.com ";
	char key[32], request[48];
	int n = snprintf(key, sizeof key, "postfix d%u.example", domain);
	size_t len =
	    (size_t)snprintf(request, sizeof request, "%d:%s,", n, key);
	unsigned answers = 0, passes = 0;

	for (unsigned i = 0; i < count; i++) {
		mem_send(&mem, asker, request, len);
	}
	while (answers < count) {
		run();
		answers = 0;
		for (size_t i = 0; i + sizeof answer <= asker->out.n; i++) {
			answers += memcmp(asker->out.p + i, answer,
				       sizeof answer - 1) == 0;
		}
		if (answers < count && !world_step(&world, now)) {
			now++;
		}
		need(++passes < PASSES_MAX, "no answer");
	}
	mem_drop(&asker->out, asker->out.n);
}

/* Nothing is left over of what was asked. */
static void
settle(void)
{
	for (unsigned i = 0; i < 50; i++) {
		(void)world_step(&world, now);
		run();
	}
	need(agent.lookups_busy == 0, "a lookup is not over");
}

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	bool cold = strcmp(what, "cold") == 0;
	unsigned together = strcmp(what, "pipelined") == 0 ? TOGETHER : 1;
	unsigned n = cold ? FETCHES : QUESTIONS / together;

	need(cold || together > 1 || strcmp(what, "warm") == 0,
	    "usage: instructions warm|pipelined|cold");
	start();
	for (unsigned i = 0; i <= FETCHES; i++) {
		publish(i);
	}
	ask(0, 1);
	settle();
	CALLGRIND_START_INSTRUMENTATION;
	counting = true;
	for (unsigned i = 1; i <= n; i++) {
		ask(cold ? i : 0, together);
	}
	if (cold) {
		settle();
	}
	counting = false;
	CALLGRIND_STOP_INSTRUMENTATION;
	need(mem.fault == NULL && world.fault == NULL, "a breach");
	printf("%u\n", n * together);
	return 0;
}
