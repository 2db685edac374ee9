/* SPDX-License-Identifier: MIT */
/*
 * How long a held answer waits at worst beside 16 domains whose policy hosts
 * bring chains that cost as many signature checks as are allowed (twelve issuers
 * of one name, in the worst order), as a multiple of one check.
 *
 * The real agent and driver over the in-memory port. A question about a held
 * domain is there before every pass, and comes at the worst moment: just after
 * the driver has looked for events. So its wait is the whole pass, and that part
 * of the next one that ends with its answer. Time is CPU time of the agent
 * alone; what the servers compute is not in it. Passes of one round in which
 * the machine did something else are left out by taking the best of ROUNDS.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../core/cache/payload.h"
#include "../../tls/session.h"
#include "gateway.h"

enum {
	HOSTILE = 16,
	ROUNDS = 5,
	CHECKS_MAX = 1 << 16,
	LIMIT = 8 /* multiples of a check: more is a fault */
};

static const char held[] = "example.com";

static struct gateway g;
static struct mem_sock *asker;

static double check_us[CHECKS_MAX]; /* of every step of work */
static unsigned checks, passes;
static double answered_us; /* when the held answer was sent */

static double
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The names are those of the linker's --wrap.
 * NOLINTBEGIN(bugprone-reserved-identifier) */
void __real_sts_tls_work(struct sts_tls *t);
void __wrap_sts_tls_work(struct sts_tls *t);
/* NOLINTEND(bugprone-reserved-identifier) */

void
__wrap_sts_tls_work(struct sts_tls *t)
{
	double began = cpu_us();

	__real_sts_tls_work(t);
	gateway_need(checks < CHECKS_MAX, "too many checks");
	check_us[checks++] = cpu_us() - began;
}

static int
send_timed(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	int r = g.mem.port.send(ctx, ch, buf, len);

	if (asker != NULL && asker->ch == (int)ch) {
		answered_us = cpu_us();
	}
	return r;
}

static struct sts_text
text(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

static void
start(void)
{
	static const struct sts_config c = { .clients = 64,
		.lookups = 64,
		.fetch_slots = HOSTILE + 1,
		.asks = 1,
		.cache_size = 1 << 18,
		.build_s = GATEWAY_WALL_S };

	gateway_start(&g, &c);
	g.port.send = send_timed;
	asker = gateway_client(&g);
}

/* The policy that is asked for; nothing is to be done about it meanwhile. */
static void
hold(void)
{
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.mx_count = 1;
	e.max_age_s = 31557600;
	e.fetched_s = e.checked_s = GATEWAY_WALL_S;
	e.asked_day = GATEWAY_WALL_S / 86400;
	e.check_s = GATEWAY_WALL_S + 3600;
	gateway_need(
	    sts_cache_stage(&g.agent.cache, &s, text(held)) &&
		sts_payload_begin(&g.agent.cache, &s, text("1")) &&
		sts_payload_add_mx(
		    &g.agent.cache, &s, text("mx.example.com")) &&
		sts_cache_commit(&g.agent.cache, &s, &e,
		    sts_now(GATEWAY_WALL_S, false), &ref) == STS_ADMITTED,
	    "not held");
}

static void
name_of(char name[32], unsigned i)
{
	snprintf(name, 32, "d%u.example", i);
}

static void
publish(unsigned i)
{
	char name[32];

	name_of(name, i);
	gateway_publish(&g, name, i, HTTPS_COMPLEX, sts_text(NULL, 0));
}

/* One pass with a question there. What the answer took of it. */
static double
pass(double *whole_us)
{
	double began;

	gateway_ask(&g, asker, held);
	mem_tell(&g.mem);
	answered_us = 0;
	began = cpu_us();
	gateway_run(&g);
	*whole_us = cpu_us() - began;
	gateway_need(answered_us > 0, "a pass without an answer");
	mem_drop(&asker->out, asker->out.n);
	passes++;
	return answered_us - began;
}

/* All hostile domains at once, until none is looked up any more. The longest
 * wait. */
static double
play(void)
{
	struct mem_sock *hostile[HOSTILE];
	double last_us = 0, worst_us = 0;
	unsigned idle = 0;

	for (unsigned i = 0; i < HOSTILE; i++) {
		char name[32];

		name_of(name, i);
		hostile[i] = gateway_client(&g);
		gateway_ask(&g, hostile[i], name);
	}
	while (idle < 200) {
		double whole_us, wait_us = last_us + pass(&whole_us);

		worst_us = wait_us > worst_us ? wait_us : worst_us;
		last_us = whole_us;
		idle = g.agent.lookups_busy > 0 ? 0 : idle + 1;
		if (!world_step(&g.world, g.now) &&
		    g.driver.working.head == STS_NODE_NONE) {
			g.now += 10;
		}
	}
	for (unsigned i = 0; i < HOSTILE; i++) {
		mem_half_close(hostile[i]);
		mem_drop(&hostile[i]->out, hostile[i]->out.n);
	}
	/* Until the failures are forgotten. */
	for (unsigned i = 0; i < 40; i++) {
		double whole_us;

		g.now += 10000;
		(void)pass(&whole_us);
	}
	return worst_us;
}

static int
ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(void)
{
	double best_us = 0, median_us;

	start();
	hold();
	for (unsigned i = 0; i < HOSTILE; i++) {
		publish(i);
	}
	for (unsigned i = 0; i < 10; i++) {
		mem_tell(&g.mem);
		gateway_run(&g);
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		double worst_us = play();

		best_us = i == 0 || worst_us < best_us ? worst_us : best_us;
	}
	gateway_need(g.mem.fault == NULL && g.world.fault == NULL, "a breach");
	gateway_need(
	    checks >= ROUNDS * HOSTILE * 8, "the chains cost too little");
	qsort(check_us, checks, sizeof *check_us, ascending);
	median_us = check_us[checks / 2];
	printf("%u passes, %u checks of %.0f us (median; 99 of 100 within "
	       "%.0f us)\n",
	    passes, checks, median_us, check_us[checks / 100 * 99]);
	printf(
	    "worst wait of a held answer beside %d hostile domains: %.0f us, "
	    "%.1f checks\n",
	    HOSTILE, best_us, best_us / median_us);
	return best_us > LIMIT * median_us;
}
