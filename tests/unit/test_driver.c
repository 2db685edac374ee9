/* SPDX-License-Identifier: MIT */
/*
 * The driver with a real, small agent over the port in memory: what the driver
 * asks of the port and how often, and that it always comes to rest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/cache/cache_private.h"
#include "../../core/driver.h"
#include "../../core/cache/payload.h"
#include "../mem/dnspeer.h"
#include "../mem/mem.h"
#include "unit.h"

const char unit_name[] = "driver";

enum {
	CLIENTS = 4,
	LOOKUPS = 4,
	WALL_S = 1750000000,
	ENTROPY_MS = 10, /* how soon a port without entropy is asked again */
	ROUNDS = 1000 /* more than any moment needs */
};

/* How often each function of the port was called. */
struct calls {
	unsigned dgram, stream, accept, recv, send, want, close;
};

static struct mem mem;
static struct sts_port port; /* counts its calls, and passes them to mem's */
static struct calls calls;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint64_t block[1 << 17];
static sts_ms now, begun;
static unsigned budget;
static sts_ch listener;
static bool
    send_fails; /* the port has not yet reported that the peer is gone */

static int
count_dgram(void *ctx, sts_ch ch, const struct sts_addr *peer, uint16_t local)
{
	calls.dgram++;
	return mem.port.dgram(ctx, ch, peer, local);
}

static int
count_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	calls.stream++;
	return mem.port.stream(ctx, ch, peer);
}

static int
count_accept(void *ctx, sts_ch from, sts_ch fresh)
{
	calls.accept++;
	return mem.port.accept(ctx, from, fresh);
}

static int
count_recv(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	calls.recv++;
	return mem.port.recv(ctx, ch, buf, size);
}

static int
count_send(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	calls.send++;
	if (send_fails) {
		return STS_IO_RESET;
	}
	return mem.port.send(ctx, ch, buf, len);
}

static void
count_want(void *ctx, sts_ch ch, unsigned ev)
{
	calls.want++;
	mem.port.want(ctx, ch, ev);
}

static void
count_close(void *ctx, sts_ch ch)
{
	calls.close++;
	mem.port.close(ctx, ch);
}

static void
count_calls(void)
{
	port = mem.port;
	port.dgram = count_dgram;
	port.stream = count_stream;
	port.accept = count_accept;
	port.recv = count_recv;
	port.send = count_send;
	port.want = count_want;
	port.close = count_close;
	memset(&calls, 0, sizeof calls);
}

static void
start_for(sts_ms at, uint16_t clients)
{
	static const uint8_t key[16] = { 1 };
	struct sts_config config = { .clients = clients,
		.lookups = LOOKUPS,
		.fetch_slots = 2,
		.asks = 2,
		.cache_size = 4096,
		.build_s = WALL_S };

	now = begun = at;
	budget = 256;
	mem_init(&mem, 1);
	count_calls();
	memset(&settings, 0, sizeof settings);
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	settings.policy_port = 443;
	servers.count = 1;
	servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	sts_zones_init(&zones, 12000, 30000);
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, block, now, key);
	sts_driver_init(&driver, &agent, &port, now);
	mem.driver = &driver;
	listener = sts_driver_listener(&driver, 0);
	mem_listen(&mem, listener);
	sts_listen(&driver, listener, STS_PROTOCOL_SOCKETMAP);
}

static void
start(sts_ms at)
{
	start_for(at, CLIENTS);
}

static sts_ms
run(void)
{
	return sts_run(&driver, now, WALL_S + (now - begun) / 1000, budget);
}

/* Run until the driver wants to sleep. Returns how long. It must come to
 * rest. */
static sts_ms
settle(void)
{
	for (unsigned i = 0; i < ROUNDS; i++) {
		sts_ms sleep = run();

		if (mem_deliver(&mem) == 0 && sleep > 0) {
			ck_assert_ptr_eq(mem.fault, NULL);
			return sleep;
		}
	}
	ck_abort_msg("the driver never comes to rest");
	return 0;
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

static void
stop(void)
{
	ck_assert_ptr_eq(mem.fault, NULL);
	mem_end(&mem);
}

static void
send_octets(struct mem_sock *s, const char *bytes)
{
	mem_send(&mem, s, bytes, strlen(bytes));
}

static struct mem_sock *
client(const char *bytes)
{
	struct mem_sock *s = mem_connect(&mem, listener);

	send_octets(s, bytes);
	return s;
}

/* Check what a client got, and drop it. */
static void
got(const char *name, struct mem_sock *s, const char *want)
{
	unit_text(name, sts_text(s->out.p, s->out.n), want);
	mem_drop(&s->out, s->out.n);
}

/* Hold an enforce policy whose refresh is planned so many seconds ahead. */
static sts_ref
hold(const char *domain, uint32_t refresh_in_s)
{
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_ENFORCE;
	e.mx_count = 1;
	e.max_age_s = 604800;
	e.fetched_s = e.checked_s = WALL_S;
	e.asked_day = WALL_S / 86400;
	e.check_s = WALL_S + 3600;
	e.refresh_s = refresh_in_s > 0 ? WALL_S + refresh_in_s : 0;
	ck_assert(sts_cache_stage(&agent.cache, &s, unit_span(domain)));
	ck_assert(sts_payload_begin(&agent.cache, &s, unit_span("1")));
	ck_assert(
	    sts_payload_add_mx(&agent.cache, &s, unit_span("mx.example.com")));
	unit_int(domain,
	    sts_cache_commit(
		&agent.cache, &s, &e, sts_now(WALL_S, false), &ref),
	    STS_ADMITTED);
	return ref;
}

/* Whether any record is pinned. */
static bool
pinned(void)
{
	const struct sts_cache *c = &agent.cache;

	ck_assert(sts_cache_check(c));
	for (unsigned i = 0; i < STS_CACHE_LISTS; i++) {
		for (sts_ref ref = c->list[i].head; ref != 0;
		     ref = sts_head_get32(c, ref, STS_HEAD_AFTER)) {
			if (sts_head_pins(c, ref) > 0) {
				return true;
			}
		}
	}
	return false;
}

static const char ask_held[] = "19:postfix example.com,";
static const char ok_held[] =
    "50:OK secure match=mx.example.com servername=hostname,";
static const char ask_net[] = "19:postfix example.net,";
static const char not_found[] = "9:NOTFOUND ,";

/* The datagram socket on which a query waits for its answer, or NULL. */
static struct mem_sock *
asked(void)
{
	for (unsigned i = 0; i < mem.sock_high; i++) {
		struct mem_sock *s = &mem.sock[i];

		if (s->kind == MEM_DGRAM && s->ch >= 0 && s->out.n > 0) {
			return s;
		}
	}
	return NULL;
}

/* Send requests for example.com and .x in turn, as many as fit n octets.
 * Returns how many. */
static unsigned
send_many(struct mem_sock *s, size_t n)
{
	static const char *const one[] = { ask_held, "10:postfix .x," };
	unsigned count = 0;

	for (size_t len = 0; len + 21 <= n; count++) {
		send_octets(s, one[count % 2]);
		len += strlen(one[count % 2]);
	}
	return count;
}

/* Take the answers to send_many: each is whole, and in order from request
 * `from` on. Returns how many. */
static unsigned
take_many(struct mem_sock *s, unsigned from)
{
	unsigned count = 0;

	for (;; count++) {
		const char *want =
		    (from + count) % 2 == 0 ? ok_held : "9:NOTFOUND ,";
		size_t n = strlen(want);

		if (s->out.n < n) {
			break;
		}
		ck_assert_mem_eq(s->out.p, want, n);
		mem_drop(&s->out, n);
	}
	return count;
}

/* Answer the oldest query with this rcode and no record. */
static void
answer_dns(unsigned rcode)
{
	static struct dnspeer_answer a;
	struct mem_sock *s = asked();
	struct dnspeer_question q;
	const uint8_t *p = NULL;
	size_t n;

	ck_assert_ptr_ne(s, NULL);
	n = mem_datagram(s, &p);
	ck_assert_ptr_eq(dnspeer_read(&q, p, n), NULL);
	mem_datagram_drop(s);
	dnspeer_begin(&a, &q, rcode, false, false);
	mem_send(&mem, s, a.p, a.n);
}

/* 16 questions come in one segment: what fits the input is one receive, its
 * answers are one send, and no receive brings nothing. */
START_TEST(requests_that_came_together_are_one_send)
{
	struct mem_sock *c;
	unsigned count;

	start(1000);
	settle();
	hold("example.com", 0);
	c = client("");
	settle();
	memset(&calls, 0, sizeof calls);
	count = send_many(c, 400);
	settle();
	ck_assert_uint_ge(count, 16);
	unit_int("answers", take_many(c, 0), count);
	unit_int("recv", calls.recv, 1);
	unit_int("send", calls.send, 1);
	unit_int("other calls",
	    calls.want + calls.dgram + calls.stream + calls.close, 0);
	stop();
}
END_TEST

/*
 * One client has 64 KB of questions waiting and sends more; another client has
 * one. That one is answered in its turn: once the driver has visited both,
 * during which the first client gets the answers of three inputs at most.
 */
START_TEST(one_question_is_answered_beside_very_many)
{
	struct mem_sock *many, *one;
	unsigned count, done;

	start(1000);
	settle();
	hold("example.com", 0);
	many = client("");
	one = client("");
	settle();
	count = send_many(many, 65536);
	send_octets(one, ask_held);
	mem_deliver(&mem);
	for (unsigned i = 0; i < 5; i++) {
		budget = 2;
		(void)run();
		got("one", one, ok_held);
		send_octets(one, ask_held);
		mem_deliver(&mem);
	}
	unit_int("whether the first client has answers", many->out.n > 0, true);
	done = take_many(many, 0);
	ck_assert_uint_le(done, 5 * 3 * STS_CLIENT_INPUT / 14);
	budget = 256;
	settle();
	while (done < count) {
		unsigned more = take_many(many, done);

		ck_assert_uint_gt(more, 0);
		done += more;
		settle();
	}
	unit_int("answers in order, each once", done, count);
	stop();
}
END_TEST

/* A client that asks and never reads fills its input and its socket, delays no
 * other client's answer, and is closed in the end. */
START_TEST(a_client_that_never_reads_delays_no_other)
{
	struct mem_sock *many, *one;

	start(1000);
	settle();
	hold("example.com", 0);
	mem.space = 100;
	many = client("");
	mem.space = 65536;
	one = client("");
	settle();
	(void)send_many(many, 65536);
	for (unsigned i = 0; i < 3; i++) {
		send_octets(one, ask_held);
		settle();
		got("one", one, ok_held);
	}
	ck_assert_uint_le(many->out.n, 100);
	ck_assert_uint_le(many->received, 3 * STS_CLIENT_INPUT);
	unit_int("records pinned", pinned() > 0, true);
	memset(&calls, 0, sizeof calls);
	pass(4000);
	unit_int("calls while it does not read", calls.recv + calls.send, 0);
	pass(2000);
	ck_assert(many->core_gone);
	unit_int("records pinned at the end", pinned(), 0);
	stop();
}
END_TEST

START_TEST(a_held_answer_costs_one_recv_and_one_send)
{
	struct mem_sock *c;

	start(1000);
	settle();
	hold("example.com", 0);
	c = client("");
	settle();
	for (unsigned i = 0; i < 3; i++) {
		memset(&calls, 0, sizeof calls);
		send_octets(c, ask_held);
		settle();
		got("cached", c, ok_held);
		unit_int("recv", calls.recv, 1);
		unit_int("send", calls.send, 1);
		unit_int("want", calls.want, 0);
		unit_int("other calls",
		    calls.dgram + calls.stream + calls.accept + calls.close, 0);
	}
	stop();
}
END_TEST

START_TEST(clients_over_the_limit_wait)
{
	struct mem_sock *c[CLIENTS + 1];

	start(1000);
	hold("example.com", 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		c[i] = client(ask_held);
	}
	settle();
	unit_int("wants, to pause", calls.want, 1);
	c[CLIENTS] = client(ask_held);
	settle();
	unit_int("wants, to pause", calls.want, 1);
	unit_int("state of the client over the limit", c[CLIENTS]->state,
	    MEM_WAITING);
	/* The agent looks for room now and then, and nothing else happens. */
	memset(&calls, 0, sizeof calls);
	pass(STS_CLIENT_YIELD_MS - 100);
	ck_assert_uint_le(calls.want, 6);
	unit_int("calls of clients", calls.recv + calls.send + calls.close, 0);
	mem_fail(&mem, c[1], STS_IO_RESET);
	settle();
	got("after a place is free", c[CLIENTS], ok_held);
	stop();
}
END_TEST

/* An idle client makes room while others wait: one client, not all of them. */
START_TEST(one_idle_client_makes_room)
{
	struct mem_sock *c[CLIENTS + 1];

	start(1000);
	hold("example.com", 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		c[i] = client(ask_held);
		settle();
		got("served", c[i], ok_held);
	}
	c[CLIENTS] = client(ask_held);
	memset(&calls, 0, sizeof calls);
	pass(STS_CLIENT_YIELD_MS + 1000);
	got("has a place", c[CLIENTS], ok_held);
	pass(10000);
	ck_assert_uint_ge(calls.close, 1);
	ck_assert_uint_le(calls.close, 2);
	unit_int("clients open", agent.client.open, CLIENTS + 1 - calls.close);
	unit_int("clients in the idle list", agent.client.idle.count,
	    agent.client.open);
	stop();
}
END_TEST

START_TEST(a_client_without_descriptor_is_taken_later)
{
	struct mem_sock *c;

	start(1000);
	hold("example.com", 0);
	settle();
	mem.channels_max = 0;
	c = client(ask_held);
	pass(5000);
	unit_int("state of the client", c->state, MEM_WAITING);
	ck_assert_uint_le(calls.accept, 7);
	mem.channels_max = 9;
	pass(1100);
	got("tried again after a second", c, ok_held);
	stop();
}
END_TEST

START_TEST(nothing_runs_without_entropy)
{
	struct mem_sock *c;

	start(1000);
	mem.entropy_dry = 50;
	c = client(ask_net);
	for (unsigned i = 0; i < 50; i++) {
		mem_deliver(&mem);
		unit_int("sleep without entropy", run(), ENTROPY_MS);
		now += ENTROPY_MS;
	}
	unit_int(
	    "calls without entropy", calls.recv + calls.dgram + calls.send, 0);
	settle();
	answer_dns(3);
	settle();
	got("once there is entropy", c, not_found);
	stop();
}
END_TEST

/* An answer of the step may be read right after it; the log must then have the
 * events of the step. */
START_TEST(events_are_passed_on_without_entropy)
{
	unsigned before;

	start(1000);
	mem.entropy_dry = 50;
	client(ask_net);
	mem_deliver(&mem);
	sts_agent_log(&agent, STS_EVENT_AUDIT, STS_WHY_NONE,
	    sts_text((const uint8_t *)"example.net", 11));
	before = mem.event_count;
	unit_int("sleep without entropy", run(), ENTROPY_MS);
	unit_int("events logged", mem.event_count - before, 1);
	stop();
}
END_TEST

START_TEST(a_refresh_waits_for_entropy)
{
	start(1000);
	settle();
	hold("example.com", 1);
	sts_random_take(
	    &agent.random, (uint8_t[STS_RANDOM_POOL]){ 0 }, agent.random.left);
	mem.entropy_dry = 100;
	while (mem.entropy_dry > 0) {
		now += run();
	}
	unit_int("queries without entropy", calls.dgram, 0);
	pass(20000);
	ck_assert_uint_gt(calls.dgram, 0);
	stop();
}
END_TEST

/* Make this many lookups busy, with a silent name server. */
static void
fill_lookups(unsigned count)
{
	static const char *const asks[LOOKUPS] = { "17:postfix a.example,",
		"17:postfix b.example,", "17:postfix c.example,",
		"17:postfix d.example," };

	for (unsigned i = 0; i < count; i++) {
		send_octets(client(""), asks[i]);
	}
	settle();
	unit_int("lookups busy", agent.lookups_busy, count);
}

START_TEST(a_refresh_starts_after_a_flood)
{
	struct sts_entry e;
	sts_ref ref;

	start(1000);
	settle();
	fill_lookups(LOOKUPS);
	ref = hold("example.com", 1);
	pass(15000);
	unit_int("lookups busy", agent.lookups_busy, LOOKUPS);
	sts_cache_get(&agent.cache, ref, &e);
	ck_assert_uint_le(e.refresh_s, WALL_S + 1);
	pass(20000);
	sts_cache_get(&agent.cache, ref, &e);
	ck_assert_uint_gt(e.refresh_s, WALL_S + 1);
	stop();
}
END_TEST

START_TEST(spurious_events_change_nothing)
{
	struct mem_sock *c;

	start(1000);
	hold("example.com", 0);
	c = client(ask_held);
	settle();
	got("held", c, ok_held);
	send_octets(c, ask_net);
	settle();
	for (unsigned ch = 1; ch < driver.node_count; ch++) {
		sts_ready(&driver, (sts_ch)ch, STS_EV_RECV | STS_EV_SEND);
	}
	for (unsigned i = 0; i < STS_LISTENERS_MAX; i++) {
		sts_ready(
		    &driver, sts_driver_listener(&driver, i), STS_EV_RECV);
	}
	settle();
	unit_int("channels open", mem_open_count(&mem), 2);
	answer_dns(3);
	settle();
	got("answered once", c, not_found);
	stop();
}
END_TEST

START_TEST(a_closed_listener_is_not_ready)
{
	start(1000);
	settle();
	sts_unlisten(&driver, listener);
	mem_unlisten(&mem, listener);
	sts_ready(&driver, listener, STS_EV_RECV);
	ck_assert_uint_gt(settle(), 0);
	stop();
}
END_TEST

/* What a child has brought may be work for the root, which already had its
 * tick: a question that waits for a lookup goes on when one is free, without
 * any time passing. */
START_TEST(a_question_goes_on_when_a_lookup_ends)
{
	unsigned asked_before = 0;

	start_for(1000, LOOKUPS + 1);
	settle();
	for (unsigned i = 0; i <= LOOKUPS && agent.asks.count == 0; i++) {
		char text[32];

		snprintf(text, sizeof text, "18:postfix d%u.example,", i);
		client(text);
		settle();
		asked_before = calls.dgram;
	}
	unit_int("questions that wait", agent.asks.count, 1);
	answer_dns(3);
	settle();
	unit_int("questions that wait, after a lookup has ended",
	    agent.asks.count, 0);
	ck_assert_uint_gt(calls.dgram, asked_before);
	stop();
}
END_TEST

START_TEST(a_client_lost_while_it_waits_is_freed)
{
	struct mem_sock *c;

	start(1000);
	c = client(ask_net);
	settle();
	unit_int("clients open", agent.client.open, 1);
	mem_fail(&mem, c, STS_IO_RESET);
	settle();
	unit_int("clients open after the reset", agent.client.open, 0);
	answer_dns(3);
	settle();
	unit_int("channels open", mem_open_count(&mem), 0);
	unit_int("lookups busy", agent.lookups_busy, 0);
	stop();
}
END_TEST

START_TEST(a_half_closed_client_gets_its_answer)
{
	struct mem_sock *c;

	start(1000);
	c = client(ask_net);
	mem_half_close(c);
	settle();
	unit_int("clients open", agent.client.open, 1);
	memset(&calls, 0, sizeof calls);
	pass(1000);
	unit_int("calls for it while it waits", calls.want + calls.recv, 0);
	answer_dns(3);
	settle();
	got("answered", c, not_found);
	ck_assert(c->core_gone);
	unit_int("clients open after the answer", agent.client.open, 0);
	stop();
}
END_TEST

START_TEST(an_answer_may_be_sent_in_pieces)
{
	struct mem_sock *c;
	static struct mem_bytes all;

	start(1000);
	mem.space = 5;
	hold("example.com", 0);
	c = client(ask_held);
	for (unsigned i = 0; i < 20; i++) {
		settle();
		mem_put(&all, c->out.p, c->out.n);
		mem_drop(&c->out, c->out.n);
	}
	unit_text("in pieces", sts_text(all.p, all.n), ok_held);
	unit_int("whether it took ten pieces", calls.send >= 10, 1);
	free(all.p);
	stop();
}
END_TEST

START_TEST(a_client_that_reads_nothing_is_closed)
{
	struct mem_sock *c;

	start(1000);
	mem.space = 5;
	hold("example.com", 0);
	c = client(ask_held);
	pass(4999);
	unit_int("clients open before 5 s", agent.client.open, 1);
	pass(1);
	unit_int("clients open after 5 s", agent.client.open, 0);
	ck_assert(c->core_gone);
	unit_int("records pinned", pinned(), 0);
	stop();
}
END_TEST

/* The sleep is exact: nothing happens before it ends, and something happens
 * then. */
START_TEST(sleeps_end_at_the_next_deadline)
{
	static const sts_ms starts[] = { 1000, 0u - 2000u, 0x7ffffff0u };

	for (unsigned k = 0; k < UNIT_COUNT(starts); k++) {
		unsigned long moves;

		start(starts[k]);
		client(ask_net);
		settle();
		moves = mem.moves;
		now += 1499;
		ck_assert_uint_eq(settle(), 1);
		ck_assert_uint_eq(mem.moves, moves);
		now += 1; /* the first try is out of time: dns/upstream.c */
		settle();
		ck_assert_uint_gt(mem.moves, moves);
		stop();
	}
}
END_TEST

START_TEST(the_budget_changes_no_outcome)
{
	static const unsigned budgets[] = { 1, 2, 256 };
	unsigned long moves[UNIT_COUNT(budgets)];

	for (unsigned k = 0; k < UNIT_COUNT(budgets); k++) {
		struct mem_sock *c[3];

		start(1000);
		budget = budgets[k];
		hold("example.com", 0);
		c[0] = client(ask_held);
		c[1] = client(ask_net);
		c[2] = client("19:postfix example.com,19:postfix example.net,"
			      "19:postfix example.com,");
		settle();
		pass(2000);
		answer_dns(3);
		settle();
		got("held", c[0], ok_held);
		got("asked", c[1], not_found);
		got("pipelined", c[2],
		    "50:OK secure match=mx.example.com servername=hostname,"
		    "9:NOTFOUND ,"
		    "50:OK secure match=mx.example.com servername=hostname,");
		moves[k] = mem.moves;
		ck_assert_uint_eq(moves[k], moves[0]);
		stop();
	}
}
END_TEST

START_TEST(draining_answers_what_is_in_flight)
{
	struct mem_sock *idle, *waits;

	start(1000);
	idle = client("");
	waits = client(ask_net);
	settle();
	sts_agent_drain(&agent);
	sts_driver_wake(&driver);
	settle();
	ck_assert(idle->core_gone);
	ck_assert(!sts_agent_idle(&agent));
	(void)client(ask_net); /* no client is taken any more */
	settle();
	answer_dns(3);
	settle();
	got("in flight", waits, not_found);
	ck_assert(waits->core_gone);
	ck_assert(sts_agent_idle(&agent));
	stop();
}
END_TEST

START_TEST(settings_are_used_until_the_work_is_done)
{
	static struct sts_settings other;
	struct mem_sock *c;

	start(1000);
	c = client(ask_net);
	settle();
	other = settings;
	sts_agent_settings(&agent, &other);
	ck_assert(sts_agent_settings_used(&agent, &settings));
	ck_assert(sts_agent_settings_used(&agent, &other));
	pass(1000);
	ck_assert(sts_agent_settings_used(&agent, &settings));
	answer_dns(3);
	settle();
	got("under the old settings", c, not_found);
	ck_assert(!sts_agent_settings_used(&agent, &settings));
	stop();
}
END_TEST

/* Begin a question, and let the agent look at it. */
static int
ask_by_the_c_api(const char *key)
{
	int slot = sts_ask_begin(&agent, sts_text(NULL, 0), unit_span(key));

	ck_assert_int_ge(slot, 0);
	sts_driver_wake(&driver);
	settle();
	return slot;
}

START_TEST(a_question_by_the_c_api_is_answered)
{
	int slot;

	start(1000);
	settle();
	hold("example.com", 0);
	slot = ask_by_the_c_api("example.com");
	unit_int(
	    "answer", sts_ask_answer(&agent, slot)->kind, STS_ANSWER_POLICY);
	sts_ask_end(&agent, slot);
	unit_int("records pinned", pinned(), 0);
	stop();
}
END_TEST

/* After sts_ask_end the bytes of the key are the caller's again. */
START_TEST(a_question_may_end_before_it_is_looked_at)
{
	int slot;

	start(1000);
	settle();
	slot =
	    sts_ask_begin(&agent, sts_text(NULL, 0), unit_span("example.net"));
	sts_ask_end(&agent, slot);
	sts_driver_wake(&driver);
	settle();
	unit_int("queries", calls.dgram, 0);
	unit_int("lookups busy", agent.lookups_busy, 0);
	stop();
}
END_TEST

START_TEST(a_question_may_end_while_it_waits)
{
	int slot;

	start(1000);
	slot = ask_by_the_c_api("example.net");
	unit_int("queries", calls.dgram, 1);
	sts_ask_end(&agent, slot);
	answer_dns(3);
	settle();
	unit_int("lookups busy", agent.lookups_busy, 0);
	stop();
}
END_TEST

static unsigned
count_events(enum sts_event_code code)
{
	unsigned n = 0;

	for (unsigned i = 0; i < mem.event_count; i++) {
		n += mem.event[i].code == code;
	}
	return n;
}

START_TEST(a_full_house_is_logged_again_after_weeks)
{
	start(1000);
	for (unsigned i = 0; i < 2; i++) {
		mem_fail(&mem, client(""), STS_IO_RESET);
		for (unsigned k = 0; k <= CLIENTS; k++) {
			client("");
		}
		settle();
		unit_int("events logged", count_events(STS_EVENT_CLIENTS_FULL),
		    i + 1);
		for (unsigned k = 0; k < mem.sock_high; k++) {
			if (mem.sock[k].kind == MEM_CLIENT) {
				mem_fail(&mem, &mem.sock[k], STS_IO_RESET);
				mem_release(&mem, &mem.sock[k]);
			}
		}
		pass(30u * 86400 * 1000); /* more than sts_ms can compare */
	}
	stop();
}
END_TEST

/* More clients come at once than are taken in one pass. */
START_TEST(many_clients_at_once_are_all_served)
{
	enum {
		MANY = 40
	};
	struct mem_sock *c[MANY];

	start_for(1000, MANY);
	hold("example.com", 0);
	for (unsigned i = 0; i < MANY; i++) {
		c[i] = client(ask_held);
	}
	mem_deliver(&mem);
	unit_int("sleep, with more to do", run(), 0);
	settle();
	for (unsigned i = 0; i < MANY; i++) {
		got("each client", c[i], ok_held);
	}
	stop();
}
END_TEST

START_TEST(a_client_lost_while_it_is_answered_is_freed)
{
	struct mem_sock *c;

	start(1000);
	hold("example.com", 0);
	c = client("");
	settle();
	send_fails = true;
	send_octets(c, ask_held);
	settle();
	send_fails = false;
	got("after the loss", c, "");
	ck_assert(c->core_gone);
	unit_int("clients open", agent.client.open, 0);
	unit_int("records pinned", pinned(), 0);
	stop();
}
END_TEST

START_TEST(lines_are_answered_by_the_text_protocol)
{
	struct mem_sock *c;

	start(1000);
	sts_unlisten(&driver, listener);
	sts_listen(&driver, listener, STS_PROTOCOL_TEXT);
	hold("example.com", 0);
	c = client("hosts example.com\n");
	settle();
	got("hosts", c, "mx.example.com");
	ck_assert(c->core_gone);
	c = client("mode example.com"); /* its end ends the line */
	mem_half_close(c);
	settle();
	got("mode", c, "enforce");
	c = client(ask_held);
	settle();
	got("before the end of the line", c, "");
	mem_half_close(c);
	settle();
	got("not a line", c, "temp");
	c = client("mode example.net\n");
	settle();
	mem_half_close(c); /* the client waits for its answer */
	settle();
	got("waits", c, "");
	answer_dns(3);
	settle();
	got("answered", c, "none");
	ck_assert(c->core_gone);
	stop();
}
END_TEST

/* A client breaks its connection at the moment its answer comes: the agent
 * answers a client that is gone, and keeps nothing of it. */
START_TEST(a_client_lost_as_its_answer_comes_is_freed)
{
	struct mem_sock *c;

	start(1000);
	c = client(ask_net);
	settle();
	unit_int("clients open", agent.client.open, 1);
	hold("example.net", 0); /* so that the answer has a record */
	mem_fail(&mem, c, STS_IO_RESET);
	answer_dns(3);
	mem_deliver(&mem); /* both events; the client's comes first */
	settle();
	unit_int("clients open after the reset", agent.client.open, 0);
	unit_int("records pinned", pinned(), 0);
	unit_int("lookups busy", agent.lookups_busy, 0);
	unit_int("channels open", mem_open_count(&mem), 0);
	stop();
}
END_TEST

/* Two listeners and room for one client: only the listener at which a client
 * came pauses, and an event that is reported for it all the same has no
 * effect. */
START_TEST(one_of_two_listeners_pauses)
{
	struct mem_sock *c;
	sts_ch other;

	start_for(1000, 1);
	other = sts_driver_listener(&driver, 1);
	mem_listen(&mem, other);
	sts_listen(&driver, other, STS_PROTOCOL_SOCKETMAP);
	hold("example.com", 0);
	settle();
	c = client(ask_held);
	sts_ready(&driver, listener, STS_EV_RECV);
	run();
	ck_assert(driver.listener[0].paused);
	ck_assert(!driver.listener[1].paused);
	memset(&calls, 0, sizeof calls);
	sts_ready(&driver, listener, STS_EV_RECV);
	ck_assert_uint_gt(settle(), 0);
	unit_int("accepts while paused", calls.accept, 0);
	got("answered", c, ok_held);
	mem_fail(&mem, c, STS_IO_RESET);
	settle();
	ck_assert(!driver.listener[0].paused);
	unit_int("wants, to resume", calls.want, 1);
	c = client(ask_held);
	settle();
	got("the next", c, ok_held);
	stop();
}
END_TEST

/* A client that uses newer settings does not keep older ones in use. */
START_TEST(an_answer_keeps_only_its_own_settings_in_use)
{
	static struct sts_settings second, third;

	start(1000);
	second = third = settings;
	mem.space = 5;
	hold("example.com", 0);
	sts_agent_settings(&agent, &second);
	(void)client(ask_held);
	settle();
	ck_assert(!sts_agent_settings_used(&agent, &settings));
	sts_agent_settings(&agent, &third);
	ck_assert(!sts_agent_settings_used(&agent, &settings));
	ck_assert(sts_agent_settings_used(&agent, &second));
	stop();
}
END_TEST

/*
 * A question in a queue is due at the very moment a lookup becomes free: the
 * agent's tick answers it before its owner notices that it is due.
 */
START_TEST(a_question_may_be_answered_when_it_is_due)
{
	int slot;

	start_for(1000, 2 * LOOKUPS);
	for (unsigned i = 0; i < 2 * LOOKUPS; i++) {
		char request[] = "19:postfix example0net,";

		request[18] = (char)('0' + i);
		request[19] = '.';
		(void)client(request);
		settle();
	}
	pass(7); /* so that nothing else is due at the same moment */
	slot = ask_by_the_c_api("example.com");
	/* The first four have gone on, and the others have their lookups
	 * now. */
	pass(29999);
	unit_int("answer before it is due", sts_ask_answer(&agent, slot)->kind,
	    STS_ANSWER_NONE);
	unit_int("lookups busy", agent.lookups_busy, LOOKUPS);
	unit_int("questions in the queue", agent.asks.count, 1);
	hold("example.com", 0);
	now++;
	answer_dns(3);
	mem_deliver(&mem);
	settle();
	unit_int(
	    "answer", sts_ask_answer(&agent, slot)->kind, STS_ANSWER_POLICY);
	sts_ask_end(&agent, slot);
	unit_int("records pinned", pinned(), 0);
	stop();
}
END_TEST

/* An answer uses its zone until it is handed over. */
START_TEST(settings_are_used_until_the_answer_is_taken)
{
	static struct sts_settings other;
	struct mem_sock *c;
	int slot;

	start(1000);
	other = settings;
	mem.space = 5;
	hold("example.com", 0);
	c = client(ask_held);
	slot = ask_by_the_c_api("example.com");
	sts_agent_settings(&agent, &other);
	ck_assert(sts_agent_settings_used(&agent, &settings));
	sts_ask_end(&agent, slot);
	ck_assert(sts_agent_settings_used(&agent, &settings));
	while (sts_client_busy(&agent.clients[0]) && c->out.n > 0) {
		mem_drop(&c->out, c->out.n);
		settle();
	}
	ck_assert(!sts_agent_settings_used(&agent, &settings));
	sts_agent_settings(&agent, &settings);
	slot = ask_by_the_c_api("example.com");
	sts_agent_settings(&agent, &other);
	ck_assert(sts_agent_settings_used(&agent, &settings));
	sts_ask_end(&agent, slot);
	ck_assert(!sts_agent_settings_used(&agent, &settings));
	stop();
}
END_TEST

START_TEST(an_answer_may_be_rendered_in_pieces)
{
	uint8_t piece[7];
	char all[100];
	size_t off = 0, n;
	int slot;

	start(1000);
	hold("example.com", 0);
	slot = ask_by_the_c_api("example.com");
	while ((n = sts_ask_render(
		    &agent, slot, off, sts_span(piece, sizeof piece))) > 0) {
		ck_assert_uint_le(off + n, sizeof all);
		memcpy(all + off, piece, n);
		off += n;
	}
	unit_text("whole", sts_text((uint8_t *)all, off),
	    "OK secure match=mx.example.com servername=hostname");
	unit_int("octets beyond its end",
	    (long long)sts_ask_render(
		&agent, slot, off + 1, sts_span(piece, sizeof piece)),
	    0);
	sts_ask_end(&agent, slot);
	stop();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, requests_that_came_together_are_one_send);
	tcase_add_test(tc, one_question_is_answered_beside_very_many);
	tcase_add_test(tc, a_client_that_never_reads_delays_no_other);
	tcase_add_test(tc, a_held_answer_costs_one_recv_and_one_send);
	tcase_add_test(tc, clients_over_the_limit_wait);
	tcase_add_test(tc, one_idle_client_makes_room);
	tcase_add_test(tc, a_client_without_descriptor_is_taken_later);
	tcase_add_test(tc, nothing_runs_without_entropy);
	tcase_add_test(tc, events_are_passed_on_without_entropy);
	tcase_add_test(tc, a_refresh_waits_for_entropy);
	tcase_add_test(tc, a_refresh_starts_after_a_flood);
	tcase_add_test(tc, spurious_events_change_nothing);
	tcase_add_test(tc, a_closed_listener_is_not_ready);
	tcase_add_test(tc, a_client_lost_while_it_waits_is_freed);
	tcase_add_test(tc, a_question_goes_on_when_a_lookup_ends);
	tcase_add_test(tc, a_half_closed_client_gets_its_answer);
	tcase_add_test(tc, an_answer_may_be_sent_in_pieces);
	tcase_add_test(tc, a_client_that_reads_nothing_is_closed);
	tcase_add_test(tc, sleeps_end_at_the_next_deadline);
	tcase_add_test(tc, the_budget_changes_no_outcome);
	tcase_add_test(tc, draining_answers_what_is_in_flight);
	tcase_add_test(tc, settings_are_used_until_the_work_is_done);
	tcase_add_test(tc, a_question_by_the_c_api_is_answered);
	tcase_add_test(tc, a_question_may_end_before_it_is_looked_at);
	tcase_add_test(tc, a_question_may_end_while_it_waits);
	tcase_add_test(tc, a_full_house_is_logged_again_after_weeks);
	tcase_add_test(tc, many_clients_at_once_are_all_served);
	tcase_add_test(tc, a_client_lost_while_it_is_answered_is_freed);
	tcase_add_test(tc, lines_are_answered_by_the_text_protocol);
	tcase_add_test(tc, settings_are_used_until_the_answer_is_taken);
	tcase_add_test(tc, a_client_lost_as_its_answer_comes_is_freed);
	tcase_add_test(tc, one_of_two_listeners_pauses);
	tcase_add_test(tc, an_answer_keeps_only_its_own_settings_in_use);
	tcase_add_test(tc, a_question_may_be_answered_when_it_is_due);
	tcase_add_test(tc, an_answer_may_be_rendered_in_pieces);
}
