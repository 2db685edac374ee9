/* SPDX-License-Identifier: MIT */
/*
 * The program whose instructions callgrind counts for instructions.py:
 * instructions WHAT.
 *
 *	warm       QUESTIONS answers from the cache, one question at a time
 *	pipelined  the same, sixteen questions at a time
 *	cold       FETCHES answers, for each of which a policy is fetched
 *
 * The real agent and driver run over the in-memory port, so that the count is
 * the same in every run: there is no clock, no kernel, and no entropy but the
 * seed's. Only sts_run is counted, without the functions that stand for the
 * kernel and the network. Prints the number by which to divide the total.
 */
#include <stdio.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "gateway.h"

enum {
	QUESTIONS = 2048,
	TOGETHER = 16,
	FETCHES = 8,
	PASSES_MAX = 100000,
	LOG_INFO = 2 /* sts_event_level's number */
};

static struct gateway g;
static struct mem_sock *asker;
static bool counting;

/* ---- functions that stand for the kernel are not counted ---- */

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
	r = g.mem.port.recv(ctx, ch, buf, len);
	toggle();
	return r;
}

static int
send_aside(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	int r;

	toggle();
	r = g.mem.port.send(ctx, ch, buf, len);
	toggle();
	return r;
}

static void
run(void)
{
	mem_deliver(&g.mem);
	toggle();
	gateway_run(&g);
	toggle();
}

/* ---- the world ---- */

static void
publish(unsigned i)
{
	static const char response[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 70\r\nConnection: close\r\n\r\n"
	    "version: STSv1\r\nmode: enforce\r\n"
	    "mx: mx.example.com\r\nmax_age: 31557600\r\n";
	char domain[32];

	snprintf(domain, sizeof domain, "d%u.example", i);
	gateway_publish(&g, domain, i, HTTPS_GOOD,
	    sts_text((const uint8_t *)response, sizeof response - 1));
}

static void
start(void)
{
	static const struct sts_config c = { .clients = 8,
		.lookups = 8,
		.fetch_slots = 8,
		.asks = 2,
		.cache_size = 1 << 18,
		.build_s = GATEWAY_WALL_S };

	gateway_start(&g, &c);
	/* Log as the daemon does by default. */
	sts_agent_events_read(&g.agent, LOG_INFO);
	g.port.recv = recv_aside;
	g.port.send = send_aside;
	for (unsigned i = 0; i <= FETCHES; i++) {
		publish(i);
	}
	asker = gateway_client(&g);
}

/* Ask `count` times for the domain. Run until all answers have come. */
static void
ask(unsigned domain, unsigned count)
{
	static const char answer[] = "OK secure match=mx.example.com ";
	unsigned answers = 0, passes = 0;
	char name[32];

	snprintf(name, sizeof name, "d%u.example", domain);
	for (unsigned i = 0; i < count; i++) {
		gateway_ask(&g, asker, name);
	}
	while (answers < count) {
		run();
		answers = 0;
		for (size_t i = 0; i + sizeof answer <= asker->out.n; i++) {
			answers += memcmp(asker->out.p + i, answer,
				       sizeof answer - 1) == 0;
		}
		if (answers < count && !world_step(&g.world, g.now)) {
			g.now++;
		}
		gateway_need(++passes < PASSES_MAX, "no answer");
	}
	mem_drop(&asker->out, asker->out.n);
}

/* Finish everything that the questions started. */
static void
settle(void)
{
	for (unsigned i = 0; i < 50; i++) {
		(void)world_step(&g.world, g.now);
		run();
	}
	gateway_need(g.agent.lookups_busy == 0, "a lookup is not over");
}

int
main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";
	bool cold = strcmp(what, "cold") == 0;
	unsigned together = strcmp(what, "pipelined") == 0 ? TOGETHER : 1;
	unsigned n = cold ? FETCHES : QUESTIONS / together;

	gateway_need(cold || together > 1 || strcmp(what, "warm") == 0,
	    "usage: instructions warm|pipelined|cold");
	start();
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
	gateway_need(g.mem.fault == NULL && g.world.fault == NULL, "a breach");
	printf("%u\n", n * together);
	return 0;
}
