/* SPDX-License-Identifier: MIT */
/*
 * The driver with a real, small agent over the in-memory port: what it asks of
 * the port and how often, and that it always comes to rest.
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
	ENTROPY_MS = 10, /* how often a starved port is asked */
	ROUNDS = 1000 /* more than any moment needs */
};

/* How often each call of the port was made. */
struct calls {
	unsigned dgram, stream, accept, recv, send, want, close;
};

static struct mem mem;
static struct sts_port port; /* counts, and calls mem's */
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
    send_fails; /* the port has not reported yet that the peer is gone */

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
	struct sts_config config = { clients, LOOKUPS, 2, 2, 4096, WALL_S, 0, 0,
		0, 0, false, 0 };

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
	ck_abort_msg("it spins");
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

/* What a client got, and forget it. */
static void
got(const char *name, struct mem_sock *s, const char *want)
{
	unit_text(name, sts_text(s->out.p, s->out.n), want);
	mem_drop(&s->out, s->out.n);
}

/* An enforce policy is held; its refresh is planned so many seconds ahead. */
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

/* The datagram socket that waits for an answer, or NULL. */
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

/* Requests for example.com and .x by turns, as many as fit n octets. */
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

/* Take the answers to send_many: whole, in order, from number `from` on.
 * Returns how many. */
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

/* Answer the oldest question with this rcode and no record. */
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

/* 16 questions in one segment: what fits the input is one receive, its answers
 * one send, and there is no receive that brings nothing. */
START_TEST(what_came_together_is_answered_together)
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
	unit_int(
	    "others", calls.want + calls.dgram + calls.stream + calls.close, 0);
	stop();
}
END_TEST

/*
 * One client has 64 KB of questions there, and asks on; another has one. It is
 * answered in its turn: when the driver has visited both once, for which the
 * first has the answers of three inputs at most.
 */
START_TEST(one_question_beside_very_many)
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
	unit_int("all at once", many->out.n > 0, true);
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
	unit_int("in order, each once", done, count);
	stop();
}
END_TEST

/* A client that asks and never reads: it fills its input and its socket, costs
 * no other client an answer, and is closed in the end. */
START_TEST(very_many_and_never_reads)
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
	unit_int("pins", pinned() > 0, true);
	memset(&calls, 0, sizeof calls);
	pass(4000);
	unit_int("nothing is tried", calls.recv + calls.send, 0);
	pass(2000);
	ck_assert(many->core_gone);
	unit_int("pins", pinned(), 0);
	stop();
}
END_TEST

START_TEST(cached_answer_costs_one_recv_and_one_send)
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
		unit_int("others",
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
	unit_int("paused once", calls.want, 1);
	c[CLIENTS] = client(ask_held);
	settle();
	unit_int("paused once", calls.want, 1);
	unit_int("waits", c[CLIENTS]->state, MEM_WAITING);
	/* It is tried again now and then, and nothing else happens. */
	memset(&calls, 0, sizeof calls);
	pass(STS_CLIENT_YIELD_MS - 100);
	ck_assert_uint_le(calls.want, 6);
	unit_int("no call", calls.recv + calls.send + calls.close, 0);
	mem_fail(&mem, c[1], STS_IO_RESET);
	settle();
	got("resumed", c[CLIENTS], ok_held);
	stop();
}
END_TEST

/* A silent client makes room while others wait; one, not all of them. */
START_TEST(idle_client_makes_room)
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
	unit_int("open", agent.client.open, CLIENTS + 1 - calls.close);
	unit_int("listed", agent.client.idle.count, agent.client.open);
	stop();
}
END_TEST

START_TEST(no_descriptor_for_a_client)
{
	struct mem_sock *c;

	start(1000);
	hold("example.com", 0);
	settle();
	mem.channels_max = 0;
	c = client(ask_held);
	pass(5000);
	unit_int("waits", c->state, MEM_WAITING);
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
		unit_int("asked again soon", run(), ENTROPY_MS);
		now += ENTROPY_MS;
	}
	unit_int("nothing", calls.recv + calls.dgram + calls.send, 0);
	settle();
	answer_dns(3);
	settle();
	got("all went on", c, not_found);
	stop();
}
END_TEST

/* An answer of the step may be read right after it, and whoever reads the log
 * beside the answer finds its events there. */
START_TEST(events_of_a_step_without_entropy)
{
	unsigned before;

	start(1000);
	mem.entropy_dry = 50;
	client(ask_net);
	mem_deliver(&mem);
	sts_agent_tell(&agent, STS_EVENT_AUDIT, STS_WHY_NONE,
	    sts_text((const uint8_t *)"example.net", 11));
	before = mem.event_count;
	unit_int("asked again soon", run(), ENTROPY_MS);
	unit_int("logged", mem.event_count - before, 1);
	stop();
}
END_TEST

START_TEST(due_refresh_without_entropy)
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
	unit_int("no question", calls.dgram, 0);
	pass(20000);
	ck_assert_uint_gt(calls.dgram, 0);
	stop();
}
END_TEST

/* What every lookup slot is busy with: a silent name server. */
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
	unit_int("busy", agent.lookups_busy, count);
}

START_TEST(refresh_outlives_a_flood)
{
	struct sts_entry e;
	sts_ref ref;

	start(1000);
	settle();
	fill_lookups(LOOKUPS);
	ref = hold("example.com", 1);
	pass(15000);
	unit_int("not begun", agent.lookups_busy, LOOKUPS);
	sts_cache_get(&agent.cache, ref, &e);
	ck_assert_uint_le(e.refresh_s, WALL_S + 1);
	pass(20000);
	sts_cache_get(&agent.cache, ref, &e);
	ck_assert_uint_gt(e.refresh_s, WALL_S + 1);
	stop();
}
END_TEST

START_TEST(spurious_events)
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
	unit_int("the question goes on", mem_open_count(&mem), 2);
	answer_dns(3);
	settle();
	got("answered once", c, not_found);
	stop();
}
END_TEST

START_TEST(closed_listener_is_not_ready)
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

/* What a child brought may be work for the root, which has had its tick by
 * then: a question that waits for a lookup goes on when one is free, without
 * any time that passes. */
START_TEST(question_goes_on_when_a_lookup_ends)
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
	unit_int("one waits", agent.asks.count, 1);
	answer_dns(3);
	settle();
	unit_int("none does", agent.asks.count, 0);
	ck_assert_uint_gt(calls.dgram, asked_before);
	stop();
}
END_TEST

START_TEST(client_lost_while_it_waits)
{
	struct mem_sock *c;

	start(1000);
	c = client(ask_net);
	settle();
	unit_int("waits", agent.client.open, 1);
	mem_fail(&mem, c, STS_IO_RESET);
	settle();
	unit_int("gone", agent.client.open, 0);
	answer_dns(3);
	settle();
	unit_int("all closed", mem_open_count(&mem), 0);
	unit_int("lookups", agent.lookups_busy, 0);
	stop();
}
END_TEST

START_TEST(half_closed_client_gets_its_answer)
{
	struct mem_sock *c;

	start(1000);
	c = client(ask_net);
	mem_half_close(c);
	settle();
	unit_int("stays", agent.client.open, 1);
	memset(&calls, 0, sizeof calls);
	pass(1000);
	unit_int("left in peace", calls.want + calls.recv, 0);
	answer_dns(3);
	settle();
	got("answered", c, not_found);
	ck_assert(c->core_gone);
	unit_int("closed", agent.client.open, 0);
	stop();
}
END_TEST

START_TEST(short_sends)
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
	unit_int("pieces", calls.send >= 10, 1);
	free(all.p);
	stop();
}
END_TEST

START_TEST(client_that_reads_nothing)
{
	struct mem_sock *c;

	start(1000);
	mem.space = 5;
	hold("example.com", 0);
	c = client(ask_held);
	pass(4999);
	unit_int("still there", agent.client.open, 1);
	pass(1);
	unit_int("closed after 5 s", agent.client.open, 0);
	ck_assert(c->core_gone);
	unit_int("its pin is gone", pinned(), 0);
	stop();
}
END_TEST

/* Sleeps are exact: nothing happens before, something does then. */
START_TEST(deadlines_are_met)
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
		now += 1; /* the first try is over: dns/upstream.c */
		settle();
		ck_assert_uint_gt(mem.moves, moves);
		stop();
	}
}
END_TEST

START_TEST(budget_changes_nothing)
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

START_TEST(drain_answers_what_is_in_flight)
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
	(void)client(ask_net); /* not taken any more */
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
	got("under the old ones", c, not_found);
	ck_assert(!sts_agent_settings_used(&agent, &settings));
	stop();
}
END_TEST

/* Ask a question that the agent looks at. */
static int
ask_by_the_c_api(const char *key)
{
	int slot = sts_ask_begin(&agent, sts_text(NULL, 0), unit_span(key));

	ck_assert_int_ge(slot, 0);
	sts_driver_wake(&driver);
	settle();
	return slot;
}

START_TEST(question_by_the_c_api)
{
	int slot;

	start(1000);
	settle();
	hold("example.com", 0);
	slot = ask_by_the_c_api("example.com");
	unit_int(
	    "answer", sts_ask_answer(&agent, slot)->kind, STS_ANSWER_POLICY);
	sts_ask_end(&agent, slot);
	unit_int("its pin is gone", pinned(), 0);
	stop();
}
END_TEST

/* The key's bytes are the caller's again after sts_ask_end. */
START_TEST(question_ended_before_it_was_seen)
{
	int slot;

	start(1000);
	settle();
	slot =
	    sts_ask_begin(&agent, sts_text(NULL, 0), unit_span("example.net"));
	sts_ask_end(&agent, slot);
	sts_driver_wake(&driver);
	settle();
	unit_int("nothing was asked", calls.dgram, 0);
	unit_int("nobody waits", agent.lookups_busy, 0);
	stop();
}
END_TEST

START_TEST(question_ended_while_it_waits)
{
	int slot;

	start(1000);
	slot = ask_by_the_c_api("example.net");
	unit_int("asked", calls.dgram, 1);
	sts_ask_end(&agent, slot);
	answer_dns(3);
	settle();
	unit_int("done", agent.lookups_busy, 0);
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

START_TEST(complaints_come_back)
{
	start(1000);
	for (unsigned i = 0; i < 2; i++) {
		mem_fail(&mem, client(""), STS_IO_RESET);
		for (unsigned k = 0; k <= CLIENTS; k++) {
			client("");
		}
		settle();
		unit_int("told", count_events(STS_EVENT_CLIENTS_FULL), i + 1);
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

/* More than are taken in one pass, at once. */
START_TEST(many_clients_at_once)
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
	unit_int("more to do at once", run(), 0);
	settle();
	for (unsigned i = 0; i < MANY; i++) {
		got("each", c[i], ok_held);
	}
	stop();
}
END_TEST

START_TEST(client_lost_while_it_is_answered)
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
	got("nothing", c, "");
	ck_assert(c->core_gone);
	unit_int("closed", agent.client.open, 0);
	unit_int("its pin is gone", pinned(), 0);
	stop();
}
END_TEST

START_TEST(text_protocol)
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
	c = client("mode example.com"); /* the stream's end is the line's */
	mem_half_close(c);
	settle();
	got("mode", c, "enforce");
	c = client(ask_held);
	settle();
	got("no line yet", c, "");
	mem_half_close(c);
	settle();
	got("refused", c, "temp");
	c = client("mode example.net\n");
	settle();
	mem_half_close(c); /* it has been asked, and is waited for */
	settle();
	got("waits", c, "");
	answer_dns(3);
	settle();
	got("answered", c, "none");
	ck_assert(c->core_gone);
	stop();
}
END_TEST

/* A client breaks its connection in the moment in which its answer comes: the
 * agent answers one that is gone, and keeps nothing of it. */
START_TEST(client_lost_as_the_answer_comes)
{
	struct mem_sock *c;

	start(1000);
	c = client(ask_net);
	settle();
	unit_int("waits", agent.client.open, 1);
	hold("example.net", 0); /* so that the answer has a record */
	mem_fail(&mem, c, STS_IO_RESET);
	answer_dns(3);
	mem_deliver(&mem); /* of both, the client first */
	settle();
	unit_int("gone", agent.client.open, 0);
	unit_int("its pin is gone", pinned(), 0);
	unit_int("lookups", agent.lookups_busy, 0);
	unit_int("all closed", mem_open_count(&mem), 0);
	stop();
}
END_TEST

/* Two listeners, one place: only the one at which a client came pauses, and an
 * event that is reported for it all the same is not acted on. */
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
	unit_int("not tried", calls.accept, 0);
	got("answered", c, ok_held);
	mem_fail(&mem, c, STS_IO_RESET);
	settle();
	ck_assert(!driver.listener[0].paused);
	unit_int("resumed", calls.want, 1);
	c = client(ask_held);
	settle();
	got("the next", c, ok_held);
	stop();
}
END_TEST

/* What a client borrows of newer settings keeps no older ones. */
START_TEST(settings_of_an_answer_are_its_own)
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
 * agent's tick answers it before its owner learns that it is due.
 */
START_TEST(question_answered_when_it_is_due)
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
	pass(7); /* so that nothing else is due when it is */
	slot = ask_by_the_c_api("example.com");
	/* The first four have gone on, the others have their lookups now. */
	pass(29999);
	unit_int("waits", sts_ask_answer(&agent, slot)->kind, STS_ANSWER_NONE);
	unit_int("busy", agent.lookups_busy, LOOKUPS);
	unit_int("queue", agent.asks.count, 1);
	hold("example.com", 0);
	now++;
	answer_dns(3);
	mem_deliver(&mem);
	settle();
	unit_int(
	    "answer", sts_ask_answer(&agent, slot)->kind, STS_ANSWER_POLICY);
	sts_ask_end(&agent, slot);
	unit_int("its pin is gone", pinned(), 0);
	stop();
}
END_TEST

/* An answer borrows its zone until it is handed over. */
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

START_TEST(answer_rendered_in_pieces)
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
	unit_int("beyond its end",
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
	tcase_add_test(tc, what_came_together_is_answered_together);
	tcase_add_test(tc, one_question_beside_very_many);
	tcase_add_test(tc, very_many_and_never_reads);
	tcase_add_test(tc, cached_answer_costs_one_recv_and_one_send);
	tcase_add_test(tc, clients_over_the_limit_wait);
	tcase_add_test(tc, idle_client_makes_room);
	tcase_add_test(tc, no_descriptor_for_a_client);
	tcase_add_test(tc, nothing_runs_without_entropy);
	tcase_add_test(tc, events_of_a_step_without_entropy);
	tcase_add_test(tc, due_refresh_without_entropy);
	tcase_add_test(tc, refresh_outlives_a_flood);
	tcase_add_test(tc, spurious_events);
	tcase_add_test(tc, closed_listener_is_not_ready);
	tcase_add_test(tc, client_lost_while_it_waits);
	tcase_add_test(tc, question_goes_on_when_a_lookup_ends);
	tcase_add_test(tc, half_closed_client_gets_its_answer);
	tcase_add_test(tc, short_sends);
	tcase_add_test(tc, client_that_reads_nothing);
	tcase_add_test(tc, deadlines_are_met);
	tcase_add_test(tc, budget_changes_nothing);
	tcase_add_test(tc, drain_answers_what_is_in_flight);
	tcase_add_test(tc, settings_are_used_until_the_work_is_done);
	tcase_add_test(tc, question_by_the_c_api);
	tcase_add_test(tc, question_ended_before_it_was_seen);
	tcase_add_test(tc, question_ended_while_it_waits);
	tcase_add_test(tc, complaints_come_back);
	tcase_add_test(tc, many_clients_at_once);
	tcase_add_test(tc, client_lost_while_it_is_answered);
	tcase_add_test(tc, text_protocol);
	tcase_add_test(tc, settings_are_used_until_the_answer_is_taken);
	tcase_add_test(tc, client_lost_as_the_answer_comes);
	tcase_add_test(tc, one_of_two_listeners_pauses);
	tcase_add_test(tc, settings_of_an_answer_are_its_own);
	tcase_add_test(tc, question_answered_when_it_is_due);
	tcase_add_test(tc, answer_rendered_in_pieces);
}
