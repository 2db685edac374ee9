/* SPDX-License-Identifier: MIT */
/*
 * What an attacker off the path has to guess (RFC 5452): the source port and
 * the id of each transmission. The test draws many thousands of them, with the
 * real agent and driver over a port that only counts. They must cover their
 * whole range evenly, and none may help to guess another, whether of the same
 * question, of the question beside it, or of another server.
 *
 * The entropy comes from a fixed sequence, so that each run draws the same
 * numbers. The limits are such that good entropy exceeds one of them less than
 * once in a million runs; each test states how much less.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/driver.h"
#include "../splitmix.h"
#include "unit.h"

const char unit_name[] = "dns_draws";

enum {
	LOOKUPS = 64,
	SERVERS = 3,
	WALL_S = 1750000000,
	PORT_FIRST = 1024,
	DRAWS = 20000, /* this many at least */
	DRAWS_MAX = 24000,
	BUCKETS = 64,
	/*
	 * Chi-square of 64 buckets: 63 degrees of freedom. Over 160 by chance
	 * less than once in 10^9 (Laurent and Massart: x = 21 gives 63 + 2
	 * sqrt(63 x) + 2 x = 178 for e^-21; exactly it is 2 * 10^-10).
	 */
	CHI_MAX = 160
};

/* A transmission. */
struct draw {
	uint16_t port, id;
	uint8_t server; /* last octet of its address */
};

static struct draw draws[DRAWS_MAX];
static unsigned draw_count, datagrams;
static bool dry; /* entropy is not ready */
static uint64_t entropy_state;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint64_t block[1 << 17];
static uint8_t query[4096][STS_DNS_QUERY_MAX]; /* queries for TXT, by channel */
static size_t query_len[4096];
static uint16_t port_of[4096];
static uint8_t server_of[4096];
static sts_ms now;

static int
port_dgram(void *ctx, sts_ch ch, const struct sts_addr *peer, uint16_t local)
{
	(void)ctx;
	datagrams++;
	port_of[ch] = local;
	server_of[ch] = peer->ip[3];
	query_len[ch] = 0;
	return 0;
}

static int
port_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	(void)ctx;
	(void)ch;
	(void)peer;
	return STS_IO_UNREACHABLE;
}

static int
port_accept(void *ctx, sts_ch listener, sts_ch fresh)
{
	(void)ctx;
	(void)listener;
	(void)fresh;
	return STS_IO_AGAIN;
}

/* Queries for TXT are answered, so that two questions follow at one time: A and
 * AAAA. */
static int
port_recv(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	static const uint8_t record[] = "\300\14\0\20\0\1\0\0\0\74\0\17"
					"\16v=STSv1; id=1;";
	size_t n = query_len[ch];

	(void)ctx;
	if (n == 0) {
		return STS_IO_AGAIN;
	}
	ck_assert_uint_ge(size, n + sizeof record);
	memcpy(buf, query[ch], n);
	buf[2] = 0x81;
	buf[3] = 0x80;
	buf[7] = 1;
	buf[11] = 0;
	n -= buf[11] == 0 && query[ch][11] == 1 ? STS_DNS_OPT_LEN : 0;
	memcpy(buf + n, record, sizeof record - 1);
	query_len[ch] = 0;
	return (int)(n + sizeof record - 1);
}

static int
port_send(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	size_t end = len - (buf[11] == 1 ? STS_DNS_OPT_LEN : 0);

	(void)ctx;
	if (draw_count < DRAWS_MAX) {
		struct draw *d = &draws[draw_count++];

		d->id = sts_get16be(buf);
		d->port = port_of[ch];
		d->server = server_of[ch];
	}
	if (sts_get16be(buf + end - 4) == STS_DNS_TXT) {
		memcpy(query[ch], buf, len);
		query_len[ch] = len;
	}
	return (int)len;
}

static void
port_want(void *ctx, sts_ch ch, unsigned ev)
{
	(void)ctx;
	(void)ch;
	(void)ev;
}

static void
port_close(void *ctx, sts_ch ch)
{
	(void)ctx;
	query_len[ch] = 0;
}

static int
port_entropy(void *ctx, uint8_t *buf, size_t len)
{
	(void)ctx;
	if (dry) {
		memset(buf, 0, len / 2); /* half of the octets */
		return STS_IO_AGAIN;
	}
	for (size_t i = 0; i < len; i++) {
		buf[i] = (uint8_t)splitmix(&entropy_state);
	}
	return 0;
}

static void
port_event(void *ctx, const struct sts_event *e)
{
	(void)ctx;
	(void)e;
}

static const struct sts_port port = { NULL, port_dgram, port_stream,
	port_accept, port_recv, port_send, port_want, port_close, port_entropy,
	port_event, NULL };

static void
start(void)
{
	static const uint8_t key[16] = { 1 };
	struct sts_config config = { .lookups = LOOKUPS,
		.fetch_slots = 2,
		.asks = LOOKUPS,
		.cache_size = 8192,
		.build_s = WALL_S };

	now = 0;
	draw_count = datagrams = 0;
	dry = false;
	entropy_state = 1;
	memset(&settings, 0, sizeof settings);
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	settings.policy_port = 443;
	servers.count = SERVERS;
	for (unsigned i = 0; i < SERVERS; i++) {
		servers.addr[i] = (struct sts_addr){ STS_AF_INET, 0, 53, 0,
			{ 192, 0, 2, (uint8_t)i } };
	}
	sts_zones_init(&zones, 12000, 30000);
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, block, now, key);
	sts_driver_init(&driver, &agent, &port, now);
}

/* Let everything happen that can happen now. Returns how long the driver may
 * sleep. */
static sts_ms
settle(void)
{
	sts_ms sleep = 0;

	for (unsigned i = 0; i < 20000 && sleep == 0; i++) {
		sleep = sts_run(&driver, now, WALL_S + now / 1000, 256);
		for (unsigned ch = 0; ch < UNIT_COUNT(query_len); ch++) {
			if (query_len[ch] > 0) {
				sts_ready(&driver, (sts_ch)ch, STS_EV_RECV);
				sleep = 0;
			}
		}
	}
	ck_assert_uint_gt(sleep, 0);
	return sleep;
}

static void
pass(sts_ms ms)
{
	sts_ms end = now + ms;

	for (;;) {
		sts_ms sleep = settle();

		if (end - now <= sleep) {
			break;
		}
		now += sleep;
	}
	now = end;
	settle();
}

static char names[LOOKUPS][24];

static void
ask(unsigned round, unsigned i)
{
	int slot;

	strcpy(names[i], "aaaa-aaaa.example");
	for (unsigned k = 0; k < 4; k++) {
		names[i][k] = (char)('a' + (round >> 2 * k) % 4);
		names[i][5 + k] = (char)('a' + (i >> 2 * k) % 4);
	}
	slot = sts_ask_begin(&agent, unit_span(""), unit_span(names[i]));
	ck_assert_int_ge(slot, 0);
	sts_driver_wake(&driver);
}

/* Look up many domains, until there are enough draws. */
static void
draw(void)
{
	start();
	for (unsigned round = 0; draw_count < DRAWS; round++) {
		ck_assert_uint_lt(round, 256);
		for (unsigned i = 0; i < LOOKUPS; i++) {
			ask(round, i);
		}
		pass(60000);
		for (unsigned i = 0; i < LOOKUPS; i++) {
			sts_ask_end(&agent, (int)i);
		}
	}
}

/* A number that must be drawn evenly. */
typedef unsigned (*value_fn)(const struct draw *d);

static unsigned
id_of(const struct draw *d)
{
	return d->id;
}

/* The port stretched to 0..65535, in steps of 1.016. */
static unsigned
port_value(const struct draw *d)
{
	return (unsigned)((uint64_t)(d->port - PORT_FIRST) * 65536 /
			  (65536 - PORT_FIRST));
}

static const struct {
	const char *name;
	value_fn of;
} values[] = { { "id", id_of }, { "port", port_value } };

static void
check_even(const char *name, const unsigned *bucket, unsigned total)
{
	double chi = 0, want = (double)total / BUCKETS;

	for (unsigned i = 0; i < BUCKETS; i++) {
		double off = bucket[i] - want;

		chi += off * off / want;
	}
	ck_assert_msg(chi < CHI_MAX, "%s: chi-square %f", name, chi);
}

/*
 * The whole range is used: the least number is below 65536 / 1000, and the
 * greatest as far from the end; each fails with (1 - 1/1000)^20000, once in 4 *
 * 10^8. The number of different values is that of a good draw, within 8
 * standard deviations of at most 50: a narrow source repeats itself, and a
 * counter never does.
 */
START_TEST(draws_use_the_whole_range)
{
	draw();
	for (unsigned v = 0; v < UNIT_COUNT(values); v++) {
		static uint8_t seen[65536];
		unsigned least = 65535, greatest = 0, different = 0, n = DRAWS;

		memset(seen, 0, sizeof seen);
		for (unsigned i = 0; i < n; i++) {
			unsigned x = values[v].of(&draws[i]);

			ck_assert_uint_lt(x, 65536);
			least = x < least ? x : least;
			greatest = x > greatest ? x : greatest;
			different += !seen[x];
			seen[x] = 1;
		}
		ck_assert_msg(
		    least < 66, "%s: least %u", values[v].name, least);
		ck_assert_msg(greatest > 65535 - 66, "%s: greatest %u",
		    values[v].name, greatest);
		/* 65536 (1 - e^(-20000/65536)) = 17235; of the 64512 ports,
		 * 17196 */
		ck_assert_msg(
		    different > 17215 - 420 && different < 17215 + 420,
		    "%s: %u different", values[v].name, different);
	}
}
END_TEST

/* The numbers are even: in the top and in the bottom six bits, and for each
 * server alone, too. */
START_TEST(draws_are_even)
{
	draw();
	for (unsigned v = 0; v < UNIT_COUNT(values); v++) {
		for (unsigned server = 0; server <= SERVERS; server++) {
			unsigned top[BUCKETS] = { 0 }, low[BUCKETS] = { 0 },
				 n = 0;

			for (unsigned i = 0; i < DRAWS; i++) {
				unsigned x = values[v].of(&draws[i]);

				if (server == SERVERS ||
				    draws[i].server == server) {
					top[x >> 10]++;
					/* of the port itself, as x has gaps */
					low[(v == 0 ? x : draws[i].port) &
					    63U]++;
					n++;
				}
			}
			ck_assert_uint_gt(n, 1000);
			check_even(values[v].name, top, n);
			check_even(values[v].name, low, n);
		}
	}
}
END_TEST

/*
 * The numbers are independent: a draw does not help to guess one a fixed number
 * of transmissions later (of the question beside it, or of the same question's
 * last try), nor an id its port. The difference is even, and is not 0 too
 * often: of 20000 pairs 0.3 are equal, and ten or more less than once in 10^11.
 */
START_TEST(draws_are_independent)
{
	static const unsigned lags[] = { 1, 2, 3, LOOKUPS, 2 * LOOKUPS };

	draw();
	for (unsigned a = 0; a < UNIT_COUNT(values); a++) {
		for (unsigned b = 0; b < UNIT_COUNT(values); b++) {
			for (unsigned k = 0; k < 2 * UNIT_COUNT(lags); k++) {
				unsigned lag = k % 2 == 0 ? lags[k / 2] : 0;
				unsigned bucket[BUCKETS] = { 0 }, equal = 0;

				if (lag == 0 && a == b) {
					continue;
				}
				for (unsigned i = lag; i < DRAWS; i++) {
					unsigned x = values[a].of(&draws[i]),
						 y = values[b].of(
						     &draws[i - lag]);

					bucket[((x - y) & 65535U) >> 10]++;
					equal += x == y;
				}
				check_even("difference", bucket, DRAWS - lag);
				ck_assert_uint_lt(equal, 10);
			}
		}
	}
}
END_TEST

/* While entropy is not ready no question is sent, however long that takes. Then
 * all are sent. It may become ready, and cease to be, at any time. */
START_TEST(nothing_is_sent_without_entropy)
{
	unsigned sent;

	start();
	dry = true;
	for (unsigned i = 0; i < LOOKUPS; i++) {
		ask(0, i);
	}
	pass(10 * 60000);
	ck_assert_uint_eq(datagrams, 0);
	ck_assert_uint_eq(draw_count, 0);
	dry = false;
	pass(1000);
	ck_assert_uint_ge(datagrams, LOOKUPS);
	/* What is in the pool already is used: four octets for each port. */
	sent = datagrams;
	dry = true;
	pass(60000);
	ck_assert_uint_le(datagrams - sent, STS_RANDOM_POOL / 4);
	sent = datagrams;
	pass(60000);
	ck_assert_uint_eq(datagrams, sent);
	dry = false;
	for (unsigned i = 0; i < LOOKUPS; i++) {
		sts_ask_end(&agent, (int)i);
		ask(1, i);
	}
	pass(1000);
	ck_assert_uint_gt(datagrams, sent);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, draws_use_the_whole_range);
	tcase_add_test(tc, draws_are_even);
	tcase_add_test(tc, draws_are_independent);
	tcase_add_test(tc, nothing_is_sent_without_entropy);
}
