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
#include "../../core/driver.h"
#include "../../tls/session.h"
#include "../mem/mem.h"
#include "../mem/world.h"

enum {
	HOSTILE = 16,
	ROUNDS = 5,
	WALL_S = 1750000000,
	CHECKS_MAX = 1 << 16,
	LIMIT = 8 /* multiples of a check: more is a fault */
};

static const char held[] = "19:postfix example.com,";

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

static double check_us[CHECKS_MAX]; /* of every step of work */
static unsigned checks, passes;
static double answered_us; /* when the held answer was sent */

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench-wait: %s\n", what);
		exit(1);
	}
}

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
	need(checks < CHECKS_MAX, "too many checks");
	check_us[checks++] = cpu_us() - began;
}

static int
send_timed(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	int r = mem.port.send(ctx, ch, buf, len);

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
start(void)
{
	static const uint8_t key[16] = { 2, 7, 1, 8 };
	struct sts_config c = { 64, 64, HOSTILE + 1, 1, 1 << 18, WALL_S, 0, 0,
		0, 0, false, 0 };
	void *block = malloc(sts_agent_size(&c));

	need(block != NULL, "memory");
	mem_init(&mem, 1);
	world_init(&world, &mem);
	port = mem.port;
	port.send = send_timed;
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
	e.fetched_s = e.checked_s = WALL_S;
	e.asked_day = WALL_S / 86400;
	e.check_s = WALL_S + 3600;
	need(sts_cache_stage(&agent.cache, &s, text("example.com")) &&
		 sts_payload_begin(&agent.cache, &s, text("1")) &&
		 sts_payload_add_mx(&agent.cache, &s, text("mx.example.com")) &&
		 sts_cache_commit(&agent.cache, &s, &e, sts_now(WALL_S, false),
		     &ref) == STS_ADMITTED,
	    "not held");
}

static void
set(const char *name, unsigned type, const char *value)
{
	struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	rr.type = type;
	rr.ttl = 60;
	rr.what = value != NULL ? WORLD_DATA : WORLD_NODATA;
	rr.count = value != NULL;
	snprintf(rr.name, sizeof rr.name, "%s", name);
	snprintf(
	    rr.value[0], sizeof rr.value[0], "%s", value != NULL ? value : "");
	world_set(&world, &rr);
}

static void
publish(unsigned i)
{
	struct world_host host;
	char name[64], ip[32];

	snprintf(name, sizeof name, "_mta-sts.d%u.example", i);
	set(name, DNSPEER_TXT, "v=STSv1; id=1;");
	snprintf(name, sizeof name, "mta-sts.d%u.example", i);
	snprintf(ip, sizeof ip, "198.51.100.%u", i + 1);
	set(name, DNSPEER_A, ip);
	set(name, DNSPEER_AAAA, NULL);
	memset(&host, 0, sizeof host);
	host.addr = (struct sts_addr){ STS_AF_INET, 0, 0, 0,
		{ 198, 51, 100, (uint8_t)(i + 1) } };
	host.cert = HTTPS_COMPLEX;
	host.cut = WORLD_NEVER;
	world_host(&world, &host);
}

static void
ask(struct mem_sock *s, unsigned i)
{
	char key[64], request[80];
	int n = snprintf(key, sizeof key, "postfix d%u.example", i);

	mem_send(&mem, s, request,
	    (size_t)snprintf(request, sizeof request, "%d:%s,", n, key));
}

/* One pass with a question there. What the answer took of it. */
static double
pass(double *whole_us)
{
	double began;

	mem_send(&mem, asker, held, sizeof held - 1);
	mem_tell(&mem);
	answered_us = 0;
	began = cpu_us();
	sts_run(&driver, now, WALL_S + now / 1000, 256);
	*whole_us = cpu_us() - began;
	need(answered_us > 0, "a pass without an answer");
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
		hostile[i] = mem_connect(&mem, sts_driver_listener(&driver, 0));
		ask(hostile[i], i);
	}
	while (idle < 200) {
		double whole_us, wait_us = last_us + pass(&whole_us);

		worst_us = wait_us > worst_us ? wait_us : worst_us;
		last_us = whole_us;
		idle = agent.lookups_busy > 0 ? 0 : idle + 1;
		if (!world_step(&world, now) &&
		    driver.working.head == STS_NODE_NONE) {
			now += 10;
		}
	}
	for (unsigned i = 0; i < HOSTILE; i++) {
		mem_half_close(hostile[i]);
		mem_drop(&hostile[i]->out, hostile[i]->out.n);
	}
	/* Until the failures are forgotten. */
	for (unsigned i = 0; i < 40; i++) {
		double whole_us;

		now += 10000;
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
	asker = mem_connect(&mem, sts_driver_listener(&driver, 0));
	for (unsigned i = 0; i < 10; i++) {
		mem_tell(&mem);
		sts_run(&driver, now, WALL_S, 256);
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		double worst_us = play();

		best_us = i == 0 || worst_us < best_us ? worst_us : best_us;
	}
	need(mem.fault == NULL && world.fault == NULL, "a breach");
	need(checks >= ROUNDS * HOSTILE * 8, "the chains cost too little");
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
