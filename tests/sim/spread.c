/* SPDX-License-Identifier: MIT */
/*
 * Refreshes of a day are spread evenly: spread [-v] [-n POLICIES] [SEED]...
 *
 * The real agent and driver hold thousands of policies that were all fetched at
 * once, of one day to a year. In virtual time they pass a calm week, hours
 * without any answer of name servers, hours without power, and steps of the
 * clock. The world is simple: every domain has a policy, and all servers answer
 * at once or not at all.
 *
 * The oracles know only the times at which the world was asked:
 *
 *	even    no hour has more than a sixth of the policies begun, no minute
 *	        more than a 360th part: three times the even share, since a
 *	        policy of weeks is refreshed every 18 hours on average. Those
 *	        that expire within six hours are not counted
 *	soon    in calm a policy is fetched again within a day, or after two
 *	        thirds of its life where that is sooner; and not before a third
 *	        of its life, or half a day, is over
 *	lives   no policy expires while its host can be reached at all for eight
 *	        hours of its life: at the end of each play all are held and live
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../core/agent/agent.h"
#include "../../core/base/text.h"
#include "../../core/driver.h"
#include "../bench/medium.h"
#include "../mem/dnspeer.h"
#include "../mem/https.h"
#include "../mem/trust.h"

enum {
	WALL_S = 1750000000,
	MINUTE = 60000,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	POLICIES = 5000,
	POLICIES_MAX = 1000000,
	OWNERS = 997,
	DAYS_MAX = 40, /* of a run */
	MINUTES = DAYS_MAX * 24 * 60,
	SHARE_HOURS = 6, /* within which all may start at most */
	LATE_S = 6 * 3600, /* a life shorter than this cannot wait */
	LATE_A_MINUTE = 602, /* of those */
	RETRIED_MS = MINUTE, /* a question repeated sooner is the same */
	ROUND_MS = 5 * MINUTE, /* of the agent's periodic work, and a little */
	RECORD = 250, /* octets of cache a policy */
	BUFFER = 16384, /* of the journal */
	BLOCK = 4096,
	RESPONSE = 300
};

struct domain {
	uint32_t max_age_s;
	int64_t asked, fetched; /* true times, -1: never */
	int64_t fetched_wall_s;
};

/* The state of one play. */
static struct {
	bool calm, stepped;
	int64_t from;
} play;

static struct domain *domains;
static uint32_t policies = POLICIES;
static bool verbose, dark, failed;
static unsigned even[MINUTES], late[MINUTES]; /* starts in each minute */
static int64_t t, wall_offset_s;
static uint64_t seed;
static struct sts_agent agent;
static struct sts_driver driver;
static struct mem mem;
static struct medium medium;
static struct sts_config config;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint64_t root[512];
static void *block;

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort();
}

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "spread: %s\n", what);
		exit(2);
	}
}

static void
fail(const char *what, uint32_t i)
{
	if (!failed) {
		printf("spread: seed %llu FAILED at day %.3f: %s (d%u)\n",
		    (unsigned long long)seed, (double)t / DAY, what, i);
	}
	failed = true;
}

static int64_t
wall_s(void)
{
	return WALL_S + wall_offset_s + t / 1000;
}

/* The world. */

/* One day, a day and a half, a week, a month, a year. */
static uint32_t
max_age_of(uint32_t i)
{
	static const uint32_t hours[] = { 24, 36, 168, 168, 720, 720, 8760,
		8760 };

	return hours[i % (sizeof hours / sizeof *hours)] * 3600;
}

static void
name_of(uint32_t i, char out[DNSPEER_NAME])
{
	snprintf(out, DNSPEER_NAME, "d%u.owner%u.example", i, i % OWNERS);
}

/* The number of the domain after the prefix. */
static uint32_t
number_of(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	uint32_t i = 0;

	need(strncmp(name, prefix, n) == 0, "a question about no domain");
	i = (uint32_t)strtoul(name + n, NULL, 10);
	need(i < policies, "a question about no domain");
	return i;
}

/* Whether the held policy expires so soon that its refresh may not wait. */
static bool
is_late(const struct domain *d)
{
	int64_t left_s = d->fetched_wall_s + d->max_age_s - wall_s();

	return d->fetched >= 0 && left_s >= 0 && left_s <= LATE_S;
}

/* A domain that was fetched in calm is looked up now: judge whether in time. */
static void
judge_gap(uint32_t i)
{
	int64_t third = (int64_t)domains[i].max_age_s * 1000 / 3;
	int64_t age = t - domains[i].fetched;

	if (age < DAY / 2 && age < third) {
		fail("refreshed too early", i);
	}
	if (age > DAY + ROUND_MS || age > 2 * third + ROUND_MS) {
		fail("refreshed too late", i);
	}
}

/* A look-up of the domain begins: judge whether in time. */
static void
begun(uint32_t i)
{
	struct domain *d = &domains[i];

	if (t - d->asked < RETRIED_MS && d->asked >= 0) {
		d->asked = t;
		return;
	}
	d->asked = t;
	if (t / MINUTE >= MINUTES) {
		return;
	}
	(is_late(d) ? late : even)[t / MINUTE]++;
	if (play.calm && d->fetched >= play.from) {
		judge_gap(i);
	}
}

static void
answer(struct mem_sock *s, const uint8_t *p, size_t n)
{
	static struct dnspeer_answer m;
	struct dnspeer_question q;
	bool ok = true;

	need(dnspeer_read(&q, p, n) == NULL, "no question");
	if (q.type == DNSPEER_TXT) {
		begun(number_of(q.name, "_mta-sts.d"));
	}
	if (dark) {
		return;
	}
	dnspeer_begin(&m, &q, 0, false, false);
	if (q.type == DNSPEER_TXT) {
		ok = dnspeer_add(&m, q.name, q.type, 3600, "v=STSv1; id=1;");
	} else if (q.type == DNSPEER_A) {
		char ip[32];
		uint32_t i = number_of(q.name, "mta-sts.d");

		snprintf(ip, sizeof ip, "100.%u.%u.%u", 1 + (i >> 16 & 15),
		    i >> 8 & 255, i & 255);
		ok = dnspeer_add(&m, q.name, q.type, 3600, ip);
	} else {
		dnspeer_soa(&m, 3600);
	}
	need(ok, "no answer");
	mem_send(&mem, s, m.p, m.n);
}

static bool
step_dns(struct mem_sock *s)
{
	const uint8_t *p;
	size_t n;
	bool moved = false;

	need(s->kind == MEM_DGRAM, "DNS by a stream");
	while ((n = mem_datagram(s, &p)) > 0) {
		answer(s, p, n);
		mem_datagram_drop(s);
		moved = true;
	}
	return moved;
}

/* A policy host: the connection, its request, its response. */
struct host {
	struct https *tls;
	bool responded;
	char response[RESPONSE];
};

static void
respond(struct host *h)
{
	uint32_t i = number_of(https_server_name(h->tls), "mta-sts.d");
	struct domain *d = &domains[i];
	char body[RESPONSE / 2];
	int n = snprintf(body, sizeof body,
	    "version: STSv1\nmode: enforce\nmx: mx.d%u.example\nmax_age: %u\n",
	    i, d->max_age_s);

	if (d->fetched >= 0 && !play.stepped &&
	    t - d->fetched >= (int64_t)d->max_age_s * 1000) {
		fail("it had expired before it was fetched again", i);
	}
	d->fetched = t;
	d->fetched_wall_s = wall_s();
	n = snprintf(h->response, sizeof h->response,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %d\r\n\r\n%s",
	    n, body);
	https_respond(
	    h->tls, sts_text((const uint8_t *)h->response, (size_t)n));
	h->responded = true;
}

static bool
step_host(struct mem_sock *s)
{
	static const uint8_t none[32];
	struct host *h = s->actor;
	bool moved;

	if (s->state == MEM_WAITING) {
		s->actor = h = calloc(1, sizeof *h);
		need(h != NULL, "memory");
		h->tls = https_new(HTTPS_GOOD, sts_text(NULL, 0), none);
		mem_accept(&mem, s);
		return true;
	}
	moved = https_pump(h->tls, &mem, s);
	if (https_asked(h->tls) && !h->responded) {
		respond(h);
		https_close(h->tls);
		moved = true;
	}
	return moved;
}

static bool
step_world(void)
{
	bool moved = false;

	for (unsigned i = 0; i < mem.sock_high; i++) {
		struct mem_sock *s = &mem.sock[i];

		if (s->kind == MEM_FREE || s->test_gone) {
			continue;
		}
		if (!s->core_gone) {
			moved =
			    (s->peer.port == 53 ? step_dns : step_host)(s) ||
			    moved;
			continue;
		}
		if (s->actor != NULL) {
			https_free(((struct host *)s->actor)->tls);
			free(s->actor);
			s->actor = NULL;
		}
		mem_release(&mem, s);
	}
	return moved;
}

/* The agent. */

static void
start_agent(void)
{
	static const uint8_t key[16] = { 3, 1, 4, 1, 5 };

	sts_agent_init(&agent, &config, &settings, block, (sts_ms)t, key);
	need(sts_agent_journal(&agent, &medium.store, 0), "journal");
	sts_driver_init(&driver, &agent, &mem.port, (sts_ms)t);
	mem.driver = &driver;
}

static void
stop_agent(void)
{
	need(sts_agent_saved(&agent), "not saved");
	mem_crash(&mem);
	(void)step_world();
}

/* Do all that can happen at this moment. Returns how long until something
 * may. */
static sts_ms
settle(void)
{
	unsigned ready;
	sts_ms sleep;
	bool moved;

	do {
		unsigned long before = mem.moves;

		ready = mem_deliver(&mem);
		sleep = sts_run(&driver, (sts_ms)t, wall_s(), 256);
		moved = step_world() || mem.moves != before;
	} while (ready > 0 || moved || sleep == 0);
	need(mem.fault == NULL, mem.fault != NULL ? mem.fault : "");
	return sleep;
}

static void
pass(int64_t ms)
{
	int64_t until = t + ms;

	while (t < until && !failed) {
		int64_t next = t + settle();

		t = next < until ? next : until;
	}
}

/* The oracles. */

static unsigned
larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* Judge the minutes from a play's beginning until now. */
static void
judge_even(int64_t from)
{
	unsigned hour = 0, most_hour = 0, most_minute = 0, most_late = 0;
	unsigned in_hour = policies / SHARE_HOURS;
	unsigned first = (unsigned)(from / MINUTE);

	for (unsigned i = first; i < t / MINUTE && i < MINUTES; i++) {
		hour += even[i];
		hour -= i >= first + 60 ? even[i - 60] : 0;
		most_hour = larger(most_hour, hour);
		most_minute = larger(most_minute, even[i]);
		most_late = larger(most_late, late[i]);
	}
	if (verbose) {
		printf("  at most %u an hour (of %u), %u a minute, %u late "
		       "ones a minute\n",
		    most_hour, in_hour, most_minute, most_late);
	}
	if (most_hour > in_hour + 2 || most_minute > in_hour / 60 + 2 ||
	    most_late > LATE_A_MINUTE) {
		fail("more at once than an even share", policies);
	}
}

/* Check that all are held, live, and were fetched since then. */
static void
judge_held(int64_t since)
{
	struct sts_cache_stats stats;

	sts_cache_stats(sts_agent_cache(&agent), &stats);
	if (stats.enforce != policies || stats.expired > 0) {
		fail("not all are held", stats.enforce);
	}
	for (uint32_t i = 0; i < policies; i++) {
		if (domains[i].fetched < since) {
			fail("not refreshed", i);
		}
	}
}

static int64_t
begin_play(const char *name, bool calm, bool stepped)
{
	if (verbose) {
		printf("day %.2f: %s\n", (double)t / DAY, name);
	}
	play.calm = calm;
	play.stepped = stepped;
	play.from = t;
	return t;
}

/* The plays, one after the other, in one life of the world. */

/* As after `mtasts warm` of a long file. */
static void
fetch_all(void)
{
	begin_play("everything is fetched at once", false, false);
	for (uint32_t i = 0; i < policies;) {
		char name[DNSPEER_NAME];

		name_of(i, name);
		(void)settle();
		if (sts_agent_warm(&agent, sts_text_of(name)) ==
		    STS_WARM_BEGUN) {
			sts_driver_wake(&driver);
			i++;
		} else {
			pass(10);
		}
	}
	pass(MINUTE);
	judge_held(0);
}

static void
calm(int64_t ms)
{
	int64_t from = begin_play("calm", true, false);

	/* Starts are judged from the second hour of a play on: the burst at the
	 * beginning is not a refresh. */
	pass(ms);
	judge_even(from + 2 * MINUTE);
	judge_held(t - DAY - ROUND_MS);
}

/* After an outage all that came due has its turn within six hours; those
 * that failed have two hours more. */
static void
outage(int64_t ms)
{
	int64_t from = begin_play("no name server answers", false, false);

	dark = true;
	pass(ms);
	dark = false;
	pass((SHARE_HOURS + 2) * HOUR + ROUND_MS);
	judge_even(from);
	judge_held(t - DAY - ms);
}

static void
power_off(int64_t ms)
{
	int64_t from = begin_play("no power, then a restart", false, false);

	stop_agent();
	t += ms;
	start_agent();
	pass(DAY);
	judge_even(from);
	judge_held(t - DAY - ms);
}

/* Set the clock wrong, and a day later right again. */
static void
step(int64_t by_s)
{
	int64_t from = begin_play("a step of the clock", false, true);

	wall_offset_s += by_s;
	pass(DAY);
	judge_even(from);
	wall_offset_s -= by_s;
	from = t;
	pass(DAY + SHARE_HOURS * HOUR);
	judge_even(from);
	judge_held(from);
}

static void
begin(void)
{
	size_t area;

	memset(even, 0, sizeof even);
	memset(late, 0, sizeof late);
	t = 1000 * (int64_t)(seed % 7);
	wall_offset_s = 0;
	mem_init(&mem, seed);
	for (uint32_t i = 0; i < policies; i++) {
		domains[i].max_age_s = max_age_of(i);
		domains[i].asked = domains[i].fetched = -1;
	}
	memset(&config, 0, sizeof config);
	config.clients = 1;
	config.lookups = 256;
	config.fetch_slots = 16;
	config.cache_size = (size_t)policies * RECORD + 65536;
	config.build_s = WALL_S - 1000 * 86400;
	config.journal_buffer = BUFFER;
	memset(&settings, 0, sizeof settings);
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	settings.policy_port = 443;
	settings.allow_private = true;
	servers.count = 1;
	servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	sts_zones_init(&zones, 12000, 30000);
	trust_root(&anchors, root, sizeof root);
	area = sts_agent_journal_area(&config, 1);
	need(
	    medium_open(&medium, (uint32_t)(area + area / 2), BLOCK), "memory");
	mem.port.store = &medium.store;
	block = malloc(sts_agent_size(&config));
	need(block != NULL, "memory");
	start_agent();
}

static void
run(void)
{
	begin();
	fetch_all();
	calm(4 * (int64_t)DAY);
	outage(6 * HOUR);
	calm(2 * (int64_t)DAY);
	power_off(6 * HOUR);
	calm(2 * (int64_t)DAY);
	step(3 * 86400);
	step(-3 * 86400);
	calm(2 * (int64_t)DAY);
	mem_crash(&mem);
	(void)step_world();
	mem_end(&mem);
	free(medium.bytes);
	free(block);
}

int
main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "vn:")) != -1) {
		if (c == 'v') {
			verbose = true;
		} else if (c == 'n') {
			policies = (uint32_t)strtoul(optarg, NULL, 10);
		} else {
			return 2;
		}
	}
	need(policies > 0 && policies <= POLICIES_MAX, "-n 1..1000000");
	domains = calloc(policies, sizeof *domains);
	need(domains != NULL, "memory");
	for (; optind < argc && !failed; optind++) {
		seed = strtoull(argv[optind], NULL, 10);
		run();
		printf("spread: seed %llu, %u policies, %.0f days%s\n",
		    (unsigned long long)seed, policies, (double)t / DAY,
		    failed ? ", FAILED" : "");
	}
	free(domains);
	return failed;
}
