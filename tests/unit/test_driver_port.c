/* SPDX-License-Identifier: MIT */
/*
 * The driver between a port and an engine that do everything that core/port.h
 * and core/base/io.h allow, as no real ones do: an engine that wants everything
 * at once, events without a reason, calls that move nothing.
 */
#include <limits.h>
#include <string.h>

#include "../../core/driver.h"
#include "unit.h"

const char unit_name[] = "driver_port";

enum {
	NODE = 1, /* the engine takes the place of this client */
	WORKERS = 3, /* engines that compute, in the next places */
	NEVER = 99, /* no reason */
	ROUNDS = 100,
	WALL_S = 1750000000
};

/* The engine: what it wants, and the calls it got. */
static struct {
	unsigned wants;
	unsigned opened, lost, received, sent;
	int why;
} engine;

/* The port: the results of its calls, and how often they were made. */
static struct {
	int recv, send;
	unsigned streams, recvs, sends, closes, wanted;
} port;

/* Engines that want to compute, and how many steps each. */
static struct worker {
	unsigned left, done;
} worker[WORKERS];

static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint64_t block[1 << 17];
static sts_ms now;

static unsigned
engine_wants(const void *e)
{
	(void)e;
	return engine.wants;
}

static const struct sts_addr *
engine_peer(const void *e)
{
	static const struct sts_addr peer = { STS_AF_INET, 0, 443, 0,
		{ 192, 0, 2, 1 } };

	(void)e;
	return &peer;
}

static void
engine_opened(void *e)
{
	(void)e;
	engine.opened++;
}

static void
engine_lost(void *e, int why)
{
	(void)e;
	engine.lost++;
	engine.why = why;
	engine.wants &= ~(unsigned)STS_WANT_CLOSE;
	if (why != STS_IO_EOF) {
		engine.wants = 0;
	}
}

static struct sts_span
engine_recv_buf(const void *e, struct sts_span lent)
{
	(void)e;
	return lent;
}

static void
engine_recv_ack(void *e, struct sts_span got)
{
	(void)e;
	engine.received += (unsigned)got.n;
}

static struct sts_text
engine_send_buf(const void *e, struct sts_span lent)
{
	(void)e;
	return sts_text(lent.p, 10);
}

static void
engine_send_ack(void *e, size_t n)
{
	(void)e;
	engine.sent += (unsigned)n;
	engine.wants &= ~(unsigned)STS_WANT_SEND;
}

static void
engine_tick(void *e, sts_ms at, int64_t wall_s)
{
	(void)e;
	(void)at;
	(void)wall_s;
}

static bool
engine_deadline(const void *e, sts_ms *at)
{
	(void)e;
	(void)at;
	return false;
}

static const struct sts_engine_ops ops = {
	.wants = engine_wants,
	.peer = engine_peer,
	.opened = engine_opened,
	.lost = engine_lost,
	.recv_buf = engine_recv_buf,
	.recv_ack = engine_recv_ack,
	.send_buf = engine_send_buf,
	.send_ack = engine_send_ack,
	.tick = engine_tick,
	.deadline = engine_deadline,
};

static unsigned
worker_wants(const void *e)
{
	return ((const struct worker *)e)->left > 0 ? STS_WANT_WORK : 0;
}

static void
worker_work(void *e)
{
	struct worker *w = e;

	w->left--;
	w->done++;
}

static const struct sts_engine_ops worker_ops = {
	.wants = worker_wants,
	.work = worker_work,
	.tick = engine_tick,
	.deadline = engine_deadline,
};

static int
port_dgram(void *ctx, sts_ch ch, const struct sts_addr *peer, uint16_t local)
{
	(void)ctx;
	(void)ch;
	(void)peer;
	(void)local;
	return STS_IO_UNREACHABLE;
}

static int
port_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	(void)ctx;
	(void)peer;
	unit_int("channel", ch, NODE);
	port.streams++;
	return 0;
}

static int
port_accept(void *ctx, sts_ch from, sts_ch fresh)
{
	(void)ctx;
	(void)from;
	(void)fresh;
	return STS_IO_AGAIN;
}

static int
port_recv(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	(void)ctx;
	(void)ch;
	buf[0] = 'x';
	port.recvs++;
	return port.recv < (int)size ? port.recv : (int)size;
}

static int
port_send(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	(void)ctx;
	(void)ch;
	(void)buf;
	(void)len;
	port.sends++;
	return port.send;
}

static void
port_want(void *ctx, sts_ch ch, unsigned ev)
{
	(void)ctx;
	if (ch == NODE) {
		port.wanted = ev;
	}
}

static void
port_close(void *ctx, sts_ch ch)
{
	(void)ctx;
	unit_int("channel", ch, NODE);
	port.closes++;
}

static int
port_entropy(void *ctx, uint8_t *buf, size_t len)
{
	(void)ctx;
	memset(buf, 7, len);
	return 0;
}

static void
port_event(void *ctx, const struct sts_event *e)
{
	(void)ctx;
	(void)e;
}

static const struct sts_port stub = { NULL, port_dgram, port_stream,
	port_accept, port_recv, port_send, port_want, port_close, port_entropy,
	port_event, NULL };

/* Run until nothing moves. Returns how long the driver would sleep. */
static sts_ms
settle(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		sts_ms sleep = sts_run(&driver, now, WALL_S, 256);

		if (sleep > 0) {
			return sleep;
		}
	}
	ck_abort_msg("the driver never comes to rest");
	return 0;
}

/* Set what the engine wants from now on. */
static void
wants(unsigned bits)
{
	engine.wants = bits;
	sts_agent_stir(&agent, NODE);
	sts_driver_wake(&driver);
	settle();
}

static void
start(void)
{
	static const uint8_t key[16] = { 1 };
	struct sts_config config = { .clients = 1 + WORKERS,
		.lookups = 1,
		.fetch_slots = 1,
		.asks = 1,
		.cache_size = 4096,
		.build_s = WALL_S };

	now = 5;
	memset(&engine, 0, sizeof engine);
	memset(&port, 0, sizeof port);
	memset(worker, 0, sizeof worker);
	engine.why = NEVER;
	port.recv = port.send = STS_IO_AGAIN;
	memset(&settings, 0, sizeof settings);
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	sts_zones_init(&zones, 12000, 30000);
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, block, now, key);
	agent.nodes[NODE].ops = &ops;
	agent.nodes[NODE].engine = &engine;
	for (unsigned i = 0; i < WORKERS; i++) {
		agent.nodes[NODE + 1 + i].ops = &worker_ops;
		agent.nodes[NODE + 1 + i].engine = &worker[i];
	}
	sts_driver_init(&driver, &agent, &stub, now);
	settle();
}

/* Start with a channel that is open. */
static void
start_open(unsigned then)
{
	start();
	wants(STS_WANT_STREAM);
	unit_int("streams", port.streams, 1);
	sts_ready(&driver, NODE, STS_EV_SEND);
	settle();
	unit_int("opened", engine.opened, 1);
	wants(then);
	unit_int("lost", engine.lost, 0);
}

/* The channel is gone, once, and the engine got the reason. */
static void
check_lost(const char *name, int why)
{
	unit_int(name, engine.lost, 1);
	unit_int(name, engine.why, why);
	unit_int(name, port.closes, 1);
	unit_int(name, agent.nodes[NODE].open, false);
}

/* Nothing is sent or received before there is a channel or while it connects,
 * and nothing is received after its end. */
START_TEST(an_engine_is_served_while_its_channel_is_open)
{
	start();
	port.recv = port.send = 1;
	sts_ready(&driver, NODE, STS_EV_SEND | STS_EV_RECV);
	unit_int("events without a channel", agent.nodes[NODE].ready, 0);
	agent.nodes[NODE].ready = STS_EV_SEND | STS_EV_RECV;
	wants(STS_WANT_SEND | STS_WANT_RECV);
	unit_int("sends", port.sends, 0);
	unit_int("recvs", port.recvs, 0);
	wants(STS_WANT_STREAM | STS_WANT_SEND | STS_WANT_RECV);
	unit_int("streams", port.streams, 1);
	unit_int("sends", port.sends, 0);
	/* Octets came before the event that the channel is connected. */
	agent.nodes[NODE].ready |= STS_EV_RECV;
	sts_agent_stir(&agent, NODE);
	sts_driver_wake(&driver);
	settle();
	unit_int("recvs", port.recvs, 0);
	unit_int("opened", engine.opened, 0);
	port.recv = STS_IO_EOF;
	sts_ready(&driver, NODE, STS_EV_SEND);
	settle();
	unit_int("opened", engine.opened, 1);
	unit_int("sends", port.sends, 1);
	unit_int("why", engine.why, STS_IO_EOF);
	unit_int("recvs", port.recvs, 1);
	unit_int("events wanted after the end", port.wanted, 0);
	port.recv = 1;
	sts_ready(&driver, NODE, STS_EV_RECV);
	settle();
	unit_int("recvs", port.recvs, 1);
	unit_int("wanted", port.wanted, 0);
	/* Sending still works. */
	wants(STS_WANT_SEND | STS_WANT_RECV);
	unit_int("wanted", port.wanted, STS_EV_SEND);
	sts_ready(&driver, NODE, STS_EV_SEND);
	settle();
	unit_int("sends", port.sends, 2);
	unit_int("closes", port.closes, 0);
}
END_TEST

/* A connect that fails, and what recv then returns. */
static const struct {
	const char *name;
	int recv, why;
} connects[] = {
	{ "refused", STS_IO_REFUSED, STS_IO_REFUSED },
	{ "unreachable", STS_IO_UNREACHABLE, STS_IO_UNREACHABLE },
	{ "no reason", STS_IO_AGAIN, STS_IO_RESET },
	{ "an end", STS_IO_EOF, STS_IO_RESET },
	{ "octets of a peer that is not there", 1, STS_IO_RESET },
	{ "no octets", 0, STS_IO_RESET },
};

START_TEST(a_failed_connect_has_a_reason)
{
	for (size_t i = 0; i < UNIT_COUNT(connects); i++) {
		start();
		wants(STS_WANT_STREAM | STS_WANT_RECV);
		port.recv = connects[i].recv;
		sts_ready(&driver, NODE, STS_EV_SEND | STS_EV_LOST);
		settle();
		check_lost(connects[i].name, connects[i].why);
		unit_int(connects[i].name, engine.opened, 0);
		unit_int(connects[i].name, engine.received, 0);
	}
}
END_TEST

/* Calls that move nothing end their channel, so that the driver comes to
 * rest. */
static const struct {
	const char *name;
	unsigned wants, ev;
	int recv, send, why;
} calls[] = {
	{ "send of 0", STS_WANT_SEND, STS_EV_SEND, 1, 0, STS_IO_RESET },
	{ "send refused", STS_WANT_SEND, STS_EV_SEND, 1, STS_IO_REFUSED,
	    STS_IO_REFUSED },
	{ "recv of 0", STS_WANT_RECV, STS_EV_RECV, 0, 1, STS_IO_RESET },
	{ "recv unreachable", STS_WANT_RECV, STS_EV_RECV, STS_IO_UNREACHABLE, 1,
	    STS_IO_UNREACHABLE },
	{ "lost, and nothing wanted", 0, STS_EV_LOST, 1, 1, STS_IO_RESET },
	{ "lost, and recv returns the reason", STS_WANT_RECV,
	    STS_EV_LOST | STS_EV_RECV, STS_IO_REFUSED, 1, STS_IO_REFUSED },
};

START_TEST(calls_that_move_nothing_end_the_channel)
{
	for (size_t i = 0; i < UNIT_COUNT(calls); i++) {
		start_open(0);
		port.recv = calls[i].recv;
		port.send = calls[i].send;
		wants(calls[i].wants);
		if (engine.lost == 0) {
			sts_ready(&driver, NODE, calls[i].ev);
			settle();
		}
		check_lost(calls[i].name, calls[i].why);
	}
}
END_TEST

/* LOST without RECV is only a hint while octets are waited for. */
START_TEST(a_lost_channel_is_read_for_its_reason)
{
	start_open(STS_WANT_RECV);
	sts_ready(&driver, NODE, STS_EV_LOST);
	settle();
	unit_int("lost", engine.lost, 0);
	unit_int("recvs", port.recvs, 0);
	unit_int("wanted", port.wanted, STS_EV_RECV);
	port.recv = STS_IO_RESET;
	sts_ready(&driver, NODE, STS_EV_LOST | STS_EV_RECV);
	settle();
	check_lost("lost", STS_IO_RESET);
}
END_TEST

/* After the end nothing can be received, so LOST ends the channel. */
START_TEST(a_channel_lost_after_its_end_is_closed)
{
	start_open(0);
	port.recv = STS_IO_EOF;
	wants(STS_WANT_RECV);
	sts_ready(&driver, NODE, STS_EV_RECV);
	settle();
	unit_int("why", engine.why, STS_IO_EOF);
	unit_int("closes", port.closes, 0);
	engine.lost = 0;
	sts_ready(&driver, NODE, STS_EV_LOST);
	settle();
	check_lost("lost", STS_IO_RESET);
}
END_TEST

/* WANT_CLOSE is carried out whether or not a channel is open; the port closes
 * one that was open. */
START_TEST(a_channel_is_closed_when_wanted)
{
	start();
	wants(STS_WANT_CLOSE);
	unit_int("lost", engine.lost, 1);
	unit_int("why", engine.why, STS_IO_CLOSED);
	unit_int("closes", port.closes, 0);
	start_open(STS_WANT_RECV);
	wants(STS_WANT_CLOSE);
	check_lost("open", STS_IO_CLOSED);
}
END_TEST

/* Let every worker want to compute `steps` times. */
static void
start_work(unsigned steps)
{
	for (unsigned i = 0; i < WORKERS; i++) {
		worker[i].left = steps;
		sts_agent_stir(&agent, (uint16_t)(NODE + 1 + i));
	}
	sts_driver_wake(&driver);
}

static unsigned
work_done(void)
{
	unsigned done = 0;

	for (unsigned i = 0; i < WORKERS; i++) {
		done += worker[i].done;
	}
	return done;
}

/* However many engines compute and however large the budget is, one pass does
 * one step, and each engine gets its turn. A client that becomes ready is
 * served before the next step. */
START_TEST(clients_are_served_between_steps)
{
	static const unsigned budgets[] = { 1, 2, 256 };

	for (size_t b = 0; b < UNIT_COUNT(budgets); b++) {
		start_open(0);
		start_work(10);
		while (work_done() == 0) {
			sts_run(&driver, now, WALL_S, budgets[b]);
		}
		for (unsigned i = 0; i < 8; i++) {
			unsigned before = work_done(), sends = port.sends;

			port.send = 10;
			engine.wants = STS_WANT_SEND;
			agent.nodes[NODE].ready |= STS_EV_SEND;
			sts_ready(&driver, NODE, STS_EV_SEND);
			while (port.sends == sends) {
				sts_run(&driver, now, WALL_S, budgets[b]);
			}
			unit_int("whether one step at most was done before the "
				 "client",
			    work_done() - before <= 1, true);
		}
		while (work_done() < WORKERS * 10) {
			unsigned before = work_done();

			sts_ms sleep = sts_run(&driver, now, WALL_S, 256);

			/* The last step sends nothing more. */
			unit_int("sleep",
			    sleep > 0 && work_done() < WORKERS * 10, false);
			unit_int("whether a pass did one step at most",
			    work_done() - before <= 1, 1);
			for (unsigned i = 1; i < WORKERS; i++) {
				unit_int("whether all are within one step",
				    worker[i].done + 1 >= worker[0].done &&
					worker[0].done + 1 >= worker[i].done,
				    true);
			}
		}
		unit_int(
		    "whether the driver sleeps in the end", settle() > 0, true);
	}
}
END_TEST

/* A client that is never done does not stop the engines that compute. */
START_TEST(a_busy_client_does_not_stop_computing)
{
	unsigned passes = 0;

	start_open(STS_WANT_RECV);
	start_work(2);
	port.recv = INT_MAX;
	sts_ready(&driver, NODE, STS_EV_RECV);
	while (work_done() < WORKERS * 2) {
		sts_run(&driver, now, WALL_S, 1);
		passes++;
		ck_assert_uint_le(passes, WORKERS * 2 * (STS_RUN_VISITS + 2));
	}
	unit_int("whether the client was served meanwhile",
	    port.recvs > STS_RUN_VISITS, true);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, clients_are_served_between_steps);
	tcase_add_test(tc, a_busy_client_does_not_stop_computing);
	tcase_add_test(tc, an_engine_is_served_while_its_channel_is_open);
	tcase_add_test(tc, a_failed_connect_has_a_reason);
	tcase_add_test(tc, calls_that_move_nothing_end_the_channel);
	tcase_add_test(tc, a_lost_channel_is_read_for_its_reason);
	tcase_add_test(tc, a_channel_lost_after_its_end_is_closed);
	tcase_add_test(tc, a_channel_is_closed_when_wanted);
}
